"""Amazon DynamoDB."""

from __future__ import annotations

from archnb.engines.engine import Choice, Engine, Identifier, Limit, Measure

_QUOTAS = "Amazon DynamoDB developer guide, Quotas, https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"
_CONSTRAINTS = "Amazon DynamoDB developer guide, Constraints, https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"
_PARTITIONS = "Amazon DynamoDB developer guide, Best practices for designing partition keys, https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
_TABLE = "the default quota of a table: 40 000 read and write units a second"

ENGINE = Engine(
    name="dynamodb",
    label="DynamoDB",
    summary="A managed store of items that are found by their key.",
    kinds=("key-value", "document"),
    running="service",
    source="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/",
    rank=40,
    meanings=("dynamo", "ddb", "amazon dynamodb", "aws dynamodb"),
    likes={
        "cassandra": "items by key too, run by oneself, other limits",
        "scylladb": "speaks its protocol too (Alternator), run by oneself",
        "bigtable": "rows by key too, other limits",
        "keyspaces": "a managed Cassandra",
        "riak": "items by key too",
        "hbase": "rows by key too, run by oneself",
    },
    protocol="HTTPS",
    port=443,
    abilities=frozenset({"transactions", "durability", "replicas", "spreading over nodes"}),
    types={
        "key": "N",
        "uuid": "B",
        "code": "S",
        "int": "N",
        "bigint": "N",
        "smallint": "N",
        "decimal": "N",
        "money": "M (N, S)",
        "float": "N",
        "bool": "BOOL",
        "text": "S",
        "char": "S",
        "email": "S",
        "url": "S",
        "phone": "S",
        "timestamp": "S (ISO 8601)",
        "date": "S (ISO 8601)",
        "time": "S (ISO 8601)",
        "duration": "N",
        "json": "M",
        "bytes": "B",
        "enum": "S",
        "country": "S",
        "currency": "S",
        "language": "S",
        "ip": "S",
        "point": "M (N, N)",
        "vector": "L (N)",
        "reference": "N",
    },
    identifier=Identifier(255, "bytes", cuts=False, folds="kept"),
    index_methods=("global secondary", "local secondary"),
    limits=(
        Limit("item size", "400 KiB", "of an item, names and values of its attributes counted", _CONSTRAINTS),
        Limit("key size", "2048 B", "of a partition key; a sort key has 1024", _CONSTRAINTS),
        Limit("indexes", "20 indexes", "global secondary indexes of a table; local ones are 5", _QUOTAS, "quota"),
        Limit("transaction items", "100 items", "and 4 MB in one transaction", _CONSTRAINTS),
        Limit("nesting", "32 levels", "of a map or list", _CONSTRAINTS),
        Limit("partition reads", "3000/s", "read units of one partition key's partition", _PARTITIONS),
        Limit("partition writes", "1000/s", "write units of one partition key's partition", _PARTITIONS),
        Limit(
            "partition size",
            "10 GB",
            "of one partition; with a local secondary index, of one partition key",
            _CONSTRAINTS,
        ),
        Limit("identifier length", "255 B", "of a table or index", _CONSTRAINTS),
        Limit("writes", "40k/s", "write units of a table", f"{_TABLE}; {_QUOTAS}", "quota"),
        Limit("reads", "40k/s", "read units of a table", f"{_TABLE}; {_QUOTAS}", "quota"),
    ),
    measured_by="yet-another-cloudwatch-exporter, https://github.com/prometheus-community/yet-another-cloudwatch-exporter",
    measures=(
        Measure(
            "aws_dynamodb_throttled_requests_sum",
            "gauge",
            "saturation",
            "requests",
            "requests over the capacity, a minute",
        ),
    ),
    choices=(
        Choice(
            "key-value",
            "DynamoDB spreads keys over as many machines as it needs",
            store="lookup",
            purpose="rows found by their whole key",
            pays="DynamoDB: pays above {thresholds}",
        ),
    ),
    against={
        "relational": "every new access pattern needs a new index or table; transactions span 100 items at most",
        "document": "items of at most 400 KiB, found by their key; every other question needs an index",
    },
)
