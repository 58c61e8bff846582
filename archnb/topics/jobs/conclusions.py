"""What the background work comes to."""

from __future__ import annotations

from archnb.design.jobs import Job as SaidJob
from archnb.design.record import Named
from archnb.model import Upkeep
from archnb.planned import conclude as conclude_record
from archnb.planned.jobs import Job, Jobs
from archnb.topics.jobs.erasure import conclude_erasures
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Jobs:
    """The section without gaps."""
    kept = {one.name: one for one in draft.model.upkeeps.list_all()}
    jobs = {name: _conclude_job(draft, name, one, kept.get(name)) for name, one in draft.design.jobs.jobs.items()}
    return conclude_record(Jobs, draft.design.jobs, "jobs", jobs=Named(jobs), erasures=conclude_erasures(draft))


def _conclude_job(draft: Draft, name: str, job: SaidJob, kept: Upkeep | None) -> Job:
    """The job with what it does to rows, where it keeps some."""
    if kept is None:
        return conclude_record(Job, job, f"jobs.jobs.{name}")
    found = draft.planned.statements.upkeep.get(name)
    return conclude_record(
        Job, job, f"jobs.jobs.{name}", kind=kept.kind, entity=kept.entity, target=kept.target, unique=kept.unique,
        statements=found.statements if found is not None else (),
    )  # fmt: skip
