"""What is measured of the review: nothing before the rules have run."""

from __future__ import annotations

from archnb.topics.topic import Draft


def measure(draft: Draft) -> None:
    """Nothing is counted before the rules have run."""
