"""A saga under crashes, lost, late and doubled messages, refusals and undoings that fail, alone or two at once.

The coordinator takes one step after another, each in its own store or at a party it can only send messages to. It dies
anywhere and goes on from its journal; of a call that is not answered it does not know whether it was carried out
(Garcia-Molina and Salem 1987; the unknown outcome is Gray's "in doubt"). What protects it are choices, each of which can
be left out: then the exploration shows the shortest way in which money is taken twice, or goods stay reserved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from archnb.sim import require, require_count
from archnb.sim.protocol.explorer import Protocol, Step

Journal = Literal["before", "after", "none"]
Unknown = Literal["ask", "repeat", "undo", "fail"]

FORWARD, BACK, DONE, UNDONE, LOST = range(5)
IDLE, WAITING, IN_DOUBT, CHECKED, UNWRITTEN = range(5)
NO_ANSWER, YES, NO = range(3)
OPEN, REFUSED, TAKEN_BACK = range(3)
_SENT_AT_ONCE = 2
_ENDS = (DONE, UNDONE, LOST)


@dataclass(frozen=True, kw_only=True)
class SagaStep:
    """A step of a saga.

    party: who is asked, '' where the step is a transaction of the saga's own store. can_refuse: whether the answer may be
    no. undo: what takes it back, '' for nothing. takes: whether it takes one of what there is little of.
    is_keyed: a request that comes again changes nothing and gets the first answer. is_undo_keyed: the same of its undoing.
    refuses_late: once undone, a request that was under way is refused. can_be_asked: the party tells what became of a key.
    is_harmless: that it is carried out twice, or without the rest, harms nobody, as of a notice.
    """

    name: str
    party: str = ""
    can_refuse: bool = False
    undo: str = ""
    takes: bool = False
    is_keyed: bool = True
    is_undo_keyed: bool = True
    refuses_late: bool = True
    can_be_asked: bool = True
    is_harmless: bool = False


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How often each fault may happen in one run; 0 leaves it out."""

    crashes: int = 1
    lost: int = 1
    late: int = 1
    doubled: int = 1
    failed_undoings: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            require_count(name, value, least=0)

    @property
    def texts(self) -> tuple[str, ...]:
        """The bounds in words, those that are not 0."""
        words = {"crashes": "crash", "lost": "lost message", "late": "late message", "doubled": "doubled message"}
        words["failed_undoings"] = "undoing that fails"
        return tuple(f"{value} {words[name]}" for name, value in vars(self).items() if value)


@dataclass(frozen=True, kw_only=True)
class Saga:
    """A saga with what protects it.

    journal: when the coordinator writes down how far it is: before each call and after it, only after it, or never.
    unknown: what it does of a call that was not answered: asks what became of it, sends it again, undoes it as well, or
    takes it for failed. is_atomic: a step of its own store and the journal are one transaction. is_guarded: what is taken
    is checked in the statement that takes it. repeats_undo: an undoing that fails is tried again. reconciles: a job
    compares what ended with what the parties have, and settles the difference.
    """

    name: str
    steps: tuple[SagaStep, ...]
    journal: Journal = "before"
    unknown: Unknown = "ask"
    is_atomic: bool = True
    is_guarded: bool = True
    repeats_undo: bool = True
    reconciles: bool = False
    at_once: int = 1
    stock: int = 1
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        require("steps", len(self.steps), len(self.steps) > 0, "at least one step")
        require_count("at_once", self.at_once)
        require_count("stock", self.stock, least=0)


class Run(NamedTuple):
    """How far one saga is. asked, undoing: the requests under way, a step each. effects: how often each step counts now. closed: whether a
    party will not carry a request out any more: it has refused it, or it was undone."""

    mode: int
    at: int
    is_written: bool
    doing: int
    answer: int
    asked: tuple[int, ...]
    undoing: tuple[int, ...]
    effects: tuple[int, ...]
    closed: tuple[int, ...]


class State(NamedTuple):
    """All sagas that run at once, what is left of what they take, and what may still go wrong."""

    runs: tuple[Run, ...]
    left: int
    crashes: int
    lost: int
    late: int
    doubled: int
    failed: int


def _put(values: tuple[int, ...], at: int, value: int) -> tuple[int, ...]:
    return (*values[:at], value, *values[at + 1 :])


class _Machine:
    """The steps of a saga. A coordinator's every move is a step of its own, so a crash can come between any two."""

    def __init__(self, saga: Saga) -> None:
        self.saga, self.steps = saga, saga.steps
        self.names = [f"saga {n + 1}" if saga.at_once > 1 else "saga" for n in range(saga.at_once)]
        # what one saga can do depends on itself and on what all share: worked out once, used beside every state of the others
        self.moves: dict[tuple[int, State], list[tuple[Step, State]]] = {}

    def start(self) -> State:
        none = (0,) * len(self.steps)
        run = Run(FORWARD, 0, False, IDLE, NO_ANSWER, none, none, none, none)
        faults = self.saga.faults
        return State(
            (run,) * self.saga.at_once, self.saga.stock,
            faults.crashes, faults.lost, faults.late, faults.doubled, faults.failed_undoings,
        )  # fmt: skip

    def move(self, state: State) -> Iterator[tuple[Step, State]]:
        runs, shared = state.runs, state[1:]
        for n, run in enumerate(runs):
            alone = State((run,), *shared)
            found = self.moves.get((n, alone))
            if found is None:
                found = self.moves[n, alone] = list(self._move_one(self.names[n], alone))
            for step, after in found:
                yield step, State((*runs[:n], after[0][0], *runs[n + 1 :]), *after[1:])

    def _move_one(self, name: str, state: State) -> Iterator[tuple[Step, State]]:
        run, put = state.runs[0], _Put(state)
        yield from self._coordinate(name, state, run, put)
        yield from self._carry(name, state, run, put)
        yield from self._fail(name, state, run, put)

    # ------------------------------------------------------------------ the coordinator
    def _coordinate(self, name: str, state: State, run: Run, put: _Put) -> Iterator[tuple[Step, State]]:
        if run.mode in _ENDS:
            if self.saga.reconciles:
                yield from self._reconcile(name, run, put)
            return
        if run.answer != NO_ANSWER:
            yield from self._receive(name, run, put)
        elif run.doing == IN_DOUBT:
            yield from self._decide(name, run, put)
        elif run.doing == WAITING:
            yield from self._give_up_waiting(name, state, run, put)
        elif run.mode == FORWARD:
            yield from self._go_on(name, state, run, put)
        else:
            yield from self._go_back(name, run, put)

    def _go_on(self, name: str, state: State, run: Run, put: _Put) -> Iterator[tuple[Step, State]]:
        if run.at == len(self.steps):
            yield Step(name, name, "ends well"), put(run._replace(mode=DONE))
            return
        step = self.steps[run.at]
        if step.party:
            if run.is_written:
                yield Step(name, name, f"finds '{step.name}' begun in its journal"), put(run._replace(doing=IN_DOUBT))
            elif run.asked[run.at] < _SENT_AT_ONCE:
                yield Step(name, step.party, step.name), put(self._send(run))
            return
        if run.doing == UNWRITTEN:
            yield Step(name, name, f"writes down '{step.name}'"), put(run._replace(at=run.at + 1, doing=IDLE))
            return
        if step.takes and run.doing != CHECKED and state.left < 1:
            yield Step(name, "own store", f"{step.name}: nothing is left"), put(self._turn(run, run.at))
            return
        if step.takes and not self.saga.is_guarded and run.doing != CHECKED:
            yield Step(name, "own store", f"reads that {state.left} is left"), put(run._replace(doing=CHECKED))
            return
        count = max(1, run.effects[run.at]) if self.saga.is_atomic else run.effects[run.at] + 1
        after = run._replace(effects=_put(run.effects, run.at, count), doing=IDLE)
        after = after._replace(at=run.at + 1) if self.saga.is_atomic else after._replace(doing=UNWRITTEN)
        yield Step(name, "own store", step.name), put(after, left=state.left - step.takes)
        if step.can_refuse:
            yield Step("own store", name, f"refuses '{step.name}'"), put(self._turn(run, run.at))

    def _go_back(self, name: str, run: Run, put: _Put) -> Iterator[tuple[Step, State]]:
        if run.at == 0:
            yield Step(name, name, "ends undone"), put(run._replace(mode=UNDONE))
            return
        step = self.steps[run.at - 1]
        if not step.undo:
            yield (
                Step(name, name, f"has nothing that undoes '{step.name}'"),
                put(run._replace(at=run.at - 1, is_written=False)),
            )
        elif step.party:
            if run.undoing[run.at - 1] < _SENT_AT_ONCE:
                sent = _put(run.undoing, run.at - 1, run.undoing[run.at - 1] + 1)
                yield Step(name, step.party, step.undo), put(run._replace(undoing=sent, doing=WAITING))
        else:
            gone = run.effects[run.at - 1]
            after = run._replace(effects=_put(run.effects, run.at - 1, 0), at=run.at - 1)
            yield Step(name, "own store", step.undo), put(after, left=put.state.left + gone * step.takes)

    def _receive(self, name: str, run: Run, put: _Put) -> Iterator[tuple[Step, State]]:
        heard = run._replace(answer=NO_ANSWER, doing=IDLE, is_written=False)
        if run.mode == BACK:
            step = self.steps[run.at - 1]
            if run.answer == YES:
                yield Step(step.party, name, f"{step.undo}: done"), put(heard._replace(at=run.at - 1))
            elif self.saga.repeats_undo:
                yield Step(step.party, name, f"{step.undo}: failed, to be repeated"), put(heard)
            else:
                text = f"{step.undo}: failed, and is left so"
                yield Step(step.party, name, text), put(heard._replace(at=run.at - 1))
            return
        step = self.steps[run.at]
        if run.answer == YES:
            yield Step(step.party, name, f"{step.name}: done"), put(heard._replace(at=run.at + 1))
        else:
            yield Step(step.party, name, f"{step.name}: refused"), put(self._turn(heard, run.at))

    def _give_up_waiting(self, name: str, state: State, run: Run, put: _Put) -> Iterator[tuple[Step, State]]:
        is_back = run.mode == BACK
        under_way = run.undoing[run.at - 1] if is_back else run.asked[run.at]
        if under_way == 0:
            yield Step(name, name, "waits in vain: the outcome is unknown"), put(run._replace(doing=IN_DOUBT))
        elif state.late:
            late = Step(name, name, "waits no longer, while the request is under way", True)
            yield late, put(run._replace(doing=IN_DOUBT), late=state.late - 1)

    def _decide(self, name: str, run: Run, put: _Put) -> Iterator[tuple[Step, State]]:
        """What to do of a call whose outcome nobody knows."""
        known = run._replace(doing=IDLE, is_written=False)
        if run.mode == BACK:
            step = self.steps[run.at - 1]
            if self.saga.repeats_undo:
                yield Step(name, name, f"tries '{step.undo}' again"), put(known)
            else:
                yield Step(name, name, f"takes '{step.undo}' for done"), put(known._replace(at=run.at - 1))
            return
        step, at = self.steps[run.at], run.at
        again = self._send(known) if run.asked[at] < _SENT_AT_ONCE else None
        way = self.saga.unknown
        if way == "ask" and not step.can_be_asked:
            way = "repeat"
        if way == "ask":
            if run.effects[at]:
                yield Step(name, step.party, f"asks by its key: '{step.name}' was done"), put(known._replace(at=at + 1))
                return
            if again is not None:
                yield Step(name, step.party, f"asks by its key: not done; {step.name}, again"), put(again)
            if step.undo:
                text = f"asks by its key: '{step.name}' was not done; gives up"
                yield Step(name, step.party, text), put(self._turn(known, at + 1))
        elif way == "repeat":
            if again is not None:
                yield Step(name, step.party, f"{step.name}, again"), put(again)
        elif way == "undo":
            yield Step(name, name, f"gives up, and undoes '{step.name}' too"), put(self._turn(known, at + 1))
        else:
            yield Step(name, name, f"takes '{step.name}' for failed"), put(self._turn(known, at))

    def _reconcile(self, name: str, run: Run, put: _Put) -> Iterator[tuple[Step, State]]:
        wanted = 1 if run.mode == DONE else 0
        for n, step in enumerate(self.steps):
            if step.party and run.effects[n] > wanted and step.undo and not run.asked[n] and not run.undoing[n]:
                after = run._replace(effects=_put(run.effects, n, wanted))
                yield Step("reconciliation", step.party, f"finds '{step.name}' too much: {step.undo}"), put(after)

    def _send(self, run: Run) -> Run:
        sent = _put(run.asked, run.at, run.asked[run.at] + 1)
        return run._replace(asked=sent, doing=WAITING, is_written=self.saga.journal == "before")

    @staticmethod
    def _turn(run: Run, at: int) -> Run:
        """The way back: `at` counts the steps to undo."""
        return run._replace(mode=BACK, at=at, doing=IDLE, is_written=False)

    # ------------------------------------------------------------------ the parties
    def _carry(self, name: str, state: State, run: Run, put: _Put) -> Iterator[tuple[Step, State]]:
        """A request arrives: the party does it, or refuses, and answers whoever still waits."""
        for n, step in enumerate(self.steps):
            if run.asked[n]:
                taken = run._replace(asked=_put(run.asked, n, run.asked[n] - 1))
                is_heard = run.doing == WAITING and run.mode == FORWARD and run.at == n and run.answer == NO_ANSWER
                if run.closed[n] == REFUSED or (run.closed[n] == TAKEN_BACK and step.refuses_late):
                    yield (
                        Step(step.party, step.party, f"does not carry out '{step.name}' any more"),
                        put(_answer(taken, is_heard, NO)),
                    )
                    continue
                count = max(1, run.effects[n]) if step.is_keyed else run.effects[n] + 1
                done = taken._replace(effects=_put(run.effects, n, count))
                yield Step(step.party, step.party, f"carries out '{step.name}'"), put(_answer(done, is_heard, YES))
                if step.can_refuse and not run.effects[n]:
                    # who knows a request by its key gives the first answer again, also where it was no
                    refused = taken._replace(closed=_put(run.closed, n, REFUSED)) if step.is_keyed else taken
                    yield Step(step.party, step.party, f"refuses '{step.name}'"), put(_answer(refused, is_heard, NO))
            if run.undoing[n]:
                taken = run._replace(undoing=_put(run.undoing, n, run.undoing[n] - 1))
                is_heard = run.doing == WAITING and run.mode == BACK and run.at == n + 1 and run.answer == NO_ANSWER
                is_again = run.closed[n] == TAKEN_BACK
                count = run.effects[n] - 1 if is_again and not step.is_undo_keyed else 0
                done = taken._replace(effects=_put(run.effects, n, count), closed=_put(run.closed, n, TAKEN_BACK))
                yield Step(step.party, step.party, f"carries out '{step.undo}'"), put(_answer(done, is_heard, YES))
                if state.failed and is_heard:
                    failed = Step(step.party, step.party, f"fails to carry out '{step.undo}'", True)
                    yield failed, put(_answer(taken, is_heard, NO), failed=state.failed - 1)

    # ------------------------------------------------------------------ what goes wrong
    def _fail(self, name: str, state: State, run: Run, put: _Put) -> Iterator[tuple[Step, State]]:
        if state.crashes and run.mode not in _ENDS and (run.doing != IDLE or run.answer != NO_ANSWER):
            after = run._replace(doing=IDLE, answer=NO_ANSWER)
            if self.saga.journal == "none":
                after = after._replace(mode=LOST)
            yield Step(name, name, "crashes, and starts again", True), put(after, crashes=state.crashes - 1)
        if (
            state.crashes
            and self.saga.journal == "none"
            and run.mode in (FORWARD, BACK)
            and run.doing == IDLE
            and run.at
        ):
            yield (
                Step(name, name, "crashes, and starts again", True),
                put(run._replace(mode=LOST, answer=NO_ANSWER), crashes=state.crashes - 1),
            )
        if state.lost and run.answer != NO_ANSWER:
            yield (
                Step("network", name, "loses the answer", True),
                put(run._replace(answer=NO_ANSWER), lost=state.lost - 1),
            )
        for n, step in enumerate(self.steps):
            for counts, is_undo, text in ((run.asked, False, step.name), (run.undoing, True, step.undo)):
                if not counts[n]:
                    continue

                def put_copies(copies: int, is_undo: bool = is_undo, n: int = n) -> Run:
                    if is_undo:
                        return run._replace(undoing=_put(run.undoing, n, copies))
                    return run._replace(asked=_put(run.asked, n, copies))

                if state.lost:
                    after = put_copies(counts[n] - 1)
                    yield Step("network", step.party, f"loses '{text}'", True), put(after, lost=state.lost - 1)
                if state.doubled and counts[n] < _SENT_AT_ONCE:
                    after = put_copies(counts[n] + 1)
                    yield Step("network", step.party, f"doubles '{text}'", True), put(after, doubled=state.doubled - 1)


class _Put:
    """Puts a run back into the state that it was taken from."""

    def __init__(self, state: State) -> None:
        self.state = state

    def __call__(self, run: Run, **changes: int) -> State:
        return self.state._replace(runs=(run,), **changes)


def _answer(run: Run, is_heard: bool, answer: int) -> Run:
    return run._replace(answer=answer) if is_heard else run


def make_saga(saga: Saga) -> Protocol[State]:
    """The state machine of a saga.

    It must hold always that a step counts once at most and is taken back once at most, and that no more is taken than
    there is; and at rest, that a saga which ended well has all its effects and one that was undone has none.
    """
    machine = _Machine(saga)
    parties = tuple(dict.fromkeys(step.party or "own store" for step in saga.steps))
    reconciling = ("reconciliation",) if saga.reconciles else ()
    strict = [n for n, step in enumerate(saga.steps) if not step.is_harmless]

    def is_once(state: State) -> bool:
        return all(run.effects[n] <= 1 for run in state.runs for n in strict)

    def is_not_negative(state: State) -> bool:
        return all(effect >= 0 for run in state.runs for effect in run.effects)

    def is_whole(state: State) -> bool:
        return all(all(run.effects) for run in state.runs if run.mode == DONE)

    def is_nothing_left(state: State) -> bool:
        return not any(run.effects[n] for run in state.runs if run.mode in (UNDONE, LOST) for n in strict)

    return Protocol(
        name=saga.name,
        participants=(*machine.names, *parties, *reconciling, "network"),
        start=machine.start(),
        steps=machine.move,
        always={
            "no step counts twice": is_once,
            "nothing is taken back twice": is_not_negative,
            "no more is taken than there is": lambda state: state.left >= 0,
        },
        at_rest={
            "a saga that ended well has all its effects": is_whole,
            "a saga that did not end well leaves nothing behind": is_nothing_left,
        },
        bounds=saga.faults.texts + ((f"{saga.at_once} at once",) if saga.at_once > 1 else ()),
    )


def change(saga: Saga, step: str = "", **choices: object) -> Saga:
    """A saga with other choices, of one of its steps where one is named. Raises ValueError where there is no such step."""
    if not step:
        return replace(saga, **choices)  # type: ignore[arg-type]
    names = [one.name for one in saga.steps]
    require("step", step, step in names, f"one of {', '.join(names)}")
    steps = tuple(replace(one, **choices) if one.name == step else one for one in saga.steps)  # type: ignore[arg-type]
    return replace(saga, steps=steps)


__all__ = ["Faults", "Run", "Saga", "SagaStep", "State", "change", "make_saga"]
