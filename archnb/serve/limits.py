"""Rate limits: a bucket of tokens for each caller of each operation, as large as the limit lets through in a minute."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from archnb.quantity import Quantity
from archnb.serve.problems import Refused

WINDOW = 60


class Left(NamedTuple):
    """What is left of a limit: the quota of a window, requests left, seconds until it is full again."""

    quota: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """As headers (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit": f'"default";r={self.remaining};t={self.reset}',
            "RateLimit-Policy": f'"default";q={self.quota};w={WINDOW}',
        }


class Limits:
    """The buckets of all callers. A service that is tried with many requests a second can be told to let all through."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, is_strict: bool = True) -> None:
        self._clock, self._is_strict = clock, is_strict
        # (operation, caller) -> tokens, when they were counted
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, operation: str, caller: str, rate: Quantity) -> Left:
        """Take one request out of a caller's bucket. Raises Refused where it is empty, with the seconds to wait."""
        quota = max(1, math.floor(rate.base * WINDOW))
        per_second = quota / WINDOW
        now = self._clock()
        tokens, before = self._buckets.get((operation, caller), (float(quota), now))
        tokens = min(float(quota), tokens + (now - before) * per_second)
        if tokens < 1 and self._is_strict:
            self._buckets[operation, caller] = (tokens, now)
            wait = math.ceil((1 - tokens) / per_second)
            left = Left(quota, 0, math.ceil((quota - tokens) / per_second))
            detail = f"at most {quota} requests a minute; try again in {wait} s"
            raise Refused("rate_limited", detail, headers={"Retry-After": str(wait), **left.headers})
        tokens = max(0.0, tokens - 1)
        self._buckets[operation, caller] = (tokens, now)
        return Left(quota, math.floor(tokens), math.ceil((quota - tokens) / per_second))


__all__ = ["WINDOW", "Left", "Limits"]
