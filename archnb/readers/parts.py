"""The parts of a CREATE TABLE in the author's own words: where each column or constraint starts, its type and default as
written. sqlglot says what the parts mean; this says how they were put, and lets one odd part not cost the whole table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<quoted>[eE]?'(?:[^'\\]++|''|\\.)*+(?:'|\\?\Z)|"(?:[^"]++|"")*+(?:"|\Z)|`(?:[^`]++|``)*+(?:`|\Z))
    |(?P<open>\()|(?P<close>\))|(?P<comma>,)|(?P<word>[^\W\d][\w$]*)|(?P<cast>::)|(?P<other>\S)""",
    re.VERBOSE | re.DOTALL,
)
# the words that end a column's type or its default
_ENDS = frozenset(
    [
        "NOT",
        "NULL",
        "DEFAULT",
        "PRIMARY",
        "UNIQUE",
        "CHECK",
        "REFERENCES",
        "CONSTRAINT",
        "GENERATED",
        "COLLATE",
        "AUTO_INCREMENT",
        "AUTOINCREMENT",
        "COMMENT",
        "ON",
        "AS",
        "CHARSET",
        "STORAGE",
        "COMPRESSION",
        "VISIBLE",
        "INVISIBLE",
        "VIRTUAL",
        "STORED",
        "KEY",
        "DEFERRABLE",
    ]
)
_CONSTRAINTS = frozenset(
    ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE", "LIKE", "KEY", "INDEX", "FULLTEXT", "SPATIAL"]
)


@dataclass(frozen=True)
class Part:
    """One column or constraint of a table: its text, its place, and for a column its name, type and default as written."""

    text: str
    start: int
    is_column: bool
    name: str = ""
    is_quoted: bool = False
    type: str = ""
    default: str | None = None


def slice_body(text: str) -> tuple[int, int] | None:
    """Where the bracket after the table's name starts and ends in a CREATE TABLE; None where there is none."""
    depth, start = 0, -1
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "open":
            if depth == 0:
                start = token.start()
            depth += 1
        elif token.lastgroup == "close":
            depth -= 1
            if depth == 0 and start >= 0:
                return start + 1, token.start()
        elif depth == 0 and token.lastgroup == "word" and token[0].upper() in ("AS", "OF", "SELECT"):
            return None
    return None


def slice_parts(text: str, body: tuple[int, int]) -> list[Part]:
    """The parts between the commas of a table's bracket."""
    found: list[Part] = []
    depth, start = 0, body[0]
    for token in _TOKEN.finditer(text, *body):
        depth += (token.lastgroup == "open") - (token.lastgroup == "close")
        if token.lastgroup == "comma" and depth == 0:
            found.append(_read_part(text, start, token.start()))
            start = token.end()
    found.append(_read_part(text, start, body[1]))
    return [one for one in found if one.text]


def _read_part(text: str, start: int, end: int) -> Part:
    tokens = [one for one in _TOKEN.finditer(text, start, end) if one.lastgroup != "comment"]
    if not tokens:
        return Part("", start, False)
    first = tokens[0]
    here = text[first.start() : tokens[-1].end()]
    follows = tokens[1][0] if len(tokens) > 1 else ""
    # a column may be called `key` or `index`; then a type follows where a constraint would have a bracket or its name and one
    word = first[0].upper()
    is_word = first.lastgroup == "word" and word in _CONSTRAINTS
    if is_word and not (
        word in ("KEY", "INDEX")
        and follows.upper() in ("TEXT", "INT", "INTEGER", "BIGINT", "VARCHAR", "UUID", "CHAR", "JSON", "JSONB")
    ):
        return Part(here, first.start(), False)
    is_bracketed = first[0] == "["
    n = 1
    if is_bracketed:
        while n < len(tokens) and tokens[n - 1][0] != "]":
            n += 1
    name = text[first.start() : tokens[n - 1].end()]
    quoted = first.lastgroup == "quoted" or is_bracketed
    bare = name[1:-1].replace(name[-1] * 2, name[-1]) if quoted else name
    kind = _until_end(text, tokens[n:])
    default = None
    for m in range(n, len(tokens)):
        if tokens[m].lastgroup == "word" and tokens[m][0].upper() == "DEFAULT" and not _is_inside(tokens[n:m]):
            default = _until_end(text, tokens[m + 1 :], is_default=True)
            break
    return Part(here, first.start(), True, bare, quoted, kind, default)


def _is_inside(tokens: list[re.Match[str]]) -> bool:
    return sum((one.lastgroup == "open") - (one.lastgroup == "close") for one in tokens) > 0


def _until_end(text: str, tokens: list[re.Match[str]], is_default: bool = False) -> str:
    """The text of the tokens before the next option of the column."""
    depth, last = 0, None
    for n, one in enumerate(tokens):
        word = one[0].upper() if one.lastgroup == "word" else ""
        is_set = word == "CHARACTER" and n + 1 < len(tokens) and tokens[n + 1][0].upper() == "SET"
        # `DEFAULT NULL` has its word, what follows it ends it
        if depth == 0 and (word in _ENDS or is_set) and not (is_default and n == 0):
            break
        depth += (one.lastgroup == "open") - (one.lastgroup == "close")
        last = one
    return text[tokens[0].start() : last.end()] if last is not None else ""
