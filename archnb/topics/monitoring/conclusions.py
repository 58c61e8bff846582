"""What monitoring comes to: promises with their queries, alerts in the words of the one who is woken."""

from __future__ import annotations

import re

from archnb.design.monitoring import Alert
from archnb.design.monitoring import Slo as SaidSlo
from archnb.design.record import Named
from archnb.planned import conclude as conclude_record
from archnb.planned.monitoring import (
    AbsenceAlert,
    BurnAlert,
    CountAlert,
    Metric,
    MetricAlert,
    Monitoring,
    Slo,
    TrafficAlert,
)
from archnb.quantity import parse
from archnb.topics.monitoring.alerts import describe_alert
from archnb.topics.monitoring.metrics import ANSWER_AGE, DURATION, REQUESTS
from archnb.topics.monitoring.slos import find_covered, write_bad, write_rate
from archnb.topics.topic import Draft

# a condition that can be proven: a comparison with a number, or with a share of another metric
_FALLS = re.compile(r"\s*falls below (?P<floor>[\d.eE+-]+)/s\s*")
_CONDITION = re.compile(r"\s*(?P<sign>[<>]=?)\s*(?P<number>[\d.]+)\s*(?:\*\s*(?P<other>[a-zA-Z_:][\w:]*))?\s*")


def conclude(draft: Draft) -> Monitoring:
    """The section without gaps."""
    monitoring = draft.design.monitoring
    covered = find_covered(monitoring.slos)
    slos = {name: _conclude_slo(name, slo, covered) for name, slo in monitoring.slos.items()}
    burns: dict[str, BurnAlert] = {}
    counts: dict[str, CountAlert] = {}
    absences: dict[str, AbsenceAlert] = {}
    traffic: dict[str, TrafficAlert] = {}
    others: dict[str, MetricAlert] = {}
    for name, alert in monitoring.alerts.items():
        summary = describe_alert(name, alert, monitoring.slos, monitoring.window)
        path = f"monitoring.alerts.{name}"
        falls = _FALLS.fullmatch(alert.condition or "")
        if alert.metric and (alert.condition or "").strip() == "absent":
            absences[name] = conclude_record(AbsenceAlert, alert, path, summary=summary)
        elif alert.metric and falls is not None:
            window = alert.long_window or parse("5 min")
            traffic[name] = conclude_record(
                TrafficAlert, alert, path, summary=summary, floor=float(falls["floor"]), long_window=window
            )
        elif alert.metric:
            others[name] = _conclude_metric_alert(name, alert, summary)
        elif alert.slo in slos and alert.errors is not None:
            counts[name] = conclude_record(CountAlert, alert, path, summary=summary)
        elif alert.slo in slos and slos[alert.slo].objective.base < 1:
            burns[name] = conclude_record(BurnAlert, alert, f"monitoring.alerts.{name}", summary=summary)
    metrics = {
        name: conclude_record(Metric, metric, f"monitoring.metrics.{name}")
        for name, metric in monitoring.metrics.items()
    }
    return conclude_record(
        Monitoring,
        monitoring,
        "monitoring",
        slos=Named(slos),
        burn_alerts=Named(burns),
        count_alerts=Named(counts),
        absence_alerts=Named(absences),
        traffic_alerts=Named(traffic),
        metric_alerts=Named(others),
        metrics=Named(metrics),
    )


def _conclude_slo(name: str, slo: SaidSlo, covered: list[str]) -> Slo:
    metric = _find_metric(slo.expression or "")
    return conclude_record(
        Slo,
        slo,
        f"monitoring.slos.{name}",
        rate=write_rate(slo, covered),
        bad=write_bad(slo, covered) if metric else "",
        metric=metric,
    )


def _find_metric(expression: str) -> str:
    """Which of archnb's own series an expression counts, '' where a person wrote another, whose series are not known."""
    own = (metric for metric in (REQUESTS, DURATION, ANSWER_AGE) if metric in expression and "operation" in expression)
    return next(own, "")


def _conclude_metric_alert(name: str, alert: Alert, summary: str) -> MetricAlert:
    condition = alert.condition or "> 0"
    match = _CONDITION.fullmatch(condition)
    bound = {} if match is None else {"sign": match["sign"], "number": float(match["number"]), "other": match["other"]}
    return conclude_record(
        MetricAlert, alert, f"monitoring.alerts.{name}", condition=condition, summary=summary, **bound
    )
