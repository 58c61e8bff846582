"""How many rows, how large, how they grow: of every entity, said or proposed, with the facts that follow."""

from __future__ import annotations

from archnb.design.entities import TYPES, Entity, Field
from archnb.fact import Fact, apply_model, compound, maximum, minimum, power, total
from archnb.fact.keys.entities import (
    ACCESS_ROWS,
    CODE_LENGTH,
    CODE_SPACE,
    ENTITY_ADDED,
    ENTITY_CREATED,
    ENTITY_GROWTH,
    ENTITY_RETENTION,
    ENTITY_ROW_SIZE,
    ENTITY_ROWS,
    ENTITY_ROWS_AT_HORIZON,
    ENTITY_SIZE,
    PATTERN_RATE,
    SMALL,
)
from archnb.fact.keys.load import GROWTH, GROWTH_YEARLY, PEAK_FACTOR
from archnb.fact.keys.scaling import HORIZON
from archnb.quantity import Quantity, parse
from archnb.sim.growth import grow_stock
from archnb.topics.topic import Because, Draft


def complete_entity(draft: Draft, name: str, entity: Entity) -> Entity:
    """Rows and growth, where they were not said."""
    facts, creating = draft.facts, list(draft.said_model.touches.list_writers(name, "create"))
    if entity.growth is None:
        entity = _propose_growth(draft, name, entity, creating)
    assert entity.growth is not None
    growth = draft.value(ENTITY_GROWTH.of(name), entity.growth)
    if entity.rows is None:
        path = f"entities.{name}"
        if entity.growth.unit.is_percent:
            entity = draft.fill(path, entity, rows=Because("1000", "neither rows nor growth nor a write is said"))
        else:
            reason = "a new system, sized at the end of its first year of growth"
            first = facts.define(ENTITY_ROWS.of(name), maximum(growth * parse("1 year"), 1.0), "", reason)
            grown = float(round(first.base))
            entity = draft.fill(path, entity, rows=Because(Quantity(grown, grown), reason, (growth.name,)))
    assert entity.rows is not None
    draft.value(ENTITY_ROWS.of(name), entity.rows)
    return entity


def _propose_growth(draft: Draft, name: str, entity: Entity, creating: list[str]) -> Entity:
    facts, growth = draft.facts, ENTITY_GROWTH.of(name)
    if creating:
        made = facts.define(
            ENTITY_CREATED.of(name),
            total([_rate_rows(draft, one) for one in creating]) / facts[PEAK_FACTOR],
            "/day",
            f"{', '.join(creating)} on average",
        )
        because = Because(made.quantity, "as many as are created on average", (made.name,))
        facts.define(growth, made, "/day", because.reason)
    elif entity.rows is not None and entity.rows.base <= facts[SMALL].base:
        because = Because("0/day", "reference data: few rows, and nothing creates them in numbers")
    else:
        because = Because(draft.design.requirements.load.growth, "as the load grows", (GROWTH,))
        facts.define(growth, facts[GROWTH], None, because.reason)
    return draft.fill(f"entities.{name}", entity, growth=because)


def _rate_rows(draft: Draft, pattern: str) -> Fact:
    """The rows that a pattern makes at the peak: its rate, times its rows where it says them."""
    rate, rows = draft.facts[PATTERN_RATE.of(pattern)], draft.facts.get(ACCESS_ROWS.of(pattern))
    return rate if rows is None else rate * rows


def row_bytes(field: Field) -> float:
    """How many bytes a value of a field takes on average, an optional one half of the time."""
    kind = TYPES[field.type or "reference"]
    size = kind.bytes
    if field.length is not None and kind.per_length:
        size = (
            1 + field.length * kind.per_length / 2
            if kind.name not in ("vector", "code", "char")
            else field.length * max(kind.per_length, 2) / 2
        )
    elif field.values:
        size = 1 + sum(len(one) for one in field.values) / len(field.values)
    return size / 2 if field.optional else size


def measure_entity(draft: Draft, name: str, entity: Entity) -> Fact:
    facts = draft.facts
    fields = draft.model.fields(name)
    byte = parse("1 B").unit
    parts = {field: round(row_bytes(one), 1) for field, one in fields.items()} or {"none": 8.0}
    quantities = tuple(Quantity(size, size, byte) for size in parts.values())
    row = facts.define(
        ENTITY_ROW_SIZE.of(name),
        apply_model("sum", _add, "B", *quantities, labels=tuple(parts), is_vectorised=True),
        "B", "its fields, texts taken as half full, optional ones as present half of the time",
    )  # fmt: skip
    rows, rate, horizon = facts[ENTITY_ROWS.of(name)], facts[ENTITY_GROWTH.of(name)], facts[HORIZON]
    assert entity.growth is not None
    if entity.growth.unit.is_percent:
        facts.define(ENTITY_ADDED.of(name), rows * rate, "/day", "rows added a day, now")
        later = rows * compound(rate, horizon)
    elif draft.is_said(ENTITY_GROWTH.of(name)):
        facts.define(ENTITY_ADDED.of(name), rate, "/day", "rows added a day, as said: as many in every year")
        later = rows + rate * horizon
    else:
        facts.define(ENTITY_ADDED.of(name), rate, "/day", "rows added a day, now; they grow as the load does")
        later = apply_model(
            "grown stock", grow_stock, "", rows, rate, facts[GROWTH_YEARLY], horizon,
            labels=("today", "added", "growth a year", "horizon"), is_vectorised=True,
        )  # fmt: skip
    if entity.retention is not None:
        keep = draft.value(ENTITY_RETENTION.of(name), entity.retention)
        if not entity.growth.unit.is_percent:
            then = rate
            if not draft.is_said(ENTITY_GROWTH.of(name)):
                then = rate * power(1 + facts[GROWTH_YEARLY], horizon / parse("1 year"))
            later = minimum(later, maximum(rows, then * keep))
    facts.define(ENTITY_ROWS_AT_HORIZON.of(name), later, "", "rows at the horizon, what its retention drops taken off")
    for field, one in entity.fields.items():
        if one.type == "code":
            length = draft.value(
                CODE_LENGTH.of(name, field), float(one.length or 8), because="the usual length of a code"
            )
            facts.define(
                CODE_SPACE.of(name, field),
                power(62, length),
                "",
                "digits and letters of both cases make 62 signs",
            )
    return facts.define(ENTITY_SIZE.of(name), rows * row, "GB", "rows today × row size, before overhead and indexes")


def _add(*values: float) -> float:
    return sum(values)


def mean_record(draft: Draft) -> Fact:
    facts, names = draft.facts, list(draft.design.entities)
    grown = [(facts[ENTITY_ADDED.of(n)], facts[ENTITY_ROW_SIZE.of(n)]) for n in names]
    grown = [pair for pair in grown if pair[0].base > 0]
    if not grown:
        return apply_model("assumed", lambda size: size, "B", parse("500 B"), is_vectorised=True)
    return total([growth * size for growth, size in grown]) / total([growth for growth, _ in grown])
