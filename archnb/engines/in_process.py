"""The memory of each process, as a cache that nobody shares."""

from __future__ import annotations

from archnb.engines.engine import Engine, Limit

ENGINE = Engine(
    name="in-process",
    label="In-process cache",
    summary="What each process keeps in its own memory.",
    kinds=("cache",),
    running="process",
    source="the process' own memory",
    rank=110,
    meanings=("local", "in memory", "memory", "process", "lru", "caffeine"),
    limits=(Limit("memory", "64 MB", "of each process, beside its own work", "rule of thumb of archnb", "estimate"),),
    evictions=("allkeys-lru",),
    against={"cache": "no network, but as many copies as instances, each stale on its own"},
)
