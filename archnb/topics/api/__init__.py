"""The API: every access pattern as an operation that people know how to call: a method, a path, a body, its errors.

What is not said is derived from the access patterns and the entities, by the rules of HTTP (RFC 9110) rather than by taste.
"""

from __future__ import annotations

from archnb.topics.api.conclusions import conclude
from archnb.topics.api.measures import measure
from archnb.topics.api.proposals import complete
from archnb.topics.api.rules import RULES
from archnb.topics.api.views import views

NAME = "api"
TITLE = "API"
CLOSES = ("api", "requirements.load.request_size", "requirements.load.response_size")

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
