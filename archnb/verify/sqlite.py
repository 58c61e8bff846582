"""SQLite: the DDL, the rows and the queries on the engine of the standard library, in memory."""

from __future__ import annotations

import re
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from archnb.export.strict import from_units, read_scale, scale_of, to_units
from archnb.planned.schema import Column
from archnb.verify.proof import Proof
from archnb.verify.session import Constraint, Persuasion, Refusal, Session, Step, shorten_message
from archnb.verify.values import settle, write_plain

if TYPE_CHECKING:
    import sqlalchemy as sa

    from archnb.plan import Plan

_KINDS: dict[str, Constraint] = {
    "SQLITE_CONSTRAINT_NOTNULL": "NOT NULL",
    # the key that numbers the rows takes nothing but a number
    "SQLITE_MISMATCH": "NOT NULL",
    "SQLITE_CONSTRAINT_UNIQUE": "UNIQUE",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "UNIQUE",
    "SQLITE_CONSTRAINT_ROWID": "UNIQUE",
    "SQLITE_CONSTRAINT_CHECK": "CHECK",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "FOREIGN KEY",
}


class SqliteSession(Session):
    """A database in memory with foreign keys on."""

    dialect = "sqlite"
    engine = "SQLite"
    version = sqlite3.sqlite_version
    origin = "Python's standard library"

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.depth = 0
        self.names: dict[str, str] = {}
        # what `restored` goes back to, and how many changes had been made by then
        self._copy: sqlite3.Connection | None = None
        self._counted = 0

    def close(self) -> None:
        self.connection.close()

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> int:
        return self.connection.execute(sql, dict(parameters or {})).rowcount

    def select(
        self, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        found = self.connection.execute(sql, dict(parameters or {}))
        return tuple(one[0] for one in found.description or ()), found.fetchall()

    def insert(self, table: sa.Table, columns: Sequence[sa.Column[Any]], rows: Sequence[Sequence[Any]]) -> None:
        names, marks = ", ".join(_quote(one.name) for one in columns), ", ".join("?" * len(columns))
        values = [[self.write(v, c) for v, c in zip(row, columns, strict=True)] for row in rows]
        self.connection.execute("SAVEPOINT filling")
        try:
            self.connection.executemany(f"INSERT INTO {_quote(table.name)} ({names}) VALUES ({marks})", values)
        except sqlite3.Error:
            self.connection.execute("ROLLBACK TO filling")
            raise
        finally:
            self.connection.execute("RELEASE filling")

    @contextmanager
    def undone(self) -> Iterator[None]:
        self.depth += 1
        name = f"undone_{self.depth}"
        self.connection.execute(f"SAVEPOINT {name}")
        try:
            yield
        finally:
            self.depth -= 1
            self.connection.execute(f"ROLLBACK TO {name}")
            self.connection.execute(f"RELEASE {name}")

    @contextmanager
    def restored(self) -> Iterator[None]:
        """A time after which all is as it was before it, what was committed included."""
        if self._copy is None or self.connection.total_changes != self._counted:
            self._copy = sqlite3.connect(":memory:", check_same_thread=False)
            self.connection.backup(self._copy)
            self._counted = self.connection.total_changes
        try:
            yield
        finally:
            if self.connection.total_changes != self._counted:
                self._copy.backup(self.connection)
                self._counted = self.connection.total_changes

    def analyze(self, tables: Sequence[sa.Table]) -> None:
        from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint

        self.connection.execute("ANALYZE")
        # SQLite names the index behind a key or unique itself; ours is found by its columns
        for table in tables:
            wanted = {
                tuple(column.name for column in one.columns): str(one.name)
                for one in table.constraints
                if isinstance(one, PrimaryKeyConstraint | UniqueConstraint) and one.name
            }
            for row in self.fetch(f"PRAGMA index_list({_quote(table.name)})"):
                columns = tuple(str(one[2]) for one in self.fetch(f"PRAGMA index_info({_quote(row[1])})"))
                if row[3] != "c" and columns in wanted:
                    self.names[row[1]] = wanted[columns]
            if table.primary_key.name:
                self.names[f"rowid of {table.name}"] = str(table.primary_key.name)

    def explain(self, sql: str, parameters: Mapping[str, Any]) -> list[Step]:
        lines = [str(row[3]) for row in self.fetch(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        return [step for line in lines if (step := self._read_line(line)) is not None]

    def _read_line(self, line: str) -> Step | None:
        found = re.match(r"(?:SEARCH|SCAN) (?P<table>.+?)(?: USING (?P<how>.*))?$", line, re.DOTALL)
        if found is None:
            return None
        how = found["how"] or ""
        if how.startswith("INTEGER PRIMARY KEY"):
            table = found["table"].partition(" AS ")[0]
            return Step(self.names.get(f"rowid of {table}", f"{table}_pkey"), line)
        if index := re.match(r"(?:AUTOMATIC )?(?:PARTIAL )?(?:COVERING )?INDEX (.+?)(?: \(|$)", how):
            if how.startswith("AUTOMATIC"):
                return Step(None, line)
            return Step(self.names.get(index[1], index[1]), line)
        return Step(None, line)

    def persuasions(self, scale: Mapping[str, float]) -> Iterator[Persuasion]:
        @contextmanager
        def at_scale(expected: str) -> Iterator[None]:
            with self.undone():
                for rowid, table, stat in self.fetch("SELECT rowid, tbl, stat FROM sqlite_stat1"):
                    grown = _grow(str(stat), max(scale.get(str(table), 1.0), 1.0))
                    self.connection.execute("UPDATE sqlite_stat1 SET stat = ? WHERE rowid = ?", (grown, rowid))
                self.connection.execute("ANALYZE sqlite_schema")
                yield
            self.connection.execute("ANALYZE sqlite_schema")

        @contextmanager
        def without_others(expected: str) -> Iterator[None]:
            with self.undone():
                others = self.fetch(
                    "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND name <> :name",
                    {"name": expected},
                )
                for row in others:
                    self.connection.execute(f"DROP INDEX {_quote(row[0])}")
                self.connection.execute("DELETE FROM sqlite_stat1")
                self.connection.execute("ANALYZE sqlite_schema")
                yield
            self.connection.execute("ANALYZE sqlite_schema")

        yield Persuasion("chosen when planned for as many rows as the design has", at_scale, is_free=True)
        yield Persuasion("usable: chosen with the other indexes out of the way", without_others)

    def read_error(self, error: Exception) -> Refusal | None:
        # a number of more than 64 bits is refused on the way there
        if not isinstance(error, sqlite3.Error | OverflowError):
            return None
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_CONSTRAINT_TRIGGER":
            # what is referred to is not deleted (ON DELETE RESTRICT); or a trigger that stands for an exclusion
            is_key = str(error).startswith("FOREIGN KEY")
            return Refusal("FOREIGN KEY" if is_key else "EXCLUSION", shorten_message(error))
        return Refusal(_KINDS.get(name, ""), shorten_message(error))

    def write(self, value: Any, column: sa.Column[Any] | None = None) -> Any:
        if isinstance(value, uuid.UUID):
            return value.hex
        scale = read_scale(column)
        if scale is not None and isinstance(value, Decimal | int) and not isinstance(value, bool):
            return to_units(value, scale)
        return write_plain(value, "")

    def read(self, value: Any, column: Column) -> Any:
        scale = scale_of(column)
        if scale is not None and isinstance(value, int | float):
            return from_units(value, scale)
        return settle(value, column)


def _grow(stat: str, times: float) -> str:
    """Statistics of a table with so many times the rows: how many there are, then how many share the values of one column, of two …

    Where a value is shared by few of the sample's rows there are as many more values; else more rows share each.
    """
    words = stat.split()
    numbers = [int(one) for one in words if one.isdigit()]
    if not numbers:
        return stat
    rows = numbers[0]
    grown = [max(1, round(one * times)) if one > rows / 10 else one for one in numbers[1:]]
    return " ".join([str(round(rows * times)), *map(str, grown), *(one for one in words if not one.isdigit())])


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def verify_sqlite(plan: Plan, **_: Any) -> Proof:
    """Run the SQLite DDL, rows and queries of a plan on SQLite itself."""
    from archnb.verify.relational import prove

    session = SqliteSession()
    try:
        return prove(plan, session)
    finally:
        session.connection.close()
