"""One write, executed: the planned statements in their order, each with its values, in the transaction that the caller holds.

What the plan does not say is not done. A statement whose values the plan leaves to the program is not run, and that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from archnb.export.statements import Dialect
from archnb.planned import Operation
from archnb.planned.statements import (
    Column,
    Condition,
    Delete,
    Guard,
    Insert,
    Output,
    Predicate,
    Read,
    Statement,
    Update,
    Upsert,
    list_values,
)
from archnb.serve.binding import Binding, OpenError
from archnb.serve.permissions import Permissions
from archnb.serve.problems import Refused
from archnb.serve.records import Record, Records
from archnb.serve.requests import Request

Json = Any


class Execution:
    """Runs the statements of one operation for one request.

    found: the records that it is about, as they were before. written: whether a row was added, or one changed.
    """

    def __init__(
        self,
        operation: Operation,
        request: Request,
        records: Records,
        permissions: Permissions,
        tell: Callable[[str], None],
    ) -> None:
        self.operation, self.request, self.records, self.permissions = operation, request, records, permissions
        self.tell = tell
        self.entity = operation.contract.entity
        self.binding = Binding(records, operation.contract, request)
        self.making = Dialect(records.database.dialect, records.tables, records.schema)
        self.read: dict[str, list[dict[str, Json]]] = {}
        # the values by which a row was inserted or changed: the columns of the row that it became
        self.key: dict[tuple[str, str], Any] = {}
        # whether an upsert found no row, and made one
        self.is_made = False

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What the plan runs."""
        return self.operation.statements

    # -- which rows it is about

    def find_main(self) -> Update | Delete | None:
        """The statement that changes the row which the operation is about; None of one that makes a row."""
        own = [one for one in self.statements if isinstance(one, Update | Delete) and one.purpose in ("", "delete")]
        return own[0] if own else None

    def find_records(self, *, may: Callable[[Record], bool]) -> list[Record]:
        """The records that it is about and that the caller may be at, locked until the transaction ends.

        One that is not the caller's is told like one that is not there, so that nobody learns what others have (RFC 9110,
        section 15.5.4). Raises Refused where there is none.
        """
        main = self.find_main()
        if main is None:
            keys = self.records.model.keys.fields(self.entity)
            given = {one: self.binding.sent[one] for one in keys if one in self.binding.sent}
            found = self.records.find(self.entity, given) if given else []
        else:
            guards = [one.predicate for one in main.guards]
            conditions = tuple(one for one in main.conditions if one not in guards)
            columns = self.records.schema.tables[main.table].primary_key
            rows = self._select(main, conditions, columns)
            found = [
                record
                for row in rows
                for record in self.records.select(
                    self.entity, {(main.table, name): value for name, value in zip(columns, row, strict=True)}
                )
            ]
        found = [one for one in found if may(one)]
        if not found:
            raise Refused("not_found", f"there is no such {self.entity}")
        return found

    def _select(
        self, about: Update | Delete, conditions: tuple[Predicate, ...], columns: Sequence[str]
    ) -> list[tuple[Any, ...]]:
        """Columns of the rows of a statement's table that fulfil some conditions, locked."""
        outputs = tuple(
            Output(column=Column(table=about.table, column=one, source=about.table), label=one) for one in columns
        )
        read = Read(
            table=about.table, source=about.table, columns=outputs, conditions=conditions, lock="update", purpose="find"
        )
        values = self.binding.bind(list_values(read), about.entity)
        self.making.begin()
        return self.records.fetch(self.making.select(read), values)

    # -- running

    def run(self, record: Record | None = None) -> None:
        """Run every statement. record: the one that it is about, None where it is made."""
        if record is not None:
            self._keep_record(record)
        for each, group in groupby(self.statements, key=_find_each):
            statements = list(group)
            if not each:
                for one in statements:
                    self._run(one)
                continue
            for item in self._list_items(each):
                if each in self.read:
                    self.binding.rows[each] = item
                else:
                    self.binding.item = item
                for one in statements:
                    self._run(one)

    def _list_items(self, each: str) -> list[Any]:
        """The items of an array of the body, or the rows of a read: in one order for everybody, so that no two wait for each other."""
        if each in self.read:
            return self.read[each]
        items = (self.request.body or {}).get(each) or []
        return sorted(items, key=lambda one: [str(one[name]) for name in sorted(one) if name.endswith("_id")])

    def _keep_record(self, record: Record) -> None:
        """What other statements may take of the row that is there."""
        for table in self.records.chain(self.entity):
            self.binding.rows[table] = {
                cell.name: record[name].get(cell.part) if cell.part and record[name] else record[name]
                for name in record
                for cell in self.records.cells(self.entity, name)
                if cell.table == table
            }

    def _run(self, one: Statement) -> None:
        try:
            if isinstance(one, Read):
                self._run_read(one)
            elif isinstance(one, Insert):
                self._run_insert(one)
            elif isinstance(one, Upsert):
                self._run_upsert(one)
            else:
                self._run_change(one)
        except OpenError as error:
            what = one.purpose or f"{one.kind} {one.table}"
            self.tell(f"{self.operation.name}: {what} is not done: the plan leaves {error} to the program")

    def _run_read(self, one: Read) -> None:
        values = self.binding.bind(list_values(one), one.entity)
        self.making.begin()
        rows = self.records.fetch(self.making.select(one), values)
        if not one.name:
            return
        names = [each.column.column for each in one.columns]
        kept = []
        for row in rows:
            self.binding.keep(one.name, names, one.table, row)
            kept.append(self.binding.rows[one.name])
        if one.rows == "many":
            self.read[one.name] = kept
        elif kept:
            self.binding.rows[one.name] = kept[0]
        else:
            raise self._refuse_amount(f"{one.purpose}: no row has enough left")

    def _run_insert(self, one: Insert) -> None:
        values = self.binding.bind(list_values(one), one.entity)
        self.making.begin()
        statement = self.making.insert(one)
        own = self.records.tables[one.table]
        key = list(own.primary_key.columns)
        found = self.records.fetch(statement.returning(*key), values) if key else []
        if not key:
            self.records.run(statement, values)
        place = {
            (one.table, column.info["column"]): value
            for column, value in zip(key, found[0] if found else (), strict=False)
        }
        if not found and key:
            # it is there already
            sent = {
                each.column.column: values[each.value.parameter]
                for each in one.assignments
                if each.value.parameter in values
            }
            place = {(one.table, column.info["column"]): sent.get(column.info["column"]) for column in key}
        if self.records.schema.tables[one.table].role == "entity":
            self._keep_row(one.table, place)
        if not one.purpose:
            self.key.update(place)

    def _keep_row(self, table: str, place: Mapping[tuple[str, str], Any]) -> None:
        """Read a row that was added: what the engine has set is known then as well."""
        import sqlalchemy as sa

        names = list(self.records.schema.tables[table].columns)
        columns = [self.records.column(table, one) for one in names]
        where = [self.records.column(*at) == sa.literal(value) for at, value in place.items()]
        for row in self.records.fetch(sa.select(*columns).where(*where).limit(1)) if where else []:
            self.binding.keep(table, names, table, row)

    def _run_upsert(self, one: Upsert) -> None:
        values = self.binding.bind(list_values(one), one.entity)
        given = {each.column.column: each.value.parameter for each in one.assignments}
        place = {(one.table, on.column): values[given[on.column]] for on in one.on if given.get(on.column) in values}
        self.is_made = not self.records.select(self.entity, place)
        self.making.begin()
        self.records.run(self.making.upsert(one), values)
        self.key.update(place)

    def _run_change(self, one: Update | Delete) -> None:
        statement: Update | Delete = one
        if isinstance(one, Update):
            # what is not given stays as it is (RFC 7396)
            left = tuple(each for each in one.assignments if not self.binding.is_left(each.value))
            if not left:
                return
            statement = replace(one, assignments=left)
        versions = self._bind_versions(one)
        values = self.binding.bind(
            (each for each in list_values(statement) if each.parameter not in versions), one.entity
        )
        self.making.begin()
        made = self.making.write(statement)
        grant, caller = self.request.grant, self.request.caller
        is_own = one.purpose in ("", "delete")
        if is_own and grant is not None and caller is not None and grant.is_by_row and grant.table == one.table:
            made = made.where(self.permissions.condition(grant, caller, self.records.tables[one.table]))
        if self.records.run(made, {**values, **versions}) == 0 and one.guards:
            self._tell_guard(one, {**values, **versions})

    def _bind_versions(self, one: Update | Delete) -> dict[str, Any]:
        """The version that a guard compares: that of the row as it is, which is locked, and was compared with what the caller read."""
        guards = [each.predicate for each in one.guards]
        made: dict[str, Any] = {}
        for each in one.guards:
            if each.kind == "version" and isinstance(each.predicate, Condition):
                conditions = tuple(part for part in one.conditions if part not in guards)
                rows = self._select(one, conditions, [each.predicate.left.column])
                made[each.predicate.value.parameter] = rows[0][0] if rows else None
        return made

    # -- what a guard refuses

    def _tell_guard(self, one: Update | Delete, values: Mapping[str, Any]) -> None:
        """Raise what it means that a change met no row: the first guard that the row does not fulfil."""
        guards = [each.predicate for each in one.guards]
        conditions = tuple(part for part in one.conditions if part not in guards)
        key = self.records.schema.tables[one.table].primary_key
        if not self._select(one, conditions, key):
            return
        for guard in one.guards:
            # a value may be of the guard alone, so all are bound
            if guard.kind == "version" or self._select(one, (*conditions, guard.predicate), key):
                continue
            if guard.kind != "order":
                raise self._refuse(guard)
            return

    def _refuse(self, guard: Guard) -> Refused:
        if guard.kind == "amount":
            return self._refuse_amount(guard.reason)
        codes = self.operation.contract.errors
        code = next((one for one in codes if one.endswith("state_conflict")), "conflict")
        return Refused("precondition_failed" if guard.kind == "version" else code, guard.reason)

    def _refuse_amount(self, reason: str) -> Refused:
        codes = self.operation.contract.errors
        return Refused(next((one for one in codes if one.startswith("insufficient")), "conflict"), reason)


def _find_each(one: Statement) -> str:
    return getattr(one, "each", "")


__all__ = ["Execution"]
