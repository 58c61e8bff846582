"""Facts: numbers that know where they came from.

A fact is a quantity with a unit, given or made from other facts by arithmetic or by a named model. It keeps its
expression, so that what is printed is what was computed; the same expression is evaluated with one value, with an array
of samples (a range is a distribution), and with one input nudged: estimate, uncertainty and sensitivity from one formula.
All facts of a plan form one directed graph.
"""

from __future__ import annotations

from archnb.fact.collection import Facts
from archnb.fact.expression import MODEL_SAMPLES, SAMPLES, Apply, Fact, Origin, base_unit
from archnb.fact.key import Family, Key, family, key, list_declared
from archnb.fact.models import apply_model, ceil, compound, maximum, minimum, power, total

__all__ = [
    "MODEL_SAMPLES", "SAMPLES", "Apply", "Fact", "Facts", "Family", "Key", "Origin", "apply_model", "base_unit", "ceil",
    "compound", "family", "key", "list_declared", "maximum", "minimum", "power", "total",
]  # fmt: skip
