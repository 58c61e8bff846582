"""What is measured of background work: waits by Erlang C, how busy workers are, and how long retries last."""

from __future__ import annotations

from archnb.design.jobs import Job
from archnb.fact import apply_model, total
from archnb.fact.keys.jobs import (
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
    JOB_UTILISATION,
    JOB_WAIT_P95,
    JOB_WORKERS,
    JOBS_WORKERS,
)
from archnb.topics.jobs.models import retry_wait_expected, retry_wait_max, wait_p95, wait_probability
from archnb.topics.topic import Draft


def measure(draft: Draft) -> None:
    """Add waits, utilisation and retry times of every job, and the workers in all."""
    facts = draft.facts
    jobs = {name: job for name, job in draft.design.jobs.jobs.items() if JOB_OFFERED.of(name) in facts}
    for name, job in jobs.items():
        _measure_job(draft, name, job)
    if jobs:
        facts.define(JOBS_WORKERS, total(facts[JOB_WORKERS.of(name)] for name in jobs), "workers", "workers in all")


def _measure_job(draft: Draft, name: str, job: Job) -> None:
    facts = draft.facts
    rate, service, workers, offered = (
        facts[one.of(name)] for one in (JOB_RATE, JOB_SERVICE_TIME, JOB_WORKERS, JOB_OFFERED)
    )
    facts.define(JOB_UTILISATION.of(name), offered / workers, "%", "share of the time that a worker is wanted")
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
