"""Records: what was said is read, kept and written back; what is wrong is said with where, what and what instead."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archnb import Design, InputError
from archnb.design import leaves, plain, record
from archnb.design.entities import TYPES, Field, Step, read_field, write_field
from archnb.design.record import Named, Record, hints
from tests.designs import ALL


def records() -> list[type[Record]]:
    """Every record class that a design is made of."""
    found: dict[type[Record], None] = {}
    queue: list[Any] = [Design]
    while queue:
        kind = queue.pop()
        if isinstance(kind, type) and issubclass(kind, Record):
            if kind not in found:
                found[kind] = None
                queue += hints(kind).values()
        else:
            queue += getattr(kind, "__args__", ())
    return list(found)


@pytest.mark.parametrize("cls", records(), ids=lambda cls: cls.__name__)
def test_every_field_asks_once(cls: type[Record]) -> None:
    """Each field carries its question; a field of a plain kind carries an example too."""
    assert cls.__doc__
    for one in dataclasses.fields(cls):
        asked = one.metadata["asked"]
        assert asked.question.endswith("?") or "?" in asked.question, one.name


@pytest.mark.parametrize("cls", records(), ids=lambda cls: cls.__name__)
def test_examples_are_valid(cls: type[Record]) -> None:
    """The example of a field, said for the field, is accepted."""
    for one in dataclasses.fields(cls):
        asked = one.metadata["asked"]
        kind = str(hints(cls)[one.name])
        if not asked.example or "Named[" in kind or "Dotted[" in kind or cls is Field or one.name == "expression":
            continue
        value: Any = asked.example
        if kind.startswith("int"):
            value = int(value)
        elif kind.startswith("bool"):
            value = value == "true"
        elif kind.startswith("float"):
            value = float(value)
        assert getattr(record.read(cls, {one.name: value}), one.name) is not None


@pytest.mark.parametrize("name", ALL)
def test_plain_then_read_is_the_identity(name: str) -> None:
    """A design written as plain data and read again is the same design."""
    design = ALL[name]()
    assert Design.of(plain(design)) == design


@pytest.mark.parametrize("cls", records(), ids=lambda cls: cls.__name__)
def test_records_do_not_change(cls: type[Record]) -> None:
    """A record is frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(cls(), dataclasses.fields(cls)[0].name, 1)


def test_message_of_an_unknown_type() -> None:
    """Where, what was given, what was meant, the next step."""
    with pytest.raises(InputError) as caught:
        Design.of({"entities": {"Order": {"fields": {"total": "monee"}}}})
    assert (
        str(caught.value)
        == "entities.Order.fields.total: type 'monee' is not known; did you mean 'money'? See archnb.types()."
    )


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"acess": {}}, "acess: field 'acess' is not known; did you mean 'access'?"),
    "dangling reference": (
        {"entities": {"A": {"fields": {"b": "-> Bee"}}, "Beer": {"fields": {"id": "key"}}}},
        "entities.A.fields.b: entity 'Bee' is not known; did you mean 'Beer'? Declare it under entities.",
    ),
    "cycle of inheritance": (
        {"entities": {"A": {"extends": "B"}, "B": {"extends": "A"}}},
        "entities.A.extends: inheritance goes in a circle: A -> B -> A; take one of them out.",
    ),
    "unknown mark": (
        {"entities": {"A": {"fields": {"b": "text(9) uniqe"}}}},
        "entities.A.fields.b: in 'text(9) uniqe': mark 'uniqe' is not known; did you mean 'unique'?",
    ),
    "wrong unit": (
        {"cache": {"policies": {"x": {"ttl": "30 MB"}}}},
        "cache.policies.x.ttl: '30 MB' is a size in bytes such as '2 KiB'; give a time such as '300 ms' or '10 years'.",
    ),
    "wrong kind": ({"access": {"x": {"limit": "many"}}}, "access.x.limit: 'many' is given where a whole number is expected, for instance 20."),
    "a list for names": ({"entities": ["Order"]}, "entities: ['Order'] is given where names with values are expected."),
    "neither reads nor writes": ({"access": {"x": {"rate": "1/s"}}}, "access.x: it neither reads nor writes; say either `reads` or `writes`, with the entity it is about."),
    "a number as name": ({"entities": {1: {}}}, "entities: the name 1 is not a text; put it in quotes."),
    "field of another entity": (
        {"entities": {"A": {"fields": {"id": "key", "name": "text"}}}, "access": {"x": {"reads": "A", "by": "nmae"}}},
        "access.x.by: field 'nmae' is not known; did you mean 'name'?",
    ),
    "unknown value": (
        {"api": {"style": "soap"}},
        "api.style: value 'soap' is not known; allowed: 'rest', 'graphql', 'grpc'.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_messages(case: str) -> None:
    """Each kind of bad input has its exact message."""
    data, message = BAD[case]
    with pytest.raises(InputError) as caught:
        Design.of(data)
    assert message in [str(one) for one in caught.value.problems]


def test_all_problems_are_told() -> None:
    """All problems are collected, and all are shown."""
    with pytest.raises(InputError) as caught:
        Design.of({"entities": {f"E{n}": {"fields": {"x": "nonsense"}} for n in range(7)}})
    assert len(caught.value.problems) == 7
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        f"entities.E{n}.fields.x" for n in range(7)
    ]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12) | st.sampled_from(list(Design.__dataclass_fields__)), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(list(Design.__dataclass_fields__)), values, max_size=4))
def test_nonsense_gives_an_input_error(data: dict[str, Any]) -> None:
    """Any plain data is read, or refused with an InputError; nothing else comes out."""
    try:
        Design.of(data)
    except InputError as error:
        assert error.problems


words = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
fields = st.builds(
    Field,
    type=st.sampled_from([name for name in TYPES if name not in ("reference", "enum", "other")]),
    key=st.none() | st.just(True), unique=st.none() | st.just(True), optional=st.none() | st.just(True), personal=st.none() | st.just(True),
    minimum=st.none() | st.integers(-99, 99).map(float), maximum=st.none() | st.integers(-99, 99).map(float),
    default=st.none() | words | st.just("now()") | st.just("a = b >= c"), comment=st.none() | words, was=st.none() | words | st.just("old name"),
)  # fmt: skip


@given(fields)
def test_field_shorthand_says_what_it_writes(field: Field) -> None:
    """The one-string form of a field, where there is one, reads back as the field."""
    text = write_field(field)
    if text is not None:
        assert record.read(Field, text) == field


def test_shorthands() -> None:
    """The forms that people write."""
    assert read_field("-> Customer optional") == {"type": "reference", "references": "Customer", "optional": True}
    assert read_field("enum(new, paid) = new")["values"] == ["new", "paid"]
    assert read_field("smallint >= 1 <= 5 = 3") == {"type": "smallint", "minimum": 1.0, "maximum": 5.0, "default": "3"}
    assert read_field("decimal(10, 2)") == {"type": "decimal", "length": 10, "scale": 2}
    step = record.read(Step, "charge Payment via psp undo refund")
    assert (step.action, step.entity, step.via, step.undo) == ("charge", "Payment", "psp", "refund")


def test_replace_gives_a_new_design() -> None:
    """A value is replaced by its path; the old design stays as it was."""
    old = ALL["tiny"]()
    new = old.replace("entities.Order.fields.total.optional", True)
    assert new.entities["Order"].fields["total"].optional is True
    assert old.entities["Order"].fields["total"].optional is None
    assert new.replace("entities.Order.fields.total.optional", None) == old
    with pytest.raises(InputError, match="did you mean"):
        old.replace("requirements.load.daily_user", 3)


def test_leaves_name_every_said_value() -> None:
    """Every said value has a dotted path."""
    found = dict(leaves(ALL["tiny"]()))
    assert found["access.orders_of_customer.by"] == ("customer",)
    assert found["entities.Order.fields.total.minimum"] == 0.0
    assert isinstance(ALL["tiny"]().entities, Named)
