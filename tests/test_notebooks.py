"""Every notebook runs from top to bottom in a clean kernel, and its outputs are ones that a reader can see."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs("notebook")
NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All cells run without an error or a warning; what is shown has a text and no script."""
    import nbclient
    import nbformat

    shutil.copytree(NOTEBOOKS / "designs", tmp_path / "designs")
    # a warning of ours in a cell is an error here
    monkeypatch.setenv("PYTHONWARNINGS", "error:::archnb")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(NOTEBOOKS.parent), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    assert len(shown) >= 10
    for out in shown:
        assert out.output_type != "error"
        assert out.get("name") != "stderr", out
        data = out.get("data", {})
        assert "<script" not in data.get("text/html", "")
        assert not data or data["text/plain"]
    assert (tmp_path / "shop.html").stat().st_size < 1_700_000


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebook_is_stored_without_outputs(path: Path) -> None:
    """A stored notebook carries no outputs: they would age, and swell every diff."""
    import nbformat

    for cell in nbformat.read(path, as_version=4).cells:
        assert cell.cell_type != "code" or not cell.outputs
