"""A conversation with one database: run, insert, fetch, try and undo, explain. Each engine has its own in a file."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from archnb.planned.schema import Column
from archnb.verify.values import settle

if TYPE_CHECKING:
    import sqlalchemy as sa

Constraint = Literal["NOT NULL", "UNIQUE", "CHECK", "FOREIGN KEY", "EXCLUSION", "APPEND ONLY", "TRIGGER", ""]


@dataclass(frozen=True)
class Refusal:
    """What the engine refused a statement with: the kind of constraint, if it is one, and its words."""

    kind: Constraint
    message: str


@dataclass(frozen=True)
class Step:
    """One access to a table in a query's plan: the index used (by the design's name), None for reading the whole table."""

    index: str | None
    line: str


@dataclass(frozen=True)
class Persuasion:
    """A way to plan a query again under other assumptions: what to say of it, and the context in which it holds.

    `enter` takes the name of the expected index; `rewrite` takes the SQL and that name, and gives the SQL with a hint.
    `is_free`: whether the planner still chooses as it likes, among other sizes; else it is made to take the index.
    """

    text: str
    enter: Callable[[str], AbstractContextManager[None]]
    rewrite: Callable[[str, str], str] | None = None
    is_free: bool = False


class Session(ABC):
    """A connection to a fresh database, used by one proof. `engine`, `version` and `origin` say what it is."""

    dialect: str
    engine: str
    version: str
    origin: str = ""

    @abstractmethod
    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> int:
        """Run one statement; gives the number of rows it touched."""

    def open_second(self) -> Session | None:
        """A second connection to the same database, None where the engine lets in one writer at a time anyway."""
        return None

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    def fetch(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.select(sql, parameters)[1]

    @abstractmethod
    def select(
        self, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """The names of a query's columns, and its rows."""

    def read(self, value: Any, column: Column) -> Any:
        """A value that came back for a column of the design, as it is compared."""
        return settle(value, column)

    @abstractmethod
    def insert(self, table: sa.Table, columns: Sequence[sa.Column[Any]], rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows of plain Python values, all or none."""

    @abstractmethod
    def undone(self) -> AbstractContextManager[None]:
        """A transaction, or a savepoint within one, that is rolled back at the end, whatever happened."""

    @abstractmethod
    def analyze(self, tables: Sequence[sa.Table]) -> None:
        """Let the engine count, and let numbered keys go on after the rows that are there."""

    @abstractmethod
    def explain(self, sql: str, parameters: Mapping[str, Any]) -> list[Step]:
        """The accesses to tables that the engine plans for a query, the deepest as it comes."""

    @abstractmethod
    def persuasions(self, scale: Mapping[str, float]) -> Iterator[Persuasion]:
        """Ways to plan again, those first in which the planner still chooses. `scale` says how many times a table's rows the design has."""

    @abstractmethod
    def read_error(self, error: Exception) -> Refusal | None:
        """What a database error says, None where it is no database error."""

    @abstractmethod
    def write(self, value: Any, column: sa.Column[Any] | None = None) -> Any:
        """A plain Python value as this engine's driver takes it as a parameter."""

    def attempt(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Refusal | None:
        """Try a statement and undo it; gives the refusal, None where it was accepted."""
        try:
            with self.undone():
                self.run(sql, parameters)
        except Exception as error:
            refusal = self.read_error(error)
            if refusal is None:
                raise
            return refusal
        return None

    @property
    def title(self) -> str:
        """The engine with its version."""
        return f"{self.engine} {self.version}"


_STANDARD = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|::|(?<![\w:]):([A-Za-z_]\w*)|%""")
_MYSQL = re.compile(
    r"""('(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*"|`(?:[^`]|``)*`)|(?<![\w:]):([A-Za-z_]\w*)|%""", re.DOTALL
)


def use_percent(sql: str, dialect: str = "postgresql") -> str:
    """SQL with `:name` parameters as `%(name)s`; what stands in quotes, and casts, stay as they are.

    >>> use_percent("SELECT a::int, ':b', 100 % 7 FROM t WHERE c = :c")
    "SELECT a::int, ':b', 100 %% 7 FROM t WHERE c = %(c)s"
    """

    def replace(found: re.Match[str]) -> str:
        if found[2]:
            return f"%({found[2]})s"
        return found[0].replace("%", "%%")

    return (_MYSQL if dialect == "mysql" else _STANDARD).sub(replace, sql)


def shorten_message(error: object, limit: int = 300) -> str:
    """The first line of a database's message."""
    text = str(error).strip().splitlines()
    first = text[0] if text else type(error).__name__
    return first if len(first) <= limit else f"{first[: limit - 1]}…"
