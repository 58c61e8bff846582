"""The operations as a table: each statement in order, with where its values come from and what it is refused by."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.planned.statements import Delete, Insert, Read, Statement, Update, Upsert, Value, list_values
from archnb.shapes import AnyShape, Cell, Row, Table
from archnb.topics.topic import Draft

_SOURCES = {
    "caller": "the caller", "token": "the token", "server": "the server", "row": "another row", "page": "the page before",
}  # fmt: skip


def views(draft: Draft) -> Sequence[AnyShape]:
    """What there is to be seen, in reading order."""
    rows: list[Row] = []
    for name, procedure in draft.planned.statements.procedures.items():
        for number, statement in enumerate(procedure.statements, 1):
            guards = (
                "; ".join(one.reason for one in statement.guards)
                if isinstance(statement, Update | Upsert | Delete)
                else ""
            )
            rows.append(
                (
                    Cell(name, is_code=True),
                    number,
                    _say(statement),
                    statement.purpose or "itself",
                    _say_sources(statement),
                    guards,
                )
            )
        if procedure.remote:
            rows.append(
                (
                    Cell(name, is_code=True),
                    len(procedure.statements) + 1,
                    "afterwards",
                    ", ".join(procedure.remote),
                    "",
                    "",
                )
            )
    columns = ("operation", "no", "statement", "for", "values from", "refused unless")
    text = "What each operation runs, in this order; the statements of a write are one transaction."
    return (Table("statements", "Statements", columns, tuple(rows), description=text),)


def _say(one: Statement) -> str:
    """A statement in a few words."""
    if isinstance(one, Read):
        verb = "lock" if one.lock else f"{one.aggregate[0].function} over" if one.aggregate else "read"
        along = f" with {', '.join(each.name for each in one.includes)}" if one.includes else ""
        return f"{verb} {one.table}{along}"
    columns = (
        ", ".join(dict.fromkeys(each.column.column for each in one.assignments)) if not isinstance(one, Delete) else ""
    )
    if isinstance(one, Insert):
        return f"insert {one.table} ({columns})" if columns else f"insert {one.table}"
    if isinstance(one, Upsert):
        return f"insert or change {one.table} ({columns})"
    return f"change {one.table} ({columns})" if isinstance(one, Update) else f"delete {one.table}"


def _say_sources(one: Statement) -> str:
    """Where the values of a statement come from, each source with its columns."""
    found: dict[str, list[str]] = {}
    for value in list_values(one):
        if value.source in _SOURCES and value.source != "page":
            found.setdefault(_SOURCES[value.source], []).append(_name(value))
    return "; ".join(f"{source}: {', '.join(dict.fromkeys(names))}" for source, names in found.items())


def _name(value: Value) -> str:
    return value.field or value.like.field or value.like.column
