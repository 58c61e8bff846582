"""The rules of caching: contradictions between a policy that was said and what freshness, people's data, memory and load ask."""

from __future__ import annotations

from collections.abc import Iterator

from archnb.design.cache import CachePolicy
from archnb.fact.keys.cache import (
    CACHE_FANOUT,
    CACHE_HIT_RATIO,
    CACHE_MEMORY,
    CACHE_OLDER,
    CACHE_OUTDATED,
    COLD_CORES,
    MEMORY_NEEDED,
    MOST_FANOUT,
    REFRESHERS,
    STORE_CORES,
    WARM_CORES,
)
from archnb.finding import Hit, Rule, rule
from archnb.model.caches import is_kept_at, is_shared_cache
from archnb.quantity import number
from archnb.topics.cache.proposals import is_staleness_said
from archnb.topics.cache.workload import Workload, read_placeholders
from archnb.topics.topic import Draft


def _used(draft: Draft) -> Iterator[tuple[str, CachePolicy, Workload]]:
    for name, policy in draft.design.cache.policies.items():
        pattern = draft.design.access.get(name)
        if policy.use and pattern is not None and pattern.reads in draft.design.entities:
            yield name, policy, Workload(draft.model, name, pattern)


@rule(
    "cache-lifetime-of-nothing", principle="performance", severity="medium",
    condition="A policy keeps its answers for no time at all.",
    effect="Every read misses and pays for the cache and the store.",
    remedy="Give it a lifetime within the staleness allowed, or refuse the cache with `use: false`.",
)  # fmt: skip
def lifetime_of_nothing(draft: Draft) -> Iterator[Hit]:
    """Lifetimes of zero."""
    for name, policy in draft.said.cache.policies.items():
        if policy.use is not False and policy.ttl is not None and policy.ttl.high == 0:
            yield Hit(f"cache.policies.{name}.ttl", f"lifetime {policy.ttl}")


@rule(
    "cache-ttl-over-staleness", principle="integrity", severity="high",
    condition="A policy lives longer than an answer may be old, and nothing but its lifetime makes it fresh for certain.",
    effect="Readers get answers that are older than the requirement allows: always where the lifetime alone makes them fresh, and whenever an invalidation is lost.",
    remedy="Shorten the lifetime to the staleness allowed; a write that deletes the key (`invalidation: on write`) makes it fresh sooner, not surely.",
)  # fmt: skip
def ttl_over_staleness(draft: Draft) -> Iterator[Hit]:
    """Compare each lifetime with the staleness allowed."""
    for name, policy, _ in _used(draft):
        objective = draft.design.requirements.objectives.get(name)
        allowed = objective.staleness if objective is not None else None
        # what nobody said is a proposal, which invalidations keep as far as they arrive
        is_bound = policy.invalidation == "ttl" or is_staleness_said(draft, name)
        changes = CACHE_OUTDATED.of(name) in draft.facts or policy.invalidation == "ttl"
        if (
            is_bound
            and changes
            and policy.ttl is not None
            and allowed is not None
            and policy.ttl.base > allowed.base > 0
        ):
            older = draft.facts.get(CACHE_OLDER.of(name))
            yield Hit(
                f"cache.policies.{name}.ttl",
                f"lifetime {policy.ttl}, staleness allowed {allowed}: {number(policy.ttl.base / allowed.base)} times as long"
                + (f"; up to {older.text} of the answers would be older" if older is not None else ""),
            )


@rule(
    "cache-strong-read-cached", principle="integrity", severity="critical",
    condition="A read that must see every earlier write is answered from a cache.",
    effect="Between a write and the end of the entry, readers are given the value from before the write.",
    remedy="Do not cache it (`use: false`), or ask for session or eventual consistency if that is enough.",
)  # fmt: skip
def strong_read_cached(draft: Draft) -> Iterator[Hit]:
    """Find strong reads with a policy in use."""
    for name, policy, work in _used(draft):
        objective = draft.design.requirements.objectives.get(name)
        wanted = work.pattern.consistency or (objective.consistency if objective is not None else None)
        if wanted == "strong" and policy.invalidation != "write-through":
            yield Hit(
                f"cache.policies.{name}",
                f"consistency strong, cached for {policy.ttl}, made fresh by {policy.invalidation}",
            )


@rule(
    "cache-key-without-owner", principle="security", severity="critical",
    condition="Answers that belong to one person are kept in a shared cache under a key that does not say whose they are.",
    effect="The first reader's personal data is given to everybody who asks next.",
    remedy="Put what tells the owners apart into the key, as the proposed key does.",
)  # fmt: skip
def key_without_owner(draft: Draft) -> Iterator[Hit]:
    """Find keys of personal answers that lack a parameter."""
    for name, policy, work in _used(draft):
        missing = _find_missing(work, policy)
        if missing and (work.is_personal or work.is_own):
            yield Hit(
                f"cache.policies.{name}.key",
                f"key {policy.key!r} lacks {', '.join(missing)}; the answer holds personal data of {work.entity}",
            )


@rule(
    "cache-key-misses-parameter", principle="integrity", severity="high",
    condition="A key lacks a parameter that the answer depends on.",
    effect="Two different questions share one entry, and one of them gets the other's answer.",
    remedy="Put every parameter of the access pattern into the key, as the proposed key does.",
)  # fmt: skip
def key_misses_parameter(draft: Draft) -> Iterator[Hit]:
    """Find keys of other answers that lack a parameter."""
    for name, policy, work in _used(draft):
        missing = _find_missing(work, policy)
        if missing and not (work.is_personal or work.is_own):
            yield Hit(f"cache.policies.{name}.key", f"key {policy.key!r} lacks {', '.join(missing)}")


def _find_missing(work: Workload, policy: CachePolicy) -> list[str]:
    if policy.key is None or is_kept_at(policy.store, "edge"):
        return []
    given = read_placeholders(policy.key)
    # an owner written as {subject}, {user} or {owner} stands for whichever field refers to the user
    is_owned = bool(given & {"subject", "user", "owner", "tenant"})
    owner = work.design.auth.owner
    missing = []
    for field in work.pattern.by:
        known = work.fields.get(field)
        is_owner = known is not None and known.references is not None and known.references == owner
        if field not in given and not (is_owned and is_owner):
            missing.append(f"{{{field}}}")
    names_person = bool(given & {"subject", "user", "owner"})
    if not missing and (
        (work.depends_on == "subject" and not names_person) or (work.depends_on == "tenant" and not is_owned)
    ):
        missing.append(f"{{{work.depends_on}}}")
    return missing


@rule(
    "cache-key-with-needless-subject", principle="performance", severity="medium",
    condition="A key says who asks, though the answer is the same for everybody who may have it.",
    effect="Each person fills the cache with a copy of their own: it holds fewer answers, and hits fewer.",
    remedy="Take who asks out of the key, and check whether they may before the cache is asked.",
)  # fmt: skip
def key_with_needless_subject(draft: Draft) -> Iterator[Hit]:
    """Find keys that tell more apart than the answer does."""
    for name, policy, work in _used(draft):
        written = read_placeholders(policy.key) if policy.key is not None else set()
        # a field that is asked for may be called user
        named = ({"subject", "user", "owner"} & written) - {*work.pattern.by}
        # an owner may be written for the field that refers to them
        stands_for = any(field not in written for field in work.pattern.by)
        if named and not work.depends_on and not stands_for:
            yield Hit(
                f"cache.policies.{name}.key",
                f"key {policy.key!r} has {', '.join(sorted(named))}, and {name} answers everybody alike",
            )


@rule(
    "cache-personal-data-in-http-cache", principle="security", severity="critical",
    condition="Answers with personal data are kept by HTTP caches.",
    effect="Proxies and the CDN keep personal data outside your control, may give it to others, and cannot be made to erase it.",
    remedy="Keep it in the shared cache under a key with its owner, and answer with `Cache-Control: private, no-store`.",
)  # fmt: skip
def personal_data_in_http_cache(draft: Draft) -> Iterator[Hit]:
    """Find personal answers in HTTP caches."""
    for name, policy, work in _used(draft):
        is_out = is_kept_at(policy.store, "edge") or (policy.max_age is not None and policy.max_age.base > 0)
        if is_out and (work.is_personal or work.is_own):
            which = [f"{e}.{f}" for e in work.entities for f, field in draft.model.fields(e).items() if field.personal]
            yield Hit(
                f"cache.policies.{name}.{'store' if is_kept_at(policy.store, 'edge') else 'max_age'}",
                f"{'store http' if is_kept_at(policy.store, 'edge') else f'max-age {policy.max_age}'}; personal: {', '.join(which[:4]) or 'own rows only'}",
            )


@rule(
    "cache-memory-too-small", principle="performance", severity="medium",
    condition="The memory that is said holds less than half of the entries worth keeping.",
    effect="Entries are pushed out before they are read again, and the store gets the reads they should have saved.",
    remedy="Give it the memory needed, cache fewer patterns, or shorten lifetimes.",
)  # fmt: skip
def memory_too_small(draft: Draft) -> Iterator[Hit]:
    """Compare the memory said with the memory needed."""
    needed, memory = draft.facts.get(MEMORY_NEEDED), draft.facts.get(CACHE_MEMORY)
    if needed is None or memory is None or not draft.is_said("cache.memory"):
        return
    if memory.base < needed.base / 2:
        ratio = draft.facts.get(CACHE_HIT_RATIO)
        yield Hit(
            "cache.memory",
            f"{memory.text} said, {needed.text} needed"
            + (f"; {ratio.text} of all reads are still answered from it" if ratio else ""),
        )


@rule(
    "cache-noeviction", principle="reliability", severity="high",
    condition="The shared cache refuses writes when it is full, instead of letting something go.",
    effect="When memory is full every fill fails: new entries are never cached, and a client that treats this as an error fails requests.",
    remedy="Let any key go: allkeys-lfu, or allkeys-lru. Keep locks, queues and sessions in another instance.",
)  # fmt: skip
def noeviction(draft: Draft) -> Iterator[Hit]:
    """Find caches that do not evict."""
    cache = draft.design.cache
    if cache.eviction == "noeviction" and any(is_shared_cache(policy.store) for _, policy, _ in _used(draft)):
        memory = draft.facts.get(CACHE_MEMORY)
        yield Hit("cache.eviction", f"noeviction with {memory.text if memory else 'limited memory'}")


@rule(
    "cache-store-cannot-survive-cold-cache", principle="reliability", severity="high",
    condition="With an empty cache the reads need more database cores than a large server has; with a warm one they do not.",
    effect="After a restart or a failure of the cache the store is overloaded, answers slowly, the cache fills slowly, and it stays down.",
    remedy="Warm the cache before it takes traffic, limit concurrent refills (single flight, load shedding), add read replicas, or run the cache with a replica.",
)  # fmt: skip
def store_cannot_survive_cold_cache(draft: Draft) -> Iterator[Hit]:
    """Compare what an empty cache asks of the store with what a store has."""
    facts = draft.facts
    cold, warm, cores = facts.get(COLD_CORES), facts.get(WARM_CORES), facts.get(STORE_CORES)
    if cold is not None and warm is not None and cores is not None and warm.base <= cores.base < cold.base:
        yield Hit(
            "cache.policies",
            f"reads keep {cold.text} cores busy without the cache, {warm.text} with it; {cores.text} are assumed",
        )


@rule(
    "cache-stampede-unprotected", principle="reliability", severity="medium",
    condition="Nothing keeps readers from refreshing one entry at once, and more than one reader meets while it is computed.",
    effect="Each time the most wanted entry ends, all its readers compute the same answer in the store.",
    remedy="Let one reader refresh: `stampede: single flight`, or early refresh for keys that are hot all the time.",
)  # fmt: skip
def stampede_unprotected(draft: Draft) -> Iterator[Hit]:
    """Find hot keys without protection."""
    for name, policy, _ in _used(draft):
        readers = draft.facts.get(REFRESHERS.of(name))
        if policy.stampede == "none" and readers is not None and readers.base > 1:
            yield Hit(
                f"cache.policies.{name}.stampede",
                f"{number(readers.base)} readers compute the most wanted answer at once",
            )


@rule(
    "cache-in-process-on-write", principle="integrity", severity="high",
    condition="Answers kept in each process are to be deleted by writes.",
    effect="The write reaches one process; all others keep the old answer until its lifetime ends, and readers see old and new in turn.",
    remedy="Use the shared cache, or let a short lifetime make it fresh (`invalidation: ttl`).",
)  # fmt: skip
def in_process_on_write(draft: Draft) -> Iterator[Hit]:
    """Find in-process caches with invalidation by writes."""
    for name, policy, _ in _used(draft):
        outdated = draft.facts.get(CACHE_OUTDATED.of(name))
        if (
            is_kept_at(policy.store, "process")
            and policy.invalidation in ("on write", "write-through")
            and outdated is not None
        ):
            yield Hit(
                f"cache.policies.{name}.invalidation",
                f"store in-process, invalidation {policy.invalidation}, an answer outdated {outdated.text}",
            )


@rule(
    "cache-write-outdates-many", principle="performance", severity="medium",
    condition="A design says that writes delete keys, and a row that one changes stands in very many answers.",
    effect="One write becomes that many deletions: it is slow, some are lost, and readers miss all of them at once.",
    remedy="Give the answers a version that the write raises (`invalidation: versioned key`), wait for the lifetime (`ttl`), or keep what comes along under its own key.",
)  # fmt: skip
def write_outdates_many(draft: Draft) -> Iterator[Hit]:
    """Compare the answers that a write outdates with how many it may have to delete."""
    most = draft.facts[MOST_FANOUT]
    for name, policy, _ in _used(draft):
        fanout = draft.facts.get(CACHE_FANOUT.of(name))
        is_said = draft.is_said(f"cache.policies.{name}.invalidation")
        if is_said and policy.invalidation == "on write" and fanout is not None and fanout.base > most.base:
            yield Hit(
                f"cache.policies.{name}.invalidation",
                f"a write outdates {fanout.text} answers; up to {most.text} are deleted one by one",
            )


RULES: tuple[Rule, ...] = (
    lifetime_of_nothing,
    ttl_over_staleness,
    strong_read_cached,
    key_without_owner,
    key_misses_parameter,
    key_with_needless_subject,
    personal_data_in_http_cache,
    memory_too_small,
    noeviction,
    store_cannot_survive_cold_cache,
    stampede_unprotected,
    in_process_on_write,
    write_outdates_many,
)
