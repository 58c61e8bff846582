"""What the data flow comes to."""

from __future__ import annotations

from archnb.planned import conclude as conclude_record
from archnb.planned.flow import Flow
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Flow:
    """The section without gaps."""
    return conclude_record(Flow, draft.design.flow, "flow")
