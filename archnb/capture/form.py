"""The form of one section: boxes made from its records, and beside them what follows. Every accepted edit is a new
design, saved and planned at once; nothing is lost by undo, by a restart, or by a file that changed on disk.
"""

from __future__ import annotations

import difflib
import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from archnb.capture.fields import Field, Kit, Proposal, Question, find_inner, list_questions
from archnb.design import Design, find_origin, leaves
from archnb.design.record import Record, asked, hints
from archnb.exceptions import FileChangedError, InputError, Problem, unknown
from archnb.fact import Fact
from archnb.file import dumps, load, save
from archnb.finding import Finding
from archnb.plan import Plan, plan
from archnb.render import bundle, css
from archnb.render.markup import element
from archnb.shapes import AnyShape, Cell, Table

# the sections that have a form, with where the names of their main facts begin
SECTIONS: dict[str, str] = {"requirements": "load."}
# how many blocks of named records are listed before a person asks for more; keeps the first paint small
PAGE = 20
WORST = 5
DIFF_LINES = 40

_SHEET = """
.archnb-form .widget-html-content{line-height:1.45;color:var(--archnb-ink)}
.archnb-form .widget-text,.archnb-form .widget-dropdown{flex-direction:column;align-items:stretch;height:auto}
.archnb-form .widget-text>.widget-label,.archnb-form .widget-dropdown>.widget-label{width:auto;height:auto;
  text-align:left;white-space:normal;overflow:visible;line-height:1.45;margin:0 0 2px;font-weight:600;
  color:var(--archnb-ink)}
.archnb-form .widget-text input,.archnb-form .widget-dropdown select{max-width:28em;width:100%;
  flex:0 0 auto;height:var(--jp-widgets-inline-height,28px)}
.archnb-form .jupyter-button{text-align:left;white-space:normal;overflow:visible;height:auto;line-height:1.6}
.archnb-form .archnb-table th,.archnb-form .archnb-table td{overflow-wrap:anywhere;white-space:pre-line}
.archnb-form .archnb-table td:first-child{overflow-wrap:normal}
.archnb-form h4{margin:14px 0 2px}
.archnb-form .archnb-help{color:var(--archnb-soft)}
.archnb-form .archnb-notice-box{border:1px solid var(--archnb-danger);border-radius:8px;padding:8px 12px;margin:4px 0}
.archnb-form pre{overflow-x:auto;max-height:24em;line-height:1.4}
"""


def form(design_or_path: Design | str | os.PathLike[str], section: str = "requirements") -> Form:
    """Ask for a section of a design in a form. Given a path, every accepted edit is saved to that file.

    Raises EngineMissing where ipywidgets is not installed, InputError where the file or the section cannot be shown.
    """
    if section not in SECTIONS:
        told = unknown("section with a form", section, SECTIONS, "Others are said in the file, or by design.replace.")
        raise InputError([Problem("", told)])
    if isinstance(design_or_path, Design):
        return Form(design_or_path, section)
    path = Path(design_or_path)
    design, text = _read_file(path)
    return Form(design, section, path, text)


class Form:
    """A form over one section. `design` and `plan` are always those of what the form shows.

    `widget` is what a notebook displays. The design may be set from Python too; undo covers both.
    """

    def __init__(self, design: Design, section: str, path: Path | None = None, text: str | None = None) -> None:
        self._kit = Kit()
        self._plan = plan(design)
        # the plan of a design that was checked and is about to be held
        self._ready: Plan | None = None
        self._design, self._section, self._path = design, section, path
        # the text that the file is believed to hold
        self._text = text
        # the text that a difference was shown of
        self._seen: str | None = None
        self._is_saved = True
        self._past: list[Design] = []
        self._future: list[Design] = []
        self._observers: list[Callable[[Form], object]] = []
        self._fields: list[Field] = []
        self._lists: list[_NamedBlocks] = []
        self._build()

    # -- what the form holds

    @property
    def design(self) -> Design:
        """The current design, as said. Setting it is an edit like any other: saved, planned, and undone."""
        return self._design

    @design.setter
    def design(self, design: Design) -> None:
        self._check(design)
        self._put(design)

    @property
    def plan(self) -> Plan:
        """The plan of the current design."""
        return self._plan

    @property
    def path(self) -> Path | None:
        """The file that every accepted edit is saved to, if there is one."""
        return self._path

    def change(self, path: str, value: Any) -> None:
        """Say the value at a dotted path, as if typed; None takes it back. Raises InputError where it does not fit."""
        made = _replace(self._design, path, value)
        self._check(made)
        self._put(made)

    def undo(self) -> None:
        """Take the last edit back; without one, nothing happens."""
        if self._past:
            self._future.append(self._design)
            self._move(self._past.pop())

    def redo(self) -> None:
        """Repeat the edit that was taken back last."""
        if self._future:
            self._past.append(self._design)
            self._move(self._future.pop())

    def observe(self, callback: Callable[[Form], object]) -> Callable[[], None]:
        """Call back with this form after every accepted edit. Gives the function that ends it."""
        self._observers.append(callback)
        return lambda: self._observers.remove(callback) if callback in self._observers else None

    def find_field(self, path: str) -> Field:
        """The box of a path, its block opened where it was closed. Raises InputError with the nearest path."""
        for one in self._lists:
            one.open_for(path)
        found = {one.path: one for one in self._fields}
        if path not in found:
            raise InputError([Problem("", unknown("box", path, found))])
        return found[path]

    # -- how it is shown

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """The form; where widgets cannot be shown, what follows from the design, to be read."""
        shown: dict[str, Any] = dict(self.widget._repr_mimebundle_() or {})
        hint = "This form needs a running notebook with widgets; here is what follows from the design."
        return {**shown, **bundle(_Aside(self._plan, self._section, hint))}

    def __repr__(self) -> str:
        return f"<Form {self._section} of {self._plan.name}: {self._said_count()} values said>"

    def _said_count(self) -> int:
        return sum(1 for _ in leaves(getattr(self._design, self._section), self._section))

    def _build(self) -> None:
        kit = self._kit
        self.undo_button = kit.make("Button", description="Undo", layout=kit.widgets.Layout(width="auto"))
        self.redo_button = kit.make("Button", description="Redo", layout=self.undo_button.layout)
        self.undo_button.on_click(self._guarded(lambda _: self.undo()))
        self.redo_button.on_click(self._guarded(lambda _: self.redo()))
        self.status = kit.make("HTML", layout=self.undo_button.layout)
        self.notice = kit.make("HTML")
        self.aside = kit.make("HTML")
        self.take_button = kit.make("Button", description="Take the file's values", layout=self.undo_button.layout)
        self.keep_button = kit.make("Button", description="Keep the form's values", layout=self.undo_button.layout)
        self.take_button.on_click(self._guarded(lambda _: self._take_file()))
        self.keep_button.on_click(self._guarded(lambda _: self._keep_form()))
        self._conflict = kit.widgets.HBox((self.take_button, self.keep_button), layout=kit.hidden)
        bar = kit.widgets.HBox((self.undo_button, self.redo_button, self.status), layout=kit.row)
        boxes = kit.stack(
            *self._build_record(type(getattr(self._design, self._section)), self._section),
            layout=kit.widgets.Layout(flex="1 1 24em", min_width="0"),
        )
        beside = kit.stack(self.aside, layout=kit.widgets.Layout(flex="1 1 30em", min_width="0"))
        columns = kit.widgets.HBox((boxes, beside), layout=kit.widgets.Layout(flex_flow="row wrap", width="100%"))
        sheet = kit.make("HTML", value=_sheet())
        # what an edit did and what went wrong stands at the top, where undo is
        self.widget = kit.stack(sheet, bar, self.notice, self._conflict, columns)
        for name in ("archnb", "archnb-form"):
            self.widget.add_class(name)
        self._refresh()
        self._write_status()

    def _build_record(self, cls: type[Record], path: str) -> list[Any]:
        """The widgets of a record's fields: its own boxes first, then the records in it, each under its question."""
        made = [self._build_field(question) for question in list_questions(cls, path)]
        inner = {name: find_inner(hint) for name, hint in hints(cls).items()}
        for is_named in (False, True):
            for name, found in inner.items():
                if found is None or (found[0] == "named") != is_named:
                    continue
                below, question = f"{path}.{name}", asked(cls)[name].question
                text = element("h4", question) + element(
                    "div", *_mark_code(found[1].__doc__ or ""), class_="archnb-help"
                )
                made.append(self._kit.make("HTML", value=str(text)))
                if is_named:
                    blocks = _NamedBlocks(self, found[1], below)
                    self._lists.append(blocks)
                    made.append(blocks.widget)
                else:
                    made += self._build_record(found[1], below)
        return made

    def _build_field(self, question: Question) -> Any:
        made = Field(self._kit, question, self._take)
        self._fields.append(made)
        return made.widget

    def _refresh(self) -> None:
        """Bring every box and everything beside them up to the design and its plan."""
        for one in self._lists:
            one.refresh()
        self._show_fields(self._fields)
        self.aside.value = bundle(_Aside(self._plan, self._section))["text/html"]
        self.undo_button.disabled, self.redo_button.disabled = not self._past, not self._future

    def _show_fields(self, fields: list[Field]) -> None:
        said = dict(leaves(getattr(self._design, self._section), self._section))
        planned = dict(leaves(getattr(self._plan.design, self._section), self._section))
        for one in fields:
            reason = ""
            if one.path not in said and one.path in planned:
                because = self._plan.draft.reasons.get(one.path)
                reason = because.reason if because else self._plan.why(one.path).reason
            one.show(said.get(one.path), Proposal(planned.get(one.path), reason))

    # -- an edit

    def _take(self, field: Field) -> None:
        """Accept what was typed into a box, or say beside it why not; then nothing else moves."""
        with self._guard():
            try:
                made = _replace(self._design, field.path, field.typed)
                self._check(made)
            except InputError as error:
                field.refuse(error)
                return
            field.settle()
            self._put(made)

    def _check(self, design: Design) -> None:
        """Refuse a design in which a name names nothing, also of what only its plan proposes, before it is held and saved."""
        self._ready = None
        try:
            self._ready = plan(design)
        except InputError:
            raise
        except Exception:
            # a fault of ours is told once the design is safe
            return

    def _put(self, design: Design) -> None:
        if design == self._design:
            self._show_fields(self._fields)
            return
        self._past.append(self._design)
        self._future.clear()
        self._move(design)

    def _move(self, design: Design) -> None:
        """Hold a design: save it first, so that nothing after it can lose it, then plan it and show what follows."""
        self._design = design
        self.notice.value = ""
        self._save()
        self._tell_status("planning …")
        with self._guard():
            ready, self._ready = self._ready, None
            self._plan = ready if ready is not None and ready.said is design else plan(design)
            self._refresh()
        self._write_status()
        failed: Exception | None = None
        for callback in tuple(self._observers):
            try:
                callback(self)
            except Exception as error:
                failed = failed or error
        if failed is not None:
            self._tell_error(failed)
            raise failed

    # -- the file

    def _save(self) -> None:
        if self._path is None:
            return
        self._tell_status("saving …")
        self._is_saved = False
        try:
            self._text = save(self._design, self._path, expected=self._text)
        except FileChangedError:
            self._offer_diff(self._path)
        except InputError as error:
            self._tell(str(error))
        else:
            self._is_saved, self._conflict.layout = True, self._kit.hidden

    def _offer_diff(self, path: Path) -> None:
        """Say that the file is another one now, show what saving would change in it, and ask which to keep."""
        told = f"{path}: the file changed on disk since it was read, so it was left as it is. Your edits are kept here."
        current = _read_text(path)
        try:
            lines = _compare(current or "", dumps(self._design, current))
        except InputError as error:
            lines = ["what stands there is not a design that can be read:", *str(error).splitlines()]
        self.notice.value = str(
            element(
                "div",
                element("div", told, class_="archnb-danger", role="alert"),
                element("div", "Saving the form's values would change:", class_="archnb-help"),
                element("pre", "\n".join(lines)),
                class_="archnb-notice-box",
            )
        )
        self._seen = current
        self._conflict.layout = self._kit.row

    def _take_file(self) -> None:
        """Take the design of the file; undo brings the form's back."""
        if self._path is not None:
            try:
                design, self._text = _read_file(self._path)
            except InputError as error:
                self._tell(str(error))
                return
            self._is_saved, self._conflict.layout, self.notice.value = True, self._kit.hidden, ""
            self._put(design)
            self._write_status()

    def _keep_form(self) -> None:
        """Write the form's values over the file that the difference was shown of; a still newer one is shown again."""
        self._text, self.notice.value = self._seen, ""
        self._save()
        self._write_status()

    # -- what is told

    def _tell_status(self, text: str) -> None:
        self.status.value = str(element("span", text, class_="archnb-muted", role="status"))

    def _write_status(self) -> None:
        if self._path is None:
            self._tell_status("kept in this notebook's memory: form.design")
        elif self._is_saved:
            self._tell_status(f"saved in {self._path.name}")
        else:
            self._tell_status(f"not saved in {self._path.name}")

    def _tell(self, text: str, *more: object) -> None:
        alert = element("div", text, class_="archnb-danger", role="alert")
        self.notice.value = str(element("div", alert, *more, class_="archnb-notice-box"))

    def _tell_error(self, error: Exception) -> None:
        lines = "".join(traceback.format_exception(error))
        details = element("details", element("summary", "Where it happened"), element("pre", lines))
        self._tell(f"{type(error).__name__}: {error}. What you typed is kept.", details)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """An exception is shown in the form, since a notebook hides those of callbacks, and goes on to whoever called."""
        try:
            yield
        except Exception as error:
            self._tell_error(error)
            self._write_status()
            raise

    def _guarded(self, function: Callable[[Any], None]) -> Callable[[Any], None]:
        def call(button: Any) -> None:
            with self._guard():
                function(button)

        return call


class _NamedBlocks:
    """Records by name: a button for each, and below an open one its boxes, which are made when it is opened first.

    Buttons, since the headers of an Accordion cannot be reached by keyboard.
    """

    def __init__(self, form: Form, cls: type[Record], path: str) -> None:
        self.form, self.cls, self.path = form, cls, path
        kit = form._kit
        self.shown = PAGE
        self.names: tuple[str, ...] = ()
        self.buttons: dict[str, Any] = {}
        self.boxes: dict[str, Any] = {}
        self.opened: set[str] = set()
        self.more_button = kit.make("Button")
        self.more_button.on_click(form._guarded(lambda _: self._show_more()))
        self.widget = kit.stack()

    def toggle(self, name: str) -> None:
        """Open a block, or close it."""
        self.opened ^= {name}
        if name in self.opened and name not in self.boxes:
            before = len(self.form._fields)
            children = self.form._build_record(self.cls, f"{self.path}.{name}")
            self.boxes[name] = self.form._kit.stack(*children, layout=self.form._kit.inset)
            self.form._show_fields(self.form._fields[before:])
        self._arrange()

    def _toggle_clicked(self, name: str, button: Any) -> None:
        self.toggle(name)

    def open_for(self, path: str) -> None:
        """Open the block that a path lies in, if it lies in one of these."""
        for name in self.names:
            if path.startswith(f"{self.path}.{name}.") and name not in self.opened:
                self.shown = max(self.shown, self.names.index(name) + 1)
                self.toggle(name)

    def refresh(self) -> None:
        """Bring the names, and what is said under each, up to the form's plan."""
        planned = _value_at(self.form.plan.design, self.path) or {}
        said = _value_at(self.form.design, self.path) or {}
        # what everything else falls back on first, then what was said, then what is proposed
        self.names = tuple(sorted(planned, key=lambda name: (name != "default", name not in said)))
        self.opened &= set(self.names)
        self._arrange()

    def _show_more(self) -> None:
        self.shown += PAGE
        self._arrange()

    def _arrange(self) -> None:
        said = _value_at(self.form.design, self.path) or {}
        children: list[Any] = []
        for name in self.names[: self.shown]:
            if name not in self.buttons:
                self.buttons[name] = self.form._kit.make("Button")
                self.buttons[name].on_click(self.form._guarded(partial(self._toggle_clicked, name)))
            count = sum(1 for _ in leaves(said[name])) if name in said else 0
            note = f"{count} said" if count else "all proposed"
            self.buttons[name].description = f"{'▾' if name in self.opened else '▸'} {name} ({note})"
            children.append(self.buttons[name])
            if name in self.opened:
                children.append(self.boxes[name])
        rest = len(self.names) - self.shown
        if rest > 0:
            self.more_button.description = f"Show {min(rest, PAGE)} more of {len(self.names)}"
            children.append(self.more_button)
        if list(self.widget.children) != children:
            self.widget.children = children


class _Aside:
    """What stands beside the boxes: the section's main facts, and the worst that the rules found in it."""

    def __init__(self, plan: Plan, section: str, note: str = "") -> None:
        self.plan, self.section, self.note = plan, section, note
        self.title = "What follows"

    @property
    def views(self) -> tuple[AnyShape, ...]:
        """The facts and the findings, as tables."""
        facts = tuple(
            (Cell(name, is_code=True), fact.text, _explain(fact))
            for name, fact in self.plan.facts.items()
            if name.startswith(SECTIONS[self.section]) and fact.origin == "concluded"
        )
        rows = tuple(
            (one.badge, f"{one.effect}\n{one.path}: {one.evidence}", one.remedy)
            for one in self.plan.findings.open
            if _is_about(one, self.section)
        )
        rest = f" {len(rows) - WORST} more: plan.findings." if len(rows) > WORST else ""
        told = f"{len(rows)} in this section; {self.plan.findings.note} in the whole plan.{rest}"
        return (
            Table(
                "form-findings",
                "Worst findings",
                ("severity", "effect, where, and evidence", "remedy"),
                rows[:WORST],
                description=told,
            ),
            Table("form-facts", "Main facts", ("fact", "value", "how"), facts),
        )


def _explain(fact: Fact) -> str:
    """The formula, or the meaning where the formula is longer than what fits beside a form."""
    formula = fact.formula()
    return formula if len(formula) <= 80 or not fact.because else fact.because


def _is_about(finding: Finding, section: str) -> bool:
    return finding.rule.id.startswith(f"{section}-") or finding.path.split(".")[0] == section


def _sheet() -> str:
    from markupsafe import Markup

    return str(element("style", Markup(css("cell") + _SHEET)))


def _mark_code(text: str) -> list[object]:
    """A docstring's words, what stands between backquotes as code."""
    parts = " ".join(text.split()).split("`")
    return [element("code", part) if n % 2 else part for n, part in enumerate(parts)]


def _value_at(record: Any, path: str) -> Any:
    for part in path.split("."):
        record = record.get(part) if isinstance(record, Mapping) else getattr(record, part, None)
        if record is None:
            return None
    return record


def _replace(design: Design, path: str, value: Any) -> Design:
    """The design with one value replaced; a named record in which nothing is said any more goes with its last value."""
    made = design.replace(path, value)
    above, _, _ = path.rpartition(".")
    if value is None and above:
        holder, record = _value_at(made, above.rpartition(".")[0]), _value_at(made, above)
        if isinstance(holder, Mapping) and isinstance(record, Record) and record == type(record)():
            return made.replace(above, None)
    return made


def _read_text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None


def _read_file(path: Path) -> tuple[Design, str]:
    """A file's design, and the text that it was read from."""
    design = load(path)
    origin = find_origin(design)
    assert origin is not None
    return design, origin.text


def _compare(old: str, new: str) -> list[str]:
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), "the file", "this form", lineterm="", n=1))
    more = [f"… and {len(lines) - DIFF_LINES} more lines"] if len(lines) > DIFF_LINES else []
    return lines[:DIFF_LINES] + more


__all__ = ["SECTIONS", "Form", "form"]
