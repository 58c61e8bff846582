"""A kill -9 in the middle of a save, a report or an export, many times: the file is always the whole old one or the whole new one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 200

# One lean process forks the writers, so that two hundred of them cost no two hundred starts of Python.
HARNESS = """
import json, os, random, signal, sys, time
from types import SimpleNamespace
from archnb.cli import commands as cli
from archnb.file import load, loads, save
from archnb.report import page

path, way, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])
text = "# ours\\narchnb: 1\\nname: {}\\nsummary: " + "word " * 400 + "\\n"
texts = [text.format("first"), text.format("second")]
designs = [loads(one) for one in texts]

# a slow disk: a save spends its time where a kill would hurt
fsync = os.fsync
def fsync_slowly(handle):
    time.sleep(0.002)
    fsync(handle)
    time.sleep(0.002)
os.fsync = fsync_slowly

def write(n):
    if way == "save":
        save(designs[n % 2], path)
        return
    if way == "report":
        page.render_page = lambda *_, **__: texts[n % 2]
        page.report(None, path)
        return
    if way == "export":
        made = SimpleNamespace(text=texts[n % 2])
        cli._plan = lambda _: SimpleNamespace(export=lambda *_, **__: made)
        cli.say = lambda _: None
        cli.main(["export", "x.yaml", "sql", "--output", path], standalone_mode=False)
        return
    if way == "new":
        if os.path.exists(path):
            os.unlink(path)
        cli.STARTER = texts[0].replace("{", "{{").replace("}", "}}")
        cli.say = lambda _: None
        cli.main(["new", path], standalone_mode=False)
        return
    with open(path, "w") as file:      # what save must not do
        file.write(texts[n % 2][:1000])
        file.flush()
        file.write(texts[n % 2][1000:])

with open(path, "w") as file:
    file.write(texts[0])
chance = random.Random(7)
found = {"first": 0, "second": 0, "broken": 0}
for _ in range(kills):
    ready, started = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(started, b"x")
        n = chance.randrange(2)
        while True:
            n += 1
            write(n)
    os.read(ready, 1)
    os.close(ready)
    os.close(started)
    time.sleep(chance.uniform(0.002, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        with open(path) as file:
            now = file.read()
    except FileNotFoundError:
        # only `new` takes the file away between two of its runs
        assert way == "new"
        now = texts[1]
    found["first" if now == texts[0] else "second" if now == texts[1] else "broken"] += 1
    if found["broken"] and way == "in place":
        break
if not found["broken"] and os.path.exists(path):
    load(path)
print(json.dumps(found))
"""


def _kill(path: Path, way: str, kills: int = KILLS) -> dict[str, int]:
    root = Path(__file__).parent.parent
    env = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", HARNESS, str(path), way, str(kills)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found


pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL, which this system has not")


def test_kill_in_the_middle_leaves_a_whole_file(tmp_path: Path) -> None:
    """Of two hundred kills none leaves a broken file, and the kills did hit: both versions and leftovers are found."""
    found = _kill(tmp_path / "x.yaml", "save")
    assert found["broken"] == 0
    assert found["first"] + found["second"] == KILLS
    assert found["first"] > 0
    assert found["second"] > 0
    # a leftover is a save that was killed between its first byte and its last step
    assert list(tmp_path.glob(".x.yaml.*.tmp"))


@pytest.mark.parametrize("way", ["report", "export", "new"])
def test_kill_in_the_middle_of_any_writer_leaves_a_whole_file(way: str, tmp_path: Path) -> None:
    """What writes a report, an artefact or a first design does so in one step too; what `new` makes is whole or not there."""
    found = _kill(tmp_path / "x.yaml", way, 60)
    assert found["broken"] == 0
    assert found["first"] + found["second"] == 60
    assert found["first"] > 0
    assert found["second"] > 0
    assert list(tmp_path.glob(".x.yaml.*.tmp"))


def test_kill_breaks_a_file_that_is_written_in_place(tmp_path: Path) -> None:
    """The same kills do break a file that is simply overwritten: the test above can fail."""
    assert _kill(tmp_path / "x.yaml", "in place")["broken"] > 0
