"""Which architecture patterns the design uses, and which it refuses."""

from __future__ import annotations

from dataclasses import dataclass

from archnb.design.declaration import said
from archnb.design.record import Record

# the patterns that are weighed in every design
PATTERNS = (
    "api_gateway", "repository", "service_layer", "queue", "outbox", "cache_layer", "event_sourcing", "saga",
    "circuit_breaker", "cqrs", "read_replica", "cdn", "service_split",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Pattern(Record):
    """A pattern: used or not, why, and what it costs."""

    use: bool | None = said("Is it used?", example="true")
    reason: str | None = said("Why?", example="two stores and a third party take part in one write")
    price: str | None = said("What does it cost?", example="intermediate states are visible")
