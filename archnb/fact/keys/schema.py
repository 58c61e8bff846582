"""Tables and indexes: rows and bytes, and the thresholds of the stores."""

from __future__ import annotations

from archnb.fact.key import NUMBER, RATE, SIZE, TIME, family, key

ROW_OVERHEAD = key("schema.row_overhead", SIZE, "What the engine keeps with each row.", assumption=True)
ENTRY_OVERHEAD = key("schema.entry_overhead", SIZE, "What an index keeps with each entry.", assumption=True)
INDEX_FILL = key(
    "schema.index_fill", NUMBER, "How full the pages of an index are.", assumption=True, positive=True, share=True
)
PAGE_FILL = key(
    "schema.page_fill", NUMBER, "Share of a page that holds rows.", assumption=True, positive=True, share=True
)
WORD_BYTES = key("schema.word_bytes", SIZE, "Bytes of one word in a full-text index.", assumption=True)
PARTITION_SIZE = key(
    "schema.partition_size", SIZE, "The size from which a table is split.", assumption=True, positive=True
)
SEARCH_ROWS = key("schema.search_rows", NUMBER, "Rows above which text is ranked elsewhere.", assumption=True)
SEARCH_RATE = key("schema.search_rate", RATE, "Searches above which they get machines of their own.", assumption=True)
SERIES_RATE = key("schema.series_rate", RATE, "Inserts above which a store that only appends pays.", assumption=True)
LOOKUP_ROWS = key(
    "schema.lookup_rows", NUMBER, "Rows above which one relational server does not look up keys.", assumption=True
)
LOOKUP_RATE = key(
    "schema.lookup_rate", RATE, "Requests by key above which one relational server is too small.", assumption=True
)
DOCUMENT_SIZE = key(
    "schema.document_size", SIZE, "The size above which whole documents get a store that shards them.", assumption=True
)
RELATIONSHIP_ROWS = family("relationships.{relationship}.rows", NUMBER, "Pairs of a relationship.")
PAIRS = key(
    "schema.pairs",
    NUMBER,
    "Pairs for each row of the larger side of a relationship, where nothing is said.",
    assumption=True,
)
MOST_PARTITIONS = key(
    "schema.most_partitions", NUMBER, "Parts of a table that is split by a hash, at most.", assumption=True
)
FEW_ROWS = key("schema.few_rows", NUMBER, "Rows up to which a table needs no index for a pattern.", assumption=True)
FEW_VALUES = key(
    "schema.few_values",
    NUMBER,
    "The share of a table from which a planner reads it whole.",
    assumption=True,
    share=True,
)
GRAPH_DEPTH = key(
    "schema.graph_depth", NUMBER, "The depth of relationships above which a graph store is weighed.", assumption=True
)
WORTH_SAYING = key(
    "schema.worth_saying", NUMBER, "The share of a threshold from which a refusal is said.", assumption=True
)
UNKNOWN_ROWS = key("schema.unknown_rows", NUMBER, "Rows of a table of which nothing is said.", assumption=True)
TABLE_ROWS = family("schema.{table}.rows", NUMBER, "Rows of a table today.", optional=True)
TABLE_ROWS_AT_HORIZON = family(
    "schema.{table}.rows_at_horizon", NUMBER, "Rows of a table at the horizon.", optional=True
)
TABLE_ADDED = family("schema.{table}.added", RATE, "Rows added to a table that is for no entity.", optional=True)
TABLE_RETENTION = family("schema.tables.{table}.retention", TIME, "How long a row of a table is kept.", optional=True)
TABLE_WIDTH = family("schema.{table}.width", SIZE, "Bytes of a row's columns, aligned.")
TABLE_ROW_SIZE = family("schema.{table}.row_size", SIZE, "Bytes of a row with its overhead.")
TABLE_ROW_STORED = family(
    "schema.{table}.row_stored", SIZE, "Bytes of a row with its overhead and its entries in every index.", optional=True
)
INDEX_SIZE = family("schema.{table}.{index}.size", SIZE, "Bytes of an index today.", optional=True)
TABLE_SIZE = family("schema.{table}.size", SIZE, "Bytes of a table without its indexes today.", optional=True)
TABLE_SIZE_AT_HORIZON = family(
    "schema.{table}.size_at_horizon", SIZE, "Bytes of a table without its indexes at the horizon.", optional=True
)
TABLES_SIZE = key("schema.tables_size", SIZE, "Bytes of all tables today.", optional=True)
INDEXES_SIZE = key("schema.indexes_size", SIZE, "Bytes of all indexes today.", optional=True)
SCHEMA_SIZE = key("schema.size", SIZE, "Bytes of all tables and indexes today.", optional=True)
SCHEMA_SIZE_AT_HORIZON = key(
    "schema.size_at_horizon", SIZE, "Bytes of all tables and indexes at the horizon.", optional=True
)
