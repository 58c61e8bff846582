"""What was decided and why, where transactions end, and what colleagues need to go on.

Every choice of weight that the topics before made becomes a decision record with the number at which it is looked at
again; every write gets its boundary, isolation and guard; five briefs carry the design's own numbers and open questions.
"""

from __future__ import annotations

from archnb.topics.decisions.conclusions import conclude
from archnb.topics.decisions.measures import measure
from archnb.topics.decisions.proposals import complete
from archnb.topics.decisions.rules import RULES
from archnb.topics.decisions.views import views

NAME = "decisions"
TITLE = "Decisions and hand-offs"
CLOSES = ("decisions",)

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
