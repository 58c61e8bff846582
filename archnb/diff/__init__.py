"""What changed between two plans: what was said otherwise, what follows from it for rows, callers, readers and operators, and
whether that is compatible, breaking, or loses data.

The planned records are compared, so that what archnb proposes otherwise is seen too; each difference is told under what was
said otherwise, so that one change of the design is one change here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from archnb.diff.causes import group
from archnb.diff.changes import EFFECTS, Change, Difference, Effect, Whom, worst
from archnb.diff.contracts import compare_api
from archnb.diff.entities import compare_entities
from archnb.diff.fields import compare_fields
from archnb.diff.numbers import Moved, list_moved
from archnb.diff.pair import Pair
from archnb.diff.parts import compare_parts
from archnb.diff.permissions import compare_permissions
from archnb.diff.promises import compare_promises
from archnb.diff.queries import compare_queries
from archnb.diff.said import list_causes
from archnb.diff.tables import compare_tables
from archnb.diff.trials import try_alone
from archnb.exceptions import printable
from archnb.quantity import number
from archnb.shapes import Cell, Shown, Table, Tone

if TYPE_CHECKING:
    from archnb.plan import Plan

__all__ = ["Change", "Diff", "Difference", "Effect", "Whom", "diff"]

_TONE: dict[str, Tone] = {"loses data": "danger", "breaking": "warning", "compatible": ""}
_COMPARE: tuple[Callable[[Pair], Iterator[Difference]], ...] = (
    compare_fields,
    compare_entities,
    compare_tables,
    compare_api,
    compare_permissions,
    compare_queries,
    compare_promises,
    compare_parts,
)
_COUNTED = {
    "loses data": ("loses data", "lose data"),
    "breaking": ("is breaking", "are breaking"),
    "compatible": ("is compatible", "are compatible"),
}
# how many numbers the text names
MOST_NUMBERS = 5
_SAME = "The two say the same."


class Diff(Shown):
    """The changes from one design to another, the worst first."""

    title = "Changes"

    def __init__(self, old: str, new: str, changes: tuple[Change, ...], numbers: tuple[Moved, ...] = ()) -> None:
        self.old, self.new, self.changes, self.numbers = old, new, changes, numbers

    @property
    def effect(self) -> Effect:
        """The worst effect of all changes; compatible where there is none."""
        return worst(one.effect for one in self.changes)

    @property
    def note(self) -> str:
        """How many changes there are, by effect."""
        if not self.changes:
            return _SAME
        counts = {effect: sum(one.effect == effect for one in self.changes) for effect in EFFECTS}
        told = ", ".join(f"{count} {_COUNTED[effect][count > 1]}" for effect, count in counts.items() if count)
        return f"{len(self.changes)} change{'s' * (len(self.changes) > 1)}: {told}."

    @property
    def views(self) -> tuple[Table, ...]:
        """One row a change, with what follows from it behind its cell; then the numbers that moved."""
        rows = tuple(
            (
                Cell(one.effect, tone=_TONE[one.effect]),
                Cell(", ".join(one.whom)),
                Cell(one.path, is_code=True),
                Cell(one.words, more=tuple(_tell(each) for each in one.differences)),
                one.how,
            )
            for one in self.changes
        )
        columns = ("effect", "for", "where", "change", "how")
        changes = Table("changes", f"From {self.old} to {self.new}", columns, rows, description=self.note)
        if not self.numbers:
            return (changes,)
        moved = tuple(
            (Cell(one.name, is_code=True), one.before, one.after, f"× {number(one.factor)}" if one.factor else "")
            for one in self.numbers
        )
        told = "Those that differ by 5 % or more; a design is sized anew where they matter."
        return changes, Table("numbers", "Numbers", ("fact", "before", "after", "factor"), moved, description=told)

    def data(self) -> dict[str, Any]:
        """The changes as plain data: dicts, lists and texts."""
        return {
            "from": self.old, "to": self.new, "effect": self.effect,
            "changes": [
                {
                    "effect": change.effect, "for": list(change.whom), "path": change.path, "change": change.words, "how": change.how,
                    "differences": [
                        {
                            "effect": one.effect, "for": one.whom, "area": one.area, "path": one.path, "of": list(one.subjects),
                            "difference": one.words, "how": one.how,
                        }
                        for one in change.differences
                    ],
                }
                for change in self.changes
            ],
            "numbers": [one._asdict() for one in self.numbers],
        }  # fmt: skip

    def __repr__(self) -> str:
        if not self.changes:
            return _SAME
        lines = []
        for one in self.changes:
            lines.append(f"{one.effect}: {one.words}")
            lines += [f"  - {_tell(each)}" for each in one.differences]
            lines += [f"  How: {one.how}"] if one.how else []
        if self.numbers:
            shown = "; ".join(f"{one.name} {one.before} → {one.after}" for one in self.numbers[:MOST_NUMBERS])
            rest = len(self.numbers) - MOST_NUMBERS
            lines.append(f"Numbers: {shown}{f'; and {rest} more' if rest > 0 else ''}.")
        return printable("\n".join([*lines, self.note]))


def _tell(one: Difference) -> str:
    """A difference in one line."""
    return f"{one.effect} for {one.whom}: {one.text}"


def diff(old: Plan, new: Plan) -> Diff:
    """Compare two plans by meaning.

    >>> from archnb import Design, plan
    >>> print(diff(plan(Design()), plan(Design.of({"entities": {"Tag": {"fields": {"id": "key"}}}}))).changes[0].words)
    Entity Tag is new, with the field id.
    """
    pair = Pair(old, new)
    causes = list_causes(pair.renames)
    trials = try_alone(pair, causes, _compare)
    return Diff(_title(old), _title(new), group(causes, _compare(old, new), trials), list_moved(old, new))


def _compare(old: Plan, new: Plan) -> list[Difference]:
    pair = Pair(old, new)
    return [one for compare in _COMPARE for one in compare(pair)]


def _title(plan: Plan) -> str:
    return f"{plan.name} {plan.said.migrations.version or ''}".strip()
