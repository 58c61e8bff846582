"""What is measured of background work: waits, how busy workers are, how long retries last, and what an outage leaves to do.

Jobs that something triggers arrive at random and wait by Erlang C; those by the clock come evenly, and wait only where one
run is not done when the next begins (D/D/c).
"""

from __future__ import annotations

from collections.abc import Mapping

from archnb.design.jobs import Job
from archnb.fact import apply_model, maximum, total
from archnb.fact.keys.jobs import (
    JOB_AUDIENCE,
    JOB_BACKLOG,
    JOB_CAPACITY,
    JOB_DRAIN,
    JOB_INTERVAL,
    JOB_OFFERED,
    JOB_P_WAIT,
    JOB_RATE,
    JOB_RETRY_ATTEMPTS,
    JOB_RETRY_BASE,
    JOB_RETRY_CAP,
    JOB_RETRY_FACTOR,
    JOB_RETRY_WAIT,
    JOB_RETRY_WAIT_MAX,
    JOB_SERVICE_TIME,
    JOB_SPREAD,
    JOB_UTILISATION,
    JOB_WAIT_P95,
    JOB_WORKERS,
    JOBS_OUTAGE,
    JOBS_WORKERS,
    QUEUE_BACKLOG,
    QUEUE_DRAIN,
)
from archnb.topics.jobs.models import (
    clocked_wait,
    clocked_wait_p95,
    drain_time,
    retry_wait_expected,
    retry_wait_max,
    shortest_interval,
    wait_p95,
    wait_probability,
)
from archnb.topics.topic import Draft


def measure(draft: Draft) -> None:
    """Add waits, utilisation and retry times of every job, and the workers in all."""
    facts = draft.facts
    jobs = {name: job for name, job in draft.design.jobs.jobs.items() if JOB_OFFERED.of(name) in facts}
    for name, job in jobs.items():
        _measure_job(draft, name, job)
    if jobs:
        _measure_queues(draft, jobs)
        facts.define(JOBS_WORKERS, total(facts[JOB_WORKERS.of(name)] for name in jobs), "workers", "workers in all")


def _measure_job(draft: Draft, name: str, job: Job) -> None:
    facts = draft.facts
    rate, service, workers, offered = (
        facts[one.of(name)] for one in (JOB_RATE, JOB_SERVICE_TIME, JOB_WORKERS, JOB_OFFERED)
    )
    facts.define(JOB_UTILISATION.of(name), offered / workers, "%", "share of the time that a worker is wanted")
    if job.schedule is not None:
        _measure_clocked(draft, name, job.schedule)
    else:
        facts.define(
            JOB_P_WAIT.of(name),
            apply_model("Erlang C", wait_probability, "%", workers, offered, labels=("workers", "offered")),
            "%",
            "share of the jobs that wait for a worker",
        )
        facts.define(
            JOB_WAIT_P95.of(name),
            apply_model("Erlang C wait, p95", wait_p95, "s", workers, rate, service, labels=("workers", "rate", "service time")),
            "s", "95 % of the jobs start within",
        )  # fmt: skip
        _measure_backlog(draft, name)
    retry = job.retry
    if retry.factor is None or retry.cap is None or retry.attempts is None:
        return
    given = (
        facts[JOB_RETRY_BASE.of(name)],
        draft.value(JOB_RETRY_FACTOR.of(name), retry.factor),
        draft.value(JOB_RETRY_CAP.of(name), retry.cap),
        draft.value(JOB_RETRY_ATTEMPTS.of(name), float(retry.attempts)),
    )
    labels = ("base", "factor", "cap", "attempts")
    jitter = retry.jitter or "full"

    def expected(base: float, factor: float, cap: float, attempts: float) -> float:
        return retry_wait_expected(base, factor, cap, attempts, jitter)

    facts.define(
        JOB_RETRY_WAIT.of(name),
        apply_model(f"expected back-off, {jitter} jitter", expected, "s", *given, labels=labels),
        "s",
        "all waits together, expected, when every attempt fails",
    )
    facts.define(
        JOB_RETRY_WAIT_MAX.of(name),
        apply_model("longest back-off", retry_wait_max, "s", *given, labels=labels),
        "s",
        "all waits together, at most",
    )


def _measure_clocked(draft: Draft, name: str, schedule: str) -> None:
    """Waits of what runs by the clock: the runs come evenly, so that none waits while the one before is done in time."""
    facts = draft.facts
    interval = facts.given(
        JOB_INTERVAL.of(name),
        f"{shortest_interval(schedule):g} s",
        f"the shortest time between two runs of '{schedule}'",
        origin="assumed",
        source="the schedule",
    )
    given = (facts[JOB_WORKERS.of(name)], interval, facts[JOB_SERVICE_TIME.of(name)])
    labels = ("workers", "interval", "service time")
    facts.define(
        JOB_P_WAIT.of(name),
        apply_model("D/D/c", clocked_wait, "%", *given, labels=labels),
        "%",
        "share of the runs that wait: they come by the clock, not at random",
    )
    facts.define(
        JOB_WAIT_P95.of(name),
        apply_model("D/D/c wait", clocked_wait_p95, "s", *given, labels=labels),
        "s",
        "95 % of the runs start within",
    )


def _measure_backlog(draft: Draft, name: str) -> None:
    """What an outage of the workers, or of what they call, leaves to do, and how long that takes beside new arrivals."""
    facts = draft.facts
    rate, outage = facts[JOB_RATE.of(name)], facts[JOBS_OUTAGE]
    capacity = facts.define(
        JOB_CAPACITY.of(name),
        facts[JOB_WORKERS.of(name)] / facts[JOB_SERVICE_TIME.of(name)],
        "/s",
        "all workers busy",
    )
    audience = facts.get(JOB_AUDIENCE.of(name))
    if audience is not None:
        facts.define(
            JOB_SPREAD.of(name),
            apply_model("batch / (capacity − rate)", drain_time, "s", audience, capacity, rate, labels=("batch", "capacity", "rate")),
            "s", "until all of an average audience are served, beside the others",
        )  # fmt: skip
    backlog = facts.define(
        JOB_BACKLOG.of(name), rate * outage, "", f"what arrives at the peak in an outage of {outage.text}"
    )
    facts.define(
        JOB_DRAIN.of(name),
        apply_model(
            "drain, backlog / (capacity − rate)",
            drain_time,
            "s",
            backlog,
            capacity,
            rate,
            labels=("backlog", "capacity", "rate"),
        ),
        "s",
        f"until the backlog of {outage.text} is gone, beside new arrivals at the peak",
    )


def _measure_queues(draft: Draft, jobs: Mapping[str, Job]) -> None:
    """The backlog of a queue is that of all its jobs; each has workers of its own, so it is as before when the last has drained."""
    facts = draft.facts
    by_queue: dict[str, list[str]] = {}
    for name, job in jobs.items():
        if JOB_BACKLOG.of(name) in facts:
            by_queue.setdefault(job.queue or "default", []).append(name)
    for queue, names in by_queue.items():
        facts.define(
            QUEUE_BACKLOG.of(queue), total(facts[JOB_BACKLOG.of(one)] for one in names), "", "messages after the outage"
        )
        drains = [facts[JOB_DRAIN.of(one)] for one in names]
        drain = maximum(*drains) if len(drains) > 1 else drains[0]
        facts.define(QUEUE_DRAIN.of(queue), drain, "s", "until the last of its jobs has drained")
