"""PostgreSQL: the DDL, the rows and the queries on a real server, in a database of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from archnb.exceptions import EngineMissing
from archnb.verify.proof import Check, Proof
from archnb.verify.session import Constraint, Persuasion, Refusal, Session, Step, shorten_message, use_percent
from archnb.verify.values import Point, write_text

if TYPE_CHECKING:
    import sqlalchemy as sa

    from archnb.plan import Plan
    from archnb.verify.servers import Database

ARTEFACT = "DDL for PostgreSQL"
_KINDS: dict[str, Constraint] = {"23502": "NOT NULL", "23505": "UNIQUE", "23514": "CHECK", "23503": "FOREIGN KEY"}
_KINDS |= {"23P01": "EXCLUSION", "P0001": "TRIGGER"}
_KINDS["23001"] = "FOREIGN KEY"  # RESTRICT has its own code from PostgreSQL 18 on

# what the planner takes for the size of each table and index: the sample's, times what the design has
_SCALE = """
    SELECT pg_restore_relation_stats('schemaname', n.nspname::text, 'relname', c.relname::text, 'relpages', c.relpages,
                                     'reltuples', (greatest(c.reltuples, 0) * s.times)::real)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
    JOIN (SELECT unnest(%(names)s::text[]) AS name, unnest(%(times)s::float8[]) AS times) s
      ON s.name = (SELECT r.relname FROM pg_class r WHERE r.oid = coalesce(
             pg_partition_root(coalesce(i.indrelid, c.oid)), i.indrelid, c.oid))
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'i')
"""


class PostgresqlSession(Session):
    """A connection of psycopg; parameters are put in on this side, so that they can stand in an EXPLAIN."""

    dialect = "postgresql"

    def __init__(self, database: Database) -> None:
        import psycopg

        self.engine, self.version, self.origin = database.engine, database.version, database.origin
        self.database = database
        self.connection = database.connect()
        self.connection.cursor_factory = psycopg.ClientCursor
        self.parents: dict[str, str] = {}

    def open_second(self) -> Session:
        return PostgresqlSession(self.database)

    def close(self) -> None:
        self.connection.close()

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> int:
        if parameters is None:
            return int(self.connection.execute(sql).rowcount)
        return int(self.connection.execute(use_percent(sql), parameters).rowcount)

    def select(
        self, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        found = (
            self.connection.execute(sql)
            if parameters is None
            else self.connection.execute(use_percent(sql), parameters)
        )
        return tuple(one.name for one in found.description or ()), list(found.fetchall())

    def insert(self, table: sa.Table, columns: Sequence[sa.Column[Any]], rows: Sequence[Sequence[Any]]) -> None:
        names = ", ".join(_quote(one.name) for one in columns)
        with (
            self.connection.transaction(),
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY {_quote(table.name)} ({names}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row([write_text(value) for value in row])

    @contextmanager
    def undone(self) -> Iterator[None]:
        with self.connection.transaction(force_rollback=True):
            yield

    def analyze(self, tables: Sequence[sa.Table]) -> None:
        for table in tables:
            for column in table.columns:
                if column.identity is not None:
                    # named as an identifier, for the function folds what is not quoted
                    place = {"t": _quote(table.name), "c": column.name}
                    self.fetch(
                        "SELECT setval(pg_get_serial_sequence(:t, :c), greatest((SELECT max("
                        + _quote(column.name) + ") FROM " + _quote(table.name) + "), 1))",
                        place,
                    )  # fmt: skip
        self.connection.execute("ANALYZE")
        found = self.fetch(
            "SELECT c.relname, p.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid "
            "JOIN pg_class p ON p.oid = h.inhparent WHERE p.relkind = 'I'"
        )
        self.parents = {str(part): str(whole) for part, whole in found}

    def explain(self, sql: str, parameters: Mapping[str, Any]) -> list[Step]:
        made = self.connection.execute(f"EXPLAIN (FORMAT JSON) {use_percent(sql)}", parameters).fetchone()[0]
        return list(self._read_node(made[0]["Plan"]))

    def _read_node(self, node: Mapping[str, Any]) -> Iterator[Step]:
        kind = node["Node Type"]
        if "Index Name" in node:
            name = str(node["Index Name"])
            condition = node.get("Index Cond") or node.get("Order By") or ""
            on = f" on {node['Relation Name']}" if "Relation Name" in node else ""
            yield Step(self.parents.get(name, name), f"{kind} using {name}{on} {condition}".rstrip())
        elif kind == "Seq Scan":
            condition = f" filter {node['Filter']}" if "Filter" in node else ""
            yield Step(None, f"Seq Scan on {node.get('Relation Name', '?')}{condition}")
        for below in node.get("Plans", ()):
            yield from self._read_node(below)

    def persuasions(self, scale: Mapping[str, float]) -> Iterator[Persuasion]:
        @contextmanager
        def at_scale(expected: str) -> Iterator[None]:
            with self.undone():
                given = {"names": list(scale), "times": [max(one, 1.0) for one in scale.values()]}
                self.connection.execute(_SCALE, given)
                yield

        @contextmanager
        def without_scans(expected: str) -> Iterator[None]:
            with self.undone():
                self.connection.execute("SET LOCAL enable_seqscan = off")
                yield

        @contextmanager
        def without_others(expected: str) -> Iterator[None]:
            with self.undone():
                self.connection.execute("SET LOCAL enable_seqscan = off")
                # marked as unfinished, an index is not planned with; only this transaction sees it
                # of a table that is split, the parts' other indexes as well
                self.connection.execute(
                    "UPDATE pg_index i SET indisvalid = false FROM pg_class c, pg_class o, pg_index x, pg_inherits t "
                    "WHERE o.relname = %(name)s AND o.relkind = 'I' AND x.indexrelid = o.oid AND t.inhparent = x.indrelid "
                    "AND i.indrelid = t.inhrelid AND c.oid = i.indexrelid "
                    "AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid AND h.inhparent = o.oid)",
                    {"name": expected},
                )
                self.connection.execute(
                    "UPDATE pg_index SET indisvalid = false FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_class o "
                    "WHERE c.oid = indexrelid AND n.nspname = 'public' AND c.relname <> %(name)s AND o.relname = %(name)s "
                    "AND o.relkind IN ('i', 'I') AND indrelid = (SELECT x.indrelid FROM pg_index x WHERE x.indexrelid = o.oid)",
                    {"name": expected},
                )
                yield

        if self.connection.info.server_version >= 180000:
            yield Persuasion("chosen when planned for as many rows as the design has", at_scale, is_free=True)
        yield Persuasion("usable: chosen with sequential scans switched off", without_scans)
        if self.fetch("SELECT usesuper FROM pg_user WHERE usename = current_user")[0][0]:
            yield Persuasion("usable: chosen with the table's other indexes out of the way", without_others)

    def read_error(self, error: Exception) -> Refusal | None:
        import psycopg

        if not isinstance(error, psycopg.Error):
            return None
        return Refusal(_KINDS.get(error.sqlstate or "", ""), shorten_message(error))

    def write(self, value: Any, column: sa.Column[Any] | None = None) -> Any:
        return write_text(value) if isinstance(value, Point | dict | list) else value


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def verify_postgresql(plan: Plan, *, postgresql: str | None = None, **_: Any) -> Proof:
    """Run the PostgreSQL DDL, rows and queries of a plan on a server: the given one, or one started for it.

    Where no server can be had the proof says so. Raises EngineMissing where a given one does not answer.
    """
    import os

    from archnb.verify.postgresql_server import POSTGRESQL_URL
    from archnb.verify.relational import prove
    from archnb.verify.servers import open_postgresql_database

    try:
        with open_postgresql_database(postgresql) as database:
            session = PostgresqlSession(database)
            with closing(session.connection):
                return prove(plan, session)
    except EngineMissing as error:
        if postgresql or os.environ.get(POSTGRESQL_URL):
            raise
        check = Check("engine", "not run", " ".join(str(error).split()))
        return Proof(ARTEFACT, "PostgreSQL", "", "not verified", 0, 0.0, "not run", (check,))
