"""Entities as resources: what identifies one, what its properties are called, what belongs inside it.

A resource's property is a field of its entity in snake_case, and a reference is the id of what it refers to. A thing that
cannot stand without its parent (its key or a cascading reference says so, and nothing creates it on its own) is a part of
the parent: it travels in the parent's body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from archnb.design import Design
from archnb.design.api import Operation
from archnb.design.conditions import read_value
from archnb.design.entities import AccessPattern, Field
from archnb.model import Embed, Model, Setting
from archnb.naming import singular, snake, split_words
from archnb.planned.entities import AccessPattern as PlannedPattern
from archnb.planned.entities import Setting as PlannedSetting

# timestamps that the server sets itself: created_at, placed_at; not what people plan: scheduled_at
_SET_BY_SERVER = re.compile(r"(?!scheduled_|planned_|wanted_|desired_|requested_)\w*(ed|sent|paid|seen)_(at|on|time)")
_MANAGED = frozenset({"version", "row_version", "etag", "created_by", "updated_by"})
_STATE = frozenset({"status", "state"})
_SUM = frozenset({"total", "subtotal", "amount", "grand_total", "total_amount", "tax", "total_price"})


class Resources:
    """The entities of one design as resources. Answers are kept, since every operation asks them again."""

    def __init__(self, design: Design, model: Model | None = None) -> None:
        self.design = design
        self.model = model or Model(design)
        self._parts: dict[str, tuple[str, ...]] = {}
        creations = [
            (name, one.writes)
            for name, one in design.access.items()
            if one.writes and (one.action or "create") == "create"
        ]
        self._created = {entity for _, entity in creations}
        # `create_order_line` says no more than that it can be done; `put_in_cart` is how lines come to be
        self._created_alone = {entity for name, entity in creations if name != f"create_{snake(entity)}"}
        # what was concluded of the access patterns, once it was; filled by the topic
        self.concluded: Mapping[str, PlannedPattern] = {}
        # examples already made, kept by the module that makes them
        self.examples: dict[tuple[str, int], dict[str, object]] = {}
        # the bodies of each operation with the record that they were made of, kept by the module that makes them
        self.bodies: dict[str, tuple[Operation, tuple[Any, Any]]] = {}

    def fields(self, entity: str) -> Mapping[str, Field]:
        """The fields with the inherited ones, and an `id` where the entity says no key."""
        return self.model.properties.fields(entity)

    def key(self, entity: str) -> tuple[str, ...]:
        """The fields that identify one."""
        return self.model.keys.fields(entity)

    def names(self, entity: str) -> dict[str, str]:
        """The JSON property of every field, each once."""
        return self.model.properties.names(entity)

    def is_generated(self, entity: str, name: str) -> bool:
        """Whether the server makes the value: a generated key, a time stamp of an event, a version."""
        field = self.fields(entity)[name]
        if field.type == "key" or self.model.keys.is_made_by_server(entity, name):
            return True
        words = snake(name)
        if field.type == "timestamp" and field.default is not None:
            return True
        return (field.type == "timestamp" and _SET_BY_SERVER.fullmatch(words) is not None) or words in _MANAGED

    def is_of_people(self, entity: str) -> bool:
        """Whether the entity holds personal data or secrets, so that its id is nothing for the public: it tells whose a row is."""
        return self.model.people.holds_private(entity)

    def natural_key(self, entity: str) -> tuple[str, ...]:
        """The key's fields where the caller gives them, so that they may be taken already; none where the server makes one."""
        key, fields = self.key(entity), self.fields(entity)
        return key if all(one in fields and not self.is_generated(entity, one) for one in key) else ()

    def is_state(self, entity: str, name: str) -> bool:
        """Whether the field is the state of a life cycle, which only commands may move."""
        field = self.fields(entity)[name]
        return field.type == "enum" and split_words(name)[-1] in _STATE

    def is_sum(self, entity: str, name: str) -> bool:
        """Whether the field is an amount that follows from the parts."""
        return self.fields(entity)[name].type in ("money", "decimal") and snake(name) in _SUM

    def has_price(self, entity: str) -> str | None:
        """The first amount of an entity, which is what others look up."""
        return next((name for name, field in self.fields(entity).items() if field.type == "money"), None)

    def referring(self, entity: str) -> list[tuple[str, str]]:
        """Which fields of which entities refer to an entity."""
        return [(one.entity, one.field) for one in self.model.references.list_to(entity)]

    def parent(self, entity: str) -> str | None:
        """The field that binds an entity to the one parent it goes with, or None: a cascading reference, or the name says whose it is."""
        words, found = split_words(entity), list[str]()
        for name, field in self.fields(entity).items():
            if field.references is not None and field.references != entity and not field.optional:
                owner = split_words(field.references)
                is_named = words[: len(owner)] == owner and len(words) > len(owner) and name in self.key(entity)
                if field.on_delete == "cascade" or is_named:
                    found.append(name)
        return found[0] if len(found) == 1 else None

    def settings(self, name: str, pattern: AccessPattern) -> tuple[Setting | PlannedSetting, ...]:
        """What a write sets, and from where: as was concluded of its access pattern, and nothing else decides it."""
        if self.design.access.get(name) is pattern and name in self.concluded:
            return self.concluded[name].sets
        return self.model.writes.list_settings(name, pattern)

    def given(self, name: str, pattern: AccessPattern) -> tuple[Setting | PlannedSetting, ...]:
        """What a write takes from its caller, or from those of its callers whom the token does not name."""
        return tuple(one for one in self.settings(name, pattern) if one.source == "caller" or one.given_by)

    def extras(self, name: str, pattern: AccessPattern) -> dict[str, Field]:
        """What a write takes from its caller that is no field of its entity, by property: the amount by which a number is moved, and
        the row of a relationship without which there is none.
        """
        entity = pattern.writes or ""
        fields, found = self.fields(entity), dict[str, Field]()
        for one in self.settings(name, pattern):
            value = read_value(one.value) if one.source == "row" and one.value else None
            if value is not None and value.kind == "change" and value.by[:1].isalpha() and value.by not in fields:
                about = fields[one.field]
                found[value.by] = Field(type=about.type, length=about.length, scale=about.scale, minimum=1)
        return found | self.relations(entity) if pattern.effect == "create" else found

    def relations(self, entity: str) -> dict[str, Field]:
        """The rows of relationships that a row of an entity has by no field of its own, by the column that keeps each."""
        found: dict[str, Field] = {}
        table = self.model.places.tables.get(self.model.places.find_table(entity) or "")
        for key in table.foreign_keys.values() if table is not None else ():
            target = self.model.places.tables.get(key.references or "")
            about = table.columns.get(key.columns[0]) if table is not None else None
            if len(key.columns) != 1 or about is None or about.field or target is None:
                continue
            if target.entity is not None and target.entity in self.design.entities:
                found[key.columns[0]] = Field(references=target.entity, optional=about.nullable or None)
        return found

    def given_with(self, outer: str, inner: str, pattern: AccessPattern) -> tuple[Setting | PlannedSetting, ...]:
        """What a caller gives of something that is made together with another thing: of an order's lines, product and quantity."""
        made = AccessPattern(writes=inner, action="create", roles=pattern.roles)
        found = self.given(f"create_{snake(inner)}", made)
        return tuple(one for one in found if self.fields(inner)[one.field].references != outer)

    def is_stream(self, pattern: AccessPattern) -> bool:
        """Whether a write adds rows to a stream, of which nothing is ever changed: one call may carry many, and no key is kept for each.

        What is entered in books is none: each movement of money has its own key and its own answer.
        """
        entity = pattern.writes or ""
        if pattern.action != "create" or pattern.steps or not self.model.lifetimes.is_append_only(entity):
            return False
        return not any(field.type == "money" for field in self.fields(entity).values())

    def is_made_by_step(self, entity: str, pattern: AccessPattern) -> bool:
        """Whether a step of a write makes the rows of an entity without naming it: what reserves makes a Reservation."""
        stems = [
            (step.action or "")[: max(5, len(step.action or "") - 2)] for step in pattern.steps if step.entity != entity
        ]
        return any(len(one) >= 5 and snake(entity).startswith(one) for one in stems)

    def parts(self, entity: str) -> tuple[str, ...]:
        """The entities that travel in this one's body: they cannot stand without it, and nothing creates them alone."""
        if entity not in self._parts:
            found = []
            joining = {one.entity for one in self.model.people.memberships}
            for child, via in self.referring(entity):
                if child in joining:
                    # who is a member is a matter of its own
                    continue
                field = self.fields(child)[via]
                named = split_words(child)[: len(split_words(entity))] == split_words(entity)
                # of a key of two references the parent is the one whose name the child carries: OrderLine is Order's, Stock nobody's
                is_identified = named and via in self.key(child) and child not in self._created_alone
                is_bound = is_identified or (field.on_delete == "cascade" and child not in self._created)
                if is_bound and not field.optional and child != entity and child not in found:
                    found.append(child)
            self._parts[entity] = tuple(found)
        return self._parts[entity]

    def embeds(self, entity: str) -> dict[str, Embed]:
        """What else may stand in a body, by the name of the entity or the relationship."""
        return self.model.properties.embeds(entity)

    def id_parameter(self, entity: str, name: str) -> str:
        """What a key field is called in a path: `order_id` for `id`, else its own name."""
        words = self.names(entity)[name]
        return f"{singular(snake(entity))}_id" if words == "id" else words


_last: Resources | None = None


def find_resources(model: Model) -> Resources:
    """The resources of a design; the last ones are kept, since every step of a plan asks for the same."""
    global _last
    design = model.design
    known = _last
    if known is not None:
        before = known.design
        if (
            before.entities is design.entities
            and before.access is design.access
            and before.relationships is design.relationships
        ):
            return known
    _last = Resources(design, model)
    return _last


__all__ = ["Embed", "Resources", "find_resources"]
