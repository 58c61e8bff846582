"""The figures that the README states: import, plan and report times of the shop, medians over several runs.

Run with `make bench`. Prints one line a figure, with the versions that it was measured with.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

DESIGN = Path(__file__).parent.parent / "notebooks" / "designs" / "shop.yaml"


def median(run: Callable[[], object], times: int) -> float:
    """The median seconds of several runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def import_time() -> float:
    """Seconds that `import archnb` adds to a fresh interpreter, measured inside it."""
    code = "import time; t = time.perf_counter(); import archnb; print(time.perf_counter() - t)"
    runs = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(7)
    ]
    return statistics.median(runs)


def main() -> None:
    """Measure and print."""
    from archnb import load, plan

    design = load(DESIGN)
    made = plan(design)  # the first loads what is loaded once
    planned = median(lambda: plan(design), 15)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "shop.html"
        first = median(lambda: made.report(str(target)), 1)
        later = median(lambda: plan(design).report(str(target)), 3)
        size = target.stat().st_size
    names = ("archnb", "numpy", "matplotlib", "graphviz-pure")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}; {versions}")
    print(f"import archnb            {import_time() * 1e3:8.0f} ms   (under 500 ms)")
    print(f"plan(shop), after first  {planned * 1e3:8.1f} ms   (under 100 ms)")
    print(f"report of the shop       {first:8.2f} s    first, {later:.2f} s later (under 5 s)")
    print(f"size of that report      {size / 1e6:8.2f} MB   (under 1.5 MB)")
    print(f"{len(made.facts)} facts, {len(made.draft.rules)} rules, {len(made.findings)} findings")


if __name__ == "__main__":
    main()
