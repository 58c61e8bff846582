"""Where a design was read from: what errors call it, where its lines are, and the text that it said then, by file. With it an
error has its line, a save knows whether somebody changed the file since, and a design that is saved under another name takes
its comments along. It says nothing of the design itself: two designs are equal whatever they were read from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from archnb.exceptions import InputError, Problem


@dataclass(eq=False)
class Held:
    """What files hold, as one reading, and the saves of what was made from it, know them.

    text: the text last read or saved; files: by resolved path, the text that the file is believed to hold.
    """

    text: str
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Origin:
    """What a design was read from. What is made from it shares what is `held`, but stands on no line.

    where: what errors call it; find_line: gives a problem its line in the text, None where there is no such text.
    """

    held: Held
    where: str = ""
    find_line: Callable[[Problem], Problem] | None = None

    @property
    def text(self) -> str:
        """The text last read or saved."""
        return self.held.text

    @property
    def files(self) -> dict[str, str]:
        """By resolved path, the text that the file is believed to hold."""
        return self.held.files

    def believe(self, path: str, text: str) -> None:
        """Hold that a file has this text now."""
        self.held.text = self.held.files[path] = text

    def hand_on(self) -> Origin:
        """The origin of a design that was made from this one: it is saved with the same care, but its values stand elsewhere."""
        return replace(self, where="", find_line=None)

    def locate(self, problems: Iterable[Problem]) -> InputError:
        """The error of some problems, with their lines where they stand on some."""
        return InputError(map(self.find_line, problems) if self.find_line is not None else problems, self.where)
