"""What a plan for notes handed out to all who watch must answer: one note is hundreds of writes, or millions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.domains.case import Case
from tests.domains.demands import demand


@demand(
    "feed", 1, "scaling", "hand_out: 100,000 inserts/s are the write rate everywhere, and named as beyond one primary."
)
def hand_out_is_the_write_rate(case: Case) -> Iterator[str]:
    if case.named(r"saturat|single.writer|outruns|writes", r"main_writes|hand_out") is None:
        yield "not named"
    writes = case.facts(r"^load\.peak_writes$|main_writes\.(today|demand)|^scaling\.main\.writes$")
    if not writes or min(writes.values()) < 95_000:
        yield f"the plan counts with {', '.join(f'{name} = {value:.0f}/s' for name, value in writes.items()) or 'no rate of writes'}"


@demand("feed", 2, "jobs", "publish by somebody whom millions watch is mixed in when read, from a stated number on.",
        named=[(r"fan.?out|celebrit|skew|\bhot\b", r"hand_out|watches|publish")])  # fmt: skip
def famous_writers(case: Case) -> Iterator[str]:
    is_counted = case.facts(r"(fan_?out|hand_out|watch).*(threshold|limit|most|watchers|followers)")
    if not is_counted and not case.says(
        "patterns", r"(more than|above|from) [\d., ]+\w* (watchers|followers|entries|copies)"
    ):
        yield "every note is written to everybody who watches, however many"


@demand(
    "feed",
    3,
    "schema",
    "TimelineEntry is spread by member, and whole pieces of it are dropped after 30 days: 96 bn rows are not deleted one by one.",
)
def entries_go_in_pieces(case: Case) -> Iterator[str]:
    splits = re.findall(r"PARTITION BY (\w+) \(([^)]*)\)", case.about("timeline_entry"))
    if not any(how.upper() == "RANGE" and "published_at" in what for how, what in splits):
        yield "no piece holds a span of time"
    if "member" not in case.shard_key("TimelineEntry") and not any("member" in what for _, what in splits):
        yield "not spread by member"
    if [
        job
        for job in case.jobs(r"purge\w*timeline|Deletes each TimelineEntry")
        if re.search(r"[Dd]elete", str(job.summary))
    ]:
        yield "a job deletes the rows"


@demand("feed", 4, "query", "timeline: an index or the key on member, published_at downwards and note serves the page.")
def page_in_order(case: Case) -> Iterator[str]:
    if not case.has_index("timeline_entry", "member_id", "-published_at", "-note_id") and not case.has_index(
        "timeline_entry", "member_id", "published_at", "note_id"
    ):
        yield "no index gives this order"


@demand(
    "feed",
    5,
    "query",
    "timeline: the 20 notes come with one call by their ids, with no join across shards and no 20 calls.",
)
def notes_by_their_ids(case: Case) -> Iterator[str]:
    first = case.first_page("timeline")
    if re.search(r"JOIN\s+\"?note\b", first, re.IGNORECASE):
        yield "notes are joined, though they lie with their writers and entries with their readers"
    elif not re.search(r"note\.?\w*\.id\s*(=\s*ANY|IN\s*\()", case.sql("timeline"), re.IGNORECASE):
        yield "no statement reads the notes of a page at once"


@demand(
    "feed",
    6,
    "auth",
    "timeline and publish: who reads and who writes comes from the token; hand_out is no call for users.",
)
def people_are_themselves(case: Case) -> Iterator[str]:
    for operation in ("timeline", "publish"):
        if not case.is_own(operation):
            yield f"{operation}: for anybody"
    if "writer" in case.api["publish"].body:
        yield "publish takes the writer from the request"
    if "hand_out" in case.api and set(case.scopes("hand_out")) != {"worker"}:
        yield "users can call hand_out"


@demand("feed", 7, "api", "Operations begin and end a watching, with what ending it does to entries that are there; or the gap is named.",
        named=[(r"no operation|nobody (creates|makes|writes)|nothing (creates|makes|writes)|without-(an-)?(operation|creation|create|writer|lifecycle)", r"watches")])  # fmt: skip
def watching_begins_and_ends(case: Case) -> Iterator[str]:
    if not case.operations_on("insert", "watches"):
        yield "nothing begins a watching"
    if not case.operations_on("delete", "watches"):
        yield "nothing ends one"


@demand(
    "feed", 8, "integrity", "hand_out: a note handed out twice adds no second entry, and a worker that stopped goes on."
)
def handing_out_twice(case: Case) -> Iterator[str]:
    if not re.search(r"ON\s+CONFLICT[^;]*DO\s+NOTHING", case.sql("hand_out"), re.IGNORECASE):
        yield "the second time fails at the first entry that is there"
    if not any(job.retry.attempts and job.retry.attempts > 1 for job in case.jobs(r"^hand_out")):
        yield "nobody goes on"


@demand(
    "feed",
    9,
    "schema",
    "watches can be read in both directions, holds each pair once, and nobody watches himself.",
    is_tried=True,
)
def watching_oneself(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        columns = [here for columns, _, _ in trial.catalogue.keys["watches"] for here in columns]
        one, other = trial.add("member")["id"], trial.add("member")["id"]
        if not trial.refuses(lambda: trial.add("watches", **{columns[0]: one, columns[1]: one})):
            yield "somebody watches himself"
        trial.add("watches", **{columns[0]: one, columns[1]: other})
        if not trial.refuses(lambda: trial.add("watches", **{columns[0]: one, columns[1]: other})):
            yield "a pair is there twice"
    for column in columns:
        if not case.has_index("watches", column):
            yield f"no index begins with {column}"


@demand("feed", 10, "numbers", "read_share says 99 %, the rates hold more writes than reads (100,550 of 184,550/s): named.",
        named=[(r"rates?.*load|load.*rates?|share", r"requirements\.load")])  # fmt: skip
def share_that_disagrees(case: Case) -> Iterator[str]:
    yield "a said share that the operations contradict can only be named"


@demand(
    "feed",
    11,
    "privacy",
    "about_member is public and Member.name personal: decided; a note or member that is deleted goes from the timelines in a stated time.",
)
def public_and_personal(case: Case) -> Iterator[str]:
    is_hidden = "name" not in case.api["about_member"].answer
    if not is_hidden and case.named(r"public|personal", r"about_member|Member\.(fields\.)?name") is None:
        yield "a personal name is shown to everybody, and nobody was asked"
    if not case.jobs(
        r"(erase|delete|remove)\w*\b.*\b(note|member)\b.*(timeline|entr|cop)|(timeline|entr|cop).*(erased?|deleted?|removed?) (note|member)"
    ):
        yield "a note that is deleted stays in the timelines"


@demand(
    "feed",
    12,
    "cache",
    "Notes are cached by id for all, or timelines by member with their memory counted; no reader sees what is older than 30 s.",
)
def what_is_cached(case: Case) -> Iterator[str]:
    policies = case.plan.design.cache.policies
    kept = [one for name, one in policies.items() if one.use and re.search(r"timeline|note", name)]
    if not kept:
        yield "neither notes nor timelines are cached, at 75,000 reads/s"
    if any(one.ttl is None or one.ttl.base > 30 for one in kept if one.invalidation == "ttl"):
        yield "older than 30 s"
    if kept and not case.facts(r"^cache\.(timeline|note\w*)\.(memory|size|object_size)"):
        yield "its memory is not counted"


@demand(
    "feed",
    13,
    "monitoring",
    "The time from publish to the last timeline is measured, and an alert fires before 30 s of it are used up for long.",
)
def time_to_the_last(case: Case) -> Iterator[str]:
    about = [
        alert
        for alert in case.alerts(r"hand_out")
        if re.search(r"fresh|age|lag|delay|oldest|wait", str(alert), re.IGNORECASE)
    ]
    if not about:
        yield "no alert on the age of what is handed out"


@demand(
    "feed",
    14,
    "jobs",
    "After ten minutes without workers 60 M entries wait: the plan says how long the drain takes beside 100,000/s of new ones.",
)
def draining_a_backlog(case: Case) -> Iterator[str]:
    if not case.facts(r"hand_out.*(backlog|drain|catch_up)"):
        yield "no number says how long it takes"
