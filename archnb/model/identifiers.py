"""Names of tables, columns and constraints: snake_case, at most 63 bytes, unique within their place.

PostgreSQL cuts a name silently after 63 bytes, so that two long ones can become one; a long name is cut here instead,
with a checksum of the whole at its end. Reserved words stay as they are, because every name is quoted where it must be.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterable

LIMIT = 63

# reserved in PostgreSQL 18 or MySQL 8.4 as a table or column name, of the words that designs use
RESERVED = frozenset(
    """
    all alter analyse analyze and any array as asc asymmetric authorization before between both by call cascade case
    cast change check collate column condition constraint continue convert create cross cube current_catalog
    current_date current_role current_time current_timestamp current_user cursor database databases declare default
    deferrable delayed delete desc describe distinct div do drop dual each else end escape except exists explain
    false fetch float for force foreign freeze from full fulltext function generated get grant group grouping groups
    having if ignore ilike in index infile initially inner inout insert int integer intersect interval into is
    isnull iterate join key keys kill lateral lead leading leave left like limit linear lines load localtime
    localtimestamp lock long loop match maxvalue mod natural not notnull null of offset on only optimize option or
    order out outer over overlaps partition placing primary procedure range rank read recursive references release
    rename repeat replace require restrict return returning revoke right rlike row rows schema schemas select
    separator session_user set show signal similar some sql starting symmetric system table tablesample then to
    trailing trigger true undo union unique unlock unsigned update usage use user using values variadic verbose when
    where while window with write xor
    """.split()  # noqa: SIM905
)


def is_reserved(name: str) -> bool:
    """Whether a name is a reserved word in PostgreSQL or MySQL.

    >>> is_reserved("Order"), is_reserved("orders")
    (True, False)
    """
    return name.casefold() in RESERVED


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
