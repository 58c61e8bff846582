"""How it changes, completed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.planned.record import Planned
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Migrations(Planned):
    """The way in which schema and API change."""

    version: str
    strategy: Literal["expand-contract", "maintenance window"]
    lock_timeout: Quantity
    backfill_batch: int
    api_deprecation: Quantity
