"""What entities and fields were called before: each old name is of one thing, and of none that is still here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from archnb.design.entities import Entity, Field
from archnb.exceptions import Problem, quote

if TYPE_CHECKING:
    from archnb.design import Design


def find_false_renames(design: Design) -> Iterator[Problem]:
    """A problem for each `was` that cannot be what the thing was called before."""
    yield from _check(design.entities, "entities")
    for name, entity in design.entities.items():
        yield from _check(entity.fields, f"entities.{name}.fields")
    for name, relationship in design.relationships.items():
        yield from _check(relationship.fields, f"relationships.{name}.fields")


def _check(things: Mapping[str, Entity] | Mapping[str, Field], path: str) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for name, one in things.items():
        if one.was is None:
            continue
        # a field is written in one line, where the line is the place
        at = f"{path}.{name}.was" if isinstance(one, Entity) else f"{path}.{name}"
        there = things.get(one.was)
        if one.was == name:
            yield Problem.of(at, f"it is called {quote(name)} still", "take `was` out", given=one.was)
        elif one.was in first:
            told = f"{first[one.was]} was called {quote(one.was)} already"
            yield Problem.of(at, told, "say it of the one that keeps the data", given=one.was)
        elif there is not None and there.was is None:
            told = f"it cannot have been called {quote(one.was)}, which is still here"
            yield Problem.of(at, told, "take `was` out, or the other one", given=one.was)
        first.setdefault(one.was, name)
