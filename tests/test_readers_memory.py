"""A dump with one very long text in it: memory stays in proportion to the file, whatever the text is made of."""

from __future__ import annotations

import itertools
import re
import tracemalloc
from pathlib import Path

import pytest

from archnb.readers.sql import read_dump
from archnb.readers.statements import split_statements

LENGTH = 1_000_000
LITERALS = {
    "plain": "x" * LENGTH,
    "doubled quotes": "''" * (LENGTH // 2),
    "backslashes": r"\\" * (LENGTH // 2),
    "one character beyond the basic plane": "x" * (LENGTH - 1) + "\N{GRINNING FACE}",
}
SHAPES = {
    "a row": "INSERT INTO a VALUES (1, '{}');",
    "a default": "CREATE TABLE b (x text DEFAULT '{}');",
    "a comment on a table": "COMMENT ON TABLE a IS '{}';",
    "a name": 'CREATE TABLE "{}" (x int);',
    "a note": "/* {} */",
}


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", LITERALS)
def test_a_long_text_needs_less_than_ten_bytes_a_character(kind: str, shape: str, dialect: str, tmp_path: Path) -> None:
    """The most memory held while a dump is read is under ten bytes for each character of its longest text."""
    dump = tmp_path / "dump.sql"
    long = SHAPES[shape].replace("{}", LITERALS[kind])
    dump.write_text(f"CREATE TABLE a (x int, y text);\r\n{long}\r\nCREATE TABLE c (x int);\r\n", encoding="utf-8")
    # what the readers load when first used is not the text's
    read_dump(_small(tmp_path), dialect)
    tracemalloc.start()
    try:
        found = read_dump(dump, dialect)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert {"a", "c"} <= set(found.design.schema.tables)
    assert most / LENGTH < 10


def _small(folder: Path) -> Path:
    path = folder / "small.sql"
    path.write_text("CREATE TABLE a (x int, y text DEFAULT 'z');\n")
    return path


def test_a_statement_too_long_to_read_is_noted_with_its_length(tmp_path: Path) -> None:
    """What is left out for its length is listed with its line and how long it is."""
    dump = tmp_path / "dump.sql"
    dump.write_text(f"CREATE TABLE a (x int);\nCREATE TABLE b (x text DEFAULT '{'x' * 300_000}');\n")
    [note] = read_dump(dump, "postgresql").notes
    assert (note.line, len(note.text) < 1_000) == (2, True)
    assert re.search(r"the statement has 300,\d{3} characters; at most 200,000 are read", note.reason)


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
def test_quotes_end_where_the_engine_ends_them(dialect: str) -> None:
    """Every short mixture of quotes, backslashes and letters is cut where the rules of quoting say."""
    for mixture in itertools.product("'\\aE;", repeat=5):
        text = f"SELECT '{''.join(mixture)}"
        assert [one.text for one in split_statements(text, dialect)] == _cut(text, dialect), text


def _cut(text: str, dialect: str) -> list[str]:
    """The statements of a text, character by character."""
    made, start, at, quote = [], 0, 0, ""
    while at < len(text):
        here, before = text[at], text[at - 1 : at]
        if quote:
            if (here == "\\" and quote == "\\'") or (here == "'" and text[at + 1 : at + 2] == "'"):
                at += 1
            elif here == "'":
                quote = ""
        elif here == "'":
            word = re.search(r"[A-Za-z_][\w$]*\Z", text[start:at])
            is_marked = before in ("e", "E") and word is not None and len(word[0]) == 1
            quote = "\\'" if dialect == "mysql" or (dialect == "postgresql" and is_marked) else "'"
        elif here == ";":
            made.append(text[start:at].strip())
            start = at + 1
        at += 1
    return [one for one in (*made, text[start:].strip()) if one]
