"""Erasure is one thing everywhere: the model's steps, the API's answer, the transaction, the job and the planned record agree."""

from __future__ import annotations

from typing import Any

import pytest

from archnb import Design, Plan, load, plan
from archnb.model import Model
from tests.designs import ALL
from tests.domains.case import FOLDER

CLINIC: dict[str, Any] = {
    "name": "riding school",
    "requirements": {"load": {"daily_users": "10k", "requests_per_user": "10/day"}, "compliance": ["GDPR"]},
    "entities": {
        "Pupil": {"fields": {"id": "key", "email": "email unique personal", "name": "text(120) personal", "shoe": "smallint optional personal", "pin": "text(8) secret optional"}, "rows": "10k"},
        "Horse": {"fields": {"id": "key", "name": "text(40)"}, "rows": 80},
        "Lesson": {"fields": {"id": "key", "pupil": "-> Pupil", "horse": "-> Horse", "at": "timestamp"}, "rows": "100k"},
        "Wish": {"fields": {"pupil": "-> Pupil", "horse": "-> Horse"}, "key": ["pupil", "horse"], "rows": "10k"},
        "Mishap": {"fields": {"id": "key", "lesson": "-> Lesson", "told": "text(400) personal"}, "rows": 900},
        "Note": {"fields": {"id": "key", "about": {"type": "reference", "references": "Pupil", "optional": True, "on_delete": "restrict"}, "text": "text(90)"}, "rows": 900},
    },
    "relationships": {"rides with": {"between": ["Pupil", "Pupil"], "kind": "many-to-many"}},
    "access": {
        "lessons_of_pupil": {"reads": "Lesson", "by": "pupil", "sort": "-at", "limit": 20, "rate": "5/s", "roles": "pupil"},
        "leave": {"writes": "Pupil", "action": "delete", "by": "id", "rate": "0.01/s", "roles": "pupil"},
    },
}  # fmt: skip


def clinic(**entities: Any) -> Plan:
    """The plan of the school, with other entities beside or instead."""
    return plan(Design.of(CLINIC | {"entities": CLINIC["entities"] | entities}))


def test_who_is_needed_stays_and_tells_nobody() -> None:
    """Lessons stay and need the pupil's row; wishes and pairs are the pupil's alone; what a mishap tells is overwritten."""
    found = Model(Design.of(CLINIC)).erasures.find("Pupil")
    fates = {(one.fate, one.entity or one.relationship): one for one in found.steps}
    assert found.keeps_row and {one.entity for one in found.keepers} == {"Lesson"}
    assert set(fates) == {("delete", "Wish"), ("delete", "rides with"), ("overwrite", "Mishap"), ("overwrite", "Pupil")}
    assert fates["overwrite", "Mishap"].fields == ("told",)
    assert [str(one) for one in fates["overwrite", "Mishap"].way] == ["Mishap.lesson", "Lesson.pupil"]
    assert fates["overwrite", "Pupil"].fields == ("email", "name", "shoe", "pin")
    assert fates["delete", "rides with"].ends == (0, 1)
    assert found.own.entity == "Pupil"


def test_whom_nothing_needs_goes() -> None:
    """Without lessons the row goes: its own rows first, and what may be empty and was said to hold it back is emptied."""
    entities = {name: one for name, one in CLINIC["entities"].items() if name not in ("Lesson", "Mishap")}
    access = {"leave": CLINIC["access"]["leave"]}
    found = Model(Design.of(CLINIC | {"entities": entities, "access": access})).erasures.find("Pupil")
    assert [(one.fate, one.entity or one.relationship) for one in found.steps] == [
        ("delete", "Wish"),
        ("detach", "Note"),
        ("delete", "rides with"),
        ("delete", "Pupil"),
    ]


def test_what_was_said_to_restrict_holds_the_row() -> None:
    """`on_delete: restrict` on a part keeps it, and the person's row with it."""
    wish = {"fields": {"pupil": {"type": "reference", "references": "Pupil", "on_delete": "restrict"}, "horse": "-> Horse"}, "key": ["pupil", "horse"]}  # fmt: skip
    found = clinic(Wish=wish).model.erasures.find("Pupil")
    assert ("delete", "Wish") not in {(one.fate, one.entity) for one in found.steps}
    assert "Wish" in {one.entity for one in found.keepers}


def test_a_group_is_not_its_founders() -> None:
    """What is personal in a workspace is its members', and stays when the one who opened it is erased."""
    made = plan(load(FOLDER / "saas.yaml"))
    found = made.model.erasures.find("Person")
    assert {one.entity for one in found.steps} == {"Agent", "Person"}


def test_the_other_people_of_a_row_keep_theirs() -> None:
    """A row with several people is the first one's whom it needs: a skipper's erasure leaves the guest's pickup."""
    erasures = plan(load(FOLDER / "ride.yaml")).model.erasures
    assert "Crossing" in erasures.find("Guest").reached
    assert "Crossing" not in erasures.find("Skipper").reached


DESIGNS = {**ALL, **{path.stem: lambda path=path: load(path) for path in sorted(FOLDER.glob("*.yaml"))}}  # type: ignore[misc]


@pytest.mark.parametrize("name", DESIGNS)
def test_sections_agree(name: str) -> None:
    """For each erasure: the answer of the API, the boundary and the guard of the transaction, the job and the record say the same."""
    made = plan(DESIGNS[name]())
    planned, erasures = made.planned, made.model.erasures
    for operation in planned.operations.values():
        found = erasures.find_pattern(operation.contract.pattern or operation.name)
        assert bool(operation.erasures) == (found is not None), operation.name
        if found is None:
            continue
        (record,) = operation.erasures
        contract, (transaction,) = operation.contract, operation.transactions
        assert record.keeps_row == found.keeps_row == (contract.method == "POST"), operation.name
        if made.said.api.operations.get(operation.name) is None:
            assert contract.method in ("POST", "DELETE") and contract.status == 204 and contract.response.is_empty
        assert not {"conflict", f"{contract.entity.lower()}_state_conflict"} & set(contract.errors)
        for step in record.steps:
            what = step.entity or step.relationship
            verb = "DELETE FROM" if step.fate == "delete" else "UPDATE"
            assert f"{verb} {what}" in transaction.guard, operation.name
            assert not step.entity or step.entity in transaction.boundary or not _is_near(made, record.entity, what)
        assert record.job in planned.jobs.jobs
        assert contract.entity in {one.writes for one in made.design.access.values() if one.action == "delete"}


def _is_near(made: Plan, entity: str, other: str) -> bool:
    places = made.model.places
    return places.find_home(entity) == places.find_home(other)


def test_everybody_who_signs_in_can_be_erased() -> None:
    """An operation is proposed for each person with personal data, and none for what a person's erasure reaches already."""
    made = plan(load(FOLDER / "ride.yaml"))
    assert {"erase_guest", "erase_skipper"} <= set(made.design.access)
    assert not {"erase_crossing", "erase_track_point", "erase_skipper_position"} & set(made.design.access)


def test_copies_and_caches_are_told() -> None:
    """The record names the stores with copies and the cached answers; the jobs section shows the steps."""
    made = clinic()
    record = made.planned.jobs.erasures["Pupil"]
    assert record.operation == "leave" and record.logs and record.backups
    for name in record.caches:
        assert made.design.cache.policies[name].use
    shown = made.jobs["erasure-of-pupil"]
    assert "Lesson must stay" in str(shown)
