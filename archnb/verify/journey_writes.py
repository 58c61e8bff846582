"""Journeys of writes: made, changed, put and deleted by whoever may; what is there afterwards is compared with what was sent and said."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archnb.model import Precondition
from archnb.planned import Operation
from archnb.planned.api import Body
from archnb.planned.entities import AccessPattern
from archnb.planned.schema import Column
from archnb.serve.inside import Reply
from archnb.serve.records import Record
from archnb.serve.tokens import Caller
from archnb.serve.wire import to_json
from archnb.verify.oracle import Given
from archnb.verify.rows import Row

if TYPE_CHECKING:
    pass

from archnb.verify.examples import Stage
from archnb.verify.visits import TRIED, Story, Visits, WrongError, describe

Json = Any


class WriteJourneys(Visits):
    """Writes as whoever may, and looks at what is left."""

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
        body = self._write_body(operation, entity, record, row)
        values = {name: record.get(one.field) for name, one in contract.parameters.items() if one.field}
        key = f"journey-{next(self._keys):016d}"
        headers = {"Idempotency-Key": key} if contract.needs_idempotency_key else {}
        before = self._count_rows(entity)
        reply = self.ask(operation, caller, values, body, **headers)
        if reply.status == 409 and self.planned.schema.tables[self.records.chain(entity)[0]].exclusions:
            story.left.append("the further row of the sample overlaps with another")
            return
        if reply.status == 409 and any(
            guard.kind == "amount" for one in operation.statements for guard in getattr(one, "guards", ())
        ):
            # the sample may hold less than its further row takes: then the refusal is right, and with enough it is made
            story.seen.append("a refusal where less is there than it takes")
            Stage(self.plan, self.records).provide(operation)
            if "Idempotency-Key" in headers:
                headers["Idempotency-Key"] = key = f"journey-{next(self._keys):016d}"
            reply = self.ask(operation, caller, values, body, **headers)
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

    def _write_body(
        self, operation: Operation, entity: str, record: Record, rows: Mapping[str, Row] | None = None
    ) -> Json:
        """The body that a record comes to; what is no field of it is as in the example."""
        request = operation.contract.request
        if request.is_empty:
            return None
        if operation.contract.is_batch:
            inner = request.schema["properties"]["items"]["items"]
            return {"items": [self._write_object(entity, record, inner, request.example["items"][0], rows)]}
        return self._write_object(entity, record, request.schema, request.example, rows)

    def _write_object(
        self, entity: str, record: Record, schema: Json, example: Json, rows: Mapping[str, Row] | None = None
    ) -> Json:
        fields = {name: one for one, name in self.model.properties.names(entity).items()}
        body: Json = {}
        for name, inner in schema.get("properties", {}).items():
            if name in fields:
                value = record.get(fields[name])
                if value is not None or name in schema.get("required", ()) or _takes_null(inner):
                    body[name] = value if value is not None or _takes_null(inner) else example.get(name)
            elif (column := self._find_column(entity, name)) is not None and rows is not None:
                # the row of a relationship, which no field says
                table = self.records.chain(entity)[0]
                body[name] = to_json(rows[table].get(name), column)
            elif name in example:
                body[name] = _take_least(example[name], inner)
        return body

    def _find_column(self, entity: str, name: str) -> Column | None:
        """A column of an entity's table that no field is for, by the property of the same name."""
        column = self.planned.schema.tables[self.records.chain(entity)[0]].columns.get(name)
        return column if column is not None and not column.field else None

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
            if not all(
                self.oracle.fulfils(entity, row, one, Given(now=datetime.datetime.now(datetime.UTC)))
                for one in pattern.where
            ):
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
            if not all(
                self.oracle.fulfils(entity, row, one, Given(now=datetime.datetime.now(datetime.UTC)))
                for one in pattern.where
            ):
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

    def _live_put(self, operation: Operation, pattern: AccessPattern, story: Story) -> None:
        """A row that is not there is made by the same request that changes one: it holds what was sent, and is made once."""
        entity, contract = operation.contract.entity, operation.contract
        rows = self._spare(entity)
        if rows is None:
            story.left.append("the sample has no further row that could be put")
            return
        record = {name: self._json_of_spare(entity, rows, name) for name in self.model.properties.fields(entity)}
        for role, grant in operation.grants.items():
            for caller in self.callers(role) if not grant.is_refused else ():
                own = {one: self.records.write_key(caller.entity, caller.subject) for one in contract.own}
                made = {**record, **own}
                key = self.records.key_of(entity, made)
                if self.records.find(entity, key):
                    continue
                body = self._write_body(operation, entity, made)
                values = {name: made.get(one.field) for name, one in contract.parameters.items() if one.field}
                before = self._count_rows(entity)
                reply = self.ask(operation, caller, values, body)
                if reply.status in (403, 409, 422):
                    continue
                self.expect(reply, operation, "put where there is none")
                self._check_change(operation, pattern, entity, key, body, Story())
                self.expect(self.ask(operation, caller, values, body), operation, "put again")
                if self._count_rows(entity) != before + 1:
                    raise WrongError(
                        f"put twice: {self._count_rows(entity) - before} rows of {entity} are made, not one"
                    )
                story.seen.append("a row that is not there is made as it is sent, and once")
                return
        story.left.append("nobody in the sample may put a row that is not there")


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


__all__ = ["WriteJourneys"]
