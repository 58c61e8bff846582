"""Whole writes with their steps: every statement is run in its order over the sample, and what all of them leave is compared with
what the access pattern says: rows made along, counters moved, totals, messages to third parties, and nothing else.
"""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archnb.export.queries import Query
from archnb.planned.entities import AccessPattern
from archnb.planned.statements import Delete, Insert, Read, Statement, Update, Value, list_values
from archnb.verify.effects import Effects, Left
from archnb.verify.lookups import NOW, Fault
from archnb.verify.proof import Served
from archnb.verify.rows import Row
from archnb.verify.writes import Writes

if TYPE_CHECKING:
    from archnb.plan import Plan

# how many rows of the sample are tried until one has what the steps need
TRIED = 60


class TooLittleError(Exception):
    """The row at hand is not one that the write can be done to: a guard refuses it."""


class StepProof:
    """Runs writes with steps, one transaction each, undone."""

    def __init__(self, plan: Plan, writes: Writes) -> None:
        self.plan, self.writes = plan, writes
        self.session, self.rows, self.designed, self.oracle = (
            writes.session,
            writes.rows,
            writes.designed,
            writes.oracle,
        )
        self.effects = Effects(plan, writes.oracle)

    def run(self, pattern: AccessPattern, queries: Sequence[Query]) -> Served | None:
        """What came of a write with its steps; None of one that has none."""
        statements = [one.planned for one in queries]
        steps = [one for one in statements if getattr(one, "purpose", "") not in ("", "delete")]
        if not steps or pattern.is_read:
            return None
        name, title = queries[0].pattern, self.session.title
        label = f"{name} (with its steps)"
        if any(not value.origin for one in steps for value in list_values(one) if _is_open(value)):
            open_ones = [one.purpose for one in steps for value in list_values(one) if _is_open(value)]
            text = f"{open_ones[0]}: which row it is, the program has to find"
            return Served(label, title, "", "", None, "not run", text)
        why, refused, own = "the sample has no row to do it with", "", self.oracle.table_of(pattern.entity)
        for main in itertools.islice(self._list_candidates(pattern), TRIED):
            for items in self._list_items(pattern.entity, statements):
                try:
                    left = self._try(pattern, queries, main, items)
                except TooLittleError as error:
                    why = str(error)
                    continue
                except Fault as fault:
                    return Served(label, title, "", "", None, "failed", str(fault))
                except Exception as error:
                    refusal = self.session.read_error(error)
                    if refusal is None:
                        raise
                    why = refusal.message
                    refused = refused or (why if pattern.kind == "create" and main is self.rows.spares.get(own) else "")
                    continue
                fault_text = self.effects.find_fault(pattern, left)
                if fault_text:
                    return Served(label, title, "", "", None, "failed", fault_text)
                told = ", ".join(self.effects.describe(pattern))
                text = f"{len(queries)} statements in one transaction leave what is said: {told}; undone"
                return Served(label, title, "", "", len(queries), "passed", text)
        if refused:
            # a row that fulfils every constraint by itself is refused with its steps
            return Served(label, title, "", "", None, "failed", f"it is refused: {refused}")
        return Served(label, title, "", "", None, "not run", f"tried on {TRIED} rows at most: {why}")

    # -- what it is done with

    def _list_candidates(self, pattern: AccessPattern) -> Iterator[Row]:
        """The rows of the entity's table that are made, or that may be changed."""
        table = self.oracle.table_of(pattern.entity)
        if pattern.kind == "create":
            spare = self.rows.spares.get(table)
            others = self.rows.tables.get(table, [])
            if spare is not None:
                yield spare
                # with what other rows refer to, as the spare's own accounts may be empty
                record = self.designed[table]
                keys = {*record.primary_key, *(column for one in record.uniques.values() for column in one.columns)}
                keys |= {column.lstrip("-") for one in record.indexes.values() if one.unique for column in one.columns}
                for row in others:
                    yield {**row, **{name: spare.get(name) for name in keys}}
            return
        yield from self.rows.tables.get(table, [])

    def _list_items(self, entity: str, statements: Sequence[Statement]) -> Iterator[dict[str, list[Row]]]:
        """Items for the arrays of the body: rows like those that are there, of different things."""
        reads = {one.name for one in statements if isinstance(one, Read) and one.rows == "many" and one.name}
        embeds = {one.name: one.entity for one in self.writes.model.properties.embeds(entity).values()}
        names = dict.fromkeys(one.each for one in statements if isinstance(one, Insert | Update | Read) and one.each)
        arrays = {one: self.writes.model.places.find_table(embeds[one]) or "" for one in names if one not in reads}
        if not arrays:
            yield {}
            return
        for start in range(0, 12, 2):
            found: dict[str, list[Row]] = {}
            for each, table in arrays.items():
                rows = self.rows.tables.get(table, [])
                chosen: dict[Any, Row] = {}
                for row in rows[start:]:
                    mark = tuple(
                        row.get(name) for key in self.designed[table].foreign_keys.values() for name in key.columns[-1:]
                    )
                    chosen.setdefault(mark[-1:], self._shrink(table, row))
                    if len(chosen) == 2:
                        break
                found[each] = list(chosen.values())
            if all(found.values()):
                yield found

    def _shrink(self, table: str, row: Row) -> Row:
        """A row that asks for one of whatever it asks for."""
        column = self.effects.find_amount_column(table)
        return {**row, column: 1} if column and isinstance(row.get(column), int) else row

    # -- doing it

    def _try(self, pattern: AccessPattern, queries: Sequence[Query], main: Row, items: Mapping[str, list[Row]]) -> Left:
        table = self.oracle.table_of(pattern.entity)
        touched = list(dict.fromkeys(one.planned.table for one in queries))
        before = {name: self.writes._settle(name, self.rows.tables.get(name, [])) for name in touched}
        run = _Run(self, table, dict(main), items)
        with self.session.undone():
            # rows that the sample has no more, as of messages, are counted from what the engine has
            before = {name: self.writes._read(name) for name in touched} if self._is_changed(touched) else before
            for each, group in itertools.groupby(queries, key=lambda one: getattr(one.planned, "each", "")):
                statements = list(group)
                for item in run.list_items(each):
                    run.take(each, item)
                    for one in statements:
                        run.do(one)
            after = {name: self.writes._read(name) for name in touched}
        if run.read and not any(run.read.values()):
            raise TooLittleError(f"no rows belong to the {pattern.entity}")
        return Left(
            table=table,
            main={**next(iter(self.writes._settle(table, [main]).values())), **run.rows.get(table, {})},
            items=run.list_done(),
            before=before,
            after=after,
        )

    def _is_changed(self, tables: Sequence[str]) -> bool:
        """Whether the engine may hold other rows than the sample: where it refused some."""
        return any(name not in self.rows.tables for name in tables)


class _Run:
    """One write at work: the rows that its statements gave, and the item at hand."""

    def __init__(self, proof: StepProof, table: str, main: Row, items: Mapping[str, list[Row]]) -> None:
        self.proof, self.table, self.main, self.items = proof, table, main, items
        self.rows: dict[str, Row] = {table: main}
        self.read: dict[str, list[Row]] = {}
        self.item: Row = {}

    def list_items(self, each: str) -> list[Row]:
        """For what a group of statements is run."""
        if not each:
            return [{}]
        return self.read[each] if each in self.read else self.items.get(each, [])

    def list_done(self) -> dict[str, list[Row]]:
        """The items of the body, and the rows that stood for items."""
        return {**self.items, **self.read}

    def take(self, each: str, item: Row) -> None:
        """Turn to an item."""
        if each in self.read:
            self.rows[each] = item
        else:
            self.item = item

    def do(self, query: Query) -> None:
        """Run one statement."""
        session, about = self.proof.session, query.planned
        values = {}
        for value in list_values(about):
            if value.parameter and value.parameter not in values:
                column = self.proof.writes._columns[value.like.table][value.like.column]
                values[value.parameter] = session.write(self.find(value, about), column)
        if isinstance(about, Read):
            found = session.fetch(query.sql, values)
            if about.name:
                kinds = self.proof.designed[about.table].columns
                rows = [
                    {
                        one.column.column: session.read(cell, kinds[one.column.column])
                        for one, cell in zip(about.columns, row, strict=True)
                    }
                    for row in found
                ]
                if about.rows == "one" and not rows:
                    raise TooLittleError(f"{about.purpose}: no row in the sample has enough left")
                self.read.update({about.name: rows} if about.rows == "many" else {})
                self.rows.update({about.name: rows[0]} if rows else {})
            return
        known = set(self.proof.writes._read(about.table)) if isinstance(about, Insert) and about.keys else set()
        count = session.run(query.sql, values)
        if isinstance(about, Insert):
            self._keep(about, values, known)
        elif count == 0 and isinstance(about, Update | Delete) and about.guards:
            raise TooLittleError(about.guards[0].reason)

    def _keep(self, about: Insert, values: Mapping[str, Any], known: set[Any]) -> None:
        """Keep the row that was added, as the engine has it."""
        after = self.proof.writes._read(about.table)
        if about.keys:
            mark = next((one for one in after if one not in known), None)
        else:
            given = {one.column.column: self.find(one.value, about) for one in about.assignments if one.value.parameter}
            settled = {**dict.fromkeys(self.proof.designed[about.table].columns), **given}
            mark = next(iter(self.proof.writes._settle(about.table, [settled])))
        if mark in after:
            row = dict(after[mark])
            self.rows[about.table] = row

    def find(self, value: Value, about: Statement) -> Any:
        """A plain value, from where the plan says that it comes."""
        if value.members:
            parts = {
                one.name: one.value.name if one.value.source == "constant" else self.find(one.value, about)
                for one in value.members
            }
            plain = {name: part if isinstance(part, int | str) else str(part) for name, part in parts.items()}
            return (
                json.loads(json.dumps(plain))
                if value.name == "message"
                else ",".join(str(one) for one in plain.values())
            )
        if value.source == "row" and value.origin:
            name, _, column = value.origin.partition(".")
            return self.rows[name].get(column)
        name = value.name.removeprefix("new_")
        if value.origin:
            return self.item.get(name, self.item.get(value.like.column))
        if value.source == "server" and value.name == "now":
            kind = self.proof.designed[value.like.table].columns[value.like.column].type
            moment = NOW + datetime.timedelta(seconds=value.offset)
            return moment.date() if kind == "date" else moment
        if value.like.table == self.table and value.like.column in self.main:
            return self.main[value.like.column]
        if name in self.main and value.source in ("caller", "token"):
            return self.main[name]
        spare = self.proof.rows.spares.get(value.like.table) or {}
        return spare.get(value.like.column)


def _is_open(value: Value) -> bool:
    return value.source == "row" and bool(value.parameter) and not value.members and not value.column


__all__ = ["StepProof", "TooLittleError"]
