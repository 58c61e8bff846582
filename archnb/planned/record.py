"""The base of what was concluded: frozen records in which nothing is missing.

A planned record has the fields of the said one, completed. Where a thing can truly be absent (a column without a default),
the field declares the value that means so, which is its default; where it cannot, a gap is a fault of the topic that left
it, and making the record raises.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from archnb.design.record import Named, Record
from archnb.exceptions import ArchnbError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Planned:
    """The base of all planned records."""


P = TypeVar("P", bound=Planned)


class IncompleteError(ArchnbError):
    """A topic closed its section and left a value open: a fault of archnb, never of a design."""


_HINTS: dict[type[Planned], dict[str, Any]] = {}


def _hints(kind: type[Planned]) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = typing.get_type_hints(kind)
    return _HINTS[kind]


def conclude(kind: type[P], record: Record, path: str, /, **resolved: Any) -> P:
    """The planned record of a completed one: its fields of the same names, and what the topic resolved.

    path: where the record stands in the design, for the message. Raises IncompleteError where a value without a declared
    absence is missing.
    """
    values: dict[str, Any] = {}
    hints = _hints(kind)
    for field in dataclasses.fields(kind):
        value = resolved[field.name] if field.name in resolved else getattr(record, field.name, None)
        if value is None:
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                raise IncompleteError(f"{path}.{field.name} was left open by its topic")
            continue
        values[field.name] = _conclude_inner(hints[field.name], value, f"{path}.{field.name}")
    return kind(**values)


def _conclude_inner(hint: Any, value: Any, path: str) -> Any:
    """A said record, or a collection of them, as the planned ones that the field holds."""
    if isinstance(value, Record):
        return conclude(hint, value, path)
    if isinstance(value, Mapping) and any(isinstance(inner, Record) for inner in value.values()):
        (kind,) = typing.get_args(hint)
        return Named({name: _conclude_inner(kind, inner, f"{path}.{name}") for name, inner in value.items()})
    if isinstance(value, tuple) and any(isinstance(inner, Record) for inner in value):
        kind = typing.get_args(hint)[0]
        return tuple(_conclude_inner(kind, inner, f"{path}.{n}") for n, inner in enumerate(value))
    return value


__all__ = ["IncompleteError", "Planned", "conclude"]
