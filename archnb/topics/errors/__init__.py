"""Error handling: one catalogue of errors that every operation draws from, and for every call a time limit, retries at one
layer only, a breaker and a fallback, so that a slow part costs its callers a bounded time and a bounded load.
"""

from __future__ import annotations

from collections.abc import Sequence

from archnb.design.errors import Errors
from archnb.design.record import Named
from archnb.shapes import AnyShape
from archnb.topics.errors.calls import ASSUMPTIONS, complete_call, complete_said, find_pairs, measure_calls, name_call
from archnb.topics.errors.codes import STANDARD, complete_codes
from archnb.topics.errors.conclusions import conclude
from archnb.topics.errors.rules import RULES
from archnb.topics.errors.views import view_calls, view_codes, view_example
from archnb.topics.topic import Because, Draft

NAME = "errors"
TITLE = "Error handling"
CLOSES = ("errors",)


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


def measure(draft: Draft) -> None:
    """Add the time each call may take, what it takes at worst, and what retries make of the load."""
    measure_calls(draft)


def views(draft: Draft) -> Sequence[AnyShape]:
    """The catalogue, the settings of each call, and one problem document as a client gets it."""
    return (view_codes(draft), view_calls(draft), view_example(draft))


__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
