"""What the schema comes to: every table in its store, every foreign key with the columns it refers to, every split read."""

from __future__ import annotations

import dataclasses

from archnb.design.record import Named
from archnb.design.schema import ForeignKey as SaidKey
from archnb.design.schema import Schema as SaidSchema
from archnb.design.schema import SchemaTable
from archnb.planned import conclude as conclude_record
from archnb.planned.schema import ForeignKey, Schema, Table
from archnb.topics.schema.partitions import read_split
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Schema:
    """The section without gaps."""
    schema = draft.design.schema
    main = draft.model.places.main
    tables = {name: _conclude_table(draft, name, table, main) for name, table in schema.tables.items()}
    return conclude_record(Schema, schema, "schema", tables=Named(tables), main=main)


def _conclude_table(draft: Draft, name: str, table: SchemaTable, main: str) -> Table:
    schema, entity = draft.design.schema, draft.design.entities.get(table.entity or "")
    path = f"schema.tables.{name}"
    keys = {
        key_name: _conclude_key(schema, f"{path}.foreign_keys.{key_name}", key)
        for key_name, key in table.foreign_keys.items()
    }
    split = read_split(table.partition_by)
    if split.columns and entity is not None:
        key = draft.model.keys.fields(table.entity or "")
        added = tuple(one for one in split.columns if one in table.primary_key and table.columns[one].field not in key)
        split = dataclasses.replace(split, added=added)
    said = table.retention or (entity.retention if entity is not None else None)
    kept = said.base if said is not None else 0.0
    return conclude_record(
        Table, table, path, store=table.store or main, foreign_keys=Named(keys), split=split, retention=kept
    )


def _conclude_key(schema: SaidSchema, path: str, key: SaidKey) -> ForeignKey:
    """A key that names no columns there refers to the primary key."""
    target = schema.tables.get(key.references or "")
    referenced = key.referenced or (target.primary_key if target is not None else ())
    return conclude_record(ForeignKey, key, path, referenced=referenced)
