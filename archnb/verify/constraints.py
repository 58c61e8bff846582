"""Constraints that are real: each one is broken on purpose, in a row that is otherwise right, and must refuse it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from archnb.planned.schema import ForeignKey, Table
from archnb.verify.conditions import judge, read_conditions
from archnb.verify.proof import Check
from archnb.verify.rows import Row, Rows
from archnb.verify.session import Constraint, Session
from archnb.verify.values import count_in

if TYPE_CHECKING:
    import sqlalchemy as sa

KINDS: tuple[Constraint, ...] = ("NOT NULL", "UNIQUE", "CHECK", "FOREIGN KEY")


class Violation(NamedTuple):
    """A change of one row that a constraint must refuse; None where none could be made."""

    kind: Constraint
    name: str
    change: Row | None


def check_constraints(
    session: Session, tables: Mapping[str, sa.Table], designed: Mapping[str, Table], rows: Rows
) -> list[Check]:
    """Break every constraint once, within a transaction that is undone: one check a kind, and one for each that held nothing."""
    from archnb.verify.writes import write_insert, write_update

    refused = dict.fromkeys(KINDS, 0)
    untried: dict[Constraint, list[str]] = {kind: [] for kind in KINDS}
    failed: list[Check] = []
    with session.undone():
        for name, table in tables.items():
            for one in find_violations(name, designed, rows):
                found = rows.tables.get(name) or []
                place = f"{name}.{one.name}"
                spare, is_keyed = rows.spares.get(name), bool(designed[name].primary_key)
                if one.change is None or not found or not (is_keyed or spare):
                    untried[one.kind].append(place)
                    continue
                victim = found[-1]
                if spare is not None and (one.kind == "UNIQUE" or not is_keyed):
                    # a new row: to change a key that others refer to is refused for their sake
                    refusal = session.attempt(*write_insert(session, table, {**spare, **one.change}))
                else:
                    key = {column: victim[column] for column in designed[name].primary_key}
                    refusal = session.attempt(*write_update(session, table, one.change, key))
                if refusal is not None and refusal.kind == one.kind:
                    refused[one.kind] += 1
                elif refusal is None:
                    failed.append(
                        Check(
                            f"{one.kind} {place}", "failed", f"a row that breaks it was accepted: {_show(one.change)}"
                        )
                    )
                else:
                    failed.append(
                        Check(f"{one.kind} {place}", "failed", f"the row was refused, but not by it: {refusal.message}")
                    )
    made: list[Check] = []
    for kind in KINDS:
        if refused[kind]:
            made.append(
                Check(kind, "passed", f"{refused[kind]} of {refused[kind]} tried refused a row that breaks them")
            )
        if untried[kind]:
            shown = ", ".join(untried[kind][:5]) + (
                f" and {len(untried[kind]) - 5} more" if len(untried[kind]) > 5 else ""
            )
            made.append(Check(f"{kind}, not tried", "not run", f"no row that breaks only this could be made: {shown}"))
    return failed + made


def find_violations(name: str, designed: Mapping[str, Table], rows: Rows) -> Iterator[Violation]:
    """For each constraint of a table a change of its last row that breaks it."""
    table, found = designed[name], rows.tables.get(name) or [{}]
    victim, first = found[-1], found[0]
    for column, one in table.columns.items():
        if (not one.nullable or column in table.primary_key) and one.type != "key" and not one.is_generated:
            yield Violation("NOT NULL", column, {column: None})
    uniques = {key: one.columns for key, one in table.uniques.items()}
    uniques |= {
        key: tuple(c.lstrip("-") for c in one.columns)
        for key, one in table.indexes.items()
        if one.unique and not one.where
    }
    for key, columns in uniques.items():
        if not columns or any(column not in table.columns for column in columns):
            continue
        other = next((r for r in found[:-1] if all(r.get(c) is not None for c in columns)), None)
        yield Violation("UNIQUE", key, None if other is None else {c: other[c] for c in columns})
    if table.primary_key:
        change = {c: first.get(c) for c in table.primary_key} if len(found) > 1 else None
        yield Violation("UNIQUE", f"{name}_pkey", change)
    for key, check in table.checks.items():
        if check.condition:
            yield Violation("CHECK", key, _break_check(table, check.condition, victim))
    for key, reference in table.foreign_keys.items():
        if reference.references in designed:
            yield Violation("FOREIGN KEY", key, _break_reference(table, reference, rows, victim, designed))


def _break_check(table: Table, condition: str, victim: Row) -> Row | None:
    limits = read_conditions(table)
    for name, column in table.columns.items():
        if name not in victim:
            continue
        limit = limits.get(name)
        tries: list[Any] = []
        if limit is not None:
            tries += [
                None if limit.low is None else _whole(limit.low - 1),
                None if limit.high is None else _whole(limit.high + 1),
            ]
            # no longer than the words are, so that it is the check that refuses
            tries += [] if not limit.words else ["~"]
        if victim[name] is not None and column.nullable:
            tries.append(_NULL)
        if isinstance(victim[name], int | float) and not isinstance(victim[name], bool):
            tries += [-1, 0, 30_000]
        elif isinstance(victim[name], str):
            tries += ["", "~"]
        for value in tries:
            if value is None:
                continue
            change = {name: None if value is _NULL else value}
            if not judge([condition], {**victim, **change}) and _mentions(condition, name):
                return change
    return None


_NULL = object()


def _mentions(condition: str, name: str) -> bool:
    return name.casefold() in condition.casefold()


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _break_reference(
    table: Table, key: ForeignKey, rows: Rows, victim: Row, designed: Mapping[str, Table]
) -> Row | None:
    """A reference to a row that is not there: of several columns the last that no other reference needs is changed."""
    referenced = key.referenced or designed[key.references].primary_key
    parents = rows.tables.get(key.references) or []
    if not parents or len(referenced) != len(key.columns):
        return None
    others = {c for one in table.foreign_keys.values() if one is not key for c in one.columns}
    pairs = sorted(zip(key.columns, referenced, strict=True), key=lambda pair: pair[0] in others)
    for mine, theirs in pairs:
        value = _unlike([one[theirs] for one in parents], table.columns[mine].length or None)
        if value is not None:
            sample = parents[0]
            filled = {
                c: victim.get(c) if victim.get(c) is not None else sample[r]
                for c, r in zip(key.columns, referenced, strict=True)
            }
            return {**filled, mine: value}
    return None


def _unlike(values: Sequence[Any], length: int | None) -> Any:
    """A value of the same kind as all of these and unlike each, None where none is found."""
    known = [one for one in values if one is not None]
    if not known:
        return None
    first = known[0]
    if isinstance(first, bool):
        return None
    if isinstance(first, int):
        return max(known) + 1
    if isinstance(first, uuid.UUID):
        return uuid.UUID(int=0xFFFFFFFFFFFF4FFFBFFFFFFFFFFFFFFF)
    if isinstance(first, str):
        taken = {one.casefold() for one in known}
        tries = (count_in(36 ** len(first) - 1 - n, len(first)) for n in range(200))
        return next((one for one in tries if one not in taken), None)
    if isinstance(first, datetime.date | datetime.datetime):
        return max(known) + datetime.timedelta(days=400)
    return None


def _show(change: Row) -> str:
    return ", ".join(f"{name} = {value!r}" for name, value in change.items())[:200]
