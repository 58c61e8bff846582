"""How long each call of each operation may take: longer than the work it waits for, and so that all calls fit their caller's time.

From the leaves inwards each call *needs* a multiple of the 99th percentile of its own work, and whoever calls others all of
their attempts and waits, every call counted. From the client outwards each gets its share of what there is, which is what
is promised where that is more, by what it needs. So limits shrink along the path, and none cuts off healthy work.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from archnb.design.errors import Call
from archnb.fact import Fact, Facts, apply_model
from archnb.fact.keys.errors import (
    DEADLINE_FACTOR,
    LONGEST_LOOK,
    LONGEST_REQUEST,
    OWN_SHARE,
    WORK_FACTOR,
    WORKER_DEADLINE,
)
from archnb.planned.flow import Step as PlannedStep
from archnb.sim.response import Step, cut, exceeding, make_steps, percentiles
from archnb.topics.topic import Draft

# what these call, no user waits for: jobs, and the relay that sends a store's outbox
BEHIND = ("worker", "queue", "store")
_NICE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
# a share that is counted as none: one request in a million
SELDOM = 1e-6


class Limit(NamedTuple):
    """One call of one operation: the p99 of its work, how long one attempt may take, and the time that there is for all of it."""

    source: str
    target: str
    p99: float
    limit: float
    budget: float
    deadline: float


@dataclass(frozen=True)
class Numbers:
    """The steps of an operation as facts and numbers: `steps` without waits that have no steady state."""

    names: tuple[str, ...]
    shape: tuple[tuple[int, int], ...]
    rows: tuple[tuple[int | float, ...], ...]
    steps: tuple[Step, ...]
    is_steady: bool


def round_down(seconds: float) -> float:
    """The next value below that a person would write: 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten.

    >>> round_down(0.0273), round_down(7.9)
    (0.025, 6.0)
    """
    if seconds <= 0:
        return 0.001
    power = 10.0 ** math.floor(math.log10(seconds) + 1e-12)
    return max(0.001, round(power * max(one for one in _NICE if one * power <= seconds * (1 + 1e-9)), 9))


def round_up(seconds: float) -> float:
    """The next value above that a person would write.

    >>> round_up(0.0273), round_up(4.0), round_up(8.5)
    (0.03, 4.0, 10.0)
    """
    power = 10.0 ** math.floor(math.log10(max(seconds, 0.001)) + 1e-12)
    return round(power * min(one for one in _NICE if one * power >= seconds * (1 - 1e-9)), 9)


def wait_share(tries: int) -> float:
    """The waits between attempts as a multiple of a time limit: each a tenth of it, doubled; past sixty doublings nothing is left."""
    return 0.1 * (2.0 ** min(tries - 1, 60) - 1)


def write_numbers(facts: Facts, steps: tuple[PlannedStep, ...]) -> Numbers:
    """The steps of a path with the facts that they follow from."""
    places: dict[str, int] = {}
    rows = []
    for one in steps:
        row: list[int | float] = []
        for name, without in (
            (one.share, 1.0), (one.way, 0.0), (one.work, 0.0), (one.variation, 1.0), (one.wait, 0.0), (one.p_wait, 0.0),
            (one.commit, 0.0),
        ):  # fmt: skip
            row.append(places.setdefault(name, len(places)) if name else without)
        rows.append(tuple(row))
    shape = tuple((one.caller, one.pieces) for one in steps)
    values = [facts[name].base for name in places]
    is_steady = all(math.isfinite(one) for one in values)
    finite = [one if math.isfinite(one) else 0.0 for one in values]
    return Numbers(tuple(places), shape, tuple(rows), make_steps(shape, rows, finite), is_steady)


def find_limits(
    draft: Draft, name: str, promised: float, attempts: Callable[[str, str], int], said: Mapping[str, Call]
) -> list[Limit]:
    """The limit of every call of one operation, in the order of its path. A queue hands out work; that is no call.

    promised: the time within which it must answer, 0 where nothing is. attempts: how often a call is tried.
    """
    steps = draft.planned.flow.paths[name].steps
    numbers = write_numbers(draft.facts, steps).steps
    return _Path(draft, name, steps, numbers, promised, attempts, said).find()


class _Path:
    def __init__(
        self,
        draft: Draft,
        name: str,
        steps: tuple[PlannedStep, ...],
        numbers: tuple[Step, ...],
        promised: float,
        attempts: Callable[[str, str], int],
        said: Mapping[str, Call],
    ) -> None:
        self._steps, self._promised, self._attempts, self._said, self._name = steps, promised, attempts, said, name
        facts, self._kind = draft.facts, draft.model.calls.kind
        self._factor, self._rest = facts[DEADLINE_FACTOR].base, 1 - facts[OWN_SHARE].base
        self._work, self._look = facts[WORK_FACTOR].base, facts[LONGEST_LOOK].base
        self._worker_time, self._longest = facts[WORKER_DEADLINE].base, facts[LONGEST_REQUEST].base
        waited = [n for n, one in enumerate(steps) if one.is_waited]
        places = {n: place for place, n in enumerate(waited)}
        tree = [numbers[n]._replace(parent=places.get(steps[n].caller, -1)) for n in waited]
        self._p99 = {n: percentiles(cut(tree, places[n]))[2] for n in waited}
        for n, one in enumerate(steps):
            if not one.is_waited:
                self._p99[n] = percentiles((numbers[n]._replace(parent=-1, share=1.0),))[2]
        self._children: dict[int, list[int]] = {}
        for n, one in enumerate(steps):
            if one.source != "" and self._kind(one.source) != "queue":
                self._children.setdefault(one.caller, []).append(n)
        self._needs: dict[int, float] = {}

    def find(self) -> list[Limit]:
        """From the leaves inwards what each needs, then from the client outwards what each gets."""
        for n in range(len(self._steps) - 1, -1, -1):
            self._needs[n] = self._need(n)
        # the same call within one operation has one limit
        longest: dict[tuple[str, str], float] = {}
        for n, one in enumerate(self._steps):
            call = (one.source, one.target)
            longest[call] = max(longest.get(call, 0.0), self._needs[n])
        for n, one in enumerate(self._steps):
            self._needs[n] = longest[one.source, one.target]
        made: dict[int, Limit] = {}
        roots = [n for n in self._children.get(-1, ()) if self._kind(self._steps[n].source) not in BEHIND]
        needed = math.fsum(self._slot(n) for n in roots if self._steps[n].is_waited)
        deadline = max(needed, self._factor * self._promised)
        self._share_out(roots, deadline, deadline, made)
        # what is done after the answer has the time of a job
        later = [
            n for n, one in enumerate(self._steps) if n not in made and one.source and self._kind(one.source) != "queue"
        ]
        needed = math.fsum(self._slot(n) for n in later)
        time = max(self._worker_time * self._rest, needed)
        for n in later:
            self._give(n, time / needed if needed > 0 else 1.0, time / self._rest, made)
        return [made[n] for n in sorted(made)]

    def _given(self, n: int) -> float | None:
        """The limit that was said of a call, for this operation or for all."""
        one = self._steps[n]
        call = self._said.get(f"{one.source} -> {one.target}")
        if call is None:
            return None
        found = call.limits.get(self._name, call.timeout)
        return found.base if found is not None else None

    def _need(self, n: int) -> float:
        given = self._given(n)
        if given is not None:
            return given
        inner = [c for c in self._children.get(n, ()) if self._steps[c].is_waited]
        calls = math.fsum(self._slot(c) for c in inner) / self._rest if inner else 0.0
        # attempts without end are no reason to wait without end: then the calls do not fit, and a rule says so
        return round_up(max(self._work * self._p99[n], min(calls, self._longest)))

    def _slot(self, n: int) -> float:
        """How long a call keeps its caller at most: all attempts and the waits between them."""
        one = self._steps[n]
        tries = self._attempts(one.source, one.target)
        return (tries + wait_share(tries)) * self._needs[n]

    def _share_out(self, calls: list[int], time: float, deadline: float, made: dict[int, Limit]) -> None:
        """Give each of the calls of one caller its share of a time, by what it needs, and each of theirs in turn."""
        waited = [n for n in calls if self._steps[n].is_waited]
        fixed = math.fsum(self._slot(n) for n in waited if self._given(n) is not None)
        free = math.fsum(self._slot(n) for n in waited if self._given(n) is None)
        ratio = max(0.0, time - fixed) / free if free > 0 else 1.0
        for n in calls:
            limit = self._give(n, ratio, deadline, made)
            inner = [c for c in self._children.get(n, ()) if self._kind(self._steps[c].source) not in BEHIND]
            self._share_out(inner, limit * self._rest, deadline, made)

    def _give(self, n: int, ratio: float, deadline: float, made: dict[int, Limit]) -> float:
        one, given = self._steps[n], self._given(n)
        tries = self._attempts(one.source, one.target)
        budget = self._slot(n) * (ratio if given is None else 1.0)
        limit = given if given is not None else round_down(budget / (tries + wait_share(tries)))
        if given is None and ratio >= 1 - 1e-9:
            limit = max(limit, self._needs[n])
        if given is None and self._kind(one.target) == "cache":
            limit = min(limit, max(self._look, self._needs[n]))
        made[n] = Limit(one.source, one.target, self._p99[n], limit, budget, deadline)
        return limit


@dataclass(frozen=True)
class TimedOut:
    """The model of the share of an operation's requests that a time limit cuts off, of the facts of its steps.

    Each call fails where all of its attempts take longer than its limit; a request fails where any call does that it
    takes. A cache that is late is left out: the store answers.
    """

    shape: tuple[tuple[int, int], ...]
    rows: tuple[tuple[int | float, ...], ...]
    # the step, its attempts, and where its limit stands among the values
    calls: tuple[tuple[int, int, int], ...]

    def __call__(self, *values: float) -> float:
        steps = make_steps(self.shape, self.rows, values)
        taken: list[float] = []
        for one in steps:
            taken.append(one.share * (taken[one.parent] if one.parent >= 0 else 1.0))
        good = 1.0
        for index, tries, place in self.calls:
            if values[place] > 0:
                good *= 1 - taken[index] * exceeding(cut(steps, index), values[place]) ** tries
        return 1 - good


def measure_timed_out(
    draft: Draft, name: str, calls: Mapping[str, Call], limit_of: Callable[[Call], Fact]
) -> Fact | None:
    """The share that time limits cut off, as an expression; None where it is nothing, or no queue on the way is steady."""
    planned = draft.planned.flow.paths[name]
    waited = [n for n, one in enumerate(planned.steps) if one.is_waited]
    places = {n: place for place, n in enumerate(waited)}
    steps = tuple(dataclasses.replace(planned.steps[n], caller=places.get(planned.steps[n].caller, -1)) for n in waited)
    numbers = write_numbers(draft.facts, steps)
    if not steps or not numbers.is_steady:
        return None
    operands = [draft.facts[one] for one in numbers.names]
    found: list[tuple[int, int, int]] = []
    for index, one in enumerate(steps):
        call = calls.get(f"{one.source} -> {one.target}")
        if call is None or draft.model.calls.kind(one.target) == "cache":
            continue
        found.append((index, max(1, call.attempts or 1), len(operands)))
        operands.append(limit_of(call))
    model = TimedOut(numbers.shape, numbers.rows, tuple(found))
    if model(*(one.base for one in operands)) < SELDOM:
        return None
    return apply_model("cut off by a limit", model, "%", *operands)
