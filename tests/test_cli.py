"""The command line: each verb on a real design, its JSON, its exit code, and no traceback whatever is given."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from archnb.cli import main
from tests.designs import DESIGNS

SHORTENER = str(DESIGNS / "shortener.yaml")


def run(*words: str) -> Result:
    """One call; an exception that is no exit fails the test."""
    done = CliRunner().invoke(main, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_new_writes_a_design_that_plans(tmp_path: Path) -> None:
    """The starter is complete: it plans, and no rule finds anything in it."""
    target = str(tmp_path / 'my "design".yaml')
    assert run("new", target).exit_code == 0
    done = run("check", target, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["findings"] == []


def test_new_overwrites_nothing(tmp_path: Path) -> None:
    """A file that is there stays, and the call says so."""
    target = tmp_path / "a.yaml"
    target.write_text("mine")
    done = run("new", str(target))
    assert (done.exit_code, target.read_text()) == (2, "mine")
    assert "is there already" in done.stderr


def test_plan_shows_the_card_and_a_section() -> None:
    """In words, the sections with what was said and proposed, or one section in full."""
    assert "schema" in run("plan", SHORTENER).stdout
    assert "resolve" in run("plan", SHORTENER, "--section", "api").stdout
    assert "did you mean 'schema'" in run("plan", SHORTENER, "--section", "shema").stderr


def test_plan_says_why() -> None:
    """A fact gives its formula, a value its reason."""
    assert "× requirements.load.peak_factor" in run("plan", SHORTENER, "--why", "load.peak_reads").stdout
    assert "proposed:" in run("plan", SHORTENER, "--why", "cache.policies.resolve.ttl").stdout
    assert run("plan", SHORTENER, "--why", "cache.nothing").exit_code == 2


def test_plan_as_json() -> None:
    """The completed design, the facts and the findings as data."""
    data = json.loads(run("plan", SHORTENER, "--json").stdout)
    assert data["design"]["cache"]["policies"]["resolve"]["ttl"]
    assert data["facts"]["load.expected_reads"]["value"] == pytest.approx(3805, rel=0.001)


def test_check_exits_by_severity() -> None:
    """--fail-on turns findings at or above a severity into exit code 1."""
    bad = str(Path(__file__).parent / "examples" / "api-unbounded-list" / "bad.yaml")
    assert run("check", bad).exit_code == 0
    assert run("check", bad, "--fail-on", "high").exit_code == 1
    assert run("check", bad, "--fail-on", "critical").exit_code == 0
    assert run("check", SHORTENER, "--fail-on", "low").exit_code == 0


def test_export_prints_and_writes(tmp_path: Path) -> None:
    """An artefact goes to the screen or to a file; an unknown one is met with the nearest name."""
    assert "CREATE TABLE" in run("export", SHORTENER, "sql", "--dialect", "mysql").stdout
    target = tmp_path / "api.yaml"
    assert run("export", SHORTENER, "openapi", "--output", str(target)).exit_code == 0
    assert target.read_text().lstrip().startswith(("openapi", '"openapi', "#"))
    done = run("export", SHORTENER, "opnapi")
    assert done.exit_code == 2
    assert "did you mean 'openapi'" in done.stderr


def test_report_is_written(tmp_path: Path) -> None:
    """The report stands where it was asked for, and its size is told."""
    target = tmp_path / "r.html"
    data = json.loads(run("report", SHORTENER, "--no-verify", "--output", str(target), "--json").stdout)
    assert data["bytes"] == target.stat().st_size > 100_000


def test_import_counts_and_writes(tmp_path: Path) -> None:
    """A dump becomes a design file that plans; the counts are printed."""
    dump, target = tmp_path / "dump.sql", tmp_path / "design.yaml"
    dump.write_text("CREATE TABLE a (id integer PRIMARY KEY, b text NOT NULL UNIQUE);\nCREATE VIEW v AS SELECT 1;\n")
    done = run("import", str(dump), "--dialect", "sqlite", "--output", str(target), "--json")
    assert done.exit_code == 0
    data = json.loads(done.stdout)
    assert (data["tables"], data["columns"], data["primary_keys"], data["uniques"]) == (1, 2, 1, 1)
    assert data["not_understood"] == 1
    assert run("plan", str(target)).exit_code == 0
    assert run("import", str(dump), "--output", str(target)).exit_code == 2


def test_diff_says_what_changed(tmp_path: Path) -> None:
    """Two files, in words."""
    other = tmp_path / "other.yaml"
    other.write_text(Path(SHORTENER).read_text().replace("target: url", "target: url\n      title: text(80)"))
    assert "Field Link.title is new" in run("diff", SHORTENER, str(other)).stdout
    assert run("diff", SHORTENER, SHORTENER).stdout.strip() == "The two say the same."


def test_diff_exits_by_what_is_worst(tmp_path: Path) -> None:
    """0 where all is compatible, 1 where something breaks, 5 where data is lost; milder ones are let through if asked."""
    base, other = str(Path(__file__).parent / "diff_base.yaml"), tmp_path / "other.yaml"
    text = Path(base).read_text(encoding="utf-8")
    assert run("diff", base, base).exit_code == 0
    other.write_text(text.replace("name: text(60)", "name: text(60), pontoon: text(8) optional"))
    assert run("diff", base, str(other)).exit_code == 0
    other.write_text(text.replace("name: text(60)", "name: text(60), pontoon: text(8)"))
    assert run("diff", base, str(other)).exit_code == 1
    assert run("diff", base, str(other), "--fail-on", "loses-data").exit_code == 0
    assert run("diff", str(other), base).exit_code == 5
    assert run("diff", str(other), base, "--fail-on", "never").exit_code == 0
    data = json.loads(run("diff", str(other), base, "--json").stdout)
    assert (data["effect"], data["changes"][0]["path"]) == ("loses data", "entities.Berth.fields.pontoon")
    assert {one["for"] for one in data["changes"][0]["differences"]} >= {"rows", "readers"}


BAD = {
    "no file": None,
    "empty": b"",
    "not yaml": b"a: [1, 2",
    "a list": b"- 1\n- 2\n",
    "binary": bytes(range(256)) * 40,
    "a tab": b"a:\n\tb: 1\n",
    "newer format": b"archnb: 99\nname: x\n",
    "unknown key": b"archnb: 1\nentitys: {}\n",
    "wrong type": b"archnb: 1\nentities: {A: {fields: {x: monee}}}\n",
    "dangling": b"archnb: 1\nentities: {A: {fields: {x: -> B}}}\n",
    "cycle": b"archnb: 1\nentities: {A: {extends: B}, B: {extends: A}}\n",
    "deep": b"a: " + b"[" * 5000,
    "bomb": b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b", ".join([b"*%c" % (97 + n)] * 9)) for n in range(20)),
    "nonsense of 10 MB": b"\x00\xff{[" * 2_500_000,
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize(
    "verb", [["plan"], ["check", "--json"], ["report", "--no-verify"], ["export"]], ids=lambda one: one[0]
)
def test_bad_input_has_an_error_not_a_traceback(verb: list[str], case: str, tmp_path: Path) -> None:
    """Whatever the file holds: exit code 2 and one message, or a plan where the file says nothing."""
    target = tmp_path / "bad.yaml"
    if BAD[case] is not None:
        target.write_bytes(BAD[case] or b"")
    words = [verb[0], str(target), *verb[1:]] + (["sql"] if verb[0] == "export" else [])
    done = run(*words)
    if case == "empty":
        assert done.exit_code in (0, 2)
    else:
        assert done.exit_code == 2
        assert "archnb:" in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr) < 2_000


def test_messages_carry_the_line(tmp_path: Path) -> None:
    """An error in a file says on which line."""
    target = tmp_path / "bad.yaml"
    target.write_text("archnb: 1\nname: x\nentities:\n  Order:\n    fields:\n      id: key\n      total: monee\n")
    done = run("check", str(target))
    assert "line 7: entities.Order.fields.total: type 'monee' is not known; did you mean 'money'?" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    """Each shell gets its script."""
    assert "_ARCHNB_COMPLETE" in run("completion", shell).stdout


@pytest.mark.parametrize("verb", sorted(main.commands))
def test_help_has_an_example(verb: str) -> None:
    """Each verb's help says what it does and shows one call."""
    text = run(verb, "--help").stdout
    assert "Example: " in text
    assert "archnb" in text


def test_new_puts_the_schema_beside_the_design(tmp_path: Path) -> None:
    """The schema that the design names is there; an older one of archnb's is renewed, another file of that name stays."""
    beside = tmp_path / "archnb.schema.json"
    assert run("new", str(tmp_path / "a.yaml")).exit_code == 0
    written = beside.read_text(encoding="utf-8")
    assert written == run("schema").stdout
    assert beside.name in (tmp_path / "a.yaml").read_text(encoding="utf-8").splitlines()[0]
    beside.write_text(json.dumps({**json.loads(written), "properties": {}}), encoding="utf-8")
    assert run("new", str(tmp_path / "b.yaml")).exit_code == 0
    assert beside.read_text(encoding="utf-8") == written
    beside.write_text('{"title": "mine"}', encoding="utf-8")
    done = run("new", str(tmp_path / "c.yaml"))
    assert (done.exit_code, beside.read_text(encoding="utf-8")) == (0, '{"title": "mine"}')
    assert "archnb schema --output" in done.stdout


def test_schema_is_written_to_a_file(tmp_path: Path) -> None:
    """`schema --output` writes what `schema` prints; where the system refuses, the exit code says so."""
    target = tmp_path / "s.json"
    assert run("schema", "--output", str(target)).exit_code == 0
    assert target.read_text(encoding="utf-8") == run("schema").stdout
    assert run("schema", "--output", str(tmp_path)).exit_code == 4


def test_the_package_runs_as_a_module() -> None:
    """`python -m archnb` is the command line, for where the command is not on the PATH."""
    done = subprocess.run([sys.executable, "-m", "archnb", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "Usage: python -m archnb" in done.stdout
