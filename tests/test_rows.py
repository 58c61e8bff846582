"""What is always true of rows: the page's examples are planned, and their DDL refuses what they say it refuses."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from archnb import Design, InputError, plan
from archnb.design.record import plain
from archnb.export.sql import export_sql, left_out, statements
from archnb.verify.servers import open_mysql_database, open_postgresql_database
from tests.test_export_sql import needs_mysql, needs_postgresql

PAGE = Path(__file__).parent.parent / "docs" / "rows.md"
EXAMPLES = dict(
    re.findall(r"^## ([^\n]+)\n\n```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
)
ENGINES = ["sqlite", pytest.param("postgresql", marks=needs_postgresql), pytest.param("mysql", marks=needs_mysql)]


def read(title: str) -> Design:
    """The design of an example of the page."""
    return Design.of(YAML(typ="safe").load(EXAMPLES[title]))


@contextmanager
def opened(design: Design, engine: str) -> Iterator[Callable[[str], Any]]:
    """A database with a design's tables, and a function that runs a statement there."""
    texts = [one.text for one in statements(plan(design), engine)]
    if engine == "sqlite":
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            for text in texts:
                connection.execute(text)
            yield connection.execute
        return
    database = open_postgresql_database() if engine == "postgresql" else open_mysql_database()
    with database as made, closing(made.connect()) as connection:
        if engine == "postgresql":
            connection.autocommit = True

        def run(text: str) -> Any:
            with connection.cursor() as cursor:
                return cursor.execute(text)

        for text in texts:
            run(text)
        yield run


def refuses(run: Callable[[str], Any], text: str) -> bool:
    """Whether an engine refuses a statement for the sake of the rows."""
    try:
        run(text)
    except Exception as error:
        # a statement that is wrong in itself proves nothing
        told = str(error).casefold()
        assert not re.search(r"syntax|no such|does not exist|unknown column", told), error
        return True
    return False


@pytest.mark.parametrize("title", EXAMPLES)
def test_examples_are_planned_and_read_back(title: str) -> None:
    """Each example is planned, holds its lines on each engine, and says the same when it is written and read again."""
    design = read(title)
    made = plan(design)
    assert Design.of(plain(design)) == design
    for engine in ("postgresql", "mysql", "sqlite"):
        assert left_out(made, engine) == []


BOOKING = "INSERT INTO booking (room_id, starts_at, ends_at, status) VALUES (1, '2026-03-02 {0}:00:00.000000', '2026-03-02 {1}:00:00.000000', '{2}')"


@pytest.mark.parametrize("engine", ENGINES)
def test_overlapping_bookings_are_refused(engine: str) -> None:
    """Two at one time are refused, when made and when moved; one behind the other, or one called off, is not."""
    with opened(read("Never twice at one time"), engine) as run:
        run("INSERT INTO room (id, name) VALUES (1, 'A')")
        run(BOOKING.format(10, 12, "held"))
        assert refuses(run, BOOKING.format(11, 13, "booked"))
        assert refuses(run, BOOKING.format(14, 13, "booked"))
        assert not refuses(run, BOOKING.format(12, 13, "booked"))
        assert not refuses(run, BOOKING.format(10, 11, "cancelled"))
        assert refuses(run, "UPDATE booking SET status = 'booked' WHERE status = 'cancelled'")
        assert not refuses(run, "UPDATE booking SET status = 'booked' WHERE status = 'held'")


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_of_two_workspaces_are_refused(engine: str) -> None:
    """A task is of the workspace of its project."""
    with opened(read("The same value in two rows"), engine) as run:
        for number in (1, 2):
            run(f"INSERT INTO workspace (id, name) VALUES ({number}, 'w')")
            run(f"INSERT INTO project (id, workspace_id, name) VALUES ({number}, {number}, 'p')")
        assert not refuses(run, "INSERT INTO task (workspace_id, project_id, title) VALUES (1, 1, 't')")
        assert refuses(run, "INSERT INTO task (workspace_id, project_id, title) VALUES (1, 2, 't')")


@pytest.mark.parametrize("engine", ENGINES)
def test_exactly_one_parent_is_held(engine: str) -> None:
    """A remark without a parent and one with two are refused, and so is removing what has one."""
    with opened(read("Exactly one of several"), engine) as run:
        run("INSERT INTO post (id, title) VALUES (1, 't')")
        run("INSERT INTO photo (id, url) VALUES (1, 'https://example.org/')")
        assert not refuses(run, "INSERT INTO remark (about_post_id, body) VALUES (1, 'b')")
        assert refuses(run, "INSERT INTO remark (body) VALUES ('b')")
        assert refuses(run, "INSERT INTO remark (about_post_id, about_photo_id, body) VALUES (1, 1, 'b')")
        assert refuses(run, "DELETE FROM post WHERE id = 1")


@pytest.mark.parametrize("engine", ENGINES)
def test_one_active_row_is_held(engine: str) -> None:
    """A second delivery under way is refused; those that are done are as many as they are."""
    with opened(read("Only one at a time"), engine) as run:
        run("INSERT INTO courier (id, email) VALUES (1, 'a@example.org')")
        insert = "INSERT INTO delivery (courier_id, state) VALUES (1, '{}')"
        assert not any(refuses(run, insert.format(word)) for word in ("done", "done", "taken"))
        assert refuses(run, insert.format("under_way"))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_address_is_free_again_when_its_member_is_deleted(engine: str) -> None:
    """Uniques hold among the living, without regard to case where addresses are compared so."""
    with opened(read("Deleted, and still there"), engine) as run:
        insert = "INSERT INTO member (email) VALUES ('a@example.org')"
        run(insert)
        assert refuses(run, insert)
        run("UPDATE member SET deleted_at = '2026-03-02 10:00:00.000000'")
        assert not refuses(run, insert)


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_that_are_only_added_stay(engine: str) -> None:
    """Neither a change nor a deletion of a sample is taken."""
    with opened(read("Only ever added"), engine) as run:
        run("INSERT INTO meter (id, serial) VALUES (1, 's')")
        run("INSERT INTO sample (meter_id, at, flow) VALUES (1, '2026-03-02 10:00:00.000000', 1)")
        assert refuses(run, "UPDATE sample SET flow = 2")
        assert refuses(run, "DELETE FROM sample")


@pytest.mark.parametrize("engine", ENGINES)
def test_prices_follow_upon_each_other(engine: str) -> None:
    """An open price blocks a later one; one that has ended does not."""
    with opened(read("Valid for a time"), engine) as run:
        run("INSERT INTO product (id, name) VALUES (1, 'p')")
        price = (
            "INSERT INTO price (product_id, amount, currency, valid_from, valid_to) VALUES (1, 100, 'EUR', '{}', {})"
        )
        run(price.format("2026-01-01", "'2026-03-31'"))
        run(price.format("2026-04-01", "NULL"))
        assert refuses(run, price.format("2026-03-31", "'2026-03-31'"))
        assert refuses(run, price.format("2027-01-01", "NULL"))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_row_is_not_its_own_parent(engine: str) -> None:
    """The one line that a tree's table can hold."""
    with opened(read("Trees"), engine) as run:
        run("INSERT INTO category (id, name) VALUES (1, 'a')")
        assert refuses(run, "UPDATE category SET parent_id = 1 WHERE id = 1")


def test_a_line_that_is_refused_is_not_proposed() -> None:
    """`not always` takes the place of what would follow, and is written as it was said."""
    fields = {"id": "key", "starts_at": "timestamp", "ends_at": "timestamp"}
    bare = plan(Design.of({"entities": {"Stay": {"fields": fields}}}))
    assert [str(one) for one in bare.design.entities["Stay"].holds] == ["ends_at > starts_at"]
    waived = plan(Design.of({"entities": {"Stay": {"fields": fields, "holds": "not always ends_at > starts_at"}}}))
    assert waived.planned.entities.entities["Stay"].holds == ()
    assert "CHECK" not in export_sql(waived).text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ends_at after starts_at", "is not a rule of rows"),
        ("ends_at > start_at", "did you mean 'starts_at'"),
        ("no overlap of starts_at..ends_at per rooms", "did you mean 'room'"),
        ("one per room where state = bookd", "did you mean 'booked'"),
        ("room = room.nam", "did you mean 'room.name'"),
    ],
)
def test_errors_name_what_was_meant(line: str, told: str) -> None:
    """A line that is none, or that names nothing, is refused with the nearest match."""
    fields = {
        "id": "key",
        "room": "-> Room",
        "starts_at": "timestamp",
        "ends_at": "timestamp",
        "state": "enum(held, booked)",
    }
    data = {
        "entities": {"Room": {"fields": {"id": "key", "name": "text(40)"}}, "Stay": {"fields": fields, "holds": [line]}}
    }
    with pytest.raises(InputError, match=re.escape(told)):
        Design.of(data)


def test_partitions_are_made_ahead_and_dropped_whole() -> None:
    """The job of a table that is split by time drops partitions, and the DDL makes those of the days ahead."""
    made = plan(read("Only ever added"))
    table = made.planned.schema.tables["sample"]
    assert (table.split.kind, table.split.every, table.retention) == ("range", "day", 80 * 86400)
    assert "roll_partitions('sample', 'day'" in export_sql(made).text
    assert str(made.design.jobs.jobs["purge_sample"].summary).startswith("Drops the partitions")
