"""Several people and processes on one design file: nobody's edit is lost, and nobody waits for ever."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from archnb.design import Design
from archnb.exceptions import FileChangedError, FileUseError
from archnb.file import create_file, load, loads, replace_file, save
from archnb.file import disk as disk_module

ROOT = Path(__file__).parent.parent
IS_POSIX = os.name == "posix"

EDITOR = """
import sys
from archnb.exceptions import FileChangedError
from archnb.file import load, save

path, mine, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
for n in range(count):
    while True:
        design = load(path)
        try:
            save(design.replace(f"entities.{mine}{n}", {"fields": {"id": "key"}}), path)
        except FileChangedError:
            continue
        break
"""


def test_save_refuses_where_a_colleague_saved_since(tmp_path: Path) -> None:
    """A design saved over a file that changed since it was read is refused, and the file is left as it is."""
    path = tmp_path / "x.yaml"
    path.write_text("name: x\nsummary: a\n")
    mine, theirs = load(path), load(path)
    save(theirs.replace("summary", "b"), path)
    with pytest.raises(FileChangedError, match=r"changed since.*load it again and repeat the change"):
        save(mine.replace("name", "z"), path)
    with pytest.raises(FileChangedError):
        save(mine, path)
    assert path.read_text() == "name: x\nsummary: b\n"
    save(load(path).replace("name", "z"), path)
    assert path.read_text() == "name: z\nsummary: b\n"


def test_a_changed_comment_counts(tmp_path: Path) -> None:
    """By content, not by meaning: what a person wrote beside the design is a change too."""
    path = tmp_path / "x.yaml"
    path.write_text("name: x\n")
    mine = load(path)
    path.write_text("name: x # mine\n")
    with pytest.raises(FileChangedError):
        save(mine.replace("summary", "b"), path)


def test_own_saves_are_no_surprise(tmp_path: Path) -> None:
    """One after the other, what is made from one reading can be saved; so can a copy made by dataclasses.replace."""
    import dataclasses

    path = tmp_path / "x.yaml"
    path.write_text("name: x\n")
    first = load(path)
    second = first.replace("name", "z")
    save(second, path)
    save(second.replace("summary", "b"), path)
    save(dataclasses.replace(first, name="z"), path)
    assert load(path).name == "z"
    path.write_text("name: theirs\n")
    with pytest.raises(FileChangedError):
        save(dataclasses.replace(first, name="again"), path)


def test_a_link_and_its_file_are_one(tmp_path: Path) -> None:
    """The file is known by where it really is, not by the name that it was opened with."""
    path, link = tmp_path / "x.yaml", tmp_path / "link.yaml"
    path.write_text("name: x\n")
    link.symlink_to(path)
    mine = load(link)
    path.write_text("name: theirs\n")
    with pytest.raises(FileChangedError):
        save(mine.replace("name", "z"), path)


def test_a_file_that_is_gone_can_be_written_again(tmp_path: Path) -> None:
    """Where nothing stands, nothing can be lost; the comments come back too."""
    path = tmp_path / "x.yaml"
    path.write_text("name: x # ours\n")
    design = load(path)
    path.unlink()
    save(design.replace("name", "z"), path)
    assert path.read_text() == "name: z # ours\n"


def test_two_processes_lose_no_edit(tmp_path: Path) -> None:
    """Two processes that save into one file at the same time, each repeating what was refused: all edits are in it."""
    path = tmp_path / "x.yaml"
    path.write_text("# ours\nname: x\nentities: {Z: {fields: {id: key}}}\n")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [subprocess.Popen([sys.executable, "-c", EDITOR, str(path), mine, "20"], env=env) for mine in "AB"]
    assert [one.wait(120) for one in writers] == [0, 0]
    assert set(load(path).entities) == {"Z", *(f"{mine}{n}" for mine in "AB" for n in range(20))}
    assert path.read_text().startswith("# ours\n")
    assert [one.name for one in tmp_path.iterdir()] == ["x.yaml"]


def test_two_threads_lose_no_edit(tmp_path: Path) -> None:
    """Threads of one process take turns as processes do."""
    path = tmp_path / "x.yaml"
    path.write_text("name: x\n")

    def edit(mine: str) -> None:
        for n in range(10):
            while True:
                try:
                    save(load(path).replace(f"entities.{mine}{n}", {"fields": {"id": "key"}}), path)
                except FileChangedError:
                    continue
                break

    threads = [threading.Thread(target=edit, args=(mine,)) for mine in "AB"]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(load(path).entities) == 20


@pytest.mark.skipif(not IS_POSIX, reason="needs SIGSTOP, which this system has not")
def test_a_process_that_hangs_in_a_save_hangs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds the file and does not go on is waited for a while, then named; once it is killed, saving goes on."""
    path = tmp_path / "x.yaml"
    path.write_text("name: x\n")
    code = "import sys, time\nfrom archnb.file.disk import hold_file\nwith hold_file(sys.argv[1]):\n    print(1, flush=True)\n    time.sleep(600)\n"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    holder = subprocess.Popen([sys.executable, "-c", code, str(path)], env=env, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout:
        holder.stdout.readline()
        os.kill(holder.pid, signal.SIGSTOP)
        with pytest.raises(FileUseError, match="being saved by another process"), disk_module.hold_file(path, 0.2):
            pass
        holder.kill()
        holder.wait()
    save(load(path).replace("name", "z"), path)
    assert load(path).name == "z"


# -- one place that writes --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not IS_POSIX, reason="modes and links are POSIX's")
def test_a_replaced_file_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    """Who may read a file, and the link that leads to it, outlive new contents; nothing is left beside it."""
    path, link = tmp_path / "real" / "x.html", tmp_path / "link.html"
    path.parent.mkdir()
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    replace_file(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [one.name for one in path.parent.iterdir()] == ["x.html"]


@pytest.mark.skipif(not IS_POSIX, reason="the umask is POSIX's")
def test_a_new_file_has_the_mode_that_the_system_gives(tmp_path: Path) -> None:
    """A file that was not there is as private as the user's other files: neither opened nor closed by us."""
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "x", "new")
        create_file(tmp_path / "y", "new")
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "xy"] == [0o640, 0o640]


@pytest.mark.skipif(not IS_POSIX, reason="needs a pipe with a name")
def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """A pipe or a device stays what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    replace_file(pipe, "new")
    reader.join()
    replace_file(os.devnull, "new")
    assert found == ["new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert not Path(os.devnull).is_file()


@pytest.mark.skipif(not IS_POSIX or os.geteuid() == 0, reason="root may write everything")
def test_a_protected_file_is_left_alone(tmp_path: Path) -> None:
    """A file that its owner made read-only is not replaced behind that protection."""
    path = tmp_path / "x"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(FileUseError, match="Permission denied"):
        replace_file(path, "new")
    assert path.read_text() == "old"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk in the middle of a write: the old contents stay, no leftover stays, and the error says so."""
    path = tmp_path / "x"
    path.write_text("old")

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    for write in (replace_file, lambda place, data: save(Design.of({"name": "x"}), tmp_path / "x.yaml")):
        with pytest.raises(FileUseError, match="the file cannot be written: No space left on device") as caught:
            write(path, "new")
        assert caught.value.errno == 28
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


def test_a_file_is_made_only_where_none_is(tmp_path: Path) -> None:
    """What must not overwrite does not, not even where another process was first by a moment."""
    path = tmp_path / "x"
    create_file(path, "mine")
    with pytest.raises(FileChangedError, match="is there already"):
        create_file(path, "yours")
    assert path.read_text() == "mine"
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("name", ["", "no/such/x", "a\0b", "n" * 300, "folder"])
def test_a_place_that_cannot_be_written_is_an_error_with_a_reason(name: str, tmp_path: Path) -> None:
    """Folders, folders that are missing, names that are none: one kind of error, with the system's own words."""
    (tmp_path / "folder").mkdir()
    place = str(tmp_path / name)
    for write in (
        lambda: replace_file(place, "new"),
        lambda: save(loads("name: x"), place),
    ):
        with pytest.raises(FileUseError):
            write()


def test_a_long_name_leaves_room(tmp_path: Path) -> None:
    """A name as long as the file system allows can be written, though the file beside it needs a longer one."""
    path = tmp_path / ("ü" * 120 + "n" * 15)
    replace_file(path, "new")
    replace_file(path, "newer")
    assert path.read_text() == "newer"
