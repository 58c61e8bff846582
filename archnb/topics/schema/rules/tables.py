"""Rules about keys and indexes: tables, said or proposed, held against how they are used and how they grow."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from archnb.design.record import Named
from archnb.design.schema import Column, Schema, SchemaTable
from archnb.fact.keys.entities import ENTITY_ADDED
from archnb.fact.keys.schema import FEW_ROWS, FEW_VALUES, INDEX_SIZE, PARTITION_SIZE, TABLE_ROWS, TABLE_ROWS_AT_HORIZON
from archnb.finding import Hit, Rule, rule
from archnb.model.identifiers import is_reserved
from archnb.model.lookups import (
    Demand,
    covers,
    find_accesses,
    find_demands,
    finds_points,
)
from archnb.naming import snake
from archnb.quantity import MONTH, number, show
from archnb.topics.schema.partitions import is_partition, size_at_horizon
from archnb.topics.topic import Draft

# a table of so few rows is read as a whole as fast as by an index
# how many numbers an integer key has
KEY_SPACE = {"smallint": 2**15 - 1, "int": 2**31 - 1}


def iter_tables(draft: Draft) -> Iterator[tuple[str, SchemaTable]]:
    """The relational tables, said or proposed; the parts of a split one are looked at as the whole."""
    schema = draft.design.schema
    splits = Schema(tables=Named({name: one for name, one in schema.tables.items() if one.partition_by}))
    for name, table in schema.tables.items():
        if table.columns and draft.model.places.is_relational(table) and not is_partition(splits, name, table):
            yield name, table


def iter_said(draft: Draft) -> Iterator[tuple[str, SchemaTable]]:
    """The tables that were said in full: a proposed one has its name from its entity, and every artefact quotes it."""
    for name, table in iter_tables(draft):
        said = draft.said.schema.tables.get(name)
        if said is not None and said.columns:
            yield name, table


def _rows(draft: Draft, name: str) -> float:
    fact = TABLE_ROWS_AT_HORIZON.of(name)
    return draft.facts[fact].base if fact in draft.facts else 0.0


@rule(
    "schema-foreign-key-without-index", principle="performance", severity="medium",
    condition="No index of a table begins with the columns of one of its foreign keys.",
    effect="Every delete or key change in the table referred to reads this whole table, holding its locks, and joins from there do too.",
    remedy="Add an index that begins with the foreign key's columns.",
)  # fmt: skip
def foreign_key_without_index(draft: Draft) -> Iterator[Hit]:
    for name, table in iter_tables(draft):
        accesses = list(find_accesses(name, table))
        missing = [
            f"({', '.join(one.columns)}) → {one.references}"
            for one in table.foreign_keys.values()
            if one.columns and not any(covers(access, Demand(name, one.columns)) for access in accesses)
        ]
        if missing:
            rows = _rows(draft, name)
            evidence = f"no index for {', '.join(missing)}; {number(rows)} rows at the horizon"
            yield Hit(f"schema.tables.{name}", evidence, weight=rows * len(missing))


@rule(
    "schema-table-without-primary-key", principle="integrity", severity="high",
    condition="A table has columns and no primary key.",
    effect="The same row can be there twice, no other table can refer to one, and logical replication cannot update or delete it.",
    remedy="Add a primary key: the columns that identify a row, or a generated number.",
)  # fmt: skip
def table_without_primary_key(draft: Draft) -> Iterator[Hit]:
    for name, table in iter_tables(draft):
        if not table.primary_key:
            yield Hit(
                f"schema.tables.{name}",
                f"{len(table.columns)} column{'' if len(table.columns) == 1 else 's'}, no primary key",
            )


@rule(
    "schema-redundant-index", principle="performance", severity="low",
    condition="An index is the beginning of another one, of a unique or of the primary key.",
    effect="Every write keeps an index up to date that no query needs, and it takes memory from those that are.",
    remedy="Drop it; the longer one serves what it serves.",
)  # fmt: skip
def redundant_index(draft: Draft) -> Iterator[Hit]:
    for name, table in iter_tables(draft):
        accesses = list(find_accesses(name, table))
        for at, one in enumerate(accesses):
            if one.kind != "index" or one.name not in table.indexes or table.indexes[one.name].include:
                continue
            for n, other in enumerate(accesses):
                is_same = other.columns == one.columns and other.kind == "index"
                if n == at or (is_same and n > at) or other.where not in (None, one.where):
                    continue
                if other.columns[: len(one.columns)] == one.columns:
                    fact = INDEX_SIZE.of(name, one.name)
                    size = f"; {draft.facts[fact].text}" if fact in draft.facts else ""
                    yield Hit(
                        f"schema.tables.{name}.indexes.{one.name}",
                        f"({', '.join(one.columns)}) begins {other.name} ({', '.join(other.columns)}){size}",
                    )
                    break


@rule(
    "schema-nullable-column-in-unique", principle="integrity", severity="medium",
    condition="A unique over several columns has one that may be NULL.",
    effect="NULLs count as different, so rows that are alike in all other columns are let in again and again.",
    remedy="Make the column mandatory, or split the unique into one for the rows with and one for the rows without a value.",
)  # fmt: skip
def nullable_column_in_unique(draft: Draft) -> Iterator[Hit]:
    for name, table in draft.design.schema.tables.items():
        references = [set(key.columns) for key in table.foreign_keys.values()]
        for key, unique in table.uniques.items():
            columns = [one for one in unique.columns if one in table.columns]
            nullable = [one for one in columns if table.columns[one].nullable]
            is_one_field = len({table.columns[one].field or one for one in columns}) < 2
            if nullable and not is_one_field and set(columns) not in references:
                yield Hit(
                    f"schema.tables.{name}.uniques.{key}", f"({', '.join(columns)}) with {', '.join(nullable)} nullable"
                )


@rule(
    "schema-access-pattern-without-index", principle="performance", severity="high",
    condition="An access pattern finds rows of a table, and no index of it serves the pattern.",
    effect="Each call reads the whole table, and more of it every day.",
    remedy="Add an index: the columns given exactly first, then the range, then the order.",
)  # fmt: skip
def access_pattern_without_index(draft: Draft) -> Iterator[Hit]:
    tables = dict(iter_tables(draft))
    for pattern, one in draft.design.access.items():
        if pattern not in draft.said.access:
            continue
        for demand in find_demands(draft.model.places, one):
            table = tables.get(demand.table)
            rows = _rows(draft, demand.table)
            if table is None or rows < draft.facts[FEW_ROWS].base:
                continue
            wanted = ", ".join((*demand.equal, *demand.ordered, *demand.search))
            is_served = any(covers(access, demand) for access in find_accesses(demand.table, table))
            is_served = is_served or finds_points(table, demand)
            if demand.search:
                is_served = any(
                    set(index.columns) == set(demand.search) and index.method not in (None, "btree")
                    for index in table.indexes.values()
                )
                is_served = is_served or bool(draft.model.places.list_copies(one.reads))
            if not is_served:
                yield Hit(
                    f"access.{pattern}", f"{number(draft.model.traffic.measure(pattern))}/s over {number(rows)} rows at the horizon; no index on ({wanted}) of {demand.table}",
                    remedy=f"Add an index on {demand.table} ({wanted}).", weight=draft.model.traffic.measure(pattern) * rows,
                )  # fmt: skip


def _share_of(table: SchemaTable, columns: Sequence[str]) -> float:
    """Which share of the rows each value of some columns has, where all are flags or have listed words; 0 for any other."""
    share = 1.0
    for column in (table.columns.get(one.lstrip("-")) for one in columns):
        if column is None or (column.type != "bool" and not column.values):
            return 0.0
        share /= 2 if column.type == "bool" else len(column.values)
    return share


@rule(
    "schema-index-of-few-values", principle="performance", severity="low",
    condition="A large table is read by a flag, or by a field of two or three words, and by nothing else.",
    effect="The index over it costs more than it gives: each value has so many rows that a planner reads the whole table, and"
    " every write keeps the index up to date.",
    remedy="Say what else the rows are found by or in which order they are read, or say the one value as `where` and index those rows alone.",
)  # fmt: skip
def index_of_few_values(draft: Draft) -> Iterator[Hit]:
    tables = dict(iter_tables(draft))
    for pattern, one in draft.design.access.items():
        for demand in find_demands(draft.model.places, one):
            table, rows = tables.get(demand.table), _rows(draft, demand.table)
            if table is None or not demand.equal or demand.ordered or rows < draft.facts[FEW_ROWS].base:
                continue
            share = _share_of(table, demand.equal)
            found = [name for name, index in table.indexes.items() if set(index.columns) == set(demand.equal)]
            if share > draft.facts[FEW_VALUES].base and found:
                evidence = f"{found[0]} over ({', '.join(demand.equal)}) of {demand.table}: about 1 of {1 / share:.0f} of {number(rows)} rows has each value"
                yield Hit(f"access.{pattern}", evidence, weight=rows)


@rule(
    "schema-column-of-another-field", principle="integrity", severity="high",
    condition="A column has the name of one field of its entity and holds another.",
    effect="Whoever writes SQL by the names reads and changes the wrong values, and nothing fails.",
    remedy="Map the column to the field whose name it has, or give it a name of its own.",
)  # fmt: skip
def column_of_another_field(draft: Draft) -> Iterator[Hit]:
    for name, table in iter_said(draft):
        fields = draft.model.fields(table.entity or "")
        by_column = {
            form: field for field in fields for form in (snake(field), f"{snake(field)}_id", f"{snake(field)}_amount")
        }
        for column, one in table.columns.items():
            meant = by_column.get(snake(column))
            if one.field is not None and meant is not None and one.field in fields and one.field != meant:
                line = f"schema.tables.{name}.columns.{column}.field: {meant}"
                yield Hit(
                    f"schema.tables.{name}.columns.{column}",
                    f"{column} holds {one.field}, and {table.entity} has a field {meant}; write {line}",
                )


@rule(
    "schema-hot-table-unpartitioned", principle="scalability", severity="medium",
    condition="A table passes the size up to which one table is handy, and is not partitioned.",
    effect="Vacuum, index builds and backups of it take hours, and old rows can only be deleted one by one.",
    remedy="Partition it: by time where old rows go, else by a hash of its key.",
)  # fmt: skip
def hot_table_unpartitioned(draft: Draft) -> Iterator[Hit]:
    limit = draft.facts[PARTITION_SIZE]
    for name, table in iter_tables(draft):
        size = size_at_horizon(draft, table)
        if size > limit.base and not table.partition_by and draft.model.places.engine_of(table).has("partitions"):
            evidence = f"{show(size / limit.unit.factor, limit.unit)} at the horizon, above {limit.text}"
            # every unique key must hold the column by which a table is split
            apart = [key for key, one in table.uniques.items() if not set(table.primary_key) & set(one.columns)]
            remedy = (
                f"Partition it; for that, keep {', '.join(apart)} in a table of its own, or archive old rows instead."
            )
            yield Hit(f"schema.tables.{name}", evidence, remedy=remedy if apart else "", weight=size)


def _width_of_key(column: Column) -> str | None:
    """The integer type of a key column that can run out, the engine's own word first."""
    native = (column.native or "").lower()
    if re.match(r"(smallint|int2|smallserial)\b", native):
        return "smallint"
    if re.match(r"(int|integer|int4|serial|mediumint)\b", native):
        return "int"
    return column.type if not native and column.type in KEY_SPACE else None


@rule(
    "schema-key-too-small", principle="reliability", severity="high",
    condition="A table has more rows at the horizon than its integer key has numbers.",
    effect="On the day the numbers run out every insert fails, and widening the key rewrites the table under a lock.",
    remedy="Make the key a bigint now, and every column that refers to it.",
)  # fmt: skip
def key_too_small(draft: Draft) -> Iterator[Hit]:
    for name, table in draft.design.schema.tables.items():
        if (
            len(table.primary_key) != 1
            or table.primary_key[0] not in table.columns
            or not draft.model.places.is_relational(table)
        ):
            continue
        column = table.columns[table.primary_key[0]]
        entity = draft.design.entities.get(table.entity or "")
        field = entity.fields.get(column.field or table.primary_key[0]) if entity is not None else None
        if field is not None and field.type in KEY_SPACE:
            # a field said to be so small is a limit of the whole system, which the scaling section counts
            continue
        # a key that refers to another table's runs out there
        if any(key.columns == table.primary_key for key in table.foreign_keys.values()):
            continue
        kind = _width_of_key(column)
        rows = _rows(draft, name)
        if kind is not None and rows > KEY_SPACE[kind]:
            growth = ENTITY_ADDED.of(table.entity or "")
            when = ""
            if growth in draft.facts and draft.facts[growth].base > 0:
                left = KEY_SPACE[kind] - draft.facts[TABLE_ROWS.of(name)].base
                when = f"; at {draft.facts[growth].text} they run out in {number(max(0.0, left / draft.facts[growth].base / MONTH), 2)} months"
            yield Hit(
                f"schema.tables.{name}.columns.{table.primary_key[0]}",
                f"{kind}: {KEY_SPACE[kind]:,} numbers for {number(rows)} rows at the horizon{when}",
            )


def _plain_type(column: Column) -> str:
    if column.native:
        word = re.sub(r"\s*\(.*", "", column.native.lower()).strip()
        synonyms = {"int4": "integer", "int": "integer", "serial": "integer", "int8": "bigint", "bigserial": "bigint", "int2": "smallint",
                    "smallserial": "smallint", "varchar": "character varying", "character": "char", "bpchar": "char"}  # fmt: skip
        return synonyms.get(word, word)
    return {"key": "bigint", "int": "integer"}.get(column.type or "", column.type or "")


@rule(
    "schema-foreign-key-type-differs", principle="integrity", severity="medium",
    condition="A foreign key's column has another type than the column it refers to.",
    effect="MySQL refuses the key; PostgreSQL converts on every join, and a value that fits on one side may not on the other.",
    remedy="Give both columns the same type.",
)  # fmt: skip
def foreign_key_type_differs(draft: Draft) -> Iterator[Hit]:
    tables = draft.design.schema.tables
    for name, table in iter_tables(draft):
        differing = []
        for one in table.foreign_keys.values():
            other = tables.get(one.references or "")
            if other is None:
                continue
            for here, there in zip(one.columns, one.referenced or other.primary_key, strict=False):
                if here not in table.columns or there not in other.columns:
                    continue
                a, b = table.columns[here], other.columns[there]
                if bool(a.native) == bool(b.native) and _plain_type(a) != _plain_type(b):
                    differing.append(f"{here} is {_plain_type(a)}, {one.references}.{there} is {_plain_type(b)}")
        if differing:
            yield Hit(f"schema.tables.{name}", "; ".join(differing), weight=_rows(draft, name))


@rule(
    "schema-timestamp-without-time-zone", principle="integrity", severity="medium",
    condition="A table has columns that are timestamps without time zone, on an engine that has them with it.",
    effect="The instant they mean depends on the session that wrote it; at the change of summer time it is wrong by an hour.",
    remedy="Make them timestamptz (timestamp with time zone); it takes the same 8 bytes.",
)  # fmt: skip
def timestamp_without_time_zone(draft: Draft) -> Iterator[Hit]:
    for name, table in draft.design.schema.tables.items():
        if not draft.model.places.engine_of(table).has("zoned timestamps"):
            continue
        bare = [
            one
            for one, column in table.columns.items()
            if re.fullmatch(r"timestamp\s*(\(\d\))?(\s+without time zone)?", (column.native or "").strip().lower())
        ]
        if bare:
            yield Hit(
                f"schema.tables.{name}", f"without time zone: {', '.join(bare)}", weight=_rows(draft, name) * len(bare)
            )


@rule(
    "schema-cycle-of-mandatory-references", principle="integrity", severity="medium",
    condition="Tables refer to each other in a circle of mandatory foreign keys.",
    effect="No first row can ever be inserted without deferring the check, nor the last one removed.",
    remedy="Make one reference of the circle optional, or move it into a table of its own.",
)  # fmt: skip
def cycle_of_mandatory_references(draft: Draft) -> Iterator[Hit]:
    tables = draft.design.schema.tables
    ways: dict[str, list[tuple[str, str]]] = {}
    for name, table in tables.items():
        for key, one in table.foreign_keys.items():
            if (
                one.references in tables
                and one.columns
                and not any(table.columns[c].nullable for c in one.columns if c in table.columns)
            ):
                ways.setdefault(name, []).append((one.references or "", key))
    seen: set[frozenset[str]] = set()
    for start in _list_circular(ways):
        circle = _find_circle(ways, start)
        if circle and frozenset(circle) not in seen:
            seen.add(frozenset(circle))
            key = next(key for there, key in ways[circle[0]] if there == circle[1 % len(circle)])
            yield Hit(f"schema.tables.{circle[0]}.foreign_keys.{key}", " → ".join([*circle, circle[0]]))


def _list_circular(ways: Mapping[str, list[tuple[str, str]]]) -> list[str]:
    """The tables that may be in a circle: what is left when those that lead nowhere, or are led to by none, are taken out."""
    targets = {name: {there for there, _ in found} for name, found in ways.items()}
    sources: dict[str, set[str]] = {}
    for name, found in targets.items():
        for there in found:
            sources.setdefault(there, set()).add(name)
    for forwards, backwards in ((targets, sources), (sources, targets)):
        left = [name for name in {*targets, *sources} if not forwards.get(name)]
        while left:
            name = left.pop()
            for other in backwards.pop(name, set()):
                if other in forwards:
                    forwards[other].discard(name)
                    if not forwards[other]:
                        left.append(other)
            forwards.pop(name, None)
    return [name for name in ways if name in targets and name in sources]


def _find_circle(ways: Mapping[str, list[tuple[str, str]]], start: str) -> list[str]:
    """The shortest circle from a table back to it, empty where there is none."""
    came: dict[str, str | None] = {start: None}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for there, _ in ways.get(here, []):
            if there == start:
                found: list[str] = []
                at: str | None = here
                while at is not None:
                    found.append(at)
                    at = came[at]
                return found[::-1]
            if there not in came:
                came[there] = here
                queue.append(there)
    return []


@rule(
    "schema-reserved-word-name", principle="maintainability", severity="low",
    condition="A table or column that was said has a reserved word for its name.",
    effect="Every query that is written by hand must quote it, and the one that does not fails or means something else.",
    remedy="Choose another word.",
)  # fmt: skip
def reserved_word_name(draft: Draft) -> Iterator[Hit]:
    for name, table in iter_said(draft):
        words = [one for one in (name, *table.columns) if is_reserved(one)]
        if words:
            yield Hit(f"schema.tables.{name}", ", ".join(words))


@rule(
    "schema-name-too-long", principle="maintainability", severity="low",
    condition="A name that was said is longer than its engine keeps, which cuts it (PostgreSQL: 63 bytes).",
    effect="The engine cuts it without an error; two names that begin alike become one, and scripts that use the whole name miss it.",
    remedy="Shorten it.",
)  # fmt: skip
def name_too_long(draft: Draft) -> Iterator[Hit]:
    for name, table in iter_said(draft):
        kept = draft.model.places.engine_of(table).identifier
        if kept is None or not kept.cuts:
            continue
        for one in (name, *table.columns, *table.indexes, *table.foreign_keys, *table.uniques, *table.checks):
            if len(one.encode()) > kept.length:
                yield Hit(f"schema.tables.{name}", f"{one!r}: {len(one.encode())} bytes")


@rule(
    "schema-truth-without-durability", principle="reliability", severity="high",
    condition="A store whose engine forgets what it acknowledged is the only one that holds an entity.",
    effect="After a restart or a full memory rows are gone that callers were told are kept, and no other store has them.",
    remedy="Hold the entity in a durable store and keep a copy here, or cache its reads; where losing it is meant, accept the finding.",
)  # fmt: skip
def truth_without_durability(draft: Draft) -> Iterator[Hit]:
    schema = draft.design.schema
    for name, store in schema.stores.items():
        engine = draft.model.places.engine(name)
        if store.holds and not engine.has("durability"):
            held = f"{', '.join(store.holds[:4])}{' …' if len(store.holds) > 4 else ''}"
            yield Hit(f"schema.stores.{name}.engine", f"{engine.label} holds {held}")


RULES: Sequence[Rule] = (
    foreign_key_without_index,
    table_without_primary_key,
    redundant_index,
    nullable_column_in_unique,
    access_pattern_without_index,
    index_of_few_values,
    column_of_another_field,
    hot_table_unpartitioned,
    key_too_small,
    foreign_key_type_differs,
    timestamp_without_time_zone,
    cycle_of_mandatory_references,
    reserved_word_name,
    name_too_long,
    truth_without_durability,
)

__all__ = ["RULES", "iter_said"]
