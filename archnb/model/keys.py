"""What identifies a row: the fields of the primary key, who makes their values, and what else is unique."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from archnb.design.entities import Entity, Field
from archnb.model.inheritance import Inheritance
from archnb.naming import snake

# a key of one such field is numbered by the database
_NUMBERED = ("int", "bigint")
# made by the server where they are keys: nobody can choose one that is unique
_DRAWN = ("uuid", "code")


@dataclass(frozen=True)
class Key:
    """The primary key of an entity: the entity that declares it, its fields, and whether the server makes all of them."""

    entity: str
    fields: tuple[str, ...]
    is_generated: bool
    # False where nobody said a key, and each row gets a number named `id`
    is_declared: bool

    @property
    def is_composite(self) -> bool:
        """Whether it takes several fields."""
        return len(self.fields) > 1


# what a row is known by where nothing is said
_NUMBER = ("id",)


class Keys:
    """The keys of all entities. A special case shares the key of the general one, whatever it declares besides."""

    def __init__(self, entities: Mapping[str, Entity], inheritance: Inheritance) -> None:
        self._entities, self._inheritance = entities, inheritance
        self._keys: dict[str, Key] = {}
        self._uniques: dict[str, tuple[tuple[str, ...], ...]] = {}

    def find(self, entity: str) -> Key:
        """The key of an entity: `key:` as said, else the fields marked `key` and the first of type key, else a numbered `id`."""
        if entity not in self._keys:
            root = self._inheritance.find_root(entity)
            self._keys[entity] = self._read(root) if root == entity else self.find(root)
        return self._keys[entity]

    def fields(self, entity: str) -> tuple[str, ...]:
        """The fields of the key."""
        return self.find(entity).fields

    def _read(self, entity: str) -> Key:
        record = self._entities.get(entity)
        if record is None:
            return Key(entity, _NUMBER, True, False)
        found = tuple(name for name in record.key if name in record.fields)
        if not found:
            numbered = next((name for name, field in record.fields.items() if field.type == "key"), None)
            found = tuple(name for name, field in record.fields.items() if field.key or name == numbered)
        if not found:
            return Key(entity, _NUMBER, True, False)
        is_generated = all(_is_made(entity, name, record.fields[name], len(found) == 1) for name in found)
        return Key(entity, found, is_generated, True)

    def is_in_key(self, entity: str, field: str) -> bool:
        """Whether a field is (part of) the key."""
        return field in self.find(entity).fields

    def is_made_by_server(self, entity: str, field: str) -> bool:
        """Whether a field is part of the key and its value made by the server: numbered, or drawn at random."""
        key, fields = self.find(entity), self._inheritance.fields(entity)
        if field not in key.fields:
            return False
        return not key.is_declared or (
            field in fields and _is_made(key.entity, field, fields[field], not key.is_composite)
        )

    def list_uniques(self, entity: str) -> tuple[tuple[str, ...], ...]:
        """Every set of fields that only one row can have: the key, each unique field, each unique combination."""
        if entity not in self._uniques:
            found = [self.find(entity).fields]
            found += [(name,) for name, field in self._inheritance.fields(entity).items() if field.unique]
            for name in self._inheritance.list_ancestry(entity):
                found += [tuple(part.strip() for part in one.split("+")) for one in self._entities[name].unique]
            self._uniques[entity] = tuple(dict.fromkeys(found))
        return self._uniques[entity]

    def is_one_row(self, entity: str, given: Collection[str]) -> bool:
        """Whether at most one row has given values in these fields: they cover the key, or something unique."""
        # `id` is understood for the key of one field, whatever its name
        known = {*given, *self.find(entity).fields} if "id" in given and not self.find(entity).is_composite else given
        return any(all(field in known for field in fields) for fields in self.list_uniques(entity))


def _is_made(entity: str, name: str, field: Field, is_alone: bool) -> bool:
    if field.references is not None:
        return False
    if field.type == "key" or field.type in _DRAWN:
        return True
    return is_alone and field.type in _NUMBERED and snake(name) in ("id", f"{snake(entity)}_id")
