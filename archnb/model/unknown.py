"""The answer of a model that cannot tell: why, and what to write into the design so that it can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Unknown:
    """What the design does not say. It is false, so that `if answer:` leaves the known one.

    >>> answer = Unknown("two entities could be the tenant", "auth.tenant: Workspace")
    >>> "known" if answer else f"write {answer.line}"
    'write auth.tenant: Workspace'
    """

    reason: str
    # a line of the design file that would settle it; empty where no single line does
    line: str = ""

    def __bool__(self) -> Literal[False]:
        return False
