"""What the queues are made of: rows in the database that a transaction can cover, a broker's messages, or a log."""

from __future__ import annotations

from collections.abc import Mapping

from archnb.design.jobs import Queue
from archnb.engines import Engine, QueueKind, find_engine


class Queues:
    """The queues of a design. The first one whose engine, kind or technology is known speaks for the work of all of them."""

    def __init__(self, queues: Mapping[str, Queue], main_engine: Engine) -> None:
        self._main_engine = main_engine
        known = (name for name, queue in queues.items() if queue.engine or queue.kind or queue.technology)
        self.main = next(known, None)
        found = queues[self.main] if self.main is not None else Queue()
        self.technology = found.technology or ""
        # None where there is no queue, or it is something of one's own
        self.engine = find_engine(found.engine)
        self.kind: QueueKind | None = found.kind
        if self.kind is None and self.engine is not None and self.engine.queueing is not None:
            self.kind = self.engine.queueing.kind

    @property
    def is_table(self) -> bool:
        """Whether a job is a row of the main store, so that it shares the transaction of what causes it.

        A table of another store does not: its engine is not the main store's.
        """
        return self.kind == "table" and (self.engine is None or self.engine.name == self._main_engine.name)
