"""The constant filters and the order of a list whose store is not run here: told by the source of truth, record by record."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from archnb.design.conditions import Sorting, ValueText, read_value
from archnb.design.entities import Field
from archnb.planned.entities import Filter
from archnb.serve.binding import read_constant
from archnb.serve.records import Record, Records
from archnb.serve.tokens import Caller

Json = Any


class Filters:
    """Decides which records the constant filters of a pattern mean, for one caller."""

    def __init__(self, records: Records, caller: Caller | None) -> None:
        self.records, self.model, self.caller = records, records.model, caller
        self.now = datetime.datetime.now(datetime.UTC)

    def match(self, entity: str, filters: tuple[Filter, ...], record: Record) -> bool:
        """Whether a record is one of those that are meant."""
        return all(self._match_one(entity, one, record) for one in filters)

    def _follow(self, entity: str, path: str, record: Record) -> Json:
        """The value at the end of a path of references; None where one leads nowhere."""
        first, _, rest = path.partition(".")
        value = record.get(first)
        if not rest or value is None:
            return value
        target = self.model.properties.fields(entity)[first].references or ""
        found = self.records.find(target, self.records.read_key(target, value), limit=1)
        return self._follow(target, rest, found[0]) if found else None

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


def put_in_order(records: list[Record], order: Sequence[Sorting]) -> None:
    """Sort records by the terms of an order, those without a value together."""
    for term in reversed(order):

        def place(record: Record, name: str = term.field) -> tuple[bool, str]:
            value = record.get(name)
            return value is not None, str(comparable(value))

        records.sort(key=place, reverse=term.is_down)


__all__ = ["Filters", "comparable", "put_in_order"]
