"""What an entity is a special case of, and with that which fields it has: its own, and those that it inherits."""

from __future__ import annotations

from collections.abc import Mapping

from archnb.design.entities import Entity, Field, collect_fields, list_ancestry


class Inheritance:
    """The lines of `extends`, walked once. A circle ends where it begins; an entity that is not declared has no fields."""

    def __init__(self, entities: Mapping[str, Entity]) -> None:
        self._entities = entities
        self._chains: dict[str, tuple[str, ...]] = {}
        self._fields: dict[str, Mapping[str, Field]] = {}
        self._subtypes: dict[str, list[str]] = {}
        for name, entity in entities.items():
            if entity.extends is not None:
                self._subtypes.setdefault(entity.extends, []).append(name)

    def list_ancestry(self, entity: str) -> tuple[str, ...]:
        """The entity, what it extends, what that extends, and so on."""
        if entity not in self._chains:
            self._chains[entity] = list_ancestry(self._entities, entity)
        return self._chains[entity]

    def find_root(self, entity: str) -> str:
        """The most general entity that this one is a case of; itself where it extends nothing."""
        return (self.list_ancestry(entity) or (entity,))[-1]

    def list_subtypes(self, entity: str) -> tuple[str, ...]:
        """The entities that extend this one, directly or through others, in the order of the design."""
        found: dict[str, None] = {}
        left = list(reversed(self._subtypes.get(entity, [])))
        while left:
            name = left.pop()
            if name not in found and name != entity:
                found[name] = None
                left += reversed(self._subtypes.get(name, []))
        return tuple(found)

    def fields(self, entity: str) -> Mapping[str, Field]:
        """The fields of an entity with those it inherits, the inherited ones first."""
        if entity not in self._fields:
            self._fields[entity] = collect_fields(self._entities, entity)
        return self._fields[entity]

    def find_declaring(self, entity: str, field: str) -> str | None:
        """The entity that declares a field which this one has: itself, or the nearest that it extends."""
        return next((name for name in self.list_ancestry(entity) if field in self._entities[name].fields), None)
