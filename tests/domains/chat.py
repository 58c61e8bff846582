"""What a plan for a messenger must answer: who has a seat in a room reads it, and nothing is counted by the million."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.domains.case import Case
from tests.domains.demands import demand
from tests.domains.trial import at


@demand(
    "chat",
    1,
    "auth",
    "Lines, threads, seats, finds and counts of a room: for those with a Seat in it, whoever wrote the line.",
)
def readers_have_a_seat(case: Case) -> Iterator[str]:
    for operation, table in (
        ("page_of_room", "line"),
        ("page_of_thread", "line"),
        ("seats_of_room", "seat"),
        ("find_lines", "line"),
        ("unseen_count", "line"),
    ):
        if not case.is_fenced(operation, "seat", table):
            yield f"{operation} asks for no seat"


@demand(
    "chat",
    2,
    "auth",
    "post_line and give_emote ask for a Seat in the line's room; correct_line and delete_line are the writer's.",
)
def writers_have_a_seat(case: Case) -> Iterator[str]:
    for operation, table in (("post_line", "line"), ("give_emote", "emote")):
        if not case.is_fenced(operation, "seat", table):
            yield f"{operation} asks for no seat"
    for operation in ("correct_line", "delete_line"):
        if not case.is_own(operation):
            yield f"{operation}: anybody may do it to anybody's line"


@demand("chat", 3, "schema", "Line is split by room (or room and time), so that a page touches one part.")
def split_by_room(case: Case) -> Iterator[str]:
    split = re.search(r"PARTITION BY[^;]*", case.about("line"))
    if split is not None and not re.search(r"\broom_id\b", split[0]):
        yield f"{split[0]}: a page of a room touches all parts"
    elif split is None and "room" not in case.shard_key("Line"):
        yield "it is not split"


@demand(
    "chat",
    4,
    "query",
    "page_of_room: 50 lines with emotes and uploads come as 50 lines, not as all their pairs.",
    is_tried=True,
)
def page_is_not_multiplied(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        room = trial.add("room")["id"]
        for hour in range(3):
            line = trial.add("line", room_id=room, posted_at=at(hour))["id"]
            for _ in range(4):
                trial.add("emote", line_id=line)
                trial.add("upload", line_id=line)
        caller = trial.add("seat", room_id=room)["account_id"]
        rows = trial.run(case.first_page("page_of_room").split(";\n")[0], {"room_id": room, "caller": caller})
    if len(rows) != 3:
        yield f"3 lines with 4 emotes and 4 uploads each came as {len(rows)} rows"


@demand(
    "chat",
    5,
    "query",
    "page_of_room: emotes come counted or capped, so that one line with ten thousand does not fill the answer.",
    is_tried=True,
)
def emotes_are_counted(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        line = trial.add("line", posted_at=at(1))
        for number in range(300):
            trial.add("emote", line_id=line["id"], sign=f"s{number % 3}")
        most, caller = 0, trial.add("seat", room_id=line["room_id"])["account_id"]
        for statement in case.first_page("page_of_room").split(";\n"):
            rows = trial.run(
                statement,
                {
                    "room_id": line["room_id"],
                    "caller": caller,
                    "line_id": [line["id"]],
                    "line_ids": [line["id"]],
                    "ids": [line["id"]],
                },
            )
            most = max(
                [most, len(rows), *(len(value) for row in rows for value in row.values() if isinstance(value, list))]
            )
    if most >= 300:
        yield f"a line with 300 emotes came with {most} rows"


@demand("chat", 6, "api", "mark_seen: the request carries the line seen last, and the mark never moves backwards.")
def mark_moves_forwards(case: Case) -> Iterator[str]:
    if "last_read_line" not in case.api["mark_seen"].body:
        yield "the request does not say up to which line"
    sql = case.sql("mark_seen")
    if not re.search(r"GREATEST\s*\(|last_read_line_id\s*(<|IS\s+NULL)", sql, re.IGNORECASE):
        yield "an older mark overwrites a newer one"


@demand("chat", 7, "api", "Account, Room, Seat: the first of each can be made, and asks for no seat that cannot exist yet.",
        named=[(r"no operation|nobody (creates|makes|writes)|nothing (creates|makes|writes)|without-(an-)?(operation|creation|create|writer|lifecycle)", r"entities\.(Account|Room|Seat)\b")])  # fmt: skip
def first_of_each(case: Case) -> Iterator[str]:
    for table in ("account", "room", "seat"):
        making = [
            one
            for one in case.operations_on("insert", table)
            if case.scopes(one) or case.plan.design.api.operations[one].is_public
        ]
        if not making:
            yield f"nobody but an administrator makes a {table}"
        elif table != "seat" and all(case.is_fenced(one, "seat", table) for one in making):
            yield f"making a {table} asks for a seat"


@demand("chat", 8, "api", "correct_line: the request takes the body alone.")
def correction_takes_the_body(case: Case) -> Iterator[str]:
    body = case.api["correct_line"].body
    if "body" not in body:
        yield "it takes no body"
    if more := body & {"room", "writer", "thread_head", "posted_at", "deleted_at", "id"}:
        yield f"it takes {', '.join(sorted(more))}"


@demand(
    "chat",
    9,
    "integrity",
    "A reply whose head is in another room is refused; a head that goes does not turn its replies into lines of the room.",
    is_tried=True,
)
def replies_stay_in_their_room(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        head = trial.add("line")
        other = trial.add("room")["id"]
        if not trial.refuses(lambda: trial.add("line", thread_head_id=head["id"], room_id=other)):
            yield "a reply in another room was stored"
        reply = trial.add("line", thread_head_id=head["id"], room_id=head["room_id"])
        trial.refuses(lambda: trial.run("DELETE FROM line WHERE id = :id", {"id": head["id"]}))
        if any(row["thread_head_id"] is None for row in trial.rows("line", id=reply["id"])):
            yield "a reply became a line of the room"


def plain(comments: str) -> str:
    """What stands in comment lines."""
    return re.sub(r"^-- ?", "", comments, flags=re.MULTILINE)


@demand("chat", 10, "integrity", "delete_line sets deleted_at, which every read respects; nothing deletes the row.")
def deletion_leaves_a_stone(case: Case) -> Iterator[str]:
    sql = case.sql("delete_line")
    if re.search(r"DELETE\s+FROM", sql):
        yield "the row itself is deleted"
    if not re.search(r"UPDATE[^;]*deleted_at", sql):
        yield "deleted_at is not set"
    for operation in ("page_of_room", "page_of_thread", "find_lines", "unseen_count"):
        in_sql = re.search(r"deleted_at\s+IS\s+NULL|CASE\s+WHEN[^;]*deleted_at", case.sql(operation), re.IGNORECASE)
        # a search store is asked in its own language, which stands in comments of the file
        in_search = re.search(
            r'"must_not":\s*\[[^\]]*"exists":\s*{\W*"field":\s*"deleted_at"', plain(case.queries.get(operation, ""))
        )
        if not in_sql and not in_search:
            yield f"{operation} shows deleted lines"
    if not re.search(
        r"deleted_at[^;]*deleted there", " ".join(one.summary or "" for one in case.plan.design.jobs.jobs.values())
    ):
        yield "the copy that is searched keeps lines that were deleted"


@demand(
    "chat",
    11,
    "query",
    "unseen_count stops at a number or is kept as a counter, and one call counts all rooms of an account.",
    named=[(r"^operations-unbounded-computation", r"unseen_count")],
)
def count_is_bounded(case: Case) -> Iterator[str]:
    sql = case.sql("unseen_count")
    is_kept = re.search(r"unseen|unread|counter", sql.replace("unseen_count", ""), re.IGNORECASE)
    if not is_kept and not re.search(r"FROM\s*\([^;]*LIMIT", sql, re.IGNORECASE):
        yield "it counts all lines"
    if not re.search(r"\bANY\b|\bIN\s*\(|account_id|GROUP\s+BY[^;]*room_id", sql, re.IGNORECASE):
        yield "a client with 200 rooms calls it 200 times"


@demand(
    "chat",
    12,
    "jobs",
    "post_line via push: 120 M seats in 3 M rooms are 40 a room, 1,900 lines/s are 76,000 pushes/s; workers and queue are sized for them.",
)
def pushes_are_many(case: Case) -> Iterator[str]:
    pushing = [
        job
        for job in case.plan.design.jobs.jobs.values()
        if "push" in job.calls or re.search("push|notif", str(job.summary))
    ]
    rates = [job.rate.base for job in pushing if job.rate is not None]
    if not any(60_000 <= rate <= 100_000 for rate in rates):
        yield f"the pushes are counted as {', '.join(f'{rate:.0f}/s' for rate in rates) or 'none'}"
    for job in pushing:
        if (
            job.rate
            and job.rate.base >= 60_000
            and (job.workers or 0) < job.rate.base * (job.service_time.base if job.service_time else 0)
        ):
            yield "the workers do not keep up"


@demand(
    "chat",
    13,
    "scaling",
    "About 7,400 writes/s at the peak and 18 bn lines are beyond one primary: named, with the room as the way to split.",
)
def beyond_one_primary(case: Case) -> Iterator[str]:
    if case.named(r"saturat|single.writer|outruns", r"main_(writes|commits)") is None:
        yield "the writes are not named"
    if not any(
        7_000 <= value <= 9_000 for value in case.facts(r"peak_writes|main.*writes?(\.|$)|writes_today").values()
    ):
        yield "no number of the plan is the writes of its operations"
    if not re.search(r"\broom\b", case.shard_key("Line")):
        yield f"Line would be split by {case.shard_key('Line') or 'nothing'}"


@demand("chat", 14, "numbers", "The rates hold a quarter of writes (7,355 of 29,105/s), read_share says 85 % reads: named.",
        named=[(r"rates?.*load|load.*rates?|share", r"requirements\.load")])  # fmt: skip
def share_that_disagrees(case: Case) -> Iterator[str]:
    yield "a said share that the operations contradict can only be named"
