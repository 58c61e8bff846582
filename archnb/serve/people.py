"""Who can be tried as a caller: the roles of the design, and for each the rows that stand for people or programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archnb.serve.records import Record, Records
from archnb.serve.tokens import Caller

if TYPE_CHECKING:
    from archnb.plan import Plan

MOST = 50


class People:
    """The callers of a service, by role."""

    def __init__(self, plan: Plan, records: Records) -> None:
        self.plan, self.model, self.records = plan, plan.model, records

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that a caller may have."""
        return tuple(self.plan.planned.auth.roles)

    def list_callers(self, role: str) -> list[tuple[str, Caller]]:
        """The callers who have a role, each with the text that tells them apart; at most 50."""
        found = self.model.roles.assume(role)
        is_program = self.plan.planned.auth.is_program(role)
        if found.membership is not None:
            return self._list_members(role, found.membership)
        if found.entity is None or not self.records.is_served(found.entity):
            return [("", Caller(role, is_program))]
        made = []
        for record in self.records.find(found.entity, {}, limit=MOST):
            key = self.records.key_of(found.entity, record)
            made.append((_write_key(key), Caller(role, is_program, found.entity, key)))
        return made

    def _list_members(self, role: str, membership: Any) -> list[tuple[str, Caller]]:
        from archnb.naming import snake

        word = next((one for one in membership.roles if snake(one) == snake(role)), None)
        given = {membership.role_field: word} if word is not None else {}
        made = []
        for record in self.records.find(membership.entity, given, limit=MOST):
            person = self.records.read_key(membership.person.target, record[membership.person.field])
            group = self.records.read_key(membership.group.target, record[membership.group.field])
            caller = Caller(role, False, membership.person.target, person, membership.group.target, group)
            made.append((f"{_write_key(person)} in {_write_key(group)}", caller))
        return made

    def find(self, role: str, person: str) -> Caller | None:
        """The caller with a role and a text of `list_callers`; without one, the first."""
        if role not in self.plan.planned.auth.roles:
            return None
        known = self.list_callers(role)
        return next((caller for text, caller in known if person in ("", text)), None)

    def describe(self, caller: Caller) -> str:
        """A caller in words: what a person would recognise them by."""
        if not caller.entity:
            return "nobody in particular"
        found = self.records.find(caller.entity, caller.subject, limit=1)
        fields = self.model.properties.fields(caller.entity)
        words = [
            str(value)
            for name, value in (found[0] if found else {}).items()
            if not fields[name].secret and fields[name].type in ("text", "email", "phone") and value is not None
        ]
        inside = f" in {caller.group_entity} {_write_key(caller.group)}" if caller.group_entity else ""
        return f"{caller.entity} {_write_key(caller.subject)}{inside}" + (f": {', '.join(words[:3])}" if words else "")


def _write_key(key: Record | Any) -> str:
    return ",".join(str(value) for value in key.values())


__all__ = ["People"]
