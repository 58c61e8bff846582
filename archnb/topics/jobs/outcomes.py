"""Calls to third parties whose answer never came: by what the party is asked how they ended, and the job that asks.

Such a call may have been done or not. Taken for failed it is paid and not booked; sent again it is done twice. So every call
goes out under a reference that was written down before it, and the party is asked by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from archnb.design.jobs import Job, Saga, SagaStep
from archnb.fact import Fact, maximum, total
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.jobs import (
    ASKED_AT_ONCE,
    CALLS_OF_RUN,
    JOBS_MINUTE,
    THIRD_PARTY_P99,
    THIRD_PARTY_TIME,
    UNANSWERED_SHARE,
)
from archnb.model import write_words
from archnb.naming import snake, split_words
from archnb.quantity import parse
from archnb.topics.jobs.proposal import Proposal
from archnb.topics.topic import Draft

# verbs that only tell somebody something: doing it twice is a nuisance, no damage
_TELLING = frozenset(
    {"notify", "tell", "inform", "announce", "alert", "mail", "email", "message", "ping", "remind", "warn", "greet", "welcome"}
)  # fmt: skip
_TELLERS = frozenset({"mail", "mailer", "email", "sms", "push", "chat", "fax", "slack", "webhook", "webhooks"})
_REFERENCES = frozenset({"reference", "ref", "id", "number", "no", "code", "token"})


def is_telling(draft: Draft, step: SagaStep) -> bool:
    """Whether a step only tells somebody something: by its party, or by its verb where no money is in what it is about."""
    if {*split_words(step.via or "")} & _TELLERS:
        return True
    has_money = any(one.type == "money" for one in draft.model.fields(step.entity or "").values())
    return not has_money and bool({*split_words(step.action or "")[:1]} & _TELLING)


def complete_references(draft: Draft, path: str, steps: tuple[SagaStep, ...]) -> tuple[SagaStep, ...]:
    """Say of each call to a third party by what it is asked for where no answer came; notices need no such thing."""
    made = []
    for n, step in enumerate(steps):
        if step.via and not step.asked_by and not is_telling(draft, step):
            reference, reason = _choose_reference(draft, step)
            draft.note(f"{path}.{n}.asked_by", reason, value=reference)
            step = replace(step, asked_by=reference)
        made.append(step)
    return tuple(made)


def _choose_reference(draft: Draft, step: SagaStep) -> tuple[str, str]:
    """A reference that every row has before the call, else its own key, which then goes along."""
    fields = draft.model.fields(step.entity or "")
    given = [
        name for name, one in fields.items()
        if one.type in ("text", "uuid", "code", "char") and not one.key and one.references is None
        and (write_words.is_providers(name) or (one.unique and {*split_words(name)} & _REFERENCES))
    ]  # fmt: skip
    ours = [name for name in given if not fields[name].optional]
    if ours:
        why = (
            f"{ours[0]} is made and stored before {step.via} is called and goes along, so that an answer that is lost can be asked"
            " for by it and a repeat is known there"
        )
        return ours[0], why
    key = draft.model.keys.fields(step.entity or "")
    own = " + ".join(key) or "id"
    theirs = f"{given[0]} comes only with the answer, so " if given else ""
    why = (
        f"{theirs}the key of the {step.entity} goes along as our reference: it is known before the call, and {step.via} can be asked"
        " by it when no answer came"
    )
    return own, why


def propose_reconciliations(draft: Draft, sagas: Mapping[str, Saga]) -> Iterator[Proposal]:
    """One job for each entity and third party: it asks how the calls ended that were not answered, and settles their rows."""
    found: dict[tuple[str, str], list[tuple[str, SagaStep]]] = {}
    for saga in sagas.values():
        for step in saga.steps:
            if step.via and step.asked_by and not is_refused(step.asked_by):
                found.setdefault((step.entity or "", step.via), []).append((saga.operation or "", step))
    for (entity, via), calls in found.items():
        reference = calls[0][1].asked_by or ""
        operations = list(dict.fromkeys(operation for operation, _ in calls))
        actions = ", ".join(dict.fromkeys(step.action or "" for _, step in calls))
        name = f"reconcile_{snake(entity)}_with_{snake(via)}"
        asked, service = _measure_calls(draft, name, operations, len(calls), via)
        yield Proposal(
            name,
            f"a call to {via} ({actions}) that is not answered in time, after {draft.facts[THIRD_PARTY_P99.of(via)].text}, was done there or"
            f" was not: it is neither taken for failed nor done a second time. The step stays open, and {via} is asked by {reference}. What it"
            " did is booked and the saga goes on; what it does not know is sent again under the same reference and action; what is undecided is asked"
            " again, and after a day people look at it",
            Job(
                summary=f"Asks {via} by {reference} for the outcome of each {entity} whose call got no answer, and settles it.",
                schedule="* * * * *", calls=(via,), idempotency_key=f"{snake(entity)}:{{{reference}}}:outcome",
            ),
            service_time=service,
            why_service=f"{asked.text} calls without an answer a minute, asked for {draft.facts[ASKED_AT_ONCE].text} at a time" if asked is not None else "assumed: a look at the open calls",
            deadline="1 min", why_deadline="the next run would do it anyway", why_key="a row that is settled is not settled again: the change asks that it is still open",
            facts=(asked.name,) if asked is not None else (),
        )  # fmt: skip


def _measure_calls(
    draft: Draft, name: str, operations: list[str], calls: int, via: str
) -> tuple[Fact | None, float | Fact]:
    """How many calls of a run's minute have no answer, and how long asking takes."""
    facts = draft.facts
    rates = [facts[PATTERN_RATE.of(one)] for one in operations if PATTERN_RATE.of(one) in facts]
    if not rates:
        return None, 1.0
    each = max(1, calls // len(operations))
    asked = facts.define(
        CALLS_OF_RUN.of(name),
        total(rates) * each * facts[UNANSWERED_SHARE] * facts[JOBS_MINUTE],
        "",
        f"calls to {via} in a minute that are not answered within their time limit",
    )
    return asked, maximum(asked * facts[THIRD_PARTY_TIME.of(via)] / facts[ASKED_AT_ONCE], parse("1 s"))


def is_refused(text: str) -> bool:
    """Whether a text says that there is none."""
    return text.strip().casefold() in ("none", "no", "nothing", "-")


__all__ = ["complete_references", "is_refused", "is_telling", "propose_reconciliations"]
