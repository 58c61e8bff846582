"""What there is to be seen of a schema: the ER diagram, and tables of stores, tables, columns and indexes with their reasons."""

from __future__ import annotations

from archnb.design.schema import Column, ForeignKey, SchemaTable
from archnb.fact.keys.schema import INDEX_SIZE, TABLE_ROW_SIZE, TABLE_ROWS, TABLE_SIZE, TABLE_SIZE_AT_HORIZON
from archnb.model.lookups import Demand, covers, find_accesses, find_demands, find_include_demands
from archnb.quantity import number
from archnb.shapes import AnyShape, Cell, Edge, End, Graph, Group, Node, Scalar, Table
from archnb.topics.schema.stores import weigh
from archnb.topics.topic import Draft

Row = tuple[Cell | Scalar, ...]


def views(draft: Draft) -> tuple[AnyShape, ...]:
    """All shapes of the schema, in reading order."""
    return (
        show_er(draft),
        show_stores(draft),
        show_tables(draft),
        show_columns(draft),
        show_constraints(draft),
        show_indexes(draft),
    )


def type_text(column: Column) -> str:
    """A column's type as people read it: 'decimal(19, 4)', 'text(200) null'."""
    made = column.native or column.type or "other"
    if (
        not column.native
        and column.length is not None
        and column.type not in ("email", "phone", "country", "currency", "language")
    ):
        made += f"({column.length}" + (f", {column.scale})" if column.scale is not None else ")")
    return made + (" null" if column.nullable else "")


def _mark(name: str, table: SchemaTable) -> str:
    marks = ["PK"] if name in table.primary_key else []
    marks += ["FK"] if any(name in key.columns for key in table.foreign_keys.values()) else []
    marks += ["UQ"] if any(unique.columns == (name,) for unique in table.uniques.values()) else []
    return " ".join(marks)


def _ends(table: SchemaTable, key: ForeignKey) -> tuple[End, End]:
    """The crow's-foot ends of a foreign key: at the table that holds it, and at the one it refers to."""
    columns = set(key.columns)
    is_single = columns == set(table.primary_key) or any(columns == set(one.columns) for one in table.uniques.values())
    is_optional = any(table.columns[one].nullable for one in key.columns if one in table.columns)
    return ("zero-or-one" if is_single else "zero-or-many"), ("zero-or-one" if is_optional else "one")


def show_er(draft: Draft) -> Graph:
    """The entity-relationship diagram of the tables in crow's-foot notation, grouped by domain."""
    schema, entities = draft.design.schema, draft.design.entities
    domains: dict[str, None] = {}
    nodes = []
    for name, table in schema.tables.items():
        entity = entities.get(table.entity or "")
        group = (entity.domain if entity is not None else None) or ""
        if group:
            domains[group] = None
        lines = tuple((_mark(one, table), one, type_text(column)) for one, column in table.columns.items())
        is_junction = table.entity in draft.design.relationships
        kind = "junction" if is_junction else "table" if draft.model.places.is_relational(table) else "collection"
        nodes.append(Node(name, name, kind, group, lines, TABLE_SIZE.of(name)))
    edges = []
    for name, table in schema.tables.items():
        for key in table.foreign_keys.values():
            if key.references is not None and key.references in schema.tables:
                tail, head = _ends(table, key)
                edges.append(Edge(name, key.references, ", ".join(key.columns), "reference", tail, head))
    groups = tuple(Group(one, one, "domain") for one in domains)
    return Graph(
        "er", "Tables and their keys", tuple(nodes), tuple(edges), groups=groups, kind="er",
        description="A line goes from the foreign key to the table it refers to; the crow's foot says how many.",
    )  # fmt: skip


def _why(draft: Draft, path: str) -> str:
    because = draft.reasons.get(path)
    return because.reason if because is not None else "said"


def show_stores(draft: Draft) -> Table:
    """For every entity: its store, why, and what was refused."""
    rows: list[Row] = []
    schema, places = draft.design.schema, draft.model.places
    said = draft.said_model.places
    for entity in draft.design.entities:
        home = places.find_said_home(entity) or ""
        copies = places.list_copies(entity)
        engine = schema.stores[home].engine if home else ""
        is_said = said.find_said_home(entity) is not None
        decisions = [] if is_said else list(weigh(draft, entity))
        reasons = [one.reason for one in decisions] or [
            "said" if is_said else "Nothing asks for another kind of store."
        ]
        refused = [one.refused for one in decisions] or [
            "" if is_said else "Every other kind: one more system to run and to keep in step, for nothing."
        ]
        shown = [f"{home} ({engine})", *(f"copy in {name} ({schema.stores[name].engine})" for name in copies)]
        rows.append((entity, "; ".join(shown), " ".join(reasons), "; ".join(refused)))
    return Table("stores", "Stores", ("entity", "store", "because", "refused"), tuple(rows),
                 description="Relational unless an access pattern passes a number; the numbers are facts.")  # fmt: skip


def show_tables(draft: Draft) -> Table:
    """Every table with its key, rows and size today and at the horizon."""
    rows: list[Row] = []
    facts = draft.facts
    for name, table in draft.design.schema.tables.items():
        cells = [facts[one.of(name)].cell for one in (TABLE_ROWS, TABLE_ROW_SIZE, TABLE_SIZE, TABLE_SIZE_AT_HORIZON)]
        rows.append((
            Cell(name, is_code=True), table.entity or "", table.store or "", ", ".join(table.primary_key), len(table.columns), *cells,
            table.partition_by or "", _why(draft, f"schema.tables.{name}.primary_key"),
        ))  # fmt: skip
    columns = (
        "table",
        "entity",
        "store",
        "primary key",
        "columns",
        "rows",
        "row",
        "size today",
        "size at horizon",
        "partitions",
        "because",
    )
    return Table(
        "tables", "Tables", columns, tuple(rows), anchors=tuple(f"table-{one}" for one in draft.design.schema.tables)
    )


def show_columns(draft: Draft) -> Table:
    """Every column of every table."""
    rows: list[Row] = []
    for name, table in draft.design.schema.tables.items():
        for one, column in table.columns.items():
            path = f"schema.tables.{name}.columns.{one}"
            note = "; ".join(
                part for part in (column.comment, draft.reasons[path].reason if path in draft.reasons else "") if part
            )
            rows.append((
                Cell(name, is_code=True), Cell(one, is_code=True), type_text(column).removesuffix(" null"), "yes" if column.nullable else "no",
                _mark(one, table), column.default or ("numbered" if column.is_generated else ""), column.field or "", note,
            ))  # fmt: skip
    return Table(
        "columns", "Columns", ("table", "column", "type", "null", "key", "default", "field", "note"), tuple(rows)
    )


def show_constraints(draft: Draft) -> Table:
    """Every unique, check and foreign key with its reason."""
    rows: list[Row] = []
    for name, table in draft.design.schema.tables.items():
        path = f"schema.tables.{name}"
        for key, unique in table.uniques.items():
            rows.append(
                (
                    Cell(name, is_code=True),
                    Cell(key, is_code=True),
                    "unique",
                    ", ".join(unique.columns),
                    _why(draft, f"{path}.uniques.{key}"),
                )
            )
        for key, check in table.checks.items():
            rows.append(
                (
                    Cell(name, is_code=True),
                    Cell(key, is_code=True),
                    "check",
                    Cell(check.condition, is_code=True),
                    _why(draft, f"{path}.checks.{key}"),
                )
            )
        for key, one in table.foreign_keys.items():
            what = f"{', '.join(one.columns)} → {one.references} ({', '.join(one.referenced)}), on delete {one.on_delete or 'no action'}"
            rows.append(
                (
                    Cell(name, is_code=True),
                    Cell(key, is_code=True),
                    "foreign key",
                    what,
                    _why(draft, f"{path}.foreign_keys.{key}"),
                )
            )
    return Table("constraints", "Constraints", ("table", "name", "kind", "what holds", "because"), tuple(rows))


def show_indexes(draft: Draft) -> Table:
    """Every index with what it serves, why, its size and what it costs each write; those behind the keys too."""
    rows: list[Row] = []
    design = draft.design
    demands: dict[str, list[tuple[str, Demand]]] = {}
    for pattern, one in design.access.items():
        for demand in (*find_demands(draft.model.places, one), *find_include_demands(draft.model.places, one)):
            demands.setdefault(demand.table, []).append((pattern, demand))
    for name, table in design.schema.tables.items():
        writes = sum(
            draft.model.traffic.measure(one) for one in draft.model.touches.list_writers(table.entity or "", "create")
        )
        for access in find_accesses(name, table):
            if access.name in table.indexes:
                continue
            serves = list(dict.fromkeys(p for p, demand in demands.get(name, []) if covers(access, demand)))
            reason = _why(
                draft,
                f"schema.tables.{name}."
                + ("primary_key" if access.kind == "primary key" else f"uniques.{access.name}"),
            )
            rows.append(
                _index_row(draft, name, access.name, access.kind, ", ".join(access.columns), serves, reason, writes)
            )
        for key, index in table.indexes.items():
            where = f" where {index.where}" if index.where else ""
            kind = index.method or "btree"
            reason = _why(draft, f"schema.tables.{name}.indexes.{key}")
            rows.append(
                _index_row(draft, name, key, kind, ", ".join(index.columns) + where, list(index.serves), reason, writes)
            )
    columns = ("table", "index", "kind", "columns", "serves", "size", "write cost", "because")
    return Table(
        "indexes",
        "Indexes",
        columns,
        tuple(rows),
        description="The leading columns are given exactly, then come range and order; - is downwards.",
    )


def _index_row(
    draft: Draft, table: str, name: str, kind: str, columns: str, serves: list[str], reason: str, writes: float
) -> tuple[Cell | Scalar, ...]:
    fact = INDEX_SIZE.of(table, name)
    size: Cell | Scalar = draft.facts[fact].cell if fact in draft.facts else ""
    cost = f"one more entry for each of {number(writes)} new rows/s" if writes else "one more entry for each new row"
    return (
        Cell(table, is_code=True),
        Cell(name, is_code=True),
        kind,
        Cell(columns, is_code=True),
        ", ".join(serves),
        size,
        cost,
        reason,
    )
