"""What is secret by its name: never in an answer, whatever the column is called, in a design as in an imported schema."""

from __future__ import annotations

from typing import Any

import pytest

from archnb import Design, plan
from archnb.design.entities import Field, read_field
from archnb.export.openapi import build_document
from archnb.model.secrets import find_secret
from archnb.readers.sql import read_sql

TEXT = Field(type="text")
SECRET = [
    "password",
    "pwd",
    "userpwd",
    "PasswordHash",
    "passwordsalt",
    "hashed_password",
    "token",
    "access_token",
    "refreshToken",
    "token_hash",
    "apikey",
    "api_key",
    "privateKey",
    "otp",
    "totp_secret",
    "pin",
    "cvv",
    "card_number",
    "creditCardNumber",
    "client_secret",
    "key_hash",
    "reset_code",
    "hash",
    "salt",
]
PLAIN = [
    "token_type",
    "next_page_token",
    "content_hash",
    "hash_tag",
    "public_key",
    "idempotency_key",
    "loyalty_card_number",
    "iban",
    "secretary",
    "passport_no",
    "promo_code",
    "pan_of_soup",
    "spinning",
    "password_hint_shown_at",
]


@pytest.mark.parametrize("name", SECRET)
def test_a_name_tells_a_secret(name: str) -> None:
    """Words, their spellings and what is made of them."""
    assert find_secret("Account", {name: TEXT, "login": TEXT}, name), name


@pytest.mark.parametrize("name", PLAIN)
def test_a_name_that_only_sounds_so_tells_none(name: str) -> None:
    """Names that share a word with a secret."""
    assert find_secret("Account", {name: TEXT, "login": TEXT}, name) is None, name


@pytest.mark.parametrize(
    ("entity", "fields", "name"),
    [
        ("Address", {"city": "text", "pin_code": "text(6)"}, "pin_code"),
        ("Call", {"tokens": "int"}, "tokens"),
        ("Soup", {"salt": "text"}, "salt"),
        ("Blob", {"hash": "text(64)"}, "hash"),
        ("User", {"password_changed_at": "timestamp"}, "password_changed_at"),
        ("User", {"has_pin": "bool", "pin": "bool"}, "pin"),
    ],
)
def test_type_and_neighbours_decide(entity: str, fields: dict[str, str], name: str) -> None:
    """A postal code beside a city, a count, a seasoning, the hash of a content, a moment and a flag are no secrets."""
    made = {one: Field(**read_field(text)) for one, text in fields.items()}
    assert find_secret(entity, made, name) is None


def _schemas(document: Any) -> str:
    return str(document["components"]["schemas"])


def test_an_unmarked_secret_is_in_no_answer_and_found() -> None:
    """The completed design marks it, the document leaves it out, a finding asks for the mark with the line to write."""
    design: dict[str, Any] = {
        "entities": {"Member": {"fields": {"id": "key", "email": "email unique personal", "secret_word_hash": "text", "pwd": "text(80)", "reset_token": "text(64) optional"}}},
        "access": {"members": {"reads": "Member", "roles": "staff"}},
    }  # fmt: skip
    made = plan(Design.of(design))
    fields = made.design.entities["Member"].fields
    assert fields["pwd"].secret and fields["reset_token"].secret
    for name in ("pwd", "reset_token"):
        assert f"'{name}'" not in _schemas(build_document(made))
        assert name not in str(made.export("queries").text.partition("create_member")[0])
    found = {one.path: one for one in made.findings if one.rule.id.startswith("entities-secret")}
    assert found["entities.Member.fields.pwd"].rule.id == "entities-secret-readable-text"
    asked = found["entities.Member.fields.reset_token"]
    assert asked.rule.id == "entities-secret-not-marked" and "text(64) optional secret" in asked.evidence


def test_what_is_said_to_be_no_secret_is_shown() -> None:
    """`secret: false` settles it, and nothing is found."""
    fields = {"id": "key", "label": "text", "token": {"type": "text", "length": 20, "secret": False}}
    made = plan(Design.of({"entities": {"Glyph": {"fields": fields}}, "access": {"glyphs": {"reads": "Glyph"}}}))
    assert "'token'" in _schemas(build_document(made))
    assert not [one for one in made.findings if one.rule.id.startswith("entities-secret")]


def test_an_imported_schema_is_no_exception() -> None:
    """A dump knows no marks; its columns have names all the same."""
    dump = """
    CREATE TABLE person.passport (id int PRIMARY KEY, login varchar(40) NOT NULL UNIQUE, passwordhash varchar(128) NOT NULL,
      passwordsalt varchar(10) NOT NULL, locale varchar(8));
    CREATE TABLE sales.creditcard (creditcardid int PRIMARY KEY, cardtype varchar(50), cardnumber varchar(25) NOT NULL UNIQUE, expmonth smallint);
    """
    made = plan(read_sql(dump).design)
    text = _schemas(build_document(made))
    for name in ("passwordhash", "passwordsalt", "cardnumber"):
        assert f"'{name}'" not in text, name
    assert "'locale'" in text and "'cardtype'" in text
