"""What was said: the design as one frozen record of its sections.

A design may be short: requirements and entities are enough. What is not said is proposed by `archnb.plan`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import InitVar, dataclass
from typing import Any

from archnb.design.accepted import Acceptance, check_acceptances
from archnb.design.api import Api
from archnb.design.auth import Auth
from archnb.design.cache import Cache
from archnb.design.decisions import Decisions
from archnb.design.entities import TYPES, AccessPattern, Entity, Field, Relationship
from archnb.design.errors import Errors
from archnb.design.flow import Flow
from archnb.design.jobs import Jobs
from archnb.design.migrations import Migrations
from archnb.design.monitoring import Monitoring
from archnb.design.origin import Origin
from archnb.design.patterns import Pattern
from archnb.design.record import Dotted, Named, Record, leaves, plain, read, said
from archnb.design.requirements import Requirements
from archnb.design.scaling import Scaling
from archnb.design.schema import Schema
from archnb.engines import CACHE_ENGINES, QUEUE_ENGINES, STORE_ENGINES, find_engine
from archnb.exceptions import InputError, Problem, unknown
from archnb.quantity import Quantity

__all__ = ["Design", "find_dangling", "leaves", "plain", "read"]

# the version of the file format that these records are
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Design(Record):
    """A backend design: what people said of it."""

    name: str | None = said("What is the design called?", example="shop")
    summary: str | None = said("What is it, in one sentence?", example="An online shop.")
    requirements: Requirements = said("What is asked of it?", default=Requirements())
    entities: Named[Entity] = said("Which things does it keep?", default=dict)
    relationships: Named[Relationship] = said("How else are they related?", default=dict)
    access: Named[AccessPattern] = said("How are they used?", default=dict)
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
    patterns: Named[Pattern] = said("Which patterns?", default=dict)
    decisions: Decisions = said("What was decided?", default=Decisions())
    assumptions: Dotted[Quantity] = said(
        "What is known better than the plan assumes?",
        default=Dotted(),
        example="{cache.least_saved: 0.1}",
        help="The name of an assumption with another value, dotted or nested; `plan.facts.assumptions` lists the names.",
    )
    accepted: tuple[Acceptance, ...] = said("Which findings are accepted?", default=())
    # no field: it is neither said nor compared nor shown, and `dataclasses.replace` hands it on
    _origin: InitVar[Origin | None] = None

    def __post_init__(self, _origin: Origin | None) -> None:
        if _origin is not None:
            remember_origin(self, _origin)

    def replace(self, path: str, value: Any) -> Design:
        """The same design with the value at a dotted path replaced, read as from a file.

        Raises InputError where the path or the value does not fit.
        """
        made, origin = super().replace(path, value), find_origin(self)
        if origin is not None:
            remember_origin(made, origin)
        return made

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Design:
        """Build a design from plain data, as a file holds it.

        >>> Design.of({"entities": {"Order": {"fields": {"id": "key", "total": "monee"}}}})
        Traceback (most recent call last):
        archnb.exceptions.InputError: entities.Order.fields.total: type 'monee' is not known; did you mean 'money'? See archnb.types().

        Raises InputError with every problem, dangling references among them.
        """
        made = read(cls, {name: value for name, value in data.items() if name != "archnb"})
        problems = list(find_dangling(made))
        if problems:
            raise InputError(problems)
        return made


def find_origin(design: Design) -> Origin | None:
    """What a design was read from, None where it was made in Python."""
    found: Origin | None = vars(design).get("_origin")
    return found


def remember_origin(design: Design, origin: Origin) -> None:
    """Note what a design was read from; what it says stays as it is."""
    object.__setattr__(design, "_origin", origin)


def find_dangling(design: Design) -> Iterator[Problem]:
    """Every reference that names nothing, every unknown type, every cycle of inheritance."""
    yield from _check_entities(design)
    yield from _check_relationships(design)
    yield from _check_access(design)
    yield from _check_tables(design)
    yield from check_acceptances(design.accepted)
    yield from _check_engines(design)


def fields_of(design: Design, entity: str) -> dict[str, Field]:
    """The fields of an entity with those it inherits, the inherited ones first."""
    if entity in design.entities and design.entities[entity].extends is None:
        return dict(design.entities[entity].fields.items())
    chain: list[str] = []
    name: str | None = entity
    while name is not None and name in design.entities and name not in chain:
        chain.append(name)
        name = design.entities[name].extends
    found: dict[str, Field] = {}
    for one in reversed(chain):
        found |= dict(design.entities[one].fields)
    return found


def _check_entities(design: Design) -> Iterator[Problem]:
    names = list(design.entities)
    for name, entity in design.entities.items():
        path = f"entities.{name}"
        for field_name, field in entity.fields.items():
            here = f"{path}.fields.{field_name}"
            if field.type is None and field.references is None:
                yield Problem(here, "a type is missing; write for instance 'text(200)'. See archnb.types().")
            elif field.type is not None and field.type not in TYPES:
                yield Problem(here, unknown("type", field.type, TYPES, "See archnb.types()."))
            if field.references is not None and field.references not in names:
                yield Problem(here, unknown("entity", field.references, names, "Declare it under entities."))
            if field.type == "enum" and not field.values:
                yield Problem(here, "an enum needs its words; write for instance 'enum(new, paid)'.")
        own = fields_of(design, name)
        for one in entity.key:
            if one not in own:
                yield Problem(f"{path}.key", unknown("field", one, own))
        for joined in entity.unique:
            for one in joined.split("+"):
                if one.strip() not in own:
                    yield Problem(f"{path}.unique", unknown("field", one.strip(), own))
        if entity.extends is not None:
            yield from _check_extends(design, name)


def _check_extends(design: Design, name: str) -> Iterator[Problem]:
    path, seen, at = f"entities.{name}.extends", [name], design.entities[name].extends
    while at is not None:
        if at not in design.entities:
            if len(seen) == 1:
                yield Problem(path, unknown("entity", at, design.entities, "Declare it under entities."))
            return
        if at in seen:
            if at == name:
                yield Problem(path, f"inheritance goes in a circle: {' -> '.join([*seen, at])}; take one of them out.")
            return
        seen.append(at)
        at = design.entities[at].extends


def _check_relationships(design: Design) -> Iterator[Problem]:
    for name, one in design.relationships.items():
        path = f"relationships.{name}"
        if len(one.between) != 2:
            yield Problem(
                f"{path}.between",
                f"{len(one.between)} entities are given where two are needed; write 'Product, Category'.",
            )
        for end in one.between:
            if end not in design.entities:
                yield Problem(f"{path}.between", unknown("entity", end, design.entities, "Declare it under entities."))
        for field_name, field in one.fields.items():
            if field.type is not None and field.type not in TYPES:
                yield Problem(f"{path}.fields.{field_name}", unknown("type", field.type, TYPES, "See archnb.types()."))


def _check_access(design: Design) -> Iterator[Problem]:
    for name, one in design.access.items():
        path = f"access.{name}"
        if (one.reads is None) == (one.writes is None):
            yield Problem(path, "say either `reads` or `writes`, with the entity it is about.")
            continue
        entity = one.reads or one.writes or ""
        verb = "reads" if one.reads else "writes"
        if entity not in design.entities:
            yield Problem(f"{path}.{verb}", unknown("entity", entity, design.entities, "Declare it under entities."))
            continue
        own = fields_of(design, entity)
        named = {"by": one.by, "range": (one.range,) if one.range else (), "sort": one.sort, "search": one.search}
        for part, fields in named.items():
            for field in fields:
                # `customer.country` follows a reference one step
                if field.lstrip("-").partition(".")[0] not in own and field.lstrip("-") != "id":
                    yield Problem(
                        f"{path}.{part}", unknown("field", field.lstrip("-"), own, f"It must be a field of {entity}.")
                    )
        for included in one.include:
            if included not in design.entities and included not in design.relationships:
                yield Problem(f"{path}.include", unknown("entity", included, [*design.entities, *design.relationships]))
        if one.follows is not None:
            yield from _check_follows(design, name)
        for n, step in enumerate(one.steps):
            if step.entity is not None and step.entity not in design.entities:
                yield Problem(
                    f"{path}.steps.{n}", unknown("entity", step.entity, design.entities, "Declare it under entities.")
                )


def _check_follows(design: Design, name: str) -> Iterator[Problem]:
    path, chain = f"access.{name}.follows", [name]
    while (ahead := design.access[chain[-1]].follows) not in (None, "load"):
        if ahead not in design.access:
            if len(chain) == 1:
                yield Problem(path, unknown("access pattern", ahead, ["load", *design.access]))
            return
        if ahead in chain:
            if ahead == name:
                around = " -> ".join([*chain, name])
                yield Problem(path, f"the rates follow each other in a circle: {around}; take one of them out.")
            return
        chain.append(ahead)
    if len(chain) > 1 and design.access[chain[1]].rate is None:
        yield Problem(path, f"{chain[1]!r} has no rate to follow; say its rate, or follow the load.")


def _check_tables(design: Design) -> Iterator[Problem]:
    tables, stores = design.schema.tables, design.schema.stores
    for name, table in tables.items():
        path = f"schema.tables.{name}"
        if table.store is not None and stores and table.store not in stores:
            yield Problem(f"{path}.store", unknown("store", table.store, stores, "Declare it under schema.stores."))
        for column_name, column in table.columns.items():
            if column.type is not None and column.type not in TYPES:
                yield Problem(
                    f"{path}.columns.{column_name}", unknown("type", column.type, TYPES, "See archnb.types().")
                )
        for key_name, key in table.foreign_keys.items():
            if key.references is not None and key.references not in tables and tables and table.columns:
                yield Problem(f"{path}.foreign_keys.{key_name}", unknown("table", key.references, tables))
        if not table.columns:
            continue
        for needed in (*table.primary_key, *(c for key in table.foreign_keys.values() for c in key.columns)):
            if needed not in table.columns:
                yield Problem(path, unknown("column", needed, table.columns))


def _check_engines(design: Design) -> Iterator[Problem]:
    """A part of the flow is of an engine that can be such a part, and of the one that its own section has it to be."""
    for name, one in design.flow.components.items():
        engine, path = find_engine(one.engine), f"flow.components.{name}.engine"
        kind = one.kind or ("store" if name in design.schema.stores else name if name in ("cache", "queue") else None)
        if engine is None or kind is None:
            continue
        roster = {"store": STORE_ENGINES, "cache": CACHE_ENGINES, "queue": QUEUE_ENGINES}.get(kind)
        if roster is None:
            yield Problem(path, f"a {kind} has no engine; say what it is built with as `technology`.")
            continue
        if engine.name not in roster.list_names():
            yield Problem(path, roster.explain_unknown(engine.name))
            continue
        where, own = _find_own_engine(design, name, kind)
        if own is not None and own != engine.name:
            yield Problem(path, f"{engine.name!r} is said here and {own!r} at {where}; say it once.")


def _find_own_engine(design: Design, name: str, kind: str) -> tuple[str, str | None]:
    """Where the section of a store, cache or queue says its engine, and which one."""
    if kind == "store":
        store = design.schema.stores.get(name)
        return f"schema.stores.{name}.engine", store.engine if store is not None else None
    if kind == "cache":
        return "cache.engine", design.cache.engine
    queue = next((queue for queue, one in design.jobs.queues.items() if one.engine), None)
    return f"jobs.queues.{queue}.engine", design.jobs.queues[queue].engine if queue is not None else None
