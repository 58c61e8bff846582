"""Work that keeps values which follow from other rows, and that compares them: last signs of life, and balances."""

from __future__ import annotations

from collections.abc import Iterator

from archnb.design.jobs import Job
from archnb.fact.keys.entities import ENTITY_ADDED, ENTITY_ROWS
from archnb.fact.keys.jobs import CHANGE_SPEED, SUM_SPEED
from archnb.model import Balance, Heartbeat
from archnb.naming import plural, snake, words
from archnb.topics.jobs.proposal import Proposal
from archnb.topics.topic import Draft

_EVERY = ((60.0, "* * * * *", "each minute"), (300.0, "*/5 * * * *", "every 5 min"), (900.0, "*/15 * * * *", "every 15 min"), (3600.0, "0 * * * *", "each hour"))  # fmt: skip
_NIGHT = (86400.0, "0 2 * * *", "each night")


def propose_derivations(draft: Draft) -> Iterator[Proposal]:
    """The jobs that keep what nobody else keeps, and those that compare what nothing else compares."""
    for heartbeat in draft.model.derivations.heartbeats:
        if not heartbeat.kept_by:
            yield _propose_keeping(draft, heartbeat)
    for balance in draft.model.derivations.balances:
        yield _propose_comparing(draft, balance)


def _propose_keeping(draft: Draft, one: Heartbeat) -> Proposal:
    rows = draft.facts.get(ENTITY_ROWS.of(one.entity))
    speed = draft.facts.assume(
        CHANGE_SPEED, "10k/s", "rows that one statement changes a second", source="rule of thumb of archnb, 2026-11"
    )
    seconds = max(1.0, rows.base / speed.base) if rows is not None else 1.0
    # a run takes half of its interval at most
    _, schedule, often = next((row for row in _EVERY if seconds <= row[0] / 2), _NIGHT)
    which = f"{one.entity}.{one.field}"
    return Proposal(
        f"keep_{snake(one.entity)}_{snake(one.field)}",
        f"{which} follows from the latest {one.stream}.{one.moment}, and no operation sets it: a write of {one.stream} that also changed its"
        f" {words(one.entity)} would write each row twice and make those of one wait for each other, so it is set {often} for all"
        f" that sent something since, and those that are silent are counted",
        Job(
            summary=f"Sets {which} to the latest {one.stream}.{one.moment} of each {words(one.entity)} that sent one since the last run, and counts the {plural(words(one.entity))} that are silent.",
            schedule=schedule, idempotency_key=f"{snake(one.entity)}:{{id}}:{{{one.moment}}}",
        ),
        service_time=seconds, why_service=f"all of them at {speed.text}",
        deadline="1 min", why_deadline="what falls silent is told of after minutes anyway", why_key="the latest stays the latest, however often it is set",
        facts=(rows.name,) if rows is not None else (),
    )  # fmt: skip


def _propose_comparing(draft: Draft, one: Balance) -> Proposal:
    made = draft.facts.get(ENTITY_ADDED.of(one.entries))
    rate = made.base if made is not None else 0.0
    speed = draft.facts.assume(
        SUM_SPEED, "1M/s", "entries a second that are added up as they lie", source="rule of thumb of archnb, 2026-11"
    )
    seconds, schedule, often = next(
        (max(1.0, rate * every / speed.base), cron, told)
        for every, cron, told in (_EVERY[-1], _NIGHT)
        if cron == _NIGHT[1] or rate / speed.base <= 0.5
    )
    held, entries = f"{one.entity}.{one.field}", plural(words(one.entries))
    zero = f", and all {entries} of each {words(one.group)} with zero" if one.group else ""
    return Proposal(
        f"reconcile_{snake(one.entity)}_{snake(one.field)}",
        f"{held} is held beside the {entries} that it is the sum of, and no constraint compares them: {often} they are compared"
        f"{zero}. Only what was booked since the last run that found no difference is added up, on top of the balance of then",
        Job(
            summary=f"Compares each {held} that changed with the sum of {one.entries}.{one.amount}{zero}; reports each difference, corrects none.",
            schedule=schedule, idempotency_key=f"reconcile_{snake(one.entity)}:{{run}}",
        ),
        service_time=seconds, why_service=f"what was booked since the last run, at {speed.text}",
        deadline="1 h", why_deadline="a difference is older than that when it is found", why_key="it only reads; a run replaces the result of the one before",
        facts=(made.name,) if made is not None else (),
    )  # fmt: skip


__all__ = ["propose_derivations"]
