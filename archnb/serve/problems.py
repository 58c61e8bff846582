"""Errors as problem documents (RFC 9457), with the codes, titles and statuses of the design's own catalogue."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from archnb.naming import split_words
from archnb.planned.errors import Errors

# as the problem's schema bounds them
MOST_FAULTS = 100
MEDIA = "application/problem+json"
# what the service itself may have to say, where the catalogue of a design does not have the code
_USUAL = {
    "validation_failed": 422, "unauthenticated": 401, "forbidden": 403, "not_found": 404, "method_not_allowed": 405,
    "conflict": 409, "precondition_failed": 412, "payload_too_large": 413, "idempotency_key_reused": 422,
    "precondition_required": 428, "rate_limited": 429, "internal": 500,
}  # fmt: skip
_count = itertools.count(1)


class Fault(NamedTuple):
    """One place where the input is wrong.

    code: 'schema' where the contract's schema says so, 'reference' where what it names is not there, 'range' where the
    value does not fit its column, 'cursor' where the cursor is none of ours, 'rule' where a rule of the database refuses it.
    """

    pointer: str
    detail: str
    code: str = "schema"


class Refused(Exception):
    """A request that is refused: the error's code, what went wrong this time, where, and headers that go with it."""

    def __init__(
        self, code: str, detail: str = "", faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail, self.faults, self.headers = code, detail, tuple(faults), dict(headers or {})


def find_status(errors: Errors, code: str) -> int:
    """The HTTP status of an error code: the design's, else the usual one."""
    known = errors.codes.get(code)
    return known.http if known is not None and 400 <= known.http <= 599 else _USUAL.get(code, 409)


def write_problem(errors: Errors, problem: Refused) -> tuple[int, dict[str, Any]]:
    """The status and the document of a problem."""
    known = errors.codes.get(problem.code)
    status = find_status(errors, problem.code)
    words = [re.sub(r"[^A-Za-z0-9]", "", word) or "x" for word in split_words(problem.code)]
    document: dict[str, Any] = {
        "type": f"{errors.type_base.rstrip('/')}/{'-'.join(words)}",
        "title": known.title if known is not None else f"{' '.join(split_words(problem.code)).capitalize()}.",
        "status": status,
        "instance": f"/problems/instances/{next(_count):08x}",
        "code": problem.code,
    }
    if problem.detail:
        document["detail"] = problem.detail
    if problem.faults:
        document["errors"] = [one._asdict() for one in problem.faults[:MOST_FAULTS]]
    return status, document
