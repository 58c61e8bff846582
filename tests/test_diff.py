"""Two versions of a design: what changed, whom it breaks, what is lost."""

from __future__ import annotations

import ast
import dataclasses
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

import archnb
from archnb import Design, InputError, file, plan
from archnb.design.entities import Field
from archnb.design.record import leaves
from archnb.diff import Diff, diff
from archnb.export.column_types import sql_type
from archnb.plan import Plan
from archnb.planned import api, auth, cache, entities, errors, requirements, schema
from archnb.verify.servers import open_postgresql_database
from tests.designs import ALL
from tests.test_consistency import NAMES


@pytest.mark.parametrize(
    ("text", "was", "written"),
    [
        ("text(80) was full_name", "full_name", "text(80) was full_name"),
        ("-> Berth was mooring optional", "mooring", "-> Berth optional was mooring"),
        ('int was "Old name" >= 1 = 3', "Old name", 'int was "Old name" >= 1 = 3'),
        ("enum(was, is) = was", None, "enum(was, is) = was"),
        ("text = it was here", None, "text = it was here"),
    ],
)
def test_a_field_says_in_its_line_what_it_was_called(text: str, was: str | None, written: str) -> None:
    """`was` stands among the marks, and nowhere else is the word one."""
    field = Design.of({"entities": {"Berth": {}, "Boat": {"fields": {"x": text}}}}).entities["Boat"].fields["x"]
    assert (field.was, field.write_shorthand()) == (was, written)
    assert Field(**Field.read_shorthand(written) | ({"values": field.values} if field.values else {})) == field


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"a": "int was b", "b": "int"}, "Boat.fields.a: it cannot have been called 'b', which is still here"),
        ({"a": "int was c", "b": "int was c"}, "Boat.fields.b: a was called 'c' already"),
        ({"a": "int was a"}, "Boat.fields.a: it is called 'a' still"),
        ({"a": "int was"}, "Boat.fields.a: in 'int was': 'was' names nothing"),
    ],
)
def test_an_old_name_is_of_one_thing_that_is_gone(fields: dict[str, str], fault: str) -> None:
    """What cannot be what a thing was called before is an error; an exchange of names is none."""
    with pytest.raises(InputError, match="entities") as caught:
        Design.of({"entities": {"Boat": {"fields": fields}}})
    assert fault in str(caught.value)
    assert Design.of({"entities": {"Boat": {"fields": {"a": "int was b", "b": "int was a"}}}})


def test_an_old_name_of_an_entity_is_checked_too() -> None:
    """Entities are renamed by the same rules."""
    with pytest.raises(InputError) as caught:
        Design.of({"entities": {"Boat": {"was": "Ship"}, "Ship": {}}})
    assert "entities.Boat.was: it cannot have been called 'Ship'" in str(caught.value)


# -- verdicts

BASE = (Path(__file__).parent / "diff_base.yaml").read_text(encoding="utf-8")


@lru_cache
def planned(text: str) -> Plan:
    """The plan of a design in a text, made once."""
    return plan(file.loads(text))


def change(before: str, after: str) -> Diff:
    """The base against itself with something said otherwise."""
    assert BASE.count(before) >= 1, before
    return diff(planned(BASE), planned(BASE.replace(before, after, 1)))


def told(found: Diff) -> set[tuple[str, str]]:
    """Which effects there are for whom."""
    return {(each.effect, each.whom) for one in found.changes for each in one.differences}


class Case(NamedTuple):
    """One change of the base: what it does, for whom (all of these must be there), and words that must be read."""

    name: str
    before: str
    after: str
    effect: str
    whom: tuple[str, ...]
    words: tuple[str, ...]


LOSS, BREAKS, FITS = "loses data", "breaking", "compatible"
CASES = (
    Case("least raised", "depth_cm: int >= 0", "depth_cm: int >= 90", BREAKS, ("breaking rows", "breaking callers"), ("rows with a value below 90 no longer fit (900 rows)", "create_berth, update_berth: depth_cm in the request below 90 is refused")),
    Case("least lowered", "nights: int >= 1", "nights: int >= 0", BREAKS, ("compatible rows", "compatible callers", "breaking readers"), ("berths[].nights in the request below 1 is taken too", "berths[].nights in the response may be below 1")),
    Case("most added", "depth_cm: int >= 0", "depth_cm: int >= 0 <= 900", BREAKS, ("breaking rows", "breaking callers"), ("above 900 no longer fit", "above 900 is refused")),
    Case("unique added", "name: text(60)", "name: text(60) unique", BREAKS, ("breaking rows", "breaking callers"), ("rows with a value that another row has too no longer fit", "409 (duplicate_name)")),
    Case("unique taken away", "email: email unique", "email: email", BREAKS, ("compatible rows", "breaking readers"), ("may find several",)),
    Case("cascade added", "skipper: -> Skipper,", "skipper: -> Skipper cascade,", LOSS, ("loses data rows",), ("deleting a row of Skipper now deletes the rows of Stay",)),
    Case("narrower integer", "depth_cm: int >= 0", "depth_cm: smallint >= 0", BREAKS, ("breaking rows", "breaking callers", "breaking operators"), ("values above 32,767", "is rewritten while nobody can use it (900 rows)")),
    Case("wider integer", "depth_cm: int >= 0", "depth_cm: bigint >= 0", BREAKS, ("compatible rows", "breaking readers", "breaking operators"), ("every value fits", "is rewritten")),
    Case("word added", "asked, granted, left)", "asked, granted, left, towed)", BREAKS, ("compatible rows", "breaking readers"), ("every row fits", "view_stay", "may be towed, which readers that enumerate the words do not know")),
    Case("word taken away", "asked, granted, left)", "asked, granted)", BREAKS, ("breaking rows", "compatible readers"), ("rows with 'left' no longer fit", "is left no more")),
    Case("required field added", "depth_cm: int >= 0}", "depth_cm: int >= 0, pontoon: text(8)}", BREAKS, ("breaking rows", "breaking callers", "compatible readers"), ("rows that exist need a value (900 rows)", "create_berth: pontoon in the request must be sent")),
    Case("optional field added", "depth_cm: int >= 0}", "depth_cm: int >= 0, pontoon: text(8) optional}", FITS, ("compatible rows", "compatible callers", "compatible readers"), ("pontoon in the request may be sent",)),
    Case("field gone", ", depth_cm: int >= 0", "", LOSS, ("loses data rows", "breaking callers", "breaking readers"), ("Field Berth.depth_cm goes.", "the values of 900 rows go with the column", "depth_cm in the response is not in the answer any more")),
    Case("field called otherwise", "depth_cm: int", "draught: int", LOSS, ("loses data rows",), ("write `draught: int >= 0 was depth_cm`", "Field Berth.draught is new")),
    Case("secret mark added", "personal, name", "personal secret, name", BREAKS, ("breaking readers", "breaking callers"), ("email in the response is not in the answer any more",)),
    Case("role changed", "roles: skipper}\n  view_stay", "roles: master}\n  view_stay", BREAKS, ("breaking callers",), ("stays_of_skipper: the role skipper gets 403",)),
    Case("limit lowered", "limit: 30", "limit: 10", BREAKS, ("breaking readers",), ("pages are shorter: 10 items where they had 30",)),
    Case("limit raised", "limit: 30", "limit: 60", FITS, ("compatible readers",), ("pages are longer",)),
    Case("order reversed", "sort: -arrived_at", "sort: arrived_at", BREAKS, ("breaking readers", "breaking callers", "compatible operators"), ("ordered by arrived_at where it was -arrived_at", "cursors that were handed out before are void", "another index: (skipper_id, arrived_at)")),
    Case("default taken away", "left) = asked", "left)", BREAKS, ("breaking callers",), ("the default asked",)),
    Case("default changed", "left) = asked", "left) = granted", BREAKS, ("breaking callers",), ("gets granted where it was asked",)),
    Case("kept for less long", "growth: 3k/day}", "growth: 3k/day, retention: 90 days}", LOSS, ("loses data rows",), ("rows of Stay that are older than 90 days are deleted",)),
    Case("money to integer", "deposit: money >= 0", "deposit: bigint >= 0", LOSS, ("loses data rows", "breaking readers"), ("the currency of each amount is lost (2M rows)", "where it was an object")),
    Case("key of another type", "Skipper: {fields: {id: key", "Skipper: {fields: {id: uuid key", BREAKS, ("breaking rows", "breaking callers", "breaking readers"), ("every reference to it (stay.skipper_id)", "every URL, bookmark and cursor", "skipper_id")),
    Case("operation gone", "  stays_by_state: {reads: Stay, aggregate: count by state, rate: 1/h, roles: master}\n", "", BREAKS, ("breaking callers",), ("Operation stays_by_state goes.", "who calls it gets 404")),
    Case("public no more", "roles: public}", "roles: skipper}", BREAKS, ("breaking callers",), ("who calls it without a token gets 401",)),
    Case("public from now on", "rate: 12/s, roles: skipper}", "rate: 12/s, roles: public}", BREAKS, ("compatible callers", "breaking readers"), ("everybody may call it", "consistency is eventual where it was session")),
    Case("weaker promise", "latency_p95: 250 ms", "latency_p95: 400 ms", BREAKS, ("breaking callers",), ("95 % of the answers come within 400 ms where it was 250 ms",)),
    Case("stronger promise", "availability: 99.5%", "availability: 99.9%", FITS, ("compatible callers",), ("99.9% of the requests succeed where it was 99.5%",)),
    Case("shorter text", "name: text(60)", "name: text(20)", BREAKS, ("breaking rows", "breaking callers"), ("values longer than 20 characters no longer fit", "of more than 20 characters is refused")),
    Case("may be missing", "depth_cm: int >= 0", "depth_cm: int optional >= 0", BREAKS, ("compatible rows", "breaking readers"), ("every row fits",)),
    Case("day for instant", "arrived_at: timestamp = now()", "arrived_at: date", LOSS, ("loses data rows", "breaking readers"), ("the time of day is lost",)),
    Case("operation proposed instead", "  view_stay: {reads: Stay, by: id, include: [StayBerth], limit: 1, rate: 10/s, roles: skipper}\n", "  get_stay: {reads: Stay, by: id, limit: 1, rate: 10/s, roles: skipper}\n", BREAKS, ("breaking callers",), ("is called get_stay where it was view_stay",)),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_a_change_has_its_verdict(case: Case) -> None:
    """What it does at worst, whom it meets, and what is read of it."""
    found = change(case.before, case.after)
    text = repr(found)
    assert found.effect == case.effect, text
    assert {tuple(one.rsplit(" ", 1)) for one in case.whom} <= told(found), text
    for words in case.words:
        assert words in text, text


# -- renames


def test_a_field_that_was_called_otherwise_keeps_its_values() -> None:
    """With `was` nothing is lost: the column is renamed in steps, and callers and readers are told of the new name."""
    found = change("depth_cm: int >= 0", "draught: int >= 0 was depth_cm")
    (one,) = found.changes
    assert (one.path, one.effect) == ("entities.Berth.fields.draught", "breaking")
    text = repr(found)
    assert "Field Berth.depth_cm is called draught from now on." in text
    assert "compatible for rows: every value stays" in text
    assert "depth_cm in the request is called draught from now on" in text
    assert "depth_cm in the response is called draught from now on" in text
    assert "Rename in steps" in text
    assert "goes" not in text.replace("goes with", "")


def test_a_field_that_is_called_and_made_otherwise_is_told_as_one() -> None:
    """A new name and a new range at once."""
    (one,) = change("depth_cm: int >= 0", "draught: smallint >= 0 was depth_cm").changes
    assert "is called draught from now on. Field Berth.draught changes from 'int >= 0' to 'smallint >= 0'." in one.words
    assert any("values above 32,767" in each.words for each in one.differences)


def test_an_old_name_that_lies_behind_both_is_no_rename() -> None:
    """A `was` that stays in the file says nothing new, even where the old name comes back."""
    before = BASE.replace("depth_cm: int >= 0", "draught: int >= 0 was depth_cm")
    assert not diff(planned(before), planned(before)).changes
    again = before.replace("draught: int >= 0 was depth_cm", "draught: int >= 0")
    assert not diff(planned(before), planned(again)).changes


def test_an_exchange_of_names_is_two_renames() -> None:
    """Each takes the other's name, and each keeps its values."""
    two = BASE.replace("depth_cm: int >= 0", "low: int, high: int")
    swapped = BASE.replace("depth_cm: int >= 0", "low: int was high, high: int was low")
    found = diff(planned(two), planned(swapped))
    assert {one.path for one in found.changes} == {"entities.Berth.fields.low", "entities.Berth.fields.high"}
    assert found.effect == "breaking"


def test_an_entity_that_was_called_otherwise_keeps_its_rows() -> None:
    """Whatever names it elsewhere in the design is no change of its own."""
    renamed = re.sub(r"\bBerth\b", "Mooring", BASE)
    lost = diff(planned(BASE), planned(renamed))
    assert lost.effect == "loses data"
    assert "write `was: Berth` there" in repr(lost)
    renamed = renamed.replace("Mooring: {fields", "Mooring: {was: Berth, fields")
    kept = diff(planned(BASE), planned(renamed))
    text = repr(kept)
    assert kept.effect == "breaking", text
    assert [one.path for one in kept.changes if one.path.startswith("entities.")] == ["entities.Mooring"], text
    assert "Entity Berth is called Mooring from now on." in text
    assert "the table berth is called mooring" in text
    assert " goes" not in text


# -- properties


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_is_the_same_as_itself(name: str) -> None:
    """No difference between a plan and the plan of the same design, made again."""
    assert not diff(plan(ALL[name]()), plan(ALL[name]())).changes


def list_removals(text: str) -> list[tuple[str, Design]]:
    """The design with each of its values taken out, where that makes one; with the value's path."""
    design, found = file.loads(text), []
    for path, _ in leaves(design):
        try:
            made = design.replace(path, None)
        except InputError:
            continue
        if made != design:
            found.append((path, made))
    return found


# values that make a plan different and have no consequence to tell, each with the reason
SILENT = {
    r"name|summary": "words",
    r"requirements\.load\..*|entities\.\w+\.(rows|growth)": "numbers, from which other numbers follow; the facts tell them",
    r"entities\.StayBerth\.fields\.stay\.on_delete": "archnb proposes the same of a part",
    r"access\.\w+\.roles": "archnb proposes the same role, to which the grants then go",
}


def test_every_value_is_told_where_it_was_said() -> None:
    """Each value taken out is a change at its path, and what it makes different is told there; the way back mirrors it."""
    old, count = planned(BASE), 0
    for path, design in list_removals(BASE):
        try:
            new = plan(design)
        except InputError:
            # something else refers to it
            continue
        there, back = diff(old, new), diff(new, old)
        assert there.changes, path
        assert all(path.startswith(f"{one.path}.") or path == one.path for one in there.changes), (path, there)
        assert mirror(there) == mirror(back, is_back=True), (path, there, back)
        sections = old.planned.sections
        is_other = any(new.planned.sections[name] != sections[name] for name in sections if name != "decisions")
        assert not is_other or any(one.differences for one in there.changes) or re.fullmatch("|".join(SILENT), path), (
            path
        )
        count += 1
    assert count > 40


def mirror(found: Diff, *, is_back: bool = False) -> set[tuple[str, str]]:
    """Where something comes, goes or is otherwise; seen from the other side where `is_back`."""
    kinds = {"is new": "goes", "goes": "is new"} if is_back else {}
    made = set()
    for one in found.changes:
        kind = next((kind for kind in ("is new", "goes") if re.search(rf"\b{kind}\b", one.words)), "is otherwise")
        made.add((one.path, kinds.get(kind, kind)))
    return made


ADDITIONS = (
    ("depth_cm: int >= 0}", "depth_cm: int >= 0, wharf: text(9)}"),
    ("access:\n", "access:\n  berths_below: {reads: Berth, range: depth_cm, limit: 9, rate: 1/s, roles: skipper}\n"),
    ("entities:\n", "entities:\n  Crane: {fields: {id: key, tons: int}, rows: 3}\n"),
    ("  compliance", "  recovery: {rpo: 1 min}\n  compliance"),
    ("access:\n", "auth: {roles: {skipper: {needs_mfa: true}}}\naccess:\n"),
)


@pytest.mark.parametrize(("before", "after"), ADDITIONS)
def test_what_comes_there_goes_back(before: str, after: str) -> None:
    """Swapped, what came goes, at the same paths; what lost nothing may lose something."""
    other = planned(BASE.replace(before, after, 1))
    there, back = diff(planned(BASE), other), diff(other, planned(BASE))
    assert there.changes
    assert mirror(there) == mirror(back, is_back=True)
    comes, gone = (
        {each.path for one in found.changes for each in one.differences if words in each.text}
        for found, words in ((there, "is new"), (back, "gets 404"))
    )
    assert comes == gone


def test_two_changes_are_told_apart() -> None:
    """Of several changes, each has what follows from it, the worst first."""
    text = BASE.replace("limit: 30", "limit: 10").replace(", depth_cm: int >= 0", "")
    found = diff(planned(BASE), planned(text))
    assert [one.path for one in found.changes] == ["entities.Berth.fields.depth_cm", "access.stays_of_skipper.limit"]
    assert [one.effect for one in found.changes] == ["loses data", "breaking"]
    (second,) = found.changes[1].differences
    assert second.subjects == ("stays_of_skipper",)


def test_what_no_path_tells_is_tried_alone() -> None:
    """Two things at once of one entity: what follows from each is found by saying it alone."""
    text = BASE.replace("name: text(60), fee", "name: text(60) unique, fee").replace(
        "rows: 900}", "rows: 900, history: true}"
    )
    found = diff(planned(BASE), planned(text))
    paths = {one.path for one in found.changes}
    assert paths == {"entities.Berth.fields.name", "entities.Berth.history"}, found
    unique = next(one for one in found.changes if one.path.endswith("name"))
    assert "duplicate_name" in " ".join(each.text for each in unique.differences)


def test_the_view_has_a_row_a_change() -> None:
    """A cell of a notebook shows what the text says."""
    found = change("limit: 30", "limit: 10")
    (table,) = found.views
    (row,) = table.rows
    assert table.description == found.note == "1 change: 1 is breaking."
    assert str(row[0]) == "breaking"
    assert "pages are shorter" in row[3].more[0]
    assert found.data()["changes"][0]["differences"][0]["of"] == ["stays_of_skipper"]


# -- the page

PAGE = Path(__file__).parent.parent / "docs" / "change.md"


def read_page() -> tuple[str, str, str]:
    """The two designs of the page's example, and what is told of them."""
    text = PAGE.read_text(encoding="utf-8")
    (told,) = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    old, new = (re.findall(rf"```yaml\n# {one}\.yaml\n(.*?)```", text, re.DOTALL)[0] for one in ("old", "new"))
    return old, new, told.strip()


def test_the_page_shows_what_is_told() -> None:
    """docs/change.md prints what its two designs give, line by line but for those that it leaves out."""
    old, new, told = read_page()
    given = [line.strip() for line in repr(diff(planned(old), planned(new))).splitlines()]
    shown = [line.strip() for line in told.splitlines()]
    assert shown.count("…") == 3
    assert [line for line in given if line in shown] == [line for line in shown if line != "…"]


# -- what is always true, which steps a state takes, what a deletion does

COTTAGE = """\
archnb: 1
name: cottages
entities:
  Guest: {fields: {id: key, email: email unique personal}, rows: 1k}
  Cottage: {fields: {id: key, title: text(80)}, rows: 50}
  Visit: {fields: {id: key, guest: -> Guest, cottage: -> Cottage, state: "enum(asked, firm, over) = asked", from_day: date, to_day: date, note: text(20)}, rows: 90k}
access:
  visits_of_guest: {reads: Visit, by: guest, sort: -from_day, limit: 20, rate: 2/s, roles: guest}
  ask: {writes: Visit, action: create, rate: 1/s, roles: guest}
  change: {writes: Visit, action: update, by: id, sets: [state, note], rate: 1/s, roles: guest}
"""
ROWS = "note: text(20)}, rows: 90k"
RULES = (
    (ROWS, f"{ROWS}, holds: [no overlap of from_day..to_day per cottage where state in (firm)]", {"breaking rows", "breaking callers"}, "that overlap no longer fit"),
    (ROWS, f"{ROWS}, states: [asked -> firm, firm -> over]", {"breaking callers"}, "takes these steps alone: asked → firm, firm → over"),
    (ROWS, f"{ROWS}, append_only: true", {"breaking callers"}, "rows of Visit are only added"),
    ("title: text(80)", "title: text(80) translated", {"breaking operators"}, "kept by language in a table of its own"),
    ("limit: 20", "limit: 20, where: [state = firm]", {"breaking readers"}, "finds rows where state = firm"),
    ("sets: [state, note]", "sets: [state = firm, note]", {"breaking callers"}, "state is firm where it was what the caller sends"),
    ("guest: -> Guest,", "guest: -> Guest, pets: int = 0,", {"compatible rows"}, "rows that exist have 0 there"),
)  # fmt: skip


@pytest.mark.parametrize(("before", "after", "whom", "words"), RULES)
def test_a_rule_has_its_verdict(before: str, after: str, whom: set[str], words: str) -> None:
    """What comes breaks whoever does not fulfil it; what goes is told as well."""
    assert before in COTTAGE
    old, new = planned(COTTAGE), planned(COTTAGE.replace(before, after, 1))
    there, back = diff(old, new), diff(new, old)
    assert whom <= {" ".join(one) for one in told(there)}, there
    assert words in repr(there)
    assert any(one.differences for one in back.changes), back


def test_steps_of_a_state_are_told_one_by_one() -> None:
    """A step that goes is refused, one that comes may be taken, one that others take is told with its roles."""
    old = planned(COTTAGE.replace(ROWS, f"{ROWS}, states: [asked -> firm, firm -> over]"))
    new = planned(COTTAGE.replace(ROWS, f"{ROWS}, states: [asked -> firm by guest, asked -> over]"))
    text = repr(diff(old, new))
    assert "breaking for callers: the step of Visit from firm to over is refused with 409" in text
    assert "compatible for callers: the step of Visit from asked to over may be taken" in text
    assert "the step of Visit from asked to firm is taken by guest" in text


# -- nothing of a plan is passed over unseen

COMPARED = (
    api.Contract, api.Body, api.Parameter, schema.Table, schema.Store, schema.Index, schema.ForeignKey, schema.Check, schema.Unique,
    schema.Exclusion, entities.Entity, entities.AccessPattern, entities.Setting, requirements.Objective, requirements.Recovery,
    auth.Role, auth.Client, auth.Auth, cache.CachePolicy, errors.ErrorCode,
)  # fmt: skip
# fields that no comparison reads, each with the reason
UNREAD = {
    "Contract.summary": "words", "Contract.location": "an example", "Contract.redirect": "an example; the status tells that it leads away",
    "Contract.own": "how a parameter is left out, which is told", "Contract.is_last_result": "told by the pattern's aggregate and its job",
    "Contract.is_report": "told by the answer's schema", "Contract.needs_idempotency_key": "told by the header that must be sent",
    "Body.example": "an example", "Parameter.example": "an example", "Parameter.summary": "words",
    "Table.comment": "words", "Table.role": "told by the table's name: the schema's own tables come and go whole", "Table.retention": "told of the entity or the errors' window", "Table.partition_by": "the words of the split",
    "Table.soft_delete": "told of the entity", "Table.append_only": "told of the entity",
    "Store.fed_by": "told by the copies' tables", "Store.copies": "told by their tables",
    "Index.include": "compared whole", "Index.method": "compared whole", "Exclusion.holds_end": "compared whole",
    "Entity.summary": "words", "Setting.is_required": "told by the request's schema", "Setting.reason": "words",
    "Setting.given_by": "told by the request's schema", "AccessPattern.is_upsert": "compared by its name",
    "AccessPattern.many": "compared by its name", "AccessPattern.returns": "told by the answer's schema",
    "Role.summary": "words", "Role.entity": "told by the grants", "Role.grants": "read by `grants_of`", "Auth.memberships": "told by the grants",
    "Contract.is_batch": "told by the request's schema", "Auth.scopes": "words; which operation asks for which is told",
    "Auth.owner": "told by the grants", "Auth.tenant": "told by the grants", "Role.kind": "told by the grants", "Client.kind": "told by its grant",
    "CachePolicy.fill": "how it is filled, which nobody outside sees",
    "CachePolicy.stampede": "how it is filled, which nobody outside sees", "CachePolicy.objects": "a number", "CachePolicy.object_size": "a number",
    "CachePolicy.skew": "a number", "CachePolicy.eviction": "a number", "ErrorCode.title": "words", "ErrorCode.client": "words",
    "ErrorCode.recovery": "words",
}  # fmt: skip


def test_every_part_of_a_plan_is_compared() -> None:
    """Each field of what callers, readers and rows meet is read by a comparison, or excused by name."""
    read: set[str] = set()
    for path in (Path(archnb.__file__).parent / "diff").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                read.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                read.add(node.value)
    unread = {
        f"{kind.__name__}.{one.name}" for kind in COMPARED for one in dataclasses.fields(kind) if one.name not in read
    }
    assert unread <= set(UNREAD), sorted(unread - set(UNREAD))


def test_what_cannot_be_told_apart_stands_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without trials, what no path leads to is one change of its own, and nothing is lost."""
    text = BASE.replace("nights: int >= 1", "nights: int >= 2").replace(
        "rows: 2M, growth: 3k/day", "rows: 2M, growth: 3k/day, retention: 40 days"
    )
    tried = diff(planned(BASE), planned(text))
    assert [one.path for one in tried.changes] == ["entities.Stay.retention", "entities.StayBerth.fields.nights"]
    monkeypatch.setattr("archnb.diff.trials.MOST_WORK", 0)
    untried = diff(planned(BASE), planned(text))
    assert untried.changes[-1].path == ""
    assert "the job purge_stay comes" in repr(untried.changes[-1])
    assert tried.effect == untried.effect == "loses data"


def test_the_fields_of_a_relationship_are_compared() -> None:
    """What is known of each pair may be lost as well."""
    text = COTTAGE.replace(
        "access:\n",
        'relationships:\n  liked: {between: "Guest, Cottage", fields: {since: timestamp}, rows: 7k}\naccess:\n',
    )
    found = diff(planned(text), planned(text.replace("since: timestamp", "since: date")))
    assert [one.path for one in found.changes] == ["relationships.liked.fields.since"]
    assert "loses data for rows: the time of day is lost (7k rows)" in repr(found)


def test_a_cache_that_outlives_the_promise_breaks_readers() -> None:
    """An answer may be kept for longer than before within what is promised, and no longer."""
    text = (
        COTTAGE
        + "cache: {policies: {visits_of_guest: {ttl: 10 s}}}\nrequirements: {objectives: {default: {staleness: 1 min}}}\n"
    )
    assert diff(planned(text), planned(text.replace("10 s", "50 s"))).effect == "compatible"
    found = diff(planned(text), planned(text.replace("10 s", "5 min")))
    assert found.effect == "breaking"
    assert "more than the promised 1 min" in repr(found)


STORED = (
    ("int", "smallint"), ("int", "bigint"), ("text(200)", "text(100)"), ("text(100)", "text(200)"), ("text(100)", "text"), ("text", "text(100)"),
    ("decimal(10, 2)", "decimal(12, 2)"), ("decimal(10, 2)", "decimal(8, 2)"), ("decimal(10, 2)", "decimal(10, 1)"), ("timestamp", "date"),
    ("char(3)", "text"), ("char(3)", "char(5)"), ("email", "text"),
)  # fmt: skip


@pytest.mark.needs("postgresql")
def test_a_table_is_rewritten_as_postgresql_does_it() -> None:
    """What is said of a change of type is what a PostgreSQL does: the table's file stays, or is another."""
    psycopg, dialects = pytest.importorskip("psycopg"), pytest.importorskip("sqlalchemy.dialects.postgresql")
    with open_postgresql_database() as database, psycopg.connect(database.conninfo, autocommit=True) as connection:
        for before, after in STORED:
            design = "entities: {{T: {{fields: {{id: key, x: '{}'}}}}}}"
            old, new = (planned(design.format(one)) for one in (before, after))
            columns = [one.planned.schema.tables["t"].columns["x"] for one in (old, new)]
            first, second = (sql_type(one, "postgresql").compile(dialect=dialects.dialect()) for one in columns)
            connection.execute("DROP TABLE IF EXISTS t")
            connection.execute(f"CREATE TABLE t (x {first})")
            files = [connection.execute("SELECT relfilenode FROM pg_class WHERE relname = 't'").fetchone()]
            connection.execute(f"ALTER TABLE t ALTER x TYPE {second}")
            files.append(connection.execute("SELECT relfilenode FROM pg_class WHERE relname = 't'").fetchone())
            is_told = "is rewritten while nobody can use it" in repr(diff(old, new))
            assert is_told == (files[0] != files[1]), (before, after)
