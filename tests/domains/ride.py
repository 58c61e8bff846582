"""What a plan for water taxis must answer: who is near and free, one skipper a guest, and money that is not taken twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from tests.domains.case import Case
from tests.domains.demands import demand

STREAMS = ("report_position", "add_track_point")


@demand(
    "ride",
    1,
    "auth",
    "crossings_of_guest and ask_crossing: a guest reads and makes his own, though guests sign in by phone and have no e-mail.",
)
def guests_their_own(case: Case) -> Iterator[str]:
    for operation in ("crossings_of_guest", "ask_crossing"):
        if not case.is_own(operation, "guest"):
            yield f"{operation}: for any guest"
    if "guest" in case.api["ask_crossing"].body:
        yield "ask_crossing takes the guest from the request"


@demand("ride", 2, "auth", "A skipper acts on and reads his own rows alone.")
def skippers_their_own(case: Case) -> Iterator[str]:
    for operation in (*STREAMS, "current_of_skipper", "takings_of_skipper"):
        if not case.is_own(operation, "skipper"):
            yield f"{operation}: for any skipper"


@demand(
    "ride",
    3,
    "auth",
    "Only a crossing still asked for can be taken, only its own skipper lands it, and nobody takes over another's.",
)
def states_of_a_crossing(case: Case) -> Iterator[str]:
    taking, landing = (case.sql(one).rpartition("WHERE")[2] for one in ("take_crossing", "land_crossing"))
    if not re.search(r"\bstate\b|skipper_id\s+IS\s+NULL", taking):
        yield "a crossing that was taken can be taken again"
    if not (case.is_own("land_crossing", "skipper") or re.search(r"skipper_id\s*=", landing)):
        yield "any skipper lands any crossing"
    if not re.search(r"\bstate\b", landing):
        yield "a crossing that was never under way can be landed"


@demand("ride", 4, "api", "ask_crossing takes pickup, dropoff and class, and neither skipper, boat, state nor prices.")
def what_a_guest_may_say(case: Case) -> Iterator[str]:
    body = case.api["ask_crossing"].body
    if missing := {"pickup", "dropoff", "class"} - body:
        yield f"it lacks {', '.join(sorted(missing))}"
    if more := body & {"skipper", "boat", "state", "quoted_price", "final_price", "guest", "landed_at"}:
        yield f"it takes {', '.join(sorted(more))}"


@demand(
    "ride",
    5,
    "api",
    "report_position carries position, heading and time, the skipper comes from the token, an older report replaces no newer one.",
)
def newest_position(case: Case) -> Iterator[str]:
    endpoint = case.api["report_position"]
    if missing := {"position", "heading", "seen_at"} - endpoint.body:
        yield f"it lacks {', '.join(sorted(missing))}"
    if "skipper" in endpoint.body or "skipper_id" in endpoint.parameters:
        yield "the skipper comes from the request"
    if not re.search(r"seen_at\s*<|<[^;]*seen_at", case.sql("report_position")):
        yield "a late report replaces a newer one"


@demand("ride", 6, "integrity", "A second active crossing of one skipper is refused.", is_tried=True)
def one_crossing_a_skipper(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        skipper = trial.add("skipper")["id"]
        trial.add("crossing", skipper_id=skipper, state="taken")
        for state in ("taken", "under_way"):
            if not trial.refuses(lambda s=state: trial.add("crossing", skipper_id=skipper, state=s)):  # type: ignore[misc]
                yield f"a second crossing, {state}, was stored"
        if trial.refuses(lambda: trial.add("crossing", skipper_id=skipper, state="landed")):
            yield "one that is over was refused"


@demand(
    "ride",
    7,
    "schema",
    "SkipperPosition.position: the schema runs, with an index fit for points, or positions live in memory.",
    is_tried=True,
)
def index_for_points(case: Case) -> Iterator[str]:
    is_spatial = re.search(
        r"USING\s+(gist|spgist|brin)\s*\([^)]*position", case.about("skipper_position"), re.IGNORECASE
    )
    if not is_spatial and not re.search(
        r"redis|memory", str(case.plan.design.schema.tables.get("skipper_position")), re.IGNORECASE
    ):
        yield "no index is fit for points"
    with case.trial() as trial:
        trial.add("skipper_position")


@demand(
    "ride",
    8,
    "query",
    "skippers_near: the nearest by distance, free, and seen a moment ago; no bare range over a point.",
)
def nearest_first(case: Case) -> Iterator[str]:
    sql = case.sql("skippers_near")
    if not re.search(r"<->|ST_Distance|ST_DWithin|GEOSEARCH|earth_distance", sql, re.IGNORECASE):
        yield "not by distance"
    if not re.search(r"\bstate\b", sql):
        yield "skippers who are not free are among them"
    if not re.search(r"WHERE[^;]*seen_at\s*>", sql):
        yield "positions of long ago are among them"


@demand(
    "ride", 9, "schema", "TrackPoint is partitioned by day and dropped whole after 60 days, not deleted row by row."
)
def tracks_go_in_pieces(case: Case) -> Iterator[str]:
    if not re.search(r"PARTITION BY RANGE \(\"?at\"?\)", case.about("track_point"), re.IGNORECASE):
        yield "not partitioned by time"
    if any(re.search(r"[Dd]elete", str(job.summary)) for job in case.jobs(r"purge_track_point|TrackPoint older")):
        yield "a job deletes row by row"


@demand(
    "ride",
    10,
    "scaling",
    "report_position and add_track_point (18,000 writes/s) are kept off the primary or named as beyond it, and store no Idempotency-Key a call.",
)
def streams_of_positions(case: Case) -> Iterator[str]:
    stores = {str(case.plan.design.schema.tables[table].store) for table in ("skipper_position", "track_point")}
    if (
        "main" in stores
        and case.named(r"saturat|single.writer|outruns|writes", r"main_(writes|commits)|SkipperPosition|TrackPoint")
        is None
    ):
        yield "they go to the primary, and it is not named"
    for operation in STREAMS:
        if "Idempotency-Key" in case.api[operation].parameters:
            yield f"{operation} stores a key a call"


@demand("ride", 11, "api", "Skipper and Boat can be made, and a skipper can become free and away again; or the gap is named.",
        named=[(r"no operation|nobody (creates|makes|writes)|nothing (creates|makes|writes)|without-(an-)?(operation|creation|create|writer|lifecycle)", r"entities\.(Skipper|Boat)\b")])  # fmt: skip
def skippers_begin(case: Case) -> Iterator[str]:
    for table in ("skipper", "boat"):
        if not case.operations_on("insert", table):
            yield f"nothing makes a {table}"
    if not any("state" in case.api[one].body for one in case.operations_on("update", "skipper") if one in case.api):
        yield "nothing sets a skipper free"


@demand(
    "ride",
    12,
    "jobs",
    "land_crossing: a capture without an answer is looked up by its reference and settled later, neither failed nor repeated.",
)
def capture_of_unknown_outcome(case: Case) -> Iterator[str]:
    looked_up = r"(look|ask|quer)\w*[^.|]{0,60}(card_reference|reference|outcome)"
    if not case.says("jobs", looked_up) and not case.says("errors", looked_up):
        yield "nothing tells what happens when the psp does not answer"


@demand(
    "ride",
    13,
    "jobs",
    "pay_wages: once a period, overlapping periods of one skipper are refused, and a bank call of unknown outcome is asked for.",
    is_tried=True,
)
def wages_once(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        skipper = trial.add("wage", week_start=date(2026, 3, 2), week_end=date(2026, 3, 8))["skipper_id"]
        if not trial.refuses(
            lambda: trial.add("wage", skipper_id=skipper, week_start=date(2026, 3, 2), week_end=date(2026, 3, 8))
        ):
            yield "a week was paid twice"
        if not trial.refuses(
            lambda: trial.add("wage", skipper_id=skipper, week_start=date(2026, 3, 5), week_end=date(2026, 3, 11))
        ):
            yield "weeks that overlap were stored"
    if not case.says("jobs", r"(look|ask|quer)\w*[^.|]{0,60}(bank|transfer)[^.|]{0,60}(outcome|reference|before)"):
        yield "a transfer of unknown outcome is repeated"


@demand("ride", 14, "numbers", "The load gives some 800 requests/s at the peak, 70 % reads; the operations 21,000/s with 15 % reads: named.",
        named=[(r"rates?.*load|load.*rates?|share", r"requirements\.load")])  # fmt: skip
def load_that_disagrees(case: Case) -> Iterator[str]:
    yield "two said numbers that contradict each other can only be named"
