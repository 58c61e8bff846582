"""Database schema: from entities and access patterns to stores, tables, keys and indexes, with the reason of each.

`stores` chooses the databases, `tables` makes tables of entities, `partitions` splits what outgrows a number, `indexes`
gives every access pattern and foreign key its index, `sizes` counts bytes, `rules` looks at what was said, `pictures` shows.
`places` answers where an entity's field lives; `names` names.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from archnb.design.record import Named
from archnb.design.schema import SchemaTable
from archnb.shapes import AnyShape
from archnb.topics.schema.conclusions import conclude
from archnb.topics.schema.indexes import propose_indexes
from archnb.topics.schema.partitions import propose_partitions
from archnb.topics.schema.rules import RULES
from archnb.topics.schema.sizes import give_layout, measure_sizes
from archnb.topics.schema.stores import complete_stores, give_thresholds
from archnb.topics.schema.tables import Builder, finish
from archnb.topics.topic import Because, Draft

NAME = "schema"
TITLE = "Database schema"
CLOSES = ("schema",)


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
    for propose in (propose_partitions, propose_indexes):
        draft.close("schema", dataclasses.replace(draft.design.schema, tables=propose(draft, draft.design)))


def measure(draft: Draft) -> None:
    """Add rows and sizes of tables and indexes, and their totals."""
    measure_sizes(draft)


def views(draft: Draft) -> Sequence[AnyShape]:
    """The ER diagram, the tables, their columns and indexes, and the stores."""
    from archnb.topics.schema.pictures import make_views

    return make_views(draft)


__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
