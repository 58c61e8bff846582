"""Whom a name names: every reference of a design, found by the declarations of its fields, and the names that each may have.

Some names are known as soon as a design is read (entities, fields, types). Others name what only the plan proposes (a
component, an objective, an error code): they are checked, by the same declarations, as soon as the section is complete that
owns them. Both give the same kind of problem.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from archnb.design.conditions import AMOUNT, SPECIAL, Assignment, Filter, read_value
from archnb.design.declaration import Refers
from archnb.design.entities import TYPES, TYPES_MEANT, AccessPattern, Entity, Field, collect_fields
from archnb.design.expansion import expand
from archnb.design.flow import ZONES
from archnb.design.jobs import QUEUES
from archnb.design.patterns import PATTERNS
from archnb.design.record import Named, Record, asked, hints
from archnb.design.requirements import REGULATIONS
from archnb.exceptions import Problem, quote, unknown_name

if TYPE_CHECKING:
    from archnb.design import Design
    from archnb.design.api import Operation
    from archnb.design.schema import ForeignKey, SchemaTable

Holders = tuple[tuple[str, Record], ...]


class Reference(NamedTuple):
    """A name at a path, what it refers to, and the named records that it stands in, from the outermost on."""

    path: str
    refers: Refers
    name: str
    holders: Holders

    def holder(self, cls: type[Record]) -> tuple[str, Any] | None:
        """The innermost record of a class that the name stands in, with its own name."""
        return next(((name, one) for name, one in reversed(self.holders) if isinstance(one, cls)), None)


class Names:
    """The names that a design has, said or completed so far; each list is made once."""

    def __init__(self, design: Design, closed: Collection[str] = ()) -> None:
        self.design, self.closed = design, closed
        # what stands for several things may be named as it is written out
        self.entities = expand(design.entities)
        self._fields: dict[str, Mapping[str, Field]] = {}

    def fields(self, entity: str) -> Mapping[str, Field] | None:
        """The fields of an entity with those it inherits; None where there is no such entity."""
        if entity not in self.entities:
            return None
        if entity not in self._fields:
            self._fields[entity] = collect_fields(self.entities, entity)
        return self._fields[entity]

    @cached_property
    def operations(self) -> tuple[str, ...]:
        """The operations: the access patterns, and what the API has besides."""
        return tuple(dict.fromkeys((*self.design.access, *self.design.api.operations)))

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """The roles that were said, and those that access patterns name."""
        used = (role for one in self.design.access.values() for role in one.roles if role != "public")
        return tuple(dict.fromkeys((*self.design.auth.roles, *used)))


# -- which names there are for each scope; None where that cannot be told (yet)

Find = Callable[[Names, Reference], "Collection[str] | None"]


@dataclass(frozen=True)
class Scope:
    """What a name may refer to: the word for it in errors, the names, the section that must be complete before they are
    known (None: as soon as the design is read), and the next step. `is_local`: the names depend on where the name stands.
    """

    word: str
    find: Find
    section: str | None = None
    hint: str = ""
    is_local: bool = False
    meant: Mapping[str, str] = field(default_factory=dict)
    about: str = ""


def _fields_of_entity(names: Names, at: Reference) -> Collection[str] | None:
    holder = at.holder(Entity)
    return None if holder is None else names.fields(holder[0])


def _field_paths(names: Names, at: Reference) -> Collection[str] | None:
    holder = at.holder(AccessPattern)
    if holder is None and at.holder(Entity) is not None:
        return _fields_of_entity(names, at)
    if holder is None or (holder[1].reads is None) == (holder[1].writes is None):
        return None
    own = names.fields(holder[1].reads or holder[1].writes)
    if own is None:
        return None
    # `customer.country` follows a reference one step; a row can be asked for by its id, whatever its key is called
    first, dot, _ = at.name.partition(".")
    target = own[first].references if dot and first in own else None
    inner = names.fields(target) if target is not None else None
    return [*own, "id"] if inner is None else [f"{first}.{one}" for one in (*inner, "id")]


def _fields_or_none(names: Names, at: Reference) -> Collection[str] | None:
    own = _fields_of_entity(names, at)
    return None if own is None else [*own, "none"]


def _parts_of_row(names: Names, at: Reference) -> Collection[str] | None:
    """The fields of a row, and by `reference.field` those of a row that it refers to; of money, `.currency` is a part."""
    holder = at.holder(Entity)
    own = names.fields(holder[0]) if holder is not None else None
    way = at.name.split(".")[:-1]
    for step in way:
        if own is None or step not in own:
            return own
        if own[step].type == "money":
            return [f"{'.'.join(way)}.currency"]
        target = own[step].references
        own = names.fields(target) if target is not None else None
    return own if own is None or not way else [f"{'.'.join(way)}.{one}" for one in (*own, "id")]


def _states_of_entity(names: Names, at: Reference) -> Collection[str] | None:
    own = at.holder(Entity)
    fields = names.fields(own[0]) if own is not None else None
    return None if fields is None else [word for one in fields.values() for word in one.values]


# types whose values are written as words of their own
_TEXTUAL = frozenset(
    {"text", "char", "code", "email", "url", "phone", "country", "currency", "language", "ip", "uuid", "json", "other"}
)


def _values_of_field(names: Names, at: Reference) -> Collection[str] | None:
    """What may stand beside a field in a filter or an assignment: one of its words, or a field that leads there."""
    pattern, entity = at.holder(AccessPattern), at.holder(Entity)
    one = at.holders[-1][1] if at.holders and isinstance(at.holders[-1][1], Filter | Assignment) else None
    if one is None or one.field is None:
        return None
    if pattern is not None and (pattern[1].reads is None) != (pattern[1].writes is None):
        own = names.fields(pattern[1].reads or pattern[1].writes)
    else:
        own = names.fields(entity[0]) if entity is not None else None
    if own is None or at.name in SPECIAL or not re.match(r"[^\W\d]", at.name) or at.name.startswith("now "):
        return None
    first, dot, _ = at.name.partition(".")
    if dot:
        inner = names.fields(own[first].references or "") if first in own else None
        return own if first not in own else None if inner is None else [f"{first}.{name}" for name in (*inner, "id")]
    path, _, last = one.field.partition(".")
    field = own.get(path)
    if field is not None and last:
        field = (names.fields(field.references or "") or {}).get(last)
    if field is None or (field.type in _TEXTUAL and not field.values):
        return None
    if (
        isinstance(one, Assignment)
        and one.value is not None
        and at.name == AMOUNT
        and read_value(one.value).by == AMOUNT
    ):
        # how much is in the request
        return None
    words = ("true", "false") if field.type == "bool" else field.values
    return [*words, *own] if words else [*own, *SPECIAL]


def _parts_of_key(names: Names, at: Reference) -> Collection[str] | None:
    pattern = names.design.access.get(at.holders[-1][0]) if at.holders else None
    if pattern is None or pattern.reads is None:
        return None
    own = names.fields(pattern.reads) or {}
    return [*pattern.by, *pattern.search, *filter(None, [pattern.range]), *KEY_WORDS, *own]


# what may stand in the braces of a cache key beside fields: whose answer it is, which page, which version
KEY_WORDS = (
    "subject",
    "user",
    "owner",
    "tenant",
    "role",
    "language",
    "query",
    "cursor",
    "limit",
    "sort",
    "version",
    "id",
)


def _fields_of_operation(names: Names, at: Reference) -> Collection[str] | None:
    from archnb.design.api import Operation

    holder = at.holder(Operation)
    if holder is None:
        return None
    name, operation = holder
    entity = find_entity(names.design, name, operation)
    own = names.fields(entity) if entity is not None else None
    return None if own is None else [*own, "id"]


def _paths_of_grant(names: Names, at: Reference) -> Collection[str] | None:
    operations, operation = names.design.api.operations, at.holders[-1][0]
    if operation not in operations:
        return None
    entity = find_entity(names.design, operation, operations[operation])
    *above, _ = at.name.split(".")
    for n, part in enumerate((*above, "")):
        own = names.fields(entity) if entity is not None else None
        if own is None:
            return None
        prefix = "".join(f"{one}." for one in above[:n])
        if part not in own or own[part].references is None:
            return [f"{prefix}{one}" for one in own]
        entity = own[part].references
    return None


def find_entity(design: Design, name: str, operation: Operation) -> str | None:
    """The entity that an operation is on: the said one, or that of its access pattern."""
    pattern = design.access.get(operation.pattern or name)
    return operation.entity or (pattern.reads or pattern.writes if pattern is not None else None)


def _table(names: Names, at: Reference) -> tuple[str, SchemaTable] | None:
    """The table that a name stands in, as far as it is known: with all its columns, or None."""
    from archnb.design.schema import SchemaTable

    holder = at.holder(SchemaTable)
    if holder is None:
        return None
    name, said = holder
    if said.columns:
        return name, said
    return (name, names.design.schema.tables[name]) if "schema" in names.closed else None


def _columns(names: Names, at: Reference) -> Collection[str] | None:
    table = _table(names, at)
    # an expression such as lower(email) is no name
    return None if table is None or "(" in at.name or " " in at.name else table[1].columns


def _referenced_columns(names: Names, at: Reference) -> Collection[str] | None:
    key = typing.cast("ForeignKey", at.holders[-1][1])
    table = names.design.schema.tables.get(key.references or "")
    return None if table is None or not table.columns else table.columns


def _tables(names: Names, at: Reference) -> Collection[str] | None:
    table = _table(names, at)
    if "schema" in names.closed:
        # one without columns is for no entity and says none
        return [name for name, one in names.design.schema.tables.items() if one.columns]
    # a table whose columns were said is whole, and so are those that it may refer to
    is_whole = table is not None and len(at.holders) > 1
    return names.design.schema.tables if is_whole else None


def _queues(names: Names, at: Reference) -> Collection[str]:
    parts = (name for name, one in names.design.flow.components.items() if one.kind == "queue")
    return list(dict.fromkeys((*names.design.jobs.queues, *QUEUES, *parts)))


def _dead_letters(names: Names, at: Reference) -> Collection[str]:
    queues = _queues(names, at)
    return [*queues, *(f"{one}.dead" for one in queues), "none", "no", "never"]


def _triggers(names: Names, at: Reference) -> Collection[str] | None:
    # "a commit" says in words what starts it
    if not re.fullmatch(r"\w+", at.name):
        return None
    return [*names.operations, *names.design.schema.stores, *names.design.jobs.jobs, "schedule"]


SCOPES: Mapping[str, Scope] = {
    "entity": Scope("entity", lambda n, _: n.entities, hint="Declare it under entities."),
    "entity or relationship": Scope(
        "entity", lambda n, _: [*n.entities, *n.design.relationships], hint="Declare it under entities."
    ),
    "field of the entity": Scope("field", _fields_of_entity, is_local=True),
    "field of the entity or none": Scope("field", _fields_or_none, is_local=True),
    "part of a row": Scope("field", _parts_of_row, is_local=True),
    "state of the entity": Scope(
        "state", _states_of_entity, hint="States are the words of an enum of the entity.", is_local=True
    ),
    "field path": Scope("field", _field_paths, is_local=True),
    "value of the field": Scope("value", _values_of_field, is_local=True),
    "type": Scope("type", lambda n, _: TYPES, hint="See archnb.types().", meant=TYPES_MEANT),
    "regulation": Scope(
        "regulation", lambda n, _: REGULATIONS,
        meant={one.replace("-", sign).casefold(): one for one in REGULATIONS for sign in (" ", "", "_", "-")},
    ),
    "pattern": Scope("pattern", lambda n, _: PATTERNS),
    "zone": Scope(
        "zone", lambda n, _: list(dict.fromkeys((*ZONES, *n.design.flow.zones))), hint="Declare it under flow.zones."
    ),
    "queue": Scope("queue", _queues, hint="Declare it under jobs.queues."),
    "dead letter": Scope("queue", _dead_letters, hint="Declare it under jobs.queues."),
    "access pattern": Scope("access pattern", lambda n, _: n.design.access, "access", "Declare it under access."),
    "read pattern": Scope(
        "access pattern", lambda n, _: [name for name, one in n.design.access.items() if one.reads], "access",
        "A policy is for a pattern that reads.",
    ),
    "rate to follow": Scope("access pattern", lambda n, _: ["load", *n.design.access], hint="Declare it under access."),
    "part of a cache key": Scope("parameter", _parts_of_key, "access", is_local=True),
    "role": Scope("role", lambda n, _: n.roles, "access", "Declare it under auth.roles."),
    "field of the operation": Scope("field", _fields_of_operation, "access", is_local=True),
    "field path to whoever may": Scope("field", _paths_of_grant, "api", is_local=True),
    "store": Scope("store", lambda n, _: n.design.schema.stores, "schema", "Declare it under schema.stores."),
    "table": Scope("table", _tables, "schema", "Say its columns, or the entity it is for.", is_local=True),
    "column of the table": Scope("column", _columns, "schema", is_local=True),
    "column of the referenced table": Scope("column", _referenced_columns, "schema", is_local=True),
    "operation": Scope("operation", lambda n, _: n.operations, "api", "Operations are called as their access patterns are."),
    "operation or default": Scope(
        "operation", lambda n, _: [*n.operations, "default"], "api", "Operations are called as their access patterns are."
    ),
    "element of the operation": Scope("element", lambda n, _: None, "api", is_local=True),
    "trigger": Scope("operation", _triggers, "api", is_local=True),
    "part": Scope("component", lambda n, _: n.design.flow.components, "flow", "Declare it under flow.components."),
    "component": Scope("component", lambda n, _: n.design.flow.components, "flow", "Declare it under flow.components."),
    "error code": Scope("error", lambda n, _: n.design.errors.codes, "errors", "Declare it under errors.codes."),
    "SLO": Scope("SLO", lambda n, _: n.design.monitoring.slos, "monitoring", "Declare it under monitoring.slos."),
}  # fmt: skip


# -- where the names stand


class _Step(NamedTuple):
    """One field of a record class on the way to names: whether it holds names, records, records by name."""

    field: str
    refers: Refers | None
    keys: Refers | None
    kind: str


_STEPS: dict[Any, tuple[_Step, ...]] = {}


def _steps(cls: type[Record]) -> tuple[_Step, ...]:
    """The fields of a record class that hold names or lead to records."""
    if cls not in _STEPS:
        made = []
        for name, hint in hints(cls).items():
            about = asked(cls).get(name)
            kind = _kind(hint)
            refers, keys = (about.refers, about.keys) if about is not None else (None, None)
            if kind or refers is not None or keys is not None:
                made.append(_Step(name, refers, keys, kind))
        _STEPS[cls] = tuple(made)
    return _STEPS[cls]


def _kind(hint: Any) -> str:
    origin, args = typing.get_origin(hint), [one for one in typing.get_args(hint) if one is not type(None)]
    if isinstance(hint, type) and issubclass(hint, Record):
        return "record"
    inner = args[0] if args else None
    is_record = isinstance(inner, type) and issubclass(inner, Record)
    if origin is Named:
        return "records by name" if is_record else "values by name"
    return "records" if origin is tuple and is_record else ""


def list_references(design: Design) -> list[Reference]:
    """Every name in a design that refers to something, in the order in which they stand."""
    found: list[Reference] = []
    _gather(design, "", (), found)
    return found


def _gather(record: Record, path: str, holders: Holders, found: list[Reference]) -> None:
    values, is_text = record.__dict__, bool(record.SHORTHAND)
    for name, refers, keys, kind in _steps(type(record)):
        value = values[name]
        if value is None or value == ():
            continue
        here = f"{path}.{name}" if path else name
        if refers is not None and kind == "values by name":
            for key, one in value.items():
                _add(one, f"{here}.{key}", refers, (*holders, (key, record)), found)
        elif refers is not None:
            # what is written as one text is one place
            _add(value, path if is_text else here, refers, holders, found)
        if kind == "record":
            _gather(value, here, holders, found)
        elif kind == "records":
            for n, one in enumerate(value):
                _gather(one, f"{here}.{n}", (*holders, ("", one)), found)
        elif kind:
            for key, one in value.items():
                below = f"{here}.{key}"
                if keys is not None and not any(getattr(one, other) for other in keys.unless):
                    _add(key, below, keys, (*holders, (key, one)) if isinstance(one, Record) else holders, found)
                if kind == "records by name":
                    _gather(one, below, (*holders, (key, one)), found)


def _add(value: Any, path: str, refers: Refers, holders: Holders, found: list[Reference]) -> None:
    for text in (value,) if isinstance(value, str) else value:
        names: Iterable[str] = (text.removeprefix(refers.strip),) if refers.strip else (text,)
        if refers.pick is not None:
            names = ["".join(one.groups("")).strip() for one in re.finditer(refers.pick, text)]
        found.extend(Reference(path, refers, one, holders) for one in names)


# -- the check

# local scopes of later sections that a design may answer already: a table that says its columns
_EARLY = frozenset({"table", "column of the table", "column of the referenced table"})


def is_known_at_once(reference: Reference) -> bool:
    """Whether what a name may refer to is known, at least in part, as soon as the design is read."""
    return SCOPES[reference.refers.scope].section is None or reference.refers.scope in _EARLY


def find_unknown(
    references: Iterable[Reference], names: Names, finds: Mapping[str, Find] | None = None
) -> Iterator[Problem]:
    """A problem for each reference that names nothing; what cannot be told is passed over.

    finds: for some scopes, names that only the caller knows.
    """
    known: dict[str, Collection[str] | None] = {}
    for at in references:
        scope = SCOPES[at.refers.scope]
        find = (finds or {}).get(at.refers.scope, scope.find)
        if scope.is_local:
            allowed = find(names, at)
        else:
            if at.refers.scope not in known:
                listed = find(names, at)
                # a list is searched for every name
                known[at.refers.scope] = dict.fromkeys(listed) if isinstance(listed, list | tuple) else listed
            allowed = known[at.refers.scope]
        if allowed is not None and at.name not in allowed:
            hint = at.refers.hint or scope.hint
            yield unknown_name(at.path, scope.word, at.name, _in_order(allowed), hint, meant=scope.meant)


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def find_faults(record: Record, path: str = "") -> Iterator[Problem]:
    """What is wrong between the fields of each record, as the records say it."""
    for fault in record.find_faults() if type(record).find_faults is not Record.find_faults else ():
        at = ".".join(part for part in (path, fault.field) if part)
        yield Problem.of(at, fault.message, fault.next)
    for name, _, _, kind in _steps(type(record)):
        value = getattr(record, name)
        here = f"{path}.{name}" if path else name
        if kind == "record":
            yield from find_faults(value, here)
        elif kind == "records":
            for n, one in enumerate(value):
                yield from find_faults(one, f"{here}.{n}")
        elif kind == "records by name":
            for key, one in value.items():
                yield from find_faults(one, f"{here}.{key}")


def find_wrong_ways(design: Design) -> Iterator[Problem]:
    """Every inclusion over a field that leads from neither of the two entities to the other."""
    names = Names(design)
    for name, pattern in design.access.items():
        own = names.fields(pattern.reads or pattern.writes or "")
        for text, one in zip(pattern.include, pattern.along, strict=True):
            there = names.fields(one.name)
            if not one.via or own is None or there is None:
                continue
            home = pattern.reads or pattern.writes
            fit = [field for field, about in own.items() if about.references == one.name]
            fit += [field for field, about in there.items() if about.references == home and field not in fit]
            if one.via not in fit:
                problem = unknown_name(f"access.{name}.include", "reference", one.via, fit)
                yield replace(problem, message=f"in {quote(text)}: {problem.message}")


def find_circles(design: Design) -> Iterator[Problem]:
    """Every entity that inherits from itself, every rate that follows itself or one that is not said."""
    for name, entity in design.entities.items():
        seen, at = [name], entity.extends
        while at is not None and at in design.entities and at not in seen:
            seen.append(at)
            at = design.entities[at].extends
        if at == name:
            fault = f"inheritance goes in a circle: {' -> '.join([*seen, at])}"
            yield Problem.of(f"entities.{name}.extends", fault, "take one of them out", given=quote(entity.extends))
    yield from _find_circles_of_rates(design)


def _find_circles_of_rates(design: Design) -> Iterator[Problem]:
    for name, pattern in design.access.items():
        path, chain = f"access.{name}.follows", [name]
        while (ahead := design.access[chain[-1]].follows) in design.access and ahead is not None and ahead not in chain:
            chain.append(ahead)
        if ahead == name:
            fault = f"the rates follow each other in a circle: {' -> '.join([*chain, name])}"
            yield Problem.of(path, fault, "take one of them out", given=pattern.follows)
        elif len(chain) > 1 and design.access[chain[1]].rate is None:
            yield Problem.of(
                path, f"{chain[1]!r} has no rate to follow", "say its rate, or follow the load", given=chain[1]
            )
