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
    """A part. Clients are not ours to run: they have 0 replicas, and neither an availability nor a service time that counts.

    concurrency: how many requests one instance has at once, each holding its place while it waits; 0 where nobody holds one.
    """

    kind: Kind
    label: str
    zone: str
    replicas: int = 0
    availability: Quantity = Quantity(1.0, 1.0)
    service_time: Quantity = Quantity(0.0, 0.0)
    service_variation: Quantity = Quantity(1.0, 1.0)
    concurrency: int = 0
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
class Step(Planned):
    """One call of a path with what its time follows from: names of facts, '' for none.

    caller: the place of the step that makes it, -1 for the client. pieces: so many queries, one after another.
    """

    caller: int
    source: str
    target: str
    is_waited: bool
    pieces: int = 1
    share: str = ""
    way: str = ""
    work: str
    variation: str
    wait: str = ""
    p_wait: str = ""
    commit: str = ""


@dataclass(frozen=True, kw_only=True)
class Path(Planned):
    """The path of one operation: what is said and drawn of it, and its calls with their times."""

    operation: str
    hops: tuple[Hop, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Flow(Planned):
    """The data flow."""

    zones: Named[Zone]
    components: Named[Component]
    paths: Named[Path]
