"""MySQL 8, and MariaDB where it is the same."""

from __future__ import annotations

from archnb.engines.engine import Alarm, Change, Engine, FullText, Identifier, Limit, Measure, Queueing

_INNODB = "MySQL 8.4 manual, 17.21 InnoDB Limits, https://dev.mysql.com/doc/refman/8.4/en/innodb-limits.html"
_COLUMNS = "MySQL 8.4 manual, 10.4.7 Limits on Table Column Count and Row Size, https://dev.mysql.com/doc/refman/8.4/en/column-count-limit.html"
_NAMES = (
    "MySQL 8.4 manual, 11.2.1 Identifier Length Limits, https://dev.mysql.com/doc/refman/8.4/en/identifier-length.html"
)
_PARTITIONS = "MySQL 8.4 manual, 26.6 Restrictions and Limitations on Partitioning, https://dev.mysql.com/doc/refman/8.4/en/partitioning-limitations.html"
_VARIABLES = "MySQL 8.4 manual, 7.1.8 Server System Variables, https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html"
_SYSBENCH_ROWS = "order of magnitude of sysbench on 16 cores and NVMe: each of its read-write transactions changes, deletes and inserts four rows"
_SYSBENCH = "order of magnitude of sysbench on 16 cores and NVMe; max_connections 151 is MySQL's default"

RESERVED = frozenset(
    """
    all alter analyze and array as asc before between both by call cascade case change check collate column
    condition constraint continue convert create cross cube current_date current_time current_timestamp
    current_user cursor database databases declare default delayed delete desc describe distinct div drop dual
    each else except exists explain false fetch float for force foreign from fulltext function generated get grant
    group grouping groups having if ignore in index infile inner inout insert int integer intersect interval into
    is iterate join key keys kill lateral lead leading leave left like limit linear lines load localtime
    localtimestamp lock long loop match maxvalue mod natural not null of on optimize option or order out outer
    over partition primary procedure range rank read recursive references release rename repeat replace require
    restrict return revoke right rlike row rows schema schemas select separator set show signal sql starting
    system table then to trailing trigger true undo union unique unlock unsigned update usage use using values
    when where while window with write xor
    """.split()  # noqa: SIM905
)

ENGINE = Engine(
    name="mysql",
    label="MySQL",
    summary="A relational database with rows kept in the order of the primary key.",
    kinds=("relational", "queue"),
    running="server",
    source="https://dev.mysql.com/doc/refman/8.4/en/",
    rank=20,
    meanings=("mysql8", "innodb", "my sql"),
    likes={
        "mariadb": "a fork of MySQL: no functional and no multi-valued indexes, otherwise much the same DDL",
        "percona": "a MySQL with other tools",
        "vitess": "MySQL in shards: no foreign keys between them",
        "planetscale": "a managed MySQL in shards",
        "tidb": "speaks its protocol, spread over nodes",
    },
    protocol="MySQL, TLS",
    port=3306,
    abilities=frozenset(
        {
            "transactions",
            "foreign keys",
            "row locks that skip",
            "online index builds",
            "partitions",
            "constraints added later",
            "case-insensitive text",
            "comments",
            "durability",
            "replicas",
            "connection for each process",
        }
    ),
    types={
        "key": "BIGINT",
        "uuid": "CHAR(32)",
        "code": "TEXT",
        "int": "INTEGER",
        "bigint": "BIGINT",
        "smallint": "SMALLINT",
        "decimal": "NUMERIC(38, 10)",
        "money": "NUMERIC(19, 4)",
        "float": "DOUBLE",
        "bool": "BOOL",
        "text": "TEXT",
        "char": "CHAR(1)",
        "email": "TEXT",
        "url": "TEXT",
        "phone": "TEXT",
        "timestamp": "DATETIME(6)",
        "date": "DATE",
        "time": "TIME",
        "duration": "BIGINT",
        "json": "JSON",
        "bytes": "LONGBLOB",
        "enum": "VARCHAR(20)",
        "country": "CHAR(2)",
        "currency": "CHAR(3)",
        "language": "TEXT",
        "ip": "VARCHAR(45)",
        "point": "POINT",
        "vector": "JSON",
        "reference": "BIGINT",
        "other": "TEXT",
    },
    identifier=Identifier(64, "characters", cuts=False, folds="kept", reserved=RESERVED),
    index_methods=("btree", "hash", "fulltext", "spatial"),
    full_text=FullText("fulltext", "a FULLTEXT index"),
    limits=(
        Limit("identifier length", "64 characters", "a longer name is refused", _NAMES),
        Limit("columns", "1017 columns", "of a table of InnoDB", _INNODB),
        Limit("row size", "65535 B", "of a row without what is stored apart (BLOB, TEXT)", _COLUMNS),
        Limit("index key", "3072 B", "of an index with the usual row format (DYNAMIC)", _INNODB),
        Limit("index columns", "16 columns", "of one index", _INNODB),
        Limit("indexes", "64 indexes", "beside the primary key, of a table", _INNODB),
        Limit("table size", "64 TiB", "a tablespace with pages of 16 KiB", _INNODB),
        Limit(
            "partitions",
            "8192 partitions",
            "of a table, those within partitions counted; a table with partitions has no foreign keys",
            _PARTITIONS,
        ),
        Limit("connections", "151 connections", "max_connections; each is a thread", _VARIABLES, "default"),
        Limit(
            "reserved connections",
            "1 connections",
            "one more is let in for an administrator (CONNECTION_ADMIN)",
            _VARIABLES,
        ),
        Limit("writes", "10k/s", "short transactions on one primary", _SYSBENCH, "estimate"),
        Limit(
            "row writes", "40k/s", "rows written on one primary, several in a transaction", _SYSBENCH_ROWS, "estimate"
        ),
        Limit("reads", "40k/s", "reads by key from memory on one server", _SYSBENCH, "estimate"),
        Limit("storage", "4 TB", "what one server restores in a working day", _SYSBENCH, "estimate"),
    ),
    measured_by="mysqld_exporter 0.17, https://github.com/prometheus/mysqld_exporter",
    measures=(
        Measure("mysql_global_status_threads_connected", "gauge", "utilisation", "connections", "connections"),
        Measure(
            "mysql_global_variables_max_connections", "gauge", "utilisation", "connections", "the limit of connections"
        ),
        Measure("mysql_global_status_innodb_row_lock_waits", "counter", "saturation", "waits", "waits for row locks"),
        Measure(
            "mysql_slave_status_seconds_behind_master",
            "gauge",
            "saturation",
            "seconds",
            "how far the replicas are behind",
            of_replicas=True,
        ),
    ),
    alarms=(
        Alarm(
            "store_connections_nearly_out_mysql",
            "connections",
            "mysql_global_status_threads_connected",
            "> 0.85 * mysql_global_variables_max_connections",
            "page",
            "Find who holds them; shrink pools or add a pooler.",
        ),
        Alarm(
            "store_replica_behind_mysql",
            "replication",
            "mysql_slave_status_seconds_behind_master",
            "> {recovery_point}",
            "page",
            "A failover now would lose more than the recovery point allows: do not fail over; look for a bulk write or a long query on the standby.",
        ),
    ),
    # MySQL 8.4 manual, 17.12.1 Online DDL Operations
    changes=(
        Change(
            "add an optional column",
            "ALTER TABLE … ADD COLUMN, ALGORITHM=INSTANT",
            "a metadata lock, for milliseconds once long queries are over",
        ),
        Change(
            "add a required column",
            "add it with a constant default, ALGORITHM=INSTANT; where each row has its own value: add it as nullable; write it; backfill in batches; MODIFY … NOT NULL, ALGORITHM=INPLACE, LOCK=NONE",
            "reads and writes go on; the second way rebuilds the table",
        ),
        Change(
            "rename or retype a column",
            "add the new column; write both; backfill; read the new one; stop writing the old one; drop it a release later",
            "short locks only; a change of type in place copies the table and stops writes",
        ),
        Change(
            "add an index",
            "ALTER TABLE … ADD INDEX, ALGORITHM=INPLACE, LOCK=NONE",
            "reads and writes go on; a FULLTEXT index stops writes",
        ),
        Change(
            "add a foreign key",
            "find the rows that break it first; ADD CONSTRAINT, ALGORITHM=INPLACE with foreign_key_checks=0, which checks no row that is there",
            "reads and writes go on; with the checks on, the table is copied and writes stop",
        ),
        Change(
            "drop a column or a table",
            "stop writing; stop reading; wait a release; drop, ALGORITHM=INSTANT",
            "a metadata lock, for milliseconds",
        ),
    ),
    queueing=Queueing("table", "MySQL (SKIP LOCKED)", in_transaction=True),
    pooler="a pooler between servers and database",
    refused={"relational": "it has no partial indexes and cannot undo a schema change that fails half-way"},
    against={"relational": "does it too; fewer index and constraint kinds, no transactional DDL"},
)
