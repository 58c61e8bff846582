"""Which index serves a query, as the engine's planner says: by its own choice, or only when it is told to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archnb.export.queries import Query
from archnb.export.sql import name_limit, shorten
from archnb.model.lookups import bare
from archnb.planned.schema import Table
from archnb.verify.proof import Verdict
from archnb.verify.session import Session, Step

ALL = "none: no rows are looked up"
SCAN = "none: the whole table is read"
# of a table of fewer rows no planner takes an index, and nobody waits for it
SMALL = 1_000
# the greatest share of the rows that is better found by an index than by reading the table
MOST = 0.25
_FRACTIONS = {1: "whole", 2: "half", 3: "third"}


@dataclass(frozen=True)
class Plan:
    """What serves a query: the index, the line of the engine's plan, and whether that is as it should be."""

    index: str
    line: str
    verdict: Verdict
    text: str


class Planner:
    """Asks an engine how it would run a query. `scale` says how many times a table's rows the design has."""

    def __init__(
        self, session: Session, designed: Mapping[str, Table], sizes: Mapping[str, int], scale: Mapping[str, float]
    ) -> None:
        self.session, self.designed, self.sizes, self.scale = session, designed, sizes, scale

    def explain(self, query: Query, sql: str, parameters: Mapping[str, Any]) -> Plan:
        """How the engine finds the rows of a query with these values."""
        steps = self.session.explain(sql, parameters)
        used = next((one for one in steps if one.index is not None), None)
        names = self._names(query.expected_index)
        if not names:
            line = used or (steps[0] if steps else None)
            index = used.index if used is not None else SCAN if steps else ALL
            return Plan(index or "", line.line if line else "", "passed", "no index is asked for")
        size = max((self.sizes.get(one.table, 0) for one in query.parameters), default=sum(self.sizes.values()))
        share = self._find_share(query.expected_index)
        if share > MOST:
            told = f"each value is in about a {_FRACTIONS.get(round(1 / share), 'large part')} of the rows"
            line = used or (steps[0] if steps else None)
            text = f"{names[0]} is not used as the planner chooses for so many rows as the design has: {told}, and it costs more than it gives"
            return Plan(used.index or SCAN if used is not None else SCAN, line.line if line else "", "failed", text)
        hit = _find(steps, names)
        if hit is not None:
            return Plan(names[0], hit.line, "passed", "chosen on the sample")
        chosen = f"over the sample's {size:,} rows it chose {used.index if used else 'to read the table'}"
        is_indexed = used is not None
        for one in self.session.persuasions(self.scale):
            changed = one.rewrite(sql, names[0]) if one.rewrite is not None else sql
            with one.enter(names[0]):
                steps = self.session.explain(changed, parameters)
            hit = _find(steps, names)
            # another index that finds as few rows is the planner's affair; a table that is read whole is not
            is_indexed = is_indexed or (one.is_free and any(each.index is not None for each in steps))
            if hit is not None and (one.is_free or is_indexed or self._is_no_choice(query.expected_index)):
                return Plan(names[0], hit.line, "passed", f"{one.text}; {chosen}")
            if hit is not None:
                text = f"{names[0]} is not used as the planner chooses: {chosen}; {one.text}"
                return Plan(used.index or SCAN if used is not None else SCAN, hit.line, "failed", text)
        first = steps[0].line if steps else ""
        text = f"{names[0]} should serve it, and the planner cannot use it; {chosen}"
        return Plan(used.index or "" if used else SCAN, first, "failed", text)

    def _is_no_choice(self, expected: str | None) -> bool:
        """Whether an index is there for another reason than this query, or the table is so small that it is read whole."""
        for name, table in self.designed.items():
            if expected == f"{name}_pkey" or expected in table.uniques:
                return True
            index = table.indexes.get(expected or "")
            if index is not None:
                columns = [bare(one) for one in index.columns]
                is_small = self.sizes.get(name, 0) * self.scale.get(name, 1.0) < SMALL
                is_for_key = any(
                    list(key.columns) == columns[: len(key.columns)] for key in table.foreign_keys.values()
                )
                return is_small or index.unique or is_for_key
        return False

    def _find_share(self, expected: str | None) -> float:
        """Which share of the rows each value of an index has that is over flags and listed words alone; 0 for any other."""
        for name, table in self.designed.items():
            index = table.indexes.get(expected or "")
            if index is None or index.unique or index.where or index.method != "btree":
                continue
            if self.sizes.get(name, 0) * self.scale.get(name, 1.0) < SMALL:
                return 0.0
            share = 1.0
            for column in (table.columns.get(bare(one)) for one in index.columns):
                if column is None or (column.type != "bool" and not column.values):
                    return 0.0
                share /= 2 if column.type == "bool" else len(column.values)
            return share
        return 0.0

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
