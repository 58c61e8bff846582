"""Whether a grant reaches a row, worked out over rows as they are: what every artefact that is made of the grant must answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archnb.planned.auth import Grant, Reach

Row = Mapping[str, Any]
# the rows of each table, by column
Rows = Mapping[str, Sequence[Row]]


def is_reached(grant: Grant, row: Row, rows: Rows, token: Mapping[str, Any], *, after: bool = False) -> bool:
    """Whether a row of the grant's table is reached by whoever has the token.

    token: by its names, `person`, `tenant`, `client`. after: whether the row is as it will be once it is written; what was
    nobody's must then be the caller's. A row that is new is not among `rows` yet.
    """
    if grant.kind in ("any", "none"):
        return grant.kind == "any"
    return any(all(_holds(part, row, rows, token, after) for part in reach.parts) for reach in grant.reaches)


def _holds(reach: Reach, row: Row, rows: Rows, token: Mapping[str, Any], after: bool) -> bool:
    found = [row]
    for join in reach.joins:
        found = [
            other
            for before in found
            for other in rows.get(join.table, ())
            if all(before[left] is not None and before[left] == other[right] for left, right in join.columns)
        ]
    # whoever takes what is nobody's must be somebody
    wanted = token.get(reach.token) if reach.token else token.get("person", token.get("client"))
    for one in found:
        values = [one[column] for column in reach.columns]
        is_right = wanted is not None and all(value is None for value in values)
        if reach.token or after:
            is_right = wanted is not None and values == [wanted]
        if is_right and (not reach.words or one[reach.role_column] in reach.words):
            return True
    return False
