"""Database schema."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.finding import Rule
from archnb.shapes import AnyShape
from archnb.topics.topic import Draft

NAME = "schema"
TITLE = "Database schema"


def complete(draft: Draft) -> None:
    """Propose what was not said."""


def measure(draft: Draft) -> None:
    """Add the facts that follow."""


RULES: Sequence[Rule] = ()


def views(draft: Draft) -> Sequence[AnyShape]:
    """What there is to be seen."""
    return ()
