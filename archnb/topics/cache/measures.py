"""The numbers that follow: memory, hit ratio, what is saved, what a reader waits, and what an empty cache costs."""

from __future__ import annotations

from typing import Any

from archnb.design.cache import CachePolicy
from archnb.fact import Fact, apply_model, maximum, minimum, total
from archnb.fact.keys.cache import (
    ANSWER_VISIT_READS,
    CACHE_ALIVE,
    CACHE_BENEFIT,
    CACHE_CAPACITY,
    CACHE_DAY,
    CACHE_ENTRIES_MEMORY,
    CACHE_ENTRY_OVERHEAD,
    CACHE_ENTRY_SIZE,
    CACHE_HEADROOM,
    CACHE_HIT_RATIO,
    CACHE_LIFETIME,
    CACHE_LOAD_SAVED,
    CACHE_MEMORY,
    CACHE_OBJECT_SIZE,
    CACHE_OBJECTS,
    CACHE_OLDER,
    CACHE_OUTDATED,
    CACHE_READS,
    CACHE_SKEW,
    CACHE_TTL,
    CACHE_WANTED,
    CACHED_LATENCY,
    COLD_CORES,
    COLD_FACTOR,
    DAILY_HOT_SET,
    FREE_MEMORY,
    HIT_RATIO,
    LOAD_SAVED,
    LOCAL_TIME,
    LOOKUP_TIME,
    MEMORY_NEEDED,
    QUERY_BUSY,
    QUERY_TIME,
    STORE_CORES,
    STORE_READS,
    VISIT_LENGTH,
    WARM_CORES,
)
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.load import AVERAGE_READS, HOT_SHARE, RECORD_SIZE
from archnb.model.caches import is_kept_at, is_shared_cache
from archnb.topics.cache.costs import is_deleted
from archnb.topics.cache.models import held, hit_ratio, mean_lifetime, owner_hit_ratio
from archnb.topics.topic import Assumption, Because, Draft

ASSUMPTIONS: tuple[Assumption, ...] = (
    (CACHE_HEADROOM, "30%", "memory kept free for fragmentation, buffers and growth", "assumed, 2026-11, as Redis' guides advise for writes during a snapshot"),
    (FREE_MEMORY, "1 GB", "what a policy may take without weighing it", "assumed, 2026-11: memory of this size costs less than thinking about it"),
    (LOOKUP_TIME, "500 µs", "one look into the shared cache", "a round trip within a data centre, from the classic latency numbers; re-measured in 2026 as 250 µs"),
    (LOCAL_TIME, "1 µs", "one look into the process's own memory", "assumed, 2026-11"),
    (CACHE_DAY, "1 day", "the time that the rule of thumb looks at", "the 80/20 rule of thumb"),
    (STORE_CORES, "32", "cores of the store", "assumed, 2026-11: a large single database server; archnb does not know yours"),
)  # fmt: skip
GIB = 2**30


def measure(draft: Draft) -> None:
    """Add memory, hit ratio, load saved and latency of every policy in use, and their totals."""
    facts = draft.facts
    _measure_daily_hot_set(draft)
    used = {
        name: one for name, one in draft.design.cache.policies.items() if one.use and CACHE_OBJECTS.of(name) in facts
    }
    if not used:
        return
    draft.assume(ASSUMPTIONS)
    for name, policy in used.items():
        _measure_want(draft, name, policy)
    _measure_memory(draft, used)
    for name, policy in used.items():
        _measure_hits(draft, name, policy)
    _measure_totals(draft, list(used))


def _measure_daily_hot_set(draft: Draft) -> None:
    facts = draft.facts
    draft.assume([one for one in ASSUMPTIONS if one[0] == CACHE_DAY])
    facts.define(
        DAILY_HOT_SET, facts[AVERAGE_READS] * facts[CACHE_DAY] * facts[HOT_SHARE] * facts[RECORD_SIZE], "GB",
        "the rule of thumb: memory for the hot share of a day's reads, each counted as another record",
    )  # fmt: skip


def _lifetime(draft: Draft, name: str, policy: CachePolicy) -> Fact:
    facts = draft.facts
    outdated = facts.get(CACHE_OUTDATED.of(name))
    assert policy.ttl is not None
    ttl = draft.value(CACHE_TTL.of(name), policy.ttl)
    if not is_deleted(policy) or outdated is None:
        return facts.define(CACHE_LIFETIME.of(name), ttl, "s", "how long an entry stays usable: until it expires")
    return facts.define(
        CACHE_LIFETIME.of(name),
        apply_model("mean time to expiry or write", mean_lifetime, "s", ttl, outdated, labels=("ttl", "outdated"), is_vectorised=True),
        "s", "how long an entry stays usable: until it expires or a write takes it out",
    )  # fmt: skip


def _estimate_owner(draft: Draft, name: str, policy: CachePolicy) -> Fact:
    """The hit ratio of answers that one person each reads."""
    facts = draft.facts
    outdated = facts.get(CACHE_OUTDATED.of(name)) if is_deleted(policy) else None
    return apply_model(
        "visits of one person", owner_hit_ratio, "%", facts[PATTERN_RATE.of(name)], facts[ANSWER_VISIT_READS.of(name)],
        facts[VISIT_LENGTH], facts[CACHE_TTL.of(name)], outdated if outdated is not None else 0.0, facts[CACHE_OBJECTS.of(name)],
        labels=("rate", "reads", "length", "ttl", "outdated", "objects"), is_vectorised=True,
    )  # fmt: skip


def _measure_want(draft: Draft, name: str, policy: CachePolicy) -> None:
    facts = draft.facts
    lifetime = _lifetime(draft, name, policy)
    objects, size = facts[CACHE_OBJECTS.of(name)], facts[CACHE_OBJECT_SIZE.of(name)]
    entry = facts.define(
        CACHE_ENTRY_SIZE.of(name),
        size + facts[CACHE_ENTRY_OVERHEAD],
        "B",
        "one entry: the answer and what the cache adds",
    )
    alive = facts.define(
        CACHE_ALIVE.of(name),
        minimum(facts[PATTERN_RATE.of(name)] * (1 - _estimate_owner(draft, name, policy)) * lifetime, objects)
        if ANSWER_VISIT_READS.of(name) in facts
        else apply_model(
            "answers alive at once", held, "", facts[PATTERN_RATE.of(name)], objects, facts[CACHE_SKEW.of(name)], lifetime,
            labels=("rate", "objects", "skew", "lifetime"), is_vectorised=True,
        ),
        "", "entries that have not expired where memory pushes none out",
    )  # fmt: skip
    facts.define(
        CACHE_WANTED.of(name), minimum(alive, maximum(facts[FREE_MEMORY] / entry, facts[HOT_SHARE] * objects)), "",
        "entries worth keeping: all that live where they fit into little memory, else the hot share of all answers",
    )  # fmt: skip


def _measure_memory(draft: Draft, used: dict[str, CachePolicy]) -> None:
    facts, cache = draft.facts, draft.design.cache
    shared = [name for name, one in used.items() if is_shared_cache(one.store)]
    if not shared:
        return
    wanted = total(facts[CACHE_WANTED.of(name)] * facts[CACHE_ENTRY_SIZE.of(name)] for name in shared)
    needed = facts.define(
        MEMORY_NEEDED,
        wanted * (1 + facts[CACHE_HEADROOM]),
        "GB",
        "memory for all entries worth keeping, with headroom",
    )
    if cache.memory is not None:
        draft.value(CACHE_MEMORY, cache.memory)
    else:
        made = apply_model("next size up", _round_up_memory, "GiB", needed, is_vectorised=True)
        fact = facts.decide(
            CACHE_MEMORY, made, "GiB", "memory of the shared cache: the need, rounded up to a usual size"
        )
        reason = f"{needed.text} hold every entry worth keeping, with headroom for fragmentation and growth"
        hot = facts.get(DAILY_HOT_SET)
        if hot is not None:
            reason += f"; the rule of thumb (hot share of a day's reads) gives {hot.text}"
        cache = draft.fill("cache", cache, memory=Because(f"{fact.value:g} GiB", reason, (MEMORY_NEEDED, CACHE_MEMORY)))
        draft.close("cache", cache)


def _round_up_memory(size: Any) -> Any:
    """The next of 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, … GiB, in bytes."""
    import numpy

    wanted = numpy.maximum(size / GIB, 0.5)
    upper = numpy.exp2(numpy.ceil(numpy.log2(wanted) - 1e-9))
    made = GIB * numpy.where((wanted <= 0.75 * upper) & (upper > 0.5), 0.75 * upper, upper)
    return made if getattr(size, "ndim", 0) else float(made)


def _measure_hits(draft: Draft, name: str, policy: CachePolicy) -> None:
    facts = draft.facts
    wanted = facts[CACHE_WANTED.of(name)]
    objects, entry, query_time = (
        facts[CACHE_OBJECTS.of(name)],
        facts[CACHE_ENTRY_SIZE.of(name)],
        facts[QUERY_TIME.of(name)],
    )
    capacity = wanted
    if is_shared_cache(policy.store):
        capacity = wanted * minimum(facts[CACHE_MEMORY] / facts[MEMORY_NEEDED], 1.0)
    capacity = facts.define(CACHE_CAPACITY.of(name), capacity, "", "entries that its share of the memory holds")
    is_of_one = ANSWER_VISIT_READS.of(name) in facts
    ratio = facts.define(
        HIT_RATIO.of(name),
        # where not all that is alive has room, that share of the answers is found
        _estimate_owner(draft, name, policy) * minimum(capacity / maximum(facts[CACHE_ALIVE.of(name)], 1.0), 1.0)
        if is_of_one
        else apply_model(
            "Che's approximation", hit_ratio, "%", facts[PATTERN_RATE.of(name)], objects, capacity, facts[CACHE_SKEW.of(name)],
            facts[CACHE_LIFETIME.of(name)], labels=("rate", "objects", "capacity", "skew", "lifetime"), is_vectorised=True,
        ),
        "%", "share of the reads that the cache answers",
        source="each answer is read by one person, in visits"
        if is_of_one
        else "Che, Tung, Wang 2002, with a lifetime; assumes independent reads at a steady rate",
    )  # fmt: skip
    objective = draft.design.requirements.objectives.get(name)
    allowed = objective.staleness if objective is not None else None
    assert policy.ttl is not None
    if allowed is not None and policy.ttl.base > allowed.base > 0 and CACHE_OUTDATED.of(name) in facts:
        facts.define(
            CACHE_OLDER.of(name), ratio * (1 - allowed.base / facts[CACHE_TTL.of(name)].base), "%",
            f"answers older than {allowed}, where no invalidation arrives: of those from the cache, whose age is even over the"
            " lifetime",
        )  # fmt: skip
    saved = facts.define(
        LOAD_SAVED.of(name), facts[PATTERN_RATE.of(name)] * ratio, "/s", "reads that the store does not see"
    )
    memory = facts.define(CACHE_ENTRIES_MEMORY.of(name), capacity * entry, "MB", "memory of its entries")
    look = facts[LOCAL_TIME if is_kept_at(policy.store, "process") else LOOKUP_TIME]
    facts.define(
        CACHED_LATENCY.of(name),
        look + (1 - ratio) * query_time,
        "ms",
        "mean time to an answer: one look, and the query on a miss",
    )
    if memory.base > 0:
        facts.define(
            CACHE_BENEFIT.of(name),
            saved * query_time / memory,
            "/MB",
            "database cores freed by a MB of cache: the rank",
        )


def _measure_totals(draft: Draft, used: list[str]) -> None:
    facts = draft.facts
    reads = [name for name, one in draft.design.access.items() if one.reads and PATTERN_RATE.of(name) in facts]
    saved = facts.define(
        CACHE_LOAD_SAVED, total(facts[LOAD_SAVED.of(name)] for name in used), "/s", "reads that no store sees"
    )
    if not reads:
        return
    every = facts.define(
        CACHE_READS, total(facts[PATTERN_RATE.of(name)] for name in reads), "/s", "all reads at the peak"
    )
    facts.define(CACHE_HIT_RATIO, saved / every, "%", "share of all reads that a cache answers")
    facts.define(STORE_READS, every - saved, "/s", "reads that reach a store while the cache is warm")
    busy = [facts[QUERY_BUSY.of(name)] for name in reads if QUERY_BUSY.of(name) in facts]
    freed = total(facts[LOAD_SAVED.of(name)] * facts[QUERY_TIME.of(name)] for name in used)
    cold = facts.define(
        COLD_CORES, total(busy), "", "database cores that the reads keep busy when the cache is empty or down"
    )
    warm = facts.define(WARM_CORES, cold - freed, "", "database cores that the reads keep busy while the cache is warm")
    if warm.base > 0:
        facts.define(
            COLD_FACTOR,
            cold / warm,
            "",
            "how many times the usual reads reach the store when the cache is empty or down",
        )
