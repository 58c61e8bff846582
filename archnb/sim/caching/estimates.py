"""What a cache is worth: hit ratios by closed form when only the workload's shape is known, by replay when a trace is.

Popularity is Zipf: the k-th most wanted of n objects is asked for with probability proportional to k^-s. The closed
forms assume independent references (each request drawn afresh, Poisson in time) and objects of one size: Che's
approximation (Che, Tung, Wang 2002; Fricker, Robert, Roberts 2012; Martina, Garetto, Leonardi 2014 for FIFO and random;
Fofack et al. 2012 for TTL). A replay assumes nothing. No policy is always best, so compare on the workload at hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from archnb.sim import require, require_count, require_finite, require_share

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EXACT_RANKS = 1024
LOG_BINS = 512
POLICIES = ("lru", "fifo", "random")


def _require_zipf(objects: int, exponent: float) -> None:
    require_count("objects", objects)
    require("exponent", exponent, 0 <= exponent <= 10, "a Zipf exponent from 0 (all alike) to 10")


def _sum_powers(start: Floats, stop: Floats, exponent: float) -> Floats:
    """Return Σ k^-s for start ≤ k < stop by Euler-Maclaurin; from rank 1024 on its error is below 1e-12 of the sum."""
    import numpy as np

    if abs(exponent - 1) < 1e-9:
        integral = np.log(stop / start)
    else:
        integral = (stop ** (1 - exponent) - start ** (1 - exponent)) / (1 - exponent)
    ends = (start**-exponent - stop**-exponent) / 2
    slopes = exponent * (start ** (-exponent - 1) - stop ** (-exponent - 1)) / 12
    total: Floats = integral + ends + slopes
    return total


@lru_cache(maxsize=64)
def zipf_popularity(objects: int, exponent: float) -> tuple[Floats, Floats]:
    """Return (count, probability) arrays: how many objects share a popularity, and the request share of each of them.

    The 1,024 most popular ranks stand alone; the rest is grouped into at most 512 log-spaced bins that keep their exact
    number and total popularity, so a catalogue of a billion costs as much as one of ten thousand. Hit ratios from the
    bins differ from the exact sum by less than 5e-6. Both arrays are read-only, most popular first.

    >>> count, probability = zipf_popularity(4, 1.0)
    >>> probability.round(2).tolist()
    [0.48, 0.24, 0.16, 0.12]
    """
    import numpy as np

    _require_zipf(objects, exponent)
    objects = int(objects)
    head = np.arange(1, min(objects, EXACT_RANKS) + 1, dtype=np.float64)
    count, weight = np.ones_like(head), head**-exponent
    if objects > EXACT_RANKS:
        first, last = float(EXACT_RANKS + 1), float(objects + 1)
        bins = min(LOG_BINS, objects - EXACT_RANKS)
        edges = np.unique(np.round(np.geomspace(first, last, bins + 1)))
        sizes = np.diff(edges)
        count = np.concatenate([count, sizes])
        weight = np.concatenate([weight, _sum_powers(edges[:-1], edges[1:], exponent) / sizes])
    probability = weight / np.dot(count, weight)
    count.flags.writeable = probability.flags.writeable = False
    return count, probability


def _present(policy: str, rate: Floats, lifetime: float, ttl: float) -> Floats:
    """Return the chance that each object is held and fresh when asked for, given the cache's characteristic time.

    An object's life is a cycle that starts with a miss. With H expected hits before the next miss the hit ratio is
    H/(1+H), and as Poisson arrivals see time averages this is also the share of time it is held.
    """
    import numpy as np

    if policy == "fifo":
        hits = rate * min(lifetime, ttl)
    elif policy == "random":
        hits = rate * lifetime * (-math.expm1(-ttl / lifetime) if ttl < math.inf else 1.0)
    else:
        if ttl == math.inf:
            present: Floats = -np.expm1(-rate * lifetime)
            return present
        if ttl <= lifetime:
            hits = rate * ttl
        else:
            # Up to the characteristic time T a copy is certainly held; past it survival falls from 1 - q and is taken
            # as exponential, with the pace κ that makes hits exact both for ttl = T and for ttl without end.
            gap = np.minimum(rate * lifetime, 500.0)  # beyond, q is nil and its inverse near overflow
            idle = np.exp(-gap)  # q: nobody asks for a whole T
            excess = np.expm1(gap) - gap
            small = gap < 1e-4
            pace = rate * -np.expm1(-gap) / np.where(small, gap * gap / 2, excess)
            hits = rate * lifetime + rate * (1 - idle) * -np.expm1(-pace * (ttl - lifetime)) / pace
    held: Floats = hits / (1 + hits)
    return held


def _solve_lifetime(held: Callable[[float], float], capacity: float, start: float) -> float:
    """Return the characteristic time at which `held` objects, a growing function, number `capacity`.

    Regula falsi with the Illinois step on logarithms: near-straight there, and bracketed throughout.
    """
    goal = math.log(capacity)

    def miss(point: float) -> float:
        number = held(math.exp(point))
        return (math.log(number) if number > 0 else -800.0) - goal

    low, low_miss = math.log(start), miss(math.log(start))
    high, high_miss = low, low_miss
    step = 1.0
    while high_miss < 0:
        low, low_miss = high, high_miss
        high, step = high + step, 2 * step
        high_miss = miss(high)
    step = 1.0
    while low_miss > 0:
        high, high_miss = low, low_miss
        low, step = low - step, 2 * step
        low_miss = miss(low)
    side = 0
    for _ in range(200):
        if high - low < 1e-12 or high_miss == low_miss:
            break
        middle = (low * high_miss - high * low_miss) / (high_miss - low_miss)
        middle_miss = miss(middle)
        if abs(middle_miss) < 1e-13:
            return math.exp(middle)
        if middle_miss < 0:
            low, low_miss = middle, middle_miss
            high_miss = high_miss / 2 if side == -1 else high_miss
            side = -1
        else:
            high, high_miss = middle, middle_miss
            low_miss = low_miss / 2 if side == 1 else low_miss
            side = 1
    return math.exp((low + high) / 2)


@dataclass(frozen=True)
class CacheEstimate:
    """A cache in steady state: hit ratio, mean number of objects held fresh, and the characteristic time in seconds.

    The characteristic time is how long an object outlives its last request (LRU) or its arrival (FIFO, random: on
    average) before it is pushed out; `inf` when the capacity is never reached.
    """

    hit_ratio: float
    held: float
    characteristic_time: float


@lru_cache(maxsize=4096)
def estimate_cache(
    request_rate: float,
    objects: int,
    capacity: float,
    exponent: float,
    policy: str = "lru",
    ttl: float = math.inf,
) -> CacheEstimate:
    """Return what a cache of `capacity` objects gives under Zipf requests, entries also ending `ttl` s after a miss.

    `request_rate` is requests a second over all objects; it matters only through `ttl` and for the characteristic time.
    Expired entries are taken to leave at once. Policies: lru, fifo, random.

    >>> estimate = estimate_cache(request_rate=100, objects=100_000, capacity=1_000, exponent=0.8)
    >>> round(estimate.hit_ratio, 3), round(estimate.characteristic_time, 1)
    (0.204, 11.7)
    """
    import numpy as np

    _require_zipf(objects, exponent)
    require_finite("request_rate", request_rate, is_zero_allowed=False)
    require("capacity", capacity, capacity >= 0, "a number of objects of at least 0")
    require("ttl", ttl, ttl >= 0, "a number of seconds of at least 0")
    require("policy", policy, policy in POLICIES, f"one of {', '.join(POLICIES)}")
    if capacity == 0 or ttl == 0:
        return CacheEstimate(0.0, 0.0, 0.0)
    count, probability = zipf_popularity(objects, exponent)
    rate = request_rate * probability
    if ttl == math.inf:
        unbounded = np.ones_like(rate)
    else:
        unbounded = rate * ttl / (1 + rate * ttl)
    if np.dot(count, unbounded) <= capacity:
        return CacheEstimate(
            _clip_share(float(np.dot(count * probability, unbounded))), float(np.dot(count, unbounded)), math.inf
        )

    def number_held(lifetime: float) -> float:
        return float(np.dot(count, _present(policy, rate, lifetime, ttl)))

    lifetime = _solve_lifetime(number_held, capacity, capacity / request_rate)
    present = _present(policy, rate, lifetime, ttl)
    hit_ratio = float(np.dot(count * probability, present))
    return CacheEstimate(_clip_share(hit_ratio), float(np.dot(count, present)), lifetime)


def _clip_share(value: float) -> float:
    """Return a share that rounding may have pushed an ulp past 1, put back."""
    return min(1.0, max(0.0, value))


def che_hit_ratio(
    request_rate: float,
    objects: int,
    capacity: float,
    exponent: float,
    policy: str = "lru",
    ttl: float = math.inf,
) -> float:
    """Return the hit ratio of a cache of `capacity` objects under Zipf requests (Che's approximation).

    With the default `ttl` the ratio does not depend on `request_rate`. See `estimate_cache` for what is assumed.

    >>> round(che_hit_ratio(100, 100_000, 1_000, 0.8), 3)
    0.204
    >>> che_hit_ratio(100, 100_000, 1_000, 0.8, ttl=5) < che_hit_ratio(100, 100_000, 1_000, 0.8)
    True
    """
    return estimate_cache(request_rate, objects, capacity, exponent, policy, ttl).hit_ratio


@lru_cache(maxsize=4096)
def ttl_hit_ratio(request_rate: float, objects: int, exponent: float, ttl: float, *, is_sliding: bool = False) -> float:
    """Return the hit ratio of a cache bounded by age alone, over Zipf requests of `request_rate` a second in all.

    The clock of an entry starts at the miss that fetched it: Σ pᵢ λᵢT/(1 + λᵢT). With `is_sliding` each hit restarts
    it: Σ pᵢ (1 - exp(-λᵢT)), which has no bound on staleness.

    >>> ttl_hit_ratio(request_rate=1, objects=1, exponent=0, ttl=9)
    0.9
    """
    import numpy as np

    _require_zipf(objects, exponent)
    require_finite("request_rate", request_rate)
    require_finite("ttl", ttl)
    count, probability = zipf_popularity(objects, exponent)
    reads = request_rate * ttl * probability
    hit = -np.expm1(-reads) if is_sliding else reads / (1 + reads)
    return _clip_share(float(np.dot(count * probability, hit)))


@dataclass(frozen=True)
class Staleness:
    """How old answers are: mean and largest age in seconds, and the share of reads that get an outdated value."""

    mean_age: float
    max_age: float
    stale_share: float


def ttl_staleness(ttl: float, hit_ratio: float = 1.0, write_rate: float = 0.0, lag: float = 0.0) -> Staleness:
    """Return how stale a TTL cache's answers are; the age of an answer bounds its staleness from above.

    A hit meets an entry at an age uniform on 0..ttl (Poisson reads, clock started by the miss); a miss is fresh. `lag`
    is the delay of the source read on a miss (a replica). An answer is outdated when its object was written to within
    its age, writes being Poisson at `write_rate` per object and second, with no invalidation.

    >>> ttl_staleness(ttl=60, hit_ratio=0.9)
    Staleness(mean_age=27.0, max_age=60.0, stale_share=0.0)
    """
    require_finite("ttl", ttl)
    require_share("hit_ratio", hit_ratio)
    require_finite("write_rate", write_rate)
    require_finite("lag", lag)
    written = write_rate * ttl
    untouched = -math.expm1(-written) / written if written else 1.0
    fresh = math.exp(-write_rate * lag) * (1 - hit_ratio + hit_ratio * untouched)
    return Staleness(hit_ratio * ttl / 2 + lag, float(ttl + lag), _clip_share(1 - fresh))


def xfetch_probability(time_to_expiry: float, recompute_time: float, beta: float = 1.0) -> float:
    """Return exp(-x/(βδ)), the chance that a read refreshes an entry early (XFetch; Vattani et al., VLDB 2015).

    >>> round(xfetch_probability(0.4, recompute_time=0.4), 3)
    0.368
    """
    require("time_to_expiry", time_to_expiry, not math.isnan(time_to_expiry), "a number of seconds")
    require_finite("recompute_time", recompute_time, is_zero_allowed=False)
    require_finite("beta", beta, is_zero_allowed=False)
    return math.exp(-max(0.0, time_to_expiry) / (beta * recompute_time))


def xfetch_miss_probability(read_rate: float, recompute_time: float, beta: float = 1.0, ttl: float = math.inf) -> float:
    """Return the chance that no read refreshes an entry before it expires: exp(-λβδ(1 - exp(-ttl/(βδ)))).

    `read_rate` is reads of this key a second, Poisson. Near 1 for a cold key: XFetch does not protect those.

    >>> round(xfetch_miss_probability(10, recompute_time=0.4), 3)
    0.018
    """
    require_finite("read_rate", read_rate)
    require_finite("recompute_time", recompute_time, is_zero_allowed=False)
    require_finite("beta", beta, is_zero_allowed=False)
    require("ttl", ttl, ttl >= 0, "a number of seconds of at least 0")
    scale = beta * recompute_time
    return math.exp(-read_rate * scale * -math.expm1(-ttl / scale))
