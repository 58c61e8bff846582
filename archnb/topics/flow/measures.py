"""What is measured of the flow: availability of each path, and its time, on average and by percentiles, all as facts."""

from __future__ import annotations

from archnb.fact import Fact
from archnb.fact.keys.flow import COMPONENT_AVAILABLE, OPERATION_UP, REGIONS_AVAILABLE
from archnb.topics.flow.latencies import Latencies
from archnb.topics.flow.paths import find_serial_parts, find_share
from archnb.topics.flow.regions import measure_regions
from archnb.topics.topic import Draft


def measure(draft: Draft) -> None:
    """Add availability, mean latency and its percentiles for every path."""
    flow, facts = draft.design.flow, draft.facts
    measure_regions(draft)
    latencies = Latencies(draft)
    for name, path in flow.paths.items():
        product: Fact | None = None
        for target, hop in find_serial_parts(flow.components, path):
            up, share = facts[COMPONENT_AVAILABLE.of(target)], find_share(draft, name, path, hop)
            factor = up if share is None else 1 - share * (1 - up)
            product = factor if product is None else product * factor
        if product is not None:
            facts.define(
                OPERATION_UP.of(name), product * facts[REGIONS_AVAILABLE], "%",
                "every part that is waited for must work, and a region; a cache may fail, the store answers then",
            )  # fmt: skip
        latencies.measure(name, path)
