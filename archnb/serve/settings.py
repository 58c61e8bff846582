"""The values that a write sets: each from where the plan says, the caller's body, the token, the server, another row or the design."""

from __future__ import annotations

import datetime
import secrets
import string
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from archnb.design.conditions import ValueText, read_value
from archnb.design.entities import Field
from archnb.planned.entities import Filter, Setting
from archnb.serve.problems import Fault, Refused
from archnb.serve.records import Record, Records
from archnb.serve.tokens import Caller

Json = Any
LEAVE = object()
_LETTERS = string.ascii_letters + string.digits


class Settings:
    """Settles what one write sets."""

    def __init__(self, records: Records, caller: Caller | None) -> None:
        self.records, self.model, self.caller = records, records.model, caller
        self.now = datetime.datetime.now(datetime.UTC)

    def settle(
        self, entity: str, settings: tuple[Setting, ...], sent: Mapping[str, Json], before: Record | None = None
    ) -> Record:
        """The fields that a write sets, with their values. What the caller may leave out, and did, is not among them.

        before: the record that is changed, None where one is made.
        """
        made: Record = {}
        # what another row gives is looked up once its reference is known
        for one in sorted(settings, key=lambda one: one.source == "row"):
            value = self._settle_one(entity, one, sent, {**(before or {}), **made})
            if value is not LEAVE:
                made[one.field] = value
        return made

    def _settle_one(self, entity: str, one: Setting, sent: Mapping[str, Json], record: Record) -> Json:
        field = self.model.properties.fields(entity)[one.field]
        is_given_by = self.caller is not None and self.caller.role in one.given_by
        if one.source == "caller" or is_given_by:
            return sent.get(one.field, LEAVE)
        value = read_value(one.value)
        if one.source == "token":
            return self._read_token(field, one, value)
        if one.source == "server":
            return self._make(entity, one, field, value)
        if one.source == "row":
            return self._look_up(entity, one.field, value, record, sent)
        return read_constant(value.text, field)

    # -- the token

    def _read_token(self, field: Field, one: Setting, value: ValueText) -> Json:
        caller, target = self.caller, field.references
        if caller is None:
            raise Refused("unauthenticated", "a token is needed", headers={"WWW-Authenticate": "Bearer"})
        entity, key = (caller.group_entity, caller.group) if value.kind == "tenant" else (caller.entity, caller.subject)
        if not key:
            raise Refused("forbidden", f"{one.field} is {one.value}, and the token names none")
        if target is not None and entity != target:
            # whoever asks is a row of another kind: of one that refers to what is meant, perhaps
            found = self.records.find(entity, key, limit=1)
            via = next((n for n, f in self.model.properties.fields(entity).items() if f.references == target), None)
            if not found or via is None or found[0][via] is None:
                raise Refused("forbidden", f"{one.field} is a {target}, and the caller is none")
            return found[0][via]
        return self.records.write_key(entity, key)

    # -- the server

    def _make(self, entity: str, one: Setting, field: Field, value: ValueText) -> Json:
        if value.kind == "now":
            moment = self.now + datetime.timedelta(seconds=value.offset)
            return moment.date().isoformat() if field.type == "date" else moment.isoformat()
        if value.kind == "missing":
            return None
        if value.kind == "default":
            return LEAVE
        if value.kind == "generated":
            return self._generate(field)
        if value.kind == "computed":
            # what the program would work out is not known here; the least that the field may hold stands for it
            return None if field.optional else LEAVE if field.default is not None else make_least(field)
        return read_constant(value.text, field)

    @staticmethod
    def _generate(field: Field) -> Json:
        if field.type == "uuid":
            return str(uuid.uuid4())
        if field.type in ("text", "code", "char", "other"):
            size = min(field.length or 22, 22)
            return "".join(secrets.choice(_LETTERS) for _ in range(size))
        # the engine numbers it
        return LEAVE

    # -- another row

    def _look_up(self, entity: str, name: str, value: ValueText, record: Record, sent: Mapping[str, Json]) -> Json:
        if value.kind == "change":
            present = self._follow(entity, value.text, {**sent, **record})
            by = value.by if value.by[:1].isdigit() else {**record, **sent}.get(value.by)
            return add(present, by, value.sign)
        return self._follow(entity, value.text, record)

    def _follow(self, entity: str, path: str, record: Record) -> Json:
        """The value at the end of a path of references."""
        first, _, rest = path.partition(".")
        value = record.get(first)
        if not rest or value is None:
            return value
        target = self.model.properties.fields(entity)[first].references or ""
        found = self.records.find(target, self.records.read_key(target, value), limit=1)
        if not found:
            pointer = f"/{self.model.properties.names(entity)[first]}"
            detail = f"there is no such {target}"
            raise Refused("validation_failed", detail, [Fault(pointer, detail, "reference")])
        return self._follow(target, rest, found[0])

    # -- conditions

    def matches(self, entity: str, filters: tuple[Filter, ...], record: Record) -> bool:
        """Whether a record is one of those that the constant filters of a pattern mean."""
        return all(self._match_one(entity, one, record) for one in filters)

    def _match_one(self, entity: str, one: Filter, record: Record) -> bool:
        value = self._follow(entity, one.field, record)
        if one.comparison in ("is missing", "is present"):
            return (value is None) == (one.comparison == "is missing")
        if value is None:
            return False
        fields = self.model.properties.fields(entity)
        wanted = [
            self._read_compared(fields.get(one.field, Field()), read_value(text), record, fields) for text in one.values
        ]
        if one.comparison == "in":
            return value in wanted
        left, right = comparable(value), comparable(wanted[0])
        if right is None:
            return False
        verdicts: dict[str, bool] = {
            "=": left == right, "<>": left != right, "<": left < right, "<=": left <= right, ">": left > right,
            ">=": left >= right,
        }  # fmt: skip
        return verdicts[one.comparison]

    def _read_compared(self, field: Field, value: ValueText, record: Record, fields: Mapping[str, Field]) -> Json:
        caller = self.caller
        if value.kind == "caller" and caller is not None:
            return self.records.write_key(caller.entity, caller.subject) if caller.subject else None
        if value.kind == "tenant" and caller is not None:
            return self.records.write_key(caller.group_entity, caller.group) if caller.group else None
        if value.kind == "now":
            moment = self.now + datetime.timedelta(seconds=value.offset)
            return moment.date().isoformat() if field.type == "date" else moment.isoformat()
        if value.kind == "word" and value.text not in field.values and value.text in fields:
            return record.get(value.text)
        return read_constant(value.text, field)


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


# of types without an order: what says least
_LEAST: dict[str, Json] = {
    "point": {"longitude": 0.0, "latitude": 0.0}, "json": {}, "bytes": "", "time": "00:00:00", "duration": "PT0S",
    "uuid": str(uuid.UUID(int=0)), "ip": "0.0.0.0", "country": "ZZ", "currency": "XXX", "language": "und",
}  # fmt: skip


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
    if field.type == "text":
        return "computed"[: field.length or 8]
    if field.type == "vector":
        return [0.0] * (field.length or 3)
    if field.type in _LEAST:
        return _LEAST[field.type]
    return read_constant(str(int(least)), field)


def add(present: Json, by: Json, sign: str) -> Json:
    """A number, or an amount of money, more or less."""
    if present is None or by is None:
        return present
    if isinstance(present, dict):
        other = by["amount"] if isinstance(by, dict) else by
        return {**present, "amount": add(present["amount"], other, sign)}
    left, right = Decimal(str(present)), Decimal(str(by))
    found = left + right if sign == "+" else left - right
    return f"{found:f}" if isinstance(present, str) else type(present)(found)


def comparable(value: Json) -> Any:
    """A JSON value in a form that has an order: numbers as numbers, times in one zone."""
    if isinstance(value, dict):
        return comparable(value.get("amount"))
    if isinstance(value, bool | int | float) or value is None:
        return value
    text = str(value)
    try:
        return Decimal(text)
    except ArithmeticError:
        pass
    try:
        found = datetime.datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).astimezone(datetime.UTC).isoformat()
    except ValueError:
        return text


__all__ = ["LEAVE", "Settings", "add", "comparable", "make_least", "read_constant"]
