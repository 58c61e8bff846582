"""What is proposed of requirements: the load with its rates, the default objective, recovery and compliance."""

from __future__ import annotations

import dataclasses

from archnb.design.requirements import Load, Objective
from archnb.fact import Fact, compound
from archnb.fact.keys.load import (
    DAILY_USERS,
    EXPECTED_READS,
    EXPECTED_REQUESTS,
    EXPECTED_WRITES,
    GROWTH,
    GROWTH_YEARLY,
    HOT_SHARE,
    PEAK_FACTOR,
    READ_SHARE,
    READS_PER_WRITE,
    REQUEST_SIZE,
    REQUESTS_PER_USER,
    RESPONSE_SIZE,
    RETENTION,
    SHARE_FACTOR,
    SHARE_POINTS,
    WRITES,
)
from archnb.fact.keys.scaling import HORIZON
from archnb.quantity import Quantity, parse
from archnb.topics.topic import Assumption, Because, Draft

ASSUMPTIONS: tuple[Assumption, ...] = (
    (SHARE_FACTOR, 1.5, "a share that is half as much again decides about other machines", "rule of thumb of archnb, 2026-11"),
    (SHARE_POINTS, "5%", "shares are said in round numbers", "rule of thumb of archnb, 2026-11"),
)  # fmt: skip
YEARS = "36 months"
YEAR = parse("1 year")


def complete(draft: Draft) -> None:
    """Fill in the load, the default objective, recovery and compliance."""
    said = draft.design.requirements
    draft.assume(ASSUMPTIONS)
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
    peak = facts[PEAK_FACTOR]
    if load.writes is not None:
        writes = facts.define(
            EXPECTED_WRITES, facts[WRITES] * peak, "writes/s", "the writes that are said, at the peak"
        )
        reads = facts.define(EXPECTED_READS, writes * facts[READS_PER_WRITE], "reads/s", "their reads, at the peak")
        every = facts.define(EXPECTED_REQUESTS, writes + reads, "requests/s", "both together, at the peak")
        if load.daily_users is None:
            users = facts.define(
                DAILY_USERS, every / peak / facts[REQUESTS_PER_USER], "", "users that would make this load"
            )
            made["daily_users"] = Because(
                _rounded(users), "the writes and reads, shared out by requests per user", (DAILY_USERS,)
            )
        elif load.requests_per_user is None:
            each = facts.define(
                REQUESTS_PER_USER, every / peak / facts[DAILY_USERS], "/day", "requests that each user makes"
            )
            made["requests_per_user"] = Because(
                each.quantity, "the writes and reads, shared out by users", (REQUESTS_PER_USER,)
            )
        return made
    every = facts.define(
        EXPECTED_REQUESTS,
        facts[DAILY_USERS] * facts[REQUESTS_PER_USER] * peak,
        "requests/s",
        "what the users ask for in the busiest hour",
    )
    facts.define(EXPECTED_READS, every * facts[READ_SHARE], "reads/s", "the share of it that reads")
    facts.define(EXPECTED_WRITES, every * (1 - facts[READ_SHARE]), "writes/s", "the share of it that writes")
    return made


_LOAD = (
    DAILY_USERS, REQUESTS_PER_USER, READ_SHARE, WRITES, READS_PER_WRITE, PEAK_FACTOR, REQUEST_SIZE, RESPONSE_SIZE, GROWTH,
    RETENTION, HOT_SHARE,
)  # fmt: skip


def _rounded(fact: Fact) -> Quantity:
    value = float(f"{fact.value:.3g}") if fact.value not in (float("inf"), float("-inf")) else 0.0
    return Quantity(value, value, fact.unit)


def _default_objective(said: Objective) -> dict[str, Because]:
    # one percentile that was said promises nothing of the others
    is_said = any(one is not None for one in (said.latency_p50, said.latency_p95, said.latency_p99))
    return {
        **({} if is_said else {"latency_p99": Because("500 ms", "people notice a wait of half a second")}),
        "availability": Because(
            "99.9%", "43 minutes a month: what one region with redundant parts gives without heroism"
        ),
        "staleness": Because("60 s", "nothing was said; a minute is rarely noticed"),
        "consistency": Because("session", "people expect to see their own writes"),
    }
