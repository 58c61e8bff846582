"""How the design changes over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.declaration import DELAY, DURATION, TIME, Range, said
from archnb.design.record import Record
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Migrations(Record):
    """The migrations section."""

    version: str | None = said("Which version of the design is this?", example="1.2.0", proposed="0.1.0")
    strategy: Literal["expand-contract", "maintenance window"] | None = said(
        "How does the schema change?", example="expand-contract", proposed="expand-contract"
    )
    lock_timeout: Quantity | None = said(
        "How long may a change wait for a lock?", unit=TIME, example="2 s", within=DURATION, proposed="2 s"
    )
    backfill_batch: int | None = said(
        "How many rows does a backfill change at once?",
        example="5000",
        within=Range(least="1", most="1000000000", is_whole=True),
        proposed="5000",
    )
    api_deprecation: Quantity | None = said(
        "How long does an old API version live on?", unit=TIME, example="6 months", within=DELAY, proposed="6 months"
    )
