"""Time limits and retries of each call."""

from __future__ import annotations

from archnb.fact.key import NUMBER, RATE, TIME, family, key

OWN_SHARE = key(
    "errors.own_share",
    NUMBER,
    "The share of its time that a caller keeps for its own work.",
    assumption=True,
    share=True,
)
MIN_CALLS = key("errors.min_calls", NUMBER, "Calls that a breaker must see before it judges.", assumption=True)
DEADLINE_FACTOR = key(
    "errors.deadline_factor",
    NUMBER,
    "How many times the time that is promised a caller waits.",
    assumption=True,
)
WORK_FACTOR = key(
    "errors.work_factor", NUMBER, "How many times the p99 of its work a call may take at least.", assumption=True
)
LONGEST_LOOK = key(
    "errors.longest_look", TIME, "How long a look into a cache may take before the store is asked.", assumption=True
)
LONGEST_REQUEST = key(
    "errors.longest_request", TIME, "How long a caller waits at most for calls that are tried again.", assumption=True
)
WORKER_DEADLINE = key("errors.worker.deadline", TIME, "How long a job waits at most.", assumption=True)
CALLER_DEADLINE = family("errors.{operation}.deadline", TIME, "How long a caller waits at most.")
CALL_TIMEOUT = family("errors.calls.{call}.timeout", TIME, "How long one attempt of a call may take.")
TIMED_OUT = family(
    "errors.{operation}.timed_out",
    NUMBER,
    "Share of an operation's requests that a time limit cuts off.",
    optional=True,
)
CALL_LIMIT = family(
    "errors.calls.{call}.limits.{operation}", TIME, "How long one attempt of a call may take in an operation."
)
CALL_P99 = family(
    "errors.{call}.p99",
    TIME,
    "99 of 100 calls are answered within, in the operation that takes longest.",
    optional=True,
    unbounded="none: overloaded",
)
CALL_RETRY_BUDGET = family("errors.calls.{call}.retry_budget", NUMBER, "Which share of the calls may be retries.")
CALL_BUDGET = family("errors.{call}.budget", TIME, "The share of the caller's time that a call gets.")
CALL_WORST = family("errors.{call}.worst", TIME, "How long a call keeps its caller at most.", optional=True)
CALL_FAILING_RATE = family(
    "errors.{call}.failing_rate",
    RATE,
    "Calls a second at the peak while all of them fail, retries included.",
    optional=True,
)
CALL_AMPLIFICATION = family(
    "errors.{call}.amplification", NUMBER, "Calls sent for one that is wanted, when half of them fail."
)
