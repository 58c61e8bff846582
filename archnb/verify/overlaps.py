"""Rows that must not overlap: whether two do, and where a new one is free."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from archnb.planned.schema import Exclusion, Table
from archnb.verify.conditions import judge

Row = dict[str, Any]

# how many places are tried for a row, and among how many each is drawn
TRIES = 60
SLOTS = 20_000
_FIRST = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)


def is_among(one: Exclusion, row: Row) -> bool:
    """Whether a row is one of those that an exclusion is about."""
    if any(row.get(column) is None for column in (*one.columns, one.start)):
        return False
    return not one.where or judge([one.where], row)


def is_overlapping(one: Exclusion, row: Row, other: Row) -> bool:
    """Whether two rows, each among those that it is about, agree in the columns and overlap."""
    if any(row[column] != other[column] for column in one.columns):
        return False
    return _begins_before(one, row[one.start], other.get(one.end)) and _begins_before(
        one, other[one.start], row.get(one.end)
    )


def _begins_before(one: Exclusion, start: Any, end: Any) -> bool:
    return end is None or bool(start <= end if one.holds_end else start < end)


class Occupied:
    """The rows of a table so far, by what they must not overlap in."""

    def __init__(self, table: Table, rows: Iterable[Row] = ()) -> None:
        self.table = table
        self.rows: dict[tuple[str, tuple[Any, ...]], list[Row]] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """A row that is there from now on."""
        for name, one in self.table.exclusions.items():
            if is_among(one, row):
                self.rows.setdefault((name, tuple(row[c] for c in one.columns)), []).append(row)

    def find(self, row: Row, besides: Row | None = None) -> Row | None:
        """A row that a row overlaps, None where there is none."""
        for name, one in self.table.exclusions.items():
            if is_among(one, row):
                for other in self.rows.get((name, tuple(row[c] for c in one.columns)), ()):
                    if other is not besides and is_overlapping(one, row, other):
                        return other
        return None

    def place(self, row: Row, rng: random.Random) -> bool:
        """Move a row's beginnings and ends to where it overlaps none; False where no such place was found."""
        for _ in range(TRIES):
            for one in self.table.exclusions.values():
                start, end = self.table.columns[one.start], self.table.columns[one.end]
                if row.get(one.start) is None and start.nullable:
                    continue
                row[one.start], row[one.end] = draw_span(start.type, rng)
                if end.nullable and rng.random() < 0.1:
                    row[one.end] = None
            if self.find(row) is None:
                return True
        return False


def draw_span(kind: str, rng: random.Random) -> tuple[Any, Any]:
    """A short span on a grid, so that some spans begin where others end."""
    slot, length = rng.randrange(SLOTS), rng.randint(1, 4)
    if kind == "timestamp":
        step = datetime.timedelta(minutes=30)
        return _FIRST + slot * step, _FIRST + (slot + length) * step
    if kind == "date":
        day = _FIRST.date() + datetime.timedelta(days=slot % 5_000)
        return day, day + datetime.timedelta(days=length)
    if kind == "time":
        at = _FIRST + datetime.timedelta(minutes=5 * (slot % 280))
        return at.time(), (at + datetime.timedelta(minutes=5 * min(length, 2))).time()
    if kind in ("decimal", "money"):
        return Decimal(slot), Decimal(slot + length)
    return slot, slot + length


def move_on(value: Any, steps: int = 1) -> Any:
    """A value a little later."""
    if isinstance(value, datetime.datetime):
        return value + datetime.timedelta(minutes=5 * steps)
    if isinstance(value, datetime.date):
        return value + datetime.timedelta(days=steps)
    if isinstance(value, datetime.time):
        return (datetime.datetime.combine(_FIRST.date(), value) + datetime.timedelta(minutes=steps)).time()
    return value + steps


__all__ = ["Occupied", "is_among", "is_overlapping", "move_on"]
