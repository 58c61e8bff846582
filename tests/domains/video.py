"""What a plan for audiobooks must answer: one's own place, never an older one, at thousands of updates a second."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.domains.case import Case
from tests.domains.demands import demand


@demand(
    "video",
    1,
    "auth",
    "go_on and save_place: the listener comes from the token, and nobody reads or writes another's places.",
)
def places_are_ones_own(case: Case) -> Iterator[str]:
    for operation in ("go_on", "save_place"):
        if not case.is_own(operation, "listener"):
            yield f"{operation}: for any listener"
        endpoint = case.api[operation]
        if "listener" in endpoint.body or "listener_id" in endpoint.parameters:
            yield f"{operation} takes the listener from the request"


@demand("video", 2, "api", "save_place: the request carries the seconds, and the first save for a book makes the row.")
def first_save(case: Case) -> Iterator[str]:
    if "seconds" not in case.api["save_place"].body:
        yield "no seconds"
    if not re.search(
        r"INSERT\s+INTO\s+place[^;]*ON\s+CONFLICT[^;]*DO\s+UPDATE|MERGE\s+INTO", case.sql("save_place"), re.IGNORECASE
    ):
        yield "nothing makes the row"


@demand("video", 3, "integrity", "save_place: of two devices the later moment wins.")
def later_moment_wins(case: Case) -> Iterator[str]:
    if not re.search(r"updated_at\s*<|<\s*(excluded|EXCLUDED)\.updated_at", case.sql("save_place")):
        yield "a late save replaces a newer place"


@demand("video", 4, "integrity", "Negative seconds are refused.", is_tried=True)
def negative_seconds(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        if not trial.refuses(lambda: trial.add("place", seconds=-1)):
            yield "a place of −1 s was stored"
        if trial.refuses(lambda: trial.add("place", seconds=0)):
            yield "the beginning was refused"


@demand(
    "video",
    5,
    "query",
    "go_on is served by an index on listener and updated_at downwards, and the plan counts that 6,500 updates/s rewrite it.",
)
def index_is_rewritten(case: Case) -> Iterator[str]:
    if not case.has_index("place", "listener_id", "-updated_at"):
        yield "no such index"
    if not case.facts(r"(place|save_place).*(index_writes|entries_written|rewrit|amplification)"):
        yield "what the index costs the updates is not counted"


@demand("video", 6, "query", "go_on: the 20 books come with one statement, without the whole metadata.")
def books_without_metadata(case: Case) -> Iterator[str]:
    sql = case.first_page("go_on")
    if not re.search(r"\bbook\b", sql):
        yield "the books are not read"
    if re.search(r"\bmetadata\b", sql) or "metadata" in case.api["go_on"].answer:
        yield "20 times the metadata are sent"


@demand("video", 7, "numbers", "go_on falls under the default of 3 ms p95; the plan's own time for it is compared, and the break is named.",
        named=[(r"latency|objective|slow", r"(go_on|default)\.latency|\bgo_on\b")])  # fmt: skip
def three_milliseconds(case: Case) -> Iterator[str]:
    if case.plan.facts["flow.go_on.latency"].base > 0.003:
        yield "the mean of the path is above what 95 % of its calls are promised"


@demand("video", 8, "numbers", "Egress: 125,000 requests/s by 20 kB are 2.5 GB/s, and the network, a CDN or the gateway is sized for it.",
        named=[(r"saturat|bandwidth|egress", r"bandwidth|egress")])  # fmt: skip
def egress(case: Case) -> Iterator[str]:
    if not any(2.2e9 <= value <= 2.9e9 for value in case.facts(r"peak_egress").values()):
        yield "2.5 GB/s are not counted"
    limits = case.facts(r"bandwidth\.usable")
    if not limits or min(limits.values()) < 2.2e9:
        yield "nothing carries them"


@demand(
    "video",
    9,
    "cache",
    "book: one entry a book for all (180,000, about 4 GB), never older than 5 minutes, by public HTTP caching too.",
)
def books_for_all(case: Case) -> Iterator[str]:
    policy = case.plan.design.cache.policies["book"]
    if not policy.use or policy.ttl is None or policy.ttl.base > 300:
        yield "not cached within 5 minutes"
    if policy.objects is None or not 150_000 <= policy.objects.base <= 250_000:
        yield f"{policy.objects} entries"
    headers = str(case.document["paths"][case.api["book"].path])
    if policy.store != "http" and not re.search(
        r"Cache-Control|max-age", headers + case.api["book"].text, re.IGNORECASE
    ):
        yield "no public HTTP caching"


@demand("video", 10, "cache", "A hot book that expires, or an empty cache, does not send 80,000/s to the primary: what holds it is told, with what the primary can take.",
        named=[(r"cold.cache|stampede", r"cache|book")])  # fmt: skip
def cold_cache(case: Case) -> Iterator[str]:
    if case.plan.design.cache.policies["book"].stampede in (None, "none"):
        yield "nothing holds a stampede"
    if not case.facts(r"^cache\..*(cold|without|primary_takes|refill)"):
        yield "no number says what the primary can take"


@demand(
    "video",
    11,
    "cache",
    "go_on: after a save the same listener sees the new place: neither a lagging replica nor an old entry answers him.",
)
def one_sees_what_one_saved(case: Case) -> Iterator[str]:
    policy = case.plan.design.cache.policies.get("go_on")
    if policy is not None and policy.use and policy.invalidation not in ("on write", "write-through", "versioned key"):
        yield "an old entry answers"
    if any("replica" in str(hop.target) for hop in case.plan.design.flow.paths["go_on"].hops) and not case.says(
        "flow", r"own writes|session"
    ):
        yield "a lagging replica answers"


@demand(
    "video",
    12,
    "scaling",
    "6,500 updates/s on 5 bn rows are compared with what one primary takes, with the listener as the way to split.",
)
def updates_of_places(case: Case) -> Iterator[str]:
    if case.named(r"saturat|single.writer|outruns", r"main_(writes|commits)") is None:
        yield "not compared"
    if "listener" not in case.shard_key("Place"):
        yield f"Place would be split by {case.shard_key('Place') or 'nothing'}"


@demand(
    "video",
    13,
    "privacy",
    "Erasing a listener deletes his places as well, and places older than three years go by a job.",
    is_tried=True,
)
def erasure_of_listener(case: Case) -> Iterator[str]:
    erasing = [name for name in case.queries if re.search(r"(erase|forget|anonymi|delete)\w*_listener", name)]
    if not erasing:
        yield "no statement erases a listener"
    with case.trial() as trial:
        place = trial.add("place", seconds=1)
        if erasing:
            if trial.refuses(lambda: trial.erase(case.sql(erasing[0]), place["listener_id"])):
                yield "it is refused"
            elif trial.rows("place", listener_id=place["listener_id"]):
                yield "his places stay"
    if not case.jobs(r"(purge|drop|delete|expire)\w*.*place"):
        yield "no job removes what is older than three years"
