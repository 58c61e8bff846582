"""Cost: what the parts of the plan come to in a month, today and at the horizon, from a dated sheet of list prices.

A price that nobody knows is unknown, never nothing: its part stands in the table with the line to write, and the total says
what it leaves out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from archnb.fact import Fact, Key, maximum, total
from archnb.fact.keys.cache import CACHE_MEMORY
from archnb.fact.keys.cost import (
    BACKUP_COPIES,
    COST_NOW,
    COST_THEN,
    COST_THOUSAND,
    COST_TOTAL,
    COST_TOTAL_AT_HORIZON,
    PRICE_CALL,
    PRICE_CORE,
    PRICE_EGRESS,
    PRICE_MEMORY,
    PRICE_OBJECT,
    PRICE_OBJECT_READ,
    PRICE_OBJECT_WRITE,
    PRICE_SSD,
    WORKER_CORES,
)
from archnb.fact.keys.entities import ACCESS_MEDIA, MEDIA_ADDED, PATTERN_RATE
from archnb.fact.keys.flow import COMPONENT_RATE, COMPONENT_REPLICAS, KIND_CORES
from archnb.fact.keys.load import AVERAGE_REQUESTS, GROWTH_YEARLY, MEDIA, PEAK_EGRESS, PEAK_FACTOR
from archnb.fact.keys.recovery import REGION_TIME, REGIONS, RESTORE_TIME
from archnb.fact.keys.scaling import HEADROOM, HORIZON, SERVERS_AT_HORIZON, SHARDS
from archnb.fact.keys.schema import SCHEMA_SIZE, SCHEMA_SIZE_AT_HORIZON
from archnb.model import Unknown
from archnb.quantity import parse
from archnb.shapes import Cell, Row, Table
from archnb.topics.scaling.servers import stem
from archnb.topics.topic import Draft

PRICES: dict[str, Key] = {
    "core": PRICE_CORE, "memory": PRICE_MEMORY, "ssd": PRICE_SSD, "object": PRICE_OBJECT, "egress": PRICE_EGRESS,
    "object_write": PRICE_OBJECT_WRITE, "object_read": PRICE_OBJECT_READ,
}  # fmt: skip
_OWN = ("gateway", "service", "cache", "store", "queue", "worker")


class Price(NamedTuple):
    """A line of the sheet: what is paid for, the price as a range, and whose list says so, with its date."""

    name: str
    price: str
    what: str
    source: str


@lru_cache
def read_prices() -> tuple[Price, ...]:
    """The sheet of list prices that comes with archnb."""
    text = resources.files(__package__).joinpath("prices.csv").read_text(encoding="utf-8")
    return tuple(Price(**row) for row in csv.DictReader(text.splitlines()))


def measure_cost(draft: Draft) -> None:
    """Add what each part costs in a month, now and at the horizon, and the totals."""
    facts = draft.facts
    if SCHEMA_SIZE not in facts and not draft.design.flow.components:
        return
    for one in read_prices():
        facts.assume(PRICES[one.name], one.price, one.what, source=one.source)
    facts.assume(BACKUP_COPIES, 2, "a whole copy a week, kept for two", source="rule of thumb of archnb, 2026-11")
    facts.assume(WORKER_CORES, 1, "cores of one worker process", source="rule of thumb of archnb, 2026-11")
    now: list[Fact] = []
    then: list[Fact] = []
    for name, today, later, because in _list_parts(draft):
        now.append(facts.define(COST_NOW.of(name), today, "USD/month", because))
        then.append(facts.define(COST_THEN.of(name), later, "USD/month", f"{because}, at the horizon"))
    if not now:
        return
    every = facts.define(
        COST_TOTAL, total(now), "USD/month", "all parts of known price, by list prices and without discounts"
    )
    facts.define(
        COST_TOTAL_AT_HORIZON, total(then), "USD/month", "all parts of known price at the horizon, by prices of today"
    )
    if facts[AVERAGE_REQUESTS].base > 0:
        facts.define(
            COST_THOUSAND, every / facts[AVERAGE_REQUESTS] * 1000, "USD", "the month's cost shared out by its requests"
        )


def _list_parts(draft: Draft) -> Iterator[tuple[str, Fact, Fact, str]]:
    """Each part with its cost now and at the horizon, and what that is made of."""
    facts, main = draft.facts, draft.model.places.main
    # a region that takes over has servers waiting; one that is restored to has none
    waits = SCHEMA_SIZE in facts and facts[REGIONS].base > 1 and facts[REGION_TIME].base < facts[RESTORE_TIME].base
    regions = facts[REGIONS] if waits else None
    shards = facts.get(SHARDS.of(main))

    def everywhere(cost: Fact) -> Fact:
        return cost * regions if regions is not None else cost

    for name, one in draft.design.flow.components.items():
        replicas = facts.get(COMPONENT_REPLICAS.of(name))
        if one.kind not in _OWN or replicas is None or (one.kind == "queue" and draft.model.queues.is_table):
            # a queue that is a table is paid with the store that it is in
            continue
        if one.kind == "cache":
            memory = facts.get(CACHE_MEMORY)
            if memory is not None:
                cost = everywhere(replicas * memory * facts[PRICE_MEMORY])
                yield stem(name), cost, cost, f"{memory.text} of memory on {replicas.text} nodes"
            continue
        cores = facts.get(KIND_CORES.of(one.kind)) or facts[WORKER_CORES]
        cost = everywhere(replicas * cores * facts[PRICE_CORE])
        later = facts.get(SERVERS_AT_HORIZON.of(stem(name)))
        if later is not None:
            grown = everywhere(maximum(later, replicas) * cores * facts[PRICE_CORE])
        elif name == main and shards is not None:
            grown = cost * shards
        else:
            grown = cost
        yield stem(name), cost, grown, f"{replicas.text} × {cores.text} cores"
    yield from _list_bytes(draft, facts[REGIONS] if SCHEMA_SIZE in facts else None)


def _list_bytes(draft: Draft, regions: Fact | None) -> Iterator[tuple[str, Fact, Fact, str]]:
    """What is kept and what is moved: disks of each copy, backups, files, and what leaves for the internet."""
    facts, main = draft.facts, draft.model.places.main
    growth = 1 + facts[GROWTH_YEARLY]
    from archnb.fact import power

    grown = power(growth, facts[HORIZON] / parse("1 year"))
    if SCHEMA_SIZE in facts:
        copies = facts.get(COMPONENT_REPLICAS.of(main)) or parse("1")
        size, later, free = facts[SCHEMA_SIZE], facts[SCHEMA_SIZE_AT_HORIZON], 1 - facts[HEADROOM]
        each = facts[PRICE_SSD] / free * copies
        if regions is not None:
            each = each * regions
        yield "disks", size * each, later * each, "what is stored, on every copy, with the headroom free"
        kept = facts[BACKUP_COPIES] * facts[PRICE_OBJECT]
        yield "backups", size * kept, later * kept, "copies of all data in an object store"
    if MEDIA in facts:
        added = total([facts[MEDIA_ADDED.of(one)] for one in draft.design.entities if MEDIA_ADDED.of(one) in facts])
        month = parse("1 month")
        yield (
            "files",
            added * month * facts[PRICE_OBJECT],
            facts[MEDIA] * facts[PRICE_OBJECT],
            "files in an object store: those of a month, then those of the retention",
        )
        asked = [_price_call(draft, name) for name, one in draft.design.access.items() if one.media is not None]
        calls = total([one for one in asked if one is not None])
        yield (
            "file_requests",
            calls,
            calls * grown,
            "a request to the object store for each file that is written or read",
        )
    sent = facts[PEAK_EGRESS] / facts[PEAK_FACTOR] * facts[PRICE_EGRESS]
    yield "egress", sent, sent * grown, "what leaves for the internet, on average over the day"
    for party in list_parties(draft):
        price = PRICE_CALL.of(party)
        if price in draft.said.assumptions:
            value = draft.said.assumptions[price]
            cost = (
                facts.assume(price, value, f"a call of {party}", source="the contract")
                * facts[COMPONENT_RATE.of(party)]
                / facts[PEAK_FACTOR]
            )
            yield stem(party), cost, cost * grown, f"calls of {party}"


def _price_call(draft: Draft, name: str) -> Fact | None:
    facts, pattern = draft.facts, draft.design.access[name]
    rate = facts.get(PATTERN_RATE.of(name))
    if rate is None or ACCESS_MEDIA.of(name) not in facts:
        return None
    return rate / facts[PEAK_FACTOR] * facts[PRICE_OBJECT_WRITE if pattern.writes else PRICE_OBJECT_READ]


def list_parties(draft: Draft) -> list[str]:
    """The third parties and the identity provider whose calls cost something that only a contract says."""
    found = []
    for name, one in draft.design.flow.components.items():
        rate = draft.facts.get(COMPONENT_RATE.of(name))
        if one.kind in ("third_party", "identity") and rate is not None and rate.base > 0:
            found.append(name)
    return found


def list_unknown(draft: Draft) -> Iterator[tuple[str, Unknown]]:
    """What costs something that nobody said, with the line to write."""
    for party in list_parties(draft):
        if PRICE_CALL.of(party) not in draft.said.assumptions:
            reason = f"what a call of {party} costs stands in a contract"
            yield party, Unknown(reason, f"assumptions: {{{PRICE_CALL.of(party)}: 0.01 USD}}")


def view_cost(draft: Draft) -> Table:
    """One row a part: what it costs a month now and at the horizon, with the range, and what is not known."""
    facts, made = draft.facts, list[Row]()
    parts = [
        name.removeprefix("cost.").removesuffix(".now")
        for name in facts
        if name.startswith("cost.") and name.endswith(".now")
    ]
    for name in sorted(parts, key=lambda one: -facts[COST_NOW.of(one)].base):
        now, then = facts[COST_NOW.of(name)], facts[COST_THEN.of(name)]
        made.append((name, now.cell, _spread(now), then.cell, _spread(then), now.because))
    for name, unknown in list_unknown(draft):
        made.append(
            (
                name,
                Cell("unknown", tone="warning"),
                "",
                Cell("unknown", tone="warning"),
                "",
                f"{unknown.reason}; write {unknown.line}",
            )
        )
    total_now, total_then = facts.get(COST_TOTAL), facts.get(COST_TOTAL_AT_HORIZON)
    told = ""
    if total_now is not None and total_then is not None:
        without = [name for name, _ in list_unknown(draft)]
        left = f"without {', '.join(without)}" if without else "all parts"
        made.append(
            (Cell("all", tone="good"), total_now.cell, _spread(total_now), total_then.cell, _spread(total_then), left)
        )
        thousand = facts.get(COST_THOUSAND)
        told = f" A thousand requests cost {thousand.text}{_brackets(thousand)}." if thousand is not None else ""
    return Table(
        "cost", "Cost a month", ("part", "now", "P10 … P90", "at the horizon", "P10 … P90 then", "made of"), tuple(made),
        description="List prices of generic classes with their ranges, without discounts, people and taxes; each is a fact under `prices.` with its source"
        f" and date, and your own stands under `assumptions`.{told}",
    )  # fmt: skip


def _spread(fact: Fact) -> str:
    if not fact.is_uncertain():
        return ""
    low, _, high = fact.percentiles()
    return f"{fact.show(low)} … {fact.show(high)}"


def _brackets(fact: Fact) -> str:
    found = _spread(fact)
    return f" ({found})" if found else ""


__all__ = ["Price", "list_unknown", "measure_cost", "read_prices", "view_cost"]
