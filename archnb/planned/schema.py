"""The physical schema, completed: every table in a store that exists, every column with its nullability, every split known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.entities import OnDelete
from archnb.design.record import Named
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
    """Columns whose values together are unique."""

    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Split(Planned):
    """How a table is split: not at all, by ranges of its columns, by lists of their values, or by a hash into `parts`."""

    kind: Literal["none", "range", "hash", "list"] = "none"
    columns: tuple[str, ...] = ()
    parts: int = 0


@dataclass(frozen=True, kw_only=True)
class Table(Planned):
    """A table of a store. `entity` is the entity or relationship that it is for, '' where the schema alone has it."""

    entity: str = ""
    store: str
    columns: Named[Column]
    primary_key: tuple[str, ...] = ()
    uniques: Named[Unique]
    checks: Named[Check]
    foreign_keys: Named[ForeignKey]
    indexes: Named[Index]
    split: Split = Split()
    # how the design says it
    partition_by: str = ""
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Schema(Planned):
    """The schema. `main` is the store that is the source of truth."""

    stores: Named[Store]
    tables: Named[Table]
    naming: Literal["singular", "plural"]
    main: str

    def store_of(self, table: str) -> Store:
        """The store that a table is in."""
        return self.stores[self.tables[table].store]
