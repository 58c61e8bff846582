"""What is measured, completed: metrics, the promises counted with them, and who is woken when.

An SLO carries the queries that count it, an alert the words that are read by the one who is woken, so that rules, tests
and pictures say the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from archnb.design.record import Named
from archnb.planned.record import Planned
from archnb.quantity import Quantity

# the operation of an SLO that counts all that have none of their own
OTHERS = "default"
SloKind = Literal["availability", "latency", "freshness"]
Severity = Literal["page", "ticket"]


@dataclass(frozen=True, kw_only=True)
class Metric(Planned):
    """A metric that a component emits."""

    component: str
    kind: Literal["counter", "gauge", "histogram"]
    signal: Literal["rate", "errors", "duration", "utilisation", "saturation"]
    unit: str
    labels: tuple[str, ...] = ()
    summary: str


@dataclass(frozen=True, kw_only=True)
class Slo(Planned):
    """A service level objective.

    operation: its name, or 'default' for all that have none of their own. threshold: good is at most so long; 0 s for
    availability. metric: the series that archnb's own expression counts, '' where a person wrote another. expression and
    rate: queries with `{window}` for the window: the share of bad requests, and the requests a second. bad: the number of bad
    requests in the window, '' where a person wrote the expression.
    """

    operation: str
    kind: SloKind
    threshold: Quantity = Quantity(0.0, 0.0)
    objective: Quantity
    expression: str
    rate: str
    bad: str = ""
    metric: str = ""


@dataclass(frozen=True, kw_only=True)
class BurnAlert(Planned):
    """An alert that fires when an SLO's budget burns `factor` times as fast as allowed, over a long and a short window."""

    slo: str
    severity: Severity
    long_window: Quantity
    short_window: Quantity
    factor: Quantity
    # 0 where no traffic is too little to count
    min_rate: Quantity = Quantity(0.0, 0.0)
    summary: str
    runbook: str = ""


@dataclass(frozen=True, kw_only=True)
class CountAlert(Planned):
    """An alert that fires from a number of bad requests on: where too few come for a ratio to mean anything."""

    slo: str
    severity: Severity
    long_window: Quantity
    errors: Quantity
    summary: str
    runbook: str = ""


@dataclass(frozen=True, kw_only=True)
class AbsenceAlert(Planned):
    """An alert that fires when a metric that was there is gone."""

    metric: str
    pending: Quantity
    severity: Severity
    summary: str
    runbook: str = ""


@dataclass(frozen=True, kw_only=True)
class TrafficAlert(Planned):
    """An alert that fires when a counter that ran grows by less than `floor` a second over a window: nobody gets through."""

    metric: str
    floor: float
    long_window: Quantity
    pending: Quantity
    severity: Severity
    summary: str
    runbook: str = ""


@dataclass(frozen=True, kw_only=True)
class MetricAlert(Planned):
    """An alert on a metric: `sign` and `number` bound it, times `other` where the bound is a share of another metric.

    condition: as the design says it; where it is free text, `sign` is ''. of: the one value of the metric's first label that
    it is about, '' for each. pending: how long it must hold.
    """

    metric: str
    of: str = ""
    condition: str
    pending: Quantity
    sign: str = ""
    number: float = 0.0
    other: str = ""
    severity: Severity
    summary: str
    runbook: str = ""


@dataclass(frozen=True, kw_only=True)
class Monitoring(Planned):
    """The monitoring."""

    window: Quantity
    slos: Named[Slo]
    burn_alerts: Named[BurnAlert]
    count_alerts: Named[CountAlert]
    absence_alerts: Named[AbsenceAlert]
    traffic_alerts: Named[TrafficAlert]
    metric_alerts: Named[MetricAlert]
    metrics: Named[Metric]

    def metrics_of(self, series: str) -> tuple[Metric, ...]:
        """The metric that a series belongs to, by its own name or as a part of a histogram; none where nobody emits it."""
        stem = re.sub(r"_(bucket|count|sum|total)$", "", series)
        known = next((name for name in (series, stem) if name in self.metrics), "")
        return (self.metrics[known],) if known else ()


def write_window(seconds: float) -> str:
    """A window as Prometheus writes it.

    >>> write_window(300), write_window(259200)
    ('5m', '3d')
    """
    for size, letter in ((86400.0, "d"), (3600.0, "h"), (60.0, "m")):
        if seconds >= size and abs(seconds / size - round(seconds / size)) < 1e-9:
            return f"{round(seconds / size)}{letter}"
    return f"{round(seconds)}s"
