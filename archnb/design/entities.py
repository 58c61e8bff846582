"""The data model and how it is used: entities with typed fields, relationships, access patterns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from archnb.design.access import STEP, AccessPattern, Step
from archnb.design.declaration import (
    COUNT,
    DURATION,
    GROWTH,
    NUMBER,
    RATE,
    TIME,
    Range,
    Refers,
    said,
)
from archnb.design.fields import (
    MARKS,
    MARKS_MEANT,
    TYPES,
    TYPES_MEANT,
    Field,
    OnDelete,
    Type,
    read_field,
    unknown_type,
    write_field,
)
from archnb.design.invariants import SPAN, Expiry, Invariant, Transition, read_span
from archnb.design.record import Fault, Named, Record
from archnb.exceptions import quote
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Entity(Record):
    """A thing that is kept: its fields, how many there are, how they grow, how long they stay."""

    summary: str | None = said("What is it?", example="A person who buys.", also=("description", "title", "comment"))
    fields: Named[Field] = said(
        "What is known about it?", default=dict, grammar="field", also=("columns", "attributes", "properties")
    )
    extends: str | None = said(
        "Which entity is it a special case of?", example="Party", refers="entity", also=("inherits", "parent", "base")
    )
    key: tuple[str, ...] = said(
        "Which fields together are its key?",
        default=(),
        example="order, product",
        help="Where one field is not.",
        refers="field of the entity",
        also=("primary_key", "pk"),
    )
    unique: tuple[str, ...] = said(
        "Which fields together are unique?",
        default=(),
        example="customer + product",
        help="Joined with '+', one text a constraint.",
        refers=Refers("field of the entity", pick=r"([^+]*[^+\s])"),
        also=("uniques",),
    )
    rows: Quantity | None = said(
        "How many are there at the start?", unit=NUMBER, example="5M", within=COUNT, also=("count", "number")
    )
    growth: Quantity | None = said(
        "How many are added?",
        unit=RATE,
        example="50k/day",
        help="A number per time, the same in every year, or a share such as 60%/year; left out, it grows as the load does.",
        within=Range(least="-1G/s", most="1G/s", share=GROWTH),
        also=("growth_rate",),
    )
    retention: Quantity | None = said(
        "How long is each kept?", unit=TIME, example="7 years", within=DURATION, also=("ttl", "keep")
    )
    domain: str | None = said(
        "Which part of the business does it belong to?", example="ordering", also=("context", "module")
    )
    history: bool | None = said("Must every earlier state be known?", example="true", help="Proposes event sourcing.")
    holds: tuple[Invariant, ...] = said(
        "What is always true of its rows?",
        default=(),
        example="ends_at > starts_at, no overlap of starts_at..ends_at per room",
        help="Each line becomes a constraint of the engine, or what takes its place there. What follows from the fields is"
        " proposed; `not always …` refuses it.",
        grammar="holds",
        also=("invariants", "constraints", "always"),
    )
    soft_delete: str | None = said(
        "Which field says that a row is deleted, while it stays?",
        example="deleted_at",
        help="Reads leave such rows out, uniques hold among the living, and a delete sets the field. `none` refuses it.",
        refers=Refers("field of the entity or none"),
        also=("soft_deletes", "paranoid", "tombstone"),
    )
    append_only: bool | None = said(
        "Are its rows only ever added?",
        example="true",
        help="Telemetry, clicks, entries of a ledger: nothing changes or deletes one; a repeat is told by its key.",
        also=("immutable", "insert_only", "stream"),
    )
    valid: str | None = said(
        "Between which two fields is a row valid?",
        example="valid_from..valid_to per product",
        help="An end that is missing is open. Rows of the same fields behind `per` follow upon each other and never overlap.",
        refers=SPAN,
        grammar="valid",
    )
    states: tuple[Transition, ...] = said(
        "Which states follow upon which, and who may take the step?",
        default=(),
        example="requested -> accepted by driver, accepted -> started",
        help="Of the one enum that these are words of. What is not listed is refused.",
        grammar="states",
        also=("transitions", "state_machine", "lifecycle"),
    )

    expires: tuple[Expiry, ...] = said(
        "Which state ends by itself, and when?",
        default=(),
        example="held -> cancelled after 15 min, offered -> expired after expires_at",
        help="A job ends each such row in time, where it is still in that state.",
        grammar="expires",
        also=("expiry", "timeouts", "time_limits"),
    )

    def find_faults(self) -> Iterator[Fault]:
        """What two words of one entity say against each other."""
        if self.valid is not None and read_span(self.valid) is None:
            yield Fault(
                "valid",
                f"{quote(self.valid)} is no span",
                "write FROM..TO [per FIELD], for instance: valid_from..valid_to per product",
            )
        if self.append_only and self.soft_delete not in (None, "none"):
            yield Fault(
                "append_only",
                "rows that are only added are not deleted, softly or otherwise",
                "say one of append_only and soft_delete",
            )
        if self.append_only and self.states:
            yield Fault(
                "append_only", "rows that are only added do not change their state", "say one of append_only and states"
            )

    was: str | None = said(
        "What was it called before?", example="Client", help="A comparison of two versions then tells a rename, which keeps the data, from an entity that goes and another that comes.",
        also=("renamed_from", "formerly", "old_name"),
    )  # fmt: skip


def list_ancestry(entities: Mapping[str, Entity], entity: str) -> tuple[str, ...]:
    """An entity, what it extends, what that extends, and so on; a circle ends where it begins."""
    chain: dict[str, None] = {}
    name: str | None = entity
    while name is not None and name in entities and name not in chain:
        chain[name] = None
        name = entities[name].extends
    return tuple(chain)


def collect_fields(entities: Mapping[str, Entity], entity: str) -> Mapping[str, Field]:
    """The fields of an entity with those it inherits, the inherited ones first; none where it is not declared."""
    chain = list_ancestry(entities, entity)
    if len(chain) == 1:
        return entities[entity].fields
    found: dict[str, Field] = {}
    for name in reversed(chain):
        found |= entities[name].fields
    return Named(found)


@dataclass(frozen=True, kw_only=True)
class Relationship(Record):
    """A relationship that no field of an entity says, above all many-to-many, with its own attributes."""

    between: tuple[str, ...] = said("Which two entities?", default=(), example="Product, Category", refers="entity")
    kind: Literal["one-to-one", "one-to-many", "many-to-many"] | None = said(
        "How many of each?",
        example="many-to-many",
        meant={
            "one_to_one": "one-to-one",
            "1:1": "one-to-one",
            "one_to_many": "one-to-many",
            "1:n": "one-to-many",
            "many_to_many": "many-to-many",
            "n:m": "many-to-many",
            "m:n": "many-to-many",
        },
        also=("type", "cardinality"),
    )
    optional: bool | None = said("May the many side have none?", example="true")
    fields: Named[Field] = said("What is known about each pair?", default=dict, grammar="field")
    rows: Quantity | None = said("How many pairs are there?", unit=NUMBER, example="20M", within=COUNT)

    def find_faults(self) -> Iterator[Fault]:
        if len(self.between) != 2:
            fault = f"{len(self.between)} entities are given where two are needed"
            yield Fault("between", fault, "write 'Product, Category'")


# the data model and its use are one vocabulary, and most who read one of its words read several
__all__ = [
    "MARKS", "MARKS_MEANT", "STEP", "TYPES", "TYPES_MEANT", "AccessPattern", "Entity", "Field", "OnDelete", "Relationship", "Step",
    "Type", "collect_fields", "list_ancestry", "read_field", "unknown_type", "write_field",
]  # fmt: skip
