"""Journeys: the planned service lived through, by everybody who may and by everybody who may not.

For each operation: whoever may do it does it, and what comes back and what is in the database is compared with what the
plan says; then it is done again, with an old version, in a wrong state, by somebody without a token, by every role that may
not, and on rows of others. What must come back is worked out here, from the said access patterns and the sample rows; the
service is only asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from archnb.exceptions import EngineMissing
from archnb.planned import Operation
from archnb.serve import Limits, check_libraries
from archnb.verify.proof import Check, Proof, conclude

if TYPE_CHECKING:
    from archnb.plan import Plan

from archnb.verify.journey_reads import ReadJourneys
from archnb.verify.journey_refusals import Refusals
from archnb.verify.visits import Story, WrongError

ARTEFACT = "the running service"


def verify_journeys(plan: Plan, **_: Any) -> Proof:
    """Live through the planned service on SQLite, in this process."""
    from archnb.verify.service import open_service

    started = time.perf_counter()
    try:
        check_libraries()
    except EngineMissing as missing:
        check = Check("engine", "not run", str(missing))
        return Proof(ARTEFACT, "Starlette on SQLite", "", "not verified", 0, 0.0, "not run", (check,))
    with open_service(plan, limits=Limits(is_strict=False)) as service:
        journeys = Journeys(plan, service, service.rows)
        details = tuple(journeys.run())
        version = service.database.fetch("SELECT sqlite_version()")[0][0]
    seconds, verdict = time.perf_counter() - started, conclude(details)
    kind: Any = "not verified" if verdict == "not run" else "executed on the engine"
    return Proof(ARTEFACT, "Starlette on SQLite", str(version), kind, journeys.count, seconds, verdict, details)


class Journeys(ReadJourneys, Refusals):
    """The journeys over one service."""

    def run(self) -> Iterator[Check]:
        """Every operation: reads over the sample as it is, then the writes, deletions last."""
        order = {"read": 0, "create": 1, "update": 2, "delete": 3}
        operations = sorted(
            self.planned.operations.values(), key=lambda one: order[one.patterns[0].kind] if one.patterns else 0
        )
        for operation in operations:
            entity = operation.contract.entity
            if entity and not self.records.is_served(entity):
                yield Check(f"journey {operation.name}", "not run", f"{entity} is in a store that is not run here")
                continue
            story = Story()
            try:
                self._live(operation, story)
                self._refuse(operation, story)
            except WrongError as wrong:
                yield Check(f"journey {operation.name}", "failed", str(wrong))
                continue
            told = "; ".join([*story.seen, *(f"not tried: {one}" for one in story.left)])
            yield Check(f"journey {operation.name}", "passed" if story.seen else "not run", told)

    def _live(self, operation: Operation, story: Story) -> None:
        pattern = operation.patterns[0] if operation.patterns else None
        if pattern is None or not operation.contract.entity:
            story.left.append("it is about no entity")
            return
        if not operation.contract.is_public and all(one.is_refused for one in operation.grants.values()):
            story.left.append("nobody may do it, until the design says who")
            return
        if pattern.is_read:
            if operation.contract.response.is_list:
                self._live_list(operation, pattern, story)
            else:
                self._live_get(operation, pattern, story)
        elif pattern.kind == "create":
            self._live_create(operation, pattern, story)
        else:
            self._live_change(operation, pattern, story)
            if pattern.is_upsert:
                self._live_put(operation, pattern, story)


__all__ = ["Journeys", "verify_journeys"]
