"""Schemathesis over the running service: examples, coverage of every schema, random input, and sequences that follow links.

All its checks are on. Two of their bounds are moved, each for a reason: a request may be well formed and still be refused
because of what is there (422 with the place, 412 with an old version, 402 by a provider). That a refusal as 'schema' only
ever meets what breaks the schema is checked here instead.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archnb import Design, load, plan
from archnb.serve import Limits
from archnb.verify.service import FilledService, open_service
from tests.designs import ALL

pytestmark = [
    pytest.mark.needs("serve", "schemathesis"),
    # it warns of its own settings and of hypothesis' database, which it does not use here
    pytest.mark.filterwarnings("ignore"),
]
ROOT = Path(__file__).parents[2] / "shared" / "cases" / "designs"
EXAMPLES, STEPS = 2, 5
CONFIG: dict[str, Any] = {
    # "deterministic" alone leaves the order of operations and the sequences to a seed of the day
    "seed": 1,
    # how long data take to be made is the machine's affair
    "suppress-health-check": ["all"],
    "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none", "no-shrink": True},
    "phases": {"stateful": {"max-steps": STEPS, "generation": {"max-examples": EXAMPLES}}},
    "checks": {
        # RFC 6585, section 3: a change without If-Match is answered with 428
        "missing_required_header": {"expected-statuses": ["400", "401", "403", "406", "415", "422", "428"]},
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "3xx", "401", "402", "403", "404", "409", "412", "422", "429"]
        },
    },
}


def find_failures(design: Design) -> tuple[list[str], set[int]]:
    """What schemathesis finds on the service of a design, and the statuses that it saw."""
    made = plan(design)
    with open_service(made, limits=Limits(is_strict=False)) as service:
        return run(service)


def run(service: FilledService) -> tuple[list[str], set[int]]:
    """Run every phase of schemathesis in this process, each request with a token of a role that may."""
    import schemathesis
    from schemathesis import engine
    from schemathesis.config import SchemathesisConfig

    schema = schemathesis.openapi.from_asgi("/openapi.json", service.app, config=SchemathesisConfig.from_dict(CONFIG))
    tokens: dict[str, str] = {}

    @schema.auth(refresh_interval=None)
    class Token:
        """Somebody who may, on any row if there is such a role."""

        def get(self, case: Any, context: Any) -> str | None:
            operation = service.planned.operations.get(case.operation.definition.raw.get("operationId"))
            grants = {} if operation is None else operation.grants
            for role in sorted(
                (one for one in grants if not grants[one].is_refused), key=lambda one: grants[one].kind != "any"
            ):
                caller = service.people.find(role, "")
                if caller is not None:
                    return tokens.setdefault(role, service.tokens.issue(caller))
            return None

        def set(self, case: Any, data: str | None, context: Any) -> None:
            if data is not None:
                case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}

    failures: dict[str, None] = {}
    statuses: set[int] = set()
    for event in engine.from_schema(schema).execute():
        kind = type(event).__name__
        if kind in ("NonFatalError", "FatalError"):
            failures[f"{kind}: {getattr(event, 'label', '')}: {str(getattr(event, 'info', ''))[:400]}"] = None
        if kind != "ScenarioFinished":
            continue
        recorder = event.recorder
        for name, checks in recorder.checks.items():
            case, interaction = recorder.cases[name].value, recorder.interactions.get(name)
            response = interaction.response if interaction is not None else None
            for check in checks:
                if str(check.status) != "success" and check.failure_info is not None:
                    told = f"{case.operation.label}: {check.failure_info.failure.message[:200]}"
                    failures[f"{told} | {response.content[:300] if response is not None else ''!r}"] = None
            if response is not None:
                statuses.add(response.status_code)
                if response.status_code == 422 and case.meta is not None and case.meta.generation.mode.is_positive:
                    problem = json.loads(response.content)
                    refused = [one for one in problem.get("errors", ()) if one.get("code") == "schema"]
                    if any(not breaks_parameter(service, case, one["pointer"]) for one in refused):
                        failures[f"{case.operation.label}: well formed and refused: {problem['errors'][:2]}"] = None
    return list(failures), statuses


def breaks_parameter(service: FilledService, case: Any, pointer: str) -> bool:
    """Whether a refused parameter does break its own schema: an inferred link gives what an answer has, which may be null."""
    import jsonschema

    operation = service.planned.operations.get(case.operation.definition.raw.get("operationId"))
    parameter = operation.contract.parameters.get(pointer[1:]) if operation is not None else None
    given = {**(case.path_parameters or {}), **(case.query or {})}
    if parameter is None or pointer[1:] not in given:
        return False
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return not jsonschema.Draft202012Validator(parameter.schema, format_checker=checker).is_valid(given[pointer[1:]])


@pytest.mark.parametrize("name", sorted(ALL))
def test_nothing_is_found_on_the_shipped_designs(name: str) -> None:
    """No check of any phase fails, and what was sent was answered, not only refused."""
    failures, statuses = find_failures(ALL[name]())
    assert failures == []
    assert {200, 201, 404, 422} <= statuses


@pytest.mark.needs("workshop")
@pytest.mark.parametrize("name", ["booking", "chat", "feed", "iot", "ledger", "ride", "saas", "video"])
def test_nothing_is_found_on_other_designs(name: str) -> None:
    """The same on designs of eight domains."""
    failures, statuses = find_failures(load(ROOT / f"{name}.yaml"))
    assert failures == []
    assert statuses & {200, 201} and 422 in statuses
