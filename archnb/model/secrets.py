"""Which fields are secrets though nobody marked them: what a column is called says it, in a design as in an imported schema.

A hash of a password, a token, a key of an API, a one-time code, a card number: whoever reads one can act as somebody else.
A name alone is weak evidence, so the kind of value must fit (a time or a flag is no secret), and names that share a word with
a secret are told apart: `token_type`, `content_hash`, `pin_code` beside a city, `loyalty_card_number`. An IBAN is personal and no
secret: it is given to whoever shall pay. `secret: false` in the design settles it the other way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from archnb.design.entities import Field
from archnb.naming import snake

# a secret is text, bytes, a number that one types in, or an identifier; a time, a flag, a word of a list is about one
_TEXTS = frozenset({"text", "char", "code", "bytes", "other", "json", "uuid"})
_NUMBERS = frozenset({"int", "bigint", "smallint", "decimal"})

# what lets somebody in by itself
_PASSWORD = r"\w*(password|passwd|passphrase|passcode|pwd)s?"
_KEY = r"(\w+_)?(api_?key|private_?key|signing_?key|encryption_?key|access_?key|secret_?key|session_?key|license_?key)"
_CARD = r"((credit|debit|payment|bank)_?)?card_?(no|nr|num|number|pan)|(primary_account_number|card_pan|pan)"
_CODE = r"(cvv2?|cvc2?|cvn|card_(verification|security)_(code|value|number)|track_?data|magnetic_stripe)"
# what stands for it: made of it, or good for a while
_DERIVED = (
    r"(\w+_)?(password|passwd|passphrase|pwd|secret|token|pin|otp|api_?key|key|credentials?|recovery_codes?|backup_codes?|auth)_?"
    r"(hash|hashed|digest|salt|bcrypt|argon2)"
    r"|(hashed|encrypted|salted)_?(password|passwd|secret|token|pin)"
    r"|(\w+_)?(secret|credentials?)(_(value|text|data|hash))?"
    r"|(\w+_)?tokens?(_(value|hash|secret))?"
    r"|(\w+_)?(otp|totp|mfa|tfa|two_factor)(_(secret|seed|key|code))?|one_time_(code|password|token)"
    r"|(recovery|backup|activation|reset|verification|confirmation|login)_codes?"
    r"|(\w+_)?pin(_(code|number|hash))?|security_answer"
)
# names with a word of a secret that are none
_NONE = re.compile(
    r"(next_|prev_|previous_|page_|continuation_|sync_|cursor_)+tokens?"  # where a list goes on
    r"|(input|output|prompt|completion|total|max|cached)_tokens?"  # what a language model counts
    r"|(loyalty|library|id|identity|member|membership|student|report|business|score|post|sim|graphics|fuel)_?card_?\w*"
    r"|(drop|map|location|lapel|bowling)_?pin\w*"
)
# beside these, a PIN code is that of a post office
_ADDRESS = frozenset({"city", "town", "street", "state", "country", "address", "line1", "district", "locality"})
# beside these, `hash` and `salt` are those of a password, and `pan` is a card's number
_SIGN_IN = frozenset({"email", "username", "login", "user_name", "password", "password_hash", "hash", "salt", "user"})
_OF_CARD = frozenset(
    {"card", "cvv", "cvc", "expiry", "exp_month", "exp_year", "expires", "holder", "card_holder", "brand"}
)


@dataclass(frozen=True)
class Secret:
    """What a field's name says: why it is a secret, and whether the value itself lets somebody in (no hash of it)."""

    reason: str
    is_readable: bool


def find_secret(entity: str, fields: Mapping[str, Field], name: str) -> Secret | None:
    """What the name of a field says of it, or None where it says no secret; what the design says of the mark is not asked.

    >>> find_secret("User", {"pwd": Field(type="text")}, "pwd").is_readable
    True
    >>> find_secret("Call", {"token_type": Field(type="text")}, "token_type") is None
    True
    """
    field, words = fields[name], snake(name)
    if field.references is not None or field.type not in _TEXTS | _NUMBERS or field.values:
        return None
    if _NONE.fullmatch(words):
        return None
    others = {snake(one) for one in fields if one != name}
    is_text = field.type in _TEXTS
    if is_text and re.fullmatch(_PASSWORD, words):
        return Secret("a password", True)
    if is_text and re.fullmatch(_KEY, words):
        return Secret("a key that lets whoever has it in", True)
    if is_text | (field.type in ("bigint", "decimal")) and re.fullmatch(_CARD, words):
        is_card = words != "pan" or bool(others & _OF_CARD) or "card" in snake(entity).split("_")
        return Secret("the number of a payment card", True) if is_card else None
    if re.fullmatch(_CODE, words):
        return Secret("a card's verification code", True)
    if words in ("hash", "salt"):
        is_of_person = bool(others & _SIGN_IN)
        return Secret(f"the {words} of what somebody signs in with", False) if is_of_person and is_text else None
    if re.fullmatch(_DERIVED, words):
        is_pin = re.fullmatch(r"pin(_code|_number)?", words) is not None
        if is_pin and (
            others & _ADDRESS or (words == "pin" and field.type == "text" and field.length and field.length > 20)
        ):
            return None
        if not is_text and not is_pin and not words.endswith(("otp", "code", "codes")):
            # a number called tokens counts them
            return None
        return Secret("what somebody signs in with, or is let in by for a while", False)
    return None


__all__ = ["Secret", "find_secret"]
