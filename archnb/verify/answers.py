"""Answers: every operation of the OpenAPI document is sent as its example is written, and answered as the document says.

The document alone says what is sent and what must come back: address, parameters, headers and body of each request are its
examples; the status, the headers and the body of the answer are compared with what is documented of a success. The rows that
the examples name are there (`verify/examples.py`); each request finds them as they were at first.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from archnb.exceptions import EngineMissing
from archnb.planned import Operation
from archnb.serve import Limits, check_libraries
from archnb.serve.inside import Reply, send
from archnb.serve.tokens import Caller
from archnb.verify.examples import Stage
from archnb.verify.openapi import METHODS, escape, find_missing
from archnb.verify.proof import Check, Proof, Verdict, conclude
from archnb.verify.session import shorten_message
from archnb.verify.visits import write_text

if TYPE_CHECKING:
    from archnb.plan import Plan
    from archnb.verify.service import FilledService

Json = Any
ARTEFACT = "the examples of the API"
TOOL = "Starlette on SQLite"
_ADDRESS = "urn:archnb:openapi"
# how many callers of one role are looked at, and as how many one example is sent at most
MOST, TRIED = 10_000, 12


def verify_answers(plan: Plan, **_: Any) -> Proof:
    """Send every example of the document to the planned service on SQLite, in this process."""
    from archnb.verify.service import open_service

    started = time.perf_counter()
    try:
        check_libraries()
        if (missing := find_missing()) is not None:
            raise missing
    except EngineMissing as missing:
        check = Check("engine", "not run", str(missing))
        return Proof(ARTEFACT, TOOL, "", "not verified", 0, 0.0, "not run", (check,))
    with open_service(plan, limits=Limits(is_strict=False), is_told=True) as service:
        answers = Answers(service)
        details = tuple(answers.run())
        version = service.database.fetch("SELECT sqlite_version()")[0][0]
    seconds, verdict = time.perf_counter() - started, conclude(details)
    kind: Any = "not verified" if verdict == "not run" else "executed on the engine"
    return Proof(ARTEFACT, TOOL, str(version), kind, answers.count, seconds, verdict, details)


class Answers:
    """The examples of one service's document. `count` says how many requests were sent."""

    def __init__(self, service: FilledService) -> None:
        self.service, self.planned = service, service.planned
        self.count = 0
        self._stage = Stage(service.plan, service.records)
        self.use(service.document)

    def use(self, document: Json) -> None:
        """Take another document for what is promised."""
        self.document = document
        self._check_body = make_checker(document)

    def run(self) -> Iterator[Check]:
        """Every operation of the document: what came back of its example."""
        for path, item in self.document["paths"].items():
            for method, about in item.items():
                if method in METHODS:
                    verdict, told = self._try(path, method, about)
                    yield Check(f"example {about['operationId']}", verdict, told)

    def _try(self, path: str, method: str, about: Json) -> tuple[Verdict, str]:
        """Send an example as somebody who may, whose the rows of the example are if that matters."""
        operation = self.planned.operations[about["operationId"]]
        entity = operation.contract.entity
        if entity and not self.service.records.is_served(entity):
            return "not run", f"{entity} is in a store that is not run here"
        callers = self._list_callers(operation, about)
        if not callers:
            return "not run", "nobody may do it, until the design says who"
        wrong = ""
        for caller in callers:
            with self.service.undone():
                self._stage.set(operation, caller)
                reply = self._send(path, method, about, caller)
            told = self._find_difference(path, method, about, reply)
            if not told:
                who = "everybody" if caller is None else caller.role
                return (
                    "passed",
                    f"{method.upper()} {path}, sent as {who}, is answered with {reply.status} as documented",
                )
            wrong = wrong or told
            if reply.status not in (403, 404):
                return "failed", told
        return "failed", wrong

    def _list_callers(self, operation: Operation, about: Json) -> list[Caller | None]:
        """Who may do it: of those who may with their own rows alone, whom the example speaks of first."""
        if operation.contract.is_public:
            return [None]
        named = set(list_scalars(about))
        told = named | self._list_named(operation.contract.entity)
        found: list[tuple[tuple[int, int], Caller]] = []
        for role, grant in operation.grants.items():
            if grant.is_refused:
                continue
            for _, caller in self.service.people.list_callers(role, MOST):
                keys = [str(one) for one in (*caller.subject.values(), *caller.group.values())]
                unknown = sum(one not in named for one in keys), sum(one not in told for one in keys)
                found.append((unknown, caller))
        found.sort(key=lambda one: one[0])
        return [caller for _, caller in found[:TRIED]]

    def _list_named(self, entity: str) -> set[str]:
        """The texts in the examples of every operation on an entity."""
        return {
            text
            for item in self.document["paths"].values()
            for method, about in item.items()
            if method in METHODS and self.planned.operations[about["operationId"]].contract.entity == entity
            for text in list_scalars(about)
        }

    # -- what is sent

    def _send(self, path: str, method: str, about: Json, caller: Caller | None) -> Reply:
        """The example as a request."""
        self.count += 1
        address, query, headers = path, dict[str, str](), dict[str, str]()
        for parameter in about.get("parameters", ()):
            if "example" not in parameter:
                # a cursor is what a list has given out; the document shows none
                continue
            name, text = parameter["name"], write_text(parameter["example"])
            if parameter["in"] == "path":
                address = address.replace("{" + name + "}", quote(text, safe=""))
            elif parameter["in"] == "query":
                query[name] = text
            else:
                headers[name] = text
        body = b""
        for media, content in about.get("requestBody", {}).get("content", {}).items():
            headers["Content-Type"], body = media, json.dumps(content["example"]).encode()
        if caller is not None:
            headers["Authorization"] = f"Bearer {self.service.tokens.issue(caller)}"
        address = self.document["servers"][0]["url"].rstrip("/") + address
        return send(
            self.service.app, method.upper(), f"{address}?{urlencode(query)}" if query else address,
            headers=headers, body=body,
        )  # fmt: skip

    # -- what comes back

    def _find_difference(self, path: str, method: str, about: Json, reply: Reply) -> str:
        """How an answer is another than the document says of a success; '' where it is as documented."""
        responses = {int(one): this for one, this in about["responses"].items() if int(one) < 400}
        response = responses.get(reply.status)
        if response is None:
            wanted = " or ".join(map(str, responses))
            return f"{wanted} is documented, {reply.status} came: {reply.body[:300].decode('utf-8', 'replace')}"
        absent = [one for one in response.get("headers", {}) if one.lower() not in reply.headers]
        if absent:
            return f"{reply.status} came without {', '.join(absent)}, which is documented"
        content = response.get("content", {})
        if not content:
            return "a body came where none is documented" if reply.body else ""
        (media,) = content
        kind = reply.headers.get("content-type", "").partition(";")[0]
        if kind != media:
            return f"{media} is documented, {kind or 'no media type'} came"
        pointer = "/".join(
            ["#", "paths", *map(escape, (path, method, "responses", str(reply.status), "content", media)), "schema"]
        )
        told = self._check_body(pointer, reply.json)
        if told:
            return told
        matched = self._find_condition(path)
        if method == "get" and matched and reply.headers.get("etag") != matched:
            return f"its ETag is {reply.headers.get('etag')}, and the example of If-Match is {matched}"
        return ""

    def _find_condition(self, path: str) -> str:
        """The example of If-Match at an address, '' where none of its methods takes it."""
        for method, about in self.document["paths"][path].items():
            for parameter in about.get("parameters", ()) if method in METHODS else ():
                if parameter["name"].lower() == "if-match":
                    return str(parameter["example"])
        return ""


def make_checker(document: Json) -> Callable[[str, Json], str]:
    """A function that says what is wrong with a value by the schema at a JSON pointer of the document, '' where nothing is."""
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    resource = Resource.from_contents(document, default_specification=DRAFT202012)
    registry: Any = Registry().with_resource(_ADDRESS, resource).crawl()

    def check(pointer: str, value: Json) -> str:
        validator = Draft202012Validator(
            {"$ref": f"{_ADDRESS}{pointer}"}, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        for error in validator.iter_errors(value):
            at = "/".join(map(str, error.absolute_path))
            return f"{at or 'the body'}: {shorten_message(error.message)}"
        return ""

    return check


def list_scalars(value: Json) -> Iterator[str]:
    """The texts and numbers in the examples of an operation, as texts."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            if name not in ("schema", "description"):
                yield from list_scalars(below)
    elif isinstance(value, list):
        for below in value:
            yield from list_scalars(below)
    elif isinstance(value, str | int):
        yield str(value)


__all__ = ["ARTEFACT", "Answers", "verify_answers"]
