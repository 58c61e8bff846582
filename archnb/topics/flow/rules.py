"""The rules of the flow: promises its parts cannot keep, parts in the wrong place, paths that say too much or too little.

Too few instances for the load are the scaling section's to find, and waiting for third parties is the jobs section's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archnb.fact.keys.flow import (
    COMPONENT_AVAILABLE,
    COMPONENT_SERVICE_TIME,
    MOST_HOPS,
    OPERATION_AVAILABILITY,
    OPERATION_LATENCY,
    OPERATION_P99,
)
from archnb.finding import Hit, Rule, rule
from archnb.quantity import MONTH, PERCENT, show
from archnb.topics.flow.paths import find_serial_parts, is_waited_for
from archnb.topics.topic import Draft

DATA = ("store", "cache", "queue")


def _name_promise(draft: Draft, name: str, field: str) -> str | None:
    """The path of a promise that was said, for the operation or for all; None where it was not."""
    for owner in (name, "default"):
        path = f"requirements.objectives.{owner}.{field}"
        if draft.is_said(path):
            return path
    return None


@rule(
    "flow-availability-below-objective", principle="reliability", severity="high",
    condition="An operation promises more availability than the parts it waits for have together.",
    effect="The promise is broken by the parts alone, before a single bug: the error budget is spent on what others guarantee.",
    remedy="Take the weakest part off the path (answer first, do it later; read from a copy), give it a twin, or promise less.",
)  # fmt: skip
def availability_below_objective(draft: Draft) -> Iterator[Hit]:
    """Compare availability objectives that were said with the product of the parts."""
    design, facts = draft.design, draft.facts
    for name, path in design.flow.paths.items():
        where, fact = _name_promise(draft, name, "availability"), OPERATION_AVAILABILITY.of(name)
        objective = design.requirements.objectives.get(name)
        if where is None or objective is None or objective.availability is None or fact not in facts:
            continue
        promised, got = objective.availability.base, facts[fact].base
        if got < promised - 1e-9:
            parts = [
                (facts[COMPONENT_AVAILABLE.of(target)], target)
                for target, _ in find_serial_parts(design.flow.components, path)
            ]
            weakest = ", ".join(
                f"{target} {one.text}" for one, target in sorted(parts, key=lambda pair: pair[0].base)[:3]
            )
            minutes = (promised - got) * MONTH / 60
            yield Hit(
                where,
                f"{name}: {facts[fact].text} from its parts, {show(promised * 100, PERCENT)} promised, {minutes:.1f} min a month too much; weakest: {weakest}",
                weight=minutes,
            )


@rule(
    "flow-latency-above-objective", principle="performance", severity="high",
    condition="The parts that an operation waits for take longer together than it promises at p99.",
    effect="One request in a hundred or more misses the promise however well each part does its work.",
    remedy="Take parts off the path or call them side by side, cache the slow one, or promise what the path can keep.",
)  # fmt: skip
def latency_above_objective(draft: Draft) -> Iterator[Hit]:
    """Compare p99 objectives that were said with the path's estimate; waiting for third parties is the jobs section's rule."""
    design, facts = draft.design, draft.facts
    for name, path in design.flow.paths.items():
        where, fact = _name_promise(draft, name, "latency_p99"), OPERATION_P99.of(name)
        objective = design.requirements.objectives.get(name)
        if where is None or objective is None or objective.latency_p99 is None or fact not in facts:
            continue
        waited = [hop.target for hop in path.hops if is_waited_for(hop) and hop.target]
        if any(design.flow.components[target].kind == "third_party" for target in waited):
            continue
        if facts[fact].base > objective.latency_p99.base:
            slowest = max(
                waited,
                key=lambda target: (
                    facts[COMPONENT_SERVICE_TIME.of(target)].base if COMPONENT_SERVICE_TIME.of(target) in facts else 0.0
                ),
            )
            mean = facts[OPERATION_LATENCY.of(name)]
            yield Hit(
                where,
                f"{name}: {facts[fact].text} at p99 and {mean.text} on average over {len(waited)} steps, {objective.latency_p99} promised; "
                f"slowest: {slowest} {facts[COMPONENT_SERVICE_TIME.of(slowest)].text}",
                weight=facts[fact].base - objective.latency_p99.base,
            )


@rule(
    "flow-single-point-of-failure", principle="reliability", severity="high",
    condition="A part runs once, and operations that promise 99.9 % or more wait for it.",
    effect="When that one instance stops, for a fault or only for a release, all of them stop with it.",
    remedy="Run two in two zones, or take the part off the paths that must not stop.",
)  # fmt: skip
def single_point_of_failure(draft: Draft) -> Iterator[Hit]:
    """Components with one replica on paths with a high promise."""
    design = draft.design
    for name, one in design.flow.components.items():
        if one.replicas != 1 or one.kind in ("client", "third_party", "identity"):
            continue
        stopped = []
        for operation, path in design.flow.paths.items():
            objective = design.requirements.objectives.get(operation)
            is_high = (
                objective is not None and objective.availability is not None and objective.availability.base >= 0.999
            )
            if is_high and any(target == name for target, _ in find_serial_parts(design.flow.components, path)):
                stopped.append(operation)
        if stopped:
            yield Hit(
                f"flow.components.{name}.replicas",
                f"1 instance; {len(stopped)} operations with 99.9 % or more wait for it: {', '.join(stopped[:4])}",
            )


@rule(
    "flow-datastore-reachable-from-internet", principle="security", severity="critical",
    condition="A path goes from the internet straight to a store, a cache or a queue.",
    effect="Whoever finds the port can try passwords and queries against the data itself; no token, no role and no limit is in between.",
    remedy="Let a gateway and a service stand between, and put the store into a network that only services reach.",
)  # fmt: skip
def datastore_reachable_from_internet(draft: Draft) -> Iterator[Hit]:
    """Hops from an untrusted zone to data."""
    flow = draft.design.flow
    for name, path in flow.paths.items():
        for n, hop in enumerate(path.hops):
            if (
                hop.source
                and hop.target
                and flow.components[hop.target].kind in DATA
                and _is_untrusted(draft, hop.source)
            ):
                source = flow.components[hop.source]
                yield Hit(
                    f"flow.paths.{name}.hops.{n}",
                    f"{hop.source} ({source.zone}) calls {hop.target} ({flow.components[hop.target].technology})",
                )


def _is_untrusted(draft: Draft, component: str) -> bool:
    one = draft.design.flow.components[component]
    zone = draft.design.flow.zones.get(one.zone or "")
    return one.kind == "client" or (zone is not None and zone.trust == 0)


@rule(
    "flow-component-in-wrong-zone", principle="security", severity="high",
    condition="A store, cache, queue or worker stands in a zone that the internet reaches.",
    effect="One wrong firewall line or one hole in its software, and the data is open to everybody.",
    remedy="Move it into the data zone (a worker into the private one); only the edge faces the internet.",
)  # fmt: skip
def component_in_wrong_zone(draft: Draft) -> Iterator[Hit]:
    """Data and workers in zones of trust 0 or 1 that are our own."""
    for name, one in draft.design.flow.components.items():
        if one.kind not in (*DATA, "worker"):
            continue
        zone = draft.design.flow.zones.get(one.zone or "")
        if zone is not None and (zone.trust or 0) < 2:
            yield Hit(
                f"flow.components.{name}.zone",
                f"{name} ({one.technology}) in {one.zone!r}, which has trust {zone.trust or 0} of 3",
            )


@rule(
    "flow-gateway-bypassed", principle="security", severity="high",
    condition="A gateway is used, and a path goes from a client past it to a service.",
    effect="What the gateway checks, the token, the rate limit and the size, is not checked on this way in.",
    remedy="Let the path enter through the gateway, and let services accept calls from it only.",
)  # fmt: skip
def gateway_bypassed(draft: Draft) -> Iterator[Hit]:
    """Hops from a client to a service or worker while there is a gateway."""
    flow = draft.design.flow
    gateways = [name for name, one in flow.components.items() if one.kind == "gateway"]
    for name, path in flow.paths.items():
        for n, hop in enumerate(path.hops):
            if (
                gateways
                and hop.source
                and hop.target
                and flow.components[hop.source].kind == "client"
                and flow.components[hop.target].kind in ("service", "worker")
            ):
                yield Hit(
                    f"flow.paths.{name}.hops.{n}",
                    f"{hop.source} calls {hop.target}; the others go through {gateways[0]}",
                )


@rule(
    "flow-too-many-synchronous-hops", principle="performance", severity="medium",
    condition="An operation waits for more than six steps, or what flow.most_hops says.",
    effect="Times add up and availabilities multiply: the path is as slow as all of its steps and as weak as each.",
    remedy="Let one service own what the operation needs, call side by side, or answer before the rest is done.",
)  # fmt: skip
def too_many_synchronous_hops(draft: Draft) -> Iterator[Hit]:
    """Paths with many steps that are waited for."""
    for name, path in draft.design.flow.paths.items():
        waited = [hop for hop in path.hops if is_waited_for(hop)]
        if len(waited) > draft.facts[MOST_HOPS].base:
            facts, availability, latency = draft.facts, OPERATION_AVAILABILITY.of(name), OPERATION_LATENCY.of(name)
            sums = (
                f"; together {facts[availability].text} available and {facts[latency].text}"
                if availability in facts and latency in facts
                else ""
            )
            yield Hit(
                f"flow.paths.{name}.hops",
                f"{len(waited)} steps are waited for: {' → '.join(hop.target or '' for hop in waited)}{sums}",
            )


@rule(
    "flow-fallback-to-same-part", principle="reliability", severity="medium",
    condition="A fallback calls the very part whose failure it is for.",
    effect="The fallback fails together with what it should replace, and adds its calls to a part that is already in trouble.",
    remedy="Fall back to something that does not need the part: a cache, a default, an honest error.",
)  # fmt: skip
def fallback_to_same_part(draft: Draft) -> Iterator[Hit]:
    """Fallback hops to a component that the same path already waits for."""
    for name, path in draft.design.flow.paths.items():
        waited = {hop.target for hop in path.hops if is_waited_for(hop)}
        for n, hop in enumerate(path.hops):
            if hop.kind == "fallback" and hop.target in waited:
                yield Hit(f"flow.paths.{name}.hops.{n}", f"falls back to {hop.target}, which the path waits for anyway")


RULES: Sequence[Rule] = (
    availability_below_objective,
    latency_above_objective,
    single_point_of_failure,
    datastore_reachable_from_internet,
    component_in_wrong_zone,
    gateway_bypassed,
    too_many_synchronous_hops,
    fallback_to_same_part,
)
