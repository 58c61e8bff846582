"""What the service needs of a database: statements, transactions, and what a refusal means. Whoever starts it brings one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import sqlalchemy as sa


class Refusal(Protocol):
    """What an engine refused a statement with."""

    @property
    def kind(self) -> str:
        """NOT NULL, UNIQUE, CHECK, FOREIGN KEY, EXCLUSION, or '' for anything else."""
        ...

    @property
    def message(self) -> str:
        """The engine's own words."""
        ...


class Database(Protocol):
    """A connection in autocommit mode to a database that has the design's tables."""

    dialect: str

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> int:
        """Run one statement; gives the number of rows it touched."""
        ...

    def fetch(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query, whose parameters are written :name."""
        ...

    def write(self, value: Any, column: sa.Column[Any] | None = None) -> Any:
        """A plain Python value as the driver takes it."""
        ...

    def read_error(self, error: Exception) -> Refusal | None:
        """What a database error says, None where it is none."""
        ...


@contextmanager
def transaction(database: Database) -> Iterator[None]:
    """A transaction that is kept where all goes well, and undone where anything is raised."""
    database.run("BEGIN")
    try:
        yield
        # a constraint that waits until here may refuse
        database.run("COMMIT")
    except BaseException:
        database.run("ROLLBACK")
        raise
