"""The overload verdict: how much load a plan bears, what breaks first, whether it recovers, and what would make it.

Load is multiplied until a class of requests gets fewer good answers than it should. Then the plan is pushed over: more than it
bears for a while, and the load that it had before. What stays down is metastable (Bronson et al., HotOS 2021): its retries and
its expired work keep it there. Each single change is simulated, the smallest first, and the first that recovers is told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archnb.answers.network import Simulated, Times, build_network, count_events, require_affordable
from archnb.shapes import Cell, Row, Shown, Table
from archnb.sim.network import Breaker, Call, Fault, Network, Parallel, RetryBudget, Step
from archnb.sim.network_answers import Answer, Estimate, simulate, sweep

if TYPE_CHECKING:
    from archnb.plan import Plan

# a class bears its load while so many of its requests, of what it has at its own load, are answered
FLOOR = 0.95
# below this share of good answers, that is told of the planned peak itself
WELL = 0.98
# a part that is busier than this cannot keep up, only the run is too short to show it
FULL = 0.985
MOST = 64.0
# the trigger: SPIKE times what it bears, for a while; then it has time to come back
TRIGGER = Times(start=20.0, length=20.0, end=200.0)
SPIKE = 1.5
# a large plan is simulated for a shorter time: so many events for a load, and for a trigger
MOST_LOAD_EVENTS, MOST_TRIGGER_EVENTS = 2e6, 20e6


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One load: how many times the peak, the worst class's share of good answers, the busiest part and how busy it is."""

    factor: float
    success: float
    worst: str
    part: str
    utilisation: float
    p99: float


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What follows a trigger at a load: how often it stays down, and the seconds after the trigger until it is well again.

    `seconds` is infinite where any class is not well at the end.
    """

    factor: float
    collapse: Estimate
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change, and what a simulation of it showed."""

    words: str
    recovery: Recovery


@dataclass(frozen=True, kw_only=True)
class Verdict(Shown):
    """What load does to a plan.

    limit: so many times the peak it bears; `breaks` is the part that is then full. recoveries: what follows a trigger, at
    the peak and near the limit. changes: tried where it does not recover, up to the first that does; `remedy` is that one.
    """

    limit: float
    breaks: str
    trials: tuple[Trial, ...]
    recoveries: tuple[Recovery, ...]
    changes: tuple[Change, ...]
    times: Times

    @property
    def remedy(self) -> Change | None:
        """The smallest change that a simulation shows to recover; None where none is needed or none of them does."""
        return next((one for one in self.changes if math.isfinite(one.recovery.seconds)), None)

    @property
    def title(self) -> str:
        """What it is called when shown."""
        return "Load and recovery"

    @property
    def views(self) -> tuple[Table, ...]:
        """The answers, and the loads that were tried, as tables."""
        return show_verdict(self)


def find_verdict(plan: Plan, *, seconds: float = 30.0, seeds: int = 3, executor: Executor | None = None) -> Verdict:
    """Simulate a plan under more and more load, and after a trigger.

    seconds: of each load tried. seeds: of each trigger. Raises ArchnbError where nothing can be simulated.
    """
    return judge(build_network(plan), seconds=seconds, seeds=seeds, executor=executor)


def judge(simulated: Simulated, *, seconds: float = 30.0, seeds: int = 3, executor: Executor | None = None) -> Verdict:
    """The verdict on a network."""
    times = TRIGGER.fit(simulated, MOST_TRIGGER_EVENTS)
    if count_events(simulated) * times.end > MOST_TRIGGER_EVENTS:
        seeds = 1  # so many requests leave little to chance
    seconds = min(seconds, max(3.0, MOST_LOAD_EVENTS / count_events(simulated)))
    require_affordable(simulated, seconds + seeds * times.end)
    usual = simulate(simulated.network, seconds=seconds, seeds=1, measure=(seconds / 2, seconds))
    # what fails at the peak itself (a slow third party's tail) is not what load does
    wanted = {
        name: FLOOR * one.success.value for name, one in usual.classes.items() if one.offered.value * seconds > 40
    }
    trials = [_describe(1.0, usual)]

    def bears(factor: float) -> bool:
        answer = simulate(simulated.scale(factor), seconds=seconds, seeds=1, measure=(seconds / 2, seconds))
        trials.append(_describe(factor, answer))
        is_full = any(one.utilisation.value > FULL for one in answer.stations.values())
        return not is_full and all(_share(answer, name) >= least for name, least in wanted.items())

    limit = _find_limit(bears, simulated)
    breaking = min((one for one in trials if one.factor > limit), key=lambda one: one.factor, default=trials[-1])
    if math.isinf(limit):
        return Verdict(limit=limit, breaks="", trials=tuple(trials), recoveries=(), changes=(), times=times)
    # after a trigger: at the peak, and at 90 % of what it bears
    loads = sorted({min(1.0, 0.9 * limit), 0.9 * limit})
    recoveries = [_trigger(simulated.scale(load), load, limit, wanted, times, seeds, executor) for load in loads]
    changes: list[Change] = []
    stuck = next((one for one in recoveries if math.isinf(one.seconds)), None)
    if stuck is not None:
        for words, change in _list_changes(simulated, breaking.part):
            after = _trigger(change(simulated.scale(stuck.factor)), stuck.factor, limit, wanted, times, seeds, executor)
            changes.append(Change(words=words, recovery=after))
            if math.isfinite(after.seconds):
                break
    return Verdict(
        limit=limit, breaks=breaking.part, trials=tuple(sorted(trials, key=lambda one: one.factor)),
        recoveries=tuple(recoveries), changes=tuple(changes), times=times,
    )  # fmt: skip


def _find_limit(bears: Callable[[float], bool], simulated: Simulated) -> float:
    """The largest factor that is borne, within 2 %; 0 where not even a sixty-fourth is, infinite where all is."""
    full = max(simulated.network.utilisations().values(), default=0.0)
    low, high = 0.0, min(MOST, 1.05 / full) if full > 0 else MOST
    while bears(high):
        low, high = high, high * 2
        if low >= MOST:
            return math.inf
    if low == 0.0:
        low = high / 2
        while not bears(low):
            high, low = low, low / 2
            if low < 1 / MOST:
                return 0.0
    while high / low > 1.02:
        middle = math.sqrt(low * high)
        if bears(middle):
            low = middle
        else:
            high = middle
    return low


def _share(answer: Answer, name: str) -> float:
    """Good answers of what came: what waits without end is no good answer either."""
    one = answer.classes[name]
    return one.goodput.value / one.offered.value if one.offered.value > 0 else 1.0


def _describe(factor: float, answer: Answer) -> Trial:
    heard = [name for name, one in answer.classes.items() if one.offered.value > 1]
    worst = min(heard or answer.classes, key=lambda name: _share(answer, name))
    part = max(answer.stations, key=lambda name: answer.stations[name].utilisation.value)
    return Trial(
        factor=factor, success=min(1.0, _share(answer, worst)), worst=worst, part=part,
        utilisation=answer.stations[part].utilisation.value, p99=answer.classes[worst].p99.value,
    )  # fmt: skip


def _trigger(
    network: Network,
    load: float,
    limit: float,
    wanted: Mapping[str, float],
    times: Times,
    seeds: int,
    executor: Executor | None,
) -> Recovery:
    """More than is borne for a while, on top of a load, and what comes after."""
    spike = SPIKE * limit / load
    fault = Fault(kind="spike", target=None, start=times.start, end=times.stop, value=spike)
    answer = sweep(
        {"": replace(network, faults=(fault,))}, seconds=times.end, seeds=seeds, floor=min(wanted.values(), default=FLOOR),
        executor=executor,
    )[""]  # fmt: skip
    return Recovery(factor=load, collapse=answer.collapse, seconds=find_recovery(answer, times.stop, wanted))


def find_recovery(answer: Answer, after: float, wanted: Mapping[str, float]) -> float:
    """The seconds from a time until every class is answered as it should be, and stays so; infinite where one is not at the end.

    A class is judged over windows of ten buckets, as a single bucket of a rare one says nothing.
    """
    times, last = answer.series.times, after
    for name, least in wanted.items():
        offered, good = answer.series.offered[name], answer.series.goodput[name]
        for end in range(10, len(times) + 1):
            came, went = sum(offered[end - 10 : end]), sum(good[end - 10 : end])
            # less what chance does to counts
            tick = times[0]
            slack = 3 * math.sqrt(came * tick) / tick
            if times[end - 1] > after and went + slack < least * came:
                if end == len(times):
                    return math.inf
                last = max(last, times[end])
    return last - after


def _edit(network: Network, change: Callable[[Call], Call]) -> Network:
    """The network with each call changed."""

    def step(one: Step) -> Step:
        if isinstance(one, Parallel):
            return replace(one, calls=tuple(call(child) for child in one.calls))
        return call(one)

    def call(one: Call) -> Call:
        return change(replace(one, then=tuple(step(child) for child in one.then)))

    classes = tuple(replace(one, calls=tuple(step(child) for child in one.calls)) for one in network.classes)
    return replace(network, classes=classes)


def _list_changes(simulated: Simulated, part: str) -> Iterator[tuple[str, Callable[[Network], Network]]]:
    """What can be done, the smallest first: a budget, thrown-away work, a limited queue, a breaker, fewer retries, more servers."""

    def at(network: Network, **values: object) -> Network:
        stations = tuple(replace(one, **values) if one.name == part else one for one in network.stations)  # type: ignore[arg-type]
        return replace(network, stations=stations)

    def with_budget(call: Call) -> Call:
        if not call.retries or call.budget is not None:
            return call
        return replace(call, budget=RetryBudget(name=f"budget of {call.station}", per_call=0.1, size=10))

    def with_breaker(call: Call) -> Call:
        if call.station != part or call.breaker is not None:
            return call
        return replace(call, breaker=Breaker(name=f"breaker of {part}", threshold=0.5, open_for=5.0))

    station = next(one for one in simulated.network.stations if one.name == part)
    limits = [call.timeout for call in _list_calls(simulated.network) if call.station == part and call.timeout]
    service = station.service.mean if station.service is not None else 0.0
    has_retries = any(call.retries for call in _list_calls(simulated.network))
    if has_retries:
        yield "a retry budget of 10 % on every call", lambda network: _edit(network, with_budget)
    if limits:
        yield (
            f"{part} throws work away whose caller no longer waits",
            lambda network: at(network, discards_expired=True),
        )
    if limits and service > 0 and station.servers is not None:
        room = max(1, int(min(limits) / 2 * station.servers / service))
        yield (
            f"{part} refuses beyond {room:,} that wait (half of its callers' time limit)",
            lambda network: at(network, queue_limit=room),
        )
    yield f"a breaker before {part}", lambda network: _edit(network, with_breaker)
    if has_retries:
        yield "no retries", lambda network: _edit(network, lambda call: replace(call, retries=0))
    if station.servers is not None:
        more = math.ceil(station.servers / simulated.replicas[part])
        yield f"one more instance of {part}", lambda network: at(network, servers=(station.servers or 0) + more)


def _list_calls(network: Network) -> list[Call]:
    found: list[Call] = []

    def look(steps: tuple[Step, ...]) -> None:
        for one in steps:
            for call in one.calls if isinstance(one, Parallel) else (one,):
                found.append(call)
                look(call.then)

    for request_class in network.classes:
        look(request_class.calls)
    return found


def show_verdict(found: Verdict) -> tuple[Table, ...]:
    """A verdict as tables: the answers, and the loads that were tried."""
    loads: list[Row] = []
    for one in found.trials:
        loads.append((
            Cell(round(one.factor, 2), f"{one.factor:.2f} ×"), one.worst,
            Cell(one.success, f"{one.success:.1%}", tone="good" if one.factor <= found.limit else "danger"),
            Cell(one.p99, _say_time(one.p99), unit="s"), one.part, Cell(one.utilisation, f"{one.utilisation:.0%}"),
        ))  # fmt: skip
    answers: list[Row] = []
    usual = next((one for one in found.trials if one.factor == 1.0), None)
    if usual is not None and usual.success < WELL:
        told = f"no: {usual.success:.0%} of {usual.worst}; load is not the reason where the other answers are good"
        answers.append(("Is all answered at the planned peak?", told, "warning"))
    if math.isinf(found.limit):
        answers.append(("How much does it bear?", f"more than {MOST:.0f} times the peak", "good"))
    else:
        tone = "good" if found.limit >= 1.3 else "warning" if found.limit >= 1 else "danger"
        answers.append(("How much does it bear?", f"{found.limit:.2f} times the planned peak", tone))
        answers.append(("What breaks first?", found.breaks, ""))
    for after in found.recoveries:
        when = f"Does it recover, at {after.factor:.2f} times the peak, from {found.times.length:.0f} s of {SPIKE:g} times what it bears?"
        if math.isfinite(after.seconds):
            answers.append((when, f"yes, {_say_time(after.seconds)} after the end", "good"))
        else:
            share = f"{after.collapse.value:.0%} of the runs stay down ({after.collapse.low:.0%} to {after.collapse.high:.0%})"
            answers.append((when, f"no, not within {_say_time(found.times.end - found.times.stop)}; {share}", "danger"))
    for change in found.changes:
        is_enough = math.isfinite(change.recovery.seconds)
        told = f"recovers, {_say_time(change.recovery.seconds)} after the end" if is_enough else "does not recover"
        answers.append((f"With {change.words}?", told, "good" if is_enough else "muted"))
    rows: tuple[Row, ...] = tuple((question, Cell(answer, tone=tone)) for question, answer, tone in answers)  # type: ignore[arg-type]
    return (
        Table(
            "overload-verdict", "Overload verdict", ("question", "answer"), rows,
            description="Simulated from the plan's rates, times, limits and retries; instances of a part share one queue.",
        ),
        Table(
            "overload-loads", "Loads that were tried", ("load", "worst operation", "answered", "p99", "busiest part", "busy"),
            tuple(loads), description="Times the planned peak; answered is the share of what came.",
        ),
    )  # fmt: skip


def _say_time(seconds: float) -> str:
    if math.isnan(seconds):
        return "–"
    if seconds >= 120:
        return f"{seconds / 60:.1f} min"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
