"""An engine's own types as the nearest logical ones, and whether the logical one gives the same type back."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Typed:
    """A column's type: the logical one, its length and scale, its words, and the engine's own text where that says more."""

    type: str
    length: int | None = None
    scale: int | None = None
    values: tuple[str, ...] = ()
    native: str | None = None


# native name -> logical type; what stands in _EXACT comes back as the same type when the logical one is created
_TYPES = {
    "bigint": "bigint", "int8": "bigint", "bigserial": "bigint", "serial8": "bigint",
    "int": "int", "integer": "int", "int4": "int", "serial": "int", "serial4": "int", "mediumint": "int",
    "smallint": "smallint", "int2": "smallint", "smallserial": "smallint", "tinyint": "smallint", "year": "smallint",
    "text": "text", "varchar": "text", "character varying": "text", "nvarchar": "text", "citext": "text", "clob": "text",
    "tinytext": "text", "mediumtext": "text", "longtext": "text", "xml": "text", "name": "text", "string": "text",
    "bpchar": "char", "char": "char", "character": "char", "nchar": "char",
    "decimal": "decimal", "numeric": "decimal", "money": "decimal", "smallmoney": "decimal",
    "real": "float", "float": "float", "float4": "float", "float8": "float", "double": "float", "double precision": "float",
    "bool": "bool", "boolean": "bool",
    "timestamp": "timestamp", "timestamptz": "timestamp", "datetime": "timestamp", "timestamp with time zone": "timestamp",
    "timestamp without time zone": "timestamp",
    "date": "date", "time": "time", "timetz": "time", "time with time zone": "time", "time without time zone": "time",
    "interval": "duration", "uuid": "uuid", "json": "json", "jsonb": "json",
    "bytea": "bytes", "blob": "bytes", "tinyblob": "bytes", "mediumblob": "bytes", "longblob": "bytes", "binary": "bytes",
    "varbinary": "bytes", "inet": "ip", "inet6": "ip", "point": "point", "vector": "vector",
}  # fmt: skip
_EXACT = {
    "postgresql": {
        "bigint", "int8", "bigserial", "serial8", "int", "integer", "int4", "serial", "serial4", "smallint", "int2", "smallserial",
        "text", "varchar", "character varying", "char", "character", "decimal", "numeric", "double precision", "float8", "bool",
        "boolean", "timestamptz", "timestamp with time zone", "date", "time", "interval", "uuid", "jsonb", "bytea", "inet", "point",
        "vector",
    },
    "mysql": {"bigint", "int", "integer", "smallint", "text", "varchar", "char", "decimal", "numeric", "double", "bool", "boolean", "date", "json"},
    "sqlite": {"bigint", "integer", "int", "smallint", "text", "varchar", "char", "decimal", "numeric", "bool", "boolean", "date", "time", "datetime"},
}  # fmt: skip
_LENGTHS = frozenset({"text", "char", "bytes", "vector"})


def read_type(native: str, engine: str) -> Typed:
    """The logical type of an engine's type text, with the text where the logical type would not bring it back.

    >>> read_type("numeric(5, 2)", "postgresql")
    Typed(type='decimal', length=5, scale=2, values=(), native=None)
    >>> read_type("tsvector", "postgresql")
    Typed(type='other', length=None, scale=None, values=(), native='tsvector')
    """
    text = " ".join(native.split())
    match = re.fullmatch(
        r"(?i)([a-z][\w ]*?)\s*(?:\(([^)]*)\))?\s*((?:with(?:out)? time zone|unsigned|zerofill|binary)*)((?:\[\d*\])*)",
        text,
    )
    if match is None:
        return Typed("other", native=text)
    name = " ".join(f"{match[1]} {match[3]}".lower().split())
    is_unsigned = name.endswith("unsigned")
    bare = name.removesuffix("unsigned").strip()
    arguments = [part.strip() for part in (match[2] or "").split(",") if part.strip()]
    if bare == "enum":
        words = tuple(part[1:-1].replace("''", "'") for part in re.findall(r"'(?:[^']|'')*'", match[2] or ""))
        return Typed("enum", values=words, native=text)
    kind = _TYPES.get(bare)
    if kind is None or match[4]:
        return Typed("other", native=text)
    if bare == "tinyint" and arguments == ["1"]:
        return Typed("bool", native=text)
    numbers = [int(part) for part in arguments if part.isascii() and part.isdigit() and len(part) < 10]
    is_exact = bare in _EXACT[engine] and not is_unsigned and len(numbers) == len(arguments)
    length = scale = None
    if kind == "decimal" and numbers:
        length, scale = numbers[0], numbers[1] if len(numbers) > 1 else None
    elif kind in _LENGTHS and numbers and bare not in ("text", "blob"):
        length = numbers[0]
    elif arguments:
        # int(11) in MySQL is a width for printing; a precision of a time is not carried by the logical type
        is_exact = is_exact and engine == "mysql" and kind in ("int", "bigint", "smallint")
    if kind == "decimal" and not numbers and engine == "mysql":
        is_exact = False
    if kind == "vector" and numbers:
        length = numbers[0]
    if kind == "char" and length is None and engine == "postgresql" and bare == "bpchar":
        is_exact = False
    if is_unsigned and kind == "int":
        kind = "bigint"  # values up to 4 294 967 295 do not fit 32 bits with a sign
    return Typed(kind, length, scale, native=None if is_exact else text)
