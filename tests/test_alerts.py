"""Alerts that wake the right person: an outage seen from outside, little traffic, data that is old, a copy that falls behind."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from archnb import Design, Plan, plan
from archnb.export.yaml_text import write_yaml

needs_promtool = pytest.mark.needs("promtool")

# a public library: books are looked up all day, a few are lent
LIBRARY: dict[str, Any] = {
    "archnb": 1,
    "name": "library",
    "requirements": {
        "load": {"daily_users": "300k", "requests_per_user": "40/day", "peak_factor": 3, "read_share": "97%"},
        "objectives": {
            "find_book": {"latency_p95": "150 ms", "availability": "99.9%", "staleness": "2 min"},
            "lend_book": {"latency_p99": "900 ms", "availability": "99.9%"},
        },
    },
    "entities": {
        "Book": {"fields": {"id": "key", "title": "text(200)", "shelf": "text(20)"}, "rows": "400k"},
        "Loan": {
            "fields": {"id": "key", "book": "-> Book", "lent_at": "timestamp"},
            "rows": "2M",
            "growth": "9k/day",
        },
    },
    "access": {
        "find_book": {"reads": "Book", "by": "id", "limit": 1, "rate": "400/s", "roles": "public"},
        "move_book": {"writes": "Book", "action": "update", "by": "id", "rate": "1/s", "roles": "staff"},
        "lend_book": {"writes": "Loan", "action": "create", "rate": "2/s", "roles": "staff"},
    },
}


def planned(**more: Any) -> Plan:
    """The library with other sections."""
    return plan(Design.of(LIBRARY | more))


def village() -> Plan:
    """A library of a village: a loan or two an hour, under the same promise."""
    few = {name: {**one, "rate": rate} for (name, one), rate in zip(LIBRARY["access"].items(), ("30/h", "2/h", "9/h"), strict=True)}  # fmt: skip
    load = {"daily_users": 40, "requests_per_user": "10/day", "peak_factor": 3, "read_share": "80%"}
    objectives = {"lend_book": {"latency_p99": "900 ms", "availability": "99.9%"}}
    return planned(access=few, requirements={"load": load, "objectives": objectives})


def firing(tmp_path: Path, made: Plan, series: Mapping[str, str], at: str, group: str = "") -> bool:
    """Whether a page fires at a time, over these series, evaluated by promtool each minute, or all five; of one group where one is named."""
    groups = YAML(typ="safe").load(str(made.export("prometheus").text))["groups"]
    used = [one for one in groups if group in ("", one["name"])]
    (tmp_path / "rules.yaml").write_text(write_yaml({"groups": used}), encoding="utf-8")
    query = '(count(ALERTS{alertstate="firing",severity="page"}) or vector(0)) > bool 0'
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": query, "eval_time": at, "exp_samples": [{"labels": "{}", "value": 1}]}],
    }
    file = tmp_path / "test.yaml"
    data = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m" if group else "5m", "tests": [test]}
    file.write_text(write_yaml(data), encoding="utf-8")
    tool = str(shutil.which("promtool"))
    done = subprocess.run(
        [tool, "test", "rules", file.name], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0 or "got:" in said, said
    return done.returncode == 0


def requests(rate: str, then: str = "") -> dict[str, str]:
    """The counter of one operation: it grows for six hours, then what is said."""
    return {
        'http_requests_total{operation="find_book",method="GET",status="200"}': f"0+{rate}x360 {then}",
        'http_request_duration_seconds_count{operation="find_book"}': f"0+{rate}x360 {then}",
        'http_request_duration_seconds_bucket{operation="find_book",le="0.15"}': f"0+{rate}x360 {then}",
        'probe_success{instance="outside"}': "1+0x900",
    }


@needs_promtool
@pytest.mark.parametrize(
    ("then", "is_paged"),
    [("_x60", True), ("2880000+0x60", True), ("2880000+8000x60", False), ("2880000+4000x60", False)],
    ids=["the series vanish", "the counters stand still", "as ever", "half as many"],
)
def test_an_outage_pages_within_minutes(tmp_path: Path, then: str, is_paged: bool) -> None:
    """A quarter of an hour after nobody is answered any more somebody is woken; by less traffic nobody is."""
    assert firing(tmp_path, planned(), requests("8000", then), "6h15m", "outage") is is_paged


@needs_promtool
def test_a_failed_call_from_outside_pages(tmp_path: Path) -> None:
    """Twice running is an outage, once is not; the counters know nothing of it."""
    series = requests("8000", "2880000+8000x60")
    for values, is_paged in (("1+0x360 0+0x60", True), ("1+0x368 0 1+0x60", False)):
        assert (
            firing(tmp_path, planned(), series | {'probe_success{instance="outside"}': values}, "6h9m", "outage")
            is is_paged
        )


@needs_promtool
def test_a_day_as_planned_wakes_nobody(tmp_path: Path) -> None:
    """All rules over a day that rises and falls by the peak factor: no page."""
    day = requests("8000", "2880000+24000x360 11520000+2700x360")
    assert not firing(tmp_path, planned(), day, "17h50m")


@needs_promtool
def test_nothing_deployed_yet_wakes_nobody(tmp_path: Path) -> None:
    """What was never measured is not gone."""
    assert not firing(tmp_path, planned(), {'up{instance="one"}': "1+0x60"}, "1h")


@needs_promtool
def test_where_few_come_one_error_wakes_nobody_and_several_do(tmp_path: Path) -> None:
    """A loan every few minutes: one that fails is chance, eight in an hour are not."""
    made = village()
    good = 'http_requests_total{operation="lend_book",method="POST",status="201"}'
    bad = 'http_requests_total{operation="lend_book",method="POST",status="500"}'
    for values, is_paged in (("0+0x400 1+0x60", False), ("0+0x400 1+1x8", True)):
        assert (
            firing(tmp_path, made, {good: "0+0.05x460", bad: values}, "6h48m", "slo_lend_book_availability") is is_paged
        )


def test_every_promise_of_little_traffic_has_an_alert_of_its_own() -> None:
    """Availability by a count over a long window, with the number that chance does not reach and its reason; and the probe."""
    made = village()
    monitoring = made.planned.monitoring
    watched = {one.slo for one in (*monitoring.burn_alerts.values(), *monitoring.count_alerts.values())}
    assert {"lend_book_availability", "lend_book_latency"} <= watched
    assert all(one.errors.base >= 5 for one in monitoring.count_alerts.values())
    assert "probe_fails" in monitoring.metric_alerts and "requests_stopped" not in monitoring.traffic_alerts
    name = next(iter(monitoring.count_alerts))
    assert "it is no chance" in made.why(f"monitoring.alerts.{name}").reason


@needs_promtool
def test_the_plans_own_lifetime_sets_off_no_alert(tmp_path: Path) -> None:
    """Kept for twenty minutes where two are allowed: that is for a finding to say, not for an alert that never ends."""
    made = planned(cache={"policies": {"find_book": {"use": True, "ttl": "20 min"}}})
    old = {
        f'answer_age_seconds_bucket{{operation="find_book",le="{le}"}}': f"0+{rate}x600"
        for le, rate in (("120", 1000), ("120.0", 1000), ("1200", 8000), ("+Inf", 8000))
    } | {'answer_age_seconds_count{operation="find_book"}': "0+8000x600"}
    assert not firing(tmp_path, made, old, "9h", "slo_find_book_freshness")
    older = old | {'answer_age_seconds_bucket{operation="find_book",le="1200"}': "0+1000x600"}
    assert firing(tmp_path, made, older, "9h", "slo_find_book_freshness")


@pytest.mark.parametrize("point", ["0 s", "10 s", "1 min", "5 min", "1 h", "1 day"])
def test_lag_is_told_before_the_recovery_point_is_broken(point: str) -> None:
    """Threshold, waiting and measuring are together less than what may be lost; where nothing may, any lag is told at once."""
    alert = planned(
        requirements=LIBRARY["requirements"] | {"recovery": {"rpo": point, "rto": "1 h"}}
    ).planned.monitoring
    behind = alert.metric_alerts["store_replica_behind"]
    allowed = Design.of({"requirements": {"recovery": {"rpo": point}}, "archnb": 1}).requirements.recovery.rpo
    assert allowed is not None
    latest = behind.number + behind.pending.base + 2 * 15
    assert latest < allowed.base or (behind.number, behind.pending.base) == (0, 0)


# -- what no error tells of

HIVES: dict[str, Any] = {
    "archnb": 1,
    "name": "hives",
    "requirements": {"load": {"writes": "200/s", "reads_per_write": 1, "peak_factor": 2}},
    "entities": {
        "Hive": {
            "fields": {"id": "key", "name": "text(80)", "last_seen_at": "timestamp optional"},
            "rows": "30k",
        },
        "Weighing": {
            "fields": {"hive": "-> Hive", "at": "timestamp", "grams": "int"},
            "key": ["hive", "at"],
            "growth": "100/s",
            "rows": 0,
            "retention": "1 year",
        },
    },
    "access": {
        "weigh": {"writes": "Weighing", "action": "create", "rate": "100/s", "roles": "hive"},
        "weight_of_hive": {"reads": "Weighing", "by": "hive", "sort": "-at", "limit": 20, "rate": "9/s", "roles": "keeper"},
    },
}  # fmt: skip


def test_a_hive_that_falls_silent_is_told_of() -> None:
    """A job keeps the time of the last weighing, a metric counts those that missed five of them, an alert reads it."""
    made = plan(Design.of(HIVES))
    assert "Hive.last_seen_at" in str(made.planned.jobs.jobs["keep_hive_last_seen_at"].summary)
    # 30 000 hives, 100 weighings a second: one each five minutes
    assert made.facts["monitoring.silent_after.hive"].to("min") == pytest.approx(25)
    alerts = made.planned.monitoring.metric_alerts
    assert (alerts["hives_silent"].severity, alerts["many_hives_silent"].number) == ("ticket", 1500)


def test_who_sets_the_time_himself_gets_no_job() -> None:
    """A write that sets the time keeps it: nothing else does, and the alert is there all the same."""
    beat = {"writes": "Hive", "action": "update", "by": "id", "sets": ["last_seen_at = now"], "rate": "100/s", "roles": "hive"}  # fmt: skip
    made = plan(Design.of(HIVES | {"access": HIVES["access"] | {"beat": beat}}))
    assert not [one for one in made.planned.jobs.jobs if one.startswith("keep_")]
    assert "hives_silent" in made.planned.monitoring.metric_alerts


def test_without_a_stream_nothing_is_silent() -> None:
    """A time that somebody was last seen at, which no stream feeds, is no sign of life of a device."""
    assert not [one for one in planned().planned.monitoring.metric_alerts if "silent" in one]


# -- who is told


def test_an_outage_is_one_page() -> None:
    """All alerts at once are one message to who is on call; each alone is told of, to its own receiver."""
    from archnb.verify import verify

    routing = verify(planned(), only="alertmanager")[1]
    assert (routing.kind, routing.verdict) == ("emulated", "passed")
    assert any("1 page" in one.text for one in routing.details)


def test_a_route_that_loses_pages_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With pages grouped by alert, or hushed by each other, the same checks fail: they can."""
    from archnb.export.alertmanager import export_alertmanager
    from archnb.shapes import Source
    from archnb.verify import alertmanager

    text = export_alertmanager(planned()).text
    grouping = "group_by:\n        - service\n"
    for old, new in ((grouping, grouping.replace("service", "alertname")), ('severity="page"', 'severity="pages"')):
        changed = text.replace(old, new)
        assert changed != text, text
        source = Source("alertmanager", "", "yaml", changed, filename="alertmanager.yaml")
        monkeypatch.setattr(alertmanager, "export_alertmanager", lambda plan, source=source: source)
        assert alertmanager.verify_alertmanager(planned())[1].verdict == "failed"


@pytest.mark.needs("amtool")
def test_amtool_takes_the_configuration() -> None:
    """amtool check-config reads it as Alertmanager does."""
    from archnb.verify import verify

    assert verify(planned(), only="alertmanager")[0].verdict == "passed"


def test_a_page_names_the_parts_on_the_way() -> None:
    """Whoever is woken reads which parts the operation goes through."""
    alert = planned().planned.monitoring.burn_alerts["lend_book_availability_burn_1h"]
    assert "Its way: " in alert.runbook and "main" in alert.runbook


@needs_promtool
def test_the_dashboard_shows_every_promise_and_every_metric() -> None:
    """A panel each, none over another, and each query is one that Prometheus takes."""
    import json

    from archnb.verify import verify

    made = planned()
    assert [one.verdict for one in verify(made, only="grafana")] == ["passed"]
    titles = {one["title"] for one in json.loads(made.export("grafana").text)["panels"]}
    monitoring = made.planned.monitoring
    assert {*monitoring.metrics} <= titles
    assert {f"{one.replace('_', ' ')}: bad share" for one in monitoring.slos} <= titles


@needs_promtool
def test_a_dashboard_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query with a slip, or two panels in one place, fail: they can."""
    import json

    from archnb.shapes import Source
    from archnb.verify import grafana

    text = planned().export("grafana").text
    slip, over = json.loads(text), json.loads(text)
    slip["panels"][1]["targets"][0]["expr"] += ")"
    over["panels"][2]["gridPos"] = over["panels"][1]["gridPos"]
    for changed in (slip, over):
        source = Source("grafana", "", "json", json.dumps(changed), filename="x.json")
        monkeypatch.setattr(grafana, "export_grafana", lambda plan, source=source: source)
        assert grafana.verify_grafana(planned()).verdict == "failed"
