"""ARC, S3-FIFO and LIRS, replayed: policies that remember what they let go of. What the replays take and return: `queues`."""

from __future__ import annotations

from typing import Any

import numpy as np

from archnb.sim.compiled import loop

ONCE, TWICE, ONCE_GONE, TWICE_GONE = 1, 2, 3, 4
SMALL, MAIN = 1, 2


@loop
def replay_arc(
    ids: Any, sizes: Any, times: Any, objects: int, capacity: int, ttl: float, warm: int
) -> tuple[int, int, int]:
    """ARC (Megiddo, Modha, FAST'03): what was asked for once and more often, both with a memory, and a border that learns."""
    is_sized, is_expiring = len(sizes) > 0, len(times) > 0
    where = np.zeros(objects, np.int8)
    place = np.zeros(objects, np.int32)
    weight = np.ones(objects if is_sized else 1, np.int64)
    born = np.zeros(objects if is_expiring else 0, np.float64)
    # objects leave a list in the order in which they came to its front, so its memory ends in the same order
    once, twice = np.empty(len(ids) + 1, np.int32), np.empty(len(ids) + 1, np.int32)
    once_last = once_first = once_gone_first = 0
    twice_last = twice_first = twice_gone_first = 0
    once_size = twice_size = once_gone_size = twice_gone_size = 0
    target = 0.0
    is_twice_ghost = False
    misses = missed = expired = 0
    for now in range(len(ids)):
        one = ids[now]
        size = sizes[now] if is_sized else 1
        state = where[one]
        if state in (ONCE, TWICE):
            is_twice_ghost = False
            if state == ONCE:
                held = weight[one] if is_sized else 1
                once_size -= held
                twice_size += held
                where[one] = TWICE
            place[one] = twice_last
            twice[twice_last] = one
            twice_last += 1
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
        is_ghost = state != 0
        if is_ghost:
            gone = weight[one] if is_sized else 1
            if state == ONCE_GONE:
                is_twice_ghost = False
                target = min(target + max(twice_gone_size / once_gone_size, 1.0), float(capacity))
                once_gone_size -= gone
            else:
                is_twice_ghost = True
                target = max(target - max(once_gone_size / twice_gone_size, 1.0), 0.0)
                twice_gone_size -= gone
            where[one] = 0
        if size > capacity:
            continue
        while once_size + twice_size + size > capacity:
            is_remembered = True
            if not is_ghost:
                if once_size + once_gone_size + size > capacity:
                    if once_gone_size > 0:
                        old = once[once_gone_first]
                        while where[old] != ONCE_GONE or place[old] != once_gone_first:
                            once_gone_first += 1
                            old = once[once_gone_first]
                        where[old] = 0
                        once_gone_first += 1
                        once_gone_size -= weight[old] if is_sized else 1
                    else:
                        is_remembered = False
                elif once_size + once_gone_size + twice_size + twice_gone_size >= 2 * capacity and twice_gone_size > 0:
                    old = twice[twice_gone_first]
                    while where[old] != TWICE_GONE or place[old] != twice_gone_first:
                        twice_gone_first += 1
                        old = twice[twice_gone_first]
                    where[old] = 0
                    twice_gone_first += 1
                    twice_gone_size -= weight[old] if is_sized else 1
            if (
                not is_remembered
                or twice_size == 0
                or (once_size > 0 and (once_size > target or (once_size == target and is_twice_ghost)))
            ):
                old = once[once_first]
                while where[old] != ONCE or place[old] != once_first:
                    once_first += 1
                    old = once[once_first]
                once_first += 1
                freed = weight[old] if is_sized else 1
                once_size -= freed
                if is_remembered:
                    where[old] = ONCE_GONE
                    once_gone_size += freed
                else:
                    where[old] = 0
            else:
                old = twice[twice_first]
                while where[old] != TWICE or place[old] != twice_first:
                    twice_first += 1
                    old = twice[twice_first]
                twice_first += 1
                freed = weight[old] if is_sized else 1
                twice_size -= freed
                where[old] = TWICE_GONE
                twice_gone_size += freed
        if is_sized:
            weight[one] = size
        if is_expiring:
            born[one] = times[now]
        if is_ghost:
            where[one] = TWICE
            place[one] = twice_last
            twice[twice_last] = one
            twice_last += 1
            twice_size += size
            is_twice_ghost = False
        else:
            where[one] = ONCE
            place[one] = once_last
            once[once_last] = one
            once_last += 1
            once_size += size
    return misses, missed, expired


@loop
def replay_s3fifo(
    ids: Any, sizes: Any, times: Any, objects: int, capacity: int, ttl: float, warm: int
) -> tuple[int, int, int]:
    """S3-FIFO (Yang et al., SOSP'23): a tenth of the room is a trial; what is asked for twice in it, or again after it, stays."""
    is_sized, is_expiring = len(sizes) > 0, len(times) > 0
    small_room = int(capacity * 0.1)
    main_room = capacity - small_room
    ghost_room = int(capacity * 0.9)
    where = np.zeros(objects, np.int8)
    asked = np.zeros(objects, np.int8)
    weight = np.ones(objects if is_sized else 1, np.int64)
    born = np.zeros(objects if is_expiring else 0, np.float64)
    turn = objects + 1
    small, main = np.empty(turn, np.int32), np.empty(turn, np.int32)
    small_first = small_last = main_first = main_last = 0
    small_size = main_size = 0
    # the memory: where an object stands in it, -1 where not; and with which size it went
    ghost = np.empty(len(ids) + 1, np.int32)
    ghost_place = np.full(objects, -1, np.int32)
    ghost_weight = np.ones(objects if is_sized else 1, np.int64)
    ghost_first = ghost_last = ghost_size = 0
    has_evicted = False
    misses = missed = expired = 0
    for now in range(len(ids)):
        one = ids[now]
        size = sizes[now] if is_sized else 1
        if where[one] != 0:
            if asked[one] < 3:
                asked[one] += 1
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
        is_ghost = ghost_place[one] >= 0
        if is_ghost:
            ghost_place[one] = -1
            ghost_size -= ghost_weight[one] if is_sized else 1
        if size > small_room:
            continue
        while small_size + main_size + size > capacity:
            has_evicted = True
            if main_size > main_room or small_size == 0:
                while main_size > 0:
                    old = main[main_first]
                    main_first = main_first + 1 if main_first + 1 < turn else 0
                    if asked[old] >= 1:
                        asked[old] -= 1
                        main[main_last] = old
                        main_last = main_last + 1 if main_last + 1 < turn else 0
                    else:
                        where[old] = 0
                        main_size -= weight[old] if is_sized else 1
                        break
            else:
                while small_size > 0:
                    old = small[small_first]
                    small_first = small_first + 1 if small_first + 1 < turn else 0
                    freed = weight[old] if is_sized else 1
                    small_size -= freed
                    if asked[old] >= 2:
                        where[old] = MAIN
                        asked[old] = 0
                        main[main_last] = old
                        main_last = main_last + 1 if main_last + 1 < turn else 0
                        main_size += freed
                        continue
                    where[old] = 0
                    if freed <= ghost_room:
                        while ghost_size + freed > ghost_room:
                            gone = ghost[ghost_first]
                            if ghost_place[gone] == ghost_first:
                                ghost_place[gone] = -1
                                ghost_size -= ghost_weight[gone] if is_sized else 1
                            ghost_first += 1
                        ghost_place[old] = ghost_last
                        ghost[ghost_last] = old
                        ghost_last += 1
                        ghost_size += freed
                        if is_sized:
                            ghost_weight[old] = freed
                    break
        asked[one] = 0
        if is_sized:
            weight[one] = size
        if is_expiring:
            born[one] = times[now]
        if is_ghost or (not has_evicted and small_size >= small_room):
            where[one] = MAIN
            main[main_last] = one
            main_last = main_last + 1 if main_last + 1 < turn else 0
            main_size += size
        else:
            where[one] = SMALL
            small[small_last] = one
            small_last = small_last + 1 if small_last + 1 < turn else 0
            small_size += size
    return misses, missed, expired
