"""Cache models against the exact sum, seeded simulations and published tables; replays against a real trace."""

from __future__ import annotations

import contextlib
import math
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archnb.sim import caching, compiled

TRACE = Path(__file__).parents[2] / "shared" / "cases" / "traces" / "cloudPhysicsIO.oracleGeneral.bin"
# misses by bytes at 128, 256, … 1024 MiB; from libCacheSim's own runs on the trace of its data folder
MISSES = {
    "lru": (93374, 89783, 83572, 81722, 72494, 72104, 71972, 71704),
    "fifo": (93403, 89386, 84387, 84025, 72498, 72228, 72182, 72140),
    "sieve": (91699, 86720, 78578, 76707, 69945, 66221, 64445, 64376),
    "lfu": (91699, 86720, 78578, 76707, 69945, 66221, 64445, 64376),
    "belady": (79256, 70724, 65481, 61594, 59645, 57599, 50873, 48974),
}

catalogues = st.integers(1, 10**9)
exponents = st.floats(0, 2)
rates = st.floats(0.01, 1e5)
ttls = st.one_of(st.just(math.inf), st.floats(0.1, 1e5))
policies = st.sampled_from(caching.POLICIES)


@contextlib.contextmanager
def without_compiler():
    """Run loops as plain Python."""
    has = compiled.has_compiler
    compiled.has_compiler = lambda: False
    try:
        yield
    finally:
        compiled.has_compiler = has


def draw_requests(objects: int, exponent: float, requests: int, seed: int) -> list[int]:
    """Return a synthetic trace of independent Zipf requests."""
    weight = np.arange(1, objects + 1) ** -exponent
    chance = np.random.default_rng(seed)
    drawn = np.searchsorted(np.cumsum(weight) / weight.sum(), chance.random(requests))
    return [int(key) for key in np.minimum(drawn, objects - 1)]


@given(catalogues, exponents)
@settings(deadline=None)
def test_popularity_is_a_distribution(objects, exponent):
    """Bins hold every object once, shares sum to 1, and popularity does not rise with rank."""
    count, probability = caching.zipf_popularity(objects, exponent)
    assert count.sum() == objects
    assert np.dot(count, probability) == pytest.approx(1)
    assert (np.diff(probability) <= 1e-12 * probability[:-1]).all()
    assert len(count) <= caching.EXACT_RANKS + caching.LOG_BINS


@pytest.mark.parametrize("exponent", [0.0, 0.6, 0.8, 1.0, 1.2, 2.0])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9])
def test_bins_keep_within_the_stated_error(exponent, share):
    """Of 300,000 objects, ratios from bins are within 5e-6 of the sum over every object, for LRU and for TTL."""
    objects = 300_000
    capacity = share * objects
    exact = np.arange(1, objects + 1) ** -exponent
    exact /= exact.sum()
    estimate = caching.estimate_cache(1.0, objects, capacity, exponent)
    low, high = 0.0, 1.0
    while -np.expm1(-exact * high).sum() < capacity:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if -np.expm1(-exact * middle).sum() < capacity else (low, middle)
    assert estimate.characteristic_time == pytest.approx(high, rel=1e-4)
    assert estimate.hit_ratio == pytest.approx(float((exact * -np.expm1(-exact * high)).sum()), abs=5e-6)
    reads = exact * capacity
    assert caching.ttl_hit_ratio(1.0, objects, exponent, capacity) == pytest.approx(
        float((exact * reads / (1 + reads)).sum()), abs=5e-6
    )


@pytest.mark.parametrize("policy", ["lru", "fifo"])
@pytest.mark.parametrize("exponent", [0.6, 0.8, 1.0, 1.2])
@pytest.mark.parametrize("capacity", [100, 1000])
def test_che_against_replay(policy, exponent, capacity):
    """On 200,000 Zipf requests over 10,000 objects, warm-up left out, Che is within 0.01 of the replayed hit ratio."""
    requests = draw_requests(10_000, exponent, 200_000, seed=1)
    warm = 40_000
    misses = caching.count_misses(requests, capacity, policy) - caching.count_misses(requests[:warm], capacity, policy)
    simulated = 1 - misses / (len(requests) - warm)
    assert caching.che_hit_ratio(1, 10_000, capacity, exponent, policy) == pytest.approx(simulated, abs=0.01)


def replay_lru_with_ttl(requests: list[int], gaps: list[float], capacity: int, ttl: float, warm: int) -> float:
    """Return the hit ratio after `warm` requests of an LRU cache whose entries leave `ttl` after they were fetched."""
    held: OrderedDict[int, float] = OrderedDict()
    fetched: OrderedDict[int, float] = OrderedDict()
    now, hits = 0.0, 0
    for position, (key, gap) in enumerate(zip(requests, gaps, strict=True)):
        now += gap
        while fetched and next(iter(fetched.values())) <= now - ttl:
            del held[fetched.popitem(last=False)[0]]
        if key in held:
            held.move_to_end(key)
            hits += position >= warm
            continue
        if len(held) == capacity:
            del fetched[held.popitem(last=False)[0]]
        held[key] = fetched[key] = now
    return hits / (len(requests) - warm)


@pytest.mark.parametrize("ttl", [3.0, 10.0, 30.0, 100.0])
@pytest.mark.parametrize("capacity", [100, 400, 2000])
def test_capacity_with_ttl_against_simulation(ttl, capacity):
    """LRU with a lifetime, 100 requests/s on 10,000 objects: the estimate is within 0.01 of the simulated hit ratio."""
    requests = draw_requests(10_000, 0.9, 100_000, seed=2)
    gaps = np.random.default_rng(3).exponential(0.01, len(requests)).tolist()
    simulated = replay_lru_with_ttl(requests, gaps, capacity, ttl, warm=30_000)
    assert caching.che_hit_ratio(100, 10_000, capacity, 0.9, ttl=ttl) == pytest.approx(simulated, abs=0.01)


@given(rates, catalogues, st.floats(0.01, 1), exponents, policies, ttls)
@settings(deadline=None)
def test_hit_ratio_is_a_share_and_capacity_is_filled(rate, objects, part, exponent, policy, ttl):
    """The hit ratio lies in [0, 1]; a cache that pushes out is full, one that does not has room."""
    capacity = max(1.0, part * objects)
    estimate = caching.estimate_cache(rate, objects, capacity, exponent, policy, ttl)
    assert 0 <= estimate.hit_ratio <= 1
    if estimate.characteristic_time < math.inf:
        assert estimate.held == pytest.approx(capacity, rel=1e-6)
    else:
        assert estimate.held <= capacity


@given(rates, catalogues, st.floats(0.001, 0.5), st.floats(1, 2), exponents, policies, ttls)
@settings(deadline=None)
def test_hit_ratio_grows_with_capacity(rate, objects, part, more, exponent, policy, ttl):
    """A larger cache never hits less often."""
    small = caching.che_hit_ratio(rate, objects, part * objects, exponent, policy, ttl)
    assert caching.che_hit_ratio(rate, objects, more * part * objects, exponent, policy, ttl) >= small - 1e-7


@given(rates, catalogues, st.floats(0.001, 1), exponents, policies, st.floats(0.1, 1e5), st.floats(1, 100))
@settings(deadline=None)
def test_hit_ratio_grows_with_ttl(rate, objects, part, exponent, policy, ttl, more):
    """A longer lifetime never hits less often, with room for all or not, and either bound alone is an upper bound."""
    capacity = part * objects
    short = caching.che_hit_ratio(rate, objects, capacity, exponent, policy, ttl)
    assert caching.che_hit_ratio(rate, objects, capacity, exponent, policy, ttl * more) >= short - 1e-7
    assert short <= caching.che_hit_ratio(rate, objects, capacity, exponent, policy) + 1e-7
    assert short <= caching.ttl_hit_ratio(rate, objects, exponent, ttl) + 1e-7
    assert caching.ttl_hit_ratio(rate, objects, exponent, ttl * more) >= caching.ttl_hit_ratio(
        rate, objects, exponent, ttl
    )


@given(rates, st.integers(1, 10**6), exponents, st.floats(0, 1e4))
@settings(deadline=None)
def test_a_sliding_lifetime_hits_at_least_as_often(rate, objects, exponent, ttl):
    """A clock restarted by every hit loses nothing but freshness."""
    sliding = caching.ttl_hit_ratio(rate, objects, exponent, ttl, is_sliding=True)
    assert sliding >= caching.ttl_hit_ratio(rate, objects, exponent, ttl) - 1e-12


def test_edges_of_a_cache():
    """No room or no lifetime: no hits. Room for all and no lifetime: nothing but hits. Uniform LRU: C/n."""
    assert caching.che_hit_ratio(1, 100, 0, 1.0) == 0
    assert caching.che_hit_ratio(1, 100, 10, 1.0, ttl=0) == 0
    assert caching.che_hit_ratio(1, 100, 100, 1.0) == pytest.approx(1)
    assert caching.che_hit_ratio(1, 1000, 250, 0.0) == pytest.approx(0.25)
    assert caching.ttl_hit_ratio(4, 2, 0.0, 3) == pytest.approx(2 * 3 / (1 + 2 * 3))
    assert caching.che_hit_ratio(4, 2, 2, 0.0, ttl=3) == pytest.approx(6 / 7)


def test_forty_estimates_are_quick():
    """Forty different estimates, catalogues up to a billion, take well under the 100 ms a whole plan may take."""
    caching.estimate_cache(1, 10, 5, 1.0)  # numpy is loaded by now
    start = time.process_time()
    for k in range(40):
        caching.che_hit_ratio(100 + k, 10 ** (4 + k % 6), 1000 + 50 * k, 0.6 + k / 80, ttl=30.0 if k % 2 else math.inf)
    assert time.process_time() - start < 0.1


def test_ttl_staleness_against_simulation():
    """Mean age, largest age and share of outdated answers of one key agree with 200,000 simulated reads."""
    read_rate, write_rate, ttl, lag = 2.0, 0.05, 10.0, 0.5
    chance = np.random.default_rng(5)
    reads = np.cumsum(chance.exponential(1 / read_rate, 200_000))
    writes = np.cumsum(chance.exponential(1 / write_rate, int(reads[-1] * write_rate * 1.2)))
    ages, hits, fetched = [], 0, -math.inf
    for now in reads.tolist():
        if now - fetched >= ttl:
            fetched = now
        else:
            hits += 1
        ages.append(now - fetched + lag)
    outdated = np.searchsorted(writes, reads) > np.searchsorted(writes, reads - np.array(ages))
    hit_ratio = caching.ttl_hit_ratio(read_rate, 1, 0.0, ttl)
    staleness = caching.ttl_staleness(ttl, hit_ratio, write_rate, lag)
    assert hit_ratio == pytest.approx(hits / len(ages), abs=0.005)
    assert staleness.mean_age == pytest.approx(np.mean(ages), rel=0.02)
    assert staleness.stale_share == pytest.approx(outdated.mean(), abs=0.015)
    assert max(ages) <= staleness.max_age == 10.5


@pytest.mark.parametrize(("x", "chance"), [(10, 1.4e-11), (2, 0.0067), (0.4, 0.368), (0.1, 0.779)])
def test_xfetch_table(x, chance):
    """P(early refresh per read) at δ = 0.4, β = 1 is as published."""
    assert caching.xfetch_probability(x, recompute_time=0.4) == pytest.approx(chance, rel=0.01)


@pytest.mark.parametrize(("rate", "chance"), [(1, 0.67), (10, 0.018)])
def test_xfetch_leaves_cold_keys_alone(rate, chance):
    """P(no refresh before expiry) is as published: most cold keys still expire."""
    assert caching.xfetch_miss_probability(rate, recompute_time=0.4) == pytest.approx(chance, abs=0.0005)
    assert caching.xfetch_miss_probability(rate, 0.4, ttl=0.1) > caching.xfetch_miss_probability(rate, 0.4)


@pytest.fixture(scope="module")
def trace() -> caching.Trace:
    """The published trace."""
    record = np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])
    records = np.fromfile(TRACE, dtype=record)
    return caching.Trace.of(records["id"], records["size"], records["time"])


@pytest.mark.needs("workshop")
def test_trace_is_the_published_one(trace):
    """The trace has the published number of requests, of objects, and of bytes asked for in all."""
    assert len(trace) == 113_872
    assert trace.objects == 48_974
    assert int(trace.sizes.sum()) == 4_368_040_448


@pytest.mark.needs("workshop")
@pytest.mark.parametrize("policy", MISSES)
def test_misses_on_the_published_trace(trace, policy):
    """Misses by bytes equal the published table, to the request, at all eight sizes."""
    sizes = range(128, 1025, 128)
    assert tuple(caching.replay(trace, size * 2**20, policy).misses for size in sizes) == MISSES[policy]


def make_shifting(seed: int) -> caching.Trace:
    """A synthetic trace whose popularity changes half way: 12,000 requests, 2,000 objects, sizes of 1 to 40 bytes."""
    ids = np.array(draw_requests(2000, 0.8, 12_000, seed)) + 1
    ids[6000:] = ids[6000:] * 7 % 2000 + 1
    sizes = np.random.default_rng(seed).integers(1, 41, 2001)
    return caching.Trace.of(ids, sizes[ids])


# what the policies miss on it at 400 objects and at 8,000 bytes: of libCacheSim 0.3.5 (`test_replays_equal_libcachesim`)
SHIFTING = {
    "lru": (5604, 5664),
    "fifo": (6158, 6204),
    "clock": (5488, 5547),
    "sieve": (5788, 5791),
    "lfu": (5788, 5813),
    "s3-fifo": (5217, 5250),
    "arc": (5269, 5255),
    "lirs": (5229, 5169),
    "w-tinylfu": (5408, 5186),
    "belady": (3301, 3328),
}


@pytest.mark.parametrize("policy", caching.REPLAY_POLICIES)
def test_replays_without_a_compiler(policy):
    """As plain Python, the replays count what the compiled ones count."""
    sized = make_shifting(5)
    for trace, capacity in ((caching.Trace(sized.ids, sized.keys), 400), (sized, 8000)):
        short = caching.Trace(trace.ids[:4000], trace.keys, None if trace.sizes is None else trace.sizes[:4000])
        counted = caching.replay(short, capacity, policy)
        with without_compiler():
            assert caching.replay(short, capacity, policy) == counted


def find_misses(trace: caching.Trace, capacity: int, policy: str, folder: Path) -> int:
    """What libCacheSim misses on a trace, by its reader of its own binary format."""
    import libcachesim

    keys = trace.keys[trace.ids]
    records = np.zeros(len(keys), [("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])
    records["id"], records["size"], records["next"] = keys, 1 if trace.sizes is None else trace.sizes, -1
    order = np.argsort(keys, kind="stable")
    is_same = keys[order][1:] == keys[order][:-1]
    records["next"][order[:-1][is_same]] = order[1:][is_same]
    records.tofile(folder / "trace.oracleGeneral")
    params = libcachesim.ReaderInitParam(ignore_obj_size=trace.sizes is None)
    reader = libcachesim.TraceReader(
        str(folder / "trace.oracleGeneral"), libcachesim.TraceType.ORACLE_GENERAL_TRACE, params
    )
    return round(getattr(libcachesim, PEERS[policy])(capacity).process_trace(reader)[0] * len(keys))


PEERS = {
    "lru": "LRU", "fifo": "FIFO", "clock": "Clock", "sieve": "Sieve", "lfu": "LFU", "s3-fifo": "S3FIFO", "arc": "ARC",
    "lirs": "LIRS", "w-tinylfu": "WTinyLFU", "belady": "Belady",
}  # fmt: skip


@pytest.mark.needs("libcachesim")
@pytest.mark.parametrize("policy", PEERS)
def test_replays_equal_libcachesim(policy, tmp_path):
    """On a synthetic trace every policy misses what libCacheSim 0.3.5 misses, to the request, by objects and by bytes.

    S3-FIFO as it is since October 2024. W-TinyLFU by objects only: by bytes libCacheSim gives it a counter a byte.
    """
    sized = make_shifting(5)
    unsized = caching.Trace(sized.ids, sized.keys)
    found = find_misses(unsized, 400, policy, tmp_path)
    assert caching.replay(unsized, 400, policy).misses == found == SHIFTING[policy][0]
    if policy != "w-tinylfu":
        found = find_misses(sized, 8000, policy, tmp_path)
        assert caching.replay(sized, 8000, policy).misses == found == SHIFTING[policy][1]


@pytest.mark.parametrize("policy", caching.REPLAY_POLICIES)
def test_replays_of_a_shifting_trace(policy):
    """Where libCacheSim is not installed: what it was found to miss."""
    sized = make_shifting(5)
    counted = caching.replay(caching.Trace(sized.ids, sized.keys), 400, policy).misses
    assert (counted, caching.replay(sized, 8000, policy).misses) == SHIFTING[policy]


@pytest.mark.parametrize("is_compiled", [pytest.param(True, marks=pytest.mark.needs("numba")), False])
def test_the_curve_equals_replays(is_compiled, monkeypatch):
    """One pass gives what LRU misses at every size, by objects and by bytes."""
    sized = make_shifting(5)
    sized = caching.Trace(sized.ids[:5000], sized.keys, sized.sizes[:5000])
    unsized = caching.Trace(sized.ids, sized.keys)
    monkeypatch.setattr(caching.curves, "LEAST_PLACES", 64)
    wanted = [[caching.replay(trace, size).misses for size in sizes] for trace, sizes in _curves(sized, unsized)]
    if not is_compiled:
        monkeypatch.setattr(compiled, "has_compiler", lambda: False)
    for (trace, sizes), misses in zip(_curves(sized, unsized), wanted, strict=True):
        curve = caching.draw_curve(trace)
        assert [curve.count_misses(size) for size in sizes] == misses


def _curves(sized, unsized):
    return (unsized, range(0, 2100, 100)), (sized, range(40, 41_000, 2000))


def test_a_sampled_curve_is_near():
    """SHARDS: from a tenth of 20,000 objects, the mean error over the sizes is under 0.03."""
    trace = caching.Trace.of(draw_requests(20_000, 0.8, 100_000, 3))
    exact, sampled = caching.draw_curve(trace), caching.draw_curve(trace, sample=0.1)
    sizes = np.geomspace(100, 20_000, 30)
    assert np.mean([abs(exact.hit_ratio(size) - sampled.hit_ratio(size)) for size in sizes]) < 0.03
    assert sampled.requests == 100_000


def test_the_size_for_a_hit_ratio():
    """The smallest size that reaches a share, and inf where none does."""
    curve = caching.draw_curve(caching.Trace.of([1, 2, 3, 1, 2, 3]))
    assert (curve.find_size(0), curve.find_size(0.5), curve.find_size(0.51)) == (0, 3, math.inf)


@pytest.mark.parametrize("policy", caching.REPLAY_POLICIES)
def test_lifetimes_in_replays(policy):
    """A lifetime of nothing misses always, one without end never matters; expired ones are misses of their own kind."""
    ids = draw_requests(500, 0.9, 4000, 2)
    trace = caching.Trace.of(ids, times=np.arange(4000) / 100)
    free = caching.replay(trace, 200, policy)
    assert caching.replay(trace, 200, policy, ttl=1e9).misses == free.misses
    none = caching.replay(trace, 200, policy, ttl=0.0)
    assert none.misses == 4000
    assert none.expired == 4000 - free.misses
    short, longer = (caching.replay(trace, 200, policy, ttl=ttl).misses for ttl in (1.0, 10.0))
    assert free.misses <= longer <= short <= 4000


def test_no_policy_is_always_best():
    """LRU beats SIEVE where popularity moves, SIEVE beats LRU where it stays, and a loop beats both."""
    moving = make_shifting(5)
    moving = caching.Trace(moving.ids, moving.keys)
    staying = caching.Trace.of(draw_requests(2000, 0.8, 12_000, 1))
    loop = caching.Trace.of(list(range(400)) * 5)
    misses = {
        name: [caching.replay(one, 399, name).misses for one in (moving, staying, loop)] for name in ("lru", "sieve")
    }
    assert misses["lru"][0] < misses["sieve"][0]
    assert misses["sieve"][1] < misses["lru"][1]
    assert misses["lru"][2] == misses["sieve"][2] == len(loop)
    assert caching.replay(loop, 399, "belady").hit_ratio > 0.7


requests = st.lists(st.integers(0, 12), max_size=80)


@given(requests, st.integers(0, 13))
@settings(deadline=None)
def test_no_policy_beats_belady(ids, capacity):
    """With equal sizes Belady misses least, each object misses at least once, and a cache for all misses no more."""
    best = caching.count_misses(ids, capacity, "belady")
    for policy in caching.REPLAY_POLICIES:
        misses = caching.count_misses(ids, capacity, policy)
        assert len(set(ids)) <= best <= misses <= len(ids)
        assert caching.count_misses(ids, 13, policy) == len(set(ids))


@given(requests, st.integers(0, 12))
def test_a_larger_lru_never_misses_more(ids, capacity):
    """LRU has the inclusion property."""
    assert caching.count_misses(ids, capacity + 1) <= caching.count_misses(ids, capacity)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=60), st.integers(0, 12))
@settings(deadline=None)
def test_replays_bear_any_sizes(pairs, capacity):
    """Objects of no size, of changing size or larger than the cache are counted, never a failure."""
    ids, sizes = [key for key, _ in pairs], [size for _, size in pairs]
    for policy in caching.REPLAY_POLICIES:
        assert len(set(ids)) <= caching.count_misses(ids, capacity, policy, sizes) <= len(ids)


def test_sieve_by_hand():
    """A visited object survives the hand once: of A B C with room for two, B goes because A was asked for again."""
    assert caching.count_misses([1, 2, 1, 3, 1], 2, "sieve") == 3
    assert caching.count_misses([1, 2, 1, 3, 2], 2, "sieve") == 4
    assert caching.count_misses([1, 2, 1, 3, 1], 2, "fifo") == 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: caching.che_hit_ratio(1, 0, 1, 1.0), "objects: 0 is not allowed; give a whole number of at least 1"),
        (lambda: caching.che_hit_ratio(0, 10, 1, 1.0), "request_rate: 0"),
        (lambda: caching.che_hit_ratio(1, 10, -1, 1.0), "capacity: -1"),
        (lambda: caching.che_hit_ratio(1, 10, 1, -0.5), "exponent: -0.5"),
        (lambda: caching.che_hit_ratio(1, 10, 1, 1.0, "lfu"), "policy: 'lfu' is not allowed; give one of lru, fifo"),
        (lambda: caching.che_hit_ratio(1, 10, 1, 1.0, ttl=math.nan), "ttl: nan"),
        (lambda: caching.ttl_hit_ratio(1, 10, 1.0, -1), "ttl: -1"),
        (lambda: caching.ttl_staleness(60, hit_ratio=90), "hit_ratio: 90"),
        (lambda: caching.xfetch_probability(1, 0), "recompute_time: 0"),
        (lambda: caching.count_misses([1], 1, "mru"), "policy: 'mru' is not allowed; give one of lru, fifo, clock"),
        (lambda: caching.count_misses([1, 2], 1, sizes=[1]), "sizes: 1 is not allowed; give one size a request, 2"),
        (lambda: caching.count_misses([1], 1, sizes=[-1]), "sizes: -1"),
    ],
)
def test_bad_input_names_argument_and_value(call, message):
    """The error starts with the argument's name and the value given."""
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value).startswith(message)
