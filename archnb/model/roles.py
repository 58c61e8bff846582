"""Who stands behind a role: a person's row, a row of membership, the operator's staff, a program, or everybody."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from archnb.design.auth import Role
from archnb.design.entities import Entity
from archnb.model import role_words
from archnb.model.inheritance import Inheritance
from archnb.model.people import Membership, People
from archnb.model.unknown import Unknown
from archnb.model.ways import Ways
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
    # the field of the people's own rows that has the role as a word, and the words that will do, here or in the membership;
    # none where any will
    role_field: str | None = None
    words: tuple[str, ...] = ()
    # the name of the references that say whose rows are theirs, where it is by such a reference that somebody has the role
    relation: str | None = None

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
        self._entities, self._said, self._inheritance = entities, said, inheritance
        self._people, self._ways = people, ways
        self._by_name: dict[str, str] = {}
        for name in entities:
            self._by_name.setdefault(snake(name), name)
        self._found: dict[str, Principal | Unknown] = {}
        self._graded: dict[str, str] | None = None
        self._organisation: str | None = None
        self._related: Mapping[str, str] | None = None

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
        """Who has a role; where the design does not say it, a person of the entity of that name, or of none: they reach nothing."""
        found = self.find(role)
        if isinstance(found, Unknown):
            # whoever has the name of an entity is a row of it, if anything
            return Principal(role, "person", self._by_name.get(snake(role)), None, found.reason)
        return found

    @property
    def keeper(self) -> str:
        """The role of the operator's staff who keep what no other role does: admin, unless members of a group are called so."""
        found = self.find("admin") if "admin" in self.names else None
        is_taken = isinstance(found, Principal) and found.kind != "staff"
        return "staff" if is_taken or self._find_membership("admin") is not None else "admin"

    def has_membership(self, role: str, membership: Membership) -> bool:
        """Whether rows of a membership give a role."""
        found = self.find(role)
        return (
            isinstance(found, Principal)
            and found.membership is not None
            and found.membership.entity == membership.entity
        )

    def has_rows(self, role: str) -> bool:
        """Whether an entity has the name of a role, or was said to be whose rows it is."""
        return self._by_name.get(snake(role)) is not None or (
            role in self._said and self._said[role].entity is not None
        )

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities whose rows stand for those who have some role."""
        found = (self.assume(role).entity for role in self.names if self.has_rows(role))
        return tuple(dict.fromkeys(one for one in found if one is not None))

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
        said = self._said.get(role, Role())
        named = said.entity or self._by_name.get(snake(role))
        membership = self._find_membership(role)
        if said.of is not None and membership is not None:
            return self._make_member(role, membership, f"the rows of {membership.entity} say who it is")
        if said.kind is not None:
            return self._take(role, said.kind, named, membership)
        if said.entity is not None:
            return self._take(role, "person", named, None)
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
            if membership.is_graded and snake(role) in {snake(one) for one in membership.roles}:
                words = f"{membership.entity}.{membership.role_field} has the word {role}"
            else:
                words = f"the role has the name of {membership.entity}, whose rows join people to what they are in"
            return self._make_member(role, membership, words)
        graded = self._find_grade(role)
        if role_words.is_service(role):
            return Principal(role, "service", None, None, "its name is that of a program")
        if role_words.is_staff(role):
            if graded is None and role_words.may_be_a_customers(role) and (group := self._find_organisation()):
                reason = f"its name is one that people of a {group} may have as well as the operator's, and nothing joins them to one"
                return Unknown(reason, f"auth.roles.{role}.kind: staff")
            return self._grade(
                Principal(role, "staff", graded, None, "its name is that of the operator's staff"), graded
            )
        if graded is not None:
            return self._grade(
                Principal(role, "person", graded, None, f"a field of {graded} has the word {role}"), graded
            )
        user = self._people.user
        if user and role_words.is_user(role):
            return Principal(role, "person", user, None, f"its name is that of whoever uses the system, and {user} is")
        if named is not None:
            reason = f"{named} has the role's name, and nothing that a person or a program signs in with"
            return Unknown(reason, f"auth.roles.{role}.kind: person")
        if user and snake(role) not in self._relations and self._is_only_one_left(role):
            return Principal(
                role, "person", user, None, f"{user} is of people who sign in, and no other role can be theirs"
            )
        person = self._relations.get(snake(role))
        if person is not None:
            reason = f"whoever a field {snake(role)} refers to has the role, for that row and what belongs to it"
            return Principal(role, "person", person, None, reason, relation=snake(role))
        reason = f"no entity and no field has the name {role}, so nothing says whether it is staff, a user or a program"
        return Unknown(reason, f"auth.roles.{role}.kind: staff")

    def _make_member(self, role: str, membership: Membership, reason: str) -> Principal:
        words = list_words(role, membership)
        return Principal(role, "member", membership.person.target, membership, reason, membership.role_field, words)

    def _grade(self, found: Principal, graded: str | None) -> Principal:
        """The same with the field that says who has the role, and the words of those who have it or may more."""
        if graded is None:
            return found
        for name, field in self._inheritance.fields(graded).items():
            if snake(found.role) in {snake(word) for word in field.values}:
                return dataclasses.replace(
                    found, role_field=name, words=_list_at_least(found.role, field.values, is_word=True)
                )
        return found

    @property
    def _relations(self) -> Mapping[str, str]:
        """The people that references lead to, by the names of the references; none where they lead to several."""
        if self._related is None:
            found: dict[str, set[str]] = {}
            for name, entity in self._entities.items():
                for field_name, field in entity.fields.items():
                    if (
                        field.references is not None
                        and self._people.is_person(field.references)
                        and field.references != name
                    ):
                        found.setdefault(snake(field_name), set()).add(field.references)
            self._related = {field_name: next(iter(one)) for field_name, one in found.items() if len(one) == 1}
        return self._related

    def _is_only_one_left(self, role: str) -> bool:
        """Whether the one entity of people has no role of its own, and this is the only role of which nothing says whose it is."""
        if len(self._people.all) != 1:
            return False
        user = self._people.all[0]
        others = [one for one in self._people.roles if one != role]
        return not any(
            snake(one) == snake(user)
            or (
                self._by_name.get(snake(one)) is None
                and not role_words.is_service(one)
                and not role_words.is_staff(one)
            )
            for one in others
        )

    def _find_organisation(self) -> str | None:
        """What most of what is kept belongs to, though no people do: a customer that is no person."""
        if self._organisation is None:
            self._organisation = find_organisation(self._entities, self._people, self._ways) or ""
        return self._organisation or None

    @property
    def organisation(self) -> str | None:
        """What most of what is kept belongs to, though nobody who signs in is joined to it; None where there is no such thing."""
        return self._find_organisation()

    def _take(self, role: str, kind: Kind, named: str | None, membership: Membership | None) -> Principal:
        is_row = named is not None and (
            self._people.is_person(named)
            or kind in ("person", "member")
            or (role in self._said and self._said[role].entity == named)
            # the rows of a Job are not the programs that do them
            or (kind == "service" and (self._has_secret(named) or not role_words.is_service(role)))
        )
        entity = named if is_row else None
        if kind == "member":
            membership = membership or next(iter(self._people.memberships), None)
            if membership is not None:
                return self._make_member(role, membership, "as auth.roles says")
            return Principal(role, kind, entity or self._people.user or None, None, "as auth.roles says")
        if kind == "person":
            related = self._relations.get(snake(role))
            if entity is None and related is not None and self._find_grade(role) is None:
                return Principal(role, kind, related, None, "as auth.roles says", relation=snake(role))
            entity = entity or self._find_grade(role) or self._people.user or None
        elif kind == "staff" and entity is None:
            entity = self._find_grade(role)
        return self._grade(Principal(role, kind, entity, None, "as auth.roles says"), self._find_grade(role))

    def _has_secret(self, entity: str) -> bool:
        return any(field.secret for field in self._inheritance.fields(entity).values())

    def _find_membership(self, role: str) -> Membership | None:
        """The rows that make somebody one: as said, by a word of their role field, or by their own name."""
        wanted, said = snake(role), self._said[role].of if role in self._said else None
        rows = self._people.memberships
        if said is not None:
            return next((one for one in rows if one.entity == said), None)
        by_word = next((one for one in rows if wanted in {snake(word) for word in one.roles}), None)
        return by_word or next((one for one in rows if snake(one.entity) == wanted), None)

    def _find_grade(self, role: str) -> str | None:
        """The people of whom a field says that some have the role: `User.role: enum(customer, editor)`."""
        if self._graded is None:
            self._graded = {}
            for name in self._people.all:
                for field in self._inheritance.fields(name).values():
                    for word in field.values:
                        self._graded.setdefault(snake(word), name)
        return self._graded.get(snake(role))


def list_words(role: str, membership: Membership) -> tuple[str, ...]:
    """The words of a membership's role field with which one has a role: its own, and those of members who may more.

    An admin is a member as well: what any member may, the admin of the group may too. Who is less than what is asked for,
    as a guest, is left out. Empty where any row of membership will do.
    """
    if not membership.is_graded:
        return ()
    is_word = snake(role) in {snake(one) for one in membership.roles}
    return _list_at_least(role, membership.roles, is_word=is_word)


def _list_at_least(role: str, words: tuple[str, ...], *, is_word: bool) -> tuple[str, ...]:
    ranks = role_words.rank_words(words)
    if is_word:
        own = next(one for one in words if snake(one) == snake(role))
        least = ranks.get(own)
        return tuple(one for one in words if one == own or (least is not None and ranks.get(one, -1.0) > least))
    least = next(iter(role_words.rank_words((role,)).values()), None)
    kept = tuple(one for one in words if least is None or ranks.get(one, least) >= least)
    return kept if len(kept) < len(words) else ()


def find_organisation(entities: Mapping[str, Entity], people: People, ways: Ways) -> str | None:
    """What at least half of the other entities belong to by required references, and refers to nothing, and is no person.

    A price list or a country is referred to as well; but to it belong few by a chain, and people are not concerned. Only
    where no way leads from people to it or back is it said: else the people tell who may see what.
    """
    best, most = None, 0
    for name in entities:
        if people.is_person(name) or ways.has_references(name):
            continue
        belonging = [one for one in ways.list_belonging(name) if one != name]
        if any(people.is_person(one) for one in belonging) or len(belonging) < max(2, (len(entities) - 1) / 2):
            continue
        # of several, the one with the longest reach
        if len(belonging) > most:
            best, most = name, len(belonging)
    return best
