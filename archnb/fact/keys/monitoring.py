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

SCRAPE = key(
    "monitoring.scrape",
    TIME,
    "The time between two measurements, and between two looks at the rules.",
    assumption=True,
    positive=True,
)
QUIET_SHARE = key(
    "monitoring.quiet_share",
    NUMBER,
    "The quietest hour's traffic, as a share of the average.",
    assumption=True,
    share=True,
)
FLOOR_SHARE = key(
    "monitoring.floor_share",
    NUMBER,
    "The share of the quietest hour's traffic below which nobody gets through.",
    assumption=True,
    positive=True,
    share=True,
)
FALSE_ALARMS = key(
    "monitoring.false_alarms",
    NUMBER,
    "False alarms that an alert may raise in an SLO's window.",
    assumption=True,
    positive=True,
)
TRAFFIC_RATE = key("monitoring.traffic.rate", RATE, "All requests of users, on average over the day.", optional=True)
TRAFFIC_FLOOR = key(
    "monitoring.traffic.floor", RATE, "Requests a second below which nobody gets through.", optional=True
)
MISSED_REPORTS = key(
    "monitoring.missed_reports",
    NUMBER,
    "Reports in a row that are missed before something is silent.",
    assumption=True,
    positive=True,
)
SILENT_AFTER = family("monitoring.silent_after.{entity}", TIME, "How long something may send nothing.")
MANY_SILENT = key(
    "monitoring.many_silent",
    NUMBER,
    "The share of things from which their silence is an outage of the way in.",
    assumption=True,
    positive=True,
    share=True,
)
