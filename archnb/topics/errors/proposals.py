"""What is proposed of error handling: the catalogue of errors, and limits, retries, breakers and fallbacks of each call."""

from __future__ import annotations

from archnb.design.errors import Errors
from archnb.design.record import Named
from archnb.topics.errors.calls import ASSUMPTIONS, complete_call, complete_said, find_pairs, name_call
from archnb.topics.errors.codes import STANDARD, complete_codes
from archnb.topics.topic import Because, Draft


def complete(draft: Draft) -> None:
    """Propose the catalogue of errors, and time limits, retries, breakers and fallbacks of each call of the flow."""
    said = draft.design.errors
    draft.assume(ASSUMPTIONS)
    codes = complete_codes(draft)
    known = list(dict.fromkeys((*codes, *STANDARD)))
    draft.check_names("errors", {"error code": lambda names, at: known})
    pairs = find_pairs(draft)
    calls = {name_call(pair.source, pair.target): complete_call(draft, pair) for pair in pairs}
    for pair in pairs:
        name = name_call(pair.source, pair.target)
        if name not in said.calls:
            draft.note(
                f"errors.calls.{name}",
                f"{', '.join(pair.operations[:3])}{' and others' * (len(pair.operations) > 3)} make this call",
            )
    calls |= {name: complete_said(draft, name, call) for name, call in said.calls.items() if name not in calls}
    record = draft.fill(
        "errors",
        said,
        type_base=Because(
            "/problems/", "RFC 9457 wants a stable address for each kind of error; a relative one moves with the API"
        ),
    )
    draft.close("errors", Errors(codes=codes, calls=Named(calls), type_base=record.type_base))
