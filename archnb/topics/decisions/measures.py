"""How much of what was decided is settled."""

from __future__ import annotations

from archnb.fact.keys.decisions import OPEN_RECORDS, RECORDS, SETTLED
from archnb.topics.topic import Draft


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
