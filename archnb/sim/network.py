"""A network of stations under load, simulated event by event: what formulas leave out, from retry storms to recovery.

A `Station` works on calls with so many servers; a `RequestClass` arrives and makes calls, which make calls in turn; a
`Fault` happens at its time. `simulate` gives what users and stations see, each number with its interval over seeds, and
how often the network tips over. Times are seconds, rates a second. What is simulated and how is in docs/simulation.md.

>>> database = Station(name="database", servers=4, service=Service.exponential(0.010))
>>> read = RequestClass(name="read", arrivals=Arrivals.poisson(300), calls=(Call(station="database", timeout=1.0),))
>>> shop = Network(stations=(database,), classes=(read,))
>>> shop.utilisations()["database"]
0.75
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from archnb.sim import require, require_count, require_finite, require_share

Discipline = Literal["FIFO", "LIFO", "priority", "sharing"]
Jitter = Literal["none", "full", "equal"]
FaultKind = Literal["slow", "paused", "lost", "failing", "partition", "cache emptied", "spike"]


class UnstableError(ValueError):
    """A steady state was asked of a network that has none; says which station is wanted more than it is there."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A distribution of times in seconds: made by the class methods, which say what they need.

    `mean` and `scv` (variance / mean²) are those of the distribution.
    """

    kind: str
    parameters: tuple[float, ...]
    mean: float
    scv: float

    @classmethod
    def exponential(cls, mean: float) -> Service:
        """Memoryless times: the usual choice where only the mean is known.

        >>> Service.exponential(0.01).scv
        1.0
        """
        require_finite("mean", mean, is_zero_allowed=False)
        return cls(kind="exponential", parameters=(float(mean),), mean=float(mean), scv=1.0)

    @classmethod
    def constant(cls, time: float) -> Service:
        """Always the same time."""
        require_finite("time", time)
        return cls(kind="constant", parameters=(float(time),), mean=float(time), scv=0.0)

    @classmethod
    def lognormal(cls, mean: float, scv: float) -> Service:
        """Times whose logarithm is normal, by their mean and variance / mean²: what measured latencies often look like."""
        require_finite("mean", mean, is_zero_allowed=False)
        require_finite("scv", scv, is_zero_allowed=False)
        variance = math.log1p(scv)
        parameters = (math.log(mean) - variance / 2, math.sqrt(variance))
        return cls(kind="lognormal", parameters=parameters, mean=float(mean), scv=float(scv))

    @classmethod
    def gamma(cls, mean: float, scv: float) -> Service:
        """Gamma times by their mean and variance / mean²; 1/k is Erlang's with k phases."""
        require_finite("mean", mean, is_zero_allowed=False)
        require_finite("scv", scv, is_zero_allowed=False)
        return cls(kind="gamma", parameters=(1 / scv, mean * scv), mean=float(mean), scv=float(scv))

    @classmethod
    def hyperexponential(cls, means: Sequence[float], shares: Sequence[float]) -> Service:
        """One of several exponentials, each with its share: mostly fast, sometimes slow.

        >>> Service.hyperexponential(means=(0.001, 0.1), shares=(0.99, 0.01)).mean
        0.00199
        """
        require("means", means, len(means) > 0, "at least one mean")
        for mean in means:
            require_finite("means", mean, is_zero_allowed=False)
        is_whole = len(shares) == len(means) and min(shares) >= 0 and abs(sum(shares) - 1) < 1e-9
        require("shares", shares, is_whole, f"{len(means)} shares that add up to 1")
        mean = math.fsum(p * m for p, m in zip(shares, means, strict=True))
        second = math.fsum(2 * p * m * m for p, m in zip(shares, means, strict=True))
        sums = [math.fsum(shares[: n + 1]) for n in range(len(shares))]
        parameters = (float(len(means)), *sums, *(float(one) for one in means))
        return cls(kind="hyperexponential", parameters=parameters, mean=mean, scv=second / mean**2 - 1)

    @classmethod
    def empirical(cls, times: Sequence[float]) -> Service:
        """Times as they were measured, each as likely as the others."""
        require("times", times, len(times) > 0, "at least one measured time")
        for time in times:
            require_finite("times", time)
        mean = math.fsum(times) / len(times)
        second = math.fsum(time * time for time in times) / len(times)
        scv = second / mean**2 - 1 if mean else 0.0
        return cls(kind="empirical", parameters=(float(len(times)), *map(float, times)), mean=mean, scv=scv)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Workers that take up to `size` calls at once, waiting at most `wait` seconds for more; each beyond the first adds
    `per_item` seconds to the service time of the batch."""

    size: int
    wait: float = 0.0
    per_item: float = 0.0

    def __post_init__(self) -> None:
        require_count("size", self.size, least=2)
        require_finite("wait", self.wait)
        require_finite("per_item", self.per_item)


@dataclass(frozen=True, kw_only=True)
class Autoscale:
    """Servers follow the load: every `interval` s those that would be `aim` busy are asked for, between `least` and `most`;
    new ones work after `delay` s, none is taken away within `cooldown` s of a change. Who works finishes first."""

    least: int
    most: int
    aim: float = 0.6
    interval: float = 15.0
    delay: float = 60.0
    cooldown: float = 300.0

    def __post_init__(self) -> None:
        require_count("least", self.least)
        require_count("most", self.most, least=self.least)
        require("aim", self.aim, 0 < self.aim <= 1, "a share above 0, at most 1")
        require_finite("interval", self.interval, is_zero_allowed=False)
        require_finite("delay", self.delay)
        require_finite("cooldown", self.cooldown)


@dataclass(frozen=True, kw_only=True)
class Station:
    """A place where calls are worked on.

    servers: how many at once; None is without limit (a delay: somebody else's system, a network). With the discipline
        "sharing" the servers are processors that all admitted calls share, `concurrency` of them at most.
    service: how long one works on one call; None is no time at all: with `holds`, a pool of connections.
    queue_limit: how many may wait; a call beyond them is refused. None is without limit.
    holds: whether a call keeps its slot while it waits for the calls that it makes (a thread, a connection) or not (an
        event loop).
    discards_expired: work whose caller no longer waits is thrown away when its turn comes, and between its calls.
    max_wait: a call that waited longer is sent away when its turn comes (load shedding by age).
    failure: the share of calls that end in an error after their own work.
    """

    name: str
    servers: int | None = 1
    service: Service | None = None
    queue_limit: int | None = None
    discipline: Discipline = "FIFO"
    holds: bool = True
    concurrency: int | None = None
    discards_expired: bool = False
    max_wait: float | None = None
    failure: float = 0.0
    batch: Batch | None = None
    autoscale: Autoscale | None = None

    def __post_init__(self) -> None:
        at = f"station {self.name}: "
        if self.servers is not None:
            require_count(at + "servers", self.servers)
        if self.queue_limit is not None:
            require_count(at + "queue_limit", self.queue_limit, least=0)
        require(
            at + "discipline",
            self.discipline,
            self.discipline in get_args(Discipline),
            "one of FIFO, LIFO, priority, sharing",
        )
        if self.concurrency is not None:
            require(
                at + "concurrency", self.concurrency, self.discipline == "sharing", "none: only processors are shared"
            )
            require_count(at + "concurrency", self.concurrency)
        if self.max_wait is not None:
            require_finite(at + "max_wait", self.max_wait, is_zero_allowed=False)
        require_share(at + "failure", self.failure)
        if self.discipline == "sharing":
            require(at + "servers", self.servers, self.servers is not None, "a number of processors to share")
        if self.batch is not None:
            require(at + "discipline", self.discipline, self.discipline == "FIFO", "FIFO where work is done in batches")
            require(
                at + "queue_limit", self.queue_limit, self.queue_limit != 0, "room for those of whom a batch is made"
            )
        if self.autoscale is not None:
            is_between = self.servers is not None and self.autoscale.least <= self.servers <= self.autoscale.most
            require(at + "servers", self.servers, is_between and self.discipline != "sharing",
                    f"servers to begin with, from {self.autoscale.least} to {self.autoscale.most}, not shared")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RetryBudget:
    """A bucket of tokens: a retry takes one and is not made where there is none.

    Filled by `per_call` at every first attempt, `per_success` at every success and `rate` a second, up to `size`, where
    it begins. `instances`: how many callers keep a bucket each. Calls that give one `name` share the bucket. Finagle's
    default comes to per_call=0.2, rate=10, size=100; the token bucket of the AWS SDKs to per_success=0.1.
    """

    name: str = ""
    per_call: float = 0.0
    per_success: float = 0.0
    rate: float = 0.0
    size: float = 10.0
    instances: int = 1

    def __post_init__(self) -> None:
        for name in ("per_call", "per_success", "rate", "size"):
            require_finite(name, getattr(self, name))
        require_count("instances", self.instances)


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """A circuit breaker: above `threshold` failures a call it stops calls (for `open_for` s, then `probes` decide) or,
    with stops="retries", only retries.

    Failures are counted over the last `window` s, exponentially forgotten; None is since the beginning. Below `least`
    calls it never opens. `instances`: how many callers keep one each; calls that give one `name` share it.
    """

    name: str = ""
    threshold: float = 0.5
    window: float | None = 10.0
    least: float = 20.0
    open_for: float = 5.0
    probes: int = 1
    stops: Literal["calls", "retries"] = "calls"
    instances: int = 1

    def __post_init__(self) -> None:
        require_share("threshold", self.threshold)
        if self.window is not None:
            require_finite("window", self.window, is_zero_allowed=False)
        require_finite("least", self.least)
        require_finite("open_for", self.open_for)
        require_count("probes", self.probes)
        require_count("instances", self.instances)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call to a station, and the calls (`then`) that are made there, one after another, once its own work is done.

    service: this call's work, where it is not the station's usual one.
    timeout: seconds until the caller stops waiting; the work goes on. None waits for ever.
    retries: further attempts after a failure, `backoff` s later, times `factor` for each up to `longest`, with `jitter`.
    share: the share of callers that make it. cache: it is made only where this cache has not the answer.
    required: whether its failure is the caller's. waits: whether the caller waits for it at all.
    priority: with that discipline, smaller is served first.
    """

    station: str
    service: Service | None = None
    then: tuple[Step, ...] = ()
    timeout: float | None = None
    retries: int = 0
    backoff: float = 0.0
    factor: float = 2.0
    longest: float = math.inf
    jitter: Jitter = "none"
    budget: RetryBudget | None = None
    breaker: Breaker | None = None
    share: float = 1.0
    cache: str | None = None
    required: bool = True
    waits: bool = True
    priority: float = 0.0

    def __post_init__(self) -> None:
        at = f"call to {self.station}: "
        if self.timeout is not None:
            require_finite(at + "timeout", self.timeout, is_zero_allowed=False)
        require_count(at + "retries", self.retries, least=0)
        require_finite(at + "backoff", self.backoff)
        require(at + "factor", self.factor, self.factor >= 1, "a factor of at least 1")
        require(at + "jitter", self.jitter, self.jitter in get_args(Jitter), "one of none, full, equal")
        require_share(at + "share", self.share)
        holders = {one.instances for one in (self.budget, self.breaker) if one is not None}
        require(at + "instances", sorted(holders), len(holders) < 2, "one number of callers for budget and breaker")


@dataclass(frozen=True, kw_only=True)
class Parallel:
    """Calls made at once; the caller goes on when all are answered. Each has its retries for itself."""

    calls: tuple[Call, ...]

    def __post_init__(self) -> None:
        require("calls", self.calls, len(self.calls) > 0, "at least one call")


Step: TypeAlias = Call | Parallel


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """How requests come: made by the class methods. `rate` is the mean rate a second."""

    kind: str
    rate: float
    parameters: tuple[float, ...] = ()
    count: int = 0
    service: Service | None = None

    @classmethod
    def poisson(cls, rate: float) -> Arrivals:
        """Independent of each other, at a constant rate."""
        require_finite("rate", rate)
        return cls(kind="Poisson", rate=float(rate))

    @classmethod
    def mmpp(cls, rates: Sequence[float], durations: Sequence[float]) -> Arrivals:
        """Poisson at one rate after another, each for an exponential time of its mean duration: bursts.

        >>> Arrivals.mmpp(rates=(10, 100), durations=(90, 10)).rate
        19.0
        """
        require("rates", rates, len(rates) > 1, "at least two rates")
        require("durations", durations, len(durations) == len(rates), f"{len(rates)} durations")
        for rate in rates:
            require_finite("rates", rate)
        for duration in durations:
            require_finite("durations", duration, is_zero_allowed=False)
        mean = math.fsum(r * d for r, d in zip(rates, durations, strict=True)) / math.fsum(durations)
        pairs = tuple(float(one) for pair in zip(rates, durations, strict=True) for one in pair)
        return cls(kind="MMPP", rate=mean, parameters=pairs, count=len(rates))

    @classmethod
    def diurnal(cls, rate: float, swing: float, period: float = 86400.0, phase: float = 0.0) -> Arrivals:
        """Poisson at rate × (1 + swing × sin 2π(t / period + phase)): days and nights."""
        require_finite("rate", rate)
        require_share("swing", swing)
        require_finite("period", period, is_zero_allowed=False)
        return cls(kind="diurnal", rate=float(rate), parameters=(float(swing), float(period), float(phase)))

    @classmethod
    def replayed(cls, times: Sequence[float]) -> Arrivals:
        """At the times of a log, in seconds from its beginning, in order.

        >>> Arrivals.replayed([0.0, 0.4, 0.3])
        Traceback (most recent call last):
        ValueError: times: 0.3 (the 3rd) is before 0.4; give times in order, none going backwards
        """
        require("times", times, len(times) > 0, "a trace with at least one arrival")
        before = 0.0
        for n, time in enumerate(times):
            require_finite("times", time)
            if time < before:
                nth = (
                    f"{n + 1}{'th' if 10 < (n + 1) % 100 < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get((n + 1) % 10, 'th')}"
                )
                raise ValueError(
                    f"times: {time!r} (the {nth}) is before {before!r}; give times in order, none going backwards"
                )
            before = time
        rate = len(times) / times[-1] if times[-1] > 0 else math.inf
        return cls(kind="replayed", rate=rate, parameters=tuple(map(float, times)), count=len(times))

    @classmethod
    def closed(cls, users: int, think: Service) -> Arrivals:
        """So many users, each of whom thinks, asks, and thinks again when the answer came (or he stopped waiting)."""
        require_count("users", users)
        return cls(kind="closed", rate=math.nan, parameters=think.parameters, count=int(users), service=think)

    @classmethod
    def renewal(cls, gaps: Service) -> Arrivals:
        """With independent gaps of one distribution: clockwork, or burstier than Poisson."""
        require("gaps", gaps.mean, gaps.mean > 0, "gaps of a mean above 0")
        return cls(kind="renewal", rate=1 / gaps.mean, parameters=gaps.parameters, service=gaps)


@dataclass(frozen=True, kw_only=True)
class RequestClass:
    """Requests of one kind: how they come and the calls that each makes, in order.

    deadline: seconds after which the user no longer waits. passes_deadline: each call is told what is left, and no one
    waits or tries again past it.
    """

    name: str
    arrivals: Arrivals
    calls: tuple[Step, ...]
    deadline: float | None = None
    passes_deadline: bool = False

    def __post_init__(self) -> None:
        require(f"class {self.name}: calls", self.calls, len(self.calls) > 0, "at least one call")
        if self.deadline is not None:
            require_finite(f"class {self.name}: deadline", self.deadline, is_zero_allowed=False)
        elif self.passes_deadline:
            raise ValueError(f"class {self.name}: passes_deadline: there is no deadline to pass; give deadline")


@dataclass(frozen=True, kw_only=True)
class Cache:
    """What `Call.cache` names: its hit ratio, and how many loads fill 63 % of it after it was emptied (0: at once)."""

    name: str
    hit_ratio: float
    entries: float = 0.0

    def __post_init__(self) -> None:
        require_share(f"cache {self.name}: hit_ratio", self.hit_ratio)
        require_finite(f"cache {self.name}: entries", self.entries)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong from `start` to `end`, in seconds.

    slow: the station takes `value` times as long. paused: it does nothing. lost: a share `value` of its servers is gone
    with what they worked on; with 1 it refuses. failing: a share `value` more of its calls end in errors. partition:
    between callers (`source`, None for all) and the station nothing passes until the end. cache emptied: at `start`.
    spike: a class (target None: all) comes `value` times as often.
    """

    kind: FaultKind
    target: str | None
    start: float
    end: float = math.inf
    value: float = 1.0
    source: str | None = None

    def __post_init__(self) -> None:
        at = f"fault {self.kind} of {self.target}: "
        require(at + "kind", self.kind, self.kind in get_args(FaultKind), f"one of {', '.join(get_args(FaultKind))}")
        require_finite(at + "start", self.start)
        require(
            at + "end",
            self.end,
            self.end > self.start,
            f"a time after its start at {self.start!r} s: time does not go backwards",
        )
        if self.kind in ("lost", "failing"):
            require(at + "value", self.value, 0 < self.value <= 1, "a share above 0, at most 1")
        elif self.kind in ("slow", "spike"):
            require_finite(at + "value", self.value, is_zero_allowed=False)
        elif self.kind in ("paused", "partition"):
            require_finite(at + "end", self.end)


@dataclass(frozen=True, kw_only=True)
class Network:
    """Stations, the requests that come to them, the caches that spare them work, and what goes wrong."""

    stations: tuple[Station, ...]
    classes: tuple[RequestClass, ...]
    caches: tuple[Cache, ...] = ()
    faults: tuple[Fault, ...] = ()
    _by_name: dict[str, Station] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require("classes", self.classes, len(self.classes) > 0, "at least one class of requests")
        for what, names in (
            ("stations", [one.name for one in self.stations]),
            ("classes", [one.name for one in self.classes]),
            ("caches", [one.name for one in self.caches]),
        ):
            require(what, names, len(set(names)) == len(names), "each name once")
        object.__setattr__(self, "_by_name", {one.name: one for one in self.stations})
        caches = {one.name for one in self.caches}
        classes = {one.name for one in self.classes}
        for one in self.classes:
            for call, _, _ in walk(one.calls):
                _require_known(f"class {one.name}: a call's station", call.station, self._by_name)
                if call.cache is not None:
                    _require_known(f"class {one.name}: a call's cache", call.cache, caches)
                if call.then and self._by_name[call.station].batch is not None:
                    raise ValueError(f"class {one.name}: a call to {call.station} makes calls, but {call.station} works in batches; "
                                     "make them from the caller")  # fmt: skip
        for fault in self.faults:
            if fault.kind == "spike":
                if fault.target is not None:
                    _require_known("a spike's target", fault.target, classes)
            elif fault.kind == "cache emptied":
                _require_known("a fault's target", fault.target, caches)
            else:
                _require_known("a fault's target", fault.target, self._by_name)
                if fault.kind == "lost" and fault.value < 1 and self._by_name[str(fault.target)].servers is None:
                    raise ValueError(f"fault lost of {fault.target}: a share of servers without limit; "
                                     "give the station servers, or use failing")  # fmt: skip

    def visits(self, request_class: RequestClass) -> dict[str, float]:
        """How often a request of a class calls each station, where nothing fails and nothing is tried again."""
        ratios = {one.name: one.hit_ratio for one in self.caches}
        found = dict.fromkeys(self._by_name, 0.0)
        for call, chance, _ in walk(request_class.calls, ratios):
            found[call.station] += chance
        return found

    def utilisations(self) -> dict[str, float]:
        """The share of time for which each station is wanted, at least: first attempts only, and nobody waits in a queue.

        A station that holds its slots is wanted for as long as the calls that are made from it take.
        """
        ratios = {one.name: one.hit_ratio for one in self.caches}
        load = dict.fromkeys(self._by_name, 0.0)
        for one in self.classes:
            rate = 0.0 if math.isnan(one.arrivals.rate) or math.isinf(one.arrivals.rate) else one.arrivals.rate
            for call, chance, _ in walk(one.calls, ratios):
                load[call.station] += rate * chance * self._hold_time(call, ratios)
        return {
            name: 0.0 if station.servers is None else
            load[name] / (station.autoscale.most if station.autoscale is not None else station.servers)
            for name, station in self._by_name.items()
        }  # fmt: skip

    def _work(self, call: Call) -> float:
        station = self._by_name[call.station]
        service = call.service or station.service
        work = service.mean if service is not None else 0.0
        if station.batch is not None:
            return (work + station.batch.per_item * (station.batch.size - 1)) / station.batch.size
        return work

    def _hold_time(self, call: Call, ratios: Mapping[str, float]) -> float:
        """The seconds for which a call needs a slot; time-outs cut what is waited for."""
        work, station = self._work(call), self._by_name[call.station]
        return work + self._wait_for(call.then, ratios) if station.holds and station.discipline != "sharing" else work

    def _wait_for(self, steps: Sequence[Step], ratios: Mapping[str, float]) -> float:
        total = 0.0
        for step in steps:
            calls = step.calls if isinstance(step, Parallel) else (step,)
            times = []
            for call in calls:
                if call.waits:
                    time = self._work(call) + self._wait_for(call.then, ratios)
                    time = min(time, call.timeout) if call.timeout is not None else time
                    times.append(time * call.share * (1 - (ratios[call.cache] if call.cache is not None else 0.0)))
            total += max(times, default=0.0)
        return total

    def require_steady_state(self) -> None:
        """Raise UnstableError unless every station is there for longer than it is wanted, or refuses what is too much.

        >>> Network(
        ...     stations=(Station(name="api", servers=8), Station(name="db", servers=8, service=Service.constant(1))),
        ...     classes=(RequestClass(name="read", arrivals=Arrivals.poisson(92), calls=(
        ...         Call(station="api", then=(Call(station="db"),)),)),),
        ... ).require_steady_state()
        Traceback (most recent call last):
        archnb.sim.network.UnstableError: no steady state: api is wanted 1,150 % of the time, db 1,150 %; add servers, take load off, or limit the queue
        """
        for one in self.classes:
            if one.arrivals.kind == "replayed":
                raise UnstableError(f"no steady state: {one.name} is a replayed log, which ends; use simulate")
        over = [
            f"{name}{' is wanted' if n == 0 else ''} {share * 100:,.0f} %{' of the time' if n == 0 else ''}"
            for n, (name, share) in enumerate(
                (name, share) for name, share in self.utilisations().items()
                if share >= 1 and self._by_name[name].queue_limit is None
            )
        ]  # fmt: skip
        if over:
            raise UnstableError(f"no steady state: {', '.join(over)}; add servers, take load off, or limit the queue")


def _require_known(what: str, name: str | None, known: Mapping[str, object] | set[str]) -> None:
    if name not in known:
        raise ValueError(f"{what}: there is no {name!r}; there are {', '.join(sorted(known)) or 'none'}")


def walk(
    steps: Sequence[Step], ratios: Mapping[str, float] | None = None, chance: float = 1.0, source: str | None = None
) -> Iterator[tuple[Call, float, str | None]]:
    """The calls below, each with how often a request makes it and the station that it is made from."""
    for step in steps:
        for call in step.calls if isinstance(step, Parallel) else (step,):
            missed = 1 - ratios[call.cache] if ratios is not None and call.cache is not None else 1.0
            yield call, chance * call.share * missed, source
            yield from walk(call.then, ratios, chance * call.share * missed, call.station)
