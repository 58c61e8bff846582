"""How the data is used: a read or a write, what it asks by, what it sets, and its steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from archnb.design.conditions import (
    Assignment,
    Filter,
    Inclusion,
    Sorting,
    find_direction_fault,
    read_inclusion,
    read_sorting,
)
from archnb.design.declaration import (
    NOT_NEGATIVE_RATE,
    NUMBER,
    POSITIVE,
    RATE,
    SIZE,
    Range,
    Refers,
    said,
)
from archnb.design.record import Fault, Record
from archnb.design.requirements import Consistency
from archnb.exceptions import InputError, Problem, quote
from archnb.quantity import Quantity

STEP = "a step is VERB ENTITY [via PARTY] [undo VERB], for instance: capture Payment via psp undo refund"


@dataclass(frozen=True, kw_only=True)
class Step(Record):
    """One step of a write that spans several things: `charge Payment via psp undo refund`."""

    SHORTHAND: ClassVar[str] = "a text such as 'charge Payment via psp undo refund'"

    action: str | None = said("What is done?", example="charge", also=("verb", "do"))
    entity: str | None = said("To which entity?", example="Payment", refers=Refers("entity", hint=f"A{STEP[1:]}."))
    via: str | None = said("Through which third party?", example="psp", also=("through", "party"))
    undo: str | None = said("What undoes it?", example="refund", also=("compensation", "rollback"))

    @classmethod
    def read_shorthand(cls, text: str) -> Mapping[str, Any]:
        match = re.fullmatch(r"\s*(\S+)\s+(.+?)(?:\s+via\s+(\S+))?(?:\s+undo\s+(.+?))?\s*", text)
        if match is None:
            raise InputError([Problem.of("", f"{quote(text)} is not a step", STEP, given=text)])
        found = {"action": match[1], "entity": match[2], "via": match[3], "undo": match[4]}
        return {name: value for name, value in found.items() if value is not None}

    def write_shorthand(self) -> str | None:
        if not self.action or not self.entity or " " in self.action:
            return None
        made = (
            f"{self.action} {self.entity}"
            + (f" via {self.via}" if self.via else "")
            + (f" undo {self.undo}" if self.undo else "")
        )
        return made if Step(**self.read_shorthand(made)) == self else None


@dataclass(frozen=True, kw_only=True)
class AccessPattern(Record):
    """One way the data is used: a read or a write, by which fields, how often, how fresh.

    `by`, `range`, `sort` and `search` name fields of the entity; `-placed_at` sorts downwards.
    """

    summary: str | None = said(
        "What does it do for the user?", example="Shows a customer's latest orders.", also=("description", "title")
    )
    reads: str | None = said("Which entity does it read?", example="Order", refers="entity", also=("read",))
    writes: str | None = said("Which entity does it write?", example="Order", refers="entity", also=("write",))
    action: Literal["create", "update", "upsert", "delete"] | None = said(
        "What does the write do?",
        example="create",
        help="`upsert` changes the row that `by` finds, and makes it where there is none.",
        meant={
            "insert": "create",
            "add": "create",
            "new": "create",
            "change": "update",
            "edit": "update",
            "modify": "update",
            "patch": "update",
            "remove": "delete",
            "erase": "delete",
            "merge": "upsert",
            "save": "upsert",
            "put": "upsert",
            "create or update": "upsert",
        },
    )
    many: bool | None = said(
        "Does the write mean every row that it finds?",
        example="true",
        help="Left out, one row is meant, and `by` must find one.",
        proposed="false",
        also=("all", "bulk"),
    )
    by: tuple[str, ...] = said(
        "Which fields are given exactly?",
        default=(),
        example="customer",
        refers="field path",
        grammar="by",
        also=("key",),
    )
    where: tuple[Filter, ...] = said(
        "Which rows, whoever asks?",
        default=(),
        example="status = free, sent_at is missing",
        help="What is the same in every call; what a call gives stands in `by` and `range`.",
        grammar="where",
        also=("filter", "filters", "condition", "conditions"),
    )
    range: str | None = said(
        "Which field is given as a range?", example="placed_at", refers="field path", grammar="range", also=("between",)
    )
    sort: tuple[str, ...] = said(
        "How are the results ordered?",
        default=(),
        example="-placed_at",
        refers=Refers("field path", pick=r"^\s*-?\s*(.+?)(?:\s+nulls\b.*)?$"),
        grammar="sort",
        also=("order_by", "order"),
    )
    search: tuple[str, ...] = said(
        "Which fields are searched as text?",
        default=(),
        example="name, description",
        refers="field path",
        also=("query", "full_text"),
    )
    include: tuple[str, ...] = said(
        "Which other entities come along?",
        default=(),
        example="OrderLine",
        refers=Refers("entity or relationship", pick=r"^(.+?)(?:\s+via\s.*)?$"),
        grammar="include",
        also=("with", "join"),
    )
    returns: tuple[str, ...] = said(
        "Which fields does a read answer?",
        default=(),
        example="starts_at, ends_at",
        help="Left out, every field that its callers may see.",
        refers="field path",
        also=("fields", "columns", "select"),
    )
    sets: tuple[Assignment, ...] = said(
        "What does a write set, and from where?",
        default=(),
        example="title, status = open, owner = caller",
        grammar="sets",
        also=("set", "values", "assigns"),
    )
    aggregate: str | None = said("What is computed over the rows?", example="sum of total by day", grammar="aggregate")
    depth: int | None = said(
        "How many relationships deep does it go?",
        example="3",
        help="Above 2, a graph store is weighed.",
        within=Range(least="0", most="1000", is_whole=True),
    )
    limit: int | None = said(
        "How many rows at most?",
        example="20",
        within=Range(least="1", most="1000000000", is_whole=True),
        also=("page_size", "top"),
    )
    rate: Quantity | None = said(
        "How often, at the peak?",
        unit=RATE,
        example="200/s",
        within=NOT_NEGATIVE_RATE,
        also=("rps", "qps", "frequency"),
    )
    rows: Quantity | None = said(
        "How many rows does one call write?",
        unit=NUMBER,
        example="200",
        help="Where it is not one: a fan-out writes one for each follower, a batch one for each line.",
        within=POSITIVE,
        also=("fan_out", "fanout", "batch", "copies"),
    )
    media: Quantity | None = said(
        "How large is the file that goes with one call?",
        unit=SIZE,
        example="2 MB",
        help="On average: a picture or a film that a write brings, which an object store keeps, or that a read gives. It counts in"
        " the bandwidth of its direction and beside the rows that are kept.",
        within=Range(above="0 B"),
        also=("upload", "download", "file_size", "attachment"),
    )
    follows: str | None = said(
        "With what does its rate move?",
        example="load",
        refers="rate to follow",
        help="`load`, or another access pattern: where that is uncertain, this rate keeps its ratio to it. Without it a rate"
        " that is a range is drawn on its own.",
    )
    consistency: Consistency | None = said("Must a read see every write before it?", example="session")
    roles: tuple[str, ...] = said(
        "Who may do it?", default=(), example="customer, admin", help="`public` is everybody.", also=("role", "who")
    )
    steps: tuple[Step, ...] = said(
        "What else does the write do, in order?", default=(), example="reserve Stock undo release", grammar="steps"
    )
    is_async: bool | None = said(
        "May the user go on before it is done?",
        example="true",
        proposed="false",
        also=("async", "asynchronous", "background"),
    )

    def find_faults(self) -> Iterator[Fault]:
        if (self.reads is None) == (self.writes is None):
            next = "say either `reads` or `writes`, with the entity it is about"
            told = "it neither reads nor writes" if self.reads is None else "it both reads and writes"
            yield Fault("", told, next)
        elif self.reads is not None:
            for name, is_said in (
                ("sets", bool(self.sets)),
                ("action", self.action is not None),
                ("many", bool(self.many)),
                ("rows", self.rows is not None),
            ):
                if is_said:
                    yield Fault(name, "a read changes nothing", f"leave {name!r} out, or say `writes`")
        elif self.returns:
            yield Fault("returns", "a write answers with the row that it wrote", "leave 'returns' out, or say `reads`")
        if self.sets and self.action == "delete":
            yield Fault("sets", "what is deleted is not set", "leave 'sets' out, or say `action: update`")
        seen: set[str] = set()
        for one in self.sets:
            if one.field in seen:
                yield Fault("sets", f"{quote(one.field)} is set twice", "take one of the two out")
            seen.add(one.field or "")
        for text in self.sort:
            if (fault := find_direction_fault(text)) is not None:
                yield Fault("sort", fault, "write 'nulls first' or 'nulls last'")

    @property
    def effect(self) -> Literal["create", "update", "delete"] | None:
        """What a write does to the row that it finds; an upsert changes it. None where nothing is said, and for a read."""
        return "update" if self.action == "upsert" else self.action

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
        return tuple(read_inclusion(one).name for one in self.include)


__all__ = ["STEP", "AccessPattern", "Step"]
