"""What the migrations come to."""

from __future__ import annotations

from archnb.planned import conclude as conclude_record
from archnb.planned.migrations import Migrations
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Migrations:
    """The section without gaps."""
    return conclude_record(Migrations, draft.design.migrations, "migrations")
