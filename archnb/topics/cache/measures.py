"""The numbers that follow: memory, hit ratio, what is saved, what a reader waits, and what an empty cache costs."""

from __future__ import annotations

from typing import Any

from archnb.design.cache import CachePolicy
from archnb.fact import Fact, apply_model, maximum, minimum, total
from archnb.model.caches import is_kept_at, is_shared_cache
from archnb.topics.cache.models import held, hit_ratio, mean_lifetime
from archnb.topics.topic import Because, Draft

GIB = 2**30


def measure(draft: Draft) -> None:
    """Add memory, hit ratio, load saved and latency of every policy in use, and their totals."""
    facts = draft.facts
    _measure_daily_hot_set(draft)
    used = {
        name: one for name, one in draft.design.cache.policies.items() if one.use and f"cache.{name}.objects" in facts
    }
    if not used:
        return
    facts.given(
        "cache.headroom",
        "30%",
        "memory kept free for fragmentation, buffers and growth",
        source="assumed, as Redis' guides advise for writes during a snapshot",
    )
    facts.given(
        "cache.free_memory",
        "1 GB",
        "what a policy may take without weighing it",
        source="assumed: memory of this size costs less than thinking about it",
    )
    if "load.hot_share" not in facts:
        facts.given(
            "cache.hot_share", "20%", "share of the answers worth keeping", source="assumed: the 80/20 rule of thumb"
        )
    facts.given(
        "cache.lookup_time",
        "500 µs",
        "one look into the shared cache",
        source="a round trip within a data centre, from the classic latency numbers; re-measured in 2026 as 250 µs",
    )
    facts.given("cache.local_time", "1 µs", "one look into the process's own memory", source="assumed")
    for name, policy in used.items():
        _measure_want(draft, name, policy)
    _measure_memory(draft, used)
    for name, policy in used.items():
        _measure_hits(draft, name, policy)
    _measure_totals(draft, list(used))


def _measure_daily_hot_set(draft: Draft) -> None:
    facts = draft.facts
    names = ("load.average_reads", "load.hot_share", "load.record_size")
    if all(name in facts for name in names):
        reads, share, size = (facts[name] for name in names)
        day = facts.given(
            "cache.day", "1 day", "the time that the rule of thumb looks at", source="the 80/20 rule of thumb"
        )
        facts.define(
            "cache.daily_hot_set", reads * day * share * size, "GB",
            "the rule of thumb: memory for the hot share of a day's reads, each counted as another record",
        )  # fmt: skip


def _lifetime(draft: Draft, name: str, policy: CachePolicy) -> Fact:
    facts = draft.facts
    outdated = facts.get(f"cache.{name}.outdated")
    path = f"cache.policies.{name}.ttl"
    assert policy.ttl is not None
    origin: Any = "said" if draft.is_said(path) else "assumed"
    ttl = facts.given(
        f"cache.{name}.ttl",
        policy.ttl,
        "how long an entry lives",
        origin=origin,
        source="" if origin == "said" else f"proposed, see {path}",
    )
    if policy.invalidation == "ttl" or outdated is None:
        return facts.define(f"cache.{name}.lifetime", ttl, "s", "how long an entry stays usable: until it expires")
    return facts.define(
        f"cache.{name}.lifetime",
        apply_model("mean time to expiry or write", mean_lifetime, "s", ttl, outdated, labels=("ttl", "outdated"), is_vectorised=True),
        "s", "how long an entry stays usable: until it expires or a write takes it out",
    )  # fmt: skip


def _rate(draft: Draft, name: str) -> Fact:
    return draft.facts.get(f"access.{name}.rate") or draft.facts[f"cache.{name}.rate"]


def _measure_want(draft: Draft, name: str, policy: CachePolicy) -> None:
    facts, path = draft.facts, f"cache.{name}"
    lifetime = _lifetime(draft, name, policy)
    objects, size = facts[f"{path}.objects"], facts[f"{path}.object_size"]
    entry = facts.define(
        f"{path}.entry_size", size + facts["cache.entry_overhead"], "B", "one entry: the answer and what the cache adds"
    )
    alive = facts.define(
        f"{path}.alive",
        apply_model(
            "answers alive at once", held, "", _rate(draft, name), objects, facts[f"{path}.skew"], lifetime,
            labels=("rate", "objects", "skew", "lifetime"), is_vectorised=True,
        ),
        "", "entries that have not expired where memory pushes none out",
    )  # fmt: skip
    share = facts.get("load.hot_share") or facts["cache.hot_share"]
    facts.define(
        f"{path}.wanted", minimum(alive, maximum(facts["cache.free_memory"] / entry, share * objects)), "",
        "entries worth keeping: all that live where they fit into little memory, else the hot share of all answers",
    )  # fmt: skip


def _measure_memory(draft: Draft, used: dict[str, CachePolicy]) -> None:
    facts, cache = draft.facts, draft.design.cache
    shared = [name for name, one in used.items() if is_shared_cache(one.store)]
    if not shared:
        return
    wanted = total(facts[f"cache.{name}.wanted"] * facts[f"cache.{name}.entry_size"] for name in shared)
    needed = facts.define(
        "cache.memory_needed",
        wanted * (1 + facts["cache.headroom"]),
        "GB",
        "memory for all entries worth keeping, with headroom",
    )
    if cache.memory is not None:
        facts.given("cache.memory", cache.memory, "memory of the shared cache", origin="said")
    else:
        made = apply_model("next size up", _round_up_memory, "GiB", needed, is_vectorised=True)
        fact = facts.define(
            "cache.memory", made, "GiB", "memory of the shared cache: the need, rounded up to a usual size"
        )
        reason = f"{needed.text} hold every entry worth keeping, with headroom for fragmentation and growth"
        hot = facts.get("cache.daily_hot_set")
        if hot is not None:
            reason += f"; the rule of thumb (hot share of a day's reads) gives {hot.text}"
        cache = draft.fill(
            "cache", cache, memory=Because(f"{fact.value:g} GiB", reason, ("cache.memory_needed", "cache.memory"))
        )
        draft.close("cache", cache)


def _round_up_memory(size: Any) -> Any:
    """The next of 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, … GiB, in bytes."""
    import numpy

    wanted = numpy.maximum(size / GIB, 0.5)
    upper = numpy.exp2(numpy.ceil(numpy.log2(wanted) - 1e-9))
    made = GIB * numpy.where((wanted <= 0.75 * upper) & (upper > 0.5), 0.75 * upper, upper)
    return made if getattr(size, "ndim", 0) else float(made)


def _measure_hits(draft: Draft, name: str, policy: CachePolicy) -> None:
    facts, path = draft.facts, f"cache.{name}"
    wanted = facts[f"{path}.wanted"]
    objects, entry, query_time = (facts[f"{path}.{one}"] for one in ("objects", "entry_size", "query_time"))
    capacity = wanted
    if is_shared_cache(policy.store) and draft.is_said("cache.memory"):
        capacity = wanted * minimum(facts["cache.memory"] / facts["cache.memory_needed"], 1.0)
    capacity = facts.define(f"{path}.capacity", capacity, "", "entries that its share of the memory holds")
    ratio = facts.define(
        f"{path}.hit_ratio",
        apply_model(
            "Che's approximation", hit_ratio, "%", _rate(draft, name), objects, capacity, facts[f"{path}.skew"],
            facts[f"{path}.lifetime"], labels=("rate", "objects", "capacity", "skew", "lifetime"), is_vectorised=True,
        ),
        "%", "share of the reads that the cache answers",
        source="Che, Tung, Wang 2002, with a lifetime; assumes independent reads at a steady rate",
    )  # fmt: skip
    saved = facts.define(f"{path}.load_saved", _rate(draft, name) * ratio, "/s", "reads that the store does not see")
    memory = facts.define(f"{path}.memory", capacity * entry, "MB", "memory of its entries")
    look = facts["cache.local_time" if is_kept_at(policy.store, "process") else "cache.lookup_time"]
    facts.define(
        f"{path}.latency",
        look + (1 - ratio) * query_time,
        "ms",
        "mean time to an answer: one look, and the query on a miss",
    )
    if memory.base > 0:
        facts.define(
            f"{path}.benefit", saved * query_time / memory, "/MB", "database cores freed by a MB of cache: the rank"
        )


def _measure_totals(draft: Draft, used: list[str]) -> None:
    facts = draft.facts
    reads = [name for name, one in draft.design.access.items() if one.reads and f"access.{name}.rate" in facts]
    saved = facts.define(
        "cache.load_saved", total(facts[f"cache.{name}.load_saved"] for name in used), "/s", "reads that no store sees"
    )
    if not reads:
        return
    every = facts.define(
        "cache.reads", total(facts[f"access.{name}.rate"] for name in reads), "/s", "all reads at the peak"
    )
    facts.define("cache.hit_ratio", saved / every, "%", "share of all reads that a cache answers")
    facts.define("cache.store_reads", every - saved, "/s", "reads that reach a store while the cache is warm")
    busy = [facts[f"cache.{name}.busy"] for name in reads if f"cache.{name}.busy" in facts]
    freed = total(facts[f"cache.{name}.load_saved"] * facts[f"cache.{name}.query_time"] for name in used)
    cold = facts.define(
        "cache.cold_cores", total(busy), "", "database cores that the reads keep busy when the cache is empty or down"
    )
    warm = facts.define(
        "cache.warm_cores", cold - freed, "", "database cores that the reads keep busy while the cache is warm"
    )
    if warm.base > 0:
        facts.define(
            "cache.cold_factor",
            cold / warm,
            "",
            "how many times the usual reads reach the store when the cache is empty or down",
        )
    facts.given(
        "cache.store_cores",
        32,
        "cores of the store",
        source="assumed: a large single database server; archnb does not know yours",
    )
