"""What is done after the answer: queues, jobs, retries, sagas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.declaration import (
    AT_LEAST_ONE,
    COUNT,
    DELAY,
    DURATION,
    NOT_NEGATIVE_RATE,
    NUMBER,
    RATE,
    TIME,
    Range,
    Refers,
    said,
)
from archnb.design.record import Named, Record
from archnb.engines import QUEUE_ENGINES, QueueKind
from archnb.quantity import Quantity

# the queues that a design has without naming them; `queue` is the part of the flow that they are
QUEUES = ("default", "changes", "outbox", "queue")


@dataclass(frozen=True, kw_only=True)
class Retry(Record):
    """When a failed job is tried again: exponential back-off with full jitter."""

    attempts: int | None = said(
        "How many attempts in all?", example="8", within=AT_LEAST_ONE, also=("retries", "tries")
    )
    base: Quantity | None = said("How long is the first wait at most?", unit=TIME, example="1 s", within=DELAY)
    factor: Quantity | None = said(
        "By how much does each wait grow?", unit=NUMBER, example="2", within=Range(least="1", most="1000"), proposed="2"
    )
    cap: Quantity | None = said("How long is a wait at most?", unit=TIME, example="10 min", within=DELAY)
    jitter: Literal["full", "equal", "none"] | None = said("How are the waits spread?", example="full", proposed="full")


@dataclass(frozen=True, kw_only=True)
class Job(Record):
    """Work that runs outside a request."""

    summary: str | None = said(
        "What does it do?", example="Sends the order confirmation.", also=("description", "title")
    )
    trigger: str | None = said(
        "Which operation or schedule starts it?",
        example="place_order",
        refers=Refers("trigger"),
        also=("on", "triggered_by"),
    )
    schedule: str | None = said(
        "When, if by the clock (cron)?", example="0 3 * * *", grammar="schedule", also=("cron",)
    )
    queue: str | None = said("Through which queue?", example="default", refers="queue")
    rate: Quantity | None = said("How often, at the peak?", unit=RATE, example="20/s", within=NOT_NEGATIVE_RATE)
    audience: Quantity | None = said(
        "How many does one trigger lead to, on average?",
        unit=NUMBER,
        example="200",
        help="A message for each member of a room, an entry for each follower. It multiplies the rate of the trigger.",
        within=COUNT,
        also=("fan_out", "fanout", "recipients"),
    )
    audience_limit: Quantity | None = said(
        "Up to how many is it handed out when it is written?",
        unit=NUMBER,
        example="100k",
        help="What has more is not handed out but mixed in when somebody reads.",
        within=COUNT,
        also=("fan_out_limit", "celebrity_limit"),
    )
    service_time: Quantity | None = said("How long does one take?", unit=TIME, example="200 ms", within=DURATION)
    deadline: Quantity | None = said(
        "Within which time must it start, for 95 % of them?", unit=TIME, example="5 s", within=DURATION
    )
    workers: int | None = said("How many workers?", example="8", within=AT_LEAST_ONE)
    retry: Retry = said("When is it tried again?", default=Retry())
    visibility_timeout: Quantity | None = said(
        "After which silence is it given to another worker?", unit=TIME, example="60 s", within=DURATION
    )
    idempotency_key: str | None = said("What tells a repeat from a new one?", example="order id")
    dead_letter: str | None = said(
        "Where does it go when all attempts failed?", example="default.dead", refers="dead letter", also=("dlq",)
    )
    calls: tuple[str, ...] = said("Which third parties does it call?", default=(), example="mail")


@dataclass(frozen=True, kw_only=True)
class Queue(Record):
    """A queue."""

    engine: str | None = said(
        "Which engine carries it?",
        help="Of a table in a store, the store's.",
        words=QUEUE_ENGINES,
        example="rabbitmq",
    )
    technology: str | None = said(
        "What is it called?",
        help="Words for people; decisions follow the engine.",
        example="PostgreSQL (SKIP LOCKED)",
    )
    kind: QueueKind | None = said(
        "Is it a table of the database, a broker or a log?",
        example="table",
        help="A table shares the transaction of what causes a job; the others need an outbox for that.",
    )
    ordering: Literal["none", "by key", "fifo"] | None = said("Does the order matter?", example="none")
    retention: Quantity | None = said(
        "How long are messages kept?", unit=TIME, example="4 days", within=DURATION, proposed="14 days"
    )


@dataclass(frozen=True, kw_only=True)
class SagaStep(Record):
    """A step of a saga, and what undoes it."""

    action: str | None = said("What is done?", example="charge")
    entity: str | None = said("To which entity?", example="Payment", refers="entity")
    via: str | None = said("Through which third party?", example="psp")
    compensation: str | None = said("What undoes it?", example="refund")
    asked_by: str | None = said(
        "By what is the third party asked how a call ended that it did not answer?",
        example="provider_reference",
        help="What is known before the call and goes along with it. `none` where the party cannot be asked.",
    )
    kind: Literal["compensatable", "pivot", "retriable"] | None = said(
        "Can it be undone, is it the point of no return, or is it repeated?", example="pivot"
    )


@dataclass(frozen=True, kw_only=True)
class Saga(Record):
    """A write across several owners of data, made of local transactions with compensations."""

    operation: str | None = said("Which operation starts it?", example="place_order", refers="operation")
    coordination: Literal["orchestration", "choreography"] | None = said("Who leads?", example="orchestration")
    timeout: Quantity | None = said("After how long is it given up?", unit=TIME, example="15 min", within=DURATION)
    steps: tuple[SagaStep, ...] = said("Which steps?", default=())


@dataclass(frozen=True, kw_only=True)
class Jobs(Record):
    """The background-work section."""

    queues: Named[Queue] = said("Which queues?", default=dict)
    jobs: Named[Job] = said("Which jobs?", default=dict)
    sagas: Named[Saga] = said("Which sagas?", default=dict)
