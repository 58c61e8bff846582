"""Tables from entities and relationships: columns, keys, constraints, and the reason of each choice.

Names: a table is its entity in snake_case (singular unless plural was said), a reference `customer` the column
`customer_id`, money `total` the two columns `total_amount` and `total_currency`. Constraints are named as PostgreSQL
names them: `<table>_<columns>_key`, `_fkey`, `_check`, `_idx`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from archnb.design.entities import Field, OnDelete
from archnb.design.record import Named
from archnb.design.schema import Check, Column, Exclusion, ForeignKey, SchemaTable, Store, Unique
from archnb.engines import find_engine, is_relational
from archnb.model.identifiers import claim, claim_folded, quote_ansi, quote_text, shorten
from archnb.model.places import find_main
from archnb.naming import plural, snake, with_article, words
from archnb.topics.topic import Draft

NUMERIC = ("int", "bigint", "smallint", "decimal", "float", "money")
# the longest value that a standard allows: e-mail RFC 5321, phone E.164 with its plus, language BCP 47
LENGTHS = {"email": 254, "phone": 16, "country": 2, "currency": 3, "language": 35}


@dataclass
class Building:
    """A table on its way: what goes into the record, and why."""

    name: str
    entity: str
    store: str
    columns: dict[str, Column] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    uniques: dict[str, Unique] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)
    exclusions: dict[str, Exclusion] = field(default_factory=dict)
    foreign_keys: dict[str, ForeignKey] = field(default_factory=dict)
    soft_delete: str | None = None
    append_only: bool | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    comment: str | None = None

    def add(self, name: str, column: Column) -> str:
        """Add a column under the first free form of a name; gives that name."""
        made = claim(name, self.columns)
        self.columns[made] = column
        return made

    def name_of(self, columns: tuple[str, ...], ending: str, taken: dict[str, Any]) -> str:
        """The name of a constraint over columns."""
        return claim("_".join((self.name, *columns, ending)), taken)

    def add_unique(self, columns: tuple[str, ...], reason: str) -> None:
        """Add a unique, unless the columns are already."""
        if set(columns) == set(self.primary_key) or any(
            set(one.columns) == set(columns) for one in self.uniques.values()
        ):
            return
        name = self.name_of(columns, "key", self.uniques)
        self.uniques[name] = Unique(columns=columns)
        self.reasons[f"uniques.{name}"] = reason

    def add_whole_unique(self, columns: tuple[str, ...], reason: str) -> None:
        """Add a unique of all rows, which a foreign key may refer to, unless the columns are one already."""
        if any(set(one.columns) == set(columns) and one.where is None for one in self.uniques.values()):
            return
        name = self.name_of(columns, "key", self.uniques)
        self.uniques[name] = Unique(columns=columns)
        self.reasons[f"uniques.{name}"] = reason

    def set_on_delete(self, key: str, rule: OnDelete) -> None:
        """Say otherwise what happens when the row goes that a key refers to."""
        self.foreign_keys[key] = dataclasses.replace(self.foreign_keys[key], on_delete=rule)

    def add_check(self, columns: tuple[str, ...], condition: str, reason: str) -> None:
        """Add a check."""
        name = self.name_of(columns, "check", self.checks)
        self.checks[name] = Check(condition=condition)
        self.reasons[f"checks.{name}"] = reason

    def add_foreign_key(
        self, columns: tuple[str, ...], table: str, referenced: tuple[str, ...], on_delete: OnDelete, reason: str
    ) -> None:
        """Add a foreign key."""
        name = self.name_of(columns, "fkey", self.foreign_keys)
        self.foreign_keys[name] = ForeignKey(
            columns=columns, references=table, referenced=referenced, on_delete=on_delete, on_update="no action"
        )
        self.reasons[f"foreign_keys.{name}"] = reason


class Builder:
    """Makes the tables of a draft whose stores are chosen. `home` names each entity's store."""

    def __init__(self, draft: Draft, stores: Named[Store], home: dict[str, str]) -> None:
        self.draft, self.design, self.stores, self.home = draft, draft.design, stores, home
        self.said = draft.said.schema.tables
        self.main = find_main(stores)
        self.is_plural = draft.said.schema.naming == "plural"
        self.tables: dict[str, Building] = {}
        self.keys: dict[str, dict[str, Column]] = {}
        self.names: dict[str, str] = {}
        self._name_tables()

    def _name_tables(self) -> None:
        taken = {name.casefold() for name in self.said}
        by_entity: dict[str, str] = {}
        for table, one in self.said.items():
            if one.entity is not None:
                by_entity.setdefault(one.entity, table)
        free = {table for table, one in self.said.items() if one.entity is None}
        for kind in (self.design.entities, self.design.relationships):
            for name in kind:
                plain = snake(name)
                own = plural(plain) if self.is_plural else plain
                found = by_entity.get(name) or next((t for t in (name, plain, plural(plain)) if t in free), None)
                self.names[name] = found or claim_folded(own, taken)
                free.discard(self.names[name])
                taken.add(self.names[name].casefold())

    # -- keys

    def key_of(self, entity: str) -> dict[str, Column]:
        """The primary key columns of an entity's table."""
        if entity not in self.keys:
            # while a key is being worked out, an entity that refers back to itself sees a number
            self.keys[entity] = {"id": Column(type="key", nullable=False, is_generated=True)}
            self.keys[entity] = self._make_key(entity)
        return self.keys[entity]

    def _make_key(self, entity: str) -> dict[str, Column]:
        said = self.said.get(self.names[entity])
        if said is not None and said.columns:
            return {name: said.columns[name] for name in said.primary_key}
        record = self.design.entities[entity]
        if record.extends is not None and record.extends in self.design.entities:
            parent = self.key_of(record.extends)
            return {name: dataclasses.replace(_as_reference(one), field=one.field) for name, one in parent.items()}
        made: dict[str, Column] = {}
        for name in self.key_fields(entity):
            for column_name, column in self.columns_for(name, record.fields[name]):
                made[claim(column_name, made)] = dataclasses.replace(column, nullable=False)
        return made or {"id": Column(type="key", nullable=False, is_generated=True, field="id")}

    def key_fields(self, entity: str) -> tuple[str, ...]:
        """The fields that make an entity's own key."""
        key = self.draft.model.keys.find(entity)
        return key.fields if key.is_declared else ()

    # -- columns

    def columns_for(self, name: str, one: Field) -> list[tuple[str, Column]]:
        """The columns of one field, named but not yet unique."""
        plain = snake(name)
        is_null = bool(one.optional)
        note = "personal data" if one.personal else None
        note = "secret" if one.secret else note
        comment = "; ".join(part for part in (note, one.comment) if part) or None
        if one.references is not None and one.references in self.design.entities:
            key = self.key_of(one.references)
            stem = plain.removesuffix("_id")
            made = []
            for key_name, column in key.items():
                wanted = f"{stem}_id" if len(key) == 1 else f"{stem}_{key_name}"
                made.append(
                    (wanted, dataclasses.replace(_as_reference(column), nullable=is_null, field=name, comment=comment))
                )
            return made
        if one.type == "money":
            amount = Column(
                type="decimal", length=19, scale=4, nullable=is_null, field=name, comment=comment, default=_default(one)
            )
            stem = plain.removesuffix("amount").rstrip("_")
            currency = Column(type="currency", length=3, nullable=is_null, field=name)
            return [(f"{stem}_amount".lstrip("_"), amount), (f"{stem}_currency".lstrip("_"), currency)]
        is_identity = one.type == "key"
        length, scale = one.length or LENGTHS.get(one.type or ""), one.scale
        if one.type == "decimal" and length is None:
            length, scale = 19, 4
        made_column = Column(
            type=one.type, length=length, scale=scale, values=one.values, nullable=is_null, default=_default(one),
            is_generated=True if is_identity else None, native=one.native, field=name, comment=comment,
        )  # fmt: skip
        return [(plain, made_column)]

    def add_fields(self, table: Building, fields: dict[str, Field], owner_fields: tuple[str, ...] = ()) -> None:
        """Add the columns of fields with what constrains them. `owner_fields` are references that a row belongs to."""
        for name, one in fields.items():
            columns = [n for n, column in table.columns.items() if column.field == name]
            if not columns:
                columns = [table.add(wanted, column) for wanted, column in self.columns_for(name, one)]
            own = tuple(columns)
            if one.references is not None and one.references in self.design.entities:
                self._add_reference(table, name, one, own, name in owner_fields)
            if one.unique:
                kind = " without regard to case, as e-mail addresses are" if one.type == "email" else ""
                table.add_unique(
                    own,
                    f"{name} was said to be unique; it is compared{kind}."
                    if kind
                    else f"{name} was said to be unique.",
                )
            self._add_checks(table, name, one, own)

    def _add_reference(self, table: Building, name: str, one: Field, columns: tuple[str, ...], is_owner: bool) -> None:
        assert one.references is not None
        target = self.names[one.references]
        is_elsewhere = self.home.get(one.references) != table.store
        engine = find_engine(self.stores[table.store].engine)
        if is_elsewhere or engine is None or not engine.has("foreign keys"):
            why = "which is in another store: no foreign key can hold it"
            if not is_elsewhere and engine is not None:
                why = f"and {engine.label} has no foreign keys to hold it"
            for column in columns:
                table.reasons[f"columns.{column}"] = f"the key of {target}, {why}, the service must."
            return
        if one.on_delete is not None:
            rule, reason = one.on_delete, f"{name} was said to be '{one.on_delete}'."
        elif is_owner:
            rule, reason = (
                "cascade",
                f"{with_article(words(table.name))} belongs to its {target} (it is part of its key) and goes with it.",
            )
        elif one.optional and self._is_presence_checked(table.name, columns):
            rule, reason = (
                "restrict",
                f"a check says when {name} may be missing, so that removing the {target} cannot just empty it.",
            )
        elif one.optional:
            rule, reason = "set null", f"{name} is optional: the {table.name} outlives the {target}."
        else:
            rule, reason = (
                "restrict",
                f"{with_article(words(table.name))} needs its {target}: removing one in use must fail instead of losing rows.",
            )
        table.add_foreign_key(
            columns, target, tuple(self.key_of(one.references)), rule, f"{name} refers to {one.references}; {reason}"
        )

    def _is_presence_checked(self, table: str, columns: tuple[str, ...]) -> bool:
        """Whether a check that was said of a table speaks of a column's being NULL."""
        said = self.said.get(table)
        conditions = [] if said is None else [(one.condition or "").casefold() for one in said.checks.values()]
        return any("null" in one and any(column.casefold() in one for column in columns) for one in conditions)

    def _add_checks(self, table: Building, name: str, one: Field, columns: tuple[str, ...]) -> None:
        first = quote_ansi(columns[0])
        if one.type == "enum" and one.values:
            table.add_check(columns[:1], f"{first} IN ({', '.join(quote_text(word) for word in one.values)})",
                "text with a check instead of the engine's enum type: the same on every engine, and a word is added without rewriting or locking by type.")  # fmt: skip
        if one.type in NUMERIC:
            limits = [
                f"{first} {sign} {_number(value)}"
                for sign, value in ((">=", one.minimum), ("<=", one.maximum))
                if value is not None
            ]
            if limits:
                table.add_check(
                    columns[:1],
                    " AND ".join(limits),
                    f"the limits said for {name}: no path around the service breaks them.",
                )
        elif one.type in ("text", "char", "code") and one.minimum is not None:
            table.add_check(
                columns[:1], f"CHAR_LENGTH({first}) >= {_number(one.minimum)}", f"the least length said for {name}."
            )
        if one.type == "money":
            table.reasons[f"columns.{columns[0]}"] = (
                "money is an exact numeric(19,4), never a float, and its currency a column beside it: four decimals hold every ISO 4217 currency "
                "and unit prices, and no amount is ever without its currency."
            )
            # an amount in a currency that another field says has no second column
            if one.optional and len(columns) > 1:
                both = f"({first} IS NULL) = ({quote_ansi(columns[1])} IS NULL)"
                table.add_check(columns, both, "an amount has a currency, and a currency an amount.")

    def is_relational(self, store: str) -> bool:
        """Whether a store keeps tables."""
        return is_relational(self.stores[store].engine)

    # -- tables

    def build(self) -> dict[str, Building]:
        """Every table that was not said in full, by name."""
        for name in self.design.entities:
            if not self._is_said_in_full(name):
                self.tables[self.names[name]] = self._build_entity(name)
        for name in self.design.relationships:
            self._build_relationship(name)
        return self.tables

    def _is_said_in_full(self, name: str) -> bool:
        said = self.said.get(self.names[name])
        return said is not None and bool(said.columns)

    def _build_entity(self, name: str) -> Building:
        record = self.design.entities[name]
        table = Building(self.names[name], name, self.home[name], comment=record.summary)
        key = self.key_of(name)
        table.columns.update(key)
        table.primary_key = tuple(key)
        owners: tuple[str, ...] = ()
        if record.extends is not None and record.extends in self.design.entities:
            parent = self.names[record.extends]
            table.reasons["primary_key"] = (
                f"{name} is a special case of {record.extends}: a joined table that shares its key, so that what is common is said once, "
                "references to either are checked, and no column is NULL only because a row is of another kind."
            )
            if self.is_relational(table.store) and self.home.get(record.extends) == table.store:
                table.add_foreign_key(
                    tuple(key),
                    parent,
                    tuple(key),
                    "cascade",
                    f"the row in {parent} is the same thing; they go together.",
                )
        else:
            fields = self.key_fields(name)
            references = [one for one in fields if record.fields[one].references is not None]
            owners = tuple(references[:1]) if len(fields) > 1 else ()
            table.reasons["primary_key"] = _why_key(record.fields, fields, table.primary_key)
        inherited = {c.field for c in key.values()}
        own = {
            n: f
            for n, f in record.fields.items()
            if not (record.extends and n in inherited and f.type in ("key", "uuid"))
        }
        self.add_fields(table, own, owners)
        for joined in record.unique:
            columns = tuple(
                column
                for part in joined.split("+")
                for column, one in table.columns.items()
                if one.field == part.strip()
            )
            if columns:
                table.add_unique(columns, f"'{joined}' was said to be unique together.")
        return table

    def _build_relationship(self, name: str) -> None:
        record = self.design.relationships[name]
        if len(record.between) != 2 or any(one not in self.design.entities for one in record.between):
            return
        first, second = record.between
        if record.kind in ("one-to-one", "one-to-many"):
            self._add_many_side(name, first, second)
            return
        if self._is_said_in_full(name):
            return
        home = self.home[first] if self.is_relational(self.home[first]) else self.main
        table = Building(self.names[name], name, home)
        key: list[str] = []
        for n, entity in enumerate((first, second)):
            stem = self.names[entity] if not self.is_plural else snake(entity)
            stem = f"other_{stem}" if n and first == second else stem
            wanted = [(f"{stem}_{one}", column) for one, column in self.key_of(entity).items()]
            columns = tuple(
                table.add(column_name, dataclasses.replace(_as_reference(column), nullable=False, field=None))
                for column_name, column in wanted
            )
            key += columns
            if self.home[entity] == home and self.is_relational(home):
                table.add_foreign_key(
                    columns,
                    self.names[entity],
                    tuple(self.key_of(entity)),
                    "cascade",
                    f"a pair goes with its {self.names[entity]}.",
                )
        table.primary_key = tuple(key)
        table.reasons["primary_key"] = (
            f"many-to-many: a junction table whose key is the pair, so that a pair is there once; {key[-1]} has an index for the way back."
        )
        self.add_fields(table, dict(record.fields))
        self.tables[table.name] = table

    def _add_many_side(self, name: str, first: str, second: str) -> None:
        """A one-to-one or one-to-many between the first (one) and the second: the key of the first goes into the second's table."""
        record = self.design.relationships[name]
        if self._is_said_in_full(second):
            return
        table = self.tables[self.names[second]]
        stem = snake(first) if self.names[first] != table.name else snake(name)
        one = Field(type="reference", references=first, optional=record.optional)
        wanted = self.columns_for(stem, one)
        columns = tuple(
            table.add(n, dataclasses.replace(c, field=None, comment=f"relationship {name}")) for n, c in wanted
        )
        self._add_reference(table, name, one, columns, False)
        if record.kind == "one-to-one":
            table.add_unique(columns, f"{name} is one-to-one: {with_article(words(self.names[first]))} is taken once.")
        self.add_fields(table, dict(record.fields))


def _as_reference(column: Column) -> Column:
    """A key's column as a column that refers to it: the same type, but numbered by nobody."""
    kind = "bigint" if column.type == "key" else column.type
    return dataclasses.replace(column, type=kind, is_generated=None, default=None, comment=None)


def _why_key(fields: Named[Field], names: tuple[str, ...], columns: tuple[str, ...]) -> str:
    if len(names) > 1:
        return f"{', '.join(names)} together were said to be the key; the row is stored once for each, and no further number is needed."
    if not names:
        return "no field was said to be the key: a generated 64-bit number, which never changes and is small in every index."
    kind = fields[names[0]].type
    if kind == "key":
        return "a generated 64-bit number: it never runs out, never changes, and new rows go to the end of the index."
    if kind == "uuid":
        return "a uuid, made by whoever creates the row; version 7 is ordered by time, so that new rows go to the end of the index."
    return f"{columns[0] if columns else names[0]} was said to be the key."


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _default(one: Field) -> str | None:
    """The default as an expression of standard SQL, or None where the word does not fit the type."""
    if one.default is None:
        return None
    word = one.default.strip()
    if one.type in NUMERIC:
        try:
            return _number(float(word))
        except (ValueError, OverflowError):
            return None
    if one.type == "bool":
        return {"true": "TRUE", "false": "FALSE", "yes": "TRUE", "no": "FALSE"}.get(word.lower())
    if one.type in ("timestamp", "date", "time"):
        names = {"timestamp": "CURRENT_TIMESTAMP", "date": "CURRENT_DATE", "time": "CURRENT_TIME"}
        return (
            names[one.type]
            if word.lower().rstrip("()") in ("now", "today", "current_timestamp", "current_date")
            else quote_text(word)
        )
    if one.type == "uuid":
        return None
    # the blanks of a text are its author's
    return quote_text(one.default if one.type in ("text", "char", "code") else word)


def finish(draft: Draft, built: Building) -> SchemaTable:
    """The record of a table that was built, joined with what was said of it, its reasons noted."""
    said = draft.said.schema.tables.get(built.name, SchemaTable())
    path = f"schema.tables.{built.name}"
    entity = draft.design.entities.get(built.entity)
    made = dataclasses.replace(
        said,
        entity=said.entity or built.entity,
        store=said.store or built.store,
        columns=Named(built.columns),
        primary_key=said.primary_key or built.primary_key,
        uniques=Named({**built.uniques, **said.uniques}),
        checks=Named({**built.checks, **said.checks}),
        exclusions=Named({**built.exclusions, **said.exclusions}),
        soft_delete=said.soft_delete or built.soft_delete,
        append_only=built.append_only if said.append_only is None else said.append_only,
        foreign_keys=Named({**_not_said(built.foreign_keys, said), **said.foreign_keys}),
        comment=said.comment or built.comment,
    )
    what = (
        f"one row for each {built.entity}"
        if entity is not None
        else f"one row for each pair of the relationship {built.entity}"
    )
    draft.note(path, f"{what}; every fact is kept once, in the table of the thing it is a fact about.")
    draft.note(f"{path}.store", f"{built.entity} is held by {built.store}.", value=built.store)
    for below, reason in built.reasons.items():
        if not (below == "primary_key" and said.primary_key):
            draft.note(f"{path}.{below}", reason)
    return made


def _not_said(proposed: dict[str, ForeignKey], said: SchemaTable) -> dict[str, ForeignKey]:
    taken = [set(one.columns) for one in said.foreign_keys.values()]
    return {name: one for name, one in proposed.items() if set(one.columns) not in taken}


__all__ = ["Builder", "Building", "finish", "shorten"]
