"""Nothing is proposed here: what an operation means was completed with the access patterns, its tables with the schema."""

from __future__ import annotations

from archnb.topics.topic import Draft


def complete(draft: Draft) -> None:
    """Nothing is left to complete."""
