"""Visits to a running service: who calls, what is asked of it, and what a row's values are in a request."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from archnb.planned import Operation
from archnb.planned.api import Body
from archnb.planned.auth import Grant, Reach
from archnb.serve import Service
from archnb.serve.inside import Reply, send
from archnb.serve.problems import find_status
from archnb.serve.tokens import Caller
from archnb.serve.wire import to_json
from archnb.verify.oracle import Oracle
from archnb.verify.rows import Row, Rows

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any
# how many rows and pages of one list are looked at
TRIED, PAGES = 40, 40


class WrongError(Exception):
    """What came back is not what was said."""


@dataclass
class Story:
    """What was seen of one operation, and what could not be tried."""

    seen: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


class Visits:
    """Visits to one service. `count` says how many requests were sent."""

    def __init__(self, plan: Plan, service: Service, rows: Rows) -> None:
        self.plan, self.planned, self.service, self.rows = plan, plan.planned, service, rows
        self.records, self.model = service.records, plan.model
        self.oracle = Oracle(plan.model, plan.planned.schema, rows.tables)
        self.count = 0
        self._callers: dict[str, list[Caller]] = {}
        self._keys = itertools.count(1)

    def callers(self, role: str) -> list[Caller]:
        """Everybody who has a role in the sample."""
        if role not in self._callers:
            self._callers[role] = [caller for _, caller in self.service.people.list_callers(role, 10_000)]
        return self._callers[role]

    def holds(self, grant: Grant, caller: Caller, row: Row) -> bool:
        """Whether a grant lets a caller at a row, by walking the rows."""
        if not grant.is_by_row:
            return grant.kind == "any"
        return any(all(self._leads(part, caller, row) for part in reach.parts) for reach in grant.reaches)

    def _leads(self, reach: Reach, caller: Caller, row: Row) -> bool:
        rows = [row]
        for join in reach.joins:
            before = tuple(a for a, _ in join.columns)
            after = tuple(b for _, b in join.columns)
            rows = [
                there
                for here in rows
                for there in self.oracle.look_up(join.table, after, tuple(here.get(c) for c in before))
            ]
        columns = self.planned.schema.tables[reach.table].columns
        if not reach.token:
            return any(all(one.get(name) is None for name in reach.columns) for one in rows)
        wanted = list((caller.group if reach.token == "tenant" else caller.subject).values())
        return any(
            [to_json(one.get(name), columns[name]) for name in reach.columns] == wanted
            and (not reach.words or one.get(reach.role_column) in reach.words)
            for one in rows
        )

    def find_caller(self, operation: Operation, row: Row | None, turn: int = 0) -> Caller | None:
        """Somebody who may do an operation on a row, another one each turn; None where nobody in the sample may."""
        for role, grant in operation.grants.items():
            known = self.callers(role)
            at = turn % len(known) if known else 0
            for caller in (*known[at:], *known[:at]):
                if not self._is_asked_by(operation, row, caller):
                    continue
                if grant.kind == "any" or (grant.is_by_row and row is not None and self.holds(grant, caller, row)):
                    return caller
        return None

    def _is_asked_by(self, operation: Operation, row: Row | None, caller: Caller) -> bool:
        """Whether the row is the caller's in the fields that the token says instead of the request."""
        contract = operation.contract
        return row is None or all(
            self._is_of(contract.entity, one, self._json(contract.entity, row, one), caller) for one in contract.own
        )

    def _is_of(self, entity: str, name: str, value: Json, caller: Caller, *, is_tenant: bool = False) -> bool:
        """Whether a field's value is the caller, or the tenant of the token."""
        target, key = (caller.group_entity, caller.group) if is_tenant else (caller.entity, caller.subject)
        if not key:
            return False
        field = self.model.properties.fields(entity)[name]
        if field.references == target:
            return bool(value == self.records.write_key(target, key))
        return entity == target and value == key.get(name)

    def send(
        self, method: str, address: str, caller: Caller | None, body: Json = None, media: str = "", **headers: str
    ) -> Reply:
        """One request by somebody."""
        self.count += 1
        made = dict(headers)
        if caller is not None:
            made["Authorization"] = f"Bearer {self.service.tokens.issue(caller)}"
        raw = b""
        if body is not None:
            raw, made["Content-Type"] = json.dumps(body).encode(), media or "application/json"
        return send(self.service.app, method, address, headers=made, body=raw)

    def ask(
        self, operation: Operation, caller: Caller | None, values: Mapping[str, Json], body: Json = None, **headers: str
    ) -> Reply:
        """One request of an operation; `values` are its parameters by name."""
        contract = operation.contract
        path = self.planned.api.base_path.rstrip("/") + "/" + contract.path.partition("?")[0].strip().strip("/")
        query: dict[str, str] = {}
        for name, parameter in contract.parameters.items():
            if parameter.place == "path":
                path = path.replace("{" + name + "}", quote(write_text(values.get(name, parameter.example)), safe=""))
            elif parameter.place == "query" and values.get(name) is not None:
                query[name] = write_text(values[name])
        if contract.needs_idempotency_key and "Idempotency-Key" not in headers:
            headers["Idempotency-Key"] = f"journey-{next(self._keys):016d}"
        address = f"{path}?{urlencode(query)}" if query else path
        return self.send(contract.method, address, caller, body, contract.request.media, **headers)

    def expect(self, reply: Reply, operation: Operation, what: str) -> None:
        """Raise where an answer is not the success that the contract describes."""
        contract = operation.contract
        if reply.status not in (contract.status, contract.made_status):
            raise WrongError(f"{what}: {contract.status} is planned, {describe(reply)} came")
        self.check_body(reply.json, contract.response, what)

    def check_body(self, body: Json, planned: Body, what: str) -> None:
        """Raise where a body is not as its schema says."""
        from archnb.serve.validation import make_validator

        if planned.is_empty:
            if body is not None:
                raise WrongError(f"{what}: a body came where none is planned")
            return
        validator = make_validator(planned.schema)
        for one in body["items"] if planned.is_list else [body]:
            for error in validator.iter_errors(one):
                at = "/".join(str(part) for part in error.absolute_path)
                raise WrongError(f"{what}: {at or 'the body'}: {error.message[:160]}")

    def _parameters(self, operation: Operation, entity: str, row: Row) -> dict[str, Json]:
        """The values of the parameters that a row's fields give."""
        made: dict[str, Json] = {}
        for name, one in operation.contract.parameters.items():
            if one.field:
                made[name] = self._json(entity, row, one.field)
        return made

    def _json(self, entity: str, row: Row, path: str) -> Json:
        """A field of a row as JSON; a path follows references."""
        values = self.oracle.read(entity, row, path)
        place = self.model.places.find_field(entity, path)
        if values is None or place is None:
            return None
        if "." not in path and path in self.model.properties.fields(entity):
            raw = {(place.table, name): value for name, value in zip(place.columns, values, strict=True)}
            return self.records.join(entity, path, raw)
        column = self.planned.schema.tables[place.table].columns[place.columns[0]]
        return to_json(values[0], column)

    def _count_rows(self, entity: str) -> int:
        import sqlalchemy as sa

        table = self.records.tables[self.records.chain(entity)[0]]
        return int(self.records.fetch(sa.select(sa.func.count()).select_from(table))[0][0])

    def _expect_refusal(self, reply: Reply, operation: Operation, code: str, what: str) -> None:
        status = find_status(self.planned.errors, code)
        if reply.status != status or (reply.json or {}).get("code") != code:
            raise WrongError(f"{what}: {status} {code} is planned, {describe(reply)} came")

    def _who(self, caller: Caller | None) -> dict[str, Any]:
        """What `caller` and `tenant` stand for, as the rows have it."""
        made: dict[str, Any] = {}
        for name, entity, key in (
            (
                ("caller", caller.entity, caller.subject),
                ("tenant", caller.group_entity, caller.group),
            )
            if caller is not None
            else ()
        ):
            for one in self.oracle.list_rows(entity) if key else ():
                fields = self.model.keys.fields(entity)
                if [self._json(entity, one, each) for each in fields] == list(key.values()):
                    made[name] = self.oracle.main(entity, one, fields[0])
        return made


def describe(reply: Reply) -> str:
    """An answer in a few words."""
    document = reply.json if "json" in reply.headers.get("content-type", "") else None
    told = f"{document.get('code', '')} {document.get('detail', '')}".strip() if isinstance(document, Mapping) else ""
    return f"{reply.status} {told}"[:220].strip()


def write_text(value: Json) -> str:
    """A value as it stands in an address."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ",".join(write_text(one) for one in value.values())
    if isinstance(value, list | tuple):
        return " ".join(write_text(one) for one in value)
    return str(value)


__all__ = ["PAGES", "TRIED", "Story", "Visits", "WrongError", "describe", "write_text"]
