"""What the decisions come to."""

from __future__ import annotations

from archnb.planned import conclude as conclude_record
from archnb.planned.decisions import Decisions
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Decisions:
    """The section without gaps."""
    return conclude_record(Decisions, draft.design.decisions, "decisions")
