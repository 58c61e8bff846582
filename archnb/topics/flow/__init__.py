"""How requests travel: the running parts, the trust zones they stand in, and the path of each operation through them.

From the paths follow the rate that arrives at each part, the replicas it needs, the availability and the latency of each
operation, and the parts whose loss alone stops it.
"""

from __future__ import annotations

from collections.abc import Sequence

from archnb.design.flow import Flow
from archnb.shapes import AnyShape
from archnb.topics.flow.assumptions import assume
from archnb.topics.flow.components import CONVENTIONAL, fill_components, fill_zones, find_parts
from archnb.topics.flow.conclusions import conclude
from archnb.topics.flow.numbers import complete_numbers, measure_paths
from archnb.topics.flow.paths import fill_paths
from archnb.topics.flow.rules import RULES
from archnb.topics.topic import Draft

NAME = "flow"
TITLE = "Data flow"
CLOSES = ("flow",)


def complete(draft: Draft) -> None:
    """Propose parts, zones and paths, and count what arrives at each part, since replicas follow from it."""
    assume(draft)
    parts = find_parts(draft)
    known = list(dict.fromkeys((*parts.reasons, *draft.design.flow.components, *CONVENTIONAL)))
    draft.check_names("flow", {"part": lambda names, at: known})
    paths = fill_paths(draft, parts)
    named = [end for path in paths.values() for hop in path.hops for end in (hop.source, hop.target) if end]
    components = fill_components(draft, parts, named)
    zones = fill_zones(draft, components)
    components = complete_numbers(draft, components, paths)
    draft.close("flow", Flow(zones=zones, components=components, paths=paths))


def measure(draft: Draft) -> None:
    """Availability and latency of every path."""
    measure_paths(draft)


def views(draft: Draft) -> Sequence[AnyShape]:
    """The data-flow diagram, the paths, the components, and two operations step by step."""
    from archnb.topics.flow.pictures import list_views

    return list_views(draft)


__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
