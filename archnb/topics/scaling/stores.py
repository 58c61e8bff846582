"""What reaches each store: the rows that operations write there, in how many transactions, and the reads that no cache answers.

Writes are counted in rows, from the statements that the operations run: a transfer between two accounts is five of them. A row
that a queue or an outbox keeps in a store is written and deleted there like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archnb.design.entities import AccessPattern
from archnb.fact import Fact, apply_model, maximum, total
from archnb.fact.keys.entities import ACCESS_ROWS, ENTITY_ROWS, PATTERN_RATE
from archnb.fact.keys.flow import COMMIT_TIME, HOP_SHARE, KIND_TIME, MISSED, ROUND_TRIP
from archnb.fact.keys.jobs import JOB_RATE
from archnb.fact.keys.scaling import (
    BATCH,
    BOOKKEEPING,
    LOCK_HELD,
    OPERATION_ROWS,
    ROW_LIMIT,
    ROW_RATE,
    STORE_COMMITS,
    STORE_INDEX_ENTRIES,
    STORE_READS,
    STORE_WRITES,
    WRITE_SKEW,
)
from archnb.planned.schema import Table
from archnb.planned.statements import Insert, Read, Statement, Update, Upsert
from archnb.topics.scaling.models import share_of_busiest
from archnb.topics.topic import Draft


@dataclass(frozen=True)
class Written:
    """What one call of an operation writes in one store: rows, entries of indexes, rows of bookkeeping, and transactions."""

    store: str
    rows: Fact | float
    entries: Fact | float
    bookkeeping: int
    transactions: Fact | float


def measure_stores(draft: Draft) -> None:
    """Add, for each store, its row writes, their index entries, its transactions and the reads that reach it, all at the peak."""
    facts = draft.facts
    facts.assume(
        BATCH, 100, "rows that a worker writes in one transaction, where nobody waits for each",
        source="rule of thumb of archnb, 2026-11: beyond a hundred rows the commit is a small part of the time",
    )  # fmt: skip
    sums: dict[str, dict[str, list[Fact]]] = {name: {} for name in list_stores(draft)}
    for name, pattern in draft.design.access.items():
        rate = facts.get(PATTERN_RATE.of(name))
        if rate is None:
            continue
        if pattern.reads is not None:
            for store, share in _list_read(draft, name, pattern):
                sums[store].setdefault("reads", []).append(rate if share is None else rate * share)
            continue
        for one in list_written(draft, name, pattern):
            if one.store not in sums:
                continue
            here = sums[one.store]
            rows = _name_rows(draft, name, one)
            here.setdefault("rows", []).append(rate * rows if isinstance(rows, Fact) or rows != 1 else rate)
            here.setdefault("entries", []).append(rate * one.entries)
            here.setdefault("transactions", []).append(_times(rate, one.transactions))
            if one.bookkeeping:
                here.setdefault("bookkeeping", []).append(rate * one.bookkeeping)
        _measure_lock(draft, name)
    queue = _rate_queue(draft)
    if queue is not None and draft.model.places.main in sums:
        here = sums[draft.model.places.main]
        # one row a message, that is put there and taken away; a job is done in a transaction of its own, a relay takes many
        here.setdefault("bookkeeping", []).append(queue * 2)
        is_relayed = not draft.model.queues.is_table
        here.setdefault("transactions", []).append(queue / facts[BATCH] if is_relayed else queue * 1)
    for store, found in sums.items():
        _define(draft, store, found)


def _times(rate: Fact, number: Fact | float) -> Fact:
    return rate if not isinstance(number, Fact) and number == 1 else rate * number


def list_stores(draft: Draft) -> list[str]:
    """The stores of the schema, or the one of the flow where there is none."""
    main = draft.model.places.main
    stores = list(draft.design.schema.stores)
    return stores or ([main] if main in draft.design.flow.components else [])


def _define(draft: Draft, store: str, found: Mapping[str, list[Fact]]) -> None:
    facts, here = draft.facts, store
    rows, kept = found.get("rows", []), found.get("bookkeeping", [])
    if kept:
        facts.define(
            BOOKKEEPING.of(here), total(kept), "rows/s",
            "rows of keys of idempotency, of the outbox and of a queue that is a table: written, and deleted where they pass",
        )  # fmt: skip
    if rows or kept:
        every = [*rows, *([facts[BOOKKEEPING.of(here)]] if kept else [])]
        facts.define(
            STORE_WRITES.of(here), total(every), "rows/s", "rows inserted, changed or deleted there: every operation's rate × its rows"
        )  # fmt: skip
        facts.define(
            STORE_INDEX_ENTRIES.of(here), total(found["entries"]) if "entries" in found else rows_of_none(facts[STORE_WRITES.of(here)]), "/s",
            "entries of indexes that these rows write: one an index for a row that comes or goes, and for a change of what it holds",
        )  # fmt: skip
        facts.define(
            STORE_COMMITS.of(here), total(found["transactions"]), "/s",
            "transactions that write: one a call where somebody waits, one a batch where nobody does",
        )  # fmt: skip
    if "reads" in found:
        facts.define(
            STORE_READS.of(here), total(found["reads"]), "/s", "the reads of the operations that no cache answers before it"
        )  # fmt: skip


def rows_of_none(fact: Fact) -> Fact:
    """No rate at all, in the unit of one."""
    return fact * 0


# -- what one call writes


def list_written(draft: Draft, name: str, pattern: AccessPattern) -> Iterator[Written]:
    """What one call of a writing operation leaves in each store that it writes."""
    tables, main = draft.planned.schema.tables, draft.model.places.main
    procedure = draft.planned.statements.procedures.get(name)
    batch: Fact | float = 1.0
    if pattern.is_async and pattern.action == "create" and not pattern.steps:
        batch = 1 / draft.facts[BATCH]
    if procedure is None:
        home = draft.model.places.find_home(pattern.writes)
        yield Written(home, _said_rows(draft, name), 0.0, 0, batch)
    else:
        rows: dict[str, Fact | float] = {}
        entries: dict[str, Fact | float] = {}
        written: dict[str, list[tuple[Table, Statement]]] = {}
        for statement in procedure.statements:
            table = tables.get(statement.table)
            if table is not None and not isinstance(statement, Read) and table.role == "entity":
                written.setdefault(statement.table, []).append((table, statement))
        for statements in written.values():
            for n, (table, statement) in enumerate(statements):
                count = _count_rows(draft, name, pattern, statement, len(statements)) if n == 0 else 1.0
                rows[table.store] = rows.get(table.store, 0.0) + count
                entries[table.store] = entries.get(table.store, 0.0) + count * _count_entries(table, statement)
        for store, count in rows.items():
            # a step of a third party leaves a row to be told, and deleted then: counted with the queue where that is a table
            kept = 0
            if store == main:
                passes = bool(_list_tables_of_jobs(draft))
                kept = (0 if passes else 2 * len(procedure.remote)) + draft.model.lifetimes.needs_record(name)
            yield Written(store, count, entries[store], kept, batch)
    # what a third party did is written down in a transaction of its own, when it has answered
    for entity in draft.model.touches.find(name).remote:
        yield Written(draft.model.places.find_home(entity), 1.0, 1.0, 0, 1.0)


def _said_rows(draft: Draft, name: str) -> Fact | float:
    return draft.facts.get(ACCESS_ROWS.of(name)) or 1.0


def _count_rows(draft: Draft, name: str, pattern: AccessPattern, statement: Statement, together: int) -> Fact | float:
    """The rows of a statement: those said, one, as many as a row has children, or as many as statements where those are more."""
    entity = statement.entity or ""
    if entity == pattern.writes:
        if ACCESS_ROWS.of(name) in draft.facts:
            return draft.facts[ACCESS_ROWS.of(name)]
        if not isinstance(statement, Insert | Upsert) and statement.rows == "many" and pattern.by:
            field = draft.model.fields(entity).get(pattern.by[0].partition(".")[0])
            return _count_children(draft, entity, (field.references if field is not None else None) or "")
        return 1.0
    is_child = any(one.target == pattern.writes for one in draft.model.references.list_from(entity))
    if isinstance(statement, Insert | Upsert):
        if pattern.action != "create" or not is_child:
            return 1.0
        each = _count_children(draft, entity, pattern.writes or "")
        # as many as the statements insert one by one are certain; the first of them stands for what is more
        if isinstance(each, Fact) and each.base > together:
            return maximum(each - float(together - 1), 1.0)
        return 1.0
    if statement.rows == "many":
        return _count_children(draft, entity, pattern.writes or "")
    return 1.0


def _count_children(draft: Draft, entity: str, parent: str) -> Fact | float:
    """How many rows of an entity a row of another one has on average, at least one."""
    rows, parents = (draft.facts.get(ENTITY_ROWS.of(one)) for one in (entity, parent))
    if rows is None or parents is None or parents.base <= 0 or rows.base <= parents.base:
        return 1.0
    return maximum(rows / parents, 1.0)


def _count_entries(table: Table, statement: Statement) -> int:
    """The index entries that a row of a statement writes; a change of no indexed column writes none (PostgreSQL: HOT)."""
    keys = [table.primary_key, *(one.columns for one in table.uniques.values())]
    indexed = [tuple(column.split(" ")[0] for column in one) for one in keys if one]
    indexed += [tuple(column.split(" ")[0] for column in one.columns) for one in table.indexes.values()]
    if isinstance(statement, Update):
        changed = {one.column.column for one in statement.assignments}
        return len(indexed) if any(changed & {*one} for one in indexed) else 0
    return len(indexed) if isinstance(statement, Insert | Upsert) else 0


def _name_rows(draft: Draft, name: str, one: Written) -> Fact | float:
    """The rows of a call as a fact, where it is more than one."""
    rows = one.rows
    if not isinstance(rows, Fact):
        if rows == 1:
            return rows
        known = draft.facts.get(OPERATION_ROWS.of(name))
        return known or draft.facts.given(
            OPERATION_ROWS.of(name), rows, "rows that one call writes, counted on its statements", origin="concluded"
        )
    if OPERATION_ROWS.of(name) in draft.facts:
        return rows
    return draft.facts.define(OPERATION_ROWS.of(name), rows, "", "rows that one call writes, counted on its statements")


# -- reads, and what passes a queue


def _list_read(draft: Draft, name: str, pattern: AccessPattern) -> Iterator[tuple[str, Fact | None]]:
    """The stores that a read asks, each once, with the share of its calls that get there; None is all of them."""
    path, facts = draft.design.flow.paths.get(name), draft.facts
    stores = list_stores(draft)
    if path is None:
        home = draft.model.places.find_home(pattern.reads)
        if home in stores:
            yield home, None
        return
    seen: set[str] = set()
    for n, hop in enumerate(path.hops):
        if hop.target not in stores or hop.target in seen or hop.target is None:
            continue
        seen.add(hop.target)
        if hop.share is None or hop.share.base == 1:
            yield hop.target, None
        else:
            share = HOP_SHARE.of(name, str(n))
            missed = facts.get(MISSED.of(name))
            yield hop.target, missed if missed is not None or share not in facts else facts[share]


def _list_tables_of_jobs(draft: Draft) -> list[str]:
    """The queues whose messages are rows of the main store: a table for the jobs, or the outbox before a broker."""
    main = draft.model.places.main_engine.name
    return [
        name for name, one in draft.design.jobs.queues.items() if one.kind == "table" and one.engine in (None, main)
    ]


def _rate_queue(draft: Draft) -> Fact | None:
    """The messages that pass a table of the main store on their way; None where there are none."""
    queues, jobs = _list_tables_of_jobs(draft), draft.design.jobs.jobs
    rates = [
        draft.facts[JOB_RATE.of(name)]
        for name, one in jobs.items()
        if one.queue in queues and one.trigger and JOB_RATE.of(name) in draft.facts
    ]
    return total(rates) if rates else None


# -- one row that all wait for


def _measure_lock(draft: Draft, name: str) -> None:
    """How long one call holds the row that it adds to or takes from, and so how often one row can be moved in a second."""
    found = find_held(draft, name)
    if found is None:
        return
    facts, after = draft.facts, found[1]
    step = facts[ROUND_TRIP] + facts[KIND_TIME.of("store")]
    held = facts.define(
        LOCK_HELD.of(name), step * float(after) + facts[COMMIT_TIME], "ms",
        f"from the lock of the row to the commit: {after} statement{'s' * (after != 1)}, each with its round trip, and the commit",
    )  # fmt: skip
    facts.define(
        ROW_LIMIT.of(name), 1 / held, "/s", f"calls a second that one {found[0]} can take part in: they wait for each other"
    )  # fmt: skip
    skew = facts.assume(
        WRITE_SKEW, 0.9, "Zipf exponent of how unevenly rows are written to",
        source="assumed as of reads, 2026-11: between Breslau et al., INFOCOM 1999, and YCSB's default of 0.99; count it in the log",
    )  # fmt: skip
    share = apply_model(
        "share of the busiest of so many",
        share_of_busiest,
        "%",
        facts[ENTITY_ROWS.of(found[0])],
        skew,
        labels=("rows", "skew"),
    )
    facts.define(
        ROW_RATE.of(name), facts[PATTERN_RATE.of(name)] * share, "/s", f"calls that the busiest {found[0]} takes part in, where some are much busier than others"
    )  # fmt: skip


def find_held(draft: Draft, name: str) -> tuple[str, int] | None:
    """The entity whose row an operation adds to or takes from, and the statements from the lock to the commit; None without."""
    procedure = draft.planned.statements.procedures.get(name)
    if procedure is None:
        return None
    moved = {one.table for one in procedure.statements if _moves(one)}
    for n, statement in enumerate(procedure.statements):
        locks = isinstance(statement, Read) and statement.lock == "update" and not statement.skip_locked
        if statement.entity and (_moves(statement) or (locks and statement.table in moved)):
            return statement.entity, len(procedure.statements) - n
    return None


def _moves(statement: Statement) -> bool:
    """Whether a statement adds to or takes from what a row holds; the version that every change counts up is no such thing."""
    if isinstance(statement, Read | Insert) or not isinstance(statement, Update | Upsert):
        return False
    changes = statement.changes if isinstance(statement, Upsert) else statement.assignments
    return any(one.value.sign and one.column.field for one in changes)


__all__ = ["Written", "find_held", "list_stores", "list_written", "measure_stores"]
