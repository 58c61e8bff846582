"""Objectives, error budgets and burn-rate alerts."""

from __future__ import annotations

from archnb.fact.key import NUMBER, RATE, TIME, family, key

WINDOW = key("monitoring.window", TIME, "The time that an SLO counts over.")
HANDFUL = key("monitoring.handful", NUMBER, "Errors from which an alert is no chance.", assumption=True, positive=True)
BURN_SHARE = family(
    "monitoring.burn_{window}.share",
    NUMBER,
    "The share of the budget after which a window alerts.",
    assumption=True,
    positive=True,
    share=True,
)
BURN_WINDOW = family("monitoring.burn_{window}.window", TIME, "The long window of an alert.", assumption=True)
BURN_FACTOR = family("monitoring.burn_{window}.factor", NUMBER, "How many times the allowed rate makes a window alert.")
DETECTION = family(
    "monitoring.detection.{promise}.{window}_{times}", TIME, "From the start of a full outage to the alert."
)
SLO_EVENTS = family("monitoring.{slo}.events_{window}", NUMBER, "Requests that a short window holds on average.")
SLO_BUDGET_REQUESTS = family(
    "monitoring.{slo}.budget_requests", NUMBER, "Bad requests that spend the whole error budget.", optional=True
)
SLO_BUDGET_TIME = family(
    "monitoring.{slo}.budget_time", TIME, "A full outage that spends the whole error budget.", optional=True
)
SLO_OBJECTIVE = family("monitoring.slos.{slo}.objective", NUMBER, "The share of requests that must be good.")
SLO_RATE = family("monitoring.{slo}.rate", RATE, "Requests that an SLO counts, on average over the day.", optional=True)
