"""Database schema: from entities and access patterns to stores, tables, keys and indexes, with the reason of each.

`stores` chooses the databases, `tables` makes tables of entities, `partitions` splits what outgrows a number, `indexes`
gives every access pattern and foreign key its index; `proposals` calls them in this order.
"""

from __future__ import annotations

from archnb.topics.schema.conclusions import conclude
from archnb.topics.schema.measures import measure
from archnb.topics.schema.proposals import complete
from archnb.topics.schema.rules import RULES
from archnb.topics.schema.views import views

NAME = "schema"
TITLE = "Database schema"
CLOSES = ("schema",)

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
