"""Journeys of whoever may not: without a token, in every role that is refused, and on rows of others; nothing is learnt or left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archnb.planned import Operation
from archnb.serve.inside import Reply
from archnb.serve.problems import find_status
from archnb.serve.records import Record

if TYPE_CHECKING:
    pass

from archnb.verify.journey_writes import WriteJourneys
from archnb.verify.visits import TRIED, Story, WrongError, describe

Json = Any


class Refusals(WriteJourneys):
    """Asks for what is not to be had."""

    def _refuse(self, operation: Operation, story: Story) -> None:
        """Whoever may not is refused, and learns nothing."""
        contract = operation.contract
        if contract.is_public:
            return
        values: dict[str, Json] = {
            name: one.example for name, one in contract.parameters.items() if one.place != "header" and name != "cursor"
        }
        body = (
            None if contract.request.is_empty else {k: v for k, v in contract.request.example.items() if k != "cursor"}
        )
        before = self._count_rows(contract.entity) if contract.entity else 0
        reply = self.ask(operation, None, values, body)
        if reply.status != 401 or "www-authenticate" not in reply.headers:
            raise WrongError(f"without a token: 401 is planned, {describe(reply)} came")
        refused = 0
        for role in self.planned.auth.roles:
            grant = operation.grants.get(role)
            caller = next(iter(self.callers(role)), None)
            if caller is None or (grant is not None and not grant.is_refused):
                continue
            reply = self.ask(operation, caller, values, body)
            if reply.status != find_status(self.planned.errors, "forbidden"):
                raise WrongError(f"as {role}, who may not: 403 is planned, {describe(reply)} came")
            refused += 1
        story.seen.append(
            f"401 without a token, 403 for {refused} role{'s' * (refused != 1)}" if refused else "401 without a token"
        )
        self._refuse_rows(operation, story)
        if contract.entity and self._count_rows(contract.entity) != before:
            raise WrongError("a refused request left something behind")

    def _refuse_rows(self, operation: Operation, story: Story) -> None:
        """A row of others is as one that is not there."""
        contract, pattern = operation.contract, operation.patterns[0] if operation.patterns else None
        if pattern is None or pattern.kind == "create" or pattern.is_upsert:
            return
        if contract.response.is_list or pattern.aggregate:
            return
        entity = contract.entity
        for role, grant in operation.grants.items():
            if not grant.is_by_row:
                continue
            for row in self.oracle.list_rows(entity)[:TRIED]:
                values = self._parameters(operation, entity, row)
                key = {name: self._json(entity, row, name) for name in self.model.keys.fields(entity)}
                other = next((one for one in self.callers(role) if not self.holds(grant, one, row)), None)
                found = self.records.find(entity, key)
                if other is None or any(one is None for one in values.values()) or not found:
                    continue
                body = self._change_body(operation, entity, found[0])
                reply = self.ask(
                    operation, other, values, body, **{"If-Match": "*"} if "If-Match" in contract.parameters else {}
                )
                is_other = (
                    bool(contract.own) and reply.status == contract.status and not self._shows(entity, reply, key)
                )
                if reply.status not in (403, 404) and not is_other:
                    raise WrongError(f"as {role}, on a row of others: 404 is planned, {describe(reply)} came")
                if self.records.find(entity, key) != found:
                    raise WrongError(f"as {role}, a row of others was changed")
                story.seen.append(f"{reply.status} for {role} on rows of others")
                break

    def _shows(self, entity: str, reply: Reply, key: Record) -> bool:
        """Whether an answer is the row with this key."""
        names = self.model.properties.names(entity)
        return all((reply.json or {}).get(names[name]) == value for name, value in key.items())


__all__ = ["Refusals"]
