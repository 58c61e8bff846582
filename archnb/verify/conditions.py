"""What a CHECK condition says of single columns, read with sqlglot; and whether a row fulfils the rest, asked of SQLite."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from archnb.planned.schema import Table


@dataclass(frozen=True)
class Limits:
    """The least and the greatest value of a column, and the words it may hold; None where nothing is said."""

    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()


def read_conditions(table: Table) -> dict[str, Limits]:
    """The limits of each column that the checks and the listed words of a table set."""
    made: dict[str, Limits] = {
        name: Limits(words=tuple(one.values)) for name, one in table.columns.items() if one.values
    }
    folded = {name.casefold(): name for name in table.columns}
    for check in table.checks.values():
        if not check.condition:
            continue
        for column, limits in _read(check.condition)[0]:
            name = folded.get(column.casefold())
            if name is not None:
                made[name] = _meet(made.get(name, Limits()), limits)
    return made


def has_doubt(condition: str) -> bool:
    """Whether a condition says more than limits of single columns."""
    return not _read(condition)[1]


def judge(conditions: Sequence[str], row: Mapping[str, Any]) -> bool:
    """Whether a row fulfils the conditions as SQLite sees them; one that SQLite cannot read is left to the engine."""
    return all(_ask(one, row) for one in conditions)


def _meet(one: Limits, other: Limits) -> Limits:
    lows = [value for value in (one.low, other.low) if value is not None]
    highs = [value for value in (one.high, other.high) if value is not None]
    words = one.words and other.words and tuple(word for word in one.words if word in other.words)
    return Limits(max(lows, default=None), min(highs, default=None), words or one.words or other.words)


@functools.lru_cache(maxsize=4096)
def _read(condition: str) -> tuple[tuple[tuple[str, Limits], ...], bool]:
    """The limits that a condition sets, and whether that is all it says."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        parsed: Any = sqlglot.parse_one(condition, read="postgres")
    except (SqlglotError, RecursionError):
        return (), False
    found: list[tuple[str, Limits]] = []
    is_all = True
    for part in _conjuncts(parsed):
        limits = _read_part(part)
        if limits is None:
            is_all = False
        else:
            found.append(limits)
    return tuple(found), is_all


def _conjuncts(parsed: Any) -> Iterator[Any]:
    from sqlglot import exp

    parsed = parsed.unnest()
    if isinstance(parsed, exp.And):
        yield from _conjuncts(parsed.left)
        yield from _conjuncts(parsed.right)
    else:
        yield parsed


def _read_part(part: Any) -> tuple[str, Limits] | None:
    from sqlglot import exp

    if isinstance(part, exp.In) and part.expressions:
        words = [one.this for one in part.expressions if isinstance(one, exp.Literal) and one.is_string]
        column = _column(part.this)
        return (column, Limits(words=tuple(words))) if column and len(words) == len(part.expressions) else None
    if isinstance(part, exp.Between):
        column, low, high = _column(part.this), _number(part.args["low"]), _number(part.args["high"])
        return (column, Limits(low, high)) if column and low is not None and high is not None else None
    signs: dict[type[Any], tuple[str, str]] = {
        exp.GTE: ("low", "high"), exp.GT: ("low", "high"), exp.LTE: ("high", "low"), exp.LT: ("high", "low"),
    }  # fmt: skip
    if type(part) not in signs:
        return None
    side, other = signs[type(part)]
    column, value = _column(part.left), _number(part.right)
    if column is None or value is None:
        column, value, side = _column(part.right), _number(part.left), other
    if column is None or value is None:
        return None
    if isinstance(part, exp.GT | exp.LT):
        # a strict limit on any type: one away is right for whole numbers and safe for others
        value += 1 if side == "low" else -1
    return column, Limits(low=value) if side == "low" else Limits(high=value)


def _column(node: Any) -> str | None:
    from sqlglot import exp

    node = node.unnest()
    if isinstance(node, exp.Cast):
        node = node.this.unnest()
    return str(node.name) if isinstance(node, exp.Column) else None


def _number(node: Any) -> float | None:
    from sqlglot import exp

    node = node.unnest()
    sign = 1.0
    if isinstance(node, exp.Neg):
        sign, node = -1.0, node.this.unnest()
    if isinstance(node, exp.Cast):
        node = node.this.unnest()
    if isinstance(node, exp.Literal) and not node.is_string:
        return sign * float(node.this)
    return None


@functools.lru_cache(maxsize=4096)
def _for_sqlite(condition: str) -> str | None:
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        return sqlglot.parse_one(condition, read="postgres").sql(dialect="sqlite")
    except (SqlglotError, RecursionError):
        return None


@functools.lru_cache(maxsize=1)
def _connection() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", check_same_thread=False)


def _ask(condition: str, row: Mapping[str, Any]) -> bool:
    text = _for_sqlite(condition)
    if text is None:
        return True
    names = ", ".join('? AS "' + name.replace('"', '""') + '"' for name in row)
    try:
        found = _connection().execute(f"SELECT {text} FROM (SELECT {names})", [_plain(one) for one in row.values()])
        answer = found.fetchone()[0]
    except sqlite3.Error:
        return True
    # a check is fulfilled where it is not false: NULL passes
    return answer is None or bool(answer)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, int | float | str | bytes) else str(value)
