"""Erasure as statements: each step of the model's erasure is one, in the order in which the engine takes them."""

from __future__ import annotations

from archnb.design.entities import Field
from archnb.model import Erasure, Model
from archnb.model.erasure import Step
from archnb.planned.schema import ForeignKey, Schema
from archnb.planned.statements import (
    AnyOf,
    Assignment,
    Column,
    Condition,
    Delete,
    Output,
    Predicate,
    Read,
    Rows,
    Statement,
    Update,
    Value,
    Within,
)
from archnb.topics.operations.parts import Parts

# what stands where something must, and tells nobody: a day before anybody, an address that leads nowhere (RFC 2606), 'user-assigned' codes
_PLACEHOLDERS = {
    "date": "1900-01-01", "timestamp": "2000-01-01 00:00:00", "time": "00:00", "bool": "false", "int": "0", "bigint": "0",
    "smallint": "0", "decimal": "0", "money": "0", "float": "0", "json": "{}", "country": "ZZ", "currency": "XXX", "language": "und",
    "ip": "0.0.0.0", "url": "https://erased.invalid/", "duration": "0", "bytes": "",
}  # fmt: skip
_ERASED = "erased"


def write_erasure(model: Model, schema: Schema, erasure: Erasure) -> list[Statement]:
    """The statements of an erasure; what the engine does by itself, and what is in another store, is not among them."""
    made: list[Statement] = []
    for step in erasure.steps:
        made += (
            _write_pairs(model, schema, erasure, step)
            if step.relationship
            else _write_step(model, schema, erasure, step)
        )
    return made


def _write_step(model: Model, schema: Schema, erasure: Erasure, step: Step) -> list[Statement]:
    parts = Parts(model, schema, step.entity)
    if not parts.is_relational or not Parts(model, schema, erasure.entity).is_relational:
        return []
    if step.fate == "delete":
        if step.is_along and _goes_along(parts, step):
            return []
        # the general row goes, and the special one with it (on delete cascade)
        table = parts.chain()[-1]
        where = _find(model, schema, parts, table, erasure, step)
        return [Delete(table=table, entity=step.entity, conditions=where, rows=_count(step))] if where else []
    found: list[Statement] = []
    for table in parts.chain():
        parts = Parts(model, schema, step.entity)
        changes = _overwrite(parts, table, step)
        where = _find(model, schema, parts, table, erasure, step)
        if changes and where:
            found.append(
                Update(table=table, entity=step.entity, assignments=tuple(changes), conditions=where, rows=_count(step))
            )
    return found


def _count(step: Step) -> Rows:
    """How many rows a step finds: the person's own is one, and that it is not there ends the transaction."""
    return "many" if step.way else "one"


def _goes_along(parts: Parts, step: Step) -> bool:
    """Whether the foreign key that leads to the row that goes takes its rows along."""
    key = _find_key(parts, step.way[0].field)
    return key is not None and key.on_delete == "cascade"


def _write_pairs(model: Model, schema: Schema, erasure: Erasure, step: Step) -> list[Statement]:
    """The deletion of the pairs of a relationship at whose end the person is."""
    table = model.places.find_table(step.relationship)
    target = model.places.find_table(erasure.entity)
    if table is None or table not in schema.tables or not schema.is_relational(table):
        return []
    parts = Parts(model, schema, erasure.entity)
    ends: list[Predicate] = []
    for key in schema.tables[table].foreign_keys.values():
        if key.references == target and len(key.columns) == 1:
            ends += _equal(parts, table, key.columns, model.keys.fields(erasure.entity))
    where = (ends[0],) if len(ends) == 1 else (AnyOf(parts=tuple(ends)),)
    return [Delete(table=table, conditions=where, rows="many")] if ends else []


def _find(
    model: Model, schema: Schema, parts: Parts, table: str, erasure: Erasure, step: Step
) -> tuple[Predicate, ...]:
    """The condition of the rows of a step: their key, or the references that lead to the person."""
    person = model.keys.fields(erasure.entity)
    if not step.way:
        return tuple(_equal(parts, table, schema.tables[table].primary_key, person))
    first = _find_key(parts, step.way[0].field)
    if first is None:
        return ()
    if len(step.way) == 1:
        return tuple(_equal(parts, table, first.columns, person))
    # from row to row, each found by the keys of the next
    inner = Parts(model, schema, step.way[1].entity)
    rest = Step(step.way[1].entity, "delete", step.way[1:])
    where = _find(model, schema, inner, inner.base, erasure, rest)
    if not where:
        return ()
    columns = tuple(Output(column=inner.column(inner.base, one), label=one) for one in first.referenced)
    read = Read(table=inner.base, source=inner.base, entity=inner.entity, columns=columns, conditions=where)
    return (Within(left=tuple(parts.column(table, one) for one in first.columns), read=read),)


def _find_key(parts: Parts, field: str) -> ForeignKey | None:
    """The foreign key of a table that a field of its entity is."""
    place = parts.places.find_field(parts.entity, field)
    if place is None:
        return None
    keys = parts.table(place.table).foreign_keys.values()
    return next((one for one in keys if one.columns == place.columns), None)


def _equal(parts: Parts, table: str, columns: tuple[str, ...], key: tuple[str, ...]) -> list[Predicate]:
    """The columns are the person's key, which was given."""
    made: list[Predicate] = []
    for number, one in enumerate(columns):
        column = parts.column(table, one)
        name = key[number] if len(columns) == len(key) else one
        # every statement asks for the same person, by the same name
        value = Value(source="caller", name=name, like=column, parameter=name, field=name)
        made.append(Condition(left=column, operator="=", value=value))
    return made


def _overwrite(parts: Parts, table: str, step: Step) -> list[Assignment]:
    made = []
    for name in step.fields:
        field = parts.model.fields(step.entity)[name]
        for column, about in parts.table(table).columns.items():
            if about.field == name:
                place = parts.column(table, column)
                value = _placeholder(
                    place, field, is_nullable=about.nullable, is_unique=bool(field.unique), kind=about.type
                )
                made.append(Assignment(column=place, value=value))
    return made


def _placeholder(column: Column, field: Field, *, is_nullable: bool, is_unique: bool, kind: str) -> Value:
    """What stands there afterwards: nothing where it may be empty, else a value that tells nobody."""
    if is_nullable:
        return Value(source="server", name="missing", like=column)
    if kind in _PLACEHOLDERS and not is_unique:
        least = field.minimum
        text = _PLACEHOLDERS[kind] if least is None or _PLACEHOLDERS[kind] != "0" else f"{max(0.0, least):g}"
        return Value(source="constant", name=text, like=column)
    if kind == "enum":
        return Value(source="constant", name=field.default or next(iter(field.values), _ERASED), like=column)
    if kind in ("text", "other") and not is_unique and (field.length is None or field.length >= len(_ERASED)):
        return Value(source="constant", name=_ERASED, like=column)
    return Value(source="server", name=f"pseudonym {kind}" if kind in ("email", "phone") else "pseudonym", like=column)


__all__ = ["write_erasure"]
