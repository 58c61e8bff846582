"""What is proposed: the boundaries of transactions, a record of each choice of weight, and a brief for each role."""

from __future__ import annotations

from archnb.design.decisions import Decisions
from archnb.topics.decisions.handoffs import fill_handoffs
from archnb.topics.decisions.records import fill_records
from archnb.topics.decisions.transactions import fill_transactions
from archnb.topics.topic import Draft


def complete(draft: Draft) -> None:
    """Propose transactions, decision records and briefs from everything before."""
    records = fill_records(draft)
    draft.close(
        "decisions",
        Decisions(records=records, transactions=fill_transactions(draft), handoffs=fill_handoffs(draft, records)),
    )
