"""The API: operations with methods, paths, parameters, bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.declaration import AT_LEAST_ONE, NUMBER, RATE, Range, Refers, said
from archnb.design.record import Named, Record
from archnb.quantity import Quantity

Action = Literal["list", "get", "create", "update", "delete", "search", "command"]


@dataclass(frozen=True, kw_only=True)
class Parameter(Record):
    """A parameter in the path, the query or a header; its type is that of a field."""

    place: Literal["path", "query", "header"] | None = said(
        "Where does it stand?", example="query", meant={"body": "query"}, also=("in",)
    )
    type: str | None = said("What kind of value?", example="int", refers="type")
    field: str | None = said("Which field is it?", example="customer", refers="field of the operation")
    required: bool | None = said("Must it be given?", example="false")
    summary: str | None = said("What is it for?", example="where the last page ended")


@dataclass(frozen=True, kw_only=True)
class Operation(Record):
    """An endpoint: what it does to which entity, and with what. Its name is the operation id."""

    summary: str | None = said(
        "What does it do?", example="Lists a customer's orders, newest first.", also=("description", "title")
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = said(
        "Which method?",
        example="GET",
        meant={"get": "GET", "post": "POST", "put": "PUT", "patch": "PATCH", "delete": "DELETE"},
    )
    path: str | None = said("Which path?", example="/customers/{customer_id}/orders", also=("url", "route"))
    action: Action | None = said("What kind of operation?", example="list")
    entity: str | None = said("On which entity?", example="Order", refers="entity")
    pattern: str | None = said(
        "Which access pattern does it serve?", example="orders_of_customer", refers="access pattern"
    )
    parameters: Named[Parameter] = said("Which parameters?", default=dict)
    request: tuple[str, ...] = said(
        "Which fields does the body carry?",
        default=(),
        example="customer, lines",
        refers="element of the operation",
        also=("body",),
    )
    response: tuple[str, ...] = said(
        "Which fields come back?", default=(), example="id, total", refers="element of the operation"
    )
    status: int | None = said(
        "Which status on success?", example="200", within=Range(least="100", most="599", is_whole=True), also=("code",)
    )
    is_paged: bool | None = said("Does it come in pages?", example="true", also=("paged", "paginated"))
    needs_idempotency_key: bool | None = said("Does a repeat need an idempotency key?", example="true")
    errors: tuple[str, ...] = said(
        "Which errors can it give?", default=(), example="not_found, conflict", refers="error code"
    )
    is_public: bool | None = said("May it be called without a token?", example="false", also=("public",))
    rate_limit: Quantity | None = said(
        "How often may one caller call it?", unit=RATE, example="60/min", within=Range(above="0/s")
    )


@dataclass(frozen=True, kw_only=True)
class Api(Record):
    """The API section."""

    style: Literal["rest", "graphql", "grpc"] | None = said("Which style?", example="rest", proposed="rest")
    version: str | None = said("Which version of the API?", example="1.0.0", proposed="1.0.0")
    base_path: str | None = said("Under which path?", example="/v1", proposed="/v1")
    contact: str | None = said(
        "Who answers for it, by name, e-mail or web address?", example="api@example.com", also=("owner", "team")
    )
    license: str | None = said(
        "Under which licence may it be used?",
        example="Apache-2.0",
        help="An SPDX identifier, or LicenseRef- with a name of your own.",
        also=("licence",),
        proposed="LicenseRef-All-rights-reserved",
    )
    page_size: Quantity | None = said(
        "How many items a page?", unit=NUMBER, example="20", within=AT_LEAST_ONE, proposed="20"
    )
    max_page_size: Quantity | None = said(
        "How many items a page at most?",
        unit=NUMBER,
        example="100",
        within=AT_LEAST_ONE,
        proposed="100, or the largest limit of an access pattern",
    )
    operations: Named[Operation] = said(
        "Which operations?",
        default=dict,
        keys=Refers(
            "access pattern",
            unless=("pattern", "entity", "path", "method"),
            hint="Or say its path, or the entity it is on.",
        ),
    )
