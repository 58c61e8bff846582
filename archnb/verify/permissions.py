"""Permissions: for each role, operation and row of a small domain, what PostgreSQL and Cedar answer, and what the grant says.

The rows hold two tenants and more, several owners, and rows that are nobody's. PostgreSQL is asked as the role, by the
statement's own command, with nothing but its policies between the role and the rows; Cedar by requests over the same rows.
What kind a row is to a caller (own, in the same tenant, in another, somebody else's, nobody's) is read from the references
of the design and not from the grant, so that the matrix shows to whom each grant opens what.
"""

from __future__ import annotations

import importlib.util
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from archnb.exceptions import EngineMissing
from archnb.export.cedar import write_policies
from archnb.export.row_security import PUBLIC, SCHEMA, RowSecurity, secure_rows
from archnb.export.sql import make_dialect, metadata, statements
from archnb.export.statements import Dialect
from archnb.planned.auth import Grant
from archnb.planned.fence import PARAMETERS, list_predicates
from archnb.planned.reaching import Row, Rows, is_reached
from archnb.planned.statements import Column, Output, Read
from archnb.verify.proof import Check, Proof, conclude
from archnb.verify.rows import make_rows
from archnb.verify.session import shorten_message

if TYPE_CHECKING:
    from archnb.plan import Plan
    from archnb.verify.postgresql import PostgresqlSession

ARTEFACT = "row-level security"
POLICIES = "Cedar policies"

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


# -- PostgreSQL


def verify_row_security(plan: Plan, *, postgresql: str | None = None, **_: Any) -> Proof:
    """Ask PostgreSQL, as each role, for every row in every operation, and compare with the grants.

    Where no server can be had, or the one given lets nobody make roles, the proof says so.
    """
    import os

    from archnb.verify.postgresql import PostgresqlSession
    from archnb.verify.postgresql_server import POSTGRESQL_URL
    from archnb.verify.servers import open_postgresql_database

    domain = Domain(plan)
    if not secure_rows(plan).tables:
        check = Check("tables", "not run", "no table of the design is in PostgreSQL")
        return Proof(ARTEFACT, "PostgreSQL", "", "not verified", 0, 0.0, "not run", (check,))
    try:
        with open_postgresql_database(postgresql) as database:
            session = PostgresqlSession(database)
            with closing(session.connection):
                return _prove_rows(domain, session, database.name)
    except EngineMissing as error:
        if postgresql or os.environ.get(POSTGRESQL_URL):
            raise
        check = Check("engine", "not run", " ".join(str(error).split()))
        return Proof(ARTEFACT, "PostgreSQL", "", "not verified", 0, 0.0, "not run", (check,))


def _prove_rows(domain: Domain, session: PostgresqlSession, name: str) -> Proof:
    from archnb.verify.relational import insert_rows

    started = time.perf_counter()
    version = f"{session.version} ({session.origin})" if session.origin else session.version
    if not session.fetch("SELECT usesuper FROM pg_user WHERE usename = current_user")[0][0]:
        check = Check("roles", "not run", "the user of this server may not make roles and act as them")
        return Proof(ARTEFACT, session.engine, version, "not verified", 0, 0.0, "not run", (check,))
    secured = secure_rows(domain.plan, name)
    details: list[Check] = []
    count = 0
    try:
        for one in statements(domain.plan, "postgresql"):
            if not one.text.startswith("CREATE INDEX"):
                session.run(one.text)
        details += insert_rows(session, domain.tables, domain.rows_made)
        for text in secured.statements():
            session.run(text)
            count += 1
        details += _ask_rows(domain, session, secured)
        details += _try_guards(domain, session, secured)
    except Exception as error:
        refusal = session.read_error(error)
        if refusal is None:
            raise
        details.append(Check("statements", "failed", refusal.message))
    finally:
        _drop_roles(session, secured)
    seconds = time.perf_counter() - started
    verdict = conclude(details)
    return Proof(ARTEFACT, session.engine, version, "executed on the engine", count, seconds, verdict, tuple(details))


def _drop_roles(session: PostgresqlSession, secured: RowSecurity) -> None:
    """Roles are the server's and not the database's: they must not stay."""
    names = [secured.role(one) for one in dict.fromkeys([PUBLIC, *secured.plan.planned.auth.roles])]
    for name in [*names, secured.reader]:
        try:
            session.run(f"DROP OWNED BY {name} CASCADE")
            session.run(f"DROP ROLE {name}")
        except Exception as error:
            if session.read_error(error) is None:
                raise


def _ask_rows(domain: Domain, session: PostgresqlSession, secured: RowSecurity) -> Iterator[Check]:
    probes: set[str] = set()
    making = Dialect("postgresql", domain.tables, domain.plan.planned.schema)
    for role, operation, grant in domain.list_questions():
        if grant.table not in secured.tables:
            continue
        act, wrong, asked = secured.act(operation), list[str](), 0
        for caller in domain.list_callers(role):
            if act == "create":
                allowed = _try_inserts(domain, session, secured, grant, operation, caller, probes)
            else:
                allowed = _list_reached(domain, session, secured, grant, operation, act, caller)
            found = _list_found(domain, session, grant, caller, making) if act != "create" else None
            for row in domain.rows[grant.table]:
                is_allowed = domain.key(grant.table, row) in allowed
                if found is not None and grant.tokens and (domain.key(grant.table, row) in found) != is_allowed:
                    wrong.append(
                        f"the statement's own conditions and the policies differ on {domain.key(grant.table, row)}"
                    )
                domain.note(role, operation, grant, row, caller, is_allowed)
                asked += 1
                if is_allowed != domain.expect(grant, act, row, caller):
                    wrong.append(
                        f"{dict(caller.token) or 'nobody'} {'reaches' if is_allowed else 'does not reach'} {domain.key(grant.table, row)}"
                    )
        cell = domain.find_cell(role, operation)
        if wrong:
            text = f"{len(wrong)} of {asked} answers differ from the grant {grant.text}: {wrong[0]}"
            yield Check(f"{operation} as {role}", "failed", text)
        elif grant.text != "–":
            yield Check(f"{operation} as {role}", "passed", cell.describe() if cell is not None else "no rows")
    refused = sum(1 for one in domain.cells if one.text in ("–", "none") and not sum(one.reached.values()))
    yield Check("whoever is not named", "passed", f"{refused} pairs of role and operation reach no row")


def _list_found(
    domain: Domain, session: PostgresqlSession, grant: Grant, caller: Caller, making: Dialect
) -> set[tuple[Any, ...]]:
    """The keys of the rows that a statement finds by the grant's own conditions, with no policy beside them."""
    columns = (
        Column(table=grant.table, column=one, source=grant.table) for one in domain.designed[grant.table].primary_key
    )
    read = Read(
        table=grant.table,
        source=grant.table,
        columns=tuple(Output(column=one, label=one.column) for one in columns),
        conditions=list_predicates(grant),
    )
    making.begin()
    sql = str(making.select(read).compile(dialect=make_dialect("postgresql")))
    given = {PARAMETERS[token]: session.write(caller.token.get(token)) for token in grant.tokens}
    return {tuple(row) for row in session.fetch(sql, given)}


def _begin(session: PostgresqlSession, secured: RowSecurity, operation: str, caller: Caller) -> None:
    for name, value in {"operation": operation, **caller.token}.items():
        session.run("SELECT set_config(:name, :value, true)", {"name": f"app.{name}", "value": str(value)})
    session.run(f"SET LOCAL ROLE {secured.role(caller.role)}")


def _list_reached(
    domain: Domain,
    session: PostgresqlSession,
    secured: RowSecurity,
    grant: Grant,
    operation: str,
    act: str,
    caller: Caller,
) -> set[tuple[Any, ...]]:
    """The keys of the rows that one statement over the whole table reaches, as the role."""
    table, keys = (
        secured.table(grant.table),
        [secured.column(grant.table, one) for one in domain.designed[grant.table].primary_key],
    )
    listed = ", ".join(keys)
    if act == "read":
        sql = f"SELECT {listed} FROM {table}"
    elif act == "delete":
        sql = f"DELETE FROM {table} RETURNING {listed}"
    else:
        if any(not part.token for reach in grant.reaches for part in reach.parts):
            return _list_claimed(domain, session, secured, grant, operation, caller)
        sql = f"UPDATE {table} SET {keys[0]} = {keys[0]} RETURNING {listed}"
    try:
        with session.undone():
            # references are not what is asked about; triggers are tried apart
            session.run("SET LOCAL session_replication_role = replica")
            _begin(session, secured, operation, caller)
            return {tuple(row) for row in session.fetch(sql)}
    except Exception as error:
        if _is_refusal(error):
            return set()
        raise


def _list_claimed(
    domain: Domain, session: PostgresqlSession, secured: RowSecurity, grant: Grant, operation: str, caller: Caller
) -> set[tuple[Any, ...]]:
    """The keys of the rows that the role may make its own, each tried alone: a person may have but one of them."""
    table = secured.table(grant.table)
    columns = [part.columns[0] for reach in grant.reaches for part in reach.parts if not part.token and not part.joins]
    changes = [
        f"{secured.column(grant.table, one)} = {secured.token('person', grant.table, one)}"
        for one in dict.fromkeys(columns)
    ]
    keys = [secured.column(grant.table, one) for one in domain.designed[grant.table].primary_key]
    where = " AND ".join(f"{key} = :k{n}" for n, key in enumerate(keys))
    allowed = set()
    for row in domain.rows[grant.table]:
        key = domain.key(grant.table, row)
        try:
            with session.undone():
                session.run("SET LOCAL session_replication_role = replica")
                _begin(session, secured, operation, caller)
                given = {f"k{n}": session.write(value) for n, value in enumerate(key)}
                if session.run(f"UPDATE {table} SET {', '.join(changes)} WHERE {where}", given):
                    allowed.add(key)
        except Exception as error:
            # the policies are asked before what must be unique
            if getattr(error, "sqlstate", None) in ("23505", "23P01", "23514"):
                allowed.add(key)
            elif not _is_refusal(error):
                raise
    return allowed


def _try_inserts(
    domain: Domain,
    session: PostgresqlSession,
    secured: RowSecurity,
    grant: Grant,
    operation: str,
    caller: Caller,
    probes: set[str],
) -> set[tuple[Any, ...]]:
    """The keys of the rows that the role may insert, each tried alone while the row itself is away."""
    table, name = secured.table(grant.table), f"{SCHEMA}.{secured.quote(f'probe_{grant.table}')}"
    if grant.table not in probes:
        session.run(f"CREATE TABLE {name} AS SELECT * FROM {table}")
        session.run(f"GRANT SELECT ON {name} TO PUBLIC")
        probes.add(grant.table)
    columns = ", ".join(secured.quote(one.name) for one in domain.tables[grant.table].columns if one.computed is None)
    keys = [secured.column(grant.table, one) for one in domain.designed[grant.table].primary_key]
    where = " AND ".join(f"{key} = :k{n}" for n, key in enumerate(keys))
    allowed = set()
    for row in domain.rows[grant.table]:
        key = domain.key(grant.table, row)
        given = {f"k{n}": session.write(value) for n, value in enumerate(key)}
        try:
            with session.undone():
                session.run("SET LOCAL session_replication_role = replica")
                session.run(f"DELETE FROM {table} WHERE {where}", given)
                _begin(session, secured, operation, caller)
                session.run(
                    f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {name} WHERE {where}",
                    given,
                )
            allowed.add(key)
        except Exception as error:
            if not _is_refusal(error):
                raise
    return allowed


def _is_refusal(error: Exception) -> bool:
    """Whether PostgreSQL refused for want of a right: a table, or a row's policy (42501)."""
    return getattr(error, "sqlstate", None) == "42501"


def _try_guards(domain: Domain, session: PostgresqlSession, secured: RowSecurity) -> Iterator[Check]:
    """Break what keeps the roles of members: an admin makes themselves the highest, and the last of the highest goes."""
    for one in domain.plan.planned.auth.memberships:
        if not one.role_column or not one.ranks or one.table not in secured.tables:
            continue
        places = domain.plan.model.places
        person, group = places.find_field(one.entity, one.person), places.find_field(one.entity, one.group)
        rows = domain.rows[one.table]
        if person is None or group is None or not rows:
            continue
        table, role = secured.table(one.table), secured.column(one.table, one.role_column)
        who, where = secured.column(one.table, person.columns[0]), secured.column(one.table, group.columns[0])
        first = rows[0]
        given = {"p": session.write(first[person.columns[0]]), "g": session.write(first[group.columns[0]])}
        top = one.ranks[-1]
        below = one.ranks[-2] if len(one.ranks) > 1 else top
        others = f"UPDATE {table} SET {role} = '{one.ranks[0]}' WHERE {where} = :g AND {who} <> :p"
        for name, prepare, attempt in (
            (
                f"{below} makes themselves {top}",
                below,
                f"UPDATE {table} SET {role} = '{top}' WHERE {where} = :g AND {who} = :p",
            ),
            (
                f"the last {top} gives the role up",
                top,
                f"UPDATE {table} SET {role} = '{below}' WHERE {where} = :g AND {who} = :p",
            ),
            (f"the last {top} leaves", top, f"DELETE FROM {table} WHERE {where} = :g AND {who} = :p"),
        ):
            if below == top:
                continue
            try:
                with session.undone():
                    session.run(others, given)
                    session.run(f"UPDATE {table} SET {role} = '{prepare}' WHERE {where} = :g AND {who} = :p", given)
                    session.run("SELECT set_config('app.person', :p, true)", {"p": str(first[person.columns[0]])})
                    session.run(attempt, given)
                yield Check(name, "failed", f"{one.entity} took it")
            except Exception as error:
                if _is_refusal(error):
                    yield Check(name, "passed", f"refused: {shorten_message(error)}")
                else:
                    yield Check(name, "not run", shorten_message(error))


# -- Cedar


def verify_cedar(plan: Plan, **_: Any) -> Proof:
    """Check the Cedar policies against their schema, ask for every row in every operation, and compare with the grants."""
    started = time.perf_counter()
    if importlib.util.find_spec("cedarpy") is None:
        text = str(EngineMissing.of_extra("Cedar policies are run by", "cedarpy", "verify"))
        return Proof(POLICIES, "Cedar", "", "not verified", 0, 0.0, "not run", (Check("engine", "not run", text),))
    from importlib.metadata import version

    import cedarpy

    made, domain = write_policies(plan), Domain(plan)
    validated = cedarpy.validate_policies(made.text, made.schema)
    details = [
        Check("schema", "passed", f"{len(plan.planned.operations)} actions; every policy fits the schema")
        if validated.validation_passed
        else Check("schema", "failed", "; ".join(str(one) for one in validated.errors[:3]))
    ]
    if plan.planned.operations:
        policies = cedarpy.PolicySet.from_str(made.text) if hasattr(cedarpy.PolicySet, "from_str") else made.text
        details += _ask_cedar(domain, made, policies)
    count, seconds = made.text.count("@id("), time.perf_counter() - started
    return Proof(
        POLICIES,
        "Cedar",
        f"cedarpy {version('cedarpy')}",
        "executed on the engine",
        count,
        seconds,
        conclude(details),
        tuple(details),
    )


def _ask_cedar(domain: Domain, made: Any, policies: Any) -> Iterator[Check]:
    import cedarpy

    questions: dict[str, list[tuple[str, Grant]]] = {}
    for role, operation, grant in domain.list_questions():
        questions.setdefault(role, []).append((operation, grant))
    secured = secure_rows(domain.plan)
    for role, asked in questions.items():
        wrong: dict[str, list[str]] = {}
        counts: Counter[str] = Counter()
        for caller in domain.list_callers(role):
            record = domain.plan.planned.auth.roles.get(role)
            if record is not None and record.entity and not {"person", "client"} & {*caller.token}:
                # nobody is no principal, so that nothing can be asked for them
                continue
            for operation, grant in asked:
                act = secured.act(operation)
                for row in domain.rows[grant.table]:
                    rows: Rows = domain.rows
                    if act == "create":
                        rows = {**rows, grant.table: [one for one in rows[grant.table] if one is not row]}
                    found = _authorize(cedarpy, made, policies, rows, caller, operation, grant, act, row)
                    counts[operation] += 1
                    domain.note(role, operation, grant, row, caller, found)
                    if found != domain.expect(grant, act, row, caller):
                        wrong.setdefault(operation, []).append(
                            f"{dict(caller.token) or 'nobody'} {'reaches' if found else 'does not reach'} {domain.key(grant.table, row)}"
                        )
        for operation, grant in asked:
            if operation in wrong:
                text = f"{len(wrong[operation])} of {counts[operation]} answers differ from the grant {grant.text}: {wrong[operation][0]}"
                yield Check(f"{operation} as {role}", "failed", text)
            elif grant.text != "–" and (cell := domain.find_cell(role, operation)) is not None:
                yield Check(f"{operation} as {role}", "passed", cell.describe())


def _authorize(
    cedarpy: Any, made: Any, policies: Any, rows: Rows, caller: Caller, operation: str, grant: Grant, act: str, row: Row
) -> bool:
    entity = made.plan.planned.schema.tables[grant.table].entity
    resource = made.uid(made.types[entity], made.row_id(entity, row))
    principal = made.uid(made.principal_type(caller.role), made.principal(caller.role, caller.token))
    context = {}
    if "tenant" in caller.token:
        context["tenant"] = {"__entity": made.uid(made.types[made.plan.planned.auth.tenant], caller.token["tenant"])}
    answer = cedarpy.is_authorized(
        {
            "principal": _write_uid(principal),
            "action": f'{made.namespace}::Action::"{operation}"',
            "resource": _write_uid(resource),
            "context": context,
        },
        policies,
        made.list_entities(rows, caller.role, caller.token, grant.table, row),
    )
    return bool(answer.allowed)


def _write_uid(uid: Mapping[str, str]) -> str:
    import json

    return f"{uid['type']}::{json.dumps(uid['id'])}"


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
