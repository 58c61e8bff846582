"""Who may do what, completed: the roles with what each may do on which rows, the programs that ask for tokens, and how long
each token lives.

A grant says on which rows a role may do an operation, as chains of joins from the row to whoever asks. From it come the
conditions of the statements, the row-level security of the store, the policies of Cedar and OpenFGA and the matrix of the
report, so that none of these can let in whom another keeps out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from archnb.design.record import Named
from archnb.planned.record import Planned
from archnb.quantity import Quantity

# own: a row that refers to the caller. tenant: a row of a tenant that the caller is in. path: as the design says it, or a
# row of a group that the caller is in. none: refused, because nothing says whom the row is for
GrantKind = Literal["any", "own", "tenant", "path", "none"]
# whose value of the token the last field is compared with: the person's key, the tenant's, that of the device or program;
# '' where the field must be empty
Token = Literal["person", "tenant", "client", ""]
ClientKind = Literal["web", "spa", "mobile", "service"]
ClientGrant = Literal["authorization_code_pkce", "client_credentials", "device_code"]


@dataclass(frozen=True, kw_only=True)
class Join(Planned):
    """Rows of another entity whose field `to` is equal to `field` of the rows before.

    columns: the pairs of columns that are equal, (before, here); more than one where a key has several.
    """

    entity: str
    table: str
    field: str
    to: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Reach(Planned):
    """One way from a row to whoever asks: joins, then a field of the last entity that is equal to a value of the token.

    path: the way in words. entity, table: where `field` is; that of the row itself where there are no joins. words: where
    the last row is one of membership, the words of its role field that will do, none where any will. also: what must hold
    of the same row besides.
    """

    path: str
    joins: tuple[Join, ...] = ()
    entity: str
    table: str
    field: str
    columns: tuple[str, ...]
    token: Token
    role_field: str = ""
    role_column: str = ""
    words: tuple[str, ...] = ()
    also: tuple[Reach, ...] = ()

    @property
    def is_fence(self) -> bool:
        """Whether it asks what the row lies in, rather than whose it is."""
        return self.token == "tenant" or "<-" in self.path

    @property
    def parts(self) -> tuple[Reach, ...]:
        """The reach itself and what must hold besides."""
        return (self, *self.also)


@dataclass(frozen=True, kw_only=True)
class Grant(Planned):
    """On which rows of `entity` a role may do an operation: on those for which one of the reaches holds, on any, or on none.

    text: as the design writes it. Of a row that is made the reaches must hold as well, once it is there.
    """

    kind: GrantKind
    text: str
    entity: str = ""
    table: str = ""
    reaches: tuple[Reach, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether the role may not do it at all."""
        return self.kind == "none"

    @property
    def is_by_row(self) -> bool:
        """Whether it depends on the row."""
        return self.kind not in ("any", "none")

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The values of the token that it depends on."""
        found = (part.token for reach in self.reaches for part in reach.parts if part.token)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, kw_only=True)
class Membership(Planned):
    """Rows that make a person a member of a group. ranks: the words of the role field, the least first; none without one."""

    entity: str
    table: str
    person: str
    person_entity: str
    group: str
    group_entity: str
    role_field: str = ""
    role_column: str = ""
    ranks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Role(Planned):
    """A role: which operations it may call, on which rows. entity: whose rows stand for those who have it, '' for none."""

    summary: str
    kind: Literal["person", "member", "staff", "service"]
    entity: str = ""
    grants: Named[Grant]
    needs_mfa: bool


@dataclass(frozen=True, kw_only=True)
class Client(Planned):
    """A program that asks for tokens."""

    kind: ClientKind
    grant: ClientGrant
    authentication: Literal["none", "client_secret", "private_key_jwt", "mtls"]
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Auth(Planned):
    """Authentication and authorisation. `owner` is the entity that is the user, '' where none is; `tenant` likewise."""

    provider: str
    clients: Named[Client]
    roles: Named[Role]
    memberships: tuple[Membership, ...] = ()
    # what each scope of a token opens, by its name; and the scope of each operation that asks for a token
    scopes: Named[str] = Named()
    scope_of: Named[str] = Named()
    access_token_ttl: Quantity
    refresh_token_ttl: Quantity
    session_ttl: Quantity
    token_format: Literal["jwt", "opaque"]
    owner: str = ""
    tenant: str = ""

    def roles_of(self, operation: str) -> tuple[str, ...]:
        """The roles that may call an operation, on whichever rows."""
        return tuple(
            name
            for name, role in self.roles.items()
            if operation in role.grants and not role.grants[operation].is_refused
        )

    def grants_of(self, operation: str) -> Iterator[tuple[str, Grant]]:
        """Every role that an operation names with its grant, the refused ones included."""
        for name, role in self.roles.items():
            if operation in role.grants:
                yield name, role.grants[operation]

    def is_program(self, role: str) -> bool:
        """Whether programs and devices have the role, by credentials of their own."""
        return self.roles[role].kind == "service" if role in self.roles else False
