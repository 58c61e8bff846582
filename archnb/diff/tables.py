"""Stores and tables: what comes, goes or moves, which constraints a row must fulfil, which indexes serve the reads."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from archnb.design.record import Named
from archnb.diff.changes import Difference, Effect, Whom
from archnb.diff.pair import Pair
from archnb.planned.record import Planned
from archnb.planned.schema import Check, Column, Exclusion, ForeignKey, Index, Split, Table, Unique

# what a table holds by name and is compared here with words of its own
_KNOWN = frozenset({"columns", "uniques", "checks", "foreign_keys", "indexes"})
_WORD = re.compile(r"\w+")


def compare_tables(pair: Pair) -> Iterator[Difference]:
    """The differences of stores and tables, beyond those of the fields."""
    yield from _stores(pair)
    old, new = pair.old.schema.tables, pair.new.schema.tables
    for name, table in new.items():
        was = pair.tables.get(name)
        if was is None:
            yield _new_table(pair, name, table)
        else:
            yield from TablePair(pair, name, was).compare()
    kept = set(pair.tables.values())
    for name, table in old.items():
        if name not in kept:
            yield _gone_table(pair, name, table)


def _stores(pair: Pair) -> Iterator[Difference]:
    old, new = pair.old.schema.stores, pair.new.schema.stores
    for name in dict.fromkeys([*new, *old]):
        path, causes = f"schema.stores.{name}", (f"schema.stores.{name}",)
        effect: Effect = "compatible"
        if name not in old:
            words = f"the store {name} ({new[name].engine}) comes: {new[name].purpose}"
        elif name not in new:
            words = f"the store {name} ({old[name].engine}) goes"
            effect = "breaking" if old[name].holds else "compatible"
        elif old[name].engine != new[name].engine:
            words, effect = (
                f"the store {name} is {new[name].engine} where it was {old[name].engine}: every row moves",
                "breaking",
            )
        else:
            continue
        how = "Copy, feed both, compare, move the readers, then the writers." if effect == "breaking" else ""
        yield Difference(effect=effect, whom="operators", area="data", path=path, causes=causes, words=words, how=how)


def _new_table(pair: Pair, name: str, table: Table) -> Difference:
    causes = _table_causes(name, table, table.entity)
    return Difference(
        effect="compatible", whom="operators", area="data", path=f"schema.tables.{name}", causes=causes,
        words=f"the table {name} comes", how="Create its table; nothing reads it yet.",
    )  # fmt: skip


def _gone_table(pair: Pair, name: str, table: Table) -> Difference:
    entity = pair.renames.entity_onwards(table.entity)
    is_copy = table.entity in pair.old.schema.stores[table.store].copies
    rows = (
        pair.count_rows(entity) if entity in pair.after.design.entities or entity not in pair.renames.entities else ""
    )
    how = "Stop every reader first; keep a backup of the table; drop it in a later release."
    if is_copy or not table.entity:
        what = "a copy" if is_copy else "what it held is of no use any more, once what runs is done"
        return Difference(
            effect="compatible", whom="operators", area="data", path=f"schema.tables.{name}",
            causes=_table_causes(name, table, entity), words=f"the table {name} goes ({what})", how=how,
        )  # fmt: skip
    return Difference(
        effect="loses data", whom="rows", area="data", path=f"schema.tables.{name}", causes=_table_causes(name, table, entity),
        words=f"the table {name} goes with its rows ({rows})" if rows else f"the table {name} goes with its rows", how=how,
    )  # fmt: skip


def _table_causes(name: str, table: Table, entity: str) -> tuple[str, ...]:
    own = (f"entities.{entity}", f"relationships.{entity}") if entity else ()
    return (*own, f"schema.tables.{name}", f"schema.stores.{table.store}", "schema.naming")


class TablePair:
    """One table in both versions."""

    def __init__(self, pair: Pair, name: str, old_name: str) -> None:
        self.pair, self.name, self.old_name = pair, name, old_name
        self.before, self.after = pair.old.schema.tables[old_name], pair.new.schema.tables[name]
        self.entity = self.after.entity
        self.rows = pair.count_rows(self.entity) if self.entity else ""
        self.columns = self._pair_columns()

    def _pair_columns(self) -> dict[str, str]:
        """What each column of the old table is called by now; the same where that cannot be told."""
        found = {name: name for name in self.before.columns}
        onwards = {
            field: [name for name, one in self.after.columns.items() if one.field == field]
            for field in {one.field for one in self.after.columns.values()}
        }
        for field in {one.field for one in self.before.columns.values() if one.field}:
            was = [name for name, one in self.before.columns.items() if one.field == field]
            now = onwards.get(self.pair.renames.field_onwards(self.entity, field), [])
            if len(was) == len(now):
                found |= dict(zip(was, now, strict=True))
        return found

    def _tell(
        self, effect: Effect, whom: Whom, words: str, how: str = "", *, causes: tuple[str, ...] = (), part: str = ""
    ) -> Difference:
        path = f"schema.tables.{self.name}" + (f".{part}" if part else "")
        own = _table_causes(self.name, self.after, self.entity)
        return Difference(
            effect=effect, whom=whom, area="data", path=path, words=words, how=how,
            causes=tuple(dict.fromkeys((*causes, f"{path}", *own))),
        )  # fmt: skip

    def compare(self) -> Iterator[Difference]:
        """What is different between the two, beyond their fields."""
        if self.name != self.old_name:
            yield self._tell(
                "breaking", "operators", f"the table {self.old_name} is called {self.name}: whatever names it has to",
                "Rename it, and leave a view of the old name until nothing reads it.",
            )  # fmt: skip
        if self.before.store != self.after.store:
            yield self._tell(
                "breaking", "operators", f"the table {self.name} moves from the store {self.before.store} to {self.after.store}",
                "Copy, feed both, compare, move the readers, then the writers.",
            )  # fmt: skip
        yield from self._own_columns()
        yield from self._key()
        for kind in ("uniques", "checks", "foreign_keys", "indexes"):
            yield from self._constraints(kind)
        for one in dataclasses.fields(Table):
            if isinstance(getattr(self.after, one.name), Named) and one.name not in _KNOWN:
                yield from self._constraints(one.name)
        yield from self._split()

    def _own_columns(self) -> Iterator[Difference]:
        """The columns that no field is for: a version, a tenant."""
        old = {name: one for name, one in self.before.columns.items() if not one.field}
        new = {name: one for name, one in self.after.columns.items() if not one.field}
        for name, column in new.items():
            if name not in self.before.columns:
                needs = not column.nullable and not column.default and not column.is_generated
                yield self._tell(
                    "breaking" if needs else "compatible", "rows" if needs else "operators",
                    f"the column {self.name}.{name} comes, and rows that exist need a value" if needs else f"the column {self.name}.{name} comes",
                    "Add it as nullable, write it from now on, backfill in batches, then add NOT NULL through a validated CHECK." if needs else "",
                    part=f"columns.{name}",
                )  # fmt: skip
            elif name in old and _shape(old[name]) != _shape(column):
                yield self._tell(
                    "breaking",
                    "operators",
                    f"the column {self.name}.{name} is {column.type} where it was {old[name].type}",
                    part=f"columns.{name}",
                )
        for name in old:
            if name not in self.after.columns and not self._has_field_by_now(name):
                yield self._tell(
                    "loses data", "rows", f"the column {self.name}.{name} goes with its values",
                    "Stop writing it, then stop reading it, then drop it in a later release.", part=f"columns.{name}",
                )  # fmt: skip

    def _has_field_by_now(self, column: str) -> bool:
        return self.columns.get(column, column) in self.after.columns

    def _key(self) -> Iterator[Difference]:
        before = tuple(self.columns.get(one, one) for one in self.before.primary_key)
        after = self.after.primary_key
        if before != after:
            words = f"the key of {self.name} is {_list(after) or 'none'} where it was {_list(before) or 'none'}"
            yield self._tell(
                "breaking", "rows", words + ": rows that agree in it no longer fit, and what refers to the old key must change" if after else words,
                "Build the new unique index concurrently, move the references, then swap the keys.",
                causes=(f"entities.{self.entity}.key", *self.pair.causes_of_columns(self.after, after, is_old=False)), part="primary_key",
            )  # fmt: skip

    # -- constraints and indexes

    def _constraints(self, kind: str) -> Iterator[Difference]:
        old, new = dict(getattr(self.before, kind)), dict(getattr(self.after, kind))
        before = {name: self._carry(one) for name, one in old.items()}
        after = {name: _bare(one) for name, one in new.items()}
        left = {name: one for name, one in before.items() if one not in after.values()}
        come = {name: one for name, one in after.items() if one not in before.values()}
        for name, one in come.items():
            there = left.pop(name, None)
            yield from self._tell_one(kind, name, there, one, old.get(name), new[name])
        for name, one in left.items():
            yield from self._tell_one(kind, name, one, None, old[name], None)

    def _carry(self, one: Planned) -> Planned:
        """A constraint of the old table in the names of the new one."""
        if isinstance(one, Index):
            carried = dataclasses.replace(one, columns=self._names(one.columns), include=self._names(one.include))
            return _bare(dataclasses.replace(carried, where=self._text(one.where)))
        if isinstance(one, Unique):
            return dataclasses.replace(one, columns=self._names(one.columns))
        if isinstance(one, Check):
            return dataclasses.replace(one, condition=self._text(one.condition))
        if isinstance(one, Exclusion):
            (start, end), where = self._names((one.start, one.end)), self._text(one.where)
            return dataclasses.replace(one, columns=self._names(one.columns), start=start, end=end, where=where)
        if isinstance(one, ForeignKey):
            target = self.pair.tables_onwards.get(one.references, one.references)
            return dataclasses.replace(one, columns=self._names(one.columns), references=target)
        return one

    def _names(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            f"-{self.columns.get(one[1:], one[1:])}" if one.startswith("-") else self.columns.get(one, one)
            for one in columns
        )

    def _text(self, text: str) -> str:
        return _WORD.sub(lambda found: self.columns.get(found[0], found[0]), text)

    def _tell_one(self, kind: str, name: str, before: Any, after: Any, old: Any, new: Any) -> Iterator[Difference]:
        one = after if after is not None else before
        columns = _columns_of(one, self.after if after is not None else self.before)
        causes = (
            *self.pair.causes_of_columns(self.before, _columns_of(old, self.before) if old is not None else (), is_old=True),
            *self.pair.causes_of_columns(self.after, _columns_of(after, self.after) if after is not None else (), is_old=False),
        )  # fmt: skip
        patterns = getattr(new, "serves", None) or getattr(old, "serves", None) or ()
        serves = tuple(f"access.{pattern}" for pattern in patterns)
        if kind != "indexes" and self._is_told_by_field(columns, before, after):
            return
        tell = _TELLERS.get(kind, _tell_other)
        for effect, whom, words, how in tell(self, name, before, after):
            yield self._tell(effect, whom, words, how, causes=(*serves, *causes), part=f"{kind}.{name}")

    def _is_told_by_field(self, columns: tuple[str, ...], before: Any, after: Any) -> bool:
        """Whether a constraint is one field's own, and that is said otherwise, comes or goes: it is told there."""
        if (
            isinstance(before or after, ForeignKey)
            and before is not None
            and after is not None
            and before.references != after.references
        ):
            return False
        fields = set()
        for table in (self.before, self.after):
            fields |= {(table is self.before, table.columns[one].field) for one in columns if one in table.columns}
        names = {self.pair.renames.field_onwards(self.entity, field) if is_old else field for is_old, field in fields}
        if len(names) != 1 or not self.entity:
            return False
        name = names.pop()
        if not name:
            return False
        pairs = self.pair.renames.fields(self.entity)
        if name not in pairs:
            return True
        old_entity = self.pair.renames.entities.get(self.entity, self.entity)
        old = self.pair.old.entities.entities.get(old_entity)
        new = self.pair.new.entities.entities.get(self.entity)
        if old is None or new is None or pairs[name] not in old.fields:
            return False
        return not self.pair.renames.says_same(old.fields[pairs[name]], new.fields[name])

    def _split(self) -> Iterator[Difference]:
        before, after = self.before.split, self.after.split
        if dataclasses.replace(before, columns=self._names(before.columns)) == after:
            return
        words = f"the table {self.name} is split {_split(after)} where it was {_split(before)}"
        rows = f" ({self.rows})" if self.rows else ""
        yield self._tell(
            "breaking", "operators", f"{words}: every row moves{rows}",
            "Create the split table beside the old one, copy in batches while both are written, then swap their names.",
            causes=(f"schema.tables.{self.name}.partition_by", f"entities.{self.entity}.retention", *self.pair.causes_of_columns(self.after, after.columns, is_old=False)),
            part="split",
        )  # fmt: skip


def _shape(column: Column) -> tuple[object, ...]:
    return column.type, column.length, column.scale, column.native, column.nullable, column.default


def _bare(one: Planned) -> Planned:
    """A constraint or an index as it is in the database: which patterns an index serves is no matter of its own."""
    return dataclasses.replace(one, serves=()) if isinstance(one, Index) else one


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _split(split: Split) -> str:
    if split.kind == "none":
        return "not at all"
    return f"by {split.kind} ({_list(split.columns)})" + (f" into {split.parts}" if split.parts else "")


def _columns_of(one: Any, table: Table) -> tuple[str, ...]:
    """The columns that a constraint is about."""
    if isinstance(one, Check):
        return tuple(
            dict.fromkeys(
                word for word in _WORD.findall(re.sub(r"'[^']*'", "", one.condition)) if word in table.columns
            )
        )
    named = getattr(one, "columns", ())
    return tuple(named) if isinstance(named, tuple) else ()


Told = Iterator[tuple[Effect, Whom, str, str]]


def _tell_unique(at: TablePair, name: str, before: Unique | None, after: Unique | None) -> Told:
    if after is not None:
        what = f"{_list(after.columns)} of {at.name}"
        yield (
            "breaking",
            "rows",
            f"rows that agree in {what} no longer fit",
            "Find and mend the duplicates, build the unique index concurrently, then attach the constraint.",
        )
        yield (
            "breaking",
            "callers",
            f"who sends what agrees in {what} with another row gets 409 (conflict)",
            "Announce the new error before it comes.",
        )
    elif before is not None:
        yield "compatible", "rows", f"rows may agree in {_list(before.columns)} of {at.name}", ""


def _tell_check(at: TablePair, name: str, before: Check | None, after: Check | None) -> Told:
    if after is None and before is not None:
        yield (
            "breaking",
            "readers",
            f"rows of {at.name} need not fulfil {before.condition} any more",
            "Look for code that relies on it.",
        )
    elif after is not None:
        was = f", where it was {before.condition}" if before is not None else ""
        yield (
            "breaking",
            "rows",
            f"rows of {at.name} that do not fulfil {after.condition} no longer fit{was}",
            "Find and mend them, add the CHECK as NOT VALID, then validate it.",
        )
        yield (
            "breaking",
            "callers",
            f"a write that does not fulfil {after.condition} is refused",
            "Announce it; count such requests first.",
        )


def _tell_exclusion(at: TablePair, name: str, before: Exclusion | None, after: Exclusion | None) -> Told:
    one = after or before
    if one is None:
        return
    among = f" of the same {_list(one.columns)}" if one.columns else ""
    where = f", where {one.where}" if one.where else ""
    what = f"rows of {at.name}{among} from {one.start} to {one.end}{where}"
    if after is None:
        yield "breaking", "readers", f"{what} may overlap", "Look for code that relies on their not overlapping."
    else:
        yield (
            "breaking",
            "rows",
            f"{what} that overlap no longer fit",
            "Find and mend them before the constraint comes.",
        )
        yield (
            "breaking",
            "callers",
            f"a write that makes {what} overlap gets 409 (conflict)",
            "Announce the new error before it comes.",
        )


def _tell_foreign_key(at: TablePair, name: str, before: ForeignKey | None, after: ForeignKey | None) -> Told:
    if after is None and before is not None:
        yield (
            "compatible",
            "operators",
            f"nothing holds any more that {at.name} ({_list(before.columns)}) refers to rows of {before.references}",
            "",
        )
    elif before is None and after is not None:
        yield (
            "breaking",
            "rows",
            f"rows of {at.name} whose {_list(after.columns)} is no row of {after.references} no longer fit",
            "Find and mend them, add the foreign key as NOT VALID, validate it.",
        )
    elif before is not None and after is not None:
        if (before.references, before.columns, before.referenced) != (
            after.references,
            after.columns,
            after.referenced,
        ):
            words = f"{at.name} ({_list(after.columns)}) refers to {after.references} ({_list(after.referenced)}) where it was {_list(before.columns)} to {before.references} ({_list(before.referenced)})"
            yield (
                "breaking",
                "rows",
                words,
                "Fill the new columns, add the foreign key as NOT VALID, validate it, then drop the old one.",
            )
        if before.on_delete != after.on_delete:
            is_lost = after.on_delete in ("cascade", "set null", "set default")
            yield (
                "loses data" if is_lost else "breaking",
                "rows" if is_lost else "callers",
                f"deleting a row of {after.references} does {after.on_delete} to {at.name} where it did {before.on_delete}",
                "See who deletes such rows before it is switched on.",
            )
        if before.on_update != after.on_update:
            yield (
                "compatible",
                "operators",
                f"a new key of {after.references} does {after.on_update} to {at.name} where it did {before.on_update}",
                "",
            )


def _tell_index(at: TablePair, name: str, before: Index | None, after: Index | None) -> Told:
    is_unique = (before is not None and before.unique, after is not None and after.unique)
    if is_unique[1] and not is_unique[0] and after is not None:
        yield from _tell_unique(at, name, None, Unique(columns=after.columns))
    if is_unique[0] and not is_unique[1] and before is not None:
        yield from _tell_unique(at, name, Unique(columns=before.columns), None)
    rows = f" ({at.rows})" if at.rows else ""
    if before is None and after is not None:
        yield (
            "compatible",
            "operators",
            f"{at.name} gets an index on {_index(after)}{rows}",
            "Build it concurrently, before the code that uses it.",
        )
    elif after is None and before is not None:
        yield (
            "compatible",
            "operators",
            f"{at.name} loses its index on {_index(before)}",
            "Drop it concurrently, after the last reader that uses it.",
        )
    elif before is not None and after is not None:
        yield (
            "compatible",
            "operators",
            f"{at.name} needs another index: {_index(after)} where it was {_index(before)}{rows}",
            "Build it concurrently under another name before the query changes, then drop the old one.",
        )


def _index(index: Index) -> str:
    told = f"({_list(index.columns)})" if index.method == "btree" else f"({_list(index.columns)}) by {index.method}"
    return (
        told
        + (f" including {_list(index.include)}" if index.include else "")
        + (f" where {index.where}" if index.where else "")
    )


def _tell_other(at: TablePair, name: str, before: Any, after: Any) -> Told:
    """A constraint of a kind that has no words of its own here."""
    if after is None:
        yield "compatible", "rows", f"{at.name} is without {name}: {_write(before)}", ""
    else:
        was = f" where it was {_write(before)}" if before is not None else ""
        yield (
            "breaking",
            "rows",
            f"rows of {at.name} that break {name} no longer fit: {_write(after)}{was}",
            "Find and mend them before the constraint comes.",
        )
        yield (
            "breaking",
            "callers",
            f"a write that breaks {name} is refused with 409 (conflict)",
            "Announce the new error before it comes.",
        )


def _write(one: Any) -> str:
    if not dataclasses.is_dataclass(one):
        return str(one)
    parts = {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}
    told = (
        f"{name} {_list(value) if isinstance(value, tuple) and all(isinstance(x, str) for x in value) else value}"
        for name, value in parts.items()
        if value
    )
    return ", ".join(told)


_TELLERS: Mapping[str, Callable[[TablePair, str, Any, Any], Told]] = {
    "uniques": _tell_unique,
    "checks": _tell_check,
    "exclusions": _tell_exclusion,
    "foreign_keys": _tell_foreign_key,
    "indexes": _tell_index,
}
