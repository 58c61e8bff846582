"""How the demand for each resource goes: a load that grows with everything else, or a stock with an inflow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from archnb.design.scaling import Resource
from archnb.fact import Fact
from archnb.fact.keys.entities import ENTITY_ADDED
from archnb.fact.keys.load import GROWTH_YEARLY
from archnb.fact.keys.scaling import INFLOW, RESOURCE_LIMIT, STORED
from archnb.fact.keys.schema import SCHEMA_SIZE
from archnb.sim.growth import grow_load, grow_stock
from archnb.topics.topic import Draft


@dataclass(frozen=True)
class Course:
    """How one resource's demand goes: its facts, and whether it is a stock with an inflow or a load that grows."""

    name: str
    resource: Resource
    demand: Fact
    limit: Fact
    inflow: Fact | None

    def at(self, growth: object, time: float, demand: object, inflow: object) -> object:
        """The demand after `time` seconds, in base units, for numbers or arrays of samples."""
        if self.inflow is None:
            return grow_load(demand, growth, time)
        return grow_stock(demand, inflow, growth, time)


def growth_of(draft: Draft) -> Fact:
    """By which share a year the load grows, compounded; it cannot fall by all of itself."""
    return draft.facts[GROWTH_YEARLY]


def find_inflow(draft: Draft, demand: str) -> Fact | None:
    facts = draft.facts
    if demand in (STORED, SCHEMA_SIZE):
        return facts.get(INFLOW)
    match = re.fullmatch(r"entities\.(.+)\.rows", demand)
    return facts.get(ENTITY_ADDED.of(match[1])) if match else None


def courses(draft: Draft) -> Iterator[Course]:
    """Every resource with its facts, once measured."""
    for name, resource in draft.design.scaling.resources.items():
        limit = draft.facts.get(RESOURCE_LIMIT.of(name))
        if resource.demand in draft.facts and limit is not None:
            inflow = find_inflow(draft, resource.demand or "")
            yield Course(name, resource, draft.facts[resource.demand or ""], limit, inflow)
