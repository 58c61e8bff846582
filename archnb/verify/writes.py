"""Queries that write: each is run, what it leaves in every table is compared with what the oracle says, and it is undone.

Also single statements that write a row, spelled for the engine at hand, and what the design counts.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from archnb.export.queries import Parameter, Query
from archnb.export.sql import make_dialect
from archnb.fact.keys.schema import TABLE_ROWS
from archnb.planned.entities import AccessPattern
from archnb.planned.schema import ForeignKey, Table
from archnb.planned.statements import (
    Among,
    AnyOf,
    Assignment,
    Condition,
    Missing,
    Predicate,
    Update,
    Value,
    list_values,
)
from archnb.verify.conditions import judge
from archnb.verify.lookups import NOW, Fault, Reads
from archnb.verify.oracle import Given
from archnb.verify.overlaps import Occupied
from archnb.verify.proof import Served
from archnb.verify.rows import Row, Rows, list_partial_uniques
from archnb.verify.serving import Planner
from archnb.verify.session import Session
from archnb.verify.single_rows import make_change
from archnb.verify.values import settle

if TYPE_CHECKING:
    import sqlalchemy as sa

    from archnb.plan import Plan


class Writes:
    """Runs the queries that write over a filled database; each is undone."""

    def __init__(
        self,
        session: Session,
        tables: Mapping[str, sa.Table],
        designed: Mapping[str, Table],
        reads: Reads,
        planner: Planner,
        rows: Rows,
    ) -> None:
        self.session, self.tables, self.designed = session, tables, designed
        self.reads, self.oracle, self.model, self.planner, self.rows = reads, reads.oracle, reads.model, planner, rows
        self._columns = {name: {one.info["column"]: one for one in table.columns} for name, table in tables.items()}

    def run(self, query: Query, pattern: AccessPattern) -> Served:
        """What came of a query."""
        label = query.pattern if query.kind == "create" else f"{query.pattern} ({query.kind})"
        title = self.session.title
        table = next((one.table for one in query.parameters if one.name.startswith("new_")), "")
        table = table or self._find_target(pattern)
        if not self.rows.tables.get(table):
            return Served(label, title, "", "", None, "not run", f"{table or pattern.entity} could not be filled")
        try:
            if query.kind == "create":
                return self._create(query, label, table)
            if query.kind == "upsert":
                return self._upsert(query, label, table)
            return self._change(query, pattern, label, table)
        except Fault as fault:
            return Served(label, title, "", "", None, "failed", str(fault))
        except Exception as error:
            refusal = self.session.read_error(error)
            if refusal is None:
                raise
            return Served(label, title, "", "", None, "failed", refusal.message)

    def erase(self, steps: Sequence[Query], pattern: AccessPattern) -> Served:
        """What came of the statements that erase somebody's data: the row goes, or nothing personal is left in it."""
        query, title = steps[-1], self.session.title
        label = f"{query.pattern} (erasure)"
        table = self._find_target(pattern)
        own = self.oracle.table_of(pattern.entity)
        if not self.rows.tables.get(own) or own not in self.tables:
            return Served(label, title, "", "", None, "not run", f"{pattern.entity} could not be filled")
        row = max(self.oracle.list_rows(pattern.entity), key=lambda one: self.oracle.count_referring(own, one))
        key = self.designed[own].primary_key
        personal = [
            column
            for column, one in self.designed[own].columns.items()
            if one.field
            and (field := self.model.fields(pattern.entity).get(one.field)) is not None
            and field.personal
            and column not in key
        ]
        try:
            with self.session.undone():
                for one in steps:
                    named = {
                        each.name: self.session.write(
                            row.get(each.name, row.get(each.column)), self._columns[own].get(each.name)
                        )
                        for each in one.parameters
                    }
                    named |= {
                        each.parameter: _compose(each, row)
                        for each in list_values(one.planned)
                        if each.members and each.parameter
                    }
                    self.session.run(one.sql, named)
                after = self._read(own)
                count = self.oracle.count_referring(table, row)
        except Exception as error:
            refusal = self.session.read_error(error)
            if refusal is None:
                raise
            return Served(label, title, "", "", None, "failed", f"it is refused: {refusal.message}")
        before = self._settle(own, [row])
        mark = next(iter(before))
        kept = [
            one
            for one in personal
            if mark in after and before[mark][one] is not None and after[mark][one] == before[mark][one]
        ]
        if kept:
            return Served(label, title, "", "", 1, "failed", f"{', '.join(kept)} of {own} stay as they were")
        if len(after) < len(self.rows.tables[own]) - 1:
            return Served(label, title, "", "", 1, "failed", f"other rows of {own} go along")
        told = "the row stays, and nothing personal is left in it" if mark in after else "the row goes"
        text = f"{told}; {count} rows referred to it; {len(steps)} statements in this order, undone"
        return Served(label, title, "", "", 1, "passed", text)

    def _find_target(self, pattern: AccessPattern) -> str:
        """The table whose row goes: that of what the entity extends, as its own goes along."""
        found = [self.model.places.find_table(one) for one in self.model.inheritance.list_ancestry(pattern.entity)]
        return next((one for one in reversed(found) if one in self.tables and one is not None), "")

    # -- a new row

    def _create(self, query: Query, label: str, table: str) -> Served:
        title, spare = self.session.title, self.rows.spares.get(table)
        if spare is None:
            text = f"no further row of {table} fulfils its constraints in the sample"
            return Served(label, title, "", "", None, "not run", text)
        values = {
            one.name: self.session.write(spare.get(one.column), self._columns[one.table][one.column])
            for one in query.parameters
        }
        given = {one.column for one in query.parameters}
        with self.session.undone():
            count = self.session.run(query.sql, values)
            after = self._read(table)
        before = self._settle(table, self.rows.tables[table])
        self._compare_untouched(table, before, after, set())
        added = [row for mark, row in after.items() if mark not in before]
        if len(added) != 1:
            raise Fault(f"{len(added)} rows are added, one is meant")
        self._compare_row(table, spare, added[0], given)
        return Served(
            label, title, "", "", count, "passed", f"a row is inserted into {table} with the values given, and undone"
        )

    def _upsert(self, query: Query, label: str, table: str) -> Served:
        """A row that is not there is made; one that is there is changed, by a later moment and not by an earlier one."""
        made = self._create(query, label, table)
        if made.verdict != "passed":
            return made
        about, row = query.planned, self.rows.tables[table][0]
        on = {one.column for one in about.on}
        moments = {one.left.column for one in about.conditions if hasattr(one, "left")}
        for hours in (1, -1) if moments else (1,):
            spare = self.rows.spares[table] or {}
            change = {one.column.column: spare.get(one.column.column) for one in about.changes}
            change |= {name: row[name] + datetime.timedelta(hours=hours) for name in moments}
            new = {**row, **change}
            values = {
                one.name: self.session.write(new.get(one.column), self._columns[one.table][one.column])
                for one in query.parameters
            }
            with self.session.undone():
                self.session.run(query.sql, values)
                after = self._read(table)
            wanted = new if hours > 0 else row
            mark = self._mark(table, next(iter(self._settle(table, [row]).values())))
            if mark not in after or len(after) != len(self.rows.tables[table]):
                raise Fault(f"a row with the same {', '.join(sorted(on))} is not the one that is changed")
            self._compare_row(table, wanted, after[mark], on | set(change))
        told = "; an earlier moment changes nothing" if moments else ""
        text = f"a row is made in {table} where there is none, and changed where there is{told}; each is undone"
        return Served(label, self.session.title, "", "", 1, "passed", text)

    # -- rows that are there

    def _change(self, query: Query, pattern: AccessPattern, label: str, table: str) -> Served:
        title = self.session.title
        news = [one for one in query.parameters if one.name.startswith("new_")]
        rest = [one for one in query.parameters if not one.name.startswith("new_")]
        # what was read with the row is compared with it: its version
        held = [one for one in rest if one.source == "caller" and not self._is_asked(pattern, one)]
        asked = [one for one in rest if one not in held]
        guards = [one.predicate for one in getattr(query.planned, "guards", ())]
        chosen = self._choose(pattern, table, guards)
        if chosen is None:
            missing = (
                "no row in the sample is in the state that it starts from"
                if guards
                else "no row has a value in every field that is asked by"
            )
            return Served(label, title, "", "", None, "not run", missing)
        given, found = chosen
        values = self.reads.bind(asked, pattern, given)
        targets = [one for row in found for one in [self._reach(pattern.entity, row, table)] if one is not None]
        change: Row = {}
        if news:
            change = self._find_change(table, targets, [one.column for one in news])
            values |= {
                one.name: self.session.write(change.get(one.column), self._columns[table][one.column]) for one in news
            }
        if targets:
            values |= {
                one.name: self.session.write(targets[0].get(one.column), self._columns[table][one.column])
                for one in held
            }
        moved = self._add_effects(query, table, change) if targets else {}
        # whatever is moved by what the caller says, one is said
        values |= {one.name: 1 for one in held if any(each.value.parameter == one.name for each in _list_moves(query))}
        plan = self.planner.explain(query, query.sql, values)
        meant = "" if pattern.many or len(targets) == 1 else f"changes {len(targets)} rows, one is meant"
        refusing = self.oracle.refusing_keys(table, targets[0]) if query.kind == "delete" else []
        try:
            with self.session.undone():
                count = self.session.run(query.sql, values)
                left = {name: self._read(name) for name in self._list_touched(table, query.kind)}
        except Exception as error:
            refusal = self.session.read_error(error)
            if refusal is None:
                raise
            if refusing:
                told = "; ".join(
                    self._explain_refusal(name, key, one, targets[0], table) for name, key, one in refusing
                )
                raise Fault("; ".join(one for one in (meant, f"it is refused: {told}") if one)) from None
            raise Fault("; ".join(one for one in (meant, f"it is refused: {refusal.message}") if one)) from None
        if refusing:
            raise Fault(f"it was accepted, though rows refer to it by {', '.join(key for _, key, _ in refusing)}")
        if meant:
            raise Fault(meant)
        if query.kind == "delete":
            self._compare_removal(table, targets, left)
        else:
            self._compare_change(table, targets, change, left[table], moved)
        tried = self._try_guards(query, pattern, table, values, targets[0]) if targets else ""
        if plan.verdict == "failed":
            return Served(label, title, plan.index, plan.line, count, "failed", plan.text)
        done = "the row is changed" if query.kind == "update" else "the row goes"
        text = f"{done} and no other{tried}, and it is undone; {plan.text}"
        return Served(label, title, plan.index, plan.line, count, plan.verdict, text)

    def _try_guards(
        self, query: Query, pattern: AccessPattern, table: str, values: Mapping[str, Any], target: Row
    ) -> str:
        """Break what guards a change, as the plan states it: twice from one reading, and in a state that it does not start from."""
        guards = getattr(query.planned, "guards", ())
        told: list[str] = []
        if any(one.kind == "version" for one in guards):
            with self.session.undone():
                self.session.run(query.sql, values)
                if self.session.run(query.sql, values):
                    raise Fault("a second change from the same reading is taken, and the first is lost")
            told.append("a second one from the same reading is not taken")
        states = [one.predicate for one in guards if one.kind == "state" and not pattern.many]
        if states:
            wrong = next(
                (
                    row
                    for row in self.oracle.list_rows(pattern.entity)
                    for there in [self._reach(pattern.entity, row, table)]
                    if there is not None and not all(_holds(one, there) for one in states)
                ),
                None,
            )
            names = pattern.by or tuple(self._key_fields(pattern))
            if wrong is not None:
                given = Given(
                    {one: v for one in names if (v := self.oracle.read(pattern.entity, wrong, one)) is not None},
                    now=NOW,
                )
                asked = [one for one in query.parameters if one.name in values and self._is_asked(pattern, one)]
                other = {**values, **self.reads.bind(asked, pattern, given)}
                there = self._reach(pattern.entity, wrong, table) or wrong
                # with the version that this row has, so that nothing but its state refuses it
                other |= {
                    one.name: self.session.write(there.get(one.column), self._columns[table][one.column])
                    for one in query.parameters
                    if one.name in values
                    and one not in asked
                    and one.source == "caller"
                    and not one.name.startswith("new_")
                }
                if len(self.oracle.find(replace(pattern, where=()), given)) == 1:
                    with self.session.undone():
                        count = self.session.run(query.sql, other)
                    if count:
                        raise Fault("it is taken in a state that it does not start from")
                    told.append("none in another state")
        return "".join(f", {one}" for one in told)

    def take_twice(self, query: Query) -> Served | None:
        """A step that takes an amount where enough is left: all that is left is taken, and then nothing more is."""
        about = query.planned
        taken = [one for one in getattr(about, "assignments", ()) if one.value.sign and one.value.parameter]
        if not any(one.kind == "amount" for one in getattr(about, "guards", ())) or len(taken) != 1:
            return None
        table, amount = about.table, taken[0].value.parameter
        label = f"{query.pattern} ({query.purpose})"
        numbers = [
            name for name, one in self.designed[table].columns.items() if one.type in ("int", "bigint", "smallint")
        ]
        for row in self.rows.tables.get(table, ()):
            there = [row[name] for name in numbers if row.get(name) is not None]
            found = {*there, *(a - b for a in there for b in there)}
            left = sorted((one for one in found if 0 < one < 10**9), reverse=True)
            for number in left:
                values = {
                    one.name: number
                    if one.name == amount
                    else self.session.write(row.get(one.column), self._columns[one.table][one.column])
                    for one in query.parameters
                    if one.table == table
                }
                if len(values) < len(query.parameters):
                    return None
                with self.session.undone():
                    count, again = self._count(query.sql, values), 0
                    if count == 1:
                        again = self._count(query.sql, values)
                if count != 1:
                    continue
                if again:
                    told = f"{number} of {table} are taken twice, though they are there once"
                    return Served(label, self.session.title, "", "", again, "failed", told)
                told = f"all that is left of {table} is taken once, and not a second time; undone"
                return Served(label, self.session.title, "", "", count, "passed", told)
        return None

    def _count(self, sql: str, values: Mapping[str, Any]) -> int:
        """How many rows a statement changes; none where a check of the table, which stands behind its condition, refuses."""
        try:
            return self.session.run(sql, values)
        except Exception as error:
            if self.session.read_error(error) is None:
                raise
            return 0

    def _explain_refusal(self, name: str, key: str, one: ForeignKey, row: Row, table: str) -> str:
        count = len(
            self.oracle.look_up(
                name, one.columns, tuple(row.get(c) for c in one.referenced or self.designed[table].primary_key)
            )
        )
        rows = f"{count} rows" if count != 1 else "a row"
        return f"{rows} of {name} refer to it by {key} (on delete {one.on_delete})"

    def _is_asked(self, pattern: AccessPattern, one: Parameter) -> bool:
        """Whether a parameter is one that the pattern is asked by."""
        fields = (*pattern.by, *([pattern.range] if pattern.range else []))
        places = [self.model.places.find_field(pattern.entity, name) for name in fields or self._key_fields(pattern)]
        return any(place is not None and place.table == one.table and one.column in place.columns for place in places)

    def _add_effects(self, query: Query, table: str, change: Row) -> dict[str, int]:
        """Add what the statement sets besides the values given: constants, the moment. Gives by how much it moves what is there."""
        moved: dict[str, int] = {}
        if not isinstance(query.planned, Update):
            return moved
        for one in query.planned.assignments:
            name, value = one.column.column, one.value
            kind = self.designed[table].columns[name].type
            if value.parameter.startswith("new_"):
                continue
            if value.name == "now":
                change[name] = NOW.date() if kind == "date" else NOW
            elif value.name == "missing":
                change[name] = None
            elif value.sign and (value.source == "constant" or value.source == "caller"):
                by = int(value.name) if value.source == "constant" else 1
                moved[name] = by if value.sign == "+" else -by
            elif value.source == "constant":
                change[name] = _read_constant(value.name, kind)
        return moved

    def _choose(
        self, pattern: AccessPattern, table: str, guards: Sequence[Predicate] = ()
    ) -> tuple[Given, list[Row]] | None:
        """What is given, and the rows that are meant by it: those that others refer to, and many rather than few."""
        best: tuple[tuple[int, int], Given, list[Row]] | None = None
        groups: dict[Any, list[Row]] = {}
        for row in self.oracle.list_rows(pattern.entity):
            if pattern.by:
                by = [self.oracle.read(pattern.entity, row, one) for one in pattern.by]
                if any(one is None or None in one for one in by):
                    continue
                mark: Any = repr(by)
            else:
                mark = self.oracle.key(pattern.entity, row)
            groups.setdefault(mark, []).append(row)
        for rows in groups.values():
            target = self._reach(pattern.entity, rows[0], table)
            if target is None or not all(_holds(one, target) for one in guards):
                continue
            rank = (len(rows), self.oracle.count_referring(table, target))
            if best is None or rank > best[0]:
                names = pattern.by or (() if pattern.many else tuple(self._key_fields(pattern)))
                given = Given(
                    {one: v for one in names if (v := self.oracle.read(pattern.entity, rows[0], one)) is not None},
                    now=NOW,
                )
                best = rank, given, rows
        if best is None:
            return None
        given = best[1]
        if (pattern.range or pattern.where) and not guards:
            found = self.reads.choose(pattern)
            given = found[0] if found else given
        return given, self.oracle.find(pattern, given)

    def _key_fields(self, pattern: AccessPattern) -> list[str]:
        table = self.designed[self.oracle.table_of(pattern.entity)]
        fields = [table.columns[one].field or one for one in table.primary_key]
        return list(dict.fromkeys(fields))

    def _reach(self, entity: str, row: Row, table: str) -> Row | None:
        """The row of a table of the entity, or of what it extends, that belongs to a row of the entity."""
        at, here = self.oracle.table_of(entity), row
        for name in self.model.inheritance.list_ancestry(entity)[1:]:
            if at == table:
                break
            there = self.model.places.find_table(name)
            key = next((one for one in self.designed[at].foreign_keys.values() if one.references == there), None)
            parent = self.oracle.parent(key, here) if key is not None else None
            if key is None or parent is None:
                return None
            at, here = key.references, parent
        return here if at == table else None

    def _find_change(self, table: str, targets: Sequence[Row], columns: Sequence[str]) -> Row:
        """New values for a row that fulfil what the table asks, out of another one."""
        record, row = self.designed[table], targets[0]
        checks = [one.condition for one in record.checks.values() if one.condition]
        sets = [one.columns for one in record.uniques.values() if not one.where]
        sets += [
            tuple(c.lstrip("-") for c in one.columns) for one in record.indexes.values() if one.unique and not one.where
        ]
        partial = list_partial_uniques(record)
        spare = self.rows.spares.get(table)
        occupied = Occupied(record, self.rows.tables[table] if record.exclusions else ())
        others = [*([spare] if spare is not None else []), *self.rows.tables[table][:100]]
        for other in others:
            change = make_change(self.designed, table, row, other, columns)
            after = {**row, **change}
            if not judge(checks, after):
                continue
            is_taken = any(
                all(after.get(c) is not None for c in one)
                and any(r is not row and all(r.get(c) == after.get(c) for c in one) for r in self.rows.tables[table])
                for one in sets
                if set(one) & set(change)
            ) or any(
                judge([where], after)
                and any(
                    r is not row and all(r.get(c) == after.get(c) for c in one) and judge([where], r)
                    for r in self.rows.tables[table]
                )
                for one, where in partial
            )
            if not is_taken and occupied.find(after, besides=row) is None:
                return change
        return make_change(self.designed, table, row, row, columns)

    # -- what is left

    def _list_touched(self, table: str, kind: str) -> list[str]:
        """The tables that a write may touch: its own, and those that a removal reaches over foreign keys."""
        if kind != "delete":
            return [table]
        found, ends = {table: None}, [table]
        while ends:
            for name, _ in self.oracle.schema.list_referring(ends.pop()):
                if name in self.tables and name not in found:
                    found[name] = None
                    ends.append(name)
        return [name for name in found if self.rows.tables.get(name)]

    def _read(self, table: str) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The rows of a table as the engine has them, by key."""
        import sqlalchemy as sa

        columns = self._columns[table]
        text = str(sa.select(*columns.values()).compile(dialect=make_dialect(self.session.dialect)))
        planned = self.designed[table].columns
        rows = [
            {name: self.session.read(value, planned[name]) for name, value in zip(columns, row, strict=True)}
            for row in self.session.fetch(text)
        ]
        return {self._mark(table, row): row for row in rows}

    def _settle(self, table: str, rows: Sequence[Row]) -> dict[tuple[Any, ...], dict[str, Any]]:
        planned = self.designed[table].columns
        found = [{name: settle(row.get(name), one) for name, one in planned.items()} for row in rows]
        return {self._mark(table, row): row for row in found}

    def _mark(self, table: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
        record = self.designed[table]
        return tuple(row[one] for one in record.primary_key or tuple(record.columns))

    def _compare_untouched(
        self,
        table: str,
        before: Mapping[Any, Mapping[str, Any]],
        after: Mapping[Any, Mapping[str, Any]],
        meant: Collection[Any],
    ) -> None:
        for mark, row in before.items():
            if mark in meant:
                continue
            if mark not in after:
                raise Fault(f"another row of {table} is gone: {mark}")
            self._compare_row(table, row, after[mark], set(row), "another row is changed: ", is_settled=True)

    def _compare_row(
        self, table: str, wanted: Mapping[str, Any], got: Mapping[str, Any], columns: Collection[str], told: str = "",
        *, is_settled: bool = False,
    ) -> None:  # fmt: skip
        for name in columns:
            planned = self.designed[table].columns[name]
            value = wanted.get(name) if is_settled else settle(wanted.get(name), planned)
            if value != got[name] and not (
                isinstance(value, float) and abs(value - got[name]) < 1e-9 * max(1.0, abs(value))
            ):
                raise Fault(f"{told}{table}.{name} is {got[name]!r} where {value!r} is right")

    def _compare_change(
        self,
        table: str,
        targets: Sequence[Row],
        change: Row,
        after: Mapping[Any, Mapping[str, Any]],
        moved: Mapping[str, int],
    ) -> None:
        before = self._settle(table, self.rows.tables[table])
        meant = set(self._settle(table, targets))
        self._compare_untouched(table, before, after, meant)
        for target in targets:
            wanted = {**target, **change, **{name: (target.get(name) or 0) + by for name, by in moved.items()}}
            mark = self._mark(table, next(iter(self._settle(table, [wanted]).values())))
            if mark not in after:
                raise Fault(f"the row of {table} that was to be changed is gone")
            self._compare_row(table, wanted, after[mark], set(wanted) & set(self.designed[table].columns))

    def _compare_removal(
        self, table: str, targets: Sequence[Row], left: Mapping[str, Mapping[Any, Mapping[str, Any]]]
    ) -> None:
        gone: set[tuple[str, int]] = set()
        changed: dict[tuple[str, int], Row] = {}
        for target in targets:
            went, became = self.oracle.remove(table, target)
            gone |= went
            changed |= became
        for name, after in left.items():
            kept = [changed.get((name, id(row)), row) for row in self.rows.tables[name] if (name, id(row)) not in gone]
            expected = self._settle(name, kept)
            more = [mark for mark in after if mark not in expected]
            if more:
                raise Fault(f"{len(more)} rows of {name} are left that should have gone")
            self._compare_untouched(name, expected, after, set())


def _list_moves(query: Query) -> list[Assignment]:
    """What a statement adds to, or takes from, what is there."""
    return [one for one in query.planned.assignments if one.value.sign] if isinstance(query.planned, Update) else []


def _read_constant(text: str, kind: str) -> Any:
    """A constant of the design as a value of a column's type."""
    if kind == "bool":
        return text in ("true", "1")
    if kind in ("int", "bigint", "smallint", "key"):
        return int(text)
    return Decimal(text) if kind in ("decimal", "money", "float") else text


def _compose(value: Value, row: Row) -> str:
    """What is made of several values of a row: the key of a message, or its body."""
    parts = {one.name: one.value.name if one.value.source == "constant" else row[one.name] for one in value.members}
    if value.name == "message":
        return json.dumps(parts, default=str)
    return ",".join(str(one) for one in parts.values())


def _holds(predicate: Predicate, row: Row) -> bool:
    """Whether a row is as a guard asks, as far as the row alone tells."""
    if isinstance(predicate, Among):
        return row.get(predicate.left.column) in {one.name for one in predicate.values}
    if isinstance(predicate, Condition) and predicate.operator == ">=" and predicate.value.source == "caller":
        left = row.get(predicate.left.column)
        return left is not None and left >= 1
    if isinstance(predicate, Missing):
        return (row.get(predicate.left.column) is None) != predicate.is_present
    if isinstance(predicate, AnyOf):
        return any(isinstance(one, Missing) and _holds(one, row) for one in predicate.parts)
    return True


def read_counts(plan: Plan, tables: Mapping[str, Table]) -> dict[str, float]:
    """The rows of each table as the design counts them."""
    return {name: plan.facts[fact].base if (fact := TABLE_ROWS.of(name)) in plan.facts else 1000.0 for name in tables}
