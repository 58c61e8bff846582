"""Entities and access patterns: how many, how large, how they grow, and every way in which they are used.

What nobody said is proposed so that every entity that stands on its own can be reached: read, created, changed, and, where
it is about a person, erased.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from archnb.design import Design, fields_of
from archnb.design.entities import TYPES, AccessPattern, Entity, Field
from archnb.design.record import Named
from archnb.design.requirements import Objective
from archnb.fact import Fact, apply_model, maximum, minimum, power, total
from archnb.finding import Hit, Rule, rule
from archnb.naming import plural, snake, words
from archnb.quantity import Quantity, parse
from archnb.shapes import AnyShape, Cell, Edge, End, Graph, Group, Node, Row, Table
from archnb.topics.topic import Because, Draft

NAME = "entities"
TITLE = "Entities and access patterns"

SMALL = 10_000  # rows; a list of fewer is read whole


def complete(draft: Draft) -> None:
    """Propose the access patterns that are missing, then sizes, growth and objectives."""
    design = draft.design
    access = {name: _complete_pattern(draft, name, one) for name, one in design.access.items()}
    for name, (pattern, reason) in _propose_patterns(design).items():
        if name not in access:
            draft.note(f"access.{name}", reason)
            access[name] = _complete_pattern(draft, name, pattern)
    access = _complete_rates(draft, access)
    draft.close("access", Named(access))
    draft.close("entities", Named({name: _complete_entity(draft, name, one) for name, one in design.entities.items()}))
    objectives = {n: _complete_objective(draft, n, p.consistency, p.writes is not None) for n, p in access.items()}
    requirements = draft.design.requirements
    draft.close(
        "requirements", dataclasses.replace(requirements, objectives=requirements.objectives.having(objectives))
    )
    draft.close("access", Named({n: _complete_consistency(draft, n, one, objectives[n]) for n, one in access.items()}))


def measure(draft: Draft) -> None:
    """Row size, rows, growth and size of every entity; storage over the retention; the size of one record."""
    sizes = []
    for name, entity in draft.design.entities.items():
        sizes.append(_measure_entity(draft, name, entity))
    facts, load = draft.facts, draft.design.requirements.load
    if load.record_size is not None:
        draft.give("load.record_size", "requirements.load.record_size", load.record_size)
    else:
        record = facts.define(
            "load.record_size",
            _mean_record(draft),
            "B",
            "what one write leaves: the mean over the entities, weighted by growth",
        )
        made = draft.fill(
            "requirements.load",
            load,
            record_size=Because(
                record.quantity, "the mean row of the entities, weighted by their growth", ("load.record_size",)
            ),
        )
        draft.close("requirements", dataclasses.replace(draft.design.requirements, load=made))
    written = facts["load.average_writes"] * facts["load.record_size"]
    facts.define(
        "load.storage",
        written * facts["load.retention"],
        "TB",
        "what the writes leave over the retention, before indexes and copies",
    )
    if sizes:
        facts.define("entities.size", total(sizes), "GB", "all rows today, before indexes and copies")


# -- access patterns


def is_owned(design: Design, name: str) -> bool:
    """Whether an entity lives only as part of another: it goes with it, or its key is made of references."""
    fields = fields_of(design, name)
    entity = design.entities[name]
    if any(one.on_delete == "cascade" and one.references not in (None, name) for one in fields.values()):
        return True
    return bool(entity.key) and all(fields[key].references is not None for key in entity.key)


def key_of(design: Design, name: str) -> tuple[str, ...]:
    """The fields that identify an entity; `id` where none is declared."""
    entity = design.entities[name]
    if entity.key:
        return entity.key
    return tuple(field for field, one in fields_of(design, name).items() if one.key or one.type == "key") or ("id",)


def _owner_field(design: Design, name: str) -> tuple[str, Field] | None:
    for field, one in fields_of(design, name).items():
        if one.references not in (None, name) and one.on_delete == "cascade":
            return field, one
    for field in design.entities[name].key:
        one = fields_of(design, name)[field]
        if one.references is not None:
            return field, one
    return None


def _propose_patterns(design: Design) -> dict[str, tuple[AccessPattern, str]]:
    """Reads and writes for the entities that no access pattern reaches."""
    read, written, erased = set[str](), set[str](), set[str]()
    for one in design.access.values():
        read |= {one.reads or "", *one.include}
        written |= {one.writes or "", *(step.entity or "" for step in one.steps)}
        if one.action == "delete":
            erased.add(one.writes or "")
    made: dict[str, tuple[AccessPattern, str]] = {}
    for name, entity in design.entities.items():
        key, word = key_of(design, name), words(name)
        owner = _owner_field(design, name) if is_owned(design, name) else None
        if name not in read and owner is not None:
            pattern = AccessPattern(
                reads=name,
                by=(owner[0],),
                limit=100,
                summary=f"Lists the {words(plural(snake(name)))} of one {words(owner[1].references or '')}.",
            )
            made[snake(f"{plural(snake(name))} of {owner[1].references}")] = (
                pattern,
                f"{name} is part of {owner[1].references}, and no access pattern reads it",
            )
        elif name not in read and entity.rows is not None and entity.rows.base <= SMALL:
            made[f"list_{snake(plural(snake(name)))}"] = (
                AccessPattern(reads=name, limit=200, summary=f"Lists the {words(plural(snake(name)))}."),
                f"{name} is small, and no access pattern reads it",
            )
        if name not in read and owner is None:
            made[f"get_{snake(name)}"] = (
                AccessPattern(reads=name, by=key, limit=1, summary=f"Shows one {word}."),
                f"no access pattern reads {name}",
            )
        if name not in written:
            made[f"create_{snake(name)}"] = (
                AccessPattern(writes=name, action="create", summary=f"Adds a {word}."),
                f"no access pattern writes {name}",
            )
            if set(fields_of(design, name)) - set(key):
                made[f"update_{snake(name)}"] = (
                    AccessPattern(writes=name, action="update", by=key, summary=f"Changes a {word}."),
                    f"no access pattern writes {name}",
                )
        own = fields_of(design, name).values()
        if owner is None and name not in erased and any(one.personal for one in own):
            made[f"erase_{snake(name)}"] = (
                AccessPattern(
                    writes=name, action="delete", by=key, summary=f"Erases a {word}'s personal data on request."
                ),
                f"{name} holds personal data, and a person may ask for its erasure (GDPR, article 17)",
            )
    return made


def _complete_pattern(draft: Draft, name: str, said: AccessPattern) -> AccessPattern:
    design, entity = draft.design, said.reads or said.writes or ""
    by_key = bool(said.by) and set(said.by) >= set(key_of(design, entity))
    limit: Because | None = None
    if said.reads is not None and said.aggregate is None:
        limit = (
            Because(1, "the key names one row") if by_key else Because(50, "a page that fits a screen and a response")
        )
    action = Because(
        "update" if said.by else "create", "it names a row" if said.by else "it names no row, so it adds one"
    )
    verb = {"create": "Adds", "update": "Changes", "delete": "Removes"}[
        said.action or ("update" if said.by else "create")
    ]
    summary = (
        f"{verb} a {words(entity)}."
        if said.writes
        else f"Reads {words(plural(snake(entity)))}"
        + (f" by {', '.join(words(f) for f in said.by)}." if said.by else ".")
    )
    roles = _roles(design)
    return draft.fill(
        f"access.{name}",
        said,
        summary=Because(summary, "from the entity and the fields"),
        action=action if said.writes is not None else Because(None, ""),
        limit=limit or Because(None, ""),
        roles=Because(("admin",), "nobody was named; the narrowest role")
        if name not in design.access
        else Because(roles, "nobody was named; every signed-in role that other patterns name"),
        is_async=Because(False, "the user waits for the answer"),
    )


def _roles(design: Design) -> tuple[str, ...]:
    found = {role: None for one in design.access.values() for role in one.roles if role != "public"}
    return tuple(found) or ("user",)


def _complete_consistency(draft: Draft, name: str, pattern: AccessPattern, objective: Objective) -> AccessPattern:
    return draft.fill(f"access.{name}", pattern, consistency=Because(objective.consistency, "as its objective"))


def _complete_objective(draft: Draft, name: str, consistency: str | None, is_write: bool) -> Objective:
    """The objective of one access pattern, from what was said of it and the default one."""
    objectives = draft.design.requirements.objectives
    default, said = objectives["default"], objectives.get(name, Objective())
    base = "as the default objective"

    def scaled(value: Quantity | None, by: float) -> Quantity | None:
        return None if value is None else Quantity(value.low * by, value.high * by, value.unit)

    p99 = said.latency_p99 or scaled(said.latency_p95, 2.0) or scaled(said.latency_p50, 5.0) or default.latency_p99
    p95 = said.latency_p95 or scaled(p99, 0.5)
    p50 = said.latency_p50 or scaled(p99, 0.2)
    if p95 is not None and p50 is not None and p50.base > p95.base:
        p50 = scaled(p95, 0.5)
    wanted = said.consistency or consistency
    stale = "0 s" if is_write or wanted == "strong" else default.staleness
    return draft.fill(
        f"requirements.objectives.{name}",
        said,
        latency_p99=Because(p99, "twice the p95 that was said" if said.latency_p95 else base),
        latency_p95=Because(p95, "half of the p99"),
        latency_p50=Because(p50, "a fifth of the p99"),
        availability=Because(default.availability, base),
        staleness=Because(stale, "a write, or a read that must see every write" if stale == "0 s" else base),
        consistency=Because(
            wanted or ("strong" if is_write else default.consistency), "as the access pattern says" if wanted else base
        ),
    )


def _complete_rates(draft: Draft, access: dict[str, AccessPattern]) -> dict[str, AccessPattern]:
    """Rates for the patterns without one: writes from the entity's growth, reads from what the load leaves over."""
    facts, design = draft.facts, draft.design
    reads = [one for one in access.values() if one.reads is not None]
    known = sum(one.rate.base for one in reads if one.rate is not None)
    unsaid = sum(1 for name, one in access.items() if one.rate is None and one.reads is not None)
    said_patterns_unsaid = sum(
        1 for n, one in access.items() if one.rate is None and one.reads is not None and n in design.access
    )
    peak = facts["load.peak_reads"]
    for name, one in access.items():
        if one.rate is not None:
            draft.give(f"access.{name}.rate", f"access.{name}.rate", one.rate)
            continue
        growth = design.entities[one.writes].growth if one.writes else None
        if one.reads is not None and name in design.access and peak.base > known:
            rate, reason = (
                (peak - Quantity(known, known, parse("1/s").unit)) / said_patterns_unsaid,
                "an equal share of the reads that the load leaves over",
            )
        elif one.reads is not None:
            rate, reason = (
                peak * Quantity(1, 1, parse("1%").unit) / max(1, unsaid),
                "nobody asked for it: together one read in a hundred",
            )
        elif growth is not None and not growth.unit.is_percent and one.action == "create":
            given = facts.given(f"access.{name}.growth", growth, f"the growth of {one.writes}", origin="said")
            rate, reason = given * facts["load.peak_factor"], "the entity's growth at the peak"
        else:
            writes = sum(1 for each in access.values() if each.rate is None and each.writes is not None)
            share = 1.0 if name in design.access and known == 0 else 0.01
            rate = facts["load.peak_writes"] * share / writes
            reason = (
                "an equal share of the writes"
                if share == 1.0
                else "nobody asked for it: together one write in a hundred"
            )
        fact = facts.define(f"access.{name}.rate", rate, "/s", reason)
        access[name] = draft.fill(f"access.{name}", one, rate=Because(fact.quantity, reason, (fact.name,)))
    return access


# -- entities


def _complete_entity(draft: Draft, name: str, entity: Entity) -> Entity:
    """Rows and growth, where they were not said."""
    load, creating = draft.design.requirements.load, _creating(draft.said, name)
    growth: Because
    if creating and entity.growth is None:
        rates = [draft.facts[f"access.{one}.rate"] for one in creating]
        fact = draft.facts.define(
            f"entities.{name}.created",
            total(rates) / draft.facts["load.peak_factor"],
            "/day",
            f"{', '.join(creating)} on average",
        )
        growth = Because(fact.quantity, "as many as are created on average", (fact.name,))
    elif entity.rows is not None and entity.rows.base <= SMALL:
        growth = Because("0/day", "reference data: few rows, and nothing creates them in numbers")
    else:
        growth = Because(load.growth, "as the load grows")
    entity = draft.fill(f"entities.{name}", entity, growth=growth)
    assert entity.growth is not None
    if entity.rows is not None:
        return entity
    if entity.growth.unit.is_percent:
        return draft.fill(
            f"entities.{name}", entity, rows=Because("1000", "neither rows nor growth nor a write is said")
        )
    grown = max(1.0, round(entity.growth.base * 365 * 86400))
    return draft.fill(
        f"entities.{name}",
        entity,
        rows=Because(Quantity(grown, grown), "a new system, sized at the end of its first year of growth"),
    )


def _creating(design: Design, name: str) -> list[str]:
    """The said access patterns that add rows to an entity."""
    return [
        pattern for pattern, one in design.access.items()
        if (one.writes == name and one.action == "create")
    ]  # fmt: skip


def row_bytes(field: Field) -> float:
    """How many bytes a value of a field takes on average, an optional one half of the time."""
    kind = TYPES[field.type or "reference"]
    size = kind.bytes
    if field.length is not None and kind.per_length:
        size = (
            1 + field.length * kind.per_length / 2
            if kind.name not in ("vector", "code", "char")
            else field.length * max(kind.per_length, 2) / 2
        )
    elif field.values:
        size = 1 + sum(len(one) for one in field.values) / len(field.values)
    return size / 2 if field.optional else size


def _measure_entity(draft: Draft, name: str, entity: Entity) -> Fact:
    facts = draft.facts
    fields = fields_of(draft.design, name)
    byte = parse("1 B").unit
    parts = {field: round(row_bytes(one), 1) for field, one in fields.items()} or {"none": 8.0}
    quantities = tuple(Quantity(size, size, byte) for size in parts.values())
    row = facts.define(
        f"entities.{name}.row_size",
        apply_model("sum", _add, "B", *quantities, labels=tuple(parts), is_vectorised=True),
        "B", "its fields, texts taken as half full, optional ones as present half of the time",
    )  # fmt: skip
    rows = draft.give(f"entities.{name}.rows", f"entities.{name}.rows", entity.rows or parse(0))
    horizon = facts["load.horizon"]
    assert entity.growth is not None
    rate = draft.give(f"entities.{name}.growth_rate", f"entities.{name}.growth", entity.growth)
    if entity.growth.unit.is_percent:
        year = parse("1 year")
        growth = facts.define(f"entities.{name}.growth", rows * rate, "/day", "rows added a day, now")
        later: Fact = rows * power(1 + rate * year, horizon / year)
    else:
        growth = facts.define(f"entities.{name}.growth", rate * 1, "/day", "rows added a day")
        later = rows + rate * horizon
    if entity.retention is not None and not entity.growth.unit.is_percent:
        keep = facts.given(f"entities.{name}.retention", entity.retention, "said in the design", origin="said")
        later = minimum(later, maximum(rows, growth * keep))
    facts.define(
        f"entities.{name}.rows_at_horizon", later, "", "rows at the horizon, what its retention drops taken off"
    )
    return facts.define(f"entities.{name}.size", rows * row, "GB", "rows today × row size, before overhead and indexes")


def _add(*values: float) -> float:
    return sum(values)


def _mean_record(draft: Draft) -> Fact:
    facts, names = draft.facts, list(draft.design.entities)
    grown = [(facts[f"entities.{n}.growth"], facts[f"entities.{n}.row_size"]) for n in names]
    grown = [pair for pair in grown if pair[0].base > 0]
    if not grown:
        return apply_model("assumed", lambda size: size, "B", parse("500 B"), is_vectorised=True)
    return total([growth * size for growth, size in grown]) / total([growth for growth, _ in grown])


# -- rules


@rule(
    "entities-key-space-exhausted", principle="scalability", severity="high",
    condition="a short code has fewer values than ten times the rows at the horizon",
    effect="New codes collide more and more often, and can be guessed.",
    remedy="Make the code longer by one or two characters.",
)  # fmt: skip
def key_space_exhausted(draft: Draft) -> Iterator[Hit]:
    for name, entity in draft.design.entities.items():
        for field, one in entity.fields.items():
            if one.type == "code" and (one.key or one.unique):
                rows = draft.facts[f"entities.{name}.rows_at_horizon"].base
                space = 62.0 ** (one.length or 8)
                if rows * 10 > space:
                    yield Hit(
                        f"entities.{name}.fields.{field}",
                        f"62^{one.length or 8} = {space:.3g} codes for {rows:.3g} rows at the horizon",
                    )


@rule(
    "entities-personal-data-without-end", principle="security", severity="medium",
    condition="GDPR binds the system, and an entity with personal data grows by a number of rows per time with no retention, though others have one",
    effect="Data about people is kept longer than any purpose needs (GDPR, article 5(1)(e)).",
    remedy="Say how long it is kept: retention: 2 years.",
)  # fmt: skip
def personal_data_without_end(draft: Draft) -> Iterator[Hit]:
    if "GDPR" not in draft.said.requirements.compliance:
        return
    for name, entity in draft.said.entities.items():
        personal = [field for field, one in entity.fields.items() if one.personal]
        if personal and entity.retention is None and entity.growth is not None and not entity.growth.unit.is_percent:
            yield Hit(f"entities.{name}.retention", f"{', '.join(personal)}; {entity.growth} more, none ever removed")


@rule(
    "entities-secret-readable-text", principle="security", severity="critical",
    condition="a password or a card number is kept as plain text",
    effect="One leaked backup gives away every account.",
    remedy="Keep a password as a hash (argon2id) marked secret; leave card numbers to the payment provider.",
)  # fmt: skip
def secret_readable_text(draft: Draft) -> Iterator[Hit]:
    for name, entity in draft.design.entities.items():
        for field, one in entity.fields.items():
            word = snake(field)
            if not one.secret and word in (
                "password",
                "passwd",
                "card_number",
                "pan",
                "cvv",
                "cvc",
                "api_key",
                "private_key",
            ):
                yield Hit(f"entities.{name}.fields.{field}", f"{field}: {one.type}, not marked secret")


@rule(
    "entities-rows-outrun-retention", principle="scalability", severity="medium",
    condition="an entity holds more rows than its growth can make within its retention",
    effect="Either old rows are not removed or the growth is wrong; storage is planned on one of the two.",
    remedy="Mend rows, growth or retention; rows ≈ growth × retention.",
)  # fmt: skip
def rows_outrun_retention(draft: Draft) -> Iterator[Hit]:
    for name, entity in draft.said.entities.items():
        if entity.rows is None or entity.growth is None or entity.retention is None or entity.growth.unit.is_percent:
            continue
        kept = entity.growth.base * entity.retention.base
        if kept > 0 and entity.rows.base > 2 * kept:
            yield Hit(
                f"entities.{name}.rows", f"{entity.rows} rows, but {entity.growth} × {entity.retention} = {kept:,.0f}"
            )


@rule(
    "entities-sort-without-limit", principle="performance", severity="medium",
    condition="a read of a growing entity returns more than a thousand rows",
    effect="Response time and memory grow with the table until both fail.",
    remedy="Give a limit and page through the rest.",
)  # fmt: skip
def sort_without_limit(draft: Draft) -> Iterator[Hit]:
    for name, one in draft.said.access.items():
        if one.reads is not None and one.limit is not None and one.limit > 1000:
            rows = draft.facts[f"entities.{one.reads}.rows"]
            yield Hit(f"access.{name}.limit", f"limit {one.limit:,} over {rows.text} rows")


RULES: Sequence[Rule] = (
    key_space_exhausted, personal_data_without_end, secret_readable_text, rows_outrun_retention, sort_without_limit,
)  # fmt: skip


# -- views


def views(draft: Draft) -> Sequence[AnyShape]:
    """The conceptual model, the entities with their sizes, and the access patterns."""
    return (_concepts(draft.design), _entity_table(draft), _field_table(draft.design), _access_table(draft))


def _concepts(design: Design) -> Graph:
    nodes = tuple(
        Node(
            name,
            name,
            "entity",
            one.domain or "",
            tuple(("•" if f.personal else "", field, f.references or f.type or "") for field, f in one.fields.items()),
        )
        for name, one in design.entities.items()
    )
    edges = []
    for name, one in design.entities.items():
        for field, f in one.fields.items():
            if f.references is not None:
                many: End = "zero-or-one" if f.unique else "zero-or-many"
                edges.append(
                    Edge(name, f.references, field, "relationship", many, "zero-or-one" if f.optional else "one")
                )
        if one.extends is not None:
            edges.append(Edge(name, one.extends, "is a", "extends", "zero-or-one", "one"))
    for name, relation in design.relationships.items():
        left, right = relation.between
        tail: End = "zero-or-many" if relation.kind == "many-to-many" else "one"
        head: End = "one" if relation.kind == "one-to-one" else "zero-or-many"
        edges.append(Edge(left, right, words(name), "relationship", tail, head))
    domains = dict.fromkeys(one.domain for one in design.entities.values() if one.domain)
    return Graph(
        "concepts", "Conceptual model", nodes, tuple(edges), kind="er", groups=tuple(Group(one, one) for one in domains),
        description="Entities as people speak of them; a dot marks personal data.",
    )  # fmt: skip


def _entity_table(draft: Draft) -> Table:
    rows: list[Row] = []
    for name, entity in draft.design.entities.items():
        at = f"entities.{name}"
        cells = [draft.facts[f"{at}.{word}"].cell for word in ("rows", "growth", "row_size", "size", "rows_at_horizon")]
        rows.append(
            (name, entity.domain or "", len(fields_of(draft.design, name)), *cells, str(entity.retention or "kept"))
        )
    columns = ("entity", "domain", "fields", "rows", "growth", "row size", "size", "rows at horizon", "retention")
    return Table(
        "entities", "Entities", columns, tuple(rows), anchors=tuple(f"entity-{snake(n)}" for n in draft.design.entities)
    )


def _field_table(design: Design) -> Table:
    rows: list[Row] = []
    for name, entity in design.entities.items():
        for field, one in entity.fields.items():
            marks = [mark for mark in ("key", "unique", "optional", "personal", "secret") if getattr(one, mark)]
            kind = (
                f"-> {one.references}"
                if one.references
                else (one.type or "")
                + (f"({', '.join(one.values)})" if one.values else f"({one.length})" if one.length else "")
            )
            rows.append(
                (
                    name,
                    Cell(field, is_code=True),
                    Cell(kind, is_code=True),
                    ", ".join(marks),
                    round(row_bytes(one), 1),
                    one.comment or "",
                )
            )
    return Table("fields", "Fields", ("entity", "field", "type", "marks", "bytes", "comment"), tuple(rows))


def _access_table(draft: Draft) -> Table:
    rows: list[Row] = []
    for name, one in draft.design.access.items():
        how = ", ".join(
            part for part in (
                f"by {', '.join(one.by)}" if one.by else "", f"range {one.range}" if one.range else "", f"sort {', '.join(one.sort)}" if one.sort else "",
                f"search {', '.join(one.search)}" if one.search else "", f"with {', '.join(one.include)}" if one.include else "",
                f"limit {one.limit}" if one.limit else "", "; ".join(s.write_shorthand() or "" for s in one.steps),
            ) if part
        )  # fmt: skip
        kind = "read" if one.reads else one.action or "write"
        origin = Cell("said") if name in draft.said.access else Cell("proposed", tone="muted")
        rate = draft.facts[f"access.{name}.rate"].cell
        rows.append(
            (
                Cell(name, is_code=True),
                kind,
                one.reads or one.writes,
                how,
                rate,
                one.consistency,
                ", ".join(one.roles),
                origin,
            )
        )
    columns = ("access pattern", "kind", "entity", "how", "peak rate", "consistency", "roles", "origin")
    return Table("access", "Access patterns", columns, tuple(rows))
