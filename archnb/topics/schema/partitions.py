"""Partitions: a table that outgrows a number is split, by time where rows are only added, else by a hash of its key.

An engine wants the partition's column in every unique key. Split by time, the primary key gets that column: harmless
where the database or a uuid makes the key, but a foreign key to the table would have to name it too. So a table that
others refer to, or whose key is given from outside, is split by a hash of its key, which changes no key.
"""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Literal

from archnb.design import Design
from archnb.design.record import Named
from archnb.design.schema import Schema, SchemaTable
from archnb.fact import Fact
from archnb.fact.keys.entities import ENTITY_ROWS_AT_HORIZON
from archnb.fact.keys.schema import MOST_PARTITIONS, PARTITION_SIZE, ROW_OVERHEAD
from archnb.planned.schema import Split
from archnb.quantity import show
from archnb.topics.schema.measures import align, width_of
from archnb.topics.schema.stores import is_append_only
from archnb.topics.topic import Draft


def size_at_horizon(draft: Draft, table: SchemaTable) -> float:
    """The bytes of a table's rows at the horizon; 0 where its rows are not known."""
    fact = ENTITY_ROWS_AT_HORIZON.of(table.entity or "")
    if fact not in draft.facts:
        return 0.0
    width = align(sum(width_of(column) for column in table.columns.values()))
    return draft.facts[fact].base * (width + draft.facts[ROW_OVERHEAD].base)


def time_column(table: SchemaTable) -> str | None:
    """The column that says when a row came to be: the first mandatory instant."""
    return next((name for name, one in table.columns.items() if one.type == "timestamp" and not one.nullable), None)


def propose_partitions(draft: Draft, design: Design) -> Named[SchemaTable]:
    """The tables, with those split that pass the threshold."""
    schema = design.schema
    referenced = {key.references for table in schema.tables.values() for key in table.foreign_keys.values()}
    tables = dict(schema.tables)
    for name, table in schema.tables.items():
        said = draft.said.schema.tables.get(name, SchemaTable())
        if said.columns or said.partition_by or said.primary_key or table.entity not in design.entities:
            continue
        size = size_at_horizon(draft, table)
        is_able = draft.model.places.engine_of(table).has("partitions with foreign keys")
        if not is_able or size <= draft.facts[PARTITION_SIZE].base:
            continue
        column = time_column(table)
        is_made_key = len(table.primary_key) == 1 and table.columns[table.primary_key[0]].type in ("key", "uuid")
        if (
            column
            and is_made_key
            and not table.uniques
            and name not in referenced
            and is_append_only(draft, table.entity or "")
        ):
            tables[name] = _split_by_time(draft, name, table, column, size, draft.model.places.engine_of(table).label)
        elif all(table.primary_key[0] in one.columns for one in table.uniques.values()):
            tables[name] = _split_by_hash(draft, name, table, size)
    return Named(tables)


def _split_by_time(draft: Draft, name: str, table: SchemaTable, column: str, size: float, engine: str) -> SchemaTable:
    limit = draft.facts[PARTITION_SIZE]
    by = f"range ({column}) monthly"
    reason = (
        f"rows are only added, and {_say(size, limit)} at the horizon is above {limit.text}: one partition a month keeps vacuum and "
        "index builds short, and what is past its retention is dropped in an instant instead of deleted row by row."
    )
    path = f"schema.tables.{name}"
    draft.note(f"{path}.partition_by", reason, ENTITY_ROWS_AT_HORIZON.of(table.entity or ""), limit.name, value=by)
    why = f"{', '.join(table.primary_key)}, with {column}: {engine} wants the partition's column in every unique key."
    draft.note(f"{path}.primary_key", why)
    return dataclasses.replace(table, partition_by=by, primary_key=(*table.primary_key, column))


def _split_by_hash(draft: Draft, name: str, table: SchemaTable, size: float) -> SchemaTable:
    limit = draft.facts[PARTITION_SIZE]
    parts = min(round(draft.facts[MOST_PARTITIONS].base), 2 ** math.ceil(math.log2(size / limit.base)))
    by = f"hash ({table.primary_key[0]}) {parts}"
    reason = (
        f"{_say(size, limit)} at the horizon is above {limit.text}: {parts} parts by a hash of the key keep vacuum and index builds "
        "short, a look-up by key reads one of them, and every key stays as it is."
    )
    draft.note(
        f"schema.tables.{name}.partition_by",
        reason,
        ENTITY_ROWS_AT_HORIZON.of(table.entity or ""),
        limit.name,
        value=by,
    )
    return dataclasses.replace(table, partition_by=by)


def _say(size: float, limit: Fact) -> str:
    """A size in bytes in the limit's unit: the unit's factor is taken off, or a GB would be counted as 10⁹ of them."""
    return show(size / limit.unit.factor, limit.unit)


def read_split(text: str | None) -> Split:
    """What `partition_by` says: a range by a month of its column, a list, or a hash into so many parts; else no split.

    >>> read_split("range (placed_at) monthly")
    Split(kind='range', columns=('placed_at',), parts=0)
    >>> read_split("hash (code) 16").parts
    16
    """
    found = re.fullmatch(r"\s*(range|hash|list)\s*\((.+)\)\s*(\w*)\s*", text or "", re.IGNORECASE | re.DOTALL)
    if found is None:
        return Split()
    kind: Literal["range", "hash", "list"] = found[1].lower()  # type: ignore[assignment]  # the pattern has these three
    columns = tuple(part.strip().strip('"') for part in found[2].split(","))
    parts = int(found[3]) if found[3].isdigit() and len(found[3]) < 5 else 0
    return Split(kind=kind, columns=columns, parts=parts)


def is_partition(schema: Schema, name: str, table: SchemaTable) -> bool:
    """Whether a table is a part of a split one: it has the same columns, and its name goes on from that one's.

    A dump lists the parts as tables, without the keys that they get from the whole.
    """
    return any(
        whole.partition_by and name.startswith(f"{other}_") and set(whole.columns) == set(table.columns)
        for other, whole in schema.tables.items()
    )
