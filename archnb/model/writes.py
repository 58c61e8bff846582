"""What a write sets, and from where: the caller's body, the token, the server, another row; and what it must find there.

What was said stands. The rest follows from the fields, the people behind the roles and the write's own name: nobody chooses
a key, an owner, a tenant, a state, a price or a total; `cancel` sets the state cancelled; a change moves no row to another
owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from archnb.design.conditions import read_value
from archnb.design.entities import AccessPattern, Entity, Field
from archnb.design.entities import Step as Step_
from archnb.model import write_words as words_of
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys
from archnb.model.lifetimes import Lifetimes
from archnb.model.people import People
from archnb.model.references import Reference, References
from archnb.model.roles import Principal, Roles
from archnb.model.tenants import Tenants
from archnb.model.ways import Ways
from archnb.naming import snake, split_words

Source = Literal["caller", "token", "server", "row", "constant"]
NUMBERS = ("int", "bigint", "smallint", "decimal", "money", "float")


@dataclass(frozen=True)
class Setting:
    """A field that a write sets.

    value: as a design writes it, '' for the caller's. is_required: whether the caller must give it.
    """

    field: str
    source: Source
    value: str = ""
    is_required: bool = False
    reason: str = ""
    # the roles that are not the one whom the token names, and so give it themselves
    given_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A step in the life of a row: the field with its state, the words that it may have before, and the one after."""

    field: str
    before: tuple[str, ...]
    after: str
    reason: str


class Writes:
    """The settings of all writes."""

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
        lifetimes: Lifetimes,
    ) -> None:
        self._lifetimes = lifetimes
        self._entities, self._access = entities, access
        self._inheritance, self._keys, self._references = inheritance, keys, references
        self._people, self._roles, self._tenants, self._ways = people, roles, tenants, ways
        self._settings: dict[str, tuple[Setting, ...]] = {}
        self._writing: dict[str, list[str]] = {}
        # the entities whose rows a step changes, and those that others are parts of
        self._moved, self._made = set[str](), set[str]()
        for name, one in access.items():
            if one.writes:
                self._writing.setdefault(one.writes, []).append(name)
                self._made |= {one.writes} if one.action == "create" else set()
            for step in one.steps:
                if step.entity:
                    (self._made if step.action == "create" else self._moved).add(step.entity)
        wholes = (references.find_whole(one) for one in entities)
        self._wholes = frozenset(one.target for one in wholes if one is not None)
        self._principals = frozenset(
            found.entity for role in roles.names if isinstance(found := roles.find(role), Principal) and found.entity
        )

    # -- questions

    def list_settings(self, name: str, pattern: AccessPattern | None = None) -> tuple[Setting, ...]:
        """What a write sets, its said assignments first in their order; nothing for a read or a deletion."""
        asked = pattern or self._access[name]
        if pattern is None and name in self._settings:
            return self._settings[name]
        found = tuple(self._settle(name, asked))
        if pattern is None:
            self._settings[name] = found
        return found

    def find_step(self, name: str, pattern: AccessPattern | None = None) -> Step | None:
        """The step that a change takes in the life of its row, where its name or its assignments say one."""
        asked = pattern or self._access[name]
        entity = asked.writes
        if entity is None or asked.effect != "update":
            return None
        state = self.find_state(entity)
        if state is None:
            return None
        words = self._inheritance.fields(entity)[state].values
        said = next((one.value for one in asked.sets if one.field == state), None)
        after = said if said in words else None
        reason = f"the write sets {state} = {after}"
        if after is None and state not in {one.field for one in asked.sets}:
            done = words_of.list_done(name)
            after = next((word for past in done for word in words if snake(word) == past), None)
            reason = f"{name} is what makes {_article(entity)} {after}"
        if after is None:
            return None
        return Step(state, self._list_before(entity, state, words, after), after, reason)

    def _list_before(self, entity: str, state: str, words: tuple[str, ...], after: str) -> tuple[str, ...]:
        told = [word for one in self._entities[entity].states if one.after == after for word in one.before]
        if told:
            return tuple(dict.fromkeys(told))
        ends = [word for word in words if words_of.ENDS.search(snake(word))]
        if words_of.UNDONE.search(snake(after)):
            return tuple(word for word in words if word not in ends)
        # the words of a life stand in its order: a step comes from those before it
        at = words.index(after)
        before = tuple(word for word in words[:at] if word not in ends)
        return before[-1:] if before else tuple(word for word in words if word not in ends and word != after)

    def list_sides(self, steps: Iterable[Step_], entity: str) -> tuple[Step_, ...]:
        """The steps of a write that take from, or give to, rows that rows of an entity refer to: where there are two, a new row is
        made for each side, the signs against each other, and nobody gives it.
        """
        targets = {one.target for one in self._references.list_from(entity)}
        moving = words_of.TAKING | words_of.GIVING | {"refund"}
        return tuple(one for one in steps if one.entity in targets and not one.via and one.action in moving)

    def find_state(self, entity: str) -> str | None:
        """The field that holds the state of a row's life."""
        fields = self._inheritance.fields(entity)
        steps = self._entities[entity].states if entity in self._entities else ()
        spoken = {word for one in steps for word in (*one.before, one.after or "")}
        if spoken:
            return next((name for name, one in fields.items() if spoken <= {*one.values}), None)
        return next((n for n, one in fields.items() if one.values and split_words(n)[-1] in words_of.STATES), None)

    def find_deletion_mark(self, entity: str) -> str | None:
        """The field that says that a row is deleted, while it stays."""
        return self._lifetimes.find_soft_delete(entity) if entity in self._entities else None

    def is_erasure(self, name: str) -> bool:
        """Whether a deletion is of somebody's data for good, whatever else only marks rows as deleted."""
        return snake(name).split("_")[0] in words_of.ERASING

    def is_upsert(self, name: str, pattern: AccessPattern | None = None) -> bool:
        """Whether a change makes its row where there is none: as it says, or as nothing else would make it."""
        asked = pattern or self._access[name]
        if asked.action == "upsert":
            return True
        entity = asked.writes
        if entity is None or asked.effect != "update" or asked.many or self.find_step(name, asked) is not None:
            return False
        key = self._keys.find(entity)
        is_told = all(
            (field := self._inheritance.fields(entity).get(one)) is not None and field.references is not None
            for one in key.fields
        )
        if not is_told or {*asked.by} != {*key.fields} or entity in {one.entity for one in self._people.memberships}:
            return False
        return entity not in self._made | self._moved and self._changes_everything(name, asked)

    def _changes_everything(self, name: str, pattern: AccessPattern) -> bool:
        return snake(name).split("_")[0] in words_of.CHANGING and not self._find_objects(name, pattern)

    def find_moment(self, name: str, pattern: AccessPattern | None = None) -> str | None:
        """The time that tells which of two writes of one row is the later one, where a write from several devices meets itself."""
        asked = pattern or self._access[name]
        if not asked.writes or not self.is_upsert(name, asked):
            return None
        fields = self._inheritance.fields(asked.writes)
        times = [
            n for n, one in fields.items() if one.type == "timestamp" and not self._keys.is_in_key(asked.writes, n)
        ]
        return next((n for n in times if words_of.is_moment_of_change(n)), times[0] if len(times) == 1 else None)

    def find_mark(self, name: str, pattern: AccessPattern | None = None) -> str | None:
        """The field that a write moves forwards only: up to which message somebody has read."""
        asked = pattern or self._access[name]
        if asked.writes is None or asked.effect != "update":
            return None
        fields = self._inheritance.fields(asked.writes)
        for one in self.list_settings(name, asked):
            words, field = split_words(one.field), fields.get(one.field)
            is_mark = {"last", "latest", "until", "upto"} & {*words} and words_of.SEEN & {*words}
            if (
                one.source == "caller"
                and is_mark
                and field is not None
                and (field.references or field.type in ("timestamp", *NUMBERS))
            ):
                target = self._keys.find(field.references) if field.references else None
                # the keys of what is drawn at random have no order
                if target is None or (not target.is_composite and self._is_ordered(target.entity, target.fields[0])):
                    return one.field
        return None

    def _is_ordered(self, entity: str, field: str) -> bool:
        found = self._inheritance.fields(entity).get(field)
        # a uuid that is a key is of version 7, ordered by time
        return found is None or found.type in ("key", "uuid", "int", "bigint")

    def list_instants(self, pattern: AccessPattern) -> tuple[str, ...]:
        """The fields of a read's `by` that mean rows without a value: an instant that has not come is known beforehand by nobody."""
        if pattern.reads is None:
            return ()
        fields = self._inheritance.fields(pattern.reads)
        return tuple(
            one
            for one in pattern.by
            if one in fields and fields[one].type == "timestamp" and fields[one].optional and not fields[one].unique
        )

    def find_own(self, pattern: AccessPattern) -> tuple[str, ...]:
        """The fields of `by` that are whoever asks: their key, or the reference that makes a row theirs, in all roles that may."""
        entity = pattern.reads or pattern.writes
        if entity is None:
            return ()
        found = [self._list_own(entity, role, pattern.by) for role in pattern.roles]
        if not found or any(not one for one in found):
            return ()
        return tuple(one for one in pattern.by if all(one in each for each in found))

    def _list_own(self, entity: str, role: str, by: tuple[str, ...]) -> set[str]:
        principal = None if role == "public" else self._roles.find(role)
        if not isinstance(principal, Principal) or principal.entity is None or principal.kind in ("staff", "public"):
            return set()
        if principal.membership is not None:
            return set()
        if entity == principal.entity:
            return {*by} & {*self._keys.fields(entity), "id"}
        own = self._find_author(entity, principal.entity)
        return {own.field} & {*by} if own is not None else set()

    # -- what is set

    def _settle(self, name: str, pattern: AccessPattern) -> Iterator[Setting]:
        entity = pattern.writes
        if entity is None or entity not in self._entities:
            return
        if pattern.effect == "delete":
            mark = None if self.is_erasure(name) else self.find_deletion_mark(entity)
            if mark is not None:
                is_flag = self._inheritance.fields(entity)[mark].type == "bool"
                source: Source = "constant" if is_flag else "server"
                yield Setting(
                    mark,
                    source,
                    "true" if is_flag else "now",
                    reason=f"{mark} says that the row is deleted, while it stays",
                )
            return
        said = {one.field or "": self._read(entity, one.field or "", one.value) for one in pattern.sets}
        if pattern.effect == "update" and not self.is_upsert(name, pattern):
            # what is not given stays as it is
            said = {field: replace(one, is_required=False) for field, one in said.items()}
        yield from said.values()
        is_creation = pattern.effect == "create" or (pattern.effect is None and not pattern.by)
        proposed = self._propose_creation(name, pattern) if is_creation else self._propose_change(name, pattern)
        for one in proposed:
            # where somebody said what the caller gives, nothing else is asked for
            if one.field in said or (said and one.source == "caller"):
                continue
            yield one

    def _read(self, entity: str, name: str, value: str | None) -> Setting:
        """A said assignment."""
        fields = self._inheritance.fields(entity)
        field = fields.get(name, Field())
        if value is None:
            return Setting(
                name,
                "caller",
                "",
                not field.optional and field.default is None,
                "the design says that the caller gives it",
            )
        read, reason = read_value(value), "as the design says"
        if read.kind in ("caller", "tenant"):
            return Setting(name, "token", value, reason=reason)
        if read.kind in ("now", "generated", "default", "computed"):
            return Setting(name, "server", value, reason=reason)
        if read.kind == "word" and read.text not in field.values:
            first = read.text.partition(".")[0]
            if first in fields:
                return Setting(name, "row", value, reason=reason)
        if read.kind == "missing":
            return Setting(name, "server", value, reason=reason)
        return Setting(name, "row" if read.kind == "change" else "constant", value, reason=reason)

    def _list_principals(self, pattern: AccessPattern) -> list[Principal]:
        found = (self._roles.find(role) for role in pattern.roles if role != "public")
        return [one for one in found if isinstance(one, Principal)]

    def _find_author(self, entity: str, person: str) -> Reference | None:
        """The reference that says which person made a row, of one or several to people of that kind."""
        found = self._references.list_between(entity, person)
        named = [one for one in found if words_of.is_author(one.field)]
        if named:
            return named[0]
        same = [one for one in found if snake(one.field) == snake(person)]
        if same:
            return same[0]
        return found[0] if len(found) == 1 and found[0].is_required else None

    def _is_trusted(self, pattern: AccessPattern) -> bool:
        """Whether all that may write are the operator's staff or programs."""
        principals = self._list_principals(pattern)
        is_open = "public" in pattern.roles or not pattern.roles
        return not is_open and all(
            one.kind in ("staff", "service") or self._roles.is_admin(one.role) for one in principals
        )

    def _propose_creation(self, name: str, pattern: AccessPattern) -> Iterator[Setting]:
        entity = pattern.writes or ""
        by_provider = any(step.via and step.entity == entity for step in pattern.steps)
        for field, about in self._inheritance.fields(entity).items():
            yield self._propose_field(name, pattern, entity, field, about, by_provider=by_provider)

    def list_step_settings(self, name: str, entity: str) -> tuple[Setting, ...]:
        """What a step of a write sets in a row that it makes: as the write would, but that nobody sends it by itself."""
        pattern = replace(self._access[name], writes=entity, action="create", sets=())
        found = self._propose_creation(name, pattern)
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
        is_trusted = self._is_trusted(pattern)
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
                    field, "row", copied, reason=f"it is the {_say(field)} of the {_say(copied.partition('.')[0])}"
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
        if field == self.find_state(entity):
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
        if is_counter and not is_trusted and (entity in self._moved or about.default):
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
        principals = self._list_principals(pattern)
        is_membership = next((one for one in self._people.memberships if one.entity == entity), None)
        joins = snake(name).split("_")[0] in words_of.JOINING
        # a membership that gives a role is made by those who may give it
        is_given = is_membership is not None and is_membership.role_field is not None and not joins
        own = [
            one for one in principals
            if one.entity == target and one.kind != "staff" and (found := self._find_author(entity, target)) is not None and found.field == field
        ]  # fmt: skip
        others = tuple(one for one in pattern.roles if one not in {each.role for each in own})
        helpers = {one.role for one in principals if one.kind in ("staff", "service") or self._roles.is_admin(one.role)}
        if own and {*others} <= helpers and not is_given:
            told = f"{_article(entity)} is made for whoever asks, and the token says who that is"
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

    # -- changes

    def _propose_change(self, name: str, pattern: AccessPattern) -> Iterator[Setting]:
        entity = pattern.writes or ""
        fields, is_trusted = self._inheritance.fields(entity), self._is_trusted(pattern)
        is_upsert, step = self.is_upsert(name, pattern), self.find_step(name, pattern)
        moment = self.find_moment(name, pattern) if is_upsert else None
        if step is not None:
            yield Setting(step.field, "constant", step.after, reason=step.reason)
            yield from self._propose_traces(name, pattern, step)
        taken = set[str]() if step is not None else {*self._list_changed(name, pattern)}
        counter = self._find_counter(name, entity) if step is None and not taken else None
        if counter is not None:
            sign = "-" if snake(name).split("_")[0] in words_of.TAKING else "+"
            yield Setting(
                counter,
                "row",
                f"{counter} {sign} amount",
                reason=f"{name} moves it by an amount, from what it is at that moment",
            )
        done = words_of.list_done(name)
        for field, about in fields.items():
            if self._keys.is_in_key(entity, field) or field in pattern.by:
                continue
            if field == moment:
                told = "the device knows when it happened; left out, it is now. A later moment wins"
                yield Setting(field, "caller", "", False, told)
            elif words_of.is_moment_of_change(field) and about.type in ("timestamp", "date"):
                yield Setting(field, "server", "now", reason="the server knows when the row is changed")
            elif snake(field) in words_of.VERSIONS and about.type in NUMBERS:
                yield Setting(field, "row", f"{field} + 1", reason="each change is a version of its own")
            elif (
                step is None
                and about.type == "bool"
                and snake(field).removeprefix("is_") in done
                and snake(name).split("_")[0] not in words_of.CHANGING
            ):
                yield Setting(field, "constant", "true", reason=f"{name} is what makes it so")
            elif field in taken:
                price = self.find_price(entity, field) if not is_trusted else None
                if price is not None:
                    yield Setting(field, "row", price, reason=f"the price stands in {price}")
                elif is_upsert:
                    yield Setting(
                        field,
                        "caller",
                        "",
                        not about.optional and about.default is None,
                        "the row is made of it where there is none",
                    )
                else:
                    yield Setting(field, "caller", "", False, "what is not given stays as it is")

    def _find_counter(self, name: str, entity: str) -> str | None:
        """The field that a change moves up or down by its name: `take_stock`, `top_up_wallet`."""
        if snake(name).split("_")[0] not in words_of.TAKING | words_of.GIVING:
            return None
        return next(
            (n for n, one in self._inheritance.fields(entity).items() if one.type in NUMBERS and words_of.COUNTERS.search(snake(n)) and not self._keys.is_in_key(entity, n)),
            None,
        )  # fmt: skip

    def _propose_traces(self, name: str, pattern: AccessPattern, step: Step) -> Iterator[Setting]:
        """What a step leaves beside the state: when, by whom, and what whoever takes the row brings along."""
        entity, done = pattern.writes or "", {snake(step.after), *words_of.list_done(name)}
        principals = self._list_principals(pattern)
        for field, about in self._inheritance.fields(entity).items():
            plain = snake(field)
            if (
                about.type in ("timestamp", "date")
                and about.optional
                and any(plain in (f"{one}_at", f"{one}_on") for one in done)
            ):
                yield Setting(field, "server", "now", reason=f"the row becomes {step.after} now")
            elif about.references is not None and about.optional:
                mine = [one for one in principals if one.entity == about.references]
                is_by = plain.removesuffix("_by") in done and plain.endswith("_by")
                is_taking = not words_of.ENDS.search(snake(step.after)) and step.after in self._list_first(entity, step)
                if (
                    mine
                    and len(mine) == len(pattern.roles)
                    and (is_by or (is_taking and plain == snake(about.references)))
                ):
                    yield Setting(field, "token", "caller", reason=f"who does it becomes its {_say(field)}")
                elif (
                    is_taking
                    and mine == []
                    and any(one.entity and self._ways.find_required(about.references, one.entity) for one in principals)
                ):
                    yield Setting(
                        field, "caller", "", False, f"who takes it says which of their {about.references} rows"
                    )
            elif (
                about.type == "money"
                and about.optional
                and words_of.ENDS.search(snake(step.after))
                and not words_of.UNDONE.search(snake(step.after))
            ):
                yield Setting(
                    field,
                    "server",
                    "computed",
                    reason="it is known when the row reaches its end, and nobody chooses it",
                )

    def _list_first(self, entity: str, step: Step) -> tuple[str, ...]:
        """The words that follow at once upon the first: whoever takes a row makes it one of these."""
        fields = self._inheritance.fields(entity)
        words = fields[step.field].values
        first = fields[step.field].default or words[0]
        return tuple(word for word in words if first in self._list_before(entity, step.field, words, word))

    def _find_objects(self, name: str, pattern: AccessPattern) -> tuple[str, ...]:
        """The fields that a change names: `set_role` the role, `change_plan` the plan, `mark_read` what was read last."""
        entity = pattern.writes or ""
        verb, *rest = snake(name).split("_")
        about = {*split_words(entity)}
        left = [one for one in rest if one not in about and one not in ("my", "own", "a", "the", "of")]
        if not left:
            return ()
        fields = [one for one in self._inheritance.fields(entity) if not self._keys.is_in_key(entity, one)]
        exact = [one for one in fields if split_words(one) == tuple(left)]
        if verb == "mark" and {*left} & words_of.SEEN:
            exact = exact or [one for one in fields if {*split_words(one)} & words_of.SEEN]
        return tuple(exact or [one for one in fields if {*left} <= {*split_words(one)}])

    def _list_changed(self, name: str, pattern: AccessPattern) -> Iterator[str]:
        """The fields that a caller may give for a change, by its name."""
        entity, verb = pattern.writes or "", snake(name).split("_")[0]
        fields = self._inheritance.fields(entity)
        named = self._find_objects(name, pattern)
        if named:
            yield from named
            if verb in words_of.SWITCHING and any(fields[one].references for one in named):
                # how many of the new thing goes with it
                yield from (
                    one
                    for one, about in fields.items()
                    if about.type in ("int", "smallint", "bigint") and (about.minimum or 0) >= 1
                )
            return
        if verb in words_of.MOVING:
            for one, about in fields.items():
                is_time = about.type in ("timestamp", "date", "time") and words_of.PLANNED_AT.fullmatch(snake(one))
                if is_time or (about.references is not None and self._may_move(pattern, entity, one, about)):
                    yield one
            return
        if verb in words_of.CHANGING:
            yield from (one for one, about in fields.items() if self._may_change(name, pattern, entity, one, about))

    def _may_change(self, name: str, pattern: AccessPattern, entity: str, field: str, about: Field) -> bool:
        """Whether a change of no certain purpose may set a field."""
        plain, is_trusted = snake(field), self._is_trusted(pattern)
        if about.secret or plain in words_of.VERSIONS or self._keys.is_in_key(entity, field):
            return False
        if about.references is not None:
            return self._may_move(pattern, entity, field, about)
        if about.type in ("timestamp", "date"):
            is_made = (
                about.default is not None or words_of.is_moment_of_making(field) or words_of.is_moment_of_change(field)
            )
            return (
                not is_made
                and not (about.optional and words_of.is_moment_of_event(field))
                and plain not in words_of.SOFT_DELETED
            )
        if field == self.find_state(entity):
            return not self._is_moved_elsewhere(name, entity)
        if about.values and self._people.is_person(entity):
            return is_trusted or not {snake(one) for one in self._people.roles} & {snake(one) for one in about.values}
        if about.type == "bool" and words_of.is_decided(field):
            return is_trusted
        if (
            words_of.is_providers(field)
            or words_of.is_idempotency_key(field)
            or (about.unique and words_of.is_paper_number(field))
        ):
            return False
        if about.type in NUMBERS:
            is_price = about.type == "money" and words_of.PRICES.search(plain) is not None
            is_counter = words_of.COUNTERS.search(plain) is not None and about.minimum == 0
            is_rating = words_of.is_rating(field) and self._people.is_person(entity)
            return is_trusted if is_price or is_counter or is_rating else not words_of.is_sum(field)
        return True

    def _may_move(self, pattern: AccessPattern, entity: str, field: str, about: Field) -> bool:
        """Whether a change may point a reference elsewhere without giving the row to another owner."""
        target = about.references or ""
        whole = self._references.find_whole(entity)
        if target == entity or (whole is not None and whole.field == field) or target == self._tenants.tenant:
            return False
        if self._people.is_person(target) or target in self._principals:
            # an assignee may change, an owner not
            return (
                bool(about.optional)
                and not words_of.is_author(field)
                and not snake(field).endswith("_by")
                and self.find_state_owner(entity) != field
            )
        owners = [one for one in self._people.all if self._ways.find(target, one) is not None]
        is_fenced = bool(self._tenants.tenant) and self._tenants.find_way(target) is not None
        return not owners and not is_fenced

    def find_state_owner(self, entity: str) -> str | None:
        """The reference that a step in a row's life sets to whoever takes it: a trip's driver; None where no step does."""
        for name in self._writing.get(entity, ()):
            one = self._access[name]
            if one.effect == "update" and (step := self.find_step(name)) is not None:
                for trace in self._propose_traces(name, one, step):
                    if trace.value == "caller" and not snake(trace.field).endswith("_by"):
                        return trace.field
        return None

    def _is_moved_elsewhere(self, name: str, entity: str) -> bool:
        """Whether other writes are the steps that move the state of a row, so that no plain change does."""
        if self._entities[entity].states:
            return True
        others = (one for one in self._writing.get(entity, ()) if one != name)
        return any(
            self.find_step(one) is not None or (self._access[one].effect == "update" and self._access[one].steps)
            for one in others
        )


def _say(field: str) -> str:
    return " ".join(split_words(field))


def _article(entity: str) -> str:
    from archnb.naming import with_article, words

    return with_article(words(entity))


__all__ = ["Setting", "Step", "Writes"]
