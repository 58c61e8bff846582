"""The steps of a write in its own store, as statements of the same transaction: rows made, counters moved, rows locked in order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from archnb.design.entities import Step
from archnb.model import Model
from archnb.model import write_words as words_of
from archnb.model.lookups import key_column
from archnb.naming import snake, split_words
from archnb.planned.entities import AccessPattern, Setting
from archnb.planned.schema import Schema
from archnb.planned.statements import (
    Among,
    Assignment,
    Column,
    Condition,
    Guard,
    Insert,
    Order,
    Output,
    Predicate,
    Read,
    Source,
    Statement,
    Update,
    Value,
)
from archnb.topics.operations.parts import Parts, pair
from archnb.topics.operations.writes import VERSION, Writer

NUMBERS = ("smallint", "int", "bigint", "decimal", "money", "float")
COUNTER = re.compile(
    r"(^|_)(stock|on_hand|reserved|available|balance|quantity|count|counter|credits?|seats|left|remaining|inventory|points|used|votes|likes)($|_)"
)
SOURCE = frozenset({"from", "source", "payer", "sender", "debit", "debited", "giver", "buyer", "origin"})
TARGET = frozenset(
    {
        "to",
        "target",
        "payee",
        "recipient",
        "receiver",
        "credit",
        "credited",
        "beneficiary",
        "taker",
        "seller",
        "destination",
    }
)


class Steps:
    """Makes the statements of the steps of one write."""

    def __init__(self, model: Model, schema: Schema, name: str, pattern: AccessPattern, writer: Writer) -> None:
        self.model, self.schema, self.name, self.pattern, self.writer = model, schema, name, pattern, writer
        self.home = model.places.find_home(pattern.entity)

    @property
    def local(self) -> list[Step]:
        """The steps in the store of the write itself."""
        return [
            one
            for one in self.pattern.steps
            if one.entity and not one.via and self.model.places.find_home(one.entity) == self.home
        ]

    @property
    def remote(self) -> list[Step]:
        """The steps of third parties, and those in other stores."""
        local = self.local
        return [one for one in self.pattern.steps if one not in local]

    def write(self) -> tuple[list[Statement], list[Statement]]:
        """The statements before the write itself (locks in one order), and those after it."""
        before: list[Statement] = []
        after: list[Statement] = []
        moves = [one for one in self.local if self._sign(one)]
        for step in self.local:
            entity = step.entity or ""
            parts = Parts(self.model, self.schema, entity)
            if not parts.is_relational:
                continue
            if step.action == "create":
                after += self._create(parts, step, moves)
            elif self._sign(step) and (counter := self._find_counter(parts, step)) is not None:
                after += self._move(parts, step, counter)
            else:
                after += self._change(parts, step)
        before += self._lock(moves)
        return before, after

    def _sign(self, step: Step) -> str:
        return "-" if step.action in words_of.TAKING else "+" if step.action in (*words_of.GIVING, "refund") else ""

    # -- rows that are made

    def _create(self, parts: Parts, step: Step, moves: list[Step]) -> Iterable[Statement]:
        """A row of the step's entity; where money or goods move, one for each side, the signs against each other."""
        entity = parts.entity
        # a row of the account that is debited, and one of the account that is credited
        sides = [one for one in moves if any(r.target == one.entity for r in self.model.references.list_from(entity))]
        if len(sides) < 2:
            yield self._insert(parts, step, None)
            return
        for side in sides:
            yield self._insert(Parts(self.model, self.schema, entity), step, side)

    def _insert(self, parts: Parts, step: Step, side: Step | None) -> Insert:
        settings = self.model.writes.list_step_settings(self.name, parts.entity)
        planned = tuple(
            Setting(field=one.field, source=one.source, value=one.value, is_required=one.is_required)
            for one in settings
        )
        made = self.writer.insert(parts, parts.base, planned, purpose=_say(step, side))
        assignments = [self._tie(parts, one, side) for one in made.assignments]
        return replace(made, assignments=tuple(assignments))

    def _tie(self, parts: Parts, one: Assignment, side: Step | None) -> Assignment:
        """A value of a row that belongs to what is written: its key, the same reference, the amount with the side's sign."""
        about = self.model.fields(parts.entity).get(one.column.field)
        if about is None:
            return one
        name = one.column.column
        if about.references == self.pattern.entity:
            return replace(one, value=self._own_key(one.column))
        if side is not None and about.references == side.entity:
            place = self._find_side(side)
            if place is not None:
                return replace(
                    one,
                    value=Value(
                        source=self._source(place),
                        name=f"new_{place}",
                        like=one.column,
                        parameter=f"new_{place}",
                        field="",
                    ),
                )
        if side is not None and about.type in NUMBERS and self._is_amount(one.column.field):
            amount = self._amount(parts, one.column)
            if amount is not None and self.model.places.tables[parts.base].columns[name].type != "currency":
                return replace(one, value=replace(amount, sign="-" if self._sign(side) == "-" else ""))
            if amount is not None:
                currency = next((c for c in self._own_columns() if c.endswith("currency")), name)
                return replace(
                    one,
                    value=Value(source="caller", name=f"new_{currency}", like=one.column, parameter=f"new_{currency}"),
                )
        return one

    def _own_key(self, like: Column) -> Value:
        """The key of what is written: bound already where it is drawn, and given back by the engine where it is numbered."""
        table = self.writer.parts.table(self.writer.parts.base)
        key = table.primary_key[0]
        is_numbered = table.columns[key].is_generated
        is_new = self.pattern.kind == "create"
        name = f"new_{like.column}" if is_new and is_numbered else f"new_{key}" if is_new else key
        return Value(source="row", name=f"key of the {self.pattern.entity}", like=like, parameter=name)

    # -- counters that are moved

    def _find_counter(self, parts: Parts, step: Step) -> str | None:
        """The field that a step moves: of two the one that is held back (reserved), or the balance."""
        fields = self.model.fields(parts.entity)
        found = [
            n
            for n, one in fields.items()
            if one.type in NUMBERS and COUNTER.search(snake(n)) and not self.model.keys.is_in_key(parts.entity, n)
        ]
        if step.action in ("reserve", "release", "unreserve", "hold", "book"):
            held = next((one for one in found if "reserved" in snake(one) or snake(one).startswith("used")), None)
            if held is not None:
                return held
        return found[0] if found else None

    def _move(self, parts: Parts, step: Step, field: str) -> Iterable[Statement]:
        """A conditional UPDATE: it reads and changes the counter under the row's lock, and changes no row where too little is left."""
        place = parts.locate(field)
        if place is None:
            return
        column = parts.first(place)
        sign = self._sign(step)
        is_held = "reserved" in snake(field) or snake(field).startswith("used")
        amount = self._amount(parts, column) or parts.bind(column, "row", "amount", text="amount")
        if is_held:
            # what is reserved grows as stock is taken, and shrinks as it is given back
            sign = "+" if sign == "-" else "-"
        assignments = [Assignment(column=column, value=replace(amount, sign="+" if sign == "+" else "-"))]
        whole = next(
            (n for n in self.model.fields(parts.entity) if n != field and COUNTER.search(snake(n)) and is_held), None
        )
        guards: list[Guard] = []
        if is_held and whole is not None and sign == "+":
            there = parts.locate(whole)
            if there is not None:
                left = parts.first(there)
                value = Value(
                    source="row",
                    name=field,
                    like=left,
                    column=(column,),
                    sign="+",
                    lookup=(),
                    parameter=amount.parameter,
                )
                guards.append(
                    Guard(
                        kind="amount",
                        predicate=Condition(left=left, operator=">=", value=value),
                        reason=f"no more is {field} than {whole}",
                    )
                )
        elif sign == "-":
            guards.append(
                Guard(
                    kind="amount",
                    predicate=Condition(left=column, operator=">=", value=replace(amount, sign="")),
                    reason=f"no more is given back than is {field}"
                    if is_held
                    else f"{field} never falls below what is taken",
                )
            )
        assignments += self._touch(parts)
        found = self._find_rows(parts, step)
        yield Update(
            table=parts.base, entity=parts.entity, assignments=tuple(assignments), conditions=(*found, *(one.predicate for one in guards)),
            rows="one", guards=tuple(guards), purpose=_say(step, None),
        )  # fmt: skip

    def _touch(self, parts: Parts) -> list[Assignment]:
        """What changes with every change: the moment, the version."""
        made = []
        for name, about in parts.table(parts.base).columns.items():
            column = parts.column(parts.base, name)
            if about.type == "timestamp" and about.field and words_of.is_moment_of_change(about.field):
                made.append(Assignment(column=column, value=parts.now(column)))
            elif name == VERSION and about.type in ("int", "bigint", "smallint"):
                made.append(Assignment(column=column, value=Value(source="constant", name="1", like=column, sign="+")))
        return made

    def _find_rows(self, parts: Parts, step: Step) -> list[Predicate]:
        """The row that a step is about: over the reference of what is written, of the step's other rows, or by its key."""
        side = self._find_side(step)
        key = parts.table(parts.base).primary_key
        if side is not None and len(key) == 1:
            column = parts.column(parts.base, key[0])
            value = Value(source=self._source(side), name=f"new_{side}", like=column, parameter=f"new_{side}")
            return [Condition(left=column, operator="=", value=value)]
        back = self._find_back(parts)
        if back is not None:
            column = parts.column(parts.base, back[0])
            return [Condition(left=column, operator="=", value=self._own_key(column))]
        return [
            Condition(
                left=parts.column(parts.base, one),
                operator="=",
                value=parts.bind(parts.column(parts.base, one), "row", one, text=one),
            )
            for one in key
        ]

    def _find_back(self, parts: Parts) -> tuple[str, str] | None:
        """The column by which rows of the step refer to what is written, and its key there."""
        for one in parts.table(parts.base).foreign_keys.values():
            found = pair(self.schema, one) if one.references == self.writer.parts.base else ()
            if len(found) == 1:
                return found[0]
        return None

    def _find_side(self, step: Step) -> str | None:
        """The column of what is written that refers to the row of a step: of two the one whose name is of the step's side."""
        base = self.writer.parts.base
        target = self.model.places.find_table(step.entity)
        foreign = self.writer.parts.table(base).foreign_keys.values()
        pairs = [pair(self.schema, one) for one in foreign if one.references == target]
        keys = [one[0][0] for one in pairs if len(one) == 1]
        if len(keys) > 1:
            wanted = SOURCE if self._sign(step) == "-" else TARGET
            keys = [one for one in keys if {*split_words(one)} & wanted]
        if len(keys) != 1:
            return None
        setting = self.writer.settings.get(self.writer.parts.table(base).columns[keys[0]].field)
        # who is found by the step is not known before
        return None if setting is not None and setting.value == "missing" else keys[0]

    def _source(self, column: str) -> Source:
        about = self.writer.parts.table(self.writer.parts.base).columns[column]
        setting = self.writer.settings.get(about.field)
        return setting.source if setting is not None and setting.source != "constant" else "row"

    def _own_columns(self) -> tuple[str, ...]:
        return tuple(self.writer.parts.table(self.writer.parts.base).columns)

    def _is_amount(self, field: str) -> bool:
        return bool({*split_words(field)} & {"amount", "quantity", "value", "units", "points"})

    def _find_line(self, parts: Parts) -> str | None:
        """The parts of what is written, of which each moves a row of the step: the lines of an order, which name products."""
        references = self.model.references
        wanted = {one.target for one in references.list_from(parts.entity)}
        for one in references.list_to(self.pattern.entity):
            beside = {each.target for each in references.list_from(one.entity) if each.field != one.field}
            if one.entity != parts.entity and wanted & beside:
                fields = self.model.fields(one.entity)
                if any(self._is_amount(n) and about.type in NUMBERS for n, about in fields.items()):
                    return one.entity
        return None

    def _amount(self, parts: Parts, like: Column) -> Value | None:
        """How much moves: the amount of what is written, or of each of its lines."""
        kind = parts.table(like.table).columns[like.column].type
        line = self._find_line(parts)
        for entity in (self.pattern.entity, *([line] if line is not None else [])):
            for name, about in self.model.fields(entity).items():
                place = self.model.places.find_field(entity, name)
                if place is None or about.type not in NUMBERS or not self._is_amount(name):
                    continue
                column = key_column(parts.table(place.table), place.columns)
                # money moves money, and a count a count
                if (parts.table(place.table).columns[column].type in ("decimal", "money")) != (
                    kind in ("decimal", "money")
                ):
                    continue
                if entity == self.pattern.entity:
                    return Value(
                        source=self._source(column), name=f"new_{column}", like=like, parameter=f"new_{column}"
                    )
                return parts.bind(like, "row", column, text=f"{name} of the {entity}")
        return None

    # -- rows that are there

    def _change(self, parts: Parts, step: Step) -> Iterable[Statement]:
        """Rows of a step that is neither a new row nor a counter: their state is set where the verb says it, else they are locked."""
        state = self.model.writes.find_state(parts.entity)
        words = self.model.fields(parts.entity)[state].values if state is not None else ()
        after = next(
            (word for past in words_of.list_done(step.action or "") for word in words if snake(word) == past), None
        )
        found = self._find_rows(parts, step)
        if state is not None and after is not None and (place := parts.locate(state)) is not None:
            column = parts.first(place)
            assignments = [
                Assignment(column=column, value=Value(source="constant", name=after, like=column)),
                *self._touch(parts),
            ]
            yield Update(
                table=parts.base,
                entity=parts.entity,
                assignments=tuple(assignments),
                conditions=tuple(found),
                purpose=_say(step, None),
            )
            return
        if step.action in words_of.CHANGING:
            names = [
                n
                for n, one in parts.table(parts.base).columns.items()
                if one.field and n not in parts.table(parts.base).primary_key and one.type in NUMBERS
            ]
            assignments = [
                Assignment(
                    column=parts.column(parts.base, n),
                    value=parts.bind(parts.column(parts.base, n), "server", f"new_{n}", text="computed"),
                )
                for n in names
            ]
            assignments += self._touch(parts)
            if assignments:
                yield Update(
                    table=parts.base,
                    entity=parts.entity,
                    assignments=tuple(assignments),
                    conditions=tuple(found),
                    purpose=_say(step, None),
                )
                return
        key = parts.table(parts.base).primary_key
        columns = tuple(Output(column=parts.column(parts.base, one), label=one) for one in key)
        yield Read(
            table=parts.base, source=parts.base, entity=parts.entity, columns=columns, conditions=tuple(found), rows="one",
            lock="update", purpose=_say(step, None),
        )  # fmt: skip

    def _lock(self, moves: list[Step]) -> Iterable[Statement]:
        """The rows of one table that several steps move, locked in the order of their keys, so that no two wait for each other."""
        for entity in dict.fromkeys(one.entity or "" for one in moves):
            steps = [one for one in moves if one.entity == entity]
            sides = [side for one in steps if (side := self._find_side(one)) is not None]
            parts = Parts(self.model, self.schema, entity)
            if len({*sides}) < 2 or not parts.is_relational or len(parts.table(parts.base).primary_key) != 1:
                continue
            column = parts.column(parts.base, parts.table(parts.base).primary_key[0])
            values = tuple(
                Value(source=self._source(side), name=f"new_{side}", like=column, parameter=f"new_{side}")
                for side in sides
            )
            yield Read(
                table=parts.base, source=parts.base, entity=entity, columns=(Output(column=column, label=column.column),),
                conditions=(Among(left=column, values=values),), order=(Order(column=column),), lock="update", purpose="lock in order",
            )  # fmt: skip


def _say(step: Step, side: Step | None) -> str:
    of = f" for the {side.action}" if side is not None else ""
    return f"{step.action} {step.entity}{of}"


__all__ = ["Steps"]
