"""Background work: what runs after the answer and why, with how many workers, tried again when, undone how.

Work is found in the design: what users need not wait for, third parties, copies that are fed, data that must go, sums
that take long. Workers follow from Erlang C, waits between attempts from exponential back-off with full jitter.
"""

from __future__ import annotations

from archnb.topics.jobs.conclusions import conclude
from archnb.topics.jobs.measures import measure
from archnb.topics.jobs.proposals import complete
from archnb.topics.jobs.rules import RULES
from archnb.topics.jobs.views import views

NAME = "jobs"
TITLE = "Background jobs"
CLOSES = ("jobs",)

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
