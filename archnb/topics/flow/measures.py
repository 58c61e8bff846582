"""What is measured of the flow: availability and latency of each path, and its 99th percentile, all as facts."""

from __future__ import annotations

from typing import Any

from archnb.design.flow import Path
from archnb.fact import Fact, apply_model, total
from archnb.fact.keys.cache import QUERY_TIME
from archnb.fact.keys.flow import (
    COMPONENT_AVAILABLE,
    COMPONENT_SERVICE_TIME,
    KIND_TIME,
    OPERATION_AVAILABILITY,
    OPERATION_LATENCY,
    OPERATION_P99,
    ROUND_TRIP,
)
from archnb.quantity import PERCENT, Quantity
from archnb.topics.flow.paths import find_serial_parts, find_share, is_waited_for
from archnb.topics.topic import Draft


def gamma_p99(*pairs: Any) -> Any:
    """Return the 99th percentile of a sum of exponential times, each taken with its share: `share, time, share, time, …`.

    The sum is matched by its mean and variance to a gamma distribution, whose quantile is Wilson and Hilferty's (1931).

    >>> round(gamma_p99(1.0, 0.1), 3)   # one exponential: ln(100) × 0.1 s = 0.461 s
    0.461
    """
    shares = [share if getattr(share, "ndim", 0) else max(0.0, share) for share in pairs[0::2]]
    times = [time if getattr(time, "ndim", 0) else max(0.0, time) for time in pairs[1::2]]
    mean = sum(p * t for p, t in zip(shares, times, strict=True))
    # a step taken more than once a request varies like one that is always taken
    spread = sum(
        t * t * p * (2 - p if getattr(p, "ndim", 0) else max(2 - p, 1)) for p, t in zip(shares, times, strict=True)
    )
    inverse = spread / (9 * mean * mean + 1e-300)
    return mean * (1 - inverse + 2.3263478740408408 * inverse**0.5) ** 3


ALWAYS = Fact(PERCENT, given=Quantity(100, 100, PERCENT))


def measure(draft: Draft) -> None:
    """Add availability, latency and its 99th percentile for every path."""
    flow, facts = draft.design.flow, draft.facts
    # the same step occurs on many paths; its time is one expression for all of them
    times: dict[tuple[str, int, bool, bool], Fact] = {}
    for name, path in flow.paths.items():
        product: Fact | None = None
        for target, hop in find_serial_parts(flow.components, path):
            up, share = facts[COMPONENT_AVAILABLE.of(target)], find_share(draft, name, path, hop)
            factor = up if share is None else 1 - share * (1 - up)
            product = factor if product is None else product * factor
        if product is not None:
            facts.define(
                OPERATION_AVAILABILITY.of(name), product, "%",
                "every part that is waited for must work; a cache may fail, the store answers then",
            )  # fmt: skip
        _measure_latency(draft, name, path, times)


def _measure_latency(draft: Draft, name: str, path: Path, times: dict[tuple[str, int, bool, bool], Fact]) -> None:
    facts, components = draft.facts, draft.design.flow.components
    pattern = draft.design.access.get(name)
    is_write = pattern is not None and pattern.writes is not None
    pairs: list[tuple[Fact | None, Fact]] = []
    queried: set[str] = set()
    first = draft.model.places.main
    for hop in path.hops:
        target = hop.target
        if not is_waited_for(hop) or not target or target == hop.source or components[target].kind == "client":
            continue
        is_store = components[target].kind == "store"
        queries = _count_queries(draft, name) if is_store and target not in queried else 1
        queried.add(target)
        is_inside = hop.source is not None and components[hop.source].kind != "client"
        own = QUERY_TIME.of(name)
        if (
            is_store and not is_write and own in facts and target == first
            and not draft.is_said(f"flow.components.{target}.service_time")
        ):  # fmt: skip
            # a text search is no look-up by key: each read takes its own time, the one that the cache is weighed with
            time = facts[ROUND_TRIP] + facts[own] if is_inside else facts[own] * 1
            pairs.append((find_share(draft, name, path, hop), time))
            continue
        key = (target, queries, is_store and is_write, is_inside)
        if key not in times:
            times[key] = _sum_step(draft, *key)
        pairs.append((find_share(draft, name, path, hop), times[key]))
    if not pairs:
        return
    facts.define(
        OPERATION_LATENCY.of(name), total([time if share is None else share * time for share, time in pairs]), "ms",
        "work and round trips of all that is waited for, from the border inwards and back; the user's own network is not in it",
    )  # fmt: skip
    flat = [part for share, time in pairs for part in (share or ALWAYS, time)]
    facts.define(
        OPERATION_P99.of(name), apply_model("p99 of the sum", gamma_p99, "s", *flat, is_vectorised=True), "ms",
        "each time taken as exponential, their sum as gamma", source="Wilson and Hilferty (1931)",
    )  # fmt: skip


def _sum_step(draft: Draft, target: str, queries: int, has_commit: bool, is_inside: bool) -> Fact:
    """The time of one step: work for each query, a commit if it writes, and a round trip unless it comes from outside."""
    time = draft.facts[COMPONENT_SERVICE_TIME.of(target)]
    if queries > 1:
        time = time * queries
    if has_commit:
        time = time + draft.facts[KIND_TIME.of("commit")]
    return draft.facts[ROUND_TRIP] + time if is_inside else time


def _count_queries(draft: Draft, name: str) -> int:
    """How many queries an operation sends to a store: one, and one for each entity that comes along."""
    pattern = draft.design.access.get(name)
    if pattern is None:
        return 1
    return 1 + len(pattern.included) + sum(1 for step in pattern.steps if not step.via)
