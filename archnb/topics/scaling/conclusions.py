"""What the growth comes to."""

from __future__ import annotations

from archnb.planned import conclude as conclude_record
from archnb.planned.scaling import Scaling
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Scaling:
    """The section without gaps."""
    return conclude_record(Scaling, draft.design.scaling, "scaling")
