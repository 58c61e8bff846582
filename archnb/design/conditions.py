"""Which rows an access pattern means and what it sets: `status = free`, `sent_at is missing`, `price = product.price`.

The texts are read here, once, into typed values. What a word stands for (one of an enum's words, another field) depends on
the entity, and `archnb.model` tells it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from archnb.design.declaration import TIME, Refers, said
from archnb.design.record import Fault, Record, split_commas
from archnb.exceptions import InputError, Problem, QuantityError, quote
from archnb.quantity import parse

Comparison = Literal["=", "<>", "<", "<=", ">", ">=", "in", "is missing", "is present"]
Nulls = Literal["", "first", "last"]
# what stands for a value that only the moment of the call tells
# how much a number is changed by, where the caller says it
AMOUNT = "amount"
SPECIAL = ("caller", "tenant", "now", "generated", "computed", "default", "missing")
Kind = Literal[
    "caller", "tenant", "now", "generated", "computed", "default", "missing", "number", "text", "word", "change"
]

_NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_QUOTED = r"'(?:[^']|'')*'|\"[^\"]*\""
_NOW = re.compile(r"now(?:\s*(?P<sign>[+-])\s*(?P<span>\d.*))?")
_CHANGE = re.compile(rf"(?P<field>{_NAME})\s+(?P<sign>[+-])\s+(?P<by>{_NAME}|\d+(?:\.\d+)?)")
_FILTER = re.compile(
    rf"""\s*(?P<field>{_NAME})\s*
        (?:(?P<sign><>|!=|<=|>=|==|=|<|>)\s*(?P<value>.+?)
         |\s(?P<turned>not\s+)?in\s*\((?P<words>.*)\)
         |\sis\s+(?P<being>.+?))\s*""",
    re.VERBOSE | re.DOTALL,
)
_SIGNS = {"!=": "<>", "==": "="}
# other words for a value that is not there, and for one that is
_BEING: Mapping[str, Comparison] = {
    "missing": "is missing", "present": "is present", "null": "is missing", "empty": "is missing", "unset": "is missing",
    "absent": "is missing", "not null": "is present", "not missing": "is present", "not empty": "is present",
    "set": "is present", "given": "is present",
}  # fmt: skip

FILTER = "a filter is FIELD = VALUE (or <>, <, <=, >, >=), FIELD in (VALUE, …), FIELD is missing, FIELD is present"
ASSIGNMENT = "an assignment is FIELD, which the caller gives, or FIELD = VALUE"


class ValueText(NamedTuple):
    """A value as it is written.

    kind: one of the special words, 'number', 'text' (quoted), 'word' (a word or a path of fields: which, the entity tells), or
    'change' (a field plus or minus another field or a number). text: the word, the number, what stands in the quotes, the
    field that changes. offset: seconds after now. sign, by: of a change.
    """

    kind: Kind
    text: str
    offset: float = 0.0
    sign: Literal["", "+", "-"] = ""
    by: str = ""


def read_value(text: str) -> ValueText:
    """The value that a text writes. Raises InputError for one that is none.

    >>> read_value("now - 30 s")
    ValueText(kind='now', text='now', offset=-30.0, sign='', by='')
    >>> read_value("stock - quantity").by
    'quantity'
    """
    text = text.strip()
    if (found := _NOW.fullmatch(text)) is not None:
        return ValueText("now", "now", _read_span(found["sign"], found["span"], text))
    if text in SPECIAL:
        return ValueText(text, text)  # type: ignore[arg-type]
    if re.fullmatch(_NUMBER, text):
        return ValueText("number", text)
    if re.fullmatch(_QUOTED, text):
        return ValueText("text", text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1])
    if (found := _CHANGE.fullmatch(text)) is not None:
        return ValueText("change", found["field"], 0.0, "+" if found["sign"] == "+" else "-", found["by"])
    if re.fullmatch(rf"{_NAME}(?:-\w+)*", text):
        return ValueText("word", text)
    next = "write a word, a number, 'a text', now, now - 30 s, caller, tenant, or a field"
    raise InputError([Problem.of("", f"{quote(text)} is not a value", next, given=text)])


def _read_span(sign: str | None, span: str | None, text: str) -> float:
    if span is None:
        return 0.0
    try:
        length = parse(span, TIME)
    except QuantityError as error:
        raise InputError([Problem("", str(error), given=text, next=error.next, nearest=error.nearest)]) from None
    return -length.base if sign == "-" else length.base


def write_value(value: ValueText) -> str:
    """The text of a value, such that it reads back as the same."""
    if value.kind == "text":
        return "'" + value.text.replace("'", "''") + "'"
    return f"{value.text} {value.sign} {value.by}" if value.kind == "change" else value.text


# the operands of a value, as far as they may be names: `stock - quantity` has two
_OPERANDS = r"^\s*([^'\"\s]+(?:\s+[^-+'\"\s]\S*)*?)\s*(?=$|\s[-+]\s)|(?<=\s[-+]\s)\s*([^\d'\"\s]\S*)\s*$"


@dataclass(frozen=True, kw_only=True)
class Filter(Record):
    """One condition that every row meets which a read or a write is about."""

    SHORTHAND: ClassVar[str] = "a text such as 'status = free', 'status in (todo, doing)' or 'sent_at is missing'"
    IS_LISTED: ClassVar[bool] = True

    field: str | None = said("Of which field?", example="status", refers="field path")
    comparison: Comparison | None = said("How is it compared?", example="is missing", also=("operator", "is"))
    values: tuple[str, ...] = said(
        "With what?",
        default=(),
        example="free",
        help="A word, a number, a text in quotes, `now`, `now - 30 s`, `caller`, `tenant`, or another field.",
        refers=Refers("value of the field", pick=_OPERANDS),
        also=("value",),
    )

    @classmethod
    def read_shorthand(cls, text: str) -> Mapping[str, Any]:
        found = _FILTER.fullmatch(text)
        if found is None:
            raise InputError([Problem.of("", f"{quote(text)} is not a filter", f"{FILTER}", given=text)])
        if found["being"] is not None:
            being = " ".join(found["being"].split()).casefold()
            if being not in _BEING:
                # a word behind `is` is a value
                near = f"{found['field']} = {found['being']}"
                told = f"{quote(text)} is not a filter"
                raise InputError([Problem.of("", told, f"did you mean {near!r}? {FILTER}", given=text, nearest=near)])
            return {"field": found["field"], "comparison": _BEING[being]}
        if found["words"] is not None:
            words = split_commas(found["words"])
            if found["turned"] or not words:
                next = (
                    "say what is left out with <>, one filter a word" if found["turned"] else "name at least one word"
                )
                raise InputError([Problem.of("", f"{quote(text)} is not a filter", next, given=text)])
            for word in words:
                read_value(word)
            return {"field": found["field"], "comparison": "in", "values": tuple(words)}
        sign, value = _SIGNS.get(found["sign"], found["sign"]), found["value"].strip()
        if value.casefold() in ("null", "none", "missing"):
            right: Comparison = "is missing" if sign == "=" else "is present"
            near = f"{found['field']} {right}"
            told = f"{quote(text)} is true of no row: nothing equals what is not there"
            raise InputError([Problem.of("", told, f"write {near!r}", given=text, nearest=near)])
        if read_value(value).kind in ("generated", "computed", "default", "change"):
            raise InputError([Problem.of("", f"nothing is compared with {quote(value)}", FILTER, given=text)])
        return {"field": found["field"], "comparison": sign, "values": (value,)}

    def write_shorthand(self) -> str | None:
        made = write_filter(self)
        try:
            return made if made and Filter(**self.read_shorthand(made)) == self else None
        except InputError:
            return None

    def find_faults(self) -> Iterator[Fault]:
        if self.field is None or self.comparison is None:
            yield Fault("", "a filter needs a field and how it is compared", FILTER)
        elif self.comparison in ("is missing", "is present"):
            if self.values:
                yield Fault("values", f"nothing follows {self.comparison!r}", "leave the values out")
        elif not self.values or (len(self.values) > 1 and self.comparison != "in"):
            yield Fault("values", f"{self.comparison} compares with one value", "give one, or say `in`")


def write_filter(one: Filter) -> str:
    """The text of a filter."""
    if one.comparison == "in":
        return f"{one.field} in ({', '.join(one.values)})"
    return " ".join([one.field or "", one.comparison or "", *one.values])


@dataclass(frozen=True, kw_only=True)
class Assignment(Record):
    """One field that a write sets, and to what; a field alone is given by the caller."""

    SHORTHAND: ClassVar[str] = (
        "a text such as 'title', 'status = cancelled', 'driver = caller' or 'price = product.price'"
    )
    IS_LISTED: ClassVar[bool] = True

    field: str | None = said("Which field?", example="status", refers="field path")
    value: str | None = said(
        "To what?",
        example="caller",
        help="Left out, the caller gives it. Else a word, a number, a text in quotes, `caller` (who asks), `tenant`, `now`,"
        " `generated`, `computed` (the program works it out), `missing`, a field of another row such as `product.price`, or a field more or less: `stock - quantity`, or by the `amount` that the caller says.",
        refers=Refers("value of the field", pick=_OPERANDS),
    )

    @classmethod
    def read_shorthand(cls, text: str) -> Mapping[str, Any]:
        field, equals, value = (part.strip() for part in text.partition("="))
        if not re.fullmatch(_NAME, field) or "." in field:
            raise InputError([Problem.of("", f"{quote(text)} sets no field", ASSIGNMENT, given=text)])
        if not equals:
            return {"field": field}
        if not value:
            raise InputError([Problem.of("", f"{quote(text)} says no value", ASSIGNMENT, given=text)])
        if value.casefold() in ("null", "none"):
            near = f"{field} = missing"
            raise InputError(
                [Problem.of("", f"{quote(value)} is not a value", f"write {near!r}", given=text, nearest=near)]
            )
        read_value(value)
        return {"field": field, "value": value}

    def write_shorthand(self) -> str | None:
        made = write_assignment(self)
        try:
            return made if made and Assignment(**self.read_shorthand(made)) == self else None
        except InputError:
            return None

    def find_faults(self) -> Iterator[Fault]:
        if self.field is None:
            yield Fault("", "an assignment needs a field", ASSIGNMENT)


def write_assignment(one: Assignment) -> str:
    """The text of an assignment."""
    return f"{one.field} = {one.value}" if one.value is not None else one.field or ""


class Sorting(NamedTuple):
    """One term of an order: the field, whether downwards, and where rows without a value stand ('' where nothing is said)."""

    field: str
    is_down: bool = False
    nulls: Nulls = ""

    @property
    def text(self) -> str:
        """The term without its NULLs."""
        return f"-{self.field}" if self.is_down else self.field


_SORTING = re.compile(r"\s*(?P<down>-?)\s*(?P<field>.*?)(?:\s+nulls\s+(?P<nulls>first|last))?\s*")


def read_sorting(text: str) -> Sorting:
    """What a term of an order says.

    >>> read_sorting("-due_on nulls last")
    Sorting(field='due_on', is_down=True, nulls='last')
    """
    found = _SORTING.fullmatch(text)
    assert found is not None
    nulls: Nulls = "first" if found["nulls"] == "first" else "last" if found["nulls"] else ""
    return Sorting(found["field"], bool(found["down"]), nulls)


class Inclusion(NamedTuple):
    """What comes along with a row: an entity or a relationship, and over which field where there are several ('' else)."""

    name: str
    via: str = ""


def read_inclusion(text: str) -> Inclusion:
    """What an inclusion says.

    >>> read_inclusion("User via assignee")
    Inclusion(name='User', via='assignee')
    """
    name, _, via = text.partition(" via ")
    return Inclusion(name.strip(), via.strip())


def find_direction_fault(text: str) -> str | None:
    """What is wrong with a term of an order whose `nulls` stand neither first nor last; None where nothing is."""
    found = re.search(r"\bnulls\s+(\S+)", text)
    return None if found is None or found[1] in ("first", "last") else f"{quote(found[1])} is no place for nulls"


__all__ = [
    "ASSIGNMENT",
    "FILTER",
    "SPECIAL",
    "Assignment",
    "Comparison",
    "Filter",
    "Inclusion",
    "Kind",
    "Sorting",
    "ValueText",
    "find_direction_fault",
    "read_inclusion",
    "read_sorting",
    "read_value",
    "write_assignment",
    "write_filter",
    "write_value",
]
