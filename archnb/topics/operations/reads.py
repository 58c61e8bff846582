"""Reads: a page of rows in an order that leaves none out, what comes along with them, or what is computed over them."""

from __future__ import annotations

from collections import deque

from archnb.design.conditions import Inclusion
from archnb.model import Model
from archnb.model.aggregates import PERIODS, read_aggregate
from archnb.model.lookups import find_accesses
from archnb.planned.entities import AccessPattern
from archnb.planned.schema import ForeignKey, Schema
from archnb.planned.statements import (
    Aggregate,
    Column,
    Contains,
    Include,
    InPage,
    Join,
    Order,
    Output,
    Predicate,
    Read,
    Value,
    Walk,
)
from archnb.topics.operations.parts import Parts, conditions_of, pair

# types that have a distance, and no order
PLACES = ("point",)
_Way = list[tuple[str, ForeignKey, bool]]


def make_read(
    model: Model, schema: Schema, pattern: AccessPattern, most_included: int, own: tuple[str, ...]
) -> Read | None:
    """The read of an access pattern; None where its entity is in no relational store, or a search store answers it."""
    parts = Parts(model, schema, pattern.entity, own)
    if not parts.is_relational or (pattern.search and _is_searched_elsewhere(parts)):
        return None
    near = _find_near(parts, pattern)
    asked = pattern if near is None else _without_range(pattern)
    conditions = conditions_of(parts, asked)
    found = _search(parts, pattern)
    # the words follow what is given, before what is constant
    conditions += [] if found is None else [found]
    if pattern.aggregate:
        return _aggregate(parts, pattern, conditions)
    is_single = _is_single(parts, pattern)
    order = _order(parts, pattern, is_single=is_single, near=near)
    for table in parts.chain()[1:]:
        parts.reach(table)
    walk = _walk(parts, pattern)
    columns = list(parts.readable(pattern.returns))
    includes = [
        made
        for one in pattern.along
        if (made := _include(parts, pattern, one, columns, most_included, is_single=is_single)) is not None
    ]
    limit = 0 if is_single else pattern.limit
    is_ranked = found is not None and not pattern.sort
    is_paged = limit > 1 and bool(order) and not walk and not is_ranked and near is None
    following = tuple(parts.bind(one.column, "page", f"after_{one.column.column}") for one in order) if is_paged else ()
    return Read(
        table=parts.base, source=parts.base, entity=pattern.entity, columns=tuple(columns), joins=parts.joins,
        conditions=tuple(conditions), order=order, limit=limit, rows="one" if is_single else "many", following=following,
        includes=tuple(includes), walk=walk,
    )  # fmt: skip


def _is_searched_elsewhere(parts: Parts) -> bool:
    return any(parts.places.engine(one).serves("search") for one in parts.places.list_copies(parts.entity))


def _search(parts: Parts, pattern: AccessPattern) -> Predicate | None:
    places = [place for one in pattern.search if (place := parts.locate(one)) is not None]
    columns = tuple(parts.column(place.table, one, place.source) for place in places for one in place.columns)
    return Contains(columns=columns, value=parts.bind(columns[0], "caller", "search")) if columns else None


def _is_single(parts: Parts, pattern: AccessPattern) -> bool:
    """Whether what is given finds one row: the whole primary key, or a unique."""
    if pattern.depth or pattern.range or pattern.search:
        return False
    chain, given = parts.chain(), set[str]()
    constant = (one.field for one in pattern.where if one.comparison == "=")
    for one in (*pattern.by, *constant):
        place = parts.places.find_field(parts.entity, one)
        given |= set(place.columns) if place is not None and place.table in chain else set()
    return any(
        access.kind != "index" and not access.where and set(access.columns) <= given
        for name in chain
        for access in find_accesses(name, parts.table(name))
    )


# -- order


def _find_near(parts: Parts, pattern: AccessPattern) -> Column | None:
    """The column of a place that is given as a range: it has no less and no more, so what is meant is what is near."""
    place = parts.places.find_field(parts.entity, pattern.range) if pattern.range else None
    if place is None or place.path or parts.table(place.table).columns[place.columns[0]].type not in PLACES:
        return None
    return parts.column(place.table, place.columns[0])


def _without_range(pattern: AccessPattern) -> AccessPattern:
    from dataclasses import replace

    return replace(pattern, range="")


def _order(parts: Parts, pattern: AccessPattern, *, is_single: bool, near: Column | None) -> tuple[Order, ...]:
    """The order, ending in the primary key, so that no two rows are alike."""
    found: list[Order] = []
    if near is not None:
        found.append(Order(column=near, near=(parts.bind(near, "caller", near.column, field=pattern.range),)))
    for one in pattern.order:
        place = parts.locate(one.field)
        if place is not None:
            column = parts.first(place)
            is_nullable = parts.is_nullable(column)
            found.append(
                Order(
                    column=column, is_down=one.is_down, is_nullable=is_nullable, nulls=one.nulls if is_nullable else ""
                )
            )
    if (found or pattern.limit) and not is_single:
        is_down = found[-1].is_down if found else False
        # what is given is the same in every row
        given = {
            c
            for one in pattern.by
            if (at := parts.locate(one)) is not None and at.source == parts.base
            for c in at.columns
        }
        seen = {(one.column.source, one.column.column) for one in found} | {(parts.base, one) for one in given}
        key = parts.table(parts.base).primary_key
        found += [
            Order(column=parts.column(parts.base, one), is_down=is_down) for one in key if (parts.base, one) not in seen
        ]
    return tuple(found)


# -- what comes along


def _include(
    parts: Parts, pattern: AccessPattern, one: Inclusion, columns: list[Output], most: int, *, is_single: bool
) -> Include | None:
    """What comes along, as a read of its own by values of the page, so that no row is there twice."""
    wanted = parts.places.find_table(one.name)
    if (
        wanted is None
        or wanted not in parts.schema.tables
        or wanted == parts.base
        or not parts.schema.is_relational(wanted)
    ):
        return None
    way = _find_way(parts, wanted, one.via)
    if not way:
        return None
    first, key, is_forward = way[0]
    there = Parts(parts.model, parts.schema, one.name)
    if is_forward:
        parent = tuple(parts.column(parts.base, here) for here, _ in pair(parts.schema, key))
        step = tuple(there_name for _, there_name in pair(parts.schema, key))
    else:
        parent = tuple(parts.column(parts.base, name) for _, name in pair(parts.schema, key))
        step = tuple(name for name, _ in pair(parts.schema, key))
    for column in parent:
        # the page must hold what the rest is found by
        if column.column not in {output.label for output in columns}:
            columns.append(Output(column=column, label=column.column))
    base = first
    joins: list[Join] = []
    source, at = base, base
    for target, joined, forward in way[1:]:
        pairs = pair(parts.schema, joined)
        on = tuple(
            (there.column(at, a, source), there.column(target, b, target))
            if forward
            else (there.column(target, a, target), there.column(at, b, source))
            for a, b in pairs
        )
        joins.append(Join(table=target, source=target, on=on))
        source = at = target
    own = tuple(there.column(base, name) for name in step)
    values = tuple(
        Value(source="page", name=name, like=column, parameter=there.scope.name(name))
        for column, name in zip(
            own, [f"{base}_{c.column}" if len(way) == 1 and is_forward else c.column for c in own], strict=True
        )
    )
    rows = "one" if all(forward for _, _, forward in way) else "many"
    fields = parts.model.fields(one.name)
    # of what is wide, a list shows what tells one from another
    outputs = [
        Output(column=there.column(wanted, name), label=name, entity=one.name)
        for name, column in there.table(wanted).columns.items()
        if not (column.field in fields and fields[column.field].secret)
        and not (not is_single and rows == "one" and column.type in ("json", "bytes", "vector"))
    ]
    taken = {output.label for output in outputs}
    outputs += [
        Output(column=column, label=column.column if column.column not in taken else f"{column.table}_{column.column}")
        for column in own
        if column.table != wanted
    ]
    read = Read(
        table=base, source=base, entity=one.name, columns=tuple(outputs), joins=tuple(joins), conditions=(InPage(left=own, values=values),),
        order=tuple(
            Order(column=column)
            for column in dict.fromkeys((*own, *(there.column(wanted, name) for name in there.table(wanted).primary_key)))
        ) if rows == "many" else (),
        purpose=f"with {one.name}",
    )  # fmt: skip
    cap = most if rows == "many" and not is_single else 0
    return Include(
        name=one.name,
        entity=one.name,
        rows="one" if rows == "one" else "many",
        read=read,
        parent=parent,
        own=own,
        per_parent=cap,
    )


def _find_way(parts: Parts, wanted: str, via: str) -> _Way:
    """The steps (to, foreign key, whether along it) of the shortest way to a table, over the field that is said."""
    seen: dict[str, _Way] = {parts.base: []}
    queue = deque([parts.base])
    while queue:
        here = queue.popleft()
        if here == wanted:
            return seen[here]
        for there, key, is_forward in _neighbours(parts, here):
            if there == wanted and via and not _is_over(parts, here if is_forward else there, key, via):
                continue
            if there not in seen:
                seen[there] = [*seen[here], (there, key, is_forward)]
                queue.append(there)
    return []


def _is_over(parts: Parts, table: str, key: ForeignKey, via: str) -> bool:
    return any(parts.table(table).columns[one].field == via for one in key.columns)


def _neighbours(parts: Parts, table: str) -> list[tuple[str, ForeignKey, bool]]:
    tables = parts.schema.tables
    own = [(key.references, key, True) for key in tables[table].foreign_keys.values() if key.references in tables]
    back = [(name, key, False) for name, key in parts.schema.list_referring(table) if name != table]
    return [one for one in (*own, *back) if parts.schema.is_relational(one[0])]


# -- what is computed, and what is reached


def _aggregate(parts: Parts, pattern: AccessPattern, conditions: list[Predicate]) -> Read:
    name, over, by = read_aggregate(pattern.aggregate)
    groups: list[Column] = []
    period, time = "", tuple[Column, ...]()
    if by in PERIODS:
        at = _find_time(parts, pattern)
        period, time = (by, (at,)) if at is not None else ("", ())
    elif by is not None and (place := parts.locate(by)) is not None:
        groups += [parts.column(place.table, one, place.source) for one in place.columns]
    measured = tuple[Column, ...]()
    if over is not None and (place := parts.locate(over)) is not None:
        main = parts.first(place)
        measured = (main,)
        table = parts.table(place.table)
        groups += [
            parts.column(place.table, one, place.source)
            for one in place.columns
            if one != main.column and table.columns[one].type == "currency"
        ]
    elif name != "count":
        name = "count"
    ceiling = pattern.limit if name == "count" and not groups and not period else 0
    made = Aggregate(function=name, over=measured, groups=tuple(groups), period=period, time=time, ceiling=ceiling)  # type: ignore[arg-type]
    return Read(
        table=parts.base, source=parts.base, entity=parts.entity, columns=(), joins=parts.joins, conditions=tuple(conditions),
        limit=0 if ceiling else pattern.limit, aggregate=(made,),
    )  # fmt: skip


def _find_time(parts: Parts, pattern: AccessPattern) -> Column | None:
    names = [pattern.range] if pattern.range else []
    names += [name for name, one in parts.model.fields(parts.entity).items() if one.type in ("timestamp", "date")]
    for name in names:
        if (place := parts.locate(name)) is not None:
            return parts.column(place.table, place.columns[0], place.source)
    return None


def _walk(parts: Parts, pattern: AccessPattern) -> tuple[Walk, ...]:
    """What is reached within `depth` steps over a table that refers to itself, or over pairs of its rows; none where there is none."""
    key = parts.table(parts.base).primary_key
    if pattern.depth < 2 or len(key) != 1:
        return ()
    own = parts.column(parts.base, key[0])
    for one in parts.table(parts.base).foreign_keys.values():
        if one.references == parts.base and len(one.columns) == 1:
            # downwards: from the row that is referred to, to those that refer to it
            source, target = parts.column(parts.base, one.columns[0], "step"), parts.column(parts.base, key[0], "step")
            return (Walk(depth=pattern.depth, source=source, target=target, key=own),)
    single = [(name, one) for name, one in parts.schema.list_referring(parts.base) if len(one.columns) == 1]
    for name in dict.fromkeys(name for name, _ in single):
        back = [one for other, one in single if other == name]
        if len(back) == 2:
            source, target = (parts.column(name, one.columns[0]) for one in back)
            return (Walk(depth=pattern.depth, source=source, target=target, key=own),)
    return ()


__all__ = ["make_read"]
