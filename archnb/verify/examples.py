"""The things that the examples of the API speak of, as rows: so that each example, sent as it is written, finds what it names.

There is one story in the examples: what one of them creates, the next one reads. Who creates it need not be there before;
all else that is named by its key is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from archnb.model.write_words import VERSION
from archnb.planned.api import CHANGES, Contract
from archnb.serve.records import Records
from archnb.serve.versions import WHOLE
from archnb.serve.wire import MisfitError, from_json
from archnb.verify.rows import Row

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any
Named = dict[tuple[str, str], dict[str, Json]]


def list_example_rows(plan: Plan, records: Records) -> dict[str, list[Row]]:
    """The rows that the examples name, by table: their keys and what they refer to, as plain Python values."""
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
        if entity in created and not _is_numbered(records, entity):
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
        column = records.schema.tables[table].columns.get(VERSION)
        if column is not None and column.type in WHOLE:
            made[table].setdefault(VERSION, CHANGES)
    return made


__all__ = ["list_example_rows"]
