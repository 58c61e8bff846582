"""The catalogue: every error that an operation can give, those of the field and those that the design's own meaning brings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from archnb.design.errors import ErrorCode
from archnb.design.record import Named
from archnb.naming import snake
from archnb.topics.topic import Because, Draft


@dataclass(frozen=True)
class _Known:
    """An error the field has a name for: what `ErrorCode` holds, and why it has this status."""

    title: str
    http: int
    grpc: str
    is_retryable: bool
    client: str
    recovery: str
    reason: str


STANDARD: Mapping[str, _Known] = {
    "validation_failed": _Known(
        "The request does not fit its description.", 422, "INVALID_ARGUMENT", False,
        "Shows the message beside each field that `errors` names; sends again only what was changed.",
        "Nothing to do: nothing was changed.", "the request is well formed and cannot be carried out (RFC 9110, 422)",
    ),
    "unauthenticated": _Known(
        "The token is missing, expired or not valid.", 401, "UNAUTHENTICATED", False,
        "Refreshes the token once and repeats; signs in again if that fails.",
        "Nothing to do; a sudden rise is an attack or an expired signing key.", "who calls is not known (RFC 9110, 401)",
    ),
    "forbidden": _Known(
        "The caller may not do this.", 403, "PERMISSION_DENIED", False,
        "Hides the action; asks an administrator for the role.", "Nothing to do.", "who calls is known and lacks the permission (RFC 9110, 403)",
    ),
    "not_found": _Known(
        "There is no such thing, or the caller may not know of it.", 404, "NOT_FOUND", False,
        "Says so and goes back to the list.", "Nothing to do.", "the address names nothing the caller may see (RFC 9110, 404)",
    ),
    "conflict": _Known(
        "The change does not fit the present state.", 409, "ABORTED", False,
        "Reads again, shows the difference, lets the user decide.", "Nothing to do: the transaction was rolled back.",
        "another change came first (RFC 9110, 409)",
    ),
    "idempotency_key_reused": _Known(
        "The idempotency key belongs to another request.", 422, "INVALID_ARGUMENT", False,
        "Makes a new key: this is a fault of the client.", "Nothing to do: the first request stands.",
        "the same key with another body is a fault of the client, not a repeat (IETF draft on the Idempotency-Key header, 422)",
    ),
    "precondition_failed": _Known(
        "The thing changed since it was read.", 412, "FAILED_PRECONDITION", False,
        "Reads again, applies the change to the new version, sends its ETag.", "Nothing to do: nothing was changed.",
        "the version in If-Match is no longer the present one (RFC 9110, 412)",
    ),
    "precondition_required": _Known(
        "The change does not say which version it is of.", 428, "FAILED_PRECONDITION", False,
        "Reads, and sends the ETag that it read as If-Match.", "Nothing to do: nothing was changed.",
        "a change without If-Match would overwrite what another wrote meanwhile (RFC 6585, section 3, 428)",
    ),
    "rate_limited": _Known(
        "Too many requests.", 429, "RESOURCE_EXHAUSTED", True,
        "Waits for Retry-After, then repeats with jitter.", "The limit refills by itself.", "the caller is over its limit (RFC 6585, 429)",
    ),
    "payload_too_large": _Known(
        "The body is too large.", 413, "RESOURCE_EXHAUSTED", False,
        "Sends less, or in parts.", "Nothing to do.", "the body is over the limit (RFC 9110, 413); gRPC libraries answer RESOURCE_EXHAUSTED to it",
    ),
    "internal": _Known(
        "Something went wrong on our side.", 500, "INTERNAL", False,
        "Says so and shows the trace id; does not repeat by itself, for the fault would repeat too.",
        "The transaction is rolled back; the trace id leads to the log; the alert counts it.", "an unforeseen fault of ours (RFC 9110, 500)",
    ),
    "unavailable": _Known(
        "The service is not available now.", 503, "UNAVAILABLE", True,
        "Waits for Retry-After, then repeats with jitter and the same idempotency key.",
        "Load is shed until a part is back; breakers try again by themselves.", "a part is down or sheds load (RFC 9110, 503)",
    ),
    "timeout": _Known(
        "The answer took too long.", 504, "DEADLINE_EXCEEDED", True,
        "Repeats reads, and writes with the same idempotency key: the first may have been done.",
        "Work past its deadline is dropped, not finished for nobody.", "a part did not answer within its time limit (RFC 9110, 504)",
    ),
    "upstream_failed": _Known(
        "A third party did not do its part.", 502, "UNAVAILABLE", True,
        "Repeats later with the same idempotency key, or chooses another way.",
        "The breaker opens; the work waits in the queue where it may; the saga compensates.", "a part of somebody else failed (RFC 9110, 502)",
    ),
}  # fmt: skip
_ALWAYS = (
    "validation_failed",
    "unauthenticated",
    "forbidden",
    "not_found",
    "rate_limited",
    "internal",
    "unavailable",
    "timeout",
)

# names that say what they are by their form
_FORMS: Sequence[tuple[str, _Known]] = (
    (r"insufficient_(.+)", _Known("There is not enough {0}.", 409, "FAILED_PRECONDITION", False, "Shows what is left; offers less or another.",
                                  "Nothing to do: the reservation was not made, earlier steps are compensated.", "the state does not allow it now, and asking again changes nothing (RFC 9110, 409)")),
    (r"(.+)_declined", _Known("The {0} was declined.", 402, "FAILED_PRECONDITION", False, "Asks for another means; never repeats the same one by itself.",
                              "Earlier steps are compensated; the reason is kept for support, never the card's data.", "the provider refused, which is an answer and no failure; 402 is what payment APIs use")),
    (r"(.+)_state_conflict", _Known("The {0} is not in a state that allows this.", 409, "FAILED_PRECONDITION", False, "Reads the {0} again and offers what its state allows.",
                                    "Nothing to do: the transition was refused.", "the transition does not start at the present state (RFC 9110, 409)")),
    (r"duplicate_(.+)", _Known("This {0} is taken.", 409, "ALREADY_EXISTS", False, "Asks for another {0}, or opens what exists.",
                               "Nothing to do: the unique key refused the row.", "the unique key holds it already (RFC 9110, 409)")),
    (r"(.+)_not_found", _Known("There is no such {0}.", 404, "NOT_FOUND", False, "Says so and goes back.", "Nothing to do.", "the request names a {0} that does not exist (RFC 9110, 404)")),
    (r"(.+)_expired", _Known("The {0} has expired.", 410, "FAILED_PRECONDITION", False, "Starts again with a new {0}.", "Nothing to do.", "it was there and is gone for good (RFC 9110, 410)")),
    (r"(.+)_slot_taken", _Known("The time of the {0} is taken.", 409, "ALREADY_EXISTS", False, "Shows what is free and lets the user choose another time.",
                                "Nothing to do: the exclusion constraint refused the row, earlier steps are compensated.", "another row holds the time already (RFC 9110, 409)")),
    (r"(.+)_already_there", _Known("There is such a {0} already.", 409, "ALREADY_EXISTS", False, "Opens the one that is there, or ends it first.",
                                   "Nothing to do: the unique key refused the row.", "only one may be there at a time (RFC 9110, 409)")),
    (r"(.+)_conflict", _Known("The {0} was changed by somebody else.", 409, "ABORTED", False, "Reads again, shows the difference, lets the user decide.",
                              "Nothing to do: the transaction was rolled back.", "another change came first (RFC 9110, 409)")),
)  # fmt: skip

# which gRPC statuses say the same as an HTTP status: google.rpc.Code's own mapping, and what practice adds
SAME_STATUS: Mapping[int, tuple[str, ...]] = {
    400: ("INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE"),
    401: ("UNAUTHENTICATED",),
    402: ("FAILED_PRECONDITION",),
    403: ("PERMISSION_DENIED",),
    404: ("NOT_FOUND",),
    408: ("DEADLINE_EXCEEDED",),
    409: ("ABORTED", "ALREADY_EXISTS", "FAILED_PRECONDITION"),
    410: ("NOT_FOUND", "FAILED_PRECONDITION"),
    412: ("FAILED_PRECONDITION", "ABORTED"),
    413: ("RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "OUT_OF_RANGE"),
    415: ("INVALID_ARGUMENT",),
    422: ("INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE"),
    428: ("FAILED_PRECONDITION",),
    429: ("RESOURCE_EXHAUSTED", "UNAVAILABLE"),
    499: ("CANCELLED",),
    500: ("INTERNAL", "UNKNOWN", "DATA_LOSS"),
    501: ("UNIMPLEMENTED",),
    502: ("UNAVAILABLE", "INTERNAL"),
    503: ("UNAVAILABLE",),
    504: ("DEADLINE_EXCEEDED",),
}
# asking again changes nothing on these; on those it does
FINAL = frozenset({400, 401, 402, 403, 404, 405, 410, 413, 415, 422, 501})
PASSING = frozenset({429, 503})


def _find_known(code: str) -> _Known | None:
    """What the field knows of an error by its name, or None."""
    if code in STANDARD:
        return STANDARD[code]
    for form, known in _FORMS:
        match = re.fullmatch(form, code)
        if match is not None:
            words = match[1].replace("_", " ")
            said = {
                name: getattr(known, name).replace("{0}", words) for name in ("title", "client", "recovery", "reason")
            }
            return _Known(
                said["title"],
                known.http,
                known.grpc,
                known.is_retryable,
                said["client"],
                said["recovery"],
                said["reason"],
            )
    return None


def find_domain_codes(draft: Draft) -> dict[str, tuple[str, list[str]]]:
    """The errors that the design's own meaning brings: code to the reason and the operations that can give it."""
    found: dict[str, tuple[str, list[str]]] = {}

    def add(code: str, reason: str, operations: Iterable[str]) -> None:
        before = found.setdefault(code, (reason, []))[1]
        before.extend(one for one in operations if one not in before)

    for name, pattern in draft.design.access.items():
        for step in pattern.steps:
            action = (step.action or "").lower()
            if action.startswith(("reserve", "allocate", "hold", "take")) and step.entity:
                add(f"insufficient_{snake(step.entity)}", f"{name} reserves {step.entity}, which can run out", [name])
            if step.via and (
                action.startswith(("charge", "authori", "capture", "pay", "debit"))
                or ("payment" in snake(step.entity or "") and not action.startswith("refund"))
            ):
                add("payment_declined", f"{name} charges through {step.via}, which may refuse", [name])
    # what an operation can give is told by its own list of errors
    listed = {code for one in draft.design.api.operations.values() for code in one.errors}
    for entity in draft.design.entities:
        touches = draft.model.touches
        moved, made = touches.list_writers(entity, "update"), touches.list_writers(entity, "create", "update")
        for field_name, field in draft.model.fields(entity).items():
            if (
                field.type == "enum"
                and field_name in ("status", "state", "stage", "phase")
                and moved
                and f"{snake(entity)}_state_conflict" in listed
            ):
                words = ", ".join(field.values)
                reason = f"{entity}.{field_name} moves through {words}, and not from each to each"
                add(f"{snake(entity)}_state_conflict", reason, moved)
            if field.unique and not field.key and made and f"duplicate_{snake(field_name)}" in listed:
                add(f"duplicate_{snake(field_name)}", f"{entity}.{field_name} is unique", made)
    return found


def find_users(draft: Draft, code: str) -> list[str]:
    listed = [name for name, one in draft.design.api.operations.items() if code in one.errors]
    meant = find_domain_codes(draft).get(code, ("", []))[1]
    return [*listed, *(one for one in meant if one not in listed)]


def complete_codes(draft: Draft) -> Named[ErrorCode]:
    said = draft.design.errors.codes
    wanted: dict[str, str] = dict.fromkeys(said, "")
    for code in _ALWAYS:
        wanted.setdefault(code, "every API gives it")
    for name, operation in draft.design.api.operations.items():
        for code in operation.errors:
            # a code that nobody can explain stays out, and is refused where it stands
            if _find_known(code) is not None:
                wanted.setdefault(code, f"{name} can give it")
    for code, (reason, _) in find_domain_codes(draft).items():
        wanted.setdefault(code, reason)
    if any(step.via for one in draft.design.access.values() for step in one.steps):
        wanted.setdefault("upstream_failed", "third parties take part")
    order = [*STANDARD, *(code for code in wanted if code not in STANDARD)]
    made: dict[str, ErrorCode] = {}
    for code in sorted(wanted, key=lambda one: order.index(one)):
        path, record = f"errors.codes.{code}", said.get(code, ErrorCode())
        known = _find_known(code) or _guess(code, record)
        made[code] = draft.fill(
            path, record,
            title=Because(known.title, "what a person reads first; it is the same at every occurrence (RFC 9457)"),
            http=Because(known.http, known.reason),
            grpc=Because(known.grpc, f"says the same as HTTP {record.http or known.http}"),
            is_retryable=Because(known.is_retryable, _why_retry(known.is_retryable)),
            client=Because(known.client, "an error that tells the caller nothing to do is repeated"),
            recovery=Because(known.recovery, "what the system does without a person"),
        )  # fmt: skip
        if code not in said:
            draft.note(path, wanted[code])
    return Named(made)


def _guess(code: str, record: ErrorCode) -> _Known:
    """What follows for a said code from its name and its said status."""
    http = record.http or 422
    is_retryable = http in (408, 429, 502, 503, 504)
    return _Known(
        code.replace("_", " ").capitalize() + ".", http, SAME_STATUS.get(http, ("UNKNOWN",))[0], is_retryable,
        "Waits, then repeats with jitter." if is_retryable else "Shows the message; sends again only what was changed.",
        "Nothing to do." if http < 500 else "The transaction is rolled back; the alert counts it.",
        "a request that is well formed and cannot be carried out (RFC 9110, 422), where nothing else was said",
    )  # fmt: skip


def _why_retry(is_retryable: bool) -> str:
    return (
        "the cause passes by itself, so a later repeat may succeed"
        if is_retryable
        else "the same request gives the same answer again"
    )
