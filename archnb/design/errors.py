"""What goes wrong, how the caller learns of it, and how it is recovered from."""

from __future__ import annotations

from dataclasses import dataclass

from archnb.design.declaration import (
    AT_LEAST_ONE,
    DELAY,
    DURATION,
    NUMBER,
    SHARE,
    SOME_SHARE,
    TIME,
    Range,
    Refers,
    said,
)
from archnb.design.record import Dotted, Named, Record
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class ErrorCode(Record):
    """An error of the catalogue, in the form of RFC 9457. Its name is the stable code."""

    title: str | None = said(
        "What is it, in a few words?", example="The stock is not enough.", also=("summary", "description")
    )
    http: int | None = said(
        "Which HTTP status?", example="409", within=Range(least="400", most="599", is_whole=True), also=("status",)
    )
    grpc: str | None = said("Which gRPC status?", example="FAILED_PRECONDITION")
    is_retryable: bool | None = said("Does it help to try again?", example="false", also=("retryable",))
    client: str | None = said("What does the client do?", example="Shows what is left.")
    recovery: str | None = said("How does the system recover?", example="Nothing to do.")


@dataclass(frozen=True, kw_only=True)
class Call(Record):
    """How one component calls another: its time limit, retries, breaker. Its name is `source -> target`."""

    source: str | None = said("Who calls?", example="service", refers="component", also=("from",))
    target: str | None = said("Whom?", example="main", refers="component", also=("to",))
    timeout: Quantity | None = said("How long does it wait?", unit=TIME, example="200 ms", within=DURATION)
    limits: Dotted[Quantity] = said(
        "How long for an operation that needs another time?",
        default=Dotted(),
        unit=TIME,
        example="{export_orders: 20 s}",
        within=DURATION,
        help="By operation; all others have the time limit of the call.",
        keys="operation",
    )
    attempts: int | None = said(
        "How many attempts in all?", example="2", within=AT_LEAST_ONE, also=("retries", "tries")
    )
    backoff: Quantity | None = said("How long is the first wait at most?", unit=TIME, example="20 ms", within=DELAY)
    retry_budget: Quantity | None = said(
        "Which share of the calls may be retries?", unit=NUMBER, example="10%", within=SHARE, proposed="20%"
    )
    breaker_failures: Quantity | None = said(
        "At which share of failures does it open?", unit=NUMBER, example="50%", within=SOME_SHARE
    )
    breaker_window: Quantity | None = said("Over which time?", unit=TIME, example="10 s", within=DURATION)
    breaker_open: Quantity | None = said("How long does it stay open?", unit=TIME, example="5 s", within=DURATION)
    fallback: str | None = said("What is done instead?", example="serve stale from the cache")


@dataclass(frozen=True, kw_only=True)
class Errors(Record):
    """The error-handling section."""

    codes: Named[ErrorCode] = said("Which errors?", default=dict)
    calls: Named[Call] = said(
        "How does each part call another?",
        default=dict,
        keys=Refers("component", pick=r"^\s*(.*?)\s*->|->\s*(.*?)\s*$", unless=("source", "target")),
        grammar="call",
    )
    type_base: str | None = said(
        "Under which address are errors described?", example="/problems/", proposed="/problems/"
    )
