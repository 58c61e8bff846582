"""SQLite: the database that is a file."""

from __future__ import annotations

from archnb.engines.engine import Change, Engine, Identifier, Limit, Queueing

_LIMITS = "SQLite documentation, Implementation Limits For SQLite, https://www.sqlite.org/limits.html"
_WAL = "SQLite documentation, Write-Ahead Logging, https://www.sqlite.org/wal.html"
_GUESS = "one writer at a time; order of magnitude with WAL on NVMe"

ENGINE = Engine(
    name="sqlite",
    label="SQLite",
    summary="A relational database inside one process, kept in one file.",
    kinds=("relational", "queue"),
    running="file",
    source="https://www.sqlite.org/docs.html",
    rank=60,
    meanings=("sqlite3", "sqlite db", "sql lite"),
    likes={
        "libsql": "a fork of SQLite with a server",
        "turso": "a managed libSQL",
        "litestream": "SQLite with a copy elsewhere",
        "d1": "a managed SQLite",
    },
    protocol="file",
    abilities=frozenset({"transactions", "foreign keys", "transactional DDL", "partial indexes", "durability"}),
    types={
        "key": "INTEGER",
        "uuid": "TEXT",
        "code": "TEXT",
        "int": "INTEGER",
        "bigint": "INTEGER",
        "smallint": "INTEGER",
        "decimal": "INTEGER",
        "money": "INTEGER",
        "float": "REAL",
        "bool": "INTEGER",
        "text": "TEXT",
        "char": "TEXT",
        "email": "TEXT",
        "url": "TEXT",
        "phone": "TEXT",
        "timestamp": "TEXT",
        "date": "TEXT",
        "time": "TEXT",
        "duration": "INTEGER",
        "json": "TEXT",
        "bytes": "BLOB",
        "enum": "TEXT",
        "country": "TEXT",
        "currency": "TEXT",
        "language": "TEXT",
        "ip": "TEXT",
        "point": "TEXT",
        "vector": "TEXT",
        "reference": "INTEGER",
        "other": "TEXT",
    },
    # the engine itself keeps names of any length; what is written for it stays readable
    identifier=Identifier(200, "bytes", cuts=False, folds="kept"),
    index_methods=("btree",),
    limits=(
        Limit("columns", "2000 columns", "of a table, an index or a result (SQLITE_MAX_COLUMN)", _LIMITS, "default"),
        Limit(
            "field size", "1000000000 B", "of a text or a BLOB, and of a row (SQLITE_MAX_LENGTH)", _LIMITS, "default"
        ),
        Limit("database size", "281 TB", "with pages of 64 KiB", _LIMITS),
        Limit("writers", "1 writers", "one at a time; with WAL, readers go on", _WAL),
        Limit("writes", "1k/s", "short transactions of one writer", _GUESS, "estimate"),
        Limit("reads", "50k/s", "reads by key from memory", _GUESS, "estimate"),
        Limit("storage", "200 GB", "what is copied and checked in an hour or two", _GUESS, "estimate"),
    ),
    # SQLite documentation, ALTER TABLE, section 7: Making Other Kinds Of Table Schema Changes
    changes=(
        Change(
            "add an optional column",
            "ALTER TABLE … ADD COLUMN, nullable or with a constant default",
            "the writer's lock, for milliseconds",
        ),
        Change(
            "add a required column",
            "add it with a constant default; or make a new table, copy the rows, drop the old one and rename, in one transaction",
            "the writer's lock, while rows are copied",
        ),
        Change(
            "rename or retype a column",
            "RENAME COLUMN; for another type: a new table, copied and renamed in one transaction, with foreign keys off",
            "the writer's lock, while rows are copied",
        ),
        Change("add an index", "CREATE INDEX", "the writer's lock, while the table is read; with WAL, readers go on"),
        Change(
            "add a foreign key",
            "a new table with it, copied and renamed in one transaction; PRAGMA foreign_key_check before COMMIT",
            "the writer's lock, while rows are copied",
        ),
        Change(
            "drop a column or a table",
            "stop writing; stop reading; wait a release; drop",
            "the writer's lock; dropping a column rewrites the table",
        ),
    ),
    queueing=Queueing("table", "SQLite (one writer)", in_transaction=True),
    refused={"relational": "one writer at a time is let in"},
    against={"relational": "one writer at a time, on one machine"},
)
