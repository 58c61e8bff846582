"""The rules of the schema: `tables` about keys and indexes, `invariants` about what always holds,
`normal_forms` about the model behind them."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.finding import Rule
from archnb.topics.schema.rules import invariants, normal_forms, tables
from archnb.topics.schema.rules.tables import iter_said

RULES: Sequence[Rule] = (*tables.RULES, *invariants.RULES, *normal_forms.RULES)

__all__ = ["RULES", "iter_said"]
