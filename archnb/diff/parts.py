"""The parts that run it: servers, queues, jobs, errors, metrics and alerts, patterns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from archnb.diff.changes import Area, Difference, Effect, Whom
from archnb.diff.pair import Pair
from archnb.diff.said import write_value
from archnb.planned.record import Planned
from archnb.quantity import Quantity

# words about a part, and numbers that only follow from others
_NOT_TOLD = frozenset({
    "label", "summary", "reason", "price", "title", "client", "recovery", "runbook", "rate", "service_time", "service_variation", "demand",
    "operation", "guard", "sign", "number",
})  # fmt: skip


def compare_parts(pair: Pair) -> Iterator[Difference]:
    """The differences of what runs, which whoever runs it must know."""
    old, new = pair.old, pair.new
    yield from _named(pair, "flow.components", "the part", old.flow.components, new.flow.components)
    yield from _named(pair, "flow.zones", "the zone", old.flow.zones, new.flow.zones)
    yield from _named(
        pair, "jobs.queues", "the queue", old.jobs.queues, new.jobs.queues, left_out=frozenset({"retention"})
    )
    yield from _named(
        pair,
        "jobs.jobs",
        "the job",
        old.jobs.jobs,
        new.jobs.jobs,
        goes="breaking",
        go_words="what it did is not done any more",
    )
    yield from _named(pair, "jobs.sagas", "the saga", old.jobs.sagas, new.jobs.sagas)
    yield from _named(
        pair, "decisions.transactions", "the transaction", old.decisions.transactions, new.decisions.transactions
    )
    yield from _named(pair, "errors.calls", "the call", old.errors.calls, new.errors.calls)
    yield from _codes(pair)
    yield from _domains(pair)
    yield from _named(
        pair,
        "monitoring.metrics",
        "the metric",
        old.monitoring.metrics,
        new.monitoring.metrics,
        goes="breaking",
        go_words="boards and alerts that show it are empty",
    )
    for kind in ("metric_alerts", "count_alerts", "absence_alerts", "traffic_alerts"):
        yield from _named(
            pair,
            f"monitoring.{kind}",
            "the alert",
            getattr(old.monitoring, kind),
            getattr(new.monitoring, kind),
            goes="breaking",
            go_words="nobody is told any more",
        )
    yield from _named(pair, "monitoring.slos", "the SLO", old.monitoring.slos, new.monitoring.slos)
    yield from _named(pair, "scaling.resources", "the resource", old.scaling.resources, new.scaling.resources)
    for name, one in new.patterns.weighed.items():
        was = old.patterns.weighed.get(name)
        if one.use != (was is not None and was.use):
            words = f"the pattern {name} is {'used' if one.use else 'not used any more'}: {one.reason}"
            yield _tell("compatible", f"patterns.{name}", words)


def _tell(
    effect: Effect,
    path: str,
    words: str,
    how: str = "",
    *,
    whom: Whom = "operators",
    area: Area = "parts",
    causes: tuple[str, ...] = (),
) -> Difference:
    return Difference(effect=effect, whom=whom, area=area, path=path, causes=(path, *causes), words=words, how=how)


def _named(
    pair: Pair, path: str, what: str, old: Mapping[str, Planned], new: Mapping[str, Planned], *,
    goes: Effect = "compatible", go_words: str = "", left_out: frozenset[str] = frozenset(),
) -> Iterator[Difference]:  # fmt: skip
    # what is named as an operation is called otherwise with it
    pairs = {name: was for name, was in pair.operations.items() if was in old and name in new}
    taken = set(pairs.values())
    pairs |= {name: name for name in new if name in old and name not in pairs and name not in taken}
    for name, after in new.items():
        here, causes = f"{path}.{name}", _list_causes(after)
        if name not in pairs:
            yield _tell("compatible", here, f"{what} {name} comes", causes=causes)
        elif told := list(_list_parts(pair, old[pairs[name]], after, left_out)):
            yield _tell("compatible", here, f"{what} {name}: {'; '.join(told)}", causes=causes)
    kept = set(pairs.values())
    for name, before in old.items():
        if name not in kept:
            words = f"{what} {name} goes" + (f": {go_words}" if go_words else "")
            how = "Look who relies on it first." if goes != "compatible" else ""
            yield _tell(goes, f"{path}.{name}", words, how, causes=_list_causes(before))


def _list_causes(one: Any) -> tuple[str, ...]:
    """What names an operation follows from its access pattern."""
    names = (getattr(one, part, "") for part in ("operation", "trigger"))
    return tuple(f"access.{name}" for name in names if name)


def _list_parts(pair: Pair, before: Planned, after: Planned, left_out: frozenset[str]) -> Iterator[str]:
    for field in dataclasses.fields(before):
        was, now = getattr(before, field.name), getattr(after, field.name)
        if pair.renames.says_same(was, now) or field.name in _NOT_TOLD or field.name in left_out:
            continue
        if isinstance(was, Quantity) and isinstance(now, Quantity) and was.base == now.base:
            continue
        if isinstance(was, Planned | tuple | Mapping) and not _is_plain(was, now):
            yield f"{field.name.replace('_', ' ')} is otherwise"
        else:
            yield f"{field.name.replace('_', ' ')} {write_value(was) if was not in ('', ()) else 'none'} → {write_value(now) if now not in ('', ()) else 'none'}"


def _is_plain(*values: Any) -> bool:
    return all(isinstance(value, tuple) and all(isinstance(one, str) for one in value) for value in values)


def _codes(pair: Pair) -> Iterator[Difference]:
    old, new = pair.old.errors.codes, pair.new.errors.codes
    for code, one in new.items():
        was, path = old.get(code), f"errors.codes.{code}"
        if was is None:
            continue
        if was.http != one.http:
            yield _tell(
                "breaking",
                path,
                f"the error {code} has the status {one.http} where it had {was.http}",
                "Let callers look at the code and not at the status first.",
                whom="callers",
                area="api",
            )
        if was.grpc != one.grpc:
            yield _tell(
                "breaking",
                path,
                f"the error {code} is {one.grpc} over gRPC where it was {was.grpc}",
                whom="callers",
                area="api",
            )
        if was.is_retryable != one.is_retryable:
            words = (
                f"the error {code} may be tried again"
                if one.is_retryable
                else f"the error {code} is final: who tries again does harm"
            )
            yield _tell("compatible" if one.is_retryable else "breaking", path, words, whom="callers", area="api")
    if pair.old.errors.type_base != pair.new.errors.type_base:
        yield _tell(
            "breaking",
            "errors.type_base",
            f"the types of errors begin with {pair.new.errors.type_base} where it was {pair.old.errors.type_base}",
            "Let callers look at the code and not at the type first.",
            whom="callers",
            area="api",
        )


def _domains(pair: Pair) -> Iterator[Difference]:
    for entity, was in pair.renames.entities.items():
        before, after = pair.old.entities.entities[was].domain, pair.new.entities.entities[entity].domain
        if before != after:
            path = f"entities.{entity}.domain"
            yield Difference(
                effect="compatible", whom="operators", area="parts", path=path, causes=(path,),
                words=f"{entity} belongs to {after or 'no part'} of the business where it was {before or 'none'}",
            )  # fmt: skip
