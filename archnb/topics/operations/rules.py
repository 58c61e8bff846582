"""What operations cannot do as they are said, or do otherwise than their words let one think."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archnb.design.entities import AccessPattern
from archnb.fact import Fact
from archnb.fact.keys.entities import ENTITY_ROWS, ENTITY_ROWS_AT_HORIZON
from archnb.fact.keys.operations import MANY_COMPUTED, MANY_PER_ROW
from archnb.finding import Hit, Rule, rule
from archnb.model import write_words
from archnb.naming import snake, split_words
from archnb.planned.statements import Read
from archnb.topics.topic import Draft

# words of a name that mean rows which are not at their end
_CURRENT = frozenset(
    {"open", "active", "pending", "current", "unfinished", "live", "running", "outstanding", "unresolved", "ongoing"}
)
# words of a name that ask for what nobody has taken
_FREE = frozenset({"free", "open", "available", "vacant", "slots"})
_STARTS = ("start", "begin", "from", "opens", "check_in")


@rule(
    "operations-write-without-values", principle="integrity", severity="high",
    condition="A change says neither by its name nor by `sets` what it sets.",
    effect="The operation has nothing to send and no statement: it changes nothing.",
    remedy="Say what the caller gives and what else is set: sets: [title, status = done].",
)  # fmt: skip
def write_without_values(draft: Draft) -> Iterator[Hit]:
    for name, pattern in draft.planned.entities.access.items():
        if pattern.kind != "update" or any(
            one.source != "server" and one.value != "version + 1" for one in pattern.sets
        ):
            continue
        if pattern.sets and any(one.value not in ("now",) for one in pattern.sets):
            continue
        fields = _list_plain(draft, pattern.entity)
        line = f"access.{name}.sets: [{', '.join(fields[:3]) or 'status = done'}]"
        yield Hit(f"access.{name}", f"nothing of {pattern.entity} is set by {name}; write for instance {line}")


def _list_plain(draft: Draft, entity: str) -> list[str]:
    """The fields of an entity that a person could give."""
    model = draft.model
    return [
        name
        for name, one in model.fields(entity).items()
        if not one.secret
        and one.references is None
        and not model.keys.is_in_key(entity, name)
        and not write_words.is_moment_of_making(name)
        and not write_words.is_moment_of_change(name)
    ]


@rule(
    "operations-write-of-many-rows", principle="integrity", severity="high",
    condition="A change or a deletion is by fields that several rows share, and does not say that it means all of them.",
    effect="Who means one row changes or deletes every row with the same value.",
    remedy="Ask by the key (by: id), or say that all are meant (many: true).",
)  # fmt: skip
def write_of_many_rows(draft: Draft) -> Iterator[Hit]:
    for name, pattern in draft.said.access.items():
        if not pattern.writes or pattern.many or not pattern.by or pattern.effect not in ("update", "delete", None):
            continue
        constant = [one.field for one in pattern.where if one.comparison == "=" and one.field]
        if draft.model.keys.is_one_row(pattern.writes, (*pattern.by, *constant)):
            continue
        rows = draft.facts.get(ENTITY_ROWS.of(pattern.writes))
        told = f"by {', '.join(pattern.by)}, which several of the {rows.text if rows is not None else ''} rows of {pattern.writes} may share"
        yield Hit(
            f"access.{name}.by",
            f"{told}; write `by: {', '.join(draft.model.keys.fields(pattern.writes))}` or `many: true`",
        )


@rule(
    "operations-one-state-at-a-time", principle="maintainability", severity="low",
    condition="A read whose name means several states of an enum is asked by one state at a time.",
    effect="One call shows a part; who wants all that is open calls once a state and puts the pages together.",
    remedy="Say which states are meant instead of asking for one: where: [status in (todo, doing)].",
)  # fmt: skip
def one_state_at_a_time(draft: Draft) -> Iterator[Hit]:
    for name, pattern in draft.said.access.items():
        if pattern.reads is None or not {*split_words(name)} & _CURRENT:
            continue
        fields = draft.model.fields(pattern.reads)
        for field in pattern.by:
            words = fields[field].values if field in fields else ()
            going = [word for word in words if not write_words.ENDS.search(snake(word))]
            if len(going) < 2 or any(one.field == field for one in pattern.where):
                continue
            line = f'where: ["{field} in ({", ".join(going)})"]'
            rest = ", ".join(one for one in pattern.by if one != field)
            yield Hit(
                f"access.{name}.by",
                f"{field} is one of {', '.join(words)}, and each call gives one; for all that are not over write `by: [{rest}]` and `{line}`",
            )


@rule(
    "operations-instant-given-exactly", principle="maintainability", severity="low",
    condition="A read is by a time that may be missing, as if its callers knew the instant.",
    effect="Nobody asks for one instant; archnb reads the rows in which it has not come, and a value that was meant is not asked for.",
    remedy="Say what is meant: where: [sent_at is missing], or give the time as a range.",
)  # fmt: skip
def instant_given_exactly(draft: Draft) -> Iterator[Hit]:
    for name, pattern in draft.said.access.items():
        for field in draft.model.writes.list_instants(pattern):
            yield Hit(f"access.{name}.by", f"`by: {field}` is read as `where: [{field} is missing]`; write that")


@rule(
    "operations-include-without-cap", principle="performance", severity="medium",
    condition="One row comes with all its children, and there are many of them on average.",
    effect="The answer grows with the row's history: one call reads, sends and holds thousands of rows.",
    remedy="Read the children by a pattern of their own, with a limit, and leave them out of `include`.",
)  # fmt: skip
def include_without_cap(draft: Draft) -> Iterator[Hit]:
    most = draft.facts[MANY_PER_ROW].base
    for name, procedure in draft.planned.statements.procedures.items():
        for statement in procedure.statements:
            if not isinstance(statement, Read):
                continue
            for one in statement.includes:
                if one.rows != "many" or one.per_parent or one.entity not in draft.design.entities:
                    continue
                parents, children = (draft.facts.get(ENTITY_ROWS.of(each)) for each in (statement.entity, one.entity))
                if parents is None or children is None or parents.base <= 0:
                    continue
                each = children.base / parents.base
                if each > most:
                    told = f"{children.text} rows of {one.entity} for {parents.text} of {statement.entity} are {each:,.0f} a row"
                    yield Hit(f"access.{name}.include", told)


@rule(
    "operations-taken-for-free", principle="maintainability", severity="medium",
    condition="A read whose name asks for what is free reads the rows that take it.",
    effect="It answers the opposite: the times that are taken. What is free is what is left of the opening hours between them.",
    remedy="Call it by what it answers, and work out what is free from it; or keep the free times as rows of their own.",
)  # fmt: skip
def taken_for_free(draft: Draft) -> Iterator[Hit]:
    for name, pattern in draft.said.access.items():
        if pattern.reads is None or pattern.where or not {*split_words(name)} & _FREE or not pattern.range:
            continue
        if not _is_taking(draft, pattern):
            continue
        hours = [
            one
            for one in draft.design.entities
            if {*split_words(one)} & {"hours", "schedule", "availability", "roster", "opening"}
        ]
        left = f" less from {', '.join(hours)}" if hours else ""
        yield Hit(f"access.{name}", f"{pattern.reads} has what is taken; what is free is what they leave{left}")


def _is_taking(draft: Draft, pattern: AccessPattern) -> bool:
    """Whether rows take something for a time: a span beside references, and a write that makes them."""
    entity = pattern.reads or ""
    if {*split_words(entity)} & {"slot", "slots", "availability", "hours", "opening"}:
        return False
    times = [
        n
        for n, one in draft.model.fields(entity).items()
        if one.type in ("timestamp", "date") and write_words.PLANNED_AT.fullmatch(snake(n))
    ]
    return (
        len(times) >= 2
        and any(snake(one).startswith(_STARTS) for one in times)
        and bool(draft.model.references.list_from(entity))
    )


@rule(
    "operations-unbounded-computation", principle="scalability", severity="medium",
    condition="A call counts or sums over all rows that belong to what it asks for, and these go on growing.",
    effect="One call reads thousands of rows, each year more of them; a few such callers keep the store busy.",
    remedy="Bound it: a limit at which a count stops, a longest span in the API, a counter that each write keeps, or sums an hour or a day"
    " in a table of their own.",
)  # fmt: skip
def unbounded_computation(draft: Draft) -> Iterator[Hit]:
    """Aggregates whose rows nobody bounds: a count of unread messages, a mean over years of readings."""
    most = draft.facts[MANY_COMPUTED]
    for name, pattern in draft.said.access.items():
        if not pattern.aggregate or pattern.reads is None or not pattern.by:
            continue
        # a count that stops, and what a worker computes and callers only read
        if pattern.is_async or (pattern.limit and " by " not in pattern.aggregate):
            continue
        rows = _find_rows(draft, pattern.reads)
        references = [draft.model.fields(pattern.reads).get(one) for one in pattern.by]
        wholes = [
            _find_rows(draft, one.references) for one in references if one is not None and one.references is not None
        ]
        # told apart by something else than references, how many rows one value has is not known
        if rows is None or not any(wholes):
            continue
        parts = max((one.base for one in wholes if one is not None), default=1.0)
        each = rows.base / max(parts, 1.0)
        if each > most.base:
            whose = " and ".join(pattern.by)
            told = f"{pattern.aggregate} over some {each:,.0f} rows of {pattern.reads} for one {whose} at the horizon"
            span = f"; the span of {pattern.range} may be as long as the caller says" if pattern.range else ""
            yield Hit(f"access.{name}.aggregate", told + span)


def _find_rows(draft: Draft, entity: str) -> Fact | None:
    return draft.facts.get(ENTITY_ROWS_AT_HORIZON.of(entity)) or draft.facts.get(ENTITY_ROWS.of(entity))


@rule(
    "operations-sum-not-held", principle="integrity", severity="high",
    condition="A write makes rows with amounts that must add up, and nothing in the store refuses those that do not.",
    effect="A fault in the service books one side alone, or two sides of different amounts: money appears or is lost.",
    remedy="Let one statement write both sides from the same amount, keep the sum at zero by a deferred constraint trigger, and compare"
    " balances with the sums of their entries by a job; or accept it with what holds it.",
)  # fmt: skip
def sum_not_held(draft: Draft) -> Iterator[Hit]:
    """Double entry whose two sides are only in the code."""
    for name, pattern in draft.said.access.items():
        moved = [one.entity for one in pattern.steps if one.action in ("debit", "credit") and one.entity]
        if len(moved) < 2:
            continue
        made = {one.entity for one in pattern.steps if one.action == "create" and one.entity}
        entries = [one for one in made if _has_amount(draft, one)]
        told = f"{name} takes from and gives to {moved[0]}" + (f" and creates {', '.join(entries)}" if entries else "")
        yield Hit(f"access.{name}.steps", f"{told}; that the sum of both sides is zero stands in no constraint")


def _has_amount(draft: Draft, entity: str) -> bool:
    return any(one.type in ("money", "decimal") for one in draft.model.fields(entity).values())


# what puts a row right that stays as it is
_REVERSING = frozenset({"reverse", "reversal", "correct", "correction", "refund", "void", "counter", "undo", "storno"})


@rule(
    "operations-append-only-without-reversal", principle="integrity", severity="medium",
    condition="Rows with amounts are only ever added, and no operation adds what takes one back.",
    effect="The first mistake is put right by hand in the database, past the rule that nothing is changed.",
    remedy="Say the write that adds the opposite and refers to what it reverses, and who may.",
)  # fmt: skip
def append_only_without_reversal(draft: Draft) -> Iterator[Hit]:
    """Transfers that nobody can take back."""
    written = {one.writes for one in draft.said.access.values() if one.writes}
    words = {word for name in draft.design.api.operations for word in split_words(name)}
    if words & _REVERSING:
        return
    for entity in draft.design.entities:
        if entity in written and draft.model.lifetimes.is_append_only(entity) and _has_amount(draft, entity):
            verb = snake(entity)
            line = f"access.reverse_{verb}: {{writes: {entity}, action: create, roles: …}}"
            yield Hit(f"entities.{entity}", f"no operation reverses a {entity}; write {line}")


RULES: Sequence[Rule] = (
    write_without_values, write_of_many_rows, one_state_at_a_time, instant_given_exactly, include_without_cap, taken_for_free,
    unbounded_computation, sum_not_held, append_only_without_reversal,
)  # fmt: skip
