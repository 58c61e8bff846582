"""Sagas: a write that spans third parties or several stores, as local transactions with their compensations.

Before the pivot each step can be undone, at the pivot the outcome is decided, after it each step is only repeated until
it succeeds (Garcia-Molina and Salem 1987; the three kinds are Richardson's).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Literal

from archnb.design.entities import AccessPattern
from archnb.design.jobs import Saga, SagaStep
from archnb.model.upkeep import SAGA_TIMEOUT
from archnb.topics.jobs.outcomes import complete_references, is_telling
from archnb.topics.topic import Because, Draft

_OWN = {"create": "create", "update": "update", "delete": "delete"}
Kind = Literal["compensatable", "pivot", "retriable"]


def find_sagas(draft: Draft) -> dict[str, str]:
    """The operations that need a saga, and why: their steps leave the one store that a transaction can cover."""
    found: dict[str, str] = {}
    for name, pattern in draft.design.access.items():
        if not pattern.writes or not pattern.steps:
            continue
        parties = list(dict.fromkeys(step.via for step in pattern.steps if step.via))
        found_in = (draft.model.places.find_said_home(one) for one in draft.model.touches.find(name).writes)
        stores = {store for store in found_in if store is not None}
        if parties:
            found[name] = f"{', '.join(parties)} cannot take part in a database transaction"
        elif len(stores) > 1:
            found[name] = f"its data lives in {', '.join(sorted(stores))}, which share no transaction"
    return found


def complete_sagas(draft: Draft) -> dict[str, Saga]:
    """The sagas that were said, completed, and those that the access patterns ask for."""
    needed = find_sagas(draft)
    made: dict[str, Saga] = {}
    for name in dict.fromkeys((*draft.design.jobs.sagas, *needed)):
        saga = draft.design.jobs.sagas.get(name, Saga())
        path = f"jobs.sagas.{name}"
        operation = saga.operation or name
        pattern = draft.design.access.get(operation)
        if name not in draft.design.jobs.sagas:
            draft.note(path, f"a saga, because {needed[name]}")
        proposed = _propose_steps(draft, pattern) if pattern is not None else ()
        saga = draft.fill(
            path, saga,
            operation=Because(operation, "the operation it is named after"),
            coordination=Because(
                "orchestration",
                "one place knows how far each run is, can resume it after a crash and can be asked; with choreography the order"
                " would be spread over all who listen",
            ),
            steps=Because(proposed, "the operation's own write, then its steps in the order said; compensations run in reverse") if proposed else Because(None, ""),
            timeout=Because(
                SAGA_TIMEOUT, "long enough for a third party to come back after a short outage, short enough that what is reserved is"
                " free again soon; past it the saga is compensated",
            ),
        )  # fmt: skip
        telling = frozenset(n for n, step in enumerate(saga.steps) if step.via and is_telling(draft, step))
        steps = decide_kinds(saga.steps, telling)
        for n, (old, new) in enumerate(zip(saga.steps, steps, strict=True)):
            if old.kind is None:
                draft.note(f"{path}.steps.{n}.kind", _explain_kind(new, steps), value=new.kind)
        steps = complete_references(draft, f"{path}.steps", steps)
        draft.note(f"{path}.isolation", _explain_isolation(draft, pattern), value="semantic lock")
        made[name] = replace(saga, steps=steps)
    return made


def _propose_steps(draft: Draft, pattern: AccessPattern) -> tuple[SagaStep, ...]:
    made: list[SagaStep] = []
    own = pattern.writes or ""
    if pattern.effect != "delete" and not any(
        step.entity == own and step.action == pattern.effect for step in pattern.steps
    ):
        made.append(
            SagaStep(action=_OWN[pattern.effect or "create"], entity=own, compensation=_undo_own(draft, pattern))
        )
    for step in pattern.steps:
        undo = step.undo
        if undo is None and step.action == "create" and not step.via:
            # a row that only this saga knows of can always be taken back
            undo = "delete"
        made.append(SagaStep(action=step.action, entity=step.entity, via=step.via, compensation=undo))
    return tuple(made)


def _undo_own(draft: Draft, pattern: AccessPattern) -> str:
    if pattern.effect == "update":
        return "restore"
    status = find_status(draft, pattern.writes or "")
    words = status[1] if status is not None else ()
    return next((f"mark {word}" for word in words if word in ("cancelled", "canceled", "rejected", "failed")), "cancel")


def find_status(draft: Draft, entity: str) -> tuple[str, tuple[str, ...]] | None:
    """The field that says how far a row is, and its words."""
    if entity not in draft.design.entities:
        return None
    for name, field in draft.model.fields(entity).items():
        if field.values and any(word in name.casefold() for word in ("status", "state")):
            return name, field.values
    return None


def decide_kinds(steps: Sequence[SagaStep], telling: Collection[int] = ()) -> tuple[SagaStep, ...]:
    """Say of each step whether it can be undone, is the point of no return, or is repeated until it succeeds.

    The pivot is the first step that cannot be undone after the last that can; where all can be undone, the last step,
    since nothing after it fails. A step that only tells somebody something (`telling`, by place) decides nothing: it is
    repeated until it is told. What was said is kept.

    >>> [one.kind for one in decide_kinds([SagaStep(compensation="release"), SagaStep(), SagaStep()])]
    ['compensatable', 'pivot', 'retriable']
    >>> [one.kind for one in decide_kinds([SagaStep(compensation="cancel"), SagaStep(via="mail")], {1})]
    ['pivot', 'retriable']
    """
    if not steps:
        return ()
    said = next((n for n, step in enumerate(steps) if step.kind == "pivot"), None)
    deciding = [n for n in range(len(steps)) if n not in telling] or [0]
    undoable = [n for n in deciding if steps[n].compensation]
    following = [n for n in deciding if not undoable or n > undoable[-1]]
    pivot = said if said is not None else following[0] if following else deciding[-1]
    made = []
    for n, step in enumerate(steps):
        kind: Kind = "compensatable" if n < pivot else "pivot" if n == pivot else "retriable"
        made.append(step if step.kind else replace(step, kind=kind))
    return tuple(made)


def _explain_kind(step: SagaStep, steps: Sequence[SagaStep]) -> str:
    if step.kind == "compensatable":
        return (
            f"a later step may fail, then '{step.compensation}' undoes it"
            if step.compensation
            else "a later step may fail, and nothing undoes it"
        )
    if step.kind == "pivot":
        if step.compensation:
            return "the last step: when it succeeds the saga is done, so nothing after it asks for its undoing"
        return "the first step that cannot be undone once every step before it succeeded: here the outcome is decided"
    return "after the pivot there is no way back: it is repeated until it succeeds, so it may not be refused"


def _explain_isolation(draft: Draft, pattern: AccessPattern | None) -> str:
    status = find_status(draft, (pattern.writes or "") if pattern is not None else "")
    if status is None:
        return (
            "sagas are not isolated: others see steps that may be undone. Add a status field with a word for 'pending', set it in"
            " the first step and release it in the last, so that others leave the row alone"
        )
    name, words = status
    if pattern is not None and pattern.effect != "create":
        return (
            f"sagas are not isolated: others see steps that may be undone. The first step changes {pattern.writes}.{name} only from a"
            f" state that allows it, in one conditional UPDATE; whoever comes"
            " second finds no row to change and is told of the conflict"
        )
    pending = next((w for w in words if w in ("pending", "new", "open", "draft", "created")), words[0])
    return (
        f"sagas are not isolated: others see steps that may be undone. {pattern.writes if pattern else ''}.{name} = '{pending}' is the"
        " lock: who else wants to change the row is told to wait; steps re-read what they decide on"
    )
