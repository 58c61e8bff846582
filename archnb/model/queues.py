"""What the queues are made of: rows in the database that a transaction can cover, a broker's messages, or a log."""

from __future__ import annotations

from collections.abc import Mapping

from archnb.design.jobs import Queue, QueueKind


class Queues:
    """The queues of a design. The first one that says what it is speaks for the work of all of them."""

    def __init__(self, queues: Mapping[str, Queue]) -> None:
        self.main = next((name for name, one in queues.items() if one.kind or one.technology), None)
        found = queues[self.main] if self.main is not None else Queue()
        self.technology = found.technology or ""
        self.kind: QueueKind | None = found.kind

    @property
    def is_table(self) -> bool:
        """Whether a job is a row of the main store, so that it shares the transaction of what causes it."""
        return self.kind == "table"
