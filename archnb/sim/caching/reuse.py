"""LIRS and Belady, replayed: policies that look at the time between two uses. What the replays take and return: `queues`."""

from __future__ import annotations

from typing import Any

import numpy as np

from archnb.sim.compiled import loop

# what LIRS knows of an object: it is in the stack, in the queue of those on trial, it is of low recency, it is held
STACKED, QUEUED, LOW, HELD = 1, 2, 4, 8


@loop
def replay_lirs(
    ids: Any, sizes: Any, times: Any, objects: int, capacity: int, ttl: float, warm: int
) -> tuple[int, int, int]:
    """LIRS (Jiang, Zhang, SIGMETRICS'02): who comes back soonest after a use stays; a hundredth of the room is for trial.

    One loop without calls: each case of a request says what has to be made room for, and the room is made in one place.
    """
    is_sized, is_expiring = len(sizes) > 0, len(times) > 0
    trial_room = max(1, int(0.01 * capacity))
    low_room = capacity - trial_room
    weight = np.zeros(objects if is_sized else 0, np.int64)
    born = np.zeros(objects if is_expiring else 0, np.float64)
    state = np.zeros(objects, np.int8)
    place, trial_place = np.zeros(objects, np.int32), np.zeros(objects, np.int32)
    gone_place = np.full(objects, -1, np.int32)
    stack = np.empty(2 * len(ids) + 2, np.int32)
    trial, gone = np.empty(3 * len(ids) + 3, np.int32), np.empty(3 * len(ids) + 3, np.int32)
    stack_first = stack_last = stack_count = stack_size = 0
    trial_first = trial_last = trial_size = 0
    gone_first = gone_last = 0
    low_size = 0
    misses = missed = expired = 0
    for now in range(len(ids)):
        one = ids[now]
        size = sizes[now] if is_sized else 1
        known = state[one]
        own = weight[one] if is_sized else 1
        if known & STACKED:
            place[one] = stack_last
            stack[stack_last] = one
            stack_last += 1
        if known & QUEUED:
            trial_place[one] = trial_last
            trial[trial_last] = one
            trial_last += 1
        is_new = False
        # bytes to be of low recency, bytes to be on trial
        rising = entering = 0
        if known & HELD:
            if (known & LOW) == 0:
                rising = own
                if known & STACKED and known & QUEUED:
                    state[one] = known & ~QUEUED
                    trial_size -= own
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
            if size <= capacity:
                if known & STACKED:
                    rising = own
                elif size <= low_room and size <= trial_room:
                    is_new = True
                    if low_size + size > low_room:
                        entering = size
        is_pruning = known & LOW
        while is_pruning or entering > 0 or (rising > 0 and low_size + rising > low_room):
            falling = -1
            wanted = entering
            if not is_pruning and entering == 0:
                # the object at the bottom of the stack goes to those on trial
                falling = stack[stack_first]
                while (state[falling] & STACKED) == 0 or place[falling] != stack_first:
                    stack_first += 1
                    falling = stack[stack_first]
                wanted = weight[falling] if is_sized else 1
                low_size -= wanted
                state[falling] = 0
                stack_count -= 1
                stack_size -= wanted
            if wanted <= trial_room:
                while trial_size + wanted > trial_room:
                    old = trial[trial_first]
                    while (state[old] & QUEUED) == 0 or trial_place[old] != trial_first:
                        trial_first += 1
                        old = trial[trial_first]
                    trial_first += 1
                    trial_size -= weight[old] if is_sized else 1
                    if state[old] & STACKED:
                        # the stack remembers it
                        state[old] &= ~(QUEUED | HELD)
                        gone_place[old] = gone_last
                        gone[gone_last] = old
                        gone_last += 1
                    else:
                        state[old] = 0
                if falling >= 0:
                    state[falling] = QUEUED | HELD
                    trial_place[falling] = trial_last
                    trial[trial_last] = falling
                    trial_last += 1
                    trial_size += wanted
            if entering > 0:
                entering = 0
                continue
            is_pruning = 0
            # what lies below the lowest object of low recency is let go of
            while stack_count > 1:
                old = stack[stack_first]
                while (state[old] & STACKED) == 0 or place[old] != stack_first:
                    stack_first += 1
                    old = stack[stack_first]
                if state[old] & LOW:
                    break
                if (state[old] & HELD) == 0:
                    gone_place[old] = -1
                state[old] &= ~STACKED
                stack_count -= 1
                stack_size -= weight[old] if is_sized else 1
        if is_new:
            own = size
            if is_sized:
                weight[one] = size
        if is_new or (known & (STACKED | HELD)) == HELD:
            # on top of the stack; a queued one that was dropped meanwhile stays in it, as held
            state[one] |= STACKED | HELD
            place[one] = stack_last
            stack[stack_last] = one
            stack_last += 1
            stack_count += 1
            stack_size += own
            if is_new and low_size + own <= low_room:
                state[one] |= LOW
                low_size += own
            elif is_new:
                state[one] |= QUEUED
                trial_place[one] = trial_last
                trial[trial_last] = one
                trial_last += 1
                trial_size += own
        elif rising > 0:
            state[one] |= LOW | HELD
            low_size += own
            gone_place[one] = -1
        if is_expiring and (is_new or (known & HELD) == 0):
            born[one] = times[now]
        # the stack remembers no more than twice what is held
        while stack_size > 2 * capacity and gone_first < gone_last:
            old = gone[gone_first]
            if gone_place[old] == gone_first:
                gone_place[old] = -1
                state[old] = 0
                stack_count -= 1
                stack_size -= weight[old] if is_sized else 1
            gone_first += 1
    return misses, missed, expired


@loop
def find_next(ids: Any, objects: int) -> Any:
    """The request at which each request's object is asked for again; the number of requests where it is not."""
    never = len(ids)
    seen = np.full(objects, never, np.int32)
    following = np.empty(never, np.int32)
    for now in range(never - 1, -1, -1):
        following[now] = seen[ids[now]]
        seen[ids[now]] = now
    return following


@loop
def replay_belady(
    ids: Any, sizes: Any, times: Any, objects: int, capacity: int, ttl: float, warm: int
) -> tuple[int, int, int]:
    """Belady's rule: what is asked for again last goes. Optimal where sizes are equal, a yardstick otherwise.

    The uses to come of what is held are bits, 32 a word, with a word above that says which words have any, and so on: the
    last is found in as many steps as there are levels.
    """
    is_sized, is_expiring = len(sizes) > 0, len(times) > 0
    never = len(ids)
    following = find_next(ids, objects)
    levels = 1
    while 32**levels < never + 1:
        levels += 1
    starts = np.zeros(levels + 1, np.int64)
    words = never + 1
    for level in range(levels):
        words = (words + 31) // 32
        starts[level + 1] = starts[level] + words
    bits = np.zeros(starts[levels], np.int64)
    held = np.zeros(objects, np.bool_)
    weight = np.zeros(objects if is_sized else 0, np.int64)
    born = np.zeros(objects if is_expiring else 0, np.float64)
    # what is never asked for again is not in the bits: it goes first, in any order
    spent = np.empty(objects + 1, np.int32)
    spent_count = 0
    free = capacity
    misses = missed = expired = 0
    for now in range(never):
        one = ids[now]
        size = sizes[now] if is_sized else 1
        if held[one]:
            at = now
            for level in range(levels):
                word = starts[level] + (at >> 5)
                bits[word] &= ~(1 << (at & 31))
                if bits[word] != 0:
                    break
                at >>= 5
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
                if spent_count > 0:
                    spent_count -= 1
                    old = spent[spent_count]
                else:
                    at = 0
                    for level in range(levels - 1, -1, -1):
                        word = bits[starts[level] + at]
                        top = 0
                        for half in (16, 8, 4, 2, 1):
                            if word >> half != 0:
                                word >>= half
                                top += half
                        at = (at << 5) + top
                    old = ids[at]
                    for level in range(levels):
                        word = starts[level] + (at >> 5)
                        bits[word] &= ~(1 << (at & 31))
                        if bits[word] != 0:
                            break
                        at >>= 5
                held[old] = False
                free += weight[old] if is_sized else 1
            held[one] = True
            free -= size
            if is_sized:
                weight[one] = size
            if is_expiring:
                born[one] = times[now]
        at = int(following[now])
        if at == never:
            spent[spent_count] = one
            spent_count += 1
        else:
            for level in range(levels):
                word = starts[level] + (at >> 5)
                before = bits[word]
                bits[word] = before | (1 << (at & 31))
                if before != 0:
                    break
                at >>= 5
    return misses, missed, expired
