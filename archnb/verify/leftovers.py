"""Databases that a killed proof left on a server which is not ours. Each proof claims the name of its database with a lock that
the server itself gives up when the proof's connection ends, whatever way that ends: a database of such a name without its lock,
and with nobody connected to it, is a dead one's and is dropped before the next proof. No clock is compared, so that a proof
may take as long as it takes.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from typing import Any

# `archnb`, when it was made, and a number: the time is for people who find one
_NAME = re.compile(r"archnb_\d{8}_\d{6}_[0-9a-f]{8}")
# the first half of our advisory locks in PostgreSQL, so that they meet nobody else's
_LOCK_CLASS = 0x61726368


def _make_name() -> str:
    return f"archnb_{time.strftime('%Y%m%d_%H%M%S', time.gmtime())}_{secrets.token_hex(4)}"


def _find_lock(name: str) -> int:
    """The second half of the lock of a database, a signed number of 32 bits, as its name ends."""
    number = int(name[-8:], 16)
    return number - (1 << 32) if number >= 1 << 31 else number


def claim_postgresql_name(connection: Any) -> str:
    """A new name for a database, claimed as long as this connection lasts."""
    while True:
        name = _make_name()
        if connection.execute(
            "SELECT pg_try_advisory_lock(%s::int, %s::int)", [_LOCK_CLASS, _find_lock(name)]
        ).fetchone()[0]:
            return name


def sweep_postgresql(connection: Any) -> list[str]:
    """Drop the databases of dead proofs, as far as this user may; gives their names.

    pg_locks shows the locks of every database, so that the claims of proofs that came in through another one count.
    """
    import psycopg

    dropped = []
    with contextlib.suppress(psycopg.Error):
        names = [one[0] for one in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'archnb%'")]
        for name in names:
            if _NAME.fullmatch(name) is None:
                continue
            # dead is who is neither claimed nor used, both asked at one moment
            is_dead = connection.execute(
                "SELECT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
                " AND classid = %s::int::oid AND objid = %s::int::oid)"
                " AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = %s)",
                [_LOCK_CLASS, _find_lock(name), name],
            ).fetchone()[0]
            if is_dead:
                # without FORCE: one that came alive in between keeps its database
                with contextlib.suppress(psycopg.Error):
                    connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
                    dropped.append(name)
    return dropped


def claim_mysql_name(cursor: Any) -> str:
    """A new name for a database, claimed as long as the cursor's connection lasts."""
    while True:
        name = _make_name()
        cursor.execute("SELECT GET_LOCK(%s, 0)", [name])
        if cursor.fetchone()[0] == 1:
            return name


def sweep_mysql(cursor: Any) -> list[str]:
    """Drop the databases of dead proofs, as far as this user may; gives their names."""
    import pymysql

    dropped = []
    with contextlib.suppress(pymysql.MySQLError):
        cursor.execute("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'archnb%%'", [])
        names = [str(row[0]) for row in cursor.fetchall()]
        cursor.execute("SELECT DISTINCT DB FROM information_schema.PROCESSLIST WHERE DB IS NOT NULL")
        used = {str(row[0]) for row in cursor.fetchall()}
        for name in names:
            if _NAME.fullmatch(name) is None or name in used:
                continue
            cursor.execute("SELECT IS_USED_LOCK(%s)", [name])
            if cursor.fetchone()[0] is None:
                with contextlib.suppress(pymysql.MySQLError):
                    cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
                    dropped.append(name)
    return dropped
