"""What the patterns are weighed with."""

from __future__ import annotations

from archnb.fact.key import FLOW, NUMBER, RATE, TIME, key

ENGINEERS_PER_SERVICE = key(
    "patterns.engineers_per_service", NUMBER, "Engineers that one service needs.", assumption=True
)
FEW_OPERATIONS = key(
    "patterns.few_operations", NUMBER, "Operations up to which a gateway has nothing to share.", assumption=True
)
GATEWAY_RATE = key("patterns.gateway_rate", RATE, "Requests at the peak from which a gateway pays.", assumption=True)
FEW_ENTITIES = key(
    "patterns.few_entities", NUMBER, "Entities from which every query deserves a name and a place.", assumption=True
)
EDGE_EGRESS = key("patterns.edge_egress", FLOW, "Bytes that one entry sends without noticing.", assumption=True)
PRIMARY_SHARE = key(
    "patterns.primary_share",
    NUMBER,
    "How much of the primary reads may take before a replica is added.",
    assumption=True,
    share=True,
)
PRIMARY_READS = key("patterns.primary_reads", RATE, "Reads that one primary answers.", optional=True, assumption=True)
MIX_QUERY_TIME = key(
    "patterns.query_time", TIME, "Mean database time of the reads that reach the store.", optional=True
)
PATTERNS_STORE_READS = key(
    "patterns.store_reads", RATE, "Reads at the peak that the cache does not answer.", optional=True
)
PRIMARY_USED = key(
    "patterns.primary_used", NUMBER, "Share of one primary's reads that is used at the peak.", optional=True
)
