"""What is wrong with objectives and alerts: those that cannot fire, those that fire inside the budget or on one error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archnb.design.monitoring import Alert, Slo
from archnb.engines import engines
from archnb.exceptions import nearest
from archnb.fact.keys.entities import ENTITY_ROWS
from archnb.fact.keys.monitoring import HANDFUL, SCRAPE, SLO_RATE
from archnb.finding import Hit, Rule, rule
from archnb.planned.monitoring import OTHERS, write_window
from archnb.quantity import number
from archnb.sim.reliability import budget_spent, errors_to_fire, is_burn_reachable, lowest_slo_for_burn
from archnb.topics.monitoring.alerts import work_out_rows
from archnb.topics.monitoring.counts import LONGEST as COUNT_WINDOW
from archnb.topics.monitoring.metrics import find_metric
from archnb.topics.monitoring.slos import show_days
from archnb.topics.topic import Draft

_THIRTY_DAYS = 30 * 86400.0
_BOUND = re.compile(r"\s*>=?\s*([\d.]+)\s*")


def _window(draft: Draft) -> float:
    return draft.design.monitoring.window.base if draft.design.monitoring.window is not None else _THIRTY_DAYS


def _burn_alerts(draft: Draft) -> Iterator[tuple[str, Alert, Slo]]:
    """The alerts on SLOs, with their factor and windows known."""
    found = draft.design.monitoring
    for name, alert in found.alerts.items():
        slo = found.slos.get(alert.slo or "")
        if (
            slo is not None
            and slo.objective is not None
            and alert.factor is not None
            and alert.long_window is not None
            and alert.factor.base > 0
        ):
            yield name, alert, slo


@rule(
    "monitoring-slo-page-cannot-fire", principle="reliability", severity="high",
    condition="An objective is so low that the error ratio an alert waits for is above 100 %.",
    effect="Nobody is woken: even a full outage stays below the alert's threshold.",
    remedy="Raise the objective, or lower the factor by alerting after a smaller share of the budget.",
)  # fmt: skip
def slo_page_cannot_fire(draft: Draft) -> Iterator[Hit]:
    """factor × (1 − SLO) must stay below 1."""
    own = {alert.slo for alert in draft.said.monitoring.alerts.values()}
    for name, alert, slo in _burn_alerts(draft):
        assert alert.factor is not None and slo.objective is not None
        if slo.objective.base < 1 and not is_burn_reachable(alert.factor.base, slo.objective.base):
            yield Hit(f"monitoring.alerts.{name}.factor", _explain_threshold(alert.factor.base, slo))
    fastest = next((row for row in work_out_rows(_window(draft)) if row.is_used and row.severity == "page"), None)
    for name, slo in draft.design.monitoring.slos.items():
        # a latency SLO on the median is meant to be loose; its share is not a promise of reachability
        if name in own or slo.objective is None or fastest is None or not _is_objective_said(draft, name, slo):
            continue
        if slo.objective.base < 1 and not is_burn_reachable(fastest.factor, slo.objective.base):
            yield Hit(
                _objective_path(draft, name, slo),
                _explain_threshold(fastest.factor, slo) + f", the {fastest.name} page is left out",
            )


def _explain_threshold(factor: float, slo: Slo) -> str:
    assert slo.objective is not None
    return (
        f"{number(factor)} × (100 % − {slo.objective}) = {number(factor * (1 - slo.objective.base) * 100)} % of errors, "
        f"more than there can be; it needs an objective above {number(lowest_slo_for_burn(factor) * 100, 4)} %"
    )


def _is_objective_said(draft: Draft, name: str, slo: Slo) -> bool:
    if draft.is_said(f"monitoring.slos.{name}.objective"):
        return True
    return slo.kind == "availability" and draft.is_said(f"requirements.objectives.{slo.operation}.availability")


def _objective_path(draft: Draft, name: str, slo: Slo) -> str:
    if draft.is_said(f"monitoring.slos.{name}.objective"):
        return f"monitoring.slos.{name}.objective"
    return f"requirements.objectives.{slo.operation}.availability"


@rule(
    "monitoring-factor-reused-from-30-days", principle="reliability", severity="high",
    condition="The burn-rate factors published for 30 days are used with an SLO window of another length.",
    effect="The alert comes after another share of the budget than meant: on a short window, most of it is gone by then.",
    remedy="Leave the factor out, or compute it: budget share × SLO window ÷ long window.",
)  # fmt: skip
def factor_reused_from_30_days(draft: Draft) -> Iterator[Hit]:
    """Factors follow from the window."""
    window = _window(draft)
    if abs(window - _THIRTY_DAYS) < 1:
        return
    known = {write_window(row.long_window): (row.exact, row.share) for row in work_out_rows(_THIRTY_DAYS)}
    for name, alert, _ in _burn_alerts(draft):
        assert alert.factor is not None and alert.long_window is not None
        long = write_window(alert.long_window.base)
        # a proposed factor follows from the window; where it is rounded up to 1 it may meet a published one
        if not draft.is_said(f"monitoring.alerts.{name}.factor") or long not in known:
            continue
        exact, share = known[long]
        if abs(alert.factor.base - exact) < 1e-6 and alert.long_window.base <= window:
            spent = budget_spent(alert.factor.base, window, alert.long_window.base)
            right = share * window / alert.long_window.base
            yield Hit(
                f"monitoring.alerts.{name}.factor",
                f"{alert.factor} over {alert.long_window} spends {number(spent * 100)} % of the budget of {show_days(window)}, not {number(share * 100)} %; exact is {number(right)}",
            )


@rule(
    "monitoring-alert-inside-budget", principle="reliability", severity="medium",
    condition="A burn-rate factor is below 1.",
    effect="It alerts while the promise is kept, and people learn to ignore it.",
    remedy="Take a factor of at least 1: alert after a larger share of the budget, or over a shorter window.",
)  # fmt: skip
def alert_inside_budget(draft: Draft) -> Iterator[Hit]:
    """No alert while the promise is kept."""
    for name, alert, _ in _burn_alerts(draft):
        assert alert.factor is not None
        if alert.factor.base < 1 - 1e-9:
            which = next(
                (
                    one
                    for one in ("factor", "budget", "long_window")
                    if draft.is_said(f"monitoring.alerts.{name}.{one}")
                ),
                "factor",
            )
            yield Hit(
                f"monitoring.alerts.{name}.{which}",
                f"at {number(alert.factor.base)} times the allowed rate, {number((1 - alert.factor.base) * 100)} % of the budget is left at the end of the window",
            )


@rule(
    "monitoring-low-traffic-alert", principle="reliability", severity="medium",
    condition="An alert's window holds fewer than five expected requests, or what monitoring.handful says, or one error is enough to fire it.",
    effect="One failed request wakes somebody; or, with the guard, the alert is silent at the usual traffic.",
    remedy="Take longer windows, count several operations in one SLO, or watch it with a probe.",
)  # fmt: skip
def low_traffic_alert(draft: Draft) -> Iterator[Hit]:
    """An alert needs traffic to judge."""
    for name, alert, slo in _burn_alerts(draft):
        found = draft.facts.get(SLO_RATE.of(alert.slo or ""))
        if found is None or alert.short_window is None or slo.objective is None or not 0 < slo.objective.base < 1:
            continue
        assert alert.factor is not None and alert.long_window is not None
        rate = found.base
        events = rate * alert.short_window.base
        errors = errors_to_fire(rate, alert.long_window.base, alert.factor.base, slo.objective.base)
        if events < draft.facts[HANDFUL].base or errors <= 1:
            yield Hit(
                f"monitoring.alerts.{name}",
                f"{number(rate)}/s: {alert.short_window} hold {number(events)} requests, {alert.long_window} hold {number(rate * alert.long_window.base)}, and {errors} error{'s' * (errors > 1)} fire{'s' * (errors == 1)} it",
            )


@rule(
    "monitoring-alert-on-unknown-metric", principle="reliability", severity="high",
    condition="An alert reads a metric that no component emits.",
    effect="Its query is empty for ever, which looks just like all being well.",
    remedy="Declare the metric with the component that emits it, or correct the name.",
)  # fmt: skip
def alert_on_unknown_metric(draft: Draft) -> Iterator[Hit]:
    """Every metric an alert reads is emitted."""
    found = draft.design.monitoring
    for name, alert in found.alerts.items():
        if alert.metric is not None and find_metric(found.metrics, alert.metric) is None:
            match = nearest(alert.metric, found.metrics)
            yield Hit(
                f"monitoring.alerts.{name}.metric",
                f"{alert.metric!r} is none of {len(found.metrics)} metrics"
                + (f"; did you mean {match!r}?" if match else ""),
            )


@rule(
    "monitoring-slo-below-objective", principle="reliability", severity="medium",
    condition="An SLO promises less than the requirements do.",
    effect="The alerts stay silent while the requirement is broken.",
    remedy="Take the requirement's value for the SLO, or change the requirement.",
)  # fmt: skip
def slo_below_objective(draft: Draft) -> Iterator[Hit]:
    """SLOs cover what was promised."""
    for name in draft.said.monitoring.slos:
        slo = draft.design.monitoring.slos[name]
        asked = draft.said.requirements.objectives.get(slo.operation or OTHERS)
        if asked is None or slo.objective is None:
            continue
        if (
            slo.kind == "availability"
            and asked.availability is not None
            and slo.objective.base < asked.availability.base - 1e-12
        ):
            times = (1 - slo.objective.base) / max(1e-12, 1 - asked.availability.base)
            yield Hit(
                f"monitoring.slos.{name}.objective",
                f"{slo.objective} here, {asked.availability} in requirements.objectives.{slo.operation}: {number(times)} times the errors are let pass",
            )
        limit = {"latency": asked.latency_p99 or asked.latency_p95, "freshness": asked.staleness}.get(slo.kind or "")
        if limit is not None and slo.threshold is not None and slo.threshold.base > limit.base * (1 + 1e-9):
            yield Hit(
                f"monitoring.slos.{name}.threshold",
                f"{slo.threshold} here, {limit} in requirements.objectives.{slo.operation}",
            )


@rule(
    "monitoring-slo-without-budget", principle="reliability", severity="high",
    condition="An objective is 100 %.",
    effect="There is no error budget: no alert can be made, and every deployment breaks the promise.",
    remedy="Promise what users notice: 99.9 % allows 43 minutes in 30 days, 99.99 % allows 4.",
)  # fmt: skip
def slo_without_budget(draft: Draft) -> Iterator[Hit]:
    """An objective leaves a budget."""
    for name, slo in draft.design.monitoring.slos.items():
        if slo.objective is not None and slo.objective.base >= 1 and _is_objective_said(draft, name, slo):
            yield Hit(
                _objective_path(draft, name, slo),
                f"100 % − {slo.objective} = 0 bad requests in {show_days(_window(draft))}",
            )


@rule(
    "monitoring-label-cardinality", principle="scalability", severity="high",
    condition="A metric's label holds an identifier or personal data.",
    effect="Each value makes a time series of its own: the monitoring runs out of memory, and personal data is in it.",
    remedy="Take the label out; put the value into logs or traces.",
)  # fmt: skip
def label_cardinality(draft: Draft) -> Iterator[Hit]:
    """Labels hold few values."""
    unbounded: dict[str, tuple[str, str]] = {}
    for entity in draft.design.entities:
        rows = draft.facts.get(ENTITY_ROWS.of(entity))
        many = rows.text if rows is not None else "as many values as there are rows"
        stem = entity.lower()
        unbounded.setdefault(f"{stem}_id", (f"the key of {entity}", many))
        for field_name, field in draft.model.fields(entity).items():
            if field.references is not None:
                unbounded.setdefault(field_name, (f"the key of {field.references}", _rows_of(draft, field.references)))
                unbounded.setdefault(
                    f"{field_name}_id", (f"the key of {field.references}", _rows_of(draft, field.references))
                )
            elif field.personal or field.unique or field.type in ("email", "uuid", "phone", "ip", "code"):
                unbounded.setdefault(
                    field_name, (f"{entity}.{field_name}, {'personal' if field.personal else 'unbounded'}", many)
                )
                unbounded.setdefault(f"{stem}_{field_name}", (f"{entity}.{field_name}", many))
    for name, metric in draft.said.monitoring.metrics.items():
        for label in metric.labels:
            if label in unbounded:
                what, many = unbounded[label]
                yield Hit(f"monitoring.metrics.{name}.labels", f"label {label!r} is {what}: {many}")


def _rows_of(draft: Draft, entity: str) -> str:
    rows = draft.facts.get(ENTITY_ROWS.of(entity))
    return rows.text if rows is not None else "as many values as there are rows"


@rule(
    "monitoring-promise-nobody-watches", principle="reliability", severity="medium",
    condition="A promise was said, and so few requests come that neither a ratio nor a count of errors can tell that it is broken.",
    effect="It is broken for weeks before a number shows it; what an alert would say is chance.",
    remedy="Call it by a probe of its own, say once a minute, and alert when that fails twice running; or promise it for several operations together.",
)  # fmt: skip
def promise_nobody_watches(draft: Draft) -> Iterator[Hit]:
    """Every promise has an alert that can work."""
    found = draft.design.monitoring
    watched = {alert.slo for alert in found.alerts.values()}
    handful = round(draft.facts[HANDFUL].base)
    for name, slo in found.slos.items():
        rate = draft.facts.get(SLO_RATE.of(name))
        if name in watched or rate is None or slo.objective is None or slo.objective.base >= 1:
            continue
        path = f"requirements.objectives.{slo.operation}"
        said = next((one for one in (f"monitoring.slos.{name}", path) if draft.is_said(one)), None)
        # the median is meant to be loose: no window watches it, however many come
        if said is not None and rate.base * COUNT_WINDOW < 2 * handful:
            yield Hit(
                said,
                f"{number(rate.base * COUNT_WINDOW)} requests come in {show_days(COUNT_WINDOW)}, {2 * handful} must for {handful} errors to mean something",
            )


@rule(
    "monitoring-lag-told-too-late", principle="reliability", severity="high",
    condition="An alert on how far a copy is behind fires only after the recovery point is broken: its threshold, the time that it waits and two measurements are longer.",
    effect="When somebody is woken, a failover would already lose more than was promised.",
    remedy="Lower the threshold or the time that it waits, so that their sum with the time between measurements is below the recovery point.",
)  # fmt: skip
def lag_told_too_late(draft: Draft) -> Iterator[Hit]:
    """A copy that has stopped falls behind by a second a second."""
    rpo = draft.design.requirements.recovery.rpo
    if rpo is None:
        return
    scrape = draft.facts[SCRAPE].base
    lags = {one.measure: one for engine in engines().values() for one in engine.alarms if one.subject == "replication"}
    for name, alert in draft.design.monitoring.alerts.items():
        bound = _BOUND.fullmatch(alert.condition or "")
        if alert.metric not in lags or bound is None:
            continue
        behind, waits = float(bound[1]), alert.pending.base if alert.pending is not None else 0.0
        # any lag, at once, is as early as an alert can be
        if behind + waits > 0 and behind + waits + 2 * scrape >= rpo.base:
            yield Hit(
                f"monitoring.alerts.{name}",
                f"{number(behind)} s behind, {number(waits)} s of waiting and twice {number(scrape)} s of measuring: {number(behind + waits + 2 * scrape)} s, recovery point {rpo}",
            )


RULES: Sequence[Rule] = (
    slo_page_cannot_fire, factor_reused_from_30_days, alert_inside_budget, low_traffic_alert, alert_on_unknown_metric, slo_below_objective,
    slo_without_budget, label_cardinality, promise_nobody_watches, lag_told_too_late,
)  # fmt: skip

__all__ = ["RULES"]
