"""Grafana: the dashboard against the model that Grafana imports, and each of its queries by promtool's parser."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archnb.export.grafana import export_grafana
from archnb.verify.proof import Check, Proof, conclude

if TYPE_CHECKING:
    from archnb.plan import Plan

ARTEFACT = "Grafana dashboard"
SECONDS = 60
# what the dashboard and each panel must have, and of which type (Grafana, "Dashboard JSON model")
_DASHBOARD: Mapping[str, type] = {
    "uid": str, "title": str, "tags": list, "schemaVersion": int, "time": dict, "templating": dict, "annotations": dict, "panels": list,
}  # fmt: skip
_PANEL: Mapping[str, type] = {"id": int, "type": str, "title": str, "gridPos": dict}
_SHOWN: Mapping[str, type] = {"datasource": dict, "targets": list, "fieldConfig": dict}


def verify_grafana(plan: Plan, **_: Any) -> Proof:
    """Check the dashboard's structure, its layout and its queries; that Grafana draws it is not tried."""
    started = time.perf_counter()
    data = json.loads(export_grafana(plan).text)
    faults = list(_check_model(data))
    checks = [Check("dashboard model", "failed" if faults else "passed", "; ".join(faults[:5]) or f"{len(data['panels'])} panels, each placed on its own")]  # fmt: skip
    checks.append(_check_queries(data))
    seconds = time.perf_counter() - started
    return Proof(
        ARTEFACT, "promtool", "", "parsed or schema-checked", len(data["panels"]), seconds, conclude(checks),
        tuple(checks),
    )  # fmt: skip


def _check_types(what: str, record: Mapping[str, Any], wanted: Mapping[str, type]) -> Iterator[str]:
    for name, kind in wanted.items():
        if not isinstance(record.get(name), kind):
            yield f"{what} has no {name} of type {kind.__name__}"


def _check_model(data: Mapping[str, Any]) -> Iterator[str]:
    """What is not as the model has it: fields, ids that are there twice, panels that lie over each other."""
    yield from _check_types("the dashboard", data, _DASHBOARD)
    if len(data.get("uid", "")) > 40:
        yield "uid is longer than 40 characters"
    panels = data.get("panels", [])
    for panel in panels:
        what = f"panel {panel.get('title')!r}"
        yield from _check_types(what, panel, _PANEL if panel.get("type") == "row" else {**_PANEL, **_SHOWN})
        for target in panel.get("targets", ()):
            yield from _check_types(f"a query of {what}", target, {"refId": str, "expr": str})
    if len({panel.get("id") for panel in panels}) < len(panels):
        yield "two panels have one id"
    rows: dict[int, list[Mapping[str, Any]]] = {}
    for panel in panels:
        rows.setdefault(panel["gridPos"]["y"], []).append(panel)
    for line in rows.values():
        for one, other in combinations(line, 2):
            a, b = one["gridPos"], other["gridPos"]
            if a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"]:
                yield f"{one['title']!r} lies over {other['title']!r}"
        if any(one["gridPos"]["x"] + one["gridPos"]["w"] > 24 for one in line):
            yield "a panel reaches over the 24 columns"


def _check_queries(data: Mapping[str, Any]) -> Check:
    """Have promtool parse every query, each as a recording rule."""
    queries = [target["expr"] for panel in data["panels"] for target in panel.get("targets", ())]
    tool = shutil.which("promtool")
    if tool is None:
        return Check("queries", "not run", "promtool is not on the PATH. Next: install Prometheus (Debian: apt install prometheus).")  # fmt: skip
    rules = [{"record": f"panel:query:{n}", "expr": one} for n, one in enumerate(queries)]
    with tempfile.TemporaryDirectory(prefix="archnb-") as folder:
        path = Path(folder) / "queries.json"
        path.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")
        done = subprocess.run(
            [tool, "check", "rules", str(path)], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    if done.returncode == 0:
        return Check("queries", "passed", f"{len(queries)} queries were parsed")
    return Check("queries", "failed", " ".join((done.stdout + done.stderr).split())[:600])


__all__ = ["verify_grafana"]
