"""Queries that read: each is run with values for which the oracle has an answer, page by page to the end, and its rows, their
order, their values and what comes along with them are compared with that answer; then the engine says which index serves it.
"""

from __future__ import annotations

import datetime
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from archnb.export.aggregates import read_aggregate
from archnb.export.queries import Parameter, Query, spread
from archnb.model import Model
from archnb.model.lookups import key_column
from archnb.naming import snake
from archnb.planned.entities import AccessPattern
from archnb.planned.schema import Column, Table
from archnb.verify.oracle import Given, Oracle
from archnb.verify.proof import Served
from archnb.verify.rows import Row
from archnb.verify.serving import Planner
from archnb.verify.session import Session
from archnb.verify.values import TEXTS, settle

if TYPE_CHECKING:
    import sqlalchemy as sa
from archnb.verify.marks import beyond, is_near, is_same, mark_value, nearest, show, sum_mark

# a list is read in about so many pages
PAGES = 4
# types whose values are not less or greater than others
UNORDERED = ("point", "vector", "json", "other")
# what `now` is in the oracle's answers
NOW = datetime.datetime(2025, 7, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Seen:
    """One row of an answer: the row of the entity that it shows, and the columns as they came."""

    row: Row
    columns: tuple[Any, ...]


class Fault(Exception):
    """What an answer has wrong, in words."""


class Reads:
    """Runs the queries that read over a filled database."""

    def __init__(
        self,
        session: Session,
        tables: Mapping[str, sa.Table],
        designed: Mapping[str, Table],
        model: Model,
        oracle: Oracle,
        planner: Planner,
    ) -> None:
        self.session, self.tables, self.designed, self.model = session, tables, designed, model
        self.oracle, self.planner = oracle, planner
        self._ranks: dict[tuple[str, str], Mapping[Any, int]] = {}
        self._columns = {name: {one.info["column"]: one for one in table.columns} for name, table in tables.items()}

    def run(self, query: Query, pattern: AccessPattern) -> Iterator[Served]:
        """What came of a query, and of its next page."""
        title = self.session.title
        base = self.oracle.table_of(pattern.entity)
        try:
            if not self.oracle.rows.get(base):
                yield Served(query.pattern, title, "", "", None, "not run", f"{base} could not be filled")
                return
            if pattern.range and self._is_unordered(pattern):
                text = f"{pattern.range} has no order, so that no range of it can be asked for"
                yield Served(query.pattern, title, "", "", None, "not run", text)
                return
            cases = self.choose(pattern)
            if not cases:
                text = "no row has a value in every field that is asked by"
                yield Served(query.pattern, title, "", "", None, "not run", text)
                return
            count, told = 0, []
            fault = ""
            for given in cases:
                try:
                    shown, pages = self.compare(query, pattern, given)
                    count = max(count, shown)
                    told.append((shown, pages))
                except Fault as found:
                    fault = fault or str(found)
            light = cases[-1]
            values = self.bind(query.parameters, pattern, light)
            plan = self.planner.explain(query, query.sql, values)
            most = max(told, default=(0, 0))
            answer = (
                f"{most[0]} rows in {most[1]} pages as the oracle has them" if most[1] > 1 else "as the oracle has it"
            )
            if fault or plan.verdict == "failed":
                text = "; ".join(
                    one for one in (fault, plan.text if plan.verdict == "failed" or not fault else "") if one
                )
                yield Served(query.pattern, title, plan.index, plan.line, count, "failed", text)
            else:
                yield Served(query.pattern, title, plan.index, plan.line, count, plan.verdict, f"{answer}; {plan.text}")
            if query.next_page:
                yield self._explain_next(query, pattern, light)
        except Exception as error:
            refusal = self.session.read_error(error)
            if refusal is None:
                raise
            yield Served(query.pattern, title, "", "", None, "failed", refusal.message)

    def _explain_next(self, query: Query, pattern: AccessPattern, given: Given) -> Served:
        label = f"{query.pattern} (next page)"
        found = self.oracle.find(pattern, given)
        assert query.next_page is not None
        values = self.bind(query.next_parameters, pattern, given, found[0] if found else None)
        following = replace(query, parameters=query.next_parameters)
        plan = self.planner.explain(following, query.next_page, values)
        rows = len(self.session.fetch(query.next_page, values))
        return Served(label, self.session.title, plan.index, plan.line, rows, plan.verdict, plan.text)

    # -- what is asked

    def choose(self, pattern: AccessPattern) -> list[Given]:
        """What is given, call by call: for the most rows, for those in which an optional field is missing, and, last, for a few rows."""
        rng = random.Random(f"{pattern.entity}:{pattern.by}:{pattern.range}:{pattern.search}")
        entity = pattern.entity
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in self.oracle.list_rows(entity):
            if not all(
                self.oracle.fulfils(entity, row, one, Given()) for one in pattern.where if not _is_moving(one.values)
            ):
                continue
            by = [self.oracle.read(entity, row, one) for one in pattern.by]
            mark = tuple(tuple(map(mark_value, one)) if one is not None else () for one in by)
            groups.setdefault(mark, []).append(row)
        if pattern.depth > 1:
            groups = dict(list(groups.items())[:20])
        full = [rows for mark, rows in groups.items() if all(None not in one for one in mark)]
        if not full:
            full = [rows for mark, rows in groups.items()]
        if not full:
            return []
        cases: list[Given] = []
        heaviest = max(full, key=lambda rows: (len(rows), len({self._sort_mark(pattern, one) for one in rows})))
        heavy = self._give(pattern, heaviest, rng, is_wide=True)
        if heavy is not None:
            cases.append(heavy)
        fields = self.model.fields(entity)
        for n, name in enumerate(pattern.by):
            one = fields.get(name)
            # a parent is named by its key; a plain value may be asked for where it is missing
            if one is None or not one.optional or one.references is not None or self._is_alone(pattern, name):
                continue
            absent = [rows for mark, rows in groups.items() if None in mark[n]]
            if absent and (given := self._give(pattern, max(absent, key=len), rng, is_wide=True)) is not None:
                cases.append(given)
        for _ in range(10):
            light = self._give(pattern, rng.choice(full), rng, is_wide=False)
            if light is not None:
                cases.append(light)
                break
        return cases

    def _is_alone(self, pattern: AccessPattern, name: str) -> bool:
        """Whether a field finds one row by itself: nobody looks a row up by a missing key."""
        place = self.model.places.find_field(pattern.entity, name)
        if place is None:
            return True
        table = self.designed[place.table]
        sets = [table.primary_key, *(one.columns for one in table.uniques.values())]
        sets += [one.columns for one in table.indexes.values() if one.unique]
        return any(one and set(one) <= set(place.columns) for one in sets)

    def _is_unordered(self, pattern: AccessPattern) -> bool:
        place = self.model.places.find_field(pattern.entity, pattern.range)
        return place is not None and self.designed[place.table].columns[place.columns[0]].type in UNORDERED

    def _sort_mark(self, pattern: AccessPattern, row: Row) -> Any:
        return tuple(mark_value(self.oracle.main(pattern.entity, row, one.field)) for one in pattern.order)

    def _give(self, pattern: AccessPattern, rows: Sequence[Row], rng: random.Random, *, is_wide: bool) -> Given | None:
        """What is given to find these rows, or a part of them that lies in a range; None where nothing can be."""
        entity = pattern.entity
        row = rng.choice(rows)
        by = {one: values for one in pattern.by if (values := self.oracle.read(entity, row, one)) is not None}
        low = high = None
        if pattern.range:
            there = sorted({v for one in rows if (v := self.oracle.main(entity, one, pattern.range)) is not None})
            if not there:
                return None
            # from a value that is there, and up to one that is there and left out
            first = 0 if is_wide else rng.randrange(len(there))
            last = len(there) - 1 if is_wide else first + max(1, len(there) // 20)
            low = there[first]
            high = there[last] if first < last < len(there) else beyond(there[-1])
        word = self._find_word(pattern, rows, rng) if pattern.search else ""
        if pattern.search and not word:
            return None
        return Given(by, low, high, word, now=NOW)

    def _find_word(self, pattern: AccessPattern, rows: Sequence[Row], rng: random.Random) -> str:
        for row in rng.sample(list(rows), min(len(rows), 20)):
            for path in pattern.search:
                place = self.model.places.find_field(pattern.entity, path)
                for text in self.oracle.read(pattern.entity, row, path) or ():
                    if place is None or not text or len(str(text)) > 200:
                        continue
                    if self.designed[place.table].columns[place.columns[0]].type in ("email", "url"):
                        return str(text)
                    words = [one for one in snake(str(text)).split("_") if len(one) >= 3]
                    if words:
                        # the last is the rarest, and a full-text index leaves short ones out
                        return words[-1]
        return ""

    def bind(
        self, parameters: Sequence[Parameter], pattern: AccessPattern, given: Given, last: Row | None = None
    ) -> dict[str, Any]:
        """The values of a query's parameters; `last` is the row behind which the next page starts."""
        return {one.name: self._bind(one, pattern, given, last) for one in parameters}

    def _bind(self, one: Parameter, pattern: AccessPattern, given: Given, last: Row | None) -> Any:
        places = self.model.places
        column = self._columns[one.table][one.column]
        value: Any = None
        if one.name == "search":
            return given.word
        if one.text == "now" or one.claim:
            return self.session.write(self._tell(one, pattern, given), column)
        if one.name.startswith("after_"):
            value = None if last is None else self._read_column(pattern, last, one)
        elif one.name.endswith(("_from", "_to")) and self._is_range(one, pattern):
            value = given.low if one.name.endswith("_from") else given.high
        else:
            for name, values in given.by.items():
                place = places.find_field(pattern.entity, name)
                if place is not None and place.table == one.table and one.column in place.columns:
                    value = values[place.columns.index(one.column)]
                    break
            else:
                raise Fault(f"nothing that the pattern is asked by gives :{one.name}")
        return self.session.write(value, column)

    def _tell(self, one: Parameter, pattern: AccessPattern, given: Given) -> Any:
        """What the server or the token says: the moment, who asks, their tenant."""
        if one.text == "now":
            at = (given.now or NOW) + datetime.timedelta(seconds=one.offset)
            return at.date() if self.designed[one.table].columns[one.column].type == "date" else at
        if one.field in given.by:
            place = self.model.places.find_field(pattern.entity, one.field)
            values = given.by[one.field]
            return (
                values[place.columns.index(one.column)]
                if place is not None and one.column in place.columns
                else values[0]
            )
        return given.tenant if one.claim == "tenant" else given.caller

    def _is_range(self, one: Parameter, pattern: AccessPattern) -> bool:
        place = self.model.places.find_field(pattern.entity, pattern.range) if pattern.range else None
        return place is not None and one.column in place.columns and one.name.startswith(snake(one.column))

    def _read_column(self, pattern: AccessPattern, row: Row, one: Parameter) -> Any:
        """The value of a column in a row of the entity, or in what belongs to it."""
        if one.table == self.oracle.table_of(pattern.entity):
            return row.get(one.column)
        for term in pattern.order:
            place = self.model.places.find_field(pattern.entity, term.field)
            if place is not None and place.table == one.table and one.column in place.columns:
                values = self.oracle.read(pattern.entity, row, term.field)
                return None if values is None else values[place.columns.index(one.column)]
        raise Fault(f"the order does not have {one.table}.{one.column}, behind which the next page is to start")

    # -- what is answered

    def compare(self, query: Query, pattern: AccessPattern, given: Given) -> tuple[int, int]:
        """Compare an answer, over all its pages, with the oracle's. Gives how many rows and pages there were; raises Fault."""
        if pattern.aggregate:
            return self._compare_aggregate(query, pattern, given), 1
        expected = self.oracle.find(pattern, given)
        wanted = {self._key(pattern, row): row for row in expected}
        if pattern.search:
            return self._compare_search(query, pattern, given), 1
        limit = _find_limit(query.sql, pattern.limit)
        size = max(1, -(-len(expected) // PAGES)) if query.next_page and limit else limit
        size = min(size, limit) if limit else 0
        seen: list[Row] = []
        pages = 0
        sql, parameters, last = query.sql, query.parameters, None
        while True:
            text = _set_limit(sql, limit, size) if limit else sql
            page = self._fetch(query, text, self.bind(parameters, pattern, given, last), pattern)
            pages += 1
            if size and len(page) > size:
                raise Fault(f"a page of {size} has {len(page)} rows")
            seen += [one.row for one in page]
            if query.next_page is None or not size or len(page) < size or len(seen) > len(expected) + 2 * size:
                break
            sql, parameters, last = query.next_page, query.next_parameters, seen[-1]
        self._check_rows(pattern, wanted, seen, is_cut=bool(limit) and query.next_page is None)
        wrong = self.oracle.order_fault(pattern, seen, self._rank)
        if wrong:
            raise Fault(f"the order is not {', '.join(pattern.sort)}: {wrong}")
        if limit and query.next_page and len(expected) > 1:
            # as it is exported, the first page alone
            page = self._fetch(query, query.sql, self.bind(query.parameters, pattern, given), pattern)
            if len(page) != min(limit, len(expected)):
                raise Fault(f"the first page has {len(page)} rows, and {min(limit, len(expected))} belong on it")
        return len(seen), pages

    def _key(self, pattern: AccessPattern, row: Row) -> tuple[Any, ...]:
        table = self.designed[self.oracle.table_of(pattern.entity)]
        return tuple(settle(row.get(one), table.columns[one]) for one in table.primary_key or tuple(table.columns))

    def _check_rows(
        self, pattern: AccessPattern, wanted: Mapping[tuple[Any, ...], Row], seen: Sequence[Row], *, is_cut: bool
    ) -> None:
        counts = Counter(self._key(pattern, row) for row in seen)
        strange = [mark for mark in counts if mark not in wanted]
        if strange:
            raise Fault(f"{len(strange)} of {len(counts)} rows are not what is asked for, such as {show(strange)}")
        twice = [mark for mark, count in counts.items() if count > 1]
        if twice:
            raise Fault(f"{len(twice)} rows come twice, such as {show(twice)}")
        lost = [mark for mark in wanted if mark not in counts]
        if lost and not (is_cut and seen):
            raise Fault(f"{len(lost)} of {len(wanted)} rows are on no page{self._explain_loss(pattern, wanted, lost)}")

    def _explain_loss(
        self, pattern: AccessPattern, wanted: Mapping[tuple[Any, ...], Row], lost: Sequence[tuple[Any, ...]]
    ) -> str:
        """Which fields are missing in all rows that are lost and in hardly another."""
        asked = [*(one.field for one in pattern.order), *pattern.by, *(one.field for one in pattern.where)]
        for name in dict.fromkeys(asked):
            absent = {mark for mark, row in wanted.items() if self.oracle.main(pattern.entity, row, name) is None}
            if absent and absent & set(lost):
                return f": {name} is missing in {len(absent & set(lost))} of them, and nothing equals, precedes or follows NULL"
        return f", such as {show(lost)}"

    def _fetch(self, query: Query, sql: str, parameters: Mapping[str, Any], pattern: AccessPattern) -> list[Seen]:
        """The rows of a page, each with the row of the entity that it shows; its values and what comes along are compared."""
        names, rows = self.session.select(sql, parameters)
        base = self.oracle.table_of(pattern.entity)
        table = self.designed[base]
        labels = {column: one.name for column, one in self._columns[base].items()}
        key = table.primary_key or tuple(table.columns)
        places = [names.index(labels[one]) if labels[one] in names else -1 for one in key]
        if -1 in places:
            raise Fault(f"the answer does not show {', '.join(key)}, by which its rows are told apart")
        known = self._index(pattern)
        made: list[Seen] = []
        for columns in rows:
            mark = tuple(
                self.session.read(columns[at], table.columns[one]) for at, one in zip(places, key, strict=True)
            )
            row = known.get(mark)
            if row is None:
                raise Fault(f"a row comes back that is not in the sample: {show([mark])}")
            self._check_values(pattern, names, row, columns)
            made.append(Seen(row, columns))
        for include in query.includes:
            self._check_along(include, pattern, names, made)
        for one in pattern.along:
            there = self.model.places.find_table(one.name)
            is_known = there in self._columns and (
                not made or self.oracle.list_along(pattern.entity, made[0].row, one) is not None
            )
            if is_known and not any(each.planned.name == one.name for each in query.includes):
                raise Fault(f"{one.name} does not come along")
        return made

    def _index(self, pattern: AccessPattern) -> dict[tuple[Any, ...], Row]:
        return {self._key(pattern, row): row for row in self.oracle.list_rows(pattern.entity)}

    def _check_values(self, pattern: AccessPattern, names: Sequence[str], row: Row, columns: Sequence[Any]) -> None:
        """Every column that is named as a field is, or that holds one, has that field's value."""
        entity = pattern.entity
        done: set[str] = set()
        for table_name, column, label in self._list_shown(entity, names):
            if label in done:
                continue
            done.add(label)
            field = self._field_named(entity, label) or self.designed[table_name].columns[column].field
            place = self.model.places.find_field(entity, field) if field else None
            values = self.oracle.read(entity, row, field) if place is not None and field else None
            if place is None or values is None:
                continue
            at = place.columns.index(column) if column in place.columns and place.table == table_name else 0
            planned = self.designed[place.table].columns[place.columns[at]]
            wanted = settle(values[at], planned)
            got = self.session.read(columns[names.index(label)], self.designed[table_name].columns[column])
            if not is_same(wanted, got, planned.type):
                raise Fault(f"{label} is {got!r} where {entity}.{field} is {wanted!r}")

    def _list_shown(self, entity: str, names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        """The columns of the entity's own tables in an answer: (table, column, label)."""
        for name in self.model.inheritance.list_ancestry(entity):
            table = self.model.places.find_table(name)
            for column, one in self._columns.get(table or "", {}).items():
                if one.name in names:
                    yield table or "", column, one.name

    def _field_named(self, entity: str, label: str) -> str:
        """The field that a label names, '' where it names none."""
        return next((name for name in self.model.fields(entity) if label in (name, snake(name))), "")

    def _check_along(self, include: Query, pattern: AccessPattern, names: Sequence[str], page: Sequence[Seen]) -> None:
        """Compare what comes along with the rows of a page, each once, with the oracle's."""
        about = include.planned
        one = next(each for each in pattern.along if each.name == about.name)
        table = self.model.places.find_table(one.name) or ""
        record = self.designed[table]
        at = [names.index(self._label(pattern, each)) for each in include.parent]
        values: dict[tuple[Any, ...], None] = {}
        for seen in page:
            mark = tuple(seen.columns[n] for n in at)
            if None not in mark:
                values[mark] = None
        found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        key = record.primary_key or tuple(record.columns)
        if values:
            lists = {each.name: [mark[n] for mark in values] for n, each in enumerate(include.parameters)}
            sql, bound = spread(include, self.session.dialect, lists)
            labels, rows = self.session.select(sql, bound)
            own = [
                labels.index(next(c.label for c in include.columns if (c.table, c.column) == (each.table, each.column)))
                for each in about.own
            ]
            shown = [
                labels.index(next(c.label for c in include.columns if (c.table, c.column) == (table, each)))
                for each in key
            ]
            for row in rows:
                # a key is compared as its own column has it
                mark = tuple(
                    str(self.session.read(row[n], self.designed[each.table].columns[each.column]))
                    for n, each in zip(own, about.own, strict=True)
                )
                found.setdefault(mark, []).append(
                    tuple(self.session.read(row[n], record.columns[each]) for n, each in zip(shown, key, strict=True))
                )
        for seen in page:
            expected = self.oracle.list_along(pattern.entity, seen.row, one)
            if expected is None:
                return
            mark = tuple(
                str(self.session.read(seen.columns[n], self.designed[each.table].columns[each.column]))
                for n, each in zip(at, about.parent, strict=True)
            )
            got = found.get(mark, [])
            wanted = {tuple(settle(each.get(c), record.columns[c]) for c in key) for each in expected}
            most = max(Counter(got).values(), default=1)
            if most > 1:
                raise Fault(f"a {one.name} comes {most} times: what comes along is multiplied with what else does")
            is_cut = about.per_parent and len(wanted) > about.per_parent
            if set(got) != wanted and not (is_cut and set(got) < wanted and len(got) == about.per_parent):
                raise Fault(f"{len(wanted)} {one.name} belong to a row, and {len(got)} come along")

    def _label(self, pattern: AccessPattern, column: str) -> str:
        base = self.oracle.table_of(pattern.entity)
        return self._columns[base][column].name if column in self._columns[base] else column

    # -- answers of other shapes

    def _compare_search(self, query: Query, pattern: AccessPattern, given: Given) -> int:
        """A search finds at least the rows that have the word as one of theirs, and at most those in whose texts it stands."""
        page = self._fetch(query, query.sql, self.bind(query.parameters, pattern, given), pattern)
        rest = replace(pattern, search=())
        near = [
            row
            for row in self.oracle.find(rest, given)
            if self.oracle.matches(pattern, row, given.word, is_whole=False)
        ]
        sure = {self._key(pattern, row) for row in near if self.oracle.matches(pattern, row, given.word)}
        may = {self._key(pattern, row) for row in near}
        got = {self._key(pattern, one.row) for one in page}
        if got - may:
            raise Fault(f"{len(got - may)} rows are found in which {given.word!r} does not stand")
        if sure - got and not (pattern.limit and len(page) >= pattern.limit):
            raise Fault(f"{len(sure - got)} of {len(sure)} rows in which {given.word!r} stands are not found")
        return len(page)

    def _compare_aggregate(self, query: Query, pattern: AccessPattern, given: Given) -> int:
        expected = self.oracle.aggregate(pattern, given)
        _, found = self.session.select(query.sql, self.bind(query.parameters, pattern, given))
        measured = self._find_measured(pattern)
        rows = [
            (*one[:-1], one[-1] if measured is None or one[-1] is None else self.session.read(one[-1], measured))
            for one in found
        ]
        if pattern.limit and len(expected) > pattern.limit:
            if len(rows) != pattern.limit:
                raise Fault(f"{len(rows)} groups come back where {pattern.limit} are asked for")
            wanted = Counter(sum_mark(one.value) for one in expected)
            strange = [one[-1] for one in rows if not any(is_near(sum_mark(one[-1]), value) for value in wanted)]
        else:
            if len(rows) != len(expected):
                raise Fault(f"{len(rows)} groups come back, and {len(expected)} are right")
            left = [one.value for one in expected]
            strange = []
            for one in rows:
                near = next((n for n, value in enumerate(left) if is_near(sum_mark(one[-1]), sum_mark(value))), None)
                if near is None:
                    strange.append(one[-1])
                else:
                    left.pop(near)
        if strange:
            raise Fault(
                f"{pattern.aggregate}: {strange[0]!r} comes back where {nearest(strange[0], expected)!r} is right"
            )
        return len(rows)

    def _find_measured(self, pattern: AccessPattern) -> Column | None:
        """The column that an exact sum is over, by which the engine's answer is read; None where rows are counted."""
        function, over, _ = read_aggregate(pattern.aggregate)
        place = self.model.places.find_field(pattern.entity, over) if over is not None and function != "count" else None
        if place is None:
            return None
        column = self.designed[place.table].columns[key_column(self.designed[place.table], place.columns)]
        return column if column.type in ("money", "decimal") else None

    def _rank(self, table: str, column: str) -> Mapping[Any, int] | None:
        """The order in which the engine has the texts of a column, which is its collation's affair; None for other types."""
        planned = self.designed[table].columns[column]
        if planned.type not in TEXTS:
            return None
        if (table, column) not in self._ranks:
            import sqlalchemy as sa

            from archnb.export.sql import make_dialect

            place = self._columns[table][column]
            ordered: Any = (
                sa.func.lower(place) if planned.type == "email" and self.session.dialect == "postgresql" else place
            )
            statement = sa.select(place).where(place.is_not(None)).order_by(ordered)
            found = self.session.fetch(str(statement.compile(dialect=make_dialect(self.session.dialect))))
            ranks: dict[Any, int] = {}
            for (value,) in found:
                ranks.setdefault(settle(value, planned), len(ranks))
            self._ranks[table, column] = ranks
        return self._ranks[table, column]


def _is_moving(values: Sequence[str]) -> bool:
    return any(one.startswith("now") or one in ("caller", "tenant") for one in values)


def _find_limit(sql: str, limit: int) -> int:
    """The limit of a query as its text has it, 0 where it has none."""
    return limit if limit and re.search(rf"\bLIMIT {limit}\b", sql) else 0


def _set_limit(sql: str, limit: int, size: int) -> str:
    return re.sub(rf"\bLIMIT {limit}\b", f"LIMIT {size}", sql)


__all__ = ["Fault", "Reads"]
