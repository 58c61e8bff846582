"""What a design means: each question that several rooms ask is answered here, once per design, typed and kept.

A family of questions is a class in a module of its own, built from the sections that its answers rest on and nothing else.
A design that is completed section by section asks the same family again as long as none of these sections has changed.
What cannot be concluded is an `Unknown` with its reason and the line to write, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from archnb.design import Design
from archnb.design.entities import Field
from archnb.model.audiences import Audience, Audiences, Copy
from archnb.model.calls import Calls
from archnb.model.derivations import Balance, Derivations, Heartbeat
from archnb.model.erasure import Erasure, Erasures
from archnb.model.inheritance import Inheritance
from archnb.model.invariants import Invariants, Machine, Span
from archnb.model.keys import Key, Keys
from archnb.model.lifetimes import Lifetimes
from archnb.model.lookups import Access, Demand
from archnb.model.people import Membership, People
from archnb.model.places import Place, Places
from archnb.model.properties import Embed, Properties
from archnb.model.queues import Queues
from archnb.model.reaches import Conclusion, Question, Reaches
from archnb.model.references import Reference, References
from archnb.model.retentions import Retention, Retentions
from archnb.model.roles import Principal, Roles
from archnb.model.settings import Setting
from archnb.model.states import Precondition, States, Step
from archnb.model.tenants import Tenants
from archnb.model.touches import Touch, Touches
from archnb.model.traffic import Load, Traffic
from archnb.model.unknown import Unknown
from archnb.model.upkeep import Upkeep, Upkeeps
from archnb.model.ways import Way, Ways
from archnb.model.writes import Writes

__all__ = [
    "Access",
    "Audience",
    "Audiences",
    "Balance",
    "Calls",
    "Conclusion",
    "Copy",
    "Demand",
    "Derivations",
    "Embed",
    "Erasure",
    "Erasures",
    "Heartbeat",
    "Inheritance",
    "Invariants",
    "Key",
    "Keys",
    "Lifetimes",
    "Load",
    "Machine",
    "Membership",
    "Model",
    "People",
    "Place",
    "Places",
    "Precondition",
    "Principal",
    "Properties",
    "Question",
    "Queues",
    "Reference",
    "References",
    "Retention",
    "Retentions",
    "Roles",
    "Setting",
    "Span",
    "States",
    "Step",
    "Tenants",
    "Touch",
    "Touches",
    "Traffic",
    "Unknown",
    "Upkeep",
    "Upkeeps",
    "Way",
    "Ways",
    "Writes",
]

F = TypeVar("F")


class Model:
    """The answers about one design. A family is built when it is first asked."""

    def __init__(self, design: Design, before: Model | None = None) -> None:
        self.design = design
        # name -> the sections that the family was built from, and the family
        self._kept: dict[str, tuple[tuple[Any, ...], Any]] = dict(before._kept) if before is not None else {}

    def renew(self, design: Design) -> Model:
        """The model of another stage of the design: what rests on sections that are the same records is not asked anew."""
        return self if design is self.design else Model(design, self)

    def _keep(self, name: str, sections: tuple[Any, ...], build: Callable[[], F]) -> F:
        kept = self._kept.get(name)
        if kept is None or any(old is not new for old, new in zip(kept[0], sections, strict=True)):
            kept = self._kept[name] = (sections, build())
        family: F = kept[1]
        return family

    def fields(self, entity: str) -> Mapping[str, Field]:
        """The fields of an entity with those it inherits, the inherited ones first; none of an entity that is not declared."""
        return self.inheritance.fields(entity)

    @cached_property
    def inheritance(self) -> Inheritance:
        """What an entity is a special case of."""
        entities = self.design.entities
        return self._keep("inheritance", (entities,), lambda: Inheritance(entities))

    @cached_property
    def keys(self) -> Keys:
        """What identifies a row."""
        entities = self.design.entities
        return self._keep("keys", (entities,), lambda: Keys(entities, self.inheritance))

    @cached_property
    def references(self) -> References:
        """Who refers to whom."""
        one = self.design
        return self._keep(
            "references",
            (one.entities, one.relationships),
            lambda: References(one.entities, one.relationships, self.inheritance, self.keys),
        )

    @cached_property
    def ways(self) -> Ways:
        """The references from a row to what it belongs to."""
        one = self.design
        return self._keep("ways", (one.entities, one.relationships), lambda: Ways(self.references))

    @cached_property
    def people(self) -> People:
        """Which entities are people, and which one is the user."""
        one = self.design
        return self._keep(
            "people",
            (one.entities, one.relationships, one.access, one.auth),
            lambda: People(one.entities, one.access, one.auth, self.inheritance, self.keys, self.references),
        )

    @cached_property
    def lifetimes(self) -> Lifetimes:
        """Whether rows are deleted softly, or only ever added."""
        one = self.design
        return self._keep(
            "lifetimes",
            (one.entities, one.relationships, one.access),
            lambda: Lifetimes(one.entities, one.access, self.inheritance, self.keys, self.references),
        )

    @cached_property
    def retentions(self) -> Retentions:
        """How long rows are kept."""
        one = self.design
        return self._keep(
            "retentions",
            (one.entities, one.relationships, one.access, one.auth),
            lambda: Retentions(one.entities, self.inheritance, self.references, self.people, self.lifetimes),
        )

    @cached_property
    def invariants(self) -> Invariants:
        """What is always true of rows."""
        one = self.design
        return self._keep(
            "invariants",
            (one.entities, one.relationships, one.access, one.auth),
            lambda: Invariants(
                one.entities, one.access, self.inheritance, self.keys, self.references, self.people, self.lifetimes
            ),
        )

    @cached_property
    def roles(self) -> Roles:
        """Who stands behind a role."""
        one = self.design
        return self._keep(
            "roles",
            (one.entities, one.relationships, one.access, one.auth),
            lambda: Roles(one.entities, one.auth.roles, self.inheritance, self.people, self.ways),
        )

    @cached_property
    def tenants(self) -> Tenants:
        """Which entity is the tenant, and what belongs to one."""
        one = self.design
        return self._keep(
            "tenants",
            (one.entities, one.relationships, one.access, one.auth),
            lambda: Tenants(one.entities, one.auth, self.people, self.references, self.ways),
        )

    @cached_property
    def reaches(self) -> Reaches:
        """On which rows a caller may act."""
        one = self.design
        return self._keep(
            "reaches",
            (one.entities, one.relationships, one.access, one.auth),
            lambda: Reaches(
                one.entities,
                one.access,
                self.inheritance,
                self.keys,
                self.references,
                self.ways,
                self.people,
                self.roles,
                self.tenants,
            ),
        )

    @cached_property
    def erasures(self) -> Erasures:
        """What becomes of each row when a person's data is erased."""
        one = self.design
        return self._keep(
            "erasures",
            (one.entities, one.relationships, one.access, one.auth, one.schema.tables),
            lambda: Erasures(
                one.entities, one.relationships, one.access, self.people, self.references, self.keys, self.inheritance,
                self._find_held(),
            ),
        )  # fmt: skip

    def _find_held(self) -> dict[str, tuple[Reference, ...]]:
        """By entity, the references to it that no field says, by a foreign key of the schema that holds its rows back."""
        kept = {place: name for name in self.design.entities if (place := self.places.find_table(name)) is not None}
        found: dict[str, tuple[Reference, ...]] = {}
        for name, table in self.design.schema.tables.items():
            for key in table.foreign_keys.values():
                entity, target = kept.get(name), kept.get(key.references or "")
                if entity is None or target is None or entity == target:
                    continue
                is_field = any(one.entity == entity for one in self.references.list_to(target))
                is_child = target in self.inheritance.list_ancestry(entity)
                if not is_field and not is_child and key.on_delete in (None, "restrict", "no action") and key.columns:
                    one = Reference(
                        entity=entity, field=key.columns[-1], target=target, is_required=True, on_delete=None, is_key=False,
                        is_unique=False, declared_by=entity,
                    )  # fmt: skip
                    found[target] = (*found.get(target, ()), one)
        return found

    @cached_property
    def places(self) -> Places:
        """Where things live."""
        one, schema = self.design, self.design.schema
        return self._keep(
            "places",
            (one.entities, schema.stores, schema.tables),
            lambda: Places(one.entities, schema.stores, schema.tables, self.inheritance),
        )

    @cached_property
    def properties(self) -> Properties:
        """What fields are called in JSON."""
        one = self.design
        return self._keep(
            "properties",
            (one.entities, one.relationships),
            lambda: Properties(one.entities, one.relationships, self.inheritance, self.keys, self.references),
        )

    @cached_property
    def touches(self) -> Touches:
        """What an access pattern reads and writes."""
        one = self.design
        return self._keep(
            "touches",
            (one.entities, one.access, one.relationships, one.auth),
            lambda: Touches(one.access, one.relationships, self.erasures),
        )

    @cached_property
    def traffic(self) -> Traffic:
        """How often things are asked for."""
        one, schema = self.design, self.design.schema
        return self._keep(
            "traffic",
            (one.entities, one.access, one.relationships, one.auth, schema.stores, schema.tables),
            lambda: Traffic(one.access, self.touches, self.places),
        )

    @cached_property
    def writes(self) -> Writes:
        """What a write sets, and from where."""
        one = self.design
        return self._keep(
            "writes",
            (one.entities, one.relationships, one.access, one.auth),
            lambda: Writes(
                one.entities,
                one.access,
                self.inheritance,
                self.keys,
                self.references,
                self.people,
                self.roles,
                self.tenants,
                self.ways,
                self.lifetimes,
                self.states,
            ),
        )

    @cached_property
    def derivations(self) -> Derivations:
        """Which values follow from other rows."""
        one = self.design
        return self._keep(
            "derivations",
            (one.entities, one.relationships, one.access, one.auth),
            lambda: Derivations(
                one.entities, one.access, self.inheritance, self.references, self.lifetimes, self.writes
            ),
        )

    @cached_property
    def states(self) -> States:
        """The life of a row, and the steps that writes take in it."""
        one = self.design
        return self._keep(
            "states", (one.entities, one.access), lambda: States(one.entities, one.access, self.inheritance)
        )

    @cached_property
    def audiences(self) -> Audiences:
        """Whom writes reach."""
        one = self.design
        return self._keep(
            "audiences",
            (one.entities, one.relationships, one.access, one.auth),
            lambda: Audiences(
                one.entities, one.relationships, one.access, self.inheritance, self.keys, self.references, self.people
            ),
        )

    @cached_property
    def upkeeps(self) -> Upkeeps:
        """What must be done to rows when nobody asks."""
        one = self.design
        return self._keep(
            "upkeeps",
            (one.entities, one.relationships, one.access, one.auth, one.jobs.sagas),
            lambda: Upkeeps(
                one.entities,
                one.access,
                one.jobs.sagas,
                self.inheritance,
                self.keys,
                self.references,
                self.roles,
                self.states,
            ),
        )

    @cached_property
    def queues(self) -> Queues:
        """What the queues are made of."""
        queues = self.design.jobs.queues
        return self._keep(
            "queues", (queues, self.design.schema.stores), lambda: Queues(queues, self.places.main_engine)
        )

    @cached_property
    def calls(self) -> Calls:
        """Who calls whom."""
        flow, stores = self.design.flow, self.design.schema.stores
        return self._keep("calls", (flow, stores), lambda: Calls(flow.components, flow.paths, stores))
