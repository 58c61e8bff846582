"""How long a change takes."""

from __future__ import annotations

from archnb.fact.key import FLOW, NUMBER, RATE, TIME, family, key

LARGE_TABLE = key("migrations.large_table", NUMBER, "Rows from which a table's changes are timed.", assumption=True)
BACKFILL_SPEED = key(
    "migrations.backfill_speed", RATE, "Rows that a backfill changes per time.", assumption=True, positive=True
)
INDEX_BUILD_SPEED = key(
    "migrations.index_build_speed", FLOW, "Bytes that an index build reads per time.", assumption=True, positive=True
)
BACKFILL_TIME = family("migrations.{table}.backfill", TIME, "Time to fill a new column of a table.")
INDEX_BUILD_TIME = family("migrations.{table}.index_build", TIME, "Time to build an index on a table.")
