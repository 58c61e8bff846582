"""Row-level security: PostgreSQL is asked as each role, for every row in every operation of a small domain."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from archnb.exceptions import EngineMissing
from archnb.export.row_security import PUBLIC, SCHEMA, RowSecurity, secure_rows
from archnb.export.sql import make_dialect, statements
from archnb.export.statements import Dialect
from archnb.planned.auth import Grant
from archnb.planned.fence import PARAMETERS, list_predicates
from archnb.planned.statements import Column, Output, Read
from archnb.verify.permissions import Caller, Domain
from archnb.verify.proof import Check, Proof, conclude
from archnb.verify.session import shorten_message

if TYPE_CHECKING:
    from archnb.plan import Plan
    from archnb.verify.postgresql import PostgresqlSession


ARTEFACT = "row-level security"


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


__all__ = ["ARTEFACT", "verify_row_security"]
