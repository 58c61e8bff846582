"""What is wrong with time limits, retries, breakers and statuses: mostly what two of them do together."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

from archnb.design.errors import Call
from archnb.fact.keys.errors import CALL_FAILING_RATE, MIN_CALLS
from archnb.fact.keys.flow import COMPONENT_RATE, COMPONENT_UTILISATION
from archnb.finding import Hit, Rule, rule
from archnb.planned.flow import Step
from archnb.quantity import number
from archnb.sim.reliability import metastable_boundary
from archnb.topics.errors.calls import (
    find_limit,
    find_pairs,
    is_safe,
    measure_call_rate,
    name_call,
    worst_case,
    write_time,
)
from archnb.topics.errors.codes import FINAL, PASSING, SAME_STATUS
from archnb.topics.topic import Draft


def _is_said_call(draft: Draft, name: str, *fields: str) -> bool:
    return any(draft.is_said(f"errors.calls.{name}.{field}") for field in fields)


@rule(
    "errors-timeout-over-callers", principle="reliability", severity="high",
    condition="The calls that a part makes for one operation may take longer together, attempts and waits included, than its own caller waits.",
    effect="The work goes on for somebody who has given up: load without use, just when there is too much of it.",
    remedy="Give the inner calls less time or fewer attempts, or the outer one more.",
)  # fmt: skip
def timeout_over_callers(draft: Draft) -> Iterator[Hit]:
    """Time limits must shrink along the path of each operation, every call counted."""
    told: set[str] = set()
    known = draft.design.errors.calls
    for operation, steps in _list_waited(draft):
        for index, outer in enumerate(steps):
            outer_name = name_call(outer.source, outer.target)
            names = [name_call(one.source, one.target) for one in steps if one.caller == index]
            calls = {name: known[name] for name in names if name in known}
            if outer_name not in known or not calls:
                continue
            worst = math.fsum(worst_case(known[name], operation) for name in names if name in known)
            limit = find_limit(known[outer_name], operation)
            if worst <= limit * (1 + 1e-6):
                continue
            longest = max(calls, key=lambda name: worst_case(calls[name], operation) * names.count(name))
            said = (
                one
                for one in (longest, outer_name, *calls)
                if _is_said_call(draft, one, "timeout", "limits", "attempts")
            )
            place = next(said, longest)
            if place in told:
                continue
            told.add(place)
            parts = ", ".join(
                f"{name} up to {write_time(worst_case(one, operation))} ({_describe_tries(one, operation)})"
                + (f" × {names.count(name)}" if names.count(name) > 1 else "")
                for name, one in calls.items()
            )
            together = f", {write_time(worst)} together" if len(names) > 1 else ""
            yield Hit(
                f"errors.calls.{place}.timeout" if _is_said_call(draft, place, "timeout") else f"errors.calls.{place}",
                f"{operation}: {parts}{together}; {outer_name} waits {write_time(limit)}",
                weight=worst / limit if limit > 0 else math.inf,
            )


def _describe_tries(call: Call, operation: str) -> str:
    limit = write_time(find_limit(call, operation))
    return f"{call.attempts} × {limit}" if (call.attempts or 1) > 1 else limit


def _list_waited(draft: Draft) -> Iterator[tuple[str, list[Step]]]:
    """The calls of each operation that are waited for, each with the place of the one that makes it among them."""
    for name, path in draft.planned.flow.paths.items():
        places = {n: place for place, n in enumerate(n for n, one in enumerate(path.steps) if one.is_waited)}
        yield (
            path.operation or name,
            [dataclasses.replace(path.steps[n], caller=places.get(path.steps[n].caller, -1)) for n in places],
        )


@rule(
    "errors-timeout-below-work", principle="reliability", severity="high",
    condition="A call is given less time than 99 of 100 of its own calls take.",
    effect="Healthy work is cut off and done again: requests fail that nothing was wrong with, and the repeats are load on top.",
    remedy="Give the call more time than its work takes (and its callers more than that), or make the work shorter.",
)  # fmt: skip
def timeout_below_work(draft: Draft) -> Iterator[Hit]:
    """A time limit is longer than the work it waits for."""
    worst: dict[str, tuple[float, str]] = {}
    for pair in find_pairs(draft):
        call = name_call(pair.source, pair.target)
        for operation, one in pair.limits.items():
            limit = find_limit(draft.design.errors.calls[call], operation)
            if 0 < limit < one.p99 * (1 - 1e-6) and one.p99 / limit > worst.get(call, (0.0, ""))[0]:
                worst[call] = (
                    one.p99 / limit,
                    f"{operation}: {call} is cut off after {write_time(limit)}; 99 of 100 take up to {write_time(one.p99)}",
                )
    for call, (weight, evidence) in worst.items():
        field = ".timeout" if _is_said_call(draft, call, "timeout") else ""
        yield Hit(f"errors.calls.{call}{field}", evidence, weight=weight)


@rule(
    "errors-retries-on-unsafe-call", principle="integrity", severity="critical",
    condition="A call is retried that is neither idempotent nor carries an idempotency key.",
    effect="A repeat after a lost answer does the work twice: two orders, two charges.",
    remedy="Set attempts to 1, or let the operation carry an idempotency key.",
)  # fmt: skip
def retries_on_unsafe_call(draft: Draft) -> Iterator[Hit]:
    """Only what may be done twice is retried."""
    for name, call in draft.design.errors.calls.items():
        if (call.attempts or 1) <= 1:
            continue
        hops = draft.model.calls.find_between(call.source or "", call.target or "")
        unsafe = [op for op in dict.fromkeys(operation for operation, _ in hops) if not is_safe(draft, op)]
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
def retry_storm(draft: Draft) -> Iterator[Hit]:
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
            if len(here[1]) > 1:
                layer = next((one for one in here[1] if _is_said_call(draft, one, "attempts")), here[1][0])
                target = hop.target or ""
                parts = " × ".join(str(draft.design.errors.calls[one].attempts) for one in here[1])
                if here[0] > worst.get(f"{layer}|{target}", (0, ""))[0]:
                    worst[f"{layer}|{target}"] = (
                        here[0],
                        f"{name}: {parts} = {here[0]} calls of {target} for one request{_weigh(draft, target, here[0])}",
                    )
    best: dict[str, tuple[int, str]] = {}
    for key, found in worst.items():
        layer = key.partition("|")[0]
        best[layer] = max(best.get(layer, (0, "")), found)
    for layer, (_, evidence) in best.items():
        yield Hit(f"errors.calls.{layer}.attempts", evidence)


@rule(
    "errors-retries-beyond-capacity", principle="reliability", severity="high",
    condition="A part can do its peak load, and not what comes when all of its calls fail and are retried.",
    effect="A fault that is over goes on by itself: the retries of what failed keep the part too busy to answer anything in time.",
    remedy="Give the call a smaller retry budget or fewer attempts, or the part room for them.",
)  # fmt: skip
def retries_beyond_capacity(draft: Draft) -> Iterator[Hit]:
    """Compare a part's work with every call to it failing and retried."""
    for name, call in draft.design.errors.calls.items():
        target = call.target or ""
        failing = draft.facts.get(CALL_FAILING_RATE.of(f"{call.source}_to_{target}"))
        use, rate = draft.facts.get(COMPONENT_UTILISATION.of(target)), draft.facts.get(COMPONENT_RATE.of(target))
        if failing is None or use is None or rate is None or rate.base <= 0:
            continue
        usual = measure_call_rate(draft, call.source or "", target)
        factor = 1 + (failing.base - usual) / rate.base
        if use.base < 1 <= use.base * factor:
            where = next((one for one in ("retry_budget", "attempts") if _is_said_call(draft, name, one)), "")
            yield Hit(
                f"errors.calls.{name}.{where}" if where else f"errors.calls.{name}",
                f"{target} is at {use.text} at the peak; while its calls fail, {number(usual)}/s become {failing.text} ({call.attempts} attempts, budget {call.retry_budget} + 10/s): {number(use.base * factor * 100)} % of what it can do",
                weight=use.base * factor,
            )


def _weigh(draft: Draft, target: str, times: int) -> str:
    """What a multiple of the load means for a component, in numbers, as far as they are known."""
    name = COMPONENT_RATE.of(target)
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
    "errors-breaker-never-opens", principle="reliability", severity="medium",
    condition="A breaker sees fewer than twenty calls in its window, or what errors.min_calls says, or opens only when every call fails.",
    effect="It judges on one or two calls or never at all, so it protects nothing.",
    remedy="Lengthen the window until it holds enough calls, lower the share, or do without a breaker.",
)  # fmt: skip
def breaker_never_opens(draft: Draft) -> Iterator[Hit]:
    """A breaker needs calls to judge."""
    for name, call in draft.design.errors.calls.items():
        if call.breaker_failures is None or call.breaker_window is None:
            continue
        rate = measure_call_rate(draft, call.source or "", call.target or "")
        seen = rate * call.breaker_window.base
        least = draft.facts[MIN_CALLS].base
        if 0 < seen < least:
            longer = write_time(math.ceil(least / rate))
            yield Hit(
                f"errors.calls.{name}.breaker_window",
                f"{number(rate)}/s × {call.breaker_window} = {number(seen)} calls; {number(least)} need {longer}",
            )
        elif call.breaker_failures.base >= 1:
            yield Hit(f"errors.calls.{name}.breaker_failures", f"it opens at {call.breaker_failures} failures")


@rule(
    "errors-code-with-wrong-status", principle="maintainability", severity="medium",
    condition="A code's HTTP status, its gRPC status and whether it is retryable do not say the same.",
    effect="Clients and proxies act on the status: they repeat what cannot succeed, or give up on what would pass.",
    remedy="Give the code the status that says what it is.",
)  # fmt: skip
def code_with_wrong_status(draft: Draft) -> Iterator[Hit]:
    """The statuses of a code agree."""
    for name, code in draft.design.errors.codes.items():
        path = f"errors.codes.{name}"
        if not draft.is_said(path) or code.http is None:
            continue
        if not 400 <= code.http <= 599:
            yield Hit(f"{path}.http", f"HTTP {code.http} is no error; errors are 400 to 599")
        elif code.grpc and code.http in SAME_STATUS and code.grpc not in SAME_STATUS[code.http]:
            yield Hit(
                f"{path}.grpc",
                f"HTTP {code.http} and gRPC {code.grpc}; {' or '.join(SAME_STATUS[code.http])} says the same as {code.http}",
            )
        elif code.is_retryable and code.http in FINAL:
            yield Hit(
                f"{path}.is_retryable",
                f"retryable, but HTTP {code.http} answers the same request in the same way again",
            )
        elif code.is_retryable is False and code.http in PASSING:
            yield Hit(f"{path}.is_retryable", f"not retryable, but HTTP {code.http} with Retry-After says: later")


RULES: Sequence[Rule] = (
    timeout_over_callers, timeout_below_work, retries_on_unsafe_call, retry_storm, retries_beyond_capacity, breaker_never_opens,
    code_with_wrong_status,
)  # fmt: skip


__all__ = ["RULES"]
