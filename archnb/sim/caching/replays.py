"""A trace replayed against a cache that starts empty. It assumes nothing, and says what would have happened on this trace alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archnb.sim import require, require_finite
from archnb.sim.caching.frequencies import COUNTERS_PER_OBJECT, HASHES, hash_pairs, replay_lfu, replay_tinylfu
from archnb.sim.caching.ghosts import replay_arc, replay_s3fifo
from archnb.sim.caching.queues import replay_clock, replay_fifo, replay_lru, replay_sieve
from archnb.sim.caching.reuse import replay_belady, replay_lirs
from archnb.sim.caching.traces import Trace
from archnb.sim.compiled import Loop

_REPLAYS: dict[str, Loop] = {
    "lru": replay_lru,
    "fifo": replay_fifo,
    "clock": replay_clock,
    "sieve": replay_sieve,
    "lfu": replay_lfu,
    "s3-fifo": replay_s3fifo,
    "arc": replay_arc,
    "lirs": replay_lirs,
    "w-tinylfu": replay_tinylfu,
    "belady": replay_belady,
}
REPLAY_POLICIES = tuple(_REPLAYS)


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What a replay counts: requests and bytes asked for, of these missed, and misses on an entry past its lifetime."""

    policy: str
    capacity: int
    requests: int
    misses: int
    expired: int
    asked_bytes: int
    missed_bytes: int

    @property
    def hit_ratio(self) -> float:
        """The share of requests that the cache answers; 0 where there are none."""
        return 1 - self.misses / self.requests if self.requests else 0.0

    @property
    def byte_hit_ratio(self) -> float:
        """The share of bytes that the cache answers; 0 where there are none."""
        return 1 - self.missed_bytes / self.asked_bytes if self.asked_bytes else 0.0


def replay(trace: Trace, capacity: float, policy: str = "lru", *, ttl: float = math.inf, warm: int = 0) -> Replay:
    """Replay a trace against a cache of `capacity` bytes, or objects where the trace has no sizes; it starts empty.

    ttl: seconds after which an entry has to be fetched again; the trace must have times. It keeps its room until it is
    asked for or pushed out, as in Redis and memcached, which look at lifetimes when a key is asked for.
    warm: the first requests, that fill the cache and are not counted.

    An object larger than the cache is never held (S3-FIFO: than a tenth of it; W-TinyLFU and LIRS: than a hundredth), and
    one already held keeps the size it came with.

    >>> replay(Trace.of([1, 2, 3, 1, 2, 3]), 2, "belady").misses
    4
    """
    require_finite("capacity", capacity)
    require("policy", policy, policy in _REPLAYS, f"one of {', '.join(_REPLAYS)}")
    require("ttl", ttl, ttl >= 0, "a number of seconds of at least 0")
    require("warm", warm, 0 <= warm <= len(trace), f"a number of requests from 0 to {len(trace)}")
    if ttl < math.inf:
        require("ttl", ttl, trace.times is not None, "no lifetime, or a trace with times")
    sizes = np.zeros(0, np.int64) if trace.sizes is None else np.asarray(trace.sizes)
    times = np.zeros(0) if trace.times is None or ttl == math.inf else np.asarray(trace.times)
    room = int(capacity)
    given: list[Any] = [np.asarray(trace.ids), sizes, times, trace.objects, room, float(ttl), warm]
    if policy == "w-tinylfu":
        given += _give_counters(trace, room)
    misses, missed, expired = _REPLAYS[policy](*given)
    requests = len(trace) - warm
    asked = requests if trace.sizes is None else int(sizes[warm:].sum())
    return Replay(
        policy=policy, capacity=room, requests=requests, misses=int(misses), expired=int(expired), asked_bytes=asked,
        missed_bytes=int(missed),
    )  # fmt: skip


def _give_counters(trace: Trace, room: int) -> list[Any]:
    """The counters of W-TinyLFU: 14.4 an object that the main part holds, so that one in a thousand is counted too high."""
    held: float = room - max(1, int(room * 0.01))
    if trace.sizes is not None and len(trace):
        held = held / max(1.0, float(np.mean(trace.sizes)))
    counters = max(math.ceil(COUNTERS_PER_OBJECT * held), 2 * HASHES)
    return [hash_pairs(trace.keys), np.zeros(counters, np.uint32)]


def count_misses(ids: Sequence[int], capacity: float, policy: str = "lru", sizes: Sequence[int] | None = None) -> int:
    """Return the misses of a trace replayed against a cache that starts empty; policies: `REPLAY_POLICIES`.

    `ids` are the objects asked for in order, `sizes` their bytes (1 each if left out), `capacity` in the same unit.

    >>> [count_misses([1, 2, 3, 1, 2, 3], 2, policy) for policy in ("lru", "fifo", "belady")]
    [6, 6, 4]
    """
    require_finite("capacity", capacity)
    require("policy", policy, policy in _REPLAYS, f"one of {', '.join(_REPLAYS)}")
    return replay(Trace.of(ids, sizes), capacity, policy).misses
