"""Aggregates said in words, "sum of total by day", as SQL: a function, the column it is over, and what it is grouped by."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from archnb.model import Model
from archnb.model.lookups import key_column
from archnb.model.places import Place
from archnb.planned.entities import AccessPattern

if TYPE_CHECKING:
    import sqlalchemy as sa

FUNCTIONS = {
    "sum": "sum", "total": "sum", "count": "count", "number": "count", "average": "avg", "avg": "avg", "mean": "avg",
    "min": "min", "minimum": "min", "least": "min", "max": "max", "maximum": "max", "greatest": "max",
}  # fmt: skip
PERIODS = ("hour", "day", "week", "month", "year")
_SQLITE = {"hour": "%Y-%m-%d %H", "day": "%Y-%m-%d", "week": "%Y-%W", "month": "%Y-%m", "year": "%Y"}
_MYSQL = {"hour": "%Y-%m-%d %H", "day": "%Y-%m-%d", "week": "%x-%v", "month": "%Y-%m", "year": "%Y"}


def read_aggregate(text: str) -> tuple[str, str | None, str | None]:
    """The function, the field and the grouping that the words say; a count where no function is named.

    >>> read_aggregate("sum of total by day")
    ('sum', 'total', 'day')
    >>> read_aggregate("count by status")
    ('count', None, 'status')
    """
    found = re.fullmatch(r"\s*(\w+)(?:\s+(?:of\s+)?(?!by\b|per\b)([\w ]*?\w))?(?:\s+(?:by|per)\s+([\w ]*\w))?\s*", text)
    if found is None or found[1].lower() not in FUNCTIONS:
        return "count", None, None
    return FUNCTIONS[found[1].lower()], found[2], found[3]


def select_aggregate(
    model: Model, entity: str, pattern: AccessPattern, dialect: str,
    column: Callable[[str, str], sa.Column[Any]], place: Callable[[str], Place | None],
) -> sa.Select[Any]:  # fmt: skip
    """The SELECT of an aggregate without its FROM and WHERE. Sums of money are kept apart by currency."""
    import sqlalchemy as sa

    name, over, by = read_aggregate(pattern.aggregate)
    groups: list[Any] = []
    if by in PERIODS:
        at = _find_time(model, entity, pattern, place)
        if at is not None:
            groups.append(_truncate(column(*at), by, dialect).label(by))
    elif by is not None and (found := place(by)) is not None:
        groups += [column(found.table, one) for one in found.columns]
    measured: Any = sa.func.count()
    if over is not None and (found := place(over)) is not None:
        table = model.places.tables[found.table]
        main = key_column(table, found.columns)
        measured = getattr(sa.func, name)(column(found.table, main))
        groups += [
            column(found.table, one) for one in found.columns if one != main and table.columns[one].type == "currency"
        ]
    elif name != "count":
        name = "count"
    return sa.select(*groups, measured.label(name)).group_by(*groups).order_by(*groups)


def _find_time(
    model: Model, entity: str, pattern: AccessPattern, place: Callable[[str], Place | None]
) -> tuple[str, str] | None:
    names = [pattern.range] if pattern.range else []
    names += [name for name, one in model.fields(entity).items() if one.type in ("timestamp", "date")]
    for name in names:
        if name is not None and (found := place(name)) is not None:
            return found.table, found.columns[0]
    return None


def _truncate(column: Any, period: str, dialect: str) -> Any:
    import sqlalchemy as sa

    if dialect == "postgresql":
        return sa.func.date_trunc(sa.literal_column(f"'{period}'"), column)
    if dialect == "mysql":
        return sa.func.date_format(column, sa.literal_column(f"'{_MYSQL[period]}'"))
    return sa.func.strftime(sa.literal_column(f"'{_SQLITE[period]}'"), column)
