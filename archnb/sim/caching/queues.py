"""FIFO, LRU, CLOCK and SIEVE, replayed: what a queue remembers is where each object stands in it.

A queue here is a row of places that only grows: an object that moves to the front takes a new place, and its old one is
passed over when the end of the queue comes by. So nothing is unlinked, and a hit of LRU writes one number.

All replays take `ids` (objects 0..n-1, in the order asked for), `sizes` (bytes a request; empty: 1 each), `times`
(seconds; empty: entries live for ever), the number of objects, the capacity in the unit of the sizes, the lifetime in
seconds, and how many requests at the start are not counted. They return misses, bytes missed, and those of the misses
that found an entry past its lifetime. An object larger than the cache is never held; one held keeps the size that it
came with; an entry past its lifetime is fetched again where it is, which counts as a use.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from archnb.sim.compiled import loop


@loop
def replay_fifo(
    ids: Any, sizes: Any, times: Any, objects: int, capacity: int, ttl: float, warm: int
) -> tuple[int, int, int]:
    is_sized, is_expiring = len(sizes) > 0, len(times) > 0
    held = np.zeros(objects, np.bool_)
    queue = np.empty(objects + 1, np.int32)
    weight = np.zeros(objects if is_sized else 0, np.int64)
    born = np.zeros(objects if is_expiring else 0, np.float64)
    room = objects + 1
    first = last = 0
    free = capacity
    misses = missed = expired = 0
    for now in range(len(ids)):
        one = ids[now]
        size = sizes[now] if is_sized else 1
        if held[one]:
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
        if size > capacity:
            continue
        while free < size:
            old = queue[first]
            first = first + 1 if first + 1 < room else 0
            held[old] = False
            free += weight[old] if is_sized else 1
        held[one] = True
        queue[last] = one
        last = last + 1 if last + 1 < room else 0
        free -= size
        if is_sized:
            weight[one] = size
        if is_expiring:
            born[one] = times[now]
    return misses, missed, expired


@loop
def replay_lru(
    ids: Any, sizes: Any, times: Any, objects: int, capacity: int, ttl: float, warm: int
) -> tuple[int, int, int]:
    is_sized, is_expiring = len(sizes) > 0, len(times) > 0
    # the queue is the trace itself: where an object was last asked for, -1 while it is not held
    last = np.full(objects, -1, np.int32)
    weight = np.zeros(objects if is_sized else 0, np.int64)
    born = np.zeros(objects if is_expiring else 0, np.float64)
    end = 0
    free = capacity
    misses = missed = expired = 0
    for now in range(len(ids)):
        one = ids[now]
        size = sizes[now] if is_sized else 1
        if last[one] >= 0:
            last[one] = now
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
        if size > capacity:
            continue
        while free < size:
            old = ids[end]
            if last[old] == end:
                last[old] = -1
                free += weight[old] if is_sized else 1
            end += 1
        last[one] = now
        free -= size
        if is_sized:
            weight[one] = size
        if is_expiring:
            born[one] = times[now]
    return misses, missed, expired


@loop
def replay_clock(
    ids: Any, sizes: Any, times: Any, objects: int, capacity: int, ttl: float, warm: int
) -> tuple[int, int, int]:
    is_sized, is_expiring = len(sizes) > 0, len(times) > 0
    # 0: not held; 1: held; 2: held and asked for since the hand came by
    state = np.zeros(objects, np.int8)
    queue = np.empty(objects + 1, np.int32)
    weight = np.zeros(objects if is_sized else 0, np.int64)
    born = np.zeros(objects if is_expiring else 0, np.float64)
    room = objects + 1
    first = last = 0
    free = capacity
    misses = missed = expired = 0
    for now in range(len(ids)):
        one = ids[now]
        size = sizes[now] if is_sized else 1
        if state[one] > 0:
            state[one] = 2
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
        if size > capacity:
            continue
        while free < size:
            old = queue[first]
            first = first + 1 if first + 1 < room else 0
            if state[old] == 2:
                state[old] = 1
                queue[last] = old
                last = last + 1 if last + 1 < room else 0
            else:
                state[old] = 0
                free += weight[old] if is_sized else 1
        state[one] = 1
        queue[last] = one
        last = last + 1 if last + 1 < room else 0
        free -= size
        if is_sized:
            weight[one] = size
        if is_expiring:
            born[one] = times[now]
    return misses, missed, expired


@loop
def replay_sieve(
    ids: Any, sizes: Any, times: Any, objects: int, capacity: int, ttl: float, warm: int
) -> tuple[int, int, int]:
    """SIEVE (Zhang et al., NSDI'24): a queue that nothing moves in, and a hand that walks from the oldest to the newest."""
    is_sized, is_expiring = len(sizes) > 0, len(times) > 0
    state = np.zeros(objects, np.int8)
    # neighbours in the queue; the place after the last object stands for both ends
    edge = objects
    newer = np.full(objects + 1, edge, np.int32)
    older = np.full(objects + 1, edge, np.int32)
    weight = np.zeros(objects if is_sized else 0, np.int64)
    born = np.zeros(objects if is_expiring else 0, np.float64)
    hand = edge
    free = capacity
    misses = missed = expired = 0
    for now in range(len(ids)):
        one = ids[now]
        size = sizes[now] if is_sized else 1
        if state[one] > 0:
            state[one] = 2
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
        if size > capacity:
            continue
        while free < size:
            old = hand if hand != edge else newer[edge]
            while state[old] == 2:
                state[old] = 1
                old = newer[old]
                if old == edge:
                    old = newer[edge]
            state[old] = 0
            hand = newer[old]
            before = older[old]
            newer[before] = hand
            older[hand] = before
            free += weight[old] if is_sized else 1
        state[one] = 1
        before = older[edge]
        newer[before] = one
        older[one] = before
        newer[one] = edge
        older[edge] = one
        free -= size
        if is_sized:
            weight[one] = size
        if is_expiring:
            born[one] = times[now]
    return misses, missed, expired
