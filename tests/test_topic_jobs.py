"""The topic of background work: what is proposed and why, workers and waits against Erlang C, retries, sagas, rules, views."""

from __future__ import annotations

import doctest
import math
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archnb import load
from archnb.design import Design
from archnb.design.jobs import SagaStep
from archnb.export.purges import write_purges
from archnb.export.queries import job_queries
from archnb.plan import Plan, plan
from archnb.shapes import Chart, Table
from archnb.shapes import Sequence as Exchange
from archnb.sim.queueing import erlang_c, servers_for, wait_quantile
from archnb.sim.reliability import backoff_schedule
from archnb.topics.jobs.fan_out import spare_within
from archnb.topics.jobs.models import (
    drain_time,
    retry_ceilings,
    runs_per_day,
    shortest_interval,
    wait_p95,
    wait_probability,
    workers_for_batch,
    workers_needed,
)
from archnb.topics.jobs.sagas import decide_kinds
from archnb.verify.servers import has_postgresql
from tests import designs
from tests.domains.trial import at, open_trials

FEED = Path(__file__).parent / "domains" / "designs" / "feed.yaml"
DATA: dict[str, Any] = {
    "name": "tickets",
    "requirements": {
        "load": {"daily_users": "200k", "requests_per_user": "20/day", "retention": "5 years"},
        "compliance": ["GDPR"],
        "team_size": 5,
    },
    "entities": {
        "Guest": {"fields": {"id": "key", "email": "email unique personal"}, "rows": "500k"},
        "Seat": {"fields": {"id": "key", "label": "text(20)"}, "rows": "50k"},
        "Booking": {
            "fields": {"id": "key", "guest": "-> Guest", "seat": "-> Seat", "status": "enum(pending, paid, cancelled)", "at": "timestamp = now()"},
            "rows": "1M", "growth": "5k/day",
        },
        "Payment": {"fields": {"id": "key", "booking": "-> Booking", "amount": "money >= 0"}, "rows": "1M", "growth": "5k/day"},
        "Hold": {"fields": {"id": "key", "seat": "-> Seat", "expires_at": "timestamp"}, "rows": "10k", "growth": "20k/day", "retention": "2 days"},
        "Visit": {"fields": {"id": "key", "at": "timestamp = now()"}, "rows": "3M", "growth": "20k/day"},
    },
    "access": {
        "bookings_of_guest": {"reads": "Booking", "by": "guest", "limit": 20, "rate": "20/s", "roles": "guest"},
        "visits_by_day": {"reads": "Visit", "aggregate": "count by day", "rate": "1/s", "roles": "staff"},
        "book": {
            "writes": "Booking", "action": "create", "rate": "10/s", "roles": "guest",
            "steps": ["reserve Seat undo release", "authorise Payment via psp undo void", "capture Payment via psp", "notify Guest via mail"],
        },
        "import_seats": {"writes": "Seat", "action": "create", "rate": "0.2/s", "is_async": True, "roles": "staff"},
    },
}  # fmt: skip


def plan_with(jobs: dict[str, Any] | None = None, **more: Any) -> Plan:
    """The plan of the ticket design with a jobs section, and other sections replaced."""
    return plan(Design.of({**DATA, "jobs": jobs or {}, **more}))


@pytest.fixture(scope="module")
def tickets() -> Plan:
    """The plan of the ticket design, nothing said about background work."""
    return plan_with()


def test_everything_proposed_has_a_reason() -> None:
    """Every value of a completed jobs section was said or carries a reason."""
    for made in (plan_with(), plan(designs.tiny()), plan(designs.awkward()), plan(designs.shop())):
        for path in made.paths():
            if path.startswith("jobs."):
                assert made.why(path).reason, path


def test_work_is_found_where_the_design_asks_for_it(tickets: Plan) -> None:
    """Async writes, steps after the pivot, sagas, expiry, retention, heavy aggregates and erasure each give a job that says why."""
    jobs = tickets.design.jobs.jobs
    wanted = {
        "import_seats",
        "notify_guest_via_mail",
        "resume_sagas",
        "expire_hold",
        "purge_hold",
        "erase_personal_data",
    }
    assert wanted <= set(jobs)
    for name in wanted:
        assert len(tickets.why(f"jobs.jobs.{name}").reason) > 30
    assert "GDPR" in tickets.why("jobs.jobs.erase_personal_data").reason
    assert tickets.facts["jobs.purge_hold.rows_per_run"].value == pytest.approx(20_000)


def test_a_heavy_aggregate_is_computed_ahead_as_often_as_its_staleness_asks() -> None:
    """Three million rows added up, an hour of staleness: the answer is computed each hour and read from the result."""
    requirements = {
        **DATA["requirements"],
        "objectives": {"visits_by_day": {"staleness": "1 h", "consistency": "eventual"}},
    }
    made = plan_with(None, requirements=requirements)
    assert made.design.jobs.jobs["refresh_visits_by_day"].schedule == "0 * * * *"


def test_what_takes_longer_to_compute_than_it_may_be_old_is_added_to() -> None:
    """Three billion rows and a minute of staleness: no run would be done before the next, so each change is added to the result."""
    requirements = {
        **DATA["requirements"],
        "objectives": {"visits_by_day": {"staleness": "1 min", "consistency": "eventual"}},
    }
    entities = {**DATA["entities"], "Visit": {"fields": {"id": "key", "at": "timestamp = now()"}, "rows": "3 bn"}}
    made = plan_with(None, requirements=requirements, entities=entities)
    job = made.design.jobs.jobs["refresh_visits_by_day"]
    assert job.schedule is None and job.queue == "changes" and "version" in str(job.idempotency_key)
    assert "not computed anew" in made.why("jobs.jobs.refresh_visits_by_day").reason


def test_workers_follow_erlang_c(tickets: Plan) -> None:
    """Workers, P(wait), wait at p95 and utilisation are the closed forms of the rate and service time shown."""
    facts = tickets.facts
    for name, job in tickets.design.jobs.jobs.items():
        rate, service, deadline = (
            facts[f"jobs.jobs.{name}.{one}"].base for one in ("rate", "service_time", "deadline")
        )
        want = 1 if job.schedule else max(2, servers_for(rate, service, deadline, 0.95, 0.8))
        assert job.workers == want == facts[f"jobs.jobs.{name}.workers"].value
        # what runs by the clock comes evenly, so none waits; the rest arrives at random
        waits = 0 if job.schedule else erlang_c(want, rate * service)
        wait = 0 if job.schedule else wait_quantile(want, rate, service, 0.95)
        assert facts[f"jobs.{name}.p_wait"].base == pytest.approx(waits, rel=1e-9)
        assert facts[f"jobs.{name}.wait_p95"].base == pytest.approx(wait, abs=1e-12)
        assert facts[f"jobs.{name}.utilisation"].base == pytest.approx(rate * service / want)
        assert facts[f"jobs.{name}.wait_p95"].base <= deadline


def test_the_published_erlang_table_holds() -> None:
    """P(wait) for (10 workers, load 8) and (100, 90) as published; the tail at one service time gives back p95."""
    assert wait_probability(10, 8) == pytest.approx(0.409180, abs=5e-7)
    assert wait_probability(100, 90) == pytest.approx(0.216940, abs=5e-7)
    wait = wait_p95(10, 8, 1.0)
    assert 0.409180 * math.exp(-(10 - 8) * wait) == pytest.approx(0.05, rel=1e-5)


def test_absurd_numbers_of_workers_cost_no_time() -> None:
    """A billion workers, a million busy: the models answer at once, and nobody waits."""
    assert wait_probability(1e9, 8) == pytest.approx(0, abs=1e-12)
    assert wait_p95(1e9, 8, 1.0) == 0
    assert workers_needed(1e6, 1.0, 1.0, 0.8) == pytest.approx(1.25e6)


def test_retries_follow_the_schedule(tickets: Plan) -> None:
    """Ceilings are min(cap, base × factorᵏ); expected is half the longest with full jitter; facts and table agree."""
    assert retry_ceilings(5, 2, 600, 8) == backoff_schedule(5, 600, 7).ceilings
    facts = tickets.facts
    for name, job in tickets.design.jobs.jobs.items():
        retry = job.retry
        assert retry.jitter == "full" and retry.base and retry.cap and retry.attempts
        want = backoff_schedule(retry.base.base, retry.cap.base, retry.attempts - 1)
        assert facts[f"jobs.{name}.retry_wait"].base == pytest.approx(want.expected_total)
        assert facts[f"jobs.{name}.retry_wait_max"].base == pytest.approx(want.max_total)
    table = tickets.jobs["jobs-retries"].frame
    mails = table[table["jobs"].str.contains("notify_guest_via_mail")]
    assert mails["at most"].iloc[-1] == pytest.approx(facts["jobs.notify_guest_via_mail.retry_wait_max"].base)


def test_no_proposed_job_is_given_twice_or_lost(tickets: Plan) -> None:
    """Visibility time-outs exceed p99 of the run and the first wait; every job has a dead letter and an idempotency key."""
    for name, job in tickets.design.jobs.jobs.items():
        assert job.visibility_timeout is not None
        assert job.visibility_timeout.base > tickets.facts[f"jobs.{name}.visibility_needed"].base
        assert job.dead_letter == f"{job.queue}.dead"
        assert job.idempotency_key
        assert job.queue in tickets.design.jobs.queues


def test_the_queue_follows_the_rate_and_the_main_database() -> None:
    """A table of the database below 500 jobs/s, a broker above, a log far above; the reason has the rate."""
    slow = plan_with()
    assert slow.design.jobs.queues["default"].technology == "PostgreSQL (SKIP LOCKED)"
    for rate, technology in (("2k/s", "RabbitMQ"), ("50k/s", "Kafka")):
        made = plan_with({"jobs": {"count_visit": {"trigger": "each visit", "rate": rate, "service_time": "2 ms"}}})
        assert made.design.jobs.queues["default"].technology == technology
        assert "/s at the peak" in made.why("jobs.queues.default.technology").reason


def test_a_queue_beside_the_database_gets_an_outbox() -> None:
    """With a broker the write and its message agree through an outbox; with a table of the database they share a transaction."""
    made = plan_with({"queues": {"default": {"technology": "RabbitMQ"}}})
    relay = made.design.jobs.jobs["relay_outbox"]
    assert relay.queue == "outbox" and "outbox" in made.design.jobs.queues
    assert "share no transaction" in made.why("jobs.jobs.relay_outbox").reason
    assert "relay_outbox" not in plan_with().design.jobs.jobs


def test_what_was_said_is_kept() -> None:
    """Said fields of jobs, retries, queues and sagas stay; the rest of each is proposed."""
    made = plan_with(
        {
            "queues": {"default": {"technology": "SQS", "retention": "3 days"}},
            "jobs": {
                "mail_ticket": {
                    "trigger": "book",
                    "calls": "mail",
                    "workers": 9,
                    "service_time": "1 s",
                    "retry": {"attempts": 4},
                }
            },
        }
    )
    job, queue = made.design.jobs.jobs["mail_ticket"], made.design.jobs.queues["default"]
    assert (job.workers, job.retry.attempts, str(job.service_time)) == (9, 4, "1 s")
    assert job.retry.base is not None and job.visibility_timeout is not None and job.dead_letter
    assert (queue.technology, str(queue.retention)) == ("SQS", "3 days")
    assert made.facts["jobs.jobs.mail_ticket.workers"].value == 9
    assert made.why("jobs.jobs.mail_ticket.workers").is_said
    # the said job is the one that would have been proposed for the step, so there is no second one
    assert "notify_guest_via_mail" not in made.design.jobs.jobs


def test_a_saga_is_proposed_where_a_third_party_takes_part(tickets: Plan) -> None:
    """Own write first, compensations before the pivot, the capture as pivot, the mail repeated after it."""
    saga = tickets.design.jobs.sagas["book"]
    assert [(step.action, step.kind) for step in saga.steps] == [
        ("create", "compensatable"),
        ("reserve", "compensatable"),
        ("authorise", "compensatable"),
        ("capture", "pivot"),
        ("notify", "retriable"),
    ]
    assert [step.compensation for step in saga.steps] == ["mark cancelled", "release", "void", None, None]
    assert saga.coordination == "orchestration"
    assert "psp" in tickets.why("jobs.sagas.book").reason
    assert "status" in tickets.why("jobs.sagas.book.isolation").reason


def test_a_call_without_an_answer_is_asked_for_and_settled(tickets: Plan) -> None:
    """What takes money is asked for by a reference known before the call; a mail is not; a job settles what is open each minute."""
    saga = tickets.design.jobs.sagas["book"]
    assert [step.asked_by for step in saga.steps] == [None, None, "id", "id", None]
    job = tickets.design.jobs.jobs["reconcile_payment_with_psp"]
    assert job.calls == ("psp",) and job.schedule == "* * * * *" and "outcome" in str(job.summary)
    reason = tickets.why("jobs.jobs.reconcile_payment_with_psp").reason
    assert "neither taken for failed nor done a second time" in reason
    # two calls a booking, ten a second, one in a hundred without an answer
    assert tickets.facts["jobs.reconcile_payment_with_psp.calls_of_run"].base == pytest.approx(2 * 10 * 0.01 * 60)


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"provider_reference": "text(60) unique"}, "provider_reference"),
        ({"provider_reference": "text(60) unique optional"}, "id"),
        ({"transfer_id": "uuid unique"}, "transfer_id"),
        ({"note": "text(60)"}, "id"),
    ],
)
def test_the_reference_is_one_that_is_known_before_the_call(fields: dict[str, str], asked: str) -> None:
    """A reference that may be missing comes with the answer, so the row's own key goes along."""
    payment = {"fields": {"id": "key", "booking": "-> Booking", "amount": "money >= 0", **fields}, "rows": "1M"}
    made = plan_with(None, entities={**DATA["entities"], "Payment": payment})
    assert made.design.jobs.sagas["book"].steps[2].asked_by == asked


@pytest.mark.parametrize(
    ("undos", "kinds"),
    [
        ((True, True), ["compensatable", "pivot"]),
        ((True, False, False), ["compensatable", "pivot", "retriable"]),
        ((False, True, False), ["compensatable", "compensatable", "pivot"]),
        ((False, False), ["pivot", "retriable"]),
        ((True,), ["pivot"]),
    ],
)
def test_the_pivot_is_the_first_step_without_way_back_after_the_last_with_one(
    undos: tuple[bool, ...], kinds: list[str]
) -> None:
    """Kinds follow from which steps can be undone; a pivot never comes before a step that may have to be undone."""
    steps = [SagaStep(action="do", compensation="undo" if one else None) for one in undos]
    assert [one.kind for one in decide_kinds(steps)] == kinds


def test_a_said_pivot_stays() -> None:
    """Who says which step is the pivot is believed."""
    steps = decide_kinds(
        [
            SagaStep(action="a", compensation="x"),
            SagaStep(action="b", kind="pivot"),
            SagaStep(action="c", compensation="z"),
        ]
    )
    assert [one.kind for one in steps] == ["compensatable", "pivot", "retriable"]


def test_the_saga_is_drawn_with_its_way_back(tickets: Plan) -> None:
    """The sequence runs forward through every step, and back in reverse order through every compensation."""
    drawn = tickets.jobs["saga-book"]
    assert isinstance(drawn, Exchange)
    labels = [one.label for one in drawn.messages]
    forward = [one[0] for one in labels if one[:2] in ("1.", "2.", "3.", "4.", "5.")]
    assert forward == ["1", "2", "3", "4", "5"]
    assert [one.split(":")[0] for one in labels if one.startswith("undo ")] == ["undo 3", "undo 2", "undo 1"]


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [
        ("* * * * *", 60),
        ("*/5 * * * *", 300),
        ("0 3 * * *", 86_400),
        ("0 3 * * 1", 86_400),
        ("0 0,12 * * *", 43_200),
        ("58,2 * * * *", 240),
        ("5-7 * * * *", 60),
        ("@daily", 86_400),
        ("a b c d e", 86_400),
    ],
)
def test_the_shortest_time_between_runs_is_read(schedule: str, seconds: float) -> None:
    """Of runs that are unevenly spread the two that are closest count, over midnight too."""
    assert shortest_interval(schedule) == seconds


def test_an_outage_leaves_a_backlog_that_drains_beside_new_arrivals() -> None:
    """Half an hour at 5/s is 9,000; workers for 6.25/s have 1.25/s to spare, so it is gone after two hours; an overrule moves both."""
    shop = plan(designs.shop())
    assert shop.facts["jobs.create_shipment_via_carrier.backlog"].base == pytest.approx(9_000)
    assert shop.facts["jobs.create_shipment_via_carrier.drain"].base == pytest.approx(7_200)
    assert shop.facts["jobs.queues.default.drain"].base == pytest.approx(7_200)
    longer = plan_with(assumptions={"jobs.outage": "1 h"})
    usual = plan_with()
    for one in ("backlog", "drain"):
        name = f"jobs.notify_guest_via_mail.{one}"
        assert longer.facts[name].base == pytest.approx(2 * usual.facts[name].base)
    # what runs by the clock is not queued up by an outage: the next run does what was left
    assert "jobs.resume_sagas.backlog" not in shop.facts


def test_a_backlog_without_spare_workers_never_drains() -> None:
    """Where workers only just keep up the drain has no end; without arrivals there is nothing to drain."""
    assert drain_time(10, 5, 5) == math.inf and drain_time(0, 5, 5) == 0
    made = plan_with({"jobs": {"render": {"trigger": "book", "service_time": "2 s", "rate": "10/s", "workers": 15}}})
    assert made.facts["jobs.render.drain"].base == math.inf
    row = next(one for one in made.jobs["jobs-backlog"].rows if str(one[0]) == "render")  # type: ignore[union-attr]
    assert str(row[-1]) == str(row[-2]) == "never"


@pytest.mark.parametrize(
    ("schedule", "runs"),
    [
        ("* * * * *", 1440),
        ("*/5 * * * *", 288),
        ("0 3 * * *", 1),
        ("0 3 * * 1", 1 / 7),
        ("0 0,12 * * *", 2),
        ("5-7 * * * *", 72),
        ("@daily", 1),
        ("*/0 * * * *", 1),
    ],
)
def test_cron_is_read(schedule: str, runs: float) -> None:
    """Runs a day of usual expressions; what cannot be read counts as daily."""
    assert runs_per_day(schedule) == pytest.approx(runs)


def test_a_saturated_job_is_a_finding_with_its_numbers() -> None:
    """Fewer workers than load: critical, with the load and the growth of the queue; the views still show it."""
    made = plan_with({"jobs": {"render": {"trigger": "book", "service_time": "2 s", "rate": "10/s", "workers": 15}}})
    found = [one for one in made.findings if one.rule.id == "jobs-workers-saturated"]
    assert (
        len(found) == 1
        and "15 workers for an offered load of 20" in found[0].evidence
        and "2.5 jobs a second" in found[0].evidence
    )
    table = made.jobs["jobs-workers"]
    assert isinstance(table, Table)
    row = next(one for one in table.rows if str(one[0]) == "render")
    assert str(row[-1]) == "never ends"


def test_waits_are_charted_against_workers(tickets: Plan) -> None:
    """More workers never wait longer, and the mark lies on the chosen number."""
    chart = tickets.jobs["jobs-waits"]
    assert isinstance(chart, Chart)
    assert chart.marks
    for one in chart.series:
        if one.kind != "limit":
            assert all(a >= b - 1e-12 for a, b in zip(one.y, one.y[1:], strict=False))
    for mark in chart.marks:
        assert mark.x == tickets.facts[f"jobs.jobs.{mark.panel}.workers"].value


@pytest.mark.parametrize("name", ["tiny", "awkward", "shop"])
def test_views_of_every_design_can_be_built(name: str) -> None:
    """Every sample design gives its tables, whatever its names and numbers."""
    made = plan(getattr(designs, name)())
    names = [shape.name for shape in made.jobs.views]
    assert {"jobs-list", "jobs-workers", "jobs-retries", "queues"} <= set(names)
    assert len(names) == len(set(names))
    for shape in made.jobs.views:
        assert shape.frame is not None


def test_said_numbers_at_the_edges_do_not_break_the_plan() -> None:
    """A zero rate, the shortest times, one attempt and a huge pool give a plan and views, not an error."""
    odd = {
        "rate": "0/s",
        "service_time": "1 ns",
        "deadline": "1 ns",
        "workers": 1,
        "retry": {"attempts": 1, "base": "0 s", "factor": 1, "cap": "0 s"},
    }
    huge = {
        "rate": "1M/s",
        "service_time": "1 h",
        "workers": 1_000_000,
        "retry": {"attempts": 1_000_000, "base": "1 s"},
    }
    made = plan_with({"jobs": {"odd": odd, "huge": huge}})
    assert [shape.frame is not None for shape in made.jobs.views]
    assert made.design.jobs.jobs["odd"].workers == 1


def test_waits_grow_by_the_factor_that_is_said() -> None:
    """A factor below two is kept; one below one does not let the waits shrink."""
    assert retry_ceilings(1.0, 1.5, 10.0, 4) == (1.0, 1.5, 2.25)
    assert retry_ceilings(1.0, 0.5, 10.0, 4) == (1.0, 1.0, 1.0)


def test_a_said_job_that_does_more_answers_a_proposal() -> None:
    """The same trigger, and the proposal's third party among those it calls: no second job is proposed beside it."""
    said = {"after_booking": {"trigger": "book", "calls": ["mail", "crm"]}}
    assert "notify_guest_via_mail" not in plan_with({"jobs": said}).design.jobs.jobs
    other = {"after_booking": {"trigger": "book", "calls": ["crm"]}}
    assert "notify_guest_via_mail" in plan_with({"jobs": other}).design.jobs.jobs


LISTENING: dict[str, Any] = {
    "name": "listening", "requirements": {"load": {"daily_users": "1M", "requests_per_user": "20/day", "retention": "3 years"}},
    "entities": {
        "Listener": {"fields": {"id": "key", "email": "email unique personal"}, "rows": "1M", "growth": "900/day"},
        "Talk": {"fields": {"id": "key", "title": "text(200)", "made_at": "timestamp"}, "rows": "10k", "growth": "20/day"},
        "Mark": {"fields": {"listener": "-> Listener", "talk": "-> Talk", "seconds": "int", "updated_at": "timestamp"}, "key": ["listener", "talk"], "rows": "9M", "growth": "20k/day"},
        "Ticket": {"fields": {"id": "key", "talk": "-> Talk", "issued_at": "timestamp"}, "rows": "90k", "growth": "100/day", "retention": "10 years"},
    },
    "access": {"marks_of": {"reads": "Mark", "by": "listener", "limit": 20, "rate": "20/s", "roles": "listener"}},
}  # fmt: skip


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
def test_what_is_past_its_retention_goes_in_batches(dialect: str) -> None:
    """What tells of somebody goes as all records do; what others refer to stays, and so does whatever is about nobody."""
    made = plan(Design.of(LISTENING))
    assert {one for one in made.design.jobs.jobs if one.startswith("purge")} == {"purge_mark", "purge_ticket"}
    text = str(made.export("queries", dialect=dialect).text)
    assert text.count("< :oldest ORDER BY") == 2
    assert "updated_at < :oldest ORDER BY updated_at LIMIT 1000" in text
    assert made.planned.schema.tables["mark"].indexes["mark_updated_at_idx"].columns == ("updated_at",)


def test_a_batch_is_what_is_oldest() -> None:
    import sqlite3

    made = plan(Design.of(LISTENING))
    (text,) = (one.text for one in write_purges(made, "sqlite") if one.table == "mark")
    with closing(sqlite3.connect(":memory:")) as kept:
        kept.execute("CREATE TABLE mark (listener_id, talk_id, seconds, updated_at)")
        kept.executemany("INSERT INTO mark VALUES (1, ?, 0, ?)", [(n, n) for n in range(3000)])
        counts = [kept.execute(text, {"oldest": 2500}).rowcount for _ in range(4)]
        assert counts == [1000, 1000, 500, 0]
        assert kept.execute("SELECT min(updated_at) FROM mark").fetchone() == (2500,)


CLUB: dict[str, Any] = {
    "name": "choirs",
    "requirements": {"load": {"daily_users": "50k", "requests_per_user": "10/day"}},
    "entities": {
        "Singer": {"fields": {"id": "key", "email": "email unique personal"}, "rows": "60k"},
        "Choir": {"fields": {"id": "key", "name": "text(80)"}, "rows": "2k"},
        "Place": {"fields": {"choir": "-> Choir cascade", "singer": "-> Singer cascade"}, "key": ["choir", "singer"], "rows": "90k"},
        "Call": {"fields": {"id": "key", "choir": "-> Choir", "text": "text(400)", "made_at": "timestamp = now()"}, "rows": "1M", "growth": "2k/day"},
        "Rehearsal": {"fields": {"id": "key", "choir": "-> Choir", "leader": "-> Singer", "at": "timestamp"}, "rows": "100k"},
        "News": {"fields": {"id": "key", "text": "text(400)", "made_at": "timestamp = now()"}, "rows": "1k"},
    },
    "access": {
        "call_in": {"writes": "Call", "action": "create", "rate": "2/s", "roles": "singer", "steps": ["notify Singer via push"]},
        "plan_rehearsal": {"writes": "Rehearsal", "action": "create", "rate": "1/s", "roles": "singer", "steps": ["notify Singer via mail"]},
        "tell_news": {"writes": "News", "action": "create", "rate": "0.1/s", "roles": "editor", "steps": ["notify Singer via sms"]},
    },
}  # fmt: skip


def test_one_message_reaches_as_many_as_its_group_has() -> None:
    """90k places in 2k choirs are 45 a choir; the one whom a rehearsal names is one; whom news is for, nobody says."""
    made = plan(Design.of(CLUB))
    jobs = made.design.jobs.jobs
    assert made.facts["jobs.jobs.notify_singer_via_push.audience"].base == pytest.approx(45)
    assert jobs["notify_singer_via_push"].rate is not None and jobs[
        "notify_singer_via_push"
    ].rate.base == pytest.approx(90)
    assert "singer id" in str(jobs["notify_singer_via_push"].idempotency_key)
    assert jobs["notify_singer_via_mail"].audience is None
    found = [one for one in made.findings if one.rule.id == "jobs-audience-not-said"]
    assert [one.path for one in found] == ["jobs.sagas.tell_news.steps.1"]
    assert "jobs.jobs.notify_singer_via_sms.audience: 200" in found[0].remedy
    said = plan(Design.of({**CLUB, "jobs": {"jobs": {"notify_singer_via_sms": {"audience": "60k"}}}}))
    assert said.facts["jobs.jobs.notify_singer_via_sms.rate"].base == pytest.approx(6_000)
    assert not [one for one in said.findings if one.rule.id == "jobs-audience-not-said"]


def test_messages_of_one_event_come_at_once() -> None:
    """Erlang C would do with 4 workers at 60/s; that all of three times the average have it within 15 s takes 15."""
    assert workers_needed(60, 0.05, 15, 0.8) == 4
    assert workers_for_batch(60, 0.05, 15, 3 * 1120) == 15
    access = {**CLUB["access"], "call_in": {**CLUB["access"]["call_in"], "rate": "0.05/s"}}
    made = plan(Design.of({**CLUB, "access": access, "jobs": {"jobs": {"notify_singer_via_push": {"audience": "9k"}}}}))
    name = "notify_singer_via_push"
    rate, service, deadline = (
        made.facts[f"jobs.jobs.{name}.{one}"].base for one in ("rate", "service_time", "deadline")
    )
    assert made.facts[f"jobs.jobs.{name}.workers"].base == workers_for_batch(rate, service, deadline, 27_000)
    assert made.facts[f"jobs.{name}.spread"].base < deadline


def test_the_outbox_holds_a_message_for_the_event() -> None:
    """1,900 lines a second are as many messages of the outbox, and forty times as many pushes behind the queue."""
    made = plan(load(FEED.parent / "chat.yaml"))
    assert made.facts["jobs.jobs.notify_seat_via_push.rate"].base == pytest.approx(76_000)
    assert made.facts["jobs.jobs.relay_outbox.rate"].base == pytest.approx(1_900, rel=1e-4)


def test_telling_somebody_is_no_point_of_no_return() -> None:
    """A mail after the only write decides nothing: the write is the pivot, and the mail is repeated."""
    made = plan(Design.of(CLUB))
    assert [step.kind for step in made.design.jobs.sagas["tell_news"].steps] == ["pivot", "retriable"]


def test_from_some_number_on_an_event_is_read_and_not_handed_out() -> None:
    """What the workers can hand out of one event within the deadline is the limit, and it is shown with its reason."""
    assert spare_within(6250, 0.05, 100_000, 7.5) == 100_000
    assert spare_within(2, 0.1, 20, 10) == 0
    made = plan(load(FEED))
    limit = made.design.jobs.jobs["hand_out"].audience_limit
    assert limit is not None and limit.base == 100_000
    assert made.facts["jobs.jobs.hand_out.audience"].base == pytest.approx(50e9 / 280e6)
    assert [one.path for one in made.findings if one.rule.id == "jobs-fan-out-without-read"] == [
        "jobs.jobs.hand_out.audience_limit"
    ]


YARD: dict[str, Any] = {
    "name": "boatyard",
    "requirements": {"load": {"daily_users": "20k", "requests_per_user": "10/day"}},
    "entities": {
        "Owner": {"fields": {"id": "key", "email": "email unique personal"}, "rows": "20k"},
        "Slip": {"fields": {"id": "key", "label": "text(20)"}, "rows": "900"},
        "Lease": {
            "fields": {"id": "key", "owner": "-> Owner", "slip": "-> Slip", "status": "enum(active, ended)", "next_billing_on": "date", "fee": "money >= 0"},
            "rows": "9k",
        },
        "Due": {"fields": {"id": "key", "lease": "-> Lease", "amount": "money >= 0", "made_at": "timestamp = now()"}, "rows": "300k", "growth": "300/day"},
        "Haul": {
            "fields": {"id": "key", "owner": "-> Owner", "status": "enum(requested, agreed, cancelled) = requested", "day": "date", "made_at": "timestamp = now()"},
            "rows": "50k", "growth": "100/day",
        },
        "Offer": {"fields": {"id": "key", "owner": "-> Owner", "status": "enum(offered, taken, lapsed) = offered", "accept_by": "timestamp"}, "rows": "10k"},
        "Gauge": {"fields": {"id": "key", "name": "text(40)"}, "rows": "300"},
        "Reading": {"fields": {"gauge": "-> Gauge", "at": "timestamp", "depth": "float"}, "key": ["gauge", "at"], "growth": "5/s", "rows": "0", "retention": "30 days"},
        "DailyReading": {"fields": {"gauge": "-> Gauge", "day": "date", "depth_max": "float", "readings": "int"}, "key": ["gauge", "day"], "growth": "300/day", "rows": "0"},
        "Mark": {"fields": {"id": "key", "gauge": "-> Gauge", "metric": "enum(depth)", "threshold": "float"}, "rows": "400"},
        "Warning": {"fields": {"id": "key", "mark": "-> Mark", "raised_at": "timestamp", "resolved_at": "timestamp optional"}, "rows": "5k"},
        "Reminder": {"fields": {"id": "key", "haul": "-> Haul", "send_at": "timestamp", "sent_at": "timestamp optional"}, "rows": "10k"},
    },
    "access": {
        "ask_haul": {"writes": "Haul", "action": "create", "rate": "0.1/s", "roles": "owner"},
        "agree_haul": {"writes": "Haul", "action": "update", "by": "id", "sets": ["status = agreed"], "rate": "0.1/s", "roles": "staff"},
        "cancel_haul": {"writes": "Haul", "action": "update", "by": "id", "rate": "0.1/s", "roles": "owner"},
        "move_haul": {"writes": "Haul", "action": "update", "by": "id", "sets": ["day"], "rate": "0.1/s", "roles": "owner"},
        "due_reminders": {"reads": "Reminder", "by": "sent_at", "range": "send_at", "sort": "send_at", "limit": 100, "rate": "1/s", "roles": "scheduler"},
        "send_reading": {"writes": "Reading", "action": "create", "rate": "5/s", "roles": "gauge"},
        "show_days": {"reads": "DailyReading", "by": "gauge", "range": "day", "sort": "day", "limit": 100, "rate": "1/s", "roles": "owner"},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def yard() -> Plan:
    """A boatyard: leases that are billed, hauls that are asked for, gauges that are compared with marks."""
    return plan(Design.of(YARD))


def test_what_waits_for_others_needs_an_end(yard: Plan) -> None:
    """A time of its own ends an offer; how long a haul waits for the staff nobody says, so the line is shown, and then kept."""
    jobs = yard.design.jobs.jobs
    assert "still offered past accept_by: it becomes lapsed" in str(jobs["expire_offer"].summary)
    assert "expire_haul" not in jobs
    found = [one for one in yard.findings if one.rule.id == "jobs-waiting-without-end"]
    assert [one.path for one in found] == ["entities.Haul.expires"]
    line = "requested -> cancelled after 15 min"
    assert f"entities.Haul.expires: {line}" in found[0].remedy and "agree_haul" in found[0].evidence
    haul = {**YARD["entities"]["Haul"], "expires": "requested -> cancelled after 2 days"}
    said = plan(Design.of({**YARD, "entities": {**YARD["entities"], "Haul": haul}}))
    assert "still requested 2 days after made_at" in str(said.design.jobs.jobs["expire_haul"].summary)
    assert not [one for one in said.findings if one.rule.id == "jobs-waiting-without-end"]


def test_a_moment_that_is_called_by_a_state_needs_what_comes_then() -> None:
    """`trial_ends_at` ends the trial; whether it is paid for or over then, nobody says."""
    lease = {**YARD["entities"]["Lease"]}
    lease["fields"] = {**lease["fields"], "status": "enum(trial, active, ended)", "trial_ends_at": "timestamp optional"}
    made = plan(Design.of({**YARD, "entities": {**YARD["entities"], "Lease": lease}}))
    found = [one.remedy for one in made.findings if one.rule.id == "jobs-waiting-without-end"]
    assert any("entities.Lease.expires: trial -> active after trial_ends_at" in one for one in found)


def test_what_else_a_write_took_is_given_back_by_its_compensations() -> None:
    """An order that nobody paid frees its stock too, which no one statement does, so that none stands alone; a visit has one."""
    shop = plan(designs.shop())
    assert "after release Stock" in str(shop.design.jobs.jobs["expire_order"].summary)
    assert shop.planned.jobs.jobs["expire_order"].statements == ()
    booking = plan(load(FEED.parent / "booking.yaml")).planned.jobs.jobs["expire_visit"]
    assert booking.kind == "expire" and booking.entity == "Visit" and len(booking.statements) == 1


def test_what_comes_due_each_period_is_made_once(yard: Plan) -> None:
    """Nobody asks for dues: a job makes them, of a period that the row names, and the engine refuses a second of the same."""
    job = yard.design.jobs.jobs["renew_lease"]
    assert job.schedule == "0 1 * * *" and job.idempotency_key == "due:{lease}:{period_start}:renew"
    due = yard.design.entities["Due"]
    assert due.fields["period_start"].type == "date" and due.unique == ("lease + period_start",)
    assert "UNIQUE (lease_id, period_start)" in str(yard.export("sql").text)
    # nine thousand leases, a thirtieth of them a day
    assert yard.facts["jobs.renew_lease.rows_of_run"].base == pytest.approx(300)
    said = {**YARD["entities"]["Due"], "unique": "lease + for_month"}
    said["fields"] = {**said["fields"], "for_month": "date"}
    own = plan(Design.of({**YARD, "entities": {**YARD["entities"], "Due": said}}))
    assert "period_start" not in own.design.entities["Due"].fields
    assert own.design.entities["Due"].unique == ("lease + for_month",)


def test_what_is_not_owed_for_a_period_is_not_made_each_period() -> None:
    """Claims on a policy are several in a period, whatever its renewal date: none is made by the clock, and none is refused."""
    policy = {"fields": {"id": "key", "owner": "-> Owner", "renewal_date": "date"}, "rows": "9k"}
    claim = {"fields": {"id": "key", "policy": "-> Policy", "amount": "money >= 0"}, "rows": "10k"}
    made = plan(Design.of({**YARD, "entities": {**YARD["entities"], "Policy": policy, "Claim": claim}}))
    assert "renew_policy" not in made.design.jobs.jobs and not made.design.entities["Claim"].unique


def test_sums_are_filled_and_late_rows_correct_them(yard: Plan) -> None:
    """What no operation writes and what adds up another is filled by a job, and by no request."""
    job = yard.design.jobs.jobs["fill_daily_reading"]
    assert "again for the days into which a late one fell" in str(job.summary)
    assert yard.facts["jobs.fill_daily_reading.rows_of_run"].base == pytest.approx(5 * 2 * 86_400)
    assert not {"create_daily_reading", "update_daily_reading", "create_warning"} & set(yard.design.access)


def test_what_passes_a_mark_is_raised_once(yard: Plan) -> None:
    """Readings are compared with marks; of one mark one warning is open, which the engine holds."""
    assert "raises a Warning" in str(yard.design.jobs.jobs["check_mark"].summary)
    assert "ON warning (mark_id) WHERE resolved_at IS NULL" in str(yard.export("sql").text)


def test_a_parcel_is_no_message() -> None:
    """What is due on a day and delivered is not sent by a program, unless something says that it is a message."""
    parcel = {"fields": {"id": "key", "due_at": "timestamp", "delivered_at": "timestamp optional"}, "rows": "10k"}
    promo = {"fields": {"id": "key", "send_at": "timestamp", "sent_at": "timestamp optional"}, "rows": "10k"}
    made = plan(Design.of({**YARD, "entities": {**YARD["entities"], "Parcel": parcel, "Promo": promo}}))
    assert "send_promo" in made.design.jobs.jobs and "send_parcel" not in made.design.jobs.jobs


def test_a_message_is_sent_for_what_still_stands(yard: Plan) -> None:
    """The state is asked as it is sent, and what is not sent goes when the haul is cancelled or moved."""
    jobs = yard.design.jobs.jobs
    assert jobs["withdraw_reminder"].trigger == "cancel_haul, move_haul"
    assert jobs["send_reminder"].schedule == "* * * * *"
    read = str(yard.export("queries").text).split("-- due_reminders")[1].split(";")[0]
    assert "haul.status IN ('requested', 'agreed')" in read and "FOR UPDATE OF reminder SKIP LOCKED" in read


@pytest.mark.skipif(not has_postgresql(), reason="no PostgreSQL on this machine")
def test_statements_of_jobs_do_what_they_say_on_postgresql(yard: Plan) -> None:
    """Only offers that are past their moment end; the dues of a period are made once; a sent reminder is not marked again."""
    kept = {name: [one.sql for one in found] for name, found in job_queries(yard).items()}
    with open_trials(str(yard.export("sql").text)) as begin, begin() as trial:
        late, open_, taken = (
            trial.add("offer", status=state, accept_by=moment)["id"]
            for state, moment in (("offered", at(0)), ("offered", at(50)), ("taken", at(0)))
        )
        trial.run(kept["expire_offer"][0], {"now": at(10)})
        states = {row["id"]: row["status"] for row in trial.rows("offer")}
        assert (states[late], states[open_], states[taken]) == ("lapsed", "offered", "taken")
        lease = trial.add("lease", next_billing_on=at(0).date(), status="active")
        trial.add("lease", next_billing_on=at(0).date(), status="ended")
        (read,) = trial.run(kept["renew_lease"][0], {"today": at(10).date()})
        assert read["id"] == lease["id"]
        bill = {
            "new_lease_id": read["id"],
            "new_period_start": read["next_billing_on"],
            "new_amount": 10,
            "new_currency": "EUR",
            "now": at(10),
        }
        trial.run(kept["renew_lease"][1], bill)
        assert trial.refuses(lambda: trial.run(kept["renew_lease"][1], bill))
        moved = {
            "id": read["id"],
            "read_next_billing_on": read["next_billing_on"],
            "new_next_billing_on": at(24 * 30).date(),
        }
        trial.run(kept["renew_lease"][2], moved)
        assert not trial.run(kept["renew_lease"][0], {"today": at(10).date()})
        haul = trial.add("haul", status="requested")
        gone = trial.add("haul", status="cancelled")
        first = trial.add("reminder", haul_id=haul["id"], send_at=at(0), sent_at=None)
        trial.add("reminder", haul_id=gone["id"], send_at=at(0), sent_at=None)
        (due,) = trial.run(kept["send_reminder"][0], {"now": at(1)})
        assert due["id"] == first["id"]
        trial.run(kept["send_reminder"][1], {"id": due["id"], "now": at(1)})
        assert not trial.run(kept["send_reminder"][0], {"now": at(1)})
        trial.run(kept["withdraw_reminder"][0], {"haul_id": gone["id"]})
        assert not trial.rows("reminder", haul_id=gone["id"]) and trial.rows("reminder", haul_id=haul["id"])


def test_the_page_on_jobs_says_what_happens() -> None:
    """Every example of docs/jobs.md gives what stands there."""
    page = Path(__file__).parent.parent / "docs" / "jobs.md"
    outcome = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.attempted > 10 and not outcome.failed
