"""Where things live: the main store, the store of an entity and its copies, its table, the columns that hold a field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from archnb.design.entities import Entity
from archnb.design.schema import ForeignKey, SchemaTable, Store
from archnb.engines import Engine, find_engine, is_relational, propose_engine
from archnb.model.inheritance import Inheritance
from archnb.naming import plural, snake

# what the main store is called where there is none yet
USUAL_STORE = "main"


def find_main(stores: Mapping[str, Store]) -> str:
    """The name of the main store: the first relational one, or else the first."""
    return next(
        (name for name, store in stores.items() if is_relational(store.engine)), next(iter(stores), USUAL_STORE)
    )


class Place(NamedTuple):
    """The columns of one table that hold a field, and the foreign keys passed on the way there."""

    table: str
    columns: tuple[str, ...]
    path: tuple[tuple[str, str], ...] = ()


class Places:
    """The stores and tables of a design as far as they are known: as said, and once the schema is complete, all of them."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        stores: Mapping[str, Store],
        tables: Mapping[str, SchemaTable],
        inheritance: Inheritance,
    ) -> None:
        self._entities, self._inheritance = entities, inheritance
        self.stores, self.tables = stores, tables
        self.main = find_main(stores)
        self._homes: dict[str, str] = {}
        self._copies: dict[str, list[str]] = {}
        for name, store in stores.items():
            for entity in store.holds:
                self._homes.setdefault(entity, name)
            for entity in store.copies:
                self._copies.setdefault(entity, []).append(name)
        self._tables: dict[str, str] = {}
        for name, table in tables.items():
            if table.entity is not None:
                self._tables.setdefault(table.entity, name)
        self._fields: dict[tuple[str, str], Place | None] = {}
        self._referring: dict[str, list[tuple[str, ForeignKey]]] | None = None

    # -- stores

    def find_home(self, entity: str | None) -> str:
        """The store that an entity lives in; the main one where no store says that it holds it."""
        return self._homes.get(entity or "", self.main)

    def find_said_home(self, entity: str | None) -> str | None:
        """The store that says it holds an entity, or None."""
        return self._homes.get(entity or "")

    def list_copies(self, entity: str | None) -> tuple[str, ...]:
        """The stores that hold a copy of an entity."""
        return tuple(self._copies.get(entity or "", ()))

    def engine(self, store: str) -> Engine:
        """The engine of a store; one that says none is of the kind that is proposed."""
        found = self.stores.get(store)
        return find_engine(found.engine if found is not None else None) or propose_engine("relational")

    def is_relational_store(self, store: str) -> bool:
        """Whether a store is a relational database."""
        return self.engine(store).is_relational

    @property
    def main_engine(self) -> Engine:
        """The engine of the main store."""
        return self.engine(self.main)

    # -- tables

    def engine_of(self, table: SchemaTable) -> Engine:
        """The engine of a table's store."""
        return self.engine(table.store or self.main)

    def is_relational(self, table: SchemaTable) -> bool:
        """Whether a table is in a relational store."""
        return self.engine_of(table).is_relational

    def find_table(self, entity: str | None) -> str | None:
        """The name of the table that an entity (or a relationship) is kept in, or None."""
        if entity is None:
            return None
        found = self._tables.get(entity)
        if found is not None:
            return found
        plain = snake(entity)
        # of tables that name no entity, the one of its name, in the order of the tables where there are several
        free = {one for one in (entity, plain, plural(plain)) if one in self.tables and self.tables[one].entity is None}
        return next((name for name in self.tables if name in free), None) if len(free) > 1 else next(iter(free), None)

    def list_key_columns(self, entity: str) -> tuple[str, ...]:
        """The columns of the primary key of an entity's table; none where it has no table yet."""
        table = self.find_table(entity)
        return self.tables[table].primary_key if table is not None else ()

    def list_referring(self, table: str) -> Sequence[tuple[str, ForeignKey]]:
        """The foreign keys that lead to a table, with the tables that hold them, in the order of the schema."""
        if self._referring is None:
            self._referring = {}
            for name, other in self.tables.items():
                for key in other.foreign_keys.values():
                    if key.references is not None:
                        self._referring.setdefault(key.references, []).append((name, key))
        return self._referring.get(table, ())

    def find_field(self, entity: str, field: str) -> Place | None:
        """Where an entity's field lives: in its table, in a parent's, or one reference away (`customer.country`).

        `path` names (table, foreign key) for each join between the entity's table and the place.
        """
        asked = (entity, field.lstrip("-"))
        if asked not in self._fields:
            # while it is looked for, a field that leads back to itself is nowhere
            self._fields[asked] = None
            self._fields[asked] = self._search_field(*asked)
        return self._fields[asked]

    def _search_field(self, entity: str, field: str) -> Place | None:
        first, _, rest = field.partition(".")
        start = self.find_table(entity)
        if start is None:
            return None
        at, path = start, tuple[tuple[str, str], ...]()
        for name in self._inheritance.list_ancestry(entity):
            here = self.find_table(name)
            if here is None:
                return None
            if here != at:
                key = self._find_key_between(at, here)
                if key is None:
                    return None
                path, at = (*path, (at, key)), here
            columns = _find_columns(self.tables[here], first)
            if columns:
                # a shared primary key is found in the child's own table first
                place = Place(here, columns, path)
                return self._follow(name, place, first, rest) if rest else place
        if first == "id":
            key_columns = self.tables[start].primary_key
            return Place(start, key_columns) if key_columns else None
        return None

    def _find_key_between(self, source: str, target: str) -> str | None:
        keys = self.tables[source].foreign_keys
        return next((name for name, key in keys.items() if key.references == target), None)

    def _follow(self, entity: str, place: Place, field: str, rest: str) -> Place | None:
        own = self._inheritance.fields(entity).get(field)
        if own is None or own.references is None:
            return None
        keys = self.tables[place.table].foreign_keys
        key = next((name for name, one in keys.items() if set(one.columns) == set(place.columns)), None)
        there = self.find_field(own.references, rest)
        if key is None or there is None:
            return None
        return Place(there.table, there.columns, (*place.path, (place.table, key), *there.path))


def _find_columns(table: SchemaTable, field: str) -> tuple[str, ...]:
    found = tuple(name for name, column in table.columns.items() if column.field == field)
    if found:
        return found
    for name in (field, snake(field), f"{snake(field)}_id", f"{snake(field)}_amount"):
        if name in table.columns and table.columns[name].field is None:
            return (name,)
    return ()
