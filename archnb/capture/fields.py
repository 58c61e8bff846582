"""One box for each field of a record: its label is the field's question, its help and example stand beside it, and so
do what is wrong with the text in it or, where nothing was said, what is proposed instead and why.
"""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from archnb.design.declaration import Asked
from archnb.design.record import Named, Record, asked, hints, strip_none
from archnb.exceptions import EngineMissing, InputError
from archnb.quantity import Quantity
from archnb.render.markup import element, join_markup

Kind = Literal["text", "number", "flag", "choice", "list"]


class Proposal(NamedTuple):
    """What stands in the plan where nothing was said, and the reason for it."""

    value: Any
    reason: str


@dataclass(frozen=True)
class Question:
    """One field of a record, as it is asked: where it stands, how it is answered, what the record says of it."""

    path: str
    kind: Kind
    about: Asked
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The field's own name, the last part of its path."""
        return self.path.rpartition(".")[2]


def import_ipywidgets() -> Any:
    """The library behind every form. Raises EngineMissing with the next step where it is not installed."""
    try:
        import ipywidgets
    except ImportError:
        missing = EngineMissing.of_extra("a form needs", "ipywidgets", "lab")
        raise EngineMissing(
            f"{missing}. Without it, edit the design file by hand, or say design.replace(path, value)."
        ) from None
    return ipywidgets


def find_inner(hint: Any) -> tuple[str, type[Record]] | None:
    """Whether a field holds a record ("record") or records by name ("named"), and of which class."""
    hint = strip_none(hint)
    if isinstance(hint, type) and issubclass(hint, Record):
        return "record", hint
    if typing.get_origin(hint) is Named:
        inner = typing.get_args(hint)[0]
        return ("named", inner) if isinstance(inner, type) and issubclass(inner, Record) else None
    return None


def list_questions(cls: type[Record], path: str) -> Iterator[Question]:
    """The fields of a record that one box can answer, in the order they are declared."""
    for name, hint in hints(cls).items():
        about = asked(cls).get(name)
        found = _find_kind(hint)
        if about is not None and about.words is not None:
            found = "choice", about.words.list_names()
        if about is not None and found is not None:
            yield Question(f"{path}.{name}", found[0], about, found[1])


def _find_kind(hint: Any) -> tuple[Kind, tuple[str, ...]] | None:
    hint = strip_none(hint)
    if typing.get_origin(hint) is Literal:
        return "choice", tuple(str(one) for one in typing.get_args(hint))
    if typing.get_origin(hint) is tuple and typing.get_args(hint)[0] is str:
        return "list", ()
    kinds: dict[Any, Kind] = {bool: "flag", int: "number", float: "number", str: "text", Quantity: "text"}
    return (kinds[hint], ()) if hint in kinds else None


class Kit:
    """ipywidgets with the few layouts and styles that all widgets of one form share, so that a form stays small."""

    def __init__(self) -> None:
        self.widgets = import_ipywidgets()
        made = self.widgets
        self.wide = made.Layout(width="100%", height="auto", margin="2px 0")
        self.block = made.Layout(width="100%", margin="0 0 14px 0")
        self.inset = made.Layout(width="100%", margin="4px 0 10px 0", padding="0 0 0 18px")
        self.row = made.Layout(width="100%", flex_flow="row wrap", align_items="center")
        self.hidden = made.Layout(display="none")
        self._styles: dict[type[Any], Any] = {}

    def make(self, name: str, *, layout: Any = None, **options: Any) -> Any:
        """A widget of the named class with the shared style and, unless another is given, the wide layout."""
        kind = getattr(self.widgets, name)
        # unset, a browser shows the word null as the tooltip
        options.setdefault("tooltip", "")
        style = kind.class_traits()["style"].klass if "style" in kind.class_traits() else None
        if style is not None:
            if style not in self._styles:
                # "initial" lets a label be as wide as it needs, where the sheet that puts it above does not reach
                width = {"description_width": "initial"} if "description_width" in style.class_traits() else {}
                self._styles[style] = style(**width)
            options["style"] = self._styles[style]
        return kind(layout=layout or self.wide, **options)

    def stack(self, *children: Any, layout: Any = None) -> Any:
        """Widgets one below the other."""
        return self.widgets.VBox(children, layout=layout or self.wide)


class Field:
    """The box of one question, with the note below it.

    `take` is called with this field when a person has typed something; it answers with `settle` or `refuse`.
    """

    def __init__(self, kit: Kit, question: Question, take: Callable[[Field], None]) -> None:
        self.question, self._take = question, take
        self.error = ""
        self._said: Any = None
        self._proposal: Proposal | None = None
        self._is_showing = False
        about = question.about
        if question.kind in ("choice", "flag"):
            words = question.choices or ("yes", "no")
            values: list[Any] = list(question.choices) or [True, False]
            options = [("not said", None), *zip(words, values, strict=True)]
            self.input = kit.make("Dropdown", options=options, value=None, description=about.question)
        else:
            # a box speaks when it is left or Enter is pressed, not at every key: half a number is no mistake
            self.input = kit.make("Text", description=about.question, placeholder="not said", continuous_update=False)
        self.note = kit.make("HTML")
        self.widget = kit.stack(self.input, self.note, layout=kit.block)
        self.input.observe(self._typed, names="value")
        self._write_note()

    @property
    def path(self) -> str:
        """Where the answer stands in the design."""
        return self.question.path

    @property
    def typed(self) -> Any:
        """What stands in the box, as a design file would hold it; None for an empty box."""
        value = self.input.value
        if not isinstance(value, str) or self.question.kind == "choice":
            return value
        text = value.strip()
        if not text:
            return None
        return _read_number(text) if self.question.kind == "number" else text

    def show(self, said: Any, proposal: Proposal | None) -> None:
        """Show what was said, or else what is proposed. A text that was refused stays until the value changes."""
        self._proposal = proposal
        if not self.error or said != self._said:
            self.error = ""
            with self._showing():
                self.input.value = said if self.question.kind in ("choice", "flag") else write_value(said)
        self._said = said
        self._write_note()

    def settle(self) -> None:
        """What was typed is accepted."""
        self.error = ""
        self._write_note()

    def refuse(self, error: InputError) -> None:
        """Say below the box what is wrong; what was typed stays."""
        told = " ".join(one.message if one.path == self.path else str(one) for one in error.problems)
        example = self.question.about.example
        if example and "for instance" not in told:
            told = f"{told} For instance: {example}"
        self.error = f"{self.question.name}: {told}"
        self._write_note()

    def _typed(self, change: Any) -> None:
        if not self._is_showing:
            self._take(self)

    @contextmanager
    def _showing(self) -> Iterator[None]:
        self._is_showing = True
        try:
            yield
        finally:
            self._is_showing = False

    def _write_note(self) -> None:
        about, parts = self.question.about, []
        if self.error:
            parts.append(element("div", self.error, class_="archnb-danger", role="alert"))
        help = [about.help] if about.help else []
        has_example = about.example and not self.error
        example = element("span", "For example: ", element("code", about.example)) if has_example else None
        if help or example:
            parts.append(
                element("div", join_markup([*help, *([example] if example else [])], " "), class_="archnb-help")
            )
        if self._said in (None, ()) and not self.error:
            parts.append(element("div", _describe(self._proposal), class_="archnb-muted"))
        self.note.value = str(join_markup(parts))


def write_value(value: Any) -> str:
    """A value as a person writes it into a box; nothing is an empty text.

    >>> write_value(("GDPR", "PCI-DSS"))
    'GDPR, PCI-DSS'
    """
    if value is None:
        return ""
    return ", ".join(str(one) for one in value) if isinstance(value, tuple) else str(value)


def _describe(proposal: Proposal | None) -> str:
    if proposal is None or proposal.value in (None, ()):
        return "Not said, and nothing is proposed."
    reason = f", {proposal.reason}" if proposal.reason else ""
    return f"proposed: {write_value(proposal.value).rstrip('.')}{reason}"


def _read_number(text: str) -> int | float | str:
    """A number where the text is one; else the text, which the record refuses in its own words."""
    for read in (int, float):
        try:
            number = read(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else text
    return text
