"""The statements by which a job removes rows that are past their retention: a batch at a time, the oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from archnb.export.sql import make_dialect, metadata

if TYPE_CHECKING:
    from archnb.plan import Plan

# so few that their locks are held for milliseconds
BATCH = 1000


class PurgeStatement(NamedTuple):
    """One batch of a table, and what stands above it. `:oldest` is the moment before which rows go."""

    table: str
    text: str
    reason: str


def write_purges(plan: Plan, dialect: str) -> Iterator[PurgeStatement]:
    """A statement for each table whose rows go one by one; those that lie in a partition a day, week or month go with it."""
    quote = make_dialect(dialect).identifier_preparer.quote
    tables = {one.info["table"]: one for one in metadata(plan, dialect).tables.values()}
    general = plan.said.requirements.load.retention
    for entity in plan.planned.entities.entities:
        if entity not in plan.design.entities:
            continue
        retention = plan.model.retentions.find(entity, general)
        place = plan.model.places.find_field(entity, retention.field) if retention is not None else None
        if retention is None or place is None or place.path or place.table not in tables:
            continue
        table, made = plan.planned.schema.tables[place.table], tables[place.table]
        if (table.split.kind == "range" and table.split.every) or not table.primary_key:
            continue
        columns = {one.info["column"]: quote(one.name) for one in made.columns}
        name, moment = quote(made.name), columns[place.columns[0]]
        oldest = f"{moment} < :oldest ORDER BY {moment} LIMIT {BATCH}"
        keys = ", ".join(columns[one] for one in table.primary_key)
        left = f"({keys})" if len(table.primary_key) > 1 else keys
        # MySQL takes no limit within IN, and one in the statement itself
        text = f"DELETE FROM {name} WHERE {oldest}"
        if dialect != "mysql":
            lock = " FOR UPDATE SKIP LOCKED" if dialect == "postgresql" else ""
            text = f"DELETE FROM {name} WHERE {left} IN (SELECT {keys} FROM {name} WHERE {oldest}{lock})"
        reason = f"{entity} is kept for {retention.period} after {retention.field}: again and again until fewer than {BATCH} go, each batch a transaction of its own; :oldest is now less {retention.period}"
        yield PurgeStatement(place.table, text, reason)


__all__ = ["BATCH", "PurgeStatement", "write_purges"]
