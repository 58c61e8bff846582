"""What goes on after the answer: the jobs that an operation, a message or the clock starts, each with a resource that tells how far it is."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from archnb.planned import Operation
from archnb.planned.jobs import Job

PATH = "/dev/jobs"
# how many jobs are listed: the latest
MOST = 1_000

# without a handler: what it does is the owner's to write, and nobody has
State = Literal["queued", "done", "without a handler", "failed"]


@dataclass
class Started:
    """A job that was started: which, by what, when, how far it is, and what is to be said of it."""

    id: str
    job: str
    queue: str
    operation: str
    started_at: str
    state: State = "queued"
    told: str = ""


class Jobs:
    """The jobs that were started since the service did."""

    def __init__(self, planned: Mapping[str, Job], queues: Iterable[str]) -> None:
        self.planned, self._queue = planned, next(iter(queues), "")
        self._started: dict[str, Started] = {}
        self._numbers = itertools.count(1)

    def start(self, operation: Operation, told: Iterable[str] = ()) -> list[Started]:
        """Start the jobs that an operation triggers, and one of its own where it answers before it is done.

        told: the third parties to whom it leaves a message; what they do is started by the message.
        """
        found = [
            (name, one.queue)
            for name, one in self.planned.items()
            if operation.name in _list_triggers(one) and not (one.calls and {*one.calls} <= {*told})
        ]
        if not found and operation.contract.status == 202:
            found = [(operation.name, self._queue)]
        return [self.add(job, queue, operation.name) for job, queue in found]

    def add(self, job: str, queue: str, cause: str, told: str = "") -> Started:
        """Put a job into its queue. cause: the operation, or what else starts it."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        one = Started(str(next(self._numbers)), job, queue, cause, now, told=told)
        self._started[one.id] = one
        for number in list(self._started)[: max(0, len(self._started) - MOST)]:
            del self._started[number]
        return one

    def drop(self, started: Iterable[Started]) -> None:
        """Forget jobs whose transaction was undone."""
        for one in started:
            self._started.pop(one.id, None)

    def find_job(self, operation: str, recipient: str) -> tuple[str, str]:
        """The planned job, with its queue, that does what a third party is told after an operation; else one by the party's name."""
        for name, one in self.planned.items():
            if operation in _list_triggers(one) and recipient in one.calls:
                return name, one.queue
        return f"tell_{recipient}", self._queue

    def list_queued(self) -> Iterator[Started]:
        """The jobs that nobody has taken yet, the oldest first."""
        yield from [one for one in self._started.values() if one.state == "queued"]

    def find(self, number: str) -> dict[str, Any] | None:
        """How far a job is; None where there is none of this number."""
        return asdict(self._started[number]) if number in self._started else None

    def show(self) -> list[dict[str, Any]]:
        """Every job that was started, the latest first."""
        return [asdict(one) for one in reversed(self._started.values())]


def _list_triggers(job: Job) -> list[str]:
    return [one.strip() for one in job.trigger.split(",")]


__all__ = ["MOST", "PATH", "Jobs", "Started"]
