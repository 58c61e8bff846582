"""What is measured of migrations: how long a backfill and an index build take on each large table."""

from __future__ import annotations

from archnb.fact.keys.migrations import BACKFILL_SPEED, BACKFILL_TIME, INDEX_BUILD_SPEED, INDEX_BUILD_TIME
from archnb.fact.keys.schema import TABLE_ROWS, TABLE_SIZE
from archnb.topics.migrations.tables import list_large
from archnb.topics.topic import Draft

# pgroll's own benchmark (PostgreSQL 14.8): batched backfills of 10 k, 100 k and 300 k rows ran at 53 k, 21 k and 9.4 k rows/s
BACKFILL = "9400/s"
# what one core sorts and writes while an index is built from a warm table; the order of magnitude of pgbench loads
INDEX_BUILD = "50 MB/s"


def measure(draft: Draft) -> None:
    """How long a backfill and an index build take on each large table."""
    facts = draft.facts
    tables = list_large(draft)
    if not tables:
        return
    speed = facts.assume(
        BACKFILL_SPEED,
        BACKFILL,
        "batched updates of a table of 300 k rows",
        source="pgroll benchmark, PostgreSQL 14.8",
    )
    build = facts.assume(
        INDEX_BUILD_SPEED,
        INDEX_BUILD,
        "one core that sorts and writes an index",
        source="rule of thumb; measure on your own server",
    )
    for name in tables:
        facts.define(
            BACKFILL_TIME.of(name),
            facts[TABLE_ROWS.of(name)] / speed,
            "h",
            "a new column filled for every row, in batches",
        )
        facts.define(
            INDEX_BUILD_TIME.of(name),
            facts[TABLE_SIZE.of(name)] / build,
            "min",
            "the table read once to build an index concurrently",
        )
