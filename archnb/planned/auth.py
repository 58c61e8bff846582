"""Who may do what, completed: the roles, the programs that ask for tokens, and how long each token lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.auth import Scope
from archnb.design.record import Named
from archnb.planned.record import Planned
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Role(Planned):
    """A role: which operations it may call, on which rows."""

    summary: str
    allows: Named[Scope]
    needs_mfa: bool


@dataclass(frozen=True, kw_only=True)
class Client(Planned):
    """A program that asks for tokens."""

    kind: Literal["web", "spa", "mobile", "service"]
    grant: Literal["authorization_code_pkce", "client_credentials", "device_code"]
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Auth(Planned):
    """Authentication and authorisation. `owner` is the entity that is the user, '' where none is."""

    provider: str
    clients: Named[Client]
    roles: Named[Role]
    access_token_ttl: Quantity
    refresh_token_ttl: Quantity
    session_ttl: Quantity
    token_format: Literal["jwt", "opaque"]
    owner: str = ""

    def roles_of(self, operation: str) -> tuple[str, ...]:
        """The roles that may call an operation."""
        return tuple(name for name, role in self.roles.items() if operation in role.allows)

    def is_program(self, role: str) -> bool:
        """Whether programs of our own have the role, by client credentials."""
        return any(role in client.roles for client in self.clients.values() if client.grant == "client_credentials")
