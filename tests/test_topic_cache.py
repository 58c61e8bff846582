"""The caching topic: decisions with reasons, numbers that equal the closed forms, rules, views."""

from __future__ import annotations

import math
from typing import Any

import pytest

from archnb.design import Design
from archnb.plan import Plan, plan
from archnb.shapes import Cell, Chart, Table
from archnb.sim.caching import estimate_cache, ttl_hit_ratio, ttl_staleness, zipf_popularity
from archnb.topics.cache.models import held, hit_ratio, mean_lifetime
from archnb.topics.cache.proposals import round_down_time
from tests import designs

DATA: dict[str, Any] = {
    "name": "books",
    "requirements": {
        "load": {"daily_users": "3M", "requests_per_user": "20/day", "record_size": "500 B"},
        "objectives": {
            "get_book": {"staleness": "60 s", "consistency": "eventual"},
            "list_genres": {"staleness": "10 min", "consistency": "eventual"},
            "my_shelf": {"consistency": "session"},
            "stock_of_book": {"consistency": "strong"},
        },
    },
    "entities": {
        "Reader": {"fields": {"id": "key", "email": "email unique personal"}, "rows": "1M"},
        "Genre": {"fields": {"id": "key", "name": "text(50)"}, "rows": 30},
        "Book": {"fields": {"id": "key", "title": "text(200)", "genre": "-> Genre", "blurb": "text(4000)"}, "rows": "100k"},
        "Shelf": {"fields": {"id": "key", "reader": "-> Reader", "book": "-> Book", "note": "text(500) personal"}, "rows": "2M"},
        "Stock": {"fields": {"id": "key", "book": "-> Book unique", "left": "int >= 0"}, "rows": "100k"},
    },
    "access": {
        "get_book": {"reads": "Book", "by": "id", "limit": 1, "rate": "1200/s", "roles": "public"},
        "list_genres": {"reads": "Genre", "limit": 30, "rate": "300/s", "roles": "public"},
        "my_shelf": {"reads": "Shelf", "by": "reader", "limit": 50, "rate": "400/s", "roles": "reader"},
        "stock_of_book": {"reads": "Stock", "by": "book", "limit": 1, "rate": "300/s", "roles": "public"},
        "rare_list": {"reads": "Book", "by": "genre", "limit": 20, "rate": "0.1/s", "roles": "public"},
        "shelve": {"writes": "Shelf", "action": "create", "rate": "20/s", "roles": "reader"},
        "edit_book": {"writes": "Book", "action": "update", "by": "id", "rate": "0.5/s", "roles": "editor"},
        "add_genre": {"writes": "Genre", "action": "create", "rate": "1/day", "roles": "editor"},
        "rename_genre": {"writes": "Genre", "action": "update", "by": "id", "rate": "1/day", "roles": "editor"},
        "sell": {"writes": "Stock", "action": "update", "by": "book", "rate": "50/s", "roles": "reader"},
    },
}  # fmt: skip


def plan_with(cache: dict[str, Any] | None = None, **access: dict[str, Any]) -> Plan:
    """The plan of the book design with a caching section and changed access patterns."""
    patterns = {name: {**one, **access.get(name, {})} for name, one in DATA["access"].items()}
    return plan(Design.of({**DATA, "access": patterns, "cache": cache or {}}))


@pytest.fixture(scope="module")
def books() -> Plan:
    """The plan of the book design, nothing said about caching."""
    return plan_with()


def test_every_read_has_a_policy_with_a_reason(books: Plan) -> None:
    """Each read pattern is either cached or not, and says why."""
    reads = [name for name, one in books.design.access.items() if one.reads]
    assert set(books.design.cache.policies) == set(reads)
    for name in reads:
        assert books.design.cache.policies[name].use in (True, False)
        assert len(books.why(f"cache.policies.{name}.use").reason) > 20


def test_everything_proposed_has_a_reason() -> None:
    """Every value of a completed caching section was said or carries a reason."""
    for made in (plan_with(), plan(designs.tiny()), plan(designs.awkward())):
        for path in made.paths():
            if path.startswith("cache."):
                assert made.why(path).reason, path


def test_strong_and_rare_reads_are_not_cached(books: Plan) -> None:
    """A strong read is refused for its consistency, a rare one for what it would free."""
    policies = books.design.cache.policies
    assert policies["stock_of_book"].use is False
    assert "strong consistency" in books.why("cache.policies.stock_of_book.use").reason
    assert policies["rare_list"].use is False
    assert "too rare" in books.why("cache.policies.rare_list.use").reason


def test_answers_outdated_before_they_are_read_again_are_not_cached() -> None:
    """More writes than reads of an answer refuse the cache, with the ratio in the reason."""
    made = plan_with(None, my_shelf={"rate": "100/s"}, shelve={"rate": "400/s"})
    assert made.design.cache.policies["my_shelf"].use is False
    assert "0.25 reads per write" in made.why("cache.policies.my_shelf.use").reason


def test_a_small_cache_nobody_asked_for_is_not_proposed() -> None:
    """Where all shared policies together free next to nothing, no engine is proposed; said policies stay."""
    quiet = {name: {"rate": "30/s"} for name in ("get_book", "my_shelf", "list_genres", "stock_of_book")}
    made = plan_with(None, **quiet)
    assert made.design.cache.engine == "none"
    assert not any(one.use for one in made.design.cache.policies.values())
    asked = plan_with({"policies": {"get_book": {"ttl": "30 s"}}}, **quiet)
    assert asked.design.cache.engine == "redis"
    assert asked.design.cache.policies["get_book"].use is True


def test_lifetime_never_exceeds_the_staleness_allowed(books: Plan) -> None:
    """A policy made fresh by its lifetime alone lives no longer than an answer may be old."""
    checked = 0
    for made in (books, plan(designs.shop())):
        for name, policy in made.design.cache.policies.items():
            allowed = made.design.requirements.objectives[name].staleness
            if policy.use and policy.invalidation == "ttl" and allowed is not None:
                assert policy.ttl is not None and policy.ttl.base <= allowed.base
                checked += 1
    assert checked >= 2


def test_what_was_said_is_kept() -> None:
    """No said value of the caching section is changed."""
    said = {"ttl": "45 s", "store": "memcached", "key": "k:{id}", "objects": "5k", "object_size": "3 kB", "skew": 1.1}
    made = plan_with(
        {"engine": "memcached", "memory": "7 GB", "policies": {"get_book": {**said, "invalidation": "on write"}}}
    )
    policy = made.design.cache.policies["get_book"]
    assert (str(policy.ttl), policy.store, policy.key, policy.invalidation) == (
        "45 s",
        "memcached",
        "k:{id}",
        "on write",
    )
    assert made.facts["cache.policies.get_book.objects"].value == 5000
    assert made.facts["cache.policies.get_book.skew"].value == pytest.approx(1.1)
    assert made.facts["cache.memory"].to("GB") == pytest.approx(7)
    assert made.why("cache.policies.get_book.ttl").is_said


def test_hit_ratio_equals_the_closed_form(books: Plan) -> None:
    """The hit ratio is Che's approximation with the policy's lifetime and capacity, over the inputs shown."""
    facts, used = books.facts, [n for n, one in books.design.cache.policies.items() if one.use]
    assert used
    for name in used:
        value = {one: facts[f"cache.{name}.{one}"].base for one in ("capacity", "lifetime")}
        value |= {one: facts[f"cache.policies.{name}.{one}"].base for one in ("objects", "skew")}
        want = estimate_cache(
            facts[f"access.{name}.rate"].base,
            round(value["objects"]),
            value["capacity"],
            value["skew"],
            "lru",
            value["lifetime"],
        )
        if f"cache.{name}.visit_reads" in facts:
            continue  # what one person reads is no matter of popularity
        assert facts[f"cache.{name}.hit_ratio"].base == pytest.approx(want.hit_ratio, rel=1e-9)
        saved = facts[f"access.{name}.rate"].base * want.hit_ratio
        assert facts[f"cache.{name}.load_saved"].base == pytest.approx(saved, rel=1e-9)


def test_hit_ratio_is_that_of_the_lifetime_when_memory_is_not_short() -> None:
    """With room for all entries only the lifetime bounds the hit ratio: Σ pᵢ λᵢT/(1 + λᵢT)."""
    assert hit_ratio(400, 10_000, math.inf, 0.9, 60) == pytest.approx(ttl_hit_ratio(400, 10_000, 0.9, 60), rel=1e-9)
    assert held(400, 10_000, 0.0, 60) == pytest.approx(10_000 * (400 * 60 / 10_000) / (1 + 400 * 60 / 10_000), rel=1e-6)


def test_one_answer_outdated_by_writes_hits_as_often_as_theory_says() -> None:
    """Reads at λ, invalidations at w, no lifetime: the share of hits is λ/(λ + w)."""
    reads, writes = 5.0, 0.5
    lifetime = mean_lifetime(1e7, writes)
    assert hit_ratio(reads, 1, 1, 0.0, lifetime) == pytest.approx(reads / (reads + writes), rel=1e-6)


def test_a_range_gives_a_spread_close_to_the_exact_one() -> None:
    """Samples of a hit ratio, of which few are computed and the rest interpolated, are exact within half a percent."""
    import numpy

    rates = numpy.geomspace(50, 5000, 400)
    fast = numpy.asarray(hit_ratio(rates, 1e5, 2e4, 0.9, 300.0))  # type: ignore[arg-type]
    exact = numpy.array([hit_ratio(float(rate), 1e5, 2e4, 0.9, 300.0) for rate in rates])
    assert float(abs(fast - exact).max()) < 0.005


def test_the_published_shortener_cache_is_reproduced() -> None:
    """40 writes/s × 100 reads × a day × 20 % × 500 B: the published 35 GB, within 5 %."""
    data = {
        "name": "short",
        "requirements": {
            "load": {
                "writes": "40/s",
                "reads_per_write": 100,
                "peak_factor": 1,
                "record_size": "500 B",
                "hot_share": "20%",
            }
        },
        "entities": {"Link": {"fields": {"code": "code(7) key", "target": "url"}, "rows": "100M"}},
        "access": {"resolve": {"reads": "Link", "by": "code", "limit": 1, "rate": "4k/s", "roles": "public"}},
    }
    made = plan(Design.of(data))
    assert made.facts["cache.daily_hot_set"].to("GB") == pytest.approx(35, rel=0.05)


def test_memory_is_the_sum_of_its_parts_with_headroom(books: Plan) -> None:
    """Needed memory: entries worth keeping × (answer + overhead) over all shared policies, plus the headroom; rounded up."""
    facts = books.facts
    shared = [n for n, one in books.design.cache.policies.items() if one.use and one.store == "redis"]
    want = sum(facts[f"cache.{n}.wanted"].base * facts[f"cache.{n}.entry_size"].base for n in shared)
    assert facts["cache.memory_needed"].base == pytest.approx(want * 1.3, rel=1e-9)
    assert books.design.cache.memory is not None
    assert books.design.cache.memory.base >= facts["cache.memory_needed"].base


def test_little_memory_lowers_the_hit_ratio() -> None:
    """Said memory below the need is shared out, and the hit ratio falls with it."""
    policies = {"get_book": {"ttl": "1 h", "invalidation": "on write"}}
    rich, poor = plan_with({"policies": policies}), plan_with({"memory": "5 MB", "policies": policies})
    assert poor.facts["cache.get_book.hit_ratio"].value < rich.facts["cache.get_book.hit_ratio"].value - 5
    assert [one.rule.id for one in poor.findings if one.rule.id.startswith("cache-")] == [
        "cache-ttl-over-staleness",
        "cache-memory-too-small",
    ]


def test_tiny_hot_and_unchanging_answers_stay_in_the_process(books: Plan) -> None:
    """A list of thirty genres that nobody writes is kept by each process, and takes nothing of the shared memory."""
    policy = books.design.cache.policies["list_genres"]
    assert policy.use and policy.store == "in-process"
    assert policy.invalidation == "ttl"


def test_immutable_public_answers_go_to_http_only_without_personal_data() -> None:
    """What everybody may read and nobody changes is kept by HTTP caches; the same with personal data is not."""
    data: dict[str, Any] = {
        "name": "files",
        "requirements": {"load": {"daily_users": "3M", "requests_per_user": "20/day"}},
        "entities": {"Icon": {"fields": {"id": "key", "code": "code(6) unique", "data": "bytes(2000)"}, "rows": "5k"}},
        "access": {
            "get_icon": {"reads": "Icon", "by": "code", "limit": 1, "rate": "2k/s", "roles": "public"},
            "add_icon": {"writes": "Icon", "action": "create", "rate": "0.01/s", "roles": "admin"},
        },
    }
    assert plan(Design.of(data)).design.cache.policies["get_icon"].store == "http"
    data["entities"]["Icon"]["fields"]["artist"] = "text(50) personal"
    assert plan(Design.of(data)).design.cache.policies["get_icon"].store != "http"


def test_stampede_protection_follows_the_readers_of_the_hottest_key() -> None:
    """Readers that meet while the hottest answer is computed: rate × share of rank 1 × query time; none, then one at a time."""
    made = plan_with(None, get_book={"rate": "1200/s"})
    facts = made.facts
    share = float(zipf_popularity(round(facts["cache.policies.get_book.objects"].base), 0.9)[1][0])
    assert facts["cache.get_book.refreshers"].base == pytest.approx(
        1200 * share * facts["cache.get_book.query_time"].base, rel=1e-9
    )
    assert made.design.cache.policies["get_book"].stampede == "none"
    busy = plan_with(None, get_book={"rate": "30k/s"})
    assert busy.design.cache.policies["get_book"].stampede in ("single flight", "early refresh")
    assert (
        "cold keys" in busy.why("cache.policies.get_book.stampede").reason
        or "Early refresh" in busy.why("cache.policies.get_book.stampede").reason
    )


def test_keys_hold_everything_that_tells_answers_apart(books: Plan) -> None:
    """Every parameter of a pattern is a placeholder of its key, behind the design's name and a form version."""
    for name, policy in books.design.cache.policies.items():
        if policy.use and policy.store != "http":
            assert policy.key is not None and policy.key.startswith(f"books:v1:{name}")
            for field in books.design.access[name].by:
                assert f"{{{field}}}" in policy.key


def test_an_empty_cache_sends_the_whole_peak_to_the_store(books: Plan) -> None:
    """Cold, the store does all reads' work; warm, what the cache saves less."""
    facts = books.facts
    reads = [n for n, one in books.design.access.items() if one.reads]
    cold = sum(facts[f"cache.{n}.busy"].base for n in reads if f"cache.{n}.busy" in facts)
    assert facts["cache.cold_cores"].base == pytest.approx(cold)
    assert facts["cache.warm_cores"].base < facts["cache.cold_cores"].base
    assert facts["cache.store_reads"].base == pytest.approx(facts["cache.reads"].base - facts["cache.load_saved"].base)


def test_tradeoffs_mark_the_chosen_row_and_late_answers(books: Plan) -> None:
    """One row a pattern is chosen and equals the facts; lifetimes above what is allowed are marked."""
    table = books.cache["tradeoffs"]
    assert isinstance(table, Table)
    frame = table.frame
    chosen = frame[frame["choice"] == "chosen"]
    assert list(chosen["pattern"]) == list(dict.fromkeys(frame["pattern"]))
    for _, row in chosen.iterrows():
        assert row["hit ratio"] == pytest.approx(books.facts[f"cache.{row['pattern']}.hit_ratio"].value)
    late = [row for row in table.rows if isinstance(row[1], Cell) and row[1].text == "too old"]
    assert late and all(float(str(row[9].value)) > float(str(row[10].value)) for row in late)  # type: ignore[union-attr]
    ttl = frame[(frame["made fresh"] == "ttl") & (frame["choice"] != "chosen")].iloc[0]
    want = ttl_staleness(ttl["lifetime"], ttl["hit ratio"] / 100).mean_age
    assert ttl["mean age"] == pytest.approx(want)


def test_curve_rises_with_memory_and_marks_the_chosen_point(books: Plan) -> None:
    """Hit ratio never falls with memory, and each curve's mark lies on the fact."""
    chart = books.cache["cache-curve"]
    assert isinstance(chart, Chart)
    for one in chart.series:
        assert all(a <= b + 1e-9 for a, b in zip(one.y, one.y[1:], strict=False))
    for mark, series in zip(chart.marks, chart.series, strict=True):
        assert mark.y == pytest.approx(books.facts[f"cache.{series.label}.hit_ratio"].value)


@pytest.mark.parametrize("name", ["tiny", "awkward", "shop"])
def test_views_of_every_design_can_be_built(name: str) -> None:
    """Every sample design gives its tables, whatever its names and numbers."""
    made = plan(getattr(designs, name)())
    names = [shape.name for shape in made.cache.views]
    assert {"tradeoffs", "cache-policies"} <= set(names)
    assert len(names) == len(set(names))
    for shape in made.cache.views:
        assert shape.frame is not None


def test_usual_lifetimes_are_rounded_down() -> None:
    """A lifetime is never rounded up past what is allowed."""
    assert [round_down_time(one) for one in (59, 60, 61, 0.0001, 1e9)] == ["30 s", "1 min", "1 min", "1 ms", "30 days"]


@pytest.mark.parametrize(
    "policy",
    [
        {"ttl": "0 s", "objects": 1, "object_size": "1 B", "skew": 0},
        {"ttl": "100 years", "objects": "10bn", "object_size": "1 GB", "skew": 10},
        {"use": True, "invalidation": "write-through", "store": "in-process"},
        {"use": True, "skew": 0.01, "objects": "1..1M"},
        {"use": False, "ttl": "1 s"},
    ],
)
def test_said_numbers_at_the_edges_do_not_break_the_plan(policy: dict[str, Any]) -> None:
    """Nothing, far too much and contradictions give a plan, views and facts with a spread, not an error."""
    for name in ("get_book", "list_genres"):
        made = plan_with({"memory": "1 B", "policies": {name: policy}}, get_book={"rate": "0/s"})
        assert [shape.frame is not None for shape in made.cache.views]
        assert len(made.facts.table.rows) == len(made.facts)


CLUB = {
    "archnb": 1,
    "name": "club",
    "requirements": {"load": {"daily_users": "1M", "requests_per_user": "20/day"}},
    "auth": {"owner": "Member"},
    "entities": {
        "Member": {"fields": {"id": "key", "email": "email unique personal"}, "rows": "2M"},
        "Bag": {"fields": {"id": "key", "member": "-> Member unique", "note": "text(200)"}, "rows": "2M"},
        "Kind": {"fields": {"id": "key", "label": "text(40)"}, "rows": 50},
        "Piece": {"fields": {"id": "key", "kind": "-> Kind", "name": "text(80)", "weight": "int"}, "rows": "100k"},
    },
    "access": {
        "see_bag": {"reads": "Bag", "by": "id", "limit": 1, "rate": "400/s", "roles": "member", "consistency": "session"},
        "note_bag": {"writes": "Bag", "action": "update", "by": "id", "sets": ["note"], "rate": "160/s", "roles": "member"},
        "see_piece": {"reads": "Piece", "by": "id", "limit": 1, "include": ["Kind"], "rate": "900/s", "roles": "public"},
        "name_kind": {"writes": "Kind", "action": "update", "by": "id", "sets": ["label"], "rate": "1/min", "roles": "staff"},
    },
}  # fmt: skip


def plan_club(**policies: object) -> Plan:
    """The club, with something said of its caches."""
    return plan(Design.of({**CLUB, "cache": {"policies": policies}} if policies else CLUB))


def test_what_one_person_reads_is_no_matter_of_popularity() -> None:
    """Eight reads in a visit of 15 minutes with a lifetime of 10: 0.78; a write that is put into the entry costs none of it."""
    made = plan_club()
    policy = made.design.cache.policies["see_bag"]
    assert (policy.invalidation, str(policy.ttl)) == ("write-through", "10 min")
    assert made.facts["cache.see_bag.hit_ratio"].value == pytest.approx(78.2, abs=0.1)
    deleted = plan_club(see_bag={"invalidation": "on write", "ttl": "10 min"})
    # 8 reads and 3.2 writes a visit
    assert deleted.facts["cache.see_bag.hit_ratio"].value == pytest.approx(64, abs=1)
    # of what is alive: each miss leaves an entry for its lifetime
    alive = 400 * (1 - 0.782) * 600
    assert made.facts["cache.see_bag.alive"].value == pytest.approx(alive, rel=0.01)


def test_popularity_that_is_said_counts() -> None:
    """Whoever says a Zipf exponent is believed."""
    made = plan_club(see_bag={"use": True, "skew": 0.9})
    assert "cache.see_bag.visit_reads" not in made.facts


def test_a_write_outdates_every_answer_that_shows_its_row() -> None:
    """50 kinds come along with 100,000 pieces: a kind that is renamed outdates 2,000 answers, which are not deleted one by one."""
    made = plan_club()
    assert made.facts["cache.see_piece.fanout"].value == pytest.approx(2000)
    # so they wait for the lifetime, and no answer is taken away by it
    assert made.facts["cache.see_piece.outdated"].base < 0.1 * 2000 / 100_000 / 60
    assert made.design.cache.policies["see_piece"].invalidation != "on write"
    many = plan_club(see_piece={"invalidation": "on write"})
    assert "cache-write-outdates-many" in {one.rule.id for one in many.findings}


def test_http_caches_keep_what_is_public_and_nothing_else() -> None:
    """What everybody may read is kept outside as well, no longer than inside; a bag is not."""
    made = plan_club()
    assert made.planned.operations["see_piece"].cache_control == "public, max-age=60"
    assert made.planned.operations["see_bag"].cache_control == "no-cache"
    assert "max-age=60" in str(made.export("openapi"))
    said = plan_club(see_bag={"max_age": "30 s"})
    assert "cache-personal-data-in-http-cache" in {one.rule.id for one in said.findings}


def test_a_said_freshness_bounds_every_lifetime() -> None:
    """An invalidation may be lost, so a lifetime is no longer than somebody said that an answer may be old."""
    data = {**CLUB, "requirements": {**CLUB["requirements"], "objectives": {"see_bag": {"staleness": "45 s"}}}}  # type: ignore[dict-item]
    data["cache"] = {"policies": {"see_bag": {"use": True}}}
    policy = plan(Design.of(data)).design.cache.policies["see_bag"]
    assert policy.ttl is not None and policy.ttl.base <= 45
    data["cache"] = {"policies": {"see_bag": {"ttl": "10 min"}}}
    made = plan(Design.of(data))
    found = next(one for one in made.findings if one.rule.id == "cache-ttl-over-staleness")
    assert found.path == "cache.policies.see_bag.ttl"
    older = made.facts["cache.see_bag.hit_ratio"].base * (1 - 45 / 600)
    assert made.facts["cache.see_bag.older_than_allowed"].base == pytest.approx(older)
    assert made.facts["cache.see_bag.older_than_allowed"].text in found.evidence
