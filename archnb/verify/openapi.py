"""OpenAPI: the document against the specification's own schema, and every example in it against the schema beside it."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from archnb.exceptions import EngineMissing
from archnb.export import export
from archnb.verify.documents import read_yaml
from archnb.verify.proof import Check, Proof, conclude
from archnb.verify.session import shorten_message

if TYPE_CHECKING:
    from archnb.plan import Plan

ARTEFACT = "OpenAPI 3.1"
_ADDRESS = "urn:archnb:openapi"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def verify_openapi(plan: Plan, **_: Any) -> Proof:
    """Validate the OpenAPI document and its examples; nothing is called, so the kind is 'parsed or schema-checked'."""
    started = time.perf_counter()
    if (missing := find_missing()) is not None:
        check = Check("engine", "not run", str(missing))
        return Proof(ARTEFACT, "openapi-spec-validator", "", "not verified", 0, 0.0, "not run", (check,))
    source = export(plan, "openapi")
    document = read_yaml(source.text)
    details = [*_check_document(document), *_check_examples(document), *_check_operations(plan, document)]
    count = sum(1 for path in document.get("paths", {}).values() for method in path if method in METHODS)
    tool, seconds = "openapi-spec-validator", time.perf_counter() - started
    return Proof(
        ARTEFACT, tool, version(tool), "parsed or schema-checked", count, seconds, conclude(details), tuple(details)
    )


def find_missing() -> EngineMissing | None:
    """What to say where a library of the extra `verify` is not installed; None where all are there."""
    for module in ("openapi_spec_validator", "jsonschema", "jsonschema_path"):
        if importlib.util.find_spec(module) is None:
            return EngineMissing.of_extra("an OpenAPI document is checked by", module.replace("_", "-"), "verify")
    return None


def _check_document(document: Any) -> list[Check]:
    from openapi_spec_validator import OpenAPIV31SpecValidator

    errors = [
        Check("specification", "failed", f"{'/'.join(map(str, error.absolute_path)) or 'document'}: {shorten_message(error.message)}")
        for error in OpenAPIV31SpecValidator(document).iter_errors()
    ]  # fmt: skip
    return errors or [Check("specification", "passed", f"a valid OpenAPI {document.get('openapi')} document")]


def _check_examples(document: Any) -> list[Check]:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped, unused-ignore]
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    resource = Resource.from_contents(document, default_specification=DRAFT202012)
    registry: Any = Registry().with_resource(_ADDRESS, resource).crawl()
    failed, count = [], 0
    for place, schema, example in find_examples(document):
        count += 1
        checker = Draft202012Validator(
            {"$ref": f"{_ADDRESS}#{schema}"}, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        for error in checker.iter_errors(example):
            at = "/".join(map(str, error.absolute_path))
            failed.append(
                Check(f"example {place}", "failed", f"{at + ': ' if at else ''}{shorten_message(error.message)}")
            )
    if not failed and not count:
        return [Check("examples", "not run", "the document has no examples")]
    return failed or [Check("examples", "passed", f"{count} examples fit their schemas")]


def find_examples(node: Any, pointer: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every example of a document: where it is, the JSON pointer of the schema it must fit, and the example."""
    if isinstance(node, Mapping):
        if "schema" in node:
            place = f"{pointer}/schema"
            if "example" in node:
                yield f"{pointer}/example", place, node["example"]
            for name, one in (node.get("examples") or {}).items():
                if isinstance(one, Mapping) and "value" in one:
                    yield f"{pointer}/examples/{name}", place, one["value"]
        elif pointer.startswith("/components/schemas/"):
            if "example" in node:
                yield f"{pointer}/example", pointer, node["example"]
            for number, one in enumerate(node["examples"] if isinstance(node.get("examples"), list) else ()):
                yield f"{pointer}/examples/{number}", pointer, one
        for name, below in node.items():
            # within an example everything is data; properties may be called anything
            if name not in ("example", "examples") or pointer.endswith("/properties"):
                yield from find_examples(below, f"{pointer}/{escape(str(name))}")
    elif isinstance(node, list):
        for number, below in enumerate(node):
            yield from find_examples(below, f"{pointer}/{number}")


def escape(name: str) -> str:
    """A name as a part of a JSON pointer that stands in the fragment of a URI (RFC 6901, sections 3 and 6)."""
    from urllib.parse import quote

    return quote(name.replace("~", "~0").replace("/", "~1"), safe="~{}")


def _check_operations(plan: Plan, document: Any) -> list[Check]:
    """Every operation of the design is in the document."""
    there = {
        method["operationId"]
        for path in document.get("paths", {}).values()
        for name, method in path.items()
        if name in METHODS and "operationId" in method
    }
    wanted = len(plan.planned.api.operations)
    if len(there) < wanted:
        return [Check("operations", "failed", f"{len(there)} of the design's {wanted} operations are in the document")]
    return [Check("operations", "passed", f"all {wanted} operations of the design are there")]
