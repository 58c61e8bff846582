"""A database server that this process starts for itself: it listens on a socket in a folder only this user can enter,
is shared by all proofs of the process, and ends with it, whatever way it ends (`warden.py`). What a kill of the
warden itself leaves behind is found by its lock and removed at the next start.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archnb.exceptions import EngineMissing
from archnb.verify import warden

HAS_UNIX_SOCKETS = os.name == "posix"
ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP")
START_WITHIN = 60.0  # seconds, of which a slow disk may need some; an idle machine needs one


class StartFailed(Exception):
    """One way of getting a server did not work; another may."""


@dataclass
class PrivateServer:
    origin: str
    address: dict[str, Any]
    folder: Path
    process: subprocess.Popen[str]

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Close the pipe, which tells the warden to stop the server and remove the folder, and wait for that."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(warden.GRACE + 5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            remove_stale_folders()
        self.process.stdout.close()


_running: dict[str, PrivateServer] = {}
_turn = threading.RLock()


def stop_servers() -> None:
    """Stop every server this process started; the next database starts a new one. Runs by itself when the process
    ends.
    """
    with _turn:
        servers = list(_running.values())
        _running.clear()
    for server in servers:
        server.stop()


atexit.register(stop_servers)


def _forget_servers() -> None:
    """In a forked child: the servers are the parent's, and a copy of the pipe would keep them alive after it."""
    global _turn
    _turn = threading.RLock()
    for server in _running.values():
        assert server.process.stdin is not None
        server.process.stdin.close()
        server.process.returncode = 0  # not this process's child: nothing to wait for, nothing to warn of
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_servers)


def share_server(kind: str, start: Callable[[], PrivateServer]) -> PrivateServer:
    """The server of this kind that this process has running, started now if there is none (any more)."""
    with _turn:
        server = _running.get(kind)
        if server is not None and not server.is_alive():
            server.stop()
            server = None
        if server is None:
            remove_stale_folders()
            server = _running[kind] = start()
        return server


def start_server(
    origin: str,
    folder: Path,
    lock: int,
    user: int | None,
    commands: list[list[str]],
    stop_signal: int,
    address: dict[str, Any],
    listens_at: Path | int,
    connect: Callable[[Mapping[str, Any]], Any],
) -> PrivateServer:
    """Hand the commands to a warden and wait until the server answers; StartFailed with its log if it does not."""
    # only what a program needs to run: what else the owner's environment holds (a client's PGOPTIONS, secrets) is not
    # the server's affair; the server's messages are quoted, so in English
    environment = {key: os.environ[key] for key in ENVIRONMENT if key in os.environ}
    environment.update(LC_ALL="C", TMPDIR=str(folder))
    order = {"folder": str(folder), "commands": commands, "user": user, "signal": int(stop_signal)}
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", warden.__file__, json.dumps(order)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        start_new_session=HAS_UNIX_SOCKETS,  # a signal for the owner's terminal is not one for the server
        pass_fds=(lock,) if HAS_UNIX_SOCKETS else (),
    )
    if lock >= 0:
        os.close(lock)
    server = PrivateServer(origin, address, folder, process)
    deadline = time.monotonic() + START_WITHIN
    while True:
        try:
            _knock(listens_at)
            connect(address).close()
        except EngineMissing:  # its driver is not installed
            server.stop()
            raise
        except Exception as error:  # each driver has its own for a server that is still starting
            if not server.is_alive():
                assert process.stdout is not None
                told = process.stdout.read().strip()
                server.stop()
                raise StartFailed(told or f"it ended with exit code {process.returncode}") from error
            if time.monotonic() > deadline:
                server.stop()
                raise StartFailed(f"it did not answer within {START_WITHIN:.0f} s: {error}") from error
            time.sleep(0.02)
        else:
            return server


def _knock(listens_at: Path | int) -> None:
    """Raise OSError unless something listens there, a socket or a loopback port: PyMySQL leaks its failed attempts."""
    family = socket.AF_INET if isinstance(listens_at, int) else socket.AF_UNIX
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.connect(("127.0.0.1", listens_at) if isinstance(listens_at, int) else str(listens_at))


def make_folder(kind: str) -> tuple[Path, int]:
    """A new folder with a short path (a socket's path has at most 107 bytes), and its lock, held until the warden
    ends.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"archnb-{kind}-", dir=_get_folder_root()))
    if sys.platform == "win32":
        return folder, -1
    import fcntl

    lock = os.open(folder / "lock.new", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    (folder / "lock.new").rename(folder / "lock")  # a lock is there only when it is held
    return folder, lock


def _get_folder_root() -> Path:
    short = Path("/tmp")
    return short if HAS_UNIX_SOCKETS and os.access(short, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


def remove_stale_folders() -> list[Path]:
    """Stop servers of this user whose warden is gone, remove their folders, and give those folders.

    The warden holds a lock on its folder, which the system releases when it ends: unlike a process id, it cannot be
    mistaken for another's.
    """
    removed = []
    if sys.platform != "win32":
        import fcntl

        for folder in _get_folder_root().glob("archnb-*-*"):
            try:
                if not folder.is_dir() or folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                    continue
                lock = os.open(folder / "lock", os.O_RDWR | os.O_NOFOLLOW)
            except OSError:  # not (yet) ours to judge: being made, being removed, or something else of that name
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            else:
                _stop_stale_server(folder)
                warden.remove_folder(folder)
                removed.append(folder)
            finally:
                os.close(lock)
    return removed


def _stop_stale_server(folder: Path) -> None:
    """Stop the process that the folder names, if it is still the one that was started there."""
    try:
        pid = int((folder / "server.pid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    for send, grace in ((signal.SIGQUIT, warden.GRACE), (signal.SIGKILL, warden.GRACE)):
        if str(folder) not in _read_command_line(pid):
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, send)
        end = time.monotonic() + grace
        while time.monotonic() < end and str(folder) in _read_command_line(pid):
            time.sleep(0.02)


def _read_command_line(pid: int) -> str:
    """The command line of a process, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        if Path("/proc/self/cmdline").exists():
            return ""
    return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True).stdout
