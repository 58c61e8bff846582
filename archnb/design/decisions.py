"""What was decided, where transactions end, and what others need to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.declaration import Refers, said
from archnb.design.record import Named, Record


@dataclass(frozen=True, kw_only=True)
class Decision(Record):
    """A decision record."""

    title: str | None = said("What is decided?", example="Orders live in PostgreSQL")
    status: Literal["proposed", "accepted", "superseded"] | None = said("Is it settled?", example="proposed")
    context: str | None = said("What made it necessary?", example="five entities are written in one transaction")
    choice: str | None = said("What is done?", example="PostgreSQL is the source of truth")
    alternatives: tuple[str, ...] = said(
        "What else was weighed, and why not?", default=(), example="MongoDB: no foreign keys"
    )
    consequences: str | None = said("What follows?", example="writes scale with one primary")
    revisit: str | None = said("When is it looked at again?", example="at 5 000 writes/s")


@dataclass(frozen=True, kw_only=True)
class Transaction(Record):
    """What one write operation does atomically, and how strictly it is kept apart from others."""

    operation: str | None = said("Which operation?", example="place_order", refers="operation")
    boundary: tuple[str, ...] = said(
        "Which entities change together?", default=(), example="Order, OrderLine", refers="entity"
    )
    isolation: Literal["read committed", "repeatable read", "serializable"] | None = said(
        "Which isolation level?", example="read committed"
    )
    guard: str | None = said("What keeps a lost update away?", example="UPDATE … WHERE stock >= n")
    reason: str | None = said("Why is that enough?", example="a single conditional UPDATE")


@dataclass(frozen=True, kw_only=True)
class Handoff(Record):
    """A brief for a colleague."""

    needs: tuple[str, ...] = said("What do they need to know?", default=())
    questions: tuple[str, ...] = said("What is open?", default=())


@dataclass(frozen=True, kw_only=True)
class Decisions(Record):
    """The decisions section."""

    records: Named[Decision] = said("Which decisions?", default=dict)
    transactions: Named[Transaction] = said(
        "Where do transactions end?", default=dict, keys=Refers("operation", unless=("operation",))
    )
    handoffs: Named[Handoff] = said("What do colleagues need?", default=dict)
