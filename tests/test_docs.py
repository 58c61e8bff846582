"""The pages of the documentation: what stands behind a prompt is run, and comes out as printed."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(path for path in (ROOT / "docs").glob("*.md") if ">>> " in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_page_does_what_it_shows(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example is run from the root of the project, as its reader would."""
    monkeypatch.chdir(ROOT)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    outcome = doctest.testfile(str(page), module_relative=False, optionflags=flags, encoding="utf-8")
    assert outcome.attempted > 0
    assert outcome.failed == 0
