"""How long an operation takes: the steps that are waited for, each with its wait, its work and its round trip.

Steps are taken one after another and vary independently; a step that some requests take is a mixture, no average. The
percentiles are those of the distribution of the sum (`sim.response`). A part without a steady state leaves none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from archnb.design.flow import Path
from archnb.fact import Fact, Key, apply_model, total
from archnb.fact.keys.cache import QUERY_TIME
from archnb.fact.keys.flow import (
    COMMIT_ROUND_TRIP,
    COMPONENT_P_WAIT,
    COMPONENT_SERVICE_TIME,
    COMPONENT_WAIT,
    KIND_TIME,
    OPERATION_LATENCY,
    OPERATION_P50,
    OPERATION_P95,
    OPERATION_P99,
    ROUND_TRIP,
    SERVICE_VARIATION,
)
from archnb.planned.flow import Step
from archnb.sim.response import make_steps, percentiles
from archnb.topics.flow.paths import find_share, is_waited_for
from archnb.topics.topic import Draft

SOURCE = "the sum of independent steps, by generating functions (Abate and Whitt, 1992)"


class Taken(NamedTuple):
    """A step that is waited for, as facts: who calls it, which share of all requests, and what it costs. None is nothing.

    parent: the place of the step that calls it; -1 is the client. commit: whether it ends with one.
    """

    parent: int
    source: str
    is_waited: bool
    share: Fact | None
    way: Fact | None
    work: Fact
    variation: Fact
    p_wait: Fact | None
    wait: Fact | None
    pieces: int
    commit: Fact | None
    target: str

    @property
    def mean(self) -> Fact:
        """The mean time of one who takes it."""
        time = self.work if self.wait is None else self.work + self.wait
        time = time * self.pieces if self.pieces > 1 else time
        time = time if self.commit is None else time + self.commit
        return time if self.way is None else self.way + time


class Latencies:
    """The times of all paths of a draft; what several paths have in common is made once."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._means: dict[tuple[object, ...], Fact] = {}

    def measure(self, name: str, path: Path) -> None:
        """Add the mean latency of an operation and its percentiles."""
        facts, steps = self._draft.facts, find_waited(list_steps(self._draft, name, path))
        if not steps:
            return
        facts.define(
            OPERATION_LATENCY.of(name),
            total([self._mean(one) if one.share is None else one.share * self._mean(one) for one in steps]),
            "ms",
            "waits, work and round trips of all that is waited for, from the border inwards and back; the user's own network is not in it",
        )
        operands, slots = flatten(steps)
        model = _Sum(steps, slots)
        for which, (key, _, word) in enumerate(_PERCENTILES):
            facts.define(
                key.of(name), apply_model(f"{word} of the sum", model.at(which), "s", *operands, terms=6 if word == "p99" else 2), "ms",
                "of the distribution of the sum of its steps", source=SOURCE,
            )  # fmt: skip

    def _mean(self, step: Taken) -> Fact:
        same = (step.target, id(step.work), step.pieces, step.commit is None, id(step.way))
        if same not in self._means:
            self._means[same] = step.mean
        return self._means[same]


_PERCENTILES = ((OPERATION_P50, 0.5, "p50"), (OPERATION_P95, 0.95, "p95"), (OPERATION_P99, 0.99, "p99"))
_SHARES = tuple(share for _, share, _ in _PERCENTILES)


def list_steps(draft: Draft, name: str, path: Path) -> list[Taken]:
    """The steps of a path in order, those that are not waited for as well; a part's own work inside itself is none."""
    facts, components = draft.facts, draft.design.flow.components
    pattern = draft.design.access.get(name)
    is_write = pattern is not None and pattern.writes is not None
    across = COMMIT_ROUND_TRIP
    made: list[Taken] = []
    reached: dict[str, int] = {}
    queried: set[str] = set()
    for hop in path.hops:
        target, source = hop.target, hop.source
        if not target or target == source or components[target].kind == "client" or hop.kind == "fallback":
            continue
        if hop.share is not None and hop.share.base == 0:
            continue
        is_store = components[target].kind == "store"
        pieces = count_queries(draft, name) if is_store and target not in queried else 1
        is_inside = source is not None and components[source].kind != "client"
        own = _find_own_time(draft, name, target) if is_store and not is_write else None
        made.append(
            Taken(
                parent=reached.get(source or "", -1),
                source=source or "",
                is_waited=is_waited_for(hop),
                share=find_share(draft, name, path, hop),
                way=facts[across if is_store and is_write and across in facts else ROUND_TRIP] if is_inside else None,
                work=facts[own or COMPONENT_SERVICE_TIME.of(target)],
                variation=facts[SERVICE_VARIATION.of(target)],
                p_wait=facts.get(COMPONENT_P_WAIT.of(target)),
                wait=facts.get(COMPONENT_WAIT.of(target)),
                pieces=1 if own is not None else pieces,
                commit=facts[KIND_TIME.of("commit")] if is_store and is_write else None,
                target=target,
            )
        )
        queried.add(target)
        reached[target] = len(made) - 1
    return made


def find_waited(steps: list[Taken]) -> list[Taken]:
    """The steps that are waited for; what a part calls after the answer has no caller that waits."""
    places = {n: place for place, n in enumerate(n for n, one in enumerate(steps) if one.is_waited)}
    return [one._replace(parent=places.get(one.parent, -1)) for one in steps if one.is_waited]


def plan_steps(draft: Draft, name: str, path: Path) -> tuple[Step, ...]:
    """The steps of a path as others read them: by the names of the facts."""

    def tell(fact: Fact | None) -> str:
        return "" if fact is None else fact.name

    return tuple(
        Step(
            caller=one.parent, source=one.source, target=one.target, is_waited=one.is_waited, pieces=one.pieces,
            share=tell(one.share), way=tell(one.way), work=tell(one.work), variation=tell(one.variation),
            wait=tell(one.wait), p_wait=tell(one.p_wait), commit=tell(one.commit),
        )
        for one in list_steps(draft, name, path)
    )  # fmt: skip


def _find_own_time(draft: Draft, name: str, target: str) -> Key | None:
    """The time of a read's own query, where it is known: a text search is no look-up by key."""
    own = QUERY_TIME.of(name)
    is_first = target == draft.model.places.main
    is_said = draft.is_said(f"flow.components.{target}.service_time")
    return own if own in draft.facts and is_first and not is_said else None


def count_queries(draft: Draft, name: str) -> int:
    """How many queries an operation sends to a store: one, and one for each entity that comes along."""
    pattern = draft.design.access.get(name)
    if pattern is None:
        return 1
    return 1 + len(pattern.included) + sum(1 for step in pattern.steps if not step.via)


# what of a step is a fact, in the order of `Step`
_FIELDS = ("share", "way", "work", "variation", "wait", "p_wait", "commit")
_WITHOUT = {"share": 1.0, "way": 0.0, "wait": 0.0, "p_wait": 0.0, "commit": 0.0}


def flatten(steps: list[Taken]) -> tuple[list[Fact], list[list[int | float]]]:
    """The facts of all steps, each once, and for each step where its numbers stand among them; a float stands for itself."""
    places: dict[int, int] = {}
    operands: list[Fact] = []
    slots: list[list[int | float]] = []
    for step in steps:
        row: list[int | float] = []
        for field in _FIELDS:
            fact = getattr(step, field)
            if fact is None:
                row.append(_WITHOUT[field])
                continue
            if id(fact) not in places:
                places[id(fact)] = len(operands)
                operands.append(fact)
            row.append(places[id(fact)])
        slots.append(row)
    return operands, slots


class _Sum:
    """The percentiles of a path as a model of the facts of its steps; the three of one set of numbers are found once."""

    def __init__(self, steps: list[Taken], slots: list[list[int | float]]) -> None:
        self._shape = [(one.parent, one.pieces) for one in steps]
        self._slots = slots
        self._values: tuple[float, ...] = ()
        self._found: tuple[float, ...] = ()

    def find(self, values: tuple[float, ...], which: int) -> float:
        if values != self._values or not self._found:
            self._found = percentiles(make_steps(self._shape, self._slots, values), _SHARES)
            self._values = values
        return self._found[which]

    def at(self, which: int) -> Callable[..., float]:
        """The model of one of the percentiles."""
        return lambda *values: self.find(values, which)
