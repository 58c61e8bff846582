"""How the demand for each resource goes: a load that grows with everything else, or rows that come in and go when they are old."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from archnb.design.scaling import Resource
from archnb.fact import Fact, apply_model, total
from archnb.fact.keys.entities import ENTITY_ADDED, ENTITY_GROWTH, ENTITY_RETENTION, ENTITY_ROWS
from archnb.fact.keys.load import GROWTH_YEARLY
from archnb.fact.keys.scaling import HORIZON, INFLOW, RESOURCE_LIMIT, STORE_INFLOW, STORED
from archnb.fact.keys.schema import SCHEMA_SIZE, TABLE_ROW_STORED, TABLE_ROWS, TABLE_ROWS_AT_HORIZON
from archnb.sim.growth import YEAR, Piece, grow_load, sum_pieces, time_until_load, time_until_pieces
from archnb.topics.topic import Draft


@dataclass(frozen=True)
class Part:
    """One table, or one entity's rows, as facts: how many, what comes in, how that grows, how long a row stays, its bytes."""

    rows: Fact
    inflow: Fact | None = None
    growth: Fact | None = None
    own: Fact | None = None
    retention: Fact | None = None
    weight: Fact | None = None

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts that there are, in their order."""
        found = (self.rows, self.inflow, self.growth, self.own, self.retention, self.weight)
        return tuple(one for one in found if one is not None)

    def fill(self, values: Iterator[Any]) -> Piece:
        """The piece with these values for its facts, in their order."""

        def take(fact: Fact | None, instead: Any) -> Any:
            return next(values) if fact is not None else instead

        return Piece(
            rows=take(self.rows, 0.0),
            inflow=take(self.inflow, 0.0),
            growth=take(self.growth, 0.0),
            own=take(self.own, None),
            retention=take(self.retention, float("inf")),
            weight=take(self.weight, 1.0),
        )


@dataclass(frozen=True)
class Course:
    """How one resource's demand goes: its facts; it has parts where it is a stock, none where it is a load that grows."""

    name: str
    resource: Resource
    demand: Fact
    limit: Fact
    growth: Fact
    # made when first asked for: a rule that reads the month alone looks at no table
    make_parts: Callable[[], tuple[Part, ...]] = tuple
    inflow: Fact | None = None

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """What it is made of, where it is a stock."""
        return self.make_parts()

    @property
    def inputs(self) -> tuple[Fact, ...]:
        """The facts that it goes by."""
        if not self.parts:
            return (self.demand, self.growth)
        return tuple(fact for part in self.parts for fact in part.facts)

    def at(self, time: Any, values: Sequence[Any]) -> Any:
        """The demand after `time` seconds, in base units, for numbers or arrays of samples of the inputs."""
        if not self.parts:
            return grow_load(values[0], values[1], time)
        return sum_pieces(fill_parts(self.parts, values), time)

    def reach(self, usable: Fact) -> Fact:
        """The time until it reaches what is usable."""
        if not self.parts:
            return apply_model(
                "time until saturated", lambda d, g, u: time_until_load(u, d, g), "s", *self.inputs, usable,
                labels=("today", "growth a year", "usable"),
            )  # fmt: skip
        parts = self.parts
        return apply_model(
            "time until saturated", lambda u, *values: time_until_pieces(u, fill_parts(parts, values)), "s",
            usable, *self.inputs, labels=("usable", *label_parts(parts)), is_vectorised=True,
        )  # fmt: skip

    def later(self, horizon: Fact) -> Fact:
        """The demand at the horizon."""
        if not self.parts:
            return apply_model(
                "grown", grow_load, self.demand.unit.symbol, *self.inputs, horizon,
                labels=("today", "growth a year", "horizon"), is_vectorised=True,
            )  # fmt: skip
        parts = self.parts
        return apply_model(
            "grown stock", lambda t, *values: sum_pieces(fill_parts(parts, values), t), self.demand.unit.symbol,
            horizon, *self.inputs, labels=("horizon", *label_parts(parts)), is_vectorised=True,
        )  # fmt: skip


def fill_parts(parts: Sequence[Part], values: Sequence[Any]) -> list[Piece]:
    """The parts with these values for their facts."""
    each = iter(values)
    return [part.fill(each) for part in parts]


def label_parts(parts: Sequence[Part]) -> tuple[str, ...]:
    """What the inputs are called in a formula."""
    return tuple(fact.name for part in parts for fact in part.facts)


def growth_of(draft: Draft) -> Fact:
    """By which share a year the load grows, compounded; it cannot fall by all of itself."""
    return draft.facts[GROWTH_YEARLY]


def part_of(draft: Draft, entity: str, weight: Fact | None = None) -> Part | None:
    """An entity's rows: they come in and go, or grow by a share of themselves."""
    facts = draft.facts
    rows, added = facts.get(ENTITY_ROWS.of(entity)), facts.get(ENTITY_ADDED.of(entity))
    if rows is None:
        return None
    growth = draft.design.entities[entity].growth
    if growth is not None and growth.unit.is_percent:
        own = _yearly(facts[ENTITY_GROWTH.of(entity)])
        return Part(rows, own=own, weight=weight)
    is_said = draft.is_said(ENTITY_GROWTH.of(entity))
    kept = facts[ENTITY_RETENTION.of(entity)] if draft.design.entities[entity].retention is not None else None
    return Part(rows, added, growth=None if is_said else growth_of(draft), retention=kept, weight=weight)


def _yearly(growth: Fact) -> Fact:
    """A share per time as the share of a year, compounded."""
    from archnb.fact import compound
    from archnb.quantity import parse

    return compound(growth, parse("1 year")) - 1


def list_parts(draft: Draft, store: str = "") -> tuple[Part, ...]:
    """Every table, or those of one store, with what of it is stored: entities by their own growth, what links or records by how it goes with others."""
    facts, made = draft.facts, []
    for name, table in draft.planned.schema.tables.items():
        if store and table.store != store:
            continue
        weight = facts.get(TABLE_ROW_STORED.of(name))
        rows, later = facts.get(TABLE_ROWS.of(name)), facts.get(TABLE_ROWS_AT_HORIZON.of(name))
        if weight is None or rows is None or later is None:
            continue
        part = part_of(draft, table.entity, weight) if table.entity and table.entity in draft.design.entities else None
        if part is None:
            # pairs and records of requests: from what they are today to what they are at the horizon, evenly
            own = apply_model(
                "growth a year", yearly_between, "", rows, later, facts[HORIZON], labels=("today", "then", "horizon"), is_vectorised=True
            )  # fmt: skip
            part = Part(rows, own=own, weight=weight)
        made.append(part)
    return tuple(made)


def yearly_between(today: Any, then: Any, time: Any) -> Any:
    """The share a year by which today's number becomes that of then; 0 where there is none today.

    >>> round(yearly_between(100, 400, 2 * YEAR), 6)
    1.0
    """
    import numpy

    ratio = numpy.where(numpy.asarray(today) > 0, then / numpy.maximum(today, 1e-300), 1.0)
    found = numpy.maximum(ratio, 1e-12) ** (YEAR / time) - 1
    return found if found.ndim else float(found)


def add_up_inflow(parts: Sequence[Part]) -> Fact | None:
    """The bytes that come in at present, before what retention drops is taken off; None where nothing comes in."""
    found = [part.inflow * part.weight for part in parts if part.inflow is not None and part.weight is not None]
    found += [
        part.rows * part.own * part.weight / YEAR_FACT
        for part in parts
        if part.own is not None and part.weight is not None and part.own.base > 0 and part.rows.base > 0
    ]
    return total(found) if found else None


def _one_year() -> Fact:
    from archnb.quantity import parse, unit

    return Fact(unit("s"), given=parse("31536000 s"))


YEAR_FACT = _one_year()


def make_course(draft: Draft, name: str, resource: Resource, limit: Fact) -> Course:
    """How the demand for a resource goes."""
    facts, demand = draft.facts, resource.demand or ""
    if demand in (STORED, SCHEMA_SIZE):
        stock = partial(list_parts, draft)
        return Course(name, resource, facts[demand], limit, growth_of(draft), stock, facts.get(INFLOW))
    of_store = re.fullmatch(r"scaling\.(.+)\.stored", demand)
    if of_store:
        stock = partial(list_parts, draft, of_store[1])
        inflow = facts.get(STORE_INFLOW.of(of_store[1]))
        return Course(name, resource, facts[demand], limit, growth_of(draft), stock, inflow)
    match = re.fullmatch(r"entities\.(.+)\.rows", demand)
    if match and match[1] in draft.design.entities and part_of(draft, match[1]) is not None:
        rows = partial(_list_rows, draft, match[1])
        return Course(
            name, resource, facts[demand], limit, growth_of(draft), rows, facts.get(ENTITY_ADDED.of(match[1]))
        )
    return Course(name, resource, facts[demand], limit, growth_of(draft))


def _list_rows(draft: Draft, entity: str) -> tuple[Part, ...]:
    part = part_of(draft, entity)
    return (part,) if part is not None else ()


def courses(draft: Draft) -> Iterator[Course]:
    """Every resource with its facts, once measured."""
    for name, resource in draft.design.scaling.resources.items():
        limit = draft.facts.get(RESOURCE_LIMIT.of(name))
        if resource.demand in draft.facts and limit is not None:
            yield make_course(draft, name, resource, limit)


__all__ = ["Course", "Part", "add_up_inflow", "courses", "growth_of", "list_parts", "make_course"]
