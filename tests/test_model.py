"""The model: what a design means, asked of designs of several kinds of system, and asked fast."""

from __future__ import annotations

import dataclasses
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

import archnb
from archnb import Design, plan
from archnb.design.record import Named
from archnb.model import Model, Unknown
from archnb.model.lookups import find_demands
from tests.designs import ALL, tiny

# several customers in one system: every row but the price list belongs to one team
HELPDESK: dict[str, Any] = {
    "entities": {
        "Agent": {"fields": {"id": "uuid key", "email": "email unique personal", "display_name": "text(80) personal"}},
        "Team": {"fields": {"id": "uuid key", "name": "text(80)", "founder": "-> Agent"}},
        "Seat": {
            "fields": {"team": "-> Team cascade", "holder": "-> Agent cascade", "grade": "enum(lead, agent, guest) = agent"},
            "key": ["team", "holder"],
        },
        "Inbox": {"fields": {"id": "uuid key", "team": "-> Team cascade", "label": "text(60)"}},
        "Ticket": {
            "fields": {"id": "uuid key", "inbox": "-> Inbox cascade", "assignee": "-> Agent optional", "subject": "text(200)"}
        },
        "Reply": {"fields": {"id": "uuid key", "ticket": "-> Ticket cascade", "body": "text(4000)"}},
        "Tariff": {"fields": {"id": "key", "name": "text(40) unique"}},
    },
    "access": {
        "tickets_of_inbox": {"reads": "Ticket", "by": "inbox", "sort": "-id", "rate": "50/s", "roles": "agent"},
        "view_ticket": {"reads": "Ticket", "by": "id", "include": "Reply", "rate": "80/s", "roles": "agent"},
        "answer": {"writes": "Reply", "action": "create", "rate": "9/s", "roles": "agent"},
        "close_inbox": {"writes": "Inbox", "action": "delete", "by": "id", "roles": "lead"},
        "bill_team": {"writes": "Team", "action": "update", "by": "id", "roles": "billing worker"},
    },
}  # fmt: skip

# a chat of clubs: nobody has an e-mail address, people are known by their number and a name
CLUBS: dict[str, Any] = {
    "entities": {
        "Player": {"fields": {"id": "key", "phone": "phone unique personal", "nickname": "text(30)"}},
        "Club": {"fields": {"id": "key", "name": "text(60)", "founded_by": "-> Player"}},
        "ClubMember": {"fields": {"club": "-> Club cascade", "player": "-> Player cascade"}, "key": "club, player"},
        "Note": {"fields": {"id": "key", "club": "-> Club", "writer": "-> Player", "answer_to": "-> Note optional"}},
        "Cheer": {"fields": {"note": "-> Note cascade", "player": "-> Player"}, "key": "note, player"},
    },
    "access": {
        "notes_of_club": {"reads": "Note", "by": "club", "roles": "user"},
        "write_note": {"writes": "Note", "action": "create", "steps": ["push Note via push"], "roles": "user"},
    },
}

# greenhouses that measure: devices sign in, people hardly
GREENHOUSE: dict[str, Any] = {
    "entities": {
        "Grower": {"fields": {"id": "key", "name": "text(80)"}},
        "House": {"fields": {"id": "key", "grower": "-> Grower"}},
        "Probe": {"fields": {"id": "key", "house": "-> House", "serial": "text(30) unique", "key_hash": "text(64) secret"}},
        "Sample": {"fields": {"probe": "-> Probe", "at": "timestamp", "value": "float"}, "key": "probe, at"},
        "SoilSample": {"extends": "Sample", "fields": {"moisture": "float"}},
    },
    "access": {
        "send_sample": {"writes": "Sample", "action": "create", "rate": "2k/s", "roles": "probe"},
        "samples_of_probe": {"reads": "Sample", "by": "probe", "range": "at", "rate": "20/s", "roles": "onlooker"},
    },
}  # fmt: skip

# courts that are booked; players sign in through another system and some have no row for it
COURTS: dict[str, Any] = {
    "entities": {
        "Guest": {"fields": {"id": "uuid key", "external_id": "text(80) unique", "name": "text(80) personal"}},
        "Coach": {"fields": {"id": "uuid key", "name": "text(80)"}},
        "Court": {"fields": {"no": "smallint key", "surface": "enum(clay, grass)"}},
        "Booking": {
            "fields": {"id": "uuid key", "guest": "-> Guest", "court": "-> Court", "coach": "-> Coach optional", "starts_at": "timestamp"},
            "unique": "court + starts_at",
        },
        "Fee": {"fields": {"booking": "-> Booking key", "amount": "money"}},
    },
    "access": {
        "book": {"writes": "Booking", "action": "create", "steps": ["charge Fee via psp"], "roles": "guest"},
        "day_of_coach": {"reads": "Booking", "by": "coach", "roles": "coach"},
        "open_bookings": {"reads": "Booking", "roles": "porter"},
    },
}  # fmt: skip

# points: programs only
POINTS: dict[str, Any] = {
    "entities": {
        "Purse": {"fields": {"id": "key", "balance": "bigint >= 0"}},
        "Move": {"fields": {"id": "uuid key", "source": "-> Purse", "target": "-> Purse", "amount": "bigint >= 1"}},
        "Posting": {"fields": {"id": "key", "move": "-> Move", "purse": "-> Purse"}},
    },
    "access": {
        "move": {"writes": "Move", "action": "create", "steps": ["create Posting", "debit Purse"], "rate": "900/s", "roles": "service"},
        "balance": {"reads": "Purse", "by": "id", "rate": "3k/s", "roles": "service"},
    },
    "schema": {"stores": {"fast": {"engine": "dynamodb", "holds": "Posting"}, "truth": {"engine": "mysql"}}},
}  # fmt: skip


@lru_cache
def model_of(name: str) -> Model:
    """The model of one of the designs above."""
    return Model(Design.of(globals()[name]))


# -- keys and references


@pytest.mark.parametrize(
    ("name", "entity", "fields", "is_generated"),
    [
        ("HELPDESK", "Ticket", ("id",), True),
        ("HELPDESK", "Seat", ("team", "holder"), False),
        ("GREENHOUSE", "Sample", ("probe", "at"), False),
        ("GREENHOUSE", "SoilSample", ("probe", "at"), False),
        ("COURTS", "Court", ("no",), False),
        ("COURTS", "Fee", ("booking",), False),
        ("POINTS", "Purse", ("id",), True),
    ],
)
def test_an_entity_has_one_key(name: str, entity: str, fields: tuple[str, ...], is_generated: bool) -> None:
    """The key is what was said or marked; a special case has the general one's; whoever makes it is told."""
    key = model_of(name).keys.find(entity)
    assert (key.fields, key.is_generated) == (fields, is_generated)


def test_an_entity_without_a_key_is_numbered() -> None:
    """Where nothing is said, a row has a number that nobody declared."""
    key = Model(Design.of({"entities": {"Word": {"fields": {"text": "text(9)"}}}})).keys.find("Word")
    assert (key.fields, key.is_generated, key.is_declared) == (("id",), True, False)


def test_fields_tell_whether_they_find_one_row() -> None:
    """Fields that cover the key or something unique find one row, others several."""
    keys = model_of("COURTS").keys
    assert keys.is_one_row("Booking", ["starts_at", "court"])
    assert keys.is_one_row("Guest", ["external_id"])
    assert keys.is_one_row("Court", ["id"])
    assert not keys.is_one_row("Booking", ["court"])
    assert not model_of("HELPDESK").keys.is_one_row("Seat", ["id", "team"])


@pytest.mark.parametrize("name", ALL)
def test_the_table_has_the_key_of_the_model(name: str) -> None:
    """The primary key of a proposed table is made of the columns of the model's key, for every sample design."""
    made = plan(ALL[name]())
    for entity in made.design.entities:
        table = made.model.places.find_table(entity)
        if table is None or made.draft.is_said(f"schema.tables.{table}.columns"):
            continue
        columns = made.design.schema.tables[table].columns
        fields = {columns[one].field for one in made.model.places.list_key_columns(entity)}
        assert set(made.model.keys.fields(entity)) <= fields | {None}, entity


def test_references_are_known_from_both_ends() -> None:
    """Who refers to whom is the same list from either end; self references and required ones are marked."""
    references = model_of("CLUBS").references
    assert [str(one) for one in references.list_to("Player")] == [
        "Club.founded_by", "ClubMember.player", "Note.writer", "Cheer.player",
    ]  # fmt: skip
    answer = references.find("Note", "answer_to")
    assert answer is not None and answer.is_self and not answer.is_required
    for name in ("HELPDESK", "CLUBS", "GREENHOUSE", "COURTS", "POINTS"):
        found = model_of(name)
        out = {one for entity in found.design.entities for one in found.references.list_from(entity)}
        into = {one for entity in found.design.entities for one in found.references.list_to(entity)}
        assert out == into


def test_a_special_case_refers_to_what_the_general_one_does() -> None:
    """Inherited fields are references of the special case, declared by the general one."""
    found = model_of("GREENHOUSE").references.find("SoilSample", "probe")
    assert found is not None and found.is_inherited and found.declared_by == "Sample" and found.is_key
    assert model_of("GREENHOUSE").inheritance.list_subtypes("Sample") == ("SoilSample",)
    assert list(model_of("GREENHOUSE").fields("SoilSample")) == ["probe", "at", "value", "moisture"]


def test_rows_that_go_along_and_rows_that_hold_back() -> None:
    """A deletion takes along what cascades, to the end, and is held back by what needs the row and does not go."""
    references = model_of("HELPDESK").references
    assert set(references.list_going_along("Team")) == {"Seat", "Inbox", "Ticket", "Reply"}
    assert references.list_holding("Agent") == ("Team",)
    assert model_of("POINTS").references.list_holding("Purse") == ("Move", "Posting")
    whole = references.find_whole("Ticket")
    assert whole is not None and whole.target == "Inbox"
    assert model_of("COURTS").references.find_whole("Booking") is None


# -- people, roles, tenants


def test_people_are_found_without_an_address() -> None:
    """A telephone number of one's own, a user name and another system's name for a person are what people sign in with."""
    assert model_of("CLUBS").people.all == ("Player",)
    assert model_of("COURTS").people.all == ("Guest",)
    assert model_of("HELPDESK").people.all == ("Agent",)
    named = {"entities": {"Reader": {"fields": {"id": "key", "username": "text(30) unique"}}}}
    assert Model(Design.of(named)).people.user == "Reader"


def test_what_only_mentions_an_address_is_no_person() -> None:
    """An invitation has an address, and whether one was checked is a yes or a no: neither makes a row a person."""
    design = Design.of(
        {
            "entities": {
                "Human": {"fields": {"id": "key", "email": "email unique personal"}},
                "Invitation": {"fields": {"id": "key", "email": "email personal", "by": "-> Human"}},
                "Setting": {"fields": {"id": "key", "email_sent_at": "timestamp", "login_allowed": "bool"}},
            }
        }
    )
    assert Model(design).people.all == ("Human",)


def test_who_nobody_signs_in_as_is_said_with_what_to_write() -> None:
    """Without people the user is not known, and the answer says which line would tell."""
    for name in ("GREENHOUSE", "POINTS"):
        user = model_of(name).people.user
        assert isinstance(user, Unknown) and user.reason and user.line.startswith("auth.owner: ")


@pytest.mark.parametrize(
    ("name", "role", "kind", "entity"),
    [
        ("HELPDESK", "agent", "staff", "Agent"),
        ("HELPDESK", "lead", "member", "Agent"),
        ("HELPDESK", "billing worker", "service", None),
        ("HELPDESK", "public", "public", None),
        ("CLUBS", "user", "person", "Player"),
        ("GREENHOUSE", "probe", "service", "Probe"),
        ("COURTS", "guest", "person", "Guest"),
        ("POINTS", "service", "service", None),
    ],
)
def test_a_role_has_somebody_behind_it(name: str, role: str, kind: str, entity: str | None) -> None:
    """A role is a person's row, a row of membership, a device's row, staff, a program or everybody."""
    found = model_of(name).roles.find(role)
    assert found and (found.kind, found.entity) == (kind, entity)


def test_an_owner_is_a_customer() -> None:
    """Who owns a dog acts on their own dogs: no word of a role makes people of the system into the operator's staff."""
    said: dict[str, Any] = {
        "entities": {
            "Owner": {"fields": {"id": "key", "email": "email unique personal"}},
            "Dog": {"fields": {"id": "key", "owner": "-> Owner", "name": "text(40)"}},
        },
        "access": {"my_dogs": {"reads": "Dog", "by": "owner", "roles": ["owner"]}},
    }
    made = plan(Design.of(said))
    found = made.model.roles.find("owner")
    assert found and (found.kind, found.entity) == ("person", "Owner") and not made.model.roles.is_admin("owner")
    role = made.planned.auth.roles["owner"]
    assert role.grants["my_dogs"].kind == "own" and role.summary == "People who use the system, each an Owner."
    without = Design.of(
        {"entities": {"Dog": {"fields": {"id": "key"}}}, "access": {"dogs": {"reads": "Dog", "roles": ["owner"]}}}
    )
    assert isinstance(Model(without).roles.find("owner"), Unknown)


@pytest.mark.parametrize(("name", "role"), [("GREENHOUSE", "onlooker"), ("COURTS", "porter"), ("COURTS", "coach")])
def test_a_role_that_nothing_explains_is_unknown(name: str, role: str) -> None:
    """Where neither an entity, a field nor the word tells who has a role, the answer says so, and the line to write tells it."""
    found = model_of(name).roles.find(role)
    assert isinstance(found, Unknown) and found.line.startswith(f"auth.roles.{role}.kind: ")
    path, _, value = found.line.partition(": ")
    told = Model(model_of(name).design.replace(path, value)).roles.find(role)
    assert told and told.kind == value


def test_what_was_said_of_a_role_goes_before_its_word() -> None:
    """A role called admin that a person of the system has is a person's, once it is said."""
    design = Design.of(COURTS | {"auth": {"roles": {"admin": {"kind": "person"}}}})
    found = Model(design).roles.find("admin")
    assert found and (found.kind, found.entity, found.is_trusted) == ("person", "Guest", False)


def test_completing_a_design_does_not_change_who_a_role_is() -> None:
    """The answer about a role is the same before and after the plan has written it down."""
    for data in (HELPDESK, CLUBS, GREENHOUSE, COURTS, POINTS):
        before, after = Model(Design.of(data)).roles, plan(Design.of(data)).model.roles
        for role in before.names:
            one, other = before.assume(role), after.assume(role)
            assert (one.kind, one.entity, one.membership) == (other.kind, other.entity, other.membership), role


def test_the_tenant_is_what_people_are_in() -> None:
    """A team whose seats give roles is the tenant; everything but the price list and the people belongs to one."""
    tenants = model_of("HELPDESK").tenants
    assert tenants.tenant == "Team"
    assert tenants.list_fenced() == ("Seat", "Inbox", "Ticket", "Reply")
    assert str(tenants.find_way("Reply")) == "Reply.ticket -> Ticket.inbox -> Inbox.team"
    assert tenants.find_way("Tariff") is None


@pytest.mark.parametrize("name", ["CLUBS", "GREENHOUSE", "COURTS", "POINTS"])
def test_no_tenant_is_made_up(name: str) -> None:
    """A club, a court, an owner of greenhouses: whether they are tenants, the design must say; then it is so."""
    tenant = model_of(name).tenants.tenant
    assert isinstance(tenant, Unknown) and tenant.reason
    path, _, value = tenant.line.partition(": ")
    assert Model(model_of(name).design.replace(path, value)).tenants.tenant == value


# -- ways


def test_the_shortest_way_takes_required_references() -> None:
    """A way is required from end to end but for its last step, and a required one goes before a shorter one that is not."""
    ways = model_of("COURTS").ways
    assert str(ways.find("Fee", "Guest")) == "Fee.booking -> Booking.guest"
    assert str(ways.find("Booking", "Coach")) == "Booking.coach"
    assert ways.find_required("Booking", "Coach") is None
    assert ways.find("Court", "Guest") is None
    whole = ways.find("Guest", "Guest")
    assert whole is not None and whole.is_itself
    design = Design.of(
        {
            "entities": {
                "U": {"fields": {"id": "key"}},
                "A": {"fields": {"id": "key", "u": "-> U"}},
                "B": {"fields": {"id": "key", "u": "-> U optional", "a": "-> A"}},
            }
        }
    )
    assert str(Model(design).ways.find("B", "U")) == "B.a -> A.u"


def test_a_member_reaches_what_is_in_the_group() -> None:
    """To a member belongs what belongs to the group, by the row that joins them; the founder's reference is no way."""
    model = model_of("HELPDESK")
    lead = model.roles.assume("lead")
    assert str(model.reaches.find_way(lead, "Ticket")) == "Ticket.inbox -> Inbox.team <- Seat.team & Seat.holder"
    assert model.reaches.find_way(lead, "Tariff") is None
    assert str(model.reaches.find_way(lead, "Team")) == "<- Seat.team & Seat.holder"


def test_a_device_reaches_its_own_rows() -> None:
    """What a probe sends is its own: the plan allows a probe no other probe's rows."""
    made = plan(Design.of(GREENHOUSE))
    assert made.design.auth.roles["probe"].allows["send_sample"] == "own"
    assert made.design.auth.roles["probe"].kind == "service"


# -- places, touches, traffic


def test_the_main_store_is_the_relational_one() -> None:
    """Everything asks for one main store: the first relational one, wherever it stands; what no store names lives there."""
    places = model_of("POINTS").places
    assert (places.main, places.main_engine.name) == ("truth", "mysql")
    assert (places.find_home("Posting"), places.find_home("Purse")) == ("fast", "truth")
    assert not places.is_relational_store("fast")
    made = plan(Design.of(POINTS | {"access": POINTS["access"] | {"later": {"writes": "Move", "is_async": True}}}))
    assert made.design.jobs.queues["default"].technology == "MySQL (SKIP LOCKED)"
    assert Model(Design.of({})).places.main == "main"


def test_a_field_is_found_where_it_lives() -> None:
    """An inherited field lives in the general table, a field of another entity one reference away, each with the keys passed."""
    model = plan(Design.of(GREENHOUSE)).model
    place = model.places.find_field("SoilSample", "value")
    assert place is not None and (place.table, place.columns) == ("sample", ("value",)) and len(place.path) == 1
    place = model.places.find_field("Sample", "probe.serial")
    assert place is not None and (place.table, place.columns) == ("probe", ("serial",))
    assert model.places.find_field("Sample", "nothing") is None


def test_a_pattern_touches_what_it_reads_and_changes() -> None:
    """A read touches what comes along, a write what its steps change; what a third party does is told apart."""
    touches = model_of("HELPDESK").touches
    assert touches.find("view_ticket").reads == ("Ticket", "Reply")
    assert touches.list_reading("Reply") == ("view_ticket",)
    assert model_of("POINTS").touches.find("move").writes == ("Move", "Posting", "Purse")
    booked = model_of("COURTS").touches.find("book")
    assert (booked.writes, booked.remote, booked.changes) == (("Booking",), ("Fee",), ("Booking", "Fee"))
    assert model_of("COURTS").touches.list_changing("Fee") == ("book",)


def test_traffic_is_counted_by_entity_and_by_store() -> None:
    """Rates add up where they meet, and what has none is named."""
    traffic = model_of("POINTS").traffic
    assert traffic.measure_entity("Purse") == dataclasses.replace(
        traffic.measure_entity("Purse"), reads=3000.0, writes=0.0
    )
    assert traffic.measure_store("truth").writes == 900.0
    unsaid = model_of("HELPDESK").traffic.find_rate("close_inbox")
    assert isinstance(unsaid, Unknown) and unsaid.line == "access.close_inbox.rate: 1/s"
    assert model_of("HELPDESK").traffic.measure_entity("Inbox").unsaid == ("close_inbox",)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"technology": "RabbitMQ"}, "broker"),
        ({"technology": "Apache Kafka"}, "log"),
        ({"technology": "MySQL (SKIP LOCKED)"}, "table"),
        # a word inside a name says nothing, and a message is not risked for it
        ({"technology": "Timetable Bus"}, "broker"),
        ({"technology": "our own relay", "kind": "table"}, "table"),
        ({"kind": "log"}, "log"),
    ],
)
def test_a_queue_says_what_it_is(said: dict[str, Any], kind: str) -> None:
    """Whether a job shares its cause's transaction rests on the kind of the queue: said, or that of a known technology."""
    design = Design.of(POINTS | {"jobs": {"queues": {"default": said}, "jobs": {"tell": {"trigger": "move"}}}})
    made = plan(design)
    assert made.design.jobs.queues["default"].kind == kind
    assert made.model.queues.is_table == (kind == "table")
    assert ("relay_outbox" in made.design.jobs.jobs) == (kind != "table")
    assert made.design.jobs.queues["default"].technology


def test_a_table_of_another_store_shares_no_transaction() -> None:
    """A queue on an engine that is not the main store's is a table, but not one that a write here can cover."""
    said = {"technology": "PostgreSQL (SKIP LOCKED)"}
    made = plan(Design.of(POINTS | {"jobs": {"queues": {"default": said}, "jobs": {"tell": {"trigger": "move"}}}}))
    assert made.model.queues.kind == "table" and not made.model.queues.is_table
    assert "relay_outbox" in made.design.jobs.jobs


# -- kept, fast, and asked by all


def test_calls_are_known_from_caller_to_callee() -> None:
    flow = {
        "components": {"web": {"kind": "client"}, "orders": {"kind": "service"}},
        "paths": {
            "buy": {
                "hops": [
                    {"source": "web", "target": "orders"},
                    {"source": "orders", "target": "orders"},
                    {"source": "orders", "target": "ledger", "kind": "async"},
                ]
            },
            "look": {"hops": [{"source": "web", "target": "orders"}]},
        },
    }
    stores = {"ledger": {"engine": "postgresql"}}
    calls = Model(
        Design.of({"entities": {"Order": {"fields": {"id": "key"}}}, "flow": flow, "schema": {"stores": stores}})
    ).calls
    assert [operation for operation, _ in calls.find_between("web", "orders")] == ["buy", "look"]
    assert [hop.kind for _, hop in calls.find_between("orders", "ledger")] == ["async"]
    # its own work is no call, and nothing calls the client
    assert not calls.find_between("orders", "orders") and not calls.find_between("orders", "web")
    assert [calls.is_caller(one) for one in ("web", "orders", "ledger")] == [True, True, False]
    # by its record, by the store of that name, by its own name; anything else is somebody else's
    kinds = [calls.kind(one) for one in ("orders", "ledger", "cache", "stripe")]
    assert kinds == ["service", "store", "cache", "third_party"]


def test_what_rests_on_unchanged_sections_is_kept() -> None:
    """Closing the schema leaves keys, ways and people as they were and asks anew where things live."""
    design = tiny()
    before = Model(design)
    keys, people, places = before.keys, before.people, before.places
    assert before.renew(design) is before
    without_stores = dataclasses.replace(design, schema=dataclasses.replace(design.schema, stores=Named({})))
    after = before.renew(without_stores)
    assert after is not before
    assert after.keys is keys and after.people is people and after.places is not places
    copied = dataclasses.replace(without_stores, entities=Named(dict(design.entities)))
    assert after.renew(copied).keys is not keys


def write_chain(count: int) -> Design:
    """So many entities: each refers to the one a tenth before it, and to the one before that."""
    fields = [{"id": "key", "name": "text(80)"} for _ in range(count)]
    for n in range(1, count):
        fields[n] |= {"whole": f"-> T{n // 10}"} | ({"other": f"-> T{n - 1} optional"} if n % 3 else {})
    return Design.of({"entities": {f"T{n}": {"fields": one, "rows": 1000} for n, one in enumerate(fields)}})


def test_ways_cost_one_walk_a_target() -> None:
    """All ways of 1,300 entities to each of 130 targets look at each reference to a target once, not at each pair."""
    model = Model(write_chain(1300))
    asked = 0
    original = model.references.list_to

    def count_calls(entity: str) -> Any:
        nonlocal asked
        asked += 1
        return original(entity)

    model.references.list_to = count_calls  # type: ignore[method-assign]
    found = sum(model.ways.find(f"T{n}", f"T{m}") is not None for m in range(130) for n in range(0, 1300, 13))
    assert found > 100
    # what belongs to a target is walked at most twice for it, however many ask: required ways first, then the others
    assert asked <= 2 * sum(len(model.ways._walk(f"T{m}")) for m in range(130)) + 130
    before = asked
    assert model.ways.find("T1299", "T1") is not None and asked == before


def test_a_plan_of_many_entities_is_made() -> None:
    """1,300 entities are planned, and every one has its table, its key and its way."""
    made = plan(write_chain(1300))
    assert sum(1 for one in made.design.schema.tables.values() if one.entity) == 1300
    assert all(made.model.places.find_table(f"T{n}") for n in range(1300))
    assert str(made.model.ways.find("T1299", "T12")) == "T1299.whole -> T129.whole"


ROOT = Path(archnb.__file__).parent
# what only the model may ask of a design, as it would be written anywhere else
SPELLINGS = {
    "the fields with the inherited ones": r"\bfields_of\(",
    "the key of an entity": r"\.key or (?!name\})",
    "the main store": r"next\(iter\([\w.]*stores\b",
    "a relational engine": r'in \("postgresql", "mysql", "sqlite"\)',
    "the home of an entity": r"in (store|one)\.holds\b",
    "the kind of a part": r"\bin technology\b|word in .*technology|technology\.(lower|startswith)|technology or .*startswith",
    "staff": r'"moderator"',
    "snake_case": r'sub\(r"\(\?<=\[a-z0-9\]\)\(\?=\[A-Z\]\)"',
}


@pytest.mark.parametrize("question", SPELLINGS)
def test_a_question_is_answered_in_one_place(question: str) -> None:
    """No topic, exporter, verifier or report works out for itself what the model answers."""
    rooms = ("topics", "export", "verify", "report", "capture", "diff", "plan.py")
    files = [
        path for room in rooms for path in ([ROOT / room] if room.endswith(".py") else (ROOT / room).rglob("*.py"))
    ]
    pattern = re.compile(SPELLINGS[question])
    found = [
        f"{path.relative_to(ROOT)}:{n}: {line.strip()}"
        for path in files
        for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "ask the model instead:\n" + "\n".join(found)


def test_demands_name_tables_of_the_model() -> None:
    """What a pattern asks of its tables is asked of tables that are there."""
    model = plan(Design.of(HELPDESK)).model
    demands = [one for pattern in model.design.access.values() for one in find_demands(model.places, pattern)]
    assert demands and all(one.table in model.places.tables for one in demands)
