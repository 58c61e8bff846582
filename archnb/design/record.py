"""The base of all records: frozen, with every field's question, unit, help and example written once, where it is declared.

A record is built from plain data (what a YAML file holds) with `build`, which collects every problem with its path, and
turned back with `plain`. Nothing here knows what a field means.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any, ClassVar, Generic, Literal, TypeVar, cast, overload

from archnb.exceptions import InputError, Problem, QuantityError, quote, unknown
from archnb.quantity import NONE, Dimension, Quantity, parse

T = TypeVar("T")
D = TypeVar("D")
R = TypeVar("R", bound="Record")

TIME: Dimension = (("time", 1),)
RATE: Dimension = (("time", -1),)
SIZE: Dimension = (("byte", 1),)
MONEY: Dimension = (("money", 1),)
NUMBER: Dimension = NONE

MAX_NAME = 200


class Named(Mapping[str, T], Generic[T]):
    """An ordered mapping from names to records that does not change."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, T] | None = None, /, **more: T) -> None:
        self._items: dict[str, T] = {**(items or {}), **more}

    def __getitem__(self, name: str) -> T:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    # the mapping's own views, which are several times faster than those that Mapping builds

    def __contains__(self, name: object) -> bool:
        return name in self._items

    @overload
    def get(self, name: str, default: None = None, /) -> T | None: ...

    @overload
    def get(self, name: str, default: T | D, /) -> T | D: ...

    def get(self, name: str, default: Any = None, /) -> Any:
        """The value of that name, or the default."""
        return self._items.get(name, default)

    def keys(self) -> KeysView[str]:
        return self._items.keys()

    def values(self) -> ValuesView[T]:
        return self._items.values()

    def items(self) -> ItemsView[str, T]:
        return self._items.items()

    def __hash__(self) -> int:
        return hash(frozenset(self._items))

    def __eq__(self, other: object) -> bool:
        return dict(self) == dict(other) if isinstance(other, Mapping) else NotImplemented

    def __repr__(self) -> str:
        return f"Named({self._items!r})"

    def having(self, more: Mapping[str, T]) -> Named[T]:
        """The same mapping with more names, or other values for names it has."""
        return Named({**self._items, **more})


class Words(typing.Protocol):
    """Names that a text may be, with an answer for each that it may not."""

    def list_names(self) -> tuple[str, ...]:
        """The names that are allowed."""
        ...

    def explain_unknown(self, given: str) -> str:
        """What is wrong with another name, and what is meant or allowed."""
        ...


class Dotted(Named[T]):
    """Values by dotted names: `cache.least_saved: 10 %`, or nested, `cache: {least_saved: 10 %}`. Written nested."""

    def nested(self) -> dict[str, Any]:
        """The values as nested mappings, as they are written."""
        made: dict[str, Any] = {}
        for name, value in self.items():
            place = made
            *above, last = name.split(".")
            for part in above:
                place = place.setdefault(part, {})
            place[last] = value
        return made


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a field says of itself: the question, what helps to answer it, an example, its dimension, the allowed words."""

    question: str
    help: str = ""
    example: str = ""
    unit: Dimension | None = None
    words: Words | None = None


def said(
    question: str,
    *,
    help: str = "",
    example: str = "",
    unit: Dimension | None = None,
    words: Words | None = None,
    default: Any = None,
) -> Any:
    """A field that a person may say. Its default is None or empty: what is not said is proposed.

    unit: the dimension a quantity must have (TIME, RATE, SIZE, NUMBER), None for any. words: the names that a text may
    be, where they are kept elsewhere than in its type.
    """
    asked = Asked(question, help, example, unit, words)
    if default is dict:
        return dataclasses.field(default_factory=Named, metadata={"asked": asked})
    return dataclasses.field(default=default, metadata={"asked": asked})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """The base of what was said: frozen fields, nothing else. Subclasses with a SHORTHAND are also written as one string."""

    # what the record is called in errors, and the reader and writer of its one-string form, if it has one
    SHORTHAND: ClassVar[str] = ""

    @classmethod
    def read_shorthand(cls, text: str) -> Mapping[str, Any]:
        """The fields that a one-string form says. Raises InputError with paths relative to the record."""
        raise NotImplementedError

    def write_shorthand(self) -> str | None:
        """The one-string form, or None where it cannot say everything."""
        return None

    def replace(self: R, path: str, value: Any) -> R:
        """The same record with the value at a dotted path replaced, read as from a file.

        >>> from archnb import Design
        >>> Design().replace("requirements.load.peak_factor", 3).requirements.load.peak_factor.value
        3.0

        Raises InputError where the path or the value does not fit.
        """
        data = plain(self)
        place: dict[str, Any] = data
        *parents, last = path.split(".")
        for n, part in enumerate(parents):
            inner = place.get(part)
            if isinstance(inner, str):
                inner = _expand(type(self), path.split(".")[: n + 1], inner)
            place[part] = inner if isinstance(inner, dict) else {}
            place = place[part]
        if value is None:
            place.pop(last, None)
        else:
            place[last] = plain(value) if isinstance(value, Record) else value
        return read(type(self), data)


def _expand(cls: type[Record], path: list[str], text: str) -> Mapping[str, Any]:
    """The fields behind a shorthand that stands at a path below a record."""
    kind: Any = cls
    for part in path:
        if isinstance(kind, type) and issubclass(kind, Record):
            kind = hints(kind).get(part)
        args = [a for a in typing.get_args(kind) if a is not type(None)]
        if isinstance(kind, types.UnionType):
            kind = args[0]
        if typing.get_origin(kind) is Named and part not in ("",):
            kind = (kind,)
        elif isinstance(kind, tuple):
            kind = typing.get_args(kind[0])[0]
    if isinstance(kind, type) and issubclass(kind, Record) and kind.SHORTHAND:
        return dict(kind.read_shorthand(text))
    return {}


_HINTS: dict[Any, dict[str, Any]] = {}
_ASKED: dict[Any, dict[str, Asked]] = {}


def hints(cls: type[Record]) -> dict[str, Any]:
    """The types of a record's fields, by name."""
    if cls not in _HINTS:
        found = typing.get_type_hints(cls)
        _HINTS[cls] = {one.name: found[one.name] for one in dataclasses.fields(cls)}
    return _HINTS[cls]


def asked(cls: type[Record]) -> dict[str, Asked]:
    """What a record's fields say of themselves, by name: question, help, example, unit."""
    if cls not in _ASKED:
        fields = dataclasses.fields(cls)
        _ASKED[cls] = {one.name: one.metadata["asked"] for one in fields if "asked" in one.metadata}
    return _ASKED[cls]


def read(cls: type[R], data: object, path: str = "") -> R:
    """Build a record from plain data. Raises one InputError with every problem."""
    problems: list[Problem] = []
    made = build(cls, data, path, problems)
    if problems:
        raise InputError(problems)
    return made


def build(cls: type[R], data: object, path: str, problems: list[Problem]) -> R:
    """Build a record from plain data, adding what is wrong to `problems`; wrong fields keep their default."""
    if isinstance(data, cls):
        return data
    if data is None:
        data = {}
    if isinstance(data, str) and cls.SHORTHAND:
        try:
            data = cls.read_shorthand(data)
        except InputError as error:
            problems.extend(Problem(_join(path, p.path), p.message) for p in error.problems)
            return cls()
    if not isinstance(data, Mapping):
        problems.append(Problem(path, f"{quote(data)} is given where names with values are expected{_example(cls)}."))
        return cls()
    fields = hints(cls)
    values: dict[str, Any] = {}
    for name, value in data.items():
        if name not in fields:
            problems.append(Problem(_join(path, str(name)), unknown("field", name, fields)))
        elif value is not None:
            unit = asked(cls)[name].unit if name in asked(cls) else None
            before = len(problems)
            made = _convert(fields[name], value, _join(path, name), problems, unit, asked(cls).get(name))
            if len(problems) == before:
                values[name] = made
    return cls(**values)


def _example(cls: type[Record]) -> str:
    return f", or {cls.SHORTHAND}" if cls.SHORTHAND else ""


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


def _convert(
    kind: Any, value: object, path: str, problems: list[Problem], unit: Dimension | None, about: Asked | None
) -> Any:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        inner = [one for one in args if one is not type(None)]
        return _convert(inner[0], value, path, problems, unit, about)
    if origin is Literal:
        if value in args and isinstance(value, str):
            return value
        problems.append(Problem(path, unknown("value", value, [str(a) for a in args])))
        return None
    if origin is Named:
        return _convert_named(args[0], value, path, problems)
    if origin is Dotted:
        return _convert_dotted(args[0], value, path, problems)
    if origin is tuple:
        return _convert_tuple(args[0], value, path, problems)
    if kind is Quantity:
        try:
            return parse(value, unit)
        except QuantityError as error:
            problems.append(Problem(path, str(error)))
            return None
    if isinstance(kind, type) and issubclass(kind, Record):
        return build(kind, value, path, problems)
    return _convert_plain(cast(type, kind), value, path, problems, about)


def _convert_plain(kind: type, value: object, path: str, problems: list[Problem], about: Asked | None) -> Any:
    if kind is bool and isinstance(value, bool):
        return value
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind is str and isinstance(value, str | int | float) and not isinstance(value, bool):
        if about is not None and about.words is not None and str(value) not in about.words.list_names():
            problems.append(Problem(path, about.words.explain_unknown(str(value))))
            return None
        return str(value)
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[kind]
    example = f", for instance {about.example}" if about and about.example else ""
    problems.append(Problem(path, f"{quote(value)} is given where {words} is expected{example}."))
    return None


def _convert_named(kind: Any, value: object, path: str, problems: list[Problem]) -> Any:
    if not isinstance(value, Mapping):
        problems.append(Problem(path, f"{quote(value)} is given where names with values are expected."))
        return Named()
    made: dict[str, Any] = {}
    for name, one in value.items():
        if not isinstance(name, str):
            # YAML reads unquoted 1, yes and dates as other types than text
            problems.append(Problem(path, f"the name {quote(name)} is not a text; put it in quotes."))
        elif not name.strip() or len(name) > MAX_NAME or "." in name or any(ord(c) < 32 for c in name):
            problems.append(
                Problem(
                    path,
                    f"the name {quote(name)} does not do; use 1 to {MAX_NAME} characters without a dot or a line break.",
                )
            )
        else:
            made[name] = _convert(kind, one, _join(path, name), problems, None, None)
    return Named(made)


def _convert_dotted(kind: Any, value: object, path: str, problems: list[Problem]) -> Any:
    """A mapping with dotted names, or mappings in it; two ways to one name, or a name under a value, are problems."""
    made: dict[str, Any] = {}
    stack: list[tuple[str, object]] = [("", value)]
    while stack:
        prefix, inner = stack.pop()
        if isinstance(inner, Mapping):
            for name, one in reversed(list(inner.items())):
                if not isinstance(name, str) or not all(part.strip() for part in name.split(".")):
                    problems.append(Problem(_join(path, prefix), f"the name {quote(name)} does not do."))
                else:
                    stack.append((_join(prefix, name), one))
        elif not prefix:
            problems.append(Problem(path, f"{quote(value)} is given where names with values are expected."))
        elif prefix in made or any(prefix.startswith(f"{one}.") or one.startswith(f"{prefix}.") for one in made):
            problems.append(Problem(_join(path, prefix), "it is said twice; take one of the two out."))
        elif inner is not None:
            made[prefix] = _convert(kind, inner, _join(path, prefix), problems, None, None)
    return Dotted(made)


def _convert_tuple(kind: Any, value: object, path: str, problems: list[Problem]) -> Any:
    if isinstance(value, str) and kind is str:
        value = [part.strip() for part in value.split(",")] if value.strip() else []
    elif isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        problems.append(Problem(path, f"{quote(value)} is given where a list is expected."))
        return ()
    return tuple(_convert(kind, one, _join(path, str(n)), problems, None, None) for n, one in enumerate(value))


def plain(value: Any) -> Any:
    """The plain data of a record: dicts, lists, texts and numbers, without what was not said; shorthands where they say all."""
    if isinstance(value, Record):
        short = value.write_shorthand()
        if short is not None:
            return short
        made: dict[str, Any] = {}
        for one in dataclasses.fields(value):
            inner = getattr(value, one.name)
            if inner is None or (isinstance(inner, Mapping | tuple) and not inner):
                continue
            turned = plain(inner)
            if turned != {} or not isinstance(inner, Record):
                made[one.name] = turned
        return made
    if isinstance(value, Dotted):
        return plain(value.nested())
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if isinstance(value, Quantity):
        text = str(value)
        if value.unit.symbol == "" and not value.is_range and text == value.text:
            try:
                whole = float(text)
            except ValueError:
                return text
            return int(text) if text.isdigit() else whole
        return text
    return value


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that was said, with its dotted path; a tuple is one value."""
    found: list[tuple[str, Any]] = []
    _gather(value, path, found)
    return iter(found)


def _gather(value: Any, path: str, found: list[tuple[str, Any]]) -> None:
    """One list for the whole walk: every plan walks its design, and nested generators pass each value up level by level."""
    if isinstance(value, Record):
        for name, inner in value.__dict__.items():
            # what begins with an underscore is kept beside the fields and was not said
            if inner is not None and inner != () and name[0] != "_":
                _gather(inner, f"{path}.{name}" if path else name, found)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            here, before = f"{path}.{name}" if path else name, len(found)
            _gather(inner, here, found)
            if len(found) == before:
                found.append((here, inner))
    elif value is not None and value != ():
        found.append((path, value))
