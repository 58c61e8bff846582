"""Time limits and retries of each call."""

from __future__ import annotations

from archnb.fact.key import NUMBER, TIME, family, key

OWN_SHARE = key(
    "errors.own_share",
    NUMBER,
    "The share of its time that a caller keeps for its own work.",
    assumption=True,
    share=True,
)
MIN_CALLS = key("errors.min_calls", NUMBER, "Calls that a breaker must see before it judges.", assumption=True)
DEADLINE_FACTOR = key(
    "errors.deadline_factor", NUMBER, "How many times its promised p99 a caller waits.", assumption=True
)
WORKER_DEADLINE = key("errors.worker.deadline", TIME, "How long a job waits at most.", assumption=True)
CALLER_DEADLINE = family("errors.{operation}.deadline", TIME, "How long a caller waits at most.")
CALL_TIMEOUT = family("errors.calls.{call}.timeout", TIME, "How long one attempt of a call may take.")
CALL_BUDGET = family("errors.{call}.budget", TIME, "The share of the caller's time that a call gets.")
CALL_WORST = family("errors.{call}.worst", TIME, "How long a call keeps its caller at most.", optional=True)
CALL_AMPLIFICATION = family(
    "errors.{call}.amplification", NUMBER, "Calls sent for one that is wanted, when half of them fail."
)
