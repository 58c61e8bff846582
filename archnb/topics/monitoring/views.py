"""What there is to be seen of monitoring: promises with their budgets, alerts in plain words, and the metrics."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.fact.keys.monitoring import BURN_FACTOR, SLO_BUDGET_REQUESTS, SLO_BUDGET_TIME, SLO_OBJECTIVE
from archnb.planned.monitoring import OTHERS, write_window
from archnb.quantity import number
from archnb.shapes import AnyShape, Cell, Chart, Mark, Series, Table
from archnb.topics.monitoring.alerts import describe_alert, work_out_rows
from archnb.topics.monitoring.slos import describe_good
from archnb.topics.topic import Draft


def views(draft: Draft) -> Sequence[AnyShape]:
    """SLOs with their budgets, alerts in plain words, the factors behind them, and the metrics."""
    return (
        view_slos(draft),
        view_alerts(draft),
        view_factors(draft),
        view_burn(draft),
        view_metrics(draft),
    )


def view_slos(draft: Draft) -> Table:
    """One row an SLO, with its error budget in minutes and in requests."""
    rows = []
    found = draft.design.monitoring
    for name, slo in found.slos.items():
        time = draft.facts.get(SLO_BUDGET_TIME.of(name))
        requests = draft.facts.get(SLO_BUDGET_REQUESTS.of(name))
        objective = Cell(slo.objective.base, str(slo.objective), fact=SLO_OBJECTIVE.of(name)) if slo.objective else ""
        rows.append(
            (
                Cell(name, is_code=True),
                f"of {slo.operation}" if slo.operation != OTHERS else "all other operations",
                describe_good(slo),
                objective,
                time.cell if time else "",
                requests.cell if requests else "unknown",
            )
        )
    return Table(
        "slos", "Service level objectives", ("SLO", "what it counts", "a good request", "objective", "budget in outage", "budget in requests"), tuple(rows),
        anchors=tuple(f"slo-{name}" for name in found.slos),
        description=f"Over {found.window}. The error budget is what may go wrong while the promise holds; what is left of it decides between new features and repair.",
    )  # fmt: skip


def view_alerts(draft: Draft) -> Table:
    """One row an alert, in plain words."""
    found = draft.design.monitoring
    rows = []
    for name, alert in found.alerts.items():
        if alert.errors is not None:
            when = f"{alert.errors} or more in {alert.long_window}"
        elif alert.slo in found.slos:
            when = f"{alert.long_window} and {alert.short_window} above {number(alert.factor.base, 4) if alert.factor else '?'} ×"
        else:
            when = f"{alert.metric} {alert.condition}" + (f", {alert.of}" if alert.of else "")
        words = describe_alert(name, alert, found.slos, found.window)
        guard = f"above {alert.min_rate}" if alert.min_rate is not None else ""
        rows.append(
            (
                Cell(name, is_code=True),
                Cell(alert.severity, tone="danger" if alert.severity == "page" else "warning"),
                when,
                guard,
                words,
                alert.runbook or "",
            )
        )
    return Table(
        "alerts", "Alerts", ("alert", "severity", "fires when", "traffic", "in plain words", "then"), tuple(rows),
        anchors=tuple(f"alert-{name}" for name in found.alerts),
        description="A page wakes somebody, a ticket waits for the working day. The short window ends the alert soon after its cause.",
    )  # fmt: skip


def view_factors(draft: Draft) -> Table:
    """The burn-rate factors for this SLO window, against those for 30 days."""
    found = draft.design.monitoring
    assert found.window is not None
    thirty = {row.name: row.exact for row in work_out_rows(30 * 86400.0)}
    rows = tuple(
        (
            row.severity,
            row.name,
            write_window(row.short_window),
            Cell(row.exact, number(row.exact), fact=BURN_FACTOR.of(row.name)),
            number(row.factor) if row.is_used else "none",
            number(thirty[row.name]),
            row.reason,
        )
        for row in work_out_rows(found.window.base)
    )
    return Table(
        "burn-rates", "Burn-rate factors", ("severity", "long window", "short window", "exact", "used", "for 30 days", "because"), rows,
        description="How many times faster than allowed the budget burns when the alert fires: budget share × SLO window ÷ long window.",
    )  # fmt: skip


def view_burn(draft: Draft) -> Chart:
    """How fast the budget is gone, and how fast each alert sees it, against the burn rate."""
    found = draft.design.monitoring
    assert found.window is not None
    window = found.window.base
    burns = tuple(round(10 ** (n / 20), 4) for n in range(61))
    series = [Series("budget exhausted", burns, tuple(window / 3600 / one for one in burns))]
    marks = []
    for row in work_out_rows(window):
        if row.is_used:
            seen = tuple(one for one in burns if one > row.factor) or (row.factor,)
            series.append(
                Series(
                    f"{row.severity}, {row.name}",
                    seen,
                    tuple(row.long_window / 3600 * row.factor / one for one in seen),
                )
            )
            marks.append(Mark(row.factor, f"{number(row.factor)}×", row.long_window / 3600))
    return Chart(
        "burn-rate", "Burn rate against time", tuple(series), x_label="burn rate (times what is allowed)", y_label="hours", marks=tuple(marks),
        is_log_x=True, is_log_y=True,
        description="The upper line is when the budget is gone; the others are when each alert fires, counted from a clean start.",
    )  # fmt: skip


def view_metrics(draft: Draft) -> Table:
    """One row a metric."""
    found = draft.design.monitoring.metrics
    rows = tuple(
        (Cell(name, is_code=True), m.component, m.kind, m.signal, m.unit, ", ".join(m.labels), m.summary)
        for name, m in found.items()
    )
    return Table(
        "metrics", "Metrics", ("metric", "emitted by", "kind", "signal", "unit", "labels", "what it says"), rows,
        anchors=tuple(f"metric-{name}" for name in found),
        description="Rate, errors, duration of what serves; utilisation and saturation of what holds. Labels hold few values each: never an id, never a person.",
    )  # fmt: skip
