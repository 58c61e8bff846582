"""Caching, completed: which answers are cached, where and how, and which are not."""

from __future__ import annotations

from dataclasses import dataclass

from archnb.design.record import Named
from archnb.planned.record import Planned
from archnb.quantity import Quantity, parse


@dataclass(frozen=True, kw_only=True)
class CachePolicy(Planned):
    """How the answers of one access pattern are cached; its name is the access pattern's."""

    store: str
    key: str
    ttl: Quantity
    # how long browsers and a CDN may keep it as well; 0 where they may not
    max_age: Quantity = parse("0 s")
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
