"""The time of a whole request: the distribution of a sum of waits, work and round trips, some of them taken by some requests only.

A request is a tree of steps. Each step costs a fixed time (a round trip), pieces of work that may each wait first, and the
steps that it calls one after another, each by a share of its requests. Times of different steps are independent. The
distribution is found on a grid of cells by generating functions: closed forms for exponentials, exact shares for mixtures,
and one discrete Fourier transform back, tilted so that what lies beyond the grid folds onto it only by 1e-9 (Abate and
Whitt, "The Fourier-series method for inverting transforms of probability distributions", 1992, section 5).

Seconds in, seconds out. A step without a steady state gives `inf`: such a request has no percentile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from archnb.sim import require, require_finite, require_share

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# cells of the grid; a percentile in its upper part is good to a few parts in ten thousand
CELLS = 512
# a percentile below this cell is looked for again on a finer grid
COARSE = 64
# the tilt leaves this much of what lies one grid further on
FOLDED = 1e-9
# the highest percentile that is asked for must lie on the grid
REACHED = 0.9902


class Step(NamedTuple):
    """One step of a request.

    parent: the place of the step that calls it, before it in the list; -1 for a step that the request itself takes.
    share: of the parent's requests that take it. fixed: seconds that do not vary. work: mean seconds of one piece of
    work; scv: its variance over its squared mean (0 is clockwork, 1 exponential, else log-normal). wait: the mean wait
    before one piece, `p_wait` the share that waits at all; who waits, waits exponentially (M/M/c). pieces: how many,
    one after another. more: mean of one more exponential time (a commit).
    """

    parent: int = -1
    share: float = 1.0
    fixed: float = 0.0
    work: float = 0.0
    scv: float = 1.0
    wait: float = 0.0
    p_wait: float = 0.0
    pieces: int = 1
    more: float = 0.0


def _require_steps(steps: Sequence[Step]) -> None:
    for index, one in enumerate(steps):
        require(f"steps[{index}].parent", one.parent, -1 <= one.parent < index, "a step before it, or -1")
        require_share(f"steps[{index}].share", one.share)
        require_share(f"steps[{index}].p_wait", one.p_wait)
        for name in ("fixed", "work", "scv", "more"):
            require_finite(f"steps[{index}].{name}", getattr(one, name))
        require(f"steps[{index}].wait", one.wait, one.wait >= 0, "a time of at least 0 s, inf where none is steady")


def make_steps(
    shape: Sequence[tuple[int, int]], rows: Sequence[Sequence[int | float]], values: Sequence[float]
) -> tuple[Step, ...]:
    """Return steps of numbers that were said or drawn, in which shares are those of all requests.

    shape: parent and pieces of each. rows: share, fixed, work, scv, wait, p_wait and more of each; a whole number is a
    place in `values`, any other number stands for itself. What lies outside of a step's domain is taken as the nearest
    inside; a share is divided by that of the parent.

    >>> made = make_steps([(-1, 1), (0, 1)], [(0.5, 0.0, 0, 1.0, 0.0, 0.0, 0.0), (0.1, 0.0, 1, 1.0, 0.0, 0.0, 0.0)], (0.01, 2.0))
    >>> made[1].share, made[1].work
    (0.2, 2.0)
    """
    made: list[Step] = []
    taken: list[float] = []
    for (parent, pieces), row in zip(shape, rows, strict=True):
        share, fixed, work, scv, wait, p_wait, more = (values[one] if isinstance(one, int) else one for one in row)
        share = min(1.0, max(0.0, share))
        above = taken[parent] if parent >= 0 else 1.0
        taken.append(share)
        made.append(
            Step(
                parent, min(1.0, share / above) if above > 0 else 0.0, max(0.0, fixed), max(0.0, work),
                max(0.0, scv), max(0.0, wait), min(1.0, p_wait), pieces, max(0.0, more),
            )
        )  # fmt: skip
    return tuple(made)


def cut(steps: Sequence[Step], root: int) -> tuple[Step, ...]:
    """Return one step with all that it calls, as a request of its own that takes it always.

    >>> [one.work for one in cut([Step(work=1.0), Step(0, 0.5, work=2.0), Step(0, work=3.0), Step(1, work=4.0)], 1)]
    [2.0, 4.0]
    """
    places = {root: 0}
    made = [steps[root]._replace(parent=-1, share=1.0)]
    for index in range(root + 1, len(steps)):
        one = steps[index]
        if one.parent in places:
            places[index] = len(made)
            made.append(one._replace(parent=places[one.parent]))
    return tuple(made)


def mean_time(steps: Sequence[Step]) -> float:
    """Return the mean time of a request in seconds; `inf` where a step that it takes has no steady state.

    >>> mean_time([Step(work=0.010), Step(share=0.01, work=2.0)])
    0.03
    """
    _require_steps(steps)
    taken = _shares(steps)
    return math.fsum(p * _mean(one) for p, one in zip(taken, steps, strict=True) if p > 0)


def _mean(one: Step) -> float:
    return one.fixed + one.pieces * (one.work + one.wait) + one.more


def _shares(steps: Sequence[Step]) -> list[float]:
    """The share of all requests that take each step."""
    taken: list[float] = []
    for one in steps:
        taken.append(one.share * (taken[one.parent] if one.parent >= 0 else 1.0))
    return taken


def percentiles(steps: Sequence[Step], at: tuple[float, ...] = (0.5, 0.95, 0.99)) -> tuple[float, ...]:
    """Return the times within which the shares `at` of the requests are done, in seconds; rising, at most 0.99.

    `inf` for all of them where a step that is taken has no steady state: above its capacity a queue grows without end,
    and no percentile of the time in it exists.

    >>> [round(one, 3) for one in percentiles([Step(work=1.0)])]   # one exponential: ln 2, ln 20, ln 100
    [0.693, 2.996, 4.605]
    """
    return _percentiles(tuple(steps), at)


@lru_cache(maxsize=8192)
def _percentiles(steps: tuple[Step, ...], at: tuple[float, ...]) -> tuple[float, ...]:
    require("at", at, all(0 < p <= 0.99 for p in at), "shares above 0 and up to 0.99")
    mean = mean_time(steps)
    if math.isinf(mean):
        return (math.inf,) * len(at)
    if mean == 0:
        return (0.0,) * len(at)
    found: dict[float, float] = {}
    wanted, span = sorted(at, reverse=True), 5 * mean
    while wanted:
        chances, cell = distribute(steps, span)
        if chances[-1] < min(REACHED, wanted[0] + 2e-4):
            # Markov's bound: no more than a hundredth lies beyond a hundred means
            span *= 3
            continue
        place = int(chances.searchsorted(wanted[0]))
        if place < COARSE and span > 1e-3 * mean:
            span = max(cell * (place + 1) * 1.6, span / 64)
            continue
        p = wanted.pop(0)
        below = float(chances[place - 1]) if place else 0.0
        here = float(chances[place])
        part = (p - below) / (here - below) if here > below else 1.0
        # the mass of a cell is spread evenly around its middle
        found[p] = max(0.0, (place - 0.5 + part) * cell)
    values = [found[p] for p in at]
    return tuple(values)


def exceeding(steps: Sequence[Step], limit: float) -> float:
    """Return the share of the requests that take longer than `limit` seconds; 1 where no step's queue is steady.

    >>> round(exceeding([Step(work=1.0)], 3.0), 4)   # exp(-3)
    0.0498
    """
    require_finite("limit", limit, is_zero_allowed=False)
    return _exceeding(tuple(steps), limit)


@lru_cache(maxsize=8192)
def _exceeding(steps: tuple[Step, ...], limit: float) -> float:
    if math.isinf(mean_time(steps)):
        return 1.0
    # the limit lies on the border of two cells
    chances, _ = distribute(steps, limit * CELLS / (CELLS - 32.5))
    return min(1.0, max(0.0, 1 - float(chances[CELLS - 33])))


def distribute(steps: Sequence[Step], span: float) -> tuple[NDArray[np.float64], float]:
    """Return P(time of a request ≤ (k + ½)·cell) for each cell k of a grid of `span` seconds, and the width of a cell."""
    import numpy as np

    cell = span / CELLS
    tilt = -math.log(FOLDED) / CELLS
    z = _circle()
    below: list[Any] = [1.0] * len(steps)
    whole: Any = 1.0
    for index in range(len(steps) - 1, -1, -1):
        one = steps[index]
        if one.share <= 0:
            continue
        made = _transform(one, cell, z) * below[index]
        if one.share < 1:
            made = 1 - one.share + one.share * made
        if one.parent < 0:
            whole = whole * made
        else:
            below[one.parent] = below[one.parent] * made
    if not getattr(whole, "ndim", 0):
        whole = np.full(z.shape, complex(whole))
    mass = np.fft.irfft(whole, CELLS) * np.exp(tilt * np.arange(CELLS))
    return np.clip(np.maximum.accumulate(np.cumsum(mass)), 0.0, 1.0), cell


@lru_cache(maxsize=1)
def _circle() -> Any:
    """The points where generating functions are asked: on a circle a little inside of the unit circle."""
    import numpy as np

    tilt = -math.log(FOLDED) / CELLS
    return np.exp(-tilt - 2j * math.pi * np.arange(CELLS // 2 + 1) / CELLS)


def _transform(one: Step, cell: float, z: Any) -> Any:
    """The generating function of one step's own time, in cells."""
    made = _work(one.work, one.scv, cell, z) if one.work > 0 else 1.0
    if one.p_wait > 0 and one.wait > 0:
        made = made * (1 - one.p_wait + one.p_wait * _exponential(one.wait / one.p_wait, cell, z))
    if one.pieces != 1:
        made = made**one.pieces
    if one.more > 0:
        made = made * _exponential(one.more, cell, z)
    if one.fixed > 0:
        made = made * _constant(one.fixed, cell, z)
    return made


def _work(mean: float, scv: float, cell: float, z: Any) -> Any:
    if scv == 1:
        return _exponential(mean, cell, z)
    if scv < 1e-6:
        return _constant(mean, cell, z)
    return _lognormal(mean, scv, cell)


def _exponential(mean: float, cell: float, z: Any) -> Any:
    """Mass (k − ½, k + ½) in cell k: 1 − √r at 0, then (1 − r) r^(k − ½), with r = e^(−cell ÷ mean)."""
    root = math.exp(-cell / (2 * mean))
    if root < 1e-150:
        return 1.0
    return (1 - root) + (1 - root * root) * root * z / (1 - root * root * z)


def _constant(time: float, cell: float, z: Any) -> Any:
    """Shared between the two nearest cells, so that its mean is right."""
    if time / cell >= 2 * CELLS:
        return 0.0 * z
    whole = math.floor(time / cell)
    part = time / cell - whole
    return z**whole * (1 - part + part * z)


@lru_cache(maxsize=256)
def _lognormal(mean: float, scv: float, cell: float) -> Any:
    import numpy as np

    spread = math.sqrt(math.log1p(scv))
    middle = math.log(mean) - spread * spread / 2
    borders = (np.arange(CELLS) + 0.5) * cell
    chances = normal_distribution((np.log(borders) - middle) / spread)
    mass = np.diff(chances, prepend=0.0)
    tilt = -math.log(FOLDED) / CELLS
    return np.fft.rfft(mass * np.exp(-tilt * np.arange(CELLS)))


def normal_distribution(x: Any) -> Any:
    """Return Φ(x), of a number or an array (Abramowitz and Stegun 26.2.17; the error is below 8e-8)."""
    import numpy as np

    t = 1 / (1 + 0.2316419 * np.abs(x))
    terms = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    tail = np.exp(-np.square(x) / 2) / math.sqrt(2 * math.pi) * terms
    return np.where(np.asarray(x) > 0, 1 - tail, tail)


def scv_of_tail(ratio: float, quantile: float = 2.3263478740408408) -> float:
    """Return the variance over the squared mean of a log-normal time whose percentile is `ratio` times its mean.

    quantile: the standard normal's at that percentile, that of the 99th if left out. Where a log-normal cannot reach the
    ratio (above e^(quantile²/2), about 15 at the 99th), the heaviest one that comes nearest is taken.

    >>> round(scv_of_tail(2.0 / 0.6), 3)   # 0.6 s on average, 2 s at the 99th percentile
    0.422
    """
    require("ratio", ratio, 1 <= ratio < math.inf, "a finite number of at least 1")
    inside = quantile * quantile - 2 * math.log(ratio)
    spread = quantile - math.sqrt(inside) if inside > 0 else quantile
    return math.expm1(spread * spread)
