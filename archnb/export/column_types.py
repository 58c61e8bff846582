"""The logical types of columns in each SQL dialect, and expressions carried from one dialect to another.

One table says what each type is on PostgreSQL, MySQL and SQLite; a type that an engine does not have becomes the
nearest one that loses nothing. An engine's own type is used as it was said where the engine is the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from archnb.planned.schema import Column

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

# a type as an engine writes it: words, then arguments, words again, and the marks of an array
_NATIVE = re.compile(
    r"""(?P<first>[\w ]+)\s*(?:\(\s*(?:-?\w+|'[^'\\]*')(?:\s*,\s*(?:-?\w+|'[^'\\]*'))*\s*\))?(?P<second>[\w ]*)(?:\[\d*\])*"""
)
# built-in types that SQLAlchemy's own tables of names leave out
_MORE = {
    "postgresql": "box bpchar circle int2 int4 int8 float4 float8 line lseg path pg_lsn point polygon serial bigserial smallserial timestamptz timetz "
    "varbit varchar char decimal bool vector xml",
    "mysql": "bool boolean int integer dec fixed real geometry point linestring polygon serial",
    "sqlite": "int integer tinyint mediumint int2 int8 nchar nvarchar clob double",
}
_WORDS_AFTER = frozenset(
    ["unsigned", "signed", "zerofill", "varying", "precision", "with", "without", "time", "zone", "local", "binary"]
)
# InnoDB indexes at most 3072 bytes of a column: 768 characters of four bytes
MYSQL_KEY_LENGTH = 255


@lru_cache
def _verbatim() -> type[Any]:
    """A column type that is written as it stands."""
    from sqlalchemy.types import UserDefinedType

    class Verbatim(UserDefinedType[Any]):
        """A type in the engine's own words."""

        cache_ok = True

        def __init__(self, text: str) -> None:
            self.text = text

        def get_col_spec(self, **_: Any) -> str:
            return self.text

    return Verbatim


def plain_native(text: str) -> str:
    """A native type without the schema that a dump puts before it.

    >>> plain_native("public.vector(20)")
    'vector(20)'
    """
    return re.sub(r"^(public|pg_catalog)\.", "", text.strip())


@lru_cache(maxsize=1024)
def is_built_in(text: str, dialect: str) -> bool:
    """Whether a native type is one that the engine has from the start, and nothing more than a type.

    >>> is_built_in("character varying(20)", "postgresql"), is_built_in("mpaa_rating", "postgresql")
    (True, False)
    """
    import importlib

    found = _NATIVE.fullmatch(plain_native(text).lower())
    if found is None:
        return False
    known = {str(one).lower() for one in importlib.import_module(f"sqlalchemy.dialects.{dialect}.base").ischema_names}
    words = f"{found['first']} {found['second']}".split()
    if not words or not {" ".join(words[:n]) for n in range(1, len(words) + 1)} & (known | set(_MORE[dialect].split())):
        return False
    return all(word in _WORDS_AFTER for word in words[1:])


def sql_type(column: Column, dialect: str, *, engine: str = "", is_indexed: bool = False) -> TypeEngine[Any]:
    """The type of a column in a dialect ('postgresql', 'mysql', 'sqlite').

    engine: the store's engine; a built-in native type is used where it is the same as the dialect.
    is_indexed: MySQL cannot index a text without a length; it gets one.
    """
    import sqlalchemy as sa
    from sqlalchemy.dialects import mysql, postgresql

    own: Callable[[str], TypeEngine[Any]] = _verbatim()
    if column.native and engine == dialect and is_built_in(column.native, dialect):
        return own(plain_native(column.native))
    if dialect == "sqlite":
        from archnb.export.strict import strict_type

        return strict_type(column)
    n, is_pg, is_my = column.length or None, dialect == "postgresql", dialect == "mysql"

    def text(length: int | None) -> TypeEngine[Any]:
        if is_my and (length or 0) > 16000:
            return sa.Text()
        if length is None and is_my and is_indexed:
            return sa.String(MYSQL_KEY_LENGTH)
        return sa.Text() if length is None else sa.String(length)

    kind = column.type
    if kind in ("text", "code", "url", "email", "phone", "language"):
        return text(n)
    if kind == "enum":
        return sa.String(max((len(word) for word in column.values), default=20)) if is_my else sa.Text()
    if kind in ("key", "bigint", "reference"):
        return sa.BigInteger()
    if kind == "decimal":
        return sa.Numeric(n, column.scale) if n else sa.Numeric(38, 10) if is_my else sa.Numeric()
    if kind == "money":
        return sa.Numeric(19, 4)
    if kind in ("char", "country", "currency"):
        return sa.CHAR(n or {"country": 2, "currency": 3}.get(kind, 1))
    if kind == "timestamp":
        # MySQL's TIMESTAMP ends in 2038; DATETIME holds what the session writes, which is UTC by agreement
        return postgresql.TIMESTAMP(timezone=True) if is_pg else mysql.DATETIME(fsp=6) if is_my else sa.DateTime()
    if kind == "json":
        return postgresql.JSONB() if is_pg else sa.JSON()
    if kind == "bytes":
        return mysql.VARBINARY(n) if is_my and n and n <= 16000 else mysql.LONGBLOB() if is_my else sa.LargeBinary()
    if kind == "duration":
        return postgresql.INTERVAL() if is_pg else sa.BigInteger()
    if kind == "ip":
        return postgresql.INET() if is_pg else sa.String(45)
    if kind == "point":
        return own("POINT") if is_pg or is_my else sa.Text()
    if kind == "vector":
        return own(f"vector({n})" if n else "vector") if is_pg else sa.JSON()
    plain: dict[str, TypeEngine[Any]] = {
        "uuid": sa.Uuid(as_uuid=False), "int": sa.Integer(), "smallint": sa.SmallInteger(), "float": sa.Double(),
        "bool": sa.Boolean(), "date": sa.Date(), "time": sa.Time(),
    }  # fmt: skip
    return plain.get(kind) or text(n)


def translate(expression: str, source: str, dialect: str) -> str | None:
    """An SQL expression of one dialect ('' for standard SQL) in another; None where it cannot be read.

    >>> translate('"order" >= 0', "", "mysql")
    '`order` >= 0'
    """
    if source == dialect or (source == "" and dialect == "postgresql"):
        return expression
    import sqlglot
    from sqlglot.errors import SqlglotError

    names = {"postgresql": "postgres", "": "postgres"}
    try:
        parsed = sqlglot.parse_one(expression, read=names.get(source, source))
        if not isinstance(parsed, sqlglot.exp.Expression) or isinstance(parsed, sqlglot.exp.Command):
            return None
        return parsed.sql(dialect=names.get(dialect, dialect))
    except SqlglotError:
        return None
