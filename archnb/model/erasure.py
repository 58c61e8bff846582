"""What becomes of each row when a person's data is erased (GDPR, article 17): of the person's own, and of all that refer to it.

A row goes where it is only the person's: it goes along by what was said (cascade), or its key is made of the person's. A row
that others need stays: an invoice, a booking, a workspace with other people in it. Of it, and of the person's own row where
something needs that, the personal fields are overwritten, so that nobody is told by it any more. `on_delete: restrict` keeps
rows that would go; `personal` on a field has it overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from archnb.design.entities import AccessPattern, Relationship
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys
from archnb.model.people import People
from archnb.model.references import Reference, References
from archnb.naming import with_article, words

Fate = Literal["delete", "overwrite", "detach"]
# rows further away from the person than this are somebody else's
DEEPEST = 4


@dataclass(frozen=True)
class Step:
    """What is done to the rows of one entity, or to the pairs of a relationship, that belong to the person.

    way: the references from such a row to the person, none for the person's own row. via: the end of a relationship's pairs,
    0 or 1, where `relationship` names one. fields: what is overwritten, or set to nothing (detach). is_along: whether the
    engine does it by itself, with the row that it refers to.
    """

    entity: str
    fate: Fate
    way: tuple[Reference, ...] = ()
    fields: tuple[str, ...] = ()
    relationship: str = ""
    ends: tuple[int, ...] = ()
    is_along: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Erasure:
    """The erasure of one row of an entity with personal data: the steps in the order in which the engine takes them.

    keepers: the references of rows that stay and need the person's row, for which it stays; none where it goes.
    """

    entity: str
    steps: tuple[Step, ...]
    keepers: tuple[Reference, ...]

    @property
    def keeps_row(self) -> bool:
        """Whether the row itself stays, without what is personal in it."""
        return bool(self.keepers)

    @property
    def own(self) -> Step:
        """What becomes of the row itself."""
        return self.steps[-1]

    @property
    def reached(self) -> tuple[str, ...]:
        """The entities whose rows are changed or go, the person's own last."""
        return tuple(dict.fromkeys(one.entity for one in self.steps if one.entity))


class Erasures:
    """The erasures of a design, each concluded when it is first asked for."""

    def __init__(
        self,
        entities: Iterable[str],
        relationships: Mapping[str, Relationship],
        access: Mapping[str, AccessPattern],
        people: People,
        references: References,
        keys: Keys,
        inheritance: Inheritance,
        held: Mapping[str, tuple[Reference, ...]] | None = None,
    ) -> None:
        # the rows that need a row by a key that the schema alone says, and no field
        self._held = held or {}
        self._entities, self._relationships, self._access, self._people = tuple(entities), relationships, access, people
        self._references, self._keys, self._inheritance = references, keys, inheritance
        self._groups = {one.group.target for one in people.memberships}
        self._keepers: dict[str, tuple[Reference, ...]] = {}
        self._found: dict[str, Erasure] = {}

    def list_subjects(self) -> tuple[str, ...]:
        """The entities whose rows are erased on request: people with personal data, and what holds personal data of nobody else.

        What a person's erasure reaches, as the places of their trips, needs none of its own.
        """
        people = [one for one in self._people.all if self._people.list_personal(one)]
        reached = {entity for one in people for entity in self.find(one).reached}
        others = [
            name
            for name in self._entities
            if name not in reached
            and self._people.list_personal(name)
            and not any(one.target in reached or self._is_bound(one) for one in self._references.list_from(name))
        ]
        return (*people, *others)

    def find_pattern(self, name: str) -> Erasure | None:
        """The erasure that an access pattern asks for: a delete, by its key, of one row with personal data; None of any other."""
        pattern = self._access.get(name)
        entity = pattern.writes if pattern is not None and pattern.action == "delete" else None
        if pattern is None or entity is None or not self._people.list_personal(entity):
            return None
        key = set(self._keys.fields(entity))
        is_by_key = not pattern.by or set(pattern.by) == key or (pattern.by == ("id",) and len(key) == 1)
        return self.find(entity) if is_by_key or self._keys.is_one_row(entity, pattern.by) else None

    def find_operation(self, entity: str) -> str:
        """The access pattern that erases rows of an entity, '' where there is none."""
        return next((n for n, one in self._access.items() if one.writes == entity and self.find_pattern(n)), "")

    def list_overwritten(self, entity: str) -> tuple[str, ...]:
        """The fields of an entity that are replaced where its row stays: personal ones, secrets, what people sign in with."""
        fields = self._inheritance.fields(entity)
        signing = self._people.list_sign_in(entity) if self._people.is_person(entity) else ()
        return tuple(
            name
            for name, field in fields.items()
            if (field.personal or field.secret or name in signing)
            and field.references is None
            and not self._keys.is_in_key(entity, name)
        )

    def find(self, entity: str) -> Erasure:
        """What the erasure of one row of an entity does, whoever asks for it."""
        if entity not in self._found:
            self._found[entity] = self._conclude(entity)
        return self._found[entity]

    # -- who goes

    def _is_bound(self, reference: Reference) -> bool:
        """Whether a row is part of the row that it refers to, so that it goes with it."""
        if reference.on_delete is not None:
            return reference.on_delete == "cascade"
        if not reference.is_required:
            return False
        return self._references.find_whole(reference.entity) == reference or self._is_pair(reference)

    def _is_pair(self, reference: Reference) -> bool:
        """Whether a row is nothing but two rows of one entity, as who follows whom: it goes with either."""
        key = set(self._keys.fields(reference.entity))
        ends = self._references.list_between(reference.entity, reference.target)
        return reference.is_key and len(key) > 1 and key == {one.field for one in ends}

    def _list_keepers(self, entity: str) -> tuple[Reference, ...]:
        """The references of rows that stay to rows of an entity, or to parts of these, which so cannot go either."""
        if entity not in self._keepers:
            found: dict[Reference, None] = {}
            left, seen = [entity], {entity}
            while left:
                at = left.pop()
                found |= dict.fromkeys(self._held.get(at, ()))
                for one in self._references.list_to(at):
                    if one.is_self or one.is_inherited:
                        continue
                    if self._is_bound(one):
                        if one.entity not in seen:
                            seen.add(one.entity)
                            left.append(one.entity)
                    elif one.is_required or one.on_delete in ("restrict", "no action"):
                        # an optional one that was said to hold the row back is emptied first
                        found |= {one: None} if one.is_required else {}
            self._keepers[entity] = tuple(found)
        return self._keepers[entity]

    def _conclude(self, entity: str) -> Erasure:
        alike = (entity, *self._inheritance.list_subtypes(entity), *self._inheritance.list_ancestry(entity)[1:])
        keepers = tuple(dict.fromkeys(one for name in alike for one in self._list_keepers(name)))
        steps: list[Step] = []
        self._follow(entity, (), steps, set(), is_gone=not keepers, is_own=True)
        for name in self._references.list_relationships(entity):
            ends = tuple(n for n, end in enumerate(self._relationships[name].between) if end == entity)
            reason = f"the pairs of {name} are of the {words(entity)} alone"
            steps.append(Step("", "delete", relationship=name, ends=ends, reason=reason))
        if not keepers:
            return Erasure(entity, (*steps, Step(entity, "delete", reason="nothing that stays needs the row")), ())
        for name in self._inheritance.list_subtypes(entity):
            own = tuple(one for one in self.list_overwritten(name) if one not in self._inheritance.fields(entity))
            if own:
                steps.append(
                    Step(name, "overwrite", fields=own, reason=f"the same row, as {with_article(words(name))}")
                )
        needing = list(dict.fromkeys(one.entity for one in keepers))
        reason = (
            f"{', '.join(needing)} must stay and need{'s' * (len(needing) == 1)} the row, which tells nobody any more"
        )
        steps.append(Step(entity, "overwrite", fields=self.list_overwritten(entity), reason=reason))
        return Erasure(entity, tuple(steps), keepers)

    def _follow(
        self,
        entity: str,
        way: tuple[Reference, ...],
        steps: list[Step],
        seen: set[Reference],
        *,
        is_gone: bool,
        is_own: bool,
    ) -> None:
        """What becomes of the rows that refer to the person's own (is_own), or to rows that stay, the furthest first."""
        if len(way) >= DEEPEST:
            return
        for one in self._references.list_to(entity):
            if one.is_self or one.is_inherited or one in seen:
                continue
            seen.add(one)
            here = (one, *way)
            personal = self._list_personal_of(one)
            if is_own and self._is_bound(one) and not self._list_keepers(one.entity):
                is_along = is_gone and one.on_delete == "cascade"
                self._follow(one.entity, here, steps, seen, is_gone=True, is_own=True)
                reason = f"{with_article(words(one.entity))} is the {words(entity)}'s alone, and goes"
                steps.append(Step(one.entity, "delete", here, is_along=is_along, reason=reason))
            elif one.is_required:
                # what is in a group of people is theirs, and not of the one who opened it
                if one.entity not in self._groups:
                    self._follow(one.entity, here, steps, seen, is_gone=False, is_own=False)
                if personal:
                    reason = f"{with_article(words(one.entity))} stays, without what is personal in it"
                    steps.append(Step(one.entity, "overwrite", here, personal, reason=reason))
            elif is_gone and one.on_delete in ("restrict", "no action"):
                steps.append(Step(one.entity, "detach", here, (one.field,), reason=f"{one} may be empty"))

    def _list_personal_of(self, reference: Reference) -> tuple[str, ...]:
        """The personal fields of a row that are of whom a reference leads to: where it needs several people, of the first."""
        entity = reference.entity
        if self._people.is_person(entity) or entity in self._groups:
            return ()
        people = [
            one for one in self._references.list_from(entity) if one.is_required and self._people.is_person(one.target)
        ]
        return self.list_overwritten(entity) if not people or people[0] == reference else ()


__all__ = ["Erasure", "Erasures", "Fate", "Step"]
