"""The design file: round trips to the byte, edits that touch only their lines, versions, and errors with lines."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import hashlib
import os
import random
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archnb.design import Design
from archnb.exceptions import FileChangedError, FormatVersionError, InputError
from archnb.file import dumps, load, loads, save
from archnb.file.tree import MAX_CHARACTERS, parse_text
from archnb.file.writing import write_text

SHOP = """\
# the shop, as of spring

archnb:   1
name: shop   # a working title
requirements:
    load: {daily_users: 1M..2M,   requests_per_user: 20/day, peak_factor: 3}   # from marketing
    compliance: GDPR, PCI-DSS

entities:
  # people
  Customer: {fields: {id: key, email: email unique personal, name: "text(200) personal"}, rows: 5M}

  Order:
    fields:
      id:       key
      customer: -> Customer   # who pays
      total:    money
      state:    enum(new, paid)
      placed_at: timestamp
    rows: 10M
    # a comment between
    growth: 50k/day


access:
  orders_of_customer: {reads: Order, by: customer, sort: -placed_at, limit: 20, rate: 200/s}
  place_order:
    writes: Order
    action: create
    steps:
    - create Order undo cancel   # first ours
    - action: charge
      entity: Order
      via: psp
    roles:
      - customer
      - admin   # on the phone
cache: {policies: {orders_of_customer: {ttl: 30 s}}}
# the end
"""


def _variants() -> dict[str, str]:
    return {
        "plain": SHOP,
        "crlf": SHOP.replace("\n", "\r\n"),
        "no final line break": SHOP.removesuffix("# the end\n").rstrip("\n"),
        "byte order mark": "\ufeff" + SHOP,
        "markers": f"%YAML 1.2\n---\n{SHOP}...\n",
        "flow": '{archnb: 1, name: "x", entities: {A: {fields: {id: key, b: text}},\n  # why\n  B: {fields: {id: key}}}, }',
        "one line": "name: x",
        "quoted": "'name': \"x\"\n\"entities\":\n  'A':\n    fields: {'id': 'key'}\n",
        "anchors": "entities:\n  A: {fields: &f {id: key}}\n  B: {fields: *f, rows: 5}\n",
        "merged": "entities:\n  A: &a {fields: {id: key}, rows: 3}\n  B:\n    <<: *a\n    rows: 5\n",
        "literal": "name: x\nsummary: |\n  two\n  lines\n\nentities:\n  A: {fields: {id: key}}\n",
        "empty": "",
        "comments only": "# nothing yet\n",
        "empty values": "name: x\nentities:\ncache:\n",
    }


@pytest.mark.parametrize("name", _variants())
def test_save_of_what_was_loaded_changes_no_byte(name: str, tmp_path: Path) -> None:
    """Load then save leaves every byte: comments, spacing, CRLF, flow style, a missing last line break."""
    path = tmp_path / "design.yaml"
    path.write_bytes(_variants()[name].encode())
    save(load(path), path)
    assert path.read_bytes() == _variants()[name].encode()


def _edit(text: str, *changes: tuple[str, Any]) -> str:
    design = loads(text)
    for path, value in changes:
        design = design.replace(path, value)
    made = dumps(design, text)
    assert loads(made) == design
    return made


def _changed(old: str, new: str) -> tuple[list[str], list[str]]:
    """The lines that are gone and the lines that are new."""
    lines = list(difflib.ndiff(old.splitlines(True), new.splitlines(True)))
    return [x[2:].rstrip("\r\n") for x in lines if x[0] == "-"], [x[2:].rstrip("\r\n") for x in lines if x[0] == "+"]


@pytest.mark.parametrize(
    ("path", "value", "gone", "new"),
    [
        ("name", "store", "name: shop   # a working title", "name: store   # a working title"),
        ("entities.Order.rows", "12M", "    rows: 10M", "    rows: 12M"),
        ("entities.Order.fields.total", "money >= 0", "      total:    money", "      total:    money >= 0"),
        ("entities.Order.fields.customer", "-> Customer optional", "      customer: -> Customer   # who pays", "      customer: -> Customer optional   # who pays"),
        ("entities.Order.fields.state", "enum(new, paid, shipped)", "      state:    enum(new, paid)", "      state:    enum(new, paid, shipped)"),
        ("entities.Order.growth", None, "    growth: 50k/day", None),
        ("entities.Order.summary", "A purchase.", None, "    summary: A purchase."),
        ("entities.Order.fields.note", "text(500)", None, "      note: text(500)"),
        ("requirements.compliance", ["GDPR", "HIPAA"], "    compliance: GDPR, PCI-DSS", "    compliance: GDPR, HIPAA"),
        ("access.place_order.roles", ["customer"], "      - admin   # on the phone", None),
        ("access.place_order.roles", ["customer", "admin", "robot"], None, "      - robot"),
        ("access.place_order.action", "update", "    action: create", "    action: update"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_edit_touches_only_its_line(path: str, value: Any, gone: str | None, new: str | None, eol: str) -> None:
    """An edit of one value changes its own line and no other, comments and line ends included."""
    text = SHOP.replace("\n", eol)
    made = _edit(text, (path, value))
    assert _changed(text, made) == ([gone] if gone else [], [new] if new else [])
    assert made.count("\r\n") == (made.count("\n") if eol == "\r\n" else 0)


def test_edit_inside_a_flow_mapping_keeps_the_rest_of_the_line() -> None:
    """Within {…} only the span of the value changes, odd spacing and the comment behind it stay."""
    made = _edit(SHOP, ("requirements.load.peak_factor", 4), ("requirements.load.read_share", "90%"))
    assert (
        "    load: {daily_users: 1M..2M,   requests_per_user: 20/day, read_share: 90%, peak_factor: 4}   # from marketing\n"
        in made
    )
    made = _edit(SHOP, ("requirements.load.daily_users", None))
    assert "    load: {requests_per_user: 20/day, peak_factor: 3}   # from marketing\n" in made
    made = _edit(SHOP, ("requirements.load.peak_factor", None))
    assert "    load: {daily_users: 1M..2M,   requests_per_user: 20/day}   # from marketing\n" in made


def test_edit_of_a_step_keeps_the_other_steps() -> None:
    """A list of records is edited item by item."""
    design = loads(SHOP)
    steps = [
        {"action": "create", "entity": "Order", "undo": "cancel"},
        {"action": "charge", "entity": "Order", "via": "bank"},
    ]
    made = _edit(SHOP, ("access.place_order.steps", steps))
    assert design != loads(made)
    assert _changed(SHOP, made) == (["      via: psp"], ["      via: bank"])


def test_new_section_is_added_where_it_belongs() -> None:
    """A section that was not in the file stands between its neighbours in the order of the record."""
    made = _edit(SHOP, ("scaling.horizon", "24 months"))
    gone, new = _changed(SHOP, made)
    assert gone == []
    assert [line for line in new if line]


def test_edit_without_final_line_break_adds_none() -> None:
    """A file whose last line has no line break still has none after an edit at its end."""
    made = _edit("name: x", ("summary", "A thing."))
    assert made == "name: x\nsummary: A thing."


def test_edit_of_an_aliased_value_changes_only_the_named_one() -> None:
    """What an anchor shares is not changed behind the back of those who share it."""
    text = _variants()["anchors"]
    made = _edit(text, ("entities.B.fields.b", "text"))
    assert list(loads(made).entities["A"].fields) == ["id"]
    assert "B: {fields: {id: key, b: text}, rows: 5}" in made


def test_remove_of_the_last_name_leaves_a_readable_file() -> None:
    """Taking out the only entry of a block leaves valid YAML and the comments outside it."""
    text = "# head\nname: x\ncache:\n  policies:\n    a: {ttl: 5 s}\n# tail\n"
    design = loads(text)
    bare = dataclasses.replace(design, cache=type(design.cache)())
    made = dumps(bare, text)
    assert made == "# head\nname: x\n# tail\n"


NAMES = st.one_of(
    st.sampled_from(["Order", "user", "select", "yes", "null", "1", "a b", "名前", "x: y", "# no", "- d", "[", "}", "'", '"', "&a", "*b", "!t", "%", "@", "`", "~", "<<", "=", "1e5", "0x1", "a\u2028b", "\ufeff", "</script>", "a,b", "?", "|", ">"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="."), min_size=1, max_size=12).filter(lambda s: bool(s.strip())),
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(["", " ", "a\nb", "tab\there", "x: y", "# c", "yes", "1", "null", "a, b", " lead", "trail ", "\x85", "\u2029", "{{x}}", "'", '"', "\\", "-", "--- a", "..."]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30),
)  # fmt: skip
FIELDS = st.sampled_from(
    [
        "key",
        "text(20) unique",
        "int >= 1 = 1",
        "decimal(10, 2)",
        "enum(a, b)",
        "money optional",
        {"type": "other", "native": "tsvector", "comment": "x: # y"},
    ]
)
ENTITIES = st.fixed_dictionaries(
    {"fields": st.dictionaries(NAMES, FIELDS, max_size=4)},
    optional={"rows": st.sampled_from([0, 5, "5M", "1k..2k"]), "summary": TEXTS, "history": st.booleans()},
)
DESIGNS = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXTS,
        "summary": TEXTS,
        "requirements": st.fixed_dictionaries(
            {},
            optional={
                "load": st.fixed_dictionaries({}, optional={"peak_factor": st.sampled_from([1, 2.5, "3..4"]), "growth": st.just("60%/year")}),
                "compliance": st.lists(st.sampled_from(["GDPR", "PCI-DSS", "SOX"]), max_size=3),
                "team_size": st.integers(1, 99),
            },
        ),
        "entities": st.dictionaries(NAMES, ENTITIES, max_size=4),
        "decisions": st.fixed_dictionaries({}, optional={"handoffs": st.fixed_dictionaries({"ops": st.fixed_dictionaries({"needs": st.lists(st.sampled_from(["a", "a, b", "yes", "1"]), max_size=3)})})}),
        "cache": st.fixed_dictionaries({}, optional={"policies": st.dictionaries(NAMES, st.fixed_dictionaries({}, optional={"ttl": st.sampled_from(["30 s", "5 min"])}), max_size=3)}),
    },
)  # fmt: skip


def _of(data: dict[str, Any]) -> Design:
    return Design.of(data)


@settings(max_examples=100, deadline=None)
@given(DESIGNS)
def test_dump_then_load_is_the_identity(data: dict[str, Any]) -> None:
    """Every design, with whatever names and texts, reads back as itself, and saving it again changes nothing."""
    design = _of(data)
    text = dumps(design)
    assert loads(text) == design
    assert dumps(loads(text), text) == text


@settings(max_examples=100, deadline=None)
@given(DESIGNS, DESIGNS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_edit_says_the_new_design(before: dict[str, Any], after: dict[str, Any], eol: str, is_cut: bool) -> None:
    """From any design's file to any other design: the edited text says exactly the new one."""
    text = dumps(_of(before)).replace("\n", eol)
    text = text.rstrip("\r\n") if is_cut else text
    made = dumps(_of(after), text)
    assert loads(made) == _of(after)


PIECES: list[tuple[str, list[Any]]] = [
    ("name", ["a", "b: c", "# d"]),
    ("summary", [None, "new", "two\nlines"]),
    ("requirements.load.peak_factor", [None, 2, "3..4"]),
    ("requirements.load.growth", [None, "10%/year"]),
    ("requirements.compliance", [None, ["GDPR"], ["GDPR", "SOX", "PCI-DSS"]]),
    ("requirements.objectives.place_order.latency_p99", ["300 ms", "1 s"]),
    ("entities.Customer.rows", [None, "6M"]),
    ("entities.Customer.fields.name", ["text(100)", {"type": "text", "comment": "hm: #"}]),
    ("entities.Order.fields.extra", ["int", "-> Customer optional"]),
    ("entities.Order.growth", [None, "1/day"]),
    ("entities.New", [{"fields": {"id": "key"}}]),
    ("access.place_order.roles", [None, ["customer"], ["admin", "customer"]]),
    ("access.place_order.steps", [None, ["create Order"], ["create Order undo cancel", "charge Order via bank"]]),
    ("access.orders_of_customer.limit", [None, 50]),
    ("cache.policies.orders_of_customer.ttl", ["60 s"]),
]


def _span(text: str, path: str) -> range:
    """The lines that belong to a path, or to the nearest thing above it that is in the file."""
    node, key = parse_text(text), None
    assert node is not None
    found = range(0)
    for part in path.split("."):
        entry = node.find(part) if node.kind == "mapping" else None
        if entry is None:
            break
        key, node = entry
        found = range(key.line, text.count("\n", 0, node.end) + 2)
    else:
        return found
    return range(0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES).flatmap(lambda p: st.tuples(st.just(p[0]), st.sampled_from(p[1]))), min_size=1, max_size=4), st.sampled_from(["plain", "crlf", "no final line break"]))  # fmt: skip
def test_lines_that_an_edit_does_not_name_stay(changes: list[tuple[str, Any]], variant: str) -> None:
    """Every line outside the values that an edit names is still there, unchanged and in order."""
    text = _variants()[variant]
    made = _edit(text, *changes)
    touched = {line for path, _ in changes for line in _span(text, path)}
    # a value taken out leaves its section without entries: then the section's own line may go
    touched |= {line for path, value in changes if value is None for line in _span(text, path.rpartition(".")[0])[:1]}
    left = iter(made.splitlines())
    for number, line in enumerate(text.splitlines(), 1):
        if number not in touched and line.strip():
            flow = line.lstrip().startswith(("load:", "Customer:", "orders_of_customer:", "cache:"))
            assert any(one == line or (flow and one.split(":")[0] == line.split(":")[0]) for one in left), line


# -- versions -------------------------------------------------------------------------------------------------------


def test_file_of_an_older_format_migrates() -> None:
    """Format 0 called the section `access_patterns`; it reads as the same design as today's file."""
    old = "archnb: 0\nentities: {A: {fields: {id: key}}}\naccess_patterns:\n  get_a: {reads: A}   # mine\n"
    assert loads(old) == loads(old.replace("access_patterns", "access").replace("archnb: 0", "archnb: 1"))
    assert dumps(loads(old), old) == old


def test_edit_of_an_older_file_brings_it_to_the_present_format() -> None:
    """The first edit of an older file renames what has another name now, and keeps the comments."""
    old = "archnb: 0\nentities: {A: {fields: {id: key}}}\naccess_patterns:\n  get_a: {reads: A}   # mine\n"
    assert _edit(old, ("access.get_a.limit", 5)) == old.replace("access_patterns", "access").replace(
        "archnb: 0", "archnb: 1"
    ).replace("{reads: A}", "{reads: A, limit: 5}")


def test_problem_in_an_older_file_has_its_line() -> None:
    """An error in a renamed section still names the line it stands on."""
    with pytest.raises(InputError, match=r"line 3: access\.get_a\.reads: entity 'B' is not known"):
        loads("archnb: 0\naccess_patterns:\n  get_a: {reads: B}\n")


def test_file_of_a_newer_format_is_refused_by_name() -> None:
    """A newer file is not half understood: the error says both versions and the next step."""
    with pytest.raises(FormatVersionError) as caught:
        loads("archnb: 3\nname: x\n", "x.yaml")
    assert str(caught.value) == (
        "x.yaml:\n  line 1: archnb: the file is of format 3, written by a newer archnb; this one reads up to 1; "
        "upgrade archnb, or write archnb: 1."
    )


@pytest.mark.parametrize("said", ["one", "1.5", "true", "-1", "[1]"])
def test_format_version_that_is_none_is_refused(said: str) -> None:
    """A format version must be a whole number."""
    with pytest.raises(InputError, match=r"line 1: archnb: .* write `archnb: 1`"):
        loads(f"archnb: {said}\n")


# -- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("entities:\n  A:\n    fields:\n      x: monee\n", "line 4: entities.A.fields.x: type 'monee' is not known; did you mean 'money'?"),
        ("name: x\nentites: {}\n", "line 2: entites: field 'entites' is not known; did you mean 'entities'?"),
        ("entities:\n  A: {fields: {b: -> C}}\n", "line 2: entities.A.fields.b: entity 'C' is not known"),
        ("name: x\nentities:\n  A:\n    extends: A\n", "line 4: entities.A.extends: inheritance goes in a circle"),
        ("name: x\nname: y\n", "line 2: name: the name 'name' stands twice; it first stands on line 1."),
        ("entities:\n  a.b: {}\n", "line 2: entities: the name 'a.b' does not do"),
        ("entities:\n  yes: {}\n  1: {}\n", "line 3: entities: the name 1 is not a text; put it in quotes."),
        ("entities:\n  A:\n    x.y: 1\n", "line 3: entities.A.x.y: field 'x.y' is not known"),
        ("access:\n  a:\n    reads: A\n    steps:\n    - create A\n    - x\nentities: {A: {fields: {id: key}}}\n", "line 6: access.a.steps.1: 'x' is not a step"),
        ("a: b: c\n", "line 1: a colon stands where a value goes on: 'a: b: c'; put a text that holds ': ' in quotes"),
        ("a:\n\tb: 1\n", "line 2: this line is indented with a tab; indent with spaces."),
        ("a: [1\nb: 2\n", "line 1: a bracket that opens on line 1 is not closed"),
        ("a: 'x\n", "line 1: a quote opens here and is not closed: \"a: 'x\"; close the quote that opens here."),
        ("a: \x07\n", "line 1: the character '\\x07' is not allowed in YAML"),
        ("- a\n- b\n", "line 1: ['a', 'b'] is given where a design is expected"),
        ("just words\n", "line 1: 'just words' is given where a design is expected"),
        ("name: x\n---\nname: y\n", "line 2: a second document starts here"),
        ("name: !!python/object/apply:os.system ['true']\n", "line 1: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed"),
        ("name: !x y\n", "line 1: the tag '!x' is not allowed"),
        ("name: *x\n", "line 1: the alias '*x' stands for nothing"),
        ("entities: &a\n  A: *a\n", "line 2: the alias '*a' stands inside what it stands for"),
        ("? [a]\n: 1\n", "line 1: a name must be a text"),
        ("requirements: {team_size: six}\n", "line 1: requirements.team_size: 'six' is given where a whole number is expected"),
        (f"requirements: {{team_size: {'9' * 5000}}}\n", "is not a number that can be read; put it in quotes."),
    ],
)  # fmt: skip
def test_bad_input_says_where_and_what(text: str, message: str) -> None:
    """Every kind of bad input is one InputError with the line, what was given and the next step."""
    with pytest.raises(InputError) as caught:
        loads(text)
    assert message in str(caught.value)


def test_errors_name_the_file(tmp_path: Path) -> None:
    """The error of a file begins with its path."""
    path = tmp_path / "x.yaml"
    path.write_text("entites: {}\n")
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:\n  line 1: entites: ")


def test_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    """A slip in the file's name is met with the name of the file that is there."""
    (tmp_path / "shop.yaml").write_text("name: x\n")
    with pytest.raises(InputError, match=r"there is no such file; did you mean 'shop\.yaml'\?"):
        load(tmp_path / "shpo.yaml")


@pytest.mark.parametrize("kind", ["folder", "latin", "nul", "missing folder"])
def test_what_is_no_text_is_an_input_error(kind: str, tmp_path: Path) -> None:
    """Folders, other encodings and binary files give errors, not tracebacks."""
    path = tmp_path / "x.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "latin":
        path.write_bytes("name: x\nsummary: Müller\n".encode("latin-1"))
    elif kind == "nul":
        path.write_bytes(bytes(range(256)))
    else:
        path = tmp_path / "no" / "x.yaml"
    with pytest.raises(InputError):
        load(path)


def _nonsense() -> dict[str, str]:
    chance = random.Random(1)
    letters = "abc{}[]:-,#&*!|>'\"%@` \n\t"
    return {
        "10 MB": "x: [1, 2]\n" * 1_000_000,
        "10 MB of chance": "".join(chance.choices(letters, k=10_000_000)),
        "chance": "".join(chance.choices(letters, k=100_000)),
        "open brackets": "[" * 100_000,
        "open braces": "{a: " * 100_000,
        "dashes": "- " * 100_000,
        "indents": "".join(" " * n + "a:\n" for n in range(1500)),
        "a long word": "x" * 1_000_000,
        "aliases": "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)),
        "merges": "a: &a {x: 1}\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} {{<<: [{', '.join(['*' + chr(97 + n)] * 9)}]}}\n" for n in range(12)),
        "a long mark": "entities: {A: {fields: {x: 'text " + "wrong = " * 2000 + "'}}}",
        "unknown names": "".join(f"n{n}: 1\n" for n in range(3000)),
    }  # fmt: skip


@pytest.mark.parametrize("name", _nonsense())
def test_nonsense_is_refused_quickly(name: str) -> None:
    """Nonsense of any size and depth is an InputError within seconds, not a traceback and not a wait."""
    text = _nonsense()[name]
    start = time.perf_counter()
    with pytest.raises(InputError):
        loads(text)
    assert time.perf_counter() - start < 15


def test_size_limit_is_said() -> None:
    """A file over the limit is refused before it is parsed, with its size and the limit."""
    with pytest.raises(InputError, match=r"the file has 2,000,001 characters; a design file has at most 2,000,000"):
        loads("#" * (MAX_CHARACTERS + 1))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.text("abc{}[]:-,#&*!|>'\"%@`~ \n\t1.", max_size=80)))
def test_any_text_is_a_design_or_an_input_error(text: str) -> None:
    """Whatever the text, reading it ends in a design or in an InputError."""
    with contextlib.suppress(InputError, FormatVersionError):
        loads(text)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_written_text_reads_back(text: str) -> None:
    """A text written as a scalar is the same text when read, alone, in a flow mapping and as a name."""
    from archnb.file.tree import build_data

    data = build_data(
        parse_text(
            f"a: {write_text(text, True)}\nb: {{c: {write_text(text)}, {write_text('k' + text)}: [{write_text(text)}]}}\n"
        )
    )
    assert data == {"a": text, "b": {"c": text, "k" + text: [text]}}


def test_numbers_keep_how_they_were_written() -> None:
    """A text field that looks like a number keeps its digits: 1.10 is not 1.1, 007 is not 7."""
    assert loads("name: 1.10\nsummary: 007\n").name == "1.10"
    assert loads("name: 1.10\nsummary: 007\n").summary == "007"


# -- saving ---------------------------------------------------------------------------------------------------------


def test_save_keeps_the_mode_and_follows_a_link(tmp_path: Path) -> None:
    """Saving keeps who may read the file, and a link stays a link."""
    path, link = tmp_path / "x.yaml", tmp_path / "link.yaml"
    path.write_text("name: x\n")
    path.chmod(0o640)
    link.symlink_to(path)
    save(load(link).replace("name", "z"), link)
    assert link.is_symlink()
    assert path.read_text() == "name: z\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link.yaml", "x.yaml"]


def test_save_of_a_new_file(tmp_path: Path) -> None:
    """A design that has no file yet gets one that says the format version first."""
    path = tmp_path / "x.yaml"
    save(Design.of({"name": "x"}), path)
    assert path.read_text() == "archnb: 1\nname: x\n"


def test_save_refuses_a_file_that_changed(tmp_path: Path) -> None:
    """With `expected`, somebody else's change is not overwritten; by text or by its SHA-256."""
    path = tmp_path / "x.yaml"
    path.write_text("name: x\n")
    design = load(path)
    path.write_text("name: theirs\n")
    for expected in ("name: x\n", hashlib.sha256(b"name: x\n").hexdigest()):
        with pytest.raises(FileChangedError, match="the file is not the one that was read"):
            save(design.replace("name", "mine"), path, expected=expected)
    assert path.read_text() == "name: theirs\n"
    save(design.replace("name", "mine"), path, expected="name: theirs\n")
    assert path.read_text() == "name: mine\n"


def test_save_leaves_what_is_no_design(tmp_path: Path) -> None:
    """A file that cannot be read as a design is never overwritten."""
    path = tmp_path / "x.yaml"
    path.write_text("my: shopping list\n")
    with pytest.raises(InputError, match="it is left as it is; save under another name"):
        save(Design.of({"name": "x"}), path)
    assert path.read_text() == "my: shopping list\n"


def test_save_to_a_missing_folder_says_so(tmp_path: Path) -> None:
    """A folder that is not there is an InputError."""
    with pytest.raises(InputError, match="the file cannot be written: No such file or directory"):
        save(Design.of({"name": "x"}), tmp_path / "no" / "x.yaml")


def test_stale_leftovers_are_swept(tmp_path: Path) -> None:
    """What a killed save left beside the file goes with a later save, what is fresh stays."""
    path = tmp_path / "x.yaml"
    stale, fresh = tmp_path / ".x.yaml.0a.tmp", tmp_path / ".x.yaml.0b.tmp"
    for one in (path, stale, fresh):
        one.write_text("name: x\n")
    os.utime(stale, (0, 0))
    save(Design.of({"name": "y"}), path)
    assert not stale.exists()
    assert fresh.exists()


def test_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    """While a file is saved again and again, every read of it finds a whole design."""
    path = tmp_path / "x.yaml"
    path.write_text("name: n0\nsummary: " + "a" * 5000 + "\n")
    seen: set[str] = set()
    is_done = threading.Event()

    def read() -> None:
        while not is_done.is_set():
            seen.add(path.read_text()[-2:])

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(25):
        save(load(path).replace("name", f"n{n}"), path)
    is_done.set()
    reader.join()
    assert seen == {"a\n"}
