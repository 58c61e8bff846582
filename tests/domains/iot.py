"""What a plan for meters must answer: machines write, their owners' people read, and samples go when they are old."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.domains.case import Case
from tests.domains.demands import demand


@demand("iot", 1, "auth", "An operator sees and changes what belongs to his company's plants; that nothing joins him to a Company is named or mended.",
        named=[(r"^auth-", r"\boperator\b|entities\.(Company|Plant)\b")])  # fmt: skip
def operators_of_a_company(case: Case) -> Iterator[str]:
    for operation, table in (
        ("curve_of_meter", "sample"),
        ("newest_of_meter", "sample"),
        ("meters_of_plant", "meter"),
        ("alarms_raised", "alarm"),
        ("set_limit", "limit"),
    ):
        # "own" alone would not do: nothing in the design says whose an operator's rows are
        if not case.is_fenced(operation, "company|tenant", table):
            yield f"{operation}: for operators of any company"


@demand("iot", 2, "auth", "take_in: a meter writes samples of itself, and signs in as a machine does.")
def meters_are_machines(case: Case) -> Iterator[str]:
    if not case.is_own("take_in", "meter"):
        yield "a meter writes for any meter"
    clients = [one for one in case.plan.design.auth.clients.values() if "meter" in one.roles]
    if not clients or any(one.kind != "service" or one.grant == "authorization_code_pkce" for one in clients):
        yield "a meter signs in through a browser"


@demand("iot", 3, "api", "take_in: each sample is tied to its meter, and one request may carry several.")
def several_samples(case: Case) -> Iterator[str]:
    endpoint = case.api["take_in"]
    if not ({"meter", "meter_id"} & (endpoint.body | endpoint.parameters) or case.is_own("take_in", "meter")):
        yield "nothing says of which meter"
    if not endpoint.takes_several:
        yield "one request a sample"


@demand(
    "iot",
    4,
    "integrity",
    "take_in: a sample sent twice is stored once, by its key; no record of idempotency is kept for 864 M a day.",
)
def samples_sent_twice(case: Case) -> Iterator[str]:
    if not re.search(r"ON\s+CONFLICT", case.sql("take_in"), re.IGNORECASE):
        yield "the second is an error"
    if "Idempotency-Key" in case.api["take_in"].parameters:
        yield "each request has a stored Idempotency-Key"


@demand(
    "iot",
    5,
    "schema",
    "Sample is partitioned by time and dropped whole after 80 days: no hash by meter, and no nightly DELETE.",
)
def samples_go_in_pieces(case: Case) -> Iterator[str]:
    if not re.search(r"PARTITION BY RANGE \(\"?at\"?\)", case.about("sample"), re.IGNORECASE):
        yield "not partitioned by time"
    if any(re.search(r"[Dd]elete", str(job.summary)) for job in case.jobs(r"purge_sample|\bSample older\b")):
        yield "a job deletes row by row"


@demand(
    "iot",
    6,
    "numbers",
    "Sample holds 69 bn rows after 80 days: the forecast of storage contains them and says when they outgrow one machine.",
)
def samples_fill_a_disk(case: Case) -> Iterator[str]:
    held = case.facts(r"^schema\.sample\.size_at_horizon$")
    if not held or min(held.values()) < 2e12:
        yield "the samples of 80 days are not counted"
    storage = case.facts(r"^scaling\.main_storage\.at_horizon$")
    if "main" in str(case.plan.design.schema.tables["sample"].store) and (
        not storage or min(storage.values()) < max(held.values(), default=2e12)
    ):
        yield "the forecast of the store leaves them out"
    if case.named(r"storage|saturat", r"main_storage|Sample") is None:
        yield "that they outgrow a machine is not named"


@demand("iot", 7, "scaling", "10,000 to 12,000 inserts/s get one verdict in the whole plan, with the way out.")
def one_verdict(case: Case) -> Iterator[str]:
    is_beyond = case.named(r"saturat|single.writer|outruns", r"main_writes") is not None
    is_in_main = case.plan.design.schema.tables["sample"].store == "main"
    if is_beyond and is_in_main:
        bearable = case.facts(r"^schema\.series_rate$")
        limits = case.facts(r"main_writes\.limit$")
        if not limits:
            yield "no number says what a primary takes"
        elif bearable and max(bearable.values()) > max(limits.values()):
            yield "one section finds 50,000/s bearable for a primary, another not 10,000/s"
        if not re.search(
            r"batch|shard|series|split", str(case.plan.design.scaling.resources["main_writes"].action), re.IGNORECASE
        ):
            yield "no way out is told"


@demand(
    "iot",
    8,
    "jobs",
    "take_in: what passes a queue or an outbox in the store counts there as its own writes and deletes.",
)
def outbox_is_load(case: Case) -> Iterator[str]:
    jobs = case.plan.design.jobs
    kept = [name for name, queue in jobs.queues.items() if "PostgreSQL" in str(queue.technology)]
    passing = sum(job.rate.base for job in jobs.jobs.values() if job.queue in kept and job.rate is not None)
    demanded = str(case.plan.design.scaling.resources["main_writes"].demand)
    counted = case.plan.facts[demanded].base if demanded in case.plan.facts else 0.0
    if passing > 1_000 and counted < 10_000 + 2 * passing * 0.99:
        yield f"{passing:.0f} messages/s are kept in the store, and {counted:.0f} writes/s are counted"


@demand("iot", 9, "query", "alarms_raised: reads those with cleared_at empty (IS NULL, partial index).")
def alarms_not_cleared(case: Case) -> Iterator[str]:
    if not re.search(r"cleared_at\s+IS\s+NULL", case.first_page("alarms_raised"), re.IGNORECASE):
        yield "it looks for a given moment"
    if not re.search(r"WHERE\s*\(?\"?cleared_at\"?\s+IS\s+NULL", case.about("alarm"), re.IGNORECASE):
        yield "no partial index"


@demand(
    "iot", 10, "jobs", "HourlySample: a job or a continuous aggregate fills it, and a late sample corrects its hour."
)
def hours_are_filled(case: Case) -> Iterator[str]:
    filling = case.jobs(r"(fill|aggregat|roll|comput|refresh)\w*.*hourly.?sample|hourly.?sample.*(fill|aggregat|roll)")
    if not filling and not re.search(r"CREATE MATERIALIZED VIEW[^;]*hourly|continuous", case.ddl, re.IGNORECASE):
        yield "nothing fills it"
    if not case.says("jobs", r"\blate\b|again for|recomput|last \d+ hours"):
        yield "a late sample is lost"


@demand("iot", 11, "jobs", "Limit: something compares samples and raises Alarm; a limit has at most one uncleared alarm a meter.", is_tried=True,
        named=[(r"no operation|nobody (creates|makes|writes)|nothing (creates|makes|writes)|without-(an-)?(operation|creation|create|writer|lifecycle)", r"entities\.Alarm\b")])  # fmt: skip
def one_alarm(case: Case) -> Iterator[str]:
    if not case.jobs(r"(compare|evaluat|check|watch)\w*.*(limit|sample)|rais\w* .*alarm"):
        yield "nothing compares samples with limits"
    with case.trial() as trial:
        first = trial.add("alarm", cleared_at=None)
        again = {"limit_id": first["limit_id"], "meter_id": first["meter_id"], "cleared_at": None}
        if not trial.refuses(lambda: trial.add("alarm", **again)):
            yield "a second uncleared alarm was stored"


@demand("iot", 12, "integrity", "A limit whose meter stands in another plant is refused, or named.", is_tried=True,
        named=[(r"disagree|two ways|redundan|consisten", r"Limit\b")])  # fmt: skip
def limit_of_another_plant(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        meter, elsewhere = trial.add("meter"), trial.add("plant")
        row: dict[str, Any] = {"meter_id": meter["id"], "plant_id": elsewhere["id"]}
        if not trial.refuses(lambda: trial.add("limit", **row)):
            yield "it was stored"
        if trial.refuses(lambda: trial.add("limit", meter_id=meter["id"], plant_id=meter["plant_id"])):
            yield "so was a good one refused"


@demand("iot", 13, "query", "mean_by_hour: the span is bounded, or older hours come from HourlySample.",
        named=[(r"^operations-unbounded-computation", r"mean_by_hour")])  # fmt: skip
def span_is_bounded(case: Case) -> Iterator[str]:
    text = case.api["mean_by_hour"].text
    if "hourly_sample" not in case.sql("mean_by_hour") and not re.search(
        r"at most [^.]*\b(hour|day|week|month)s?\b|no (more|longer) than", text
    ):
        yield "years of samples can be asked for in one call"


@demand(
    "iot",
    14,
    "monitoring",
    "A meter or plant that falls silent is noticed: somebody keeps heard_at, and an alert reads it.",
)
def silent_meters(case: Case) -> Iterator[str]:
    is_kept = re.search(r"UPDATE[^;]*heard_at", case.sql("take_in"))
    if not is_kept and not case.jobs(r"heard_at|last heard"):
        yield "nobody keeps heard_at"
    if not case.alerts(r"heard_at|silent|not heard|no samples"):
        yield "no alert"
