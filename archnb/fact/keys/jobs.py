"""Background jobs: arrivals, workers, waits and retries."""

from __future__ import annotations

from archnb.fact.key import NUMBER, RATE, TIME, family, key

JOBS_DAY = key("jobs.day", TIME, "A day, for what runs by the clock.")
JOBS_MINUTE = key("jobs.minute", TIME, "A minute, for what runs each minute.")
UNANSWERED_SHARE = key(
    "jobs.unanswered_share",
    NUMBER,
    "Share of the calls to third parties that are not answered within their time limit.",
    assumption=True,
    share=True,
)
ASKED_AT_ONCE = key(
    "jobs.asked_at_once",
    NUMBER,
    "Calls to a third party that one run has open at once.",
    assumption=True,
    positive=True,
)
BILLING_PERIOD = key(
    "jobs.billing_period", TIME, "How long a period is that is billed.", assumption=True, positive=True
)
LATENESS = key("jobs.lateness", TIME, "How late a row may come that is still added up.", assumption=True)
ROWS_OF_RUN = family("jobs.{job}.rows_of_run", NUMBER, "Rows that a run of a job is about.", optional=True)
CALLS_OF_RUN = family(
    "jobs.{job}.calls_of_run", NUMBER, "Calls without an answer that a run asks about.", optional=True
)
DATABASE_LIMIT = key(
    "jobs.database_limit",
    RATE,
    "Jobs that a table of the main database takes beside its other work.",
    optional=True,
    assumption=True,
)
BROKER_LIMIT = key("jobs.broker_limit", RATE, "Messages that one broker queue takes.", assumption=True)
DELETION_SPEED = key("jobs.deletion_speed", RATE, "Rows that are deleted per time.", assumption=True)
MANY_ATTEMPTS = key(
    "jobs.many_attempts", NUMBER, "Attempts above which retries have no end that anybody sees.", assumption=True
)
SMALL_TEAM = key(
    "jobs.small_team",
    NUMBER,
    "Engineers up to which a team is glad of every system that it does not run.",
    assumption=True,
)
LEAST_WORKERS = key(
    "jobs.least_workers", NUMBER, "Workers of a job at least, so that one may be restarted.", assumption=True
)
MAX_UTILISATION = key(
    "jobs.max_utilisation",
    NUMBER,
    "Share of the time that a job's worker may be busy.",
    assumption=True,
    positive=True,
    share=True,
)
P99_FACTOR = key("jobs.p99_factor", NUMBER, "The 99th percentile of a service time over its mean.", assumption=True)
JOBS_RATE = key("jobs.rate", RATE, "Jobs through the queues at the peak.", optional=True)
JOBS_WORKERS = key("jobs.workers", NUMBER, "Workers in all.", optional=True)
PURGE_ROWS = family("jobs.purge_{entity}.rows_per_run", NUMBER, "Rows that reach their end in a day.")
THIRD_PARTY_TIME = family(
    "jobs.third_parties.{party}.time", TIME, "Mean time of one call to a third party.", optional=True, assumption=True
)
THIRD_PARTY_P99 = family(
    "jobs.third_parties.{party}.p99",
    TIME,
    "99 % of the calls to a third party are done within.",
    optional=True,
    assumption=True,
)
JOB_RATE = family("jobs.jobs.{job}.rate", RATE, "How often a job comes at the peak.", optional=True)
JOB_AUDIENCE = family(
    "jobs.jobs.{job}.audience", NUMBER, "How many one trigger of a job leads to, on average.", optional=True
)
JOB_AUDIENCE_LIMIT = family(
    "jobs.jobs.{job}.audience_limit",
    NUMBER,
    "Up to how many an event is handed out when it is written.",
    optional=True,
)
LARGE_AUDIENCE = key(
    "jobs.large_audience",
    NUMBER,
    "How many times the average audience is still served within the deadline.",
    assumption=True,
    positive=True,
)
JOB_SPREAD = family(
    "jobs.{job}.spread", TIME, "How long until all of an average audience are served, beside the others.", optional=True
)
JOB_RUNS = family("jobs.{job}.runs", NUMBER, "Runs a day by a job's schedule.")
JOB_SERVICE_TIME = family("jobs.jobs.{job}.service_time", TIME, "How long one run of a job takes.", optional=True)
JOB_OFFERED = family("jobs.{job}.offered", NUMBER, "Workers that a job keeps busy on average.", optional=True)
JOB_DEADLINE = family("jobs.jobs.{job}.deadline", TIME, "95 % of a job's runs start within.", optional=True)
JOB_WORKERS = family("jobs.jobs.{job}.workers", NUMBER, "Workers of a job.", optional=True)
JOB_SERVICE_P99 = family("jobs.{job}.service_p99", TIME, "99 of 100 runs are done within.")
JOB_VISIBILITY_NEEDED = family(
    "jobs.{job}.visibility_needed", TIME, "How long a worker may be silent and still be at work.", optional=True
)
JOB_UTILISATION = family(
    "jobs.{job}.utilisation", NUMBER, "Share of the time that a job's worker is wanted.", optional=True
)
JOB_P_WAIT = family("jobs.{job}.p_wait", NUMBER, "Share of a job's runs that wait for a worker.", optional=True)
JOB_WAIT_P95 = family("jobs.{job}.wait_p95", TIME, "95 % of a job's runs start within this time.", optional=True)
JOBS_OUTAGE = key(
    "jobs.outage",
    TIME,
    "How long workers, or what they call, are gone in an outage that is planned for.",
    assumption=True,
    positive=True,
)
DRAIN_LIMIT = key(
    "jobs.drain_limit", TIME, "How long after an outage a backlog may take to drain.", assumption=True, positive=True
)
JOB_INTERVAL = family("jobs.{job}.interval", TIME, "The shortest time between two runs of a job by the clock.")
JOB_CAPACITY = family(
    "jobs.{job}.capacity", RATE, "How many of a job its workers do per time, all busy.", optional=True
)
JOB_BACKLOG = family("jobs.{job}.backlog", NUMBER, "How many of a job wait after the outage.", optional=True)
JOB_DRAIN = family(
    "jobs.{job}.drain", TIME, "How long the backlog of an outage takes to drain beside new arrivals.", optional=True
)
QUEUE_BACKLOG = family("jobs.queues.{queue}.backlog", NUMBER, "Messages in a queue after the outage.", optional=True)
QUEUE_DRAIN = family(
    "jobs.queues.{queue}.drain", TIME, "How long until a queue is as before the outage.", optional=True
)
JOB_RETRY_BASE = family("jobs.jobs.{job}.retry.base", TIME, "The first wait after a failure.")
JOB_RETRY_FACTOR = family("jobs.jobs.{job}.retry.factor", NUMBER, "How much each wait grows.")
JOB_RETRY_CAP = family("jobs.jobs.{job}.retry.cap", TIME, "The longest wait.")
JOB_RETRY_ATTEMPTS = family("jobs.jobs.{job}.retry.attempts", NUMBER, "Attempts in all.")
JOB_RETRY_WAIT = family(
    "jobs.{job}.retry_wait", TIME, "All waits together, expected, when every attempt fails.", optional=True
)
JOB_RETRY_WAIT_MAX = family("jobs.{job}.retry_wait_max", TIME, "All waits together, at most.", optional=True)
CHANGE_SPEED = key(
    "jobs.change_speed", RATE, "Rows that one statement changes a second.", assumption=True, positive=True
)
SUM_SPEED = key(
    "jobs.sum_speed", RATE, "Entries a second that are added up as they lie.", assumption=True, positive=True
)
