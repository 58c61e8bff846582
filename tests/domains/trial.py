"""Trying an exported schema on PostgreSQL: rows that need only say what matters, and whether the engine refuses them.

What a row does not say is filled in from the engine's own catalogue (types, foreign keys, lists of allowed words), so that a
schema may gain columns, keys and constraints and the same attempt still means the same.
"""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from archnb.verify.servers import open_postgresql_database

_PLACE = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")
DAY = datetime(2026, 3, 2, tzinfo=UTC)


def at(hours: float) -> datetime:
    """A moment so many hours into a certain day."""
    return DAY + timedelta(hours=hours)


class SchemaFails(Exception):
    """The engine does not take the exported schema, so that nothing can be tried on it."""


class Trial:
    """One attempt: a connection whose work is undone at the end."""

    def __init__(self, connection: Any, catalogue: Catalogue) -> None:
        self.connection, self.catalogue = connection, catalogue

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The rows that statements with `:name` give (the last one's); a name that is not given is NULL."""
        import psycopg.rows

        rows: list[dict[str, Any]] = []
        given = parameters or {}
        with self.connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            for statement in (part for part in sql.split(";\n") if part.strip(" ;\n")):
                names = set(_PLACE.findall(statement))
                text = _PLACE.sub(r"%(\1)s", statement.replace("%", "%%"))
                cursor.execute(text, {name: given.get(name) for name in names})
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def add(self, table: str, **said: Any) -> dict[str, Any]:
        """Insert a row that holds what is said, with whatever else the table insists on; gives it back."""
        row = self.catalogue.complete(self, table, dict(said))
        columns = ", ".join(f'"{name}"' for name in row)
        places = ", ".join(f":{name}" for name in row)
        values = f"({columns}) VALUES ({places})" if row else "DEFAULT VALUES"
        (made,) = self.run(f'INSERT INTO "{table}" {values} RETURNING *', row)
        return made

    def erase(self, sql: str, key: Any) -> list[dict[str, Any]]:
        """Run the statements of an erasure for a row of this key; what a worker is told of it is made of the key alone."""
        return self.run(sql, {"id": key, "row_key": str(key), "payload": "{}"})

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """The rows of a table with these values."""
        condition = " AND ".join(f'"{name}" IS NOT DISTINCT FROM :{name}' for name in where) or "true"
        return self.run(f'SELECT * FROM "{table}" WHERE {condition}', where)

    def refuses(self, attempt: Callable[[], Any]) -> bool:
        """Whether the engine refuses what is tried, at once or at the commit, as breaking a rule of the data.

        Any other error (a column that does not exist, say) goes on: it is a fault of the attempt.
        """
        import psycopg.errors

        refusals = (psycopg.errors.IntegrityError, psycopg.errors.RaiseException, psycopg.errors.InsufficientPrivilege)
        try:
            with self.connection.transaction():
                attempt()
                self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except refusals:
            return True
        return False


class Catalogue:
    """What the engine knows of its tables, and values that they take."""

    def __init__(self, connection: Any) -> None:
        self.numbers = itertools.count(1)
        self.columns: dict[str, list[tuple[Any, ...]]] = {}
        for table, *column in connection.execute(
            "SELECT table_name, column_name, udt_name, character_maximum_length, is_nullable = 'NO', column_default IS NOT NULL"
            " OR is_identity = 'YES' OR is_generated <> 'NEVER' FROM information_schema.columns"
            " WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
        ):
            self.columns.setdefault(table, []).append(tuple(column))
        self.keys: dict[str, list[tuple[list[str], str, list[str]]]] = {}
        for table, columns, target, referenced in connection.execute(
            "SELECT c.conrelid::regclass::text, (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY"
            " k(c, n) JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.c), c.confrelid::regclass::text,"
            " (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY k(c, n)"
            " JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.c) FROM pg_constraint c WHERE c.contype = 'f'"
            " AND c.conparentid = 0"
        ):
            self.keys.setdefault(table.strip('"'), []).append((columns, target.strip('"'), referenced))
        self.words: dict[tuple[str, str], str] = {}
        for table, columns, condition in connection.execute(
            "SELECT c.conrelid::regclass::text, (SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = c.conrelid"
            " AND a.attnum = ANY (c.conkey)), pg_get_constraintdef(c.oid) FROM pg_constraint c WHERE c.contype = 'c'"
        ):
            listed = re.search(r"= ANY \(\(?ARRAY\['([^']*)'", condition)
            if listed and columns and len(columns) == 1:
                self.words[table.strip('"'), columns[0]] = listed[1]

    def complete(self, trial: Trial, table: str, row: dict[str, Any]) -> dict[str, Any]:
        """The row with all that the table demands: rows that it refers to first, then plain values."""
        if table not in self.columns:
            raise LookupError(f"the exported schema has no table {table!r}; it has {', '.join(self.columns)}")
        known = {column[0] for column in self.columns[table]}
        if strange := set(row) - known:
            raise LookupError(
                f"table {table!r} has no column {', '.join(sorted(strange))}; it has {', '.join(sorted(known))}"
            )
        number = next(self.numbers)
        needed = {name for name, _, _, is_needed, has_default in self.columns[table] if is_needed and not has_default}
        for columns, target, referenced in self.keys.get(table, ()):
            # a key of which a part may be missing is left out with it
            if set(columns) <= set(row) or set(columns) - set(row) - needed:
                continue
            shared = {there: row[here] for here, there in zip(columns, referenced, strict=True) if here in row}
            parent = (trial.rows(target, **shared) if shared else []) or [trial.add(target, **shared)]
            for here, there in zip(columns, referenced, strict=True):
                row.setdefault(here, parent[0][there])
        for place, (name, kind, length, is_needed, has_default) in enumerate(self.columns[table]):
            if is_needed and not has_default and name not in row:
                row[name] = self.words.get((table, name)) or _invent(kind, length, number, place, name)
        return row


def _invent(kind: str, length: int | None, number: int, place: int, name: str) -> Any:
    """A value of a type: another for each row, and growing from column to column, so that what ends later comes later."""
    if kind in ("int2", "int4", "int8", "numeric", "float4", "float8"):
        return 1 + number % 5 if kind == "int2" else number
    if kind in ("text", "varchar", "bpchar", "citext"):
        if length == 3 or "currency" in name:
            return "EUR"
        return (
            f"{name[:8]}{number}@example.org"[: length or 200]
            if "mail" in name
            else f"{number}-{name}"[: length or 200]
        )
    made: dict[str, Any] = {
        "uuid": uuid.uuid4(), "bool": False, "date": date(2026, 1, 1) + timedelta(days=number + 30 * place),
        "timestamptz": DAY + timedelta(days=100 + number, hours=place), "timestamp": datetime(2026, 1, 1) + timedelta(days=number, hours=place),
        "time": time(min(8 + place, 23)), "interval": timedelta(minutes=30), "json": "{}", "jsonb": "{}", "point": "(4.9,52.4)",
        "geometry": "POINT(4.9 52.4)", "geography": "POINT(4.9 52.4)", "bytea": b"x", "inet": "192.0.2.1",
    }  # fmt: skip
    if kind not in made:
        raise LookupError(f"no value is known for the type {kind} of column {name}")
    return made[kind]


@contextmanager
def open_trials(ddl: str) -> Iterator[Callable[[], Any]]:
    """A fresh database with the schema; gives a function whose every call is a trial of its own. Raises SchemaFails."""
    import psycopg

    with open_postgresql_database() as database, database.connect() as connection:
        try:
            connection.execute(ddl)
        except psycopg.Error as error:
            raise SchemaFails(f"the exported schema does not run: {str(error).splitlines()[0]}") from error
        catalogue = Catalogue(connection)

        @contextmanager
        def open_trial() -> Iterator[Trial]:
            with connection.transaction() as transaction:
                yield Trial(connection, catalogue)
                raise psycopg.Rollback(transaction)

        yield open_trial
