"""The designs that tests use: a tiny one, the shop, and an awkward one that says as much as it can in odd ways."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from archnb import Design

DESIGNS = Path(__file__).parent.parent / "notebooks" / "designs"

TINY: dict[str, Any] = {
    "name": "tiny",
    "requirements": {"load": {"daily_users": "10k", "requests_per_user": "20/day"}},
    "entities": {
        "Customer": {
            "fields": {"id": "key", "email": "email unique personal", "name": "text(200) personal"},
            "rows": "50k",
        },
        "Order": {
            "fields": {"id": "key", "customer": "-> Customer", "total": "money >= 0", "placed_at": "timestamp = now()"},
            "rows": "100k",
            "growth": "500/day",
        },
    },
    "access": {
        "orders_of_customer": {
            "reads": "Order",
            "by": "customer",
            "sort": "-placed_at",
            "limit": 20,
            "rate": "20/s",
            "roles": "customer",
        },
        "place_order": {"writes": "Order", "action": "create", "rate": "1/s", "roles": "customer"},
    },
}

AWKWARD: dict[str, Any] = {
    "name": 'awk"ward <b>&amp; 名前',
    "summary": "</script><img src=x onerror=alert(1)> javascript:alert(1)",
    "requirements": {
        "load": {"writes": "1k..5k/day", "reads_per_write": 3, "growth": "-10%/year", "retention": "2 weeks"},
        "objectives": {"default": {"availability": "99%"}, "group by": {"latency_p99": "2 s"}},
    },
    "entities": {
        "Order": {"fields": {"id": "key", "Select": "text(10)", "a field": "int optional", "näme": 'text = it\'s "x"'}, "rows": 0},
        "user": {
            "fields": {"tenant": "uuid", "no": "int", "mail": "email personal", "self": "-> user optional", "blob": "bytes(100)"},
            "key": ["tenant", "no"],
            "unique": ["tenant + mail"],
            "rows": "1..10M",
        },
        "Robert'); DROP TABLE x;--": {"fields": {"id": "uuid key", "kind": "enum(a b, c'd, e\"f)", "order": "-> Order"}},
        "Admin": {"extends": "user", "fields": {"level": "smallint >= 0 <= 9 = 1"}},
        "Place": {"fields": {"id": "code(5) key", "at": "point", "v": "vector(3)", "took": "duration", "day": "date", "ip": "ip optional"}},
        "Lone": {"fields": {"id": "key"}, "rows": 1},
    },
    "relationships": {
        "follows": {"between": ["user", "user"], "kind": "many-to-many", "fields": {"since": "timestamp"}},
        "place of order": {"between": ["Order", "Place"], "kind": "one-to-one", "optional": True},
        "kept": {"between": ["Place", "Lone"], "kind": "one-to-many"},
    },
    "access": {
        "group by": {"reads": "user", "by": "tenant", "range": "no", "sort": "-mail, no", "limit": 1000},
        "write's": {"writes": "Robert'); DROP TABLE x;--", "action": "delete", "by": "id", "is_async": True, "roles": "ro\"le"},
        "deep": {"reads": "user", "depth": 6, "rate": "5/s", "search": "mail"},
    },
}  # fmt: skip


@lru_cache
def tiny() -> Design:
    """Two entities, two access patterns."""
    return Design.of(TINY)


@lru_cache
def awkward() -> Design:
    """Hostile and unusual names, composite keys, self references, inheritance, every kind of relationship, empty tables."""
    return Design.of(AWKWARD)


@lru_cache
def shop() -> Design:
    """The demo's online shop."""
    return _load("shop")


@lru_cache
def shortener() -> Design:
    """The URL shortener with the published inputs."""
    return _load("shortener")


def _load(name: str) -> Design:
    from archnb import load

    return load(DESIGNS / f"{name}.yaml")


ALL = {"tiny": tiny, "shop": shop, "shortener": shortener, "awkward": awkward}
