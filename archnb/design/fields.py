"""The fields of an entity: their types, their marks, and the line that says one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from archnb.design.declaration import (
    Range,
    said,
)
from archnb.design.record import Fault, Record
from archnb.exceptions import InputError, Problem, quote, unknown_name


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


__all__ = [
    "MARKS",
    "MARKS_MEANT",
    "TYPES",
    "TYPES_MEANT",
    "Field",
    "OnDelete",
    "Type",
    "read_field",
    "unknown_type",
    "write_field",
]
