"""What an expert demands of a plan: a function a demand, which yields the gaps that it finds. No gap: the demand is met.

A demand may also be answered by a finding that names the matter to the person who plans; the decorator says which rule is
about it, and where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from tests.domains.case import Case
from tests.domains.trial import SchemaFails

Kind = Literal[
    "auth", "api", "schema", "integrity", "query", "privacy", "jobs", "numbers", "scaling", "cache", "monitoring"
]
State = Literal["met", "named", "missing"]
Check = Callable[[Case], Iterator[str]]


@dataclass(frozen=True)
class Demand:
    """One demand on one design; `named` is what a finding must be about and where, as patterns."""

    design: str
    number: int
    kind: Kind
    text: str
    find_gaps: Check
    named: tuple[tuple[str, str], ...]
    is_tried: bool

    @property
    def id(self) -> str:
        """How the table of expected failures calls it."""
        return f"{self.design}-{self.number}"


@dataclass(frozen=True)
class Judgement:
    """How a plan answers a demand, and why."""

    state: State
    reason: str


DEMANDS: dict[str, Demand] = {}


def demand(
    design: str, number: int, kind: Kind, text: str, *, named: Iterable[tuple[str, str]] = (), is_tried: bool = False
) -> Callable[[Check], Check]:
    """Enter the function below as a demand; `is_tried` where it needs a PostgreSQL to try the schema on."""

    def enter(check: Check) -> Check:
        one = Demand(design, number, kind, text, check, tuple(named), is_tried)
        if one.id in DEMANDS:
            raise ValueError(f"demand {one.id} is entered twice")
        DEMANDS[one.id] = one
        return check

    return enter


def judge(one: Demand, case: Case) -> Judgement:
    """Met where the function finds no gap, else named where a finding tells of the matter, else missing."""
    try:
        gaps = list(one.find_gaps(case))
    except SchemaFails as failure:
        gaps = [str(failure)]
    if not gaps:
        return Judgement("met", "")
    for about, at in one.named:
        found = case.named(about, at)
        if found is not None:
            return Judgement("named", f"{found.rule.id} at {found.path}")
    return Judgement("missing", "; ".join(gaps))
