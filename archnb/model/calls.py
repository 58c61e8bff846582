"""Who calls whom, along all paths of the flow, and what kind of part each one is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import get_args

from archnb.design.flow import Component, Hop, Kind, Path


class Calls:
    """The hops of the flow's paths by caller and callee. A hop of a part to itself is its own work, no call."""

    def __init__(self, components: Mapping[str, Component], paths: Mapping[str, Path], stores: Collection[str]) -> None:
        self._kinds = {name: one.kind for name, one in components.items() if one.kind}
        self._stores = frozenset(stores)
        self._between: dict[tuple[str, str], list[tuple[str, Hop]]] = {}
        for name, path in paths.items():
            for hop in path.hops:
                if hop.source and hop.target and hop.source != hop.target:
                    self._between.setdefault((hop.source, hop.target), []).append((path.operation or name, hop))
        self._callers = frozenset(source for source, _ in self._between)

    def kind(self, component: str) -> str:
        """What a part is: as its record says, else a store of that name, else by its name; else it is not ours."""
        known = self._kinds.get(component)
        if known is not None:
            return known
        if component in self._stores:
            return "store"
        return component if component in get_args(Kind) else "third_party"

    def find_between(self, source: str, target: str) -> list[tuple[str, Hop]]:
        """The hops from one part to another, each with the operation that makes it."""
        return self._between.get((source, target), [])

    def is_caller(self, component: str) -> bool:
        """Whether a part calls another one."""
        return component in self._callers
