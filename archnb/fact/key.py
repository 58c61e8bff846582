"""Handles of facts: a name that knows its dimension, its meaning in one sentence, and whether it may be absent.

A topic makes and reads facts by handles only, so a misspelt one fails where it is imported. A handle of many facts is a
family: `TABLE_ROWS.of("orders")` is the handle of `schema.orders.rows`. A handle is its name, a text, so it stands
wherever a name is wanted: in a reason's facts, in a link, in a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from archnb.quantity import NONE, Dimension

NUMBER: Dimension = NONE
TIME: Dimension = (("time", 1),)
RATE: Dimension = (("time", -1),)
SIZE: Dimension = (("byte", 1),)
FLOW: Dimension = (("byte", 1), ("time", -1))
MONEY: Dimension = (("money", 1),)
SPENDING: Dimension = (("money", 1), ("time", -1))


# a family keeps the handles that it has made, for a plan asks for the same ones again and again
MOST_KEPT = 20_000


class Key(str):
    """The handle of one fact. Made by `key` and by `Family.of`. What an assumption may be is `is_positive` and `is_share`."""

    __slots__ = ("dimension", "is_assumption", "is_optional", "is_positive", "is_share", "meaning", "unbounded")

    dimension: Dimension | None
    meaning: str
    is_optional: bool
    is_assumption: bool
    is_positive: bool
    is_share: bool
    unbounded: str


class Family:
    """The handle of alike facts, one for each table, operation or part: `schema.{table}.rows`."""

    __slots__ = (
        "_made", "_parts", "dimension", "is_assumption", "is_optional", "is_positive", "is_share", "meaning", "name",
        "unbounded",
    )  # fmt: skip

    def __init__(self, name: str, like: Key) -> None:
        self.name, self.dimension, self.meaning = name, like.dimension, like.meaning
        self.is_optional, self.is_assumption = like.is_optional, like.is_assumption
        self.is_positive, self.is_share, self.unbounded = like.is_positive, like.is_share, like.unbounded
        self._made: dict[tuple[str, ...], Key] = {}
        self._parts = re.split(r"\{\w+\}", name)

    def of(self, *members: str) -> Key:
        """The handle of one member's fact.

        >>> family("schema.{table}.rows", NUMBER, "rows of a table").of("orders")
        'schema.orders.rows'

        Raises ValueError where there are more or fewer members than the name has places.
        """
        known = self._made.get(members)
        if known is not None:
            return known
        parts = self._parts
        if len(members) != len(parts) - 1:
            raise ValueError(f"{self.name} takes {len(parts) - 1} names, not {len(members)}")
        text = parts[0]
        for n, member in enumerate(members, 1):
            text += member + parts[n]
        if len(self._made) > MOST_KEPT:
            self._made.clear()
        made = Key(text)
        made.dimension, made.meaning = self.dimension, self.meaning
        made.is_optional, made.is_assumption = self.is_optional, self.is_assumption
        made.is_positive, made.is_share, made.unbounded = self.is_positive, self.is_share, self.unbounded
        self._made[members] = made
        return made

    def find(self, name: str) -> tuple[str, ...] | None:
        """The members in a fact's name, or None where the name is not of this family.

        >>> family("schema.{table}.rows", NUMBER, "rows of a table").find("schema.orders.rows")
        ('orders',)
        """
        match = re.fullmatch("(.+)".join(re.escape(part) for part in self._parts), name)
        return match.groups() if match is not None else None

    def __repr__(self) -> str:
        return f"<Family {self.name}>"


def key(
    name: str,
    dimension: Dimension | None,
    meaning: str,
    *,
    optional: bool = False,
    assumption: bool = False,
    positive: bool = False,
    share: bool = False,
    unbounded: str = "",
) -> Key:
    """Declare one fact.

    dimension: what its unit must be, None where any will do. meaning: one sentence. optional: whether a plan may lack it;
    only such a fact may be asked for with `get`. assumption: whether a design may overrule it under `assumptions`, and
    then positive: whether it must be more than nothing; share: whether it is at most 100 %. unbounded: what it means that
    there is no finite number, in words that stand in its place.
    """
    made = Key(name)
    made.dimension, made.meaning = dimension, meaning
    made.is_optional, made.is_assumption = optional, assumption
    made.is_positive, made.is_share, made.unbounded = positive, share, unbounded
    return made


def family(
    name: str,
    dimension: Dimension | None,
    meaning: str,
    *,
    optional: bool = False,
    assumption: bool = False,
    positive: bool = False,
    share: bool = False,
    unbounded: str = "",
) -> Family:
    """Declare alike facts; the places of their members stand in braces: `schema.{table}.rows`. See `key`."""
    like = key(
        name, dimension, meaning, optional=optional, assumption=assumption, positive=positive, share=share, unbounded=unbounded
    )  # fmt: skip
    return Family(name, like)


def list_declared(*modules: ModuleType) -> Iterator[Key | Family]:
    """The handles that some modules declare, in the order of their lines."""
    for module in modules:
        values: list[Any] = list(vars(module).values())
        yield from (value for value in values if isinstance(value, Key | Family))
