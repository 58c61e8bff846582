"""The data model and its use, completed: inherited fields in place, a key for each entity, one kind for each pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.entities import Field, Step
from archnb.design.invariants import Invariant, Transition
from archnb.design.record import Named
from archnb.design.requirements import Consistency
from archnb.planned.record import Planned
from archnb.planned.requirements import Objective

PatternKind = Literal["read", "create", "update", "delete"]


@dataclass(frozen=True, kw_only=True)
class Entity(Planned):
    """A thing that is kept. `fields` has the inherited ones first; `key` names the fields that identify one."""

    summary: str = ""
    fields: Named[Field]
    key: tuple[str, ...]
    # the entity that it is a special case of, '' for none
    extends: str = ""
    domain: str = ""
    # whether every earlier state must be known
    history: bool = False
    # what is always true of its rows, said or concluded
    holds: tuple[Invariant, ...] = ()
    # the field that says of a row that it is deleted, '' where rows are deleted
    soft_delete: str = ""
    # whether rows are only ever added
    append_only: bool = False
    # the steps that a row's state may take, and who may take each; none where nobody listed them
    states: tuple[Transition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AccessPattern(Planned):
    """One way the data is used: `kind` says what it does to `entity`, the other fields with what."""

    summary: str = ""
    kind: PatternKind
    entity: str
    by: tuple[str, ...] = ()
    # the field that is given as a range, '' for none
    range: str = ""
    sort: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    # what is computed over the rows, '' for nothing
    aggregate: str = ""
    # how many relationships deep it walks; 0 for no walk
    depth: int = 0
    # the most rows of an answer; 0 where nobody bounds it
    limit: int = 0
    consistency: Consistency
    roles: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    is_async: bool = False

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.kind == "read"

    # the words of the design, for whoever looks up where it leads

    @property
    def reads(self) -> str:
        """The entity that it reads, '' for a write."""
        return self.entity if self.is_read else ""

    @property
    def writes(self) -> str:
        """The entity that it writes, '' for a read."""
        return "" if self.is_read else self.entity

    @property
    def action(self) -> str:
        """What it does to the entity, '' for a read."""
        return "" if self.kind == "read" else self.kind


@dataclass(frozen=True, kw_only=True)
class Relationship(Planned):
    """A relationship between two entities that no field says."""

    between: tuple[str, ...]
    kind: Literal["one-to-one", "one-to-many", "many-to-many"] = "many-to-many"
    optional: bool = False
    fields: Named[Field] = Named()


@dataclass(frozen=True, kw_only=True)
class Entities(Planned):
    """Entities, relationships, the patterns in which they are used, and what each of these promises.

    `objectives` has one for each access pattern, one for every operation that something was said of, and `default`.
    """

    entities: Named[Entity]
    relationships: Named[Relationship]
    access: Named[AccessPattern]
    objectives: Named[Objective]

    def objective_of(self, operation: str) -> Objective:
        """What an operation promises: its own objective, or that of all others."""
        return self.objectives.get(operation, self.objectives["default"])
