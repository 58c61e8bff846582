"""What follows from what was said: one module a section, in the order in which they depend on each other."""

from __future__ import annotations

from archnb.topics import (
    api,
    auth,
    cache,
    decisions,
    entities,
    errors,
    flow,
    jobs,
    migrations,
    monitoring,
    patterns,
    requirements,
    review,
    scaling,
    schema,
)
from archnb.topics.topic import Topic

# each topic reads what those before it completed; errors needs the flow's calls, the flow the patterns, and so on
TOPICS: tuple[Topic, ...] = (
    requirements,
    entities,
    schema,
    api,
    auth,
    cache,
    jobs,
    patterns,
    flow,
    errors,
    monitoring,
    scaling,
    migrations,
    decisions,
    review,
)

__all__ = ["TOPICS"]
