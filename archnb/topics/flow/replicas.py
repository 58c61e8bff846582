"""How many of each part there are: the rate that arrives there, the time of work, and how often a single one fails."""

from __future__ import annotations

from archnb.design.flow import Component, Path
from archnb.design.record import Named
from archnb.fact import Fact, Key, apply_model, ceil, maximum, total
from archnb.fact.keys.auth import TOKEN_RATE
from archnb.fact.keys.cache import QUERY_TIME, WARM_CORES
from archnb.fact.keys.entities import ACCESS_ROWS, PATTERN_RATE
from archnb.fact.keys.flow import (
    COMPONENT_AVAILABILITY,
    COMPONENT_BUSY,
    COMPONENT_RATE,
    COMPONENT_REPLICAS,
    COMPONENT_SERVICE_TIME,
    CRITICAL,
    JOBS_PER_WORKER,
    KIND_CORES,
    KIND_TIME,
    KIND_UP,
    KIND_VARIATION,
    SERVICE_VARIATION,
    TARGET,
)
from archnb.fact.keys.jobs import JOB_WORKERS, THIRD_PARTY_P99, THIRD_PARTY_TIME
from archnb.fact.keys.load import PEAK_WRITES
from archnb.quantity import Quantity, parse
from archnb.sim.response import scv_of_tail
from archnb.topics.flow.components import OWN
from archnb.topics.flow.paths import find_serial_parts, find_share, is_waited_for
from archnb.topics.flow.pools import measure_pool
from archnb.topics.topic import Because, Draft

STATEFUL = ("store", "cache", "queue")


def count_rates(draft: Draft, components: Named[Component], paths: Named[Path]) -> None:
    """Add `flow.<component>.rate`: the sum over all operations of rate × share, for every hop that ends there."""
    facts = draft.facts
    parts: dict[str, list[Fact]] = {name: [] for name in components}
    for name, path in paths.items():
        rate = facts.get(PATTERN_RATE.of(name))
        if rate is None:
            continue
        entered: set[str] = set()
        for hop in path.hops:
            share = find_share(draft, name, path, hop)
            if hop.source and components[hop.source].kind == "client" and hop.source not in entered:
                entered.add(hop.source)
                parts[hop.source].append(rate)
            if hop.target:
                parts[hop.target].append(rate if share is None else rate * share)
    for name, rates in parts.items():
        because = f"requests at the peak that {'start' if components[name].kind == 'client' else 'arrive'} there: every operation's rate × the share that comes this way"
        if rates:
            facts.define(COMPONENT_RATE.of(name), total(rates), "/s", because)
        elif components[name].kind == "identity" and TOKEN_RATE in facts:
            facts.define(
                COMPONENT_RATE.of(name),
                facts[TOKEN_RATE],
                "/s",
                "the tokens that it issues at the peak; no operation's path goes through it",
            )
        else:
            facts.given(COMPONENT_RATE.of(name), "0/s", "no operation's path goes through it", origin="concluded")


def list_critical(draft: Draft, components: Named[Component], paths: Named[Path]) -> dict[str, tuple[str, ...]]:
    """The components that an operation waits for whose promise single instances cannot keep, with those operations.

    That is every promise of at least 99.9 %, and a lower one that the product of single instances misses.
    """
    facts = draft.facts
    found: dict[str, list[str]] = {}
    objectives = draft.design.requirements.objectives
    for name, path in paths.items():
        objective = objectives.get(name) or objectives.get("default")
        if objective is None or objective.availability is None:
            continue
        alone = 1.0
        for target, _ in find_serial_parts(components, path):
            said = components[target].availability
            alone *= said.base if said is not None else facts[_assumed_up(components[target])].base
        if objective.availability.base < facts[CRITICAL].base and alone >= objective.availability.base:
            continue
        for target in dict.fromkeys(hop.target for hop in path.hops if is_waited_for(hop) and hop.target):
            found.setdefault(target, []).append(name)
    return {name: tuple(operations) for name, operations in found.items()}


def fill_numbers(draft: Draft, components: Named[Component], paths: Named[Path]) -> Named[Component]:
    """Every component of our own with time of work, availability and replicas, said or worked out, and the facts behind them."""
    critical = list_critical(draft, components, paths)
    made: dict[str, Component] = {}
    for name, one in components.items():
        if one.kind == "client":
            made[name] = one
            continue
        path = f"flow.components.{name}"
        assumed_time, assumed_up = _assumed_time(draft, name, one), _assumed_up(one)
        one = draft.fill(
            path, one, service_time=Because(draft.facts[assumed_time].quantity, draft.facts[assumed_time].because, (assumed_time,)),
            availability=Because(draft.facts[assumed_up].quantity, f"{draft.facts[assumed_up].because}; {draft.facts[assumed_up].source}", (assumed_up,)),
        )  # fmt: skip
        time = _name_input(draft, COMPONENT_SERVICE_TIME.of(name), one.service_time, assumed_time)
        up = _name_input(draft, COMPONENT_AVAILABILITY.of(name), one.availability, assumed_up)
        one = _fill_variation(draft, name, one)
        made[name] = _fill_replicas(draft, name, one, time, up, critical.get(name, ()), paths)
    return Named(made)


def _assumed_time(draft: Draft, name: str, one: Component) -> Key:
    measured = THIRD_PARTY_TIME.of(name.removesuffix("_provider"))
    if one.kind == "third_party" and measured in draft.facts:
        return measured
    is_search = one.kind == "store" and draft.model.places.engine(name).serves("search")
    kind = "search" if is_search else one.kind
    return KIND_TIME.of(kind or "service")


def _assumed_up(one: Component) -> Key:
    return KIND_UP.of(one.kind if one.kind in ("third_party", "identity") else "instance")


def _name_input(draft: Draft, path: Key, value: Quantity | None, assumed: Key) -> Fact:
    """The fact of a component's input: given where it was said, else pointing to the assumption."""
    field, facts = path.rpartition(".")[2], draft.facts
    if draft.is_said(path) and value is not None:
        return draft.value(path, value)
    return facts.define(path, facts[assumed], "%" if field == "availability" else None, facts[assumed].because)


def _fill_replicas(
    draft: Draft, name: str, one: Component, time: Fact, up: Fact, operations: tuple[str, ...], paths: Named[Path]
) -> Component:
    facts, rate = draft.facts, draft.facts[COMPONENT_RATE.of(name)]
    path, fact = f"flow.components.{name}", COMPONENT_REPLICAS.of(name)
    least = 2 if operations else 1
    if one.kind not in OWN:
        one = draft.fill(path, one, replicas=Because(1, "others run it; how often is inside its availability"))
        facts.given(fact, one.replicas or 1, "others run it", origin="assumed")
    elif draft.is_said(f"{path}.replicas") and one.replicas is not None:
        facts.given(fact, one.replicas, f"said of {name}", origin="said")
    else:
        more = f" and {len(operations) - 1} more" if len(operations) > 1 else ""
        why = (
            f"at least two, because single instances would break the promise of {operations[0]}{more}"
            if operations
            else "no promise needs a second one"
        )
        needed = _count_needed(draft, one, rate, time)
        if operations and one.kind in STATEFUL and needed.base > 1:
            # a node of these comes back in hours: the others carry its load meanwhile
            held = facts[KIND_CORES.of(one.kind or "service")]
            needed = maximum(needed, ceil(sum_busy(draft, name, one, rate, time) / held) + 1)
        if one.kind in ("worker", "queue"):
            least, why = 2, "at least two, so that a release does not stop the work"
        facts.decide(
            fact,
            maximum(needed, least),
            "",
            f"its peak load at a bearable use, and {why}",
        )
        one = draft.fill(
            path,
            one,
            replicas=Because(round(facts[fact].value), f"rate × time of work ÷ (cores × bearable use), {why}", (fact,)),
        )
    cores = facts.get(KIND_CORES.of(one.kind or "service"))
    if cores is not None:
        facts.define(
            COMPONENT_BUSY.of(name), sum_busy(draft, name, one, rate, time), "", "cores that it keeps busy at the peak"
        )
    measure_pool(draft, name, one, up, _list_work(draft, name, one, paths, time) if one.kind == "store" else ())
    return one


def _list_work(draft: Draft, name: str, one: Component, paths: Named[Path], time: Fact) -> list[tuple[Fact, Fact]]:
    """What a store does, one by one, with how often and how long: reads by their own queries; nothing where one time is said."""
    facts = draft.facts
    if name != draft.model.places.main or draft.is_said(f"flow.components.{name}.service_time"):
        return []
    made = []
    for operation, path in paths.items():
        rate, own = facts.get(PATTERN_RATE.of(operation)), facts.get(QUERY_TIME.of(operation))
        for hop in path.hops:
            if hop.target == name and rate is not None and rate.base > 0:
                share = find_share(draft, operation, path, hop)
                made.append((rate if share is None else rate * share, own or time))
    return made


def _fill_variation(draft: Draft, name: str, one: Component) -> Component:
    """How much the time of work varies: as it was said, as the provider's percentile has it, or as usual for its kind."""
    facts, fact = draft.facts, SERVICE_VARIATION.of(name)
    if one.service_variation is not None:
        draft.value(fact, one.service_variation)
        return one
    tail = facts.get(THIRD_PARTY_P99.of(name.removesuffix("_provider"))) if one.kind == "third_party" else None
    if tail is not None:
        because = "log-normal, with this mean and 99th percentile"
        ratio = maximum(tail / facts[COMPONENT_SERVICE_TIME.of(name)], 1.0)
        facts.define(fact, apply_model("variation of a log-normal", scv_of_tail, "", ratio), "", because)
    else:
        assumed = facts[KIND_VARIATION.of(one.kind or "service")]
        because = assumed.because
        facts.define(fact, assumed, "", because)
    return draft.fill(f"flow.components.{name}", one, service_variation=Because(facts[fact].quantity, because, (fact,)))


def sum_busy(draft: Draft, name: str, one: Component, rate: Fact, time: Fact) -> Fact:
    """The cores that a part keeps busy: rate × time; of the store, the reads by their own query times (Little's law)."""
    facts = draft.facts
    first = draft.model.places.main
    if one.kind != "store" or name != first or WARM_CORES not in facts:
        return rate * time
    if draft.is_said(f"flow.components.{name}.service_time"):
        return rate * time
    return facts[WARM_CORES] + _sum_writes(draft, time)


def _sum_writes(draft: Draft, time: Fact) -> Fact:
    """The cores that writes keep busy: each the time of one, but a row's time where nobody waits and rows go in batches."""
    facts, batched = draft.facts, []
    for name, pattern in draft.design.access.items():
        rate = facts.get(PATTERN_RATE.of(name))
        if rate is None or not (pattern.is_async and pattern.action == "create") or pattern.steps:
            continue
        batched.append((rate, facts.get(ACCESS_ROWS.of(name)) or 1.0))
    if not batched:
        return facts[PEAK_WRITES] * time
    rows = total([rate * count for rate, count in batched])
    others = maximum(facts[PEAK_WRITES] - total([rate for rate, _ in batched]), parse("0/s"))
    return others * time + rows * facts[KIND_TIME.of("row")]


def _count_needed(draft: Draft, one: Component, rate: Fact, time: Fact) -> Fact:
    facts = draft.facts
    if one.kind == "worker":
        workers = [facts[name] for name in (JOB_WORKERS.of(job) for job in draft.design.jobs.jobs) if name in facts]
        if workers:
            return ceil(total(workers) / facts[JOBS_PER_WORKER])
        return ceil(rate * time / (facts[JOBS_PER_WORKER] * facts[TARGET]))
    return ceil(rate * time / (facts[KIND_CORES.of(one.kind or "service")] * facts[TARGET]))


def complete_replicas(draft: Draft, components: Named[Component], paths: Named[Path]) -> Named[Component]:
    """Rates first, because replicas follow from them."""
    count_rates(draft, components, paths)
    return fill_numbers(draft, components, paths)
