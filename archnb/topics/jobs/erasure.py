"""Erasure outside the transaction: which copies, cached answers, logs and backups hold what is erased, and who follows there."""

from __future__ import annotations

from collections.abc import Iterator

from archnb.design.record import Named
from archnb.naming import with_article, words
from archnb.planned.erasure import Erasure, ErasureStep
from archnb.quantity import parse
from archnb.topics.topic import Draft

# the law gives a month; an hour leaves time for every retry
DEADLINE = "1 h"
JOB = "erase_personal_data"
LOGS = "they hold ids, never what is personal or secret, so there is nothing to erase in them"
BACKUPS = (
    "they are not edited: what was erased since goes again after a restore, from the list of erased ids that is kept apart"
    " from them, and the last backup that holds it expires"
)


def list_operations(draft: Draft) -> dict[str, str]:
    """The operations that erase somebody's data, with the entity."""
    return {
        name: one.writes or ""
        for name, one in draft.design.access.items()
        if draft.model.erasures.find_pattern(name) is not None
    }


def list_copies(draft: Draft, entity: str) -> list[str]:
    """The stores that hold copies of what an erasure changes."""
    reached = {
        one for name in draft.model.erasures.find(entity).reached for one in draft.model.places.list_copies(name)
    }
    return [name for name in draft.design.schema.stores if name in reached]


def list_caches(draft: Draft, entity: str) -> list[str]:
    """The cached answers that show what an erasure changes: of its entities, or with them along."""
    reached = {*draft.model.erasures.find(entity).reached}
    return [
        name
        for name, policy in draft.design.cache.policies.items()
        if policy.use and name in draft.design.access and reached & {*draft.model.touches.find(name).reads}
    ]


def tell_reach(draft: Draft, entity: str) -> str:
    """Where besides its own row somebody's data are, in words."""
    erasure = draft.model.erasures.find(entity)
    gone = [one.entity or one.relationship for one in erasure.steps[:-1] if one.fate == "delete"]
    changed = [one.entity for one in erasure.steps[:-1] if one.fate == "overwrite"]
    copies, caches = list_copies(draft, entity), list_caches(draft, entity)
    parts = [
        *([f"the entries in {', '.join(gone)}"] if gone else []),
        *([f"what is personal in {', '.join(changed)}"] if changed else []),
        *([f"the copies in {', '.join(copies)}"] if copies else []),
        *([f"the cached answers of {', '.join(caches)}"] if caches else []),
    ]
    return "; ".join(parts)


def tell_job(draft: Draft) -> str:
    """What the job does, for each kind of person."""
    told = []
    for operation, entity in list_operations(draft).items():
        reach = tell_reach(draft, entity)
        told.append(f"{with_article(words(entity))} after {operation}" + (f" ({reach})" if reach else ""))
    whose = ", ".join(told) or "a person, on request"
    return f"Erases what is left of {whose}, and once more after a backup was restored."


def conclude_erasures(draft: Draft) -> Named[Erasure]:
    """The erasure of each entity that an operation erases."""
    return Named({entity: _conclude(draft, name, entity) for name, entity in list_operations(draft).items()})


def _conclude(draft: Draft, operation: str, entity: str) -> Erasure:
    job = draft.design.jobs.jobs[JOB]
    erasure = draft.model.erasures.find(entity)
    return Erasure(
        entity=entity,
        operation=operation,
        keeps_row=erasure.keeps_row,
        steps=tuple(_list_steps(draft, entity)),
        copies=tuple(list_copies(draft, entity)),
        caches=tuple(list_caches(draft, entity)),
        job=JOB,
        deadline=job.deadline or parse(DEADLINE),
        logs=LOGS,
        backups=BACKUPS,
    )


def _list_steps(draft: Draft, entity: str) -> Iterator[ErasureStep]:
    for one in draft.model.erasures.find(entity).steps:
        yield ErasureStep(
            entity=one.entity,
            relationship=one.relationship,
            fate=one.fate,
            way=tuple(str(step) for step in one.way),
            fields=one.fields,
            is_along=one.is_along,
            reason=one.reason,
        )


__all__ = ["BACKUPS", "JOB", "LOGS", "conclude_erasures", "list_operations", "tell_job", "tell_reach"]
