"""Erasing somebody's data, as statements: rows that go, rows that stay without what is personal, in the order that the engine takes."""

from __future__ import annotations

from collections.abc import Iterator

from archnb.model import Model
from archnb.model.erasure import Erasure, Step
from archnb.planned.schema import Schema
from archnb.planned.statements import (
    Assignment,
    Condition,
    Delete,
    Exists,
    Predicate,
    Statement,
    Update,
    Value,
)
from archnb.topics.operations.parts import Parts, pair


def make_erasure(model: Model, schema: Schema, erasure: Erasure) -> list[Statement]:
    """The statements of an erasure; what the engine does by itself, with the row referred to, needs none."""
    found: list[Statement] = []
    for step in erasure.steps:
        if step.relationship:
            found += _cut(model, schema, erasure, step)
        elif not step.is_along and (made := _take(model, schema, erasure, step)) is not None:
            found.append(made)
    return found


def _take(model: Model, schema: Schema, erasure: Erasure, step: Step) -> Statement | None:
    parts = Parts(model, schema, step.entity)
    if not parts.is_relational:
        return None
    conditions = list(_reach(model, schema, erasure, step, parts))
    purpose = "" if not step.way and step.entity == erasure.entity else f"erase {step.entity}"
    if step.fate == "delete":
        # the parent's row goes, and the child's with it
        table = parts.chain()[-1] if not step.way else parts.base
        return Delete(
            table=table,
            entity=step.entity,
            conditions=_on(parts, table, conditions),
            rows="many" if step.way else "one",
            purpose=purpose,
        )
    assignments = []
    table = parts.base
    for field in step.fields:
        place = parts.places.find_field(step.entity, field)
        if place is None or place.path:
            # what a more general table holds is overwritten by a step of its own
            continue
        for name in place.columns:
            column = parts.column(table, name)
            text = "missing" if step.fate == "detach" or parts.table(table).columns[name].nullable else "placeholder"
            assignments.append(Assignment(column=column, value=Value(source="server", name=text, like=column)))
    if not assignments:
        return None
    rows = "many" if step.way else "one"
    return Update(
        table=table,
        entity=step.entity,
        assignments=tuple(assignments),
        conditions=tuple(conditions),
        rows="many" if rows == "many" else "one",
        purpose=purpose,
    )


def _on(parts: Parts, table: str, conditions: list[Predicate]) -> tuple[Predicate, ...]:
    """The conditions of a row's key on the table of what it extends, which shares the key."""
    if table == parts.base:
        return tuple(conditions)
    made: list[Predicate] = []
    for one in conditions:
        if isinstance(one, Condition):
            at = parts.table(parts.base).primary_key.index(one.left.column)
            column = parts.column(table, parts.table(table).primary_key[at])
            made.append(Condition(left=column, operator="=", value=one.value))
    return tuple(made)


def _reach(model: Model, schema: Schema, erasure: Erasure, step: Step, parts: Parts) -> Iterator[Predicate]:
    """The rows of a step: the row itself by its key, or those from which the references of the way lead to it."""
    whom = model.places.find_table(erasure.entity) or ""
    key = schema.tables[whom].primary_key
    given = {name: parts.bind(Parts(model, schema, erasure.entity).column(whom, name), "caller", name) for name in key}
    if not step.way:
        for here, name in zip(parts.table(parts.base).primary_key, key, strict=False):
            yield Condition(left=parts.column(parts.base, here), operator="=", value=given[name])
        return
    yield from _follow(model, schema, parts, parts.base, parts.base, step, 0, given)


def _follow(
    model: Model, schema: Schema, parts: Parts, table: str, source: str, step: Step, at: int, given: dict[str, Value]
) -> Iterator[Predicate]:
    reference = step.way[at]
    place = model.places.find_field(reference.entity, reference.field)
    if place is None:
        return
    foreign = next(
        (one for one in schema.tables[place.table].foreign_keys.values() if {*place.columns} <= {*one.columns}), None
    )
    if foreign is None:
        return
    pairs = pair(schema, foreign)
    if at == len(step.way) - 1:
        for here, there in pairs:
            if there in given:
                yield Condition(left=parts.column(table, here, source), operator="=", value=given[there])
        return
    target = foreign.references
    alias = target if target != source and at == 0 and target != parts.base else f"way_{at}"
    joined = tuple(
        Condition(
            left=parts.column(target, there, alias),
            operator="=",
            value=Value(
                source="row",
                name=here,
                like=parts.column(target, there, alias),
                column=(parts.column(table, here, source),),
            ),
        )
        for here, there in pairs
    )
    inner = tuple(_follow(model, schema, parts, target, alias, step, at + 1, given))
    yield Exists(table=target, source=alias, conditions=(*joined, *inner))


def _cut(model: Model, schema: Schema, erasure: Erasure, step: Step) -> Iterator[Statement]:
    """The pairs of a relationship that the person is in, at either end."""
    name = model.places.find_table(step.relationship)
    whom = model.places.find_table(erasure.entity) or ""
    if name is None or name not in schema.tables:
        return
    parts = Parts(model, schema, step.relationship)
    keys = [one for one in schema.tables[name].foreign_keys.values() if one.references == whom]
    for one in keys if len(step.ends) > 1 else keys[:1]:
        conditions = tuple(
            Condition(
                left=parts.column(name, here),
                operator="=",
                value=Value(source="caller", name=there, like=parts.column(name, here), parameter=there),
            )
            for here, there in pair(schema, one)
        )
        yield Delete(
            table=name,
            entity=step.relationship,
            conditions=conditions,
            rows="many",
            purpose=f"erase {step.relationship}",
        )


__all__ = ["make_erasure"]
