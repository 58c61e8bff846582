"""The base of what was concluded: frozen records in which nothing is missing.

A planned record has the fields of the said one, completed. Where a thing can truly be absent (a column without a default),
the field declares the value that means so, which is its default; where it cannot, a gap is a fault of the topic that left
it, and making the record raises.
"""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, Literal, NamedTuple, TypeVar

from archnb.design.record import Named, Record
from archnb.exceptions import ArchnbError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Planned:
    """The base of all planned records."""


P = TypeVar("P", bound=Planned)


class IncompleteError(ArchnbError):
    """A topic closed its section and left a value open: a fault of archnb, never of a design."""


class _Part(NamedTuple):
    """A field of a planned record: whether it declares what absence means, and what of records it holds, if it holds any."""

    name: str
    may_be_absent: bool
    # the planned record that the field is, or holds by name or in order; None where it holds plain values
    kind: type[Planned] | None
    holds: Literal["one", "named", "listed"]


_PARTS: dict[type[Planned], tuple[_Part, ...]] = {}


def _list_parts(kind: type[Planned]) -> tuple[_Part, ...]:
    if kind not in _PARTS:
        hints = typing.get_type_hints(kind)
        found = []
        for field in dataclasses.fields(kind):
            hint = hints[field.name]
            origin, args = typing.get_origin(hint), typing.get_args(hint)
            holds: Literal["one", "named", "listed"] = (
                "named" if origin is Named else "listed" if origin is tuple else "one"
            )
            inner = hint if holds == "one" else args[0]
            is_planned = isinstance(inner, type) and issubclass(inner, Planned)
            has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
            found.append(_Part(field.name, has_default, inner if is_planned else None, holds))
        _PARTS[kind] = tuple(found)
    return _PARTS[kind]


def conclude(kind: type[P], record: Record, path: str, /, **resolved: Any) -> P:
    """The planned record of a completed one: its fields of the same names, and what the topic resolved.

    path: where the record stands in the design, for the message. Raises IncompleteError where a value without a declared
    absence is missing.
    """
    values: dict[str, Any] = {}
    for name, may_be_absent, inner, holds in _list_parts(kind):
        value = resolved[name] if name in resolved else getattr(record, name, None)
        if value is None:
            if not may_be_absent:
                raise IncompleteError(f"{path}.{name} was left open by its topic")
        elif inner is None:
            values[name] = value
        elif holds == "named":
            values[name] = Named(
                {key: _conclude_inner(inner, one, f"{path}.{name}.{key}") for key, one in value.items()}
            )
        elif holds == "listed":
            values[name] = tuple(_conclude_inner(inner, one, f"{path}.{name}.{n}") for n, one in enumerate(value))
        else:
            values[name] = _conclude_inner(inner, value, f"{path}.{name}")
    return kind(**values)


def _conclude_inner(kind: type[Planned], value: Any, path: str) -> Planned:
    """The planned record of a said one; what a topic resolved already is one."""
    return value if isinstance(value, kind) else conclude(kind, value, path)


__all__ = ["IncompleteError", "Planned", "conclude"]
