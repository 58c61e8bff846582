"""Rules about what always holds: spans that may be taken twice, lines that a said table does not hold, uniques that refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archnb.design.entities import TYPES
from archnb.design.invariants import Invariant
from archnb.design.schema import SchemaTable
from archnb.finding import Hit, Rule, rule
from archnb.quantity import parse
from archnb.topics.schema.rules.tables import iter_said, iter_tables
from archnb.topics.topic import Draft

# signs of one byte: the least that a text of a length takes
_TEXTS = ("text", "url", "char", "other")


@rule(
    "schema-overlap-not-held", principle="integrity", severity="high",
    condition="Rows begin and end, take something that they refer to, are created with strong consistency, and nothing says whether two of them may overlap.",
    effect="Two that are made at once both find the time free, and the same thing is taken twice.",
    remedy="Say `holds: [no overlap of …]` under the entity, or `not always …` where rows may overlap.",
)  # fmt: skip
def overlap_not_held(draft: Draft) -> Iterator[Hit]:
    strong: dict[str, list[str]] = {}
    for name, pattern in draft.said.access.items():
        if pattern.effect == "create" and pattern.writes and draft.design.access[name].consistency == "strong":
            strong.setdefault(pattern.writes, []).append(name)
    for entity, operations in strong.items():
        for span, reference in draft.model.invariants.list_unguarded_spans(entity):
            line = f"holds: [no overlap of {span.start}..{span.end} per {reference.field}]"
            yield Hit(
                f"entities.{entity}",
                f"{', '.join(operations)}: two at once may take one {reference.target} from {span.start} to {span.end}",
                remedy=f"Write entities.{entity}.{line}, or `not always no overlap …` where rows may overlap.",
            )


@rule(
    "schema-party-named-twice", principle="integrity", severity="medium",
    condition="A row and one that it refers to both name a party, and nothing shows whether it is the same party.",
    effect="Where it must be the same, a row under two of them is seen by both; where it need not, a constraint would refuse trade between them.",
    remedy="Say under the entity which it is: holds: [farm = machine.farm], or `not always farm = machine.farm`.",
)  # fmt: skip
def party_named_twice(draft: Draft) -> Iterator[Hit]:
    for entity in draft.said.entities:
        for line, one, through in draft.model.invariants.list_undecided(entity):
            text = line.write_shorthand()
            yield Hit(
                f"entities.{entity}.fields.{one.field}",
                f"{entity}.{one.field} and {through.target}.{one.field} are each a {one.target}, of one row and of the {through.field} that it refers to",
                remedy=f"Write entities.{entity}.holds: [{text}] where they are the same, or [not always {text}] where they may differ.",
            )


@rule(
    "schema-unique-over-long-text", principle="reliability", severity="medium",
    condition="A text that is unique may be longer than an entry of the engine's index.",
    effect="The table is made without complaint, and the first long value is refused with an error that speaks of the index.",
    remedy="Say a length that fits, or keep a hash of the text in a field of its own and let that be unique.",
)  # fmt: skip
def unique_over_long_text(draft: Draft) -> Iterator[Hit]:
    for name, table in iter_tables(draft):
        limit = draft.model.places.engine_of(table).limit("index key")
        if limit is None:
            continue
        most = parse(limit.value).base
        for key, unique in table.uniques.items():
            for column in unique.columns:
                one = table.columns.get(column)
                if (
                    one is None
                    or one.type not in _TEXTS
                    or one.native
                    or (not TYPES[one.type].per_length and one.type != "url")
                ):
                    continue
                if one.length is None or one.length > most:
                    size = f"up to {one.length:,} signs" if one.length is not None else "of any length"
                    yield Hit(
                        f"schema.tables.{name}.uniques.{key}",
                        f"{column} is {size}; an entry of an index holds {limit.value}",
                        remedy=f"Say a length of at most {most:.0f} for {one.field or column}, or make a field {column}_hash: char(64) unique (SHA-256 in hex) and look rows up by it.",
                    )


@rule(
    "schema-line-not-held", principle="integrity", severity="medium",
    condition="A table whose columns were said holds nothing of what is always true of its rows.",
    effect="The first path around the service stores a row that the rest of the system takes to be impossible.",
    remedy="Add the constraint to the table, or say `not always …` under the entity.",
)  # fmt: skip
def line_not_held(draft: Draft) -> Iterator[Hit]:
    for name, table in iter_said(draft):
        entity = draft.design.entities.get(table.entity or "")
        if entity is None:
            continue
        for n, line in enumerate(entity.holds):
            is_proposed = f"entities.{table.entity}.holds.{n}" in draft.reasons
            if line.is_waived or (is_proposed and line.number is not None):
                continue
            columns = _find_columns(table, line)
            if columns and not _is_held(table, line, columns):
                yield Hit(f"schema.tables.{name}", f"'{line}' of {table.entity} is held by no constraint")


def _find_columns(table: SchemaTable, line: Invariant) -> set[str]:
    fields = {one.partition(".")[0] for one in (*line.fields, *line.per, *([line.source] if line.source else []))}
    found = {
        field: {name for name, one in table.columns.items() if field in (one.field, name) or name == f"{field}_id"}
        for field in fields
    }
    return set().union(*found.values()) if all(found.values()) else set()


def _is_held(table: SchemaTable, line: Invariant, columns: set[str]) -> bool:
    if line.kind == "no overlap":
        return any({*one.columns, one.start, one.end} <= {*columns} for one in table.exclusions.values())
    if line.kind == "same":
        return any(
            len(one.columns) > 1 and {*one.columns} & columns == {*one.columns} for one in table.foreign_keys.values()
        )
    if line.kind == "one":
        sets = [
            *(one.columns for one in table.uniques.values()),
            *(one.columns for one in table.indexes.values() if one.unique),
        ]
        return any({*one} <= columns for one in sets if one)
    named = [{*re.findall(r"\w+", one.condition or "")} for one in table.checks.values()]
    return any(sum(1 for column in columns if column in words) >= min(2, len(line.fields)) for words in named)


RULES: Sequence[Rule] = (overlap_not_held, party_named_twice, unique_over_long_text, line_not_held)
