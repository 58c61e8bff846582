"""What the caches are: a part of its own that all processes ask, memory inside each process, or the edge."""

from __future__ import annotations

from archnb.design.cache import Cache
from archnb.engines import Engine, Running, find_engine, propose_engine


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
