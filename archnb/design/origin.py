"""Where a design was read from: the text that it said then, by file. With it a save knows whether somebody changed the file
since, and a design that is saved under another name takes its comments along. It says nothing of the design itself: two
designs are equal whatever they were read from.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class Origin:
    """What one reading, and the saves of what was made from it, know of files.

    text: the text last read or saved; files: by resolved path, the text that the file is believed to hold.
    """

    text: str
    files: dict[str, str] = field(default_factory=dict)

    def believe(self, path: str, text: str) -> None:
        """Hold that a file has this text now."""
        self.text = self.files[path] = text
