"""What a plan for practices whose therapists and cabins are reserved must answer: nothing is ever taken twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from typing import Any

from tests.domains.case import Case
from tests.domains.demands import demand
from tests.domains.trial import Trial, at

GUARD = r"EXCLUDE\s+USING|slot_taken|overlap|double.?book|already.?taken"


def _visit(trial: Trial, begins: float, finishes: float, **more: Any) -> dict[str, Any]:
    return trial.add("visit", begins_at=at(begins), finishes_at=at(finishes), **more)


@demand("booking", 1, "integrity", "One therapist's visits that overlap are refused.", is_tried=True)
def overlapping_visits_of_therapist(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        first = _visit(trial, 10, 11, state="confirmed")
        therapist = first["therapist_id"]
        if not trial.refuses(lambda: _visit(trial, 10.5, 11.5, therapist_id=therapist, state="confirmed")):
            yield "a therapist was given two visits at once"


@demand(
    "booking",
    2,
    "integrity",
    "Visits that overlap in a cabin are refused; one called off, or one after the other, blocks nothing.",
    is_tried=True,
)
def overlapping_visits_in_cabin(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        cabin = _visit(trial, 10, 11, state="confirmed")["cabin_id"]
        if not trial.refuses(lambda: _visit(trial, 10.5, 11.5, cabin_id=cabin, state="confirmed")):
            yield "a cabin was given to two visits at once"
        if trial.refuses(lambda: _visit(trial, 11, 12, cabin_id=cabin, state="confirmed")):
            yield "a visit that begins when the other ends was refused"
        _visit(trial, 14, 15, cabin_id=cabin, state="called_off")
        if trial.refuses(lambda: _visit(trial, 14, 15, cabin_id=cabin, state="confirmed")):
            yield "a visit that was called off blocks its time"


@demand(
    "booking",
    3,
    "integrity",
    "A visit that ends before it begins is refused, and so are such duty hours.",
    is_tried=True,
)
def times_in_order(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        for name, finishes in (("before", 9.0), ("as", 10.0)):
            if not trial.refuses(lambda end=finishes: _visit(trial, 10, end)):  # type: ignore[misc]
                yield f"a visit was stored that ends {name} it begins"
        if not trial.refuses(lambda: trial.add("duty_hours", opens=time(17), closes=time(9))):
            yield "duty hours were stored that close before they open"


@demand("booking", 4, "api", "reserve, move_visit: a time taken meanwhile answers 409, and the advance is voided.")
def time_taken_meanwhile(case: Case) -> Iterator[str]:
    for operation in ("reserve", "move_visit"):
        endpoint = case.api[operation]
        if "409" not in endpoint.statuses:
            yield f"{operation} has no answer 409"
        if not re.search(GUARD, case.about("visit") + endpoint.text, re.IGNORECASE):
            yield f"nothing that {operation} meets tells a time that is taken"
    saga = next((one for one in case.plan.design.jobs.sagas.values() if one.operation == "reserve"), None)
    if saga is None or not any(step.compensation == "void" for step in saga.steps):
        yield "the advance is not voided"


@demand(
    "booking",
    5,
    "api",
    "move_visit: the request carries the new time, and the guard of reserve holds here too.",
    is_tried=True,
)
def moving_a_visit(case: Case) -> Iterator[str]:
    body = case.api["move_visit"].body
    if "begins_at" not in body:
        yield "the request has no new time"
    if not body & {"therapist", "cabin"}:
        yield "the request has neither therapist nor cabin"
    with case.trial() as trial:
        first, second = _visit(trial, 10, 11, state="confirmed"), _visit(trial, 12, 13, state="confirmed")
        sql = "UPDATE visit SET therapist_id = :therapist, begins_at = :begins, finishes_at = :finishes WHERE id = :id"
        moved = {"therapist": first["therapist_id"], "begins": at(10.5), "finishes": at(11.5), "id": second["id"]}
        if not trial.refuses(lambda: trial.run(sql, moved)):
            yield "a visit was moved onto another"


@demand("booking", 6, "auth", "day_sheet: a therapist sees his own visits; that no login leads to a Therapist is named or mended.",
        named=[(r"^auth-", r"Therapist|day_sheet")])  # fmt: skip
def therapist_sees_his_own(case: Case) -> Iterator[str]:
    if not case.is_own("day_sheet", "therapist"):
        yield "a therapist reads anybody's day"
    if not re.search(r"\b\w*(email|login|subject|account|user)\w*\b", case.about("therapist"), re.IGNORECASE):
        yield "nothing joins a login to a Therapist"


@demand(
    "booking",
    7,
    "auth",
    "move_visit, call_off: the desk for every client, a client for his own, nobody for one that is over.",
)
def who_may_move(case: Case) -> Iterator[str]:
    for operation in ("move_visit", "call_off"):
        scopes = case.scopes(operation)
        if scopes.get("client", "any") == "any":
            yield f"{operation}: a client may do it to anybody's visit"
        if "desk" not in scopes:
            yield f"{operation}: the desk may not do it"
        where = case.sql(operation).rpartition("WHERE")[2]
        if not re.search(r"\bstate\b", where) and not re.search(r"CREATE TRIGGER[^;]*ON visit", case.ddl):
            yield f"{operation}: a visit that is over can be changed"


@demand("booking", 8, "privacy", "open_times is public and answers times alone.")
def open_times_tell_times(case: Case) -> Iterator[str]:
    endpoint = case.api["open_times"]
    if told := endpoint.answer & {
        "client",
        "client_id",
        "id",
        "treatment",
        "treatment_id",
        "state",
        "made_at",
        "cabin_id",
    }:
        yield f"it tells {', '.join(sorted(told))}"
    if re.search(r"SELECT[^;]*\b(client_id|treatment_id)\b[^;]*\bFROM", case.sql("open_times")):
        yield "it reads whose visit it is"


@demand("booking", 9, "query", "open_times: what is open is DutyHours less what is taken; that the read said gives what is taken is mended or named.",
        named=[(r"opposite|complement|\btaken\b|\bfree\b|deriv", r"open_times|DutyHours")])  # fmt: skip
def open_is_not_taken(case: Case) -> Iterator[str]:
    if "duty_hours" not in case.sql("open_times"):
        yield "it gives the visits, which are the times that are taken"


@demand(
    "booking",
    10,
    "query",
    "notices_due: reads those not delivered (IS NULL, partial index) and due; two schedulers deliver none twice.",
)
def notices_once(case: Case) -> Iterator[str]:
    sql = case.first_page("notices_due")
    if not re.search(r"delivered_at\s+IS\s+NULL", sql, re.IGNORECASE):
        yield "it looks for a given delivered_at"
    if not re.search(r"due_at\s*<", sql):
        yield "it does not stop at what is due"
    if not re.search(r"WHERE\s*\(?\s*\"?delivered_at\"?\s+IS\s+NULL", case.about("notice"), re.IGNORECASE):
        yield "no partial index"
    if not re.search(r"SKIP\s+LOCKED|claimed|leased", case.sql("notices_due"), re.IGNORECASE):
        yield "two schedulers read the same notices"


@demand(
    "booking",
    11,
    "jobs",
    "A tentative visit without an advance is set free in time; no notice of a visit called off or moved is sent.",
)
def what_never_came(case: Case) -> Iterator[str]:
    if not case.jobs(
        r"(expire|release|free|cancel|abandon)\w*.*(visit|tentative)|(visit|tentative).*(expire|release|set free)"
    ):
        yield "no job sets a tentative visit free"
    touched = all(re.search(r"\bnotice\b", case.sql(one)) for one in ("move_visit", "call_off"))
    if (
        not touched
        and not case.jobs(r"notice.*(moved|called off|called_off|outdated)")
        and not re.search(r"\bvisit\b", case.sql("notices_due"))
    ):
        yield "notices of a moved visit are delivered for its old time"


@demand(
    "booking",
    12,
    "privacy",
    "Erasing a client who has visits succeeds: his data go, visits and advances stay.",
    is_tried=True,
)
def erasure_of_client(case: Case) -> Iterator[str]:
    erasing = [name for name in case.queries if re.search(r"(erase|forget|anonymi)\w*_client", name)]
    if not erasing:
        yield "no statement erases a client"
        return
    with case.trial() as trial:
        visit = _visit(trial, 10, 11)
        trial.add("advance", visit_id=visit["id"])
        (before,) = trial.rows("client", id=visit["client_id"])
        if trial.refuses(lambda: trial.erase(case.sql(erasing[0]), before["id"])):
            yield "it is refused"
            return
        if not trial.rows("visit", id=visit["id"]) or not trial.rows("advance", visit_id=visit["id"]):
            yield "visits or advances went"
        for after in trial.rows("client", id=before["id"]):
            if kept := [
                name for name in ("name", "email", "phone", "born_on") if after.get(name) == before[name] is not None
            ]:
                yield f"{', '.join(kept)} stay"


@demand(
    "booking",
    13,
    "jobs",
    "reserve: the call to the psp within the answer's time is named; one that is not answered is looked up; a double click reserves once.",
)
def call_in_the_request(case: Case) -> Iterator[str]:
    if case.named("third-party-call|calls? a third party|external call", r"\breserve\b") is None:
        yield "that the psp is called while the client waits is not named"
    if not (
        case.says("jobs", r"(look|ask|quer)\w*[^.]{0,60}\b(card_reference|reference)")
        or case.says("errors", r"(look|ask)\w*[^.]{0,60}reference")
    ):
        yield "an authorisation without an answer is not looked up by its reference"
    if "Idempotency-Key" not in case.api["reserve"].parameters:
        yield "a double click reserves twice"


@demand(
    "booking",
    14,
    "numbers",
    "Notice: 40,000 a day kept 30 days are 1.2 M, not 50,000; and the load disagrees with the operations: both named.",
)
def numbers_that_disagree(case: Case) -> Iterator[str]:
    if case.named(r"rates?.*load|load.*rates?", r"requirements\.load") is None:
        yield "the load's disagreement with the operations is not named"
    if case.named(r"rows|retention|growth", r"Notice\b") is None:
        yield "the rows of Notice are not compared with what arrives in 30 days"
