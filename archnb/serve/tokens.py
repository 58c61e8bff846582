"""Tokens for trying the service out: whoever runs it picks a role and a person, and gets a token. For development only.

A token is signed with a key of this process. It says what an access token of the design's provider would say: the role,
whose row the caller is, and in which group a member is a member.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archnb.serve.problems import Refused
from archnb.serve.signing import Signer


@dataclass(frozen=True)
class Caller:
    """Who asks. `subject` is the key of their row in `entity`, `group` that of the group; both as JSON by field."""

    role: str
    is_program: bool = False
    entity: str = ""
    subject: Mapping[str, Any] = field(default_factory=dict)
    group_entity: str = ""
    group: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What tells one caller from another."""
        return f"{self.role}:{self.entity}:{sorted(self.subject.items())}:{sorted(self.group.items())}"


class Tokens:
    """Makes and reads the tokens of one service."""

    def __init__(self, signer: Signer, lifetime: float) -> None:
        self._signer, self.lifetime = signer, lifetime

    def issue(self, caller: Caller) -> str:
        """A token for a caller."""
        claims = {**caller.__dict__, "exp": int(time.time() + self.lifetime)}
        return self._signer.sign("token", claims)

    def read(self, header: str | None) -> Caller:
        """Who a request comes from, by its Authorization header. Raises Refused where nobody proves to be anybody."""
        if header is None:
            raise Refused("unauthenticated", "a token is needed", headers={"WWW-Authenticate": "Bearer"})
        scheme, _, token = header.partition(" ")
        claims = self._signer.read("token", token.strip()) if scheme.lower() == "bearer" else None
        if claims is None or claims.pop("exp") < time.time():
            # RFC 6750, section 3.1
            refused = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise Refused("unauthenticated", "the token is not one of ours, or too old", headers=refused)
        return Caller(**claims)


__all__ = ["Caller", "Tokens"]
