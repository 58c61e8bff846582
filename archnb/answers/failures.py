"""The failure table: each part slow, partly lost, lost and cut off: what users see, what queues and sheds, and how long it takes.

Every row is a simulation of the plan at its peak, in which one thing goes wrong for half a minute (less where the plan is
so large that this were too many events).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archnb.answers.network import OTHERS, Simulated, Times, build_network, require_affordable
from archnb.answers.overload import FLOOR, find_recovery
from archnb.shapes import Cell, Row, Table, Tone
from archnb.sim.network import Fault
from archnb.sim.network_answers import Answer, sweep
from archnb.sim.reliability import HOUR, detection_time

if TYPE_CHECKING:
    from archnb.plan import Plan

FAULT = Times(start=20.0, length=30.0, end=180.0)
# a large plan is simulated for a shorter time: so many events for a fault
MOST_EVENTS = 6e6
SLOWNESS = 10.0
# the fastest alert on a budget: 2 % of thirty days' in an hour (SRE Workbook, "Alerting on SLOs")
PAGE_BURN = 14.4
# a part that fewer requests than these a run go through tells nothing
LEAST_CALLS = 20


@dataclass(frozen=True, kw_only=True)
class FailureRow:
    """What one fault does.

    success: the share of good answers among all requests while it lasts; worst: the class that has the fewest, and its share.
    failures: the kinds of its failures, most frequent first. queue: the part where most waited, and how many. unknown:
    changes a second whose caller got no answer while the work went on. recovery: seconds after the end until all is well;
    infinite where it is not at the end of the run. pages: seconds of it until the fastest burn alert fires, of
    all requests or of an operation with an SLO of its own; infinite for never. lasted: the fault, in seconds.
    """

    part: str
    fault: str
    success: float
    worst: str
    worst_success: float
    p99: float
    failures: tuple[str, ...]
    queue: str
    waiting: int
    unknown: float
    recovery: float
    pages: float
    lasted: float


def list_faults(simulated: Simulated, times: Times) -> Iterator[tuple[str, str, Fault]]:
    """The faults that are tried: part, words, fault."""
    start, end = times.start, times.stop
    visited = {
        name
        for one in simulated.network.classes
        for name, visits in simulated.network.visits(one).items()
        if visits * one.arrivals.rate * times.length >= LEAST_CALLS
    }
    for station in simulated.network.stations:
        name = station.name
        if name not in visited:
            continue
        yield (
            name,
            f"{SLOWNESS:.0f} times as slow",
            Fault(kind="slow", target=name, start=start, end=end, value=SLOWNESS),
        )
        replicas = simulated.replicas[name]
        if simulated.kinds[name] not in OTHERS:
            if replicas > 1 and simulated.kinds[name] != "store":
                yield (
                    name,
                    f"one of {replicas} lost",
                    Fault(kind="lost", target=name, start=start, end=end, value=1 / replicas),
                )
            yield name, "lost", Fault(kind="lost", target=name, start=start, end=end)
        yield name, "cut off", Fault(kind="partition", target=name, start=start, end=end)
    for cache in simulated.network.caches[:1]:
        yield cache.name, "cache cold", Fault(kind="cache emptied", target=cache.name, start=start)


def find_failures(plan: Plan, *, seeds: int = 1, executor: Executor | None = None) -> tuple[FailureRow, ...]:
    """Simulate each fault of each part at the plan's peak. Raises ArchnbError where nothing can be simulated."""
    return try_faults(build_network(plan), plan, seeds=seeds, executor=executor)


def try_faults(
    simulated: Simulated, plan: Plan, *, seeds: int = 1, executor: Executor | None = None
) -> tuple[FailureRow, ...]:
    """The failure table of a network, judged by a plan's promises."""
    times = FAULT.fit(simulated, MOST_EVENTS)
    faults = list(list_faults(simulated, times))
    require_affordable(simulated, times.end * seeds * (len(faults) + 1))
    emptied = tuple(Fault(kind="cache emptied", target=one.name, start=times.start) for one in simulated.network.caches)
    networks = {"": simulated.network}
    for part, words, fault in faults:
        chosen = emptied if fault.kind == "cache emptied" else (fault,)
        networks[f"{part} {words}"] = replace(simulated.network, faults=chosen)
    # seeds by number, so that the same luck meets each fault
    seen = sweep(networks, seconds=times.end, seeds=list(range(seeds)), measure=_align(times), executor=executor)
    usual = seen.pop("")
    default = plan.planned.requirements.default.availability.base
    # the promises that are counted: one of all requests together, and those of operations with an SLO of their own
    promises = {"": default}
    for label, names in simulated.operations.items():
        own = [plan.planned.operations[name] for name in names]
        counted = [one.objective.availability.base for one in own if one.slos]
        if counted:
            promises[label] = max(counted)
    changing = {
        label
        for label, names in simulated.operations.items()
        if any(plan.planned.operations[name].contract.method not in ("GET", "HEAD") for name in names)
    }
    return tuple(
        _make_row(
            part if fault.kind != "cache emptied" else "caches",
            words,
            seen[f"{part} {words}"],
            usual,
            times,
            promises,
            changing,
        )
        for part, words, fault in faults
    )


def _align(times: Times) -> tuple[float, float]:
    """The twentieths of the time that lie inside."""
    step = times.end / 20
    return math.ceil(times.start / step) * step, math.floor(times.stop / step) * step


def _make_row(
    part: str, words: str, answer: Answer, usual: Answer, times: Times, promises: dict[str, float], changing: set[str]
) -> FailureRow:
    heard = {name: one for name, one in usual.classes.items() if one.offered.value * times.length >= LEAST_CALLS}
    shares = {name: _share(answer, name) for name in heard}
    offered = math.fsum(answer.classes[name].offered.value for name in heard)
    success = (
        math.fsum(min(1.0, shares[name]) * answer.classes[name].offered.value for name in heard) / offered
        if offered
        else 1.0
    )
    worst = min(shares, key=lambda name: shares[name]) if shares else next(iter(answer.classes))
    kinds = sorted(answer.classes[worst].failures.items(), key=lambda item: -item[1].value)
    failures = tuple(kind for kind, share in kinds if share.value > 0.005)
    queue = max(answer.stations, key=lambda name: answer.stations[name].peak)
    unknown = math.fsum(
        one.failures["timeout"].value * (one.offered.value)
        for name, one in answer.classes.items()
        if name in changing and "timeout" in one.failures and not math.isnan(one.failures["timeout"].value)
    )
    wanted = {name: FLOOR * min(1.0, _share(usual, name)) for name in heard}
    seen = {"": success, **shares}
    pages = min(
        (
            detection_time(HOUR, PAGE_BURN, promise, min(1.0, max(0.0, 1 - seen[name])))
            for name, promise in promises.items()
            if name in seen and 0 < promise < 1
        ),
        default=math.inf,
    )
    return FailureRow(
        part=part, fault=words, success=success, worst=worst, worst_success=min(1.0, shares.get(worst, 1.0)),
        p99=answer.classes[worst].p99.value, failures=failures, queue=queue, waiting=answer.stations[queue].peak,
        unknown=unknown, recovery=find_recovery(answer, times.start if words == "cache cold" else times.stop, wanted),
        pages=pages, lasted=times.length,
    )  # fmt: skip


def _share(answer: Answer, name: str) -> float:
    one = answer.classes[name]
    return one.goodput.value / one.offered.value if one.offered.value > 0 else 1.0


def show_failures(plan: Plan, *, seeds: int = 1, executor: Executor | None = None) -> Table:
    """The failure table of a plan, simulated now, as a view."""
    return tabulate(find_failures(plan, seeds=seeds, executor=executor))


def tabulate(rows: tuple[FailureRow, ...]) -> Table:
    """A failure table as a view."""
    made: list[Row] = []
    for one in rows:
        tone: Tone = "good" if one.success >= 0.99 else "warning" if one.success >= 0.5 else "danger"
        unwell = "not within the run" if math.isinf(one.recovery) else f"{one.recovery:.0f} s"
        lasting = "" if one.pages > one.lasted else f" after {one.pages:.0f} s"
        made.append((
            one.part, one.fault, Cell(one.success, f"{one.success:.1%}", tone=tone),
            Cell(one.worst_success, f"{one.worst}: {one.worst_success:.0%}"), ", ".join(one.failures) or "–",
            Cell(one.waiting, f"{one.waiting:,} at {one.queue}" if one.waiting else "–"),
            Cell(one.unknown, f"{one.unknown:.1f}/s" if one.unknown >= 0.05 else "–"),
            Cell("no" if math.isinf(one.pages) else one.pages, f"yes{lasting}" if one.pages <= one.lasted else
                 "no" if math.isinf(one.pages) else f"after {one.pages / 60:.0f} min of it"),
            Cell(one.recovery if math.isfinite(one.recovery) else None, unwell, tone="danger" if math.isinf(one.recovery) else "", unit="s"),
        ))  # fmt: skip
    columns = (
        "part", f"for {rows[0].lasted:.0f} s" if rows else "for a while", "answered well", "worst operation", "fails by", "most that waited",
        "changes left unknown", "pages", "well again after",
    )  # fmt: skip
    return Table(
        "failure-table", "Failure table", columns, tuple(made),
        description="Each row a simulation at the planned peak; answered well is the share of all requests while it lasts.",
    )  # fmt: skip
