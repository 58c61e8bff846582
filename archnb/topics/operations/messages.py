"""Messages to third parties: a row of the outbox for each, in the transaction of its cause, and how a relay takes them.

A message names the step and the key of the row; whoever gets it reads the rest, so that nothing personal is kept twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from archnb.model import Model
from archnb.planned.entities import AccessPattern
from archnb.planned.schema import Schema
from archnb.planned.statements import (
    Assignment,
    Column,
    Condition,
    Insert,
    Member,
    Missing,
    Order,
    Output,
    Read,
    Relay,
    Update,
    Value,
)

# how many messages a relay takes at once, and how long one that could not be delivered waits, in seconds
BATCH, PAUSE = 100, 60.0
# who is told of an erasure: copies, cached answers and files are no part of its transaction
ERASER = "erasure"


def find_outbox(schema: Schema, store: str) -> str | None:
    """The outbox of a store: a message and its cause are rows of one transaction, or there is none."""
    return next((name for name, one in schema.tables.items() if one.role == "outbox" and one.store == store), None)


def make_messages(model: Model, schema: Schema, name: str, pattern: AccessPattern) -> Iterator[Insert]:
    """One row for each step of a write that a third party takes, and for what a worker erases after an erasure."""
    own = model.places.find_table(pattern.entity)
    table = find_outbox(schema, schema.tables[own].store) if own in schema.tables and own is not None else None
    if own is None or table is None:
        return
    for step in pattern.steps:
        if step.via:
            told = f"{step.action} {step.entity}" if step.entity else str(step.action)
            yield _make_message(schema, table, own, name, told, step.via)
    if model.erasures.find_pattern(name) is not None:
        # the row itself may be gone: its key is what the caller has given
        topic = f"erase what is left of {pattern.entity}"
        yield _make_message(schema, table, own, name, topic, ERASER, is_given=True)


def _make_message(
    schema: Schema, table: str, own: str, operation: str, topic: str, recipient: str, *, is_given: bool = False
) -> Insert:
    def name_row(one: str) -> Value:
        like = _column(schema, own, one)
        if is_given:
            return Value(source="caller", name=one, like=like, parameter=one)
        return Value(source="row", name=one, like=like, parameter=f"{own}_{one}", origin=f"{own}.{one}")

    key = tuple(Member(name=one, value=name_row(one)) for one in schema.tables[own].primary_key)
    said = {"operation": operation, "topic": topic, "recipient": recipient}
    made = []
    for name, about in schema.tables[table].columns.items():
        column = _column(schema, table, name)
        if name in said:
            value = Value(source="constant", name=said[name], like=column)
        elif name == "key":
            value = Value(source="row", name="key", like=column, parameter="row_key", members=key)
        elif name == "payload":
            texts = tuple(
                Member(name=member, value=Value(source="constant", name=said[member], like=column))
                for member in ("operation", "topic")
            )
            value = Value(source="row", name="message", like=column, parameter="payload", members=(*texts, *key))
        elif about.nullable or about.default or about.is_generated:
            continue
        else:
            value = Value(source="server", name="computed", like=column, parameter=name)
        made.append(Assignment(column=column, value=value))
    numbered = tuple(
        _column(schema, table, one)
        for one in schema.tables[table].primary_key
        if schema.tables[table].columns[one].is_generated
    )
    return Insert(table=table, assignments=tuple(made), keys=numbered, purpose=f"tell {recipient}: {topic}")


def make_relays(schema: Schema) -> Iterator[Relay]:
    """How the messages of each outbox are carried on; none of one whose columns are others than a relay needs."""
    for name, table in schema.tables.items():
        if table.role != "outbox" or not {"due_at", "sent_at", "attempts"} <= {*table.columns}:
            continue
        due, sent, attempts = (_column(schema, name, one) for one in ("due_at", "sent_at", "attempts"))
        now = Value(source="server", name="now", like=due, parameter="now")
        later = Value(source="server", name="now", like=due, parameter="now_plus_60_s", offset=PAUSE)
        key = tuple(_column(schema, name, one) for one in table.primary_key)
        is_it = tuple(
            Condition(
                left=one,
                operator="=",
                value=Value(
                    source="row", name=one.column, like=one, parameter=one.column, origin=f"{name}.{one.column}"
                ),
            )
            for one in key
        )
        once = Assignment(column=attempts, value=Value(source="constant", name="1", like=attempts, sign="+"))
        take = Read(
            table=name, source=name, columns=tuple(Output(column=_column(schema, name, one), label=one) for one in table.columns),
            conditions=(Missing(left=sent), Condition(left=due, operator="<=", value=now)),
            order=tuple(Order(column=one) for one in key), limit=BATCH, lock="update", skip_locked=True, purpose="take what is due", name=name,
        )  # fmt: skip
        mark = Update(
            table=name, assignments=(Assignment(column=sent, value=now), once),
            conditions=(*is_it, Missing(left=sent)), purpose="mark as sent", each=name,
        )  # fmt: skip
        postpone = Update(
            table=name, assignments=(Assignment(column=due, value=later), once),
            conditions=(*is_it, Missing(left=sent)), purpose="due again later", each=name,
        )  # fmt: skip
        yield Relay(table=name, take=take, mark=mark, postpone=postpone, pause=PAUSE)


def _column(schema: Schema, table: str, name: str) -> Column:
    return Column(table=table, column=name, source=table, field=schema.tables[table].columns[name].field)


__all__ = ["find_outbox", "make_messages", "make_relays"]
