"""Entities and access patterns: how many, how large, how they grow, and every way in which they are used.

What nobody said is proposed so that every entity that stands on its own can be reached: read, created, changed, and, where
it is about a person, erased.
"""

from __future__ import annotations

from archnb.topics.entities.conclusions import conclude
from archnb.topics.entities.measures import measure
from archnb.topics.entities.proposals import complete
from archnb.topics.entities.rules import RULES
from archnb.topics.entities.views import views

NAME = "entities"
TITLE = "Entities and access patterns"
CLOSES = ("entities", "access", "requirements.objectives", "requirements.load.record_size", "requirements.load.writes")

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
