"""What is proposed of monitoring: the window, metrics, SLOs and the alerts that burn them."""

from __future__ import annotations

from archnb.design.monitoring import Monitoring
from archnb.fact.keys.monitoring import HANDFUL
from archnb.topics.monitoring.alerts import complete_alerts
from archnb.topics.monitoring.metrics import complete_metrics
from archnb.topics.monitoring.slos import complete_slos
from archnb.topics.topic import Because, Draft


def complete(draft: Draft) -> None:
    """Propose metrics, SLOs and alerts that were not said."""
    record = draft.fill(
        "monitoring", draft.design.monitoring,
        window=Because("30 days", "a month is what people plan by, and smooths the week; factors of the alerts follow from it exactly"),
    )  # fmt: skip
    assert record.window is not None
    draft.facts.assume(HANDFUL, 5, "errors from which an alert is no chance", source="rule of thumb of archnb, 2026-11")
    emitted = complete_metrics(draft)
    promised = complete_slos(draft, record.window)
    woken = complete_alerts(draft, promised, emitted, record.window)
    draft.close("monitoring", Monitoring(window=record.window, slos=promised, alerts=woken, metrics=emitted))
