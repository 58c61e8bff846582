"""The oracle: what each access pattern must answer and what each write must leave, worked out in Python over the sample rows.

It reads the access pattern as the design says it (by, where, range, sort, include, aggregate, depth) and the rows by the
fields of their entities; it never sees SQL. A field without a value is *missing*: asked for with a missing value, it is
found where it is missing; in an order, the rows without a value stand together at one end.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from archnb.design.conditions import Inclusion, read_value
from archnb.export.aggregates import PERIODS, read_aggregate
from archnb.model import Model
from archnb.model.lookups import key_column
from archnb.planned.entities import AccessPattern, Filter
from archnb.planned.schema import ForeignKey, Schema
from archnb.verify.rows import Row

Values = tuple[Any, ...]
Way = tuple[tuple[str, ForeignKey, bool], ...]
# how values of one column are put in order; None stands for the values themselves
Ranks = Callable[[str, str], Mapping[Any, int] | None]


@dataclass(frozen=True)
class Given:
    """What a call gives: values by field, one a column of the field; a range, its end left out; a word."""

    by: Mapping[str, Values] = field(default_factory=dict)
    low: Any = None
    high: Any = None
    word: str = ""
    now: datetime.datetime | None = None
    # the values that stand for `caller` and `tenant` in a filter
    caller: Any = None
    tenant: Any = None


@dataclass(frozen=True)
class Group:
    """One line of an aggregate: what it is grouped by, and what is computed."""

    by: Values
    value: Any


class Oracle:
    """Answers for a model over rows by table, both by the design's own names."""

    def __init__(self, model: Model, schema: Schema, rows: Mapping[str, Sequence[Row]]) -> None:
        self.model, self.places, self.schema, self.rows = model, model.places, schema, rows
        self._indexes: dict[tuple[str, tuple[str, ...]], dict[Values, list[Row]]] = {}
        self._ways: dict[tuple[str, str, str], Way | None] = {}

    # -- rows and their fields

    def table_of(self, entity: str) -> str:
        """The table of an entity, '' where it has none."""
        return self.places.find_table(entity) or ""

    def list_rows(self, entity: str) -> Sequence[Row]:
        """The rows of an entity, each the row of its own table."""
        return self.rows.get(self.table_of(entity), ())

    def look_up(self, table: str, columns: tuple[str, ...], values: Values) -> list[Row]:
        """The rows of a table with these values; a missing value is like no other."""
        if None in values:
            return []
        place = (table, columns)
        if place not in self._indexes:
            made: dict[Values, list[Row]] = {}
            for row in self.rows.get(table, ()):
                made.setdefault(tuple(_hashable(row.get(one)) for one in columns), []).append(row)
            self._indexes[place] = made
        return self._indexes[place].get(tuple(_hashable(one) for one in values), [])

    def parent(self, key: ForeignKey, row: Row) -> Row | None:
        """The row that a row refers to."""
        referenced = key.referenced or self.schema.tables[key.references].primary_key
        found = self.look_up(key.references, referenced, tuple(row.get(one) for one in key.columns))
        return found[0] if found else None

    def read(self, entity: str, row: Row, path: str) -> Values | None:
        """The values of a field, one a column; a path follows references. None where the field is kept nowhere."""
        place = self.places.find_field(entity, path)
        if place is None or place.table not in self.schema.tables:
            return None
        at: Row | None = row
        for table, key in place.path:
            at = self.parent(self.schema.tables[table].foreign_keys[key], at) if at is not None else None
        return tuple(None if at is None else at.get(one) for one in place.columns)

    def main(self, entity: str, row: Row, path: str) -> Any:
        """The one value by which a field is compared and sorted: of money the amount."""
        place = self.places.find_field(entity, path)
        values = self.read(entity, row, path)
        if place is None or values is None:
            return None
        column = key_column(self.schema.tables[place.table], place.columns)
        return values[place.columns.index(column)]

    def key(self, entity: str, row: Row) -> Values:
        """What identifies a row."""
        table = self.schema.tables[self.table_of(entity)]
        return tuple(row.get(one) for one in table.primary_key or tuple(table.columns))

    # -- which rows

    def find(self, pattern: AccessPattern, given: Given) -> list[Row]:
        """The rows that a pattern is about, in no order."""
        if pattern.depth > 1 and (reached := self._walk(pattern, given)) is not None:
            return reached
        return [row for row in self.list_rows(pattern.entity) if self.is_meant(pattern, row, given)]

    def is_meant(self, pattern: AccessPattern, row: Row, given: Given) -> bool:
        """Whether a row fulfils what is asked."""
        entity = pattern.entity
        return (
            all(self._equals(entity, row, one, values) for one, values in given.by.items())
            and all(self.fulfils(entity, row, one, given) for one in pattern.where)
            and (not pattern.range or self._is_between(self.main(entity, row, pattern.range), given))
            and (not pattern.search or self.matches(pattern, row, given.word))
        )

    def _equals(self, entity: str, row: Row, path: str, wanted: Values) -> bool:
        found = self.read(entity, row, path)
        if found is None:
            return True
        place = self.places.find_field(entity, path)
        assert place is not None
        table = self.schema.tables[place.table]
        if any(table.columns[one].type == "currency" for one in place.columns) and len(place.columns) > 1:
            at = place.columns.index(key_column(table, place.columns))
            found, wanted = (found[at],), (wanted[at],)
        if None in wanted or None in found:
            return None in wanted and None in found
        return all(_fold(mine) == _fold(theirs) for mine, theirs in zip(found, wanted, strict=True))

    @staticmethod
    def _is_between(value: Any, given: Given) -> bool:
        return value is not None and bool(given.low <= value < given.high)

    def matches(self, pattern: AccessPattern, row: Row, word: str, *, is_whole: bool = True) -> bool:
        """Whether a word stands in the texts that are searched: as a word of its own, or one of its parts within another."""
        texts = [str(one) for path in pattern.search for one in self.read(pattern.entity, row, path) or () if one]
        if is_whole:
            return any(word.casefold() in text.casefold().split() for text in texts)
        parts = [word.casefold(), *(one for one in re.split(r"\W+", word.casefold()) if len(one) > 2)]
        return any(part in text.casefold() for text in texts for part in parts)

    def fulfils(self, entity: str, row: Row, one: Filter, given: Given) -> bool:
        """Whether a row fulfils a constant filter; a comparison with what is missing is fulfilled by nothing."""
        value = self.main(entity, row, one.field)
        if one.comparison in ("is missing", "is present"):
            return (value is None) == (one.comparison == "is missing")
        if value is None:
            return False
        wanted = [self.value_of(entity, row, one.field, text, given) for text in one.values]
        if one.comparison == "in":
            return any(_fold(value) == _fold(other) for other in wanted)
        other = wanted[0]
        if other is None:
            return False
        mine, theirs = _alike(value, other)
        compare: dict[str, Callable[[], bool]] = {
            "=": lambda: _fold(mine) == _fold(theirs), "<>": lambda: _fold(mine) != _fold(theirs),
            "<": lambda: mine < theirs, "<=": lambda: mine <= theirs, ">": lambda: mine > theirs, ">=": lambda: mine >= theirs,
        }  # fmt: skip
        return compare[one.comparison]()

    def value_of(self, entity: str, row: Row, path: str, text: str, given: Given) -> Any:
        """What a value as it is written stands for, compared with a field of a row."""
        written = read_value(text)
        if written.kind == "now":
            assert given.now is not None
            return given.now + datetime.timedelta(seconds=written.offset)
        if written.kind in ("caller", "tenant"):
            return given.caller if written.kind == "caller" else given.tenant
        place = self.places.find_field(entity, path)
        column = None if place is None else self.schema.tables[place.table].columns[place.columns[0]]
        if written.kind == "word" and (column is None or written.text not in column.values):
            if self.places.find_field(entity, written.text) is not None:
                return self.main(entity, row, written.text)
            if column is not None and column.type == "bool":
                return written.text == "true"
        if written.kind == "number":
            return Decimal(written.text)
        return written.text

    def _walk(self, pattern: AccessPattern, given: Given) -> list[Row] | None:
        """The rows within `depth` steps of where it begins; None where no reference leads from one row to another."""
        entity = pattern.entity
        table = self.table_of(entity)
        step = self._find_step(entity, table)
        if step is None:
            return None
        starts = [
            row for row in self.list_rows(entity) if all(self._equals(entity, row, f, v) for f, v in given.by.items())
        ]
        reached: dict[Values, Row] = {}
        ends = deque((row, 0) for row in starts)
        seen: dict[Values, int] = {}
        while ends:
            row, steps = ends.popleft()
            if steps >= pattern.depth:
                continue
            for other in step(row):
                mark = self.key(entity, other)
                if seen.get(mark, pattern.depth + 1) > steps + 1:
                    seen[mark] = steps + 1
                    reached[mark] = other
                    ends.append((other, steps + 1))
        rest = AccessPattern(kind="read", entity=entity, where=pattern.where, consistency=pattern.consistency)
        return [row for row in reached.values() if self.is_meant(rest, row, Given(now=given.now))]

    def _find_step(self, entity: str, table: str) -> Callable[[Row], list[Row]] | None:
        key = self.schema.tables[table].primary_key
        if len(key) != 1:
            return None
        for one in self.schema.tables[table].foreign_keys.values():
            if one.references == table and len(one.columns) == 1:
                # from the row that is referred to, to those that refer to it
                columns = one.columns
                return lambda row: self.look_up(table, columns, (row.get(key[0]),))
        single = [(name, one) for name, one in self.schema.list_referring(table) if len(one.columns) == 1]
        for name in dict.fromkeys(name for name, _ in single):
            back = [one for other, one in single if other == name]
            if len(back) == 2:
                first, second = back

                def follow(
                    row: Row, name: str = name, first: ForeignKey = first, second: ForeignKey = second
                ) -> list[Row]:
                    pairs = self.look_up(name, first.columns, (row.get(key[0]),))
                    return [other for pair in pairs for other in [self.parent(second, pair)] if other is not None]

                return follow
        return None

    # -- in which order

    def order_fault(self, pattern: AccessPattern, rows: Sequence[Row], ranks: Ranks) -> str:
        """What is wrong with the order in which rows are shown, '' where nothing is: ties may stand in any order."""
        entity = pattern.entity
        if not pattern.order or len(rows) < 2:
            return ""
        first = pattern.order[0]
        absent = [self.main(entity, row, first.field) is None for row in rows]
        if any(absent) and not all(absent):
            turns = sum(one != other for one, other in itertools.pairwise(absent))
            if turns > 1:
                return f"rows without {first.field} stand between others"
            if first.nulls and absent[0] != (first.nulls == "first"):
                return f"rows without {first.field} do not stand {first.nulls}, as is said"
        # where later terms put what is missing must be the same throughout
        ends = {one.field: absent[0] if n == 0 else one.nulls == "first" for n, one in enumerate(pattern.order)}
        for one in pattern.order[1:]:
            if not one.nulls:
                ends[one.field] = self._guess_end(entity, pattern, rows, one.field)
        for row, following in itertools.pairwise(rows):
            for one in pattern.order:
                a, b = self.main(entity, row, one.field), self.main(entity, following, one.field)
                if a is None and b is None:
                    continue
                if a is None or b is None:
                    if (a is None) != ends[one.field]:
                        return f"{one.field} is missing in a row that stands on the wrong side of {(b if a is None else a)!r}"
                    break
                rank = self._rank(entity, one.field, ranks)
                x, y = rank(a), rank(b)
                if x == y:
                    continue
                if (x > y) != one.is_down:
                    return f"{one.field} {a!r} stands before {b!r}"
                break
        return ""

    def _guess_end(self, entity: str, pattern: AccessPattern, rows: Sequence[Row], path: str) -> bool:
        """Whether a later term's missing values come first: as its first pair of rows with equal terms before it has them."""
        before = pattern.order[: [one.field for one in pattern.order].index(path)]
        for row, following in itertools.pairwise(rows):
            if all(self.main(entity, row, one.field) == self.main(entity, following, one.field) for one in before):
                a, b = self.main(entity, row, path), self.main(entity, following, path)
                if (a is None) != (b is None):
                    return a is None
        return False

    def _rank(self, entity: str, path: str, ranks: Ranks) -> Callable[[Any], Any]:
        place = self.places.find_field(entity, path)
        assert place is not None
        column = key_column(self.schema.tables[place.table], place.columns)
        made = ranks(place.table, column)
        return _plain if made is None else lambda value: made.get(value, -1)

    # -- what comes along

    def list_along(self, entity: str, row: Row, one: Inclusion) -> list[Row] | None:
        """The rows of another entity (or relationship) that come along with a row, each once; None where no way leads there.

        The way is the shortest over foreign keys, along or against them, by the said field where one is said.
        """
        base, wanted = self.table_of(entity), self.places.find_table(one.name)
        if wanted is None or wanted not in self.rows or not base:
            return None
        way = self._find_way(base, wanted, one.via)
        if way is None:
            return None
        found = [row]
        for table, key, is_forward in way:
            if is_forward:
                found = [other for at in found for other in [self.parent(key, at)] if other is not None]
            else:
                referenced = key.referenced or self.schema.tables[key.references].primary_key
                found = [
                    other
                    for at in found
                    for other in self.look_up(table, key.columns, tuple(at.get(c) for c in referenced))
                ]
        key_columns = self.schema.tables[wanted].primary_key or tuple(self.schema.tables[wanted].columns)
        return list({tuple(_hashable(at.get(c)) for c in key_columns): at for at in found}.values())

    def is_several(self, entity: str, one: Inclusion) -> bool:
        """Whether several rows may come along with one: a step of the way goes against a foreign key that is not unique."""
        wanted = self.places.find_table(one.name) or ""
        way = self._find_way(self.table_of(entity), wanted, one.via) or ()
        return any(not is_forward and not self._is_unique(table, key.columns) for table, key, is_forward in way)

    def _is_unique(self, table: str, columns: Collection[str]) -> bool:
        record = self.schema.tables[table]
        sets = [record.primary_key, *(one.columns for one in record.uniques.values())]
        sets += [one.columns for one in record.indexes.values() if one.unique and not one.where]
        return any(one and set(one) <= set(columns) for one in sets)

    def _find_way(self, base: str, wanted: str, via: str) -> Way | None:
        """The steps of the shortest way: (the table that is reached, the foreign key, whether along it)."""
        if (base, wanted, via) not in self._ways:
            self._ways[base, wanted, via] = self._search_way(base, wanted, via)
        return self._ways[base, wanted, via]

    def _search_way(self, base: str, wanted: str, via: str) -> Way | None:
        queue: deque[tuple[str, Way]] = deque([(base, ())])
        seen = {base}
        while queue:
            at, way = queue.popleft()
            for there, key, is_forward in self._neighbours(at):
                holder = at if is_forward else there
                if via and not way:
                    fields = {self.schema.tables[holder].columns[c].field for c in key.columns}
                    if via not in fields and via not in key.columns:
                        continue
                if there == wanted:
                    return (*way, (there, key, is_forward))
                if there not in seen and there in self.schema.tables:
                    seen.add(there)
                    queue.append((there, (*way, (there, key, is_forward))))
        return None

    def _neighbours(self, table: str) -> Iterator[tuple[str, ForeignKey, bool]]:
        for key in self.schema.tables[table].foreign_keys.values():
            yield key.references, key, True
        for name, key in self.schema.list_referring(table):
            if name != table:
                yield name, key, False

    # -- what is computed

    def aggregate(self, pattern: AccessPattern, given: Given) -> list[Group]:
        """The lines of an aggregate, in no order. Sums of money are kept apart by currency; a sum of nothing is missing."""
        name, over, by = read_aggregate(pattern.aggregate)
        entity = pattern.entity
        found = self.find(pattern, given)
        place = self.places.find_field(entity, over) if over is not None else None
        if place is None:
            name = "count"
        groups: dict[Values, list[Any]] = {}
        for row in found:
            mark: list[Any] = []
            if by in PERIODS:
                at = self._find_time(pattern, row)
                mark.append(None if at is None else _truncate(at, by))
            elif by is not None:
                mark += self.read(entity, row, by) or ()
            value: Any = 1
            if place is not None and over is not None:
                value = self.main(entity, row, over)
                table = self.schema.tables[place.table]
                column = key_column(table, place.columns)
                values = self.read(entity, row, over) or ()
                mark += [
                    v
                    for c, v in zip(place.columns, values, strict=True)
                    if c != column and table.columns[c].type == "currency"
                ]
            groups.setdefault(tuple(mark), []).append(value)
        if not groups and by is None and (place is None or len(place.columns) == 1):
            groups[()] = []
        return [Group(mark, _compute(name, values)) for mark, values in groups.items()]

    def _find_time(self, pattern: AccessPattern, row: Row) -> Any:
        names = [pattern.range] if pattern.range else []
        names += [name for name, one in self.model.fields(pattern.entity).items() if one.type in ("timestamp", "date")]
        return self.main(pattern.entity, row, names[0]) if names else None

    # -- what a write leaves

    def refusing_keys(self, table: str, row: Row) -> list[tuple[str, str, ForeignKey]]:
        """The foreign keys by which other rows refuse that a row goes: (table, name, key), those met over cascades too."""
        return self._follow_removal(table, row)[1]

    def remove(self, table: str, row: Row) -> tuple[set[tuple[str, int]], dict[tuple[str, int], Row]]:
        """What is left when a row goes: the rows that go with it, as (table, id of the row), and those that change, as they will be."""
        gone, _, changed = self._follow_removal(table, row)
        return gone, {place: one for place, one in changed.items() if place not in gone}

    def _follow_removal(
        self, table: str, row: Row
    ) -> tuple[set[tuple[str, int]], list[tuple[str, str, ForeignKey]], dict[tuple[str, int], Row]]:
        gone: set[tuple[str, int]] = set()
        changed: dict[tuple[str, int], Row] = {}
        refusing: list[tuple[str, str, ForeignKey, int]] = []
        ends = deque([(table, row)])
        while ends:
            at, one = ends.popleft()
            if (at, id(one)) in gone:
                continue
            gone.add((at, id(one)))
            for name, key in self.schema.list_referring(at):
                if name not in self.rows:
                    continue
                referenced = key.referenced or self.schema.tables[at].primary_key
                for child in self.look_up(name, key.columns, tuple(one.get(c) for c in referenced)):
                    if key.on_delete == "cascade":
                        ends.append((name, child))
                    elif key.on_delete == "set null":
                        before = changed.get((name, id(child)), child)
                        changed[name, id(child)] = {**before, **dict.fromkeys(key.columns)}
                    else:
                        refusing.append((name, self._name_key(name, key), key, id(child)))
        # who goes along refuses nothing
        told = {(name, label): key for name, label, key, child in refusing if (name, child) not in gone}
        return gone, [(name, label, key) for (name, label), key in told.items()], changed

    def _name_key(self, table: str, key: ForeignKey) -> str:
        return next(name for name, one in self.schema.tables[table].foreign_keys.items() if one is key)

    def count_referring(self, table: str, row: Row) -> int:
        """By how many of the foreign keys that may lead to a row at least one row does."""
        return sum(
            bool(
                self.look_up(
                    name,
                    key.columns,
                    tuple(row.get(c) for c in key.referenced or self.schema.tables[table].primary_key),
                )
            )
            for name, key in self.schema.list_referring(table)
        )


def _hashable(value: Any) -> Any:
    return repr(value) if isinstance(value, dict | list) else value


def _fold(value: Any) -> Any:
    return value.casefold().rstrip() if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    return value


def _alike(value: Any, other: Any) -> tuple[Any, Any]:
    """Two values in one type: a day is compared with an instant as the instant at which it begins."""
    if (
        isinstance(value, datetime.date)
        and not isinstance(value, datetime.datetime)
        and isinstance(other, datetime.datetime)
    ):
        return value, other.date()
    if isinstance(value, float) and isinstance(other, Decimal):
        return value, float(other)
    return value, other


def _truncate(value: Any, period: str) -> Any:
    """The beginning of the hour, day, week (Monday), month or year of an instant or a day, in UTC."""
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
    value = value.astimezone(datetime.UTC)
    if period == "hour":
        return value.replace(minute=0, second=0, microsecond=0)
    day = value.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "week":
        return day - datetime.timedelta(days=day.weekday())
    return {"day": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[period]


def _compute(name: str, values: Sequence[Any]) -> Any:
    if name == "count":
        return len(values)
    there = [one for one in values if one is not None]
    if not there:
        return None
    if name == "sum":
        return sum(there[1:], there[0])
    if name == "avg":
        total = sum(there[1:], there[0])
        return total / len(there)
    return min(there) if name == "min" else max(there)


__all__ = ["Given", "Group", "Oracle", "Ranks"]
