"""What is measured of requirements: nothing after the load, whose rates are facts as soon as it is complete."""

from __future__ import annotations

from archnb.topics.topic import Draft


def measure(draft: Draft) -> None:
    """Nothing more: the rates are measured as the load is completed, bandwidth follows from the operations."""
