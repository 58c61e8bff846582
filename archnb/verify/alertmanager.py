"""Alertmanager: `amtool` reads the configuration as Alertmanager does; routing and inhibition are gone through for every alert."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archnb.export.alertmanager import PAGES, TICKETS, export_alertmanager
from archnb.export.prometheus import export_prometheus
from archnb.verify.documents import read_yaml
from archnb.verify.proof import Check, Proof, conclude

if TYPE_CHECKING:
    from archnb.plan import Plan

ARTEFACT, ROUTING = "Alertmanager configuration", "Alertmanager configuration, its routing"
SECONDS = 60
_MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')

Labels = Mapping[str, str]


def verify_alertmanager(plan: Plan, **_: Any) -> tuple[Proof, ...]:
    """Check the configuration with amtool, and go through its routes and inhibitions with the alerts of the rules."""
    source = export_alertmanager(plan)
    config = read_yaml(source.text)
    groups = read_yaml(export_prometheus(plan).text).get("groups") or []
    alerts = [
        {"alertname": str(rule["alert"]), **rule["labels"]} | _name_slo(group["name"])
        for group in groups
        for rule in group["rules"]
        if "alert" in rule
    ]
    return _run_amtool(source.text), _go_through(config, alerts)


def _name_slo(group: str) -> dict[str, str]:
    # an alert on a recorded ratio has its SLO's label
    return {"slo": group.removeprefix("slo_")} if group.startswith("slo_") else {}


def _run_amtool(text: str) -> Proof:
    started = time.perf_counter()
    tool = shutil.which("amtool")
    if tool is None:
        told = "amtool is not on the PATH: the YAML can be read, whether Alertmanager takes it is not known. Next: install Alertmanager (Debian: apt install prometheus-alertmanager)."
        return Proof(ARTEFACT, "amtool", "", "not verified", 1, 0.0, "not run", (Check("amtool", "not run", told),))
    with tempfile.TemporaryDirectory(prefix="archnb-") as folder:
        path = Path(folder) / "alertmanager.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            done = _call(tool, "check-config", str(path))
            said, is_good = done.stdout + done.stderr, done.returncode == 0
        except subprocess.TimeoutExpired:
            said, is_good = f"no answer within {SECONDS} s", False
    found = re.search(r"version (\S+)", (version := _call(tool, "--version")).stdout + version.stderr)
    check = Check("amtool check-config", "passed" if is_good else "failed", " ".join(said.split())[:600])
    seconds = time.perf_counter() - started
    return Proof(
        ARTEFACT, "amtool", found[1] if found else "unknown", "parsed or schema-checked", 1, seconds, check.verdict,
        (check,),
    )  # fmt: skip


def _call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, timeout=SECONDS, check=False)


def _matches(matchers: Iterable[str], labels: Labels) -> bool:
    """Whether every matcher holds; a label that is not there is empty, as Alertmanager has it."""
    for text in matchers:
        found = _MATCHER.fullmatch(text)
        if found is None:
            return False
        value, sign, wanted = labels.get(found[1], ""), found[2], found[3]
        is_same = re.fullmatch(wanted, value) is not None if "~" in sign else value == wanted
        if is_same == sign.startswith("!"):
            return False
    return True


def _find_route(config: Mapping[str, Any], labels: Labels) -> Mapping[str, Any]:
    """The first route below the top that matches, else the top itself."""
    top: Mapping[str, Any] = config["route"]
    return next(({**top, **one} for one in top.get("routes") or () if _matches(one["matchers"], labels)), top)


def _is_hushed(config: Mapping[str, Any], labels: Labels, firing: list[dict[str, str]]) -> bool:
    """Whether a firing alert silences another: it matches a source, the other its target, and they are equal where they must be."""
    return any(
        _matches(rule["target_matchers"], labels)
        and _matches(rule["source_matchers"], source)
        and all(source.get(name, "") == labels.get(name, "") for name in rule.get("equal") or ())
        for rule in config.get("inhibit_rules") or ()
        for source in firing
        if source is not labels
    )


def _list_messages(config: Mapping[str, Any], firing: list[dict[str, str]], receiver: str) -> set[tuple[str, ...]]:
    """The groups of alerts that a receiver gets a message of."""
    routed = ((labels, _find_route(config, labels)) for labels in firing if not _is_hushed(config, labels, firing))
    return {
        tuple(labels.get(name, "") for name in route["group_by"])
        for labels, route in routed
        if route["receiver"] == receiver
    }


def _go_through(config: Mapping[str, Any], alerts: list[dict[str, str]]) -> Proof:
    started = time.perf_counter()
    checks = tuple(_check_routing(config, alerts))
    seconds = time.perf_counter() - started
    return Proof(ROUTING, "archnb", "", "emulated", len(alerts), seconds, conclude(checks), checks)


def _check_routing(config: Mapping[str, Any], alerts: list[dict[str, str]]) -> Iterator[Check]:
    """Each severity reaches its receiver; an outage is one page; an operation that fails alone is told of."""
    wrong = [
        one["alertname"]
        for one in alerts
        if _find_route(config, one)["receiver"] != (PAGES if one["severity"] == "page" else TICKETS)
    ]
    told = f"not to their receiver: {', '.join(wrong[:5])}" if wrong else f"{len(alerts)} alerts reach their receivers"
    yield Check("receivers", "failed" if wrong else "passed", told)
    pages = len(_list_messages(config, alerts, PAGES))
    text = f"all {len(alerts)} alerts fire: {pages} page{'s' * (pages != 1)}"
    is_any = any(one["severity"] == "page" for one in alerts)
    yield Check("one page an incident", "passed" if pages == int(is_any) else "failed", text)
    lonely = [
        one["alertname"] for one in alerts
        if not _list_messages(config, [one], PAGES if one["severity"] == "page" else TICKETS)
    ]  # fmt: skip
    told = f"hushed by themselves: {', '.join(lonely[:5])}" if lonely else "each alert that fires alone is told of"
    yield Check("nothing is lost", "failed" if lonely else "passed", told)


__all__ = ["verify_alertmanager"]
