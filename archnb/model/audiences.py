"""How many are told of one write: the members of a room, the followers of an author, the lines of an order.

The number follows from who refers to whom: where a message and a seat are both of one room, a message reaches as many seats
as a room has on average, the seats by the rooms. Whose rows these are is answered here; how many rows there are is a fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archnb.design.entities import AccessPattern, Entity, Relationship, Step
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys
from archnb.model.people import People
from archnb.model.references import Reference, References
from archnb.model.unknown import Unknown
from archnb.model.write_words import is_author
from archnb.naming import plural, snake, words


@dataclass(frozen=True)
class Audience:
    """Whom one write reaches: as many as there are of `counted`, an entity or a relationship, for each row of `per`.

    event: the entity of the write that causes it. over: the field of the event that leads to `per`, '' where the event
    itself is counted by. reason: the same in words.
    """

    event: str
    counted: str
    per: str
    is_relationship: bool
    over: str
    reason: str


@dataclass(frozen=True)
class Copy:
    """A write that hands one event out to each of an audience: rows of `entity`, each of a person and the event.

    cause: the write of the event, '' where none is said. audience: unknown where nothing leads from the event to its people.
    reads: the patterns that read the rows. merging: the patterns that read events by their author, '' where there are none.
    """

    entity: str
    person: str
    event: str
    cause: str
    audience: Audience | Unknown
    reads: tuple[str, ...]
    author: str
    merging: str


class Audiences:
    """Whom writes reach, from references and relationships."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        relationships: Mapping[str, Relationship],
        access: Mapping[str, AccessPattern],
        inheritance: Inheritance,
        keys: Keys,
        references: References,
        people: People,
    ) -> None:
        self._entities, self._relationships, self._access = entities, relationships, access
        self._inheritance, self._keys, self._references, self._people = inheritance, keys, references, people
        self._creating: dict[str, list[str]] = {}
        self._reading: dict[str, list[str]] = {}
        for name, one in access.items():
            if one.writes and one.effect == "create":
                self._creating.setdefault(one.writes, []).append(name)
            if one.reads:
                self._reading.setdefault(one.reads, []).append(name)

    def find(self, pattern: str, step: Step) -> Audience | Unknown | None:
        """Whom a step of a write reaches; None where it is one: the row itself, or one that it refers to."""
        event, told = self._access[pattern].writes or "", step.entity or ""
        if event not in self._entities or told not in self._entities or event == told:
            return None
        direct = self._references.list_between(event, told)
        linked = list(self._find_linked(event, told))
        if direct:
            return self._among_direct(event, told, direct, linked, step)
        of_event = [one for one in self._references.list_to(event) if one.entity == told and one.is_required]
        if of_event:
            count = f"each {words(event)} has its {plural(words(told))}"
            return Audience(event, told, event, False, "", f"{count}, and each is told")
        if linked:
            return linked[0]
        who = plural(words(told))
        line = f"jobs.jobs.{snake(step.action or 'tell')}_{snake(told)}_via_{snake(step.via or '')}.audience: 200"
        return Unknown(f"nothing leads from {event} to {told}: it may be all {who}, or a few of them", line)

    def _among_direct(
        self, event: str, told: str, direct: tuple[Reference, ...], linked: list[Audience], step: Step
    ) -> Unknown | None:
        """The one that the event refers to, unless it is its author, and there are others whom one would rather tell."""
        others = [one for one in direct if not is_author(one.field)]
        if others or not linked:
            return None
        line = f"jobs.jobs.{snake(step.action or 'tell')}_{snake(told)}_via_{snake(step.via or '')}.audience: 200"
        why = f"'{step.action} {told}' of a {words(event)} may mean its {direct[0].field}, or each one through {linked[0].counted}"
        return Unknown(why, line)

    def _find_linked(self, event: str, told: str) -> Iterator[Audience]:
        """Audiences through what both the event and the told refer to, groups before people."""
        out = self._references.list_from(event)
        for one in sorted(out, key=lambda each: self._people.is_person(each.target)):
            group = one.target
            if one.is_self:
                continue
            # rows of the told that are of the same group: the seats of a room
            if any(each.target == group and each.is_required for each in self._references.list_from(told)):
                why = f"a {words(event)} and a {words(told)} are both of a {words(group)}: one reaches as many as a {words(group)} has"
                yield Audience(event, told, group, False, one.field, why)
            yield from self._through_link(event, one, told)

    def _through_link(self, event: str, one: Reference, told: str) -> Iterator[Audience]:
        """A relationship, or an entity that stands for one, between what the event is of and the told."""
        group = one.target
        for name, link in self._relationships.items():
            if sorted(link.between) == sorted((group, told)):
                yield Audience(event, name, group, True, one.field, _tell_link(name, event, one, told))
        for name in dict.fromkeys(each.entity for each in self._references.list_to(group)):
            ends = self._list_ends(name)
            if name in (event, told, group) or len(ends) != 2:
                continue
            if sorted(ends) == sorted((group, told)):
                yield Audience(event, name, group, False, one.field, _tell_link(words(name), event, one, told))

    def _list_ends(self, entity: str) -> list[str]:
        """The two ends of an entity whose rows are pairs: its key is two references, or a unique is."""
        found = {one.field: one.target for one in self._references.list_from(entity)}
        joined = [
            self._keys.fields(entity),
            *(tuple(each.strip() for each in one.split("+")) for one in self._entities[entity].unique),
        ]
        for fields in joined:
            if len(fields) == 2 and all(one in found for one in fields):
                return [found[one] for one in fields]
        return []

    def find_copy(self, pattern: str) -> Copy | None:
        """What a write hands out, where each of its rows is of one person and of one event that people write; else None."""
        one = self._access[pattern]
        entity = one.writes or ""
        if entity not in self._entities or one.effect != "create":
            return None
        ends = self._list_ends(entity)
        if len(ends) != 2:
            return None
        for person, event in (ends, ends[::-1]):
            causes = [name for name in self._creating.get(event, ()) if name != pattern]
            if person == event or not causes or not self._people.is_person(person) or self._people.is_person(event):
                continue
            # a person who signs up for an event writes that row himself; a program hands it out
            if not one.is_async:
                continue
            return self._describe(pattern, entity, person, event, causes[0])
        return None

    def _describe(self, pattern: str, entity: str, person: str, event: str, cause: str) -> Copy:
        linked = [one for one in self._find_linked(event, person) if one.counted != entity]
        audience: Audience | Unknown = (
            linked[0]
            if linked
            else Unknown(
                f"nothing leads from {event} to the {plural(words(person))} who get it",
                f"jobs.jobs.{pattern}.audience: 200",
            )
        )
        author = audience.over if isinstance(audience, Audience) else ""
        merging = next((name for name in self._reading.get(event, ()) if author in self._access[name].by), "")
        return Copy(
            entity,
            person,
            event,
            cause,
            audience,
            tuple(self._reading.get(entity, ())),
            author,
            merging if author else "",
        )


def _tell_link(link: str, event: str, one: Reference, told: str) -> str:
    """Why a link counts the audience."""
    if one.target == told:
        return f"{link} joins each {words(told)} with others, and the {words(event)} is of one by {one.field}"
    return f"{link} says which {plural(words(told))} are of a {words(one.target)}, and the {words(event)} is of one by {one.field}"


__all__ = ["Audience", "Audiences", "Copy"]
