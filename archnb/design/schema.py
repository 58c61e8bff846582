"""The physical schema: stores, tables, columns, keys, indexes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from archnb.design.declaration import DURATION, TIME, Range, Refers, said
from archnb.design.entities import OnDelete
from archnb.design.record import Fault, Named, Record
from archnb.engines import STORE_ENGINES
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Store(Record):
    """One database: its engine, what it is the source of truth for, and what it holds a copy of."""

    engine: str | None = said(
        "Which database?", words=STORE_ENGINES, example="postgresql", also=("database", "type", "technology")
    )
    purpose: str | None = said("What is it for?", example="the source of truth for orders")
    holds: tuple[str, ...] = said(
        "Which entities live in it?", default=(), example="Order, OrderLine", refers="entity", also=("entities",)
    )
    copies: tuple[str, ...] = said(
        "Which entities does it hold a copy of?", default=(), example="Product", refers="entity"
    )
    fed_by: str | None = said("Which store are the copies from?", example="main", refers="store")


@dataclass(frozen=True, kw_only=True)
class Column(Record):
    """A column: a logical type as fields have it, and the engine's own type where that says more."""

    type: str | None = said("What kind of value?", example="text", refers="type")
    length: int | None = said("How long at most?", example="200", within=Range(least="0", most="1T", is_whole=True))
    scale: int | None = said(
        "How many digits after the point?", example="2", within=Range(least="-1000", most="1000", is_whole=True)
    )
    values: tuple[str, ...] = said("Which words are allowed?", default=(), example="new, paid")
    nullable: bool | None = said("May it be NULL?", example="false", also=("optional", "null"))
    default: str | None = said("Which default?", example="now()")
    is_generated: bool | None = said("Does the database number the rows?", example="true")
    native: str | None = said("Which type of the engine exactly?", example="tsvector")
    field: str | None = said("Which field is it for?", example="placed_at")
    comment: str | None = said("What does it mean?", example="personal data")

    def find_faults(self) -> Iterator[Fault]:
        """A type is missing: a table that says its columns says them whole."""
        if self.type is None:
            yield Fault("", "a type is missing", "write for instance 'type: text'; see archnb.types()")


@dataclass(frozen=True, kw_only=True)
class ForeignKey(Record):
    """Columns whose values are keys of another table."""

    columns: tuple[str, ...] = said("Which columns?", default=(), example="customer_id", refers="column of the table")
    references: str | None = said("Which table?", example="customer", refers="table")
    referenced: tuple[str, ...] = said(
        "Which columns there?", default=(), example="id", refers="column of the referenced table"
    )
    on_delete: OnDelete | None = said("What happens when the row there goes?", example="restrict")
    on_update: OnDelete | None = said("What happens when the key there changes?", example="no action")


@dataclass(frozen=True, kw_only=True)
class Index(Record):
    """An index: equality columns, then the range column, then the sort; a column that starts with '-' is descending."""

    columns: tuple[str, ...] = said(
        "Which columns, in order?",
        default=(),
        example="customer_id, -placed_at",
        refers=Refers("column of the table", strip="-"),
    )
    unique: bool | None = said("Is it unique?", example="false")
    where: str | None = said("For which rows only?", example="status = 'open'")
    method: str | None = said("Which access method?", example="btree")
    include: tuple[str, ...] = said(
        "Which columns ride along?", default=(), example="total", refers="column of the table"
    )
    serves: tuple[str, ...] = said(
        "Which access patterns need it?", default=(), example="orders_of_customer", refers="access pattern"
    )


@dataclass(frozen=True, kw_only=True)
class Check(Record):
    """A condition that every row fulfils."""

    condition: str | None = said("Which condition?", example="total_amount >= 0")


@dataclass(frozen=True, kw_only=True)
class Unique(Record):
    """Columns whose values together are unique."""

    columns: tuple[str, ...] = said("Which columns?", default=(), example="email", refers="column of the table")
    where: str | None = said("Among which rows only?", example="deleted_at IS NULL")


@dataclass(frozen=True, kw_only=True)
class Exclusion(Record):
    """Two rows that agree in some columns never overlap between two others."""

    columns: tuple[str, ...] = said("Which columns agree?", default=(), example="room_id", refers="column of the table")
    start: str | None = said("Where does a row begin?", example="starts_at", refers="column of the table")
    end: str | None = said("Where does it end?", example="ends_at", refers="column of the table")
    holds_end: bool | None = said(
        "Does the end itself belong to it?",
        example="false",
        help="So do the last days of a leave; a booking may begin when another ends.",
    )
    where: str | None = said("Among which rows only?", example="status IN ('held', 'booked')")

    def find_faults(self) -> Iterator[Fault]:
        """Both ends are said."""
        if self.start is None or self.end is None:
            yield Fault(
                "", "where a row begins or ends is missing", "say both, for instance start: starts_at and end: ends_at"
            )


@dataclass(frozen=True, kw_only=True)
class SchemaTable(Record):
    """A table (or collection, or item type) of one store."""

    entity: str | None = said(
        "Which entity, or relationship, is it for?", example="Order", refers="entity or relationship"
    )
    store: str | None = said("In which store?", example="main", refers="store")
    columns: Named[Column] = said("Which columns?", default=dict)
    primary_key: tuple[str, ...] = said(
        "Which columns are the primary key?", default=(), example="id", refers="column of the table"
    )
    uniques: Named[Unique] = said("What is unique?", default=dict)
    checks: Named[Check] = said("Which conditions hold?", default=dict)
    exclusions: Named[Exclusion] = said("Which rows may not overlap?", default=dict)
    foreign_keys: Named[ForeignKey] = said("What does it refer to?", default=dict)
    indexes: Named[Index] = said("Which indexes?", default=dict)
    partition_by: str | None = said("How is it partitioned?", example="range (placed_at) monthly")
    soft_delete: str | None = said(
        "Which column says that a row is deleted, while it stays?", example="deleted_at", refers="column of the table"
    )
    append_only: bool | None = said("Does the engine refuse to change or delete its rows?", example="true")
    role: Literal["entity", "idempotency", "outbox"] | None = said(
        "What does it hold?",
        example="outbox",
        proposed="entity",
        help="Rows of an entity, the requests that may come twice, or the messages that are still to be sent.",
    )
    retention: Quantity | None = said("How long is a row kept?", unit=TIME, example="24 h", within=DURATION)
    comment: str | None = said("What is it for?", example="one row per order")


@dataclass(frozen=True, kw_only=True)
class Schema(Record):
    """The schema section."""

    stores: Named[Store] = said("Which databases?", default=dict)
    tables: Named[SchemaTable] = said("Which tables?", default=dict, keys=Refers("table", unless=("columns", "entity")))
    naming: Literal["singular", "plural"] | None = said(
        "Are tables named in the singular?", example="singular", proposed="singular"
    )
