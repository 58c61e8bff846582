"""The data model and how it is used: entities with typed fields, relationships, access patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from archnb.design.conditions import (
    Assignment,
    Filter,
    Inclusion,
    Sorting,
    find_direction_fault,
    read_inclusion,
    read_sorting,
)
from archnb.design.declaration import (
    COUNT,
    DURATION,
    GROWTH,
    NOT_NEGATIVE_RATE,
    NUMBER,
    RATE,
    TIME,
    Range,
    Refers,
    said,
)
from archnb.design.invariants import SPAN, Invariant, Transition, read_span
from archnb.design.record import Fault, Named, Record
from archnb.design.requirements import Consistency
from archnb.exceptions import InputError, Problem, quote, unknown_name
from archnb.quantity import Quantity


@dataclass(frozen=True)
class Type:
    """A field type: how many bytes a value takes on average in a row, what it is for, and how its arguments are written.

    `bytes` is per value; where `per_length` is set, a text of length n is taken as half full: 1 + per_length * n / 2.
    `also` is what databases and languages call it.
    """

    name: str
    bytes: float
    about: str
    arguments: str = ""
    per_length: float = 0.0
    also: tuple[str, ...] = ()


TYPES: Mapping[str, Type] = {
    one.name: one
    for one in (
        Type(
            "key",
            8,
            "a generated 64-bit identity, the primary key",
            also=("serial", "bigserial", "identity", "autoincrement", "pk", "id"),
        ),
        Type("uuid", 16, "a 128-bit identifier; as a key, version 7 (ordered by time)", also=("guid", "ulid")),
        Type("code", 8, "a short public code in base 62, of length n", "(n)", 2.0),
        Type("int", 4, "a whole number of 32 bits", also=("integer", "int4", "int32", "number", "mediumint")),
        Type("bigint", 8, "a whole number of 64 bits", also=("long", "int8", "int64", "biginteger")),
        Type("smallint", 2, "a whole number of 16 bits", also=("short", "int2", "int16", "tinyint")),
        Type("decimal", 8, "an exact number with p digits, s of them after the point", "(p, s)", also=("numeric",)),
        Type("money", 12, "an exact amount with two to four decimals and its currency"),
        Type("float", 8, "an inexact number of 64 bits", also=("double", "real", "float8", "float64")),
        Type("bool", 1, "true or false", also=("boolean", "bit")),
        Type(
            "text",
            64,
            "text, of at most n characters where n is given",
            "(n)",
            1.0,
            also=("string", "str", "varchar", "nvarchar", "varchar2", "longtext", "mediumtext", "tinytext", "clob"),
        ),
        Type("char", 4, "text of exactly n characters", "(n)", 2.0, also=("character", "nchar")),
        Type("email", 28, "an e-mail address, compared without case", also=("mail",)),
        Type("url", 100, "a web address", also=("uri", "link")),
        Type("phone", 16, "a telephone number in E.164 form", also=("tel", "telephone")),
        Type("timestamp", 8, "an instant, with time zone", also=("datetime", "timestamptz", "datetime2", "instant")),
        Type("date", 4, "a calendar day"),
        Type("time", 8, "a time of day"),
        Type("duration", 16, "a length of time", also=("interval", "timedelta")),
        Type("json", 300, "a document whose inner form is free", also=("jsonb", "object", "document", "dict", "map")),
        Type(
            "bytes",
            1000,
            "binary data of at most n bytes",
            "(n)",
            1.0,
            also=("blob", "binary", "bytea", "varbinary", "file", "image"),
        ),
        Type("enum", 4, "one of the listed words", "(a, b, …)", also=("choice", "select")),
        Type("country", 2, "a two-letter country code (ISO 3166-1)"),
        Type("currency", 3, "a three-letter currency code (ISO 4217)"),
        Type("language", 5, "a language tag (BCP 47)"),
        Type("ip", 16, "an IPv4 or IPv6 address", also=("inet", "cidr")),
        Type(
            "point",
            16,
            "a place: longitude and latitude",
            also=("geo", "geography", "geometry", "location", "coordinates"),
        ),
        Type("vector", 1024, "an embedding of n dimensions", "(n)", 8.0, also=("embedding",)),
        Type(
            "reference", 8, "the key of another entity, written '-> Entity'", also=("ref", "fk", "relation", "foreign")
        ),
        Type("other", 32, "a type of one engine that archnb does not model; `native` holds it"),
    )
}

# what other languages call a type, in lower case, and the type that is meant
TYPES_MEANT: Mapping[str, str] = {word: one.name for one in TYPES.values() for word in one.also}

OnDelete = Literal["restrict", "cascade", "set null", "no action", "set default"]

MARKS: Mapping[str, str] = {
    "key": "it is the primary key, or part of it",
    "unique": "no two rows have the same value",
    "optional": "it may be missing; without this mark a value is required",
    "personal": "it is data about a person, as the GDPR has it",
    "secret": "it is never shown and never logged: a password hash, a token",
    "cascade": "the row goes when the row that it refers to goes",
    "translated": "it is a text that each language has its own of, in a table of translations",
}
# what other languages call a mark, in lower case, and the mark that is meant
MARKS_MEANT: Mapping[str, str] = {
    "nullable": "optional", "null": "optional", "primary": "key", "pk": "key", "pii": "personal", "sensitive": "secret",
    "private": "secret", "hidden": "secret", "distinct": "unique",
}  # fmt: skip
_WORDS = tuple(MARKS)
_FIELD = re.compile(
    r"""\s*(?:->\s*(?P<reference>"[^"]+"|[\w |]*\w)|(?P<type>\w+))\s*   # -> Entity, or a type
        (?:\((?P<arguments>[^)]*)\))?                                  # (200), (10, 2), (new, paid)
        (?P<rest>.*)""",
    re.VERBOSE | re.DOTALL,
)
# a default that is a plain word, and neither an expression nor a quoted text of a database
_WORD = re.compile(r"[\w -]+")
# what a field was called before: `was full_name`
_WAS = re.compile(r"""(?:^|\s)was\s+(?:"(?P<quoted>[^"]+)"|(?P<word>\w+))(?=\s|$)""")
_REFERENCE_STOPS = frozenset((*_WORDS, "was"))


@dataclass(frozen=True, kw_only=True)
class Field(Record):
    """A field of an entity; `text(200) unique personal`, `-> Customer optional`, `int >= 1 = 1` and `enum(new, paid)` say most."""

    SHORTHAND: ClassVar[str] = "a text such as 'text(200) unique' or '-> Customer'"

    type: str | None = said("What kind of value is it?", example="text", refers="type")
    length: int | None = said(
        "How long at most?",
        example="200",
        within=Range(least="0", most="1T", is_whole=True),
        also=("max_length", "size"),
    )
    scale: int | None = said(
        "How many digits after the point?", example="2", within=Range(least="0", most="1000", is_whole=True)
    )
    values: tuple[str, ...] = said(
        "Which words are allowed?", default=(), example="new, paid, shipped", also=("words", "options")
    )
    references: str | None = said(
        "Which entity does it refer to?", example="Customer", refers="entity", also=("ref", "refers", "foreign_key")
    )
    either: tuple[str, ...] = said(
        "To which of several entities may it refer?",
        default=(),
        example="Post, Photo",
        help="Written '-> Post | Photo'. It becomes a field for each, of which exactly one is given.",
        refers="entity",
    )
    key: bool | None = said("Is it (part of) the primary key?", example="true", also=("primary_key", "pk"))
    unique: bool | None = said("Is its value unique?", example="true")
    optional: bool | None = said(
        "May it be missing?", example="true", help="Left out, a value is required.", also=("nullable", "null")
    )
    personal: bool | None = said(
        "Is it personal data?", example="true", help="Data about a person, as the GDPR has it.", also=("pii",)
    )
    secret: bool | None = said(
        "Is it a secret?", example="true", help="A password hash, a token, a key: never shown, never logged."
    )
    translated: bool | None = said(
        "Does each language have its own?",
        example="true",
        help="The row keeps the original; its translations stand in a table of their own, one row a language.",
    )
    default: str | None = said("Which value when none is given?", example="new")
    minimum: float | None = said("What is the least value?", example="0", also=("min",))
    maximum: float | None = said("What is the greatest value?", example="5", also=("max",))
    on_delete: OnDelete | None = said(
        "What happens here when the row it refers to goes?",
        example="restrict",
        meant={"set_null": "set null", "no_action": "no action"},
    )
    native: str | None = said("Which type of the engine exactly?", example="tsvector")
    comment: str | None = said(
        "What does it mean?", example="the price at the time of the order", also=("description", "summary", "note")
    )
    was: str | None = said(
        "What was it called before?", example="full_name", help="A comparison of two versions then tells a rename, which keeps the data, from a field that goes and another that comes. In one line: `text(80) was full_name`.",
        also=("renamed_from", "formerly", "old_name"),
    )  # fmt: skip

    @classmethod
    def read_shorthand(cls, text: str) -> Mapping[str, Any]:
        return read_field(text)

    def write_shorthand(self) -> str | None:
        return write_field(self)

    def find_faults(self) -> Iterator[Fault]:
        if self.type is None and self.references is None and not self.either:
            yield Fault("", "a type is missing", "write for instance 'text(200)'. See archnb.types().")
        if self.either and (self.references is not None or len(self.either) < 2):
            yield Fault(
                "", "a reference is to one entity, or to one of several", "write '-> Post' or '-> Post | Photo'"
            )
        if self.either and (self.key or self.unique):
            word = "key" if self.key else "unique"
            yield Fault(
                "",
                f"a reference to one of several cannot be {word}",
                "each of its fields may be missing; say `holds: [one per …]`",
            )
        if self.translated and self.type not in ("text", "char", "url", None):
            yield Fault("", f"a {self.type} is not translated", "texts are: write for instance 'text(200) translated'")
        if self.type == "reference" and self.references is None and not self.either:
            yield Fault("", "a reference needs the entity it refers to", "write for instance '-> Customer'")
        if self.type == "enum" and not self.values:
            yield Fault("", "an enum needs its words", "write for instance 'enum(new, paid)'")
        if self.type in ("code", "vector") and self.length == 0:
            yield Fault("", f"a {self.type} of length 0 holds nothing", f"say its length, for instance {self.type}(7)")
        is_plain = self.default is not None and _WORD.fullmatch(self.default) and self.default.casefold() != "null"
        if self.type == "enum" and self.values and is_plain and self.default not in self.values:
            words = ", ".join(self.values)
            yield Fault("", f"the default {quote(self.default)} is none of its words", f"allowed: {words}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            fault = f"no value is at least {self.minimum:g} and at most {self.maximum:g}"
            yield Fault("", fault, "write the smaller one after >= and the greater one after <=")


def read_field(text: str) -> dict[str, Any]:
    """The fields that a field's one-string form says. Raises InputError with nearest matches."""
    match = _FIELD.fullmatch(text)
    if match is None:
        raise InputError([Problem.of("", f"{quote(text)} is not a field", f"write {Field.SHORTHAND}", given=text)])
    made: dict[str, Any] = {}
    rest = match["rest"]
    if match["reference"]:
        quoted = match["reference"].startswith('"')
        words = [match["reference"].strip('"')] if quoted else match["reference"].split()
        # "-> Customer optional": the first words that are no marks are the entity's name
        cut = (
            next((n for n, word in enumerate(words) if n and word in _REFERENCE_STOPS), len(words)) if not quoted else 1
        )
        named = [one.strip() for one in " ".join(words[:cut]).split("|")] if not quoted else words
        made |= {"type": "reference"} | ({"references": named[0]} if len(named) == 1 else {"either": named})
        rest = " ".join(words[cut:]) + " " + rest
    else:
        made["type"] = match["type"]
        if made["type"] not in TYPES:
            raise InputError([unknown_type("", made["type"], match["arguments"])])
        if match["arguments"] is not None:
            made |= _read_arguments(made["type"], match["arguments"], text)
    made |= _read_marks(rest, text)
    return made


def unknown_type(path: str, given: str, arguments: str | None = None) -> Problem:
    """The problem of a type that is not known: `varchar(80)` is text(80) elsewhere."""
    problem = unknown_name(path, "type", given, TYPES, "See archnb.types().", meant=TYPES_MEANT)
    if problem.nearest is None or arguments is None or not TYPES[problem.nearest].arguments:
        return problem
    right = f"{problem.nearest}({arguments})"
    fault = f"type {quote(given)} is not known"
    return Problem.of(
        path, fault, f"did you mean {right!r}? See archnb.types().", given=given, allowed=TYPES, nearest=right
    )


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
        raise InputError(
            [Problem.of("", f"({quote(arguments)}) in {quote(text)} are not its arguments", allowed, given=text)]
        )
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
    if found := _WAS.search(rest):
        made["was"] = found["quoted"] or found["word"]
        rest = f"{rest[: found.start()]} {rest[found.end() :]}"
    for word in rest.split():
        if word == "cascade":
            made["on_delete"] = "cascade"
        elif word in _WORDS:
            made[word] = True
        elif word == "was":
            told = f"in {quote(text)}: 'was' names nothing"
            raise InputError(
                [Problem.of("", told, "say what it was called before: text(80) was full_name", given=text)]
            )
        else:
            problem = unknown_name("", "mark", word, _WORDS, meant=MARKS_MEANT)
            raise InputError([replace(problem, message=f"in {quote(text)}: {problem.message}")])
    return made


def write_field(field: Field) -> str | None:
    """The one-string form of a field, or None where it needs names: a comment, a native type, another deletion rule."""
    if field.comment or field.native or field.on_delete not in (None, "cascade") or field.type is None:
        return None
    if any(
        mark is False
        for mark in (field.key, field.unique, field.optional, field.personal, field.secret, field.translated)
    ):
        return None
    made = field.type
    if field.references is not None:
        made = f"-> {field.references}" if re.fullmatch(r"\w+", field.references) else f'-> "{field.references}"'
    elif field.either:
        made = f"-> {' | '.join(field.either)}"
    elif field.values:
        made += f"({', '.join(field.values)})"
    elif field.length is not None:
        made += f"({field.length}" + (f", {field.scale})" if field.scale is not None else ")")
    for word in ("key", "unique", "optional", "personal", "secret", "translated"):
        made += f" {word}" if getattr(field, word) else ""
    made += " cascade" if field.on_delete == "cascade" else ""
    if field.was is not None:
        made += f" was {field.was}" if re.fullmatch(r"\w+", field.was) else f' was "{field.was}"'
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

    summary: str | None = said("What is it?", example="A person who buys.", also=("description", "title", "comment"))
    fields: Named[Field] = said(
        "What is known about it?", default=dict, grammar="field", also=("columns", "attributes", "properties")
    )
    extends: str | None = said(
        "Which entity is it a special case of?", example="Party", refers="entity", also=("inherits", "parent", "base")
    )
    key: tuple[str, ...] = said(
        "Which fields together are its key?",
        default=(),
        example="order, product",
        help="Where one field is not.",
        refers="field of the entity",
        also=("primary_key", "pk"),
    )
    unique: tuple[str, ...] = said(
        "Which fields together are unique?",
        default=(),
        example="customer + product",
        help="Joined with '+', one text a constraint.",
        refers=Refers("field of the entity", pick=r"([^+]*[^+\s])"),
        also=("uniques",),
    )
    rows: Quantity | None = said(
        "How many are there at the start?", unit=NUMBER, example="5M", within=COUNT, also=("count", "number")
    )
    growth: Quantity | None = said(
        "How many are added?",
        unit=RATE,
        example="50k/day",
        help="A number per time, which grows as the load does, or a share such as 60%/year.",
        within=Range(least="-1G/s", most="1G/s", share=GROWTH),
        also=("growth_rate",),
    )
    retention: Quantity | None = said(
        "How long is each kept?", unit=TIME, example="7 years", within=DURATION, also=("ttl", "keep")
    )
    domain: str | None = said(
        "Which part of the business does it belong to?", example="ordering", also=("context", "module")
    )
    history: bool | None = said("Must every earlier state be known?", example="true", help="Proposes event sourcing.")
    holds: tuple[Invariant, ...] = said(
        "What is always true of its rows?",
        default=(),
        example="ends_at > starts_at, no overlap of starts_at..ends_at per room",
        help="Each line becomes a constraint of the engine, or what takes its place there. What follows from the fields is"
        " proposed; `not always …` refuses it.",
        grammar="holds",
        also=("invariants", "constraints", "always"),
    )
    soft_delete: str | None = said(
        "Which field says that a row is deleted, while it stays?",
        example="deleted_at",
        help="Reads leave such rows out, uniques hold among the living, and a delete sets the field. `none` refuses it.",
        refers=Refers("field of the entity or none"),
        also=("soft_deletes", "paranoid", "tombstone"),
    )
    append_only: bool | None = said(
        "Are its rows only ever added?",
        example="true",
        help="Telemetry, clicks, entries of a ledger: nothing changes or deletes one; a repeat is told by its key.",
        also=("immutable", "insert_only", "stream"),
    )
    valid: str | None = said(
        "Between which two fields is a row valid?",
        example="valid_from..valid_to per product",
        help="An end that is missing is open. Rows of the same fields behind `per` follow upon each other and never overlap.",
        refers=SPAN,
        grammar="valid",
    )
    states: tuple[Transition, ...] = said(
        "Which states follow upon which, and who may take the step?",
        default=(),
        example="requested -> accepted by driver, accepted -> started",
        help="Of the one enum that these are words of. What is not listed is refused.",
        grammar="states",
        also=("transitions", "state_machine", "lifecycle"),
    )

    def find_faults(self) -> Iterator[Fault]:
        """What two words of one entity say against each other."""
        if self.valid is not None and read_span(self.valid) is None:
            yield Fault(
                "valid",
                f"{quote(self.valid)} is no span",
                "write FROM..TO [per FIELD], for instance: valid_from..valid_to per product",
            )
        if self.append_only and self.soft_delete not in (None, "none"):
            yield Fault(
                "append_only",
                "rows that are only added are not deleted, softly or otherwise",
                "say one of append_only and soft_delete",
            )
        if self.append_only and self.states:
            yield Fault(
                "append_only", "rows that are only added do not change their state", "say one of append_only and states"
            )

    was: str | None = said(
        "What was it called before?", example="Client", help="A comparison of two versions then tells a rename, which keeps the data, from an entity that goes and another that comes.",
        also=("renamed_from", "formerly", "old_name"),
    )  # fmt: skip


def list_ancestry(entities: Mapping[str, Entity], entity: str) -> tuple[str, ...]:
    """An entity, what it extends, what that extends, and so on; a circle ends where it begins."""
    chain: dict[str, None] = {}
    name: str | None = entity
    while name is not None and name in entities and name not in chain:
        chain[name] = None
        name = entities[name].extends
    return tuple(chain)


def collect_fields(entities: Mapping[str, Entity], entity: str) -> Mapping[str, Field]:
    """The fields of an entity with those it inherits, the inherited ones first; none where it is not declared."""
    chain = list_ancestry(entities, entity)
    if len(chain) == 1:
        return entities[entity].fields
    found: dict[str, Field] = {}
    for name in reversed(chain):
        found |= entities[name].fields
    return Named(found)


@dataclass(frozen=True, kw_only=True)
class Relationship(Record):
    """A relationship that no field of an entity says, above all many-to-many, with its own attributes."""

    between: tuple[str, ...] = said("Which two entities?", default=(), example="Product, Category", refers="entity")
    kind: Literal["one-to-one", "one-to-many", "many-to-many"] | None = said(
        "How many of each?",
        example="many-to-many",
        meant={
            "one_to_one": "one-to-one",
            "1:1": "one-to-one",
            "one_to_many": "one-to-many",
            "1:n": "one-to-many",
            "many_to_many": "many-to-many",
            "n:m": "many-to-many",
            "m:n": "many-to-many",
        },
        also=("type", "cardinality"),
    )
    optional: bool | None = said("May the many side have none?", example="true")
    fields: Named[Field] = said("What is known about each pair?", default=dict, grammar="field")
    rows: Quantity | None = said("How many pairs are there?", unit=NUMBER, example="20M", within=COUNT)

    def find_faults(self) -> Iterator[Fault]:
        if len(self.between) != 2:
            fault = f"{len(self.between)} entities are given where two are needed"
            yield Fault("between", fault, "write 'Product, Category'")


STEP = "a step is VERB ENTITY [via PARTY] [undo VERB], for instance: capture Payment via psp undo refund"


@dataclass(frozen=True, kw_only=True)
class Step(Record):
    """One step of a write that spans several things: `charge Payment via psp undo refund`."""

    SHORTHAND: ClassVar[str] = "a text such as 'charge Payment via psp undo refund'"

    action: str | None = said("What is done?", example="charge", also=("verb", "do"))
    entity: str | None = said("To which entity?", example="Payment", refers=Refers("entity", hint=f"A{STEP[1:]}."))
    via: str | None = said("Through which third party?", example="psp", also=("through", "party"))
    undo: str | None = said("What undoes it?", example="refund", also=("compensation", "rollback"))

    @classmethod
    def read_shorthand(cls, text: str) -> Mapping[str, Any]:
        match = re.fullmatch(r"\s*(\S+)\s+(.+?)(?:\s+via\s+(\S+))?(?:\s+undo\s+(.+?))?\s*", text)
        if match is None:
            raise InputError([Problem.of("", f"{quote(text)} is not a step", STEP, given=text)])
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

    summary: str | None = said(
        "What does it do for the user?", example="Shows a customer's latest orders.", also=("description", "title")
    )
    reads: str | None = said("Which entity does it read?", example="Order", refers="entity", also=("read",))
    writes: str | None = said("Which entity does it write?", example="Order", refers="entity", also=("write",))
    action: Literal["create", "update", "upsert", "delete"] | None = said(
        "What does the write do?",
        example="create",
        help="`upsert` changes the row that `by` finds, and makes it where there is none.",
        meant={
            "insert": "create",
            "add": "create",
            "new": "create",
            "change": "update",
            "edit": "update",
            "modify": "update",
            "patch": "update",
            "remove": "delete",
            "erase": "delete",
            "merge": "upsert",
            "save": "upsert",
            "put": "upsert",
            "create or update": "upsert",
        },
    )
    many: bool | None = said(
        "Does the write mean every row that it finds?",
        example="true",
        help="Left out, one row is meant, and `by` must find one.",
        proposed="false",
        also=("all", "bulk"),
    )
    by: tuple[str, ...] = said(
        "Which fields are given exactly?",
        default=(),
        example="customer",
        refers="field path",
        grammar="by",
        also=("key",),
    )
    where: tuple[Filter, ...] = said(
        "Which rows, whoever asks?",
        default=(),
        example="status = free, sent_at is missing",
        help="What is the same in every call; what a call gives stands in `by` and `range`.",
        grammar="where",
        also=("filter", "filters", "condition", "conditions"),
    )
    range: str | None = said(
        "Which field is given as a range?", example="placed_at", refers="field path", grammar="range", also=("between",)
    )
    sort: tuple[str, ...] = said(
        "How are the results ordered?",
        default=(),
        example="-placed_at",
        refers=Refers("field path", pick=r"^\s*-?\s*(.+?)(?:\s+nulls\b.*)?$"),
        grammar="sort",
        also=("order_by", "order"),
    )
    search: tuple[str, ...] = said(
        "Which fields are searched as text?",
        default=(),
        example="name, description",
        refers="field path",
        also=("query", "full_text"),
    )
    include: tuple[str, ...] = said(
        "Which other entities come along?",
        default=(),
        example="OrderLine",
        refers=Refers("entity or relationship", pick=r"^(.+?)(?:\s+via\s.*)?$"),
        grammar="include",
        also=("with", "join"),
    )
    returns: tuple[str, ...] = said(
        "Which fields does a read answer?",
        default=(),
        example="starts_at, ends_at",
        help="Left out, every field that its callers may see.",
        refers="field path",
        also=("fields", "columns", "select"),
    )
    sets: tuple[Assignment, ...] = said(
        "What does a write set, and from where?",
        default=(),
        example="title, status = open, owner = caller",
        grammar="sets",
        also=("set", "values", "assigns"),
    )
    aggregate: str | None = said("What is computed over the rows?", example="sum of total by day", grammar="aggregate")
    depth: int | None = said(
        "How many relationships deep does it go?",
        example="3",
        help="Above 2, a graph store is weighed.",
        within=Range(least="0", most="1000", is_whole=True),
    )
    limit: int | None = said(
        "How many rows at most?",
        example="20",
        within=Range(least="1", most="1000000000", is_whole=True),
        also=("page_size", "top"),
    )
    rate: Quantity | None = said(
        "How often, at the peak?",
        unit=RATE,
        example="200/s",
        within=NOT_NEGATIVE_RATE,
        also=("rps", "qps", "frequency"),
    )
    follows: str | None = said(
        "With what does its rate move?",
        example="load",
        refers="rate to follow",
        help="`load`, or another access pattern: where that is uncertain, this rate keeps its ratio to it. Without it a rate"
        " that is a range is drawn on its own.",
    )
    consistency: Consistency | None = said("Must a read see every write before it?", example="session")
    roles: tuple[str, ...] = said(
        "Who may do it?", default=(), example="customer, admin", help="`public` is everybody.", also=("role", "who")
    )
    steps: tuple[Step, ...] = said(
        "What else does the write do, in order?", default=(), example="reserve Stock undo release", grammar="steps"
    )
    is_async: bool | None = said(
        "May the user go on before it is done?",
        example="true",
        proposed="false",
        also=("async", "asynchronous", "background"),
    )

    def find_faults(self) -> Iterator[Fault]:
        if (self.reads is None) == (self.writes is None):
            next = "say either `reads` or `writes`, with the entity it is about"
            told = "it neither reads nor writes" if self.reads is None else "it both reads and writes"
            yield Fault("", told, next)
        elif self.reads is not None:
            for name, is_said in (
                ("sets", bool(self.sets)),
                ("action", self.action is not None),
                ("many", bool(self.many)),
            ):
                if is_said:
                    yield Fault(name, "a read changes nothing", f"leave {name!r} out, or say `writes`")
        elif self.returns:
            yield Fault("returns", "a write answers with the row that it wrote", "leave 'returns' out, or say `reads`")
        if self.sets and self.action == "delete":
            yield Fault("sets", "what is deleted is not set", "leave 'sets' out, or say `action: update`")
        seen: set[str] = set()
        for one in self.sets:
            if one.field in seen:
                yield Fault("sets", f"{quote(one.field)} is set twice", "take one of the two out")
            seen.add(one.field or "")
        for text in self.sort:
            if (fault := find_direction_fault(text)) is not None:
                yield Fault("sort", fault, "write 'nulls first' or 'nulls last'")

    @property
    def effect(self) -> Literal["create", "update", "delete"] | None:
        """What a write does to the row that it finds; an upsert changes it. None where nothing is said, and for a read."""
        return "update" if self.action == "upsert" else self.action

    @property
    def order(self) -> tuple[Sorting, ...]:
        """The terms of its order."""
        return tuple(read_sorting(one) for one in self.sort)

    @property
    def along(self) -> tuple[Inclusion, ...]:
        """What comes along, and over which field."""
        return tuple(read_inclusion(one) for one in self.include)

    @property
    def included(self) -> tuple[str, ...]:
        """The names of what comes along."""
        return tuple(read_inclusion(one).name for one in self.include)
