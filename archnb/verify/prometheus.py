"""Prometheus: `promtool` parses the rules with Prometheus' own parser, and evaluates them over the series of their tests."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archnb.export.prometheus import export_prometheus, export_prometheus_tests
from archnb.verify.documents import read_yaml
from archnb.verify.proof import Check, Proof

if TYPE_CHECKING:
    from archnb.plan import Plan

RULES, TESTS = "Prometheus rules", "Prometheus rules, their tests"
SECONDS = 60


def verify_prometheus(plan: Plan, **_: Any) -> tuple[Proof, ...]:
    """Check the rules and run their tests with promtool; without it they are only read as YAML, which proves nothing."""
    started = time.perf_counter()
    rules, tests = export_prometheus(plan), export_prometheus_tests(plan)
    groups, cases = read_yaml(rules.text).get("groups") or [], read_yaml(tests.text)
    count, tested = sum(len(group["rules"]) for group in groups), len(cases.get("tests") or ())
    tool = shutil.which("promtool")
    if tool is None:
        text = "promtool is not on the PATH: the YAML can be read, whether Prometheus takes it is not known. Next: install Prometheus (Debian: apt install prometheus)."
        missing = Check("promtool", "not run", text)
        seconds = time.perf_counter() - started
        return (
            Proof(RULES, "promtool", "", "not verified", count, seconds, "not run", (missing,)),
            Proof(TESTS, "promtool", "", "not verified", tested, 0.0, "not run", (missing,)),
        )
    version = _read_version(tool)
    with tempfile.TemporaryDirectory(prefix="archnb-") as folder:
        (Path(folder) / rules.filename).write_text(rules.text, encoding="utf-8")
        names = _split(Path(folder), groups, cases)
        checked = _run(tool, "check", [rules.filename], folder, RULES, version, count)
        return checked, _run(tool, "test", names, folder, TESTS, version, tested)


def _split(folder: Path, groups: list[Any], cases: Mapping[str, Any]) -> list[str]:
    """Write each group of rules with its own tests; gives the names of the test files.

    A test evaluates every rule of its files, so that all tests over all rules take minutes where this takes seconds. An
    alert needs no other group than its own: each holds what it records.
    """
    home = {rule["alert"]: n for n, group in enumerate(groups) for rule in group["rules"] if "alert" in rule}
    parts: dict[int, list[Any]] = {}
    for case in cases.get("tests") or ():
        found = {home.get(one["alertname"], -1) for one in case.get("alert_rule_test") or ()}
        parts.setdefault(found.pop() if len(found) == 1 else -1, []).append(case)
    names = []
    for number, own in parts.items():
        # a test of several groups, or of none that is known, gets all of them
        used = groups if number < 0 else [groups[number]]
        (folder / f"rules-{number}.json").write_text(json.dumps({"groups": used}), encoding="utf-8")
        made = {**cases, "rule_files": [f"rules-{number}.json"], "tests": own}
        (folder / f"tests-{number}.json").write_text(json.dumps(made), encoding="utf-8")
        names.append(f"tests-{number}.json")
    return names


def _read_version(tool: str) -> str:
    done = subprocess.run([tool, "--version"], capture_output=True, text=True, timeout=SECONDS, check=False)
    found = re.search(r"version (\S+)", done.stdout + done.stderr)
    return found[1] if found else "unknown"


def _run(tool: str, verb: str, filenames: list[str], folder: str, artefact: str, version: str, count: int) -> Proof:
    """`check` parses and says so; `test` evaluates the rules on Prometheus' engine."""
    started = time.perf_counter()
    kind: Any = "executed on the engine" if verb == "test" else "parsed or schema-checked"
    if not count:
        none = Check(f"promtool {verb} rules", "not run", "the design has none")
        return Proof(artefact, "promtool", version, "not verified", 0, 0.0, "not run", (none,))
    try:
        done = subprocess.run(
            # one processor is faster for so many small tests, and leaves the other to the databases
            [tool, verb, "rules", *filenames],
            cwd=folder,
            env={**os.environ, "GOMAXPROCS": "1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        said, is_good = f"{done.stdout}\n{done.stderr}", done.returncode == 0
    except subprocess.TimeoutExpired:
        said, is_good = f"no answer within {SECONDS} s", False
    what = (
        "rules were parsed" if verb == "check" else "tests: every alert fires above its threshold and is silent below"
    )
    text = f"{count} {what}" if is_good else _read_failure(said)
    check = Check(f"promtool {verb} rules", "passed" if is_good else "failed", text)
    seconds = time.perf_counter() - started
    return Proof(artefact, "promtool", version, kind, count, seconds, check.verdict, (check,))


def _read_failure(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    useful = [line for line in lines if not line.startswith(("Checking", "Unit Testing", "SUCCESS"))]
    return " | ".join(useful[:6])[:600] or "promtool failed without a word"
