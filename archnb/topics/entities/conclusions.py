"""What the data model and its use come to: inherited fields in place, one kind for each pattern."""

from __future__ import annotations

from archnb.design.entities import AccessPattern as SaidPattern
from archnb.design.record import Named
from archnb.planned import conclude as conclude_record
from archnb.planned.entities import AccessPattern, Entities, Entity, PatternKind, Relationship
from archnb.planned.requirements import Objective
from archnb.topics.entities.settings import list_filters, list_settings
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Entities:
    """The section without gaps."""
    design, model = draft.design, draft.model
    entities = {
        name: conclude_record(
            Entity,
            entity,
            f"entities.{name}",
            fields=Named(model.fields(name)),
            key=model.keys.fields(name),
            holds=model.invariants.list_lines(name),
            soft_delete=model.lifetimes.find_soft_delete(name) or "",
        )
        for name, entity in design.entities.items()
    }
    relationships = {
        name: conclude_record(Relationship, relationship, f"relationships.{name}")
        for name, relationship in design.relationships.items()
    }
    access = {name: _conclude_pattern(draft, name, pattern) for name, pattern in design.access.items()}
    objectives = {
        name: conclude_record(Objective, objective, f"requirements.objectives.{name}")
        for name, objective in design.requirements.objectives.items()
    }
    return Entities(
        entities=Named(entities),
        relationships=Named(relationships),
        access=Named(access),
        objectives=Named(objectives),
    )


def _conclude_pattern(draft: Draft, name: str, pattern: SaidPattern) -> AccessPattern:
    kind: PatternKind = "read" if pattern.reads is not None else pattern.effect or "update"
    return conclude_record(
        AccessPattern, pattern, f"access.{name}", kind=kind, entity=pattern.reads or pattern.writes, steps=pattern.steps,
        is_upsert=draft.model.writes.is_upsert(name), where=list_filters(draft, name), sets=list_settings(draft, name),
    )  # fmt: skip
