"""What one read pattern asks of a cache: how many different answers it has, how large they are, what outdates them.

Everything here is read off the entities and access patterns; nothing is decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from archnb.design.entities import AccessPattern, Field
from archnb.model import Model, Question, Way
from archnb.model.reaches import list_said

# how many different values a field of a type takes where nothing else bounds it: assumed, and shown with the fact
DISTINCT = {
    "bool": 2,
    "country": 100,
    "language": 40,
    "currency": 30,
    "date": 365,
    "smallint": 100,
    "time": 1440,
    "other": 1000,
}


@dataclass(frozen=True)
class Outdating:
    """A write that outdates answers: the write's pattern, whether it may outdate any of them, and whose rows it changes."""

    pattern: str
    is_all: bool
    changes: tuple[str, ...] = ()


class Workload:
    """One read pattern in the light of a cache."""

    def __init__(self, model: Model, name: str, pattern: AccessPattern) -> None:
        self.model, self.design, self.name, self.pattern = model, model.design, name, pattern
        design = model.design
        self.entity = pattern.reads or ""
        self.entities = (self.entity, *(one for one in pattern.included if one in design.entities))

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """The fields of the entity read, inherited ones included."""
        return self.model.fields(self.entity)

    @cached_property
    def is_single(self) -> bool:
        """Whether at most one row answers: the fields given cover a key or a unique field."""
        is_one = self.model.keys.is_one_row(self.entity, self.pattern.by)
        return is_one and not self.pattern.range and not self.pattern.aggregate

    @cached_property
    def is_exact(self) -> bool:
        """Whether a write names the answers it outdates: they are found by given fields alone."""
        return bool(self.pattern.by) and not self.pattern.search and not self.pattern.range and not self.has_path

    @cached_property
    def ends_by_clock(self) -> bool:
        """Whether a row says when it is void: an answer can end without a write."""
        return any(
            field.type == "timestamp" and name.startswith(("expires", "valid_until"))
            for name, field in self.fields.items()
        )

    @property
    def has_path(self) -> bool:
        """Whether a given field lies on another entity (`customer.country`)."""
        return any("." in field for field in self.pattern.by)

    @cached_property
    def is_personal(self) -> bool:
        """Whether an answer holds personal data."""
        return any(self.model.people.list_personal(entity) for entity in self.entities)

    @cached_property
    def is_public(self) -> bool:
        """Whether everybody may read it, without signing in."""
        return "public" in self.pattern.roles

    @cached_property
    def is_own(self) -> bool:
        """Whether what is answered depends on who asks: some role may read some rows only."""
        return any(
            role.allows.get(self.name, "none") not in ("any", "none") for role in self.design.auth.roles.values()
        )

    @cached_property
    def is_of_one(self) -> bool:
        """Whether everybody who may read it, support and other staff left aside, reads rows of their own only."""
        roles = self.design.auth.roles
        people = [
            one for one in self.pattern.roles
            if one in roles and self.model.roles.assume(one).kind not in ("staff", "service")
        ]  # fmt: skip
        return bool(people) and all(roles[one].allows.get(self.name, "none") == "own" for one in people)

    @cached_property
    def depends_on(self) -> Literal["", "subject", "tenant"]:
        """On whom an answer depends besides what is given: on whoever asks, on their tenant alone, or on nobody.

        Where what is given says whose the rows are (the customer of a list of orders, the project that lies in one workspace),
        whoever may have the answer at all gets the same; whether they may is checked before the cache is asked.
        """
        found = set()
        for name, role in self.design.auth.roles.items():
            text = role.allows.get(self.name, "none")
            if text in ("any", "none"):
                continue
            principal = self.model.roles.assume(name)
            asked = Question(principal, self.name, self.entity, "read", self.pattern.by, *list_said(self.pattern))
            ways = self.model.reaches.resolve(asked, text)
            for way in (one for both in ways or () for one in both):
                if not self._is_given(way):
                    found.add("tenant" if way.home is not None or way.is_claim else "subject")
        return "subject" if "subject" in found else "tenant" if found else ""

    def _is_given(self, way: Way) -> bool:
        """Whether the fields given say already whose a row is, or in what it lies."""
        if not way.steps:
            return self.is_single
        if way.steps[0].field in self.pattern.by:
            return True
        if way.back is None and way.home is None and not way.is_claim:
            return False
        group = way.steps[-1].target
        given = (self.model.references.find(self.entity, field) for field in self.pattern.by)
        return any(one is not None and self.model.ways.find_required(one.target, group) is not None for one in given)

    def find_outdating(self) -> Iterator[Outdating]:
        """The writes that outdate answers.

        A row that is created is no answer yet where one row is read by its key; a list by exact fields loses one answer
        with a write; every other list may change with any write.
        """
        changing = {name for entity in self.entities for name in self.model.touches.list_changing(entity)}
        order = self.model.touches.order
        for name in sorted(changing, key=order.__getitem__):
            write, touched = self.design.access[name], {*self.model.touches.find(name).changes}
            made = write.writes if write.action == "create" else None
            if self.is_single:
                touched.discard(made if made == self.entity else "")
            # nothing refers yet to a row that is only now created
            touched -= {one for one in self.entities[1:] if one == made and self.is_referred(one)}
            seen = tuple(one for one in self.entities if one in touched)
            if seen:
                yield Outdating(name, not self.is_exact, seen)

    def is_referred(self, entity: str) -> bool:
        """Whether a row read refers to one row of an entity that comes along, which many rows may share."""
        return any(field.references == entity for field in self.fields.values())

    def count_distinct(self, asked: int, pages: int | None = None) -> list[tuple[str, float | str]]:
        """What the number of different answers is made of: (field, a number, or the name of the entity counted).

        asked: how many different pages or ranges of one list are asked for. pages: how many pages the whole list has, where that is known.
        """
        parts: list[tuple[str, float | str]] = []
        for path in self.pattern.by:
            head, _, tail = path.partition(".")
            reference = self.model.references.find(self.entity, head) if tail else None
            parts.append((path, self._count_values(*((reference.target, tail) if reference else (self.entity, head)))))
        if self.pattern.range:
            parts.append((f"ranges of {self.pattern.range}", asked))
        elif not parts and not self.pattern.search and not self.pattern.aggregate:
            parts.append(("pages read", max(1, min(asked, pages or asked))))
        return parts

    def _count_values(self, entity: str, name: str) -> float | str:
        field = self.model.fields(entity).get(name)
        if field is None or self.model.keys.is_one_row(entity, (name,)):
            return entity
        if field.references in self.design.entities:
            return field.references or entity
        if field.values:
            return float(len(field.values))
        return float(DISTINCT.get(field.type or "", DISTINCT["other"]))

    def write_key(self, *, is_versioned: bool) -> str:
        """The key template: design, version of the form, pattern, then everything that tells answers apart."""
        parts = [re.sub(r"\W+", "-", self.design.name or "design").strip("-") or "design", "v1", self.name]
        if is_versioned:
            parts.append("{version}")
        if self.depends_on:
            parts.append(f"{{{self.depends_on}}}")
        parts += [f"{{{field}}}" for field in self.pattern.by]
        if self.pattern.search:
            parts.append("{query}")
        if self.pattern.range:
            parts.append(f"{{{self.pattern.range}}}")
        if not self.is_single and not self.pattern.aggregate:
            parts.append("{cursor}")
        return ":".join(parts)


def read_placeholders(key: str) -> set[str]:
    """The names in braces of a key template.

    >>> sorted(read_placeholders("shop:v1:orders:{customer}:{cursor}"))
    ['cursor', 'customer']
    """
    return set(re.findall(r"\{([^{}]+)\}", key))
