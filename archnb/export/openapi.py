"""OpenAPI: the API section as an OpenAPI 3.1 document that people, generators and gateways read.

Every schema has an example beside it, and all examples agree, since both come from the API topic. Errors are problem
details (RFC 9457). The document is the same for the same plan.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from archnb.exceptions import ArchnbError, unknown
from archnb.export.yaml_text import write_yaml
from archnb.naming import claim, pascal, split_words
from archnb.planned import Operation
from archnb.planned.api import ARRAY_LIMIT, CURSOR, ETAG, MONEY, MONEY_SCHEMA, Body, normalise
from archnb.shapes import Source

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any

# for codes that the error catalogue does not have
_STATUS = {
    "validation_failed": 400, "unauthenticated": 401, "forbidden": 403, "not_found": 404, "conflict": 409,
    "idempotency_key_reused": 422, "precondition_failed": 412, "payload_too_large": 413, "rate_limited": 429,
    "internal": 500, "upstream_failed": 502, "unavailable": 503, "timeout": 504,
}  # fmt: skip
# the security scheme of each kind of caller
_SCHEMES: dict[str, str] = {"person": "user", "program": "service"}
_LIMITS: dict[str, Json] = {
    "RateLimit": {"$ref": "#/components/headers/RateLimit"},
    "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
}
# a text that a person reads at once
_LINE: Json = {"type": "string", "maxLength": 1000, "pattern": "^[^\\u0000]*$"}
_CURSOR: Json = {"type": ["string", "null"], "maxLength": 512, "pattern": "^[0-9A-Za-z_=-]+$"}
_HEADER_FORM: Json = {"type": "string", "maxLength": 200, "pattern": r"^[\x20-\x7e]+$"}
_PROBLEM: dict[str, Json] = {
    "type": "object",
    "description": "A problem in the form of RFC 9457.",
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "maxLength": 2048,
            "description": "Names the problem; stable, and made to be compared.",
        },
        "title": {**_LINE, "description": "The problem in a few words, the same each time."},
        "status": {
            "type": "integer",
            "format": "int32",
            "minimum": 400,
            "maximum": 599,
            "description": "The HTTP status.",
        },
        "detail": {**_LINE, "description": "What went wrong this time."},
        "instance": {
            "type": "string",
            "format": "uri-reference",
            "maxLength": 2048,
            "description": "This one occurrence; say it when asking for help.",
        },
        "code": {
            "type": "string",
            "pattern": r"^\S+$",
            "maxLength": 100,
            "description": "The last part of the type, for programs.",
        },
        "errors": {
            "type": "array",
            "description": "Where the input is wrong, one entry a place.",
            "maxItems": 100,
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {
                        "type": "string",
                        "format": "json-pointer",
                        "maxLength": 1024,
                        "description": "A JSON pointer (RFC 6901).",
                    },
                    "detail": _LINE,
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
        self.plan, self.planned = plan, plan.planned
        self.schemas: dict[str, Json] = {}
        self.responses: dict[str, Json] = {}
        self.left_out: list[str] = []
        self.tags: dict[str, str] = {}
        self.scopes: dict[str, dict[str, str]] = {}

    def build(self) -> dict[str, Json]:
        api = self.planned.api
        paths: dict[str, Json] = {}
        first: dict[str, str] = {}
        written: dict[str, tuple[str, Json]] = {}
        for name, operation in self.planned.operations.items():
            contract = operation.contract
            path = self._clean_path(contract.path)
            # paths that differ only in the names of parameters are one path
            path = first.setdefault(normalise(path), path)
            item = paths.setdefault(path, {})
            method = contract.method.lower()
            if method in item:
                self.left_out.append(f"{name} ({contract.method} {contract.path})")
                continue
            item[method] = self._write_operation(operation, path)
            written[name] = (path, item[method])
        self._add_links(written)
        info: dict[str, Json] = {"title": self.plan.said.name or "API", "version": api.version}
        info |= {"contact": _write_contact(api.contact), "license": {"name": api.license, "identifier": api.license}}
        words = [one for one in (self.plan.said.summary, self.planned.requirements.summary) if one]
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
                    "url": api.base_path.rstrip("/") or "/",
                    "description": "Production and staging alike: relative to the host that serves this document.",
                    # callers come from outside (x-internal is what gateways and linters read)
                    "x-internal": False,
                }
            ],
            "tags": [{"name": tag, "description": text} for tag, text in sorted(self.tags.items())],
            "paths": paths,
        }
        made["components"] = self._write_components(paths)
        return made

    @staticmethod
    def _clean_path(path: str) -> str:
        cleaned = "/" + path.partition("?")[0].strip().strip("/")
        # a brace that is never closed is text
        return cleaned if cleaned.count("{") == cleaned.count("}") else cleaned.replace("{", "%7B").replace("}", "%7D")

    # -- operations

    def _write_operation(self, operation: Operation, path: str) -> dict[str, Json]:
        name, contract = operation.name, operation.contract
        made: dict[str, Json] = {"operationId": name, "summary": contract.summary, "tags": [self._tag(operation)]}
        made["description"] = self._describe(operation)
        parameters = self._write_parameters(operation, path)
        if parameters:
            made["parameters"] = parameters
        if not contract.request.is_empty:
            made["requestBody"] = {
                "required": True,
                "content": {contract.request.media: self._content(f"{pascal(name)}Request", contract.request)},
            }
        responses: dict[str, Json] = {str(contract.status): self._write_success(operation)}
        if contract.made_status:
            # RFC 9110, section 15.3.2: without Location, what was made is at the address itself
            responses[str(contract.made_status)] = responses[str(contract.status)] | {
                "description": "Created, at this address."
            }
        by_status: dict[int, list[str]] = {}
        for code in contract.errors:
            by_status.setdefault(self._status(code), []).append(code)
        for status, codes in sorted(by_status.items()):
            responses.setdefault(str(status), {"$ref": f"#/components/responses/{self._error(status, codes)}"})
        made["responses"] = responses
        made["security"] = self._security(operation)
        return made

    def _tag(self, operation: Operation) -> str:
        name = operation.contract.entity
        if not name:
            self.tags["service"] = "The service itself."
            return "service"
        entity = self.planned.entities.entities[name]
        part = f", part of {entity.domain}." if entity.domain else "."
        self.tags[name] = entity.summary or f"The {' '.join(split_words(name))}{part}"
        return name

    def _describe(self, operation: Operation) -> str:
        contract = operation.contract
        said = [contract.summary]
        if contract.status == 202:
            said.append("The work goes on after the answer.")
        elif contract.is_last_result:
            said.append("Gives what was last computed, at once; a worker computes it anew.")
        if contract.needs_idempotency_key:
            said.append("Repeat it with the same Idempotency-Key after a timeout: it is done once.")
        if contract.is_paged:
            said.append("Follow next_cursor until it is null.")
        said.append(f"Limit: {contract.rate_limit} for one caller.")
        return " ".join(said)

    def _write_parameters(self, operation: Operation, path: str) -> list[Json]:
        made: list[Json] = []
        given = dict(operation.contract.parameters)
        # where another operation has written the path, its parameter names stand, in the same places
        in_path = re.findall(r"\{([^{}]*)\}", path)
        own = re.findall(r"\{([^{}]*)\}", self._clean_path(operation.contract.path))
        for here, mine in zip(in_path, own, strict=False):
            parameter = given.pop(mine, None)
            schema, example = (parameter.schema, parameter.example) if parameter else (_HEADER_FORM, "1")
            made.append(
                self._parameter(here, "path", True, parameter.summary if parameter else "Which one.", schema, example)
            )
        for name, parameter in given.items():
            if parameter.place != "path":
                made.append(
                    self._parameter(
                        name,
                        parameter.place,
                        parameter.required,
                        parameter.summary,
                        parameter.schema,
                        parameter.example,
                    )
                )
        return made

    @staticmethod
    def _parameter(name: str, place: str, is_required: bool, text: str, schema: Json, example: Json) -> Json:
        made: dict[str, Json] = {"name": name, "in": place, "required": is_required, "description": text}
        made["schema"] = schema
        if example != CURSOR:
            # a cursor is what an answer gave out; none that is written here would be taken
            made["example"] = example
        return made

    def _content(self, name: str, body: Body, most: int = ARRAY_LIMIT) -> dict[str, Json]:
        """A body's schema and example; `most` is how many items a list has at most."""
        if not body.is_list:
            return {"schema": self._refer(name, body.schema, body.example), "example": body.example}
        items = body.example.get("items") or [None]
        inner = self._refer(re.sub(r"Page$", "", name), body.schema, items[0])
        page: dict[str, Json] = {
            "type": "object",
            "properties": {"items": {"type": "array", "items": inner, "maxItems": most}},
            "required": ["items"],
        }
        if body.is_paged:
            page["properties"]["next_cursor"] = {
                **_CURSOR,
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

    def _write_success(self, operation: Operation) -> Json:
        contract = operation.contract
        texts = {201: "Created.", 202: "Accepted; it is done later.", 204: "Done; there is nothing to say."}
        made: dict[str, Json] = {"description": texts.get(contract.status, "Done.")}
        headers: dict[str, Json] = dict(_LIMITS)
        if contract.location:
            headers["Location"] = {
                "description": "Where it can be read.",
                "schema": {"type": "string", "format": "uri-reference", "maxLength": 2048},
                "example": contract.location,
            }
        if contract.status == 202:
            headers["Link"] = {
                "description": "Where the status of the work can be read: the link with rel=status (RFC 9110, section 15.3.3).",
                "schema": _HEADER_FORM,
                "example": '</jobs/42>; rel="status"',
            }
        if contract.redirect:
            made["description"] = "Go on to the address in Location."
            headers["Location"] = {
                "description": "The address that it leads to.",
                "required": True,
                "schema": {"type": "string", "format": "uri", "maxLength": 2048},
                "example": contract.redirect,
            }
            headers["Cache-Control"] = {
                "description": "How long it may be kept; the cache section of the design sets max-age.",
                "schema": _HEADER_FORM,
                "example": operation.cache_control,
            }
        is_row = not contract.is_report and bool(contract.entity) and not contract.response.is_empty
        if contract.status == 200 and contract.action in ("get", "update") and is_row:
            headers["ETag"] = {"$ref": "#/components/headers/ETag"}
        if contract.is_last_result:
            headers["Last-Modified"] = {
                "description": "When the result was computed.",
                "schema": _HEADER_FORM,
                "example": "Sat, 14 Mar 2026 04:00:00 GMT",
            }
        made["headers"] = headers
        if not contract.response.is_empty:
            is_own = contract.action == "command" or contract.is_report
            own = f"{pascal(operation.name)}Response" if is_own else pascal(contract.entity or operation.name)
            limit = contract.parameters.get("limit")
            most = limit.schema.get("maximum") if limit is not None else None
            made["content"] = {
                contract.response.media: self._content(own, contract.response, most or self.planned.api.max_page_size)
            }
        return made

    def _add_links(self, written: Mapping[str, tuple[str, Json]]) -> None:
        """Link what is made or read with what can be done with it: the key in the answer is the one in the address."""
        model, operations = self.plan.model, self.planned.operations
        for name, (_, made) in written.items():
            contract = operations[name].contract
            properties = contract.response.schema.get("properties", {})
            if contract.action not in ("create", "get") or contract.response.is_list or not contract.entity:
                continue
            names = model.properties.names(contract.entity)
            key = {field: names[field] for field in model.keys.fields(contract.entity) if names[field] in properties}
            success = made["responses"].get(str(contract.status), {})
            links: dict[str, Json] = {}
            for other, (path, _) in written.items():
                there = operations[other].contract
                own = re.findall(r"\{([^{}]*)\}", self._clean_path(there.path))
                fields = [there.parameters[one].field if one in there.parameters else "" for one in own]
                if other == name or there.entity != contract.entity or not own or set(fields) != set(key):
                    continue
                given = {
                    f"path.{parameter}": f"$response.body#/{key[field]}"
                    for parameter, field in zip(re.findall(r"\{([^{}]*)\}", path), fields, strict=True)
                }
                if "ETag" in success.get("headers", {}) and "If-Match" in there.parameters:
                    given["header.If-Match"] = "$response.header.ETag"
                links[claim(re.sub(r"[^A-Za-z0-9._-]", "_", other), links, "")] = {
                    "operationId": other,
                    "parameters": given,
                }
            if links:
                success["links"] = links

    def _security(self, operation: Operation) -> list[Json]:
        """Who may call it: people, programs, or both."""
        schemes = [_SCHEMES[caller] for caller in operation.callers]
        for scheme in schemes:
            self.scopes.setdefault(scheme, {})[operation.scope] = self.planned.auth.scopes[operation.scope]
        return [{scheme: [operation.scope]} for scheme in schemes]

    # -- errors

    def _status(self, code: str) -> int:
        known = self.planned.errors.codes.get(code)
        if known is not None and 400 <= known.http <= 599:
            return known.http
        return _STATUS.get(code, 409)

    def _error(self, status: int, codes: list[str]) -> str:
        """The response component for some error codes of one status."""
        name = "".join(pascal(code) for code in codes)
        if name not in self.responses:
            headers: dict[str, Json] = dict(_LIMITS) if status < 500 else {}
            if status in (429, 503):
                headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
            if status == 401:
                headers["WWW-Authenticate"] = {
                    "description": "How to prove who one is (RFC 6750).",
                    "schema": _HEADER_FORM,
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
        known = self.planned.errors.codes.get(code)
        return known.title if known is not None else f"{' '.join(split_words(code)).capitalize()}."

    def _problem(self, code: str, status: int) -> Json:
        made: dict[str, Json] = {
            "type": f"{self.planned.errors.type_base.rstrip('/')}/{'-'.join(pascal_words(code))}",
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
        # which checks a receiver makes of a signed token: RFC 8725, section 3
        form = " They are validated as RFC8725 asks." if self.planned.auth.token_format == "jwt" else ""
        life = f" Access tokens are good for {self.planned.auth.access_token_ttl}.{form}"
        token = "https://id.example.com/token"
        about = {
            "user": "People sign in by OpenID Connect: authorisation code with PKCE (S256), state and nonce.",
            "service": "Programs and devices prove themselves with credentials of their own (client credentials); no person signs in.",
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


def _write_contact(contact: str) -> Json:
    """The contact object: an address where it is one, else a name (the Contact Object of OpenAPI 3.1)."""
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", contact):
        return {"email": contact}
    return {"url": contact} if re.match(r"https?://", contact) else {"name": contact}


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
        "schema": _HEADER_FORM,
        "example": ETAG,
    },
    "RateLimit": {
        "description": "What is left of the limit, and in how many seconds it is full again (draft-ietf-httpapi-ratelimit-headers).",
        "schema": _HEADER_FORM,
        "example": '"default";r=57;t=31',
    },
    "RateLimitPolicy": {
        "description": "The limit and its window in seconds.",
        "schema": _HEADER_FORM,
        "example": '"default";q=60;w=60',
    },
    "RetryAfter": {
        "description": "How many seconds to wait before the next attempt.",
        "schema": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 86_400},
        "example": 2,
    },
}


__all__ = ["build_document", "export_openapi"]
