"""Who may do what, and how they prove who they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.declaration import DURATION, TIME, said
from archnb.design.record import Named, Record
from archnb.quantity import Quantity

Scope = Literal["any", "own"]


@dataclass(frozen=True, kw_only=True)
class Role(Record):
    """A role: which operations it may call, on any row or on its own rows only."""

    summary: str | None = said("Who is that?", example="A person who buys.", also=("description", "title"))
    kind: Literal["person", "member", "staff", "service"] | None = said(
        "What is behind it?",
        example="staff",
        help="A person with rows of their own, a member of a group, the operator's staff, or a program.",
        meant={
            "human": "person",
            "user": "person",
            "customer": "person",
            "employee": "staff",
            "operator": "staff",
            "machine": "service",
            "program": "service",
            "system": "service",
        },
    )
    allows: Named[Scope] = said(
        "Which operations, on which rows?",
        default=dict,
        example="get_order: own",
        keys="operation",
        also=("permissions", "may"),
    )
    needs_mfa: bool | None = said("Must it use a second factor?", example="true", also=("mfa",))


@dataclass(frozen=True, kw_only=True)
class Client(Record):
    """A program that asks for tokens."""

    kind: Literal["web", "spa", "mobile", "service"] | None = said("What kind of program?", example="spa")
    grant: Literal["authorization_code_pkce", "client_credentials", "device_code"] | None = said(
        "Which grant?", example="authorization_code_pkce"
    )
    roles: tuple[str, ...] = said("Which roles use it?", default=(), example="customer", refers="role")


@dataclass(frozen=True, kw_only=True)
class Auth(Record):
    """The authentication and authorisation section."""

    provider: str | None = said("Who issues the tokens?", example="identity provider", proposed="identity provider")
    clients: Named[Client] = said("Which programs ask for tokens?", default=dict)
    roles: Named[Role] = said("Which roles are there?", default=dict)
    access_token_ttl: Quantity | None = said(
        "How long is an access token good?", unit=TIME, example="10 min", within=DURATION, proposed="10 min"
    )
    refresh_token_ttl: Quantity | None = said(
        "How long is a refresh token good?", unit=TIME, example="14 days", within=DURATION, proposed="14 days"
    )
    session_ttl: Quantity | None = said(
        "How long may a session last?", unit=TIME, example="30 days", within=DURATION, proposed="30 days"
    )
    token_format: Literal["jwt", "opaque"] | None = said("What are access tokens?", example="jwt", proposed="jwt")
    owner: str | None = said("Which entity is the user?", example="Customer", refers="entity")
    tenant: str | None = said(
        "Which entity keeps customers apart from each other (the tenant)?", example="Workspace", refers="entity"
    )
