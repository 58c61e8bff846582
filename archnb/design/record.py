"""The base of all records: frozen, and built from plain data (what a YAML file holds) by what each field declares of itself.

`build` collects every problem with its path, and `plain` turns a record back. Nothing here knows what a field means. The
mappings that records hold are offered here too.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, TypeVar, cast

from archnb.design.declaration import NUMBER, Asked, Range
from archnb.design.named import Dotted, Named
from archnb.exceptions import InputError, Problem, QuantityError, quote, unknown_name
from archnb.quantity import Quantity, find_units, parse

R = TypeVar("R", bound="Record")

MAX_NAME = 200


class Fault(typing.NamedTuple):
    """What is wrong between the fields of one record: the field it shows at, what is wrong, the next step."""

    field: str
    message: str
    next: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """The base of what was said: frozen fields, nothing else. Subclasses with a SHORTHAND are also written as one string."""

    # what the record is called in errors, and the reader and writer of its one-string form, if it has one
    SHORTHAND: ClassVar[str] = ""
    # whether several of them are also written as one text with commas
    IS_LISTED: ClassVar[bool] = False

    @classmethod
    def read_shorthand(cls, text: str) -> Mapping[str, Any]:
        """The fields that a one-string form says. Raises InputError with paths relative to the record."""
        raise NotImplementedError

    def write_shorthand(self) -> str | None:
        """The one-string form, or None where it cannot say everything."""
        return None

    def __str__(self) -> str:
        """The one-string form, where it says all."""
        return (self.write_shorthand() if self.SHORTHAND else None) or repr(self)

    @classmethod
    def continues(cls, before: str, text: str) -> bool:
        """Whether, in a list of one-string forms, a text goes on from the one before: a comma within a form cuts it in two."""
        return False

    def find_faults(self) -> Iterator[Fault]:
        """What is wrong between the fields of this record, beyond what each field declares of itself."""
        return iter(())

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


def strip_none(hint: Any) -> Any:
    """A type without its None.

    >>> strip_none(int | None), strip_none(str)
    (<class 'int'>, <class 'str'>)
    """
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return next(one for one in typing.get_args(hint) if one is not type(None))
    return hint


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
    """Build a record from plain data, adding what is wrong to `problems`; wrong values keep their default."""
    if isinstance(data, cls):
        return data
    if data is None:
        data = {}
    if isinstance(data, str) and cls.SHORTHAND:
        try:
            data = cls.read_shorthand(data)
        except InputError as error:
            problems.extend(dataclasses.replace(p, path=_join(path, p.path)) for p in error.problems)
            return cls()
    if not isinstance(data, Mapping):
        problems.append(_expected(path, data, f"names with values are expected{_example(cls)}"))
        return cls()
    fields, about = hints(cls), asked(cls)
    values: dict[str, Any] = {}
    for name, value in data.items():
        if name not in fields:
            problem = unknown_name(_join(path, str(name)), "field", name, fields, meant=_meant(cls))
            problems.append(problem)
            # read on as if it had its right name, so that one slip is not met as many
            right = problem.nearest
            if right is not None and right not in data and value is not None:
                ignored: list[Problem] = []
                made = _convert(fields[right], value, path, ignored, about.get(right))
                if made is not None and not ignored:
                    values[right] = made
        elif value is not None:
            made = _convert(fields[name], value, _join(path, name), problems, about.get(name))
            if made is not None:
                values[name] = made
    return cls(**values)


_MEANT: dict[Any, dict[str, str]] = {}


def _meant(cls: type[Record]) -> Mapping[str, str]:
    """Other words for a record's fields, with the field that is meant."""
    if cls not in _MEANT:
        _MEANT[cls] = {word: name for name, one in asked(cls).items() for word in one.also}
    return _MEANT[cls]


def _example(cls: type[Record]) -> str:
    return f", or {cls.SHORTHAND}" if cls.SHORTHAND else ""


def _expected(path: str, given: object, what: str, next: str = "") -> Problem:
    return Problem.of(path, f"{quote(given)} is given where {what}", next, given=given)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


def _convert(kind: Any, value: object, path: str, problems: list[Problem], about: Asked | None) -> Any:
    """The value as the type of its field has it; None where it is wrong, with the problem added."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        inner = [one for one in args if one is not type(None)]
        return _convert(inner[0], value, path, problems, about)
    if origin is Literal:
        if value in args and isinstance(value, str):
            return value
        meant = about.meant if about is not None else {}
        problems.append(unknown_name(path, "value", value, [str(a) for a in args], meant=meant))
        return None
    if origin is Named:
        return _convert_named(args[0], value, path, problems)
    if origin is Dotted:
        return _convert_dotted(args[0], value, path, problems, about)
    if origin is tuple:
        return _convert_tuple(args[0], value, path, problems)
    if kind is Quantity:
        return _convert_quantity(value, path, problems, about)
    if isinstance(kind, type) and issubclass(kind, Record):
        return build(kind, value, path, problems)
    return _convert_plain(cast(type, kind), value, path, problems, about)


def _convert_quantity(value: object, path: str, problems: list[Problem], about: Asked | None) -> Quantity | None:
    try:
        made = parse(value, about.unit if about is not None else None)
    except QuantityError as error:
        problems.append(Problem(path, str(error), given=value, next=error.next, nearest=error.nearest))
        return None
    if about is not None:
        if about.unit == NUMBER and (found := find_units(made.unit)):
            told = f"{quote(str(made))} has a unit where a plain number is expected"
            problems.append(Problem.of(path, told, f"leave {found!r} out", given=value))
            return None
        if about.within is not None and not _is_within(about.within, made, value, path, problems, about):
            return None
    return made


def _is_within(within: Range, made: Quantity, value: object, path: str, problems: list[Problem], about: Asked) -> bool:
    fault = within.find_fault(made)
    if fault is not None:
        given = value if isinstance(value, Quantity | float | int) else str(value)
        allowed = within.describe()
        told = f"{quote(str(given))} is {fault}"
        example = f", for instance {about.example}" if about.example else ""
        next, near = f"give {allowed}{example}", None
        if within.most == "100%" and not made.unit.symbol and 1 < made.low <= made.high <= 100:
            # 99.9 without its sign is 9990 %
            near = f"{made.low:g}%" if not made.is_range else f"{made.low:g}..{made.high:g}%"
            next = f"did you mean {near}? A share is written with its sign"
        problems.append(Problem.of(path, told, next, given=value, allowed=(allowed,), nearest=near))
    return fault is None


_WORDS: Mapping[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _convert_plain(kind: type, value: object, path: str, problems: list[Problem], about: Asked | None) -> Any:
    made: Any = None
    if kind is bool and isinstance(value, bool):
        return value
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        made = value
    elif kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        made = float(value)
    elif kind is str and isinstance(value, str | int | float) and not isinstance(value, bool):
        made = str(value)
        if any(0xD800 <= ord(sign) < 0xE000 for sign in made):
            told = f"{quote(made)} holds half of a character (a lone surrogate)"
            problems.append(Problem.of(path, told, "write the character itself", given=value))
            return None
        if "\x00" in made:
            told = f"{quote(made)} holds a NUL, which no database keeps in a text"
            problems.append(Problem.of(path, told, "take it out", given=value))
            return None
        if about is not None and about.words is not None and made not in about.words.list_names():
            problems.append(about.words.tell_unknown(path, made))
            return None
        return made
    if made is not None:
        if about is None or about.within is None:
            return made
        # a whole number of any length is compared, though floats end
        number = parse(min(max(made, -1e300), 1e300))
        return made if _is_within(about.within, number, value, path, problems, about) else None
    example = f", for instance {about.example}" if about and about.example else ""
    unquoted = isinstance(value, str) and _reads_as(kind, value)
    next = f"take the quotes off: {value}" if unquoted else ""
    problems.append(_expected(path, value, f"{_WORDS[kind]} is expected{example}", next))
    return None


def _reads_as(kind: type, text: str) -> bool:
    """Whether a text is a value of the kind that stands in quotes."""
    if kind is bool:
        return text in ("true", "false")
    try:
        kind(text)
    except ValueError:
        return False
    return kind in (int, float)


def _convert_named(kind: Any, value: object, path: str, problems: list[Problem]) -> Any:
    if not isinstance(value, Mapping):
        problems.append(_expected(path, value, "names with values are expected"))
        return Named()
    made: dict[str, Any] = {}
    for name, one in value.items():
        if not isinstance(name, str):
            # YAML reads unquoted 1, yes and dates as other types than text
            problems.append(Problem.of(path, f"the name {quote(name)} is not a text", "put it in quotes", given=name))
        elif not name.strip() or len(name) > MAX_NAME or "." in name or not _is_printable(name):
            next = f"use 1 to {MAX_NAME} characters without a dot or a line break"
            problems.append(Problem.of(path, f"the name {quote(name)} does not do", next, given=name))
        else:
            before = len(problems)
            converted = _convert(kind, one, _join(path, name), problems, None)
            # a record that could be read in part stands, so that others may refer to it; a wrong plain value does not
            if isinstance(converted, Record) or len(problems) == before:
                made[name] = converted
    return Named(made)


def _is_printable(name: str) -> bool:
    return not any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in name)


def _convert_dotted(kind: Any, value: object, path: str, problems: list[Problem], about: Asked | None) -> Any:
    """A mapping with dotted names, or mappings in it; two ways to one name, or a name under a value, are problems."""
    made: dict[str, Any] = {}
    stack: list[tuple[str, object]] = [("", value)]
    while stack:
        prefix, inner = stack.pop()
        if isinstance(inner, Mapping):
            for name, one in reversed(list(inner.items())):
                if not isinstance(name, str) or not all(part.strip() for part in name.split(".")):
                    next = "use words with a dot between them"
                    problems.append(
                        Problem.of(_join(path, prefix), f"the name {quote(name)} does not do", next, given=name)
                    )
                else:
                    stack.append((_join(prefix, name), one))
        elif not prefix:
            problems.append(_expected(path, value, "names with values are expected"))
        elif prefix in made or any(prefix.startswith(f"{one}.") or one.startswith(f"{prefix}.") for one in made):
            problems.append(Problem.of(_join(path, prefix), "it is said twice", "take one of the two out"))
        elif inner is not None:
            made[prefix] = _convert(kind, inner, _join(path, prefix), problems, about)
    return Dotted(made)


def _convert_tuple(kind: Any, value: object, path: str, problems: list[Problem]) -> Any:
    if isinstance(value, str) and kind is str:
        value = [part.strip() for part in value.split(",")] if value.strip() else []
    elif isinstance(value, str):
        value = split_commas(value) if _is_listed(kind) else [value]
    elif isinstance(value, list | tuple) and _is_listed(kind) and all(isinstance(one, str) for one in value):
        # inside [] YAML ends a text at each comma, those between parentheses too
        value = split_commas(", ".join(value))
    if not isinstance(value, list | tuple):
        problems.append(_expected(path, value, "a list is expected"))
        return None
    if _is_listed(kind):
        value = _join_forms(kind, value)
    made = [_convert(kind, one, _join(path, str(n)), problems, None) for n, one in enumerate(value)]
    return tuple(one for one in made if one is not None)


def _join_forms(kind: type[Record], given: list[Any] | tuple[Any, ...]) -> list[Any]:
    """One-string forms that a comma of their own had cut, whole again."""
    made: list[Any] = []
    for one in given:
        if made and isinstance(one, str) and isinstance(made[-1], str) and kind.continues(made[-1], one):
            made[-1] = f"{made[-1]}, {one}"
        else:
            made.append(one)
    return made


def _is_listed(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Record) and kind.IS_LISTED


def split_commas(text: str) -> list[str]:
    """The parts of a text with commas; those between parentheses or quotes separate nothing.

    >>> split_commas("status in (todo, doing), due_on is missing")
    ['status in (todo, doing)', 'due_on is missing']
    """
    parts: list[str] = [""]
    depth, opened = 0, ""
    for sign in text:
        if opened:
            opened = "" if sign == opened else opened
        elif sign in "'\"":
            opened = sign
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        if sign == "," and not depth and not opened:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


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


__all__ = [
    "MAX_NAME",
    "Dotted",
    "Fault",
    "Named",
    "Record",
    "asked",
    "build",
    "hints",
    "leaves",
    "plain",
    "read",
]
