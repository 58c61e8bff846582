"""How much of what comes along with a row is read at most."""

from __future__ import annotations

from archnb.fact.keys.operations import INCLUDED_PER_ROW, MANY_COMPUTED, MANY_PER_ROW, ROWS_TAKEN
from archnb.topics.topic import Draft


def measure(draft: Draft) -> None:
    """The assumptions that statements and rules rest on."""
    draft.assume(
        (
            (ROWS_TAKEN, 100, "how many rows a worker takes at once, few enough that no lock is held for long", "rule of thumb of archnb, 2026-11"),
            (INCLUDED_PER_ROW, 100, "how many children of one row a list brings along at most", "rule of thumb of archnb, 2026-11"),
            (MANY_COMPUTED, 5_000, "about 5 ms of an index range at a million rows a second, on average: the largest hold many times as many", "rule of thumb of archnb, 2026-11"),
            (MANY_PER_ROW, 50, "how many children a row has on average before an answer without a cap is too large", "rule of thumb of archnb, 2026-11"),
        )
    )  # fmt: skip
