"""The physical schema, completed: every table in a store that exists, every column with its nullability, every split known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from archnb.design.entities import OnDelete
from archnb.design.record import Named
from archnb.engines import is_relational
from archnb.planned.record import Planned


@dataclass(frozen=True, kw_only=True)
class Store(Planned):
    """One database: its engine, what it is the truth of, and what it holds a copy of, from which store."""

    engine: str
    purpose: str
    holds: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    # '' where it holds no copies
    fed_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Column(Planned):
    """A column. A length of 0 is none; an empty default or native type is none."""

    type: str
    length: int = 0
    scale: int = 0
    values: tuple[str, ...] = ()
    nullable: bool = False
    default: str = ""
    is_generated: bool = False
    native: str = ""
    # the field that it is for, '' where it is the schema's own
    field: str = ""
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class ForeignKey(Planned):
    """Columns whose values are keys of another table; `referenced` names the columns there."""

    columns: tuple[str, ...]
    references: str
    referenced: tuple[str, ...]
    on_delete: OnDelete = "no action"
    on_update: OnDelete = "no action"


@dataclass(frozen=True, kw_only=True)
class Index(Planned):
    """An index; a column that starts with '-' is descending, and an empty `where` is all rows."""

    columns: tuple[str, ...]
    unique: bool = False
    where: str = ""
    method: str = "btree"
    include: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Check(Planned):
    """A condition that every row fulfils."""

    condition: str


@dataclass(frozen=True, kw_only=True)
class Unique(Planned):
    """Columns whose values together are unique, among the rows that fulfil `where`; an empty one is all rows."""

    columns: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class Exclusion(Planned):
    """Two rows that agree in `columns` never overlap from `start` to `end`; an end that is NULL is open.

    holds_end: whether the end itself belongs to the row. where: among which rows, '' for all.
    """

    columns: tuple[str, ...]
    start: str
    end: str
    holds_end: bool = False
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class Split(Planned):
    """How a table is split: not at all, by ranges of its columns, by lists of their values, or by a hash into `parts`."""

    kind: Literal["none", "range", "hash", "list"] = "none"
    columns: tuple[str, ...] = ()
    parts: int = 0
    # how long a piece of a range lasts, '' where nobody says
    every: Literal["", "day", "week", "month"] = ""
    # the columns that are in the primary key for the split's sake alone
    added: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table(Planned):
    """A table of a store. `entity` is the entity or relationship that it is for, '' where the schema alone has it."""

    entity: str = ""
    store: str
    columns: Named[Column]
    primary_key: tuple[str, ...] = ()
    uniques: Named[Unique]
    checks: Named[Check]
    exclusions: Named[Exclusion]
    foreign_keys: Named[ForeignKey]
    indexes: Named[Index]
    split: Split = Split()
    # rows of an entity, requests that may come twice, or messages that are still to be sent
    role: Literal["entity", "idempotency", "outbox"] = "entity"
    # how long a row is kept, in seconds; 0 where rows do not expire
    retention: float = 0.0
    # how the design says it
    partition_by: str = ""
    # the column that says of a row that it is deleted, '' where rows are deleted
    soft_delete: str = ""
    # whether the engine refuses to change or delete a row
    append_only: bool = False
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Schema(Planned):
    """The schema. `main` is the store that is the source of truth."""

    stores: Named[Store]
    tables: Named[Table]
    naming: Literal["singular", "plural"]
    main: str

    @cached_property
    def _referring(self) -> Mapping[str, tuple[tuple[str, ForeignKey], ...]]:
        found: dict[str, list[tuple[str, ForeignKey]]] = {}
        for name, table in self.tables.items():
            for key in table.foreign_keys.values():
                found.setdefault(key.references, []).append((name, key))
        return {name: tuple(keys) for name, keys in found.items()}

    def list_referring(self, table: str) -> tuple[tuple[str, ForeignKey], ...]:
        """The foreign keys that refer to a table, each with the table that has it."""
        return self._referring.get(table, ())

    def store_of(self, table: str) -> Store:
        """The store that a table is in."""
        return self.stores[self.tables[table].store]

    def is_relational(self, table: str) -> bool:
        """Whether a table is in a relational database."""
        return is_relational(self.store_of(table).engine)
