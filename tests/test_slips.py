"""The slips that people make when they write a design: each is told in our own words, at its line, with the next step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from archnb import InputError, load, plan
from archnb.cli import main

GOOD = """\
archnb: 1
name: library
summary: Lends books.
requirements:
  load: {daily_users: 5k, requests_per_user: 8/day}
entities:
  Book:
    fields: {id: key, title: text(120), due: date}
    rows: 70k
  Loan: {fields: {id: key, book: -> Book, since: timestamp}, rows: 200k, growth: 900/day}
access:
  loans_of_book: {reads: Loan, by: book, sort: -since, limit: 10, rate: 4/s}
"""

# what is replaced by what, the line of the slip, and what the message says
SLIPS: dict[str, tuple[str, str, int, list[str]]] = {
    "comma in an enum": ("due: date}", "state: enum(in, out)}", 8, ["a comma ends the value", 'quotes: state: "enum(in, out)"']),
    "comma in arguments": ("due: date}", "fee: decimal(6, 2)}", 8, ['put the value in quotes: fee: "decimal(6, 2)"']),
    "three words in an enum": ("due: date}", "state: enum(in, out, lost) = in}", 8, ['quotes: state: "enum(in, out, lost) = in"']),
    "thousands with a comma": ("rows: 200k", "rows: 25,000", 10, ["the comma ends the value", "write 25000 or 25k, or quote it"]),
    "millions with commas": ("rows: 200k", "rows: 2,500,300", 10, ["write 2500300, or quote it"]),
    "a decimal comma": ("rate: 4/s", "rate: 0,25/s", 12, ["a comma ends the value; write 0.25/s"]),
    "no space in braces": ("limit: 10", "limit:10", 12, ["put a space after the colon: limit: 10"]),
    "no value in braces": ("limit: 10", "public", 12, ["'public'"]),
    "no space after a colon": ("    rows: 70k", "    rows:70k", 9, ["no space follows the colon", "put a space after the colon: rows: 70k"]),
    "no colon": ("  Book:\n", "  Book\n", 7, ["'Book' stands alone, without a colon", "put a colon after Book"]),
    "no colon on top": ("entities:\n", "entities\n", 6, ["put a colon after entities"]),
    "a quote that stays open": ("summary: Lends books.", 'summary: "Lends books.', 3, ["close the quote that opens here"]),
    "a quote closed by a later one": ("summary: Lends books.\n", "summary: 'Lends books.\nentitles: 'x'\n", 3, ["close the quote that opens here"]),
    "a bracket that stays open": ("due: date}", "due: date", 8, ["is not closed"]),
    "a tab": ("    rows: 70k", "    \trows: 70k", 9, ["indented with a tab; indent with spaces"]),
    "a colon in a text": ("summary: Lends books.", "summary: Lends: books.", 3, ["put a text that holds ': ' in quotes"]),
    "too far in": ("    rows: 70k", "      rows: 70k", 9, ["indent names of one level alike"]),
    "datetime": ("due: date", "due: datetime", 8, ["did you mean 'timestamp'?"]),
    "varchar": ("title: text(120)", "title: varchar(120)", 8, ["did you mean 'text(120)'?"]),
    "integer": ("due: date", "pages: integer", 8, ["did you mean 'int'?"]),
    "boolean": ("due: date", "lent: boolean", 8, ["did you mean 'bool'?"]),
    "string": ("title: text(120)", "title: String", 8, ["did you mean 'text'?"]),
    "nullable": ("due: date", "due: date nullable", 8, ["did you mean 'optional'?"]),
    "title": ("summary: Lends", "title: Lends", 3, ["did you mean 'summary'?"]),
    "description": ("summary: Lends", "description: Lends", 3, ["did you mean 'summary'?"]),
    "rps": ("rate: 4/s", "rate: 4 rps", 12, ["did you mean '/s'? Write 4/s"]),
    "mins": ("rate: 4/s", "rate: 4/mins", 12, ["did you mean 'min'? Write 4/min"]),
    "hrs in a range": ("requests_per_user: 8/day", "requests_per_user: 1..2 per hrs", 5, ["give a rate"]),
    "async": ("rate: 4/s", "rate: 4/s, async: true", 12, ["did you mean 'is_async'?"]),
    "order_by": ("sort: -since", "order_by: -since", 12, ["did you mean 'sort'?"]),
    "a number in quotes": ("limit: 10", 'limit: "10"', 12, ["take the quotes off: 10"]),
    "a truth in quotes": ("rate: 4/s", 'rate: 4/s, is_async: "true"', 12, ["take the quotes off: true"]),
    "a sentence for a step": ("rate: 4/s}", "rate: 4/s}\n  lend: {writes: Loan, steps: [send mail to reader]}", 13, ["A step is VERB ENTITY [via PARTY] [undo VERB], for instance: capture Payment via psp undo refund."]),
    "one word for a step": ("rate: 4/s}", "rate: 4/s}\n  lend: {writes: Loan, steps: [remind]}", 13, ["'remind' is not a step; a step is VERB ENTITY"]),
    "a newer format": ("archnb: 1", "archnb: 7", 1, ["written by a newer archnb", "upgrade archnb, or write archnb: 1"]),
    "no format": ("archnb: 1\n", "", 1, ["add the line `archnb: 1` at the top"]),
}  # fmt: skip


@pytest.mark.parametrize("case", SLIPS)
def test_slip_is_told_where_it_stands(case: str, tmp_path: Path) -> None:
    """One slip is one problem with its own line, in our own words, with the next step, never with those of the reader."""
    before, after, line, words = SLIPS[case]
    assert GOOD.count(before) >= 1
    path = tmp_path / "library.yaml"
    path.write_text(GOOD.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert problem.line == line
    for word in words:
        assert word in problem.message
    assert problem.next
    for raw in ("while scanning", "while parsing", "block mapping", "expected <", "this is not YAML", "column"):
        assert raw not in problem.message


def test_the_library_is_right(tmp_path: Path) -> None:
    """The text that the slips are put into has none."""
    path = tmp_path / "library.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert plan(path).name == "library"


def test_empty_file_is_no_design(tmp_path: Path) -> None:
    """A file without anything in it, or with comments alone, is refused with the way to begin."""
    for text in ("", "\n\n", "# nothing yet\n"):
        path = tmp_path / "empty.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(
            InputError, match=r"line 1: the file is empty, so it is no design; `archnb new FILE` writes one"
        ):
            load(path)


MANY = """\
archnb: 1
nmae: library
requirements:
  load: {daily_user: 5k, requests_per_user: 8 ms}
entities:
  Book:
    fields: {id: key, title: txet(120), due: datetime, shelf: -> Shelve}
    row: 70k
    growth: many
access:
  books: {reads: Bok, limit: "40"}
  lend: {writes: Book, action: crate}
  look: {reads: Book, sort: titel}
"""
LINES = [2, 4, 4, 7, 7, 7, 8, 9, 11, 11, 12, 13]


def test_all_slips_are_told_in_the_order_of_their_lines(tmp_path: Path) -> None:
    """Twelve slips are twelve problems, on the command line and as JSON, each with its line and next step."""
    path = tmp_path / "library.yaml"
    path.write_text(MANY, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(path)
    assert [one.line for one in caught.value.problems] == LINES
    for verb in ("check", "plan"):
        told = CliRunner().invoke(main, [verb, str(path)])
        assert told.exit_code == 2
        assert [int(text.split()[1].rstrip(":")) for text in told.output.splitlines()[1:]] == LINES
        made = CliRunner().invoke(main, [verb, str(path), "--json"])
        assert made.exit_code == 2
        data = json.loads(made.stdout)
        assert data["file"] == str(path)
        assert [one["line"] for one in data["errors"]] == LINES
        for one in data["errors"]:
            assert set(one) == {"line", "path", "message", "given", "allowed", "nearest", "next"}
            assert one["path"]
            assert one["message"]
            assert one["next"]
    wrong = {one["path"]: one for one in data["errors"]}
    assert wrong["entities.Book.fields.due"]["nearest"] == "timestamp"
    assert wrong["access.lend.action"]["allowed"] == ["create", "update", "upsert", "delete"]
    assert wrong["access.books.limit"]["given"] == "40"


def test_new_design_names_a_schema_that_is_there(tmp_path: Path) -> None:
    """`archnb new` writes the schema beside the design, which names it in its first line, so that editors complete it."""
    path = tmp_path / "library.yaml"
    made = CliRunner().invoke(main, ["new", str(path)])
    assert made.exit_code == 0
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = path.parent / first.removeprefix("# yaml-language-server: $schema=")
    printed = CliRunner().invoke(main, ["schema"])
    assert json.loads(named.read_text(encoding="utf-8")) == json.loads(printed.stdout)
    assert not plan(path).findings


def test_explain_shows_an_entry_and_lists_them() -> None:
    """`archnb explain access.steps` shows the grammar of a step; alone it lists every entry; as JSON too."""
    shown = CliRunner().invoke(main, ["explain", "access.steps"])
    assert "VERB ENTITY [via PARTY] [undo VERB]" in shown.output
    assert "access.steps: " in CliRunner().invoke(main, ["explain"]).output
    assert json.loads(CliRunner().invoke(main, ["explain", "access.rate", "--json"]).stdout)[0]["example"] == "200/s"
    wrong = CliRunner().invoke(main, ["explain", "acces.stps", "--json"])
    assert wrong.exit_code == 2
    assert json.loads(wrong.stdout)["errors"][0]["nearest"] == "access.steps"


@pytest.mark.parametrize("text", ['"a\\ud800": 1\n', 'name: "a\\ud800"\n', 'entities: {"\\ud800": {}}\n'])
def test_half_a_character_is_told_and_does_not_break_the_telling(text: str, tmp_path: Path) -> None:
    """A lone surrogate, in a name or a text, ends in a message and in JSON that can be written anywhere."""
    path = tmp_path / "half.yaml"
    path.write_text("archnb: 1\n" + text, encoding="utf-8")
    told = CliRunner().invoke(main, ["check", str(path), "--json"])
    assert told.exit_code == 2
    assert json.loads(told.stdout)["errors"]
    assert "\\ud800" in told.stderr


def test_two_halves_are_one_character(tmp_path: Path) -> None:
    """JSON writes a character beyond the first 65,536 as two halves; a design in JSON is read with it whole."""
    path = tmp_path / "design.json"
    path.write_text(json.dumps({"archnb": 1, "name": "shop \U0001f6d2"}), encoding="utf-8")
    assert load(path).name == "shop \U0001f6d2"
