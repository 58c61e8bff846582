"""What is measured of calls: the time each may take, what it takes at worst, and what retries make of the load."""

from __future__ import annotations

from archnb.fact import Fact, apply_model
from archnb.fact.keys.errors import (
    CALL_AMPLIFICATION,
    CALL_BUDGET,
    CALL_TIMEOUT,
    CALL_WORST,
    CALLER_DEADLINE,
    DEADLINE_FACTOR,
    WORKER_DEADLINE,
)
from archnb.fact.keys.load import OBJECTIVE_P99
from archnb.quantity import Quantity, parse
from archnb.sim.reliability import retry_amplification
from archnb.topics.errors.calls import BEHIND, find_pairs, name_call, name_pair, worst_case
from archnb.topics.topic import Draft


def measure(draft: Draft) -> None:
    """Add the time each call may take, what it takes at worst, and what retries make of the load."""
    facts = draft.facts
    pairs = find_pairs(draft)
    if not pairs:
        return
    factor = facts[DEADLINE_FACTOR]
    deadlines: dict[str, Fact] = {}
    for pair in pairs:
        call = draft.design.errors.calls[name_call(pair.source, pair.target)]
        is_worker = draft.model.calls.kind(pair.source) in BEHIND
        key = "worker" if is_worker else pair.deciding
        if key not in deadlines:
            objectives = draft.design.requirements.objectives
            promised = key if key in objectives else "default"
            objective = objectives.get(promised)
            latency = draft.value(
                OBJECTIVE_P99.of(promised), (objective.latency_p99 if objective is not None else None) or parse("1 s")
            )
            deadlines[key] = (
                facts[WORKER_DEADLINE] if is_worker
                else facts.given(
                    CALLER_DEADLINE.of(key), f"{pair.deadline:.3g} s", "what the third parties that are waited for need to answer 99 of 100 calls; the promise is shorter",
                    origin="concluded",
                ) if pair.deadline > factor.base * latency.base * (1 + 1e-9)
                else facts.define(CALLER_DEADLINE.of(key), factor * latency, "s", "how long the caller waits at most")
            )  # fmt: skip
        facts.define(
            CALL_BUDGET.of(name_pair(pair)),
            deadlines[key] * round(pair.share, 4),
            "s",
            "the share of the caller's time that this call gets",
        )
        if call.timeout is not None:
            tries = max(1, call.attempts or 1)
            waits = worst_case(call) - tries * call.timeout.base
            timeout = draft.value(CALL_TIMEOUT.of(name_call(pair.source, pair.target)), call.timeout)
            worst: Fact = timeout * tries
            facts.define(
                CALL_WORST.of(name_pair(pair)), worst + Quantity(waits, waits, parse("1 s").unit) if waits else worst, "s",
                "how long it keeps its caller at most: every attempt times out, every wait is at its longest",
            )  # fmt: skip
            if tries > 1:
                half = Quantity(50, 50, parse("1%").unit)
                facts.define(
                    CALL_AMPLIFICATION.of(name_pair(pair)),
                    apply_model("tries a request", lambda f, n: retry_amplification(f, int(n) - 1), "", half, tries, labels=("failures", "attempts")),
                    None, "calls sent for one that is wanted, when half of them fail: 1 + f + f² + …, without the retry budget",
                )  # fmt: skip
