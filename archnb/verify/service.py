"""A planned service to try: on a database of its own, with the planned tables, filled with sample rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from archnb.exceptions import ArchnbError, unknown
from archnb.export.sql import metadata, statements
from archnb.serve import Limits, Service, check_libraries
from archnb.serve.records import Records
from archnb.verify.examples import list_example_rows
from archnb.verify.relational import insert_rows
from archnb.verify.rows import Rows, make_rows, scale_counts
from archnb.verify.session import Session
from archnb.verify.writes import read_counts

if TYPE_CHECKING:
    from archnb.plan import Plan

ENGINES = ("sqlite", "postgresql")
# enough for several pages of everything
LEAST, MOST = 60, 250


class FilledService(Service):
    """A service that knows the sample rows of its database."""

    def __init__(self, plan: Plan, session: Session, rows: Rows, limits: Limits | None) -> None:
        super().__init__(plan, session, limits=limits)
        self.rows, self.session = rows, session

    @contextmanager
    def undone(self) -> Iterator[None]:
        """A time after which the database is as it was before, whatever was committed. SQLite alone can do that."""
        from archnb.verify.sqlite import SqliteSession

        if not isinstance(self.session, SqliteSession):
            raise ArchnbError(f"{self.session.engine} keeps what is committed")
        with self.session.restored():
            yield


@contextmanager
def open_service(
    plan: Plan,
    engine: str = "sqlite",
    url: str | None = None,
    limits: Limits | None = None,
    *,
    is_told: bool = False,
) -> Iterator[FilledService]:
    """Give the service of a plan on an engine of its own, which is gone at the end.

    engine: 'sqlite', in memory, or 'postgresql': the server at `url`, else one that is started here. is_told: whether what
    the examples make is there already. Raises EngineMissing where a library or the engine is not to be had, ArchnbError
    where the engine is none of these.
    """
    check_libraries()
    if engine not in ENGINES:
        raise ArchnbError(unknown("engine", engine, ENGINES))
    with _open_session(engine, url) as session:
        rows = fill(plan, session, is_told=is_told)
        yield FilledService(plan, session, rows, limits)


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


def fill(plan: Plan, session: Session, *, is_told: bool = False) -> Rows:
    """Make the planned tables and put sample rows in, the things that the examples name among them."""
    for one in statements(plan, session.dialect):
        session.run(one.text)
    tables = {table.info["table"]: table for table in metadata(plan, session.dialect).tables.values()}
    designed = {name: plan.planned.schema.tables[name] for name in tables}
    counts = scale_counts(read_counts(plan, designed), LEAST, MOST)
    rows = make_rows(designed, counts, given=list_example_rows(plan, Records(plan, session), is_told=is_told))
    for name, table in designed.items():
        if table.role != "entity":
            # messages and answers are the service's own; nobody has caused any yet
            rows.tables[name] = []
    # what the engine refuses is no sample of what it holds; its own proof tells
    insert_rows(session, tables, rows)
    session.analyze(list(tables.values()))
    return rows


__all__ = ["ENGINES", "fill", "open_service"]
