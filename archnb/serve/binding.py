"""The values of statements: each from where the plan says that it comes, and from nowhere else.

The caller's are in the request, the token's in the token, the server's are made here, a row's were left by the statements
before. What the plan does not say is not guessed: it is open, and its statement is not run.
"""

from __future__ import annotations

import datetime
import json
import secrets
import string
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from archnb.design.entities import Field
from archnb.planned.api import Contract
from archnb.planned.statements import Column, Value
from archnb.serve.problems import Refused
from archnb.serve.records import Cell, Record, Records
from archnb.serve.requests import Request
from archnb.serve.tokens import Caller
from archnb.serve.wire import to_json

Json = Any
# what the caller may leave out, and did
LEAVE = object()
_LETTERS = string.ascii_letters + string.digits


class OpenError(Exception):
    """A value that the plan leaves to the program: which one, by the name of its parameter."""


class Binding:
    """Binds the values of the statements of one request.

    rows: by the name of a statement or a table, the row that it gave, its columns as JSON. item: the item of the body's array
    at hand.
    """

    def __init__(self, records: Records, contract: Contract, request: Request) -> None:
        self.records, self.model, self.contract, self.request = records, records.model, contract, request
        self.now = datetime.datetime.now(datetime.UTC)
        self.rows: dict[str, dict[str, Json]] = {}
        self.item: Mapping[str, Json] = {}
        self._arrays = {one.name: one.entity for one in self.model.properties.embeds(contract.entity).values()}
        self.sent = self._read_sent()

    # -- what is given

    def _read_sent(self) -> dict[str, Json]:
        """The fields of the entity that the body, the parameters and the token give."""
        contract, request = self.contract, self.request
        names = {name: one for one, name in self.model.properties.names(contract.entity).items()}
        body = request.body if isinstance(request.body, Mapping) else {}
        sent = {names[name]: value for name, value in body.items() if name in names}
        for name, one in contract.parameters.items():
            if one.field and name in request.parameters:
                sent[one.field] = request.parameters[name]
        return sent | find_own(self.records, contract, request.caller)

    # -- binding

    def bind(self, values: Iterable[Value], entity: str) -> dict[str, Any]:
        """The driver's values of the parameters of a statement on an entity ('' on none). Raises OpenError where one is open."""
        made: dict[str, Any] = {}
        for one in values:
            if one.parameter and one.parameter not in made:
                value = self.find(one, entity)
                made[one.parameter] = self._write(one.like, None if value is LEAVE else value, one.field)
        return made

    def is_left(self, one: Value) -> bool:
        """Whether a value is one that the caller may leave out, and did."""
        return one.source == "caller" and one.is_optional and self._find_given(one) is LEAVE

    def _write(self, like: Column, value: Json, field: str) -> Any:
        name = self.model.properties.names(self.contract.entity).get(field, field)
        return self.records.bind(self.records.cell(like.table, like.column), value, f"/{name}")

    def find(self, one: Value, entity: str) -> Json:
        """A value as the JSON of one column; LEAVE where the caller left it out."""
        if one.members:
            return self._compose(one)
        if one.source == "row":
            if not one.origin:
                raise OpenError(one.parameter)
            name, _, column = one.origin.partition(".")
            if column not in self.rows.get(name, {}):
                raise OpenError(one.parameter)
            return self.rows[name][column]
        caller = self.request.caller
        if one.source == "caller" or (caller is not None and caller.role in one.given_by):
            return self._find_given(one)
        if one.source == "token":
            return self._find_claim(one)
        return self._make(one, entity)

    def _find_given(self, one: Value) -> Json:
        entity = self._arrays.get(one.origin, "") if one.origin else self.contract.entity
        field = one.field or self._find_field(entity, one.name)
        if one.origin:
            given = self.item.get(self.model.properties.names(entity).get(field, field), LEAVE)
        else:
            given = self.sent.get(field, LEAVE)
            if given is LEAVE and isinstance(self.request.body, Mapping):
                # what is no field, as the amount by which a number is changed
                given = self.request.body.get(one.name, LEAVE)
        return self._take_part(entity, field, one, given)

    def _find_field(self, entity: str, column: str) -> str:
        table = self.model.places.find_table(entity)
        columns = self.records.schema.tables[table].columns if table in self.records.schema.tables and table else {}
        return columns[column].field if column in columns else column

    def _take_part(self, entity: str, field: str, one: Value, given: Json) -> Json:
        """Of a value that is several columns that of the column at hand."""
        if not isinstance(given, Mapping):
            return given
        cell = self._find_cell(entity, field, one)
        return given.get(cell.part) if cell is not None and cell.part else given

    def _find_cell(self, entity: str, field: str, one: Value) -> Cell | None:
        cells = self.records.cells(entity, field)
        names = (one.like.column, one.name, one.name.removeprefix("new_"))
        for name in names:
            for cell in cells:
                if cell.name == name:
                    return cell
        is_currency = self.records.schema.tables[one.like.table].columns[one.like.column].type == "currency"
        return next((cell for cell in cells if (cell.column.type == "currency") == is_currency), None)

    # -- the token

    def _find_claim(self, one: Value) -> Json:
        caller = self.request.caller
        if caller is None:
            raise Refused("unauthenticated", "a token is needed", headers={"WWW-Authenticate": "Bearer"})
        if one.field and one.field in self.contract.own and one.field in self.sent:
            return self._take_part(self.contract.entity, one.field, one, self.sent[one.field])
        entity, key = (caller.group_entity, caller.group) if one.claim == "tenant" else (caller.entity, caller.subject)
        if not key:
            raise Refused("forbidden", f"{one.field or one.name} is the {one.claim}, and the token names none")
        field = self._find_said(one)
        target = field.references if field is not None else None
        if target is not None and entity != target:
            # whoever asks is a row of another kind: of one that refers to what is meant, perhaps
            found = self.records.find(entity, key, limit=1)
            via = next((n for n, f in self.model.properties.fields(entity).items() if f.references == target), None)
            if not found or via is None or found[0][via] is None:
                raise Refused("forbidden", f"{one.field} is a {target}, and the caller is none")
            value = found[0][via]
        else:
            value = self.records.write_key(entity, key)
        return self._take_part(self.contract.entity, one.field, one, value)

    def _find_said(self, one: Value) -> Field | None:
        """The field that a column is for."""
        table = self.records.schema.tables[one.like.table]
        fields = self.model.properties.fields(table.entity) if table.entity in self.model.design.entities else {}
        return fields.get(table.columns[one.like.column].field)

    # -- the server

    def _make(self, one: Value, entity: str) -> Json:
        column = self.records.schema.tables[one.like.table].columns[one.like.column]
        if one.name == "now":
            moment = self.now + datetime.timedelta(seconds=one.offset)
            return moment.date().isoformat() if column.type == "date" else moment.isoformat()
        field = self._find_said(one)
        if one.name == "generated" and field is not None:
            known = self._find_above(one.like)
            return generate(field) if known is None else known
        if column.nullable:
            return None
        if column.type == "currency":
            return "EUR"
        if field is None:
            raise OpenError(one.parameter)
        # what the program would work out is not known here: the least that the field may hold stands for it
        least = make_least(field)
        return least["amount"] if isinstance(least, dict) and "amount" in least else least

    def _find_above(self, like: Column) -> Json:
        """The key of the row of which this one is a special case: one row of two tables has one key."""
        for key in self.records.schema.tables[like.table].foreign_keys.values():
            if key.columns == self.records.schema.tables[like.table].primary_key and like.column in key.columns:
                above = self.rows.get(key.references, {})
                return above.get(key.referenced[key.columns.index(like.column)])
        return None

    # -- rows before

    def keep(self, name: str, columns: Iterable[str], table: str, values: Iterable[Any]) -> None:
        """Keep a row that a statement gave, by the statement's name."""
        planned = self.records.schema.tables[table].columns
        self.rows[name] = {one: to_json(value, planned[one]) for one, value in zip(columns, values, strict=True)}

    def _compose(self, one: Value) -> Json:
        parts = {
            each.name: each.value.name if each.value.source == "constant" else self.find(each.value, "")
            for each in one.members
        }
        if one.name == "message":
            return parts
        return ",".join(value if isinstance(value, str) else json.dumps(value) for value in parts.values())


def find_own(records: Records, contract: Contract, caller: Caller | None) -> Record:
    """The fields that are whoever asks: the token says them."""
    if caller is None or not caller.subject or not contract.own:
        return {}
    itself = {one: caller.subject[one] for one in records.model.keys.fields(contract.entity) if one in caller.subject}
    key = records.write_key(caller.entity, caller.subject)
    return {one: itself[one] if caller.entity == contract.entity and one in itself else key for one in contract.own}


def generate(field: Field) -> Json:
    """A new value that nobody chooses: a UUID, or letters drawn at random."""
    if field.type == "uuid":
        return str(uuid.uuid4())
    size = min(field.length or 22, 22)
    return "".join(secrets.choice(_LETTERS) for _ in range(size))


def read_constant(text: str, field: Field) -> Json:
    """A value that stands in the design, as the JSON of its field."""
    if field.type == "bool":
        return text == "true"
    if field.type in ("int", "smallint"):
        return int(text)
    if field.type == "float":
        return float(text)
    if field.type == "money":
        return {"amount": text, "currency": "EUR"}
    return text


def make_least(field: Field) -> Json:
    """The least value that a field may hold, for what nobody gives and nothing here works out."""
    least = field.minimum if field.minimum is not None else 0
    if field.type in ("decimal", "bigint"):
        return str(int(least))
    if field.type == "timestamp":
        return datetime.datetime.now(datetime.UTC).isoformat()
    if field.type == "date":
        return datetime.datetime.now(datetime.UTC).date().isoformat()
    if field.type == "enum":
        return field.values[0]
    if field.type in ("text", "code", "char", "other"):
        # unique where it must be
        return f"computed {secrets.token_hex(8)}"[-(field.length or 25) :]
    if field.type == "uuid":
        return str(uuid.uuid4())
    if field.type == "json":
        return {}
    return read_constant(str(int(least)), field)


__all__ = ["LEAVE", "Binding", "OpenError", "find_own", "generate", "make_least", "read_constant"]
