"""The cache models as facts take them: one value, or an array of samples along which the model is interpolated."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from archnb.sim.caching import estimate_cache, visit_hit_ratio, zipf_popularity

POINTS = 25


def mean_lifetime(ttl: float, outdated: float) -> float:
    """The mean time in seconds that an answer stays usable: until it expires, or until a write takes it out.

    (1 − e^(−wT))/w for writes that come at random at w a second to each answer, and a lifetime T.

    >>> round(mean_lifetime(60, 1 / 60), 1)
    37.9
    """
    import numpy

    if isinstance(ttl, numpy.ndarray) or isinstance(outdated, numpy.ndarray):
        rate = numpy.maximum(outdated, 1e-12)
        made: Any = -numpy.expm1(-rate * ttl) / rate
        return made
    return -math.expm1(-outdated * ttl) / outdated if outdated * ttl > 1e-9 else float(ttl)


def hit_ratio(rate: float, objects: float, capacity: float, skew: float, lifetime: float) -> float:
    """The hit ratio of an LRU cache of `capacity` answers whose entries live `lifetime` seconds (Che's approximation)."""
    made: float = _along(lambda *v: _estimate(*v)[0], rate, objects, capacity, skew, lifetime)
    return made


def held(rate: float, objects: float, skew: float, lifetime: float) -> float:
    """The mean number of answers alive at once where memory does not push any out: Σ λT/(1 + λT)."""
    made: float = _along(lambda r, n, c, s, t: _estimate(r, n, c, s, t)[1], rate, objects, math.inf, skew, lifetime)
    return made


def owner_hit_ratio(rate: float, reads: float, length: float, ttl: float, outdated: float, objects: float) -> float:
    """The hit ratio of answers that one person each reads, in visits; writes come in the same visits, as often as they do in all.

    rate: reads a second of all answers. reads: reads of one answer in a visit of `length` seconds. outdated: writes a second to
    one answer, 0 where they do not take it out of the cache.
    """
    made: float = _along(_estimate_owner, rate, reads, length, ttl, outdated, objects, drive=lambda v: v[1] * v[3])
    return made


def _estimate_owner(rate: float, reads: float, length: float, ttl: float, outdated: float, objects: float) -> float:
    if rate <= 0 or reads <= 0:
        return 0.0
    return visit_hit_ratio(reads, length, ttl, reads * outdated * objects / rate)


def owner_held(rate: float, ratio: float, lifetime: float) -> float:
    """The mean number of answers of one person each that are alive at once: every miss leaves one for its lifetime."""
    return rate * (1 - ratio) * lifetime


def hottest_share(objects: float, skew: float) -> float:
    """The share of reads that go to the most wanted answer."""
    made: float = _along(
        lambda _r, n, _c, s, _t: float(zipf_popularity(_whole(n), _clip(s))[1][0]), 1.0, objects, 1.0, skew, 1.0
    )
    return made


def _whole(objects: float) -> int:
    return max(1, round(objects))


def _clip(skew: float) -> float:
    """A Zipf exponent the model takes: below 0 is no order of popularity, and at 10 all reads go to one answer already."""
    return min(max(skew, 0.0), 10.0)


def _estimate(rate: float, objects: float, capacity: float, skew: float, lifetime: float) -> tuple[float, float]:
    if rate <= 0 or capacity <= 0 or lifetime <= 0:
        return 0.0, 0.0
    made = estimate_cache(rate, _whole(objects), capacity, _clip(skew), "lru", lifetime)
    return made.hit_ratio, made.held


def _along(function: Callable[..., float], *values: Any, drive: Callable[..., Any] | None = None) -> Any:
    """The function of numbers, or of arrays of samples.

    Ten thousand samples would take seconds. The results hang on the reads per answer and lifetime, so samples are put
    in that order, every four-hundredth is computed, and those between are interpolated.
    """
    import numpy

    if not any(getattr(one, "ndim", 0) for one in values):
        return function(*values)
    arrays = numpy.broadcast_arrays(*(numpy.asarray(v, dtype=float) for v in values))
    if drive is not None:
        driven = drive(arrays)
    else:
        rate, objects, _, _, lifetime = arrays
        driven = numpy.log(numpy.maximum(rate * lifetime, 1e-30) / numpy.maximum(objects, 1.0))
    order = numpy.argsort(driven)
    chosen = order[numpy.unique(numpy.linspace(0, len(order) - 1, POINTS).round().astype(int))]
    made = [function(*(float(v[i]) for v in arrays)) for i in chosen]
    return numpy.interp(driven, driven[chosen], made)
