"""What facts are made with besides arithmetic: named models, rounding, extremes, powers, sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from archnb.exceptions import UnitError
from archnb.fact.expression import SHOWN_TERMS, Apply, Fact, as_fact
from archnb.quantity import NONE, ONE, Quantity, describe, period, unit

# what is left at least of what shrinks, so that a falling load stays a number with a logarithm
LEAST_LEFT = 0.01


def apply_model(
    name: str, function: Callable[..., Any], symbol: str, *operands: Fact | Quantity | float,
    labels: Iterable[str] = (), is_vectorised: bool = False, terms: int = SHOWN_TERMS,
) -> Fact:  # fmt: skip
    """A fact from a named model: `apply_model("Erlang C servers", f, "servers", rate, service_time)`.

    function: takes the operands' base values, gives the value in base units of the unit `symbol` names.
    is_vectorised: whether it also takes arrays. terms: so many operands are printed in a formula.
    """
    made = tuple(as_fact(one) for one in operands)
    return Fact(unit(symbol), apply=Apply(name, function, made, tuple(labels), is_vectorised, terms))


def ceil(fact: Fact) -> Fact:
    """The next whole number, in the fact's own unit."""
    factor = fact.unit.factor

    def up(value: Any) -> Any:
        # 1e-9 keeps 3.0000000001 from becoming 4
        if getattr(value, "ndim", 0):
            import numpy

            return numpy.ceil(value / factor - 1e-9) * factor
        return math.ceil(value / factor - 1e-9) * factor if math.isfinite(value) else value

    return Fact(fact.unit, apply=Apply("ceil", up, (fact,)))


def _extreme(word: str, facts: tuple[Fact | Quantity | float, ...]) -> Fact:
    made = [as_fact(one) for one in facts]
    for one in made[1:]:
        if one.unit.dimension != made[0].unit.dimension:
            raise UnitError(
                f"{word}: {made[0].label} ({made[0].unit.describe()}) and {one.label} ({one.unit.describe()}) differ in unit"
            )

    def choose(*values: Any) -> Any:
        if any(getattr(value, "ndim", 0) for value in values):
            import functools

            import numpy

            return functools.reduce(numpy.maximum if word == "max" else numpy.minimum, values)
        return max(values) if word == "max" else min(values)

    return Fact(made[0].unit, apply=Apply(word, choose, tuple(made)))


def maximum(*facts: Fact | Quantity | float) -> Fact:
    """The greatest of some facts of one dimension."""
    return _extreme("max", facts)


def minimum(*facts: Fact | Quantity | float) -> Fact:
    """The least of some facts of one dimension."""
    return _extreme("min", facts)


def power(base: Fact | float, exponent: Fact | Quantity | float) -> Fact:
    """A plain number to a plain power."""
    left, right = as_fact(base), as_fact(exponent)
    if left.unit.dimension != NONE or right.unit.dimension != NONE:
        raise UnitError(
            f"power takes plain numbers; {left.label} is {describe(left.unit.dimension)}, {right.label} is {describe(right.unit.dimension)}"
        )
    return Fact(ONE, apply=Apply("power", lambda a, b: a**b, (left, right)))


def compound(share: Fact, time: Fact | Quantity) -> Fact:
    """How many times as much after a time, at a growth by a share a period, compounded by that period.

    5 % a month over 36 months is 1.05^36 = 5.79 times. Nothing falls by all of itself: a hundredth stays.
    """
    unit_of_time = period(share.unit)
    factor = apply_model(
        "1 + growth", lambda growth: _leave_something(1 + growth), "", share * unit_of_time, is_vectorised=True
    )
    return power(factor, as_fact(time) / unit_of_time)


def _leave_something(factor: Any) -> Any:
    if getattr(factor, "ndim", 0):
        import numpy

        return numpy.maximum(factor, LEAST_LEFT)
    return max(factor, LEAST_LEFT)


def _add(*values: Any) -> Any:
    """The sum, rounded once: Python's own `sum` of floats differs in the last digit from 3.12 on."""
    return sum(values) if any(getattr(value, "ndim", 0) for value in values) else math.fsum(values)


def total(facts: Iterable[Fact]) -> Fact:
    """The sum of some facts of one dimension. Raises ValueError where there is none."""
    made = tuple(facts)
    if not made:
        raise ValueError("total of no facts has no unit")
    for one in made[1:]:
        if one.unit.dimension != made[0].unit.dimension:
            raise UnitError(
                f"sum: {made[0].label} ({made[0].unit.describe()}) and {one.label} ({one.unit.describe()}) differ in unit"
            )
    return Fact(made[0].unit, apply=Apply("sum", _add, made))
