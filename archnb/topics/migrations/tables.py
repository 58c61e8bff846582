"""The tables whose changes take long enough to be timed: those of many rows."""

from __future__ import annotations

from archnb.fact.keys.migrations import LARGE_TABLE
from archnb.fact.keys.schema import TABLE_ROWS, TABLE_SIZE
from archnb.topics.topic import Draft


def list_large(draft: Draft) -> list[str]:
    """The tables of more rows than are changed unnoticed, the largest first, eight at most."""
    draft.facts.assume(
        LARGE_TABLE, 1_000_000, "rows from which a table's changes are timed", source="rule of thumb of archnb, 2026-11"
    )
    found = [
        name
        for name in draft.design.schema.tables
        if TABLE_ROWS.of(name) in draft.facts and TABLE_SIZE.of(name) in draft.facts
    ]
    large = [name for name in found if draft.facts[TABLE_ROWS.of(name)].base >= draft.facts[LARGE_TABLE].base]
    return sorted(large, key=lambda name: -draft.facts[TABLE_ROWS.of(name)].base)[:8]
