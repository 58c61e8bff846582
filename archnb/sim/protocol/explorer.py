"""Exhaustive exploration of a protocol: every order of every step, crash and fault, and the shortest way to what must not be.

A protocol is a start, the steps that each state allows, and what must hold: always, and where it comes to rest (no step
is left). Breadth first, so the first violation found is reached by the fewest steps (Clarke, Grumberg, Peled, "Model
Checking", chapter 2). Where nothing is violated, each state must still be able to come to rest: one that cannot goes
round for ever, or waits for what never comes (AG EF rest, in CTL). Faults are steps like others, with a budget in the
state, so that the states are finite: what is shown holds for at most so many faults, and the outcome says how many.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar

from archnb.sim import require_count

StateT = TypeVar("StateT", bound=Hashable)
Verdict = Literal["holds", "violated", "cannot finish", "not finished"]

MOST_STATES = 2_000_000


class Step(NamedTuple):
    """Something that happens: who does it, to whom, and what. A fault says so."""

    source: str
    target: str
    text: str
    is_fault: bool = False


@dataclass(frozen=True, kw_only=True)
class Protocol(Generic[StateT]):
    """A state machine and what must hold of it.

    steps: what may happen in a state, each with the state after it; the order must not vary from call to call.
    always, at_rest: by the sentence that is to be true, a function of the state.
    bounds: the faults that it may meet, in words, such as ("2 crashes", "1 lost message").
    """

    name: str
    participants: tuple[str, ...]
    start: StateT
    steps: Callable[[StateT], Iterable[tuple[Step, StateT]]]
    always: Mapping[str, Callable[[StateT], bool]]
    at_rest: Mapping[str, Callable[[StateT], bool]]
    bounds: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an exploration found.

    verdict: "holds"; "violated", with what is broken and the shortest way there; "cannot finish", where a state was
    reached from which it never comes to rest; "not finished", where there are more states than were allowed.
    """

    protocol: str
    verdict: Verdict
    states: int
    transitions: int
    rests: int
    broken: str = ""
    way: tuple[Step, ...] = ()
    participants: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()

    @property
    def faults(self) -> int:
        """How many faults the shortest way needs."""
        return sum(step.is_fault for step in self.way)


def explore(protocol: Protocol[StateT], *, most_states: int = MOST_STATES) -> Outcome:
    """Explore every state that a protocol can reach.

    most_states: where to stop without a verdict. Raises ValueError where it is no whole number of at least 1.

    >>> def steps(count):
    ...     if count < 3:
    ...         yield Step("a", "b", "count"), count + 1
    >>> explore(Protocol(name="counter", participants=("a", "b"), start=0, steps=steps,
    ...     always={"stays below 3": lambda count: count < 3}, at_rest={})).broken
    'stays below 3'
    """
    require_count("most_states", most_states)
    known: dict[StateT, int] = {protocol.start: 0}
    states: list[StateT] = [protocol.start]
    came_from, by = array("q", [-1]), [Step("", "", "")]
    sources, targets = array("q"), array("q")
    rests: list[int] = []
    always, at_rest = tuple(protocol.always.items()), tuple(protocol.at_rest.items())

    def tell(verdict: Verdict, broken: str = "", at: int = -1) -> Outcome:
        way: list[Step] = []
        while at > 0:
            way.append(by[at])
            at = came_from[at]
        return Outcome(
            protocol=protocol.name, verdict=verdict, states=len(states), transitions=len(sources), rests=len(rests),
            broken=broken, way=tuple(reversed(way)), participants=protocol.participants, bounds=protocol.bounds,
        )  # fmt: skip

    for text, holds in always:
        if not holds(protocol.start):
            return tell("violated", text, 0)
    at = 0
    while at < len(states):
        is_rest = True
        for step, after in protocol.steps(states[at]):
            is_rest = False
            number = known.get(after)
            if number is None:
                number = len(states)
                if number >= most_states:
                    return tell("not finished", f"more than {most_states} states")
                known[after] = number
                states.append(after)
                came_from.append(at)
                by.append(step)
                for text, holds in always:
                    if not holds(after):
                        return tell("violated", text, number)
            sources.append(at)
            targets.append(number)
        if is_rest:
            rests.append(at)
            for text, holds in at_rest:
                if not holds(states[at]):
                    return tell("violated", text, at)
        at += 1
    stuck = _find_stuck(len(states), sources, targets, rests)
    if stuck is not None:
        return tell("cannot finish", "it can always come to an end", stuck)
    return tell("holds")


def _find_stuck(states: int, sources: array[int], targets: array[int], rests: list[int]) -> int | None:
    """The state nearest the start from which no rest can be reached, or None."""
    import numpy as np

    source, target = np.array(sources, np.int64), np.array(targets, np.int64)
    order = np.argsort(target, kind="stable")
    before = source[order]
    first = np.searchsorted(target[order], np.arange(states + 1))
    is_good = np.zeros(states, bool)
    front = np.array(rests, np.int64)
    is_good[front] = True
    while front.size:
        into = [before[first[one] : first[one + 1]] for one in front]
        found = np.unique(np.concatenate(into)) if into else front[:0]
        front = found[~is_good[found]]
        is_good[front] = True
    bad = np.flatnonzero(~is_good)
    return int(bad[0]) if bad.size else None


__all__ = ["Outcome", "Protocol", "Step", "explore"]
