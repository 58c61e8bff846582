"""What is to be seen of the stores: which operation writes how many rows where, and what it costs to meet two shards."""

from __future__ import annotations

from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.scaling import (
    ACROSS_SHARDS,
    ACROSS_TIME,
    BOOKKEEPING,
    LOCK_HELD,
    ROW_LIMIT,
    ROW_RATE,
    SHARDS,
    STORE_COMMITS,
    STORE_INDEX_ENTRIES,
    STORE_WRITES,
)
from archnb.quantity import number, parse, show
from archnb.shapes import Cell, Row, Table
from archnb.topics.scaling.shards import find_shard_key, list_crossing
from archnb.topics.scaling.stores import find_held, list_stores, list_written
from archnb.topics.topic import Draft

# the operations that write the most stand in the table; the others are in its last row
SHOWN = 15


def view_writes(draft: Draft) -> Table:
    """One row an operation that writes, the busiest first: rows a call, rows and transactions a second."""
    facts, rate_unit = draft.facts, parse("1/s").unit
    found: list[tuple[float, float, str, str, float, str]] = []
    for name, pattern in draft.design.access.items():
        rate = facts.get(PATTERN_RATE.of(name))
        if rate is None or pattern.writes is None:
            continue
        for one in list_written(draft, name, pattern):
            rows, entries, commits = (
                value if isinstance(value, float | int) else value.base
                for value in (one.rows, one.entries, one.transactions)
            )
            found.append(
                (rate.base * rows, rate.base * commits, name, one.store, rows, show(rate.base * entries, rate_unit))
            )
    found.sort(key=lambda one: (-one[0], one[2], one[3]))
    made: list[Row] = [
        (Cell(name, is_code=True), store, facts[PATTERN_RATE.of(name)].cell, number(rows), Cell(each, show(each, rate_unit)), entries, Cell(commits, show(commits, rate_unit)))
        for each, commits, name, store, rows, entries in found[:SHOWN]
    ]  # fmt: skip
    if len(found) > SHOWN:
        rest = found[SHOWN:]
        made.append(
            (
                f"{len(rest)} more",
                "",
                "",
                "",
                show(sum(one[0] for one in rest), rate_unit),
                "",
                show(sum(one[1] for one in rest), rate_unit),
            )
        )
    for store in list_stores(draft):
        if STORE_WRITES.of(store) not in facts:
            continue
        if BOOKKEEPING.of(store) in facts:
            made.append(
                ("keys of idempotency, outbox, queue", store, "", "", facts[BOOKKEEPING.of(store)].cell, "", "")
            )
        made.append(
            (
                Cell("all", tone="good"),
                store,
                "",
                "",
                facts[STORE_WRITES.of(store)].cell,
                facts[STORE_INDEX_ENTRIES.of(store)].cell,
                facts[STORE_COMMITS.of(store)].cell,
            )
        )
    return Table(
        "writes", "What is written where", ("operation", "store", "calls at the peak", "rows a call", "rows a second", "index entries", "transactions"), tuple(made),
        description="Rows are counted on the statements of each operation, at the peak; a write that nobody waits for is written in batches, so that many rows share a transaction.",
    )  # fmt: skip


def view_shards(draft: Draft) -> Table:
    """What stays whole and what does not when the main store is split, and the rows that all wait for, split or not."""
    facts, key, main = draft.facts, find_shard_key(draft), draft.model.places.main
    shards = facts.get(SHARDS.of(main))
    made: list[Row] = []
    for name in list_crossing(draft, key):
        share, longer = facts.get(ACROSS_SHARDS.of(name)), facts.get(ACROSS_TIME.of(name))
        if share is None or longer is None or shards is None:
            continue
        made.append((
            Cell(name, is_code=True), f"two rows of {key}", share.cell,
            f"across shards it is a two-phase commit, {longer.text} longer, in which both rows stay locked and one shard that is down stops the other;"
            f" or a saga: taken here, given there, and given back where that fails, so that for a moment the sum is not whole",
        ))  # fmt: skip
    for name in draft.design.access:
        found = find_held(draft, name)
        if found is None or LOCK_HELD.of(name) not in facts:
            continue
        limit, busiest = facts[ROW_LIMIT.of(name)], facts[ROW_RATE.of(name)]
        made.append((
            Cell(name, is_code=True), f"one row of {found[0]}", limit.cell,
            f"each holds the row for {facts[LOCK_HELD.of(name)].text}, so one row takes part in {limit.text} at most, whatever the shards; {busiest.text} meet the busiest, as unevenly as is usual",
        ))  # fmt: skip
    count = f"{shards.text} shards at the horizon" if shards is not None else "no shards within the horizon"
    return Table(
        "shards", "Across shards and on one row", ("operation", "touches", "share or limit", "what that means"), tuple(made),
        description=f"{count}, split by {key}. What names one {key} stays on one shard; a row that all wait for is not helped by more of them.",
    )  # fmt: skip


__all__ = ["view_shards", "view_writes"]
