"""Operations: how much a statement reads along."""

from __future__ import annotations

from archnb.fact.key import NUMBER, key

INCLUDED_PER_ROW = key(
    "operations.included_per_row", NUMBER, "How many children of one row a list brings along at most.", assumption=True
)
MANY_COMPUTED = key(
    "operations.many_computed", NUMBER, "How many rows one call may compute over, on average.", assumption=True
)
MANY_PER_ROW = key(
    "operations.many_per_row",
    NUMBER,
    "How many children of a row, on average, make an answer without a cap too large.",
    assumption=True,
)
ROWS_TAKEN = key(
    "operations.rows_taken", NUMBER, "How many rows a worker takes at once.", assumption=True, positive=True
)
