"""No edit loses a comment: in odd YAML, where little can be edited in place, and where a file must be written anew."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archnb.design import Design
from archnb.file import dumps, load, loads, save
from archnb.file.tree import find_comments, parse_text

ODD = {
    "explicit keys": "# head\n? name # k\n: shop # n\nsummary: a # s\n? entities\n: ? A # a\n  : fields:\n      id: key # id\n    rows: 5 # r\n# tail\n",
    "an anchor": "# head\nname: shop # n\nsummary: a # s\nentities:\n  # people\n  A: {fields: &f {id: key}, rows: 5} # a\n  B: {fields: *f} # b\n# tail\n",
    "two anchors": "# head\nname: &n shop # n\nsummary: *n # s\nentities:\n  A: &a {fields: {id: key}, rows: 5} # a\n  C:\n    <<: *a # c\n    rows: 7 # r\n# tail\n",
    "a long flow": "# head\n{name: shop, # n\n summary: a # s\n , entities: {A: {fields: {id: key, # id\n   b: text # b\n }, rows: 5 # r\n }}} # end\n",
    "texts over lines": "# head\nname: shop # n\nsummary: | # s\n  # no comment\n  two\n# after\nentities:\n  A:\n    fields:\n      id: 'key' # id\n    rows: 5 # r\n    summary: a\n      plain#no comment\n      text # yes\n",
    "comments only": "# nothing yet\n\n# and no more\n",
    "markers": "%YAML 1.2\n# head\n---\n# nothing\n...\n",
    "a byte order mark": "\ufeff# head\nname: shop # n\nsummary: a # s\nentities: {A: {fields: {id: key}, rows: 5}} # a\n",
}  # fmt: skip
EDITS: list[tuple[str, Any]] = [
    ("name", "store"),
    ("name", "a # b"),
    ("summary", "two\nlines"),
    ("summary", "short"),
    ("requirements.load.peak_factor", 3),
    ("entities.A.rows", "6M"),
    ("entities.A.growth", "1/day"),
    ("entities.A.fields.id", "uuid"),
    ("entities.A.fields.more", "text(20)"),
    ("entities.New", {"fields": {"id": "key"}}),
]


def _comments(text: str) -> list[str]:
    return sorted(text[start:end] for start, end in find_comments(text, parse_text(text)))


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize(("path", "value"), EDITS)
@pytest.mark.parametrize("kind", ODD)
def test_an_edit_of_odd_yaml_keeps_every_comment(kind: str, path: str, value: Any, eol: str) -> None:
    """Whatever YAML an author writes, an edit that takes nothing out says the new design and keeps all comments."""
    text = ODD[kind].replace("\n", eol)
    wanted = loads(text).replace(path, value)
    made = dumps(wanted, text)
    assert loads(made) == wanted
    assert _comments(made) == _comments(text)
    assert made.count("\r\n") == (made.count("\n") if eol == "\r\n" else 0)


LOOSE = st.sampled_from(sorted(ODD)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(st.sampled_from(EDITS), min_size=1, max_size=4))
)


@settings(max_examples=150, deadline=None)
@given(LOOSE)
def test_several_edits_of_odd_yaml_keep_every_comment(case: tuple[str, list[tuple[str, Any]]]) -> None:
    """So do several edits at once, and the edited text can be edited again."""
    kind, edits = case
    text = ODD[kind]
    design = loads(text)
    for path, value in edits:
        design = design.replace(path, value)
        text = dumps(design, text)
        assert loads(text) == design
    assert _comments(text) == _comments(ODD[kind])
    together = dumps(design, ODD[kind])
    assert loads(together) == design
    assert _comments(together) == _comments(ODD[kind])


WORDS = st.text("ab#'\" :,-[]{}&*!|>%\\\t", max_size=8)
LINES = st.lists(
    st.one_of(
        WORDS.map(lambda word: f"# {word}"),
        st.just(""),
        WORDS.map(lambda word: f"summary: {word}"),
        st.tuples(st.sampled_from(["name", "'name'", '"name"', "? name\n"]), WORDS).map(lambda t: f"{t[0]}: {t[1]}"),
        st.just("requirements: {team_size: 3, # t\n  load: {peak_factor: 2 # p\n }}"),
        WORDS.map(lambda word: f"entities: {{A: {{fields: {{id: key}}, summary: {word} # c\n }}}}"),
    ),
    max_size=6,
)


@settings(max_examples=400, deadline=None)
@given(LINES, st.sampled_from(EDITS), st.booleans())
def test_whatever_can_be_read_can_be_edited(lines: list[str], edit: tuple[str, Any], is_windows: bool) -> None:
    """A text that is a design stays one through any edit, byte for byte where nothing changed, with its comments."""
    text = ("\r\n" if is_windows else "\n").join(lines)
    try:
        design = loads(text)
    except ValueError:
        return
    assert dumps(design, text) == text
    wanted = design.replace(*edit)
    made = dumps(wanted, text)
    assert loads(made) == wanted
    assert not set(_comments(text)) - set(_comments(made))


def test_what_is_taken_out_takes_its_comments_along() -> None:
    """A comment on a line of its own name goes with it, and no other."""
    text = "# head\nname: shop # n\nsummary: a # s\nentities: {A: {fields: {id: key, # id\n b: text # b\n }}}\n# tail\n"
    assert dumps(loads(text).replace("summary", None), text) == text.replace("summary: a # s\n", "")
    made = dumps(loads(text).replace("entities.A.fields.b", None), text)
    assert "# id" in made
    assert loads(made) == loads(text).replace("entities.A.fields.b", None)


def test_a_new_file_takes_the_comments_along(tmp_path: Path) -> None:
    """A design saved under another name keeps the comments and the layout of the file that it was read from."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text("# ours\nname:   shop   # a working title\nentities: {A: {fields: {id: key}}} # a\n")
    save(load(old).replace("name", "store"), new)
    assert new.read_text() == old.read_text().replace("shop ", "store ")
    save(load(old), tmp_path / "same.yaml")
    assert (tmp_path / "same.yaml").read_bytes() == old.read_bytes()
    save(loads(old.read_text()), tmp_path / "text.yaml")
    assert (tmp_path / "text.yaml").read_bytes() == old.read_bytes()


def test_where_a_design_was_read_from_is_no_part_of_it(tmp_path: Path) -> None:
    """Designs are equal, look alike and say the same, whatever they were read from."""
    path = tmp_path / "x.yaml"
    path.write_text("# ours\nname: x\n")
    read, made = load(path), Design.of({"name": "x"})
    assert read == made
    assert (repr(read), hash(read)) == (repr(made), hash(made))
    assert not re.search("origin", repr(read))
    assert dumps(read) == dumps(made) == "archnb: 1\nname: x\n"
