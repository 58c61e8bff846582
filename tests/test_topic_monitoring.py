"""The monitoring topic: SLOs, factors exact for any window, guards from the declared load, metrics."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from archnb import Design, Plan, plan
from archnb.topics.monitoring.alerts import work_out_rows
from archnb.topics.monitoring.metrics import find_metric
from archnb.topics.monitoring.slos import write_le
from tests.designs import ALL, TINY

DAY = 86400.0
# the published table: SLO window in days -> factor of each long window
PUBLISHED = {
    30: {"1h": 14.4, "6h": 6.0, "1d": 3.0, "3d": 1.0},
    28: {"1h": 13.44, "6h": 5.6, "1d": 2.8, "3d": 0.933},
    7: {"1h": 3.36, "6h": 1.4, "1d": 0.7, "3d": 0.233},
}
DETECTION = {99.9: (0.9, 2.2, 4.3, 4.3), 99.0: (8.6, 21.6, 43.2, 43.2)}


@lru_cache
def plan_of(name: str) -> Plan:
    """A sample design's plan, made once."""
    return plan(ALL[name]())


def planned(**more: Any) -> Plan:
    """The tiny design with more said."""
    return plan(Design.of(TINY | more))


def busy(**monitoring: Any) -> Plan:
    """The tiny design with traffic enough for every window."""
    access = {**TINY["access"], "place_order": TINY["access"]["place_order"] | {"rate": "50/s"}}
    return planned(access=access, monitoring=monitoring)


@pytest.mark.parametrize("days", PUBLISHED)
def test_factors_are_exact_for_the_window(days: int) -> None:
    """The facts give the published factors for 30, 28 and 7 days."""
    facts = planned(monitoring={"window": f"{days} days"}).facts
    for name, factor in PUBLISHED[days].items():
        assert facts[f"monitoring.burn_{name}.factor"].value == pytest.approx(factor, abs=5e-4)


@pytest.mark.parametrize("objective", DETECTION)
def test_detection_times_are_the_published_ones(objective: float) -> None:
    """A full outage is seen after 60 × hours × factor × (1 − SLO) minutes."""
    made = busy(slos={"place_order_availability": {"objective": f"{objective}%"}})
    times = DETECTION[objective]
    promise = f"{objective:g}".replace(".", "_")
    keys = [f"monitoring.detection.{promise}.{one}" for one in ("1h_14_4", "6h_6", "1d_3", "3d_1")]
    for key, minutes in zip(keys, times, strict=True):
        assert made.facts[key].to("min") == pytest.approx(minutes, abs=0.05), key


@pytest.mark.parametrize("days", [7, 14, 28, 30, 90])
def test_no_proposed_alert_fires_inside_the_budget(days: int) -> None:
    """No used factor is below 1, and every row says why it is as it is."""
    rows = work_out_rows(days * DAY)
    assert all(row.factor >= 1 for row in rows if row.is_used) and all(row.reason for row in rows)
    assert any(row.is_used for row in rows)


def test_a_low_objective_leaves_out_the_page_that_cannot_fire() -> None:
    """At 93 % the 14.4× page is left out with its reason; at 93.1 % it is there."""
    for objective, is_there in (("93%", False), ("93.1%", True)):
        made = busy(slos={"place_order_availability": {"objective": objective}})
        name = "place_order_availability_burn_1h"
        assert (name in made.design.monitoring.alerts) is is_there
        assert ("could never fire" in made.draft.reasons[f"monitoring.alerts.{name}"].reason) is not is_there


def test_low_traffic_leaves_out_short_windows() -> None:
    """At one order a minute the fast windows are left out, with the number of requests they hold."""
    access = {**TINY["access"], "place_order": TINY["access"]["place_order"] | {"rate": "3/min"}}
    made = planned(
        access=access, requirements=TINY["requirements"] | {"objectives": {"place_order": {"availability": "99.9%"}}}
    )
    names = [one for one in made.design.monitoring.alerts if one.startswith("place_order_availability")]
    assert "place_order_availability_burn_1h" not in names
    assert "window holds 5 requests" in made.draft.reasons["monitoring.alerts.place_order_availability_burn_1h"].reason


def test_guard_is_the_rate_at_which_five_errors_are_needed() -> None:
    """min_rate × window × factor × (1 − SLO) is at least five errors."""
    for alert in plan_of("shop").design.monitoring.alerts.values():
        slo = plan_of("shop").design.monitoring.slos.get(alert.slo or "")
        if slo is not None and alert.errors is None:
            assert alert.min_rate and alert.long_window and alert.factor and slo.objective
            errors = alert.min_rate.base * alert.long_window.base * alert.factor.base * (1 - slo.objective.base)
            assert errors >= 5 * (1 - 1e-9)


def test_said_objectives_have_slos_of_their_own_and_the_rest_share_one() -> None:
    """Each said objective gives an availability and a latency SLO; all other operations share the default ones."""
    said = {"place_order": {"latency_p99": "300 ms", "availability": "99.9%"}}
    slos = planned(requirements=TINY["requirements"] | {"objectives": said}).design.monitoring.slos
    assert set(slos) == {"place_order_availability", "place_order_latency", "default_availability", "default_latency"}
    assert (
        str(slos["place_order_latency"].threshold) == "300 ms" and str(slos["place_order_latency"].objective) == "99%"
    )
    assert 'operation!~"place_order"' in (slos["default_availability"].expression or "")


def test_p95_gives_a_latency_slo_of_95_percent() -> None:
    """The share follows from the percentile that was said."""
    said = {"place_order": {"latency_p95": "150 ms"}}
    slo = planned(requirements=TINY["requirements"] | {"objectives": said}).design.monitoring.slos[
        "place_order_latency"
    ]
    assert (str(slo.threshold), str(slo.objective)) == ("150 ms", "95%")


def test_error_budget_in_minutes_and_requests() -> None:
    """99.9 % over 30 days are 43.2 minutes, and one request in a thousand of those that come."""
    made = busy(slos={"place_order_availability": {"objective": "99.9%"}})
    assert made.facts["monitoring.place_order_availability.budget_time"].to("min") == pytest.approx(43.2)
    rate = made.facts["monitoring.place_order_availability.rate"].base
    assert made.facts["monitoring.place_order_availability.budget_requests"].value == pytest.approx(
        rate * 30 * DAY * 0.001
    )


def test_said_alert_is_kept_and_its_factor_computed() -> None:
    """A said alert keeps its windows; the factor follows from its budget share and the window."""
    alert = {
        "slo": "default_availability",
        "long_window": "2 h",
        "short_window": "10 min",
        "budget": "2%",
        "severity": "page",
    }
    made = busy(window="7 days", alerts={"mine": alert}).design.monitoring.alerts["mine"]
    assert made.factor is not None and made.factor.base == pytest.approx(0.02 * 7 * 24 / 2)
    assert str(made.long_window) == "2 h"


@pytest.mark.parametrize("name", ALL)
def test_every_metric_an_alert_reads_is_emitted(name: str) -> None:
    """Every proposed alert reads a metric that a component of the flow emits."""
    found = plan_of(name).design.monitoring
    for alert in found.alerts.values():
        if alert.metric:
            metric = find_metric(found.metrics, alert.metric)
            assert metric is not None
            emitters = (found.metrics[metric].component or "").split(", ")
            assert set(emitters) <= set(plan_of(name).design.flow.components)


def test_whole_seconds_match_both_spellings_of_a_bucket() -> None:
    """Client libraries write the bucket of one second as 1 or as 1.0."""
    assert (write_le(1.0), write_le(0.3)) == ('le=~"1|1.0"', 'le="0.3"')


@pytest.mark.parametrize("name", ALL)
def test_everything_proposed_has_a_reason(name: str) -> None:
    """Every value of the section is said, or has a reason of its own or of the record it stands in."""
    made = plan_of(name)
    for path in made.paths():
        if path.startswith("monitoring."):
            assert not made.why(path).reason.startswith("follows from"), path


def test_views_are_there() -> None:
    """SLOs, alerts, factors, the burn-rate chart and metrics are shown, and pages are told in plain words."""
    section = plan_of("shop").monitoring
    assert [one.name for one in section.views] == ["slos", "alerts", "burn-rates", "burn-rate", "metrics"]
    words = section["alerts"].frame.set_index("alert").loc["place_order_availability_burn_1h", "in plain words"]
    assert "More than 1.44 % of the requests of place_order were bad in the last 1 h" in words and "2.08 days" in words
