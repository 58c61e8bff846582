"""JSON Schemas against each other, with values as the judge: what is called compatible breaks no value that fitted before."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archnb.diff.bodies import compare_schemas
from archnb.planned.api import MONEY

Json = Any
NAMES = ("a", "b", "c")

bounds = st.none() | st.integers(0, 4)


def build(kind: str, least: int | None, most: int | None, words: list[str], is_nullable: bool) -> Json:
    """A schema of a plain value."""
    made: dict[str, Json] = {"type": [kind, "null"] if is_nullable else kind}
    low, high = {
        "string": ("minLength", "maxLength"),
        "integer": ("minimum", "maximum"),
        "number": ("minimum", "maximum"),
    }.get(kind, ("", ""))
    if low and least is not None:
        made[low] = least
    if high and most is not None:
        made[high] = most
    if kind == "string" and words:
        made["enum"] = [*words, *([None] if is_nullable else [])]
    return made


plain = st.builds(
    build, st.sampled_from(["string", "integer", "number", "boolean"]), bounds, bounds,
    st.lists(st.sampled_from(["x", "yy", "zzz"]), max_size=3, unique=True), st.booleans(),
)  # fmt: skip


def nest(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Schemas of objects and lists of others."""
    return st.one_of(
        st.builds(
            lambda items, most: {"type": "array", "items": items} | ({"maxItems": most} if most is not None else {}),
            inner,
            bounds,
        ),
        objects(inner),
    )


def objects(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Schemas of objects with some of three properties."""
    return st.builds(
        lambda properties, required, is_closed: {
            "type": "object", "properties": properties, "required": sorted(required & set(properties)),
            **({"additionalProperties": False} if is_closed else {}),
        },
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=3), st.sets(st.sampled_from(NAMES)), st.booleans(),
    )  # fmt: skip


schemas = objects(st.recursive(plain, nest, max_leaves=4))


@st.composite
def tweaked(draw: st.DrawFn, schema: Json) -> Json:
    """A schema with a little of it made otherwise, so that many pairs are compatible."""
    made = dict(schema)
    turn = draw(st.integers(0, 5))
    inner = sorted(made.get("properties", {}))
    if inner and turn <= 2:
        name = draw(st.sampled_from(inner))
        made["properties"] = made["properties"] | {name: draw(tweaked(made["properties"][name]))}
    elif "properties" in made and turn == 3:
        made["required"] = sorted(draw(st.sets(st.sampled_from(NAMES))) & set(made["properties"]))
    elif "properties" in made:
        made["properties"] = {name: one for name, one in made["properties"].items() if name in inner[turn - 4 :]}
        made["properties"] |= draw(st.dictionaries(st.sampled_from(NAMES), plain, max_size=1)) if turn == 5 else {}
        made["required"] = [name for name in made["required"] if name in made["properties"]]
    elif "items" in made:
        made["items"] = draw(tweaked(made["items"]))
        made |= {"maxItems": draw(st.integers(0, 4))} if turn > 3 else {}
    elif "enum" in made and turn < 3:
        made["enum"] = draw(st.lists(st.sampled_from(["x", "yy", "zzz", None]), min_size=1, max_size=4, unique=True))
    elif turn < 2:
        made = draw(plain)
    elif turn < 4:
        kinds = made["type"] if isinstance(made["type"], list) else [made["type"]]
        made["type"] = [one for one in kinds if one != "null"] + ([] if "null" in kinds else ["null"])
    else:
        for word in ("minLength", "maxLength", "minimum", "maximum"):
            if word in made and draw(st.booleans()):
                made[word] = draw(st.integers(0, 4))
            elif word in made and draw(st.booleans()):
                del made[word]
        made["type"] = draw(st.sampled_from([made["type"], ["integer", "null"], ["number", "integer"], "number"]))
    return made


def fitting(schema: Json) -> st.SearchStrategy[Json]:
    """Values that are likely to fit a schema; who uses them looks whether they do."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    found: list[st.SearchStrategy[Json]] = []
    for kind in kinds:
        if kind == "null":
            found.append(st.none())
        elif kind == "string":
            found.append(st.sampled_from(["", "x", "yy", "zzz", "wwww", "vvvvv"]))
        elif kind in ("integer", "number"):
            found.append(st.integers(-1, 5) | (st.sampled_from([0.5, 2.5]) if kind == "number" else st.nothing()))
        elif kind == "boolean":
            found.append(st.booleans())
        elif kind == "array":
            found.append(st.lists(fitting(schema["items"]), max_size=3))
        else:
            needed = {name: fitting(one) for name, one in schema["properties"].items() if name in schema["required"]}
            free = {name: fitting(one) for name, one in schema["properties"].items() if name not in schema["required"]}
            found.append(st.fixed_dictionaries(needed, optional=free))
    return st.one_of(found)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_compatible_request_takes_what_it_took(data: st.DataObject) -> None:
    """Where nothing is called breaking, each request that fitted the old schema fits the new one."""
    jsonschema = pytest.importorskip("jsonschema")
    old = data.draw(schemas)
    new = data.draw(tweaked(old))
    if any(one.effect == "breaking" for one in compare_schemas(old, new, "request")):
        return
    for value in data.draw(st.lists(fitting(old), min_size=6, max_size=9)):
        if not jsonschema.Draft202012Validator(old).is_valid(value):
            continue
        assert jsonschema.Draft202012Validator(new).is_valid(value), (old, new, value)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_compatible_response_is_one_that_readers_know(data: st.DataObject) -> None:
    """Where nothing is called breaking, each answer that fits the new schema fits the old one, but for properties that come."""
    jsonschema = pytest.importorskip("jsonschema")
    old = data.draw(schemas)
    new = data.draw(tweaked(old))
    if any(one.effect == "breaking" for one in compare_schemas(old, new, "response")):
        return
    for value in data.draw(st.lists(fitting(new), min_size=6, max_size=9)):
        if not jsonschema.Draft202012Validator(new).is_valid(value):
            continue
        # readers pass over what they do not know
        assert jsonschema.Draft202012Validator(_open(old)).is_valid(value), (old, new, value)


def _open(schema: Json) -> Json:
    """A schema that lets other properties pass."""
    if isinstance(schema, dict):
        return {name: _open(one) for name, one in schema.items() if name != "additionalProperties"}
    return [_open(one) for one in schema] if isinstance(schema, list) else schema


@settings(max_examples=200, deadline=None)
@given(schemas, schemas)
def test_a_comparison_ends_and_is_empty_only_for_what_is_alike(old: Json, new: Json) -> None:
    """Nothing is told of a schema and itself; of two that let other values pass something is."""
    assert not list(compare_schemas(old, old, "request"))
    there, back = (list(compare_schemas(*pair, "response")) for pair in ((old, new), (new, old)))
    assert bool(there) == bool(back)
    assert there or _without_order(old) == _without_order(new)


def _without_order(schema: Json) -> Json:
    if isinstance(schema, dict):
        kept = {name: _without_order(one) for name, one in schema.items() if name not in ("required", "enum", "type")}
        sets = {
            name: sorted(map(str, schema[name])) if isinstance(schema[name], list) else [schema[name]]
            for name in ("required", "enum", "type")
            if name in schema
        }
        return kept | sets
    return schema


NUMBER = {"type": "integer", "format": "int32", "minimum": 0, "maximum": 2147483647}


@pytest.mark.parametrize(
    ("old", "new", "direction", "told"),
    [
        (MONEY, {"type": "string", "pattern": "^[0-9]+$"}, "response", [("breaking", "is a text that matches ^[0-9]+$ where it was an object")]),
        (NUMBER, NUMBER | {"maximum": 32767} , "request", [("breaking", "above 32,767 is refused")]),
        ({"type": "string"}, {"type": "string", "format": "uuid"}, "request", [("breaking", "is a text in the form uuid where it was a text")]),
        ({"type": "string"}, {"type": "string", "format": "uuid"}, "response", [("compatible", "is a text in the form uuid where it was a text")]),
        ({"type": "integer", "default": 5}, {"type": "integer"}, "request", [("breaking", "has the default 5 no more")]),
        ({"type": "integer", "default": 5}, {"type": "integer"}, "response", []),
        ({"type": "integer"}, {"type": "number"}, "response", [("breaking", "is a number where it was a whole number")]),
        ({"type": "integer"}, {"type": "number"}, "request", [("compatible", "is a number where it was a whole number")]),
        ({"type": "string", "description": "a"}, {"type": "string", "description": "b"}, "request", []),
        ({"oneOf": [{"type": "string"}]}, {"oneOf": [{"type": "string"}, {"type": "integer"}]}, "response", [("breaking", "is one of other forms")]),
    ],
)  # fmt: skip
def test_what_is_said_of_a_value(old: Json, new: Json, direction: Any, told: list[tuple[str, str]]) -> None:
    """The words, and whether it breaks."""
    assert [(one.effect, one.words) for one in compare_schemas(old, new, direction)] == told
