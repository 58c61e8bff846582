"""Queries: each access pattern as the SQL that serves it, with bind parameters, and the index that it should be served by.

The statements are built with SQLAlchemy Core over the exporter's own tables, so that they run against the exported DDL;
the proof executes and explains them. Lists come as pages by keyset: the next page starts after the last row's values,
never at an offset, which reads and throws away all rows before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from archnb.engines import load_engine
from archnb.export.joins import Joins
from archnb.export.sql import check_dialect, make_dialect, metadata, words_of, write_comment
from archnb.model import Model
from archnb.model.identifiers import claim
from archnb.model.lookups import covers, find_accesses, find_demands, key_column, list_full_text
from archnb.model.places import Place
from archnb.naming import snake
from archnb.planned.entities import AccessPattern
from archnb.planned.schema import Schema
from archnb.shapes import Source

if TYPE_CHECKING:
    import sqlalchemy as sa

    from archnb.plan import Plan


class Parameter(NamedTuple):
    """A bind parameter, and the column of the table whose values it takes."""

    name: str
    table: str
    column: str


@dataclass(frozen=True)
class Query:
    """The SQL of an access pattern: `sql` with parameters as `:name`, and for a list the query of the next page.

    `kind` is 'read', 'create', 'update' or 'delete'. `expected_index` names the index (or `<table>_pkey`) that should
    serve it in the design's schema, None where nothing is looked up or all rows are read. `statement` is the same as
    an SQLAlchemy statement.
    """

    pattern: str
    kind: str
    sql: str
    parameters: tuple[Parameter, ...] = ()
    expected_index: str | None = None
    next_page: str | None = None
    next_parameters: tuple[Parameter, ...] = ()
    statement: Any = field(default=None, repr=False, compare=False)


def queries(plan: Plan, dialect: str = "postgresql") -> list[Query]:
    """The queries of all access patterns of relational entities; a write over a parent's and a child's table is several.

    Raises ArchnbError where the dialect is not known.
    """
    check_dialect(dialect)
    made = metadata(plan, dialect)
    tables = {table.info["table"]: table for table in made.tables.values()}
    found: list[Query] = []
    for name, pattern in plan.planned.entities.access.items():
        found += _Writer(plan.model, plan.planned.schema, dialect, tables, name, pattern).write()
    return found


class _Writer:
    """Writes the queries of one access pattern."""

    def __init__(
        self,
        model: Model,
        schema: Schema,
        dialect: str,
        tables: dict[str, sa.Table],
        name: str,
        pattern: AccessPattern,
    ) -> None:
        self.model, self.places, self.schema = model, model.places, schema
        self.dialect, self.tables, self.name, self.pattern = dialect, tables, name, pattern
        self.entity = pattern.entity
        self.base = self.places.find_table(self.entity) or ""
        self.parameters: list[Parameter] = []
        self.found: Any = None
        self.joins = Joins(schema, tables, self.base)

    def write(self) -> list[Query]:
        """The queries, none where the entity is not in a relational store or a search store answers."""
        if self.base not in self.tables:
            return []
        if self.pattern.writes:
            write = {"create": self._write_create, "update": self._write_update, "delete": self._write_delete}
            return write[self.pattern.action]()
        if self.pattern.search and self._search_store():
            return []
        return [self._write_read()]

    def _search_store(self) -> str | None:
        copies = self.places.list_copies(self.entity)
        return next((one for one in copies if self.places.engine(one).serves("search")), None)

    # -- parts

    def bind(self, table: str, column: str, name: str | None = None) -> Any:
        """A parameter for a column's values."""
        import sqlalchemy as sa

        wanted = claim(re.sub(r"\W", "_", snake(name or column)), [one.name for one in self.parameters])
        self.parameters.append(Parameter(wanted, table, column))
        place = self.column(table, column)
        return sa.bindparam(wanted, type_=place.type)

    def column(self, table: str, column: str) -> sa.Column[Any]:
        """SQLAlchemy's column of a column of the design."""
        return next(one for one in self.tables[table].columns if one.info["column"] == column)

    def chain(self) -> list[str]:
        """The tables of the entity and of what it extends, its own first."""
        found: list[str] = []
        for name in self.model.inheritance.list_ancestry(self.entity):
            table = self.places.find_table(name)
            if table is None or table in found or table not in self.tables:
                break
            found.append(table)
        return found

    def _is_email(self, table: str, column: str) -> bool:
        return self.schema.tables[table].columns[column].type == "email" and not load_engine(self.dialect).has(
            "case-insensitive text"
        )

    def equals(self, table: str, column: str, name: str | None = None) -> Any:
        """The condition that a column has the given value; e-mail addresses are compared without case."""
        import sqlalchemy as sa

        place, value = self.column(table, column), self.bind(table, column, name)
        return sa.func.lower(place) == sa.func.lower(value) if self._is_email(table, column) else place == value

    def place(self, one: str) -> Place | None:
        """Where a field lives, the tables on the way joined."""
        found = self.places.find_field(self.entity, one)
        if found is None or found.table not in self.tables:
            return None
        for table, key in found.path:
            self.joins.follow(table, key)
        return found

    def conditions(self) -> list[Any]:
        """What `by`, `range` and `search` ask for."""
        made: list[Any] = []
        for one in self.pattern.by:
            place = self.place(one)
            if place is None:
                continue
            table = self.schema.tables[place.table]
            columns = (
                [key_column(table, place.columns)]
                if any(table.columns[c].type == "currency" for c in place.columns)
                else place.columns
            )
            prefix = f"{place.table}_" if place.table not in self.chain() else ""
            made += [self.equals(place.table, column, prefix + column) for column in columns]
        if self.pattern.range:
            place = self.place(self.pattern.range)
            if place is not None:
                column = key_column(self.schema.tables[place.table], place.columns)
                made.append(self.column(place.table, column) >= self.bind(place.table, column, f"{column}_from"))
                made.append(self.column(place.table, column) < self.bind(place.table, column, f"{column}_to"))
        if self.pattern.search:
            made += self._search()
        return made

    def _search(self) -> list[Any]:
        import sqlalchemy as sa

        places = [place for one in self.pattern.search if (place := self.place(one)) is not None]
        if not places:
            return []
        columns = [self.column(place.table, column) for place in places for column in place.columns]
        first = places[0]
        word = self.bind(first.table, first.columns[0], "search")
        word = sa.bindparam(word.key, type_=sa.Text())
        if self.dialect == "postgresql":
            from sqlalchemy.dialects.postgresql import REGCONFIG

            asked: Any = sa.func.websearch_to_tsquery(sa.cast(sa.literal_column("'simple'"), REGCONFIG), word)
            self.found = sa.func.ts_rank(words_of(columns), asked)
            return [words_of(columns).op("@@")(asked)]
        if self.dialect == "mysql":
            from sqlalchemy.dialects.mysql import match

            self.found = match(*columns, against=word)
            return [self.found]
        pattern: Any = sa.literal_column("'%'") + word + sa.literal_column("'%'")
        return [sa.or_(*(one.like(pattern) for one in columns))]

    def is_single(self) -> bool:
        """Whether what is given finds one row: the whole primary key, or a unique."""
        if self.pattern.depth or self.pattern.range or self.pattern.search:
            return False
        given: set[str] = set()
        for one in self.pattern.by:
            place = self.places.find_field(self.entity, one)
            given |= set(place.columns) if place is not None and place.table in self.chain() else set()
        records = [(table, self.schema.tables[table]) for table in self.chain()]
        return any(
            access.kind != "index" and not access.where and set(access.columns) <= given
            for table, record in records
            for access in find_accesses(table, record)
        )

    def _rank(self) -> Any:
        """How well a row matches a search, where nothing else orders the rows; None elsewhere."""
        return None if self.pattern.sort else self.found

    def order(self) -> list[tuple[str, str, bool]]:
        """The order as (table, column, is downwards), ending in the primary key, so that no two rows are alike."""
        found: list[tuple[str, str, bool]] = []
        for one in self.pattern.order:
            place = self.place(one.field)
            if place is not None:
                column = key_column(self.schema.tables[place.table], place.columns)
                found.append((place.table, column, one.is_down))
        if (found or self.pattern.limit) and not self.is_single():
            is_down = found[-1][2] if found else False
            seen = {(table, column) for table, column, _ in found}
            key = self.schema.tables[self.base].primary_key
            found += [(self.base, column, is_down) for column in key if (self.base, column) not in seen]
        return found

    # -- reads

    def _write_read(self) -> Query:
        import sqlalchemy as sa

        conditions = self.conditions()
        if self.pattern.aggregate:
            from archnb.export.aggregates import select_aggregate

            statement = select_aggregate(self.model, self.entity, self.pattern, self.dialect, self.column, self.place)
            statement = statement.select_from(self.joins.source()).where(*conditions).limit(self.pattern.limit or None)
            return self._finish("read", statement, tuple(self.parameters))
        order = self.order()
        for table in self.chain()[1:]:
            self.joins.reach(table)
        wanted = [self.places.find_table(one) for one in self.pattern.included]
        included = [one for one in wanted if one is not None and one in self.tables]
        limit = None if self.is_single() else self.pattern.limit
        rank = self._rank()
        terms = [
            (column.desc() if is_down else column.asc())
            for table, name, is_down in order
            for column in [self.column(table, name)]
        ]
        terms = terms if rank is None else [rank.desc(), *terms]
        statement = sa.select(*self._readable()).select_from(self.joins.source()).where(*conditions).order_by(*terms)
        statement = statement.limit(limit) if limit else statement
        walk = self._walk(terms)
        statement = statement if walk is None else walk
        first = self._include(statement, included, order)
        parameters = tuple(self.parameters)
        following = None
        if limit and terms and rank is None and not self.pattern.depth:
            after = self._after(order)
            following = self._include(statement.where(after), included, order)
        return self._finish("read", first, parameters, following)

    def _readable(self) -> list[Any]:
        """The columns of the entity and what it extends, without secrets, each once."""
        found: dict[str, Any] = {}
        fields = self.model.fields(self.entity)
        for table in self.chain():
            for one in self.tables[table].columns:
                name = self.schema.tables[table].columns[one.info["column"]].field
                if name is None or name not in fields or not fields[name].secret:
                    found.setdefault(one.name, one)
        return list(found.values())

    def _after(self, order: list[tuple[str, str, bool]]) -> Any:
        """The condition of the rows behind the last one: a row comparison where all go one way, else spelled out."""
        import sqlalchemy as sa

        places = [(self.column(table, name), is_down) for table, name, is_down in order]
        values = [self.bind(table, name, f"after_{name}") for table, name, _ in order]
        if len({is_down for _, is_down in places}) == 1:
            if len(places) == 1:
                return places[0][0] < values[0] if places[0][1] else places[0][0] > values[0]
            left, right = sa.tuple_(*(one for one, _ in places)), sa.tuple_(*values)
            return left < right if places[0][1] else left > right
        ways: list[Any] = []
        for n, (column, is_down) in enumerate(places):
            equal = [one == value for (one, _), value in zip(places[:n], values[:n], strict=True)]
            ways.append(sa.and_(*equal, column < values[n] if is_down else column > values[n]))
        return sa.or_(*ways)

    def _include(self, statement: Any, included: Sequence[str], order: Sequence[tuple[str, str, bool]]) -> Any:
        """The rows with what comes along: the page first, then the joins, so that the limit counts rows of the entity."""
        if not included:
            return statement
        import sqlalchemy as sa

        page = statement.subquery("page")
        source, columns = self.joins.extend(page, included)
        own = [(page.c.get(self.column(table, name).name), is_down) for table, name, is_down in order]
        terms = [one.desc() if is_down else one.asc() for one, is_down in own if one is not None]
        return sa.select(*page.columns, *columns).select_from(source).order_by(*terms)

    def _walk(self, terms: list[Any]) -> Any:
        """What is reached within `depth` steps over a table that refers to itself, or over pairs of its rows; None where there is none."""
        depth = self.pattern.depth
        pair = self.joins.find_self_reference() if depth > 1 else None
        if pair is None:
            return None
        import sqlalchemy as sa

        source, target, key = pair
        if self.pattern.by:
            start = sa.select(target.label("id"), sa.literal_column("1").label("steps")).where(
                source == self._start(key)
            )
        else:
            start = sa.select(target.label("id"), sa.literal_column("1").label("steps"))
        reached = start.cte("reached", recursive=True)
        step = sa.select(target, reached.c.steps + 1).where(source == reached.c.id, reached.c.steps < depth)
        reached = reached.union(step)
        found = sa.select(*self._readable()).where(key.in_(sa.select(reached.c.id))).order_by(*terms)
        return found.limit(self.pattern.limit) if self.pattern.limit else found

    def _start(self, key: sa.Column[Any]) -> Any:
        import sqlalchemy as sa

        if not self.parameters:
            return self.bind(self.base, key.info["column"])
        first = self.parameters[0]
        if first.table == self.base and first.column == key.info["column"]:
            return sa.bindparam(first.name, type_=key.type)
        return (
            sa.select(key).where(self.column(first.table, first.column) == sa.bindparam(first.name)).scalar_subquery()
        )

    # -- writes

    def _write_create(self) -> list[Query]:
        import sqlalchemy as sa

        made = []
        for table in reversed(self.chain()):
            self.parameters = []
            is_child = table != self.chain()[-1]
            columns = self.schema.tables[table].columns
            # what the engine numbers is not given
            numbered = self.tables[table].autoincrement_column
            names = [name for name in columns if is_child or self.column(table, name) is not numbered]
            values = {self.column(table, name): self.bind(table, name, f"new_{name}") for name in names}
            statement = sa.insert(self.tables[table]).values(values)
            made.append(self._finish("create", statement, tuple(self.parameters), is_found=False))
        return made

    def _found(self, table: str) -> list[Any]:
        """The condition of the rows that a write finds: by its fields, or else by the primary key."""
        if not self.pattern.by:
            return [self.equals(table, one) for one in self.schema.tables[table].primary_key]
        found = self.conditions()
        if not self.joins.path and all(one.table == table for one in self.parameters):
            return found
        import sqlalchemy as sa

        key = [self.column(self.base, one) for one in self.schema.tables[self.base].primary_key]
        own = [self.column(table, one) for one in self.schema.tables[table].primary_key]
        inner = sa.select(*key).select_from(self.joins.source()).where(*found)
        return [own[0].in_(inner) if len(own) == 1 else sa.tuple_(*own).in_(inner)]

    def _write_update(self) -> list[Query]:
        import sqlalchemy as sa

        made = []
        for table in self.chain():
            self.parameters, self.joins = [], Joins(self.schema, self.tables, self.base)
            record = self.schema.tables[table]
            given = {
                column
                for one in self.pattern.by
                if (place := self.places.find_field(self.entity, one))
                for column in place.columns
            }
            names = [
                name
                for name in record.columns
                if name not in record.primary_key and (name not in given or table != self.base)
            ]
            if not names:
                continue
            found = self._found(table)
            values = {self.column(table, name): self.bind(table, name, f"new_{name}") for name in names}
            made.append(
                self._finish(
                    "update", sa.update(self.tables[table]).where(*found).values(values), tuple(self.parameters)
                )
            )
        return made

    def _write_delete(self) -> list[Query]:
        import sqlalchemy as sa

        # the parent's row goes, and the child's with it (on delete cascade)
        table = self.chain()[-1]
        found = self._found(table)
        return [self._finish("delete", sa.delete(self.tables[table]).where(*found), tuple(self.parameters))]

    # -- the end

    def _finish(
        self,
        kind: str,
        statement: Any,
        parameters: tuple[Parameter, ...],
        following: Any = None,
        *,
        is_found: bool = True,
    ) -> Query:
        return Query(
            self.name, kind, self._text(statement), parameters, self._expected() if is_found else None,
            None if following is None else self._text(following), () if following is None else tuple(self.parameters), statement,
        )  # fmt: skip

    def _text(self, statement: Any) -> str:
        compiled = statement.compile(dialect=make_dialect(self.dialect), compile_kwargs={"render_postcompile": True})
        text = str(compiled)
        # a limit is known when the query is written; as a value it lets the planner choose for so few rows
        for name, value in compiled.params.items():
            if name not in {one.name for one in self.parameters} and isinstance(value, int):
                text = re.sub(rf":{re.escape(name)}\b", str(value), text)
        # SQLAlchemy casts a parameter of some types; the value's place says its type already
        names = "|".join(re.escape(one.name) for one in self.parameters)
        text = re.sub(rf":({names})::\w+", r":\1", text) if names else text
        return "\n".join(
            line.strip() if not line.startswith("    ") else line.rstrip() for line in text.strip().splitlines()
        )

    def _expected(self) -> str | None:
        """The index that should serve the pattern: that of its own table first."""
        schema = self.schema
        demands = sorted(
            find_demands(self.places, self.pattern),
            key=lambda one: (not one.search, not one.equal, one.table != self.base),
        )
        if not demands and not self.pattern.by and self.pattern.writes:
            return f"{self.base}_pkey"
        for demand in demands:
            table = schema.tables[demand.table]
            if demand.search:
                found = (
                    n
                    for n, i in table.indexes.items()
                    if i.method in list_full_text() and set(i.columns) == set(demand.search)
                )
                if (name := next(found, None)) is not None and load_engine(self.dialect).full_text is not None:
                    return name
                continue
            accesses = list(find_accesses(demand.table, table))
            if (access := next((one for one in accesses if covers(one, demand)), None)) is not None:
                return access.name
        return None


def explain_absence(plan: Plan, name: str) -> str:
    """Why there is no SQL of an access pattern: where its entity is instead."""
    pattern, places = plan.planned.entities.access[name], plan.model.places
    entity = pattern.entity
    home = places.find_said_home(entity)
    if home is not None and not places.is_relational_store(home):
        return f"{name}: {entity} is in {home} ({places.engine(home).name})"
    if pattern.search and places.list_copies(entity):
        store = places.list_copies(entity)[0]
        return f"{name}: {store} ({places.engine(store).name}) answers it"
    return f"{name}: {entity} has no relational table"


def export_queries(plan: Plan, dialect: str = "postgresql") -> Source:
    """Every access pattern's SQL as one file, with its parameters and the index that should serve it.

    dialect: 'postgresql', 'mysql' or 'sqlite'. Raises ArchnbError with the nearest name for another.
    """
    found = queries(plan, dialect)
    parts = [write_comment(f"{plan.name}: the queries of every access pattern for {dialect}, made by archnb"), "\n"]
    for one in found:
        summary = plan.planned.entities.access[one.pattern].summary or ""
        served = f" Served by {one.expected_index}." if one.expected_index else ""
        parts.append(write_comment(f"{one.pattern} ({one.kind}): {summary}{served}"))
        parts.append(one.sql + ";\n")
        if one.next_page:
            parts.append(
                "\n" + write_comment("the next page starts behind the last row's values") + one.next_page + ";\n"
            )
        parts.append("\n")
    written = {one.pattern for one in found}
    parts += [
        write_comment(explain_absence(plan, name)) for name in plan.planned.entities.access if name not in written
    ]
    return Source(f"queries-{dialect}", f"Queries for {dialect}", "sql", "".join(parts).rstrip() + "\n", filename=f"queries.{dialect}.sql",
                  description="Parameters are written :name.")  # fmt: skip


__all__ = ["Parameter", "Query", "explain_absence", "export_queries", "queries"]
