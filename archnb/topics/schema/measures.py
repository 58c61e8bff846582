"""Sizes: how many bytes tables and indexes take today and at the horizon, with the layout's overhead in the formula.

The layout is PostgreSQL's: a row has a 23-byte header, aligned to 24, and a 4-byte pointer in its page; an index entry an
8-byte header and such a pointer, in pages that are filled to 90 %. Other engines are taken to be alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from archnb.design.entities import TYPES
from archnb.design.schema import Column, Index, SchemaTable
from archnb.fact import Fact, power, total
from archnb.fact.keys.entities import ENTITY_ROWS, ENTITY_ROWS_AT_HORIZON, PATTERN_RATE
from archnb.fact.keys.load import GROWTH_YEARLY, PEAK_FACTOR
from archnb.fact.keys.scaling import HORIZON
from archnb.fact.keys.schema import (
    ENTRY_OVERHEAD,
    FEW_ROWS,
    FEW_VALUES,
    INDEX_FILL,
    INDEX_SIZE,
    INDEXES_SIZE,
    MOST_PARTITIONS,
    PAGE_FILL,
    PAIRS,
    PARTITION_SIZE,
    RELATIONSHIP_ROWS,
    ROW_OVERHEAD,
    SCHEMA_SIZE,
    SCHEMA_SIZE_AT_HORIZON,
    TABLE_ADDED,
    TABLE_RETENTION,
    TABLE_ROW_SIZE,
    TABLE_ROW_STORED,
    TABLE_ROWS,
    TABLE_ROWS_AT_HORIZON,
    TABLE_SIZE,
    TABLE_SIZE_AT_HORIZON,
    TABLE_WIDTH,
    TABLES_SIZE,
    UNKNOWN_ROWS,
    WORD_BYTES,
)
from archnb.model.lookups import bare, list_full_text
from archnb.quantity import Quantity, parse
from archnb.topics.topic import Assumption, Draft

LAYOUT: tuple[Assumption, ...] = (
    (ROW_OVERHEAD, "28 B", "a row's header of 23 bytes, aligned to 24, and its 4-byte pointer in the page", "PostgreSQL manual, Database Page Layout"),
    (ENTRY_OVERHEAD, "12 B", "an index entry's header of 8 bytes and its 4-byte pointer", "PostgreSQL manual, Database Page Layout"),
    (INDEX_FILL, "90 %", "how full a b-tree's leaf pages are", "PostgreSQL manual, CREATE INDEX: fillfactor"),
    (PAGE_FILL, "99.7 %", "of a page of 8192 bytes, 24 are its header", "PostgreSQL manual, Database Page Layout"),
    (WORD_BYTES, "12 B", "a posting of one word in a full-text index, compressed, with its share of the word", "assumed, 2026-11"),
    (PARTITION_SIZE, "100 GB", "above this size, vacuum, index builds and backups of one table take hours",
     "PostgreSQL manual, Table Partitioning: worthwhile when a table is larger than the server's memory; 100 GB is archnb's, 2026-11"),
    (FEW_ROWS, 1000, "up to so many rows a table needs no index for a pattern", "rule of thumb of archnb, 2026-11"),
    (FEW_VALUES, "25 %", "a planner reads the table where an index would bring it more than about so much of it", "rule of thumb of archnb, 2026-11"),
    (MOST_PARTITIONS, 64, "parts of a table that is split by a hash, at most", "rule of thumb of archnb, 2026-11"),
)  # fmt: skip


def give_layout(draft: Draft) -> None:
    """Add what is assumed of the layout as facts."""
    draft.assume(LAYOUT)


def width_of(column: Column) -> float:
    """How many bytes a value of a column takes on average.

    >>> width_of(Column(type="bigint")), width_of(Column(type="text", length=200))
    (8.0, 101.0)
    """
    kind = TYPES[column.type or "other"]
    if kind.name == "enum" and column.values:
        return 1 + sum(len(word) for word in column.values) / len(column.values)
    if kind.name in ("email", "phone", "country", "currency", "language"):
        return kind.bytes + 1
    if kind.per_length and column.length is not None:
        return 1 + kind.per_length * column.length / 2
    return float(kind.bytes)


def align(width: float) -> int:
    """The width, at the next multiple of 8."""
    return max(8, math.ceil(width / 8) * 8)


def rows_of(draft: Draft, name: str, table: SchemaTable) -> tuple[Fact, Fact]:
    """How many rows a table has today and at the horizon; what nobody said is assumed."""
    facts, design = draft.facts, draft.design
    entity = table.entity or ""
    if entity in design.entities:
        rows = facts.define(TABLE_ROWS.of(name), facts[ENTITY_ROWS.of(entity)], "rows", f"one for each {entity}")
        at_horizon = facts[ENTITY_ROWS_AT_HORIZON.of(entity)]
        return rows, facts.define(TABLE_ROWS_AT_HORIZON.of(name), at_horizon, "rows", f"one for each {entity}")
    if table.role in ("idempotency", "outbox") and table.retention is not None:
        return _count_records(draft, name, table, table.retention)
    link = design.relationships.get(entity)
    if link is not None and link.rows is not None:
        pairs = draft.value(RELATIONSHIP_ROWS.of(entity), link.rows)
        rows = facts.define(TABLE_ROWS.of(name), pairs, "rows", f"one for each pair of {entity}")
    elif link is not None and all(one in design.entities for one in link.between):
        largest = max((facts[ENTITY_ROWS.of(one)] for one in link.between), key=lambda one: one.base)
        each = facts.assume(
            PAIRS,
            5,
            "pairs for each row of the larger side of a relationship, where nothing was said",
            source="assumed, 2026-11",
        )
        rows = facts.define(TABLE_ROWS.of(name), largest * each, "rows", "pairs")
    else:
        unknown = facts.assume(
            UNKNOWN_ROWS, "10k rows", "rows of a table of which nothing was said", source="assumed, 2026-11"
        )
        rows = facts.define(TABLE_ROWS.of(name), unknown, "rows", "nothing was said of it")
    grown: Fact = rows
    if link is not None and link.between[0] in design.entities:
        first = facts[ENTITY_ROWS.of(link.between[0])]
        if first.base > 0:
            grown = rows * (facts[ENTITY_ROWS_AT_HORIZON.of(link.between[0])] / first)
    return rows, facts.define(TABLE_ROWS_AT_HORIZON.of(name), grown, "rows", "growing with what it links")


def _count_records(draft: Draft, name: str, table: SchemaTable, retention: Quantity) -> tuple[Fact, Fact]:
    """How many requests or messages are kept at a time: as many as come in, for as long as one is kept."""
    facts, access = draft.facts, draft.design.access
    needs = draft.model.lifetimes.needs_record
    if table.role == "idempotency":
        writes = [(one, 1) for one in access if needs(one)]
    else:
        writes = [(one, sum(1 for step in pattern.steps if step.via)) for one, pattern in access.items()]
    rates = [facts[PATTERN_RATE.of(one)] * times for one, times in writes if times and PATTERN_RATE.of(one) in facts]
    kept = draft.value(TABLE_RETENTION.of(name), retention)
    if not rates:
        none = facts.given(TABLE_ROWS.of(name), "0 rows", "nothing is added")
        return none, facts.define(TABLE_ROWS_AT_HORIZON.of(name), none, "rows", "nothing is added")
    added = facts.define(
        TABLE_ADDED.of(name), total(rates) / facts[PEAK_FACTOR], "/s", "the operations that add a row, on average"
    )
    rows = facts.define(TABLE_ROWS.of(name), added * kept, "rows", "what comes in while one is kept")
    grown = rows * power(1 + facts[GROWTH_YEARLY], facts[HORIZON] / parse("1 year"))
    return rows, facts.define(TABLE_ROWS_AT_HORIZON.of(name), grown, "rows", "growing with the load")


def measure(draft: Draft) -> None:
    """Add rows, widths and sizes of every table and index, and the totals."""
    facts, schema = draft.facts, draft.design.schema
    overhead, page_fill = facts[ROW_OVERHEAD], facts[PAGE_FILL]
    today: list[Fact] = []
    later: list[Fact] = []
    in_indexes: list[Fact] = []
    for name, table in schema.tables.items():
        rows, at_horizon = rows_of(draft, name, table)
        widths = {column: width_of(one) for column, one in table.columns.items()}
        listed = ", ".join(f"{column} {width:g}" for column, width in list(widths.items())[:8]) + (
            " …" if len(widths) > 8 else ""
        )
        width = facts.given(
            TABLE_WIDTH.of(name),
            f"{align(sum(widths.values()))} B",
            f"its columns, aligned to 8: {listed}",
            origin="concluded",
        )
        row = facts.define(
            TABLE_ROW_SIZE.of(name), width + overhead, "B", "the columns and what the engine keeps with each row"
        )
        size = facts.define(TABLE_SIZE.of(name), rows * row / page_fill, "B", "the table without its indexes, today")
        grown = facts.define(
            TABLE_SIZE_AT_HORIZON.of(name), at_horizon * row / page_fill, "B", "the table without its indexes"
        )
        today.append(size)
        later.append(grown)
        if not draft.model.places.is_relational(table):
            facts.define(TABLE_ROW_STORED.of(name), row / page_fill, "B", "a row as it is stored; there is no index")
            continue
        entries: list[Fact] = []
        for key, entry in _entries(draft, name, table):
            index = facts.define(
                INDEX_SIZE.of(name, key),
                rows * entry / facts[INDEX_FILL],
                "B",
                "rows × (key aligned to 8 + overhead) ÷ fill",
            )
            in_indexes.append(index)
            entries.append(entry)
            later.append(at_horizon * entry / facts[INDEX_FILL])
        stored = row / page_fill + total(entries) / facts[INDEX_FILL] if entries else row / page_fill
        facts.define(TABLE_ROW_STORED.of(name), stored, "B", "a row with its entries in every index")
    if not today:
        return
    tables = facts.define(TABLES_SIZE, total(today), "B", "all tables today")
    if in_indexes:
        indexes = facts.define(INDEXES_SIZE, total(in_indexes), "B", "all indexes today")
        facts.define(SCHEMA_SIZE, tables + indexes, "B", "tables and indexes today")
    else:
        facts.define(SCHEMA_SIZE, tables, "B", "tables today; there is no index")
    facts.define(SCHEMA_SIZE_AT_HORIZON, total(later), "B", "tables and indexes at the horizon")


def _entries(draft: Draft, name: str, table: SchemaTable) -> Iterable[tuple[str, Fact]]:
    """The indexes of a table with the bytes of an entry, those behind the keys among them."""
    if table.primary_key:
        yield f"{name}_pkey", _entry(draft, table, table.primary_key)
    for key, unique in table.uniques.items():
        yield key, _entry(draft, table, unique.columns)
    for key, index in table.indexes.items():
        yield (
            key,
            _full_text_entry(draft, table, index)
            if index.method in list_full_text()
            else _entry(draft, table, (*index.columns, *index.include)),
        )


def _entry(draft: Draft, table: SchemaTable, columns: tuple[str, ...]) -> Fact:
    width = sum(width_of(table.columns[bare(one)]) if bare(one) in table.columns else 8.0 for one in columns)
    return _bytes(draft, align(width)) + draft.facts[ENTRY_OVERHEAD]


def _full_text_entry(draft: Draft, table: SchemaTable, index: Index) -> Fact:
    # a word and the blank behind it are about six bytes of text
    words = sum(max(1.0, width_of(table.columns[one]) / 6) for one in index.columns if one in table.columns)
    return draft.facts[WORD_BYTES] * round(words, 1)


def _bytes(draft: Draft, width: int) -> Fact:
    from archnb.fact import Fact as Made
    from archnb.quantity import Quantity, unit

    return Made(unit("B"), given=Quantity(float(width), float(width), unit("B")))
