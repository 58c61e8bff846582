"""Who may do what, and how they prove who they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from archnb.design.declaration import DURATION, TIME, Refers, said
from archnb.design.record import Fault, Named, Record
from archnb.exceptions import quote
from archnb.quantity import Quantity

# the words of a grant that are no fields
GRANT_WORDS = ("any", "own", "tenant", "member", "none")
_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*( is missing)?")
# the fields of a grant: what is no word of its grammar
_FIELDS = r"(?<![\w.])(?!(?:any|own|tenant|member|none|or|and|is|missing)\b)([^\W\d]\w*(?:\.\w+)*)"


def read_grant(text: str) -> tuple[tuple[str, ...], ...]:
    """The alternatives of a grant, each with the parts that must all hold; none where the text is not a grant.

    >>> read_grant("own or practitioner"), read_grant("author and channel")
    ((('own',), ('practitioner',)), (('author', 'channel'),))
    >>> read_grant("driver is missing"), read_grant("any or own")
    ((('driver is missing',),), ())
    """
    parts = tuple(
        tuple(" ".join(one.split()) for one in re.split(r"\s+and\s+", each))
        for each in re.split(r"\s+or\s+", text.strip())
    )
    flat = [one for each in parts for one in each]
    if not all(_PATH.fullmatch(one) for one in flat) or (len(flat) > 1 and {"any", "none"} & {*flat}):
        return ()
    return parts


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
    entity: str | None = said(
        "Whose rows stand for those who have the role?",
        example="Practitioner",
        help="Where no entity has the role's name.",
        refers="entity",
    )
    of: str | None = said(
        "Which rows make somebody a member?",
        example="Membership",
        help="The entity that joins people to groups; the role is then one of the words of its role field, or any.",
        refers="entity",
        also=("membership",),
    )
    allows: Named[str] = said(
        "Which operations, on which rows?",
        default=dict,
        example="get_order: own",
        help="Whatever is not listed, or cannot be concluded, is refused.",
        keys="operation",
        refers=Refers("field path to whoever may", pick=_FIELDS),
        grammar="grant",
        also=("permissions", "may"),
    )
    needs_mfa: bool | None = said("Must it use a second factor?", example="true", also=("mfa",))

    def find_faults(self) -> Iterator[Fault]:
        for operation, text in self.allows.items():
            if not read_grant(text):
                next = "write any, own, tenant, member, none, or the field that leads to whoever may; several with `or` or `and`"
                yield Fault(f"allows.{operation}", f"{quote(text)} is not a grant", next)


@dataclass(frozen=True, kw_only=True)
class Client(Record):
    """A program that asks for tokens."""

    kind: Literal["web", "spa", "mobile", "service"] | None = said("What kind of program?", example="spa")
    grant: Literal["authorization_code_pkce", "client_credentials", "device_code"] | None = said(
        "Which grant?", example="authorization_code_pkce"
    )
    authentication: Literal["none", "client_secret", "private_key_jwt", "mtls"] | None = said(
        "How does the program prove itself?",
        example="private_key_jwt",
        help="A program in a browser or on a phone can keep nothing, and proves nothing.",
        meant={"secret": "client_secret", "certificate": "mtls", "tls_client_auth": "mtls", "key": "private_key_jwt"},
        also=("auth_method", "token_endpoint_auth_method"),
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
