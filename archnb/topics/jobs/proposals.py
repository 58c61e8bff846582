"""What is proposed of background work: sagas, each job with its workers by Erlang C, retries and time-outs, and the queues."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from archnb.design.jobs import Job, Jobs, Queue, Retry, Saga
from archnb.design.record import Named
from archnb.engines import Engine, QueueKind, find_engine, list_engines, mean_engine
from archnb.fact import Fact, apply_model, maximum, total
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.jobs import (
    ASKED_AT_ONCE,
    BILLING_PERIOD,
    BROKER_LIMIT,
    DATABASE_LIMIT,
    DRAIN_LIMIT,
    JOB_AUDIENCE,
    JOB_DEADLINE,
    JOB_OFFERED,
    JOB_RATE,
    JOB_RETRY_BASE,
    JOB_RUNS,
    JOB_SERVICE_P99,
    JOB_SERVICE_TIME,
    JOB_VISIBILITY_NEEDED,
    JOB_WAIT_P95,
    JOB_WORKERS,
    JOBS_DAY,
    JOBS_MINUTE,
    JOBS_OUTAGE,
    JOBS_RATE,
    LARGE_AUDIENCE,
    LATENESS,
    LEAST_WORKERS,
    MANY_ATTEMPTS,
    MAX_UTILISATION,
    P99_FACTOR,
    SMALL_TEAM,
    THIRD_PARTY_P99,
    THIRD_PARTY_TIME,
    UNANSWERED_SHARE,
)
from archnb.model import Queues
from archnb.naming import snake
from archnb.quantity import parse
from archnb.topics.jobs.fan_out import limit_audience
from archnb.topics.jobs.models import runs_per_day, workers_for_batch, workers_needed
from archnb.topics.jobs.proposal import Proposal
from archnb.topics.jobs.sagas import complete_sagas
from archnb.topics.jobs.upkeep import list_parties
from archnb.topics.jobs.work import THIRD_PARTIES, THIRD_PARTY, find_proposals
from archnb.topics.topic import Assumption, Because, Draft

_OURS = "rule of thumb of archnb, 2026-11"
ASSUMPTIONS: tuple[Assumption, ...] = (
    (DATABASE_LIMIT, "500/s", "jobs that a table of the main database takes beside its other work",
     "assumed, 2026-11: each is an insert, an update and a delete, with their vacuum"),
    (BROKER_LIMIT, "20000/s", "messages that one broker queue takes; above that a log is cheaper",
     "assumed, 2026-11: RabbitMQ's published figures for durable queues are of this order"),
    (MANY_ATTEMPTS, 100, "above so many attempts retries have no end that anybody sees", _OURS),
    (SMALL_TEAM, 4, "engineers up to which a team is glad of every system that it does not run", _OURS),
    (LEAST_WORKERS, 2, "workers of a job at least, so that one may be restarted", _OURS),
    (MAX_UTILISATION, "80%", "share of the time that a worker may be busy", _OURS),
    (JOBS_OUTAGE, "30 min", "how long workers, or what they call, are gone in an outage that is planned for",
     "assumed, 2026-11: a provider's usual incident; its length times the rate is what waits"),
    (DRAIN_LIMIT, "4 h", "how long after an outage a backlog may take to drain",
     "rule of thumb of archnb, 2026-11: the same shift sees the end of it"),
    (LARGE_AUDIENCE, 3, "how many times the average audience is still served within the deadline", _OURS),
    (BILLING_PERIOD, "30 days", "how long a period is that is billed", "assumed, 2026-11: a month"),
    (LATENESS, "2 h", "how late a row may come that is still added up",
     "rule of thumb of archnb, 2026-11: what was cut off for longer is added up again by hand"),
    (UNANSWERED_SHARE, "1%", "share of the calls to third parties that are not answered within their time limit",
     "their time limit is their 99th percentile"),
    (ASKED_AT_ONCE, 10, "calls to a third party that one run has open at once", _OURS),
    (P99_FACTOR, 4.61, "the 99th percentile of a service time over its mean", "exponential service times: ln 100"),
)  # fmt: skip
_VISIBILITY = ((30.0, "30 s"), (60.0, "1 min"), (120.0, "2 min"), (300.0, "5 min"), (900.0, "15 min"), (3600.0, "1 h"), (21600.0, "6 h"), (86400.0, "1 day"))  # fmt: skip


def complete(draft: Draft) -> None:
    """Propose sagas, jobs with their numbers, and the queues they go through."""
    draft.facts.given(JOBS_MINUTE, "1 min", "a minute, for what runs each minute", source="a clock")
    draft.facts.given(JOBS_DAY, "1 day", "a day, for what runs by the clock", source="a calendar")
    draft.assume(ASSUMPTIONS)
    sagas = complete_sagas(draft)
    _give_third_parties(draft, sagas)
    made = _gather(draft, sagas)
    for name, (job, proposal) in made.items():
        _measure_arrivals(draft, name, job, proposal)
    queues = _complete_queues(draft, {name: job for name, (job, _) in made.items()})
    _add_outbox(draft, queues, made)
    jobs = {name: _complete_job(draft, name, job, proposal, queues) for name, (job, proposal) in made.items()}
    draft.close("jobs", Jobs(queues=Named(queues), jobs=Named(jobs), sagas=Named(sagas)))


def _give_third_parties(draft: Draft, sagas: Mapping[str, Saga]) -> None:
    names = {step.via for saga in sagas.values() for step in saga.steps if step.via}
    names |= {call for job in draft.design.jobs.jobs.values() for call in job.calls}
    names |= {step.via for one in draft.design.access.values() for step in one.steps if step.via}
    names |= list_parties(draft)
    for name in sorted(names):
        mean, p99 = THIRD_PARTIES.get(name, THIRD_PARTY)
        source = "assumed; take it from the provider's service levels or your own measurements"
        draft.facts.assume(THIRD_PARTY_TIME.of(name), f"{mean} s", f"mean time of one call to {name}", source=source)
        draft.facts.assume(
            THIRD_PARTY_P99.of(name), f"{p99} s", f"99 % of the calls to {name} are done within", source=source
        )


def _gather(draft: Draft, sagas: Mapping[str, Saga]) -> dict[str, tuple[Job, Proposal | None]]:
    """The jobs that were said, each with the proposal it answers, then the proposals that no job answers."""
    said = draft.design.jobs.jobs
    made: dict[str, tuple[Job, Proposal | None]] = {name: (job, None) for name, job in said.items()}
    for one in find_proposals(draft, sagas):
        answered = one.name if one.name in said else _find_answer(said, one)
        if answered is not None:
            if made[answered][1] is None:
                made[answered] = (said[answered], one)
            continue
        draft.note(f"jobs.jobs.{one.name}", one.reason, *one.facts)
        made[one.name] = (one.job, one)
    return made


def _find_answer(said: Mapping[str, Job], proposal: Proposal) -> str | None:
    """The said job that does what is proposed: the same trigger, and the same third party if there is one."""
    if proposal.job.trigger is None:
        return None
    for name, job in said.items():
        if (
            job.trigger == proposal.job.trigger
            and (set(proposal.job.calls) <= set(job.calls))
            and bool(job.calls) == bool(proposal.job.calls)
        ):
            return name
    return None


# -- arrivals, before the queues are chosen


def _measure_arrivals(draft: Draft, name: str, job: Job, proposal: Proposal | None) -> None:
    facts = draft.facts
    audience = _measure_audience(draft, name, job, proposal)
    # the rate of what is handed out is already one of all of it
    times = audience if audience is not None and (proposal is None or proposal.copy is None) else 1
    many = f", {audience.text} for each" if audience is not None and times != 1 else ""
    if job.rate is not None:
        rate = draft.value(JOB_RATE.of(name), job.rate)
    elif job.schedule is not None:
        runs = facts.given(
            JOB_RUNS.of(name),
            runs_per_day(job.schedule),
            f"runs a day by '{job.schedule}'",
            origin="assumed",
            source="the schedule",
        )
        rate = facts.define(JOB_RATE.of(name), runs / facts[JOBS_DAY], "/day", "how often it runs")
    elif proposal is not None and proposal.rate is not None:
        rate = facts.define(
            JOB_RATE.of(name), proposal.rate * times, "/s", f"as often as what triggers it, at the peak{many}"
        )
    elif job.trigger is not None and PATTERN_RATE.of(job.trigger) in facts:
        rate = facts.define(
            JOB_RATE.of(name),
            facts[PATTERN_RATE.of(job.trigger)] * times,
            "/s",
            f"once for each '{job.trigger}', at the peak{many}",
        )
    else:
        rate = facts.given(
            JOB_RATE.of(name), "1/h", "how often it comes", source="assumed: nothing in the design says how often"
        )
    if job.service_time is not None:
        service = draft.value(JOB_SERVICE_TIME.of(name), job.service_time)
    else:
        seconds, why = _estimate_service(draft, job, proposal)
        if isinstance(seconds, Fact):
            service = facts.define(JOB_SERVICE_TIME.of(name), seconds, "s", "how long one takes", source=why)
        else:
            service = facts.given(JOB_SERVICE_TIME.of(name), f"{seconds:g} s", "how long one takes", source=why)
    facts.define(JOB_OFFERED.of(name), rate * service, "", "workers that are busy on average (rate × service time)")


def _measure_audience(draft: Draft, name: str, job: Job, proposal: Proposal | None) -> Fact | None:
    """How many one trigger leads to, where it is not one."""
    if job.audience is not None:
        return draft.value(JOB_AUDIENCE.of(name), job.audience)
    if proposal is None or proposal.audience is None:
        return None
    return draft.facts.define(JOB_AUDIENCE.of(name), proposal.audience, "", "how many one leads to, on average")


def _estimate_service(draft: Draft, job: Job, proposal: Proposal | None) -> tuple[float | Fact, str]:
    if proposal is not None:
        return proposal.service_time, proposal.why_service
    if job.calls:
        calls = total(draft.facts[THIRD_PARTY_TIME.of(one)] for one in job.calls)
        return calls, f"one call each to {', '.join(job.calls)}"
    return 0.05, "assumed: one local transaction"


# -- queues


def _complete_queues(draft: Draft, jobs: Mapping[str, Job]) -> dict[str, Queue]:
    said = draft.design.jobs.queues
    if not jobs and not said:
        return {}
    facts = draft.facts
    queued = [name for name, job in jobs.items() if not job.schedule and JOB_RATE.of(name) in facts]
    rate = (
        facts.define(
            JOBS_RATE,
            total(facts[JOB_RATE.of(name)] for name in queued),
            "/s",
            "jobs through the queues at the peak",
        )
        if queued
        else None
    )
    chosen = _choose_engine(draft, rate)
    names = list(dict.fromkeys((*said, *(job.queue or "default" for job in jobs.values()))))
    if not said and "default" not in names:
        names.insert(0, "default")
    made: dict[str, Queue] = {}
    for name in names:
        path = f"jobs.queues.{name}"
        users = [one for one, job in jobs.items() if (job.queue or "default") == name]
        is_feed = name == "changes"
        if name not in said:
            draft.note(
                path,
                "changes of one row must not overtake each other, so they have a queue of their own"
                if is_feed
                else "one queue for all jobs; each job has workers of its own, so a slow third party holds up nobody else",
            )
        queue = said.get(name, Queue())
        engine = _read_engine(queue) or (_propose_of_kind(draft, queue.kind) if queue.kind is not None else chosen)
        made[name] = draft.fill(
            path, queue,
            engine=engine,
            technology=Because(_name_technology(queue.engine or engine.value), engine.reason, engine.facts),
            kind=_tell_kind(queue, engine),
            ordering=Because("by key", "changes of one row arrive in their order; those of different rows need none")
            if is_feed else Because("none", f"no job of {', '.join(users[:3]) or 'it'} rests on another having run; order would make one slow job hold up all behind it"),
            retention=Because("14 days", "longer than all retries, and longer than a holiday: what failed is still there when somebody looks"),
        )  # fmt: skip
    return made


def _rate_of_events(draft: Draft, name: str, proposal: Proposal | None) -> Fact:
    """How often a job is caused: one message of the outbox is split into those of its audience behind the queue."""
    rate, audience = draft.facts[JOB_RATE.of(name)], draft.facts.get(JOB_AUDIENCE.of(name))
    is_split = audience is not None and audience.base > 0 and (proposal is None or proposal.copy is None)
    return rate / audience if audience is not None and is_split else rate


def _add_outbox(draft: Draft, queues: dict[str, Queue], made: dict[str, tuple[Job, Proposal | None]]) -> None:
    """Where the queue is not a table of the database, a write and its message agree through an outbox and its relay."""
    caused = [
        name for name, (job, _) in made.items()
        if job.trigger is not None and job.trigger in draft.design.access and draft.design.access[job.trigger].writes and JOB_RATE.of(name) in draft.facts
        # of a write that nobody waits for the message is all that the request writes: there is no row that it must agree with
        and not (draft.design.access[job.trigger].is_async and name == snake(job.trigger))
    ]  # fmt: skip
    home = draft.model.places.find_home(draft.design.access[made[caused[0]][0].trigger or ""].writes) if caused else ""
    known = Queues(queues, draft.model.places.main_engine)
    if not caused or "relay_outbox" in made or known.is_table:
        return
    technology, engine = known.technology or "the queue", draft.model.places.engine(home)
    is_table = engine.queueing is not None and engine.queueing.in_transaction
    reason = (
        f"a database and {technology} share no transaction: {caused[0]} would be lost, or done for a write that was rolled back. The write"
        " puts its message into an outbox table, and the relay carries it on, at least once"
    )
    proposal = Proposal(
        "relay_outbox", reason,
        Job(summary=f"Carries messages from the outbox table to {technology}.", trigger="a commit", queue="outbox", idempotency_key="{message id}"),
        total(_rate_of_events(draft, name, made[name][1]) for name in caused), 0.002, "assumed: one message read, sent and marked (in batches it is less)",
        "1 s", "its wait is added to that of every job behind it", "the message's id goes along, and the receiver knows it",
        facts=tuple(JOB_RATE.of(name) for name in caused[:4]),
    )  # fmt: skip
    made[proposal.name] = (proposal.job, proposal)
    draft.note(f"jobs.jobs.{proposal.name}", reason, *proposal.facts)
    _measure_arrivals(draft, proposal.name, proposal.job, proposal)
    queues["outbox"] = draft.fill(
        "jobs.queues.outbox", queues.get("outbox", Queue()),
        engine=Because(engine.name if is_table else None, "the outbox is a table beside the data, written in the same transaction"),
        technology=Because(
            _name_technology(engine.name) if is_table else f"{engine.label} (outbox)",
            "the outbox is a table beside the data, written in the same transaction",
        ),
        kind=Because("table", "the outbox is a table beside the data, written in the same transaction"),
        ordering=Because("by key", "messages about one row are carried on in the order of their commits"),
        retention=Because("14 days", "what was carried on may be deleted; what was not must stay until it is"),
    )  # fmt: skip


def _read_engine(queue: Queue) -> Because | None:
    """The engine that a technology which was said means; where it means none, the queue is something of one's own."""
    if queue.engine is not None:
        return Because(queue.engine, "the engine that is said")
    if queue.technology is None:
        return None
    meant = mean_engine(queue.technology)
    is_queue = meant is not None and meant.queueing is not None
    return Because(meant.name if meant is not None and is_queue else None, "the technology that is said begins with it")


def _propose_of_kind(draft: Draft, kind: QueueKind) -> Because:
    """The usual engine of a kind that was said without one: of tables the main store's, where rows can be a queue there."""
    main = draft.model.places.main_engine
    is_able = main.queueing is not None and main.queueing.in_transaction
    engine = (main if is_able else None) if kind == "table" else _propose_queue(kind)
    return Because(
        engine.name if engine is not None else None, f"the usual one of its kind: it was said to be a {kind}"
    )


def _tell_kind(queue: Queue, engine: Because) -> Because:
    """What a queue is, from its engine; one of which nothing is known shares no transaction with the data."""
    found = find_engine(queue.engine or engine.value)
    if found is not None and found.queueing is not None:
        return Because(found.queueing.kind, f"{found.queueing.label} is one")
    why = f"nothing says that {queue.technology} shares a transaction with the data. Say `kind: table` if it does"
    return Because("broker", why)


def _name_technology(engine: str | None) -> str | None:
    found = find_engine(engine)
    return found.queueing.label if found is not None and found.queueing is not None else None


def _choose_engine(draft: Draft, rate: Fact | None) -> Because:
    design, facts = draft.design, draft.facts
    drawn = next((name for name, one in design.flow.components.items() if one.kind == "queue" and one.engine), None)
    if drawn is not None:
        return Because(design.flow.components[drawn].engine, f"the flow has it for {drawn}")
    main = draft.model.places.main_engine
    limit, broker = facts[DATABASE_LIMIT], facts[BROKER_LIMIT]
    names = (JOBS_RATE, limit.name) if rate is not None else (limit.name,)
    jobs_rate = rate.base if rate is not None else 0.0
    said = f"{rate.text} at the peak" if rate is not None else "everything runs by the clock"
    team = design.requirements.team_size
    small = (
        f", and a team of {team} has one thing less to run"
        if team is not None and team <= facts[SMALL_TEAM].base
        else ""
    )
    if jobs_rate > broker.base:
        log = _propose_queue("log")
        return Because(
            log.name, f"{said}, above the {broker.text} of a broker queue: {_praise(log)}", (*names, broker.name)
        )
    if main.has("row locks that skip") and jobs_rate <= limit.base:
        return Because(
            main.name,
            f"{said}, below the {limit.text} that a table takes: the job is written in the transaction that causes it, so neither"
            f" can be without the other and no outbox is needed{small}",
        )
    if main.queueing is not None and main.queueing.in_transaction and jobs_rate <= limit.base:
        return Because(
            main.name,
            f"{said}; the database is a file, and a table in it is a queue for one process"
            if main.running == "file"
            else f"{said}, below the {limit.text} that a table takes: the job is written in the transaction that causes it",
            names,
        )
    why = (
        f"above the {limit.text} that a table of the main database takes"
        if jobs_rate > limit.base
        else f"and {main.label} has no row locks that skip"
    )
    made = _propose_queue("broker")
    return Because(made.name, f"{said}, {why}: {_praise(made)}", names)


def _propose_queue(kind: QueueKind) -> Engine:
    """The engine that is proposed for messages of a kind: the first of those that declare when they are chosen."""
    able = [one for one in list_engines("queue") if one.choice("queue") and one.queueing is not None]
    return next((one for one in able if one.queueing is not None and one.queueing.kind == kind), able[0])


def _praise(engine: Engine) -> str:
    choice = engine.choice("queue")
    return choice.strength if choice is not None else engine.summary


# -- one job


def _complete_job(draft: Draft, name: str, job: Job, proposal: Proposal | None, queues: Mapping[str, Queue]) -> Job:
    facts, path = draft.facts, f"jobs.jobs.{name}"
    rate, service = facts[JOB_RATE.of(name)], facts[JOB_SERVICE_TIME.of(name)]
    queue = job.queue or "default"
    is_scheduled = job.schedule is not None
    # what a proposal says of the job was not said by a person: each of its values has a reason, too
    said = draft.design.jobs.jobs.get(name, Job())
    job = draft.fill(
        path, said,
        summary=Because(job.summary or (proposal.job.summary if proposal else None), "what it does, in one sentence"),
        trigger=Because(job.trigger or (proposal.job.trigger if proposal else None), proposal.reason if proposal else "said"),
        schedule=Because(job.schedule or (proposal.job.schedule if proposal else None), proposal.reason if proposal else "said"),
        queue=Because(queue, "changes go through a queue that keeps the order of each row" if queue == "changes" else "the queue for all that needs no order"),
        calls=Because(job.calls or (proposal.job.calls if proposal else None) or None, "the third party of the step"),
        rate=Because(rate.quantity, rate.because, (rate.name,)),
        audience=_tell_audience(facts.get(JOB_AUDIENCE.of(name))),
        service_time=Because(service.quantity, service.source, (service.name,)),
        deadline=Because(proposal.deadline if proposal else "10 s", proposal.why_deadline if proposal else "its effect should be seen soon"),
        idempotency_key=_choose_key(name, job, proposal),
        dead_letter=Because(f"{queue}.dead", "what failed in all attempts is kept where people see it, and can be sent again; it must not block the rest"),
    )  # fmt: skip
    job = replace(job, retry=_complete_retry(draft, f"{path}.retry", job, is_scheduled))
    assert job.deadline is not None
    deadline = draft.value(JOB_DEADLINE.of(name), job.deadline)
    job = _fill_workers(draft, name, job, rate, service, deadline)
    if proposal is not None and proposal.copy is not None and job.audience_limit is None:
        job = draft.fill(path, job, audience_limit=limit_audience(draft, name, proposal.copy))
    _measure_visibility(draft, name, job)
    needed = facts[JOB_VISIBILITY_NEEDED.of(name)]
    seconds, text = next(((v, t) for v, t in _VISIBILITY if v >= 1.5 * needed.base), _VISIBILITY[-1])
    if seconds < needed.base:
        text = f"{math.ceil(1.5 * needed.base / 86400)} days"
    return draft.fill(
        path, job,
        visibility_timeout=Because(
            text, f"99 of 100 are done within {facts[JOB_SERVICE_P99.of(name)].text}, with the first wait after a failure {needed.text}: a"
            " shorter one would give a job that still runs to a second worker, a much longer one leaves the jobs of a dead worker waiting",
            (needed.name,),
        ),
    )  # fmt: skip


def _tell_audience(audience: Fact | None) -> Because:
    if audience is None:
        return Because(None, "")
    return Because(audience.quantity, f"{audience.because}: {audience.formula()}", (audience.name,))


def _choose_key(name: str, job: Job, proposal: Proposal | None) -> Because:
    if proposal is not None and proposal.job.idempotency_key:
        return Because(
            proposal.job.idempotency_key,
            f"queues deliver at least once; {proposal.why_key or 'a repeat is known by it'}",
        )
    return Because(
        f"{snake(name)}:{{message id}}",
        "queues deliver at least once; the message's own id, given by whoever puts it in, tells a repeat from a new one",
    )


def _complete_retry(draft: Draft, path: str, job: Job, is_scheduled: bool) -> Retry:
    if is_scheduled:
        attempts = Because(3, "the next run comes by itself")
        cap = Because("1 min", "the next run comes by itself")
    elif job.calls:
        attempts = Because(
            8,
            f"{', '.join(job.calls)} may be down for minutes: with these waits it is tried for about a quarter of an hour",
        )
        cap = Because("10 min", "after an outage work goes on within ten minutes")
    else:
        attempts = Because(5, "what fails here is a lock, a failover or a deploy: over in a minute")
        cap = Because("1 min", "a failover takes about half a minute")
    base = "5 s" if job.calls else "1 s"
    return draft.fill(
        path, job.retry,
        attempts=attempts,
        base=Because(base, "short enough for a lost packet, long enough for a restart"),
        factor=Because(parse(2), "each wait at most twice the one before, so that a service in trouble is asked less and less"),
        cap=cap,
        jitter=Because("full", "each wait is drawn evenly between nothing and its ceiling, so that jobs which failed together do not come back together"),
    )  # fmt: skip


def _fill_workers(draft: Draft, name: str, job: Job, rate: Fact, service: Fact, deadline: Fact) -> Job:
    facts = draft.facts
    if job.workers is not None:
        draft.value(JOB_WORKERS.of(name), job.workers, symbol="workers")
        return job
    if job.schedule is not None:
        facts.value(JOB_WORKERS.of(name), 1, "one run at a time, so that no two work on the same rows", symbol="worker")
        reason = f"one run at a time: whoever starts it takes a lock by the name {name}, and a run that finds it taken ends at once"
        return draft.fill(f"jobs.jobs.{name}", job, workers=Because(1, reason, (JOB_WORKERS.of(name),)))
    least = round(facts[LEAST_WORKERS].base)
    needed = apply_model(
        "workers by Erlang C",
        workers_needed,
        "workers",
        rate,
        service,
        deadline,
        facts[MAX_UTILISATION],
        labels=("rate", "service time", "deadline", "busy at most"),
    )
    audience = facts.get(JOB_AUDIENCE.of(name))
    if audience is not None:
        batch = apply_model(
            "workers for a batch",
            workers_for_batch,
            "workers",
            rate,
            service,
            deadline,
            audience * facts[LARGE_AUDIENCE],
            labels=("rate", "service time", "deadline", "batch"),
        )
        needed = maximum(needed, batch)
    fact = facts.decide(
        JOB_WORKERS.of(name),
        maximum(needed, parse(f"{least} workers")),
        "workers",
        f"workers so that 95 % start within the deadline, none busy above {facts[MAX_UTILISATION].text}",
    )
    reason = f"{rate.text} × {service.text} keep {facts[JOB_OFFERED.of(name)].text} busy; with {fact.value:g}, 95 % start within {job.deadline}"
    if needed.base < least:
        reason += "; one would do, the second is there when the first is restarted"
    if audience is not None:
        times = facts[LARGE_AUDIENCE].text
        reason += f"; those of one event come at once, and one with {times} times the average audience is served within {job.deadline} too"
    return draft.fill(
        f"jobs.jobs.{name}", job, workers=Because(int(fact.base), reason, (fact.name, JOB_WAIT_P95.of(name)))
    )


def _measure_visibility(draft: Draft, name: str, job: Job) -> None:
    facts = draft.facts
    p99 = facts.define(
        JOB_SERVICE_P99.of(name),
        facts[JOB_SERVICE_TIME.of(name)] * facts[P99_FACTOR],
        "s",
        "99 of 100 are done within",
    )
    assert job.retry.base is not None
    base = draft.value(JOB_RETRY_BASE.of(name), job.retry.base)
    facts.define(JOB_VISIBILITY_NEEDED.of(name), p99 + base, "s", "a worker may be silent so long and still be at work")
