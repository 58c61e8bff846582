"""MySQL: the DDL, the rows and the queries on MySQL or MariaDB, whichever it is; without a server the DDL is only parsed."""

from __future__ import annotations

import os
import re
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from archnb.exceptions import EngineMissing
from archnb.verify.proof import Check, Proof, conclude
from archnb.verify.session import Constraint, Persuasion, Refusal, Session, Step, shorten_message, use_percent
from archnb.verify.values import Point, write_plain

if TYPE_CHECKING:
    import sqlalchemy as sa

    from archnb.plan import Plan
    from archnb.verify.servers import Database

ARTEFACT = "DDL for MySQL"
# 4025 is MariaDB's number for a check, 3819 MySQL's
_KINDS: dict[int, Constraint] = {
    1048: "NOT NULL", 1364: "NOT NULL", 1062: "UNIQUE", 1586: "UNIQUE", 3819: "CHECK", 4025: "CHECK",
    1451: "FOREIGN KEY", 1452: "FOREIGN KEY", 1216: "FOREIGN KEY", 1217: "FOREIGN KEY",
    1644: "TRIGGER",
}  # fmt: skip


class MysqlSession(Session):
    """A connection of PyMySQL in autocommit mode."""

    dialect = "mysql"

    def __init__(self, database: Database) -> None:
        self.engine, self.version, self.origin = database.engine, database.version, database.origin
        self.database = database
        self.connection = database.connect()
        self.depth = 0

    def open_second(self) -> Session:
        return MysqlSession(self.database)

    def close(self) -> None:
        self.connection.close()

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> int:
        with self.connection.cursor() as cursor:
            return int(self._execute(cursor, sql, parameters))

    def _execute(self, cursor: Any, sql: str, parameters: Mapping[str, Any] | None) -> Any:
        if parameters is None:
            return cursor.execute(sql)
        return cursor.execute(use_percent(sql, "mysql"), dict(parameters))

    def select(
        self, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        with self.connection.cursor() as cursor:
            self._execute(cursor, sql, parameters)
            return tuple(one[0] for one in cursor.description or ()), list(cursor.fetchall())

    def insert(self, table: sa.Table, columns: Sequence[sa.Column[Any]], rows: Sequence[Sequence[Any]]) -> None:
        types = [str(one.type.compile(dialect=_dialect())) for one in columns]
        names = ", ".join(_quote(one.name) for one in columns).replace("%", "%%")
        values = [[_write(v, t) for v, t in zip(row, types, strict=True)] for row in rows]
        text = (
            f"INSERT INTO {_quote(table.name).replace('%', '%%')} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"
        )
        with self.connection.cursor() as cursor:
            if self.depth:
                cursor.executemany(text, values)
                return
            self.connection.begin()
            try:
                cursor.executemany(text, values)
                self.connection.commit()
            except Exception:
                self.connection.rollback()
                raise

    @contextmanager
    def undone(self) -> Iterator[None]:
        self.depth += 1
        with self.connection.cursor() as cursor:
            cursor.execute("BEGIN" if self.depth == 1 else f"SAVEPOINT undone_{self.depth}")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK" if self.depth == 1 else f"ROLLBACK TO undone_{self.depth}")
                self.depth -= 1

    def analyze(self, tables: Sequence[sa.Table]) -> None:
        for table in tables:
            self.fetch(f"ANALYZE TABLE {_quote(table.name)}")

    def explain(self, sql: str, parameters: Mapping[str, Any]) -> list[Step]:
        with self.connection.cursor() as cursor:
            self._execute(cursor, f"EXPLAIN {sql}", parameters)
            names = [one[0] for one in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        made = []
        for row in rows:
            table, key = row.get("table"), row.get("key")
            if table is None or str(table).startswith("<"):
                continue
            extra = row.get("Extra") or ""
            line = f"{table}: type {row.get('type')}, key {key}, ref {row.get('ref')}, rows {row.get('rows')}; {extra}"
            index = None if key is None else f"{table}_pkey" if key == "PRIMARY" else str(key)
            made.append(Step(index, line.rstrip("; ")))
        return made

    def persuasions(self, scale: Mapping[str, float]) -> Iterator[Persuasion]:
        @contextmanager
        def at_scale(expected: str) -> Iterator[None]:
            try:
                before = self._scale_statistics(scale)
            except Exception as error:
                # a server that is not ours may not let its statistics be changed; then nothing is planned again
                if self.read_error(error) is None:
                    raise
                before = []
            try:
                yield
            finally:
                self._restore_statistics(before)

        @contextmanager
        def with_keys(expected: str) -> Iterator[None]:
            self.run("SET SESSION max_seeks_for_key = 1")
            try:
                yield
            finally:
                self.run("SET SESSION max_seeks_for_key = DEFAULT")

        @contextmanager
        def as_it_is(expected: str) -> Iterator[None]:
            yield

        yield Persuasion("chosen when planned for as many rows as the design has", at_scale, is_free=True)
        yield Persuasion("usable: chosen when told that look-ups are cheap", with_keys)
        yield Persuasion("usable: chosen with FORCE INDEX", as_it_is, self._force)

    def _scale_statistics(
        self, scale: Mapping[str, float]
    ) -> list[tuple[str, int, int, int, list[tuple[str, str, int]]]]:
        """Let InnoDB's statistics say how many rows the design has; gives what they said before."""
        before = []
        for table, times in scale.items():
            if times <= 1:
                continue
            found = self.fetch(
                "SELECT n_rows, clustered_index_size, sum_of_other_index_sizes FROM mysql.innodb_table_stats "
                "WHERE database_name = database() AND table_name = :table", {"table": table},
            )  # fmt: skip
            if not found:
                continue
            rows, size, others = (int(one) for one in found[0])
            values = [
                (str(one[0]), str(one[1]), int(one[2]))
                for one in self.fetch(
                    "SELECT index_name, stat_name, stat_value FROM mysql.innodb_index_stats "
                    "WHERE database_name = database() AND table_name = :table", {"table": table},
                )
            ]  # fmt: skip
            before.append((table, rows, size, others, values))
            self._write_statistics(table, round(rows * times), round(size * times), round(others * times))
            for index, name, value in values:
                # of a column with many values there are more of them, of one with few there are as many
                if not name.startswith("n_diff") or value > rows / 10:
                    self._write_statistic(table, index, name, round(value * times))
        self.run("FLUSH TABLES")
        return before

    def _restore_statistics(self, before: Sequence[tuple[str, int, int, int, list[tuple[str, str, int]]]]) -> None:
        for table, rows, size, others, values in before:
            self._write_statistics(table, rows, size, others)
            for index, name, value in values:
                self._write_statistic(table, index, name, value)
        if before:
            self.run("FLUSH TABLES")

    def _write_statistics(self, table: str, rows: int, size: int, others: int) -> None:
        self.run(
            "UPDATE mysql.innodb_table_stats SET n_rows = :rows, clustered_index_size = :size, sum_of_other_index_sizes = :others "
            "WHERE database_name = database() AND table_name = :table",
            {"rows": rows, "size": max(size, 1), "others": others, "table": table},
        )

    def _write_statistic(self, table: str, index: str, name: str, value: int) -> None:
        self.run(
            "UPDATE mysql.innodb_index_stats SET stat_value = :value "
            "WHERE database_name = database() AND table_name = :table AND index_name = :index AND stat_name = :name",
            {"value": value, "table": table, "index": index, "name": name},
        )

    def _force(self, sql: str, expected: str) -> str:
        # a hint stands in no DELETE: the rows are looked for in the same way as a SELECT does
        sql = re.sub(r"^DELETE FROM", "SELECT 1 FROM", sql)
        found = self.fetch(
            "SELECT table_name, index_name FROM information_schema.statistics WHERE table_schema = database() "
            "AND (index_name = :name OR (index_name = 'PRIMARY' AND concat(table_name, '_pkey') = :name))",
            {"name": expected},
        )
        for table, index in found[:1]:
            place = rf"\b(?:FROM|JOIN|UPDATE) (?:`{re.escape(table)}`|{re.escape(table)}\b)(?: AS (?:`[^`]+`|\w+))?"
            at = re.search(place, sql)
            if at is not None:
                sql = f"{sql[: at.end()]} FORCE INDEX ({_quote(index)}){sql[at.end() :]}"
        return sql

    def read_error(self, error: Exception) -> Refusal | None:
        import pymysql

        if not isinstance(error, pymysql.MySQLError):
            return None
        number, text = (*error.args, "", "")[:2]
        return Refusal(_KINDS.get(number, ""), shorten_message(text or number))

    def write(self, value: Any, column: sa.Column[Any] | None = None) -> Any:
        return _write(value, "" if column is None else str(column.type.compile(dialect=_dialect())))


def _write(value: Any, type_text: str) -> Any:
    if isinstance(value, Point):
        # a point as the engine keeps it: the reference system, then little-endian well-known binary
        return struct.pack("<IBIdd", 0, 1, 1, value[0], value[1])
    return write_plain(value, type_text)


def _dialect() -> Any:
    from archnb.export.sql import make_dialect

    return make_dialect("mysql")


def _quote(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def verify_mysql(plan: Plan, *, mysql: str | None = None, **_: Any) -> Proof:
    """Run the MySQL DDL, rows and queries of a plan on MySQL or MariaDB; where neither can be had, parse the DDL.

    Raises EngineMissing where a given server does not answer.
    """
    from archnb.verify.mysql_server import MYSQL_URL, import_pymysql
    from archnb.verify.relational import prove
    from archnb.verify.servers import has_mysql, open_mysql_database

    is_given = bool(mysql or os.environ.get(MYSQL_URL))
    why = f"no MySQL or MariaDB was found; install one, or name a server in {MYSQL_URL}"
    try:
        import_pymysql()
    except EngineMissing as missing:
        if is_given:
            raise
        why = str(missing)
    if is_given or has_mysql():
        try:
            with open_mysql_database(mysql) as database:
                session = MysqlSession(database)
                with closing(session.connection):
                    return _say_which(prove(plan, session))
        except EngineMissing as error:
            if is_given:
                raise
            why = " ".join(str(error).split())
    return parse_ddl(plan, why)


def _say_which(proof: Proof) -> Proof:
    """What ran on MariaDB did not run on MySQL."""
    if proof.engine == "MySQL" or proof.verdict == "not run":
        return proof
    text = "it ran on MariaDB, which is not MySQL; name a MySQL server to prove it there"
    return replace(proof, details=(*proof.details, Check("on MySQL itself", "not run", text)))


def parse_ddl(plan: Plan, why: str) -> Proof:
    """Parse the MySQL DDL with sqlglot; a statement it takes for a mere command is one that it did not understand."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    from archnb.export.sql import statements

    started = time.perf_counter()
    texts = [one.text for one in statements(plan, "mysql")]
    checks: list[Check] = []
    is_understood = True
    for number, text in enumerate(texts, 1):
        try:
            parsed = sqlglot.parse_one(text, read="mysql")
        except SqlglotError as error:
            checks.append(Check(f"DDL statement {number}", "failed", shorten_message(error)))
            continue
        if isinstance(parsed, exp.Command):
            is_understood = False
            checks.append(Check(f"DDL statement {number}", "not run", f"sqlglot does not understand {text[:60]!r}"))
    good = len(texts) - len(checks)
    if good:
        checks.insert(0, Check("DDL", "passed", f"{good} of {len(texts)} statements were parsed, none was executed"))
    checks.append(Check("engine", "not run", why))
    verdict = conclude(checks)
    if verdict == "passed" and not is_understood:
        verdict = "not run"
    kind: Any = "not verified" if verdict == "not run" or not is_understood else "parsed or schema-checked"
    seconds = time.perf_counter() - started
    return Proof(
        ARTEFACT, "sqlglot, MySQL dialect", version("sqlglot"), kind, len(texts), seconds, verdict, tuple(checks)
    )
