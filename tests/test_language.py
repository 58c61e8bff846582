"""The language reference: generated from the declarations, complete, up to date, and right about what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from archnb import Design, InputError, load, plan
from archnb.design import record
from archnb.design.entities import MARKS, TYPES, AccessPattern, Field, Step
from archnb.design.grammars import GRAMMARS
from archnb.design.record import asked
from archnb.design.reference import explain_data, explain_entry, find_entry, list_entries, list_words, write_reference
from archnb.export.aggregates import read_aggregate
from archnb.quantity import parse, unit
from tests.designs import ALL
from tests.test_design import records

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "language.md"


def test_page_is_up_to_date(request: pytest.FixtureRequest) -> None:
    """docs/language.md is what the declarations say today; --refresh-goldens writes it anew."""
    if request.config.getoption("--refresh-goldens"):
        PAGE.write_text(write_reference(Design), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == write_reference(Design), "write it anew: pytest --refresh-goldens"


def words_of(data: Any) -> set[str]:
    """The names in plain data that are fields, those that people choose left out."""
    found: set[str] = set()
    if isinstance(data, record.Record):
        for name in record.hints(type(data)):
            value = getattr(data, name)
            if value is not None and value != () and value != getattr(type(data)(), name):
                found |= {name} | words_of(value)
    elif isinstance(data, record.Named):
        for value in data.values():
            found |= words_of(value)
    elif isinstance(data, tuple):
        for value in data:
            found |= words_of(value)
    return found


@pytest.mark.parametrize("name", ["shop", "shortener"])
def test_every_word_of_a_design_stands_in_the_page(name: str) -> None:
    """Every field, type and mark that a shipped design uses is explained, and so are those of its completed form."""
    page, made = PAGE.read_text(encoding="utf-8"), plan(ALL[name]())
    words = words_of(made.said) | words_of(made.design)
    words |= {one.type or "" for entity in made.design.entities.values() for one in entity.fields.values()} - {""}
    missing = [word for word in sorted(words) if f"`{word}`" not in page and not re.search(rf"`{word}\(", page)]
    assert missing == []
    assert all(f"`{mark}`" in page for mark in MARKS)


@pytest.mark.parametrize("entry", list(list_entries(Design)), ids=lambda one: one.path)
def test_every_entry_is_explained(entry: Any) -> None:
    """Each field is found by its path with and without the names that people choose, and shows its question and example."""
    text = explain_entry(Design, ".".join(entry.words))
    assert entry.about.question in text
    assert entry.about.example in text
    assert find_entry(Design, entry.path) is not None
    chosen = re.sub(r"<[^>]*>", "anything", entry.path)
    found = find_entry(Design, chosen)
    assert found is not None
    assert found.words == entry.words
    assert ".".join(entry.words) in list_words(Design)


@pytest.mark.parametrize("word", [*TYPES, *MARKS, *GRAMMARS, "KiB", "min", "Mbit"])
def test_every_type_mark_unit_and_grammar_is_explained(word: str) -> None:
    """What is no field has its entry too."""
    assert word in explain_entry(Design, word)


def test_unknown_entry_names_the_nearest() -> None:
    """A slip in what is asked for is met with what was meant."""
    with pytest.raises(InputError, match=r"did you mean 'access\.steps'\?"):
        explain_entry(Design, "access.stpes")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("varchar", "text"), ("pii", "personal"), ("mins", "min"), ("ttl", "cache.policies.ttl"),
        ("lifetime", "cache.policies.ttl"), ("async", "access.is_async"),
    ],
)  # fmt: skip
def test_what_is_called_otherwise_elsewhere_is_led_to_its_entry(asked: str, meant: str) -> None:
    """Types, marks and units of other languages, fields by what they are not called, and fields without their section."""
    with pytest.raises(InputError, match=f"did you mean '{re.escape(meant)}'"):
        explain_entry(Design, asked)
    assert explain_entry(Design, meant)


def test_data_of_an_entry_is_what_it_declares() -> None:
    """As plain data: the entry with everything below it, for programs."""
    paths = {one["path"]: one for one in explain_data(Design, "cache")}
    assert paths["cache.policies.<read pattern>.ttl"]["example"] == "30 s"
    assert paths["cache.policies.<read pattern>.ttl"]["range"] == "at least 0 s, at most 1000 years"
    assert len(explain_data(Design, None)) == len(list(list_entries(Design)))


def test_examples_of_grammars_are_read() -> None:
    """Every example of a grammar is read by what reads it."""
    entity: dict[str, Any] = {
        "fields": {
            "id": "key", "customer": "-> C", "tenant": "uuid", "status": "enum(a, b, free, open, cancelled, todo, doing)", "placed_at": "timestamp",
            "name": "text", "score": "int", "total": "money", "due_on": "date optional", "title": "text", "sent_at": "timestamp optional",
            "deleted_at": "timestamp optional", "seen_at": "timestamp", "starts_at": "timestamp", "ends_at": "timestamp", "accepted_at": "timestamp optional",
            "owner": "-> C", "driver": "-> C optional", "product": "-> C", "price": "money", "stock": "int", "quantity": "int", "assignee": "-> C optional",
        }
    }  # fmt: skip
    things = {"O": entity, "C": {"fields": {"id": "key", "country": "country", "price": "money"}}}
    things |= {name: {"fields": {"id": "key"}} for name in ("OrderLine", "Stock", "Payment", "Customer")}
    things["User"] = {"fields": {"id": "key", "assignee": "-> O"}}

    def accept(**pattern: Any) -> AccessPattern:
        return Design.of({"entities": things, "access": {"p": {"reads": "O", **pattern}}}).access["p"]

    for text in (*GRAMMARS["quantity"].examples, *GRAMMARS["range of a quantity"].examples):
        assert parse(text).text == text
    for text in GRAMMARS["field"].examples:
        assert record.read(Field, text).type is not None
    for text in GRAMMARS["steps"].examples:
        assert record.read(Step, text).entity in things
        Design.of({"entities": things, "access": {"p": {"writes": "O", "steps": [text]}}})
    for text in GRAMMARS["sets"].examples:
        assert Design.of({"entities": things, "access": {"p": {"writes": "O", "sets": text}}}).access["p"].sets
    for word in ("by", "sort", "range", "where", "include"):
        for text in GRAMMARS[word].examples:
            assert getattr(accept(**{word: text}), word)
    for text in GRAMMARS["aggregate"].examples:
        assert read_aggregate(text)[0] in ("sum", "count", "avg")
    for text in GRAMMARS["cache key"].examples:
        plan(
            Design.of({
                "entities": things, "access": {"p": {"reads": "O", "by": "customer", "search": "name", "limit": 9}},
                "cache": {"policies": {"p": {"key": text}}},
            })
        )  # fmt: skip
    for cls in records():
        for about in asked(cls).values():
            assert not about.grammar or about.grammar in GRAMMARS


def test_what_is_proposed_is_what_the_page_says() -> None:
    """Where an entry says what is proposed when it is left out, the plan of a design that leaves it out has just that."""
    base = load(ROOT / "tests" / "examples" / "BASE.yaml")
    seen: set[str] = set()
    for made in (plan(base), plan(ALL["shop"]()), plan(ALL["shortener"]())):
        for path, because in made.draft.reasons.items():
            entry = find_entry(Design, path)
            if entry is None or not entry.about.proposed or "," in entry.about.proposed or because.value is None:
                continue
            seen.add(".".join(entry.words))
            said, value = entry.about.proposed, str(because.value)
            assert value.casefold() == said.casefold() or parse(value).base == pytest.approx(parse(said).base), path
    assert len(seen) >= 25, seen


@pytest.mark.parametrize("cls", records(), ids=lambda cls: cls.__name__)
def test_other_words_lead_to_one_field(cls: type[record.Record]) -> None:
    """Another word for a field is no field of the record itself, belongs to one field, and is answered with that field."""
    also = [(word, name) for name, about in asked(cls).items() for word in about.also]
    assert len({word for word, _ in also}) == len(also)
    for word, name in also:
        assert word not in asked(cls)
        with pytest.raises(InputError) as caught:
            record.read(cls, {word: None})
        assert caught.value.problems[0].nearest == name


def test_other_words_for_types_and_units_lead_to_one() -> None:
    """What databases call a type and people call a unit is known, and is no type or unit of ours."""
    words = [word for one in TYPES.values() for word in one.also]
    assert len(set(words)) == len(words)
    assert not set(words) & set(TYPES)
    from archnb.quantity import BITS, BYTES, MEANT, TIME

    for word, meant in MEANT.items():
        assert word not in {**TIME, **BYTES, **BITS}
        assert unit(meant).dimension or meant == "%"
