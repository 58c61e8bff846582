"""Who is woken: burn-rate alerts on two windows, with factors exact for the SLO's window and a guard against low traffic, and
alerts on what runs full. Figures follow the Google SRE Workbook, chapter "Alerting on SLOs".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from archnb.design.monitoring import Alert, Metric, Slo
from archnb.design.record import Named
from archnb.engines import Subject, engines
from archnb.fact import Fact, apply_model
from archnb.fact.keys.monitoring import (
    BURN_FACTOR,
    BURN_SHARE,
    BURN_WINDOW,
    DETECTION,
    HANDFUL,
    SCRAPE,
    SLO_EVENTS,
    SLO_RATE,
    WINDOW,
)
from archnb.planned.monitoring import OTHERS, write_window
from archnb.quantity import ONE, Quantity, number, parse
from archnb.sim.reliability import (
    ALERT_WINDOWS,
    burn_rate_factor,
    detection_time,
    errors_to_fire,
    is_burn_reachable,
    lowest_slo_for_burn,
    rate_for_errors,
)
from archnb.topics.monitoring.counts import propose_counts
from archnb.topics.monitoring.derived import propose_derived
from archnb.topics.monitoring.outages import propose_outages
from archnb.topics.monitoring.slos import average_rate, describe_good, find_covered, show_days
from archnb.topics.topic import Because, Draft

# a window must hold so many requests, and so many errors must be needed, before anybody is woken
_TOLERANCE = 1e-9
_PENDING = parse("10 min")


@dataclass(frozen=True)
class Row:
    """One row of the recommendation for an SLO window: the exact factor, and the one that is used."""

    name: str
    severity: str
    long_window: float
    short_window: float
    share: float
    exact: float
    used_share: float
    factor: float
    reason: str
    is_used: bool


def work_out_rows(window: float) -> list[Row]:
    """The alert rows for an SLO window in seconds: budget share × SLO window ÷ long window, none of them below 1.

    A factor below 1 would alert while the promise is kept. It is raised to 1 once; a longer row of the same kind is left out.

    >>> [round(row.exact, 3) for row in work_out_rows(28 * 86400.0)]
    [13.44, 5.6, 2.8, 0.933]
    """
    made: list[Row] = []
    is_raised = False
    for one in ALERT_WINDOWS:
        name, long, short = write_window(one.long_window), one.long_window, one.short_window
        if long > window:
            exact = one.budget_share * window / long
            made.append(
                Row(
                    name,
                    one.severity,
                    long,
                    short,
                    one.budget_share,
                    exact,
                    one.budget_share,
                    exact,
                    f"left out: longer than the SLO's {show_days(window)}",
                    False,
                )
            )
            continue
        exact = burn_rate_factor(one.budget_share, window, long)
        if exact >= 1 - _TOLERANCE:
            reason = f"{number(one.budget_share * 100)} % × {show_days(window)} ÷ {name}"
            made.append(
                Row(name, one.severity, long, short, one.budget_share, exact, one.budget_share, exact, reason, True)
            )
        elif is_raised:
            made.append(
                Row(
                    name,
                    one.severity,
                    long,
                    short,
                    one.budget_share,
                    exact,
                    one.budget_share,
                    exact,
                    f"left out: {number(exact)} is below 1, and a shorter window watches for 1 already",
                    False,
                )
            )
        else:
            is_raised, share = True, long / window
            reason = f"raised from {number(exact)} to 1: below 1 it would alert while the promise is kept; that is {number(share * 100)} % of the budget"
            made.append(Row(name, one.severity, long, short, one.budget_share, exact, share, 1.0, reason, True))
    return made


def needed_rate(row_long: float, row_short: float, factor: float, objective: float, handful: int) -> float:
    """Requests a second from which neither one error fires the alert nor the short window is nearly empty."""
    if objective >= 1:
        return handful / row_short
    return max(rate_for_errors(handful, row_long, factor, objective), handful / row_short)


def _round_up(rate: float) -> float:
    """Two significant digits, never below."""
    if rate <= 0:
        return rate
    step = 10.0 ** (math.floor(math.log10(rate)) - 1)
    # the second rounding only removes float dust
    return round(math.ceil(rate / step - 1e-9) * step, 12)


def _write_percent(share: float) -> Quantity:
    value = round(share * 100, 6)
    return parse(f"{value:g}%")


_RUNBOOK = {
    "page": "Look at the last deployment and the last change first; roll back before you search. Then the components, worst first.",
    "ticket": "Find what eats the budget within the working day; plan its repair before new features.",
}


def complete_alerts(draft: Draft, slos: Named[Slo], metrics: Named[Metric], window: Quantity) -> Named[Alert]:
    """The alerts: those said, burn-rate alerts for every SLO they can work for, and alerts on what runs full."""
    said = draft.design.monitoring.alerts
    covered = find_covered(slos)
    rows = work_out_rows(window.base)
    made: dict[str, Alert] = {}
    has_own = {one.slo for one in said.values() if one.slo}
    for name, record in said.items():
        made[name] = _finish_said(draft, name, record, slos, covered, window)
    for name, slo in slos.items():
        if name in has_own or slo.objective is None:
            continue
        for alert_name, alert in _propose_burn(draft, name, slo, rows, covered, window.base):
            made.setdefault(alert_name, alert)
    for alert_name, alert, reason, facts in propose_outages(draft, metrics, window.base):
        if alert_name not in made:
            made[alert_name] = alert
            draft.note(f"monitoring.alerts.{alert_name}", reason, *facts)
    for alert_name, alert, reason in propose_derived(draft, metrics):
        if alert_name not in made:
            made[alert_name] = alert
            draft.note(f"monitoring.alerts.{alert_name}", reason)
    for alert_name, alert in _propose_saturation(draft, metrics):
        if alert_name not in made:
            made[alert_name] = alert
            draft.note(f"monitoring.alerts.{alert_name}", f"{alert.metric} {alert.condition}: what is full fails next")
    return Named(made)


def _propose_burn(
    draft: Draft, name: str, slo: Slo, rows: Sequence[Row], covered: list[str], window: float
) -> list[tuple[str, Alert]]:
    assert slo.objective is not None
    objective = slo.objective.base
    path = "monitoring.alerts"
    if objective >= 1:
        draft.note(f"{path}.{name}", "none: an objective of 100 % leaves no budget to burn")
        return []
    handful, way = round(draft.facts[HANDFUL].base), name_way(draft, slo.operation or OTHERS)
    found = average_rate(draft, slo, covered)
    rate = found.base if found is not None else math.inf
    made: list[tuple[str, Alert]] = []
    for row in rows:
        here = f"{name}_burn_{row.name}"
        if not row.is_used:
            draft.note(f"{path}.{here}", row.reason)
            continue
        if not is_burn_reachable(row.factor, objective):
            draft.note(
                f"{path}.{here}",
                f"left out: {number(row.factor)} × {number((1 - objective) * 100)} % is above 100 % of errors, so it could never fire; it needs an SLO above {number(lowest_slo_for_burn(row.factor) * 100, 4)} %",
            )
            continue
        guard = needed_rate(row.long_window, row.short_window, row.factor, objective, handful)
        if rate < guard:
            events = number(rate * row.short_window)
            draft.note(
                f"{path}.{here}",
                f"left out: at {number(rate)}/s its {write_window(row.short_window)} window holds {events} requests and {errors_to_fire(rate, row.long_window, row.factor, objective)} errors in {row.name} would fire it; from {number(guard)}/s it makes sense, the longer windows watch until then",
            )
            continue
        guard = _round_up(guard)
        made.append((here, Alert(
            slo=name, severity=row.severity,  # type: ignore[arg-type]
            long_window=_write_time(row.long_window), short_window=_write_time(row.short_window), budget=_write_percent(row.used_share),
            factor=Quantity(row.factor, row.factor, ONE, f"{row.factor:.6g}"), min_rate=parse(f"{guard:g}/s"), runbook=_RUNBOOK[row.severity] + way,
        )))  # fmt: skip
        draft.note(
            f"{path}.{here}",
            f"{row.severity} after {number(row.used_share * 100)} % of the budget: factor {row.reason}; silent below {number(guard)}/s, where fewer than {draft.facts[HANDFUL].text} errors would fire it",
        )
    severities = {one.severity for _, one in made}
    # where a page can never be reached by the objective, a count is none either
    is_few = math.isfinite(rate) and rate < needed_rate(3600.0, 300.0, rows[0].factor, objective, handful)
    missing = tuple(one for one in ("page", "ticket") if one not in severities) if is_few else ()
    for alert_name, alert, reason in propose_counts(draft, name, slo, rate, window, missing):
        made.append((alert_name, replace(alert, runbook=f"{alert.runbook}{way}")))
        draft.note(f"{path}.{alert_name}", reason)
    if not made:
        draft.note(
            f"{path}.{name}",
            f"no alert of its own: {number(rate)}/s are too few for any window, of a ratio or of a count; the probe watches it",
        )
    return made


def name_way(draft: Draft, operation: str) -> str:
    """The parts that an operation goes through, as a sentence of a runbook; '' where no path is known."""
    paths = draft.design.flow.paths
    own = [one for name, one in paths.items() if (one.operation or name) == operation]
    parts = [part for one in own for hop in one.hops for part in (hop.source, hop.target) if part]
    known = [one for one in dict.fromkeys(parts) if one in draft.design.flow.components]
    return f" Its way: {', '.join(known)}." if known else ""


def _write_time(seconds: float) -> Quantity:
    for size, word in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size and abs(seconds / size - round(seconds / size)) < 1e-9:
            count = round(seconds / size)
            return parse(f"{count} {'day' if word == 'days' and count == 1 else word}")
    return parse(f"{seconds:g} s")


def _finish_said(
    draft: Draft, name: str, record: Alert, slos: Named[Slo], covered: list[str], window: Quantity
) -> Alert:
    """Fill what a said alert leaves open; its factor follows from its budget share, or the share from the factor."""
    path = f"monitoring.alerts.{name}"
    if record.slo is None or record.slo not in slos:
        low = Because("ticket", "nothing that users feel is promised on it")
        return draft.fill(
            path,
            record,
            severity=low,
            pending=Because("10 min", "a spike is no fault"),
            runbook=Because(_RUNBOOK[record.severity or "ticket"], "an alert without a next step is noise"),
        )
    slo = slos[record.slo]
    if record.errors is not None:
        return draft.fill(
            path, record,
            severity=Because("ticket", "a number of errors over a long window can wait for the working day"),
            long_window=Because("1 day", "long enough to hold some requests"),
            runbook=Because(_RUNBOOK[record.severity or "ticket"], "an alert without a next step is noise"),
        )  # fmt: skip
    severity: str = record.severity or (
        "ticket" if record.long_window is not None and record.long_window.base >= 86400 else "page"
    )
    standard = ALERT_WINDOWS[0 if severity == "page" else 2]
    long = record.long_window.base if record.long_window is not None else standard.long_window
    short = record.short_window.base if record.short_window is not None else long / 12
    share = record.budget.base if record.budget is not None else None
    if share is None and record.factor is not None:
        share = record.factor.base * long / window.base
    if share is None:
        share = max(
            (one.budget_share for one in ALERT_WINDOWS if abs(one.long_window - long) < 1),
            default=standard.budget_share,
        )
    factor = record.factor.base if record.factor is not None else share * window.base / long
    objective = slo.objective.base if slo.objective is not None else 0.999
    proposals = {
        "severity": Because(severity, "windows of a day and more can wait for the working day; shorter ones cannot"),
        "long_window": Because(_write_time(long), "the usual one of its severity"),
        "short_window": Because(_write_time(short), "a twelfth of the long one: the alert ends soon after the cause"),
        "budget": Because(_write_percent(share), "what the factor spends in the long window, or the usual share"),
        "factor": Because(
            f"{factor:.6g}",
            f"budget share × SLO window ÷ long window: {number(share * 100)} % × {window} ÷ {write_window(long)}",
        ),
        "runbook": Because(_RUNBOOK[severity], "an alert without a next step is noise"),
    }
    if factor > 0 and objective < 1:
        guard = _round_up(needed_rate(long, short, factor, objective, round(draft.facts[HANDFUL].base)))
        proposals["min_rate"] = Because(
            f"{guard:g}/s", f"below it fewer than {draft.facts[HANDFUL].text} errors would fire the alert"
        )
    return draft.fill(path, record, **proposals)


def _propose_saturation(draft: Draft, metrics: Mapping[str, Metric]) -> list[tuple[str, Alert]]:
    """Alerts on what runs full, for every part that emits the numbers."""
    # jobs by the clock wait for it on purpose
    waiting = [
        one.deadline.base for one in draft.design.jobs.jobs.values() if one.deadline is not None and not one.schedule
    ]
    # the most urgent decides: each job has workers of its own, so the patient ones do not wait longer than it
    late = f"> {round(max(60.0, 2 * min(waiting, default=30.0)))}"
    behind, wait = watch_recovery_point(draft)
    wanted: tuple[tuple[str, str, str, str, str], ...] = (
        *_list_alarms("connections", behind),
        ("store_disk_nearly_full", "node_filesystem_avail_bytes", "< 0.15 * node_filesystem_size_bytes", "ticket", "Grow the disk, then archive; see the capacity plan for what comes next."),
        *_list_alarms("replication", behind),
        *_list_alarms("rejections", behind),
        *_list_alarms("memory", behind),
        *_list_alarms("disk", behind),
        ("queue_late", "queue_oldest_message_age_seconds", late, "page", "See whether workers run and what they wait for; add workers if they are busy."),
        ("queue_has_dead_letters", "queue_dead_letters", "> 0", "ticket", "Read one, repair its cause, send them again."),
        ("workers_nearly_busy", "worker_busy_ratio", "> 0.85", "ticket", "Add workers: waits grow steeply from here (Erlang C)."),
        ("third_party_cut_off", "breaker_open_ratio", "> 0.5", "ticket", "See the provider's status page; check that the fallback works."),
    )  # fmt: skip
    lagging = {one[0] for one in _list_alarms("replication", behind)}
    return [
        (name, Alert(
            metric=metric, condition=condition, severity=severity, runbook=runbook,  # type: ignore[arg-type]
            pending=wait if name in lagging else _PENDING,
        ))
        for name, metric, condition, severity, runbook in wanted
        if metric in metrics
    ]  # fmt: skip


def watch_recovery_point(draft: Draft) -> tuple[int, Quantity]:
    """The lag in seconds to be told of and how long it must last, so that it is told before the recovery point is broken.

    A copy that has stopped falls behind by a second a second: it is at threshold + scrape + evaluation + pending when the
    alert fires, and that must be less than the recovery point. Where none may be lost, any lag is told at once.
    """
    rpo, scrape = draft.design.requirements.recovery.rpo, draft.facts[SCRAPE].base
    if rpo is None:
        return 60, _PENDING
    pending = 60.0 * (min(600.0, rpo.base / 4) // 60) if rpo.base >= 240 else float(rpo.base // 4)
    # a tenth is left to whoever is woken
    threshold = min(rpo.base / 2, 0.9 * rpo.base - pending - 2 * scrape)
    if threshold <= 0:
        return 0, parse("0 s")
    return math.floor(threshold), _write_time(pending)


def _list_alarms(subject: Subject, recovery_point: int) -> Iterator[tuple[str, str, str, str, str]]:
    """What to be told of the engines about one subject; a metric that nothing emits drops out later."""
    for engine in engines().values():
        for one in engine.alarms:
            if one.subject == subject:
                condition = one.condition.replace("{recovery_point}", str(recovery_point))
                yield one.name, one.measure, condition, one.severity, one.runbook


def describe_alert(name: str, alert: Alert, slos: Mapping[str, Slo], window: Quantity | None) -> str:
    """The alert in plain words, as the one who is woken reads it."""
    if alert.slo is None or alert.slo not in slos or window is None:
        lasting = f" for {alert.pending}" if alert.pending is not None and alert.pending.base > 0 else ""
        whose = f" of {alert.of}" if alert.of else ""
        if alert.condition == "absent":
            return f"{alert.metric} was measured and is not any more{lasting}."
        if alert.condition and alert.condition.startswith("falls"):
            return f"{alert.metric} {alert.condition} over {alert.long_window}{lasting}: nobody gets through."
        return f"{alert.metric}{whose} is {alert.condition}{lasting}."
    slo = slos[alert.slo]
    what = "requests of all other operations" if slo.operation == OTHERS else f"requests of {slo.operation}"
    if alert.errors is not None:
        return f"At least {alert.errors} {what} were bad in the last {alert.long_window}: good is what {describe_good(slo)}."
    factor, long = alert.factor, alert.long_window
    if factor is None or long is None or slo.objective is None or factor.base <= 0:
        return f"Too many {what} fail."
    bad = min(1.0, factor.base * (1 - slo.objective.base))
    rest = window.base / factor.base
    return (
        f"More than {number(bad * 100)} % of the {what} were bad in the last {long}, and still are in the last {alert.short_window}: "
        f"good is what {describe_good(slo)}, and {slo.objective} must be. At this pace ({number(factor.base)} times what is allowed) "
        f"the budget of {show_days(window.base)} is gone in {_write_span(rest)}."
    )


def _write_span(seconds: float) -> str:
    return show_days(seconds) if seconds >= 2 * 86400 else f"{number(seconds / 3600)} h"


def measure_alerts(draft: Draft) -> None:
    """Add the factor of each window, the detection time of each objective, and what each SLO's short windows hold."""
    found, facts = draft.design.monitoring, draft.facts
    assert found.window is not None
    window = facts[WINDOW]
    for row in work_out_rows(found.window.base):
        share = facts.assume(
            BURN_SHARE.of(row.name),
            _write_percent(row.share),
            "the share of the budget after which it alerts",
            source="Google SRE Workbook, Alerting on SLOs",
        )
        long = facts.assume(
            BURN_WINDOW.of(row.name),
            _write_time(row.long_window),
            "the long window",
            source="Google SRE Workbook, Alerting on SLOs",
        )
        facts.define(
            BURN_FACTOR.of(row.name),
            share * window / long,
            None,
            "budget share × SLO window ÷ long window, exact for this window",
        )
    done: set[str] = set()
    for alert in found.alerts.values():
        slo = found.slos.get(alert.slo or "")
        if (
            slo is None
            or slo.objective is None
            or alert.factor is None
            or alert.long_window is None
            or alert.short_window is None
        ):
            continue
        if not 0 < slo.objective.base < 1 or alert.factor.base <= 0:
            continue
        long_name = write_window(alert.long_window.base)
        promise, times = (f"{one:.6g}".replace(".", "_") for one in (slo.objective.base * 100, alert.factor.base))
        key = DETECTION.of(promise, long_name, times)
        if key not in done and is_burn_reachable(alert.factor.base, slo.objective.base):
            done.add(key)
            facts.define(
                key,
                apply_model("detection time", detection_time, "s", alert.long_window, alert.factor, slo.objective, labels=("long window", "factor", "objective")),
                "min", "from the start of a full outage to the alert: long window × factor × (1 − objective)",
            )  # fmt: skip
        rate = facts.get(SLO_RATE.of(alert.slo or ""))
        events = SLO_EVENTS.of(alert.slo or "", write_window(alert.short_window.base))
        if rate is not None and events not in done:
            done.add(events)
            facts.define(
                events, rate * _fact(alert.short_window), "requests", "requests that the short window holds on average"
            )


def _fact(quantity: Quantity) -> Fact:
    return Fact(quantity.unit, given=quantity)


__all__ = [
    "Row",
    "complete_alerts",
    "describe_alert",
    "measure_alerts",
    "needed_rate",
    "watch_recovery_point",
    "work_out_rows",
]
