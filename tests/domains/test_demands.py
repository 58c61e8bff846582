"""Each demand of an expert on each design is met, named by a finding, or marked by name as not yet delivered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archnb.verify.servers import has_postgresql
from tests.domains.case import FOLDER, planned
from tests.domains.catalogue import DEMANDS
from tests.domains.demands import Demand, judge
from tests.domains.expected import UNMET

NAMES = sorted({one.design for one in DEMANDS.values()})


@pytest.fixture(scope="module", autouse=True)
def databases() -> Iterator[None]:
    """Every database that a trial opened is dropped at the end."""
    yield
    for name in NAMES:
        planned(name).close()


def _mark(one: Demand) -> object:
    marks = []
    if one.is_tried:
        marks.append(pytest.mark.skipif(not has_postgresql(), reason="no PostgreSQL here to try the schema on"))
    if one.id in UNMET:
        reason = f"comes with {UNMET[one.id]}: {one.text}"
        marks.append(pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True))
    return pytest.param(one, id=one.id, marks=marks)


@pytest.mark.parametrize("one", [_mark(one) for one in DEMANDS.values()])
def test_demand_is_met_or_named(one: Demand) -> None:
    """The plan or its artefacts meet it, or a finding names it."""
    judgement = judge(one, planned(one.design))
    assert judgement.state != "missing", f"[{one.kind}] {one.text} Missing: {judgement.reason}"


def test_every_design_has_its_demands() -> None:
    """Each design but the two that are only planned has thirteen or more demands, numbered without a gap."""
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {*NAMES, "lab", "leaderboard"}
    for name in NAMES:
        numbers = sorted(one.number for one in DEMANDS.values() if one.design == name)
        assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 13, name


def test_the_table_names_demands_that_exist() -> None:
    """No mark is left of a demand that is gone."""
    assert set(UNMET) <= set(DEMANDS)
