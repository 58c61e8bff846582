"""Which architecture patterns this design uses and which it refuses, each for a reason that stands in the design.

A pattern is weighed against counted evidence: operations, roles, clients, rates, sagas, jobs, histories, the size of
the team. What is refused says so with its reason as well, and every pattern names its price. The flow draws what is used.
"""

from __future__ import annotations

from archnb.topics.patterns.conclusions import conclude
from archnb.topics.patterns.measures import measure
from archnb.topics.patterns.proposals import complete
from archnb.topics.patterns.rules import RULES
from archnb.topics.patterns.views import views

NAME = "patterns"
TITLE = "Patterns"
CLOSES = ("patterns",)

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
