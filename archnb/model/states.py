"""The life of a row: which field holds its state, and which step a write takes in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archnb.design.entities import AccessPattern, Entity
from archnb.model import write_words as words_of
from archnb.model.inheritance import Inheritance
from archnb.naming import snake, split_words, with_article, words


@dataclass(frozen=True)
class Step:
    """A step in the life of a row: the field with its state, the words that it may have before, and the one after."""

    field: str
    before: tuple[str, ...]
    after: str
    reason: str


@dataclass(frozen=True)
class Precondition:
    """The states in which a write takes a row, and why no other."""

    field: str
    states: tuple[str, ...]
    reason: str


class States:
    """The states of all rows, and the steps between them."""

    def __init__(
        self, entities: Mapping[str, Entity], access: Mapping[str, AccessPattern], inheritance: Inheritance
    ) -> None:
        self._entities, self._access, self._inheritance = entities, access, inheritance
        # the writes of an entity; the entities whose rows a write makes or a step moves
        self.writing: dict[str, list[str]] = {}
        self.made, self.moved = set[str](), set[str]()
        for name, one in access.items():
            if one.writes:
                self.writing.setdefault(one.writes, []).append(name)
                self.made |= {one.writes} if one.action == "create" else set()
            for step in one.steps:
                if step.entity:
                    (self.made if step.action == "create" else self.moved).add(step.entity)

    def find_step(self, name: str, pattern: AccessPattern | None = None) -> Step | None:
        """The step that a change takes in the life of its row, where its name or its assignments say one."""
        asked = pattern or self._access[name]
        entity = asked.writes
        if entity is None or asked.effect != "update":
            return None
        state = self.find_field(entity)
        if state is None:
            return None
        values = self._inheritance.fields(entity)[state].values
        said = next((one.value for one in asked.sets if one.field == state), None)
        after = said if said in values else None
        reason = f"the write sets {state} = {after}"
        if after is None and state not in {one.field for one in asked.sets}:
            done = words_of.list_done(name)
            after = next((word for past in done for word in values if snake(word) == past), None)
            reason = f"{name} is what makes {with_article(words(entity))} {after}"
        if after is None:
            return None
        return Step(state, self.list_before(entity, state, values, after), after, reason)

    def list_before(self, entity: str, state: str, values: tuple[str, ...], after: str) -> tuple[str, ...]:
        """The words from which a row may come to another, in the order of the list."""
        told = [word for one in self._entities[entity].states if one.after == after for word in one.before]
        if told:
            return tuple(dict.fromkeys(told))
        ends = [word for word in values if words_of.ENDS.search(snake(word))]
        if words_of.UNDONE.search(snake(after)):
            return tuple(word for word in values if word not in ends)
        # the words of a life stand in its order: a step comes from those before it
        at = values.index(after)
        before = tuple(word for word in values[:at] if word not in ends)
        return before[-1:] if before else tuple(word for word in values if word not in ends and word != after)

    def list_ends(self, entity: str) -> tuple[str, ...]:
        """The states that no row leaves: of a life that is told whole those from which no step leads, else by their words."""
        state = self.find_field(entity)
        if state is None:
            return ()
        values, steps = self._inheritance.fields(entity)[state].values, self._entities[entity].states
        left = {word for one in steps for word in one.before}
        is_whole = bool(steps) and {*values} <= left | {one.after for one in steps}
        return tuple(
            word for word in values if word not in left and (is_whole or words_of.ENDS.search(snake(word)) is not None)
        )

    def find_field(self, entity: str) -> str | None:
        """The field that holds the state of a row's life."""
        fields = self._inheritance.fields(entity)
        steps = self._entities[entity].states if entity in self._entities else ()
        spoken = {word for one in steps for word in (*one.before, one.after or "")}
        if spoken:
            return next((name for name, one in fields.items() if spoken <= {*one.values}), None)
        return next((n for n, one in fields.items() if one.values and split_words(n)[-1] in words_of.STATES), None)

    def list_first(self, entity: str, step: Step) -> tuple[str, ...]:
        """The words that follow at once upon the first: whoever takes a row makes it one of these."""
        fields = self._inheritance.fields(entity)
        values = fields[step.field].values
        first = fields[step.field].default or values[0]
        return tuple(word for word in values if first in self.list_before(entity, step.field, values, word))


__all__ = ["Precondition", "States", "Step"]
