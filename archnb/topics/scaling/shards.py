"""Which entity rows belong to, and which one a database would be cut by, should it ever have to be."""

from __future__ import annotations

from archnb.fact.keys.entities import ENTITY_ADDED, ENTITY_ROW_SIZE
from archnb.sim.growth import YEAR
from archnb.topics.topic import Draft


def is_passing(draft: Draft, entity: str) -> bool:
    """Whether an entity's rows are deleted so soon that they do not pile up within the horizon."""
    found, horizon = draft.design.entities[entity].retention, draft.design.scaling.horizon
    return found is not None and found.base <= (horizon.base if horizon is not None else 3 * YEAR) / 2


def inflow_of(draft: Draft, entity: str) -> float:
    """Bytes a second that an entity adds."""
    growth, size = draft.facts.get(ENTITY_ADDED.of(entity)), draft.facts.get(ENTITY_ROW_SIZE.of(entity))
    return growth.base * size.base if growth is not None and size is not None and not is_passing(draft, entity) else 0.0


def find_shard_key(draft: Draft) -> str:
    """The entity whose key most of what is added belongs to, directly or through others, and that requests ask by."""
    asked: set[str] = set()
    for pattern in draft.design.access.values():
        entity = pattern.reads or pattern.writes or ""
        if entity in draft.design.entities:
            fields = draft.model.fields(entity)
            asked |= {fields[one].references or "" for one in pattern.by if one in fields}
    weight = {
        owner: sum(inflow_of(draft, one) for one in draft.model.ways.list_belonging(owner) if one != owner)
        for owner in draft.design.entities
        if owner in asked
    }
    best = max(weight, key=lambda one: weight[one], default="")
    return best if best and weight[best] > 0 else "the key of the largest entity"


__all__ = ["find_shard_key", "inflow_of", "is_passing"]
