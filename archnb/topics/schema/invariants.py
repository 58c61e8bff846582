"""What always holds, as constraints: a line of an entity becomes a CHECK, a composite key, a partial unique or an exclusion.

Only what one table, or a row and the row that it refers to, can show is held here. What an engine has no constraint for, its
exporter holds in another way, by the same record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from archnb.design.conditions import Filter, read_value
from archnb.design.entities import Field, OnDelete
from archnb.design.invariants import Invariant
from archnb.design.schema import Check, Exclusion, Unique
from archnb.model.identifiers import claim, quote_ansi, quote_text
from archnb.naming import with_article, words
from archnb.topics.schema.tables import Builder, Building


def hold_invariants(builder: Builder) -> None:
    """Add to every table that was built what always holds of its rows."""
    built = {name: builder.tables.get(builder.names[name]) for name in builder.design.entities}
    tables = {name: one for name, one in built.items() if one is not None and builder.is_relational(one.store)}
    for name, table in tables.items():
        deleted = builder.draft.model.lifetimes.find_soft_delete(name)
        if deleted is not None and (columns := _columns(table, deleted)):
            _keep_living(table, columns[0])
    for name, table in tables.items():
        _hold(builder, table, name)
    for name, one in builder.design.relationships.items():
        pairs = builder.tables.get(builder.names[name])
        if (
            pairs is not None
            and len(one.between) == 2
            and one.between[0] == one.between[1]
            and len(pairs.primary_key) == 2
        ):
            _tell_apart(pairs, one.between[0])


def _hold(builder: Builder, table: Building, entity: str) -> None:
    model = builder.draft.model
    for line in model.invariants.list_lines(entity):
        if line.kind == "order":
            _order(builder, table, line)
        elif line.kind in ("exactly one of", "at most one of"):
            _one_of(builder, table, line)
        elif line.kind == "one":
            _one_per(builder, table, entity, line)
        elif line.kind == "no overlap":
            _exclude(builder, table, entity, line)
        elif line.kind == "same":
            _share(builder, table, entity, line)
    _keep_checked(builder, table)
    if model.lifetimes.is_append_only(entity) and not model.people.list_personal(entity):
        table.append_only = True
        table.reasons["append_only"] = (
            f"rows of {entity} are only ever added; the engine refuses to change or delete one, whoever asks."
        )


def _columns(table: Building, field: str) -> tuple[str, ...]:
    return tuple(name for name, one in table.columns.items() if one.field == field)


def _one_column(table: Building, path: str) -> str | None:
    """The column that a field is compared by: of money, the amount, or the currency where that is said."""
    field, _, part = path.partition(".")
    columns = _columns(table, field)
    if not columns:
        return None
    if part == "currency":
        return next((one for one in columns if table.columns[one].type == "currency"), None)
    return next((one for one in columns if table.columns[one].type != "currency"), columns[0])


def write_filter(table: Building, conditions: Sequence[Filter]) -> str | None:
    """Conditions of a line in SQL; None where a column of theirs is not in the table, '' where there are none."""
    parts = []
    for one in conditions:
        column = _one_column(table, one.field or "")
        if column is None:
            return None
        parts.append(_write_condition(column, table.columns[column].type or "", one))
    return " AND ".join(parts)


def _write_condition(column: str, kind: str, one: Filter) -> str:
    place = quote_ansi(column)
    if one.comparison in ("is missing", "is present"):
        return f"{place} IS {'NOT ' if one.comparison == 'is present' else ''}NULL"
    values = [_literal(word, kind) for word in one.values]
    return f"{place} IN ({', '.join(values)})" if one.comparison == "in" else f"{place} {one.comparison} {values[0]}"


def _literal(text: str, kind: str) -> str:
    value = read_value(text)
    if kind == "bool" and value.text.casefold() in ("true", "false"):
        return value.text.upper()
    is_number = kind in ("int", "bigint", "smallint", "decimal", "float", "key", "money")
    return value.text if is_number and value.kind == "number" else quote_text(value.text)


def _why(builder: Builder, table: Building, line: Invariant) -> str:
    """The reason that the line itself was proposed with, or that somebody said it."""
    text = line.write_shorthand() or ""
    prefix = f"entities.{table.entity}.holds."
    for n in range(len(builder.design.entities[table.entity].holds)):
        because = builder.draft.reasons.get(f"{prefix}{n}")
        if because is not None and because.value == text:
            return because.reason
    return f"'{text}' was said to be always so."


def _order(builder: Builder, table: Building, line: Invariant) -> None:
    sides = [_columns(table, one) if "." not in one else (_one_column(table, one) or "",) for one in line.fields]
    if any(not one or not one[0] for one in sides):
        return
    if line.number is not None or len(sides[0]) == 1 or table.columns[sides[0][-1]].type == "currency":
        first = _one_column(table, line.fields[0])
        second = line.number if line.number is not None else _one_column(table, line.fields[1])
        if first is None or second is None:
            return
        columns: tuple[str, ...] = (first,) if line.number is not None else (first, second)
        other = second if line.number is not None else quote_ansi(second)
        condition = f"{quote_ansi(first)} {line.sign} {other}"
    elif line.sign == "<>" and len(sides[0]) == len(sides[1]):
        pairs = zip(*sides, strict=True)
        columns = (*sides[0], *sides[1])
        condition = f"NOT ({' AND '.join(f'{quote_ansi(a)} = {quote_ansi(b)}' for a, b in pairs)})"
    else:
        return
    _add_check(builder, table, columns, condition, _why(builder, table, line))


def _add_check(builder: Builder, table: Building, columns: tuple[str, ...], condition: str, reason: str) -> None:
    """Add a check, unless the table says one that compares the same columns."""
    said = builder.said.get(table.name)
    for one in said.checks.values() if said is not None else ():
        if (
            one.condition
            and all(re.search(rf'(?<!\w)"?{re.escape(name)}"?(?!\w)', one.condition) for name in columns)
            and len(columns) > 1
        ):
            return
    name = table.name_of(columns, "check", table.checks)
    table.checks[name] = Check(condition=condition)
    table.reasons[f"checks.{name}"] = reason


def _one_of(builder: Builder, table: Building, line: Invariant) -> None:
    columns = tuple(_columns(table, one)[0] for one in line.fields if _columns(table, one))
    if len(columns) != len(line.fields):
        return
    is_exact = line.kind == "exactly one of"
    if len(columns) == 2:
        sign = "<>" if is_exact else "OR"
        condition = f"({quote_ansi(columns[0])} IS NULL) {sign} ({quote_ansi(columns[1])} IS NULL)"
    else:
        terms = " + ".join(f"CASE WHEN {quote_ansi(one)} IS NULL THEN 0 ELSE 1 END" for one in columns)
        condition = f"({terms}) {'=' if is_exact else '<='} 1"
    _add_check(builder, table, columns, condition, _why(builder, table, line))


def _keep_checked(builder: Builder, table: Building) -> None:
    """A key that a check wants to be there is not set to NULL when its row goes."""
    said = builder.said.get(table.name)
    checks = {**table.checks, **(said.checks if said is not None else {})}
    fields = builder.design.entities[table.entity].fields
    for name, key in table.foreign_keys.items():
        field = fields.get(table.columns[key.columns[-1]].field or "")
        if key.on_delete != "set null" or (field is not None and field.on_delete is not None):
            continue
        for check, one in checks.items():
            if any(
                re.search(
                    rf'(?<!\w)"?{re.escape(column)}"?(?!\w)\s+IS\s+(NOT\s+)?NULL', one.condition or "", re.IGNORECASE
                )
                for column in key.columns
            ):
                table.set_on_delete(name, "restrict")
                table.reasons[f"foreign_keys.{name}"] = (
                    f"{', '.join(key.columns)} refers to {key.references}; {check} would refuse the row without it, so removing a"
                    f" {key.references} in use fails instead."
                )
                break


def _one_per(builder: Builder, table: Building, entity: str, line: Invariant) -> None:
    columns = tuple(column for one in line.per for column in _columns(table, one))
    where = write_filter(table, line.where)
    if not columns or where is None:
        return
    if not where:
        table.add_unique(columns, _why(builder, table, line))
        return
    name = table.name_of(columns, "key", table.uniques)
    table.uniques[name] = Unique(columns=columns, where=where)
    table.reasons[f"uniques.{name}"] = _why(builder, table, line)


def _keep_living(table: Building, column: str) -> None:
    """What is unique is so among the rows that are not deleted: a name that was freed may be taken again."""
    table.soft_delete = column
    living = write_living(table, column)
    for name, one in table.uniques.items():
        if one.where is None:
            table.uniques[name] = Unique(columns=one.columns, where=living)
            table.reasons[f"uniques.{name}"] = (
                f"{table.reasons.get(f'uniques.{name}', '')} A row that is deleted frees its value.".strip()
            )


def write_living(table: Building, column: str) -> str:
    """The condition that a row is not deleted."""
    place = quote_ansi(column)
    return f"{place} = FALSE" if table.columns[column].type == "bool" else f"{place} IS NULL"


def _exclude(builder: Builder, table: Building, entity: str, line: Invariant) -> None:
    columns = tuple(column for one in line.per for column in _columns(table, one))
    ends = [_one_column(table, one) for one in line.fields]
    where = write_filter(table, line.where)
    if len(columns) < len(line.per) or None in ends or where is None:
        return
    start, end = str(ends[0]), str(ends[1])
    span = builder.draft.model.invariants.find_span(entity, line.fields[0], line.fields[1])
    name = claim("_".join((table.name, *columns, "excl")), table.exclusions)
    table.exclusions[name] = Exclusion(
        columns=columns, start=start, end=end, holds_end=span.holds_end, where=where or None
    )
    more = " The last day belongs to it." if span.holds_end else " One may begin where another ends."
    table.reasons[f"exclusions.{name}"] = f"{_why(builder, table, line)}{more}"


def _share(builder: Builder, table: Building, entity: str, line: Invariant) -> None:
    """A field has the value that a row referred to has: one foreign key over both, to a unique of both there."""
    reference, _, there = (line.source or "").partition(".")
    field = builder.design.entities[entity].fields.get(reference)
    target = field.references if field is not None else None
    if field is None or target is None or ("." in there and not there.endswith(".currency")):
        return
    other = builder.tables.get(builder.names.get(target, ""))
    own = _columns(table, line.fields[0]) if "." not in line.fields[0] else _listed(_one_column(table, line.fields[0]))
    if other is None or other.store != table.store or not own:
        return
    theirs = _columns(other, there) if "." not in there else _listed(_one_column(other, there))
    key = next(
        (
            name
            for name, one in table.foreign_keys.items()
            if one.references == other.name and _is_of(table, one.columns, reference)
        ),
        None,
    )
    if len(theirs) != len(own) or key is None or {*own} & {*table.foreign_keys[key].columns}:
        return
    simple = table.foreign_keys[key]
    _link(builder, table, entity, line, field, own, (other, theirs), key, simple.columns)


def _listed(column: str | None) -> tuple[str, ...]:
    return () if column is None else (column,)


def _is_of(table: Building, columns: tuple[str, ...], field: str) -> bool:
    return any(table.columns[one].field == field for one in columns)


def _link(
    builder: Builder,
    table: Building,
    entity: str,
    line: Invariant,
    field: Field,
    own: tuple[str, ...],
    there: tuple[Building, tuple[str, ...]],
    key: str,
    columns: tuple[str, ...],
) -> None:
    other, theirs = there
    simple = table.foreign_keys[key]
    extra = tuple(zip(own, theirs, strict=True))
    extra = tuple(pair for pair in extra if pair[1] not in simple.referenced)
    whole = (*(a for a, _ in extra), *columns)
    referenced = (*(b for _, b in extra), *simple.referenced)
    if not extra:
        return
    if set(referenced) != set(other.primary_key):
        other.add_whole_unique(
            referenced,
            f"{table.name} refers to it by both, so that {line.write_shorthand()} holds: a foreign key needs them to be unique.",
        )
    rule: OnDelete = "cascade" if simple.on_delete == "cascade" else "restrict"
    is_loose = any(table.columns[one].nullable for one in own)
    why = _why(builder, table, line)
    if simple.on_delete == "set null":
        why += (
            f" {with_article(words(table.name)).capitalize()} whose {line.source and line.source.partition('.')[0]} went would mean something else:"
            f" removing a {other.name} in use fails instead."
        )
    if not is_loose:
        # nothing is checked of a row in which one of them is NULL; the others are never so
        del table.foreign_keys[key]
        table.reasons.pop(f"foreign_keys.{key}", None)
    else:
        table.set_on_delete(key, rule)
    table.add_foreign_key(whole, other.name, referenced, rule, f"{', '.join(columns)} refers to {other.name}. {why}")


def _tell_apart(table: Building, entity: str) -> None:
    """A pair of a thing with itself is none."""
    first, second = table.primary_key
    name = table.name_of((second,), "check", table.checks)
    table.checks[name] = Check(condition=f"{quote_ansi(first)} <> {quote_ansi(second)}")
    table.reasons[f"checks.{name}"] = f"the pair is of two: {with_article(words(entity))} is not paired with itself."
