"""The latency budget: what each step of an operation takes of what is promised, and which one to change first."""

from __future__ import annotations

import math

from archnb.fact import Family
from archnb.fact.keys.flow import OPERATION_P50, OPERATION_P95, OPERATION_P99
from archnb.quantity import PERCENT, show, unit
from archnb.shapes import Cell, Row, Table
from archnb.sim.response import Step, make_steps, mean_time, percentiles
from archnb.topics.flow.latencies import Taken, find_waited, flatten, list_steps
from archnb.topics.topic import Draft

PERCENTILES = (
    ("latency_p50", 0.5, OPERATION_P50),
    ("latency_p95", 0.95, OPERATION_P95),
    ("latency_p99", 0.99, OPERATION_P99),
)


def list_budgets(draft: Draft) -> Table:
    """The table of latency budgets: each step of each operation that promises a percentile, against the strictest one.

    A step's own percentile does not add up with the others'; so what it weighs is how much sooner the whole is done
    when its work takes half as long.
    """
    rows: list[Row] = []
    for name, path in draft.design.flow.paths.items():
        found = _find_strictest(draft, name)
        taken = find_waited(list_steps(draft, name, path))
        if found is None or not taken:
            continue
        family, word, share, promised, estimate = found
        steps = _count(draft, taken)
        is_steady = all(math.isfinite(one.wait) for one in steps)
        saved = (
            [_halve(steps, index, share, estimate) for index in range(len(steps))] if is_steady else [0.0] * len(steps)
        )
        first = max(range(len(steps)), key=lambda index: saved[index]) if is_steady else _find_full(steps)
        is_broken = estimate > promised
        for index, (one, step) in enumerate(zip(taken, steps, strict=True)):
            own = (step._replace(parent=-1, share=1.0),)
            mean = mean_time(own)
            of_all = 1.0 if one.share is None else one.share.base
            rows.append((
                Cell(name, is_code=True) if index == 0 else "",
                Cell(promised, f"{word} {_show(promised)}") if index == 0 else "",
                Cell(estimate, _show(estimate), fact=family.of(name), tone="danger" if is_broken else "good") if index == 0 else "",
                f"{one.source or 'client'} → {one.target}",
                show(of_all * 100, PERCENT),
                Cell(mean, _show(mean)), Cell(one_p99 := percentiles(own)[2], _show(one_p99)),
                Cell(mean * of_all / promised, show(mean * of_all / promised * 100, PERCENT) if math.isfinite(mean) else "none: overloaded"),
                Cell(saved[index], _show(saved[index])) if is_steady else "",
                Cell("first", "change this first" if is_broken else "weighs most", tone="danger" if is_broken else "") if index == first else "",
            ))  # fmt: skip
    columns = (
        "operation", "promised", "estimate", "step", "taken by", "mean", "p99", "of the promise", "saved by half", "weight",
    )  # fmt: skip
    return Table(
        "latency-budget", "Latency budget", columns, tuple(rows),
        description="Each step of the operations that promise a time: what it takes on average, waits and round trips included, as a share of the strictest promise, and how much sooner the whole is done if its work took half as long.",
    )  # fmt: skip


def _find_strictest(draft: Draft, name: str) -> tuple[Family, str, float, float, float] | None:
    """Of the percentiles that were said of an operation or of all, the one that leaves least room."""
    objective = draft.design.requirements.objectives.get(name)
    found = []
    for field, share, family in PERCENTILES:
        promised = getattr(objective, field) if objective is not None else None
        fact = draft.facts.get(family.of(name))
        is_said = any(draft.is_said(f"requirements.objectives.{owner}.{field}") for owner in (name, "default"))
        if promised is not None and fact is not None and is_said:
            found.append(
                (
                    fact.base / promised.base,
                    share,
                    (family, field.removeprefix("latency_"), share, promised.base, fact.base),
                )
            )
    return max(found, key=lambda one: one[:2])[2] if found else None


def _count(draft: Draft, taken: list[Taken]) -> tuple[Step, ...]:
    operands, slots = flatten(taken)
    return make_steps([(one.parent, one.pieces) for one in taken], slots, [one.base for one in operands])


def _halve(steps: tuple[Step, ...], index: int, share: float, estimate: float) -> float:
    one = steps[index]
    faster = one._replace(work=one.work / 2, wait=one.wait / 2, more=one.more / 2)
    return max(0.0, estimate - percentiles((*steps[:index], faster, *steps[index + 1 :]), (share,))[0])


def _find_full(steps: tuple[Step, ...]) -> int:
    return next(index for index, one in enumerate(steps) if math.isinf(one.wait))


def _show(seconds: float) -> str:
    return show(seconds * 1000, unit("ms")) if math.isfinite(seconds) else "none: overloaded"


__all__ = ["list_budgets"]
