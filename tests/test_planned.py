"""What was concluded has no gaps, whatever was said, and each section is concluded by its own topic."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import typing
from pathlib import Path
from typing import Any

import pytest

import archnb.planned
from archnb import Design, load, plan
from archnb.design.record import Named, Record, hints
from archnb.exceptions import ArchnbError, InputError
from archnb.planned import Backend, IncompleteError, Planned, conclude
from archnb.planned.schema import Table
from archnb.topics import TOPICS
from archnb.topics.topic import Draft

EXAMPLES = Path(__file__).parent / "examples"
BASE: dict[str, Any] = {
    "name": "base",
    "entities": {
        "User": {"fields": {"id": "key", "email": "email unique personal"}, "rows": 5000},
        "Post": {"fields": {"id": "key", "author": "-> User", "at": "timestamp"}, "rows": 90000},
    },
    "access": {"posts_of_user": {"reads": "Post", "by": "author", "limit": 20, "rate": "20/s", "roles": "user"}},
}
MODULES = [
    importlib.import_module(f"archnb.planned.{one.name}") for one in pkgutil.iter_modules(archnb.planned.__path__)
]
RECORDS = sorted(
    {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Planned) and value is not Planned
    },
    key=lambda one: (one.__module__, one.__name__),
)


def _name(record: type[Planned]) -> str:
    return f"{record.__module__.rpartition('.')[2]}.{record.__name__}"


@pytest.mark.parametrize("record", RECORDS, ids=_name)
def test_no_field_is_optional(record: type[Planned]) -> None:
    """A planned record holds a value in every field: none of them may be None."""
    for name, hint in typing.get_type_hints(record).items():
        assert type(None) not in typing.get_args(hint), f"{record.__name__}.{name}"


def _gather_named(cls: type[Record], path: str = "") -> list[tuple[str, Any]]:
    """Every place of a design that holds named records, with the kind of record."""
    found: list[tuple[str, Any]] = []
    for name, hint in hints(cls).items():
        here = f"{path}.{name}" if path else name
        if typing.get_origin(hint) is Named:
            (kind,) = typing.get_args(hint)
            if isinstance(kind, type) and issubclass(kind, Record):
                found.append((here, kind))
        elif isinstance(hint, type) and issubclass(hint, Record):
            found += _gather_named(hint, here)
    return found


PLACES = _gather_named(Design)


@pytest.mark.parametrize("path", [path for path, _ in PLACES])
def test_a_record_that_says_nothing_is_completed_or_refused(path: str) -> None:
    """An empty record under a new name never breaks a plan: its topic completes it, or the input is refused in words."""
    data: dict[str, Any] = {name: dict(value) if isinstance(value, dict) else value for name, value in BASE.items()}
    place = data
    for part in path.split("."):
        place = place.setdefault(part, {})
    place["posts_of_user_new"] = {}
    try:
        made = plan(Design.of(data))
    except InputError:
        return
    assert made.planned.operations


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*/*.yaml")), ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_example_is_concluded(file: Path) -> None:
    """Designs that break a rule are poor, never impossible: every section of theirs is concluded."""
    made = plan(load(file))
    assert set(made.planned.sections) == {topic.NAME for topic in TOPICS}
    assert set(made.planned.operations) == set(made.planned.api.operations)


def test_a_gap_is_a_fault_of_the_topic() -> None:
    """A record with a gap cannot be concluded; the message names the path."""
    from archnb.design.schema import SchemaTable

    with pytest.raises(IncompleteError, match=r"schema\.tables\.order\.store"):
        conclude(Table, SchemaTable(), "schema.tables.order")


def test_a_section_is_read_only_after_its_topic() -> None:
    """Reading a section that no topic has concluded yet is an error, not an empty answer."""
    with pytest.raises(ArchnbError, match="'schema' is read before"):
        _ = Backend().schema


def test_a_section_is_concluded_once() -> None:
    """No second topic overwrites what the first concluded."""
    made = plan(Design.of(BASE)).planned
    with pytest.raises(ArchnbError, match="concluded twice"):
        made.put("api", made.api)


def test_topics_close_their_own_section_only() -> None:
    """No section is closed by two topics, and a draft refuses a section that is not the topic's own."""
    closed = [section for topic in TOPICS for section in topic.CLOSES]
    assert len(closed) == len(set(closed))
    assert {section.partition(".")[0] for section in closed} <= {one.name for one in dataclasses.fields(Design)}
    draft = Draft(Design.of(BASE))
    with pytest.raises(ArchnbError, match="'cache' is closed by a topic that closes"):
        draft.close("cache", draft.design.cache)


def test_references_of_operations_are_resolved() -> None:
    """An operation holds its parts, not their names: pattern, objective, errors, hops."""
    made = plan(load(Path(__file__).parent.parent / "notebooks" / "designs" / "shop.yaml")).planned
    for name, operation in made.operations.items():
        assert operation.name == name
        assert [code for code in operation.contract.errors if code not in operation.errors] == []
        assert operation.hops and operation.objective.availability.value > 0
        assert bool(operation.callers) != operation.contract.is_public
        for table in (pattern.entity for pattern in operation.patterns):
            assert table in made.entities.entities
