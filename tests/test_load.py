"""Numbers that know the load: no number where there is none, every said percentile judged, as many parts as the load needs."""

from __future__ import annotations

import doctest
import math
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from archnb import Design, Plan, load, plan
from archnb.design import leaves
from archnb.quantity import Quantity
from archnb.shapes import Chart
from tests.designs import ALL
from tests.domains.case import FOLDER

LIGHT = {
    "daily_users": "800k",
    "requests_per_user": "20/day",
    "peak_factor": 3,
    "read_share": "95%",
    "growth": "0%/year",
}
PLANT: dict[str, Any] = {
    "name": "nursery",
    "entities": {"Plant": {"fields": {"id": "key", "label": "text(80)"}, "rows": "2M"}},
}


def nursery(rate: str, objective: dict[str, str], requirements: dict[str, Any] | None = None, **flow: Any) -> Plan:
    """One look-up of a plant's label at a rate, with what it promises."""
    said = {"load": LIGHT, "objectives": {"see_plant": objective}, **(requirements or {})}
    access = {"see_plant": {"reads": "Plant", "by": "id", "limit": 1, "rate": rate, "roles": "public"}}
    return plan(Design.of(PLANT | {"requirements": said, "access": access, "flow": flow}))


def found(made: Plan, rule: str) -> list[str]:
    """Where a rule found something, and what."""
    return [f"{one.path}: {one.evidence}" for one in made.findings if one.rule.id == rule]


@lru_cache
def planned(name: str) -> Plan:
    """A design of another domain, planned once."""
    return plan(load(FOLDER / f"{name}.yaml")) if name not in ALL else plan(ALL[name]())


NAMES = [*ALL, *sorted(path.stem for path in FOLDER.glob("*.yaml"))]


# -- mixtures


def greenhouse(share: str, time: str) -> Plan:
    """A look-up of which a few ask a slow sensor as well."""
    hops = [
        {"source": "client", "target": "gateway"}, {"source": "gateway", "target": "service"},
        {"source": "service", "target": "main"}, {"source": "service", "target": "sensor", "share": share},
    ]  # fmt: skip
    return nursery(
        "400/s", {"latency_p99": "90 ms", "latency_p95": "2 ms", "availability": "99.5%"},
        components={"sensor": {"kind": "store", "service_time": time}}, paths={"see_plant": {"hops": hops}},
    )  # fmt: skip


def test_a_rare_slow_step_is_a_mixture() -> None:
    """One request in fifty waits half a second on average: the 99th percentile is where half of these are done, above the mean."""
    facts = greenhouse("2%", "500 ms").facts
    assert 0.3 < facts["flow.see_plant.latency_p99"].base < 0.45
    assert facts["flow.see_plant.latency_p99"].base > facts["flow.see_plant.latency"].base > 0.015


def test_a_percentile_is_never_below_zero_and_judged() -> None:
    """At one in a hundred and 2 s the 99th percentile lies at the edge of the slow step; p95 of 2 ms is broken, and named."""
    made = greenhouse("1%", "2 s")
    assert 0.04 < made.facts["flow.see_plant.latency_p99"].base < 2
    assert any("latency_p95" in one for one in found(made, "flow-latency-above-objective"))


@pytest.mark.parametrize("name", NAMES)
def test_percentiles_are_in_order(name: str) -> None:
    """p50 ≤ p95 ≤ p99 in every operation of every design, none below zero; none of them where there is no steady state."""
    made = planned(name)
    for operation in made.design.flow.paths:
        if f"flow.{operation}.latency" not in made.facts:
            continue
        p50, p95, p99, mean = (
            made.facts[f"flow.{operation}.latency{one}"].base for one in ("_p50", "_p95", "_p99", "")
        )
        assert 0 < p50 <= p95 <= p99
        assert math.isinf(p50) == math.isinf(p99) == math.isinf(mean)


# -- every promise that was said, and no other


def test_every_said_percentile_is_judged() -> None:
    """A median of 300 µs and a p95 of 1 ms are broken by a read of 8 ms: two findings, each with its estimate."""
    made = nursery("400/s", {"latency_p50": "300 us", "latency_p95": "1 ms", "availability": "99.5%"})
    told = found(made, "flow-latency-above-objective")
    assert [one.partition(":")[0].rpartition(".")[2] for one in told] == ["latency_p95", "latency_p50"]
    assert 0.005 < made.facts["flow.see_plant.latency_p50"].base < 0.0085
    assert 0.015 < made.facts["flow.see_plant.latency_p95"].base < 0.026


def test_nobody_invents_a_promise() -> None:
    """Of an operation whose p95 was said, no p99 is promised: not in the design, the record, a view or an SLO."""
    made = nursery("400/s", {"latency_p95": "370 ms", "availability": "99.5%"})
    objective = made.design.requirements.objectives["see_plant"]
    assert (objective.latency_p50, objective.latency_p99) == (None, None)
    assert math.isinf(made.planned.operations["see_plant"].objective.latency_p99.base)
    assert not any("740 ms" in str(view) for section in made.sections.values() for view in section.views)


def test_a_promise_of_all_is_judged_for_each() -> None:
    """A default is a promise of every operation that has none of its own, and third parties are no excuse."""
    access = {
        "see_plant": {"reads": "Plant", "by": "id", "limit": 1, "rate": "90/s", "roles": "public"},
        "order_plant": {"writes": "Plant", "action": "create", "steps": ["charge Plant via bank"], "rate": "1/s"},
    }
    said = {"load": LIGHT, "objectives": {"default": {"latency_p95": "100 ms", "availability": "99%"}}}
    made = plan(Design.of(PLANT | {"requirements": said, "access": access}))
    (told,) = [one for one in found(made, "flow-latency-above-objective") if "order_plant" in one]
    assert "bank" in told


# -- overload


def test_above_capacity_there_is_no_steady_state() -> None:
    """Two instances for eight times what they can do: no number for a time, at most an eighth answered, and what would hold it."""
    made = nursery(
        "10000/s",
        {"latency_p99": "90 ms", "availability": "99%"},
        components={"service": {"kind": "service", "replicas": 2}},
    )
    for word in ("latency", "latency_p50", "latency_p95", "latency_p99"):
        fact = made.facts[f"flow.see_plant.{word}"]
        assert (fact.text, math.isinf(fact.base)) == ("none: overloaded", True)
    assert made.facts["flow.see_plant.availability"].base == pytest.approx(1 / 7.5, rel=0.02)
    (told,) = found(made, "flow-overloaded")
    assert "at least 16 instances" in told
    assert re.search(r"flow\.components\.service\.replicas: 2[56] holds it at 60%", told)
    assert found(made, "flow-availability-below-objective")
    assert "no steady state" in found(made, "flow-latency-above-objective")[0]


def test_what_has_no_number_is_shown_in_words() -> None:
    """A time that may have no end is drawn to the edge and says so; one that has none is no chart; both stand in the report."""
    chart = planned("shop").facts["flow.view_product.latency_p99"].views[1]
    assert isinstance(chart, Chart)
    assert "flow.assumed.time_service to the edge: none: overloaded" in chart.description
    assert math.isfinite(max(chart.series[0].high))
    made = nursery("10000/s", {"latency_p99": "90 ms"}, components={"service": {"kind": "service", "replicas": 2}})
    fact = made.facts["flow.see_plant.latency_p99"]
    assert [view.name for view in fact.views] == ["fact-flow.see_plant.latency_p99"]
    assert "none: overloaded" in str(made.flow["flow-paths"])
    assert made.facts.frame.shape[0] == len(made.facts)


@pytest.mark.parametrize("name", NAMES)
def test_no_overloaded_design_is_without_a_finding(name: str) -> None:
    """Wherever a part has more work than it can do, a finding of its own says so, and no operation through it has a time."""
    made = planned(name)
    for component in made.design.flow.components:
        use = made.facts.get(f"flow.{component}.utilisation")  # type: ignore[call-overload]
        if use is not None and use.base >= 1:
            assert any(f"flow.components.{component}" in one for one in found(made, "flow-overloaded"))
            for operation, path in made.design.flow.paths.items():
                if any(hop.target == component and hop.kind == "call" for hop in path.hops):
                    assert math.isinf(made.facts[f"flow.{operation}.latency_p99"].base)


@pytest.mark.parametrize(("name", "factor"), [("tiny", 200), ("shortener", 20), ("ride", 20), ("ride", 200)])
def test_a_design_with_servers_held_breaks_when_its_load_grows(name: str, factor: int) -> None:
    """With the planned instances said and the rates so many times higher, the plan has findings, whatever it is about."""
    design = planned(name).said
    for component, one in planned(name).design.flow.components.items():
        if one.kind == "service":
            design = design.replace(f"flow.components.{component}", {"kind": "service", "replicas": one.replicas})
    for pattern, said in planned(name).said.access.items():
        if said.rate is not None:
            design = design.replace(f"access.{pattern}.rate", f"{said.rate.base * factor:g}/s")
    made = plan(design)
    assert found(made, "flow-overloaded")


# -- k of n


def test_a_pair_of_which_both_are_needed_is_no_redundancy() -> None:
    """Two gateways at 57 %: the one that is left would run at 114 %, so both are needed, 99.0 % together; three are two of three."""
    objective = {"latency_p99": "300 ms", "availability": "99.95%"}
    made = nursery("4550/s", objective, components={"gateway": {"kind": "gateway", "replicas": 2}})
    assert made.facts["flow.gateway.needed"].base == 2
    assert made.facts["flow.gateway.available"].base == pytest.approx(0.990, abs=5e-4)
    (told,) = found(made, "flow-availability-below-objective")
    assert "gateway needs 2 of 2 at the peak (with one away, the others are at 114 %)" in told
    assert "flow.components.gateway.replicas: 3 would give" in told
    three = nursery("4550/s", objective, components={"gateway": {"kind": "gateway", "replicas": 3}})
    assert three.facts["flow.gateway.available"].base > 0.9997


# -- decided once


def test_what_is_unsure_happens_to_what_was_decided() -> None:
    """Seven servers for 3 to 12 ms a request: busy from a quarter to more than all, in one case in eight without a steady state."""
    made = nursery(
        "2500/s", {"latency_p95": "200 ms"}, components={"service": {"kind": "service", "service_time": "3..12 ms"}}
    )
    use = made.facts["flow.service.utilisation"]
    servers = made.facts["flow.components.service.replicas"].value
    middle = 2500 * 0.006 / (4 * servers) * 100
    assert use.percentiles() == pytest.approx((middle / 2, middle, middle * 2), rel=0.02)
    assert float((use.samples() >= 100).mean()) == pytest.approx(0.127, abs=0.03)
    low, _, high = made.facts["flow.see_plant.latency_p99"].percentiles()
    assert 0 < low < 50
    assert math.isinf(high)
    assert use.what_if({"access.see_plant.rate": "17500/s"}) == pytest.approx(7 * use.value, rel=1e-3)


# -- regions and recovery


BOOKS: dict[str, Any] = {"rpo": "0 s", "rto": "6 min"}


def write_plant(**requirements: Any) -> Plan:
    """A write that promises 200 ms, with what is said of regions and recovery."""
    access = {"note_plant": {"writes": "Plant", "action": "create", "rate": "50/s", "roles": "gardener"}}
    said = {"load": LIGHT, "objectives": {"note_plant": {"latency_p99": "200 ms"}}, **requirements}
    return plan(Design.of(PLANT | {"requirements": said, "access": access}))


def test_nothing_lost_over_two_regions_costs_a_round_trip() -> None:
    """A commit that another region confirms takes its round trip longer, on average and at every percentile, and loses nothing."""
    two, one = write_plant(regions=2, recovery=BOOKS), write_plant(regions=1, recovery=BOOKS)
    gap = two.facts["flow.assumed.region_round_trip"].base
    for word in ("latency", "latency_p50", "latency_p99"):
        assert two.facts[f"flow.note_plant.{word}"].base - one.facts[f"flow.note_plant.{word}"].base == pytest.approx(
            gap, rel=0.02
        )
    assert two.facts["recovery.region_loss"].base == 0
    assert "flow.assumed.region_round_trip" in {fact.name for fact in two.facts["flow.note_plant.latency_p99"].inputs()}
    assert found(one, "scaling-recovery-point-missed")
    assert not found(two, "scaling-recovery-point-missed")


@pytest.mark.parametrize(
    "change", [{"regions": 1}, {"recovery": {"rpo": "1 h", "rto": "6 min"}}, {"recovery": {"rpo": "0 s", "rto": "1 s"}}]
)
def test_regions_and_recovery_move_what_they_must(change: dict[str, Any]) -> None:
    """One region less, an hour of data, a second to recover: each moves facts, and what cannot be held is found."""
    before, after = write_plant(regions=2, recovery=BOOKS), write_plant(**{"regions": 2, "recovery": BOOKS, **change})
    moved = {n for n, one in after.facts.items() if n not in before.facts or before.facts[n].base != one.base}
    assert {one for one in moved if one.startswith(("recovery.", "flow.", "requirements.recovery"))}
    if change.get("recovery", {}).get("rto") == "1 s":
        assert found(after, "scaling-recovery-time-missed")


def said_quantities() -> list[str]:
    """The paths of what a design can say of load, objectives, recovery and parts, from one that says much."""
    design = ALL["shop"]()
    roots = ("requirements.", "flow.")
    return [path for path, value in leaves(design) if path.startswith(roots) and isinstance(value, Quantity | int)]


@pytest.mark.parametrize("path", said_quantities())
def test_what_is_said_moves_something(path: str) -> None:
    """Half as much or twice as much of anything that is said of the load, the promises or the recovery moves a fact, a finding or a reason."""
    design = ALL["shop"]()
    value = dict(leaves(design))[path]
    assert isinstance(value, Quantity | int)
    if isinstance(value, int):
        other: Any = value + 3
    elif value.unit.is_percent and not value.unit.dimension and value.high > 50:
        other = f"{value.low * 0.9:g}%"
    else:
        other = Quantity(value.low * 0.6, value.high * 0.6, value.unit)
    before, after = planned("shop"), plan(design.replace(path, other))
    facts = {n: one.base for n, one in before.facts.items()} != {n: one.base for n, one in after.facts.items()}
    findings = [str(one) for one in before.findings] != [str(one) for one in after.findings]
    assert facts or findings or before.draft.reasons != after.draft.reasons


@pytest.mark.parametrize("name", NAMES)
def test_two_facts_of_one_meaning_agree(name: str) -> None:
    """Connections in use are at least the busy cores; the time of a job and of its query, the headline and the parts' rates are one."""
    facts = planned(name).facts
    for fact, one in facts.items():
        if fact.startswith("scaling.") and fact.endswith(".busy_connections"):
            assert one.base >= facts[f"flow.{fact.split('.')[1]}.busy"].base
        if fact.startswith("flow.") and fact.endswith(".utilisation"):
            part = fact.split(".")[1]
            full = one.base >= 1
            assert math.isinf(facts[f"flow.{part}.wait"].base) == full
            assert (facts[f"flow.{part}.p_wait"].base == 1) == full
        if fact.startswith("flow.") and fact.endswith(".availability") and "components" not in fact:
            assert one.base <= facts[fact.replace(".availability", ".up")].base
    if "flow.client.rate" in facts:
        assert facts["flow.client.rate"].base == pytest.approx(facts["load.peak_requests"].base)


# -- the page


def test_the_page_says_what_the_plan_says() -> None:
    """docs/load.md runs as it is printed."""
    page = str(Path(__file__).parent.parent / "docs" / "load.md")
    outcome = doctest.testfile(page, module_relative=False)
    assert outcome.attempted > 10
    assert outcome.failed == 0


# -- the share that the rates contradict


def test_a_share_that_the_rates_contradict_is_named() -> None:
    """Twelve per cent writes said, a third made: the finding has its factor; where the rates agree, there is none."""
    access = {
        "see_plant": {"reads": "Plant", "by": "id", "limit": 1, "rate": "200/s", "roles": "public"},
        "note_plant": {"writes": "Plant", "action": "create", "rate": "100/s", "roles": "gardener"},
    }

    def told(share: str) -> list[str]:
        said = {"load": LIGHT | {"read_share": share}}
        return found(
            plan(Design.of(PLANT | {"requirements": said, "access": access})), "requirements-share-disagrees-with-rates"
        )

    (one,) = told("88%")
    assert "100 writes of 300/s" in one
    assert "2.78 times the share of writes" in one
    assert told("67%") == []
