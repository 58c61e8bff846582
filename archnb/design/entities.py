"""The data model and how it is used: entities with typed fields, relationships, access patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from archnb.design.record import NUMBER, RATE, TIME, Named, Record, said
from archnb.design.requirements import Consistency
from archnb.exceptions import InputError, Problem, quote, unknown
from archnb.quantity import Quantity


@dataclass(frozen=True)
class Type:
    """A field type: how many bytes a value takes on average in a row, what it is for, and how its arguments are written.

    `bytes` is per value; where `per_length` is set, a text of length n is taken as half full: 1 + per_length * n / 2.
    """

    name: str
    bytes: float
    about: str
    arguments: str = ""
    per_length: float = 0.0


TYPES: Mapping[str, Type] = {
    one.name: one
    for one in (
        Type("key", 8, "a generated 64-bit identity, the primary key"),
        Type("uuid", 16, "a 128-bit identifier; as a key, version 7 (ordered by time)"),
        Type("code", 8, "a short public code in base 62, of length n", "(n)", 2.0),
        Type("int", 4, "a whole number of 32 bits"),
        Type("bigint", 8, "a whole number of 64 bits"),
        Type("smallint", 2, "a whole number of 16 bits"),
        Type("decimal", 8, "an exact number with p digits, s of them after the point", "(p, s)"),
        Type("money", 12, "an exact amount with two to four decimals and its currency"),
        Type("float", 8, "an inexact number of 64 bits"),
        Type("bool", 1, "true or false"),
        Type("text", 64, "text, of at most n characters where n is given", "(n)", 1.0),
        Type("char", 4, "text of exactly n characters", "(n)", 2.0),
        Type("email", 28, "an e-mail address, compared without case"),
        Type("url", 100, "a web address"),
        Type("phone", 16, "a telephone number in E.164 form"),
        Type("timestamp", 8, "an instant, with time zone"),
        Type("date", 4, "a calendar day"),
        Type("time", 8, "a time of day"),
        Type("duration", 16, "a length of time"),
        Type("json", 300, "a document whose inner form is free"),
        Type("bytes", 1000, "binary data of at most n bytes", "(n)", 1.0),
        Type("enum", 4, "one of the listed words", "(a, b, …)"),
        Type("country", 2, "a two-letter country code (ISO 3166-1)"),
        Type("currency", 3, "a three-letter currency code (ISO 4217)"),
        Type("language", 5, "a language tag (BCP 47)"),
        Type("ip", 16, "an IPv4 or IPv6 address"),
        Type("point", 16, "a place: longitude and latitude"),
        Type("vector", 1024, "an embedding of n dimensions", "(n)", 8.0),
        Type("reference", 8, "the key of another entity, written '-> Entity'"),
        Type("other", 32, "a type of one engine that archnb does not model; `native` holds it"),
    )
}

OnDelete = Literal["restrict", "cascade", "set null", "no action", "set default"]

_WORDS = ("key", "unique", "optional", "personal", "secret", "cascade")
_FIELD = re.compile(
    r"""\s*(?:->\s*(?P<reference>"[^"]+"|[\w ]*\w)|(?P<type>\w+))\s*   # -> Entity, or a type
        (?:\((?P<arguments>[^)]*)\))?                                  # (200), (10, 2), (new, paid)
        (?P<rest>.*)""",
    re.VERBOSE | re.DOTALL,
)
_REFERENCE_STOPS = frozenset(_WORDS)


@dataclass(frozen=True, kw_only=True)
class Field(Record):
    """A field of an entity; `text(200) unique personal`, `-> Customer optional`, `int >= 1 = 1` and `enum(new, paid)` say most."""

    SHORTHAND: ClassVar[str] = "a text such as 'text(200) unique' or '-> Customer'"

    type: str | None = said("What kind of value is it?", example="text")
    length: int | None = said("How long at most?", example="200")
    scale: int | None = said("How many digits after the point?", example="2")
    values: tuple[str, ...] = said("Which words are allowed?", default=(), example="new, paid, shipped")
    references: str | None = said("Which entity does it refer to?", example="Customer")
    key: bool | None = said("Is it (part of) the primary key?", example="true")
    unique: bool | None = said("Is its value unique?", example="true")
    optional: bool | None = said("May it be missing?", example="true", help="Left out, a value is required.")
    personal: bool | None = said(
        "Is it personal data?", example="true", help="Data about a person, as the GDPR has it."
    )
    secret: bool | None = said(
        "Is it a secret?", example="true", help="A password hash, a token, a key: never shown, never logged."
    )
    default: str | None = said("Which value when none is given?", example="new")
    minimum: float | None = said("What is the least value?", example="0")
    maximum: float | None = said("What is the greatest value?", example="5")
    on_delete: OnDelete | None = said("What happens here when the row it refers to goes?", example="restrict")
    native: str | None = said("Which type of the engine exactly?", example="tsvector")
    comment: str | None = said("What does it mean?", example="the price at the time of the order")

    @classmethod
    def read_shorthand(cls, text: str) -> Mapping[str, Any]:
        return read_field(text)

    def write_shorthand(self) -> str | None:
        return write_field(self)


def read_field(text: str) -> dict[str, Any]:
    """The fields that a field's one-string form says. Raises InputError with nearest matches."""
    match = _FIELD.fullmatch(text)
    if match is None:
        raise InputError([Problem("", f"{quote(text)} is not a field; write {Field.SHORTHAND}.")])
    made: dict[str, Any] = {}
    rest = match["rest"]
    if match["reference"]:
        quoted = match["reference"].startswith('"')
        words = [match["reference"].strip('"')] if quoted else match["reference"].split()
        # "-> Customer optional": the first words that are no marks are the entity's name
        cut = (
            next((n for n, word in enumerate(words) if n and word in _REFERENCE_STOPS), len(words)) if not quoted else 1
        )
        made["type"], made["references"] = "reference", " ".join(words[:cut])
        rest = " ".join(words[cut:]) + " " + rest
    else:
        made["type"] = match["type"]
        if made["type"] not in TYPES:
            raise InputError([Problem("", unknown("type", made["type"], TYPES, "See archnb.types()."))])
        if match["arguments"] is not None:
            made |= _read_arguments(made["type"], match["arguments"], text)
    made |= _read_marks(rest, text)
    return made


def _read_arguments(kind: str, arguments: str, text: str) -> dict[str, Any]:
    if kind == "enum":
        return {"values": [part.strip() for part in arguments.split(",") if part.strip()]}
    parts = [part.strip() for part in arguments.split(",")]
    if (
        not TYPES[kind].arguments
        or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts)
        or len(parts) > 2
    ):
        allowed = f"write {kind}{TYPES[kind].arguments}" if TYPES[kind].arguments else f"{kind!r} takes none"
        raise InputError([Problem("", f"({quote(arguments)}) in {quote(text)} are not its arguments; {allowed}.")])
    numbers = [int(part) for part in parts]
    return {"length": numbers[0]} | ({"scale": numbers[1]} if len(numbers) > 1 else {})


def _read_marks(rest: str, text: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    rest, equals, default = rest.partition("= ") if re.search(r"(?<![<>])= ", rest) else (rest, "", "")
    if equals and rest.endswith((">", "<")):
        rest, equals, default = rest + equals + default, "", ""
    if not equals and (found := re.search(r"(?<![<>])=\s*(\S.*)$", rest)):
        rest, default, equals = rest[: found.start()], found[1], "="
    if equals:
        made["default"] = default.strip()
    for sign, name in ((">=", "minimum"), ("<=", "maximum")):
        if found := re.search(rf"{sign}\s*(-?\d+(?:\.\d+)?)", rest):
            made[name] = float(found[1])
            rest = rest[: found.start()] + rest[found.end() :]
    for word in rest.split():
        if word == "cascade":
            made["on_delete"] = "cascade"
        elif word in _WORDS:
            made[word] = True
        else:
            raise InputError([Problem("", f"in {quote(text)}: " + unknown("mark", word, _WORDS))])
    return made


def write_field(field: Field) -> str | None:
    """The one-string form of a field, or None where it needs names: a comment, a native type, another deletion rule."""
    if field.comment or field.native or field.on_delete not in (None, "cascade") or field.type is None:
        return None
    if any(mark is False for mark in (field.key, field.unique, field.optional, field.personal, field.secret)):
        return None
    made = field.type
    if field.references is not None:
        made = f"-> {field.references}" if re.fullmatch(r"\w+", field.references) else f'-> "{field.references}"'
    elif field.values:
        made += f"({', '.join(field.values)})"
    elif field.length is not None:
        made += f"({field.length}" + (f", {field.scale})" if field.scale is not None else ")")
    for word in ("key", "unique", "optional", "personal", "secret"):
        made += f" {word}" if getattr(field, word) else ""
    made += " cascade" if field.on_delete == "cascade" else ""
    for sign, limit in ((">=", field.minimum), ("<=", field.maximum)):
        made += f" {sign} {limit:g}" if limit is not None else ""
    made += f" = {field.default}" if field.default is not None else ""
    try:
        # what cannot be read back is written with names instead
        again = read_field(made)
    except InputError:
        return None
    same: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in again.items()}
    return made if Field(**same) == field else None


@dataclass(frozen=True, kw_only=True)
class Entity(Record):
    """A thing that is kept: its fields, how many there are, how they grow, how long they stay."""

    summary: str | None = said("What is it?", example="A person who buys.")
    fields: Named[Field] = said("What is known about it?", default=dict)
    extends: str | None = said("Which entity is it a special case of?", example="Party")
    key: tuple[str, ...] = said(
        "Which fields together are its key?", default=(), example="order, product", help="Where one field is not."
    )
    unique: tuple[str, ...] = said(
        "Which fields together are unique?",
        default=(),
        example="customer + product",
        help="Joined with '+', one text a constraint.",
    )
    rows: Quantity | None = said("How many are there at the start?", unit=NUMBER, example="5M")
    growth: Quantity | None = said(
        "How many are added?",
        unit=RATE,
        example="50k/day",
        help="A number per time, which grows as the load does, or a share such as 60%/year.",
    )
    retention: Quantity | None = said("How long is each kept?", unit=TIME, example="7 years")
    domain: str | None = said("Which part of the business does it belong to?", example="ordering")
    history: bool | None = said("Must every earlier state be known?", example="true", help="Proposes event sourcing.")


@dataclass(frozen=True, kw_only=True)
class Relationship(Record):
    """A relationship that no field of an entity says, above all many-to-many, with its own attributes."""

    between: tuple[str, ...] = said("Which two entities?", default=(), example="Product, Category")
    kind: Literal["one-to-one", "one-to-many", "many-to-many"] | None = said(
        "How many of each?", example="many-to-many"
    )
    optional: bool | None = said("May the many side have none?", example="true")
    fields: Named[Field] = said("What is known about each pair?", default=dict)
    rows: Quantity | None = said("How many pairs are there?", unit=NUMBER, example="20M")


@dataclass(frozen=True, kw_only=True)
class Step(Record):
    """One step of a write that spans several things: `charge Payment via psp undo refund`."""

    SHORTHAND: ClassVar[str] = "a text such as 'charge Payment via psp undo refund'"

    action: str | None = said("What is done?", example="charge")
    entity: str | None = said("To which entity?", example="Payment")
    via: str | None = said("Through which third party?", example="psp")
    undo: str | None = said("What undoes it?", example="refund")

    @classmethod
    def read_shorthand(cls, text: str) -> Mapping[str, Any]:
        match = re.fullmatch(r"\s*(\S+)\s+(.+?)(?:\s+via\s+(\S+))?(?:\s+undo\s+(.+?))?\s*", text)
        if match is None:
            raise InputError([Problem("", f"{quote(text)} is not a step; write {cls.SHORTHAND}.")])
        found = {"action": match[1], "entity": match[2], "via": match[3], "undo": match[4]}
        return {name: value for name, value in found.items() if value is not None}

    def write_shorthand(self) -> str | None:
        if not self.action or not self.entity or " " in self.action:
            return None
        made = (
            f"{self.action} {self.entity}"
            + (f" via {self.via}" if self.via else "")
            + (f" undo {self.undo}" if self.undo else "")
        )
        return made if Step(**self.read_shorthand(made)) == self else None


@dataclass(frozen=True, kw_only=True)
class AccessPattern(Record):
    """One way the data is used: a read or a write, by which fields, how often, how fresh.

    `by`, `range`, `sort` and `search` name fields of the entity; `-placed_at` sorts downwards.
    """

    summary: str | None = said("What does it do for the user?", example="Shows a customer's latest orders.")
    reads: str | None = said("Which entity does it read?", example="Order")
    writes: str | None = said("Which entity does it write?", example="Order")
    action: Literal["create", "update", "delete"] | None = said("What does the write do?", example="create")
    by: tuple[str, ...] = said("Which fields are given exactly?", default=(), example="customer")
    range: str | None = said("Which field is given as a range?", example="placed_at")
    sort: tuple[str, ...] = said("How are the results ordered?", default=(), example="-placed_at")
    search: tuple[str, ...] = said("Which fields are searched as text?", default=(), example="name, description")
    include: tuple[str, ...] = said("Which other entities come along?", default=(), example="OrderLine")
    aggregate: str | None = said("What is computed over the rows?", example="sum of total by day")
    depth: int | None = said(
        "How many relationships deep does it go?", example="3", help="Above 2, a graph store is weighed."
    )
    limit: int | None = said("How many rows at most?", example="20")
    rate: Quantity | None = said("How often, at the peak?", unit=RATE, example="200/s")
    follows: str | None = said(
        "With what does its rate move?",
        example="load",
        help="`load`, or another access pattern: where that is uncertain, this rate keeps its ratio to it. Without it a rate"
        " that is a range is drawn on its own.",
    )
    consistency: Consistency | None = said("Must a read see every write before it?", example="session")
    roles: tuple[str, ...] = said(
        "Who may do it?", default=(), example="customer, admin", help="`public` is everybody."
    )
    steps: tuple[Step, ...] = said(
        "What else does the write do, in order?", default=(), example="reserve Stock undo release"
    )
    is_async: bool | None = said("May the user go on before it is done?", example="true")
