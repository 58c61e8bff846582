"""What guards writes besides constraints: a version beside what people edit, a record of requests, messages to be sent.

They are ordinary columns and tables, with their keys, indexes, rows and retention, so that whatever reads a schema reads them.
"""

from __future__ import annotations

from archnb.design import Design
from archnb.design.entities import AccessPattern
from archnb.design.record import Named
from archnb.design.schema import Column, Index, SchemaTable
from archnb.model.identifiers import claim_folded
from archnb.naming import split_words
from archnb.quantity import parse
from archnb.topics.schema.tables import Builder, Building
from archnb.topics.topic import Draft

# a column that counts the changes of a row, whatever a design calls it
VERSIONS = frozenset({"version", "revision"})
VERSION = "version"
# what is written more often than this is no edit of a person, who would have read the row before
EDIT_RATE = "100/s"
REPEATS_KEPT = "24 h"
MESSAGES_KEPT = "7 days"


def add_versions(builder: Builder) -> None:
    """A version for the rows that people edit: the second of two edits made from one reading is refused."""
    edits: dict[str, list[str]] = {}
    for name, pattern in builder.draft.design.access.items():
        if _is_edit(builder.draft, name, pattern):
            # what a special case has in common with others stands with them, and so does its version
            edits.setdefault(builder.draft.model.inheritance.find_root(pattern.writes or ""), []).append(name)
    for entity, names in edits.items():
        table = builder.tables.get(builder.names.get(entity, ""))
        if (
            table is None
            or not builder.is_relational(table.store)
            or builder.draft.model.lifetimes.is_append_only(entity)
        ):
            continue
        if any(split_words(column)[-1] in VERSIONS for column in table.columns) or "version" in table.columns:
            continue
        table.columns[VERSION] = Column(type="int", nullable=False, default="1")
        table.reasons[f"columns.{VERSION}"] = (
            f"{', '.join(names)} may be done by two people from one reading: each change counts the version up, and one that"
            f" names an older version is refused instead of overwriting the other."
        )


def _is_edit(draft: Draft, name: str, pattern: AccessPattern) -> bool:
    """Whether a person changes one row that he has read."""
    if pattern.effect != "update" or pattern.action == "upsert" or pattern.many or pattern.is_async:
        return False
    is_said = name in draft.said.access
    if is_said and pattern.rate is not None and pattern.rate.base >= parse(EDIT_RATE).base:
        return False
    found = [draft.model.roles.find(role) for role in pattern.roles]
    return any(not one or one.kind != "service" for one in found)


def add_records(draft: Draft, design: Design) -> Named[SchemaTable]:
    """The tables, with one for the requests that may come twice, and one for what third parties are told."""
    places, tables = draft.model.places, dict(design.schema.tables)
    if not places.main or not places.engine(places.main).has("foreign keys"):
        return Named(tables)
    taken = {name.casefold() for name in tables}
    repeated = [name for name in design.access if draft.model.lifetimes.needs_record(name)]
    if repeated and not any(one.role == "idempotency" for one in tables.values()):
        name = claim_folded("idempotency_key", taken)
        tables[name] = _make_repeats(draft, name, repeated)
    told = [
        name
        for name, one in design.access.items()
        if any(step.via for step in one.steps) or draft.model.erasures.find_pattern(name) is not None
    ]
    if told and not any(one.role == "outbox" for one in tables.values()):
        name = claim_folded("outbox", taken | {name.casefold() for name in tables})
        tables[name] = _make_outbox(draft, name, told)
    return Named(tables)


def _make_repeats(draft: Draft, name: str, operations: list[str]) -> SchemaTable:
    building = Building(
        name, "", draft.model.places.main, comment="one row for each request that may come twice, with its first answer"
    )
    columns = {
        "caller": Column(type="text", length=200, nullable=False, comment="the subject of the token"),
        "key": Column(type="text", length=64, nullable=False, comment="as the caller sent it"),
        "operation": Column(type="text", length=80, nullable=False),
        "request_hash": Column(type="char", length=64, nullable=False, comment="SHA-256 of method, path and body"),
        "status": Column(type="smallint", nullable=True, comment="missing while the first one is at work"),
        "answer": Column(type="json", nullable=True, comment="personal data"),
        "created_at": Column(type="timestamp", nullable=False, default="CURRENT_TIMESTAMP"),
        "expires_at": Column(type="timestamp", nullable=False),
    }
    path = f"schema.tables.{name}"
    draft.note(
        path,
        f"{_list(operations)} must not be done twice when a caller repeats: the key is taken in the transaction of the change, and the first answer is kept beside it.",
    )
    draft.note(
        f"{path}.primary_key",
        "a key is its caller's own: another caller's is another key. The same key with another request_hash is refused.",
    )
    draft.note(f"{path}.retention", "longer than any client goes on trying, and short enough to stay small")
    index = f"{name}_expires_at_idx"
    draft.note(
        f"{path}.indexes.{index}",
        "what is past expires_at is deleted each night: without it, each run reads the whole table.",
    )
    return SchemaTable(
        store=building.store, role="idempotency", columns=Named(columns), primary_key=("caller", "key"),
        indexes=Named({index: Index(columns=("expires_at",), unique=False, method="btree")}),
        retention=parse(REPEATS_KEPT), comment=building.comment,
    )  # fmt: skip


def _make_outbox(draft: Draft, name: str, operations: list[str]) -> SchemaTable:
    parties = list(dict.fromkeys(step.via for one in operations for step in draft.design.access[one].steps if step.via))
    if any(draft.model.erasures.find_pattern(one) is not None for one in operations):
        parties.append("the worker that erases what no transaction reaches")
    columns = {
        "id": Column(type="key", nullable=False, is_generated=True),
        "operation": Column(type="text", length=80, nullable=False),
        "recipient": Column(type="text", length=80, nullable=False, comment="the third party or the subscriber"),
        "topic": Column(type="text", length=160, nullable=False, comment="what it is told, or asked to do"),
        "key": Column(type="text", length=200, nullable=False, comment="of the row that it is about"),
        "payload": Column(type="json", nullable=False, comment="names the row, whose other values are read there"),
        "created_at": Column(type="timestamp", nullable=False, default="CURRENT_TIMESTAMP"),
        "due_at": Column(
            type="timestamp", nullable=False, default="CURRENT_TIMESTAMP", comment="later after a failure"
        ),
        "attempts": Column(type="smallint", nullable=False, default="0"),
        "sent_at": Column(type="timestamp", nullable=True),
    }
    path = f"schema.tables.{name}"
    draft.note(
        path,
        f"{_list(operations)} tells {', '.join(parties)}: the message is a row of the transaction of its cause, so that neither is without the other, and is sent after it, once or more.",
    )
    draft.note(f"{path}.primary_key", "numbered, so that messages go out in the order of their causes.")
    draft.note(f"{path}.retention", "what was sent stays long enough to be looked up after a complaint")
    index = f"{name}_due_at_idx"
    draft.note(f"{path}.indexes.{index}", "the relay asks for what is due and not sent; what was sent is not in it.")
    return SchemaTable(
        store=draft.model.places.main, role="outbox", columns=Named(columns), primary_key=("id",),
        indexes=Named({index: Index(columns=("due_at",), unique=False, method="btree", where="sent_at IS NULL")}),
        retention=parse(MESSAGES_KEPT), comment="one row for each message to a third party or a worker",
    )  # fmt: skip


def _list(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
