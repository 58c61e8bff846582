"""What is measured of growth: what is usable of each resource, its demand at the horizon, and the time until they meet."""

from __future__ import annotations

from archnb.fact import apply_model, ceil
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
from archnb.sim.growth import grow_load, grow_stock, time_until_load, time_until_stock
from archnb.topics.scaling.courses import find_inflow, growth_of
from archnb.topics.scaling.servers import serving, stem
from archnb.topics.topic import Draft


def measure(draft: Draft) -> None:
    """Add, for each resource: its limit, what is usable of it, the demand at the horizon, and the time until they meet."""
    found, facts = draft.design.scaling, draft.facts
    assert found.horizon is not None and found.headroom is not None
    horizon, growth = facts[HORIZON], growth_of(draft)
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
        demand, inflow = facts[resource.demand or ""], find_inflow(draft, resource.demand or "")
        if inflow is None:
            reached = apply_model(
                "time until saturated", lambda d, g, u: time_until_load(u, d, g), "s", demand, growth, usable,
                labels=("today", "growth a year", "usable"),
            )  # fmt: skip
            later = apply_model(
                "grown", grow_load, demand.unit.symbol, demand, growth, horizon,
                labels=("today", "growth a year", "horizon"), is_vectorised=True,
            )  # fmt: skip
        else:
            reached = apply_model(
                "time until saturated", lambda d, i, g, u: time_until_stock(u, d, i, g), "s",
                demand, inflow, growth, usable, labels=("today", "inflow", "growth a year", "usable"),
            )  # fmt: skip
            later = apply_model(
                "grown stock", grow_stock, demand.unit.symbol,
                demand, inflow, growth, horizon, labels=("today", "inflow", "growth a year", "horizon"), is_vectorised=True,
            )  # fmt: skip
        if resource.demand == STORED and SCHEMA_SIZE_AT_HORIZON in facts:
            # one number: what the tables have there
            later = facts[SCHEMA_SIZE_AT_HORIZON] * 1
        facts.define(RESOURCE_AT_HORIZON.of(here), later, demand.unit.symbol, "the demand at the horizon")
        facts.define(RESOURCE_SATURATES.of(here), reached, "months", "until the demand reaches what is usable")
    for name in serving(draft):
        peak = facts.get(RESOURCE_AT_HORIZON.of(f"{stem(name)}_cpu"))
        if peak is not None:
            facts.define(
                SERVERS_AT_HORIZON.of(stem(name)),
                ceil(peak / (facts[PER_SERVER.of(stem(name))] * (1 - facts[HEADROOM]))) + 1,
                "servers",
                "one more than needed at the horizon",
            )
