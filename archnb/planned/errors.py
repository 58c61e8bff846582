"""What goes wrong, completed: the catalogue of errors, and how each part calls another."""

from __future__ import annotations

from dataclasses import dataclass

from archnb.design.record import Named
from archnb.planned.record import Planned
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class ErrorCode(Planned):
    """An error in the form of RFC 9457; its name is the stable code."""

    title: str
    http: int
    grpc: str
    is_retryable: bool
    client: str
    recovery: str


@dataclass(frozen=True, kw_only=True)
class Retry(Planned):
    """The further attempts of a call: how long the first wait is at most, and which share of the calls may be retries."""

    backoff: Quantity
    budget: Quantity


@dataclass(frozen=True, kw_only=True)
class Breaker(Planned):
    """What cuts a failing target off: at which share of failures, counted over which time, and for how long."""

    failures: Quantity
    window: Quantity
    open: Quantity


@dataclass(frozen=True, kw_only=True)
class Call(Planned):
    """How one component calls another. `retries` and `breakers` hold one or none.

    limits: the time limit of one attempt in operations that need another one than `timeout`.
    """

    source: str
    target: str
    timeout: Quantity
    limits: Named[Quantity] = Named()
    attempts: int
    retries: tuple[Retry, ...] = ()
    breakers: tuple[Breaker, ...] = ()
    fallback: str


@dataclass(frozen=True, kw_only=True)
class Errors(Planned):
    """The error handling."""

    codes: Named[ErrorCode]
    calls: Named[Call]
    type_base: str
