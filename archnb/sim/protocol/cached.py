"""A store and a cache before it: what a reader may find for ever after a write, whatever the order of the two.

Nothing makes a write of the store and a write of the cache one, so between them a reader can put an old value back
(Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1: leases). Lifetimes are left out: what is
violated here stays until the lifetime ends, and for ever where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from archnb.sim import require_count
from archnb.sim.protocol.explorer import Protocol, Step

Writes = Literal["delete after", "delete before", "set after"]
Guards = Literal["none", "lease", "version"]

BEGUN, MISSED, READ, ENDED = range(4)
COMMITTED = 1
EMPTY = -1


@dataclass(frozen=True, kw_only=True)
class CachedWrites:
    """How a write and a cache go together.

    writes: the entry is deleted after the commit, deleted before it, or set after it. guards: what a reader (or writer)
    may put in: anything; only under a lease that no deletion has ended since; only a version that is not older than the last
    one known. is_repeated: a deletion that was not done, because its writer died, is done later from the store's own log.
    """

    name: str = "cached writes"
    writes: Writes = "delete after"
    guards: Guards = "none"
    is_repeated: bool = True
    writers: int = 1
    readers: int = 1
    crashes: int = 1

    def __post_init__(self) -> None:
        require_count("writers", self.writers)
        require_count("readers", self.readers, least=0)
        require_count("crashes", self.crashes, least=0)


class Party(NamedTuple):
    """A writer or a reader: how far it is, the version it has, the lease it holds."""

    phase: int
    version: int
    lease: int


class State(NamedTuple):
    """stored: the store's version. cached: the entry's, EMPTY for none. newest: the newest version that the cache was told.
    lease: the count of deletions. owed: deletions that the log still has to do."""

    stored: int
    cached: int
    newest: int
    lease: int
    owed: int
    writers: tuple[Party, ...]
    readers: tuple[Party, ...]
    crashes: int


def make_cached_writes(made: CachedWrites) -> Protocol[State]:
    """The state machine of a cache beside a store."""
    start = State(
        0, EMPTY, 0, 0, 0, (Party(BEGUN, 0, 0),) * made.writers, (Party(BEGUN, 0, 0),) * made.readers, made.crashes
    )
    writer_names = ["writer"] if made.writers == 1 else [f"writer {n + 1}" for n in range(made.writers)]
    reader_names = ["reader"] if made.readers == 1 else [f"reader {n + 1}" for n in range(made.readers)]

    def delete(state: State, version: int) -> State:
        return state._replace(cached=EMPTY, lease=state.lease + 1, newest=max(state.newest, version))

    def put_in(state: State, version: int, lease: int) -> State | None:
        """The state with an entry set, or None where the guard refuses."""
        if made.guards == "lease" and lease != state.lease:
            return None
        if made.guards == "version" and version < max(state.newest, state.cached):
            return None
        return state._replace(cached=version, newest=max(state.newest, version))

    def write(state: State, n: int) -> Iterator[tuple[Step, State]]:
        name, party = writer_names[n], state.writers[n]

        def put(one: Party, at: State = state) -> State:
            return at._replace(writers=(*at.writers[:n], one, *at.writers[n + 1 :]))

        if party.phase == ENDED:
            return
        if made.writes == "delete before":
            if party.phase == BEGUN:
                yield Step(name, "cache", "deletes the entry"), put(Party(COMMITTED, 0, 0), delete(state, state.stored))
            else:
                after = state._replace(stored=state.stored + 1)
                yield Step(name, "store", f"commits version {after.stored}"), put(Party(ENDED, 0, 0), after)
            return
        if party.phase == BEGUN:
            after = state._replace(stored=state.stored + 1)
            yield (
                Step(name, "store", f"commits version {after.stored}"),
                put(Party(COMMITTED, after.stored, state.lease), after),
            )
            return
        done = Party(ENDED, 0, 0)
        if made.writes == "delete after":
            yield Step(name, "cache", "deletes the entry"), put(done, delete(state, party.version))
        else:
            # a writer is no reader: it holds no lease, and only versions can keep it from putting an older value in
            set_ = put_in(state, party.version, state.lease)
            text = (
                f"sets version {party.version}"
                if set_ is not None
                else f"is refused version {party.version}, an older one"
            )
            yield Step(name, "cache", text), put(done, set_ if set_ is not None else state)
        if state.crashes:
            dead = put(done)._replace(crashes=state.crashes - 1, owed=state.owed + made.is_repeated)
            yield Step(name, name, "dies before it tells the cache", True), dead

    def read(state: State, n: int) -> Iterator[tuple[Step, State]]:
        name, party = reader_names[n], state.readers[n]

        def put(one: Party, at: State = state) -> State:
            return at._replace(readers=(*at.readers[:n], one, *at.readers[n + 1 :]))

        if party.phase == BEGUN:
            if state.cached == EMPTY:
                yield Step("cache", name, "has no entry"), put(Party(MISSED, 0, state.lease))
            else:
                yield Step("cache", name, f"gives version {state.cached}"), put(Party(ENDED, 0, 0))
        elif party.phase == MISSED:
            yield Step("store", name, f"gives version {state.stored}"), put(Party(READ, state.stored, party.lease))
        elif party.phase == READ:
            after = put_in(state, party.version, party.lease)
            text = f"sets version {party.version}" if after is not None else f"is refused version {party.version}"
            yield Step(name, "cache", text), put(Party(ENDED, 0, 0), after if after is not None else state)

    def steps(state: State) -> Iterator[tuple[Step, State]]:
        for n in range(made.writers):
            yield from write(state, n)
        for n in range(made.readers):
            yield from read(state, n)
        if state.owed:
            yield Step("log", "cache", "deletes the entry"), delete(state, state.stored)._replace(owed=state.owed - 1)

    return Protocol(
        name=made.name,
        participants=(*writer_names, *reader_names, "cache", "store", *(("log",) if made.is_repeated else ())),
        start=start, steps=steps, always={},
        at_rest={"the cache holds nothing, or what the store holds": lambda state: state.cached in (EMPTY, state.stored)},
        bounds=(f"{made.writers} writers", f"{made.readers} readers", f"{made.crashes} crash"),
    )  # fmt: skip


__all__ = ["CachedWrites", "State", "make_cached_writes"]
