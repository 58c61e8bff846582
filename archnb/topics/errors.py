"""Error handling: one catalogue of errors that every operation draws from, and for every call a time limit, retries at one
layer only, a breaker and a fallback, so that a slow part costs its callers a bounded time and a bounded load.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from archnb.design import fields_of
from archnb.design.errors import Call, ErrorCode, Errors
from archnb.design.flow import Hop
from archnb.design.record import Named
from archnb.exceptions import nearest
from archnb.fact import Fact, apply_model
from archnb.finding import Hit, Rule, rule
from archnb.quantity import Quantity, number, parse
from archnb.shapes import AnyShape, Cell, Source, Table
from archnb.sim.reliability import backoff_schedule, metastable_boundary, retry_amplification
from archnb.topics.topic import Because, Draft

NAME = "errors"
TITLE = "Error handling"


# -- the catalogue


@dataclass(frozen=True)
class _Known:
    """An error the field has a name for: what `ErrorCode` holds, and why it has this status."""

    title: str
    http: int
    grpc: str
    is_retryable: bool
    client: str
    recovery: str
    reason: str


_STANDARD: Mapping[str, _Known] = {
    "validation_failed": _Known(
        "The request does not fit its description.", 422, "INVALID_ARGUMENT", False,
        "Shows the message beside each field that `errors` names; sends again only what was changed.",
        "Nothing to do: nothing was changed.", "the request is well formed and cannot be carried out (RFC 9110, 422)",
    ),
    "unauthenticated": _Known(
        "The token is missing, expired or not valid.", 401, "UNAUTHENTICATED", False,
        "Refreshes the token once and repeats; signs in again if that fails.",
        "Nothing to do; a sudden rise is an attack or an expired signing key.", "who calls is not known (RFC 9110, 401)",
    ),
    "forbidden": _Known(
        "The caller may not do this.", 403, "PERMISSION_DENIED", False,
        "Hides the action; asks an administrator for the role.", "Nothing to do.", "who calls is known and lacks the permission (RFC 9110, 403)",
    ),
    "not_found": _Known(
        "There is no such thing, or the caller may not know of it.", 404, "NOT_FOUND", False,
        "Says so and goes back to the list.", "Nothing to do.", "the address names nothing the caller may see (RFC 9110, 404)",
    ),
    "conflict": _Known(
        "The change does not fit the present state.", 409, "ABORTED", False,
        "Reads again, shows the difference, lets the user decide.", "Nothing to do: the transaction was rolled back.",
        "another change came first (RFC 9110, 409)",
    ),
    "idempotency_key_reused": _Known(
        "The idempotency key belongs to another request.", 422, "INVALID_ARGUMENT", False,
        "Makes a new key: this is a fault of the client.", "Nothing to do: the first request stands.",
        "the same key with another body is a fault of the client, not a repeat (IETF draft on the Idempotency-Key header, 422)",
    ),
    "precondition_failed": _Known(
        "The thing changed since it was read.", 412, "FAILED_PRECONDITION", False,
        "Reads again, applies the change to the new version, sends its ETag.", "Nothing to do: nothing was changed.",
        "the version in If-Match is no longer the present one (RFC 9110, 412)",
    ),
    "rate_limited": _Known(
        "Too many requests.", 429, "RESOURCE_EXHAUSTED", True,
        "Waits for Retry-After, then repeats with jitter.", "The limit refills by itself.", "the caller is over its limit (RFC 6585, 429)",
    ),
    "payload_too_large": _Known(
        "The body is too large.", 413, "RESOURCE_EXHAUSTED", False,
        "Sends less, or in parts.", "Nothing to do.", "the body is over the limit (RFC 9110, 413); gRPC libraries answer RESOURCE_EXHAUSTED to it",
    ),
    "internal": _Known(
        "Something went wrong on our side.", 500, "INTERNAL", False,
        "Says so and shows the trace id; does not repeat by itself, for the fault would repeat too.",
        "The transaction is rolled back; the trace id leads to the log; the alert counts it.", "an unforeseen fault of ours (RFC 9110, 500)",
    ),
    "unavailable": _Known(
        "The service is not available now.", 503, "UNAVAILABLE", True,
        "Waits for Retry-After, then repeats with jitter and the same idempotency key.",
        "Load is shed until a part is back; breakers try again by themselves.", "a part is down or sheds load (RFC 9110, 503)",
    ),
    "timeout": _Known(
        "The answer took too long.", 504, "DEADLINE_EXCEEDED", True,
        "Repeats reads, and writes with the same idempotency key: the first may have been done.",
        "Work past its deadline is dropped, not finished for nobody.", "a part did not answer within its time limit (RFC 9110, 504)",
    ),
    "upstream_failed": _Known(
        "A third party did not do its part.", 502, "UNAVAILABLE", True,
        "Repeats later with the same idempotency key, or chooses another way.",
        "The breaker opens; the work waits in the queue where it may; the saga compensates.", "a part of somebody else failed (RFC 9110, 502)",
    ),
}  # fmt: skip
_ALWAYS = (
    "validation_failed",
    "unauthenticated",
    "forbidden",
    "not_found",
    "rate_limited",
    "internal",
    "unavailable",
    "timeout",
)

# names that say what they are by their form
_FORMS: Sequence[tuple[str, _Known]] = (
    (r"insufficient_(.+)", _Known("There is not enough {0}.", 409, "FAILED_PRECONDITION", False, "Shows what is left; offers less or another.",
                                  "Nothing to do: the reservation was not made, earlier steps are compensated.", "the state does not allow it now, and asking again changes nothing (RFC 9110, 409)")),
    (r"(.+)_declined", _Known("The {0} was declined.", 402, "FAILED_PRECONDITION", False, "Asks for another means; never repeats the same one by itself.",
                              "Earlier steps are compensated; the reason is kept for support, never the card's data.", "the provider refused, which is an answer and no failure; 402 is what payment APIs use")),
    (r"(.+)_state_conflict", _Known("The {0} is not in a state that allows this.", 409, "FAILED_PRECONDITION", False, "Reads the {0} again and offers what its state allows.",
                                    "Nothing to do: the transition was refused.", "the transition does not start at the present state (RFC 9110, 409)")),
    (r"duplicate_(.+)", _Known("This {0} is taken.", 409, "ALREADY_EXISTS", False, "Asks for another {0}, or opens what exists.",
                               "Nothing to do: the unique key refused the row.", "the unique key holds it already (RFC 9110, 409)")),
    (r"(.+)_not_found", _Known("There is no such {0}.", 404, "NOT_FOUND", False, "Says so and goes back.", "Nothing to do.", "the request names a {0} that does not exist (RFC 9110, 404)")),
    (r"(.+)_expired", _Known("The {0} has expired.", 410, "FAILED_PRECONDITION", False, "Starts again with a new {0}.", "Nothing to do.", "it was there and is gone for good (RFC 9110, 410)")),
    (r"(.+)_conflict", _Known("The {0} was changed by somebody else.", 409, "ABORTED", False, "Reads again, shows the difference, lets the user decide.",
                              "Nothing to do: the transaction was rolled back.", "another change came first (RFC 9110, 409)")),
)  # fmt: skip

# which gRPC statuses say the same as an HTTP status: google.rpc.Code's own mapping, and what practice adds
_SAME: Mapping[int, tuple[str, ...]] = {
    400: ("INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE"),
    401: ("UNAUTHENTICATED",),
    402: ("FAILED_PRECONDITION",),
    403: ("PERMISSION_DENIED",),
    404: ("NOT_FOUND",),
    408: ("DEADLINE_EXCEEDED",),
    409: ("ABORTED", "ALREADY_EXISTS", "FAILED_PRECONDITION"),
    410: ("NOT_FOUND", "FAILED_PRECONDITION"),
    412: ("FAILED_PRECONDITION", "ABORTED"),
    413: ("RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "OUT_OF_RANGE"),
    415: ("INVALID_ARGUMENT",),
    422: ("INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE"),
    428: ("FAILED_PRECONDITION",),
    429: ("RESOURCE_EXHAUSTED", "UNAVAILABLE"),
    499: ("CANCELLED",),
    500: ("INTERNAL", "UNKNOWN", "DATA_LOSS"),
    501: ("UNIMPLEMENTED",),
    502: ("UNAVAILABLE", "INTERNAL"),
    503: ("UNAVAILABLE",),
    504: ("DEADLINE_EXCEEDED",),
}
# asking again changes nothing on these; on those it does
_FINAL = frozenset({400, 401, 402, 403, 404, 405, 410, 413, 415, 422, 501})
_PASSING = frozenset({429, 503})


def _find_known(code: str) -> _Known | None:
    """What the field knows of an error by its name, or None."""
    if code in _STANDARD:
        return _STANDARD[code]
    for form, known in _FORMS:
        match = re.fullmatch(form, code)
        if match is not None:
            words = match[1].replace("_", " ")
            said = {
                name: getattr(known, name).replace("{0}", words) for name in ("title", "client", "recovery", "reason")
            }
            return _Known(
                said["title"],
                known.http,
                known.grpc,
                known.is_retryable,
                said["client"],
                said["recovery"],
                said["reason"],
            )
    return None


def _snake(name: str) -> str:
    return re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).strip("_").lower()


def _is_write_of(draft: Draft, entity: str, *actions: str) -> bool:
    return any(one.writes == entity and (one.action in actions or not actions) for one in draft.design.access.values())


def _find_domain_codes(draft: Draft) -> dict[str, str]:
    """The errors that the design's own meaning brings: code to the reason, with the operations that can give them."""
    found: dict[str, str] = {}
    for name, pattern in draft.design.access.items():
        for step in pattern.steps:
            action = (step.action or "").lower()
            if action.startswith(("reserve", "allocate", "hold", "take")) and step.entity:
                found.setdefault(
                    f"insufficient_{_snake(step.entity)}", f"{name} reserves {step.entity}, which can run out"
                )
            if step.via and (
                action.startswith(("charge", "authori", "capture", "pay", "debit"))
                or "payment" in _snake(step.entity or "")
            ):
                found.setdefault("payment_declined", f"{name} charges through {step.via}, which may refuse")
    for entity in draft.design.entities:
        for field_name, field in fields_of(draft.design, entity).items():
            if (
                field.type == "enum"
                and field_name in ("status", "state", "stage", "phase")
                and _is_write_of(draft, entity, "update")
            ):
                found.setdefault(
                    f"{_snake(entity)}_state_conflict",
                    f"{entity}.{field_name} moves through {', '.join(field.values)}, and not from each to each",
                )
            if field.unique and not field.key and _is_write_of(draft, entity, "create", "update"):
                found.setdefault(f"duplicate_{_snake(field_name)}", f"{entity}.{field_name} is unique")
    return found


def _used_by(draft: Draft, code: str) -> list[str]:
    return [name for name, one in draft.design.api.operations.items() if code in one.errors]


def _complete_codes(draft: Draft) -> Named[ErrorCode]:
    said = draft.design.errors.codes
    wanted: dict[str, str] = dict.fromkeys(said, "")
    for code in _ALWAYS:
        wanted.setdefault(code, "every API gives it")
    for name, operation in draft.design.api.operations.items():
        for code in operation.errors:
            # a code nobody can explain stays out, and a rule says so
            if _find_known(code) is not None:
                wanted.setdefault(code, f"{name} can give it")
    for code, reason in _find_domain_codes(draft).items():
        wanted.setdefault(code, reason)
    if any(step.via for one in draft.design.access.values() for step in one.steps):
        wanted.setdefault("upstream_failed", "third parties take part")
    order = [*_STANDARD, *(code for code in wanted if code not in _STANDARD)]
    made: dict[str, ErrorCode] = {}
    for code in sorted(wanted, key=lambda one: order.index(one)):
        path, record = f"errors.codes.{code}", said.get(code, ErrorCode())
        known = _find_known(code) or _guess(code, record)
        made[code] = draft.fill(
            path, record,
            title=Because(known.title, "what a person reads first; it is the same at every occurrence (RFC 9457)"),
            http=Because(known.http, known.reason),
            grpc=Because(known.grpc, f"says the same as HTTP {record.http or known.http}"),
            is_retryable=Because(known.is_retryable, _why_retry(known.is_retryable)),
            client=Because(known.client, "an error that tells the caller nothing to do is repeated"),
            recovery=Because(known.recovery, "what the system does without a person"),
        )  # fmt: skip
        if code not in said:
            draft.note(path, wanted[code])
    return Named(made)


def _guess(code: str, record: ErrorCode) -> _Known:
    """What follows for a said code from its name and its said status."""
    http = record.http or 422
    is_retryable = http in (408, 429, 502, 503, 504)
    return _Known(
        code.replace("_", " ").capitalize() + ".", http, _SAME.get(http, ("UNKNOWN",))[0], is_retryable,
        "Waits, then repeats with jitter." if is_retryable else "Shows the message; sends again only what was changed.",
        "Nothing to do." if http < 500 else "The transaction is rolled back; the alert counts it.",
        "a request that is well formed and cannot be carried out (RFC 9110, 422), where nothing else was said",
    )  # fmt: skip


def _why_retry(is_retryable: bool) -> str:
    return (
        "the cause passes by itself, so a later repeat may succeed"
        if is_retryable
        else "the same request gives the same answer again"
    )


# -- the calls

# a share of the time that a caller has is kept for its own work and the way there and back
_OWN_SHARE = 0.1
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
_WORKER_DEADLINE = 30.0
# Hystrix' circuitBreaker.requestVolumeThreshold: below it a breaker does not judge
MIN_CALLS = 20


def _kind_of(draft: Draft, component: str) -> str:
    found = draft.design.flow.components.get(component)
    if found is not None and found.kind:
        return found.kind
    return (
        "store"
        if component in draft.design.schema.stores
        else component
        if component in _WEIGHT or component == "client"
        else "third_party"
    )


def name_call(source: str, target: str) -> str:
    """The name of a call in the section: `source -> target`."""
    return f"{source} -> {target}"


def _hops(draft: Draft) -> Iterator[tuple[str, Hop]]:
    for name, path in draft.design.flow.paths.items():
        for hop in path.hops:
            if hop.source and hop.target and hop.source != hop.target:
                yield path.operation or name, hop


def _round_down(seconds: float) -> float:
    """The next value below that a person would write: 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten."""
    if seconds <= 0:
        return 0.001
    power = 10.0 ** math.floor(math.log10(seconds) + 1e-12)
    return max(0.001, power * max(one for one in _NICE if one * power <= seconds * (1 + 1e-9)))


def _write_time(seconds: float) -> str:
    # three digits, and no float dust such as 0.30000000000000004
    return f"{number(seconds * 1000).replace(' ', '')} ms" if seconds < 1 else f"{number(seconds).replace(' ', '')} s"


def _is_safe(draft: Draft, operation: str) -> bool:
    """Whether repeating the operation does no harm: it only reads, its method is idempotent, or it carries a key."""
    found = draft.design.api.operations.get(operation)
    if found is not None and (found.needs_idempotency_key or found.method in ("GET", "PUT", "DELETE")):
        return True
    pattern = draft.design.access.get(operation)
    if found is not None and found.method is not None and (pattern is None or pattern.writes):
        return False
    return pattern is None or pattern.writes is None or pattern.action == "delete"


@dataclass(frozen=True)
class _Pair:
    """A caller and what it calls, over all paths: the operations that pass, and the tightest of them with the share of its time."""

    source: str
    target: str
    operations: tuple[str, ...]
    tightest: str
    share: float
    deadline: float


def _deadlines(draft: Draft) -> dict[str, float]:
    """How long each operation's caller waits at most, in seconds: twice the p99 that is promised."""
    objectives = draft.design.requirements.objectives
    found = {}
    for name in {one.operation or n: None for n, one in draft.design.flow.paths.items()}:
        objective = objectives.get(name) or objectives.get("default")
        latency = objective.latency_p99 if objective is not None and objective.latency_p99 is not None else parse("1 s")
        found[name] = 2 * latency.base
    return found


def _find_pairs(draft: Draft) -> list[_Pair]:
    """Every caller and callee, each with the least time that any path leaves it."""
    deadlines = _deadlines(draft)
    said = draft.design.errors.calls
    least: dict[tuple[str, str], tuple[float, str, float]] = {}
    users: dict[tuple[str, str], dict[str, None]] = {}
    for name, path in draft.design.flow.paths.items():
        operation = path.operation or name
        hops = [hop for hop in path.hops if hop.source and hop.target and hop.source != hop.target]
        # what is called after an asynchronous hop has the worker's own time
        has: dict[str, float] = {}
        targets: dict[str, dict[str, None]] = {}
        for hop in hops:
            targets.setdefault(hop.source or "", {}).setdefault(hop.target or "")
        for hop in hops:
            source, target = hop.source or "", hop.target or ""
            start = _WORKER_DEADLINE if _kind_of(draft, source) in ("worker", "queue") else deadlines[operation]
            time = has.get(source, start)
            weights = {one: _WEIGHT.get(_kind_of(draft, one), 3.0) for one in targets[source]}
            # the client's own call has the whole time; every other caller keeps some for itself
            usable = time if _kind_of(draft, source) == "client" else time * (1 - _OWN_SHARE)
            share = usable * weights[target] / sum(weights.values())
            key = (source, target)
            users.setdefault(key, {}).setdefault(operation)
            if key not in least or share < least[key][0]:
                least[key] = (share, operation, start)
            given = said.get(name_call(source, target))
            limit = given.timeout.base if given is not None and given.timeout is not None else share
            # a caller may be called on several paths within one operation; the shorter time binds
            has[target] = min(has.get(target, math.inf), limit)
    return [
        _Pair(s, t, tuple(users[s, t]), op, share / start if start else 1.0, start)
        for (s, t), (share, op, start) in least.items()
    ]


def _call_rate(draft: Draft, source: str, target: str) -> float:
    """Calls a second at the peak between two components."""
    rate = 0.0
    for operation, hop in _hops(draft):
        if (hop.source, hop.target) == (source, target):
            fact = draft.facts.get(f"access.{operation}.rate") if f"access.{operation}.rate" in draft.facts else None
            rate += (fact.base if fact is not None else 0.0) * (hop.share.base if hop.share is not None else 1.0)
    return rate


def _propose_attempts(draft: Draft, pair: _Pair) -> Because:
    kind, source = _kind_of(draft, pair.target), _kind_of(draft, pair.source)
    if source in ("client", "gateway"):
        return Because(
            1, "retries belong to one layer, the one next to what fails: attempts of several layers multiply"
        )
    if kind == "cache":
        return Because(1, "a miss is cheaper than a second try")
    if source in ("worker", "queue"):
        return Because(1, "the queue repeats the whole job with back-off; retries inside it would multiply")
    unsafe = [one for one in pair.operations if not _is_safe(draft, one)]
    if unsafe:
        return Because(1, f"{', '.join(unsafe[:3])} would be done twice: no idempotency key")
    if kind in ("service", "gateway") and any(hop.source == pair.target for _, hop in _hops(draft)):
        return Because(1, "what it calls is retried one layer below")
    return Because(
        2,
        "every call here is idempotent or carries a key, so one repeat hides a short failure; more would not fit the time",
    )


def _propose_fallback(draft: Draft, pair: _Pair) -> Because:
    kind = _kind_of(draft, pair.target)
    store = next(iter(draft.design.schema.stores), "main")
    if kind == "cache":
        return Because(f"read from {store}", "the cache is a copy; without it answers are slower, not wrong")
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
        if asynchronous or _kind_of(draft, pair.source) == "worker":
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


def _complete_call(draft: Draft, pair: _Pair) -> Call:
    name = name_call(pair.source, pair.target)
    path, said = f"errors.calls.{name}", draft.design.errors.calls.get(name, Call())
    kind, budget = _kind_of(draft, pair.target), pair.share * pair.deadline
    attempts = _propose_attempts(draft, pair)
    tries = said.attempts or attempts.value
    rate = _call_rate(draft, pair.source, pair.target)
    is_from_client = _kind_of(draft, pair.source) == "client"
    # n attempts and the n − 1 waits between them, each a tenth of a timeout doubled, fit the time that the path leaves
    waits = 0.1 * (2 ** (tries - 1) - 1)
    timeout = _round_down(budget / (tries + waits))
    timeout = min(timeout, 0.05) if kind == "cache" else timeout
    fact = f"errors.{_name_pair(pair)}.budget"
    record = draft.fill(
        path, said,
        source=Because(pair.source, "the flow has this call"),
        target=Because(pair.target, "the flow has this call"),
        timeout=Because(_write_time(timeout), f"{tries} attempt{'s' * (tries > 1)} must fit the time that {pair.tightest}, the tightest operation here, leaves it", (fact,)),
        attempts=attempts,
        fallback=_propose_fallback(draft, pair),
    )  # fmt: skip
    if tries > 1:
        base = max(0.001, 0.1 * (record.timeout.base if record.timeout else timeout))
        record = draft.fill(
            path, record,
            backoff=Because(_write_time(_round_down(base)), "a tenth of the time limit, full jitter: callers that failed together do not come back together"),
            retry_budget=Because("20%", "retries stay under 20 % of the calls plus 10/s (Finagle's RetryBudget), so a failing part is not buried"),
        )  # fmt: skip
    if is_from_client or kind in ("worker",):
        return record
    window = min(60.0, max(10.0, math.ceil(MIN_CALLS / rate / 10) * 10)) if rate > 0 else 60.0
    is_worth = rate * window >= MIN_CALLS or rate == 0
    if is_worth or said.breaker_failures is not None or said.breaker_window is not None:
        record = draft.fill(
            path, record,
            breaker_failures=Because("50%", "half of the calls failing is an outage, not bad luck"),
            breaker_window=Because(_write_time(window), f"it must see at least {MIN_CALLS} calls before it judges; {number(rate)}/s come at the peak" if rate else "the shortest that is usual"),
            breaker_open=Because("5 s", "long enough to spare what fails, short enough that users see it come back"),
        )  # fmt: skip
    else:
        draft.note(
            f"{path}.breaker_failures",
            f"none: {number(rate)}/s are {number(rate * window)} calls in {number(window)} s, too few to judge; the time limit alone must do",
        )
    return record


def _name_pair(pair: _Pair) -> str:
    return f"{pair.source}_to_{pair.target}"


def complete(draft: Draft) -> None:
    """Propose the catalogue of errors, and time limits, retries, breakers and fallbacks of each call of the flow."""
    said = draft.design.errors
    codes = _complete_codes(draft)
    pairs = _find_pairs(draft)
    calls = {name_call(pair.source, pair.target): _complete_call(draft, pair) for pair in pairs}
    for pair in pairs:
        name = name_call(pair.source, pair.target)
        if name not in said.calls:
            draft.note(
                f"errors.calls.{name}",
                f"{', '.join(pair.operations[:3])}{' and others' * (len(pair.operations) > 3)} make this call",
            )
    # a said call that no path of the flow makes is kept as it was said
    calls |= {name: call for name, call in said.calls.items() if name not in calls}
    record = draft.fill(
        "errors",
        said,
        type_base=Because(
            "/problems/", "RFC 9457 wants a stable address for each kind of error; a relative one moves with the API"
        ),
    )
    draft.close("errors", Errors(codes=codes, calls=Named(calls), type_base=record.type_base))


# -- numbers


def _worst_case(call: Call) -> float:
    """Seconds that a call keeps its caller at most: every attempt times out and every wait is at its longest."""
    if call.timeout is None:
        return 0.0
    tries = max(1, call.attempts or 1)
    base = call.backoff.base if call.backoff is not None and tries > 1 else 0.0
    waits = backoff_schedule(base, max(base, 10.0), tries - 1).max_total if base > 0 else 0.0
    return tries * call.timeout.base + waits


def measure(draft: Draft) -> None:
    """Add the time each call may take, what it takes at worst, and what retries make of the load."""
    facts = draft.facts
    pairs = _find_pairs(draft)
    if not pairs:
        return
    factor = facts.given(
        "errors.deadline_factor", 2, "a time limit at the p99 itself would fail one good request in a hundred"
    )
    deadlines: dict[str, Fact] = {}
    for pair in pairs:
        call = draft.design.errors.calls[name_call(pair.source, pair.target)]
        here = f"errors.{_name_pair(pair)}"
        is_worker = _kind_of(draft, pair.source) in ("worker", "queue")
        key = "worker" if is_worker else pair.tightest
        if key not in deadlines:
            objective = draft.design.requirements.objectives.get(key) or draft.design.requirements.objectives.get(
                "default"
            )
            latency = (
                objective.latency_p99 if objective is not None and objective.latency_p99 is not None else parse("1 s")
            )
            deadlines[key] = (
                facts.given("errors.worker.deadline", "30 s", "a job may wait longer than a user, not for ever") if is_worker
                else facts.define(f"errors.{key}.deadline", factor * _plain(latency), "s", "how long the caller waits at most")
            )  # fmt: skip
        facts.define(
            f"{here}.budget",
            deadlines[key] * round(pair.share, 4),
            "s",
            "the share of the caller's time that this call gets",
        )
        if call.timeout is not None:
            tries = max(1, call.attempts or 1)
            waits = _worst_case(call) - tries * call.timeout.base
            worst: Fact = _plain(call.timeout) * tries
            facts.define(
                f"{here}.worst", worst + Quantity(waits, waits, parse("1 s").unit) if waits else worst, "s",
                "how long it keeps its caller at most: every attempt times out, every wait is at its longest",
            )  # fmt: skip
            if tries > 1:
                half = Quantity(50, 50, parse("1%").unit)
                facts.define(
                    f"{here}.amplification",
                    apply_model("tries a request", lambda f, n: retry_amplification(f, int(n) - 1), "", half, tries, labels=("failures", "attempts")),
                    None, "calls sent for one that is wanted, when half of them fail: 1 + f + f² + …, without the retry budget",
                )  # fmt: skip


def _plain(quantity: Quantity) -> Fact:
    """A quantity as an operand of facts."""
    return Fact(quantity.unit, given=quantity)


# -- rules


def _callers(draft: Draft, component: str) -> Iterator[tuple[str, Call]]:
    for name, call in draft.design.errors.calls.items():
        if call.target == component:
            yield name, call


def _is_said_call(draft: Draft, name: str, *fields: str) -> bool:
    return any(draft.is_said(f"errors.calls.{name}.{field}") for field in fields)


@rule(
    "errors-timeout-over-callers", principle="reliability", severity="high",
    condition="A call may take longer, retries and waits included, than its caller's own caller waits.",
    effect="The work goes on for somebody who has given up: load without use, just when there is too much of it.",
    remedy="Give the inner call less time or fewer attempts, or the outer one more.",
)  # fmt: skip
def check_nested_timeouts(draft: Draft) -> Iterator[Hit]:
    """Time limits must shrink along the path."""
    for name, call in draft.design.errors.calls.items():
        for outer_name, outer in _callers(draft, call.source or ""):
            if (
                call.timeout is None
                or outer.timeout is None
                or _kind_of(draft, outer.source or "") in ("queue", "worker")
            ):
                continue
            if not (
                _is_said_call(draft, name, "timeout", "attempts", "backoff")
                or _is_said_call(draft, outer_name, "timeout")
            ):
                continue
            if _kind_of(draft, call.source or "") in ("queue", "worker") or _is_async(
                draft, outer.source, outer.target
            ):
                continue
            worst = _worst_case(call)
            if worst > outer.timeout.base * (1 + 1e-6):
                path = (
                    f"errors.calls.{name}.timeout" if _is_said_call(draft, name, "timeout") else f"errors.calls.{name}"
                )
                tries = f"{call.attempts} × {call.timeout}" if (call.attempts or 1) > 1 else str(call.timeout)
                yield Hit(
                    path, f"{name} takes up to {_write_time(worst)} ({tries}), {outer_name} waits {outer.timeout}"
                )
                break


def _is_async(draft: Draft, source: str | None, target: str | None) -> bool:
    kinds = [hop.kind for _, hop in _hops(draft) if (hop.source, hop.target) == (source, target)]
    return bool(kinds) and all(kind == "async" for kind in kinds)


@rule(
    "errors-retries-on-unsafe-call", principle="integrity", severity="critical",
    condition="A call is retried that is neither idempotent nor carries an idempotency key.",
    effect="A repeat after a lost answer does the work twice: two orders, two charges.",
    remedy="Set attempts to 1, or let the operation carry an idempotency key.",
)  # fmt: skip
def check_unsafe_retries(draft: Draft) -> Iterator[Hit]:
    """Only what may be done twice is retried."""
    for name, call in draft.design.errors.calls.items():
        if (call.attempts or 1) <= 1 or not _is_said_call(draft, name, "attempts"):
            continue
        operations = {op: None for op, hop in _hops(draft) if (hop.source, hop.target) == (call.source, call.target)}
        unsafe = [op for op in operations if not _is_safe(draft, op)]
        if unsafe:
            yield Hit(
                f"errors.calls.{name}.attempts",
                f"{call.attempts} attempts; {', '.join(unsafe[:3])} carr{'y' if len(unsafe) > 1 else 'ies'} no idempotency key",
            )


@rule(
    "errors-retry-storm", principle="reliability", severity="high",
    condition="More than one layer of a path retries.",
    effect="Attempts multiply: what fails gets a multiple of its load, and stays down after the cause is gone.",
    remedy="Retry at one layer, next to what fails, within a retry budget.",
)  # fmt: skip
def check_retry_layers(draft: Draft) -> Iterator[Hit]:
    """Retries of several layers multiply."""
    worst: dict[str, tuple[int, str]] = {}
    for name, path in draft.design.flow.paths.items():
        reach: dict[str, tuple[int, tuple[str, ...]]] = {}
        for hop in path.hops:
            key = name_call(hop.source or "", hop.target or "")
            call = draft.design.errors.calls.get(key)
            tries = max(1, (call.attempts if call else 1) or 1)
            times, layers = reach.get(hop.source or "", (1, ()))
            here = (times * tries, (*layers, key) if tries > 1 else layers)
            if here[0] >= reach.get(hop.target or "", (0, ()))[0]:
                reach[hop.target or ""] = here
            if len(here[1]) > 1 and any(_is_said_call(draft, one, "attempts") for one in here[1]):
                said = next(one for one in here[1] if _is_said_call(draft, one, "attempts"))
                target = hop.target or ""
                parts = " × ".join(str(draft.design.errors.calls[one].attempts) for one in here[1])
                if here[0] > worst.get(f"{said}|{target}", (0, ""))[0]:
                    worst[f"{said}|{target}"] = (
                        here[0],
                        f"{name}: {parts} = {here[0]} calls of {target} for one request{_weigh(draft, target, here[0])}",
                    )
    best: dict[str, tuple[int, str]] = {}
    for key, found in worst.items():
        said = key.partition("|")[0]
        best[said] = max(best.get(said, (0, "")), found)
    for said, (_, evidence) in best.items():
        yield Hit(f"errors.calls.{said}.attempts", evidence)


def _weigh(draft: Draft, target: str, times: int) -> str:
    """What a multiple of the load means for a component, in numbers, as far as they are known."""
    name = f"flow.{target}.rate"
    if name not in draft.facts:
        return ""
    rate = draft.facts[name].base
    text = f"; {number(rate)}/s at the peak become up to {number(rate * times)}/s"
    component = draft.design.flow.components.get(target)
    if (
        component is not None
        and component.replicas
        and component.service_time is not None
        and component.service_time.base > 0
    ):
        capacity = component.replicas / component.service_time.base
        edge = metastable_boundary(capacity, times - 1)
        text += f", and above {number(edge)}/s (capacity {number(capacity)}/s ÷ {times}) an overload sustains itself"
    return text


@rule(
    "errors-operation-error-not-in-catalogue", principle="maintainability", severity="medium",
    condition="An operation names an error that the catalogue does not have and whose name says nothing.",
    effect="Clients meet an error of which they know neither status nor what to do.",
    remedy="Add it under errors.codes with its status, or use a code of the catalogue.",
)  # fmt: skip
def check_operation_errors(draft: Draft) -> Iterator[Hit]:
    """Every error that an operation names is in the catalogue."""
    codes = draft.design.errors.codes
    for name, operation in draft.design.api.operations.items():
        for code in operation.errors:
            if code not in codes:
                match = nearest(code, codes)
                yield Hit(
                    f"api.operations.{name}.errors",
                    f"{code!r} is not among {len(codes)} codes" + (f"; did you mean {match!r}?" if match else ""),
                )


@rule(
    "errors-breaker-never-opens", principle="reliability", severity="medium",
    condition=f"A breaker sees fewer than {MIN_CALLS} calls in its window, or opens only when every call fails.",
    effect="It judges on one or two calls or never at all, so it protects nothing.",
    remedy="Lengthen the window until it holds enough calls, lower the share, or do without a breaker.",
)  # fmt: skip
def check_breakers(draft: Draft) -> Iterator[Hit]:
    """A breaker needs calls to judge."""
    for name, call in draft.design.errors.calls.items():
        if (
            not _is_said_call(draft, name, "breaker_failures", "breaker_window")
            or call.breaker_failures is None
            or call.breaker_window is None
        ):
            continue
        rate = _call_rate(draft, call.source or "", call.target or "")
        seen = rate * call.breaker_window.base
        if 0 < seen < MIN_CALLS:
            longer = _write_time(math.ceil(MIN_CALLS / rate))
            yield Hit(
                f"errors.calls.{name}.breaker_window",
                f"{number(rate)}/s × {call.breaker_window} = {number(seen)} calls; {MIN_CALLS} need {longer}",
            )
        elif call.breaker_failures.base >= 1:
            yield Hit(f"errors.calls.{name}.breaker_failures", f"it opens at {call.breaker_failures} failures")


@rule(
    "errors-code-with-wrong-status", principle="maintainability", severity="medium",
    condition="A code's HTTP status, its gRPC status and whether it is retryable do not say the same.",
    effect="Clients and proxies act on the status: they repeat what cannot succeed, or give up on what would pass.",
    remedy="Give the code the status that says what it is.",
)  # fmt: skip
def check_statuses(draft: Draft) -> Iterator[Hit]:
    """The statuses of a code agree."""
    for name, code in draft.design.errors.codes.items():
        path = f"errors.codes.{name}"
        if not draft.is_said(path) or code.http is None:
            continue
        if not 400 <= code.http <= 599:
            yield Hit(f"{path}.http", f"HTTP {code.http} is no error; errors are 400 to 599")
        elif code.grpc and code.http in _SAME and code.grpc not in _SAME[code.http]:
            yield Hit(
                f"{path}.grpc",
                f"HTTP {code.http} and gRPC {code.grpc}; {' or '.join(_SAME[code.http])} says the same as {code.http}",
            )
        elif code.is_retryable and code.http in _FINAL:
            yield Hit(
                f"{path}.is_retryable",
                f"retryable, but HTTP {code.http} answers the same request in the same way again",
            )
        elif code.is_retryable is False and code.http in _PASSING:
            yield Hit(f"{path}.is_retryable", f"not retryable, but HTTP {code.http} with Retry-After says: later")


RULES: Sequence[Rule] = (
    check_nested_timeouts, check_unsafe_retries, check_retry_layers, check_operation_errors, check_breakers, check_statuses,
)  # fmt: skip


# -- views


def views(draft: Draft) -> Sequence[AnyShape]:
    """The catalogue, the settings of each call, and one problem document as a client gets it."""
    return (_view_codes(draft), _view_calls(draft), _view_example(draft))


def _view_codes(draft: Draft) -> Table:
    rows = []
    for name, code in draft.design.errors.codes.items():
        used = _used_by(draft, name)
        operations = ", ".join(used[:4]) + (f" and {len(used) - 4} more" if len(used) > 4 else "")
        rows.append(
            (
                Cell(name, is_code=True),
                code.title,
                code.http,
                Cell(code.grpc, is_code=True),
                "yes" if code.is_retryable else "no",
                code.client,
                code.recovery,
                operations,
            )
        )
    return Table(
        "error-codes", "Errors", ("code", "title", "HTTP", "gRPC", "retryable", "the client", "recovery", "operations"), tuple(rows),
        anchors=tuple(f"error-{name}" for name in draft.design.errors.codes),
        description="Every error that an operation can give. The code is stable; texts may change.",
    )  # fmt: skip


def _view_calls(draft: Draft) -> Table:
    rows = []
    for name, call in draft.design.errors.calls.items():
        worst = draft.facts.get(f"errors.{call.source}_to_{call.target}.worst")
        breaker = (
            f"opens at {call.breaker_failures} over {call.breaker_window}, for {call.breaker_open}"
            if call.breaker_failures
            else "none"
        )
        retries = f"{call.attempts}" + (
            f", waits from {call.backoff}, budget {call.retry_budget} + 10/s" if (call.attempts or 1) > 1 else ""
        )
        rows.append(
            (
                Cell(name, is_code=True),
                str(call.timeout or ""),
                retries,
                worst.cell if worst is not None else "",
                breaker,
                call.fallback or "",
            )
        )
    return Table(
        "call-settings", "Time limits, retries, breakers", ("call", "time limit", "attempts", "at worst", "breaker", "instead"), tuple(rows),
        description="Time limits shrink along the path, so nobody works for a caller that has gone; only one layer retries.",
    )  # fmt: skip


def _view_example(draft: Draft) -> Source:
    """One problem document (RFC 9457): the design's own most telling error."""
    codes = draft.design.errors.codes
    name = next((one for one in codes if one not in _STANDARD), next(iter(codes)))
    code = codes[name]
    operation = next(iter(_used_by(draft, name)), "")
    found = draft.design.api.operations.get(operation)
    body: dict[str, object] = {
        "type": f"{draft.design.errors.type_base}{name.replace('_', '-')}", "title": code.title, "status": code.http,
        "detail": code.client, "instance": (found.path if found and found.path else "/") + "#01JB2Q9T5Z", "code": name,
        "is_retryable": bool(code.is_retryable), "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }  # fmt: skip
    if name == "validation_failed":
        body["errors"] = [{"pointer": "#/email", "detail": "is not an e-mail address"}]
    return Source(
        "problem-example", "A problem document", "json", json.dumps(body, indent=2, ensure_ascii=False) + "\n", filename="problem.json",
        description="Every error has this form (RFC 9457, application/problem+json); `code` is what clients decide by.",
    )  # fmt: skip


__all__ = ["MIN_CALLS", "NAME", "RULES", "TITLE", "complete", "measure", "name_call", "views"]
