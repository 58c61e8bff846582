"""InfluxDB."""

from __future__ import annotations

from archnb.engines.engine import Choice, Engine, Limit, Measure

_CONFIG = "InfluxDB 1.11 documentation, Configure InfluxDB OSS, https://docs.influxdata.com/influxdb/v1/administration/config/"
_GUIDE = "the vendor's sizing guide for one node, order of magnitude"
_SIZING = f"{_GUIDE}; https://docs.influxdata.com/influxdb/v1/guides/hardware_sizing/"

ENGINE = Engine(
    name="influxdb",
    label="InfluxDB",
    summary="A database of measurements in the order of time.",
    kinds=("time series",),
    running="server",
    source="https://docs.influxdata.com/influxdb/v1/",
    rank=70,
    meanings=("influx", "influx db", "influxdata"),
    likes={
        "prometheus": "measures one's own system; not a store for the data of users",
        "victoriametrics": "takes its line protocol too",
        "timestream": "a managed store of measurements",
        "questdb": "takes its line protocol too, with SQL",
        "clickhouse": "columns for analysis; other questions",
        "graphite": "measurements too, older",
    },
    protocol="HTTPS",
    port=8086,
    abilities=frozenset({"durability"}),
    types={
        "key": "integer field",
        "uuid": "string field",
        "code": "tag",
        "int": "integer field",
        "bigint": "integer field",
        "smallint": "integer field",
        "decimal": "float field",
        "money": "float field, tag",
        "float": "float field",
        "bool": "boolean field",
        "text": "string field",
        "char": "tag",
        "email": "string field",
        "url": "string field",
        "phone": "string field",
        "timestamp": "time",
        "date": "string field",
        "time": "string field",
        "duration": "integer field",
        "json": "string field",
        "bytes": "string field (base 64)",
        "enum": "tag",
        "country": "tag",
        "currency": "tag",
        "language": "tag",
        "ip": "string field",
        "point": "float fields",
        "reference": "tag",
    },
    limits=(
        Limit(
            "series",
            "1000000 series",
            "of a database, with the index in memory (max-series-per-database)",
            _CONFIG,
            "default",
        ),
        Limit(
            "tag values",
            "100000 values",
            "of one tag, with the index in memory (max-values-per-tag)",
            _CONFIG,
            "default",
        ),
        Limit("writes", "200k/s", "field values on one node", _SIZING, "estimate"),
        Limit("reads", "500/s", "queries of moderate cost on one node", _SIZING, "estimate"),
        Limit("storage", "2 TB", "on one node", _SIZING, "estimate"),
    ),
    measured_by="its own /metrics (2.x), https://docs.influxdata.com/influxdb/v2/reference/internals/metrics/",
    measures=(Measure("storage_shard_write_err_sum", "counter", "errors", "points", "points of writes that failed"),),
    choices=(
        Choice(
            "time series",
            "InfluxDB writes in order of time and drops old data by the file",
            store="metrics",
            purpose="measurements in order of time, only appended",
            pays="InfluxDB: pays above {thresholds}",
        ),
    ),
)
