"""How long rows live and whether they change: deleted softly, only ever added, or neither."""

from __future__ import annotations

from collections.abc import Mapping

from archnb.design.entities import AccessPattern, Entity
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys
from archnb.model.references import References
from archnb.naming import split_words
from archnb.quantity import parse

# the names of a field that says of a row that stays that it is deleted
_DELETED = frozenset({("deleted", "at"), ("deleted", "on"), ("removed", "at"), ("deleted",), ("is", "deleted")})
_STATES = frozenset({"status", "state", "phase", "stage"})
# from so many rows a second on, what is only added is a stream
STREAM_RATE = "100/s"


class Lifetimes:
    """How rows live, from the fields of entities and the patterns that touch them."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        access: Mapping[str, AccessPattern],
        inheritance: Inheritance,
        keys: Keys,
        references: References,
    ) -> None:
        self._entities, self._access, self._inheritance = entities, access, inheritance
        self._keys, self._references = keys, references
        self._writers: dict[str, list[AccessPattern]] = {}
        for one in access.values():
            if one.writes:
                self._writers.setdefault(one.writes, []).append(one)
        self._steps: dict[str, list[str]] = {}
        for one in access.values():
            for step in one.steps:
                if step.entity:
                    self._steps.setdefault(step.entity, []).append(step.action or "")
                    if step.undo:
                        self._steps[step.entity].append(step.undo)

    # -- soft deletion

    def find_soft_delete(self, entity: str) -> str | None:
        """The field that says of a row that it is deleted, said or by its name and type; None where rows are deleted."""
        for name in self._inheritance.list_ancestry(entity):
            record = self._entities[name]
            if record.soft_delete is not None:
                return record.soft_delete if record.soft_delete in self._inheritance.fields(entity) else None
        return self.conclude_soft_delete(entity)

    def conclude_soft_delete(self, entity: str) -> str | None:
        """The field that says so by its name: an optional time `deleted_at`, or a flag `is_deleted`."""
        for name, one in self._inheritance.fields(entity).items():
            if split_words(name) not in _DELETED:
                continue
            if (one.type in ("timestamp", "date") and one.optional) or one.type == "bool":
                return name
        return None

    # -- only ever added

    def is_append_only(self, entity: str) -> bool:
        """Whether rows are only ever added, said or concluded."""
        record = self._entities.get(entity)
        if record is None:
            return False
        if record.append_only is not None:
            return record.append_only
        return self.conclude_append_only(entity) is not None

    def conclude_append_only(self, entity: str) -> str | None:
        """Why rows are only ever added, None where that does not follow: a stream of measurements, or entries of books."""
        record = self._entities[entity]
        if record.extends is not None or self.find_soft_delete(entity) is not None or record.states or record.history:
            return None
        writers = self._writers.get(entity, [])
        is_only_added = all(one.action == "create" for one in writers)
        steps_add = all(
            action in ("create", "add", "record", "append", "post", "log") for action in self._steps.get(entity, ())
        )
        if not (writers or entity in self._steps) or not is_only_added or not steps_add:
            return None
        fields = self._inheritance.fields(entity)
        if any(one.type == "enum" and split_words(name)[-1] in _STATES for name, one in fields.items()):
            return None
        if any(one.on_delete == "cascade" for one in fields.values()):
            # rows that go with another are deleted after all
            return None
        times = [name for name, one in fields.items() if one.type == "timestamp" and not one.optional]
        if not times or any(one.type == "timestamp" and one.optional for one in fields.values()):
            return None
        if split_words(times[0])[0] in ("updated", "changed", "modified"):
            return None
        if self._is_entry(entity):
            return "its money stands in the books, where a mistake is reversed by another entry: nothing changes or deletes one"
        is_referenced = bool(self._references.list_to(entity) or self._references.list_relationships(entity))
        if is_referenced or not self._is_measured(entity, record) or not self._is_stream(record, writers):
            return None
        return "rows arrive as a stream and nothing changes one: what was measured stays as it was"

    def _is_measured(self, entity: str, record: Entity) -> bool:
        """Whether a row is of something else at a time: its key holds the time, or it goes after a while."""
        own = self._references.list_from(entity)
        key = self._keys.fields(entity)
        fields = self._inheritance.fields(entity)
        if any(name in fields and fields[name].type == "timestamp" for name in key):
            return bool(own)
        return bool(own) and record.retention is not None and not all(one.is_key for one in own)

    def _is_stream(self, record: Entity, writers: list[AccessPattern]) -> bool:
        least = parse(STREAM_RATE)
        rates = [one.rate for one in writers if one.rate is not None]
        if record.growth is not None and not record.growth.unit.is_percent:
            rates.append(record.growth)
        return any(rate.low * rate.unit.factor >= least.low * least.unit.factor for rate in rates)

    def _is_entry(self, entity: str) -> bool:
        """Whether rows are entries of books: an amount of money, and a reference to what keeps a balance."""
        fields = self._inheritance.fields(entity)
        if not any(one.type == "money" for one in fields.values()):
            return False
        return any(
            one.type == "money" and split_words(name)[-1] == "balance"
            for reference in self._references.list_from(entity)
            if reference.is_required
            for name, one in self._inheritance.fields(reference.target).items()
        )

    def is_stream(self, entity: str) -> bool:
        """Whether rows arrive as a stream, of which a row that is sent twice does no harm or is told by its key."""
        return self.is_append_only(entity) and not self._is_entry(entity)

    def needs_record(self, pattern: str) -> bool:
        """Whether a repeat of a write does harm that only a record of the first one prevents: it makes a row, or calls a third party.

        A stream has no such record, and what a worker or job does is told by its own key.
        """
        asked = self._access[pattern]
        if asked.writes is None or asked.action == "upsert" or asked.is_async or self.is_stream(asked.writes):
            return False
        return asked.action == "create" or any(step.via for step in asked.steps)

    def is_told_by_key(self, entity: str) -> bool:
        """Whether a row sent twice is told by its key: no part of it is made by the server."""
        key = self._keys.find(entity)
        return key.is_declared and not any(self._keys.is_made_by_server(entity, field) for field in key.fields)
