"""What the requirements come to."""

from __future__ import annotations

from archnb.planned import conclude as conclude_record
from archnb.planned.requirements import Objective as PlannedObjective
from archnb.planned.requirements import Requirements
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Requirements:
    """The section without gaps."""
    requirements = draft.design.requirements
    default = conclude_record(PlannedObjective, requirements.objectives["default"], "requirements.objectives.default")
    return conclude_record(Requirements, requirements, "requirements", default=default)
