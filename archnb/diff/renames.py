"""Which thing of the old design is which of the new one: by its name, or by what it was called before (`was`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from archnb.design import plain
from archnb.design.entities import Entity, Field
from archnb.naming import snake

if TYPE_CHECKING:
    from archnb.plan import Plan

T = TypeVar("T", Entity, Field)


def pair(old: Mapping[str, T], new: Mapping[str, T]) -> dict[str, str]:
    """The old name of each thing that is in both, by its new one.

    A `was` that the old version says too is a rename that lies behind both, and names nothing that the new one takes over.
    """
    found: dict[str, str] = {}
    for name, one in new.items():
        was = one.was
        if was is not None and was in old and (was not in new or new[was].was is not None):
            there = old.get(name)
            if there is None or there.was != was:
                found[name] = was
    taken = set(found.values())
    for name in new:
        if name in old and name not in found and name not in taken:
            found[name] = name
    return found


_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Renames:
    """The names of two plans against each other."""

    old: Plan
    new: Plan

    @cached_property
    def entities(self) -> dict[str, str]:
        """The old name of each entity that is in both, by its new one."""
        return pair(self.old.design.entities, self.new.design.entities)

    @cached_property
    def _entities_onwards(self) -> dict[str, str]:
        return {old: new for new, old in self.entities.items()}

    def entity_onwards(self, old: str) -> str:
        """What an entity of the old version is called by now; the same where it is gone."""
        return self._entities_onwards.get(old, old)

    @cached_property
    def _fields(self) -> dict[str, dict[str, str]]:
        old, new = self.old.planned.entities, self.new.planned.entities
        found = {name: pair(old.entities[was].fields, new.entities[name].fields) for name, was in self.entities.items()}
        for name, one in new.relationships.items():
            if name in old.relationships:
                found[name] = pair(old.relationships[name].fields, one.fields)
        return found

    def fields(self, entity: str) -> Mapping[str, str]:
        """The old name of each field that an entity, by its new name, has in both."""
        return self._fields.get(entity, {})

    @cached_property
    def _fields_onwards(self) -> dict[str, dict[str, str]]:
        return {entity: {old: new for new, old in fields.items()} for entity, fields in self._fields.items()}

    def field_onwards(self, entity: str, old: str) -> str:
        """What a field of an entity, by its new name, is called by now."""
        return self._fields_onwards.get(entity, {}).get(old, old)

    def carry_field(self, field: Field) -> Field:
        """A field of the old version as it would be written by the new names, without what it was called."""
        if field.references is None:
            return strip(field)
        return replace(field, was=None, references=self.entity_onwards(field.references))

    def carry_path(self, entity: str, path: str) -> str:
        """A field path of the old version (`-placed_at`, `customer.country`), of an entity by its new name, in new names."""
        sign = "-" if path.startswith("-") else ""
        first, dot, rest = path.removeprefix("-").partition(".")
        return f"{sign}{self.field_onwards(entity, first)}{dot}{rest}"

    @cached_property
    def _words(self) -> dict[str, str]:
        pairs = [*self.entities.items(), *(one for fields in self._fields.values() for one in fields.items())]
        words = {old: new for new, old in pairs if old != new}
        return {snake(old): snake(new) for old, new in words.items()} | words

    @property
    def is_any(self) -> bool:
        """Whether anything is called otherwise."""
        return bool(self._words)

    def says_same(self, before: Any, after: Any) -> bool:
        """Whether two said values are the same but for what is called otherwise by now."""
        if before == after:
            return True
        if not self._words or before is None or after is None:
            return False
        return self._is_same(plain(before), plain(after))

    def carry_text(self, text: str) -> str:
        """A text of the old version with what is called otherwise by its new name."""
        return _WORD.sub(lambda found: self._words.get(found[0], found[0]), text)

    def _is_same(self, before: Any, after: Any) -> bool:
        if before == after:
            return True
        if isinstance(before, str) and isinstance(after, str):
            return self.carry_text(before) == after
        if isinstance(before, list) and isinstance(after, list):
            return len(before) == len(after) and all(map(self._is_same, before, after))
        if isinstance(before, dict) and isinstance(after, dict):
            return list(before) == list(after) and all(self._is_same(before[name], after[name]) for name in after)
        return False


def strip(field: Field) -> Field:
    """A field without what it was called before."""
    return field if field.was is None else replace(field, was=None)
