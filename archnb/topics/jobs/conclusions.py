"""What the background work comes to."""

from __future__ import annotations

from archnb.planned import conclude as conclude_record
from archnb.planned.jobs import Jobs
from archnb.topics.jobs.erasure import conclude_erasures
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Jobs:
    """The section without gaps."""
    return conclude_record(Jobs, draft.design.jobs, "jobs", erasures=conclude_erasures(draft))
