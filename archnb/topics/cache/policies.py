"""The decisions: for each read pattern cached or not, where, for how long, made fresh how, and the reason of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from archnb.design.cache import Cache, CachePolicy
from archnb.design.record import Named
from archnb.engines import find_cache, list_engines, propose_engine
from archnb.fact import Fact, Facts, apply_model, maximum, minimum
from archnb.fact.keys.cache import (
    AGGREGATE_TIME,
    AGGREGATION_SPEED,
    CACHE_ENTRY_OVERHEAD,
    CACHE_OBJECT_SIZE,
    CACHE_OBJECTS,
    CACHE_OUTDATED,
    CACHE_SKEW,
    COMPUTE_TIME,
    DISTINCT_QUERIES,
    DISTINCT_VALUES,
    GOOD_HIT_RATIO,
    HIT_RATIO,
    HTTP_BYTES,
    IN_PROCESS_BYTES,
    IN_PROCESS_RATE,
    IN_PROCESS_READS_PER_WRITE,
    LEAST_HIT_RATIO,
    LEAST_SAVED,
    LEAST_SAVED_SHARED,
    LONG_TTL,
    NET_SAFETY,
    PAGES_READ,
    PRECOMPUTED_ROWS,
    QUERIES_PER_ROW,
    QUERY_BUSY,
    QUERY_TIME,
    REFRESHERS,
    SKEW,
)
from archnb.fact.keys.entities import ENTITY_ROW_SIZE, ENTITY_ROWS, PATTERN_RATE
from archnb.model.caches import engine_of_cache, is_kept_at, is_shared_cache
from archnb.quantity import number, parse, show, unit
from archnb.topics.cache.models import hit_ratio, hottest_share, mean_lifetime
from archnb.topics.cache.workload import Workload
from archnb.topics.topic import Assumption, Because, Draft

SKEW_SOURCE = "between Breslau et al., INFOCOM 1999 (web requests: 0.64 to 0.83) and YCSB's default of 0.99; measure it on real keys"
_OURS = "rule of thumb of archnb, 2026-11"
ASSUMPTIONS: tuple[Assumption, ...] = (
    (CACHE_ENTRY_OVERHEAD, "100 B", "what an entry takes beside its value: key, hash table slot, expiry",
     "Redis: about 56 B a dict entry with its expiry and 40 B a short key; check with MEMORY USAGE"),
    (LEAST_SAVED, 0.05, "what frees less of one database core is not worth a second copy of its data", _OURS),
    (LEAST_SAVED_SHARED, 0.5, "what all patterns together must free of a database core for a shared cache to be worth running", _OURS),
    (LEAST_HIT_RATIO, "30%", "below this hit ratio most reads pay for the cache and the store", _OURS),
    (GOOD_HIT_RATIO, "60%", "from this hit ratio on waiting for the lifetime is good enough, and no write needs to know of the cache", _OURS),
    (IN_PROCESS_BYTES, "8 MB", "what each process may keep for itself", _OURS),
    (IN_PROCESS_RATE, "50/s", "reads from which a copy in each process pays", _OURS),
    (IN_PROCESS_READS_PER_WRITE, 300, "reads with one write from which a copy in each process pays", _OURS),
    (HTTP_BYTES, "1 GB", "what every edge of a content delivery network keeps", _OURS),
    (NET_SAFETY, 10, "how many times the allowed staleness an entry lives that a write makes fresh", _OURS),
    (PAGES_READ, 10, "different pages or ranges of one list that are asked for: lists are read from their start", _OURS),
    (LONG_TTL, "1 day", "how long an entry lives that never changes", _OURS),
)  # fmt: skip

_NICE = (
    *((one / 1000, f"{one} ms") for one in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *((float(one), f"{one} s") for one in (1, 2, 5, 10, 15, 20, 30)),
    *((one * 60.0, f"{one} min") for one in (1, 2, 5, 10, 15, 30)),
    *((one * 3600.0, f"{one} h") for one in (1, 2, 6, 12)),
    *((one * 86400.0, f"{one} day{'s' if one > 1 else ''}") for one in (1, 2, 7, 30)),
)


def round_down_time(seconds: float) -> str:
    """The longest usual time that is not longer: `round_down_time(75)` is '1 min'.

    >>> round_down_time(75), round_down_time(0.7)
    ('1 min', '500 ms')
    """
    return next((text for value, text in reversed(_NICE) if value <= seconds * (1 + 1e-9)), "1 ms")


@dataclass(frozen=True)
class Freshness:
    """How the answers of a pattern are made fresh: the invalidation, its reason, the lifetime, its reason."""

    invalidation: str
    why: str
    ttl: str
    why_ttl: str


@dataclass(frozen=True)
class Numbers:
    """The facts of one read pattern that its decision rests on; `outdated` is per answer, None where no write touches it."""

    rate: Fact
    query_time: Fact
    objects: Fact
    object_size: Fact
    skew: Fact
    outdated: Fact | None

    def estimate(self, ttl: float, *, is_invalidated: bool) -> float:
        """The hit ratio with a lifetime where memory is not short."""
        lifetime = mean_lifetime(ttl, self.outdated.base) if is_invalidated and self.outdated is not None else ttl
        return hit_ratio(self.rate.base, self.objects.base, math.inf, self.skew.base, lifetime)


def complete(draft: Draft) -> None:
    """Propose a policy for every read pattern, then the shared cache that holds them."""
    cache = draft.design.cache
    draft.assume(ASSUMPTIONS)
    is_refused = cache.engine == "none"
    policies: dict[str, CachePolicy] = {}
    for name, pattern in draft.design.access.items():
        if pattern.reads is None or pattern.reads not in draft.design.entities:
            continue
        policies[name] = _complete_policy(draft, name, is_refused)
    for name, policy in cache.policies.items():
        policies.setdefault(name, policy)
    if cache == Cache():
        _drop_small_cache(draft, policies)
    path = "cache"
    shared = [name for name, one in policies.items() if one.use and is_shared_cache(one.store)]
    cache = draft.fill(path, replace(cache, policies=Named(policies)), engine=_choose_engine(draft, policies, shared))
    if shared:
        cache = draft.fill(path, cache, eviction=_choose_eviction(cache, shared))
    draft.close("cache", cache)


def _drop_small_cache(draft: Draft, policies: dict[str, CachePolicy]) -> None:
    """Refuse a shared cache that nobody asked for where all it frees is less than it costs to run."""
    shared = [name for name, one in policies.items() if one.use and is_shared_cache(one.store)]
    freed = sum(_estimate_freed(draft, name, policies[name]) for name in shared)
    least = draft.facts[LEAST_SAVED_SHARED]
    if not shared or freed >= least.base:
        return
    for name in shared:
        path = f"cache.policies.{name}"
        for reason in [one for one in draft.reasons if one.startswith(f"{path}.")]:
            del draft.reasons[reason]
        policies[name] = draft.fill(
            path, CachePolicy(),
            use=Because(
                False,
                f"not cached: a shared cache would free {number(freed)} of one database core in all; below {number(least.base)}"
                " it is one more thing to run, to secure and to be wrong, for nothing",
                (QUERY_BUSY.of(name),),
            ),
        )  # fmt: skip


def _estimate_freed(draft: Draft, name: str, policy: CachePolicy) -> float:
    facts = draft.facts
    assert policy.ttl is not None
    outdated = facts.get(CACHE_OUTDATED.of(name))
    is_ttl = policy.invalidation == "ttl" or outdated is None
    lifetime = policy.ttl.base if is_ttl or outdated is None else mean_lifetime(policy.ttl.base, outdated.base)
    return facts[QUERY_BUSY.of(name)].base * hit_ratio(
        facts[PATTERN_RATE.of(name)].base,
        facts[CACHE_OBJECTS.of(name)].base,
        math.inf,
        facts[CACHE_SKEW.of(name)].base,
        lifetime,
    )


def _choose_engine(draft: Draft, policies: dict[str, CachePolicy], shared: list[str]) -> Because:
    if not shared:
        return Because("none", "no policy keeps its answers in a shared cache, so there is none to run")
    drawn = next(
        (one.engine for one in draft.design.flow.components.values() if one.kind == "cache" and one.engine), None
    )
    if drawn is not None:
        return Because(drawn, "the flow has it")
    said = {policies[name].store for name in shared}
    proposed = propose_engine("cache")
    if len(said) == 1 and said != {proposed.name}:
        named = next(iter(said))
        return Because(named, f"the policies that name a store name {named}")
    locks = [name for name in shared if policies[name].stampede in ("single flight", "early refresh")]
    versions = [
        name for name in shared if policies[name].invalidation != "ttl" and CACHE_OUTDATED.of(name) in draft.facts
    ]
    why = []
    if locks:
        why.append(f"stampede protection needs an atomic lock that expires ({locks[0]})")
    if versions:
        why.append(
            f"entries are deleted or versioned by writes ({versions[0]}), which replication carries to the standby"
        )
    choice = proposed.choice("cache")
    why.append(choice.strength if choice is not None else proposed.summary)
    others = "".join(f". {one.label} {one.refused['cache']}" for one in list_engines("cache") if "cache" in one.refused)
    return Because(proposed.name, "; ".join(why) + others + ".")


def _choose_eviction(cache: Cache, shared: list[str]) -> Because:
    names = ", ".join(shared[:3])
    engine = engine_of_cache(cache)
    if not engine.has("eviction by frequency"):
        first = next(iter(engine.evictions), None)
        return Because(first, f"{engine.label} makes room in this way unless one says otherwise")
    return Because(
        "allkeys-lfu",
        f"every key can be read again from its store, so any may go, and reads are uneven ({names}): counting them keeps"
        " what is wanted when a crawler or a report reads everything once. The hit ratios here are computed for LRU,"
        " which with uneven reads is the lower bound of the two.",
    )


def _complete_policy(draft: Draft, name: str, is_refused: bool) -> CachePolicy:
    policy = draft.design.cache.policies.get(name, CachePolicy())
    path = f"cache.policies.{name}"
    work = Workload(draft.model, name, draft.design.access[name])
    cost = _measure_cost(draft, work)
    if policy.use is False:
        return policy
    refusal = _refuse_early(draft, work, policy, is_refused)
    if refusal:
        return draft.fill(path, policy, use=Because(False, refusal))
    if cost is None:
        return draft.fill(path, policy, use=Because(False, "not cached: its rate is not known"))
    rate, query_time, busy = cost
    least = draft.facts[LEAST_SAVED].base
    if busy.base < least and not _is_wanted(policy):
        refusal = (
            f"not cached: too rare. {rate.text} × {query_time.text} keep {number(busy.base * 100)} % of one database core busy;"
            f" what frees less than {number(least * 100)} % is not worth a second copy of the data"
        )
        return draft.fill(path, policy, use=Because(False, refusal, (rate.name, busy.name)))
    numbers = _measure_pattern(draft, work, policy, rate, query_time)
    fresh = _choose_freshness(draft, work, numbers, policy)
    refusal = "" if _is_wanted(policy) else _refuse_late(draft, work, numbers, fresh)
    if refusal:
        return draft.fill(path, policy, use=Because(False, refusal, (PATTERN_RATE.of(name), QUERY_BUSY.of(name))))
    return _fill_policy(draft, work, numbers, policy, fresh)


def _is_wanted(policy: CachePolicy) -> bool:
    """Whether a person asked for the cache, by `use` or by describing how."""
    return policy.use is True or policy != CachePolicy(use=policy.use)


def _refuse_early(draft: Draft, work: Workload, policy: CachePolicy, is_refused: bool) -> str:
    if _is_wanted(policy):
        return ""
    if is_refused:
        return "not cached: the design says that there is no shared cache"
    objective = draft.design.requirements.objectives.get(work.name)
    consistency = work.pattern.consistency or (objective.consistency if objective else None)
    if consistency == "strong":
        return "not cached: strong consistency is asked, and a cached answer can be older than the last write"
    if objective is not None and objective.staleness is not None and objective.staleness.base <= 0:
        return "not cached: an answer may not be old at all (staleness 0)"
    return ""


def _refuse_late(draft: Draft, work: Workload, numbers: Numbers, fresh: Freshness) -> str:
    busy, least = numbers.rate.base * numbers.query_time.base, draft.facts[LEAST_SAVED].base
    is_invalidated = fresh.invalidation != "ttl"
    ratio = numbers.estimate(parse(fresh.ttl).base, is_invalidated=is_invalidated)
    per_answer = numbers.rate.base / max(numbers.objects.base, 1.0)
    # who reads much writes much, too: the model, which spreads writes evenly, flatters the hit ratio where writes are many
    if is_invalidated and numbers.outdated is not None and numbers.outdated.base > per_answer:
        return (
            f"not cached: {number(per_answer / numbers.outdated.base, 2)} reads per write to an answer of {work.entity}:"
            f" it is outdated before it is read again"
        )
    if ratio < draft.facts[LEAST_HIT_RATIO].base:
        return (
            f"not cached: {numbers.rate.text} over {number(numbers.objects.value)} different answers is one read of an answer"
            f" in {_say_time(1 / per_answer)}, and it may be kept for {fresh.ttl}: hit ratio {number(ratio * 100)} %"
        )
    if busy * ratio < least:
        return (
            f"not cached: it would free {number(busy * ratio * 100)} % of one database core ({numbers.rate.text} ×"
            f" {numbers.query_time.text} × hit ratio {number(ratio * 100)} %); less than {number(least * 100)} % is not"
            " worth a second copy of the data"
        )
    return ""


def _say_time(seconds: float) -> str:
    return show(seconds, unit("s"))


def _say_size(size: float) -> str:
    return show(size, unit("B"))


# -- the numbers a decision needs


def _measure_cost(draft: Draft, work: Workload) -> tuple[Fact, Fact, Fact] | None:
    """The rate of a read, the time of its query, and the database cores that the two keep busy; None without a rate."""
    facts = draft.facts
    rate = facts.get(PATTERN_RATE.of(work.name))
    if rate is None:
        return None
    if work.pattern.aggregate or work.pattern.is_async:
        query_time = _time_aggregate(draft, work)
    else:
        query_time = _time_query(draft, work)
    busy = facts.define(
        QUERY_BUSY.of(work.name),
        rate * query_time,
        "",
        "database cores these reads keep busy without a cache (Little's law)",
    )
    return rate, query_time, busy


def _time_aggregate(draft: Draft, work: Workload) -> Fact:
    """The time of an aggregate: all its rows are read, or, where it may be as old, the result that a job has computed."""
    facts, name = draft.facts, work.name
    speed = facts.assume(
        AGGREGATION_SPEED, "1M rows/s", "rows that are added up a second by one core",
        source="assumed for a warm store, 2026-11; measure it with EXPLAIN (ANALYZE)",
    )  # fmt: skip
    least = facts.assume(
        AGGREGATE_TIME, "50 ms", "database time of an aggregate, at least",
        source="assumed for a warm store, 2026-11; measure it with EXPLAIN (ANALYZE)",
    )  # fmt: skip
    rows = facts[ENTITY_ROWS.of(work.entity)]
    objective = draft.design.requirements.objectives.get(name)
    staleness = objective.staleness.base if objective is not None and objective.staleness is not None else 0.0
    large = facts.assume(
        PRECOMPUTED_ROWS, "1M", "rows from which an aggregate is computed beforehand, where its answer may be a minute old",
        source=_OURS,
    )  # fmt: skip
    if rows.base >= large.base and staleness >= 60 and not work.pattern.is_async:
        facts.define(
            COMPUTE_TIME.of(name), maximum(rows / speed, least), "s", "time to compute the answer anew, over all rows"
        )
        return facts.assume(
            QUERY_TIME.of(name), "2 ms", "database time of one look at the result that was computed beforehand",
            source="assumed for a warm store of this kind; measure it with EXPLAIN (ANALYZE)",
        )  # fmt: skip
    # what is given exactly leaves the rows of one answer
    parts = [
        facts.get(ENTITY_ROWS.of(count)) if isinstance(count, str) else count
        for what, count in work.count_distinct(round(facts[PAGES_READ].base))
        if what in work.pattern.by
    ]
    answers = math.prod(part.base if isinstance(part, Fact) else part or 1.0 for part in parts)
    return facts.define(
        QUERY_TIME.of(name), maximum(rows / max(1.0, min(answers, rows.base)) / speed, least), "ms",
        "database time of one aggregate over the rows that it reads",
    )  # fmt: skip


def _time_query(draft: Draft, work: Workload) -> Fact:
    facts = draft.facts
    milliseconds, what = _estimate_query(work)
    return facts.assume(
        QUERY_TIME.of(work.name), f"{number(milliseconds)} ms", f"database time of one {what}",
        source="assumed for a warm store of this kind; measure it with EXPLAIN (ANALYZE)",
    )  # fmt: skip


def _measure_pattern(draft: Draft, work: Workload, policy: CachePolicy, rate: Fact, query_time: Fact) -> Numbers:
    facts = draft.facts
    objects = _count_answers(draft, work, policy)
    return Numbers(
        rate, query_time, objects, _size_answer(draft, work, policy, objects), _give_skew(draft, work, policy),
        _rate_outdating(facts, work, objects),
    )  # fmt: skip


def _estimate_query(work: Workload) -> tuple[float, str]:
    pattern = work.pattern
    extra = 1.0 * len(pattern.include)
    if pattern.depth and pattern.depth > 1:
        return 3.0 * 2.0**pattern.depth + extra, f"walk {pattern.depth} relationships deep"
    if pattern.search:
        return 20.0 + extra, "text search"
    if work.is_single:
        return 1.0 + extra, "row read by its key"
    return 2.0 + 0.02 * (pattern.limit or 20) + extra, f"list of up to {pattern.limit or 20} rows by an index"


def _count_answers(draft: Draft, work: Workload, policy: CachePolicy) -> Fact:
    facts, path = draft.facts, CACHE_OBJECTS.of(work.name)
    if policy.objects is not None:
        return draft.value(path, policy.objects)
    rows = facts.get(ENTITY_ROWS.of(work.entity))
    if work.pattern.search:
        tenth = facts.assume(
            QUERIES_PER_ROW, 0.1, "different queries that people type, for each row that they search",
            source="assumed, 2026-11: a tenth of the rows; count them in the search log",
        )  # fmt: skip
        least = facts.assume(
            DISTINCT_QUERIES, 10_000, "different queries that people type, at least",
            source="assumed, 2026-11; count them in the search log",
        )  # fmt: skip
        return facts.define(
            path, maximum(rows * tenth, least) if rows is not None else least * 1, "", "different queries people type"
        )
    made: Fact | None = None
    pages = math.ceil(rows.base / (work.pattern.limit or 20)) if rows is not None else None
    for what, count in work.count_distinct(round(facts[PAGES_READ].base), pages):
        part = facts.get(ENTITY_ROWS.of(count)) if isinstance(count, str) else None
        if part is None:
            value = float(count) if isinstance(count, float | int) else 1000.0
            part = facts.assume(
                DISTINCT_VALUES.of(work.name, what.replace(" ", "_")), value, f"different values of {what}",
                source="assumed from the field's type, 2026-11",
            )  # fmt: skip
        made = part if made is None else made * part
    if made is None:
        return facts.given(path, 1, "one answer for everybody", origin="assumed", source="it has no parameters")
    # there are no more answers by given fields than rows that could be in them
    is_capped = rows is not None and made.apply is not None and not made.name and not work.pattern.range
    return facts.define(path, minimum(made, rows) if is_capped and rows is not None else made, "", "different answers")


def _size_answer(draft: Draft, work: Workload, policy: CachePolicy, objects: Fact) -> Fact:
    facts, path = draft.facts, CACHE_OBJECT_SIZE.of(work.name)
    if policy.object_size is not None:
        return draft.value(path, policy.object_size)
    if work.pattern.aggregate:
        return facts.given(path, "1 kB", "size of one computed answer", source="assumed: a few dozen numbers as JSON")
    size = facts.get(ENTITY_ROW_SIZE.of(work.entity))
    if size is None:
        return facts.given(path, "1 kB", "size of one answer", source="assumed")
    for included in work.entities[1:]:
        extra, parents = facts.get(ENTITY_ROWS.of(included)), facts.get(ENTITY_ROWS.of(work.entity))
        inner = facts.get(ENTITY_ROW_SIZE.of(included))
        if extra is not None and parents is not None and inner is not None and parents.base > 0:
            size = size + maximum(extra / parents, 1.0) * inner
    rows, limit = facts.get(ENTITY_ROWS.of(work.entity)), float(work.pattern.limit or 20)
    if work.is_single:
        return facts.define(path, size, "B", "size of one answer: one row, with what comes along")
    if rows is not None and work.is_exact and objects.base > 0:
        return facts.define(
            path, minimum(maximum(rows / objects, 1.0), limit) * size, "B", "rows of an answer × row size"
        )
    most = minimum(rows, limit) if rows is not None and not work.pattern.by else limit
    return facts.define(path, most * size, "B", "rows of an answer × row size")


def _give_skew(draft: Draft, work: Workload, policy: CachePolicy) -> Fact:
    path = CACHE_SKEW.of(work.name)
    if policy.skew is not None:
        return draft.value(path, policy.skew)
    usual = draft.facts.assume(SKEW, 0.9, "Zipf exponent of reads", source=f"assumed, 2026-11: {SKEW_SOURCE}")
    return draft.facts.define(path, usual, "", "Zipf exponent of the reads, as usual")


def _rate_outdating(facts: Facts, work: Workload, objects: Fact) -> Fact | None:
    all_of_them: Fact | None = None
    one_each: Fact | None = None
    for write in work.find_outdating():
        rate = facts.get(PATTERN_RATE.of(write.pattern))
        if rate is None:
            continue
        if write.is_all:
            all_of_them = rate if all_of_them is None else all_of_them + rate
        else:
            one_each = rate if one_each is None else one_each + rate
    if one_each is not None:
        share = one_each / objects
        all_of_them = share if all_of_them is None else all_of_them + share
    if all_of_them is None:
        return None
    return facts.define(CACHE_OUTDATED.of(work.name), all_of_them, "/s", "how often one answer is outdated by a write")


# -- the choices


def _choose_freshness(draft: Draft, work: Workload, numbers: Numbers, policy: CachePolicy) -> Freshness:
    objective = draft.design.requirements.objectives.get(work.name)
    staleness = objective.staleness if objective is not None else None
    allowed = staleness.base if staleness is not None and staleness.base > 0 else 60.0
    consistency = work.pattern.consistency or (objective.consistency if objective else None) or "eventual"
    is_said = draft.is_said(f"access.{work.name}.consistency") or draft.is_said(
        f"requirements.objectives.{work.name}.consistency"
    )
    if consistency == "session" and work.is_public and not is_said:
        # readers who are not signed in have no writes of their own to see
        consistency = "eventual"
    short = round_down_time(allowed)
    why_short = f"an answer may be {short if staleness is None else staleness} old, and it lives no longer than that"
    net = round_down_time(min(max(draft.facts[NET_SAFETY].base * allowed, 60.0), 3600.0))
    why_net = (
        "the write makes it fresh; the lifetime only bounds what a lost invalidation can do, and lets go of what is"
        " not read any more"
    )
    if policy.invalidation is not None:
        if policy.invalidation == "ttl":
            return Freshness("ttl", "", short, why_short)
        return Freshness(policy.invalidation, "", net, why_net)
    if numbers.outdated is None and work.is_single:
        return Freshness(
            "versioned key", "no write changes or deletes it once it is there, so its key names one value for ever",
            draft.facts[LONG_TTL].text,
            "it never changes; the lifetime only lets go of what is not read any more"
            + ("; when it ends is part of the answer, and is checked on every read" if work.ends_by_clock else ""),
        )  # fmt: skip
    if consistency in ("session", "strong"):
        if work.is_exact:
            return Freshness(
                "on write",
                f"{consistency} consistency: whoever writes must read it back, so the write deletes the key",
                net,
                why_net,
            )
        return Freshness(
            "versioned key", f"{consistency} consistency, and a write cannot name the answers it changes: it raises a"
            " version that is part of every key", net, why_net,
        )  # fmt: skip
    ratio = numbers.estimate(parse(short).base, is_invalidated=False)
    if ratio >= draft.facts[GOOD_HIT_RATIO].base or not work.is_exact:
        return Freshness(
            "ttl", f"eventual consistency is enough, and waiting {short} gives a hit ratio of {number(ratio * 100)} %"
            " without any write knowing of the cache", short, why_short,
        )  # fmt: skip
    better = numbers.estimate(parse(net).base, is_invalidated=True)
    if better > ratio * 1.2:
        return Freshness(
            "on write", f"with the allowed {short} alone the hit ratio would be {number(ratio * 100)} %; when the write"
            f" deletes the key it may live longer, which gives {number(better * 100)} %", net, why_net,
        )  # fmt: skip
    return Freshness(
        "ttl", "eventual consistency is enough, and deleting on writes would not raise the hit ratio", short, why_short
    )


def _fill_policy(draft: Draft, work: Workload, numbers: Numbers, policy: CachePolicy, fresh: Freshness) -> CachePolicy:
    name, path = work.name, f"cache.policies.{work.name}"
    ratio = numbers.estimate((policy.ttl or parse(fresh.ttl)).base, is_invalidated=fresh.invalidation != "ttl")
    policy = draft.fill(
        path, policy,
        use=Because(
            True,
            f"{numbers.rate.text} × {numbers.query_time.text} keep {number(numbers.rate.base * numbers.query_time.base)} database"
            f" cores busy, and up to {number(ratio * 100)} % of the reads can be answered without the store"
            if not _is_wanted(policy) else "a policy is said for it",
            (PATTERN_RATE.of(name), QUERY_BUSY.of(name), HIT_RATIO.of(name)),
        ),
        invalidation=Because(fresh.invalidation, fresh.why or "said"),
        ttl=Because(fresh.ttl, fresh.why_ttl),
        objects=Because(numbers.objects.quantity, "how many different answers the pattern has", (CACHE_OBJECTS.of(name),)),
        object_size=Because(numbers.object_size.quantity, "rows of an answer × row size", (CACHE_OBJECT_SIZE.of(name),)),
        skew=Because(numbers.skew.quantity, f"assumed: {SKEW_SOURCE}", (CACHE_SKEW.of(name),)),
    )  # fmt: skip
    policy = draft.fill(path, policy, store=_choose_store(draft, work, numbers, policy))
    is_versioned = policy.invalidation == "versioned key" and numbers.outdated is not None
    has_subject = work.is_own and not work.names_owner
    key = work.write_key(is_versioned=is_versioned, has_subject=has_subject)
    strategy = Because(
        "cache-aside",
        "the service reads the cache, then the store, and fills the cache: a cache that is down costs time, not answers",
    )
    if policy.invalidation == "write-through":
        strategy = Because(
            "write-through", "the write puts the new value into the cache as well, so the next read finds it"
        )
    elif is_kept_at(policy.store, "edge"):
        strategy = Because("read-through", "the HTTP cache fetches what it lacks by itself")
    return draft.fill(
        path, policy,
        key=Because(key, _explain_key(work, is_versioned, has_subject)),
        strategy=strategy,
        stampede=_choose_stampede(draft, work, numbers, policy),
    )  # fmt: skip


def _explain_key(work: Workload, is_versioned: bool, has_subject: bool) -> str:
    why = (
        "design, form version (raised when the answer's form changes), pattern, and everything that tells answers apart"
    )
    if is_versioned:
        why += (
            f"; {{version}} is a counter of {work.entity} that each write raises, so old answers are never found again"
        )
    if has_subject:
        why += "; {subject} because people may read their own rows only, and one must never be given another's answer"
    return why


def _choose_store(draft: Draft, work: Workload, numbers: Numbers, policy: CachePolicy) -> Because:
    size = numbers.objects.base * (numbers.object_size.base + draft.facts[CACHE_ENTRY_OVERHEAD].base)
    writes = 0.0 if numbers.outdated is None else numbers.outdated.base * (numbers.objects.base if work.is_exact else 1)
    engine = draft.design.cache.engine
    never_changes = numbers.outdated is None and work.is_single and not work.ends_by_clock
    edge, process = find_cache("edge"), find_cache("process")
    limit = draft.facts[HTTP_BYTES].base
    if edge is not None and work.is_public and not work.is_personal and never_changes and size <= limit:
        return Because(
            edge.name,
            f"everybody may read it, it holds nothing personal and never changes, and all of it ({_say_size(size)}) fits into every"
            " edge of a CDN: browsers and the CDN keep it",
            (CACHE_OBJECTS.of(work.name), CACHE_OBJECT_SIZE.of(work.name)),
        )
    if (
        process is not None and size <= draft.facts[IN_PROCESS_BYTES].base and numbers.rate.base >= draft.facts[IN_PROCESS_RATE].base
        and writes * draft.facts[IN_PROCESS_READS_PER_WRITE].base <= numbers.rate.base
        and policy.invalidation == "ttl"
    ):  # fmt: skip
        return Because(
            process.name,
            f"all answers together are {_say_size(size)}, they are read {numbers.rate.text} and "
            + (f"change once in {_say_time(1 / writes)}" if writes else "never change")
            + ": each process keeps its own copy and asks nobody",
            (CACHE_OBJECTS.of(work.name), CACHE_OBJECT_SIZE.of(work.name)),
        )
    proposed = propose_engine("cache").name
    if engine not in (None, "none", proposed):
        return Because(engine, "the shared cache that is said")
    return Because(
        proposed,
        "shared by all processes, so an answer is computed once and deleted once; in each process it would be kept"
        " as often as there are processes and could not be deleted",
    )


def _choose_stampede(draft: Draft, work: Workload, numbers: Numbers, policy: CachePolicy) -> Because:
    share = apply_model(
        "share of the most wanted", hottest_share, "", numbers.objects, numbers.skew, labels=("answers", "skew")
    )
    hottest = draft.facts.define(
        REFRESHERS.of(work.name), numbers.rate * share * numbers.query_time, "",
        "readers that find the most wanted answer missing before the first has computed it again",
    )  # fmt: skip
    names = (hottest.name,)
    if is_kept_at(policy.store, "edge"):
        return Because(
            "stale while revalidate", "the HTTP cache gives the old answer while it fetches the new one", names
        )
    if hottest.base <= 1:
        return Because(
            "none", f"{number(hottest.base)} readers meet while the most wanted answer is computed ({numbers.query_time.text}):"
            " there is no herd to hold back", names,
        )  # fmt: skip
    missed = math.exp(-hottest.base)
    if missed < 0.05 and policy.invalidation == "ttl":
        return Because(
            "early refresh",
            f"up to {number(hottest.base)} readers would compute the most wanted answer at once. Early refresh (XFetch) lets"
            f" one of them do it before it expires; it fails with probability e^(−{number(hottest.base)}) ="
            f" {number(missed * 100, 2)} %. It does not protect cold keys: at one read in {_say_time(1 / (numbers.query_time.base or 1))}"
            " it fails 37 times in 100, but then nobody else waits",
            names,
        )
    return Because(
        "single flight",
        f"up to {number(hottest.base)} readers would compute the most wanted answer at once; a lock lets one do it and the"
        f" others wait {numbers.query_time.text}. Early refresh (XFetch) would still miss with probability {number(missed * 100, 2)} %"
        " here, and does nothing for keys that a write deletes",
        names,
    )
