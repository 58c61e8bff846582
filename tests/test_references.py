"""References: a name that names nothing is an error with its line, its path, the nearest match and the next step, whether it
names what people said or what only the plan proposes.
"""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

from archnb import Design, InputError, file, load, plan
from archnb.design import references
from archnb.design.declaration import Refers
from archnb.design.flow import ZONES
from archnb.design.jobs import QUEUES
from archnb.design.patterns import PATTERNS
from archnb.design.record import asked
from archnb.topics.flow.components import ZONES as PROPOSED_ZONES
from archnb.topics.patterns.proposals import PRICES
from tests.designs import ALL
from tests.test_design import records

BASE: dict[str, Any] = {
    "archnb": 1,
    "name": "clinic",
    "requirements": {"load": {"daily_users": "20k", "requests_per_user": "10/day"}},
    "entities": {
        "Patient": {"fields": {"id": "key", "name": "text(80) personal", "born": "date"}, "rows": "80k"},
        "Visit": {
            "fields": {"id": "key", "patient": "-> Patient", "starts_at": "timestamp", "room": "text(10)"},
            "rows": "900k",
            "growth": "2k/day",
        },
    },
    "access": {
        "visits_of_patient": {"reads": "Visit", "by": "patient", "sort": "-starts_at", "limit": 30, "rate": "30/s", "roles": "nurse"},
        "book_visit": {"writes": "Visit", "action": "create", "rate": "1/s", "roles": "nurse"},
    },
}  # fmt: skip


def put(path: str, value: Any) -> dict[str, Any]:
    """The base design with a value at a path whose parts are joined by '/'."""
    data = copy.deepcopy(BASE)
    place = data
    *above, last = path.split("/")
    for part in above:
        place = place.setdefault(part, {})
    place[last] = {**place[last], **value} if isinstance(place.get(last), dict) and isinstance(value, dict) else value
    return data


def save(data: dict[str, Any], folder: Path) -> Path:
    """The design as a file, each name on a line of its own as far as that goes."""
    from ruamel.yaml import YAML

    path = folder / "design.yaml"
    writer = YAML()
    writer.default_flow_style = False
    with path.open("w", encoding="utf-8") as stream:
        writer.dump(data, stream)
    return path


# what is put where, and for each problem its path, the name that is given, and the one that is meant (None: none is near)
CASES: dict[str, tuple[str, Any, list[tuple[str, str, str | None]]]] = {
    "objective": ("requirements/objectives/visits_of_patients", {"latency_p95": "80 ms"}, [("requirements.objectives.visits_of_patients", "visits_of_patients", "visits_of_patient")]),
    "regulation": ("requirements/compliance", ["HIPPA"], [("requirements.compliance", "HIPPA", "HIPAA")]),
    "regulation, by meaning": ("requirements/compliance", ["pci dss"], [("requirements.compliance", "pci dss", "PCI-DSS")]),
    "field's entity": ("entities/Visit/fields/doctor", "-> Pateint", [("entities.Visit.fields.doctor", "Pateint", "Patient")]),
    "key": ("entities/Visit/key", ["patient", "start_at"], [("entities.Visit.key", "start_at", "starts_at")]),
    "unique": ("entities/Visit/unique", "room + starts", [("entities.Visit.unique", "starts", "starts_at")]),
    "supertype": ("entities/Child", {"extends": "Patent", "fields": {"school": "text(40)"}}, [("entities.Child.extends", "Patent", "Patient")]),
    "related entity": ("relationships/cares", {"between": ["Patient", "Visits"]}, [("relationships.cares.between", "Visits", "Visit")]),
    "field behind a reference": ("access/visits_of_patient", {"by": "patient.brn"}, [("access.visits_of_patient.by", "patient.brn", "patient.born")]),
    "included entity": ("access/visits_of_patient", {"include": ["Patients"]}, [("access.visits_of_patient.include", "Patients", "Patient")]),
    "step": ("access/book_visit", {"steps": ["reserve Visti undo release"]}, [("access.book_visit.steps.0", "Visti", "Visit")]),
    "stored entity": ("schema/stores/main", {"engine": "postgresql", "holds": ["Vist"]}, [("schema.stores.main.holds", "Vist", "Visit")]),
    "copy and its source": ("schema/stores/words", {"engine": "elasticsearch", "copies": ["Vist"], "fed_by": "mian"}, [("schema.stores.words.copies", "Vist", "Visit"), ("schema.stores.words.fed_by", "mian", "main")]),
    "table's store": ("schema/tables/visit", {"store": "mein"}, [("schema.tables.visit.store", "mein", "main")]),
    "table": ("schema/tables/visti", {"comment": "one row a visit"}, [("schema.tables.visti", "visti", "visit")]),
    "indexed column": ("schema/tables/visit", {"indexes": {"i": {"columns": ["patent_id", "-starts_at"]}}}, [("schema.tables.visit.indexes.i.columns", "patent_id", "patient_id")]),
    "served pattern": ("schema/tables/visit", {"indexes": {"i": {"columns": ["room"], "serves": ["visit_of_patient"]}}}, [("schema.tables.visit.indexes.i.serves", "visit_of_patient", "visits_of_patient")]),
    "column's type": ("schema/tables/log", {"columns": {"at": {"type": "datetime"}}}, [("schema.tables.log.columns.at.type", "datetime", "timestamp")]),
    "operation that is none": ("api/operations/book_vist", {"status": 201}, [("api.operations.book_vist", "book_vist", "book_visit")]),
    "operation's entity": ("api/operations/export", {"method": "GET", "entity": "Visitt"}, [("api.operations.export.entity", "Visitt", "Visit")]),
    "operation's pattern": ("api/operations/list_visits", {"pattern": "visits_of_patent"}, [("api.operations.list_visits.pattern", "visits_of_patent", "visits_of_patient")]),
    "response": ("api/operations/visits_of_patient", {"response": ["id", "rom"]}, [("api.operations.visits_of_patient.response", "rom", "room")]),
    "operation's error": ("api/operations/book_visit", {"errors": ["confict"]}, [("api.operations.book_visit.errors", "confict", "conflict")]),
    "permission": ("auth/roles/nurse", {"allows": {"book_visits": "any"}}, [("auth.roles.nurse.allows.book_visits", "book_visits", "book_visit")]),
    "owner": ("auth/owner", "Patiant", [("auth.owner", "Patiant", "Patient")]),
    "client's role": ("auth/clients/ward", {"roles": ["nurs"]}, [("auth.clients.ward.roles", "nurs", "nurse")]),
    "cached pattern": ("cache/policies/visits_of_pateint", {"ttl": "30 s"}, [("cache.policies.visits_of_pateint", "visits_of_pateint", "visits_of_patient")]),
    "cached write": ("cache/policies/book_visit", {"ttl": "30 s"}, [("cache.policies.book_visit", "book_visit", None)]),
    "cache key": ("cache/policies/visits_of_patient", {"key": "v:{patien}"}, [("cache.policies.visits_of_patient.key", "patien", "patient")]),
    "queue": ("jobs/jobs/remind", {"queue": "defualt"}, [("jobs.jobs.remind.queue", "defualt", "default")]),
    "dead letter": ("jobs/jobs/remind", {"dead_letter": "default.daed"}, [("jobs.jobs.remind.dead_letter", "default.daed", "default.dead")]),
    "trigger": ("jobs/jobs/remind", {"trigger": "bok_visit"}, [("jobs.jobs.remind.trigger", "bok_visit", "book_visit")]),
    "saga": ("jobs/sagas/booking", {"operation": "bookvisit"}, [("jobs.sagas.booking.operation", "bookvisit", "book_visit")]),
    "hop": ("flow/paths/book_visit", {"hops": [{"source": "client", "target": "servise"}]}, [("flow.paths.book_visit.hops.0.target", "servise", "service")]),
    "path": ("flow/paths/day", {"operation": "book_vists", "hops": [{"target": "service"}]}, [("flow.paths.day.operation", "book_vists", "book_visit")]),
    "zone": ("flow/components/service", {"zone": "privat"}, [("flow.components.service.zone", "privat", "private")]),
    "caller": ("errors/calls/servise -> main", {"timeout": "1 s"}, [("errors.calls.servise -> main", "servise", "service")]),
    "called component": ("errors/calls/a", {"source": "service", "target": "maim", "timeout": "1 s"}, [("errors.calls.a.target", "maim", "main")]),
    "objective's operation": ("monitoring/slos/booking", {"operation": "book_visitt", "objective": "99%"}, [("monitoring.slos.booking.operation", "book_visitt", "book_visit")]),
    "alert's objective": ("monitoring/alerts/late", {"slo": "defaul_latency"}, [("monitoring.alerts.late.slo", "defaul_latency", "default_latency")]),
    "metric's component": ("monitoring/metrics/beds", {"component": "worcer", "kind": "gauge"}, [("monitoring.metrics.beds.component", "worcer", "worker")]),
    "resource's component": ("scaling/resources/beds", {"component": "mane", "demand": "load.peak_requests", "limit": "10/s"}, [("scaling.resources.beds.component", "mane", "main")]),
    "resource's demand": ("scaling/resources/beds", {"component": "main", "demand": "load.peak_requets", "limit": "10/s"}, [("scaling.resources.beds.demand", "load.peak_requets", "load.peak_requests")]),
    "pattern": ("patterns/outbux", {"use": True}, [("patterns.outbux", "outbux", "outbox")]),
    "transaction": ("decisions/transactions/t", {"operation": "book_visits", "boundary": ["Visits"]}, [("decisions.transactions.t.boundary", "Visits", "Visit"), ("decisions.transactions.t.operation", "book_visits", "book_visit")]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_name_of_nothing_is_an_error(case: str, tmp_path: Path) -> None:
    """Whatever names something: the line it stands on, its path, what was meant, what may stand there, the next step."""
    where, value, expected = CASES[case]
    path = save(put(where, value), tmp_path)
    with pytest.raises(InputError) as caught:
        plan(path)
    problems = caught.value.problems
    assert sorted((one.path, one.given, one.nearest) for one in problems) == sorted(expected)
    assert caught.value.where == str(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    for one in problems:
        assert one.line is not None
        # a name in a list stands on the line of the list or below it
        assert any(str(one.given) in text for text in lines[one.line - 1 : one.line + 3]), (one.line, one.path)
        assert one.allowed
        assert one.next
        assert one.next in one.message


def test_base_is_right(tmp_path: Path) -> None:
    """The design that the cases start from has no fault, so each case has its own alone."""
    plan(save(BASE, tmp_path))


def test_renamed_pattern_whose_policy_stays(tmp_path: Path) -> None:
    """An everyday edit: the pattern has a new name, and each thing that names the old one is told with its line."""
    text = (
        "archnb: 1\nentities:\n  Bed: {fields: {id: key, ward: text(20)}, rows: 900}\naccess:\n"
        "  free_beds: {reads: Bed, by: ward, limit: 20, rate: 90/s}\ncache:\n  policies:\n    beds_free: {ttl: 10 s}\n"
        "monitoring:\n  slos:\n    beds: {operation: beds_free, objective: 99%}\n"
    )
    path = tmp_path / "beds.yaml"
    path.write_text(text, encoding="utf-8")
    design = load(path)
    with pytest.raises(InputError) as caught:
        plan(design)
    assert [(one.line, one.path) for one in caught.value.problems] == [
        (8, "cache.policies.beds_free"),
        (11, "monitoring.slos.beds.operation"),
    ]
    assert str(caught.value).startswith(f"{path}:\n  line 8: ")


def test_all_sections_are_told_at_once() -> None:
    """Names of what different sections propose are refused together, though the sections are completed one after the other."""
    data = put("flow/paths/book_visit", {"hops": [{"source": "client", "target": "servise"}]})
    data |= {
        "monitoring": {"alerts": {"late": {"slo": "defaul_latency"}}},
        "auth": {"clients": {"ward": {"roles": ["nurs"]}}},
    }
    with pytest.raises(InputError) as caught:
        plan(Design.of(data))
    assert {one.nearest for one in caught.value.problems} == {"service", "default_latency", "nurse"}


def test_what_could_not_be_read_is_not_missed_as_well() -> None:
    """One slip is one problem: what refers to a field or an entity that could not be read is not told of too."""
    data = put("entities/Visit/fields/room", "txet(10)")
    data["access"]["visits_of_patient"]["sort"] = "room"
    with pytest.raises(InputError) as caught:
        Design.of(data)
    assert [one.path for one in caught.value.problems] == ["entities.Visit.fields.room"]
    renamed = copy.deepcopy(BASE)
    renamed["entitys"] = renamed.pop("entities")
    with pytest.raises(InputError) as caught:
        Design.of(renamed)
    assert [one.path for one in caught.value.problems] == ["entitys"]


@pytest.mark.parametrize("name", ALL)
def test_what_a_plan_proposes_may_be_said(name: str) -> None:
    """Every proposal is inside the ranges and names what there is: the completed design is read and planned again."""
    plan(Design.of(plan(ALL[name]()).data()))


def test_every_declared_scope_is_known_and_used() -> None:
    """What a field says it refers to has names behind it, and no scope is left over."""
    used = {
        refers.scope
        for cls in records()
        for about in asked(cls).values()
        for refers in (about.refers, about.keys)
        if isinstance(refers, Refers)
    }
    assert used == set(references.SCOPES)


def test_conventional_names_are_those_that_are_proposed() -> None:
    """The names that a design has without saying them, declared once, are the ones that the topics propose."""
    assert set(PATTERNS) == set(PRICES)
    assert set(ZONES) == set(PROPOSED_ZONES)
    for make in ALL.values():
        made = plan(make())
        assert set(made.design.jobs.queues) <= {*QUEUES, *made.said.jobs.queues}


def test_origin_is_no_part_of_a_design(tmp_path: Path) -> None:
    """Where a design was read from changes neither what it equals nor what is written, and does not hinder copies."""
    path = save(BASE, tmp_path)
    design = load(path)
    assert design == Design.of(BASE)
    assert hash(design) == hash(Design.of(BASE))
    assert copy.deepcopy(design) == design
    assert pickle.loads(pickle.dumps(design)) == design
    assert "origin" not in file.dumps(design)


def test_a_changed_copy_stands_on_no_line(tmp_path: Path) -> None:
    """A fault of the file has its line, in a copy too; one that was made in Python since has none, and names no file."""
    path = save(BASE, tmp_path)
    fault = {"operation": "nothing_here", "objective": "99%"}
    design = load(save(put("monitoring/slos/mine", fault), tmp_path))
    for one in (design, copy.deepcopy(design), pickle.loads(pickle.dumps(design))):
        with pytest.raises(InputError) as caught:
            plan(one)
        assert caught.value.where == str(path)
        assert all(problem.line for problem in caught.value.problems)
    save(BASE, tmp_path)
    with pytest.raises(InputError) as caught:
        plan(load(path).replace("monitoring.slos.mine", fault))
    assert caught.value.where == ""
    assert all(problem.line is None for problem in caught.value.problems)


def test_a_column_says_its_type(tmp_path: Path) -> None:
    """A table that says its columns says them whole: a column without a type is refused with its line."""
    with pytest.raises(InputError, match=r"columns\.at: a type is missing; write for instance 'type: text'"):
        load(save(put("schema/tables/log", {"columns": {"at": {"nullable": True}}}), tmp_path))


def test_rates_that_follow_nothing(tmp_path: Path) -> None:
    """A rate follows the load or another pattern that says its rate, and never itself."""
    for value, told in (("nothing", "did you mean|allowed"), ("visits_of_patient", "in a circle")):
        with pytest.raises(InputError, match=told):
            load(save(put("access/visits_of_patient/follows", value), tmp_path))


def test_plan_takes_a_path_or_says_how(tmp_path: Path) -> None:
    """`plan("shop.yaml")` reads the file; what is neither a design nor a path is refused with what to write."""
    path = save(BASE, tmp_path)
    assert plan(path).name == plan(str(path)).name == "clinic"
    with pytest.raises(InputError, match=r"write archnb\.plan\('shop\.yaml'\)"):
        plan(BASE)  # type: ignore[arg-type]
