"""Values for columns, one logical type at a time, and how each engine wants them written.

Names and addresses are of the kind reserved for documentation (RFC 2606, 5737, 3849), so that no row is about anybody.
"""

from __future__ import annotations

import datetime
import json
import random
import re
import uuid
from decimal import Decimal
from typing import Any

from archnb.planned.schema import Column
from archnb.verify.conditions import Limits

START = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
YEAR = 365 * 86_400
COUNTRIES = ("AT", "BE", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "JP", "NL", "NO", "PL", "PT", "SE", "US")  # fmt: skip
CURRENCIES = ("EUR", "USD", "GBP", "JPY", "CHF", "SEK")
LANGUAGES = ("de", "en", "en-GB", "es", "fr", "it", "ja", "nl", "pt-BR", "sv")
WORDS = (
    "amber", "basket", "cedar", "delta", "ember", "fable", "garnet", "harbour", "indigo", "juniper", "kettle", "lantern",
    "marble", "nectar", "orchid", "pepper", "quartz", "river", "saffron", "timber", "umber", "velvet", "willow", "zephyr",
)  # fmt: skip
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
WIDTHS = {"smallint": 32_767, "int": 2**31 - 1, "bigint": 2**63 - 1, "key": 2**63 - 1, "reference": 2**63 - 1}


# a text without a limit is tried with as much as a page of writing; an index entry holds less on most engines
UNLIMITED = 10_000
# more than any sample needs to be long: what lies above is the business of storage, not of types
LONGEST = 20_000
# a float holds no such number exactly: 2 to the power of 53, and one
INEXACT = 2**53 + 1


class Point(tuple[float, float]):
    """Longitude and latitude."""


def count_in(number: int, length: int) -> str:
    """A number in 36 digits, of exactly so many characters; it wraps where there are no more.

    >>> count_in(37, 3)
    '011'
    """
    made = ""
    for _ in range(length):
        number, digit = divmod(number, 36)
        made = DIGITS[digit] + made
    return made


def make_value(
    column: Column, rng: random.Random, number: int, limits: Limits | None = None, *, is_unique: bool = False
) -> Any:
    """A value that fits a column's type, length and limits.

    number: the row's; is_unique: another number gives another value, as long as the type has that many.
    """
    limits = limits or Limits()
    kind, n = column.type, column.length or None
    if limits.words:
        return limits.words[number % len(limits.words)] if is_unique else rng.choice(limits.words)
    if kind in WIDTHS:
        return _whole(rng, number, limits, WIDTHS[kind], is_unique)
    if kind in ("decimal", "money"):
        return _decimal(rng, number, limits, n or 19, 4 if kind == "money" else column.scale, is_unique)
    if kind == "float":
        low, high = limits.low or 0.0, limits.high if limits.high is not None else (limits.low or 0.0) + 1000.0
        return low + (high - low) * (number % 4096 / 4096 if is_unique else round(rng.random(), 6))
    if kind == "bool":
        return bool(number % 2) if is_unique else rng.random() < 0.7
    if kind == "timestamp":
        return START + datetime.timedelta(seconds=number * 7 % YEAR if is_unique else rng.randrange(YEAR))
    if kind == "date":
        return START.date() + datetime.timedelta(days=number if is_unique else rng.randrange(365))
    if kind == "time":
        seconds = number % 86_400 if is_unique else rng.randrange(86_400)
        return (START + datetime.timedelta(seconds=seconds)).time()
    if kind == "duration":
        return datetime.timedelta(seconds=number + 1 if is_unique else rng.randrange(1, 86_400))
    if kind == "uuid":
        return uuid.UUID(int=rng.getrandbits(128), version=4)
    if kind == "json":
        return {"n": number, "word": rng.choice(WORDS)}
    if kind == "bytes":
        size = min(n or 16, 16)
        return (number % 256**size).to_bytes(size, "big") if is_unique else rng.randbytes(size)
    if kind == "point":
        return Point((round(rng.uniform(-180, 180), 5), round(rng.uniform(-85, 85), 5)))
    if kind == "vector":
        return [round(rng.uniform(-1, 1), 4) for _ in range(n or 3)]
    if kind == "other":
        return _of_native(column.native, rng, number)
    return _text(kind, n, rng, number, is_unique)


def list_extremes(column: Column, rng: random.Random, limits: Limits | None = None) -> tuple[Any, ...]:
    """The outermost values that a column may hold: the longest text, the least and the greatest number, the first and last day.

    Texts are of digits and letters drawn at random, which no engine packs. What has a limit stays within it, and whole
    numbers of 64 bits end where their sums still do.
    """
    limits = limits or Limits()
    kind, n = column.type, column.length or None
    if limits.words:
        return ()
    if kind in WIDTHS:
        widest = min(WIDTHS[kind], INEXACT)
        low = -widest if limits.low is None else _ceil(limits.low)
        return max(low, -widest), min(widest, widest if limits.high is None else int(limits.high // 1))
    if kind in ("decimal", "money"):
        digits, scale = (n, column.scale) if kind == "decimal" and n else (19, 4)
        most = min(10**digits - 1, INEXACT)
        low = -most if limits.low is None else max(-most, _ceil(limits.low * 10**scale))
        high = most if limits.high is None else min(most, int(limits.high * 10**scale // 1))
        return Decimal(low).scaleb(-scale), Decimal(high).scaleb(-scale)
    if kind == "timestamp":
        return (
            datetime.datetime(1969, 7, 20, 20, 17, 40, tzinfo=datetime.UTC),
            datetime.datetime(2038, 1, 19, 3, 14, 8, 123_456, tzinfo=datetime.UTC),
        )
    if kind == "date":
        return datetime.date(1900, 2, 28), datetime.date(2999, 12, 31)
    if kind == "time":
        return datetime.time(0, 0), datetime.time(23, 59, 59)
    if kind in ("text", "char", "code", "url", "email"):
        return (make_longest(kind, n, rng),)
    if kind == "bytes" and n:
        return (rng.randbytes(min(n, LONGEST)),)
    return ()


def make_longest(kind: str, n: int | None, rng: random.Random) -> str:
    """A text as long as a column takes, and not compressible."""
    # an address of the web is no longer than what the API and every browser take
    size = min(n or UNLIMITED, LONGEST, 2048 if kind == "url" else LONGEST)

    def draw(count: int) -> str:
        return "".join(rng.choices(DIGITS, k=count))

    if kind == "email" and size > 20:
        # at most 64 characters before the sign (RFC 5321, section 4.5.3.1.1), labels of at most 63
        local = min(64, size // 2)
        domain = list(draw(size - local - 1 - len(".example")))
        domain[60:-1:61] = "." * len(domain[60:-1:61])
        return f"{draw(local)}@{''.join(domain)}.example"
    if kind == "url" and size > 20:
        return "https://example.com/"[:size] + draw(size - 20)
    return draw(size)


def _whole(rng: random.Random, number: int, limits: Limits, widest: int, is_unique: bool) -> int:
    import math

    low = math.ceil(limits.low) if limits.low is not None else None
    high = math.floor(limits.high) if limits.high is not None else None
    if low is None:
        low = 1 if high is None or high >= 1 else high - 1000
    if high is None:
        high = low + (widest - max(low, 0) if is_unique else 1000)
    high = max(low, min(high, widest))
    return low + number % (high - low + 1) if is_unique else rng.randint(low, high)


def _decimal(rng: random.Random, number: int, limits: Limits, digits: int, scale: int, is_unique: bool) -> Decimal:
    shown = min(scale, 2)
    step = 10**shown
    most = 10 ** (digits - scale) - 1
    low = limits.low if limits.low is not None else min(0.0, limits.high if limits.high is not None else 0.0)
    high = limits.high if limits.high is not None else low + 10_000
    first, last = _ceil(low * step), max(_ceil(low * step), int(min(high, most) * step))
    counted = first + number % (last - first + 1) if is_unique else rng.randint(first, last)
    return Decimal(counted).scaleb(-shown)


def _ceil(value: float) -> int:
    return -int(-value // 1)


def _text(kind: str, n: int | None, rng: random.Random, number: int, is_unique: bool) -> str:
    if kind == "country":
        return rng.choice(COUNTRIES) if not is_unique else chr(65 + number // 26 % 26) + chr(65 + number % 26)
    if kind == "currency":
        return CURRENCIES[number % len(CURRENCIES)] if is_unique else rng.choice(CURRENCIES)
    if kind in ("code", "char"):
        # spread over the digits, so that codes do not all begin alike
        size = n or {"code": 8}.get(kind, 1)
        counted = number * 1_000_003 % 36**size if is_unique else rng.randrange(36**size)
        return count_in(counted, size)
    if kind == "language" and not is_unique:
        return rng.choice(LANGUAGES)
    counted = number if is_unique else rng.randrange(100_000)
    word = rng.choice(WORDS)
    made = {
        "email": f"{word}.{counted}@example.com",
        "url": f"https://example.com/{word}/{counted}",
        "phone": f"+1555{counted % 10**8:08d}",
        "ip": f"10.{counted >> 16 & 255}.{counted >> 8 & 255}.{counted & 255}",
    }.get(kind, f"{word} {rng.choice(WORDS)} {counted}")
    if n is None or len(made) <= n:
        return made
    return count_in(counted, n)


_NATIVES: tuple[tuple[str, Any], ...] = (
    (r"(?:tiny|small|medium|big)?(?:int|serial)|integer|number|oid|bit varying|year", lambda rng, number: 2000 + number % 30),
    (r"numeric|decimal|real|double|float|money", lambda rng, number: Decimal(number % 1000)),
    (r"bool", lambda rng, number: number % 2 == 0),
    (r"timestamp|datetime", lambda rng, number: START + datetime.timedelta(seconds=rng.randrange(YEAR))),
    (r"date$", lambda rng, number: START.date() + datetime.timedelta(days=rng.randrange(365))),
    (r"interval", lambda rng, number: datetime.timedelta(seconds=rng.randrange(1, 86_400))),
    (r"jsonb?", lambda rng, number: {"n": number}),
    (r"uuid", lambda rng, number: uuid.UUID(int=rng.getrandbits(128), version=4)),
    (r"bytea|(?:tiny|medium|long)?blob|(?:var)?binary", lambda rng, number: rng.randbytes(8)),
    (r"cidr|inet", lambda rng, number: f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"),
    (r"macaddr", lambda rng, number: f"02:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"),
    (r"int4range|int8range|numrange", lambda rng, number: f"[{number},{number + 10})"),
    (r"tsrange|tstzrange|daterange", lambda rng, number: "empty"),
    (r"xml", lambda rng, number: f"<n>{number}</n>"),
    (r"point", lambda rng, number: Point((rng.uniform(-180, 180), rng.uniform(-85, 85)))),
    (r"ltree", lambda rng, number: f"n{number}"),
)  # fmt: skip


def _of_native(native: str, rng: random.Random, number: int) -> Any:
    """A value of one engine's own type, as best can be; the engine has the last word."""
    text = native.strip().casefold()
    if text.endswith("]"):
        return "{}"
    if found := re.match(r"(?:enum|set)\s*\((.*)\)", native, re.IGNORECASE):
        words = re.findall(r"'((?:[^']|'')*)'", found[1])
        if words:
            return str(rng.choice(words)).replace("''", "'")
    if found := re.fullmatch(r"(?:\w+\.)?(?:vector|halfvec)\((\d+)\)", text):
        return [round(rng.uniform(-1, 1), 4) for _ in range(int(found[1]))]
    if found := re.fullmatch(r"bit(?:\((\d+)\))?", text):
        return "0" * int(found[1] or 1)
    for pattern, make in _NATIVES:
        if re.match(pattern, text):
            return make(rng, number)
    return f"{rng.choice(WORDS)} {number}"


def write_text(value: Any) -> str | None:
    """A value as PostgreSQL's COPY reads it, whatever the type of the column."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, datetime.timedelta):
        return f"{int(value.total_seconds())} seconds"
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, Point):
        return f"({value[0]},{value[1]})"
    if isinstance(value, list):
        return "[" + ",".join(map(str, value)) + "]"
    return str(value)


def write_plain(value: Any, type_text: str) -> Any:
    """A value as SQLite and MySQL take it as a parameter, for a column of the type that the DDL says."""
    kind = type_text.casefold()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, uuid.UUID):
        return value.bytes if kind.startswith(("binary", "blob")) else value.hex if "(32)" in kind else str(value)
    if isinstance(value, datetime.datetime):
        # without a zone: both keep what is written, which is UTC by agreement
        return value.astimezone(datetime.UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    if isinstance(value, datetime.timedelta):
        return int(value.total_seconds())
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Point):
        return f"POINT({value[0]} {value[1]})"
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value) if isinstance(value, Decimal) else value


# texts of all kinds: what they are ordered by, the engine says
TEXTS = ("text", "code", "url", "email", "phone", "language", "enum", "char", "country", "currency", "ip", "other")


def settle(value: Any, column: Column) -> Any:
    """A value of a column as it is compared, whether it is our own or came back from an engine in the engine's way.

    What engines write each in their own way and nobody compares (a point, a type of one engine) is only there or not.
    """
    kind = column.type
    if value is None:
        return None
    if kind in WIDTHS:
        return int(value)
    if kind in ("decimal", "money"):
        return value if isinstance(value, Decimal) else Decimal(str(value))
    if kind == "bool":
        return bool(value)
    if kind == "float":
        return float(value)
    if kind in ("timestamp", "date", "time"):
        return _settle_time(value, kind)
    if kind == "duration":
        return int(value.total_seconds()) if isinstance(value, datetime.timedelta) else int(value)
    if kind == "uuid":
        return value.hex() if isinstance(value, bytes) else str(value).replace("-", "").casefold()
    if kind == "json":
        return json.dumps(json.loads(value) if isinstance(value, str | bytes) else value, sort_keys=True)
    if kind == "vector":
        found = json.loads(value) if isinstance(value, str | bytes) else value
        return tuple(round(float(one), 3) for one in found)
    if kind == "bytes":
        return bytes(value)
    if kind in ("point", "other"):
        return "there"
    return str(value).rstrip() if kind in ("char", "country", "currency") else str(value)


def _settle_time(value: Any, kind: str) -> Any:
    if kind == "timestamp":
        made = datetime.datetime.fromisoformat(value) if isinstance(value, str) else value
        return made.astimezone(datetime.UTC).replace(tzinfo=None) if made.tzinfo is not None else made
    if kind == "date":
        if isinstance(value, str):
            return datetime.date.fromisoformat(value[:10])
        return value.date() if isinstance(value, datetime.datetime) else value
    if isinstance(value, datetime.timedelta):
        return (datetime.datetime.min + value).time()
    return datetime.time.fromisoformat(value) if isinstance(value, str) else value
