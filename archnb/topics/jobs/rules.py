"""The rules of background work: what was said against what queues, third parties, deadlines and undoing ask."""

from __future__ import annotations

import math
from collections.abc import Iterator

from archnb.design.entities import Step
from archnb.fact.keys.jobs import (
    DRAIN_LIMIT,
    JOB_AUDIENCE,
    JOB_BACKLOG,
    JOB_DEADLINE,
    JOB_DRAIN,
    JOB_INTERVAL,
    JOB_OFFERED,
    JOB_P_WAIT,
    JOB_RATE,
    JOB_RETRY_WAIT,
    JOB_RETRY_WAIT_MAX,
    JOB_SERVICE_P99,
    JOB_SERVICE_TIME,
    JOB_VISIBILITY_NEEDED,
    JOB_WAIT_P95,
    JOBS_OUTAGE,
    MANY_ATTEMPTS,
    THIRD_PARTY_P99,
)
from archnb.finding import Hit, Rule, rule
from archnb.model import Unknown
from archnb.naming import plural, snake
from archnb.quantity import number, show, unit
from archnb.topics.jobs.outcomes import is_refused, is_telling
from archnb.topics.topic import Draft

# past this many attempts a job is in effect tried for ever


def _seconds(value: float) -> str:
    return "for ever" if math.isinf(value) else show(value, unit("s"))


@rule(
    "jobs-visibility-timeout-too-short", principle="integrity", severity="high",
    condition="The visibility timeout is shorter than 99 of 100 runs with the first wait after a failure.",
    effect="Jobs that still run are given to a second worker, and are done twice at the same time.",
    remedy="Make it longer than the 99th percentile of the run with its back-off, or let the worker extend it while it works.",
)  # fmt: skip
def visibility_timeout_too_short(draft: Draft) -> Iterator[Hit]:
    """Compare the visibility timeout with the service time's p99 and the first wait."""
    for name, job in draft.design.jobs.jobs.items():
        needed = draft.facts.get(JOB_VISIBILITY_NEEDED.of(name))
        if needed is not None and job.visibility_timeout is not None and job.visibility_timeout.base < needed.base:
            p99 = draft.facts[JOB_SERVICE_P99.of(name)]
            yield Hit(
                f"jobs.jobs.{name}.visibility_timeout",
                f"{job.visibility_timeout} against {needed.text}: p99 of the run {p99.text} and a first wait of up to {job.retry.base}",
            )


@rule(
    "jobs-without-dead-letter", principle="reliability", severity="high",
    condition="A job says 'none' for its dead-letter queue.",
    effect="After the last attempt the work is dropped, and nobody learns that it was.",
    remedy="Name a dead-letter queue, alert when it is not empty, and have a way to send its jobs again.",
)  # fmt: skip
def without_dead_letter(draft: Draft) -> Iterator[Hit]:
    """Find jobs that refuse a dead-letter queue."""
    for name, job in draft.design.jobs.jobs.items():
        if _is_refused(job.dead_letter):
            yield Hit(
                f"jobs.jobs.{name}.dead_letter",
                f"dead_letter {job.dead_letter!r} with {job.retry.attempts} attempts, {job.rate}",
            )


def _is_refused(text: str | None) -> bool:
    return text is not None and text.strip().casefold() in ("none", "no", "-", "n/a", "drop", "discard")


@rule(
    "jobs-retries-without-idempotency", principle="integrity", severity="critical",
    condition="A job is tried more than once, and nothing tells a repeat from a new one.",
    effect="When an attempt succeeded but its answer was lost, the next one does the work again: two mails, two charges.",
    remedy="Give it an idempotency key, record it with the effect in one transaction, and pass it on to third parties.",
)  # fmt: skip
def retries_without_idempotency(draft: Draft) -> Iterator[Hit]:
    """Find retried jobs that refuse an idempotency key."""
    for name, job in draft.design.jobs.jobs.items():
        if _is_refused(job.idempotency_key) and (job.retry.attempts or 0) > 1:
            what = f", calls {', '.join(job.calls)}" if job.calls else ""
            yield Hit(
                f"jobs.jobs.{name}.idempotency_key",
                f"{job.retry.attempts} attempts, idempotency_key {job.idempotency_key!r}{what}",
            )


@rule(
    "jobs-workers-saturated", principle="scalability", severity="critical",
    condition="There are fewer workers than are kept busy on average.",
    effect="The queue grows without end, and every job is later than the one before.",
    remedy="Add workers, or make the job shorter; the proposed number meets the deadline.",
)  # fmt: skip
def workers_saturated(draft: Draft) -> Iterator[Hit]:
    """Compare workers with the offered load; runs by the clock are compared with their interval, by another rule."""
    for name, job in draft.design.jobs.jobs.items():
        offered = draft.facts.get(JOB_OFFERED.of(name))
        if (
            offered is not None
            and job.schedule is None
            and job.workers is not None
            and job.workers <= offered.base
            and offered.base > 0
        ):
            grows = draft.facts[JOB_RATE.of(name)].base - job.workers / draft.facts[JOB_SERVICE_TIME.of(name)].base
            yield Hit(
                f"jobs.jobs.{name}.workers",
                f"{job.workers} workers for an offered load of {offered.text} ({draft.facts[JOB_RATE.of(name)].text} × {draft.facts[JOB_SERVICE_TIME.of(name)].text}):"
                f" the queue grows by {number(max(0.0, grows))} jobs a second",
            )


@rule(
    "jobs-deadline-missed", principle="performance", severity="medium",
    condition="With the workers that were said, the wait of 95 % of the jobs is above the deadline.",
    effect="More than one job in twenty starts later than was promised.",
    remedy="Add workers; the table of waits says how many it takes.",
)  # fmt: skip
def deadline_missed(draft: Draft) -> Iterator[Hit]:
    """Compare the wait at p95 with the deadline."""
    for name, job in draft.design.jobs.jobs.items():
        wait, deadline = draft.facts.get(JOB_WAIT_P95.of(name)), draft.facts.get(JOB_DEADLINE.of(name))
        if wait is not None and deadline is not None and deadline.base < wait.base < math.inf:
            yield Hit(
                f"jobs.jobs.{name}.workers",
                f"{job.workers} workers: 95 % start within {wait.text}, the deadline is {deadline.text}",
            )


@rule(
    "jobs-backlog-drains-slowly", principle="reliability", severity="medium",
    condition="The backlog of an outage takes longer to drain, beside new arrivals, than is planned for.",
    effect="After a short outage everything is late for the rest of the day, though all works again.",
    remedy="Give it more workers than the usual load needs: the drain is the backlog over what they can do beyond it.",
)  # fmt: skip
def backlog_drains_slowly(draft: Draft) -> Iterator[Hit]:
    """Compare the drain of the planned outage with its limit; workers that never keep up are another rule's."""
    limit, outage = draft.facts[DRAIN_LIMIT], draft.facts[JOBS_OUTAGE]
    for name, job in draft.design.jobs.jobs.items():
        drain = draft.facts.get(JOB_DRAIN.of(name))
        if drain is not None and limit.base < drain.base < math.inf:
            rate, backlog = draft.facts[JOB_RATE.of(name)], draft.facts[JOB_BACKLOG.of(name)]
            spare = 1 / drain.base * backlog.base
            needed = math.ceil((rate.base + backlog.base / limit.base) * draft.facts[JOB_SERVICE_TIME.of(name)].base)
            yield Hit(
                f"jobs.jobs.{name}.workers",
                f"{outage.text} without workers leave {backlog.text}; {job.workers} workers do {number(spare)} a second beyond the"
                f" {rate.text} that arrive, so it drains in {drain.text}, above {limit.text}",
                remedy=f"Say `jobs.jobs.{name}.workers: {needed}`, with which it drains in {limit.text}.",
                weight=backlog.base,
            )


@rule(
    "jobs-run-outlasts-interval", principle="reliability", severity="high",
    condition="A run of a scheduled job takes longer than the time until the next one, for as many workers as it has.",
    effect="Runs overlap and do the same rows at once, or each begins later than the one before until the schedule means nothing.",
    remedy="Run it less often, give it less to do in a run, or let a lock skip a run while another goes on.",
)  # fmt: skip
def run_outlasts_interval(draft: Draft) -> Iterator[Hit]:
    """Compare the mean run with the shortest interval of the schedule."""
    for name, job in draft.design.jobs.jobs.items():
        waits = draft.facts.get(JOB_P_WAIT.of(name))
        if job.schedule is not None and waits is not None and waits.base >= 1:
            service, interval = draft.facts[JOB_SERVICE_TIME.of(name)], draft.facts[JOB_INTERVAL.of(name)]
            yield Hit(
                f"jobs.jobs.{name}.schedule",
                f"a run takes {service.text} with {job.workers} at a time; '{job.schedule}' starts one every {show(interval.base, unit('s'))}",
            )


@rule(
    "jobs-retry-budget-exceeds-deadline", principle="performance", severity="medium",
    condition="The first wait after a failure is, on average, longer than the deadline that was said.",
    effect="A job that fails once, by a lost packet, is already late.",
    remedy="Begin with a shorter wait (`retry.base`) and let it grow, or give the job more time.",
)  # fmt: skip
def retry_budget_exceeds_deadline(draft: Draft) -> Iterator[Hit]:
    """Compare the mean first wait with the deadline."""
    share = {"full": 0.5, "equal": 0.75, "none": 1.0}
    for name, job in draft.design.jobs.jobs.items():
        if job.deadline is None or job.retry.base is None or not draft.is_said(f"jobs.jobs.{name}.deadline"):
            continue
        wait = share[job.retry.jitter or "full"] * job.retry.base.base
        if wait > job.deadline.base > 0 and (job.retry.attempts or 0) > 1:
            all_waits = draft.facts.get(JOB_RETRY_WAIT.of(name))
            yield Hit(
                f"jobs.jobs.{name}.retry.base",
                f"{_seconds(wait)} before the second attempt, deadline {job.deadline}"
                + (f"; all attempts together take {all_waits.text}" if all_waits is not None else ""),
            )


@rule(
    "jobs-retries-outlast-queue", principle="reliability", severity="high",
    condition="The waits of all attempts together can be longer than the queue keeps its messages.",
    effect="The queue drops the job before its last attempt, and it reaches no dead-letter queue.",
    remedy="Keep messages longer than the longest schedule of retries, or give up earlier.",
)  # fmt: skip
def retries_outlast_queue(draft: Draft) -> Iterator[Hit]:
    """Compare the longest schedule of retries with the queue's retention."""
    for name, job in draft.design.jobs.jobs.items():
        queue = draft.design.jobs.queues.get(job.queue or "")
        longest = draft.facts.get(JOB_RETRY_WAIT_MAX.of(name))
        if queue is None or queue.retention is None or longest is None or longest.base <= queue.retention.base:
            continue
        yield Hit(
            f"jobs.queues.{job.queue}.retention", f"kept for {queue.retention}, '{name}' may wait {longest.text} in all"
        )


@rule(
    "jobs-saga-step-without-compensation", principle="integrity", severity="critical",
    condition="A step of a saga that nothing undoes comes before a step that can still fail.",
    effect="When the later step fails, what this one did stays: goods reserved for nobody, money taken for nothing.",
    remedy="Say what undoes it (`undo release`), or move it behind every step that may fail.",
)  # fmt: skip
def saga_step_without_compensation(draft: Draft) -> Iterator[Hit]:
    """Find steps before the pivot that lack a compensation."""
    for name, saga in draft.design.jobs.sagas.items():
        pivot = next((n for n, step in enumerate(saga.steps) if step.kind == "pivot"), len(saga.steps))
        for n, step in enumerate(saga.steps[:pivot]):
            if not step.compensation:
                later = saga.steps[min(pivot, len(saga.steps) - 1)]
                yield Hit(
                    f"jobs.sagas.{name}.steps.{n}",
                    f"'{step.action} {step.entity}' is step {n + 1}, the point of no return is step {pivot + 1}, '{later.action} {later.entity}'",
                )


@rule(
    "jobs-outcome-cannot-be-asked", principle="integrity", severity="high",
    condition="A third party does something lasting, and it is said that it cannot be asked how a call ended.",
    effect="A call without an answer was done or was not, and nobody can tell: repeated it may be done twice, given up it may be done and"
    " not booked.",
    remedy="Send a reference that is stored before the call, and ask by it; where the party offers neither a query nor an idempotency key,"
    " compare its statement with the rows each day and let people decide.",
)  # fmt: skip
def outcome_cannot_be_asked(draft: Draft) -> Iterator[Hit]:
    """Find steps through a third party that say `asked_by: none`."""
    for name, saga in draft.design.jobs.sagas.items():
        for n, step in enumerate(saga.steps):
            if step.via and is_refused(step.asked_by or "") and not is_telling(draft, step):
                after = draft.facts[THIRD_PARTY_P99.of(step.via)].text
                yield Hit(
                    f"jobs.sagas.{name}.steps.{n}",
                    f"'{step.action} {step.entity} via {step.via}': one call in a hundred has no answer after {after}, and `asked_by` is none",
                )


@rule(
    "jobs-third-party-call-in-request", principle="performance", severity="high",
    condition="A request that waits for a third party promises an answer sooner than the third party gives one.",
    effect="The promise cannot be kept, and when the third party is slow its callers hold connections and threads until none is left.",
    remedy="Answer 202 with the row pending and go on in the background (`is_async: true`), or promise what the third party allows.",
)  # fmt: skip
def third_party_call_in_request(draft: Draft) -> Iterator[Hit]:
    """Compare latency objectives that were said with what third parties take."""
    for name, pattern in draft.design.access.items():
        objective = draft.design.requirements.objectives.get(name)
        if pattern.is_async or objective is None or not pattern.writes:
            continue
        waited = _find_waited(draft, name)
        if not waited:
            continue
        for share, promised in (("p99", objective.latency_p99), ("p95", objective.latency_p95)):
            if promised is None or not draft.is_said(f"requirements.objectives.{name}.latency_{share}"):
                continue
            facts = [draft.facts[THIRD_PARTY_P99.of(via)] for via in waited]
            needed = max(fact.base for fact in facts)
            if promised.base < needed:
                calls = ", ".join(f"{via} {fact.text}" for via, fact in zip(waited, facts, strict=True))
                yield Hit(
                    f"requirements.objectives.{name}.latency_{share}",
                    f"{share} of {promised} promised; 99 % of the calls take up to: {calls}",
                    remedy=f"Answer 202 with the row pending and go on in the background (`access.{name}.is_async: true`), or promise what the"
                    f" third party allows (`latency_{share}: {2 * needed:g} s`).",
                )
                break


def _find_waited(draft: Draft, operation: str) -> list[str]:
    """The third parties that a request waits for: those of the steps up to the pivot."""
    saga = next((one for one in draft.design.jobs.sagas.values() if one.operation == operation), None)
    if saga is None:
        return []
    found = (step.via for step in saga.steps if step.kind != "retriable" and step.via)
    return [via for via in dict.fromkeys(found) if THIRD_PARTY_P99.of(via) in draft.facts]


@rule(
    "jobs-unbounded-retries", principle="reliability", severity="medium",
    condition="A job is tried more than a hundred times.",
    effect="A job that can never succeed takes a worker again and again, and hides among those that can.",
    remedy="Give up after so many attempts as an outage lasts, and let people see it in the dead-letter queue.",
)  # fmt: skip
def unbounded_retries(draft: Draft) -> Iterator[Hit]:
    """Find jobs with very many attempts."""
    for name, job in draft.design.jobs.jobs.items():
        if (job.retry.attempts or 0) > draft.facts[MANY_ATTEMPTS].base:
            longest = draft.facts.get(JOB_RETRY_WAIT_MAX.of(name))
            yield Hit(
                f"jobs.jobs.{name}.retry.attempts",
                f"{job.retry.attempts} attempts" + (f" over up to {longest.text}" if longest is not None else ""),
            )


@rule(
    "jobs-no-jitter", principle="reliability", severity="medium",
    condition="The waits between attempts are the same for all jobs.",
    effect="Jobs that failed together come back together, and bring down again what was just coming up.",
    remedy="Draw each wait at random: `jitter: full`.",
)  # fmt: skip
def no_jitter(draft: Draft) -> Iterator[Hit]:
    """Find retries without jitter."""
    for name, job in draft.design.jobs.jobs.items():
        if job.retry.jitter == "none" and (job.retry.attempts or 0) > 1:
            rate = draft.facts.get(JOB_RATE.of(name))
            yield Hit(
                f"jobs.jobs.{name}.retry.jitter",
                f"{rate.text if rate else 'jobs'}, each back after exactly {job.retry.base}, then longer",
            )


@rule(
    "jobs-audience-not-said", principle="scalability", severity="medium",
    condition="A write tells others through a third party, and how many it tells cannot be concluded.",
    effect="It is counted as one: where a message goes to hundreds, workers and queue are hundreds of times too small.",
    remedy="Say how many one leads to on average.",
)  # fmt: skip
def audience_not_said(draft: Draft) -> Iterator[Hit]:
    """Find steps that tell others, of which the model cannot say how many they are."""
    for name, saga in draft.design.jobs.sagas.items():
        for n, step in enumerate(saga.steps):
            operation = saga.operation or name
            if not step.via or operation not in draft.design.access or not is_telling(draft, step):
                continue
            asked = Step(action=step.action, entity=step.entity, via=step.via)
            found = draft.model.audiences.find(operation, asked)
            jobs = [
                one for one in draft.design.jobs.jobs.values() if one.trigger == operation and step.via in one.calls
            ]
            if not isinstance(found, Unknown) or any(one.audience is not None for one in jobs):
                continue
            yield Hit(
                f"jobs.sagas.{name}.steps.{n}", found.reason, remedy=f"Say how many, for instance `{found.line}`."
            )


@rule(
    "jobs-fan-out-without-read", principle="scalability", severity="medium",
    condition="From some number on an event is not handed out to all who follow its author, and no access pattern reads events by their author.",
    effect="What the few with very many followers write is either shown to nobody, or holds up everybody's for minutes.",
    remedy="Add the read that is mixed in, or say how many an author has at most.",
)  # fmt: skip
def fan_out_without_read(draft: Draft) -> Iterator[Hit]:
    """Find copies that are limited, where no read brings what is not handed out."""
    for name, job in draft.design.jobs.jobs.items():
        pattern = draft.design.access.get(name)
        copy = draft.model.audiences.find_copy(name) if pattern is not None and pattern.writes else None
        if copy is None or copy.merging or job.audience_limit is None or not copy.author:
            continue
        if draft.is_said(f"jobs.jobs.{name}.audience_limit"):
            continue
        fields = draft.model.fields(copy.event)
        time = next((field for field, one in fields.items() if one.type == "timestamp" and not one.optional), "")
        read = draft.design.access[copy.reads[0]] if copy.reads else None
        line = (
            f"access.{snake(plural(copy.event))}_of_followed: {{reads: {copy.event}, by: {copy.author}"
            + (f", sort: -{time}" if time else "")
            + f", limit: {(read.limit if read is not None else None) or 20}"
            + (
                f", rate: {read.rate}, roles: [{', '.join(read.roles)}]"
                if read is not None and read.rate is not None
                else ""
            )
            + "}"
        )
        audience = draft.facts.get(JOB_AUDIENCE.of(name))
        yield Hit(
            f"jobs.jobs.{name}.audience_limit",
            f"each {copy.event} goes to {audience.text if audience is not None else 'many'} on average and to {job.audience_limit} at most;"
            f" nothing reads {copy.event} by {copy.author}",
            remedy=f"Add `{line}`, which {', '.join(copy.reads) or 'the reader'} calls for the marked authors; or say"
            f" `jobs.jobs.{name}.audience_limit` above the most that anybody has.",
        )


@rule(
    "jobs-waiting-without-end", principle="reliability", severity="medium",
    condition="A row waits in a state for somebody else, and nothing says for how long, or what it becomes then.",
    effect="Where nobody comes the row stays so for ever, with what it holds: a place, a stock, an amount on a card.",
    remedy="Say when the state ends, and in which one.",
)  # fmt: skip
def waiting_without_end(draft: Draft) -> Iterator[Hit]:
    """Find states of which the model cannot say how they end by themselves."""
    for path, unknown in draft.model.upkeeps.list_unknown():
        yield Hit(path, unknown.reason, remedy=f"Say when it ends, for instance `{unknown.line}`.")


RULES: tuple[Rule, ...] = (
    visibility_timeout_too_short,
    without_dead_letter,
    retries_without_idempotency,
    workers_saturated,
    deadline_missed,
    backlog_drains_slowly,
    run_outlasts_interval,
    retry_budget_exceeds_deadline,
    retries_outlast_queue,
    saga_step_without_compensation,
    outcome_cannot_be_asked,
    audience_not_said,
    fan_out_without_read,
    waiting_without_end,
    third_party_call_in_request,
    unbounded_retries,
    no_jitter,
)
