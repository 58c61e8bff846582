"""Constraints that are real: each one is broken on purpose, in a row that is otherwise right, and must refuse it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from archnb.design.record import Named
from archnb.planned.schema import Column, Exclusion, ForeignKey, Table
from archnb.verify.conditions import Limits, judge, read_conditions
from archnb.verify.overlaps import Occupied, is_among, is_overlapping, move_on
from archnb.verify.proof import Check
from archnb.verify.rows import Row, Rows
from archnb.verify.session import Constraint, Refusal, Session
from archnb.verify.values import count_in

if TYPE_CHECKING:
    import sqlalchemy as sa

# what a violation of a key of several columns is called that mixes the columns of two rows
ACROSS = "across rows"
KINDS: tuple[Constraint, ...] = ("NOT NULL", "UNIQUE", "CHECK", "FOREIGN KEY", "EXCLUSION", "APPEND ONLY")


# how many rows are looked at for one in which a change breaks only what it is to break
VICTIMS = 60


class Violation(NamedTuple):
    """A change of one row that a constraint must refuse; None where none could be made."""

    kind: Constraint
    name: str
    change: Row | None
    victim: Row
    # whether it is tried as a new row rather than as a change of one that is there
    is_new: bool = False

    def is_held_by(self, refusal: Refusal) -> bool:
        """Whether a refusal is this constraint's; a trigger stands for one where its words name it."""
        told = refusal.message.casefold()
        if refusal.kind in ("TRIGGER", "EXCLUSION"):
            return self.name.casefold()[:50] in told or (self.kind == "APPEND ONLY" and "only ever added" in told)
        return refusal.kind == self.kind


def check_constraints(
    session: Session, tables: Mapping[str, sa.Table], designed: Mapping[str, Table], rows: Rows
) -> list[Check]:
    """Break every constraint once, within a transaction that is undone: one check a kind, and one for each that held nothing."""
    from archnb.verify.single_rows import write_delete, write_insert, write_update

    refused = dict.fromkeys(KINDS, 0)
    untried: dict[Constraint, list[str]] = {kind: [] for kind in KINDS}
    failed: list[Check] = []
    across = 0
    with session.undone():
        for name, table in tables.items():
            for one in find_violations(name, designed, rows):
                found = rows.tables.get(name) or []
                place = f"{name}.{one.name}"
                spare = rows.spares.get(name)
                # rows that are only ever added are tried as new ones
                is_keyed = bool(designed[name].primary_key) and (
                    not designed[name].append_only or one.kind == "APPEND ONLY"
                )
                if one.change is None or not found or not (is_keyed or spare):
                    untried[one.kind].append(place)
                    continue
                victim = one.victim
                if one.is_new or (spare is not None and (one.kind == "UNIQUE" or not is_keyed)):
                    # a new row: to change a key that others refer to is refused for their sake
                    new = victim if one.is_new else spare or victim
                    refusal = session.attempt(*write_insert(session, table, {**new, **one.change}))
                elif one.kind == "APPEND ONLY" and not one.change:
                    refusal = session.attempt(
                        *write_delete(session, table, {c: victim[c] for c in designed[name].primary_key})
                    )
                else:
                    key = {column: victim[column] for column in designed[name].primary_key}
                    refusal = session.attempt(*write_update(session, table, one.change, key))
                if refusal is not None and one.is_held_by(refusal):
                    refused[one.kind] += 1
                    across += one.name.endswith(ACROSS)
                elif refusal is not None and one.kind == "UNIQUE" and refusal.kind in ("EXCLUSION", "TRIGGER"):
                    # two rows that are alike overlap too, and a trigger is asked first
                    untried[one.kind].append(place)
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
    if across:
        text = f"{across} of {across} keys over several columns refused one that mixes two rows, as another tenant's row under the own tenant does"
        made.append(Check("another's key", "passed", text))
    return failed + made


# what is no value of a type at all, where the engine knows the type
_STRANGE: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(("key", "bigint", "reference", "int", "smallint", "decimal", "money", "float", "bool"), ("abc",)),
    "date": ("not-a-date", "2025-02-30"), "timestamp": ("not-an-instant", "2025-13-01 00:00:00"), "time": ("noon",),
    "uuid": ("not a uuid, and too long for one of 32 digits",), "json": ("{not json",),
    "smallint": ("abc", 32_768), "int": ("abc", 2**31),
}  # fmt: skip


def check_types(
    session: Session, tables: Mapping[str, sa.Table], designed: Mapping[str, Table], rows: Rows
) -> list[Check]:
    """Give every column what its type does not hold: a text too long, a word for a number or a day; and add up exact numbers."""
    from archnb.verify.single_rows import write_change, write_insert

    failed: list[Check] = []
    long, strange, sums = 0, 0, 0
    with session.undone():
        for name, table in tables.items():
            found = rows.tables.get(name) or []
            record = designed[name]
            if not found or not record.primary_key:
                continue
            victim = found[-1]
            key = {column: victim[column] for column in record.primary_key}
            spare = rows.spares.get(name)
            if record.append_only and spare is None:
                continue
            for column, place in {one.info["column"]: one for one in table.columns}.items():
                planned = record.columns[column]
                if planned.native or place.computed is not None:
                    continue
                for value, is_long in _list_misfits(planned):
                    if record.append_only and spare is not None:
                        refusal = session.attempt(*write_insert(session, table, spare, {column: value}))
                    else:
                        refusal = session.attempt(*write_change(session, table, column, value, key))
                    if refusal is None:
                        what = f"{len(value):,} characters" if is_long else repr(value)
                        told = (
                            f"{what} were taken by {_describe(planned)}"
                            if is_long
                            else f"{what} was taken by {_describe(planned)}"
                        )
                        failed.append(Check(f"type {name}.{column}", "failed", told))
                    elif is_long:
                        long += 1
                    else:
                        strange += 1
                if planned.type in ("money", "decimal"):
                    fault = _add_up(session, table, place, planned, [one.get(column) for one in found])
                    failed += [Check(f"type {name}.{column}", "failed", fault)] if fault else []
                    sums += not fault
    if long or strange or sums:
        parts = [f"{long} texts that are too long", f"{strange} values of another type"]
        text = f"{' and '.join(parts)} were refused; {sums} sums are exact"
        return [*failed, Check("types", "passed", text)]
    return failed


def _list_misfits(column: Column) -> Iterator[tuple[Any, bool]]:
    """Values that a column must refuse, and whether each is one that is too long."""
    if column.type in ("text", "code", "url", "email", "phone", "language", "char", "country", "currency"):
        length = column.length or {"country": 2, "currency": 3, "char": 1}.get(column.type, 0)
        if 0 < length < 100_000:
            yield "x" * (length + 1), True
    yield from ((one, False) for one in _STRANGE.get(column.type, ()))


def _describe(column: Column) -> str:
    return f"{column.type}({column.length})" if column.length else column.type


def _add_up(session: Session, table: sa.Table, place: sa.Column[Any], planned: Column, values: Sequence[Any]) -> str:
    """What is wrong with an engine's sum of an exact number, '' where nothing is."""
    import sqlalchemy as sa

    from archnb.export.sql import make_dialect

    there = [one for one in values if one is not None]
    statement = sa.select(sa.func.sum(place)).select_from(table)
    found = session.fetch(str(statement.compile(dialect=make_dialect(session.dialect))))[0][0]
    got = None if found is None else session.read(found, planned)
    right = sum(there[1:], there[0]) if there else None
    return "" if got == right else f"its sum is {got}, and {right} is right"


def find_violations(name: str, designed: Mapping[str, Table], rows: Rows) -> Iterator[Violation]:
    """For each constraint of a table a row, and a change of it that breaks this constraint and no check."""
    table, found = designed[name], rows.tables.get(name) or [{}]
    last, first = found[-1], found[0]
    victims = found[: -VICTIMS - 1 : -1]
    if table.append_only and name in rows.spares:
        # what is only ever added is broken in a new row
        victims = [rows.spares[name]]
        last = victims[0]
    checks = [one.condition for one in table.checks.values() if one.condition]

    def find_victim(change: Row, is_new: bool = False) -> Row:
        """The row in which the change leaves every check fulfilled; the last one where there is none such."""
        base = [rows.spares[name]] if is_new and name in rows.spares else victims
        return next((one for one in base if judge(checks, {**one, **change})), last)

    known = {
        key: {
            tuple(one.get(c) for c in _referenced(designed, reference))
            for one in rows.tables.get(reference.references, ())
        }
        for key, reference in table.foreign_keys.items()
        if reference.references in designed
    }

    def is_referring_right(row: Row) -> bool:
        """Whether all that a row refers to is there."""
        marks = [(tuple(row.get(c) for c in table.foreign_keys[key].columns), there) for key, there in known.items()]
        return all(None in mark or mark in there for mark, there in marks)

    for column, one in table.columns.items():
        if (not one.nullable or column in table.primary_key) and one.type != "key" and not one.is_generated:
            yield Violation("NOT NULL", column, {column: None}, last)
    uniques = {key: one.columns for key, one in table.uniques.items() if not one.where}
    uniques |= {
        key: tuple(c.lstrip("-") for c in one.columns)
        for key, one in table.indexes.items()
        if one.unique and not one.where
    }
    for key, columns in uniques.items():
        if not columns or any(column not in table.columns for column in columns):
            continue
        others = [r for r in found[:-1] if all(r.get(c) is not None for c in columns)]
        spare = rows.spares.get(name)
        changes = [{c: other[c] for c in columns} for other in others[:VICTIMS]]
        if spare is not None:
            change = next((one for one in changes if judge(checks, {**spare, **one})), None)
            if change is None and others:
                # all of another row, but for what else is unique
                free = {c for one in _unique_columns(table) if set(one) != set(columns) for c in one} - set(columns)
                change = {c: others[0][c] for c in table.columns if c not in free}
        else:
            change = next(iter(changes), None)
        yield Violation("UNIQUE", key, change, find_victim(change or {}, is_new=True))
    for key, unique in table.uniques.items():
        if unique.where:
            spare = rows.spares.get(name)
            change = None if spare is None else _repeat_among(unique.columns, unique.where, spare, found, checks)
            yield Violation("UNIQUE", key, change, last)
    if table.primary_key:
        change = {c: first.get(c) for c in table.primary_key} if len(found) > 1 else None
        yield Violation("UNIQUE", f"{name}_pkey", change, find_victim(change or {}, is_new=True))
    for key, exclusion in table.exclusions.items():
        change, new = _overlap(table, key, exclusion, rows.spares.get(name), found, checks)
        yield Violation("EXCLUSION", key, change, new or last, is_new=change is not None)
    if table.append_only:
        plain = next((c for c in table.columns if c not in table.primary_key), "")
        if plain:
            yield Violation("APPEND ONLY", name, {plain: found[-1].get(plain)}, found[-1])
        yield Violation("APPEND ONLY", name, {}, found[-1])
    for key, check in table.checks.items():
        if check.condition:
            broken = list(_break_check(table, check.condition, victims, checks, is_referring_right))
            for change, victim in broken:
                yield Violation("CHECK", key, change, victim)
            if not broken:
                yield Violation("CHECK", key, None, last)
    for key, reference in table.foreign_keys.items():
        if reference.references in designed:
            change, victim = _break_reference(table, reference, rows, victims, designed, checks)
            yield Violation("FOREIGN KEY", key, change, victim)
            if len(reference.columns) > 1:
                change, victim = _mix_references(table, reference, rows, victims, designed, checks)
                yield Violation("FOREIGN KEY", f"{key} {ACROSS}", change, victim)


def _unique_columns(table: Table) -> list[tuple[str, ...]]:
    found = [table.primary_key, *(one.columns for one in table.uniques.values())]
    found += [tuple(c.lstrip("-") for c in one.columns) for one in table.indexes.values() if one.unique]
    return [one for one in found if one]


def _repeat_among(
    columns: tuple[str, ...], where: str, spare: Row, found: Sequence[Row], checks: Sequence[str]
) -> Row | None:
    """What makes a new row like one that is there in columns that are unique among some rows, both being among these."""
    for row in found:
        if any(row.get(c) is None for c in columns) or not judge([where], row):
            continue
        for more in ({}, {c: row[c] for c in spare if c in row and c.casefold() in where.casefold()}):
            change = {**{c: row[c] for c in columns}, **more}
            after = {**spare, **change}
            if judge([where], after) and judge(checks, after):
                return change
    return None


def _overlap(
    table: Table, key: str, one: Exclusion, spare: Row | None, found: Sequence[Row], checks: Sequence[str]
) -> tuple[Row | None, Row | None]:
    """A new row that overlaps one that is there by an exclusion and breaks nothing else: (change, new row)."""
    if spare is None:
        return None, None
    others = replace(table, exclusions=Named({name: other for name, other in table.exclusions.items() if name != key}))
    taken = Occupied(others, found)
    for row in found:
        if not is_among(one, row):
            continue
        later = move_on(row[one.start])
        starts = [row[one.start]] if row.get(one.end) is None or later >= row[one.end] else [later, row[one.start]]
        for start in starts:
            change = {c: row[c] for c in one.columns} | {one.start: start, one.end: row.get(one.end)}
            for status in _conditions_met(one, row, spare):
                after = {**spare, **change, **status}
                if (
                    is_among(one, after)
                    and is_overlapping(one, after, row)
                    and judge(checks, after)
                    and taken.find(after) is None
                ):
                    return {**change, **status}, spare
    return None, None


def _conditions_met(one: Exclusion, row: Row, spare: Row) -> Iterator[Row]:
    """What makes a new row one that an exclusion is about: nothing, or what the other row has where the condition speaks of it."""
    yield {}
    yield {c: row[c] for c in spare if c in row and c.casefold() in one.where.casefold()}


def _referenced(designed: Mapping[str, Table], key: ForeignKey) -> tuple[str, ...]:
    return key.referenced or designed[key.references].primary_key


def _break_check(
    table: Table,
    condition: str,
    victims: Sequence[Row],
    checks: Sequence[str],
    is_referring_right: Callable[[Row], bool],
) -> Iterator[tuple[Row, Row]]:
    """Changes of one column, each in another direction, that break this check and no other: (change, row)."""
    limits = read_conditions(table)
    others = [one for one in checks if one != condition]
    seen: set[tuple[str, str]] = set()
    for victim in victims:
        for name, column in table.columns.items():
            if name not in victim or not _mentions(condition, name):
                continue
            beside = [
                ("same", victim[one])
                for one in table.columns
                if one != name
                and victim.get(one) is not None
                and _mentions(condition, one)
                and table.columns[one].type == column.type
            ]
            for direction, value in (*beside, *_try_values(name, column, victim, limits.get(name), victims)):
                if (name, direction) in seen or value == victim[name]:
                    continue
                change = {name: value}
                after = {**victim, **change}
                if not judge([condition], after) and judge(others, after) and is_referring_right(after):
                    seen.add((name, direction))
                    yield change, victim
        if len(seen) >= 4:
            return


def _try_values(
    name: str, column: Column, victim: Row, limit: Limits | None, victims: Sequence[Row]
) -> Iterator[tuple[str, Any]]:
    """Values that may break a check on a column: (in which direction, value)."""
    if limit is not None:
        if limit.low is not None:
            yield "below", _whole(limit.low - 1)
        if limit.high is not None:
            yield "above", _whole(limit.high + 1)
        if limit.words:
            # no longer than the words are, so that it is the check that refuses
            yield "other", "~"
    now = victim[name]
    if now is not None and column.nullable:
        yield "missing", None
    filled = [one[name] for one in victims if one.get(name) is not None]
    if now is None and filled:
        yield "present", filled[0]
    if isinstance(now, int | float) and not isinstance(now, bool):
        yield from (("other", one) for one in (-1, 0, 30_000))
    elif isinstance(now, str):
        yield from (("other", one) for one in ("", "~"))
    comparable = [one for one in filled if type(one) is type(now)]
    if comparable and not isinstance(now, dict | list):
        yield "least", min(comparable)
        yield "greatest", max(comparable)


def _mentions(condition: str, name: str) -> bool:
    return name.casefold() in condition.casefold()


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _break_reference(
    table: Table,
    key: ForeignKey,
    rows: Rows,
    victims: Sequence[Row],
    designed: Mapping[str, Table],
    checks: Sequence[str],
) -> tuple[Row | None, Row]:
    """A reference to a row that is not there: of several columns the last that no other reference needs is changed."""
    last = victims[0]
    referenced = key.referenced or designed[key.references].primary_key
    parents = rows.tables.get(key.references) or []
    if not parents or len(referenced) != len(key.columns):
        return None, last
    others = {c for one in table.foreign_keys.values() if one is not key for c in one.columns}
    pairs = sorted(zip(key.columns, referenced, strict=True), key=lambda pair: pair[0] in others)
    for mine, theirs in pairs:
        value = make_unlike([one[theirs] for one in parents], table.columns[mine].length or None)
        if value is None:
            continue
        for victim in victims:
            filled = {
                c: victim.get(c) if victim.get(c) is not None else parents[0][r]
                for c, r in zip(key.columns, referenced, strict=True)
            }
            change = {**filled, mine: value}
            if judge(checks, {**victim, **change}):
                return change, victim
    return None, last


def _mix_references(
    table: Table,
    key: ForeignKey,
    rows: Rows,
    victims: Sequence[Row],
    designed: Mapping[str, Table],
    checks: Sequence[str],
) -> tuple[Row | None, Row]:
    """A reference that mixes two rows that are there: the key of another tenant's row under the own tenant."""
    referenced = key.referenced or designed[key.references].primary_key
    parents = rows.tables.get(key.references) or []
    if len(referenced) != len(key.columns):
        return None, victims[0]
    known = {tuple(one[c] for c in referenced) for one in parents}
    shared = {c for one in table.foreign_keys.values() if one is not key for c in one.columns} | set(table.primary_key)
    kept = [c for c in key.columns if c in shared] or list(key.columns[:1])
    for victim in victims:
        if any(victim.get(c) is None for c in kept):
            continue
        for parent in parents:
            change = {c: parent[r] for c, r in zip(key.columns, referenced, strict=True) if c not in kept}
            if not change:
                return None, victim
            after = {**victim, **change}
            mark = tuple(after[c] for c in key.columns)
            if None not in mark and mark not in known and judge(checks, after):
                return change, victim
    return None, victims[0]


def make_unlike(values: Sequence[Any], length: int | None) -> Any:
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
