"""What if: the whole plan with something else said, as one table of before and after, its decisions held or taken anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from archnb.exceptions import ArchnbError, unknown
from archnb.fact import Fact
from archnb.fact.keys import find_key
from archnb.fact.keys.cost import COST_THOUSAND, COST_TOTAL, COST_TOTAL_AT_HORIZON
from archnb.fact.keys.flow import COMPONENT_UTILISATION, OPERATION_AVAILABILITY, OPERATION_LATENCY, OPERATION_P99
from archnb.fact.keys.jobs import JOB_UTILISATION
from archnb.fact.keys.load import PEAK_READS, PEAK_REQUESTS, PEAK_WRITES, STORAGE
from archnb.fact.keys.recovery import REGION_LOSS, REGION_TIME, RESTORE_TIME
from archnb.fact.keys.scaling import (
    RESOURCE_AT_HORIZON,
    RESOURCE_SATURATES,
    SERVERS,
    SERVERS_NEEDED,
    STORE_COMMITS,
    STORE_READS,
    STORE_WRITES,
    STORED,
)
from archnb.quantity import parse
from archnb.shapes import Cell, Row, Table

if TYPE_CHECKING:
    from archnb.plan import Plan

# what people ask first, in the order of the table
ASKED = (
    PEAK_REQUESTS, PEAK_READS, PEAK_WRITES, STORE_READS, STORE_WRITES, STORE_COMMITS, COMPONENT_UTILISATION, JOB_UTILISATION,
    SERVERS, SERVERS_NEEDED, STORAGE, STORED, RESOURCE_AT_HORIZON, RESOURCE_SATURATES, OPERATION_LATENCY, OPERATION_P99,
    OPERATION_AVAILABILITY, REGION_LOSS, REGION_TIME, RESTORE_TIME, COST_TOTAL, COST_TOTAL_AT_HORIZON, COST_THOUSAND,
)  # fmt: skip

# of operations that nobody said there are too many to look at
_BY_OPERATION = (OPERATION_LATENCY, OPERATION_P99, OPERATION_AVAILABILITY)


def try_what_if(made: Plan, changes: Mapping[str, Any], /, *, retaken: bool = False) -> Table:
    """The numbers of a plan that move when something else is said: before, after, and how many times as much.

    changes: values by their path, as a design has them. retaken: whether the whole is planned anew, its decisions (servers, workers,
    memory, stores) taken by what is changed; else they are held, and the table says what happens to them.
    Raises ArchnbError where a path is no number that facts rest on and decisions are held, InputError where a value does not do.
    """
    rows = list(_retake(made, changes) if retaken else _hold(made, changes))
    said = ", ".join(f"{path} = {value}" for path, value in changes.items())
    how = "decisions taken anew" if retaken else "decisions held"
    return Table(
        "what-if", f"What if {said}", ("number", "before", "after", "times"), tuple(rows),
        description=f"What moves of what people ask first, with {how}." if rows else f"Nothing that people ask first moves, with {how}.",
    )  # fmt: skip


def _asked(made: Plan) -> Iterator[tuple[int, Fact]]:
    for name, fact in made.facts.items():
        key = find_key(name)
        if key not in ASKED or (key in _BY_OPERATION and not any(f".{one}." in name for one in made.said.access)):
            continue
        yield ASKED.index(key), fact


def _hold(made: Plan, changes: Mapping[str, Any]) -> Iterator[Row]:
    facts = made.facts
    given: dict[str, float] = {}
    for path, value in changes.items():
        fact = facts.get(path)
        if fact is None or (fact.given is None and not fact.at):
            known = [name for name, one in facts.items() if one.given is not None or one.at]
            raise ArchnbError(
                unknown("number", path, known, "With retaken=True anything that a design says may change.")
            )
        given[path] = parse(value, fact.unit.dimension).base
    for _, fact in sorted(_asked(made), key=lambda one: one[0]):
        after = float(fact.evaluate(given))
        yield from _row(fact, fact.base, after, fact.text, fact.show(after / fact.unit.factor))


def _retake(made: Plan, changes: Mapping[str, Any]) -> Iterator[Row]:
    from archnb.plan import plan

    said = made.said
    for path, value in changes.items():
        said = said.replace(path, value)
    new = plan(said)
    for _, fact in sorted(_asked(made), key=lambda one: one[0]):
        after = new.facts.get(str(fact.name))
        if after is None:
            yield (Cell(fact.name, fact=fact.name), fact.cell, "gone", "")
        else:
            yield from _row(fact, fact.base, after.base, fact.text, after.text)
    open_before, open_after = ({(one.rule.id, one.path) for one in each.findings.open} for each in (made, new))
    for word, found in (("comes", open_after - open_before), ("goes", open_before - open_after)):
        for rule, path in sorted(found):
            yield (f"finding {rule}", "" if word == "comes" else path, path if word == "comes" else "", word)


def _row(fact: Fact, before: float, after: float, old: str, new: str) -> Iterator[Row]:
    if old == new and abs(after - before) <= 1e-6 * max(abs(before), abs(after)):
        return
    times = f"× {after / before:.3g}" if before not in (0.0, float("inf")) and after != float("inf") else ""
    yield (Cell(fact.name, fact=fact.name), old, new, times)


__all__ = ["try_what_if"]
