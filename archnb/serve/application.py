"""The service: each operation of the plan at its path, with all that stands between a request and its work.

In this order: who asks, whether they may, how often, what they sent, whether it was sent before; then the work, in one
transaction. What is refused on the way is a problem document.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Mapping
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs

from archnb.export.openapi import build_document
from archnb.planned import Operation
from archnb.planned.api import normalise
from archnb.planned.statements import Insert
from archnb.serve.database import Database, transaction
from archnb.serve.idempotency import Answer, Answers, make_fingerprint
from archnb.serve.jobs import PATH, Jobs, Started
from archnb.serve.limits import Limits
from archnb.serve.pages import write_docs, write_token_page
from archnb.serve.people import People
from archnb.serve.permissions import Permissions
from archnb.serve.problems import MEDIA, Fault, Refused, find_status, write_problem
from archnb.serve.records import Records
from archnb.serve.requests import Request, Result
from archnb.serve.signing import Signer
from archnb.serve.tokens import Tokens
from archnb.serve.validation import Checker
from archnb.serve.work import Work, tell_nobody
from archnb.serve.workers import Handler, Workers

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request as Received
    from starlette.responses import Response

    from archnb.plan import Plan

MOST_BYTES = 1_000_000
T = TypeVar("T")


class Service:
    """One planned service over one database. `app` is the ASGI application."""

    def __init__(
        self,
        plan: Plan,
        database: Database,
        *,
        limits: Limits | None = None,
        handlers: Mapping[str, Handler] | None = None,
        tell: Callable[[str], None] = tell_nobody,
    ) -> None:
        self.plan, self.planned, self.database = plan, plan.planned, database
        self.signer = Signer()
        self.tokens = Tokens(self.signer, plan.planned.auth.access_token_ttl.base)
        self.records = Records(plan, database)
        self.people = People(plan, self.records)
        self.permissions = Permissions(self.records)
        self.tell = tell
        self.work = Work(plan, self.records, self.permissions, self.signer, lambda text: self.tell(text))
        self.limits, self.answers = limits or Limits(), Answers(self.records)
        self.jobs = Jobs(plan.planned.jobs.jobs, plan.planned.jobs.queues)
        self.workers = Workers(self, handlers)
        self.document = build_document(plan)
        self.app = self._make_app()

    def _make_app(self) -> Starlette:
        from starlette.applications import Starlette
        from starlette.routing import Route

        base = self.planned.api.base_path.rstrip("/")
        paths: dict[str, tuple[str, dict[str, Operation]]] = {}
        for operation in self.planned.operations.values():
            path = base + "/" + operation.contract.path.partition("?")[0].strip().strip("/")
            methods = paths.setdefault(normalise(path), (path, {}))[1]
            methods.setdefault(operation.contract.method, operation)
        # a path without parameters is matched before one that would take it for a parameter's value
        order = sorted(paths.values(), key=lambda one: [part.startswith("{") for part in one[0].split("/")])
        routes = [Route(*self._make_endpoint(path, methods)) for path, methods in order]
        routes += [
            Route("/", self._go_to_docs),
            Route("/docs", self._show_docs),
            Route("/openapi.json", self._show_document),
            Route(PATH, self._show_jobs),
            Route(PATH + "/{number}", self._show_job),
            Route("/dev/token", self._show_token, methods=["GET", "POST"]),
        ]
        return Starlette(routes=routes, exception_handlers={404: self._tell_missing, 500: self._tell_internal})

    def _make_endpoint(self, path: str, methods: Mapping[str, Operation]) -> tuple[str, Any]:
        names = re.findall(r"\{([^{}]*)\}", path)
        numbers = iter(range(len(names)))
        plain = re.sub(r"\{[^{}]*\}", lambda _: f"{{p{next(numbers)}}}", path)
        checkers = {method: Checker(one.contract) for method, one in methods.items()}

        class Endpoint:
            """All methods of one path; a class, so that Starlette leaves the methods to it."""

            service = self

            def __init__(self, scope: Any, receive: Any, send: Any) -> None:
                self.scope, self.receive, self.send = scope, receive, send

            def __await__(self) -> Any:
                return self.answer().__await__()

            async def answer(self) -> None:
                from starlette.requests import Request as Received

                received = Received(self.scope, self.receive)
                operation = methods.get(received.method)
                if operation is None:
                    response = self.service._refuse_method(methods)
                else:
                    own = re.findall(r"\{([^{}]*)\}", operation.contract.path)
                    given = {name: received.path_params[f"p{n}"] for n, name in enumerate(own)}
                    response = await self.service._answer(operation, checkers[received.method], received, given)
                await response(self.scope, self.receive, self.send)

        return plain, Endpoint

    # -- one request

    async def _answer(
        self, operation: Operation, checker: Checker, received: Received, path: dict[str, str]
    ) -> Response:
        raw = await received.body()
        try:
            answer, started = self._handle(operation, checker, received, path, raw)
        except Refused as refused:
            return self._tell(refused)
        from starlette.background import BackgroundTask
        from starlette.responses import Response

        later = BackgroundTask(self.workers.do_all, started) if started else None
        return Response(answer.body, answer.status, answer.headers, answer.media or None, later)

    def _handle(
        self, operation: Operation, checker: Checker, received: Received, path: dict[str, str], raw: bytes
    ) -> tuple[Answer, list[Started]]:
        contract = operation.contract
        caller = None if contract.is_public else self.tokens.read(received.headers.get("authorization"))
        who = caller.name if caller is not None else f"public:{received.client.host if received.client else ''}"
        left = self.limits.take(operation.name, who, contract.rate_limit)
        grant = None if caller is None else self.permissions.find_grant(operation, caller)
        if len(raw) > MOST_BYTES:
            raise Refused("payload_too_large", f"{len(raw)} bytes are more than {MOST_BYTES}")
        query = parse_qs(received.url.query, keep_blank_values=True)
        parameters = checker.check_parameters(path, query, received.headers)
        body = checker.check_body(raw, received.headers.get("content-type", ""))
        key = next((value for name, value in parameters.items() if name.lower() == "idempotency-key"), None)
        fingerprint = make_fingerprint(f"{received.method} {received.url.path}?{received.url.query}", raw)
        if_match = next((str(value) for name, value in parameters.items() if name.lower() == "if-match"), "")
        request = Request(parameters, body, caller, grant, if_match)
        started: list[Started] = []

        def answer() -> Answer:
            # the key is taken before the work, and the answer kept after it: all three are there, or none is
            if key is not None and (kept := self.answers.take(who, operation.name, key, fingerprint)) is not None:
                return kept
            result = self.work.do(operation, request)
            started.extend(self.jobs.start(operation, self._list_told(operation)))
            headers = dict(left.headers)
            if started and contract.status == 202:
                headers["Link"] = f'<{PATH}/{started[0].id}>; rel="status"'
            made = self._write(operation, result, headers)
            if key is not None:
                self.answers.keep(who, key, fingerprint, made)
            return made

        try:
            return self._within(operation, answer), started
        except BaseException:
            self.jobs.drop(started)
            raise

    def _list_told(self, operation: Operation) -> tuple[str, ...]:
        """The third parties to whom an operation leaves messages in an outbox."""
        is_told = any(
            isinstance(one, Insert) and self.planned.schema.tables[one.table].role == "outbox"
            for one in operation.statements
        )
        return tuple(one.via for one in operation.patterns[0].steps if one.via) if is_told else ()

    def do(self, operation: Operation, request: Request) -> Result:
        """Do an operation in a transaction of its own, as a worker does. Raises Refused where it cannot be done."""
        return self._within(operation, lambda: self.work.do(operation, request))

    def _within(self, operation: Operation, work: Callable[[], T]) -> T:
        """What is done in one transaction; what the database refuses is told by the design's codes."""
        try:
            with transaction(self.database):
                return work()
        except Refused:
            raise
        except Exception as error:
            refusal = self.database.read_error(error)
            if refusal is None or not refusal.kind:
                raise
            raise self._read_refusal(operation, refusal.kind, refusal.message) from error

    @staticmethod
    def _read_refusal(operation: Operation, kind: str, message: str) -> Refused:
        """What a constraint that was broken means to the caller."""
        codes = operation.contract.errors
        if kind == "UNIQUE":
            words = set(re.findall(r"\w+", message.lower()))
            named = [one for one in codes if one.startswith("duplicate_")]
            code = next((one for one in named if one.removeprefix("duplicate_") in words), "")
            code = code or ("conflict" if "conflict" in codes else next(iter(named), "conflict"))
            return Refused(code, "one with the same unique values is there already")
        if kind == "EXCLUSION":
            code = next((one for one in codes if one.endswith("_slot_taken")), "conflict")
            return Refused(code, "it overlaps with another")
        if kind == "FOREIGN KEY" and operation.contract.action == "delete":
            return Refused("conflict", "others refer to it")
        if kind == "FOREIGN KEY":
            detail = "it refers to something that is not there"
            return Refused("validation_failed", detail, [Fault("", detail, "reference")])
        detail = f"the values break a rule of the data: {message}"
        return Refused("validation_failed", detail, [Fault("", detail, "rule")])

    @staticmethod
    def _write(operation: Operation, result: Result, headers: Mapping[str, str]) -> Answer:
        contract = operation.contract
        status = contract.made_status if result.is_made and contract.made_status else contract.status
        made = dict(headers)
        if result.etag and contract.status == 200:
            made["ETag"] = result.etag
        if result.location or result.redirect:
            made["Location"] = result.location or result.redirect
        if contract.is_last_result:
            # no worker runs here: it is computed when it is asked for
            made["Last-Modified"] = format_datetime(datetime.datetime.now(datetime.UTC), usegmt=True)
        if contract.method == "GET":
            made["Cache-Control"] = operation.cache_control
        if contract.response.is_empty:
            return Answer(status, made, b"")
        if result.body is None:
            raise ValueError(f"{operation.name} promises a body, and its work gave none")
        text = json.dumps(result.body, ensure_ascii=False, separators=(",", ":"))
        return Answer(status, made, text.encode("utf-8"), contract.response.media)

    # -- what is not an operation

    def _tell(self, refused: Refused) -> Response:
        from starlette.responses import Response

        status, document = write_problem(self.planned.errors, refused)
        return Response(json.dumps(document, ensure_ascii=False), status, refused.headers, MEDIA)

    def _refuse_method(self, methods: Mapping[str, Operation]) -> Response:
        response = self._tell(Refused("method_not_allowed", headers={"Allow": ", ".join(sorted(methods))}))
        response.status_code = 405
        return response

    async def _tell_missing(self, received: Received, error: Exception) -> Response:
        response = self._tell(Refused("not_found", f"nothing is at {received.url.path}"))
        response.status_code = find_status(self.planned.errors, "not_found")
        return response

    async def _tell_internal(self, received: Received, error: Exception) -> Response:
        return self._tell(Refused("internal", "the service failed; its log says where"))

    async def _go_to_docs(self, received: Received) -> Response:
        from starlette.responses import RedirectResponse

        return RedirectResponse("/docs")

    async def _show_docs(self, received: Received) -> Response:
        from starlette.responses import HTMLResponse

        return HTMLResponse(write_docs(self.document))

    async def _show_document(self, received: Received) -> Response:
        from starlette.responses import JSONResponse

        return JSONResponse(self.document)

    async def _show_jobs(self, received: Received) -> Response:
        from starlette.responses import JSONResponse

        return JSONResponse({"items": self.jobs.show()})

    async def _show_job(self, received: Received) -> Response:
        from starlette.responses import JSONResponse

        found = self.jobs.find(received.path_params["number"])
        return JSONResponse(found) if found is not None else await self._tell_missing(received, KeyError())

    async def _show_token(self, received: Received) -> Response:
        """The page on which a developer picks who to be; a POST gives the token, as JSON where that is asked for."""
        from starlette.responses import HTMLResponse, JSONResponse

        if received.method == "GET":
            return HTMLResponse(write_token_page(self.people, received.query_params.get("role", "")))
        form = parse_qs((await received.body()).decode("utf-8", "replace"))
        role, person = form.get("role", [""])[0], form.get("person", [""])[0]
        caller = self.people.find(role, person)
        if caller is None:
            return JSONResponse({"error": f"there is no role {role!r}, or no {person!r} who has it"}, 400)
        token = self.tokens.issue(caller)
        if "application/json" in received.headers.get("accept", ""):
            return JSONResponse(
                {"access_token": token, "token_type": "Bearer", "expires_in": int(self.tokens.lifetime)}
            )
        return HTMLResponse(write_token_page(self.people, role, person, token))


__all__ = ["Service"]
