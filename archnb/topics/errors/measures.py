"""What is measured of calls: the time each may take and takes at worst, what retries make of the load, and who is cut off."""

from __future__ import annotations

from archnb.design.errors import Call
from archnb.fact import Fact, apply_model, total
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.errors import (
    CALL_AMPLIFICATION,
    CALL_BUDGET,
    CALL_FAILING_RATE,
    CALL_LIMIT,
    CALL_P99,
    CALL_RETRY_BUDGET,
    CALL_TIMEOUT,
    CALL_WORST,
    CALLER_DEADLINE,
    DEADLINE_FACTOR,
    TIMED_OUT,
    WORKER_DEADLINE,
)
from archnb.fact.keys.flow import OPERATION_AVAILABILITY, OPERATION_UP
from archnb.fact.keys.load import OBJECTIVE_P99
from archnb.quantity import Quantity, parse
from archnb.sim.reliability import RetryBudget, budgeted_retry, retry_amplification
from archnb.topics.errors.calls import Pair, find_pairs, name_call, name_pair, worst_case, write_time
from archnb.topics.errors.limits import measure_timed_out
from archnb.topics.topic import Draft


def measure(draft: Draft) -> None:
    """Add the time each call may take, what it takes at worst, what retries make of the load, and each operation's availability."""
    deadlines: dict[str, Fact] = {}
    for pair in find_pairs(draft):
        _measure_pair(draft, pair, deadlines)
    for name, path in draft.design.flow.paths.items():
        _measure_availability(draft, name, path.operation or name)


def _measure_pair(draft: Draft, pair: Pair, deadlines: dict[str, Fact]) -> None:
    facts, call = draft.facts, draft.design.errors.calls[name_call(pair.source, pair.target)]
    name, least, longest = name_pair(pair), pair.limits[pair.deciding], pair.limits[pair.longest]
    deadline = _find_deadline(draft, pair, deadlines)
    share = least.budget / least.deadline if least.deadline > 0 else 1.0
    facts.define(
        CALL_BUDGET.of(name), deadline * round(share, 4), "s", "the share of the caller's time that this call gets"
    )
    facts.given(
        CALL_P99.of(name), write_time(longest.p99), f"99 of 100 calls are answered within, in {pair.longest}; a limit must be above it",
        origin="concluded",
    )  # fmt: skip
    if call.timeout is None:
        return
    tries = max(1, call.attempts or 1)
    waits = worst_case(call) - tries * call.timeout.base
    timeout = draft.value(CALL_TIMEOUT.of(name_call(pair.source, pair.target)), call.timeout)
    worst: Fact = timeout * tries
    facts.define(
        CALL_WORST.of(name), worst + Quantity(waits, waits, parse("1 s").unit) if waits else worst, "s",
        "how long it keeps its caller at most: every attempt times out, every wait is at its longest",
    )  # fmt: skip
    if tries > 1:
        half = Quantity(50, 50, parse("1%").unit)
        facts.define(
            CALL_AMPLIFICATION.of(name),
            apply_model("tries a request", lambda f, n: retry_amplification(f, int(n) - 1), "", half, tries, labels=("failures", "attempts")),
            None, "calls sent for one that is wanted, when half of them fail: 1 + f + f² + …, without the retry budget",
        )  # fmt: skip
        rates = list_rates(draft, pair.source, pair.target)
        if rates and call.retry_budget is not None:
            known = name_call(pair.source, pair.target)
            budget = draft.value(CALL_RETRY_BUDGET.of(known), call.retry_budget)
            facts.define(
                CALL_FAILING_RATE.of(name),
                apply_model("calls while all fail", count_failing, "/s", total(rates), tries, budget, labels=("calls", "attempts", "budget")),
                "/s", "while all of them fail every call is tried again, as often as attempts and budget (and 10/s of it) allow",
                source="Finagle's RetryBudget",
            )  # fmt: skip


def list_rates(draft: Draft, source: str, target: str) -> list[Fact]:
    """Calls a second at the peak between two parts, a term for each operation that makes one."""
    found = []
    for operation, hop in draft.model.calls.find_between(source, target):
        rate = draft.facts.get(PATTERN_RATE.of(operation))
        if rate is not None:
            share = hop.share.base if hop.share is not None else 1.0
            found.append(rate if share == 1 else rate * share)
    return found


def count_failing(calls: float, attempts: float, budget: float) -> float:
    """Calls a second while every one fails.

    >>> count_failing(1000.0, 3, 0.2), count_failing(1.0, 3, 0.2)
    (1210.0, 3.0)
    """
    if calls <= 0:
        return 0.0
    return calls * budgeted_retry(1.0, round(attempts) - 1, calls, RetryBudget(ratio=budget)).amplification


def _find_deadline(draft: Draft, pair: Pair, deadlines: dict[str, Fact]) -> Fact:
    """How long the caller of the deciding operation waits at most: what it promises so many times, or what its calls need."""
    facts, factor, time = draft.facts, draft.facts[DEADLINE_FACTOR], pair.limits[pair.deciding].deadline
    if draft.model.calls.kind(pair.source) in ("worker", "store"):
        if abs(time - facts[WORKER_DEADLINE].base) < 1e-9 * time:
            return facts[WORKER_DEADLINE]
        key, why = f"worker_{pair.deciding}", "how long a job needs at most, so that no healthy call of it is cut off"
    else:
        key, why = pair.deciding, "how long the caller waits at most, so that no healthy work on the way is cut off"
    if key in deadlines:
        return deadlines[key]
    objectives = draft.design.requirements.objectives
    promised = pair.deciding if pair.deciding in objectives else "default"
    latency = objectives[promised].latency_p99 if promised in objectives else None
    if latency is not None and abs(time - factor.base * latency.base) < 1e-9 * time:
        made = facts.define(
            CALLER_DEADLINE.of(key), factor * draft.value(OBJECTIVE_P99.of(promised), latency), "s",
            "how long the caller waits at most: so many times what is promised",
        )  # fmt: skip
    else:
        made = facts.given(CALLER_DEADLINE.of(key), f"{time:.3g} s", why, origin="concluded")
    deadlines[key] = made
    return made


def _measure_availability(draft: Draft, name: str, operation: str) -> None:
    """Add the share of an operation's requests that are answered: its parts work, and no time limit cuts them off."""
    facts, calls = draft.facts, draft.design.errors.calls
    up = facts.get(OPERATION_UP.of(name))
    if up is None:
        return

    def limit_of(call: Call) -> Fact:
        known = name_call(call.source or "", call.target or "")
        if operation in call.limits:
            return draft.value(CALL_LIMIT.of(known, operation), call.limits[operation])
        assert call.timeout is not None
        return draft.value(CALL_TIMEOUT.of(known), call.timeout)

    found = measure_timed_out(draft, name, calls, limit_of)
    if found is None:
        facts.define(
            OPERATION_AVAILABILITY.of(name), up, "%", "all parts that are waited for work; no healthy request meets a time limit"
        )  # fmt: skip
        return
    cut_off = facts.define(
        TIMED_OUT.of(name), found, "%", "requests that some time limit cuts off though all parts work; they count as failed"
    )  # fmt: skip
    facts.define(
        OPERATION_AVAILABILITY.of(name), up * (1 - cut_off), "%",
        "all parts that are waited for work, and no time limit cuts the request off",
    )  # fmt: skip
