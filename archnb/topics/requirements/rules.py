"""Rules of requirements: what is promised must be possible, and the load must be said."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from archnb.fact.keys.load import DAILY_USERS, EXPECTED_REQUESTS, PEAK_FACTOR, READ_SHARE, SHARE_FACTOR, SHARE_POINTS
from archnb.fact.slips import name_slip
from archnb.finding import Hit, Rule, rule
from archnb.quantity import MONTH, PERCENT, number, show
from archnb.topics.topic import Draft


@rule(
    "requirements-load-not-said", principle="scalability", severity="low",
    condition="Neither users, nor writes, nor the rate of any access pattern is said.",
    effect="Every rate, size and server count rests on an assumption.",
    remedy="Say daily_users and requests_per_user, or the rates of the access patterns.",
)  # fmt: skip
def load_not_said(draft: Draft) -> Iterator[Hit]:
    load = draft.said.requirements.load
    if load.daily_users is None and load.writes is None and not any(one.rate for one in draft.said.access.values()):
        yield Hit("requirements.load", f"assumed: {draft.facts[DAILY_USERS].text} users a day")


@rule(
    "requirements-nobody-uses-it", principle="scalability", severity="high",
    condition="The load that is said comes to nothing: no users, no requests or no writes.",
    effect="Every rate and size that follows is zero, so nothing is planned for the day when somebody comes.",
    remedy="Say how many people are expected, as a range where nobody knows: 100..10k.",
)  # fmt: skip
def nobody_uses_it(draft: Draft) -> Iterator[Hit]:
    load = draft.said.requirements.load
    for name in ("daily_users", "requests_per_user", "writes"):
        value = getattr(load, name)
        if value is not None and value.high == 0:
            yield Hit(f"requirements.load.{name}", f"{name} is {value}")


@rule(
    "requirements-strong-but-stale", principle="integrity", severity="high",
    condition="An objective asks for strong consistency and allows stale answers.",
    effect="The two contradict each other: a cache or a replica may serve what the operation must not see.",
    remedy="Say staleness: 0 s, or weaken the consistency to session.",
)  # fmt: skip
def strong_but_stale(draft: Draft) -> Iterator[Hit]:
    for name, one in draft.said.requirements.objectives.items():
        pattern = draft.said.access.get(name)
        strong = one.consistency == "strong" or (pattern is not None and pattern.consistency == "strong")
        if strong and one.staleness is not None and one.staleness.base > 0:
            yield Hit(f"requirements.objectives.{name}", f"consistency strong, staleness {one.staleness}")


@rule(
    "requirements-percentiles-out-of-order", principle="performance", severity="medium",
    condition="A lower percentile of the latency is promised to be slower than a higher one.",
    effect="No system can meet both; the tighter one silently becomes the promise.",
    remedy="Order them: p50 <= p95 <= p99.",
)  # fmt: skip
def percentiles_out_of_order(draft: Draft) -> Iterator[Hit]:
    for name, one in draft.design.requirements.objectives.items():
        given = [
            (word, value)
            for word in ("latency_p50", "latency_p95", "latency_p99")
            if (value := getattr(one, word)) is not None
        ]
        for (low_word, low), (high_word, high) in pairwise(given):
            if low.base > high.base:
                yield Hit(f"requirements.objectives.{name}.{low_word}", f"{low_word} {low} > {high_word} {high}")


@rule(
    "requirements-availability-beyond-one-region", principle="reliability", severity="high",
    condition="An availability of 99.99 % or more is asked of one region.",
    effect="A single loss of the region spends years of error budget.",
    remedy="Plan a second region, or promise at most 99.95 %.",
)  # fmt: skip
def availability_beyond_one_region(draft: Draft) -> Iterator[Hit]:
    for name, one in draft.said.requirements.objectives.items():
        if (
            one.availability is not None
            and one.availability.base >= 0.9999 - 1e-12
            and (draft.design.requirements.regions or 1) < 2
        ):
            minutes = (1 - one.availability.base) * MONTH / 60
            yield Hit(
                f"requirements.objectives.{name}.availability",
                f"{one.availability} leaves {minutes:.1f} min a month; regions: 1",
            )


@rule(
    "requirements-rates-disagree-with-load", principle="scalability", severity="medium",
    condition="The said rates of the access patterns and the load differ by more than four times.",
    effect="One of the two is a slip (average for peak, a day for an hour, bits for bytes), and servers are counted by both.",
    remedy="Compare the two sums and mend the one that is wrong.",
)  # fmt: skip
def rates_disagree_with_load(draft: Draft) -> Iterator[Hit]:
    said = [one.rate.base for one in draft.said.access.values() if one.rate is not None]
    load = draft.said.requirements.load
    if not said or (load.daily_users is None and load.writes is None):
        return
    peak = draft.facts[EXPECTED_REQUESTS].base
    if peak == 0:
        # that nobody uses it is a finding of its own
        return
    if sum(said) > 4 * peak or (sum(said) * 4 < peak and len(said) == len(draft.said.access) and len(said) >= 3):
        yield Hit(
            "requirements.load",
            f"the access patterns add up to {sum(said):,.0f}/s, the load to {peak:,.0f}/s at the peak"
            + _name_slip(draft, sum(said), peak),
        )


def _name_slip(draft: Draft, said: float, expected: float) -> str:
    """The mistake that the ratio of the two has the size of, where it has a name."""
    found = name_slip(said, expected, peak=draft.facts[PEAK_FACTOR].base)
    return f": the size of {found}" if found else ""


@rule(
    "requirements-share-disagrees-with-rates", principle="scalability", severity="medium",
    condition="The share of reads that is said of the load and the said rates of the operations give shares of writes (or of reads) that differ by more than half, or what load.share_factor says.",
    effect="Writes are what a primary cannot share: whoever trusts the share buys a system for another load than the operations make.",
    remedy="Correct the share, or the rates. Where both are said, the rates count.",
)  # fmt: skip
def share_disagrees_with_rates(draft: Draft) -> Iterator[Hit]:
    """Compare the share with the rates, where every operation that was said has one."""
    said, load = draft.said.access, draft.said.requirements.load
    if (load.read_share is None and load.reads_per_write is None) or any(one.rate is None for one in said.values()):
        return
    reads = sum(one.rate.base for one in said.values() if one.rate is not None and one.writes is None)
    writes = sum(one.rate.base for one in said.values() if one.rate is not None and one.writes is not None)
    share = draft.facts[READ_SHARE].base
    if reads <= 0 or writes <= 0:
        return
    counted = reads / (reads + writes)
    pairs = ((1 - counted, 1 - share), (counted, share))
    factor = max(max(a, b) / min(a, b) if min(a, b) > 0 else math.inf for a, b in pairs)
    if factor > draft.facts[SHARE_FACTOR].base and abs(counted - share) >= draft.facts[SHARE_POINTS].base:
        field = "read_share" if load.read_share is not None else "reads_per_write"
        times = f"{number(factor)} times" if math.isfinite(factor) else "without end"
        yield Hit(
            f"requirements.load.{field}",
            f"{show(100 * share, PERCENT)} reads are said; the operations make {number(writes)} writes of {number(reads + writes)}/s at the peak, {show(100 * counted, PERCENT)} reads: {times} the share of {'writes' if (1 - counted) * share > (1 - share) * counted else 'reads'}",
            weight=min(factor, 1e9),
        )


RULES: Sequence[Rule] = (
    load_not_said,
    nobody_uses_it,
    strong_but_stale,
    percentiles_out_of_order,
    availability_beyond_one_region,
    rates_disagree_with_load,
    share_disagrees_with_rates,
)
