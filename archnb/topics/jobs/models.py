"""The queueing and back-off models as facts take them: one value in, one value out, in base units."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from archnb.sim.queueing import erlang_c, servers_for, wait_quantile
from archnb.sim.reliability import backoff_schedule

QUANTILE = 0.95
# Erlang's recurrence walks up to the number of servers; past this load P(wait) is decided by the utilisation alone
LARGE_LOAD = 2000.0


def _bound(workers: float, offered: float) -> int:
    """The workers that matter: past ten standard deviations above the load nobody waits, and counting on takes for ever."""
    return max(1, int(min(workers, offered + 10 * math.sqrt(offered) + 50)))


def workers_needed(rate: float, service_time: float, deadline: float, busy: float) -> float:
    """The least workers with which 95 % start within the deadline, none busy for more than the share `busy` of the time (Erlang C).

    >>> workers_needed(20, 0.2, 1.0, 0.8)
    5.0
    """
    offered = rate * service_time
    if offered <= 0 or service_time <= 0:
        return 1.0
    if offered > LARGE_LOAD:
        return float(math.ceil(offered / busy))
    return float(servers_for(rate, service_time, max(deadline, 0.0), QUANTILE, busy))


def workers_for_batch(rate: float, service_time: float, deadline: float, batch: float) -> float:
    """The least workers with which a batch is done within the deadline beside what arrives otherwise: ⌈(λ + b/d)·s⌉.

    Messages of one event come all at once, so that the random arrivals of Erlang C leave too few workers.

    >>> workers_for_batch(60, 0.05, 15, 3_360)
    15.0
    """
    if deadline <= 0 or service_time <= 0:
        return 1.0
    return max(1.0, float(math.ceil(round((rate + batch / deadline) * service_time, 9))))


def wait_probability(workers: float, offered: float) -> float:
    """The share of jobs that wait for a worker (Erlang C); 1 where the workers cannot keep up.

    Above a load of 2,000 by Halfin and Whitt's limit, 1/(1 + βΦ(β)/φ(β)), β = (c − a)/√a, which there is within 4 % of the exact one.
    """
    if offered <= 0:
        return 0.0
    if offered <= LARGE_LOAD:
        return erlang_c(_bound(workers, offered), offered)
    if workers <= offered:
        return 1.0
    beta = min((workers - offered) / math.sqrt(offered), 30.0)
    density = math.exp(-beta * beta / 2) / math.sqrt(2 * math.pi)
    return 1 / (1 + beta * (1 + math.erf(beta / math.sqrt(2))) / 2 / density)


def wait_p95(workers: float, rate: float, service_time: float) -> float:
    """The wait in seconds that 95 % of the jobs do not exceed; infinite where the workers cannot keep up."""
    offered = rate * service_time
    if offered <= 0:
        return 0.0
    if offered <= LARGE_LOAD:
        return wait_quantile(_bound(workers, offered), rate, service_time, QUANTILE)
    if workers <= offered:
        return math.inf
    waiting = wait_probability(workers, offered)
    return max(0.0, math.log(waiting / (1 - QUANTILE)) / (workers / service_time - rate))


def _retries(attempts: float) -> int:
    return min(10_000, max(0, int(attempts) - 1))


def retry_wait_max(base: float, factor: float, cap: float, attempts: float) -> float:
    """The sum of all waits between attempts when each is as long as it can be."""
    return _schedule(base, factor, cap, attempts, "none")[1]


def retry_wait_expected(base: float, factor: float, cap: float, attempts: float, jitter: str = "full") -> float:
    """The expected sum of all waits: half the greatest with full jitter, three quarters with equal jitter."""
    return _schedule(base, factor, cap, attempts, jitter)[0]


def retry_ceilings(base: float, factor: float, cap: float, attempts: float) -> tuple[float, ...]:
    """The longest wait before each further attempt.

    >>> retry_ceilings(1.0, 2.0, 5.0, 5)
    (1.0, 2.0, 4.0, 5.0)
    """
    if base <= 0:
        return (0.0,) * _retries(attempts)
    return backoff_schedule(base, max(base, cap), _retries(attempts), max(1.0, factor)).ceilings


def _schedule(base: float, factor: float, cap: float, attempts: float, jitter: str) -> tuple[float, float]:
    ceilings = retry_ceilings(base, factor, cap, attempts)
    share = {"full": 0.5, "equal": 0.75, "none": 1.0}[jitter]
    return share * math.fsum(ceilings), math.fsum(ceilings)


def drain_time(backlog: float, capacity: float, rate: float) -> float:
    """The seconds until a backlog is gone beside new arrivals, backlog / (capacity − rate); infinite without spare capacity.

    A fluid model: while a backlog waits all workers are busy, so that the randomness of single jobs averages out.

    >>> drain_time(9_000, 6.25, 5.0)
    7200.0
    """
    if backlog <= 0:
        return 0.0
    return backlog / (capacity - rate) if capacity > rate else math.inf


def clocked_wait(workers: float, interval: float, service_time: float) -> float:
    """The share of runs by the clock that find no worker free (D/D/c): none while c runs fit into c intervals, else all.

    >>> clocked_wait(1, 60.0, 1.0), clocked_wait(1, 60.0, 90.0), clocked_wait(2, 60.0, 90.0)
    (0.0, 1.0, 0.0)
    """
    return 0.0 if service_time <= workers * interval else 1.0


def clocked_wait_p95(workers: float, interval: float, service_time: float) -> float:
    """The wait of runs by the clock: nothing where they fit, else without end, as each begins later than the one before."""
    return math.inf if clocked_wait(workers, interval, service_time) else 0.0


_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


@lru_cache(maxsize=1024)
def shortest_interval(schedule: str) -> float:
    """The seconds between the two runs of a cron expression that follow each other closest; a day where it cannot be read.

    Within a day; what runs once a day has a day.

    >>> shortest_interval("*/5 * * * *"), shortest_interval("0 3 * * *"), shortest_interval("0,10 8-9 * * *")
    (300.0, 86400.0, 600.0)
    """
    parts = schedule.split()
    values = [_list_values(part, *bounds) for part, bounds in zip(parts, _RANGES, strict=False)]
    if len(parts) != 5 or not all(values):
        return 86_400.0
    minutes = sorted(60 * hour + minute for hour in values[1] for minute in values[0])
    following = [*minutes[1:], minutes[0] + 1440]
    return 60.0 * min(later - one for one, later in zip(minutes, following, strict=True))


def runs_per_day(schedule: str) -> float:
    """How often a cron expression runs, on an average day; once where it cannot be read.

    >>> runs_per_day("*/5 * * * *"), runs_per_day("0 3 * * *"), round(runs_per_day("0 3 * * 0") * 7, 6)
    (288.0, 1.0, 1.0)
    """
    parts = schedule.split()
    if len(parts) != 5:
        return 1.0
    counts = [len(_list_values(part, *bounds)) for part, bounds in zip(parts, _RANGES, strict=True)]
    if not all(counts):
        return 1.0
    minutes, hours, days, months, weekdays = counts
    share = min(1.0, days / 31) * months / 12 * weekdays / 7
    return minutes * hours * share


def _list_values(part: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for one in part.split(","):
        match = re.fullmatch(r"(\*|\d{1,2}(?:-\d{1,2})?)(?:/(\d{1,2}))?", one)
        if match is None:
            return set()
        step = int(match[2] or 1)
        first, _, last = (f"{low}-{high}" if match[1] == "*" else match[1]).partition("-")
        end = int(last) if last else high if match[2] else int(first)
        if step < 1:
            return set()
        found.update(range(max(low, int(first)), min(high, end) + 1, step))
    return found
