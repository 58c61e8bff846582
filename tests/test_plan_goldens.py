"""The whole plan of each shipped design, and of each design of another domain, is the one on file."""

from __future__ import annotations

import pytest

from tests import plan_goldens

DESCRIPTIONS = plan_goldens.find_descriptions()


@pytest.mark.parametrize("name", list(DESCRIPTIONS))
def test_plan_is_as_in_the_golden(name: str, request: pytest.FixtureRequest) -> None:
    """Every value, fact and finding is as on file; --refresh-goldens writes it anew."""
    now = DESCRIPTIONS[name]()
    if request.config.getoption("--refresh-goldens", default=False):
        plan_goldens.refresh(name, now)
    difference = plan_goldens.compare(name, now)
    assert not difference, f"{name}:\n{difference[:4000]}"


def test_no_golden_without_its_design() -> None:
    """A golden whose design is gone goes with it."""
    assert {path.stem for path in plan_goldens.GOLDENS.glob("*.txt")} == set(DESCRIPTIONS)
