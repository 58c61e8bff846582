"""The work of one operation: its statements with the values of the request, and the answer that its contract describes."""

from __future__ import annotations

import datetime
import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archnb.export.queries import Query
from archnb.planned import Operation
from archnb.serve.problems import Fault, Refused
from archnb.serve.records import Cell, Record, Records
from archnb.serve.signing import Signer
from archnb.serve.tokens import Caller
from archnb.serve.wire import to_json

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any
PAGING = ("cursor", "limit", "q")


@dataclass(frozen=True)
class Request:
    """What an operation was sent, checked against its contract."""

    caller: Caller | None
    parameters: Mapping[str, Json]
    body: Json = None
    if_match: str = ""


@dataclass(frozen=True)
class Result:
    """What an operation answers: a body that its contract describes, and what belongs into headers."""

    body: Json = None
    etag: str = ""
    location: str = ""
    redirect: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Work:
    """Does the operations of a plan over one database."""

    def __init__(self, plan: Plan, records: Records, signer: Signer) -> None:
        from archnb.export.queries import queries

        self.plan, self.model, self.records, self._signer = plan, plan.model, records, signer
        self.queries: dict[str, list[Query]] = {}
        for one in queries(plan, records.database.dialect):
            self.queries.setdefault(one.pattern, []).append(one)

    def do(self, operation: Operation, request: Request) -> Result:
        """Do an operation. Raises Refused where it cannot be done; its transaction is the caller's."""
        contract = operation.contract
        if contract.entity and not self.records.is_served(contract.entity):
            raise Refused("unavailable", f"{contract.entity} is in a store that is not run here")
        if contract.action in ("list", "search") or contract.response.is_list:
            return self._list(operation, request)
        if contract.action == "get":
            return self._get(operation, request)
        if contract.action == "create":
            return self._create(operation, request)
        if contract.action == "delete":
            return self._delete(operation, request)
        return self._update(operation, request)

    # -- what is given

    def _given(self, operation: Operation, request: Request) -> dict[str, Json]:
        """The fields of the entity that parameters give, in the form of the entity's own values."""
        names = {
            name: one.field for name, one in operation.contract.parameters.items() if one.field and "." not in one.field
        }
        pattern = operation.patterns[0] if operation.patterns else None
        ranged = pattern.range if pattern is not None else ""
        return {
            one: request.parameters[name] for name, one in names.items() if name in request.parameters and one != ranged
        }

    def _find_one(self, operation: Operation, request: Request) -> Record:
        """The one record that an operation is about. Raises Refused where there is none."""
        given = self._given(operation, request)
        found = self.records.find(operation.contract.entity, given, limit=1) if given else []
        if not found:
            raise Refused("not_found", f"there is no such {operation.contract.entity}")
        return found[0]

    # -- reads

    def _get(self, operation: Operation, request: Request) -> Result:
        contract = operation.contract
        record = self._find_one(operation, request)
        if contract.redirect:
            fields = self.model.properties.fields(contract.entity)
            name = next(name for name, one in fields.items() if one.type == "url")
            return Result(redirect=str(record[name]))
        body = self.records.represent(contract.entity, record, contract.response.schema)
        return Result(body, etag=make_etag(record))

    def _list(self, operation: Operation, request: Request) -> Result:
        contract = operation.contract
        query = self.queries[contract.pattern][0]
        sent = dict(request.body or {}) | dict(request.parameters)
        values = self._bind_query(operation, query, sent)
        fingerprint = hashlib.sha256(json.dumps([operation.name, values], default=str).encode()).hexdigest()[:12]
        cursor, sql = sent.get("cursor"), query.sql
        if cursor is not None:
            kept = self._signer.read("cursor", str(cursor))
            if kept is None or kept[0] != fingerprint or query.next_page is None:
                detail = "the cursor is not one that this list gave out"
                raise Refused("validation_failed", detail, [Fault("/cursor", detail, "cursor")])
            sql = query.next_page
            after = [one for one in query.next_parameters if one.name not in values]
            for parameter, value in zip(after, kept[1], strict=True):
                column = self.records.schema.tables[parameter.table].columns[parameter.column]
                values[parameter.name] = self.records.bind(Cell(parameter.table, parameter.column, column), value)
        rows = self.records.database.fetch(sql, values)
        if operation.patterns and operation.patterns[0].aggregate:
            return Result(
                {"items": [self._represent_row(query, row, contract.response.schema) for row in rows]}
                | self._end(contract)
            )
        keys, after_columns = self._read_keys(contract.entity, query, rows)
        most = int(sent.get("limit") or len(keys) or 1)
        limit = operation.patterns[0].limit if operation.patterns else 0
        shown = keys[:most]
        is_more = len(keys) > most or (limit and len(keys) >= limit and most >= limit and query.next_page is not None)
        items = []
        for key in shown:
            record = self.records.find(contract.entity, key, limit=1)[0]
            items.append(self.records.represent(contract.entity, record, contract.response.schema))
        body: dict[str, Json] = {"items": items}
        if contract.response.is_paged:
            body["next_cursor"] = (
                self._signer.sign("cursor", [fingerprint, after_columns[len(shown) - 1]])
                if is_more and shown and query.next_page is not None
                else None
            )
        return Result(body)

    @staticmethod
    def _end(contract: Any) -> dict[str, Json]:
        return {"next_cursor": None} if contract.response.is_paged else {}

    def _bind_query(self, operation: Operation, query: Query, sent: Mapping[str, Json]) -> dict[str, Any]:
        """The bind parameters of a query, in the order in which it asks for them: fields, range, words."""
        contract, pattern = operation.contract, operation.patterns[0]
        by_field: dict[str, list[Json]] = {}
        for name, one in contract.parameters.items():
            if one.field and name in sent:
                by_field.setdefault(one.field, []).append(sent[name])
        properties = self.model.properties.names(contract.entity)
        left = list(query.parameters)
        values: dict[str, Any] = {}
        for name in pattern.by:
            given = by_field.get(name) or [sent.get(properties.get(name, name))]
            for cell in self.records.cells(contract.entity, name):
                if left and left[0].column == cell.name:
                    part = given[0].get(cell.part) if cell.part and isinstance(given[0], Mapping) else given[0]
                    values[left.pop(0).name] = self.records.bind(cell, part)
        if pattern.range:
            cell = self.records.cells(contract.entity, pattern.range)[0]
            for number, bound in enumerate(by_field.get(pattern.range, [])[:2]):
                values[left[number].name] = self.records.bind(cell, bound)
            left = left[2:]
        for parameter in left:
            values[parameter.name] = str(sent.get("q", ""))
        return values

    def _read_keys(
        self, entity: str, query: Query, rows: Sequence[tuple[Any, ...]]
    ) -> tuple[list[Record], list[list[Json]]]:
        """The keys of the rows of the entity, each once, and the values after which the next page starts."""
        names = [one.name for one in query.statement.selected_columns]
        table = self.records.chain(entity)[0]
        columns = self.records.schema.tables[table].columns
        cells = {field: self.records.cells(entity, field) for field in self.model.keys.fields(entity)}
        after = [one for one in query.next_parameters if one.name.startswith("after_")]
        keys: list[Record] = []
        places: list[list[Json]] = []
        for row in rows:
            found = dict(zip(reversed(names), reversed(row), strict=True))
            raw = {(cell.table, cell.name): found[cell.name] for one in cells.values() for cell in one}
            key = {field: self.records.join(entity, field, raw) for field in cells}
            if key not in keys:
                keys.append(key)
                places.append(
                    [to_json(found[one.column], columns[one.column]) for one in after if one.column in columns]
                )
        return keys, places

    @staticmethod
    def _represent_row(query: Query, row: tuple[Any, ...], schema: Json) -> Json:
        values, made = list(row), dict[str, Json]()
        for name, inner in schema["properties"].items():
            value = values.pop(0) if values else None
            if "$ref" in inner:
                made[name] = {"amount": str(value), "currency": str(values.pop(0)) if values else "EUR"}
            elif inner.get("type") == "number":
                made[name] = float(value or 0)
            else:
                made[name] = str(value)
        return made

    # -- writes

    def _create(self, operation: Operation, request: Request) -> Result:
        contract = operation.contract
        entity = contract.entity
        given = self._given(operation, request)
        names = {name: one for one, name in self.model.properties.names(entity).items()}
        sent = {names[name]: value for name, value in (request.body or {}).items() if name in names}
        record = dict(self._propose(entity, {**sent, **given}, request))
        self._insert(entity, record)
        body = None
        if not contract.response.is_empty:
            stored = self.records.find(entity, self.records.key_of(entity, record), limit=1)[0]
            body = self.records.represent(entity, stored, contract.response.schema)
        return Result(body, location=self._locate(contract, record))

    def _propose(self, entity: str, given: Mapping[str, Json], request: Request) -> Iterator[tuple[str, Json]]:
        caller = request.caller
        for name, one in self.model.properties.fields(entity).items():
            if name in given:
                yield name, given[name]
            elif one.type == "uuid" and one.key:
                yield name, str(uuid.uuid4())
            elif caller is not None and one.references is not None and one.references == caller.entity:
                yield name, self.records.write_key(caller.entity, caller.subject)
            elif one.type == "timestamp" and not one.optional:
                yield name, datetime.datetime.now(datetime.UTC).isoformat()
            elif one.type == "enum" and one.default is None and not one.optional:
                yield name, one.values[0]
            elif one.type == "money" and not one.optional:
                yield name, {"amount": "0.00", "currency": "EUR"}

    def _insert(self, entity: str, record: Record) -> None:
        """Insert a record into its tables, the parent's first; a key that the engine numbers is put into the record."""
        import sqlalchemy as sa

        values: dict[str, dict[str, Any]] = {}
        for name, value in record.items():
            pointer = f"/{self.model.properties.names(entity)[name]}"
            for (table, column), one in self.records.split(entity, name, value, pointer).items():
                values.setdefault(table, {})[column] = one
        for table in reversed(self.records.chain(entity)):
            own = self.records.tables[table]
            statement = sa.insert(own).values(
                {self.records.column(table, name): sa.literal(value) for name, value in values.get(table, {}).items()}
            )
            key = [one for one in own.primary_key.columns if one.info["column"] not in values.get(table, {})]
            returned = self.records.fetch(statement.returning(*(key or own.primary_key.columns)))
            for name in self.model.keys.fields(entity):
                cells = self.records.cells(entity, name)
                if name not in record and key and cells and cells[0].table == table:
                    record[name] = to_json(returned[0][0], cells[0].column)

    def _locate(self, contract: Any, record: Record) -> str:
        """Where a record can be read, after the example of its address."""
        if not contract.location:
            return ""
        for other in self.plan.planned.api.operations.values():
            if other.entity == contract.entity and other.action == "get" and other.method == "GET":
                given = {one.field: name for name, one in other.parameters.items() if one.place == "path"}
                if set(given) == set(self.model.keys.fields(contract.entity)):
                    from urllib.parse import quote

                    path = (self.plan.planned.api.base_path or "").rstrip("/") + other.path
                    for field, name in given.items():
                        path = path.replace("{" + name + "}", quote(str(record[field]), safe=""))
                    return path
        return ""

    def _update(self, operation: Operation, request: Request) -> Result:
        import sqlalchemy as sa

        contract = operation.contract
        entity = contract.entity
        record = self._find_one(operation, request)
        if request.if_match and request.if_match != "*" and make_etag(record) not in request.if_match.split(", "):
            raise Refused("precondition_failed", "it has changed since it was read")
        names = {name: one for one, name in self.model.properties.names(entity).items()}
        changes: dict[str, dict[Any, Any]] = {}
        for name, value in (request.body or {}).items():
            if name in names:
                for (table, column), one in self.records.split(entity, names[name], value, f"/{name}").items():
                    changes.setdefault(table, {})[self.records.column(table, column)] = sa.literal(one)
        for table, values in changes.items():
            own = self.records.tables[table]
            where = [
                self.records.column(*place) == sa.literal(one)
                for field, value in self.records.key_of(entity, record).items()
                for place, one in self.records.split(entity, field, value).items()
                if place[0] == table
            ]
            self.records.run(sa.update(own).where(*where).values(values))
        after = self.records.find(entity, self.records.key_of(entity, record), limit=1)[0]
        body = self.records.represent(entity, after, contract.response.schema)
        return Result(None if contract.response.is_empty else body, etag=make_etag(after))

    def _delete(self, operation: Operation, request: Request) -> Result:
        import sqlalchemy as sa

        entity = operation.contract.entity
        record = self._find_one(operation, request)
        table = self.records.chain(entity)[-1]
        where = [
            self.records.column(*place) == sa.literal(one)
            for field, value in self.records.key_of(entity, record).items()
            for place, one in self.records.split(entity, field, value).items()
            if place[0] == table
        ]
        self.records.run(sa.delete(self.records.tables[table]).where(*where))
        return Result()


def make_etag(record: Record) -> str:
    """The version of a record, the same in whichever representation it was read (RFC 9110, section 8.8.3)."""
    return '"' + hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16] + '"'


__all__ = ["Request", "Result", "Work", "make_etag"]
