"""How requests travel, completed: the parts, the zones they stand in, and the path of each operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.flow import Kind
from archnb.design.record import Named
from archnb.planned.record import Planned
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Zone(Planned):
    """A trust zone."""

    label: str
    trust: int


@dataclass(frozen=True, kw_only=True)
class Component(Planned):
    """A part. Clients are not ours to run: they have 0 replicas, and neither an availability nor a service time that counts."""

    kind: Kind
    label: str
    zone: str
    replicas: int = 0
    availability: Quantity = Quantity(1.0, 1.0)
    service_time: Quantity = Quantity(0.0, 0.0)
    service_variation: Quantity = Quantity(1.0, 1.0)
    technology: str = ""


@dataclass(frozen=True, kw_only=True)
class Hop(Planned):
    """One step of a path."""

    source: str
    target: str
    label: str
    kind: Literal["call", "async", "fallback"]
    share: Quantity


@dataclass(frozen=True, kw_only=True)
class Path(Planned):
    """The path of one operation."""

    operation: str
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Flow(Planned):
    """The data flow."""

    zones: Named[Zone]
    components: Named[Component]
    paths: Named[Path]
