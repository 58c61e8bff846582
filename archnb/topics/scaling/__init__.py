"""Scaling: what demand grows to, what of every part there is, in which month the two meet, and what is done then, in the
order in which it is cheapest.
"""

from __future__ import annotations

from collections.abc import Sequence

from archnb.shapes import AnyShape
from archnb.topics.scaling.conclusions import conclude
from archnb.topics.scaling.resources import complete_resources, measure_resources
from archnb.topics.scaling.rules import RULES
from archnb.topics.scaling.views import view_capacity, view_partitions, view_servers, view_table
from archnb.topics.topic import Draft

NAME = "scaling"
TITLE = "Scaling"
CLOSES = ("scaling",)


def complete(draft: Draft) -> None:
    """Propose the horizon, the headroom, and every resource that can run out with its limit and what is done then.

    Raises InputError where a said resource names a demand that is no fact.
    """
    draft.close(NAME, complete_resources(draft))


def measure(draft: Draft) -> None:
    """Add each resource's usable limit, its demand at the horizon, and the months until it saturates."""
    measure_resources(draft)


def views(draft: Draft) -> Sequence[AnyShape]:
    """The capacity chart, the table behind it, servers and pools, and how tables are cut."""
    return (view_capacity(draft), view_table(draft), view_servers(draft), view_partitions(draft))


__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
