"""An SQL dump cut into statements, each with the line it starts on. Quotes, comments, dollar quotes, COPY data, DELIMITER
and the commands of psql are respected; rows of data are counted and left out, whatever their number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# An unclosed quote or comment runs to the end, so that no input makes the search start over again and again. The possessive
# marks (`++`, `*+`) keep no way back: without them a long text costs two hundred bytes of memory a character.
_QUOTED = {
    "postgresql": r"""[eE]'(?:[^'\\]++|''|\\.)*+(?:'|\\?\Z)|'(?:[^']++|'')*+(?:'|\Z)|"(?:[^"]++|"")*+(?:"|\Z)"""
    r"""|\$(?P<tag>[A-Za-z_]\w*|)\$(?:.*?\$(?P=tag)\$|.*\Z)""",
    "mysql": r"""'(?:[^'\\]++|''|\\.)*+(?:'|\\?\Z)|"(?:[^"\\]++|""|\\.)*+(?:"|\\?\Z)|`(?:[^`]++|``)*+(?:`|\Z)""",
    "sqlite": r"""'(?:[^']++|'')*+(?:'|\Z)|"(?:[^"]++|"")*+(?:"|\Z)|`(?:[^`]++|``)*+(?:`|\Z)|\[[^\]\n]*(?:\]|\n|\Z)""",
}
# more than is read of one statement; only this much of a longer one is copied, enough to say what it is
MAX_STATEMENT = 200_000
_COMMENT = r"--[^\n]*|/\*(?:.*?\*/|.*\Z)"
_WORD = r"[A-Za-z_][\w$]*"


@dataclass(frozen=True)
class Statement:
    """One statement of a dump: its text without leading comments, its line, the schema it is nested in, rows it brings."""

    text: str
    line: int
    schema: str | None = None
    rows: int = 0
    # how long it is in the dump, where only its head was taken
    length: int = 0

    @property
    def words(self) -> str:
        """The first words in capitals, enough to know the kind of statement."""
        return " ".join(re.sub(r"/\*.*?\*/|--[^\n]*", " ", self.text[:400], flags=re.DOTALL).split()[:8]).upper()


def guess_dialect(text: str) -> str:
    """The engine that a dump is for, from the words that only one engine knows: postgresql, mysql or sqlite."""
    head = text[:2_000_000]
    score = {
        "mysql": 3 * len(re.findall(r"(?i)\bENGINE\s*=|AUTO_INCREMENT|\bUNSIGNED\b|^DELIMITER\b|-- MySQL dump|-- MariaDB dump|DB Server: MySql", head, re.M))
        + len(re.findall(r"(?m)^\s*(?:CREATE TABLE|INSERT INTO|KEY|PRIMARY KEY|`\w+`)[^\n]*`|^/\*!\d", head)),
        "postgresql": 3 * len(re.findall(r"(?i)^COPY .* FROM stdin|nextval\(|::\w|\bpg_catalog\b|\bSERIAL\b|\$\$|^\\\w|\bOWNER TO\b|\bTIMESTAMPTZ\b|WITH TIME ZONE|\bJSONB\b|\bBYTEA\b|DB Server: PostgreSql|AS ENUM|AS IDENTITY|PostgreSQL database dump", head, re.M)),
        "sqlite": 3 * len(re.findall(r"(?i)\bAUTOINCREMENT\b|WITHOUT ROWID|^PRAGMA\b|sqlite_sequence|DB Server: Sqlite|\bSTRICT\s*;", head, re.M))
        + len(re.findall(r"(?m)^\s*(?:CREATE TABLE|INSERT INTO|DROP TABLE)[^\n]*\[\w+\]|^\s*\[\w+\]\s", head)),
    }  # fmt: skip
    best = max(score, key=lambda name: score[name])
    return best if score[best] else "postgresql"


def split_statements(text: str, dialect: str) -> Iterator[Statement]:
    """The statements of a dump in order; data comes as statements without text but with their rows.

    dialect: postgresql, mysql or sqlite: they differ in quotes and comments.
    """
    parts = {
        "comment": _COMMENT + (r"|\#[^\n]*" if dialect == "mysql" else ""),
        "quoted": _QUOTED[dialect],
        "meta": {"postgresql": r"^\\[^\n]*", "mysql": r"^[ \t]*(?i:DELIMITER)[ \t]+(?P<delimiter>\S+)[^\n]*"}.get(
            dialect, r"(?!)"
        ),
        "end": ";",
        "open": r"\(",
        "close": r"\)",
        "word": _WORD,
        "other": r"[\d.]+|\S",
    }

    def compiled(*names: str) -> re.Pattern[str]:
        return re.compile("|".join(f"(?P<{name}>{parts[name]})" for name in names), re.DOTALL | re.MULTILINE)

    # in rows of data only brackets and ends matter
    token, light = compiled(*parts), compiled("comment", "quoted", "end", "open", "close")
    return _Splitter(text, dialect, token, light).split()


class _Splitter:
    def __init__(self, text: str, dialect: str, token: re.Pattern[str], light: re.Pattern[str]) -> None:
        self.text, self.dialect, self.token, self.light = text, dialect, token, light
        self.delimiter = ";"
        self.line, self.counted = 1, 0
        self.last = ""

    def _line_of(self, at: int) -> int:
        self.line += self.text.count("\n", self.counted, at)
        self.counted = at
        return self.line

    def split(self) -> Iterator[Statement]:
        at, start = 0, -1
        depth = rows = nesting = 0
        words: list[str] = []
        is_data = False
        while (found := (self.light if is_data else self.token).search(self.text, at)) is not None:
            kind, at = found.lastgroup, found.end()
            if kind == "comment":
                continue
            if kind == "meta":
                if self.dialect == "mysql":
                    self.delimiter = found["delimiter"]
                    start, words = -1, []
                elif start < 0:
                    yield Statement(found[0], self._line_of(found.start()))
                continue
            if self.delimiter != ";" and self.text.startswith(self.delimiter, found.start()):
                at = found.start() + len(self.delimiter)
                if start >= 0:
                    yield from self._make(start, found.start(), words, rows)
                start, depth, rows, nesting, words, is_data = -1, 0, 0, 0, [], False
                continue
            if kind == "end" and self.delimiter == ";" and nesting == 0:
                if start < 0:
                    continue
                made = list(self._make(start, found.start(), words, rows))
                if words[:1] == ["COPY"] and "STDIN" in words:
                    rows, at = self._skip_copy(at)
                    made = [Statement(one.text, one.line, None, rows) for one in made]
                yield from made
                start, depth, rows, nesting, words, is_data = -1, 0, 0, 0, [], False
                continue
            if start < 0:
                start = found.start()
            if kind == "open":
                rows += depth == 0 and "VALUES" in words
                depth += 1
            elif kind == "close":
                depth -= depth > 0
            elif kind == "word" and (
                len(words) < 12 or (words[0] in ("INSERT", "CREATE", "COPY", "REPLACE") and len(words) < 5000)
            ):
                word = found[0].upper()
                if depth == 0 or len(words) < 12:
                    words.append(word)
                is_data = word == "VALUES" and words[0] in ("INSERT", "REPLACE") and self.delimiter == ";"
                nesting = self._nest(words, word, nesting, at)
        if start >= 0:
            yield from self._make(start, len(self.text), words, rows)

    def _nest(self, words: list[str], word: str, nesting: int, at: int) -> int:
        """How deep in BEGIN … END a statement is: the body of a trigger or a routine holds semicolons of its own."""
        if words[0] != "CREATE" or not {"TRIGGER", "FUNCTION", "PROCEDURE"} & set(words[:8]):
            return nesting
        if word == "BEGIN" or (word == "CASE" and nesting and self.last != "END"):
            nesting += 1
        elif word == "END" and nesting and not re.match(r"(?i)\s+(?:IF|LOOP|WHILE|REPEAT)\b", self.text[at : at + 40]):
            nesting -= 1
        self.last = word
        return nesting

    def _make(self, start: int, end: int, words: list[str], rows: int) -> Iterator[Statement]:
        line = self._line_of(start)
        if words[:1] in (["INSERT"], ["REPLACE"]):
            # of rows of data, which may be most of a dump, only the head is looked at
            head = re.match(r"(?is).{0,600}?(?=\bVALUES\b|\bSELECT\b|$)", self.text[start : min(end, start + 1_000)])
            yield Statement(head[0].strip() if head else self.text[start : min(end, start + 200)], line, None, rows)
            return
        if end - start > MAX_STATEMENT and words[:2] != ["CREATE", "SCHEMA"]:
            yield Statement(self.text[start : start + MAX_STATEMENT], line, length=end - start)
            return
        body = self.text[start:end].strip()
        if words[:2] == ["CREATE", "SCHEMA"] and len(body) > 60:
            yield from self._split_schema(body, line)
            return
        yield Statement(body, line)

    def _split_schema(self, body: str, line: int) -> Iterator[Statement]:
        """`CREATE SCHEMA x CREATE TABLE …` hides tables: each inner statement becomes one of its own."""
        cuts, depth, name = [0], 0, None
        for found in self.token.finditer(body):
            if found.lastgroup == "open":
                depth += 1
            elif found.lastgroup == "close":
                depth -= 1
            elif (
                depth == 0
                and found.start() > 0
                and found.lastgroup == "word"
                and found[0].upper() in ("CREATE", "GRANT")
            ):
                cuts.append(found.start())
        head = re.match(r'(?is)CREATE\s+SCHEMA\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"([^"]+)"|(\w+))', body)
        if head:
            name = head[1] or head[2].lower()
        for a, b in zip(cuts, [*cuts[1:], len(body)], strict=True):
            yield Statement(body[a:b].strip(), line + body.count("\n", 0, a), name if a else None)

    def _skip_copy(self, at: int) -> tuple[int, int]:
        """How many rows of COPY data follow, and where they end."""
        start = self.text.find("\n", at) + 1
        if start == 0:
            return 0, len(self.text)
        end = re.compile(r"^\\\.[ \t]*\r?$", re.MULTILINE).search(self.text, start)
        if end is None:
            return 0, at
        return self.text.count("\n", start, end.start()), end.end()
