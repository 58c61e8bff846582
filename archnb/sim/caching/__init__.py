"""What a cache is worth: hit ratios by closed form when only the workload's shape is known, by replay when a trace is.

The closed forms assume independent references (each request drawn afresh, Poisson in time); a replay assumes nothing.
No policy is always best, so compare on the workload at hand.
"""

from __future__ import annotations

from archnb.sim.caching.curves import MissCurve, draw_curve
from archnb.sim.caching.estimates import (
    EXACT_RANKS,
    LOG_BINS,
    POLICIES,
    CacheEstimate,
    Staleness,
    che_hit_ratio,
    estimate_cache,
    ttl_hit_ratio,
    ttl_staleness,
    xfetch_miss_probability,
    xfetch_probability,
    zipf_popularity,
)
from archnb.sim.caching.files import read_trace
from archnb.sim.caching.replays import REPLAY_POLICIES, Replay, count_misses, replay
from archnb.sim.caching.traces import Trace

__all__ = [
    "EXACT_RANKS",
    "LOG_BINS",
    "POLICIES",
    "REPLAY_POLICIES",
    "CacheEstimate",
    "MissCurve",
    "Replay",
    "Staleness",
    "Trace",
    "che_hit_ratio",
    "count_misses",
    "draw_curve",
    "estimate_cache",
    "read_trace",
    "replay",
    "ttl_hit_ratio",
    "ttl_staleness",
    "xfetch_miss_probability",
    "xfetch_probability",
    "zipf_popularity",
]
