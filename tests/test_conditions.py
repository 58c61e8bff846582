"""Filters, assignments, orders and inclusions: what is read, what is refused with which next step, and that they are written back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archnb import Design, InputError, load, save
from archnb.design import plain, read
from archnb.design.conditions import Assignment, Filter, read_inclusion, read_sorting, read_value

ENTITIES: dict[str, Any] = {
    "Ward": {"fields": {"id": "key", "name": "text(40)"}},
    "Nurse": {"fields": {"id": "key", "email": "email unique personal", "ward": "-> Ward"}},
    "Shift": {
        "fields": {
            "id": "key", "ward": "-> Ward", "nurse": "-> Nurse optional", "swapped_with": "-> Nurse optional", "begins_at": "timestamp",
            "ends_at": "timestamp", "state": "enum(open, taken, over) = open", "note": "text(200) optional", "is_night": "bool = false",
            "beds": "int", "called_off_at": "timestamp optional",
        }
    },
}  # fmt: skip


def design(**pattern: Any) -> Design:
    return Design.of({"name": "ward", "entities": ENTITIES, "access": {"p": pattern}})


@pytest.mark.parametrize(
    ("text", "comparison", "values"),
    [
        ("state = open", "=", ("open",)),
        ("state != over", "<>", ("over",)),
        ("state in (open, taken)", "in", ("open", "taken")),
        ("nurse is missing", "is missing", ()),
        ("nurse is not null", "is present", ()),
        ("begins_at > now - 12 h", ">", ("now - 12 h",)),
        ("ends_at > begins_at", ">", ("begins_at",)),
        ("note = 'it''s late, (really)'", "=", ("'it''s late, (really)'",)),
        ("nurse = caller", "=", ("caller",)),
        ("nurse.ward = ward", "=", ("ward",)),
        ("is_night = true", "=", ("true",)),
        ("beds >= -3", ">=", ("-3",)),
    ],
)
def test_filters_are_read_and_written_back(text: str, comparison: str, values: tuple[str, ...]) -> None:
    """A filter says a field, how it is compared and with what; written again and read it is the same."""
    made = design(reads="Shift", where=text)
    (found,) = made.access["p"].where
    assert (found.comparison, found.values) == (comparison, values)
    assert Design.of(plain(made)) == made
    assert read(Filter, plain(found)) == found


def test_a_list_is_cut_at_its_own_commas() -> None:
    """YAML cuts [state in (open, taken), note is missing] at each comma; a text with commas is a list as well."""
    whole = design(reads="Shift", where=["state in (open, taken)", "note is missing"])
    assert design(reads="Shift", where=["state in (open", "taken)", "note is missing"]) == whole
    assert design(reads="Shift", where="state in (open, taken), note is missing") == whole
    assert len(design(writes="Shift", sets="note, state = taken").access["p"].sets) == 2


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ({"reads": "Shift", "where": "stat = open"}, "did you mean 'state'?"),
        ({"reads": "Shift", "where": "state = opn"}, "did you mean 'open'?"),
        ({"reads": "Shift", "where": "state in (open, takn)"}, "did you mean 'taken'?"),
        ({"reads": "Shift", "where": "note = null"}, "write 'note is missing'"),
        ({"reads": "Shift", "where": "state is taken"}, "did you mean 'state = taken'?"),
        ({"reads": "Shift", "where": "state ~ open"}, "a filter is FIELD = VALUE"),
        ({"reads": "Shift", "where": "begins_at > now - 3 parsecs"}, "parsecs"),
        ({"reads": "Shift", "where": "begins_at > tomorrow"}, "value 'tomorrow' is not known"),
        ({"reads": "Shift", "where": "nurse = caler"}, "did you mean 'caller'?"),
        ({"reads": "Shift", "where": "state = generated"}, "nothing is compared with 'generated'"),
        ({"writes": "Shift", "sets": "nots"}, "did you mean 'note'?"),
        ({"writes": "Shift", "sets": "state = takn"}, "did you mean 'taken'?"),
        ({"writes": "Shift", "sets": "note, note = x"}, "'note' is set twice"),
        ({"writes": "Shift", "sets": "ward = nurse.wrd"}, "did you mean 'nurse.ward'?"),
        ({"writes": "Shift", "sets": "note = null"}, "write 'note = missing'"),
        ({"writes": "Shift", "action": "delete", "by": "id", "sets": "note"}, "what is deleted is not set"),
        ({"reads": "Shift", "sets": "note"}, "a read changes nothing"),
        ({"reads": "Shift", "many": True}, "a read changes nothing"),
        ({"writes": "Shift", "returns": "note"}, "a write answers with the row"),
        ({"reads": "Shift", "returns": "beginsat"}, "did you mean 'begins_at'?"),
        ({"reads": "Shift", "sort": "begins_att nulls last"}, "did you mean 'begins_at'?"),
        ({"reads": "Shift", "sort": "nurse nulls lst"}, "write 'nulls first' or 'nulls last'"),
        ({"reads": "Shift", "include": "Nurse via swaped_with"}, "did you mean 'swapped_with'?"),
        ({"reads": "Shift", "include": "Nurs via nurse"}, "did you mean 'Nurse'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_the_next_step(pattern: dict[str, Any], told: str) -> None:
    """A slip in a filter, an assignment, an order or an inclusion is an error with its path and what to write."""
    with pytest.raises(InputError) as caught:
        design(**pattern)
    assert told in str(caught.value)
    assert "access.p" in str(caught.value)


def test_values_orders_and_inclusions() -> None:
    """The parts of a value, an order and an inclusion."""
    assert read_value("now + 2 days").offset == 172800
    assert read_value("stock - quantity")[:2] == ("change", "stock")
    assert read_value("'a - b'").text == "a - b"
    assert read_sorting("-nurse nulls first").text == "-nurse"
    assert read_inclusion("Nurse via swapped_with").via == "swapped_with"
    assert read(Assignment, "nurse = caller").value == "caller"


def test_a_file_with_the_words_is_read_and_saved(tmp_path: Path) -> None:
    """What a file says in these words is the same after it was saved and read again."""
    file = tmp_path / "ward.yaml"
    file.write_text(
        """archnb: 1
name: ward
entities:
  Nurse: {fields: {id: key, email: email unique personal}}
  Shift: {fields: {id: key, nurse: -> Nurse optional, swapped_with: -> Nurse optional, state: "enum(open, taken) = open", due_on: date optional}}
access:
  open_shifts: {reads: Shift, where: [state in (open, taken), nurse is missing], sort: -due_on nulls last, include: [Nurse via nurse], returns: [due_on]}
  take: {writes: Shift, action: update, by: id, sets: [state = taken, nurse = caller]}
  clear: {writes: Shift, action: delete, by: state, many: true}
""",
        encoding="utf-8",
    )
    made = load(file)
    other = tmp_path / "other.yaml"
    save(made, other)
    assert load(other) == made
    assert made.access["open_shifts"].where[0].values == ("open", "taken")
    assert made.access["clear"].many is True
