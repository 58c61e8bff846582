"""Recovery: what is lost, and until when it works again, when a machine, a region or the data itself is lost.

A standby answers the loss of a machine, a copy in another region that of a region; what was deleted or written wrongly is
deleted on every copy, and only a backup answers it: its restore takes as long as the data is large.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archnb.fact import Fact, Facts, maximum, minimum
from archnb.fact.keys.flow import COMPONENT_REPLICAS
from archnb.fact.keys.recovery import (
    ARCHIVE_EVERY,
    FAILOVER,
    INSTANCE_LOSS,
    INSTANCE_TIME,
    PROVISION,
    REGION_FAILOVER,
    REGION_LOSS,
    REGION_TIME,
    REGIONS,
    REPLICA_LAG,
    RESTORE_SPEED,
    RESTORE_TIME,
    RESTORE_TIME_AT_HORIZON,
    RPO,
    RTO,
)
from archnb.fact.keys.schema import SCHEMA_SIZE, SCHEMA_SIZE_AT_HORIZON
from archnb.quantity import parse
from archnb.shapes import Cell, Row, Table, Tone
from archnb.topics.topic import Assumption, Draft

ASSUMPTIONS: tuple[Assumption, ...] = (
    (RESTORE_SPEED, "200 MB/s", "how fast a backup is read back and replayed", "one disk or object store to one server, in order; assumed, 2026-11: rehearse it"),
    (PROVISION, "10 min", "until somebody has decided, and an empty server is there", "assumed, 2026-11: rehearse it"),
    (FAILOVER, "30 s", "until a standby of the same region is found missing its primary and takes over", "Patroni's defaults: ttl 30 s, loop_wait 10 s"),
    (REGION_FAILOVER, "2 min", "until the other region is decided on, promoted and found by the clients", "assumed, 2026-11: names that live 60 s, and checks that fail three times in 10 s each"),
    (REPLICA_LAG, "5 s", "how far an asynchronous copy in another region is behind at the peak", "assumed, 2026-11; measure it: pg_stat_replication shows it"),
)  # fmt: skip


class Event(NamedTuple):
    """What may be lost: what it is, the newest data that goes with it, until when it works again, and what answers it."""

    name: str
    loss: Fact
    time: Fact
    how: str


def measure_recovery(draft: Draft) -> None:
    """Add what is lost and how long it takes, for each of the events."""
    facts, requirements = draft.facts, draft.design.requirements
    recovery, regions = requirements.recovery, requirements.regions or 1
    if recovery.rpo is None or recovery.rto is None or SCHEMA_SIZE not in facts:
        return
    rpo, rto = draft.value(RPO, recovery.rpo), draft.value(RTO, recovery.rto)
    draft.value(REGIONS, float(regions))
    draft.assume(ASSUMPTIONS)
    every = facts.decide(
        ARCHIVE_EVERY, minimum(maximum(rpo / 2, parse("30 s")), parse("15 min")), "s",
        "half of what may be lost, so that one that fails is seen in time; at least 30 s, at most 15 min",
    )  # fmt: skip
    restore = facts.define(
        RESTORE_TIME, facts[PROVISION] + facts[SCHEMA_SIZE] / facts[RESTORE_SPEED], "h", "an empty server, and all data read back"
    )  # fmt: skip
    facts.define(
        RESTORE_TIME_AT_HORIZON, facts[PROVISION] + facts[SCHEMA_SIZE_AT_HORIZON] / facts[RESTORE_SPEED], "h", "the same, with the data of then"
    )  # fmt: skip
    _measure_instance(draft, facts, every, restore)
    if regions > 1:
        is_synchronous = rpo.base == 0
        lag = facts[REPLICA_LAG]
        facts.define(
            REGION_LOSS, lag * 0 if is_synchronous else lag, "s",
            "a commit is in both regions before it is answered" if is_synchronous else "what the copy in the other region has not got yet",
        )  # fmt: skip
        if rto.base >= restore.base:
            facts.define(
                REGION_TIME,
                restore,
                "min",
                "there is time to restore, so that no warm server need wait in the other region",
            )
        else:
            facts.define(REGION_TIME, facts[REGION_FAILOVER], "min", "the copy in the other region takes over")
    else:
        facts.define(REGION_LOSS, every, "s", "what was not yet carried to the backups, which lie in another region")
        facts.define(REGION_TIME, restore, "min", "nothing runs elsewhere: a backup is restored in another region")


def _measure_instance(draft: Draft, facts: Facts, every: Fact, restore: Fact) -> None:
    replicas = facts.get(COMPONENT_REPLICAS.of(draft.model.places.main))
    if replicas is not None and replicas.base > 1:
        facts.define(INSTANCE_LOSS, every * 0, "s", "a commit is confirmed by the standby before it is answered")
        facts.define(INSTANCE_TIME, facts[FAILOVER], "s", "the standby takes over")
    else:
        facts.define(INSTANCE_LOSS, every, "s", "what was not yet carried to the backups")
        facts.define(INSTANCE_TIME, restore, "min", "there is no standby: a backup is restored")


def list_events(draft: Draft) -> Iterator[Event]:
    """The events with their facts; none where nothing is stored."""
    facts, regions = draft.facts, draft.design.requirements.regions or 1
    loss, time = facts.get(INSTANCE_LOSS), facts.get(INSTANCE_TIME)
    region_loss, region_time = facts.get(REGION_LOSS), facts.get(REGION_TIME)
    every, restore = facts.get(ARCHIVE_EVERY), facts.get(RESTORE_TIME)
    if not (loss and time and region_loss and region_time and every and restore):
        return
    has_standby = loss.base == 0
    yield Event("the primary's machine or zone", loss, time, "its standby" if has_standby else "a backup")
    if regions > 1:
        kind = "kept in step" if region_loss.base == 0 else "a little behind"
        how = f"a copy in the other region, {kind}" + (
            ", on a server made when it is needed" if region_time.base == restore.base else ""
        )
    else:
        how = "a backup in another region"
    yield Event("a region", region_loss, region_time, how)
    yield Event(
        "the data itself: deleted, or written wrongly",
        every,
        restore,
        "a backup, replayed up to the minute before; copies repeat the mistake",
    )


def view_recovery(draft: Draft) -> Table:
    """One row an event: what is lost with it, until when it works again, beside what may be."""
    facts, made = draft.facts, list[Row]()
    for event in list_events(draft):
        lost: Tone = "danger" if event.loss.base > facts[RPO].base else "good"
        away: Tone = "danger" if event.time.base > facts[RTO].base else "good"
        made.append((
            event.name, Cell(event.loss.base, event.loss.text, tone=lost, fact=event.loss.name), facts[RPO].cell,
            Cell(event.time.base, event.time.text, tone=away, fact=event.time.name), facts[RTO].cell, event.how,
        ))  # fmt: skip
    later = facts.get(RESTORE_TIME_AT_HORIZON)
    then = f" At the horizon a restore takes {later.text}." if later is not None else ""
    return Table(
        "recovery", "Recovery", ("lost", "newest data lost", "may be (RPO)", "back after", "may be (RTO)", "answered by"), tuple(made),
        description=f"Every time rests on what is measured in a rehearsal, and is assumed until there was one.{then}",
    )  # fmt: skip


__all__ = ["Event", "list_events", "measure_recovery", "view_recovery"]
