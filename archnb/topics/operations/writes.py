"""Writes: rows that are made, changed or deleted, with where each value comes from and what a row must fulfil."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from archnb.design.conditions import read_value
from archnb.model import Model
from archnb.model.lookups import key_column
from archnb.planned.entities import AccessPattern, Setting
from archnb.planned.schema import Schema, Table
from archnb.planned.statements import (
    Among,
    AnyOf,
    Assignment,
    Column,
    Condition,
    Delete,
    Guard,
    Insert,
    Missing,
    Output,
    Predicate,
    Read,
    Statement,
    Update,
    Upsert,
    Value,
    Within,
    list_values,
)
from archnb.topics.operations.parts import Parts, Scope, conditions_of, key_read, pair

# the column with which the schema tells one version of a row from the next
VERSION = "version"


class Writer:
    """Makes the statements of one write."""

    def __init__(self, model: Model, schema: Schema, name: str, pattern: AccessPattern, own: tuple[str, ...]) -> None:
        self.model, self.schema, self.name, self.pattern, self.own = model, schema, name, pattern, own
        self.parts = Parts(model, schema, pattern.entity, own)
        self.settings = {one.field: one for one in pattern.sets}

    def write(self) -> list[Statement]:
        """The statements of the write itself, without its steps; none where the entity is in no relational store."""
        if not self.parts.is_relational:
            return []
        if self.pattern.kind == "create":
            return list(self._create())
        if self.pattern.kind == "delete":
            return [self._delete()]
        if self.pattern.is_upsert:
            return [self._upsert()]
        return list(self._update())

    # -- values

    def assign(self, parts: Parts, table: str, settings: Iterable[Setting], *, is_new: bool) -> list[Assignment]:
        """What a write sets in one of the tables of an entity; what is left to a default or stays missing is not set."""
        made: list[Assignment] = []
        for setting in settings:
            # a shared key stands in the tables of the general and of the special case
            own = tuple(name for name, one in parts.table(table).columns.items() if one.field == setting.field)
            place = parts.places.find_field(parts.entity, setting.field)
            for name in own or (place.columns if place is not None and place.table == table else ()):
                value = self._value(parts, table, name, setting, is_new=is_new)
                if value is not None:
                    made.append(Assignment(column=parts.column(table, name), value=value))
        return made

    def _value(self, parts: Parts, table: str, name: str, setting: Setting, *, is_new: bool) -> Value | None:
        column, about = parts.column(table, name), parts.table(table).columns[name]
        if setting.source == "caller":
            made = parts.bind(column, "caller", f"new_{name}")
            return replace(made, is_optional=not setting.is_required)
        text = read_value(setting.value)
        if setting.source == "token":
            made = parts.bind(column, "token", f"new_{name}", claim=setting.value)
            return replace(made, given_by=setting.given_by)
        if text.kind == "now":
            return parts.now(column, text.offset)
        if text.kind == "default":
            return None
        if text.kind == "missing":
            return (
                None
                if is_new and about.nullable and not about.default
                else Value(source="server", name="missing", like=column)
            )
        if text.kind == "generated":
            if is_new and _is_numbered(parts.table(table), name):
                return None
            return parts.bind(column, "server", f"new_{name}", text="generated")
        if text.kind == "computed":
            return parts.bind(column, "server", f"new_{name}", text="computed")
        if text.kind == "change":
            return self._change(parts, column, text.by, "+" if text.sign == "+" else "-")
        if text.kind == "word" and setting.source == "row":
            return self._copy(parts, column, text.text, name)
        if about.type == "currency":
            return parts.bind(column, "server", f"new_{name}", text="computed")
        return Value(source="constant", name=text.text, like=column)

    def _change(self, parts: Parts, column: Column, by: str, sign: str) -> Value:
        """The column's present value and another: a number, or a field of the same row."""
        place = parts.places.find_field(parts.entity, by) if not by[0].isdigit() else None
        if place is None and not by[0].isdigit():
            made = parts.bind(column, "caller", by, text=by)
            return replace(made, sign="+" if sign == "+" else "-", field="")
        if place is None or place.path:
            return Value(source="constant", name=by, like=column, sign="+" if sign == "+" else "-")
        there = parts.column(place.table, key_column(parts.table(place.table), place.columns))
        return Value(source="row", name=by, like=column, column=(there,), sign="+" if sign == "+" else "-")

    def _copy(self, parts: Parts, column: Column, path: str, name: str) -> Value | None:
        """A column of the row that a reference of the written row leads to, read within the statement."""
        first, _, rest = path.partition(".")
        reference = parts.model.fields(parts.entity).get(first)
        place = parts.places.find_field(parts.entity, first)
        if reference is None or place is None:
            return None
        if not rest or reference.references is None:
            there = parts.column(place.table, key_column(parts.table(place.table), place.columns))
            return Value(source="row", name=there.column, like=column, column=(there,))
        table = parts.places.find_table(reference.references)
        found = parts.places.find_field(reference.references, rest)
        if table is None or found is None or found.path or table not in parts.schema.tables:
            return None
        key = next(
            (one for one in parts.table(place.table).foreign_keys.values() if {*one.columns} >= {*place.columns}), None
        )
        if key is None:
            return None
        # of money each column is copied from its like
        kind = parts.table(column.table).columns[column.column].type
        like = next((one for one in found.columns if parts.table(table).columns[one].type == kind), found.columns[0])
        wanted = parts.column(table, like)
        conditions: list[Predicate] = []
        for here, there_name in pair(parts.schema, key):
            setting = self.settings.get(parts.table(place.table).columns[here].field)
            own = parts.column(place.table, here)
            given = f"new_{here}"
            source = setting.source if setting is not None and setting.source in ("caller", "token") else "server"
            value = Value(source=source, name=given, like=own, parameter=given, field=own.field)
            conditions.append(Condition(left=parts.column(table, there_name), operator="=", value=value))
        read = Read(
            table=table, source=table, entity=reference.references, columns=(Output(column=wanted, label=like),),
            conditions=tuple(conditions), rows="one", purpose="copy",
        )  # fmt: skip
        return Value(source="row", name=like, like=column, lookup=(read,))

    # -- create

    def _create(self) -> Iterable[Statement]:
        chain = self.parts.chain()
        for table in reversed(chain):
            self.parts.scope = Scope(self.parts.base)
            yield self.insert(self.parts, table, self.pattern.sets, is_child=table != chain[-1])

    def insert(
        self, parts: Parts, table: str, settings: tuple[Setting, ...], *, is_child: bool = False, purpose: str = ""
    ) -> Insert:
        """A new row of a table; what nobody sets and nothing gives by default comes from the server."""
        assignments = self.assign(parts, table, settings, is_new=True)
        if is_child:
            # what it has in common with the row above is taken from there
            assignments = [one for one in assignments if one.column.column not in parts.table(table).primary_key]
        taken = {one.column.column for one in assignments}
        told = {one.field for one in settings}
        record = parts.table(table)
        keys = []
        for name, about in record.columns.items():
            if name in taken:
                continue
            column = parts.column(table, name)
            if name in record.primary_key and is_child:
                above = next(
                    one
                    for one in record.foreign_keys.values()
                    if name in one.columns and one.references in parts.chain()
                )
                origin = f"{above.references}.{above.referenced[above.columns.index(name)]}"
                value = replace(parts.bind(column, "row", f"new_{name}"), origin=origin)
                assignments.append(Assignment(column=column, value=value))
            elif _is_numbered(record, name):
                keys.append(column)
            elif not purpose and not about.field and _is_reference(record, name):
                # the row of a relationship, which no field says
                value = parts.bind(column, "caller", f"new_{name}", text=name)
                assignments.append(Assignment(column=column, value=replace(value, is_optional=about.nullable)))
            elif about.field not in told and not about.nullable and not about.default:
                assignments.append(
                    Assignment(column=column, value=parts.bind(column, "server", f"new_{name}", text="computed"))
                )
        order = {name: n for n, name in enumerate(record.columns)}
        assignments.sort(key=lambda one: order[one.column.column])
        assignments = list(share(assignments))
        is_stream = self.pattern.is_async or (
            parts.entity in self.model.design.entities and self.model.lifetimes.is_append_only(parts.entity)
        )
        is_repeatable = not keys and is_stream and set(record.primary_key) <= {one.column.column for one in assignments}
        is_natural = (
            not parts.model.keys.find(parts.entity).is_generated
            if parts.entity in self.model.design.entities
            else False
        )
        return Insert(
            table=table, entity=parts.entity, assignments=tuple(assignments), keys=tuple(keys),
            is_repeatable=is_repeatable and is_natural, purpose=purpose,
        )  # fmt: skip

    # -- find

    def find(self, table: str) -> list[Predicate]:
        """The conditions of the rows that a write finds: by its fields, or else by the primary key."""
        parts = self.parts
        if not self.pattern.by and not self.pattern.many and not self.pattern.where:
            return [
                Condition(
                    left=parts.column(table, one),
                    operator="=",
                    value=parts.bind(parts.column(table, one), "caller", one),
                )
                for one in parts.table(table).primary_key
            ]
        found = conditions_of(parts, self.pattern)
        if not parts.joins and all(_is_on(one, table) for one in found):
            return found
        own = tuple(parts.column(table, one) for one in parts.table(table).primary_key)
        read = key_read(parts, found)
        parts.scope.joins.clear()
        return [Within(left=own, read=read)]

    @property
    def rows(self) -> str:
        """Whether one row is meant or every one that is found."""
        return "many" if self.pattern.many else "one"

    # -- change

    def _update(self) -> Iterable[Statement]:
        parts = self.parts
        before = self.model.writes.find_precondition(self.name)
        is_step = self.model.writes.find_step(self.name) is not None
        mark = self.model.writes.find_mark(self.name)
        for table in parts.chain():
            parts.scope = Scope(parts.base)
            found = self.find(table)
            assignments = self.assign(parts, table, self.pattern.sets, is_new=False)
            guards: list[Guard] = []
            if (
                before is not None
                and (place := parts.places.find_field(parts.entity, before.field)) is not None
                and place.table == table
            ):
                column = parts.column(table, place.columns[0])
                values = tuple(Value(source="constant", name=word, like=column) for word in before.states)
                guards.append(
                    Guard(
                        kind="state",
                        predicate=Among(left=column, values=values),
                        reason=before.reason,
                    )
                )
                guards += self._untaken(table) if is_step else ()
            if (
                mark is not None
                and (place := parts.places.find_field(parts.entity, mark)) is not None
                and place.table == table
            ):
                guards.append(self._forwards(table, place.columns[0], assignments))
            guards += [
                Guard(kind="amount", predicate=Condition(left=one.column, operator=">=", value=replace(one.value, sign="")), reason=f"{one.column.column} never falls below what is taken")
                for one in assignments
                if one.value.sign == "-" and one.column.column != VERSION
            ]  # fmt: skip
            if VERSION in parts.table(table).columns:
                # a step is taken once, from a state that it leaves; what leaves the state as it is can be overwritten
                is_free = not guards or (not is_step and all(one.kind == "state" for one in guards))
                # what is added to, or taken from, what is there loses no other change
                is_moved = bool(assignments) and all(one.value.sign for one in assignments)
                is_guarded = is_free and not self.pattern.many and not is_moved
                guards += self._version(table, assignments, is_guarded=is_guarded)
            if not assignments:
                continue
            yield Update(
                table=table, entity=parts.entity, assignments=tuple(assignments),
                conditions=(*found, *(one.predicate for one in guards)), rows="many" if self.pattern.many else "one", guards=tuple(guards),
            )  # fmt: skip

    def _untaken(self, table: str) -> list[Guard]:
        """That nobody has taken the row yet, where the write makes the caller the one who has it."""
        found = []
        for one in self.pattern.sets:
            place = self.parts.places.find_field(self.parts.entity, one.field)
            if one.source != "token" or one.value != "caller" or place is None or place.table != table:
                continue
            column = self.parts.column(table, place.columns[0])
            if self.parts.is_nullable(column) and not one.field.endswith("_by"):
                found.append(
                    Guard(kind="state", predicate=Missing(left=column), reason=f"nobody is its {one.field} yet")
                )
        return found

    def _forwards(self, table: str, name: str, assignments: list[Assignment]) -> Guard:
        column = self.parts.column(table, name)
        value = next((one.value for one in assignments if one.column.column == name), None) or self.parts.bind(
            column, "caller", f"new_{name}"
        )
        ahead: Predicate = Condition(left=column, operator="<", value=value)
        if self.parts.is_nullable(column):
            ahead = AnyOf(parts=(Missing(left=column), ahead))
        return Guard(
            kind="order",
            predicate=ahead,
            reason="it moves forwards only: of two that arrive out of order the later one stays",
        )

    def _version(self, table: str, assignments: list[Assignment], *, is_guarded: bool) -> list[Guard]:
        """The row's version, one more with each change; compared where nothing else guards the change."""
        record = self.parts.table(table)
        about = record.columns.get(VERSION)
        if about is None or about.type not in ("int", "bigint", "smallint") or not assignments:
            return []
        column = self.parts.column(table, VERSION)
        if not any(one.column.column == VERSION for one in assignments):
            assignments.append(
                Assignment(column=column, value=Value(source="constant", name="1", like=column, sign="+"))
            )
        if not is_guarded:
            return []
        value = self.parts.bind(column, "caller", VERSION)
        reason = (
            "the version that was read must still be there: the second of two edits made from one reading is refused"
        )
        return [Guard(kind="version", predicate=Condition(left=column, operator="=", value=value), reason=reason)]

    def _upsert(self) -> Upsert:
        parts = self.parts
        table = parts.base
        record = parts.table(table)
        settings = [*self.pattern.sets]
        given = [Setting(field=one, source="token" if one in self.own else "caller", value="caller" if one in self.own else "", is_required=True)
                 for one in self.pattern.by if one not in self.settings]  # fmt: skip
        insert = self.insert(parts, table, (*given, *settings))
        keys = {*record.primary_key}
        unique = next((one.columns for one in record.uniques.values()), ())
        found = {
            place.columns
            for one in self.pattern.by
            if (place := parts.places.find_field(parts.entity, one)) is not None
        }
        asked = {name for columns in found for name in columns}
        on = tuple(unique) if unique and set(unique) <= asked and not keys <= asked else record.primary_key
        moment = self.model.writes.find_moment(self.name)
        changes = [
            one for one in insert.assignments if one.column.column not in {*on, *keys} and one.value.name != "generated"
        ]
        conditions: list[Predicate] = []
        guards: list[Guard] = []
        if moment is not None and (place := parts.places.find_field(parts.entity, moment)) is not None:
            column = parts.column(table, place.columns[0])
            value = next((one.value for one in insert.assignments if one.column.column == column.column), None)
            if value is not None:
                later = Condition(left=column, operator="<", value=value)
                conditions.append(later)
                guards.append(Guard(kind="order", predicate=later, reason=f"of two devices the later {moment} wins"))
        return Upsert(
            table=table, entity=parts.entity, assignments=insert.assignments, on=tuple(parts.column(table, one) for one in on),
            changes=tuple(changes), conditions=tuple(conditions), guards=tuple(guards),
        )  # fmt: skip

    def _delete(self) -> Statement:
        parts = self.parts
        marks = list(self.pattern.sets)
        place = parts.places.find_field(parts.entity, marks[0].field) if marks else None
        if place is not None:
            # the row stays, and says that it is deleted
            found = self.find(place.table)
            assignments = self.assign(parts, place.table, marks, is_new=False)
            self._version(place.table, assignments, is_guarded=False)
            return Update(
                table=place.table, entity=parts.entity, assignments=tuple(assignments), conditions=tuple(found),
                rows="many" if self.pattern.many else "one", purpose="delete",
            )  # fmt: skip
        # the parent's row goes, and the child's with it (on delete cascade)
        table = parts.chain()[-1]
        return Delete(
            table=table,
            entity=parts.entity,
            conditions=tuple(self.find(table)),
            rows="many" if self.pattern.many else "one",
        )


def find_row(writer: Writer, pattern: AccessPattern, statements: Iterable[Statement]) -> tuple[Read, ...]:
    """The read of the row that a change is about, locked before it, where other statements need more of it than is asked by."""
    parts, found = writer.parts, list(statements)
    if pattern.kind == "create" or pattern.is_upsert or pattern.many:
        return ()
    base, values = parts.base, (each for one in found for each in list_values(one))
    needed = {
        each.origin.partition(".")[2]
        for value in values
        for each in (value, *(member.value for member in value.members))
        if each.origin.partition(".")[0] == base
    }
    key = {*parts.table(base).primary_key}
    main = next((one for one in found if one.table == base and isinstance(one, Update | Delete)), None)
    if main is None or not needed or (needed <= key and not pattern.by) or pattern.by == ("id",):
        return ()
    guards = [one.predicate for one in main.guards]
    columns = tuple(
        Output(column=parts.column(base, one), label=one) for one in parts.table(base).columns if one in needed | key
    )
    return (
        Read(
            table=base, source=base, entity=parts.entity, columns=columns, rows="one", lock="update", name=base,
            conditions=tuple(one for one in main.conditions if one not in guards), purpose=f"find the {parts.entity}",
        ),
    )  # fmt: skip


def share(assignments: Iterable[Assignment]) -> tuple[Assignment, ...]:
    """The assignments, where the reads of other rows take their values from where the row's own columns take them."""
    found = tuple(assignments)
    values = {one.value.parameter: one.value for one in found if one.value.parameter}
    made = []
    for one in found:
        lookup = tuple(
            replace(
                read,
                conditions=tuple(
                    replace(each, value=replace(values[each.value.parameter], like=each.left))
                    if isinstance(each, Condition) and each.value.parameter in values
                    else each
                    for each in read.conditions
                ),
            )
            for read in one.value.lookup
        )
        made.append(replace(one, value=replace(one.value, lookup=lookup)) if lookup else one)
    return tuple(made)


def _is_on(one: Predicate, table: str) -> bool:
    """Whether a predicate is about columns of one table alone."""
    if isinstance(one, Condition | Among | Missing):
        return one.left.table == table
    return False


def _is_reference(table: Table, column: str) -> bool:
    """Whether a column by itself refers to a row of another table."""
    return any(one.columns == (column,) for one in table.foreign_keys.values())


def _is_numbered(table: Table, column: str) -> bool:
    """Whether the engine makes the values of a column."""
    about = table.columns[column]
    is_number = about.is_generated and about.type in ("key", "bigint", "int", "smallint")
    # of a key of several columns an engine numbers the first at most
    return is_number and (column not in table.primary_key or table.primary_key[:1] == (column,))


__all__ = ["VERSION", "Writer", "find_row", "share"]
