"""What there is to be seen of what was decided: transactions, decision records, and a brief for each role."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.shapes import AnyShape, Cell, Table
from archnb.topics.topic import Draft


def views(draft: Draft) -> Sequence[AnyShape]:
    """Transactions, decision records, and a brief for each role."""
    decisions = draft.design.decisions
    return (
        Table(
            "transactions", "Transactions", ("operation", "changes together", "isolation", "guard", "reason"),
            tuple(
                (Cell(name, is_code=True), ", ".join(one.boundary), one.isolation, Cell(one.guard, is_code=True) if one.guard else "", one.reason)
                for name, one in decisions.transactions.items()
            ),
            anchors=tuple(f"transaction-{name}" for name in decisions.transactions),
            description="What each write changes as one, and what keeps two writers from losing each other's work.",
        ),
        Table(
            "decisions", "Decision records", ("decision", "status", "context", "choice", "alternatives", "consequences", "revisit"),
            tuple(
                (one.title, Cell(one.status, tone="good" if one.status == "accepted" else "notice"), one.context, one.choice, "; ".join(one.alternatives), one.consequences, one.revisit)
                for one in decisions.records.values()
            ),
            anchors=tuple(f"decision-{name}" for name in decisions.records),
            description="Each choice of weight, what else was weighed, and the number at which it is looked at again.",
        ),
        *(
            Table(
                f"handoff-{role.replace('_', '-')}", f"For the {role.replace('_', ' ')}", ("kind", "text"),
                (*(("need", text) for text in one.needs), *(("question", text) for text in one.questions)),
                description="What is needed from this design, and what is still open.",
            )
            for role, one in decisions.handoffs.items()
        ),
    )  # fmt: skip
