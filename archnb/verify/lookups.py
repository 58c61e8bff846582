"""Each access pattern's query, run with the values of a row that is there, and explained: which index serves it.

What the planner chooses on a small sample may differ from what it chooses in production; so where it does not choose the
expected index, it is asked again under assumptions that are said, and fails only where it can never use it.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archnb.export.queries import Parameter, Query, queries
from archnb.export.sql import name_limit, shorten
from archnb.naming import snake
from archnb.planned.schema import Table
from archnb.verify.proof import Served
from archnb.verify.rows import Row, Rows
from archnb.verify.session import Session, Step
from archnb.verify.writes import make_change

if TYPE_CHECKING:
    import sqlalchemy as sa

    from archnb.plan import Plan

TRIES = 30
_ALL = "none: no rows are looked up"
_SCAN = "none: the whole table is read"


def run_queries(
    plan: Plan,
    session: Session,
    tables: Mapping[str, sa.Table],
    designed: Mapping[str, Table],
    rows: Rows,
) -> Iterator[Served]:
    """Run and explain the query of every access pattern, and of its next page; writes are undone."""
    from archnb.verify.writes import read_counts

    runner = Lookups(session, tables, designed, rows)
    counts = read_counts(plan, designed)
    runner.scale = {tables[name].name: counts[name] / len(found) for name, found in rows.tables.items() if found}
    for query in queries(plan, session.dialect):
        if query.purpose:
            # a step works on rows that the statements before it made or found
            continue
        yield runner.run(query)
        if query.next_page:
            following = Query(query.pattern, "next page", query.next_page, query.next_parameters, query.expected_index)
            yield runner.run(following)


class Lookups:
    """Runs queries over a filled database."""

    def __init__(
        self, session: Session, tables: Mapping[str, sa.Table], designed: Mapping[str, Table], rows: Rows
    ) -> None:
        self.session, self.tables, self.designed, self.rows = session, tables, designed, rows
        self.scale: dict[str, float] = {}
        self.groups: dict[tuple[str, tuple[str, ...]], dict[tuple[Any, ...], list[Row]]] = {}
        self.sorted: dict[tuple[str, str], list[Any]] = {}

    def run(self, query: Query) -> Served:
        """Run one query and see what serves it."""
        label = query.pattern if query.kind in ("read", "create") else f"{query.pattern} ({query.kind})"
        try:
            if query.kind in ("read", "next page"):
                return self._run_read(query, label)
            return self._run_write(query, label)
        except Exception as error:
            refusal = self.session.read_error(error)
            if refusal is None:
                raise
            return Served(label, self.session.title, "", "", None, "failed", refusal.message)

    # -- reads

    def _run_read(self, query: Query, label: str) -> Served:
        wanted = list(dict.fromkeys(one.table for one in query.parameters))
        empty = [one for one in wanted if not self.rows.tables.get(one)]
        if empty:
            return self._not_run(label, f"{', '.join(empty)} could not be filled")
        rng = random.Random(query.pattern)
        parameters: dict[str, Any] = {}
        got: list[tuple[Any, ...]] = []
        for _ in range(TRIES if wanted else 1):
            row = rng.choice(self.rows.tables[wanted[0]]) if wanted else {}
            related = self._relate(wanted, row)
            if related is None:
                continue
            values = self._fill(query.parameters, related)
            if values is None:
                continue
            parameters = values
            got = self.session.fetch(query.sql, parameters)
            if got:
                break
        else:
            if not parameters:
                return self._not_run(label, "no row has a value in every column that is asked by")
        if not got and query.kind == "read":
            return Served(
                label,
                self.session.title,
                "",
                "",
                0,
                "failed",
                "no row comes back, though it asks for values of a row that is there",
            )
        return self._explain(query, label, parameters, len(got))

    # -- writes

    def _run_write(self, query: Query, label: str) -> Served:
        base = next((one.table for one in query.parameters if one.name.startswith("new_")), None)
        base = base or next((one.table for one in query.parameters), None)
        if base is None:
            return self._not_run(label, "it has no parameters")
        spare, found = self.rows.spares.get(base), self.rows.tables.get(base) or []
        if query.kind == "create":
            if spare is None:
                return self._not_run(label, f"no further row of {base} fulfils its constraints in the sample")
            values = self._fill(query.parameters, {base: spare})
            with self.session.undone():
                count = self.session.run(query.sql, values)
            return self._written(label, "", "", count, f"a row is inserted into {base}, and undone")
        if not found:
            return self._not_run(label, f"{base} could not be filled")
        if query.kind == "update":
            return self._run_update(query, label, base, spare)
        # a row that nothing refers to yet can go
        with self.session.undone():
            if spare is not None:
                self._insert_spare(base, spare)
            row = spare if spare is not None else found[-1]
            related = self._relate(list(dict.fromkeys([base, *(one.table for one in query.parameters)])), row)
            values = None if related is None else self._fill(query.parameters, related)
            if values is None:
                return self._not_run(label, "no row has a value in every column that is asked by")
            served = self._explain(query, label, values, None)
            with self.session.undone():
                count = self.session.run(query.sql, values)
        return self._written(label, served.index, served.plan, count, served.text, served)

    def _run_update(self, query: Query, label: str, base: str, spare: Row | None) -> Served:
        # a row that is found by its fields, and what is joined to it: of a parent not every row has a child
        asked = [one.table for one in query.parameters if not one.name.startswith("new_")]
        wanted = list(dict.fromkeys([*asked, base]))
        rows = self.rows.tables.get(wanted[0]) or []
        related = self._relate(wanted, rows[len(rows) // 2]) if rows else None
        if related is None:
            return self._not_run(label, "no row is related to one of every table that is asked by")
        values = self._fill([one for one in query.parameters if not one.name.startswith("new_")], related)
        news = [one for one in query.parameters if one.name.startswith("new_")]
        columns = [one.column for one in news]
        change = make_change(self.designed, base, related[base], spare or related[base], columns)
        fresh = self._fill(news, {base: change}, is_null_allowed=True)
        if values is None or fresh is None:
            return self._not_run(label, "no row has a value in every column that is asked by")
        values |= fresh
        served = self._explain(query, label, values, None)
        with self.session.undone():
            count = self.session.run(query.sql, values)
        return self._written(label, served.index, served.plan, count, served.text, served)

    def _insert_spare(self, name: str, spare: Row) -> None:
        from archnb.verify.writes import writable

        columns = writable(self.tables[name])
        self.session.insert(self.tables[name], columns, [[spare.get(one.info["column"]) for one in columns]])

    def _written(
        self, label: str, index: str, plan: str, count: int, text: str, served: Served | None = None
    ) -> Served:
        if count < 1:
            return Served(
                label,
                self.session.title,
                index,
                plan,
                count,
                "failed",
                "no row was written, though it names a row that is there",
            )
        verdict = "passed" if served is None else served.verdict
        return Served(label, self.session.title, index or "", plan, count, verdict, text or "the write is undone")

    def _not_run(self, label: str, text: str) -> Served:
        return Served(label, self.session.title, "", "", None, "not run", text)

    # -- parameters

    def _relate(self, wanted: Sequence[str], row: Row) -> dict[str, Row] | None:
        """For each wanted table a row that is joined to this row of the first, None where there is none."""
        if not wanted:
            return {}
        reached = {wanted[0]: row}
        queue = deque([wanted[0]])
        while queue and not set(wanted) <= set(reached):
            at = queue.popleft()
            for other, mine, theirs in self._edges(at):
                if other in reached:
                    continue
                mark = tuple(reached[at].get(one) for one in mine)
                found = self._group(other, theirs).get(mark)
                if found and None not in mark:
                    reached[other] = found[0]
                    queue.append(other)
        return reached if set(wanted) <= set(reached) else None

    def _edges(self, name: str) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
        for key in self.designed[name].foreign_keys.values():
            if key.references in self.designed:
                yield key.references, key.columns, key.referenced or self.designed[key.references].primary_key
        for other, table in self.designed.items():
            for key in table.foreign_keys.values():
                if key.references == name:
                    yield other, key.referenced or self.designed[name].primary_key, key.columns

    def _group(self, name: str, columns: tuple[str, ...]) -> dict[tuple[Any, ...], list[Row]]:
        if (name, columns) not in self.groups:
            made: dict[tuple[Any, ...], list[Row]] = {}
            for row in self.rows.tables.get(name, ()):
                made.setdefault(tuple(row.get(one) for one in columns), []).append(row)
            self.groups[name, columns] = made
        return self.groups[name, columns]

    def _fill(
        self, parameters: Sequence[Parameter], related: Mapping[str, Row], *, is_null_allowed: bool = False
    ) -> dict[str, Any] | None:
        """Values for parameters from rows; None where a value that is asked by is missing."""
        made: dict[str, Any] = {}
        for one in parameters:
            row = related.get(one.table)
            if row is None:
                return None
            value = row.get(one.column)
            is_new = one.name.startswith("new_")
            if value is None and not (is_null_allowed or is_new):
                return None
            if (
                one.name.endswith("_to")
                and not one.name.startswith(("new_", "after_"))
                and self._is_range(one, parameters)
            ):
                value = self._further(one, value)
            elif one.name == "search":
                is_whole = self.designed[one.table].columns[one.column].type in ("email", "url")
                value = str(value) if is_whole else _find_word(str(value))
            column = next(c for c in self.tables[one.table].columns if c.info["column"] == one.column)
            made[one.name] = self.session.write(value, column)
        return made

    def _is_range(self, one: Parameter, parameters: Sequence[Parameter]) -> bool:
        return any(p.name == f"{one.name[:-3]}_from" and p.column == one.column for p in parameters)

    def _further(self, one: Parameter, value: Any) -> Any:
        """A greater value of the column, so that about a twentieth of the rows lie between."""
        place = (one.table, one.column)
        if place not in self.sorted:
            self.sorted[place] = sorted(r[one.column] for r in self.rows.tables[one.table] if r[one.column] is not None)
        values = self.sorted[place]
        import bisect

        at = bisect.bisect_right(values, value)
        if at >= len(values):
            import datetime

            return value + (datetime.timedelta(days=1) if isinstance(value, datetime.date) else 1)
        return values[min(len(values) - 1, at + len(values) // 20)]

    # -- plans

    def _explain(self, query: Query, label: str, parameters: Mapping[str, Any], count: int | None) -> Served:
        steps = self.session.explain(query.sql, parameters)
        used = next((one for one in steps if one.index is not None), None)
        names = self._names(query.expected_index)
        if not names:
            line = used or (steps[0] if steps else None)
            index = used.index if used is not None else _SCAN if steps else _ALL
            return Served(
                label,
                self.session.title,
                index or "",
                line.line if line else "",
                count,
                "passed",
                "no index is asked for",
            )
        hit = _find(steps, names)
        if hit is not None:
            return Served(label, self.session.title, names[0], hit.line, count, "passed", "chosen on the sample")
        chosen = (
            f"over the sample's {self._sample(query):,} rows it chose {used.index if used else 'to read the table'}"
        )
        for one in self.session.persuasions(self.scale):
            sql = one.rewrite(query.sql, names[0]) if one.rewrite is not None else query.sql
            with one.enter(names[0]):
                hit = _find(self.session.explain(sql, parameters), names)
            if hit is not None:
                return Served(label, self.session.title, names[0], hit.line, count, "passed", f"{one.text}; {chosen}")
        first = steps[0].line if steps else ""
        text = f"{names[0]} should serve it, and the planner cannot use it; {chosen}"
        return Served(label, self.session.title, used.index or "" if used else _SCAN, first, count, "failed", text)

    def _sample(self, query: Query) -> int:
        return max((len(self.rows.tables.get(one.table, ())) for one in query.parameters), default=self.rows.count)

    def _names(self, expected: str | None) -> tuple[str, ...]:
        """The names that the expected index may have in this dialect, the likeliest first."""
        if expected is None:
            return ()
        limit = name_limit(self.session.dialect)
        more = [
            shorten(f"{table}_{expected}", limit)
            for table, one in self.designed.items()
            if expected in {**one.indexes, **one.uniques}
        ]
        return tuple(dict.fromkeys([shorten(expected, limit), *more]))


def _find(steps: Sequence[Step], names: Sequence[str]) -> Step | None:
    return next((one for one in steps if one.index in names), None)


def _find_word(text: str) -> str:
    """A word of a text that few others have: the last that is long enough for a full-text index."""
    words = [one for one in snake(text).split("_") if len(one) >= 3]
    return words[-1] if words else text


__all__ = ["Lookups", "run_queries"]
