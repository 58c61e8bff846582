"""Prometheus: recording rules for every SLO and window, burn-rate and saturation alerts on them, and promtool unit tests that
prove for every alert that it fires just above its threshold and stays silent just below and where traffic is low.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from archnb.design.monitoring import Alert, Monitoring, Slo
from archnb.export.yaml_text import write_yaml
from archnb.shapes import Source
from archnb.topics.monitoring.alerts import describe_alert
from archnb.topics.monitoring.metrics import ANSWER_AGE, DURATION, REQUESTS, find_metric
from archnb.topics.monitoring.slos import OTHERS, find_covered, write_rate, write_window

if TYPE_CHECKING:
    from archnb.plan import Plan

RULES_FILE = "prometheus-rules.yaml"
TESTS_FILE = "prometheus-tests.yaml"
# a condition that can be proven: a comparison with a number, or with a share of another metric
_CONDITION = re.compile(r"\s*(?P<sign>[<>]=?)\s*(?P<number>[\d.]+)\s*(?:\*\s*(?P<other>[a-zA-Z_:][\w:]*))?\s*")
_FOR = "10m"
# tests evaluate all rules at every step: twelve hours apart, a design of 60 alerts is proven in seconds
_EVERY = 720


def export_prometheus(plan: Plan) -> Source:
    """The recording and alerting rules as a rule file: `prometheus --config` names it under `rule_files`."""
    found = plan.design.monitoring
    groups: list[dict[str, Any]] = []
    for name, slo in found.slos.items():
        alerts = [(n, a) for n, a in found.alerts.items() if a.slo == name and _is_burn(a, slo)]
        rules = [*_record(name, slo, found, alerts), *(_write_burn_alert(n, a, name, slo, found) for n, a in alerts)]
        if rules:
            groups.append({"name": f"slo_{name}", "rules": rules})
    saturation = [_write_metric_alert(n, a, found) for n, a in found.alerts.items() if a.metric]
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
    found = plan.design.monitoring
    tests: list[dict[str, Any]] = []
    skipped: list[str] = []
    for name, alert in found.alerts.items():
        slo = found.slos.get(alert.slo or "")
        if slo is not None and _is_burn(alert, slo):
            tests.extend(_test_burn(name, alert, slo, found))
        elif alert.metric and _CONDITION.fullmatch(alert.condition or ""):
            tests.extend(_test_metric(name, alert, found))
        else:
            skipped.append(name)
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


def _is_burn(alert: Alert, slo: Slo) -> bool:
    has_all = None not in (alert.factor, alert.long_window, alert.short_window, slo.objective, slo.expression)
    return has_all and slo.objective is not None and slo.objective.base < 1


def _windows(alert: Alert) -> tuple[str, str]:
    assert alert.long_window is not None and alert.short_window is not None
    return write_window(alert.long_window.base), write_window(alert.short_window.base)


def _record(name: str, slo: Slo, found: Monitoring, alerts: list[tuple[str, Alert]]) -> Iterator[dict[str, Any]]:
    """The share of bad requests over each window that an alert reads, and the requests a second for its guard."""
    covered = find_covered(found.slos)
    needed: dict[str, None] = {}
    guarded: dict[str, None] = {}
    for _, alert in alerts:
        long, short = _windows(alert)
        needed |= {short: None, long: None}
        if alert.min_rate is not None:
            guarded[long] = None
    for window in sorted(needed, key=_seconds):
        yield {
            "record": f"slo:error_ratio:rate{window}",
            "expr": (slo.expression or "").replace("{window}", window),
            "labels": {"slo": name},
        }
    for window in sorted(guarded, key=_seconds):
        yield {
            "record": f"slo:requests:rate{window}",
            "expr": write_rate(slo, covered).replace("{window}", window),
            "labels": {"slo": name},
        }


def _seconds(window: str) -> int:
    return int(window[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[window[-1]]


def _number(value: float) -> str:
    return f"{value:.10g}"


def _quote(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _write_burn_alert(name: str, alert: Alert, slo_name: str, slo: Slo, found: Monitoring) -> dict[str, Any]:
    assert alert.factor is not None and slo.objective is not None
    long, short = _windows(alert)
    label, threshold = f'{{slo="{_quote(slo_name)}"}}', _number(alert.factor.base * (1 - slo.objective.base))
    parts = [f"slo:error_ratio:rate{window}{label} > {threshold}" for window in (long, short)]
    if alert.min_rate is not None:
        parts.append(f"slo:requests:rate{long}{label} > {_number(alert.min_rate.base)}")
    return {
        "alert": name, "expr": " and ".join(parts),
        "labels": {"severity": alert.severity or "ticket", "window": long}, "annotations": _annotate(name, alert, found),
    }  # fmt: skip


def _annotate(name: str, alert: Alert, found: Monitoring) -> dict[str, str]:
    words = describe_alert(name, alert, found.slos, found.window)
    # braces would be read as a template
    made = {"summary": _plain(words), "runbook": _plain(alert.runbook or "")}
    return {key: text for key, text in made.items() if text}


def _plain(text: str) -> str:
    return text.replace("{{", "{ {").replace("}}", "} }")


def _write_metric_alert(name: str, alert: Alert, found: Monitoring) -> dict[str, Any]:
    match = _CONDITION.fullmatch(alert.condition or "")
    if match is None:
        expression = f"{alert.metric} {alert.condition or '> 0'}".strip()
    else:
        bound = match["number"] + (f" * {_gather(match['other'], found)}" if match["other"] else "")
        expression = f"{_gather(alert.metric or '', found)} {match['sign']} {bound}"
    return {
        "alert": name, "expr": expression, "for": _FOR,
        "labels": {"severity": alert.severity or "ticket"}, "annotations": _annotate(name, alert, found),
    }  # fmt: skip


def _gather(metric: str, found: Monitoring) -> str:
    """One series for each thing that is measured: gauges of amounts added up, of times and shares the worst, counters as rates."""
    known = found.metrics.get(find_metric(found.metrics, metric) or "")
    label = _label(metric, found)
    how = "max" if known is not None and known.unit in ("seconds", "share") else "sum"
    inner = f"rate({metric}[5m])" if known is not None and known.kind == "counter" else metric
    return f"{how} by ({label}) ({inner})" if label else f"{how}({inner})"


def _label(metric: str, found: Monitoring) -> str:
    known = found.metrics.get(find_metric(found.metrics, metric) or "")
    return known.labels[0] if known is not None and known.labels else ""


# -- the proofs


def _test_burn(name: str, alert: Alert, slo: Slo, found: Monitoring) -> Iterator[dict[str, Any]]:
    assert alert.factor is not None and slo.objective is not None and alert.long_window is not None
    threshold = alert.factor.base * (1 - slo.objective.base)
    if threshold >= 1 or _parse_kind(slo) is None:
        return
    guard = alert.min_rate.base if alert.min_rate is not None else 0.0
    busy = max(guard * 10, 1.0)
    above, below = min(threshold * 1.1, (threshold + 1) / 2), threshold * 0.9
    fires = {"severity": alert.severity or "ticket", "window": _windows(alert)[0], "slo": alert.slo or ""}
    # the first evaluation by which the long window is full
    at = int(alert.long_window.base // (60 * _EVERY) + 1) * _EVERY
    step = 30 if alert.short_window is not None and alert.short_window.base >= 7200 else 1
    cases = [("just above the threshold", busy, above, [fires]), ("just below the threshold", busy, below, [])]
    if guard > 0:
        cases.append(("everything fails, but hardly anybody comes", guard * 0.5, 1.0, []))
    for title, rate, ratio, expected in cases:
        yield {
            "name": f"{name}: {title}",
            "interval": f"{step}m",
            "input_series": list(_burn_series(slo, found, rate * 60 * step, ratio, at // step + 1)),
            "alert_rule_test": [{
                "eval_time": f"{at}m", "alertname": name,
                "exp_alerts": [{"exp_labels": one, "exp_annotations": _annotate(name, alert, found)} for one in expected],
            }],
        }  # fmt: skip


def _parse_kind(slo: Slo) -> str | None:
    """Which of archnb's own queries an SLO has, or None where a person wrote another, whose series are not known."""
    for metric in (REQUESTS, DURATION, ANSWER_AGE):
        if metric in (slo.expression or "") and "operation" in (slo.expression or ""):
            return metric
    return None


def _burn_series(slo: Slo, found: Monitoring, step: float, ratio: float, count: int) -> Iterator[dict[str, str]]:
    operation = slo.operation if slo.operation != OTHERS else "any_other"
    metric = _parse_kind(slo)
    where = f'operation="{_quote(operation or "")}"'
    if metric == REQUESTS:
        yield {"series": f'{metric}{{{where},status="200"}}', "values": f"0+{_number(step * (1 - ratio))}x{count}"}
        yield {"series": f'{metric}{{{where},status="500"}}', "values": f"0+{_number(step * ratio)}x{count}"}
        return
    bucket = re.search(r'le=~?"([^"|]+)', slo.expression or "")
    edge = bucket[1] if bucket is not None else "1"
    yield {"series": f'{metric}_bucket{{{where},le="{edge}"}}', "values": f"0+{_number(step * (1 - ratio))}x{count}"}
    yield {"series": f"{metric}_count{{{where}}}", "values": f"0+{_number(step)}x{count}"}


def _test_metric(name: str, alert: Alert, found: Monitoring) -> Iterator[dict[str, Any]]:
    match = _CONDITION.fullmatch(alert.condition or "")
    assert match is not None
    bound = float(match["number"]) * (100 if match["other"] else 1)
    up = match["sign"].startswith(">")
    beyond, within = (bound * 1.1 + (bound == 0), bound * 0.9) if up else (bound * 0.9, bound * 1.1)
    label = _label(alert.metric or "", found)
    where = f'{{{label}="one"}}' if label else ""
    known = found.metrics.get(find_metric(found.metrics, alert.metric or "") or "")
    is_counter = known is not None and known.kind == "counter"
    labels = {"severity": alert.severity or "ticket"} | ({label: "one"} if label else {})
    for title, value, expected in (("beyond the limit", beyond, [labels]), ("within the limit", within, [])):
        text = f"0+{_number(value * 60)}x{_EVERY}" if is_counter else f"{_number(value)}+0x{_EVERY}"
        series = [{"series": f"{alert.metric}{where}", "values": text}]
        if match["other"]:
            series.append({"series": f"{match['other']}{where}", "values": f"100+0x{_EVERY}"})
        yield {
            "name": f"{name}: {title}", "interval": "1m", "input_series": series,
            "alert_rule_test": [{
                "eval_time": f"{_EVERY}m", "alertname": name,
                "exp_alerts": [{"exp_labels": one, "exp_annotations": _annotate(name, alert, found)} for one in expected],
            }],
        }  # fmt: skip


__all__ = ["RULES_FILE", "TESTS_FILE", "export_prometheus", "export_prometheus_tests"]
