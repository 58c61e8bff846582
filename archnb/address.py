"""The address of a database, which may hold a password: read so that any password does, and never shown with it.

People write passwords into URLs as they are. One that holds `@`, `:`, `/`, `?` or `#` makes a driver take a piece of it for the
host, the port or the database, and say so in its error. Hence every address is brought into the form that has one meaning
before a driver sees it, and every text that might quote one is cleaned before a person does.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote, unquote, unquote_plus

HIDDEN = "***"
# a shorter secret is taken out where it stands alone only: as a part of words it would be everywhere
_SHORT = 4
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*)://(.*)\Z", re.DOTALL)
_HOST = re.compile(r"(?:[\w.~%-]*|\[[^\]]*\])(?::\d*)?")
_NAMED = re.compile(
    r"(?P<name>\b(?:ssl)?(?:password|passwd|pwd)(?P<sign>\s*=\s*))(?P<value>'(?:[^'\\]|\\.)*'|[^\s&'\"]+)",
    re.IGNORECASE,
)
# the whole of a text is an address, with a slip in its beginning
_SLIPPED = re.compile(r"\A(\s*[A-Za-z][A-Za-z0-9+.-]*:/*[^:@/]*:).*@", re.DOTALL)
_IN_TEXT = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:/{1,3}[^\s:/@'\"]*:)\S*@")


def _split(address: str) -> tuple[str, str, str | None, str] | None:
    """Scheme, user, password and the rest of a URL that names a user; None for any other text."""
    found = _SCHEME.match(address)
    if found is None or found[2].startswith("/"):
        return None
    scheme, rest = found[1], found[2]
    before, _, query = rest.partition("?")
    if "@" in before:
        cut = before.rindex("@")
    elif "@" in query and not (_HOST.fullmatch(re.split("[/#]", before)[0]) and "=" in query.partition("@")[0]):
        # a question mark within the password, for no question comes before what it is asked of
        cut = rest.rindex("@")
    else:
        return None
    user, colon, password = rest[:cut].partition(":")
    return scheme, user, password if colon else None, rest[cut + 1 :]


def normalise_address(address: str) -> str:
    """A URL with its user and password percent-encoded, so that every driver reads it alike; another text as it is.

    >>> normalise_address("postgresql://ann:p@ss/w:rd@db.example/shop")
    'postgresql://ann:p%40ss%2Fw%3Ard@db.example/shop'
    """
    parts = _split(address)
    if parts is None:
        return address
    scheme, user, password, rest = parts
    secret = f":{_encode(password)}" if password is not None else ""
    return f"{scheme}://{_encode(user)}{secret}@{rest}"


def _encode(text: str) -> str:
    """Percent-encoded once: what is encoded already stays."""
    return quote(re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text), safe="%")


def hide_password(text: object, *addresses: str | None) -> str:
    """A text without the passwords of these addresses, in whatever form they stand in it, nor of any URL in the text.

    >>> hide_password('could not translate host name "ss@db"', "postgresql://ann:ss@db")
    'could not translate host name "***@db"'
    """
    shown = str(text)
    forms: set[str] = set()
    for address in addresses:
        for secret in _find_secrets(address or ""):
            for form in (secret, unquote(secret), unquote_plus(secret)):
                forms |= {form, quote(form, safe=""), quote(form), repr(form)[1:-1], json.dumps(form)[1:-1]}
    for form in sorted(forms - {""}, key=len, reverse=True):
        if len(form) >= _SHORT:
            shown = shown.replace(form, HIDDEN)
        else:
            shown = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", HIDDEN, shown)
    shown = _IN_TEXT.sub(rf"\1{HIDDEN}@", shown)
    return _NAMED.sub(rf"\g<name>{HIDDEN}", shown)


def _find_secrets(address: str) -> list[str]:
    """The passwords in a URL or in a connection string, as they are written."""
    parts = _split(address)
    found = [parts[2]] if parts is not None and parts[2] else []
    for named in _NAMED.finditer(address):
        value = named["value"]
        found.append(value)
        if value.startswith("'"):
            found.append(re.sub(r"\\(.)", r"\1", value[1:-1]))
    return found


def show_address(address: str) -> str:
    """An address as it may be shown: with its user, without its password.

    >>> show_address("mysql://ann:p@ss@db.example/shop?password=two")
    'mysql://ann:***@db.example/shop?password=***'
    """
    parts = _split(address)
    if parts is None or parts[2] is None:
        slipped = address if _SCHEME.match(address) else _SLIPPED.sub(rf"\1{HIDDEN}@", address)
        return _NAMED.sub(rf"\g<name>{HIDDEN}", slipped)
    scheme, user, _, rest = parts
    return hide_password(f"{scheme}://{user}:{HIDDEN}@{rest}", address)
