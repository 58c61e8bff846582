"""What regions mean for times and availability: the way of a commit that another one confirms, and that one of them is away."""

from __future__ import annotations

from archnb.fact import power
from archnb.fact.keys.flow import COMMIT_ROUND_TRIP, REGION_ROUND_TRIP, REGION_UP, REGIONS_AVAILABLE, ROUND_TRIP
from archnb.topics.topic import Draft


def measure_regions(draft: Draft) -> None:
    """Add the way to a store whose commit another region confirms, where nothing may be lost, and how available the regions are."""
    facts, requirements = draft.facts, draft.design.requirements
    regions, rpo = requirements.regions or 1, requirements.recovery.rpo
    if regions > 1 and rpo is not None and rpo.base == 0:
        facts.define(
            COMMIT_ROUND_TRIP, facts[ROUND_TRIP] + facts[REGION_ROUND_TRIP], "ms",
            "nothing may be lost, so a commit is one only when the other region has it",
        )  # fmt: skip
    up = facts.assume(
        REGION_UP, "99.995%", "one region works",
        source="published post-mortems of regional outages: some hours in five to ten years; assumed, 2026-11",
    )  # fmt: skip
    facts.define(
        REGIONS_AVAILABLE, 1 - power(1 - up, float(regions)), "%",
        "while the only region is away nothing is answered" if regions < 2 else "while all of them are away nothing is answered",
    )  # fmt: skip
