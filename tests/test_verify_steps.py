"""Writes with steps are proven as one: what all their statements leave is what is said, and each thing that they leave out is seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from archnb import Design, Plan, plan
from archnb.design.record import Named
from archnb.export.queries import queries
from archnb.export.sql import metadata
from archnb.planned.statements import Insert, Procedure, Statement, Statements, Update
from archnb.verify.lookups import Reads
from archnb.verify.oracle import Oracle
from archnb.verify.proof import Served
from archnb.verify.service import fill
from archnb.verify.serving import Planner
from archnb.verify.sqlite import SqliteSession
from archnb.verify.steps import StepProof
from archnb.verify.writes import Writes
from tests.test_serve_statements import SEEDS

pytestmark = pytest.mark.needs("serve")

# a bank of hours: who helps is given what the other gives
HOURS: dict[str, Any] = {
    "name": "hours",
    "entities": {
        "Purse": {"fields": {"id": "key", "holder": "text(60)", "balance": "decimal(12, 2) >= 0"}, "rows": 400},
        "Gift": {"fields": {"id": "uuid key", "from_purse": "-> Purse", "to_purse": "-> Purse", "amount": "decimal(12, 2) >= 0", "made_at": "timestamp = now()"}, "rows": 900},
        "Posting": {"fields": {"id": "key", "gift": "-> Gift", "purse": "-> Purse", "amount": "decimal(12, 2)"}, "rows": 1800, "append_only": True},
    },
    "access": {
        "give": {"writes": "Gift", "action": "create", "steps": ["create Posting", "debit Purse", "credit Purse"], "roles": "office", "rate": "1/s"},
    },
    "auth": {"roles": {"office": {"kind": "staff"}}},
}  # fmt: skip


def prove(made: Plan, name: str) -> Served:
    """What came of a write with its steps on SQLite."""
    session = SqliteSession()
    with closing(session.connection):
        rows = fill(made, session)
        tables = {table.info["table"]: table for table in metadata(made, "sqlite").tables.values()}
        designed = {one: made.planned.schema.tables[one] for one in tables}
        oracle = Oracle(made.model, made.planned.schema, rows.tables)
        planner = Planner(session, designed, {one: len(found) for one, found in rows.tables.items()}, {})
        reads = Reads(session, tables, designed, made.model, oracle, planner)
        proof = StepProof(made, Writes(session, tables, designed, reads, planner, rows))
        found = [one for one in queries(made, "sqlite") if one.pattern == name]
        served = proof.run(made.planned.entities.access[name], found)
    assert served is not None
    return served


@pytest.mark.parametrize(("design", "name"), [(SEEDS, "buy"), (SEEDS, "cancel_purchase"), (HOURS, "give")])
def test_what_is_planned_leaves_what_is_said(design: dict[str, Any], name: str) -> None:
    """Lines, reservations, postings, totals and messages are there, and nothing else is changed."""
    found = prove(plan(Design.of(design)), name)
    assert found.verdict == "passed", found.text


def change(made: Plan, name: str, turn: Callable[[Statement], Statement | None]) -> Plan:
    """A plan whose statements of one operation are others."""
    statements = made.planned.statements
    procedure = statements.procedures[name]
    turned = tuple(one for one in map(turn, procedure.statements) if one is not None)
    procedures = {**statements.procedures, name: Procedure(statements=turned, remote=procedure.remote)}
    made.planned._sections["operations"] = Statements(procedures=Named(procedures), relay=statements.relay)
    return made


def _leave_out(purpose: str) -> Callable[[Statement], Statement | None]:
    return lambda one: None if one.purpose.startswith(purpose) else one


def _turn_sign(one: Statement) -> Statement:
    """Both sides of a gift are given."""
    if not isinstance(one, Insert) or one.table != "posting":
        return one
    made = [dataclasses.replace(each, value=dataclasses.replace(each.value, sign="")) for each in one.assignments]
    return dataclasses.replace(one, assignments=tuple(made))


def _give_to_both(one: Statement) -> Statement:
    """Nobody's purse has less."""
    if not isinstance(one, Update) or one.purpose != "debit Purse":
        return one
    made = [dataclasses.replace(each, value=dataclasses.replace(each.value, sign="+" if each.value.sign else "")) for each in one.assignments]  # fmt: skip
    return dataclasses.replace(one, assignments=tuple(made))


def _tell_another(one: Statement) -> Statement:
    """The message goes to somebody else."""
    if not isinstance(one, Insert) or not one.purpose.startswith("tell"):
        return one
    made = [dataclasses.replace(each, value=dataclasses.replace(each.value, name="nobody")) if each.column.column == "recipient" else each for each in one.assignments]  # fmt: skip
    return dataclasses.replace(one, assignments=tuple(made))


@pytest.mark.parametrize(
    ("design", "name", "turn", "wanted"),
    [
        (SEEDS, "buy", _leave_out("create PurchaseLine"), "refused"), (SEEDS, "buy", _leave_out("reserve Shelf"), "shelf"),
        (SEEDS, "buy", _leave_out("tell"), "outbox"), (SEEDS, "buy", _tell_another, "outbox"), (SEEDS, "buy", _leave_out("add up"), "lines come to"),
        (SEEDS, "cancel_purchase", _leave_out("release Shelf"), "shelf"), (HOURS, "give", _turn_sign, "add up to nothing"),
        (HOURS, "give", _give_to_both, "takes what the other gives"), (HOURS, "give", _leave_out("create Posting for the credit"), "rows of posting"),
    ],
)  # fmt: skip
def test_each_thing_left_out_is_seen(
    design: dict[str, Any], name: str, turn: Callable[[Statement], Statement | None], wanted: str
) -> None:
    """A plan that leaves a step out, or takes it wrongly, fails, and it is told which."""
    found = prove(change(plan(Design.of(design)), name, turn), name)
    assert found.verdict == "failed" and wanted in found.text, found.text
