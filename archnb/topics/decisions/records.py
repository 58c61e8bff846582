"""Decision records: for each choice of weight its context, what was chosen, what else was weighed, and when to look again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from archnb.design.decisions import Decision
from archnb.design.record import Named
from archnb.engines import Engine, engines, find_engine, list_engines, propose_engine
from archnb.fact import Fact, Key
from archnb.fact.keys.cache import CACHE_HIT_RATIO, CACHE_MEMORY
from archnb.fact.keys.flow import COMPONENT_RATE
from archnb.fact.keys.jobs import BROKER_LIMIT, DATABASE_LIMIT
from archnb.fact.keys.load import PEAK_REQUESTS
from archnb.fact.keys.patterns import ENGINEERS_PER_SERVICE, PRIMARY_READS
from archnb.fact.keys.schema import PARTITION_SIZE, SCHEMA_SIZE, TABLE_SIZE, TABLE_SIZE_AT_HORIZON
from archnb.model.caches import engine_of_cache
from archnb.quantity import Quantity
from archnb.topics.topic import Because, Draft


class Choice(NamedTuple):
    """A choice as it is proposed; `path` is the value in the design that it is about."""

    name: str
    path: str
    title: str
    context: str
    choice: str
    alternatives: tuple[str, ...]
    consequences: str
    revisit: str
    facts: tuple[str, ...] = ()


STYLES = {"rest": "REST over HTTP with JSON", "graphql": "GraphQL", "grpc": "gRPC with protobuf"}


def show_quantity(quantity: Quantity | None, missing: str = "not said") -> str:
    """A quantity, or that there is none."""
    return missing if quantity is None else str(quantity)


def find_fact(draft: Draft, name: str) -> Fact | None:
    """A fact by name, or None."""
    if isinstance(name, Key) and not name.is_optional:
        return draft.facts[name]
    return draft.facts.get(name)


def show_fact(draft: Draft, name: str, missing: str = "not counted") -> str:
    """A fact's value, or that there is none."""
    found = find_fact(draft, name)
    return found.text if found is not None else missing


def join(names: list[str] | tuple[str, ...], limit: int = 5) -> str:
    """Names in a sentence, the rest counted."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")


def fill_records(draft: Draft) -> Named[Decision]:
    """A record for every choice of weight; what was said of one stays, and a choice that was said counts as accepted."""
    said = draft.design.decisions.records
    made: dict[str, Decision] = {}
    for choice in list_choices(draft):
        path, is_said = f"decisions.records.{choice.name}", draft.is_said(choice.path)
        why = f"the design has {choice.path}, which was {'said' if is_said else 'proposed'}"
        if choice.name not in said:
            draft.note(path, why, *choice.facts)
        made[choice.name] = draft.fill(
            path, said.get(choice.name, Decision()), title=Because(choice.title, why),
            status=Because("accepted" if is_said else "proposed", "people said so in the design" if is_said else "nobody has said so yet"),
            context=Because(choice.context, why, choice.facts), choice=Because(choice.choice, why),
            alternatives=Because(choice.alternatives, "what is usually weighed against it"),
            consequences=Because(choice.consequences, "what the choice brings with it"),
            revisit=Because(choice.revisit, "the number at which another choice would be the better one", choice.facts),
        )  # fmt: skip
    for name, one in said.items():
        if name not in made:
            made[name] = draft.fill(
                f"decisions.records.{name}", one, title=Because(name.replace("_", " "), "the record's name"),
                status=Because("proposed", "nobody has said that it is settled"),
            )  # fmt: skip
    return Named(made)


def list_choices(draft: Draft) -> Iterator[Choice]:
    """Every choice of weight that this design makes."""
    makers: tuple[Callable[[Draft], Iterator[Choice]], ...] = (
        choose_stores, choose_services, choose_style, choose_tokens, choose_cache, choose_queue,
        choose_saga, choose_consistency, choose_partitions, choose_history,
    )  # fmt: skip
    for make in makers:
        yield from make(draft)


def choose_stores(draft: Draft) -> Iterator[Choice]:
    """One record a store: the source of truth first, then each store made for one kind of question."""
    stores = draft.design.schema.stores
    places = draft.model.places
    main = places.main
    for name, store in stores.items():
        known = places.engine(name)
        engine = known.label
        rate, size = COMPONENT_RATE.of(name), SCHEMA_SIZE
        facts = tuple(one for one in (rate, size if name == main else "") if one in draft.facts)
        if name == main:
            held = store.holds or tuple(draft.design.entities)
            writes = [one for one, pattern in draft.design.access.items() if pattern.writes and pattern.steps]
            rates = show_fact(draft, rate)
            alternatives = _weigh_engines(known)
            limit = draft.facts[PRIMARY_READS].text if PRIMARY_READS in draft.facts else "10 000/s"
            yield Choice(
                f"store_{name}", f"schema.stores.{name}.engine", f"{engine} is the source of truth",
                f"{len(held)} entities refer to each other, {join(writes) or 'writes'} must change several rows as one, and {rates} arrive at the peak."
                if known.has("foreign keys")
                else f"{count_entities(len(held))} {'is' if len(held) == 1 else 'are'} kept in it, and {rates} arrive at the peak.",
                f"{engine} holds {join(list(held))}.", alternatives,
                _tell_consequences(known),
                f"When reads that miss the cache pass 60 % of {limit}, or the data no longer fits one machine's disks (now {show_fact(draft, SCHEMA_SIZE)}, about 8 TB a primary).",
                facts,
            )  # fmt: skip
        else:
            copied = join(list(store.copies or store.holds))
            source = store.fed_by or draft.model.places.main
            role = f"keeps a copy of {copied}, fed from {source}" if store.copies else f"holds {copied}"
            yield Choice(
                f"store_{name}", f"schema.stores.{name}", f"{engine} serves {name}", f"{store.purpose or name}: {show_fact(draft, rate)} of the peak ask for it.",
                f"{engine} {role}.",
                (_weigh_alone(places.main_engine, known),),
                "A second system to run and to feed; its answers are behind by the time the feed takes." if store.copies else "A second system to run; no transaction spans both.",
                "When less than 1 % of the reads use it, or when its copy is behind by more than the staleness that its readers allow.", facts,
            )  # fmt: skip


def count_entities(number: int) -> str:
    """So many entities, in words."""
    return f"{number} entit{'y' if number == 1 else 'ies'}"


def _tell_consequences(engine: Engine) -> str:
    """What keeping the truth in an engine brings with it, by what the engine can do."""
    if engine.has("foreign keys"):
        kept = "Transactions, foreign keys and constraints keep the data right"
    elif engine.has("transactions"):
        kept = (
            "Several items change as one where a transaction is asked for; references and constraints are kept by code"
        )
    else:
        kept = "One item changes as a whole, several do not; references and constraints are kept by code"
    if engine.has("spreading over nodes"):
        return f"{kept}; writes spread over machines by the key that is chosen for it, and a failover takes seconds."
    if engine.has("replicas"):
        return f"{kept}; writes scale with one primary, and a failover takes seconds to minutes."
    return f"{kept}; one machine takes all writes, and until it is back there is no other."


def _weigh_engines(engine: Engine) -> tuple[str, ...]:
    """What is said of the engines that might have been taken instead, for the kind of question the engine is made for."""
    kind = engine.kinds[0]
    others = [one for one in engines().values() if one != engine and kind in one.against]
    return tuple(f"{one.label}: {one.against[kind]}" for one in others)[:4]


def _weigh_alone(main: Engine, other: Engine) -> str:
    """What speaks against the main store alone."""
    if main == other:
        return "one store for both: one less to run, but the load and the failures of each are then the other's too"
    return f"{main.label} alone: one store less to run, but it answers this kind of question slowly or not at all at this rate"


def _weigh_queues(engine: Engine | None, main: Engine, *, is_table: bool) -> Iterator[str]:
    """What a queue might have been instead: a table of the store, a broker, a log."""
    if not is_table and main.has("row locks that skip"):
        yield "a table with SKIP LOCKED: nothing new to run, up to some hundred messages a second"
    elif not is_table and main.queueing is not None and main.queueing.in_transaction:
        yield f"a table in {main.label}: nothing new to run, and one process takes its jobs"
    kind = engine.queueing.kind if engine is not None and engine.queueing is not None else None
    able = [one for one in list_engines("queue") if one.queueing is not None and "queue" in one.against]
    brokers = [one for one in able if one.queueing is not None and one.queueing.kind == "broker" and one != engine]
    if kind != "broker" and brokers:
        yield f"{' or '.join(one.label for one in brokers)}: {brokers[0].against['queue']}"
    log = next((one for one in able if one.queueing is not None and one.queueing.kind == "log"), None)
    if log is not None and kind != "log":
        yield f"{log.label}: {log.against['queue']}{'; more to run than this rate needs' if is_table else ''}"


def choose_services(draft: Draft) -> Iterator[Choice]:
    """One service or several."""
    design = draft.design
    services = [name for name, one in design.flow.components.items() if one.kind == "service"]
    if not services:
        return
    domains = tuple(dict.fromkeys(entity.domain for entity in design.entities.values() if entity.domain))
    team = design.requirements.team_size
    context = f"{len(design.entities)} entities in {len(domains) or 1} domain{'s' if len(domains) > 1 else ''}, built by {team if team is not None else 'an unknown number of'} engineers."
    if len(services) > 1:
        yield Choice(
            "service_split", "patterns.service_split", "A service for each domain", context, f"{len(services)} services: {join(services)}.",
            ("one service with modules: releases of all teams wait for each other",),
            "Each team releases alone; calls between domains can fail and are guarded; no join and no transaction across domains.",
            f"When fewer than {3 * len(services)} engineers are there to run {len(services)} services.",
        )  # fmt: skip
    else:
        yield Choice(
            "service_split", "patterns.service_split", "One service with modules by domain", context, f"One service, with modules for {join(list(domains)) or 'its parts'}.",
            (f"a service for each of {max(2, len(domains))} domains: every call between them can fail, and each needs about six people to build and run it",),
            "Transactions and joins stay local; one release for all. The modules' borders must be kept by review.",
            f"At {6 * max(2, len(domains))} engineers, or when one module needs more than 10 times the instances of the others.", (ENGINEERS_PER_SERVICE,),
        )  # fmt: skip


def choose_style(draft: Draft) -> Iterator[Choice]:
    """REST, GraphQL or gRPC."""
    api = draft.design.api
    if api.style is None and not api.operations:
        return
    style = api.style or "rest"
    others = {
        "rest": "REST: caches and tools of the web work as they are",
        "graphql": "GraphQL: clients choose fields, but answers are hard to cache at the edge and the cost of a query is hard to limit",
        "grpc": "gRPC: fast and typed, but browsers need a proxy for it",
    }
    yield Choice(
        "api_style", "api.style", f"The API is {STYLES[style]}", f"{len(api.operations) or len(draft.design.access)} operations for {_count_clients(draft)} of client.",
        STYLES[style] + ".", tuple(text for name, text in others.items() if name != style),
        "Status codes, caching headers and idempotency keys carry the meaning; several resources take several calls.",
        "When one screen needs more than 5 calls, or calls between our own services pass 1 000/s.",
    )  # fmt: skip


def choose_tokens(draft: Draft) -> Iterator[Choice]:
    """Signed or opaque tokens, and for how long."""
    auth = draft.design.auth
    if auth.token_format is None and auth.access_token_ttl is None:
        return
    is_jwt = auth.token_format != "opaque"
    ttl = show_quantity(auth.access_token_ttl)
    peak = show_fact(draft, PEAK_REQUESTS)
    yield Choice(
        "token_format", "auth.token_format", f"{'Signed (JWT)' if is_jwt else 'Opaque'} access tokens for {ttl}",
        f"{peak} at the peak are checked for who is asking; a token that was stolen or a role that was taken away must not last long.",
        f"{'JWT, checked with cached keys' if is_jwt else 'Opaque tokens, looked up'}; access for {ttl}, refresh for {show_quantity(auth.refresh_token_ttl)}.",
        ("opaque tokens: revoked at once, but every request asks the identity provider",) if is_jwt else ("JWT: checked without asking, but good until it ends",),
        f"No look-up on the path; what is revoked still works for up to {ttl}." if is_jwt else "Revoked at once; the identity provider is on every path.",
        f"When taking a right away must work sooner than {ttl}." if is_jwt else "When the look-ups pass 1 000/s, or the provider's availability breaks an objective.",
        (PEAK_REQUESTS,),
    )  # fmt: skip


def choose_cache(draft: Draft) -> Iterator[Choice]:
    """Which shared cache, or none."""
    cache = draft.design.cache
    if cache.engine is None:
        return
    used = [name for name, one in cache.policies.items() if one.use]
    memory, hit = show_fact(draft, CACHE_MEMORY), show_fact(draft, CACHE_HIT_RATIO)
    facts = tuple(one for one in (CACHE_MEMORY, CACHE_HIT_RATIO) if one in draft.facts)
    if cache.engine == "none":
        yield Choice(
            "cache_engine", "cache.engine", "No shared cache", f"{len(used)} reads are worth keeping.", "The store answers every read.",
            (f"{propose_engine('cache').label}: one more part to run and to invalidate, for reads that hardly repeat",), "Every answer is fresh; the store carries all reads.",
            f"When the store's reads pass 60 % of {show_fact(draft, PRIMARY_READS, '10 000/s')}.", facts,
        )  # fmt: skip
        return
    engine = engine_of_cache(cache)
    name = engine.label
    others = [
        f"{one.label}: {one.against['cache']}"
        for one in list_engines("cache")
        if one.is_shared and one != engine and "cache" in one.against
    ]
    yield Choice(
        "cache_engine", "cache.engine", f"{name} as the shared cache", f"{len(used)} reads repeat: {join(used)}; {hit} of all reads are answered from {memory}.",
        f"{name}, cache-aside; what is lost is read again from the store.", (*others, "in each process: no network, but as many copies as instances, each stale on its own", "none: the store carries all reads"),
        "Answers may be as old as their lifetime. A cold cache sends every read to the store, so it is warmed before the load comes.",
        f"When it answers less than half of these {hit}, or the hot data outgrows one node of 64 GB.", facts,
    )  # fmt: skip


def choose_queue(draft: Draft) -> Iterator[Choice]:
    """What the queue is built with."""
    queue = next((name for name, one in draft.design.flow.components.items() if one.kind == "queue"), None)
    if queue is None:
        return
    part = draft.design.flow.components[queue]
    technology, engine = part.technology or "a table", find_engine(part.engine)
    rate = show_fact(draft, COMPONENT_RATE.of(queue))
    first = next(iter(draft.design.jobs.queues), "default")
    is_table = draft.model.queues.is_table
    path = f"jobs.queues.{first}.{'engine' if draft.is_said(f'jobs.queues.{first}.engine') else 'technology'}"
    yield Choice(
        "queue_technology", path, f"The queue is {technology}", f"{rate} messages at the peak for {len(draft.design.jobs.jobs)} jobs; none may be lost with a rollback or a crash.",
        technology + ".",
        tuple(_weigh_queues(engine, draft.model.places.main_engine, is_table=is_table)),
        "A message is in the same transaction as its cause, and backed up with it; its work is load on the store." if is_table else "The queue's load is off the store; an outbox keeps both in step.",
        f"At {show_fact(draft, DATABASE_LIMIT, '500/s')}, or when a second system must read the same messages." if is_table
        else f"When nobody reads the messages a second time, and fewer than {show_fact(draft, BROKER_LIMIT, '20k/s')} come." if engine is not None and engine.queueing is not None and engine.queueing.kind == "log"
        else f"At {show_fact(draft, BROKER_LIMIT, '20k/s')}, or when messages must be read again.",
        (COMPONENT_RATE.of(queue),),
    )  # fmt: skip


def choose_saga(draft: Draft) -> Iterator[Choice]:
    """One record for the sagas, if there are any."""
    saga = draft.design.patterns.get("saga")
    if saga is None or not saga.use:
        return
    names = [one.operation or name for name, one in draft.design.jobs.sagas.items()] or [
        name for name, one in draft.design.access.items() if any(step.via for step in one.steps)
    ]
    coordination = next(
        (one.coordination for one in draft.design.jobs.sagas.values() if one.coordination), "orchestration"
    )
    yield Choice(
        "saga", "patterns.saga.use", f"{join(names)} as a saga", saga.reason or "A write spans several owners of data.",
        f"Local transactions in order, led by {coordination}; each step has what undoes it.",
        ("two-phase commit: third parties do not take part in it, and a lost coordinator holds locks", "call after call without undo: the first failure leaves half of it done"),
        "The user sees a pending state; steps run at least once, so each needs an idempotency key; what cannot be undone comes last.",
        "When more than 1 % of the sagas are undone, or when steps wait longer than the saga's time limit.",
    )  # fmt: skip


def choose_consistency(draft: Draft) -> Iterator[Choice]:
    """Which reads must be fresh, and which may be old."""
    groups: dict[str, list[str]] = {"strong": [], "session": [], "eventual": []}
    for name, one in draft.design.access.items():
        objective = draft.design.requirements.objectives.get(name)
        kind = one.consistency or (objective.consistency if objective is not None else None)
        if one.reads and kind in groups:
            groups[kind].append(name)
    if not any(groups.values()):
        return
    listed = "; ".join(f"{kind}: {join(names)}" for kind, names in groups.items() if names)
    said = next((name for name in draft.design.access if draft.is_said(f"access.{name}.consistency")), "")
    yield Choice(
        "consistency", f"access.{said}.consistency" if said else "access", "Consistency is chosen for each read", f"Reads by what they must see: {listed}.",
        "Strong reads go to the primary; session reads go there for the user who has just written; all others may come from a cache or a copy.",
        ("strong everywhere: every read on the primary, and no cache", "eventual everywhere: users miss what they have just done"),
        f"{len(groups['strong'])} reads carry the primary's load and availability; the others stay up without it for as long as their copies last.",
        "When the strong reads pass half of what the primary can serve, or a user's complaint shows a stale read.",
    )  # fmt: skip


def choose_partitions(draft: Draft) -> Iterator[Choice]:
    """Partitioned tables, or that none is."""
    tables = draft.design.schema.tables
    if not tables:
        return
    parted = {name: one.partition_by for name, one in tables.items() if one.partition_by}
    sizes = [(draft.facts[TABLE_SIZE.of(name)], name) for name in tables if TABLE_SIZE.of(name) in draft.facts]
    largest = max(sizes, key=lambda pair: pair[0].base) if sizes else None
    largest_text = (
        f"The largest table is {largest[1]} with {largest[0].text}"
        if largest is not None
        else "No table's size is known"
    )
    facts = (TABLE_SIZE.of(largest[1]),) if largest is not None else ()
    if parted:
        yield Choice(
            "partitioning", f"schema.tables.{next(iter(parted))}.partition_by", f"{join(list(parted))} are partitioned" if len(parted) > 1 else f"{next(iter(parted))} is partitioned",
            f"{largest_text}; old rows must go without a scan.", "; ".join(f"{name}: {by}" for name, by in parted.items()) + ".",
            ("one table with deletes: bloat, and hours of vacuum", "shards on several servers: no join and no transaction across them"),
            "Dropping old rows takes a moment; every unique key must contain the partition column.", "When a partition passes 100 GB, or queries touch more than 12 of them.", facts,
        )  # fmt: skip
    else:
        yield Choice(
            "partitioning", "schema.tables", "No table is partitioned", f"{largest_text}.", "Plain tables.", ("range by time: pays when old rows are dropped by the month", "hash: pays when one index no longer fits memory"),
            "Keys and queries stay simple.", f"When a table passes {show_fact(draft, PARTITION_SIZE, '100 GB')}{_later(draft, largest)}.", facts,
        )  # fmt: skip


def _later(draft: Draft, largest: tuple[Fact, str] | None) -> str:
    """What the largest table comes to at the horizon, so that the limit is seen against it."""
    then = find_fact(draft, TABLE_SIZE_AT_HORIZON.of(largest[1])) if largest is not None else None
    return f"; {largest[1]} comes to {then.text} at the horizon" if then is not None and largest is not None else ""


def _count_clients(draft: Draft) -> str:
    """How many kinds of client people use; our own programs are none."""
    count = sum(1 for one in draft.design.auth.clients.values() if one.kind != "service") or 1
    return f"{count} kind{'s' if count > 1 else ''}"


def choose_history(draft: Draft) -> Iterator[Choice]:
    """Whether states are kept as events."""
    pattern = draft.design.patterns.get("event_sourcing")
    if pattern is None:
        return
    kept = [name for name, entity in draft.design.entities.items() if entity.history]
    if pattern.use:
        yield Choice(
            "event_sourcing", "patterns.event_sourcing.use", f"The states of {join(kept) or 'entities'} are kept as events", pattern.reason or "Earlier states must be known.",
            f"Every change of {join(kept) or 'them'} is an event that is appended; the current state is a projection.",
            ("a history table written by the same transaction: enough where states are only looked up", "audit log: says who and when, yet cannot rebuild a state"),
            "Nothing is overwritten; events of old forms must be readable for ever; erasing a person needs keys that can be thrown away.",
            "When a stream passes 1 000 events (snapshots), or nobody has asked for an earlier state for a year.",
        )  # fmt: skip
    else:
        yield Choice(
            "event_sourcing", "patterns.event_sourcing.use", "No event sourcing", pattern.reason or "Nobody asked for earlier states.", "Rows hold the current state.",
            ("event sourcing: projections, versions of events, and no simple erasing of personal data",), "Reads are simple; earlier states are gone unless a table keeps them.",
            "When the earlier states of 1 entity or more must be shown or proved.",
        )  # fmt: skip
