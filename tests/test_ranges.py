"""Ranges: what a number may be is declared with its field, and what is outside is an error with its line and what is allowed;
what is possible and unwise is a finding.
"""

from __future__ import annotations

import copy
import math
import typing
from pathlib import Path
from typing import Any

import pytest

from archnb import Design, InputError, plan
from archnb.design import record
from archnb.design.declaration import NUMBER, RATE, SIZE, TIME, Range
from archnb.design.record import Dotted, Record, asked, hints
from archnb.quantity import Quantity, parse
from tests.test_design import records
from tests.test_references import BASE, put, save

BOUNDED = [
    (cls, name, about.within)
    for cls in records()
    for name, about in asked(cls).items()
    if about.within is not None
]  # fmt: skip


def just_outside(within: Range) -> list[Any]:
    """What a range does not hold, as near to its bounds as it is written."""
    found: list[Any] = [one for one in (within.above, within.below) if one is not None]
    for bound, step in ((within.least, -0.01), (within.most, 0.01)):
        if bound is not None:
            value = parse(bound)
            moved = value.low + step * max(1.0, abs(value.low))
            found.append(f"{moved!r}{value.unit.symbol}")
    return found


@pytest.mark.parametrize(
    ("cls", "name", "within"), BOUNDED, ids=lambda one: getattr(one, "__name__", None) or str(one)[:40]
)
def test_what_is_outside_is_refused(cls: type[Record], name: str, within: Range) -> None:
    """Each bound of each field holds: just outside is an error that says what is allowed and gives an example."""
    is_quantity = hints(cls)[name] is Quantity or Quantity in typing.get_args(hints(cls)[name])
    outside = just_outside(within)
    assert outside
    for given in outside:
        value: Any = given if is_quantity else parse(given).low
        is_dotted = typing.get_origin(hints(cls)[name]) is Dotted
        if is_dotted:
            value = {"one.name": given}
        elif not is_quantity and int in typing.get_args(hints(cls)[name]):
            # the next whole number outside
            is_below = within.least is not None and value < parse(within.least).low
            value = math.floor(value) if is_below else math.ceil(value)
        with pytest.raises(InputError) as caught:
            record.read(cls, {name: value})
        (problem,) = caught.value.problems
        assert problem.path == (f"{name}.one.name" if is_dotted else name)
        assert within.describe() in problem.message
        assert asked(cls)[name].example in problem.next


@pytest.mark.parametrize("cls", records(), ids=lambda cls: cls.__name__)
def test_every_number_has_a_range(cls: type[Record]) -> None:
    """No field with a number takes just any number."""
    free = {"minimum", "maximum"}  # the bounds of a value may be any number
    for name, hint in hints(cls).items():
        kinds = {*typing.get_args(hint), hint}
        if kinds & {Quantity, int, float} and name not in free:
            assert asked(cls)[name].within is not None, f"{cls.__name__}.{name}"


@pytest.mark.parametrize("cls", records(), ids=lambda cls: cls.__name__)
def test_bounds_have_the_dimension_of_their_field(cls: type[Record]) -> None:
    """A bound is written in a unit of its field, so that it means what it says."""
    for name, about in asked(cls).items():
        if about.within is None:
            continue
        for bound in (about.within.least, about.within.above, about.within.most, about.within.below):
            if bound is not None and about.unit in (TIME, RATE, SIZE, NUMBER):
                assert parse(bound).unit.dimension == about.unit, f"{cls.__name__}.{name}: {bound}"


REFUSED: dict[str, tuple[str, Any, str]] = {
    "a rate below zero": ("access/visits_of_patient/rate", "-2/s", "'-2/s' is less than 0/s; give at least 0/s"),
    "a range across zero": ("access/visits_of_patient/rate", "-1..1/s", "'-1..1/s' is a range that crosses zero"),
    "a share without its sign": ("requirements/objectives/default", {"availability": 99.5}, "did you mean 99.5%? A share is written with its sign"),
    "more than all": ("requirements/load/read_share", "101%", "'101%' is more than 100%"),
    "a page of nothing": ("access/visits_of_patient/limit", 0, "'0' is less than 1; give a whole number, at least 1"),
    "half a row": ("entities/Visit/rows", 0.5, "'0.5' is not a whole number"),
    "rows in bytes a byte": ("entities/Visit/rows", "3 MB/MB", "has a unit where a plain number is expected; leave 'MB/MB' out"),
    "a share of growth beyond sense": ("requirements/load/growth", "1e200%/year", "more than 100000%/year"),
    "more rows than can be": ("entities/Visit/growth", "1e99/day", "more than 1G/s"),
    "no time at all": ("requirements/objectives/default", {"latency_p99": "0 s"}, "not more than 0 s"),
    "the past": ("scaling/horizon", "-2 years", "not more than 0 s"),
    "beyond a century": ("scaling/horizon", "500 years", "more than 100 years"),
    "nothing left to use": ("scaling/headroom", "100%", "not less than 100%"),
    "a number longer than any float": ("errors/calls/service -> main", {"attempts": 10**400}, "more than 1000000"),
    "a default that is no word of it": ("entities/Visit/fields/state", "enum(open, done) = lost", "the default 'lost' is none of its words; allowed: open, done."),
    "a least above the greatest": ("entities/Visit/fields/floor", "int >= 9 <= 3", "no value is at least 9 and at most 3"),
    "a reference to nothing": ("entities/Visit/fields/doctor", {"type": "reference"}, "a reference needs the entity it refers to; write for instance '-> Customer'."),
    "its own parent": ("entities/Child", {"extends": "Child"}, "inheritance goes in a circle: Child -> Child"),
    "half of a character": ("summary", "x\ud83d", "holds half of a character (a lone surrogate)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_impossible_values(case: str) -> None:
    """Impossible values are refused at once, with the place and what is allowed: never a traceback, never silence, never a wait."""
    where, value, message = REFUSED[case]
    with pytest.raises(InputError) as caught:
        Design.of(put(where, value))
    (problem,) = caught.value.problems
    assert problem.path.startswith(where.replace("/", "."))
    assert message in problem.message
    assert problem.next


def test_impossible_value_has_its_line(tmp_path: Path) -> None:
    """In a file, the line is that of the value."""
    path = save(put("scaling/headroom", "150%"), tmp_path)
    with pytest.raises(InputError) as caught:
        plan(path)
    (problem,) = caught.value.problems
    assert problem.line is not None
    assert "headroom: 150%" in path.read_text(encoding="utf-8").splitlines()[problem.line - 1]


FOUND: dict[str, tuple[str, Any, str]] = {
    "nobody uses it": ("requirements/load/daily_users", "0..0", "requirements-nobody-uses-it"),
    "nobody asks": ("requirements/load/requests_per_user", "0/day", "requirements-nobody-uses-it"),
    "no budget": ("requirements/objectives/visits_of_patient", {"availability": "100%"}, "monitoring-slo-without-budget"),
    "kept for no time": ("cache/policies/visits_of_patient", {"ttl": "0 s"}, "cache-lifetime-of-nothing"),
    "a million attempts": ("errors/calls/service -> main", {"attempts": 1_000_000}, "errors-timeout-over-callers"),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND)
def test_unwise_values_are_findings(case: str) -> None:
    """What is possible and unwise is planned, and a finding says so."""
    where, value, rule = FOUND[case]
    assert rule in {one.rule.id for one in plan(Design.of(put(where, value))).findings}


def test_reads_with_one_write_are_enough() -> None:
    """The share of reads follows from the reads with one write, also where no writes are said."""
    data = copy.deepcopy(BASE)
    data["requirements"]["load"]["reads_per_write"] = 19
    facts = plan(Design.of(data)).facts
    assert facts["requirements.load.read_share"].base == pytest.approx(0.95)
    assert facts["load.expected_reads"].base == pytest.approx(19 * facts["load.expected_writes"].base)


def test_the_same_said_twice_must_agree() -> None:
    """A share of reads and reads with one write that contradict each other are refused."""
    data = copy.deepcopy(BASE)
    data["requirements"]["load"] |= {"reads_per_write": 9, "read_share": "90%"}
    plan(Design.of(data))
    data["requirements"]["load"]["read_share"] = "50%"
    with pytest.raises(InputError, match=r"requirements\.load\.read_share: .* and 9 reads with one write"):
        Design.of(data)


def test_a_text_holds_no_nul() -> None:
    """A NUL in a text is refused where it stands: PostgreSQL keeps none, and a C program ends the text there."""
    with pytest.raises(InputError, match="holds a NUL"):
        Design.of({"name": "a\x00b"})


@pytest.mark.parametrize("kind", ["code", "vector"])
def test_a_code_has_a_length(kind: str) -> None:
    """A code or a vector of length 0 could hold nothing."""
    with pytest.raises(InputError, match="of length 0 holds nothing"):
        Design.of({"entities": {"A": {"fields": {"id": "key", "c": f"{kind}(0)"}}}})
