"""Cedar policies: checked against their schema, and asked for every row in every operation of a small domain."""

from __future__ import annotations

import importlib.util
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from archnb.exceptions import EngineMissing
from archnb.export.cedar import write_policies
from archnb.export.row_security import secure_rows
from archnb.planned.auth import Grant
from archnb.planned.reaching import Row, Rows
from archnb.verify.permissions import Caller, Domain
from archnb.verify.proof import Check, Proof, conclude

if TYPE_CHECKING:
    from archnb.plan import Plan


POLICIES = "Cedar policies"


def verify_cedar(plan: Plan, **_: Any) -> Proof:
    """Check the Cedar policies against their schema, ask for every row in every operation, and compare with the grants."""
    started = time.perf_counter()
    if importlib.util.find_spec("cedarpy") is None:
        text = str(EngineMissing.of_extra("Cedar policies are run by", "cedarpy", "verify"))
        return Proof(POLICIES, "Cedar", "", "not verified", 0, 0.0, "not run", (Check("engine", "not run", text),))
    from importlib.metadata import version

    import cedarpy

    made, domain = write_policies(plan), Domain(plan)
    validated = cedarpy.validate_policies(made.text, made.schema)
    details = [
        Check("schema", "passed", f"{len(plan.planned.operations)} actions; every policy fits the schema")
        if validated.validation_passed
        else Check("schema", "failed", "; ".join(str(one) for one in validated.errors[:3]))
    ]
    if plan.planned.operations:
        policies = cedarpy.PolicySet.from_str(made.text) if hasattr(cedarpy.PolicySet, "from_str") else made.text
        details += _ask_cedar(domain, made, policies)
    count, seconds = made.text.count("@id("), time.perf_counter() - started
    return Proof(
        POLICIES,
        "Cedar",
        f"cedarpy {version('cedarpy')}",
        "executed on the engine",
        count,
        seconds,
        conclude(details),
        tuple(details),
    )


def _ask_cedar(domain: Domain, made: Any, policies: Any) -> Iterator[Check]:
    import cedarpy

    questions: dict[str, list[tuple[str, Grant]]] = {}
    for role, operation, grant in domain.list_questions():
        questions.setdefault(role, []).append((operation, grant))
    secured = secure_rows(domain.plan)
    for role, asked in questions.items():
        wrong: dict[str, list[str]] = {}
        counts: Counter[str] = Counter()
        for caller in domain.list_callers(role):
            record = domain.plan.planned.auth.roles.get(role)
            if record is not None and record.entity and not {"person", "client"} & {*caller.token}:
                # nobody is no principal, so that nothing can be asked for them
                continue
            for operation, grant in asked:
                act = secured.act(operation)
                for row in domain.rows[grant.table]:
                    rows: Rows = domain.rows
                    if act == "create":
                        rows = {**rows, grant.table: [one for one in rows[grant.table] if one is not row]}
                    found = _authorize(cedarpy, made, policies, rows, caller, operation, grant, act, row)
                    counts[operation] += 1
                    domain.note(role, operation, grant, row, caller, found)
                    if found != domain.expect(grant, act, row, caller):
                        wrong.setdefault(operation, []).append(
                            f"{dict(caller.token) or 'nobody'} {'reaches' if found else 'does not reach'} {domain.key(grant.table, row)}"
                        )
        for operation, grant in asked:
            if operation in wrong:
                text = f"{len(wrong[operation])} of {counts[operation]} answers differ from the grant {grant.text}: {wrong[operation][0]}"
                yield Check(f"{operation} as {role}", "failed", text)
            elif grant.text != "–" and (cell := domain.find_cell(role, operation)) is not None:
                yield Check(f"{operation} as {role}", "passed", cell.describe())


def _authorize(
    cedarpy: Any, made: Any, policies: Any, rows: Rows, caller: Caller, operation: str, grant: Grant, act: str, row: Row
) -> bool:
    entity = made.plan.planned.schema.tables[grant.table].entity
    resource = made.uid(made.types[entity], made.row_id(entity, row))
    principal = made.uid(made.principal_type(caller.role), made.principal(caller.role, caller.token))
    context = {}
    if "tenant" in caller.token:
        context["tenant"] = {"__entity": made.uid(made.types[made.plan.planned.auth.tenant], caller.token["tenant"])}
    answer = cedarpy.is_authorized(
        {
            "principal": _write_uid(principal),
            "action": f'{made.namespace}::Action::"{operation}"',
            "resource": _write_uid(resource),
            "context": context,
        },
        policies,
        made.list_entities(rows, caller.role, caller.token, grant.table, row),
    )
    return bool(answer.allowed)


def _write_uid(uid: Mapping[str, str]) -> str:
    import json

    return f"{uid['type']}::{json.dumps(uid['id'])}"


__all__ = ["POLICIES", "verify_cedar"]
