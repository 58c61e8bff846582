"""Partitions: a table that outgrows a piece is split, by time where rows go after a while, else by what it is read by.

An engine wants the partition's column in every unique key. The primary key gets it where the database or a uuid makes the
key, or where the column follows from the key; a foreign key to the table would have to name it too, so a table that others
refer to is split by its key, or stays whole. What must be unique over all rows keeps its table whole: the plan says so.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
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


# how long one piece lasts, by the days that rows are kept: some sixty to a hundred pieces
STEPS: tuple[tuple[str, float], ...] = (("daily", 100.0), ("weekly", 730.0), ("monthly", math.inf))
DAY = 86400.0


def time_column(table: SchemaTable) -> str | None:
    """The column that says when a row came to be: a mandatory instant, one of the key first."""
    times = [name for name, one in table.columns.items() if one.type == "timestamp" and not one.nullable]
    return next((name for name in times if name in table.primary_key), times[0] if times else None)


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
        if not is_able or size <= draft.facts[PARTITION_SIZE].base or table.exclusions:
            continue
        splitting = _Splitting(draft, name, table, size, name in referenced)
        tables[name] = splitting.split()
    return Named(tables)


class _Splitting:
    """One table that outgrows a piece, and how it is split: by time where rows go, else by what it is read by."""

    def __init__(self, draft: Draft, name: str, table: SchemaTable, size: float, is_referenced: bool) -> None:
        self.draft, self.name, self.table, self.size, self.is_referenced = draft, name, table, size, is_referenced
        self.entity = table.entity or ""
        self.limit = draft.facts[PARTITION_SIZE]
        self.engine = draft.model.places.engine_of(table).label
        self.path = f"schema.tables.{name}"

    def split(self) -> SchemaTable:
        """The table, split; as it was, with the reason, where that would take something away."""
        column = time_column(self.table)
        kept = self.draft.design.entities[self.entity].retention
        reading = self._find_reading()
        goes_by_time = column is not None and (
            kept is not None or (reading is None and is_append_only(self.draft, self.entity))
        )
        if column is not None and goes_by_time and self._can_hold(column):
            return self._split_by_time(column, kept.base if kept is not None else math.inf)
        if reading is None or reading in self.table.primary_key[:1]:
            first = self.table.primary_key[0]
            if all(first in one.columns for one in self.table.uniques.values()):
                return self._split_by_hash(first, self.table.primary_key)
        elif self._can_hold(reading):
            return self._split_by_hash(reading, (*self.table.primary_key, reading))
        self._tell_why_whole(column if goes_by_time else reading)
        return self.table

    def _can_hold(self, column: str) -> bool:
        """Whether every unique key may get a column: the key is made by the server, or the column follows from it; nobody refers to it."""
        if any(column not in one.columns for one in self.table.uniques.values()) or self.table.columns[column].nullable:
            return False
        if column in self.table.primary_key:
            return True
        if self.is_referenced:
            return False
        is_made = len(self.table.primary_key) == 1 and self.table.columns[self.table.primary_key[0]].type in (
            "key",
            "uuid",
        )
        return is_made or self._is_copied(column)

    def _is_copied(self, column: str) -> bool:
        """Whether a column has the value that a row has which the key names: then the key with it is as unique as without."""
        field = self.table.columns[column].field
        for one in self.draft.model.references.list_from(self.entity):
            there = self.draft.model.fields(one.target).get(field or "")
            mine = self.draft.model.fields(self.entity).get(field or "")
            if one.is_key and there is not None and mine is not None and there.type == mine.type and not there.optional:
                return True
        return False

    def _find_reading(self) -> str | None:
        """The reference by which most of the reads ask that find several rows; None where they ask by key alone."""
        model, asked = self.draft.model, dict[str, float]()
        key = {*self.table.primary_key}
        # a reference stays as it is, or changes seldom; a state would move its row from part to part
        names = {
            one.columns[-1]
            for one in self.table.foreign_keys.values()
            if not self.table.columns[one.columns[-1]].nullable
        }
        for name, pattern in self.draft.design.access.items():
            columns: list[str] = []
            if pattern.reads == self.entity:
                places = [model.places.find_field(self.entity, one) for one in pattern.by]
                columns = [one.columns[0] for one in places if one is not None and one.table == self.name]
            elif self.entity in pattern.include and pattern.reads is not None:
                base = model.places.find_table(pattern.reads)
                columns = [one.columns[-1] for one in self.table.foreign_keys.values() if one.references == base]
            first = next((one for one in columns if one in names), None)
            if first is not None and not key <= {*columns}:
                asked[first] = asked.get(first, 0.0) + model.traffic.measure(name)
        return max(asked, key=lambda one: asked[one]) if asked else None

    def _split_by_time(self, column: str, kept: float) -> SchemaTable:
        every = next(step for step, most in STEPS if kept / DAY <= most)
        by = f"range ({column}) {every}"
        piece = {"daily": "day", "weekly": "week", "monthly": "month"}[every]
        end = (
            "what is past its retention is dropped whole, in an instant, instead of deleted row by row"
            if math.isfinite(kept)
            else "what is archived one day is taken off whole"
        )
        reason = (
            f"{_say(self.size, self.limit)} at the horizon is above {self.limit.text}: one partition a {piece} keeps vacuum and"
            f" index builds short, and {end}."
        )
        facts = (ENTITY_ROWS_AT_HORIZON.of(self.entity), self.limit.name)
        self.draft.note(f"{self.path}.partition_by", reason, *facts, value=by)
        return self._with_key(by, column)

    def _with_key(self, by: str, column: str) -> SchemaTable:
        """The table split by a column, which every unique key then holds."""
        if column in self.table.primary_key:
            return dataclasses.replace(self.table, partition_by=by)
        why = f"{', '.join(self.table.primary_key)}, with {column}: {self.engine} wants the partition's column in every unique key"
        if self._is_copied(column):
            why += "; it has the value of the row that the key names, so nothing is there twice that was not before"
        self.draft.note(f"{self.path}.primary_key", f"{why}.")
        return dataclasses.replace(self.table, partition_by=by, primary_key=(*self.table.primary_key, column))

    def _split_by_hash(self, column: str, key: tuple[str, ...]) -> SchemaTable:
        most = round(self.draft.facts[MOST_PARTITIONS].base)
        parts = min(most, 2 ** math.ceil(math.log2(self.size / self.limit.base)))
        by = f"hash ({column}) {parts}"
        how = "a look-up by key reads one of them, and every key stays as it is"
        if len(key) > len(self.table.primary_key) or self._find_reading() == column:
            how = f"what is read by {column} is in one of them"
        reason = (
            f"{_say(self.size, self.limit)} at the horizon is above {self.limit.text}: {parts} parts by a hash of {column} keep vacuum"
            f" and index builds short, and {how}."
        )
        facts = (ENTITY_ROWS_AT_HORIZON.of(self.entity), self.limit.name)
        self.draft.note(f"{self.path}.partition_by", reason, *facts, value=by)
        return self._with_key(by, column)

    def _tell_why_whole(self, wanted: str | None) -> None:
        """Why a table stays whole though it outgrows a piece."""
        apart = [
            ", ".join(one.columns) for one in self.table.uniques.values() if wanted is None or wanted not in one.columns
        ]
        by = f"by {wanted}" if wanted else "by its key"
        if apart:
            what = f"{'; '.join(apart)} must stay unique over all rows, and {self.engine} keeps what is unique within a partition only: unique and partitions {by} exclude each other"
        elif self.is_referenced:
            what = f"it would be split {by}, and other tables refer to its rows by {', '.join(self.table.primary_key)} alone, which would have to hold {wanted} too"
        else:
            what = f"split {by}, its key would let in twice what is there once"
        reason = f"it stays whole at {_say(self.size, self.limit)}: {what}. Shards by {wanted or 'its key'} take it further, or an archive of old rows."
        self.draft.note(f"{self.path}.partition_by", reason, ENTITY_ROWS_AT_HORIZON.of(self.entity), self.limit.name)


def _say(size: float, limit: Fact) -> str:
    """A size in bytes in the limit's unit: the unit's factor is taken off, or a GB would be counted as 10⁹ of them."""
    return show(size / limit.unit.factor, limit.unit)


def read_split(text: str | None) -> Split:
    """What `partition_by` says: a range of its column by day, week or month, a list, or a hash into so many parts; else no split.

    >>> read_split("range (placed_at) monthly")
    Split(kind='range', columns=('placed_at',), parts=0, every='month', added=())
    >>> read_split("hash (code) 16").parts
    16
    """
    found = re.fullmatch(r"\s*(range|hash|list)\s*\((.+)\)\s*(\w*)\s*", text or "", re.IGNORECASE | re.DOTALL)
    if found is None:
        return Split()
    kind: Literal["range", "hash", "list"] = found[1].lower()  # type: ignore[assignment]  # the pattern has these three
    columns = tuple(part.strip().strip('"') for part in found[2].split(","))
    parts = int(found[3]) if found[3].isdigit() and len(found[3]) < 5 else 0
    every = _EVERY.get(found[3].lower(), "") if kind == "range" else ""
    return Split(kind=kind, columns=columns, parts=parts, every=every)


_EVERY: Mapping[str, Literal["", "day", "week", "month"]] = {"daily": "day", "weekly": "week", "monthly": "month"}


def is_partition(schema: Schema, name: str, table: SchemaTable) -> bool:
    """Whether a table is a part of a split one: it has the same columns, and its name goes on from that one's.

    A dump lists the parts as tables, without the keys that they get from the whole.
    """
    return any(
        whole.partition_by and name.startswith(f"{other}_") and set(whole.columns) == set(table.columns)
        for other, whole in schema.tables.items()
    )
