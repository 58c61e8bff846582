"""Two that change one number at once: what each read may be old when it writes (lost update; Berenson et al. 1995, P4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from archnb.sim import require_count
from archnb.sim.protocol.explorer import Protocol, Step

Guards = Literal["in the statement", "version", "lock", "none"]

BEGUN, READ, ENDED, REFUSED = range(4)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How a number that must not fall below zero is taken from.

    guards: the statement itself checks and subtracts; what was read is written only if its version is still there; the row
    is locked before it is read; nothing. takers: how many come at once, for one each. held: what is there.
    """

    name: str = "counted"
    guards: Guards = "in the statement"
    takers: int = 2
    held: int = 1

    def __post_init__(self) -> None:
        require_count("takers", self.takers)
        require_count("held", self.held, least=0)


class State(NamedTuple):
    """takers: how far each is, the number and the version it has read. holder: who has the lock, -1 for nobody."""

    takers: tuple[tuple[int, int, int], ...]
    held: int
    version: int
    holder: int


def make_counted(made: Counted) -> Protocol[State]:
    """The state machine of a number that several take from."""
    names = [f"taker {n + 1}" for n in range(made.takers)]

    def take(state: State, n: int) -> Iterator[tuple[Step, State]]:
        name, (phase, read, version) = names[n], state.takers[n]

        def put(phase: int, seen: int = 0, seen_version: int = 0, **changes: int) -> State:
            takers = (*state.takers[:n], (phase, seen, seen_version), *state.takers[n + 1 :])
            return state._replace(takers=takers, **changes)

        if phase in (ENDED, REFUSED):
            return
        if made.guards == "in the statement":
            if state.held:
                yield Step(name, "store", "takes 1 where 1 is there"), put(ENDED, held=state.held - 1)
            else:
                yield Step("store", name, "no row: nothing is there"), put(REFUSED)
        elif phase == BEGUN:
            if made.guards != "lock":
                yield Step("store", name, f"{state.held} there"), put(READ, state.held, state.version)
            elif state.holder < 0:
                yield Step("store", name, f"{state.held} there, locked"), put(READ, state.held, state.version, holder=n)
        elif not read:
            holder = -1 if state.holder == n else state.holder
            yield Step(name, name, "nothing is there"), put(REFUSED, holder=holder)
        elif made.guards == "version" and version != state.version:
            yield Step("store", name, "another version: read again"), put(BEGUN)
        else:
            holder = -1 if state.holder == n else state.holder
            after = put(ENDED, held=read - 1, version=state.version + 1, holder=holder)
            yield Step(name, "store", f"writes {read - 1}"), after

    def steps(state: State) -> Iterator[tuple[Step, State]]:
        for n in range(made.takers):
            yield from take(state, n)

    def is_counted(state: State) -> bool:
        return state.held == made.held - sum(phase == ENDED for phase, _, _ in state.takers)

    return Protocol(
        name=made.name, participants=(*names, "store"),
        start=State(((BEGUN, 0, 0),) * made.takers, made.held, 0, -1), steps=steps, always={},
        at_rest={"what is left and what was taken make what there was": is_counted},
        bounds=(f"{made.takers} at once",),
    )  # fmt: skip


__all__ = ["Counted", "State", "make_counted"]
