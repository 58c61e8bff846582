"""What is proposed of the data model: the access patterns that are missing, then sizes, growth and objectives."""

from __future__ import annotations

import dataclasses

from archnb.design.entities import AccessPattern, Entity
from archnb.design.record import Named
from archnb.topics.entities.access import complete_access, complete_consistency, complete_objective
from archnb.topics.entities.answers import complete_answer
from archnb.topics.entities.secrets import mark_secrets
from archnb.topics.entities.settings import complete_values
from archnb.topics.entities.sizes import complete_entity
from archnb.topics.entities.upkeep import keep_periods, list_open
from archnb.topics.topic import Because, Draft


def complete(draft: Draft) -> None:
    """Propose the access patterns that are missing, then sizes, growth and objectives."""
    draft.close("entities", keep_periods(draft, mark_secrets(draft)))
    design = draft.design
    access = complete_access(draft)
    draft.close("access", Named(access))
    # what a write sets follows from what others do to the same rows
    access = {name: complete_values(draft, name, one) for name, one in access.items()}
    access = {name: complete_answer(draft, name, one) for name, one in access.items()}
    entities = {name: _complete_rows(draft, name, one) for name, one in design.entities.items()}
    draft.close("entities", Named({name: complete_entity(draft, name, one) for name, one in entities.items()}))
    # an operation that the API alone has may have an objective too
    other = [one for one in design.requirements.objectives if one not in access and one != "default"]
    promising = access | {name: AccessPattern() for name in other}
    objectives = {name: complete_objective(draft, name, one) for name, one in promising.items()}
    draft.close("requirements.objectives", draft.design.requirements.objectives.having(objectives))
    draft.close("access", Named({n: complete_consistency(draft, n, one, objectives[n]) for n, one in access.items()}))


def _complete_rows(draft: Draft, name: str, entity: Entity) -> Entity:
    """What is always true of the rows, and how they live: said, and what follows."""
    model, path = draft.model, f"entities.{name}"
    concluded = [*model.invariants.conclude(name), *list_open(draft, name)]
    if concluded:
        for n, (line, reason) in enumerate(concluded, len(entity.holds)):
            draft.note(f"{path}.holds.{n}", reason, value=line.write_shorthand())
        entity = dataclasses.replace(entity, holds=(*entity.holds, *(line for line, _ in concluded)))
    deleted = model.lifetimes.conclude_soft_delete(name)
    why = model.lifetimes.conclude_append_only(name) if deleted is None else None
    return draft.fill(
        path, entity,
        soft_delete=Because(deleted, f"{deleted} says that a row is deleted, so the row stays: reads leave it out, and uniques hold among the others"),
        append_only=Because(why and True, why or ""),
    )  # fmt: skip
