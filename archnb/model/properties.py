"""What the fields of an entity, and what else may stand in its bodies, are called in JSON.

A property is a field in snake_case, and a reference is the id of what it refers to. The API's bodies, the service that
answers with them and the proof that reads them ask the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archnb.design.entities import Entity, Field, Relationship
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys
from archnb.model.references import References
from archnb.naming import claim, plural, snake, strip_parent


class Embed(NamedTuple):
    """Another entity, or the pairs of a relationship, inside a body: its property, whether there are many, the field between."""

    name: str
    entity: str
    is_many: bool
    # the field of `entity` that points back, or the field of the outer entity that points to it
    via: str
    relationship: str = ""


class Properties:
    """The properties of the entities of a design."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        relationships: Mapping[str, Relationship],
        inheritance: Inheritance,
        keys: Keys,
        references: References,
    ) -> None:
        self._entities, self._relationships = entities, relationships
        self._inheritance, self._keys, self._references = inheritance, keys, references
        self._fields: dict[str, Mapping[str, Field]] = {}
        self._names: dict[str, dict[str, str]] = {}
        self._embeds: dict[str, dict[str, Embed]] = {}

    def fields(self, entity: str) -> Mapping[str, Field]:
        """The fields with the inherited ones, and an `id` where the entity says no key."""
        if entity not in self._fields:
            found = self._inheritance.fields(entity)
            if not self._keys.find(entity).is_declared and "id" not in found:
                found = {"id": Field(type="key", key=True), **found}
            self._fields[entity] = found
        return self._fields[entity]

    def names(self, entity: str) -> dict[str, str]:
        """The JSON property of every field, each once."""
        if entity not in self._names:
            made: dict[str, str] = {}
            for name, field in self.fields(entity).items():
                words = snake(name)
                if field.references is not None and len(self._keys.fields(field.references)) == 1:
                    words = words if words.endswith("_id") else f"{words}_id"
                made[name] = claim(words, made.values())
            self._names[entity] = made
        return self._names[entity]

    def embeds(self, entity: str) -> dict[str, Embed]:
        """What else may stand in a body, by the name of the entity or the relationship."""
        if entity in self._embeds:
            return self._embeds[entity]
        taken = set(self.names(entity).values())
        made: dict[str, Embed] = {}

        def add(key: str, name: str, target: str, is_many: bool, via: str, relationship: str = "") -> None:
            if key not in made and key not in self.fields(entity):
                name = claim(name, taken)
                taken.add(name)
                made[key] = Embed(name, target, is_many, via, relationship)

        for name, field in self.fields(entity).items():
            if field.references is not None and field.references != entity:
                add(field.references, snake(name).removesuffix("_id") or snake(name), field.references, False, name)
        for one in self._references.list_to(entity):
            child, via = one.entity, one.field
            if child != entity:
                is_one = bool(self.fields(child)[via].unique) or self._keys.fields(child) == (via,)
                name = strip_parent(child, entity)
                add(child, name if is_one else plural(name), child, not is_one, via)
        for name in self._references.list_relationships(entity):
            relationship = self._relationships[name]
            if len(relationship.between) == 2:
                first, second = relationship.between
                other = second if first == entity else first
                if other in self._entities:
                    add(name, snake(name), other, True, "", name)
        self._embeds[entity] = made
        return made


__all__ = ["Embed", "Properties"]
