"""What is promised: a service level objective for every operation somebody said something of, and one for all others."""

from __future__ import annotations

import re
from collections.abc import Mapping

from archnb.design.monitoring import Slo
from archnb.design.record import Named
from archnb.design.requirements import Objective
from archnb.fact import Fact, total
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.load import OBJECTIVE_AVAILABILITY, PEAK_FACTOR
from archnb.fact.keys.monitoring import SLO_BUDGET_REQUESTS, SLO_BUDGET_TIME, SLO_OBJECTIVE, SLO_RATE, WINDOW
from archnb.planned.monitoring import OTHERS
from archnb.quantity import Quantity, number, parse
from archnb.topics.monitoring.metrics import ANSWER_AGE, DURATION, REQUESTS
from archnb.topics.topic import Because, Draft

DAY = 86400.0
# what good means, in words
GOOD = {
    "availability": "is answered without a fault of ours",
    "latency": "is answered within {0}",
    "freshness": "is answered with data at most {0} old",
}


def describe_good(slo: Slo) -> str:
    """What a good request is, in words."""
    return GOOD[slo.kind or "availability"].format(slo.threshold or "the promised time")


def write_le(seconds: float) -> str:
    """The label matcher of a bucket: client libraries write whole seconds as 1 or as 1.0."""
    plain = f"{seconds:.9f}".rstrip("0").rstrip(".")
    return f'le="{plain}"' if "." in plain else f'le=~"{plain}|{plain}.0"'


def _selector(operation: str, covered: list[str]) -> str:
    if operation != OTHERS:
        return f'operation="{_quote(operation)}"'
    return f'operation!~"{"|".join(_quote(re.escape(one)) for one in covered)}"' if covered else 'operation!=""'


def _quote(text: str) -> str:
    """A text inside the double quotes of a query."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def write_expression(kind: str, threshold: Quantity | None, selector: str) -> str:
    """The query that gives the share of bad requests; `{window}` stands for the window."""
    if kind == "availability":
        return f'sum(rate({REQUESTS}{{{selector},status=~"5.."}}[{{window}}])) / sum(rate({REQUESTS}{{{selector}}}[{{window}}]))'
    metric = DURATION if kind == "latency" else ANSWER_AGE
    bucket = write_le(threshold.base if threshold is not None else 1.0)
    return f"1 - (sum(rate({metric}_bucket{{{selector},{bucket}}}[{{window}}])) / sum(rate({metric}_count{{{selector}}}[{{window}}])))"


def write_rate(slo: Slo, covered: list[str]) -> str:
    """The query that gives the requests a second that an SLO counts."""
    metric = {"latency": f"{DURATION}_count", "freshness": f"{ANSWER_AGE}_count"}.get(slo.kind or "", REQUESTS)
    return f"sum(rate({metric}{{{_selector(slo.operation or OTHERS, covered)}}}[{{window}}]))"


def write_bad(slo: Slo, covered: list[str]) -> str:
    """The query that gives the number of bad requests in a window."""
    selector = _selector(slo.operation or OTHERS, covered)
    if slo.kind == "availability":
        return f'sum(increase({REQUESTS}{{{selector},status=~"5.."}}[{{window}}]))'
    metric = DURATION if slo.kind == "latency" else ANSWER_AGE
    bucket = write_le(slo.threshold.base if slo.threshold is not None else 1.0)
    return f"sum(increase({metric}_count{{{selector}}}[{{window}}])) - sum(increase({metric}_bucket{{{selector},{bucket}}}[{{window}}]))"


def find_covered(slos: Mapping[str, Slo]) -> list[str]:
    """The operations that have SLOs of their own."""
    return list(dict.fromkeys(one.operation for one in slos.values() if one.operation and one.operation != OTHERS))


_SHARES = (("latency_p99", "99%"), ("latency_p95", "95%"), ("latency_p50", "50%"))


def _propose_latency(said: Objective, full: Objective) -> tuple[Quantity, str, str] | None:
    """Threshold, share and reason: the strictest percentile that was said, else that of all others."""
    for name, share in _SHARES:
        value = getattr(said, name)
        if value is not None:
            return value, share, f"{name} was said: {share} of the requests are answered within {value}"
    return next(
        (
            (value, share, f"the objective's {name.removeprefix('latency_')}")
            for name, share in _SHARES
            if (value := getattr(full, name)) is not None
        ),
        None,
    )


def _is_copied(draft: Draft, operation: str) -> bool:
    """Whether an answer can be older than the truth: it is cached, or read from a copy."""
    policy = draft.design.cache.policies.get(operation)
    copies = any(store.copies for store in draft.design.schema.stores.values())
    return bool(policy is not None and policy.use) or copies


def complete_slos(draft: Draft, window: Quantity) -> Named[Slo]:
    """The SLOs: those said, those of operations somebody said an objective of, and one default for the rest."""
    said = draft.design.monitoring.slos
    wanted: dict[str, tuple[Slo, str]] = {}
    objectives = draft.design.requirements.objectives
    asked = draft.said.requirements.objectives
    others = objectives.get(OTHERS, Objective())
    operations = [*draft.design.access, *(one for one in draft.design.api.operations if one not in draft.design.access)]
    for name, own in asked.items():
        full = objectives.get(name, own)
        if name == OTHERS:
            continue
        for kind in ("availability", "latency", "freshness"):
            made = _propose(draft, name, kind, own, full)
            if made is not None:
                wanted[f"{name}_{kind}"] = made
    rest = [one for one in operations if one not in asked]
    if rest or not asked:
        own = asked.get(OTHERS, Objective())
        for kind in ("availability", "latency"):
            made = _propose(draft, OTHERS, kind, own, others)
            if made is not None:
                reason = f"one for the {len(rest)} operations of which nothing was said: an SLO each would bury the ones that matter"
                wanted[f"{OTHERS}_{kind}"] = (made[0], reason)
    covered = list(dict.fromkeys([*(one for one in asked if one != OTHERS), *find_covered(said)]))
    result: dict[str, Slo] = {}
    for name, record in said.items():
        result[name] = _finish(draft, name, record, wanted.pop(name, (Slo(), ""))[0], covered)
    for name, (proposed, reason) in wanted.items():
        result[name] = _finish(draft, name, Slo(), proposed, covered)
        draft.note(f"monitoring.slos.{name}", reason)
    return Named(result)


def _propose(draft: Draft, operation: str, kind: str, own: Objective, full: Objective) -> tuple[Slo, str] | None:
    if kind == "availability":
        objective = own.availability or full.availability or parse("99.9%")
        return Slo(operation=operation, kind="availability", objective=objective), "the objective's availability"
    if kind == "latency":
        found = _propose_latency(own, full)
        return (
            None
            if found is None
            else (Slo(operation=operation, kind="latency", threshold=found[0], objective=parse(found[1])), found[2])
        )
    if own.staleness is None or not _is_copied(draft, operation):
        return None
    threshold, reason = own.staleness, f"answers may be {own.staleness} old, and come from a copy"
    policy = draft.design.cache.policies.get(operation)
    if policy is not None and policy.use and policy.ttl is not None and policy.ttl.base > threshold.base:
        # an alert that the plan's own lifetime sets off for ever is no alert; the rule on the lifetime names the conflict
        threshold, reason = (
            policy.ttl,
            (
                f"answers may be {own.staleness} old, but the plan keeps them for {policy.ttl}: what is older than that is no longer as planned"
            ),
        )
    return Slo(operation=operation, kind="freshness", threshold=threshold, objective=parse("99%")), reason


def _finish(draft: Draft, name: str, record: Slo, proposed: Slo, covered: list[str]) -> Slo:
    stem, _, word = name.rpartition("_")
    kind = record.kind or proposed.kind or (word if word in GOOD else "availability")
    operation = record.operation or proposed.operation or (stem if word in GOOD and stem else name)
    objectives = draft.design.requirements.objectives
    full = objectives.get(operation, objectives.get(OTHERS, Objective()))
    threshold = proposed.threshold or (
        {"latency": full.latency_p99, "freshness": full.staleness}.get(kind) if record.threshold is None else None
    )
    if kind != "availability" and threshold is None and record.threshold is None:
        threshold = parse("1 s") if kind == "latency" else parse("60 s")
    objective = proposed.objective or (full.availability if kind == "availability" else None) or parse("99%")
    path = f"monitoring.slos.{name}"
    filled = draft.fill(
        path, record,
        operation=Because(operation, "its name says which"),
        kind=Because(kind, "its name says which"),
        objective=Because(objective, "what the requirements promise" if kind == "availability" else "the share that belongs to the promised percentile"),
    )  # fmt: skip
    if kind != "availability":
        planned = full.staleness is None or threshold is None or threshold.base <= full.staleness.base
        why = "what the requirements promise" if kind == "latency" or planned else "how long the plan keeps an answer"
        filled = draft.fill(path, filled, threshold=Because(threshold, why))
    expression = write_expression(kind, filled.threshold, _selector(operation, covered))
    return draft.fill(
        path, filled, expression=Because(expression, "bad requests over all requests, measured where requests come in")
    )


def average_rate(draft: Draft, slo: Slo, covered: list[str]) -> Fact | None:
    """Requests a second that an SLO counts on average: the declared peak divided by the peak factor."""
    names = [slo.operation] if slo.operation != OTHERS else [one for one in draft.design.access if one not in covered]
    found = [fact for one in names if (fact := draft.facts.get(PATTERN_RATE.of(one or ""))) is not None]
    if not found:
        return None
    peak = total(found) if len(found) > 1 else found[0]
    return peak / draft.facts[PEAK_FACTOR]


def measure_slos(draft: Draft) -> None:
    """Add each SLO's error budget: minutes of a full outage, and requests, in its window."""
    found = draft.design.monitoring
    assert found.window is not None
    facts, covered = draft.facts, find_covered(found.slos)
    window = draft.value(WINDOW, found.window)
    for name, slo in found.slos.items():
        if slo.objective is None:
            continue
        objective = _name_objective(draft, name, slo, slo.objective)
        bad = 1 - objective
        facts.define(
            SLO_BUDGET_TIME.of(name), bad * window, "min", "a full outage of so long spends the whole error budget"
        )
        rate = average_rate(draft, slo, covered)
        if rate is not None:
            average = facts.define(SLO_RATE.of(name), rate, "/s", "requests that it counts, on average over the day")
            facts.define(
                SLO_BUDGET_REQUESTS.of(name),
                bad * average * window,
                "requests",
                "so many bad requests spend the whole error budget",
            )


def _name_objective(draft: Draft, name: str, slo: Slo, value: Quantity) -> Fact:
    """What an SLO promises; where the requirements promise it, the one fact of that promise."""
    path, because = SLO_OBJECTIVE.of(name), f"a good request {describe_good(slo)}"
    operation = "default" if slo.operation in (None, OTHERS) else slo.operation or ""
    promise = draft.design.requirements.objectives.get(operation)
    promised = promise.availability if promise is not None and slo.kind == "availability" else None
    if draft.is_said(path) or promised is None or (promised.low, promised.high) != (value.low, value.high):
        return draft.value(path, value, because=because)
    return draft.facts.define(path, draft.value(OBJECTIVE_AVAILABILITY.of(operation), promised), "%", because)


def show_days(seconds: float) -> str:
    """A time in days, for prose."""
    return f"{number(seconds / DAY)} days"


__all__ = [
    "DAY",
    "GOOD",
    "average_rate",
    "complete_slos",
    "describe_good",
    "find_covered",
    "measure_slos",
    "show_days",
    "write_bad",
    "write_expression",
    "write_le",
    "write_rate",
]
