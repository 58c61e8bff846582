"""What there is to be seen: the trade-offs, the policies by rank, hit ratio against memory, and a day without the cache."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.design.cache import CachePolicy
from archnb.design.record import Named
from archnb.fact.keys.cache import (
    CACHE_ALIVE,
    CACHE_BENEFIT,
    CACHE_CAPACITY,
    CACHE_ENTRIES_MEMORY,
    CACHE_ENTRY_SIZE,
    CACHE_HIT_RATIO,
    CACHE_LIFETIME,
    CACHE_MEMORY,
    CACHE_OBJECTS,
    CACHE_OUTDATED,
    CACHE_READS,
    CACHE_SKEW,
    CACHE_WANTED,
    CACHED_LATENCY,
    COLD_CORES,
    COLD_FACTOR,
    DAILY_HOT_SET,
    HIT_RATIO,
    LOAD_SAVED,
    MEMORY_NEEDED,
    QUERY_TIME,
    STORE_CORES,
    STORE_READS,
    WARM_CORES,
)
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.quantity import number, show, unit
from archnb.shapes import AnyShape, Cell, Chart, Mark, Message, Participant, Series, Table
from archnb.shapes import Sequence as Exchange
from archnb.sim.caching import ttl_staleness
from archnb.topics.cache.models import hit_ratio, mean_lifetime
from archnb.topics.cache.tradeoffs import compare
from archnb.topics.topic import Draft

LIFETIMES = ((5.0, "5 s"), (30.0, "30 s"), (300.0, "5 min"), (3600.0, "1 h"))
SHARES = (0.1, 0.5, 1.0)
# the trade-offs of the patterns that gain most; all of them would be a wall of rows
COMPARED = 4
CURVES = 3


def views(draft: Draft) -> Sequence[AnyShape]:
    """The trade-off table, the policies, the curve, the read path, and what an empty cache costs."""
    ranked = rank(draft)
    shown: list[AnyShape] = [_show_tradeoffs(draft, _choose_compared(draft, ranked)), _show_policies(draft, ranked)]
    if ranked:
        shown.append(_draw_curve(draft, _choose_compared(draft, ranked)[:CURVES]))
        shown.append(compare(draft)[0])
        shown.append(_draw_read_path(draft, ranked[0]))
        shown.append(_show_cold(draft))
    return tuple(shown)


def rank(draft: Draft) -> list[str]:
    """The patterns in use, the one whose memory frees most of the store first."""
    facts = draft.facts
    used = [name for name, one in draft.design.cache.policies.items() if one.use and CACHE_CAPACITY.of(name) in facts]

    def benefit(name: str) -> float:
        fact = facts.get(CACHE_BENEFIT.of(name))
        return fact.base if fact is not None else 0.0

    return sorted(used, key=lambda name: (-benefit(name), name))


def _choose_compared(draft: Draft, ranked: list[str]) -> list[str]:
    """The patterns that free most of the store, however much memory they take."""
    facts = draft.facts
    return sorted(ranked, key=lambda name: -facts[LOAD_SAVED.of(name)].base * facts[QUERY_TIME.of(name)].base)[
        :COMPARED
    ]


def _show_tradeoffs(draft: Draft, ranked: list[str]) -> Table:
    rows: list[tuple[Cell | str, ...]] = []
    for name in ranked:
        rows.extend(_compare(draft, name, draft.design.cache.policies[name]))
    columns = (
        "pattern",
        "choice",
        "made fresh",
        "lifetime",
        "entries kept",
        "memory",
        "hit ratio",
        "reads saved",
        "mean age",
        "oldest",
        "allowed",
    )
    if not rows:
        rows = [("", Cell("nothing is cached", tone="muted"), *("",) * 9)]
    return Table(
        "tradeoffs", "Caching: policies and lifetimes compared", columns, tuple(rows),
        description=(
            "Hit ratio by Che's approximation with the lifetime; mean age counts a miss as fresh. Ages above what is allowed are marked."
            f" The {COMPARED} patterns that free most of the store; the chosen row is marked."
        ),
    )  # fmt: skip


def _compare(draft: Draft, name: str, policy: CachePolicy) -> list[tuple[Cell | str, ...]]:
    facts = draft.facts
    rate = facts[PATTERN_RATE.of(name)].base
    objects, skew, entry = (
        facts[CACHE_OBJECTS.of(name)].base,
        facts[CACHE_SKEW.of(name)].base,
        facts[CACHE_ENTRY_SIZE.of(name)].base,
    )
    wanted = facts[CACHE_WANTED.of(name)].base
    outdated = facts[CACHE_OUTDATED.of(name)].base if CACHE_OUTDATED.of(name) in facts else 0.0
    objective = draft.design.requirements.objectives.get(name)
    allowed = objective.staleness.base if objective is not None and objective.staleness is not None else None

    def write_row(is_chosen: bool, fresh: str, ttl: float, said: str, capacity: float) -> tuple[Cell | str, ...]:
        by_ttl = fresh == "ttl"
        lifetime = ttl if by_ttl else mean_lifetime(ttl, outdated)
        ratio = facts[HIT_RATIO.of(name)].base if is_chosen else hit_ratio(rate, objects, capacity, skew, lifetime)
        age = ttl_staleness(ttl, ratio)
        is_late = by_ttl and allowed is not None and ttl > allowed
        ages = (
            Cell(age.mean_age, _time(age.mean_age))
            if by_ttl
            else Cell(0.0, "0: the write makes it fresh" if outdated else "0: it never changes"),
            Cell(ttl, _time(ttl), tone="warning" if is_late else "")
            if by_ttl
            else Cell(
                ttl if outdated else 0.0,
                f"{_time(ttl)}, if an invalidation is lost" if outdated else "0: it never changes",
            ),
        )
        return (
            Cell(name, is_code=True),
            Cell("chosen", tone="good") if is_chosen else Cell("", "too old", tone="warning") if is_late else Cell(""),
            fresh, Cell(ttl, said),
            Cell(capacity, number(capacity)), Cell(capacity * entry, show(capacity * entry, unit("B")), fact=CACHE_ENTRIES_MEMORY.of(name) if is_chosen else ""),
            Cell(ratio * 100, f"{number(ratio * 100)} %", fact=HIT_RATIO.of(name) if is_chosen else ""),
            Cell(rate * ratio, f"{number(rate * ratio)}/s", fact=LOAD_SAVED.of(name) if is_chosen else ""),
            *ages, Cell(allowed, _time(allowed)) if allowed is not None else Cell(None),
        )  # fmt: skip

    assert policy.ttl is not None and policy.invalidation is not None
    rows = [write_row(True, policy.invalidation, policy.ttl.base, str(policy.ttl), facts[CACHE_CAPACITY.of(name)].base)]
    for ttl, said in LIFETIMES:
        rows.extend(write_row(False, "ttl", ttl, said, max(1.0, share * wanted)) for share in SHARES)
    if policy.invalidation == "ttl":
        rows.append(write_row(False, "on write", 3600.0, "1 h", max(1.0, wanted)))
    return rows


def _time(seconds: float) -> str:
    return show(seconds, unit("s"))


def _show_policies(draft: Draft, ranked: list[str]) -> Table:
    facts = draft.facts
    rows: list[tuple[Cell | str, ...]] = []
    policies: Named[CachePolicy] = draft.design.cache.policies
    for name in [*ranked, *(one for one in policies if one not in ranked)]:
        one = policies[name]
        because = draft.reasons.get(f"cache.policies.{name}.use")
        why = because.reason if because is not None else "said"
        numbers = [
            fact.cell if (fact := facts.get(what.of(name))) is not None else Cell(None)
            for what in (HIT_RATIO, LOAD_SAVED, CACHE_ENTRIES_MEMORY, CACHED_LATENCY)
        ]
        words = (one.store, one.key, one.ttl, one.invalidation, one.fill, one.stampede)
        rows.append(
            (
                Cell(name, is_code=True),
                Cell("yes", tone="good") if one.use else Cell("no", tone="muted"),
                *(
                    Cell("" if word is None or not one.use else str(word), is_code=column == 1)
                    for column, word in enumerate(words)
                ),
                *numbers,
                why,
            )
        )
    return Table(
        "cache-policies", "What is cached, and what is not",
        ("pattern", "cached", "where", "key", "lifetime", "made fresh", "filled", "stampede", "hit ratio", "reads saved", "memory", "mean latency", "because"),
        tuple(rows), anchors=tuple(f"cache-{row[0]}" for row in rows),
        description="Cached patterns first, ranked by the database cores that a MB of cache frees. Early refresh does not protect cold keys; nothing does but a warm-up.",
    )  # fmt: skip


def _draw_curve(draft: Draft, ranked: list[str]) -> Chart:
    facts = draft.facts
    series, marks = [], []
    for name in ranked:
        rate = facts[PATTERN_RATE.of(name)].base
        objects, skew, entry, lifetime, alive = (
            facts[one.of(name)].base
            for one in (CACHE_OBJECTS, CACHE_SKEW, CACHE_ENTRY_SIZE, CACHE_LIFETIME, CACHE_ALIVE)
        )
        top = max(alive, 1.0)
        steps = 24
        counts = sorted({max(1.0, top * 10 ** (-4 + 4.15 * n / steps)) for n in range(steps + 1)})
        xs = tuple(count * entry / 1e6 for count in counts)
        ys = tuple(100 * hit_ratio(rate, objects, count, skew, lifetime) for count in counts)
        series.append(Series(name, xs, ys))
        marks.append(
            Mark(
                max(facts[CACHE_ENTRIES_MEMORY.of(name)].base / 1e6, xs[0]),
                f"{name}: {facts[HIT_RATIO.of(name)].text}",
                facts[HIT_RATIO.of(name)].value,
            )
        )
    return Chart(
        "cache-curve", "Hit ratio against memory", tuple(series), marks=tuple(marks),
        x_label="memory (MB)", y_label="hit ratio (%)", is_log_x=True,
        description="Each curve ends where everything that lives at once fits; the marks are the chosen points.",
    )  # fmt: skip


_FILLED = {"lease": ", if no deletion came since the miss", "version": ", if nothing newer is there"}


def _draw_read_path(draft: Draft, name: str) -> Exchange:
    policy = draft.design.cache.policies[name]
    where = policy.store or "cache"
    messages = [
        Message("client", "service", name),
        Message("service", "cache", f"get {policy.key}"),
        Message("cache", "service", "the answer, on a hit", "return"),
    ]
    if policy.stampede == "single flight":
        messages.append(Message("service", "cache", "on a miss: lock the key (set if absent, with expiry)"))
    elif policy.stampede == "early refresh":
        messages.append(
            Message("service", "service", "on a hit near its end: refresh early, with probability e^(−x/βδ)", "note")
        )
    messages += [
        Message("service", "store", "on a miss: query"),
        Message("store", "service", "rows", "return"),
        Message("service", "cache", f"set, for {policy.ttl}{_FILLED.get(policy.fill or '', '')}"),
        Message("service", "client", "the answer", "return"),
    ]
    if policy.invalidation in ("on write", "versioned key") and CACHE_OUTDATED.of(name) in draft.facts:
        what = "delete the key" if policy.invalidation == "on write" else "raise the version"
        messages += [Message("service", "store", "a write: commit first"), Message("service", "cache", f"then {what}")]
    kind = (
        Participant("client", "client", "actor"),
        Participant("service", "service"),
        Participant("cache", where, "cache"),
        Participant("store", "store", "store"),
    )
    return Exchange(
        "cache-read-path",
        f"How '{name}' is read",
        kind,
        tuple(messages),
        description="A cache that does not answer is a miss: it costs time, never an answer.",
    )


def _show_cold(draft: Draft) -> Table:
    facts, rows = draft.facts, []
    for fact, words in (
        (CACHE_READS, "Reads at the peak"),
        (CACHE_HIT_RATIO, "Of these, answered by a cache"),
        (STORE_READS, "Reads that reach a store, cache warm"),
        (WARM_CORES, "Database cores they keep busy, cache warm"),
        (COLD_CORES, "Database cores they keep busy, cache empty or down"),
        (COLD_FACTOR, "Times the usual reads then"),
        (STORE_CORES, "Cores the store has"),
        (MEMORY_NEEDED, "Memory needed"),
        (CACHE_MEMORY, "Memory"),
        (DAILY_HOT_SET, "Rule of thumb for the memory: hot share of a day's reads"),
    ):
        if fact in facts:
            rows.append((words, facts[fact].cell, facts[fact].because))
    return Table(
        "cache-down", "With the cache, and without it", ("what", "value", "because"), tuple(rows),
        description="A cache that is down must not take the store down: the whole peak then reaches it.",
    )  # fmt: skip
