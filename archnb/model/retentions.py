"""How long rows are kept, and by which moment: as their entity says, or as all records are where they tell of somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archnb.design.entities import Entity
from archnb.model import write_words as words_of
from archnb.model.inheritance import Inheritance
from archnb.model.lifetimes import Lifetimes
from archnb.model.people import People
from archnb.model.references import References
from archnb.quantity import Quantity


@dataclass(frozen=True)
class Retention:
    """How long rows are kept, from the moment in a field on; '' where no field tells it."""

    period: Quantity
    field: str
    is_own: bool


class Retentions:
    """The retention of all rows."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        inheritance: Inheritance,
        references: References,
        people: People,
        lifetimes: Lifetimes,
    ) -> None:
        self._entities, self._inheritance, self._references = entities, inheritance, references
        self._people, self._lifetimes = people, lifetimes

    def find(self, entity: str, general: Quantity | None) -> Retention | None:
        """The retention of an entity's rows; None where they are kept.

        general: how long records are kept as the design says it for all of them. It is that of rows which tell of a person,
        come one after the other, are no part of something that stays and nothing else refers to: the rest is what the
        business works on, and goes when it is no longer needed, not by the clock. Nor do the entries of books go.
        """
        record = self._entities[entity]
        if record.retention is not None:
            return Retention(record.retention, self._find_moment(entity), True)
        if general is None or record.growth is None or record.growth.unit.is_percent or self._people.is_person(entity):
            return None
        own = self._references.list_from(entity)
        tells = bool(self._people.list_personal(entity)) or any(self._people.is_person(one.target) for one in own)
        is_held = bool(self._references.list_to(entity) or self._references.list_relationships(entity))
        is_part = any(one.on_delete == "cascade" and not self._people.is_person(one.target) for one in own)
        moment = self._find_moment(entity)
        if not tells or is_held or is_part or not moment or self._lifetimes.is_append_only(entity):
            return None
        return Retention(general, moment, False)

    def _find_moment(self, entity: str) -> str:
        times = [
            name
            for name, one in self._inheritance.fields(entity).items()
            if one.type in ("timestamp", "date") and not one.optional
        ]
        changed = [one for one in times if words_of.is_moment_of_change(one)]
        made = [one for one in times if words_of.is_moment_of_making(one)]
        said = self._entities[entity].retention is not None
        return next(iter([*changed, *made, *(times if said else ())]), "")


__all__ = ["Retention", "Retentions"]
