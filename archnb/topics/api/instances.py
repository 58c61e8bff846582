"""Instances: one story in all examples, in which what one operation makes is what the next one gets, lists and changes.

The prices of parts are those of what they refer to, totals add up, and what always holds of rows holds of these.
"""

from __future__ import annotations

from collections.abc import Mapping

from archnb.design.invariants import Invariant
from archnb.naming import split_words
from archnb.topics.api.resources import Resources
from archnb.topics.api.values import Json, make_example


def make_instance(resources: Resources, entity: str, n: int = 0) -> dict[str, Json]:
    """The n-th example of an entity, by field."""
    if (entity, n) in resources.examples:
        return resources.examples[entity, n]
    fields = resources.fields(entity)
    made: dict[str, Json] = {}
    for name, field in fields.items():
        is_own_kind = field.references == entity and field.optional
        made[name] = None if is_own_kind else make_example(resources, entity, name, field, n)
    for name, field in fields.items():
        if (
            field.type == "money"
            and (price := _find_price(resources, entity)) is not None
            and not resources.is_sum(entity, name)
        ):
            target, price_field = price
            made[name] = make_example(resources, target, price_field, resources.fields(target)[price_field], n)
    for line in resources.model.invariants.list_lines(entity):
        _fulfil(resources, entity, line, made)
    resources.examples[entity, n] = made
    for name in fields:
        if (
            resources.is_sum(entity, name)
            and fields[name].type == "money"
            and (total := _add_parts(resources, entity, n)) is not None
        ):
            made[name] = total
    return made


def _fulfil(resources: Resources, entity: str, line: Invariant, made: dict[str, Json]) -> None:
    """Change an example where it breaks what always holds."""
    if any(one not in made for one in line.fields):
        return
    fields = resources.fields(entity)
    if line.kind in ("exactly one of", "at most one of"):
        for name in line.fields[1:]:
            made[name] = None
        return
    if line.kind != "order" or line.number is not None or len(line.fields) != 2:
        return
    left, right = line.fields
    if fields[right].references is not None and line.sign == "<>" and made[left] == made[right]:
        # what differs from the first is the second
        other = 1 if made[left] == make_example(resources, entity, right, fields[right], 0) else 0
        made[right] = make_example(resources, entity, right, fields[right], other)
        return
    if fields[left].type != fields[right].type or made[left] is None or made[right] is None:
        return
    below, above = (left, right) if line.sign in ("<", "<=") else (right, left)
    if line.sign in ("<", "<=", ">", ">=") and _comparable(made[below]) > _comparable(made[above]):
        made[below], made[above] = made[above], made[below]
    if line.sign in ("<", ">", "<>") and made[below] == made[above]:
        made[above] = _raise(made[above])


def _comparable(value: Json) -> Json:
    """A value in a form that has an order: amounts as numbers, times as the texts that they are."""
    if isinstance(value, Mapping):
        return float(value["amount"])
    try:
        return float(value)
    except ValueError:
        return value


def _raise(value: Json) -> Json:
    """A value a little above: the next number, the same time of the next day or hour."""
    if isinstance(value, Mapping):
        return {**value, "amount": f"{float(value['amount']) + 1:.2f}"}
    if isinstance(value, int | float):
        return value + 1
    text = str(value)
    if text[4:5] == "-":
        return f"{text[:8]}{min(int(text[8:10]) + 1, 28):02d}{text[10:]}"
    if text[2:3] == ":":
        return f"{min(int(text[:2]) + 1, 23):02d}{text[2:]}"
    return text


def _find_price(resources: Resources, entity: str) -> tuple[str, str] | None:
    """Where a part's price comes from: the first thing it refers to that has one and is not its parent."""
    if not any(field.type == "int" or field.type == "smallint" for field in resources.fields(entity).values()):
        return None
    for field in resources.fields(entity).values():
        target = field.references
        if (
            target is not None
            and target != entity
            and entity not in resources.parts(target)
            and (price := resources.has_price(target))
        ):
            return None if resources.is_sum(target, price) else (target, price)
    return None


def _add_parts(resources: Resources, entity: str, n: int) -> Json | None:
    for child in resources.parts(entity):
        if _find_price(resources, child) is None:
            continue
        inner, fields = make_instance(resources, child, n), resources.fields(child)
        price = next((inner[name] for name, field in fields.items() if field.type == "money"), None)
        count = next(
            (
                inner[name]
                for name, field in fields.items()
                if field.type in ("int", "smallint") and {"quantity", "count"} & {*split_words(name)}
            ),
            None,
        )
        if isinstance(price, dict) and isinstance(count, int):
            cents = round(float(price["amount"]) * 100) * count
            return {"amount": f"{cents // 100}.{cents % 100:02d}", "currency": price["currency"]}
    return None


__all__ = ["make_instance"]
