"""Which engine each part of a design is: its stores, its cache, the queue its jobs go through.

Words such as "PostgreSQL 18" are for people; what follows from them is asked here, of the engine that the design names.
"""

from __future__ import annotations

from archnb.design.cache import Cache
from archnb.design.jobs import Jobs, Queue
from archnb.design.schema import Schema
from archnb.engines import Engine, Running, find_engine, is_relational, propose_engine


def main_store(schema: Schema) -> str:
    """The name of the main store: the first relational one, or else the first."""
    for name, store in schema.stores.items():
        if is_relational(store.engine):
            return name
    return next(iter(schema.stores), "main")


def engine_of_store(schema: Schema, name: str | None = None) -> Engine:
    """The engine of a store, of the main one where none is named; a store that says none is of the kind that is proposed."""
    store = schema.stores.get(name or main_store(schema))
    return (find_engine(store.engine) if store is not None else None) or propose_engine("relational")


def home_of(schema: Schema, entity: str | None) -> str:
    """The store that holds an entity, the main one where none says so."""
    return next((name for name, store in schema.stores.items() if entity in store.holds), main_store(schema))


def is_shared_cache(store: str | None) -> bool:
    """Whether a policy's store is a part that all processes ask; one that says none is proposed to be.

    >>> is_shared_cache("redis"), is_shared_cache("in-process"), is_shared_cache(None)
    (True, False, True)
    """
    found = find_engine(store)
    return store is None or (found is not None and found.is_shared)


def is_kept_at(store: str | None, running: Running) -> bool:
    """Whether a policy's store runs in a way: inside each "process", at the "edge".

    >>> is_kept_at("http", "edge"), is_kept_at("redis", "edge")
    (True, False)
    """
    found = find_engine(store)
    return found is not None and found.running == running


def engine_of_cache(cache: Cache) -> Engine:
    """The engine of the shared cache: the one that is said, or the one that is proposed."""
    return find_engine(cache.engine) or propose_engine("cache")


def find_main_queue(jobs: Jobs) -> Queue | None:
    """The queue that the jobs go through: the first whose engine or technology is known."""
    return next((one for one in jobs.queues.values() if one.engine or one.technology), None)


def engine_of_queue(jobs: Jobs) -> Engine | None:
    """The engine of the jobs' queue, None where there is none or it is something of one's own."""
    queue = find_main_queue(jobs)
    return find_engine(queue.engine) if queue is not None else None


def is_queue_in_store(schema: Schema, jobs: Jobs) -> bool:
    """Whether the jobs' queue is a table of the main store, so that a row and its job share a transaction."""
    engine = engine_of_queue(jobs)
    if engine is None or engine.queueing is None or not engine.queueing.in_transaction:
        return False
    return engine.name == engine_of_store(schema).name
