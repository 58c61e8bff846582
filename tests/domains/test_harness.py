"""The demands can be met: a plan that answers one is told from a plan that does not, so that no check is in vain."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from archnb.verify.servers import has_postgresql
from tests.domains.case import Case, planned
from tests.domains.catalogue import DEMANDS
from tests.domains.demands import judge

needs_postgresql = pytest.mark.skipif(not has_postgresql(), reason="no PostgreSQL here to try the schema on")

# statements that a plan could add to its schema, and the demands that are then met
GUARDS = {
    "booking": (
        """CREATE EXTENSION IF NOT EXISTS btree_gist;
        ALTER TABLE visit ADD EXCLUDE USING gist (therapist_id WITH =, tstzrange(begins_at, finishes_at) WITH &&) WHERE (state <> 'called_off');
        ALTER TABLE visit ADD EXCLUDE USING gist (cabin_id WITH =, tstzrange(begins_at, finishes_at) WITH &&) WHERE (state <> 'called_off');
        ALTER TABLE visit ADD CHECK (finishes_at > begins_at);
        ALTER TABLE duty_hours ADD CHECK (closes > opens);""",
        ("booking-1", "booking-2", "booking-3"),
    ),
    "iot": (
        """ALTER TABLE meter ADD UNIQUE (id, plant_id);
        ALTER TABLE "limit" ADD FOREIGN KEY (meter_id, plant_id) REFERENCES meter (id, plant_id);""",
        ("iot-12",),
    ),
    "saas": (
        """ALTER TABLE queue ADD UNIQUE (id, company_id);
        ALTER TABLE ticket ADD FOREIGN KEY (queue_id, company_id) REFERENCES queue (id, company_id);""",
        ("saas-5",),
    ),
    "video": ("ALTER TABLE place ADD CHECK (seconds >= 0);", ("video-4",)),
    "ledger": (
        """ALTER TABLE movement ADD CHECK (amount > 0), ADD CHECK (from_purse_id <> to_purse_id);
        CREATE FUNCTION same_currency() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF (SELECT count(DISTINCT currency) FROM purse WHERE id IN (NEW.from_purse_id, NEW.to_purse_id)) > 1
            THEN RAISE EXCEPTION 'two currencies'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER same_currency BEFORE INSERT ON movement FOR EACH ROW EXECUTE FUNCTION same_currency();""",
        ("ledger-4",),
    ),
}
TRIED = [name for name, (_, demands) in GUARDS.items() if demands]


def make_case(name: str, **artefacts: object) -> Case:
    """A case of a design of which some artefacts are replaced."""
    case = Case(name, planned(name).plan)
    # what is computed once a case is kept where the property would keep it
    case.__dict__.update(artefacts)
    return case


@needs_postgresql
@pytest.mark.parametrize("name", TRIED)
def test_what_is_tried_can_be_refused(name: str) -> None:
    """With the guard in its schema the demand is met; a good row goes on being taken."""
    guards, demands = GUARDS[name]
    case = make_case(name, ddl=f"{planned(name).ddl}\n{guards}")
    try:
        for id in demands:
            judgement = judge(DEMANDS[id], case)
            assert judgement.state == "met", f"{id}: {judgement.reason}"
    finally:
        case.close()


QUERIES = {
    "booking-9": (
        "open_times",
        "SELECT 1 FROM duty_hours WHERE therapist_id = :therapist_id EXCEPT SELECT 1 FROM visit;",
    ),
    "chat-10": (
        "delete_line page_of_room page_of_thread find_lines unseen_count",
        "UPDATE line SET deleted_at = now() WHERE id = :id;\nSELECT 1 FROM line WHERE deleted_at IS NULL;",
    ),
    "video-2": (
        "save_place",
        "INSERT INTO place VALUES (:a) ON CONFLICT (listener_id, book_id) DO UPDATE SET seconds = excluded.seconds;",
    ),
    "video-3": ("save_place", "UPDATE place SET seconds = :seconds WHERE updated_at < :new_updated_at;"),
    "saas-10": ("my_open_tickets", "SELECT id FROM ticket WHERE state IN ('open', 'working');"),
    "saas-11": ("edit_ticket", "UPDATE ticket SET version = version + 1 WHERE id = :id AND version = :version;"),
    "ledger-3": ("move_money", "SELECT id FROM purse WHERE id IN (:a, :b) ORDER BY id FOR UPDATE;"),
    "ride-8": (
        "skippers_near",
        "SELECT 1 FROM skipper_position p JOIN skipper s ON s.id = p.skipper_id WHERE s.state = 'free'"
        " AND p.seen_at > now() - interval '1 minute' ORDER BY p.position <-> :position;",
    ),
}


@pytest.mark.parametrize("id", list(QUERIES))
def test_what_is_read_can_be_met(id: str) -> None:
    """With the statement that the demand asks for, it is met."""
    operations, sql = QUERIES[id]
    name = id.partition("-")[0]
    queries = planned(name).queries | {operation: f"-- ({operation})\n{sql}" for operation in operations.split()}
    judgement = judge(DEMANDS[id], make_case(name, queries=queries))
    assert judgement.state == "met", judgement.reason


@pytest.mark.parametrize(
    ("id", "operation", "body"),
    [
        ("chat-8", "correct_line", {"body"}),
        ("saas-7", "edit_ticket", {"state", "due_on", "title"}),
        ("saas-8", "switch_tariff", {"tariff", "seats"}),
        ("ride-4", "ask_crossing", {"pickup", "dropoff", "class"}),
    ],
)
def test_what_a_request_carries_can_be_met(id: str, operation: str, body: set[str]) -> None:
    """With the body that the demand asks for, it is met."""
    name = id.partition("-")[0]
    api = dict(planned(name).api)
    api[operation] = dataclasses.replace(api[operation], body=frozenset(body))
    assert judge(DEMANDS[id], make_case(name, api=api)).state == "met"


def test_a_finding_names_what_is_not_met() -> None:
    """A finding of a rule about the matter, at its place, names it; the same rule elsewhere does not."""

    rule = SimpleNamespace(id="schema-two-ways-disagree", condition="two ways lead to two owners")

    def find_at(path: str) -> SimpleNamespace:
        return SimpleNamespace(findings=[SimpleNamespace(rule=rule, path=path, evidence="")])

    for path, wanted in (("entities.Limit.fields.plant", True), ("entities.Alarm.fields.limit", False)):
        case = make_case("iot")
        case.plan = find_at(path)  # type: ignore[assignment]
        assert (case.named(*DEMANDS["iot-12"].named[0]) is not None) is wanted
