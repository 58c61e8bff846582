"""What is measured, what is promised, and who is woken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.declaration import (
    AT_LEAST_ONE,
    DELAY,
    DURATION,
    NOT_NEGATIVE_RATE,
    NUMBER,
    SOME_SHARE,
    TIME,
    Range,
    Refers,
    said,
)
from archnb.design.record import Named, Record
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Slo(Record):
    """A service level objective: which share of an operation's requests is good."""

    operation: str | None = said("Of which operation?", example="place_order", refers="operation or default")
    kind: Literal["availability", "latency", "freshness"] | None = said("Good means?", example="latency")
    threshold: Quantity | None = said("Good is faster (or fresher) than?", unit=TIME, example="300 ms", within=DURATION)
    objective: Quantity | None = said(
        "Which share must be good?", unit=NUMBER, example="99.9%", within=SOME_SHARE, also=("target",)
    )
    expression: str | None = said("Which query gives the share of bad requests? `{window}` is the window.", example="…")


@dataclass(frozen=True, kw_only=True)
class Alert(Record):
    """A burn-rate alert on two windows, or an alert on a metric of a component."""

    slo: str | None = said("On which SLO?", example="place_order_availability", refers="SLO")
    metric: str | None = said("On which metric, if on no SLO?", example="queue_depth")
    of: str | None = said("Of which one only? (a value of the metric's first label)", example="emails")
    condition: str | None = said(
        "Under which condition? A comparison, `absent`, or `falls below 5/s`.", example="> 1000"
    )
    pending: Quantity | None = said(
        "For how long must that hold?", unit=TIME, example="5 min", within=DELAY, also=("for", "wait")
    )
    severity: Literal["page", "ticket"] | None = said("Who is woken?", example="page")
    long_window: Quantity | None = said("Over which long window?", unit=TIME, example="1 h", within=DURATION)
    short_window: Quantity | None = said("Over which short window?", unit=TIME, example="5 min", within=DURATION)
    budget: Quantity | None = said("After which share of the budget?", unit=NUMBER, example="2%", within=SOME_SHARE)
    factor: Quantity | None = said(
        "At which burn rate?", unit=NUMBER, example="14.4", within=Range(above="0"), also=("burn_rate",)
    )
    errors: Quantity | None = said(
        "From how many bad requests on, where a ratio means nothing?", unit=NUMBER, example="5", within=AT_LEAST_ONE
    )
    min_rate: Quantity | None = said(
        "Above how many requests a second only?", unit=(("time", -1),), example="0.1/s", within=NOT_NEGATIVE_RATE
    )
    runbook: str | None = said("What is done then?", example="Look at the last deployment; roll back.")


@dataclass(frozen=True, kw_only=True)
class Metric(Record):
    """A metric that a component emits."""

    component: str | None = said(
        "Which component emits it?", example="service", refers=Refers("component", pick=r"([^,]*[^,\s])")
    )
    kind: Literal["counter", "gauge", "histogram"] | None = said("What kind?", example="histogram")
    signal: Literal["rate", "errors", "duration", "utilisation", "saturation"] | None = said(
        "Which of RED or USE?", example="duration"
    )
    unit: str | None = said("In which unit?", example="seconds")
    labels: tuple[str, ...] = said("With which labels?", default=(), example="operation, status")
    summary: str | None = said("What does it say?", example="time to answer", also=("description", "title", "help"))


@dataclass(frozen=True, kw_only=True)
class Monitoring(Record):
    """The monitoring section."""

    window: Quantity | None = said(
        "Over which time does an SLO count?", unit=TIME, example="30 days", within=DURATION, proposed="30 days"
    )
    slos: Named[Slo] = said("Which objectives?", default=dict)
    alerts: Named[Alert] = said("Which alerts?", default=dict)
    metrics: Named[Metric] = said("Which metrics?", default=dict)
