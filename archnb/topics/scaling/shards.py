"""Which entity rows belong to, and which one a database would be cut by, should it ever have to be."""

from __future__ import annotations

from archnb.fact import ceil, maximum
from archnb.fact.keys.entities import ENTITY_ADDED, ENTITY_ROW_SIZE, ENTITY_ROWS
from archnb.fact.keys.flow import COMMIT_TIME, ROUND_TRIP
from archnb.fact.keys.scaling import ACROSS_SHARDS, ACROSS_TIME, RESOURCE_AT_HORIZON, RESOURCE_USABLE, SHARDS
from archnb.fact.keys.schema import FEW_ROWS
from archnb.sim.growth import YEAR
from archnb.topics.scaling.servers import stem
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


def measure_shards(draft: Draft) -> None:
    """How many shards the main store needs at the horizon, and what a call that meets two of them costs."""
    facts, main = draft.facts, draft.model.places.main
    resources = [
        name for name, one in draft.design.scaling.resources.items()
        if one.component == main and name.endswith(("_writes", "_commits", "_storage"))
    ]  # fmt: skip
    ratios = []
    for name in resources:
        then = facts.get(RESOURCE_AT_HORIZON.of(stem(name)))
        if then is not None and facts[RESOURCE_USABLE.of(stem(name))].base > 0:
            ratios.append(then / facts[RESOURCE_USABLE.of(stem(name))])
    if not ratios or max(one.base for one in ratios) <= 1 or draft.model.places.main_engine.has("spreading over nodes"):
        return
    most = ratios[0] if len(ratios) == 1 else maximum(*ratios)
    shards = facts.decide(
        SHARDS.of(main), ceil(most), "", "as many as its rows, transactions and bytes at the horizon need, with the headroom free"
    )  # fmt: skip
    for name in list_crossing(draft, find_shard_key(draft)):
        facts.define(
            ACROSS_SHARDS.of(name), 1 - 1 / shards, "%", "it names two rows, and each lies on any of the shards with the same chance"
        )  # fmt: skip
        facts.define(
            ACROSS_TIME.of(name), facts[COMMIT_TIME] + facts[ROUND_TRIP] * 2, "ms",
            "two-phase commit: each shard prepares before any commits, one more write to the log and two more round trips",
        )  # fmt: skip


def list_crossing(draft: Draft, owner: str) -> list[str]:
    """The writes whose row refers to two rows of the entity that the data would be split by."""
    model, found = draft.model, []
    for name, pattern in draft.design.access.items():
        written = pattern.writes or ""
        if written and sum(1 for one in model.references.list_from(written) if one.target == owner) > 1:
            found.append(name)
    return found


__all__ = ["find_shard_key", "inflow_of", "is_passing", "list_crossing", "measure_shards"]
