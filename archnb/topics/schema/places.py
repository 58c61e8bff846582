"""Where things live in a completed schema: the table of an entity, the columns of a field, what an index can serve.

The index proposals, the rules and the query exporter ask the same questions; they are answered here once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archnb.design import Design
from archnb.design.entities import AccessPattern
from archnb.design.schema import Schema, SchemaTable
from archnb.design.technology import engine_of_store
from archnb.engines import Engine, list_engines
from archnb.naming import plural, snake
from archnb.topics.schema.names import quote_ansi


def bare(column: str) -> str:
    """The column's name without the '-' that says downwards."""
    return column[1:] if column.startswith("-") else column


def engine_of(schema: Schema, table: SchemaTable) -> Engine:
    """The engine of a table's store."""
    return engine_of_store(schema, table.store)


def is_relational(schema: Schema, table: SchemaTable) -> bool:
    """Whether a table is in a relational store."""
    return engine_of(schema, table).is_relational


def list_full_text() -> tuple[str, ...]:
    """The access methods that find words within texts, of the relational engines."""
    return tuple(one.full_text.method for one in list_engines("relational") if one.full_text is not None)


def table_of(schema: Schema, entity: str) -> str | None:
    """The name of the table an entity (or a relationship) is kept in, or None."""
    for name, table in schema.tables.items():
        if table.entity == entity:
            return name
    names = (entity, snake(entity), plural(snake(entity)))
    for name, table in schema.tables.items():
        if table.entity is None and name in names:
            return name
    return None


class Place(NamedTuple):
    """The columns of one table that hold a field, and the foreign keys passed on the way there."""

    table: str
    columns: tuple[str, ...]
    path: tuple[tuple[str, str], ...] = ()


def find_field(design: Design, entity: str, field: str) -> Place | None:
    """Where an entity's field lives: in its table, in a parent's, or one reference away (`customer.country`).

    `path` names (table, foreign key) for each join between the entity's table and the place.
    """
    schema = design.schema
    first, _, rest = field.lstrip("-").partition(".")
    start = table_of(schema, entity)
    if start is None:
        return None
    name: str | None = entity
    at = start
    path: tuple[tuple[str, str], ...] = ()
    seen: set[str] = set()
    while name is not None and name in design.entities and name not in seen:
        seen.add(name)
        here = table_of(schema, name)
        if here is None:
            return None
        if here != at:
            key = _key_between(schema, at, here)
            if key is None:
                return None
            path, at = (*path, (at, key)), here
        columns = _columns_of(schema.tables[here], first)
        if columns:
            # a shared primary key is found in the child's own table first
            if rest:
                return _follow(design, name, Place(here, columns, path), first, rest)
            return Place(here, columns, path)
        name = design.entities[name].extends
    if first == "id":
        table = schema.tables[start]
        return Place(start, table.primary_key) if table.primary_key else None
    return None


def _columns_of(table: SchemaTable, field: str) -> tuple[str, ...]:
    found = tuple(name for name, column in table.columns.items() if column.field == field)
    if found:
        return found
    for name in (field, snake(field), f"{snake(field)}_id", f"{snake(field)}_amount"):
        if name in table.columns and table.columns[name].field is None:
            return (name,)
    return ()


def _key_between(schema: Schema, source: str, target: str) -> str | None:
    keys = schema.tables[source].foreign_keys
    return next((name for name, key in keys.items() if key.references == target), None)


def _follow(design: Design, entity: str, place: Place, field: str, rest: str) -> Place | None:
    from archnb.design import fields_of

    own = fields_of(design, entity).get(field)
    if own is None or own.references is None:
        return None
    keys = design.schema.tables[place.table].foreign_keys
    key = next((name for name, one in keys.items() if set(one.columns) == set(place.columns)), None)
    there = find_field(design, own.references, rest)
    if key is None or there is None:
        return None
    return Place(there.table, there.columns, (*place.path, (place.table, key), *there.path))


class Demand(NamedTuple):
    """What an access pattern asks of one table: columns given exactly, then a range, then an order; or a text search."""

    table: str
    equal: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    search: tuple[str, ...] = ()


def key_column(table: SchemaTable, columns: Sequence[str]) -> str:
    """The one of a field's columns that is compared and sorted by: of money, the amount."""
    return next((one for one in columns if table.columns[one].type != "currency"), columns[0])


def find_demands(design: Design, pattern: AccessPattern) -> Iterator[Demand]:
    """What an access pattern asks of each table it filters or sorts: nothing where it reads by the whole primary key."""
    entity = pattern.reads or pattern.writes
    if entity is None or pattern.action == "create":
        return
    schema = design.schema
    equal: dict[str, list[str]] = {}
    for field in pattern.by:
        place = find_field(design, entity, field)
        if place is not None:
            given = place.columns if "." not in field and len(place.columns) > 1 else place.columns[:1]
            table = schema.tables[place.table]
            if any(table.columns[c].type == "currency" for c in given):
                given = (key_column(table, given),)
            equal.setdefault(place.table, []).extend(given)
    ordered: dict[str, list[str]] = {}
    fields = [*([pattern.range] if pattern.range else []), *pattern.sort]
    for n, field in enumerate(fields):
        place = find_field(design, entity, field)
        if place is None:
            continue
        column = key_column(schema.tables[place.table], place.columns)
        if pattern.range and n == 0:
            # the direction of the range column is that of a sort which begins with it
            is_sorted = bool(pattern.sort) and bare(pattern.sort[0]) == field
            down = is_sorted and pattern.sort[0].startswith("-")
            ordered.setdefault(place.table, []).append(("-" if down else "") + column)
            if not is_sorted:
                # behind a range no order is left for the sort to use
                break
        elif column not in [bare(one) for one in ordered.get(place.table, [])]:
            ordered.setdefault(place.table, []).append(("-" if field.startswith("-") else "") + column)
    search: dict[str, list[str]] = {}
    for field in pattern.search:
        place = find_field(design, entity, field)
        if place is not None:
            search.setdefault(place.table, []).extend(place.columns)
    for table_name in dict.fromkeys([*equal, *ordered, *search]):
        exactly = tuple(dict.fromkeys(equal.get(table_name, [])))
        rest = tuple(one for one in ordered.get(table_name, []) if bare(one) not in exactly)
        found = tuple(dict.fromkeys(search.get(table_name, [])))
        # what is given exactly in another table finds the rows; an order here alone would read them all
        if exactly or (rest and (pattern.range or not equal)):
            yield Demand(table_name, exactly, rest)
        if found:
            yield Demand(table_name, search=found)


def find_include_demands(design: Design, pattern: AccessPattern) -> Iterator[Demand]:
    """What the includes of a read ask of their tables: children are found by their parent's key, what is referred to by its own."""
    schema = design.schema
    base = table_of(schema, pattern.reads) if pattern.reads is not None else None
    if base is None:
        return
    for one in pattern.include:
        name = table_of(schema, one)
        if name is None or name == base:
            continue
        back = next((key for key in schema.tables[name].foreign_keys.values() if key.references == base), None)
        there = next((key for key in schema.tables[base].foreign_keys.values() if key.references == name), None)
        if there is not None:
            yield Demand(name, there.referenced or schema.tables[name].primary_key)
        elif back is not None:
            yield Demand(name, back.columns)


def is_served(demand: Demand, columns: Sequence[str]) -> bool:
    """Whether a b-tree over the columns serves a demand: its equal columns lead in any order, then its order follows.

    An index is read backwards as well as forwards, so an order that is reversed throughout is served too.
    """
    n = len(demand.equal)
    if len(columns) < n + len(demand.ordered) or {bare(one) for one in columns[:n]} != set(demand.equal):
        return False
    rest = tuple(columns[n : n + len(demand.ordered)])
    turned = tuple(one[1:] if one.startswith("-") else f"-{one}" for one in rest)
    return demand.ordered in (rest, turned)


class Access(NamedTuple):
    """One b-tree of a table: its name, columns, kind ('primary key', 'unique' or 'index') and condition."""

    name: str
    columns: tuple[str, ...]
    kind: str
    where: str | None = None


def find_accesses(name: str, table: SchemaTable) -> Iterator[Access]:
    """The b-trees of a table: primary key, uniques, indexes; those over part of the rows too."""
    if table.primary_key:
        yield Access(f"{name}_pkey", table.primary_key, "primary key")
    for key, unique in table.uniques.items():
        yield Access(key, unique.columns, "unique")
    for key, index in table.indexes.items():
        if index.method in (None, "btree"):
            yield Access(key, index.columns, "unique" if index.unique else "index", index.where)


def covers(access: Access, demand: Demand) -> bool:
    """Whether one b-tree serves a demand.

    A unique whose columns are all given finds its one row, whatever the order. A condition that only leaves out the
    NULLs of a column that is given leaves out no row that is asked for; any other one may.
    """
    if demand.search:
        # words within a text are found by no b-tree
        return False
    if access.where is not None:
        given = {*demand.equal, *(bare(one) for one in demand.ordered[:1])}
        if not any(access.where == is_given(one) for one in given):
            return False
    if access.kind != "index" and {bare(one) for one in access.columns} <= set(demand.equal):
        return True
    return is_served(demand, access.columns)


def is_given(column: str) -> str:
    """The condition of an index that leaves out the rows without a value."""
    return f"{quote_ansi(column)} IS NOT NULL"
