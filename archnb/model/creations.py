"""What a new row holds, and from where: nobody chooses a key, an owner, a tenant, a state, a price or a total."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from archnb.design.entities import AccessPattern, Entity, Field
from archnb.model import write_words as words_of
from archnb.model.callers import Callers
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys
from archnb.model.people import People
from archnb.model.references import References
from archnb.model.roles import Principal, Roles
from archnb.model.settings import NUMBERS, Setting
from archnb.model.states import States
from archnb.model.tenants import Tenants
from archnb.model.ways import Ways
from archnb.naming import snake, split_words, with_article, words


class Creations:
    """The settings of all new rows."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        access: Mapping[str, AccessPattern],
        inheritance: Inheritance,
        keys: Keys,
        references: References,
        people: People,
        roles: Roles,
        tenants: Tenants,
        ways: Ways,
        states: States,
        callers: Callers,
    ) -> None:
        self._access, self._inheritance, self._keys, self._references = access, inheritance, keys, references
        self._people, self._roles, self._tenants, self._ways = people, roles, tenants, ways
        self._states, self._callers = states, callers
        wholes = (references.find_whole(one) for one in entities)
        self._wholes = frozenset(one.target for one in wholes if one is not None)
        self._principals = find_principals(roles)

    def propose(self, name: str, pattern: AccessPattern) -> Iterator[Setting]:
        entity = pattern.writes or ""
        by_provider = any(step.via and step.entity == entity for step in pattern.steps)
        for field, about in self._inheritance.fields(entity).items():
            yield self._propose_field(name, pattern, entity, field, about, by_provider=by_provider)

    def list_step_settings(self, name: str, entity: str) -> tuple[Setting, ...]:
        """What a step of a write sets in a row that it makes: as the write would, but that nobody sends it by itself."""
        pattern = replace(self._access[name], writes=entity, action="create", sets=())
        found = self.propose(name, pattern)
        return tuple(
            replace(one, source="server", value="computed", is_required=False) if one.source == "caller" else one
            for one in found
        )

    def _propose_field(
        self, name: str, pattern: AccessPattern, entity: str, field: str, about: Field, *, by_provider: bool
    ) -> Setting:
        """Where the value of one field of a new row comes from."""
        plain, is_needed = snake(field), not about.optional and about.default is None
        if self._keys.is_made_by_server(entity, field) or about.type == "key":
            return Setting(field, "server", "generated", reason="nobody chooses a key")
        if about.references is not None:
            return self._propose_reference(name, pattern, entity, field, about)
        is_trusted = self._callers.is_trusted(pattern)
        if about.secret:
            return Setting(
                field, "server", "generated", reason="a secret is made or hashed by the server, never taken as it is"
            )
        if plain in words_of.VERSIONS and about.type in NUMBERS:
            return Setting(field, "server", "default", reason="a new row is its first version")
        if about.values:
            return self._propose_word(entity, field, about, is_trusted=is_trusted, is_needed=is_needed)
        if about.type in ("timestamp", "date", "time"):
            copied = self._find_original(entity, field, about)
            if copied is not None:
                return Setting(
                    field, "row", copied, reason=f"it is the {words(field)} of the {words(copied.partition('.')[0])}"
                )
            return self._propose_time(field, about, is_needed=is_needed)
        if about.type == "bool" and words_of.is_decided(field) and not is_trusted:
            return Setting(
                field,
                "server",
                "default" if about.default else "false",
                reason="others decide it, not who makes the row",
            )
        if about.type in ("text", "char", "code", "other", "uuid"):
            if words_of.is_idempotency_key(field):
                return Setting(field, "caller", "", is_needed, "it tells a request from its repeat")
            if words_of.is_providers(field) and (by_provider or not is_trusted):
                return Setting(field, "server", "computed", reason="the third party answers with it")
            if (about.type == "code" and about.unique) or (
                about.unique and words_of.is_paper_number(field) and not is_trusted
            ):
                return Setting(
                    field, "server", "generated", reason="the server counts such numbers, so that none is taken twice"
                )
        if about.type in NUMBERS:
            return self._propose_number(pattern, entity, field, about, is_trusted=is_trusted, is_needed=is_needed)
        return Setting(field, "caller", "", is_needed, "who makes the row says what is in it")

    def _propose_word(self, entity: str, field: str, about: Field, *, is_trusted: bool, is_needed: bool) -> Setting:
        first = about.default or about.values[0]
        if field == self._states.find_field(entity):
            value = "default" if about.default else first
            return Setting(
                field, "server" if about.default else "constant", value, reason=f"every row begins as {first}"
            )
        roles = {snake(one) for one in self._people.roles}
        is_role = self._people.is_person(entity) and bool(roles & {snake(one) for one in about.values})
        if is_role and not is_trusted:
            return Setting(
                field,
                "server" if about.default else "constant",
                "default" if about.default else first,
                reason="nobody gives themself a role",
            )
        return Setting(field, "caller", "", is_needed, "who makes the row chooses the word")

    def _find_original(self, entity: str, field: str, about: Field) -> str | None:
        """The path to the time that a row copies from what it is about: of an entry in a list, that of what is listed."""
        if about.optional or not words_of.is_moment_of_making(field):
            return None
        for one in self._references.list_from(entity):
            there = self._inheritance.fields(one.target).get(field)
            if one.is_key and not self._people.is_person(one.target) and there is not None and there.type == about.type:
                return f"{one.field}.{field}"
        return None

    def _propose_time(self, field: str, about: Field, *, is_needed: bool) -> Setting:
        if about.default is not None and "now" in about.default.casefold():
            return Setting(field, "server", "now", reason="the server knows when the row is written")
        if (
            about.optional
            and about.type != "time"
            and (words_of.is_moment_of_event(field) or snake(field) in words_of.SOFT_DELETED)
        ):
            return Setting(field, "server", "missing", reason="it has not happened yet")
        if about.type == "timestamp" and (words_of.is_moment_of_making(field) or words_of.is_moment_of_change(field)):
            return Setting(field, "server", "now", reason="the server knows when the row is written")
        return Setting(field, "caller", "", is_needed, "only who makes the row knows the time that is meant")

    def _propose_number(
        self, pattern: AccessPattern, entity: str, field: str, about: Field, *, is_trusted: bool, is_needed: bool
    ) -> Setting:
        price = self.find_price(entity, field)
        if price is not None:
            return Setting(field, "row", price, reason=f"the price stands in {price}, and is kept as it was")
        has_parts = entity in self._wholes
        if words_of.is_sum(field) and (has_parts or not is_trusted):
            return Setting(
                field,
                "server",
                "computed" if is_needed else "missing",
                reason="it follows from other rows, so nobody chooses it",
            )
        if about.type == "money" and words_of.PRICES.search(snake(field)) and not is_trusted:
            return Setting(
                field,
                "server",
                "computed" if is_needed else "missing",
                reason="who pays a price does not say how high it is",
            )
        if words_of.is_rating(field) and self._people.is_person(entity) and not is_trusted:
            return Setting(field, "server", "default" if about.default else "missing", reason="others rate a person")
        is_counter = words_of.COUNTERS.search(snake(field)) is not None and about.minimum == 0
        if is_counter and not is_trusted and (entity in self._states.moved or about.default):
            return Setting(field, "server", "default" if about.default else "0", reason="only what happens moves it")
        return Setting(field, "caller", "", is_needed, "who makes the row says how much")

    def find_price(self, entity: str, field: str) -> str | None:
        """The path to the price that an amount of a row is a copy of: `product.price` of a line's `unit_price`."""
        about = self._inheritance.fields(entity).get(field)
        is_whole = bool({*split_words(field)} & {"total", "sum", "balance", "final", "quoted"})
        if about is None or about.type not in ("money", "decimal") or is_whole:
            return None
        if not words_of.PRICES.search(snake(field)):
            return None
        whole = self._references.find_whole(entity)
        for one in self._references.list_from(entity):
            if (
                not one.is_required
                or one.is_self
                or self._people.is_person(one.target)
                or (whole is not None and one.field == whole.field)
            ):
                continue
            for name, there in self._inheritance.fields(one.target).items():
                if there.type == about.type and words_of.PRICES.search(snake(name)):
                    return f"{one.field}.{name}"
        return None

    def _propose_reference(self, name: str, pattern: AccessPattern, entity: str, field: str, about: Field) -> Setting:
        target, is_needed = about.references or "", not about.optional and about.default is None
        principals = self._callers.list_principals(pattern)
        is_membership = next((one for one in self._people.memberships if one.entity == entity), None)
        joins = snake(name).split("_")[0] in words_of.JOINING
        # a membership that gives a role is made by those who may give it
        is_given = is_membership is not None and is_membership.role_field is not None and not joins
        own = [
            one for one in principals
            if one.entity == target and one.kind != "staff" and (found := self._callers.find_author(entity, target)) is not None and found.field == field
        ]  # fmt: skip
        others = tuple(one for one in pattern.roles if one not in {each.role for each in own})
        helpers = {one.role for one in principals if one.kind in ("staff", "service") or self._roles.is_admin(one.role)}
        if own and {*others} <= helpers and not is_given:
            told = f"{with_article(words(entity))} is made for whoever asks, and the token says who that is"
            told += f"; {', '.join(others)} say for whom" if others else ""
            return Setting(field, "token", "caller", reason=told, given_by=others)
        if (
            self._tenants.tenant
            and target == self._tenants.tenant
            and any(one.membership is not None or one.kind in ("person", "member") for one in principals)
        ):
            return Setting(field, "token", "tenant", reason="a row is made in the tenant that its maker signed in to")
        if about.optional and self._is_anothers(principals, target):
            return Setting(
                field, "server", "missing", reason=f"whose {target} it becomes is known only when they take it"
            )
        if about.optional and words_of.list_past(snake(field).removesuffix("_by")) and snake(field).endswith("_by"):
            return Setting(field, "server", "missing", reason="nobody has done it yet")
        told = "who makes the row says which one it is for" if is_needed else "who makes the row may say which one"
        return Setting(field, "caller", "", is_needed, told)

    def _is_anothers(self, principals: list[Principal], target: str) -> bool:
        """Whether rows of an entity are those of a principal who is none of these, and of none of these besides."""
        mine = {one.entity for one in principals if one.entity}
        if not mine or target in mine:
            return False
        others = [one for one in self._principals if one and one not in mine]
        if target in others:
            return not any(one.kind == "staff" for one in principals)
        is_mine = any(self._ways.find(target, one) is not None for one in mine if one)
        return not is_mine and any(self._ways.find_required(target, one) is not None for one in others)


def find_principals(roles: Roles) -> frozenset[str]:
    """The entities whose rows stand behind roles."""
    return frozenset(
        found.entity for role in roles.names if isinstance(found := roles.find(role), Principal) and found.entity
    )


__all__ = ["Creations"]
