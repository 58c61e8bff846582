"""Makes `start-here.png`: the first notebook, run in a real JupyterLab, photographed where the shop's schema appears.

    python docs/images/make.py                    # needs playwright and a Chromium; takes about two minutes
    python docs/images/make.py --all FOLDER       # every output, in light and dark, to look at

The server listens on the loopback interface only and is ended with the script.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NOTEBOOK = "00_start_here.ipynb"
PICTURE = ROOT / "docs" / "images" / "start-here.png"
SHOWN = 'p.schema["er"]'  # the cell in the picture
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@contextmanager
def serve_notebooks() -> Iterator[str]:
    """A JupyterLab over a copy of the notebooks; gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "notebooks"
        shutil.copytree(ROOT / "notebooks", work)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
            "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={work}",
        ]  # fmt: skip
        # a workspace and settings of its own, so that nobody's lab is changed and everybody's looks alike
        settings = {"JUPYTERLAB_SETTINGS_DIR": f"{folder}/settings", "JUPYTERLAB_WORKSPACES_DIR": f"{folder}/spaces"}
        log = (Path(folder) / "log").open("wb")
        server = subprocess.Popen(command, env=os.environ | settings, stdout=log, stderr=log)
        try:
            for _ in range(120):
                with socket.socket() as asked:
                    if asked.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/lab/tree/{NOTEBOOK}"
        finally:
            server.terminate()
            server.wait(20)
            log.close()


def run_notebook(page: Any, address: str) -> None:
    """Open the notebook, close what asks, run all cells and wait for the last one."""
    page.goto(address, timeout=120_000)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=120_000)
    page.wait_for_timeout(3000)
    refuse = page.locator(".jp-toast-button:has-text('No')")
    if refuse.count():
        refuse.first.click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        page.wait_for_timeout(1000)
        prompts = page.evaluate(
            "Array.from(document.querySelectorAll('.jp-InputPrompt')).map((one) => one.textContent)"
        )
        counted = [one for one in prompts if one.startswith("[")]
        if counted and not any("*" in one for one in counted) and counted[-1] != "[ ]:":
            return
    raise TimeoutError("the notebook did not end within 300 s")


def photograph_cell(page: Any, target: Path) -> None:
    """One picture: the cell that shows the schema, its output below it."""
    page.set_viewport_size({"width": 1400, "height": 1560})
    page.keyboard.press("Control+b")  # fold the file browser away
    page.wait_for_timeout(1500)
    cell = page.locator(".jp-CodeCell", has_text=SHOWN).first
    cell.scroll_into_view_if_needed()
    page.evaluate("(text) => { const cell = Array.from(document.querySelectorAll('.jp-CodeCell')).find("
                  "(one) => one.querySelector('.cm-content')?.textContent.trim() === text);"
                  " cell.scrollIntoView({block: 'start'}); }", SHOWN)  # fmt: skip
    page.wait_for_timeout(1500)
    cell.locator("img").first.wait_for(state="visible")
    cell.screenshot(path=target)


def photograph_all(page: Any, folder: Path, theme: str) -> None:
    """Every output, one picture each; a long one is cut."""
    folder.mkdir(parents=True, exist_ok=True)
    cells = page.locator(".jp-CodeCell")
    for number in range(cells.count()):
        cell = cells.nth(number)
        cell.scroll_into_view_if_needed()
        page.wait_for_timeout(400)
        box = cell.bounding_box()
        clip = {"x": box["x"], "y": max(box["y"], 0), "width": box["width"], "height": min(box["height"], 1500)}
        page.screenshot(path=folder / f"{number:02}-{theme}.png", clip=clip)


def main() -> None:
    """Make the picture, or all of them."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--all", metavar="FOLDER", type=Path, help="photograph every output instead, light and dark")
    chosen = parser.parse_args()
    browser = os.environ.get("ARCHNB_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with serve_notebooks() as address, sync_playwright() as started:
        running = started.chromium.launch(executable_path=browser, args=ARGUMENTS)
        page = running.new_page(viewport={"width": 1400, "height": 1000})
        run_notebook(page, address)
        if chosen.all is None:
            photograph_cell(page, PICTURE)
            print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} kB")
        else:
            page.set_viewport_size({"width": 1400, "height": 1700})
            for theme in ("light", "dark"):
                if theme == "dark":
                    page.get_by_role("menuitem", name="Settings", exact=True).click()
                    page.locator(".lm-Menu-itemLabel", has_text="Theme").first.hover()
                    page.locator(".lm-Menu-itemLabel", has_text="JupyterLab Dark").first.click()
                    page.wait_for_timeout(2500)
                photograph_all(page, chosen.all, theme)
        running.close()


if __name__ == "__main__":
    main()
