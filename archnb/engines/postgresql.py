"""PostgreSQL."""

from __future__ import annotations

from archnb.engines.engine import (
    Alarm,
    Change,
    Choice,
    Engine,
    FullText,
    Identifier,
    Limit,
    Measure,
    Queueing,
)

_LIMITS = "PostgreSQL 18 manual, Appendix K: PostgreSQL Limits, https://www.postgresql.org/docs/18/limits.html"
_CONNECTIONS = "PostgreSQL 18 manual, Connections and Authentication, https://www.postgresql.org/docs/18/runtime-config-connection.html"
_PGBENCH_ROWS = "order of magnitude of pgbench on 16 cores and NVMe: each of its TPC-B-like transactions changes three rows and inserts one"
_PGBENCH = "order of magnitude of pgbench on 16 cores and NVMe; max_connections 100 and superuser_reserved_connections 3 are PostgreSQL's defaults"

RESERVED = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization between both case cast check collate column
    constraint create cross current_catalog current_date current_role current_time current_timestamp current_user
    default deferrable desc distinct do else end except false fetch for foreign freeze from full grant group
    having ilike in initially inner intersect into is isnull join leading left like limit localtime localtimestamp
    natural not notnull null of offset on only or order outer over overlaps placing primary references returning
    right select session_user similar some symmetric table tablesample then to trailing true union unique user using
    variadic verbose when where window with
    """.split()  # noqa: SIM905
)

ENGINE = Engine(
    name="postgresql",
    label="PostgreSQL",
    summary="A relational database with documents, full text and many kinds of index.",
    kinds=("relational", "queue"),
    running="server",
    source="https://www.postgresql.org/docs/18/",
    rank=10,
    meanings=("postgres", "pg", "postgre", "psql", "postgres sql", "postgresdb"),
    likes={
        "cockroachdb": "speaks its protocol; serializable only, other limits",
        "yugabytedb": "speaks its protocol, spread over nodes",
        "aurora": "a managed PostgreSQL or MySQL: say which",
        "timescaledb": "an extension of PostgreSQL",
        "supabase": "a managed PostgreSQL",
        "greenplum": "a PostgreSQL for analysis",
    },
    protocol="PostgreSQL, TLS",
    port=5432,
    abilities=frozenset(
        {
            "transactions",
            "foreign keys",
            "transactional DDL",
            "partial indexes",
            "covering indexes",
            "exclusion constraints",
            "row-level security",
            "row locks that skip",
            "online index builds",
            "partitions",
            "partitions with foreign keys",
            "zoned timestamps",
            "constraints added later",
            "comments",
            "durability",
            "replicas",
            "connection for each process",
        }
    ),
    types={
        "key": "BIGINT",
        "uuid": "UUID",
        "code": "TEXT",
        "int": "INTEGER",
        "bigint": "BIGINT",
        "smallint": "SMALLINT",
        "decimal": "NUMERIC",
        "money": "NUMERIC(19, 4)",
        "float": "DOUBLE PRECISION",
        "bool": "BOOLEAN",
        "text": "TEXT",
        "char": "CHAR(1)",
        "email": "TEXT",
        "url": "TEXT",
        "phone": "TEXT",
        "timestamp": "TIMESTAMP WITH TIME ZONE",
        "date": "DATE",
        "time": "TIME WITHOUT TIME ZONE",
        "duration": "INTERVAL",
        "json": "JSONB",
        "bytes": "BYTEA",
        "enum": "TEXT",
        "country": "CHAR(2)",
        "currency": "CHAR(3)",
        "language": "TEXT",
        "ip": "INET",
        "point": "POINT",
        "vector": "vector",
        "reference": "BIGINT",
        "other": "TEXT",
    },
    identifier=Identifier(63, "bytes", cuts=True, folds="lower", reserved=RESERVED),
    index_methods=("btree", "hash", "gin", "gist", "spgist", "brin"),
    full_text=FullText("gin", "a GIN index over the words (tsvector, configuration 'simple', which fits any language)"),
    limits=(
        Limit("identifier length", "63 B", "a longer name is cut without an error (NAMEDATALEN)", _LIMITS),
        Limit("columns", "1600 columns", "of a table; fewer where a row does not fit a page of 8 KiB", _LIMITS),
        Limit("table size", "32 TiB", "with pages of 8 KiB; a partition counts for itself", _LIMITS),
        Limit("field size", "1 GiB", "of one value", _LIMITS),
        Limit("index columns", "32 columns", "those that ride along (INCLUDE) counted", _LIMITS),
        Limit(
            "index key",
            "2704 B",
            "a third of a page: an entry of a b-tree is no longer",
            "PostgreSQL 18 source, src/include/access/nbtree.h: BTMaxItemSize",
        ),
        Limit("connections", "100 connections", "max_connections; each is a process", _CONNECTIONS, "default"),
        Limit("reserved connections", "3 connections", "superuser_reserved_connections", _CONNECTIONS, "default"),
        Limit("writes", "10k/s", "short transactions on one primary", _PGBENCH, "estimate"),
        Limit(
            "row writes", "40k/s", "rows written on one primary, several in a transaction", _PGBENCH_ROWS, "estimate"
        ),
        Limit("reads", "40k/s", "reads by key from memory on one server", _PGBENCH, "estimate"),
        Limit("storage", "4 TB", "what one server restores in a working day", _PGBENCH, "estimate"),
    ),
    measured_by="postgres_exporter 0.17, https://github.com/prometheus-community/postgres_exporter",
    measures=(
        Measure("pg_stat_activity_count", "gauge", "utilisation", "connections", "connections by state", ("state",)),
        Measure("pg_settings_max_connections", "gauge", "utilisation", "connections", "the limit of connections"),
        Measure(
            "pg_stat_database_deadlocks", "counter", "errors", "deadlocks", "transactions that waited for each other"
        ),
        Measure(
            "pg_replication_lag_seconds",
            "gauge",
            "saturation",
            "seconds",
            "how far the replicas are behind",
            of_replicas=True,
        ),
    ),
    alarms=(
        Alarm(
            "store_connections_nearly_out",
            "connections",
            "pg_stat_activity_count",
            "> 0.85 * pg_settings_max_connections",
            "page",
            "Find who holds them (idle in transaction first); shrink pools or add a pooler.",
        ),
        Alarm(
            "store_replica_behind",
            "replication",
            "pg_replication_lag_seconds",
            "> {recovery_point}",
            "page",
            "A failover now would lose more than the recovery point allows: do not fail over; look for a bulk write, a long query on the standby, a full disk.",
        ),
    ),
    changes=(
        Change(
            "add an optional column",
            "ALTER TABLE … ADD COLUMN, without a volatile default",
            "ACCESS EXCLUSIVE, for milliseconds",
        ),
        Change(
            "add a required column",
            "add it as nullable; write it; backfill in batches; CHECK (c IS NOT NULL) NOT VALID; VALIDATE; SET NOT NULL; drop the CHECK",
            "short locks only",
        ),
        Change(
            "rename or retype a column",
            "add the new column; write both; backfill; read the new one; stop writing the old one; drop it a release later",
            "short locks only",
        ),
        Change(
            "add an index",
            "CREATE INDEX CONCURRENTLY, outside a transaction; check that it is valid",
            "SHARE UPDATE EXCLUSIVE: reads and writes go on",
        ),
        Change(
            "add a foreign key",
            "ADD CONSTRAINT … NOT VALID; VALIDATE CONSTRAINT",
            "SHARE ROW EXCLUSIVE for milliseconds, then SHARE UPDATE EXCLUSIVE",
        ),
        Change(
            "drop a column or a table",
            "stop writing; stop reading; wait a release; drop",
            "ACCESS EXCLUSIVE, for milliseconds",
        ),
    ),
    queueing=Queueing("table", "PostgreSQL (SKIP LOCKED)", in_transaction=True),
    pooler="a pooler in transaction mode (PgBouncer) between servers and database",
    choices=(
        Choice(
            "relational",
            "PostgreSQL adds partial and expression indexes, jsonb and full text, so that most other needs stay in one place",
        ),
    ),
    against={
        "relational": "as good here; chosen where types, constraints and SKIP LOCKED matter",
        "document": "foreign keys, joins and transactions over all of it, and jsonb for what has a free form; one primary takes all writes",
        "key-value": "foreign keys, joins and transactions over all of it; one primary takes all writes",
        "search": "one store less to run; ranking reads every match",
        "time series": "one store less to run; every index of a table is written for every row",
        "graph": "one store less to run; each level of a walk is one more self-join",
    },
)
