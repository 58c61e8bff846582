"""What is proposed by the review: nothing, since it reads what the others made."""

from __future__ import annotations

from archnb.topics.topic import Draft


def complete(draft: Draft) -> None:
    """Nothing is proposed here: the review reads what the others made."""
