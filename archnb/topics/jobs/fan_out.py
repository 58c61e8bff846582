"""Fan-out: one write that leads to many messages or rows, how many these are, and from how many on they are read instead.

What is handed out when it is written is quick to read, and costs a row for each who might; what is mixed in when it is read
costs each reader a look at the author. So the few whom very many follow are left to the readers (a hybrid of both).
"""

from __future__ import annotations

import math

from archnb.design.entities import Step
from archnb.fact import Fact, apply_model
from archnb.fact.keys.entities import ENTITY_ROWS, PATTERN_RATE
from archnb.fact.keys.jobs import JOB_AUDIENCE_LIMIT, JOB_DEADLINE, JOB_RATE, JOB_SERVICE_TIME, JOB_WORKERS
from archnb.fact.keys.schema import RELATIONSHIP_ROWS, TABLE_ROWS
from archnb.model import Audience, Copy
from archnb.naming import plural, words
from archnb.quantity import parse
from archnb.topics.topic import Because, Draft


def measure_audience(draft: Draft, audience: Audience) -> Fact | None:
    """How many an event reaches on average: the rows that are counted for each row of what they are counted by."""
    counted, per = _count_rows(draft, audience), draft.facts.get(ENTITY_ROWS.of(audience.per))
    if counted is None or per is None or per.base <= 0 or counted.base <= 0:
        return None
    return counted / per


def _count_rows(draft: Draft, audience: Audience) -> Fact | None:
    if not audience.is_relationship:
        return draft.facts.get(ENTITY_ROWS.of(audience.counted))
    rows = draft.design.relationships[audience.counted].rows
    if rows is not None:
        return draft.value(RELATIONSHIP_ROWS.of(audience.counted), rows)
    table = draft.model.places.find_table(audience.counted)
    return draft.facts.get(TABLE_ROWS.of(table)) if table is not None else None


def find_audience(draft: Draft, operation: str, action: str, entity: str, via: str) -> tuple[Fact | None, str]:
    """How many a step of an operation tells, with the reason; None where it is one, or nobody can say."""
    found = draft.model.audiences.find(operation, Step(action=action, entity=entity, via=via))
    if not isinstance(found, Audience):
        return None, ""
    return measure_audience(draft, found), found.reason


def measure_copies(draft: Draft, name: str, copy: Copy) -> tuple[Fact | None, str]:
    """How many copies of an event are handed out: by who refers to whom, else as the said rates have it."""
    if isinstance(copy.audience, Audience):
        return measure_audience(draft, copy.audience), copy.audience.reason
    made, events = draft.facts.get(PATTERN_RATE.of(name)), draft.facts.get(PATTERN_RATE.of(copy.cause))
    if made is None or events is None or events.base <= 0:
        return None, ""
    return made / events, f"so many of {name} for each {copy.cause}, as their rates are said"


def find_freshness(draft: Draft, copy: Copy) -> float:
    """The seconds after which the copies must be there: the least staleness of what reads them; a minute where none is said."""
    found = []
    for name in copy.reads:
        objective = draft.design.requirements.objectives.get(name)
        if objective is not None and objective.staleness is not None and objective.staleness.base > 0:
            found.append(objective.staleness.base)
    return min(found, default=60.0)


def spare_within(workers: float, service_time: float, rate: float, deadline: float) -> float:
    """What the workers can do within the deadline beyond what arrives, to one figure; nothing where they have none to spare.

    >>> spare_within(6250, 0.05, 100_000, 7.5)
    100000.0
    """
    spare = (workers / service_time - rate) * deadline if service_time > 0 else 0.0
    if spare < 1:
        return 0.0
    magnitude = 10.0 ** math.floor(math.log10(spare))
    return math.floor(spare / magnitude * (1 + 1e-9)) * magnitude


def limit_audience(draft: Draft, name: str, copy: Copy) -> Because:
    """From how many on an event is left to the readers: what the workers can hand out of one event within the deadline."""
    facts = draft.facts
    given = tuple(facts[one.of(name)] for one in (JOB_WORKERS, JOB_SERVICE_TIME, JOB_RATE, JOB_DEADLINE))
    limit = facts.decide(
        JOB_AUDIENCE_LIMIT.of(name),
        apply_model(
            "spare within the deadline",
            spare_within,
            "",
            *given,
            labels=("workers", "service time", "rate", "deadline"),
        ),
        "",
        "what the workers can hand out of one event within the deadline, beside the others",
    )
    many = plural(words(copy.person))
    reason = (
        f"one {words(copy.event)} for more than {limit.text} {many} would take all that the workers have to spare for longer than the"
        f" {facts[JOB_DEADLINE.of(name)].text} of the deadline, and hold up everybody's. It is not handed out: its author is marked, and"
        f" {', '.join(copy.reads) or 'whoever reads'} mixes in the latest of those marked whom the reader follows"
    )
    return Because(parse(f"{limit.base:.0f}") if limit.base > 0 else None, reason, (limit.name,))


__all__ = ["find_audience", "find_freshness", "limit_audience", "measure_audience", "measure_copies", "spare_within"]
