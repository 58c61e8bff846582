"""Reads: the planned statement of an operation, with the values of the request and the condition of the caller's grant.

The rows that a caller may not see are left out by the statement itself, so that pages, their ends and their cursors are of
what the caller may see. A page is asked for one row more than it shows; the next one starts behind the last row's values.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from archnb.export.statements import Dialect
from archnb.planned import Operation
from archnb.planned.api import Contract
from archnb.planned.auth import Grant
from archnb.planned.statements import Read, Value, list_values
from archnb.serve.permissions import Permissions
from archnb.serve.problems import Fault, Refused
from archnb.serve.records import Record, Records
from archnb.serve.signing import Signer
from archnb.serve.tokens import Caller
from archnb.serve.wire import to_json

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any


class Page(NamedTuple):
    """Rows as records, and where the next page starts: the cursor, None where nothing is left."""

    records: list[Record]
    cursor: str | None


class Place(NamedTuple):
    """Where a page starts: behind these values of the order, or behind so many rows where there is no order to go by."""

    after: list[Json] | None = None
    offset: int = 0


class Reading:
    """Runs the planned reads over one database."""

    def __init__(self, plan: Plan, records: Records, permissions: Permissions, signer: Signer) -> None:
        self.plan, self.model, self.records = plan, plan.model, records
        self.permissions, self._signer = permissions, signer
        self._making = Dialect(records.database.dialect, records.tables, plan.planned.schema)

    def find_read(self, operation: Operation) -> Read | None:
        """The statement that an operation's read is; None where another store answers it."""
        procedure = self.plan.planned.statements.procedures.get(operation.contract.pattern)
        statements = procedure.statements if procedure is not None else ()
        return next((one for one in statements if isinstance(one, Read) and not one.purpose), None)

    def turn_page(
        self,
        operation: Operation,
        read: Read,
        sent: Mapping[str, Json],
        caller: Caller | None,
        grant: Grant | None,
        most: int,
    ) -> Page:
        """The page that a request asks for, of so many rows at most. Raises Refused where the cursor is not this list's."""
        statement, place, fingerprint = self._prepare(operation, read, sent, caller, grant)
        rows = self.records.fetch(statement.limit(most + 1).offset(place.offset or None))
        shown = rows[:most]
        records = [self._read_record(operation.contract.entity, read, row) for row in shown]
        if len(rows) <= most or not operation.contract.response.is_paged:
            return Page(records, None)
        following = [self._read_place(read, shown[-1]), 0] if read.following else [None, place.offset + len(shown)]
        return Page(records, self._signer.sign("cursor", [fingerprint, *following]))

    def compute(
        self,
        operation: Operation,
        read: Read,
        sent: Mapping[str, Json],
        caller: Caller | None,
        grant: Grant | None,
        most: int,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of what is computed over rows, each line by its labels."""
        statement, place, fingerprint = self._prepare(operation, read, sent, caller, grant)
        names = [one.name for one in statement.selected_columns]
        rows = self.records.fetch(statement.limit(most + 1).offset(place.offset or None))
        lines = [dict(zip(names, row, strict=True)) for row in rows[:most]]
        if len(rows) <= most:
            return lines, None
        return lines, self._signer.sign("cursor", [fingerprint, None, place.offset + len(lines)])

    def _prepare(
        self, operation: Operation, read: Read, sent: Mapping[str, Json], caller: Caller | None, grant: Grant | None
    ) -> tuple[Any, Place, str]:
        """The statement with its values and the grant's condition, where its page starts, and what its cursors are good for."""
        values = {
            name: value
            for one in list_values(read)
            if one.parameter and one.source in ("caller", "token")
            for name, value in self._bind(operation, one, sent, caller)
        }
        now = datetime.datetime.now(datetime.UTC)
        for one in list_values(read):
            if one.parameter and one.source == "server" and one.name == "now":
                at = now + datetime.timedelta(seconds=one.offset)
                cell = self.records.cell(one.like.table, one.like.column)
                values[one.parameter] = self.records.bind(
                    cell, at.date().isoformat() if cell.column.type == "date" else at.isoformat()
                )
        who = caller.name if caller is not None else ""
        asked = {name: value for name, value in values.items() if not name.startswith("now")}
        told = json.dumps([operation.name, who, asked], default=str, sort_keys=True)
        fingerprint = hashlib.sha256(told.encode()).hexdigest()[:12]
        place = self._read_cursor(sent.get("cursor"), fingerprint)
        self._making.begin()
        statement = self._making.select(read, is_next=place.after is not None)
        if place.after is not None:
            for one, value in zip(read.following, place.after, strict=True):
                cell = self.records.cell(one.like.table, one.like.column)
                values[one.parameter] = self.records.bind(cell, value)
        if grant is not None and caller is not None and grant.is_by_row:
            rows = self._making.source(read.table, read.source)
            statement = statement.where(self.permissions.condition(grant, caller, rows))
        if read.following:
            columns = [self._making.column(one.column) for one in read.order]
            statement = statement.add_columns(*(one.label(f"place_{n}") for n, one in enumerate(columns)))
        return statement.params(**values), place, fingerprint

    def _bind(
        self, operation: Operation, one: Value, sent: Mapping[str, Json], caller: Caller | None
    ) -> Iterator[tuple[str, Any]]:
        """A bind parameter with its value out of the request or the token."""
        entity, contract = operation.contract.entity, operation.contract
        cell = self.records.cell(one.like.table, one.like.column)
        if one.source == "token" or one.field in contract.own:
            given = self._read_token(entity, one, caller)
        else:
            given = self._read_sent(contract, one, sent)
        own = next((each for each in self.records.cells(entity, one.field) if each.name == cell.name), cell)
        value = given.get(own.part) if own.part and isinstance(given, Mapping) else given
        if value is None and one.parameter.endswith(("_from", "_to")):
            value = find_bound(cell.column.type, one.parameter)
        yield one.parameter, self.records.bind(cell, value)

    def _read_token(self, entity: str, one: Value, caller: Caller | None) -> Json:
        if caller is None:
            raise Refused("unauthenticated", "a token is needed", headers={"WWW-Authenticate": "Bearer"})
        if one.claim == "tenant":
            return self.records.write_key(caller.group_entity, caller.group) if caller.group else None
        if caller.entity == entity and one.field in caller.subject:
            return caller.subject[one.field]
        return self.records.write_key(caller.entity, caller.subject) if caller.subject else None

    def _read_sent(self, contract: Contract, one: Value, sent: Mapping[str, Json]) -> Json:
        if one.parameter == "search":
            # one text has to be looked up, whatever it looks like
            return str(sent.get("q", ""))
        if one.parameter in sent:
            return sent[one.parameter]
        ending = one.parameter.rpartition("_")[2]
        named = [name for name, each in contract.parameters.items() if each.field == one.field]
        ranged = [name for name in named if name.rpartition("_")[2] == ending] if ending in ("from", "to") else []
        for name in ranged or named:
            if name in sent:
                return sent[name]
        property = self.model.properties.names(contract.entity).get(one.field, one.field)
        return sent.get(property)

    def _read_cursor(self, cursor: Json, fingerprint: str) -> Place:
        if cursor is None:
            return Place()
        kept = self._signer.read("cursor", str(cursor))
        if kept is None or kept[0] != fingerprint:
            detail = "the cursor is not one that this list gave out"
            raise Refused("validation_failed", detail, [Fault("/cursor", detail, "cursor")])
        return Place(kept[1], kept[2])

    def _read_place(self, read: Read, row: tuple[Any, ...]) -> list[Json]:
        """The values of the order in a row, which stand behind its columns."""
        values = row[-len(read.order) :]
        columns = [self.records.cell(one.column.table, one.column.column).column for one in read.order]
        return [to_json(value, column) for value, column in zip(values, columns, strict=True)]

    def _read_record(self, entity: str, read: Read, row: tuple[Any, ...]) -> Record:
        raw = {
            (one.column.table, one.column.column): value
            for one, value in zip(read.columns, row, strict=False)
            if one.entity in ("", entity)
        }
        return {
            name: self.records.join(entity, name, raw)
            for name in self.model.properties.fields(entity)
            if (cells := self.records.cells(entity, name)) and all((one.table, one.name) in raw for one in cells)
        }


_DAYS = {"timestamp": ("0001-01-02T00:00:00Z", "9999-12-30T00:00:00Z"), "date": ("0001-01-01", "9999-12-31")}
_WHOLE = {"smallint": 15, "int": 31, "bigint": 63, "key": 63}


def find_bound(kind: str, parameter: str) -> Json:
    """The outermost value of a type, for the bound of a range that nobody gave."""
    is_end = parameter.endswith("_to")
    if kind in _DAYS:
        return _DAYS[kind][is_end]
    if kind in _WHOLE:
        return str(2 ** _WHOLE[kind] - 1 if is_end else -(2 ** _WHOLE[kind]))
    if kind == "time":
        return "23:59:59" if is_end else "00:00:00"
    return "100000000" if is_end else "-100000000"


__all__ = ["Page", "Reading", "find_bound"]
