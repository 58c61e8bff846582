"""What can run out: its demand today, its limit with where that number comes from, what is done when it is near, and why that first."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from archnb.design.record import Named
from archnb.design.scaling import Resource, Scaling
from archnb.engines import Limit, QueueKind, find_engine
from archnb.exceptions import InputError, Problem, unknown_name
from archnb.fact import Fact, apply_model, ceil, maximum, total
from archnb.model.caches import engine_of_cache
from archnb.quantity import Quantity, parse
from archnb.topics.scaling.growth import YEAR, grow_load, grow_stock, time_until_load, time_until_stock
from archnb.topics.scaling.shards import find_shard_key, inflow_of
from archnb.topics.topic import Because, Draft

# what a queue of one's own, of which nothing is known, is taken to carry
UNKNOWN_QUEUE = "2k/s"
# what is done when a queue is nearly full, and why in this order
_QUEUE_ACTIONS: dict[QueueKind, tuple[str, str]] = {
    "table": (
        "several messages a transaction, then a broker of its own",
        "batches cost nothing; a broker is one more system to run",
    ),
    "broker": (
        "several messages a request, then several queues by key, then a log in partitions",
        "batches cost nothing; several queues keep the order of a key only",
    ),
    "log": (
        "larger batches, then more partitions, then more nodes",
        "batches cost nothing; more partitions move keys to others once",
    ),
}
UNKNOWN_MEMORY = "64 GB"
_CODE = 62
_INT_KEYS = {"int": 2**31 - 1, "smallint": 2**15 - 1}
MIN_POOL = 5


def _given(
    draft: Draft, name: str, value: str | float | Quantity, because: str, source: str = "", origin: str = "assumed"
) -> Fact:
    return draft.facts.given(name, value, because, source=source, origin=origin)  # type: ignore[arg-type]


def serving(draft: Draft) -> list[str]:
    """The parts that answer requests and can simply be run more often."""
    return [name for name, one in draft.design.flow.components.items() if one.kind in ("service", "gateway")]


def _main(draft: Draft) -> str:
    return draft.model.places.main


def stem(name: str) -> str:
    """A name as a part of a fact's name."""
    return re.sub(r"[.\s]+", "_", name)


# -- completing


def complete_resources(draft: Draft) -> Scaling:
    """The section, with every resource that the design's parts have."""
    said = draft.design.scaling
    record = draft.fill(
        "scaling", said,
        horizon=Because("36 months", "beyond three years growth is a guess, and hardware is renewed by then"),
        headroom=Because("30%", "at 70 % busy a queue waits 2.3 times its work, at 90 % nine times (M/M/1: ρ ÷ (1 − ρ)); it also carries the load of a failed part"),
    )  # fmt: skip
    assert record.headroom is not None
    made: dict[str, Resource] = {}
    _measure_servers(draft, record.headroom)
    for name, proposal in _propose(draft):
        own = said.resources.get(name, Resource())
        path = f"scaling.resources.{name}"
        filled = draft.fill(
            path, own,
            component=Because(proposal.component, proposal.reason),
            limit=Because(proposal.limit, proposal.limit_reason),
            demand=Because(proposal.demand, proposal.reason, (proposal.demand,)),
            action=Because(proposal.action, proposal.action_reason),
            headroom=Because(proposal.headroom or record.headroom, proposal.headroom_reason or "the section's headroom"),
        )  # fmt: skip
        made[name] = filled
    for name, own in said.resources.items():
        if name not in made:
            made[name] = _finish_said(draft, name, own, record.headroom)
    problems = [
        unknown_name(
            f"scaling.resources.{name}.demand",
            "fact",
            one.demand,
            draft.facts,
            "Name the fact that is the demand today.",
        )
        for name, one in made.items()
        if one.demand is not None and one.demand not in draft.facts
    ]
    problems += [
        Problem(f"scaling.resources.{name}", "a limit is missing: how much is there? Write for instance 'limit: 4 TB'.")
        for name, one in made.items()
        if one.limit is None
    ]
    for name, one in made.items():
        if one.demand is not None and one.demand in draft.facts and one.limit is not None:
            demand = draft.facts[one.demand]
            if demand.unit.dimension != one.limit.unit.dimension:
                problems.append(
                    Problem(
                        f"scaling.resources.{name}.limit",
                        f"'{one.limit}' is {one.limit.unit.describe()}, and the demand {one.demand} is {demand.unit.describe()}.",
                    )
                )
    if problems:
        raise InputError(problems)
    return dataclasses.replace(record, resources=Named(made))


def _finish_said(draft: Draft, name: str, own: Resource, headroom: Quantity) -> Resource:
    path = f"scaling.resources.{name}"
    component = own.component or next((one for one in draft.design.flow.components if name.startswith(one)), "service")
    return draft.fill(
        path, own,
        component=Because(component, "its name begins so, or the service"),
        demand=Because("load.peak_requests" if "load.peak_requests" in draft.facts else None, "what grows with everything else, where nothing was said"),
        action=Because("add another one, or a larger one", "what can be done with any resource, where nothing was said"),
        headroom=Because(headroom, "the section's headroom"),
    )  # fmt: skip


@dataclass(frozen=True)
class _Proposal:
    component: str
    demand: str
    limit: str
    limit_reason: str
    action: str
    action_reason: str
    reason: str
    headroom: str = ""
    headroom_reason: str = ""


def _measure_servers(draft: Draft, headroom: Quantity) -> None:
    """Servers for each serving part: its peak rate over what one server does at the target utilisation, and one to spare."""
    facts = draft.facts
    is_said = draft.is_said("scaling.headroom")
    because = "the share of every resource that stays free"
    free = facts.given("scaling.headroom", headroom, because, origin="said" if is_said else "assumed")
    for name in serving(draft):
        component = draft.design.flow.components[name]
        rate = facts.get(f"flow.{name}.rate") or facts.get("load.peak_requests")
        if rate is None:
            continue
        here = f"scaling.{stem(name)}"
        cores = facts.get(f"flow.assumed.cores_{component.kind}") or facts.get("scaling.cores")
        if cores is None:
            cores = _given(draft, "scaling.cores", "4 cores", "processors of one server", "a usual small server")
        time = facts.get(f"flow.{name}.service_time")
        if time is None:
            default = "5 ms" if component.kind == "service" else "1 ms"
            time = _given(
                draft,
                f"{here}.service_time",
                component.service_time or default,
                "processor time for one request",
                "measure it",
            )
        each = facts.define(
            f"{here}.per_server", cores / time, "/s", "requests a second that one server can do: cores ÷ processor time"
        )
        needed = facts.define(
            f"{here}.servers_needed", ceil(rate / (each * (1 - free))), "servers", "at the peak, with the headroom free"
        )
        runs = facts.get(f"flow.{name}.replicas")
        if runs is not None:
            facts.define(f"{here}.servers", runs, "servers", "the replicas that the flow has")
        elif component.replicas:
            facts.given(
                f"{here}.servers", f"{component.replicas} servers", "the replicas that the flow has", origin="said"
            )
        else:
            facts.define(
                f"{here}.servers",
                maximum(needed + 1, 2.0),
                "servers",
                "one more than needed, so that one may fail; at least two",
            )
        facts.define(f"{here}.capacity", facts[f"{here}.servers"] * each, "/s", "what all of them can do")


def _measure_pools(draft: Draft, store: str) -> None:
    """Connections a pool needs by Little's law, and what all pools open together."""
    facts = draft.facts
    rate = facts.get(f"flow.{store}.rate") or facts.get("load.peak_requests")
    services = [
        n
        for n in serving(draft)
        if draft.design.flow.components[n].kind == "service" and f"scaling.{stem(n)}.servers" in facts
    ]
    if rate is None or not services:
        return
    here = f"scaling.{stem(store)}"
    component = draft.design.flow.components.get(store)
    time = _given(
        draft,
        f"{here}.transaction_time",
        component.service_time if component is not None and component.service_time else "5 ms",
        "how long a transaction holds its connection",
        "a few indexed statements; measure it",
    )
    servers = (
        total([facts[f"scaling.{stem(n)}.servers"] for n in services])
        if len(services) > 1
        else facts[f"scaling.{stem(services[0])}.servers"]
    )
    busy = facts.define(
        f"{here}.busy_connections",
        rate * time,
        "connections",
        "connections in use at the peak: rate × time (Little's law)",
    )
    pool = facts.define(
        f"{here}.pool",
        maximum(ceil(busy / servers * 2), float(MIN_POOL)),
        "connections",
        f"of one server: twice its share, for bursts, and at least {MIN_POOL}",
    )
    facts.define(f"{here}.connections", pool * servers, "connections", "what all pools open together")


def _measure_storage(draft: Draft) -> bool:
    """What is stored today and what comes in a day, indexes included."""
    facts = draft.facts
    rows = [
        (one, facts[f"entities.{one}.growth"], facts[f"entities.{one}.row_size"])
        for one in draft.design.entities
        if inflow_of(draft, one) > 0
    ]
    size = facts.get("schema.size")
    sizes = [facts[f"entities.{e}.size"] for e in draft.design.entities if f"entities.{e}.size" in facts]
    if size is None and sizes:
        size = total(sizes)
    if size is None or not rows:
        return False
    facts.define("scaling.storage", size * 1 if not size.name else size, "GB", "what is stored today, indexes included")
    inflow = total([growth * row for _, growth, row in rows])
    if "schema.size" in facts and sizes and sum(one.base for one in sizes) > 0:
        overhead = facts.define(
            "scaling.index_overhead",
            facts["schema.size"] / total(sizes),
            None,
            "bytes on disk for one byte of rows: indexes, page headers, free space",
        )
        inflow = inflow * overhead
    facts.define("scaling.storage_inflow", inflow, "GB/day", "what is added a day, indexes included")
    return True


def _propose(draft: Draft) -> Iterator[tuple[str, _Proposal]]:
    facts = draft.facts
    for name in serving(draft):
        here = f"scaling.{stem(name)}"
        if f"{here}.capacity" in facts:
            demand = f"flow.{name}.rate" if f"flow.{name}.rate" in facts else "load.peak_requests"
            capacity = facts[f"{here}.capacity"]
            yield f"{stem(name)}_cpu", _Proposal(
                name, demand, f"{capacity.value:.6g}/s", f"{facts[f'{here}.servers'].text} × {facts[f'{here}.per_server'].text}",
                "add servers", "they hold no state, so one more is a matter of minutes and of nothing else", "requests need processor time",
            )  # fmt: skip
    yield from _propose_stores(draft)
    needed, said = (
        facts.get("cache.memory_needed"),
        draft.design.cache.memory if draft.is_said("cache.memory") else None,
    )
    # where less than half is said, cache-memory-too-small says so, and growth is not the question
    if needed is not None and not (said is not None and said.base < needed.base / 2):
        yield "cache_memory", _Proposal(
            "cache", needed.name, str(said) if said else _limit_memory(draft), "as said" if said else "the largest node that still restarts and fills in minutes; an assumption",
            "shorten lifetimes, then a larger node, then cluster by key", "memory is cheaper than a cluster, and a lifetime is cheaper than memory", "what is kept close must fit",
        )  # fmt: skip
    queues = [
        name
        for name, one in draft.design.flow.components.items()
        if one.kind == "queue" and f"flow.{name}.rate" in facts
    ]
    for name in queues:
        part, table = draft.design.flow.components[name], draft.facts.get("jobs.database_limit")
        technology, engine = part.technology or draft.model.queues.technology, find_engine(part.engine)
        known = engine.limit("messages") if engine is not None else None
        limit = known.value if known is not None else UNKNOWN_QUEUE
        kind = engine.queueing.kind if engine is not None and engine.queueing is not None else draft.model.queues.kind
        is_table = kind == "table"
        if is_table and table is not None:
            # one queue, one limit: where the jobs section would leave the table
            limit = f"{table.base:g}/s"
        yield f"{stem(name)}_throughput", _Proposal(
            name, f"flow.{name}.rate", limit, f"order of magnitude of {technology or 'a queue in a database table'} on one node; measure it",
            *_QUEUE_ACTIONS["table" if engine is None or engine.queueing is None else engine.queueing.kind], "every job passes through it",
        )  # fmt: skip
    if "load.peak_egress" in facts:
        yield "bandwidth", _Proposal(
            "gateway" if "gateway" in draft.design.flow.components else "service", "load.peak_egress", "1.25 GB/s", "one interface of 10 Gbit/s",
            "compress, then a content delivery network, then more entry nodes", "compression is a setting, a CDN a contract, nodes are cost", "answers leave through one place",
        )  # fmt: skip
    yield from _propose_keys(draft)


def _limit_memory(draft: Draft) -> str:
    found = engine_of_cache(draft.design.cache).limit("memory")
    return found.value if found is not None else UNKNOWN_MEMORY


def _propose_stores(draft: Draft) -> Iterator[tuple[str, _Proposal]]:
    facts, main = draft.facts, _main(draft)
    stores = list(draft.design.schema.stores) or ([main] if main in draft.design.flow.components else [])
    for store in stores:
        engine, here = draft.model.places.engine(store), stem(store)
        written, read = engine.limit("writes"), engine.limit("reads")
        key = find_shard_key(draft)
        rate = facts.get(f"flow.{store}.rate")
        if store == main and "load.peak_writes" in facts:
            if written is not None and engine.has("spreading over nodes"):
                yield f"{here}_writes", _Proposal(
                    store, "load.peak_writes", written.value, written.source,
                    f"batch and move work to jobs, then add nodes, spread by {key}",
                    "batches cost nothing; nodes cost money, and help only where writes are spread evenly over the key", "every write goes to it",
                )  # fmt: skip
            elif written is not None:
                yield f"{here}_writes", _Proposal(
                    store, "load.peak_writes", written.value, written.source,
                    f"batch and move work to jobs, then split domains into databases of their own, then shard by {key}",
                    "one primary takes all writes, replicas do not help; sharding is last because it ends joins and transactions across shards", "every write goes to the primary",
                )  # fmt: skip
            reads = _measure_reads(draft, store)
            if reads is not None and read is not None:
                most, source = _limit_reads(draft, read)
                yield f"{here}_reads", _Proposal(
                    store, reads, most, source,
                    "cache more, then read replicas for reads that may be stale", "a cached read costs the database nothing; a replica costs a server and is a little behind", "what the cache does not answer is read here",
                )  # fmt: skip
        elif rate is not None and store != main and read is not None:
            is_spread = engine.has("spreading over nodes")
            yield f"{here}_queries", _Proposal(
                store, rate.name, read.value, read.source, "add nodes" if is_spread else "a larger machine, then split what it holds",
                f"{engine.label} is made to be spread over nodes" if is_spread else f"{engine.label} answers from one machine", "its own queries",
            )  # fmt: skip
        most_connections = engine.limit("connections")
        if most_connections is not None and engine.has("connection for each process") and store == main:
            default, kept = _count(most_connections), _count(engine.limit("reserved connections"))
            _measure_pools(draft, store)
            if f"scaling.{here}.connections" in facts:
                need = facts[f"scaling.{here}.connections"].base
                step = next((one for one in (default, 200, 400) if (one - kept) * 0.7 >= need * 2), 400)
                reason = (
                    f"{engine.label}'s default less {kept} reserved"
                    if step == default
                    else f"max_connections {step}, less {kept} reserved; beyond 400 a process for each connection costs more than it gives"
                )
                yield f"{here}_connections", _Proposal(
                    store, f"scaling.{here}.connections", f"{step - kept} connections", reason,
                    engine.pooler or "a pooler between servers and database",
                    "a pool sized for its server's peak is idle most of the time; the pooler shares connections", "each server holds a pool",
                )  # fmt: skip
    if stores and _measure_storage(draft):
        stored = draft.model.places.engine(main).limit("storage")
        if stored is not None:
            table = _largest(draft)
            yield f"{stem(main)}_storage", _Proposal(
                main, "scaling.storage", stored.value, "what one server still restores in a working day: 4 TB at 200 MB/s are 5.6 h; an assumption",
                f"delete what retention allows, then partition {table} by time and move old months to cheap storage, then a larger disk",
                "what is not kept need not be stored; a partition is dropped in a moment; a larger disk only moves the day", "rows stay until they are deleted",
            )  # fmt: skip


def _count(limit: Limit | None) -> int:
    return round(parse(limit.value).value) if limit is not None else 0


def _limit_reads(draft: Draft, limit: Limit) -> tuple[str, str]:
    """The reads of this design's mix that the primary answers, where its query times are known; else the engine's own figure."""
    mix, cores = draft.facts.get("patterns.primary_reads"), draft.facts.get("cache.store_cores")
    if mix is None or cores is None or "patterns.query_time" not in draft.facts or mix.base >= parse(limit.value).base:
        return limit.value, limit.source
    mean = draft.facts["patterns.query_time"]
    return (
        f"{mix.base:.4g}/s",
        f"{cores.text} cores ÷ {mean.text}, the mean query of this design; short queries alone: {limit.value}",
    )


def _measure_reads(draft: Draft, store: str) -> str | None:
    facts = draft.facts
    rate = facts.get(f"flow.{store}.rate")
    if rate is not None:
        zero = parse("0/s")
        facts.define(
            f"scaling.{stem(store)}.reads",
            maximum(rate - facts["load.peak_writes"], zero),
            "/s",
            "what reaches it and is no write",
        )
        return f"scaling.{stem(store)}.reads"
    return "load.peak_reads" if "load.peak_reads" in facts else None


def _propose_keys(draft: Draft) -> Iterator[tuple[str, _Proposal]]:
    """Key spaces that can be used up: public codes, and integer keys of 32 bits."""
    for entity in draft.design.entities:
        rows = f"entities.{entity}.rows"
        if rows not in draft.facts:
            continue
        for field_name, field in draft.model.fields(entity).items():
            is_key = draft.model.keys.is_in_key(entity, field_name)
            if field.type == "code":
                length = field.length or 7
                yield f"{stem(entity)}_{stem(field_name)}_codes", _Proposal(
                    "service", rows, f"{_CODE**length}", f"{_CODE}^{length} codes of {length} characters",
                    "make new codes one character longer", f"each character gives {_CODE} times as many; old codes stay valid", "every row takes a code",
                    "90%", "a random code is taken already with the chance of how full the space is: above a tenth, one insert in ten has to try again",
                )  # fmt: skip
            elif is_key and field.type in _INT_KEYS and not draft.model.keys.find(entity).is_composite:
                yield f"{stem(entity)}_{stem(field_name)}_keys", _Proposal(
                    _main(draft), rows, f"{_INT_KEYS[field.type]}", f"the largest {field.type}",
                    "widen the key to 64 bits while the table is small", "the change rewrites the table and all that refers to it: later is longer", "every row takes a key, deleted ones too",
                )  # fmt: skip


def _largest(draft: Draft) -> str:
    return max(draft.design.entities, key=lambda one: inflow_of(draft, one), default="the largest table")


# -- measuring


@dataclass(frozen=True)
class Course:
    """How one resource's demand goes: its facts, and whether it is a stock with an inflow or a load that grows."""

    name: str
    resource: Resource
    demand: Fact
    limit: Fact
    inflow: Fact | None
    retention: float

    def at(self, growth: object, time: float, demand: object, inflow: object) -> object:
        """The demand after `time` seconds, in base units, for numbers or arrays of samples."""
        if self.inflow is None:
            return grow_load(demand, growth, time)
        return grow_stock(demand, inflow, growth, time, self.retention)


def growth_of(draft: Draft) -> Fact | None:
    """By which share the load grows."""
    return draft.facts.get("load.growth")


def yearly(growth: Fact | None) -> float:
    """A growth as a share a year; a load cannot fall by all of itself."""
    return max(-0.99, growth.base * YEAR) if growth is not None else 0.0


def _inflow_of(draft: Draft, demand: str) -> Fact | None:
    facts = draft.facts
    if demand in ("scaling.storage", "schema.size"):
        return facts.get("scaling.storage_inflow")
    match = re.fullmatch(r"entities\.(.+)\.rows", demand)
    return facts.get(f"entities.{match[1]}.growth") if match else None


def courses(draft: Draft) -> Iterator[Course]:
    """Every resource with its facts, once measured."""
    for name, resource in draft.design.scaling.resources.items():
        limit = f"scaling.resource.{stem(name)}.limit"
        if resource.demand in draft.facts and limit in draft.facts:
            demand = draft.facts[resource.demand or ""]
            inflow = _inflow_of(draft, resource.demand or "")
            retention = (
                draft.facts["load.retention"].base
                if inflow is not None and "load.retention" in draft.facts and "storage" in name
                else math.inf
            )
            yield Course(name, resource, demand, draft.facts[limit], inflow, retention)


def measure_resources(draft: Draft) -> None:
    """Add, for each resource: its limit, what is usable of it, the demand at the horizon, and the time until they meet."""
    found, facts = draft.design.scaling, draft.facts
    assert found.horizon is not None and found.headroom is not None
    horizon = facts.given(
        "scaling.horizon",
        found.horizon,
        "how far ahead is planned",
        origin="said" if draft.is_said("scaling.horizon") else "assumed",
    )
    growth = growth_of(draft)
    for name, resource in found.resources.items():
        if resource.limit is None or resource.demand not in facts:
            continue
        path, here = f"scaling.resources.{name}", f"scaling.resource.{stem(name)}"
        is_said = draft.is_said(f"{path}.limit")
        because = draft.reasons[f"{path}.limit"].reason if f"{path}.limit" in draft.reasons else "as said"
        capacity = f"scaling.{stem(resource.component or '')}.capacity"
        if not is_said and name.endswith("_cpu") and capacity in facts:
            limit = facts.define(f"{here}.limit", facts[capacity], "/s", because)
        else:
            limit = facts.given(
                f"{here}.limit",
                resource.limit,
                because,
                origin="said" if is_said else "assumed",
                source="" if is_said else "archnb's table of limits; replace it by a measurement",
            )
        headroom = resource.headroom if resource.headroom is not None else found.headroom
        usable = facts.define(
            f"{here}.usable", limit * (1 - Fact(headroom.unit, given=headroom)), None, "with the headroom free"
        )
        demand, inflow = facts[resource.demand or ""], _inflow_of(draft, resource.demand or "")
        keeps = facts.get("load.retention") if "storage" in name else None
        operands: list[Fact | Quantity | float]
        labels: tuple[str, ...]
        if inflow is None:
            operands, labels = [demand, growth if growth is not None else 0.0], ("today", "growth")
            reached = apply_model(
                "time until saturated",
                lambda d, g, u: time_until_load(u, d, max(-0.99, g * YEAR)),
                "s",
                *operands,
                usable,
                labels=(*labels, "usable"),
            )
            later = apply_model(
                "grown",
                lambda d, g, t: grow_load(d, _yearly(g), t),
                demand.unit.symbol,
                *operands,
                horizon,
                labels=(*labels, "horizon"),
                is_vectorised=True,
            )
        else:
            stay = keeps.base if keeps is not None else math.inf
            operands, labels = [demand, inflow, growth if growth is not None else 0.0], ("today", "inflow", "growth")
            reached = apply_model(
                "time until saturated",
                lambda d, i, g, u, r=stay: time_until_stock(u, d, i, max(-0.99, g * YEAR), r),
                "s",
                *operands,
                usable,
                labels=(*labels, "usable"),
            )
            later = apply_model(
                "grown stock",
                lambda d, i, g, t, r=stay: grow_stock(d, i, _yearly(g), t, r),
                demand.unit.symbol,
                *operands,
                horizon,
                labels=(*labels, "horizon"),
                is_vectorised=True,
            )
        facts.define(f"{here}.at_horizon", later, demand.unit.symbol, "the demand at the horizon")
        facts.define(
            f"{here}.saturates", reached, "months", "until the demand reaches what is usable; 100 years stand for never"
        )
    for name in serving(draft):
        here = f"scaling.{stem(name)}"
        course = next((one for one in courses(draft) if one.name == f"{stem(name)}_cpu"), None)
        if course is not None:
            peak = facts[f"scaling.resource.{stem(course.name)}.at_horizon"]
            facts.define(
                f"{here}.servers_at_horizon",
                ceil(peak / (facts[f"{here}.per_server"] * (1 - facts["scaling.headroom"]))) + 1,
                "servers",
                "one more than needed at the horizon",
            )


def _yearly(growth: object) -> object:
    """A growth in base units (a second) as a share a year, for numbers or arrays."""
    if getattr(growth, "ndim", 0):
        import numpy

        return numpy.maximum(-0.99, growth * YEAR)  # type: ignore[operator]
    return max(-0.99, growth * YEAR)  # type: ignore[operator]


__all__ = [
    "MIN_POOL",
    "Course",
    "complete_resources",
    "courses",
    "find_shard_key",
    "growth_of",
    "measure_resources",
    "serving",
    "stem",
    "yearly",
]
