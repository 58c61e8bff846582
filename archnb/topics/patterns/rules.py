"""Patterns that people said against what the design shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archnb.finding import Hit, Rule, rule
from archnb.topics.patterns.proposals import count, count_evidence, list_names
from archnb.topics.topic import Draft


def _is_said(draft: Draft, name: str, use: bool) -> bool:
    said = draft.said.patterns.get(name)
    return said is not None and said.use is use


@rule(
    "patterns-event-sourcing-without-need", principle="maintainability", severity="medium",
    condition="Event sourcing is said to be used, and no entity must show its earlier states.",
    effect="Every read needs a projection and every change of schema must go on reading old events, for a history nobody asked for.",
    remedy="Set patterns.event_sourcing.use to false, or mark the entities whose earlier states count with `history: true`.",
)  # fmt: skip
def event_sourcing_without_need(draft: Draft) -> Iterator[Hit]:
    """Event sourcing said, no history asked for."""
    if _is_said(draft, "event_sourcing", True) and not any(entity.history for entity in draft.design.entities.values()):
        yield Hit(
            "patterns.event_sourcing.use", f"none of {count(len(draft.design.entities), 'entity')} has `history: true`"
        )


@rule(
    "patterns-saga-refused-though-needed", principle="integrity", severity="high",
    condition="Sagas are refused, and a write changes data of several owners.",
    effect="When a later step fails, the earlier ones stay done: money is taken for goods that are not there.",
    remedy="Set patterns.saga.use to true and give each step its `undo`, or bring all data of the write into one store.",
)  # fmt: skip
def saga_refused_though_needed(draft: Draft) -> Iterator[Hit]:
    """Sagas refused while a write spans owners."""
    if _is_said(draft, "saga", False):
        for name in count_evidence(draft).spanning:
            steps = draft.design.access[name].steps if name in draft.design.access else ()
            vias = list(dict.fromkeys(step.via for step in steps if step.via))
            yield Hit(
                "patterns.saga.use",
                f"{name} has {len(steps)} steps"
                + (f", some through {list_names(vias)}" if vias else " over several stores"),
            )


@rule(
    "patterns-queue-refused-with-async-work", principle="reliability", severity="high",
    condition="A queue is refused, and there is work to be done after the answer.",
    effect="Work in the memory of a process is gone with the process; a slow third party holds the caller.",
    remedy="Set patterns.queue.use to true; a table with SKIP LOCKED is enough to begin with.",
)  # fmt: skip
def queue_refused_with_async_work(draft: Draft) -> Iterator[Hit]:
    """A queue refused, though operations or jobs are asynchronous."""
    if _is_said(draft, "queue", False):
        said_jobs = list(draft.said.jobs.jobs)
        seen = count_evidence(draft)
        copies = [f"the copy in {name}" for name, store in draft.said.schema.stores.items() if store.copies]
        work = [*seen.async_operations, *said_jobs, *copies]
        if work:
            yield Hit("patterns.queue.use", f"asynchronous: {list_names(work, 5)}")


@rule(
    "patterns-dual-write", principle="integrity", severity="high",
    condition="The outbox is refused, and writes to a store are also told to a queue that is no table of it.",
    effect="A crash between the commit and the message loses the message, or announces a row that was rolled back.",
    remedy="Set patterns.outbox.use to true: the message is a row in the same transaction.",
)  # fmt: skip
def dual_write(draft: Draft) -> Iterator[Hit]:
    """An outbox refused while a queue is fed by writes."""
    queue = draft.design.patterns.get("queue")
    if _is_said(draft, "outbox", False) and queue is not None and queue.use and not draft.model.queues.is_table:
        seen = count_evidence(draft)
        told = [job.trigger for job in draft.design.jobs.jobs.values() if job.trigger in draft.design.access]
        told += [*seen.spanning, *(name for name in seen.async_operations if draft.design.access[name].writes)]
        names = list(dict.fromkeys(name for name in told if name))
        if names:
            yield Hit(
                "patterns.outbox.use",
                f"{list_names(names)} {'writes' if len(names) == 1 else 'write'} to a store and to the queue",
            )


@rule(
    "patterns-breaker-refused-with-third-parties", principle="reliability", severity="medium",
    condition="Circuit breakers are refused, and third parties are called.",
    effect="While a third party hangs, its callers wait with it until no thread is left for anything else.",
    remedy="Set patterns.circuit_breaker.use to true; the errors section proposes thresholds.",
)  # fmt: skip
def breaker_refused_with_third_parties(draft: Draft) -> Iterator[Hit]:
    """Circuit breakers refused while third parties are called."""
    if _is_said(draft, "circuit_breaker", False):
        parties = count_evidence(draft).third_parties
        if parties:
            yield Hit("patterns.circuit_breaker.use", f"third parties: {list_names(parties, 6)}")


@rule(
    "patterns-more-services-than-team", principle="maintainability", severity="medium",
    condition="More services are said than the team can build, run and be on call for.",
    effect="Each service gets too few people: releases wait for each other, and nobody knows the one that fails at night.",
    remedy="Keep one service with modules by domain, and split when a team of its own stands behind each.",
)  # fmt: skip
def more_services_than_team(draft: Draft) -> Iterator[Hit]:
    """Several services said, with fewer than three engineers to each."""
    services = [
        name
        for name, one in draft.design.flow.components.items()
        if one.kind == "service" and name in draft.said.flow.components
    ]
    is_split = _is_said(draft, "service_split", True)
    wanted = (
        [name for name, one in draft.design.flow.components.items() if one.kind == "service"] if is_split else services
    )
    team = draft.said.requirements.team_size
    if team is not None and len(wanted) > 1 and team < 3 * len(wanted):
        where = "patterns.service_split.use" if is_split else "flow.components"
        yield Hit(
            where,
            f"{len(wanted)} services ({list_names(wanted)}) for {count(team, 'engineer')}; a rota alone needs three to each",
        )


RULES: Sequence[Rule] = (
    event_sourcing_without_need,
    saga_refused_though_needed,
    queue_refused_with_async_work,
    dual_write,
    breaker_refused_with_third_parties,
    more_services_than_team,
)
