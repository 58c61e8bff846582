"""On which rows of an entity a caller may act: the ways from a row to whoever asks, and which of them an operation means.

A row is the caller's own where it refers to them; it is in their tenant, or in a group of theirs, where a row of membership,
their own row or their token says that they are in what the row belongs to. What cannot be concluded is an `Unknown` with the
line that would say it: nobody is let in because nothing keeps them out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from archnb.design.auth import read_grant
from archnb.design.entities import AccessPattern, Entity
from archnb.model import role_words
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys
from archnb.model.people import Membership, People
from archnb.model.references import Reference, References
from archnb.model.roles import Principal, Roles
from archnb.model.tenants import Tenants
from archnb.model.unknown import Unknown
from archnb.model.ways import Way, Ways
from archnb.naming import snake

Act = Literal["read", "create", "update", "delete"]
# alternatives, each with the ways that must all hold
Alternatives = tuple[tuple[Way, ...], ...]


@dataclass(frozen=True)
class Conclusion:
    """What an operation's grant to a role is, in the words of the design, and why."""

    text: str
    reason: str


@dataclass(frozen=True)
class Question:
    """What is asked: may this caller do this to rows of this entity, found by these fields."""

    principal: Principal
    operation: str
    entity: str
    act: Act
    by: tuple[str, ...] = ()
    # the fields that the pattern says are the caller's, and those that must be empty
    callers: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def list_said(pattern: AccessPattern | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields that a pattern compares with the caller or sets to them, and those that it wants empty."""
    if pattern is None:
        return (), ()
    callers = [one.field or "" for one in pattern.sets if one.value == "caller"]
    callers += [one.field or "" for one in pattern.where if one.comparison == "=" and one.values == ("caller",)]
    return tuple(dict.fromkeys(callers)), tuple(
        one.field or "" for one in pattern.where if one.comparison == "is missing"
    )


def read_act(pattern: AccessPattern | None, action: str | None, method: str | None) -> Act:
    """What an operation does to its rows: as its access pattern says, else as its contract does."""
    if pattern is not None:
        return "read" if pattern.reads is not None else pattern.effect or ("update" if pattern.by else "create")
    if method == "GET":
        return "read"
    if action in ("create", "delete"):
        return action  # type: ignore[return-value]
    return "update"


class Reaches:
    """The ways from rows to callers, and what may be concluded of them."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        access: Mapping[str, AccessPattern],
        inheritance: Inheritance,
        keys: Keys,
        references: References,
        ways: Ways,
        people: People,
        roles: Roles,
        tenants: Tenants,
    ) -> None:
        self._entities, self._inheritance, self._keys = entities, inheritance, keys
        self._references, self._ways, self._people = references, ways, people
        self._roles, self._tenants = roles, tenants
        self._private: dict[str, str] = {}
        self._others: frozenset[str] | None = None
        # what everybody may read without signing in
        self._open = {one.reads for one in access.values() if one.reads is not None and "public" in one.roles}

    # -- ways

    def list_direct(self, principal: Principal, entity: str) -> tuple[Reference, ...]:
        """The references of a row to the caller's own."""
        if principal.entity is None or principal.entity == entity:
            return ()
        found = self._references.list_between(entity, principal.entity)
        if principal.relation is not None:
            return tuple(one for one in found if snake(one.field) == principal.relation)
        # what has the name of another role is theirs
        others = self._related_roles - {snake(principal.role)}
        return tuple(one for one in found if snake(one.field) not in others)

    @property
    def _related_roles(self) -> frozenset[str]:
        """The roles that somebody has by a reference of that name."""
        if self._others is None:
            known = (self._roles.assume(role) for role in self._roles.names)
            self._others = frozenset(one.relation for one in known if one.relation is not None)
        return self._others

    def find_fence(self, principal: Principal, entity: str) -> Way | None:
        """The way from a row to what keeps it apart, and on to the caller: their membership, their own row, their token.

        None where a row belongs to nothing that the caller can be in, or only by way of a person.
        """
        if principal.kind == "member" and principal.membership is not None:
            return self._fence_by(principal.membership, entity)
        if principal.entity is None and principal.kind != "person":
            return None
        for one in self._people.memberships:
            # where a field says as what somebody is a member, and roles have these words, it is they who are let in
            if one.person.target == principal.entity and not one.is_graded:
                found = self._fence_by(one, entity)
                if found is not None:
                    return found
        tenant = self._tenants.tenant
        if not tenant:
            return None
        inside = self._find_inside(entity, tenant)
        if inside is None:
            return None
        home = self._find_home(principal)
        if home is not None:
            return dataclasses.replace(inside, home=home)
        if any(one.group.target == tenant for one in self._people.memberships) or principal.entity is not None:
            return None
        return dataclasses.replace(inside, is_claim=True)

    def _fence_by(self, membership: Membership, entity: str) -> Way | None:
        inside = self._find_inside(entity, membership.group.target)
        return None if inside is None else dataclasses.replace(inside, back=(membership.group, membership.person))

    def _find_inside(self, entity: str, group: str) -> Way | None:
        found = self._ways.find_required(entity, group)
        # what leads through a person is theirs, and in a group only as long as they are
        if found is None or any(self._people.is_person(one.target) for one in found.steps[:-1]):
            return None
        if self._people.is_person(entity) and found.steps and entity != group:
            return found
        return found

    def find_own(self, principal: Principal, entity: str) -> Way | None:
        """The shortest way by which a row refers to the caller, whatever is done with it; None where none does."""
        if principal.entity is None:
            return None
        if principal.relation is not None:
            return self._find_related(principal, entity)
        return self._ways.find(entity, principal.entity)

    def _find_related(self, principal: Principal, entity: str) -> Way | None:
        """The shortest way that ends in a reference of the role's name."""
        ends = [
            one
            for one in self._references.list_to(principal.entity or "")
            if snake(one.field) == principal.relation and not one.is_inherited
        ]
        found = [
            Way((*way.steps, one)) for one in ends if (way := self._ways.find_required(entity, one.entity)) is not None
        ]
        return min(found, key=lambda one: len(one.steps), default=None)

    def find_way(self, principal: Principal, entity: str) -> Way | None:
        """The way by which a row is the caller's: in what they are a member of, or else their own."""
        if principal.kind == "member":
            return self.find_fence(principal, entity) or self.find_own(principal, entity)
        return self.find_own(principal, entity) or self.find_fence(principal, entity)

    # -- what a grant's words come to

    def resolve(self, asked: Question, text: str) -> Alternatives | Unknown:
        """The ways that a grant's words name: its alternatives, each with what must all hold; none for `any` and `none`."""
        found: list[tuple[Way, ...]] = []
        for parts in read_grant(text):
            ways: list[tuple[Way, ...]] = [()]
            for part in parts:
                if part in ("any", "none"):
                    return ()
                named = self._resolve_part(asked, part)
                if isinstance(named, Unknown):
                    return named
                ways = [(*before, one) for before in ways for one in named]
            found += ways
        return tuple(dict.fromkeys(found))

    def _resolve_part(self, asked: Question, part: str) -> tuple[Way, ...] | Unknown:
        if part == "own":
            return self._list_own(asked)
        if part in ("tenant", "member"):
            way = self.find_fence(asked.principal, asked.entity)
            if way is not None:
                return (way,)
            return Unknown(
                f"no reference leads from {asked.entity} to what {asked.principal.role} is in", self._line(asked, "any")
            )
        path = part.removesuffix(" is missing")
        steps: list[Reference] = []
        at = asked.entity
        for name in path.split("."):
            step = self._references.find(at, name)
            if step is None:
                return Unknown(f"{at}.{name} refers to nothing", self._line(asked, "none"))
            steps.append(step)
            at = step.target
        if part.endswith(" is missing"):
            return (Way(tuple(steps), is_missing=True),)
        way = self._end_at(asked.principal, Way(tuple(steps)), at)
        if way is not None:
            return (way,)
        who = asked.principal.entity or f"whoever has the role {asked.principal.role}"
        return Unknown(
            f"{path} leads to {at}, which is neither {who} nor what they are in",
            f"auth.roles.{asked.principal.role}.entity: {at}",
        )

    def _end_at(self, principal: Principal, way: Way, target: str) -> Way | None:
        if target == principal.entity:
            return way
        if principal.membership is not None and principal.membership.group.target == target:
            return dataclasses.replace(way, back=(principal.membership.group, principal.membership.person))
        for one in self._people.memberships:
            if one.person.target == principal.entity and one.group.target == target:
                return dataclasses.replace(way, back=(one.group, one.person))
        if principal.entity is not None:
            home = next(
                (one for one in self._references.list_between(principal.entity, target) if one.is_required), None
            )
            if home is not None:
                return dataclasses.replace(way, home=home)
        if self._tenants.tenant == target:
            return dataclasses.replace(way, is_claim=True)
        return None

    def _line(self, asked: Question, text: str) -> str:
        return f"auth.roles.{asked.principal.role}.allows.{asked.operation}: {text}"

    def _list_own(self, asked: Question) -> tuple[Way, ...] | Unknown:
        """Which references make a row the caller's own for what is done with it."""
        principal, entity, act = asked.principal, asked.entity, asked.act
        if principal.entity is None:
            return Unknown(
                f"no entity has rows that stand for {principal.role}",
                f"auth.roles.{principal.role}.entity: {next(iter(self._entities), 'Customer')}",
            )
        if principal.entity == entity:
            return (Way(()),)
        direct = self.list_direct(principal, entity)
        said = tuple(one for one in direct if one.field in asked.callers)
        if said:
            return tuple(Way((one,)) for one in said)
        given = tuple(one for one in direct if one.field in asked.by)
        if given:
            return tuple(Way((one,)) for one in given)
        required = tuple(one for one in direct if one.is_required)
        if len(direct) == 1 or (direct and act == "read"):
            return tuple(Way((one,)) for one in direct)
        if len(required) == 1:
            return (Way(required),)
        if direct:
            names = " and ".join(one.field for one in direct)
            return Unknown(
                f"{names} both refer to {principal.entity}, and nothing says which of them may",
                self._line(asked, direct[0].field),
            )
        way = self.find_own(principal, entity)
        if way is None or snake(way.steps[-1].field) in self._related_roles - {principal.relation or ""}:
            return Unknown(f"no reference leads from {entity} to {principal.entity}", self._line(asked, "any"))
        if act != "read":
            nearer = self._find_nearer(principal, entity, len(way.steps))
            if nearer is not None:
                return Unknown(
                    f"{nearer} says that a {entity} is somebody else's, and {way} that it is about {principal.role}",
                    self._line(
                        asked,
                        str(way.steps[0].field) if len(way.steps) == 1 else ".".join(one.field for one in way.steps),
                    ),
                )
        return (way,)

    def _find_nearer(self, principal: Principal, entity: str, distance: int) -> Reference | None:
        """A reference to other people than the caller that is nearer to the row than they are."""
        if distance <= 1:
            return None
        others = (one for one in self._references.list_from(entity) if one.is_required)
        return next(
            (one for one in others if one.target != principal.entity and self._people.is_person(one.target)), None
        )

    # -- what an operation's grant is

    def conclude(self, asked: Question) -> Conclusion | Unknown:
        """The grant of an operation to a role of which the design says none."""
        principal, entity = asked.principal, asked.entity
        found = self._roles.find(principal.role)
        if principal.kind == "staff":
            if self._find_home(principal) is None:
                return Conclusion("any", "staff of the operator, who work on everybody's rows")
            # who works for one tenant is no staff of the operator
            return self._conclude_create(asked) if asked.act == "create" else self._conclude_found(asked)
        if principal.kind == "service" and principal.entity is None:
            if role_words.is_foreign(principal.role):
                return Unknown(
                    f"others run {principal.role}, and no entity has rows that stand for it",
                    f"auth.roles.{principal.role}.entity: {next(iter(self._entities), 'Partner')}",
                )
            return Conclusion("any", "a program of the system's own, which works on everybody's rows")
        if isinstance(found, Unknown) and not self._is_known_enough(principal, entity):
            group = self._roles.organisation
            if group is None or self._tenants.tenant:
                user = self._people.user
                narrow = f"auth.roles.{principal.role}.entity: {user}" if user else found.line
                return Unknown(found.reason, narrow)
            reason = (
                f"{found.reason}; what is kept belongs to one {group} each, and nothing joins {principal.role} to any"
            )
            return Unknown(reason, f"auth.tenant: {group}")
        return self._conclude_create(asked) if asked.act == "create" else self._conclude_found(asked)

    def _is_known_enough(self, principal: Principal, entity: str) -> bool:
        """Whether rows have the role's name though nobody signs in as one, or the token tells in which tenant somebody is."""
        if self._roles.has_rows(principal.role):
            return True
        way = self.find_fence(principal, entity)
        return way is not None and way.is_claim and principal.entity is None

    def _find_home(self, principal: Principal) -> Reference | None:
        """The reference by which the people of a role say in which tenant they are, or None."""
        tenant = self._tenants.tenant
        if not tenant or principal.entity is None or principal.kind == "service":
            return None
        return next((one for one in self._references.list_between(principal.entity, tenant) if one.is_required), None)

    def _administers(self, principal: Principal) -> bool:
        """Whether a role administers what its people are in, and so changes what is others'."""
        is_graded = principal.membership is not None and principal.membership.is_graded
        if is_graded:
            return role_words.may_keep_others(principal.role)
        return role_words.is_admin(principal.role) and self._find_home(principal) is not None

    def _conclude_create(self, asked: Question) -> Conclusion | Unknown:
        principal, entity = asked.principal, asked.entity
        direct, fence = self.list_direct(principal, entity), self.find_fence(principal, entity)
        groups = {one.group.target for one in self._people.memberships}
        if entity == principal.entity and principal.kind == "member":
            return Unknown(
                f"whoever has the role {principal.role} is a {entity} already, and a new one is somebody else",
                self._line(asked, "any"),
            )
        if entity == principal.entity and self._administers(principal):
            return Conclusion("tenant", f"an admin of the {self._tenants.tenant} adds people to it")
        if entity == principal.entity:
            return Conclusion(
                "any", f"it makes the {entity} that the caller will be; there is no row yet to compare with"
            )
        own = self._list_own(asked)
        joins = next(
            (one for one in self._people.memberships if one.entity == entity and one.person.target == principal.entity),
            None,
        )
        if joins is not None and (principal.membership is None or principal.membership.entity == entity):
            if principal.kind != "member" or not joins.is_graded:
                return Conclusion(
                    "own",
                    f"whoever joins becomes a member themselves: {joins.person} is the caller; no membership can be there before",
                )
            if self._administers(principal):
                return Conclusion("tenant", f"an admin of the {joins.group.target} adds to it")
            return Unknown(
                f"{principal.role} makes rows of {entity}: whether of others, or of themselves in any {joins.group.target}, nothing says",
                self._line(asked, "none"),
            )
        if entity in groups and not (fence is not None and fence.steps):
            if own and direct:
                return Conclusion(
                    "own", f"whoever makes a {entity} is its {direct[0].field}; nobody can be a member of it yet"
                )
            return Conclusion("any", f"whoever makes a {entity} is the first in it; nobody can be a member of it yet")
        if fence is not None:
            word = self._fence_word(fence)
            part = self._find_part(asked)
            if part is not None and not self._administers(principal):
                return Conclusion(f"own and {word}", f"a new {entity} is part of what is the caller's: {part}")
            made_by = [one for one in direct if one.is_required]
            if principal.membership is not None and principal.membership.is_graded:
                made_by = [one for one in made_by if role_words.is_author(one.field, one.target)]
            is_author = len(made_by) == 1 and not self._administers(principal)
            if is_author and own:
                return Conclusion(
                    f"own and {word}",
                    f"a new row is its maker's, {' or '.join(str(one[-1]) for one in [way.steps for way in own] if one)}, and in what the maker is in: {fence}",
                )
            return Conclusion(word, f"a new row is in what the caller is in: {fence}")
        if own:
            return Conclusion(
                "own", f"a new row is the caller's: {' or '.join(str(way) for way in own)} is set from the token"
            )
        assert isinstance(own, Unknown)
        return self._explain_refusal(asked, own)

    def _conclude_found(self, asked: Question) -> Conclusion | Unknown:
        """The grant for rows that are there: read, changed or deleted."""
        principal, entity, act = asked.principal, asked.entity, asked.act
        if entity == principal.entity:
            if self._find_home(principal) is not None and (
                self._administers(principal) or (act == "read" and asked.by)
            ):
                fence = self.find_fence(principal, entity)
                return Conclusion("tenant", f"colleagues are in the same {self._tenants.tenant}: {fence}")
            return Conclusion("own", "it is the caller's own row")
        direct, fence = self.list_direct(principal, entity), self.find_fence(principal, entity)
        required = [one for one in direct if one.is_required]
        if principal.kind == "member" and principal.membership is not None and principal.membership.is_graded:
            # of those who work in a group, only a name tells whether a row is from them or about them
            required = [one for one in required if role_words.is_author(one.field, one.target)]
        given = [one for one in direct if one.field in asked.by or one.field in asked.callers]
        own = self._list_own(asked)
        claims = role_words.is_claim(asked.operation) or (
            bool(direct) and direct[0].field in asked.callers and direct[0].field in asked.missing
        )
        if claims and act == "update" and len(direct) == 1 and not direct[0].is_required:
            return Conclusion(
                f"{direct[0].field} is missing",
                f"it takes a row that is nobody's yet: {direct[0]} is empty before, and the caller's after",
            )
        if fence is None:
            if own:
                return Conclusion("own", " or ".join(str(way) for way in own) + " says whose a row is")
            assert isinstance(own, Unknown)
            return self._conclude_shared(asked, own)
        word = self._fence_word(fence)
        joins = next((one for one in self._people.memberships if one.entity == entity), None)
        is_graded = principal.kind == "member" and principal.membership is not None and principal.membership.is_graded
        if joins is not None and joins.person.target == principal.entity:
            if act == "read":
                if [one.field for one in given] == list(asked.by):
                    return Conclusion("own", f"{joins.person} says whose membership a row is")
                return Conclusion(word, f"whoever is in a {joins.group.target} sees who else is: {fence}")
            if is_graded and self._administers(principal):
                return Conclusion(word, f"an admin changes the memberships of their own {joins.group.target}: {fence}")
            return Conclusion("own", f"{joins.person} says whose membership a row is")
        if act == "read":
            outside = [one for one in asked.by if one not in {each.field for each in direct}]
            if given and not outside:
                return Conclusion("own", " or ".join(str(way) for way in own or ()) + " is asked for")
            return Conclusion(word, f"whoever is in it sees it, whoever it is from: {fence}")
        if required and own and not self._administers(principal):
            if is_graded or fence.home is not None:
                return Conclusion(f"own and {word}", f"{required[0]} says whose a row is, and {fence} in what it is")
            return Conclusion(
                "own",
                f"{required[0]} says whose a row is; to be in the same {self._group_of(fence)} is not enough to change it",
            )
        part = self._find_part(asked)
        if part is not None and not self._administers(principal):
            text = f"own and {word}" if is_graded or fence.home is not None else "own"
            return Conclusion(text, f"a {entity} is part of what is somebody's: {part}")
        return Conclusion(word, f"{fence} says in what a row is")

    def _find_part(self, asked: Question) -> Way | None:
        """The way by which a row is part of another that is the caller's own: an attachment of their message."""
        whole = self._references.find_whole(asked.entity)
        if whole is None or self.list_direct(asked.principal, asked.entity):
            return None
        fence = self.find_fence(asked.principal, asked.entity)
        if fence is not None and whole.target == self._group_of(fence):
            # who keeps the group does not keep all that is in it
            return None
        if not any(one.is_required for one in self.list_direct(asked.principal, whole.target)):
            return None
        own = self._list_own(asked)
        return own[0] if own and len(own) == 1 and len(own[0].steps) > 1 else None

    def _fence_word(self, fence: Way) -> str:
        return "tenant" if self._group_of(fence) == self._tenants.tenant else "member"

    def _group_of(self, fence: Way) -> str:
        if fence.back is not None:
            return fence.back[0].target
        if fence.home is not None:
            return fence.home.target
        return self._tenants.tenant or ""

    def _conclude_shared(self, asked: Question, own: Unknown) -> Conclusion | Unknown:
        """A row that no way joins to the caller: the same for all where it is nobody's, refused where it is somebody's."""
        if asked.act != "read":
            return self._explain_refusal(asked, own)
        if asked.entity in self._open:
            return Conclusion("any", f"everybody may read {asked.entity} without signing in")
        whose = self.find_whose(asked.entity)
        if whose:
            return Unknown(f"{whose}, and {own.reason}", self._line(asked, "any"))
        return Conclusion(
            "any", f"{asked.entity} belongs to nobody: it refers to no people and holds nothing about them"
        )

    def _explain_refusal(self, asked: Question, own: Unknown) -> Unknown:
        whose = self.find_whose(asked.entity)
        return Unknown(f"{whose}, and {own.reason}" if whose else own.reason, own.line)

    def find_whose(self, entity: str) -> str:
        """By what rows of an entity are somebody's: what they hold about people, or to whom they belong; '' where they are not."""
        if entity not in self._private:
            self._private[entity] = self._find_whose(entity)
        return self._private[entity]

    def _find_whose(self, entity: str) -> str:
        personal = self._people.list_personal(entity)
        if personal:
            return f"{entity} holds personal data ({', '.join(personal)})"
        if any(field.secret for field in self._inheritance.fields(entity).values()):
            return f"{entity} holds a secret"
        for person in (*self._people.all, *self._roles.entities):
            way = self._ways.find(entity, person)
            if way is not None:
                return f"a {entity} is a {person}'s ({way})" if way.steps else f"a {entity} is somebody who acts here"
        group = self._tenants.tenant or self._roles.organisation
        way = self._ways.find_required(entity, group) if group else None
        if group and way is not None:
            return f"a {entity} belongs to one {group}" + (f" ({way})" if way.steps else "")
        for one in self._people.memberships:
            if self._ways.find_required(entity, one.group.target) is not None:
                return f"a {entity} is in one {one.group.target}"
        return ""
