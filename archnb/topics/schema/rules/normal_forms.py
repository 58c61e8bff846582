"""Rules about the model itself: what breaks a normal form, or hides from the database what it could check.

Functional dependencies are not known, so these are signs read from names and types; each says what it saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archnb.design.schema import Column, SchemaTable
from archnb.finding import Hit, Rule, rule
from archnb.naming import snake
from archnb.topics.topic import Draft

MONEY = frozenset(
    [
        "price",
        "amount",
        "cost",
        "fee",
        "balance",
        "salary",
        "wage",
        "revenue",
        "tax",
        "payment",
        "discount",
        "refund",
        "subtotal",
        "deposit",
    ]
)
_TEXT, _INTEGER, _EXACT = "text", "whole number", "exact number"
FAMILIES = {
    **dict.fromkeys(
        ("text", "char", "code", "email", "url", "phone", "enum", "country", "currency", "language", "ip"), _TEXT
    ),
    **dict.fromkeys(("key", "int", "bigint", "smallint", "reference"), _INTEGER),
    **dict.fromkeys(("decimal", "money"), _EXACT),
}
EAV_NAMES = frozenset(
    ["attribute", "attribute_name", "property", "property_name", "key", "name", "field", "field_name", "parameter"]
)
EAV_VALUES = frozenset(["value", "val", "attribute_value", "property_value", "field_value"])


def path_of(draft: Draft, name: str, table: SchemaTable, column: str) -> str:
    """Where a column was said: at its entity's field, or else in its table."""
    field = table.columns[column].field
    entity = draft.design.entities.get(table.entity or "")
    if entity is not None and field in entity.fields:
        return f"entities.{table.entity}.fields.{field}"
    return f"schema.tables.{name}.columns.{column}"


def _is_inexact(column: Column) -> bool:
    return column.type == "float" or bool(re.match(r"(real|float|double)", (column.native or "").lower()))


@rule(
    "schema-money-in-float", principle="integrity", severity="high",
    condition="A field named like money is a floating-point number.",
    effect="0.1 + 0.2 is not 0.3: sums drift from the bill by cents, and no audit adds up.",
    remedy="Make it money: an exact amount with its currency.",
)  # fmt: skip
def money_in_float(draft: Draft) -> Iterator[Hit]:
    for name, table in draft.design.schema.tables.items():
        for one, column in table.columns.items():
            words = set(snake(one).split("_"))
            if (
                _is_inexact(column)
                and (words & MONEY or snake(one) == "total")
                and not words & {"rate", "share", "ratio"}
            ):
                yield Hit(path_of(draft, name, table, one), f"{one} is {column.native or column.type}")


@rule(
    "schema-repeated-column-group", principle="maintainability", severity="low",
    condition="Columns of a table are numbered: one thing is there several times (first normal form).",
    effect="The next one needs a new column, and every query must look into all of them.",
    remedy="Make it an entity of its own with a reference to this one.",
)  # fmt: skip
def repeated_column_group(draft: Draft) -> Iterator[Hit]:
    for name, table in draft.design.schema.tables.items():
        groups: dict[str, dict[int, str]] = {}
        for one in table.columns:
            found = re.fullmatch(r"(.*?[^\W\d])_?(\d{1,2})", one)
            # an address has lines one and two by postal convention
            if found is not None and not found[1].rstrip("_").endswith("line"):
                groups.setdefault(found[1].rstrip("_"), {})[int(found[2])] = one
        for numbered in groups.values():
            if any(n + 1 in numbered for n in numbered):
                first = numbered[min(numbered)]
                yield Hit(path_of(draft, name, table, first), ", ".join(numbered[n] for n in sorted(numbered)))


@rule(
    "schema-list-in-one-column", principle="integrity", severity="medium",
    condition="A text column is named as a list (first normal form).",
    effect="The database cannot check, index or join what is inside; a search finds 11 where 1 was asked for.",
    remedy="Make it a relationship, one row for each member.",
)  # fmt: skip
def list_in_one_column(draft: Draft) -> Iterator[Hit]:
    for name, table in draft.design.schema.tables.items():
        for one, column in table.columns.items():
            if column.type in ("text", "code", "char") and re.search(r"(_ids|_list|_csv)$|^tags$", snake(one)):
                yield Hit(path_of(draft, name, table, one), f"{one} is {column.type}")


@rule(
    "schema-copied-field", principle="integrity", severity="medium",
    condition="An entity holds a field of the one it refers to, under that reference's name (second or third normal form).",
    effect="The same fact is in two places, and one day they differ.",
    remedy="Read it over the reference; if it is a snapshot that must not follow, say so in the field's comment.",
)  # fmt: skip
def copied_field(draft: Draft) -> Iterator[Hit]:
    for name, entity in draft.design.entities.items():
        for reference, one in entity.fields.items():
            if one.references is None:
                continue
            there = draft.model.fields(one.references)
            for field, other in entity.fields.items():
                rest = field.removeprefix(f"{reference}_")
                if rest != field and rest in there and there[rest].type == other.type and not other.comment:
                    yield Hit(f"entities.{name}.fields.{field}", f"{field} repeats {one.references}.{rest}")


@rule(
    "schema-column-name-with-two-types", principle="maintainability", severity="low",
    condition="Columns of one name have different kinds of type in different tables.",
    effect="Whoever joins or copies between them converts, and one day converts wrongly.",
    remedy="Give them one type, or different names.",
)  # fmt: skip
def column_name_with_two_types(draft: Draft) -> Iterator[Hit]:
    seen: dict[str, dict[str, str]] = {}
    for name, table in draft.design.schema.tables.items():
        if table.role in ("idempotency", "outbox"):
            # what guards requests and messages has words of its own
            continue
        referring = {column for key in table.foreign_keys.values() for column in key.columns}
        for one, column in table.columns.items():
            if (
                one in table.primary_key
                or one in referring
                or one in ("id", "value")
                or not column.type
                or column.type == "other"
            ):
                continue
            family = FAMILIES.get(column.type, column.type)
            seen.setdefault(one, {}).setdefault(family, name)
    for one, families in seen.items():
        if len(families) > 1:
            last = list(families.values())[-1]
            where = path_of(draft, last, draft.design.schema.tables[last], one)
            yield Hit(where, f"{one}: " + ", ".join(f"{family} in {table}" for family, table in families.items()))


@rule(
    "schema-polymorphic-reference", principle="integrity", severity="medium",
    condition="A pair of columns names a kind of thing and its key, and no foreign key stands behind it.",
    effect="Nothing keeps the key from pointing to a row that is gone or never was, and no join follows it.",
    remedy="Use one optional reference for each kind, or let the kinds extend one entity and refer to that.",
)  # fmt: skip
def polymorphic_reference(draft: Draft) -> Iterator[Hit]:
    for name, table in draft.design.schema.tables.items():
        referring = {column for key in table.foreign_keys.values() for column in key.columns}
        for one, column in table.columns.items():
            other = re.sub(r"_type$", "_id", one)
            if (
                other != one
                and other in table.columns
                and other not in referring
                and FAMILIES.get(column.type or "") == _TEXT
            ):
                yield Hit(path_of(draft, name, table, one), f"{one} and {other}")


@rule(
    "schema-entity-attribute-value", principle="integrity", severity="medium",
    condition="A table keeps names and values of another's attributes as rows.",
    effect="Types, mandatory values and checks are lost, and reading one thing takes a join for each attribute.",
    remedy="Make what is known columns, and what is free one json field.",
)  # fmt: skip
def entity_attribute_value(draft: Draft) -> Iterator[Hit]:
    for name, table in draft.design.schema.tables.items():
        texts = [one for one in table.columns if FAMILIES.get(table.columns[one].type or "") == _TEXT]
        names = [one for one in texts if one in EAV_NAMES]
        values = [one for one in table.columns if one in EAV_VALUES and table.columns[one].type in ("text", "json")]
        if names and values and table.foreign_keys and len(table.columns) <= 6:
            yield Hit(f"schema.tables.{name}", f"{names[0]} and {values[0]} beside {', '.join(table.foreign_keys)}")


@rule(
    "schema-json-where-columns-are-known", principle="performance", severity="medium",
    condition="An access pattern finds or orders rows by a json field.",
    effect="A document is compared as a whole: what is inside has no type, no check and no statistics.",
    remedy="Make what is asked for a field of its own.",
)  # fmt: skip
def json_where_columns_are_known(draft: Draft) -> Iterator[Hit]:
    for pattern, one in draft.said.access.items():
        own = draft.model.fields(one.reads or one.writes or "")
        for field in (*one.by, *([one.range] if one.range else []), *(term.field for term in one.order), *one.search):
            found = own.get(field)
            if found is not None and found.type == "json":
                yield Hit(f"access.{pattern}", f"{field} is json")


RULES: Sequence[Rule] = (
    money_in_float,
    repeated_column_group,
    list_in_one_column,
    copied_field,
    column_name_with_two_types,
    polymorphic_reference,
    entity_attribute_value,
    json_where_columns_are_known,
)
