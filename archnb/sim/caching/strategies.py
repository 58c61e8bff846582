"""What a write does to a cache, what a crowd does to an entry that ends, and what one very hot key does to a node.

Closed forms for one key with Poisson reads and writes, and the event loops that they are tried against.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from archnb.sim import require, require_count, require_finite
from archnb.sim.caching.estimates import xfetch_miss_probability, zipf_popularity
from archnb.sim.compiled import loop

STRATEGIES = ("write-around", "invalidate", "write-through", "write-behind")
AROUND, INVALIDATE, THROUGH, BEHIND = range(4)
PROTECTIONS = ("none", "single flight", "early refresh")


@dataclass(frozen=True, kw_only=True)
class StrategyEstimate:
    """One key under one strategy: shares of its reads that hit and that are outdated, writes a second that reach the store,
    and writes that wait in the cache alone, on average: what a lost cache loses."""

    hit_ratio: float
    stale_share: float
    store_writes: float
    unsaved_writes: float


def estimate_strategy(
    strategy: str, read_rate: float, write_rate: float, ttl: float, flush: float = 0.0
) -> StrategyEstimate:
    """What a strategy gives for one key with Poisson reads and writes; its entry ends `ttl` seconds after it was put there.

    write-around: the write goes to the store alone, and the entry stays as it was until it ends. invalidate: the write
    deletes the entry. write-through: the write goes to both, and the entry is there from then on. write-behind: the write
    goes to the cache, and to the store every `flush` seconds, the last of several only.

    With λ reads, w writes and T: hits are λL/(1 + λL) with the mean life L = T of an entry, or (1 − e^(−wT))/w where a write
    ends it; where a write begins it anew, an entry lives (e^(wT) − 1)/w and is missing for 1/(λ + w).

    >>> round(estimate_strategy("invalidate", 10, 1, 60).hit_ratio, 3)
    0.909
    """
    require("strategy", strategy, strategy in STRATEGIES, f"one of {', '.join(STRATEGIES)}")
    require_finite("read_rate", read_rate)
    require_finite("write_rate", write_rate)
    require_finite("ttl", ttl)
    require_finite("flush", flush)
    written = write_rate * ttl
    life = -math.expm1(-written) / write_rate if written > 1e-12 else ttl
    if strategy in ("write-through", "write-behind"):
        # beyond e^700 there is no double, and no read that misses
        held = math.expm1(min(written, 700.0)) / write_rate if written > 1e-12 else ttl
        gap = 1 / (read_rate + write_rate) if read_rate + write_rate > 0 else math.inf
        hits = held / (held + gap) if gap < math.inf else 0.0
        if strategy == "write-behind" and flush > 0:
            saved = -math.expm1(-write_rate * flush) / flush
            return StrategyEstimate(
                hit_ratio=hits, stale_share=0.0, store_writes=saved, unsaved_writes=write_rate * flush / 2
            )
        return StrategyEstimate(hit_ratio=hits, stale_share=0.0, store_writes=write_rate, unsaved_writes=0.0)
    mean = ttl if strategy == "write-around" else life
    hits = read_rate * mean / (1 + read_rate * mean)
    stale = hits * (1 - life / ttl) if strategy == "write-around" and ttl > 0 else 0.0
    return StrategyEstimate(hit_ratio=hits, stale_share=stale, store_writes=write_rate, unsaved_writes=0.0)


@loop
def _run_strategy(times: Any, is_write: Any, kind: int, ttl: float, flush: float) -> tuple[int, int, int, int, float]:
    """Reads that hit, reads that are outdated, reads, writes to the store, and unsaved writes × seconds."""
    ends, is_old = -1.0, False
    hits = stale = reads = saved = waiting = 0
    unsaved, last, next_flush = 0.0, 0.0, flush
    for n in range(len(times)):
        now = times[n]
        if kind == BEHIND and flush > 0:
            while next_flush <= now:
                unsaved += waiting * (next_flush - last)
                last = next_flush
                saved += 1 if waiting > 0 else 0
                waiting = 0
                next_flush += flush
            unsaved += waiting * (now - last)
            last = now
        if is_write[n]:
            if kind == BEHIND and flush > 0:
                waiting += 1
            else:
                saved += 1
            if kind == INVALIDATE:
                ends = -1.0
            elif kind == AROUND:
                is_old = True
            else:
                ends, is_old = now + ttl, False
            continue
        reads += 1
        if now < ends:
            hits += 1
            stale += 1 if is_old else 0
        else:
            ends, is_old = now + ttl, False
    return hits, stale, reads, saved, unsaved


def simulate_strategy(
    strategy: str, read_rate: float, write_rate: float, ttl: float, flush: float = 0.0, *, events: int = 100_000, seed: int = 1
) -> StrategyEstimate:  # fmt: skip
    """The same by drawing reads and writes; the same seed gives the same answer."""
    require("strategy", strategy, strategy in STRATEGIES, f"one of {', '.join(STRATEGIES)}")
    require("read_rate", read_rate, read_rate + write_rate > 0, "a rate above 0, of reads or of writes")
    require_count("events", events)
    chance = np.random.default_rng(seed)
    times = np.cumsum(chance.exponential(1 / (read_rate + write_rate), events))
    is_write = chance.random(events) < write_rate / (read_rate + write_rate)
    hits, stale, reads, saved, unsaved = _run_strategy(
        times, is_write, STRATEGIES.index(strategy), float(ttl), float(flush)
    )
    return StrategyEstimate(
        hit_ratio=hits / reads if reads else 0.0, stale_share=stale / reads if reads else 0.0,
        store_writes=saved / float(times[-1]), unsaved_writes=unsaved / float(times[-1]),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Stampede:
    """An entry that ends again and again: how often it did, how often it was computed, the most computations at once, and the
    share of reads that waited for one; missed is the share of the ends that nobody had refreshed before."""

    ends: int
    computations: int
    most_at_once: int
    waited_share: float
    missed_share: float


@loop
def _run_stampede(
    times: Any, draws: Any, ttl: float, compute: float, kind: int, beta: float
) -> tuple[int, int, int, int, int]:
    ends = -1.0
    # the computations that run: when each is done, in order, since all take as long
    done = np.zeros(len(times) + 1, np.float64)
    first = last = 0
    ended = missed = most = waited = 0
    for n in range(len(times)):
        now = times[n]
        while first < last and done[first] <= now:
            ends = max(ends, done[first] + ttl)
            first += 1
        if now < ends:
            # a read near the end refreshes early, and answers from what it has
            if kind == 2 and first == last and -compute * beta * math.log(draws[n]) >= ends - now:
                done[last] = now + compute
                last += 1
                ended += 1
            continue
        waited += 1
        if first == last:
            ended += 1
            missed += 1
        elif kind != 0:
            continue
        done[last] = now + compute
        last += 1
        most = max(most, last - first)
    return ended, last, most, waited, missed


def simulate_stampede(
    read_rate: float, ttl: float, compute_time: float, protection: str = "none", *, beta: float = 1.0, events: int = 100_000,
    seed: int = 1,
) -> Stampede:  # fmt: skip
    """One key with Poisson reads whose entry takes `compute_time` seconds to compute and lives `ttl` seconds from then on.

    none: every read that finds nothing computes. single flight: one does, the others wait. early refresh: XFetch (Vattani et
    al., VLDB 2015) with single flight where it fails. It does fail for cold keys: nobody reads in the last seconds of the entry.

    >>> simulate_stampede(100, ttl=10, compute_time=0.5).most_at_once > 30
    True
    """
    require_finite("read_rate", read_rate, is_zero_allowed=False)
    require_finite("ttl", ttl, is_zero_allowed=False)
    require_finite("compute_time", compute_time, is_zero_allowed=False)
    require_finite("beta", beta, is_zero_allowed=False)
    require("protection", protection, protection in PROTECTIONS, f"one of {', '.join(PROTECTIONS)}")
    require_count("events", events)
    chance = np.random.default_rng(seed)
    times = np.cumsum(chance.exponential(1 / read_rate, events))
    draws = 1 - chance.random(events)
    ended, computed, most, waited, missed = _run_stampede(
        times, draws, float(ttl), float(compute_time), PROTECTIONS.index(protection), float(beta)
    )
    return Stampede(
        ends=ended, computations=computed, most_at_once=most, waited_share=waited / events,
        missed_share=missed / ended if ended else 0.0,
    )  # fmt: skip


def estimate_stampede(read_rate: float, compute_time: float, protection: str = "none", beta: float = 1.0) -> float:
    """The readers that compute one entry at once when it ends: 1 + λδ, 1 with single flight; with early refresh the chance
    that it ends unrefreshed at all.

    >>> estimate_stampede(100, 0.5), round(estimate_stampede(1, 0.4, "early refresh"), 2)
    (51.0, 0.67)
    """
    require("protection", protection, protection in PROTECTIONS, f"one of {', '.join(PROTECTIONS)}")
    if protection == "early refresh":
        return xfetch_miss_probability(read_rate, compute_time, beta)
    return 1.0 if protection == "single flight" else 1 + read_rate * compute_time


def hottest_node_share(objects: int, exponent: float, nodes: int, copies: int = 1) -> float:
    """The share of all reads that the busiest of `nodes` gets, if keys lie by hash and the hottest one on `copies` of them.

    p₁/copies + (1 − p₁)/nodes: all but the hottest spread evenly, which flatters where there are few keys.

    >>> round(hottest_node_share(1_000_000, 1.0, 16), 3), round(hottest_node_share(1_000_000, 1.0, 16, copies=16), 4)
    (0.128, 0.0625)
    """
    require_count("nodes", nodes)
    require_count("copies", copies)
    require("copies", copies, copies <= nodes, f"at most one a node, {nodes}")
    hottest = float(zipf_popularity(objects, exponent)[1][0])
    return hottest / copies + (1 - hottest) / nodes
