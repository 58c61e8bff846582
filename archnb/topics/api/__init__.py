"""The API: every access pattern as an operation that people know how to call: a method, a path, a body, its errors.

What is not said is derived from the access patterns and the entities, by the rules of HTTP (RFC 9110) rather than by taste.
"""

from __future__ import annotations

from archnb.topics.api.conclusions import conclude
from archnb.topics.api.operations import complete_operations
from archnb.topics.api.rules import RULES
from archnb.topics.api.sizes import measure_sizes
from archnb.topics.api.views import draw_views
from archnb.topics.topic import Draft

NAME = "api"
TITLE = "API"
CLOSES = ("api", "requirements.load.request_size", "requirements.load.response_size")

views = draw_views


def complete(draft: Draft) -> None:
    """Propose an operation for every access pattern, with its reasons."""
    complete_operations(draft)


def measure(draft: Draft) -> None:
    """Add the bytes of every request and response, and what they come to at the peak."""
    measure_sizes(draft)


__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
