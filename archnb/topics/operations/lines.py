"""What a write's steps take their values from: the written row, the items of its body, and the rows that belong to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from archnb.design.entities import Step
from archnb.model import Model
from archnb.model import write_words as words_of
from archnb.model.lookups import key_column
from archnb.naming import snake, split_words
from archnb.planned.api import Contract
from archnb.planned.entities import AccessPattern
from archnb.planned.schema import ForeignKey, Schema, Table
from archnb.planned.statements import (
    Aggregate,
    Assignment,
    Column,
    Condition,
    Insert,
    Order,
    Output,
    Predicate,
    Read,
    Statement,
    Update,
    Value,
)
from archnb.topics.operations.parts import Parts, pair
from archnb.topics.operations.writes import Writer

NUMBERS = ("smallint", "int", "bigint", "decimal", "money", "float")
# totals that are nothing but the sum of what is in the lines
_TOTALS = frozenset(
    {"total", "subtotal", "total_price", "total_amount", "net_total", "grand_total", "sum", "amount_due"}
)


def is_amount(field: str) -> bool:
    """Whether a number says how much."""
    return bool({*split_words(field)} & {"amount", "quantity", "value", "units", "points"})


@dataclass(frozen=True)
class Array:
    """An array of a body, whose items become rows: its property, and the fields that an item gives."""

    name: str
    fields: tuple[str, ...]
    required: tuple[str, ...]


Arrays = Mapping[str, Array]


def find_arrays(model: Model, contract: Contract | None, entity: str) -> Arrays:
    """The arrays of a body by the entity of their items."""
    found: dict[str, Array] = {}
    if contract is None or contract.is_batch or contract.request.is_empty:
        return found
    properties = contract.request.schema.get("properties", {})
    for embed in model.properties.embeds(entity).values():
        inner = properties.get(embed.name, {}).get("items")
        if inner is None or embed.relationship or not embed.is_many or not embed.via:
            continue
        if len(model.references.list_between(embed.entity, entity)) > 1:
            # of a pair of the same kind nobody says which end is the new one
            continue
        names = model.properties.names(embed.entity)
        fields = tuple(one for one, name in names.items() if name in inner.get("properties", {}))
        required = tuple(one for one in fields if names[one] in inner.get("required", ()))
        found[embed.entity] = Array(embed.name, fields, required)
    return found


class Written:
    """The row that a write is about, as the source of values."""

    def __init__(self, model: Model, schema: Schema, pattern: AccessPattern, writer: Writer) -> None:
        self.model, self.schema, self.pattern, self.writer = model, schema, pattern, writer
        self.base = writer.parts.base

    @property
    def table(self) -> Table:
        """Its table."""
        return self.schema.tables[self.base]

    def value(self, column: str, like: Column) -> Value:
        """The value of one of its columns: from whom it comes, or out of the row itself."""
        field = self.table.columns[column].field
        setting = self.writer.settings.get(field)
        if setting is not None and setting.source in ("caller", "token"):
            claim = setting.value if setting.source == "token" else ""
            return Value(
                source=setting.source, name=f"new_{column}", like=like, parameter=f"new_{column}", field=field,
                claim=claim, given_by=setting.given_by,
            )  # fmt: skip
        name = f"new_{column}" if self.pattern.kind == "create" else column
        return Value(source="row", name=name, like=like, parameter=name, origin=f"{self.base}.{column}")

    def common(self, parts: Parts, name: str) -> Value | None:
        """The value of a step's key column that the written row refers to as well: the vaccine that both name, the fridge of the
        session that the row is of. None where neither does, or two references could be meant.
        """
        record, like = parts.table(parts.base), parts.column(parts.base, name)
        target = next(
            (one.references for one in record.foreign_keys.values() if dict(pair(self.schema, one)).get(name)), None
        )
        if target is None:
            return None
        foreign = [(one, pair(self.schema, one)) for one in self.table.foreign_keys.values()]
        own = [pairs[0][0] for one, pairs in foreign if one.references == target and len(pairs) == 1]
        if len(own) == 1:
            return self.value(own[0], like)
        ways = [
            (here[0], beyond[0], one.references)
            for one, pairs in foreign
            if len(pairs) == 1
            for other in self.schema.tables[one.references].foreign_keys.values()
            if other.references == target
            for here, beyond in [(pairs[0], pair(self.schema, other)[0])]
        ]
        if own or len(ways) != 1:
            return None
        (mine, there), (column, _), table = (
            next(pairs[0] for one, pairs in foreign if pairs[0][0] == ways[0][0]), (ways[0][1], ""), ways[0][2]
        )  # fmt: skip
        entity = self.schema.tables[table].entity
        over = Parts(self.model, self.schema, entity)
        at = over.column(table, there)
        read = Read(
            table=table, source=table, entity=entity, columns=(Output(column=over.column(table, column), label=column),),
            conditions=(Condition(left=at, operator="=", value=self.value(mine, at)),), rows="one", purpose="look up",
        )  # fmt: skip
        return Value(source="row", name=column, like=like, lookup=(read,))

    def key(self, like: Column) -> Value:
        """Its key, as a column that refers to it has it: given back by the engine where it is numbered."""
        tables = self.writer.parts.chain()
        foreign = [
            one
            for one in self.schema.tables[like.table].foreign_keys.values()
            if one.references in tables and like.column in one.columns
        ]
        table = foreign[0].references if foreign else self.base
        record = self.schema.tables[table]
        there = foreign[0].referenced[foreign[0].columns.index(like.column)] if foreign else record.primary_key[0]
        is_numbered, is_new = record.columns[there].is_generated, self.pattern.kind == "create"
        name = f"new_{like.column}" if is_new and is_numbered else f"new_{there}" if is_new else there
        return Value(
            source="row", name=f"key of the {self.pattern.entity}", like=like, parameter=name, origin=f"{table}.{there}"
        )


class Lines:
    """The parts of what is written, of which each moves a row of a step: the lines of an order, which name products."""

    def __init__(self, model: Model, schema: Schema, pattern: AccessPattern, written: Written, arrays: Arrays) -> None:
        self.model, self.schema, self.pattern, self.written, self.arrays = model, schema, pattern, written, arrays

    def name(self, line: str) -> str:
        """What a statement that is run for each of them names: the array of the body, or the read of the rows."""
        return self.arrays[line].name if line in self.arrays else self.model.places.find_table(line) or ""

    def find(self, parts: Parts) -> str | None:
        """The entity of the lines: in the body where it is made with them, else the one that names most of the row to be moved."""
        references = self.model.references
        keys = {key.references for key in self._key_references(parts)}
        best: tuple[tuple[bool, int], str] | None = None
        for one in references.list_to(self.pattern.entity):
            table = self.model.places.find_table(one.entity)
            is_there = one.entity in self.arrays or self.pattern.kind != "create"
            if one.entity == parts.entity or table not in self.schema.tables or table is None or not is_there:
                continue
            named = {key.references for key in self.schema.tables[table].foreign_keys.values()} & keys
            if named and self._find_amount(one.entity) is not None:
                rank = (one.entity in self.arrays, len(named))
                best = (rank, one.entity) if best is None or rank > best[0] else best
        return best[1] if best is not None else None

    def _key_references(self, parts: Parts) -> list[ForeignKey]:
        record = parts.table(parts.base)
        return [one for one in record.foreign_keys.values() if {*one.columns} & {*record.primary_key}]

    def _find_amount(self, entity: str) -> str | None:
        """The column of an entity that says how much."""
        numbers = self._list_numbers(entity)
        named = [one for one in numbers if is_amount(one)]
        # of several numbers without such a name none is known to be the one
        name = named[0] if named else numbers[0] if len(numbers) == 1 else None
        place = self.model.places.find_field(entity, name) if name is not None else None
        return key_column(self.schema.tables[place.table], place.columns) if place is not None else None

    def _list_numbers(self, entity: str) -> list[str]:
        """The numbers of an entity's own rows that may say how much."""
        return [
            name
            for name, about in self.model.fields(entity).items()
            if about.type in NUMBERS
            and not self.model.keys.is_in_key(entity, name)
            and (place := self.model.places.find_field(entity, name)) is not None
            and not place.path
        ]

    def conditions(self, parts: Parts, line: str) -> list[Predicate]:
        """The row to be moved by its key, of which the lines name a part at least; the rest has no origin yet."""
        table = self.model.places.find_table(line) or ""
        made: list[Predicate] = []
        for name in parts.table(parts.base).primary_key:
            column = parts.column(parts.base, name)
            value = Value(source="row", name=name, like=column, parameter=name)
            for key in self._key_references(parts):
                there = dict(pair(self.schema, key)).get(name)
                own = next(
                    (
                        one
                        for one in self.schema.tables[table].foreign_keys.values()
                        if one.references == key.references
                    ),
                    None,
                )
                if there is not None and own is not None:
                    mine = next(here for here, other in pair(self.schema, own) if other == there)
                    value = self._of(line, mine, column)
            made.append(Condition(left=column, operator="=", value=value))
        return made

    def _of(self, line: str, column: str, like: Column) -> Value:
        """A column of a line: of the item of the body, or of the row that was read."""
        table = self.model.places.find_table(line) or ""
        if line in self.arrays:
            field = self.schema.tables[table].columns[column].field
            return Value(
                source="caller", name=column, like=like, parameter=column, field=field, origin=self.arrays[line].name
            )
        return Value(
            source="row", name=f"{column} of the {line}", like=like, parameter=column, origin=f"{table}.{column}"
        )

    def amount(self, parts: Parts, like: Column, line: str | None) -> Value | None:
        """How much moves: the amount of what is written, or of each of its lines."""
        kind = parts.table(like.table).columns[like.column].type
        for entity in [line] if line is not None else [self.pattern.entity]:
            column = self._find_amount(entity)
            table = self.model.places.find_table(entity) or ""
            if column is None:
                continue
            # money moves money, and a count a count
            is_money = self.schema.tables[table].columns[column].type in ("decimal", "money")
            if is_money == (kind in ("decimal", "money")):
                return self.written.value(column, like) if line is None else self._of(entity, column, like)
        if kind in ("smallint", "int", "bigint") and not self._list_numbers(line or self.pattern.entity):
            # a row that says no number stands for one
            return Value(source="constant", name="1", like=like)
        return None

    def read(self, line: str) -> Read:
        """The rows that belong to what is written, in the order of their keys."""
        parts = Parts(self.model, self.schema, line)
        record = parts.table(parts.base)
        return Read(
            table=parts.base, source=parts.base, entity=line, name=parts.base, purpose=f"the {line} rows of the {self.pattern.entity}",
            columns=tuple(Output(column=parts.column(parts.base, one), label=one) for one in record.columns if record.columns[one].field),
            conditions=self.belonging(parts), order=tuple(Order(column=parts.column(parts.base, one)) for one in record.primary_key),
        )  # fmt: skip

    def belonging(self, parts: Parts) -> tuple[Predicate, ...]:
        """The rows of a table that refer to what is written."""
        tables = self.written.writer.parts.chain()
        key = next(one for one in parts.table(parts.base).foreign_keys.values() if one.references in tables)
        return tuple(
            Condition(left=column, operator="=", value=self.written.key(column))
            for here, _ in pair(self.schema, key)
            for column in [parts.column(parts.base, here)]
        )

    def find_record(self, step: Step) -> str | None:
        """The entity that keeps what a step takes: what reserves, or gives back what was reserved, has a Reservation."""
        verbs = {step.action or ""} | ({"reserve"} if step.action in ("release", "unreserve") else set())
        stems = [one[: max(5, len(one) - 2)] for one in verbs if len(one) >= 5]
        found = (one.entity for one in self.model.references.list_to(self.pattern.entity))
        return next((one for one in found if any(snake(one).startswith(stem) for stem in stems)), None)

    # -- what the lines add up to

    def total(self, made: Iterable[Statement]) -> Iterable[Statement]:
        """The total of what is written, out of the lines that were made with it: quantity times price, added up by the engine."""
        names = {one.name for one in self.arrays.values()}
        inserts = [one for one in made if isinstance(one, Insert) and one.each in names and one.entity in self.arrays]
        setting = next(
            (
                one
                for one in self.pattern.sets
                if one.value == "computed" and snake(one.field) in _TOTALS and self.pattern.kind == "create"
            ),
            None,
        )
        if setting is None or len(inserts) != 1:
            return
        line = inserts[0]
        own = self.written.writer.parts.places.find_field(self.pattern.entity, setting.field)
        priced = self._find_price(line)
        if own is None or own.table != self.written.base or priced is None:
            return
        parts = Parts(self.model, self.schema, line.entity)
        assignments = []
        for name in own.columns:
            column = self.written.writer.parts.column(own.table, name)
            is_currency = self.written.table.columns[name].type == "currency"
            if is_currency and not priced[2]:
                return
            over = (priced[2],) if is_currency else priced[:2]
            aggregate = Aggregate(
                function="min" if is_currency else "sum",
                over=tuple(parts.column(parts.base, one) for one in over if one),
            )
            read = Read(
                table=parts.base, source=parts.base, entity=line.entity, columns=(), conditions=self.belonging(parts),
                aggregate=(aggregate,), rows="one", purpose="add up",
            )  # fmt: skip
            assignments.append(
                Assignment(column=column, value=Value(source="row", name=name, like=column, lookup=(read,)))
            )
        key = tuple(
            Condition(
                left=column, operator="=",
                value=Value(source="row", name=f"key of the {self.pattern.entity}", like=column, parameter=f"new_{one}", origin=f"{own.table}.{one}"),
            )
            for one in self.written.table.primary_key
            for column in [self.written.writer.parts.column(own.table, one)]
        )  # fmt: skip
        yield Update(
            table=own.table, entity=self.pattern.entity, assignments=tuple(assignments), conditions=key,
            purpose=f"add up the {line.entity} rows",
        )  # fmt: skip

    def _find_price(self, line: Insert) -> tuple[str, str, str] | None:
        """The columns of a line's price, of how many there are ('' where it is one) and of the currency ('' where there is none)."""
        columns = self.schema.tables[line.table].columns
        fields = self.model.fields(line.entity)
        price = next((n for n, one in fields.items() if one.type == "money" and words_of.PRICES.search(snake(n))), None)
        if price is None:
            return None
        own = [n for n, one in columns.items() if one.field == price]
        currency = next((n for n in own if columns[n].type == "currency"), "")
        count = self._find_amount(line.entity) or ""
        return next(n for n in own if n != currency), count if columns[count].field != price else "", currency


def begin_total(statements: Iterable[Statement]) -> list[Statement]:
    """The statements, with nothing as the total of a new row that another one adds up: no currency (XXX in ISO 4217), and 0."""
    found = list(statements)
    summed = {
        (one.table, each.column.column)
        for one in found
        if isinstance(one, Update) and one.purpose.startswith("add up")
        for each in one.assignments
    }
    if not summed:
        return found
    made: list[Statement] = []
    for one in found:
        if isinstance(one, Insert) and not one.each:
            assignments = [
                replace(
                    each,
                    value=Value(
                        source="constant",
                        like=each.column,
                        name="XXX" if each.column.column.endswith("currency") else "0",
                    ),
                )
                if (one.table, each.column.column) in summed
                else each
                for each in one.assignments
            ]
            one = replace(one, assignments=tuple(assignments))
        made.append(one)
    return made


__all__ = ["Array", "Arrays", "Lines", "Written", "begin_total", "find_arrays", "is_amount"]
