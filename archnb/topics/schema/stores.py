"""Which databases: one relational store as the source of truth, and another kind only where the access patterns pass a number.

Every weighing of an entity gives a decision: the store, the reason with its numbers, and what was refused and why. The
thresholds are facts, so that whoever disagrees can see them and say another engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archnb.design.entities import AccessPattern
from archnb.design.record import Named
from archnb.design.schema import Store
from archnb.engines import Choice, Kind, engines, find_engine, is_relational, list_engines, mean_engine, propose_engine
from archnb.fact import Key
from archnb.fact.keys.entities import ENTITY_ROW_SIZE, ENTITY_ROWS, ENTITY_ROWS_AT_HORIZON, PATTERN_RATE
from archnb.fact.keys.schema import (
    DOCUMENT_SIZE,
    GRAPH_DEPTH,
    LOOKUP_RATE,
    LOOKUP_ROWS,
    SEARCH_RATE,
    SEARCH_ROWS,
    SERIES_RATE,
    WORTH_SAYING,
)
from archnb.model.places import Places, find_main
from archnb.quantity import show
from archnb.topics.topic import Assumption, Because, Draft

_OURS = "rule of thumb of archnb, 2026-11; say the store to overrule it"
THRESHOLDS: tuple[Assumption, ...] = (
    (SEARCH_ROWS, "10M rows", "Above this many rows, ranking text matches in the relational store reads too much.",
     "PostgreSQL manual, Ranking Search Results: ranking consults the tsvector of every match; " + _OURS),
    (SEARCH_RATE, "100 /s", "Above this many searches, they deserve machines of their own.", _OURS),
    (SERIES_RATE, "40k /s", "Above this many inserts, a store that only appends pays: one primary takes no more rows, in batches either.", _OURS),
    (LOOKUP_ROWS, "5 bn rows", "Above this many rows, one relational server is too small to look up keys.", _OURS),
    (LOOKUP_RATE, "20k /s", "Above this many requests by key, one relational server is too small.", _OURS),
    (DOCUMENT_SIZE, "1 TB", "Above this size, whole documents deserve a store that shards them.", _OURS),
    (GRAPH_DEPTH, 2, "Above this depth, each level of relationships is one more self-join over rows that multiply.", _OURS),
    (WORTH_SAYING, "2 %", "From this share of a threshold on a refusal is said; below, nobody would ask.", _OURS),
)  # fmt: skip


class Decision(NamedTuple):
    """Where an entity is kept, or copied to, with the reason, the facts behind it, and what was refused."""

    entity: str
    kind: Kind | None
    is_copy: bool
    reason: str
    facts: tuple[str, ...]
    refused: str


class Evidence(NamedTuple):
    """What is asked of one entity: its patterns, rates in /s, rows in a few years and size."""

    patterns: tuple[tuple[str, AccessPattern], ...]
    reads: float
    writes: float
    rows: float
    size: float


def give_thresholds(draft: Draft) -> None:
    """Add the thresholds as facts."""
    draft.assume(THRESHOLDS)


def _value(draft: Draft, fact: str) -> float:
    return draft.facts[fact].base if fact in draft.facts else 0.0


def gather(draft: Draft, entity: str) -> Evidence:
    """What is asked of an entity."""
    found = [(name, draft.design.access[name]) for name in draft.model.touches.list_about(entity)]
    load = draft.model.traffic.measure_entity(entity)
    rows = max(_value(draft, ENTITY_ROWS_AT_HORIZON.of(entity)), _value(draft, ENTITY_ROWS.of(entity)))
    return Evidence(
        tuple(found),
        load.reads,
        load.writes,
        rows,
        rows * _value(draft, ENTITY_ROW_SIZE.of(entity)),
    )


def is_append_only(draft: Draft, entity: str) -> bool:
    """Whether rows are only added: a timestamp, growth, and nobody said that rows are changed or erased."""
    record = draft.design.entities[entity]
    if record.growth is None or record.growth.value <= 0 or record.extends is not None:
        return False
    if not any(field.type == "timestamp" for field in record.fields.values()):
        return False
    touches = draft.said_model.touches
    if touches.list_writers(entity, "update", "delete"):
        return False
    changing = (draft.said.access[one] for one in touches.list_changing(entity))
    return not any(step.entity == entity and step.undo for one in changing for step in one.steps)


def _is_referenced(draft: Draft, entity: str) -> bool:
    model = draft.model
    return bool(
        model.references.list_to(entity)
        or model.references.list_relationships(entity)
        or model.inheritance.list_subtypes(entity)
    )


def _has_references(draft: Draft, entity: str) -> bool:
    record = draft.design.entities[entity]
    return record.extends is not None or any(field.references for field in record.fields.values())


def _is_by_key_only(draft: Draft, entity: str, patterns: tuple[tuple[str, AccessPattern], ...]) -> bool:
    fields = draft.model.fields(entity)
    key = {*draft.model.keys.fields(entity)}
    unique = {name for name, field in fields.items() if field.unique}
    for _, one in patterns:
        is_plain = not (one.range or one.sort or one.search or one.include or one.aggregate or one.steps)
        if one.action == "create" and is_plain:
            continue
        if not is_plain or not (set(one.by) == key or (len(one.by) == 1 and one.by[0] in unique)):
            return False
    return bool(patterns)


def _is_document(draft: Draft, entity: str) -> bool:
    fields = draft.model.fields(entity)
    shapes = [field.type for field in fields.values() if field.type not in ("key", "uuid", "timestamp", "reference")]
    return shapes == ["json"]


def weigh(draft: Draft, entity: str) -> Iterator[Decision]:
    """Every other kind of store that an entity's patterns ask for: refused or chosen, with the numbers."""
    asked = gather(draft, entity)
    facts = draft.facts

    def rows(value: float) -> str:
        return show(value, facts[SEARCH_ROWS].unit)

    def rate(value: float) -> str:
        return show(value, facts[SEARCH_RATE].unit)

    def strength(kind: Kind) -> str:
        return _choice(kind).strength

    def pays(kind: Kind, *names: Key) -> str:
        return _choice(kind).pays.format(thresholds=" and ".join(facts[name].text for name in names))

    own = (ENTITY_ROWS.of(entity), ENTITY_ROWS_AT_HORIZON.of(entity))
    known = tuple(name for name in own if name in facts)
    searches = [name for name, one in asked.patterns if one.search]
    if searches:
        often = sum(draft.model.traffic.measure(name) for name in searches)
        numbers = f"{rate(often)} searches over {rows(asked.rows)}"
        is_much = often > facts[SEARCH_RATE].base and asked.rows > facts[SEARCH_ROWS].base
        used = (
            *(PATTERN_RATE.of(n) for n in searches if PATTERN_RATE.of(n) in facts),
            *known,
            SEARCH_RATE,
            SEARCH_ROWS,
        )
        if is_much:
            yield Decision(entity, "search", True,
                f"{numbers} are above both {facts[SEARCH_RATE].text} and {facts[SEARCH_ROWS].text}: {strength('search')}.", used, "full text in the relational store: ranking reads every match")  # fmt: skip
        else:
            yield Decision(entity, None, False, f"{numbers}: full text in the relational store will do.", used,
                pays("search", SEARCH_RATE, SEARCH_ROWS))  # fmt: skip
    deep = [(name, one.depth) for name, one in asked.patterns if one.depth is not None and one.depth > 1]
    if deep:
        name, depth = max(deep, key=lambda pair: pair[1] or 0)
        if (depth or 0) > facts[GRAPH_DEPTH].base:
            yield Decision(entity, "graph", True,
                f"{name} goes {depth} relationships deep, above {facts[GRAPH_DEPTH].text}: each level is one more self-join over rows that multiply; "
                f"{strength('graph')}.", (), "recursive queries in the relational store: the cost grows with every level's fan-out")  # fmt: skip
        else:
            yield Decision(
                entity,
                None,
                False,
                f"{name} goes {depth} deep, which joins do.",
                (),
                _choice("graph").pays.format(thresholds=f"depth {facts[GRAPH_DEPTH].text}"),
            )
    if is_append_only(draft, entity):
        numbers = f"{rate(asked.writes)} inserts"
        used = (SERIES_RATE,)
        if (
            asked.writes > facts[SERIES_RATE].base
            and not _is_referenced(draft, entity)
            and not _has_references(draft, entity)
        ):
            yield Decision(entity, "time series", False,
                f"{numbers}, only appended, above {facts[SERIES_RATE].text}: {strength('time series')}.",
                used, "the relational store: every index of the table is written for every row")  # fmt: skip
        elif asked.writes > facts[WORTH_SAYING].base * facts[SERIES_RATE].base:
            yield Decision(
                entity,
                None,
                False,
                f"{numbers}, only appended: a relational table takes them.",
                used,
                pays("time series", SERIES_RATE),
            )
    if _is_by_key_only(draft, entity, asked.patterns) and not _has_references(draft, entity):
        both = asked.reads + asked.writes
        used = (LOOKUP_RATE, LOOKUP_ROWS, *known)
        is_much = (
            both > facts[LOOKUP_RATE].base
            and asked.rows > facts[LOOKUP_ROWS].base
            and not _is_referenced(draft, entity)
        )
        numbers = f"every access is by key: {rate(both)} over {rows(asked.rows)}"
        if is_much:
            yield Decision(entity, "key-value", False,
                f"{numbers}, above {facts[LOOKUP_RATE].text} and {facts[LOOKUP_ROWS].text}: {strength('key-value')}.",
                used, "the relational store: one server does not hold it, and nothing here needs a join")  # fmt: skip
        elif (
            both > facts[WORTH_SAYING].base * facts[LOOKUP_RATE].base
            or asked.rows > facts[WORTH_SAYING].base * facts[LOOKUP_ROWS].base
        ):
            yield Decision(entity, None, False, f"{numbers}: one relational server does that.", used,
                pays("key-value", LOOKUP_RATE, LOOKUP_ROWS))  # fmt: skip
    if _is_document(draft, entity):
        used = (DOCUMENT_SIZE, *known)
        size = show(asked.size / facts[DOCUMENT_SIZE].unit.factor, facts[DOCUMENT_SIZE].unit)
        if asked.size > facts[DOCUMENT_SIZE].base and not _is_referenced(draft, entity):
            yield Decision(entity, "document", False,
                f"it is one document of {size} in all, above {facts[DOCUMENT_SIZE].text}: {strength('document')}.", used,
                "jsonb in the relational store: one server's disk is the limit")  # fmt: skip
        else:
            yield Decision(entity, None, False, f"it is one document, {size} in all: jsonb in the relational store keeps its transactions.", used,
                pays("document", DOCUMENT_SIZE))  # fmt: skip


def complete_stores(draft: Draft) -> tuple[Named[Store], dict[str, str]]:
    """The stores with what they hold, and for every entity the store it is kept in. What was said is kept."""
    said = dict(draft.said.schema.stores)
    stores: dict[str, Store] = {}
    for name, store in said.items():
        stores[name] = draft.fill(f"schema.stores.{name}", store, engine=_propose_engine(draft, name))
    first = find_main(stores)
    main = first if first in stores and is_relational(stores[first].engine) else None
    places = Places(draft.design.entities, stores, {}, draft.model.inheritance)
    home = {entity: found for entity in draft.design.entities if (found := places.find_said_home(entity)) is not None}
    homeless = [entity for entity in draft.design.entities if entity not in home]
    if main is None and (homeless or not stores):
        main = "main" if "main" not in stores else "relational"
        proposed = _propose_engine(draft, main)
        stores = {main: Store(engine=proposed.value), **stores}
        draft.note(f"schema.stores.{main}.engine", proposed.reason, value=proposed.value)
    copied: dict[str, list[str]] = {}
    reasons: dict[str, list[Decision]] = {}
    known = [engine for name in said if (engine := find_engine(stores[name].engine)) is not None]
    for entity in homeless:
        home[entity] = main or first
        for one in weigh(draft, entity):
            if one.kind is None or home[entity] != main:
                continue
            engine = propose_engine(one.kind)
            if engine in known or any(other.kinds[0] == one.kind for other in known):
                continue
            name = _choice(one.kind).store
            stores.setdefault(name, Store(engine=engine.name, purpose=_choice(one.kind).purpose))
            reasons.setdefault(name, []).append(one)
            if one.is_copy:
                copied.setdefault(name, []).append(entity)
            else:
                home[entity] = name
    for name, store in stores.items():
        held = tuple(entity for entity in draft.design.entities if home[entity] == name)
        path = f"schema.stores.{name}"
        purpose = "the source of truth" if name == main else f"what {name} is asked for"
        stores[name] = draft.fill(
            path, store,
            purpose=Because(purpose, "what is nowhere else is here."),
            holds=Because(held or None, "every entity that no pattern asks to be elsewhere." if name == main else "their patterns ask for it."),
            copies=Because(tuple(copied.get(name, ())) or None, "their patterns ask for it; the truth stays where it is."),
        )  # fmt: skip
        if stores[name].copies and main is not None:
            stores[name] = draft.fill(
                path, stores[name], fed_by=Because(main, "a copy has one source, fed by its committed changes.")
            )
        if name in reasons:
            text = " ".join(f"{one.entity}: {one.reason}" for one in reasons[name])
            draft.note(
                path,
                text,
                *dict.fromkeys(fact for one in reasons[name] for fact in one.facts),
                value=stores[name].engine,
            )
    leading = [main] if main is not None else []
    return Named({name: stores[name] for name in [*leading, *(n for n in stores if n != main)]}), home


def _choice(kind: Kind) -> Choice:
    """When the engine that is proposed for a kind of question is chosen."""
    found = propose_engine(kind).choice(kind)
    assert found is not None
    return found


def _propose_engine(draft: Draft, name: str) -> Because:
    """The engine of a store that says none: as it is drawn, as its name means, or the relational one that is proposed."""
    drawn = draft.said.flow.components.get(name)
    if drawn is not None and drawn.engine is not None:
        return Because(drawn.engine, f"the flow has it for {name}.")
    for one in engines().values():
        if any(choice.store == name for choice in one.choices):
            return Because(one.name, f"a store named {name!r} is taken for one of its kind.")
    meant = mean_engine(name)
    if meant is not None and meant.is_store:
        return Because(meant.name, f"a store named {name!r} is taken for {meant.label}.")
    return Because(propose_engine("relational").name, _why_relational(draft))


def _why_relational(draft: Draft) -> str:
    links = sum(1 for one in draft.design.entities.values() for field in one.fields.values() if field.references)
    links += len(draft.design.relationships)
    refused = ", ".join(
        f"{one.label}{'' if n else ' was refused'} because {one.refused['relational']}"
        for n, one in enumerate(one for one in list_engines("relational") if "relational" in one.refused)
    )
    return (
        f"{len(draft.design.entities)} entities with {links} references: a relational store keeps them consistent with foreign keys and transactions; "
        f"{_choice('relational').strength}.{f' {refused}.' if refused else ''}"
    )
