"""What the weighing of patterns comes to."""

from __future__ import annotations

from archnb.design.record import Named
from archnb.planned import conclude as conclude_record
from archnb.planned.patterns import Pattern, Patterns
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Patterns:
    """The section without gaps."""
    weighed = draft.design.patterns.items()
    return Patterns(
        weighed=Named({name: conclude_record(Pattern, record, f"patterns.{name}") for name, record in weighed})
    )
