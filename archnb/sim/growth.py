"""How demand grows: a load by a share a year, compounded; a stock by its inflow, which grows like the load, until retention
takes out what comes in. Functions take numbers or arrays, times in seconds, and know no design.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

YEAR = 365 * 86400.0
MONTH = YEAR / 12
NEVER = math.inf


def grow_load(today: Any, growth: Any, time: Any) -> Any:
    """today × (1 + growth a year) ^ (time ÷ a year).

    >>> round(grow_load(100, 0.6, YEAR), 6)
    160.0
    """
    return today * (1 + growth) ** (time / YEAR)


def grown_time(growth: Any, time: Any) -> Any:
    """∫ (1 + growth)^(t ÷ a year) dt in seconds: for how long today's inflow would bring what a growing one brings.

    >>> round(grown_time(0.0, 3 * YEAR) / YEAR, 6), round(grown_time(1.0, YEAR) / YEAR, 3)
    (3.0, 1.443)
    """
    rate = _log_growth(growth)
    # expm1: a tiny growth would be lost beside the 1 that is taken off again
    return YEAR * _expm1(rate * time / YEAR) / rate if _is_all_nonzero(rate) else time


def grow_stock(today: Any, inflow: Any, growth: Any, time: Any, retention: Any = math.inf) -> Any:
    """today + ∫ inflow × (1 + growth)^(t ÷ a year) dt, at most what comes in within the retention. Inflow is per second.

    >>> round(grow_stock(10, 5 / YEAR, 0.0, 2 * YEAR), 6)
    20.0
    """
    # at growth 0 the integral is inflow × time; a tiny growth gives the same without a case for arrays
    stock = today + inflow * grown_time(growth, time)
    if retention == math.inf:
        return stock
    held = grow_load(inflow, growth, time) * retention
    return _least(stock, _most(today, held))


def _log_growth(growth: Any) -> Any:
    if getattr(growth, "ndim", 0):
        import numpy

        rate = numpy.log1p(growth)
        return numpy.where(abs(rate) < 1e-9, 1e-9, rate)
    return math.log1p(growth) if abs(growth) > 1e-12 else 0.0


def _expm1(exponent: Any) -> Any:
    if getattr(exponent, "ndim", 0):
        import numpy

        return numpy.expm1(exponent)
    return math.expm1(exponent)


def _is_all_nonzero(rate: Any) -> bool:
    return bool(getattr(rate, "ndim", 0)) or rate != 0


def _least(a: Any, b: Any) -> Any:
    if getattr(a, "ndim", 0) or getattr(b, "ndim", 0):
        import numpy

        return numpy.minimum(a, b)
    return min(a, b)


def _most(a: Any, b: Any) -> Any:
    if getattr(a, "ndim", 0) or getattr(b, "ndim", 0):
        import numpy

        return numpy.maximum(a, b)
    return max(a, b)


def time_until_load(usable: float, today: float, growth: float) -> float:
    """Seconds until a load reaches what is usable: a year × ln(usable ÷ today) ÷ ln(1 + growth); NEVER where it does not.

    >>> round(time_until_load(160, 100, 0.6) / YEAR, 6)
    1.0
    """
    if today >= usable:
        return 0.0
    if today <= 0 or growth <= 0:
        return NEVER
    return YEAR * math.log(usable / today) / math.log1p(growth)


def time_until_stock(usable: float, today: float, inflow: float, growth: float, retention: float = math.inf) -> float:
    """Seconds until a stock reaches what is usable; NEVER where retention keeps it below.

    >>> round(time_until_stock(20, 10, 5 / YEAR, 0.0) / YEAR, 6)
    2.0
    """
    if today >= usable:
        return 0.0
    if inflow <= 0:
        return NEVER
    rate = _log_growth(growth)
    if rate == 0:
        reached = (usable - today) / inflow
    else:
        gained = (usable - today) * rate / (inflow * YEAR)
        reached = YEAR * math.log1p(gained) / rate if gained > -1 else NEVER
    if retention != math.inf:
        # both what came in and what retention lets stay must reach it
        reached = max(reached, time_until_load(usable, inflow * retention, growth))
    return reached


@dataclass(frozen=True)
class Piece:
    """One part of what is kept: rows and their inflow (per second), as numbers or arrays, and how both go.

    growth: by which share a year the inflow grows; 0 where it is the same in every year. own: by which share a year the rows
    themselves grow, where there is no inflow. retention: how long a row stays, in seconds. weight: bytes of a row, or 1.
    """

    rows: Any
    inflow: Any = 0.0
    growth: Any = 0.0
    own: Any = None
    retention: Any = math.inf
    weight: Any = 1.0

    def at(self, time: Any) -> Any:
        """What is kept of it after `time` seconds.

        >>> round(Piece(rows=0, inflow=10.0, retention=90 * 86400.0).at(YEAR))
        77760000
        """
        if self.own is not None:
            return self.weight * grow_load(self.rows, self.own, time)
        stock = self.rows + self.inflow * grown_time(self.growth, time)
        if not getattr(self.retention, "ndim", 0) and self.retention == math.inf:
            return self.weight * stock
        held = grow_load(self.inflow, self.growth, time) * self.retention
        return self.weight * _least(stock, _most(self.rows, held))


def sum_pieces(pieces: Sequence[Piece], time: Any) -> Any:
    """What is kept of all pieces after `time` seconds."""
    kept: Any = 0.0
    for one in pieces:
        kept = kept + one.at(time)
    return kept


# further than this nobody looks
FAR = 200 * YEAR


def time_until_pieces(usable: Any, pieces: Sequence[Piece]) -> Any:
    """Seconds until all pieces together first reach what is usable; NEVER where they do not within 200 years.

    Numbers or arrays. They must not shrink: growth and inflow are at least 0, so that what is kept only grows.

    >>> round(time_until_pieces(43_200_000.0, [Piece(rows=0.0, inflow=10.0, retention=90 * 86400.0)]) / 86400)
    50
    >>> time_until_pieces(80_000_000.0, [Piece(rows=0.0, inflow=10.0, retention=90 * 86400.0)])
    inf
    """
    first = sum_pieces(pieces, 0.0)
    if not getattr(usable, "ndim", 0) and not getattr(first, "ndim", 0):
        return _find_time(float(usable), pieces, float(first))
    import numpy

    usable = numpy.asarray(usable, dtype=float)
    today = numpy.asarray(sum_pieces(pieces, 0.0), dtype=float)
    low = numpy.zeros(numpy.broadcast_shapes(usable.shape, today.shape))
    high = numpy.full(low.shape, FAR)
    is_reached = numpy.asarray(sum_pieces(pieces, high)) >= usable
    for _ in range(60):
        middle = (low + high) / 2
        is_there = numpy.asarray(sum_pieces(pieces, middle)) >= usable
        low, high = numpy.where(is_there, low, middle), numpy.where(is_there, middle, high)
    found = numpy.where(today >= usable, 0.0, numpy.where(is_reached, high, NEVER))
    return found if found.ndim else float(found)


def _find_time(usable: float, pieces: Sequence[Piece], today: float) -> float:
    """The same for numbers: half of the time that is left, again and again."""
    if today >= usable:
        return 0.0
    if sum_pieces(pieces, FAR) < usable:
        return NEVER
    low, high = 0.0, FAR
    while high - low > 1e-9 * high and high > 1e-3:
        middle = (low + high) / 2
        if sum_pieces(pieces, middle) >= usable:
            high = middle
        else:
            low = middle
    return high
