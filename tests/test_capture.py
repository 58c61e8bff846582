"""The form, driven as a person drives it but without a browser: values put into its boxes, buttons clicked."""

from __future__ import annotations

import builtins
import dataclasses
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import archnb
from archnb import Design, InputError
from archnb.capture import Form, form
from archnb.capture.fields import find_inner, list_questions
from archnb.design.record import Record, asked, hints
from archnb.design.requirements import Requirements
from archnb.exceptions import EngineMissing
from tests.designs import TINY, shop, tiny

pytestmark = pytest.mark.needs("forms")

P99 = "requirements.objectives.default.latency_p99"
PEAK = "requirements.load.peak_factor"
YAML = """\
archnb: 1
name: small   # ours
requirements:
  load:
    daily_users: 10k      # counted in May
    requests_per_user: 20/day
  team_size: 4
entities:
  Order: {fields: {id: key, total: money}, rows: 10k}
"""


@pytest.fixture
def small() -> Form:
    """A form over the tiny design."""
    return form(tiny())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A design file with comments."""
    path = tmp_path / "small.yaml"
    path.write_text(YAML, encoding="utf-8")
    return path


def _type(shown: Form, path: str, text: Any) -> None:
    shown.find_field(path).input.value = text


def _note(shown: Form, path: str) -> str:
    return str(shown.find_field(path).note.value)


def _count_models() -> int:
    import ipywidgets

    return len(ipywidgets.Widget.get_manager_state()["state"])


def _walk(cls: type[Record], path: str, *, has_named: bool) -> Iterator[tuple[str, type[Record]]]:
    yield path, cls
    for name, hint in hints(cls).items():
        found = find_inner(hint)
        if found is not None and (has_named or found[0] == "record"):
            yield from _walk(found[1], f"{path}.{name}", has_named=has_named)


# -- what is asked


def test_every_field_of_the_requirements_can_be_asked() -> None:
    """No field of the section's records is left out of the form: each is a box, a record or records by name."""
    for path, cls in _walk(Requirements, "requirements", has_named=True):
        boxes = {one.name for one in list_questions(cls, path)}
        assert boxes | {name for name, hint in hints(cls).items() if find_inner(hint)} == set(hints(cls))


def test_box_says_what_the_record_says(small: Form) -> None:
    """Label, help and example are the record's own words, and stand in the open, not in a tooltip."""
    for path, cls in _walk(Requirements, "requirements", has_named=False):
        for question in list_questions(cls, path):
            box, about = small.find_field(question.path), asked(cls)[question.name]
            assert box.input.description == about.question
            assert not box.input.tooltip
            for word in (about.help, about.example):
                assert word.replace("'", "&#39;") in box.note.value


def test_answers_have_boxes_of_their_kind(small: Form) -> None:
    """A choice is picked from its words, `not said` among them; everything else is typed."""
    box = small.find_field("requirements.objectives.default.consistency").input
    assert [word for word, _ in box.options] == ["not said", "strong", "session", "eventual"]
    _type(small, "requirements.objectives.default.consistency", "strong")
    _type(small, "requirements.regions", "2")
    _type(small, "requirements.compliance", "GDPR, PCI-DSS")
    said = small.design.requirements
    assert said.objectives["default"].consistency == "strong"
    assert (said.regions, said.compliance) == (2, ("GDPR", "PCI-DSS"))


def test_yes_no_has_three_answers() -> None:
    """A field that is true or false can also stay unsaid, and `no` is not the same as that."""
    from archnb.capture.fields import Field, Kit, Question

    taken: list[Any] = []
    about = asked(Requirements)["team_size"]
    box = Field(Kit(), Question("jobs.x.is_unique", "flag", about), lambda one: taken.append(one.typed))
    assert [word for word, _ in box.input.options] == ["not said", "yes", "no"]
    for value in (True, False, None):
        box.input.value = value
    assert taken == [True, False, None]
    box.show(False, None)
    assert box.input.value is False and taken == [True, False, None]


def test_empty_box_shows_the_proposal_and_its_reason(small: Form) -> None:
    """Where nothing was said, the proposed value stands in muted text with the plan's own reason."""
    why = small.plan.why(P99)
    assert not why.is_said
    assert f'<div class="archnb-muted">proposed: {why.value}, {why.reason}</div>' in _note(small, P99)
    assert small.find_field(P99).input.value == ""
    assert "proposed" not in _note(small, "requirements.load.daily_users")
    assert small.find_field("requirements.load.daily_users").input.value == "10k"


# -- an edit


def test_good_input_gives_a_new_design_and_a_new_plan(small: Form) -> None:
    """What is typed becomes part of a new design, which is planned; the design given at first stays as it was."""
    before, plan_before = small.design, small.plan
    _type(small, PEAK, "9")
    assert small.design == before.replace(PEAK, "9") and small.design is not before
    assert small.plan is not plan_before and small.plan.said is small.design
    ratio = small.plan.facts["load.peak_requests"].base / small.plan.facts["load.average_requests"].base
    assert ratio == pytest.approx(9)
    assert small.plan.facts["load.peak_requests"].text in small.aside.value
    assert before == Design.of(TINY)


def test_emptied_box_is_not_said_again(small: Form) -> None:
    """Emptying a box takes the value back, and a block in which nothing is said any more leaves the design."""
    before = small.design
    _type(small, P99, "400 ms")
    assert str(small.design.requirements.objectives["default"].latency_p99) == "400 ms"
    _type(small, P99, "  ")
    assert small.design == before
    assert "proposed: 500 ms" in _note(small, P99)


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        (PEAK, "three", "&#39;three&#39; is not a quantity"),
        ("requirements.load.daily_users", "5 ms", "&#39;5 ms&#39; is"),
        ("requirements.team_size", "six", "&#39;six&#39; is given where a whole number is expected"),
        ("requirements.team_size", "6.5", "6.5 is given where a whole number is expected"),
        (P99, "9 apples", "apples"),
    ],
)
def test_bad_input_is_told_beside_the_box(small: Form, path: str, text: str, told: str) -> None:
    """Bad input stays as typed, with field, reason and a valid example below it; nothing else moves."""
    small.find_field(path)
    design, plan, aside = small.design, small.plan, small.aside.value
    others = {one.path: (one.input.value, one.note.value) for one in small._fields if one.path != path}
    heard: list[Form] = []
    small.observe(heard.append)
    started = time.perf_counter()
    _type(small, path, text)
    took = time.perf_counter() - started
    box = small.find_field(path)
    assert box.input.value == text
    assert told in box.note.value and path.rpartition(".")[2] in box.note.value and 'role="alert"' in box.note.value
    assert box.question.about.example in box.note.value
    assert small.design is design and small.plan is plan and small.aside.value == aside and not heard
    assert {one.path: (one.input.value, one.note.value) for one in small._fields if one.path != path} == others
    assert took < 0.3


def test_bad_text_outlives_other_edits_and_is_mended(small: Form) -> None:
    """A refused text and its message stay through edits elsewhere, until the box is mended."""
    _type(small, PEAK, "three")
    _type(small, "requirements.regions", "2")
    assert small.find_field(PEAK).input.value == "three" and "three" in _note(small, PEAK)
    _type(small, PEAK, "")
    assert "three" not in _note(small, PEAK) and "proposed: 3" in _note(small, PEAK)
    _type(small, "requirements.load.daily_users", "many")
    _type(small, "requirements.load.daily_users", "10k")
    assert "many" not in _note(small, "requirements.load.daily_users")


def test_hostile_text_is_escaped(small: Form) -> None:
    """What a person types never becomes markup, neither in a message nor beside the form."""
    _type(small, PEAK, "<img src=x onerror=alert(1)>")
    assert "<img" not in _note(small, PEAK) and "&lt;img" in _note(small, PEAK)
    said = tiny().replace("access.<b>x</b>", {"reads": "Order", "by": "id", "rate": "1/s", "roles": "customer"})
    named = form(said.replace("requirements.objectives.<b>x</b>", {"latency_p50": "2 s", "latency_p99": "1 s"}))
    assert "<b>x" not in named.aside.value and "&lt;b&gt;x" in named.aside.value


def test_worst_findings_stand_beside() -> None:
    """A contradiction that is typed appears beside the form with effect, evidence and remedy, and goes with its cause."""
    shown = form(tiny())
    _type(shown, "requirements.objectives.default.consistency", "strong")
    _type(shown, "requirements.objectives.default.staleness", "60 s")
    found = next(one for one in shown.plan.findings if one.rule.id == "requirements-strong-but-stale")
    for word in (found.path, found.effect, found.evidence, found.remedy):
        assert word in shown.aside.value.replace("\xa0", " ")
    shown.undo()
    assert found.effect not in shown.aside.value


# -- undo, redo, observers


def test_undo_and_redo_go_a_hundred_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo takes back 100 edits one by one and redo repeats them, boxes and all."""
    shown = form(Design.of({"requirements": {"load": {"daily_users": 10}}}))
    # 300 plans would be most of the time of this file, and that each edit is planned is held elsewhere
    monkeypatch.setattr(sys.modules["archnb.capture.form"], "plan", lambda design, made=shown.plan: made)
    designs = [shown.design]
    for n in range(1, 101):
        _type(shown, "requirements.team_size", str(n))
        designs.append(shown.design)
    for n in range(99, -1, -1):
        shown.undo_button.click()
        assert shown.design is designs[n]
    assert shown.find_field("requirements.team_size").input.value == "" and shown.undo_button.disabled
    for n in range(1, 101):
        shown.redo_button.click()
        assert shown.design is designs[n]
    assert shown.find_field("requirements.team_size").input.value == "100" and shown.redo_button.disabled


def test_undo_covers_edits_from_python(small: Form) -> None:
    """Edits by `change` and by setting the design are undone like typed ones, and a new edit ends what could be redone."""
    first = small.design
    small.change(PEAK, 5)
    second = small.design
    small.design = second.replace("name", "other")
    assert small.find_field(PEAK).input.value == "5"
    small.undo()
    assert small.design is second
    small.undo()
    assert small.design is first and small.find_field(PEAK).input.value == ""
    _type(small, PEAK, "6")
    assert small.redo_button.disabled
    small.redo()
    assert str(small.design.requirements.load.peak_factor) == "6"


def test_python_edits_that_do_not_fit_are_refused(small: Form) -> None:
    """A bad value, or a design that names what is not there, raises InputError and leaves the form as it was."""
    before = small.design
    with pytest.raises(InputError, match="peak_factor"):
        small.change(PEAK, "many")
    with pytest.raises(InputError, match="Customr"):
        small.design = before.replace("access.orders_of_customer.reads", "Customr")
    assert small.design is before


def test_observers_hear_every_accepted_edit(small: Form) -> None:
    """An observer is called after each edit, undo included, with the form; the function it was given ends that."""
    heard: list[str] = []
    end = small.observe(lambda one: heard.append(str(one.plan.said.requirements.load.peak_factor)))
    _type(small, PEAK, "4")
    _type(small, PEAK, "bad")
    small.undo()
    end()
    _type(small, PEAK, "7")
    assert heard == ["4", "None"]


def test_exception_in_a_callback_appears_and_is_raised(small: Form) -> None:
    """An observer's exception is shown in the form, fails the caller, and loses neither the edit nor other observers."""
    heard: list[Form] = []

    def fail(one: Form) -> None:
        raise ZeroDivisionError("no <share> left")

    small.observe(fail)
    small.observe(heard.append)
    with pytest.raises(ZeroDivisionError):
        _type(small, PEAK, "4")
    assert "ZeroDivisionError: no &lt;share&gt; left" in small.notice.value and "fail" in small.notice.value
    assert str(small.design.requirements.load.peak_factor) == "4" and heard == [small]


def test_exception_in_the_plan_appears_and_the_edit_is_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where planning itself fails, the edit is already saved, and the form says what happened."""
    shown = form(file)

    def fail(design: Design) -> None:
        raise RuntimeError("a topic broke")

    # the package's `form` is the function; the module of that name is found where modules are kept
    monkeypatch.setattr(sys.modules["archnb.capture.form"], "plan", fail)
    with pytest.raises(RuntimeError):
        _type(shown, PEAK, "4")
    assert "a topic broke" in shown.notice.value
    assert "peak_factor: 4" in file.read_text(encoding="utf-8")


# -- the file


def test_save_changes_one_line(file: Path) -> None:
    """An edit touches only its own line of the file; comments, order and spacing stay."""
    shown = form(file)
    assert file.read_text(encoding="utf-8") == YAML
    _type(shown, "requirements.load.daily_users", "20k")
    assert file.read_text(encoding="utf-8") == YAML.replace("daily_users: 10k ", "daily_users: 20k ")
    _type(shown, "requirements.team_size", "five")
    shown.undo()
    assert file.read_text(encoding="utf-8") == YAML
    assert f"saved in {file.name}" in shown.status.value


def test_restart_restores_every_field(file: Path) -> None:
    """A new form over the file, as after a kernel's restart, shows all that was typed into the old one."""
    first = form(file)
    answers = {
        "requirements.summary": "Sells: books # cheap",
        "requirements.compliance": "GDPR, PCI-DSS",
        "requirements.load.growth": "10..60%/year",
        "requirements.recovery.rpo": "1 min",
        "requirements.objectives.default.availability": "99.95%",
        "requirements.objectives.default.consistency": "eventual",
    }
    for path, text in answers.items():
        _type(first, path, text)
    again = form(str(file))
    assert again.design == first.design
    assert {path: again.find_field(path).input.value for path in answers} == answers


def test_changed_file_is_not_overwritten(file: Path) -> None:
    """A file that somebody else changed stays as it is; the form shows the difference and keeps what was typed."""
    shown = form(file)
    theirs = YAML.replace("team_size: 4", "team_size: 7")
    file.write_text(theirs, encoding="utf-8")
    _type(shown, "requirements.load.daily_users", "20k")
    assert file.read_text(encoding="utf-8") == theirs
    assert str(shown.design.requirements.load.daily_users) == "20k"
    for line in ("-    daily_users: 10k", "+    daily_users: 20k", "-  team_size: 7", "+  team_size: 4"):
        assert line in shown.notice.value
    assert "not saved" in shown.status.value and shown._conflict.layout.display != "none"


def test_changed_file_can_be_taken_or_replaced(file: Path) -> None:
    """After such a change a person takes the file's values, which undo takes back, or keeps the form's."""
    shown = form(file)
    file.write_text(YAML.replace("team_size: 4", "team_size: 7"), encoding="utf-8")
    _type(shown, PEAK, "5")
    shown.take_button.click()
    assert (shown.design.requirements.team_size, shown.design.requirements.load.peak_factor) == (7, None)
    assert shown.notice.value == "" and shown._conflict.layout.display == "none"
    shown.undo()
    assert "peak_factor: 5" in file.read_text(encoding="utf-8")
    file.write_text(YAML.replace("team_size: 4", "team_size: 9  # theirs"), encoding="utf-8")
    _type(shown, PEAK, "6")
    shown.keep_button.click()
    text = file.read_text(encoding="utf-8")
    assert "team_size: 4  # theirs" in text and "peak_factor: 6" in text and "saved in" in shown.status.value


def test_file_that_became_no_design_is_left_alone(file: Path) -> None:
    """A file that can no longer be read is shown as such, and neither button harms it or raises."""
    shown = form(file)
    file.write_text("requirements: [", encoding="utf-8")
    _type(shown, PEAK, "5")
    shown.keep_button.click()
    shown.take_button.click()
    assert file.read_text(encoding="utf-8") == "requirements: ["
    assert shown.notice.value and "not saved" in shown.status.value
    file.unlink()
    shown.find_field(PEAK).input.value = "6"
    assert not file.exists()
    shown.keep_button.click()
    assert archnb.load(file) == shown.design


# -- size, keyboard, other front ends


def test_first_paint_is_small() -> None:
    """The shop's form starts with at most 150 widget models; a block's boxes are made when it is opened."""
    before = _count_models()
    shown = form(shop())
    painted = _count_models() - before
    assert painted <= 150
    blocks = shown._lists[0]
    assert len(blocks.names) > len(blocks.buttons) > 1
    blocks.buttons["place_order"].click()
    opened = _count_models() - before
    assert painted < opened <= painted + 3 * len(dataclasses.fields(shop().requirements.objectives["place_order"])) + 2
    blocks.buttons["place_order"].click()
    blocks.buttons["place_order"].click()
    assert _count_models() - before == opened


def test_many_operations_are_listed_by_the_page() -> None:
    """A design with hundreds of operations starts as small, and every block can be reached."""
    entities = {f"Thing{n}": {"fields": {"id": "key", "name": "text(20)"}} for n in range(60)}
    before = _count_models()
    shown = form(Design.of({"entities": entities}))
    assert _count_models() - before <= 150
    blocks = shown._lists[0]
    while blocks.more_button in blocks.widget.children:
        blocks.more_button.click()
    assert set(blocks.buttons) == set(blocks.names) == set(shown.plan.design.requirements.objectives)


def test_every_control_is_a_plain_input(small: Form) -> None:
    """All that a person acts on is a text box, a drop-down or a button, which every browser lets be used by keyboard."""
    small.find_field(P99)
    pending, kinds = [small.widget], set()
    while pending:
        one = pending.pop()
        kinds.add(type(one).__name__)
        pending += getattr(one, "children", ())
    assert kinds == {"VBox", "HBox", "HTML", "Text", "Dropdown", "Button"}


def test_form_shows_text_where_widgets_cannot(small: Form) -> None:
    """The mimebundle holds the widget, and for other readers what follows from the design, without a script."""
    shown = small._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert "load.peak_requests" in shown["text/html"] and "<script" not in shown["text/html"]
    assert "load.peak_requests" in shown["text/plain"]


def test_front_door_opens_a_form(file: Path) -> None:
    """`archnb.form` takes a design or a path, more than once, and a section; an unknown one is refused by name."""
    assert archnb.form(tiny()).path is None
    assert archnb.form(file).path == file
    with pytest.raises(InputError, match="did you mean 'requirements'"):
        archnb.form(tiny(), "requirement")
    with pytest.raises(InputError, match=r"no such file; did you mean 'small.yaml'"):
        archnb.form(file.with_name("smal.yaml"))


def test_without_ipywidgets_the_next_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ipywidgets is missing, the error says what to install, and archnb itself is imported all the same."""
    real = builtins.__import__

    def refuse(name: str, *args: Any, **options: Any) -> Any:
        if name.split(".")[0] == "ipywidgets":
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(EngineMissing, match=r'pip install "archnb\[lab\]"'):
        archnb.form(tiny())
