"""What caching comes to: the policies in use, and what was weighed and is not cached."""

from __future__ import annotations

from archnb.design.record import Named
from archnb.planned import conclude as conclude_record
from archnb.planned.cache import Cache, CachePolicy
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Cache:
    """The section without gaps."""
    cache = draft.design.cache
    used = {
        name: conclude_record(CachePolicy, policy, f"cache.policies.{name}")
        for name, policy in cache.policies.items()
        if policy.use
    }
    uncached = tuple(name for name in cache.policies if name not in used)
    return conclude_record(Cache, cache, "cache", policies=Named(used), uncached=uncached)
