"""The plan: complete, deterministic, with a reason for everything that nobody said."""

from __future__ import annotations

import dataclasses

import pytest

from archnb import ArchnbError, Design, plan
from archnb.design import leaves, plain
from archnb.shapes import AnyShape, Table
from archnb.topics import TOPICS
from tests.designs import ALL

NAMES = list(ALL)


@pytest.mark.parametrize("name", NAMES)
def test_plan_is_deterministic_and_changes_nothing(name: str) -> None:
    """The same design gives the same plan, and stays as it was."""
    design = ALL[name]()
    before = plain(design)
    one, two = plan(design), plan(design)
    assert one.design == two.design
    assert [(n, f.base) for n, f in one.facts.items()] == [(n, f.base) for n, f in two.facts.items()]
    assert repr(one.findings) == repr(two.findings)
    assert plain(design) == before


@pytest.mark.parametrize("name", NAMES)
def test_what_was_said_is_kept(name: str) -> None:
    """No topic overwrites a value that a person said."""
    made = plan(ALL[name]())
    complete = dict(leaves(made.design))
    for path, value in leaves(made.said):
        assert complete[path] == value, path


@pytest.mark.parametrize("name", NAMES)
def test_every_proposed_value_has_a_reason(name: str) -> None:
    """`why` answers for every value of the completed design: said, or proposed with a reason of its own or of its record."""
    made = plan(ALL[name]())
    said = dict(leaves(made.said))
    bare = []
    for path, _ in leaves(made.design):
        why = made.why(path)
        assert why.is_said == (path in said), path
        if not why.is_said and why.reason.startswith("no reason of its own"):
            bare.append(path)
        for fact in why.facts:
            assert fact in made.facts, (path, fact)
    assert bare == []


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_finite_or_say_so(name: str) -> None:
    """No fact is NaN; what cannot be served is infinite on purpose, never by accident of an empty table."""
    for fact_name, fact in plan(ALL[name]()).facts.items():
        assert fact.base == fact.base, fact_name
        assert fact.why()


@pytest.mark.parametrize("name", NAMES)
def test_every_section_shows_itself(name: str) -> None:
    """Every section has views with a table behind each, and view names are unique over the plan."""
    made = plan(ALL[name]())
    seen: set[str] = set()
    for section in made.sections.values():
        assert section.views, section.name
        for shape in section.views:
            assert isinstance(shape, AnyShape)
            assert shape.name not in seen, shape.name
            seen.add(shape.name)
            assert len(shape.frame.columns) >= 1
            if isinstance(shape, Table):
                for row in shape.rows:
                    for cell in row:
                        fact = getattr(cell, "fact", "")
                        assert not fact or fact in made.facts, (shape.name, fact)
        assert section.frame is not None
        bundle = section._repr_mimebundle_()
        assert bundle["text/plain"]
        assert "<script" not in bundle["text/html"]


def test_the_parts_are_all_there() -> None:
    """The names that people reach for exist."""
    made = plan(ALL["shop"]())
    assert made.schema["er"].graph.number_of_nodes() >= 12
    assert made.flow.graph.number_of_edges() > 10
    assert len(made.facts.frame) == len(made.facts)
    assert "text/html" in made._repr_mimebundle_()
    assert made.scaling["capacity"].frame["x"].max() == 36
    assert len(made.cache["tradeoffs"].frame) >= 4
    assert {"er", "tables"} <= set(made.schema.frames)


def test_why_of_a_proposed_value() -> None:
    """A proposed value says why; a mistyped path is met with the nearest one."""
    made = plan(ALL["shortener"]())
    assert not made.why("cache.policies.resolve.ttl").is_said
    assert made.why("cache.policies.resolve.ttl").reason
    assert made.why("requirements.load.writes").is_said
    assert made.why("requirements.load").reason.startswith("said in the design, in part: requirements.load.writes, ")
    with pytest.raises(ArchnbError, match="did you mean"):
        made.why("cache.policies.resolve.tll")
    with pytest.raises(ArchnbError, match="is not known"):
        made.why("nonsense")
    with pytest.raises(ArchnbError, match=r"did you mean 'load\.peak_reads'"):
        made.why("load.peak_read")
    with pytest.raises(ArchnbError, match=r"plan\.facts\['load\.peak_reads'\]\.why\(\)"):
        made.why("load.peak_reads")


def test_sections_stand_in_order() -> None:
    """The topics are those of the design, each once."""
    names = [topic.NAME for topic in TOPICS]
    assert len(set(names)) == len(names)
    assert {one.name for one in dataclasses.fields(Design)} - set(names) == {
        "name",
        "summary",
        "relationships",
        "access",
        "accepted",
        "assumptions",
    }


def test_growing_load_never_needs_fewer() -> None:
    """Ten times the users never need fewer workers, replicas or bytes."""
    small = plan(ALL["shop"]())
    large = plan(ALL["shop"]().replace("requirements.load.daily_users", "10M..20M"))
    assert large.facts["load.expected_requests"].base == pytest.approx(10 * small.facts["load.expected_requests"].base)
    for name, component in small.design.flow.components.items():
        if component.replicas and name in large.design.flow.components:
            assert (large.design.flow.components[name].replicas or 0) >= component.replicas, name
