"""Rows as records: the fields of an entity as JSON, out of the columns of its tables, and the other way round.

A field may be several columns (an amount with its currency, a reference to a key of two), and an entity several tables
(one that extends another). Nobody else here knows that.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from archnb.export.sql import make_dialect, metadata
from archnb.export.strict import from_units, read_scale
from archnb.model import Embed
from archnb.planned.schema import Column, ForeignKey
from archnb.serve.database import Database
from archnb.serve.problems import Fault, Refused
from archnb.serve.wire import MisfitError, Position, from_json, to_json, write_position

if TYPE_CHECKING:
    import sqlalchemy as sa

    from archnb.plan import Plan

Json = Any
Record = dict[str, Json]


class Cell(NamedTuple):
    """One column of a field: where it is, and under which name a composite value has it ('' where it is the whole value)."""

    table: str
    name: str
    column: Column
    part: str = ""


class Records:
    """Reads and writes the records of one design in one database."""

    def __init__(self, plan: Plan, database: Database) -> None:
        self.plan, self.model, self.schema, self.database = plan, plan.model, plan.planned.schema, database
        made = metadata(plan, database.dialect)
        self.tables: dict[str, sa.Table] = {table.info["table"]: table for table in made.tables.values()}
        self._dialect = make_dialect(database.dialect)
        self._columns = {
            (name, one.info["column"]): one for name, table in self.tables.items() for one in table.columns
        }
        self._cells: dict[tuple[str, str], tuple[Cell, ...]] = {}

    # -- statements

    def fetch(self, statement: Any, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement of SQLAlchemy with the values of its parameters; exact numbers that the engine keeps in whole units are numbers again."""
        found = self.database.fetch(*self._compile(statement, values))
        scales = [_find_scale(one) for one in getattr(statement, "exported_columns", ())]
        if not any(one is not None for one in scales):
            return found
        return [
            tuple(
                value if scale is None else from_units(value, scale) for value, scale in zip(row, scales, strict=True)
            )
            for row in found
        ]

    def run(self, statement: Any, values: Mapping[str, Any] | None = None) -> int:
        """Run a statement of SQLAlchemy; gives how many rows it touched."""
        return self.database.run(*self._compile(statement, values))

    def _compile(self, statement: Any, values: Mapping[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        compiled = statement.compile(dialect=self._dialect, compile_kwargs={"render_postcompile": True})
        return str(compiled), {**compiled.params, **(values or {})}

    def column(self, table: str, name: str) -> sa.Column[Any]:
        """SQLAlchemy's column of a column of the design."""
        return self._columns[table, name]

    def cell(self, table: str, name: str) -> Cell:
        """A column by itself, as a whole value."""
        return Cell(table, name, self.schema.tables[table].columns[name])

    # -- where fields are

    def is_served(self, entity: str) -> bool:
        """Whether an entity has a table here."""
        return self.model.places.find_table(entity) in self.tables

    def chain(self, entity: str) -> list[str]:
        """The tables of an entity and of what it extends, its own first."""
        found: list[str] = []
        for name in self.model.inheritance.list_ancestry(entity):
            table = self.model.places.find_table(name)
            if table is None or table in found or table not in self.tables:
                break
            found.append(table)
        return found

    def cells(self, entity: str, field: str) -> tuple[Cell, ...]:
        """The columns of a field, none of one that has no place here."""
        if (entity, field) not in self._cells:
            self._cells[entity, field] = tuple(self._find_cells(entity, field))
        return self._cells[entity, field]

    def _find_cells(self, entity: str, field: str) -> Iterable[Cell]:
        place = self.model.places.find_field(entity, field)
        if place is None or place.table not in self.tables:
            return
        table = self.schema.tables[place.table]
        said = self.model.properties.fields(entity).get(field)
        target = said.references if said is not None else None
        for name in place.columns:
            column, part = table.columns[name], ""
            if said is not None and said.type == "money":
                part = "currency" if column.type == "currency" else "amount"
            elif target is not None and len(place.columns) > 1:
                part = self._find_part(place.table, place.columns, name, target)
            yield Cell(place.table, name, column, part)

    def _find_part(self, table: str, columns: tuple[str, ...], name: str, target: str) -> str:
        """What the property of a composite reference is called: that of the key field it stands for."""
        for key in self.schema.tables[table].foreign_keys.values():
            if set(key.columns) == set(columns):
                there = key.referenced[key.columns.index(name)]
                for field in self.model.keys.fields(target):
                    if any(one.name == there for one in self.cells(target, field)):
                        return self.model.properties.names(target)[field]
        return name

    # -- values

    def bind(self, cell: Cell, value: Json, pointer: str = "") -> Any:
        """A JSON value as the driver takes it for a column. Raises Refused where the column cannot hold it."""
        try:
            plain = from_json(value, cell.column)
        except MisfitError as error:
            raise Refused("validation_failed", str(error), [Fault(pointer, str(error), "range")]) from None
        if isinstance(plain, Position):
            return write_position(plain, self.database.dialect)
        return self.database.write(plain, self.column(cell.table, cell.name))

    def split(self, entity: str, field: str, value: Json, pointer: str = "") -> dict[tuple[str, str], Any]:
        """A field's JSON value as the driver's values, by table and column."""
        made = {}
        for cell in self.cells(entity, field):
            part = value.get(cell.part) if cell.part and isinstance(value, Mapping) else value
            made[cell.table, cell.name] = self.bind(cell, part, pointer)
        return made

    def join(self, entity: str, field: str, row: Mapping[tuple[str, str], Any]) -> Json:
        """A field's JSON value out of a row."""
        cells = self.cells(entity, field)
        values = {cell.part: to_json(row[cell.table, cell.name], cell.column) for cell in cells}
        if not values or any(one is None for one in values.values()):
            return None
        return values.get("", values)

    # -- reading

    def find(
        self, entity: str, given: Mapping[str, Json], *, order: Iterable[str] = (), limit: int = 0
    ) -> list[Record]:
        """The records whose fields have these values, by their key where no order is given. A value that no column holds finds none."""
        import sqlalchemy as sa

        try:
            wanted = {
                place: value for field, one in given.items() for place, value in self.split(entity, field, one).items()
            }
        except Refused:
            return []
        conditions = [self._columns[place] == sa.literal(value) for place, value in wanted.items()]
        return self._select(entity, conditions, order=order, limit=limit)

    def select(self, entity: str, place: Mapping[tuple[str, str], Any]) -> list[Record]:
        """The records with the driver's values in these columns, each of a table of the entity or of what it extends."""
        import sqlalchemy as sa

        return self._select(entity, [self._columns[at] == sa.literal(value) for at, value in place.items()])

    def _select(self, entity: str, conditions: list[Any], *, order: Iterable[str] = (), limit: int = 0) -> list[Record]:
        import sqlalchemy as sa

        chain = self.chain(entity)
        source: Any = self.tables[chain[0]]
        for child, parent in itertools.pairwise(chain):
            keys = self.schema.tables[child].foreign_keys.values()
            key = next(one for one in keys if one.references == parent)
            pairs = zip(key.columns, key.referenced, strict=True)
            source = source.join(
                self.tables[parent],
                sa.and_(*(self._columns[child, a] == self._columns[parent, b] for a, b in pairs)),
            )
        fields = [one for one in self.model.properties.fields(entity) if self.cells(entity, one)]
        places = [(cell.table, cell.name) for field in fields for cell in self.cells(entity, field)]
        labelled = [self._columns[place].label(f"c{n}") for n, place in enumerate(places)]
        terms = [self._columns[cell.table, cell.name] for field in order for cell in self.cells(entity, field)]
        terms = terms or [self._columns[chain[0], one] for one in self.schema.tables[chain[0]].primary_key]
        statement = sa.select(*labelled).select_from(source).where(*conditions).order_by(*terms)
        found = []
        for values in self.fetch(statement.limit(limit) if limit else statement):
            row = dict(zip(places, values, strict=True))
            found.append({field: self.join(entity, field, row) for field in fields})
        return found

    def key_of(self, entity: str, record: Mapping[str, Json]) -> Record:
        """The key fields of a record."""
        return {field: record[field] for field in self.model.keys.fields(entity)}

    # -- bodies

    def represent(self, entity: str, record: Mapping[str, Json], schema: Json) -> Json:
        """A record as the object that a schema of the API describes, with what comes along."""
        fields = {name: field for field, name in self.model.properties.names(entity).items()}
        embeds = {one.name: one for one in self.model.properties.embeds(entity).values()}
        made: dict[str, Json] = {}
        for name, inner in schema.get("properties", {}).items():
            if name in fields:
                made[name] = record.get(fields[name])
            elif name in embeds:
                made[name] = self._represent_embed(entity, record, embeds[name], inner)
        return made

    def _represent_embed(self, entity: str, record: Mapping[str, Json], embed: Any, schema: Json) -> Json:
        if embed.relationship:
            return self._represent_pairs(entity, record, embed, schema)
        if embed.via in self.model.properties.fields(entity) and not embed.is_many and embed.via in record:
            own = self.model.properties.fields(entity)[embed.via]
            if own.references == embed.entity:
                value = record[embed.via]
                found = self.find(embed.entity, self.read_key(embed.entity, value)) if value is not None else []
                inner = next((one for one in schema.get("anyOf", [schema]) if "properties" in one), schema)
                return self.represent(embed.entity, found[0], inner) if found else None
        key = self.key_of(entity, record)
        found = self.find(embed.entity, {embed.via: self.write_key(entity, key)})
        if embed.is_many:
            return [self.represent(embed.entity, one, schema["items"]) for one in found]
        inner = next((one for one in schema.get("anyOf", [schema]) if "properties" in one), schema)
        return self.represent(embed.entity, found[0], inner) if found else None

    def read_key(self, entity: str, value: Json) -> Record:
        """The key fields that a reference's value stands for."""
        key = self.model.keys.fields(entity)
        if len(key) == 1:
            return {key[0]: value}
        names = self.model.properties.names(entity)
        return {field: value.get(names[field]) for field in key}

    def write_key(self, entity: str, key: Mapping[str, Json]) -> Json:
        """A key as the value of a reference to it."""
        if len(key) == 1:
            return next(iter(key.values()))
        names = self.model.properties.names(entity)
        return {names[field]: value for field, value in key.items()}

    def _represent_pairs(self, entity: str, record: Mapping[str, Json], embed: Any, schema: Json) -> Json:
        """What a relationship joins to a record: the other side, and the fields of the pair."""
        import sqlalchemy as sa

        table = self.model.places.find_table(embed.relationship)
        if table is None or table not in self.tables:
            return []
        mine, other = self.find_sides(entity, embed, list(self.schema.tables[table].foreign_keys.values()))
        row = self.key_row(entity, record)
        conditions = [
            self._columns[table, a] == sa.literal(row[mine.references, b])
            for a, b in zip(mine.columns, mine.referenced, strict=True)
        ]
        names = list(self.schema.tables[table].columns)
        statement = sa.select(*(self._columns[table, one] for one in names)).where(*conditions)
        statement = statement.order_by(*(self._columns[table, one] for one in other.columns))
        fields = self.plan.planned.entities.relationships[embed.relationship].fields
        made = []
        for values in self.fetch(statement):
            pair = dict(zip(names, values, strict=True))
            found = self._select(
                embed.entity,
                [
                    self._columns[other.references, b] == sa.literal(pair[a])
                    for a, b in zip(other.columns, other.referenced, strict=True)
                ],
            )
            body = self.represent(embed.entity, found[0], schema["items"])
            for name, column in self.schema.tables[table].columns.items():
                if column.field in fields and name in schema["items"].get("properties", {}):
                    body[name] = to_json(pair[name], column)
            made.append(body)
        return made

    def find_sides(self, entity: str, embed: Embed, keys: Sequence[ForeignKey]) -> tuple[ForeignKey, ForeignKey]:
        """Of the foreign keys of a relationship's table that to an entity, and that to the other side."""
        here, there = self.chain(entity), self.chain(embed.entity)
        mine = next(one for one in keys if one.references in here)
        return mine, next(one for one in keys if one is not mine and one.references in there)

    def key_row(self, entity: str, record: Mapping[str, Json]) -> dict[tuple[str, str], Any]:
        """The key of a record as the driver's values, by table and column."""
        row: dict[tuple[str, str], Any] = {}
        for field, value in self.key_of(entity, record).items():
            row.update(self.split(entity, field, value))
        return row

    def locate(self, entity: str, record: Record, table: str) -> list[Any]:
        """The condition of a record's row in one of its tables."""
        import sqlalchemy as sa

        raw = {
            place: one
            for name, value in self.key_of(entity, record).items()
            for place, one in self.split(entity, name, value).items()
        }
        own = [self.column(*place) == sa.literal(one) for place, one in raw.items() if place[0] == table]
        if own:
            return own
        chain = self.chain(entity)
        for key in (key for one in chain for key in self.schema.tables[one].foreign_keys.values()):
            if key.references == table:
                values = [next((v for (_, c), v in raw.items() if c == mine), None) for mine in key.columns]
                return [
                    self.column(table, theirs) == sa.literal(value)
                    for theirs, value in zip(key.referenced, values, strict=True)
                ]
        return [sa.false()]


def _find_scale(element: Any) -> int | None:
    """The decimals that an expression's whole units have: those of its column, also where its values are added or compared."""
    inner = getattr(element, "element", element)
    if getattr(inner, "name", "") in ("sum", "avg", "min", "max") and hasattr(inner, "clauses"):
        inner = next(iter(inner.clauses), inner)
    return read_scale(inner)


__all__ = ["Cell", "Record", "Records"]
