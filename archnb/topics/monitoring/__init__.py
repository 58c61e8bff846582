"""Monitoring: what is promised (SLOs), what is measured (RED and USE), and who is woken (burn-rate alerts whose factors are
exact for the window, and whose guard follows from the declared load).
"""

from __future__ import annotations

from collections.abc import Sequence

from archnb.fact.keys.monitoring import HANDFUL
from archnb.shapes import AnyShape
from archnb.topics.monitoring import alerts, metrics, slos
from archnb.topics.monitoring.conclusions import conclude
from archnb.topics.monitoring.rules import RULES
from archnb.topics.topic import Because, Draft

NAME = "monitoring"
TITLE = "Monitoring"
CLOSES = ("monitoring",)


def complete(draft: Draft) -> None:
    """Propose metrics, SLOs and alerts that were not said."""
    from archnb.design.monitoring import Monitoring

    record = draft.fill(
        NAME, draft.design.monitoring,
        window=Because("30 days", "a month is what people plan by, and smooths the week; factors of the alerts follow from it exactly"),
    )  # fmt: skip
    assert record.window is not None
    draft.facts.assume(HANDFUL, 5, "errors from which an alert is no chance", source="rule of thumb of archnb, 2026-11")
    emitted = metrics.complete_metrics(draft)
    promised = slos.complete_slos(draft, record.window)
    woken = alerts.complete_alerts(draft, promised, emitted, record.window)
    draft.close(NAME, Monitoring(window=record.window, slos=promised, alerts=woken, metrics=emitted))


def measure(draft: Draft) -> None:
    """Add each SLO's error budget in time and in requests, each alert's factor and detection time, and its guard."""
    slos.measure_slos(draft)
    alerts.measure_alerts(draft)


def views(draft: Draft) -> Sequence[AnyShape]:
    """SLOs with their budgets, alerts in plain words, the factors behind them, and the metrics."""
    return (
        slos.view_slos(draft),
        alerts.view_alerts(draft),
        alerts.view_factors(draft),
        alerts.view_burn(draft),
        metrics.view_metrics(draft),
    )


__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
