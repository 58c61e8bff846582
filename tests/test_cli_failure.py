"""How the command line fails: every way has its exit code and one message, a crash says how to report it, and nothing that
stands in a file makes a terminal do something.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from archnb.cli import answers, commands, main
from archnb.cli.answers import CODES
from tests.designs import DESIGNS

SHORTENER = str(DESIGNS / "shortener.yaml")
ROOT = Path(__file__).parent.parent
ENV = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
is_root = os.name == "posix" and os.geteuid() == 0


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def _see_one_message(done: Result, code: int) -> None:
    assert done.exit_code == code, done.output
    assert "archnb: " in done.stderr
    assert "Traceback" not in done.stderr


# -- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["folder", "no/such/file", "file/below"])
@pytest.mark.parametrize(
    "words",
    [["export", SHORTENER, "sql", "--output"], ["report", SHORTENER, "--no-verify", "--output"], ["import", "{dump}", "--output"],
     ["demo", "--directory"]],
    ids=lambda one: one[0],
)  # fmt: skip
def test_what_the_system_refuses_has_its_own_code(words: list[str], target: str, tmp_path: Path) -> None:
    """A place that cannot be written is exit code 4, whichever command meets it, and the message names the place."""
    dump = tmp_path / "dump.sql"
    dump.write_text("CREATE TABLE a (id integer PRIMARY KEY);")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    if words[0] == "demo":
        target = "file/below"
    place = tmp_path / target
    if words[0] == "import" and target == "folder":
        # it never overwrites, and says that before anything else
        expected = 2
    else:
        expected = 4
    done = run(*(one.replace("{dump}", str(dump)) for one in words), str(place))
    _see_one_message(done, expected)
    assert str(place) in done.stderr
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("words", [["plan"], ["check"], ["export", "", "sql"], ["import"], ["diff", "", SHORTENER]])
def test_what_cannot_be_read_has_its_own_code(words: list[str], tmp_path: Path) -> None:
    """A folder where a file is meant is exit code 4; a file that is not there is a slip, and exit code 2."""
    words = [words[0], str(tmp_path), *words[2:]]
    _see_one_message(run(*words), 4)
    words[1] = str(tmp_path / "none.yaml")
    _see_one_message(run(*words), 2)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("words", [["plan", SHORTENER], ["plan", SHORTENER, "--json"], ["--help"], ["plan", "--help"]])
def test_a_full_disk_is_a_message(words: list[str]) -> None:
    """Output that has no room is exit code 4."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "archnb.cli", *words], env=ENV, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 4
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes break in another way")
@pytest.mark.parametrize(
    "words", [["plan", SHORTENER, "--json"], ["export", SHORTENER, "sql"], ["--help"], ["plan", "--help"]]
)
def test_a_reader_that_goes_away_is_no_error(words: list[str]) -> None:
    """`archnb … | head -1` ends without a word, as a program that is ended by a closed pipe does."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "archnb.cli", *words]
    with open(writing, "w") as pipe:
        done = subprocess.run(command, env=ENV, stdout=pipe, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_interrupt_has_its_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is 130, as shells count it."""

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "_plan", interrupt)
    _see_one_message(run("plan", SHORTENER), 130)


@pytest.mark.parametrize(
    "words", [["no-such-verb"], ["plan"], ["plan", SHORTENER, "--no-such"], ["check", SHORTENER, "--fail-on", "x"]]
)
def test_a_slip_in_the_words_is_bad_input(words: list[str]) -> None:
    """What the command line itself does not understand is exit code 2, as bad input is."""
    assert run(*words).exit_code == 2


def test_the_codes_are_documented() -> None:
    """Each code stands in the help and in the README."""
    shown = " ".join(run("--help").stdout.split())
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for code in (
        answers.FINE,
        answers.FOUND,
        answers.BAD_INPUT,
        answers.NO_ENGINE,
        answers.NO_FILE,
        answers.CRASHED,
        answers.INTERRUPTED,
        answers.NO_READER,
    ):
        assert f" {code} " in CODES.replace("\n", " ")
        assert f" {code} " in shown
        assert f" {code} " in readme


# -- a crash ----------------------------------------------------------------------------------------------------------


def _crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise KeyError("the \x1b[31mkey of postgresql://ann:hunter2@db/x")

    monkeypatch.setattr(commands, "_plan", fail)
    monkeypatch.setattr(sys, "argv", ["archnb", "plan", "mysql://ann:hun@ter3@db/x"])


def test_a_crash_says_how_to_report_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A fault of archnb is exit code 70; the message says what to send, and the file has what its authors need, no secret."""
    _crash(monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = run("plan", SHORTENER)
    _see_one_message(done, 70)
    [kept] = tmp_path.glob("archnb-crash-*.txt")
    assert str(kept) in done.stderr
    assert "a fault of archnb, not of your input: KeyError" in done.stderr
    assert "Next: report it" in done.stderr
    details = kept.read_text(encoding="utf-8")
    for needed in ("Traceback", "KeyError", "Python 3.", "command: archnb plan"):
        assert needed in details
    for secret in ("hunter2", "ter3"):
        assert secret not in details + done.stderr
    assert "\x1b" not in done.stderr


def test_debug_prints_where_it_crashed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With --debug the same stands on the screen, and no file is left."""
    _crash(monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = run("--debug", "plan", SHORTENER)
    assert done.exit_code == 70
    assert "Traceback" in done.stderr
    assert "\x1b" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_crash_without_room_for_its_file_is_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where not even the file can be written, nothing is lost either."""
    _crash(monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    done = run("plan", SHORTENER)
    assert done.exit_code == 70
    assert "Traceback" in done.stderr


# -- what a terminal would obey ---------------------------------------------------------------------------------------

# clears the screen, sets the title, C1 controls, turns the direction, hides, goes back to the start of the line
HOSTILE = [
    "\x1b[2J",
    "\x1b]0;t\x07",
    "\x9b2J",
    "\x85",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u2028",
    "\x7f",
    "\r",
    "\x08",
    "\ufeff",
    "\U000e0041",
]


def _see_nothing_obeyed(text: str) -> None:
    obeyed = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\n\t"}
    assert obeyed == set()


def _hostile_design(mark: str) -> str:
    quoted = json.dumps(mark)[1:-1].replace("\x7f", "\\x7f").replace("\x9b", "\\x9b").replace("\x85", "\\x85")
    return f"""\
archnb: 1
name: "a{quoted}b"
summary: "a{quoted}b"
entities:
  Order:
    summary: "a{quoted}b"
    fields: {{id: key, state: "enum(a, b)", note: {{type: text, comment: "a{quoted}b"}}}}
    rows: 5M
access:
  orders: {{reads: Order, summary: "a{quoted}b", rate: 2000/s}}
"""


@pytest.mark.parametrize("mark", HOSTILE, ids=ascii)
def test_no_control_of_a_design_reaches_a_terminal(mark: str, tmp_path: Path) -> None:
    """Whatever stands in a design, what is printed for people shows it and does nothing else; JSON holds it escaped."""
    path = tmp_path / "x.yaml"
    text = _hostile_design(mark)
    path.write_text(text, encoding="utf-8")
    for words in (["plan"], ["plan", "--section", "entities"], ["check"], ["plan", "--json"], ["check", "--json"]):
        done = run(words[0], str(path), *words[1:])
        assert done.exit_code == 0, done.output
        _see_nothing_obeyed(done.stdout + done.stderr)
    data = json.loads(run("plan", str(path), "--json").stdout)
    assert mark in data["design"]["summary"]


@pytest.mark.parametrize("mark", HOSTILE, ids=ascii)
def test_no_control_in_bad_input_reaches_a_terminal(mark: str, tmp_path: Path) -> None:
    """Nor does an error that quotes it: of a file, of the command line, of a file's name, of a dump."""
    folder = tmp_path / f"a{mark}b"
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system has no such name")
    path = folder / "x.yaml"
    path.write_text(
        f'name: x\n"na{json.dumps(mark)[1:-1]}me": 1\nentities: {{A: {{fields: {{"x": "te{json.dumps(mark)[1:-1]}xt"}}}}}}\n',
        encoding="utf-8",
    )
    dump = folder / "dump.sql"
    dump.write_text(f"CREATE TABLE a (id int); CREATE VIEW a{mark}b AS SELECT 1; -- a{mark}b", encoding="utf-8")
    calls = [
        ["plan", str(path)], ["plan", str(folder / "none.yaml")], ["new", str(path)], ["import", str(dump)], ["import", str(folder)],
        ["export", SHORTENER, f"s{mark}ql"], ["plan", SHORTENER, f"--s{mark}ection"], ["plan", SHORTENER, "--section", f"a{mark}"],
        ["plan", SHORTENER, "--why", f"a{mark}"], [f"pl{mark}an"], ["plan", SHORTENER, f"a{mark}b"], ["completion", f"a{mark}"],
        ["import", f"{mark}postgresql://ann@h{mark}/x"],
    ]  # fmt: skip
    for words in calls:
        done = run(*words)
        _see_nothing_obeyed(done.stdout + done.stderr)
        assert done.exit_code in (0, 2, 3, 4), (words, done.output)


def test_an_artefact_is_printed_as_it_is_unless_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a file or a pipe goes every character of an artefact; on a terminal it only shows."""
    path = tmp_path / "x.yaml"
    path.write_text(_hostile_design("\x1b[2J"), encoding="utf-8")
    assert "a\x1b[2Jb" in run("export", str(path), "sql").stdout
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    _see_nothing_obeyed(run("export", str(path), "sql").stdout)


def test_words_get_out_in_one_way() -> None:
    """Only `say`, `say_artefact` and the one for JSON print, so that nothing gets around them."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in Path(answers.__file__).parent.glob("*.py")}
    assert {name: source.count("click.echo(") for name, source in sources.items() if "echo(" in source} == {
        "answers.py": 3
    }
    for source in sources.values():
        assert "print(" not in source.replace("_print(", "").replace("fingerprint(", "")


def test_a_terminal_of_few_letters_is_no_crash(tmp_path: Path) -> None:
    """Where the output knows few letters only, others are shown by their number."""
    path = tmp_path / "x.yaml"
    path.write_text(_hostile_design("\u2192"), encoding="utf-8")
    env = {**ENV, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([sys.executable, "-m", "archnb.cli", "plan", str(path)], env=env, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert rb"a\u2192b" in done.stdout
