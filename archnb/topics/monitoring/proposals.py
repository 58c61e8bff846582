"""What is proposed of monitoring: the window, metrics, SLOs and the alerts that burn them."""

from __future__ import annotations

from archnb.design.monitoring import Monitoring
from archnb.fact.keys.load import PEAK_FACTOR
from archnb.fact.keys.monitoring import FALSE_ALARMS, FLOOR_SHARE, HANDFUL, QUIET_SHARE, SCRAPE
from archnb.topics.monitoring.alerts import complete_alerts
from archnb.topics.monitoring.metrics import complete_metrics
from archnb.topics.monitoring.slos import complete_slos
from archnb.topics.topic import Assumption, Because, Draft

_OURS = "rule of thumb of archnb, 2026-11"
ASSUMPTIONS: tuple[Assumption, ...] = (
    (HANDFUL, 5, "errors from which an alert is no chance", _OURS),
    (SCRAPE, "15 s", "between two measurements, and between two looks at the rules",
     "the configuration that Prometheus' own guide begins with; its default is a minute"),
    (FLOOR_SHARE, "10%", "share of the quietest hour's traffic below which nobody gets through", _OURS),
    (FALSE_ALARMS, 0.1, "false alarms that an alert may raise in an SLO's window", _OURS),
)  # fmt: skip


def complete(draft: Draft) -> None:
    """Propose metrics, SLOs and alerts that were not said."""
    record = draft.fill(
        "monitoring", draft.design.monitoring,
        window=Because("30 days", "a month is what people plan by, and smooths the week; factors of the alerts follow from it exactly"),
    )  # fmt: skip
    assert record.window is not None
    draft.assume(ASSUMPTIONS)
    # as far below the average as the peak is above it
    quiet = f"{1 / max(1.0, draft.facts[PEAK_FACTOR].base):.4g}"
    draft.facts.assume(
        QUIET_SHARE, quiet, "the quietest hour's traffic, as a share of the average",
        source="assumed: as far below the average as the peak hour is above it; take it from your own graphs",
    )  # fmt: skip
    emitted = complete_metrics(draft)
    promised = complete_slos(draft, record.window)
    woken = complete_alerts(draft, promised, emitted, record.window)
    draft.close("monitoring", Monitoring(window=record.window, slos=promised, alerts=woken, metrics=emitted))
