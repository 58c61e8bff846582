"""Neo4j."""

from __future__ import annotations

from archnb.engines.engine import Choice, Engine, FullText, Limit, Measure

_SETTINGS = "Neo4j 5 operations manual, Configuration settings, https://neo4j.com/docs/operations-manual/5/configuration/configuration-settings/"
_LDBC = "order of magnitude of LDBC on one machine"

ENGINE = Engine(
    name="neo4j",
    label="Neo4j",
    summary="A database of nodes and relationships, asked by walking along them.",
    kinds=("graph",),
    running="server",
    source="https://neo4j.com/docs/",
    rank=80,
    meanings=("neo", "neo 4j", "cypher", "aura", "auradb"),
    likes={
        "memgraph": "speaks its protocol and language, in memory",
        "neptune": "a managed graph with a part of its language",
        "arangodb": "graphs and documents, another language",
        "janusgraph": "graphs too, another language",
        "age": "its language as an extension of PostgreSQL",
    },
    protocol="Bolt, TLS",
    port=7687,
    abilities=frozenset({"transactions", "zoned timestamps", "durability", "replicas", "online index builds"}),
    types={
        "key": "INTEGER",
        "uuid": "STRING",
        "code": "STRING",
        "int": "INTEGER",
        "bigint": "INTEGER",
        "smallint": "INTEGER",
        "decimal": "STRING",
        "money": "INTEGER (of the smallest unit), STRING",
        "float": "FLOAT",
        "bool": "BOOLEAN",
        "text": "STRING",
        "char": "STRING",
        "email": "STRING",
        "url": "STRING",
        "phone": "STRING",
        "timestamp": "ZONED DATETIME",
        "date": "DATE",
        "time": "LOCAL TIME",
        "duration": "DURATION",
        "json": "STRING",
        "bytes": "ByteArray",
        "enum": "STRING",
        "country": "STRING",
        "currency": "STRING",
        "language": "STRING",
        "ip": "STRING",
        "point": "POINT",
        "vector": "LIST<FLOAT>",
        "reference": "a relationship",
    },
    index_methods=("range", "text", "point", "fulltext", "vector"),
    full_text=FullText("fulltext", "a full-text index"),
    limits=(
        Limit(
            "connections", "400 connections", "threads of Bolt (server.bolt.thread_pool_max_size)", _SETTINGS, "default"
        ),
        Limit("writes", "5k/s", "short transactions on one machine", _LDBC, "estimate"),
        Limit("reads", "10k/s", "short walks from memory", _LDBC, "estimate"),
        Limit("storage", "1 TB", "on one machine", _LDBC, "estimate"),
    ),
    measured_by="its own Prometheus endpoint, https://neo4j.com/docs/operations-manual/5/monitoring/metrics/reference/",
    # of the database that is called neo4j, as it is unless one says otherwise
    measures=(
        Measure("neo4j_database_neo4j_transaction_active_read", "gauge", "utilisation", "transactions", "open reads"),
        Measure("neo4j_database_neo4j_transaction_active_write", "gauge", "utilisation", "transactions", "open writes"),
    ),
    choices=(
        Choice(
            "graph",
            "Neo4j follows pointers and holds a copy",
            store="graph",
            purpose="walks over many relationships; a copy that can be rebuilt",
            pays="Neo4j: pays above {thresholds}",
        ),
    ),
)
