"""Caching: which answers are worth keeping, where, for how long, how they are made fresh, and what that saves.

Every read pattern gets a policy, used or not, with its reason. The numbers follow from the reads' rate, the number of
different answers, how uneven they are read, and how soon they expire or are outdated (Che's approximation with a
lifetime).
"""

from __future__ import annotations

from archnb.topics.cache.conclusions import conclude
from archnb.topics.cache.measures import measure
from archnb.topics.cache.proposals import complete
from archnb.topics.cache.rules import RULES
from archnb.topics.cache.views import views

NAME = "cache"
TITLE = "Caching"
CLOSES = ("cache",)

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
