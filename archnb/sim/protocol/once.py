"""Something that must be done once, though two come for it: a request sent again, a job that two schedulers start.

The key may be checked before the work, reserved in a transaction of its own, or stored in the transaction of the work
itself, where the constraint keeps the second out. Who reserves may die; who takes a reservation over may meet its owner
again, who was only slow (Kleppmann 2016: fencing tokens).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from archnb.sim import require, require_count
from archnb.sim.protocol.explorer import Protocol, Step

Keeps = Literal["together", "reserved", "checked"]

BEGUN, CHECKED, WORKED, ENDED = range(4)
OPEN, RESERVED, DONE = range(3)


@dataclass(frozen=True, kw_only=True)
class Once:
    """How a key is kept.

    keeps: "together" with the work, in one transaction; "reserved" before it, in one of its own; "checked" before it, and
    recorded after it. expires: a reservation can be taken over. is_fenced: the work asks whether the reservation still is
    the worker's. comers: how many come for the same key; one that died comes again.
    """

    name: str = "once"
    keeps: Keeps = "together"
    expires: bool = True
    is_fenced: bool = True
    comers: int = 2
    crashes: int = 1

    def __post_init__(self) -> None:
        require("comers", self.comers, self.comers >= 1, "a whole number of at least 1")
        require_count("crashes", self.crashes, least=0)


class State(NamedTuple):
    """comers: how far each is. key: OPEN, RESERVED, DONE. holder: whose the reservation is, as its fencing token tells."""

    comers: tuple[int, ...]
    key: int
    holder: int
    effects: int
    crashes: int


def make_once(made: Once) -> Protocol[State]:
    """The state machine of a key that two come for."""
    names = [f"worker {n + 1}" for n in range(made.comers)]

    def come(state: State, n: int) -> Iterator[tuple[Step, State]]:
        name, phase = names[n], state.comers[n]

        def put(phase: int, **changes: int) -> State:
            return state._replace(comers=(*state.comers[:n], phase, *state.comers[n + 1 :]), **changes)

        if phase == ENDED:
            return
        if made.keeps == "together":
            if state.key == DONE:
                yield Step("store", name, "has the key already: the first answer"), put(ENDED)
            else:
                yield (
                    Step(name, "store", "does the work and stores the key"),
                    put(ENDED, key=DONE, effects=state.effects + 1),
                )
        elif phase == BEGUN:
            if state.key == DONE:
                yield Step("store", name, "has the key already: the first answer"), put(ENDED)
            elif made.keeps == "checked":
                yield Step("store", name, "does not have the key"), put(CHECKED)
            elif state.key == OPEN:
                yield Step(name, "store", "reserves the key"), put(CHECKED, key=RESERVED, holder=n)
            elif made.expires:
                yield Step(name, "store", "takes over a reservation that has run out"), put(CHECKED, holder=n)
            else:
                # it waits: this leads nowhere by itself, which is how a reservation that nobody ends is found
                yield Step("store", name, "has it reserved: come again"), state
        elif phase == CHECKED:
            if made.keeps == "reserved" and made.is_fenced:
                if state.holder != n or state.key == DONE:
                    yield Step("store", name, "refuses: the reservation is another's"), put(BEGUN)
                else:
                    after = put(ENDED, key=DONE, effects=state.effects + 1)
                    yield Step(name, "store", "does the work and ends its reservation"), after
            else:
                yield Step(name, "store", "does the work"), put(WORKED, effects=state.effects + 1)
        else:
            yield Step(name, "store", "records the key as done"), put(ENDED, key=DONE)
        if state.crashes and phase in (CHECKED, WORKED):
            yield Step(name, name, "crashes, and comes again", True), put(BEGUN, crashes=state.crashes - 1)

    def steps(state: State) -> Iterator[tuple[Step, State]]:
        for n in range(made.comers):
            yield from come(state, n)

    return Protocol(
        name=made.name,
        participants=(*names, "store"),
        start=State((BEGUN,) * made.comers, OPEN, -1, 0, made.crashes),
        steps=steps,
        always={"it is done once at most": lambda state: state.effects <= 1},
        at_rest={"it is done": lambda state: state.effects >= 1},
        bounds=(f"{made.comers} at once", f"{made.crashes} crash"),
    )


__all__ = ["Once", "State", "make_once"]
