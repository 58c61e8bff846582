"""Who stands behind a role: a person's row, a row of membership, the operator's staff, a program, or everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from archnb.design.auth import Role
from archnb.design.entities import Entity
from archnb.model import role_words
from archnb.model.inheritance import Inheritance
from archnb.model.people import Membership, People
from archnb.model.unknown import Unknown
from archnb.model.ways import Way, Ways
from archnb.naming import snake

Kind = Literal["person", "member", "staff", "service", "public"]


@dataclass(frozen=True)
class Principal:
    """Who calls with a role.

    `entity` is whose rows stand for the callers: a customer's, a device's; None where the design keeps none.
    `membership` is the row that gives a member the role, in one group and not in others.
    """

    role: str
    kind: Kind
    entity: str | None
    membership: Membership | None
    reason: str

    @property
    def is_trusted(self) -> bool:
        """Whether the operator answers for what is done: staff, or a program of its own."""
        return self.kind == "staff" or (self.kind == "service" and self.entity is None)


class Roles:
    """The principals behind the roles of a design."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        said: Mapping[str, Role],
        inheritance: Inheritance,
        people: People,
        ways: Ways,
    ) -> None:
        self._said, self._inheritance, self._people, self._ways = said, inheritance, people, ways
        self._by_name: dict[str, str] = {}
        for name in entities:
            self._by_name.setdefault(snake(name), name)
        self._found: dict[str, Principal | Unknown] = {}
        self._graded: dict[str, str] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The roles of the design; `public` is nobody in particular."""
        return self._people.roles

    def find(self, role: str) -> Principal | Unknown:
        """Who has a role, or what the design must say so that it is known."""
        if role not in self._found:
            self._found[role] = self._tell(role)
        return self._found[role]

    def assume(self, role: str) -> Principal:
        """Who has a role; where the design does not say it, a person who reaches least: the user's own rows."""
        found = self.find(role)
        if isinstance(found, Unknown):
            # whoever has the name of an entity is a row of it, if anything
            entity = self._by_name.get(snake(role)) or self._people.user or None
            return Principal(role, "person", entity, None, found.reason)
        return found

    def find_way(self, principal: Principal, entity: str) -> Way | None:
        """By which references a row of an entity is the principal's own, or None where nothing says it.

        To a member belongs what is in a group that a row of membership joins them to.
        """
        if principal.membership is not None:
            joined = principal.membership
            inside = self._ways.find_required(entity, joined.group.target)
            if inside is not None:
                return Way(inside.steps, (joined.group, joined.person))
        return self._ways.find(entity, principal.entity) if principal.entity is not None else None

    def is_admin(self, role: str) -> bool:
        """Whether a role administers: by its name, unless a program has it, or people whose rows have that name."""
        found = self.find(role)
        if not isinstance(found, Principal):
            return role_words.is_admin(role)
        is_row = found.kind == "person" and found.entity == self._by_name.get(snake(role))
        return role_words.is_admin(role) and found.kind != "service" and not is_row

    def _tell(self, role: str) -> Principal | Unknown:
        if role == "public":
            return Principal(role, "public", None, None, "everybody, without signing in")
        kind = self._said[role].kind if role in self._said else None
        named = self._by_name.get(snake(role))
        membership = self._find_membership(role)
        if kind is not None:
            return self._take(role, kind, named, membership)
        if named is not None and self._people.is_person(named):
            reason = f"each {named} is a person who signs in, and the role has their name"
            if role_words.is_staff(role):
                return Principal(role, "staff", named, None, f"{reason}, which is that of the operator's staff")
            return Principal(role, "person", named, None, reason)
        if named is not None and self._has_secret(named):
            return Principal(
                role, "service", named, None, f"{named} has the role's name and a secret of its own, and is no person"
            )
        if membership is not None:
            words = f"{membership.entity}.{membership.role_field} has the word {role}"
            return Principal(role, "member", membership.person.target, membership, words)
        graded = self._find_grade(role)
        if role_words.is_service(role):
            return Principal(role, "service", None, None, "its name is that of a program")
        if role_words.is_staff(role):
            return Principal(role, "staff", graded, None, "its name is that of the operator's staff")
        if graded is not None:
            return Principal(role, "person", graded, None, f"a field of {graded} has the word {role}")
        user = self._people.user
        if user and role_words.is_user(role):
            return Principal(role, "person", user, None, f"its name is that of whoever uses the system, and {user} is")
        if named is not None:
            reason = f"{named} has the role's name, and nothing that a person or a program signs in with"
            return Unknown(reason, f"auth.roles.{role}.kind: person")
        reason = f"no entity and no field has the name {role}, so nothing says whether it is staff, a user or a program"
        return Unknown(reason, f"auth.roles.{role}.kind: staff")

    def _take(self, role: str, kind: Kind, named: str | None, membership: Membership | None) -> Principal:
        is_row = named is not None and (
            self._people.is_person(named)
            or kind in ("person", "member")
            # the rows of a Job are not the programs that do them
            or (kind == "service" and (self._has_secret(named) or not role_words.is_service(role)))
        )
        entity = named if is_row else None
        if kind == "member":
            membership = membership or next(iter(self._people.memberships), None)
            entity = membership.person.target if membership is not None else entity or self._people.user or None
        elif kind == "person":
            entity = entity or self._find_grade(role) or self._people.user or None
        return Principal(role, kind, entity, membership if kind == "member" else None, "as auth.roles says")

    def _has_secret(self, entity: str) -> bool:
        return any(field.secret for field in self._inheritance.fields(entity).values())

    def _find_membership(self, role: str) -> Membership | None:
        wanted = snake(role)
        for one in self._people.memberships:
            if wanted in {snake(word) for word in one.roles}:
                return one
        return None

    def _find_grade(self, role: str) -> str | None:
        """The people of whom a field says that some have the role: `User.role: enum(customer, editor)`."""
        if self._graded is None:
            self._graded = {}
            for name in self._people.all:
                for field in self._inheritance.fields(name).values():
                    for word in field.values:
                        self._graded.setdefault(snake(word), name)
        return self._graded.get(snake(role))
