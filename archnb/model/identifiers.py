"""Names of tables, columns and constraints: snake_case, at most 63 bytes, unique within their place.

PostgreSQL cuts a name silently after 63 bytes, so that two long ones can become one; a long name is cut here instead,
with a checksum of the whole at its end. Reserved words stay as they are, because every name is quoted where it must be.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterable
from functools import cache

from archnb.engines import list_engines

# the shortest of the relational engines: a name that fits it fits all
LIMIT = 63

# reserved in standard SQL, and by no engine here
STANDARD = frozenset({"escape"})


@cache
def list_reserved() -> frozenset[str]:
    """The words that a relational engine reserves as names, of those that designs use."""
    found = (one.identifier.reserved for one in list_engines("relational") if one.identifier is not None)
    return STANDARD.union(*found)


def is_reserved(name: str) -> bool:
    """Whether a name is a reserved word in a relational engine.

    >>> is_reserved("Order"), is_reserved("orders")
    (True, False)
    """
    return name.casefold() in list_reserved()


def shorten(name: str, limit: int = LIMIT) -> str:
    """The name cut to so many bytes of UTF-8, with a checksum at its end where it was longer.

    >>> len(shorten("ä" * 100).encode())
    63
    """
    if len(name.encode()) <= limit:
        return name
    tail = f"_{zlib.crc32(name.encode()):08x}"
    return name.encode()[: limit - len(tail)].decode(errors="ignore") + tail


def claim(name: str, taken: Iterable[str]) -> str:
    """The name, shortened, or with the first free number at its end where it is taken in whatever case."""
    return claim_folded(name, {one.casefold() for one in taken})


def claim_folded(name: str, taken: Collection[str]) -> str:
    """The same, of names that are case-folded already: for whoever claims a thousand, one after the other."""
    made, n = shorten(name), 1
    while made.casefold() in taken:
        n += 1
        made = shorten(f"{name}_{n}")
    return made


def quote_ansi(name: str) -> str:
    """The name as it stands in a condition written in standard SQL: quoted where it is not a plain word.

    >>> quote_ansi("total_amount"), quote_ansi("order")
    ('total_amount', '"order"')
    """
    if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and not is_reserved(name):
        return name
    return '"' + name.replace('"', '""') + '"'


def quote_text(value: str) -> str:
    """A text as a literal of standard SQL.

    >>> quote_text("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"
