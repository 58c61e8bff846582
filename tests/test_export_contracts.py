"""GraphQL and gRPC: made of the same contracts as the OpenAPI document, taken and given by the libraries of each language."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from archnb import Design, Plan, load, plan
from archnb.export.graphql import name_field
from archnb.naming import pascal
from archnb.verify.graphql import find_missing as find_missing_graphql
from archnb.verify.graphql import verify_graphql
from archnb.verify.proto import find_missing as find_missing_proto
from archnb.verify.proto import verify_proto
from tests.designs import ALL
from tests.domains.case import FOLDER

DESIGNS: dict[str, Callable[[], Design]] = {
    **ALL, **{path.stem: lambda path=path: load(path) for path in sorted(FOLDER.glob("*.yaml"))}  # type: ignore[misc]
}  # fmt: skip
needs_graphql = pytest.mark.skipif(find_missing_graphql() is not None, reason="graphql-core is not installed")
needs_protoc = pytest.mark.skipif(find_missing_proto() is not None, reason="grpcio-tools is not installed")


@needs_graphql
@pytest.mark.parametrize("name", DESIGNS)
def test_every_operation_is_asked_and_answered(name: str) -> None:
    """graphql-core builds the schema, and each operation takes its example and gives it."""
    proof = verify_graphql(plan(DESIGNS[name]()))
    assert proof.verdict == "passed" and proof.statements, [one for one in proof.details if one.verdict != "passed"]


@needs_protoc
@pytest.mark.parametrize("name", DESIGNS)
def test_the_service_compiles(name: str) -> None:
    """protoc takes the file, and a call is there for each operation."""
    proof = verify_proto(plan(DESIGNS[name]()))
    assert proof.verdict == "passed", [one for one in proof.details if one.verdict != "passed"]


BREAKS = {
    "a field of an answer": (r"\n  total: Money!", ""),
    "an argument": (r"cursor: String, ", ""),
    "a type": (r"type Money \{[^}]*\}", ""),
    "an operation": (r"place_order\(", "place_orders("),
}


@needs_graphql
@pytest.mark.parametrize("name", BREAKS)
def test_a_schema_that_lost_something_fails(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof tells what is not there."""
    import archnb.verify.graphql as module

    made = plan(ALL["tiny"]())
    source = made.export("graphql")
    pattern, instead = BREAKS[name]
    text, count = re.subn(pattern, instead, source.text)
    assert count, source.text
    broken = type(source)(source.name, source.title, "graphql", text)
    monkeypatch.setattr(module, "export", lambda *_: broken)
    assert verify_graphql(made).verdict == "failed"


@needs_protoc
def test_a_file_that_is_none_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that is not there is told by protoc."""
    import archnb.verify.proto as module

    made = plan(ALL["tiny"]())
    source = made.export("proto")
    broken = type(source)(source.name, source.title, "proto", source.text.replace("message Money", "message Coin"))
    monkeypatch.setattr(module, "export", lambda *_: broken)
    assert verify_proto(made).verdict == "failed"


def _list_calls(made: Plan) -> set[str]:
    return set(re.findall(r"^  rpc (\w+)", made.export("proto").text, re.MULTILINE))


@pytest.mark.parametrize("name", [one for one in DESIGNS if one != "awkward"])
def test_the_three_documents_name_the_same(name: str) -> None:
    """Each operation of the contracts is a path of OpenAPI, a field of GraphQL and a call of gRPC, by one name."""
    made = plan(DESIGNS[name]())
    sdl, calls = made.export("graphql").text, _list_calls(made)
    document = made.export("openapi").text
    for operation in made.planned.operations.values():
        assert re.search(rf"^  {name_field(operation.name)}[(:]", sdl, re.MULTILINE), operation.name
        assert pascal(operation.name) in calls, operation.name
        assert f"operationId: {operation.name}\n" in document or f'operationId: "{operation.name}"\n' in document


def test_names_that_no_language_takes_are_spelled_in_ascii() -> None:
    """Whatever a design calls things, names are letters, digits and underscores."""
    assert name_field("näme") and re.fullmatch(r"\w+", name_field("näme"), re.ASCII)
    assert name_field("2nd") == "f_2nd" or re.fullmatch(r"[A-Za-z_]\w*", name_field("2nd"), re.ASCII)
