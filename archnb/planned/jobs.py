"""Work that is done later, completed: queues, jobs with what starts them, sagas with what undoes their steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.record import Named
from archnb.planned.erasure import Erasure
from archnb.planned.record import Planned
from archnb.planned.statements import Statement
from archnb.quantity import Quantity, parse

# what is done: `work` that a request or an event starts, or rows that are kept when nobody asks
JobKind = Literal["work", "expire", "deliver", "withdraw", "renew", "roll_up", "check"]


@dataclass(frozen=True, kw_only=True)
class Retry(Planned):
    """When a failed job is tried again."""

    attempts: int
    base: Quantity
    factor: Quantity
    cap: Quantity
    jitter: Literal["full", "equal", "none"]


@dataclass(frozen=True, kw_only=True)
class Job(Planned):
    """Work outside a request. It has a `trigger` (an operation, an event) or a `schedule` (cron); the other is ''.

    audience: how many one trigger leads to, on average. audience_limit: up to how many it is handed out when it is written;
    what has more is mixed in by a read instead; 0 where there is no such limit. rate: all of them, at the
    peak. entity: whose rows it works on, '' where that is no one entity's. statements: what it runs for each of its rows, in
    one transaction, in this order; its guards say what must still be so. unique: the fields of `target` of which the engine
    holds one row, so that a second run makes none.
    """

    summary: str = ""
    trigger: str = ""
    schedule: str = ""
    queue: str
    rate: Quantity
    audience: Quantity = parse("1")
    audience_limit: Quantity = parse("0")
    service_time: Quantity
    deadline: Quantity
    workers: int
    retry: Retry
    visibility_timeout: Quantity
    idempotency_key: str
    dead_letter: str
    calls: tuple[str, ...] = ()
    kind: JobKind = "work"
    entity: str = ""
    target: str = ""
    unique: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Queue(Planned):
    """A queue. Of kind 'table', a message is a row of the transaction that causes it."""

    technology: str
    kind: Literal["table", "broker", "log"]
    ordering: Literal["none", "by key", "fifo"]
    retention: Quantity


@dataclass(frozen=True, kw_only=True)
class SagaStep(Planned):
    """A step of a saga. `via` is '' where no third party takes part, `compensation` '' where nothing undoes it.

    asked_by: the field by which the third party is asked how a call ended that it did not answer; '' where none is asked.
    """

    action: str
    entity: str
    via: str = ""
    compensation: str = ""
    asked_by: str = ""
    kind: Literal["compensatable", "pivot", "retriable"]


@dataclass(frozen=True, kw_only=True)
class Saga(Planned):
    """A write across several owners of data."""

    operation: str
    coordination: Literal["orchestration", "choreography"]
    timeout: Quantity
    steps: tuple[SagaStep, ...]


@dataclass(frozen=True, kw_only=True)
class Jobs(Planned):
    """The background work."""

    queues: Named[Queue]
    jobs: Named[Job]
    sagas: Named[Saga]
    # by the entity whose rows are erased
    erasures: Named[Erasure]
