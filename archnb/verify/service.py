"""A planned service to try: on a database of its own, with the planned tables, filled with sample rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from archnb.exceptions import ArchnbError, unknown
from archnb.export.sql import metadata, statements
from archnb.serve import Limits, Service, check_libraries
from archnb.verify.relational import insert_rows, rows_for
from archnb.verify.session import Session

if TYPE_CHECKING:
    from archnb.plan import Plan

ENGINES = ("sqlite", "postgresql")


@contextmanager
def open_service(
    plan: Plan, engine: str = "sqlite", url: str | None = None, limits: Limits | None = None
) -> Iterator[Service]:
    """Give the service of a plan on an engine of its own, which is gone at the end.

    engine: 'sqlite', in memory, or 'postgresql': the server at `url`, else one that is started here. Raises EngineMissing
    where a library or the engine is not to be had, ArchnbError where the engine is none of these.
    """
    check_libraries()
    if engine not in ENGINES:
        raise ArchnbError(unknown("engine", engine, ENGINES))
    with _open_session(engine, url) as session:
        fill(plan, session)
        yield Service(plan, session, limits=limits)


@contextmanager
def _open_session(engine: str, url: str | None) -> Iterator[Session]:
    if engine == "sqlite":
        from archnb.verify.sqlite import SqliteSession

        lite = SqliteSession()
        with closing(lite.connection):
            yield lite
        return
    from archnb.verify.postgresql import PostgresqlSession
    from archnb.verify.servers import open_postgresql_database

    with open_postgresql_database(url) as database:
        session = PostgresqlSession(database)
        with closing(session.connection):
            yield session


def fill(plan: Plan, session: Session) -> None:
    """Make the planned tables and put the sample rows in. Raises ArchnbError where the engine refuses one."""
    for one in statements(plan, session.dialect):
        session.run(one.text)
    tables = {table.info["table"]: table for table in metadata(plan, session.dialect).tables.values()}
    rows = rows_for(plan, {name: plan.planned.schema.tables[name] for name in tables})
    failed = [one for one in insert_rows(session, tables, rows) if one.verdict == "failed"]
    if failed:
        raise ArchnbError(f"{failed[0].name}: {failed[0].text}")
    session.analyze(list(tables.values()))


__all__ = ["ENGINES", "fill", "open_service"]
