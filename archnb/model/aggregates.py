"""Aggregates said in words, "sum of total by day": a function, the field it is over, and what it is grouped by."""

from __future__ import annotations

import re

FUNCTIONS = {
    "sum": "sum", "total": "sum", "count": "count", "number": "count", "average": "avg", "avg": "avg", "mean": "avg",
    "min": "min", "minimum": "min", "least": "min", "max": "max", "maximum": "max", "greatest": "max",
}  # fmt: skip
PERIODS = ("hour", "day", "week", "month", "year")


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


__all__ = ["FUNCTIONS", "PERIODS", "read_aggregate"]
