"""The work of one operation: its statements with the values of the request, and the answer that its contract describes."""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from archnb.design.conditions import Sorting
from archnb.design.entities import Field
from archnb.model import Embed
from archnb.planned import Operation
from archnb.planned.api import Contract
from archnb.planned.auth import Grant
from archnb.planned.entities import AccessPattern, Setting
from archnb.planned.erasure import Erasure, ErasureStep
from archnb.planned.schema import ForeignKey
from archnb.planned.statements import Insert
from archnb.serve.permissions import Permissions
from archnb.serve.problems import Fault, Refused
from archnb.serve.reading import Reading
from archnb.serve.records import Record, Records
from archnb.serve.settings import Settings, add, comparable, make_least
from archnb.serve.signing import Signer
from archnb.serve.tokens import Caller
from archnb.serve.versions import Versions
from archnb.serve.wire import to_json

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any


@dataclass(frozen=True)
class Request:
    """What an operation was sent, checked against its contract. `caller` and `grant` are None where everybody may call it."""

    parameters: Mapping[str, Json]
    body: Json = None
    caller: Caller | None = None
    grant: Grant | None = None
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

    def __init__(self, plan: Plan, records: Records, permissions: Permissions, signer: Signer) -> None:
        self.plan, self.model, self.records = plan, plan.model, records
        self.permissions, self._signer = permissions, signer
        self.reading, self.versions = Reading(plan, records, permissions, signer), Versions(records)

    def do(self, operation: Operation, request: Request) -> Result:
        """Do an operation. Raises Refused where it cannot be done; its transaction is the caller's."""
        contract = operation.contract
        if contract.entity and not self.records.is_served(contract.entity):
            raise Refused("unavailable", f"{contract.entity} is in a store that is not run here")
        pattern = operation.patterns[0] if operation.patterns else None
        if contract.action in ("list", "search") or contract.response.is_list or (pattern and pattern.aggregate):
            return self._list(operation, request)
        if contract.action == "get" or pattern is None:
            return self._get(operation, request)
        if pattern.kind == "create":
            return self._create(operation, pattern, request)
        if pattern.kind == "delete":
            return self._delete(operation, pattern, request)
        return self._update(operation, pattern, request)

    # -- what is given

    def _sent(self, operation: Operation, request: Request) -> dict[str, Json]:
        """The fields of the entity that the body and the parameters give."""
        contract = operation.contract
        names = {name: one for one, name in self.model.properties.names(contract.entity).items()}
        sent = {names[name]: value for name, value in (request.body or {}).items() if name in names}
        for name, one in contract.parameters.items():
            if one.field and "." not in one.field and name in request.parameters:
                sent[one.field] = request.parameters[name]
        return sent | self._own(operation, request)

    def _own(self, operation: Operation, request: Request) -> dict[str, Json]:
        """The fields that are whoever asks: the token says them."""
        caller, contract = request.caller, operation.contract
        if caller is None or not caller.subject or not contract.own:
            return {}
        keys = self.model.keys.fields(contract.entity)
        itself = {one: caller.subject[one] for one in keys if one in caller.subject}
        key = self.records.write_key(caller.entity, caller.subject)
        return {one: itself[one] if caller.entity == contract.entity and one in itself else key for one in contract.own}

    def _may(self, request: Request, record: Record) -> bool:
        """Whether the caller may do it to a record."""
        if request.grant is None or request.caller is None:
            return True
        return self.permissions.allows(request.grant, request.caller, record)

    def _find(self, operation: Operation, request: Request, *, many: bool = False) -> list[Record]:
        """The records that an operation is about, each of which the caller may be at. Raises Refused where there is none.

        One that is not the caller's is told like one that is not there, so that nobody learns what others have
        (RFC 9110, section 15.5.4).
        """
        contract = operation.contract
        pattern = operation.patterns[0] if operation.patterns else None
        by = set(pattern.by) if pattern is not None and pattern.by else None
        given = {
            name: value
            for name, value in self._sent(operation, request).items()
            if (by is None or name in by or name == "id")
            and not (by is None and name not in self._parameter_fields(contract))
        }
        settings = Settings(self.records, request.caller)
        found = [
            one
            for one in (self.records.find(contract.entity, given) if given else [])
            if (pattern is None or settings.matches(contract.entity, pattern.where, one)) and self._may(request, one)
        ]
        if not found:
            raise Refused("not_found", f"there is no such {contract.entity}")
        return found if many else found[:1]

    @staticmethod
    def _parameter_fields(contract: Contract) -> set[str]:
        return {one.field for one in contract.parameters.values() if one.place == "path"}

    # -- reads

    def _get(self, operation: Operation, request: Request) -> Result:
        contract = operation.contract
        read = self.reading.find_read(operation)
        if read is None:
            found = self._find(operation, request)
        else:
            page = self.reading.turn_page(
                operation, read, self._asked(operation, request), request.caller, request.grant, 1
            )
            found = page.records
        if not found:
            raise Refused("not_found", f"there is no such {contract.entity}")
        record = found[0]
        if contract.redirect:
            fields = self.model.properties.fields(contract.entity)
            name = next(name for name, one in fields.items() if one.type == "url")
            return Result(redirect=str(record[name]))
        body = self.records.represent(contract.entity, record, contract.response.schema)
        (whole,) = self.records.find(contract.entity, self.records.key_of(contract.entity, record), limit=1)
        return Result(body, etag=self.versions.write(contract.entity, whole))

    def _asked(self, operation: Operation, request: Request) -> dict[str, Json]:
        """What a read is asked with: the parameters, or the body of one whose input must not stand in an address."""
        names = self.model.properties.names(operation.contract.entity)
        own = {names.get(name, name): value for name, value in self._own(operation, request).items()}
        return dict(request.body or {}) | dict(request.parameters) | own

    def _list(self, operation: Operation, request: Request) -> Result:
        contract, pattern = operation.contract, operation.patterns[0]
        sent = self._asked(operation, request)
        read = self.reading.find_read(operation)
        if read is None:
            return self._search(operation, request, sent)
        usual = pattern.limit or self.plan.planned.api.page_size
        most = int(sent.get("limit") or usual)
        if read.aggregate:
            lines, cursor = self.reading.compute(operation, read, sent, request.caller, request.grant, most)
            items = [represent_line(one, contract.response.schema) for one in lines]
            if not contract.response.is_list:
                return Result(items[0] if items else None)
        else:
            page = self.reading.turn_page(operation, read, sent, request.caller, request.grant, most)
            cursor = page.cursor
            items = [self.records.represent(contract.entity, one, contract.response.schema) for one in page.records]
        return Result({"items": items, "next_cursor": cursor} if contract.response.is_paged else {"items": items})

    def _search(self, operation: Operation, request: Request, sent: Mapping[str, Json]) -> Result:
        """What a search store would answer: the records that hold all the words, told by the source of truth."""
        contract, pattern = operation.contract, operation.patterns[0]
        words = str(sent.get("q", "")).casefold().split()
        given = {name: value for name, value in self._sent(operation, request).items() if name in pattern.by}
        settings = Settings(self.records, request.caller)
        found = [
            one
            for one in self.records.find(contract.entity, given)
            if all(any(word in str(one.get(name) or "").casefold() for name in pattern.search) for word in words)
            and settings.matches(contract.entity, pattern.where, one)
            and self._may(request, one)
        ]
        put_in_order(found, pattern.order)
        most = int(sent.get("limit") or pattern.limit or self.plan.planned.api.page_size)
        start = 0
        if sent.get("cursor") is not None:
            kept = self._signer.read("cursor", str(sent["cursor"]))
            if kept is None or kept[0] != operation.name:
                detail = "the cursor is not one that this list gave out"
                raise Refused("validation_failed", detail, [Fault("/cursor", detail, "cursor")])
            start = kept[1]
        shown = found[start : start + most]
        items = [self.records.represent(contract.entity, one, contract.response.schema) for one in shown]
        body: dict[str, Json] = {"items": items}
        if contract.response.is_paged:
            is_more = start + most < len(found)
            body["next_cursor"] = self._signer.sign("cursor", [operation.name, start + most]) if is_more else None
        return Result(body)

    # -- writes

    def _create(self, operation: Operation, pattern: AccessPattern, request: Request) -> Result:
        contract = operation.contract
        entity = contract.entity
        if contract.is_batch and isinstance(request.body, Mapping) and "items" in request.body:
            for row in request.body["items"]:
                self._create(operation, pattern, replace(request, body=row))
            return Result()
        sent = self._sent(operation, request)
        settings = Settings(self.records, request.caller)
        record = {**self._only_key(entity, sent), **settings.settle(entity, pattern.sets, sent)}
        if self._is_stored(operation, entity, record):
            # sent again: nothing changes, and it is answered as it was at first
            return self._finish_create(contract, entity, record, request)
        self.insert(entity, record)
        self._insert_parts(entity, record, request.body or {}, settings)
        return self._finish_create(contract, entity, record, request)

    def _is_stored(self, operation: Operation, entity: str, record: Record) -> bool:
        """Whether a row of a stream is there already, so that sending it twice changes nothing."""
        procedure = self.plan.planned.statements.procedures.get(operation.contract.pattern)
        inserts = [one for one in procedure.statements if isinstance(one, Insert)] if procedure is not None else []
        key = {name: record.get(name) for name in self.model.keys.fields(entity)}
        return (
            any(one.is_repeatable for one in inserts)
            and None not in key.values()
            and bool(self.records.find(entity, key, limit=1))
        )

    def _finish_create(self, contract: Contract, entity: str, record: Record, request: Request) -> Result:
        stored = self.records.find(entity, self.records.key_of(entity, record), limit=1)[0]
        if not self._may(request, stored):
            raise Refused(
                "forbidden", f"a {entity} of others is not for {request.caller.role if request.caller else ''} to make"
            )
        body = None
        if not contract.response.is_empty:
            body = self.records.represent(entity, stored, contract.response.schema)
        return Result(body, location=self._locate(contract, stored), etag=self.versions.write(entity, stored))

    def _only_key(self, entity: str, sent: Mapping[str, Json]) -> Record:
        """The parts of the key that the address or the body gives."""
        keys = self.model.keys
        return {
            name: sent[name]
            for name in keys.fields(entity)
            if name in sent and not keys.is_made_by_server(entity, name)
        }

    def insert(self, entity: str, record: Record) -> None:
        """Insert a record into its tables, the parent's first; a key that the engine numbers is put into the record."""
        import sqlalchemy as sa

        values: dict[str, dict[str, Any]] = {}
        for name, value in record.items():
            pointer = f"/{self.model.properties.names(entity).get(name, name)}"
            for (table, column), one in self.records.split(entity, name, value, pointer).items():
                values.setdefault(table, {})[column] = one
        chain = self.records.chain(entity)
        made: dict[tuple[str, str], Any] = {}
        for child in chain:
            for key in self._list_upwards(child, chain):
                # a key that the caller gives is that of every table
                own_values = values.get(child, {})
                above = {b: own_values[a] for a, b in zip(key.columns, key.referenced, strict=True) if a in own_values}
                values[key.references] = {**above, **values.get(key.references, {})}
        for table in reversed(chain):
            own, given = self.records.tables[table], values.get(table, {})
            for key in self._list_upwards(table, chain):
                # a special case has the key of what it extends
                for mine, theirs in zip(key.columns, key.referenced, strict=True):
                    known = made.get((key.references, theirs), values.get(key.references, {}).get(theirs))
                    if known is not None:
                        given[mine] = known
            statement = sa.insert(own).values(
                {self.records.column(table, name): sa.literal(value) for name, value in given.items()}
            )
            left = [one for one in own.primary_key.columns if one.info["column"] not in given]
            returned = self.records.fetch(statement.returning(*(left or own.primary_key.columns)))
            for numbered, value in zip(left, returned[0], strict=False):
                made[table, numbered.info["column"]] = value
        for name in self.model.keys.fields(entity):
            for cell in self.records.cells(entity, name):
                if name not in record and (cell.table, cell.name) in made:
                    record[name] = to_json(made[cell.table, cell.name], cell.column)

    def _list_upwards(self, table: str, chain: Sequence[str]) -> list[ForeignKey]:
        """The foreign keys of a table that lead to what its entity extends."""
        keys = self.records.schema.tables[table].foreign_keys.values()
        return [one for one in keys if one.references in chain and one.references != table]

    def _insert_parts(self, entity: str, record: Record, body: Mapping[str, Json], settings: Settings) -> None:
        """Insert what the body holds of other entities, each with a reference back; totals follow from them."""
        for embed in self.model.properties.embeds(entity).values():
            items = body.get(embed.name)
            if not isinstance(items, list):
                continue
            if embed.relationship:
                self._insert_pairs(entity, record, embed, items)
                continue
            names = {name: one for one, name in self.model.properties.names(embed.entity).items()}
            total: Json = None
            for item in items:
                part = {names[name]: value for name, value in item.items() if name in names}
                part[embed.via] = self.records.write_key(entity, self.records.key_of(entity, record))
                settled = settings.settle(embed.entity, self._propose_parts(embed.entity, part), part, part)
                part = {**settled, **part}
                self.insert(embed.entity, part)
                total = self._add_line(embed.entity, part, total)
            self._set_total(entity, record, total)

    def _insert_pairs(self, entity: str, record: Record, embed: Embed, items: list[Record]) -> None:
        """Insert the pairs of a relationship that a body names, each by the key of the other side."""
        import sqlalchemy as sa

        table = self.model.places.find_table(embed.relationship) or ""
        keys = list(self.records.schema.tables[table].foreign_keys.values())
        sides = self.records.find_sides(entity, embed, keys)
        names = {name: one for one, name in self.model.properties.names(embed.entity).items()}
        for item in items:
            other = {names[name]: value for name, value in item.items() if name in names}
            values: dict[Any, Any] = {}
            for key, (side, one) in zip(sides, ((entity, record), (embed.entity, other)), strict=True):
                raw = self.records.key_row(side, one)
                for mine, theirs in zip(key.columns, key.referenced, strict=True):
                    values[self.records.column(table, mine)] = sa.literal(raw[key.references, theirs])
            for name, column in self.records.schema.tables[table].columns.items():
                if name in item and column.field:
                    values[self.records.column(table, name)] = sa.literal(
                        self.records.bind(self.records.cell(table, name), item[name], f"/{embed.name}")
                    )
            self.records.run(sa.insert(self.records.tables[table]).values(values))

    def _propose_parts(self, entity: str, part: Record) -> tuple[Setting, ...]:
        """What is set of a part that its body leaves out: its key, its times, and the price of what it refers to."""
        made = []
        for name, about in self.model.properties.fields(entity).items():
            if name in part or about.optional or about.default is not None:
                continue
            price = self.model.writes.find_price(entity, name)
            if price is not None:
                made.append(Setting(field=name, source="row", value=price))
            elif (about.type == "uuid" and about.key) or about.secret:
                made.append(Setting(field=name, source="server", value="generated"))
            elif about.type == "timestamp":
                made.append(Setting(field=name, source="server", value="now"))
            elif about.type != "key":
                made.append(Setting(field=name, source="server", value="computed"))
        return tuple(made)

    def _add_line(self, entity: str, part: Record, total: Json) -> Json:
        fields = self.model.properties.fields(entity)
        price = next((part[name] for name, one in fields.items() if one.type == "money" and name in part), None)
        count = next(
            (part[name] for name, one in fields.items() if one.type in ("int", "smallint") and name in part), 1
        )
        if price is None:
            return total
        line = {**price, "amount": f"{Decimal(price['amount']) * int(count):f}"}
        return line if total is None else add(total, line, "+")

    def _set_total(self, entity: str, record: Record, total: Json) -> None:
        pattern_fields = self.model.properties.fields(entity)
        name = next((n for n, one in pattern_fields.items() if one.type == "money" and n in record), None)
        if total is not None and name is not None:
            self.change(entity, record, {name: total})

    def _locate(self, contract: Contract, record: Record) -> str:
        """Where a record can be read, after the example of its address."""
        if not contract.location:
            return ""
        for other in self.plan.planned.api.operations.values():
            if other.entity == contract.entity and other.action == "get" and other.method == "GET":
                given = {one.field: name for name, one in other.parameters.items() if one.place == "path"}
                if set(given) == set(self.model.keys.fields(contract.entity)):
                    path = self.plan.planned.api.base_path.rstrip("/") + other.path
                    for one, name in given.items():
                        path = path.replace("{" + name + "}", quote(str(record[one]), safe=""))
                    return path
        return ""

    def _update(self, operation: Operation, pattern: AccessPattern, request: Request) -> Result:
        contract = operation.contract
        entity = contract.entity
        sent = self._sent(operation, request)
        settings = Settings(self.records, request.caller)
        try:
            found = self._find(operation, request, many=pattern.many)
        except Refused:
            if not pattern.is_upsert:
                raise
            given = {name: value for name, value in sent.items() if name in pattern.by}
            if self.records.find(entity, given):
                raise
            record = {**given, **settings.settle(entity, pattern.sets, sent)}
            self.insert(entity, record)
            return self._finish_create(contract, entity, record, request)
        is_said = operation.name in self.model.design.access
        before = self.model.writes.find_precondition(operation.name) if is_said else None
        after = found[0]
        for record in found:
            if not self.versions.meets(request.if_match, entity, record):
                raise Refused("precondition_failed", "it has changed since it was read")
            if before is not None and record[before.field] not in before.states:
                code = next((one for one in contract.errors if one.endswith("state_conflict")), "conflict")
                raise Refused(
                    code, f"{before.field} is {record[before.field]}, and must be {' or '.join(before.states)}"
                )
            changes = settings.settle(entity, pattern.sets, sent, record)
            self.change(entity, record, changes)
            after = self.records.find(
                entity, {**self.records.key_of(entity, record), **self._only_key(entity, changes)}, limit=1
            )[0]
            if self._moves(pattern, request, sent) and not self._may(request, after):
                raise Refused("forbidden", f"the {entity} would no longer be the caller's")
        if contract.response.is_empty:
            return Result()
        body = self.records.represent(entity, after, contract.response.schema)
        return Result(body, etag=self.versions.write(entity, after))

    @staticmethod
    def _moves(pattern: AccessPattern, request: Request, sent: Mapping[str, Json]) -> bool:
        """Whether a caller points the row elsewhere in what makes it theirs: it must be theirs there as well."""
        reaches = request.grant.reaches if request.grant is not None else ()
        firsts = {one.joins[0].field if one.joins else one.field for one in reaches}
        return any(one.field in firsts and one.field in sent for one in pattern.taken if one.field not in pattern.by)

    def change(self, entity: str, record: Record, changes: Record) -> None:
        """Update a record in each of its tables."""
        import sqlalchemy as sa

        values: dict[str, dict[Any, Any]] = {}
        for name, value in changes.items():
            pointer = f"/{self.model.properties.names(entity).get(name, name)}"
            for (table, column), one in self.records.split(entity, name, value, pointer).items():
                values.setdefault(table, {})[self.records.column(table, column)] = sa.literal(one)
        for (table, column), one in self.versions.count_up(entity, changes).items():
            values.setdefault(table, {})[self.records.column(table, column)] = one
        for table, given in values.items():
            self.records.run(
                sa.update(self.records.tables[table]).where(*self._where(entity, record, table)).values(given)
            )

    def remove(self, entity: str, record: Record) -> None:
        """Delete a record: the row of the most general table, with which the others go."""
        import sqlalchemy as sa

        table = self.records.chain(entity)[-1]
        self.records.run(sa.delete(self.records.tables[table]).where(*self._where(entity, record, table)))

    def _where(self, entity: str, record: Record, table: str) -> list[Any]:
        return self.records.locate(entity, record, table)

    def _delete(self, operation: Operation, pattern: AccessPattern, request: Request) -> Result:
        entity = operation.contract.entity
        settings = Settings(self.records, request.caller)
        found = self._find(operation, request, many=pattern.many)
        if operation.erasures:
            for one in operation.erasures:
                Eraser(self.records, self).erase(one, found[0])
            return Result()
        for record in found:
            if not self.versions.meets(request.if_match, entity, record):
                raise Refused("precondition_failed", "it has changed since it was read")
            if pattern.sets:
                self.change(entity, record, settings.settle(entity, pattern.sets, {}, record))
                continue
            self.remove(entity, record)
        return Result()


class Eraser:
    """Erases somebody's data in the steps that the plan has for it."""

    def __init__(self, records: Records, work: Work) -> None:
        self.records, self.work = records, work

    def erase(self, erasure: Erasure, person: Record) -> None:
        """Take every step, in its order."""
        for step in erasure.steps:
            if step.relationship:
                self._cut(erasure.entity, person, step.relationship)
            elif not step.is_along:
                for record in self._find(erasure.entity, person, step):
                    self._take(step, record)

    def _find(self, entity: str, person: Record, step: ErasureStep) -> list[Record]:
        """The rows of a step, from the person back along its way."""
        found, at = [person], entity
        for reference in reversed(step.way):
            source, _, name = reference.partition(".")
            keys = [self.records.write_key(at, self.records.key_of(at, one)) for one in found]
            found = [one for key in keys for one in self.records.find(source, {name: key})]
            at = source
        return found

    def _take(self, step: ErasureStep, record: Record) -> None:
        if step.fate == "delete":
            self.work.remove(step.entity, record)
        elif step.fate == "detach":
            self.work.change(step.entity, record, {step.way[0].partition(".")[2]: None})
        else:
            fields = self.records.model.properties.fields(step.entity)
            key = "-".join(str(one) for one in self.records.key_of(step.entity, record).values())
            self.work.change(step.entity, record, {name: make_placeholder(fields[name], key) for name in step.fields})

    def _cut(self, entity: str, person: Record, relationship: str) -> None:
        """Delete the pairs that the person is in."""
        import sqlalchemy as sa

        table = self.records.model.places.find_table(relationship) or ""
        raw = self.records.key_row(entity, person)
        for key in self.records.schema.tables[table].foreign_keys.values():
            if key.references in self.records.chain(entity):
                pairs = zip(key.columns, key.referenced, strict=True)
                where = [self.records.column(table, a) == sa.literal(raw[key.references, b]) for a, b in pairs]
                self.records.run(sa.delete(self.records.tables[table]).where(*where))


def make_placeholder(field: Field, key: str) -> Json:
    """What stands for a value that was erased: nothing where that may be, else something that tells nobody and is unlike others."""
    if field.optional:
        return None
    if field.type == "email":
        return f"erased-{key}@example.invalid"
    if field.type in ("text", "code", "char", "other"):
        return f"erased {key}"[: field.length or 60]
    if field.type == "phone":
        return f"+1{zlib.crc32(key.encode()) % 10**9:09d}"
    if field.type == "url":
        return f"https://example.invalid/{key}"
    if field.type in ("timestamp", "date"):
        return "1900-01-01T00:00:00Z"[: 20 if field.type == "timestamp" else 10]
    return make_least(field)


def put_in_order(records: list[Record], order: Sequence[Sorting]) -> None:
    """Sort records by the terms of an order, those without a value together."""
    for term in reversed(order):

        def place(record: Record, name: str = term.field) -> tuple[bool, str]:
            value = record.get(name)
            return value is not None, str(comparable(value))

        records.sort(key=place, reverse=term.is_down)


def represent_line(line: Mapping[str, Any], schema: Json) -> Json:
    """A line of a computation as the object of its schema: the groups, then the value; money has a currency."""
    left = [value for name, value in line.items() if name != "currency" and not name.endswith("_currency")]
    currency = next((value for name, value in line.items() if name == "currency" or name.endswith("_currency")), "EUR")
    made: dict[str, Json] = {}
    for name, inner in schema["properties"].items():
        value = left.pop(0) if left else None
        if "$ref" in inner or "amount" in inner.get("properties", {}):
            made[name] = {"amount": f"{round(Decimal(str(value or 0)), 4):f}", "currency": str(currency)}
        elif inner.get("type") in ("number", "integer"):
            made[name] = (float if inner["type"] == "number" else int)(value or 0)
        else:
            made[name] = represent_group(value, inner)
    return made


# how much of a moment tells its period
_LENGTHS = {"date": 10, "^[0-9]{4}-[0-9]{2}$": 7, "^[0-9]{4}$": 4}


def represent_group(value: Any, schema: Json) -> Json:
    """What lines are grouped by: a period as its schema writes it, whatever the engine gives, and anything else as a text."""
    if value is None:
        return None
    if isinstance(value, datetime.datetime):
        value = value.astimezone(datetime.UTC).replace(tzinfo=None).isoformat() + "Z"
    kind = schema.get("format") or schema.get("pattern", "")
    return str(value)[: _LENGTHS.get(kind)]


__all__ = ["Request", "Result", "Work"]
