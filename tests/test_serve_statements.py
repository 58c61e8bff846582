"""The service runs the planned statements: steps, totals, messages and answers are rows of one transaction, or none of them is."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from archnb import Design, Plan, plan
from archnb.serve import Limits, Service
from archnb.serve.database import transaction
from archnb.serve.idempotency import Answer, Answers
from archnb.serve.records import Records
from archnb.serve.schedules import is_due
from archnb.verify.postgresql import PostgresqlSession
from archnb.verify.servers import open_postgresql_database
from archnb.verify.service import fill, open_service
from tests.test_serve import Client

pytestmark = pytest.mark.needs("serve")

# a seed merchant: an order of packets takes them from the shelf, and the parcel service is told
SEEDS: dict[str, Any] = {
    "name": "seeds",
    "entities": {
        "Gardener": {"fields": {"id": "key", "email": "email unique personal"}, "rows": 90},
        "Packet": {"fields": {"id": "key", "name": "text(60)", "price": "money >= 0"}, "rows": 80},
        "Shelf": {"fields": {"packet": "-> Packet", "aisle": "-> Aisle", "on_hand": "int >= 0", "reserved": "int >= 0"}, "key": ["packet", "aisle"], "rows": 160},
        "Aisle": {"fields": {"id": "key", "name": "text(20)"}, "rows": 6},
        "Purchase": {"fields": {"id": "key", "gardener": "-> Gardener", "status": "enum(open, cancelled) = open", "total": "money >= 0", "placed_at": "timestamp = now()"}, "rows": 200},
        "PurchaseLine": {"fields": {"purchase": "-> Purchase cascade", "packet": "-> Packet", "quantity": "int >= 1", "unit_price": "money >= 0"}, "key": ["purchase", "packet"], "rows": 500},
        "Parcel": {"fields": {"id": "key", "purchase": "-> Purchase", "code": "text(40) optional"}, "rows": 90},
        "Reservation": {"fields": {"id": "key", "purchase": "-> Purchase cascade", "packet": "-> Packet", "aisle": "-> Aisle", "quantity": "int >= 1"}, "rows": 60},
    },
    "access": {
        "buy": {"writes": "Purchase", "action": "create", "steps": ["create PurchaseLine", "reserve Shelf undo release", "create Parcel via courier"], "roles": "gardener", "rate": "2/s"},
        "cancel_purchase": {"writes": "Purchase", "action": "update", "by": "id", "steps": ["release Shelf", "tell Parcel via courier"], "roles": "gardener", "rate": "1/s"},
        "view_purchase": {"reads": "Purchase", "by": "id", "include": ["PurchaseLine"], "limit": 1, "roles": "gardener", "rate": "3/s"},
    },
}  # fmt: skip

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]


def seeds() -> Plan:
    """The plan of the merchant."""
    return plan(Design.of(SEEDS))


@pytest.fixture(params=ENGINES)
def shop(request: pytest.FixtureRequest) -> Iterator[Service]:
    """The merchant's service on each engine."""
    with open_service(seeds(), request.param, limits=Limits(is_strict=False)) as service:
        yield service


def count(service: Service, table: str) -> int:
    """How many rows a table has."""
    return int(service.database.fetch(f'SELECT count(*) FROM "{table}"')[0][0])


def fill_shelf(service: Service, packet: str, on_hand: int) -> None:
    """Put packets on the shelf, in one aisle alone."""
    service.database.run(
        "UPDATE shelf SET on_hand = 0, reserved = 0 WHERE packet_id = :packet", {"packet": int(packet)}
    )
    service.database.run(
        "UPDATE shelf SET on_hand = :count WHERE packet_id = :packet AND aisle_id ="
        " (SELECT max(aisle_id) FROM shelf WHERE packet_id = :packet)",
        {"packet": int(packet), "count": on_hand},
    )


def find_packet(service: Service) -> dict[str, Any]:
    """A packet that has a place on a shelf."""
    shelf = service.records.find("Shelf", {}, limit=1)[0]
    return service.records.find("Packet", {"id": shelf["packet"]})[0]


def test_a_purchase_is_its_lines_its_reservations_its_total_and_its_message(shop: Service) -> None:
    """Each is there with the others; what the shelf does not have is refused, and then nothing is left behind."""
    packet, gardener = find_packet(shop), Client(shop, "gardener")
    fill_shelf(shop, packet["id"], 5)
    before = {
        one: count(shop, one) for one in ("purchase", "purchase_line", "reservation", "outbox", "idempotency_key")
    }
    body = {"lines": [{"packet_id": packet["id"], "quantity": 4}]}
    path = shop.planned.api.base_path + shop.planned.operations["buy"].contract.path
    made = gardener.send("POST", path, body, Idempotency_Key="a" * 20)
    assert made.status == 201, made.json
    assert float(made.json["total"]["amount"]) == pytest.approx(4 * float(packet["price"]["amount"]))
    assert made.json["total"]["currency"] == packet["price"]["currency"]
    assert {one: count(shop, one) - before[one] for one in before} == dict.fromkeys(before, 1)
    ((recipient, key, payload),) = shop.database.fetch(
        "SELECT recipient, key, payload FROM outbox ORDER BY id DESC LIMIT 1"
    )
    message = json.loads(payload) if isinstance(payload, str) else payload
    assert (recipient, key, message["id"]) == ("courier", made.json["id"], made.json["id"])
    reserved = "SELECT sum(reserved) FROM shelf WHERE packet_id = :packet"
    assert shop.database.fetch(reserved, {"packet": int(packet["id"])})[0][0] == 4
    # one is left, and two are asked for
    there = {one: count(shop, one) for one in before}
    refused = gardener.send(
        "POST", path, {"lines": [{"packet_id": packet["id"], "quantity": 2}]}, Idempotency_Key="b" * 20
    )
    assert refused.status == 409 and refused.json["code"].startswith("insufficient"), refused.json
    assert {one: count(shop, one) for one in before} == there
    # what was reserved is given back, once
    cancel = shop.planned.operations["cancel_purchase"].contract
    address = (shop.planned.api.base_path + cancel.path).replace("{purchase_id}", made.json["id"])
    done = gardener.send(cancel.method, address, Idempotency_Key="c" * 20)
    assert done.status == cancel.status, done.json
    assert shop.database.fetch(reserved, {"packet": int(packet["id"])})[0][0] == 0
    assert count(shop, "reservation") == before["reservation"]
    again = gardener.send(cancel.method, address, Idempotency_Key="d" * 20)
    assert again.status == 409, again.json


def test_an_answer_outlives_the_service_that_gave_it(shop: Service) -> None:
    """Another service over the same database gives the first answer again, and does nothing a second time."""
    packet, first = find_packet(shop), Client(shop, "gardener")
    fill_shelf(shop, packet["id"], 9)
    path = shop.planned.api.base_path + shop.planned.operations["buy"].contract.path
    body = {"lines": [{"packet_id": packet["id"], "quantity": 1}]}
    made = first.send("POST", path, body, Idempotency_Key="e" * 20)
    rows = count(shop, "purchase")
    later = Service(shop.plan, shop.database, limits=Limits(is_strict=False))
    again = Client(later, "gardener").send("POST", path, body, Idempotency_Key="e" * 20)
    assert (again.status, again.body) == (made.status, made.body) and count(shop, "purchase") == rows
    body["lines"][0]["quantity"] = 2
    other = Client(later, "gardener").send("POST", path, body, Idempotency_Key="e" * 20)
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")


def test_a_message_is_relayed_once_and_what_fails_is_due_again(shop: Service) -> None:
    """A handler gets the message; while it fails the row stays, due later; without one it is said whose it is to write."""
    packet, gardener = find_packet(shop), Client(shop, "gardener")
    fill_shelf(shop, packet["id"], 9)
    shop.database.run("DELETE FROM outbox")
    path = shop.planned.api.base_path + shop.planned.operations["buy"].contract.path
    body = {"lines": [{"packet_id": packet["id"], "quantity": 1}]}
    said: list[str] = []
    shop.tell = said.append
    gardener.send("POST", path, body, Idempotency_Key="f" * 20)
    shop.workers.work()
    assert count(shop, "outbox") == 1 and any("the owner's to write" in one for one in said)
    assert shop.database.fetch("SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL")[0][0] == 1
    got: list[Mapping[str, Any]] = []

    def fail(message: Mapping[str, Any]) -> None:
        raise TimeoutError("the courier does not answer")

    shop.workers.handlers["courier"] = fail
    gardener.send("POST", path, body, Idempotency_Key="g" * 20)
    shop.workers.work()
    waiting = "SELECT attempts FROM outbox WHERE sent_at IS NULL"
    assert shop.database.fetch(waiting) == [(1,)]
    shop.workers.handlers["courier"] = got.append
    shop.workers.work()
    assert got == [], "it is not due yet"
    shop.database.run("UPDATE outbox SET due_at = created_at")
    shop.workers.work()
    shop.workers.work()
    assert len(got) == 1 and got[0]["operation"] == "buy" and shop.database.fetch(waiting) == []


def test_a_job_is_started_by_the_clock_once_a_minute() -> None:
    """A schedule names minutes; a second look in the same minute starts nothing."""
    with open_service(seeds(), limits=Limits(is_strict=False)) as service:
        moment = datetime.datetime(2026, 11, 25, 3, 0, 5, tzinfo=datetime.UTC)
        scheduled = [
            name for name, one in service.planned.jobs.jobs.items() if one.schedule and is_due(one.schedule, moment)
        ]
        service.workers.start_due(moment)
        service.workers.start_due(moment + datetime.timedelta(seconds=20))
        assert sorted(one["job"] for one in service.jobs.show()) == sorted(scheduled)


def test_a_job_is_done_by_the_operation_of_its_name() -> None:
    """What the clock starts is done by an operation where it has one."""
    desk = {
        "name": "desk",
        "entities": {
            "Seat": {"fields": {"id": "key", "name": "text(20)"}, "rows": 20},
            "Hold": {"fields": {"id": "uuid key", "seat": "-> Seat", "status": "enum(held, lapsed) = held", "until": "timestamp"}, "rows": 100},
        },
        "access": {
            "hold_seat": {"writes": "Hold", "action": "create", "roles": "clerk", "rate": "1/s"},
            "lapse_holds": {"writes": "Hold", "action": "update", "many": True, "where": ["status = held", "until < now"], "sets": ["status = lapsed"], "roles": "sweeper", "rate": "1/min"},
        },
        "auth": {"roles": {"clerk": {"kind": "staff"}, "sweeper": {"kind": "service"}}},
        "jobs": {"jobs": {"lapse_holds": {"schedule": "* * * * *"}}},
    }  # fmt: skip
    with open_service(plan(Design.of(desk)), limits=Limits(is_strict=False)) as service:
        service.database.run("UPDATE hold SET status = 'held', until = '2020-01-01 00:00:00.000000'")
        service.workers.work()
        found = {one["job"]: one["state"] for one in service.jobs.show()}
        assert found["lapse_holds"] == "done", service.jobs.show()
        assert service.database.fetch("SELECT DISTINCT status FROM hold") == [("lapsed",)]


@pytest.mark.parametrize(
    ("schedule", "moment", "wanted"),
    [
        ("* * * * *", (2026, 11, 25, 10, 7), True), ("*/15 * * * *", (2026, 11, 25, 10, 7), False), ("0 3 * * 1-5", (2026, 11, 25, 3, 0), True),
        ("0 3 * * 0", (2026, 11, 22, 3, 0), True), ("0 3 * * 7", (2026, 11, 22, 3, 0), True), ("0 3 1 * *", (2026, 11, 25, 3, 0), False),
        ("0 3 1 * 3", (2026, 11, 25, 3, 0), True),
    ],
)  # fmt: skip
def test_a_schedule_is_read_as_cron_reads_it(schedule: str, moment: tuple[int, ...], wanted: bool) -> None:
    """Steps, spans, Sunday by both numbers; of two kinds of days one is enough."""
    assert is_due(schedule, datetime.datetime(*moment)) is wanted  # type: ignore[arg-type, misc]


@pytest.mark.needs("postgresql")
def test_a_repeat_that_comes_meanwhile_waits_for_the_first_answer() -> None:
    """Two processes, one key: the second takes no key while the first is at work, and then gets its answer."""
    made = seeds()
    with open_postgresql_database(None) as database:
        first, second = (PostgresqlSession(database) for _ in range(2))
        with closing(first.connection), closing(second.connection), ThreadPoolExecutor(max_workers=1) as pool:
            fill(made, first)
            answers = [Answers(Records(made, one)) for one in (first, second)]

            def repeat() -> Answer | None:
                with transaction(second):
                    return answers[1].take("somebody", "buy", "k", "0" * 64)

            with transaction(first):
                assert answers[0].take("somebody", "buy", "k", "0" * 64) is None
                waiting = pool.submit(repeat)
                with pytest.raises(TimeoutError):
                    waiting.result(timeout=0.3)
                answers[0].keep("somebody", "k", "0" * 64, Answer(201, {}, b"{}", "application/json"))
            assert waiting.result(timeout=10) == Answer(201, {}, b"{}", "application/json")


def test_a_state_that_ends_by_itself_is_ended_by_its_planned_statement() -> None:
    """Each minute what waited too long ends, and only that; no handler is needed."""
    desk = {
        "name": "desk",
        "entities": {
            "Seat": {"fields": {"id": "key", "name": "text(20)"}, "rows": 20},
            "Hold": {
                "fields": {"id": "uuid key", "seat": "-> Seat", "status": "enum(held, taken, lapsed) = held", "made_at": "timestamp = now()"},
                "expires": "held -> lapsed after 10 min", "rows": 100,
            },
        },
        "access": {"hold_seat": {"writes": "Hold", "action": "create", "roles": "clerk", "rate": "1/s"}},
        "auth": {"roles": {"clerk": {"kind": "staff"}}},
    }  # fmt: skip
    with open_service(plan(Design.of(desk)), limits=Limits(is_strict=False)) as service:
        service.database.run("UPDATE hold SET status = 'held', made_at = '2020-01-01 00:00:00.000000'")
        service.database.run("UPDATE hold SET status = 'taken' WHERE id = (SELECT min(id) FROM hold)")
        service.workers.work()
        found = {one["job"]: one["state"] for one in service.jobs.show()}
        assert found["expire_hold"] == "done", service.jobs.show()
        assert sorted(service.database.fetch("SELECT DISTINCT status FROM hold")) == [("lapsed",), ("taken",)]
