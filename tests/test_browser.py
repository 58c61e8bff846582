"""The report in a real Chromium: what a person sees and does. It is skipped, visibly, where there is no browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archnb import plan
from archnb.report import render_page
from tests.designs import ALL

pytestmark = pytest.mark.needs("browser")
BROWSER = os.environ.get("ARCHNB_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# axe-core is no dependency; where somebody has it (npm install axe-core), it looks too
AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
SIZES = [(1400, "light"), (1400, "dark"), (420, "light")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for all journeys."""
    from playwright import sync_api

    with sync_api.sync_playwright() as started:
        running = started.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The shop's report as a file, with its findings open."""
    target = tmp_path_factory.mktemp("report") / "shop.html"
    target.write_text(render_page(plan(ALL["shop"]().replace("accepted", []))), encoding="utf-8")
    return target.as_uri()


def open_page(
    browser: Any, address: str, width: int = 1400, theme: str = "light", **options: Any
) -> tuple[Any, list[str]]:
    """A page at its start, and the list that gathers what the console says."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce", **options
    )
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: told.append(request.url) if request.url.startswith("http") else None)
    page.goto(address)
    return page, told


@pytest.mark.parametrize(("width", "theme"), SIZES)
def test_page_opens_without_a_word(browser: Any, address: str, width: int, theme: str) -> None:
    """From disk: no message in the console, no request, nothing wider than the window, the colours of the system."""
    page, told = open_page(browser, address, width, theme)
    assert page.title() == "shop: backend design"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (shade == "rgb(255, 255, 255)") == (theme == "light")
    assert told == []
    page.context.close()


def test_theme_button_turns_the_page(browser: Any, address: str) -> None:
    """The button changes the theme, and says the other one."""
    page, told = open_page(browser, address)
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert page.text_content("#theme") == "Dark"
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    assert page.text_content("#theme") == "Light"
    assert told == []
    page.context.close()


def test_find_leads_to_a_row(browser: Any, address: str) -> None:
    """What is typed is found at once; the hit leads to the fact's row, and Escape empties the box."""
    page, told = open_page(browser, address)
    page.fill("#find", "load.peak_requests")
    first = page.locator("#found a").first
    assert "load.peak_requests" in str(first.text_content())
    took = page.evaluate(
        "() => { const box = document.getElementById('find'), start = performance.now();"
        " box.value = 'order'; box.dispatchEvent(new Event('input')); return performance.now() - start; }"
    )
    assert took < 1000  # a tenth of it on a quiet machine
    page.fill("#find", "load.peak_requests")
    page.locator("#found a").first.click()
    page.wait_for_timeout(100)
    row = page.locator(page.evaluate("location.hash"))
    assert row.count() == 1 and row.first.is_visible()
    page.press("#find", "Escape")
    assert page.locator("#found").is_hidden()
    assert told == []
    page.context.close()


def test_number_leads_to_its_formula(browser: Any, address: str) -> None:
    """A number's link goes to the fact's row, and that row's formula to the facts it is made from."""
    page, _ = open_page(browser, address)
    page.click(".figures a >> nth=0")
    row = page.locator(page.evaluate("location.hash"))
    assert "load.peak_requests" in str(row.text_content())
    row.locator("td a").first.click()
    assert "access.view_product.rate" in str(page.locator(page.evaluate("location.hash")).text_content())
    page.context.close()


def test_artefact_is_saved_as_it_stands(browser: Any, address: str) -> None:
    """The button saves the artefact's text under its name, from a file opened from disk."""
    page, told = open_page(browser, address)
    box = page.locator("#artefacts details").first
    box.locator("summary").first.click()
    text = box.locator("pre").text_content()
    with page.expect_download() as wait:
        box.locator("button").first.click()
    assert wait.value.suggested_filename == str(box.locator(".archnb-filename").text_content()).strip()
    assert Path(wait.value.path()).read_text(encoding="utf-8") == text
    assert told == []
    page.context.close()


def test_without_a_script_everything_is_there(browser: Any, address: str) -> None:
    """With JavaScript off the same text and drawings show, and no dead control does."""
    page, _ = open_page(browser, address, java_script_enabled=False)
    assert page.locator("main section").count() == 20
    assert page.locator("main svg.archnb-svg").first.is_visible()
    assert page.locator(".tools").is_hidden()
    page.locator(".archnb-equivalent summary").first.click()
    assert page.locator(".archnb-equivalent table").first.is_visible()
    page.context.close()


def test_without_a_sheet_the_order_holds(browser: Any, address: str) -> None:
    """With the style sheet gone as well, the title comes first, then the worst finding, the contents, the chapters."""
    page, _ = open_page(browser, address)
    page.evaluate("document.querySelectorAll('style').forEach((one) => one.remove())")
    tops = [
        page.locator(name).first.bounding_box()["y"]
        for name in ("h1", ".worst", "nav.toc", "#requirements h2", "#schema h2", "#review h2", "#facts h2")
    ]
    assert tops == sorted(tops)
    page.context.close()


def test_paper_clips_nothing(browser: Any, address: str) -> None:
    """On A4 everything is open, light, and no wider than the sheet."""
    page, _ = open_page(browser, address, 688, "dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("main details:not([open])").count() == page.locator("#artefacts details").count()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    wide = page.evaluate(
        "Array.from(document.querySelectorAll('main table, main svg')).filter("
        "(one) => one.getBoundingClientRect().right > 689 && !one.closest('details:not([open])')).length"
    )
    assert wide == 0
    page.context.close()


@pytest.mark.needs("axe")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Any, address: str, theme: str) -> None:
    """The accessibility checker axe-core has nothing to say, contrast included, in either theme."""
    page, _ = open_page(browser, address, theme=theme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    # a thousand rows of one make say no more than fifty, and take minutes
    page.evaluate("Array.from(document.querySelectorAll('#facts tbody tr')).slice(50).forEach((one) => one.remove())")
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    page.context.close()
