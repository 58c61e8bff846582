"""The trade-offs of a cache, side by side: policy × size × lifetime × write strategy, and the size from which more is little.

From the popularity that the design declares, by closed forms; or from a trace of one's own, by replay. Nothing here is part
of making a plan: it is computed when somebody looks.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from archnb.exceptions import ArchnbError, unknown
from archnb.fact.keys.cache import (
    ANSWER_VISIT_READS,
    CACHE_ENTRY_OVERHEAD,
    CACHE_ENTRY_SIZE,
    CACHE_OBJECTS,
    CACHE_OUTDATED,
    CACHE_SKEW,
    CACHE_WANTED,
    LOAD_SAVED,
    LOCAL_TIME,
    LOOKUP_TIME,
    QUERY_TIME,
)
from archnb.fact.keys.cost import PRICE_MEMORY
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.model.caches import is_kept_at
from archnb.quantity import number, show, unit
from archnb.shapes import AnyShape, Cell, Chart, Mark, Series, Table
from archnb.sim.caching import Trace, draw_curve, estimate_cache, read_trace, replay, zipf_popularity
from archnb.topics.topic import Draft

LIFETIMES = ((60.0, "1 min"), (600.0, "10 min"))
SHARES = (0.1, 0.3, 1.0)
POINTS = 24
LOG_POLICIES = ("lru", "fifo", "clock", "lfu", "sieve", "s3-fifo", "arc", "lirs", "w-tinylfu", "belady")
SHOWN = 4
# shares of reads closer than this are not told apart
_TOLERANCE = 0.002
COLUMNS = (
    "policy", "entries", "memory", "USD a month", "lifetime", "write strategy", "hit ratio", "p99", "reads saved", "outdated answers", "oldest answer",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Load:
    """What the rows of one pattern are counted from; times in seconds, rates a second, sizes in bytes."""

    name: str
    rate: float
    outdated: float
    objects: float
    entry: float
    look: float
    query: float
    allowed: float | None
    # USD a month for a byte
    price: float | None


def compare(draft: Draft, operation: str | None = None, trace: Trace | None = None) -> tuple[AnyShape, ...]:
    """The table and the curve of one read pattern; without a name, of the cached one that frees most of its store.

    trace: requests to replay instead of the declared popularity; its rate is that of its times, where it has them. Raises
    ArchnbError where nothing is cached or the name is not known.
    """
    load = _find_load(draft, operation, trace)
    if trace is not None:
        return _compare_trace(load, trace)
    skew = draft.facts[CACHE_SKEW.of(load.name)].base
    full = max(1.0, draft.facts[CACHE_WANTED.of(load.name)].base)

    def ratio(policy: str, size: float, life: float) -> float:
        size, count = max(1.0, size), max(1, round(load.objects))
        if policy == "most wanted":
            number_of, chance = zipf_popularity(count, skew)
            # the static optimum under independent reads: the most wanted of all, which LFU comes to in the long run
            left, sum_of = min(size, float(count)), 0.0
            for held, each in zip(number_of.tolist(), chance.tolist(), strict=True):
                kept = min(held, left)
                wanted = load.rate * each * life
                sum_of += kept * each * (wanted / (1 + wanted) if life < math.inf else 1.0)
                left -= kept
                if left <= 0:
                    break
            return float(sum_of)
        return estimate_cache(load.rate, count, size, skew, policy, life).hit_ratio

    rows: list[tuple[Cell | str, ...]] = []
    for policy in ("lru", "fifo", "most wanted"):
        for life, said in LIFETIMES:
            before = -1.0
            for size in (max(1.0, share * full) for share in SHARES):
                found = ratio(policy, size, life)
                # a size that no longer helps says nothing
                if found - before > _TOLERANCE:
                    rows += _write_rows(load, policy, size, life, said, ratio)
                before = found
    sizes = sorted({max(1.0, full * 10 ** (-3 + 3.3 * n / POINTS)) for n in range(POINTS + 1)})
    longest = LIFETIMES[-1][0]
    curves = {policy: [ratio(policy, size, longest) for size in sizes] for policy in ("lru", "fifo", "most wanted")}
    told = (
        f"{load.name}, by closed forms from its declared popularity (Zipf {number(skew)} over {number(load.objects)} answers, "
        f"{number(load.rate)}/s): Che's approximation for LRU and FIFO; 'most wanted' keeps the most read of all, which without "
        "lifetimes is the most that any policy reaches where reads are independent."
    )
    if ANSWER_VISIT_READS.of(load.name) in draft.facts:
        told += " Its answers are one person's each: read the plan's hit ratio, by visits, and this table for the sizes alone."
    return _shape(
        load, rows, sizes, curves, told, "no policy is best everywhere; replay a log of your own before choosing one"
    )


def compare_log(
    draft: Draft, log: str | os.PathLike[str], operation: str | None = None, **columns: Any
) -> tuple[AnyShape, ...]:
    """The same by replay of a file of requests; columns: as `read_trace` takes them."""
    return compare(draft, operation, read_trace(log, **columns))


def _find_load(draft: Draft, operation: str | None, trace: Trace | None) -> _Load:
    facts, policies = draft.facts, draft.design.cache.policies
    used = [name for name, one in policies.items() if one.use and CACHE_ENTRY_SIZE.of(name) in facts]
    if operation is not None and operation not in draft.design.access:
        raise ArchnbError(unknown("read pattern", operation, used or list(policies)))
    if operation is None:
        if not used and trace is None:
            raise ArchnbError("nothing is cached in this plan; name a read pattern, or say cache.policies.….use: true")
        operation = max(
            used, key=lambda name: facts[LOAD_SAVED.of(name)].base * facts[QUERY_TIME.of(name)].base, default=""
        )
    is_used = operation in used
    if not is_used and trace is None:
        raise ArchnbError(
            f"{operation} is not cached in this plan; say cache.policies.{operation}.use: true, or give a log"
        )
    policy = policies.get(operation)
    objective = draft.design.requirements.objectives.get(operation)
    staleness = objective.staleness.base if objective is not None and objective.staleness is not None else None
    look = 0.0005
    if is_used and policy is not None:
        look = facts[LOCAL_TIME if is_kept_at(policy.store, "process") else LOOKUP_TIME].base
    rate = facts.get(PATTERN_RATE.of(operation)) if operation else None
    query = facts.get(QUERY_TIME.of(operation)) if operation else None
    outdated = facts.get(CACHE_OUTDATED.of(operation)) if operation else None
    price = facts[PRICE_MEMORY] if PRICE_MEMORY in facts else None  # noqa: SIM401 - get() is for optional facts
    made = _Load(
        name=operation or "all reads", rate=rate.base if rate is not None else 1.0,
        outdated=outdated.base if outdated is not None else 0.0,
        objects=facts[CACHE_OBJECTS.of(operation)].base if is_used else 1.0,
        entry=facts[CACHE_ENTRY_SIZE.of(operation)].base if is_used else 1.0,
        look=look, query=query.base if query is not None else 0.002, allowed=staleness,
        price=price.base / unit("USD/month").factor if price is not None else None,
    )  # fmt: skip
    if trace is None:
        return made
    overhead = facts[CACHE_ENTRY_OVERHEAD].base
    size = made.entry if trace.sizes is None else float(trace.sizes.sum()) / max(1, len(trace)) + overhead
    seen = len(trace) / trace.duration if trace.duration > 0 else made.rate
    return replace(made, rate=seen, objects=float(trace.objects), entry=size)


def _p99(load: _Load, ratio: float) -> float:
    """The time below which 99 of 100 reads answer: a look, and for those that miss a query with exponential times."""
    missed = 1 - ratio
    return load.look + (load.query * math.log(missed / 0.01) if missed > 0.01 else 0.0)


def _write_rows(
    load: _Load, policy: str, size: float, life: float, said: str, ratio: Callable[[str, float, float], float]
) -> Iterator[tuple[Cell | str, ...]]:  # fmt: skip
    """A choice under each write strategy; deleting and writing through are one row where writes are so few that both hit alike."""
    if not load.outdated:
        yield _write_row(load, policy, size, life, said, "never written", ratio)
        return
    yield _write_row(load, policy, size, life, said, "write-around", ratio)
    if abs(ratio(policy, size, _mean_life(load, life)) - ratio(policy, size, life)) < _TOLERANCE:
        yield _write_row(load, policy, size, life, said, "invalidate, or write-through", ratio)
        return
    for strategy in ("invalidate", "write-through"):
        yield _write_row(load, policy, size, life, said, strategy, ratio)


def _mean_life(load: _Load, life: float) -> float:
    """How long an entry lives that a write deletes: (1 − e^(−wT))/w."""
    if load.outdated * life < 1e-9:
        return life
    return -math.expm1(-load.outdated * life) / load.outdated


def _write_row(
    load: _Load, policy: str, size: float, life: float, said: str, strategy: str, ratio: Callable[[str, float, float], float]
) -> tuple[Cell | str, ...]:  # fmt: skip
    """One choice: its hit ratio, p99, what it saves, and how old and how often outdated its answers are."""
    hit = ratio(policy, size, _mean_life(load, life) if strategy == "invalidate" else life)
    is_around = strategy == "write-around"
    # of the hits on an entry whose age is even over its lifetime, those since whose fetch something was written
    stale = hit * (1 - _mean_life(load, life) / life) if is_around and life < math.inf else hit if is_around else 0.0
    is_late = is_around and load.allowed is not None and life > load.allowed
    oldest = life if is_around else 0.0
    p99 = _p99(load, hit)
    return (
        policy, Cell(size, number(size)), Cell(size * load.entry, show(size * load.entry, unit("B"))),
        Cell(None) if load.price is None else Cell(size * load.entry * load.price, number(size * load.entry * load.price, 2)),
        Cell(life if life < math.inf else None, said), strategy,
        Cell(hit * 100, f"{number(hit * 100)} %"), Cell(p99, show(p99, unit("s"))),
        Cell(load.rate * hit, f"{number(load.rate * hit)}/s"), Cell(stale * 100, f"{number(stale * 100, 2)} %"),
        Cell(oldest if oldest < math.inf else None, said if oldest else "0", tone="warning" if is_late else ""),
    )  # fmt: skip


def _compare_trace(load: _Load, trace: Trace) -> tuple[AnyShape, ...]:
    """The same by replay of a trace, objects weighing one each; lifetimes only where the trace has times."""
    units = Trace(trace.ids, trace.keys, None, trace.times)
    full = float(trace.objects)
    sizes = sorted({max(1.0, round(share * full)) for share in SHARES[:2]})
    lives = [(math.inf, "without end"), *(LIFETIMES if trace.times is not None and trace.duration > 0 else ())]

    def ratio(policy: str, size: float, life: float) -> float:
        return replay(units, size, policy, ttl=life).hit_ratio

    found = {policy: {size: ratio(policy, size, math.inf) for size in sizes} for policy in LOG_POLICIES}
    best = sorted(LOG_POLICIES[:-1], key=lambda policy: -sum(found[policy].values()))[:SHOWN]
    rows = []
    for policy in (*best, *(one for one in LOG_POLICIES if one not in best)):
        for size in sizes:
            for life, said in lives if policy in best else lives[:1]:
                known = found[policy][size] if life == math.inf else ratio(policy, size, life)
                strategy = "as in the log" if load.outdated == 0 or life == math.inf else "write-around"
                rows.append(_write_row(load, policy, size, life, said, strategy, lambda *_, known=known: known))
    curve = draw_curve(units, sample=1.0 if len(units) < 5_000_000 else 0.1)
    steps = sorted({max(1.0, full * 10 ** (-3 + 3 * n / POINTS)) for n in range(POINTS + 1)})
    told = (
        f"By replay of {len(trace):,} requests for {trace.objects:,} objects; the cache starts empty, and objects count one each. Belady"
        " knows the future: what no policy reaches. A log of reads says nothing of writes: lifetimes alone end an entry here."
    )
    return _shape(
        load, rows, steps, {"lru": [curve.hit_ratio(size) for size in steps]}, told,
        f"here {best[0]} answers most, at these sizes and on this log alone",
    )  # fmt: skip


def find_knee(sizes: Sequence[float], ratios: Sequence[float]) -> int:
    """Where a growing curve is farthest above the line from its first to its last point (Satopaa et al., 2011: Kneedle).

    >>> find_knee([1, 2, 3, 4], [0.0, 0.8, 0.9, 1.0])
    1
    """
    width, height = sizes[-1] - sizes[0], ratios[-1] - ratios[0]
    if width <= 0 or height <= 0:
        return 0
    above = [
        (y - ratios[0]) / height - (x - sizes[0]) / width for x, y in zip(sizes, ratios, strict=True)
    ]  # fmt: skip
    return max(range(len(above)), key=above.__getitem__)


def _shape(
    load: _Load, rows: Sequence[tuple[Cell | str, ...]], sizes: Sequence[float], curves: dict[str, list[float]], told: str, said: str
) -> tuple[AnyShape, ...]:  # fmt: skip
    first = next(iter(curves))
    knee = find_knee(sizes, curves[first])
    memory = show(sizes[knee] * load.entry, unit("B"))
    marked = f"the knee of {first}: {number(sizes[knee])} entries, {memory}, {number(100 * curves[first][knee])} %"
    table = Table(
        "cache-choices", f"Caching of {load.name}: policy, size, lifetime and writes", COLUMNS, tuple(rows),
        description=(
            f"{told} p99 is a look, and on a miss a query with exponential times. Money is one copy of the memory at the list price. Marked: answers that may be older than is allowed."
            f" {marked[0].upper()}{marked[1:]}: beyond it each entry adds less than the average one; {said}."
        ),
    )  # fmt: skip
    chart = Chart(
        "cache-knee", f"Hit ratio of {load.name} by size",
        tuple(Series(name, tuple(size * load.entry / 1e6 for size in sizes), tuple(100 * y for y in ys)) for name, ys in curves.items()),
        marks=(Mark(sizes[knee] * load.entry / 1e6, marked, 100 * curves[first][knee]),),
        x_label="memory (MB)", y_label="hit ratio (%)", is_log_x=True, description="The knee is where the curve is farthest above the line between its ends.",
    )  # fmt: skip
    return table, chart
