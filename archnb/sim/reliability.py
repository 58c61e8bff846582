"""Arithmetic of failure: what parts make of a whole, what an objective allows, and what retries cost.

Availability and SLO are shares (99.9 % is 0.999), windows and waits are seconds. The alerting figures follow the Google
SRE Workbook, chapter "Alerting on SLOs"; retry figures follow Brooker's analyses and Finagle's RetryBudget; the
metastable boundary follows Bronson et al. (HotOS'21).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from archnb.sim import require, require_count, require_finite, require_share

HOUR = 3600.0
DAY = 24 * HOUR


def serial_availability(availabilities: Sequence[float]) -> float:
    """Return the availability of a chain that needs every part: Π Aᵢ, parts failing independently.

    >>> round(serial_availability([0.999, 0.999, 0.9995]), 6)
    0.997502
    """
    for index, availability in enumerate(availabilities):
        require_share(f"availabilities[{index}]", availability)
    return math.prod(availabilities)


def redundant_availability(availabilities: Sequence[float], required: int = 1) -> float:
    """Return the availability of a group that needs `required` of its parts, parts failing independently.

    Parts may differ: the distribution of how many are up is built part by part. Shared causes (one zone, one deploy,
    one configuration) break the independence and make the truth worse.

    >>> round(redundant_availability([0.99, 0.99]), 6)
    0.9999
    >>> round(redundant_availability([0.99] * 3, required=2), 6)
    0.999702
    """
    for index, availability in enumerate(availabilities):
        require_share(f"availabilities[{index}]", availability)
    total = len(availabilities)
    require("availabilities", availabilities, total > 0, "the availability of at least one part")
    require("required", required, required == int(required) and 1 <= required <= total, f"a count from 1 to {total}")
    down_chance = [1.0] + [0.0] * total  # down_chance[d]: exactly d parts down; few are, so small terms stay exact
    for availability in availabilities:
        for down in range(total, 0, -1):
            down_chance[down] = down_chance[down] * availability + down_chance[down - 1] * (1 - availability)
        down_chance[0] *= availability
    return 1 - math.fsum(down_chance[total - int(required) + 1 :])


def parallel_availability(availability: float, parts: int, required: int = 1) -> float:
    """Return the availability of `required` out of `parts` alike parts, failing independently.

    >>> round(parallel_availability(0.99, 3, required=2), 6)
    0.999702
    """
    require_share("availability", availability)
    require_count("parts", parts)
    return redundant_availability([availability] * int(parts), required)


def pool_availability(availability: float, parts: int, required: int, shared: float) -> float:
    """Return the availability of a pool of alike parts of which `required` are needed, a share of whose failures is common.

    The beta-factor model (IEC 61508-6): of a part's unavailability u, β·u takes all of them, (1 − β)·u each alone; so
    P(at least k of n are up, alone) − β·u. With k = 1 it is 1 − (β·u + ((1 − β)·u)ⁿ). A pool that needs more parts
    than it has is as available as all of them together; that it cannot do its work is not told by this number.

    >>> round(pool_availability(0.995, 2, 1, 0.02), 6), round(pool_availability(0.995, 2, 2, 0.02), 6)
    (0.999876, 0.990124)
    """
    require_share("availability", availability)
    require_count("parts", parts)
    require_count("required", required)
    require_share("shared", shared)
    down = 1 - availability
    alone, parts, spare = (1 - shared) * down, int(parts), max(0, int(parts) - int(required))
    if alone >= 1:
        return 0.0
    # the chance of exactly d parts down, from none upwards: the terms of the binomial, each from the one before
    log_term = parts * math.log1p(-alone)
    chances = []
    for count in range(spare + 1):
        chances.append(math.exp(log_term))
        if alone == 0 or (count > parts * alone and chances[-1] < 1e-18):
            break
        log_term += math.log((parts - count) / (count + 1)) if count < parts else 0.0
        log_term += math.log(alone) - math.log1p(-alone)
    return max(0.0, min(1.0, math.fsum(chances)) - shared * down)


def downtime(availability: float, window: float) -> float:
    """Return the seconds of a window of `window` seconds in which the thing may be down.

    >>> round(downtime(0.999, 30 * DAY) / 60, 1)
    43.2
    """
    require_share("availability", availability)
    require_finite("window", window)
    return (1 - availability) * window


def error_budget(slo: float, events: float) -> float:
    """Return how many of `events` may fail while the objective still holds.

    >>> round(error_budget(0.999, 3_000_000))
    3000
    """
    require_share("slo", slo)
    require_finite("events", events)
    return (1 - slo) * events


def burn_rate_factor(budget_share: float, slo_window: float, long_window: float) -> float:
    """Return the burn rate that spends `budget_share` of the budget of `slo_window` within `long_window`.

    Exact for any window; the 30-day numbers must not be reused for another one.

    >>> round(burn_rate_factor(0.02, 30 * DAY, HOUR), 6)
    14.4
    """
    require_share("budget_share", budget_share)
    require_finite("slo_window", slo_window, is_zero_allowed=False)
    require("long_window", long_window, 0 < long_window <= slo_window, f"a window above 0, at most {slo_window!r} s")
    return budget_share * slo_window / long_window


def budget_spent(burn: float, slo_window: float, long_window: float) -> float:
    """Return the share of the budget of `slo_window` gone when `long_window` has burned at `burn`.

    >>> round(budget_spent(14.4, 7 * DAY, HOUR), 3)   # a 30-day factor on a 7-day objective
    0.086
    """
    require_finite("burn", burn)
    require_finite("slo_window", slo_window, is_zero_allowed=False)
    require_finite("long_window", long_window)
    return burn * long_window / slo_window


def is_burn_reachable(burn: float, slo: float) -> bool:
    """Return whether an alert at `burn` can ever fire: the error ratio it waits for, burn × (1 - SLO), is below 1.

    The comparison in a rule is strict (`>`), so a ratio of exactly 1 can never exceed it.

    >>> is_burn_reachable(14.4, 0.93), is_burn_reachable(14.4, 0.94)
    (False, True)
    """
    require_finite("burn", burn)
    require_share("slo", slo)
    return burn * (1 - slo) < 1


def lowest_slo_for_burn(burn: float) -> float:
    """Return 1 - 1/burn, the SLO at and below which an alert at `burn` cannot fire.

    >>> round(lowest_slo_for_burn(14.4), 4)
    0.9306
    """
    require_finite("burn", burn, is_zero_allowed=False)
    return max(0.0, 1 - 1 / burn)


def detection_time(long_window: float, burn: float, slo: float, error_ratio: float = 1.0) -> float:
    """Return the seconds from a clean start until the long window's error ratio reaches burn × (1 - SLO).

    `inf` when `error_ratio` never reaches it. The default is a full outage.

    >>> round(detection_time(HOUR, 14.4, 0.999) / 60, 2)
    0.86
    """
    require_finite("long_window", long_window, is_zero_allowed=False)
    require_finite("burn", burn, is_zero_allowed=False)
    require_share("slo", slo)
    require_share("error_ratio", error_ratio)
    threshold = burn * (1 - slo)
    return long_window * threshold / error_ratio if threshold < error_ratio else math.inf


@dataclass(frozen=True)
class AlertWindow:
    """One row of the multi-window multi-burn-rate recommendation: windows in seconds and the budget share spent."""

    severity: str
    long_window: float
    short_window: float
    budget_share: float


ALERT_WINDOWS: tuple[AlertWindow, ...] = (
    AlertWindow("page", HOUR, HOUR / 12, 0.02),
    AlertWindow("page", 6 * HOUR, HOUR / 2, 0.05),
    AlertWindow("ticket", DAY, 2 * HOUR, 0.10),
    AlertWindow("ticket", 3 * DAY, 6 * HOUR, 0.10),
)


@dataclass(frozen=True)
class BurnRateAlert:
    """One alert worked out for an objective: its factor, the error ratio it waits for, and what is wrong with it."""

    severity: str
    long_window: float
    short_window: float
    budget_share: float
    factor: float
    threshold: float
    detection_time: float
    is_reachable: bool
    is_inside_budget: bool


def burn_rate_alerts(
    slo: float, slo_window: float, windows: Sequence[AlertWindow] = ALERT_WINDOWS
) -> tuple[BurnRateAlert, ...]:
    """Return the alerts of an objective, factors scaled exactly to its window; read `is_reachable` before using one.

    `is_inside_budget` marks a factor below 1, which alerts while the objective is being met. Every long window must fit
    in `slo_window`.

    >>> [round(alert.factor, 3) for alert in burn_rate_alerts(0.999, 28 * DAY)]
    [13.44, 5.6, 2.8, 0.933]
    """
    require("slo", slo, 0 < slo < 1, "a share between 0 and 1: an objective of 100 % leaves no budget to burn")
    alerts = []
    for row in windows:
        factor = burn_rate_factor(row.budget_share, slo_window, row.long_window)
        alerts.append(
            BurnRateAlert(
                severity=row.severity,
                long_window=row.long_window,
                short_window=row.short_window,
                budget_share=row.budget_share,
                factor=factor,
                threshold=factor * (1 - slo),
                detection_time=detection_time(row.long_window, factor, slo),
                is_reachable=is_burn_reachable(factor, slo),
                is_inside_budget=factor < 1 - 1e-12,
            )
        )
    return tuple(alerts)


def expected_events(rate: float, window: float) -> float:
    """Return the mean number of events a window holds.

    >>> expected_events(0.01, 300)
    3.0
    """
    require_finite("rate", rate)
    require_finite("window", window)
    return rate * window


def chance_of_at_most(count: int, mean: float) -> float:
    """P(N ≤ count) of a Poisson number N with that mean; 0 for a negative count. Domain: mean ≥ 0.

    >>> round(chance_of_at_most(2, 20.0) * 1e7, 2)
    4.56
    """
    if count < 0:
        return 0.0
    if mean <= 0:
        return 1.0
    return min(1.0, math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1)))


def count_beyond_chance(mean: float, chance: float) -> int:
    """The smallest count k with P(N ≥ k) ≤ chance, of a Poisson number N with that mean. Domain: 0 < chance < 1, mean ≤ 1e5.

    >>> count_beyond_chance(0.29, 0.01), count_beyond_chance(9.6, 0.01)
    (3, 18)
    """
    below = term = math.exp(-mean)
    count = 0
    if not term:
        # far out the normal curve is as good, with its continuity correction
        return math.ceil(mean + math.sqrt(mean) * math.sqrt(-2 * math.log(chance)) + 1)
    while 1 - below > chance:
        count += 1
        term *= mean / count
        below += term
        if term < 1e-300:
            break
    return count + 1


def errors_to_fire(rate: float, window: float, burn: float, slo: float) -> int:
    """Return how many errors in `window` make its error ratio exceed burn × (1 - SLO), at the mean traffic; at least 1.

    A result of 1 is the low-traffic trap: a single failed request pages somebody.

    >>> errors_to_fire(rate=0.01, window=3600, burn=14.4, slo=0.999), errors_to_fire(10, 3600, 14.4, 0.999)
    (1, 519)
    """
    require_finite("burn", burn)
    require_share("slo", slo)
    return math.floor(expected_events(rate, window) * burn * (1 - slo) + 1e-9) + 1


def rate_for_errors(errors: int, window: float, burn: float, slo: float) -> float:
    """Return the request rate from which it takes more than `errors` errors in `window` to exceed burn × (1 - SLO).

    This is the minimum-traffic guard to put beside the alert.

    >>> round(rate_for_errors(5, 3600, 14.4, 0.999), 4)
    0.0965
    """
    require_count("errors", errors)
    require_finite("window", window, is_zero_allowed=False)
    require_finite("burn", burn, is_zero_allowed=False)
    require("slo", slo, 0 <= slo < 1, "a share from 0 up to but not including 1")
    return errors / (window * burn * (1 - slo))


def retry_success(failure: float, retries: int) -> float:
    """Return 1 - f^(r+1), the chance that one of r + 1 independent tries succeeds.

    >>> retry_success(0.5, 3)
    0.9375
    """
    require_share("failure", failure)
    require_count("retries", retries, least=0)
    return float(1 - failure ** (retries + 1))


def retry_amplification(failure: float, retries: int, layers: int = 1) -> float:
    """Return tries sent per request, (1 - f^(r+1))/(1 - f); retries at several layers multiply.

    At f = 1 it is the worst case, (r+1)^layers. For several layers each is assumed to see the same failure share.

    >>> retry_amplification(0.5, 3), retry_amplification(1.0, 3, layers=3)
    (1.875, 64.0)
    """
    require_share("failure", failure)
    require_count("retries", retries, least=0)
    require_count("layers", layers)
    tries = math.fsum(failure**k for k in range(int(retries) + 1))
    return float(tries**layers)


def metastable_boundary(capacity: float, retries: int) -> float:
    """Return C/(1 + retries), the load above which an overload sustains itself by retries after its cause is gone.

    Holds for a first-come server that also works on requests whose client gave up (Bronson et al., HotOS'21).

    >>> metastable_boundary(300, 1)
    150.0
    """
    require_finite("capacity", capacity)
    require_count("retries", retries, least=0)
    return capacity / (1 + retries)


@dataclass(frozen=True)
class RetryBudget:
    """A token bucket for retries: each request deposits `ratio`, `minimum_rate` tokens come a second, all live `ttl` s.

    The defaults are Finagle's: 20 % of requests plus 10 a second, tokens live 10 s.
    """

    ratio: float = 0.2
    minimum_rate: float = 10.0
    ttl: float = 10.0

    def __post_init__(self) -> None:
        require_finite("ratio", self.ratio)
        require_finite("minimum_rate", self.minimum_rate)
        require_finite("ttl", self.ttl, is_zero_allowed=False)


def retry_rate_allowed(request_rate: float, budget: RetryBudget | None = None) -> float:
    """Return the retries a second that a budget lets through in the long run, `budget` being Finagle's if left out.

    >>> retry_rate_allowed(100)
    30.0
    """
    require_finite("request_rate", request_rate)
    budget = budget or RetryBudget()
    return budget.ratio * request_rate + budget.minimum_rate


def retry_burst_allowed(request_rate: float, budget: RetryBudget | None = None) -> float:
    """Return the tokens a quiet budget has saved up: the most retries that can come at once.

    >>> retry_burst_allowed(100)
    300.0
    """
    budget = budget or RetryBudget()
    return retry_rate_allowed(request_rate, budget) * budget.ttl


@dataclass(frozen=True)
class RetryOutcome:
    """What retries give and cost: the share of requests that succeed, and tries sent per request."""

    success: float
    amplification: float


def budgeted_retry(
    failure: float, retries: int, request_rate: float, budget: RetryBudget | None = None
) -> RetryOutcome:
    """Return success and amplification in the long run when retries are bounded by a count and by a budget.

    Each try succeeds independently with 1 - f and a request stops at its first success, so successes per request are
    (1 - f) times tries per request, whichever of the two bounds holds.

    >>> budgeted_retry(0.5, 3, request_rate=1000, budget=RetryBudget(0.2, 0.0))
    RetryOutcome(success=0.6, amplification=1.2)
    """
    require_finite("request_rate", request_rate, is_zero_allowed=False)
    tries = min(retry_amplification(failure, retries), 1 + retry_rate_allowed(request_rate, budget) / request_rate)
    return RetryOutcome(success=(1 - failure) * tries, amplification=tries)


@dataclass(frozen=True)
class Backoff:
    """Waits before each retry: the ceilings in order, and their total when every retry is used (expected, at most)."""

    ceilings: tuple[float, ...]
    expected_total: float
    max_total: float


def backoff_schedule(
    base: float, cap: float, retries: int, multiplier: float = 2.0, *, is_jittered: bool = True
) -> Backoff:
    """Return exponential backoff min(cap, base × multiplierᵏ); full jitter draws each wait uniformly below its ceiling.

    >>> backoff_schedule(base=0.1, cap=1.0, retries=5)
    Backoff(ceilings=(0.1, 0.2, 0.4, 0.8, 1.0), expected_total=1.25, max_total=2.5)
    """
    require_finite("base", base, is_zero_allowed=False)
    require("cap", cap, base <= cap < math.inf, f"a finite wait of at least the base, {base!r} s")
    require_count("retries", retries, least=0)
    require("multiplier", multiplier, 1 <= multiplier < math.inf, "a finite number of at least 1")
    ceilings: list[float] = []
    wait = base
    for _ in range(int(retries)):
        ceilings.append(min(cap, wait))
        wait = min(cap, wait * multiplier)
    total = math.fsum(ceilings)
    return Backoff(tuple(ceilings), total / 2 if is_jittered else total, total)


def retry_deadline(attempt_timeout: float, backoff: Backoff) -> float:
    """Return the longest a caller can be kept: every try times out and every wait is at its ceiling.

    >>> retry_deadline(0.5, backoff_schedule(0.1, 1.0, 3))
    2.7
    """
    require_finite("attempt_timeout", attempt_timeout)
    return attempt_timeout * (len(backoff.ceilings) + 1) + backoff.max_total
