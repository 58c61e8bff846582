"""A job that the design asks for, as it is handed from where it is found to where it is completed."""

from __future__ import annotations

from dataclasses import dataclass, field

from archnb.design.jobs import Job
from archnb.fact import Fact
from archnb.model import Copy


@dataclass(frozen=True)
class Proposal:
    """A job that the design asks for: the record as far as its kind says it, its reason, its rate and its service time.

    rate: how often its triggers come. audience: how many one trigger leads to, where that is more than one; `copy` where it
    hands out an event, and then the rate is of what is handed out.
    """

    name: str
    reason: str
    job: Job
    rate: Fact | None = None
    service_time: float | Fact = 0.02
    why_service: str = "assumed: a few indexed rows read and written"
    deadline: str = "10 s"
    why_deadline: str = "nobody waits for it, but its effect should be seen soon"
    why_key: str = ""
    rows: Fact | None = None
    audience: Fact | None = None
    copy: Copy | None = None
    facts: tuple[str, ...] = field(default=())


__all__ = ["Proposal"]
