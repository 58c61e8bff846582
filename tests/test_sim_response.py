"""The distribution of a request's time against closed forms, against simulation, and against what any distribution must do."""

from __future__ import annotations

import doctest
import math

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archnb.sim import queueing, response
from archnb.sim.network import Arrivals, Call, Network, RequestClass, Service, Station
from archnb.sim.network_answers import simulate
from archnb.sim.response import Step, exceeding, mean_time, percentiles, scv_of_tail


def test_examples_in_docstrings_run() -> None:
    """Every example printed in a docstring gives what it says."""
    outcome = doctest.testmod(response)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize(("servers", "rho"), [(1, 0.5), (1, 0.9), (4, 0.6), (4, 0.95), (16, 0.8)])
def test_one_queue_agrees_with_its_closed_form(servers: int, rho: float) -> None:
    """The percentiles of one M/M/c queue are those of its response time."""
    rate = servers * rho
    found = queueing.find_waiting(servers, rate, 1.0)
    assert isinstance(found, queueing.Waiting)
    step = Step(work=1.0, wait=found.mean, p_wait=found.p_wait)
    exact = [queueing.response_quantile(servers, rate, 1.0, p) for p in (0.5, 0.95, 0.99)]
    assert percentiles([step]) == pytest.approx(exact, rel=2e-3)
    assert mean_time([step]) == pytest.approx(queueing.mean_response(servers, rate, 1.0))


def test_alike_exponentials_are_erlang() -> None:
    """Two, and five, alike exponentials one after another: quantiles of the gamma distribution (tables of chi-squared / 2)."""
    assert percentiles([Step(work=1.0, pieces=2)])[2] == pytest.approx(6.6384, rel=1e-3)
    assert percentiles([Step(work=1.0), Step(0, work=1.0)])[0] == pytest.approx(1.6783, rel=1e-3)
    assert percentiles([Step(work=1.0, pieces=5)])[1] == pytest.approx(9.1535, rel=1e-3)


def test_a_mixture_is_no_average() -> None:
    """One request in fifty takes another exponential 500 ms: the 99th percentile is its median and what comes before, not 4.6 times 10 ms."""
    steps = [Step(work=0.001), Step(0, fixed=0.0005, work=0.008), Step(1, share=0.02, work=0.5)]
    p50, p95, p99 = percentiles(steps)
    assert 0.0055 < p50 < 0.0075
    assert p95 < 0.03
    assert p99 == pytest.approx(0.5 * math.log(2) + 0.0095, rel=0.05)


def test_rare_steps_against_a_simulation() -> None:
    """Shares within shares, log-normal work, waits, commits: the quantiles lie within the error of a million drawn requests."""
    scv = scv_of_tail(3.0)
    steps = [
        Step(work=0.001),
        Step(0, fixed=0.00025, work=0.006, wait=0.002, p_wait=0.4),
        Step(1, share=0.3, work=0.02, pieces=2, more=0.003),
        Step(2, share=0.1, work=0.2, scv=scv),
    ]
    random, n = numpy.random.default_rng(5), 1_000_000
    spread = math.sqrt(math.log1p(scv))
    inner = (random.random(n) < 0.1) * 0.2 * numpy.exp(spread * random.standard_normal(n) - spread**2 / 2)
    middle = (random.random(n) < 0.3) * (random.gamma(2, 0.02, n) + random.exponential(0.003, n) + inner)
    waits = (random.random(n) < 0.4) * random.exponential(0.005, n)
    drawn = random.exponential(0.001, n) + 0.00025 + random.exponential(0.006, n) + waits + middle
    assert percentiles(steps) == pytest.approx(numpy.percentile(drawn, [50, 95, 99]).tolist(), rel=0.01)
    assert mean_time(steps) == pytest.approx(float(drawn.mean()), rel=0.01)
    for limit in (0.05, 0.2):
        assert exceeding(steps, limit) == pytest.approx(float((drawn > limit).mean()), rel=0.03)


def test_the_log_normal_has_the_percentile_that_was_said() -> None:
    """A mean of 0.6 s and a 99th percentile of 2 s: so are the numbers of the distribution; 2.5 s are passed by 0.35 %, not 1.55 %."""
    step = Step(work=0.6, scv=scv_of_tail(2.0 / 0.6))
    assert percentiles([step])[2] == pytest.approx(2.0, rel=2e-3)
    assert exceeding([step], 2.5) == pytest.approx(0.0035, rel=0.03)
    assert exceeding([Step(work=0.6)], 2.5) == pytest.approx(math.exp(-2.5 / 0.6), rel=1e-3)


def test_above_capacity_there_is_no_percentile() -> None:
    """An overloaded step that is taken leaves none, and every limit is passed; one that nobody takes leaves them as they are."""
    full = queueing.find_waiting(8, 15_000, 0.006)
    assert full == queueing.NoSteadyState(11.25, 91)
    assert full.served == pytest.approx(0.0889, abs=1e-4)
    assert percentiles([Step(work=0.006, wait=math.inf, p_wait=1.0)]) == (math.inf,) * 3
    assert exceeding([Step(work=0.006, wait=math.inf, p_wait=1.0)], 10.0) == 1.0
    assert percentiles([Step(work=1.0), Step(share=0.0, wait=math.inf, p_wait=1.0)])[0] == pytest.approx(
        0.6931, rel=1e-3
    )


@pytest.mark.parametrize(
    ("step", "told"),
    [(Step(share=1.5), "share"), (Step(parent=0), "parent"), (Step(work=-1.0), "work"), (Step(scv=math.inf), "scv")],
)
def test_impossible_steps_are_refused(step: Step, told: str) -> None:
    """What is outside the model is said, with what is allowed."""
    with pytest.raises(ValueError, match=told):
        percentiles([step])


times = st.floats(1e-5, 5.0)
steps_of_any_kind = st.builds(
    Step, parent=st.just(-1), share=st.floats(0, 1), fixed=st.floats(0, 0.1), work=times, scv=st.sampled_from([0.0, 0.3, 1.0, 4.0]),
    wait=st.floats(0, 1), p_wait=st.floats(0.01, 1), pieces=st.integers(1, 5), more=st.floats(0, 0.1),
)  # fmt: skip


@given(st.lists(steps_of_any_kind, min_size=1, max_size=5), st.floats(1.1, 3.0))
@settings(deadline=None, max_examples=60)
def test_percentiles_rise_and_grow(steps: list[Step], factor: float) -> None:
    """p50 ≤ p95 ≤ p99 ≤ a hundred means, none is negative, and slower steps give none that is smaller."""
    steps = [one._replace(parent=n - 1) for n, one in enumerate(steps)]
    p50, p95, p99 = percentiles(steps)
    assert 0 <= p50 <= p95 <= p99 <= 100 * mean_time(steps) + 1e-9
    slower = [one._replace(work=one.work * factor) for one in steps]
    assert all(a <= b * 1.02 + 1e-6 for a, b in zip((p50, p95, p99), percentiles(slower), strict=True))


def test_a_simulated_network_agrees() -> None:
    """Requests through three stations, a third of them through a fourth, at 60 to 70 % of each: as the event simulation has them."""
    rate, share = 2.4, 0.3
    work = {"edge": (4, 1.0), "logic": (6, 1.6), "store": (3, 0.8), "search": (2, 1.8)}
    stations = tuple(
        Station(name=name, servers=servers, service=Service.exponential(mean), holds=False)
        for name, (servers, mean) in work.items()
    )
    inner = (Call(station="store"), Call(station="search", share=share))
    calls = (Call(station="edge", then=(Call(station="logic", then=inner),)),)
    network = Network(
        stations=stations, classes=(RequestClass(name="visit", arrivals=Arrivals.poisson(rate), calls=calls),)
    )
    answer = simulate(network, seconds=1500, seeds=4, steady=True, is_compiled=False).classes["visit"]
    steps = []
    for place, (name, (servers, mean)) in enumerate(work.items()):
        arriving = rate * (share if name == "search" else 1.0)
        found = queueing.find_waiting(servers, arriving, mean)
        assert isinstance(found, queueing.Waiting)
        steps.append(
            Step(min(place, 2) - 1, share if name == "search" else 1.0, 0.0, mean, 1.0, found.mean, found.p_wait)
        )
    assert percentiles(steps) == pytest.approx([answer.p50.value, answer.p95.value, answer.p99.value], rel=0.05)
    assert mean_time(steps) == pytest.approx(answer.mean.value, rel=0.05)
