"""What a job that nobody asks for needs of the rows that it makes: that a second run finds the row of the first."""

from __future__ import annotations

import dataclasses

from archnb.design.conditions import Filter
from archnb.design.entities import Entity, Field
from archnb.design.invariants import Invariant
from archnb.design.record import Named
from archnb.model import Upkeep
from archnb.naming import words
from archnb.topics.topic import Draft


def keep_periods(draft: Draft, entities: Named[Entity]) -> Named[Entity]:
    """The entities with the period that a row is for, and with one row for it, where a job makes one each period."""
    made = dict(entities)
    for one in draft.model.upkeeps.list_all():
        if one.kind == "renew" and one.target in made:
            made[one.target] = _keep_period(draft, one, made[one.target])
    return Named(made)


def _keep_period(draft: Draft, one: Upkeep, entity: Entity) -> Entity:
    reference, start = one.unique
    path = f"entities.{one.target}"
    if start not in draft.model.fields(one.target):
        kind = draft.model.fields(one.entity)[one.moment].type
        draft.note(
            f"{path}.fields.{start}",
            f"the job {one.name} makes a {words(one.target)} a period: it must say of which it is, or nobody can tell the second of one"
            " period from the first of the next. One that is made in between is of the day on which it is made",
        )
        field = Field(type=kind, default="now()")
        entity = dataclasses.replace(entity, fields=Named({**entity.fields, start: field}))
    joined = [{part.strip() for part in text.split("+")} for text in entity.unique]
    if not any(parts <= {reference, start} for parts in joined):
        draft.note(
            f"{path}.unique",
            f"{reference} + {start}: the job {one.name} makes one for each {words(one.entity)} and period; a second run of it, or one after a crash,"
            " is refused by the engine and makes none",
        )
        entity = dataclasses.replace(entity, unique=(*entity.unique, f"{reference} + {start}"))
    return entity


def list_open(draft: Draft, name: str) -> list[tuple[Invariant, str]]:
    """The lines by which what a job raises is open once at most, each with its reason, unless the design says or refuses it."""
    said = draft.design.entities[name].holds
    made = []
    for one in draft.model.upkeeps.list_all():
        if one.kind != "check" or one.target != name or not one.unique:
            continue
        if any(each.kind == "one" and {*each.per} == {*one.unique} for each in said):
            continue
        line = Invariant(
            kind="one", per=one.unique, where=(Filter(field=one.moment, comparison="is missing"),)
        )  # fmt: skip
        reason = (
            f"{one.name} raises one {words(name)} for what is passed, however often it is: a second that is open of the same"
            f" {' and '.join(one.unique)} is refused, until {one.moment} is set."
        )
        made.append((line, reason))
    return made


__all__ = ["keep_periods", "list_open"]
