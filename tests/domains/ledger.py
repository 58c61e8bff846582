"""What a plan for books must answer: money moves whole or not at all, and what was written stays written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.domains.case import Case
from tests.domains.demands import demand
from tests.domains.trial import Trial

SYNCHRONOUS = (
    r"(commit|replica|region|quorum)\w*\.?(round_?trip|rtt|latency|delay|time)|(round_?trip|rtt)\w*(region|commit)"
)


def _purse(trial: Trial, **more: Any) -> dict[str, Any]:
    return trial.add("purse", **{"currency": "EUR", "balance_amount": Decimal(100), "balance_currency": "EUR"} | more)


def _movement(
    trial: Trial, source: dict[str, Any], target: dict[str, Any], amount: int, currency: str = "EUR"
) -> dict[str, Any]:
    return trial.add(
        "movement", from_purse_id=source["id"], to_purse_id=target["id"], amount=Decimal(amount), currency=currency
    )


@demand("ledger", 1, "integrity", "move_money: movement, two postings of sum zero and both balances in one transaction; what does not add up is refused, or named.",
        named=[(r"balanc|double.entry|\bsum\b|\bzero\b", r"move_money|Posting")], is_tried=True)  # fmt: skip
def both_sides(case: Case) -> Iterator[str]:
    sql = case.sql("move_money")
    if len(re.findall(r"INSERT\s+INTO\s+posting", sql)) + sql.count("), (") < 2:
        yield "no two postings are written"
    if not re.search(r"UPDATE\s+purse", sql):
        yield "no balance is written"
    with case.trial() as trial:
        source, target = _purse(trial), _purse(trial)

        def post_unbalanced() -> None:
            movement = _movement(trial, source, target, 10)["id"]
            trial.add("posting", movement_id=movement, purse_id=source["id"], amount=Decimal(-10))
            trial.add("posting", movement_id=movement, purse_id=target["id"], amount=Decimal(9))

        if not trial.refuses(post_unbalanced):
            yield "two postings that do not add up to zero were stored"


@demand(
    "ledger", 2, "integrity", "move_money: two debits at once cannot take a purse below what is allowed.", is_tried=True
)
def no_overdraft(case: Case) -> Iterator[str]:
    sql = case.sql("move_money")
    if not re.search(r"balance_amount\s*=\s*\(?(purse\.)?balance_amount\s*[-+]", sql):
        yield "no balance is changed from what it is at that moment"
    guarded = re.search(r"UPDATE\s+purse[^;]*WHERE[^;]*balance_amount\s*(>=|-)", sql)
    with case.trial() as trial:
        purse = _purse(trial)
        lower = "UPDATE purse SET balance_amount = balance_amount - 101 WHERE id = :id"
        if not guarded and not trial.refuses(lambda: trial.run(lower, {"id": purse["id"]})):
            yield "a purse of 100 was debited 101"


@demand(
    "ledger",
    3,
    "integrity",
    "move_money: both purses are locked in one fixed order, so that A to B and B to A do not deadlock.",
)
def locks_in_order(case: Case) -> Iterator[str]:
    sql = case.sql("move_money")
    if not re.search(r"ORDER\s+BY[^;]*\bid\b[^;]*FOR\s+(NO\s+KEY\s+)?UPDATE", sql, re.IGNORECASE) and not case.says(
        "decisions", r"lock\w*[^.]{0,60}\border\b"
    ):
        yield "no order of locks is told"


@demand(
    "ledger",
    4,
    "integrity",
    "An amount of zero or less, a purse to itself, and purses of two currencies are refused, or named.",
    is_tried=True,
)
def senseless_movements(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        source, target, foreign = _purse(trial), _purse(trial), _purse(trial, currency="USD", balance_currency="USD")
        tries = {
            "an amount of zero": (source, target, 0, r"\b(zero|positive)\b"),
            "a negative amount": (source, target, -5, r"\b(negative|positive)\b"),
            "a purse to itself": (source, source, 5, r"\b(it)?self\b"),
            "two currencies": (source, foreign, 5, r"\bcurrenc"),
        }
        for name, (giver, taker, amount, about) in tries.items():
            is_refused = trial.refuses(lambda g=giver, t=taker, a=amount: _movement(trial, g, t, a))  # type: ignore[misc]
            if not is_refused and case.named(about, r"Movement|move_money") is None:
                yield f"{name} was stored"
        if trial.refuses(lambda: _movement(trial, source, target, 5)):
            yield "a good movement was refused"


@demand(
    "ledger",
    5,
    "integrity",
    "Movement and Posting are never changed or deleted: nothing exported does it, the right is withheld, a mistake is reversed.",
    named=[(r"^operations-append-only-without-reversal", r"Movement")],
)
def what_is_written_stays(case: Case) -> Iterator[str]:
    for table in ("movement", "posting"):
        if wrong := [*case.operations_on("update", table), *case.operations_on("delete", table)]:
            yield f"{', '.join(wrong)} change {table}"
        if not re.search(
            rf"(REVOKE[^;]*ON\s+(TABLE\s+)?{table}\b|CREATE\s+TRIGGER[^;]*BEFORE\s+(UPDATE|DELETE)[^;]*ON\s+{table}\b)",
            case.ddl,
        ):
            yield f"nothing withholds the right to change {table}"
    if not any(re.search(r"revers|counter|correct", name) for name in case.api):
        yield "no operation reverses a movement"


@demand(
    "ledger",
    6,
    "api",
    "move_money: the same key gives the first answer, with another amount it is refused, and it is unique a caller.",
)
def repeated_movements(case: Case) -> Iterator[str]:
    endpoint = case.api["move_money"]
    if "Idempotency-Key" not in endpoint.parameters:
        yield "no key"
    if not re.search(
        r"IdempotencyKeyReused|idempotency.key[^.]*(other|another|different|reused)",
        str(case.document["paths"][endpoint.path]) + endpoint.text,
        re.IGNORECASE,
    ):
        yield "another amount under the same key is not refused"
    per_caller = r"UNIQUE\s*\([^)]*(caller|client|service|subject)[^)]*key|UNIQUE\s*\([^)]*key[^)]*(caller|client|service|subject)"
    if not re.search(per_caller, case.ddl, re.IGNORECASE) and not re.search(
        r"(each|one|a|of the same) caller[^.]*\bkey\b|\bkey\b[^.]*\b(each|per|same) caller", endpoint.text
    ):
        yield "one caller's key meets another's"


@demand("ledger", 7, "schema", "Movement: a key unique over 18 bn rows and parts by time exclude each other; the plan keeps it unique and says how.",
        named=[(r"(?=.*partition)(?=.*unique)", r"Movement\b|schema\.tables\.movement")])  # fmt: skip
def unique_over_parts(case: Case) -> Iterator[str]:
    text = case.ddl
    if not re.search(
        r"UNIQUE\s*\(\s*idempotency_key\s*\)|UNIQUE INDEX[^;]*\(\s*idempotency_key\s*\)|PRIMARY KEY\s*\(\s*idempotency_key\s*\)",
        text,
    ):
        yield "the key is not unique"
    if not case.says("scaling", r"unique[^|]{0,80}(part|split)|(part|split)\w*[^|]{0,80}unique") and not case.says(
        "schema", r"unique[^|]{0,80}partition"
    ):
        yield "that uniqueness and parts by time exclude each other is not told"


@demand(
    "ledger",
    8,
    "scaling",
    "7,200 movements/s are 36,000 row writes/s: named as beyond one primary, with the purse as the way to split and what a movement across shards costs.",
)
def five_rows_a_movement(case: Case) -> Iterator[str]:
    if case.named(r"saturat|single.writer|outruns", r"main_writes") is None:
        yield "not named"
    if not any(value >= 30_000 for value in case.facts(r"(main|load).*(row_writes|writes)").values()):
        yield "a movement is counted as one write"
    if "purse" not in case.shard_key("Movement"):
        yield f"Movement would be split by {case.shard_key('Movement') or 'nothing'}"
    if not case.says("scaling", r"(across|between|two) shards[^|]{0,200}(commit|cost|saga|transaction)"):
        yield "what a movement across shards costs is not told"


@demand("ledger", 9, "scaling", "A purse that is part of very many movements is a row that all wait for: named, with its limit or a split.",
        named=[(r"\bhot\b|contention|one row|\bserial|\block", r"Purse\b|move_money")])  # fmt: skip
def a_row_that_all_wait_for(case: Case) -> Iterator[str]:
    if not case.facts(r"(purse|move_money).*(hot|lock|serial|contention)"):
        yield "no number says how often one purse can be moved"


@demand(
    "ledger",
    10,
    "numbers",
    "A recovery point of 0 s in 2 regions waits for the other region: its round trip is in move_money's latency, and the failover fits 5 minutes.",
)
def commit_in_the_other_region(case: Case) -> Iterator[str]:
    waiting = case.facts(SYNCHRONOUS)
    inputs = {one.name for one in case.plan.facts["flow.move_money.latency"].inputs()}
    if not any(name in inputs for name in waiting):
        yield "the latency knows no second region"
    if not case.facts(r"failover|recovery.*(time|rto)"):
        yield "nothing says how long the failover takes"


@demand("ledger", 11, "numbers", "move_money: every time limit on its path is longer than the plan's own p99 of that step.",
        named=[(r"timeout|time.limit|deadline", r"move_money|service -> main")])  # fmt: skip
def limits_above_p99(case: Case) -> Iterator[str]:
    # the store takes most of the path's time: its own p99 is above the mean of the whole
    mean = case.plan.facts["flow.move_money.latency"].base
    for name, call in case.plan.design.errors.calls.items():
        if call.target == "main" and call.source == "service" and call.timeout is not None and call.timeout.base < mean:
            yield f"{name} is cut off after {call.timeout}, the path takes {mean * 1000:.0f} ms on average"


@demand("ledger", 12, "auth", "Which calling service may debit and read which purses is decided or asked; a right over all is named.",
        named=[(r"^auth-", r"\bservice\b|move_money")])  # fmt: skip
def rights_of_services(case: Case) -> Iterator[str]:
    for operation in ("move_money", "balance_of_purse", "postings_of_purse"):
        if not case.is_own(operation, "service"):
            yield f"{operation}: any service, any purse"


@demand(
    "ledger",
    13,
    "cache",
    "balance_of_purse is strong: no cache and no asynchronous replica answers it, and its 5 ms p95 is compared with the path.",
)
def balance_is_strong(case: Case) -> Iterator[str]:
    policy = case.plan.design.cache.policies.get("balance_of_purse")
    if policy is not None and policy.use:
        yield "it is cached"
    hops = [hop.target for hop in case.plan.design.flow.paths["balance_of_purse"].hops]
    if any("replica" in str(hop) for hop in hops):
        yield "a replica answers it"
    if case.named(r"latency|slow|objective", r"balance_of_purse\.latency") is None:
        yield "5 ms at p95 is promised of a path whose mean is above, and it is not named"


@demand(
    "ledger",
    14,
    "monitoring",
    "A job compares each balance with the sum of its postings, and all postings with zero; an alert fires on any difference.",
)
def books_are_compared(case: Case) -> Iterator[str]:
    if not case.jobs(r"reconcil|compare\w*.*balance|balance.*sum"):
        yield "no job compares them"
    if not case.alerts(r"reconcil|balance.*(differ|mismatch|drift)|books"):
        yield "no alert"
