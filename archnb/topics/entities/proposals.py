"""What is proposed of the data model: the access patterns that are missing, then sizes, growth and objectives."""

from __future__ import annotations

from archnb.design.entities import AccessPattern
from archnb.design.record import Named
from archnb.topics.entities.access import complete_access, complete_consistency, complete_objective
from archnb.topics.entities.secrets import mark_secrets
from archnb.topics.entities.settings import complete_values
from archnb.topics.entities.sizes import complete_entity
from archnb.topics.topic import Draft


def complete(draft: Draft) -> None:
    """Propose the access patterns that are missing, then sizes, growth and objectives."""
    draft.close("entities", mark_secrets(draft))
    design = draft.design
    access = complete_access(draft)
    draft.close("access", Named(access))
    # what a write sets follows from what others do to the same rows
    access = {name: complete_values(draft, name, one) for name, one in access.items()}
    draft.close("entities", Named({name: complete_entity(draft, name, one) for name, one in design.entities.items()}))
    # an operation that the API alone has may have an objective too
    other = [one for one in design.requirements.objectives if one not in access and one != "default"]
    promising = access | {name: AccessPattern() for name in other}
    objectives = {name: complete_objective(draft, name, one) for name, one in promising.items()}
    draft.close("requirements.objectives", draft.design.requirements.objectives.having(objectives))
    draft.close("access", Named({n: complete_consistency(draft, n, one, objectives[n]) for n, one in access.items()}))
