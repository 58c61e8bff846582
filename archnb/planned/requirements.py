"""What is asked, completed: what every operation promises, what a disaster may cost, who builds and runs it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from archnb.design.requirements import Consistency
from archnb.planned.record import Planned
from archnb.quantity import Quantity, unit

# of a percentile that nobody promised: any time will do
NO_PROMISE = Quantity(math.inf, math.inf, unit("s"), "no promise")


@dataclass(frozen=True, kw_only=True)
class Objective(Planned):
    """What one operation promises; a percentile of its latency that is not promised is `NO_PROMISE`."""

    latency_p50: Quantity = NO_PROMISE
    latency_p95: Quantity = NO_PROMISE
    latency_p99: Quantity = NO_PROMISE
    availability: Quantity
    staleness: Quantity
    consistency: Consistency


@dataclass(frozen=True, kw_only=True)
class Recovery(Planned):
    """What may be lost in a disaster (RPO), and for how long it may not work (RTO)."""

    rpo: Quantity
    rto: Quantity


@dataclass(frozen=True, kw_only=True)
class Requirements(Planned):
    """The requirements. `default` is what an operation promises of which nothing was said."""

    summary: str
    default: Objective
    recovery: Recovery
    compliance: tuple[str, ...] = ()
    team_size: int
    regions: int
