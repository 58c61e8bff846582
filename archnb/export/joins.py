"""Joins of one query: tables reached over foreign keys, each joined once, in the order in which they were reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archnb.model.identifiers import claim
from archnb.planned.schema import ForeignKey, Schema

if TYPE_CHECKING:
    import sqlalchemy as sa


class Joins:
    """The tables of a query from a base table on."""

    def __init__(self, schema: Schema, tables: dict[str, sa.Table], base: str) -> None:
        self.schema, self.tables, self.base = schema, tables, base
        # the table reached -> the condition, and whether rows without a partner are kept
        self.path: dict[str, tuple[Any, bool]] = {}

    def column(self, table: str, name: str, source: Any = None) -> Any:
        """The column of a table by its name in the design, out of a subquery where one is given."""
        own = next(one for one in self.tables[table].columns if one.info["column"] == name)
        return own if source is None else source.c[own.key]

    def follow(self, table: str, key: str) -> None:
        """Join what a foreign key of a table refers to."""
        one = self.schema.tables[table].foreign_keys[key]
        if one.references in self.tables and one.references not in self.path and one.references != self.base:
            is_outer = any(self.schema.tables[table].columns[c].nullable for c in one.columns)
            self.path[one.references] = (self.condition(table, one), is_outer)

    def condition(self, table: str, key: ForeignKey, source: Any = None, target: Any = None) -> Any:
        """The condition that joins a foreign key's table with what it refers to; `source` and `target` stand in for them."""
        import sqlalchemy as sa

        pairs = zip(key.columns, key.referenced, strict=True)
        return sa.and_(*(self.column(table, a, source) == self.column(key.references, b, target) for a, b in pairs))

    def reach(self, table: str) -> None:
        """Join a table that one of those joined refers to."""
        for here in [self.base, *self.path]:
            for name, key in self.schema.tables[here].foreign_keys.items():
                if key.references == table:
                    self.follow(here, name)
                    return

    def source(self) -> Any:
        """The FROM clause."""
        made: Any = self.tables[self.base]
        for table, (condition, is_outer) in self.path.items():
            made = made.join(self.tables[table], condition, isouter=is_outer)
        return made

    def extend(self, page: Any, included: Sequence[str]) -> tuple[Any, list[Any]]:
        """A page of base rows with tables that come along, over the shortest way of foreign keys; gives FROM and columns.

        A table that no way leads to is left out.
        """
        source, columns, joined = page, [], {self.base: page}
        taken = [one.name for one in page.columns]
        for wanted in included:
            for here, there, key, is_forward in self._way(list(joined), wanted):
                if there in joined:
                    continue
                own = self.tables[there]
                table = here if is_forward else there
                stand_in = page if here == self.base else None
                condition = self.condition(
                    table, key, stand_in if is_forward else None, stand_in if not is_forward else None
                )
                source = source.join(own, condition, isouter=True)
                joined[there] = own
            if wanted in joined and wanted != self.base:
                for one in self.tables[wanted].columns:
                    taken.append(claim(f"{wanted}_{one.name}", taken))
                    columns.append(one.label(taken[-1]))
        return source, columns

    def _way(self, starts: list[str], wanted: str) -> list[tuple[str, str, ForeignKey, bool]]:
        """The steps (from, to, foreign key, whether along it) of the shortest way from any start."""
        seen: dict[str, list[tuple[str, str, ForeignKey, bool]]] = {one: [] for one in starts}
        queue = list(starts)
        while queue:
            here = queue.pop(0)
            if here == wanted:
                return seen[here]
            for there, key, is_forward in self._neighbours(here):
                if there not in seen and there in self.tables:
                    seen[there] = [*seen[here], (here, there, key, is_forward)]
                    queue.append(there)
        return []

    def _neighbours(self, table: str) -> list[tuple[str, ForeignKey, bool]]:
        own = self.schema.tables[table].foreign_keys.values()
        found = [(key.references, key, True) for key in own if key.references in self.schema.tables]
        return found + [(name, key, False) for name, key in self.schema.list_referring(table) if name != table]

    def find_self_reference(self) -> tuple[Any, Any, Any] | None:
        """Columns (from, to) that lead from rows of the base table to others of it, and its key; None where none do."""
        key = self.schema.tables[self.base].primary_key
        if len(key) != 1:
            return None
        own = self.column(self.base, key[0])
        for one in self.schema.tables[self.base].foreign_keys.values():
            if one.references == self.base and len(one.columns) == 1:
                # downwards: from the row that is referred to, to those that refer to it
                other = self.tables[self.base].alias("step")
                return other.c[self.column(self.base, one.columns[0]).key], other.c[own.key], own
        single = [(name, one) for name, one in self.schema.list_referring(self.base) if len(one.columns) == 1]
        for name in dict.fromkeys(name for name, _ in single):
            back = [one for other, one in single if other == name]
            if len(back) == 2 and name in self.tables:
                return self.column(name, back[0].columns[0]), self.column(name, back[1].columns[0]), own
        return None
