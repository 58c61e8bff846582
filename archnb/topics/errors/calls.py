"""How each part calls another: time limits that shrink along the path, retries at one layer, a breaker, a fallback."""

from __future__ import annotations

import math
from dataclasses import dataclass

from archnb.design.errors import Call
from archnb.design.flow import Path
from archnb.exceptions import InputError, Problem
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.errors import CALL_BUDGET, DEADLINE_FACTOR, MIN_CALLS, OWN_SHARE, WORKER_DEADLINE
from archnb.fact.keys.jobs import THIRD_PARTY_P99
from archnb.quantity import number, parse
from archnb.sim.reliability import backoff_schedule
from archnb.topics.topic import Assumption, Because, Draft

# how the time a component has is split over what it calls one after another: third parties are the slowest
_WEIGHT = {
    "third_party": 6.0,
    "store": 3.0,
    "service": 4.0,
    "gateway": 4.0,
    "identity": 2.0,
    "queue": 1.0,
    "cache": 0.5,
    "worker": 4.0,
}
_NICE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_OURS = "rule of thumb of archnb, 2026-11"
ASSUMPTIONS: tuple[Assumption, ...] = (
    (DEADLINE_FACTOR, 2, "a time limit at the p99 itself would fail one good request in a hundred", _OURS),
    (WORKER_DEADLINE, "30 s", "a job may wait longer than a user, not for ever", _OURS),
    (OWN_SHARE, "10%", "the share of its time that a caller keeps for its own work", _OURS),
    (MIN_CALLS, 20, "calls that a breaker must see before it judges", _OURS),
)  # fmt: skip
# what these call, no user waits for: jobs, and the relay that sends a store's outbox
BEHIND = ("worker", "queue", "store")


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


def _round_down(seconds: float) -> float:
    """The next value below that a person would write: 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten."""
    if seconds <= 0:
        return 0.001
    power = 10.0 ** math.floor(math.log10(seconds) + 1e-12)
    return max(0.001, power * max(one for one in _NICE if one * power <= seconds * (1 + 1e-9)))


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
    """A caller and what it calls, over all paths: the operations that pass, and the one that decides, with the share of its time.

    That is the slowest one where the callee calls others (each inner call is cut to its own time), else the quickest.
    """

    source: str
    target: str
    operations: tuple[str, ...]
    deciding: str
    share: float
    deadline: float


def find_slow(draft: Draft, target: str) -> float:
    """The time in which a third party answers 99 of 100 calls, in seconds; 0 where nothing is known of it."""
    fact = draft.facts.get(THIRD_PARTY_P99.of(target.removesuffix("_provider")))
    return fact.base if fact is not None and draft.model.calls.kind(target) == "third_party" else 0.0


def _need(draft: Draft, path: Path) -> float:
    """How long an operation's caller has to wait so that no third party on its way is cut off in mid answer, in seconds."""
    waited = [
        hop for hop in path.hops if hop.target and hop.source and draft.model.calls.kind(hop.source) not in BEHIND
    ]
    slow = sum(find_slow(draft, hop.target or "") for hop in waited if hop.kind in ("call", None))
    # what the inner parts keep for themselves comes on top, once each for service, gateway and client
    return slow / (1 - draft.facts[OWN_SHARE].base) ** 3 * 1.25 if slow else 0.0


def _deadlines(draft: Draft) -> dict[str, float]:
    """How long each operation's caller waits at most, in seconds: twice the p99 that is promised, or what third parties need."""
    objectives = draft.design.requirements.objectives
    found = {}
    for name, path in {one.operation or n: one for n, one in draft.design.flow.paths.items()}.items():
        objective = objectives.get(name) or objectives.get("default")
        latency = objective.latency_p99 if objective is not None and objective.latency_p99 is not None else parse("1 s")
        found[name] = max(draft.facts[DEADLINE_FACTOR].base * latency.base, _need(draft, path))
    return found


def find_pairs(draft: Draft) -> list[Pair]:
    """Every caller and callee, each with the least time that any path leaves it."""
    deadlines, kind = _deadlines(draft), draft.model.calls.kind
    own_share, worker_deadline = draft.facts[OWN_SHARE].base, draft.facts[WORKER_DEADLINE].base
    said = draft.design.errors.calls
    least: dict[tuple[str, str], tuple[float, str, float]] = {}
    users: dict[tuple[str, str], dict[str, None]] = {}
    for name, path in draft.design.flow.paths.items():
        operation = path.operation or name
        # a queue hands out work, and its visibility timeout is the time limit of that: no call
        hops = [
            hop
            for hop in path.hops
            if hop.source and hop.target and hop.source != hop.target and kind(hop.source) != "queue"
        ]
        # what is called after an asynchronous hop has the worker's own time
        has: dict[str, float] = {}
        targets: dict[str, dict[str, None]] = {}
        for hop in hops:
            targets.setdefault(hop.source or "", {}).setdefault(hop.target or "")
        for hop in hops:
            source, target = hop.source or "", hop.target or ""
            is_waited = kind(source) not in BEHIND
            start = deadlines[operation] if is_waited else worker_deadline
            time = has.get(source, start) if is_waited else start
            weights = {one: _WEIGHT.get(kind(one), 3.0) for one in targets[source]}
            # the client's own call has the whole time; every other caller keeps some for itself
            usable = time if kind(source) == "client" else time * (1 - own_share)
            share = usable * weights[target] / sum(weights.values())
            key = (source, target)
            users.setdefault(key, {}).setdefault(operation)
            # what calls others must last for its slowest operation; what calls nobody is cut to the quickest
            is_inner = kind(target) in ("service", "gateway")
            if key not in least or (share > least[key][0] if is_inner else share < least[key][0]):
                least[key] = (share, operation, start)
            given = said.get(name_call(source, target))
            limit = given.timeout.base if given is not None and given.timeout is not None else _round_down(share)
            # a caller may be called on several paths within one operation; the shorter time binds
            has[target] = min(has.get(target, math.inf), limit)
    return [
        Pair(s, t, tuple(users[s, t]), op, share / start if start else 1.0, start)
        for (s, t), (share, op, start) in least.items()
    ]


def measure_call_rate(draft: Draft, source: str, target: str) -> float:
    """Calls a second at the peak between two components."""
    rate = 0.0
    for operation, hop in draft.model.calls.find_between(source, target):
        fact = draft.facts.get(PATTERN_RATE.of(operation))
        rate += (fact.base if fact is not None else 0.0) * (hop.share.base if hop.share is not None else 1.0)
    return rate


def _propose_attempts(draft: Draft, pair: Pair) -> Because:
    kind, source = draft.model.calls.kind(pair.target), draft.model.calls.kind(pair.source)
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
    unsafe = [one for one in pair.operations if not is_safe(draft, one)]
    if unsafe:
        return Because(1, f"{', '.join(unsafe[:3])} would be done twice: no idempotency key")
    if kind in ("service", "gateway") and draft.model.calls.is_caller(pair.target):
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
    kind, budget = draft.model.calls.kind(pair.target), pair.share * pair.deadline
    attempts = _propose_attempts(draft, pair)
    tries = said.attempts or attempts.value
    rate = measure_call_rate(draft, pair.source, pair.target)
    is_from_client = draft.model.calls.kind(pair.source) == "client"
    # n attempts and the n − 1 waits between them, each a tenth of a timeout doubled, fit the time that the path leaves
    # (beyond sixty doublings nothing is left of any time)
    waits = 0.1 * (2.0 ** min(tries - 1, 60) - 1)
    timeout = _round_down(budget / (tries + waits))
    usual = draft.design.flow.components.get(pair.target)
    if (
        said.attempts is None
        and tries > 1
        and usual is not None
        and usual.service_time is not None
        and timeout < 3 * usual.service_time.base
    ):
        reason = (
            f"two attempts of {write_time(timeout)} would cut off good answers: it usually takes {usual.service_time}"
        )
        attempts, tries, waits = Because(1, reason), 1, 0.0
        timeout = _round_down(budget)
    timeout = min(timeout, 0.05) if kind == "cache" else timeout
    fact = CALL_BUDGET.of(name_pair(pair))
    record = draft.fill(
        path, said,
        source=Because(pair.source, "the flow has this call"),
        target=Because(pair.target, "the flow has this call"),
        timeout=Because(write_time(timeout), f"{tries} attempt{'s' * (tries > 1)} must fit the time that {pair.deciding}, which decides here, leaves it", (fact,)),
        attempts=attempts,
        fallback=_propose_fallback(draft, pair),
    )  # fmt: skip
    if tries > 1:
        base = max(0.001, 0.1 * (record.timeout.base if record.timeout else timeout))
        record = draft.fill(
            path, record,
            backoff=Because(write_time(_round_down(base)), "a tenth of the time limit, full jitter: callers that failed together do not come back together"),
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


def worst_case(call: Call) -> float:
    """Seconds that a call keeps its caller at most: every attempt times out and every wait is at its longest."""
    if call.timeout is None:
        return 0.0
    tries = max(1, call.attempts or 1)
    base = call.backoff.base if call.backoff is not None and tries > 1 else 0.0
    waits = backoff_schedule(base, max(base, 10.0), tries - 1).max_total if base > 0 else 0.0
    return tries * call.timeout.base + waits
