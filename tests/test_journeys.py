"""Journeys: they pass on the shipped designs, and fail where the service does what the plan does not say."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from archnb import Design, plan
from archnb.planned.statements import Delete, Update
from archnb.serve.binding import Binding
from archnb.serve.execution import Execution
from archnb.serve.idempotency import Answers
from archnb.serve.permissions import Permissions
from archnb.serve.reading import Page, Reading
from archnb.serve.records import Records
from archnb.serve.work import Work
from archnb.verify.journeys import verify_journeys
from archnb.verify.proof import Proof
from tests.designs import ALL

pytestmark = pytest.mark.needs("serve")

# a tool shed of a street: neighbours lend each other tools, and nobody sees what others have lent
SHED: dict[str, Any] = {
    "name": "shed",
    "entities": {
        "Neighbour": {"fields": {"id": "key", "email": "email unique personal", "name": "text(80) personal"}, "rows": 300},
        "Tool": {"fields": {"id": "uuid key", "owner": "-> Neighbour", "name": "text(60)", "status": "enum(free, lent, lost) = free", "bought_on": "date optional"}, "rows": 2000},
        "Loan": {"fields": {"id": "key", "tool": "-> Tool", "borrower": "-> Neighbour", "from_day": "date", "note": "text(200) optional", "made_at": "timestamp = now()"}, "rows": 9000},
    },
    "access": {
        "my_tools": {"reads": "Tool", "by": "owner", "sort": "-bought_on", "limit": 20, "roles": "neighbour", "rate": "2/s"},
        "view_tool": {"reads": "Tool", "by": "id", "limit": 1, "roles": "neighbour", "rate": "3/s"},
        "loans_of_borrower": {"reads": "Loan", "by": "borrower", "sort": "-from_day", "limit": 10, "roles": "neighbour", "rate": "2/s"},
        "add_tool": {"writes": "Tool", "action": "create", "roles": "neighbour", "rate": "1/s"},
        "change_tool": {"writes": "Tool", "action": "update", "by": "id", "roles": "neighbour", "rate": "1/s"},
        "delete_tool": {"writes": "Tool", "action": "delete", "by": "id", "roles": "neighbour", "rate": "1/s"},
    },
}  # fmt: skip


def shed() -> Proof:
    """The journeys of the tool shed."""
    return verify_journeys(plan(Design.of(SHED)))


@pytest.mark.parametrize("name", ["tiny", "shop", "shortener", "awkward"])
def test_shipped_designs_live(name: str) -> None:
    """Every operation of the shipped designs is lived through, and none fails."""
    proof = verify_journeys(plan(ALL[name]()))
    assert proof.verdict == "passed", [one.text for one in proof.failures]
    assert proof.kind == "executed on the engine" and proof.statements > len(proof.details)


def test_a_life_is_told_step_by_step() -> None:
    """What was seen of each operation is in the evidence."""
    told = {one.name.removeprefix("journey "): one.text for one in shed().details}
    assert "over several pages, each once" in told["my_tools"]
    assert "the same answer to the same key" in told["add_tool"]
    assert (
        "412 with an old version, 428 without one" in told["change_tool"] and "on rows of others" in told["change_tool"]
    )
    assert "401 without a token" in told["view_tool"]
    assert "the row" in told["delete_tool"]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """A service that does one thing that the plan does not say."""
    BREAKS[request.param](monkeypatch)
    yield


def _let_all_in(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Permissions, "allows", lambda *_: True)


def _let_every_role(patch: pytest.MonkeyPatch) -> None:
    find = Permissions.find_grant

    def found(self: Permissions, operation: Any, caller: Any) -> Any:
        return (
            next(iter(operation.grants.values()))
            if caller.role not in operation.grants
            else find(self, operation, caller)
        )

    patch.setattr(Permissions, "find_grant", found)


def _forget_keys(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Answers, "take", lambda *_: None)


def _ignore_versions(patch: pytest.MonkeyPatch) -> None:
    do = Work.do
    patch.setattr(
        Work, "do", lambda self, operation, request: do(self, operation, dataclasses.replace(request, if_match=""))
    )


def _lose_a_row(patch: pytest.MonkeyPatch) -> None:
    turn = Reading.turn_page

    def turned(self: Reading, *given: Any) -> Page:
        page = turn(self, *given)
        return page._replace(records=[one for n, one in enumerate(page.records) if n != 1])

    patch.setattr(Reading, "turn_page", turned)


def _list_what_is_of_others(patch: pytest.MonkeyPatch) -> None:
    import sqlalchemy as sa

    patch.setattr(Permissions, "condition", lambda *_: sa.true())


def _take_owner_from_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Binding, "_find_claim", lambda self, one: "1")


def _keep_what_was_there(patch: pytest.MonkeyPatch) -> None:
    _leave_out(patch, Update)


def _delete_nothing(patch: pytest.MonkeyPatch) -> None:
    _leave_out(patch, Delete)


def _leave_out(patch: pytest.MonkeyPatch, kind: type[Update | Delete]) -> None:
    run = Execution._run_change
    patch.setattr(Execution, "_run_change", lambda self, one: None if isinstance(one, kind) else run(self, one))


def _show_other_values(patch: pytest.MonkeyPatch) -> None:
    represent = Records.represent

    def shown(self: Records, entity: str, record: Any, schema: Any) -> Any:
        made = represent(self, entity, record, schema)
        return {name: f"{value}!" if name == "name" else value for name, value in made.items()}

    patch.setattr(Records, "represent", shown)


BREAKS = {
    one.__name__.strip("_"): one
    for one in (
        _let_all_in, _let_every_role, _forget_keys, _ignore_versions, _lose_a_row, _list_what_is_of_others, _take_owner_from_nobody, _keep_what_was_there,
        _delete_nothing, _show_other_values,
    )
}  # fmt: skip


@pytest.mark.parametrize("broken", sorted(BREAKS), indirect=True)
@pytest.mark.usefixtures("broken")
def test_a_service_that_does_something_else_fails() -> None:
    """Each of these is seen by a journey."""
    proof = shed()
    assert proof.verdict == "failed", "; ".join(one.text for one in proof.details)


def test_what_a_relationship_asks_for_can_be_given() -> None:
    """A row that is there only with another one, by no field of its own, is made with that one's key."""
    hive = {
        "name": "hive",
        "entities": {
            "Meadow": {"fields": {"id": "key", "name": "text(40)"}, "rows": 20},
            "Hive": {"fields": {"id": "key", "colour": "text(20)"}, "rows": 60},
        },
        "relationships": {"stands": {"between": ["Meadow", "Hive"], "kind": "one-to-many"}},
        "access": {"hives": {"reads": "Hive", "by": "id", "limit": 1, "roles": "keeper", "rate": "1/s"}},
        "auth": {"roles": {"keeper": {"kind": "staff"}}},
    }  # fmt: skip
    made = plan(Design.of(hive))
    body = made.planned.operations["create_hive"].contract.request.schema
    assert "meadow_id" in body["required"]
    proof = verify_journeys(made)
    assert proof.verdict == "passed", [one.text for one in proof.failures]
