"""What the plan costs: list prices with source and date, unknown prices, growth, regions, nines, and what matters most."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import pytest

from archnb import Plan, plan
from archnb.quantity import MONTH
from archnb.render.text import plain_text
from archnb.topics.scaling.cost import PRICES, list_unknown, read_prices
from archnb.topics.scaling.sensitivity import explain, list_headlines
from tests.designs import shop


def priced(*changes: tuple[str, Any]) -> Plan:
    """The shop with something else said, planned once where nothing is."""
    return _change(changes) if changes else _plain()


@lru_cache
def _plain() -> Plan:
    return plan(shop())


def _change(changes: tuple[tuple[str, Any], ...]) -> Plan:
    made = shop()
    for path, value in changes:
        made = made.replace(path, value)
    return plan(made)


def test_the_sheet_says_whence_and_when() -> None:
    """Every price of the sheet is one that facts are made of, and its source has a year at least."""
    assert {one.name for one in read_prices()} == set(PRICES)
    for one in read_prices():
        assert re.search(r"\b20\d\d(-\d\d-\d\d)?\b", one.source), one
        assert one.what


def test_the_total_is_its_parts() -> None:
    """What all costs is the sum of the parts, and a thousand requests are their share of it."""
    facts = priced().facts
    parts = sum(fact.base for name, fact in facts.items() if re.fullmatch(r"cost\.\w+\.now", name))
    assert facts["cost.total"].base == pytest.approx(parts)
    requests = facts["load.average_requests"].base * MONTH
    assert facts["cost.thousand_requests"].base == pytest.approx(facts["cost.total"].base * MONTH / requests * 1000)


def test_a_price_that_nobody_knows_is_unknown() -> None:
    """Calls of third parties stand in the table as unknown, with the line to write; said, they count."""
    made = priced()
    assert {name for name, _ in list_unknown(made.draft)} == {"identity", "psp", "carrier"}
    text = plain_text(made.scaling["cost"])
    assert "unknown" in text and "prices.call_psp" in text and "without identity, psp, carrier" in text
    said = priced(("assumptions", {"prices.call_psp": "0.02 USD"}))
    assert {name for name, _ in list_unknown(said.draft)} == {"identity", "carrier"}
    assert said.facts["cost.psp.now"].base > 0
    assert said.facts["cost.total"].base == pytest.approx(
        made.facts["cost.total"].base + said.facts["cost.psp.now"].base
    )


def test_a_teams_own_price_counts() -> None:
    """What a team pays overrules the list, and is a said fact."""
    own = priced(("assumptions", {"prices.core": "10 USD/month"}))
    servers = own.facts["scaling.service.servers"].base
    cores = own.facts["flow.assumed.cores_service"].base
    assert own.facts["cost.service.now"].to("USD/month") == pytest.approx(servers * cores * 10)
    assert own.facts["prices.core"].origin == "said"


def test_a_second_region_costs_what_waits_there() -> None:
    """Servers wait in a second region where it must take over soon; where there is time for a restore, only disks do."""
    one = priced(("requirements.regions", 1))
    two = priced(("requirements.regions", 2), ("requirements.recovery.rto", "5 min"))
    slow = priced(("requirements.regions", 2), ("requirements.recovery.rto", "7 days"))
    assert two.facts["cost.service.now"].base == pytest.approx(2 * one.facts["cost.service.now"].base)
    assert slow.facts["cost.service.now"].base == pytest.approx(one.facts["cost.service.now"].base)
    assert slow.facts["cost.disks.now"].base == pytest.approx(2 * one.facts["cost.disks.now"].base)
    assert one.facts["cost.total"].base < slow.facts["cost.total"].base < two.facts["cost.total"].base


def test_growth_costs_more() -> None:
    """At the horizon no part that grows is cheaper than today."""
    facts = priced().facts
    assert facts["cost.total_at_horizon"].base > facts["cost.total"].base
    for name, fact in facts.items():
        if re.fullmatch(r"cost\.\w+\.now", name):
            assert facts[name.replace(".now", ".at_horizon")].base >= fact.base * (1 - 1e-9), name


def test_the_cost_has_a_range() -> None:
    """Prices are ranges, so the cost is one."""
    low, middle, high = priced().facts["cost.total"].percentiles()
    assert low < middle < high


def test_nines_cost_more_and_more() -> None:
    """More spare instances are more availability for more money, and each minute that is won is dearer than the last."""
    frame = priced().scaling.frames["nines"]
    up = [float(str(one).split()[0]) for one in frame["availability"]]
    assert list(frame["option"])[-1] == "as planned"
    assert up[0] < up[1] < up[2]


def test_what_explains_a_headline_is_between_nothing_and_all() -> None:
    """The shares of the spread are shares; the time of work, by far the widest range, explains most of the servers."""
    made = priced()
    for fact in list_headlines(made.draft):
        for given in fact.inputs(retaken=False):
            if given.given is not None and given.given.is_range and fact.is_uncertain():
                assert 0 <= explain(fact, given) <= 1
    servers, time = made.facts["scaling.service.servers_needed"], made.facts["flow.assumed.time_service"]
    assert explain(servers, time) > 0.5
    saturates = made.facts["scaling.service_cpu.saturates"]
    assert explain(saturates, time) > 0.5
