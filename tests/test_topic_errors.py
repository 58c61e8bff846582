"""The errors topic: the catalogue, the settings of each call, and the numbers behind them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import pytest

from archnb import Design, Plan, plan
from archnb.topics.errors.calls import find_limit, find_pairs, worst_case
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
    """In no operation do the calls of a part, every one of them counted with its retries and waits, outlast what called the part."""
    made = plan_of(name)
    calls = made.design.errors.calls
    checked = 0
    for operation, path in made.planned.flow.paths.items():
        for place, outer in enumerate(path.steps):
            inner = [one for one in path.steps if one.caller == place and one.is_waited]
            if outer.is_waited and inner:
                longest = sum(worst_case(calls[f"{one.source} -> {one.target}"], operation) for one in inner)
                limit = find_limit(calls[f"{outer.source} -> {outer.target}"], operation)
                assert longest <= limit * (1 + 1e-6), (operation, outer.target)
                checked += 1
    assert checked


@pytest.mark.parametrize("name", ALL)
def test_time_limits_are_longer_than_the_work(name: str) -> None:
    """No call of any operation is cut off before 99 of 100 of its own calls are done."""
    made = plan_of(name)
    for pair in find_pairs(made.draft):
        call = made.design.errors.calls[f"{pair.source} -> {pair.target}"]
        for operation, limit in pair.limits.items():
            assert find_limit(call, operation) > limit.p99, (operation, pair.target)


def test_limits_are_by_operation() -> None:
    """A look-up keeps a short limit though a report needs a long one on the same call, and a limit that is said for one stays its own."""
    access = {
        "get_order": {"reads": "Order", "by": "id", "rate": "9/s"},
        "heavy": {"reads": "Order", "by": "customer", "aggregate": "sum total", "rate": "1/hour"},
    }
    objectives = {"get_order": {"latency_p99": "90 ms"}, "heavy": {"latency_p99": "20 s"}}
    made = planned(access=access, requirements={"load": TINY["requirements"]["load"], "objectives": objectives})
    call = made.design.errors.calls["gateway -> service"]
    assert find_limit(call, "get_order") <= 0.18 < 10 < find_limit(call, "heavy")
    said = planned(
        access=access, requirements={"load": TINY["requirements"]["load"], "objectives": objectives},
        errors={"calls": {"service -> main": {"limits": {"heavy": "7 s"}}}},
    )  # fmt: skip
    assert find_limit(said.design.errors.calls["service -> main"], "heavy") == 7
    assert find_limit(said.design.errors.calls["service -> main"], "get_order") < 0.18


def test_requests_that_are_cut_off_count_as_failed() -> None:
    """A partner of 600 ms, 2 s at the 99th percentile, cut off at 2.5 s fails 0.35 % of the requests: so much less is available."""
    parties = {"jobs.third_parties.bank.time": "0.6 s", "jobs.third_parties.bank.p99": "2 s"}
    access = {"pay": {"writes": "Order", "action": "create", "steps": ["charge Order via bank"], "rate": "1/s"}}
    made = planned(
        access=access, assumptions=parties, errors={"calls": {"service -> bank": {"timeout": "2.5 s", "attempts": 1}}}
    )
    cut_off = made.facts["errors.pay.timed_out"].base
    assert cut_off == pytest.approx(0.0035, rel=0.1)
    assert made.facts["flow.pay.availability"].base == pytest.approx(made.facts["flow.pay.up"].base * (1 - cut_off))


def test_a_limit_below_the_work_is_found() -> None:
    """Five milliseconds for four queries and a commit are less than they take: named, with what they take."""
    found = [
        one for one in planned(errors={"calls": {"service -> main": {"timeout": "5 ms"}}}).findings
        if one.rule.id == "errors-timeout-below-work"
    ]  # fmt: skip
    assert len(found) == 1
    assert found[0].path == "errors.calls.service -> main.timeout"
    assert "cut off after 5 ms; 99 of 100 take up to" in found[0].evidence


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
