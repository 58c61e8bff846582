"""MongoDB."""

from __future__ import annotations

from archnb.engines.engine import Change, Choice, Engine, FullText, Identifier, Limit, Measure

_LIMITS = "MongoDB 8.0 manual, MongoDB Limits and Thresholds, https://www.mongodb.com/docs/v8.0/reference/limits/"
_YCSB = "order of magnitude of YCSB on one replica set"

ENGINE = Engine(
    name="mongodb",
    label="MongoDB",
    summary="A database of documents, each read and written as a whole.",
    kinds=("document",),
    running="server",
    source="https://www.mongodb.com/docs/v8.0/",
    rank=30,
    meanings=("mongo", "mongo db", "atlas", "mongodb atlas"),
    likes={
        "documentdb": "speaks a part of its protocol",
        "couchdb": "documents too, another protocol",
        "couchbase": "documents too, another protocol",
        "firestore": "documents too, other limits",
        "cosmosdb": "speaks a part of its protocol",
        "ferretdb": "speaks its protocol on PostgreSQL",
    },
    protocol="MongoDB, TLS",
    port=27017,
    abilities=frozenset(
        {
            "transactions",
            "partial indexes",
            "online index builds",
            "zoned timestamps",
            "durability",
            "replicas",
            "spreading over nodes",
        }
    ),
    types={
        "key": "long",
        "uuid": "binData (UUID)",
        "code": "string",
        "int": "int",
        "bigint": "long",
        "smallint": "int",
        "decimal": "decimal",
        "money": "object (decimal, string)",
        "float": "double",
        "bool": "bool",
        "text": "string",
        "char": "string",
        "email": "string",
        "url": "string",
        "phone": "string",
        "timestamp": "date",
        "date": "date",
        "time": "string",
        "duration": "long",
        "json": "object",
        "bytes": "binData",
        "enum": "string",
        "country": "string",
        "currency": "string",
        "language": "string",
        "ip": "string",
        "point": "object (GeoJSON)",
        "vector": "array (double)",
        "reference": "long",
    },
    identifier=Identifier(255, "bytes", cuts=False, folds="kept"),
    index_methods=("btree", "hashed", "text", "2dsphere"),
    full_text=FullText("text", "a text index, one a collection"),
    limits=(
        Limit("item size", "16 MiB", "of a document; larger ones go into GridFS", _LIMITS),
        Limit("nesting", "100 levels", "of a document", _LIMITS),
        Limit("indexes", "64 indexes", "of a collection", _LIMITS),
        Limit("index columns", "32 fields", "of a compound index", _LIMITS),
        Limit("identifier length", "255 B", "of database and collection together, with the dot", _LIMITS),
        Limit("batch", "100000 writes", "in one batch (maxWriteBatchSize)", _LIMITS),
        Limit("writes", "20k/s", "single documents on one replica set", _YCSB, "estimate"),
        Limit("reads", "40k/s", "reads by key from memory", _YCSB, "estimate"),
        Limit("storage", "4 TB", "what one replica set restores in a working day", _YCSB, "estimate"),
    ),
    measured_by="mongodb_exporter 0.44, https://github.com/percona/mongodb_exporter",
    measures=(
        Measure(
            "mongodb_ss_connections",
            "gauge",
            "utilisation",
            "connections",
            "connections by kind: current, available",
            ("conn_type",),
        ),
    ),
    # MongoDB 8.0 manual, Index Builds on Populated Collections; Schema Validation
    changes=(
        Change("add an optional field", "write it; read it where it is there", "none"),
        Change(
            "add a required field",
            "write it; backfill in batches; then collMod with a validator that asks for it",
            "an exclusive lock of the collection, for milliseconds",
        ),
        Change(
            "rename or retype a field",
            "write both; backfill in batches; read the new one; stop writing the old one; unset it a release later",
            "none",
        ),
        Change(
            "add an index",
            "createIndexes; it is built on every member while writes go on",
            "exclusive at the beginning and the end only",
        ),
        Change(
            "drop a field or a collection",
            "stop writing; stop reading; wait a release; unset in batches, or drop",
            "drop: exclusive, for milliseconds",
        ),
    ),
    choices=(
        Choice(
            "document",
            "MongoDB shards documents",
            store="documents",
            purpose="documents read and written as a whole",
            pays="MongoDB: pays above {thresholds}",
        ),
    ),
    against={
        "relational": "no foreign keys; the references between the entities would be kept by code",
        "key-value": "documents by key too, with more kinds of index; run by oneself or as a service",
    },
)
