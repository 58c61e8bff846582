"""SQLite's strict tables: what other engines hold by type is held by checks, and exact numbers stay exact."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from archnb import Design, plan
from archnb.design.record import Named
from archnb.export.sql import metadata, statements
from archnb.export.strict import from_units, to_units, use_units
from archnb.planned.schema import Column, Table

FIELDS = {
    "id": "key", "name": "text(5)", "price": "money >= 0.5 = 1.25", "rate": "decimal(6, 3) <= 99.5", "day": "date",
    "at": "timestamp = now()", "is_new": "bool", "small": "smallint", "clock": "time", "code": "uuid", "more": "json",
}  # fmt: skip
GOOD: dict[str, Any] = {
    "name": "abcde", "price_amount": 12_500, "price_currency": "EUR", "rate": 99_500, "day": "2024-02-29",
    "at": "2024-02-29 12:00:00.000000", "is_new": 1, "small": 7, "clock": "12:30:00", "code": "0" * 32, "more": "{}",
}  # fmt: skip


@pytest.fixture(scope="module")
def table() -> sa.Table:
    """A table with a column of most types."""
    made = plan(Design.of({"name": "wares", "entities": {"Ware": {"fields": FIELDS, "rows": "1k"}}}))
    return metadata(made, "sqlite").tables["ware"]


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A database with that table."""
    made = plan(Design.of({"name": "wares", "entities": {"Ware": {"fields": FIELDS, "rows": "1k"}}}))
    with closing(sqlite3.connect(":memory:")) as opened:
        for one in statements(made, "sqlite"):
            opened.execute(one.text)
        yield opened


def _insert(connection: sqlite3.Connection, row: dict[str, Any]) -> None:
    names, marks = ", ".join(row), ", ".join(f":{one}" for one in row)
    connection.execute(f"INSERT INTO ware ({names}) VALUES ({marks})", row)


def test_a_right_row_is_taken(connection: sqlite3.Connection) -> None:
    """What fits is taken, and what is left out has its default in the form that is asked of it."""
    _insert(connection, GOOD)
    _insert(connection, {name: value for name, value in GOOD.items() if name not in ("price_amount", "at")})
    amount, at = connection.execute("SELECT price_amount, at FROM ware WHERE id = 2").fetchone()
    assert amount == 12_500 and len(at) == 26


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name", "abcdef"), ("name", None), ("price_amount", "abc"), ("price_amount", 0.3), ("price_amount", 4_999),
        ("price_currency", "EURO"), ("rate", 99_501), ("rate", 1_000_000), ("day", "2025-02-29"), ("day", "today"), ("day", 20_250_101),
        ("at", "2025-01-01"), ("at", "2025-01-01 25:00:00.000000"), ("at", "2025-01-01T10:00:00.000000"), ("is_new", 2), ("small", 32_768),
        ("clock", "25:00:00"), ("clock", "noon"), ("code", "G" * 32), ("code", "0" * 31), ("more", "{"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(connection: sqlite3.Connection, column: str, value: Any) -> None:
    """A value that is too long, of another type, of another form or out of range is refused, as it is elsewhere."""
    with pytest.raises(sqlite3.Error):
        _insert(connection, {**GOOD, column: value})


def test_money_adds_up(connection: sqlite3.Connection, table: sa.Table) -> None:
    """Ten cents three times over are thirty, and statements of SQLAlchemy write and read numbers, not units."""
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=sa.StaticPool)
    connection.execute("DELETE FROM ware")
    for _ in range(3):
        _insert(connection, {**GOOD, "price_amount": to_units(Decimal("0.6"), 4)})
    connection.commit()
    with engine.connect() as opened:
        price = table.c.price_amount
        assert opened.execute(sa.select(sa.func.sum(price))).scalar_one() == Decimal("1.8")
        assert opened.execute(sa.select(sa.func.count()).where(price == Decimal("0.6"))).scalar_one() == 3


def test_units_go_there_and_back() -> None:
    """A number is the same after it was kept in units; a fraction of a unit is rounded to the even one."""
    for text in ("0.1", "-12.3456", "900719925474.0993", "0"):
        assert from_units(to_units(Decimal(text), 4), 4) == Decimal(text)
    assert [to_units(Decimal(one), 2) for one in ("0.005", "0.015")] == [0, 2]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("price >= 0", "price >= 0"),
        ("price > 0.5 AND price <= 100", "price > 5000 AND price <= 1000000"),
        ("price BETWEEN 1 AND 2.5", "price BETWEEN 10000 AND 25000"),
        ("price IN (1, 2)", "price IN (10000, 20000)"),
        ("price <= fee", "price <= fee * 100"),
        ("price * n <= 50", "price * n <= 500000"),
        ("price = share * 2", "price = share * 2 * 10"),
        ("price IS NULL OR n > 5", "price IS NULL OR n > 5"),
        ("price + 1 > fee", "price + 10000 > fee * 100"),
        ("name = 'price'", "name = 'price'"),
    ],
)
def test_conditions_are_in_the_units_of_their_columns(condition: str, expected: str) -> None:
    """A number beside an exact column is in the column's units, and two columns of different units are brought to one."""
    empty: Named[Any] = Named()
    columns = Named({
        "price": Column(type="money"), "fee": Column(type="decimal", length=8, scale=2), "share": Column(type="decimal", length=8, scale=3),
        "n": Column(type="int"), "name": Column(type="text"),
    })  # fmt: skip
    table = Table(
        store="main", columns=columns, uniques=empty, checks=empty, exclusions=empty, foreign_keys=empty, indexes=empty
    )
    assert use_units(condition, table) == expected
