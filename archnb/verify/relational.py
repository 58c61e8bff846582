"""The proof of a relational schema, the same on every engine: DDL, rows, constraints that refuse, queries with their indexes."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from archnb.engines import load_engine
from archnb.export import export
from archnb.export.queries import Query, explain_absence, queries
from archnb.export.sql import metadata, statements
from archnb.planned.schema import Table
from archnb.verify.at_once import book_at_once
from archnb.verify.constraints import check_constraints, check_types
from archnb.verify.lookups import Reads
from archnb.verify.oracle import Oracle
from archnb.verify.proof import Check, Proof, Served, conclude
from archnb.verify.rows import Row, Rows, make_rows, scale_counts
from archnb.verify.serving import Planner
from archnb.verify.session import Refusal, Session
from archnb.verify.single_rows import writable, write_update
from archnb.verify.steps import StepProof
from archnb.verify.writes import Writes, read_counts

if TYPE_CHECKING:
    import sqlalchemy as sa

    from archnb.plan import Plan

_made: WeakKeyDictionary[Plan, tuple[tuple[str, ...], Rows]] = WeakKeyDictionary()
_making = threading.Lock()


def prove(plan: Plan, session: Session) -> Proof:
    """Run a plan's DDL, fill its tables, try to break its constraints, run and explain its queries."""
    started = time.perf_counter()
    dialect = session.dialect
    found = statements(plan, dialect)
    details = [*_run_ddl(plan, session, [one.text for one in found])]
    artefact, version = (
        f"DDL for {load_engine(dialect).label}",
        f"{session.version} ({session.origin})" if session.origin else session.version,
    )
    served: tuple[Served, ...] = ()
    if not found:
        details = [Check("DDL", "not run", "the design has no relational table")]
    elif conclude(details) == "passed":
        tables = {table.info["table"]: table for table in metadata(plan, dialect).tables.values()}
        designed = {name: plan.planned.schema.tables[name] for name in tables}
        rows = rows_for(plan, designed)
        details += insert_rows(session, tables, rows)
        session.analyze(list(tables.values()))
        details += check_constraints(session, tables, designed, rows)
        details += check_types(session, tables, designed, rows)
        served = tuple(run_queries(plan, session, tables, designed, rows))
        # last, as it leaves rows behind for a moment
        details += book_at_once(session, tables, designed, rows)
    verdict = conclude([*details, *served])
    kind: Any = "not verified" if verdict == "not run" else "executed on the engine"
    seconds = time.perf_counter() - started
    return Proof(artefact, session.engine, version, kind, len(found), seconds, verdict, tuple(details), served)


def run_queries(
    plan: Plan,
    session: Session,
    tables: Mapping[str, sa.Table],
    designed: Mapping[str, Table],
    rows: Rows,
) -> Iterator[Served]:
    """Run every access pattern and compare what it answers and leaves with the oracle; one on another store is told."""
    oracle = Oracle(plan.model, plan.planned.schema, rows.tables)
    sizes = {name: len(found) for name, found in rows.tables.items()}
    counts = read_counts(plan, designed)
    scale = {tables[name].name: counts[name] / size for name, size in sizes.items() if size}
    planner = Planner(session, designed, sizes, scale)
    reads = Reads(session, tables, designed, plan.model, oracle, planner)
    writes = Writes(session, tables, designed, reads, planner, rows)
    steps = StepProof(plan, writes)
    made: dict[str, list[Query]] = {}
    for query in queries(plan, session.dialect):
        made.setdefault(query.pattern, []).append(query)
    erasing = {one.operation for one in plan.planned.jobs.erasures.values()}
    for name, pattern in plan.planned.entities.access.items():
        if name in erasing and name in made:
            yield writes.erase(made[name], pattern)
            continue
        told = steps.run(pattern, made[name]) if name in made else None
        if told is not None:
            yield told
        for query in made.get(name, ()):
            if query.purpose:
                # a step works on rows that the statements before it made or found; what it guards can be tried alone
                taken = writes.take_twice(query)
                if taken is not None:
                    yield taken
                continue
            if query.kind == "read":
                yield from reads.run(query, pattern)
            else:
                yield writes.run(query, pattern)
        if name not in made:
            yield Served(name, session.title, "", "", None, "not run", f"not verified: {explain_absence(plan, name)}")


def rows_for(plan: Plan, designed: Mapping[str, Table]) -> Rows:
    """The rows of a plan's tables, made once and the same for every engine."""
    with _making:
        made = _made.get(plan)
        if made is None or made[0] != tuple(designed):
            made = tuple(designed), make_rows(designed, scale_counts(read_counts(plan, designed)))
            _made[plan] = made
    rows = made[1]
    # what an engine refuses or updates is changed in its own copy
    tables = {name: [dict(row) for row in found] for name, found in rows.tables.items()}
    return Rows(tables, dict(rows.spares), list(rows.updates), dict(rows.notes))


def _run_ddl(plan: Plan, session: Session, texts: list[str]) -> list[Check]:
    """Run each statement; and see that the file people get holds these statements."""
    failed = []
    for number, text in enumerate(texts, 1):
        try:
            session.run(text)
        except Exception as error:
            refusal = session.read_error(error)
            if refusal is None:
                raise
            failed.append(
                Check(f"DDL statement {number}", "failed", f"{refusal.message} — {' '.join(text.split())[:120]}")
            )
    exported = export(plan, "sql", dialect=session.dialect).text
    missing = [number for number, text in enumerate(texts, 1) if text not in exported]
    if missing:
        failed.append(Check("DDL file", "failed", f"statement {missing[0]} that was run is not in the exported file"))
    return failed or [Check("DDL", "passed", f"{len(texts)} statements were executed")]


def _insert_singly(
    session: Session, table: sa.Table, columns: Sequence[sa.Column[Any]], found: Sequence[Row]
) -> tuple[list[Row], list[Refusal]]:
    """Insert rows one at a time; gives those that were taken, and each way in which others were refused once."""
    kept: list[Row] = []
    refusals: dict[str, Refusal] = {}
    for row in found:
        try:
            session.insert(table, columns, [[row.get(one.info["column"]) for one in columns]])
            kept.append(row)
        except Exception as error:
            refusal = session.read_error(error)
            if refusal is None:
                raise
            told = refusal.message
            longest = max(columns, key=lambda one: len(str(row.get(one.info["column"]) or "")))
            if not refusal.kind and longest.name not in told:
                length = len(str(row.get(longest.info["column"]) or ""))
                told += f" (the row's longest value is {longest.name}, of {length:,} characters)"
            refusals.setdefault(re.sub(r"\d+|'.*?'", "", told), Refusal(refusal.kind, told))
    return kept, list(refusals.values())


def insert_rows(session: Session, tables: Mapping[str, sa.Table], rows: Rows) -> list[Check]:
    """Insert the rows, parents first; what the engine refuses is a failed check, and what refers to it has no parent."""
    failed = [Check(f"rows of {name}", "failed", note) for name, note in rows.notes.items()]
    lacking: set[str] = set()
    for name, found in rows.tables.items():
        if not found:
            continue
        table = tables[name]
        columns = writable(table)
        try:
            session.insert(table, columns, [[row.get(one.info["column"]) for one in columns] for row in found])
        except Exception as error:
            refusal = session.read_error(error)
            if refusal is None:
                raise
            kept, refusals = _insert_singly(session, table, columns, found)
            # a row whose parent was refused is no fault of its own
            told = [one for one in refusals if not (one.kind == "FOREIGN KEY" and lacking)] or (
                [] if kept else refusals
            )
            failed += [Check(f"rows of {name}", "failed", one.message) for one in told]
            # nothing more is asked of rows that are not there
            lacking.add(name)
            rows.tables[name] = kept
            if not kept:
                rows.spares.pop(name, None)
    for one in rows.updates:
        if rows.tables.get(one.table):
            sql, parameters = write_update(session, tables[one.table], one.values, one.key)
            try:
                session.run(sql, parameters)
                for row in rows.tables[one.table]:
                    if all(row[name] == value for name, value in one.key.items()):
                        row.update(one.values)
            except Exception as error:
                refusal = session.read_error(error)
                if refusal is None:
                    raise
                failed.append(Check(f"rows of {one.table}", "failed", f"closing a cycle: {refusal.message}"))
    filled = sum(1 for found in rows.tables.values() if found)
    done = Check(
        "rows",
        "passed" if filled else "not run",
        f"{rows.count:,} synthetic rows are in {filled} of {len(tables)} tables",
    )
    return [*failed, done]
