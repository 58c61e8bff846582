"""Who may do what, on which rows: a grant as a condition of SQL, which the database answers for one row or for a list.

The condition is made of the joins that the grant names and of the values that the token says, and of nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archnb.planned import Operation
from archnb.planned.auth import Grant, Reach
from archnb.serve.problems import Refused
from archnb.serve.records import Record, Records
from archnb.serve.tokens import Caller

if TYPE_CHECKING:
    import sqlalchemy as sa


class Permissions:
    """The grants of a plan, asked for one caller at a time."""

    def __init__(self, records: Records) -> None:
        self.records = records

    def find_grant(self, operation: Operation, caller: Caller) -> Grant:
        """The grant of a caller's role. Raises Refused where the role may not do the operation on any row."""
        grant = operation.grants.get(caller.role)
        if grant is None or grant.is_refused:
            raise Refused("forbidden", f"the role {caller.role} may not do {operation.name}")
        return grant

    def allows(self, grant: Grant, caller: Caller, record: Record) -> bool:
        """Whether a grant lets a caller at one record, which is in the database."""
        if not grant.is_by_row:
            return True
        import sqlalchemy as sa

        rows = self.records.tables[grant.table].alias("asked")
        where = [
            self._column(rows, table, name) == sa.literal(value)
            for field, one in self.records.key_of(grant.entity, record).items()
            for (table, name), value in self.records.split(grant.entity, field, one).items()
            if table == grant.table
        ]
        statement = sa.select(sa.literal(1)).select_from(rows).where(*where, self.condition(grant, caller, rows))
        return bool(self.records.fetch(statement))

    def condition(self, grant: Grant, caller: Caller, rows: sa.FromClause) -> Any:
        """The condition of the rows that a grant lets a caller at."""
        import sqlalchemy as sa

        if not grant.is_by_row:
            return sa.true() if grant.kind == "any" else sa.false()
        return sa.or_(
            sa.false(),
            *(
                sa.and_(*(self._hold(part, caller, rows, grant.table) for part in reach.parts))
                for reach in grant.reaches
            ),
        )

    def _hold(self, reach: Reach, caller: Caller, rows: sa.FromClause, table: str) -> Any:
        """The condition that one way leads from a row to the caller."""
        import sqlalchemy as sa

        at: Any = rows
        joined: list[Any] = []
        pairs: list[Any] = []
        for number, join in enumerate(reach.joins):
            here = self.records.tables[join.table].alias(f"{join.table}_{number}")
            pairs += [
                self._column(at, table, before) == self._column(here, join.table, after)
                for before, after in join.columns
            ]
            joined.append(here)
            at, table = here, join.table
        ends = self._ends(reach, caller, at)
        if ends is None:
            return sa.false()
        if not joined:
            return sa.and_(*ends)
        # the aliases are of this way alone; only the row itself is from outside
        return sa.exists(sa.select(sa.literal(1)).select_from(*joined).where(*pairs, *ends).correlate(rows))

    def _ends(self, reach: Reach, caller: Caller, at: Any) -> list[Any] | None:
        """What must hold of the last row; None where the token has no such value."""
        import sqlalchemy as sa

        columns = [self._column(at, reach.table, name) for name in reach.columns]
        if not reach.token:
            return [one.is_(None) for one in columns]
        values = list((caller.group if reach.token == "tenant" else caller.subject).values())
        if len(values) != len(columns):
            return None
        made = []
        for column, name, value in zip(columns, reach.columns, values, strict=True):
            made.append(column == sa.literal(self.records.bind(self.records.cell(reach.table, name), value)))
        if reach.words:
            made.append(
                self._column(at, reach.table, reach.role_column).in_([sa.literal(word) for word in reach.words])
            )
        return made

    def _column(self, rows: Any, table: str, name: str) -> Any:
        return rows.c[self.records.column(table, name).key]


__all__ = ["Permissions"]
