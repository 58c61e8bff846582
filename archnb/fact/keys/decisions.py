"""How much is decided."""

from __future__ import annotations

from archnb.fact.key import NUMBER, key

RECORDS = key("decisions.count", NUMBER, "Decision records.")
OPEN_RECORDS = key("decisions.open", NUMBER, "Records that nobody has accepted yet.")
SETTLED = key("decisions.settled", NUMBER, "The share of choices of weight that people have made.")
