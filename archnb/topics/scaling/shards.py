"""Which entity rows belong to, and which one a database would be cut by, should it ever have to be."""

from __future__ import annotations

from archnb.fact.keys.entities import ENTITY_ADDED, ENTITY_ROW_SIZE, ENTITY_ROWS
from archnb.fact.keys.schema import FEW_ROWS
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
    asked: dict[str, float] = {}
    for name, pattern in draft.design.access.items():
        entity = pattern.reads or pattern.writes or ""
        if entity in draft.design.entities:
            fields = draft.model.fields(entity)
            for owner in {fields[one].references or "" for one in pattern.by if one in fields}:
                # what is asked of rows that hardly grow can be answered on every shard
                asked[owner] = asked.get(owner, 0.0) + draft.model.traffic.measure(name) * inflow_of(draft, entity)
    weight = {
        owner: sum(inflow_of(draft, one) for one in draft.model.ways.list_belonging(owner) if one != owner)
        for owner in draft.design.entities
        # a key of a few values keeps most of the load on one shard
        if owner in asked and draft.facts[ENTITY_ROWS.of(owner)].base > draft.facts[FEW_ROWS].base
    }
    most = max(weight.values(), default=0.0)
    # of several to which nearly as much belongs, the one that more requests name keeps more of them on one shard
    best = max(
        (one for one in weight if weight[one] >= 0.9 * most), key=lambda one: (asked[one], weight[one]), default=""
    )
    return best if best and weight[best] > 0 else "the key of the largest entity"


__all__ = ["find_shard_key", "inflow_of", "is_passing"]
