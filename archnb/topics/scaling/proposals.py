"""What can run out: its demand today, its limit with where that number comes from, what is done when it is near, and why that first."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from archnb.design.flow import Kind
from archnb.design.record import Named
from archnb.design.scaling import Resource
from archnb.engines import Engine, Limit, QueueKind, find_engine
from archnb.exceptions import InputError, Problem, unknown_name
from archnb.fact import total
from archnb.fact.keys.cache import MEMORY_NEEDED, STORE_CORES
from archnb.fact.keys.entities import ENTITY_ROWS
from archnb.fact.keys.flow import (
    COMPONENT_RATE,
)
from archnb.fact.keys.jobs import DATABASE_LIMIT
from archnb.fact.keys.load import PEAK_EGRESS, PEAK_REQUESTS
from archnb.fact.keys.patterns import MIX_QUERY_TIME, PRIMARY_READS
from archnb.fact.keys.scaling import (
    CAPACITY,
    CONNECTIONS,
    INFLOW,
    PER_SERVER,
    SERVERS,
    SOON,
    STORE_COMMITS,
    STORE_INFLOW,
    STORE_READS,
    STORE_STORED,
    STORE_WRITES,
    STORED,
)
from archnb.fact.keys.schema import SCHEMA_SIZE, SCHEMA_SIZE_AT_HORIZON, TABLE_SIZE_AT_HORIZON
from archnb.model.caches import engine_of_cache
from archnb.quantity import Quantity, parse
from archnb.topics.scaling.courses import add_up_inflow, list_parts
from archnb.topics.scaling.servers import measure_pools, measure_servers, serving, stem
from archnb.topics.scaling.shards import find_shard_key
from archnb.topics.scaling.stores import measure_stores
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


def find_part(draft: Draft, kind: Kind) -> str:
    """The first part of a kind, else the first that answers requests; a design names its parts as it likes."""
    components = draft.design.flow.components
    of_kind = (name for name, component in components.items() if component.kind == kind)
    return next(of_kind, next(iter([*serving(draft), *components]), kind))


def _main(draft: Draft) -> str:
    return draft.model.places.main


def complete(draft: Draft) -> None:
    """Propose the horizon, the headroom, and every resource that can run out with its limit and what is done then.

    Raises InputError where a said resource names a demand that is no fact.
    """
    said = draft.design.scaling
    record = draft.fill(
        "scaling", said,
        horizon=Because("36 months", "beyond three years growth is a guess, and hardware is renewed by then"),
        headroom=Because("30%", "at 70 % busy a queue waits 2.3 times its work, at 90 % nine times (M/M/1: ρ ÷ (1 − ρ)); it also carries the load of a failed part"),
    )  # fmt: skip
    assert record.headroom is not None
    made: dict[str, Resource] = {}
    draft.facts.assume(
        SOON, "6 months", "a saturation within this time is soon", source="rule of thumb of archnb, 2026-11"
    )
    measure_servers(draft, record.headroom)
    measure_stores(draft)
    for name, proposal in _propose(draft):
        own = said.resources.get(name, Resource())
        path = f"scaling.resources.{name}"
        filled = draft.fill(
            path, own,
            component=Because(proposal.component, proposal.reason),
            limit=Because(proposal.limit, proposal.limit_reason),
            demand=Because(str(proposal.demand), proposal.reason, (proposal.demand,)),
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
    draft.close("scaling", dataclasses.replace(record, resources=Named(made)))


def _finish_said(draft: Draft, name: str, own: Resource, headroom: Quantity) -> Resource:
    path = f"scaling.resources.{name}"
    component = own.component or next(
        (one for one in draft.design.flow.components if name.startswith(one)), find_part(draft, "service")
    )
    return draft.fill(
        path, own,
        component=Because(component, "its name begins so, or the service"),
        demand=Because(str(PEAK_REQUESTS), "what grows with everything else, where nothing was said"),
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


def _measure_storage(draft: Draft) -> bool:
    """What is stored today, and what comes in a day at present."""
    facts = draft.facts
    size = facts.get(SCHEMA_SIZE)
    inflow = add_up_inflow(list_parts(draft))
    if size is None or SCHEMA_SIZE_AT_HORIZON not in facts or inflow is None or inflow.base <= 0:
        return False
    facts.define(STORED, size, "GB", "what is stored today, indexes included")
    facts.define(
        INFLOW, inflow, "GB/day", "what is added a day now, indexes included; what is past its retention goes, and is not taken off here"
    )  # fmt: skip
    return True


def _propose(draft: Draft) -> Iterator[tuple[str, _Proposal]]:
    facts = draft.facts
    for name in serving(draft):
        capacity = facts.get(CAPACITY.of(stem(name)))
        if capacity is not None:
            yield f"{stem(name)}_cpu", _Proposal(
                name, COMPONENT_RATE.of(name), f"{capacity.value:.6g}/s", f"{facts[SERVERS.of(stem(name))].text} × {facts[PER_SERVER.of(stem(name))].text}",
                "add servers", "they hold no state, so one more is a matter of minutes and of nothing else", "requests need processor time",
            )  # fmt: skip
    yield from _propose_stores(draft)
    needed, said = (
        facts.get(MEMORY_NEEDED),
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
        if one.kind == "queue" and COMPONENT_RATE.of(name) in facts
    ]
    for name in queues:
        part, table = draft.design.flow.components[name], draft.facts.get(DATABASE_LIMIT)
        technology, engine = part.technology or draft.model.queues.technology, find_engine(part.engine)
        known = engine.limit("messages") if engine is not None else None
        limit = known.value if known is not None else UNKNOWN_QUEUE
        kind = engine.queueing.kind if engine is not None and engine.queueing is not None else draft.model.queues.kind
        is_table = kind == "table"
        if is_table and table is not None:
            # one queue, one limit: where the jobs section would leave the table
            limit = f"{table.base:g}/s"
        yield f"{stem(name)}_throughput", _Proposal(
            name, COMPONENT_RATE.of(name), limit, f"order of magnitude of {technology or 'a queue in a database table'} on one node; measure it",
            *_QUEUE_ACTIONS["table" if engine is None or engine.queueing is None else engine.queueing.kind], "every job passes through it",
        )  # fmt: skip
    yield "bandwidth", _Proposal(
        find_part(draft, "gateway"), PEAK_EGRESS, "1.25 GB/s", "one interface of 10 Gbit/s",
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
        yield from _propose_writes(draft, store, engine)
        read = engine.limit("reads")
        if store == main and read is not None and STORE_READS.of(store) in facts:
            most, source = _limit_reads(draft, read)
            yield f"{here}_reads", _Proposal(
                store, STORE_READS.of(store), most, source,
                "cache more, then read replicas for reads that may be stale", "a cached read costs the database nothing; a replica costs a server and is a little behind", "what the cache does not answer is read here",
            )  # fmt: skip
        elif read is not None and STORE_READS.of(store) in facts:
            is_spread = engine.has("spreading over nodes")
            yield f"{here}_queries", _Proposal(
                store, STORE_READS.of(store), read.value, read.source, "add nodes" if is_spread else "a larger machine, then split what it holds",
                f"{engine.label} is made to be spread over nodes" if is_spread else f"{engine.label} answers from one machine", "its own queries",
            )  # fmt: skip
        most_connections = engine.limit("connections")
        if most_connections is not None and engine.has("connection for each process") and store == main:
            default, kept = _count(most_connections), _count(engine.limit("reserved connections"))
            measure_pools(draft, store)
            if CONNECTIONS.of(here) in facts:
                need = facts[CONNECTIONS.of(here)].base
                step = next((one for one in (default, 200, 400) if (one - kept) * 0.7 >= need * 2), 400)
                reason = (
                    f"{engine.label}'s default less {kept} reserved"
                    if step == default
                    else f"max_connections {step}, less {kept} reserved; beyond 400 a process for each connection costs more than it gives"
                )
                yield f"{here}_connections", _Proposal(
                    store, CONNECTIONS.of(here), f"{step - kept} connections", reason,
                    engine.pooler or "a pooler between servers and database",
                    "a pool sized for its server's peak is idle most of the time; the pooler shares connections", "each server holds a pool",
                )  # fmt: skip
    if stores and _measure_storage(draft):
        yield from _propose_storage(draft, main)


def _propose_storage(draft: Draft, main: str) -> Iterator[tuple[str, _Proposal]]:
    """The disk of each store that holds tables and has a figure for it."""
    facts, tables = draft.facts, draft.planned.schema.tables
    holding = list(dict.fromkeys(table.store for table in tables.values()))
    for store in [main] if holding in ([], [main]) else holding:
        stored = draft.model.places.engine(store).limit("storage")
        demand = STORED
        if holding not in ([], [main]):
            kept = [one.rows * one.weight for one in list_parts(draft, store) if one.weight is not None]
            if not kept:
                continue
            demand = STORE_STORED.of(store)
            facts.define(demand, total(kept), "GB", "what it holds today, indexes included")
            inflow = add_up_inflow(list_parts(draft, store))
            if inflow is not None:
                facts.define(STORE_INFLOW.of(store), inflow, "GB/day", "what is added there a day now")
        if stored is None:
            continue
        largest, size = _find_largest(draft, store)
        split = tables[largest].split.kind if largest else "none"
        cut = "" if split != "none" else f"partition {largest} by time, "
        yield f"{stem(store)}_storage", _Proposal(
            store, demand, stored.value,
            "what one server still restores in a working day: 4 TB at 200 MB/s are 5.6 h; an assumption" if store == main else f"{stored.because}; {stored.source}",
            f"keep {largest or 'rows'} for less long{f' (it comes to {size})' if size else ''}, then {cut}move its older rows, thinned out or compressed, to cheap storage, then a larger disk, then spread it by {find_shard_key(draft)}",
            "what is not kept need not be stored; a partition is dropped in a moment; a larger disk only moves the day", "rows stay until they are deleted",
        )  # fmt: skip


def _propose_writes(draft: Draft, store: str, engine: Engine) -> Iterator[tuple[str, _Proposal]]:
    """The rows that a store takes, and its transactions, where the engine has a figure for each."""
    facts, here, key = draft.facts, stem(store), find_shard_key(draft)
    written = engine.limit("row writes") or engine.limit("writes")
    if written is None or STORE_WRITES.of(store) not in facts:
        return
    if engine.has("spreading over nodes"):
        yield f"{here}_writes", _Proposal(
            store, STORE_WRITES.of(store), written.value, written.source,
            f"batch and move work to jobs, then add nodes, spread by {key}",
            "batches cost nothing; nodes cost money, and help only where writes are spread evenly over the key", "every write goes to it",
        )  # fmt: skip
        return
    split = f"split domains into databases of their own, then shard by {key}"
    yield f"{here}_writes", _Proposal(
        store, STORE_WRITES.of(store), written.value, f"{written.because}; {written.source}",
        f"write in batches, and keep streams of rows in a log or a store that only appends, then {split}",
        "one primary takes all writes, and neither a cache nor replicas help; sharding is last because it ends joins and transactions across shards",
        "every row is written on the primary",
    )  # fmt: skip
    commits = engine.limit("writes")
    if commits is not written and commits is not None and STORE_COMMITS.of(store) in facts:
        yield f"{here}_commits", _Proposal(
            store, STORE_COMMITS.of(store), commits.value, f"{commits.because}; {commits.source}",
            f"write several rows a transaction and let jobs do what nobody waits for, then {split}",
            "each transaction waits for the log on disk, and one primary has one log", "each write that somebody waits for is a transaction",
        )  # fmt: skip


def _count(limit: Limit | None) -> int:
    return round(parse(limit.value).value) if limit is not None else 0


def _limit_reads(draft: Draft, limit: Limit) -> tuple[str, str]:
    """The reads of this design's mix that the primary answers, where its query times are known; else the engine's own figure."""
    mix, cores = draft.facts.get(PRIMARY_READS), draft.facts.get(STORE_CORES)
    if mix is None or cores is None or MIX_QUERY_TIME not in draft.facts or mix.base >= parse(limit.value).base:
        return limit.value, limit.source
    mean = draft.facts[MIX_QUERY_TIME]
    return (
        f"{mix.base:.4g}/s",
        f"{cores.text} cores ÷ {mean.text}, the mean query of this design; short queries alone: {limit.value}",
    )


def _propose_keys(draft: Draft) -> Iterator[tuple[str, _Proposal]]:
    """Key spaces that can be used up: public codes, and integer keys of 32 bits."""
    for entity in draft.design.entities:
        rows = ENTITY_ROWS.of(entity)
        if rows not in draft.facts:
            continue
        for field_name, field in draft.model.fields(entity).items():
            is_key = draft.model.keys.is_in_key(entity, field_name)
            if field.type == "code":
                length = field.length or 7
                yield f"{stem(entity)}_{stem(field_name)}_codes", _Proposal(
                    find_part(draft, "service"), rows, f"{_CODE**length}", f"{_CODE}^{length} codes of {length} characters",
                    "make new codes one character longer", f"each character gives {_CODE} times as many; old codes stay valid", "every row takes a code",
                    "90%", "a random code is taken already with the chance of how full the space is: above a tenth, one insert in ten has to try again",
                )  # fmt: skip
            elif is_key and field.type in _INT_KEYS and not draft.model.keys.find(entity).is_composite:
                yield f"{stem(entity)}_{stem(field_name)}_keys", _Proposal(
                    _main(draft), rows, f"{_INT_KEYS[field.type]}", f"the largest {field.type}",
                    "widen the key to 64 bits while the table is small", "the change rewrites the table and all that refers to it: later is longer", "every row takes a key, deleted ones too",
                )  # fmt: skip


def _find_largest(draft: Draft, store: str) -> tuple[str, str]:
    """The table of a store that is the largest at the horizon, and its size; '' where there is none."""
    sizes = {
        name: draft.facts[TABLE_SIZE_AT_HORIZON.of(name)]
        for name, table in draft.planned.schema.tables.items()
        if table.store == store and TABLE_SIZE_AT_HORIZON.of(name) in draft.facts
    }
    found = max(sizes, key=lambda one: sizes[one].base, default="")
    return found, sizes[found].text if found else ""
