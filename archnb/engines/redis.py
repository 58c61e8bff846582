"""Redis: a shared cache, a store by key, and streams that carry messages."""

from __future__ import annotations

from archnb.engines.engine import Alarm, Choice, Engine, Limit, Measure, Queueing

_TYPES = "Redis documentation, Strings, https://redis.io/docs/latest/develop/data-types/strings/"
_CLIENTS = "Redis documentation, Redis client handling, https://redis.io/docs/latest/develop/reference/clients/"
_FAQ = "Redis documentation, Redis FAQ, https://redis.io/docs/latest/develop/get-started/faq/"
_BENCHMARK = "order of magnitude of redis-benchmark on one core without pipelining"
_NODE = "a node that still restarts and fills in minutes, order of magnitude"

ENGINE = Engine(
    name="redis",
    label="Redis",
    summary="Data structures in memory, by key, on one core.",
    kinds=("key-value", "cache", "queue"),
    running="server",
    source="https://redis.io/docs/latest/",
    rank=90,
    meanings=("redis streams", "redis stream", "redis cache", "elasticache redis", "redis queue"),
    likes={
        "valkey": "a fork of Redis 7.2: the same commands and protocol",
        "keydb": "a fork of Redis with threads",
        "dragonfly": "speaks its protocol",
        "elasticache": "a managed Redis or Memcached: say which",
        "memorydb": "a managed Redis that writes durably",
        "garnet": "speaks its protocol",
        "sidekiq": "a library for jobs in Redis",
        "bullmq": "a library for jobs in Redis",
    },
    protocol="RESP, TLS",
    port=6379,
    abilities=frozenset({"replicas", "spreading over nodes", "expiring locks", "eviction by frequency"}),
    types={
        "key": "string",
        "uuid": "string",
        "code": "string",
        "int": "string",
        "bigint": "string",
        "smallint": "string",
        "decimal": "string",
        "money": "hash (amount, currency)",
        "float": "string",
        "bool": "string",
        "text": "string",
        "char": "string",
        "email": "string",
        "url": "string",
        "phone": "string",
        "timestamp": "string (or a sorted set's score)",
        "date": "string",
        "time": "string",
        "duration": "string",
        "json": "string (or JSON)",
        "bytes": "string",
        "enum": "string",
        "country": "string",
        "currency": "string",
        "language": "string",
        "ip": "string",
        "point": "geo set",
        "vector": "vector set",
        "reference": "string",
    },
    limits=(
        Limit("item size", "512 MiB", "of a string, and of a key", _TYPES),
        Limit("connections", "10000 connections", "maxclients; open files must allow it", _CLIENTS, "default"),
        Limit("series", "4294967296 keys", "of an instance (2^32)", _FAQ),
        Limit("reads", "100k/s", "simple commands on one core", _BENCHMARK, "estimate"),
        Limit("writes", "100k/s", "simple commands on one core", _BENCHMARK, "estimate"),
        Limit("messages", "20k/s", "messages through a stream with a consumer group", _BENCHMARK, "estimate"),
        Limit("memory", "64 GB", "of one node", _NODE, "estimate"),
        Limit("storage", "64 GB", "all of it is in memory, on one node", _NODE, "estimate"),
    ),
    measured_by="redis_exporter 1.67, https://github.com/oliver006/redis_exporter",
    measures=(
        Measure("redis_memory_used_bytes", "gauge", "utilisation", "bytes", "memory in use"),
        Measure("redis_memory_max_bytes", "gauge", "utilisation", "bytes", "the limit of memory"),
        Measure("redis_evicted_keys_total", "counter", "saturation", "keys", "keys that had to go for others"),
        Measure("redis_keyspace_hits_total", "counter", "rate", "reads", "reads that found the key"),
        Measure("redis_keyspace_misses_total", "counter", "errors", "reads", "reads that did not"),
    ),
    alarms=(
        Alarm(
            "cache_memory_nearly_full",
            "memory",
            "redis_memory_used_bytes",
            "> 0.9 * redis_memory_max_bytes",
            "ticket",
            "Expect evictions and a lower hit ratio; grow the memory or shorten lifetimes.",
        ),
    ),
    queueing=Queueing("log", "Redis Streams"),
    evictions=("allkeys-lfu", "allkeys-lru", "volatile-ttl", "noeviction"),
    choices=(Choice("cache", "it evicts by frequency and gives memory per key, so the sizes here can be checked"),),
    against={"cache": "data types and replicas that are not needed here"},
)
