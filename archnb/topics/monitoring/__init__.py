"""Monitoring: what is promised (SLOs), what is measured (RED and USE), and who is woken (burn-rate alerts whose factors are
exact for the window, and whose guard follows from the declared load).
"""

from __future__ import annotations

from archnb.topics.monitoring.conclusions import conclude
from archnb.topics.monitoring.measures import measure
from archnb.topics.monitoring.proposals import complete
from archnb.topics.monitoring.rules import RULES
from archnb.topics.monitoring.views import views

NAME = "monitoring"
TITLE = "Monitoring"
CLOSES = ("monitoring",)

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
