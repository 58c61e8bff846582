"""The base of what was concluded: frozen records in which nothing is missing.

A planned record has the fields of the said one, completed. Where a thing can truly be absent (a column without a default),
the field declares the value that means so, which is its default; where it cannot, a gap is a fault of the topic that left
it, and making the record raises.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
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


class _Gap(Exception):
    """A missing value; `path` leads to it from the record at hand, innermost part first."""

    def __init__(self, name: str) -> None:
        self.path = [name]


# the parts of each kind, and the values of those that may be absent
_PARTS: dict[type[Planned], tuple[tuple[_Part, ...], dict[str, Any]]] = {}


def _list_parts(kind: type[Planned]) -> tuple[tuple[_Part, ...], dict[str, Any]]:
    if kind not in _PARTS:
        hints = typing.get_type_hints(kind)
        found, absent = [], {}
        for field in dataclasses.fields(kind):
            hint = hints[field.name]
            origin, args = typing.get_origin(hint), typing.get_args(hint)
            holds: Literal["one", "named", "listed"] = (
                "named" if origin is Named else "listed" if origin is tuple else "one"
            )
            inner = hint if holds == "one" else args[0]
            is_planned = isinstance(inner, type) and issubclass(inner, Planned)
            may_be_absent = field.default is not dataclasses.MISSING
            if may_be_absent:
                absent[field.name] = field.default
            found.append(_Part(field.name, may_be_absent, inner if is_planned else None, holds))
        _PARTS[kind] = (tuple(found), absent)
    return _PARTS[kind]


def conclude(kind: type[P], record: Record, path: str, /, **resolved: Any) -> P:
    """The planned record of a completed one: its fields of the same names, and what the topic resolved.

    path: where the record stands in the design, for the message. Raises IncompleteError where a value without a declared
    absence is missing.
    """
    try:
        return _make(kind, record, resolved)
    except _Gap as gap:
        raise IncompleteError(f"{'.'.join([path, *reversed(gap.path)])} was left open by its topic") from None


def _make(kind: type[P], record: Record, resolved: Mapping[str, Any]) -> P:
    parts, absent = _list_parts(kind)
    values, find = dict(absent), ({**record.__dict__, **resolved} if resolved else record.__dict__).get
    for name, may_be_absent, inner, holds in parts:
        value = find(name)
        if value is None:
            if not may_be_absent:
                raise _Gap(name)
        elif inner is None:
            values[name] = value
        elif holds == "one":
            values[name] = _make_inner(inner, value, name)
        elif holds == "named":
            made = Named({key: _make_inner(inner, one, key) for key, one in value.items()}) if value else Named()
            values[name] = made
        else:
            values[name] = tuple(_make_inner(inner, one, str(n)) for n, one in enumerate(value))
    # records only hold fields, and a plan makes hundreds: without the constructor, which sets each field anew
    made_record = object.__new__(kind)
    made_record.__dict__.update(values)
    return made_record


def _make_inner(kind: type[Planned], value: Any, at: str) -> Planned:
    """The planned record of a said one; what a topic resolved already is one."""
    if isinstance(value, kind):
        return value
    try:
        return _make(kind, value, _NOTHING)
    except _Gap as gap:
        gap.path.append(at)
        raise


_NOTHING: Mapping[str, Any] = {}

__all__ = ["IncompleteError", "Planned", "conclude"]
