"""How requests travel: the running parts, the trust zones they stand in, and the path of each operation through them.

From the paths follow the rate that arrives at each part, the replicas it needs, the availability and the latency of each
operation, and the parts whose loss alone stops it.
"""

from __future__ import annotations

from archnb.topics.flow.conclusions import conclude
from archnb.topics.flow.measures import measure
from archnb.topics.flow.proposals import complete
from archnb.topics.flow.rules import RULES
from archnb.topics.flow.views import views

NAME = "flow"
TITLE = "Data flow"
CLOSES = ("flow",)

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
