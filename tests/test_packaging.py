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


def read_pins() -> dict[str, Version]:
    """Name -> version of every line in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.partition("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, _, version in pins}


def every_requirement() -> list[str]:
    """The default dependencies and those of every extra."""
    default: list[str] = PROJECT["dependencies"]
    extras: list[list[str]] = list(PROJECT["optional-dependencies"].values())
    return default + [text for extra in extras for text in extra if not text.startswith("archnb")]


def test_conda_environment_equals_pyproject() -> None:
    """environment.yml names the libraries and lower bounds of pyproject's default and `lab` dependencies."""
    said = YAML(typ="safe").load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (from_pip,) = [entry["pip"] for entry in said if isinstance(entry, dict)]
    from_conda = [entry for entry in said if isinstance(entry, str) and entry != "pip"]
    assert "-e ." in from_pip
    stated = bounds([entry for entry in from_conda + from_pip if not entry.startswith("-e")])
    assert stated.pop("python") == PROJECT["requires-python"]
    assert stated == bounds(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"])


@pytest.mark.parametrize("text", every_requirement())
def test_requirement_is_bounded_below_pinned_and_installed(text: str) -> None:
    """Each dependency has a lower bound, no cap, a pin that satisfies it, and is installed so that it does."""
    requirement = Requirement(text)
    assert [spec.operator for spec in requirement.specifier] == [">="], f"{text}: one lower bound, no upper cap"
    assert requirement.specifier.contains(read_pins()[canonicalize_name(requirement.name)])
    assert requirement.specifier.contains(importlib.metadata.version(requirement.name), prereleases=True)


def test_constraints_are_versions_only() -> None:
    """constraints.txt pins by version alone: no address, no path, no editable install."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    odd = [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!]*", line)]
    assert odd == []


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
        for text in importlib.metadata.requires(name) or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(canonicalize_name(requirement.name))
    # compared only where the pins were made: another platform or Python may need more
    if sys.platform == "linux" and sys.version_info[:2] == (3, 11):
        assert missing == set()
    assert len(seen) > len(PROJECT["dependencies"])


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
    """.ci/run is executable, valid bash, and ends with the checks and then the tests."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert "set -euo pipefail" in lines
    assert lines[-2:] == ["make --no-print-directory check", "make --no-print-directory test"]


def test_contributing_names_only_targets_that_exist() -> None:
    """Every `make X` in README and CONTRIBUTING is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"(?:^ {4}|`)make ([a-z]+)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE))
        assert named, page
        assert named - targets == set(), page
