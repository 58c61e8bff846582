"""Servers and pools: how many servers of each part the peak needs, and what their pools of connections come to."""

from __future__ import annotations

import math
import re

from archnb.fact import ceil, maximum, total
from archnb.fact.keys.flow import (
    COMMIT_TIME,
    COMPONENT_BUSY,
    COMPONENT_RATE,
    COMPONENT_REPLICAS,
    COMPONENT_SERVICE_TIME,
    COMPONENT_WAIT,
    KIND_CORES,
    ROUND_TRIP,
)
from archnb.fact.keys.load import PEAK_WRITES
from archnb.fact.keys.scaling import (
    BUSY_CONNECTIONS,
    CAPACITY,
    CONNECTIONS,
    HEADROOM,
    MIN_POOL,
    PER_SERVER,
    POOL,
    POOL_BURST,
    SERVER_CORES,
    SERVERS,
    SERVERS_NEEDED,
)
from archnb.quantity import Quantity
from archnb.topics.topic import Draft


def serving(draft: Draft) -> list[str]:
    """The parts that answer requests and can simply be run more often."""
    return [name for name, one in draft.design.flow.components.items() if one.kind in ("service", "gateway")]


def stem(name: str) -> str:
    """A name as a part of a fact's name."""
    return re.sub(r"[.\s]+", "_", name)


def measure_servers(draft: Draft, headroom: Quantity) -> None:
    """Servers for each serving part: its peak rate over what one server does at the target utilisation, and one to spare."""
    facts = draft.facts
    free = draft.value(HEADROOM, headroom)
    for name in serving(draft):
        component, rate = draft.design.flow.components[name], facts[COMPONENT_RATE.of(name)]
        cores = facts.get(KIND_CORES.of(component.kind or ""))
        if cores is None:
            cores = facts.assume(
                SERVER_CORES, "4 cores", "processors of one server", source="a usual small server, 2026-11"
            )
        each = facts.define(
            PER_SERVER.of(stem(name)),
            cores / facts[COMPONENT_SERVICE_TIME.of(name)],
            "/s",
            "requests a second that one server can do: cores ÷ processor time",
        )
        facts.define(
            SERVERS_NEEDED.of(stem(name)),
            ceil(rate / (each * (1 - free))),
            "servers",
            "at the peak, with the headroom free",
        )
        servers = facts.define(
            SERVERS.of(stem(name)), facts[COMPONENT_REPLICAS.of(name)], "servers", "the replicas that the flow has"
        )
        facts.define(CAPACITY.of(stem(name)), servers * each, "/s", "what all of them can do")


def measure_pools(draft: Draft, store: str) -> None:
    """Connections a pool needs by Little's law, and what all pools open together."""
    facts = draft.facts
    services = [n for n in serving(draft) if draft.design.flow.components[n].kind == "service"]
    rate, work = facts.get(COMPONENT_RATE.of(store)), facts.get(COMPONENT_BUSY.of(store))
    if rate is None or work is None or not services:
        return
    servers = (
        total([facts[SERVERS.of(stem(n))] for n in services])
        if len(services) > 1
        else facts[SERVERS.of(stem(services[0]))]
    )
    wait = facts.get(COMPONENT_WAIT.of(store))
    held = facts[ROUND_TRIP] if wait is None or math.isinf(wait.base) else facts[ROUND_TRIP] + wait
    used = work + rate * held
    if store == draft.model.places.main:
        # who writes holds its connection until the commit is confirmed, by another region where that is asked
        used = used + facts[PEAK_WRITES] * facts[COMMIT_TIME]
    busy = facts.define(
        BUSY_CONNECTIONS.of(stem(store)),
        used,
        "connections",
        "connections in use at the peak: one for each query that waits, is on its way or is worked on, and for each commit (Little's law)",
    )
    least = facts.assume(MIN_POOL, 5, "the smallest pool of one server", source="rule of thumb of archnb, 2026-11")
    burst = facts.assume(
        POOL_BURST, 2, "how many times its share a pool holds, for bursts", source="rule of thumb of archnb, 2026-11"
    )
    pool = facts.decide(
        POOL.of(stem(store)),
        maximum(ceil(busy / servers * burst), least),
        "connections",
        f"of one server: {burst.text} times its share, for bursts, and at least {least.text}",
    )
    facts.define(CONNECTIONS.of(stem(store)), pool * servers, "connections", "what all pools open together")


__all__ = ["measure_pools", "measure_servers", "serving", "stem"]
