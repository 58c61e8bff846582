"""The data model and its use, completed: inherited fields in place, a key for each entity, one kind for each pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.conditions import Comparison, Inclusion, Sorting, read_inclusion, read_sorting
from archnb.design.entities import Field, Step
from archnb.design.invariants import Invariant, Transition
from archnb.design.record import Named
from archnb.design.requirements import Consistency
from archnb.planned.record import Planned
from archnb.planned.requirements import Objective
from archnb.quantity import Quantity, parse

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


SettingSource = Literal["caller", "token", "server", "row", "constant"]


@dataclass(frozen=True, kw_only=True)
class Filter(Planned):
    """A condition that every row meets, as the design writes it."""

    field: str
    comparison: Comparison
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Setting(Planned):
    """A field that a write sets, and where its value comes from.

    value: as the design writes it ('now', 'generated', 'caller', 'tenant', a word, a path such as 'product.price'), '' for
    the caller's. is_required: whether the caller must give it. given_by: the roles that give what the token tells of all
    others. reason: why it comes from there.
    """

    field: str
    source: SettingSource
    value: str = ""
    is_required: bool = False
    given_by: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class AccessPattern(Planned):
    """One way the data is used: `kind` says what it does to `entity`, the other fields with what.

    An upsert is of kind 'update': it changes the row that `by` finds, and `is_upsert` says that it makes it where there is
    none. `returns` names the fields of an answer, none where it is every field that the caller may see.
    """

    summary: str = ""
    kind: PatternKind
    entity: str
    is_upsert: bool = False
    # whether a write means every row that it finds, rather than one
    many: bool = False
    by: tuple[str, ...] = ()
    where: tuple[Filter, ...] = ()
    sets: tuple[Setting, ...] = ()
    returns: tuple[str, ...] = ()
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
    # how often, at the peak
    rate: Quantity = parse("0/s")
    consistency: Consistency
    roles: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    is_async: bool = False

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.kind == "read"

    @property
    def order(self) -> tuple[Sorting, ...]:
        """The terms of its order."""
        return tuple(read_sorting(one) for one in self.sort)

    @property
    def along(self) -> tuple[Inclusion, ...]:
        """What comes along, and over which field."""
        return tuple(read_inclusion(one) for one in self.include)

    @property
    def included(self) -> tuple[str, ...]:
        """The names of what comes along."""
        return tuple(one.name for one in self.along)

    @property
    def taken(self) -> tuple[Setting, ...]:
        """What a write takes from its caller."""
        return tuple(one for one in self.sets if one.source == "caller")

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
