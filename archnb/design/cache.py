"""What is kept close, for how long, and how it is made fresh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.declaration import DELAY, NUMBER, SIZE, TIME, Range, Refers, said
from archnb.design.record import Named, Record
from archnb.engines import CACHE_ENGINES, CACHE_PLACES
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class CachePolicy(Record):
    """How the answers of one access pattern are cached. Its name is the access pattern's."""

    use: bool | None = said("Is it cached?", example="true")
    store: str | None = said("Where?", words=CACHE_PLACES, example="redis")
    key: str | None = said(
        "Under which key?",
        example="shop:v1:orders_of_customer:{customer}",
        refers=Refers("part of a cache key", pick=r"\{([^{}]+)\}"),
        grammar="cache key",
    )
    ttl: Quantity | None = said("For how long?", unit=TIME, example="30 s", within=DELAY, also=("lifetime", "expires"))
    max_age: Quantity | None = said(
        "How long may browsers and a CDN keep it as well?",
        unit=TIME,
        example="30 s",
        within=DELAY,
    )
    invalidation: Literal["ttl", "on write", "write-through", "versioned key"] | None = said(
        "How is it made fresh?", example="on write"
    )
    strategy: Literal["cache-aside", "read-through", "write-through", "write-behind"] | None = said(
        "Who fills it?", example="cache-aside", proposed="cache-aside, or whoever makes it fresh"
    )
    fill: Literal["freely", "lease", "version"] | None = said(
        "What keeps a reader from putting an old answer back after a write?",
        example="lease",
        help="`lease`: only who missed since the last deletion may fill. `version`: only what is not older than what is there.",
    )
    stampede: Literal["none", "single flight", "early refresh", "stale while revalidate"] | None = said(
        "What keeps all readers from refreshing at once?", example="single flight"
    )
    objects: Quantity | None = said(
        "How many different answers are there?", unit=NUMBER, example="2M", within=Range(above="0")
    )
    object_size: Quantity | None = said("How large is one?", unit=SIZE, example="2 kB", within=Range(above="0 B"))
    skew: Quantity | None = said(
        "How uneven are the reads (Zipf exponent)?",
        unit=NUMBER,
        example="0.9",
        within=Range(least="0", most="10"),
        proposed="0.9",
    )


@dataclass(frozen=True, kw_only=True)
class Cache(Record):
    """The caching section."""

    engine: str | None = said(
        "Which shared cache?",
        words=CACHE_ENGINES,
        example="redis",
    )
    memory: Quantity | None = said("How much memory?", unit=SIZE, example="16 GiB", within=Range(above="0 B"))
    eviction: Literal["allkeys-lru", "allkeys-lfu", "volatile-ttl", "noeviction"] | None = said(
        "What goes when it is full?",
        example="allkeys-lru",
        meant={"lru": "allkeys-lru", "lfu": "allkeys-lfu", "ttl": "volatile-ttl"},
    )
    policies: Named[CachePolicy] = said("What is cached, and how?", default=dict, keys="read pattern")
