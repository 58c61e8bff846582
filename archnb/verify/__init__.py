"""Verifiers: each runs one artefact on the real thing, or says honestly that it was not.

`VERIFIERS` is the whole registry: a name and "module:function", loaded when first asked for. A function takes the plan
and the servers that were given, and gives a `Proof`, or several where an artefact is proven in two ways.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from archnb.exceptions import ArchnbError, unknown
from archnb.verify.proof import Check, Evidence, Proof, Served

if TYPE_CHECKING:
    from archnb.plan import Plan

VERIFIERS: dict[str, str] = {
    "postgresql": "archnb.verify.postgresql:verify_postgresql",
    "mysql": "archnb.verify.mysql:verify_mysql",
    "sqlite": "archnb.verify.sqlite:verify_sqlite",
    "row-security": "archnb.verify.row_security:verify_row_security",
    "cedar": "archnb.verify.cedar:verify_cedar",
    "openapi": "archnb.verify.openapi:verify_openapi",
    "graphql": "archnb.verify.graphql:verify_graphql",
    "proto": "archnb.verify.proto:verify_proto",
    "examples": "archnb.verify.answers:verify_answers",
    "service": "archnb.verify.journeys:verify_journeys",
    "protocols": "archnb.verify.protocols:verify_protocols",
    "prometheus": "archnb.verify.prometheus:verify_prometheus",
    "alertmanager": "archnb.verify.alertmanager:verify_alertmanager",
    "grafana": "archnb.verify.grafana:verify_grafana",
}
# what only waits for another program runs beside the rest; what computes here would make the databases' round trips wait
ASIDE = ("prometheus", "alertmanager", "grafana")


def load_verifier(name: str) -> Callable[..., Proof | tuple[Proof, ...]]:
    """The function of a verifier. Raises ArchnbError with the nearest name where there is none."""
    if name not in VERIFIERS:
        raise ArchnbError(unknown("verifier", name, VERIFIERS))
    module, _, function = VERIFIERS[name].partition(":")
    found: Callable[..., Proof | tuple[Proof, ...]] = getattr(importlib.import_module(module), function)
    return found


def verify(
    plan: Plan, postgresql: str | None = None, mysql: str | None = None, only: str | Iterable[str] | None = None
) -> Evidence:
    """Run every artefact of a plan on the real thing.

    postgresql, mysql: the URL of a server to use; a database is made there and dropped again. Without one, a private
    server is started where the machine has the programs. only: names of VERIFIERS. Raises EngineMissing where a given
    server does not answer, ArchnbError where a name is not known.
    """
    names = list(VERIFIERS) if only is None else [only] if isinstance(only, str) else list(only)
    functions = {name: load_verifier(name) for name in names}
    servers = {"postgresql": postgresql, "mysql": mysql}
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="archnb-verify") as aside:
        waiting = {name: aside.submit(functions[name], plan, **servers) for name in functions if name in ASIDE}
        found = {name: one(plan, **servers) for name, one in functions.items() if name not in ASIDE}
        found |= {name: one.result() for name, one in waiting.items()}
    proofs: list[Proof] = []
    for name in functions:
        made = found[name]
        proofs += [made] if isinstance(made, Proof) else made
    return Evidence(tuple(proofs))


__all__ = ["VERIFIERS", "Check", "Evidence", "Proof", "Served", "load_verifier", "verify"]
