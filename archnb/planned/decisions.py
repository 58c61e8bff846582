"""What was decided, where transactions end, and what colleagues need to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.record import Named
from archnb.planned.record import Planned


@dataclass(frozen=True, kw_only=True)
class Decision(Planned):
    """A decision record."""

    title: str
    status: Literal["proposed", "accepted", "superseded"]
    context: str = ""
    choice: str = ""
    alternatives: tuple[str, ...] = ()
    consequences: str = ""
    revisit: str = ""


@dataclass(frozen=True, kw_only=True)
class Transaction(Planned):
    """What one write does atomically, and how strictly it is kept apart from others."""

    operation: str
    # empty where the design says no more than that there is a transaction
    boundary: tuple[str, ...] = ()
    isolation: Literal["read committed", "repeatable read", "serializable"]
    guard: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Handoff(Planned):
    """A brief for a colleague."""

    needs: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Decisions(Planned):
    """The decisions."""

    records: Named[Decision]
    transactions: Named[Transaction]
    handoffs: Named[Handoff]
