"""Two at once: two connections each insert a row that the other one's excludes, and one of them must be refused."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from archnb.planned.schema import Table
from archnb.verify.conditions import judge
from archnb.verify.constraints import make_unlike
from archnb.verify.overlaps import Occupied, is_among
from archnb.verify.proof import Check
from archnb.verify.rows import Row, Rows
from archnb.verify.session import Refusal, Session

if TYPE_CHECKING:
    import sqlalchemy as sa

# how long the second may wait for the first to end; an engine that has not answered by then is stuck
PATIENCE = 20.0


def book_at_once(
    session: Session, tables: Mapping[str, sa.Table], designed: Mapping[str, Table], rows: Rows
) -> list[Check]:
    """For each table with rows that must not overlap: one check, none where the engine lets in one writer at a time."""
    checks: list[Check] = []
    for name, table in designed.items():
        spare = _make_meant(table, rows.spares.get(name), rows.tables.get(name) or [])
        if spare is None:
            continue
        second = _repeat(table, spare, rows.tables[name])
        other = session.open_second() if second is not None else None
        if second is None or other is None:
            continue
        with closing(other):
            checks.append(_race(session, other, tables[name], name, table, spare, second))
    return checks


def _make_meant(table: Table, spare: Row | None, found: list[Row]) -> Row | None:
    """A new row that is one of those that an exclusion is about, None where none can be made of the spare one."""
    if spare is None or not table.exclusions or not found:
        return None
    taken = Occupied(table, found)
    checks = [one.condition for one in table.checks.values() if one.condition]
    for one in table.exclusions.values():
        meant = next((row for row in found if is_among(one, row)), {})
        told = {c: meant[c] for c in spare if c in meant and c.casefold() in one.where.casefold()}
        for row in (spare, {**spare, **told}):
            if is_among(one, row) and taken.find(row) is None and judge(checks, row):
                return row
    return None


def _repeat(table: Table, row: Row, found: list[Row]) -> Row | None:
    """A row like another in all but what is unique; None where that cannot be made."""
    made = dict(row)
    unique = [table.primary_key, *(one.columns for one in table.uniques.values() if not one.where)]
    referring = {c for key in table.foreign_keys.values() for c in key.columns}
    for columns in unique:
        free = [c for c in columns if c not in referring and made.get(c) is not None]
        if not free:
            return None
        value = made[free[-1]]
        new: Any = uuid.uuid4() if isinstance(value, uuid.UUID) else None
        if new is None:
            new = make_unlike([*(one[free[-1]] for one in found), value], table.columns[free[-1]].length or None)
        if new is None:
            return None
        made[free[-1]] = new
    return made


def _race(session: Session, other: Session, place: sa.Table, name: str, table: Table, first: Row, second: Row) -> Check:
    from archnb.verify.single_rows import write_delete, write_insert

    label = f"two at once: {name}"
    outcome: list[Refusal | None] = []

    def insert_second() -> None:
        try:
            other.run(*write_insert(other, place, second))
            outcome.append(None)
        except Exception as error:
            outcome.append(other.read_error(error) or Refusal("", str(error)))

    waiting = threading.Thread(target=insert_second, daemon=True)
    session.run("BEGIN")
    try:
        session.run(*write_insert(session, place, first))
        waiting.start()
        # as the second comes it must wait, or be refused; it is not let in while the first is open
        waiting.join(0.3)
        session.run("COMMIT")
    except Exception as error:
        session.run("ROLLBACK")
        refusal = session.read_error(error)
        if refusal is None:
            raise
        return Check(label, "failed", f"the first of two was refused: {refusal.message}")
    waiting.join(PATIENCE)
    taken = [row for row, is_in in ((first, True), (second, outcome == [None])) if is_in]
    for row in taken:
        session.run(*write_delete(session, place, {c: row[c] for c in table.primary_key}))
    if not outcome:
        return Check(label, "failed", f"the second of two had no answer after {PATIENCE:g} s")
    if outcome[0] is None:
        return Check(label, "failed", "two rows that overlap were taken from two connections at once")
    return Check(label, "passed", f"the second of two rows that overlap waited and was refused: {outcome[0].message}")


__all__ = ["book_at_once"]
