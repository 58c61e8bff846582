"""Caching, completed: which answers are cached, where and how, and which are not."""

from __future__ import annotations

from dataclasses import dataclass

from archnb.design.record import Named
from archnb.planned.record import Planned
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class CachePolicy(Planned):
    """How the answers of one access pattern are cached; its name is the access pattern's."""

    store: str
    key: str
    ttl: Quantity
    invalidation: str
    strategy: str
    fill: str
    stampede: str
    objects: Quantity
    object_size: Quantity
    skew: Quantity


@dataclass(frozen=True, kw_only=True)
class Cache(Planned):
    """The caches: `policies` of what is cached, `uncached` what was weighed and is not. The engine is 'none' without a shared one."""

    engine: str
    memory: Quantity = Quantity(0.0, 0.0)
    eviction: str = ""
    policies: Named[CachePolicy]
    uncached: tuple[str, ...] = ()

    @property
    def is_shared(self) -> bool:
        """Whether there is a cache beside the processes."""
        return self.engine != "none"
