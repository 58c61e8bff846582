"""Protocols explored in full: every seeded fault is found, no repaired protocol is accused, and ways are the shortest."""

from __future__ import annotations

import itertools

import pytest

from archnb.sim.protocol import (
    CachedWrites,
    Counted,
    Faults,
    Messaging,
    Once,
    Protocol,
    Saga,
    SagaStep,
    Seeded,
    Step,
    change,
    explore,
    list_seeded,
    make_cached_writes,
    make_counted,
    make_messages,
    make_once,
    make_saga,
)
from archnb.sim.protocol.library import ORDER

SEEDED = {one.name: one for one in list_seeded()}
SMALL = {one.name: one for one in SEEDED.values() if "little" not in one.name}


@pytest.mark.parametrize("seeded", SEEDED.values(), ids=SEEDED)
def test_each_seeded_fault_is_found(seeded: Seeded) -> None:
    """The sentence that the fault breaks is the one that is reported, with a way that leads there."""
    found = explore(seeded.faulty)
    assert found.verdict in ("violated", "cannot finish")
    assert found.broken == seeded.breaks
    assert found.way


@pytest.mark.parametrize("seeded", SMALL.values(), ids=SMALL)
def test_the_way_is_a_run_of_the_protocol(seeded: Seeded) -> None:
    """Each step of a counterexample is one that the state before it allows, and its last state breaks what is said."""
    found, states = explore(seeded.faulty), [seeded.faulty.start]
    for step in found.way:
        states = [after for state in states for one, after in seeded.faulty.steps(state) if one == step]
        assert states
    if found.verdict == "violated":
        must = {**seeded.faulty.always, **seeded.faulty.at_rest}[found.broken]
        assert not all(must(state) for state in states)


@pytest.mark.parametrize("seeded", SMALL.values(), ids=SMALL)
def test_no_repaired_protocol_is_accused(seeded: Seeded) -> None:
    """What has its protection holds, comes to rest, and was explored in full."""
    found = explore(seeded.repaired)
    assert (found.verdict, found.broken, found.way) == ("holds", "", ())
    assert found.rests > 0


def test_two_sagas_at_once_are_explored_in_full() -> None:
    """Two orders for the last of a thing, with a crash and a lost message."""
    faults = Faults(crashes=1, lost=1, late=0, doubled=0, failed_undoings=0)
    found = explore(make_saga(change(ORDER, at_once=2, faults=faults)))
    assert found.verdict == "holds"
    assert found.states > 5_000


def test_the_shortest_way_is_found() -> None:
    """Of two ways to a forbidden state the one with fewer steps is told."""

    def steps(at: int) -> list[tuple[Step, int]]:
        return [(Step("a", "a", f"to {to}"), to) for to in {0: (1, 2), 1: (3,), 2: (4,), 4: (3,)}.get(at, ())]

    found = explore(
        Protocol(name="p", participants=("a",), start=0, steps=steps, always={"not 3": lambda at: at != 3}, at_rest={})
    )
    assert [step.text for step in found.way] == ["to 1", "to 3"]


def test_what_goes_round_for_ever_cannot_finish() -> None:
    """A state from which no end can be reached is told, though no sentence is broken."""

    def steps(at: int) -> list[tuple[Step, int]]:
        return [(Step("a", "a", f"to {to}"), to) for to in {0: (1, 9), 1: (2,), 2: (1,)}.get(at, ())]

    found = explore(Protocol(name="p", participants=("a",), start=0, steps=steps, always={}, at_rest={}))
    assert (found.verdict, [step.text for step in found.way]) == ("cannot finish", ["to 1"])


def test_a_protocol_without_a_step_is_at_rest() -> None:
    """The start alone: what must hold at rest is asked of it."""

    def steps(at: int) -> list[tuple[Step, int]]:
        return []

    one = Protocol(name="p", participants=("a",), start=0, steps=steps, always={}, at_rest={"done": lambda at: at > 0})
    assert explore(one).broken == "done"
    assert (
        explore(Protocol(name="p", participants=("a",), start=1, steps=steps, always={}, at_rest={})).verdict == "holds"
    )


def test_too_many_states_are_no_verdict() -> None:
    """Where exploration stops early, nothing is claimed."""

    def steps(at: int) -> list[tuple[Step, int]]:
        return [(Step("a", "a", "count"), at + 1)]

    found = explore(
        Protocol(name="p", participants=("a",), start=0, steps=steps, always={}, at_rest={}), most_states=50
    )
    assert (found.verdict, found.states) == ("not finished", 50)


def test_without_faults_the_order_of_two_messages_is_all_there_is() -> None:
    """Two independent steps of n workers have (2n)!/2^n orders and 3^n states: counted against the machine."""
    workers = 4

    def steps(state: tuple[int, ...]) -> list[tuple[Step, tuple[int, ...]]]:
        return [
            (Step(str(n), str(n), f"step {phase}"), (*state[:n], phase + 1, *state[n + 1 :]))
            for n, phase in enumerate(state)
            if phase < 2
        ]

    found = explore(Protocol(name="p", participants=(), start=(0,) * workers, steps=steps, always={}, at_rest={}))
    assert (found.states, found.rests) == (3**workers, 1)
    assert found.transitions == workers * 2 * 3 ** (workers - 1)


@pytest.mark.parametrize("undoable", list(itertools.product((False, True), repeat=2)))
def test_a_saga_without_faults_is_all_or_nothing(undoable: tuple[bool, bool]) -> None:
    """Two remote steps that may be refused: what was done before a refusal must have an undoing, and nothing else matters."""
    first, second = undoable
    saga = Saga(
        name="s",
        steps=(
            SagaStep(name="a", party="p", can_refuse=True, undo="take a back" if first else ""),
            SagaStep(name="b", party="q", can_refuse=True, undo="take b back" if second else ""),
        ),
        faults=Faults(crashes=0, lost=0, late=0, doubled=0, failed_undoings=0),
    )
    assert explore(make_saga(saga)).verdict == ("holds" if first else "violated")


def test_a_party_that_cannot_be_asked_is_asked_again() -> None:
    """Without a way to ask, a keyed request is sent again; nothing is lost by it, but it can never give up."""
    saga = change(change(ORDER, "authorise", can_be_asked=False), "capture", can_be_asked=False)
    assert explore(make_saga(saga)).verdict == "holds"


def test_what_protects_is_needed_only_against_its_fault() -> None:
    """Each protection left out breaks nothing where the fault that it is for cannot happen."""
    none = Faults(crashes=0, lost=0, late=0, doubled=0, failed_undoings=0)
    for choices in ({"journal": "none"}, {"repeats_undo": False}, {"unknown": "fail"}, {"is_atomic": False}):
        assert explore(make_saga(change(ORDER, faults=none, **choices))).verdict == "holds"
    assert explore(make_messages(Messaging(tells="after the commit", crashes=0))).verdict == "holds"
    assert explore(make_messages(Messaging(dedupes="none", crashes=0, redelivered=0))).verdict == "holds"
    assert explore(make_cached_writes(CachedWrites(readers=0))).verdict == "holds"
    assert explore(make_once(Once(keeps="checked", comers=1, crashes=0))).verdict == "holds"
    assert explore(make_counted(Counted(guards="none", takers=1))).verdict == "holds"


@pytest.mark.parametrize("guard", ["in the statement", "version", "lock"])
@pytest.mark.parametrize("held", [0, 1, 3])
def test_a_guarded_number_is_never_taken_twice(guard: str, held: int) -> None:
    """Three takers of nothing, of one and of enough."""
    found = explore(make_counted(Counted(guards=guard, takers=3, held=held)))  # type: ignore[arg-type]
    assert found.verdict == "holds"


def test_bad_choices_are_refused() -> None:
    """Each in words."""
    with pytest.raises(ValueError, match="crashes: -1"):
        Faults(crashes=-1)
    with pytest.raises(ValueError, match="at least one step"):
        Saga(name="s", steps=())
    with pytest.raises(ValueError, match="one of create the order"):
        change(ORDER, "pay", is_keyed=False)
    with pytest.raises(ValueError, match="most_states"):
        explore(make_once(Once()), most_states=0)


def test_bounds_are_told() -> None:
    """What is shown holds for so many faults, and the outcome says how many."""
    assert "1 crash" in explore(make_saga(ORDER)).bounds
