"""What is always true of an entity's rows, which states they go through, and what a deletion does to them."""

from __future__ import annotations

from collections.abc import Iterator

from archnb.design.invariants import Invariant, Transition
from archnb.diff.changes import Difference, Effect, Whom
from archnb.diff.pair import Pair
from archnb.planned.entities import Entity


def compare_entities(pair: Pair) -> Iterator[Difference]:
    """The differences of the entities that are in both, beyond those of their fields."""
    for name, was in pair.renames.entities.items():
        yield from EntityPair(pair, name, was).compare()


class EntityPair:
    """One entity in both versions."""

    def __init__(self, pair: Pair, name: str, was: str) -> None:
        self.pair, self.name = pair, name
        self.before: Entity = pair.old.entities.entities[was]
        self.after: Entity = pair.new.entities.entities[name]
        rows = pair.count_rows(name)
        self.rows = f" ({rows})" if rows else ""

    def _tell(
        self, effect: Effect, whom: Whom, part: str, words: str, how: str = "", *, is_general: bool = False
    ) -> Difference:
        path = f"entities.{self.name}.{part}"
        return Difference(
            effect=effect, whom=whom, area="data", path=path, causes=(path, f"entities.{self.name}"), words=words, how=how,
            is_general=is_general,
        )  # fmt: skip

    def compare(self) -> Iterator[Difference]:
        """What is true of its rows otherwise."""
        yield from self._holds()
        yield from self._states()
        yield from self._deletion()
        if self.after.append_only and not self.before.append_only:
            how = "Move whoever changes or deletes rows to adding others first."
            yield self._tell(
                "breaking",
                "callers",
                "append_only",
                f"rows of {self.name} are only added: a change or a deletion is refused",
                how,
            )
        elif self.before.append_only and not self.after.append_only:
            yield self._tell(
                "breaking",
                "readers",
                "append_only",
                f"rows of {self.name} may change and go: what was read may not be so any more",
                "Tell whoever copies them or adds them up.",
            )

    def _holds(self) -> Iterator[Difference]:
        says_same = self.pair.renames.says_same
        before, after = _list_true(self.before.holds), _list_true(self.after.holds)
        for one in after:
            if not any(says_same(was, one) for was in before):
                text = _write(one)
                yield self._tell(
                    "breaking", "rows", "holds", f"rows of {self.name} for which '{text}' is not true no longer fit{self.rows}",
                    "Find and mend them before the rule comes.", is_general=True,
                )  # fmt: skip
                yield self._tell(
                    "breaking",
                    "callers",
                    "holds",
                    f"a write that breaks '{text}' is refused",
                    "Announce it; count such requests first.",
                    is_general=True,
                )
        for was in before:
            if not any(says_same(was, one) for one in after):
                yield self._tell(
                    "breaking",
                    "readers",
                    "holds",
                    f"'{_write(was)}' need not be true of rows of {self.name} any more",
                    "Look for code that relies on it.",
                    is_general=True,
                )

    def _states(self) -> Iterator[Difference]:
        before, after = _list_steps(self.before.states), _list_steps(self.after.states)
        if not before and after:
            told = ", ".join(f"{one[0]} → {one[1]}" for one in after)
            yield self._tell(
                "breaking",
                "callers",
                "states",
                f"the state of {self.name} takes these steps alone: {told}; another is refused with 409 (conflict)",
                "Count the other steps that are taken today.",
            )
            return
        if before and not after:
            yield self._tell(
                "breaking",
                "readers",
                "states",
                f"the state of {self.name} may change from any word to any other",
                "Look for code that relies on the steps.",
            )
            return
        for step in dict.fromkeys([*after, *before]):
            told = f"{self.name} from {step[0]} to {step[1]}"
            if step not in after:
                yield self._tell(
                    "breaking",
                    "callers",
                    "states",
                    f"the step of {told} is refused with 409 (conflict)",
                    "Count who takes it today.",
                )
            elif step not in before:
                yield self._tell("compatible", "callers", "states", f"the step of {told} may be taken")
            elif after[step] and (not before[step] or before[step] - after[step]):
                gone = f", and {', '.join(sorted(before[step] - after[step]))} no more" if before[step] else ""
                yield self._tell(
                    "breaking",
                    "callers",
                    "states",
                    f"the step of {told} is taken by {', '.join(sorted(after[step]))}{gone}",
                    "See who takes it today.",
                )
            elif before[step] != after[step]:
                yield self._tell(
                    "compatible",
                    "callers",
                    "states",
                    f"the step of {told} may be taken by {', '.join(sorted(after[step])) or 'whoever may call it'}",
                )

    def _deletion(self) -> Iterator[Difference]:
        before = self.pair.renames.field_onwards(self.name, self.before.soft_delete) if self.before.soft_delete else ""
        after = self.after.soft_delete
        if before == after:
            return
        if not before:
            yield self._tell(
                "compatible",
                "rows",
                "soft_delete",
                f"a row of {self.name} that is deleted stays, marked by {after}: erasure and retention must take it",
            )
        elif not after:
            yield self._tell(
                "loses data",
                "rows",
                "soft_delete",
                f"a row of {self.name} that is deleted is gone, where it was marked by {before}",
                "Keep a backup, and say how long.",
            )
            yield self._tell(
                "breaking",
                "readers",
                "soft_delete",
                f"rows of {self.name} that were marked as deleted are read as living ones",
                "Delete them, or move them away, before the mark goes.",
            )
        else:
            yield self._tell(
                "breaking",
                "readers",
                "soft_delete",
                f"rows of {self.name} are marked as deleted by {after} where it was {before}",
                "Fill the new mark from the old one first.",
            )


def _list_true(holds: tuple[Invariant, ...]) -> list[Invariant]:
    return [one for one in holds if not one.is_waived]


def _write(one: Invariant) -> str:
    return one.write_shorthand() or one.kind or "a rule"


def _list_steps(states: tuple[Transition, ...]) -> dict[tuple[str, str], set[str]]:
    """Who may take each step; nobody in particular where the set is empty."""
    return {(before, one.after or ""): set(one.by) for one in states for before in one.before}
