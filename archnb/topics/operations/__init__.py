"""Operations: the statements of each access pattern in order, with where every value comes from and what guards a write.

SQL, transactions, bodies and the running service are made from them, so that no two of these can disagree.
"""

from __future__ import annotations

from archnb.topics.operations.conclusions import conclude
from archnb.topics.operations.measures import measure
from archnb.topics.operations.proposals import complete
from archnb.topics.operations.rules import RULES
from archnb.topics.operations.views import views

NAME = "operations"
TITLE = "Operations and their statements"
CLOSES: tuple[str, ...] = ()

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
