"""What reaches the stores: rows as they are written, batches, bookkeeping, storage with retention, rows that all wait for."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from archnb import Design, Plan, engines, load, plan
from archnb.sim.growth import YEAR, Piece, sum_pieces, time_until_pieces
from tests.domains.case import planned

DAY = 86400.0

# a kiosk that tells each of a seller's subscribers when something arrives, and keeps what scales weigh
KIOSK: dict[str, Any] = {
    "name": "kiosk",
    "requirements": {"load": {"daily_users": "2M", "requests_per_user": "20/day", "growth": "30%/year", "read_share": "60%"}},
    "entities": {
        "Seller": {"fields": {"id": "key", "title": "text(80)"}, "rows": "40k"},
        "Offer": {"fields": {"id": "key", "seller": "-> Seller", "text": "text(200)", "made_at": "timestamp = now()"}, "rows": "3M", "growth": "90k/day"},
        "Tip": {"fields": {"id": "key", "seller": "-> Seller", "offer": "-> Offer", "told_at": "timestamp = now()"}, "rows": 0, "growth": "18M/day", "retention": "14 days"},
        "Weight": {"fields": {"seller": "-> Seller", "at": "timestamp", "grams": "float"}, "key": ["seller", "at"], "rows": 0, "growth": "2k/s", "retention": "60 days"},
    },
    "access": {
        "offers_of_seller": {"reads": "Offer", "by": "seller", "sort": "-made_at", "limit": 20, "rate": "900/s", "roles": "user"},
        "offer": {"writes": "Offer", "action": "create", "rate": "3/s", "roles": "user"},
        "tell": {"writes": "Tip", "action": "create", "rate": "3/s", "rows": 200, "is_async": True, "roles": "worker"},
        "weigh": {"writes": "Weight", "action": "create", "rate": "2k/s", "is_async": True, "roles": "scale"},
    },
}  # fmt: skip


@lru_cache
def kiosk() -> Plan:
    """The kiosk, planned once."""
    return plan(Design.of(KIOSK))


def test_a_fan_out_counts_each_row_that_it_writes() -> None:
    """Three calls that write two hundred rows each are six hundred rows, in a few transactions."""
    facts = kiosk().facts
    assert facts["scaling.tell.rows_written"].base == 200
    rows = 3 + 3 * 200 + 2000
    assert facts["scaling.main.writes"].base - facts["scaling.main.bookkeeping"].base == pytest.approx(rows, rel=0.01)
    # what nobody waits for goes a hundred rows at a time
    assert facts["scaling.main.commits"].base < 50


def test_said_rates_are_the_load() -> None:
    """What operations say wins over what users would make; the averages follow from the peak."""
    facts = kiosk().facts
    assert facts["load.peak_writes"].base == pytest.approx(2006, rel=0.01)
    assert facts["load.average_writes"].base * facts["requirements.load.peak_factor"].base == pytest.approx(
        facts["load.peak_writes"].base
    )
    assert facts["load.expected_requests"].base == pytest.approx(2e6 * 20 / DAY * 3)


def test_a_movement_is_five_rows() -> None:
    """The movement, its two postings and both balances: what its statements write, and the key that makes it repeatable."""
    facts = planned("ledger").plan.facts
    assert facts["scaling.move_money.rows_written"].base == 5
    assert facts["scaling.main.writes"].base == pytest.approx(
        7200 * 5 + facts["scaling.main.bookkeeping"].base, rel=0.001
    )
    assert facts["scaling.move_money.across_shards"].base == pytest.approx(1 - 1 / facts["scaling.main.shards"].base)


def test_one_figure_says_what_a_primary_takes() -> None:
    """The rows above which a series store pays are those that one primary takes, in whatever section."""
    facts = kiosk().facts
    limit = engines.find_engine("postgresql").limit("row writes")  # type: ignore[union-attr]
    assert limit is not None
    assert facts["schema.series_rate"].base == facts["scaling.resources.main_writes.limit"].base


def test_lines_of_an_order_are_counted() -> None:
    """An order with its lines is as many rows as an order has lines on average, and one."""
    design = Design.of(
        {
            "name": "inn",
            "entities": {
                "Guest": {"fields": {"id": "key", "email": "email unique personal"}, "rows": "10k"},
                "Bill": {"fields": {"id": "key", "guest": "-> Guest", "at": "timestamp = now()"}, "rows": "100k", "growth": "1k/day"},
                "BillLine": {"fields": {"id": "key", "bill": "-> Bill cascade", "text": "text(80)"}, "rows": "600k", "growth": "6k/day"},
            },
            "access": {"make_bill": {"writes": "Bill", "action": "create", "steps": ["create BillLine"], "rate": "10/s", "roles": "staff"}},
        }
    )  # fmt: skip
    assert plan(design).facts["scaling.make_bill.rows_written"].base == pytest.approx(7)


@pytest.mark.parametrize("day, kept", [(0, 0.0), (30, 30), (60, 60), (90, 60), (1000, 60)])
def test_rows_with_a_retention_level_off(day: int, kept: float) -> None:
    """What comes in evenly is kept as long as it is kept, and no longer."""
    piece = Piece(rows=0.0, inflow=1 / DAY, retention=60 * DAY)
    assert piece.at(day * DAY) == pytest.approx(kept)


def test_storage_knows_the_retention() -> None:
    """The weights of sixty days are the horizon's, from day sixty on; when the disk is full is told in days, not in years."""
    made = kiosk()
    facts = made.facts
    assert facts["entities.Weight.rows_at_horizon"].base == pytest.approx(2000 * 60 * DAY)
    assert facts["scaling.main_storage.at_horizon"].base == pytest.approx(facts["schema.size_at_horizon"].base)
    small = plan(Design.of(KIOSK | {"scaling": {"resources": {"main_storage": {"limit": "1 TB"}}}})).facts
    stored = facts["schema.weight.row_stored"].base * 2000 + facts["schema.tip.row_stored"].base * 18e6 / DAY
    assert small["scaling.main_storage.saturates"].base == pytest.approx(0.7e12 / stored, rel=0.15)


def test_a_said_inflow_is_the_same_in_every_year() -> None:
    """Rows per time that are said do not grow with the load; rows that follow from rates do."""
    facts = kiosk().facts
    assert facts["entities.Offer.rows_at_horizon"].base == pytest.approx(3e6 + 90e3 * 3 * 365)


def test_storage_at_the_horizon_is_one_number_for_every_sample() -> None:
    """The forecast's own arithmetic and the tables' sizes come to the same, where growth is a range as well."""
    load = KIOSK["requirements"]["load"] | {"growth": "10..60%/year"}
    made = plan(Design.of(KIOSK | {"requirements": {"load": load}}))
    chart = made.scaling["capacity"]
    assert chart is not None
    from archnb.topics.scaling.courses import courses

    course = next(one for one in courses(made.draft) if one.name == "main_storage")
    values = [fact.base for fact in course.inputs]
    assert course.at(made.facts["scaling.horizon"].base, values) == pytest.approx(
        made.facts["schema.size_at_horizon"].base, rel=1e-6
    )


def test_pieces_reach_what_they_reach() -> None:
    """Rows with and without an end, and a share of themselves, meet a limit where their sum does."""
    pieces = [
        Piece(rows=10.0, inflow=1 / DAY, retention=30 * DAY),
        Piece(rows=5.0, own=0.5),
        Piece(rows=0.0, inflow=0.1 / DAY, growth=0.2),
    ]
    time = time_until_pieces(50.0, pieces)
    assert sum_pieces(pieces, time) == pytest.approx(50.0)
    assert sum_pieces(pieces, time - DAY) < 50.0
    assert time_until_pieces(4.0, pieces) == 0.0
    assert time_until_pieces(10.0, [Piece(rows=1.0, inflow=0.0)]) == float("inf")
    assert 0 < time < YEAR


@pytest.mark.parametrize("times", [1, 2, 5, 20, 100])
def test_a_raised_load_saturates_sooner(times: int) -> None:
    """More reads never push the month of saturation away, and never make it go."""
    access = KIOSK["access"]
    more = access | {"offers_of_seller": access["offers_of_seller"] | {"rate": f"{900 * times}/s"}}
    found = plan(Design.of(KIOSK | {"access": more})).facts["scaling.main_reads.saturates"].base
    assert found <= kiosk().facts["scaling.main_reads.saturates"].base < float("inf")


def test_a_counter_of_all_is_named() -> None:
    """One row that every call adds to is a finding with its limit; as many rows as there are calls are none."""
    entities = {"Poll": {"fields": {"id": "key", "votes": "int >= 0"}, "rows": 3}}
    access = {"vote": {"writes": "Poll", "action": "update", "by": "id", "sets": ["votes = votes + 1"], "rate": "2k/s", "roles": "user"}}  # fmt: skip
    few = plan(Design.of({"name": "polls", "entities": entities, "access": access}))
    assert "scaling-row-that-all-wait-for" in {one.rule.id for one in few.findings}
    assert few.facts["scaling.vote.hot_row_limit"].base * few.facts["scaling.vote.lock_held"].base == pytest.approx(1)
    many = plan(Design.of({"name": "polls", "entities": {"Poll": entities["Poll"] | {"rows": "5M"}}, "access": access}))
    assert "scaling-row-that-all-wait-for" not in {one.rule.id for one in many.findings}


# -- recovery

LEDGER = planned("ledger").plan.said


@lru_cache
def recovering(regions: int, rpo: str, rto: str) -> Plan:
    """The books with other wishes for the day on which something is lost."""
    made = LEDGER.replace("requirements.regions", regions)
    return plan(made.replace("requirements.recovery.rpo", rpo).replace("requirements.recovery.rto", rto))


def found(made: Plan) -> set[str]:
    """The rules about recovery that find something."""
    return {one.rule.id for one in made.findings if "recovery" in one.rule.id}


def test_nothing_lost_over_two_regions_waits_for_the_other() -> None:
    """A commit that must be in both regions takes a round trip between them; one that may be lost does not."""
    both, later = recovering(2, "0 s", "5 min"), recovering(2, "1 h", "5 min")
    far = both.facts["flow.assumed.region_round_trip"].base
    assert both.facts["flow.commit_time"].base == pytest.approx(later.facts["flow.commit_time"].base + far)
    assert both.facts["flow.move_money.latency"].base > later.facts["flow.move_money.latency"].base
    assert both.facts["recovery.region_loss"].base == 0 < later.facts["recovery.region_loss"].base
    assert later.facts["recovery.archive_every"].base > both.facts["recovery.archive_every"].base


def test_one_region_answers_no_recovery_point_of_nothing() -> None:
    """Without a second region what was not carried to the backups is lost, and a restore takes as long as the data is large."""
    made = recovering(1, "0 s", "5 min")
    assert {"scaling-recovery-point-missed", "scaling-recovery-time-missed"} <= found(made)
    size, speed = made.facts["schema.size"].base, made.facts["recovery.restore_speed"].base
    assert made.facts["recovery.region_time"].base == pytest.approx(600 + size / speed)


@pytest.mark.parametrize("rto, rules", [
    ("1 s", {"scaling-recovery-time-missed", "scaling-restore-outlasts-recovery"}),
    ("5 min", {"scaling-restore-outlasts-recovery"}),
    ("7 days", set()),
])  # fmt: skip
def test_the_recovery_time_is_compared(rto: str, rules: set[str]) -> None:
    """A second is less than a failover takes; in seven days a backup is restored, so that no server waits elsewhere."""
    made = recovering(2, "0 s", rto)
    assert found(made) == rules
    waits = made.facts["recovery.region_time"].base < made.facts["recovery.restore_time"].base
    assert waits == (rto != "7 days")


def test_recovery_is_seen() -> None:
    """The table has a row for a machine, a region and the data itself."""
    assert len(recovering(2, "0 s", "5 min").scaling.frames["recovery"]) == 3


def test_an_outbox_has_one_message_a_call() -> None:
    """A line that is told to forty people is one message in the outbox, whatever the job makes of it."""
    facts = planned("chat").plan.facts
    calls = facts["access.post_line.rate"].base
    assert calls <= facts["jobs.jobs.relay_outbox.rate"].base < 2 * calls
    assert facts["scaling.main.writes"].base < 4 * facts["load.peak_writes"].base


def test_each_store_has_its_own_disk() -> None:
    """What a store for series holds is no load of the relational one; together they are all that is stored."""
    made = plan(load(Path(__file__).parent / "golden" / "designs" / "stores.yaml"))
    facts = made.facts
    kept = {name: fact.base for name, fact in facts.items() if re.fullmatch(r"scaling\.\w+\.stored", name)}
    assert len(kept) > 1
    assert sum(kept.values()) == pytest.approx(facts["scaling.storage"].base, rel=1e-6)
    assert made.design.scaling.resources["main_storage"].demand == "scaling.main.stored"
