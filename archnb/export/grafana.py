"""Grafana: one dashboard of the plan's promises and parts, as JSON in the model that Grafana imports.

First what users feel (each SLO's bad share against its budget, what is left of the budget, the traffic), then what the parts
report, so that whoever is woken reads from the symptom down to the cause.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from archnb.planned.monitoring import Metric, Monitoring, Slo, write_window
from archnb.shapes import Source

if TYPE_CHECKING:
    from archnb.plan import Plan

FILE = "grafana-dashboard.json"
# the version of the dashboard model that Grafana 11 writes; later ones migrate it when they read it
SCHEMA_VERSION = 39
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_UNITS = {"seconds": "s", "bytes": "bytes", "share": "percentunit", "requests": "reqps"}
_WIDTH, _HEIGHT = 24, 8


def export_grafana(plan: Plan) -> Source:
    """The dashboard; it asks for its Prometheus by a variable, so that it runs beside any."""
    monitoring = plan.planned.monitoring
    panels = list(_place([*_list_promises(monitoring), *_list_parts(monitoring)]))
    data = {
        "uid": hashlib.sha256(plan.name.encode()).hexdigest()[:12],
        "title": f"{plan.name}: promises and parts",
        "tags": ["archnb"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "annotations": {
            "list": [
                {
                    "name": "Pages",
                    "enable": True,
                    "datasource": _SOURCE,
                    "iconColor": "red",
                    "expr": 'ALERTS{alertstate="firing",severity="page"}',
                    "titleFormat": "{{alertname}}",
                }
            ]
        },
        "panels": panels,
    }
    return Source(
        "grafana", "Grafana dashboard", "json", json.dumps(data, indent=2, ensure_ascii=False) + "\n", filename=FILE,
        description="Import it, or put it into a folder that Grafana provisions from. Checked against the dashboard model; each query by promtool.",
    )  # fmt: skip


def _panel(title: str, kind: str, unit: str, queries: list[tuple[str, str]], width: int, **more: Any) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + n), "expr": expression, "legendFormat": legend, "datasource": _SOURCE}
        for n, (expression, legend) in enumerate(queries)
    ]
    defaults = {"unit": unit, **more.pop("defaults", {})}
    return {
        "type": kind, "title": title, "datasource": _SOURCE, "targets": targets, "width": width,
        "fieldConfig": {"defaults": defaults, "overrides": []}, "options": {}, **more,
    }  # fmt: skip


def _list_promises(monitoring: Monitoring) -> Iterator[dict[str, Any]]:
    """A row a promise: how much is bad, what is left of its budget, how many come."""
    yield {"type": "row", "title": "Promises"}
    window = write_window(monitoring.window.base)
    for name, slo in monitoring.slos.items():
        bad = 1 - slo.objective.base
        title = name.replace("_", " ")
        steps = [{"color": "green", "value": None}, {"color": "red", "value": bad}]
        limit = {"thresholds": {"mode": "absolute", "steps": steps}, "min": 0}
        ratio = [(slo.expression.replace("{window}", one), one) for one in ("5m", "1h", "6h")]
        yield _panel(
            f"{title}: bad share", "timeseries", "percentunit", ratio, 12, defaults=limit, description=_tell(slo)
        )
        if bad > 0:
            left = f"1 - ({slo.expression.replace('{window}', window)}) / {bad:.10g}"
            steps = [{"color": "red", "value": None}, {"color": "green", "value": 0.1}]
            budget = {"thresholds": {"mode": "absolute", "steps": steps}, "max": 1}
            yield _panel(
                f"{title}: budget left", "stat", "percentunit", [(left, "")], 4, defaults=budget,
                description=f"of {monitoring.window}; below zero the promise is broken",
            )  # fmt: skip
        yield _panel(f"{title}: traffic", "timeseries", "reqps", [(slo.rate.replace("{window}", "5m"), "")], 8)


def _tell(slo: Slo) -> str:
    threshold = f" within {slo.threshold}" if slo.kind == "latency" else ""
    return f"{slo.kind} of {slo.operation}: {slo.objective} must be good{threshold}"


def _list_parts(monitoring: Monitoring) -> Iterator[dict[str, Any]]:
    """A row a part, with a panel a metric."""
    by: dict[str, list[tuple[str, Metric]]] = {}
    for name, metric in monitoring.metrics.items():
        by.setdefault(metric.component, []).append((name, metric))
    for component, metrics in by.items():
        yield {"type": "row", "title": component}
        for name, metric in metrics:
            unit = _UNITS.get(metric.unit, "short")
            yield _panel(
                name, "timeseries", unit, [_query(name, metric)], 6, description=f"{metric.signal}: {metric.summary}"
            )


def _query(name: str, metric: Metric) -> tuple[str, str]:
    """The query of a metric, a line for each value of its first label, and what a line is called."""
    label = metric.labels[0] if metric.labels else ""
    legend, by = (f"{{{{{label}}}}}", f" by ({label}) ") if label else ("", "")
    if metric.kind == "counter":
        return f"sum{by}(rate({name}[5m]))", legend
    if metric.kind == "histogram":
        edges = f"le, {label}" if label else "le"
        return f"histogram_quantile(0.99, sum by ({edges}) (rate({name}_bucket[5m])))", legend
    return f"max{by}({name})", legend


def _place(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Put the panels side by side from the top, a heading on a line of its own."""
    x = y = 0
    for number, panel in enumerate(panels, 1):
        width = panel.pop("width", _WIDTH)
        is_row = panel["type"] == "row"
        if x and (is_row or x + width > _WIDTH):
            x, y = 0, y + _HEIGHT
        height = 1 if is_row else _HEIGHT
        yield {"id": number, **panel, "gridPos": {"x": x, "y": y, "w": width, "h": height}}
        x, y = (0, y + 1) if is_row else (x + width, y)


__all__ = ["FILE", "export_grafana"]
