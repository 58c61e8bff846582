"""Which entity keeps customers apart from each other (the tenant), and by which references a row belongs to one."""

from __future__ import annotations

from collections.abc import Mapping

from archnb.design.auth import Auth
from archnb.design.entities import Entity
from archnb.model.people import People
from archnb.model.references import References
from archnb.model.unknown import Unknown
from archnb.model.ways import Way, Ways

# of the entities that could belong to a tenant, so many must: else it is one entity among others
LEAST_SHARE = 0.5


class Tenants:
    """The tenant and what belongs to it.

    A tenant is what people are in: the group of a membership that gives them roles there, or what a person's own row must
    refer to. Most of what the system keeps belongs to it by references that every row has.
    """

    def __init__(
        self, entities: Mapping[str, Entity], auth: Auth, people: People, references: References, ways: Ways
    ) -> None:
        self._entities, self._people, self._references, self._ways = entities, people, references, ways
        self._tenant = self._find(auth.tenant)

    @property
    def tenant(self) -> str | Unknown:
        """The entity that is the tenant."""
        return self._tenant

    def find_way(self, entity: str) -> Way | None:
        """The references by which every row of an entity belongs to one tenant; None where it belongs to none, or to none that is known."""
        return self._ways.find_required(entity, self._tenant) if self._tenant else None

    def list_fenced(self) -> tuple[str, ...]:
        """The entities whose every row belongs to one tenant, the tenant itself left out, in the order of the design."""
        if not self._tenant:
            return ()
        belonging = self._ways.list_belonging(self._tenant)
        return tuple(name for name in self._entities if name in belonging and name != self._tenant)

    def _find(self, said: str | None) -> str | Unknown:
        if said is not None and said in self._entities:
            return said
        joining = {one.entity for one in self._people.memberships}
        groups = [one.group.target for one in self._people.memberships if one.role_field is not None]
        for person in self._people.all:
            groups += [
                one.target
                for one in self._references.list_from(person)
                if one.is_required and not one.is_unique and not self._people.is_person(one.target)
            ]
        candidates = [one for one in dict.fromkeys(groups) if self._holds_most(one, joining)]
        # of a workspace and its projects, what the others are in
        top = [
            one
            for one in candidates
            if not any(other != one and self._ways.find_required(one, other) for other in candidates)
        ]
        if len(top) == 1:
            return top[0]
        if top:
            return Unknown(f"{', '.join(top)} could each be the tenant", f"auth.tenant: {top[0]}")
        line = f"auth.tenant: {groups[0] if groups else next(iter(self._entities), 'Workspace')}"
        loose = [one for one in self._people.memberships if one.role_field is None]
        if not groups and loose:
            group = loose[0].group.target
            reason = (
                f"{loose[0].entity} gives nobody a role in a {group}, so nothing says whether a {group} is a customer"
            )
            return Unknown(reason, f"auth.tenant: {group}")
        if not groups:
            return Unknown("nothing says that people are in one of several groups that are kept apart", line)
        return Unknown(f"less than half of what is kept belongs to one {' or '.join(dict.fromkeys(groups))}", line)

    def _holds_most(self, group: str, joining: set[str]) -> bool:
        others = [
            name
            for name in self._entities
            if name != group
            and name not in joining
            and not self._people.is_person(name)
            # what refers to nothing and is referred to by others is reference data, the same for all
            and self._references.list_from(name)
        ]
        belonging = self._ways.list_belonging(group)
        inside = [name for name in others if name in belonging and not self._passes_person(belonging[name])]
        return bool(inside) and len(inside) >= LEAST_SHARE * len(others)

    def _passes_person(self, steps: tuple[object, ...]) -> bool:
        return any(self._people.is_person(getattr(one, "entity", "")) for one in steps)
