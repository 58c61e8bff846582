"""How often things are asked for, as the access patterns say it: by pattern, by entity, by store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archnb.design.entities import AccessPattern
from archnb.model.places import Places
from archnb.model.touches import Touches
from archnb.model.unknown import Unknown
from archnb.quantity import Quantity


@dataclass(frozen=True)
class Load:
    """Requests in /s at the peak, as base values, and the patterns without a rate, which are not counted."""

    reads: float
    writes: float
    unsaid: tuple[str, ...]


class Traffic:
    """The rates of the access patterns, added up where they meet. A pattern counts once for each entity that it is about."""

    def __init__(self, access: Mapping[str, AccessPattern], touches: Touches, places: Places) -> None:
        self._access, self._touches, self._places = access, touches, places

    def find_rate(self, pattern: str) -> Quantity | Unknown:
        """How often a pattern is used at the peak."""
        rate = self._access[pattern].rate
        return rate if rate is not None else Unknown(f"no rate is said of {pattern}", f"access.{pattern}.rate: 1/s")

    def measure(self, pattern: str) -> float:
        """How often a pattern is used, in /s at the peak; 0 where nobody says and nothing follows."""
        rate = self._access[pattern].rate
        return rate.base if rate is not None else 0.0

    def measure_entity(self, entity: str) -> Load:
        """The load of the patterns that are about an entity."""
        return self._add(self._touches.list_about(entity))

    def measure_store(self, store: str) -> Load:
        """The load of the patterns whose entity lives in a store, caches and copies left aside."""
        return self._add(
            tuple(name for name in self._access if self._places.find_home(self._touches.find(name).entity) == store)
        )

    def _add(self, patterns: tuple[str, ...]) -> Load:
        reads = writes = 0.0
        unsaid = []
        for name in patterns:
            pattern = self._access[name]
            if pattern.rate is None:
                unsaid.append(name)
            elif pattern.writes is not None:
                writes += pattern.rate.base
            else:
                reads += pattern.rate.base
        return Load(reads, writes, tuple(unsaid))
