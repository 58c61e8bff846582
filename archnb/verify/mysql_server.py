"""MySQL or MariaDB to run a proof on: the server program this machine has, started privately. The two are not the
same engine, and what is said of a proof is what the server says of itself.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from archnb.address import normalise_address
from archnb.exceptions import EngineMissing
from archnb.verify.private_server import HAS_UNIX_SOCKETS, PrivateServer, StartFailed, make_folder, start_server

MYSQL_URL = "ARCHNB_MYSQL_URL"


def find_mysql_program() -> Path | None:
    """The server program; Debian keeps it in a folder that is not on an ordinary user's PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    for name in ("mariadbd", "mysqld"):
        if (found := shutil.which(name, path=path)) is not None:
            return Path(found)
    return None


def start_mysql() -> PrivateServer:
    program = find_mysql_program() if HAS_UNIX_SOCKETS else None
    next_step = f"Next: install mariadb-server, or set {MYSQL_URL}=mysql://user:secret@host/ to a server of your own."
    if program is None:
        raise EngineMissing(f"No MySQL or MariaDB could be started here (looked for mariadbd, mysqld). {next_step}")
    told = subprocess.run([str(program), "--no-defaults", "--version"], capture_output=True, text=True).stdout
    folder, lock = make_folder("my")
    data = folder / "data"
    own = [f"--datadir={data}", f"--tmpdir={folder}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        own.append("--user=root")  # said in so many words, it is permitted; the socket is in a folder only root enters
    if "mariadb" in told.casefold():
        installer = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db") or "mariadb-install-db"
        quick = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        initialise = [installer, "--no-defaults", *own, *quick]
    else:
        initialise = [str(program), "--no-defaults", *own, "--initialize-insecure"]
    serve = [
        *[str(program), "--no-defaults", *own, "--skip-networking", f"--socket={folder / 'sock'}"],
        *[f"--pid-file={folder / 'pid'}", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M"],
        "--character-set-server=utf8mb4",
    ]
    address = {"user": "root", "unix_socket": str(folder / "sock"), "charset": "utf8mb4"}
    try:
        commands = [initialise, serve]
        return start_server(
            "system", folder, lock, None, commands, signal.SIGTERM, address, folder / "sock", connect_mysql
        )
    except StartFailed as failure:
        raise EngineMissing(f"{program} could not be started: {failure}\n{next_step}") from failure


def read_mysql_url(url: str) -> dict[str, Any]:
    """The address in `mysql://user:secret@host:3306/`, with `unix_socket` and `charset` as optional parameters."""
    try:
        parts = urlsplit(normalise_address(url))
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme.partition("+")[0] not in {"mysql", "mariadb"}:
        raise EngineMissing(
            f"The MySQL address is not a URL. Write it as mysql://user:secret@host:3306/ (argument or {MYSQL_URL})."
        )
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    address: dict[str, Any] = {"user": unquote(parts.username or "root"), "charset": options.get("charset", "utf8mb4")}
    password = parts.password if parts.password is not None else options.get("password")
    if password is not None:
        address["password"] = unquote(password) if parts.password is not None else password
    if "unix_socket" in options:
        address["unix_socket"] = options["unix_socket"]
    else:
        address.update(host=parts.hostname or "localhost", port=port or 3306)
    return address


def connect_mysql(address: Mapping[str, Any]) -> Any:
    return import_pymysql().connect(**address, autocommit=True, connect_timeout=10)


def import_pymysql() -> ModuleType:
    """The driver. Raises EngineMissing with the next step where it is not installed."""
    try:
        import pymysql
    except ImportError as error:
        raise EngineMissing.of_extra("MySQL and MariaDB are reached through", "PyMySQL", "verify") from error
    return pymysql
