"""What simulated runs say: each number with its interval over seeds, near or far, until it is precise enough.

One run per seed is one observation; with a single seed the twentieths of its time are (batch means). Intervals are
Student's; a probability has Wilson's. Where a network is asked for its steady state, the warm-up is cut by MSER-5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future, as_completed
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Protocol

from archnb.sim import require, require_count, require_finite
from archnb.sim.network import Network
from archnb.sim.network_tables import BUCKETS, SEGMENTS, run_seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

KINDS = ("error", "refused", "timeout", "expired", "breaker open", "lost")
PER_SEGMENT = BUCKETS // SEGMENTS


class Flag(Protocol):
    """What tells a long computation to stop: a threading.Event, or the like."""

    def is_set(self) -> bool:
        """Whether to stop."""


def student_quantile(confidence: float, freedom: int) -> float:
    """Return t such that a Student variable lies within ±t with that probability (Hill 1970, algorithm 396).

    >>> round(student_quantile(0.95, 9), 4)
    2.2622
    """
    require("confidence", confidence, 0 < confidence < 1, "a share between 0 and 1")
    require_count("freedom", freedom)
    p, n = 1 - confidence, float(freedom)
    if freedom == 1:
        return math.cos(p * math.pi / 2) / math.sin(p * math.pi / 2)
    if freedom == 2:
        return math.sqrt(2 / (p * (2 - p)) - 2)
    a = 1 / (n - 0.5)
    b = 48 / a**2
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * n
    y: float = (d * p) ** (2 / n)
    if y > 0.05 + a:
        x = NormalDist().inv_cdf(p / 2)
        y = x * x
        if n < 5:
            c += 0.3 * (n - 4.5) * (x + 0.6)
        c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
        y = math.expm1(a * y * y)
    else:
        y = ((1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1) * (n + 1) / (
            n + 2
        ) + 1 / y
    return math.sqrt(n * y)


@dataclass(frozen=True)
class Estimate:
    """A number from simulated runs and the interval in which it lies with the confidence asked for.

    Without any observation (nobody was answered) it is NaN; from one observation its interval is unknown: NaN.
    """

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of the interval."""
        return (self.high - self.low) / 2

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"


def _estimate(samples: Iterable[float], confidence: float) -> Estimate:
    values = [one for one in samples if not math.isnan(one)]
    if not values:
        return Estimate(math.nan, math.nan, math.nan)
    mean = math.fsum(values) / len(values)
    if len(values) == 1 or math.isinf(mean):
        return Estimate(mean, math.nan, math.nan)
    variance = math.fsum((one - mean) ** 2 for one in values) / (len(values) - 1)
    half = student_quantile(confidence, len(values) - 1) * math.sqrt(variance / len(values))
    return Estimate(mean, mean - half, mean + half)


def estimate_share(hits: int, of: int, confidence: float = 0.95) -> Estimate:
    """A probability from how often something happened: Wilson's interval, which is right at 0 and 1 too.

    >>> print(estimate_share(0, 20))
    0 (0 to 0.1611)
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half))


def mser(means: Sequence[float]) -> int:
    """How many of the leading batch means to leave out: the cut d with the least Σ(Yᵢ - Ȳ)² / (n - d)², d ≤ n/2.

    MSER-5 with batches of five observations (White 1997), of more where a run is long.

    >>> mser([9.0, 5.0, 1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 1.0, 1.0])
    2
    """
    count, best, cut = len(means), math.inf, 0
    total = square = 0.0
    statistic = [math.inf] * count
    for d in range(count - 1, -1, -1):
        total += means[d]
        square += means[d] * means[d]
        left = count - d
        statistic[d] = max(0.0, square - total * total / left) / (left * left)
    for d in range(count // 2 + 1):
        if d < count and statistic[d] < best:
            best, cut = statistic[d], d
    return cut


def _find_cut(runs: Sequence[_Reduced], k: int) -> float:
    """When the warm-up of a class ends: MSER-5 over the mean of all seeds' batches, so that no one run's luck is cut."""
    import numpy as np

    size = max(one.batches[k][0] for one in runs)
    series = []
    for one in runs:
        own, means, ends = one.batches[k]
        step = size // own
        count = len(means) // step
        series.append((means[: count * step].reshape(count, step).mean(axis=1), ends[step - 1 : count * step : step]))
    count = min(len(means) for means, _ in series)
    if count < 10:
        return 0.0
    cut = mser(np.mean([means[:count] for means, _ in series], axis=0).tolist())
    return float(np.mean([ends[cut - 1] for _, ends in series])) if cut else 0.0


@dataclass(frozen=True, kw_only=True)
class ClassAnswer:
    """What the users of a class see, in the measured time.

    offered, goodput, wasted: requests, good answers, and answers nobody waited for any more, a second. success: good
    answers of all. mean, p50, p95, p99: seconds of good answers. failures: the share of all answers, by kind.
    """

    offered: Estimate
    goodput: Estimate
    success: Estimate
    mean: Estimate
    p50: Estimate
    p95: Estimate
    p99: Estimate
    failures: Mapping[str, Estimate]
    wasted: Estimate


@dataclass(frozen=True, kw_only=True)
class StationAnswer:
    """How a station is, in the measured time.

    arrivals, throughput, errors, refused, expired, lost, wasted: calls a second. busy: slots in use; utilisation: their
    share (0 without limit). queue: calls that wait. wait, response, p50, p95, p99: seconds, of calls that were worked on.
    amplification: calls for each that would come if nothing failed. peak: the most that ever waited.
    """

    arrivals: Estimate
    throughput: Estimate
    busy: Estimate
    utilisation: Estimate
    queue: Estimate
    wait: Estimate
    response: Estimate
    p50: Estimate
    p95: Estimate
    p99: Estimate
    amplification: Estimate
    errors: Estimate
    refused: Estimate
    expired: Estimate
    lost: Estimate
    wasted: Estimate
    peak: int


@dataclass(frozen=True, kw_only=True)
class Series:
    """Means over seeds by bucket of time: `times` are where the buckets end, rates a second.

    offered, goodput, failed by class; busy, queue by station.
    """

    times: tuple[float, ...]
    offered: Mapping[str, tuple[float, ...]]
    goodput: Mapping[str, tuple[float, ...]]
    failed: Mapping[str, tuple[float, ...]]
    busy: Mapping[str, tuple[float, ...]]
    queue: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What simulation says of a network.

    measured: from when to when, in seconds. collapse: the probability that in the last quarter
    of the time a class gets fewer good answers than `floor` of its requests. events: of all seeds together.
    """

    classes: Mapping[str, ClassAnswer]
    stations: Mapping[str, StationAnswer]
    collapse: Estimate
    series: Series
    seeds: tuple[int, ...]
    measured: tuple[float, float]
    events: int


@dataclass(frozen=True, kw_only=True)
class _Reduced:
    """A run as it travels: sums by segment of time, and the bins of the histograms that are not empty."""

    seed: int
    events: int
    station_counts: Array
    station_sums: Array
    class_counts: Array
    latency_sums: Array
    bins: tuple[Any, Any, Any, Any]
    batches: tuple[tuple[int, Any, Any], ...]
    series: tuple[Array, Array, Array, Array, Array]
    is_collapsed: bool


def _find_place(sums: Any, share: float) -> float:
    """The bin, and how far into it, up to which a share of what a cumulated histogram counts lies."""
    import numpy as np

    rank = share * float(sums[-1])
    place = min(int(np.searchsorted(sums, rank)), len(sums) - 1)
    before = float(sums[place - 1]) if place else 0.0
    inside = float(sums[place]) - before
    return place + (min(1.0, (rank - before) / inside) if inside > 0 else 0.0)


def _at_place(place: float) -> float:
    """The time at a place of the histograms."""
    from archnb.sim.network_loop import LOWEST, SUB

    octave, step = divmod(place, SUB)
    return float(2.0 ** (octave + LOWEST - 1) * (1 + step / SUB))


def _estimate_quantiles(histograms: Any, confidence: float) -> tuple[Estimate, Estimate, Estimate]:
    """p50, p95 and p99 of all runs together, from the histogram of each [run, bin].

    The interval is Woodruff's (1952): what share lies below the quantile, with its interval over runs, is turned back into
    times. So it is wider towards the tail, as the truth is.
    """
    import numpy as np

    sums = np.cumsum(histograms, axis=1)
    whole, counts = sums.sum(axis=0), sums[:, -1]
    if not whole[-1]:
        nothing = Estimate(math.nan, math.nan, math.nan)
        return nothing, nothing, nothing
    found, size = [], int((counts > 0).sum())
    for share in (0.5, 0.95, 0.99):
        place = _find_place(whole, share)
        if size < 2:
            found.append(Estimate(_at_place(place), math.nan, math.nan))
            continue
        k = min(int(place), sums.shape[1] - 1)
        below = (sums[:, k - 1] if k else 0.0) + (place - k) * histograms[:, k]
        error = math.sqrt(float(((below - share * counts) ** 2).sum()) * size / (size - 1)) / float(whole[-1])
        half = student_quantile(confidence, size - 1) * error
        low, high = (_at_place(_find_place(whole, min(1.0, max(0.0, at)))) for at in (share - half, share + half))
        found.append(Estimate(_at_place(place), low, high))
    return found[0], found[1], found[2]


def _reduce(network: Network, seconds: float, seed: int, floor: float, is_compiled: bool | None) -> _Reduced:
    """Run a seed and keep what answers are made of; a function of its own, so that it can run elsewhere."""
    import numpy as np

    run = run_seed(network, seconds, seed, is_compiled)

    def add(table: Any) -> Any:
        return table.reshape(SEGMENTS, PER_SEGMENT, *table.shape[1:]).sum(axis=1).astype(np.float64)

    counts = add(run.station_counts)
    counts[:, :, 8] = run.station_counts[:, :, 8].reshape(SEGMENTS, PER_SEGMENT, -1).max(axis=1)
    tick = seconds / BUCKETS
    late = run.class_counts[-BUCKETS // 4 :].sum(axis=0)
    filled = np.nonzero(run.histograms)
    return _Reduced(
        seed=seed, events=run.events, station_counts=counts, station_sums=add(run.station_sums),
        class_counts=add(run.class_counts), latency_sums=add(run.latency_sums),
        bins=(filled[0].astype(np.int32), filled[1].astype(np.int32), filled[2].astype(np.int32), run.histograms[filled]), batches=run.batches,
        series=(
            run.class_counts[:, :, 0] / tick, run.class_counts[:, :, 2] / tick,
            run.class_counts[:, :, 3:].sum(axis=2) / tick, run.station_sums[:, :, 0] / tick,
            run.station_sums[:, :, 1] / tick,
        ),
        is_collapsed=bool(np.any(late[:, 2] < floor * late[:, 0])),
    )  # fmt: skip


def _summarise(
    network: Network, seconds: float, runs: Sequence[_Reduced], measure: tuple[float, float] | None, is_steady: bool,
    confidence: float,
) -> Answer:  # fmt: skip
    import numpy as np

    from archnb.sim.network_loop import BINS

    length = seconds / SEGMENTS
    first, last = 0, SEGMENTS
    if measure is not None:
        first, last = math.ceil(measure[0] / length - 1e-9), math.floor(measure[1] / length + 1e-9)
    elif is_steady:
        cut = max(_find_cut(runs, k) for k in range(len(network.classes)))
        first = min(SEGMENTS // 2, math.ceil(cut / length - 1e-9))
    # the observations: a run each, or the parts of a single run
    units = [(one, first, last) for one in runs]
    if len(runs) == 1:
        units = [(runs[0], n, n + 1) for n in range(first, last)]

    def join(name: str) -> Any:
        return np.array([getattr(one, name)[a:b].sum(axis=0) for one, a, b in units])

    def fill(one: _Reduced, a: int, b: int) -> Any:
        histogram = np.zeros((len(network.stations) + len(network.classes), BINS))
        part, row, place, count = one.bins
        chosen = (part >= a) & (part < b)
        np.add.at(histogram, (row[chosen], place[chosen]), count[chosen])
        return histogram

    spans = np.array([(b - a) * length for _, a, b in units])
    counts, sums = join("station_counts"), join("station_sums")
    peaks = [int(max(one.station_counts[a:b, s, 8].max() for one, a, b in units)) for s in range(len(network.stations))]
    answers, latencies = join("class_counts"), join("latency_sums")
    histograms = np.array([fill(*unit) for unit in units])
    quantiles = [_estimate_quantiles(histograms[:, row], confidence) for row in range(histograms.shape[1])]

    def over(top: Any, bottom: Any) -> Estimate:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(np.asarray(bottom) > 0, np.asarray(top) / np.asarray(bottom), np.nan)
        return _estimate(ratio.tolist(), confidence)

    stations, planned = {}, np.zeros((len(spans), len(network.stations)))
    for k, one in enumerate(network.classes):
        visits = network.visits(one)
        for s, station in enumerate(network.stations):
            planned[:, s] += answers[:, k, 0] * visits[station.name]
    for s, station in enumerate(network.stations):
        row, total = counts[:, s], sums[:, s]
        worked = row[:, 2] + row[:, 3]
        slots = (
            spans * station.servers if station.servers is not None and station.discipline == "sharing" else total[:, 2]
        )
        stations[station.name] = StationAnswer(
            arrivals=over(row[:, 0], spans), throughput=over(row[:, 2], spans), busy=over(total[:, 0], spans),
            utilisation=over(total[:, 0], slots) if station.servers is not None else Estimate(0.0, 0.0, 0.0),
            queue=over(total[:, 1], spans), wait=over(total[:, 3], worked), response=over(total[:, 4], worked),
            p50=quantiles[s][0], p95=quantiles[s][1], p99=quantiles[s][2],
            amplification=over(row[:, 0], planned[:, s]), errors=over(row[:, 3], spans), refused=over(row[:, 4], spans),
            expired=over(row[:, 5], spans), lost=over(row[:, 6], spans), wasted=over(row[:, 7], spans),
            peak=peaks[s],
        )  # fmt: skip
    classes = {}
    for k, one in enumerate(network.classes):
        row, at = answers[:, k], len(network.stations) + k
        done = row[:, 2:].sum(axis=1)
        classes[one.name] = ClassAnswer(
            offered=over(row[:, 0], spans), goodput=over(row[:, 2], spans), success=over(row[:, 2], done),
            mean=over(latencies[:, k], row[:, 2]), p50=quantiles[at][0], p95=quantiles[at][1], p99=quantiles[at][2], wasted=over(row[:, 1], spans),
            failures={kind: over(row[:, 3 + n], done) for n, kind in enumerate(KINDS) if row[:, 3 + n].any()},
        )  # fmt: skip
    mean_series = [np.mean([one.series[n] for one in runs], axis=0) for n in range(5)]

    def named(names: Iterable[str], table: Any) -> dict[str, tuple[float, ...]]:
        return {name: tuple(table[:, n].tolist()) for n, name in enumerate(names)}

    class_names, station_names = [one.name for one in network.classes], [one.name for one in network.stations]
    series = Series(
        times=tuple((n + 1) * seconds / BUCKETS for n in range(BUCKETS)), offered=named(class_names, mean_series[0]),
        goodput=named(class_names, mean_series[1]), failed=named(class_names, mean_series[2]),
        busy=named(station_names, mean_series[3]), queue=named(station_names, mean_series[4]),
    )  # fmt: skip
    return Answer(
        classes=classes, stations=stations, series=series, seeds=tuple(one.seed for one in runs),
        collapse=estimate_share(sum(one.is_collapsed for one in runs), len(runs), confidence),
        measured=(first * length, last * length), events=sum(one.events for one in runs),
    )  # fmt: skip


def _gather(
    tasks: Sequence[tuple[Any, ...]], executor: Executor | None, progress: Callable[[int, int], object] | None,
    cancel: Flag | None,
) -> list[_Reduced]:  # fmt: skip
    """Run tasks here or at the executor; the results in the tasks' order, whichever comes first."""
    done = 0

    def tell() -> None:
        if progress is not None:
            progress(done, len(tasks))
        if cancel is not None and cancel.is_set():
            raise CancelledError(f"cancelled with {done} of {len(tasks)} runs done")

    if executor is None:
        found = []
        for task in tasks:
            tell()
            found.append(_reduce(*task))
            done += 1
        tell()
        return found
    futures: dict[Future[_Reduced], int] = {executor.submit(_reduce, *task): n for n, task in enumerate(tasks)}
    results: dict[int, _Reduced] = {}
    try:
        tell()
        for future in as_completed(futures):
            results[futures[future]] = future.result()
            done += 1
            tell()
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    return [results[n] for n in range(len(tasks))]


def _require_window(measure: tuple[float, float] | None, seconds: float) -> None:
    require_finite("seconds", seconds, is_zero_allowed=False)
    if measure is None:
        return
    is_inside = 0 <= measure[0] < measure[1] <= seconds
    require("measure", measure, is_inside, f"a beginning and a later end, from 0 to {seconds!r} s")
    step = seconds / SEGMENTS
    is_wide = math.floor(measure[1] / step + 1e-9) > math.ceil(measure[0] / step - 1e-9)
    require("measure", measure, is_wide, f"a window that holds one of the {SEGMENTS} parts of {step:g} s")


def sweep(
    networks: Mapping[str, Network],
    *,
    seconds: float,
    seeds: int | Sequence[int] = 10,
    measure: tuple[float, float] | None = None,
    steady: bool = False,
    floor: float = 0.9,
    confidence: float = 0.95,
    executor: Executor | None = None,
    progress: Callable[[int, int], object] | None = None,
    cancel: Flag | None = None,
    is_compiled: bool | None = None,
) -> dict[str, Answer]:
    """Simulate several networks, each with all seeds: a network and a seed is a task of its own.

    executor: any of concurrent.futures, or what behaves so (Dask: `client.get_executor()`); None runs here. The numbers
    are the same wherever they are computed. progress is called with the tasks done and all of them; as soon as `cancel`
    is set, what has not begun is given up and CancelledError raised. The others are those of `simulate`.
    """
    chosen = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    require("seeds", seeds, len(chosen) > 0 and len(set(chosen)) == len(chosen), "at least one seed, each once")
    _require_window(measure, seconds)
    if steady:
        for network in networks.values():
            network.require_steady_state()
    tasks = [(network, seconds, seed, floor, is_compiled) for network in networks.values() for seed in chosen]
    runs = _gather(tasks, executor, progress, cancel)
    size = len(chosen)
    return {
        name: _summarise(network, seconds, runs[n * size : (n + 1) * size], measure, steady, confidence)
        for n, (name, network) in enumerate(networks.items())
    }


def simulate(
    network: Network,
    *,
    seconds: float,
    seeds: int | Sequence[int] = 10,
    measure: tuple[float, float] | None = None,
    steady: bool = False,
    precision: float | None = None,
    most_seeds: int = 200,
    floor: float = 0.9,
    confidence: float = 0.95,
    executor: Executor | None = None,
    progress: Callable[[int, int], object] | None = None,
    cancel: Flag | None = None,
    is_compiled: bool | None = None,
) -> Answer:
    """Simulate a network for `seconds` with each seed, and give what its users and stations see, with intervals.

    seeds: how many, or which. measure: from when to when is measured; all of it if None. Both ends are taken inwards to
    twentieths of the time. steady: the steady state is asked for: the warm-up is cut from each run (MSER-5), and
    UnstableError says which station cannot keep up. precision: more seeds are run until the interval of every class's
    mean and success is within ± this share of it, or `most_seeds` were. is_compiled: None takes numba where it is.

    >>> from archnb.sim.network import Arrivals, Call, RequestClass, Service, Station
    >>> api = Station(name="api", servers=8)
    >>> database = Station(name="database", servers=None, service=Service.constant(1.0))
    >>> read = RequestClass(name="read", arrivals=Arrivals.poisson(92), calls=(
    ...     Call(station="api", then=(Call(station="database"),)),))
    >>> answer = simulate(Network(stations=(api, database), classes=(read,)), seconds=20, seeds=2, is_compiled=False)
    >>> round(answer.stations["database"].throughput.value)  # eight slots, each held for a second
    8
    """
    if precision is not None:
        require_finite("precision", precision, is_zero_allowed=False)
    if steady:
        network.require_steady_state()
    chosen = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    require("seeds", seeds, len(chosen) > 0 and len(set(chosen)) == len(chosen), "at least one seed, each once")
    _require_window(measure, seconds)
    runs: list[_Reduced] = []
    fresh = chosen
    while True:
        tasks = [(network, seconds, seed, floor, is_compiled) for seed in fresh]
        runs += _gather(tasks, executor, progress, cancel)
        answer = _summarise(network, seconds, runs, measure, steady, confidence)
        if precision is None or _is_precise(answer, precision) or len(runs) >= most_seeds:
            return answer
        highest = max(one.seed for one in runs)
        fresh = list(range(highest + 1, highest + 1 + min(max(2, len(runs) // 2), most_seeds - len(runs))))


def _is_precise(answer: Answer, precision: float) -> bool:
    estimates = [one for row in answer.classes.values() for one in (row.mean, row.success)]
    return all(one.half_width <= precision * abs(one.value) for one in estimates)


__all__ = ["Answer", "ClassAnswer", "Estimate", "Series", "StationAnswer", "simulate", "student_quantile", "sweep"]
