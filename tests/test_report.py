"""The report: one file that loads nothing, says everything without a script, and lets nobody's text become markup."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from archnb import export_report, plan
from archnb.design import Design
from archnb.report import render_page
from tests.designs import ALL, AWKWARD

CHAPTERS = [
    "requirements", "entities", "schema", "api", "auth", "operations", "flow", "cache", "jobs", "errors", "monitoring", "scaling",
    "migrations", "patterns", "decisions", "handoffs", "review", "facts", "evidence", "artefacts",
]  # fmt: skip


class Page(HTMLParser):
    """What a parser sees: ids, links, what would be loaded, text, inline styles and handlers, unclosed elements."""

    VOID = frozenset({"meta", "br", "img", "input", "hr", "link", "wbr"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.inline: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.text: list[str] = []
        self.stack: list[str] = []
        self.sections: list[str] = []
        self.policy = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag not in self.VOID:
            self.stack.append(tag)
        if "id" in named:
            self.ids.append(named["id"] or "")
            if tag == "section":
                self.sections.append(named["id"] or "")
        if tag == "a" and "href" in named:
            self.links.append(named["href"] or "")
        elif tag == "use" or tag in ("img", "script", "link", "iframe", "object", "embed", "source", "image"):
            self.loads += [
                value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "srcset", "data")
            ]
        self.inline += [name for name, _ in attrs if name == "style" or name.startswith("on")]
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"] or ""
        if tag in ("script", "style"):
            getattr(self, f"{tag}s").append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack[-1] == tag, f"</{tag}> closes <{self.stack[-1]}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        inside = self.stack[-1] if self.stack else ""
        if inside == "script":
            self.scripts[-1] += data
        elif inside == "style":
            self.styles[-1] += data
        else:
            self.text.append(data)


@lru_cache
def text_of(name: str) -> str:
    """The report of one of the designs, without evidence."""
    return render_page(plan(ALL[name]()))


@lru_cache
def page_of(name: str) -> Page:
    """The parsed report of one of the designs."""
    return Page(text_of(name))


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_loaded(name: str) -> None:
    """No element names an address to load, and no style does."""
    page = page_of(name)
    assert [one for one in page.loads if not one.startswith(("data:", "#"))] == []
    assert all("url(" not in one and "@import" not in one for one in page.styles)


@pytest.mark.parametrize("name", ALL)
def test_links_stay_on_the_page_and_lead_somewhere(name: str) -> None:
    """Every link points to an id of the page, and every id stands once."""
    page = page_of(name)
    assert len(page.ids) == len(set(page.ids))
    assert [one for one in page.links if not one.startswith("#") or one[1:] not in page.ids] == []


@pytest.mark.parametrize("name", ALL)
def test_policy_allows_only_the_page_itself(name: str) -> None:
    """The policy names the hashes of the one style and the one script; nothing is inline besides."""
    page = page_of(name)
    assert page.inline == []
    assert (len(page.styles), len(page.scripts)) == (1, 1)
    for text in (page.styles[0], page.scripts[0]):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in page.policy
    assert "default-src 'none'" in page.policy
    assert "unsafe" not in page.policy


@pytest.mark.parametrize("name", ALL)
def test_chapters_stand_in_order(name: str) -> None:
    """Requirements, the nine outputs, then change, decisions, hand-offs, review, facts, evidence; each in the contents."""
    page = page_of(name)
    assert page.sections == CHAPTERS
    assert {f"#{one}" for one in CHAPTERS} <= set(page.links)


def test_size_of_the_shop() -> None:
    """The demo's report is under 1.7 MB."""
    assert len(text_of("shop").encode()) < 1_700_000


def test_every_fact_is_explained() -> None:
    """Each fact has its row: name, value, formula."""
    text, made = text_of("shop"), plan(ALL["shop"]())
    rows = dict(re.findall(r'<tr id="(f[a-z2-7]{7})"><th scope="row">([^<]+)</th>', text))
    assert {html.unescape(one) for one in rows.values()} == set(made.facts)
    linked = {one[1:] for one in page_of("shop").links if re.fullmatch(r"#f[a-z2-7]{7}", one)}
    assert len(linked) > 300
    assert linked <= set(rows)


def test_hostile_text_is_text() -> None:
    """Names and sentences that look like markup arrive as they were typed, and make no element."""
    page = page_of("awkward")
    whole = "".join(page.text)
    assert AWKWARD["summary"] in whole
    assert AWKWARD["name"] in whole
    assert "onerror" not in " ".join(page.inline)
    assert not any(one.lower().startswith("javascript") for one in page.links)


def test_same_bytes_with_a_fixed_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """With SOURCE_DATE_EPOCH set, two reports of one design are byte-identical."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    one, two = (render_page(plan(ALL["tiny"]())) for _ in range(2))
    assert one == two
    assert "2023-11-14" in one


def test_provenance_tells_designs_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page carries the design's SHA-256: another design has another one."""
    found = [
        re.search(r"[0-9a-f]{64}", render_page(plan(one)))
        for one in (ALL["tiny"](), ALL["tiny"]().replace("name", "other"))
    ]
    assert found[0] and found[1]
    assert found[0][0] != found[1][0]


def test_a_failed_write_keeps_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands there stays until the new one is whole."""
    import os

    target = tmp_path / "report.html"
    target.write_text("old")

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        export_report(ALL["tiny"](), target)
    assert target.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_a_report_keeps_the_mode_and_follows_the_link(tmp_path: Path) -> None:
    """A report that only some may read stays theirs when it is made anew, and a link to it stays a link."""
    import stat

    target, link = tmp_path / "report.html", tmp_path / "latest.html"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    export_report(ALL["tiny"](), link)
    assert link.is_symlink()
    assert "<html" in target.read_text(encoding="utf-8")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_an_empty_design_has_a_report() -> None:
    """A design that says nothing at all is planned and shown."""
    assert Page(render_page(plan(Design()))).sections == CHAPTERS
