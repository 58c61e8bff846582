"""The rules of the schema: `tables` about keys and indexes, `normal_forms` about the model behind them."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.finding import Rule
from archnb.topics.schema.rules import normal_forms, tables
from archnb.topics.schema.rules.tables import iter_said

RULES: Sequence[Rule] = (*tables.RULES, *normal_forms.RULES)

__all__ = ["RULES", "iter_said"]
