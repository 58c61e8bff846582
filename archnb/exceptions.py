"""Errors that say where, what was given, what is allowed, the nearest match and the next step.

All problems of one input are collected in one `InputError`, which shows them all in the order of their lines. The nearest
match is one of meaning where there is one (`integer` is int), else one of spelling.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

# What a terminal obeys instead of showing it: controls, escapes, and marks that turn the reading direction or hide.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


class ArchnbError(Exception):
    """The root of every error that archnb raises on purpose."""


class QuantityError(ArchnbError, ValueError):
    """A text is not a quantity, or its unit does not fit; `next` is the next step, `nearest` what was probably meant."""

    def __init__(self, message: str, next: str = "", nearest: str | None = None) -> None:
        self.next, self.nearest = next, nearest
        super().__init__(_join(message, next))


class UnitError(ArchnbError, TypeError):
    """Two quantities whose units do not fit were combined."""


class EngineMissing(ArchnbError):
    """An engine or a library that the asked-for work needs is not on this machine."""

    @classmethod
    def of_extra(cls, what: str, library: str, extra: str) -> EngineMissing:
        """The error for a library that an extra of archnb brings: what needs it, and how to get it.

        >>> print(EngineMissing.of_extra("PostgreSQL is reached through", "psycopg", "verify"))
        PostgreSQL is reached through psycopg, which is not installed. Next: pip install "archnb[verify]"
        """
        return cls(f'{what} {library}, which is not installed. Next: pip install "archnb[{extra}]"')


class FileChangedError(ArchnbError):
    """A design file changed on disk since it was read."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: its path, what is wrong with the next step, and the line in the file if there is one.

    given: what stood there; allowed: what may; nearest: what was probably meant; next: the next step, as the message ends.
    """

    path: str
    message: str
    line: int | None = None
    given: object = field(default=None, compare=False)
    allowed: tuple[str, ...] = field(default=(), compare=False)
    nearest: str | None = field(default=None, compare=False)
    next: str = field(default="", compare=False)

    @classmethod
    def of(
        cls, path: str, fault: str, next: str = "", *, line: int | None = None, given: object = None,
        allowed: Iterable[str] = (), nearest: str | None = None,
    ) -> Problem:  # fmt: skip
        """A problem whose message is what is wrong and then the next step.

        >>> Problem.of("name", "1 is not a text", "put it in quotes").message
        '1 is not a text; put it in quotes.'
        """
        return cls(path, _join(fault, next), line, given, tuple(allowed), nearest, next)

    def at(self, line: int | None) -> Problem:
        """The same problem with the line it stands on."""
        return replace(self, line=line)

    def data(self) -> dict[str, Any]:
        """The problem as plain data, for `--json`."""
        given = _encode(self.given) if isinstance(self.given, str) else self.given
        return {
            "line": self.line, "path": _encode(self.path), "message": self.message,
            "given": given if isinstance(given, str | int | float) else None, "allowed": list(self.allowed),
            "nearest": self.nearest, "next": self.next,
        }  # fmt: skip

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{_encode(self.path)}: {self.message}" if self.path else f"{where}{self.message}"


def _encode(text: str) -> str:
    """The text as any output takes it: half of a character is written as its number."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _join(fault: str, next: str) -> str:
    if not next:
        return fault if fault.endswith((".", "?", "!")) else f"{fault}."
    ending = "" if next.endswith((".", "?", "!")) else "."
    return f"{fault}; {next}{ending}"


class InputError(ArchnbError, ValueError):
    """Everything that is wrong with one input, in the order of the lines.

    >>> raise InputError([Problem("entities.Order.fields.total", "type 'monee' is not known")])
    Traceback (most recent call last):
    archnb.exceptions.InputError: entities.Order.fields.total: type 'monee' is not known

    `data` is the plain data with what is wrong in it, and `locate` finds the line of a problem, where there is such.
    """

    data: Any = None
    locate: Callable[[Problem], Problem] | None = None

    def __init__(self, problems: Iterable[Problem], where: str = "") -> None:
        # what has no line keeps its place, at the end
        self.problems = tuple(sorted(problems, key=lambda one: one.line if one.line is not None else 1 << 62))
        self.where = where
        # a name or a path in it is the user's, and most errors end on a terminal
        shown = [printable(problem) for problem in self.problems]
        if where:
            shown = [f"{printable(where)}:", *(f"  {line}" for line in shown)]
        super().__init__("\n".join(shown))


class FormatVersionError(InputError):
    """A design file was written by a newer archnb than this one."""


class FileUseError(InputError, OSError):
    """The system refuses a file: no permission, no room, a folder where a file is meant. Its content is not at fault.

    An OSError with the `errno` of what the system said.
    """

    def __init__(self, path: str, told: str, cause: OSError | ValueError | None, next_step: str = "") -> None:
        because = f": {getattr(cause, 'strerror', None) or cause}" if cause is not None else ""
        self.errno = getattr(cause, "errno", None)
        super().__init__([Problem("", f"the file {told}{because}. {next_step}".rstrip())], path)


def printable(text: object) -> str:
    r"""A text that a terminal shows and does not obey: controls are written out; line breaks and tabs stay.

    >>> print(printable("a\x1b[31mb\u202ec"))
    a\x1b[31mb\u202ec
    """
    return _OBEYED.sub(lambda found: escape_point(found[0]), str(text))


def escape_point(character: str) -> str:
    """A character by its number, as Python writes it."""
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def nearest(given: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that is most like the given one, or None where nothing is close.

    >>> nearest("monee", ["money", "text"])
    'money'
    """
    names = [name for name in allowed if isinstance(name, str)]
    folded = {name.casefold(): name for name in names}
    # difflib is quadratic in the text: a long given text is never a slip of the pen
    if len(given) > 80:
        return None
    text = given.casefold()
    found = difflib.get_close_matches(text, list(folded), n=5, cutoff=0.6)
    # of several that are alike, the one that the fewest slips lead to: two letters that changed places are one
    return folded[min(found, key=lambda name: _count_slips(text, name))] if found else None


def _count_slips(given: str, meant: str) -> int:
    """How many letters are missing, too many, other ones or swapped with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for n, sign in enumerate(given, 1):
        earlier, before, row = before, row, [n]
        for m, other in enumerate(meant, 1):
            cost = min(before[m] + 1, row[m - 1] + 1, before[m - 1] + (sign != other))
            if n > 1 and m > 1 and sign == meant[m - 2] and given[n - 2] == other:
                cost = min(cost, earlier[m - 2] + 1)
            row.append(cost)
    return row[-1]


def quote(value: object, limit: int = 60) -> str:
    """The value as repr, cut where it is long, so that an error stays readable."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def list_names(names: Iterable[str], limit: int = 12) -> str:
    """Some names, quoted, and how many more there are."""
    listed = list(names)
    rest = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(repr(name) for name in listed[:limit]) + rest


def unknown_name(
    path: str, what: str, given: object, allowed: Iterable[str], next_step: str = "", *, meant: Mapping[str, str] | None = None
) -> Problem:  # fmt: skip
    """The problem of a name that is not known: the nearest match, by meaning and then by spelling, or what is allowed.

    meant: other words for what is allowed, in lower case.

    >>> unknown_name("x", "type", "integer", ["int", "text"], meant={"integer": "int"}).nearest
    'int'
    """
    names = list(allowed)
    match = None
    if isinstance(given, str):
        match = (meant or {}).get(given.casefold()) or nearest(given, names)
    if match is not None:
        fault, next = f"{what} {quote(given)} is not known", f"did you mean {match!r}?"
    elif not names:
        fault, next = f"{what} {quote(given)} is not known; none is declared.", ""
    else:
        fault, next = f"{what} {quote(given)} is not known", f"allowed: {list_names(names)}."
    message = f"{fault}; {next}" if next else fault
    told = f"{message} {next_step}".rstrip()
    return Problem(path, told, None, given, tuple(names), match, f"{next} {next_step}".strip())


def unknown(
    what: str, given: object, allowed: Iterable[str], next_step: str = "", *, meant: Mapping[str, str] | None = None
) -> str:
    """The message for a name that is not known: the nearest match, or else what is allowed.

    >>> unknown("type", "monee", ["money", "text"], "See archnb.types().")
    "type 'monee' is not known; did you mean 'money'? See archnb.types()."
    """
    return unknown_name("", what, given, allowed, next_step, meant=meant).message
