"""What a simulation answers of a plan: the same numbers as the plan's, the verdict on known networks, the failure table."""

from __future__ import annotations

import math

import pytest

from archnb import Design, plan
from archnb.answers import build_network, find_verdict
from archnb.answers.failures import try_faults
from archnb.answers.network import Simulated, make_service
from archnb.answers.overload import judge, show_verdict
from archnb.exceptions import ArchnbError
from archnb.fact.keys.flow import COMPONENT_RATE, COMPONENT_UTILISATION
from archnb.shapes import Cell
from archnb.sim.network import Arrivals, Breaker, Call, Network, RequestClass, Service, Station
from tests.designs import DESIGNS, TINY


def simulated(call: Call, rate: float, **station: object) -> Simulated:
    """A network of one part, 30/s, as if a plan had given it."""
    one = Station(name="till", service=Service.exponential(1 / 30), **station)  # type: ignore[arg-type]
    c = RequestClass(name="pay", arrivals=Arrivals.poisson(rate), calls=(call,))
    return Simulated(Network(stations=(one,), classes=(c,)), {"pay": ("pay",)}, {"till": "service"}, {"till": 1})


def test_the_network_is_as_busy_as_the_plan_says():
    """Two numbers of one meaning agree: rates and utilisation of each part, in the plan's facts and in its network."""
    made = plan(DESIGNS / "shop.yaml")
    found = build_network(made)
    rates = dict.fromkeys(found.kinds, 0.0)
    for one in found.network.classes:
        for name, visits in found.network.visits(one).items():
            rates[name] += visits * one.arrivals.rate
    busy = found.network.utilisations()
    compared = 0
    for name in found.kinds:
        rate, share = made.facts[COMPONENT_RATE.of(name)].base, made.facts.get(COMPONENT_UTILISATION.of(name))
        if rate > 1 and found.kinds[name] != "identity":  # its tokens are no operation's way
            assert rates[name] == pytest.approx(rate, rel=0.01), name
        if share is not None and rate > 1:
            assert busy[name] == pytest.approx(share.base, rel=0.02), name
            compared += 1
    assert compared >= 4


def test_operations_of_one_way_are_one_class():
    """Each operation with a rate and a way is in exactly one class, and the classes' rates are the operations'."""
    made = plan(Design.of(TINY))
    found = build_network(made)
    named = [name for names in found.operations.values() for name in names]
    assert sorted(named) == sorted(set(named))
    rates = math.fsum(made.planned.operations[name].rate.base for name in named)
    assert math.fsum(one.arrivals.rate for one in found.network.classes) == pytest.approx(rates)


def test_limits_of_calls_are_the_planned_ones():
    """Time limit, attempts, budget and breaker stand in the call tree as the plan has them."""
    made = plan(Design.of(TINY))
    planned = made.planned.errors.calls["service -> main"]
    found = build_network(made)

    def look(call: Call) -> list[tuple[str, Call]]:
        below = [one for child in call.then for one in look(child)]  # type: ignore[arg-type]
        return [*((call.station, child) for child in call.then), *below]  # type: ignore[misc]

    made_from = [pair for one in found.network.classes for call in one.calls for pair in look(call)]  # type: ignore[arg-type]
    to_store = [call for source, call in made_from if source == "service" and call.station == "main" and call.waits]
    assert to_store
    for call in to_store:
        assert call.timeout == planned.timeout.base
        assert call.retries == planned.attempts - 1
        assert (call.breaker is not None) == bool(planned.breakers)


def test_times_of_work_vary_as_they_are_said_to():
    """Mean and variation of the distribution are those asked for."""
    for scv in (0.0, 0.3, 1.0, 4.0):
        service = make_service(0.02, scv)
        assert (service.mean, service.scv) == (pytest.approx(0.02), pytest.approx(scv))


def test_what_stays_down_is_said_and_what_would_help():
    """Retries without a budget at two thirds of what is borne: a spike is never over; a small change is found that ends it,
    and the same network with it is not stuck."""
    found = judge(simulated(Call(station="till", timeout=1.0, retries=2), 20.0), seconds=30, seeds=2)
    assert 1.0 < found.limit < 1.6
    assert found.breaks == "till"
    assert math.isinf(found.recoveries[0].seconds)
    assert found.recoveries[0].collapse.value == 1.0
    assert found.remedy is not None
    assert found.remedy is found.changes[-1]
    assert all(math.isinf(one.recovery.seconds) for one in found.changes[:-1])
    text = " ".join(str(cell) for table in show_verdict(found) for row in table.rows for cell in row)
    assert "100% of the runs stay down" in text
    assert found.remedy.words in text


def test_what_recovers_needs_no_change():
    """Without retries, or with a breaker on them, the spike is over soon after its end."""
    breaker = Breaker(threshold=0.1, window=10, least=10, stops="retries")
    for call in (
        Call(station="till", timeout=1.0),
        Call(station="till", timeout=1.0, retries=1, breaker=breaker),
    ):
        found = judge(simulated(call, 10.0, discards_expired=True), seconds=30, seeds=2)
        assert all(one.seconds < 60 for one in found.recoveries)
        assert found.changes == ()
        assert found.remedy is None
        assert 2.5 < found.limit < 3.1


def test_a_plan_in_overload_bears_less_than_its_peak():
    """At more than its capacity, the limit is below one: found, not assumed."""
    found = judge(simulated(Call(station="till", timeout=1.0), 45.0), seconds=30, seeds=2)
    assert 0.5 < found.limit < 0.72


@pytest.mark.needs("numba")
def test_failures_of_a_small_plan():
    """Who is lost is felt by whom: without the store nobody is answered, a slow one queues, a lost one of several is not felt."""
    made = plan(Design.of({**TINY, "flow": {"components": {"service": {"kind": "service", "replicas": 3}}}}))
    rows = {(one.part, one.fault): one for one in try_faults(build_network(made), made)}
    assert rows["main", "lost"].success < 0.05
    assert math.isfinite(rows["main", "lost"].recovery)
    assert rows["main", "lost"].pages < 120
    assert rows["service", "one of 3 lost"].success > 0.98
    assert math.isinf(rows["service", "one of 3 lost"].pages)
    assert rows["service", "cut off"].success < 0.05
    assert rows["service", "cut off"].unknown > 0
    table = made.failures()
    assert len(table.rows) == len(rows)
    assert all(isinstance(cell, Cell | str) for row in table.rows for cell in row)


@pytest.mark.needs("numba")
def test_the_report_has_them_where_they_are_asked_for(tmp_path):
    """Simulated views are in the page on request only."""
    made = plan(Design.of(TINY))
    with_them, without = tmp_path / "with.html", tmp_path / "without.html"
    made.report(str(with_them), artefacts=False, simulated=True)
    made.report(str(without), artefacts=False)
    assert "Overload verdict" in with_them.read_text(encoding="utf-8")
    assert "Failure table" in with_them.read_text(encoding="utf-8")
    assert "Overload verdict" not in without.read_text(encoding="utf-8")


def test_nothing_to_simulate_is_said():
    """A design without any way says what is missing; the verb of the plan is the same function."""
    with pytest.raises(ArchnbError, match="no operation has a rate and a way"):
        find_verdict(plan(Design.of({"name": "empty", "entities": {}})))
