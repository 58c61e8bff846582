"""Exporters: each translates a plan into one artefact in one outside language.

`EXPORTERS` is the whole registry: a name and "module:function", loaded when first asked for. A function takes the plan
and its own options and gives a `Source`.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from archnb.exceptions import ArchnbError, unknown

if TYPE_CHECKING:
    from archnb.plan import Plan
    from archnb.shapes import Source

EXPORTERS: dict[str, str] = {
    "sql": "archnb.export.sql:export_sql",
    "queries": "archnb.export.queries:export_queries",
    "row-security": "archnb.export.row_security:export_row_security",
    "cedar": "archnb.export.cedar:export_cedar",
    "cedar-schema": "archnb.export.cedar:export_cedar_schema",
    "openfga": "archnb.export.openfga:export_openfga",
    "openapi": "archnb.export.openapi:export_openapi",
    "graphql": "archnb.export.graphql:export_graphql",
    "proto": "archnb.export.proto:export_proto",
    "prometheus": "archnb.export.prometheus:export_prometheus",
    "prometheus-tests": "archnb.export.prometheus:export_prometheus_tests",
    "alertmanager": "archnb.export.alertmanager:export_alertmanager",
    "grafana": "archnb.export.grafana:export_grafana",
}


def load_exporter(name: str) -> Callable[..., Source]:
    """The function of an exporter. Raises ArchnbError with the nearest name where there is none."""
    if name not in EXPORTERS:
        raise ArchnbError(unknown("exporter", name, EXPORTERS))
    module, _, function = EXPORTERS[name].partition(":")
    found: Callable[..., Source] = getattr(importlib.import_module(module), function)
    return found


def export(plan: Plan, name: str, **options: Any) -> Source:
    """Translate a plan into an artefact: `export(plan, "sql", dialect="mysql")`.

    Raises ArchnbError where the name or an option is not known.
    """
    function = load_exporter(name)
    allowed = list(inspect.signature(function).parameters)[1:]
    for option in options:
        if option not in allowed:
            raise ArchnbError(unknown(f"option of exporter {name!r}", option, allowed))
    return function(plan, **options)


def export_all(plan: Plan) -> list[Source]:
    """Every artefact of a plan with its usual options, in the order of the registry."""
    return [export(plan, name) for name in EXPORTERS]


__all__ = ["EXPORTERS", "export", "export_all", "load_exporter"]
