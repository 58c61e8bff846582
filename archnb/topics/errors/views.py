"""What is to be seen of errors: the catalogue, the settings of each call, one problem document."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from archnb.design.errors import Call
from archnb.fact.keys.errors import CALL_WORST
from archnb.shapes import AnyShape, Cell, Source, Table
from archnb.topics.errors.codes import STANDARD, find_users
from archnb.topics.topic import Draft


def views(draft: Draft) -> Sequence[AnyShape]:
    """The catalogue, the settings of each call, and one problem document as a client gets it."""
    return (view_codes(draft), view_calls(draft), view_example(draft))


def view_codes(draft: Draft) -> Table:
    rows = []
    for name, code in draft.design.errors.codes.items():
        used = find_users(draft, name)
        operations = ", ".join(used[:4]) + (f" and {len(used) - 4} more" if len(used) > 4 else "")
        rows.append(
            (
                Cell(name, is_code=True),
                code.title,
                code.http,
                Cell(code.grpc, is_code=True),
                "yes" if code.is_retryable else "no",
                code.client,
                code.recovery,
                operations,
            )
        )
    return Table(
        "error-codes", "Errors", ("code", "title", "HTTP", "gRPC", "retryable", "the client", "recovery", "operations"), tuple(rows),
        anchors=tuple(f"error-{name}" for name in draft.design.errors.codes),
        description="Every error that an operation can give. The code is stable; texts may change.",
    )  # fmt: skip


def view_calls(draft: Draft) -> Table:
    rows = []
    for name, call in draft.design.errors.calls.items():
        worst = draft.facts.get(CALL_WORST.of(f"{call.source}_to_{call.target}"))
        breaker = (
            f"opens at {call.breaker_failures} over {call.breaker_window}, for {call.breaker_open}"
            if call.breaker_failures
            else "none"
        )
        retries = f"{call.attempts}" + (
            f", waits from {call.backoff}, budget {call.retry_budget} + 10/s" if (call.attempts or 1) > 1 else ""
        )
        rows.append(
            (
                Cell(name, is_code=True),
                _write_limits(call),
                retries,
                worst.cell if worst is not None else "",
                breaker,
                call.fallback or "",
            )
        )
    return Table(
        "call-settings", "Time limits, retries, breakers", ("call", "time limit", "attempts", "at worst", "breaker", "instead"), tuple(rows),
        description="Time limits shrink along the path, so nobody works for a caller that has gone; only one layer retries.",
    )  # fmt: skip


def _write_limits(call: Call) -> str:
    """The time limit of a call, then the others, each with the operations that have it."""
    others: dict[str, list[str]] = {}
    for operation, limit in call.limits.items():
        others.setdefault(str(limit), []).append(operation)
    told = [
        f"{limit} for {', '.join(names[:2])}" + (f" and {len(names) - 2} more" if len(names) > 2 else "")
        for limit, names in others.items()
    ]
    return "; ".join([str(call.timeout or ""), *told])


_DETAILS = (
    (r"insufficient_.+", "3 were asked for, 2 are left."),
    (r".+_declined", "The provider refused the charge."),
    (r"duplicate_.+", "Another row holds this value."),
    (r".+_state_conflict", "It has been shipped and cannot be cancelled any more."),
)


def view_example(draft: Draft) -> Source:
    """One problem document (RFC 9457): the design's own most telling error."""
    codes = draft.design.errors.codes
    name = next((one for one in codes if one not in STANDARD), next(iter(codes)))
    code = codes[name]
    operation = next(iter(find_users(draft, name)), "")
    found = draft.design.api.operations.get(operation)
    body: dict[str, object] = {
        "type": f"{draft.design.errors.type_base}{name.replace('_', '-')}", "title": code.title, "status": code.http,
        "detail": next((text for form, text in _DETAILS if re.fullmatch(form, name)), code.title), "instance": (found.path if found and found.path else "/") + "#01JB2Q9T5Z", "code": name,
        "is_retryable": bool(code.is_retryable), "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }  # fmt: skip
    if name == "validation_failed":
        body["errors"] = [{"pointer": "#/email", "detail": "is not an e-mail address"}]
    return Source(
        "problem-example", "A problem document", "json", json.dumps(body, indent=2, ensure_ascii=False) + "\n", filename="problem.json",
        description="Every error has this form (RFC 9457, application/problem+json); `code` is what clients decide by.",
    )  # fmt: skip
