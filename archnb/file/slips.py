"""The slips that people make in YAML, told in our own words at the line where they stand: a comma or a colon inside {}, a
missing colon, a missing space behind one, a quote or a bracket that is not closed, a tab.

The reader of YAML says where it could not go on, which is often a line later; so the text is looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from archnb.exceptions import Problem, quote

# what stands further to the right is not looked at: no slip of a person needs it
_LOOKED_AT = 400
_COMMENT = re.compile(r"(?:^|\s)#")
_TAB = re.compile(r" *\t[ \t]*(?=[^\s#])")
_NAME = r"[^\W\d][\w .-]*"
_NO_SPACE = re.compile(rf"\s*(?:- )?(?P<name>{_NAME}):(?P<value>[^\s/:#][^#]*?)\s*(?:#.*)?")
_NO_COLON = re.compile(rf"(?P<indent>\s*)(?P<name>{_NAME}?)\s*(?:#.*)?")
_OPENED = re.compile(r"""(?:^|[:\[{,-])\s+(?:[\[{]\s*)?(?P<quote>["'])""")
_NUMBERS = re.compile(r"(?P<first>[+-]?\d[\d_]*),(?P<rest>\d[\d,]*)(?P<unit>\D*)")


def explain_error(text: str, what: str, line: int, context_line: int | None) -> Problem:
    """The problem of a text that is not YAML: what the reader says at a line (from 0), and where it thinks it began."""
    lines = [one[:_LOOKED_AT] for one in text.splitlines()]
    first = context_line if context_line is not None else max(0, line - 1)
    found = (
        _find_open_quote(lines, line)
        or _find_tab(lines, line)
        or _find_missing_space(lines, first, line)
        or (
            _find_missing_colon(lines, first, line)
            if "mapping values" in what or "simple key" in what or "block" in what
            else None
        )
    )
    if found is not None:
        return found
    if "mapping values are not allowed" in what:
        text_there = lines[line].strip() if line < len(lines) else ""
        told = f"a colon stands where a value goes on: {quote(text_there)}"
        return Problem.of(
            "", told, "put a text that holds ': ' in quotes, and indent names of one level alike", line=line + 1
        )
    if "flow" in what or "expected ',' or" in what:
        opened = first + 1
        told = f"a bracket that opens on line {opened} is not closed, or a name in it lacks its colon"
        return Problem.of("", told, "close the bracket, or put a text that holds brackets in quotes", line=opened)
    if "expected <block end>" in what or "block" in what:
        told = "this line does not go on with what is above it"
        return Problem.of("", told, "indent names of one level alike", line=line + 1)
    if "found character" in what or "alias" in what or "anchor" in what or "tag" in what:
        sign = lines[line].strip()[:1] if line < len(lines) else ""
        told = f"a value may not begin so: {quote(lines[line].strip() if line < len(lines) else sign)}"
        return Problem.of("", told, "put the text in quotes", line=line + 1)
    told = "this is not YAML: the text cannot be read from here on"
    return Problem.of("", told, "put texts in quotes, and indent names of one level alike", line=line + 1)


def _find_open_quote(lines: list[str], until: int) -> Problem | None:
    """A quote that opens a value and is not closed on its line, though the lines below are names again."""
    for n, text in enumerate(lines[: until + 1]):
        bare = text
        while (opened := _OPENED.search(bare)) is not None:
            comment = _COMMENT.search(bare)
            if comment is not None and comment.start() < opened.start("quote"):
                break
            sign, rest = opened["quote"], bare[opened.end() :]
            closed = _find_end(rest, sign)
            if closed is None:
                below = next((one for one in lines[n + 1 :] if one.strip()), "")
                if not below or re.match(rf"\s*(?:- )?{_NAME}:(?:\s|$)", below):
                    told = f"a quote opens here and is not closed: {quote(text.strip())}"
                    return Problem.of("", told, "close the quote that opens here", line=n + 1)
                # a text over several lines
                break
            bare = rest[closed:]
    return None


def _find_end(text: str, sign: str) -> int | None:
    """Where a quoted text ends; None where it does not."""
    pattern = r'(?:\\.|[^"\\])*"' if sign == '"' else r"(?:''|[^'])*'(?!')"
    found = re.match(pattern, text)
    return found.end() if found is not None else None


def _find_tab(lines: list[str], line: int) -> Problem | None:
    for n in (line, line - 1, line + 1):
        if 0 <= n < len(lines) and _TAB.match(lines[n]):
            return Problem.of("", "this line is indented with a tab", "indent with spaces", line=n + 1)
    return None


def _find_missing_space(lines: list[str], first: int, last: int) -> Problem | None:
    for n in range(max(0, first), min(last, len(lines) - 1) + 1):
        found = _NO_SPACE.fullmatch(lines[n])
        if found is not None and ": " not in lines[n]:
            right = f"{found['name'].strip()}: {found['value']}"
            told = f"no space follows the colon in {quote(lines[n].strip())}"
            return Problem.of("", told, f"put a space after the colon: {right}", line=n + 1, nearest=right)
    return None


def _find_missing_colon(lines: list[str], first: int, last: int) -> Problem | None:
    for n in range(min(last, len(lines) - 1), max(0, first) - 1, -1):
        found = _NO_COLON.fullmatch(lines[n])
        if found is None:
            continue
        # a name alone on its line, and what belongs to it below, further in; or a name among names
        below = next((one for one in lines[n + 1 :] if one.strip() and not one.lstrip().startswith("#")), "")
        if re.match(rf"\s*(?:- )?{_NAME}:(?:\s|$)", below):
            told = f"{quote(found['name'].strip())} stands alone, without a colon"
            return Problem.of("", told, f"put a colon after {found['name'].strip()}", line=n + 1)
    return None


def explain_comma(path: str, name: str, value: str, rests: Iterable[str], line: int) -> Problem:
    """The problem of a value inside {} that a comma ended: `enum(a, b)`, `10,000`, `0,05/s`."""
    joined = ", ".join([value, *rests])
    numbers = _NUMBERS.fullmatch(joined.replace(", ", ","))
    if numbers is not None:
        first, rest, unit = numbers["first"], numbers["rest"], numbers["unit"]
        is_thousands = len(first.lstrip("+-")) <= 3 and all(len(part) == 3 for part in rest.split(","))
        whole = f"{first}{rest.replace(',', '')}"
        short = f"{whole[:-3]}k" if whole.endswith("000") else ""
        if is_thousands:
            right = f"{whole}{unit} or {short}{unit}" if short else f"{whole}{unit}"
            told = f"{quote(joined.replace(', ', ','))}: inside {{}} the comma ends the value"
            return Problem.of(
                path, told, f"write {right}, or quote it", line=line, given=joined, nearest=f"{whole}{unit}"
            )
        right = f"{first}.{rest}{unit}"
        told = f"{quote(joined.replace(', ', ','))}: a comma ends the value"
        return Problem.of(path, told, f"write {right}", line=line, given=joined, nearest=right)
    right = f'{name}: "{joined}"'
    told = f"{quote(joined)}: inside {{}} a comma ends the value"
    next = f"put the value in quotes: {right}"
    if value.count("(") == value.count(")"):
        # nothing is open that the comma would stand in
        next += f", or give {quote(joined.rpartition(', ')[2])} a value of its own"
    return Problem.of(path, told, next, line=line, given=joined, nearest=right)


def explain_no_value(path: str, name: str, line: int) -> Problem:
    """The problem of a name inside {} that has no colon, or no space behind it."""
    before, colon, after = name.partition(":")
    if colon and after:
        right = f"{before}: {after}"
        told = f"no space follows the colon in {quote(name)}"
        return Problem.of(path, told, f"put a space after the colon: {right}", line=line, given=name, nearest=right)
    return Problem.of(
        path, f"{quote(name)} has no value", f"write {name}: and its value, or take it out", line=line, given=name
    )
