"""What a field declares of itself, once: its question, dimension, range, what it refers to, its help and example.

The checks, the JSON Schema, the language reference and the form all follow from it.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from archnb.design.named import Named
from archnb.exceptions import Problem
from archnb.quantity import NONE, Dimension, Quantity, parse

TIME: Dimension = (("time", 1),)
RATE: Dimension = (("time", -1),)
SIZE: Dimension = (("byte", 1),)
MONEY: Dimension = (("money", 1),)
NUMBER: Dimension = NONE


class Words(typing.Protocol):
    """Names that a text may be, with an answer for each that it may not."""

    def list_names(self) -> tuple[str, ...]:
        """The names that are allowed."""
        ...

    def tell_unknown(self, path: str, given: str) -> Problem:
        """The problem of another name at a path: what is wrong with it, and what is meant or allowed."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Range:
    """What a number may be: its bounds as people write them, with a unit, and whether it counts whole things.

    `least` and `most` are allowed themselves, `above` and `below` are not. `share` is what holds instead where the number
    is given in percent and may be. No range of a design crosses zero: half of what it says would be impossible.
    """

    least: str | None = None
    above: str | None = None
    most: str | None = None
    below: str | None = None
    is_whole: bool = False
    share: Range | None = None

    def find_fault(self, given: Quantity) -> str | None:
        """What is wrong with a quantity, in words; None where nothing is.

        >>> Range(least="0%", most="100%").find_fault(parse("150%"))
        'more than 100%'
        """
        if self.share is not None and given.unit.is_percent:
            return self.share.find_fault(given)
        if given.low < 0 < given.high:
            return "a range that crosses zero"
        low, high = given.low * given.unit.factor, given.high * given.unit.factor
        # a bound in other units is the same number only as far as floats go
        if self.least is not None and low < _bound(self.least) * (1 - 1e-12):
            return f"less than {self.least}"
        if self.above is not None and low <= _bound(self.above):
            return f"not more than {self.above}"
        if self.most is not None and high > _bound(self.most) * (1 + 1e-12):
            return f"more than {self.most}"
        if self.below is not None and high >= _bound(self.below):
            return f"not less than {self.below}"
        if self.is_whole and not (_is_whole(low) and _is_whole(high)):
            return "not a whole number"
        return None

    def describe(self) -> str:
        """The range in words.

        >>> Range(above="0 s", most="100 years").describe()
        'more than 0 s, at most 100 years'
        """
        parts = [
            f"{words} {bound}"
            for words, bound in (
                ("more than", self.above),
                ("at least", self.least),
                ("less than", self.below),
                ("at most", self.most),
            )
            if bound is not None
        ]
        text = ", ".join([*(["a whole number"] if self.is_whole else []), *parts])
        return f"{text}; or, as a share, {self.share.describe()}" if self.share is not None else text


def _bound(text: str) -> float:
    bound = parse(text)
    return bound.low * bound.unit.factor


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) <= 1e-9 * max(1.0, abs(value)) and (value == 0 or abs(value) >= 1)


# the ranges that many fields have
SHARE = Range(least="0%", most="100%")
SOME_SHARE = Range(above="0%", most="100%")
FREE_SHARE = Range(least="0%", below="100%")
NOT_NEGATIVE = Range(least="0")
NOT_NEGATIVE_RATE = Range(least="0/s")
POSITIVE = Range(above="0")
DURATION = Range(above="0 s", most="1000 years")
DELAY = Range(least="0 s", most="1000 years")
COUNT = Range(least="0", most="1e18", is_whole=True)
AT_LEAST_ONE = Range(least="1", most="1000000", is_whole=True)
GROWTH = Range(above="-100%/year", most="100000%/year")


@dataclasses.dataclass(frozen=True)
class Refers:
    """What the text of a field names: a scope of `archnb.design.references`, and which part of the text is the name.

    `strip` is taken off its front; with `pick`, a regular expression, each group that it finds is a name. `hint` is the
    next step where the names of the scope are not enough. The name of a record is free where the record says a field of
    `unless`: it then names what it means there.
    """

    scope: str
    strip: str = ""
    pick: str | None = None
    hint: str = ""
    unless: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a field says of itself.

    question: asked in the form; help: what helps to answer it; example; unit: the dimension that a quantity must have.
    within: the range of its numbers; refers: what its text names; keys: what the names below it name; words: the names
    that its text may be, where they are kept elsewhere than in its type.
    proposed: what the plan says where nobody does; also: other words that people use for the field; meant: other words
    for its values; grammar: the entry of `archnb.design.grammars` that its text is written by.
    """

    question: str
    help: str = ""
    example: str = ""
    unit: Dimension | None = None
    words: Words | None = None
    within: Range | None = None
    refers: Refers | None = None
    keys: Refers | None = None
    proposed: str = ""
    also: tuple[str, ...] = ()
    meant: Mapping[str, str] = dataclasses.field(default_factory=dict)
    grammar: str = ""


def said(
    question: str,
    *,
    help: str = "",
    example: str = "",
    unit: Dimension | None = None,
    words: Words | None = None,
    default: Any = None,
    within: Range | None = None,
    refers: str | Refers | None = None,
    keys: str | Refers | None = None,
    proposed: str = "",
    also: tuple[str, ...] = (),
    meant: Mapping[str, str] | None = None,
    grammar: str = "",
) -> Any:
    """A field that a person may say; the words are those of `Asked`. Its default is None or empty: what is not said is
    proposed.

    unit: the dimension a quantity must have (TIME, RATE, SIZE, NUMBER), None for any. words: the names that a text may
    be, where they are kept elsewhere than in its type.
    """
    asked = Asked(
        question,
        help,
        example,
        unit,
        words,
        within,
        _refers(refers),
        _refers(keys),
        proposed,
        also,
        meant or {},
        grammar,
    )
    if default is dict:
        return dataclasses.field(default_factory=Named, metadata={"asked": asked})
    return dataclasses.field(default=default, metadata={"asked": asked})


def _refers(given: str | Refers | None) -> Refers | None:
    return Refers(given) if isinstance(given, str) else given
