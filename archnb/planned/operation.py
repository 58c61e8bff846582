"""One operation, one record: everything that the sections concluded of it, joined by its name.

API document, permissions, transactions, errors, monitoring, mock and proof read it, so that no two of them can disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archnb.design.record import Named
from archnb.planned.api import Contract
from archnb.planned.auth import Grant
from archnb.planned.cache import CachePolicy
from archnb.planned.decisions import Transaction
from archnb.planned.entities import AccessPattern
from archnb.planned.erasure import Erasure
from archnb.planned.errors import ErrorCode
from archnb.planned.flow import Hop
from archnb.planned.jobs import Saga
from archnb.planned.monitoring import Slo
from archnb.planned.record import Planned
from archnb.planned.requirements import Objective
from archnb.planned.statements import Statement
from archnb.quantity import Quantity, parse

Caller = Literal["person", "program"]


@dataclass(frozen=True, kw_only=True)
class Operation(Planned):
    """An operation with its parts. What it has at most one of stands in a collection that may be empty.

    patterns: the access pattern that it serves. statements: what it runs, in order; none where another store answers it. grants: on which rows each role may call it; one that is refused is `none`.
    callers: who proves themselves how, none where everybody may call it. erasures: what it does where it erases somebody's
    data. hops: its way through the parts. slos: the promises that count it by name.
    """

    name: str
    contract: Contract
    patterns: tuple[AccessPattern, ...]
    statements: tuple[Statement, ...]
    objective: Objective
    grants: Named[Grant]
    callers: tuple[Caller, ...]
    # the scope of a token that opens it, '' where everybody may call it
    scope: str = ""
    cached: tuple[CachePolicy, ...]
    hops: tuple[Hop, ...]
    transactions: tuple[Transaction, ...]
    sagas: tuple[Saga, ...]
    erasures: tuple[Erasure, ...]
    errors: Named[ErrorCode]
    slos: Named[Slo]

    @property
    def rate(self) -> Quantity:
        """How often it is called at the peak; of what no access pattern says, never."""
        return self.patterns[0].rate if self.patterns else parse("0/s")

    @property
    def cache_control(self) -> str:
        """How long the answer may be kept (RFC 9111, section 5.2.2): its lifetime where the policy is a cache of HTTP, else not unasked.

        What is for whoever proved who they are is kept by no cache that several share (section 3.5).
        """
        kept = next((policy for policy in self.cached if policy.store == "http"), None)
        who = "public" if self.contract.is_public else "private"
        return "no-cache" if kept is None else f"{who}, max-age={int(kept.ttl.base)}"
