"""Requirements: from what people know (users, requests, peaks) to the rates, storage and bandwidth that all else rests on."""

from __future__ import annotations

from archnb.topics.requirements.conclusions import conclude
from archnb.topics.requirements.measures import measure
from archnb.topics.requirements.proposals import complete
from archnb.topics.requirements.rules import RULES
from archnb.topics.requirements.views import views

NAME = "requirements"
TITLE = "Requirements"
CLOSES = ("requirements",)

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
