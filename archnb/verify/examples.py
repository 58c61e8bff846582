"""The things that the examples of the API speak of, as rows: so that each example, sent as it is written, finds what it names.

There is one story in the examples: what one of them creates, the next one reads. Who creates it need not be there before;
all else that is named by its key is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from archnb.design.conditions import read_value
from archnb.design.entities import Field
from archnb.model.write_words import VERSION
from archnb.planned import Operation
from archnb.planned.api import CHANGES, MONEY_SCHEMA, Contract
from archnb.planned.auth import Grant
from archnb.planned.entities import Filter
from archnb.planned.schema import Schema
from archnb.planned.statements import Condition
from archnb.serve.binding import read_constant
from archnb.serve.records import Record, Records
from archnb.serve.tokens import Caller
from archnb.serve.versions import WHOLE
from archnb.serve.wire import MisfitError, from_json
from archnb.verify.rows import Row

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any
Named = dict[tuple[str, str], dict[str, Json]]


def list_example_rows(plan: Plan, records: Records, *, is_told: bool = False) -> dict[str, list[Row]]:
    """The rows that the examples name, by table: their keys and what they refer to, as plain Python values.

    is_told: with those that an example makes under a key that the caller gives, as they are once the story is told.
    """
    things: dict[tuple[str, str], dict[str, Json]] = {}
    for contract in plan.planned.api.operations.values():
        if contract.entity and records.is_served(contract.entity):
            for entity, values in _list_things(records, contract):
                key = {name: values.get(name) for name in records.model.keys.fields(entity)}
                if None not in key.values() and records.is_served(entity):
                    known = things.setdefault((entity, repr(sorted(key.items()))), {})
                    known.update({name: value for name, value in values.items() if name not in known})
    created = {
        one.entity for one in plan.planned.api.operations.values() if one.action == "create" and one.status < 300
    }
    made: dict[str, list[Row]] = {}
    for (entity, _), values in things.items():
        if not is_told and entity in created and not _is_numbered(records, entity):
            # an example makes it, under the key that the caller gives
            continue
        for table, row in _write_row(records, entity, values).items():
            if row not in made.setdefault(table, []):
                made[table].append(row)
    return made


def _is_numbered(records: Records, entity: str) -> bool:
    """Whether the server makes the key."""
    keys = records.model.keys
    return all(keys.is_made_by_server(entity, name) for name in keys.fields(entity))


def _list_things(records: Records, contract: Contract) -> Iterator[tuple[str, dict[str, Json]]]:
    entity = contract.entity
    names = {name: field for field, name in records.model.properties.names(entity).items()}
    given = {one.field: one.example for one in contract.parameters.values() if one.field and "." not in one.field}
    yield from _follow(records, entity, given)
    response = contract.response
    bodies = response.example.get("items", []) if response.is_list else [response.example]
    for body in [*bodies, contract.request.example]:
        if isinstance(body, Mapping):
            yield from _read_body(records, entity, body, names)


def _read_body(
    records: Records, entity: str, body: Mapping[str, Json], names: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Json]]]:
    """The thing of a body, and what is within it."""
    values = {names[name]: value for name, value in body.items() if name in names}
    yield from _follow(records, entity, values)
    for embed in records.model.properties.embeds(entity).values():
        inner = body.get(embed.name)
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, Mapping):
                below = {name: field for field, name in records.model.properties.names(embed.entity).items()}
                own = dict(one)
                if (
                    embed.is_many
                    and embed.via
                    and all(values.get(k) is not None for k in records.model.keys.fields(entity))
                ):
                    key = {name: values[name] for name in records.model.keys.fields(entity)}
                    back = records.model.properties.names(embed.entity)[embed.via]
                    own.setdefault(back, records.write_key(entity, key))
                yield from _read_body(records, embed.entity, own, below)


def _follow(records: Records, entity: str, values: Mapping[str, Json]) -> Iterator[tuple[str, dict[str, Json]]]:
    """A thing with its key and what it refers to, and each of those by its key alone."""
    fields, kept = records.model.properties.fields(entity), dict[str, Json]()
    key = records.model.keys.fields(entity)
    for name, value in values.items():
        said = fields.get(name)
        if said is None or value is None:
            continue
        if said.references is not None:
            kept[name] = value
            yield from _follow(records, said.references, records.read_key(said.references, value))
        elif name in key:
            kept[name] = value
    yield entity, kept


def _list_shared(schema: Schema, table: str) -> set[str]:
    """The currencies of a table that others must agree with, since a foreign key holds them together."""
    return {
        name
        for one in schema.tables.values()
        for key in one.foreign_keys.values()
        for name in (key.referenced if key.references == table and len(key.columns) > 1 else ())
        if schema.tables[table].columns[name].type == "currency"
    }


def _write_row(records: Records, entity: str, values: Mapping[str, Json]) -> dict[str, Row]:
    """A thing as rows of its tables; the key stands in each of them."""
    made: dict[str, Row] = {table: {} for table in records.chain(entity)}
    for name, value in values.items():
        for cell in records.cells(entity, name):
            part = value.get(cell.part) if cell.part and isinstance(value, Mapping) else value
            try:
                made[cell.table][cell.name] = from_json(part, cell.column)
            except MisfitError:
                return {}
    chain = records.chain(entity)
    for child, parent in itertools.pairwise(chain):
        for one in records.schema.tables[child].foreign_keys.values():
            if one.references == parent:
                for mine, theirs in zip(one.columns, one.referenced, strict=True):
                    known = made[child].get(mine, made[parent].get(theirs))
                    if known is not None:
                        made[child][mine] = made[parent][theirs] = known
    for table in chain:
        for name in _list_shared(records.schema, table):
            # amounts of several things must be in one currency, and those of the examples are
            made[table].setdefault(name, MONEY_SCHEMA["examples"][0]["currency"])
        column = records.schema.tables[table].columns.get(VERSION)
        if column is not None and column.type in WHOLE:
            made[table].setdefault(VERSION, CHANGES)
    return made


class Stage:
    """What one example needs to be as it is told: before a row is made it is not there, and a change finds one that it may change."""

    def __init__(self, plan: Plan, records: Records) -> None:
        self.model, self.records, self.database = plan.model, records, records.database

    def set(self, operation: Operation, caller: Caller | None) -> None:
        """Prepare the rows of an operation's example; where callers may do it with rows of theirs, it is the caller's."""
        contract, pattern = operation.contract, operation.patterns[0] if operation.patterns else None
        if pattern is None or not contract.entity:
            return
        grant = operation.grants.get(caller.role) if caller is not None else None
        self.provide(operation)
        if pattern.kind == "create":
            # a row of a stream may be sent twice, and none is ever taken away
            if not self.model.lifetimes.is_append_only(contract.entity):
                self._clear(contract.entity, self._list_kept(contract))
            if grant is not None and caller is not None:
                self._give(grant, caller, contract.entity, self._read(contract))
            return
        found = self.records.find(contract.entity, self._find_key(contract)) if self._find_key(contract) else []
        is_said = operation.name in self.model.design.access
        step = self.model.writes.find_precondition(operation.name) if is_said else None
        if step is not None:
            # others in the state that is reached may stand in the way
            keys = [self.records.key_of(contract.entity, one) for one in found]
            kept = [self.records.write_key(contract.entity, one) for one in keys]
            self._clear(contract.entity, [*kept, *self._list_kept(contract)])
        for record in found:
            for one in pattern.where:
                self._fulfil(contract.entity, record, one.field, one)
            if step is not None:
                self._change(contract.entity, record, step.field, step.states[0])
            if grant is not None and caller is not None:
                self._give(grant, caller, contract.entity, record)

    def provide(self, operation: Operation) -> None:
        """Let there be enough of what the statements take: what an amount is taken from is plenty."""
        import sqlalchemy as sa

        for one in operation.statements:
            for guard in getattr(one, "guards", ()):
                predicate = guard.predicate
                if guard.kind != "amount" or not isinstance(predicate, Condition):
                    continue
                table, taken = predicate.left.table, {each.column for each in predicate.value.column}
                beside = [
                    name
                    for name, column in self.records.schema.tables[table].columns.items()
                    if column.type in ("int", "bigint") and column.field and name not in taken
                    and not any(name in key.columns for key in self.records.schema.tables[table].foreign_keys.values())
                    and name not in self.records.schema.tables[table].primary_key
                ]  # fmt: skip
                for names in ([predicate.left.column], [predicate.left.column, *beside]):
                    values = {self.records.column(table, name): sa.literal(self._write(table, name)) for name in names}
                    try:
                        self.records.run(sa.update(self.records.tables[table]).values(values))
                    except Exception as error:
                        if self.database.read_error(error) is None:
                            raise
                        continue
                    break

    def _write(self, table: str, name: str) -> Any:
        column = self.records.schema.tables[table].columns[name]
        plenty = 32_767 if column.type == "smallint" else 2**31 - 1 if column.type == "int" else 10**9
        return self.database.write(plenty, self.records.column(table, name))

    def _give(self, grant: Grant, caller: Caller, entity: str, record: Record) -> None:
        """Let the way from a row to its owner end at the caller, where a field of a row says whose it is."""
        for reach in grant.reaches[:1] if grant.is_by_row else ():
            at, row = entity, record
            for join in reach.joins:
                value = row.get(join.field)
                target = self.model.properties.fields(at)[join.field].references if value is not None else None
                rows = self.records.find(target, self.records.read_key(target, value)) if target is not None else []
                if not rows or target is None:
                    return
                at, row = target, rows[0]
            wanted = {"person": (caller.entity, caller.subject), "tenant": (caller.group_entity, caller.group)}
            target = self.model.properties.fields(at).get(reach.field, Field()).references
            key = {one: row[one] for one in self.model.keys.fields(at) if one in row}
            if len(key) < len(self.model.keys.fields(at)) or not self.records.find(at, key):
                # the row is not made yet, and says itself whose it is
                return
            if not reach.token and target is not None:
                self._change(at, row, reach.field, None)
            elif reach.field in key or reach.words:
                # whose row it is cannot be changed: callers whom the example speaks of are asked first
                return
            elif reach.token in wanted and target == wanted[reach.token][0]:
                self._change(at, row, reach.field, self.records.write_key(*wanted[reach.token]))

    def _read(self, contract: Contract) -> Record:
        """The fields that the example says."""
        names = {name: field for field, name in self.model.properties.names(contract.entity).items()}
        known: Record = {}
        for body in (contract.response.example, contract.request.example):
            if isinstance(body, Mapping):
                known |= {names[name]: value for name, value in body.items() if name in names}
        return known | {one.field: one.example for one in contract.parameters.values() if one.field}

    def _find_key(self, contract: Contract) -> Record:
        """What the example says of the fields that find its row."""
        known = self._read(contract)
        keys = self.model.keys.fields(contract.entity)
        return {name: known[name] for name in keys} if set(keys) <= set(known) else {
            one.field: one.example for one in contract.parameters.values() if one.place == "path" and one.field
        }  # fmt: skip

    def _list_kept(self, contract: Contract) -> list[Json]:
        """The keys of rows of its own kind that an example refers to."""
        fields, names = self.model.properties.fields(contract.entity), self.model.properties.names(contract.entity)
        body = contract.request.example if isinstance(contract.request.example, Mapping) else {}
        kinds = self.model.inheritance.list_ancestry(contract.entity)
        return [body.get(names[name]) for name, one in fields.items() if one.references in kinds]

    def _clear(self, entity: str, kept: list[Json]) -> None:
        """Take away the rows of an entity, but for some."""
        import sqlalchemy as sa

        self.database.run("PRAGMA foreign_keys = OFF")
        try:
            for record in self.records.find(entity, {}):
                if self.records.write_key(entity, self.records.key_of(entity, record)) not in kept:
                    for table in self.records.chain(entity):
                        where = self.records.locate(entity, record, table)
                        self.records.run(sa.delete(self.records.tables[table]).where(*where))
        finally:
            self.database.run("PRAGMA foreign_keys = ON")

    def _fulfil(self, entity: str, record: Record, path: str, one: Filter) -> None:
        """Let a row meet a constant condition; a path leads to the row that it is about."""
        first, _, rest = path.partition(".")
        field = self.model.properties.fields(entity)[first]
        if rest and field.references is not None and record.get(first) is not None:
            for there in self.records.find(field.references, self.records.read_key(field.references, record[first])):
                self._fulfil(field.references, there, rest, one)
            return
        value = read_value(one.values[0]) if one.values else None
        if one.comparison == "is missing":
            self._change(entity, record, first, None)
            return
        is_word = one.comparison in ("=", "in") and value is not None and value.kind == "word"
        if is_word and value is not None:
            is_constant = value.text in field.values or value.text not in self.model.properties.fields(entity)
            if is_constant:
                self._change(entity, record, first, read_constant(value.text, field))

    def _change(self, entity: str, record: Record, field: str, value: Json) -> None:
        """Set one field of a row; nothing else of it moves, its version neither."""
        import sqlalchemy as sa

        values: dict[str, dict[Any, Any]] = {}
        for (table, column), one in self.records.split(entity, field, value).items():
            values.setdefault(table, {})[self.records.column(table, column)] = sa.literal(one)
        for table, given in values.items():
            where = self.records.locate(entity, record, table)
            statement = sa.update(self.records.tables[table]).where(*where).values(given)
            try:
                self.records.run(statement)
            except Exception as error:
                if self.database.read_error(error) is None:
                    raise
                # another row of the sample has what only one may have
                self._clear(entity, [self.records.write_key(entity, self.records.key_of(entity, record))])
                self.records.run(statement)


__all__ = ["Stage", "list_example_rows"]
