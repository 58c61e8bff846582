"""Which entities are people who sign in, which one is the user, and which rows say that a person is a member of something.

Nothing of this is read out of a summary. An entity is of people where it has what people sign in with (an e-mail
address, a name to sign in with, the name that an identity provider knows them by, a telephone number of their own), a
secret beside personal data, or where a role has its name and it holds personal data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from archnb.design.auth import Auth, Role
from archnb.design.entities import AccessPattern, Entity, Field
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys
from archnb.model.references import Reference, References
from archnb.model.role_words import is_staff
from archnb.model.unknown import Unknown
from archnb.naming import snake, split_words

_ADDRESSES = frozenset({"email", "username", "login"})
# what such a field may be; `email_verified` is a bool and `login_at` a time
_TEXTS = frozenset({"text", "char", "code", "email", "other"})
# what another system knows a person by: the subject of a token, a directory's name
_EXTERNAL = frozenset(
    {
        "external_id", "external_identity", "identity_id", "auth_id", "auth_subject", "subject_id", "sub", "oidc_sub",
        "oidc_subject", "provider_subject", "provider_user_id", "sso_id", "ldap_dn", "firebase_uid", "cognito_sub",
        "auth0_id", "clerk_id", "supabase_uid",
    }
)  # fmt: skip
# names that people choose, and telephone numbers, tell one person from another only where they are unique
_CHOSEN = frozenset({"handle", "nickname", "nick", "screen_name", "user_name"})
# words in the names of rows that make somebody a member, where no field says as what
_MEMBERS = frozenset(
    {
        "member", "membership", "participant", "participation", "collaborator", "enrolment", "enrollment", "seat",
        "attendee", "crew", "roster",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Membership:
    """An entity whose rows say that a person is a member of a group: the two references, and the field with the role."""

    entity: str
    person: Reference
    group: Reference
    role_field: str | None
    roles: tuple[str, ...]

    @property
    def is_graded(self) -> bool:
        """Whether a field has the roles of the members."""
        return self.role_field is not None


class People:
    """The people of a design, from the fields of its entities and the names of its roles."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        access: Mapping[str, AccessPattern],
        auth: Auth,
        inheritance: Inheritance,
        keys: Keys,
        references: References,
    ) -> None:
        self._entities, self._inheritance, self._keys, self._references = entities, inheritance, keys, references
        self.roles = list_roles(access, auth.roles, (role for one in auth.clients.values() for role in one.roles))
        named = {snake(role) for role in self.roles}
        self._named = {name for name in entities if snake(name) in named}
        self._personal: dict[str, tuple[str, ...]] = {}
        self.all: tuple[str, ...] = tuple(name for name in entities if self._is_of_people(name))
        self._known = frozenset(self.all)
        self._owner = auth.owner
        # what the design says makes somebody a member
        self._joining = frozenset(role.of for role in auth.roles.values() if role.of)
        self._memberships: tuple[Membership, ...] | None = None

    def list_personal(self, entity: str) -> tuple[str, ...]:
        """The fields of an entity that are personal data."""
        if entity not in self._personal:
            fields = self._inheritance.fields(entity)
            self._personal[entity] = tuple(name for name, field in fields.items() if field.personal)
        return self._personal[entity]

    def holds_private(self, entity: str) -> bool:
        """Whether an entity holds personal data or secrets."""
        return any(field.personal or field.secret for field in self._inheritance.fields(entity).values())

    def list_sign_in(self, entity: str) -> tuple[str, ...]:
        """The fields of an entity by which somebody signs in."""
        fields = self._inheritance.fields(entity)
        return tuple(name for name, field in fields.items() if _is_sign_in(name, field))

    def is_person(self, entity: str) -> bool:
        """Whether an entity is of people who sign in."""
        return entity in self._known

    def _is_of_people(self, entity: str) -> bool:
        signing = self.list_sign_in(entity)
        if signing:
            # an invitation has an address as well: a person is told from others by it, referred to, or has a role
            told = {name for fields in self._keys.list_uniques(entity) for name in fields}
            return bool(told & {*signing}) or entity in self._named or self.count_referring(entity) > 0
        personal = self.list_personal(entity)
        has_secret = any(field.secret for field in self._inheritance.fields(entity).values())
        return bool(personal) and (has_secret or entity in self._named)

    @property
    def ranked(self) -> tuple[str, ...]:
        """The people, the likeliest user first: a role has its name, it is no staff, most fields refer to it, first declared."""
        order = {name: n for n, name in enumerate(self._entities)}
        return tuple(
            sorted(
                self.all,
                key=lambda one: (
                    one not in self._named,
                    is_staff(one),
                    -self.count_referring(one),
                    order[one],
                ),
            )
        )

    @property
    def user(self) -> str | Unknown:
        """The entity that is the user: as `auth.owner` says, else the likeliest of the people."""
        if self._owner is not None and self._owner in self._entities:
            return self._owner
        ranked = self.ranked
        if not ranked:
            return Unknown(
                "no entity has what people sign in with", f"auth.owner: {next(iter(self._entities), 'Customer')}"
            )
        return ranked[0]

    def count_referring(self, entity: str) -> int:
        """How many fields of other entities refer to an entity."""
        return sum(1 for one in self._references.list_to(entity) if not one.is_self and not one.is_inherited)

    def is_named_by_role(self, entity: str) -> bool:
        """Whether a role has the entity's name."""
        return entity in self._named

    @property
    def memberships(self) -> tuple[Membership, ...]:
        """The entities whose rows make people members of groups, in the order of the design.

        Such a row is known by a person and a group: its key, or something unique, is made of the two references.
        """
        if self._memberships is None:
            found = (self._read_membership(name) for name in self._entities)
            self._memberships = tuple(one for one in found if one is not None)
        return self._memberships

    def _read_membership(self, entity: str) -> Membership | None:
        if self.is_person(entity):
            return None
        references = {one.field: one for one in self._references.list_from(entity) if one.is_required}
        persons = [one for one in references.values() if self.is_person(one.target)]
        if len(persons) != 1:
            return None
        for fields in self._keys.list_uniques(entity):
            if len(fields) != 2 or persons[0].field not in fields:
                continue
            other = references.get(fields[0] if fields[1] == persons[0].field else fields[1])
            if other is not None and not self.is_person(other.target):
                # a like, a vote or a reaction joins a person and a thing as well, and makes nobody a member
                roles = self._find_roles(entity)
                if roles is not None or self._joins_by_name(entity, persons[0].target, other.target):
                    return Membership(entity, persons[0], other, *(roles or (None, ())))
        return None

    def _joins_by_name(self, entity: str, person: str, group: str) -> bool:
        """Whether the design says it, the word does, or the name is made of the two: `TeamUser`."""
        own, ends = split_words(entity), (split_words(person), split_words(group))
        is_pair = own in ((*ends[0], *ends[1]), (*ends[1], *ends[0]))
        return entity in self._joining or bool({*own} & _MEMBERS) or is_pair

    def _find_roles(self, entity: str) -> tuple[str, tuple[str, ...]] | None:
        """The field of an entity whose words are roles of the design."""
        named = {snake(role) for role in self.roles}
        for name, field in self._inheritance.fields(entity).items():
            if field.values and named & {snake(one) for one in field.values}:
                return name, field.values
        return None


def list_roles(
    access: Mapping[str, AccessPattern], said: Mapping[str, Role], more: Iterable[str] = ()
) -> tuple[str, ...]:
    """The roles that were said, then those that access patterns and clients name; `public` is nobody in particular."""
    used = [role for one in access.values() for role in one.roles]
    return tuple(role for role in dict.fromkeys([*said, *used, *more]) if role and role != "public")


def _is_sign_in(name: str, field: Field) -> bool:
    if field.type == "email" or (field.type in _TEXTS and {*split_words(name)} & _ADDRESSES):
        return True
    plain = snake(name)
    if plain in _EXTERNAL or plain.removesuffix("_id") in ("auth", "sso"):
        return field.references is None
    if plain in _CHOSEN:
        return bool(field.unique)
    return field.type == "phone" and bool(field.unique) and bool(field.personal)
