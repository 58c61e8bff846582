"""LFU and W-TinyLFU, replayed: policies that count. What the replays take and return: `queues`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from archnb.sim.compiled import loop


@loop
def replay_lfu(
    ids: Any, sizes: Any, times: Any, objects: int, capacity: int, ttl: float, warm: int
) -> tuple[int, int, int]:
    """LFU: of those asked for least often since they came, the one that has been so for longest goes."""
    is_sized, is_expiring = len(sizes) > 0, len(times) > 0
    asked = np.zeros(objects, np.int32)
    # a request adds itself to the row of those asked for as often; the row of a count begins at first and ends at last,
    # both one too large, so that 0 is an empty row and memory is only touched where there is one
    place = np.zeros(objects, np.int32)
    following = np.zeros(len(ids) + 1, np.int32)
    first, last = np.zeros(len(ids) + 2, np.int32), np.zeros(len(ids) + 2, np.int32)
    weight = np.zeros(objects if is_sized else 0, np.int64)
    born = np.zeros(objects if is_expiring else 0, np.float64)
    least = 1
    free = capacity
    misses = missed = expired = 0
    for now in range(len(ids)):
        one = ids[now]
        size = sizes[now] if is_sized else 1
        if asked[one] > 0:
            if is_expiring and times[now] - born[one] >= ttl:
                born[one] = times[now]
                if now >= warm:
                    misses += 1
                    missed += size
                    expired += 1
        else:
            if now >= warm:
                misses += 1
                missed += size
            if size > capacity:
                continue
            while free < size:
                at = first[least]
                if at == 0:
                    least += 1
                    continue
                first[least] = following[at - 1]
                old = ids[at - 1]
                if place[old] == at and asked[old] == least:
                    asked[old] = 0
                    free += weight[old] if is_sized else 1
            least = 1
            free -= size
            if is_sized:
                weight[one] = size
            if is_expiring:
                born[one] = times[now]
        count = asked[one] + 1
        asked[one] = count
        place[one] = now + 1
        if first[count] == 0:
            first[count] = now + 1
        else:
            following[last[count] - 1] = now + 1
        last[count] = now + 1
    return misses, missed, expired


HASHES = 10
COUNTERS_PER_OBJECT = -math.log(0.001) / 0.480453013918201
WINDOW, TRIAL, KEPT = 1, 2, 3


@loop
def _count(pairs: Any, counters: Any, one: int, inverse: int) -> None:
    """Raise the ten counters of an object: the k-th is a + k·b (Kirsch, Mitzenmacher 2006), in 32 bits, modulo their number.

    The remainder without a division: with inverse = ⌊2³²/n⌋, ⌊x·inverse/2³²⌋ is the quotient or one less.
    """
    room = len(counters)
    at, step = np.int64(pairs[one, 0]), np.int64(pairs[one, 1])
    for _ in range(HASHES):
        rest = at - ((at * inverse) >> 32) * room
        counters[np.uint64(rest - room if rest >= room else rest)] += np.uint32(1)
        at = (at + step) & 0xFFFFFFFF


@loop
def _exceeds(pairs: Any, counters: Any, new: int, old: int, inverse: int) -> bool:
    """Whether an object was counted more often than another; each count is the least of ten counters, so it is known early."""
    room = len(counters)
    at, step = np.int64(pairs[old, 0]), np.int64(pairs[old, 1])
    least: Any = 0xFFFFFFFF
    for _ in range(HASHES):
        rest = at - ((at * inverse) >> 32) * room
        count = np.int64(counters[np.uint64(rest - room if rest >= room else rest)])
        least = count if count < least else least
        at = (at + step) & 0xFFFFFFFF
    at, step = np.int64(pairs[new, 0]), np.int64(pairs[new, 1])
    for _ in range(HASHES):
        rest = at - ((at * inverse) >> 32) * room
        if counters[np.uint64(rest - room if rest >= room else rest)] <= least:
            return False
        at = (at + step) & 0xFFFFFFFF
    return True


@loop
def replay_tinylfu(
    ids: Any, sizes: Any, times: Any, objects: int, capacity: int, ttl: float, warm: int, pairs: Any, counters: Any
) -> tuple[int, int, int]:
    """W-TinyLFU (Einziger, Friedman, Manes, TOS 2017): what leaves a window of a hundredth stays if it was asked for more often
    than what it would push out of a segmented LRU, by counters of which each object has ten, halved from time to time.

    pairs: two 32-bit hashes of each object, shape (objects, 2); counters: zeros, as many as there are to be.
    """
    is_sized, is_expiring = len(sizes) > 0, len(times) > 0
    inverse = 0x100000000 // len(counters)
    window_room = max(1, int(capacity * 0.01))
    main_room = capacity - window_room
    trial_room, kept_room = int(0.2 * main_room), int(0.8 * main_room)
    where = np.zeros(objects, np.int8)
    place = np.zeros(objects, np.int32)
    weight = np.zeros(objects if is_sized else 0, np.int64)
    born = np.zeros(objects if is_expiring else 0, np.float64)
    window = np.empty(len(ids) + 1, np.int32)
    trial, kept = np.empty(3 * len(ids) + 3, np.int32), np.empty(3 * len(ids) + 3, np.int32)
    window_first = window_last = trial_first = trial_last = kept_first = kept_last = 0
    window_size = trial_size = kept_size = 0
    hits = 0
    misses = missed = expired = 0
    for now in range(len(ids)):
        one = ids[now]
        size = sizes[now] if is_sized else 1
        state = where[one]
        if state != 0:
            if state == WINDOW:
                place[one] = window_last
                window[window_last] = one
                window_last += 1
            else:
                place[one] = kept_last
                kept[kept_last] = one
                kept_last += 1
                if state == TRIAL:
                    where[one] = KEPT
                    own = weight[one] if is_sized else 1
                    trial_size -= own
                    kept_size += own
                    while kept_size > kept_room:
                        old = kept[kept_first]
                        while where[old] != KEPT or place[old] != kept_first:
                            kept_first += 1
                            old = kept[kept_first]
                        kept_first += 1
                        moved = weight[old] if is_sized else 1
                        kept_size -= moved
                        where[old] = TRIAL
                        place[old] = trial_last
                        trial[trial_last] = old
                        trial_last += 1
                        trial_size += moved
                        while trial_size > trial_room:
                            old = trial[trial_first]
                            while where[old] != TRIAL or place[old] != trial_first:
                                trial_first += 1
                                old = trial[trial_first]
                            trial_first += 1
                            where[old] = 0
                            trial_size -= weight[old] if is_sized else 1
                _count(pairs, counters, one, inverse)
                hits += 1
                if hits >= 32 * main_room:
                    hits = 0
                    for k in range(len(counters)):
                        counters[k] >>= 1
            if is_expiring and times[now] - born[one] >= ttl:
                born[one] = times[now]
                if now >= warm:
                    misses += 1
                    missed += size
                    expired += 1
            continue
        if now >= warm:
            misses += 1
            missed += size
        if size > window_room or size > trial_room:
            continue
        while window_size + trial_size + kept_size + size > capacity:
            if window_size == 0:
                # nothing is in the window: the last of the main part goes
                if trial_size > 0:
                    old = trial[trial_first]
                    while where[old] != TRIAL or place[old] != trial_first:
                        trial_first += 1
                        old = trial[trial_first]
                    trial_first += 1
                    trial_size -= weight[old] if is_sized else 1
                else:
                    old = kept[kept_first]
                    while where[old] != KEPT or place[old] != kept_first:
                        kept_first += 1
                        old = kept[kept_first]
                    kept_first += 1
                    kept_size -= weight[old] if is_sized else 1
                where[old] = 0
                continue
            new = window[window_first]
            while where[new] != WINDOW or place[new] != window_first:
                window_first += 1
                new = window[window_first]
            window_first += 1
            own = weight[new] if is_sized else 1
            window_size -= own
            where[new] = 0
            is_in = trial_size + kept_size + own <= main_room
            if not is_in:
                if trial_size > 0:
                    old = trial[trial_first]
                    while where[old] != TRIAL or place[old] != trial_first:
                        trial_first += 1
                        old = trial[trial_first]
                else:
                    old = kept[kept_first]
                    while where[old] != KEPT or place[old] != kept_first:
                        kept_first += 1
                        old = kept[kept_first]
                if _exceeds(pairs, counters, new, old, inverse):
                    is_in = True
                    is_first = True
                    while is_first or (
                        trial_size + own > trial_room
                        and kept_size + own > kept_room
                        and trial_size + kept_size + own > main_room
                    ):
                        is_first = False
                        if trial_size > 0:
                            old = trial[trial_first]
                            while where[old] != TRIAL or place[old] != trial_first:
                                trial_first += 1
                                old = trial[trial_first]
                            trial_first += 1
                            trial_size -= weight[old] if is_sized else 1
                        else:
                            old = kept[kept_first]
                            while where[old] != KEPT or place[old] != kept_first:
                                kept_first += 1
                                old = kept[kept_first]
                            kept_first += 1
                            kept_size -= weight[old] if is_sized else 1
                        where[old] = 0
            if is_in:
                if trial_size + own > trial_room and kept_size + own <= kept_room:
                    where[new] = KEPT
                    place[new] = kept_last
                    kept[kept_last] = new
                    kept_last += 1
                    kept_size += own
                else:
                    where[new] = TRIAL
                    place[new] = trial_last
                    trial[trial_last] = new
                    trial_last += 1
                    trial_size += own
            _count(pairs, counters, new, inverse)
        where[one] = WINDOW
        place[one] = window_last
        window[window_last] = one
        window_last += 1
        window_size += size
        if is_sized:
            weight[one] = size
        if is_expiring:
            born[one] = times[now]
        _count(pairs, counters, one, inverse)
    return misses, missed, expired


def hash_pairs(keys: Any) -> Any:
    """Two hashes of 32 bits of each key (unsigned 64-bit numbers), shape (keys, 2): the low halves of two XXH64."""
    return np.stack([xxh64(keys, seed).astype(np.uint32) for seed in (0x12345678, 0x12344321)], axis=1)


def xxh64(keys: Any, seed: int) -> Any:
    """XXH64 (Collet, specification 0.1.1) of unsigned 64-bit numbers, each as its eight bytes in little-endian order.

    >>> [f"{int(one):x}" for one in xxh64(np.array([0, 1], np.uint64), 0)]
    ['34c96acdcadb1bbb', '9f29cb17a2a49995']
    """
    p1, p2, p3, p4, p5 = (
        np.uint64(one)
        for one in (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
    )
    keys = np.asarray(keys, np.uint64)
    start = np.uint64((seed + int(p5) + 8) & 0xFFFFFFFFFFFFFFFF)
    word = _rotate(keys * p2, 31) * p1
    made = _rotate(start ^ word, 27) * p1 + p4
    made = (made ^ (made >> np.uint64(33))) * p2
    made = (made ^ (made >> np.uint64(29))) * p3
    return made ^ (made >> np.uint64(32))


def _rotate(value: Any, by: int) -> Any:
    return (value << np.uint64(by)) | (value >> np.uint64(64 - by))
