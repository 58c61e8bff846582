"""The decisions: for each read pattern cached or not, where, for how long, made fresh how, and the reason of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from archnb.design.cache import Cache, CachePolicy
from archnb.design.record import Named
from archnb.engines import find_cache, list_engines, propose_engine
from archnb.fact import apply_model
from archnb.fact.keys.cache import (
    ANSWER_VISIT_READS,
    CACHE_ENTRY_OVERHEAD,
    CACHE_FANOUT,
    CACHE_OBJECT_SIZE,
    CACHE_OBJECTS,
    CACHE_OUTDATED,
    CACHE_SKEW,
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
    MOST_FANOUT,
    NET_SAFETY,
    PAGES_READ,
    QUERY_BUSY,
    QUERY_TIME,
    REFRESHERS,
    VISIT_LENGTH,
)
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.model.caches import engine_of_cache, is_kept_at, is_shared_cache
from archnb.planned.monitoring import OTHERS
from archnb.quantity import number, parse, show, unit
from archnb.topics.cache.costs import DELETING, SKEW_SOURCE, Numbers, is_deleted, measure_cost, measure_pattern
from archnb.topics.cache.models import hottest_share
from archnb.topics.cache.workload import Workload
from archnb.topics.topic import Assumption, Because, Draft

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
    (MOST_FANOUT, 100, "entries that a write may have to delete one by one", _OURS),
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
    visit = facts.get(ANSWER_VISIT_READS.of(name))
    numbers = Numbers(
        facts[PATTERN_RATE.of(name)], facts[QUERY_TIME.of(name)], facts[CACHE_OBJECTS.of(name)],
        facts[CACHE_OBJECT_SIZE.of(name)], facts[CACHE_SKEW.of(name)], outdated,
        None if visit is None else (visit, facts[VISIT_LENGTH]),
    )  # fmt: skip
    return facts[QUERY_BUSY.of(name)].base * numbers.estimate(policy.ttl.base, is_invalidated=is_deleted(policy))


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
    cost = measure_cost(draft, work)
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
    numbers = measure_pattern(draft, work, policy, rate, query_time)
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
    is_invalidated = fresh.invalidation in DELETING
    ratio = numbers.estimate(parse(fresh.ttl).base, is_invalidated=is_invalidated)
    per_answer = numbers.rate.base / max(numbers.objects.base, 1.0)
    # who reads much writes much, too: the model, which spreads writes evenly, flatters the hit ratio where writes are many
    if is_invalidated and numbers.outdated is not None and numbers.outdated.base > per_answer:
        return (
            f"not cached: {number(per_answer / numbers.outdated.base, 2)} reads per write to an answer of {work.entity}:"
            f" it is outdated before it is read again"
        )
    if ratio < draft.facts[LEAST_HIT_RATIO].base and numbers.visit is not None:
        reads, length = numbers.visit
        return (
            f"not cached: its owner reads it {number(reads.value)} times in a visit of {length.text}, and it may be kept for"
            f" {fresh.ttl}: hit ratio {number(ratio * 100)} %"
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
    # an invalidation may be lost: what may be no older than somebody said lives no longer; else ten times what is proposed
    longest = min(max(draft.facts[NET_SAFETY].base * allowed, 60.0), 3600.0)
    net = short if is_staleness_said(draft, work.name) else round_down_time(longest)
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
        fanout = draft.facts.get(CACHE_FANOUT.of(work.name))
        few = fanout is None or fanout.base <= draft.facts[MOST_FANOUT].base
        through = _weigh_write_through(work, numbers, net)
        if through:
            return Freshness("write-through", through, net, why_net)
        if work.is_exact:
            left = "" if few or fanout is None else (
                f"; a row that comes along and stands in up to {fanout.text} answers is as old as the lifetime when others change"
                " it, which is not worth that many deletions"
            )  # fmt: skip
            return Freshness(
                "on write",
                f"{consistency} consistency: whoever writes must read it back, so the write deletes the key{left}",
                net if few else short,
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
    fanout = draft.facts.get(CACHE_FANOUT.of(work.name))
    if better > ratio * 1.2 and (fanout is None or fanout.base <= draft.facts[MOST_FANOUT].base):
        return Freshness(
            "on write", f"with the allowed {short} alone the hit ratio would be {number(ratio * 100)} %; when the write"
            f" deletes the key it may live longer, which gives {number(better * 100)} %", net, why_net,
        )  # fmt: skip
    return Freshness(
        "ttl", "eventual consistency is enough, and deleting on writes would not raise the hit ratio", short, why_short
    )


def is_staleness_said(draft: Draft, name: str) -> bool:
    """Whether somebody said how old the answers of a pattern may be, of it or of all others."""
    asked = draft.said.requirements.objectives
    own = asked.get(name) or asked.get(OTHERS)
    return own is not None and own.staleness is not None


def _weigh_write_through(work: Workload, numbers: Numbers, ttl: str) -> str:
    """Why a write should put its change into the answer that is kept, or nothing where deleting the key does as well.

    Only where one row is answered that one person reads: whoever writes has in hand what changed, and nobody else writes it.
    """
    if numbers.visit is None or numbers.outdated is None or not work.is_single:
        return ""
    kept, deleted = (numbers.estimate(parse(ttl).base, is_invalidated=gone) for gone in (False, True))
    if kept <= deleted * 1.1:
        return ""
    return (
        f"whoever writes it reads it back: were the key deleted, {number(deleted * 100)} % of the reads would find it; the write"
        f" puts its change into the entry, where there is one, and {number(kept * 100)} % do. One person writes, so two such"
        " changes hardly meet; the version of the row decides, and where the cache does not answer the lifetime ends it"
    )


def _fill_policy(draft: Draft, work: Workload, numbers: Numbers, policy: CachePolicy, fresh: Freshness) -> CachePolicy:
    name, path = work.name, f"cache.policies.{work.name}"
    ratio = numbers.estimate((policy.ttl or parse(fresh.ttl)).base, is_invalidated=fresh.invalidation in DELETING)
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
    key = work.write_key(is_versioned=is_versioned)
    strategy = Because(
        "cache-aside",
        "the service reads the cache, then the store, and fills the cache: a cache that is down costs time, not answers",
    )
    if policy.invalidation == "write-through":
        strategy = Because(
            "write-through", "the write puts the new value into the entry that there is, so the next read finds it"
        )
    elif is_kept_at(policy.store, "edge"):
        strategy = Because("read-through", "the HTTP cache fetches what it lacks by itself")
    if policy.max_age is None and _may_leave(work) and (policy.invalidation == "ttl" or numbers.outdated is None):
        policy = draft.fill(
            path, policy,
            max_age=Because(
                policy.ttl,
                "everybody may read it and it holds nothing personal, so browsers and a CDN may keep it as well (Cache-Control:"
                " public, max-age); the service says with Age how long it was kept already (RFC 9111, section 5.1), so that"
                " both together keep it no longer than this",
            ),
        )  # fmt: skip
    return draft.fill(
        path, policy,
        key=Because(key, _explain_key(work, is_versioned)),
        strategy=strategy,
        fill=_choose_fill(policy),
        stampede=_choose_stampede(draft, work, numbers, policy),
    )  # fmt: skip


def _may_leave(work: Workload) -> bool:
    """Whether an answer may be kept outside: everybody gets the same, and nothing in it is about a person."""
    return work.is_public and not work.is_personal and not work.is_own and not work.depends_on


def _explain_key(work: Workload, is_versioned: bool) -> str:
    why = (
        "design, form version (raised when the answer's form changes), pattern, and everything that tells answers apart"
    )
    if is_versioned:
        why += (
            f"; {{version}} is a counter of {work.entity} that each write raises, so old answers are never found again"
        )
    if work.depends_on == "subject":
        why += "; {subject} because which rows somebody may read depends on who it is, and one must never be given another's answer"
    elif work.depends_on == "tenant":
        why += "; {tenant} because everybody of a tenant may read the same rows, and nobody another's"
    elif work.is_own:
        why += "; nobody's name, since what is given says whose the rows are: whether the caller may is checked before the cache is asked"
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


def _choose_fill(policy: CachePolicy) -> Because:
    if policy.invalidation == "write-through":
        return Because(
            "version", "two writers may reach the cache in another order than the store: the older value is refused"
        )
    if policy.invalidation == "on write" and not is_kept_at(policy.store, "edge"):
        return Because(
            "lease", "a reader that missed before a write and fills after its deletion would put the old answer back,"
            f" and it would stay for {policy.ttl}: a deletion ends the leases that were given before it",
        )  # fmt: skip
    if policy.invalidation == "versioned key":
        return Because("freely", "an old answer has an old key, which nobody asks for any more")
    return Because("freely", "an answer lives as long as its lifetime, whoever put it there")


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
