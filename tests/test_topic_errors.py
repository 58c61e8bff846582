"""The errors topic: the catalogue, the settings of each call, and the numbers behind them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import pytest

from archnb import Design, Plan, plan
from archnb.topics.errors.calls import worst_case
from tests.designs import ALL, TINY, shop


@lru_cache
def plan_of(name: str) -> Plan:
    """A sample design's plan, made once."""
    return plan(ALL[name]())


def planned(**more: Any) -> Plan:
    """The tiny design with more said."""
    return plan(Design.of(TINY | more))


@pytest.mark.parametrize("name", ALL)
def test_every_error_of_an_operation_is_in_the_catalogue(name: str) -> None:
    """Whatever archnb proposes an operation to answer, the catalogue explains."""
    design = plan_of(name).design
    used = {code for operation in design.api.operations.values() for code in operation.errors}
    assert used <= set(design.errors.codes)


def test_domain_errors_come_from_the_design() -> None:
    """A step that reserves, one that charges, a unique field and a state bring errors of their own, with their operations."""
    made = plan_of("shop")
    codes = made.design.errors.codes
    assert {"insufficient_stock", "payment_declined", "duplicate_email", "order_state_conflict"} <= set(codes)
    assert (codes["insufficient_stock"].http, codes["insufficient_stock"].grpc) == (409, "FAILED_PRECONDITION")
    table = made.errors["error-codes"].frame.set_index("code")
    assert "place_order" in table.loc["payment_declined", "operations"]


def test_a_small_design_gets_no_errors_it_cannot_give() -> None:
    """Where nothing is reserved or charged, no such error stands in the catalogue."""
    codes = planned().design.errors.codes
    assert not [one for one in codes if one.startswith(("insufficient_", "payment_"))]


def test_statuses_agree_for_all_that_is_proposed() -> None:
    """HTTP status, gRPC status and retryable say the same for every proposed code."""
    from archnb.topics.errors.codes import FINAL, SAME_STATUS

    for name, code in plan_of("shop").design.errors.codes.items():
        assert code.http is not None and code.grpc in SAME_STATUS[code.http], name
        assert not (code.is_retryable and code.http in FINAL), name


@pytest.mark.parametrize("name", ALL)
def test_time_limits_shrink_along_the_path(name: str) -> None:
    """No call takes longer, retries and waits included, than what called its caller waits."""
    made = plan_of(name)
    calls = made.design.errors.calls
    kinds = {n: one.kind for n, one in made.design.flow.components.items()}
    checked = 0
    for inner in calls.values():
        for outer in calls.values():
            if outer.target == inner.source and kinds.get(inner.source or "") in ("gateway", "service"):
                assert outer.timeout is not None
                assert worst_case(inner) <= outer.timeout.base, (inner.source, inner.target)
                checked += 1
    assert checked


@pytest.mark.parametrize("name", ALL)
def test_one_layer_retries(name: str) -> None:
    """Along every path at most one call is tried more than once."""
    design = plan_of(name).design
    for path in design.flow.paths.values():
        layers = {hop.source for hop in path.hops if (design.errors.calls.get(f"{hop.source} -> {hop.target}") or hop) is not hop
                  and (design.errors.calls[f"{hop.source} -> {hop.target}"].attempts or 1) > 1}  # fmt: skip
        assert len(layers) <= 1, path.operation


def test_a_call_that_is_not_safe_is_not_repeated() -> None:
    """Without an idempotency key a write is tried once, and the reason names it."""
    made = planned(api={"operations": {"place_order": {"needs_idempotency_key": False, "errors": ["internal"]}}})
    call = made.design.errors.calls["service -> main"]
    assert call.attempts == 1
    assert "place_order" in made.why("errors.calls.service -> main.attempts").reason


def test_what_was_said_stays() -> None:
    """Said settings are kept, and proposals are made around them."""
    made = planned(
        errors={"calls": {"gateway -> service": {"timeout": "100 ms"}}, "codes": {"not_found": {"title": "Nope."}}}
    )
    assert str(made.design.errors.calls["gateway -> service"].timeout) == "100 ms"
    inner = made.design.errors.calls["service -> main"]
    assert inner.timeout is not None and worst_case(inner) <= 0.1
    assert made.design.errors.codes["not_found"].title == "Nope."
    assert made.design.errors.codes["not_found"].http == 404


def test_worst_case_and_amplification_are_facts() -> None:
    """Two attempts of a time limit and the wait between make the worst case; half failing makes 1.5 calls of one."""
    made = planned(errors={"calls": {"service -> main": {"timeout": "100 ms", "attempts": 2, "backoff": "10 ms"}}})
    assert made.facts["errors.service_to_main.worst"].to("ms") == pytest.approx(210)
    assert made.facts["errors.service_to_main.amplification"].value == pytest.approx(1.5)


def test_retry_storm_names_the_multiple_and_the_boundary() -> None:
    """Three times three attempts are nine calls; the finding says so, with the load above which an overload stays."""
    said = {
        "gateway -> service": {"attempts": 3, "timeout": "250 ms"},
        "service -> main": {"attempts": 3, "timeout": "50 ms"},
    }
    found = [one for one in planned(errors={"calls": said}).findings if one.rule.id == "errors-retry-storm"]
    assert len(found) == 1
    assert "3 × 3 = 9 calls of main" in found[0].evidence and "÷ 9) an overload sustains itself" in found[0].evidence


@pytest.mark.parametrize("name", ALL)
def test_everything_proposed_has_a_reason(name: str) -> None:
    """Every value of the section is said, or has a reason of its own or of the record it stands in."""
    made = plan_of(name)
    for path in made.paths():
        if path.startswith("errors."):
            assert not made.why(path).reason.startswith("follows from"), path


def test_problem_document_is_json_of_rfc_9457() -> None:
    """The example has the members of RFC 9457 and a code of the catalogue."""
    made = plan_of("shop")
    body = json.loads(str(made.errors["problem-example"]))
    assert {"type", "title", "status", "detail", "instance", "code"} <= set(body)
    assert body["status"] == made.design.errors.codes[body["code"]].http


def test_plan_does_not_change_the_design() -> None:
    """The said design is the same after planning."""
    assert not shop().errors.codes
