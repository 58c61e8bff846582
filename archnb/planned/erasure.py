"""The erasure of a person's data, completed: what happens to each row, and to every copy outside the tables.

The statement list, the API's answer, the transaction and the job are made from the same steps, so that none promises what
another refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.planned.record import Planned
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class ErasureStep(Planned):
    """What is done to the rows of an entity or to a relationship's pairs, in the order in which the engine takes it.

    way: the references from such a row to the person, as Entity.field; none for the person's own row. fields: what is
    overwritten by a placeholder, or by nothing where it may be empty. is_along: the engine does it with the row referred to.
    """

    entity: str = ""
    relationship: str = ""
    fate: Literal["delete", "overwrite", "detach"]
    way: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    is_along: bool = False
    reason: str


@dataclass(frozen=True, kw_only=True)
class Erasure(Planned):
    """The erasure of one row's data. operation: the one that does it. keeps_row: whether the row stays, telling nobody.

    copies: the stores that hold copies. caches: the cache policies whose answers show it. job: what erases it there, within
    deadline, and once more after a backup was restored.
    """

    entity: str
    operation: str
    keeps_row: bool = False
    steps: tuple[ErasureStep, ...]
    copies: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()
    job: str
    deadline: Quantity
    logs: str
    backups: str


__all__ = ["Erasure", "ErasureStep"]
