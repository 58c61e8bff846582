"""Workers in the service's own process: they relay the outbox, start what the clock starts, and do what is queued.

A job whose name is an operation's is done by it, as the program that the plan lets do it. What any other job does, and what a
third party answers, is the owner's to write: a handler does it where one is given, and where none is, that is said.
"""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from archnb.export.statements import Dialect
from archnb.planned.statements import Read, Relay, Update, list_values
from archnb.serve.binding import Binding, OpenError
from archnb.serve.database import transaction
from archnb.serve.jobs import Started
from archnb.serve.problems import Refused
from archnb.serve.requests import Request
from archnb.serve.schedules import is_due

if TYPE_CHECKING:
    from archnb.serve.application import Service

# what a job is given: the message that caused it, empty of one that the clock started; what it raises is its failure
Handler = Callable[[Mapping[str, Any]], None]
# seconds between two looks
PAUSE = 1.0


class Workers:
    """The workers of one service. `handlers` are by the name of a job or of a third party."""

    def __init__(self, service: Service, handlers: Mapping[str, Handler] | None = None) -> None:
        self.service, self.handlers = service, dict(handlers or {})
        self._minute: datetime.datetime | None = None
        self._messages: dict[str, Mapping[str, Any]] = {}
        self._recipients: dict[str, str] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                self.work()
            except Exception as error:
                # the service goes on, and whoever runs it reads why
                self.service.tell(f"a worker failed: {error!r}")
            await asyncio.sleep(PAUSE)

    def work(self, now: datetime.datetime | None = None) -> None:
        """Look once: at the clock, at the outbox, at the queues."""
        self.start_due(now or datetime.datetime.now(datetime.UTC))
        for relay in self.service.planned.statements.relay:
            if relay.table in self.service.records.tables:
                self.relay(relay)
        for one in self.service.jobs.list_queued():
            self.do(one)

    # -- the clock

    def start_due(self, now: datetime.datetime) -> None:
        """Start the jobs whose schedule names this minute, each once."""
        minute = now.replace(second=0, microsecond=0)
        if minute == self._minute:
            return
        self._minute = minute
        for name, job in self.service.jobs.planned.items():
            try:
                if job.schedule and is_due(job.schedule, minute):
                    self.service.jobs.add(name, job.queue, f"the clock: {job.schedule}")
            except ValueError as error:
                self.service.tell(f"{name}: its schedule cannot be read: {error}")

    # -- the outbox

    def relay(self, relay: Relay) -> int:
        """Carry what is due in an outbox to the queues, and mark it as sent, in one transaction; gives how many messages."""
        count = 0
        with transaction(self.service.database):
            for row in self._take(relay.take):
                recipient, operation = str(row.get("recipient", "")), str(row.get("operation", ""))
                message = row.get("payload")
                message = json.loads(message) if isinstance(message, str) else message or {}
                job, queue = self.service.jobs.find_job(operation, recipient)
                told = f"{recipient}: {row.get('topic', '')}, {row.get('key', '')}"
                started = self.service.jobs.add(job, queue, operation, told)
                self._messages[started.id], self._recipients[started.id] = message, recipient
                self.service.tell(f"outbox → {queue or 'queue'}: {operation} tells {told}")
                if self._find_handler(job, recipient) is not None:
                    # who takes it takes it now, so that what fails is due again
                    self.do(started)
                self._mark(relay.postpone if started.state == "failed" else relay.mark, row)
                count += 1
        return count

    def _take(self, read: Read) -> list[dict[str, Any]]:
        records, binding = self.service.records, self._bind()
        making = Dialect(records.database.dialect, records.tables, records.schema)
        values = binding.bind(list_values(read), "")
        making.begin()
        names = [one.column.column for one in read.columns]
        found = []
        for row in records.fetch(making.select(read), values):
            binding.keep(read.name, names, read.table, row)
            found.append(binding.rows[read.name])
        return found

    def _mark(self, update: Update, row: Mapping[str, Any]) -> None:
        records, binding = self.service.records, self._bind()
        binding.rows[update.table] = dict(row)
        making = Dialect(records.database.dialect, records.tables, records.schema)
        making.begin()
        records.run(making.update(update), binding.bind(list_values(update), ""))

    def _bind(self) -> Binding:
        operation = next(iter(self.service.planned.operations.values()))
        return Binding(self.service.records, operation.contract, Request({}))

    # -- what is queued

    def do_all(self, started: Iterable[Started]) -> None:
        """Do the jobs that an answer has started."""
        for one in started:
            self.do(one)

    def _find_handler(self, job: str, recipient: str) -> Handler | None:
        return self.handlers.get(job) or self.handlers.get(recipient)

    def do(self, one: Started) -> None:
        """Do a job: by its handler, by the operation of its name, or not at all, and then say so."""
        message, recipient = self._messages.pop(one.id, {}), self._recipients.pop(one.id, "")
        handler = self._find_handler(one.job, recipient)
        operation = self.service.planned.operations.get(one.job)
        try:
            if handler is not None:
                handler(message)
                one.state = "done"
            elif operation is not None and one.operation == operation.name:
                # the request has done it already, in its own transaction
                one.state = "done"
            elif operation is not None:
                self.service.do(operation, Request({}, {}))
                one.state = "done"
            elif self._end_what_waited(one.job):
                one.state = "done"
            else:
                one.state = "without a handler"
                what = f"what {recipient} is asked" if recipient else "what it does"
                self.service.tell(f"job {one.id} {one.job}: {what} is the owner's to write, and no handler was given")
        except (Refused, OpenError) as error:
            one.state, one.told = "failed", str(error)
            self.service.tell(f"job {one.id} {one.job} failed: {error}")
        except Exception as error:
            if handler is None:
                raise
            one.state, one.told = "failed", repr(error)
            self.service.tell(f"job {one.id} {one.job} failed: {error!r}")

    def _end_what_waited(self, job: str) -> bool:
        """Do a job that only ends rows that nobody came for, by its planned statement; whether it is one."""
        planned = self.service.jobs.planned.get(job)
        if planned is None or planned.kind != "expire" or not planned.statements:
            return False
        records, binding = self.service.records, self._bind()
        with transaction(self.service.database):
            for one in planned.statements:
                if isinstance(one, Update):
                    making = Dialect(records.database.dialect, records.tables, records.schema)
                    making.begin()
                    count = records.run(making.update(one), binding.bind(list_values(one), ""))
                    self.service.tell(f"{job}: {count} of {planned.entity} ended")
        return True


__all__ = ["Handler", "Workers"]
