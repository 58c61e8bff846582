"""What a write sets in one field of a row, and from where the value comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Source = Literal["caller", "token", "server", "row", "constant"]
NUMBERS = ("int", "bigint", "smallint", "decimal", "money", "float")


@dataclass(frozen=True)
class Setting:
    """A field that a write sets.

    value: as a design writes it, '' for the caller's. is_required: whether the caller must give it.
    """

    field: str
    source: Source
    value: str = ""
    is_required: bool = False
    reason: str = ""
    # the roles that are not the one whom the token names, and so give it themselves
    given_by: tuple[str, ...] = ()


__all__ = ["NUMBERS", "Setting", "Source"]
