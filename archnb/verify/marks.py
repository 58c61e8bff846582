"""Values as they are compared: what two are the same, what is near, what is a little greater."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from archnb.verify.oracle import Group

# how many of the rows that are wrong are named
SHOWN = 3


def mark_value(value: Any) -> Any:
    """A value as it is told from others; what has an inner form, by its text."""
    return repr(value) if isinstance(value, dict | list) else value


def beyond(value: Any) -> Any:
    """A value a little greater."""
    if isinstance(value, datetime.date):
        return value + datetime.timedelta(days=1)
    if isinstance(value, datetime.timedelta):
        return value + datetime.timedelta(seconds=1)
    if isinstance(value, str):
        return f"{value}~"
    if isinstance(value, int | float | Decimal):
        return value + 1
    return value


def is_same(wanted: Any, got: Any, kind: str) -> bool:
    """Whether what the engine gives is what is right: exactly, but for inexact numbers."""
    if isinstance(wanted, float) and isinstance(got, float):
        return abs(wanted - got) <= 1e-9 * max(1.0, abs(wanted))
    return bool(wanted == got)


def sum_mark(value: Any) -> Any:
    """A sum as an exact number."""
    if value is None or isinstance(value, bool):
        return value
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return value


def is_near(got: Any, wanted: Any) -> bool:
    """Whether two sums are the same: exactly, unless the right one has no end, as an average has."""
    if got is None or wanted is None or not isinstance(got, Decimal) or not isinstance(wanted, Decimal):
        return bool(got == wanted)
    exponent = wanted.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -10:
        return abs(got - wanted) <= Decimal("0.0001") + abs(wanted) * Decimal("1e-9")
    return got == wanted


def nearest(got: Any, expected: Sequence[Group]) -> Any:
    """The right value that is next to the one that came, to be shown beside it."""
    values = [one.value for one in expected if one.value is not None]
    mark = sum_mark(got)
    if not values or not isinstance(mark, Decimal):
        return values[0] if values else None
    return min(
        values, key=lambda one: abs(sum_mark(one) - mark) if isinstance(sum_mark(one), Decimal) else Decimal(10**30)
    )


def show(marks: Sequence[tuple[Any, ...]]) -> str:
    """The first few of several rows."""
    shown = [" / ".join(str(part)[:40] for part in mark) for mark in marks[:SHOWN]]
    return ", ".join(shown) + (" …" if len(marks) > SHOWN else "")


__all__ = ["SHOWN"]
