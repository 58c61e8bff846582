"""Who can be tried as a caller: the roles of the design, and for each the rows that stand for people or programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archnb.model import Membership
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

    def list_callers(self, role: str, most: int = MOST) -> list[tuple[str, Caller]]:
        """The callers who have a role, each with the text that tells them apart."""
        found = self.model.roles.assume(role)
        is_program = self.plan.planned.auth.is_program(role)
        entity = found.membership.entity if found.membership is not None else found.entity
        if entity is None or not self.records.is_served(entity):
            return [("", Caller(role, is_program))]
        callers = []
        for record in self.records.find(entity, {}):
            if found.words and found.role_field in record and record[found.role_field] not in found.words:
                continue
            if found.membership is not None:
                caller = self._make_member(role, found.membership, record)
            else:
                caller = Caller(
                    role, is_program, entity, self.records.key_of(entity, record), *self._find_tenant(entity, record)
                )
            callers.append((_write_caller(caller), caller))
            if len(callers) == most:
                break
        return callers

    def _make_member(self, role: str, membership: Membership, record: Record) -> Caller:
        person, group = membership.person, membership.group
        return Caller(
            role, False, person.target, self.records.read_key(person.target, record[person.field]),
            group.target, self.records.read_key(group.target, record[group.field]),
        )  # fmt: skip

    def _find_tenant(self, entity: str, record: Record) -> tuple[str, Record]:
        """The tenant that a person's own row names, none where it names none."""
        tenant = self.plan.planned.auth.tenant
        if tenant == entity:
            return entity, self.records.key_of(entity, record)
        for name, field in self.model.properties.fields(entity).items():
            if tenant and field.references == tenant and record[name] is not None:
                return tenant, self.records.read_key(tenant, record[name])
        return "", {}

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


def _write_caller(caller: Caller) -> str:
    return f"{_write_key(caller.subject)} in {_write_key(caller.group)}" if caller.group else _write_key(caller.subject)


def _write_key(key: Mapping[str, object]) -> str:
    return ",".join(str(value) for value in key.values())


__all__ = ["People"]
