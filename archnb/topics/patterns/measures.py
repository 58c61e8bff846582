"""How near the design is to a pattern that it refuses."""

from __future__ import annotations

from archnb.fact.keys.patterns import PATTERNS_STORE_READS, PRIMARY_READS, PRIMARY_USED
from archnb.topics.topic import Draft


def measure(draft: Draft) -> None:
    """How far the reads are from needing a replica."""
    facts = draft.facts
    if PATTERNS_STORE_READS in facts:
        facts.define(
            PRIMARY_USED, facts[PATTERNS_STORE_READS] / facts[PRIMARY_READS], "%",
            "which share of one primary's reads are used at the peak",
        )  # fmt: skip
