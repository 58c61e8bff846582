"""Error handling: one catalogue of errors that every operation draws from, and for every call a time limit, retries at one
layer only, a breaker and a fallback, so that a slow part costs its callers a bounded time and a bounded load.
"""

from __future__ import annotations

from archnb.topics.errors.conclusions import conclude
from archnb.topics.errors.measures import measure
from archnb.topics.errors.proposals import complete
from archnb.topics.errors.rules import RULES
from archnb.topics.errors.views import views

NAME = "errors"
TITLE = "Error handling"
CLOSES = ("errors",)

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
