"""The path of each operation: who calls whom, what is waited for, and what is done after the answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from archnb.design.entities import AccessPattern, Step
from archnb.design.flow import Component, Hop, Path
from archnb.design.jobs import Saga
from archnb.design.record import Named
from archnb.engines import Kind
from archnb.fact import Fact, Origin
from archnb.fact.keys.cache import HIT_RATIO
from archnb.fact.keys.flow import HOP_SHARE, MISSED
from archnb.model.caches import is_kept_at, is_shared_cache
from archnb.quantity import Quantity, parse
from archnb.topics.flow.components import Parts
from archnb.topics.topic import Because, Draft

ALL = parse("100%")


class Trace:
    """The hops of one operation while they are being laid."""

    def __init__(self) -> None:
        self.hops: list[Hop] = []

    def call(self, source: str, target: str, label: str, share: Quantity = ALL) -> None:
        """A hop that is waited for."""
        self.hops.append(Hop(source=source, target=target, label=label, kind="call", share=share))

    def later(self, source: str, target: str, label: str, share: Quantity = ALL) -> None:
        """A hop that is not waited for."""
        self.hops.append(Hop(source=source, target=target, label=label, kind="async", share=share))


def find_serving_store(draft: Draft, name: str, pattern: AccessPattern) -> str:
    """The store that answers a read: one with an index for it, one made for its kind of question, or the entity's home."""
    places = draft.model.places
    home = places.find_home(pattern.reads)
    if pattern.consistency == "strong":
        # a copy is behind by the time its feed takes
        return home
    able = [home, *(one for one in places.list_copies(pattern.reads) if one != home)]
    if len(able) == 1:
        return home
    for table in draft.design.schema.tables.values():
        if (
            table.store in able
            and table.store != home
            and any(name in index.serves for index in table.indexes.values())
        ):
            return table.store
    asks: tuple[tuple[Kind, bool], ...] = (
        ("search", bool(pattern.search)),
        ("graph", (pattern.depth or 0) > 2),
        ("time series", bool(pattern.aggregate)),
    )
    for kind, is_asked in asks:
        found = next((one for one in able if places.engine(one).serves(kind)), None)
        if is_asked and found is not None:
            return found
    return home


def fill_paths(draft: Draft, parts: Parts) -> Named[Path]:
    """A path for every access pattern: said hops are kept and filled in, the others are proposed."""
    said = draft.design.flow.paths
    sagas: dict[str, Saga] = {}
    for name, saga in draft.design.jobs.sagas.items():
        sagas.setdefault(saga.operation or name, saga)
    made: dict[str, Path] = {}
    for name in dict.fromkeys((*draft.design.access, *said)):
        path, pattern = f"flow.paths.{name}", draft.design.access.get(name)
        one = said.get(name, Path())
        if one.hops:
            hops = _fill_hops(draft, path, one.hops, parts)
            made[name] = dataclasses.replace(
                draft.fill(path, one, operation=Because(name, "the path has the operation's name")), hops=hops
            )
        elif pattern is not None:
            trace = (
                _trace_read(draft, parts, name, pattern)
                if pattern.reads
                else _trace_write(draft, parts, name, pattern, sagas)
            )
            why = (
                "the parts in order: the border, the rules, the cache, the store"
                if pattern.reads
                else "the parts in order: the border, the rules, one transaction; all else after the answer"
            )
            draft.note(path, why)
            made[name] = draft.fill(
                path,
                one,
                operation=Because(name, "the path has the operation's name"),
                hops=Because(tuple(trace.hops), why),
            )
    return Named(made)


def _fill_hops(draft: Draft, path: str, hops: tuple[Hop, ...], parts: Parts) -> tuple[Hop, ...]:
    made: list[Hop] = []
    at = parts.client
    for n, hop in enumerate(hops):
        one = draft.fill(
            f"{path}.hops.{n}", hop, source=Because(at, "the step before ended there"),
            target=Because(next(iter(parts.services.values())), "nothing else is said"),
            label=Because("call", "nothing else is said"), kind=Because("call", "a step is waited for unless it says otherwise"),
            share=Because("100%", "a step is taken by every request unless it says otherwise"),
        )  # fmt: skip
        made.append(one)
        at = one.target or at
    return tuple(made)


def _enter(draft: Draft, parts: Parts, trace: Trace, name: str, pattern: AccessPattern) -> str:
    """The hops from the client to the service; gives the service."""
    operation = draft.design.api.operations.get(name)
    label = (
        f"{operation.method} {operation.path}"
        if operation is not None and operation.method and operation.path
        else name
    )
    entity = draft.design.entities.get(pattern.reads or pattern.writes or "")
    service = parts.service_of(entity.domain if entity is not None else None)
    policy = draft.design.cache.policies.get(name)
    share, at = ALL, parts.client
    if parts.cdn and policy is not None and policy.use and is_kept_at(policy.store, "edge"):
        trace.call(at, parts.cdn, label)
        at, share = parts.cdn, _miss_share(draft, name)
    if parts.gateway:
        trace.call(at, parts.gateway, label, share)
        at = parts.gateway
        is_known = not pattern.roles or set(pattern.roles) != {"public"}
        if parts.identity and is_known and draft.design.auth.token_format == "opaque":
            trace.call(at, parts.identity, "look the token up", parse("10%"))
    trace.call(at, service, label, share)
    return service


def _miss_share(draft: Draft, name: str) -> Quantity:
    """Which share of a cached read's requests goes past the cache, as a fact of its own."""
    facts, hit = draft.facts, HIT_RATIO.of(name)
    if hit not in facts:
        return ALL
    fact = MISSED.of(name)
    if fact not in facts:
        facts.define(fact, 1 - facts[hit], "%", "reads that the cache cannot answer go on")
    return facts[fact].quantity


def _trace_read(draft: Draft, parts: Parts, name: str, pattern: AccessPattern) -> Trace:
    trace = Trace()
    service = _enter(draft, parts, trace, name, pattern)
    store, policy = find_serving_store(draft, name, pattern), draft.design.cache.policies.get(name)
    what = f"read {pattern.reads}" + (f" with {', '.join(pattern.included)}" if pattern.included else "")
    if pattern.is_async and parts.queue and parts.worker:
        trace.call(service, parts.queue, f"ask for {name}")
        trace.later(parts.queue, parts.worker, f"take {name}")
        trace.later(parts.worker, store, what)
        return trace
    share = trace.hops[-1].share or ALL
    if policy is not None and policy.use and not is_kept_at(policy.store, "edge"):
        missed = _miss_share(draft, name)
        if parts.cache and is_shared_cache(policy.store):
            trace.call(service, parts.cache, f"get {policy.key or name}")
        share = missed
    trace.call(service, store, what, share)
    return trace


def _trace_write(draft: Draft, parts: Parts, name: str, pattern: AccessPattern, sagas: Mapping[str, Saga]) -> Trace:
    trace = Trace()
    service = _enter(draft, parts, trace, name, pattern)
    design, home = draft.design, draft.model.places.find_home(pattern.writes)
    has_queue = bool(parts.queue and parts.worker)
    outbox = design.patterns.get("outbox")
    is_later = bool(pattern.is_async and has_queue)
    local = [
        step.entity for step in pattern.steps if not step.via and draft.model.places.find_home(step.entity) == home
    ]
    waited, after = _split_remote(draft, name, pattern, home, is_later, has_queue, sagas)
    entities: set[str | None] = {pattern.writes, *local}
    domains = dict.fromkeys(
        design.entities[one].domain for one in (pattern.writes, *local) if one is not None and one in design.entities
    )
    others = [one for one in dict.fromkeys(parts.service_of(domain) for domain in domains) if one != service]
    what = f"{pattern.action or 'write'} {pattern.writes}" + (
        f" with {', '.join(dict.fromkeys(str(one) for one in local))}" if local else ""
    )
    # the message is all that a request writes which nobody waits for: without a table for it the store is not asked
    is_told_alone = is_later and not draft.model.queues.is_table
    if not is_told_alone:
        trace.call(service, home, f"accept {name}" if is_later else what)
    if not is_later:
        for other in others:
            trace.call(service, other, f"{name} in its own data")
            trace.call(other, home, f"{name} in its own data")
    for step in waited:
        trace.call(service, _find_target(draft, parts, step), f"{step.action} {step.entity}")
    if any(step.via for step in waited):
        trace.call(service, home, f"record the outcome of {name}")
    touches = draft.model.touches
    reading = {other for one in entities for other in touches.list_reading(one or "")}
    stale = [other for other in sorted(reading, key=touches.order.__getitem__) if _is_cleared(draft, other)]
    if parts.cache and stale:
        trace.later(service, parts.cache, f"invalidate {', '.join(stale)}")
    jobs = [one for one in design.jobs.jobs.values() if one.trigger == name]
    copies = list(dict.fromkeys(copy for one in entities for copy in draft.model.places.list_copies(one)))
    if parts.queue and parts.worker and (is_later or jobs or copies or after):
        has_outbox = outbox is not None and outbox.use
        if is_told_alone:
            trace.call(service, parts.queue, f"accept {name}")
        else:
            trace.later(
                home if has_outbox else service,
                parts.queue,
                "relay the outbox"
                if has_outbox
                else f"job of {name}, in its transaction"
                if draft.model.queues.is_table
                else f"tell of {name}",
            )
        trace.later(parts.queue, parts.worker, f"take {name}")
        if is_later:
            trace.later(parts.worker, home, what)
        for step in after:
            trace.later(parts.worker, _find_target(draft, parts, step), f"{step.action} {step.entity}")
        for via in dict.fromkeys(via for job in jobs for via in job.calls):
            target = parts.third.get(via, via)
            if not any(hop.source == parts.worker and hop.target == target for hop in trace.hops):
                trace.later(parts.worker, target, f"after {name}")
        if after:
            trace.later(parts.worker, home, f"record the outcome of {name}")
        elif jobs and not is_later and not any(job.calls for job in jobs):
            trace.later(parts.worker, home, f"finish {name}")
        for copy in copies:
            trace.later(
                parts.worker,
                copy,
                f"index {', '.join(sorted(str(e) for e in entities & set(design.schema.stores[copy].copies)))}",
            )
    return trace


def _find_target(draft: Draft, parts: Parts, step: Step) -> str:
    return parts.third[step.via] if step.via else draft.model.places.find_home(step.entity)


def _split_remote(
    draft: Draft,
    name: str,
    pattern: AccessPattern,
    home: str,
    is_later: bool,
    has_queue: bool,
    sagas: Mapping[str, Saga],
) -> tuple[list[Step], list[Step]]:
    """The steps outside the first transaction: those that the caller waits for, and those that follow after the answer.

    A saga's steps up to its pivot are waited for, since they can still refuse; what is repeated until it succeeds is
    not. Where sagas are refused, or without a queue, everything is waited for.
    """
    remote = [step for step in pattern.steps if step.via or draft.model.places.find_home(step.entity) != home]
    refused = draft.design.patterns.get("saga")
    if is_later:
        return [], remote
    if not has_queue or (refused is not None and refused.use is False):
        return remote, []
    saga = sagas.get(name)
    if saga is None:
        # what a third party does can still refuse; a row in another store of ours can follow
        return [step for step in remote if step.via], [step for step in remote if not step.via]
    repeated = {(step.action, step.entity, step.via) for step in saga.steps if step.kind == "retriable"}
    after = [step for step in remote if (step.action, step.entity, step.via) in repeated]
    return [step for step in remote if step not in after], after


def _is_cleared(draft: Draft, pattern: str) -> bool:
    """Whether cached answers of a pattern are taken away when what they show is written."""
    policy = draft.design.cache.policies.get(pattern)
    return policy is not None and bool(policy.use) and policy.invalidation == "on write"


def is_waited_for(hop: Hop) -> bool:
    """Whether the caller waits for a hop."""
    return hop.kind == "call" or hop.kind is None


def find_share(draft: Draft, name: str, path: Path, hop: Hop) -> Fact | None:
    """The share of an operation's requests that take a hop, as a fact; None is all of them."""
    if hop.share is None or hop.share.base == 1:
        return None
    missed = draft.facts.get(MISSED.of(name))
    if missed is not None and abs(missed.base - hop.share.base) < 1e-12:
        return missed
    place = HOP_SHARE.of(name, str(path.hops.index(hop)))
    origin: Origin = "said" if draft.is_said(f"flow.paths.{name}") else "assumed"
    return draft.value(place, hop.share, because=f"of the requests go to {hop.target}", origin=origin)


def find_serial_parts(components: Named[Component], path: Path) -> Iterator[tuple[str, Hop]]:
    """The components without which an operation fails, each once, with the hop that most of its requests take to it.

    A cache is not among them where the path also reads a store: without it the answer comes from there, only later.
    """
    found: dict[str, Hop] = {}
    has_store = any(is_waited_for(hop) and hop.target and components[hop.target].kind == "store" for hop in path.hops)
    for hop in path.hops:
        if not is_waited_for(hop) or not hop.target or components[hop.target].kind == "client":
            continue
        if components[hop.target].kind == "cache" and has_store:
            continue
        before = found.get(hop.target)
        if before is None or _base(hop) > _base(before):
            found[hop.target] = hop
    yield from found.items()


def _base(hop: Hop) -> float:
    return hop.share.base if hop.share is not None else 1.0
