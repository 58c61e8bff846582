"""How a request travels: components, trust zones, the path of each operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from archnb.design.declaration import AT_LEAST_ONE, DURATION, NUMBER, SHARE, SOME_SHARE, TIME, Range, Refers, said
from archnb.design.record import Named, Record
from archnb.engines import PART_ENGINES
from archnb.quantity import Quantity

# the trust zones that every design has unless it names its own
ZONES = ("internet", "edge", "private", "data", "external")
Kind = Literal["client", "gateway", "service", "cache", "store", "queue", "worker", "third_party", "identity"]


@dataclass(frozen=True, kw_only=True)
class Zone(Record):
    """A trust zone; what crosses its border is checked."""

    label: str | None = said("What is it called?", example="private network")
    trust: int | None = said(
        "How far is it trusted, from 0 (not) to 3?", example="2", within=Range(least="0", most="3", is_whole=True)
    )


@dataclass(frozen=True, kw_only=True)
class Component(Record):
    """A running part."""

    kind: Kind | None = said("What is it?", example="service")
    label: str | None = said("What is it called?", example="Order service")
    zone: str | None = said("In which trust zone?", example="private", refers="zone")
    replicas: int | None = said("How many run?", example="3", within=AT_LEAST_ONE)
    availability: Quantity | None = said(
        "Which share of the time does one of them work?", unit=NUMBER, example="99.9%", within=SOME_SHARE
    )
    service_time: Quantity | None = said(
        "How long does it work on one request?", unit=TIME, example="5 ms", within=DURATION
    )
    service_variation: Quantity | None = said(
        "How much does that time vary?",
        unit=NUMBER,
        example="1",
        help="Its variance over its squared mean: 0 is clockwork, 1 exponential, more is heavy-tailed.",
        within=Range(least="0", most="100"),
    )
    concurrency: int | None = said(
        "How many requests does one of them have at once, each holding its place while it waits for others?",
        example="50",
        help="Threads or worker processes. Left out, nobody holds a place (an event loop): only its cores are a limit.",
        within=AT_LEAST_ONE,
    )
    engine: str | None = said(
        "Which engine is it, of a store, cache or queue?", words=PART_ENGINES, example="postgresql"
    )
    technology: str | None = said(
        "What is it built with?", help="Words for people; decisions follow the engine.", example="PostgreSQL 18"
    )


@dataclass(frozen=True, kw_only=True)
class Hop(Record):
    """One step of a path: who calls whom, for what, how often per request."""

    SHORTHAND: ClassVar[str] = ""

    source: str | None = said("Who calls?", example="service", refers="part", also=("from",))
    target: str | None = said("Whom?", example="cache", refers="part", also=("to",))
    label: str | None = said("For what?", example="read order")
    kind: Literal["call", "async", "fallback"] | None = said("Is it waited for?", example="call", proposed="call")
    share: Quantity | None = said(
        "On which share of the requests?", unit=NUMBER, example="20%", within=SHARE, proposed="100%"
    )


@dataclass(frozen=True, kw_only=True)
class Path(Record):
    """The path of one operation."""

    operation: str | None = said("Which operation?", example="get_order", refers="operation")
    hops: tuple[Hop, ...] = said("Which steps, in order?", default=())


@dataclass(frozen=True, kw_only=True)
class Flow(Record):
    """The data-flow section."""

    zones: Named[Zone] = said("Which trust zones?", default=dict)
    components: Named[Component] = said("Which parts run?", default=dict)
    paths: Named[Path] = said(
        "Which way does each operation go?", default=dict, keys=Refers("operation", unless=("operation",))
    )
