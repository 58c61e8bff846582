"""The Prometheus exporter: rule files that promtool accepts, and unit tests that promtool passes."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from archnb import Plan, plan
from tests.designs import ALL

GOLDEN = Path(__file__).parent / "golden"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.needs("promtool")


@lru_cache
def plan_of(name: str) -> Plan:
    """A sample design's plan, made once."""
    return plan(ALL[name]())


def parse(text: str) -> Any:
    """A YAML text as plain data."""
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(text)


def run(tmp_path: Path, *arguments: str) -> str:
    """What promtool says; raises where it finds fault."""
    done = subprocess.run([str(PROMTOOL), *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def write(tmp_path: Path, made: Plan) -> None:
    """Both artefacts in a folder."""
    for name in ("prometheus", "prometheus-tests"):
        source = made.export(name)
        (tmp_path / source.filename).write_text(source.text, encoding="utf-8")


@pytest.mark.parametrize("name", ALL)
def test_every_alert_is_exported_once(name: str) -> None:
    """The file parses, and holds every alert of the plan under its own name."""
    made = plan_of(name)
    rules = [rule for group in parse(made.export("prometheus").text)["groups"] for rule in group["rules"]]
    assert sorted(rule["alert"] for rule in rules if "alert" in rule) == sorted(made.design.monitoring.alerts)


@pytest.mark.parametrize("name", ALL)
def test_every_series_an_alert_reads_is_recorded(name: str) -> None:
    """Each recorded ratio that a burn-rate alert compares has a recording rule with the same SLO and window."""
    import re

    for group in parse(plan_of(name).export("prometheus").text)["groups"]:
        recorded = {rule["record"] for rule in group["rules"] if "record" in rule}
        for rule in group["rules"]:
            if "alert" in rule and group["name"].startswith("slo_"):
                assert set(re.findall(r"slo:[a-z_]+:rate\w+", rule["expr"])) <= recorded


def test_threshold_is_factor_times_budget() -> None:
    """The page of a 99.9 % SLO compares both windows with 14.4 × 0.001, and asks for traffic."""
    text = plan_of("shop").export("prometheus").text
    rules = {rule["alert"]: rule for group in parse(text)["groups"] for rule in group["rules"] if "alert" in rule}
    expression = rules["place_order_availability_burn_1h"]["expr"]
    assert 'slo:error_ratio:rate1h{slo="place_order_availability"} > 0.0144' in expression
    assert 'slo:error_ratio:rate5m{slo="place_order_availability"} > 0.0144' in expression
    assert 'slo:requests:rate1h{slo="place_order_availability"} > 0.097' in expression
    assert "for" not in rules["place_order_availability_burn_1h"]


def test_every_alert_is_tested_firing_and_silent() -> None:
    """The unit tests hold, for every alert of the shop, a case that expects it and one that expects silence."""
    made = plan_of("shop")
    cases: dict[str, set[bool]] = {}
    for test in parse(made.export("prometheus-tests").text)["tests"]:
        for one in test["alert_rule_test"]:
            cases.setdefault(one["alertname"], set()).add(bool(one["exp_alerts"]))
    assert cases == {name: {True, False} for name in made.design.monitoring.alerts}


@pytest.mark.parametrize("artefact", ["prometheus", "prometheus-tests", "alertmanager", "grafana"])
def test_golden(artefact: str, request: pytest.FixtureRequest) -> None:
    """The artefacts of the tiny design are those on file; --refresh-goldens writes them anew."""
    text = plan_of("tiny").export(artefact).text
    path = GOLDEN / (
        "prometheus-rules.yaml"
        if artefact == "prometheus"
        else f"{artefact}.{'json' if artefact == 'grafana' else 'yaml'}"
    )
    if request.config.getoption("--refresh-goldens", default=False):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@needs_promtool
@pytest.mark.parametrize("name", ALL)
def test_promtool_accepts_the_rules(tmp_path: Path, name: str) -> None:
    """promtool check rules finds every rule of every sample design valid, hostile names among them."""
    write(tmp_path, plan_of(name))
    assert "SUCCESS" in run(tmp_path, "check", "rules", "prometheus-rules.yaml")


@needs_promtool
@pytest.mark.parametrize("name", ["tiny", "awkward"])
def test_promtool_proves_every_alert(tmp_path: Path, name: str) -> None:
    """Every alert fires just above its threshold, and is silent just below and where hardly anybody comes."""
    write(tmp_path, plan_of(name))
    assert "SUCCESS" in run(tmp_path, "test", "rules", "prometheus-tests.yaml")


@needs_promtool
def test_promtool_would_notice_a_wrong_threshold(tmp_path: Path) -> None:
    """With a threshold ten times higher the same unit tests fail: they can."""
    import re

    write(tmp_path, plan_of("tiny"))
    path = tmp_path / "prometheus-rules.yaml"
    path.write_text(
        re.sub(r"(slo:error_ratio:rate1h\{[^}]*\}) > [\d.]+", r"\1 > 0.99", path.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
    done = subprocess.run(
        [str(PROMTOOL), "test", "rules", "prometheus-tests.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode != 0 and "FAILED" in done.stdout + done.stderr


@needs_promtool
def test_an_alert_on_the_rate_of_a_counter_fires_once_it_has_waited(tmp_path: Path) -> None:
    """A rate begins at the second evaluation, and an alert that waits from there fires at the third; a search store has one."""
    from archnb import load

    made = plan(load(Path(__file__).parent / "domains" / "designs" / "chat.yaml"))
    assert "search_turns_requests_away" in made.export("prometheus-tests").text
    write(tmp_path, made)
    assert "SUCCESS" in run(tmp_path, "test", "rules", "prometheus-tests.yaml")
