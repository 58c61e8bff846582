"""What an access pattern asks of the tables, and which b-tree of a table answers it.

The index proposals, the rules and the query exporter ask the same questions; they are answered here once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from archnb.design.conditions import Comparison, Inclusion, Sorting
from archnb.design.schema import ForeignKey
from archnb.engines import list_engines
from archnb.model.identifiers import quote_ansi
from archnb.model.places import Places


def bare(column: str) -> str:
    """The column's name without the '-' that says downwards."""
    return column[1:] if column.startswith("-") else column


def list_full_text() -> tuple[str, ...]:
    """The access methods that find words within texts, of the relational engines."""
    return tuple(one.full_text.method for one in list_engines("relational") if one.full_text is not None)


class Tree(Protocol):
    """A unique or an index, said or planned, as far as a look-up asks."""

    @property
    def columns(self) -> tuple[str, ...]: ...


class BTree(Tree, Protocol):
    """An index, said or planned, as far as a look-up asks."""

    @property
    def unique(self) -> bool | None: ...

    @property
    def where(self) -> str | None: ...

    @property
    def method(self) -> str | None: ...


class Typed(Protocol):
    """A column, said or planned, as far as a look-up asks."""

    @property
    def type(self) -> str | None: ...


class Tabular(Protocol):
    """A table, said or planned, as far as a look-up asks."""

    @property
    def columns(self) -> Mapping[str, Typed]: ...

    @property
    def primary_key(self) -> tuple[str, ...]: ...

    @property
    def uniques(self) -> Mapping[str, Tree]: ...

    @property
    def indexes(self) -> Mapping[str, BTree]: ...


class Use(Protocol):
    """An access pattern, said or planned, as far as a look-up asks; what it does not have is None or empty."""

    @property
    def reads(self) -> str | None: ...

    @property
    def writes(self) -> str | None: ...

    @property
    def action(self) -> str | None: ...

    @property
    def by(self) -> tuple[str, ...]: ...

    @property
    def range(self) -> str | None: ...

    @property
    def order(self) -> tuple[Sorting, ...]: ...

    @property
    def search(self) -> tuple[str, ...]: ...

    @property
    def along(self) -> tuple[Inclusion, ...]: ...

    @property
    def where(self) -> Sequence[Filtered]: ...


class Filtered(Protocol):
    """A constant filter, said or planned, as far as a look-up asks."""

    @property
    def field(self) -> str | None: ...

    @property
    def comparison(self) -> Comparison | None: ...

    @property
    def values(self) -> tuple[str, ...]: ...


class Demand(NamedTuple):
    """What an access pattern asks of one table: columns given exactly, then a range, then an order; or a text search.

    `missing` are columns that have no value in the rows that are asked for.
    """

    table: str
    equal: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def key_column(table: Tabular, columns: Sequence[str]) -> str:
    """The one of a field's columns that is compared and sorted by: of money, the amount."""
    return next((one for one in columns if table.columns[one].type != "currency"), columns[0])


def find_demands(places: Places, pattern: Use) -> Iterator[Demand]:
    """What an access pattern asks of each table it filters or sorts: nothing where it reads by the whole primary key."""
    entity = pattern.reads or pattern.writes
    if not entity or pattern.action == "create":
        return
    equal: dict[str, list[str]] = {}
    missing: dict[str, list[str]] = {}
    # what is constant in another table finds too few of its rows to begin there
    constant = [one.field for one in pattern.where if one.field and one.comparison == "=" and "." not in one.field]
    for one in pattern.where:
        place = places.find_field(entity, one.field or "") if one.comparison == "is missing" else None
        if place is not None and not place.path:
            missing.setdefault(place.table, []).append(key_column(places.tables[place.table], place.columns))
    for field in (*pattern.by, *constant):
        place = places.find_field(entity, field)
        if place is not None:
            given = place.columns if "." not in field and len(place.columns) > 1 else place.columns[:1]
            table = places.tables[place.table]
            if any(table.columns[c].type == "currency" for c in given):
                given = (key_column(table, given),)
            equal.setdefault(place.table, []).extend(given)
    ordered: dict[str, list[str]] = {}
    sort = [one.text for one in pattern.order]
    fields = [*([pattern.range] if pattern.range else []), *sort]
    for n, field in enumerate(fields):
        place = places.find_field(entity, field)
        if place is None:
            continue
        column = key_column(places.tables[place.table], place.columns)
        if pattern.range and n == 0:
            # the direction of the range column is that of a sort which begins with it
            is_sorted = bool(sort) and bare(sort[0]) == field
            down = is_sorted and sort[0].startswith("-")
            ordered.setdefault(place.table, []).append(("-" if down else "") + column)
            if not is_sorted:
                # behind a range no order is left for the sort to use
                break
        elif column not in [bare(one) for one in ordered.get(place.table, [])]:
            ordered.setdefault(place.table, []).append(("-" if field.startswith("-") else "") + column)
    search: dict[str, list[str]] = {}
    for field in pattern.search:
        place = places.find_field(entity, field)
        if place is not None:
            search.setdefault(place.table, []).extend(place.columns)
    for table_name in dict.fromkeys([*equal, *ordered, *search, *missing]):
        exactly = tuple(dict.fromkeys(equal.get(table_name, [])))
        # of rows that say of themselves that they are deleted most do not: no index finds those
        mark = getattr(places.tables.get(table_name), "soft_delete", None)
        absent = tuple(one for one in dict.fromkeys(missing.get(table_name, [])) if one != mark)
        rest = tuple(one for one in ordered.get(table_name, []) if bare(one) not in exactly)
        found = tuple(dict.fromkeys(search.get(table_name, [])))
        # what is given exactly in another table finds the rows; an order here alone would read them all
        if exactly or (rest and (pattern.range or not equal)) or (absent and not equal):
            # where something is given exactly too, that finds few rows already
            yield Demand(table_name, exactly, rest, missing=() if exactly else absent)
        if found:
            yield Demand(table_name, search=found)


def find_include_demands(places: Places, pattern: Use) -> Iterator[Demand]:
    """What the includes of a read ask of their tables: children are found by their parent's key, what is referred to by its own."""
    base = places.find_table(pattern.reads) if pattern.reads else None
    if base is None:
        return
    for one in pattern.along:
        name = places.find_table(one.name)
        if name is None or name == base:
            continue
        back = _find_key(places, name, base, one.via)
        there = _find_key(places, base, name, one.via)
        if there is not None:
            yield Demand(name, there.referenced or places.tables[name].primary_key)
        elif back is not None:
            yield Demand(name, back.columns)


def _find_key(places: Places, table: str, target: str, via: str) -> ForeignKey | None:
    """The foreign key from a table to another, over the field that is said."""
    keys = [key for key in places.tables[table].foreign_keys.values() if key.references == target]
    columns = places.tables[table].columns
    said = [key for key in keys if any(columns[one].field == via for one in key.columns if one in columns)]
    return next(iter(said if via else keys), None)


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


def find_accesses(name: str, table: Tabular) -> Iterator[Access]:
    """The b-trees of a table: primary key, uniques, indexes; those over part of the rows too."""
    if table.primary_key:
        yield Access(f"{name}_pkey", table.primary_key, "primary key")
    for key, unique in table.uniques.items():
        # one among some rows finds those alone
        yield Access(key, unique.columns, "unique", getattr(unique, "where", None) or None)
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
    if access.where:
        given = {*demand.equal, *(bare(one) for one in demand.ordered[:1])}
        absent = [one for one in demand.missing if access.where == is_missing(one)]
        if not absent and not any(access.where == is_given(one) for one in given):
            return False
    else:
        absent = []
    if demand.missing:
        # a column without a value is found as one with a certain value is, unless the index holds no other rows
        left = tuple(one for one in demand.missing if one not in absent)
        demand = demand._replace(equal=(*demand.equal, *left), missing=())
        if absent and not demand.equal and not demand.ordered:
            return True
    if access.kind != "index" and {bare(one) for one in access.columns} <= set(demand.equal):
        return True
    return is_served(demand, access.columns)


def is_missing(column: str) -> str:
    """The condition of an index that holds the rows without a value alone."""
    return f"{quote_ansi(column)} IS NULL"


def finds_points(table: Tabular, demand: Demand) -> bool:
    """Whether what is asked for lies near a point, and an index of rectangles serves it.

    Beside a point nothing else narrows the search: such an index is over the point alone.
    """
    points = {bare(one) for one in (*demand.equal, *demand.ordered) if table.columns[bare(one)].type == "point"}
    return any(
        one.method in ("gist", "spgist", "rtree", "spatial") and {*one.columns} & points
        for one in table.indexes.values()
    )


def is_given(column: str) -> str:
    """The condition of an index that leaves out the rows without a value."""
    return f"{quote_ansi(column)} IS NOT NULL"
