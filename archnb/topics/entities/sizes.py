"""How many rows, how large, how they grow: of every entity, said or proposed, with the facts that follow."""

from __future__ import annotations

from archnb.design.entities import TYPES, Entity, Field
from archnb.fact import Fact, apply_model, maximum, minimum, power, total
from archnb.quantity import Quantity, parse
from archnb.topics.topic import Because, Draft

SMALL = 10_000  # rows; a list of fewer is read whole


def complete_entity(draft: Draft, name: str, entity: Entity) -> Entity:
    """Rows and growth, where they were not said."""
    load, creating = draft.design.requirements.load, draft.said_model.touches.list_writers(name, "create")
    growth: Because
    if creating and entity.growth is None:
        rates = [draft.facts[f"access.{one}.rate"] for one in creating]
        fact = draft.facts.define(
            f"entities.{name}.created",
            total(rates) / draft.facts["load.peak_factor"],
            "/day",
            f"{', '.join(creating)} on average",
        )
        growth = Because(fact.quantity, "as many as are created on average", (fact.name,))
    elif entity.rows is not None and entity.rows.base <= SMALL:
        growth = Because("0/day", "reference data: few rows, and nothing creates them in numbers")
    else:
        growth = Because(load.growth, "as the load grows")
    entity = draft.fill(f"entities.{name}", entity, growth=growth)
    assert entity.growth is not None
    if entity.rows is not None:
        return entity
    if entity.growth.unit.is_percent:
        return draft.fill(
            f"entities.{name}", entity, rows=Because("1000", "neither rows nor growth nor a write is said")
        )
    grown = max(1.0, round(entity.growth.base * 365 * 86400))
    return draft.fill(
        f"entities.{name}",
        entity,
        rows=Because(Quantity(grown, grown), "a new system, sized at the end of its first year of growth"),
    )


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
        f"entities.{name}.row_size",
        apply_model("sum", _add, "B", *quantities, labels=tuple(parts), is_vectorised=True),
        "B", "its fields, texts taken as half full, optional ones as present half of the time",
    )  # fmt: skip
    rows = draft.give(f"entities.{name}.rows", f"entities.{name}.rows", entity.rows or parse(0))
    horizon = facts["load.horizon"]
    assert entity.growth is not None
    rate = draft.give(f"entities.{name}.growth_rate", f"entities.{name}.growth", entity.growth)
    if entity.growth.unit.is_percent:
        year = parse("1 year")
        growth = facts.define(f"entities.{name}.growth", rows * rate, "/day", "rows added a day, now")
        later: Fact = rows * power(1 + rate * year, horizon / year)
    else:
        growth = facts.define(f"entities.{name}.growth", rate, "/day", "rows added a day")
        later = rows + rate * horizon
    if entity.retention is not None and not entity.growth.unit.is_percent:
        keep = facts.given(
            f"entities.{name}.retention", entity.retention, f"at entities.{name}.retention", origin="said"
        )
        later = minimum(later, maximum(rows, growth * keep))
    facts.define(
        f"entities.{name}.rows_at_horizon", later, "", "rows at the horizon, what its retention drops taken off"
    )
    for field, one in entity.fields.items():
        if one.type == "code":
            length = facts.given(
                f"entities.{name}.{field}.length",
                float(one.length or 8),
                "characters of the code",
                origin="said" if one.length else "assumed",
            )
            facts.define(
                f"entities.{name}.{field}.key_space",
                power(62, length),
                "",
                "digits and letters of both cases make 62 signs",
            )
    return facts.define(f"entities.{name}.size", rows * row, "GB", "rows today × row size, before overhead and indexes")


def _add(*values: float) -> float:
    return sum(values)


def mean_record(draft: Draft) -> Fact:
    facts, names = draft.facts, list(draft.design.entities)
    grown = [(facts[f"entities.{n}.growth"], facts[f"entities.{n}.row_size"]) for n in names]
    grown = [pair for pair in grown if pair[0].base > 0]
    if not grown:
        return apply_model("assumed", lambda size: size, "B", parse("500 B"), is_vectorised=True)
    return total([growth * size for growth, size in grown]) / total([growth for growth, _ in grown])
