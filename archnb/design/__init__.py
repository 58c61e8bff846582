"""What was said: the design as one frozen record of its sections.

A design may be short: requirements and entities are enough. What is not said is proposed by `archnb.plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from archnb.design.api import Api
from archnb.design.auth import Auth
from archnb.design.cache import Cache
from archnb.design.decisions import Decisions
from archnb.design.entities import AccessPattern, Entity, Relationship
from archnb.design.errors import Errors
from archnb.design.flow import Flow
from archnb.design.jobs import Jobs
from archnb.design.migrations import Migrations
from archnb.design.monitoring import Monitoring
from archnb.design.patterns import Pattern
from archnb.design.record import Named, Record, Refers, build, leaves, plain, read, said
from archnb.design.references import (
    Names,
    fields_of,
    find_circles,
    find_faults,
    find_unknown,
    is_known_at_once,
    list_references,
)
from archnb.design.requirements import Requirements
from archnb.design.scaling import Scaling
from archnb.design.schema import Schema
from archnb.exceptions import InputError, Problem

__all__ = ["Design", "Origin", "fields_of", "find_dangling", "leaves", "locate", "plain", "read", "remember_origin"]

# the version of the file format that these records are
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Design(Record):
    """A backend design: what people said of it."""

    # beside the fields: where it was read from is no part of what it says
    __slots__ = ("_origin",)

    name: str | None = said("What is the design called?", example="shop")
    summary: str | None = said("What is it, in one sentence?", example="An online shop.", also=("description", "title"))
    requirements: Requirements = said("What is asked of it?", default=Requirements())
    entities: Named[Entity] = said("Which things does it keep?", default=dict, also=("tables", "models"))
    relationships: Named[Relationship] = said("How else are they related?", default=dict)
    access: Named[AccessPattern] = said("How are they used?", default=dict, also=("access_patterns", "queries"))
    schema: Schema = said("How are they stored?", default=Schema())
    api: Api = said("Which operations does it offer?", default=Api())
    auth: Auth = said("Who may do what?", default=Auth())
    flow: Flow = said("How do requests travel?", default=Flow())
    cache: Cache = said("What is cached?", default=Cache())
    jobs: Jobs = said("What runs later?", default=Jobs())
    errors: Errors = said("What goes wrong, and what then?", default=Errors())
    monitoring: Monitoring = said("What is measured?", default=Monitoring())
    scaling: Scaling = said("How does it grow?", default=Scaling())
    migrations: Migrations = said("How does it change?", default=Migrations())
    patterns: Named[Pattern] = said(
        "Which patterns?",
        default=dict,
        keys=Refers("pattern", unless=("reason",), hint="Say the reason of a pattern of your own."),
    )
    decisions: Decisions = said("What was decided?", default=Decisions())

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Design:
        """Build a design from plain data, as a file holds it.

        >>> Design.of({"entities": {"Order": {"fields": {"id": "key", "total": "monee"}}}})
        Traceback (most recent call last):
        archnb.exceptions.InputError: entities.Order.fields.total: type 'monee' is not known; did you mean 'money'? See archnb.types().

        Raises InputError with every problem, dangling references among them.
        """
        problems: list[Problem] = []
        made = build(cls, {name: value for name, value in data.items() if name != "archnb"}, "", problems)
        # what could not be read is no reason to complain of what refers to it or misses it
        wrong = [one.path for one in problems]
        problems += [one for one in find_dangling(made) if not _is_touched(one.path, wrong)]
        if problems:
            error = InputError(problems)
            error.data = data
            raise error
        return made

    def __getstate__(self) -> dict[str, Any]:
        # where it was read from stays behind when a design is copied or sent elsewhere
        return dict(self.__dict__)


def _is_touched(path: str, wrong: list[str]) -> bool:
    """Whether something at a path, above it or below it could not be read."""
    return any(path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.") for one in wrong)


def find_dangling(design: Design) -> Iterator[Problem]:
    """Every name that names nothing, every fault between the fields of a record, every cycle of inheritance.

    Names of what only the plan proposes are checked there.
    """
    at_once = [one for one in list_references(design) if is_known_at_once(one)]
    yield from find_faults(design)
    yield from find_unknown(at_once, Names(design))
    yield from find_circles(design)


class Origin(NamedTuple):
    """Where a design was read from: what errors call it, and a function that finds the line of a problem."""

    where: str
    locate: Callable[[Problem], Problem]


def remember_origin(design: Design, origin: Origin) -> None:
    """Keep with a design where it was read from; a changed copy of the design does not have it."""
    object.__setattr__(design, "_origin", origin)


def locate(design: Design, problems: Iterable[Problem]) -> InputError:
    """The error of some problems of a design, with the lines of its file where it was read from one."""
    origin: Origin | None = getattr(design, "_origin", None)
    if origin is None:
        return InputError(problems)
    return InputError([origin.locate(one) for one in problems], origin.where)
