"""The parts of statements: where a field is, how its table is reached, what a value is bound to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from archnb.design.conditions import ValueText, read_value
from archnb.model import Model
from archnb.model.identifiers import claim
from archnb.model.lookups import key_column
from archnb.naming import snake
from archnb.planned.entities import AccessPattern, Filter
from archnb.planned.schema import ForeignKey, Schema, Table
from archnb.planned.statements import (
    Among,
    Column,
    Comparison,
    Condition,
    Join,
    Missing,
    Output,
    Predicate,
    Read,
    Source,
    Value,
)

_OPERATORS: Mapping[str, Comparison] = {"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class Located(NamedTuple):
    """A field in a statement: the table and the alias that it is under, and its columns."""

    table: str
    source: str
    columns: tuple[str, ...]


@dataclass
class Scope:
    """The names of one statement: its tables with their joins, and the parameters that it binds."""

    base: str
    joins: dict[tuple[str, str], Join] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sources.append(self.base)

    def name(self, wanted: str) -> str:
        """A parameter's name that no other of the statement has."""
        made = claim(re.sub(r"\W", "_", snake(wanted)), self.parameters)
        self.parameters.append(made)
        return made


class Parts:
    """Makes parts of statements for one entity."""

    def __init__(self, model: Model, schema: Schema, entity: str, fenced: tuple[str, ...] = ()) -> None:
        self.model, self.places, self.schema, self.entity = model, model.places, schema, entity
        self.base = self.places.find_table(entity) or ""
        self.own = fenced
        self.scope = Scope(self.base)

    @property
    def is_relational(self) -> bool:
        """Whether the entity is in a relational store."""
        return self.base in self.schema.tables and self.schema.is_relational(self.base)

    def table(self, name: str) -> Table:
        """A table of the schema."""
        return self.schema.tables[name]

    def chain(self) -> list[str]:
        """The tables of the entity and of what it extends, its own first."""
        found: list[str] = []
        for name in self.model.inheritance.list_ancestry(self.entity):
            table = self.places.find_table(name)
            if table is None or table in found or table not in self.schema.tables:
                break
            found.append(table)
        return found

    # -- where

    def column(self, table: str, column: str, source: str = "") -> Column:
        """A column under an alias."""
        return Column(table=table, column=column, source=source or table, field=self.table(table).columns[column].field)

    def locate(self, path: str) -> Located | None:
        """Where a field is, the tables on the way joined; None where it is kept nowhere."""
        place = self.places.find_field(self.entity, path)
        if place is None or place.table not in self.schema.tables:
            return None
        source = self.base
        for table, key in place.path:
            source = self.follow(table, source, key)
        return Located(place.table, source, place.columns)

    def follow(self, table: str, source: str, key: str) -> str:
        """The alias of what a foreign key of a joined table refers to, joined where it is not yet."""
        made = self.scope.joins.get((source, key))
        if made is None:
            one = self.table(table).foreign_keys[key]
            alias = (
                one.references
                if one.references not in self.scope.sources
                else claim(f"{source}_{one.references}", self.scope.sources)
            )
            self.scope.sources.append(alias)
            pairs = tuple(
                (self.column(table, a, source), self.column(one.references, b, alias))
                for a, b in pair(self.schema, one)
            )
            is_outer = any(self.table(table).columns[column].nullable for column in one.columns)
            made = self.scope.joins[source, key] = Join(table=one.references, source=alias, on=pairs, is_outer=is_outer)
        return made.source

    def reach(self, table: str) -> None:
        """Join a table of the chain to the one before it."""
        at = self.base
        for name in self.chain()[1:]:
            key = next((k for k, one in self.table(at).foreign_keys.items() if one.references == name), None)
            if key is not None:
                self.follow(at, at, key)
            at = name
            if name == table:
                return

    @property
    def joins(self) -> tuple[Join, ...]:
        """The joins so far, each after the one that it starts from."""
        return tuple(self.scope.joins.values())

    def compared(self, place: Located) -> tuple[str, ...]:
        """The columns of a field that are compared: of money the amount."""
        table = self.table(place.table)
        is_money = any(table.columns[one].type == "currency" for one in place.columns) and len(place.columns) > 1
        return (key_column(table, place.columns),) if is_money else place.columns

    def first(self, place: Located) -> Column:
        """The one column by which a field is sorted."""
        return self.column(place.table, key_column(self.table(place.table), place.columns), place.source)

    def is_nullable(self, column: Column) -> bool:
        """Whether rows may lack a value there."""
        if self.table(column.table).columns[column.column].nullable:
            return True
        return any(one.is_outer and one.source == column.source for one in self.joins)

    # -- values

    def bind(
        self,
        column: Column,
        source: Source,
        name: str = "",
        *,
        field: str = "",
        claim: str = "",
        offset: float = 0.0,
        text: str = "",
    ) -> Value:
        """A bound value like those of a column."""
        made = self.scope.name(name or column.column)
        return Value(
            source=source,
            name=text or made,
            like=column,
            parameter=made,
            field=field or column.field,
            claim=claim,
            offset=offset,
        )

    def now(self, column: Column, offset: float = 0.0) -> Value:
        """The moment at which the statement runs, more or less some seconds."""
        span = f"{abs(offset):g}".replace(".", "_")
        # a day is another value than a moment, and has a parameter of its own
        now = "today" if self.table(column.table).columns[column.column].type == "date" else "now"
        name = now if not offset else f"{now}_{'minus' if offset < 0 else 'plus'}_{span}_s"
        if name in self.scope.parameters:
            return Value(source="server", name="now", like=column, parameter=name, offset=offset)
        return self.bind(column, "server", name, offset=offset, text="now")

    def is_case_insensitive(self, column: Column) -> bool:
        """Whether a column is compared without case."""
        return self.table(column.table).columns[column.column].type == "email"

    def given(self, path: str) -> list[Predicate]:
        """The conditions of a field that is given exactly; one that may be missing and is asked for so is found so."""
        place = self.locate(path)
        if place is None:
            return []
        about = self.model.fields(self.entity).get(path)
        prefix = f"{place.table}_" if place.table not in self.chain() else ""
        made: list[Predicate] = []
        for name in self.compared(place):
            column = self.column(place.table, name, place.source)
            is_own = path in self.own
            value = self.bind(
                column, "token" if is_own else "caller", prefix + name, field=path, claim="caller" if is_own else ""
            )
            # a parent is named by its key; a plain value may be asked for where it is missing
            is_plain = about is not None and about.references is None and self.is_nullable(column)
            made.append(
                Condition(
                    left=column,
                    operator="same" if is_plain else "=",
                    value=value,
                    folded=self.is_case_insensitive(column),
                )
            )
        return made

    def filtered(self, one: Filter) -> list[Predicate]:
        """The conditions of a constant filter."""
        place = self.locate(one.field)
        if place is None:
            return []
        columns = self.compared(place)
        if one.comparison in ("is missing", "is present"):
            return [
                Missing(left=self.column(place.table, name, place.source), is_present=one.comparison == "is present")
                for name in columns[:1]
            ]
        column = self.column(place.table, columns[0], place.source)
        values = [self.value(column, read_value(text)) for text in one.values]
        if one.comparison == "in":
            return [Among(left=column, values=tuple(values))]
        operator = _OPERATORS[one.comparison]
        return [Condition(left=column, operator=operator, value=values[0], folded=self.is_case_insensitive(column))]

    def value(self, column: Column, text: ValueText) -> Value:
        """What a value of the design's text is in a statement."""
        if text.kind == "now":
            return self.now(column, text.offset)
        if text.kind in ("caller", "tenant"):
            return self.bind(column, "token", text.kind, claim=text.kind)
        if text.kind == "word" and text.text not in self.table(column.table).columns[column.column].values:
            place = self.locate(text.text)
            if place is not None:
                there = self.first(place)
                return Value(source="row", name=there.column, like=column, column=(there,))
        return Value(source="constant", name=text.text, like=column)

    def readable(self, wanted: tuple[str, ...] = ()) -> tuple[Output, ...]:
        """The columns of the entity and what it extends, without secrets, each once; only those of some fields where they are named."""
        found: dict[str, Output] = {}
        fields = self.model.fields(self.entity)
        asked = {*wanted, *self.model.keys.fields(self.entity)} if wanted else None
        at = self.base
        for n, table in enumerate(self.chain()):
            source = table if not n else next((one.source for one in self.joins if one.table == table), table)
            at = table
            for name, one in self.table(at).columns.items():
                is_secret = one.field in fields and fields[one.field].secret
                if is_secret or (asked is not None and one.field not in asked):
                    continue
                found.setdefault(name, Output(column=self.column(table, name, source), label=name))
        return tuple(found.values())


def pair(schema: Schema, key: ForeignKey) -> tuple[tuple[str, str], ...]:
    """The pairs of columns that find the row of a foreign key: of a key that shares a column besides, those of the primary key."""
    pairs = tuple(zip(key.columns, key.referenced, strict=True))
    primary = schema.tables[key.references].primary_key
    narrow = tuple(one for one in pairs if one[1] in primary)
    return narrow if len(narrow) == len(primary) else pairs


def conditions_of(parts: Parts, pattern: AccessPattern) -> list[Predicate]:
    """What `by`, `where` and `range` ask for, in this order."""
    made: list[Predicate] = []
    for path in pattern.by:
        made += parts.given(path)
    if pattern.range:
        place = parts.locate(pattern.range)
        if place is not None:
            column = parts.first(place)
            low = parts.bind(column, "caller", f"{column.column}_from", field=pattern.range)
            high = parts.bind(column, "caller", f"{column.column}_to", field=pattern.range)
            made += [Condition(left=column, operator=">=", value=low), Condition(left=column, operator="<", value=high)]
    for one in pattern.where:
        made += parts.filtered(one)
    return made


def key_read(parts: Parts, conditions: list[Predicate]) -> Read:
    """The read of the keys of some rows."""
    key = parts.table(parts.base).primary_key
    columns = tuple(Output(column=parts.column(parts.base, one), label=one) for one in key)
    return Read(
        table=parts.base,
        source=parts.base,
        entity=parts.entity,
        columns=columns,
        joins=parts.joins,
        conditions=tuple(conditions),
    )


__all__ = ["Located", "Parts", "Scope", "conditions_of", "key_read", "pair"]
