"""What is proposed of a schema: stores, then tables with their keys and constraints, then how they are split and their indexes."""

from __future__ import annotations

import dataclasses

from archnb.design.record import Named
from archnb.design.schema import SchemaTable
from archnb.topics.schema.guards import add_records, add_versions
from archnb.topics.schema.indexes import propose_indexes
from archnb.topics.schema.invariants import hold_invariants
from archnb.topics.schema.measures import give_layout
from archnb.topics.schema.partitions import propose_partitions
from archnb.topics.schema.stores import complete_stores, give_thresholds
from archnb.topics.schema.tables import Builder, finish
from archnb.topics.topic import Because, Draft


def complete(draft: Draft) -> None:
    """Choose stores, and propose every table, key, constraint and index that was not said."""
    give_thresholds(draft)
    give_layout(draft)
    said = draft.said.schema
    stores, home = complete_stores(draft)
    schema = draft.fill(
        "schema", said,
        naming=Because("singular", "a table is named after one row, as its entity is; SQL reads 'customer.name'."),
    )  # fmt: skip
    builder = Builder(draft, stores, home)
    built = builder.build()
    hold_invariants(builder)
    add_versions(builder)
    tables: dict[str, SchemaTable] = {}
    for name, table in said.tables.items():
        if table.columns:
            entity = next((one for one, found in builder.names.items() if found == name), None)
            store = home.get(entity or "", builder.main)
            tables[name] = draft.fill(
                f"schema.tables.{name}", table,
                store=Because(store, "the store that holds its entity, or else the main one."),
                entity=Because(entity, "the entity of the same name."),
            )  # fmt: skip
    for name, one in built.items():
        tables[name] = finish(draft, one)
    # a table that was said without columns and belongs to no entity stays as it is
    for name, table in said.tables.items():
        if name not in tables:
            tables[name] = draft.fill(
                f"schema.tables.{name}", table, store=Because(builder.main, "the main store, as nothing else was said.")
            )
    draft.close("schema", dataclasses.replace(schema, stores=stores, tables=Named(tables)))
    for propose in (propose_partitions, propose_indexes, add_records):
        draft.close("schema", dataclasses.replace(draft.design.schema, tables=propose(draft, draft.design)))
