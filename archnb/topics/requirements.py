"""Requirements: from what people know (users, requests, peaks) to the rates, storage and bandwidth that all else rests on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import pairwise

from archnb.design.requirements import Load, Objective
from archnb.fact import Fact, Facts, compound
from archnb.fact.keys.load import (
    AVERAGE_READS,
    AVERAGE_REQUESTS,
    AVERAGE_WRITES,
    DAILY_USERS,
    GROWTH,
    GROWTH_YEARLY,
    HOT_SHARE,
    PEAK_FACTOR,
    PEAK_READS,
    PEAK_REQUESTS,
    PEAK_WRITES,
    READ_SHARE,
    READS_PER_WRITE,
    REQUEST_SIZE,
    REQUESTS_PER_USER,
    RESPONSE_SIZE,
    RETENTION,
    WRITES,
)
from archnb.fact.keys.scaling import HORIZON
from archnb.finding import Hit, Rule, rule
from archnb.planned import conclude as conclude_record
from archnb.planned.requirements import Objective as PlannedObjective
from archnb.planned.requirements import Requirements
from archnb.quantity import MONTH, Quantity, number, parse
from archnb.shapes import AnyShape, Cell, Chart, Row, Table
from archnb.topics.topic import Because, Draft

NAME = "requirements"
TITLE = "Requirements"
CLOSES = ("requirements",)

YEARS = "36 months"
YEAR = parse("1 year")


def complete(draft: Draft) -> None:
    """Fill in the load, the default objective, recovery and compliance."""
    said = draft.design.requirements
    load = draft.fill("requirements.load", said.load, **_propose_load(draft))
    measured = _measure_load(draft, load)
    load = draft.fill("requirements.load", load, **measured)
    recovery = draft.fill(
        "requirements.recovery",
        said.recovery,
        rpo=Because("5 min", "continuous archiving of the write-ahead log loses at most minutes, at little cost"),
        rto=Because("1 h", "a restore from a warm standby, rehearsed, fits into an hour"),
    )
    usual = said.objectives.get("default", Objective())
    default = draft.fill("requirements.objectives.default", usual, **_default_objective(usual))
    personal = [name for name in draft.design.entities if draft.model.people.list_personal(name)]
    made = dataclasses.replace(
        said, load=load, recovery=recovery, objectives=said.objectives.having({"default": default})
    )
    made = draft.fill(
        "requirements",
        made,
        summary=Because(
            draft.design.summary or f"What {draft.design.name or 'the system'} is asked to do.",
            "taken from the design's summary",
        ),
        compliance=Because(("GDPR",) if personal else None, f"personal data is kept in {', '.join(personal[:4])}"),
        team_size=Because(
            6, "a usual size for one team that builds and runs a system; it decides how many services are worth having"
        ),
        regions=Because(1, "no requirement asks for a second region"),
    )
    draft.close("requirements", made)


def conclude(draft: Draft) -> Requirements:
    """The section without gaps."""
    requirements = draft.design.requirements
    default = conclude_record(PlannedObjective, requirements.objectives["default"], "requirements.objectives.default")
    return conclude_record(Requirements, requirements, "requirements", default=default)


def measure(draft: Draft) -> None:
    """Nothing more: the rates are measured as the load is completed, bandwidth follows from the operations."""


def _propose_load(draft: Draft) -> dict[str, Because]:
    load = draft.design.requirements.load
    made = {
        "peak_factor": Because("3", "the busiest hour of a consumer service is two to four times the average one"),
        "growth": Because("20%/year", "no growth was said; a fifth a year keeps the plan from standing still"),
        "retention": Because("5 years", "no retention was said; five years covers most accounting duties"),
        "hot_share": Because("20%", "the 80/20 rule of thumb: a fifth of the data takes most of the reads"),
    }
    if load.writes is not None:
        if load.read_share is None:
            made["reads_per_write"] = Because("10", "a usual proportion where people read more than they write")
        if load.daily_users is None:
            made["requests_per_user"] = Because("20/day", "only to express the load in users")
    else:
        if load.reads_per_write is None:
            made["read_share"] = Because("90%", "people read about ten times as often as they write")
        made["requests_per_user"] = Because("20/day", "a usual number for a service that is used daily")
        if load.daily_users is None:
            made["daily_users"] = _users_from_rates(draft)
    return made


def _users_from_rates(draft: Draft) -> Because:
    """Users that fit the said rates, or a small system's."""
    rates = [one.rate.base for one in draft.design.access.values() if one.rate is not None]
    load = draft.design.requirements.load
    if not rates:
        return Because("10k", "nothing was said of the load; ten thousand users make a small system")
    peak = load.peak_factor.base if load.peak_factor else 3.0
    per_user = load.requests_per_user.base if load.requests_per_user else parse("20/day").base
    users = float(max(1, round(sum(rates) / peak / per_user)))
    return Because(
        Quantity(users, users),
        "as many as make the said rates of the access patterns",
    )


def _measure_load(draft: Draft, load: Load) -> dict[str, Because]:
    """The rates as facts; gives back proposals for what follows from them.

    The load is said as users and their requests, or as writes; reads and writes as a share, or as reads with one write.
    """
    facts = draft.facts
    for path in _LOAD:
        value = getattr(load, path.rpartition(".")[2])
        if value is not None:
            draft.value(path, value)
    if draft.design.scaling.horizon is not None:
        draft.value(HORIZON, draft.design.scaling.horizon)
    else:
        facts.given(HORIZON, YEARS, "beyond three years a growth rate is a guess, and hardware is renewed by then")
    facts.define(GROWTH_YEARLY, compound(facts[GROWTH], YEAR) - 1, "%", "how much more a year later")
    made: dict[str, Because] = {}
    if load.read_share is None:
        ratio = facts[READS_PER_WRITE]
        share = facts.define(READ_SHARE, ratio / (1 + ratio), "%", "the share of reads")
        made["read_share"] = Because(share.quantity, "reads per write, said the other way round", (READ_SHARE,))
    elif load.reads_per_write is None:
        share = facts[READ_SHARE]
        ratio = facts.define(READS_PER_WRITE, share / (1 - share), "", "reads with one write")
        made["reads_per_write"] = Because(
            _rounded(ratio), "the read share, said the other way round", (READS_PER_WRITE,)
        )
    if load.writes is not None:
        writes = facts.define(AVERAGE_WRITES, facts[WRITES], "writes/s", "writes on average")
        reads = facts.define(AVERAGE_READS, writes * facts[READS_PER_WRITE], "reads/s", "reads on average")
        average = facts.define(AVERAGE_REQUESTS, writes + reads, "requests/s", "all requests on average")
        if load.daily_users is None:
            users = facts.define(DAILY_USERS, average / facts[REQUESTS_PER_USER], "", "users that would make this load")
            made["daily_users"] = Because(
                _rounded(users), "the writes and reads, shared out by requests per user", (DAILY_USERS,)
            )
        elif load.requests_per_user is None:
            each = facts.define(
                REQUESTS_PER_USER, average / facts[DAILY_USERS], "/day", "requests that each user makes"
            )
            made["requests_per_user"] = Because(
                each.quantity, "the writes and reads, shared out by users", (REQUESTS_PER_USER,)
            )
    else:
        average = facts.define(
            AVERAGE_REQUESTS,
            facts[DAILY_USERS] * facts[REQUESTS_PER_USER],
            "requests/s",
            "all requests, averaged over a day",
        )
        facts.define(AVERAGE_READS, average * facts[READ_SHARE], "reads/s", "reads on average")
        facts.define(AVERAGE_WRITES, average * (1 - facts[READ_SHARE]), "writes/s", "writes on average")
        writes = facts.define(WRITES, facts[AVERAGE_WRITES], "writes/s", "users × requests × the share that writes")
        made["writes"] = Because(writes.quantity, writes.because, (AVERAGE_WRITES,))
    peak = facts[PEAK_FACTOR]
    for at_peak, average_rate, word in (
        (PEAK_REQUESTS, AVERAGE_REQUESTS, "requests"),
        (PEAK_READS, AVERAGE_READS, "reads"),
        (PEAK_WRITES, AVERAGE_WRITES, "writes"),
    ):
        facts.define(at_peak, facts[average_rate] * peak, f"{word}/s", f"{word} in the busiest hour")
    return made


_LOAD = (
    DAILY_USERS, REQUESTS_PER_USER, READ_SHARE, WRITES, READS_PER_WRITE, PEAK_FACTOR, REQUEST_SIZE, RESPONSE_SIZE, GROWTH,
    RETENTION, HOT_SHARE,
)  # fmt: skip


def _rounded(fact: Fact) -> Quantity:
    value = float(f"{fact.value:.3g}") if fact.value not in (float("inf"), float("-inf")) else 0.0
    return Quantity(value, value, fact.unit)


def _default_objective(said: Objective) -> dict[str, Because]:
    return {
        **_propose_percentiles(said),
        "availability": Because(
            "99.9%", "43 minutes a month: what one region with redundant parts gives without heroism"
        ),
        "staleness": Because("60 s", "nothing was said; a minute is rarely noticed"),
        "consistency": Because("session", "people expect to see their own writes"),
    }


# how response times usually spread: the p99 is twice the p95 and five times the p50
SPREAD = {"latency_p50": 5, "latency_p95": 2, "latency_p99": 1}


def _propose_percentiles(said: Objective) -> dict[str, Because]:
    """The percentiles that were not said, from the nearest one that was, never below a lower or above a higher one.

    >>> {name: one.value for name, one in _propose_percentiles(Objective(latency_p95=parse("3 ms"))).items()}
    {'latency_p50': '1.2 ms', 'latency_p99': '6 ms'}
    """
    given = {name: value.base for name in SPREAD if (value := getattr(said, name)) is not None}
    if not given:
        return {
            "latency_p99": Because("500 ms", "people notice a wait of half a second"),
            "latency_p95": Because("250 ms", "half of the p99, as response times usually spread"),
            "latency_p50": Because("100 ms", "a fifth of the p99, as response times usually spread"),
        }
    order, made = list(SPREAD), {}
    for n, name in enumerate(order):
        if name in given:
            continue
        above = next((one for one in order[n + 1 :] if one in given), None)
        below = next((one for one in reversed(order[:n]) if one in given), None)
        near = above or below or name
        value = given[near] * SPREAD[near] / SPREAD[name]
        if below is not None:
            value = max(value, given[below])
        made[name] = Because(
            f"{value * 1000:g} ms",
            f"{number(SPREAD[near] / SPREAD[name])} times the {near.removeprefix('latency_')} that was said, as response times usually spread",
        )
    return made


# -- rules


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
    peak = draft.facts[PEAK_REQUESTS].base
    if peak == 0:
        # that nobody uses it is a finding of its own
        return
    if sum(said) > 4 * peak or (sum(said) * 4 < peak and len(said) == len(draft.said.access) and len(said) >= 3):
        yield Hit(
            "requirements.load",
            f"the access patterns add up to {sum(said):,.0f}/s, the load to {peak:,.0f}/s at the peak",
        )


RULES: Sequence[Rule] = (
    load_not_said,
    nobody_uses_it,
    strong_but_stale,
    percentiles_out_of_order,
    availability_beyond_one_region,
    rates_disagree_with_load,
)


def views(draft: Draft) -> Sequence[AnyShape]:
    """The load with its spread, the objectives, and what moves the peak."""
    facts, requirements = draft.facts, draft.design.requirements
    made: list[AnyShape] = [_load_table(facts)]
    rows: list[Row] = []
    for name, one in requirements.objectives.items():
        where = "said" if draft.is_said(f"requirements.objectives.{name}") else "proposed"
        rows.append((Cell(name, is_code=True), *(str(getattr(one, word) or "") for word in _OBJECTIVE), where))
    made.append(
        Table(
            "objectives",
            "Objectives",
            ("operation", "p50", "p95", "p99", "availability", "staleness", "consistency", "origin"),
            tuple(rows),
        )
    )
    recovery = requirements.recovery
    constraints = (
        ("recovery point (RPO)", str(recovery.rpo)), ("recovery time (RTO)", str(recovery.rto)),
        ("compliance", ", ".join(requirements.compliance) or "none"), ("team", f"{requirements.team_size} engineers"),
        ("regions", str(requirements.regions)),
    )  # fmt: skip
    made.append(Table("requirements-constraints", "Constraints", ("what", "value"), constraints))
    made += [one for one in facts[PEAK_REQUESTS].views if isinstance(one, Chart)]
    return made


_OBJECTIVE = ("latency_p50", "latency_p95", "latency_p99", "availability", "staleness", "consistency")


_LONGEST = 400  # characters of a formula in a cell


def _load_table(facts: Facts) -> Table:
    from archnb.quantity import show

    rows: list[Row] = []
    for name, fact in facts.items():
        if not name.startswith(("load.", "requirements.load.")):
            continue
        p10, p50, p90 = fact.percentiles()
        spread = tuple(show(one, fact.unit) for one in (p10, p50, p90)) if fact.is_uncertain() else ("", "", "")
        formula = f"{fact.formula()} = {fact.arithmetic()}" if fact.apply else f"{fact.origin}: {fact.because}"
        if not fact.apply and fact.because.startswith(fact.origin):
            formula = fact.because  # "said: said in the design" says it twice
        elif len(formula) > _LONGEST:
            formula = fact.because + ": its formula is among the facts, for it has a term for every entity"
        rows.append((Cell(name, is_code=True, fact=name), fact.cell, *spread, formula))
    return Table(
        "load",
        "Load",
        ("fact", "value", "P10", "P50", "P90", "formula or source"),
        tuple(rows),
        description="A range is read as P10 to P90.",
    )
