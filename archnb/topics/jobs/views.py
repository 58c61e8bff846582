"""What there is to be seen: jobs and why, workers against waits, the schedule of retries, queues, and each saga with its way back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from archnb.design.jobs import Retry, Saga, SagaStep
from archnb.fact.keys.jobs import (
    JOB_AUDIENCE,
    JOB_AUDIENCE_LIMIT,
    JOB_BACKLOG,
    JOB_CAPACITY,
    JOB_DEADLINE,
    JOB_DRAIN,
    JOB_OFFERED,
    JOB_P_WAIT,
    JOB_RATE,
    JOB_SERVICE_TIME,
    JOB_SPREAD,
    JOB_UTILISATION,
    JOB_WAIT_P95,
    JOB_WORKERS,
    JOBS_OUTAGE,
)
from archnb.naming import kebab
from archnb.planned.erasure import Erasure
from archnb.quantity import show, unit
from archnb.shapes import AnyShape, Cell, Chart, Mark, Message, Participant, Series, Table
from archnb.shapes import Sequence as Exchange
from archnb.topics.jobs.models import retry_ceilings, wait_p95
from archnb.topics.jobs.outcomes import is_refused
from archnb.topics.topic import Draft

SHOWN_ATTEMPTS = 12
CHARTED = 4


def views(draft: Draft) -> Sequence[AnyShape]:
    """Jobs, workers, waits, retries, queues, and a sequence for every saga."""
    shown: list[AnyShape] = [_show_jobs(draft), _show_workers(draft)]
    charted = _choose_charted(draft)
    if charted:
        shown.append(_draw_waits(draft, charted))
    if any(job.audience is not None for job in draft.design.jobs.jobs.values()):
        shown.append(_show_fan_out(draft))
    shown += [_show_backlogs(draft), _show_retries(draft), _show_queues(draft)]
    shown += [_show_erasure(draft, one) for one in draft.planned.jobs.erasures.values()]
    for name, saga in draft.design.jobs.sagas.items():
        shown += [_show_saga(draft, name, saga), _draw_saga(draft, name, saga)]
    return tuple(shown)


def _show_erasure(draft: Draft, erasure: Erasure) -> Table:
    """What happens to each row, and to what is outside the tables."""
    rows = []
    for one in erasure.steps:
        what = {
            "delete": "deleted",
            "overwrite": "overwritten: " + ", ".join(one.fields),
            "detach": "emptied: " + ", ".join(one.fields),
        }
        through = " → ".join(one.way) or ("either end" if one.relationship else "its own key")
        rows.append(
            (
                Cell(one.entity or one.relationship, is_code=True),
                what[one.fate],
                Cell(through, is_code=True),
                one.reason,
            )
        )
    outside = (("copies", erasure.copies), ("cached answers", erasure.caches))
    for kind, names in outside:
        if names:
            rows.append(
                (
                    Cell(kind),
                    f"erased within {erasure.deadline}",
                    Cell(", ".join(names), is_code=True),
                    f"by the job {erasure.job}",
                )
            )
    rows += [
        (Cell("logs"), "nothing to do", Cell(""), erasure.logs),
        (Cell("backups"), "left to expire", Cell(""), erasure.backups),
    ]
    stays = "The row stays, since others need it" if erasure.keeps_row else "The row goes"
    return Table(
        f"erasure-of-{kebab(erasure.entity)}", f"Erasure by {erasure.operation}", ("what", "becomes", "found by", "because"), tuple(rows),
        description=f"{stays}. One transaction, in this order; what is outside follows.",
    )  # fmt: skip


def _time(seconds: float) -> str:
    return "never ends" if math.isinf(seconds) else show(seconds, unit("s"))


def _why(draft: Draft, path: str) -> str:
    because = draft.reasons.get(path)
    return because.reason if because is not None else "said"


def _show_jobs(draft: Draft) -> Table:
    rows = []
    for name, job in draft.design.jobs.jobs.items():
        rows.append(
            (
                Cell(name, is_code=True), job.summary or "", Cell(job.schedule or job.trigger or "", is_code=True), job.queue or "",
                ", ".join(job.calls), Cell(job.idempotency_key or "", is_code=True), Cell(job.dead_letter or "", is_code=True),
                str(job.visibility_timeout or ""), _why(draft, f"jobs.jobs.{name}"),
            )
        )  # fmt: skip
    columns = (
        "job",
        "what it does",
        "starts with",
        "queue",
        "calls",
        "idempotency key",
        "dead letter",
        "visibility timeout",
        "because",
    )
    return Table(
        "jobs-list", "What runs in the background", columns, tuple(rows), anchors=tuple(f"job-{name}" for name in draft.design.jobs.jobs),
        description="Queues deliver at least once: each job is done once because its key is recorded with its effect." if rows else "Nothing in the design has to run in the background.",
    )  # fmt: skip


def _show_workers(draft: Draft) -> Table:
    facts, rows = draft.facts, []
    names = (
        JOB_RATE, JOB_SERVICE_TIME, JOB_OFFERED, JOB_DEADLINE, JOB_WORKERS, JOB_UTILISATION, JOB_P_WAIT, JOB_WAIT_P95,
    )  # fmt: skip
    for name in draft.design.jobs.jobs:
        cells = []
        for what in names:
            fact = facts.get(what.of(name))
            if fact is None:
                cells.append(Cell(None))
            elif math.isinf(fact.value):
                cells.append(replace(fact.cell, text="never ends", tone="danger"))
            else:
                cells.append(fact.cell)
        rows.append((Cell(name, is_code=True), *cells))
    return Table(
        "jobs-workers", "Workers",
        ("job", "rate", "service time", "busy on average", "start within", "workers", "utilisation", "P(wait)", "wait, p95"),
        tuple(rows),
        description="Erlang C: jobs arrive at random, take exponential times, and wait in one line for the workers of their kind."
        " What runs by the clock comes evenly (D/D/c) and waits only where a run is not done when the next begins.",
    )  # fmt: skip


def _find_cause(draft: Draft, trigger: str) -> str:
    """The write of which one leads to many: of what is handed out, that of the event."""
    copy = draft.model.audiences.find_copy(trigger) if trigger in draft.design.access else None
    return copy.cause if copy is not None else trigger


def _show_fan_out(draft: Draft) -> Table:
    """Jobs of which one trigger leads to many."""
    facts = draft.facts
    rows: list[tuple[Cell | str, ...]] = []
    for name, job in draft.design.jobs.jobs.items():
        if job.audience is None:
            continue
        path = f"jobs.jobs.{name}"
        limit = facts.get(JOB_AUDIENCE_LIMIT.of(name))
        rows.append(
            (
                Cell(name, is_code=True), Cell(_find_cause(draft, job.trigger or ""), is_code=True), facts[JOB_AUDIENCE.of(name)].cell,
                facts[JOB_RATE.of(name)].cell, facts[JOB_WORKERS.of(name)].cell,
                facts[JOB_SPREAD.of(name)].cell if JOB_SPREAD.of(name) in facts else "",
                limit.cell if limit is not None else str(job.audience_limit or ""),
                _why(draft, f"{path}.audience"),
                _why(draft, f"{path}.audience_limit") if job.audience_limit is not None else "",
            )
        )  # fmt: skip
    return Table(
        "jobs-fan-out", "One write, many messages",
        ("job", "one", "leads to", "rate of all", "workers", "all have it within", "handed out up to", "because", "above that"), tuple(rows),
        description="Rate of the trigger × how many each leads to, which come at once. An average hides those with very many: they are what the limit is for.",
    )  # fmt: skip


def _show_backlogs(draft: Draft) -> Table:
    """What an outage leaves in the queues, and how long that takes beside what goes on arriving."""
    facts = draft.facts
    rows: list[tuple[Cell | str, ...]] = []
    for name, job in draft.design.jobs.jobs.items():
        drain = facts.get(JOB_DRAIN.of(name))
        if drain is None:
            continue
        ratio = drain.base / facts[JOBS_OUTAGE].base
        never = Cell(drain.base, "never", "danger")
        rows.append(
            (
                Cell(name, is_code=True),
                job.queue or "",
                *(facts[one.of(name)].cell for one in (JOB_RATE, JOB_CAPACITY, JOB_BACKLOG)),
                never if math.isinf(drain.base) else drain.cell,
                never if math.isinf(ratio) else Cell(ratio, f"{ratio:.2g} min"),
            )
        )
    outage = facts[JOBS_OUTAGE].text
    return Table(
        "jobs-backlog", f"After an outage of {outage}",
        ("job", "queue", "arrives", "capacity", "waits then", "drained within", "for each minute of outage"), tuple(rows),
        description=f"Workers, or what they call, are gone for {outage} at the peak: backlog = rate × outage, and it drains in"
        " backlog / (capacity − rate), as new ones go on arriving. `assumptions: {jobs.outage: 2 h}` counts with another outage."
        if rows else "Nothing comes through a queue.",
    )  # fmt: skip


def _choose_charted(draft: Draft) -> list[str]:
    """The jobs with the largest load, for which the number of workers matters."""
    facts = draft.facts
    found = [name for name, job in draft.design.jobs.jobs.items() if not job.schedule and JOB_WORKERS.of(name) in facts]
    found = [name for name in found if facts[JOB_OFFERED.of(name)].base > 0.05]
    return sorted(found, key=lambda name: -facts[JOB_OFFERED.of(name)].base)[:CHARTED]


def _draw_waits(draft: Draft, names: Sequence[str]) -> Chart:
    facts, series, marks = draft.facts, [], []
    for name in names:
        rate, service, offered = (facts[one.of(name)].base for one in (JOB_RATE, JOB_SERVICE_TIME, JOB_OFFERED))
        chosen, deadline = facts[JOB_WORKERS.of(name)].base, facts[JOB_DEADLINE.of(name)].base
        first = math.floor(offered) + 1
        last = int(max(chosen + 3, first + 6))
        step = max(1, (last - first) // 24)
        counts = list(range(first, last + 1, step))
        waits = [max(wait_p95(one, rate, service), 1e-3) for one in counts]
        series.append(Series(name, tuple(float(one) for one in counts), tuple(waits), panel=name))
        series.append(
            Series("deadline", (float(counts[0]), float(counts[-1])), (deadline, deadline), kind="limit", panel=name)
        )
        if chosen >= first:
            marks.append(Mark(chosen, f"{chosen:g} chosen", max(wait_p95(chosen, rate, service), 1e-3), panel=name))
    return Chart(
        "jobs-waits", "Wait of 95 % of the jobs against workers", tuple(series), marks=tuple(marks), x_label="workers", y_label="wait, p95 (s)", is_log_y=True,
        description="Waits below a millisecond are drawn as one. Each curve begins with the fewest workers that keep up at all.",
    )  # fmt: skip


def _schedule_of(retry: Retry) -> tuple[float, ...]:
    if retry.base is None or retry.factor is None or retry.cap is None or retry.attempts is None:
        return ()
    return retry_ceilings(retry.base.base, retry.factor.base, retry.cap.base, retry.attempts)


def _show_retries(draft: Draft) -> Table:
    share = {"full": 0.5, "equal": 0.75, "none": 1.0}
    alike: dict[tuple[tuple[float, ...], str], list[str]] = {}
    for name, job in draft.design.jobs.jobs.items():
        alike.setdefault((_schedule_of(job.retry), job.retry.jitter or "full"), []).append(name)
    rows: list[tuple[Cell | str | int, ...]] = []
    for (ceilings, jitter), names in alike.items():
        expected = longest = 0.0
        for n, ceiling in enumerate(ceilings[:SHOWN_ATTEMPTS], 2):
            expected, longest = expected + share[jitter] * ceiling, longest + ceiling
            rows.append(
                (
                    ", ".join(names),
                    n,
                    *(Cell(value, _time(value)) for value in (ceiling, share[jitter] * ceiling, expected, longest)),
                    jitter,
                )
            )
        if len(ceilings) > SHOWN_ATTEMPTS:
            mean, most = share[jitter] * math.fsum(ceilings), math.fsum(ceilings)
            rows.append(
                (
                    ", ".join(names),
                    len(ceilings) + 1,
                    *(Cell(value, _time(value)) for value in (ceilings[-1], share[jitter] * ceilings[-1], mean, most)),
                    jitter,
                )
            )
    return Table(
        "jobs-retries", "When a job is tried again",
        ("jobs", "attempt", "wait before it, at most", "expected", "since the first failure, expected", "at most", "jitter"), tuple(rows),
        description="Exponential back-off. With full jitter each wait is drawn evenly between nothing and its ceiling; after the last attempt the job goes to the dead-letter queue.",
    )  # fmt: skip


def _show_queues(draft: Draft) -> Table:
    jobs, rows = draft.design.jobs.jobs, []
    for name, queue in draft.design.jobs.queues.items():
        users = [one for one, job in jobs.items() if job.queue == name]
        rates = [draft.facts[JOB_RATE.of(one)].base for one in users if JOB_RATE.of(one) in draft.facts]
        rows.append(
            (
                Cell(name, is_code=True), queue.technology or "", queue.ordering or "", str(queue.retention or ""),
                Cell(sum(rates), show(sum(rates), unit("/s"))), ", ".join(users), _why(draft, f"jobs.queues.{name}.technology"),
            )
        )  # fmt: skip
    return Table(
        "queues", "Queues", ("queue", "technology", "order", "kept for", "rate", "jobs", "because"), tuple(rows)
    )


def _show_saga(draft: Draft, name: str, saga: Saga) -> Table:
    rows = tuple(
        (
            n, f"{step.action} {step.entity}", step.via or "our store",
            Cell(step.kind or "", tone="notice" if step.kind == "pivot" else ""),
            Cell(step.compensation or "", step.compensation or ("none: repeated" if step.kind == "retriable" else "none: no way back" if step.kind == "pivot" else "none"), tone="danger" if step.kind == "compensatable" and not step.compensation else ""),
            Cell(step.asked_by or "", is_code=bool(step.asked_by)),
            _why(draft, f"jobs.sagas.{name}.steps.{n - 1}.kind"),
        )
        for n, step in enumerate(saga.steps, 1)
    )  # fmt: skip
    isolation = draft.reasons.get(f"jobs.sagas.{name}.isolation")
    return Table(
        f"saga-steps-{name}", f"Steps of '{name}'", ("step", "what", "through", "kind", "undone by", "asked for by", "because"), rows,
        description=f"Given up after {saga.timeout}. {isolation.reason[0].upper() + isolation.reason[1:] if isolation else ''}.",
    )  # fmt: skip


def _is_asked(step: SagaStep) -> bool:
    return bool(step.via and step.asked_by and not is_refused(step.asked_by))


def _tell_asking(saga: Saga) -> str:
    """What becomes of a call that is not answered."""
    if not any(_is_asked(step) for step in saga.steps):
        return ""
    return (
        " A call that gets no answer in time has an unknown outcome: the step stays open, the third party is asked by its reference,"
        " and the saga goes on from what it says."
    )


def _draw_saga(draft: Draft, name: str, saga: Saga) -> Exchange:
    """The way forward, then the way back from the worst place: a failure at the pivot."""
    parties = list(dict.fromkeys(step.via for step in saga.steps if step.via))
    people = [
        Participant("client", "client", "actor"),
        Participant("saga", f"saga '{name}'"),
        Participant("store", "own store", "store"),
    ]
    people += [Participant(f"via {one}", one, "external") for one in parties]

    def target(step: SagaStep) -> str:
        return f"via {step.via}" if step.via else "store"

    operation = saga.operation or name
    messages = [Message("client", "saga", operation)]
    pivot = next((n for n, step in enumerate(saga.steps) if step.kind == "pivot"), len(saga.steps) - 1)
    is_async = operation in draft.design.access and bool(draft.design.access[operation].is_async)
    if is_async:
        messages.append(Message("saga", "client", "202: pending", "return"))
    for n, step in enumerate(saga.steps):
        words = f"{n + 1}. {step.action} {step.entity}"
        if n == pivot:
            words += " (pivot)"
        is_later = step.kind == "retriable"
        messages.append(
            Message(
                "saga",
                target(step),
                words + (", repeated until done" if is_later else ""),
                "async" if is_later else "call",
            )
        )
        if _is_asked(step):
            words = f"if no answer comes: ask by {step.asked_by}, then go on"
            messages.append(Message("saga", target(step), words, "async"))
        if step.via and not is_later:
            messages.append(Message(target(step), "saga", "done", "return"))
        if n == pivot and not is_async:
            messages.append(Message("saga", "client", "done", "return"))
    if saga.steps:
        messages.append(
            Message("saga", "saga", f"if step {pivot + 1} is refused, or {saga.timeout} have passed:", "note")
        )
        for n in range(pivot - 1, -1, -1):
            step = saga.steps[n]
            if step.compensation:
                words = step.compensation if " " in step.compensation else f"{step.compensation} {step.entity}"
                messages.append(Message("saga", target(step), f"undo {n + 1}: {words}"))
        messages.append(Message("saga", "client", "failed, and everything undone", "return"))
    return Exchange(
        f"saga-{name}", f"Saga '{name}'", tuple(people), tuple(messages),
        description="Forward to the end, or back in reverse order. Each step and each compensation carries the saga's id, so that doing it twice is doing it once.",
    )  # fmt: skip
