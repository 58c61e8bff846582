"""What is measured of monitoring: error budgets, and of each alert its factor, detection time and guard."""

from __future__ import annotations

from archnb.topics.monitoring.alerts import measure_alerts
from archnb.topics.monitoring.slos import measure_slos
from archnb.topics.topic import Draft


def measure(draft: Draft) -> None:
    """Add each SLO's error budget in time and in requests, each alert's factor and detection time, and its guard."""
    measure_slos(draft)
    measure_alerts(draft)
