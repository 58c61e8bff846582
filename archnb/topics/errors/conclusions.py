"""What error handling comes to."""

from __future__ import annotations

from archnb.design.errors import Call as SaidCall
from archnb.design.record import Named
from archnb.planned import conclude as conclude_record
from archnb.planned.errors import Breaker, Call, ErrorCode, Errors, Retry
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Errors:
    """The section without gaps."""
    errors = draft.design.errors
    codes = {name: conclude_record(ErrorCode, code, f"errors.codes.{name}") for name, code in errors.codes.items()}
    calls = {name: _conclude_call(name, call) for name, call in errors.calls.items()}
    return conclude_record(Errors, errors, "errors", codes=Named(codes), calls=Named(calls))


def _conclude_call(name: str, call: SaidCall) -> Call:
    retries: tuple[Retry, ...] = ()
    breakers: tuple[Breaker, ...] = ()
    if call.backoff is not None and call.retry_budget is not None:
        retries = (Retry(backoff=call.backoff, budget=call.retry_budget),)
    failures, window, opened = call.breaker_failures, call.breaker_window, call.breaker_open
    if failures is not None and window is not None and opened is not None:
        breakers = (Breaker(failures=failures, window=window, open=opened),)
    return conclude_record(Call, call, f"errors.calls.{name}", retries=retries, breakers=breakers)
