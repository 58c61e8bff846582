"""What is measured of growth: what is usable of each resource, its demand at the horizon, and the time until they meet."""

from __future__ import annotations

from archnb.fact import ceil
from archnb.fact.keys.scaling import (
    CAPACITY,
    HEADROOM,
    HORIZON,
    PER_SERVER,
    RESOURCE_AT_HORIZON,
    RESOURCE_HEADROOM,
    RESOURCE_LIMIT,
    RESOURCE_SATURATES,
    RESOURCE_USABLE,
    SERVERS_AT_HORIZON,
    STORED,
)
from archnb.fact.keys.schema import SCHEMA_SIZE_AT_HORIZON
from archnb.topics.scaling.cost import measure_cost
from archnb.topics.scaling.courses import make_course
from archnb.topics.scaling.recovery import measure_recovery
from archnb.topics.scaling.servers import serving, stem
from archnb.topics.scaling.shards import measure_shards
from archnb.topics.topic import Draft


def measure(draft: Draft) -> None:
    """Add, for each resource: its limit, what is usable of it, the demand at the horizon, and the time until they meet."""
    found, facts = draft.design.scaling, draft.facts
    assert found.horizon is not None and found.headroom is not None
    horizon = facts[HORIZON]
    for name, resource in found.resources.items():
        if resource.limit is None or resource.demand not in facts:
            continue
        here = stem(name)
        path = RESOURCE_LIMIT.of(name)
        because = draft.reasons[path].reason if path in draft.reasons else "as said"
        capacity = facts.get(CAPACITY.of(stem(resource.component or "")))
        if not draft.is_said(path) and name.endswith("_cpu") and capacity is not None:
            limit = facts.define(path, capacity, "/s", because)
        else:
            limit = draft.value(path, resource.limit, because=because)
        own = resource.headroom
        is_own = own is not None and (own.low, own.high) != (found.headroom.low, found.headroom.high)
        free = draft.value(RESOURCE_HEADROOM.of(name), own) if own is not None and is_own else facts[HEADROOM]
        usable = facts.define(RESOURCE_USABLE.of(here), limit * (1 - free), None, "with the headroom free")
        course = make_course(draft, name, resource, limit)
        demand, reached, later = course.demand, course.reach(usable), course.later(horizon)
        if resource.demand == STORED and SCHEMA_SIZE_AT_HORIZON in facts:
            # one number: what the tables have there
            later = facts[SCHEMA_SIZE_AT_HORIZON] * 1
        facts.define(RESOURCE_AT_HORIZON.of(here), later, demand.unit.symbol, "the demand at the horizon")
        facts.define(RESOURCE_SATURATES.of(here), reached, "months", "until the demand reaches what is usable")
    measure_shards(draft)
    measure_recovery(draft)
    for name in serving(draft):
        peak = facts.get(RESOURCE_AT_HORIZON.of(f"{stem(name)}_cpu"))
        if peak is not None:
            facts.define(
                SERVERS_AT_HORIZON.of(stem(name)),
                ceil(peak / (facts[PER_SERVER.of(stem(name))] * (1 - facts[HEADROOM]))) + 1,
                "servers",
                "one more than needed at the horizon",
            )
    measure_cost(draft)
