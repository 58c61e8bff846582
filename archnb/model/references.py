"""Who refers to whom: every field that holds another entity's key, in both directions, and the relationships beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archnb.design.entities import Entity, OnDelete, Relationship
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys


@dataclass(frozen=True)
class Reference:
    """A field of one entity that holds the key of another."""

    entity: str
    field: str
    target: str
    is_required: bool
    on_delete: OnDelete | None
    # whether it is part of the entity's key
    is_key: bool
    # whether at most one row refers to a row there
    is_unique: bool
    # the entity whose field it is; another one where it is inherited
    declared_by: str

    @property
    def is_inherited(self) -> bool:
        """Whether a more general entity declares the field."""
        return self.declared_by != self.entity

    @property
    def is_self(self) -> bool:
        """Whether it leads to rows of the same entity: a parent, a predecessor."""
        return self.target == self.entity

    def __str__(self) -> str:
        return f"{self.entity}.{self.field}"


class References:
    """All references, gathered in one pass."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        relationships: Mapping[str, Relationship],
        inheritance: Inheritance,
        keys: Keys,
    ) -> None:
        self._keys = keys
        out: dict[str, tuple[Reference, ...]] = {}
        into: dict[str, list[Reference]] = {}
        for name in entities:
            key = keys.fields(name)
            found = []
            for field_name, field in inheritance.fields(name).items():
                if field.references is None:
                    continue
                own = field_name in entities[name].fields
                made = Reference(
                    name,
                    field_name,
                    field.references,
                    not field.optional,
                    field.on_delete,
                    field_name in key,
                    bool(field.unique) or key == (field_name,),
                    name if own else inheritance.find_declaring(name, field_name) or name,
                )
                found.append(made)
                into.setdefault(field.references, []).append(made)
            out[name] = tuple(found)
        self._out = out
        self._into = {name: tuple(found) for name, found in into.items()}
        self._by_field = {(one.entity, one.field): one for found in out.values() for one in found}
        links: dict[str, list[str]] = {}
        for name, relationship in relationships.items():
            for end in dict.fromkeys(relationship.between):
                links.setdefault(end, []).append(name)
        self._links = {name: tuple(found) for name, found in links.items()}

    def list_from(self, entity: str) -> tuple[Reference, ...]:
        """The references that rows of an entity hold, inherited ones first."""
        return self._out.get(entity, ())

    def list_to(self, entity: str) -> tuple[Reference, ...]:
        """The references that lead to rows of an entity, in the order of the design; those of special cases are theirs, too."""
        return self._into.get(entity, ())

    def find(self, entity: str, field: str) -> Reference | None:
        """The reference that a field is, or None where it is none."""
        return self._by_field.get((entity, field))

    def list_between(self, entity: str, target: str) -> tuple[Reference, ...]:
        """The references from one entity to another."""
        return tuple(one for one in self.list_from(entity) if one.target == target)

    def list_relationships(self, entity: str) -> tuple[str, ...]:
        """The names of the relationships that an entity takes part in."""
        return self._links.get(entity, ())

    def find_whole(self, entity: str) -> Reference | None:
        """The reference to what a row is part of, or None where it stands alone.

        It is a part where it goes with another row (cascade), or where its whole key is made of references.
        """
        found = self.list_from(entity)
        bound = next((one for one in found if one.on_delete == "cascade" and not one.is_self), None)
        if bound is not None:
            return bound
        keys = tuple(one for one in found if one.is_key)
        return keys[0] if keys and len(keys) == len(self._keys.fields(entity)) else None

    def list_going_along(self, entity: str) -> tuple[str, ...]:
        """The entities whose rows are deleted with a row of this one (cascade), and those that go with theirs."""
        found: dict[str, None] = {}
        left = [entity]
        while left:
            for one in self.list_to(left.pop()):
                if one.on_delete == "cascade" and one.entity not in found and one.entity != entity:
                    found[one.entity] = None
                    left.append(one.entity)
        return tuple(found)

    def list_holding(self, entity: str) -> tuple[str, ...]:
        """The entities whose rows hold a row of this one back: they need it, and do not go with it."""
        held = [one for one in self.list_to(entity) if one.is_required and one.on_delete != "cascade"]
        return tuple(dict.fromkeys(one.entity for one in held if not one.is_self))
