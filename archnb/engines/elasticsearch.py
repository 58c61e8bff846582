"""Elasticsearch."""

from __future__ import annotations

from archnb.engines.engine import Alarm, Choice, Engine, FullText, Identifier, Limit, Measure

_MAPPING = "Elasticsearch reference, Mapping limit settings, https://www.elastic.co/docs/reference/elasticsearch/index-settings/mapping-limit"
_INDEX = "Elasticsearch reference, General index settings, https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules"
_SHARDS = "Elasticsearch documentation, Size your shards, https://www.elastic.co/docs/deploy-manage/production-guidance/optimize-performance/size-shards"
_HTTP = "Elasticsearch reference, Networking settings, https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/networking-settings"
_NAMES = "Elasticsearch API, Create an index, https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-create"
_RALLY = "order of magnitude of Rally's tracks on three data nodes"

ENGINE = Engine(
    name="elasticsearch",
    label="Elasticsearch",
    summary="A search engine over documents: words, facets, ranking.",
    kinds=("search",),
    running="server",
    source="https://www.elastic.co/docs/reference/elasticsearch/",
    rank=50,
    meanings=("elastic", "es", "elastic search", "elk"),
    likes={
        "opensearch": "a fork of Elasticsearch 7: the same queries and mappings, other clients and plugins",
        "solr": "search on Lucene too, another protocol",
        "meilisearch": "search for people too, other limits",
        "typesense": "search for people too, other limits",
        "algolia": "a managed search",
        "lucene": "the library inside Elasticsearch",
    },
    protocol="HTTPS",
    port=9200,
    abilities=frozenset({"durability", "replicas", "spreading over nodes"}),
    types={
        "key": "long",
        "uuid": "keyword",
        "code": "keyword",
        "int": "integer",
        "bigint": "long",
        "smallint": "short",
        "decimal": "scaled_float",
        "money": "scaled_float, keyword",
        "float": "double",
        "bool": "boolean",
        "text": "text",
        "char": "keyword",
        "email": "keyword",
        "url": "keyword",
        "phone": "keyword",
        "timestamp": "date",
        "date": "date",
        "time": "keyword",
        "duration": "long",
        "json": "flattened",
        "bytes": "binary",
        "enum": "keyword",
        "country": "keyword",
        "currency": "keyword",
        "language": "keyword",
        "ip": "ip",
        "point": "geo_point",
        "vector": "dense_vector",
        "reference": "long",
    },
    identifier=Identifier(255, "bytes", cuts=False, folds="kept"),
    index_methods=("inverted", "points", "hnsw"),
    full_text=FullText("inverted", "an inverted index of every text field"),
    limits=(
        Limit(
            "result window",
            "10000 rows",
            "from + size; go on with search_after (index.max_result_window)",
            _INDEX,
            "default",
        ),
        Limit("columns", "1000 fields", "of an index (index.mapping.total_fields.limit)", _MAPPING, "default"),
        Limit("nesting", "20 levels", "of a document (index.mapping.depth.limit)", _MAPPING, "default"),
        Limit("shards", "1000 shards", "a node that is not frozen (cluster.max_shards_per_node)", _SHARDS, "default"),
        Limit("partition size", "50 GB", "of a shard: 10 to 50 GB is advised", _SHARDS, "estimate"),
        Limit("item size", "100 MB", "of a request (http.max_content_length)", _HTTP, "default"),
        Limit("identifier length", "255 B", "of an index", _NAMES),
        Limit("writes", "10k/s", "documents indexed in bulk", _RALLY, "estimate"),
        Limit("reads", "2k/s", "searches", _RALLY, "estimate"),
        Limit("storage", "2 TB", "on three data nodes", _RALLY, "estimate"),
    ),
    measured_by="elasticsearch_exporter 1.9, https://github.com/prometheus-community/elasticsearch_exporter",
    measures=(
        Measure(
            "elasticsearch_thread_pool_rejected_count", "counter", "saturation", "requests", "searches turned away"
        ),
        Measure("elasticsearch_jvm_memory_used_bytes", "gauge", "utilisation", "bytes", "heap in use"),
        Measure("elasticsearch_jvm_memory_max_bytes", "gauge", "utilisation", "bytes", "the heap's limit"),
    ),
    alarms=(
        Alarm(
            "search_turns_requests_away",
            "rejections",
            "elasticsearch_thread_pool_rejected_count",
            "> 0",
            "ticket",
            "Add a node or make the queries cheaper.",
        ),
    ),
    choices=(
        Choice(
            "search",
            "Elasticsearch ranks them on machines of its own; it holds a copy, the relational store stays the truth",
            store="search",
            purpose="full-text search; a copy that can be rebuilt",
            pays="Elasticsearch: pays above {thresholds}",
        ),
    ),
    against={"search": "full text in the relational store: ranking reads every match"},
)
