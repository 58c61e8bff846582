"""Two versions of a design: what changed, whom it breaks, what is lost."""

from __future__ import annotations

import pytest

from archnb import Design, InputError
from archnb.design.entities import Field


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
