"""Which architecture patterns are used, and which are refused, with reason and price."""

from __future__ import annotations

from dataclasses import dataclass

from archnb.design.record import Named
from archnb.planned.record import Planned


@dataclass(frozen=True, kw_only=True)
class Pattern(Planned):
    """A pattern: used or refused."""

    use: bool
    reason: str
    price: str


@dataclass(frozen=True, kw_only=True)
class Patterns(Planned):
    """All patterns that were weighed."""

    weighed: Named[Pattern]

    def uses(self, name: str) -> bool:
        """Whether a pattern is used."""
        return name in self.weighed and self.weighed[name].use
