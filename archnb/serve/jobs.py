"""What goes on after the answer: the jobs that an operation starts, each with a resource that tells how far it is.

No worker runs here; a job that is started is listed, and taken for done once its answer is out.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from archnb.planned import Operation
from archnb.planned.jobs import Job

PATH = "/dev/jobs"


@dataclass
class Started:
    """A job that was started: which, by which operation, when, and whether it is done."""

    id: str
    job: str
    queue: str
    operation: str
    started_at: str
    state: str = "queued"


class Jobs:
    """The jobs that were started since the service did."""

    def __init__(self, planned: Mapping[str, Job], queues: Iterable[str]) -> None:
        self._planned, self._queue = planned, next(iter(queues), "")
        self._started: dict[str, Started] = {}
        self._numbers = itertools.count(1)

    def start(self, operation: Operation) -> list[Started]:
        """Start the jobs that an operation triggers, and one of its own where it answers before it is done."""
        found = [(name, one.queue) for name, one in self._planned.items() if one.trigger == operation.name]
        if not found and operation.contract.status == 202:
            found = [(operation.name, self._queue)]
        made = []
        for job, queue in found:
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            one = Started(str(next(self._numbers)), job, queue, operation.name, now)
            self._started[one.id] = one
            made.append(one)
        return made

    @staticmethod
    def finish(started: list[Started]) -> None:
        """Take jobs for done."""
        for one in started:
            one.state = "done"

    def find(self, number: str) -> dict[str, Any] | None:
        """How far a job is; None where there is none of this number."""
        return asdict(self._started[number]) if number in self._started else None

    def show(self) -> list[dict[str, Any]]:
        """Every job that was started, the latest first."""
        return [asdict(one) for one in reversed(self._started.values())]


__all__ = ["PATH", "Jobs", "Started"]
