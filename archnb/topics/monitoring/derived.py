"""What no error tells of: things that fall silent, books that do not agree, and copies that come late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archnb.design.monitoring import Alert, Metric
from archnb.fact.keys.entities import ENTITY_ADDED, ENTITY_ROWS
from archnb.fact.keys.monitoring import MANY_SILENT, MISSED_REPORTS, SILENT_AFTER
from archnb.model import Heartbeat
from archnb.naming import plural, snake, words
from archnb.quantity import parse
from archnb.topics.topic import Draft

Row = tuple[str, str, str, str, tuple[str, ...], str]
DIFFERENCES, COMPARED = "reconciliation_differences", "reconciliation_age_seconds"
WAITED, TAKEN = "job_oldest_message_age_seconds", "job_end_to_end_seconds"


def name_silent(entity: str) -> str:
    """The metric that counts the rows of an entity that are silent."""
    return f"{snake(plural(entity))}_silent"


def find_fan_outs(draft: Draft) -> dict[str, float]:
    """The jobs that hand an event out, with the seconds within which the last copy must be there."""
    found = {}
    for name, job in draft.design.jobs.jobs.items():
        trigger = job.trigger or ""
        copy = draft.model.audiences.find_copy(trigger) if trigger in draft.design.access else None
        if copy is None:
            continue
        objectives = [draft.design.requirements.objectives.get(one) for one in copy.reads]
        allowed = [one.staleness.base for one in objectives if one is not None and one.staleness is not None]
        found[name] = min((one for one in allowed if one > 0), default=60.0)
    return found


def list_rows(draft: Draft) -> Iterator[Row]:
    """The metrics of it, emitted by the workers."""
    for one in draft.model.derivations.heartbeats:
        after = measure_silence(draft, one)
        count = f"rows of {one.entity} whose {one.field} is before now − {after}: what sent nothing for several times its interval"
        yield name_silent(one.entity), "gauge", "errors", snake(plural(one.entity)), (), count
    if draft.model.derivations.balances:
        told = "rows whose balance is not the sum of their entries, and movements that do not come to zero, in the last comparison"
        yield DIFFERENCES, "gauge", "errors", "rows", ("job",), told
        yield COMPARED, "gauge", "saturation", "seconds", ("job",), "how long ago a comparison ended"
    if find_fan_outs(draft):
        yield (
            WAITED,
            "gauge",
            "saturation",
            "seconds",
            ("job",),
            "how long ago what started the oldest open piece of it was written",
        )
        yield TAKEN, "histogram", "duration", "seconds", ("job",), "from the write that starts it to its end: of what is handed out, to the last copy"  # fmt: skip


def measure_silence(draft: Draft, one: Heartbeat) -> str:
    """After how long without a sign of life something is silent: some of its intervals, and two runs of what keeps the time."""
    facts = draft.facts
    rows, made = facts.get(ENTITY_ROWS.of(one.entity)), facts.get(ENTITY_ADDED.of(one.stream))
    missed = facts.assume(
        MISSED_REPORTS, 5, "reports in a row that are missed before something is silent",
        source="rule of thumb of archnb, 2026-11",
    )  # fmt: skip
    key = SILENT_AFTER.of(snake(one.entity))
    if key in facts:
        return facts[key].text
    if rows is None or made is None or made.base <= 0:
        found = facts.given(key, "1 h", "how long it may be silent", source="assumed: how often it sends is not known")
    else:
        usual = missed * (rows / made)
        # what keeps the time looks once a minute
        least = 300.0
        if usual.base < least:
            found = facts.given(
                key, "5 min", "how long it may be silent",
                source=f"{missed.text} of its intervals are {usual.text}; the time is kept by the minute",
            )  # fmt: skip
        else:
            found = facts.define(key, usual, "min", "so many of its intervals: rows ÷ what they send a second")
    return found.text


def measure_gap(draft: Draft) -> float:
    """The seconds without a comparison after which one is missing: three hours where each runs by the hour, else two days."""
    own = [
        one.schedule for name, one in draft.design.jobs.jobs.items() if name.startswith("reconcile_") and one.schedule
    ]
    is_hourly = bool(own) and all(one.split()[1] == "*" for one in own)
    return 3 * 3600.0 if is_hourly else 50 * 3600.0


def propose_derived(draft: Draft, metrics: Mapping[str, Metric]) -> Iterator[tuple[str, Alert, str]]:
    """The alerts on it, each with its reason."""
    for one in draft.model.derivations.heartbeats:
        name, things = name_silent(one.entity), plural(words(one.entity))
        rows = draft.facts.get(ENTITY_ROWS.of(one.entity))
        if name not in metrics:
            continue
        many = draft.facts.assume(
            MANY_SILENT, "5%", "share of things from which their silence is an outage of the way in",
            source="rule of thumb of archnb, 2026-11",
        )  # fmt: skip
        yield (
            name,
            Alert(metric=name, condition="> 0", pending=parse("10 min"), severity="ticket",
                  runbook=f"List the {things} by {one.field}, the oldest first; see what those that are silent have in common. Raise the number where some always are."),
            f"what sends nothing sends no error either: {one.entity}.{one.field} tells",
        )  # fmt: skip
        if rows is not None and rows.base * many.base >= 10:
            yield (
                f"many_{name}",
                Alert(metric=name, condition=f"> {rows.base * many.base:.0f}", pending=parse("5 min"), severity="page",
                      runbook=f"So many {things} do not fall silent by themselves: look at the way in, its certificate and its last deployment."),
                f"{many.text} of {rows.text}: then it is rather the way in than the {things}",
            )  # fmt: skip
    if DIFFERENCES in metrics and draft.model.derivations.balances:
        yield (
            "books_differ",
            Alert(metric=DIFFERENCES, condition="> 0", pending=parse("0 s"), severity="page",
                  runbook="Stop what pays out; find the first entry that is missing or double; correct by a new entry, never by an update."),
            "each difference is money that appeared or is lost, and it grows",
        )  # fmt: skip
        yield (
            "books_not_compared",
            Alert(metric=COMPARED, condition=f"> {measure_gap(draft):g}", pending=parse("10 min"), severity="ticket",
                  runbook="See why the comparison does not end; until it does, no difference is found."),
            "no difference is found by a comparison that is not made",
        )  # fmt: skip
    if WAITED in metrics:
        for job, allowed in find_fan_outs(draft).items():
            yield (
                f"{snake(job)}_late",
                Alert(metric=WAITED, of=job, condition=f"> {allowed / 2:g}", pending=parse("1 min"), severity="page",
                      runbook="See whether its workers run and what they wait for; add workers; leave the events of those with the largest audiences to the readers."),
                f"what is read may be {allowed:g} s old, and half of that is used up by waiting alone",
            )  # fmt: skip


__all__ = ["COMPARED", "DIFFERENCES", "find_fan_outs", "list_rows", "measure_silence", "name_silent", "propose_derived"]
