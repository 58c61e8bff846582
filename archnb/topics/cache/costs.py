"""What a read costs without a cache, and the numbers that its policy rests on: answers, their size, how uneven they are read."""

from __future__ import annotations

import math
from dataclasses import dataclass

from archnb.design.cache import CachePolicy
from archnb.fact import Fact, maximum, minimum, total
from archnb.fact.keys.cache import (
    AGGREGATE_TIME,
    AGGREGATION_SPEED,
    ANSWER_VISIT_READS,
    ANSWERS_A_PERSON,
    CACHE_FANOUT,
    CACHE_OBJECT_SIZE,
    CACHE_OBJECTS,
    CACHE_OUTDATED,
    CACHE_SKEW,
    COMPUTE_TIME,
    DISTINCT_QUERIES,
    DISTINCT_VALUES,
    MOST_FANOUT,
    PAGES_READ,
    PRECOMPUTED_ROWS,
    QUERIES_PER_ROW,
    QUERY_BUSY,
    QUERY_TIME,
    SKEW,
    VISIT_LENGTH,
    VISIT_READS,
)
from archnb.fact.keys.entities import ENTITY_ROW_SIZE, ENTITY_ROWS, PATTERN_RATE
from archnb.quantity import number
from archnb.topics.cache.models import hit_ratio, mean_lifetime, owner_hit_ratio
from archnb.topics.cache.workload import Workload
from archnb.topics.topic import Draft

SKEW_SOURCE = "between Breslau et al., INFOCOM 1999 (web requests: 0.64 to 0.83) and YCSB's default of 0.99; measure it on real keys"


# how answers are made fresh by being taken away
DELETING = ("on write", "versioned key")


@dataclass(frozen=True)
class Numbers:
    """The facts of one read pattern that its decision rests on; `outdated` is per answer, None where no write touches it."""

    rate: Fact
    query_time: Fact
    objects: Fact
    object_size: Fact
    skew: Fact
    outdated: Fact | None
    # reads of one answer in a visit of whom it belongs to, and how long a visit lasts; None where many read the same answers
    visit: tuple[Fact, Fact] | None = None

    def estimate(self, ttl: float, *, is_invalidated: bool) -> float:
        """The hit ratio with a lifetime where memory is not short."""
        outdated = self.outdated.base if is_invalidated and self.outdated is not None else 0.0
        if self.visit is not None:
            reads, length = self.visit
            return owner_hit_ratio(self.rate.base, reads.base, length.base, ttl, outdated, self.objects.base)
        lifetime = mean_lifetime(ttl, outdated)
        return hit_ratio(self.rate.base, self.objects.base, math.inf, self.skew.base, lifetime)


def is_deleted(policy: CachePolicy) -> bool:
    """Whether a write takes an answer out of the cache; with write-through it stays, as it is now."""
    return policy.invalidation in DELETING


def measure_cost(draft: Draft, work: Workload) -> tuple[Fact, Fact, Fact] | None:
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
        source="rule of thumb of archnb, 2026-11",
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


def measure_pattern(draft: Draft, work: Workload, policy: CachePolicy, rate: Fact, query_time: Fact) -> Numbers:
    objects = _count_answers(draft, work, policy)
    return Numbers(
        rate, query_time, objects, _size_answer(draft, work, policy, objects), _give_skew(draft, work, policy),
        _rate_outdating(draft, work, objects), _find_visit(draft, work, policy, rate, objects),
    )  # fmt: skip


def _estimate_query(work: Workload) -> tuple[float, str]:
    pattern = work.pattern
    extra = 1.0 * len(pattern.included)
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


def _rate_outdating(draft: Draft, work: Workload, objects: Fact) -> Fact | None:
    """How often a write outdates one answer: the writes' rates × the answers that each is in, over all answers."""
    facts = draft.facts
    fanouts: list[Fact | float] = []
    parts: list[Fact] = []
    for write in work.find_outdating():
        rate = facts.get(PATTERN_RATE.of(write.pattern))
        if rate is None:
            continue
        found = objects if write.is_all else _count_answers_with(draft, work, write.changes, objects)
        fanouts.append(1.0 if found is None else found)
        # what stands in too many answers to delete them one by one is as old as the lifetime: it takes no answer away
        is_left = found is not None and not write.is_all and found.base > facts[MOST_FANOUT].base
        parts.append(rate * 0.0 if is_left else rate if found is None else rate * found)
    if not parts:
        return None
    facts.define(
        CACHE_FANOUT.of(work.name), maximum(*fanouts), "", "answers that a write outdates, the one that outdates most"
    )
    outdated = total(parts)
    return facts.define(
        CACHE_OUTDATED.of(work.name), outdated / objects, "/s", "how often one answer is outdated by a write"
    )


def _count_answers_with(draft: Draft, work: Workload, changes: tuple[str, ...], objects: Fact) -> Fact | None:
    """In how many answers a changed row stands, where it is in more than one: it comes along to rows that share it.

    Answers × rows of an answer ÷ rows that there are to come along: the mean, if each is referred to as often as another.
    """
    facts = draft.facts
    most: Fact | None = None
    for entity in changes:
        rows, parents = facts.get(ENTITY_ROWS.of(entity)), facts.get(ENTITY_ROWS.of(work.entity))
        if entity == work.entity or not work.is_referred(entity) or rows is None or parents is None or rows.base <= 0:
            continue
        limit = 1.0 if work.is_single else float(work.pattern.limit or 20)
        shown = minimum(maximum(parents / objects, 1.0), limit) if not work.is_single and objects.base > 0 else 1.0
        found = maximum(objects * shown / rows, 1.0)
        most = found if most is None else maximum(most, found)
    return most


def _find_visit(
    draft: Draft, work: Workload, policy: CachePolicy, rate: Fact, objects: Fact
) -> tuple[Fact, Fact] | None:
    """Reads in a visit where an answer is one person's alone; None where many read it, or its popularity is said."""
    if policy.skew is not None or not work.is_of_one:
        return None
    facts = draft.facts
    owner = draft.design.auth.owner
    owners = facts.get(ENTITY_ROWS.of(owner)) if owner else None
    most = facts.assume(
        ANSWERS_A_PERSON, 3, "answers of a kind that a person may have and still read each in every visit",
        source="rule of thumb of archnb, 2026-11: who has many of a kind looks at one now and at another then",
    )  # fmt: skip
    if owners is not None and objects.base > most.base * owners.base:
        return None
    length = facts.assume(
        VISIT_LENGTH, "15 min", "how long one visit of a person lasts", source="assumed, 2026-11; look into the access log",
    )  # fmt: skip
    reads = facts.assume(
        VISIT_READS, 8, "reads in a visit of what a person reads most of their own",
        source="assumed, 2026-11; count them in the access log",
    )  # fmt: skip
    busiest = max(
        (one for name in draft.design.access if (one := facts.get(PATTERN_RATE.of(name))) is not None and is_of_one(draft, name)),
        key=lambda one: one.base,
    )  # fmt: skip
    return facts.define(
        ANSWER_VISIT_READS.of(work.name), reads * rate / busiest, "",
        "reads of one answer in a visit: as many fewer than of what is read most, as it is read less in all",
    ), length  # fmt: skip


def is_of_one(draft: Draft, name: str) -> bool:
    """Whether a pattern reads what belongs to one person, who is the only one to read it."""
    pattern = draft.design.access[name]
    return pattern.reads in draft.design.entities and Workload(draft.model, name, pattern).is_of_one
