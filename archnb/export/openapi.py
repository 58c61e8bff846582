"""OpenAPI: the API section as an OpenAPI 3.1 document that people, generators and gateways read.

Every schema has an example beside it, and all examples agree, since both come from the API topic. Errors are problem
details (RFC 9457). The document is the same for the same plan.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal

from archnb.design.api import Operation
from archnb.exceptions import ArchnbError, unknown
from archnb.export.yaml_text import write_yaml
from archnb.naming import claim, pascal, split_words
from archnb.shapes import Source
from archnb.topics.api.addresses import normalise
from archnb.topics.api.bodies import Body, describe_parameter, find_redirect, make_request, make_response
from archnb.topics.api.resources import Resources, find_resources
from archnb.topics.api.values import MONEY, MONEY_SCHEMA
from archnb.topics.api.views import write_cache_control, write_location

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any

# for codes that the error catalogue does not have
_STATUS = {
    "validation_failed": 400, "unauthenticated": 401, "forbidden": 403, "not_found": 404, "conflict": 409,
    "idempotency_key_reused": 422, "precondition_failed": 412, "payload_too_large": 413, "rate_limited": 429,
    "internal": 500, "upstream_failed": 502, "unavailable": 503, "timeout": 504,
}  # fmt: skip
_PROBLEM: dict[str, Json] = {
    "type": "object",
    "description": "A problem in the form of RFC 9457.",
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Names the problem; stable, and made to be compared.",
        },
        "title": {"type": "string", "description": "The problem in a few words, the same each time."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What went wrong this time."},
        "instance": {
            "type": "string",
            "format": "uri-reference",
            "description": "This one occurrence; say it when asking for help.",
        },
        "code": {"type": "string", "description": "The last part of the type, for programs."},
        "errors": {
            "type": "array",
            "description": "Where the input is wrong, one entry a place.",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON pointer (RFC 6901)."},
                    "detail": {"type": "string"},
                },
                "required": ["pointer", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "code"],
}


def export_openapi(plan: Plan, format: Literal["yaml", "json"] = "yaml") -> Source:
    """The API as an OpenAPI 3.1 document, as YAML or JSON text.

    >>> from archnb import Design, plan
    >>> design = Design.of({"name": "notes", "entities": {"Note": {"fields": {"id": "key", "text": "text(200)"}}}})
    >>> export_openapi(plan(design)).text.splitlines()[0]
    'openapi: "3.1.0"'

    Raises ArchnbError where the format is neither.
    """
    if format not in ("yaml", "json"):
        raise ArchnbError(unknown("format", format, ["yaml", "json"]))
    document = build_document(plan)
    text = write_yaml(document) if format == "yaml" else json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return Source("openapi", "OpenAPI 3.1", format, text, filename=f"openapi.{format}")


def build_document(plan: Plan) -> dict[str, Json]:
    """The OpenAPI document as plain data."""
    return _Document(plan).build()


class _Document:
    """One document on its way: its schemas and responses are collected while its paths are written."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.design = plan, plan.design
        self.resources: Resources = find_resources(plan.model)
        self.schemas: dict[str, Json] = {}
        self.responses: dict[str, Json] = {}
        self.left_out: list[str] = []
        self.tags: dict[str, str] = {}
        self.scopes: dict[str, dict[str, str]] = {}

    def build(self) -> dict[str, Json]:
        api = self.design.api
        paths: dict[str, Json] = {}
        first: dict[str, str] = {}
        for name, operation in api.operations.items():
            path = self._clean_path(operation.path)
            # paths that differ only in the names of parameters are one path
            path = first.setdefault(normalise(path), path)
            item = paths.setdefault(path, {})
            method = (operation.method or "GET").lower()
            if method in item:
                self.left_out.append(f"{name} ({operation.method} {operation.path})")
                continue
            item[method] = self._write_operation(name, operation, path)
        info: dict[str, Json] = {"title": self.design.name or "API", "version": api.version or "1.0.0"}
        words = [one for one in (self.design.summary, self.design.requirements.summary) if one]
        info["description"] = "\n\n".join([*words[:1], _CONVENTIONS])
        if self.left_out:
            info["description"] += (
                "\n\nLeft out, since another operation has the same method and path: " + ", ".join(self.left_out) + "."
            )
        made: dict[str, Json] = {
            "openapi": "3.1.0",
            "info": info,
            "servers": [
                {
                    "url": (api.base_path or "/").rstrip("/") or "/",
                    "description": "Relative to the host that serves this document.",
                }
            ],
            "tags": [{"name": tag, "description": text} for tag, text in sorted(self.tags.items())],
            "paths": paths,
        }
        made["components"] = self._write_components(paths)
        return made

    @staticmethod
    def _clean_path(path: str | None) -> str:
        cleaned = "/" + (path or "").partition("?")[0].strip().strip("/")
        # a brace that is never closed is text
        return cleaned if cleaned.count("{") == cleaned.count("}") else cleaned.replace("{", "%7B").replace("}", "%7D")

    # -- operations

    def _write_operation(self, name: str, operation: Operation, path: str) -> dict[str, Json]:
        pattern = self.design.access.get(operation.pattern or name)
        tag = self._tag(operation)
        made: dict[str, Json] = {"operationId": name, "summary": operation.summary or name, "tags": [tag]}
        made["description"] = self._describe(name, operation)
        parameters = self._write_parameters(name, operation, path)
        if parameters:
            made["parameters"] = parameters
        request = make_request(self.resources, name, operation)
        if request is not None:
            made["requestBody"] = {
                "required": True,
                "content": {request.media: self._content(f"{pascal(name)}Request", request)},
            }
        response = make_response(self.resources, name, operation, pattern)
        responses: dict[str, Json] = {str(operation.status or 200): self._write_success(name, operation, response)}
        by_status: dict[int, list[str]] = {}
        for code in operation.errors:
            by_status.setdefault(self._status(code), []).append(code)
        for status, codes in sorted(by_status.items()):
            responses.setdefault(str(status), {"$ref": f"#/components/responses/{self._error(status, codes)}"})
        made["responses"] = responses
        made["security"] = self._security(name, operation)
        return made

    def _tag(self, operation: Operation) -> str:
        entity = operation.entity
        if entity is None or entity not in self.design.entities:
            self.tags["service"] = "The service itself."
            return "service"
        record = self.design.entities[entity]
        self.tags[entity] = record.summary or f"The {' '.join(split_words(entity))}" + (
            f", part of {record.domain}." if record.domain else "."
        )
        return entity

    def _describe(self, name: str, operation: Operation) -> str:
        said = [operation.summary or name]
        if operation.status == 202:
            said.append("The work goes on after the answer.")
        elif self._is_last_result(name, operation):
            said.append("Gives what was last computed, at once; a worker computes it anew.")
        if operation.needs_idempotency_key:
            said.append("Repeat it with the same Idempotency-Key after a timeout: it is done once.")
        if operation.is_paged:
            said.append("Follow next_cursor until it is null.")
        if operation.rate_limit is not None:
            said.append(f"Limit: {operation.rate_limit} for one caller.")
        return " ".join(said)

    def _write_parameters(self, name: str, operation: Operation, path: str) -> list[Json]:
        made: list[Json] = []
        in_path = re.findall(r"\{([^{}]*)\}", path)
        given = dict(operation.parameters)
        # where another operation has written the path, its parameter names stand, in the same places
        own = re.findall(r"\{([^{}]*)\}", self._clean_path(operation.path))
        for here, mine in zip(in_path, own, strict=False):
            parameter = given.pop(mine, None)
            schema, example = (
                describe_parameter(self.resources, operation, mine, parameter)
                if parameter
                else ({"type": "string"}, "1")
            )
            made.append(
                self._parameter(here, "path", True, (parameter and parameter.summary) or "Which one.", schema, example)
            )
        for other, parameter in given.items():
            place = parameter.place or "query"
            if place == "path":
                continue
            schema, example = describe_parameter(self.resources, operation, other, parameter)
            if other == "limit" and parameter.field is None and self.design.api.max_page_size is not None:
                pattern = self.design.access.get(operation.pattern or name)
                size = self.design.api.page_size
                most = max(1, int(self.design.api.max_page_size.value), (pattern.limit or 1) if pattern else 1)
                usual = max(1, (pattern.limit if pattern else None) or (int(size.value) if size else 20))
                schema, example = (
                    {"type": "integer", "minimum": 1, "maximum": most, "default": min(usual, most)},
                    min(20, most),
                )
            made.append(
                self._parameter(other, place, bool(parameter.required), parameter.summary or other, schema, example)
            )
        return made

    @staticmethod
    def _parameter(name: str, place: str, is_required: bool, text: str, schema: Json, example: Json) -> Json:
        return {
            "name": name,
            "in": place,
            "required": is_required,
            "description": text,
            "schema": schema,
            "example": example,
        }

    def _content(self, name: str, body: Body) -> dict[str, Json]:
        if not body.is_list:
            return {"schema": self._refer(name, body.schema, body.example), "example": body.example}
        items = body.example.get("items") or [None]
        inner = self._refer(re.sub(r"Page$", "", name), body.schema, items[0])
        page: dict[str, Json] = {
            "type": "object",
            "properties": {"items": {"type": "array", "items": inner}},
            "required": ["items"],
        }
        if body.is_paged:
            page["properties"]["next_cursor"] = {
                "type": ["string", "null"],
                "description": "Give it as cursor to go on; null where nothing is left.",
            }
            page["required"] = ["items", "next_cursor"]
        return {"schema": page, "example": body.example}

    def _refer(self, name: str, schema: Json, example: Json) -> Json:
        """A reference to the component that is this schema; the same schema is one component, whoever uses it."""
        whole = {**schema, "examples": [example]}
        for known, other in self.schemas.items():
            if {k: v for k, v in other.items() if k != "examples"} == schema:
                return {"$ref": f"#/components/schemas/{known}"}
        chosen = claim(name, [*self.schemas, "Money", "Problem"], "")
        self.schemas[chosen] = whole
        return {"$ref": f"#/components/schemas/{chosen}"}

    def _write_success(self, name: str, operation: Operation, response: Body | None) -> Json:
        status = operation.status or 200
        text = {201: "Created.", 202: "Accepted; it is done later.", 204: "Done; there is nothing to say."}.get(
            status, "Done."
        )
        made: dict[str, Json] = {"description": text}
        headers: dict[str, Json] = {
            "RateLimit": {"$ref": "#/components/headers/RateLimit"},
            "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
        }
        location = (
            write_location(self.resources, self.plan.draft, operation)
            if status in (201, 202) and operation.action != "delete"
            else ""
        )
        if location:
            headers["Location"] = {
                "description": "Where it can be read.",
                "schema": {"type": "string", "format": "uri-reference"},
                "example": location,
            }
        if redirect := find_redirect(self.resources, operation):
            made["description"] = "Go on to the address in Location."
            headers["Location"] = {
                "description": "The address that it leads to.",
                "required": True,
                "schema": {"type": "string", "format": "uri"},
                "example": redirect,
            }
            headers["Cache-Control"] = {
                "description": "How long it may be kept; the cache section of the design sets max-age.",
                "schema": {"type": "string"},
                "example": write_cache_control(self.plan.draft, name),
            }
        if status == 200 and operation.action in ("get", "update"):
            headers["ETag"] = {"$ref": "#/components/headers/ETag"}
        if self._is_last_result(name, operation):
            headers["Last-Modified"] = {
                "description": "When the result was computed.",
                "schema": {"type": "string"},
                "example": "Sat, 14 Mar 2026 04:00:00 GMT",
            }
        made["headers"] = headers
        if response is not None:
            base = (
                pascal(operation.entity)
                if operation.entity is not None and operation.entity in self.design.entities
                else pascal(name)
            )
            own = (
                base
                if operation.action != "command" and not self._is_report(name, operation)
                else f"{pascal(name)}Response"
            )
            made["content"] = {response.media: self._content(own, response)}
        return made

    def _is_last_result(self, name: str, operation: Operation) -> bool:
        """Whether it is read from a result that a worker computes."""
        pattern = self.design.access.get(operation.pattern or name)
        return bool(pattern and pattern.reads and pattern.is_async) and (operation.status or 200) == 200

    def _is_report(self, name: str, operation: Operation) -> bool:
        pattern = self.design.access.get(operation.pattern or name)
        return bool(pattern and pattern.aggregate) or operation.status == 202

    def _security(self, name: str, operation: Operation) -> list[Json]:
        """Who may call it: people, programs, or both, as the roles that allow it say."""
        if operation.is_public:
            return []
        auth = self.design.auth
        programs = {role for one in auth.clients.values() if one.grant == "client_credentials" for role in one.roles}
        allowed = {role for role, one in auth.roles.items() if name in one.allows}
        schemes = [
            *(["user"] if allowed - programs or not allowed else []),
            *(["service"] if allowed & programs else []),
        ]
        for scheme in schemes:
            self.scopes.setdefault(scheme, {})[name] = operation.summary or name
        return [{scheme: [name]} for scheme in schemes]

    # -- errors

    def _status(self, code: str) -> int:
        known = self.design.errors.codes.get(code)
        if known is not None and known.http is not None and 400 <= known.http <= 599:
            return known.http
        return _STATUS.get(code, 409)

    def _error(self, status: int, codes: list[str]) -> str:
        """The response component for some error codes of one status."""
        name = "".join(pascal(code) for code in codes)
        if name not in self.responses:
            headers: dict[str, Json] = (
                {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}} if status in (429, 503) else {}
            )
            if status == 401:
                headers["WWW-Authenticate"] = {
                    "description": "How to prove who one is (RFC 6750).",
                    "schema": {"type": "string"},
                    "example": "Bearer",
                }
            self.responses[name] = {
                "description": " Or: ".join(self._title(code) for code in codes),
                **({"headers": headers} if headers else {}),
                "content": {
                    "application/problem+json": {
                        "schema": {"$ref": "#/components/schemas/Problem"},
                        "examples": {pascal(code): {"value": self._problem(code, status)} for code in codes},
                    }
                },
            }
        return name

    def _title(self, code: str) -> str:
        known = self.design.errors.codes.get(code)
        return (known.title if known is not None else None) or f"{' '.join(split_words(code)).capitalize()}."

    def _problem(self, code: str, status: int) -> Json:
        base = self.design.errors.type_base or "/problems/"
        made: dict[str, Json] = {
            "type": f"{base.rstrip('/')}/{'-'.join(pascal_words(code))}",
            "title": self._title(code),
            "status": status,
            "instance": "/problems/instances/0195c2a4",
            "code": code,
        }
        if code == "validation_failed":
            made["errors"] = [{"pointer": "/quantity", "detail": "0 is given where at least 1 is needed."}]
        return made

    # -- components

    def _write_components(self, paths: Json) -> dict[str, Json]:
        schemas = dict(sorted(self.schemas.items()))
        if MONEY["$ref"] in json.dumps([schemas, paths]):
            schemas["Money"] = MONEY_SCHEMA
        schemas["Problem"] = _PROBLEM
        made: dict[str, Json] = {
            "schemas": schemas,
            "responses": dict(sorted(self.responses.items())),
            "headers": _HEADERS,
        }
        if self.scopes:
            made["securitySchemes"] = self._write_schemes()
        return made

    def _write_schemes(self) -> dict[str, Json]:
        ttl = self.design.auth.access_token_ttl
        life = f" Access tokens are good for {ttl}." if ttl is not None else ""
        token = "https://id.example.com/token"
        about = {
            "user": "People sign in by OpenID Connect: authorisation code with PKCE (S256), state and nonce.",
            "service": "Programs of our own prove themselves with client credentials.",
        }
        flows: dict[str, Json] = {
            "user": {
                "authorizationCode": {
                    "authorizationUrl": "https://id.example.com/authorize",
                    "tokenUrl": token,
                    "refreshUrl": token,
                    "scopes": self.scopes.get("user", {}),
                }
            },
            "service": {"clientCredentials": {"tokenUrl": token, "scopes": self.scopes.get("service", {})}},
        }
        return {
            one: {"type": "oauth2", "description": about[one] + life, "flows": flows[one]}
            for one in about
            if one in self.scopes
        }


def pascal_words(code: str) -> tuple[str, ...]:
    """The words of an error code, for its type's address."""
    return tuple(re.sub(r"[^A-Za-z0-9]", "", word) or "x" for word in split_words(code))


_CONVENTIONS = (
    "Conventions: JSON in snake_case; ids and other whole numbers of 64 bits are texts, since JavaScript numbers are exact only up to 2^53 - 1; "
    "times are RFC 3339; money is an amount with its currency; lists are paged by cursor; errors are problem details (RFC 9457)."
)
_HEADERS: dict[str, Json] = {
    "ETag": {
        "description": "The version of what is in the body; give it as If-Match to change just this one.",
        "schema": {"type": "string"},
        "example": '"7"',
    },
    "RateLimit": {
        "description": "What is left of the limit, and in how many seconds it is full again (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string"},
        "example": '"default";r=57;t=31',
    },
    "RateLimitPolicy": {
        "description": "The limit and its window in seconds.",
        "schema": {"type": "string"},
        "example": '"default";q=60;w=60',
    },
    "RetryAfter": {
        "description": "How many seconds to wait before the next attempt.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 2,
    },
}


__all__ = ["build_document", "export_openapi"]
