"""What a database holds, gathered table by table while a reader goes on, and turned into a design at the end: one entity
a table for what it means, and the physical schema in full for what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from archnb.design import Design
from archnb.design.record import MAX_NAME
from archnb.readers.native_types import Typed, read_type

COUNTED = ("tables", "columns", "primary_keys", "uniques", "checks", "foreign_keys", "indexes", "not_understood")
ACTIONS = ("restrict", "cascade", "set null", "no action", "set default")


@dataclass(frozen=True)
class Note:
    """Something that was read and is not in the design: its line (0: none), the text it is about, the reason."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class Import:
    """What a reader brought in.

    design: the design, with `schema.tables` in full.
    counts: tables (partitions too), columns, primary_keys, uniques (unique constraints), checks (without NOT NULL),
        foreign_keys, indexes (those that back no primary key and no unique constraint), not_understood. What a
        partition has from its parent is not counted again. These are what the engine's own catalogue holds.
    notes: everything that is not in the design, with its line and the reason: `not_understood` of them.
    remarks: what is in the design in other words than in the source, for instance a renamed table.
    skipped: what is no part of a schema and was left out: kind -> how many.
    engine: postgresql, mysql or sqlite.
    """

    design: Design
    counts: dict[str, int]
    notes: tuple[Note, ...] = ()
    remarks: tuple[Note, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)
    engine: str = "postgresql"
    source: str = ""


@dataclass
class ColumnRead:
    """A column as it was read."""

    name: str
    typed: Typed
    nullable: bool = True
    default: str | None = None
    is_generated: bool = False
    comment: str | None = None


@dataclass
class KeyRead:
    """A foreign key as it was read; `referenced` empty means the primary key there."""

    name: str
    columns: tuple[str, ...]
    table: str
    referenced: tuple[str, ...] = ()
    on_delete: str | None = None
    on_update: str | None = None
    line: int = 0


@dataclass
class IndexRead:
    """An index as it was read; the columns with '-' where descending, an expression as its text."""

    columns: tuple[str, ...]
    unique: bool = False
    where: str | None = None
    method: str | None = None
    include: tuple[str, ...] = ()


@dataclass
class TableRead:
    """A table as it was read; names are exact."""

    name: str
    schema: str | None = None
    line: int = 0
    columns: dict[str, ColumnRead] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    uniques: dict[str, tuple[str, ...]] = field(default_factory=dict)
    checks: dict[str, str] = field(default_factory=dict)
    foreign_keys: dict[str, KeyRead] = field(default_factory=dict)
    indexes: dict[str, IndexRead] = field(default_factory=dict)
    primary_key_name: str | None = None
    partition_by: str | None = None
    partition_of: str | None = None
    bounds: str | None = None
    comment: str | None = None
    rows: int | None = None

    def name_free(self, wanted: str) -> str:
        """A name that no constraint or index of this table has yet."""
        taken = {*self.uniques, *self.checks, *self.foreign_keys, *self.indexes}
        made, n = wanted, 0
        while made in taken:
            n += 1
            made = f"{wanted}{n}"
        return made


class Catalogue:
    """Tables by their full name, and what was left out."""

    def __init__(self, engine: str, source: str = "") -> None:
        self.engine, self.source = engine, source
        self.tables: dict[str, TableRead] = {}
        self.notes: list[Note] = []
        self.remarks: list[Note] = []
        self.skipped: dict[str, int] = {}

    def note(self, line: int, text: str, reason: str) -> None:
        """List something that does not get into the design."""
        self.notes.append(Note(line, _shorten(text), reason))

    def remark(self, line: int, text: str, reason: str) -> None:
        """List something that gets into the design in other words."""
        self.remarks.append(Note(line, _shorten(text), reason))

    def skip(self, kind: str, number: int = 1) -> None:
        """Count something that is no part of a schema."""
        self.skipped[kind] = self.skipped.get(kind, 0) + number

    def finish(self) -> Import:
        """The design and the counts. Foreign keys to tables that are not there are noted and left out."""
        names = self._name_tables()
        self._resolve_keys()
        entities = _name_entities(names.values())
        tables: dict[str, Any] = {}
        found: dict[str, Any] = {}
        for full, table in self.tables.items():
            columns = self._name_columns(table)
            parent = self.tables.get(table.partition_of or "")
            owner = entities[names[table.partition_of]] if parent and table.partition_of else entities[names[full]]
            tables[names[full]] = self._make_table(table, names, columns, owner)
            if parent is None:
                found[owner] = self._make_entity(table, names, entities, columns)
        data: dict[str, Any] = {
            "entities": found,
            "schema": {"stores": {"main": {"engine": self.engine}}, "tables": tables},
        }
        title = re.sub(r"\.\w+$", "", self.source.rpartition("/")[2]) if "://" not in self.source else ""
        design = Design.of(({"name": title} if title else {}) | data)
        return Import(
            design, self._count(), tuple(sorted(self.notes, key=lambda n: n.line)), tuple(sorted(self.remarks, key=lambda n: n.line)),
            dict(sorted(self.skipped.items())), self.engine, self.source,
        )  # fmt: skip

    def _count(self) -> dict[str, int]:
        tables = self.tables.values()
        numbers = (
            len(tables),
            sum(len(t.columns) for t in tables),
            sum(bool(t.primary_key) for t in tables),
            sum(len(t.uniques) for t in tables),
            sum(len(t.checks) for t in tables),
            sum(len(t.foreign_keys) for t in tables),
            sum(len(t.indexes) for t in tables),
            len(self.notes),
        )
        return dict(zip(COUNTED, numbers, strict=True))

    def _resolve_keys(self) -> None:
        for table in self.tables.values():
            for name, key in list(table.foreign_keys.items()):
                target = self.tables.get(key.table)
                missing = [one for one in key.columns if one not in table.columns]
                if target is None:
                    self.note(
                        key.line, f"{table.name}.{name}", f"it refers to the table {key.table!r}, which is not there"
                    )
                elif missing:
                    self.note(key.line, f"{table.name}.{name}", f"its column {missing[0]!r} is not in the table")
                else:
                    key.referenced = key.referenced or target.primary_key
                    continue
                del table.foreign_keys[name]
            if any(one not in table.columns for one in table.primary_key):
                self.note(table.line, f"{table.name}: primary key", "a column of it is not in the table")
                table.primary_key = ()

    def _name_tables(self) -> dict[str, str]:
        """Full name -> name in the design: without the schema where that is clear, without what names must not hold."""
        made: dict[str, str] = {}
        taken: set[str] = set()
        # the default schema's tables keep their names, whatever else there is
        order = sorted(self.tables, key=lambda full: self.tables[full].schema not in (None, "public", "main"))
        for full in order:
            table = self.tables[full]
            wanted = _allow(table.name)
            if wanted in taken and table.schema:
                wanted = _allow(f"{table.schema}_{table.name}")
            name = _free(wanted, taken)
            taken.add(name)
            made[full] = name
            if name != table.name:
                self.remark(table.line, full, f"the table is called {name!r} in the design")
        return {full: made[full] for full in self.tables}

    def _name_columns(self, table: TableRead) -> dict[str, str]:
        made: dict[str, str] = {}
        for name in table.columns:
            made[name] = _free(_allow(name), set(made.values()))
            if made[name] != name:
                self.remark(table.line, f"{table.name}.{name}", f"the column is called {made[name]!r} in the design")
        return made

    def _make_table(
        self, table: TableRead, names: dict[str, str], columns: dict[str, str], entity: str
    ) -> dict[str, Any]:
        def renamed(several: Iterable[str]) -> list[str]:
            return [columns.get(one, one) for one in several]

        def ordered(one: str) -> str:
            return f"-{columns[one[1:]]}" if one[:1] == "-" and one[1:] in columns else columns.get(one, one)

        comment = table.comment
        if table.partition_of:
            part = f"partition of {names.get(table.partition_of, table.partition_of)} {table.bounds or ''}".strip()
            comment = f"{part}; {comment}" if comment else part
        made: dict[str, Any] = {
            "entity": entity,
            "store": "main",
            "columns": {columns[one.name]: _make_column(one, columns[one.name], one.name in table.primary_key) for one in table.columns.values()},
            "primary_key": renamed(table.primary_key),
            "uniques": {_allow(n): {"columns": renamed(u)} for n, u in table.uniques.items()},
            "checks": {_allow(n): {"condition": c} for n, c in table.checks.items()},
            "foreign_keys": {
                _allow(n): {
                    "columns": renamed(k.columns), "references": names[k.table], "referenced": self._renamed_there(k),
                    "on_delete": _action(k.on_delete), "on_update": _action(k.on_update),
                }
                for n, k in table.foreign_keys.items()
            },
            "indexes": {
                _allow(n): {
                    "columns": [ordered(one) for one in i.columns], "unique": True if i.unique else None, "where": i.where,
                    "method": i.method, "include": renamed(i.include),
                }
                for n, i in table.indexes.items()
            },
            "partition_by": table.partition_by,
            "comment": comment,
        }  # fmt: skip
        return made

    def _renamed_there(self, key: KeyRead) -> list[str]:
        there = self.tables[key.table]
        made: dict[str, str] = {}
        for name in there.columns:
            made[name] = _free(_allow(name), set(made.values()))
        return [made.get(one, one) for one in key.referenced]

    def _make_entity(
        self, table: TableRead, names: dict[str, str], entities: dict[str, str], columns: dict[str, str]
    ) -> dict[str, Any]:
        single = {key.columns[0]: key for key in table.foreign_keys.values() if len(key.columns) == 1}
        unique = {columns[one[0]] for one in table.uniques.values() if len(one) == 1}
        unique |= {
            columns[one.columns[0]]
            for one in table.indexes.values()
            if one.unique and not one.where and len(one.columns) == 1 and one.columns[0] in columns
        }
        fields: dict[str, Any] = {}
        for one in table.columns.values():
            name = columns[one.name]
            made = _make_field(one, table.primary_key == (one.name,))
            key = single.get(one.name)
            if key is not None:
                made = {"type": "reference", "references": entities[names[key.table]]} | {
                    k: v for k, v in made.items() if k in ("optional", "key", "comment")
                }
                if _action(key.on_delete) not in (None, "no action"):
                    made["on_delete"] = _action(key.on_delete)
            if name in unique and table.primary_key != (one.name,):
                made["unique"] = True
            fields[name] = made
        joined = [[columns.get(c, c) for c in one] for one in table.uniques.values() if len(one) > 1]
        return {
            "summary": table.comment,
            "fields": fields,
            "key": [columns[one] for one in table.primary_key] if len(table.primary_key) > 1 else [],
            "unique": ["+".join(one) for one in joined if not any("+" in c or c != c.strip() for c in one)],
            "rows": table.rows,
        }


def _make_column(column: ColumnRead, field_name: str, is_key: bool) -> dict[str, Any]:
    typed = column.typed
    return {
        "type": typed.type, "length": typed.length, "scale": typed.scale, "values": list(typed.values), "native": typed.native,
        "nullable": column.nullable and not is_key, "default": column.default, "is_generated": True if column.is_generated else None,
        "field": field_name, "comment": column.comment,
    }  # fmt: skip


def _make_field(column: ColumnRead, is_key: bool) -> dict[str, Any]:
    typed = column.typed
    made: dict[str, Any] = {
        "type": typed.type,
        "length": typed.length,
        "scale": typed.scale,
        "values": list(typed.values),
    }
    if is_key and column.is_generated and typed.type in ("int", "bigint", "smallint"):
        made = {"type": "key"}
    elif is_key:
        made["key"] = True
    elif column.nullable:
        made["optional"] = True
    if typed.type == "other":
        made["native"] = typed.native
    if (default := _plain_default(column.default)) is not None and made["type"] not in ("key", "other"):
        made["default"] = default
    return made | {"comment": column.comment}


def _plain_default(expression: str | None) -> str | None:
    """A default in the words of a design where it is a plain value; other expressions stay with the column."""
    if expression is None:
        return None
    if re.fullmatch(r"(?i)now\(\)|current_timestamp(\(\d?\))?|current_date", expression):
        return "now()"
    if re.fullmatch(r"-?\d+(\.\d+)?", expression):
        return expression
    if re.fullmatch(r"(?i)true|false", expression):
        return expression.lower()
    found = re.fullmatch(r"'([^'=<>\\]+)'", expression)
    return found[1].strip() or None if found else None


def read_native(text: str, engine: str) -> Typed:
    """The type behind an engine's type text."""
    return read_type(text, engine)


def _action(action: str | None) -> str | None:
    word = (action or "").lower()
    return word if word in ACTIONS else None


def _allow(name: str) -> str:
    """A name without what names in a design must not hold: dots, control characters, more than 200 characters."""
    made = "".join("_" if c == "." or ord(c) < 32 else c for c in name)[: MAX_NAME - 10]
    return made if made.strip() else "unnamed"


def _free(wanted: str, taken: set[str]) -> str:
    made, n = wanted, 1
    while made in taken:
        n += 1
        made = f"{wanted}_{n}"
    return made


def _name_entities(names: Iterable[str]) -> dict[str, str]:
    """Table name -> entity name: film_actor -> FilmActor."""
    made: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        parts = [part for part in re.split(r"[\W_]+", name) if part]
        wanted = "".join(part[:1].upper() + part[1:] for part in parts) or "Table"
        made[name] = _free(wanted, taken)
        taken.add(made[name])
    return made


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:119]}…"
