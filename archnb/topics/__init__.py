"""What follows from what was said: a folder a section, in the order in which they depend on each other."""

from __future__ import annotations

from typing import Any

from archnb.topics.topic import Topic

# loaded when first asked for: `import archnb` alone should not pay for fifteen topics
TOPICS: tuple[Topic, ...]


def _load() -> tuple[Topic, ...]:
    """The topics; each reads what those before it completed: errors needs the flow's calls, the flow the patterns."""
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
        operations,
        patterns,
        requirements,
        review,
        scaling,
        schema,
    )

    return (
        requirements,
        entities,
        schema,
        api,
        auth,
        operations,
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


def __getattr__(name: str) -> Any:
    if name != "TOPICS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()["TOPICS"] = _load()
    return globals()["TOPICS"]


__all__ = ["TOPICS"]
