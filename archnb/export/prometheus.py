"""Prometheus: recording rules for every SLO and window, burn-rate and saturation alerts on them, and promtool unit tests that
prove for every alert that it fires just above its threshold and stays silent just below and where traffic is low.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from archnb.export.yaml_text import write_yaml
from archnb.planned.monitoring import (
    OTHERS,
    AbsenceAlert,
    BurnAlert,
    CountAlert,
    MetricAlert,
    Monitoring,
    Slo,
    TrafficAlert,
    write_window,
)
from archnb.shapes import Source

if TYPE_CHECKING:
    from archnb.plan import Plan

RULES_FILE = "prometheus-rules.yaml"
TESTS_FILE = "prometheus-tests.yaml"
# how long a series that is gone counts as one that was there
_MEMORY = "2d"
AnyAlert = BurnAlert | CountAlert | AbsenceAlert | TrafficAlert | MetricAlert
# tests evaluate all rules at every step: twelve hours apart, a design of 60 alerts is proven in seconds
_EVERY = 720


def export_prometheus(plan: Plan) -> Source:
    """The recording and alerting rules as a rule file: `prometheus --config` names it under `rule_files`."""
    monitoring = plan.planned.monitoring
    groups: list[dict[str, Any]] = []
    for name, slo in monitoring.slos.items():
        alerts = {alert_name: alert for alert_name, alert in monitoring.burn_alerts.items() if alert.slo == name}
        counts = {alert_name: alert for alert_name, alert in monitoring.count_alerts.items() if alert.slo == name}
        rules = [
            *_record(name, slo, alerts.values()),
            *(_write_burn_alert(alert_name, alert, slo, plan.name) for alert_name, alert in alerts.items()),
            *(_write_count_alert(alert_name, one, slo, plan.name) for alert_name, one in counts.items()),
        ]
        if rules:
            groups.append({"name": f"slo_{name}", "rules": rules})
    outage = list(_write_outages(monitoring, plan.name))
    if outage:
        groups.append({"name": "outage", "rules": outage})
    saturation = [
        _write_metric_alert(name, alert, monitoring, plan.name)
        for name, alert in monitoring.metric_alerts.items()
        if not _is_outage(alert)
    ]
    if saturation:
        groups.append({"name": "saturation", "rules": saturation})
    head = [
        f"Recording and alerting rules of {plan.name!r}, written by archnb.",
        "An SLO's error ratio is recorded once a window; an alert fires when a long and a short window burn at its factor",
        "and there is traffic enough for the ratio to mean something.",
    ]
    return Source(
        "prometheus-rules", "Prometheus rules", "yaml", _dump({"groups": groups}, head), filename=RULES_FILE,
        description="Checked by `promtool check rules`; their behaviour by `promtool test rules` with prometheus-tests.",
    )  # fmt: skip


def export_prometheus_tests(plan: Plan) -> Source:
    """Unit tests for `promtool test rules`: every alert once just above its threshold, once just below, once with too little traffic."""
    monitoring = plan.planned.monitoring
    tests: list[dict[str, Any]] = []
    for name, burn in monitoring.burn_alerts.items():
        tests.extend(_test_burn(name, burn, monitoring.slos[burn.slo], plan.name))
    for name, count in monitoring.count_alerts.items():
        tests.extend(_test_count(name, count, monitoring.slos[count.slo], plan.name))
    for name, absence in monitoring.absence_alerts.items():
        tests.extend(_test_absence(name, absence, plan.name))
    for name, traffic in monitoring.traffic_alerts.items():
        tests.extend(_test_traffic(name, traffic, plan.name))
    for name, alert in monitoring.metric_alerts.items():
        if alert.sign:
            tests.extend(_test_metric(name, alert, monitoring, plan.name))
    skipped = [name for name, alert in monitoring.metric_alerts.items() if not alert.sign]
    head = [
        f"Unit tests of the alerts of {plan.name!r}: promtool test rules {TESTS_FILE}",
        *(f"not tested, its condition is free text: {one}" for one in skipped),
    ]
    data = {"rule_files": [RULES_FILE], "evaluation_interval": f"{_EVERY}m", "tests": tests}
    return Source(
        "prometheus-tests", "Prometheus unit tests", "yaml", _dump(data, head), filename=TESTS_FILE,
        description="Each alert fires above its threshold, is silent below it, and is silent where too few requests come.",
    )  # fmt: skip


def _dump(data: Any, head: list[str]) -> str:
    # a line break in a name must not end the comment
    return "".join(f"# {' '.join(line.split())}\n" for line in head) + write_yaml(data)


def _windows(alert: BurnAlert) -> tuple[str, str]:
    return write_window(alert.long_window.base), write_window(alert.short_window.base)


def _record(name: str, slo: Slo, alerts: Iterable[BurnAlert]) -> Iterator[dict[str, Any]]:
    """The share of bad requests over each window that an alert reads, and the requests a second for its guard."""
    needed: dict[str, None] = {}
    guarded: dict[str, None] = {}
    for alert in alerts:
        long, short = _windows(alert)
        needed |= {short: None, long: None}
        if alert.min_rate.base > 0:
            guarded[long] = None
    for window in sorted(needed, key=_seconds):
        yield {
            "record": f"slo:error_ratio:rate{window}",
            "expr": slo.expression.replace("{window}", window),
            "labels": {"slo": name},
        }
    for window in sorted(guarded, key=_seconds):
        yield {
            "record": f"slo:requests:rate{window}",
            "expr": slo.rate.replace("{window}", window),
            "labels": {"slo": name},
        }


def _seconds(window: str) -> int:
    return int(window[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[window[-1]]


def _number(value: float) -> str:
    return f"{value:.10g}"


def _quote(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _is_outage(alert: MetricAlert) -> bool:
    """Whether it is of a call from outside."""
    return alert.metric == "probe_success"


def label_alert(alert: AnyAlert, service: str) -> dict[str, str]:
    """What an incident is grouped and hushed by: whose it is, and whether the whole service, an operation or a part is ill."""
    scope = "part"
    if isinstance(alert, BurnAlert | CountAlert):
        scope = "operation"
    elif isinstance(alert, AbsenceAlert | TrafficAlert) or _is_outage(alert):
        scope = "service"
    return {"severity": alert.severity, "service": service, "scope": scope}


def _name_recorded(metric: str) -> str:
    return f"service:{metric}"


def _write_outages(monitoring: Monitoring, service: str) -> Iterator[dict[str, Any]]:
    """What is gone: each alert after what it remembers."""
    for name, alert in monitoring.metric_alerts.items():
        if _is_outage(alert):
            yield _write_metric_alert(name, alert, monitoring, service)
    for metric in dict.fromkeys(alert.metric for alert in monitoring.absence_alerts.values()):
        yield {"record": f"{_name_recorded(metric)}:series", "expr": f"count({metric})"}
    for name, absence in monitoring.absence_alerts.items():
        # what was never there is not gone: before the first deployment nobody is woken
        was = f"max_over_time({_name_recorded(absence.metric)}:series[{_MEMORY}]) > 0"
        yield _write_alert(name, absence, f"absent({absence.metric}) and on() {was}", service)
    recorded: set[str] = set()
    for name, traffic in monitoring.traffic_alerts.items():
        window, floor = write_window(traffic.long_window.base), _number(traffic.floor)
        series = f"{_name_recorded(traffic.metric)}:rate{window}"
        if series not in recorded:
            recorded.add(series)
            yield {"record": series, "expr": f"sum(rate({traffic.metric}[{window}]))"}
        expression = f"({series} or vector(0)) < {floor} and on() max_over_time({series}[{_MEMORY}]) > {floor}"
        yield _write_alert(name, traffic, expression, service)


def _write_alert(
    name: str, alert: CountAlert | AbsenceAlert | TrafficAlert | MetricAlert, expression: str, service: str
) -> dict[str, Any]:
    pending = 0.0 if isinstance(alert, CountAlert) else alert.pending.base
    waits = {"for": write_window(pending)} if pending > 0 else {}
    return {
        "alert": name, "expr": expression, **waits,
        "labels": label_alert(alert, service) | ({"slo": alert.slo} if isinstance(alert, CountAlert) else {}),
        "annotations": _annotate(alert),
    }  # fmt: skip


def _write_count_alert(name: str, alert: CountAlert, slo: Slo, service: str) -> dict[str, Any]:
    # increase() extrapolates: from half an error below on
    bad = slo.bad.replace("{window}", write_window(alert.long_window.base))
    return _write_alert(name, alert, f"{bad} > {_number(alert.errors.base - 0.5)}", service)


def _write_burn_alert(name: str, alert: BurnAlert, slo: Slo, service: str) -> dict[str, Any]:
    long, short = _windows(alert)
    label, threshold = f'{{slo="{_quote(alert.slo)}"}}', _number(alert.factor.base * (1 - slo.objective.base))
    parts = [f"slo:error_ratio:rate{window}{label} > {threshold}" for window in (long, short)]
    if alert.min_rate.base > 0:
        parts.append(f"slo:requests:rate{long}{label} > {_number(alert.min_rate.base)}")
    labels = label_alert(alert, service) | {"window": long}
    return {"alert": name, "expr": " and ".join(parts), "labels": labels, "annotations": _annotate(alert)}


def _annotate(alert: AnyAlert) -> dict[str, str]:
    # braces would be read as a template
    made = {"summary": _plain(alert.summary), "runbook": _plain(alert.runbook)}
    return {key: text for key, text in made.items() if text}


def _plain(text: str) -> str:
    return text.replace("{{", "{ {").replace("}}", "} }")


def _write_metric_alert(name: str, alert: MetricAlert, monitoring: Monitoring, service: str) -> dict[str, Any]:
    if not alert.sign:
        expression = f"{alert.metric} {alert.condition}".strip()
    else:
        bound = _number(alert.number) + (f" * {_gather(alert.other, monitoring, alert.of)}" if alert.other else "")
        expression = f"{_gather(alert.metric, monitoring, alert.of)} {alert.sign} {bound}"
    return _write_alert(name, alert, expression, service)


def _gather(series: str, monitoring: Monitoring, of: str) -> str:
    """One series for each thing that is measured: gauges of amounts added up, of times and shares the worst, counters as rates."""
    label, how = _label(series, monitoring), "sum"
    inner = f'{series}{{{label}="{_quote(of)}"}}' if of and label else series
    for metric in monitoring.metrics_of(series):
        how = "max" if metric.unit in ("seconds", "share") else "sum"
        inner = f"rate({inner}[5m])" if metric.kind == "counter" else inner
    return f"{how} by ({label}) ({inner})" if label else f"{how}({inner})"


def _label(series: str, monitoring: Monitoring) -> str:
    """The label that tells one thing that is measured from another, '' for none."""
    return next((metric.labels[0] for metric in monitoring.metrics_of(series) if metric.labels), "")


# -- the proofs


def _test_burn(name: str, alert: BurnAlert, slo: Slo, service: str) -> Iterator[dict[str, Any]]:
    threshold = alert.factor.base * (1 - slo.objective.base)
    if threshold >= 1 or not slo.metric:
        return
    guard = alert.min_rate.base
    busy = max(guard * 10, 1.0)
    above, below = min(threshold * 1.1, (threshold + 1) / 2), threshold * 0.9
    fires = label_alert(alert, service) | {"window": _windows(alert)[0], "slo": alert.slo}
    # the first evaluation by which the long window is full
    at = int(alert.long_window.base // (60 * _EVERY) + 1) * _EVERY
    step = 30 if alert.short_window.base >= 7200 else 1
    cases = [("just above the threshold", busy, above, [fires]), ("just below the threshold", busy, below, [])]
    if guard > 0:
        cases.append(("everything fails, but hardly anybody comes", guard * 0.5, 1.0, []))
    for title, rate, ratio, expected in cases:
        yield {
            "name": f"{name}: {title}",
            "interval": f"{step}m",
            "input_series": list(_burn_series(slo, rate * 60 * step, ratio, at // step + 1)),
            "alert_rule_test": [_expect(name, alert, at, expected)],
        }


def _expect(name: str, alert: AnyAlert, at: int, expected: list[dict[str, str]]) -> dict[str, Any]:
    """What promtool must find at a minute: the alert with these labels, or nothing."""
    annotations = _annotate(alert)
    return {
        "eval_time": f"{at}m",
        "alertname": name,
        "exp_alerts": [{"exp_labels": labels, "exp_annotations": annotations} for labels in expected],
    }


def _burn_series(slo: Slo, step: float, ratio: float, count: int) -> Iterator[dict[str, str]]:
    operation = slo.operation if slo.operation != OTHERS else "any_other"
    where = f'operation="{_quote(operation)}"'
    if slo.kind == "availability":
        yield {"series": f'{slo.metric}{{{where},status="200"}}', "values": f"0+{_number(step * (1 - ratio))}x{count}"}
        yield {"series": f'{slo.metric}{{{where},status="500"}}', "values": f"0+{_number(step * ratio)}x{count}"}
        return
    bucket = re.search(r'le=~?"([^"|]+)', slo.expression)
    edge = bucket[1] if bucket is not None else "1"
    good = f"0+{_number(step * (1 - ratio))}x{count}"
    yield {"series": f'{slo.metric}_bucket{{{where},le="{edge}"}}', "values": good}
    yield {"series": f"{slo.metric}_count{{{where}}}", "values": f"0+{_number(step)}x{count}"}


def _test_count(name: str, alert: CountAlert, slo: Slo, service: str) -> Iterator[dict[str, Any]]:
    """As many bad requests as are enough, each hour one or more; one less; and nothing but good ones."""
    if not slo.metric:
        return
    at = int(alert.long_window.base // (60 * _EVERY) + 1) * _EVERY
    fires = [label_alert(alert, service) | {"slo": alert.slo}]
    a_minute = alert.errors.base / (alert.long_window.base / 60)
    cases: tuple[tuple[str, float, list[dict[str, str]]], ...] = (
        ("more fail than chance explains", 1.2, fires),
        ("as many fail as chance explains", 0.8, []),
        ("all is well", 0.0, []),
    )
    for title, times, expected in cases:
        # a hundred requests a bad one: few, but some
        rate = a_minute * 100
        yield {
            "name": f"{name}: {title}",
            "interval": "1m",
            "input_series": list(_burn_series(slo, rate, a_minute * times / rate, at + 1)),
            "alert_rule_test": [_expect(name, alert, at, expected)],
        }  # fmt: skip


def _test_absence(name: str, alert: AbsenceAlert, service: str) -> Iterator[dict[str, Any]]:
    """There and then gone; there all the time; never there."""
    fires, end = [label_alert(alert, service)], 4 * _EVERY
    there = f"1+0x{2 * _EVERY}"
    for title, values, expected in (
        ("gone", f"{there} _x{2 * _EVERY}", fires),
        ("there", f"1+0x{end}", []),
        ("never there", "", []),
    ):
        series = [{"series": f'{alert.metric}{{instance="one"}}', "values": values}] if values else []
        yield {
            "name": f"{name}: {title}",
            "interval": "1m",
            "input_series": series,
            "alert_rule_test": [_expect(name, alert, end, expected)],
        }


def _test_traffic(name: str, alert: TrafficAlert, service: str) -> Iterator[dict[str, Any]]:
    """The counter stands still, or is gone; it grows just fast enough; nobody ever came."""
    fires, half, end = [label_alert(alert, service)], 2 * _EVERY, 4 * _EVERY
    step, busy = alert.floor * 60, alert.floor * 60 * 20
    last = _number(busy * half)
    for title, values, expected in (
        ("it stands still", f"0+{_number(busy)}x{half} {last}+0x{half}", fires),
        ("it is gone", f"0+{_number(busy)}x{half} _x{half}", fires),
        ("the quietest hour", f"0+{_number(busy)}x{half} {last}+{_number(step * 1.5)}x{half}", []),
        ("nobody ever came", f"0+0x{end}", []),
    ):
        yield {
            "name": f"{name}: {title}",
            "interval": "1m",
            "input_series": [{"series": f'{alert.metric}{{operation="one",status="200"}}', "values": values}],
            "alert_rule_test": [_expect(name, alert, end, expected)],
        }


def _test_metric(name: str, alert: MetricAlert, monitoring: Monitoring, service: str) -> Iterator[dict[str, Any]]:
    bound = alert.number * (100 if alert.other else 1)
    is_above = alert.sign.startswith(">")
    beyond, within = (bound * 1.1 + (bound == 0), bound * 0.9) if is_above else (bound * 0.9, bound * 1.1)
    label = _label(alert.metric, monitoring)
    which = alert.of or "one"
    where = f'{{{label}="{_quote(which)}"}}' if label else ""
    is_counter = any(metric.kind == "counter" for metric in monitoring.metrics_of(alert.metric))
    # the rate of a counter begins at the second step, and the alert waits from there: it fires at the third
    end = 2 * _EVERY if is_counter else _EVERY
    labels = label_alert(alert, service) | ({label: which} if label else {})
    for title, value, expected in (("beyond the limit", beyond, [labels]), ("within the limit", within, [])):
        text = f"0+{_number(value * 60)}x{end}" if is_counter else f"{_number(value)}+0x{end}"
        series = [{"series": f"{alert.metric}{where}", "values": text}]
        if alert.other:
            series.append({"series": f"{alert.other}{where}", "values": f"100+0x{end}"})
        yield {
            "name": f"{name}: {title}",
            "interval": "1m",
            "input_series": series,
            "alert_rule_test": [_expect(name, alert, end, expected)],
        }


__all__ = ["RULES_FILE", "TESTS_FILE", "export_prometheus", "export_prometheus_tests"]
