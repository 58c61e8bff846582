"""SQLite's strict tables (SQLite documentation, STRICT Tables): what each logical type is kept as, and the checks that hold its form.

SQLite knows five types of values. What other engines hold by type is held here by a check: the length of a text, the form of a
day, the range of a small number. An exact number is kept whole, in units of its last decimal (12.34 of money, which has four
decimals, is 123400), since SQLite computes fractions in floating point, where ten cents three times are not thirty.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from archnb.planned.schema import Column, Table

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

# the decimals of an exact number that says none
SCALE = 4
# an integer of SQLite has 64 bits: of more digits than these, an exact number is kept as text, which is not added up
DIGITS = 18
_WHOLE = {"smallint": 15, "int": 31}
_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_FRACTION = "'.[0-9][0-9][0-9][0-9][0-9][0-9]'"


def scale_of(column: Column) -> int | None:
    """How many decimals of a column stand in its whole units; None where it is kept as it is.

    >>> scale_of(Column(type="money"))
    4
    """
    if column.type == "money":
        return SCALE
    if column.type == "decimal" and (column.length or DIGITS) <= DIGITS + 1:
        return column.scale if column.length else SCALE
    return None


@lru_cache
def _classes() -> dict[str, Any]:
    import sqlalchemy as sa
    from sqlalchemy.ext.compiler import compiles
    from sqlalchemy.types import UserDefinedType

    class Scaled(UserDefinedType[Decimal]):
        """An exact number in whole units of its last decimal."""

        cache_ok = True

        def __init__(self, scale: int) -> None:
            self.scale = scale

        def get_col_spec(self, **_: Any) -> str:
            return "INTEGER"

        def bind_processor(self, dialect: Any) -> Any:
            return lambda value: None if value is None else to_units(value, self.scale)

        def literal_processor(self, dialect: Any) -> Any:
            return lambda value: str(to_units(value, self.scale))

        def result_processor(self, dialect: Any, coltype: object) -> Any:
            return lambda value: from_units(value, self.scale)

    made: dict[str, Any] = {"Scaled": Scaled}
    # the types keep their way of writing values; only the word in the DDL is another
    for name, base, word in (
        ("Flag", sa.Boolean, "INTEGER"), ("Moment", sa.DateTime, "TEXT"), ("Day", sa.Date, "TEXT"),
        ("Clock", sa.Time, "TEXT"), ("Identifier", sa.Uuid, "TEXT"), ("Document", sa.JSON, "TEXT"),
    ):  # fmt: skip
        strict: Any = type(name, (base,), {"cache_ok": True})

        def write(type_: Any, compiler: Any, *, word: str = word, **_: Any) -> str:
            return word

        compiles(strict, "sqlite")(write)
        made[name] = strict
    return made


def strict_type(column: Column) -> TypeEngine[Any]:
    """The type of a column in a strict table."""
    import sqlalchemy as sa

    kind, own = column.type, _classes()
    found: TypeEngine[Any]
    scale = scale_of(column)
    if scale is not None:
        found = own["Scaled"](scale)
    elif kind in ("key", "bigint", "reference", "int", "smallint", "duration"):
        found = sa.Integer()
    elif kind == "float":
        found = sa.REAL()
    elif kind == "bytes":
        found = sa.LargeBinary()
    elif kind == "uuid":
        found = own["Identifier"](as_uuid=False)
    else:
        name = {
            "bool": "Flag", "timestamp": "Moment", "date": "Day", "time": "Clock", "json": "Document", "vector": "Document",
        }.get(kind)  # fmt: skip
        found = own[name]() if name is not None else sa.Text()
    return found


def read_scale(column: Any) -> int | None:
    """How many decimals of one of SQLAlchemy's columns stand in its whole units; None where it is kept as it is."""
    return column.type.scale if column is not None and isinstance(column.type, _classes()["Scaled"]) else None


def form_of(column: Column, name: str) -> str:
    """The condition that holds what a type holds elsewhere, '' where it is nothing; a missing value fulfils it. `name` is quoted."""
    kind = column.type
    length = column.length or {"country": 2, "currency": 3, "ip": 45, "char": 1}.get(kind, 0)
    if kind in ("text", "code", "url", "email", "phone", "language", "char", "country", "currency", "ip", "bytes"):
        return f"length({name}) <= {length}" if length else ""
    if kind == "bool":
        return f"{name} IN (0, 1)"
    if kind in _WHOLE:
        return f"{name} BETWEEN {-(2 ** _WHOLE[kind])} AND {2 ** _WHOLE[kind] - 1}"
    if kind in ("decimal", "money"):
        digits = 19 if kind == "money" else column.length
        if scale_of(column) is None:
            # digits with at most one point among them, and a sign before them
            return f"{name} GLOB '*[0-9]*' AND ltrim({name}, '-') NOT GLOB '*[^0-9.]*' AND {name} NOT GLOB '*.*.*'"
        return f"abs({name}) < {10**digits}" if 0 < digits <= DIGITS else ""
    if kind == "date":
        # a modifier makes SQLite count the days: without it the 30th of February is a day
        return f"{name} IS date({name}, '+0 days')"
    if kind == "timestamp":
        return f"substr({name}, 1, 19) IS datetime(substr({name}, 1, 19), '+0 days') AND substr({name}, 20) GLOB {_FRACTION}"
    if kind == "time":
        clock = f"substr({name}, 1, 8)"
        return f"{clock} IS time({clock}) AND (length({name}) = 8 OR substr({name}, 9) GLOB {_FRACTION})"
    if kind == "uuid":
        return f"length({name}) = 32 AND {name} NOT GLOB '*[^0-9a-f]*'"
    if kind in ("json", "vector"):
        # what is missing is no document to older versions of SQLite
        return f"({name} IS NULL OR json_valid({name}))"
    return ""


def to_units(value: Any, scale: int) -> int:
    """A number in whole units of its last decimal; what lies behind that is rounded, as exact types do.

    >>> to_units(Decimal("12.34"), 4)
    123400
    """
    made = value if isinstance(value, Decimal) else Decimal(str(value))
    return int(made.scaleb(scale).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def from_units(value: Any, scale: int) -> Decimal | None:
    """A number out of whole units; an average has fractions of them.

    >>> from_units(123400, 4)
    Decimal('12.3400')
    """
    return None if value is None else (Decimal(value) if isinstance(value, int) else Decimal(str(value))).scaleb(-scale)


def use_units(condition: str, table: Table) -> str:
    """An SQL condition over the columns of a table, its numbers in the units of the columns that they are compared with.

    >>> from archnb.planned.schema import Column, Table
    >>> from archnb.design.record import Named
    >>> empty = Named()
    >>> ware = Table(store="main", columns=Named({"price": Column(type="money")}), uniques=empty, checks=empty, exclusions=empty, foreign_keys=empty, indexes=empty)
    >>> use_units("price >= 0.5", ware)
    'price >= 5000'
    """
    scales = {
        name.casefold(): scale for name, column in table.columns.items() if (scale := scale_of(column)) is not None
    }
    if not scales:
        return condition
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        parsed = sqlglot.parse_one(condition, read="sqlite")
    except SqlglotError:
        return condition
    for node in list(parsed.walk()):
        if isinstance(node, _compared()):
            _align(node, scales)
    return parsed.sql(dialect="sqlite")


@lru_cache
def _compared() -> tuple[type[Any], ...]:
    from sqlglot import exp

    return (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


def _align(node: Any, scales: dict[str, int]) -> None:
    """Bring all sides of a comparison to the same units."""
    from sqlglot import exp

    if isinstance(node, exp.Between):
        sides = [node.this, node.args["low"], node.args["high"]]
    elif isinstance(node, exp.In):
        sides = [node.this, *node.expressions]
    else:
        sides = [node.left, node.right]
    most = max((_scale(one, scales) for one in sides), default=0)
    for side in sides:
        _raise(side, most, scales)


def _scale(node: Any, scales: dict[str, int]) -> int:
    """In how many decimals' units an expression is; a bare number fits any."""
    from sqlglot import exp

    if isinstance(node, exp.Column):
        return scales.get(node.name.casefold(), 0)
    if isinstance(node, exp.Mul):
        return _scale(node.left, scales) + _scale(node.right, scales)
    if isinstance(node, exp.Div):
        return max(0, _scale(node.left, scales) - _scale(node.right, scales))
    inner = [one for one in node.iter_expressions() if isinstance(one, exp.Expression)]
    return max((_scale(one, scales) for one in inner), default=0)


def _raise(node: Any, wanted: int, scales: dict[str, int]) -> None:
    """Bring an expression to units of `wanted` decimals."""
    from sqlglot import exp

    if isinstance(node, exp.Literal):
        if not node.is_string and wanted:
            number = Decimal(node.this).scaleb(wanted)
            node.replace(exp.Literal.number(f"{number.normalize():f}"))
    elif isinstance(node, exp.Column | exp.Mul | exp.Div):
        missing = wanted - _scale(node, scales)
        if missing > 0:
            node.replace(exp.Mul(this=node.copy(), expression=exp.Literal.number(10**missing)))
    else:
        for one in list(node.iter_expressions()):
            _raise(one, wanted, scales)


__all__ = ["SCALE", "form_of", "from_units", "read_scale", "scale_of", "strict_type", "to_units", "use_units"]
