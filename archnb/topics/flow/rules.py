"""The rules of the flow: promises its parts cannot keep, parts in the wrong place, paths that say too much or too little.

Too few instances for the load are the scaling section's to find, and waiting for third parties is the jobs section's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from archnb.fact.keys.flow import (
    COMPONENT_AFTER_LOSS,
    COMPONENT_AVAILABILITY,
    COMPONENT_AVAILABLE,
    COMPONENT_BUSY,
    COMPONENT_NEEDED,
    COMPONENT_RATE,
    COMPONENT_REPLICAS,
    COMPONENT_SERVED,
    COMPONENT_SERVICE_TIME,
    COMPONENT_UTILISATION,
    KIND_CORES,
    MOST_HOPS,
    OPERATION_AVAILABILITY,
    OPERATION_LATENCY,
    OPERATION_P50,
    OPERATION_P95,
    OPERATION_P99,
    TARGET,
)
from archnb.finding import Hit, Rule, rule
from archnb.quantity import MONTH, PERCENT, number, show
from archnb.sim.reliability import pool_availability
from archnb.topics.flow.paths import find_serial_parts, is_waited_for
from archnb.topics.flow.pools import find_shared, is_primary_alone
from archnb.topics.topic import Draft

DATA = ("store", "cache", "queue")
PERCENTILES = (("latency_p50", OPERATION_P50), ("latency_p95", OPERATION_P95), ("latency_p99", OPERATION_P99))
# so many spare instances are looked at for a promise; where they do not hold it, more of them do not either
MOST_SPARE = 12


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
            ranked = sorted(parts, key=lambda pair: pair[0].base)[:3]
            weakest = ", ".join(f"{target} {one.text}" for one, target in ranked)
            minutes = (promised - got) * MONTH / 60
            more = [text for _, target in ranked if (text := _explain_pool(draft, target, promised))]
            yield Hit(
                where,
                f"{name}: {facts[fact].text} from its parts, {show(promised * 100, PERCENT)} promised, {minutes:.1f} min a month too much; weakest: {weakest}"
                + "".join(f"; {text}" for text in more),
                weight=minutes,
            )


def _explain_pool(draft: Draft, name: str, promised: float) -> str:
    """Why a pool is less available than its twins promise, and how many would do; '' where one is enough."""
    facts, needed = draft.facts, COMPONENT_NEEDED.of(name)
    if _is_overloaded(draft, name):
        return _explain_overload(draft, name)
    if needed not in facts or facts[needed].base <= 1:
        return ""
    count, least = round(facts[COMPONENT_REPLICAS.of(name)].base), round(facts[needed].base)
    path = f"flow.components.{name}.replicas"
    up, shared = (
        facts[COMPONENT_AVAILABILITY.of(name)].base,
        facts[find_shared(draft.design.flow.components[name])].base,
    )
    lone = pool_availability(up, max(1, count), 1, shared)
    if lone - facts[COMPONENT_AVAILABLE.of(name)].base < (1 - promised) / 10:
        # that it is a pool of which some are needed is not what lacks
        return ""
    # what takes all of them at once bounds what more of them give
    wanted = min(promised, pool_availability(up, least + MOST_SPARE, least, shared) - 1e-5)
    for spare in range(MOST_SPARE + 1):
        have = least + spare
        gives = pool_availability(up, have, least, shared)
        if gives >= wanted:
            break
    else:
        return ""
    if have <= count:
        return ""
    loss = facts.get(COMPONENT_AFTER_LOSS.of(name))
    text = f"{name} needs {least} of {count} at the peak"
    if loss is not None and least == count:
        text += f" (with one away, the others are at {loss.text})"
    return f"{text}; {path}: {have} would give {show(gives * 100, PERCENT)}"


@rule(
    "flow-latency-above-objective", principle="performance", severity="high",
    condition="The time that an operation takes, by the parts that it waits for, is above a percentile of its latency that is promised.",
    effect="More requests than the promise allows are late however well each part does its work.",
    remedy="Take parts off the path or call them side by side, cache the slow one, or promise what the path can keep.",
)  # fmt: skip
def latency_above_objective(draft: Draft) -> Iterator[Hit]:
    """Compare every percentile that was said, of an operation or of all, with the estimate of the path.

    Where a third party alone takes longer, the jobs section has said so of the same promise.
    """
    design, facts = draft.design, draft.facts
    told = {one.path for one in draft.findings if one.rule.id == "jobs-third-party-call-in-request"}
    for name, path in design.flow.paths.items():
        objective = design.requirements.objectives.get(name)
        for field, family in PERCENTILES:
            where, fact = _name_promise(draft, name, field), family.of(name)
            promised = getattr(objective, field) if objective is not None else None
            if (
                where is None
                or where in told
                or promised is None
                or fact not in facts
                or facts[fact].base <= promised.base
            ):
                continue
            word = field.removeprefix("latency_")
            waited = [hop.target for hop in path.hops if is_waited_for(hop) and hop.target]
            full = [one for one in dict.fromkeys(waited) if _is_overloaded(draft, one)]
            if full:
                yield Hit(
                    where,
                    f"{name}: no steady state, so no {word}, {promised} promised; {'; '.join(_explain_overload(draft, one) for one in full)}",
                    weight=math.inf,
                )
                continue
            slowest = max(waited, key=lambda target: _time(draft, target))
            yield Hit(
                where,
                f"{name}: {facts[fact].text} at {word} and {facts[OPERATION_LATENCY.of(name)].text} on average over {len(waited)} steps, "
                f"{promised} promised; slowest: {slowest} {facts[COMPONENT_SERVICE_TIME.of(slowest)].text}",
                weight=facts[fact].base - promised.base,
            )


def _time(draft: Draft, target: str) -> float:
    fact = draft.facts.get(COMPONENT_SERVICE_TIME.of(target))
    return fact.base if fact is not None else 0.0


def _is_overloaded(draft: Draft, name: str) -> bool:
    use = draft.facts.get(COMPONENT_UTILISATION.of(name))
    return use is not None and use.base >= 1


def _explain_overload(draft: Draft, name: str) -> str:
    """How busy a part is, and what would hold the load: so many instances, or so many cores where only one does the work."""
    facts, one = draft.facts, draft.design.flow.components[name]
    use, busy, target = facts[COMPONENT_UTILISATION.of(name)], facts[COMPONENT_BUSY.of(name)].base, facts[TARGET].base
    cores = facts[KIND_CORES.of(one.kind or "service")].base
    if is_primary_alone(draft, one):
        return f"{name} is at {use.text}: {number(busy)} cores of work for {number(cores)}; {number(math.ceil(busy / target))} cores, or fewer requests to it, hold it at {facts[TARGET].text}"
    least, good = math.floor(busy / cores) + 1, math.ceil(busy / cores / target)
    return f"{name} is at {use.text}: at least {least} instances for a steady state, flow.components.{name}.replicas: {good} holds it at {facts[TARGET].text}"


@rule(
    "flow-overloaded", principle="scalability", severity="critical",
    condition="More work comes to a part at the peak than it can do.",
    effect="Its queue grows for as long as the peak lasts: no time of an answer is bounded, and callers give up on work that is still done.",
    remedy="Run as many as hold the load, take work off the part, or let fewer requests in and refuse the others at once.",
)  # fmt: skip
def overloaded(draft: Draft) -> Iterator[Hit]:
    """Parts of ours at 100 % or more."""
    for name, one in draft.design.flow.components.items():
        if _is_overloaded(draft, name):
            path = f"flow.components.{name}"
            where = (
                f"{path}.replicas" if draft.is_said(f"{path}.replicas") and not is_primary_alone(draft, one) else path
            )
            rate = draft.facts[COMPONENT_RATE.of(name)]
            yield Hit(
                where,
                f"{_explain_overload(draft, name)}; {rate.text} arrive, at most {draft.facts[COMPONENT_SERVED.of(name)].text} of it is served",
                weight=draft.facts[COMPONENT_UTILISATION.of(name)].base,
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
    overloaded,
    single_point_of_failure,
    datastore_reachable_from_internet,
    component_in_wrong_zone,
    gateway_bypassed,
    too_many_synchronous_hops,
    fallback_to_same_part,
)
