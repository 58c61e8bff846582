"""Values that a row holds though they follow from other rows: when it was last heard of, what its entries add up to.

Somebody has to keep such a value, and nothing says when it has gone wrong: a device that falls silent sends no error, a balance
that is off by a cent is refused by no constraint. So what keeps it, and what watches it, follows from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from archnb.design.entities import AccessPattern, Entity
from archnb.model.inheritance import Inheritance
from archnb.model.lifetimes import Lifetimes
from archnb.model.references import References
from archnb.model.writes import Writes
from archnb.naming import split_words

# words of a time at which something last gave a sign of life
_HEARD = frozenset(
    {"heard", "seen", "contact", "contacted", "ping", "pinged", "heartbeat", "reported", "online", "alive", "checkin"}
)
# steps by which a write tells the row that it is of
_TOUCHING = frozenset({"update", "touch", "set", "mark", "refresh", "upsert"})


@dataclass(frozen=True)
class Heartbeat:
    """A time of a row that follows from what it sends: the latest `moment` of its rows of `stream`, which refer to it by `by`.

    kept_by: the operation that sets it, '' where none does.
    """

    entity: str
    field: str
    stream: str
    by: str
    moment: str
    kept_by: str


@dataclass(frozen=True)
class Balance:
    """A sum that a row holds: of the `amount` of its rows of `entries`, which refer to it by `by`.

    group: the entity whose entries come to zero together, by the field `group_by` of an entry; both '' where there is none.
    """

    entity: str
    field: str
    entries: str
    by: str
    amount: str
    group: str = ""
    group_by: str = ""


class Derivations:
    """The values of a design that follow from other rows."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        access: Mapping[str, AccessPattern],
        inheritance: Inheritance,
        references: References,
        lifetimes: Lifetimes,
        writes: Writes,
    ) -> None:
        self._entities, self._access, self._inheritance = entities, access, inheritance
        self._references, self._lifetimes, self._writes = references, lifetimes, writes

    @cached_property
    def heartbeats(self) -> tuple[Heartbeat, ...]:
        """The times of a last sign of life that a stream feeds, one an entity."""
        return tuple(found for name in self._entities if (found := self._find_heartbeat(name)) is not None)

    def _find_heartbeat(self, entity: str) -> Heartbeat | None:
        fields = self._inheritance.fields(entity)
        heard = next(
            (
                name
                for name, one in fields.items()
                if one.type == "timestamp" and one.optional and {*split_words(name)} & _HEARD
            ),
            None,
        )
        if heard is None:
            return None
        for reference in self._references.list_to(entity):
            if not reference.is_required or not self._lifetimes.is_stream(reference.entity):
                continue
            times = self._inheritance.fields(reference.entity).items()
            moment = next((name for name, one in times if one.type == "timestamp" and not one.optional), None)
            if moment is not None:
                kept = next((name for name, one in self._access.items() if self._sets(one, entity, heard)), "")
                return Heartbeat(entity, heard, reference.entity, reference.field, moment, kept)
        return None

    def _sets(self, pattern: AccessPattern, entity: str, field: str) -> bool:
        if any(one.entity == entity and one.action in _TOUCHING for one in pattern.steps):
            return True
        is_change = pattern.writes == entity and pattern.effect != "create"
        return is_change and any(one.field == field for one in pattern.sets)

    @cached_property
    def balances(self) -> tuple[Balance, ...]:
        """The sums that rows hold of entries that are only ever added, one a pair of entities."""
        found = []
        for entity in self._entities:
            held = [
                name
                for name, one in self._inheritance.fields(entity).items()
                if one.type in ("money", "decimal") and split_words(name)[-1] == "balance"
            ]
            # two balances of one row: which entries are whose stands nowhere
            if len(held) == 1:
                found += self._find_balances(entity, held[0])
        return tuple(found)

    def _find_balances(self, entity: str, field: str) -> list[Balance]:
        made = []
        for reference in self._references.list_to(entity):
            entries = reference.entity
            amounts = [
                name
                for name, one in self._inheritance.fields(entries).items()
                if one.type in ("money", "decimal") and split_words(name)[-1] != "balance"
            ]
            same = [one for one in self._references.list_from(entries) if one.target == entity]
            # a transfer between two of them is no entry of either
            if not reference.is_required or len(amounts) != 1 or len(same) != 1:
                continue
            if not self._lifetimes.is_append_only(entries):
                continue
            group, by = self._find_group(entity, entries)
            made.append(Balance(entity, field, entries, reference.field, amounts[0], group, by))
        return made

    def _find_group(self, entity: str, entries: str) -> tuple[str, str]:
        """What entries come to zero by: the movement that takes from one row and gives to another."""
        for reference in self._references.list_from(entries):
            for pattern in self._access.values():
                if pattern.writes != reference.target or not reference.is_required:
                    continue
                makes = any(one.action == "create" and one.entity == entries for one in pattern.steps)
                if makes and len(self._writes.list_sides(pattern.steps, entries)) >= 2:
                    return reference.target, reference.field
        return "", ""


__all__ = ["Balance", "Derivations", "Heartbeat"]
