"""What can run out: limits, demand, servers and pools."""

from __future__ import annotations

from archnb.fact.key import FLOW, NUMBER, RATE, SIZE, TIME, family, key

HORIZON = key("scaling.horizon", TIME, "How far the plan looks.")
HEADROOM = key("scaling.headroom", NUMBER, "The share of every resource that stays free.")
SERVER_CORES = key("scaling.cores", NUMBER, "Processors of one server.", optional=True, assumption=True)
STORED = key("scaling.storage", SIZE, "What is stored today, indexes included.", optional=True)
STORE_STORED = family(
    "scaling.{store}.stored", SIZE, "What one of several stores holds today, indexes included.", optional=True
)
STORE_INFLOW = family(
    "scaling.{store}.stored_inflow", FLOW, "What is added to one of several stores per time.", optional=True
)
INFLOW = key("scaling.storage_inflow", FLOW, "What is added per time, indexes included.", optional=True)
RESOURCE_LIMIT = family(
    "scaling.resources.{resource}.limit", None, "What a resource can do or hold at most.", optional=True
)
RESOURCE_HEADROOM = family("scaling.resources.{resource}.headroom", NUMBER, "The share of a resource that stays free.")
RESOURCE_USABLE = family("scaling.{resource}.usable", None, "A resource's limit with the headroom free.")
RESOURCE_AT_HORIZON = family(
    "scaling.{resource}.at_horizon", None, "A resource's demand at the horizon.", optional=True
)
RESOURCE_SATURATES = family("scaling.{resource}.saturates", TIME, "When a resource's demand reaches what is usable.")
BUSY_CONNECTIONS = family("scaling.{store}.busy_connections", NUMBER, "Connections in use at the peak.", optional=True)
CAPACITY = family("scaling.{component}.capacity", RATE, "What all servers of a part can do.", optional=True)
CONNECTIONS = family("scaling.{store}.connections", NUMBER, "Connections that all pools open together.", optional=True)
PER_SERVER = family("scaling.{component}.per_server", RATE, "What one server of a part can do.")
POOL = family("scaling.{store}.pool", NUMBER, "Connections of one server's pool.", optional=True)
STORE_READS = family("scaling.{store}.reads", RATE, "Reads that reach a store at the peak.", optional=True)
STORE_WRITES = family(
    "scaling.{store}.writes", RATE, "Rows that are inserted, changed or deleted in a store at the peak.", optional=True
)
BOOKKEEPING = family(
    "scaling.{store}.bookkeeping", RATE, "Rows of them for keys of idempotency, the outbox and a queue.", optional=True
)
STORE_INDEX_ENTRIES = family(
    "scaling.{store}.index_entries", RATE, "Entries of indexes that are written with these rows.", optional=True
)
STORE_COMMITS = family(
    "scaling.{store}.commits", RATE, "Transactions that write in a store at the peak.", optional=True
)
OPERATION_ROWS = family("scaling.{operation}.rows_written", NUMBER, "Rows that one call writes.", optional=True)
LOCK_HELD = family(
    "scaling.{operation}.lock_held",
    TIME,
    "How long one call holds the row that it adds to or takes from.",
    optional=True,
)
ROW_LIMIT = family(
    "scaling.{operation}.hot_row_limit", RATE, "Calls a second that one such row can take part in.", optional=True
)
ROW_RATE = family(
    "scaling.{operation}.hot_row_rate", RATE, "Calls a second that the busiest such row takes part in.", optional=True
)
WRITE_SKEW = key("scaling.write_skew", NUMBER, "Zipf exponent of how unevenly rows are written to.", assumption=True)
SHARDS = family(
    "scaling.{store}.shards", NUMBER, "Shards that a store needs at the horizon, with the headroom free.", optional=True
)
ACROSS_SHARDS = family(
    "scaling.{operation}.across_shards",
    NUMBER,
    "Share of an operation's calls that meet two of the shards.",
    optional=True,
)
ACROSS_TIME = family(
    "scaling.{operation}.across_time", TIME, "What a call across two shards takes longer.", optional=True
)
BATCH = key(
    "scaling.batch",
    NUMBER,
    "Rows that a worker writes in one transaction, where nobody waits.",
    assumption=True,
    positive=True,
)
SERVERS = family("scaling.{component}.servers", NUMBER, "Servers of a part.", optional=True)
SERVERS_AT_HORIZON = family(
    "scaling.{component}.servers_at_horizon", NUMBER, "Servers of a part that the horizon needs.", optional=True
)
SERVERS_NEEDED = family("scaling.{component}.servers_needed", NUMBER, "Servers of a part that the peak needs.")
SOON = key("scaling.soon", TIME, "The time within which a saturation is soon.", assumption=True)
MIN_POOL = key("scaling.min_pool", NUMBER, "Connections that the smallest pool of one server has.", assumption=True)
POOL_BURST = key("scaling.pool_burst", NUMBER, "How many times its share a pool holds, for bursts.", assumption=True)
