"""What was said: the design as one frozen record of its sections.

A design may be short: requirements and entities are enough. What is not said is proposed by `archnb.plan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import InitVar, dataclass
from typing import Any

from archnb.design.accepted import Acceptance, check_acceptances
from archnb.design.api import Api
from archnb.design.auth import Auth
from archnb.design.cache import Cache
from archnb.design.decisions import Decisions
from archnb.design.declaration import NOT_NEGATIVE, Refers, said
from archnb.design.entities import AccessPattern, Entity, Relationship
from archnb.design.errors import Errors
from archnb.design.flow import Flow
from archnb.design.jobs import Jobs
from archnb.design.migrations import Migrations
from archnb.design.monitoring import Monitoring
from archnb.design.origin import Origin
from archnb.design.patterns import Pattern
from archnb.design.record import Dotted, Named, Record, build, leaves, plain, read
from archnb.design.references import (
    Names,
    find_circles,
    find_faults,
    find_unknown,
    find_wrong_ways,
    is_known_at_once,
    list_references,
)
from archnb.design.renames import find_false_renames
from archnb.design.requirements import Requirements
from archnb.design.scaling import Scaling
from archnb.design.schema import Schema
from archnb.engines import CACHE_ENGINES, QUEUE_ENGINES, STORE_ENGINES, find_engine
from archnb.exceptions import InputError, Problem
from archnb.quantity import Quantity

__all__ = ["Design", "Origin", "find_dangling", "find_origin", "leaves", "locate", "plain", "read", "remember_origin"]

# the version of the file format that these records are
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Design(Record):
    """A backend design: what people said of it."""

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
    assumptions: Dotted[Quantity] = said(
        "What is known better than the plan assumes?",
        default=Dotted(),
        example="{cache.least_saved: 0.1}",
        within=NOT_NEGATIVE,
        help="The name of an assumption with another value, dotted or nested; `plan.facts.assumptions` lists the names.",
    )
    accepted: tuple[Acceptance, ...] = said("Which findings are accepted?", default=())
    # no field: it is neither said nor compared nor shown, and `dataclasses.replace` hands it on
    _origin: InitVar[Origin | None] = None

    def __post_init__(self, _origin: Origin | None) -> None:
        if _origin is not None:
            remember_origin(self, _origin.hand_on())

    def replace(self, path: str, value: Any) -> Design:
        """The same design with the value at a dotted path replaced, read as from a file.

        Raises InputError where the path or the value does not fit.
        """
        made, origin = super().replace(path, value), find_origin(self)
        if origin is not None:
            remember_origin(made, origin.hand_on())
        return made

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


def _is_touched(path: str, wrong: list[str]) -> bool:
    """Whether something at a path, above it or below it could not be read."""
    return any(path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.") for one in wrong)


def find_origin(design: Design) -> Origin | None:
    """What a design was read from, None where it was made in Python."""
    found: Origin | None = vars(design).get("_origin")
    return found


def remember_origin(design: Design, origin: Origin) -> None:
    """Note what a design was read from; what it says stays as it is."""
    object.__setattr__(design, "_origin", origin)


def find_dangling(design: Design) -> Iterator[Problem]:
    """Every name that names nothing, every fault between the fields of a record, every cycle of inheritance.

    Names of what only the plan proposes are checked there.
    """
    at_once = [one for one in list_references(design) if is_known_at_once(one)]
    yield from find_faults(design)
    yield from find_unknown(at_once, Names(design))
    yield from find_wrong_ways(design)
    yield from find_circles(design)
    yield from find_false_renames(design)
    yield from check_acceptances(design.accepted)
    yield from _check_engines(design)


def locate(design: Design, problems: Iterable[Problem]) -> InputError:
    """The error of some problems of a design, with the lines of its file where it was read from one."""
    origin = find_origin(design)
    return origin.locate(problems) if origin is not None else InputError(problems)


def _check_engines(design: Design) -> Iterator[Problem]:
    """A part of the flow is of an engine that can be such a part, and of the one that its own section has it to be."""
    for name, one in design.flow.components.items():
        engine, path = find_engine(one.engine), f"flow.components.{name}.engine"
        kind = one.kind or ("store" if name in design.schema.stores else name if name in ("cache", "queue") else None)
        if engine is None or kind is None:
            continue
        roster = {"store": STORE_ENGINES, "cache": CACHE_ENGINES, "queue": QUEUE_ENGINES}.get(kind)
        if roster is None:
            yield Problem.of(
                path, f"a {kind} has no engine", "say what it is built with as `technology`", given=engine.name
            )
            continue
        if engine.name not in roster.list_names():
            yield roster.tell_unknown(path, engine.name)
            continue
        where, own = _find_own_engine(design, name, kind)
        if own is not None and own != engine.name:
            told = f"{engine.name!r} is said here and {own!r} at {where}"
            yield Problem.of(path, told, "say it once", given=engine.name, allowed=[own])


def _find_own_engine(design: Design, name: str, kind: str) -> tuple[str, str | None]:
    """Where the section of a store, cache or queue says its engine, and which one."""
    if kind == "store":
        store = design.schema.stores.get(name)
        return f"schema.stores.{name}.engine", store.engine if store is not None else None
    if kind == "cache":
        return "cache.engine", design.cache.engine
    queue = next((queue for queue, one in design.jobs.queues.items() if one.engine), None)
    return f"jobs.queues.{queue}.engine", design.jobs.queues[queue].engine if queue is not None else None
