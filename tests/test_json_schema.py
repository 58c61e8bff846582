"""The JSON Schema of a design file: it takes every design of ours and refuses the slips that a schema can see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from archnb import Design, InputError, plan
from archnb.design import FORMAT
from archnb.design.json_schema import DRAFT, make_schema
from tests.designs import ALL, AWKWARD, TINY
from tests.test_references import BASE, put

ROOT = Path(__file__).parent.parent
FILES = [*(ROOT / "notebooks" / "designs").glob("*.yaml"), *(ROOT / "tests" / "examples").rglob("*.yaml")]
SCHEMA = make_schema(Design, FORMAT)
CHECK = jsonschema.Draft202012Validator(SCHEMA)


def read(path: Path) -> Any:
    """A design file as an editor reads it."""
    from ruamel.yaml import YAML

    # a date is a text to an editor, whose YAML is 1.2
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")), default=str))


def test_it_is_a_schema_of_its_draft() -> None:
    """The schema itself is right, says its draft, and describes every field by its question."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == DRAFT
    for name, definition in SCHEMA["$defs"].items():
        fields = definition.get("properties") or definition["anyOf"][1]["properties"]
        for field, made in fields.items():
            assert "?" in made["description"], f"{name}.{field}"


def test_it_takes_every_design() -> None:
    """All designs that are shipped, shown or used in tests are valid."""
    assert len(FILES) > 200
    for path in FILES:
        problem = jsonschema.exceptions.best_match(CHECK.iter_errors(read(path)))
        assert problem is None, f"{path}: {problem}"
    for data in (TINY, AWKWARD, BASE):
        CHECK.validate({"archnb": FORMAT, **json.loads(json.dumps(data))})


@pytest.mark.parametrize("name", ALL)
def test_it_takes_what_a_plan_proposes(name: str) -> None:
    """A completed design is a design: whatever is proposed is written as the schema has it."""
    problem = jsonschema.exceptions.best_match(CHECK.iter_errors({"archnb": FORMAT, **plan(ALL[name]()).data()}))
    assert problem is None, problem


SLIPS: dict[str, tuple[str, Any]] = {
    "a section's name": ("entitys", {}),
    "a field's name": ("requirements/load/daily_user", "10k"),
    "another word for a field": ("access/visits_of_patient/async", True),
    "a word": ("access/book_visit/action", "crate"),
    "a type": ("entities/Visit/fields/n", "integer"),
    "a type of databases": ("entities/Visit/fields/n", "varchar(80)"),
    "a unit": ("access/visits_of_patient/rate", "10 rps"),
    "a time for a rate": ("access/visits_of_patient/rate", "10 ms"),
    "a rate for a time": ("requirements/objectives/default", {"latency_p99": "3/s"}),
    "a size for a time": ("cache/policies/visits_of_patient", {"ttl": "3 MB"}),
    "a number in quotes": ("access/visits_of_patient/limit", "40"),
    "a page of nothing": ("access/visits_of_patient/limit", 0),
    "rows below zero": ("entities/Visit/rows", "-2k"),
    "a rate below zero": ("access/visits_of_patient/rate", "-5/s"),
    "more than all": ("requirements/load/read_share", "150%"),
    "a share without its sign": ("requirements/objectives/default", {"availability": 99.5}),
    "half a row": ("entities/Visit/rows", 0.5),
    "a regulation": ("requirements/compliance", ["GPDR"]),
    "yes for true": ("entities/Visit/history", "yes"),
    "a name with a dot": ("entities/a.b", {"fields": {"id": "key"}}),
    "a newer format": ("archnb", 2),
    "a list for names": ("api/operations", ["book_visit"]),
}


@pytest.mark.parametrize("case", SLIPS)
def test_it_refuses_what_a_schema_can_see(case: str) -> None:
    """What the schema refuses, reading refuses too, or the format does."""
    where, value = SLIPS[case]
    data = put(where, value)
    assert not CHECK.is_valid(data)
    if where != "archnb":
        with pytest.raises(InputError):
            Design.of(data)


def test_a_design_says_its_format() -> None:
    """The line `archnb: 1` is part of a design file."""
    assert not CHECK.is_valid({name: value for name, value in BASE.items() if name != "archnb"})


def test_quantities_are_written_as_they_are_read() -> None:
    """What reads as a quantity of the right dimension is valid, in all the forms that people write."""
    for where, texts in {
        "access/visits_of_patient/rate": (
            "1.5k..2k requests/s",
            "100M/month",
            "0",
            ".5/s",
            "1 000/day",
            "2 bn/year",
            0,
        ),
        "cache/policies/visits_of_patient/ttl": ("30 s", "1..2 min", "1e3 ms", "0", 0, "7days"),
        "entities/Visit/rows": ("5M", "1..10M", 20, "2.4 million rows", "1,000,000", None),
        "cache/memory": ("16 GiB", "500MB", "1..2 GB"),
        "requirements/load/read_share": ("90%", "85..95 %", 0.9, "0.9", "100%"),
    }.items():
        for text in texts:
            data = put(where, text)
            Design.of(data)
            problem = jsonschema.exceptions.best_match(CHECK.iter_errors(data))
            assert problem is None, f"{text}: {problem}"
