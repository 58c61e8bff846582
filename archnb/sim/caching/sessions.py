"""Answers that one person reads: a cart, a profile. They are read in visits, not by popularity, and Zipf says nothing of them."""

from __future__ import annotations

import math
from functools import lru_cache

from archnb.sim import require_finite

STEPS = 600
# from so many reads within a visit on its ends do not matter
MANY = 1e4


@lru_cache(maxsize=4096)
def visit_misses(reads: float, length: float, ttl: float, writes: float = 0.0) -> float:
    """The expected misses of one visit of `length` seconds with so many reads and writes of one answer, Poisson within it.

    The cache has nothing of it when the visit begins; an entry ends `ttl` seconds after the miss that fetched it, or with a
    write. Without writes the j-th miss happens when j exponential gaps and j − 1 lifetimes fit into the visit:
    Σ P(Poisson(r·(length − (j − 1)·ttl)) ≥ j) with r = reads/length. With writes, the renewal equation in steps.

    >>> round(visit_misses(8, 900, 600), 3)
    1.745
    """
    require_finite("reads", reads)
    require_finite("length", length, is_zero_allowed=False)
    require_finite("writes", writes)
    if not ttl > 0:
        return float(reads)
    if reads > MANY:
        return max(1.0, reads / (1 + reads / length * _mean_life(ttl, writes / length)))
    if writes == 0:
        misses, count = 0.0, 0
        while length - count * ttl > 0:
            mean = reads / length * (length - count * ttl)
            count += 1
            chance = _reach(mean, count)
            misses += chance
            if chance < 1e-9 or count > MANY:
                break
        return min(misses, float(reads))
    rate, loss, step = reads / length, writes / length, length / STEPS
    fade = math.exp(-loss * step)
    life = max(1, round(ttl / step))
    ended = math.exp(-loss * ttl)
    missed: list[float] = []
    held = misses = 0.0
    for now in range(STEPS):
        # the misses of this step, of which each leaves an entry in its middle
        missing = (1 - math.exp(-rate * step)) * (1 - held)
        misses += missing
        missed.append(missing)
        held = held * fade + missing * math.sqrt(fade)
        if now >= life:
            held -= missed[now - life] * ended
        held = min(1.0, max(0.0, held))
    return min(misses, float(reads))


def visit_hit_ratio(reads: float, length: float, ttl: float, writes: float = 0.0) -> float:
    """The share of one person's reads that a cache answers: 1 − misses/reads of a visit. 0 where nothing is read.

    >>> round(visit_hit_ratio(8, 900, 600), 2), round(visit_hit_ratio(8, 900, 600, writes=3), 2)
    (0.78, 0.65)
    """
    return 0.0 if reads <= 0 else max(0.0, 1 - visit_misses(reads, length, ttl, writes) / reads)


def _mean_life(ttl: float, loss: float) -> float:
    return -math.expm1(-loss * ttl) / loss if loss * ttl > 1e-9 else ttl


def _reach(mean: float, count: int) -> float:
    """The chance that a Poisson number is at least `count`."""
    term = math.exp(-mean)
    below = 0.0
    for k in range(count):
        below += term
        term *= mean / (k + 1)
    return max(0.0, 1 - below)
