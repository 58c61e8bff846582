"""The JSON Schema of a design file (draft 2020-12), made from the declarations of the fields: editors complete and check the
YAML with it, and programs write designs by it.

A schema sees one value at a time: names that name nothing, and ranges of values with units, are checked when a design is
read.
"""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from archnb.design.declaration import NUMBER, RATE, SIZE, TIME, Asked, Range
from archnb.design.entities import TYPES, Field
from archnb.design.patterns import PATTERNS
from archnb.design.record import MAX_NAME, Dotted, Named, Record, asked, hints
from archnb.design.requirements import REGULATIONS
from archnb.quantity import BYTES, SUFFIX, Dimension, Quantity, parse
from archnb.quantity import TIME as TIMES

DRAFT = "https://json-schema.org/draft/2020-12/schema"
# the file that editors look for, beside the design
FILENAME = "archnb.schema.json"
TITLE = "A backend design for archnb"

Schema = dict[str, Any]

# scopes of names that are the same in every design
_FIXED: Mapping[str, Iterable[str]] = {"type": TYPES, "regulation": REGULATIONS, "pattern": PATTERNS}
_UNSIGNED = r"(?:\d[\d_]*(?:[ ,]\d{3})*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?"
# up to a hundred
_PERCENT = r"(?:100(?:\.0+)?|\d{1,2}(?:\.\d+)?|\.\d+)"


def make_schema(cls: type[Record], version: int) -> Schema:
    """The schema of a design file: `cls` is the record that it holds, `version` the format that it says."""
    definitions: dict[str, Schema] = {}
    root = _make_record(cls, definitions)
    return {
        "$schema": DRAFT,
        "title": TITLE,
        "type": "object",
        "required": ["archnb"],
        "properties": {
            "archnb": {"const": version, "description": "The version of the file format."},
            **root["properties"],
        },
        "additionalProperties": False,
        "$defs": definitions,
    }


def write_schema(cls: type[Record], version: int) -> str:
    """The schema as text."""
    return json.dumps(make_schema(cls, version), indent=1, ensure_ascii=False) + "\n"


def is_schema(data: bytes) -> bool:
    """Whether the contents of a file are a schema that was written here, by this archnb or another.

    >>> is_schema(b'{"title": "Something of yours"}')
    False
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("title") == TITLE


def _make_record(cls: type[Record], definitions: dict[str, Schema]) -> Schema:
    properties = {name: _make_field(hint, asked(cls).get(name), definitions) for name, hint in hints(cls).items()}
    return {
        "description": " ".join((cls.__doc__ or "").split()),
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": False,
    }


def _refer(cls: type[Record], definitions: dict[str, Schema]) -> Schema:
    """A reference to the definition of a record, which is made where it is missing."""
    if cls.__name__ not in definitions:
        definitions[cls.__name__] = {}
        made = _make_record(cls, definitions)
        if cls.SHORTHAND:
            text: Schema = {"type": "string", "description": f"In one line: {cls.SHORTHAND}"}
            if cls is Field:
                words = "|".join(sorted(TYPES, key=len, reverse=True))
                text["pattern"] = rf"^\s*(?:->|(?:{words})(?![A-Za-z0-9_]))"
            made = {"anyOf": [text, made]}
        definitions[cls.__name__] = made
    return {"$ref": f"#/$defs/{cls.__name__}"}


def describe(about: Asked | None) -> str:
    """What a field says of itself, in one paragraph."""
    if about is None:
        return ""
    parts = [about.question, about.help]
    parts.append(f"Range: {about.within.describe()}." if about.within is not None else "")
    parts.append(f"For example: {about.example}" if about.example else "")
    parts.append(f"(Left out: {about.proposed}.)" if about.proposed else "")
    return " ".join(part for part in parts if part)


def _make_field(hint: Any, about: Asked | None, definitions: dict[str, Schema]) -> Schema:
    made = _make(hint, about, definitions)
    return {"description": describe(about), **made} if about is not None else made


def _make(hint: Any, about: Asked | None, definitions: dict[str, Schema]) -> Schema:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _make(next(one for one in args if one is not type(None)), about, definitions)
    if origin is Literal:
        return {"enum": [*args, None]}
    if origin is Named:
        return _make_named(args[0], about, definitions)
    if origin is Dotted:
        # nested as deep as its names have dots
        below = {"anyOf": [_make(args[0], about, definitions), {"type": "object"}]}
        return {"type": ["object", "null"], "additionalProperties": below}
    if origin is tuple:
        return _make_list(args[0], about, definitions)
    if hint is Quantity:
        return _make_quantity(about)
    if isinstance(hint, type) and issubclass(hint, Record):
        return _refer(hint, definitions)
    if hint is bool:
        return {"type": ["boolean", "null"]}
    if hint in (int, float):
        return {"type": ["integer" if hint is int else "number", "null"], **_bound(about.within if about else None)}
    words = _list_words(about)
    return {"enum": [*words, None]} if words is not None else {"type": ["string", "number", "null"]}


def _list_words(about: Asked | None) -> Iterable[str] | None:
    """The only texts that a field takes, in every design; None where there are others."""
    if about is None:
        return None
    if about.words is not None:
        return about.words.list_names()
    return _FIXED.get(about.refers.scope) if about.refers is not None else None


def _make_named(inner: Any, about: Asked | None, definitions: dict[str, Schema]) -> Schema:
    keys = about.keys if about is not None else None
    words = _FIXED.get(keys.scope) if keys is not None and not keys.unless else None
    names: Schema = {"enum": list(words)} if words is not None else {"pattern": rf"^[^.\n]{{1,{MAX_NAME}}}$"}
    return {
        "type": ["object", "null"],
        "propertyNames": names,
        "additionalProperties": _make(inner, None, definitions),
    }


def _make_list(inner: Any, about: Asked | None, definitions: dict[str, Schema]) -> Schema:
    if inner is not str:
        item = _make(inner, None, definitions)
        is_text = bool(getattr(inner, "SHORTHAND", ""))
        return {"anyOf": [{"type": "array", "items": item}, *([item] if is_text else []), {"type": "null"}]}
    words = _list_words(about)
    one: Schema = {"enum": list(words)} if words is not None else {"type": ["string", "number"]}
    # several stand in one text too, with commas
    return {"anyOf": [{"type": "array", "items": one}, {"type": "string"}, {"type": "null"}]}


def _bound(within: Range | None) -> Schema:
    """The bounds of a plain number."""
    if within is None:
        return {}
    bounds = {
        "minimum": within.least, "exclusiveMinimum": within.above, "maximum": within.most, "exclusiveMaximum": within.below,
    }  # fmt: skip
    return {word: parse(text).base for word, text in bounds.items() if text is not None}


def _make_quantity(about: Asked | None) -> Schema:
    unit, within = (about.unit, about.within) if about is not None else (None, None)
    number: Schema
    if unit == NUMBER:
        number = {"type": "integer" if within is not None and within.is_whole else "number", **_bound(within)}
    else:
        # a plain zero needs no unit
        number = {"const": 0} if unit is not None else {"type": "number"}
    text: Schema = {"type": "string"}
    pattern = _write_pattern(unit, within)
    if pattern:
        text["pattern"] = pattern
    return {"anyOf": [text, number, {"type": "null"}]}


def _write_pattern(unit: Dimension | None, within: Range | None) -> str:
    """How a quantity of a dimension is written, as a regular expression of ECMAScript and Python alike."""
    if unit is None:
        return ""
    is_signed = within is None or (within.least or within.above or "-").startswith("-")
    sign = "[+-]?" if is_signed else r"\+?"
    suffix = rf"(?:\s*(?:{'|'.join(_longest_first(SUFFIX))}))?"
    time, size = "|".join(_longest_first(TIMES)), "|".join(_longest_first(BYTES))
    if within is not None and within.most == "100%":
        one = rf"{sign}(?:{_PERCENT}\s*%|{_UNSIGNED})"
        return rf"^\s*(?:{sign}{_PERCENT}\s*\.\.\s*)?{one}\s*$"
    label = r"(?:%|[^\d\s%./+-][^\d%./]*)?"
    units = {
        TIME: rf"(?:{time})",
        RATE: rf"{label}\s*/\s*(?:{time})",
        SIZE: rf"(?:{size})",
        NUMBER: rf"{label}(?:\s*/\s*[^\d\s]+)?",
    }.get(unit)
    if units is None:
        return ""
    amount = rf"{sign}{_UNSIGNED}{suffix}\s*"
    zero = r"[+-]?0+(?:\.0+)?"
    return rf"^\s*(?:(?:{amount}(?:{units})?\s*\.\.\s*)?{amount}{units}|{zero}(?:\s*\.\.\s*{zero})?)\s*$"


def _longest_first(words: Iterable[str]) -> list[str]:
    return [re.escape(one) for one in sorted(words, key=len, reverse=True)]
