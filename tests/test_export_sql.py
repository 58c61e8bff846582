"""The DDL and the queries: compiled for three engines, executed where one is there, whatever the names are."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archnb import ArchnbError, Design, Plan, plan
from archnb.export import EXPORTERS, export, load_exporter
from archnb.export.aggregates import read_aggregate
from archnb.export.column_types import is_built_in, translate
from archnb.export.queries import Query, export_queries, queries
from archnb.export.sql import export_sql, left_out, metadata, statements
from archnb.verify.servers import open_mysql_database, open_postgresql_database
from tests.designs import ALL

GOLDEN = Path(__file__).parent / "golden"
DIALECTS = ("postgresql", "mysql", "sqlite")
LIBRARY: dict[str, Any] = {
    "name": "library\n; DROP TABLE book",
    "requirements": {"load": {"daily_users": "1k", "requests_per_user": "5/day"}},
    "entities": {
        "Party": {"fields": {"id": "key", "email": "email unique", "since": "timestamp = now()"}},
        "Reader": {"extends": "Party", "fields": {"level": "enum(new, old) = new", "friend": "-> Reader optional"}},
        "Book": {"fields": {"id": "uuid key", "title": "text(200)", "price": "money >= 0", "tags": "json", "series": "-> Series optional"}},
        "Series": {"fields": {"id": "key", "name": "text", "first": "-> Book"}},
        "Loan": {"fields": {"book": "-> Book", "reader": "-> Reader", "due": "date", "fine": "decimal(8, 2) >= 0 = 0"}, "key": "book, reader"},
    },
    "relationships": {"wrote": {"between": "Party, Book", "kind": "many-to-many"}},
    "access": {
        "find_books": {"reads": "Book", "search": "title", "limit": 10},
        "loans_due": {"reads": "Loan", "range": "due", "sort": "due", "limit": 3, "include": "Book"},
        "reader_by_email": {"reads": "Reader", "by": "email"},
        "join": {"writes": "Reader", "action": "create"},
        "fines": {"reads": "Loan", "aggregate": "sum of fine by month", "range": "due"},
        "loans_of_level": {"reads": "Loan", "by": "reader.level", "sort": "-due", "limit": 5},
    },
}  # fmt: skip
HOSTILE = [
    'x"; DROP TABLE book; --',
    "it's",
    "50%s %(a)s",
    "a:b",
    "`tick`",
    "名前",
    "é" * 40,
    "select",
    "Mixed Case",
    "back\\slash",
]


def library() -> Design:
    """Inheritance, a cycle of references, composite and uuid keys, and a name that tries to be a statement."""
    return Design.of(LIBRARY)


def hostile() -> Design:
    """A schema said in full whose every name is an attack or an accident."""
    columns = {name: {"type": "text", "length": 20, "nullable": True} for name in HOSTILE}
    other = {"columns": {"id": {"type": "key", "is_generated": True}, "t'o": {"type": "bigint"}}, "primary_key": "id"}
    made = {
        name: {
            "columns": {"id": {"type": "key", "is_generated": True}, **columns}, "primary_key": "id", "comment": f"'; {name} %s\n-- x",
            "indexes": {f"i {name}": {"columns": [name, "-id"]}}, "uniques": {f"u {name}": {"columns": [name]}},
        }
        for name in HOSTILE
    }  # fmt: skip
    other["foreign_keys"] = {"f'k": {"columns": "t'o", "references": HOSTILE[0], "referenced": "id"}}
    return Design.of({"name": "*/ hostile", "schema": {"tables": {**made, "last one": other}}})


DESIGNS = {**ALL, "library": library, "hostile": hostile}


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    """The plans of all designs, made once."""
    return {name: plan(make()) for name, make in DESIGNS.items()}


@pytest.fixture
def sqlite() -> Iterator[sqlite3.Connection]:
    """An empty SQLite database in memory."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


def load(connection: sqlite3.Connection, made: Plan) -> None:
    """Run a plan's DDL on SQLite."""
    for one in statements(made, "sqlite"):
        connection.execute(one.text)


# -- the file


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ["tiny", "library"])
def test_ddl_is_as_in_the_golden(
    plans: dict[str, Plan], name: str, dialect: str, request: pytest.FixtureRequest
) -> None:
    """The DDL of two designs is what the golden files hold."""
    golden = GOLDEN / f"sql-{name}-{dialect}.sql"
    text = export_sql(plans[name], dialect).text
    if request.config.getoption("--refresh-goldens", default=False):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_queries_are_as_in_the_golden(plans: dict[str, Plan], dialect: str, request: pytest.FixtureRequest) -> None:
    """The queries of the library are what the golden files hold."""
    golden = GOLDEN / f"sql-library-queries-{dialect}.sql"
    text = export_queries(plans["library"], dialect).text
    if request.config.getoption("--refresh-goldens", default=False):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_a_name_cannot_leave_its_comment(plans: dict[str, Plan]) -> None:
    """A line break in the design's name does not start a statement."""
    for dialect in DIALECTS:
        assert "\n; DROP" not in export_sql(plans["library"], dialect).text


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_ddl_is_deterministic(plans: dict[str, Plan], name: str, dialect: str) -> None:
    """The same design gives the same file."""
    assert export_sql(plans[name], dialect) == export_sql(plan(DESIGNS[name]()), dialect)


def test_exporters_are_found_by_name_and_a_slip_is_answered(plans: dict[str, Plan]) -> None:
    """Every line of the registry leads to a function; an unknown name is answered with the nearest."""
    assert export(plans["tiny"], "sql", dialect="sqlite").filename == "schema.sqlite.sql"
    assert plans["tiny"].export("queries").language == "sql"
    assert callable(load_exporter("sql"))
    assert "sql" in EXPORTERS
    with pytest.raises(ArchnbError, match=r"exporter 'sqll' is not known; did you mean 'sql'\?"):
        export(plans["tiny"], "sqll")
    with pytest.raises(ArchnbError, match=r"option of exporter 'sql' 'dialekt' is not known; did you mean 'dialect'\?"):
        export(plans["tiny"], "sql", dialekt="sqlite")
    with pytest.raises(ArchnbError, match=r"dialect 'postgres' is not known; did you mean 'postgresql'\?"):
        export_sql(plans["tiny"], "postgres")


def test_the_file_says_what_a_dialect_leaves_out(plans: dict[str, Plan]) -> None:
    """SQLite has no full-text index: its file names the index that is not there, PostgreSQL's leaves nothing out."""
    assert left_out(plans["library"], "sqlite") == ["book.book_title_search_idx"]
    assert (
        "-- Left out, because SQLite has no such thing: book.book_title_search_idx\n"
        in export_sql(plans["library"], "sqlite").text
    )
    assert left_out(plans["library"], "postgresql") == []


# -- on SQLite


@pytest.mark.parametrize("name", DESIGNS)
def test_ddl_runs_on_sqlite_and_holds_every_table(
    plans: dict[str, Plan], name: str, sqlite: sqlite3.Connection
) -> None:
    """Every table of the design is in the catalogue afterwards, with its columns under their names."""
    made = plans[name]
    load(sqlite, made)
    found = {row[0] for row in sqlite.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables = {table.info["table"]: table for table in metadata(made, "sqlite").tables.values()}
    assert found == {table.name for table in tables.values()}
    for table_name, table in made.design.schema.tables.items():
        here = [row[0] for row in sqlite.execute("SELECT name FROM pragma_table_info(?)", (tables[table_name].name,))]
        assert here == list(table.columns)
    assert sqlite.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_file_runs_as_a_script(plans: dict[str, Plan], sqlite: sqlite3.Connection) -> None:
    """The exported file is what the statements are."""
    sqlite.executescript(export_sql(plans["hostile"], "sqlite").text)
    assert sqlite.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone() == (len(HOSTILE) + 1,)


def test_constraints_hold(plans: dict[str, Plan], sqlite: sqlite3.Connection) -> None:
    """A wrong word, an amount below its limit, an address in other letters and a missing parent are refused."""
    load(sqlite, plans["library"])
    sqlite.execute("INSERT INTO party (id, email) VALUES (1, 'a@x.org')")
    sqlite.execute("INSERT INTO reader (id) VALUES (1)")
    assert sqlite.execute("SELECT level FROM reader").fetchone() == ("new",)
    for wrong in (
        "INSERT INTO party (email) VALUES ('A@X.org')",
        "INSERT INTO reader (id, level) VALUES (1, 'ancient')",
        "INSERT INTO reader (id) VALUES (2)",
        "INSERT INTO book (id, title, price_amount, price_currency, tags) VALUES ('b', 't', -1, 'EUR', '[]')",
        "INSERT INTO book (id, title, price_amount, tags) VALUES ('b', 't', 1, '[]')",
        "INSERT INTO loan (book_id, reader_id, due) VALUES ('none', 1, '2026-01-01')",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            sqlite.execute(wrong)


def _expects(one: Query) -> bool:
    return one.expected_index is not None and not one.expected_index.endswith("_pkey") and one.kind == "read"


@pytest.mark.parametrize("name", DESIGNS)
def test_sqlite_explains_every_query_with_its_index(
    plans: dict[str, Plan], name: str, sqlite: sqlite3.Connection
) -> None:
    """Each query and each next page compile against the DDL, and the index that should serve a query does."""
    made = plans[name]
    load(sqlite, made)
    for one in queries(made, "sqlite"):
        steps = sqlite.execute("EXPLAIN QUERY PLAN " + one.sql, {p.name: 1 for p in one.parameters}).fetchall()
        if _expects(one):
            assert any(f"INDEX {one.expected_index}" in step[3] for step in steps), (one, steps)
        if one.next_page:
            sqlite.execute("EXPLAIN " + one.next_page, {p.name: 1 for p in one.next_parameters})


@pytest.mark.parametrize("sort", ["-due", "due, -fine", "-fine, reader"])
def test_pages_hold_every_row_once_in_order(sort: str, sqlite: sqlite3.Connection) -> None:
    """Going from page to page by keyset visits each row exactly once, ties and mixed directions among them."""
    said = {**LIBRARY, "access": {"all_loans": {"reads": "Loan", "sort": sort, "limit": 3}}}
    made = plan(Design.of(said))
    load(sqlite, made)
    sqlite.execute("PRAGMA foreign_keys = OFF")
    columns = ["book_id", "reader_id", "due", "fine"]
    for n in range(20):
        row = (f"{n % 4:032}", n, f"2026-01-{n % 3 + 1:02}", n % 5)
        sqlite.execute(f"INSERT INTO loan ({', '.join(columns)}) VALUES (?, ?, ?, ?)", row)
    query = next(one for one in queries(made, "sqlite") if one.pattern == "all_loans")
    seen = page = sqlite.execute(query.sql, {}).fetchall()
    while page:
        last = dict(zip([*columns, "version"], page[-1], strict=True))
        assert query.next_page is not None
        page = sqlite.execute(query.next_page, {p.name: last[p.column] for p in query.next_parameters}).fetchall()
        seen = seen + page
    signs = [
        (
            columns.index({"reader": "reader_id"}.get(p.strip().lstrip("-"), p.strip().lstrip("-"))),
            p.strip().startswith("-"),
        )
        for p in sort.split(",")
    ]
    expected = sqlite.execute("SELECT * FROM loan").fetchall()
    assert sorted(seen) == sorted(expected)
    for at, is_down in reversed(signs):
        expected.sort(key=lambda row: row[at], reverse=is_down)
    assert [[row[at] for at, _ in signs] for row in seen] == [[row[at] for at, _ in signs] for row in expected]


def test_a_write_over_two_tables_is_two_statements(plans: dict[str, Plan]) -> None:
    """A special case is created in the general table first."""
    made = [one.sql for one in queries(plans["library"]) if one.pattern == "join"]
    assert [one.split()[2] for one in made] == ["party", "reader"]


# -- on PostgreSQL and MySQL

needs_postgresql = pytest.mark.needs("postgresql")
needs_mysql = pytest.mark.needs("mysql")


@needs_postgresql
@pytest.mark.parametrize("name", DESIGNS)
def test_ddl_and_queries_run_on_postgresql(plans: dict[str, Plan], name: str) -> None:
    """PostgreSQL takes every statement, has every table and explains every query and next page."""
    made = plans[name]
    with open_postgresql_database() as database, closing(database.connect()) as connection:
        cursor = connection.cursor()
        for one in statements(made):
            cursor.execute(one.text.encode())
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND NOT relispartition"
        )
        assert {row[0] for row in cursor.fetchall()} == {table.name for table in metadata(made).tables.values()}
        for one in queries(made):
            for text in filter(None, (one.sql, one.next_page)):
                names = [p.name for p in (*one.parameters, *one.next_parameters)]
                given = re.sub(rf":({'|'.join(names)})\b", "NULL", text) if names else text
                cursor.execute(f"EXPLAIN {given}".encode())


@needs_postgresql
def test_partitions_take_rows() -> None:
    """Rows go into the partitions of a table split by time and of one split by a hash."""
    made = plan(Design.of({"entities": {
        "Event": {"fields": {"id": "key", "at": "timestamp"}, "rows": "5bn", "growth": "5M/day"},
        "Link": {"fields": {"code": "code(7) key", "at": "timestamp"}, "rows": "9bn", "growth": "5M/day"},
    }}))  # fmt: skip
    with open_postgresql_database() as database, closing(database.connect()) as connection:
        cursor = connection.cursor()
        for one in statements(made):
            cursor.execute(one.text.encode())
        cursor.execute("INSERT INTO event (at) VALUES (now()), ('1999-01-01')")
        cursor.execute("INSERT INTO link (code, at) VALUES ('abc', now()), ('xyz', now())")
        # this month has a partition of its own; what is in none that was made goes into the default one
        cursor.execute("SELECT count(*) FROM event_default")
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT count(*) FROM event")
        assert cursor.fetchone() == (2,)
        cursor.execute("SELECT count(*) FROM link")
        assert cursor.fetchone() == (2,)


@needs_mysql
@pytest.mark.parametrize("name", ["tiny", "shop", "shortener", "library"])
def test_ddl_runs_on_mysql(plans: dict[str, Plan], name: str) -> None:
    """MySQL or MariaDB takes every statement."""
    with open_mysql_database() as database, closing(database.connect()) as connection:
        cursor = connection.cursor()
        for one in statements(plans[name], "mysql"):
            cursor.execute(one.text)
        cursor.execute("SHOW TABLES")
        assert {row[0] for row in cursor.fetchall()} == {
            table.name for table in metadata(plans[name], "mysql").tables.values()
        }


@pytest.mark.parametrize("name", ["tiny", "shop", "shortener", "library"])
def test_mysql_ddl_is_parsed_as_statements(plans: dict[str, Plan], name: str) -> None:
    """sqlglot reads the file without giving up on a statement."""
    import sqlglot

    parsed = [one for one in sqlglot.parse(export_sql(plans[name], "mysql").text, read="mysql") if one is not None]
    assert len(parsed) == len(statements(plans[name], "mysql"))
    assert all(isinstance(one, sqlglot.exp.Create | sqlglot.exp.Alter) for one in parsed)


def test_a_circle_of_references_is_closed_afterwards(plans: dict[str, Plan]) -> None:
    """Where two tables refer to each other, one foreign key is added when both are there; SQLite takes it at once."""
    late = [one.text for one in statements(plans["library"]) if one.text.startswith("ALTER TABLE")]
    assert len(late) == 1
    assert "ADD CONSTRAINT" in late[0]
    assert not any("ALTER" in one.text for one in statements(plans["library"], "sqlite"))


# -- parts


@pytest.mark.parametrize(
    ("text", "dialect", "expected"),
    [
        ("character varying(20)", "postgresql", True), ("numeric(10, 2)[]", "postgresql", True), ("timestamp(3) without time zone", "postgresql", True),
        ("enum('a','b')", "mysql", True), ("int unsigned", "mysql", True), ("mpaa_rating", "postgresql", False),
        ("int); DROP TABLE x; --", "postgresql", False), ("text DEFAULT (select 1)", "postgresql", False), ("text default 1", "postgresql", False),
    ],
)  # fmt: skip
def test_only_a_built_in_type_is_written_as_it_was_said(text: str, dialect: str, expected: bool) -> None:
    """A native type that the engine may not have, or that holds more than a type, is not written."""
    assert is_built_in(text, dialect) is expected


def test_conditions_are_translated_between_dialects() -> None:
    """A condition keeps its meaning with the other engine's quotes, and what cannot be read is left out."""
    assert translate("\"a b\" IN ('x')", "", "mysql") == "`a b` IN ('x')"
    assert translate("anything at all", "mysql", "mysql") == "anything at all"
    assert translate("a >= ", "", "mysql") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum of total by day", ("sum", "total", "day")), ("count", ("count", None, None)), ("average stars per product", ("avg", "stars", "product")),
        ("maximum price", ("max", "price", None)), ("whatever else", ("count", None, None)),
    ],
)  # fmt: skip
def test_aggregates_are_read_from_words(text: str, expected: tuple[str, str | None, str | None]) -> None:
    """The words name a function, a field and a grouping; without a function it is a count."""
    assert read_aggregate(text) == expected
