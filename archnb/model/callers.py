"""Who may call a write: the principals behind its roles, and the reference that makes a row theirs."""

from __future__ import annotations

from archnb.design.entities import AccessPattern
from archnb.model import write_words as words_of
from archnb.model.references import Reference, References
from archnb.model.roles import Principal, Roles
from archnb.naming import snake


class Callers:
    """The callers of all writes."""

    def __init__(self, references: References, roles: Roles) -> None:
        self._references, self._roles = references, roles

    def list_principals(self, pattern: AccessPattern) -> list[Principal]:
        found = (self._roles.find(role) for role in pattern.roles if role != "public")
        return [one for one in found if isinstance(one, Principal)]

    def find_author(self, entity: str, person: str) -> Reference | None:
        """The reference that says which person made a row, of one or several to people of that kind."""
        found = self._references.list_between(entity, person)
        named = [one for one in found if words_of.is_author(one.field)]
        if named:
            return named[0]
        same = [one for one in found if snake(one.field) == snake(person)]
        if same:
            return same[0]
        return found[0] if len(found) == 1 and found[0].is_required else None

    def is_trusted(self, pattern: AccessPattern) -> bool:
        """Whether all that may write are the operator's staff or programs."""
        principals = self.list_principals(pattern)
        is_open = "public" in pattern.roles or not pattern.roles
        return not is_open and all(
            one.kind in ("staff", "service") or self._roles.is_admin(one.role) for one in principals
        )


__all__ = ["Callers"]
