"""What a write with steps must leave, worked out from the access pattern: from its said steps, not from the statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from archnb.design.entities import Step
from archnb.model import write_words as words_of
from archnb.naming import snake, split_words
from archnb.planned.entities import AccessPattern
from archnb.verify.oracle import Oracle
from archnb.verify.rows import Row

if TYPE_CHECKING:
    from archnb.plan import Plan

NUMBERS = ("smallint", "int", "bigint", "decimal", "money", "float")
_AMOUNTS = frozenset({"amount", "quantity", "value", "units", "points"})
Table = Mapping[Any, Mapping[str, Any]]


@dataclass(frozen=True)
class Left:
    """What a write left: the row that it is about, what it was done with, and the rows of each table before and after, by key."""

    table: str
    main: Row
    items: Mapping[str, list[Row]]
    before: Mapping[str, Table]
    after: Mapping[str, Table]

    def list_added(self, table: str) -> list[Mapping[str, Any]]:
        """The rows that a table has more than before."""
        before = self.before.get(table, {})
        return [row for mark, row in self.after.get(table, {}).items() if mark not in before]

    def list_changed(self, table: str) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """The rows of a table that are others than before, each as it was and as it is."""
        before, after = self.before.get(table, {}), self.after.get(table, {})
        return [(row, after[mark]) for mark, row in before.items() if mark in after and dict(after[mark]) != dict(row)]


class Effects:
    """Compares what a write left with what it says."""

    def __init__(self, plan: Plan, oracle: Oracle) -> None:
        self.plan, self.model, self.oracle = plan, plan.model, oracle
        self.schema = plan.planned.schema

    def describe(self, pattern: AccessPattern) -> list[str]:
        """What was compared, in words."""
        return [one.write_shorthand() or str(one.action) for one in pattern.steps] or ["the row itself"]

    def find_fault(self, pattern: AccessPattern, left: Left) -> str:
        """What is not as it is said, '' where all is."""
        return next(self._list_faults(pattern, left), "")

    def _list_faults(self, pattern: AccessPattern, left: Left) -> Iterator[str]:
        home = self.model.places.find_home(pattern.entity)
        for step in pattern.steps:
            table = self.model.places.find_table(step.entity) if step.entity else None
            is_here = not step.via and table in self.schema.tables and self.model.places.find_home(step.entity) == home
            if not is_here or table is None:
                continue
            if step.action == "create":
                yield from self._compare_made(pattern, step, table, left)
            elif (sign := _find_sign(step)) != 0:
                yield from self._compare_moved(pattern, step, table, sign, left)
            else:
                yield from self._compare_state(step, table, left)
        yield from self._compare_messages(pattern, left)
        yield from self._compare_total(pattern, left)

    # -- rows made along

    def _compare_made(self, pattern: AccessPattern, step: Step, table: str, left: Left) -> Iterator[str]:
        added = left.list_added(table)
        sides = self.model.writes.list_sides(pattern.steps, step.entity or "")
        items = self._find_items(step.entity or "", left)
        wanted = len(sides) if len(sides) > 1 else len(items) if items is not None else 1
        if len(added) != wanted:
            yield f"{len(added)} rows of {table} are made where {wanted} are said"
            return
        for key in self.schema.tables[table].foreign_keys.values():
            if key.references == left.table:
                for row in added:
                    own = [left.main.get(one) for one in key.referenced]
                    if [row.get(one) for one in key.columns] != own:
                        yield f"a row of {table} does not belong to the row that is written"
        column = self.find_amount_column(table)
        if len(sides) > 1 and column:
            if sum(row[column] for row in added) != 0:
                yield f"the {column} of {table} do not add up to nothing: {', '.join(str(row[column]) for row in added)}"
            given = self._find_given(pattern, left)
            if given is not None and {abs(row[column]) for row in added} != {abs(given)}:
                yield f"{column} of {table} is not the {given} that is moved"
            currencies = [n for n, one in self.schema.tables[table].columns.items() if one.type == "currency"]
            if any(len({row[n] for row in added}) > 1 for n in currencies):
                yield f"the rows of {table} are in different currencies"
        yield from self._compare_prices(step.entity or "", table, added)

    def _compare_prices(self, entity: str, table: str, added: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """A price that is kept with a row is that of what the row refers to."""
        for field in self.model.fields(entity):
            path = self.model.writes.find_price(entity, field)
            place = self.model.places.find_field(entity, field)
            if path is None or place is None:
                continue
            reference, _, rest = path.partition(".")
            there = self.model.places.find_field(self.model.fields(entity)[reference].references or "", rest)
            at = self.model.places.find_field(entity, reference)
            key = next(
                (
                    one
                    for one in self.schema.tables[table].foreign_keys.values()
                    if at is not None and {*one.columns} == {*at.columns}
                ),
                None,
            )
            if key is None or there is None:
                continue
            for row in added:
                parent = self.oracle.parent(key, dict(row))
                for mine, theirs in zip(place.columns, there.columns, strict=False):
                    if parent is not None and row[mine] != parent[theirs]:
                        yield f"{mine} of {table} is {row[mine]} where {parent[theirs]} is the price"

    def _find_items(self, entity: str, left: Left) -> list[Row] | None:
        """The items of the body that an entity's rows are made of; None where it has none."""
        for embed in self.model.properties.embeds(self._entity_of(left.table)).values():
            if embed.entity == entity and embed.name in left.items:
                return left.items[embed.name]
        return None

    def _entity_of(self, table: str) -> str:
        return self.schema.tables[table].entity

    # -- counters

    def _compare_moved(self, pattern: AccessPattern, step: Step, table: str, sign: int, left: Left) -> Iterator[str]:
        """The sum of what a step moves is what is given, or what the lines say; no other number is moved."""
        moved: dict[str, Any] = {}
        for before, after in left.list_changed(table):
            for name, one in self.schema.tables[table].columns.items():
                if one.type in NUMBERS and one.field and before[name] is not None and before[name] != after[name]:
                    moved[name] = moved.get(name, 0) + (after[name] - before[name])
        wanted = self._sum_amounts(pattern, left)
        both = [_find_sign(one) for one in pattern.steps if one.entity == step.entity and not one.via]
        if len([one for one in both if one]) > 1:
            # one gives what the other takes: together nothing comes or goes
            if any(moved.values()):
                yield f"{table} has {moved} more than before, though one step takes what the other gives"
            elif not left.list_changed(table) and wanted:
                yield f"no row of {table} is moved"
            return
        if wanted is None:
            return
        if not wanted:
            if moved:
                yield f"{table} is moved by {moved}, though there is nothing to move"
            return
        if len(moved) != 1:
            yield f"{step.action} moves {', '.join(moved) or 'no number'} of {table}, where one number is meant"
            return
        ((name, amount),) = moved.items()
        is_held = "reserved" in name or name.startswith("used")
        right = wanted * (-sign if is_held else sign)
        if amount != right:
            yield f"{name} of {table} is moved by {amount} where {right} is said"

    def _sum_amounts(self, pattern: AccessPattern, left: Left) -> Any:
        """How much is moved by all lines, or by the row itself; None where neither says it."""
        for name, rows in left.items.items():
            table = name if name in self.schema.tables else self._table_of_array(left, name)
            column = self.find_amount_column(table) if table else ""
            if column:
                return sum(row[column] for row in rows)
        return self._find_given(pattern, left)

    def _table_of_array(self, left: Left, name: str) -> str:
        for embed in self.model.properties.embeds(self._entity_of(left.table)).values():
            if embed.name == name:
                return self.model.places.find_table(embed.entity) or ""
        return ""

    def _find_given(self, pattern: AccessPattern, left: Left) -> Any:
        column = self.find_amount_column(left.table)
        return left.main.get(column) if column else None

    def find_amount_column(self, table: str) -> str:
        """The column of a table that says how much, '' where none does."""
        for name, one in self.schema.tables[table].columns.items():
            if one.type in NUMBERS and one.field and {*split_words(one.field)} & _AMOUNTS:
                return name
        return ""

    # -- states

    def _compare_state(self, step: Step, table: str, left: Left) -> Iterator[str]:
        """A step whose verb is a state's sets it in every row that it changes."""
        entity = step.entity or ""
        state = self.model.writes.find_state(entity)
        words = self.model.fields(entity)[state].values if state is not None else ()
        done = words_of.list_done(step.action or "")
        after = next((word for past in done for word in words if snake(word) == past), None)
        place = self.model.places.find_field(entity, state) if state is not None else None
        if after is None or place is None:
            return
        for _, row in left.list_changed(table):
            if row[place.columns[0]] != after:
                yield f"{place.columns[0]} of {table} is {row[place.columns[0]]} where {step.action} makes it {after}"

    # -- messages and totals

    def _compare_messages(self, pattern: AccessPattern, left: Left) -> Iterator[str]:
        outbox = next((n for n, one in self.schema.tables.items() if one.role == "outbox"), None)
        told = [one for one in pattern.steps if one.via]
        if outbox is None or self.schema.tables[outbox].store != self.schema.tables[left.table].store:
            return
        added = (
            sorted(left.list_added(outbox), key=lambda row: row["id"])
            if "id" in self.schema.tables[outbox].columns
            else []
        )
        if [row["recipient"] for row in added] != [one.via for one in told]:
            yield f"the outbox tells {[row['recipient'] for row in added]} where {[one.via for one in told]} are to be told"
        key = ",".join(str(left.main.get(one)) for one in self.schema.tables[left.table].primary_key)
        for row in added:
            if row["key"] != key or row["sent_at"] is not None:
                yield f"a message is about {row['key']}, not about {key}, or it is marked as sent before anybody sent it"

    def _compare_total(self, pattern: AccessPattern, left: Left) -> Iterator[str]:
        """A total that nobody gives is what the lines made with it come to."""
        total = next(
            (one.field for one in pattern.sets if one.value == "computed" and snake(one.field).endswith("total")), None
        )
        place = self.model.places.find_field(pattern.entity, total) if total is not None else None
        if place is None or pattern.kind != "create" or place.table != left.table:
            return
        for name in left.items:
            table = self._table_of_array(left, name)
            price = (
                next(
                    (n for n, one in self.schema.tables[table].columns.items() if one.type in ("money", "decimal")),
                    None,
                )
                if table
                else None
            )
            count = self.find_amount_column(table) if table else ""
            if price is None or not count or count == price:
                continue
            wanted = sum((row[price] * row[count] for row in left.list_added(table)), Decimal(0))
            key = tuple(left.main.get(one) for one in self.schema.tables[left.table].primary_key)
            found = left.after[left.table].get(key)
            if found is not None and found[place.columns[0]] != wanted:
                yield f"{place.columns[0]} is {found[place.columns[0]]} where the lines come to {wanted}"


def _find_sign(step: Step) -> int:
    if step.action in words_of.TAKING:
        return -1
    return 1 if step.action in words_of.GIVING or step.action == "refund" else 0


__all__ = ["Effects", "Left"]
