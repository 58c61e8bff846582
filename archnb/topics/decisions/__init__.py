"""What was decided and why, where transactions end, and what colleagues need to go on.

Every choice of weight that the topics before made becomes a decision record with the number at which it is looked at
again; every write gets its boundary, isolation and guard; five briefs carry the design's own numbers and open questions.
"""

from __future__ import annotations

from collections.abc import Sequence

from archnb.design.decisions import Decisions
from archnb.fact.keys.decisions import OPEN_RECORDS, RECORDS, SETTLED
from archnb.shapes import AnyShape, Cell, Table
from archnb.topics.decisions.conclusions import conclude
from archnb.topics.decisions.handoffs import fill_handoffs
from archnb.topics.decisions.records import fill_records
from archnb.topics.decisions.rules import RULES
from archnb.topics.decisions.transactions import fill_transactions
from archnb.topics.topic import Draft

NAME = "decisions"
TITLE = "Decisions and hand-offs"
CLOSES = ("decisions",)


def complete(draft: Draft) -> None:
    """Propose transactions, decision records and briefs from everything before."""
    records = fill_records(draft)
    draft.close(
        "decisions",
        Decisions(records=records, transactions=fill_transactions(draft), handoffs=fill_handoffs(draft, records)),
    )


def measure(draft: Draft) -> None:
    """How much of what was decided is settled."""
    records = draft.design.decisions.records
    if not records:
        return
    facts = draft.facts
    facts.given(RECORDS, len(records), "decision records", origin="concluded")
    facts.given(
        OPEN_RECORDS,
        sum(1 for one in records.values() if one.status == "proposed"),
        "records that nobody has accepted yet",
        origin="concluded",
    )
    facts.define(
        SETTLED,
        1 - facts[OPEN_RECORDS] / facts[RECORDS],
        "%",
        "the share of choices of weight that people have made",
    )


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


__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
