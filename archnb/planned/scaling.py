"""How it grows, completed: what can run out, which fact demands it, and what is done then."""

from __future__ import annotations

from dataclasses import dataclass

from archnb.design.record import Named
from archnb.planned.record import Planned
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Resource(Planned):
    """Something that can run out. `demand` names the fact that is its demand today."""

    component: str
    limit: Quantity
    demand: str
    action: str
    headroom: Quantity


@dataclass(frozen=True, kw_only=True)
class Scaling(Planned):
    """The growth."""

    horizon: Quantity
    headroom: Quantity
    resources: Named[Resource]
