"""Synthetic rows that fulfil every constraint of a schema: keys, references, uniques, checks, types and lengths.

Parents come before children; a cycle is entered where a reference may be NULL, and closed by an update afterwards. The
same tables, counts and seed give the same rows. What cannot be filled is said in `notes`, never left out in silence.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from archnb.model.write_words import VERSIONS
from archnb.planned.schema import Column, ForeignKey, Table
from archnb.verify.conditions import Limits, has_doubt, judge, read_conditions
from archnb.verify.overlaps import Occupied
from archnb.verify.values import WIDTHS, list_extremes, make_value

Row = dict[str, Any]

LEAST, MOST = 200, 1000
ATTEMPTS = 25
# half of what may be missing is missing, so that no query can pass by the rows in which it is there
NULLS = 0.5
# of a column whose values need not be unlike, about as many rows share each value
SHARED = 4
# one row in so many is referred to by nobody
ALONE = 8
# how often a row that breaks a check is changed before another is drawn
REPAIRS = 40
# where so many rows could not be made and none could, no other will be
HOPELESS = 8


@dataclass(frozen=True)
class Update:
    """A reference that closes a cycle: set in the row of a table that has this key."""

    table: str
    key: Row
    values: Row


@dataclass
class Rows:
    """Rows by table, in an order in which they can be inserted; then the updates that close cycles.

    `spares` holds one more row for each table that is not among its rows, and could be inserted.
    """

    tables: dict[str, list[Row]] = field(default_factory=dict)
    spares: dict[str, Row] = field(default_factory=dict)
    updates: list[Update] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many rows there are in all."""
        return sum(len(rows) for rows in self.tables.values())


def scale_counts(rows: Mapping[str, float], least: int = LEAST, most: int = MOST) -> dict[str, int]:
    """How many rows each table gets: a small table all of its rows, larger ones between `least` and `most` by magnitude.

    >>> scale_counts({"warehouse": 2, "brand": 8_000, "order": 10_000_000})
    {'warehouse': 2, 'brand': 200, 'order': 1000}
    """
    import math

    large = [math.log10(one) for one in rows.values() if one > least]
    low, high = min(large, default=0.0), max(large, default=0.0)
    made = {}
    for name, count in rows.items():
        if count <= least:
            # a table that is empty today is filled all the same, or nothing would be proven of it
            made[name] = round(count) if count >= 1 else 20
        else:
            share = (math.log10(count) - low) / (high - low) if high > low else 0.5
            made[name] = round(least + share * (most - least))
    return made


def make_rows(
    tables: Mapping[str, Table],
    counts: Mapping[str, int],
    seed: int = 1,
    given: Mapping[str, Sequence[Row]] | None = None,
) -> Rows:
    """Rows for tables of one store, by the design's own names of tables and columns.

    given: values that the first rows of a table have; the rest of them is made, and one that fits nowhere is left out.
    A foreign key to a table that is not among `tables` is taken as a plain column.
    """
    made = Rows()
    order, late, stuck = order_for_rows(tables)
    for name in stuck:
        made.notes[name] = (
            "no first row is possible: it needs a row of another table that needs a row of it "
            f"({', '.join(stuck)}). Let one of the references be optional."
        )
    for name in order:
        maker = _Maker(name, tables, made, late.get(name, ()), random.Random(f"{seed}:{name}"))
        maker.given = (given or {}).get(name, ())
        made.tables[name] = maker.make(counts.get(name, LEAST))
        if not made.tables[name] and name not in made.notes:
            made.notes[name] = maker.explain()
    for name, keys in late.items():
        _close_cycles(made, name, tables[name], keys, random.Random(f"{seed}:{name}:late"))
    return made


def order_for_rows(
    tables: Mapping[str, Table],
) -> tuple[list[str], dict[str, tuple[ForeignKey, ...]], tuple[str, ...]]:
    """The order in which tables can be filled, the foreign keys to be set afterwards, and the tables that cannot be."""
    left = dict.fromkeys(tables)
    needs = {
        name: [
            key
            for key in table.foreign_keys.values()
            if key.references in tables and key.references != name and _is_usable(tables, name, key)
        ]
        for name, table in tables.items()
    }
    order: list[str] = []
    late: dict[str, tuple[ForeignKey, ...]] = {}
    while left:
        ready = [name for name in left if not any(key.references in left for key in needs[name])]
        if not ready:
            for name in left:
                waiting = [key for key in needs[name] if key.references in left]
                if all(_may_wait(tables[name], key) for key in waiting):
                    late[name] = tuple(waiting)
                    ready = [name]
                    break
        if not ready:
            return order, late, tuple(left)
        for name in ready:
            order.append(name)
            del left[name]
    return order, late, ()


def _is_usable(tables: Mapping[str, Table], name: str, key: ForeignKey) -> bool:
    other = tables.get(key.references)
    return (
        other is not None
        and len(key.columns) == len(_referenced(key, other))
        and all(one in tables[name].columns for one in key.columns)
        and all(one in other.columns for one in _referenced(key, other))
    )


def _referenced(key: ForeignKey, other: Table) -> tuple[str, ...]:
    return key.referenced or other.primary_key


def _may_wait(table: Table, key: ForeignKey) -> bool:
    return any(table.columns[one].nullable and one not in table.primary_key for one in key.columns)


def _unique_sets(table: Table) -> list[tuple[str, ...]]:
    """The columns that are unique together among all rows."""
    found = [table.primary_key, *(one.columns for one in table.uniques.values() if not one.where)]
    # the key of an engine that splits no tables is without what is in it for the split alone
    added = table.split.added if isinstance(table, Table) else ()
    found.append(tuple(one for one in table.primary_key if one not in added))
    found += [
        tuple(c.lstrip("-") for c in one.columns) for one in table.indexes.values() if one.unique and not one.where
    ]
    return [one for one in found if one and all(column in table.columns for column in one)]


def list_partial_uniques(table: Table) -> list[tuple[tuple[str, ...], str]]:
    """The columns that are unique together among the rows that fulfil a condition, with that condition."""
    found = [(one.columns, one.where) for one in table.uniques.values() if one.where]
    found += [
        (tuple(c.lstrip("-") for c in one.columns), one.where)
        for one in table.indexes.values()
        if one.unique and one.where
    ]
    return [one for one in found if all(column in table.columns for column in one[0])]


class _Maker:
    """Makes the rows of one table, whose parents are made."""

    def __init__(
        self, name: str, tables: Mapping[str, Table], made: Rows, late: Sequence[ForeignKey], rng: random.Random
    ) -> None:
        self.name, self.table, self.made, self.rng = name, tables[name], made, rng
        self.late = {column for key in late for column in key.columns if self.table.columns[column].nullable}
        self.keys = [
            key for key in self.table.foreign_keys.values() if key not in late and _is_usable(tables, name, key)
        ]
        self.referenced = {id(key): _referenced(key, tables[key.references]) for key in self.keys}
        self.unique_sets = _unique_sets(self.table)
        self.partial = list_partial_uniques(self.table)
        self.occupied = Occupied(self.table)
        self.alone = {one[0] for one in self.unique_sets if len(one) == 1}
        self.limits: dict[str, Limits] = read_conditions(self.table)
        self.judged = [
            one.condition for one in self.table.checks.values() if one.condition and has_doubt(one.condition)
        ]
        self.single = {
            id(key)
            for key in self.keys
            if key.references != name and any(set(one) <= set(key.columns) for one in self.unique_sets)
        }
        self.given: Sequence[Row] = ()
        self.rows: list[Row] = []
        self.pools: dict[str, list[Any]] = {}
        self.plain_keys: list[tuple[ForeignKey, bool]] = []
        self.own_keys: list[ForeignKey] = []
        self.late_self: set[str] = set()
        self.columns: list[tuple[str, Column, bool, bool, Limits | None, bool]] = []
        self.parents: dict[tuple[int, tuple[str, ...]], dict[tuple[Any, ...], list[Row]]] = {}
        self.refused, self.is_first = 0, False
        # the outermost values of columns whose values are all unlike, and in which row they begin
        self.outer: dict[str, tuple[int, tuple[Any, ...]]] = {}
        # what may be changed alone: no key, no unique, and of references those that share no column
        fixed = {c for one in self.unique_sets for c in one} | self.late
        fixed |= {c for one in self.table.exclusions.values() for c in (one.start, one.end)}
        shared = [c for one in self.table.foreign_keys.values() for c in one.columns]
        self.key_of_column = {
            c: one for one in self.keys for c in one.columns if all(shared.count(c) == 1 for c in one.columns)
        }
        self.free = [
            name
            for name, one in self.table.columns.items()
            if name not in fixed
            and one.type != "key"
            and not one.is_generated
            and (
                name not in shared or (name in self.key_of_column and not fixed & set(self.key_of_column[name].columns))
            )
        ]

    def make(self, count: int) -> list[Row]:
        """As many rows as can be, at most `count`."""
        self._plan_columns(count)
        for key in self.keys:
            if id(key) in self.single:
                # not all, so that one more row finds a parent that is free
                parents = len(self.made.tables.get(key.references, ()))
                count = min(count, parents - 1 if parents > 1 else parents)
        count = max(count, len(self.given))
        seen: list[set[tuple[Any, ...]]] = [set() for _ in range(len(self.unique_sets) + len(self.partial))]
        for number in range(count + 1 if count else 0):
            if number >= HOPELESS and not self.rows:
                break
            for attempt in range(ATTEMPTS):
                self.is_first = number == attempt == 0
                start = self.given[number] if number < len(self.given) else {}
                row = self._make_row(number + attempt * (count + 1), start)
                if row is None:
                    continue
                self.is_first = False
                if self.table.exclusions and not self.occupied.place(row, self.rng):
                    continue
                if self.judged and not self._repair(row, number):
                    self.refused += 1
                    continue
                if self.table.exclusions and self.occupied.find(row) is not None:
                    continue
                # a repair may have made it like another
                marks = [_mark(row, one) for one in self.unique_sets]
                marks += [_mark(row, one) if judge([where], row) else None for one, where in self.partial]
                if any(mark is not None and mark in known for mark, known in zip(marks, seen, strict=True)):
                    continue
                for mark, known in zip(marks, seen, strict=True):
                    if mark is not None:
                        known.add(mark)
                if number < count:
                    self.rows.append(row)
                    self.occupied.add(row)
                else:
                    self.made.spares[self.name] = row
                break
        return self.rows

    def explain(self) -> str:
        """Why there is no row."""
        empty = [
            key.references
            for key in self.keys
            if key.references != self.name and not self.made.tables.get(key.references)
        ]
        if empty:
            return f"no row can be made, because it refers to {', '.join(map(repr, empty))}, which has none."
        if self.refused:
            return f"of {self.refused} rows tried none fulfils {'; '.join(self.judged)}."
        return "no row can be made that is unlike the ones before it."

    def _make_row(self, number: int, given: Row) -> Row | None:
        # what waits until other rows are there is not given yet
        row: Row = {name: value for name, value in given.items() if name not in self.late}
        for key, is_optional in self.plain_keys:
            if not self._refer(row, key, number, is_optional):
                return None
        chance = self.rng.random
        for name, column, is_left, is_optional, limits, is_counted in self.columns:
            if name in row:
                continue
            if is_left or (is_optional and chance() < NULLS):
                row[name] = None
            elif name not in self.late_self:
                pool = self.pools.get(name)
                if pool is not None:
                    row[name] = pool[int(len(pool) * chance())]
                else:
                    # the first rows of a column of which every value is another hold its outermost values
                    first, outer = self.outer.get(name, (0, ()))
                    row[name] = (
                        outer[number - first]
                        if first <= number < first + len(outer)
                        else make_value(column, self.rng, number, limits, is_unique=is_counted)
                    )
        if self.own_keys:
            # a row that must refer to its own table refers to itself where it is the first
            target = self.rng.choice(self.rows) if self.rows and chance() < 0.7 else row
            if not self._refer_to_own(row, target) and not self._refer_to_own(row, row):
                return None
        return row

    def _plan_columns(self, count: int) -> None:
        """Work out once what is the same for every row."""
        key = set(self.table.primary_key)
        self.plain_keys, self.own_keys = [], []
        for one in self.keys:
            is_optional = _may_wait(self.table, one)
            if one.references == self.name and not is_optional:
                self.own_keys.append(one)
            else:
                self.plain_keys.append((one, is_optional))
        # the key of most columns first: what it shares with others is then of one row
        self.plain_keys.sort(key=lambda pair: -len(pair[0].columns))
        self.late_self = {c for one in self.own_keys for c in one.columns if c not in key}
        self.columns = [
            (
                name, one, name in self.late, one.nullable and name not in key, self.limits.get(name),
                name in self.alone or one.type == "key" or one.is_generated,
            )
            for name, one in self.table.columns.items()
        ]  # fmt: skip
        referring = {c for one in self.keys for c in one.columns}
        together = {c for one in self.unique_sets if len(one) > 1 for c in one}
        for name, column, is_left, _, limits, is_counted in self.columns:
            if is_left or name in referring:
                continue
            # a version counts the edits of a row, and no row is at the end of it
            outer = () if name in VERSIONS and column.type in WIDTHS else list_extremes(column, self.rng, limits)
            if is_counted:
                # what the engine numbers goes on from its greatest
                if column.type != "key" and not column.is_generated:
                    # each column's in rows of their own, so that an engine that refuses one is asked for the others too
                    self.outer[name] = 1 + sum(len(one) for _, one in self.outer.values()), outer
            else:
                size = count * 2 if name in together else max(3, count // SHARED)
                self.pools[name] = self._draw_pool(column, limits, size, outer)
        # the first of columns that are unique together is shared by many rows, as a tenant is
        for unique in self.unique_sets:
            name, column = unique[0], self.table.columns[unique[0]]
            if len(unique) > 1 and name not in referring | self.alone and column.type in ("uuid", "text", "code"):
                values = (make_value(column, self.rng, n, self.limits.get(name)) for n in range(max(3, count // 20)))
                self.pools[name] = list(values)

    def _refer_to_own(self, row: Row, target: Row) -> bool:
        """Let a row refer to another of its table, or to itself; False where its keys do not agree on that."""
        referring = {c for key in self.own_keys for c in key.columns}
        filled = dict(row)
        pairs = [
            (mine, theirs)
            for key in self.own_keys
            for mine, theirs in zip(key.columns, self.referenced[id(key)], strict=True)
        ]
        for mine, theirs in sorted(pairs, key=lambda pair: pair[1] in referring):
            source = filled if target is row else target
            if mine not in filled and source.get(theirs) is not None:
                filled[mine] = source[theirs]
        for key in self.own_keys:
            mark = tuple(filled.get(one) for one in key.columns)
            referenced = self.referenced[id(key)]
            known = (tuple(one.get(c) for c in referenced) for one in (filled, *self.rows))
            if None in mark or mark not in known:
                return False
        row.update(filled)
        return True

    def _draw_pool(self, column: Column, limits: Limits | None, size: int, outer: tuple[Any, ...]) -> list[Any]:
        """The values that rows share in a column: listed words each as often, others drawn, and the outermost ones."""
        if limits is not None and limits.words:
            return list(limits.words)
        if column.type == "bool":
            return [True, False]
        return [*outer, *(make_value(column, self.rng, n, limits) for n in range(size))]

    def _repair(self, row: Row, number: int) -> bool:
        """Change a row that breaks a check, one column that the check speaks of at a time, until it breaks none."""
        for _ in range(REPAIRS):
            broken = next((one for one in self.judged if not judge([one], row)), None)
            if broken is None:
                return True
            names = [name for name in self.free if name.casefold() in broken.casefold()]
            if not names:
                return False
            name = self.rng.choice(names)
            key = self.key_of_column.get(name)
            if key is not None:
                # a reference is changed as a whole
                for one in key.columns:
                    row.pop(one)
                if not self._refer(row, key, number, _may_wait(self.table, key)):
                    return False
                continue
            column = self.table.columns[name]
            choices: list[Any] = [*self.pools.get(name, ())] or [
                make_value(column, self.rng, number, self.limits.get(name))
            ]
            value = self.rng.choice(choices)
            # or a value a little off that of another column in the condition
            beside = [row[one] for one in names if one != name and type(row[one]) is type(value)]
            if beside and self.rng.random() < 0.5:
                value = _move(self.rng.choice(beside), self.rng)
            row[name] = None if column.nullable and self.rng.random() < NULLS else value
        return False

    def _refer(self, row: Row, key: ForeignKey, number: int, is_optional: bool) -> bool:
        """Fill a foreign key's columns from a parent that agrees with what is already there; False where there is none."""
        referenced = self.referenced[id(key)]
        fixed = tuple(one for one in key.columns if one in row)
        if any(row[one] is None for one in fixed):
            for one in key.columns:
                row.setdefault(one, None)
            return all(row[one] is not None or self.table.columns[one].nullable for one in key.columns)
        parents: Sequence[Row] = self.rows if key.references == self.name else self.made.tables.get(key.references, ())
        if fixed:
            # not remembered for the own table, which grows meanwhile
            wanted = tuple(row[one] for one in fixed)
            theirs = tuple(referenced[key.columns.index(one)] for one in fixed)
            if key.references == self.name:
                parents = [one for one in parents if tuple(one[c] for c in theirs) == wanted]
            else:
                parents = self._group(key, theirs).get(wanted, [])
        if parents and len(fixed) == len(key.columns):
            # what it refers to is said already, and there
            return True
        is_first = self.is_first and not fixed and key.references != self.name
        if is_optional and (not parents or (self.rng.random() < NULLS and not is_first)):
            # what may be missing is; what must be there is filled by another key, or as a plain value
            for one in key.columns:
                if one not in row and self.table.columns[one].nullable and one not in self.table.primary_key:
                    row[one] = None
            if all(row.get(one) is not None for one in key.columns):
                # all of it was given by other keys, and no row has it: what may be missing is
                left = next((one for one in key.columns if self.table.columns[one].nullable), None)
                if left is None:
                    return False
                row[left] = None
            return True
        if not parents:
            return False
        if id(key) in self.single:
            parent = parents[number % len(parents)]
        elif is_first:
            # the first row of every table refers to the first of what it may refer to
            parent = parents[0]
        else:
            # some rows are referred to often, the last ones by nobody
            reach = len(parents) - len(parents) // ALONE if not fixed else len(parents)
            parent = parents[int(reach * self.rng.random() ** 1.4)]
        if any(parent[one] is None for one in referenced):
            return False
        for mine, other in zip(key.columns, referenced, strict=True):
            row[mine] = parent[other]
        return True

    def _group(self, key: ForeignKey, columns: tuple[str, ...]) -> dict[tuple[Any, ...], list[Row]]:
        place = (id(key), columns)
        if place not in self.parents:
            groups: dict[tuple[Any, ...], list[Row]] = {}
            for one in self.made.tables.get(key.references, ()):
                groups.setdefault(tuple(one[c] for c in columns), []).append(one)
            self.parents[place] = groups
        return self.parents[place]


def _move(value: Any, rng: random.Random) -> Any:
    """A value a little greater or less, where its type has such."""
    import datetime

    step = rng.choice((-1, 1)) * rng.randint(1, 3)
    if isinstance(value, datetime.datetime):
        return value + datetime.timedelta(minutes=30 * step)
    if isinstance(value, datetime.date):
        return value + datetime.timedelta(days=step)
    if isinstance(value, datetime.timedelta):
        return max(datetime.timedelta(seconds=1), value + datetime.timedelta(minutes=step))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value + step
    return value + Decimal(step) if isinstance(value, Decimal) else value


def _mark(row: Row, columns: tuple[str, ...]) -> tuple[Any, ...] | None:
    """What must be unique, folded as the least careful engine folds it; NULL is unlike every NULL."""
    values = [row[one] for one in columns]
    if any(one is None for one in values):
        return None
    return tuple(one.casefold().rstrip() if isinstance(one, str) else str(one) for one in values)


def _is_fulfilled(made: Rows, key: ForeignKey, row: Row) -> bool:
    """Whether a row refers to nothing by a key, or to a row that is there."""
    if key.references not in made.tables or any(row.get(one) is None for one in key.columns):
        return True
    referenced = key.referenced or key.columns
    wanted = tuple(row[one] for one in key.columns)
    return any(tuple(one.get(c) for c in referenced) == wanted for one in made.tables[key.references])


def _close_cycles(
    made: Rows, name: str, table: Table, keys: Sequence[ForeignKey], rng: random.Random, most: int = 50
) -> None:
    """Set the references that had to wait in some of the rows, here and as updates."""
    unique = [set(one) for one in _unique_sets(table)]
    # what the updates before make of a row
    later: dict[int, Row] = {}
    for key in keys:
        parents = made.tables.get(key.references, [])
        if not parents or not table.primary_key:
            continue
        is_single = any(one <= set(key.columns) for one in unique)
        for number, row in enumerate(made.tables.get(name, [])[:most]):
            if is_single and number >= len(parents):
                break
            parent = parents[number] if is_single else rng.choice(parents)
            referenced = key.referenced or tuple(parent)[: len(key.columns)]
            values = {mine: parent[other] for mine, other in zip(key.columns, referenced, strict=True)}
            # what is shared with the own key or another reference must not change
            if any(row[one] is not None and row[one] != value for one, value in values.items()):
                continue
            if any(value is None for value in values.values()):
                continue
            after = {**row, **later.get(number, {}), **values}
            if not all(_is_fulfilled(made, other, after) for other in table.foreign_keys.values()):
                continue
            later.setdefault(number, {}).update(values)
            # the row itself stays as it is inserted; whoever runs the update changes it
            made.updates.append(Update(name, {one: row[one] for one in table.primary_key}, values))
