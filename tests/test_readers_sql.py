"""Dumps as designs: the counts are those of the engine's own catalogue after it ran the dump, and nothing is lost in silence."""

from __future__ import annotations

import contextlib
import random
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archnb.exceptions import InputError
from archnb.file import dumps, loads
from archnb.readers import COUNTED, Import, read_any
from archnb.readers.live import read_live
from archnb.readers.native_types import read_type
from archnb.readers.sql import read_sql
from archnb.readers.statements import guess_dialect, split_statements
from archnb.verify.servers import Database, open_mysql_database, open_postgresql_database

OWN = Path(__file__).parent / "reader_cases"
SHARED = Path(__file__).parent.parent.parent / "shared" / "cases" / "schemas"

POSTGRESQL = """
WITH r AS (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema')
SELECT (SELECT count(*) FROM r),
       (SELECT count(*) FROM pg_attribute JOIN r ON r.oid = attrelid WHERE attnum > 0 AND NOT attisdropped),
       (SELECT count(*) FROM pg_constraint JOIN r ON r.oid = conrelid WHERE contype = 'p' AND conparentid = 0),
       (SELECT count(*) FROM pg_constraint JOIN r ON r.oid = conrelid WHERE contype = 'u' AND conparentid = 0),
       (SELECT count(*) FROM pg_constraint JOIN r ON r.oid = conrelid WHERE contype = 'c' AND conislocal),
       (SELECT count(*) FROM pg_constraint JOIN r ON r.oid = conrelid WHERE contype = 'f' AND conparentid = 0),
       (SELECT count(*) FROM pg_index JOIN r ON r.oid = indrelid JOIN pg_class c ON c.oid = indexrelid
        WHERE NOT c.relispartition AND NOT EXISTS (
            SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x')))
"""
MYSQL = """
SELECT (SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_type = 'BASE TABLE'),
       (SELECT count(*) FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE table_schema = database() AND table_type = 'BASE TABLE'),
       (SELECT count(*) FROM information_schema.table_constraints WHERE table_schema = database() AND constraint_type = 'PRIMARY KEY'),
       (SELECT count(*) FROM information_schema.table_constraints WHERE table_schema = database() AND constraint_type = 'UNIQUE'),
       (SELECT count(*) FROM information_schema.table_constraints WHERE table_schema = database() AND constraint_type = 'CHECK'),
       (SELECT count(*) FROM information_schema.table_constraints WHERE table_schema = database() AND constraint_type = 'FOREIGN KEY'),
       (SELECT count(DISTINCT table_name, index_name) FROM information_schema.statistics WHERE table_schema = database() AND non_unique = 1)
"""


def _shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} comes with the workshop, not with a clone")
    return path


def _counts(made: Import) -> dict[str, int]:
    return {name: made.counts[name] for name in COUNTED[:-1]}


def _with_names(row: Any) -> dict[str, int]:
    return dict(zip(COUNTED[:-1], (int(one) for one in row), strict=True))


@contextlib.contextmanager
def _loaded_postgresql(path: Path) -> Iterator[tuple[Database, dict[str, int]]]:
    """A server that ran the dump, and what its catalogue counts. Only what needs other files or roles is left out."""
    text = re.sub(r"(?m)^COPY .* FROM stdin;\n(?:.*\n)*?\\\.$", "", path.read_text())
    text = re.sub(r"(?m)^\\.*$|^(?:CREATE|DROP) DATABASE .*$|^SELECT 'Copying.*$|^(?:GRANT|REVOKE) .*$", "", text)
    text = re.sub(r"(?m)^ALTER .* OWNER TO .*$|^COPY .* FROM '.*$", "", text)
    text = re.sub(r'(?m)^INSERT INTO public."Order".*$', "", text)
    text = re.sub(r"(?s)INSERT INTO Production.ProductReview.*?\);\n", "", text)
    # an extension that the bundled server has not got; its one function, by another name
    text = text.replace(
        'CREATE EXTENSION IF NOT EXISTS "uuid-ossp";',
        "CREATE FUNCTION uuid_generate_v1() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()';",
    )
    with open_postgresql_database() as database, database.connect() as connection:
        connection.execute(text)
        yield database, _with_names(connection.execute(POSTGRESQL).fetchone())


@contextlib.contextmanager
def _loaded_mysql(path: Path) -> Iterator[tuple[Database, dict[str, int]]]:
    with (
        open_mysql_database() as database,
        contextlib.closing(database.connect()) as connection,
        connection.cursor() as cursor,
    ):
        for statement in split_statements(path.read_text(), "mysql"):
            if statement.text and not re.match(r"(?i)(?:CREATE|DROP) DATABASE|USE |INSERT|LOCK|UNLOCK", statement.text):
                cursor.execute(statement.text)
        cursor.execute(MYSQL)
        yield database, _with_names(cursor.fetchone())


def _count_sqlite(connection: sqlite3.Connection, checks: int) -> dict[str, int]:
    """What SQLite's pragmas count; of checks it tells nothing."""
    names = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    ]
    columns = keys = uniques = foreign = indexes = 0
    for name in names:
        found = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
        columns += len(found)
        keys += any(row[5] for row in found)
        foreign += len({row[0] for row in connection.execute(f'PRAGMA foreign_key_list("{name}")')})
        origins = [row[3] for row in connection.execute(f'PRAGMA index_list("{name}")')]
        uniques += origins.count("u")
        indexes += origins.count("c")
    return _with_names((len(names), columns, keys, uniques, checks, foreign, indexes))


@contextlib.contextmanager
def _loaded_sqlite(path: Path, folder: Path, checks: int) -> Iterator[tuple[str, dict[str, int]]]:
    with contextlib.closing(sqlite3.connect(folder / "x.db")) as connection:
        connection.executescript(path.read_text())
        yield f"sqlite:///{folder / 'x.db'}", _count_sqlite(connection, checks)


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize(
    "name",
    ["pagila-schema.sql", "chinook-pg.sql", "dvdrental.sql", "adventureworks-pg-install.sql", "tbls-too-many.sql"],
)
def test_counts_are_those_of_postgresql(name: str) -> None:
    """Every table, column, key, check and index of the dump: as many as PostgreSQL's catalogue has after running it."""
    path = _shared(name)
    with _loaded_postgresql(path) as (_, expected):
        assert _counts(read_any(path)) == expected


@pytest.mark.needs("mysql")
def test_counts_are_those_of_mysql() -> None:
    """The MySQL dump has what information_schema counts after running it."""
    path = _shared("chinook-mysql.sql")
    with _loaded_mysql(path) as (_, expected):
        assert _counts(read_any(path)) == expected


def test_counts_are_those_of_sqlite(tmp_path: Path) -> None:
    """The SQLite dump has what SQLite's pragmas count after running it."""
    path = _shared("chinook-sqlite.sql")
    with _loaded_sqlite(path, tmp_path, 0) as (_, expected):
        assert _counts(read_any(path)) == expected


def test_the_same_database_in_three_dialects_has_the_same_counts() -> None:
    """Chinook is one database: its three dumps give the same numbers and nothing that was not understood."""
    made = [read_any(_shared(f"chinook-{one}.sql")) for one in ("pg", "mysql", "sqlite")]
    assert [one.engine for one in made] == ["postgresql", "mysql", "sqlite"]
    assert made[0].counts == made[1].counts == made[2].counts
    assert made[0].counts["not_understood"] == 0
    assert {one.skipped["rows of data"] for one in made} == {15607}


@pytest.mark.needs("postgresql")
def test_own_postgresql_case_counts_as_the_engine_does() -> None:
    """The tricky dump: inheritance, LIKE, partitions, domains, dropped columns, identity, odd names."""
    path = OWN / "postgresql.sql"
    with _loaded_postgresql(path) as (_, expected):
        assert _counts(read_any(path)) == expected


@pytest.mark.needs("mysql")
def test_own_mysql_case_counts_as_the_engine_does() -> None:
    """The tricky dump: keys in the table, added later, by CREATE UNIQUE INDEX; DELIMITER and conditional comments."""
    path = OWN / "mysql.sql"
    with _loaded_mysql(path) as (_, expected):
        assert _counts(read_any(path)) == expected


def test_own_sqlite_case_counts_as_the_engine_does(tmp_path: Path) -> None:
    """The tricky dump: brackets, WITHOUT ROWID, a column without a type, a reference in other case."""
    path = OWN / "sqlite.sql"
    with _loaded_sqlite(path, tmp_path, 1) as (_, expected):
        assert _counts(read_any(path)) == expected


def _outline(made: Import) -> dict[str, Any]:
    """What both ways to a design must agree on, in full: names, NULL, keys, actions, index columns."""
    found: dict[str, Any] = {}
    for name, table in made.design.schema.tables.items():
        found[name] = {
            "columns": {n: (c.nullable, bool(c.is_generated), c.type) for n, c in table.columns.items()},
            "key": table.primary_key,
            "uniques": sorted(one.columns for one in table.uniques.values()),
            "checks": len(table.checks),
            "foreign": sorted((k.columns, k.references or "", k.referenced, k.on_delete or "no action", k.on_update or "no action") for k in table.foreign_keys.values()),
            "indexes": sorted((n, i.columns if not any("(" in c for c in i.columns) else (), bool(i.unique), bool(i.where), i.include) for n, i in table.indexes.items()),
        }  # fmt: skip
    return found


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("name", ["own", "pagila-schema.sql", "chinook-pg.sql"])
def test_postgresql_dump_and_live_database_agree(name: str) -> None:
    """The design of the dump and the design of the database that ran it agree in every name, key, action and index."""
    path = OWN / "postgresql.sql" if name == "own" else _shared(name)
    with _loaded_postgresql(path) as (database, expected):
        live = read_live(database.sqlalchemy_url)
        assert _counts(live) == expected
        assert _outline(live) == _outline(read_any(path))


@pytest.mark.needs("mysql")
@pytest.mark.parametrize("name", ["own", "chinook-mysql.sql"])
def test_mysql_dump_and_live_database_agree(name: str) -> None:
    """The same for MySQL, where a prefix of a column counts as the column."""
    path = OWN / "mysql.sql" if name == "own" else _shared(name)
    with _loaded_mysql(path) as (database, expected):
        live = read_live(database.sqlalchemy_url)
        assert _counts(live) == expected
        ours, theirs = _outline(read_any(path)), _outline(live)
        for one in (*ours.values(), *theirs.values()):
            one["indexes"] = [(n, tuple(c.lstrip("-") for c in columns)) for n, columns, *_ in one["indexes"]]
            # MariaDB says RESTRICT where nothing was said, which is the same there
            one["foreign"] = [
                (*key[:3], *(a.replace("restrict", "no action") for a in key[3:])) for key in one["foreign"]
            ]
        assert theirs == ours


@pytest.mark.parametrize("name", ["own", "chinook-sqlite.sql"])
def test_sqlite_dump_and_live_database_agree(name: str, tmp_path: Path) -> None:
    """The same for SQLite."""
    path = OWN / "sqlite.sql" if name == "own" else _shared(name)
    with _loaded_sqlite(path, tmp_path, 1 if name == "own" else 0) as (url, expected):
        live = read_live(url)
        assert _counts(live) == expected
        ours, theirs = _outline(read_any(path)), _outline(live)
        for one in (*ours.values(), *theirs.values()):
            one["indexes"] = [(n, tuple(c.lstrip("-") for c in columns)) for n, columns, *_ in one["indexes"]]
        assert theirs == ours


def test_everything_not_understood_is_listed_with_its_line() -> None:
    """Views, triggers, routines, composite types, exclusions and rights are named with line and reason, none is missed."""
    path = OWN / "postgresql.sql"
    made = read_any(path)
    lines = path.read_text().splitlines()
    assert made.counts["not_understood"] == len(made.notes)
    for start in (
        "CREATE TYPE public.span",
        "CREATE DOMAIN",
        "CREATE FUNCTION",
        "CREATE VIEW",
        "CREATE TRIGGER",
        "GRANT SELECT",
        "    tax numeric",
    ):
        line = next(n for n, text in enumerate(lines, 1) if text.startswith(start))
        assert [note.reason for note in made.notes if note.line == line], start
    assert any("EXCLUDE" in note.text for note in made.notes)
    assert made.skipped["rows of data"] == 5
    assert all(note.reason for note in (*made.notes, *made.remarks))


def test_imported_columns_say_exactly_what_is_there() -> None:
    """Types, native types, defaults, comments, enums and domains of the dump, as the design has them."""
    made = read_any(OWN / "postgresql.sql").design
    customer = made.schema.tables["customer"]
    columns = customer.columns
    assert (columns["email"].type, columns["email"].length, columns["email"].native) == ("text", 320, None)
    assert columns["Display Name"].default == "'new; customer -- really'"
    assert columns["Display Name"].comment == "it's what is shown"
    assert (columns["mood"].type, columns["mood"].values, columns["mood"].default) == (
        "enum",
        ("so; so", "it's fine", "bad"),
        "'so; so'",
    )
    assert (
        columns["discount"].type,
        columns["discount"].length,
        columns["discount"].scale,
        columns["discount"].nullable,
    ) == ("decimal", 5, 4, False)
    assert (columns["search"].type, columns["search"].native) == ("other", "tsvector")
    assert (columns["flags"].type, columns["flags"].native) == ("other", "bit varying(8)")
    assert (columns["id"].is_generated, columns["id"].default) == (True, None)
    assert customer.comment == "People; who buy"
    assert customer.store == "main"
    assert made.schema.stores["main"].engine == "postgresql"


def test_imported_keys_and_indexes_say_exactly_what_is_there() -> None:
    """Composite references without named columns, actions, descending, partial, covering and expression indexes."""
    tables = read_any(OWN / "postgresql.sql").design.schema.tables
    (key,) = tables["refund"].foreign_keys.values()
    assert (key.columns, key.references, key.referenced, key.on_delete) == (
        ("order_id", "line"),
        "order_line",
        ("order_id", "line"),
        "cascade",
    )
    recent = tables["Order"].indexes["order_recent_idx"]
    assert (recent.columns, recent.include, recent.where) == (
        ("customer_id", "-placed_at"),
        ("total",),
        "note IS NOT NULL",
    )
    assert tables["customer"].indexes["customer_search_idx"].method == "gin"
    assert tables["customer"].indexes["customer_email_idx"].unique
    assert tables["event"].partition_by == "range (at)"
    assert tables["event_2026"].comment == "partition of event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"


def test_names_that_a_design_cannot_have_are_mapped_and_said() -> None:
    """A dot in a column's name, and a second schema's table of the same name, get other names, with a remark each."""
    made = read_any(OWN / "postgresql.sql")
    assert "odd_name" in made.design.schema.tables["Order"].columns
    assert "archived_at" in made.design.schema.tables["archive_customer"].columns
    told = {one.text: one.reason for one in made.remarks}
    assert told["Order.odd.name"] == "the column is called 'odd_name' in the design"
    assert told["archive.customer"] == "the table is called 'archive_customer' in the design"


def test_entities_follow_the_tables() -> None:
    """One entity a table, partitions apart, with references, keys, marks and the rows that the dump holds."""
    made = read_any(OWN / "postgresql.sql").design
    assert "Event2026" not in made.entities
    order = made.entities["Order"]
    assert (order.fields["id"].type, order.fields["customer_id"].references, order.fields["note"].optional) == (
        "key",
        "Customer",
        True,
    )
    assert made.entities["OrderLine"].key == ("order_id", "line")
    assert made.entities["OrderLine"].unique == ("order_id+product",)
    rows = made.entities["Customer"].rows
    assert rows is not None
    assert rows.value == 3
    assert made.schema.tables["event_2026"].entity == "Event"


@pytest.mark.parametrize("name", ["own", "pagila-schema.sql", "adventureworks-pg-install.sql"])
def test_imported_design_survives_its_file(name: str) -> None:
    """What was imported, written as a design file and loaded again, is the same design."""
    made = read_any(OWN / "postgresql.sql" if name == "own" else _shared(name)).design
    assert loads(dumps(made)) == made


@pytest.mark.parametrize("name", ["postgresql", "mysql", "sqlite"])
def test_dialect_is_guessed_and_can_be_said(name: str) -> None:
    """Each dump is known by its words; a dialect that is said wins; one that is unknown is refused."""
    text = (OWN / f"{name}.sql").read_text()
    assert guess_dialect(text) == name
    assert read_sql(text, name).engine == name
    with pytest.raises(InputError, match="dialect 'mysq' is not known; did you mean 'mysql'"):
        read_sql(text, "mysq")


def test_statements_have_their_lines() -> None:
    """Each statement starts on the line it stands on, whatever quotes, data and comments came before."""
    text = (OWN / "postgresql.sql").read_text()
    lines = text.splitlines()
    for one in split_statements(text, "postgresql"):
        if one.text:
            assert lines[one.line - 1].lstrip().startswith(one.text.splitlines()[0][:12])


def test_tables_nested_in_create_schema_are_found() -> None:
    """`CREATE SCHEMA x CREATE TABLE …` hides tables from sqlglot, not from the reader; lines stay true."""
    made = read_sql(
        "CREATE SCHEMA Sales\n  CREATE TABLE Store (\n id INT PRIMARY KEY)\n  CREATE TABLE Visit (store INT REFERENCES Sales.Store)\n  CREATE VIEW v AS SELECT 1;"
    )
    assert list(made.design.schema.tables) == ["store", "visit"]
    assert made.counts["foreign_keys"] == 1
    assert [(note.line, note.reason) for note in made.notes] == [(5, "a view: a design has no place for views yet")]


def test_one_odd_column_does_not_cost_the_table() -> None:
    """Where sqlglot refuses one column or constraint, the rest of the table is read and the odd part is noted with its line."""
    made = read_sql("CREATE TABLE t (\n  id int PRIMARY KEY,\n  z bit varying(5) NOT NULL,\n  b text\n);", "postgresql")
    assert list(made.design.schema.tables["t"].columns) == ["id", "z", "b"]
    assert [(note.line, note.text) for note in made.notes] == [(3, "z bit varying(5) NOT NULL")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no CREATE TABLE in this file"),
        ("hello world", "there is no CREATE TABLE in this file; 1 statement was not understood"),
        ("PGDMP\x00\x01", "the file is not text; dump it as plain SQL"),
        ("CREATE VIEW v AS SELECT 1;", "there is no CREATE TABLE in this file; 1 statement was"),
    ],
)
def test_what_is_no_dump_is_refused_with_the_next_step(text: str, message: str) -> None:
    """Files without a table are an InputError that says how it was read and what to try."""
    with pytest.raises(InputError) as caught:
        read_sql(text)
    assert message in str(caught.value)


def test_missing_and_binary_files_are_refused(tmp_path: Path) -> None:
    """A missing file, and PostgreSQL's custom format, say the next step."""
    with pytest.raises(InputError, match="the file cannot be read: No such file"):
        read_any(tmp_path / "x.sql")
    (tmp_path / "x.dump").write_bytes(b"PGDMP\x01\x0e")
    with pytest.raises(InputError, match="pg_restore --schema-only"):
        read_any(tmp_path / "x.dump")


def test_foreign_key_to_a_table_that_is_not_there_is_noted() -> None:
    """A reference that leads nowhere is left out of the design, and said."""
    made = read_sql("CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES gone (id));")
    assert made.counts["foreign_keys"] == 0
    assert [note.reason for note in made.notes] == ["it refers to the table 'gone', which is not there"]


def _hostile() -> list[str]:
    chance = random.Random(3)
    pieces = ["CREATE TABLE ", "x", "(", ")", ",", ";", "'", '"', "`", "[", "]", "$$", "$a$", "--", "/*", "*/", "\n", "\\", " int ", "PRIMARY KEY", "COPY x FROM stdin;\n", "BEGIN", "END", "ALTER TABLE x ADD ", "REFERENCES", ".", "💥", "INSERT INTO x VALUES (1);"]  # fmt: skip
    return [
        "CREATE TABLE ok (id int);\n" + "".join(chance.choices(pieces, k=chance.randrange(1, 60))) for _ in range(150)
    ]


def test_nonsense_never_ends_in_a_traceback() -> None:
    """Whatever stands in a dump, reading ends in a design with notes or in an InputError."""
    for text in _hostile():
        for dialect in ("postgresql", "mysql", "sqlite"):
            with contextlib.suppress(InputError):
                read_sql(text, dialect)


@pytest.mark.parametrize(
    "text",
    [
        "/*" * 300_000,
        "'" * 1_000_001,
        "$$" * 300_001,
        "$a" * 300_000,
        "(" * 300_000,
        "CREATE TABLE t (" * 20_000,
        "\\" * 500_000,
        "[" * 300_000,
    ],
)
def test_hostile_dumps_are_refused_quickly(text: str) -> None:
    """Unclosed quotes, comments and brackets without end take seconds, not minutes."""
    start = time.perf_counter()
    for dialect in ("postgresql", "mysql", "sqlite"):
        with contextlib.suppress(InputError):
            read_sql(text, dialect)
    assert time.perf_counter() - start < 30


def test_hostile_names_survive_the_import() -> None:
    """Names made of quotes, markup, dots and line breaks come through to a design that can be saved and loaded."""
    names = ["a.b", "</script>", 'q"q', "x; DROP TABLE y", "--", "名前", "yes", "1", " ", "a\nb", "a" * 250, "-down"]
    columns = ", ".join('"' + name.replace('"', '""') + '" int' for name in names)
    made = read_sql(
        "".join('CREATE TABLE "{}" ({});\n'.format(name.replace('"', '""'), columns) for name in names), "postgresql"
    )
    assert made.counts["tables"] == len(names)
    assert made.counts["columns"] == len(names) ** 2
    assert loads(dumps(made.design)) == made.design


@pytest.mark.parametrize(
    ("native", "engine", "expected"),
    [
        ("character varying(40)", "postgresql", ("text", 40, None, None)),
        ("timestamp without time zone", "postgresql", ("timestamp", None, None, "timestamp without time zone")),
        ("timestamp(3) with time zone", "postgresql", ("timestamp", None, None, "timestamp(3) with time zone")),
        ("integer[]", "postgresql", ("other", None, None, "integer[]")),
        ("real", "postgresql", ("float", None, None, "real")),
        ("int(10) unsigned", "mysql", ("bigint", None, None, "int(10) unsigned")),
        ("tinyint(1)", "mysql", ("bool", None, None, "tinyint(1)")),
        ("int(11)", "mysql", ("int", None, None, None)),
        ("datetime(6)", "mysql", ("timestamp", None, None, "datetime(6)")),
        ("NVARCHAR(160)", "sqlite", ("text", 160, None, "NVARCHAR(160)")),
        ("geometry(Point,4326)", "postgresql", ("other", None, None, "geometry(Point,4326)")),
        ("vector(384)", "postgresql", ("vector", 384, None, None)),
    ],
)
def test_native_types_have_the_nearest_logical_type(native: str, engine: str, expected: tuple[Any, ...]) -> None:
    """The logical type, and the native one wherever the logical one would not bring it back."""
    typed = read_type(native, engine)
    assert (typed.type, typed.length, typed.scale, typed.native) == expected
