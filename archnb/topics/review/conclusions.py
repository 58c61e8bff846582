"""What the review comes to."""

from __future__ import annotations

from archnb.finding import PRINCIPLES
from archnb.planned.review import Review
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Review:
    """The principles; their scores follow from the findings."""
    return Review(principles=PRINCIPLES)
