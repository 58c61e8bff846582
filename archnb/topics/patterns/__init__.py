"""Which architecture patterns this design uses and which it refuses, each for a reason that stands in the design.

A pattern is weighed against counted evidence: operations, roles, clients, rates, sagas, jobs, histories, the size of
the team. What is refused says so with its reason as well, and every pattern names its price. The flow draws what is used.
"""

from __future__ import annotations

from collections.abc import Sequence

from archnb.shapes import AnyShape
from archnb.topics.patterns.conclusions import conclude
from archnb.topics.patterns.rules import RULES
from archnb.topics.patterns.views import find_drawn, list_views
from archnb.topics.patterns.weighing import PRICES, complete, measure
from archnb.topics.topic import Draft

NAME = "patterns"
TITLE = "Patterns"
CLOSES = ("patterns",)


def views(draft: Draft) -> Sequence[AnyShape]:
    """The patterns with their verdict, reason and price."""
    return list_views(draft)


__all__ = ["CLOSES", "NAME", "PRICES", "RULES", "TITLE", "complete", "conclude", "find_drawn", "measure", "views"]
