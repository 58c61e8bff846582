"""The miss-ratio curve of LRU: the misses at every size of the cache, from one pass over a trace, exactly or from a sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from archnb.sim import require
from archnb.sim.caching.traces import Trace
from archnb.sim.compiled import loop

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_PLACES = 4096


@dataclass(frozen=True, eq=False)
class MissCurve:
    """How often LRU misses, by its size in objects, or in bytes where the trace has sizes.

    sizes: the sizes at which the number of misses changes, growing. misses: the misses from each on. requests: of how many.
    Below sizes[0] every request misses. Of a sample, all are estimates.
    """

    sizes: NDArray[np.int64]
    misses: NDArray[Any]
    requests: float

    def count_misses(self, size: float) -> float:
        """The misses of a cache of this size."""
        require("size", size, size >= 0, "a size of at least 0")
        at = int(np.searchsorted(self.sizes, size, side="right")) - 1
        return float(self.misses[at]) if at >= 0 else self.requests

    def hit_ratio(self, size: float) -> float:
        """The share of requests that a cache of this size answers."""
        return 1 - self.count_misses(size) / self.requests if self.requests else 0.0

    def find_size(self, hit_ratio: float) -> float:
        """The smallest size that answers this share of the requests; inf where none does.

        >>> draw_curve(Trace.of([1, 2, 3, 1, 2, 3])).find_size(0.5)
        3.0
        """
        require("hit_ratio", hit_ratio, 0 <= hit_ratio <= 1, "a share from 0 to 1")
        most = self.requests * (1 - hit_ratio) * (1 + 1e-12)
        if most >= self.requests:
            return 0.0
        found = np.flatnonzero(self.misses <= most)
        return float(self.sizes[found[0]]) if len(found) else math.inf


@loop
def _count_between(marks: Any, sums: Any, start: int, stop: int) -> int:
    """How many marks there are at places start ≤ place < stop. marks: 32 a word; sums: a Fenwick tree of the words' counts."""
    count = 0
    for end, sign in ((stop, 1), (start, -1)):
        word = end >> 5
        # ones of the word below the place, in parallel (Warren, Hacker's Delight, 5-1)
        bits = marks[word] & ((1 << (end & 31)) - 1)
        bits = bits - ((bits >> 1) & 0x55555555)
        bits = (bits & 0x33333333) + ((bits >> 2) & 0x33333333)
        bits = (bits + (bits >> 4)) & 0x0F0F0F0F
        count += sign * (((bits * 0x01010101) >> 24) & 0xFF)
        at = word
        while at > 0:
            count += sign * sums[at]
            at &= at - 1
    return count


@loop
def find_distances(ids: Any, objects: int, places: int, counts: Any) -> int:
    """Count requests by stack distance: how many different objects were asked for since, itself included (Mattson et al., 1970).

    counts: zeros, one a distance 0..objects; distance 0 stays empty. Returns the requests that are the first of their object.
    Each object has a mark at the place of its last request; when the places are used up, the marks move together.
    """
    words = (places + 31) >> 5
    marks = np.zeros(words + 1, np.int64)
    sums = np.zeros(words + 1, np.int64)
    place = np.full(objects, -1, np.int64)
    owner = np.empty(places, np.int64)
    next_place = 0
    firsts = 0
    for now in range(len(ids)):
        one = ids[now]
        if next_place == places:
            kept = 0
            for at in range(places):
                who = owner[at]
                if place[who] == at:
                    place[who] = kept
                    owner[kept] = who
                    kept += 1
            next_place = kept
            for word in range(words + 1):
                start = word << 5
                ones = min(max(kept - start, 0), 32)
                marks[word] = (1 << ones) - 1
                sums[word] = 0
            for word in range(1, words + 1):
                sums[word] += min(max(kept - ((word - 1) << 5), 0), 32)
                above = word + (word & -word)
                if above <= words:
                    sums[above] += sums[word]
        before = place[one]
        if before >= 0:
            counts[_count_between(marks, sums, before, next_place)] += 1
            marks[before >> 5] &= ~(1 << (before & 31))
            at = (before >> 5) + 1
            while at <= words:
                sums[at] -= 1
                at += at & -at
        else:
            firsts += 1
        place[one] = next_place
        owner[next_place] = one
        marks[next_place >> 5] |= 1 << (next_place & 31)
        at = (next_place >> 5) + 1
        while at <= words:
            sums[at] += 1
            at += at & -at
        next_place += 1
    return firsts


@loop
def find_byte_distances(ids: Any, sizes: Any, objects: int, places: int, distances: Any) -> int:
    """The bytes of the different objects asked for since each object's last request, itself included; -1 for a first one.

    distances: one a request. Returns the number of firsts. Bytes are summed in blocks of 32 places, with a Fenwick tree over the blocks.
    """
    blocks = (places + 31) >> 5
    held = np.zeros((blocks + 1) << 5, np.int64)
    sums = np.zeros(blocks + 1, np.int64)
    place = np.full(objects, -1, np.int64)
    owner = np.empty(places, np.int64)
    next_place = 0
    all_bytes = 0
    firsts = 0
    for now in range(len(ids)):
        one = ids[now]
        if next_place == places:
            kept = 0
            for at in range(places):
                who = owner[at]
                if place[who] == at:
                    place[who] = kept
                    owner[kept] = who
                    held[kept] = held[at]
                    kept += 1
            next_place = kept
            for at in range(kept, len(held)):
                held[at] = 0
            for block in range(blocks + 1):
                sums[block] = 0
            for block in range(1, blocks + 1):
                for at in range((block - 1) << 5, block << 5):
                    sums[block] += held[at]
                above = block + (block & -block)
                if above <= blocks:
                    sums[above] += sums[block]
        before = place[one]
        if before >= 0:
            below = 0
            for at in range((before >> 5) << 5, before):
                below += held[at]
            block = before >> 5
            while block > 0:
                below += sums[block]
                block &= block - 1
            distances[now] = all_bytes - below
            size = held[before]
            held[before] = 0
            block = (before >> 5) + 1
            while block <= blocks:
                sums[block] -= size
                block += block & -block
        else:
            firsts += 1
            distances[now] = -1
            size = sizes[now]
            all_bytes += size
        place[one] = next_place
        owner[next_place] = one
        held[next_place] = size
        block = (next_place >> 5) + 1
        while block <= blocks:
            sums[block] += size
            block += block & -block
        next_place += 1
    return firsts


def draw_curve(trace: Trace, *, sample: float = 1.0) -> MissCurve:
    """The misses of LRU at every size, in one pass.

    Exact for objects. By bytes it is exact at sizes that hold the largest object, where each object keeps the size that it
    first has. With `sample`, the requests for that share of the objects stand for all (SHARDS; Waldspurger et al., FAST'15),
    corrected for how many requests were expected (SHARDS-adj): the paper's mean error is under 0.01 at a sample below 1 %.

    >>> curve = draw_curve(Trace.of([1, 2, 3, 1, 2, 3]))
    >>> [curve.count_misses(size) for size in range(4)]
    [6.0, 6.0, 6.0, 3.0]
    """
    require("sample", sample, 0 < sample <= 1, "a share above 0, up to 1")
    chosen = trace if sample == 1 else trace.sample(sample)
    places = max(LEAST_PLACES, 2 * chosen.objects)
    ids = np.asarray(chosen.ids)
    if chosen.sizes is None:
        counts = np.zeros(chosen.objects + 1, np.int64)
        find_distances(ids, chosen.objects, places, counts)
        steps = np.flatnonzero(counts)
        hits = np.cumsum(counts[steps])
    else:
        distances = np.empty(len(chosen), np.int64)
        find_byte_distances(ids, np.asarray(chosen.sizes), chosen.objects, places, distances)
        steps, of_step = np.unique(distances[distances >= 0], return_counts=True)
        hits = np.cumsum(of_step)
    requests = float(len(chosen))
    if sample < 1:
        # who is in the sample may ask more or less often than all do on average: the difference hits at once
        missing = len(trace) * sample - len(chosen)
        requests = len(trace) * sample
        return MissCurve(
            np.round(steps / sample).astype(np.int64), np.maximum(requests - hits - missing, 0.0) / sample, float(len(trace))
        )  # fmt: skip
    return MissCurve(steps.astype(np.int64), requests - hits, requests)
