"""Errors that say where, what was given, what is allowed, the nearest match and the next step.

All problems of one input are collected in one `InputError`, which shows three and counts the rest.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

SHOWN = 3
# What a terminal obeys instead of showing it: controls, escapes, and marks that turn the reading direction or hide.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


class ArchnbError(Exception):
    """The root of every error that archnb raises on purpose."""


class QuantityError(ArchnbError, ValueError):
    """A text is not a quantity, or its unit does not fit."""


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


class FormatVersionError(ArchnbError):
    """A design file was written by a newer archnb than this one."""


class FileChangedError(ArchnbError):
    """A design file changed on disk since it was read."""


class DrawingError(ArchnbError):
    """A drawing could not be laid out; the message says what to show instead."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: its path, what is wrong with the next step, and the line in the file if there is one."""

    path: str
    message: str
    line: int | None = None

    def at(self, line: int | None) -> Problem:
        """The same problem with the line it stands on."""
        return replace(self, line=line)

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.path}: {self.message}" if self.path else f"{where}{self.message}"


class InputError(ArchnbError, ValueError):
    """Everything that is wrong with one input.

    >>> raise InputError([Problem("entities.Order.fields.total", "type 'monee' is not known")])
    Traceback (most recent call last):
    archnb.exceptions.InputError: entities.Order.fields.total: type 'monee' is not known
    """

    def __init__(self, problems: Iterable[Problem], where: str = "") -> None:
        self.problems = tuple(problems)
        self.where = where
        # a name or a path in it is the user's, and most errors end on a terminal
        shown = [printable(problem) for problem in self.problems[:SHOWN]]
        more = len(self.problems) - SHOWN
        if more > 0:
            shown.append(f"and {more} more")
        if where:
            shown = [f"{printable(where)}:", *(f"  {line}" for line in shown)]
        super().__init__("\n".join(shown))


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
    found = difflib.get_close_matches(given.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def quote(value: object, limit: int = 60) -> str:
    """The value as repr, cut where it is long, so that an error stays readable."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def unknown(what: str, given: object, allowed: Iterable[str], next_step: str = "") -> str:
    """The message for a name that is not known: the nearest match, or else what is allowed.

    >>> unknown("type", "monee", ["money", "text"], "See archnb.types().")
    "type 'monee' is not known; did you mean 'money'? See archnb.types()."
    """
    names = list(allowed)
    match = nearest(given, names) if isinstance(given, str) else None
    if match is not None:
        text = f"{what} {quote(given)} is not known; did you mean {match!r}?"
    elif not names:
        text = f"{what} {quote(given)} is not known; none is declared."
    else:
        listed = ", ".join(repr(name) for name in names[:12])
        rest = f" and {len(names) - 12} more" if len(names) > 12 else ""
        text = f"{what} {quote(given)} is not known; allowed: {listed}{rest}."
    return f"{text} {next_step}".rstrip()
