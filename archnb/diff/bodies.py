"""JSON Schemas against each other: what a value may be is wider than before, narrower, or otherwise.

A request that may be less than before breaks who sends it; an answer that may be more than before breaks who reads it. So
each keyword is compared once, and the direction says whom it breaks (oasdiff sees documents so).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from archnb.diff.changes import Effect
from archnb.planned.api import MONEY, MONEY_SCHEMA

Json = Any
Direction = Literal["request", "response"]
Turn = Literal["wider", "narrower", "other"]

# what says nothing of a value
_WORDS_ONLY = frozenset(
    {"title", "description", "example", "examples", "deprecated", "$comment", "externalDocs", "xml"}
)
# what is compared by functions of its own
_OWN = frozenset({
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", "default", "nullable", "format", "pattern",
})  # fmt: skip
_LEAST = {
    "minimum": "below {}", "exclusiveMinimum": "of {} or below", "minLength": "of fewer than {} characters",
    "minItems": "of fewer than {} items", "minProperties": "of fewer than {} properties",
}  # fmt: skip
_MOST = {
    "maximum": "above {}", "exclusiveMaximum": "of {} or above", "maxLength": "of more than {} characters",
    "maxItems": "of more than {} items", "maxProperties": "of more than {} properties",
}  # fmt: skip
# formats of numbers, the wider one second
_WIDER_FORMATS = frozenset({("int32", "int64"), ("float", "double")})
_OF_NUMBERS = frozenset({"int32", "int64", None})


class Turned(NamedTuple):
    """One thing that is different about the value at a path of a body: `path` is as a person writes it, '' for the whole."""

    path: str
    effect: Effect
    words: str
    how: str = ""


# how a property is called by now, given the path and its old name
Onwards = Callable[[str, str], str]


def compare_schemas(
    old: Json, new: Json, direction: Direction, onwards: Onwards = lambda _, name: name, path: str = ""
) -> Iterator[Turned]:
    """What is different between two JSON Schemas of a request, or of a response."""
    if old == new:
        return
    old, new = _resolve(old, new), _resolve(new, old)
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        yield _turn(path, direction, "other", "is described otherwise")
        return
    yield from _forms(old, new, direction, path)
    if _is_other(old, new):
        # how long it may be says nothing more
        return
    yield from _words(old, new, direction, path)
    yield from _bounds(old, new, direction, path)
    if direction == "request":
        yield from _default(old, new, path)
    yield from _properties(old, new, direction, onwards, path)
    yield from _open(old, new, direction, path)
    if "items" in old and "items" in new:
        yield from compare_schemas(old["items"], new["items"], direction, onwards, f"{path}[]")
    for word in dict.fromkeys([*old, *new]):
        is_known = word in _WORDS_ONLY or word in _OWN or word in _LEAST or word in _MOST
        if not is_known and old.get(word) != new.get(word):
            yield from _other(word, old.get(word), new.get(word), direction, path)


def _resolve(one: Json, other: Json) -> Json:
    """An amount of money as its schema, where it is compared with something else."""
    return MONEY_SCHEMA if one == MONEY and other != MONEY else one


def _turn(path: str, direction: Direction, turn: Turn, words: str, how: str = "") -> Turned:
    is_breaking = turn == "other" or (turn == "narrower") == (direction == "request")
    return Turned(path, "breaking" if is_breaking else "compatible", words, how if is_breaking else "")


def _kinds(schema: Mapping[str, Json]) -> set[str]:
    found = schema.get("type")
    kinds = {found} if isinstance(found, str) else set(found or ())
    return kinds | ({"null"} if schema.get("nullable") else set())


def _forms(old: Mapping[str, Json], new: Mapping[str, Json], direction: Direction, path: str) -> Iterator[Turned]:
    """The kind of value, and the form of a text or a number: told as one, since they change together."""
    before, after = _kinds(old), _kinds(new)
    if before and after and ("null" in before) != ("null" in after):
        if "null" in after:
            yield _turn(path, direction, "wider", "may be null", "Treat null as missing before it comes.")
        else:
            yield _turn(path, direction, "narrower", "is never null")
    before, after = before - {"null"}, after - {"null"}
    turns = {_turn_kinds(before, after), _turn_format(old, new), _turn_word(old.get("pattern"), new.get("pattern"))} - {
        None
    }
    if not turns:
        return
    turn: Turn = turns.pop() or "other" if len(turns) == 1 else "other"
    words = f"is {_form(new)} where it was {_form(old)}"
    yield _turn(path, direction, turn, words, "Offer it under a new name beside the old one, and take that away later.")


def _list_turns(old: Mapping[str, Json], new: Mapping[str, Json]) -> set[Turn]:
    kinds = _turn_kinds(_kinds(old) - {"null"}, _kinds(new) - {"null"})
    found = (kinds, _turn_format(old, new), _turn_word(old.get("pattern"), new.get("pattern")))
    return {one for one in found if one is not None}


def _is_other(old: Mapping[str, Json], new: Mapping[str, Json]) -> bool:
    """Whether nothing of the one need be anything of the other."""
    turns = _list_turns(old, new)
    return "other" in turns or len(turns) > 1


def _turn_kinds(before: set[str], after: set[str]) -> Turn | None:
    if before == after:
        return None
    if not before or not after:
        return "narrower" if after else "wider"
    come = {one for one in after - before if not (one == "integer" and "number" in before)}
    gone = {one for one in before - after if not (one == "integer" and "number" in after)}
    if come and gone:
        return "other"
    return "wider" if come or (not gone and before - after) else "narrower"


def _turn_format(old: Mapping[str, Json], new: Mapping[str, Json]) -> Turn | None:
    before, after = old.get("format"), new.get("format")
    if {before, after} <= _OF_NUMBERS and "maximum" in old and "maximum" in new:
        # how large it may be is told by its bounds
        return None
    if (before, after) in _WIDER_FORMATS:
        return "wider"
    return "narrower" if (after, before) in _WIDER_FORMATS else _turn_word(before, after)


def _turn_word(before: Json, after: Json) -> Turn | None:
    return None if before == after else "narrower" if not before else "wider" if not after else "other"


def _form(schema: Mapping[str, Json]) -> str:
    """What a value is, in words: its kind, and the form of a text."""
    kinds = " or ".join(_KINDS.get(one, one) for one in sorted(_kinds(schema) - {"null"})) or "anything"
    told = [kinds]
    if schema.get("format"):
        told.append(f"in the form {schema['format']}")
    if schema.get("pattern"):
        told.append(f"that matches {schema['pattern']}")
    return " ".join(told)


_KINDS = {
    "string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "object": "an object", "array": "a list",
}  # fmt: skip


def _words(old: Mapping[str, Json], new: Mapping[str, Json], direction: Direction, path: str) -> Iterator[Turned]:
    """The words of an enumeration; `const` is one word."""
    before, after = (one.get("enum", [one["const"]] if "const" in one else None) for one in (old, new))
    if before == after:
        return
    if before is None or after is None:
        words = f"is one of {_join(after)}" if after is not None else f"may be other than {_join(before)}"
        yield _turn(path, direction, "narrower" if after is not None else "wider", words)
        return
    come, gone = [one for one in after if one not in before], [one for one in before if one not in after]
    if come:
        is_read = direction == "response"
        words = f"may be {_join(come, 'or')}" + (
            ", which readers that enumerate the words do not know" if is_read else ""
        )
        yield _turn(
            path, direction, "wider", words, "Let readers treat an unknown word as some other before it is ever sent."
        )
    if gone:
        words = f"is {_join(gone, 'or')} no more" if direction == "response" else f"{_join(gone, 'or')} is refused"
        yield _turn(path, direction, "narrower", words, "Announce it; count such requests first.")


def _join(words: Any, sign: str = "and") -> str:
    told = [str(one) for one in words]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} {sign} {told[-1]}" if told else "nothing"


def _bounds(old: Mapping[str, Json], new: Mapping[str, Json], direction: Direction, path: str) -> Iterator[Turned]:
    for bounds, sign in ((_LEAST, 1), (_MOST, -1)):
        for word, values in bounds.items():
            before, after = old.get(word), new.get(word)
            if before == after or not all(one is None or isinstance(one, int | float) for one in (before, after)):
                continue
            is_narrower = after is not None and (before is None or sign * after > sign * before)
            values = values.format(_number(after if is_narrower else before))
            if direction == "request":
                words = f"{values} is {'refused' if is_narrower else 'taken too'}"
            else:
                words = f"{'is never' if is_narrower else 'may be'} {values}"
            yield _turn(
                path,
                direction,
                "narrower" if is_narrower else "wider",
                words,
                "Announce it; count such requests first."
                if direction == "request"
                else "Let readers bear it before it comes.",
            )


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _default(old: Mapping[str, Json], new: Mapping[str, Json], path: str) -> Iterator[Turned]:
    before, after = old.get("default"), new.get("default")
    if before == after:
        return
    if after is None:
        yield Turned(
            path,
            "breaking",
            f"has the default {_write(before)} no more",
            "Let every caller say it before the default goes.",
        )
    elif before is None:
        yield Turned(path, "compatible", f"is {_write(after)} where it is not given")
    else:
        yield Turned(
            path,
            "breaking",
            f"is {_write(after)} where it is not given, and was {_write(before)}",
            "Tell whoever relied on the old default.",
        )


def _properties(
    old: Mapping[str, Json], new: Mapping[str, Json], direction: Direction, onwards: Onwards, path: str
) -> Iterator[Turned]:
    before, after = dict(old.get("properties") or {}), dict(new.get("properties") or {})
    old_required, new_required = set(old.get("required") or ()), set(new.get("required") or ())
    found: dict[str, str] = {}
    for name in before:
        now = name if name in after else onwards(path, name)
        if now in after and (now == name or now not in before):
            found[now] = name
    for name, schema in after.items():
        here = f"{path}.{name}" if path else name
        was = found.get(name)
        is_needed = name in new_required
        if was is None:
            if direction == "response":
                yield Turned(here, "compatible", "comes in the answer too")
            elif is_needed:
                yield Turned(
                    here,
                    "breaking",
                    "must be sent: who does not is refused",
                    "Take it where it is sent, propose a value where it is not, and require it in a later version.",
                )
            else:
                yield Turned(here, "compatible", "may be sent")
            continue
        if was != name:
            how = "Send both for a while." if direction == "response" else "Take both for a while."
            there = f"{path}.{was}" if path else was
            yield Turned(there, "breaking", f"is called {name} from now on", how)
        if is_needed != (was in old_required):
            yield _required(here, direction, is_needed=is_needed)
        yield from compare_schemas(before[was], schema, direction, onwards, here)
    for name in before:
        if name in found.values():
            continue
        here = f"{path}.{name}" if path else name
        if direction == "response":
            yield Turned(
                here, "breaking", "is not in the answer any more", "Announce it, and send it until nobody reads it."
            )
        else:
            words = (
                "is refused where it is sent"
                if new.get("additionalProperties") is False
                else "is not heeded any more where it is sent"
            )
            yield Turned(here, "breaking", words, "Take it and do nothing with it until nobody sends it.")


def _required(path: str, direction: Direction, *, is_needed: bool) -> Turned:
    if direction == "request":
        if is_needed:
            return Turned(
                path,
                "breaking",
                "must be sent: who does not is refused",
                "Propose a value where it is not sent, and require it in a later version.",
            )
        return Turned(path, "compatible", "need not be sent")
    if is_needed:
        return Turned(path, "compatible", "is always in the answer")
    return Turned(path, "breaking", "may be missing in the answer", "Let readers live without it before it comes.")


def _open(old: Mapping[str, Json], new: Mapping[str, Json], direction: Direction, path: str) -> Iterator[Turned]:
    before, after = old.get("additionalProperties", True), new.get("additionalProperties", True)
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from compare_schemas(before, after, direction, path=f"{path}.*" if path else "*")
    elif after is False:
        yield _turn(path, direction, "narrower", "has no properties but those that are named")
    elif before is False:
        yield _turn(path, direction, "wider", "may have properties that are not named")
    else:
        yield _turn(
            path,
            direction,
            "narrower" if isinstance(after, Mapping) else "wider",
            "has other properties that are not named",
        )


def _other(word: str, before: Json, after: Json, direction: Direction, path: str) -> Iterator[Turned]:
    if word in ("multipleOf", "uniqueItems", "allOf", "not"):
        turn: Turn = "wider" if not after else "narrower" if not before else "other"
        told = f"{_LABELS.get(word, word)} {_write(after) if after else 'any'} where it was {_write(before) if before else 'any'}"
        yield _turn(path, direction, turn, told, "Offer it under a new name beside the old one.")
    elif word in ("anyOf", "oneOf") and isinstance(before, list) and isinstance(after, list):
        come, gone = any(one not in before for one in after), any(one not in after for one in before)
        yield _turn(
            path, direction, "other" if come and gone else "wider" if come else "narrower", "is one of other forms"
        )
    elif word in ("readOnly", "writeOnly"):
        yield _turn(
            path, direction, "other", f"is {'' if after else 'not '}{'read' if word == 'readOnly' else 'written'} only"
        )
    else:
        yield _turn(path, direction, "other", f"{word}: {_write(before)} → {_write(after)}")


_LABELS = {"multipleOf": "is a multiple of", "uniqueItems": "has each item once:"}


def _write(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
