"""The language reference, made from the declarations: every section, field, type, mark, unit and grammar of a design file,
with its question, what it takes, its range, an example, and what is proposed where nobody says it.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from archnb.design.declaration import Asked
from archnb.design.entities import MARKS, MARKS_MEANT, TYPES, TYPES_MEANT
from archnb.design.grammars import GRAMMARS, Grammar
from archnb.design.record import Dotted, Named, Record, asked, hints, strip_none
from archnb.exceptions import InputError, unknown_name
from archnb.naming import singular, with_article
from archnb.quantity import MEANT, Quantity, units
from archnb.quantity import describe as describe_dimension


@dataclass(frozen=True)
class Entry:
    """One field of a design file: where it stands (`access.<pattern>.steps`), what it says of itself, what it takes."""

    path: str
    about: Asked
    takes: str
    holds: type[Record] | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The path without the names that people choose: `access.steps`."""
        return tuple(part for part in self.path.split(".") if not part.startswith("<"))


_CALLED = {
    "objectives": "operation", "access": "pattern", "policies": "read pattern", "paths": "operation", "allows": "operation",
    "calls": "source -> target", "indexes": "index", "entities": "entity", "codes": "error", "transactions": "operation",
    "handoffs": "colleague", "hops": "n", "steps": "n",
}  # fmt: skip


def list_entries(cls: type[Record], path: str = "") -> Iterator[Entry]:
    """Every field of a record and of the records in it, in the order in which they are declared."""
    for name, hint in hints(cls).items():
        about = asked(cls).get(name)
        if about is None:
            continue
        here = f"{path}.{name}" if path else name
        inner, is_named = _find_inner(hint)
        yield Entry(here, about, _say_kind(hint, about), inner)
        if inner is not None:
            called = _CALLED.get(name) or singular(name).replace("_", " ")
            yield from list_entries(inner, f"{here}.<{called}>" if is_named else here)


def _find_inner(hint: Any) -> tuple[type[Record] | None, bool]:
    """The record that a field holds, and whether it holds several."""
    hint = strip_none(hint)
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint, False
    if typing.get_origin(hint) in (Named, tuple):
        inner = typing.get_args(hint)[0]
        return (inner, True) if isinstance(inner, type) and issubclass(inner, Record) else (None, False)
    return None, False


def _say_kind(hint: Any, about: Asked) -> str:
    """What a field takes, in words."""
    hint = strip_none(hint)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if about.within is not None and "100%" in (about.within.most, about.within.below):
        return "a share such as '90%'"
    if hint is Quantity:
        return describe_dimension(about.unit) if about.unit is not None else "a number with a unit"
    if origin is Literal:
        return "one of " + ", ".join(f"`{one}`" for one in args)
    if about.words is not None:
        return "one of " + ", ".join(f"`{one}`" for one in about.words.list_names())
    if origin is Named:
        inner = strip_none(args[0])
        if isinstance(inner, type) and issubclass(inner, Record):
            short = f", each {inner.SHORTHAND} or with fields" if inner.SHORTHAND else ", each with fields"
            return f"names{short}"
        return "names, each with " + _say_kind(inner, Asked(""))
    if origin is Dotted:
        return "dotted names, or names in names, each with " + _say_kind(args[0], Asked(""))
    if origin is tuple:
        inner = args[0]
        if inner is str:
            return "a list of texts, or one text with commas"
        return f"a list; each is {inner.SHORTHAND} or has fields" if inner.SHORTHAND else "a list; each has fields"
    if isinstance(hint, type) and issubclass(hint, Record):
        return "fields"
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[hint]


def explain_entry(cls: type[Record], path: str) -> str:
    """The entry of the reference for a path, a type, a mark, a unit or a grammar.

    Raises InputError with the nearest entry where there is none.
    """
    entry = find_entry(cls, path)
    if entry is not None:
        below = [
            one for one in list_entries(cls) if len(one.words) == len(entry.words) + 1 and one.words[:-1] == entry.words
        ]
        return _write_entry(entry, below)
    if path in TYPES:
        kind = TYPES[path]
        also = f"\nElsewhere called: {', '.join(kind.also)}." if kind.also else ""
        return f"{kind.name}{kind.arguments}: a type of fields\n{kind.about}; {kind.bytes:g} bytes on average in a row.{also}"
    if path in MARKS:
        return f"{path}: a mark of fields\n{MARKS[path]}."
    if path in GRAMMARS:
        return _explain_grammar(GRAMMARS[path])
    for dimension, listed in units().items():
        if path in listed:
            return f"{path}: a unit of {dimension}\nAll of them: {', '.join(listed)}."
    names = [".".join(one.words) for one in list_entries(cls)]
    known = [*names, *TYPES, *MARKS, *GRAMMARS]
    raise InputError([unknown_name("", "entry", path, known, "`archnb explain` lists them.", meant=_list_meant(cls))])


def _list_meant(cls: type[Record]) -> dict[str, str]:
    """What people may ask for instead of an entry, and the entry: words of other languages, and a field without its section."""
    entries = list(list_entries(cls))
    # what a field is called goes before what it is not called; of several, the first
    meant = {word: ".".join(one.words) for one in reversed(entries) for word in one.about.also}
    meant |= {one.words[-1]: ".".join(one.words) for one in reversed(entries)}
    known = {symbol for listed in units().values() for symbol in listed}
    units_meant = {word: unit for word, unit in MEANT.items() if unit in known}
    return {**meant, **units_meant, **MARKS_MEANT, **TYPES_MEANT}


def explain_data(cls: type[Record], path: str | None) -> list[dict[str, Any]]:
    """The entries of the reference for a path and what is below it, or all of them, as plain data.

    Raises InputError with the nearest entry where there is none.
    """
    found = find_entry(cls, path) if path is not None else None
    if path is not None and found is None:
        return [{"path": path, "text": explain_entry(cls, path)}]
    chosen = [one for one in list_entries(cls) if found is None or one.words[: len(found.words)] == found.words]
    return [
        {
            "path": one.path, "question": one.about.question, "help": one.about.help, "takes": _plain(one.takes),
            "range": one.about.within.describe() if one.about.within is not None else None,
            "names": one.about.refers.scope if one.about.refers is not None else None,
            "example": one.about.example, "left_out": one.about.proposed, "not_called": list(one.about.also),
        }
        for one in chosen
    ]  # fmt: skip


def find_entry(cls: type[Record], path: str) -> Entry | None:
    """The entry for a path as it stands in a file (`access.orders.steps`), in the reference, or without names."""
    parts, entries = path.split("."), list(list_entries(cls))
    for entry in entries:
        if list(entry.words) == parts or entry.path == path:
            return entry
    for entry in entries:
        pattern = entry.path.split(".")
        if len(pattern) == len(parts) and all(p.startswith("<") or p == q for p, q in zip(pattern, parts, strict=True)):
            return entry
    return None


def _write_entry(entry: Entry, below: list[Entry]) -> str:
    about, lines = entry.about, [entry.path, entry.about.question]
    if about.help:
        lines.append(about.help)
    if entry.holds is not None and entry.holds.__doc__:
        lines.append(" ".join(entry.holds.__doc__.split()))
    lines.append(f"Takes: {_plain(entry.takes)}")
    lines += [f"{word}: {_plain(text)}" for word, text in _list_facts(about)]
    if about.grammar:
        lines += ["", _explain_grammar(GRAMMARS[about.grammar])]
    if below:
        width = max(len(one.words[-1]) for one in below)
        lines += ["", "Fields:", *(f"  {one.words[-1]:<{width}}  {one.about.question}" for one in below)]
    return "\n".join(lines)


def _plain(text: str) -> str:
    return text.replace("`", "")


def _list_facts(about: Asked) -> Iterator[tuple[str, str]]:
    if about.within is not None:
        yield "Range", about.within.describe()
    if about.refers is not None:
        yield "Names", with_article(about.refers.scope)
    if about.keys is not None:
        yield "Its names are", f"those of {with_article(about.keys.scope)}"
    if about.example:
        yield "Example", f"`{about.example}`"
    if about.proposed:
        yield "Left out", _say_proposed(about)
    if about.also:
        yield "Not called", ", ".join(f"`{one}`" for one in about.also)


def _say_proposed(about: Asked) -> str:
    """What is proposed, as code where it is a value and not a sentence."""
    return f"`{about.proposed}`" if about.proposed and "," not in about.proposed else about.proposed


def _explain_grammar(grammar: Grammar) -> str:
    examples = "\n".join(f"  {one}" for one in grammar.examples)
    return f"How it is written ({grammar.name}): {grammar.form}\n{grammar.about}\nExamples:\n{examples}"


def list_words(cls: type[Record]) -> str:
    """Every entry with its question, a line each, by section."""
    lines = []
    for entry in list_entries(cls):
        if len(entry.words) == 1:
            lines.append(f"\n{entry.path}: {entry.about.question}")
        else:
            lines.append(f"  {'.'.join(entry.words)}: {entry.about.question}")
    lines.append(f"\nTypes: {', '.join(TYPES)}\nMarks: {', '.join(MARKS)}\nGrammars: {', '.join(GRAMMARS)}")
    return "\n".join(lines).lstrip("\n")


# -- the page of the docs


def write_reference(cls: type[Record]) -> str:
    """The whole reference as a page in Markdown."""
    parts = [
        "# The language of a design file",
        "",
        "Generated from the declarations in `archnb/design`; `archnb explain access.steps` shows one entry, `archnb schema`",
        "prints the same as JSON Schema. What a design leaves out is proposed; *left out* says what, where that is always the",
        "same. Every file begins with `archnb: 1`, the version of its format.",
    ]
    for entry in list_entries(cls):
        if len(entry.words) == 1:
            parts += ["", f"## `{entry.path}`", "", _sentence(entry)]
        if entry.holds is not None:
            parts += _write_table(entry)
        elif len(entry.words) == 1:
            parts += ["", *_write_rows([entry])]
    parts += _write_types()
    return "\n".join(parts) + "\n"


def _sentence(entry: Entry) -> str:
    return " ".join(part for part in (entry.about.question, entry.about.help) if part)


def _write_table(entry: Entry) -> list[str]:
    assert entry.holds is not None
    hint_named = entry.takes != "fields"
    called = _CALLED.get(entry.words[-1]) or singular(entry.words[-1]).replace("_", " ")
    path = f"{entry.path}.<{called}>" if hint_named else entry.path
    inner = [
        Entry(name, about, _say_kind(hints(entry.holds)[name], about)) for name, about in asked(entry.holds).items()
    ]
    title = [f"### `{path}`", ""] if len(entry.words) > 1 or hint_named else []
    return ["", *title, " ".join((entry.holds.__doc__ or "").split()), "", *_write_rows(inner)]


def _write_rows(entries: list[Entry]) -> list[str]:
    rows = ["| field | question | takes | example | left out |", "|---|---|---|---|---|"]
    for entry in entries:
        about = entry.about
        takes = [entry.takes]
        if about.within is not None:
            takes.append(about.within.describe().removeprefix("a whole number, "))
        if about.refers is not None:
            takes.append(f"names {with_article(about.refers.scope)}")
        if about.keys is not None:
            takes.append(f"its names are those of {with_article(about.keys.scope)}")
        if about.grammar:
            takes.append(f"written as [{about.grammar}](#grammars)")
        cells = (
            f"`{entry.path}`", _sentence(entry), "; ".join(takes), f"`{about.example}`" if about.example else "",
            _say_proposed(about),
        )  # fmt: skip
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return rows


def _write_types() -> list[str]:
    rows = ["", "## Types", "", "| type | bytes | what it is | elsewhere called |", "|---|---|---|---|"]
    rows += [
        f"| `{one.name}{one.arguments}` | {one.bytes:g} | {one.about} | {', '.join(one.also)} |"
        for one in TYPES.values()
    ]
    rows += ["", "## Marks", "", "| mark | what it says |", "|---|---|"]
    rows += [f"| `{name}` | {about} |" for name, about in MARKS.items()]
    rows += ["", "## Units", "", "| dimension | units |", "|---|---|"]
    rows += [f"| {name} | {', '.join(f'`{one}`' for one in listed)} |" for name, listed in units().items()]
    meant = ", ".join(f"{word} is `{unit}`" for word, unit in MEANT.items())
    rows += ["", f"Other words are refused, with the unit that is meant: {meant}."]
    rows += ["", "## Grammars", "", "| name | form | examples | what it means |", "|---|---|---|---|"]
    for one in GRAMMARS.values():
        examples = ", ".join(f"`{example}`" for example in one.examples)
        rows.append(f"| {one.name} | `{one.form}` | {examples} | {one.about} |")
    return rows


__all__ = ["Entry", "explain_data", "explain_entry", "find_entry", "list_entries", "list_words", "write_reference"]
