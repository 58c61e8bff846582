"""Indexes: one for every access pattern that finds rows and one for every foreign key, merged where one serves several.

The order of columns is the rule of the b-tree: those given exactly first, then the range, then the order. An index that
is the beginning of another is not kept, because the longer one serves what it would serve.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass

from archnb.design import Design
from archnb.design.access import AccessPattern
from archnb.design.record import Named
from archnb.design.schema import Index, SchemaTable
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.model.identifiers import claim
from archnb.model.lookups import (
    Access,
    Demand,
    bare,
    covers,
    find_accesses,
    find_demands,
    find_include_demands,
    is_given,
    is_missing,
    list_full_text,
)
from archnb.topics.topic import Draft


@dataclass
class Wanted:
    """An index that something asks for."""

    demand: Demand
    serves: list[str]
    reasons: list[str]
    is_for_key: bool = False
    # what tells rows apart that the order leaves alike
    ties: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns, in order."""
        return (*self.demand.equal, *self.demand.ordered, *self.ties) or self.demand.missing


def propose_indexes(draft: Draft, design: Design) -> Named[SchemaTable]:
    """The tables with an index for everything that asks for one. A table whose columns were said keeps exactly its own."""
    said = draft.said.schema.tables
    demands: dict[str, list[tuple[str, Demand]]] = {}
    for pattern, one in design.access.items():
        for demand in find_demands(draft.model.places, one):
            demands.setdefault(demand.table, []).append((pattern, demand))
    included: dict[str, list[tuple[str, Demand]]] = {}
    for pattern, one in design.access.items():
        for demand in find_include_demands(draft.model.places, one):
            included.setdefault(demand.table, []).append((pattern, demand))
    tables: dict[str, SchemaTable] = {}
    for name, table in design.schema.tables.items():
        is_said = name in said and bool(said[name].columns)
        if is_said or "btree" not in draft.model.places.engine_of(table).index_methods:
            tables[name] = table
        else:
            tables[name] = _index_table(draft, design, name, table, demands.get(name, []), included.get(name, []))
    return Named(tables)


def _index_table(
    draft: Draft,
    design: Design,
    name: str,
    table: SchemaTable,
    demands: list[tuple[str, Demand]],
    included: list[tuple[str, Demand]],
) -> SchemaTable:
    wanted = [
        *_want_patterns(draft, design, table, demands),
        *_want_keys(name, table, included),
        *_want_times(draft, design, name, table),
    ]
    # the longest first, so that what is its beginning finds it
    wanted.sort(key=lambda one: -len(one.columns))
    kept: list[Wanted] = []
    present = list(find_accesses(name, table))
    served: dict[str, list[str]] = {}
    for one in wanted:
        access = next((a for a in present if covers(a, one.demand)), None)
        if access is not None:
            served.setdefault(access.name, []).extend(one.serves)
            continue
        other = next(
            (k for k in kept if covers(Access("", k.columns, "index", _condition(table, k)), one.demand)), None
        )
        if other is not None:
            other.serves += [s for s in one.serves if s not in other.serves]
            other.reasons += one.reasons
        else:
            kept.append(one)
    # said indexes keep their words; only what they serve is added where nothing was said of it
    indexes: dict[str, Index] = {}
    for key, index in table.indexes.items():
        extra = tuple(dict.fromkeys(served.get(key, ())))
        indexes[key] = index if index.serves or not extra else dataclasses.replace(index, serves=extra)
    for one in kept:
        absent = [f"without_{column}" for column in one.demand.missing if column not in one.columns]
        # no order of a b-tree tells what is near: an index over rectangles does, over the point alone
        points = tuple(bare(c) for c in one.columns if table.columns[bare(c)].type == "point")[:1]
        columns, method = points or one.columns, "gist" if points else "btree"
        key = claim("_".join((name, *(bare(c) for c in columns), *absent, "idx")), indexes)
        where = _condition(table, one)
        serves = tuple(dict.fromkeys(one.serves))
        indexes[key] = Index(columns=columns, unique=False, method=method, where=where, serves=serves)
        reason = " ".join(dict.fromkeys(one.reasons))
        if points:
            reason = f"{', '.join(serves)}: what is near a {points[0]}, which an ordinary index has no order for."
        if where is not None and one.demand.missing:
            reason += f" Only rows without {', '.join(one.demand.missing)} are in it: those are few, and no others are asked for."
        elif where is not None:
            reason += " Rows without a value are left out: nobody looks for them by it."
        facts = [PATTERN_RATE.of(pattern) for pattern in indexes[key].serves if PATTERN_RATE.of(pattern) in draft.facts]
        draft.note(f"schema.tables.{name}.indexes.{key}", reason, *facts)
    _add_full_text(draft, design, name, table, demands, indexes)
    return dataclasses.replace(table, indexes=Named(indexes))


def _find_ties(pattern: AccessPattern, table: SchemaTable, demand: Demand) -> tuple[str, ...]:
    """The last column of a page's order: of a key over several columns the one that is not given.

    A key of one column is made one after the other, as the rows are, so that hardly two share a moment. The rows of a pair have
    no order of their own: many are written at once, with one moment, and each page would sort them anew.
    """
    ordered = {bare(one) for one in demand.ordered}
    left = [one for one in table.primary_key if one not in demand.equal and one not in ordered]
    is_paged = pattern.reads is not None and bool(pattern.sort) and (pattern.limit or 0) > 1 and not pattern.range
    if not is_paged or not demand.ordered or len(left) != 1:
        return ()
    return (f"-{left[0]}" if demand.ordered[-1].startswith("-") else left[0],)


def _want_patterns(draft: Draft, design: Design, table: SchemaTable, demands: list[tuple[str, Demand]]) -> list[Wanted]:
    """An index for each pattern; columns given exactly are put so that those most asked for lead and more can share it."""
    often = Counter(column for _, demand in demands for column in demand.equal)
    made: list[Wanted] = []
    for pattern, demand in demands:
        if demand.search:
            continue
        given = list(demand.equal)
        equal = tuple(sorted(given, key=lambda c: (-often[c], given.index(c))))
        parts = [f"given exactly: {', '.join(equal)}"] if equal else []
        parts += [f"missing: {', '.join(demand.missing)}"] if demand.missing else []
        if demand.ordered:
            parts.append(
                "then in order: "
                + ", ".join(f"{bare(c)} downwards" if c.startswith("-") else c for c in demand.ordered)
            )
        asked = design.access[pattern]
        is_of_pair = asked.reads is not None and draft.model.keys.find(asked.reads).is_composite
        ties = _find_ties(asked, table, demand) if is_of_pair else ()
        parts += [f"rows alike told apart by {bare(ties[0])}"] if ties else []
        made.append(
            Wanted(
                Demand(demand.table, equal, demand.ordered, missing=demand.missing),
                [pattern],
                [f"{pattern} ({'; '.join(parts)})."],
                ties=ties,
            )
        )
    return made


def _want_keys(name: str, table: SchemaTable, included: list[tuple[str, Demand]]) -> list[Wanted]:
    made: list[Wanted] = []
    for key in table.foreign_keys.values():
        reasons = [
            f"The foreign key to {key.references}: without it, every delete or key change there reads the whole {name}, and joins from there too."
        ]
        serves = [pattern for pattern, demand in included if demand.equal == key.columns]
        if serves:
            reasons.append(f"{', '.join(serves)} fetches the {name} rows of one {key.references} by it.")
        made.append(Wanted(Demand(name, key.columns), serves, reasons, is_for_key=True))
    return made


def _want_times(draft: Draft, design: Design, name: str, table: SchemaTable) -> list[Wanted]:
    """An index for the jobs that end or delete rows by the clock: without it each run reads the whole table."""
    entity = design.entities.get(table.entity or "")
    if entity is None:
        return []
    times = [column for column, one in table.columns.items() if one.type in ("timestamp", "date")]
    ending = next((column for column in times if table.columns[column].field == "expires_at"), None)
    general = draft.said.requirements.load.retention
    retention = draft.model.retentions.find(table.entity or "", general)
    kept = next((one for one in times if retention is not None and table.columns[one].field == retention.field), None)
    made: list[Wanted] = []
    if ending is not None:
        reason = f"What is past {ending} is ended every minute: without it, each run reads the whole {name}."
        made.append(Wanted(Demand(name, (), (ending,)), [], [reason], is_for_key=True))
    elif retention is not None and kept is not None and not str(table.partition_by or "").startswith("range"):
        reason = (
            f"Rows older than {retention.period} are deleted each night: without it, each run reads the whole {name}."
        )
        made.append(Wanted(Demand(name, (), (kept,)), [], [reason]))
    return made


def _condition(table: SchemaTable, one: Wanted) -> str | None:
    """Only rows without a value, where no others are asked for; only rows that have one, where a single optional reference is
    indexed.
    """
    if one.demand.missing:
        return is_missing(one.demand.missing[0])
    if len(one.columns) != 1 or not one.is_for_key or not table.columns[one.columns[0]].nullable:
        return None
    return is_given(one.columns[0])


def _add_full_text(
    draft: Draft,
    design: Design,
    name: str,
    table: SchemaTable,
    demands: list[tuple[str, Demand]],
    indexes: dict[str, Index],
) -> None:
    """A full-text index where no search store holds a copy."""
    places = draft.model.places
    engine = places.engine_of(table)
    groups: dict[tuple[str, ...], list[str]] = {}
    for pattern, demand in demands:
        entity = design.access[pattern].reads
        is_copied = any(places.engine(one).serves("search") for one in places.list_copies(entity))
        if demand.search and not is_copied:
            groups.setdefault(demand.search, []).append(pattern)
    for columns, patterns in groups.items():
        text = engine.full_text
        if text is None or any(one.method in list_full_text() and one.columns == columns for one in indexes.values()):
            continue
        key = claim("_".join((name, *columns, "search_idx")), indexes)
        indexes[key] = Index(columns=columns, unique=False, method=text.method, serves=tuple(patterns))
        facts = [PATTERN_RATE.of(pattern) for pattern in patterns if PATTERN_RATE.of(pattern) in draft.facts]
        draft.note(
            f"schema.tables.{name}.indexes.{key}",
            f"{', '.join(patterns)}: {text.description}; an ordinary index cannot find words within a text.",
            *facts,
        )
