"""A planned statement in one line, as people write SQL: what a transaction's section, a table and a reason show of it."""

from __future__ import annotations

from archnb.planned.statements import (
    AllOf,
    Among,
    AnyOf,
    Assignment,
    Condition,
    Contains,
    Delete,
    Exists,
    InPage,
    Insert,
    Missing,
    Predicate,
    Read,
    Statement,
    Update,
    Upsert,
    Value,
)


def spell(one: Statement) -> str:
    """The statement.

    Nothing of it depends on a dialect: `UPDATE stock SET reserved = reserved + :quantity WHERE …`.
    """
    where = "" if isinstance(one, Insert) else spell_all(one.conditions)
    if isinstance(one, Read):
        lock = " FOR UPDATE" if one.lock == "update" else " FOR SHARE" if one.lock == "share" else ""
        order = f" ORDER BY {', '.join(each.column.column for each in one.order)}" if one.lock and one.order else ""
        return f"SELECT … FROM {one.table}{f' WHERE {where}' if where else ''}{order}{lock}"
    if isinstance(one, Delete):
        return f"DELETE FROM {one.table}{f' WHERE {where}' if where else ''}"
    if isinstance(one, Insert):
        return f"INSERT INTO {one.table}" + (" ON CONFLICT DO NOTHING" if one.is_repeatable else "")
    if isinstance(one, Upsert):
        keys = ", ".join(each.column for each in one.on)
        return f"INSERT INTO {one.table} ON CONFLICT ({keys}) DO UPDATE{f' WHERE {where}' if where else ''}"
    assert isinstance(one, Update)
    return f"UPDATE {one.table} SET {', '.join(map(_spell_assignment, one.assignments))}{f' WHERE {where}' if where else ''}"


def _spell_assignment(one: Assignment) -> str:
    return f"{one.column.column} = {_spell_value(one.value, one.column.column)}"


def _spell_value(one: Value, target: str = "") -> str:
    if one.lookup:
        return f"(SELECT {one.name} FROM {one.lookup[0].table} …)"
    text = f":{one.parameter}" if one.parameter else f"{one.column[0].column}" if one.column else one.name
    if one.column and one.parameter:
        text = f"{one.column[0].column} + :{one.parameter}"
    elif one.column and one.source == "constant":
        return f"{one.column[0].column} + {one.name}"
    if one.source == "constant" and not one.sign:
        text = one.name if one.name.replace(".", "", 1).isdigit() or one.name in ("true", "false") else f"'{one.name}'"
    if one.source == "server" and one.name in ("missing", "placeholder"):
        text = "NULL" if one.name == "missing" else "(a placeholder)"
    if one.sign and target:
        return f"{target} {one.sign} {text}"
    return f"-{text}" if one.sign == "-" and not target else text


def spell_all(conditions: tuple[Predicate, ...]) -> str:
    """Conditions that all hold."""
    return " AND ".join(map(spell_predicate, conditions))


def spell_predicate(one: Predicate) -> str:
    """One condition."""
    if isinstance(one, Condition):
        sign = "=" if one.operator == "same" else one.operator
        return f"{one.left.column} {sign} {_spell_value(one.value)}"
    if isinstance(one, Among):
        values = ", ".join(map(_spell_value, one.values))
        return f"{one.left.column} = {values}" if len(one.values) == 1 else f"{one.left.column} IN ({values})"
    if isinstance(one, Missing):
        return f"{one.left.column} IS {'NOT ' if one.is_present else ''}NULL"
    if isinstance(one, InPage):
        return f"{', '.join(each.column for each in one.left)} IN (…)"
    if isinstance(one, Contains):
        return f"{', '.join(each.column for each in one.columns)} CONTAINS :{one.value.parameter}"
    if isinstance(one, AllOf | AnyOf):
        word = " AND " if isinstance(one, AllOf) else " OR "
        return "(" + word.join(map(spell_predicate, one.parts)) + ")"
    if isinstance(one, Exists):
        return f"{'NOT ' if one.is_absent else ''}EXISTS ({one.table} …)"
    return f"{', '.join(each.column for each in one.left)} IN (SELECT … FROM {one.read.table})"


__all__ = ["spell", "spell_all", "spell_predicate"]
