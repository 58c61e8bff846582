"""Protocols as state machines, explored in full: sagas, messages, caches beside stores, keys, and counted numbers.

A machine has its protections as choices. `explore` tries every order of steps, crashes and faults within its bounds, and
gives the shortest way to what must not be, or that there is none.
"""

from __future__ import annotations

from archnb.sim.protocol.cached import CachedWrites, make_cached_writes
from archnb.sim.protocol.counted import Counted, make_counted
from archnb.sim.protocol.explorer import Outcome, Protocol, Step, explore
from archnb.sim.protocol.library import Seeded, list_seeded
from archnb.sim.protocol.messages import Messaging, make_messages
from archnb.sim.protocol.once import Once, make_once
from archnb.sim.protocol.saga import Faults, Saga, SagaStep, change, make_saga

__all__ = [
    "CachedWrites",
    "Counted",
    "Faults",
    "Messaging",
    "Once",
    "Outcome",
    "Protocol",
    "Saga",
    "SagaStep",
    "Seeded",
    "Step",
    "change",
    "explore",
    "list_seeded",
    "make_cached_writes",
    "make_counted",
    "make_messages",
    "make_once",
    "make_saga",
]
