"""Lines of a computation as the API shows them: the groups, then the value."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Json = Any


def represent_line(line: Mapping[str, Any], schema: Json) -> Json:
    """A line of a computation as the object of its schema: the groups, then the value; money has a currency."""
    left = [value for name, value in line.items() if name != "currency" and not name.endswith("_currency")]
    currency = next((value for name, value in line.items() if name == "currency" or name.endswith("_currency")), "EUR")
    made: dict[str, Json] = {}
    for name, inner in schema["properties"].items():
        value = left.pop(0) if left else None
        if "$ref" in inner or "amount" in inner.get("properties", {}):
            made[name] = {"amount": f"{round(Decimal(str(value or 0)), 4):f}", "currency": str(currency)}
        elif inner.get("type") in ("number", "integer"):
            made[name] = (float if inner["type"] == "number" else int)(value or 0)
        else:
            made[name] = represent_group(value, inner)
    return made


# how much of a moment tells its period
_LENGTHS = {"date": 10, "^[0-9]{4}-[0-9]{2}$": 7, "^[0-9]{4}$": 4}


def represent_group(value: Any, schema: Json) -> Json:
    """What lines are grouped by: a period as its schema writes it, whatever the engine gives, and anything else as a text."""
    if value is None:
        return None
    if isinstance(value, datetime.datetime):
        value = value.astimezone(datetime.UTC).replace(tzinfo=None).isoformat() + "Z"
    kind = schema.get("format") or schema.get("pattern", "")
    return str(value)[: _LENGTHS.get(kind)]


__all__ = ["represent_line"]
