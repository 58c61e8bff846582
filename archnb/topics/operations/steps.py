"""The steps of a write in its own store, as statements of the same transaction: rows made, counters moved, rows locked in order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from archnb.design.entities import Step
from archnb.model import Model
from archnb.model import write_words as words_of
from archnb.naming import snake, split_words
from archnb.planned.entities import AccessPattern, Setting
from archnb.planned.schema import Schema
from archnb.planned.statements import (
    Among,
    Assignment,
    Condition,
    Delete,
    Guard,
    Insert,
    Order,
    Output,
    Predicate,
    Read,
    Statement,
    Update,
    Value,
)
from archnb.topics.operations.lines import Arrays, Lines, Written, is_amount
from archnb.topics.operations.parts import Parts, pair
from archnb.topics.operations.writes import VERSION, Writer, share

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

    def __init__(
        self, model: Model, schema: Schema, name: str, pattern: AccessPattern, writer: Writer, arrays: Arrays
    ) -> None:
        self.model, self.schema, self.name, self.pattern, self.writer = model, schema, name, pattern, writer
        self.home = model.places.find_home(pattern.entity)
        self.arrays = arrays
        self.written = Written(model, schema, pattern, writer)
        self.lines = Lines(model, schema, pattern, self.written, arrays)

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
        made = {one.entity for one in self.local if one.action == "create"}
        for entity in self.arrays:
            # what travels in the body is made with the row that it belongs to
            if entity not in made and self.pattern.kind == "create":
                parts = Parts(self.model, self.schema, entity)
                after += [self._insert(parts, f"create {entity}", None)] if parts.is_relational else []
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
        after += self.lines.total(after)
        return before, after

    def _sign(self, step: Step) -> str:
        return "-" if step.action in words_of.TAKING else "+" if step.action in (*words_of.GIVING, "refund") else ""

    # -- rows that are made

    def _create(self, parts: Parts, step: Step, moves: list[Step]) -> Iterable[Statement]:
        """A row of the step's entity; where money or goods move, one for each side, the signs against each other."""
        entity = parts.entity
        # a row of the account that is debited, and one of the account that is credited
        sides = self.model.writes.list_sides(moves, entity)
        if len(sides) < 2:
            yield self._insert(parts, _say(step, None), None)
            return
        for side in sides:
            yield self._insert(Parts(self.model, self.schema, entity), _say(step, side), side)

    def _insert(self, parts: Parts, purpose: str, side: Step | None) -> Insert:
        """A row that is made along: one for each item of the body where it has an array of them."""
        settings = self.model.writes.list_step_settings(self.name, parts.entity)
        array = self.arrays.get(parts.entity) if side is None else None
        given = array.fields if array is not None else ()
        planned = tuple(
            Setting(
                field=one.field,
                source="caller" if one.field in given else one.source,
                value="" if one.field in given else one.value,
                is_required=one.field in given and array is not None and one.field in array.required,
            )
            for one in settings
        )
        made = self.writer.insert(parts, parts.base, planned, purpose=purpose)
        each = array.name if array is not None else ""
        assignments = [
            replace(one, value=replace(one.value, origin=each)) if one.column.field in given else one
            for one in (self._tie(parts, one, side) for one in made.assignments)
        ]
        return replace(made, assignments=share(assignments), each=each)

    def _tie(self, parts: Parts, one: Assignment, side: Step | None) -> Assignment:
        """A value of a row that belongs to what is written: its key, the same reference, the amount with the side's sign."""
        about = self.model.fields(parts.entity).get(one.column.field)
        if about is None:
            return one
        name = one.column.column
        if about.references == self.pattern.entity:
            return replace(one, value=self.written.key(one.column))
        if side is not None and about.references == side.entity:
            place = self._find_side(side)
            if place is not None:
                return replace(one, value=self.written.value(place, one.column))
        if side is not None and about.type in NUMBERS and is_amount(one.column.field):
            if parts.table(parts.base).columns[name].type == "currency":
                currency = next((c for c, each in self.written.table.columns.items() if each.type == "currency"), None)
                return one if currency is None else replace(one, value=self.written.value(currency, one.column))
            amount = self.lines.amount(parts, one.column, None)
            if amount is not None:
                return replace(one, value=replace(amount, sign="-" if self._sign(side) == "-" else ""))
        return one

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
        side = self._find_side(step)
        line = self.lines.find(parts) if side is None and self._find_back(parts) is None else None
        amount = self.lines.amount(parts, column, line) or Value(
            source="row", name="amount", like=column, parameter="amount"
        )
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
                value = replace(amount, like=left, column=(column,), sign="+")
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
        each = self.lines.name(line) if line is not None else ""
        found = self._find_rows(parts, step)
        if line is not None:
            found = self.lines.conditions(parts, line)
            if line not in self.arrays:
                yield self.lines.read(line)
        opened = [one for one in found if _is_open(one)]
        if opened and len(opened) < len(found):
            # of the rows with the part that is known the first that has enough
            chosen = self._choose(parts, step, found, guards, each)
            found = [self._take(one, chosen) for one in found]
            yield chosen
        yield Update(
            table=parts.base, entity=parts.entity, assignments=tuple(assignments), conditions=(*found, *(one.predicate for one in guards)),
            rows="one", guards=tuple(guards), purpose=_say(step, None), each=each,
        )  # fmt: skip
        if line is not None:
            yield from self._keep_record(parts, step, line, found, amount)

    def _choose(self, parts: Parts, step: Step, found: list[Predicate], guards: list[Guard], each: str) -> Read:
        """Which row is moved, where several would do: the first by key that has enough left, locked."""
        known = [one for one in found if not _is_open(one)]
        key = parts.table(parts.base).primary_key
        return Read(
            table=parts.base, source=parts.base, entity=parts.entity,
            columns=tuple(Output(column=parts.column(parts.base, one), label=one) for one in key),
            conditions=(*known, *(one.predicate for one in guards)), order=tuple(Order(column=parts.column(parts.base, one)) for one in key),
            limit=1, rows="one", lock="update", purpose=f"choose {step.entity}", name=parts.base, each=each,
        )  # fmt: skip

    def _take(self, one: Predicate, chosen: Read) -> Predicate:
        if not isinstance(one, Condition) or not _is_open(one):
            return one
        return replace(one, value=replace(one.value, origin=f"{chosen.name}.{one.left.column}"))

    def _keep_record(
        self, parts: Parts, step: Step, line: str, found: list[Predicate], amount: Value
    ) -> Iterable[Statement]:
        """What a step that reserves leaves behind for whoever gives it back: a row that says of what, and how much; it goes when
        that is given back."""
        entity = self.lines.find_record(step)
        if entity is None:
            return
        record = Parts(self.model, self.schema, entity)
        if not record.is_relational:
            return
        if entity == line and self._sign(step) == "+":
            conditions = self.lines.belonging(record)
            purpose = f"{_say(step, None)}: the {entity} goes"
            yield Delete(table=record.base, entity=entity, conditions=conditions, rows="many", purpose=purpose)
            return
        if self.pattern.kind != "create" or self._sign(step) != "-":
            return
        values = {one.left.column: one.value for one in found if isinstance(one, Condition)}
        targets = {
            here: key.references
            for key in parts.table(parts.base).foreign_keys.values()
            for here, _ in pair(self.schema, key)
        }
        made = self._insert(record, f"{_say(step, None)}: a {entity}", None)
        assignments = []
        for one in made.assignments:
            own = next(
                (
                    key.references
                    for key in record.table(record.base).foreign_keys.values()
                    if one.column.column in key.columns
                ),
                "",
            )
            same = next((values[here] for here, there in targets.items() if there == own and here in values), None)
            if same is not None:
                one = replace(one, value=replace(same, like=one.column))
            elif is_amount(one.column.field) and not one.value.origin:
                one = replace(one, value=replace(amount, like=one.column, sign=""))
            assignments.append(one)
        yield replace(made, assignments=tuple(assignments), each=self.lines.name(line))

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
        """The row that a step is about: over the reference of what is written, or by that of the step's own row to it."""
        side = self._find_side(step)
        key = parts.table(parts.base).primary_key
        if side is not None and len(key) == 1:
            column = parts.column(parts.base, key[0])
            return [Condition(left=column, operator="=", value=self.written.value(side, column))]
        back = self._find_back(parts)
        if back is not None:
            column = parts.column(parts.base, back[0])
            return [Condition(left=column, operator="=", value=self.written.key(column))]
        # what the written row refers to as well, at once or over one more reference; the rest the program has to find
        return [
            Condition(
                left=column,
                operator="=",
                value=self.written.common(parts, one) or Value(source="row", name=one, like=column, parameter=one),
            )
            for one in key
            for column in [parts.column(parts.base, one)]
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
            if names:
                # what is computed from a row is written to the same row: nobody else may change it between
                yield self._hold(parts, found, f"read {parts.entity}, of which {_say(step, None)} is computed", *names)
            if assignments:
                yield Update(
                    table=parts.base,
                    entity=parts.entity,
                    assignments=tuple(assignments),
                    conditions=tuple(found),
                    purpose=_say(step, None),
                )
                return
        yield self._hold(parts, found, _say(step, None))

    @staticmethod
    def _hold(parts: Parts, found: Iterable[Predicate], purpose: str, *names: str) -> Read:
        """A row read and locked until the transaction ends: its key, and the columns that are asked for."""
        columns = dict.fromkeys((*parts.table(parts.base).primary_key, *names))
        return Read(
            table=parts.base, source=parts.base, entity=parts.entity, conditions=tuple(found), rows="one", lock="update", purpose=purpose,
            columns=tuple(Output(column=parts.column(parts.base, one), label=one) for one in columns),
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
            values = tuple(self.written.value(side, column) for side in sides)
            yield Read(
                table=parts.base, source=parts.base, entity=entity, columns=(Output(column=column, label=column.column),),
                conditions=(Among(left=column, values=values),), order=(Order(column=column),), lock="update", purpose="lock in order",
            )  # fmt: skip


def _is_open(one: Predicate) -> bool:
    """Whether a condition's value is one that the program has to find."""
    if not isinstance(one, Condition):
        return False
    value = one.value
    return value.source == "row" and not value.origin and not value.lookup and not value.column


def _say(step: Step, side: Step | None) -> str:
    of = f" for the {side.action}" if side is not None else ""
    return f"{step.action} {step.entity}{of}"


__all__ = ["Steps"]
