"""Entities and access patterns: how many, how large, how they grow, and every way in which they are used.

What nobody said is proposed so that every entity that stands on its own can be reached: read, created, changed, and, where
it is about a person, erased.
"""

from __future__ import annotations

from collections.abc import Sequence

from archnb.design.entities import AccessPattern
from archnb.design.record import Named
from archnb.fact import total
from archnb.fact.keys.entities import ENTITIES_SIZE
from archnb.fact.keys.load import AVERAGE_WRITES, RECORD_SIZE, RETENTION, STORAGE
from archnb.shapes import AnyShape
from archnb.topics.entities.access import complete_access, complete_consistency, complete_objective
from archnb.topics.entities.conclusions import conclude
from archnb.topics.entities.rules import RULES
from archnb.topics.entities.sizes import complete_entity, mean_record, measure_entity
from archnb.topics.entities.views import list_views
from archnb.topics.topic import Because, Draft

NAME = "entities"
TITLE = "Entities and access patterns"
CLOSES = ("entities", "access", "requirements.objectives", "requirements.load.record_size")


def complete(draft: Draft) -> None:
    """Propose the access patterns that are missing, then sizes, growth and objectives."""
    design = draft.design
    access = complete_access(draft)
    draft.close("access", Named(access))
    draft.close("entities", Named({name: complete_entity(draft, name, one) for name, one in design.entities.items()}))
    # an operation that the API alone has may have an objective too
    other = [one for one in design.requirements.objectives if one not in access and one != "default"]
    promising = access | {name: AccessPattern() for name in other}
    objectives = {name: complete_objective(draft, name, one) for name, one in promising.items()}
    draft.close("requirements.objectives", draft.design.requirements.objectives.having(objectives))
    draft.close("access", Named({n: complete_consistency(draft, n, one, objectives[n]) for n, one in access.items()}))


def measure(draft: Draft) -> None:
    """Row size, rows, growth and size of every entity; storage over the retention; the size of one record."""
    sizes = []
    for name, entity in draft.design.entities.items():
        sizes.append(measure_entity(draft, name, entity))
    facts, load = draft.facts, draft.design.requirements.load
    if load.record_size is not None:
        draft.value(RECORD_SIZE, load.record_size)
    else:
        record = facts.define(
            RECORD_SIZE,
            mean_record(draft),
            "B",
            "what one write leaves: the mean over the entities, weighted by growth",
        )
        made = draft.fill(
            "requirements.load",
            load,
            record_size=Because(
                record.quantity, "the mean row of the entities, weighted by their growth", (RECORD_SIZE,)
            ),
        )
        draft.close("requirements.load.record_size", made.record_size)
    written = facts[AVERAGE_WRITES] * facts[RECORD_SIZE]
    facts.define(
        STORAGE,
        written * facts[RETENTION],
        "TB",
        "what the writes leave over the retention, before indexes and copies",
    )
    if sizes:
        facts.define(ENTITIES_SIZE, total(sizes), "GB", "all rows today, before indexes and copies")


def views(draft: Draft) -> Sequence[AnyShape]:
    """The conceptual model, the entities with their sizes, and the access patterns."""
    return list_views(draft)


__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
