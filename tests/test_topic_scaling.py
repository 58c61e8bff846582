"""The scaling topic: growth, saturation, servers, pools, keys."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archnb import Design, InputError, Plan, plan
from archnb.shapes import Chart
from archnb.sim.growth import NEVER, YEAR, grow_load, grow_stock, time_until_load, time_until_stock
from tests.designs import ALL, TINY

VIEWS = [
    "capacity", "capacity-table", "limits", "writes", "servers", "partitions", "shards", "recovery", "cost", "nines", "sensitivity",
]  # fmt: skip


@lru_cache
def plan_of(name: str) -> Plan:
    """A sample design's plan, made once."""
    return plan(ALL[name]())


def planned(**more: Any) -> Plan:
    """The tiny design with more said."""
    return plan(Design.of(TINY | more))


@settings(deadline=None, max_examples=100)
@given(st.floats(1, 1e6), st.floats(1.01, 1000), st.floats(0.01, 5))
def test_closed_form_of_a_load_inverts_its_growth(today: float, times: float, growth: float) -> None:
    """At the time until saturation the grown load is what is usable."""
    time = time_until_load(today * times, today, growth)
    assert time == NEVER or grow_load(today, growth, time) == pytest.approx(today * times)


@settings(deadline=None, max_examples=100)
@given(st.floats(0, 1e6), st.floats(1.01, 100), st.floats(0.001, 1e3), st.floats(-0.5, 3))
def test_closed_form_of_a_stock_inverts_its_growth(today: float, times: float, inflow: float, growth: float) -> None:
    """At the time until saturation the grown stock is what is usable."""
    usable = (today + 1) * times
    time = time_until_stock(usable, today, inflow / YEAR, growth)
    assert time == NEVER or grow_stock(today, inflow / YEAR, growth, time) == pytest.approx(usable, rel=1e-6)


def test_retention_bounds_a_stock() -> None:
    """What leaves after a year keeps a stock that would double at what comes in within a year."""
    assert grow_stock(10, 10 / YEAR, 0.0, 5 * YEAR, retention=YEAR) == pytest.approx(10)
    assert time_until_stock(20, 10, 10 / YEAR, 0.0, retention=YEAR) == NEVER


def test_month_of_saturation_is_the_logarithm() -> None:
    """A limit of twice the demand at 100 % growth a year lasts a year, less the headroom."""
    load = TINY["requirements"]["load"] | {"growth": "100%/year"}
    made = planned(
        requirements={"load": load},
        scaling={"headroom": "20%", "resources": {"calls": {"limit": "100/s", "demand": "load.peak_requests"}}},
    )
    demand = made.facts["load.peak_requests"].base
    expected = 12 * math.log(80 / demand) / math.log(2)
    assert made.facts["scaling.calls.saturates"].to("month") == pytest.approx(expected)
    assert made.facts["scaling.calls.usable"].value == pytest.approx(80)


def test_chart_marks_the_month_and_widens_with_the_range() -> None:
    """A growth said as a range gives a band that widens, and the mark stands at the month of saturation."""
    load = TINY["requirements"]["load"] | {"growth": "50..150%/year"}
    resources = {"calls": {"limit": "30/s", "demand": "load.peak_requests"}}
    made = planned(requirements={"load": load}, scaling={"resources": resources})
    chart = made.scaling["capacity"]
    assert isinstance(chart, Chart)
    demand = next(one for one in chart.series if one.panel == "calls" and one.label.startswith("demand"))
    assert len(demand.x) == 37 and demand.low[36] < demand.y[36] < demand.high[36]
    assert demand.high[36] - demand.low[36] > demand.high[6] - demand.low[6]
    mark = next(one for one in chart.marks if one.panel == "calls")
    assert mark.x == pytest.approx(made.facts["scaling.calls.saturates"].to("month"), abs=0.7)


def test_chart_has_four_to_eight_panels_for_the_shop() -> None:
    """The shop's chart shows the resources that matter, each with its limit and a unit."""
    chart = plan_of("shop").scaling["capacity"]
    assert isinstance(chart, Chart)
    panels = {one.panel for one in chart.series}
    assert 4 <= len(panels) <= 8 and set(chart.y_labels) == panels
    for panel in panels:
        assert {one.kind for one in chart.series if one.panel == panel} == {"line", "limit"}


def test_servers_follow_from_rate_and_headroom() -> None:
    """Servers needed are the rate over what one does with the headroom free, rounded up."""
    facts = plan_of("shop").facts
    per_server, needed = facts["scaling.service.per_server"].base, facts["scaling.service.servers_needed"].value
    assert needed == math.ceil(facts["flow.service.rate"].base / (per_server * 0.7))
    assert facts["scaling.service.servers"].value >= needed


def test_pools_are_counted_against_the_database() -> None:
    """The pools of 100 said servers open more connections than the database takes, and a finding counts them."""
    made = planned(flow={"components": {"service": {"kind": "service", "replicas": 100}}})
    assert made.facts["scaling.main.connections"].value == 500
    found = [one for one in made.findings if one.rule.id == "scaling-connections-over-limit"]
    assert len(found) == 1 and "500 connections opened (5 connections a server)" in found[0].evidence


def test_codes_of_seven_characters_are_a_key_space() -> None:
    """A code(7) has 62^7 keys."""
    made = plan_of("shortener")
    codes = [one for name, one in made.design.scaling.resources.items() if name.endswith("_codes")]
    assert codes and codes[0].limit is not None
    assert codes[0].limit.base == 62**7


def test_what_was_said_stays() -> None:
    """A said limit is kept, is a said fact, and what is left out is proposed."""
    made = planned(scaling={"horizon": "24 months", "resources": {"main_storage": {"limit": "500 GB"}}})
    assert str(made.design.scaling.resources["main_storage"].limit) == "500 GB"
    assert made.facts["scaling.resources.main_storage.limit"].origin == "said"
    assert made.design.scaling.resources["main_storage"].demand == "scaling.storage"
    chart = made.scaling["capacity"]
    assert isinstance(chart, Chart) and max(chart.series[0].x) == 24


def test_unknown_demand_names_the_nearest_fact() -> None:
    """A demand that is no fact is bad input, with the nearest name."""
    with pytest.raises(
        InputError, match=r"scaling.resources.calls.demand: .*'load.peek_requests'.*'load.peak_requests'"
    ):
        planned(scaling={"resources": {"calls": {"limit": "30/s", "demand": "load.peek_requests"}}})


def test_limit_of_another_kind_is_refused() -> None:
    """A limit in bytes for a demand per second is bad input."""
    with pytest.raises(InputError, match=r"scaling.resources.calls.limit"):
        planned(scaling={"resources": {"calls": {"limit": "30 GB", "demand": "load.peak_requests"}}})


def test_limits_name_their_source() -> None:
    """Every limit that archnb assumes says where it comes from or why."""
    for name, fact in plan_of("shop").facts.items():
        if name.startswith("scaling.resource.") and name.endswith(".limit"):
            assert fact.because, name


def test_shard_key_of_the_shop_is_the_customer() -> None:
    """Most of what the shop adds belongs to a customer, directly or through an order."""
    from archnb.topics.scaling.shards import find_shard_key

    assert find_shard_key(plan_of("shop").draft) == "Customer"


@pytest.mark.parametrize("name", ALL)
def test_everything_proposed_has_a_reason(name: str) -> None:
    """Every value of the section is said, or has a reason of its own or of the record it stands in."""
    made = plan_of(name)
    for path in made.paths():
        if path.startswith("scaling."):
            assert not made.why(path).reason.startswith("follows from"), path


@pytest.mark.parametrize("name", ALL)
def test_views_are_drawn_for_every_design(name: str) -> None:
    """Every design, growing or shrinking, gives the chart and its tables with finite numbers."""
    section = plan_of(name).scaling
    assert [one.name for one in section.views] == VIEWS
    chart = section["capacity"]
    assert isinstance(chart, Chart)
    assert all(math.isfinite(y) for one in chart.series for y in (*one.y, *one.low, *one.high))
