"""What jobs do to rows that nobody asks for, as statements: states that end, messages that are sent or taken back, periods that are made.

Each takes its rows past those that another worker holds, and changes a row only where it is still as it was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from archnb.design.conditions import Assignment as SaidAssignment
from archnb.design.conditions import Filter as SaidFilter
from archnb.design.conditions import read_value
from archnb.model import Model, Upkeep
from archnb.model import write_words as words_of
from archnb.naming import snake
from archnb.planned.entities import AccessPattern, Filter
from archnb.planned.schema import Schema, Table
from archnb.planned.statements import (
    Assignment,
    Column,
    Condition,
    Delete,
    Exists,
    Guard,
    Insert,
    Missing,
    Order,
    Predicate,
    Procedure,
    Read,
    Statement,
    Update,
    Value,
)
from archnb.topics.operations.parts import Parts, conditions_of, pair


def make_upkeep(model: Model, schema: Schema, one: Upkeep, most: int) -> Procedure | None:
    """The statements of one work on rows; None where its entity is in no relational store, or no statement says it.

    most: how many rows are taken at once.
    """
    parts = Parts(model, schema, one.entity)
    if not parts.is_relational or len(parts.chain()) != 1:
        return None
    made: Iterable[Statement] = ()
    if one.kind == "expire" and one.pattern is not None:
        made = [_expire(model, schema, parts, one)]
    elif one.kind == "deliver":
        made = _deliver(model, schema, one, most)
    elif one.kind == "withdraw":
        made = [_withdraw(parts, one)]
    elif one.kind == "renew":
        made = _renew(model, schema, one, most)
    found = tuple(made)
    return Procedure(statements=found) if found else None


def _pattern(one: Upkeep, *more: SaidFilter) -> AccessPattern:
    """The rows that it is about, as the conditions are made from."""
    said = one.pattern.where if one.pattern is not None else ()
    where = tuple(
        Filter(field=each.field or "", comparison=each.comparison or "=", values=each.values) for each in (*said, *more)
    )
    by = one.pattern.by if one.pattern is not None and one.kind == "withdraw" else ()
    return AccessPattern(kind="update", entity=one.entity, where=where, by=by, consistency="strong")


def _expire(model: Model, schema: Schema, parts: Parts, one: Upkeep) -> Update:
    conditions: list[Predicate] = conditions_of(parts, _pattern(one))
    if one.absent and (absent := _find_absent(model, schema, parts, one.absent)) is not None:
        conditions.append(absent)
    assert one.pattern is not None
    assignments = [made for each in one.pattern.sets if (made := _assign(parts, each)) is not None]
    still = conditions[:1]
    return Update(
        table=parts.base, entity=one.entity, assignments=(*assignments, *_touch(parts, assignments)), conditions=tuple(conditions),
        rows="many", guards=tuple(Guard(kind="state", predicate=each, reason="the row is still in the state that ends") for each in still),
        purpose="end what nobody came for",
    )  # fmt: skip


def _find_absent(model: Model, schema: Schema, parts: Parts, entity: str) -> Exists | None:
    """No row of an entity refers to the one that is changed."""
    table = model.places.find_table(entity)
    if table is None or table not in schema.tables:
        return None
    key = next((each for each in schema.tables[table].foreign_keys.values() if each.references == parts.base), None)
    if key is None:
        return None
    other = Parts(model, schema, entity)
    conditions = []
    for here, there in pair(schema, key):
        own = parts.column(parts.base, there)
        value = Value(source="row", name=own.column, like=own, column=(own,))
        conditions.append(Condition(left=other.column(table, here), operator="=", value=value))
    return Exists(table=table, source=table, conditions=tuple(conditions), is_absent=True)


def _assign(parts: Parts, one: SaidAssignment) -> Assignment | None:
    place = parts.locate(one.field or "")
    if place is None:
        return None
    column = parts.column(place.table, place.columns[0])
    text = read_value(one.value or "missing")
    value = parts.now(column) if text.kind == "now" else Value(source="constant", name=text.text, like=column)
    return Assignment(column=column, value=value)


def _touch(parts: Parts, assigned: list[Assignment]) -> list[Assignment]:
    """The version that is counted up and the moment of the last change, where the row has them."""
    made = []
    taken = {one.column.column for one in assigned}
    for name, about in parts.table(parts.base).columns.items():
        column = parts.column(parts.base, name)
        if name in words_of.VERSIONS and about.type in ("int", "bigint", "smallint") and name not in taken:
            made.append(Assignment(column=column, value=Value(source="constant", name="1", like=column, sign="+")))
        elif about.type == "timestamp" and name not in taken and words_of.is_moment_of_change(name):
            made.append(Assignment(column=column, value=parts.now(column)))
    return made


def _take(parts: Parts, one: Upkeep, pattern: AccessPattern, moment: str, most: int, purpose: str) -> Read:
    """The rows that come next, held until they are done; those that another worker holds are passed by."""
    conditions = conditions_of(parts, pattern)
    place = parts.locate(moment)
    order = (Order(column=parts.first(place)),) if place is not None else ()
    return Read(
        table=parts.base, source=parts.base, entity=one.entity, columns=parts.readable(), joins=parts.joins,
        conditions=tuple(conditions), order=order, limit=most, lock="update", skip_locked=True, purpose=purpose, name=parts.base,
    )  # fmt: skip


def _by_key(parts: Parts) -> list[Predicate]:
    """The row that was read before, by its key."""
    key = parts.table(parts.base).primary_key
    columns = [parts.column(parts.base, name) for name in key]
    return [Condition(left=each, operator="=", value=_of_row(parts, each, each.column, each)) for each in columns]


def _of_row(parts: Parts, like: Column, name: str, origin: Column) -> Value:
    """A value of a row that was taken before."""
    made = parts.bind(like, "row", name, text=origin.column)
    return replace(made, origin=f"{origin.table}.{origin.column}")


def _deliver(model: Model, schema: Schema, one: Upkeep, most: int) -> Iterable[Statement]:
    """What is due and still stands is taken, sent, and marked, where nobody has marked it meanwhile."""
    notice = model.upkeeps.find_notice(one.entity)
    if notice is None:
        return
    due = SaidFilter(field=one.moment, comparison="<=", values=("now",))
    stands: tuple[SaidFilter, ...] = ()
    if notice.about is not None and notice.living:
        field = f"{notice.about.field}.{notice.state}"
        stands = (SaidFilter(field=field, comparison="in", values=notice.living),)
    yield _take(
        Parts(model, schema, one.entity),
        one,
        _pattern(one, due, *stands),
        one.moment,
        most,
        "take what is due and still stands",
    )
    parts = Parts(model, schema, one.entity)
    place = parts.locate(notice.sent)
    if place is None:
        return
    column = parts.first(place)
    missing = Missing(left=column)
    yield Update(
        table=parts.base, entity=one.entity, assignments=(Assignment(column=column, value=parts.now(column)),),
        conditions=(*_by_key(parts), missing),
        guards=(Guard(kind="state", predicate=missing, reason="nobody has sent it meanwhile"),), purpose="mark it as sent", each=parts.base,
    )  # fmt: skip


def _withdraw(parts: Parts, one: Upkeep) -> Delete:
    pattern = _pattern(one)
    conditions: list[Predicate] = []
    place = parts.locate(one.about)
    if place is not None:
        key = next(
            each for each in parts.table(place.table).foreign_keys.values() if {*place.columns} <= {*each.columns}
        )
        for name, there in pair(parts.schema, key):
            column = parts.column(place.table, name)
            value = _of_row(parts, column, name, parts.column(key.references, there))
            conditions.append(Condition(left=column, operator="=", value=value))
    conditions += [each for filter in pattern.where for each in parts.filtered(filter)]
    return Delete(
        table=parts.base,
        entity=one.entity,
        conditions=tuple(conditions),
        rows="many",
        purpose="take back what is not sent yet",
    )


def _renew(model: Model, schema: Schema, one: Upkeep, most: int) -> Iterable[Statement]:
    """What comes due is taken; its row of the period is made, which the engine refuses a second time; the period moves on."""
    parts = Parts(model, schema, one.entity)
    state = model.states.find_field(one.entity)
    due = SaidFilter(field=one.moment, comparison="<=", values=("now",))
    living: tuple[SaidFilter, ...] = ()
    if state is not None:
        values = model.fields(one.entity)[state].values
        kept = tuple(word for word in values if not words_of.ENDS.search(snake(word)))
        if 0 < len(kept) < len(values):
            living = (SaidFilter(field=state, comparison="in", values=kept),)
    yield _take(
        parts, one, _pattern(one, due, *living), one.moment, most, "take what has come to the end of its period"
    )
    made = Parts(model, schema, one.target)
    reference, start = one.unique
    if not made.is_relational or len(made.chain()) != 1:
        return
    moment = parts.first(place) if (place := parts.locate(one.moment)) is not None else None
    yield _bill(model, schema, made, parts, reference, start, moment.column if moment is not None else "")
    if moment is None:
        return
    on = Parts(model, schema, one.entity)
    same = Condition(left=moment, operator="=", value=_of_row(on, moment, f"read_{moment.column}", moment))
    moved = [Assignment(column=moment, value=on.bind(moment, "server", f"new_{moment.column}", text="computed"))]
    begun = next((n for n in on.table(on.base).columns if n in _starts(moment.column)), None)
    if begun is not None:
        column = on.column(on.base, begun)
        moved.append(Assignment(column=column, value=_of_row(on, column, f"new_{begun}", moment)))
    yield Update(
        table=on.base, entity=one.entity, assignments=(*moved, *_touch(on, moved)), conditions=(*_by_key(on), same),
        guards=(Guard(kind="state", predicate=same, reason="the period is still the one that was read"),), purpose="move the period on", each=on.base,
    )  # fmt: skip


def _starts(end: str) -> set[str]:
    """What the beginning of a period is called whose end is called so."""
    return {end.replace("end", "start"), end.replace("ends", "starts"), end.replace("_to", "_from")} - {end}


def _bill(model: Model, schema: Schema, made: Parts, parts: Parts, reference: str, start: str, moment: str) -> Insert:
    """The row of the period: of whom and from when as they were read, the rest made by the server."""
    table = made.table(made.base)
    key = next(
        (
            each
            for each in table.foreign_keys.values()
            if each.references == parts.base and _is_of(table, each.columns, reference)
        ),
        None,
    )
    from_row = dict(pair(schema, key)) if key is not None else {}
    for each in table.foreign_keys.values():
        # what both belong to is the same: the tenant
        if each.references == parts.base:
            from_row |= dict(zip(each.columns, each.referenced, strict=True))
    assignments = []
    for name, about in table.columns.items():
        column = made.column(made.base, name)
        if name in from_row:
            value = _of_row(made, column, f"new_{name}", parts.column(parts.base, from_row[name]))
        elif about.field == start:
            value = _of_row(made, column, f"new_{name}", parts.column(parts.base, moment))
        elif about.is_generated or about.nullable or (about.default and name not in table.primary_key):
            continue
        elif about.type == "timestamp" and words_of.is_moment_of_making(name):
            value = made.now(column)
        elif about.values and words_of.STATES & {*name.split("_")}:
            value = Value(source="constant", name=about.values[0], like=column)
        else:
            text = "generated" if name in table.primary_key else "computed"
            value = made.bind(column, "server", f"new_{name}", text=text)
        assignments.append(Assignment(column=column, value=value))
    return Insert(
        table=made.base,
        entity=made.entity,
        assignments=tuple(assignments),
        purpose=f"make the {made.entity} of the period",
        each=parts.base,
    )


def _is_of(table: Table, columns: tuple[str, ...], field: str) -> bool:
    return any(table.columns[each].field == field for each in columns)


__all__ = ["make_upkeep"]
