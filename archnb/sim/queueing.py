"""Closed forms of queueing: how long work waits, how many servers it takes, and where adding more stops helping.

Symbols follow the literature: λ arrival rate, s = 1/μ service time, a = λs offered load in servers' worth of work,
c servers, ρ = a/c utilisation. M/M/c results assume Poisson arrivals, exponential service and one first-come queue.
A queue that cannot keep up (a ≥ c) waits `inf` with probability 1: a finding about the design, not an error here.
Sources: Gross et al., "Fundamentals of Queueing Theory"; Gunther, "Guerrilla Capacity Planning"; Lazowska et al.,
"Quantitative System Performance".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from archnb.sim import require, require_count, require_finite

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _require_quantile(argument: str, value: float) -> None:
    require(argument, value, 0 <= value < 1, "a quantile from 0 up to but not including 1 (p99 is 0.99)")


def _require_queue(servers: int, arrival_rate: float, service_time: float) -> None:
    require_count("servers", servers)
    require_finite("arrival_rate", arrival_rate)
    require_finite("service_time", service_time, is_zero_allowed=False)


def offered_load(arrival_rate: float, service_time: float) -> float:
    """Return a = λs, the mean number of servers kept busy; by Little's law also the mean concurrency of any stage.

    >>> offered_load(400, 0.020)
    8.0
    """
    require_finite("arrival_rate", arrival_rate)
    require_finite("service_time", service_time)
    return arrival_rate * service_time


def utilisation(servers: int, arrival_rate: float, service_time: float) -> float:
    """Return ρ = λs/c, the share of time a server is wanted; 1 or more means the queue grows without end.

    >>> utilisation(10, 400, 0.020)
    0.8
    """
    _require_queue(servers, arrival_rate, service_time)
    return arrival_rate * service_time / servers


@lru_cache(maxsize=4096)
def erlang_b(servers: int, offered_load: float) -> float:
    """Return the probability that an arrival finds all servers busy when nobody can wait (M/G/c/c).

    Uses the recurrence B(k) = aB(k-1) / (k + aB(k-1)), which neither overflows nor cancels.

    >>> round(erlang_b(10, 8), 6)
    0.121661
    """
    require_count("servers", servers, least=0)
    require_finite("offered_load", offered_load)
    blocked = 1.0
    for k in range(1, int(servers) + 1):
        blocked = offered_load * blocked / (k + offered_load * blocked)
    return blocked


def _wait_from_blocking(servers: int, load: float, blocked: float) -> float:
    """Return Erlang C from Erlang B at the same servers and load."""
    if load >= servers:
        return 1.0
    return servers * blocked / (servers - load * (1 - blocked))


def erlang_c(servers: int, offered_load: float) -> float:
    """Return P(wait), the probability that an arrival to an M/M/c queue has to wait; 1.0 when overloaded.

    >>> round(erlang_c(10, 8), 6)
    0.40918
    """
    require_count("servers", servers)
    require_finite("offered_load", offered_load)
    if offered_load >= servers:
        return 1.0
    return _wait_from_blocking(servers, offered_load, erlang_b(servers, offered_load))


def _spare_rate(servers: int, arrival_rate: float, service_time: float) -> float:
    """Return cμ - λ, the rate at which a backlog shrinks."""
    return servers / service_time - arrival_rate


def mean_wait(servers: int, arrival_rate: float, service_time: float) -> float:
    """Return Wq of an M/M/c queue: mean time in the queue, service not included; `inf` when overloaded.

    >>> round(mean_wait(10, 8, 1.0), 6)
    0.20459
    """
    _require_queue(servers, arrival_rate, service_time)
    spare = _spare_rate(servers, arrival_rate, service_time)
    if spare <= 0:
        return math.inf
    return erlang_c(servers, arrival_rate * service_time) / spare


def mean_response(servers: int, arrival_rate: float, service_time: float) -> float:
    """Return W = Wq + s of an M/M/c queue; `inf` when overloaded.

    >>> round(mean_response(10, 8, 1.0), 6)
    1.20459
    """
    return mean_wait(servers, arrival_rate, service_time) + service_time


def wait_tail(servers: int, arrival_rate: float, service_time: float, t: float) -> float:
    """Return P(W > t) = C·exp(-(cμ - λ)t), the share of arrivals to an M/M/c queue that wait longer than t.

    >>> round(wait_tail(10, 8, 1.0, 1.0), 5)
    0.05538
    """
    _require_queue(servers, arrival_rate, service_time)
    require_finite("t", t)
    spare = _spare_rate(servers, arrival_rate, service_time)
    if spare <= 0:
        return 1.0
    return erlang_c(servers, arrival_rate * service_time) * math.exp(-spare * t)


def wait_quantile(servers: int, arrival_rate: float, service_time: float, p: float) -> float:
    """Return the wait that a share p of arrivals to an M/M/c queue does not exceed; `inf` when overloaded.

    >>> round(wait_quantile(10, 8, 1.0, 0.95), 4)
    1.0511
    """
    _require_queue(servers, arrival_rate, service_time)
    _require_quantile("p", p)
    spare = _spare_rate(servers, arrival_rate, service_time)
    if spare <= 0:
        return math.inf
    waiting = erlang_c(servers, arrival_rate * service_time)
    return math.log(waiting / (1 - p)) / spare if waiting > 1 - p else 0.0


def response_tail(servers: int, arrival_rate: float, service_time: float, t: float) -> float:
    """Return P(R > t) of an M/M/c queue, R being wait plus service.

    A waiter's response is the sum of two independent exponentials with rates θ = cμ - λ and μ.

    >>> round(response_tail(1, 8, 0.1, 1.0), 6)   # M/M/1: exp(-(μ - λ)t)
    0.135335
    """
    _require_queue(servers, arrival_rate, service_time)
    require_finite("t", t)
    theta = _spare_rate(servers, arrival_rate, service_time)
    if theta <= 0:
        return 1.0
    mu = 1 / service_time
    waiting = erlang_c(servers, arrival_rate * service_time)
    serving_still = math.exp(-mu * t)
    gap = theta - mu
    if abs(gap) * max(t, service_time) < 1e-7:  # the general form is 0/0 here; this is its limit
        sum_tail = (1 + mu * t) * serving_still
    else:
        sum_tail = (theta * serving_still - mu * math.exp(-theta * t)) / gap
    return min(1.0, (1 - waiting) * serving_still + waiting * sum_tail)


@lru_cache(maxsize=4096)
def response_quantile(servers: int, arrival_rate: float, service_time: float, p: float) -> float:
    """Return the response time that a share p of requests to an M/M/c queue does not exceed; `inf` when overloaded.

    >>> round(response_quantile(1, 8, 0.1, 0.99), 6)   # M/M/1: -ln(1 - p) / (μ - λ)
    2.302585
    """
    _require_queue(servers, arrival_rate, service_time)
    _require_quantile("p", p)
    if _spare_rate(servers, arrival_rate, service_time) <= 0:
        return math.inf
    low, high = 0.0, service_time
    while response_tail(servers, arrival_rate, service_time, high) > 1 - p:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if response_tail(servers, arrival_rate, service_time, middle) > 1 - p:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=4096)
def servers_for(
    arrival_rate: float,
    service_time: float,
    max_wait: float,
    quantile: float = 0.95,
    max_utilisation: float = 1.0,
) -> int:
    """Return the smallest c of an M/M/c queue with a wait of at most `max_wait` at `quantile` and a ρ within bounds.

    `max_utilisation` below 1 keeps headroom for what the model leaves out: bursts, a lost server, slow neighbours.

    >>> servers_for(arrival_rate=400, service_time=0.020, max_wait=0.010)
    12
    """
    require_finite("arrival_rate", arrival_rate)
    require_finite("service_time", service_time, is_zero_allowed=False)
    require_finite("max_wait", max_wait)
    _require_quantile("quantile", quantile)
    require("max_utilisation", max_utilisation, 0 < max_utilisation <= 1, "a share above 0, at most 1")
    load = arrival_rate * service_time
    require("arrival_rate * service_time", load, load <= 1e7, "at most 10 million servers' worth of work")
    blocked, servers = 1.0, 0
    while True:
        servers += 1
        blocked = load * blocked / (servers + load * blocked)
        if load >= servers or load > max_utilisation * servers:
            continue
        tail = _wait_from_blocking(servers, load, blocked) * math.exp(-(servers - load) / service_time * max_wait)
        if tail <= 1 - quantile:
            return servers


@dataclass(frozen=True)
class SingleServer:
    """The M/M/1 queue in steady state: shares, mean times and mean numbers."""

    utilisation: float
    wait: float
    response: float
    waiting: float
    in_system: float


def mm1(arrival_rate: float, service_time: float) -> SingleServer:
    """Return the M/M/1 queue's ρ, Wq = ρs/(1-ρ), W = s/(1-ρ), Lq = ρ²/(1-ρ) and L = ρ/(1-ρ).

    >>> mm1(8, 0.1).response
    0.5000000000000001
    """
    _require_queue(1, arrival_rate, service_time)
    rho = arrival_rate * service_time
    if rho >= 1:
        return SingleServer(rho, math.inf, math.inf, math.inf, math.inf)
    return SingleServer(
        utilisation=rho,
        wait=rho * service_time / (1 - rho),
        response=service_time / (1 - rho),
        waiting=rho * rho / (1 - rho),
        in_system=rho / (1 - rho),
    )


def kingman_wait(
    servers: int,
    arrival_rate: float,
    service_time: float,
    arrival_scv: float = 1.0,
    service_scv: float = 1.0,
) -> float:
    """Return the approximate mean wait of a G/G/c queue: (ca² + cs²)/2 times the M/M/c wait (Kingman; Allen-Cunneen).

    `scv` is the squared coefficient of variation, variance / mean²: 0 is clockwork, 1 exponential, heavy tails above.
    Exact for M/M/c and, with one server and Poisson arrivals, for any service (Pollaczek-Khinchine).

    >>> round(kingman_wait(1, 8, 0.1, service_scv=0.0), 6)   # M/D/1 waits half as long as M/M/1
    0.2
    """
    require_finite("arrival_scv", arrival_scv)
    require_finite("service_scv", service_scv)
    wait = mean_wait(servers, arrival_rate, service_time)
    variability = (arrival_scv + service_scv) / 2
    return wait if math.isinf(wait) else wait * variability


@dataclass(frozen=True)
class Waiting:
    """The wait of a queue in its steady state: the share of arrivals that wait, and the mean wait of all in seconds."""

    p_wait: float
    mean: float


@dataclass(frozen=True)
class NoSteadyState:
    """The answer where work comes at least as fast as it can be done: the queue grows, and no wait has a distribution.

    utilisation: ρ, at least 1. least_servers: the smallest number with a steady state. served: at most this share of
    what arrives is ever done.
    """

    utilisation: float
    least_servers: int

    @property
    def served(self) -> float:
        return 1 / self.utilisation


def find_waiting(
    servers: int,
    arrival_rate: float,
    service_time: float,
    arrival_scv: float = 1.0,
    service_scv: float = 1.0,
) -> Waiting | NoSteadyState:
    """Return the wait of a G/G/c queue (Allen-Cunneen; exact for M/M/c and M/G/1), or that it has no steady state.

    >>> round(find_waiting(2, 15, 0.1).mean, 6)
    0.128571
    >>> find_waiting(2, 40, 0.5)
    NoSteadyState(utilisation=10.0, least_servers=21)
    """
    _require_queue(servers, arrival_rate, service_time)
    load = arrival_rate * service_time
    if load >= servers:
        return NoSteadyState(load / servers, math.floor(load) + 1)
    return Waiting(erlang_c(servers, load), kingman_wait(servers, arrival_rate, service_time, arrival_scv, service_scv))


def erlang_c_of(servers: int, loads: Any) -> Any:
    """Return Erlang C for many offered loads at one number of servers at once; 1 from the capacity on.

    >>> import numpy as np
    >>> erlang_c_of(2, np.array([1.5, 3.0])).round(6).tolist()
    [0.642857, 1.0]
    """
    import numpy as np

    require_count("servers", servers)
    blocked: Any = np.ones_like(loads, dtype=np.float64)
    for k in range(1, int(servers) + 1):
        blocked = loads * blocked / (k + loads * blocked)
    room = np.maximum(servers - loads * (1 - blocked), 1e-300)
    return np.where(loads >= servers, 1.0, servers * blocked / room)


def usl(n: float, alpha: float, beta: float, gamma: float) -> float:
    """Return throughput at concurrency n by the Universal Scalability Law: γn / (1 + α(n-1) + βn(n-1)).

    α is contention (the serial share), β coherency (pairwise talk), γ the throughput of one (Gunther).

    >>> usl(1, 0.03, 1e-4, 90.0)
    90.0
    """
    require_finite("n", n)
    require("alpha", alpha, 0 <= alpha <= 1, "a contention share from 0 to 1")
    require_finite("beta", beta)
    require_finite("gamma", gamma, is_zero_allowed=False)
    denominator = 1 + alpha * (n - 1) + beta * n * (n - 1)
    return gamma * n / denominator if n else 0.0


def usl_peak(alpha: float, beta: float) -> float:
    """Return N* = √((1-α)/β), the concurrency past which more makes throughput fall; `inf` without coherency cost.

    >>> round(usl_peak(0.0277284, 1.04366e-4), 2)
    96.52
    """
    require("alpha", alpha, 0 <= alpha <= 1, "a contention share from 0 to 1")
    require_finite("beta", beta)
    return math.sqrt((1 - alpha) / beta) if beta else math.inf


def usl_limit(alpha: float) -> float:
    """Return 1/α, the speed-up that contention alone allows however many are added (Amdahl); `inf` without it.

    >>> round(usl_limit(0.0277284), 3)
    36.064
    """
    require("alpha", alpha, 0 <= alpha <= 1, "a contention share from 0 to 1")
    return 1 / alpha if alpha else math.inf


@dataclass(frozen=True)
class ScalabilityFit:
    """USL parameters fitted to measurements; `held_at_zero` names those that the data would have made negative."""

    alpha: float
    beta: float
    gamma: float
    held_at_zero: tuple[str, ...]


def fit_usl(concurrency: Sequence[float], throughput: Sequence[float]) -> ScalabilityFit:
    """Fit the USL to measured throughput by nonlinear least squares with α ≥ 0 and β ≥ 0.

    A negative cost has no meaning, so a parameter that would fall below zero is held there and named in the result.
    Needs three different concurrencies, all of at least 1.

    >>> fit = fit_usl([1, 4, 16, 32], [usl(n, 0.05, 0.001, 100.0) for n in (1, 4, 16, 32)])
    >>> round(fit.alpha, 6), round(fit.beta, 6), round(fit.gamma, 3), fit.held_at_zero
    (0.05, 0.001, 100.0, ())
    """
    import numpy as np

    n, x = np.asarray(concurrency, dtype=np.float64), np.asarray(throughput, dtype=np.float64)
    require("concurrency", concurrency, len(set(n.tolist())) >= 3 and n.min() >= 1, "at least 3 values of at least 1")
    is_measured = len(x) == len(n) and bool(np.all(np.isfinite(x) & (x > 0)))
    require("throughput", throughput, is_measured, f"one finite number above 0 for each of {len(n)} concurrencies")
    columns = np.stack([np.ones_like(n), n - 1, n * (n - 1)], axis=1)

    def fit(free: list[int]) -> NDArray[np.float64]:
        # n/X is linear in (1, α, β)/γ: solve that for a start, then refine on X itself by Levenberg-Marquardt.
        cost = np.zeros(3)
        cost[free] = np.linalg.lstsq(columns[:, free], n / x, rcond=None)[0]

        def residual(cost: NDArray[np.float64]) -> NDArray[np.float64]:
            left: NDArray[np.float64] = n / (columns @ cost) - x
            return left

        damping = 1e-3
        for _ in range(500):
            left = residual(cost)
            slope = (-n / (columns @ cost) ** 2)[:, None] * columns[:, free]
            scale = np.sqrt((slope**2).sum(axis=0))
            system = (slope / scale).T @ (slope / scale) + damping * np.eye(len(free))
            step = np.linalg.solve(system, -(slope / scale).T @ left) / scale
            trial = cost.copy()
            trial[free] += step
            if np.all(columns @ trial > 0) and (residual(trial) ** 2).sum() <= (left**2).sum():
                cost, damping = trial, damping / 10
                if np.all(np.abs(step) <= 1e-12 * np.abs(cost[free])):
                    break
            elif damping > 1e12:
                break
            else:
                damping *= 10
        return cost

    free, names = [0, 1, 2], ("gamma", "alpha", "beta")
    cost = fit(free)
    while any(cost[k] < 0 for k in free[1:]):
        free.remove(min(free[1:], key=lambda k: cost[k] * float(columns[:, k].max())))
        cost = fit(free)
    held = tuple(names[k] for k in (1, 2) if k not in free)
    return ScalabilityFit(float(cost[1] / cost[0]), float(cost[2] / cost[0]), float(1 / cost[0]), held)


@dataclass(frozen=True)
class ClosedNetwork:
    """A closed network at one population: throughput, response, and each station's queue length and utilisation."""

    population: int
    throughput: float
    response: float
    queues: tuple[float, ...]
    utilisations: tuple[float, ...]


def mean_value_analysis(demands: Sequence[float], think_time: float, population: int) -> tuple[ClosedNetwork, ...]:
    """Return the exact solution of a closed network for 1..population users (Reiser and Lavenberg's recursion).

    `demands` are seconds of work a request needs at each queueing station (visits × service time); users think
    `think_time` between requests. R_k = D_k(1 + Q_k(N-1)), X = N/(Z + ΣR), Q_k = X·R_k.

    >>> [round(row.throughput, 5) for row in mean_value_analysis((0.605, 2.1, 1.35), 15, 3)]
    [0.05248, 0.10309, 0.15152]
    """
    require("demands", demands, len(demands) > 0, "the demand of at least one station")
    for index, demand in enumerate(demands):
        require_finite(f"demands[{index}]", demand)
    require_finite("think_time", think_time)
    require_count("population", population)
    require("demands", demands, sum(demands) + think_time > 0, "a demand or think time above 0")
    queues: tuple[float, ...] = (0.0,) * len(demands)
    rows = []
    for users in range(1, int(population) + 1):
        times = [demand * (1 + queue) for demand, queue in zip(demands, queues, strict=True)]
        response = sum(times)
        throughput = users / (think_time + response)
        queues = tuple(throughput * time for time in times)
        rows.append(ClosedNetwork(users, throughput, response, queues, tuple(throughput * d for d in demands)))
    return tuple(rows)


def closed_network_knee(demands: Sequence[float], think_time: float) -> float:
    """Return N* = (ΣD + Z)/max D, the number of users from which the busiest station queues for certain.

    >>> round(closed_network_knee((0.605, 2.1, 1.35), 15), 2)
    9.07
    """
    require("demands", demands, len(demands) > 0 and max(demands) > 0, "at least one demand above 0")
    require_finite("think_time", think_time)
    return (sum(demands) + think_time) / max(demands)
