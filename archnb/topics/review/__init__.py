"""Review: the design against the six principles, with what each score rests on."""

from __future__ import annotations

from archnb.topics.review.conclusions import conclude
from archnb.topics.review.measures import measure
from archnb.topics.review.proposals import complete
from archnb.topics.review.rules import RULES
from archnb.topics.review.views import views

NAME = "review"
TITLE = "Review"
CLOSES: tuple[str, ...] = ()

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
