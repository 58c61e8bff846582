"""Which work runs outside a request, and why: found in access patterns, sagas, stores, entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from archnb.design.jobs import Job, Saga
from archnb.fact import Fact, maximum, total
from archnb.fact.keys.cache import COMPUTE_TIME, QUERY_TIME
from archnb.fact.keys.entities import ENTITY_ADDED, ENTITY_CREATED, ENTITY_ROWS, PATTERN_RATE
from archnb.fact.keys.jobs import DELETION_SPEED, JOBS_DAY, PURGE_ROWS, THIRD_PARTY_TIME
from archnb.model import Copy, Retention
from archnb.naming import plural, snake, split_words, with_article, words
from archnb.quantity import parse
from archnb.topics.jobs.derivations import propose_derivations
from archnb.topics.jobs.erasure import DEADLINE, list_operations, tell_job
from archnb.topics.jobs.erasure import JOB as ERASURE
from archnb.topics.jobs.fan_out import find_audience, find_freshness, measure_copies
from archnb.topics.jobs.models import shortest_interval
from archnb.topics.jobs.outcomes import propose_reconciliations
from archnb.topics.jobs.proposal import Proposal
from archnb.topics.jobs.upkeep import propose_upkeep
from archnb.topics.topic import Draft

# seconds of a call: the mean and the 99th percentile; assumed, and shown with the fact
THIRD_PARTIES: Mapping[str, tuple[float, float]] = {
    "psp": (0.6, 2.0),
    "carrier": (0.8, 3.0),
    "mail": (0.2, 1.0),
    "sms": (0.3, 1.5),
    "push": (0.1, 0.5),
}
THIRD_PARTY = (0.5, 2.0)


def find_proposals(draft: Draft, sagas: Mapping[str, Saga]) -> Iterator[Proposal]:
    """Every job that the design asks for, whether said or not."""
    yield from _propose_async(draft, sagas)
    yield from _propose_saga_steps(draft, sagas)
    yield from propose_reconciliations(draft, sagas)
    yield from propose_derivations(draft)
    yield from _propose_feeds(draft)
    yield from _propose_refreshes(draft)
    yield from propose_upkeep(draft)
    yield from _propose_purges(draft)
    yield from _propose_erasure(draft)


def _rate(draft: Draft, pattern: str) -> Fact | None:
    return draft.facts.get(PATTERN_RATE.of(pattern))


def _propose_async(draft: Draft, sagas: Mapping[str, Saga]) -> Iterator[Proposal]:
    for name, pattern in draft.design.access.items():
        if not pattern.is_async:
            continue
        copy = draft.model.audiences.find_copy(name)
        if copy is not None:
            yield _propose_copies(draft, name, copy)
            continue
        parties = tuple(dict.fromkeys(step.via for step in pattern.steps if step.via))
        seconds: float | Fact
        if pattern.reads:
            seconds, why = draft.facts.get(QUERY_TIME.of(name), 30.0), "its own query, over all the rows that it reads"
        elif parties:
            seconds = total([draft.facts[THIRD_PARTY_TIME.of(one)] for one in parties])
            why = f"the calls to {', '.join(parties)}, one after the other"
        else:
            seconds, why = 0.05, "assumed: one local transaction"
        yield Proposal(
            name,
            f"'{name}' is read at once (200) as it was last computed; a read that finds it too old asks for it anew, and a worker computes it from a queue"
            if pattern.reads
            else f"the user may go on before '{name}' is done, so the request is answered with 202 and the work is done from a queue",
            Job(
                summary=pattern.summary, trigger=name, calls=parties,
                idempotency_key=f"{name}:{{request id}}" if pattern.reads or pattern.action == "create" else f"{name}:{{{snake(pattern.writes or '')} id}}:{{request id}}",
            ),
            _rate(draft, name), seconds, why,
            "30 s" if pattern.reads else "5 s",
            "the next read shall show the new result" if pattern.reads else "the user comes back soon to see whether it is done",
            "the request's own id: a repeat of the request is the same job", facts=(PATTERN_RATE.of(name),),
        )  # fmt: skip


def _propose_copies(draft: Draft, name: str, copy: Copy) -> Proposal:
    """An event is handed out to each of its audience, a row each, by workers."""
    audience, why = measure_copies(draft, name, copy)
    allowed = find_freshness(draft, copy)
    many = f" to {audience.text} {plural(words(copy.person))} on average ({why})" if audience is not None else ""
    return Proposal(
        name,
        f"each {words(copy.event)} is handed out{many}, so that {', '.join(copy.reads) or 'a reader'} finds one place to read: that is done"
        f" from a queue, in pieces, and a worker that stops half way leaves the rest to another",
        Job(
            summary=f"Hands each {copy.event} out to its {plural(words(copy.person))}, {with_article(words(copy.entity))} each.",
            trigger=name, idempotency_key=f"{{{snake(copy.person)} id}}:{{{snake(copy.event)} id}}",
        ),
        _rate(draft, name), 0.05, "assumed: one local transaction",
        _write_time(max(1.0, allowed / 4)), f"what is read may be {_write_time(allowed)} old; a quarter of that is left to the wait",
        f"the key of a {copy.entity}: the same {words(copy.event)} handed out twice is there once",
        facts=(PATTERN_RATE.of(name),), audience=audience, copy=copy,
    )  # fmt: skip


def _propose_saga_steps(draft: Draft, sagas: Mapping[str, Saga]) -> Iterator[Proposal]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for saga in sagas.values():
        operation = saga.operation or ""
        pattern = draft.design.access.get(operation)
        if pattern is None or pattern.is_async:
            continue
        for step in saga.steps:
            if step.kind == "retriable" and step.via:
                found.setdefault((step.action or "call", step.entity or "", step.via), []).append(operation)
    for (action, entity, via), operations in found.items():
        rates = [rate for one in operations if (rate := _rate(draft, one)) is not None]
        name = f"{snake(action)}_{snake(entity)}_via_{snake(via)}"
        audience, why = find_audience(draft, operations[0], action, entity, via)
        many = f"; one leads to {audience.text} of them: {why}" if audience is not None else ""
        yield Proposal(
            name,
            f"after the pivot of '{operations[0]}' this step is repeated until it succeeds; {via} may be slow or down, and the user"
            f" need not wait for it{many}",
            Job(
                summary=f"{action.capitalize()} {entity} through {via}.", trigger=operations[0], calls=(via,),
                idempotency_key=f"{operations[0]}:{{{snake(draft.design.access[operations[0]].writes or entity)} id}}:{snake(action)}_{snake(entity)}"
                + (f":{{{snake(entity)} id}}" if audience is not None else ""),
            ),
            total(rates) if rates else None, draft.facts[THIRD_PARTY_TIME.of(via)], f"one call to {via} over the internet",
            *_find_deadline(draft, name, via, audience),
            f"passed on to {via}, so that a repeat is not done twice there either", facts=tuple(PATTERN_RATE.of(one) for one in operations),
            audience=audience,
        )  # fmt: skip
    if sagas:
        yield Proposal(
            "resume_sagas",
            "a process may die in the middle of a saga: every minute those that made no step are resumed, and those past their"
            " timeout are compensated",
            Job(summary="Resumes sagas whose process died, compensates those past their timeout.", schedule="* * * * *", idempotency_key="{saga id}:{step}"),
            service_time=1.0, why_service="assumed: a look at the open sagas, a few of them resumed",
            deadline="1 min", why_deadline="the next run would do it anyway", why_key="each step is done once, whoever resumes it",
        )  # fmt: skip


def _find_deadline(draft: Draft, name: str, via: str, audience: Fact | None) -> tuple[str, str]:
    """Within which time a step after the pivot begins, and why: a letter to many is not waited for as an answer to one is."""
    said = draft.design.jobs.jobs.get(name)
    is_to_many = audience is not None or (said is not None and said.audience is not None)
    if is_to_many and {*split_words(via)} & {"mail", "mailer", "email", "letter", "post"}:
        return "10 min", f"{via} goes to many, who read it when they look next"
    return "10 s", f"the step that decides is done; what {via} does should follow while the user still looks"


def _propose_feeds(draft: Draft) -> Iterator[Proposal]:
    for name, store in draft.design.schema.stores.items():
        if not store.fed_by:
            continue
        writes = [
            one for one in draft.design.access
            if not set(store.copies).isdisjoint(draft.model.touches.find(one).changes)
        ]  # fmt: skip
        total: Fact | None = None
        for one in writes:
            rate = _rate(draft, one)
            total = rate if total is None else total + rate if rate is not None else total
        allowed = _find_staleness(draft, set(store.copies))
        deadline = max(1.0, allowed / 4)
        gone = _explain_removals(draft, store.copies)
        yield Proposal(
            f"feed_{snake(name)}",
            f"{name} holds a copy of {', '.join(store.copies) or 'data'} from {store.fed_by}. Written by the request it would differ"
            " whenever one of the two writes fails; fed from committed changes it can only be late",
            Job(
                summary=f"Carries committed changes from {store.fed_by} to {name}{gone}.", trigger=", ".join(writes[:3]) or store.fed_by,
                queue="changes", idempotency_key="{entity}:{id}:{version}",
            ),
            total, 0.01, f"assumed: one document written to {name} (in batches it is less)",
            _write_time(deadline), f"answers from {name} may be {_write_time(allowed)} old; a quarter of that is left to the wait",
            "an older version never overwrites a newer one, so order and repeats do not matter", facts=tuple(PATTERN_RATE.of(one) for one in writes[:4]),
        )  # fmt: skip


def _explain_removals(draft: Draft, copies: Sequence[str]) -> str:
    """What the feed does with rows that go, and with those that only say so: of neither is a copy left to be found."""
    marks = []
    for entity in copies:
        mark = draft.model.lifetimes.find_soft_delete(entity) if entity in draft.design.entities else None
        if mark is not None:
            marks.append(f"{entity} with {mark}")
    marked = f", or is marked as deleted ({', '.join(marks)})" if marks else ""
    return f"; a row that is gone{marked}, is deleted there too" if copies else ""


def _find_staleness(draft: Draft, entities: set[str]) -> float:
    found = []
    for name, pattern in draft.design.access.items():
        objective = draft.design.requirements.objectives.get(name)
        if pattern.reads in entities and pattern.search and objective is not None and objective.staleness is not None:
            found.append(objective.staleness.base)
    return min((one for one in found if one > 0), default=60.0)


def _write_time(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:g} min"


def _propose_refreshes(draft: Draft) -> Iterator[Proposal]:
    for name, pattern in draft.design.access.items():
        if not pattern.aggregate or pattern.is_async or not pattern.reads:
            continue
        rows, compute = draft.facts[ENTITY_ROWS.of(pattern.reads)], draft.facts.get(COMPUTE_TIME.of(name))
        objective = draft.design.requirements.objectives.get(name)
        staleness = objective.staleness.base if objective is not None and objective.staleness is not None else 0.0
        if compute is None:
            continue
        schedule, words = (
            ("0 4 * * *", "each night") if staleness >= 86400
            else ("0 * * * *", "each hour") if staleness >= 3600
            else (f"*/{min(30, max(1, int(staleness // 60)))} * * * *", f"every {min(30, max(1, int(staleness // 60)))} min")
        )  # fmt: skip
        if compute.base > shortest_interval(schedule):
            yield _propose_adding(draft, name, pattern.reads, rows, compute, words)
            continue
        yield Proposal(
            f"refresh_{snake(name)}",
            f"'{name}' adds up {rows.text}, and its answer may be {objective.staleness if objective else ''} old: it is computed {words}"
            " and read from the result",
            Job(summary=f"Computes the answer of '{name}'.", schedule=schedule, idempotency_key=f"{name}:{{run}}"),
            service_time=compute, why_service="the answer is computed over all rows",
            deadline="1 min", why_deadline="the answer would be older than allowed", why_key="a run replaces the result as a whole",
            facts=(rows.name,),
        )  # fmt: skip


def _propose_adding(draft: Draft, name: str, entity: str, rows: Fact, compute: Fact, words: str) -> Proposal:
    """What takes longer to compute than it may be old is not computed anew: each change is added to the result."""
    writes = [one for one in draft.design.access if entity in draft.model.touches.find(one).changes]
    rates = [rate for one in writes if (rate := _rate(draft, one)) is not None]
    return Proposal(
        f"refresh_{snake(name)}",
        f"'{name}' adds up {rows.text}, which takes {compute.text}, and would have to be done {words}: it is not computed anew; each"
        f" committed change of {entity} is added to the result or taken from it, and once a month all of it is counted again to compare",
        Job(
            summary=f"Adds each change of {entity} to the answer of '{name}'.", trigger=", ".join(writes[:3]) or f"a change of {entity}",
            queue="changes", idempotency_key=f"{name}:{{{snake(entity)} id}}:{{version}}",
        ),
        total(rates) if rates else draft.facts.get(ENTITY_CREATED.of(entity)), 0.01, "assumed: one row of the result changed (in batches it is less)",
        "10 s", "the answer is as old as the wait", "a change that was added is known by its version, and is not added again",
        facts=(rows.name, COMPUTE_TIME.of(name)),
    )  # fmt: skip


def _propose_purges(draft: Draft) -> Iterator[Proposal]:
    general = draft.said.requirements.load.retention
    for name in draft.design.entities:
        retention = draft.model.retentions.find(name, general)
        if retention is None:
            continue
        period = retention.period
        if _goes_with_owner(draft, name):
            continue
        table = draft.planned.schema.tables.get(draft.model.places.find_table(name) or "")
        if table is not None and table.split.kind == "range" and table.split.every:
            yield _propose_dropping(name, str(period), table.split.every)
            continue
        growth = draft.facts.get(ENTITY_ADDED.of(name))
        rows: Fact | None = None
        if growth is not None and growth.unit.dimension == (("time", -1),):
            rows = draft.facts.define(
                PURGE_ROWS.of(snake(name)),
                growth * draft.facts[JOBS_DAY],
                "rows",
                f"rows of {name} that reach their end in a day",
            )
        speed = draft.facts.assume(
            DELETION_SPEED, "10k rows/s", "rows that are deleted a second, in batches",
            source="as a backfill of 300 k rows is measured on PostgreSQL 14, 2026-11",
        )  # fmt: skip
        yield Proposal(
            f"purge_{snake(name)}",
            f"{name} is kept for {period}{_explain_period(retention)}: each night what is older goes"
            + (f", about {rows.text}" if rows is not None else "")
            + ", in batches of 1 000 so that no lock is held long",
            Job(summary=f"Deletes each {name} older than {period}.", schedule="0 3 * * *", idempotency_key=f"purge_{snake(name)}:{{day}}"),
            service_time=maximum(rows / speed, parse("1 s")) if rows is not None else 1.0,
            why_service=f"{speed.text} are deleted",
            deadline="1 h", why_deadline="the night is long", why_key="deleting what is gone does nothing", rows=rows,
            facts=(rows.name,) if rows is not None else (),
        )  # fmt: skip


def _explain_period(retention: Retention) -> str:
    if retention.is_own:
        return f" after {retention.field}" if retention.field else ""
    return f" after {retention.field}, as all records are (requirements.load.retention): it tells of somebody, and nothing else needs it"


def _propose_dropping(name: str, kept: str, every: str) -> Proposal:
    """Rows that lie in a partition a day, week or month go with it: no row is looked at."""
    return Proposal(
        f"purge_{snake(name)}",
        f"{name} is kept for {kept} in one partition a {every}: each night what is past it is dropped whole, and the partitions"
        f" of the time ahead are made, so that no row waits for one",
        Job(summary=f"Drops the partitions of {name} that are older than {kept}, and makes those to come.", schedule="0 3 * * *", idempotency_key=f"purge_{snake(name)}:{{day}}"),
        service_time=1.0, why_service="a partition is dropped in an instant, whatever is in it",
        deadline="1 h", why_deadline="partitions are made two weeks ahead", why_key="what is dropped is not there a second time",
    )  # fmt: skip


def _goes_with_owner(draft: Draft, name: str) -> bool:
    """Whether rows have no time of their own and are deleted with the owner's, which is kept as long: its purge takes them along."""
    fields = draft.model.fields(name).values()
    if any(one.type in ("timestamp", "date") for one in fields):
        return False
    kept = draft.design.entities[name].retention
    owners = [draft.design.entities.get(one.references or "") for one in fields if one.on_delete == "cascade"]
    return any(
        o is not None and o.retention is not None and kept is not None and o.retention.base <= kept.base for o in owners
    )


def _propose_erasure(draft: Draft) -> Iterator[Proposal]:
    design, patterns = draft.design, list_operations(draft)
    if not patterns and not any(draft.model.people.list_personal(name) for name in design.entities):
        return
    is_bound = any("gdpr" in one.casefold() for one in design.requirements.compliance)
    law = "the GDPR (Art. 17, within a month by Art. 12(3))" if is_bound else "laws on personal data"
    rates = [rate for one in patterns if (rate := _rate(draft, one)) is not None]
    # an operation that was said to be asynchronous hands all of it to the job
    yield Proposal(
        ERASURE,
        f"{law} let{'' if not is_bound else 's'} people ask for erasure; what the transaction cannot reach (copies, cached answers, logs, backups) follows here",
        Job(summary=tell_job(draft), trigger=next(iter(patterns), "a person's request"), idempotency_key="erase:{person id}"),
        total(rates) if rates else None, 2.0, "assumed: a few hundred rows in all places it reaches",
        DEADLINE, "the law gives a month; an hour leaves time for every retry", "erasing twice is erasing once", facts=tuple(PATTERN_RATE.of(one) for one in [*patterns][:4]),
    )  # fmt: skip
