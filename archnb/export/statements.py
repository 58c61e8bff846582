"""Planned statements in one dialect of SQL, built with SQLAlchemy Core over the exporter's own tables."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archnb.engines import load_engine
from archnb.export.aggregates import truncate
from archnb.export.sql import words_of
from archnb.planned import statements as planned
from archnb.planned.schema import Schema
from archnb.planned.statements import Column, Order, Predicate, Value

if TYPE_CHECKING:
    import sqlalchemy as sa


class Dialect:
    """Writes planned statements for one dialect."""

    def __init__(self, dialect: str, tables: dict[str, sa.Table], schema: Schema) -> None:
        self.name, self.tables = dialect, tables
        self.kinds = {
            (name, column): one.type for name, table in schema.tables.items() for column, one in table.columns.items()
        }
        self.words = {
            (name, column): one.values
            for name, table in schema.tables.items()
            for column, one in table.columns.items()
            if one.values
        }
        # how long a text may be, also where the engine's own type does not say it
        self.lengths = {
            (name, column): one.length for name, table in schema.tables.items() for column, one in table.columns.items()
        }
        # the aliases of the statement at hand, by their names
        self._sources: dict[str, Any] = {}
        self._rank: Any = None

    # -- names and values

    def source(self, table: str, alias: str) -> Any:
        """A table under its alias."""
        if alias == table:
            return self.tables[table]
        if alias not in self._sources:
            self._sources[alias] = self.tables[table].alias(alias)
        return self._sources[alias]

    def column(self, one: Column) -> Any:
        """A column of a statement."""
        made = self.source(one.table, one.source)
        own = next(each for each in self.tables[one.table].columns if each.info["column"] == one.column)
        return made.c[own.key]

    def _type(self, one: Column) -> Any:
        return next(each for each in self.tables[one.table].columns if each.info["column"] == one.column).type

    def value(self, one: Value, target: Any = None) -> Any:
        """A value; `target` is the column that it changes, where it is added to it."""
        import sqlalchemy as sa

        made: Any
        if one.lookup:
            made = self.select(one.lookup[0]).correlate(None).scalar_subquery()
            if [each.function for each in one.lookup[0].aggregate] == ["sum"]:
                # of no rows the sum is nothing
                made = sa.func.coalesce(made, sa.literal_column("0"))
        elif one.column:
            made = self.column(one.column[0])
            if one.parameter:
                # what is there already, and what is asked for besides
                made = made + sa.bindparam(one.parameter, type_=self._type(one.like))
                return made
            if one.source == "constant":
                return made + sa.literal_column(one.name)
        elif one.parameter:
            made = sa.bindparam(one.parameter, type_=self._type(one.like))
        elif one.name == "missing" and one.source == "server":
            return sa.null()
        elif one.name == "placeholder" and one.source == "server":
            return self._placeholder(one.like)
        else:
            made = sa.literal_column(self._literal(one), type_=self._type(one.like))
        if one.sign and target is None:
            return -made if one.sign == "-" else made
        if one.sign:
            return target - made if one.sign == "-" else target + made
        return made

    def _placeholder(self, like: Column) -> Any:
        """What stands for a value that was erased: it tells nobody, and is unlike that of another row."""
        import sqlalchemy as sa

        table = self.tables[like.table]
        own = next(each for each in table.columns if each.info["column"] == like.column)
        kind = own.type
        key = [sa.cast(each, sa.CHAR if self.name == "mysql" else sa.Text) for each in table.primary_key.columns]
        told: Any = key[0]
        for each in key[1:]:
            told = told.concat(sa.literal_column("'-'")).concat(each)
        planned = self.kinds.get((like.table, like.column), "")
        if isinstance(kind, sa.Boolean):
            return sa.literal_column("false" if self.name == "postgresql" else "0")
        if isinstance(kind, sa.Numeric | sa.Integer):
            return sa.literal_column("0")
        if planned in ("timestamp", "date"):
            return sa.literal_column("'1900-01-01'" if planned == "date" else "'1900-01-01 00:00:00'")
        if planned == "email":
            return sa.literal_column("'erased-'").concat(told).concat(sa.literal_column("'@example.invalid'"))
        if planned == "phone":
            drawn = {"postgresql": "lpad(floor(random() * 1e9)::text, 9, '0')", "mysql": "lpad(floor(rand() * 1e9), 9, '0')",
                     "sqlite": "substr('000000000' || abs(random() % 1000000000), -9)"}[self.name]  # fmt: skip
            return sa.literal_column("'+1'").concat(sa.literal_column(drawn, type_=sa.Text()))
        if planned == "url":
            return sa.literal_column("'https://example.invalid/'").concat(told)
        if planned == "point":
            return sa.literal_column({"postgresql": "point(0, 0)", "mysql": "point(0, 0)"}.get(self.name, "'0,0'"))
        if planned == "json":
            return sa.literal_column("'{}'")
        if planned == "enum" and self.words.get((like.table, like.column)):
            return sa.literal_column("'" + self.words[like.table, like.column][0].replace("'", "''") + "'")
        length = getattr(kind, "length", None) or self.lengths.get((like.table, like.column), 0)
        if length and length < 44:
            # the end of a key tells it from others, and its beginning may not
            last = f"-{length}"
            if self.name == "sqlite":
                return sa.func.substr(told, sa.literal_column(last))
            return sa.func.right(told, sa.literal_column(str(length)))
        text = sa.literal_column("'erased '").concat(told)
        return sa.func.substr(text, sa.literal_column("1"), sa.literal_column(str(length))) if length else text

    def _literal(self, one: Value) -> str:
        """A constant as SQL writes it: a number or a truth bare where its column holds such, else a quoted text."""
        import sqlalchemy as sa

        kind, text = self._type(one.like), one.name
        if isinstance(kind, sa.Boolean):
            if self.name == "postgresql":
                return text if text in ("true", "false") else "true" if text == "1" else "false"
            return "1" if text in ("true", "1") else "0"
        if isinstance(kind, sa.Numeric | sa.Integer):
            try:
                float(text)
            except ValueError:
                pass
            else:
                return text
        quoted = text.replace("'", "''")
        if self.name == "mysql":
            quoted = quoted.replace("\\", "\\\\")
        return f"'{quoted}'"

    # -- predicates

    def predicate(self, one: Predicate) -> Any:
        """A condition."""
        import sqlalchemy as sa

        if isinstance(one, planned.Condition):
            return self._compare(one)
        if isinstance(one, planned.Among):
            values = [self.value(each) for each in one.values]
            return self.column(one.left) == values[0] if len(values) == 1 else self.column(one.left).in_(values)
        if isinstance(one, planned.Missing):
            left = self.column(one.left)
            return left.is_not(None) if one.is_present else left.is_(None)
        if isinstance(one, planned.InPage):
            return self._in_page(one)
        if isinstance(one, planned.Contains):
            return self._contains(one)
        if isinstance(one, planned.AllOf):
            return sa.and_(sa.true(), *map(self.predicate, one.parts)) if one.parts else sa.true()
        if isinstance(one, planned.AnyOf):
            return sa.or_(*map(self.predicate, one.parts)) if one.parts else sa.false()
        if isinstance(one, planned.Within):
            inner = self.select(one.read)
            own = [self.column(each) for each in one.left]
            return own[0].in_(inner) if len(own) == 1 else sa.tuple_(*own).in_(inner)
        inner = sa.select(sa.literal_column("1")).select_from(self._from(one.table, one.source, one.joins))
        inner = inner.where(*map(self.predicate, one.conditions))
        return ~inner.exists() if one.is_absent else inner.exists()

    def _compare(self, one: planned.Condition) -> Any:
        import sqlalchemy as sa

        left, right = self.column(one.left), self.value(one.value)
        if one.folded and not load_engine(self.name).has("case-insensitive text"):
            left, right = sa.func.lower(left), sa.func.lower(right)
        if one.operator == "same":
            if self.name == "postgresql":
                # IS NOT DISTINCT FROM is served by no index
                return sa.or_(left == right, sa.and_(left.is_(None), right.is_(None)))
            return left.is_not_distinct_from(right)
        operators = {"=": "__eq__", "<>": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}
        return getattr(left, operators[one.operator])(right)

    def _in_page(self, one: planned.InPage) -> Any:
        import sqlalchemy as sa

        own = [self.column(each) for each in one.left]
        names = [each.parameter for each in one.values]
        if len(own) == 1:
            if self.name == "postgresql":
                from sqlalchemy.dialects.postgresql import ARRAY

                return own[0] == sa.any_(sa.bindparam(names[0], type_=ARRAY(own[0].type)))
            return own[0].in_(sa.bindparam(names[0], type_=own[0].type, expanding=True))
        if self.name == "postgresql":
            from sqlalchemy.dialects.postgresql import ARRAY

            lists = [sa.bindparam(name, type_=ARRAY(each.type)) for name, each in zip(names, own, strict=True)]
            rows = sa.func.unnest(*lists).table_valued(*(sa.column(name) for name in names), name="page")
            return sa.tuple_(*own).in_(sa.select(*(rows.c[name] for name in names)))
        return sa.tuple_(*own).in_(sa.bindparam("_and_".join(names), expanding=True))

    def _contains(self, one: planned.Contains) -> Any:
        import sqlalchemy as sa

        columns = [self.column(each) for each in one.columns]
        word = sa.bindparam(one.value.parameter, type_=sa.Text())
        if self.name == "postgresql":
            from sqlalchemy.dialects.postgresql import REGCONFIG

            asked: Any = sa.func.websearch_to_tsquery(sa.cast(sa.literal_column("'simple'"), REGCONFIG), word)
            self._rank = sa.func.ts_rank(words_of(columns), asked)
            return words_of(columns).op("@@")(asked)
        if self.name == "mysql":
            from sqlalchemy.dialects.mysql import match

            self._rank = match(*columns, against=word)
            return self._rank
        pattern: Any = sa.literal_column("'%'") + word + sa.literal_column("'%'")
        return sa.or_(*(each.like(pattern) for each in columns))

    # -- orders

    def _is_null_first(self, one: Order) -> bool:
        """Whether rows without a value stand first: as said, or as the engine's indexes have them."""
        if one.nulls:
            return one.nulls == "first"
        # PostgreSQL holds a missing value for the greatest, MySQL and SQLite for the least
        return one.is_down if self.name == "postgresql" else not one.is_down

    def order(self, one: Order, column: Any = None) -> list[Any]:
        """The terms of one part of an order."""
        own = self.column(one.column) if column is None else column
        if one.near:
            there = self.value(one.near[0])
            return [own.op("<->")(there) if self.name == "postgresql" else self._distance(own, there)]
        term = own.desc() if one.is_down else own.asc()
        if not one.is_nullable or not one.nulls:
            return [term]
        natural = one.is_down if self.name == "postgresql" else not one.is_down
        if (one.nulls == "first") == natural:
            return [term]
        if self.name == "mysql":
            return [own.is_(None).desc() if one.nulls == "first" else own.is_(None), term]
        return [term.nulls_first() if one.nulls == "first" else term.nulls_last()]

    def _distance(self, own: Any, there: Any) -> Any:
        import sqlalchemy as sa

        if self.name == "mysql":
            return sa.func.st_distance(own, there)
        if not isinstance(own.type, sa.String):
            return sa.func.abs(own.op("-")(there))
        # SQLite keeps a point as POINT(x y): a cast reads the number that a text begins with
        (x, y), (to_x, to_y) = self._read_point(own), self._read_point(there)
        return (x - to_x) * (x - to_x) + (y - to_y) * (y - to_y)

    @staticmethod
    def _read_point(point: Any) -> tuple[Any, Any]:
        import sqlalchemy as sa

        x = sa.cast(sa.func.substr(point, 7), sa.REAL)
        return x, sa.cast(sa.func.substr(point, sa.func.instr(point, sa.literal_column("' '")) + 1), sa.REAL)

    def after(self, order: Sequence[Order], values: Sequence[Value]) -> Any:
        """The condition of the rows behind the last one of a page, those without a value among them, each once."""
        import sqlalchemy as sa

        columns = [self.column(one.column) for one in order]
        bound = [self.value(one) for one in values]
        if len({one.is_down for one in order}) == 1 and not any(one.is_nullable for one in order):
            if len(order) == 1:
                return columns[0] < bound[0] if order[0].is_down else columns[0] > bound[0]
            left, right = sa.tuple_(*columns), sa.tuple_(*bound)
            return left < right if order[0].is_down else left > right
        ways: list[Any] = []
        for n, one in enumerate(order):
            equal = [self._same(order[m], columns[m], bound[m]) for m in range(n)]
            ways.append(sa.and_(*equal, self._behind(one, columns[n], bound[n])))
        return sa.or_(*ways)

    def _same(self, one: Order, column: Any, value: Any) -> Any:
        import sqlalchemy as sa

        return (
            column == value
            if not one.is_nullable
            else sa.or_(column == value, sa.and_(column.is_(None), value.is_(None)))
        )

    def _behind(self, one: Order, column: Any, value: Any) -> Any:
        import sqlalchemy as sa

        further = column < value if one.is_down else column > value
        if not one.is_nullable:
            return further
        if self._is_null_first(one):
            return sa.or_(further, sa.and_(column.is_not(None), value.is_(None)))
        return sa.or_(further, sa.and_(column.is_(None), value.is_not(None)))

    # -- statements

    def begin(self) -> None:
        """Forget the aliases of the statement before."""
        self._sources, self._rank = {}, None

    def _from(self, table: str, alias: str, joins: Sequence[planned.Join]) -> Any:
        import sqlalchemy as sa

        made: Any = self.source(table, alias)
        for one in joins:
            on = sa.and_(*(self.column(a) == self.column(b) for a, b in one.on))
            made = made.join(self.source(one.table, one.source), on, isouter=one.is_outer)
        return made

    def select(self, one: planned.Read, *, is_next: bool = False) -> Any:
        """A read, or that of the next page."""
        import sqlalchemy as sa

        conditions = [self.predicate(each) for each in one.conditions]
        if one.aggregate:
            return self._aggregate(one, conditions)
        if one.walk:
            return self._walk(one)
        columns = [
            self.column(each.column).label(each.label) if self._is_renamed(each) else self.column(each.column)
            for each in one.columns
        ]
        made = sa.select(*columns).select_from(self._from(one.table, one.source, one.joins)).where(*conditions)
        if is_next:
            made = made.where(self.after(one.order, one.following))
        terms = [term for each in one.order for term in self.order(each)]
        # how well a row matches the words, where nothing else orders the rows
        is_ranked = self._rank is not None and bool(one.limit) and not one.following
        terms = [self._rank.desc(), *terms] if is_ranked else terms
        made = made.order_by(*terms)
        if one.limit:
            made = made.limit(one.limit)
        if one.lock:
            # of what is joined only the state is read, which whoever changes it need not wait for
            own = self.source(one.table, one.source) if one.joins and self.name == "postgresql" else None
            made = made.with_for_update(read=one.lock == "share", skip_locked=one.skip_locked, of=own)
        return made

    def _is_renamed(self, one: planned.Output) -> bool:
        own = next(each for each in self.tables[one.column.table].columns if each.info["column"] == one.column.column)
        return one.label != one.column.column and one.label != own.name

    def include(self, one: planned.Include) -> Any:
        """The read of what comes along with a page; of each row so many at most."""
        import sqlalchemy as sa

        made = self.select(one.read)
        if not one.per_parent:
            return made
        terms = [self.column(each.column) for each in one.read.order if each.column not in one.own]
        place = (
            sa.func.row_number()
            .over(partition_by=[self.column(each) for each in one.own], order_by=terms or None)
            .label("place")
        )
        inner = made.add_columns(place).order_by(None).subquery("numbered")
        outer = [inner.c[each.name] for each in made.selected_columns]
        order = [
            inner.c[self.column(each.column).key] for each in one.read.order if self.column(each.column).key in inner.c
        ]
        return sa.select(*outer).where(inner.c.place <= sa.literal_column(str(one.per_parent))).order_by(*order)

    def _aggregate(self, one: planned.Read, conditions: list[Any]) -> Any:
        import sqlalchemy as sa

        about = one.aggregate[0]
        groups: list[Any] = [
            truncate(self.column(each), about.period, self.name).label(about.period) for each in about.time
        ]
        groups += [self.column(each) for each in about.groups]
        source = self._from(one.table, one.source, one.joins)
        if about.ceiling:
            # a count that stops reads no more rows than it counts
            counted = (
                sa.select(sa.literal_column("1").label("one"))
                .select_from(source)
                .where(*conditions)
                .limit(about.ceiling)
                .subquery("counted")
            )
            return sa.select(sa.func.count().label("count")).select_from(counted)
        factors = [self.column(each) for each in about.over]
        over = [functools.reduce(operator.mul, factors)] if factors else []
        measured = getattr(sa.func, about.function)(*over).label(about.function)
        made = sa.select(*groups, measured).select_from(source).where(*conditions).group_by(*groups).order_by(*groups)
        return made.limit(one.limit) if one.limit else made

    def _walk(self, one: planned.Read) -> Any:
        import sqlalchemy as sa

        about = one.walk[0]
        source, target, key = self.column(about.source), self.column(about.target), self.column(about.key)
        start = sa.select(target.label("id"), sa.literal_column("1").label("steps"))
        given = next((each for each in one.conditions if isinstance(each, planned.Condition)), None)
        if given is not None:
            is_key = (given.left.table, given.left.column) == (about.key.table, about.key.column)
            value = self.value(given.value)
            begin = value if is_key else sa.select(key).where(self.column(given.left) == value).scalar_subquery()
            start = start.where(source == begin)
        reached = start.cte("reached", recursive=True)
        step = sa.select(target, reached.c.steps + 1).where(source == reached.c.id, reached.c.steps < about.depth)
        reached = reached.union(step)
        columns = [self.column(each.column) for each in one.columns]
        terms = [term for each in one.order for term in self.order(each)]
        found = sa.select(*columns).where(key.in_(sa.select(reached.c.id))).order_by(*terms)
        return found.limit(one.limit) if one.limit else found

    def write(self, one: planned.Statement) -> Any:
        """A statement of whichever kind."""
        if isinstance(one, planned.Read):
            return self.select(one)
        if isinstance(one, planned.Insert):
            return self.insert(one)
        if isinstance(one, planned.Upsert):
            return self.upsert(one)
        return self.update(one) if isinstance(one, planned.Update) else self.delete(one)

    def insert(self, one: planned.Insert) -> Any:
        """A new row."""
        import sqlalchemy as sa

        table = self.tables[one.table]
        values = {self.column(each.column): self._new(each) for each in one.assignments}
        if not one.is_repeatable:
            return sa.insert(table).values(values)
        keys = list(table.primary_key.columns)
        if self.name == "mysql":
            from sqlalchemy.dialects import mysql

            return mysql.insert(table).values(values).on_duplicate_key_update({keys[0].name: keys[0]})
        made: Any = self._own_insert(table).values(values)
        return made.on_conflict_do_nothing()

    def _new(self, one: planned.Assignment) -> Any:
        """The value of a new row's column; what the caller may leave out is then what the column has by default."""
        import sqlalchemy as sa

        made = self.value(one.value)
        default = getattr(self.column(one.column).server_default, "arg", None)
        is_left = one.value.source == "caller" and one.value.is_optional and default is not None
        return (
            sa.func.coalesce(made, sa.text(str(default)) if isinstance(default, str) else default) if is_left else made
        )

    def _own_insert(self, table: Any) -> Any:
        from sqlalchemy.dialects import postgresql, sqlite

        return postgresql.insert(table) if self.name == "postgresql" else sqlite.insert(table)

    def upsert(self, one: planned.Upsert) -> Any:
        """A row that is made, or changed where it is there."""
        import sqlalchemy as sa

        table = self.tables[one.table]
        values = {self.column(each.column): self._new(each) for each in one.assignments}
        changed = [self.column(each.column) for each in one.changes]
        if self.name == "mysql":
            from sqlalchemy.dialects import mysql

            made = mysql.insert(table).values(values)
            guards = {each.left.column for each in one.conditions if isinstance(each, planned.Condition)}
            # MySQL sets in order: what the guard reads is set last
            ordered = sorted(changed, key=lambda each: each.info["column"] in guards)
            later = [each < made.inserted[each.key] for each in changed if each.info["column"] in guards]
            sets = [
                (
                    each.key,
                    sa.case((sa.and_(*later), made.inserted[each.key]), else_=each)
                    if later
                    else made.inserted[each.key],
                )
                for each in ordered
            ]
            return made.on_duplicate_key_update(sets)
        made = self._own_insert(table).values(values)
        where = None
        for each in one.conditions:
            if isinstance(each, planned.Condition):
                column = self.column(each.left)
                where = column < made.excluded[column.key]
        return made.on_conflict_do_update(
            index_elements=[self.column(each) for each in one.on],
            set_={each.key: made.excluded[each.key] for each in changed},
            where=where,
        )

    def update(self, one: planned.Update) -> Any:
        """Rows that are changed."""
        import sqlalchemy as sa

        values = {
            self.column(each.column): self.value(each.value, self.column(each.column)) for each in one.assignments
        }
        return sa.update(self.tables[one.table]).where(*map(self.predicate, one.conditions)).values(values)

    def delete(self, one: planned.Delete) -> Any:
        """Rows that are deleted."""
        import sqlalchemy as sa

        return sa.delete(self.tables[one.table]).where(*map(self.predicate, one.conditions))


__all__ = ["Dialect"]
