"""Where transactions end: for each write what changes together, how strictly it is kept apart, and what guards it."""

from __future__ import annotations

import re

from archnb.design.decisions import Transaction
from archnb.design.entities import AccessPattern, Field
from archnb.design.record import Named
from archnb.model import Erasure
from archnb.model.erasure import Step
from archnb.planned.spelling import spell
from archnb.planned.statements import Delete, Insert, Procedure, Read, Update, Upsert
from archnb.topics.topic import Because, Draft

COUNTS = ("smallint", "int", "bigint", "integer", "decimal", "money", "float")
# words of fields that several writers move up and down, and of steps that do it
COUNTER = re.compile(
    r"(^|_)(stock|on_hand|reserved|available|balance|quantity|count|counter|credit|credits|seats|left|remaining|inventory|points|used|votes|likes)($|_)"
)
MOVES = frozenset(
    {
        "reserve",
        "release",
        "take",
        "return",
        "increment",
        "decrement",
        "add",
        "subtract",
        "debit",
        "credit",
        "deduct",
        "book",
        "use",
        "restock",
        "transfer",
    }
)
STARTS = frozenset(
    {"starts_at", "start", "begins_at", "from", "valid_from", "check_in", "start_date", "from_date", "starts_on"}
)
ENDS = frozenset({"ends_at", "end", "until", "to", "valid_to", "check_out", "end_date", "to_date", "ends_on"})


def list_counters(draft: Draft, entity: str) -> dict[str, Field]:
    """The fields of an entity that count something several writers move: numbers by such a name that must not fall below zero."""
    if entity not in draft.design.entities:
        return {}
    return {
        name: field
        for name, field in draft.model.fields(entity).items()
        if field.type in COUNTS
        and not draft.model.keys.is_in_key(entity, name)
        and COUNTER.search(name.lower())
        and field.minimum == 0
    }


def list_boundary(draft: Draft, name: str, pattern: AccessPattern) -> tuple[str, ...]:
    """The entities that a write changes in one local transaction: its own, and those of its steps in the same store."""
    erasure = draft.model.erasures.find_pattern(name)
    home = draft.model.places.find_home(pattern.writes)
    if erasure is not None:
        near = [one for one in erasure.reached if draft.model.places.find_home(one) == home]
        return tuple(dict.fromkeys((erasure.entity, *near)))
    local = [
        step.entity
        for step in pattern.steps
        if step.entity and not step.via and draft.model.places.find_home(step.entity) == home
    ]
    owned = draft.model.references.list_going_along(pattern.writes or "") if pattern.effect == "delete" else []
    return tuple(dict.fromkeys(one for one in (pattern.writes, *local, *owned) if one))


def find_span(draft: Draft, entity: str) -> tuple[str, str, str] | None:
    """The start, the end and the reference of an entity that takes something for a time, such as a booking."""
    if entity not in draft.design.entities:
        return None
    fields = draft.model.fields(entity)
    start = next((name for name in fields if name.lower() in STARTS), None)
    end = next((name for name in fields if name.lower() in ENDS), None)
    owner = next((name for name, field in fields.items() if field.references), None)
    return (start, end, owner) if start and end and owner else None


def list_moves(draft: Draft, pattern: AccessPattern) -> list[tuple[str, str, str]]:
    """The counters that a write moves: entity, field, and the step that does it."""
    found = []
    home = draft.model.places.find_home(pattern.writes)
    if pattern.effect == "update" and pattern.writes:
        found += [(pattern.writes, field, "update") for field in list_counters(draft, pattern.writes)]
    for step in pattern.steps:
        is_move = step.action in MOVES or (step.action not in (None, "create", "delete"))
        if step.entity and not step.via and is_move and draft.model.places.find_home(step.entity) == home:
            found += [(step.entity, field, step.action or "update") for field in list_counters(draft, step.entity)]
    return found


def list_changed_rows(draft: Draft, pattern: AccessPattern) -> list[str]:
    """The entities of the same store whose rows, there already, a write's steps change; counters are `list_moves`."""
    home = draft.model.places.find_home(pattern.writes)
    return list(
        dict.fromkeys(
            step.entity
            for step in pattern.steps
            if step.entity
            and not step.via
            and step.action not in (None, "create")
            and draft.model.places.find_home(step.entity) == home
        )
    )


def fill_transactions(draft: Draft) -> Named[Transaction]:
    """A transaction for every write operation; what was said of one stays."""
    said = draft.design.decisions.transactions
    made: dict[str, Transaction] = {}
    for name, pattern in draft.design.access.items():
        if not pattern.writes:
            continue
        path = f"decisions.transactions.{name}"
        boundary, why = _propose_boundary(draft, name, pattern)
        isolation, guard, reason = _propose_isolation(draft, name, pattern)
        made[name] = draft.fill(
            path, said.get(name, Transaction()), operation=Because(name, "the transaction has the operation's name"),
            boundary=Because(boundary, why), isolation=Because(isolation, reason), guard=Because(guard, reason), reason=Because(reason, reason),
        )  # fmt: skip
    for name, one in said.items():
        if name not in made:
            made[name] = draft.fill(
                f"decisions.transactions.{name}",
                one,
                operation=Because(name, "the transaction has the operation's name"),
                isolation=Because("read committed", "no access pattern writes here, so nothing asks for more"),
                guard=Because(
                    "none", "no access pattern says what it writes, so archnb cannot tell what would guard it"
                ),
                reason=Because("the design says no more of it", "no access pattern writes here"),
            )
    return Named(made)


def _propose_boundary(draft: Draft, name: str, pattern: AccessPattern) -> tuple[tuple[str, ...], str]:
    boundary = list_boundary(draft, name, pattern)
    home = draft.model.places.find_home(pattern.writes)
    left = [
        f"{step.action} {step.entity}" + (f" via {step.via}" if step.via else "")
        for step in pattern.steps
        if step.entity and (step.via or draft.model.places.find_home(step.entity) != home)
    ]
    why = f"all live in {home}, so one local transaction does" if len(boundary) > 1 else f"one entity of {home} changes"
    if left:
        why += f"; {', '.join(left)} stay{'s' if len(left) == 1 else ''} outside, because no transaction reaches there"
    tables, procedure = draft.planned.schema.tables, draft.planned.statements.procedures.get(name)
    told = [
        one.table
        for one in (procedure.statements if procedure is not None else ())
        if isinstance(one, Insert) and tables[one.table].role == "outbox"
    ]
    if told:
        rows = f"{len(told)} rows" if len(told) > 1 else "a row"
        why += f"; what is told to third parties is written with them, as {rows} of {told[0]}"
    return boundary, why


def _propose_isolation(draft: Draft, name: str, pattern: AccessPattern) -> tuple[str, str, str]:
    entity = pattern.writes or ""
    engine = draft.model.places.engine(draft.model.places.find_home(entity))
    if not engine.is_relational:
        guard = "write only if the version read is still there (conditional write)"
        return (
            "read committed",
            guard,
            f"{engine.label} changes one item atomically; a condition on its version keeps the second of two writers out",
        )
    span = find_span(draft, entity) if pattern.effect == "create" else None
    if span is not None:
        start, end, owner = span
        guard = "SERIALIZABLE with a retry on SQLSTATE 40001"
        if engine.has("exclusion constraints"):
            guard = f"an exclusion constraint on ({owner}, {start}..{end}), or {guard}"
        elif engine.limit("writers") is not None:
            guard = "BEGIN IMMEDIATE before the check: one writer at a time is let in"
        else:
            guard = f"{guard}, or the row of {owner} locked before the check (SELECT … FOR UPDATE)"
        return (
            "serializable",
            guard,
            f"that no two rows of one {owner} overlap is a rule across rows; two transactions that each see none of the other would both pass below serializable",
        )
    erasure = draft.model.erasures.find_pattern(name)
    procedure = draft.planned.statements.procedures.get(name)
    guarded = _read_guards(draft, name, pattern, procedure) if procedure is not None and erasure is None else None
    if guarded is not None:
        return guarded
    if pattern.effect == "update":
        told = "nothing says what the write sets, so archnb cannot tell what would guard it"
        return "read committed", "nothing to guard, as no row is changed", told
    if erasure is not None:
        return (
            "read committed",
            "; ".join(_spell_step(draft, erasure, one) for one in erasure.steps),
            _explain_erasure(erasure),
        )
    if pattern.effect == "delete":
        return (
            "read committed",
            f"DELETE … WHERE {_key(draft, entity)}",
            "a second deletion finds no row and changes nothing; foreign keys hold it back where others still need the row",
        )
    rows = list_changed_rows(draft, pattern)
    unique = (
        [field for field, one in draft.model.fields(entity).items() if one.unique]
        if entity in draft.design.entities
        else []
    )
    guard = (
        "the primary key"
        + (f", UNIQUE ({', '.join(unique)})" if unique else "")
        + " and the idempotency key, all as constraints"
    )
    if rows:
        is_one_writer = engine.limit("writers") is not None
        lock = "BEGIN IMMEDIATE" if is_one_writer else f"SELECT … FOR UPDATE of {', '.join(rows)}"
        return (
            "read committed",
            f"{lock} before the check, {guard}",
            f"its steps change rows of {', '.join(rows)} that are there already: the second of two requests waits, and sees what the first has left; a repeat meets a constraint and gets the first answer",
        )
    return (
        "read committed",
        guard,
        "nothing that exists is changed; a repeat meets a constraint and gets the first answer",
    )


def _read_guards(draft: Draft, name: str, pattern: AccessPattern, procedure: Procedure) -> tuple[str, str, str] | None:
    """What guards a write, as its own statements have it: conditions that may fail, and locks; None where they hold neither."""
    entity = pattern.writes or ""
    guarded = [one for one in procedure.statements if isinstance(one, Update | Upsert | Delete) and one.guards]
    locks = [one for one in procedure.statements if isinstance(one, Read) and one.lock]
    others = [one for one in list_boundary(draft, name, pattern) if one != entity]
    steps = f"; its steps change {', '.join(others)} in the same transaction" if others else ""
    if guarded:
        guard = "; then ".join(spell(one) for one in (*locks, *guarded))
        told = "; ".join(dict.fromkeys(each.reason for one in guarded for each in one.guards))
        if any(one.purpose == "lock in order" for one in locks):
            told += "; the rows are locked in the order of their keys, so that no two wait for each other"
        kinds = {each.kind for one in guarded for each in one.guards}
        if "amount" in kinds:
            told += "; a conditional UPDATE sees the newest committed value after waiting, and no row changed means that there was not enough"
        elif kinds & {"version", "state"}:
            told += "; the second of two changes no row and gets a conflict"
        return "read committed", guard, f"{told}{steps}"
    engine = draft.model.places.engine(draft.model.places.find_home(entity))
    if pattern.effect == "update" and locks:
        lock = "BEGIN IMMEDIATE" if engine.limit("writers") is not None else "; ".join(spell(one) for one in locks)
        told = "the second of two waits, and decides by what the first has left"
        return "read committed", f"{lock} before the check", f"{told}{steps}"
    own = next((one for one in procedure.statements if isinstance(one, Update | Upsert)), None)
    if pattern.effect == "update" and own is not None:
        told = "each sets what it is given, under the row's lock; no version is kept, so of two that come at once the later one stays"
        return "read committed", spell(own), f"{told}{steps}"
    return None


def _spell_step(draft: Draft, erasure: Erasure, step: Step) -> str:
    """One statement of an erasure, by the names of the design; the export has them in SQL."""
    what = step.relationship or step.entity
    if step.relationship:
        where = f"{'either end' if len(step.ends) > 1 else 'its end'} is the {erasure.entity}"
    elif step.way:
        where = f"{' of the '.join(one.field for one in reversed(step.way))} is the {erasure.entity}"
    else:
        where = _key(draft, step.entity)
    if step.fate == "delete":
        return f"DELETE FROM {what} WHERE {where}"
    return f"UPDATE {what} SET {', '.join(step.fields)} = (a pseudonym or nothing) WHERE {where}"


def _explain_erasure(erasure: Erasure) -> str:
    """Why each row goes or stays."""
    told = [one.reason for one in erasure.steps if one.reason]
    return f"{'; '.join(dict.fromkeys(told))}; done twice it changes nothing"


def _key(draft: Draft, entity: str) -> str:
    if entity not in draft.design.entities:
        return "id = :id"
    keys = draft.model.keys.fields(entity)
    return " AND ".join(f"{key} = :{key}" for key in keys)
