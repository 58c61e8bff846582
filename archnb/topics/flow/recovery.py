"""What a disaster costs: how much of the newest data, for how long, and how often regions are away.

With a second region its copy takes over; where nothing may be lost, each commit waits until that region has it, and every
write pays the round trip. With one region, a lost region means a restore from backups that were copied elsewhere.
"""

from __future__ import annotations

from archnb.fact import Fact, maximum, minimum
from archnb.fact.keys.flow import (
    ARCHIVE_INTERVAL,
    COMMIT_ROUND_TRIP,
    DETECTION_TIME,
    FAILOVER_TIME,
    PROMOTION_TIME,
    PROVISION_TIME,
    RECOVERY_POINT,
    RECOVERY_TIME,
    REDIRECTION_TIME,
    REGION_OUTAGE,
    REGION_ROUND_TRIP,
    REGION_UP,
    REGIONS_AVAILABLE,
    REPLICA_LAG,
    REQUIRED_POINT,
    REQUIRED_TIME,
    RESTORE_SPEED,
    RESTORE_TIME,
    ROUND_TRIP,
)
from archnb.fact.keys.schema import SCHEMA_SIZE
from archnb.quantity import parse
from archnb.topics.topic import Assumption, Draft

_OURS = "rule of thumb of archnb, 2026-11"
ASSUMPTIONS: tuple[Assumption, ...] = (
    (REGION_ROUND_TRIP, "30 ms", "a round trip between neighbouring regions of one continent", "the providers' published latencies between regions, read in 2025: 10 to 40 ms within a continent, 70 to 150 ms between"),
    (REGION_UP, "99.995%", "one region works", "published post-mortems of regional outages: some hours in five to ten years; assumed, 2026-11"),
    (REGION_OUTAGE, "4 h", "a region is away once it is", "published post-mortems of regional outages: three to eight hours; assumed, 2026-11"),
    (REPLICA_LAG, "5 s", "an asynchronous copy in another region is behind", _OURS),
    (DETECTION_TIME, "1 min", "three checks that fail, 20 s apart, before anybody believes it", _OURS),
    (PROMOTION_TIME, "1 min", "the standby reads the rest of its log and opens for writes", _OURS),
    (REDIRECTION_TIME, "1 min", "names live for a minute (DNS), pools reconnect", _OURS),
    (PROVISION_TIME, "15 min", "servers, network and secrets from code that is kept for it", _OURS),
    (RESTORE_SPEED, "200 MB/s", "a base backup is read from object storage and the log replayed", "usual of one node with network disks; assumed, 2026-11: rehearse it"),
)  # fmt: skip
SHORTEST = parse("10 s")


def is_synchronous(draft: Draft) -> bool:
    """Whether each commit waits for another region: there is one, and nothing may be lost."""
    requirements = draft.design.requirements
    rpo = requirements.recovery.rpo
    return (requirements.regions or 1) > 1 and rpo is not None and rpo.base == 0


def measure_recovery(draft: Draft) -> None:
    """Add what a disaster costs, the way of a commit where another region confirms it, and how available the regions are."""
    facts, recovery = draft.facts, draft.design.requirements.recovery
    draft.assume(ASSUMPTIONS)
    assert recovery.rpo is not None
    assert recovery.rto is not None
    regions = draft.design.requirements.regions or 1
    point = draft.value(REQUIRED_POINT, recovery.rpo)
    draft.value(REQUIRED_TIME, recovery.rto)
    if is_synchronous(draft):
        facts.define(
            COMMIT_ROUND_TRIP, facts[ROUND_TRIP] + facts[REGION_ROUND_TRIP], "ms",
            "nothing may be lost, so a commit is one only when the other region has it",
        )  # fmt: skip
    interval = facts.decide(
        ARCHIVE_INTERVAL, maximum(point / 2, SHORTEST), "s",
        "half of what may be lost, so that one file that fails is noticed in time; at least ten seconds",
    )  # fmt: skip
    failover = facts.define(
        FAILOVER_TIME, facts[DETECTION_TIME] + facts[PROMOTION_TIME] + facts[REDIRECTION_TIME], "min",
        "the loss is believed, the standby promoted, everybody asks the new one",
    )  # fmt: skip
    size = facts.get(SCHEMA_SIZE)
    restore: Fact = facts[DETECTION_TIME] + facts[PROVISION_TIME]
    if size is not None:
        restore = restore + size / facts[RESTORE_SPEED]
    restored = facts.define(
        RESTORE_TIME, restore, "min", "servers stand, the last backup is read back, the log replayed"
    )
    if regions > 1:
        facts.define(RECOVERY_TIME, failover, "min", "another region takes over")
        lost: Fact = facts[REPLICA_LAG] * 0 if is_synchronous(draft) else facts[REPLICA_LAG] * 1
        because = (
            "the other region has every commit" if is_synchronous(draft) else "what had not reached the other region"
        )
        facts.define(RECOVERY_POINT, lost, "s", because)
    else:
        facts.define(RECOVERY_TIME, restored, "min", "with one region, its loss is a restore elsewhere")
        facts.define(RECOVERY_POINT, interval, "s", "what was not archived in another region")
    down = 1 - facts[REGION_UP]
    away = down if regions < 2 else down * minimum(failover / facts[REGION_OUTAGE], 1.0)
    facts.define(
        REGIONS_AVAILABLE, 1 - away, "%",
        "while the only region is away nothing is answered" if regions < 2
        else "a region that is away costs what it takes until another one answers, not its whole outage",
    )  # fmt: skip


__all__ = ["is_synchronous", "measure_recovery"]
