"""What a field that is said otherwise means for the rows that exist, and for whoever writes, reads and runs them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from archnb.design.entities import Field
from archnb.diff.changes import Difference, Effect, Whom
from archnb.diff.conversions import INTEGERS, TEXTS, convert
from archnb.diff.pair import Pair
from archnb.diff.renames import strip
from archnb.planned.schema import Column, Table

# told by what is done with them, or no more than words
_TOLD = frozenset({
    "type", "length", "scale", "values", "references", "key", "unique", "optional", "personal", "secret", "default",
    "minimum", "maximum", "on_delete", "native", "comment", "was", "either", "translated",
})  # fmt: skip


def compare_fields(pair: Pair) -> Iterator[Difference]:
    """The differences of the fields of every entity and relationship, each told where it is declared."""
    old, new = pair.old.entities, pair.new.entities
    for entity, was in pair.renames.entities.items():
        before, after = old.entities[was], new.entities[entity]
        # an inherited field changes where it is declared
        above = new.entities[after.extends].fields if after.extends else {}
        old_above = old.entities[before.extends].fields if before.extends else {}
        yield from _compare(pair, entity, before.fields, after.fields, above, old_above)
    for name, one in new.relationships.items():
        if name in old.relationships:
            yield from _compare(pair, name, old.relationships[name].fields, one.fields, {}, {})


def _compare(
    pair: Pair, owner: str, before: Mapping[str, Field], after: Mapping[str, Field],
    above: Mapping[str, Field], old_above: Mapping[str, Field],
) -> Iterator[Difference]:  # fmt: skip
    pairs = pair.renames.fields(owner)
    for name, field in after.items():
        if name in above and (name not in pairs or pairs[name] in old_above):
            continue
        if name in pairs:
            yield from FieldPair(pair, owner, name, pairs[name], before[pairs[name]], field).compare()
        else:
            yield from _added(pair, owner, name, field)
    kept = set(pairs.values())
    for name in before:
        if name not in kept and name not in old_above:
            yield _gone(pair, owner, name)


def _path(pair: Pair, owner: str, name: str) -> str:
    kind = "relationships" if owner in pair.new.entities.relationships else "entities"
    return f"{kind}.{owner}.fields.{name}"


def _added(pair: Pair, entity: str, name: str, field: Field) -> Iterator[Difference]:
    path, causes = _path(pair, entity, name), pair.causes_of_field(entity, name)
    if field.optional or field.default is not None:
        yield Difference(
            effect="compatible", whom="rows", area="data", path=path, causes=causes,
            words="rows that exist have no value there" if field.default is None else f"rows that exist have {field.default} there",
            how="Add the column; a constant default rewrites nothing in PostgreSQL 11 and later.",
        )  # fmt: skip
    elif (entity, name) not in pair.made_fields:
        rows = pair.count_rows(entity)
        yield Difference(
            effect="breaking", whom="rows", area="data", path=path, causes=causes,
            words=f"rows that exist need a value ({rows})" if rows else "rows that exist need a value",
            how="Add it as nullable, write it from now on, backfill in batches, then add NOT NULL through a validated CHECK.",
        )  # fmt: skip


def _gone(pair: Pair, entity: str, name: str) -> Difference:
    rows = pair.count_rows(entity)
    of = f" of {rows}" if rows else ""
    return Difference(
        effect="loses data", whom="rows", area="data", path=_path(pair, entity, name),
        causes=pair.causes_of_field(entity, name), words=f"the values{of} go with the column",
        how="Stop writing it, then stop reading it, keep a backup, then drop the column in a later release.",
    )  # fmt: skip


class FieldPair:
    """One field in both versions, the old one in the names of the new."""

    def __init__(self, pair: Pair, entity: str, name: str, old_name: str, before: Field, after: Field) -> None:
        self.pair, self.entity, self.name, self.old_name = pair, entity, name, old_name
        self.before, self.after = pair.renames.carry_field(before), strip(after)
        self.path = _path(pair, entity, name)
        self.causes = pair.causes_of_field(entity, name)
        self.rows = pair.count_rows(entity)
        self.table = pair.table_of(entity)

    def _tell(self, effect: Effect, whom: Whom, words: str, how: str = "") -> Difference:
        return Difference(
            effect=effect, whom=whom, area="data", path=self.path, causes=self.causes, words=words, how=how,
            is_general=whom in ("callers", "readers"),
        )  # fmt: skip

    def _columns(self, *, is_old: bool) -> dict[str, Column]:
        if not self.table:
            return {}
        tables = (self.pair.old if is_old else self.pair.new).schema.tables
        table: Table = tables[self.pair.tables[self.table] if is_old else self.table]
        field = self.old_name if is_old else self.name
        return {name: column for name, column in table.columns.items() if column.field == field}

    def compare(self) -> Iterator[Difference]:
        """What follows from the two being different."""
        before, after = self.before, self.after
        old, new = self._columns(is_old=True), self._columns(is_old=False)
        if self.name != self.old_name:
            yield self._tell("compatible", "rows", "every value stays")
            yield self._tell(
                "breaking", "operators", f"whatever names the column {' and '.join(old) or self.old_name} has to name {' and '.join(new) or self.name}",
                "Rename in steps: add the new column, write both, backfill, move the readers, then drop the old one.",
            )  # fmt: skip
        if before == after:
            if self.name == self.old_name:
                yield from self._stored(old, new)
            return
        yield from self._type(old, new)
        yield from self._presence()
        yield from self._range()
        yield from self._default()
        yield from self._deletion()
        yield from self._marks()
        yield from self._either()
        for one in dataclasses.fields(Field):
            was, now = getattr(before, one.name), getattr(after, one.name)
            if one.name not in _TOLD and was != now:
                yield self._tell(
                    "breaking",
                    "operators",
                    f"{one.name.replace('_', ' ')}: {was or 'no'} → {now or 'no'}: it is kept otherwise",
                )

    # -- what it is

    def _type(self, old: dict[str, Column], new: dict[str, Column]) -> Iterator[Difference]:
        before, after = self.before, self.after
        same = ("type", "length", "scale", "values", "references", "native")
        if all(getattr(before, one) == getattr(after, one) for one in same):
            yield from self._stored(old, new)
            return
        if self._is_other_key():
            yield from self._key()
            return
        lengths = [max((column.length for column in columns.values()), default=0) for columns in (old, new)]
        for loss in convert(before, after, *lengths):
            yield self._tell(loss.effect, "rows", self._count(loss.words, loss.effect), loss.how)
        if before.native != after.native:
            yield self._tell(
                "breaking",
                "operators",
                f"the column is {after.native or after.type} where it was {before.native or before.type}",
                "Try the conversion on a copy of the data first.",
            )
        if self._is_relational() and is_rewritten(list(old.values()), list(new.values())):
            yield self._rewritten()

    def _rewritten(self) -> Difference:
        rows = f" ({self.rows})" if self.rows else ""
        return self._tell(
            "breaking", "operators", f"changed in place, the table {self.table} is rewritten while nobody can use it{rows}",
            "Expand and contract: add a second column, write both, backfill, move the readers, drop the first.",
        )  # fmt: skip

    def _stored(self, old: dict[str, Column], new: dict[str, Column]) -> Iterator[Difference]:
        """A field that is said as before and kept otherwise, since what it refers to changed."""
        shapes = [[(one.type, one.length, one.scale, one.native) for one in columns.values()] for columns in (old, new)]
        if shapes[0] == shapes[1] or not old or not new:
            return
        kinds = [", ".join(f"{name} {one.type}" for name, one in columns.items()) for columns in (old, new)]
        causes = tuple(
            dict.fromkeys((
                *self.causes,
                *self.pair.causes_of_columns(self.pair.new.schema.tables[self.table], new, is_old=False),
                *self.pair.causes_of_columns(self.pair.old.schema.tables[self.pair.tables[self.table]], old, is_old=True),
            ))
        )  # fmt: skip
        rows = f" ({self.rows})" if self.rows else ""
        is_number = all(one.type in INTEGERS for one in (*old.values(), *new.values()))
        yield Difference(
            effect="breaking", whom="operators" if is_number else "rows", area="data", path=self.path, causes=causes,
            words=f"{self.entity}.{self.name} is kept otherwise{rows}: {kinds[0]} → {kinds[1]}",
            how="Expand and contract: add the new columns, write both, backfill, move the readers, drop the old ones.",
        )  # fmt: skip

    def _count(self, words: str, effect: Effect) -> str:
        return f"{words} ({self.rows})" if self.rows and effect != "compatible" else words

    def _is_relational(self) -> bool:
        return bool(self.table) and self.pair.new.schema.is_relational(self.table)

    def _is_other_key(self) -> bool:
        """Whether it is of a key, and of a type that takes none of the old values."""
        kinds = {self.before.type or "", self.after.type or ""}
        entity = self.pair.new.entities.entities.get(self.entity)
        is_key = entity is not None and self.name in entity.key
        return is_key and len(kinds) > 1 and not kinds <= set(INTEGERS) and not kinds <= TEXTS

    def _key(self) -> Iterator[Difference]:
        tables = self.pair.old.schema
        referring = [
            f"{table}.{', '.join(key.columns)}"
            for table, key in tables.list_referring(self.pair.tables.get(self.table, ""))
        ]
        of = f" and every reference to it ({'; '.join(referring)})" if referring else ""
        yield self._tell(
            "breaking", "rows", f"every {self.entity} gets another key{of}",
            "Add the new key beside the old one, fill it and the references to it, move the readers, swap the keys, drop the old ones.",
        )  # fmt: skip
        told = self._tell(
            "breaking", "callers", "every URL, bookmark and cursor that holds an old key is void",
            "Answer to the old keys as well until no caller sends them.",
        )  # fmt: skip
        yield dataclasses.replace(told, is_general=False)

    # -- whether it is there, and which values it may have

    def _presence(self) -> Iterator[Difference]:
        before, after = self.before, self.after
        if before.optional and not after.optional:
            yield self._tell(
                "breaking", "rows", self._count("rows without a value no longer fit", "breaking"),
                "Fill the missing values, add CHECK (… IS NOT NULL) NOT VALID, validate it, then SET NOT NULL.",
            )  # fmt: skip
        elif after.optional and not before.optional:
            yield self._tell("compatible", "rows", "every row fits")
        if after.unique and not before.unique:
            yield self._tell(
                "breaking", "rows", self._count("rows with a value that another row has too no longer fit", "breaking"),
                "Find and mend the duplicates, build the unique index concurrently, then attach the constraint.",
            )  # fmt: skip
            yield self._tell(
                "breaking",
                "callers",
                "who sends a value that is taken gets 409 (conflict)",
                "Announce the new error before it comes.",
            )
        elif before.unique and not after.unique:
            yield self._tell("compatible", "rows", "every row fits")
            yield self._tell(
                "breaking",
                "readers",
                "who looks one up by its value may find several",
                "Look for code that relies on there being one.",
            )

    def _range(self) -> Iterator[Difference]:
        before, after = self.before, self.after
        least, most = after.minimum, after.maximum
        fits, words = True, []
        if least is not None and (before.minimum is None or before.minimum < least):
            words.append(f"below {least:,g}")
        if most is not None and (before.maximum is None or before.maximum > most):
            words.append(f"above {most:,g}")
        if words:
            fits = False
            told = " or ".join(words)
            yield self._tell(
                "breaking", "rows", self._count(f"rows with a value {told} no longer fit", "breaking"),
                "Find and mend them, add the CHECK as NOT VALID, then validate it.",
            )  # fmt: skip
            yield self._tell(
                "breaking", "callers", f"a value {told} is refused", "Announce it; count such requests first."
            )
        if fits and (before.minimum, before.maximum) != (least, most):
            yield self._tell("compatible", "rows", "every row fits")

    def _default(self) -> Iterator[Difference]:
        before, after = self.before.default, self.after.default
        if before == after:
            return
        if before is None:
            yield self._tell("compatible", "callers", f"who sends no value gets {after}")
        elif after is None:
            then = "has none" if self.after.optional else "is refused"
            yield self._tell(
                "breaking", "callers", f"who relied on the default {before} and sends no value {then}",
                "Let every writer say the value before the default goes.",
            )  # fmt: skip
        else:
            yield self._tell(
                "breaking", "callers", f"who sends no value gets {after} where it was {before}",
                "Tell whoever relied on the old default.",
            )  # fmt: skip

    def _either(self) -> Iterator[Difference]:
        """Which of several entities it refers to, and whether its text is kept by language."""
        before = {self.pair.renames.entity_onwards(one) for one in self.before.either}
        after = set(self.after.either)
        if before and after and before - after:
            gone = " or ".join(sorted(before - after))
            yield self._tell(
                "breaking",
                "rows",
                self._count(f"rows that refer to a {gone} no longer fit", "breaking"),
                "Move or delete those rows first.",
            )
        elif before and after and before != after:
            yield self._tell("compatible", "rows", "every row fits")
        elif before != after:
            words = f"refers to one of {', '.join(sorted(after))}" if after else "refers to one entity alone"
            yield self._tell(
                "breaking",
                "operators",
                f"it {words}, in other columns",
                "Add the new columns, write both, backfill, move the readers, drop the old ones.",
            )
        if self.before.translated != self.after.translated:
            words = (
                "is kept by language in a table of its own"
                if self.after.translated
                else "is kept in one language: the others are lost"
            )
            effect: Effect = "breaking" if self.after.translated else "loses data"
            yield self._tell(
                effect,
                "operators" if self.after.translated else "rows",
                f"the text {words}",
                "Copy it there, write both, move the readers, then drop the old one.",
            )

    # -- what happens to it, and who may see it

    def _deletion(self) -> Iterator[Difference]:
        before, after = self._on_delete(is_old=True), self._on_delete(is_old=False)
        if before == after:
            return
        target = self.after.references or ""
        if after == "cascade":
            yield self._tell(
                "loses data", "rows", f"deleting a row of {target} now deletes the rows of {self.entity} that refer to it",
                "See who deletes such rows, erasure and clean-up jobs included, before it is switched on.",
            )  # fmt: skip
        elif after in ("set null", "set default"):
            yield self._tell(
                "loses data", "rows", f"deleting a row of {target} now makes the rows of {self.entity} forget it",
                "Keep what must be known of it in a field of its own.",
            )  # fmt: skip
        else:
            yield self._tell(
                "breaking", "callers", f"deleting a row of {target} is refused (409) while rows of {self.entity} refer to it",
                "Delete those first, in the same transaction.",
            )  # fmt: skip

    def _on_delete(self, *, is_old: bool) -> str:
        """What the foreign key does; what the field says where there is none."""
        columns = set(self._columns(is_old=is_old))
        schema = (self.pair.old if is_old else self.pair.new).schema
        table = (self.pair.tables[self.table] if is_old else self.table) if self.table else ""
        keys = schema.tables[table].foreign_keys.values() if table else ()
        rule = next((key.on_delete for key in keys if columns and columns <= set(key.columns)), None)
        said = (self.before if is_old else self.after).on_delete
        found = rule or said or ""
        return "restrict" if found == "no action" else found

    def _marks(self) -> Iterator[Difference]:
        before, after = self.before, self.after
        if after.secret and not before.secret:
            yield self._tell(
                "breaking",
                "readers",
                "the field is in no answer and no log any more",
                "Move whoever reads it first; take what is in logs and caches out.",
            )
        elif before.secret and not after.secret:
            yield self._tell(
                "breaking",
                "operators",
                "a secret is shown in answers and logs from now on",
                "Put the mark back unless it never was one.",
            )
        if after.personal and not before.personal:
            yield self._tell(
                "compatible", "operators", "it counts as personal data: erasure and access requests include it"
            )
        elif before.personal and not after.personal:
            yield self._tell(
                "breaking",
                "operators",
                "erasure and access requests leave it out from now on",
                "Put the mark back unless it tells nothing of a person.",
            )


# texts that are stored with blanks up to their length
_PADDED = frozenset({"char", "country", "currency"})


def is_rewritten(old: Sequence[Column], new: Sequence[Column]) -> bool:
    """Whether a change of type in place writes every row anew, as PostgreSQL 18 does unless each old value is stored as the new
    one is: a text that may be longer, a number of more digits before the point, another name of the same integer.
    """
    if len(old) != 1 or len(new) != 1:
        return False
    a, b = old[0], new[0]
    if a.type in TEXTS and b.type in TEXTS:
        is_shorter = b.length > 0 and (a.length == 0 or b.length < a.length)
        is_padded = not _PADDED.isdisjoint((a.type, b.type))
        return is_shorter or (is_padded and (a.type, a.length) != (b.type, b.length))
    if a.type == b.type:
        return a.type == "decimal" and (a.scale != b.scale or b.length < a.length)
    return not (INTEGERS.get(a.type) and INTEGERS.get(a.type) == INTEGERS.get(b.type))
