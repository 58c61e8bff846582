"""What a write sets, and from where: the caller's body, the token, the server, another row; and what it must find there.

What was said stands. The rest follows from the fields, the people behind the roles and the write's own name: nobody chooses
a key, an owner, a tenant, a state, a price or a total; `cancel` sets the state cancelled; a change moves no row to another
owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from archnb.design.conditions import read_value
from archnb.design.entities import AccessPattern, Entity, Field
from archnb.design.entities import Step as WriteStep
from archnb.model import write_words as words_of
from archnb.model.callers import Callers
from archnb.model.changes import Changes
from archnb.model.creations import Creations
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys
from archnb.model.lifetimes import Lifetimes
from archnb.model.people import People
from archnb.model.references import References
from archnb.model.roles import Principal, Roles
from archnb.model.settings import NUMBERS, Setting, Source
from archnb.model.states import Precondition, States, Step
from archnb.model.tenants import Tenants
from archnb.model.ways import Ways
from archnb.naming import snake, split_words


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
        states: States,
    ) -> None:
        self._lifetimes, self._states = lifetimes, states
        self._entities, self._access = entities, access
        self._inheritance, self._keys = inheritance, keys
        self._roles, self._references = roles, references
        self._callers = Callers(references, roles)
        about = (entities, access, inheritance, keys, references, people, roles, tenants, ways, states, self._callers)
        self._creations = Creations(*about)
        self._changes = Changes(*about, self._creations)
        self._settings: dict[str, tuple[Setting, ...]] = {}

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
        return self._states.find_step(name, pattern)

    def find_precondition(self, name: str, pattern: AccessPattern | None = None) -> Precondition | None:
        """In which states a change takes a row: those before its step; of a move, all but the ends. None where any will do.

        A move (`reschedule`, or whatever gives new times alone) leaves the state as it is; a row at its end has been, and
        cannot take place at another time. What `where` says of the state stands instead.
        """
        asked = pattern or self._access[name]
        step = self._states.find_step(name, asked)
        if step is not None:
            either = " or ".join(step.before)
            return Precondition(step.field, step.before, f"only {either} becomes {step.after}")
        if asked.writes is None or asked.effect != "update" or asked.many or not self._is_move(name, asked):
            return None
        state, ends = self._states.find_field(asked.writes), self._states.list_ends(asked.writes)
        if state is None or state in {*(one.field for one in asked.where), *(one.field for one in asked.sets)}:
            return None
        going = tuple(one for one in self._inheritance.fields(asked.writes)[state].values if one not in ends)
        if not ends or not going:
            return None
        reason = f"a row that is {' or '.join(ends)} has reached its end, and is moved no more"
        return Precondition(state, going, reason)

    def _is_move(self, name: str, pattern: AccessPattern) -> bool:
        """Whether a change gives a row another time or place: by its verb, or as it gives nothing but planned times."""
        if snake(name).split("_")[0] in words_of.MOVING:
            return True
        given = [one.field for one in self.list_settings(name, pattern) if one.source == "caller"]
        return bool(given) and all(self._is_planned_time(pattern.writes or "", one) for one in given)

    def _is_planned_time(self, entity: str, field: str) -> bool:
        about = self._inheritance.fields(entity).get(field)
        is_time = about is not None and about.type in ("timestamp", "date", "time")
        return is_time and words_of.PLANNED_AT.fullmatch(snake(field)) is not None

    def list_sides(self, steps: Iterable[WriteStep], entity: str) -> tuple[WriteStep, ...]:
        """The steps of a write that take from, or give to, rows that rows of an entity refer to: where there are two, a new row is
        made for each side, the signs against each other, and nobody gives it.
        """
        targets = {one.target for one in self._references.list_from(entity)}
        moving = words_of.TAKING | words_of.GIVING | {"refund"}
        return tuple(one for one in steps if one.entity in targets and not one.via and one.action in moving)

    def find_state(self, entity: str) -> str | None:
        """The field that holds the state of a row's life."""
        return self._states.find_field(entity)

    def is_upsert(self, name: str, pattern: AccessPattern | None = None) -> bool:
        """Whether a change makes its row where there is none: as it says, or as nothing else would make it."""
        return self._changes.is_upsert(name, pattern)

    def find_moment(self, name: str, pattern: AccessPattern | None = None) -> str | None:
        """The time that tells which of two writes of one row is the later one, where a write from several devices meets itself."""
        return self._changes.find_moment(name, pattern)

    def find_price(self, entity: str, field: str) -> str | None:
        """The path to the price that an amount of a row is a copy of: `product.price` of a line's `unit_price`."""
        return self._creations.find_price(entity, field)

    def list_step_settings(self, name: str, entity: str) -> tuple[Setting, ...]:
        """What a step of a write sets in a row that it makes: as the write would, but that nobody sends it by itself."""
        return self._creations.list_step_settings(name, entity)

    def find_deletion_mark(self, entity: str) -> str | None:
        """The field that says that a row is deleted, while it stays."""
        return self._lifetimes.find_soft_delete(entity) if entity in self._entities else None

    def is_erasure(self, name: str) -> bool:
        """Whether a deletion is of somebody's data for good, whatever else only marks rows as deleted."""
        return snake(name).split("_")[0] in words_of.ERASING

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
        own = self._callers.find_author(entity, principal.entity)
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
        proposed = self._creations.propose(name, pattern) if is_creation else self._changes.propose(name, pattern)
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


__all__ = ["Precondition", "Setting", "Step", "Writes"]
