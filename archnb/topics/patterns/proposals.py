"""What speaks for each pattern or against it in this design, weighed with the numbers at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from archnb.design.patterns import Pattern
from archnb.design.record import Named
from archnb.fact import total
from archnb.fact.keys.cache import CACHE_HIT_RATIO, HIT_RATIO, STORE_CORES, STORE_READS, WARM_CORES
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.load import PEAK_EGRESS, PEAK_REQUESTS
from archnb.fact.keys.patterns import (
    EDGE_EGRESS,
    ENGINEERS_PER_SERVICE,
    FEW_ENTITIES,
    FEW_OPERATIONS,
    GATEWAY_RATE,
    MIX_QUERY_TIME,
    PATTERNS_STORE_READS,
    PRIMARY_READS,
    PRIMARY_SHARE,
)
from archnb.model.caches import is_kept_at
from archnb.quantity import number
from archnb.topics.topic import Assumption, Because, Draft

_OURS = "rule of thumb of archnb, 2026-11"
ASSUMPTIONS: tuple[Assumption, ...] = (
    (ENGINEERS_PER_SERVICE, 6, "a service needs a team that can build it, run it and be on call for it",
     "Skelton and Pais, Team Topologies (2019): teams of five to nine"),
    (PRIMARY_SHARE, "60%", "how much of the primary reads may take before a replica is added", _OURS),
    (FEW_OPERATIONS, 6, "up to so many operations for one kind of caller a gateway has nothing to share", _OURS),
    (GATEWAY_RATE, "100/s", "requests at the peak from which a gateway pays", _OURS),
    (FEW_ENTITIES, 3, "entities from which every query deserves a name and a place", _OURS),
    (EDGE_EGRESS, "100 MB/s", "bytes that one entry sends without noticing", _OURS),
)  # fmt: skip

PRICES = {
    "api_gateway": "one more hop on every request and one more part to run twice",
    "repository": "one more layer of code, and queries that must be named before they can be used",
    "service_layer": "one more layer of code; simple reads pass through it unchanged",
    "queue": "work is done later and may be done twice, so each job must be idempotent; one more thing to watch",
    "outbox": "one more row per published write, and a relay that reads and empties the table",
    "cache_layer": "answers may be as old as their lifetime; one more thing to size, invalidate and watch",
    "event_sourcing": "reads need projections, events can never be changed, and every schema change must read old events",
    "saga": "states in between are visible to others, and every step needs an undo that works",
    "circuit_breaker": "answers are refused while a breaker is open, and its thresholds need tuning",
    "cqrs": "two models of the same data, and a copy that is behind by the time its feed takes",
    "read_replica": "reads may miss the newest writes by the replication lag; a second server",
    "cdn": "answers at the edge cannot be called back before their lifetime ends",
    "service_split": "every call between domains becomes a network call that can fail, and every service its own release and rota",
}


@dataclass(frozen=True)
class Evidence:
    """What is counted in the design before patterns are weighed."""

    operations: int
    reads: int
    writes: int
    roles: tuple[str, ...]
    clients: int
    entities: int
    third_parties: tuple[str, ...]
    jobs: int
    async_operations: tuple[str, ...]
    spanning: tuple[str, ...]
    compound: tuple[str, ...]
    copies: tuple[str, ...]
    stores: int
    histories: tuple[str, ...]
    cached: tuple[str, ...]
    cached_at_edge: tuple[str, ...]
    cache_engine: str | None
    domains: tuple[str, ...]
    team: int


def count_evidence(draft: Draft) -> Evidence:
    """Count what the design says so far; sections that are empty count as nothing."""
    design = draft.design
    access = design.access
    stores, places = design.schema.stores, draft.model.places
    spanning, compound = [], []
    third: dict[str, None] = {}
    for name, one in access.items():
        if one.steps:
            compound.append(name)
        homes = {places.find_home(entity) for entity in draft.model.touches.find(name).writes}
        vias = [step.via for step in one.steps if step.via]
        third |= dict.fromkeys(vias)
        if one.writes and (vias or len(homes) > 1):
            spanning.append(name)
    for job in design.jobs.jobs.values():
        third |= dict.fromkeys(job.calls)
    used = {name: policy for name, policy in design.cache.policies.items() if policy.use}
    return Evidence(
        operations=len(access),
        reads=sum(1 for one in access.values() if one.reads),
        writes=sum(1 for one in access.values() if one.writes),
        roles=tuple(dict.fromkeys(role for one in access.values() for role in one.roles)),
        clients=max(1, sum(1 for client in design.auth.clients.values() if client.kind != "service")),
        entities=len(design.entities),
        third_parties=tuple(third),
        jobs=len(design.jobs.jobs),
        async_operations=tuple(name for name, one in access.items() if one.is_async),
        spanning=tuple(dict.fromkeys((*spanning, *(s.operation or n for n, s in design.jobs.sagas.items())))),
        compound=tuple(compound),
        copies=tuple(name for name, store in stores.items() if store.copies),
        stores=max(1, len(stores)),
        histories=tuple(name for name, entity in design.entities.items() if entity.history),
        cached=tuple(name for name, policy in used.items() if not is_kept_at(policy.store, "edge")),
        cached_at_edge=tuple(name for name, policy in used.items() if is_kept_at(policy.store, "edge")),
        cache_engine=design.cache.engine,
        domains=tuple(dict.fromkeys(entity.domain for entity in design.entities.values() if entity.domain)),
        team=design.requirements.team_size or 1,
    )


def list_names(names: Sequence[str], limit: int = 3) -> str:
    """Some names in a sentence: 'a, b and c', 'a, b, c and 4 more'."""
    shown = list(names[:limit])
    if len(names) > limit:
        return f"{', '.join(shown)} and {len(names) - limit} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def count(quantity: int, noun: str) -> str:
    """A count with its noun: '1 role', '4 roles'.

    >>> count(1, "role"), count(3, "entity")
    ('1 role', '3 entities')
    """
    if quantity == 1:
        return f"1 {noun}"
    return f"{quantity} {noun[:-1]}ies" if noun.endswith("y") else f"{quantity} {noun}s"


def complete(draft: Draft) -> None:
    """Weigh every known pattern and fill in use, reason and price; patterns that people named themselves stay."""
    _assume(draft)
    proposals = dict(_weigh(draft, count_evidence(draft)))
    made: dict[str, Pattern] = {}
    for name, (use, reason, *facts) in proposals.items():
        said = draft.design.patterns.get(name, Pattern())
        path = f"patterns.{name}"
        because = Because(use, reason, tuple(facts))
        if said.use is not None and said.use != use:
            reason = f"said so; the design would have it otherwise: {reason}"
        made[name] = draft.fill(
            path, said, use=because,
            reason=Because(reason, "what speaks for it or against it in this design", tuple(facts)),
            price=Because(PRICES[name], "what the pattern costs wherever it is used"),
        )  # fmt: skip
    for name, said in draft.design.patterns.items():
        if name not in made:
            made[name] = draft.fill(
                f"patterns.{name}", said, use=Because(True, "it is named among the patterns"),
                reason=Because("said in the design", "archnb does not weigh this pattern"),
                price=Because("not stated", "archnb does not know this pattern's price; say it here"),
            )  # fmt: skip
    draft.close("patterns", Named(made))


def _assume(draft: Draft) -> None:
    facts = draft.facts
    draft.assume(ASSUMPTIONS)
    parts = []
    for name, one in draft.design.access.items():
        rate = facts.get(PATTERN_RATE.of(name))
        if one.reads and rate is not None:
            hit, policy = facts.get(HIT_RATIO.of(name)), draft.design.cache.policies.get(name)
            is_cached = hit is not None and policy is not None and bool(policy.use)
            parts.append(rate * (1 - hit) if is_cached and hit is not None else rate * 1)
    if parts:
        facts.define(PATTERNS_STORE_READS, total(parts), "/s", "reads at the peak that the cache does not answer")
    if parts and WARM_CORES in facts and facts[WARM_CORES].base > 0:
        mean = facts.define(
            MIX_QUERY_TIME, facts[WARM_CORES] / facts[STORE_READS], "ms",
            "mean database time of the reads that reach the store: their busy cores ÷ their rate (Little's law)",
        )  # fmt: skip
        facts.define(
            PRIMARY_READS, facts[STORE_CORES] / mean, "/s",
            "reads of this design's mix that one primary answers with all its cores busy",
        )  # fmt: skip
    else:
        facts.assume(
            PRIMARY_READS, "10k/s", "reads that one relational primary of 8 to 16 cores answers from memory",
            source="pgbench select-only on such machines gives several times that; a fifth is left for real queries (2024)",
        )  # fmt: skip


# used or not, the reason, and the names of the facts that the reason rests on
Proposal = tuple[Any, ...]


def _weigh(draft: Draft, seen: Evidence) -> Iterator[tuple[str, Proposal]]:
    yield "api_gateway", _weigh_gateway(draft, seen)
    yield "service_layer", _weigh_service_layer(seen)
    yield "repository", _weigh_repository(draft, seen)
    yield "service_split", _weigh_split(draft, seen)
    queue = _weigh_queue(seen)
    yield "queue", queue
    yield "outbox", _weigh_outbox(draft, seen, bool(queue[0]))
    yield "saga", _weigh_saga(seen)
    yield "cache_layer", _weigh_cache(draft, seen)
    yield "cdn", _weigh_cdn(draft, seen)
    yield "circuit_breaker", _weigh_breaker(seen)
    yield "event_sourcing", _weigh_event_sourcing(seen)
    yield "cqrs", _weigh_cqrs(seen)
    yield "read_replica", _weigh_replica(draft)


def _weigh_gateway(draft: Draft, seen: Evidence) -> Proposal:
    facts, peak = draft.facts, draft.facts[PEAK_REQUESTS]
    at, named = f" at {peak.text} in the peak", (PEAK_REQUESTS,)
    kinds = "1 kind of client" if seen.clients == 1 else f"{seen.clients} kinds of client"
    what = f"{count(seen.operations, 'operation')} for {count(len(seen.roles), 'role')} through {kinds}{at}"
    if (
        seen.operations > facts[FEW_OPERATIONS].base
        or len(seen.roles) > 1
        or seen.clients > 1
        or peak.base >= facts[GATEWAY_RATE].base
    ):
        return (True, f"{what}: tokens, rate limits, TLS and routing are done once, at the border", *named)
    return (False, f"only {what}: a load balancer in front of the one service does", *named)


def _weigh_service_layer(seen: Evidence) -> Proposal:
    if seen.compound:
        return (
            True,
            f"{list_names(seen.compound)} {'does' if len(seen.compound) == 1 else 'do'} several steps as one; the steps and their transaction need one home",
        )
    if seen.writes > 2:
        return (True, f"{seen.writes} write operations carry rules that no controller and no table should hold")
    return (
        False,
        f"{count(seen.writes, 'write operation')} without steps: handlers may call the repository themselves",
    )


def _weigh_repository(draft: Draft, seen: Evidence) -> Proposal:
    if seen.stores > 1 or seen.cached:
        behind = f"{count(seen.stores, 'store')}" + (
            f" and {count(len(seen.cached), 'cached read')}" if seen.cached else ""
        )
        return (True, f"{behind}: one place decides where each of {count(seen.entities, 'entity')} is read from")
    if seen.entities >= draft.facts[FEW_ENTITIES].base:
        return (
            True,
            f"{seen.entities} entities with {seen.operations} access patterns: every query has one name and one place, which tests can replace",
        )
    return (False, f"{count(seen.entities, 'entity')} in one store: a layer over so few queries hides nothing")


def _weigh_split(draft: Draft, seen: Evidence) -> Proposal:
    per, domains = round(draft.facts[ENGINEERS_PER_SERVICE].base), len(seen.domains)
    if domains > 1 and seen.team >= per * domains:
        return (
            True,
            f"{seen.team} engineers for {domains} domains: {seen.team // domains} to each, enough to build and run a service of its own",
            ENGINEERS_PER_SERVICE,
        )
    why = f"{seen.team} engineers for {domains} domains" if domains > 1 else "there is one domain"
    more = f", where {per * domains} would be needed for one service each" if domains > 1 else ""
    return (
        False,
        f"{why}{more}: one service with modules by domain, to be cut along them later",
        ENGINEERS_PER_SERVICE,
    )


def _weigh_queue(seen: Evidence) -> Proposal:
    work = []
    if seen.jobs:
        work.append(count(seen.jobs, "job"))
    if seen.async_operations:
        work.append(f"{list_names(seen.async_operations)} not waited for")
    if seen.spanning:
        work.append(f"the remote steps of {list_names(seen.spanning)}")
    if seen.copies:
        work.append(f"the copy in {list_names(seen.copies)} to be kept up")
    if work:
        return (True, f"{', '.join(work)}: done after the answer, with retries, without holding the caller")
    return (False, "nothing is done after the answer: no jobs, no copies, no third parties")


def _weigh_outbox(draft: Draft, seen: Evidence, has_queue: bool) -> Proposal:
    said = draft.design.patterns.get("queue")
    has_queue = said.use if said is not None and said.use is not None else has_queue
    queues = draft.model.queues
    if has_queue and seen.writes and queues.is_table:
        return (
            False,
            f"the queue is {queues.technology}, tables of the same database: a job is a row of the transaction that causes it, which is all that an outbox would give",
        )
    if has_queue and seen.writes:
        return (True, "a row and its message are written in one transaction, so neither is lost when the other fails")
    return (False, "no write has to be told to another part" if seen.writes else "there are no writes to publish")


def _weigh_saga(seen: Evidence) -> Proposal:
    if seen.spanning:
        parties = f" with {list_names(seen.third_parties)}" if seen.third_parties else ""
        return (
            True,
            f"{list_names(seen.spanning)} change{'s' if len(seen.spanning) == 1 else ''} data of several owners{parties}, which no one transaction spans",
        )
    return (False, "every write stays inside one store: a local transaction does it, and undoes it for nothing")


def _weigh_cache(draft: Draft, seen: Evidence) -> Proposal:
    ratio = (CACHE_HIT_RATIO,) if CACHE_HIT_RATIO in draft.facts else ()
    share = f"; {draft.facts[CACHE_HIT_RATIO].text} of all reads never reach a store" if ratio else ""
    if seen.cached and seen.cache_engine != "none":
        return (
            True,
            f"{list_names(seen.cached)} {'repeats' if len(seen.cached) == 1 else 'repeat'} enough to be kept{share}",
            *ratio,
        )
    if seen.cache_engine == "none":
        return (False, "no read repeats enough, within the staleness allowed, to pay for a shared cache")
    return (False, "no access pattern is worth caching")


def _weigh_cdn(draft: Draft, seen: Evidence) -> Proposal:
    if seen.cached_at_edge:
        return (True, f"{list_names(seen.cached_at_edge)} may be answered from the edge, close to the reader")
    shared = tuple(
        name for name in seen.cached
        if draft.design.access[name].roles == ("public",)
        and (stale := draft.design.requirements.objectives[name].staleness) is not None and stale.base > 0
    )  # fmt: skip
    if not shared:
        return (False, "no answer is both the same for everybody and allowed to be old")
    out = draft.facts[PEAK_EGRESS]
    weight = f", and {out.text} at the peak needs no help to leave" if out.base < draft.facts[EDGE_EGRESS].base else ""
    regions = draft.design.requirements.regions or 1
    return (
        False,
        f"{list_names(shared)} could be kept at the edge, but they change and are wanted fresh, and a write can call back what the shared cache holds and not what browsers hold"
        f"{weight}; it pays for pictures and scripts, and for readers far from the {'region' if regions == 1 else 'regions'}",
        PEAK_EGRESS,
    )


def _weigh_breaker(seen: Evidence) -> Proposal:
    if seen.third_parties:
        parties = list_names(seen.third_parties)
        return (True, f"{parties} can be slow or down without us; a breaker keeps that from holding our threads")
    return (False, "nothing is called that others run; time limits on our own stores do")


def _weigh_event_sourcing(seen: Evidence) -> Proposal:
    if seen.histories:
        return (
            True,
            f"every earlier state of {list_names(seen.histories)} must be known; only there, not for the other {count(seen.entities - len(seen.histories), 'entity')}",
        )
    return (
        False,
        "no entity must show its earlier states (`history: true`); a row that changes is simpler to read and to erase",
    )


def _weigh_cqrs(seen: Evidence) -> Proposal:
    if seen.copies:
        return (
            True,
            f"{list_names(seen.copies)} answer{'s' if len(seen.copies) == 1 else ''} reads from a copy shaped for them, fed by the writes",
        )
    if seen.histories:
        return (
            True,
            f"the events of {list_names(seen.histories)} cannot be queried; current state is a projection of them",
        )
    return (False, "reads and writes are served well by one model; no store holds a copy")


def _weigh_replica(draft: Draft) -> Proposal:
    facts = draft.facts
    if PATTERNS_STORE_READS not in facts:
        return (False, "the rate of reads is not known")
    reads, limit = facts[PATTERNS_STORE_READS], facts[PRIMARY_READS] * facts[PRIMARY_SHARE]
    is_stale_allowed = any(one.reads and one.consistency != "strong" for one in draft.design.access.values())
    compared = f"{reads.text} reach the store, and one primary may spend {number(limit.to('/s'))}/s on reads"
    if reads.base > limit.base and is_stale_allowed:
        return (
            True,
            f"{compared}: reads that may be old go to a replica",
            PATTERNS_STORE_READS,
            PRIMARY_READS,
        )
    return (False, compared, PATTERNS_STORE_READS, PRIMARY_READS)
