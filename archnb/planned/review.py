"""The review: which principles the design is read against. Its scores follow from the findings, which come after all sections."""

from __future__ import annotations

from dataclasses import dataclass

from archnb.planned.record import Planned


@dataclass(frozen=True, kw_only=True)
class Review(Planned):
    """The review."""

    principles: tuple[str, ...]
