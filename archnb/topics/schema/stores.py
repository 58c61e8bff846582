"""Which databases: one relational store as the source of truth, and another kind only where the access patterns pass a number.

Every weighing of an entity gives a decision: the store, the reason with its numbers, and what was refused and why. The
thresholds are facts, so that whoever disagrees can see them and say another engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archnb.design import fields_of
from archnb.design.entities import AccessPattern
from archnb.design.record import Named
from archnb.design.schema import RELATIONAL, Engine, Store
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
from archnb.quantity import show
from archnb.topics.topic import Assumption, Because, Draft

_OURS = "rule of thumb of archnb, 2026-11; say the store to overrule it"
THRESHOLDS: tuple[Assumption, ...] = (
    (SEARCH_ROWS, "10M rows", "Above this many rows, ranking text matches in the relational store reads too much.",
     "PostgreSQL manual, Ranking Search Results: ranking consults the tsvector of every match; " + _OURS),
    (SEARCH_RATE, "100 /s", "Above this many searches, they deserve machines of their own.", _OURS),
    (SERIES_RATE, "50k /s", "Above this many inserts, a store that only appends pays.", _OURS),
    (LOOKUP_ROWS, "5 bn rows", "Above this many rows, one relational server is too small to look up keys.", _OURS),
    (LOOKUP_RATE, "20k /s", "Above this many requests by key, one relational server is too small.", _OURS),
    (DOCUMENT_SIZE, "1 TB", "Above this size, whole documents deserve a store that shards them.", _OURS),
    (GRAPH_DEPTH, 2, "Above this depth, each level of relationships is one more self-join over rows that multiply.", _OURS),
    (WORTH_SAYING, "2 %", "From this share of a threshold on a refusal is said; below, nobody would ask.", _OURS),
)  # fmt: skip

# purpose -> (store name, engine, what it is for)
_KINDS: dict[str, tuple[str, Engine, str]] = {
    "search": ("search", "elasticsearch", "full-text search; a copy that can be rebuilt"),
    "graph": ("graph", "neo4j", "walks over many relationships; a copy that can be rebuilt"),
    "series": ("metrics", "influxdb", "measurements in order of time, only appended"),
    "lookup": ("lookup", "dynamodb", "rows found by their whole key"),
    "document": ("documents", "mongodb", "documents read and written as a whole"),
}


class Decision(NamedTuple):
    """Where an entity is kept, or copied to, with the reason, the facts behind it, and what was refused."""

    entity: str
    kind: str
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


def rate_of(draft: Draft, pattern: str) -> float:
    """The peak rate of an access pattern in /s, 0 where none is known."""
    fact = PATTERN_RATE.of(pattern)
    if fact in draft.facts:
        return draft.facts[fact].base
    rate = draft.design.access[pattern].rate
    return rate.base if rate is not None else 0.0


def _value(draft: Draft, fact: str) -> float:
    return draft.facts[fact].base if fact in draft.facts else 0.0


def gather(draft: Draft, entity: str) -> Evidence:
    """What is asked of an entity."""
    found = [(name, one) for name, one in draft.design.access.items() if entity in (one.reads, one.writes)]
    rows = max(_value(draft, ENTITY_ROWS_AT_HORIZON.of(entity)), _value(draft, ENTITY_ROWS.of(entity)))
    return Evidence(
        tuple(found),
        sum(rate_of(draft, name) for name, one in found if one.reads),
        sum(rate_of(draft, name) for name, one in found if one.writes),
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
    for one in draft.said.access.values():
        if one.writes == entity and one.action in ("update", "delete"):
            return False
        if any(step.entity == entity and step.undo for step in one.steps):
            return False
    return True


def _is_referenced(draft: Draft, entity: str) -> bool:
    entities = draft.design.entities
    return (
        any(field.references == entity for one in entities.values() for field in one.fields.values())
        or any(entity in one.between for one in draft.design.relationships.values())
        or any(one.extends == entity for one in entities.values())
    )


def _has_references(draft: Draft, entity: str) -> bool:
    record = draft.design.entities[entity]
    return record.extends is not None or any(field.references for field in record.fields.values())


def _is_by_key_only(draft: Draft, entity: str, patterns: tuple[tuple[str, AccessPattern], ...]) -> bool:
    fields = fields_of(draft.design, entity)
    key = set(draft.design.entities[entity].key) or {n for n, f in fields.items() if f.key or f.type == "key"} or {"id"}
    unique = {name for name, field in fields.items() if field.unique}
    for _, one in patterns:
        is_plain = not (one.range or one.sort or one.search or one.include or one.aggregate or one.steps)
        if one.action == "create" and is_plain:
            continue
        if not is_plain or not (set(one.by) == key or (len(one.by) == 1 and one.by[0] in unique)):
            return False
    return bool(patterns)


def _is_document(draft: Draft, entity: str) -> bool:
    fields = fields_of(draft.design, entity)
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

    own = (ENTITY_ROWS.of(entity), ENTITY_ROWS_AT_HORIZON.of(entity))
    known = tuple(name for name in own if name in facts)
    searches = [name for name, one in asked.patterns if one.search]
    if searches:
        often = sum(rate_of(draft, name) for name in searches)
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
                f"{numbers} are above both {facts[SEARCH_RATE].text} and {facts[SEARCH_ROWS].text}: Elasticsearch ranks them on machines of "
                "its own; it holds a copy, the relational store stays the truth.", used, "full text in the relational store: ranking reads every match")  # fmt: skip
        else:
            yield Decision(entity, "", False, f"{numbers}: full text in the relational store will do.", used,
                f"Elasticsearch: pays above {facts[SEARCH_RATE].text} and {facts[SEARCH_ROWS].text}")  # fmt: skip
    deep = [(name, one.depth) for name, one in asked.patterns if one.depth is not None and one.depth > 1]
    if deep:
        name, depth = max(deep, key=lambda pair: pair[1] or 0)
        if (depth or 0) > facts[GRAPH_DEPTH].base:
            yield Decision(entity, "graph", True,
                f"{name} goes {depth} relationships deep, above {facts[GRAPH_DEPTH].text}: each level is one more self-join over rows that multiply; Neo4j "
                "follows pointers and holds a copy.", (), "recursive queries in the relational store: the cost grows with every level's fan-out")  # fmt: skip
        else:
            yield Decision(
                entity,
                "",
                False,
                f"{name} goes {depth} deep, which joins do.",
                (),
                f"Neo4j: pays above depth {facts[GRAPH_DEPTH].text}",
            )
    if is_append_only(draft, entity):
        numbers = f"{rate(asked.writes)} inserts"
        used = (SERIES_RATE,)
        if (
            asked.writes > facts[SERIES_RATE].base
            and not _is_referenced(draft, entity)
            and not _has_references(draft, entity)
        ):
            yield Decision(entity, "series", False,
                f"{numbers}, only appended, above {facts[SERIES_RATE].text}: InfluxDB writes in order of time and drops old data by the file.",
                used, "the relational store: every index of the table is written for every row")  # fmt: skip
        elif asked.writes > facts[WORTH_SAYING].base * facts[SERIES_RATE].base:
            yield Decision(
                entity,
                "",
                False,
                f"{numbers}, only appended: a relational table takes them.",
                used,
                f"InfluxDB: pays above {facts[SERIES_RATE].text}",
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
            yield Decision(entity, "lookup", False,
                f"{numbers}, above {facts[LOOKUP_RATE].text} and {facts[LOOKUP_ROWS].text}: DynamoDB spreads keys over as many machines as it needs.",
                used, "the relational store: one server does not hold it, and nothing here needs a join")  # fmt: skip
        elif (
            both > facts[WORTH_SAYING].base * facts[LOOKUP_RATE].base
            or asked.rows > facts[WORTH_SAYING].base * facts[LOOKUP_ROWS].base
        ):
            yield Decision(entity, "", False, f"{numbers}: one relational server does that.", used,
                f"DynamoDB: pays above {facts[LOOKUP_RATE].text} and {facts[LOOKUP_ROWS].text}")  # fmt: skip
    if _is_document(draft, entity):
        used = (DOCUMENT_SIZE, *known)
        size = show(asked.size / facts[DOCUMENT_SIZE].unit.factor, facts[DOCUMENT_SIZE].unit)
        if asked.size > facts[DOCUMENT_SIZE].base and not _is_referenced(draft, entity):
            yield Decision(entity, "document", False,
                f"it is one document of {size} in all, above {facts[DOCUMENT_SIZE].text}: MongoDB shards documents.", used,
                "jsonb in the relational store: one server's disk is the limit")  # fmt: skip
        else:
            yield Decision(entity, "", False, f"it is one document, {size} in all: jsonb in the relational store keeps its transactions.", used,
                f"MongoDB: pays above {facts[DOCUMENT_SIZE].text}")  # fmt: skip


def complete_stores(draft: Draft) -> tuple[Named[Store], dict[str, str]]:
    """The stores with what they hold, and for every entity the store it is kept in. What was said is kept."""
    said = dict(draft.said.schema.stores)
    stores: dict[str, Store] = {}
    by_name: dict[str, Engine] = {name: engine for name, engine, _ in _KINDS.values()}
    for name, store in said.items():
        engine = by_name.get(name, "postgresql")
        because = f"a store named {name!r} is taken for one of its kind." if name in by_name else _why_postgresql(draft)
        stores[name] = draft.fill(f"schema.stores.{name}", store, engine=Because(engine, because))
    main = next((name for name, store in stores.items() if store.engine in RELATIONAL), None)
    home = {entity: name for name, store in stores.items() for entity in store.holds if entity in draft.design.entities}
    homeless = [entity for entity in draft.design.entities if entity not in home]
    if main is None and (homeless or not stores):
        main = "main" if "main" not in stores else "relational"
        stores = {main: Store(engine="postgresql"), **stores}
        draft.note(f"schema.stores.{main}.engine", _why_postgresql(draft), value="postgresql")
    copied: dict[str, list[str]] = {}
    reasons: dict[str, list[Decision]] = {}
    known = {store.engine for store in said.values()}
    for entity in homeless:
        home[entity] = main or next(iter(stores))
        for one in weigh(draft, entity):
            if not one.kind or _KINDS[one.kind][1] in known or home[entity] != main:
                continue
            name, engine, purpose = _KINDS[one.kind]
            stores.setdefault(name, Store(engine=engine, purpose=purpose))
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
    first = [main] if main is not None else []
    return Named({name: stores[name] for name in [*first, *(n for n in stores if n != main)]}), home


def _why_postgresql(draft: Draft) -> str:
    links = sum(1 for one in draft.design.entities.values() for field in one.fields.values() if field.references)
    links += len(draft.design.relationships)
    return (
        f"{len(draft.design.entities)} entities with {links} references: a relational store keeps them consistent with foreign keys and transactions; "
        "PostgreSQL adds partial and expression indexes, jsonb and full text, so that most other needs stay in one place. MySQL was refused because it "
        "has no partial indexes and cannot undo a schema change that fails half-way, SQLite because one writer at a time is let in."
    )
