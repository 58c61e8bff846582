"""Live databases as designs: what is refused, and what is said of it; that they agree with dumps is in test_readers_sql."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from archnb.exceptions import EngineMissing, InputError
from archnb.readers import read_any


def test_sqlite_file_is_read_as_a_database(tmp_path: Path) -> None:
    """A SQLite file is known by its first bytes, whatever its name."""
    path = tmp_path / "shop.data"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE a (id INTEGER PRIMARY KEY, b TEXT NOT NULL); CREATE VIEW v AS SELECT b FROM a;"
        )
    made = read_any(path)
    assert made.engine == "sqlite"
    assert made.counts["columns"] == 2
    assert [(note.text, note.reason) for note in made.notes] == [("v", "a view: a design has no place for views yet")]
    assert read_any(f"sqlite:///{path}").counts == made.counts


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("oracle://host/x", "a database of the kind 'oracle' is not read; allowed: postgresql, mysql, sqlite."),
        ("sqlite:////nowhere/x.db", "there is no file '/nowhere/x.db'."),
        ("postgresql://[::1/x", "this is not a database URL"),
    ],
)
def test_url_that_cannot_be_read_is_refused(url: str, message: str) -> None:
    """Another engine, a missing file and a broken URL say what is allowed."""
    with pytest.raises(InputError) as caught:
        read_any(url)
    assert message in str(caught.value)


def test_empty_database_is_refused(tmp_path: Path) -> None:
    """A database without tables is not a design."""
    path = tmp_path / "x.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE a (id); DROP TABLE a;")
    with pytest.raises(InputError, match="the database holds no table"):
        read_any(path)


def test_server_that_does_not_answer_is_named_without_its_password() -> None:
    """The error names the address and the next step; the password is not in it."""
    with pytest.raises(EngineMissing) as caught:
        read_any("postgresql://me:geheim@127.0.0.1:1/shop")
    assert "postgresql" in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "Next: start it, or correct the address." in str(caught.value)
