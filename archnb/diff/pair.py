"""Two plans side by side: which table and which operation of the one is which of the other, and which path of the design
something may follow from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from archnb.design.entities import list_ancestry
from archnb.diff.renames import Renames
from archnb.naming import snake
from archnb.planned import Backend
from archnb.planned.api import Contract, normalise
from archnb.planned.schema import Table

if TYPE_CHECKING:
    from archnb.plan import Plan


@dataclass(frozen=True)
class Pair:
    """The old plan and the new one."""

    before: Plan
    after: Plan

    @cached_property
    def renames(self) -> Renames:
        """What is called otherwise."""
        return Renames(self.before, self.after)

    @property
    def old(self) -> Backend:
        """What was concluded before."""
        return self.before.planned

    @property
    def new(self) -> Backend:
        """What is concluded now."""
        return self.after.planned

    # -- what is which

    @cached_property
    def tables(self) -> Mapping[str, str]:
        """The old name of each table that is in both, by its new one: the table of the same entity in the same place, or of the same name."""
        by_entity: dict[str, list[str]] = {}
        for name, table in self.old.schema.tables.items():
            if table.entity:
                by_entity.setdefault(self.renames.entity_onwards(table.entity), []).append(name)
        found: dict[str, str] = {}
        taken: set[str] = set()
        for name, table in self.new.schema.tables.items():
            there = self.old.schema.tables.get(name)
            if there is not None and self.renames.entity_onwards(there.entity) == table.entity:
                found[name] = name
                taken.add(name)
        for name, table in self.new.schema.tables.items():
            if name not in found and table.entity:
                left = [one for one in by_entity.get(table.entity, ()) if one not in taken]
                same = [one for one in left if self.old.schema.tables[one].store == table.store] or left
                if same:
                    found[name] = same[0]
                    taken.add(same[0])
        return found

    @cached_property
    def tables_onwards(self) -> Mapping[str, str]:
        """What each table of the old version that is in both is called by now."""
        return {was: now for now, was in self.tables.items()}

    @cached_property
    def _table_of(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for name in self.tables:
            found.setdefault(self.new.schema.tables[name].entity, name)
        return found

    def table_of(self, entity: str) -> str:
        """The table in both that an entity, by its new name, is kept in; '' where there is none."""
        return self._table_of.get(entity, "")

    @cached_property
    def paged_patterns(self) -> frozenset[str]:
        """The access patterns of the new version whose answers come in pages."""
        return frozenset(one.pattern or name for name, one in self.new.api.operations.items() if one.is_paged)

    @cached_property
    def made_fields(self) -> frozenset[tuple[str, str]]:
        """The entity and field of each column of the new version whose value the database makes."""
        tables = self.new.schema.tables.values()
        return frozenset(
            (table.entity, one.field) for table in tables for one in table.columns.values() if one.is_generated
        )

    @cached_property
    def operations(self) -> Mapping[str, str]:
        """The old name of each operation that is in both, by its new one: of the same name, else at the same address, else
        doing the same to an entity that is called otherwise by now.
        """
        old, new = self.old.api.operations, self.new.api.operations
        found = {name: name for name in new if name in old}
        for sign in (_address, self._deed):
            # what does the same twice is no pair
            taken = set(found.values())
            left = _by_sign({name: one for name, one in old.items() if name not in taken}, sign, is_old=True)
            for name, one in new.items():
                if name in found:
                    continue
                names = left.get(sign(one, is_old=False), ())
                if len(names) == 1:
                    found[name] = names[0]
                    left.pop(sign(one, is_old=False))
        return found

    def _deed(self, one: Contract, *, is_old: bool) -> tuple[str, ...]:
        entity = self.renames.entity_onwards(one.entity) if is_old else one.entity
        was = one.entity if is_old else self.renames.entities.get(one.entity, "")
        # only of an entity that is called otherwise
        return (one.action, one.method, entity, was) if entity and entity != was else (one.method, one.path)

    # -- whom it follows from

    def causes_of_field(self, entity: str, field: str) -> tuple[str, ...]:
        """Where a field of an entity, by their new names, may be said: there, or where it is inherited from."""
        design = self.after.design if entity in self.after.design.entities else self.before.design
        if entity not in design.entities:
            return (f"relationships.{entity}.fields.{field}", f"relationships.{entity}")
        return tuple(f"entities.{one}.fields.{field}" for one in list_ancestry(design.entities, entity))

    def causes_of_columns(self, table: Table, columns: Iterable[str], *, is_old: bool) -> tuple[str, ...]:
        """Where the fields of some columns of a table may be said."""
        entity = self.renames.entity_onwards(table.entity) if is_old else table.entity
        return tuple(dict.fromkeys(self._list_causes(table, entity, columns, is_old=is_old)))

    def _list_causes(self, table: Table, entity: str, columns: Iterable[str], *, is_old: bool) -> Iterator[str]:
        bare = [one.removeprefix("-") for one in columns]
        for name in bare:
            column = table.columns.get(name)
            if column is not None and column.field and entity:
                field = self.renames.field_onwards(entity, column.field) if is_old else column.field
                yield from self.causes_of_field(entity, field)
        # a reference is as wide as the key that it refers to
        backend = self.old if is_old else self.new
        for key in table.foreign_keys.values():
            if not set(bare).isdisjoint(key.columns) and key.references in backend.schema.tables:
                target = backend.schema.tables[key.references]
                for name in key.referenced:
                    column = target.columns.get(name)
                    if column is not None and column.field:
                        owner = self.renames.entity_onwards(target.entity) if is_old else target.entity
                        field = self.renames.field_onwards(owner, column.field) if is_old else column.field
                        yield from self.causes_of_field(owner, field)

    def causes_of_operation(self, name: str, contract: Contract, field: str = "") -> tuple[str, ...]:
        """Where what an operation, by its new name, takes and gives may be said; `field`: of which property."""
        return tuple(dict.fromkeys(self._list_operation_causes(name, contract, field)))

    def _list_operation_causes(self, name: str, contract: Contract, field: str) -> Iterator[str]:
        entities = self.list_entities(name, contract)
        if field:
            for entity in entities:
                yield from self.causes_of_field(entity, field)
        pattern = contract.pattern or name
        yield from (f"access.{pattern}", f"api.operations.{name}")
        yield from (f"entities.{entity}" for entity in entities)

    def list_entities(self, name: str, contract: Contract) -> list[str]:
        """The entities, by their new names, whose fields an operation takes or gives: its own, what it includes, what its steps touch."""
        found = [contract.entity]
        pattern = self.new.entities.access.get(contract.pattern or name)
        if pattern is not None:
            found += [*pattern.include, *(step.entity or "" for step in pattern.steps)]
        return [one for one in dict.fromkeys(found) if one]

    def find_field(self, entities: Iterable[str], element: str, *, is_old: bool) -> str:
        """The field, by its new name, that a property of a body stands for; '' where none does."""
        design = (self.before if is_old else self.after).planned.entities.entities
        for entity in entities:
            name = self.renames.entities.get(entity, entity) if is_old else entity
            if name not in design:
                continue
            for field in design[name].fields:
                if element in (field, snake(field), f"{snake(field)}_id"):
                    return self.renames.field_onwards(entity, field) if is_old else field
        return ""

    # -- how many

    def count_rows(self, entity: str) -> str:
        """How many rows an entity, by its new name, or a relationship has in the old version, in words; '' where nobody said."""
        design = self.before.design
        one = design.entities.get(self.renames.entities.get(entity, entity)) or design.relationships.get(entity)
        return f"{one.rows} rows" if one is not None and one.rows is not None else ""


def _address(one: Contract, *, is_old: bool) -> tuple[str, ...]:
    return one.method, normalise(one.path)


def _by_sign(operations: Mapping[str, Contract], sign: object, *, is_old: bool) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for name, one in operations.items():
        found.setdefault(sign(one, is_old=is_old), []).append(name)  # type: ignore[operator]
    return found
