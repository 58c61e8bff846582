"""The dialects that SQL is written in: how long a name may be, how a statement and a comment are laid out."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

from archnb.engines import Roster, load_engine
from archnb.exceptions import ArchnbError
from archnb.model.identifiers import LIMIT

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


# the engines that SQL is written for here; what each of them can do is asked of its record
DIALECTS = ("postgresql", "mysql", "sqlite")


_ROSTER = Roster("dialect", lambda one: one.name in DIALECTS)


def check_dialect(dialect: str) -> None:
    """Raise ArchnbError where a dialect is none of ours."""
    if dialect not in DIALECTS:
        raise ArchnbError(_ROSTER.explain_unknown(dialect))


def name_limit(dialect: str) -> int:
    """How many bytes a name may have in a dialect."""
    kept = load_engine(dialect).identifier
    return kept.length if kept is not None else LIMIT


def make_dialect(dialect: str) -> Dialect:
    """The SQLAlchemy dialect that statements are written in; parameters are `:name`, so that % stays what it is."""
    check_dialect(dialect)
    from sqlalchemy.dialects import mysql, sqlite
    from sqlalchemy.dialects.postgresql import psycopg2

    # psycopg2's way of writing, which needs no driver and puts no cast behind every parameter
    made: Any = {"postgresql": psycopg2, "mysql": mysql, "sqlite": sqlite}[dialect]
    found: Dialect = made.dialect(paramstyle="named")
    if dialect == "mysql":
        # MySQL 8: checks are enforced, defaults may be expressions; a backslash in a text is an escape
        found.server_version_info = (8, 4, 0)
    return found


class Statement(NamedTuple):
    """One statement without its semicolon, and the reason that stands above it in the file."""

    text: str
    reason: str = ""


# what stands in quotes, which is the author's to the last blank, or else a blank that may be laid out anew
_QUOTED = {
    "postgresql": r"""[eE]'(?:[^'\\]++|''|\\.)*+'|'(?:[^']++|'')*+'|"(?:[^"]++|"")*+\"""",
    "mysql": r"""'(?:[^'\\]++|''|\\.)*+'|"(?:[^"\\]++|""|\\.)*+"|`(?:[^`]++|``)*+`""",
    "sqlite": r"""'(?:[^']++|'')*+'|"(?:[^"]++|"")*+"|`(?:[^`]++|``)*+`""",
}


_LAYOUT = {
    dialect: re.compile(
        rf"(?P<quoted>{quoted})|[ \t]+(?=\n)|(?P<tab>\t)|(?P<options>\n\)(?:(?=CHARSET)|\n (?=STRICT)))", re.DOTALL
    )
    for dialect, quoted in _QUOTED.items()
}


def lay_out_sql(compiled: Any) -> str:
    """A statement as SQLAlchemy wrote it, laid out as ours are; literals and quoted names stay as they are."""

    def lay_out(found: re.Match[str]) -> str:
        if found["quoted"]:
            return found[0]
        return "    " if found["tab"] else "\n) " if found["options"] else ""

    return _LAYOUT[compiled.dialect.name].sub(lay_out, str(compiled).strip())


def write_comment(text: str) -> str:
    """A text as comment lines, whatever line breaks are in it, so that none of it is ever a statement."""
    lines = textwrap.wrap(" ".join(text.split()), 110, break_long_words=False, break_on_hyphens=False)
    return "".join(f"-- {line}\n" for line in lines)


__all__ = ["DIALECTS", "Statement", "check_dialect", "make_dialect", "name_limit", "write_comment"]
