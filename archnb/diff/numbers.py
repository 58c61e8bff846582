"""The numbers that people ask for first, before and after: load, storage, servers, utilisation, latency, when a resource ends."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from archnb.fact.keys import find_key
from archnb.fact.keys.flow import COMPONENT_UTILISATION, OPERATION_LATENCY
from archnb.fact.keys.load import PEAK_READS, PEAK_WRITES, STORAGE
from archnb.fact.keys.scaling import RESOURCE_SATURATES, SERVERS_NEEDED, STORED

if TYPE_CHECKING:
    from archnb.plan import Plan

_ASKED = (
    PEAK_READS,
    PEAK_WRITES,
    STORAGE,
    STORED,
    SERVERS_NEEDED,
    COMPONENT_UTILISATION,
    OPERATION_LATENCY,
    RESOURCE_SATURATES,
)
# by less than this share nobody would decide otherwise
_LEAST = 0.05


class Moved(NamedTuple):
    """A fact that both plans have, with another value: its name, both values as they are read, and how many times as much it is.

    factor: None where one of the two is never.
    """

    name: str
    before: str
    after: str
    factor: float | None


def list_moved(old: Plan, new: Plan) -> tuple[Moved, ...]:
    """The numbers that differ by more than a few percent, the farthest apart first."""
    return tuple(sorted(_find(old, new), key=lambda one: -abs(math.log(one.factor or 1))))


def _find(old: Plan, new: Plan) -> Iterator[Moved]:
    for name, after in new.facts.items():
        before = old.facts.get(name)
        if before is None or before.base <= 0 or after.base <= 0 or find_key(name) not in _ASKED:
            continue
        factor = after.base / before.base
        if abs(factor - 1) >= _LEAST and before.text != after.text:
            yield Moved(name, before.text, after.text, factor if 0 < factor < math.inf else None)
