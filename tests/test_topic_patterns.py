"""Patterns are weighed against what stands in the design, and say why."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from archnb import Design, plan
from archnb.plan import Plan
from archnb.shapes import Table
from archnb.topics.patterns.proposals import PRICES
from archnb.topics.patterns.views import find_drawn
from tests import designs

ORDER: dict[str, Any] = {"fields": {"id": "key", "total": "money >= 0", "status": "enum(new, paid)"}, "rows": "100k"}
PLACE: dict[str, Any] = {"writes": "Order", "action": "create", "rate": "1/s", "roles": "customer"}
READ: dict[str, Any] = {"reads": "Order", "by": "id", "limit": 1, "rate": "5/s", "roles": "customer"}


@lru_cache
def planned(name: str) -> Plan:
    """The plan of one of the tests' designs, made once."""
    return plan(getattr(designs, name)())


def design(**more: Any) -> Design:
    """One entity, one read and one write, and what a test adds."""
    made: dict[str, Any] = {
        "name": "small",
        "requirements": {"load": {"daily_users": "1k", "requests_per_user": "10/day"}},
        "entities": {"Order": ORDER},
        "access": {"place_order": PLACE, "get_order": READ},
    }
    for name, value in more.items():
        made[name] = {**made.get(name, {}), **value}
    return Design.of(made)


def with_payment(**more: Any) -> Design:
    """A write with a step at a payment provider."""
    payment = {"fields": {"id": "key", "order": "-> Order", "amount": "money >= 0"}, "rows": "100k"}
    steps = {**PLACE, "steps": ["charge Payment via psp undo refund"]}
    return design(entities={"Payment": payment}, access={"place_order": steps}, **more)


@pytest.mark.parametrize("name", ["tiny", "awkward", "shop", "shortener"])
def test_every_pattern_says_use_reason_and_price(name: str) -> None:
    """Each known pattern is used or refused, with a reason, a price, and an entry in `why`."""
    made = planned(name)
    assert set(PRICES) <= set(made.design.patterns)
    for pattern, one in made.design.patterns.items():
        assert one.use in (True, False)
        assert one.reason
        assert one.price
        assert made.why(f"patterns.{pattern}.use").reason == one.reason


@pytest.mark.parametrize(
    ("pattern", "built", "word"),
    [
        ("event_sourcing", design(entities={"Order": {**ORDER, "history": True}}), "Order"),
        ("saga", with_payment(), "psp"),
        ("circuit_breaker", with_payment(), "psp"),
        ("queue", design(access={"place_order": {**PLACE, "is_async": True}}), "place_order"),
        ("outbox", design(access={"place_order": {**PLACE, "is_async": True}}, jobs={"queues": {"default": {"technology": "RabbitMQ"}}}), "transaction"),
        ("service_layer", with_payment(), "place_order"),
        ("read_replica", design(access={"get_order": {**READ, "rate": "50k/s"}}, cache={"policies": {"get_order": {"use": False}}}), "replica"),
    ],
)  # fmt: skip
def test_evidence_makes_a_pattern_used(pattern: str, built: Design, word: str) -> None:
    """With the evidence in the design the pattern is used and its reason names the evidence; without it, refused."""
    one = plan(built).design.patterns[pattern]
    assert one.use is True
    assert word in (one.reason or "")
    if pattern != "service_layer":
        # the service layer is also used for a number of plain writes
        assert plan(design()).design.patterns[pattern].use is False, pattern


@pytest.mark.parametrize(
    "pattern", ["event_sourcing", "saga", "circuit_breaker", "read_replica", "cqrs", "service_split"]
)
def test_nothing_heavy_is_proposed_without_need(pattern: str) -> None:
    """A small design is not given the patterns of a large one."""
    one = plan(design()).design.patterns[pattern]
    assert one.use is False
    assert one.reason


@pytest.mark.parametrize(("team", "is_split"), [(6, False), (11, False), (12, True), (30, True)])
def test_services_are_split_only_for_a_team_that_can_run_them(team: int, is_split: bool) -> None:
    """Two domains become two services from twelve engineers on, and the flow has them."""
    people = {"fields": {"id": "key", "email": "email unique personal"}, "rows": "1k", "domain": "people"}
    made = plan(
        design(requirements={"team_size": team, "load": {"daily_users": "1k", "requests_per_user": "10/day"}}, entities={"Order": {**ORDER, "domain": "ordering"}, "Customer": people})
    )  # fmt: skip
    assert made.design.patterns["service_split"].use is is_split
    services = {name for name, one in made.design.flow.components.items() if one.kind == "service"}
    assert services == ({"people_service", "ordering_service"} if is_split else {"service"})
    assert str(team) in (made.design.patterns["service_split"].reason or "")


def test_what_was_said_stays_and_is_commented() -> None:
    """A said use is kept; where the evidence points the other way the reason says so; a said reason is kept too."""
    made = plan(
        design(
            patterns={
                "event_sourcing": {"use": True},
                "repository": {"use": False, "reason": "we like SQL"},
                "strangler_fig": {"use": True, "reason": "the old shop goes piece by piece"},
            }
        )
    )
    assert made.design.patterns["event_sourcing"].use is True
    assert (made.design.patterns["event_sourcing"].reason or "").startswith(
        "said so; the design would have it otherwise"
    )
    assert made.design.patterns["repository"].reason == "we like SQL"
    assert made.design.patterns["strangler_fig"].use is True
    assert made.why("patterns.event_sourcing.use").is_said


def test_used_patterns_are_drawn() -> None:
    """Every used pattern names a part of the data-flow diagram where it is to be seen."""
    made = planned("shop")
    drawn = made.flow["data-flow"]
    assert hasattr(drawn, "nodes")
    nodes = {node.id for node in drawn.nodes}
    for name, one in made.design.patterns.items():
        if one.use:
            found = find_drawn(made.draft, name)
            assert found, name
            assert set(found.split(", ")) <= nodes


def test_refused_patterns_are_not_drawn() -> None:
    """A refused gateway, queue or cache is no part of the flow."""
    made = plan(
        design(patterns={"api_gateway": {"use": False}, "queue": {"use": False}}, cache={"engine": "none"}, jobs={})
    )
    assert not {"gateway", "queue", "cache"} & set(made.design.flow.components)
    assert "load_balancer" in made.design.flow.components


def test_table_has_a_row_for_each_pattern() -> None:
    """The view lists all patterns, used ones first, with reason and price."""
    made = planned("shop")
    table = made.patterns["patterns"]
    assert isinstance(table, Table)
    assert table.columns[:2] == ("pattern", "used")
    assert len(table.rows) == len(made.design.patterns)
    used = list(table.frame["used"])
    assert used == sorted(used, reverse=True)


def test_primary_use_follows_from_reads_past_the_cache() -> None:
    """The share of the primary's reads that are used is the reads that miss, over what a primary answers."""
    made = planned("shop")
    facts = made.facts
    missed = 0.0
    for name, one in made.design.access.items():
        if one.reads:
            hit = f"cache.{name}.hit_ratio"
            policy = made.design.cache.policies.get(name)
            missed += facts[f"access.{name}.rate"].base * (
                1 - (facts[hit].base if hit in facts and policy is not None and policy.use else 0)
            )
    assert facts["patterns.store_reads"].base == pytest.approx(missed)
    # what one primary answers: its cores ÷ the mean query time of what reaches it
    answers = facts["cache.store_cores"].base * missed / facts["cache.warm_cores"].base
    assert facts["patterns.primary_used"].base == pytest.approx(missed / answers)
