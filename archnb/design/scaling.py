"""How the design grows: what saturates when, and what is done then."""

from __future__ import annotations

from dataclasses import dataclass

from archnb.design.declaration import FREE_SHARE, NUMBER, TIME, Range, said
from archnb.design.record import Named, Record
from archnb.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Resource(Record):
    """Something that can run out: its limit, the fact that demands it, what is done when it is near."""

    component: str | None = said("Of which component?", example="main", refers="component")
    limit: Quantity | None = said("How much is there?", example="4 TB", within=Range(above="0"))
    demand: str | None = said("Which fact is the demand today?", example="load.peak_requests")
    action: str | None = said("What is done when it runs out?", example="add a read replica")
    headroom: Quantity | None = said("Which share stays free?", unit=NUMBER, example="30%", within=FREE_SHARE)


@dataclass(frozen=True, kw_only=True)
class Scaling(Record):
    """The scaling section."""

    horizon: Quantity | None = said(
        "How far ahead?",
        unit=TIME,
        example="36 months",
        within=Range(above="0 s", most="100 years"),
        proposed="36 months",
    )
    headroom: Quantity | None = said(
        "Which share of every resource stays free?", unit=NUMBER, example="30%", within=FREE_SHARE, proposed="30%"
    )
    resources: Named[Resource] = said("What can run out?", default=dict)
