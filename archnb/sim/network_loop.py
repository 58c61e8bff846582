"""The event loop behind `sim.network`: one heap, one pool of calls, and the machine that moves a call from event to event.

Compiled by numba where it is installed (to disk, when first called), plain Python where it is not: one source, the same
numbers. So that both can run it, everything lies in flat arrays (numpy, or plain lists), a row an object and a constant a
column; integers stay below 2^63 and the random numbers are 32-bit (xoshiro128++, Blackman and Vigna 2019), a stream for
each station's work, each class's arrivals and the choices between.

A call is a row from its first attempt until nothing works for it any more. What happens at one instant is a stack of
actions: ENTER (an attempt is sent), COME (it reaches its station), BODY (its own work is done, it makes its calls), GROUP (a
group of calls is answered), LEAVE (the station answers), SETTLE (the caller takes the answer, repeats or gives up).

It is one long file for a reason: numba renews what it keeps on disk when this file changes, and looks at no other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

# a numpy array, or a list where nothing is compiled
Ints: TypeAlias = Any
Floats: TypeAlias = Any

# a second copy of this module, with PLAIN set before it runs, is the loop without numba though numba is there
IS_COMPILED = False
if not globals().get("PLAIN", False):
    try:
        import numba

        IS_COMPILED = True
    except ImportError:
        pass


def _compile(function: Callable[..., Any], **wanted: Any) -> Callable[..., Any]:
    compile_with: Any = numba.njit
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", **wanted}
    # nothing is allocated in the loop, and counting references would take half of its time
    for more in ({"cache": True, "_nrt": False}, {"_nrt": False}, {"cache": True}, {}):
        try:
            compiled: Callable[..., Any] = compile_with(**options, **more)(function)
            return compiled
        except (RuntimeError, TypeError, KeyError):  # no place for a cache; an option that this numba has not
            continue
    return function


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled when first called, kept on disk where the machine lets us."""
    return _compile(function) if IS_COMPILED else function


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, and written out wherever it is called: to pass a dozen arrays takes longer than most events."""
    return _compile(function, forceinline=True) if IS_COMPILED else function


# events
WORK, TIMER, WAKE, ARRIVAL, TICK, FAULT, SHARED, BATCH, SCALE, GROWN, DELIVER, REACH, PHASE, NOTHING = range(14)
# how a run ends: it is done, or the tables must grow before it goes on
DONE, FULL = range(2)
# actions
ENTER, COME, BODY, GROUP, LEAVE, SETTLE = range(6)
# breakers: what they stop, and how they stand
STOPS_CALLS, STOPS_RETRIES = range(2)
CLOSED_NOW, OPEN_NOW, HALF_OPEN = range(3)
# outcomes
OK, ERROR, REFUSED, TIMEOUT, EXPIRED, OPEN, LOST = range(7)
OUTCOMES = 7
# states of a call
FREE, ROOT, WAITING, SERVING, HOLDING, DETACHED, PAUSING, TRAVELLING = range(8)
# owners of a call that no caller waits for
ABANDONED, BACKGROUND = -1, -2
# disciplines
FIFO, LIFO, PRIORITY, SHARING = range(4)
# distributions
NONE, CONSTANT, EXPONENTIAL, LOGNORMAL, GAMMA, HYPEREXPONENTIAL, EMPIRICAL = range(7)
# arrivals
POISSON, MMPP, DIURNAL, REPLAYED, CLOSED, RENEWAL = range(6)
# faults
SLOW, PAUSED, GONE, FAILING, PARTITION, EMPTIED, SPIKE = range(7)
# jitter
NO_JITTER, FULL_JITTER, EQUAL_JITTER = range(3)

# a call: row of integers, row of floats
C_NODE, C_OWNER, C_ATTEMPT, C_PENDING, C_GROUP, C_NEXT, C_OUTCOME, C_EVENT = range(8)
C_TIMER, C_STATE, C_HOLDER, C_LEFT, C_RIGHT, C_ORDER, C_SKIPPED, C_MARK = range(8, 16)
CW = 16
F_BORN, F_ENTERED, F_EXPIRES, F_WORK, F_CREDIT, F_RANK = range(6)
FW = 8
# a node of a call tree
N_STATION, N_CLASS, N_KIND, N_PARAMETER, N_CHILD, N_SIBLING, N_NEXT, N_RETRIES = range(8)
N_BUDGET, N_BREAKER, N_CACHE, N_REQUIRED, N_ASYNC, N_JITTER, N_PASSES, N_LINK = range(8, 16)
NW = 16
NF_SHARE, NF_TIMEOUT, NF_BACKOFF, NF_FACTOR, NF_CAP, NF_RANK, NF_CUT, NF_HOLDERS = range(8)
NFW = 8
# a station: what it is and how it is now; then what is counted until the next tick
S_CAPACITY, S_RUNNING, S_WAITING, S_HEAD, S_TAIL, S_LIMIT, S_DISCIPLINE, S_HOLDS = range(8)
S_DISCARDS, S_PROVISIONED, S_LOST, S_BATCH, S_EVENT, S_SHARING, S_LEAST, S_MOST = range(8, 16)
S_TARGET, S_PROCESSORS, S_INSIDE, S_SHARED = range(16, 20)
S_COUNTS = 20
SC_ARRIVED, SC_FIRST, SC_SERVED, SC_ERRED, SC_REFUSED, SC_EXPIRED, SC_KILLED, SC_WASTED, SC_PEAK, SC_WAITED = range(10)
SCW = 10
SW = 32
SF_SINCE, SF_FAILURE, SF_SLOW, SF_PAUSED_UNTIL, SF_PAUSED, SF_MAX_WAIT, SF_BATCH_WAIT, SF_BATCH_ITEM = range(8)
SF_VIRTUAL, SF_VIRTUAL_AT, SF_INTERVAL, SF_AIM, SF_DELAY, SF_COOLDOWN, SF_COOL, SF_SCALE_BUSY = range(8, 16)
SF_SUMS = 16
SS_BUSY, SS_QUEUE, SS_CAPACITY, SS_WAIT, SS_RESPONSE = range(5)
SSW = 5
SFW = 24
# a class
K_KIND, K_ROOT, K_EVENT, K_PHASE, K_POINTER, K_PARAMETER, K_COUNT, K_INSIDE = range(8)
K_BATCH, K_BATCHES, K_IN_BATCH = range(8, 11)
K_COUNTS = 12
KC_OFFERED, KC_WASTED, KC_ANSWERED = 0, 1, 2  # from KC_ANSWERED on a column an outcome
KCW = 2 + OUTCOMES
KW = 24
KF_RATE, KF_SPIKE, KF_DEADLINE, KF_SUM, KF_BATCH = range(5)
KFW = 8
BATCHES = 1024
# budgets, breakers, caches, faults
BF_TOKENS, BF_SIZE, BF_PER_CALL, BF_PER_SUCCESS, BF_RATE, BF_AT = range(6)
BFW = 6
R_SCOPE, R_PROBES, R_STATE, R_PROBING = range(4)
RW = 4
RF_THRESHOLD, RF_WINDOW, RF_LEAST, RF_OPEN_FOR, RF_CALLS, RF_FAILURES, RF_AT, RF_UNTIL = range(8)
RFW = 8
H_RATIO, H_ENTRIES, H_LOADS, H_HITS, H_MISSES = range(5)
HW = 6
X_KIND, X_TARGET = range(2)
XW = 2
XF_START, XF_END, XF_VALUE, XF_TAKEN = range(4)
XFW = 4
# the loop's own numbers
G_SIZE, G_HOLE, G_SEQUENCE, G_FREE, G_LIVE, G_PEAK, G_EVENTS, G_BUCKET = range(8)
G_STATIONS, G_CLASSES, G_NODES, G_BUCKETS, G_SEGMENTS, G_CALLS, G_TOP, G_WIDTH = range(8, 16)
GW = 16

# histograms: 64 equal bins in each octave from 2^-21 s (0.5 µs) up; half a bin is 0.8 % of a value at most
SUB, LOWEST, OCTAVES = 64, -20, 40
BINS = SUB * OCTAVES
MASK = 0xFFFFFFFF
SLOT = 0xFFFFFF


@inlined
def uniform(rng: Ints, stream: int) -> Any:
    """The stream's next number, between 0 and 1, both left out: xoshiro128++."""
    k = (stream & SLOT) * 4
    a, b, c, d = rng[k], rng[k + 1], rng[k + 2], rng[k + 3]
    x = (a + d) & MASK
    result = ((((x << 7) | (x >> 25)) & MASK) + a) & MASK
    shifted = (b << 9) & MASK
    c ^= a
    d ^= b
    rng[k + 1] = b ^ c
    rng[k] = a ^ d
    rng[k + 2] = c ^ shifted
    rng[k + 3] = ((d << 11) | (d >> 21)) & MASK
    return (result + 0.5) * 2.3283064365386963e-10


@jit
def normal(rng: Ints, stream: int) -> float:
    """A standard normal number (Box and Muller)."""
    radius = math.sqrt(-2.0 * math.log(uniform(rng, stream)))
    return radius * math.cos(6.283185307179586 * uniform(rng, stream))


@jit
def draw(kind: int, at: int, parameters: Floats, rng: Ints, stream: int) -> Any:
    """A time of the distribution whose parameters begin at `at`."""
    if kind == EXPONENTIAL:
        return -math.log(uniform(rng, stream)) * parameters[at]
    if kind == NONE:
        return 0.0
    if kind == CONSTANT:
        return parameters[at] * 1.0
    if kind == LOGNORMAL:
        return math.exp(parameters[at] + parameters[at + 1] * normal(rng, stream))
    if kind == GAMMA:  # Marsaglia and Tsang 2000; below shape 1 a larger one is drawn and cut down
        shape, scale = parameters[at], parameters[at + 1]
        if shape < 1.0:
            scale *= uniform(rng, stream) ** (1.0 / shape)
            shape += 1.0
        d = shape - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        while True:
            x = normal(rng, stream)
            v = 1.0 + c * x
            if v > 0.0:
                v = v * v * v
                if math.log(uniform(rng, stream)) < 0.5 * x * x + d - d * v + d * math.log(v):
                    return d * v * scale
    count = int(parameters[at])
    if kind == HYPEREXPONENTIAL:
        u = uniform(rng, stream)
        k = 0
        while k < count - 1 and u > parameters[at + 1 + k]:
            k += 1
        return -math.log(uniform(rng, stream)) * parameters[at + 1 + count + k]
    return parameters[at + 1 + int(uniform(rng, stream) * count)] * 1.0


@inlined
def sink(times: Floats, keys: Ints, size: int, time: float, key: int) -> None:
    """Put an event at the root and let it sink to its place."""
    i = 0
    child = 1
    while child < size:
        right = child + 1
        if right < size and (
            times[right] < times[child] or (times[right] == times[child] and keys[right] < keys[child])
        ):
            child = right
        if times[child] < time or (times[child] == time and keys[child] < key):
            times[i] = times[child]
            keys[i] = keys[child]
            i = child
            child = (2 * i + 1) & SLOT
        else:
            break
    times[i] = time
    keys[i] = key


@inlined
def push(times: Floats, keys: Ints, g: Ints, time: float, kind: int, slot: int) -> Any:
    """Schedule an event; its key is unique, in the order of scheduling, and says its kind and its slot.

    The root that was taken last is replaced rather than removed: half of all events schedule another.
    """
    sequence = g[G_SEQUENCE]
    g[G_SEQUENCE] = sequence + 1
    key = (sequence << 28) | (slot << 4) | kind
    size = g[G_SIZE] & SLOT
    if g[G_HOLE] == 1:
        g[G_HOLE] = 0
        sink(times, keys, size, time, key)
        return key
    g[G_SIZE] = size + 1
    i = size
    while i > 0:
        up = ((i - 1) >> 1) & SLOT
        if time < times[up]:
            times[i] = times[up]
            keys[i] = keys[up]
            i = up
        else:
            break
    times[i] = time
    keys[i] = key
    return key


@inlined
def bin_of(value: float) -> int:
    """The bin of a time in the histograms."""
    if value <= 0.0:
        return 0
    fraction, exponent = math.frexp(value)
    place = (exponent - LOWEST) * SUB + int((fraction - 0.5) * 2.0 * SUB)
    if place < 0:
        return 0
    return place if place < BINS else BINS - 1


@inlined
def account(si: Ints, sf: Floats, s: int, now: float) -> None:
    """Add up the time since a station last changed."""
    i, f = (s & SLOT) * SW, (s & SLOT) * SFW
    passed = now - sf[f]
    if passed > 0.0:
        sf[f] = now
        running = si[i + S_RUNNING]
        if si[i + S_DISCIPLINE] == SHARING and si[i + S_PROCESSORS] < running:
            running = si[i + S_PROCESSORS]
        busy = running * passed
        sf[f + SF_SUMS + SS_BUSY] += busy
        sf[f + SF_SCALE_BUSY] += busy
        sf[f + SF_SUMS + SS_QUEUE] += si[i + S_WAITING] * passed
        sf[f + SF_SUMS + SS_CAPACITY] += si[i + S_CAPACITY] * passed


@jit
def precedes(ci: Ints, cf: Floats, a: int, b: int) -> bool:
    """Whether call a is served before call b: by rank, then by order."""
    x, y = cf[a * FW + F_RANK], cf[b * FW + F_RANK]
    return bool(x < y or (x == y and ci[a * CW + C_ORDER] < ci[b * CW + C_ORDER]))


@jit
def meld(ci: Ints, cf: Floats, a: int, b: int) -> Any:
    """Two skew heaps of calls made one (Sleator and Tarjan 1986), without recursion; -1 is the empty heap."""
    if a < 0:
        return b
    if b < 0:
        return a
    if precedes(ci, cf, b, a):
        a, b = b, a
    root = a
    while True:
        # the right child of a is melded with b; the children are swapped on the way
        right = ci[a * CW + C_RIGHT]
        ci[a * CW + C_RIGHT] = ci[a * CW + C_LEFT]
        if right < 0:
            ci[a * CW + C_LEFT] = b
            return root
        if precedes(ci, cf, b, right):
            right, b = b, right
        ci[a * CW + C_LEFT] = right
        a = right


@jit
def enqueue(ci: Ints, cf: Floats, si: Ints, s: int, slot: int) -> None:
    """A call waits at a station."""
    i = (s & SLOT) * SW
    si[i + S_WAITING] += 1
    if si[i + S_WAITING] > si[i + S_COUNTS + SC_PEAK]:
        si[i + S_COUNTS + SC_PEAK] = si[i + S_WAITING]
    ci[slot * CW + C_STATE] = WAITING
    ci[slot * CW + C_NEXT] = -1
    discipline = si[i + S_DISCIPLINE]
    if discipline == PRIORITY:
        ci[slot * CW + C_LEFT] = -1
        ci[slot * CW + C_RIGHT] = -1
        si[i + S_HEAD] = meld(ci, cf, si[i + S_HEAD], slot)
    elif si[i + S_HEAD] < 0:
        si[i + S_HEAD] = slot
        si[i + S_TAIL] = slot
    elif discipline == LIFO:
        ci[slot * CW + C_NEXT] = si[i + S_HEAD]
        si[i + S_HEAD] = slot
    else:
        ci[si[i + S_TAIL] * CW + C_NEXT] = slot
        si[i + S_TAIL] = slot


@jit
def dequeue(ci: Ints, cf: Floats, si: Ints, s: int) -> int:
    """The call that is served next."""
    i = (s & SLOT) * SW
    slot = si[i + S_HEAD]
    si[i + S_WAITING] -= 1
    if si[i + S_DISCIPLINE] == PRIORITY:
        si[i + S_HEAD] = meld(ci, cf, ci[slot * CW + C_LEFT], ci[slot * CW + C_RIGHT])
    else:
        si[i + S_HEAD] = ci[slot * CW + C_NEXT]
    return int(slot)


@jit
def advance(si: Ints, sf: Floats, s: int, now: float) -> Any:
    """Bring a shared station's virtual time up to now; gives the speed at which each of its calls is worked on."""
    i, f = (s & SLOT) * SW, (s & SLOT) * SFW
    sharing = si[i + S_SHARING]
    speed = 1.0 / sf[f + SF_SLOW]
    if sharing > si[i + S_PROCESSORS]:
        speed *= si[i + S_PROCESSORS] / sharing
    since = sf[f + SF_VIRTUAL_AT]
    if since < sf[f + SF_PAUSED_UNTIL]:
        since = min(now, sf[f + SF_PAUSED_UNTIL])
    sf[f + SF_VIRTUAL] += (now - since) * speed
    sf[f + SF_VIRTUAL_AT] = now
    return speed


@jit
def reschedule(
    ci: Ints, cf: Floats, si: Ints, sf: Floats, times: Floats, keys: Ints, g: Ints, s: int, now: float
) -> None:
    """Schedule when the next call of a shared station is done; an earlier schedule no longer counts."""
    i, f = (s & SLOT) * SW, (s & SLOT) * SFW
    speed = advance(si, sf, s, now)
    si[i + S_EVENT] = -1
    head = si[i + S_SHARED]
    if head >= 0 and speed > 0.0:
        start = max(now, sf[f + SF_PAUSED_UNTIL])
        left = max(0.0, cf[head * FW + F_RANK] - sf[f + SF_VIRTUAL])
        si[i + S_EVENT] = push(times, keys, g, start + left / speed, SHARED, s)


@jit
def next_arrival(k: int, ki: Ints, kf: Floats, parameters: Floats, rng: Ints, stream: int, now: float) -> Any:
    """When a class's next request comes; infinite for none."""
    i, f = k * KW, k * KFW
    kind, at = ki[i + K_KIND], ki[i + K_PARAMETER]
    rate = kf[f + KF_RATE] * kf[f + KF_SPIKE]
    if kind == REPLAYED:
        pointer = ki[i + K_POINTER]
        if pointer >= ki[i + K_COUNT]:
            return math.inf
        ki[i + K_POINTER] = pointer + 1
        return parameters[at + pointer] * 1.0
    if kind == RENEWAL:
        return now + draw(ki[i + K_PHASE], at, parameters, rng, stream) / kf[f + KF_SPIKE]
    if kind == MMPP:
        rate = parameters[at + 2 * ki[i + K_PHASE]] * kf[f + KF_SPIKE]
    if rate <= 0.0:
        return math.inf
    if kind == DIURNAL:  # thinning (Lewis and Shedler 1979)
        swing = parameters[at]
        top = rate * (1.0 + swing)
        while True:
            now += -math.log(uniform(rng, stream)) / top
            wave = 1.0 + swing * math.sin(6.283185307179586 * (now / parameters[at + 1] + parameters[at + 2]))
            if uniform(rng, stream) * (1.0 + swing) <= wave:
                return now
    return now - math.log(uniform(rng, stream)) / rate


@jit
def hit(hf: Floats, h: int, u: float) -> bool:
    """Whether a cache has what is asked for: all of its ratio when it is full, less while it fills."""
    ratio = hf[h * HW + H_RATIO]
    entries = hf[h * HW + H_ENTRIES]
    if entries > 0.0 and hf[h * HW + H_LOADS] < 30.0 * entries:
        ratio *= 1.0 - math.exp(-hf[h * HW + H_LOADS] / entries)
    if u < ratio:
        hf[h * HW + H_HITS] += 1.0
        return True
    hf[h * HW + H_MISSES] += 1.0
    return False


@jit
def decay(rf: Floats, r: int, now: float) -> None:
    """Let a breaker forget what is older than its window."""
    f = r * RFW
    if rf[f + RF_WINDOW] > 0.0:
        left = math.exp(-(now - rf[f + RF_AT]) / rf[f + RF_WINDOW])
        rf[f + RF_CALLS] *= left
        rf[f + RF_FAILURES] *= left
    rf[f + RF_AT] = now


@jit
def spend(bf: Floats, b: int, now: float) -> bool:
    """Take a token for a retry, if there is one."""
    f = b * BFW
    if bf[f + BF_RATE] > 0.0:
        bf[f + BF_TOKENS] = min(bf[f + BF_SIZE], bf[f + BF_TOKENS] + bf[f + BF_RATE] * (now - bf[f + BF_AT]))
    bf[f + BF_AT] = now
    if bf[f + BF_TOKENS] >= 1.0:
        bf[f + BF_TOKENS] -= 1.0
        return True
    return False


@jit
def flush(
    now: float, g: Ints, si: Ints, sf: Floats, ki: Ints, kf: Floats, ssi: Ints, ssf: Floats, ksi: Ints, ksf: Floats
) -> None:
    """Write what was counted since the last tick into its bucket and count anew."""
    bucket, stations, classes = g[G_BUCKET], g[G_STATIONS], g[G_CLASSES]
    for s in range(stations):
        account(si, sf, s, now)
        at = (bucket * stations + s) * SCW
        for k in range(SCW):
            ssi[at + k] = si[s * SW + S_COUNTS + k]
            si[s * SW + S_COUNTS + k] = 0
        si[s * SW + S_COUNTS + SC_PEAK] = si[s * SW + S_WAITING]
        at = (bucket * stations + s) * SSW
        for k in range(SSW):
            ssf[at + k] = sf[s * SFW + SF_SUMS + k]
            sf[s * SFW + SF_SUMS + k] = 0.0
    for c in range(classes):
        at = (bucket * classes + c) * KCW
        for k in range(KCW):
            ksi[at + k] = ki[c * KW + K_COUNTS + k]
            ki[c * KW + K_COUNTS + k] = 0
        ksf[bucket * classes + c] = kf[c * KFW + KF_SUM]
        kf[c * KFW + KF_SUM] = 0.0
    g[G_BUCKET] = bucket + 1


@inlined
def begin(
    slot: int, s: int, now: float, ci: Ints, cf: Floats, si: Ints, sf: Floats, ni: Ints, parameters: Floats, rng: Ints,
    times: Floats, keys: Ints, g: Ints,
) -> None:  # fmt: skip
    """A station starts to work on a call; its time has been accounted for up to now."""
    slot &= SLOT
    i, f, c = (s & SLOT) * SW, (s & SLOT) * SFW, slot * CW
    si[i + S_RUNNING] += 1
    ci[c + C_STATE] = SERVING
    ci[c + C_NEXT] = -1
    cf[slot * FW + F_CREDIT] = sf[f + SF_PAUSED]
    n = (ci[c + C_NODE] & SLOT) * NW
    at = ni[n + N_PARAMETER] & SLOT
    if ni[n + N_KIND] == EXPONENTIAL:  # the usual one is not worth a call
        work = -math.log(uniform(rng, s)) * parameters[at]
    else:
        work = draw(ni[n + N_KIND], at, parameters, rng, s)
    if si[i + S_DISCIPLINE] == SHARING:
        advance(si, sf, s, now)
        cf[slot * FW + F_RANK] = sf[f + SF_VIRTUAL] + work
        ci[c + C_LEFT] = -1
        ci[c + C_RIGHT] = -1
        si[i + S_SHARED] = meld(ci, cf, si[i + S_SHARED], slot)
        si[i + S_SHARING] += 1
        reschedule(ci, cf, si, sf, times, keys, g, s, now)
    else:
        ci[c + C_EVENT] = push(times, keys, g, now + work * sf[f + SF_SLOW], WORK, slot)


@jit
def begin_batch(
    slot: int, s: int, now: float, ci: Ints, cf: Floats, si: Ints, sf: Floats, ni: Ints, parameters: Floats, rng: Ints,
    times: Floats, keys: Ints, g: Ints,
) -> None:  # fmt: skip
    """A worker takes a batch, the first of which was taken from the queue; all of it is done at once."""
    i, f = (s & SLOT) * SW, (s & SLOT) * SFW
    items, last = 1, slot
    while items < si[i + S_BATCH] and si[i + S_WAITING] > 0:
        other = dequeue(ci, cf, si, s)
        sf[f + SF_SUMS + SS_WAIT] += now - cf[other * FW + F_ENTERED]
        si[i + S_COUNTS + SC_WAITED] += 1
        ci[other * CW + C_STATE] = DETACHED
        ci[other * CW + C_NEXT] = -1
        ci[last * CW + C_NEXT] = other
        last = other
        items += 1
    si[i + S_RUNNING] += 1
    ci[slot * CW + C_STATE] = SERVING
    cf[slot * FW + F_CREDIT] = sf[f + SF_PAUSED]
    n = ci[slot * CW + C_NODE] * NW
    work = draw(ni[n + N_KIND], ni[n + N_PARAMETER], parameters, rng, s) + sf[f + SF_BATCH_ITEM] * (items - 1)
    ci[slot * CW + C_EVENT] = push(times, keys, g, now + work * sf[f + SF_SLOW], WORK, slot)


@inlined
def refill_here(
    s: int, now: float, ci: Ints, cf: Floats, si: Ints, sf: Floats, ni: Ints, parameters: Floats, rng: Ints,
    times: Floats, keys: Ints, g: Ints, stack: Ints,
) -> None:  # fmt: skip
    """Give a station's free slots to those who wait; who has waited too long is sent away."""
    i, f = (s & SLOT) * SW, (s & SLOT) * SFW
    while si[i + S_WAITING] > 0 and si[i + S_RUNNING] < si[i + S_CAPACITY] and now >= sf[f + SF_PAUSED_UNTIL]:
        if si[i + S_BATCH] > 1 and si[i + S_WAITING] < si[i + S_BATCH]:
            due = cf[si[i + S_HEAD] * FW + F_ENTERED] + sf[f + SF_BATCH_WAIT]
            if now < due:
                if si[i + S_EVENT] < 0:
                    si[i + S_EVENT] = push(times, keys, g, due, BATCH, s)
                return
        slot = dequeue(ci, cf, si, s) & SLOT
        waited = now - cf[slot * FW + F_ENTERED]
        if (si[i + S_DISCARDS] == 1 and now >= cf[slot * FW + F_EXPIRES]) or (
            sf[f + SF_MAX_WAIT] > 0.0 and waited > sf[f + SF_MAX_WAIT]
        ):
            ci[slot * CW + C_STATE] = DETACHED
            ci[slot * CW + C_OUTCOME] = EXPIRED
            stack[g[G_TOP]] = slot * 8 + LEAVE
            g[G_TOP] += 1
            continue
        sf[f + SF_SUMS + SS_WAIT] += waited
        si[i + S_COUNTS + SC_WAITED] += 1
        if si[i + S_BATCH] > 1:
            begin_batch(slot, s, now, ci, cf, si, sf, ni, parameters, rng, times, keys, g)
        else:
            begin(slot, s, now, ci, cf, si, sf, ni, parameters, rng, times, keys, g)


@jit
def refill(
    s: int, now: float, ci: Ints, cf: Floats, si: Ints, sf: Floats, ni: Ints, parameters: Floats, rng: Ints,
    times: Floats, keys: Ints, g: Ints, stack: Ints,
) -> None:  # fmt: skip
    """The same, where it is seldom."""
    refill_here(s, now, ci, cf, si, sf, ni, parameters, rng, times, keys, g, stack)


@jit
def kill(
    s: int, share: float, now: float, ci: Ints, cf: Floats, si: Ints, sf: Floats, ni: Ints, rng: Ints, stream: int,
    times: Floats, keys: Ints, g: Ints, stack: Ints,
) -> None:  # fmt: skip
    """A station, or a share of it, is gone: what ran there fails; where nothing is left, what waited fails too.

    What a killed call had asked of others goes on there, for nobody. Batches are lost only with the whole station.
    """
    i = (s & SLOT) * SW
    calls, is_whole = g[G_CALLS], si[i + S_CAPACITY] <= 0
    for slot in range(calls):
        c = slot * CW
        ci[c + C_MARK] = 0
        state = ci[c + C_STATE]
        if state < WAITING or state > DETACHED or ni[ci[c + C_NODE] * NW + N_STATION] != s:
            continue
        if is_whole or (state in (SERVING, HOLDING) and si[i + S_BATCH] <= 1 and uniform(rng, stream) < share):
            ci[c + C_MARK] = 1
    if is_whole:
        si[i + S_HEAD] = -1
        si[i + S_TAIL] = -1
        si[i + S_WAITING] = 0
    advance(si, sf, s, now)
    si[i + S_SHARED] = -1
    si[i + S_SHARING] = 0
    for slot in range(calls):
        c = slot * CW
        owner = ci[c + C_OWNER]
        if ci[c + C_STATE] != FREE and owner >= 0 and ci[owner * CW + C_MARK] == 1:
            ci[c + C_OWNER] = ABANDONED
        if ci[c + C_MARK] == 1:
            if ci[c + C_STATE] in (SERVING, HOLDING):
                si[i + S_RUNNING] -= 1
            ci[c + C_STATE] = TRAVELLING
            ci[c + C_EVENT] = -1
            ci[c + C_OUTCOME] = LOST
            si[i + S_INSIDE] -= 1
            si[i + S_COUNTS + SC_KILLED] += 1
            stack[g[G_TOP]] = slot * 8 + SETTLE
            g[G_TOP] += 1
        elif (
            si[i + S_DISCIPLINE] == SHARING and ci[c + C_STATE] == SERVING and ni[ci[c + C_NODE] * NW + N_STATION] == s
        ):
            ci[c + C_LEFT] = -1
            ci[c + C_RIGHT] = -1
            si[i + S_SHARED] = meld(ci, cf, si[i + S_SHARED], slot)
            si[i + S_SHARING] += 1
    if si[i + S_DISCIPLINE] == SHARING:
        reschedule(ci, cf, si, sf, times, keys, g, s, now)


@jit
def record(k: int, now: float, latency: float, ki: Ints, kf: Floats, means: Floats, ends: Floats) -> None:
    """Add a good answer's latency to its class and to the batches for the warm-up; full, two batches become one."""
    i, f = k * KW, k * KFW
    kf[f + KF_SUM] += latency
    kf[f + KF_BATCH] += latency
    ki[i + K_IN_BATCH] += 1
    if ki[i + K_IN_BATCH] < ki[i + K_BATCH]:
        return
    count = ki[i + K_BATCHES]
    means[k * BATCHES + count] = kf[f + KF_BATCH] / ki[i + K_BATCH]
    ends[k * BATCHES + count] = now
    count += 1
    kf[f + KF_BATCH] = 0.0
    ki[i + K_IN_BATCH] = 0
    if count == BATCHES:
        count = BATCHES // 2
        for n in range(count):
            means[k * BATCHES + n] = (means[k * BATCHES + 2 * n] + means[k * BATCHES + 2 * n + 1]) / 2.0
            ends[k * BATCHES + n] = ends[k * BATCHES + 2 * n + 1]
        ki[i + K_BATCH] *= 2
    ki[i + K_BATCHES] = count


@jit
def run(
    end: float, tick: float, clock: Floats, g: Ints, times: Floats, keys: Ints, stack: Ints, ci: Ints, cf: Floats, ni: Ints, nf: Floats,
    si: Ints, sf: Floats, ki: Ints, kf: Floats, bf: Floats, ri: Ints, rf: Floats, hf: Floats, xi: Ints, xf: Floats,
    parameters: Floats, rng: Ints, ssi: Ints, ssf: Floats, ksi: Ints, ksf: Floats, histogram: Ints, means: Floats,
    ends: Floats,
) -> int:  # fmt: skip
    """Run until `end`, all tables changed in place. Where calls or heap are full it stops, and goes on when called again
    with larger ones (`clock` holds the time of an event that was interrupted)."""
    stations, classes = g[G_STATIONS], g[G_CLASSES]
    choices = stations + classes
    events = 0
    now = clock[0]
    is_resumed = g[G_TOP] > 0
    segment = g[G_BUCKET] * g[G_SEGMENTS] // g[G_BUCKETS] * (stations + classes) * BINS
    while True:
        # room for one more call, and for what one event can schedule: two events a call, and a few of the loop's own
        if g[G_LIVE] >= g[G_CALLS] or g[G_SIZE] + 2 * g[G_CALLS] + 64 > len(times):
            g[G_EVENTS] += events
            return FULL
        kind, which, key = NOTHING, 0, 0
        if not is_resumed:
            # the root that was taken last is removed only if nothing took its place
            if g[G_HOLE] == 1:
                g[G_HOLE] = 0
                size = g[G_SIZE] - 1
                g[G_SIZE] = size
                if size > 0:
                    sink(times, keys, size, times[size], keys[size])
            if g[G_SIZE] == 0:
                break
            now = times[0]
            if now > end:
                break
            key = keys[0]
            g[G_HOLE] = 1
            kind = key & 15
            which = (key >> 4) & SLOT
            events += 1
        is_resumed = False

        if kind == WORK:
            c = which * CW
            if ci[c + C_EVENT] != key:
                continue
            s = ni[ci[c + C_NODE] * NW + N_STATION]
            behind = sf[s * SFW + SF_PAUSED] - cf[which * FW + F_CREDIT]
            if behind > 0.0:  # the station stood still meanwhile
                cf[which * FW + F_CREDIT] = sf[s * SFW + SF_PAUSED]
                ci[c + C_EVENT] = push(times, keys, g, now + behind, WORK, which)
                continue
            ci[c + C_EVENT] = -1
            if si[s * SW + S_BATCH] > 1:
                other = ci[c + C_NEXT]
                while other >= 0:
                    stack[g[G_TOP]] = other * 8 + BODY
                    g[G_TOP] += 1
                    other = ci[other * CW + C_NEXT]
            stack[g[G_TOP]] = which * 8 + BODY
            g[G_TOP] += 1
        elif kind == ARRIVAL:
            i, f = which * KW, which * KFW
            if ki[i + K_KIND] != CLOSED:
                if ki[i + K_EVENT] != key:
                    continue
                after = next_arrival(which, ki, kf, parameters, rng, stations + which, now)
                ki[i + K_EVENT] = -1
                if after <= end:
                    ki[i + K_EVENT] = push(times, keys, g, after, ARRIVAL, which)
            ki[i + K_COUNTS + KC_OFFERED] += 1
            ki[i + K_INSIDE] += 1
            root = g[G_FREE]
            c = root * CW
            g[G_FREE] = ci[c + C_NEXT]
            g[G_LIVE] += 1
            node = ki[i + K_ROOT]
            ci[c + C_NODE] = node
            ci[c + C_OWNER] = BACKGROUND
            ci[c + C_STATE] = ROOT
            ci[c + C_OUTCOME] = OK
            ci[c + C_SKIPPED] = 0
            ci[c + C_GROUP] = ni[node * NW + N_CHILD]
            ci[c + C_TIMER] = -1
            cf[root * FW + F_BORN] = now
            cf[root * FW + F_EXPIRES] = math.inf
            if kf[f + KF_DEADLINE] > 0.0:
                cf[root * FW + F_EXPIRES] = now + kf[f + KF_DEADLINE]
                ci[c + C_TIMER] = push(times, keys, g, now + kf[f + KF_DEADLINE], TIMER, root)
            stack[g[G_TOP]] = root * 8 + GROUP
            g[G_TOP] += 1
        elif kind == TIMER:
            c = which * CW
            if ci[c + C_TIMER] != key:
                continue
            ci[c + C_TIMER] = -1
            if ci[c + C_OWNER] == ABANDONED:
                continue
            if ci[c + C_STATE] == ROOT:  # the user has gone; what was begun for him goes on
                k = ni[ci[c + C_NODE] * NW + N_CLASS]
                ci[c + C_OWNER] = ABANDONED
                ki[k * KW + K_COUNTS + KC_ANSWERED + TIMEOUT] += 1
                ki[k * KW + K_INSIDE] -= 1
                if ki[k * KW + K_KIND] == CLOSED:
                    think = draw(ki[k * KW + K_PHASE], ki[k * KW + K_PARAMETER], parameters, rng, stations + k)
                    push(times, keys, g, now + think, ARRIVAL, k)
                continue
            # the caller stops waiting, the work goes on: a call of its own for the caller, the old one is nobody's
            fork = g[G_FREE]
            d = fork * CW
            g[G_FREE] = ci[d + C_NEXT]
            g[G_LIVE] += 1
            ci[d + C_NODE] = ci[c + C_NODE]
            ci[d + C_OWNER] = ci[c + C_OWNER]
            ci[d + C_ATTEMPT] = ci[c + C_ATTEMPT]
            ci[d + C_HOLDER] = ci[c + C_HOLDER]
            ci[d + C_STATE] = PAUSING
            ci[d + C_OUTCOME] = TIMEOUT
            ci[d + C_TIMER] = -1
            ci[d + C_EVENT] = -1
            cf[fork * FW + F_BORN] = cf[which * FW + F_BORN]
            ci[c + C_OWNER] = ABANDONED
            stack[g[G_TOP]] = fork * 8 + SETTLE
            g[G_TOP] += 1
        elif kind in (WAKE, REACH, DELIVER):
            c = which * CW
            if ci[c + C_EVENT] != key:
                continue
            ci[c + C_EVENT] = -1
            action = ENTER if kind == WAKE else COME if kind == REACH else SETTLE
            # nobody waits for it any more
            stack[g[G_TOP]] = which * 8 + (SETTLE if ci[c + C_OWNER] == ABANDONED else action)
            g[G_TOP] += 1
        elif kind == TICK:
            flush(now, g, si, sf, ki, kf, ssi, ssf, ksi, ksf)
            if g[G_BUCKET] < g[G_BUCKETS]:
                part = g[G_BUCKET] * g[G_SEGMENTS] // g[G_BUCKETS]
                segment = part * (stations + classes) * BINS
                push(times, keys, g, (g[G_BUCKET] + 1) * tick, TICK, 0)
                continue
            break
        elif kind == SHARED:
            i = which * SW
            if si[i + S_EVENT] != key:
                continue
            advance(si, sf, which, now)
            done = si[i + S_SHARED]
            si[i + S_SHARED] = meld(ci, cf, ci[done * CW + C_LEFT], ci[done * CW + C_RIGHT])
            si[i + S_SHARING] -= 1
            reschedule(ci, cf, si, sf, times, keys, g, which, now)
            stack[g[G_TOP]] = done * 8 + BODY
            g[G_TOP] += 1
        elif kind == BATCH:
            if si[which * SW + S_EVENT] == key:
                si[which * SW + S_EVENT] = -1
                account(si, sf, which, now)
                refill(which, now, ci, cf, si, sf, ni, parameters, rng, times, keys, g, stack)
        elif kind == SCALE:
            i, f = which * SW, which * SFW
            account(si, sf, which, now)
            push(times, keys, g, now + sf[f + SF_INTERVAL], SCALE, which)
            used = sf[f + SF_SCALE_BUSY] / sf[f + SF_INTERVAL]
            sf[f + SF_SCALE_BUSY] = 0.0
            wanted = min(si[i + S_MOST], max(si[i + S_LEAST], math.ceil(used / sf[f + SF_AIM])))
            if si[i + S_TARGET] == 0 and wanted > si[i + S_PROVISIONED]:
                si[i + S_TARGET] = wanted
                push(times, keys, g, now + sf[f + SF_DELAY], GROWN, which)
            elif si[i + S_TARGET] == 0 and wanted < si[i + S_PROVISIONED] and now >= sf[f + SF_COOLDOWN]:
                si[i + S_PROVISIONED] = wanted
                si[i + S_CAPACITY] = max(0, wanted - si[i + S_LOST])
                sf[f + SF_COOLDOWN] = now + sf[f + SF_COOL]
        elif kind == GROWN:
            i = which * SW
            account(si, sf, which, now)
            si[i + S_PROVISIONED] = si[i + S_TARGET]
            si[i + S_TARGET] = 0
            si[i + S_CAPACITY] = max(0, si[i + S_PROVISIONED] - si[i + S_LOST])
            sf[which * SFW + SF_COOLDOWN] = now + sf[which * SFW + SF_COOL]
            refill(which, now, ci, cf, si, sf, ni, parameters, rng, times, keys, g, stack)
        elif kind == PHASE:
            i = which * KW
            ki[i + K_PHASE] = (ki[i + K_PHASE] + 1) % ki[i + K_COUNT]
            at = ki[i + K_PARAMETER] + 2 * ki[i + K_PHASE]
            stay = -math.log(uniform(rng, stations + which)) * parameters[at + 1]
            push(times, keys, g, now + stay, PHASE, which)
            after = next_arrival(which, ki, kf, parameters, rng, stations + which, now)
            ki[i + K_EVENT] = -1
            if after <= end:
                ki[i + K_EVENT] = push(times, keys, g, after, ARRIVAL, which)
        elif kind == FAULT:
            fault, is_start = which >> 1, (which & 1) == 0
            target, x = xi[fault * XW + X_TARGET], fault * XFW
            value = xf[x + XF_VALUE]
            ill = xi[fault * XW + X_KIND]
            if ill == PARTITION:
                if is_start:
                    for n in range(g[G_NODES]):
                        if ni[n * NW + N_LINK] == target:
                            nf[n * NFW + NF_CUT] = max(nf[n * NFW + NF_CUT], xf[x + XF_END])
            elif ill == EMPTIED:
                if is_start:
                    hf[target * HW + H_LOADS] = 0.0
            elif ill == SPIKE:
                kf[target * KFW + KF_SPIKE] *= value if is_start else 1.0 / value
                i = target * KW
                if ki[i + K_KIND] <= DIURNAL:  # without memory: the next one may be drawn anew
                    after = next_arrival(target, ki, kf, parameters, rng, stations + target, now)
                    ki[i + K_EVENT] = -1
                    if after <= end:
                        ki[i + K_EVENT] = push(times, keys, g, after, ARRIVAL, target)
            else:
                i, f = target * SW, target * SFW
                account(si, sf, target, now)
                is_shared = si[i + S_DISCIPLINE] == SHARING
                if is_shared:
                    advance(si, sf, target, now)
                if ill == SLOW:
                    sf[f + SF_SLOW] *= value if is_start else 1.0 / value
                elif ill == FAILING:
                    sf[f + SF_FAILURE] += value if is_start else -value
                elif ill == PAUSED:
                    if is_start:
                        sf[f + SF_PAUSED_UNTIL] = max(sf[f + SF_PAUSED_UNTIL], xf[x + XF_END])
                        sf[f + SF_PAUSED] += xf[x + XF_END] - xf[x + XF_START]
                else:
                    if is_start:
                        xf[x + XF_TAKEN] = math.ceil(si[i + S_PROVISIONED] * value - 1e-9)
                        si[i + S_LOST] += int(xf[x + XF_TAKEN])
                    else:
                        si[i + S_LOST] -= int(xf[x + XF_TAKEN])
                    si[i + S_CAPACITY] = max(0, si[i + S_PROVISIONED] - si[i + S_LOST])
                    if is_start:
                        kill(target, value, now, ci, cf, si, sf, ni, rng, choices, times, keys, g, stack)
                if is_shared:
                    reschedule(ci, cf, si, sf, times, keys, g, target, now)
                refill(target, now, ci, cf, si, sf, ni, parameters, rng, times, keys, g, stack)

        while g[G_TOP] > 0:
            g[G_TOP] -= 1
            entry = stack[g[G_TOP]]
            slot, action = (entry >> 3) & SLOT, entry & 7
            c = slot * CW
            node = ci[c + C_NODE] & SLOT
            n = node * NW
            s = ni[n + N_STATION]
            if action == BODY:
                ci[c + C_OUTCOME] = OK
                if sf[s * SFW + SF_FAILURE] > 0.0 and uniform(rng, s) < sf[s * SFW + SF_FAILURE]:
                    ci[c + C_OUTCOME] = ERROR
                    action = LEAVE
                elif ni[n + N_CHILD] < 0:
                    action = LEAVE
                else:
                    ci[c + C_SKIPPED] = 0
                    ci[c + C_GROUP] = ni[n + N_CHILD]
                    if si[s * SW + S_HOLDS] == 1:
                        ci[c + C_STATE] = HOLDING
                    else:
                        account(si, sf, s, now)
                        ci[c + C_STATE] = DETACHED
                        si[s * SW + S_RUNNING] -= 1
                        refill(s, now, ci, cf, si, sf, ni, parameters, rng, times, keys, g, stack)
                    action = GROUP
            if action == GROUP:
                # the next group of which any call is made; past the last one the answer is ready
                action = LEAVE
                while ci[c + C_GROUP] >= 0:
                    if s < 0:
                        if ci[c + C_OWNER] == ABANDONED:
                            break
                    elif si[s * SW + S_DISCARDS] == 1 and now >= cf[slot * FW + F_EXPIRES]:
                        ci[c + C_OUTCOME] = EXPIRED
                        break
                    if g[G_CALLS] - g[G_LIVE] < g[G_WIDTH]:  # no room: to be gone on with from here
                        stack[g[G_TOP]] = slot * 8 + GROUP
                        g[G_TOP] += 1
                        clock[0] = now
                        g[G_EVENTS] += events
                        return FULL
                    child = ci[c + C_GROUP]
                    ci[c + C_GROUP] = ni[child * NW + N_NEXT]
                    pending = 0
                    while child >= 0:
                        m = child * NW
                        share = nf[child * NFW + NF_SHARE]
                        is_made = share >= 1.0 or uniform(rng, choices) < share
                        if is_made and ni[m + N_CACHE] >= 0:
                            # where the lookup itself failed, nothing was found
                            is_made = ci[c + C_SKIPPED] == 1 or not hit(hf, ni[m + N_CACHE], uniform(rng, choices))
                        if is_made:
                            made = g[G_FREE]
                            d = made * CW
                            g[G_FREE] = ci[d + C_NEXT]
                            g[G_LIVE] += 1
                            ci[d + C_NODE] = child
                            ci[d + C_ATTEMPT] = 0
                            ci[d + C_TIMER] = -1
                            ci[d + C_EVENT] = -1
                            ci[d + C_STATE] = PAUSING
                            cf[made * FW + F_BORN] = now
                            if ni[m + N_ASYNC] == 1:
                                ci[d + C_OWNER] = BACKGROUND
                            else:
                                ci[d + C_OWNER] = slot
                                pending += 1
                            stack[g[G_TOP]] = made * 8 + ENTER
                            g[G_TOP] += 1
                        child = ni[m + N_SIBLING]
                    if pending > 0:
                        ci[c + C_PENDING] = pending
                        action = GROUP
                        break
                if action == GROUP:
                    continue
            if action == LEAVE:
                outcome = ci[c + C_OUTCOME]
                if s < 0:
                    k = ni[n + N_CLASS]
                    i = k * KW
                    if ci[c + C_OWNER] == ABANDONED:
                        ki[i + K_COUNTS + KC_WASTED] += 1
                    else:
                        ki[i + K_INSIDE] -= 1
                        ki[i + K_COUNTS + KC_ANSWERED + outcome] += 1
                        if outcome == OK:
                            latency = now - cf[slot * FW + F_BORN]
                            record(k, now, latency, ki, kf, means, ends)
                            histogram[segment + (stations + k) * BINS + bin_of(latency)] += 1
                        if ki[i + K_KIND] == CLOSED:
                            think = draw(ki[i + K_PHASE], ki[i + K_PARAMETER], parameters, rng, stations + k)
                            push(times, keys, g, now + think, ARRIVAL, k)
                    ci[c + C_TIMER] = -1
                    ci[c + C_STATE] = FREE
                    ci[c + C_NEXT] = g[G_FREE]
                    g[G_FREE] = slot
                    g[G_LIVE] -= 1
                    continue
                i = (s & SLOT) * SW
                si[i + S_INSIDE] -= 1
                if outcome == EXPIRED:
                    si[i + S_COUNTS + SC_EXPIRED] += 1
                else:
                    si[i + S_COUNTS + (SC_SERVED if outcome == OK else SC_ERRED)] += 1
                    response = now - cf[slot * FW + F_ENTERED]
                    sf[s * SFW + SF_SUMS + SS_RESPONSE] += response
                    histogram[segment + s * BINS + bin_of(response)] += 1
                state = ci[c + C_STATE]
                ci[c + C_STATE] = TRAVELLING
                if state in (SERVING, HOLDING):
                    account(si, sf, s, now)
                    si[i + S_RUNNING] -= 1
                    if si[i + S_WAITING] > 0:
                        refill_here(s, now, ci, cf, si, sf, ni, parameters, rng, times, keys, g, stack)
                if ci[c + C_OWNER] == ABANDONED:
                    si[i + S_COUNTS + SC_WASTED] += 1
                elif nf[node * NFW + NF_CUT] > now:
                    ci[c + C_EVENT] = push(times, keys, g, nf[node * NFW + NF_CUT], DELIVER, slot)
                    continue
                action = SETTLE
            if action == SETTLE:
                owner, outcome = ci[c + C_OWNER], ci[c + C_OUTCOME]
                ci[c + C_TIMER] = -1
                if owner != ABANDONED:
                    holder = ci[c + C_HOLDER]
                    breaker, budget = ni[n + N_BREAKER], ni[n + N_BUDGET]
                    if breaker >= 0 and outcome != OPEN:
                        breaker += holder
                        r = breaker * RFW
                        decay(rf, breaker, now)
                        if ri[breaker * RW + R_SCOPE] == STOPS_CALLS:
                            rf[r + RF_CALLS] += 1.0
                        if outcome != OK:
                            rf[r + RF_FAILURES] += 1.0
                        if ri[breaker * RW + R_STATE] == HALF_OPEN:
                            rf[r + RF_CALLS] = 0.0
                            rf[r + RF_FAILURES] = 0.0
                            ri[breaker * RW + R_STATE] = CLOSED_NOW if outcome == OK else OPEN_NOW
                            rf[r + RF_UNTIL] = now + rf[r + RF_OPEN_FOR]
                        elif (
                            ri[breaker * RW + R_SCOPE] == STOPS_CALLS
                            and ri[breaker * RW + R_STATE] == CLOSED_NOW
                            and rf[r + RF_CALLS] >= rf[r + RF_LEAST]
                            and rf[r + RF_FAILURES] > rf[r + RF_THRESHOLD] * rf[r + RF_CALLS]
                        ):
                            ri[breaker * RW + R_STATE] = OPEN_NOW
                            rf[r + RF_UNTIL] = now + rf[r + RF_OPEN_FOR]
                    if outcome == OK:
                        if budget >= 0:
                            b = (budget + holder) * BFW
                            bf[b + BF_TOKENS] = min(bf[b + BF_SIZE], bf[b + BF_TOKENS] + bf[b + BF_PER_SUCCESS])
                        if ni[n + N_CACHE] >= 0:
                            hf[ni[n + N_CACHE] * HW + H_LOADS] += 1.0
                    elif outcome != OPEN and ci[c + C_ATTEMPT] <= ni[n + N_RETRIES]:
                        is_again = True
                        if owner >= 0 and ni[n + N_PASSES] == 1 and now >= cf[owner * FW + F_EXPIRES]:
                            is_again = False
                        if is_again and breaker >= 0 and ri[breaker * RW + R_SCOPE] == STOPS_RETRIES:
                            r = breaker * RFW
                            is_again = (
                                rf[r + RF_CALLS] < rf[r + RF_LEAST]
                                or rf[r + RF_FAILURES] <= rf[r + RF_THRESHOLD] * rf[r + RF_CALLS]
                            )
                        if is_again and budget >= 0:
                            is_again = spend(bf, budget + holder, now)
                        if is_again:
                            delay = nf[node * NFW + NF_BACKOFF]
                            for _ in range(ci[c + C_ATTEMPT] - 1):
                                delay = min(delay * nf[node * NFW + NF_FACTOR], nf[node * NFW + NF_CAP])
                            if ni[n + N_JITTER] == FULL_JITTER:
                                delay *= uniform(rng, choices)
                            elif ni[n + N_JITTER] == EQUAL_JITTER:
                                delay *= 0.5 + 0.5 * uniform(rng, choices)
                            if delay > 0.0:
                                ci[c + C_STATE] = PAUSING
                                ci[c + C_EVENT] = push(times, keys, g, now + delay, WAKE, slot)
                                continue
                            action = ENTER
                    if action == SETTLE and owner >= 0:
                        o = owner * CW
                        if outcome != OK:
                            if ni[n + N_REQUIRED] == 1:
                                ci[o + C_OUTCOME] = outcome
                            else:
                                ci[o + C_SKIPPED] = 1
                        ci[o + C_PENDING] -= 1
                        if ci[o + C_PENDING] == 0:
                            stack[g[G_TOP]] = owner * 8 + (GROUP if ci[o + C_OUTCOME] == OK else LEAVE)
                            g[G_TOP] += 1
                if action == SETTLE:
                    ci[c + C_STATE] = FREE
                    ci[c + C_NEXT] = g[G_FREE]
                    g[G_FREE] = slot
                    g[G_LIVE] -= 1
                    continue
            if action == ENTER:
                ci[c + C_ATTEMPT] += 1
                ci[c + C_OUTCOME] = OK
                owner, breaker, budget = ci[c + C_OWNER], ni[n + N_BREAKER], ni[n + N_BUDGET]
                if ci[c + C_ATTEMPT] == 1:
                    holder = 0
                    if nf[node * NFW + NF_HOLDERS] > 1.0:
                        holder = int(uniform(rng, choices) * nf[node * NFW + NF_HOLDERS])
                    ci[c + C_HOLDER] = holder
                    if budget >= 0:
                        b = (budget + holder) * BFW
                        bf[b + BF_TOKENS] = min(bf[b + BF_SIZE], bf[b + BF_TOKENS] + bf[b + BF_PER_CALL])
                    if breaker >= 0 and ri[(breaker + holder) * RW + R_SCOPE] == STOPS_RETRIES:
                        decay(rf, breaker + holder, now)
                        rf[(breaker + holder) * RFW + RF_CALLS] += 1.0
                if breaker >= 0:
                    breaker += ci[c + C_HOLDER]
                    if ri[breaker * RW + R_STATE] == OPEN_NOW and now >= rf[breaker * RFW + RF_UNTIL]:
                        ri[breaker * RW + R_STATE] = HALF_OPEN
                        ri[breaker * RW + R_PROBING] = 0
                    if ri[breaker * RW + R_STATE] != CLOSED_NOW:
                        ri[breaker * RW + R_PROBING] += 1
                        if (
                            ri[breaker * RW + R_STATE] == OPEN_NOW
                            or ri[breaker * RW + R_PROBING] > ri[breaker * RW + R_PROBES]
                        ):
                            ci[c + C_OUTCOME] = OPEN
                            stack[g[G_TOP]] = slot * 8 + SETTLE
                            g[G_TOP] += 1
                            continue
                expires = math.inf
                if nf[node * NFW + NF_TIMEOUT] > 0.0:
                    expires = now + nf[node * NFW + NF_TIMEOUT]
                if owner >= 0 and ni[n + N_PASSES] == 1:
                    expires = min(expires, cf[owner * FW + F_EXPIRES])
                cf[slot * FW + F_EXPIRES] = expires
                if expires < math.inf:
                    ci[c + C_TIMER] = push(times, keys, g, max(now, expires), TIMER, slot)
                if nf[node * NFW + NF_CUT] > now:
                    ci[c + C_STATE] = TRAVELLING
                    ci[c + C_EVENT] = push(times, keys, g, nf[node * NFW + NF_CUT], REACH, slot)
                    continue
                action = COME
            if action == COME:
                i = (s & SLOT) * SW
                si[i + S_COUNTS + SC_ARRIVED] += 1
                if ci[c + C_ATTEMPT] == 1:
                    si[i + S_COUNTS + SC_FIRST] += 1
                is_free = (
                    si[i + S_RUNNING] < si[i + S_CAPACITY]
                    and si[i + S_WAITING] == 0
                    and si[i + S_BATCH] <= 1
                    and now >= sf[s * SFW + SF_PAUSED_UNTIL]
                )
                if si[i + S_CAPACITY] <= 0 and si[i + S_LOST] > 0:
                    si[i + S_COUNTS + SC_KILLED] += 1
                    ci[c + C_OUTCOME] = LOST
                elif not is_free and si[i + S_LIMIT] >= 0 and si[i + S_WAITING] >= si[i + S_LIMIT]:
                    si[i + S_COUNTS + SC_REFUSED] += 1
                    ci[c + C_OUTCOME] = REFUSED
                else:
                    account(si, sf, s, now)
                    si[i + S_INSIDE] += 1
                    cf[slot * FW + F_ENTERED] = now
                    ci[c + C_ORDER] = si[i + S_COUNTS + SC_ARRIVED] + g[G_BUCKET] * 1073741824
                    if is_free:
                        begin(slot, s, now, ci, cf, si, sf, ni, parameters, rng, times, keys, g)
                    else:
                        cf[slot * FW + F_RANK] = nf[node * NFW + NF_RANK]
                        enqueue(ci, cf, si, s, slot)
                        if si[i + S_BATCH] > 1:
                            refill(s, now, ci, cf, si, sf, ni, parameters, rng, times, keys, g, stack)
                    continue
                stack[g[G_TOP]] = slot * 8 + SETTLE
                g[G_TOP] += 1
        if g[G_LIVE] > g[G_PEAK]:
            g[G_PEAK] = g[G_LIVE]
    g[G_EVENTS] += events
    return DONE
