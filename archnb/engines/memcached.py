"""Memcached."""

from __future__ import annotations

from archnb.engines.engine import Alarm, Engine, Limit, Measure

_OPTIONS = "memcached documentation, Command line options, https://docs.memcached.org/serverguide/configuring/"
_PROTOCOL = "memcached source, doc/protocol.txt, https://github.com/memcached/memcached/blob/master/doc/protocol.txt"
_NODE = "a node that still fills in minutes, order of magnitude"
_BENCHMARK = "order of magnitude of mc-crusher on a few cores"

ENGINE = Engine(
    name="memcached",
    label="Memcached",
    summary="A shared cache of plain values with a lifetime, on many cores.",
    kinds=("key-value", "cache"),
    running="server",
    source="https://docs.memcached.org/",
    rank=100,
    meanings=("memcache", "mem cached", "memcache d"),
    protocol="memcached",
    port=11211,
    limits=(
        Limit("item size", "1 MiB", "of an item (-I)", _OPTIONS, "default"),
        Limit("key size", "250 B", "of a key", _PROTOCOL),
        Limit("connections", "1024 connections", "at once (-c)", _OPTIONS, "default"),
        Limit("memory", "64 GB", "of one node; 64 MiB until one says more (-m)", _NODE, "estimate"),
        Limit("reads", "200k/s", "simple commands", _BENCHMARK, "estimate"),
        Limit("writes", "200k/s", "simple commands", _BENCHMARK, "estimate"),
    ),
    measured_by="memcached_exporter 0.15, https://github.com/prometheus/memcached_exporter",
    measures=(
        Measure("memcached_current_bytes", "gauge", "utilisation", "bytes", "memory in use"),
        Measure("memcached_limit_bytes", "gauge", "utilisation", "bytes", "the limit of memory"),
        Measure("memcached_items_evicted_total", "counter", "saturation", "keys", "keys that had to go for others"),
    ),
    alarms=(
        Alarm(
            "cache_memory_nearly_full_memcached",
            "memory",
            "memcached_current_bytes",
            "> 0.9 * memcached_limit_bytes",
            "ticket",
            "Expect evictions; grow the memory or shorten lifetimes.",
        ),
    ),
    evictions=("allkeys-lru",),
    refused={
        "cache": "would do for plain values with a lifetime, and uses more cores a node; it has neither replicas nor frequency-based eviction"
    },
    against={"cache": "no persistence, no data types, no replicas of its own; a little more keys per GB"},
)
