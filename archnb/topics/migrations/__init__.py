"""Migrations: how the schema and the API change without stopping, and how long that takes on tables of this size."""

from __future__ import annotations

from archnb.topics.migrations.conclusions import conclude
from archnb.topics.migrations.measures import measure
from archnb.topics.migrations.proposals import complete
from archnb.topics.migrations.rules import RULES
from archnb.topics.migrations.views import views

NAME = "migrations"
TITLE = "Migrations and versioning"
CLOSES = ("migrations",)

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
