"""What is proposed of the flow: parts, zones, paths, and replicas, which follow from what arrives at each part."""

from __future__ import annotations

from archnb.design.flow import Flow
from archnb.topics.flow.assumptions import assume
from archnb.topics.flow.components import CONVENTIONAL, fill_components, fill_zones, find_parts
from archnb.topics.flow.paths import fill_paths
from archnb.topics.flow.replicas import complete_replicas
from archnb.topics.topic import Draft


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
    components = complete_replicas(draft, components, paths)
    draft.close("flow", Flow(zones=zones, components=components, paths=paths))
