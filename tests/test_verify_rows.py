"""Synthetic rows: they fulfil what a schema asks, whatever it asks, or it is said why not."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archnb import Design, plan
from archnb.design.record import Named
from archnb.export.sql import metadata, statements
from archnb.plan import Plan
from archnb.planned.schema import Check, Column, Table
from archnb.verify.conditions import Limits, judge, read_conditions
from archnb.verify.relational import insert_rows
from archnb.verify.rows import make_rows, order_for_rows, scale_counts
from archnb.verify.sqlite import SqliteSession
from tests import designs


def _make_table(columns: dict[str, Column], condition: str) -> Table:
    """A table with one check, and a key where it has an id."""
    key = ("id",) if "id" in columns else ()
    none: dict[str, Any] = {"uniques": Named(), "foreign_keys": Named(), "indexes": Named(), "exclusions": Named()}
    checks = Named({"c": Check(condition=condition)})
    return Table(store="main", columns=Named(columns), primary_key=key, checks=checks, **none)


NAMES = ("A", "B", "C", "D")
TYPES = (
    "int", "int >= 3 <= 9", "smallint unique", "bigint optional", "decimal(6, 2) >= 0", "money >= 0", "money optional",
    "bool", "text(3) unique", "text(200)", "text(1)", "char(4)", "code(5) unique", "email unique", "url", "phone",
    "timestamp", "date unique", "time", "duration", "json", "bytes(4)", "enum(a, b c, d'e)", "country", "currency",
    "language", "ip optional", "point", "vector(3)", "float >= -1 <= 1", "uuid unique",
)  # fmt: skip


@st.composite
def small_designs(draw: st.DrawFn) -> Design:
    """One to four entities with fields of any type, references in any direction, keys of one or two fields."""
    names = NAMES[: draw(st.integers(1, 4))]
    entities: dict[str, Any] = {}
    for name in names:
        fields: dict[str, str] = {}
        kind = draw(st.sampled_from(["key", "uuid", "pair", "pair with reference"]))
        if kind in ("key", "uuid"):
            fields["id"] = "key" if kind == "key" else "uuid key"
        elif kind == "pair":
            fields |= {"tenant": "uuid", "no": "int"}
        earlier = names[: names.index(name)]
        if kind == "pair with reference" or not fields:
            fields |= {"owner": f"-> {draw(st.sampled_from(earlier))}" if earlier else "code(4)", "no": "smallint"}
        for number, one in enumerate(draw(st.lists(st.sampled_from(TYPES), max_size=4))):
            fields[f"f{number}"] = one
        for number in range(draw(st.integers(0, 2))):
            target = draw(st.sampled_from(names))
            mark = draw(st.sampled_from(["", " optional", " unique", " cascade"]))
            fields[f"r{number}"] = f"-> {target}{mark}"
        entity: dict[str, Any] = {"fields": fields, "rows": draw(st.sampled_from([1, 7, 300, 10**6]))}
        if "no" in fields:
            entity["key"] = [one for one in ("tenant", "owner", "no") if one in fields]
        entities[name] = entity
    return Design.of({"entities": entities})


def _fill(made: Plan, least: int = 20, most: int = 60) -> tuple[SqliteSession, Any, list[Any]]:
    session = SqliteSession()
    for one in statements(made, "sqlite"):
        session.run(one.text)
    tables = {table.info["table"]: table for table in metadata(made, "sqlite").tables.values()}
    designed = {name: made.planned.schema.tables[name] for name in tables}
    rows = make_rows(designed, scale_counts(dict.fromkeys(designed, 1e4), least, most))
    return session, rows, insert_rows(session, tables, rows)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_designs())
def test_rows_fulfil_every_constraint(design: Design) -> None:
    """SQLite with foreign keys on takes the rows of any small schema; a table without rows has its reason."""
    made = plan(design)
    session, rows, checks = _fill(made)
    notes = {f"rows of {name}" for name in rows.notes}
    refused = [one for one in checks if one.verdict == "failed" and one.name not in notes]
    assert refused == []
    assert session.fetch("PRAGMA foreign_key_check") == []
    for name in made.planned.schema.tables:
        assert rows.tables.get(name) or rows.notes[name]
    session.connection.close()


@pytest.mark.parametrize("name", list(designs.ALL))
def test_every_table_of_the_samples_is_filled(name: str) -> None:
    """No table of a sample design is left without rows."""
    session, rows, checks = _fill(plan(designs.ALL[name]()))
    assert [one for one in checks if one.verdict == "failed"] == [] and rows.notes == {}
    assert all(rows.tables.values())
    session.connection.close()


def test_rows_are_the_same_each_time() -> None:
    """The same tables, counts and seed give the same rows; another seed gives others."""
    tables = plan(designs.shop()).planned.schema.tables
    counts = dict.fromkeys(tables, 30)
    first, second = make_rows(tables, counts), make_rows(tables, counts)
    assert (first.tables, first.spares, first.updates) == (second.tables, second.spares, second.updates)
    assert make_rows(tables, counts, seed=2).tables != first.tables


def test_a_cycle_is_entered_where_a_reference_may_be_missing() -> None:
    """Of two tables that refer to each other, the optional reference is set afterwards."""
    entities = {"A": {"fields": {"id": "key", "b": "-> B"}}, "B": {"fields": {"id": "key", "a": "-> A optional"}}}
    made = plan(Design.of({"entities": entities}))
    order, late, stuck = order_for_rows(made.planned.schema.tables)
    assert ([one for one in order if one in ("a", "b")], list(late), stuck) == (["b", "a"], ["b"], ())
    session, rows, checks = _fill(made)
    assert rows.updates and all(one.verdict == "passed" for one in checks)
    assert session.fetch("SELECT count(*) FROM b WHERE a_id IS NOT NULL")[0][0] == len(rows.updates)
    session.connection.close()


def test_a_row_may_have_to_refer_to_its_own_table() -> None:
    """A reference to the own table that may not be missing begins with a row that refers to itself."""
    made = plan(Design.of({"entities": {"Node": {"fields": {"id": "key", "parent": "-> Node"}}}}))
    session, rows, _ = _fill(made)
    assert rows.tables["node"][0] == {"id": 1, "parent_id": 1}
    assert session.fetch("SELECT count(*) FROM node")[0][0] == len(rows.tables["node"]) > 1
    session.connection.close()


def test_checks_between_columns_are_fulfilled_or_told() -> None:
    """A condition over two columns is judged row by row; one that no row fulfils leaves a reason."""
    columns = {"id": Column(type="key"), "low": Column(type="int"), "high": Column(type="int")}
    table = _make_table(columns, "low < high")
    rows = make_rows({"t": table}, {"t": 100})
    assert len(rows.tables["t"]) == 100 and all(one["low"] < one["high"] for one in rows.tables["t"])
    never = _make_table(columns, "low < low")
    rows = make_rows({"t": never}, {"t": 10})
    assert rows.tables["t"] == [] and "low < low" in rows.notes["t"]


@pytest.mark.parametrize(
    ("condition", "limits"),
    [
        ("x >= 0", Limits(low=0)),
        ("x > 0 AND x <= 5.5", Limits(low=1, high=5.5)),
        ("3 <= x", Limits(low=3)),
        ("x BETWEEN -2 AND 7", Limits(low=-2, high=7)),
        ("x IN ('a', 'it''s')", Limits(words=("a", "it's"))),
        ("(x)::text = 'a'", None),
    ],
)
def test_conditions_are_read(condition: str, limits: Limits | None) -> None:
    """Limits and lists of words are read from a check; what says more is left to be judged."""
    table = _make_table({"x": Column(type="int", nullable=True)}, condition)
    assert read_conditions(table).get("x") == limits


def test_judging_asks_sqlite() -> None:
    """A condition is judged as a database does: NULL passes, and one that cannot be read is left to the engine."""
    assert judge(["a = 1 OR b"], {"a": 1, "b": None})
    assert not judge(["(a IS NULL) = (b IS NULL)"], {"a": 1, "b": None})
    assert judge(["a > 1"], {"a": None})
    assert judge(["nonsense("], {"a": 1})


def test_sizes_follow_the_design() -> None:
    """A small table has all its rows, the largest the most, and an empty one some."""
    assert scale_counts({"w": 2, "a": 1e3, "b": 1e9, "none": 0}) == {"w": 2, "a": 200, "b": 1000, "none": 20}


def test_the_connection_is_sqlite_with_foreign_keys() -> None:
    """Foreign keys are on, or SQLite would prove nothing of them."""
    session = SqliteSession()
    session.run("CREATE TABLE a (id INTEGER PRIMARY KEY)")
    session.run("CREATE TABLE b (a INTEGER REFERENCES a)")
    with pytest.raises(sqlite3.IntegrityError):
        session.run("INSERT INTO b VALUES (1)")
    session.connection.close()
