"""What of a said load, limit or key does not last: saturation soon, pools beyond connections, one writer for too much.

Keys that run out are a rule of the entities; here they are a resource like others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.flow import COMPONENT_UTILISATION
from archnb.fact.keys.load import GROWTH, RETENTION
from archnb.fact.keys.recovery import REGION_TIME, RESTORE_TIME, RPO, RTO
from archnb.fact.keys.scaling import (
    HEADROOM,
    LOCK_HELD,
    POOL,
    RESOURCE_AT_HORIZON,
    RESOURCE_SATURATES,
    RESOURCE_USABLE,
    ROW_LIMIT,
    ROW_RATE,
    SOON,
    STORED,
)
from archnb.fact.keys.schema import SCHEMA_SIZE
from archnb.finding import Hit, Rule, rule
from archnb.quantity import number
from archnb.sim.growth import MONTH
from archnb.topics.scaling.courses import Course, courses
from archnb.topics.scaling.recovery import list_events
from archnb.topics.scaling.servers import stem
from archnb.topics.scaling.stores import find_held
from archnb.topics.topic import Draft

_KEYS = re.compile(r".*_(codes|keys)$")


def _months(draft: Draft, course: Course) -> float:
    return draft.facts[RESOURCE_SATURATES.of(stem(course.name))].base / MONTH


def _soon(draft: Draft) -> float:
    return draft.facts[SOON].base / MONTH


def _horizon(draft: Draft) -> float:
    return draft.design.scaling.horizon.base / MONTH if draft.design.scaling.horizon is not None else 36.0


def _describe(draft: Draft, course: Course) -> str:
    by = f"+ {course.inflow.text}" if course.inflow is not None else f"growing {draft.facts[GROWTH].text}"
    return f"{course.demand.text} today, {by}; {draft.facts[RESOURCE_USABLE.of(stem(course.name))].text} of {course.limit.text} are usable"


def _is_servers(name: str) -> bool:
    # servers that hold no state are added in minutes, so they are no finding
    return name.endswith("_cpu")


@rule(
    "scaling-saturates-soon", principle="scalability", severity="high",
    condition="A resource reaches what is usable of it within six months, or what scaling.soon says, in the middle forecast.",
    effect="The design is outgrown about when it is finished.",
    remedy="Take the resource's next step now, or raise its limit.",
)  # fmt: skip
def saturates_soon(draft: Draft) -> Iterator[Hit]:
    """No resource is outgrown at once."""
    for course in courses(draft):
        is_counted = draft.is_said(f"scaling.resources.{course.name}.limit") or draft.is_said(
            f"flow.components.{course.resource.component}.replicas"
        )
        if (
            _KEYS.fullmatch(course.name)
            or course.name.endswith("_connections")
            or (_is_servers(course.name) and (not is_counted or _is_overloaded(draft, course)))
        ):
            continue
        months = _months(draft, course)
        if months < _soon(draft):
            when = "now" if months <= 0 else f"in month {number(months, 2)}"
            yield Hit(
                f"scaling.resources.{course.name}",
                f"saturated {when}: {_describe(draft, course)}",
                remedy=f"Do now: {course.resource.action}.",
                weight=-months,
            )


def _is_overloaded(draft: Draft, course: Course) -> bool:
    """Whether the servers are past their capacity today, which is the flow's to find."""
    use = draft.facts.get(COMPONENT_UTILISATION.of(course.resource.component or ""))
    return use is not None and use.base >= 1


@rule(
    "scaling-connections-over-limit", principle="reliability", severity="high",
    condition="The pools of all servers together open more connections than the database takes.",
    effect="The last servers to start get no connection: a deployment or a scale-out becomes an outage.",
    remedy="Put a pooler between them, or make the pools smaller.",
)  # fmt: skip
def connections_over_limit(draft: Draft) -> Iterator[Hit]:
    """Pools fit the database."""
    for course in courses(draft):
        if course.name.endswith("_connections") and course.demand.base > course.limit.base:
            store = stem(course.resource.component or "main")
            pool = draft.facts.get(POOL.of(store))
            each = f" ({pool.text} a server)" if pool is not None else ""
            yield Hit(
                f"scaling.resources.{course.name}", f"{course.demand.text} opened{each}, {course.limit.text} allowed"
            )


@rule(
    "scaling-storage-retention-without-plan", principle="scalability", severity="medium",
    condition="Rows are kept longer than the storage lasts, and no table is partitioned.",
    effect="When the disk is full, deleting row by row is slow, bloats the table, and competes with the load.",
    remedy="Partition the growing tables by time now, while they are small, or keep rows for less long.",
)  # fmt: skip
def storage_retention_without_plan(draft: Draft) -> Iterator[Hit]:
    """What is kept has a place."""
    if any(table.partition_by for table in draft.design.schema.tables.values()):
        return
    retention = draft.facts[RETENTION]
    for course in courses(draft):
        if course.resource.demand != STORED and not course.name.endswith("_storage"):
            continue
        months = _months(draft, course)
        if _soon(draft) <= months <= _horizon(draft) and retention.base > months * MONTH:
            yield Hit(
                "requirements.load.retention",
                f"kept for {retention.text}, full in month {number(months, 2)}: {_describe(draft, course)}",
            )


@rule(
    "scaling-growth-outruns-single-writer", principle="scalability", severity="high",
    condition="Within the horizon the writes exceed what one primary takes.",
    effect="Replicas do not take writes: a larger machine only moves the day, and sharding late means moving all data under load.",
    remedy="Choose the shard key now and keep each transaction within one of its values; move work to jobs.",
)  # fmt: skip
def growth_outruns_single_writer(draft: Draft) -> Iterator[Hit]:
    """One primary is enough, or is known not to be."""
    for course in courses(draft):
        if not course.name.endswith(("_writes", "_commits")):
            continue
        months = _months(draft, course)
        if _soon(draft) <= months <= _horizon(draft):
            then = draft.facts[RESOURCE_AT_HORIZON.of(stem(course.name))]
            yield Hit(
                f"scaling.resources.{course.name}",
                f"saturated in month {number(months, 2)}: {_describe(draft, course)}, {then.text} at the horizon",
            )


@rule(
    "scaling-headroom-too-small", principle="performance", severity="medium",
    condition="Less than a fifth of a resource stays free.",
    effect="Waits grow like 1 ÷ (1 − utilisation): near the limit a small peak or a failed server doubles them.",
    remedy="Keep 30 % free, or at least what one failed part carries.",
)  # fmt: skip
def headroom_too_small(draft: Draft) -> Iterator[Hit]:
    """Something stays free."""
    found = draft.design.scaling
    paths = [
        (HEADROOM, found.headroom),
        *((f"scaling.resources.{n}.headroom", r.headroom) for n, r in found.resources.items()),
    ]
    for path, headroom in paths:
        if headroom is not None and draft.is_said(path) and headroom.base < 0.2:
            busy = 1 - headroom.base
            times = "without bound" if headroom.base <= 0 else f"{number(busy / headroom.base)} times the work itself"
            yield Hit(
                path,
                f"{headroom} free is {number(busy * 100)} % busy: the wait is {times} (M/M/1), at 70 % busy 2.33 times",
            )


@rule(
    "scaling-row-that-all-wait-for", principle="performance", severity="medium",
    condition="One row is added to or taken from more often than calls can follow each other, where some rows are as much busier than others as is usual.",
    effect="Calls on that row queue up behind its lock, run into their time limits and hold connections, while the rest of the store idles.",
    remedy="Split what the row holds into several rows that are added up when read, or collect its changes and book them in one statement; hold the lock for fewer statements.",
)  # fmt: skip
def row_that_all_wait_for(draft: Draft) -> Iterator[Hit]:
    """No row is a queue for all."""
    facts = draft.facts
    for name in draft.design.access:
        limit, busiest = facts.get(ROW_LIMIT.of(name)), facts.get(ROW_RATE.of(name))
        found = find_held(draft, name) if limit is not None else None
        if limit is None or busiest is None or found is None or busiest.base <= limit.base * (1 - facts[HEADROOM].base):
            continue
        share = number(limit.base / facts[PATTERN_RATE.of(name)].base * 100)
        yield Hit(
            f"access.{name}",
            f"one {found[0]} takes part in at most {limit.text} (its row is held for {facts[LOCK_HELD.of(name)].text}); {busiest.text} meet the busiest one,"
            f" and any that is in more than {share} % of the calls is too much",
            weight=busiest.base / limit.base,
        )


@rule(
    "scaling-recovery-point-missed", principle="reliability", severity="high",
    condition="More of the newest data goes with a lost machine or region than the recovery point allows.",
    effect="What was answered as written is gone, and nobody knows what it was.",
    remedy="Keep a copy in another region (regions: 2), in step where nothing may be lost; or allow a later recovery point.",
)  # fmt: skip
def recovery_point_missed(draft: Draft) -> Iterator[Hit]:
    """Something answers the recovery point that is asked."""
    if not draft.is_said(RPO):
        return
    rpo = draft.facts[RPO]
    for event in list(list_events(draft))[:2]:
        if event.loss.base > rpo.base:
            yield Hit(RPO, f"with {event.name} {event.loss.text} of data go, {rpo.text} may: {event.how} answers it")


@rule(
    "scaling-recovery-time-missed", principle="reliability", severity="high",
    condition="It works again later than the recovery time allows, after a machine or a region was lost.",
    effect="The outage lasts longer than was promised, in the hour in which everybody looks.",
    remedy="Keep a standby, or a copy in another region, that takes over by itself; spread the data over smaller stores; or allow a longer recovery time.",
)  # fmt: skip
def recovery_time_missed(draft: Draft) -> Iterator[Hit]:
    """Something answers the recovery time that is asked."""
    if not draft.is_said(RTO):
        return
    rto = draft.facts[RTO]
    for event in list(list_events(draft))[:2]:
        if event.time.base > rto.base:
            yield Hit(
                RTO, f"{event.name} lost: back after {event.time.text}, {rto.text} may pass: {event.how} answers it"
            )


@rule(
    "scaling-restore-outlasts-recovery", principle="reliability", severity="medium",
    condition="A backup of all data takes longer to restore than the recovery time allows.",
    effect="Copies repeat a deletion or a wrong write at once; after one, it is away for as long as the restore takes.",
    remedy="Keep a copy that lags on purpose, or snapshots that are mounted and not copied; restore by tenant or partition; rehearse it.",
)  # fmt: skip
def restore_outlasts_recovery(draft: Draft) -> Iterator[Hit]:
    """A mistake is undone in time."""
    restore, has_copies = draft.facts.get(RESTORE_TIME), draft.facts.get(REGION_TIME)
    if restore is None or has_copies is None or not draft.is_said(RTO):
        return
    # where a restore is the answer to a lost region as well, that is said already
    if restore.base > draft.facts[RTO].base and has_copies.base < restore.base:
        yield Hit(
            RTO, f"{draft.facts[SCHEMA_SIZE].text} take {restore.text} to restore, {draft.facts[RTO].text} may pass"
        )


RULES: Sequence[Rule] = (
    saturates_soon,
    connections_over_limit,
    storage_retention_without_plan,
    growth_outruns_single_writer,
    row_that_all_wait_for,
    headroom_too_small,
    recovery_point_missed,
    recovery_time_missed,
    restore_outlasts_recovery,
)

__all__ = ["RULES"]
