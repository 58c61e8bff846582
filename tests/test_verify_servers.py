"""The proofs on database servers: PostgreSQL, and MySQL or MariaDB where there is one."""

from __future__ import annotations

import pytest

from archnb import Design, plan
from archnb.export.sql import Statement, statements
from archnb.plan import Plan
from archnb.verify import relational, verify
from tests import designs

needs_postgresql = pytest.mark.needs("postgresql")
needs_mysql = pytest.mark.needs("mysql")


@needs_postgresql
@pytest.mark.parametrize("name", list(designs.ALL))
def test_designs_are_proven_on_postgresql(name: str) -> None:
    """The DDL, the rows, the constraints and every query of each sample design hold on a real PostgreSQL."""
    (proof,) = verify(plan(designs.ALL[name]()), only="postgresql")
    assert proof.failures == ()
    assert (proof.engine, proof.kind, proof.verdict) == ("PostgreSQL", "executed on the engine", "passed")
    assert proof.queries and all(one.verdict != "failed" for one in proof.queries)


@needs_mysql
@pytest.mark.parametrize("name", list(designs.ALL))
def test_designs_are_proven_on_mysql(name: str) -> None:
    """The same on MySQL or MariaDB, and the proof says which of both it was."""
    (proof,) = verify(plan(designs.ALL[name]()), only="mysql")
    assert proof.failures == ()
    assert proof.engine in ("MySQL", "MariaDB") and proof.verdict == "passed"
    is_told = any(one.name == "on MySQL itself" and one.verdict == "not run" for one in proof.details)
    assert is_told == (proof.engine == "MariaDB")


@needs_postgresql
def test_shop_is_served_by_the_indexes_it_was_given() -> None:
    """What a shop is asked for most is served by the index that was proposed for it."""
    made = plan(designs.shop())
    (proof,) = verify(made, only="postgresql")
    served = {one.pattern: one.index for one in proof.queries}
    expected = {
        pattern: name
        for table in made.design.schema.tables.values()
        for name, index in table.indexes.items()
        for pattern in index.serves
        # an index may also bring what a read includes; the read itself is found by its own table's
        if table.entity in (made.design.access[pattern].reads, made.design.access[pattern].writes)
    }
    assert len(expected) >= 5
    assert {pattern: served[pattern] for pattern in expected} == expected


@needs_postgresql
@pytest.mark.parametrize(
    ("index", "pattern"),
    [
        ("order_customer_id_placed_at_idx", "orders_of_customer"),
        ("product_name_description_search_idx", "search_products"),
    ],
)
def test_a_missing_index_fails_on_postgresql(monkeypatch: pytest.MonkeyPatch, index: str, pattern: str) -> None:
    """Without its index an access pattern fails, whatever else the planner finds."""

    def broken(made: Plan, dialect: str) -> list[Statement]:
        return [one for one in statements(made, dialect) if f"CREATE INDEX {index} " not in one.text]

    monkeypatch.setattr(relational, "statements", broken)
    (proof,) = verify(plan(designs.shop()), only="postgresql")
    failures = proof.failures
    assert {f"query {pattern}"} <= {one.name for one in failures}
    assert all(pattern in one.name for one in failures)


@needs_postgresql
def test_an_unusable_index_is_told_from_one_that_is_not_chosen() -> None:
    """A tiny table is read whole; that its index could serve is shown by planning again, and said."""
    entities = {"Flag": {"fields": {"id": "key", "name": "text(20) unique"}, "rows": 3}}
    access = {"flag_by_name": {"reads": "Flag", "by": "name", "limit": 1, "rate": "1/s", "roles": "public"}}
    (proof,) = verify(plan(Design.of({"entities": entities, "access": access})), only="postgresql")
    found = next(one for one in proof.queries if one.pattern == "flag_by_name")
    assert (found.index, found.verdict) == ("flag_name_key", "passed")
    assert "sequential scans switched off" in found.text and "3 rows" in found.text
