"""Transactions, decision records and briefs say what this design says, in its names and numbers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from archnb import Design, plan
from archnb.design import leaves
from archnb.shapes import Table
from archnb.topics.decisions.handoffs import ROLES
from tests.test_topic_patterns import design, planned, with_payment

NAMES = ["tiny", "awkward", "shop", "shortener"]


@pytest.mark.parametrize("name", NAMES)
def test_every_write_has_a_complete_transaction(name: str) -> None:
    """Each write has boundary, isolation, guard and reason; reads have none."""
    made = planned(name)
    writes = {operation for operation, one in made.design.access.items() if one.writes}
    assert set(made.design.decisions.transactions) == writes
    for operation, one in made.design.decisions.transactions.items():
        assert one.operation == operation
        assert one.boundary[0] == made.design.access[operation].writes
        assert one.isolation and one.guard and one.reason


@pytest.mark.parametrize("name", NAMES)
def test_everything_proposed_has_a_reason(name: str) -> None:
    """Whatever nobody said about decisions has a reason."""
    made = planned(name)
    said = {path for path, _ in leaves(made.said)}
    for path, _ in leaves(made.design.decisions, "decisions"):
        if path not in said:
            assert made.why(path).reason
            assert not made.why(path).reason.startswith("follows from"), path


def write(entity: dict[str, str], **pattern: Any) -> Design:
    """A design with a resource and one write to a thing."""
    return Design.of(
        {
            "name": "guards",
            "entities": {
                "Room": {"fields": {"id": "key", "name": "text(40)"}},
                "Thing": {"fields": {"id": "key", **entity}},
            },
            "access": {"change": {"writes": "Thing", "rate": "1/s", "roles": "user", **pattern}},
        }
    )


@pytest.mark.parametrize(
    ("fields", "guard"),
    [
        ({"state": "enum(open, closed)"}, "UPDATE thing SET state = 'closed'"),
        ({"sent_at": "timestamp optional"}, "nothing to guard"),
    ],
)
def test_a_command_is_guarded_by_what_its_client_sends(fields: dict[str, str], guard: str) -> None:
    """A command carries no If-Match, so no version guards it: the state does; where nothing says what it sets, nothing can."""
    made = plan(
        Design.of(
            {
                "name": "guards",
                "entities": {"Thing": {"fields": {"id": "key", **fields}}},
                "access": {"close_thing": {"writes": "Thing", "action": "update", "by": "id", "roles": "user"}},
            }
        )
    )
    operation = made.planned.operations["close_thing"]
    assert operation.contract.action == "command" and "If-Match" not in operation.contract.parameters
    assert operation.transactions[0].guard.startswith(guard) and "If-Match" not in operation.transactions[0].reason


def test_rows_that_steps_change_are_locked() -> None:
    """What adds a row and changes one that is there does not say that nothing is changed: the second of two waits."""
    held = write({"room": "-> Room"}, action="create", steps=["hold Room", "create Thing"])
    one = plan(held).design.decisions.transactions["change"]
    assert one.guard.startswith("SELECT … FOR UPDATE of Room before the check, the primary key")
    assert "rows of Room" in one.reason and "nothing that exists is changed" not in one.reason
    new = plan(write({"room": "-> Room"}, action="create", steps=["create Room"])).design.decisions.transactions[
        "change"
    ]
    assert new.guard.startswith("the primary key") and new.reason.startswith("nothing that exists is changed")


def test_a_counter_is_moved_by_one_conditional_update() -> None:
    """Stock is taken by an UPDATE that repeats its condition, at read committed."""
    one = plan(
        write({"on_hand": "int >= 0"}, action="update", by="id", sets="on_hand = on_hand - 1")
    ).design.decisions.transactions["change"]
    assert one.isolation == "read committed"
    assert (one.guard or "").startswith("UPDATE thing SET on_hand = on_hand - 1")
    assert "on_hand >= 1" in (one.guard or "")


def test_what_is_reserved_is_weighed_against_what_is_there() -> None:
    """The shop reserves only what is on hand and not yet reserved, and releases only what is reserved."""
    transactions = planned("shop").design.decisions.transactions
    assert "on_hand >= reserved + :quantity" in (transactions["place_order"].guard or "")
    assert "reserved = reserved - :quantity" in (transactions["cancel_order"].guard or "")


def test_an_edit_carries_a_version() -> None:
    """An update without counters says what it sets, and whether a version guards it, as its statement does."""
    one = plan(write({"title": "text(80)"}, action="update", by="id")).design.decisions.transactions["change"]
    assert (one.guard or "").startswith("UPDATE thing SET title = :new_title")


def test_a_rule_across_rows_needs_serializable() -> None:
    """Bookings that must not overlap are created at serializable, or under an exclusion constraint."""
    booking = {"room": "-> Room", "starts_at": "timestamp", "ends_at": "timestamp"}
    one = plan(write(booking, action="create")).design.decisions.transactions["change"]
    assert one.isolation == "serializable"
    assert "room" in (one.guard or "") and "40001" in (one.guard or "")


def test_a_boundary_ends_where_third_parties_begin() -> None:
    """Steps of the same store are inside, steps through others are outside, and the reason names them."""
    made = planned("shop")
    one = made.design.decisions.transactions["place_order"]
    assert one.boundary == ("Order", "OrderLine", "Stock")
    assert "via psp" in made.why("decisions.transactions.place_order.boundary").reason


def test_a_deletion_takes_what_it_owns_along() -> None:
    """Erasing a customer changes the addresses too, because they go with it."""
    assert "Address" in planned("shop").design.decisions.transactions["erase_customer"].boundary


@pytest.mark.parametrize("name", NAMES)
def test_records_are_complete_and_say_when_to_look_again(name: str) -> None:
    """Each record has all its parts, at least one alternative with a why-not, and a number at which it is looked at again."""
    records = planned(name).design.decisions.records
    assert len(records) >= 6
    for record, one in records.items():
        assert one.title and one.context and one.choice and one.consequences, record
        assert one.alternatives, record
        assert all(":" in text for text in one.alternatives), record
        assert re.search(r"\d|sooner than|half of|rests|longer than|stale read", one.revisit or ""), (
            record,
            one.revisit,
        )
        assert one.status in ("proposed", "accepted"), record


def test_a_choice_that_was_said_counts_as_accepted() -> None:
    """The cache engine that people named is an accepted decision, the proposed one is not."""
    assert plan(design()).design.decisions.records["store_main"].status == "proposed"
    said = design(schema={"stores": {"main": {"engine": "mysql"}}})
    made = plan(said).design.decisions.records["store_main"]
    assert made.status == "accepted"
    assert "MySQL" in (made.title or "")
    assert not any(text.startswith("MySQL") for text in made.alternatives)


def test_records_follow_from_what_is_in_the_design() -> None:
    """There is a record for the saga only where there is one, and event sourcing is decided either way."""
    plain, paying = plan(design()).design.decisions.records, plan(with_payment()).design.decisions.records
    assert "saga" not in plain
    assert "saga" in paying
    assert (plain["event_sourcing"].title or "").startswith("No event sourcing")
    assert "Order" in (planned("shop").design.decisions.records["event_sourcing"].title or "")


def test_what_was_said_of_decisions_stays() -> None:
    """Said records, transactions and briefs are kept, and what they leave open is filled in."""
    made = plan(
        design(
            decisions={
                "records": {
                    "store_main": {"status": "superseded", "choice": "CockroachDB"},
                    "logo": {"title": "It is blue"},
                },
                "transactions": {"place_order": {"isolation": "serializable"}},
                "handoffs": {"security_engineer": {"needs": ["only this"]}},
            }
        )
    )
    decisions = made.design.decisions
    assert (decisions.records["store_main"].status, decisions.records["store_main"].choice) == (
        "superseded",
        "CockroachDB",
    )
    assert decisions.records["store_main"].alternatives
    assert decisions.records["logo"].status == "proposed"
    assert decisions.transactions["place_order"].isolation == "serializable"
    assert decisions.transactions["place_order"].guard
    assert decisions.handoffs["security_engineer"].needs == ("only this",)
    assert decisions.handoffs["security_engineer"].questions


@pytest.mark.parametrize("name", NAMES)
def test_each_role_gets_needs_and_questions(name: str) -> None:
    """All five briefs have something to say and something to ask, and no brief says a thing twice."""
    handoffs = planned(name).design.decisions.handoffs
    assert set(handoffs) == set(ROLES)
    for role, one in handoffs.items():
        assert len(one.needs) >= 2, role
        assert one.questions, role
        assert len(set(one.needs + one.questions)) == len(one.needs + one.questions), role
        assert all(text.endswith((".", "?")) for text in one.needs + one.questions), role


def test_briefs_carry_this_designs_names_and_numbers() -> None:
    """Security reads the personal fields, performance the busiest operation, the frontend every endpoint, the researcher each engine."""
    made = planned("shop")
    handoffs = {role: " ".join(one.needs) for role, one in made.design.decisions.handoffs.items()}
    for word in ("Customer", "email", "psp", "GDPR"):
        assert word in handoffs["security_engineer"], word
    assert f"view_product {made.facts['access.view_product.rate'].text}" in handoffs["performance_engineer"]
    for operation in made.said.access:
        assert operation in handoffs["frontend_architect"], operation
    assert made.facts["load.peak_requests"].text in handoffs["system_architect"]
    assert "PostgreSQL" in handoffs["tech_stack_researcher"]


def test_a_question_goes_when_it_is_answered() -> None:
    """What is said is no longer asked."""

    def asked(made: Design) -> str:
        return " ".join(plan(made).design.decisions.handoffs["system_architect"].questions)

    assert "size of the team" in asked(design())
    load = {"daily_users": "1k", "requests_per_user": "10/day"}
    answered = design(
        requirements={"load": load, "team_size": 5, "regions": 1, "recovery": {"rpo": "1 min", "rto": "1 h"}}
    )
    assert "size of the team" not in asked(answered)
    assert "RPO" not in asked(answered)
    assert "one region" not in asked(answered)


def test_views_are_tables_under_stable_names() -> None:
    """Transactions, decisions and one table a role are shown."""
    made = planned("shop")
    views = {view.name: view for view in made.decisions.views}
    assert list(views) == ["transactions", "decisions", *(f"handoff-{role.replace('_', '-')}" for role in ROLES)]
    assert all(isinstance(view, Table) and view.rows for view in views.values())


def test_facts_count_what_is_settled() -> None:
    """The share of settled choices is the accepted records over all."""
    made = planned("shop")
    records = made.design.decisions.records.values()
    settled = sum(1 for one in records if one.status != "proposed")
    assert made.facts["decisions.settled"].base == pytest.approx(settled / len(made.design.decisions.records))
