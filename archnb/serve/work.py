"""The work of one operation: its planned statements with the values of the request, and the answer that its contract describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from archnb.planned import Operation
from archnb.planned.api import Contract
from archnb.planned.entities import AccessPattern
from archnb.planned.statements import Update, Upsert
from archnb.serve.binding import Binding, find_own
from archnb.serve.execution import Execution
from archnb.serve.filters import Filters, put_in_order
from archnb.serve.lines import represent_line
from archnb.serve.permissions import Permissions
from archnb.serve.problems import Fault, Refused
from archnb.serve.reading import Reading
from archnb.serve.records import Record, Records
from archnb.serve.requests import Request, Result
from archnb.serve.signing import Signer
from archnb.serve.versions import Versions

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any


def tell_nobody(text: str) -> None:
    """Where nobody reads what a service says besides its answers."""


class Work:
    """Does the operations of a plan over one database. `tell` gets what was not done, and why."""

    def __init__(
        self,
        plan: Plan,
        records: Records,
        permissions: Permissions,
        signer: Signer,
        tell: Callable[[str], None] = tell_nobody,
    ) -> None:
        self.plan, self.model, self.records, self.tell = plan, plan.model, records, tell
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
            return self._create(operation, request)
        if any(isinstance(one, Upsert) for one in operation.statements):
            return self._put(operation, request)
        return self._change(operation, pattern, request)

    def _may(self, request: Request, record: Record) -> bool:
        """Whether the caller may do it to a record."""
        if request.grant is None or request.caller is None:
            return True
        return self.permissions.allows(request.grant, request.caller, record)

    # -- reads

    def _get(self, operation: Operation, request: Request) -> Result:
        contract = operation.contract
        read = self.reading.find_read(operation)
        if read is None:
            found = self._execute(operation, request).find_records(may=lambda one: self._may(request, one))
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
        found = find_own(self.records, operation.contract, request.caller)
        own = {names.get(name, name): value for name, value in found.items()}
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
        binding = Binding(self.records, contract, request)
        given = {name: value for name, value in binding.sent.items() if name in pattern.by}
        filters = Filters(self.records, request.caller)
        found = [
            one
            for one in self.records.find(contract.entity, given)
            if all(any(word in str(one.get(name) or "").casefold() for name in pattern.search) for word in words)
            and filters.match(contract.entity, pattern.where, one)
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

    def _execute(self, operation: Operation, request: Request) -> Execution:
        return Execution(operation, request, self.records, self.permissions, self.tell)

    def _create(self, operation: Operation, request: Request) -> Result:
        if operation.contract.is_batch and isinstance(request.body, Mapping) and "items" in request.body:
            for row in request.body["items"]:
                self._create(operation, replace(request, body=row))
            return Result()
        return self._put(operation, request)

    def _put(self, operation: Operation, request: Request) -> Result:
        """Make a row, or change the one that is there where the plan says so."""
        contract, entity = operation.contract, operation.contract.entity
        execution = self._execute(operation, request)
        execution.run()
        if not execution.key:
            raise Refused("unavailable", f"nothing says what {operation.name} sets")
        stored = self.records.select(entity, execution.key)[0]
        if not self._may(request, stored):
            raise Refused(
                "forbidden", f"a {entity} of others is not for {request.caller.role if request.caller else ''} to make"
            )
        body = None
        if not contract.response.is_empty:
            body = self.records.represent(entity, stored, contract.response.schema)
        etag = self.versions.write(entity, stored)
        return Result(body, etag, self._locate(contract, stored), is_made=execution.is_made)

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

    def _change(self, operation: Operation, pattern: AccessPattern, request: Request) -> Result:
        """Change or delete the row that is meant, or every row that is found."""
        contract, entity = operation.contract, operation.contract.entity
        execution = self._execute(operation, request)
        found = execution.find_records(may=lambda one: self._may(request, one))
        for record in found:
            if not self.versions.meets(request.if_match, entity, record):
                raise Refused("precondition_failed", "it has changed since it was read")
        execution.run(found[0])
        if pattern.kind == "delete":
            return Result()
        key = self.records.key_of(entity, found[0]) | self._find_new_key(operation, execution)
        after = self.records.find(entity, key, limit=1)[0]
        if self._moves(pattern, request, execution.binding.sent) and not self._may(request, after):
            raise Refused("forbidden", f"the {entity} would no longer be the caller's")
        if contract.response.is_empty:
            return Result()
        body = self.records.represent(entity, after, contract.response.schema)
        return Result(body, etag=self.versions.write(entity, after))

    def _find_new_key(self, operation: Operation, execution: Execution) -> Record:
        """The parts of the key that a change sets."""
        fields = self.model.keys.fields(operation.contract.entity)
        set_fields = {
            each.column.field for one in operation.statements if isinstance(one, Update) and not one.purpose for each in one.assignments
        }  # fmt: skip
        sent = execution.binding.sent
        return {one: sent[one] for one in fields if one in set_fields and one in sent}

    @staticmethod
    def _moves(pattern: AccessPattern, request: Request, sent: Mapping[str, Json]) -> bool:
        """Whether a caller points the row elsewhere in what makes it theirs: it must be theirs there as well."""
        reaches = request.grant.reaches if request.grant is not None else ()
        firsts = {one.joins[0].field if one.joins else one.field for one in reaches}
        return any(one.field in firsts and one.field in sent for one in pattern.taken if one.field not in pattern.by)


__all__ = ["Work", "tell_nobody"]
