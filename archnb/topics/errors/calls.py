"""How each part calls another: time limits that shrink along the path, retries at one layer, a breaker, a fallback."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from archnb.design.errors import Call
from archnb.design.record import Dotted
from archnb.exceptions import InputError, Problem
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.errors import (
    CALL_BUDGET,
    DEADLINE_FACTOR,
    LONGEST_LOOK,
    LONGEST_REQUEST,
    MIN_CALLS,
    OWN_SHARE,
    WORK_FACTOR,
    WORKER_DEADLINE,
)
from archnb.fact.keys.flow import OPERATION_P99
from archnb.quantity import number, parse
from archnb.sim.reliability import backoff_schedule
from archnb.sim.response import mean_time, percentiles
from archnb.topics.errors.limits import BEHIND, Limit, find_limits, round_down, write_numbers
from archnb.topics.topic import Assumption, Because, Draft

_OURS = "rule of thumb of archnb, 2026-11"
ASSUMPTIONS: tuple[Assumption, ...] = (
    (DEADLINE_FACTOR, 2, "whoever was promised an answer by then waits about twice as long before giving up", _OURS),
    (WORK_FACTOR, 2, "a time limit at the p99 itself would fail one good request in a hundred; at twice it, one in ten thousand (exponential)", _OURS),
    (LONGEST_LOOK, "50 ms", "a cache that is slower than that is no help: the store answers as well", _OURS),
    (LONGEST_REQUEST, "5 min", "who calls has given up by then, however often it would be tried", _OURS),
    (WORKER_DEADLINE, "30 s", "a job may wait longer than a user, not for ever", _OURS),
    (OWN_SHARE, "10%", "the share of its time that a caller keeps for its own work", _OURS),
    (MIN_CALLS, 20, "calls that a breaker must see before it judges", _OURS),
)  # fmt: skip


def name_call(source: str, target: str) -> str:
    """The name of a call in the section: `source -> target`."""
    return f"{source} -> {target}"


def complete_said(draft: Draft, name: str, said: Call) -> Call:
    """A said call that no path of the flow makes, completed: no load and no objective bear on it.

    Raises InputError where neither its name nor its fields say who calls whom.
    """
    source, _, target = (part.strip() for part in name.partition("->"))
    path = f"errors.calls.{name}"
    if not (said.source or (source and target)) or not (said.target or target):
        step = "name it 'source -> target', for instance 'service -> main', or write source and target"
        raise InputError([Problem(path, f"it does not say who calls whom; {step}.")])
    return draft.fill(
        path,
        said,
        source=Because(source, "its name says so"),
        target=Because(target, "its name says so"),
        timeout=Because("1 s", "no path of the flow makes this call, so nothing bounds it; a second is a usual limit"),
        attempts=Because(1, "no path of the flow makes this call: one attempt, and whoever adds the path decides"),
        fallback=Because("answer unavailable with Retry-After", "nothing else was said"),
    )


def write_time(seconds: float) -> str:
    # three digits, and no float dust such as 0.30000000000000004
    return f"{number(seconds * 1000).replace(' ', '')} ms" if seconds < 1 else f"{number(seconds).replace(' ', '')} s"


def is_safe(draft: Draft, operation: str) -> bool:
    """Whether repeating the operation does no harm: it only reads, its method is idempotent, or it carries a key."""
    found = draft.design.api.operations.get(operation)
    if found is not None and (found.needs_idempotency_key or found.method in ("GET", "PUT", "DELETE")):
        return True
    # a change bound to the version it was read at (If-Match) is refused the second time
    if found is not None and "precondition_failed" in found.errors:
        return True
    # a row of a stream that is told by its key is stored once, however often it is sent
    written = draft.design.access[operation].writes if operation in draft.design.access else None
    lifetimes = draft.model.lifetimes
    if written and found is not None and lifetimes.is_append_only(written) and lifetimes.is_told_by_key(written):
        return True
    # erasing twice is erasing once
    if found is not None and draft.model.erasures.find_pattern(found.pattern or operation) is not None:
        return True
    pattern = draft.design.access.get(operation)
    if found is not None and found.method is not None and (pattern is None or pattern.writes):
        return False
    return pattern is None or pattern.writes is None or pattern.action == "delete"


@dataclass(frozen=True)
class Pair:
    """A caller and what it calls, over all paths, with the limit of one attempt in each operation that makes the call.

    timeout: the limit of most of them. deciding: the operation with the least room among those that have this limit.
    """

    source: str
    target: str
    limits: Mapping[str, Limit]
    timeout: float
    deciding: str
    attempts: Because

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations that make the call."""
        return tuple(self.limits)

    @property
    def longest(self) -> str:
        """The operation whose work takes longest behind this call."""
        return max(self.limits, key=lambda name: self.limits[name].p99)


def find_promised(draft: Draft, operation: str) -> float:
    """The time within which an operation promises most of its answers, in seconds; 0 where nothing is promised."""
    objectives = draft.design.requirements.objectives
    one = objectives.get(operation) or objectives.get("default")
    found = (one.latency_p99, one.latency_p95, one.latency_p50) if one is not None else ()
    return next((value.base for value in found if value is not None), 0.0)


# the pairs of a draft, found when its calls are completed and read when they are measured and judged
_PAIRS: WeakKeyDictionary[Draft, list[Pair]] = WeakKeyDictionary()


def find_pairs(draft: Draft) -> list[Pair]:
    """Every caller and callee, with how long the call may take in each operation; as said and proposed, found once a draft."""
    if draft not in _PAIRS:
        _PAIRS[draft] = _find_pairs(draft)
    return _PAIRS[draft]


def _find_pairs(draft: Draft) -> list[Pair]:
    said = draft.said.errors.calls
    users: dict[tuple[str, str], dict[str, None]] = {}
    for name, path in draft.planned.flow.paths.items():
        for step in path.steps:
            # a queue hands out work, and its visibility timeout is the time limit of that: no call
            if step.source and draft.model.calls.kind(step.source) != "queue":
                users.setdefault((step.source, step.target), {}).setdefault(path.operation or name)
    slow = _find_slow(draft)
    attempts = {
        pair: _propose_attempts(draft, *pair, tuple(operations), slow.get(pair, ""))
        for pair, operations in users.items()
    }

    def count(source: str, target: str) -> int:
        given = said.get(name_call(source, target))
        found = attempts.get((source, target))
        return (given.attempts if given is not None else None) or (found.value if found is not None else 1)

    limits: dict[tuple[str, str], dict[str, Limit]] = {pair: {} for pair in users}
    for name, path in draft.planned.flow.paths.items():
        operation = path.operation or name
        for one in find_limits(draft, name, find_promised(draft, operation), count, said):
            before = limits[one.source, one.target].get(operation)
            if before is None or one.limit > before.limit:
                limits[one.source, one.target][operation] = one
    return [_pair(source, target, found, attempts[source, target]) for (source, target), found in limits.items()]


def _find_slow(draft: Draft) -> dict[tuple[str, str], str]:
    """The calls whose second attempt would take longer than what is promised and than all the rest, each with an operation."""
    found: dict[tuple[str, str], str] = {}
    for name, path in draft.planned.flow.paths.items():
        whole = draft.facts.get(OPERATION_P99.of(name))
        if whole is None:
            continue
        operation, steps = path.operation or name, write_numbers(draft.facts, path.steps).steps
        # while some part is overloaded, the limits are those of the day when it no longer is
        usual = whole.base if math.isfinite(whole.base) else 5 * mean_time(steps)
        bound = max(usual, find_promised(draft, operation))
        for planned, step in zip(path.steps, steps, strict=True):
            own = step._replace(parent=-1, share=1.0)
            # a p99 is at most a hundred means, and mostly about five
            if planned.is_waited and 10 * mean_time((own,)) > bound and 2 * percentiles((own,))[2] > bound:
                found.setdefault((planned.source, planned.target), operation)
    return found


def _pair(source: str, target: str, limits: dict[str, Limit], attempts: Because) -> Pair:
    counted: dict[float, int] = {}
    for one in limits.values():
        counted[one.limit] = counted.get(one.limit, 0) + 1
    timeout = max(counted, key=lambda limit: (counted[limit], limit))
    alike = {name: one for name, one in limits.items() if one.limit == timeout}
    deciding = min(alike, key=lambda name: alike[name].budget)
    return Pair(source, target, limits, timeout, deciding, attempts)


def measure_call_rate(draft: Draft, source: str, target: str) -> float:
    """Calls a second at the peak between two components."""
    rate = 0.0
    for operation, hop in draft.model.calls.find_between(source, target):
        fact = draft.facts.get(PATTERN_RATE.of(operation))
        rate += (fact.base if fact is not None else 0.0) * (hop.share.base if hop.share is not None else 1.0)
    return rate


def _propose_attempts(draft: Draft, caller: str, target: str, operations: tuple[str, ...], slow: str) -> Because:
    kind, source = draft.model.calls.kind(target), draft.model.calls.kind(caller)
    if source in ("client", "gateway"):
        return Because(
            1, "retries belong to one layer, the one next to what fails: attempts of several layers multiply"
        )
    if kind == "cache":
        return Because(1, "a miss is cheaper than a second try")
    if source in BEHIND:
        return Because(
            1, "the queue (or the outbox relay) repeats the whole job with back-off; retries inside it would multiply"
        )
    if slow:
        return Because(
            1,
            f"{slow} waits for it: a second attempt would double a wait that is longer than the rest and than what is promised; what became of the first is asked for",
        )
    unsafe = [one for one in operations if not is_safe(draft, one)]
    if unsafe:
        return Because(1, f"{', '.join(unsafe[:3])} would be done twice: no idempotency key")
    if kind in ("service", "gateway") and draft.model.calls.is_caller(target):
        return Because(1, "what it calls is retried one layer below")
    return Because(
        2,
        "every call here is idempotent or carries a key, so one repeat hides a short failure; more would not fit the time",
    )


def _propose_fallback(draft: Draft, pair: Pair) -> Because:
    kind = draft.model.calls.kind(pair.target)
    store = draft.model.places.main
    if kind == "cache":
        return Because(f"read from {store}", "the cache is a copy; without it answers are slower, not wrong")
    if draft.model.calls.kind(pair.source) == "worker" and kind in ("store", "cache"):
        return Because("put the job back and try later", "nobody waits for it, and its key makes a second run harmless")
    if kind == "queue" and draft.model.queues.is_table:
        return Because(
            "none: answer unavailable with Retry-After",
            f"the queue is a table of {store}: without it there is no {store} either",
        )
    if kind == "queue":
        return Because(
            "keep the message in the outbox table and send it later",
            "the outbox is written with the data, so nothing is lost",
        )
    if kind == "identity":
        return Because(
            "verify tokens with the keys kept from the last answer", "tokens are verified locally; keys change seldom"
        )
    if kind == "third_party":
        asynchronous = all(draft.design.access[one].is_async for one in pair.operations if one in draft.design.access)
        if asynchronous or draft.model.calls.kind(pair.source) == "worker":
            return Because("queue it and try later", "the user does not wait for it")
        return Because(
            "answer upstream_failed, keep the work in the queue, compensate on time-out",
            "the user waits for it, and an unknown outcome must be settled",
        )
    if kind == "store" and pair.target != store:
        return Because(
            f"answer from {store} where it can, else say that this part is away", f"{pair.target} holds a copy"
        )
    if kind == "store":
        cached = [
            one
            for one in pair.operations
            if one in draft.design.cache.policies and draft.design.cache.policies[one].use
        ]
        if cached:
            return Because(
                "reads that are cached: serve the last answer; all else: unavailable with Retry-After",
                f"{len(cached)} of the operations are cached",
            )
        return Because("none: answer unavailable with Retry-After", "it is the source of truth")
    return Because("answer unavailable with Retry-After", "there is nothing to answer from")


def complete_call(draft: Draft, pair: Pair) -> Call:
    name = name_call(pair.source, pair.target)
    path, said = f"errors.calls.{name}", draft.design.errors.calls.get(name, Call())
    kind, attempts = draft.model.calls.kind(pair.target), pair.attempts
    tries = said.attempts or attempts.value
    rate = measure_call_rate(draft, pair.source, pair.target)
    is_from_client = draft.model.calls.kind(pair.source) == "client"
    timeout, tightest = pair.timeout, pair.limits[pair.deciding]
    fact = CALL_BUDGET.of(name_pair(pair))
    others = {
        one: parse(write_time(limit.limit))
        for one, limit in pair.limits.items()
        if said.timeout is None and one not in said.limits and limit.limit != timeout
    }
    record = draft.fill(
        path, said,
        source=Because(pair.source, "the flow has this call"),
        target=Because(pair.target, "the flow has this call"),
        timeout=Because(
            write_time(timeout),
            f"99 of 100 take {write_time(tightest.p99)} at most in {pair.deciding}, which has the least room; {tries} attempt{'s' * (tries > 1)} must fit {write_time(tightest.budget)}, its share of its caller's time",
            (fact,),
        ),
        limits=Because(
            Dotted({**said.limits, **others}) if others else None,
            "these operations leave this call more time or less: by what their own work needs and what they promise", (fact,),
        ),
        attempts=attempts,
        fallback=_propose_fallback(draft, pair),
    )  # fmt: skip
    if said.limits and others:
        record = dataclasses.replace(record, limits=Dotted({**said.limits, **others}))
        draft.note(f"{path}.limits", "those that were said, and what the other operations leave this call", fact)
    if tries > 1:
        shortest = min([find_limit(record), *(one.base for one in record.limits.values())])
        base = max(0.001, 0.1 * shortest)
        record = draft.fill(
            path, record,
            backoff=Because(write_time(round_down(base)), "a tenth of the shortest time limit, full jitter: callers that failed together do not come back together"),
            retry_budget=Because("20%", "retries stay under 20 % of the calls plus 10/s (Finagle's RetryBudget), so a failing part is not buried"),
        )  # fmt: skip
    if is_from_client or kind in ("worker",):
        return record
    # somebody else's system is worth the longer look: its failures are not ours to see otherwise
    least = draft.facts[MIN_CALLS].base
    longest = 300.0 if kind == "third_party" else 60.0
    window = min(longest, max(10.0, math.ceil(least / rate / 10) * 10)) if rate > 0 else longest
    is_worth = rate * window >= least or rate == 0
    if is_worth or said.breaker_failures is not None or said.breaker_window is not None:
        record = draft.fill(
            path, record,
            breaker_failures=Because("50%", "half of the calls failing is an outage, not bad luck"),
            breaker_window=Because(write_time(window), f"it must see at least {number(least)} calls before it judges; {number(rate)}/s come at the peak" if rate else "the shortest that is usual"),
            breaker_open=Because("5 s", "long enough to spare what fails, short enough that users see it come back"),
        )  # fmt: skip
    else:
        draft.note(
            f"{path}.breaker_failures",
            f"none: {number(rate)}/s are {number(rate * window)} calls in {number(window)} s, too few to judge; the time limit alone must do",
        )
    return record


def name_pair(pair: Pair) -> str:
    return f"{pair.source}_to_{pair.target}"


def find_limit(call: Call, operation: str = "") -> float:
    """Seconds that one attempt of a call may take in an operation, or in all that have no limit of their own."""
    found = call.limits.get(operation, call.timeout)
    return found.base if found is not None else 0.0


def worst_case(call: Call, operation: str = "") -> float:
    """Seconds that a call keeps its caller at most: every attempt times out and every wait is at its longest."""
    limit = find_limit(call, operation)
    if limit == 0:
        return 0.0
    tries = max(1, call.attempts or 1)
    base = call.backoff.base if call.backoff is not None and tries > 1 else 0.0
    waits = backoff_schedule(base, max(base, 10.0), tries - 1).max_total if base > 0 else 0.0
    return tries * limit + waits
