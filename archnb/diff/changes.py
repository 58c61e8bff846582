"""What a change of a design leads to: differences between two plans, each with its effect and whom it meets, grouped under what
was said otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Effect = Literal["loses data", "breaking", "compatible"]
Whom = Literal["rows", "callers", "readers", "operators"]
Area = Literal["data", "api", "permissions", "queries", "promises", "parts"]

# the worst first
EFFECTS: tuple[Effect, ...] = ("loses data", "breaking", "compatible")
WHOM: dict[Whom, str] = {
    "rows": "the rows that exist",
    "callers": "who sends requests",
    "readers": "who reads answers",
    "operators": "who runs it",
}
_RANK = {effect: n for n, effect in enumerate(EFFECTS)}
_ORDER = {whom: n for n, whom in enumerate(WHOM)}
# how many operations one line names
MOST_SUBJECTS = 4
MOST_STEPS = 3


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference between two plans.

    path: where in the plan. words: what is different, a sentence; `subjects` are the operations or tables that it is true of,
    where it is one of several; the same words of several are told once. how: how it is carried out. causes: paths of the design that it may follow from, the nearest
    first.
    """

    effect: Effect
    whom: Whom
    area: Area
    path: str
    words: str
    subjects: tuple[str, ...] = ()
    how: str = ""
    causes: tuple[str, ...] = ()
    # whether it need not be told where the same effect for the same is told more closely
    is_general: bool = False

    @property
    def text(self) -> str:
        """The sentence with what it is true of."""
        if not self.subjects:
            return self.words
        shown, rest = self.subjects[:MOST_SUBJECTS], len(self.subjects) - MOST_SUBJECTS
        return f"{', '.join(shown)}{f' and {rest} more' if rest > 0 else ''}: {self.words}"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What was said otherwise at a path, or what archnb concludes otherwise, with all that follows, the worst first."""

    path: str
    words: str
    differences: tuple[Difference, ...] = ()
    # how it is carried out, where no difference says so
    remark: str = ""

    @property
    def effect(self) -> Effect:
        """The worst that follows; compatible where nothing does."""
        return worst(one.effect for one in self.differences)

    @property
    def whom(self) -> tuple[Whom, ...]:
        """Whom the worst of it meets."""
        found = {one.whom for one in self.differences if one.effect == self.effect}
        return tuple(one for one in WHOM if one in found)

    @property
    def how(self) -> str:
        """How the worst of it is carried out; no more than the first few steps, since each difference has its own."""
        told = dict.fromkeys(one.how for one in self.differences if one.how and one.effect == self.effect)
        return " ".join(list(told)[:MOST_STEPS]) or self.remark


def worst(effects: Iterable[Effect]) -> Effect:
    """The worst of some effects; compatible where there is none."""
    return min(effects, key=_RANK.__getitem__, default="compatible")


def arrange(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Differences in order, the worst first; those that say the same of several things as one."""
    given, merged = list(differences), dict[tuple[str, ...], Difference]()
    met = {(one.effect, one.whom) for one in given if not one.is_general and one.area in ("api", "data")}
    for one in given:
        if one.is_general and (one.effect, one.whom) in met:
            continue
        key = (one.effect, one.whom, one.area, one.words, one.how, "" if one.subjects else one.path)
        before = merged.get(key)
        if before is None:
            merged[key] = one
        else:
            merged[key] = replace(before, subjects=tuple(dict.fromkeys((*before.subjects, *one.subjects))))
    return tuple(sorted(merged.values(), key=lambda one: (_RANK[one.effect], _ORDER[one.whom])))


def sort_changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes in order, the worst first, each kind in the order in which they stand."""
    return tuple(sorted(changes, key=lambda one: _RANK[one.effect]))
