"""The one place where archnb writes what a person keeps. A file is replaced in one step, so that a reader, a full disk or a
kill in the middle finds the old one whole or the new one whole; it keeps its mode and its owner, and a link stays a link.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archnb.exceptions import FileChangedError, FileUseError

__all__ = ["create_file", "find_place", "hold_file", "replace_file"]

# seconds after which what a killed write left behind is surely nobody's
_STALE = 60.0
# seconds that one waits for another process that is saving; a save takes milliseconds
PATIENCE = 10.0
# seconds that Windows may keep a file open for a scan of viruses
_SCANNED = 1.0


def find_place(path: str | os.PathLike[str]) -> tuple[Path, bool]:
    """Where a path really leads, links followed, and whether something is there.

    Raises FileUseError where the system cannot say.
    """
    try:
        place = Path(os.path.realpath(path))
        os.stat(place)
    except (FileNotFoundError, NotADirectoryError):
        return place, False
    except (OSError, ValueError) as error:
        raise FileUseError(os.fspath(path), "cannot be used", error) from None
    return place, True


def replace_file(path: str | os.PathLike[str], data: str | bytes, before: bytes | None = None) -> None:
    """Put new contents in the place of a file, in one step; a text becomes UTF-8, its line ends as they are.

    before: what the file must still hold at the last moment. What is no file (a pipe, a terminal, /dev/null) is written to.

    Raises FileChangedError where the file holds something else than `before`, FileUseError where the system refuses.
    """
    _write(path, data, before, is_new=False)


def create_file(path: str | os.PathLike[str], data: str | bytes) -> None:
    """Make a file that is not there yet, whole or not at all.

    Raises FileChangedError where something of that name is there, FileUseError where the system refuses.
    """
    _write(path, data, None, is_new=True)


def _write(path: str | os.PathLike[str], data: str | bytes, before: bytes | None, is_new: bool) -> None:
    shown = os.fspath(path)
    written = data.encode("utf-8") if isinstance(data, str) else data
    try:
        if not is_new and _is_stream(shown):
            with open(shown, "wb") as stream:
                stream.write(written)
            return
        _replace(Path(os.path.realpath(shown)), written, before, is_new)
    except FileExistsError:
        raise FileChangedError(f"{shown} is there already; choose another name.") from None
    except (OSError, ValueError) as error:
        raise FileUseError(shown, "cannot be written", error) from None


def _is_stream(path: str) -> bool:
    """Whether a path leads to something that is written to, not replaced: a pipe, a terminal, a device."""
    try:
        kind = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(kind) and not stat.S_ISDIR(kind)


def _replace(place: Path, data: bytes, before: bytes | None, is_new: bool) -> None:
    if is_new and place.exists():
        raise FileExistsError
    if place.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if place.exists() and not os.access(place, os.W_OK):
        # a folder lets a file be replaced whose owner protected it
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    _sweep(place)
    beside = place.with_name(f".{_shorten(place.name)}.{secrets.token_hex(6)}.tmp")
    try:
        _fill(beside, data)
        if is_new:
            _rename_new(beside, place)
        else:
            _keep_mode(place, beside)
            if before is not None and _read(place) != before:
                raise FileChangedError(
                    f"{place}: the file changed while it was being saved. Next: load it again, and repeat the change."
                )
            _rename_over(beside, place)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    _sync_folder(place.parent)


def _fill(path: Path, data: bytes) -> None:
    """A new file, on the disk before it gets the name that is known."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with open(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _keep_mode(old: Path, new: Path) -> None:
    """Let the new file be read and written by those who may the old one; without an old one, the system's custom holds."""
    try:
        status = old.stat()
    except FileNotFoundError:
        return
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(new, status.st_uid, status.st_gid)
    # after the owner, since a change of owner takes bits of the mode away
    os.chmod(new, stat.S_IMODE(status.st_mode))


def _rename_over(new: Path, old: Path) -> None:
    until = time.monotonic() + _SCANNED
    while True:
        try:
            os.replace(new, old)
        except PermissionError:
            # Windows refuses while another program has the file open
            if os.name != "nt" or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _rename_new(new: Path, place: Path) -> None:
    """Give a file its name only where nobody has it; raises FileExistsError."""
    if os.name == "nt":
        os.rename(new, place)
        return
    try:
        os.link(new, place)
    except FileExistsError:
        raise
    except OSError:
        # a file system without links: the name is taken first, empty for a moment
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        os.replace(new, place)
    else:
        new.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the replacement itself durable, where the system lets a folder be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sweep(path: Path) -> None:
    """Remove what writes of this file left behind when they were killed."""
    for one in path.parent.glob(f".{_escape_glob(_shorten(path.name))}.*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - one.stat().st_mtime > _STALE:
                one.unlink()


def _shorten(name: str) -> str:
    """A name that leaves room for what is put around it; a file system takes 255 bytes."""
    return name if len(os.fsencode(name)) <= 200 else os.fsencode(name)[:200].decode("utf-8", "ignore")


def _escape_glob(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


# -- taking turns -----------------------------------------------------------------------------------------------------


@contextmanager
def hold_file(path: str | os.PathLike[str], patience: float = PATIENCE) -> Iterator[None]:
    """Keep other archnb processes and threads from saving a file meanwhile; it stays readable.

    The lock is the system's and ends with its process, whatever way that ends. Nothing is left in the folder.

    Raises FileUseError where another one does not let go within `patience` seconds.
    """
    shown = os.fspath(path)
    handle = _open_lock(find_place(path)[0])
    if handle is None:
        # a system or a folder without locks: the comparison at the last moment is what is left
        yield
        return
    try:
        until = time.monotonic() + patience
        while not _try_lock(handle):
            if time.monotonic() > until:
                told = f"is being saved by another process for more than {patience:.0f} s"
                raise FileUseError(shown, told, None, "Next: end that process, or try again.")
            time.sleep(0.005)
        yield
    finally:
        os.close(handle)


def _open_lock(place: Path) -> int | None:
    """What is locked for a file: its folder, which stays when the file is replaced; else a file among the temporary ones."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            handle = os.open(place.parent, os.O_RDONLY)
            if _can_lock(handle):
                return handle
            os.close(handle)
    name = hashlib.sha256(os.path.normcase(place).encode("utf-8", "surrogatepass")).hexdigest()[:20]
    with contextlib.suppress(OSError):
        return os.open(Path(tempfile.gettempdir()) / f"archnb-{name}.lock", os.O_RDWR | os.O_CREAT, 0o666)
    return None


if sys.platform == "win32":
    import msvcrt

    def _can_lock(handle: int) -> bool:
        return True

    def _try_lock(handle: int) -> bool:
        try:
            os.lseek(handle, 0, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _can_lock(handle: int) -> bool:
        """Whether the file system of a folder knows locks of folders; some that are shared over a network do not."""
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        fcntl.flock(handle, fcntl.LOCK_UN)
        return True

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            # no locks here: the comparison at the last moment is what is left
            return True
        return True
