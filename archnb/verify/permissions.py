"""Permissions: for each role, operation and row of a small domain, what PostgreSQL and Cedar answer, and what the grant says.

The rows hold two tenants and more, several owners, and rows that are nobody's. PostgreSQL is asked as the role, by the
statement's own command, with nothing but its policies between the role and the rows; Cedar by requests over the same rows.
What kind a row is to a caller (own, in the same tenant, in another, somebody else's, nobody's) is read from the references
of the design and not from the grant, so that the matrix shows to whom each grant opens what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from archnb.export.row_security import PUBLIC, secure_rows
from archnb.export.sql import metadata
from archnb.planned.auth import Grant
from archnb.planned.reaching import Row, Rows, is_reached
from archnb.verify.rows import make_rows

if TYPE_CHECKING:
    from archnb.plan import Plan


Kind = Literal["own", "same tenant", "other tenant", "somebody else's", "nobody's"]
KINDS: tuple[Kind, ...] = ("own", "same tenant", "other tenant", "somebody else's", "nobody's")

# how many rows a table of people has, one of what they are in, and any other: few enough to ask for each pair of them
PEOPLE, GROUPS, OTHERS = 4, 3, 12


@dataclass(frozen=True)
class Caller:
    """Somebody with a role: the values of their token, by name."""

    role: str
    token: Mapping[str, Any]


@dataclass
class Cell:
    """What one role may do in one operation: of each kind of row how many there were, and how many it reached."""

    role: str
    operation: str
    text: str
    seen: Counter[Kind] = field(default_factory=Counter)
    reached: Counter[Kind] = field(default_factory=Counter)

    def describe(self) -> str:
        """The cell in words: `own 4 of 4, other tenant 0 of 12`; of a kind that no row has, nothing."""
        parts = [f"{kind} {self.reached[kind]} of {self.seen[kind]}" for kind in KINDS if self.seen[kind]]
        return f"{self.text}: {', '.join(parts) or 'no rows'}"


class Domain:
    """The rows, the callers and the questions: what the grants of a plan say of each."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tables = {table.info["table"]: table for table in metadata(plan, "postgresql").tables.values()}
        self.designed = {name: plan.planned.schema.tables[name] for name in self.tables}
        self.rows_made = make_rows(self.designed, self._count(), seed=7)
        self.rows: Rows = self.rows_made.tables
        for update in self.rows_made.updates:
            for row in self.rows_made.tables[update.table]:
                if all(row[name] == value for name, value in update.key.items()):
                    row.update(update.values)
        self._cells: dict[tuple[str, str], Cell] = {}
        self._kinds: dict[tuple[str, tuple[Any, ...], str, tuple[Any, ...]], Kind] = {}

    def _count(self) -> dict[str, int]:
        model = self.plan.model
        people = {*model.people.all, *model.roles.entities}
        groups = {one.group.target for one in model.people.memberships} | {model.tenants.tenant or ""}
        return {
            name: PEOPLE if table.entity in people else GROUPS if table.entity in groups else OTHERS
            for name, table in self.designed.items()
        }

    # -- callers

    def list_callers(self, role: str) -> list[Caller]:
        """Several of those who have a role, and one of whom no row is kept."""
        record = self.plan.planned.auth.roles.get(role)
        if record is None:
            return [Caller(role, {})]
        name = "client" if record.kind == "service" else "person"
        tenants: list[Any] = [None]
        if any(one == "tenant" for grant in record.grants.values() for one in grant.tokens):
            tenants += self._list_keys(self.plan.planned.auth.tenant)[:2]
        keys = [*self._list_keys(record.entity)[:3], None] if record.entity else [None]
        made = []
        for key in keys:
            for tenant in tenants:
                token = {name: key} if key is not None else {}
                made.append(Caller(role, token | ({"tenant": tenant} if tenant is not None else {})))
        return made

    def _list_keys(self, entity: str) -> list[Any]:
        table = self.plan.model.places.find_table(entity) or ""
        columns = self.plan.model.places.list_key_columns(entity)
        return [row[columns[0]] for row in self.rows.get(table, ())] if len(columns) == 1 else []

    # -- questions

    def list_questions(self) -> Iterator[tuple[str, str, Grant]]:
        """Each operation with each role that may do it, or is named and refused, where its rows are in a table here."""
        for name, operation in self.plan.planned.operations.items():
            entity = operation.contract.entity or ""
            table = self.plan.model.places.find_table(entity) or ""
            if table not in self.tables or not self.designed[table].primary_key:
                continue
            if operation.contract.is_public:
                yield PUBLIC, name, Grant(kind="any", text="any", entity=entity, table=table)
            for role in self.plan.planned.auth.roles:
                grant = operation.grants.get(role)
                if grant is None or grant.table != table:
                    grant = Grant(kind="none", text="–", entity=entity, table=table)
                yield role, name, grant

    def key(self, table: str, row: Row) -> tuple[Any, ...]:
        """What a row is known by."""
        return tuple(row[one] for one in self.designed[table].primary_key)

    def expect(self, grant: Grant, act: str, row: Row, caller: Caller) -> bool:
        """What the grant says of a row: before it is changed, and after; a new row is not among the others."""
        if act == "create":
            others = {**self.rows, grant.table: [one for one in self.rows[grant.table] if one is not row]}
            return is_reached(grant, row, others, caller.token, after=True)
        return is_reached(grant, row, self.rows, caller.token)

    def note(self, role: str, operation: str, grant: Grant, row: Row, caller: Caller, is_allowed: bool) -> None:
        """Enter an answer into the matrix."""
        cell = self._cells.setdefault((role, operation), Cell(role, operation, grant.text))
        kind = self.find_kind(grant.table, row, caller)
        cell.seen[kind] += 1
        cell.reached[kind] += is_allowed

    def find_cell(self, role: str, operation: str) -> Cell | None:
        """What was entered for a role and an operation, or None."""
        return self._cells.get((role, operation))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The matrix."""
        return tuple(self._cells.values())

    # -- kinds of rows, from the references alone

    def find_kind(self, table: str, row: Row, caller: Caller) -> Kind:
        """What a row is to a caller, by the references that it and what it refers to hold."""
        at = (table, self.key(table, row), caller.role, tuple(caller.token.items()))
        if at not in self._kinds:
            self._kinds[at] = self._find_kind(table, row, caller)
        return self._kinds[at]

    def _find_kind(self, table: str, row: Row, caller: Caller) -> Kind:
        model = self.plan.model
        record = self.plan.planned.auth.roles.get(caller.role)
        own = record.entity if record is not None else ""
        me = caller.token.get("person", caller.token.get("client"))
        groups = {one.group.target for one in model.people.memberships} | {model.tenants.tenant or ""}
        mine = self._list_own_groups(caller, own, me)
        people = {*model.people.all, *model.roles.entities}
        found = list(self._spread(table, row))
        # whose a row is, those say who are nearest to it; whoever is behind them is somebody to them
        nearest = min((depth for depth, entity, _ in found if entity in people), default=0)
        if own and me is not None and any(at == (nearest, own, me) for at in found):
            return "own"
        inside = [(entity, key) for _, entity, key in found if entity in groups]
        if inside:
            return "same tenant" if any(one in mine for one in inside) else "other tenant"
        return "somebody else's" if any(entity in people for _, entity, _ in found) else "nobody's"

    def _spread(self, table: str, row: Row) -> Iterator[tuple[int, str, Any]]:
        """The row itself and every row that it refers to, with how many steps away; from a person on, it goes no further."""
        model = self.plan.model
        people = {*model.people.all, *model.roles.entities}
        queue, known = [(0, self.designed[table].entity, row)], set[tuple[str, Any]]()
        while queue:
            depth, entity, here = queue.pop(0)
            columns = model.places.list_key_columns(entity)
            at = (entity, here[columns[0]]) if len(columns) == 1 else (entity, tuple(here[one] for one in columns))
            if at in known:
                continue
            known.add(at)
            yield depth, *at
            if entity in people and here is not row:
                continue
            for reference in model.references.list_from(entity):
                place = model.places.find_field(entity, reference.field)
                if place is None or place.path or len(place.columns) != 1 or here.get(place.columns[0]) is None:
                    continue
                target = model.places.find_table(reference.target) or ""
                keys = model.places.list_key_columns(reference.target)
                queue += [
                    (depth + 1, reference.target, one)
                    for one in self.rows.get(target, ())
                    if len(keys) == 1 and one[keys[0]] == here[place.columns[0]]
                ]

    def _list_own_groups(self, caller: Caller, own: str, me: Any) -> set[tuple[str, Any]]:
        model = self.plan.model
        found = {(model.tenants.tenant or "", caller.token["tenant"])} if "tenant" in caller.token else set()
        if me is None:
            return found
        for one in model.people.memberships:
            table = model.places.find_table(one.entity) or ""
            person, group = (model.places.find_field(one.entity, each.field) for each in (one.person, one.group))
            if one.person.target == own and person is not None and group is not None:
                found |= {
                    (one.group.target, row[group.columns[0]])
                    for row in self.rows.get(table, ())
                    if row[person.columns[0]] == me
                }
        tenant = model.tenants.tenant
        for reference in model.references.list_between(own, tenant) if own and tenant else ():
            place, table = model.places.find_field(own, reference.field), model.places.find_table(own) or ""
            key = model.places.list_key_columns(own)
            if place is not None and not place.path:
                found |= {
                    (tenant or "", row[place.columns[0]]) for row in self.rows.get(table, ()) if row[key[0]] == me
                }
        return found


def list_matrix(plan: Plan) -> Sequence[Cell]:
    """The matrix as the grants say it, over the rows of the domain: each role, operation and kind of row."""
    domain = Domain(plan)
    secured = secure_rows(plan)
    for role, operation, grant in domain.list_questions():
        act = secured.act(operation)
        for caller in domain.list_callers(role):
            for row in domain.rows[grant.table]:
                domain.note(role, operation, grant, row, caller, domain.expect(grant, act, row, caller))
    return domain.cells
