"""The score of a principle: what its open findings leave of a hundred."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.finding import Finding, Severity

# what one finding takes from what is left of a principle's score
WEIGHT: dict[Severity, float] = {"critical": 0.5, "high": 0.25, "medium": 0.1, "low": 0.03}


def score(found: Sequence[Finding]) -> float:
    """From 0 to 100: each finding takes its weight from what the others leave.

    >>> score([])
    100.0
    """
    left = 100.0
    for one in found:
        left *= 1 - WEIGHT[one.severity]
    return left
