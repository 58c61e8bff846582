"""New values for a single row, and the statements that write it, spelled for the engine at hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from archnb.export.sql import make_dialect
from archnb.planned.schema import Table
from archnb.verify.rows import Row
from archnb.verify.session import Session

if TYPE_CHECKING:
    import sqlalchemy as sa


def writable(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns that take a value."""
    return [one for one in table.columns if one.computed is None]


def make_change(designed: Mapping[str, Table], name: str, row: Row, other: Row, columns: Collection[str]) -> Row:
    """New values for columns of a row, out of another that is right: none that others refer to, and no key in halves.

    A column that a foreign key leads to, and one of a foreign key whose other columns stay, keeps its value.
    """
    table = designed[name]
    kept = set(table.primary_key)
    for one in designed.values():
        for key in one.foreign_keys.values():
            if key.references == name:
                kept |= set(key.referenced or table.primary_key)
    while True:
        halves = {
            c
            for key in table.foreign_keys.values()
            if any(c in kept or c not in columns for c in key.columns)
            for c in key.columns
        }
        if halves <= kept:
            break
        kept |= halves
    return {one: row.get(one) if one in kept else other.get(one) for one in columns}


def write_update(session: Session, table: sa.Table, values: Row, key: Row) -> tuple[str, dict[str, Any]]:
    """An UPDATE of one row by its key, with parameters; names are the design's."""
    quote = make_dialect(session.dialect).identifier_preparer.quote
    columns = {one.info["column"]: one for one in table.columns}
    parameters: dict[str, Any] = {}
    sets, wheres = [], []
    for number, (name, value) in enumerate(values.items()):
        parameters[f"v{number}"] = session.write(value, columns[name])
        sets.append(f"{quote(columns[name].name)} = :v{number}")
    for number, (name, value) in enumerate(key.items()):
        parameters[f"k{number}"] = session.write(value, columns[name])
        wheres.append(f"{quote(columns[name].name)} = :k{number}")
    return f"UPDATE {quote(table.name)} SET {', '.join(sets)} WHERE {' AND '.join(wheres)}", parameters


def write_delete(session: Session, table: sa.Table, key: Row) -> tuple[str, dict[str, Any]]:
    """A DELETE of one row by its key, with parameters; names are the design's."""
    quote = make_dialect(session.dialect).identifier_preparer.quote
    columns = {one.info["column"]: one for one in table.columns}
    parameters = {f"k{n}": session.write(value, columns[name]) for n, (name, value) in enumerate(key.items())}
    wheres = [f"{quote(columns[name].name)} = :k{n}" for n, name in enumerate(key)]
    return f"DELETE FROM {quote(table.name)} WHERE {' AND '.join(wheres)}", parameters


def write_change(session: Session, table: sa.Table, column: str, value: Any, key: Row) -> tuple[str, dict[str, Any]]:
    """An UPDATE of one column of one row to a value that is given to the engine as it is; names are the design's."""
    sql, parameters = write_update(session, table, {column: None}, key)
    return sql, {**parameters, "v0": value}


def write_insert(
    session: Session, table: sa.Table, row: Row, given: Mapping[str, Any] | None = None
) -> tuple[str, dict[str, Any]]:
    """An INSERT of one row, with parameters; names are the design's. `given` are values that the engine gets as they are."""
    quote = make_dialect(session.dialect).identifier_preparer.quote
    columns = writable(table)
    plain = given or {}
    parameters = {
        f"v{n}": plain[one.info["column"]]
        if one.info["column"] in plain
        else session.write(row.get(one.info["column"]), one)
        for n, one in enumerate(columns)
    }
    names, marks = ", ".join(quote(one.name) for one in columns), ", ".join(f":v{n}" for n in range(len(columns)))
    return f"INSERT INTO {quote(table.name)} ({names}) VALUES ({marks})", parameters


__all__ = ["make_change", "writable", "write_change", "write_delete", "write_insert", "write_update"]
