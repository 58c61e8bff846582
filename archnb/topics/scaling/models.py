"""What growth and uneven use come to, as functions of numbers."""

from __future__ import annotations


def share_of_busiest(rows: float, exponent: float) -> float:
    """The share of all calls that the busiest of so many rows takes part in, where their use follows Zipf's law.

    >>> round(share_of_busiest(1, 0.9), 3), round(share_of_busiest(1_000_000, 0.9), 3)
    (1.0, 0.033)
    """
    from archnb.sim.caching import zipf_popularity

    if rows <= 1:
        return 1.0
    _, probability = zipf_popularity(round(rows), max(0.0, exponent))
    return float(probability[0])


__all__ = ["share_of_busiest"]
