"""A network written out as the flat tables of the event loop, and what one seed's run of it leaves behind."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from archnb.sim import require_count, require_finite
from archnb.sim.network import Breaker, Call, Network, Parallel, RetryBudget, Service, Step

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BUCKETS = 300  # of time, for series
SEGMENTS = 20  # of time, for histograms: whole numbers of buckets
WITHOUT_LIMIT = 1 << 40
CALLS = 256


@cache
def load_loop(is_compiled: bool | None) -> ModuleType:
    """The loop, compiled where numba is there (None), certainly (True), or as plain Python (False)."""
    if is_compiled is not False:
        from archnb.sim import network_loop

        if is_compiled and not network_loop.IS_COMPILED:
            raise ModuleNotFoundError('numba is not installed: pip install "archnb[fast]"')
        return network_loop
    spec = importlib.util.find_spec("archnb.sim.network_loop")
    assert spec is not None and spec.loader is not None
    plain = importlib.util.module_from_spec(spec)
    plain.__dict__["PLAIN"] = True
    spec.loader.exec_module(plain)
    return plain


def _spread(seed: int, stream: int) -> tuple[int, int, int, int]:
    """Four 32-bit words of a stream, never all zero: splitmix64 (Steele, Lea, Flood 2014)."""
    mask = (1 << 64) - 1
    state = (seed * 0x9E3779B97F4A7C15 + stream * 0xD1B54A32D192ED03 + 0x2545F4914F6CDD1D) & mask
    words = []
    for _ in range(2):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
        words += [z & 0xFFFFFFFF, z >> 32]
    return (words[0] | 1, words[1], words[2], words[3])


class _Tables:
    """The tables while they are filled: flat lists, which the compiled loop gets as arrays."""

    def __init__(self, network: Network, loop: Any) -> None:
        self.network, self.loop = network, loop
        self.stations = {one.name: n for n, one in enumerate(network.stations)}
        self.caches = {one.name: n for n, one in enumerate(network.caches)}
        self.ni: list[int] = []
        self.nf: list[float] = []
        self.parameters: list[float] = []
        self._placed: dict[Service, int] = {}
        self.width = 1
        self.links: dict[tuple[int, int], int] = {}
        self.bf: list[float] = []
        self.ri: list[int] = []
        self.rf: list[float] = []
        self._shared: dict[tuple[str, str], tuple[object, int]] = {}

    def place(self, service: Service | None) -> tuple[int, int]:
        """The number of a distribution's kind, and where its parameters begin."""
        kinds = ("", "constant", "exponential", "lognormal", "gamma", "hyperexponential", "empirical")
        if service is None:
            return 0, 0
        if service not in self._placed:
            self._placed[service] = len(self.parameters)
            self.parameters += service.parameters
        return kinds.index(service.kind), self._placed[service]

    def node(self, request_class: int, call: Call | None, source: int, passes: bool, children: Sequence[Step]) -> int:
        """A row for a call, or for the request itself, and rows for all calls below it."""
        L = self.loop
        index: int = len(self.ni) // L.NW
        self.ni += [0] * L.NW
        self.nf += [0.0] * L.NFW
        n, f = index * L.NW, index * L.NFW
        station = -1 if call is None else self.stations[call.station]
        service = None
        if call is not None:
            service = call.service or self.network.stations[station].service
        kind, at = self.place(service)
        row = {
            L.N_STATION: station, L.N_CLASS: request_class, L.N_KIND: kind, L.N_PARAMETER: at, L.N_CHILD: -1,
            L.N_SIBLING: -1, L.N_NEXT: -1, L.N_BUDGET: -1, L.N_BREAKER: -1, L.N_CACHE: -1, L.N_REQUIRED: 1,
            L.N_PASSES: int(passes), L.N_LINK: -1,
        }  # fmt: skip
        floats = {L.NF_SHARE: 1.0, L.NF_HOLDERS: 1.0}
        if call is not None:
            row |= {
                L.N_RETRIES: call.retries, L.N_CACHE: self.caches[call.cache] if call.cache is not None else -1,
                L.N_REQUIRED: int(call.required), L.N_ASYNC: int(not call.waits),
                L.N_JITTER: ("none", "full", "equal").index(call.jitter),
                L.N_LINK: self.links.setdefault((source, station), len(self.links)),
                L.N_BUDGET: self._budget(call.budget), L.N_BREAKER: self._breaker(call.breaker),
            }  # fmt: skip
            kept = call.budget or call.breaker
            floats |= {
                L.NF_SHARE: call.share, L.NF_TIMEOUT: call.timeout or 0.0, L.NF_BACKOFF: call.backoff,
                L.NF_FACTOR: call.factor, L.NF_CAP: call.longest, L.NF_RANK: call.priority,
                L.NF_HOLDERS: float(kept.instances) if kept is not None else 1.0,
            }  # fmt: skip
        for key, value in row.items():
            self.ni[n + key] = value
        for key, number in floats.items():
            self.nf[f + key] = number
        groups = []
        for step in children:
            calls = step.calls if isinstance(step, Parallel) else (step,)
            groups.append([self.node(request_class, one, station, passes and one.waits, one.then) for one in calls])
        self.width = max(self.width, *map(len, groups), 1)
        for k, group in enumerate(groups):
            if k == 0:
                self.ni[n + L.N_CHILD] = group[0]
            for m, child in enumerate(group):
                self.ni[child * L.NW + L.N_SIBLING] = group[m + 1] if m + 1 < len(group) else -1
                self.ni[child * L.NW + L.N_NEXT] = groups[k + 1][0] if k + 1 < len(groups) else -1
        return index

    def _budget(self, budget: RetryBudget | None) -> int:
        if budget is None:
            return -1
        at = self._find_shared("budget", budget.name, budget, len(self.bf) // self.loop.BFW)
        if at is not None:
            return at
        first: int = len(self.bf) // self.loop.BFW
        row = [budget.size, budget.size, budget.per_call, budget.per_success, budget.rate, 0.0]
        self.bf += row * budget.instances
        return first

    def _breaker(self, breaker: Breaker | None) -> int:
        if breaker is None:
            return -1
        at = self._find_shared("breaker", breaker.name, breaker, len(self.ri) // self.loop.RW)
        if at is not None:
            return at
        first: int = len(self.ri) // self.loop.RW
        self.ri += [("calls", "retries").index(breaker.stops), breaker.probes, 0, 0] * breaker.instances
        row = [breaker.threshold, breaker.window or 0.0, breaker.least, breaker.open_for, 0.0, 0.0, 0.0, 0.0]
        self.rf += row * breaker.instances
        return first

    def _find_shared(self, kind: str, name: str, one: object, here: int) -> int | None:
        if not name:
            return None
        known = self._shared.setdefault((kind, name), (one, here))
        if known[0] != one:
            raise ValueError(f"{kind} {name!r} is said in two ways: {known[0]} and {one}; say it once and use it twice")
        return known[1] if known[1] != here else None


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one seed's run left behind, by bucket of time (b), segment (g), station (s), class (k).

    `station_counts` [b, s, SC_…] and `class_counts` [b, k, KC_…] are counts, `station_sums` [b, s, SS_…] integrals over
    time, `latency_sums` [b, k]; `histograms` [g, s + k, bin]. `batches` are of each class the number of answers in a batch
    (5, doubled where there were many), the batches' mean latencies, and when each ended. `inside` are the calls at the stations and requests of the classes at the end.
    """

    seed: int
    seconds: float
    events: int
    peak: int
    station_counts: NDArray[np.int64]
    station_sums: NDArray[np.float64]
    class_counts: NDArray[np.int64]
    latency_sums: NDArray[np.float64]
    histograms: NDArray[np.int64]
    batches: tuple[tuple[int, NDArray[np.float64], NDArray[np.float64]], ...]
    station_inside: tuple[int, ...]
    class_inside: tuple[int, ...]
    hits: tuple[tuple[float, float], ...]


def run_seed(network: Network, seconds: float, seed: int, is_compiled: bool | None = None) -> Run:
    """Run a network for so many seconds with one seed; the same seed gives the same run, compiled or not.

    Raises ValueError for a time or seed outside its range, RuntimeError where a call was lost from the books.
    """
    import numpy as np

    require_finite("seconds", seconds, is_zero_allowed=False)
    require_count("seed", seed, least=0)
    L = load_loop(is_compiled)
    t = _Tables(network, L)
    stations, classes = len(network.stations), len(network.classes)
    roots = []
    for k, one in enumerate(network.classes):
        roots.append(t.node(k, None, -1, one.passes_deadline, one.calls))
    si, sf = [0] * (stations * L.SW), [0.0] * (stations * L.SFW)
    events: list[tuple[float, int, int]] = []
    for s, station in enumerate(network.stations):
        i, f = s * L.SW, s * L.SFW
        servers = WITHOUT_LIMIT if station.servers is None else station.servers
        is_shared = station.discipline == "sharing"
        capacity = (station.concurrency or WITHOUT_LIMIT) if is_shared else servers
        row = {
            L.S_CAPACITY: capacity, L.S_PROVISIONED: capacity, L.S_PROCESSORS: servers, L.S_HEAD: -1, L.S_TAIL: -1,
            L.S_SHARED: -1, L.S_EVENT: -1, L.S_LIMIT: -1 if station.queue_limit is None else station.queue_limit,
            L.S_DISCIPLINE: ("FIFO", "LIFO", "priority", "sharing").index(station.discipline),
            L.S_HOLDS: int(station.holds), L.S_DISCARDS: int(station.discards_expired),
            L.S_BATCH: station.batch.size if station.batch is not None else 0,
        }  # fmt: skip
        numbers = {L.SF_FAILURE: station.failure, L.SF_SLOW: 1.0, L.SF_MAX_WAIT: station.max_wait or 0.0}
        if station.batch is not None:
            numbers |= {L.SF_BATCH_WAIT: station.batch.wait, L.SF_BATCH_ITEM: station.batch.per_item}
        scale = station.autoscale
        if scale is not None:
            row |= {L.S_LEAST: scale.least, L.S_MOST: scale.most}
            numbers |= {
                L.SF_INTERVAL: scale.interval,
                L.SF_AIM: scale.aim,
                L.SF_DELAY: scale.delay,
                L.SF_COOL: scale.cooldown,
            }
            events.append((scale.interval, L.SCALE, s))
        for key, value in row.items():
            si[i + key] = value
        for key, number in numbers.items():
            sf[f + key] = number
    xi: list[int] = []
    xf: list[float] = []
    for fault in network.faults:
        kind = ("slow", "paused", "lost", "failing", "partition", "cache emptied", "spike").index(fault.kind)
        targets: list[int]
        if fault.kind == "spike":
            targets = [k for k, one in enumerate(network.classes) if fault.target in (None, one.name)]
            for k in targets:
                if network.classes[k].arrivals.kind in ("replayed", "closed"):
                    raise ValueError(f"fault spike of {network.classes[k].name}: its arrivals are {network.classes[k].arrivals.kind}; "
                                     "only rates can have a spike")  # fmt: skip
        elif fault.kind == "partition":
            source = None if fault.source is None else t.stations[fault.source]
            here = t.stations[str(fault.target)]
            targets = [n for (a, b), n in t.links.items() if b == here and source in (None, a)]
        else:
            targets = [t.caches[str(fault.target)] if fault.kind == "cache emptied" else t.stations[str(fault.target)]]
        for target in targets:
            events.append((fault.start, L.FAULT, len(xi) // L.XW * 2))
            if fault.end < math.inf:
                events.append((fault.end, L.FAULT, len(xi) // L.XW * 2 + 1))
            xi += [kind, target]
            xf += [fault.start, fault.end, fault.value, 0.0]
    ki, kf = [0] * (classes * L.KW), [0.0] * (classes * L.KFW)
    streams = stations + classes + 1
    rng = [word for stream in range(streams) for word in _spread(int(seed), stream)]
    tick = seconds / BUCKETS
    g = [0] * L.GW
    hf = [number for one in network.caches for number in (one.hit_ratio, one.entries, 1e18, 0.0, 0.0, 0.0)]
    for k, one in enumerate(network.classes):
        i, f = k * L.KW, k * L.KFW
        arrivals = one.arrivals
        ki[i + L.K_KIND] = ("Poisson", "MMPP", "diurnal", "replayed", "closed", "renewal").index(arrivals.kind)
        ki[i + L.K_ROOT], ki[i + L.K_EVENT], ki[i + L.K_COUNT], ki[i + L.K_BATCH] = roots[k], -1, arrivals.count, 5
        if arrivals.service is not None:
            ki[i + L.K_PHASE], ki[i + L.K_PARAMETER] = t.place(arrivals.service)
        else:
            ki[i + L.K_PARAMETER] = len(t.parameters)
            t.parameters += arrivals.parameters
        kf[f + L.KF_RATE] = 0.0 if math.isnan(arrivals.rate) else arrivals.rate
        kf[f + L.KF_SPIKE], kf[f + L.KF_DEADLINE] = 1.0, one.deadline or 0.0
    parameters = t.parameters or [0.0]
    parameters = [float(one) for one in parameters]
    # the first events: drawn here with the loop's own functions, in plain Python on both ways
    plain = load_loop(False)
    for k, one in enumerate(network.classes):
        i, stream = k * L.KW, stations + k
        if one.arrivals.kind == "closed":
            for _ in range(one.arrivals.count):
                events.append(
                    (plain.draw(ki[i + L.K_PHASE], ki[i + L.K_PARAMETER], parameters, rng, stream), L.ARRIVAL, k)
                )
            continue
        if one.arrivals.kind == "MMPP":
            stay = -math.log(plain.uniform(rng, stream)) * parameters[ki[i + L.K_PARAMETER] + 1]
            events.append((stay, L.PHASE, k))
        first = plain.next_arrival(k, ki, kf, parameters, rng, stream, 0.0)
        if first <= seconds:
            events.append((first, L.ARRIVAL, -1 - k))
    events.append((tick, L.TICK, 0))
    room = 4 * CALLS + 2 * len(events) + 64
    times, keys = [0.0] * room, [0] * room
    for time, kind, slot in events:
        key = plain.push(times, keys, g, time, kind, -1 - slot if slot < 0 else slot)
        if slot < 0:
            ki[(-1 - slot) * L.KW + L.K_EVENT] = key
    ci, cf = [0] * (CALLS * L.CW), [0.0] * (CALLS * L.FW)
    for slot in range(CALLS):
        ci[slot * L.CW + L.C_NEXT] = slot + 1 if slot + 1 < CALLS else -1
    g[L.G_STATIONS], g[L.G_CLASSES], g[L.G_NODES] = stations, classes, len(t.ni) // L.NW
    g[L.G_BUCKETS], g[L.G_SEGMENTS], g[L.G_CALLS] = BUCKETS, SEGMENTS, CALLS
    g[L.G_WIDTH] = t.width
    stack = [0] * (4 * CALLS)
    ssi, ssf = [0] * (BUCKETS * stations * L.SCW), [0.0] * (BUCKETS * stations * L.SSW)
    ksi, ksf = [0] * (BUCKETS * classes * L.KCW), [0.0] * (BUCKETS * classes)
    means, ends = [0.0] * (classes * L.BATCHES), [0.0] * (classes * L.BATCHES)
    size = SEGMENTS * (stations + classes) * L.BINS

    def as_ints(values: list[int]) -> Any:
        return np.array(values or [0], dtype=np.int64) if L.IS_COMPILED else values or [0]

    def as_floats(values: list[float]) -> Any:
        return np.array(values or [0.0], dtype=np.float64) if L.IS_COMPILED else values or [0.0]

    histogram: Any = np.zeros(size, dtype=np.int64) if L.IS_COMPILED else [0] * size
    g, ki, si = as_ints(g), as_ints(ki), as_ints(si)
    ssi, ssf, ksi, ksf = as_ints(ssi), as_floats(ssf), as_ints(ksi), as_floats(ksf)
    means, ends, hf = as_floats(means), as_floats(ends), as_floats(hf)
    heap = [as_floats(times), as_ints(keys)]
    calls = [as_ints(stack), as_ints(ci), as_floats(cf)]
    fixed = (
        as_ints(t.ni), as_floats(t.nf), si, as_floats(sf), ki, as_floats(kf), as_floats(t.bf), as_ints(t.ri), as_floats(t.rf),
        hf, as_ints(xi), as_floats(xf), as_floats(parameters), as_ints(rng), ssi, ssf, ksi, ksf, histogram, means, ends,
    )  # fmt: skip
    clock = as_floats([0.0])
    # the last tick must not fall behind the end by a rounding
    while L.run(seconds * (1 + 1e-12), tick, clock, g, *heap, *calls, *fixed) == L.FULL:
        old = int(g[L.G_CALLS])
        if g[L.G_CALLS] - g[L.G_LIVE] <= max(int(g[L.G_WIDTH]), old // 4):
            calls = [_lengthen(one) for one in calls]
            for slot in range(2 * old - 1, old - 1, -1):
                calls[1][slot * L.CW + L.C_NEXT] = g[L.G_FREE]
                g[L.G_FREE] = slot
            g[L.G_CALLS] = 2 * old
        heap = [_lengthen(one, 4 * old) for one in heap]
    if int(g[L.G_BUCKET]) != BUCKETS:
        raise RuntimeError(f"the run ended in bucket {int(g[L.G_BUCKET])} of {BUCKETS}")
    batches = []
    for k in range(classes):
        first, have = k * L.BATCHES, int(ki[k * L.KW + L.K_BATCHES])
        batch_means = np.array(means[first : first + have], dtype=np.float64)
        batches.append(
            (int(ki[k * L.KW + L.K_BATCH]), batch_means, np.array(ends[first : first + have], dtype=np.float64))
        )
    run = Run(
        seed=int(seed), seconds=seconds, events=int(g[L.G_EVENTS]), peak=int(g[L.G_PEAK]),
        station_counts=np.asarray(ssi[: BUCKETS * stations * L.SCW], dtype=np.int64).reshape(BUCKETS, stations, L.SCW),
        station_sums=np.asarray(ssf[: BUCKETS * stations * L.SSW], dtype=np.float64).reshape(BUCKETS, stations, L.SSW),
        class_counts=np.asarray(ksi, dtype=np.int64).reshape(BUCKETS, classes, L.KCW),
        latency_sums=np.asarray(ksf, dtype=np.float64).reshape(BUCKETS, classes),
        histograms=np.asarray(histogram, dtype=np.int64).reshape(SEGMENTS, stations + classes, L.BINS),
        batches=tuple(batches),
        station_inside=tuple(int(si[s * L.SW + L.S_INSIDE]) for s in range(stations)),
        class_inside=tuple(int(ki[k * L.KW + L.K_INSIDE]) for k in range(classes)),
        hits=tuple((float(hf[h * L.HW + L.H_HITS]), float(hf[h * L.HW + L.H_MISSES])) for h in range(len(network.caches))),
    )  # fmt: skip
    _require_conserved(network, run, L)
    _require_consistent(
        network, run, L, g, si, np.array(calls[1]).reshape(-1, L.CW), np.array(fixed[0]).reshape(-1, L.NW)
    )
    return run


def _lengthen(array: Any, by: int = 0) -> Any:
    """An array or list with room for `by` more, or for as much again."""
    import numpy as np

    by = by or len(array)
    if isinstance(array, list):
        return array + [0 * array[0]] * by
    return np.concatenate((array, np.zeros(by, array.dtype)))


def _require_conserved(network: Network, run: Run, loop: Any) -> None:
    """Raise RuntimeError unless all that came went or is still there: a fault of the simulator, never of a network."""
    counts = run.station_counts.sum(axis=0)
    for s, station in enumerate(network.stations):
        row = counts[s]
        gone = sum(
            int(row[k]) for k in (loop.SC_SERVED, loop.SC_ERRED, loop.SC_REFUSED, loop.SC_EXPIRED, loop.SC_KILLED)
        )
        if int(row[loop.SC_ARRIVED]) != gone + run.station_inside[s]:
            raise RuntimeError(
                f"{station.name}: {int(row[loop.SC_ARRIVED])} came, {gone} went, {run.station_inside[s]} are there"
            )
    answers = run.class_counts.sum(axis=0)
    for k, one in enumerate(network.classes):
        gone = int(answers[k, loop.KC_ANSWERED :].sum())
        if int(answers[k, loop.KC_OFFERED]) != gone + run.class_inside[k]:
            raise RuntimeError(
                f"{one.name}: {int(answers[k, loop.KC_OFFERED])} came, {gone} were answered, {run.class_inside[k]} wait"
            )


def _require_consistent(network: Network, run: Run, loop: Any, g: Any, si: Any, calls: Any, nodes: Any) -> None:
    """Raise RuntimeError unless the calls themselves add up to what stations and classes believe to hold."""
    import numpy as np

    states = calls[:, loop.C_STATE]
    live = states != loop.FREE
    if int(live.sum()) != int(g[loop.G_LIVE]):
        raise RuntimeError(f"{int(live.sum())} calls are alive, {int(g[loop.G_LIVE])} are counted")
    at = np.where(live, nodes[calls[:, loop.C_NODE], loop.N_STATION], -2)
    for s, station in enumerate(network.stations):
        here = states[at == s]
        for what, counted, found in (
            ("waiting", si[s * loop.SW + loop.S_WAITING], here == loop.WAITING),
            ("running", si[s * loop.SW + loop.S_RUNNING], (here == loop.SERVING) | (here == loop.HOLDING)),
            ("inside", run.station_inside[s], (here >= loop.WAITING) & (here <= loop.DETACHED)),
        ):
            if int(found.sum()) != int(counted):
                raise RuntimeError(f"{station.name}: {int(found.sum())} calls are {what}, {int(counted)} are counted")
    waiting = live & (states == loop.ROOT) & (calls[:, loop.C_OWNER] != loop.ABANDONED)
    if int(waiting.sum()) != sum(run.class_inside):
        raise RuntimeError(f"{int(waiting.sum())} requests wait, {sum(run.class_inside)} are counted")


__all__ = ["BUCKETS", "SEGMENTS", "Run", "load_loop", "run_seed"]
