"""The fast tests on the oldest and the newest Python of this machine, each with the lowest libraries that pyproject.toml
declares and with the newest that there are: four environments under `.matrix/`, made by uv. `make check-matrix` runs it;
`make check-matrix PYTHONS="3.11 3.14"` chooses, and uv fetches what is not here where it can.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MATRIX = ROOT / ".matrix"
OLDEST = (3, 11)
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}


def find_uv() -> str:
    """The uv of the environment that runs this."""
    import uv

    return str(uv.find_uv_bin())


def find_interpreters() -> dict[str, str]:
    """Version -> path of the oldest and the newest interpreter here that archnb runs on; pyenv's are seen too."""
    if chosen := os.environ.get("PYTHONS", "").split():
        return {version: version for version in chosen}
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    # instead of pyenv's shims, which start only what was chosen
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder) != pyenv / "shims"]
    folders += map(str, pyenv.glob("versions/*/bin"))
    command = [find_uv(), "python", "list", "--only-installed", "--output-format", "json"]
    environment = {**os.environ, "PATH": os.pathsep.join(folders)}
    # what uv says besides is of interpreters that cannot be started
    listed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found = {}
    for interpreter in json.loads(listed.stdout):
        version = tuple(interpreter["version_parts"][part] for part in ("major", "minor", "patch"))
        is_ours = interpreter["implementation"] == "cpython" and interpreter["variant"] == "default"
        if is_ours and interpreter["version"].replace(".", "").isdigit() and version >= OLDEST:
            found[version] = interpreter["path"]
    if not found:
        raise SystemExit("No Python 3.11 or newer is on this machine.")
    return {".".join(map(str, version)): found[version] for version in (min(found), max(found))}


def run_tests(version: str, interpreter: str, libraries: str, arguments: list[str]) -> bool:
    """Install into an environment of its own and run the fast tests there."""
    folder = MATRIX / f"{version}-{libraries}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    print(f"== Python {version}, {libraries} libraries", flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    commands = [
        [find_uv(), "venv", "--quiet", "--clear", "--python", interpreter, str(folder)],
        [
            *[find_uv(), "pip", "install", "--quiet", "--python", str(python), "--only-binary", ":all:"],
            *["--resolution", RESOLUTIONS[libraries], "-e", f"{ROOT}[dev]"],
        ],
        [
            *[str(python), "-m", "pytest", "-q", "-n", "auto", "-m", "not needs"],
            *["-o", f"cache_dir={folder / 'cache'}", *arguments],
        ],
    ]
    return all(subprocess.run(command, cwd=ROOT, env=environment).returncode == 0 for command in commands)


def main(arguments: list[str]) -> int:
    """Run all four, also after a failure, and sum up."""
    results = {}
    for version, interpreter in find_interpreters().items():
        for libraries in RESOLUTIONS:
            results[f"Python {version}, {libraries}"] = run_tests(version, interpreter, libraries, arguments)
    for name, is_green in results.items():
        print(f"{name}: {'green' if is_green else 'FAILED'}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
