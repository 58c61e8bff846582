"""The jobs by which rows are kept when nobody asks: how often each runs, over how many rows, and how long a run takes."""

from __future__ import annotations

from collections.abc import Iterator

from archnb.design.jobs import Job
from archnb.fact import Fact, maximum
from archnb.fact.keys.cache import AGGREGATION_SPEED
from archnb.fact.keys.entities import ENTITY_ADDED, ENTITY_ROWS, PATTERN_RATE
from archnb.fact.keys.jobs import (
    ASKED_AT_ONCE,
    BILLING_PERIOD,
    JOBS_MINUTE,
    LATENESS,
    ROWS_OF_RUN,
    THIRD_PARTY_TIME,
)
from archnb.model import Upkeep
from archnb.naming import snake
from archnb.quantity import parse
from archnb.topics.jobs.models import shortest_interval
from archnb.topics.jobs.proposal import Proposal
from archnb.topics.topic import Draft

_SCHEDULES = {
    "minute": "* * * * *", "hour": "5 * * * *", "day": "15 0 * * *", "week": "30 0 * * 1", "month": "0 1 1 * *", "year": "0 2 1 1 *",
}  # fmt: skip
_LENGTHS = {"minute": "1 min", "hour": "1 h", "day": "1 day", "week": "7 days", "month": "31 days", "year": "366 days"}
_KEYS = {
    "expire": "a row ends once: the change asks that it is still in its state",
    "deliver": "a row is sent once: whoever takes it holds it until it is marked",
    "withdraw": "what is gone is not there a second time",
    "renew": "one row a period, which the engine holds",
    "roll_up": "a run replaces what it finds by the key",
    "check": "one open row for each limit, which the engine holds",
}


def list_parties(draft: Draft) -> set[str]:
    """The third parties that this work calls."""
    return {one for each in draft.model.upkeeps.list_all() for one in each.calls}


def propose_upkeep(draft: Draft) -> Iterator[Proposal]:
    """A job for each work on rows that nobody asks for."""
    for one in draft.model.upkeeps.list_all():
        if one.kind == "withdraw":
            yield _propose_withdrawing(draft, one)
            continue
        schedule = _choose_schedule(draft, one)
        rows = _count_rows(draft, one, schedule)
        service, why = _time(draft, one, rows, one.calls)
        yield Proposal(
            one.name, one.reason,
            Job(
                summary=one.summary, schedule=schedule, calls=one.calls,
                idempotency_key=":".join((snake(one.target or one.entity), *(f"{{{field}}}" for field in one.unique or ("id",)), one.kind)),
            ),
            service_time=service, why_service=why,
            deadline="1 min", why_deadline="the next run would do it anyway", why_key=_KEYS[one.kind],
            facts=(rows.name,) if rows is not None else (),
        )  # fmt: skip


def _propose_withdrawing(draft: Draft, one: Upkeep) -> Proposal:
    rates = [draft.facts[PATTERN_RATE.of(name)] for name in one.triggers if PATTERN_RATE.of(name) in draft.facts]
    rate = rates[0] if rates else None
    for more in rates[1:]:
        rate = rate + more if rate is not None else more
    return Proposal(
        one.name, one.reason,
        Job(
            summary=one.summary, trigger=", ".join(one.triggers[:3]),
            idempotency_key=f"{snake(one.entity)}:{{{one.about} id}}:{{version}}",
        ),
        rate * 1 if rate is not None else None,
        deadline="10 s", why_deadline="what is sent meanwhile asks for the state itself", why_key=_KEYS["withdraw"],
        facts=tuple(PATTERN_RATE.of(name) for name in one.triggers),
    )  # fmt: skip


def _choose_schedule(draft: Draft, one: Upkeep) -> str:
    """Each minute what waits or is due; a period's sum once it is over; what comes due on a day once a day."""
    if one.kind == "roll_up":
        return _SCHEDULES[one.period]
    if one.kind == "renew":
        return "0 1 * * *" if draft.model.fields(one.entity)[one.moment].type == "date" else "*/5 * * * *"
    return "* * * * *"


def _count_rows(draft: Draft, one: Upkeep, schedule: str) -> Fact | None:
    """How many rows a run is about, at the rate at which they come."""
    facts = draft.facts
    meaning = "rows that a run is about"
    if one.kind == "renew":
        every = parse(f"{shortest_interval(schedule):g} s")
        rows = facts[ENTITY_ROWS.of(one.entity)] * every / facts[BILLING_PERIOD]
        return facts.define(ROWS_OF_RUN.of(one.name), rows, "rows", f"{meaning}: each comes once a period")
    rate = _find_rate(draft, one.source or one.entity)
    if rate is None:
        return None
    if one.kind == "roll_up":
        period, late = parse(_LENGTHS[one.period]), facts[LATENESS]
        rows = rate * (period + maximum(period, late))
        return facts.define(
            ROWS_OF_RUN.of(one.name), rows, "", f"{meaning}: the last {one.period}, and what may still come late"
        )
    if one.kind in ("check", "deliver"):
        return facts.define(ROWS_OF_RUN.of(one.name), rate * facts[JOBS_MINUTE], "", f"{meaning}: those of a minute")
    return None


def _find_rate(draft: Draft, entity: str) -> Fact | None:
    """How often a row of an entity comes: by what creates it, else by its growth."""
    for name, one in draft.design.access.items():
        if one.writes == entity and one.effect == "create" and PATTERN_RATE.of(name) in draft.facts:
            return draft.facts[PATTERN_RATE.of(name)]
    added = draft.facts.get(ENTITY_ADDED.of(entity))
    return added if added is not None and added.unit.dimension == (("time", -1),) else None


def _time(draft: Draft, one: Upkeep, rows: Fact | None, calls: tuple[str, ...]) -> tuple[Fact | float, str]:
    facts = draft.facts
    if one.kind in ("roll_up", "check") and rows is not None:
        speed = facts.assume(
            AGGREGATION_SPEED, "1M rows/s", "rows that are added up a second by one core",
            source="assumed for a warm store, 2026-11; measure it with EXPLAIN (ANALYZE)",
        )  # fmt: skip
        return maximum(rows / speed, parse("1 s")), f"{rows.text} are read, {speed.text}"
    if calls and rows is not None:
        each = facts[THIRD_PARTY_TIME.of(calls[0])]
        return (
            maximum(rows * each / facts[ASKED_AT_ONCE], parse("1 s")),
            f"{rows.text} with a call each, {facts[ASKED_AT_ONCE].text} at a time",
        )
    if rows is not None:
        return maximum(rows * parse("5 ms"), parse("1 s")), f"{rows.text}, 5 ms each: one local transaction"
    return 1.0, "assumed: the rows that came due since the last run, found by an index"


__all__ = ["list_parties", "propose_upkeep"]
