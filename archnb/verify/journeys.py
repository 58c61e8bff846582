"""Journeys: the planned service lived through, by everybody who may and by everybody who may not.

For each operation: whoever may do it does it, and what comes back and what is in the database is compared with what the
plan says; then it is done again, with an old version, in a wrong state, by somebody without a token, by every role that may
not, and on rows of others. What must come back is worked out here, from the said access patterns and the sample rows; the
service is only asked.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from archnb.exceptions import EngineMissing
from archnb.model import Precondition
from archnb.planned import Operation
from archnb.planned.api import Body
from archnb.planned.auth import Grant, Reach
from archnb.planned.entities import AccessPattern
from archnb.serve import Limits, Service, check_libraries
from archnb.serve.inside import Reply, send
from archnb.serve.problems import find_status
from archnb.serve.records import Record
from archnb.serve.tokens import Caller
from archnb.serve.wire import to_json
from archnb.verify.oracle import Given, Oracle
from archnb.verify.proof import Check, Proof, conclude
from archnb.verify.rows import Row, Rows

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any
ARTEFACT = "the running service"
# how many rows and pages of one list are looked at
TRIED, PAGES = 40, 40
_HIGH: dict[str, Json] = {"timestamp": "2200-01-01T00:00:00Z", "date": "2200-01-01", "time": "23:59:59"}


def verify_journeys(plan: Plan, **_: Any) -> Proof:
    """Live through the planned service on SQLite, in this process."""
    from archnb.verify.service import open_service

    started = time.perf_counter()
    try:
        check_libraries()
    except EngineMissing as missing:
        check = Check("engine", "not run", str(missing))
        return Proof(ARTEFACT, "Starlette on SQLite", "", "not verified", 0, 0.0, "not run", (check,))
    with open_service(plan, limits=Limits(is_strict=False)) as service:
        journeys = Journeys(plan, service, service.rows)
        details = tuple(journeys.run())
        version = service.database.fetch("SELECT sqlite_version()")[0][0]
    seconds, verdict = time.perf_counter() - started, conclude(details)
    kind: Any = "not verified" if verdict == "not run" else "executed on the engine"
    return Proof(ARTEFACT, "Starlette on SQLite", str(version), kind, journeys.count, seconds, verdict, details)


class WrongError(Exception):
    """What came back is not what was said."""


@dataclass
class Story:
    """What was seen of one operation, and what could not be tried."""

    seen: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


class Journeys:
    """The journeys over one service. `count` says how many requests were sent."""

    def __init__(self, plan: Plan, service: Service, rows: Rows) -> None:
        self.plan, self.planned, self.service, self.rows = plan, plan.planned, service, rows
        self.records, self.model = service.records, plan.model
        self.oracle = Oracle(plan.model, plan.planned.schema, rows.tables)
        self.count = 0
        self._callers: dict[str, list[Caller]] = {}
        self._keys = itertools.count(1)

    def run(self) -> Iterator[Check]:
        """Every operation: reads over the sample as it is, then the writes, deletions last."""
        order = {"read": 0, "create": 1, "update": 2, "delete": 3}
        operations = sorted(
            self.planned.operations.values(), key=lambda one: order[one.patterns[0].kind] if one.patterns else 0
        )
        for operation in operations:
            entity = operation.contract.entity
            if entity and not self.records.is_served(entity):
                yield Check(f"journey {operation.name}", "not run", f"{entity} is in a store that is not run here")
                continue
            story = Story()
            try:
                self._live(operation, story)
                self._refuse(operation, story)
            except WrongError as wrong:
                yield Check(f"journey {operation.name}", "failed", str(wrong))
                continue
            told = "; ".join([*story.seen, *(f"not tried: {one}" for one in story.left)])
            yield Check(f"journey {operation.name}", "passed" if story.seen else "not run", told)

    # -- callers

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

    # -- requests

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

    # -- a life

    def _live(self, operation: Operation, story: Story) -> None:
        pattern = operation.patterns[0] if operation.patterns else None
        if pattern is None or not operation.contract.entity:
            story.left.append("it is about no entity")
            return
        if not operation.contract.is_public and all(one.is_refused for one in operation.grants.values()):
            story.left.append("nobody may do it, until the design says who")
            return
        if pattern.is_read:
            if operation.contract.response.is_list:
                self._live_list(operation, pattern, story)
            else:
                self._live_get(operation, pattern, story)
        elif pattern.kind == "create":
            self._live_create(operation, pattern, story)
        else:
            self._live_change(operation, pattern, story)

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

    def _live_get(self, operation: Operation, pattern: AccessPattern, story: Story) -> None:
        entity = operation.contract.entity
        given_now = Given(now=None)
        for row in self.oracle.list_rows(entity)[:TRIED]:
            if not all(self.oracle.fulfils(entity, row, one, given_now) for one in pattern.where):
                continue
            values = self._parameters(operation, entity, row)
            if any(one is None for one in values.values()):
                continue
            caller = None if operation.contract.is_public else self.find_caller(operation, row)
            if caller is None and not operation.contract.is_public:
                continue
            reply = self.ask(operation, caller, values)
            self.expect(reply, operation, "read by whoever may")
            self._compare(operation, entity, row, reply.json)
            story.seen.append("one is read by whoever may, field by field as it was stored")
            return
        story.left.append("no row in the sample may be read by anybody in it")

    def _compare(self, operation: Operation, entity: str, row: Row, body: Json) -> None:
        """Raise where a property is not the field of the row."""
        names = {name: one for one, name in self.model.properties.names(entity).items()}
        for name, value in (body or {}).items():
            if name in names:
                wanted = self._json(entity, row, names[name])
                if wanted != value:
                    raise WrongError(f"{name} is {value!r} in the answer and {wanted!r} in the row")

    def _live_list(self, operation: Operation, pattern: AccessPattern, story: Story) -> None:
        entity = operation.contract.entity
        if pattern.aggregate or pattern.depth > 1:
            row = next(iter(self.oracle.list_rows(entity)), None)
            if row is None:
                story.left.append("there are no rows")
                return
            caller = None if operation.contract.is_public else self.find_caller(operation, row)
            if caller is None and not operation.contract.is_public:
                story.left.append("nobody in the sample may")
                return
            self.expect(self._ask_page(operation, pattern, row, caller, {}), operation, "computed for whoever may")
            story.seen.append("it is computed for whoever may")
            return
        best: tuple[int, Row, Caller | None, list[Row]] | None = None
        for row in self.oracle.list_rows(entity)[:TRIED]:
            caller = None if operation.contract.is_public else self.find_caller(operation, row)
            if caller is None and not operation.contract.is_public:
                continue
            if None in self._parameters(operation, entity, row).values():
                continue
            wanted = self._list_wanted(operation, pattern, row, caller)
            if wanted and (best is None or len(wanted) > best[0]):
                best = (len(wanted), row, caller, wanted)
        if best is None:
            story.left.append("no rows in the sample are found by it for anybody in it")
            return
        _, row, caller, wanted = best
        shown = self._turn_pages(operation, pattern, row, caller, len(wanted))
        self._compare_lists(operation, pattern, wanted, shown)
        told = f"all {len(wanted)} rows that are meant for the caller came"
        story.seen.append(
            told if len(wanted) < 2 or not operation.contract.is_paged else f"{told}, over several pages, each once"
        )

    def _list_wanted(self, operation: Operation, pattern: AccessPattern, row: Row, caller: Caller | None) -> list[Row]:
        """The rows that a list must show to a caller who asks with the values of a row."""
        entity = operation.contract.entity
        by = {one: values for one in pattern.by if (values := self.oracle.read(entity, row, one)) is not None}
        low = self._low(entity, pattern)
        given = Given(by=by, low=low, high=None, word=self._word(entity, pattern, row), **self._who(caller))
        found = [one for one in self.oracle.list_rows(entity) if self._is_meant(entity, pattern, one, given)]
        if caller is None:
            return found
        grant = operation.grants[caller.role]
        return [one for one in found if self.holds(grant, caller, one)]

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

    def _is_meant(self, entity: str, pattern: AccessPattern, row: Row, given: Given) -> bool:
        import dataclasses

        unbounded = dataclasses.replace(pattern, range="")
        if pattern.range:
            value = self.oracle.main(entity, row, pattern.range)
            if value is None or value < given.low:
                return False
        return self.oracle.is_meant(unbounded, row, given)

    def _low(self, entity: str, pattern: AccessPattern) -> Any:
        if not pattern.range:
            return None
        found = [self.oracle.main(entity, one, pattern.range) for one in self.oracle.list_rows(entity)]
        return min((one for one in found if one is not None), default=None)

    def _word(self, entity: str, pattern: AccessPattern, row: Row) -> str:
        texts = [str(self.oracle.main(entity, row, one) or "") for one in pattern.search]
        return next((word for text in texts for word in text.split() if word.isalpha()), "")

    def _ask_page(
        self, operation: Operation, pattern: AccessPattern, row: Row, caller: Caller | None, more: Mapping[str, Json]
    ) -> Reply:
        """One page of a list, asked for with the values of a row."""
        entity, contract = operation.contract.entity, operation.contract
        values = {
            n: v
            for n, v in self._parameters(operation, entity, row).items()
            if contract.parameters[n].field != pattern.range
        }
        if pattern.range:
            ranged = [name for name, one in contract.parameters.items() if one.field == pattern.range]
            cell = self.records.cells(entity, pattern.range)[-1 if len(ranged) < 2 else 0]
            low = self._low(entity, pattern)
            for name in ranged:
                values[name] = (
                    _HIGH.get(cell.column.type, "1000000000") if name.endswith("_to") else to_json(low, cell.column)
                )
        if "q" in contract.parameters:
            values["q"] = self._word(entity, pattern, row)
        values |= more
        body = None
        if not contract.request.is_empty:
            names = {name: one for one, name in self.model.properties.names(entity).items()}
            properties = contract.request.schema.get("properties", {})
            body = {name: self._json(entity, row, names[name]) for name in properties if name in names}
            body |= {"q": self._word(entity, pattern, row)} if "q" in properties else {}
            body |= {name: value for name, value in more.items() if name in properties}
        return self.ask(operation, caller, values, body)

    def _turn_pages(
        self, operation: Operation, pattern: AccessPattern, row: Row, caller: Caller | None, count: int
    ) -> list[Json]:
        """What a list shows, from the first page to the last."""
        size = max(1, min(count // 3 + 1, 20))
        more: dict[str, Json] = {"limit": size}
        items: list[Json] = []
        for _ in range(PAGES):
            reply = self._ask_page(operation, pattern, row, caller, more)
            self.expect(reply, operation, "listed for whoever may")
            page = reply.json
            if len(page["items"]) > size:
                raise WrongError(f"a page holds {len(page['items'])} rows where {size} were asked for")
            items += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return items
            more = {"limit": size, "cursor": cursor}
        return items

    def _compare_lists(
        self, operation: Operation, pattern: AccessPattern, wanted: Sequence[Row], shown: Sequence[Json]
    ) -> None:
        entity = operation.contract.entity
        names = self.model.properties.names(entity)
        key = self.model.keys.fields(entity)
        if not all(names[one] in (shown[0] if shown else {}) for one in key):
            if shown and len(shown) != min(len(wanted), PAGES * 20):
                raise WrongError(f"{len(shown)} rows came where {len(wanted)} are meant")
            if shown:
                return
        told = [write_text([one[names[name]] for name in key]) for one in shown]
        meant = {write_text([self._json(entity, row, name) for name in key]): row for row in wanted}
        if len(told) != len(set(told)):
            raise WrongError("a row came twice")
        if missing := [one for one in meant if one not in told]:
            if not operation.contract.is_paged and len(told) >= (pattern.limit or len(told) + 1):
                return
            raise WrongError(f"{len(missing)} of {len(meant)} rows did not come, such as {missing[0]}")
        if more := [one for one in told if one not in meant]:
            raise WrongError(f"{len(more)} rows came that are not meant for the caller, such as {more[0]}")
        fault = self.oracle.order_fault(pattern, [meant[one] for one in told], lambda table, column: None)
        if fault:
            raise WrongError(fault)

    # -- writes

    def _live_create(self, operation: Operation, pattern: AccessPattern, story: Story) -> None:
        entity, contract = operation.contract.entity, operation.contract
        row = self._spare(entity)
        if row is None:
            story.left.append("the sample has no further row that could be made")
            return
        record = {name: self._json_of_spare(entity, row, name) for name in self.model.properties.fields(entity)}
        caller = None if contract.is_public else self._find_maker(operation, pattern, entity, record, row)
        if caller is None and not contract.is_public:
            story.left.append("nobody in the sample may make the further row")
            return
        body = self._write_body(operation, entity, record)
        values = {name: record.get(one.field) for name, one in contract.parameters.items() if one.field}
        key = f"journey-{next(self._keys):016d}"
        headers = {"Idempotency-Key": key} if contract.needs_idempotency_key else {}
        before = self._count_rows(entity)
        reply = self.ask(operation, caller, values, body, **headers)
        if reply.status == 409 and self.planned.schema.tables[self.records.chain(entity)[0]].exclusions:
            story.left.append("the further row of the sample overlaps with another")
            return
        self.expect(reply, operation, "made by whoever may")
        if self._count_rows(entity) != before + 1:
            raise WrongError(f"{self._count_rows(entity) - before} rows of {entity} were made, not one")
        self._check_settings(operation, pattern, caller, body, reply)
        story.seen.append(f"{contract.status} for whoever may, set as the plan says")
        if contract.needs_idempotency_key:
            again = self.ask(operation, caller, values, body, **headers)
            if (again.status, again.body) != (reply.status, reply.body) or self._count_rows(entity) != before + 1:
                raise WrongError(f"repeated with its key: {describe(again)} came, not the first answer")
            changed = self._vary(contract.request, body)
            if changed is not None:
                other = self.ask(operation, caller, values, changed, **headers)
                self._expect_refusal(other, operation, "idempotency_key_reused", "another body with a used key")
            story.seen.append("the same answer to the same key, and a refusal of another body with it")
        if contract.location:
            location = reply.headers.get("location", "")
            read = self.send("GET", location, caller)
            if read.status not in (200, 302, 307, 403, 404) or not location:
                raise WrongError(f"what was made cannot be read at {location or 'its address'}: {describe(read)}")
            if read.status == 200:
                story.seen.append("it is read where the answer says")

    def _spare(self, entity: str) -> dict[str, Row] | None:
        """One more row of each table of an entity, or None where one is lacking."""
        made: dict[str, Row] = {}
        chain = self.records.chain(entity)
        for table in chain:
            if table not in self.rows.spares:
                return None
            made[table] = self._mend(table, self.rows.spares[table])
        for child, parent in itertools.pairwise(chain):
            for key in self.planned.schema.tables[child].foreign_keys.values():
                if key.references == parent:
                    for mine, theirs in zip(key.columns, key.referenced, strict=True):
                        made[child][mine] = made[parent][theirs]
        return made

    def _mend(self, table: str, row: Row) -> Row:
        """A further row that refers to rows that are there: another one where the engine did not take the one it refers to."""
        made = dict(row)
        for key in self.planned.schema.tables[table].foreign_keys.values():
            there = self.rows.tables.get(key.references)
            if there and None not in [made.get(one) for one in key.columns] and self.oracle.parent(key, made) is None:
                made.update(
                    {mine: there[-1].get(theirs) for mine, theirs in zip(key.columns, key.referenced, strict=True)}
                )
        return made

    def _json_of_spare(self, entity: str, rows: Mapping[str, Row], name: str) -> Json:
        raw = {
            (cell.table, cell.name): rows.get(cell.table, {}).get(cell.name)
            for cell in self.records.cells(entity, name)
        }
        return self.records.join(entity, name, raw) if raw else None

    def _find_maker(
        self, operation: Operation, pattern: AccessPattern, entity: str, record: Record, rows: Mapping[str, Row]
    ) -> Caller | None:
        """Somebody of whom the row would be: the row is walked from as if it were there, with what the token gives put in."""
        table = self.records.chain(entity)[0]
        for role, grant in operation.grants.items():
            for caller in self.callers(role):
                if grant.kind == "any" and not any(one.source == "token" for one in pattern.sets):
                    return caller
                # the further row is of somebody: they make it
                if not all(
                    self._is_of(entity, one.field, record[one.field], caller, is_tenant=one.value == "tenant")
                    for one in pattern.sets
                    if one.source == "token" and role not in one.given_by
                ):
                    continue
                if grant.kind == "any" or (grant.is_by_row and self.holds(grant, caller, rows[table])):
                    return caller
        return None

    def _write_body(self, operation: Operation, entity: str, record: Record) -> Json:
        """The body that a record comes to; what is no field of it is as in the example."""
        request = operation.contract.request
        if request.is_empty:
            return None
        if operation.contract.is_batch:
            inner = request.schema["properties"]["items"]["items"]
            return {"items": [self._write_object(entity, record, inner, request.example["items"][0])]}
        return self._write_object(entity, record, request.schema, request.example)

    def _write_object(self, entity: str, record: Record, schema: Json, example: Json) -> Json:
        fields = {name: one for one, name in self.model.properties.names(entity).items()}
        body: Json = {}
        for name, inner in schema.get("properties", {}).items():
            if name in fields:
                value = record.get(fields[name])
                if value is not None or name in schema.get("required", ()) or _takes_null(inner):
                    body[name] = value if value is not None or _takes_null(inner) else example.get(name)
            elif name in example:
                body[name] = _take_least(example[name], inner)
        return body

    def _check_settings(
        self, operation: Operation, pattern: AccessPattern, caller: Caller | None, body: Json, reply: Reply
    ) -> None:
        """Raise where what was stored is not what the plan says that the write sets."""
        entity = operation.contract.entity
        names = self.model.properties.names(entity)
        answer = reply.json or {}
        for one in pattern.sets:
            name = names.get(one.field, "")
            if name not in answer:
                continue
            told = answer[name]
            if one.source == "caller" and body and name in body and not _is_same(told, body[name]):
                raise WrongError(f"{name}: {body[name]!r} was sent, {told!r} is there")
            if one.source == "token" and caller is not None and caller.role not in one.given_by:
                keys = caller.group if one.value == "tenant" else caller.subject
                field = self.model.properties.fields(entity)[one.field]
                target = caller.group_entity if one.value == "tenant" else caller.entity
                if field.references == target and told != self.records.write_key(target, keys):
                    raise WrongError(f"{name} is {told!r}, and not the {one.value} of the token")
            if one.source == "constant" and isinstance(told, str) and told != one.value.strip("'\""):
                raise WrongError(f"{name} is {told!r} where the plan sets {one.value}")
            if one.value == "missing" and told is not None:
                raise WrongError(f"{name} is {told!r} where the plan sets nothing")

    def _count_rows(self, entity: str) -> int:
        import sqlalchemy as sa

        table = self.records.tables[self.records.chain(entity)[0]]
        return int(self.records.fetch(sa.select(sa.func.count()).select_from(table))[0][0])

    def _vary(self, request: Body, body: Json) -> Json | None:
        """Another body that the schema takes as well: one text, number or word is another."""
        for name, inner in request.schema.get("properties", {}).items():
            value = (body or {}).get(name)
            if isinstance(value, bool):
                return {**body, name: not value}
            if isinstance(value, str) and (words := [one for one in inner.get("enum", ()) if one not in (value, None)]):
                return {**body, name: words[0]}
            if (
                isinstance(value, str)
                and "format" not in inner
                and "pattern" not in inner
                and "enum" not in inner
                and len(value) > 1
            ):
                return {**body, name: value[:-1]}
            if isinstance(value, int) and value - 1 >= inner.get("minimum", value):
                return {**body, name: value - 1}
        return None

    def _live_change(self, operation: Operation, pattern: AccessPattern, story: Story) -> None:
        """A change or a deletion, of a row that is there and may be changed by somebody."""
        entity, contract = operation.contract.entity, operation.contract
        step = self.model.writes.find_step(operation.name)
        before = self.model.writes.find_precondition(operation.name)
        tried = ""
        for turn, row in enumerate(reversed(self.oracle.list_rows(entity)[: 3 * TRIED])):
            if not all(self.oracle.fulfils(entity, row, one, Given()) for one in pattern.where):
                continue
            if before is not None and self._json(entity, row, before.field) not in before.states:
                continue
            caller = None if contract.is_public else self.find_caller(operation, row, turn)
            if caller is None and not contract.is_public:
                continue
            key = {name: self._json(entity, row, name) for name in self.model.keys.fields(entity)}
            records = self.records.find(entity, key)
            if not records:
                continue
            values = self._parameters(operation, entity, row)
            if any(v is None for v in values.values()):
                continue
            body = self._change_body(operation, entity, records[0])
            headers = {}
            if any(name.lower() == "if-match" for name in contract.parameters):
                headers["If-Match"] = self.service.work.versions.write(entity, records[0])
                stale = self.ask(operation, caller, values, body, **{"If-Match": '"stale"'})
                self._expect_refusal(stale, operation, "precondition_failed", "with the version of another time")
                if "precondition_required" in contract.errors:
                    bare = self.ask(operation, caller, values, body)
                    self._expect_refusal(bare, operation, "precondition_required", "without a version")
            reply = self.ask(operation, caller, values, body, **headers)
            if reply.status in (409, 422) and pattern.kind in ("update", "delete"):
                # a guard, a unique or a reference of this very row: another may do
                tried = describe(reply)
                continue
            self.expect(reply, operation, "done by whoever may")
            story.seen.append(f"{contract.status} for whoever may")
            if headers:
                story.seen.append("412 with an old version, 428 without one")
            self._check_change(operation, pattern, entity, key, body, story)
            if step is not None:
                after = self.ask(operation, caller, values, body)
                if after.status not in (404, 409):
                    raise WrongError(f"done twice: {describe(after)} came, though {step.field} is {step.after} already")
                story.seen.append("refused once it is done")
            elif before is not None:
                self._refuse_state(operation, pattern, before, story)
            return
        if tried:
            raise WrongError(f"of all rows in the sample none could be changed by whoever may: {tried}")
        story.left.append("no row in the sample may be changed by anybody in it")

    def _refuse_state(self, operation: Operation, pattern: AccessPattern, before: Precondition, story: Story) -> None:
        """A row that whoever may reaches, in a state in which the write does not take it."""
        entity, contract = operation.contract.entity, operation.contract
        for turn, row in enumerate(self.oracle.list_rows(entity)):
            if self._json(entity, row, before.field) in before.states:
                continue
            if not all(self.oracle.fulfils(entity, row, one, Given()) for one in pattern.where):
                continue
            caller = None if contract.is_public else self.find_caller(operation, row, turn)
            key = {name: self._json(entity, row, name) for name in self.model.keys.fields(entity)}
            values, records = self._parameters(operation, entity, row), self.records.find(entity, key)
            if (caller is None and not contract.is_public) or not records or any(v is None for v in values.values()):
                continue
            headers = {}
            if any(name.lower() == "if-match" for name in contract.parameters):
                headers["If-Match"] = self.service.work.versions.write(entity, records[0])
            reply = self.ask(operation, caller, values, self._change_body(operation, entity, records[0]), **headers)
            if reply.status != 409:
                word = records[0][before.field]
                raise WrongError(f"of a row that is {word}: 409 is planned, {describe(reply)} came")
            story.seen.append(f"409 of a row that is {records[0][before.field]}")
            return

    def _change_body(self, operation: Operation, entity: str, record: Record) -> Json:
        request = operation.contract.request
        if request.is_empty:
            return None
        if operation.contract.method == "PATCH":
            return dict(request.example)
        return self._write_body(operation, entity, record)

    def _check_change(
        self, operation: Operation, pattern: AccessPattern, entity: str, key: Record, body: Json, story: Story
    ) -> None:
        """Raise where the database does not hold what the write should have left."""
        found = self.records.find(entity, key)
        names = self.model.properties.names(entity)
        if pattern.kind == "delete":
            erasure = next(iter(operation.erasures), None)
            if erasure is not None and erasure.keeps_row:
                if not found:
                    raise WrongError("the row is gone, though others need it")
                story.seen.append("what was personal is overwritten")
            elif pattern.sets:
                marked = found and all(found[0][one.field] is not None for one in pattern.sets)
                if not marked:
                    raise WrongError(
                        f"the row is not marked as deleted in {', '.join(one.field for one in pattern.sets)}"
                    )
                story.seen.append("the row is marked as deleted")
            elif found:
                raise WrongError("the row is there still")
            else:
                story.seen.append("the row is gone")
            return
        if not found:
            raise WrongError("the row is gone")
        for one in pattern.sets:
            name = names.get(one.field, "")
            if one.source == "caller" and body and name in body and not _is_same(found[0][one.field], body[name]):
                raise WrongError(f"{name}: {body[name]!r} was sent, {found[0][one.field]!r} is there")
            if (
                one.source == "constant"
                and found[0][one.field] != one.value.strip("'\"")
                and isinstance(found[0][one.field], str)
            ):
                raise WrongError(f"{name} is {found[0][one.field]!r} where the plan sets {one.value}")
        story.seen.append("the row holds what the plan sets")

    # -- refusals

    def _refuse(self, operation: Operation, story: Story) -> None:
        """Whoever may not is refused, and learns nothing."""
        contract = operation.contract
        if contract.is_public:
            return
        values: dict[str, Json] = {
            name: one.example for name, one in contract.parameters.items() if one.place != "header" and name != "cursor"
        }
        body = (
            None if contract.request.is_empty else {k: v for k, v in contract.request.example.items() if k != "cursor"}
        )
        before = self._count_rows(contract.entity) if contract.entity else 0
        reply = self.ask(operation, None, values, body)
        if reply.status != 401 or "www-authenticate" not in reply.headers:
            raise WrongError(f"without a token: 401 is planned, {describe(reply)} came")
        refused = 0
        for role in self.planned.auth.roles:
            grant = operation.grants.get(role)
            caller = next(iter(self.callers(role)), None)
            if caller is None or (grant is not None and not grant.is_refused):
                continue
            reply = self.ask(operation, caller, values, body)
            if reply.status != find_status(self.planned.errors, "forbidden"):
                raise WrongError(f"as {role}, who may not: 403 is planned, {describe(reply)} came")
            refused += 1
        story.seen.append(
            f"401 without a token, 403 for {refused} role{'s' * (refused != 1)}" if refused else "401 without a token"
        )
        self._refuse_rows(operation, story)
        if contract.entity and self._count_rows(contract.entity) != before:
            raise WrongError("a refused request left something behind")

    def _refuse_rows(self, operation: Operation, story: Story) -> None:
        """A row of others is as one that is not there."""
        contract, pattern = operation.contract, operation.patterns[0] if operation.patterns else None
        if pattern is None or pattern.kind == "create" or pattern.is_upsert:
            return
        if contract.response.is_list or pattern.aggregate:
            return
        entity = contract.entity
        for role, grant in operation.grants.items():
            if not grant.is_by_row:
                continue
            for row in self.oracle.list_rows(entity)[:TRIED]:
                values = self._parameters(operation, entity, row)
                key = {name: self._json(entity, row, name) for name in self.model.keys.fields(entity)}
                other = next((one for one in self.callers(role) if not self.holds(grant, one, row)), None)
                found = self.records.find(entity, key)
                if other is None or any(one is None for one in values.values()) or not found:
                    continue
                body = self._change_body(operation, entity, found[0])
                reply = self.ask(
                    operation, other, values, body, **{"If-Match": "*"} if "If-Match" in contract.parameters else {}
                )
                is_other = (
                    bool(contract.own) and reply.status == contract.status and not self._shows(entity, reply, key)
                )
                if reply.status not in (403, 404) and not is_other:
                    raise WrongError(f"as {role}, on a row of others: 404 is planned, {describe(reply)} came")
                if self.records.find(entity, key) != found:
                    raise WrongError(f"as {role}, a row of others was changed")
                story.seen.append(f"{reply.status} for {role} on rows of others")
                break

    def _shows(self, entity: str, reply: Reply, key: Record) -> bool:
        """Whether an answer is the row with this key."""
        names = self.model.properties.names(entity)
        return all((reply.json or {}).get(names[name]) == value for name, value in key.items())

    def _expect_refusal(self, reply: Reply, operation: Operation, code: str, what: str) -> None:
        status = find_status(self.planned.errors, code)
        if reply.status != status or (reply.json or {}).get("code") != code:
            raise WrongError(f"{what}: {status} {code} is planned, {describe(reply)} came")


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


def _take_least(example: Json, schema: Json) -> Json:
    """An example without what may be left out: it speaks of things that come later in the story."""
    if isinstance(example, list):
        inner = schema.get("items", {})
        return [_take_least(one, inner) for one in example] if schema.get("minItems") else []
    if isinstance(example, Mapping):
        return {name: value for name, value in example.items() if name in schema.get("required", example)}
    return example


def _takes_null(schema: Json) -> bool:
    return "null" in (schema.get("type") or ()) or {"type": "null"} in schema.get("anyOf", ())


def _is_same(told: Json, sent: Json) -> bool:
    """Whether what is there is what was sent: the same moment in another zone, the same amount with other zeros."""
    from archnb.serve.filters import comparable

    if isinstance(told, Mapping) and isinstance(sent, Mapping):
        return all(_is_same(told.get(name), value) for name, value in sent.items())
    return bool(told == sent or comparable(told) == comparable(sent))


__all__ = ["Journeys", "verify_journeys"]
