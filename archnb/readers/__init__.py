"""From what is outside to a design: a dump, a live database. Each reader says what it read, in numbers, and lists what it
did not understand.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archnb.address import show_address
from archnb.exceptions import FileUseError, InputError, Problem
from archnb.readers.catalogue import COUNTED, Import, Note

__all__ = ["COUNTED", "READERS", "Import", "Note", "read_any"]

# name -> where its function is, imported when first used; each takes what is read and a dialect, and gives an Import
READERS: dict[str, str] = {
    "sql": "archnb.readers.sql:read_dump",
    "live": "archnb.readers.live:read_live",
}
_URL = re.compile(r"[a-z][a-z0-9+]*://", re.IGNORECASE)


def reader(name: str) -> Callable[..., Import]:
    """The function of a reader. Raises KeyError for a name that is not in READERS."""
    module, _, function = READERS[name].partition(":")
    found: Any = getattr(importlib.import_module(module), function)
    made: Callable[..., Import] = found
    return made


def read_any(path_or_url: str | Path, dialect: str | None = None) -> Import:
    """Read a dump (.sql) or a live database (postgresql://…, mysql://…, sqlite:///…) into a design.

    dialect: of a dump, postgresql, mysql or sqlite; guessed where it is not said.

    Raises InputError where it cannot be read, EngineMissing where the database does not answer.
    """
    text = str(path_or_url)
    if _URL.match(text):
        return reader("live")(text)
    path = Path(text)
    try:
        with open(path, "rb") as file:
            head = file.read(16)
    except FileNotFoundError:
        # a URL with a slip in it is taken for a file: it is shown as an address is
        known = "the address of a database begins with postgresql://, mysql:// or sqlite:///"
        told = f"the file cannot be read: No such file or directory; {known}."
        raise InputError([Problem("", told)], show_address(text)) from None
    except (OSError, ValueError) as error:
        raise FileUseError(show_address(text), "cannot be read", error) from None
    if head.startswith(b"SQLite format 3\x00"):
        return reader("live")(f"sqlite:///{path.resolve()}")
    if head.startswith(b"PGDMP"):
        told = "this is a dump in PostgreSQL's custom format; write it out as SQL first: pg_restore --schema-only --file=schema.sql"
        raise InputError([Problem("", f"{told} {path.name}")], text)
    return reader("sql")(path, dialect)
