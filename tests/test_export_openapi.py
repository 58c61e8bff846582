"""The OpenAPI document: it validates, and every example in it is valid against its schema, whatever the design is called."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from ruamel.yaml import YAML

from archnb import Design, plan
from archnb.design import find_dangling
from archnb.design.entities import TYPES
from archnb.exceptions import ArchnbError
from archnb.export.openapi import build_document, export_openapi
from archnb.export.yaml_text import write_yaml
from archnb.plan import Plan
from tests.designs import ALL, tiny

GOLDEN = Path(__file__).parent / "golden"


@lru_cache
def planned(name: str) -> Plan:
    """The plan of a sample design, made once."""
    return plan(ALL[name]())


def find_examples(document: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Every (place, schema, example) of a document."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            at = f"{method} {path}"
            for parameter in operation.get("parameters", ()):
                if "example" not in parameter:
                    # a cursor is what an answer gave out
                    assert parameter["name"].startswith("cursor") and parameter["in"] == "query"
                    continue
                yield f"{at} {parameter['name']}", parameter["schema"], parameter["example"]
            for media in operation.get("requestBody", {}).get("content", {}).values():
                yield f"{at} request", media["schema"], media["example"]
            for status, response in operation["responses"].items():
                for media in response.get("content", {}).values():
                    yield f"{at} {status}", media["schema"], media["example"]
                for name, header in response.get("headers", {}).items():
                    if "$ref" not in header:
                        yield f"{at} {status} {name}", header["schema"], header["example"]
    for name, response in document["components"]["responses"].items():
        media = response["content"]["application/problem+json"]
        for one in media["examples"].values():
            yield name, media["schema"], one["value"]
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            yield name, schema, example
    for name, header in document["components"]["headers"].items():
        yield name, header["schema"], header["example"]


def check(document: dict[str, Any]) -> int:
    """Hold a document against the OpenAPI schema, its examples against their schemas; gives the number of examples."""
    assert not [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]
    count = 0
    for place, schema, example in find_examples(document):
        whole = {**schema, "components": document["components"]}
        Draft202012Validator.check_schema(schema)
        errors = list(
            Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(example)
        )
        assert not errors, f"{place}: {errors[0].message}"
        count += 1
    return count


@pytest.mark.parametrize("name", ALL)
def test_document_and_its_examples_validate(name: str) -> None:
    """The document is OpenAPI 3.1, and every example satisfies its schema, formats included."""
    made = planned(name)
    assert check(build_document(made)) > 2 * len(made.design.api.operations)


@pytest.mark.parametrize("name", ALL)
def test_every_operation_is_in_the_document(name: str) -> None:
    """Each operation of the API stands in the document once, under its own name."""
    made = planned(name)
    found = [one["operationId"] for item in build_document(made)["paths"].values() for one in item.values()]
    assert sorted(found) == sorted(made.design.api.operations)


@pytest.mark.parametrize("name", ALL)
def test_yaml_and_json_say_the_same(name: str) -> None:
    """A YAML reader that is not ours reads from the YAML what JSON says."""
    made = planned(name)
    assert YAML(typ="safe").load(export_openapi(made).text) == json.loads(export_openapi(made, format="json").text)


def test_document_is_deterministic() -> None:
    """The same design gives the same text."""
    assert export_openapi(plan(tiny())).text == export_openapi(plan(tiny())).text


def test_tiny_is_as_in_the_golden(request: pytest.FixtureRequest) -> None:
    """The document of the tiny design is what the golden file holds."""
    golden = GOLDEN / "openapi-tiny.yaml"
    text = export_openapi(planned("tiny")).text
    if request.config.getoption("--refresh-goldens", default=False):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_unknown_format_names_the_nearest() -> None:
    """A format that does not exist is refused with the nearest one that does."""
    with pytest.raises(ArchnbError, match="format 'yml' is not known; did you mean 'yaml'"):
        export_openapi(planned("tiny"), format="yml")  # type: ignore[arg-type]


def test_errors_are_problem_details() -> None:
    """Every error answer is application/problem+json with a type, a title, its status and its code (RFC 9457)."""
    document = build_document(planned("tiny"))
    for item in document["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if int(status) < 400:
                    continue
                target = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
                for one in target["content"]["application/problem+json"]["examples"].values():
                    assert one["value"]["status"] == int(status)
                    assert one["value"]["type"].endswith(one["value"]["code"].replace("_", "-"))


def test_closed_operations_name_their_scope_and_open_ones_none() -> None:
    """An operation that needs a token says which scope, and that scope is declared; a public one says that it needs none."""
    made = planned("shop")
    document = build_document(made)
    declared = document["components"]["securitySchemes"]["user"]["flows"]["authorizationCode"]["scopes"]
    for item in document["paths"].values():
        for operation in item.values():
            name = operation["operationId"]
            is_public = made.design.api.operations[name].is_public
            scope = made.planned.operations[name].scope
            assert operation["security"] == ([] if is_public else [{"user": [scope]}])
            assert is_public or scope in declared
    # a resource, read or written, and not a word an operation
    assert all(one.endswith((":read", ":write")) for one in declared)
    assert len(declared) < sum(1 for one in made.design.api.operations.values() if not one.is_public)


def test_programs_call_what_their_roles_allow() -> None:
    """An operation for programs only names client credentials; one for both names both."""
    design = Design.of(
        {
            "entities": {"Note": {"fields": {"id": "key", "text": "text(200)"}}},
            "access": {
                "sync": {"reads": "Note", "roles": "internal"},
                "get_note": {"reads": "Note", "by": "id", "roles": "admin, internal"},
            },
        }
    )
    found = {
        op["operationId"]: op["security"]
        for item in build_document(plan(design))["paths"].values()
        for op in item.values()
    }
    assert found["sync"] == [{"service": ["notes:read"]}]
    assert found["get_note"] == [{"user": ["notes:read"]}, {"service": ["notes:read"]}]


def test_optional_fields_are_nullable_by_a_list_of_types() -> None:
    """OpenAPI 3.1 has no `nullable`: an optional field's type lists null."""
    design = Design.of(
        {"entities": {"Note": {"fields": {"id": "key", "text": "text(200) optional", "price": "money optional"}}}}
    )
    text = json.dumps(build_document(plan(design)))
    assert '"text": {"type": ["string", "null"], "maxLength": 200' in text
    assert '"price": {"anyOf": [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]}' in text
    assert "nullable" not in text


def test_ids_and_big_numbers_are_texts() -> None:
    """A 64-bit number is a text, since JavaScript reads JSON numbers as doubles."""
    design = Design.of({"entities": {"Note": {"fields": {"id": "key", "views": "bigint", "stars": "int"}}}})
    properties = next(
        one["properties"]
        for one in build_document(plan(design))["components"]["schemas"].values()
        if "views" in one["properties"]
    )
    assert properties["views"]["type"] == "string"
    assert properties["stars"]["type"] == "integer"


def test_same_path_twice_keeps_one_and_says_so() -> None:
    """Of two operations that were said with one address the document keeps the first and names the other."""
    design = Design.of(
        {
            "entities": {"Note": {"fields": {"id": "key", "text": "text(200)"}}},
            "api": {"operations": {"a": {"method": "GET", "path": "/x"}, "b": {"method": "GET", "path": "/x"}}},
        }
    )
    document = build_document(plan(design))
    check(document)
    assert document["paths"]["/x"]["get"]["operationId"] == "a"
    assert "b (GET /x)" in document["info"]["description"]


# -- hostile names

NAME = st.one_of(
    st.sampled_from(
        [
            "id",
            "Order",
            "order",
            "cursor",
            "limit",
            "q",
            "items",
            "{x}",
            "a/b",
            "a?b=c",
            "$ref",
            "null",
            "- x",
            "x: y",
            "# c",
            "'",
            '"',
            "%2F",
            "</script>",
            "名前",
            "İ",
            "ß",
            "é",
            "🦀",
            "..a".replace(".", "·"),
            "Money",
            "Problem",
            "next_cursor",
            "&a",
            "*a",
            "!t",
            "@",
            "~",
        ]
    ),
    st.text(st.characters(min_codepoint=32, exclude_characters=".", exclude_categories=["Cs"]), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool),
)
PLAIN = sorted(set(TYPES) - {"reference", "enum", "key"})


@st.composite
def fields(draw: st.DrawFn, entities: list[str]) -> dict[str, Any]:
    """A field as plain data: any type, any limits."""
    kind = draw(st.sampled_from([*PLAIN, "enum", "reference", "key"]))
    made: dict[str, Any] = {"type": kind}
    if kind == "reference":
        made["references"] = draw(st.sampled_from(entities))
        made["on_delete"] = draw(st.sampled_from(["cascade", "restrict"]))
    if kind == "enum":
        made["values"] = draw(
            st.lists(st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=5), min_size=1, max_size=3)
        )
    if kind in ("text", "char", "code", "bytes", "vector", "decimal"):
        made["length"] = draw(st.one_of(st.none(), st.integers(1 if kind in ("code", "vector") else 0, 40)))
        if kind == "decimal" and made["length"] is not None:
            made["scale"] = draw(st.one_of(st.none(), st.integers(0, 12)))
    if kind in ("int", "smallint", "float", "decimal", "money"):
        made["minimum"] = draw(st.one_of(st.none(), st.sampled_from([0, 1, -5, 0.5, 100])))
        made["maximum"] = draw(st.one_of(st.none(), st.sampled_from([100, 500, 1e6])))
    for mark in ("unique", "optional", "personal", "secret", "key"):
        if draw(st.integers(0, 4)) == 0:
            made[mark] = True
    if kind != "enum" and draw(st.integers(0, 4)) == 0:
        made["default"] = draw(st.text(string.printable, max_size=8))
    return {name: value for name, value in made.items() if value is not None}


@st.composite
def designs(draw: st.DrawFn) -> Design:
    """A small design with hostile names, any types, and every kind of access pattern."""
    names = draw(st.lists(NAME, min_size=1, max_size=3, unique=True))
    entities = {name: {"fields": draw(st.dictionaries(NAME, fields(names), min_size=1, max_size=5))} for name in names}
    access: dict[str, Any] = {}
    for pattern in draw(st.lists(NAME, max_size=4, unique=True)):
        entity = draw(st.sampled_from(names))
        # a leading minus is the order of a sort, not part of a name
        own = [one for one in entities[entity]["fields"] if not one.startswith("-")] or ["id"]
        some = st.lists(st.sampled_from(own), max_size=2, unique=True)
        if draw(st.booleans()):
            made: dict[str, Any] = {
                "reads": entity,
                "by": draw(some),
                "limit": draw(st.sampled_from([1, 20, 5000])),
                "depth": draw(st.sampled_from([1, 3])),
            }
            made["search"] = draw(some) if draw(st.booleans()) else []
            made["include"] = draw(st.lists(st.sampled_from(names), max_size=2))
            made["sort"] = draw(some)
            if draw(st.booleans()):
                made["range"] = draw(st.sampled_from(own))
            if draw(st.integers(0, 3)) == 0:
                made["aggregate"] = draw(st.sampled_from(["count by day", "sum of total by day, x", "by", " by "]))
        else:
            made = {
                "writes": entity,
                "action": draw(st.sampled_from(["create", "update", "delete"])),
                "by": draw(some),
                "is_async": draw(st.booleans()),
            }
            if draw(st.booleans()):
                made["steps"] = (
                    [f"reserve {draw(st.sampled_from(names))} via psp"]
                    if all(one.isalnum() and one.isascii() for one in names)
                    else []
                )
        made["roles"] = draw(
            st.lists(st.sampled_from(["public", "customer", "admin"]), min_size=1, max_size=2, unique=True)
        )
        access[pattern] = {key: value for key, value in made.items() if value not in (None, [])}
    return Design.of({"name": draw(NAME), "entities": entities, "access": access})


@given(designs())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
def test_any_design_gives_a_valid_document(design: Design) -> None:
    """Whatever things are called and whatever their types, the document and all its examples validate, in YAML too."""
    assert not list(find_dangling(design))
    document = build_document(plan(design))
    check(document)
    assert YAML(typ="safe").load(write_yaml(document)) == document


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), JSON, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_yaml_is_read_back_as_it_was(value: dict[str, Any]) -> None:
    """The YAML of any JSON-like data is read back as the same data by a YAML 1.2 reader."""
    assert YAML(typ="safe", pure=True).load(write_yaml(value)) == value
