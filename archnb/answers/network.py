"""A plan as a network of stations: its parts with their cores, its operations as call trees, its time limits and retries.

The numbers are the plan's own: rates at the peak, times of work, hit ratios, limits of calls. Operations that go the same way
are one class of requests. What the plan does not say is not invented: a part without a limit of concurrency works on its
cores alone and holds nobody's place while it waits for others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archnb.exceptions import ArchnbError
from archnb.fact.keys.errors import MIN_CALLS
from archnb.fact.keys.flow import COMPONENT_BUSY, COMPONENT_RATE, COMPONENT_UTILISATION, JOBS_PER_WORKER, KIND_CORES
from archnb.planned.errors import Call as PlannedCall
from archnb.planned.flow import Component, Hop
from archnb.sim.network import Arrivals, Breaker, Cache, Call, Network, RequestClass, RetryBudget, Service, Station
from archnb.sim.network_tables import load_loop

if TYPE_CHECKING:
    from archnb.plan import Plan

UNTIL_TAKEN = 1_000_000
# what plain Python simulates in about half a minute
MOST_PLAIN_EVENTS = 2_000_000
# parts that others run: as many calls at once as come
OTHERS = ("third_party", "identity")


@dataclass(frozen=True)
class Simulated:
    """A plan's network, and what stands for what in it.

    operations: of each class, the operations that go its way. kinds: of each station, the kind of its part. replicas: how many
    instances share it.
    """

    network: Network
    operations: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, str]
    replicas: Mapping[str, int]

    def scale(self, factor: float) -> Network:
        """The network with so many times the load."""
        classes = tuple(
            replace(one, arrivals=Arrivals.poisson(one.arrivals.rate * factor)) for one in self.network.classes
        )
        return replace(self.network, classes=classes)


@dataclass
class _Node:
    """A hop while the tree grows below it."""

    hop: Hop
    children: list[_Node]


def build_network(plan: Plan) -> Simulated:
    """The network of a plan. Raises ArchnbError where no operation has both a rate and a way."""
    flow, calls = plan.planned.flow, {(one.source, one.target): one for one in plan.planned.errors.calls.values()}
    parts = {name: one for name, one in flow.components.items() if one.kind != "client"}
    caches: dict[str, Cache] = {}
    trees: dict[tuple[Call, ...], list[tuple[str, float]]] = {}
    for name, operation in plan.planned.operations.items():
        path = flow.paths[name].hops if name in flow.paths else ()
        if not path or operation.rate.base <= 0:
            continue
        roots = _grow(path, parts)
        made = tuple(_make_call(plan, name, node, None, parts, calls, caches) for node in roots)
        trees.setdefault(made, []).append((name, operation.rate.base))
    if not trees:
        raise ArchnbError("no operation has a rate and a way through the parts: say access.<name>.rate and plan again")
    classes, operations = [], {}
    for tree, members in sorted(trees.items(), key=lambda item: -sum(rate for _, rate in item[1])):
        members.sort(key=lambda one: -one[1])
        label = members[0][0] if len(members) == 1 else f"{members[0][0]} and {len(members) - 1} more"
        operations[label] = tuple(name for name, _ in members)
        rate = math.fsum(rate for _, rate in members)
        classes.append(RequestClass(name=label, arrivals=Arrivals.poisson(rate), calls=tree))
    stations = tuple(_make_station(plan, name, one) for name, one in parts.items())
    network = Network(stations=stations, classes=tuple(classes), caches=tuple(caches.values()))
    return Simulated(
        network, operations, {name: one.kind for name, one in parts.items()},
        {name: max(1, one.replicas) for name, one in parts.items()},
    )  # fmt: skip


def _grow(path: tuple[Hop, ...], parts: Mapping[str, Component]) -> list[_Node]:
    """The hops of a path as a tree: a hop is made from the last call that ended where it begins."""
    roots: list[_Node] = []
    open_at: dict[str, _Node] = {}
    for hop in path:
        if hop.target not in parts or hop.kind == "fallback":
            continue
        node = _Node(hop, [])
        above = open_at.get(hop.source)
        (roots if above is None else above.children).append(node)
        open_at[hop.target] = node
    return roots


def _make_call(
    plan: Plan, operation: str, node: _Node, above: _Node | None, parts: Mapping[str, Component],
    calls: Mapping[tuple[str, str], PlannedCall], caches: dict[str, Cache],
) -> Call:  # fmt: skip
    hop, part = node.hop, parts[node.hop.target]
    # the share of a hop is of the operation's requests: below a hop that few take, all of those may take the next
    taken = hop.share.base if above is None or above.hop.share.base <= 0 else hop.share.base / above.hop.share.base
    share, cache = min(1.0, taken), None
    is_waited = hop.kind == "call" or parts.get(hop.source, part).kind == "worker"
    siblings = [] if above is None else [parts[one.hop.target].kind for one in above.children]
    policy = plan.planned.cache.policies.get(operation)
    if part.kind == "store" and share < 1 and "cache" in siblings and policy is not None:
        hit = 1 - share
        rate = plan.planned.operations[operation].rate.base
        # what stands in a cache with a lifetime is what was loaded within it
        caches.setdefault(operation, Cache(name=operation, hit_ratio=hit, entries=rate * share * policy.ttl.base))
        share, cache = 1.0, operation
    planned = calls.get((hop.source, hop.target))
    call = Call(
        station=hop.target, share=share, cache=cache, waits=is_waited, required=part.kind != "cache",
        then=tuple(_make_call(plan, operation, one, node, parts, calls, caches) for one in node.children),
    )  # fmt: skip
    if not is_waited:
        # an outbox or a queue keeps it until it is taken
        return replace(call, retries=UNTIL_TAKEN, backoff=1.0, longest=10.0, jitter="full")
    return call if planned is None else _limit(plan, call, planned, parts)


def _limit(plan: Plan, call: Call, planned: PlannedCall, parts: Mapping[str, Component]) -> Call:
    """The call with its time limit, retries, budget and breaker, one of these an instance of the caller."""
    name, callers = f"{planned.source} -> {planned.target}", 1
    if planned.source in parts:
        callers = max(1, parts[planned.source].replicas)
    budget, backoff = None, 0.0
    for retry in planned.retries:
        backoff = retry.backoff.base
        budget = RetryBudget(name=name, per_call=retry.budget.base, size=10, instances=callers)
    breaker = None
    for one in planned.breakers:
        breaker = Breaker(
            name=name, threshold=min(1.0, one.failures.base), window=one.window.base, open_for=one.open.base,
            least=plan.facts[MIN_CALLS].base, instances=callers,
        )  # fmt: skip
    return replace(
        call, timeout=planned.timeout.base, retries=max(0, planned.attempts - 1), backoff=backoff, jitter="full",
        budget=budget, breaker=breaker,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Times:
    """When something begins, for how long it lasts, and when the run ends, in seconds."""

    start: float
    length: float
    end: float

    @property
    def stop(self) -> float:
        """When it is over."""
        return self.start + self.length

    def fit(self, simulated: Simulated, most_events: float) -> Times:
        """The same, in a shorter time where the whole would be more events; a tenth at least."""
        share = min(1.0, max(0.1, most_events / (count_events(simulated) * self.end)))
        return Times(start=self.start * share, length=self.length * share, end=self.end * share)


def count_events(simulated: Simulated) -> float:
    """About how many events a second of the network has."""
    network = simulated.network
    return math.fsum(one.arrivals.rate * (1 + 1.2 * sum(network.visits(one).values())) for one in network.classes)


def require_affordable(simulated: Simulated, seconds: float) -> None:
    """Raise ArchnbError where so much simulated time would take minutes, because nothing is compiled."""
    events = count_events(simulated) * seconds
    if not load_loop(None).IS_COMPILED and events > MOST_PLAIN_EVENTS:
        raise ArchnbError(
            f'{events:,.0f} events are to be simulated, too many for plain Python: pip install "archnb[fast]"'
        )


def make_service(mean: float, scv: float) -> Service:
    """Times of work of a mean and a variation: clockwork at 0, exponential at 1, gamma below, lognormal above.

    >>> make_service(0.01, 0.5).kind, make_service(0.01, 3.0).kind
    ('gamma', 'lognormal')
    """
    if mean <= 0 or scv <= 0:
        return Service.constant(max(0.0, mean))
    if abs(scv - 1) < 1e-9:
        return Service.exponential(mean)
    return Service.gamma(mean, scv) if scv < 1 else Service.lognormal(mean, scv)


def _make_station(plan: Plan, name: str, part: Component) -> Station:
    mean = part.service_time.base
    busy, rate = plan.facts.get(COMPONENT_BUSY.of(name)), plan.facts.get(COMPONENT_RATE.of(name))
    if busy is not None and rate is not None and rate.base > 0 and part.kind != "worker":
        # what the plan counts for a request there, dear queries and cheap ones together: one utilisation, in both
        mean = busy.base / rate.base
    service = make_service(mean, part.service_variation.base)
    if part.kind in OTHERS:
        return Station(name=name, servers=None, service=service, holds=True)
    if part.kind == "worker":
        slots = max(1, part.replicas) * int(plan.facts[JOBS_PER_WORKER].base)
        return Station(name=name, servers=slots, service=service, holds=True)
    if part.concurrency:
        return Station(name=name, servers=max(1, part.replicas) * part.concurrency, service=service, holds=True)
    return Station(name=name, servers=_count_cores(plan, name, part), service=service, holds=False)


def _count_cores(plan: Plan, name: str, part: Component) -> int:
    """The cores of all instances: those by which the plan says how busy the part is."""
    busy, share = plan.facts.get(COMPONENT_BUSY.of(name)), plan.facts.get(COMPONENT_UTILISATION.of(name))
    if busy is not None and share is not None and share.base > 0:
        return max(1, round(busy.base / share.base))
    cores = plan.facts.get(KIND_CORES.of(part.kind))
    return max(1, part.replicas) * (int(cores.base) if cores is not None else 1)
