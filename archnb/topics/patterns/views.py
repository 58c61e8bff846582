"""The patterns with their verdict, reason and price, and where each is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.shapes import AnyShape, Cell, Table
from archnb.topics.topic import Draft

_DRAWN = {
    "api_gateway": ("gateway",), "queue": ("queue", "worker"), "outbox": ("queue",), "saga": ("worker",), "cache_layer": ("cache",),
    "service_layer": ("service",), "repository": ("service",), "circuit_breaker": ("third_party",), "service_split": ("service",),
}  # fmt: skip


def find_drawn(draft: Draft, name: str) -> str:
    """The components of the data-flow diagram in which a used pattern is to be seen."""
    components = draft.design.flow.components
    if name == "cdn":
        return ", ".join(one for one in components if one == "cdn")
    copies = [one for one, store in draft.design.schema.stores.items() if store.copies]
    if name == "cqrs" and copies:
        return ", ".join(copies)
    if name in ("read_replica", "event_sourcing", "cqrs"):
        return next((one for one, part in components.items() if part.kind == "store"), "")
    kinds = _DRAWN.get(name, ())
    return ", ".join(one for one, part in components.items() if part.kind in kinds)


def views(draft: Draft) -> Sequence[AnyShape]:
    """The table of patterns: what is used first, then what is refused."""
    rows = []
    ordered = sorted(draft.design.patterns.items(), key=lambda item: not item[1].use)
    for name, one in ordered:
        used = Cell(bool(one.use), "used" if one.use else "refused", tone="good" if one.use else "muted")
        said = "said" if draft.is_said(f"patterns.{name}.use") else "proposed"
        rows.append(
            (
                Cell(name, name.replace("_", " ")),
                used,
                said,
                one.reason,
                one.price,
                find_drawn(draft, name) if one.use else "",
            )
        )
    columns = ("pattern", "used", "by", "reason", "price", "where it is drawn")
    return (
        Table(
            "patterns", "Patterns", columns, tuple(rows), anchors=tuple(f"pattern-{name}" for name, _ in ordered),
            description="Each pattern is weighed against this design; what is refused is refused for a reason, and everything has its price.",
        ),
    )  # fmt: skip
