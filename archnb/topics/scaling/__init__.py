"""Scaling: what demand grows to, what of every part there is, in which month the two meet, and what is done then, in the
order in which it is cheapest.
"""

from __future__ import annotations

from archnb.topics.scaling.conclusions import conclude
from archnb.topics.scaling.measures import measure
from archnb.topics.scaling.proposals import complete
from archnb.topics.scaling.rules import RULES
from archnb.topics.scaling.views import views

NAME = "scaling"
TITLE = "Scaling"
CLOSES = ("scaling",)

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
