"""The conceptual model, the entities with their sizes, and the access patterns, as shapes."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.design import Design
from archnb.design.conditions import write_assignment, write_filter
from archnb.fact.keys.entities import (
    ENTITY_ADDED,
    ENTITY_ROW_SIZE,
    ENTITY_ROWS,
    ENTITY_ROWS_AT_HORIZON,
    ENTITY_SIZE,
    PATTERN_RATE,
)
from archnb.naming import snake, words
from archnb.shapes import AnyShape, Cell, Edge, End, Graph, Group, Node, Row, Table
from archnb.topics.entities.sizes import row_bytes
from archnb.topics.topic import Draft


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
        shown = (ENTITY_ROWS, ENTITY_ADDED, ENTITY_ROW_SIZE, ENTITY_SIZE, ENTITY_ROWS_AT_HORIZON)
        cells = [draft.facts[one.of(name)].cell for one in shown]
        rows.append((name, entity.domain or "", len(draft.model.fields(name)), *cells, str(entity.retention or "kept")))
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
                f"by {', '.join(one.by)}" if one.by else "", f"where {', '.join(write_filter(part) for part in one.where)}" if one.where else "", f"range {one.range}" if one.range else "", f"sort {', '.join(one.sort)}" if one.sort else "",
                f"search {', '.join(one.search)}" if one.search else "", f"with {', '.join(one.include)}" if one.include else "",
                f"answers {', '.join(one.returns)}" if one.returns else "", f"sets {', '.join(write_assignment(part) for part in one.sets)}" if one.sets else "",
                "every row that it finds" if one.many else "", f"limit {one.limit}" if one.limit else "", "; ".join(s.write_shorthand() or "" for s in one.steps),
            ) if part
        )  # fmt: skip
        kind = "read" if one.reads else one.action or "write"
        origin = Cell("said") if name in draft.said.access else Cell("proposed", tone="muted")
        rate = draft.facts[PATTERN_RATE.of(name)].cell
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
