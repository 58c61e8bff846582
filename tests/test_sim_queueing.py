"""Queueing closed forms against published tables, textbook identities, and properties any queue must have."""

from __future__ import annotations

import doctest
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archnb import sim
from archnb.sim import queueing as q

ERLANG_C = [
    (2, 1.5, 0.642857, 1.285714),
    (5, 4, 0.554113, 0.554113),
    (10, 8, 0.409180, 0.204590),
    (20, 18, 0.550769, 0.275385),
    (100, 90, 0.216940, 0.021694),
]

servers = st.integers(1, 200)
shares = st.floats(0.01, 0.99)
times = st.floats(1e-4, 10)
quantiles = st.floats(0, 0.999)


@pytest.mark.parametrize("module", [sim, q], ids=lambda module: module.__name__)
def test_examples_in_docstrings_run(module):
    """Every example printed in a docstring gives what it says."""
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize(("c", "a", "wait_probability", "wait"), ERLANG_C)
def test_erlang_c_table(c, a, wait_probability, wait):
    """P(wait) and Wq (in service times) equal the published table to six digits."""
    assert round(q.erlang_c(c, a), 6) == wait_probability
    assert round(q.mean_wait(c, a, 1.0), 6) == wait


def test_erlang_c_tail():
    """P(W > one service time) of (10, 8) is the published 0.055376, to a unit in its last digit."""
    assert q.wait_tail(10, 8, 1.0, 1.0) == pytest.approx(0.055376, abs=1e-6)


@pytest.mark.parametrize(("c", "a"), [(1, 0.3), (2, 1.5), (7, 5.2), (15, 14.0)])
def test_erlang_c_equals_the_textbook_sum(c, a):
    """The recurrence equals Erlang's formula with factorials, which is safe for few servers."""
    last = a**c / math.factorial(c) * c / (c - a)
    assert q.erlang_c(c, a) == pytest.approx(last / (sum(a**k / math.factorial(k) for k in range(c)) + last), rel=1e-12)


def test_erlang_c_is_stable_for_many_servers():
    """Ten thousand servers neither overflow nor leave [0, 1]."""
    assert 0 < q.erlang_c(10_000, 9_900.0) < 1


@given(servers, shares, times)
def test_mean_wait_is_the_integral_of_the_tail(c, rho, service):
    """Wq = ∫P(W > t)dt: mean and tail come from one distribution."""
    rate = rho * c / service
    spare = c / service - rate
    assert q.mean_wait(c, rate, service) == pytest.approx(q.wait_tail(c, rate, service, 0) / spare)


@given(servers, shares, times)
def test_more_servers_never_wait_longer(c, rho, service):
    """One server more shortens the mean wait, its tail and its quantile, or leaves them."""
    rate = rho * c / service
    assert q.mean_wait(c + 1, rate, service) <= q.mean_wait(c, rate, service)
    assert q.wait_tail(c + 1, rate, service, service) <= q.wait_tail(c, rate, service, service)
    assert q.wait_quantile(c + 1, rate, service, 0.95) <= q.wait_quantile(c, rate, service, 0.95)


@given(servers, shares, times, quantiles)
def test_wait_quantile_inverts_the_tail(c, rho, service, p):
    """The share that waits longer than the p-quantile is 1 - p, or fewer when it is zero."""
    rate = rho * c / service
    wait = q.wait_quantile(c, rate, service, p)
    tail = q.wait_tail(c, rate, service, wait)
    assert tail == pytest.approx(1 - p, rel=1e-9) if wait > 0 else tail <= 1 - p + 1e-12


@given(servers, shares, times, quantiles)
@settings(deadline=None)
def test_response_quantile_inverts_the_tail(c, rho, service, p):
    """The share that responds later than the p-quantile is 1 - p, also where cμ - λ comes near μ."""
    rate = rho * c / service
    assert q.response_tail(c, rate, service, q.response_quantile(c, rate, service, p)) == pytest.approx(1 - p, rel=1e-6)


def test_response_tail_is_continuous_where_its_two_rates_meet():
    """At cμ - λ = μ the closed form is 0/0; the value there lies between its neighbours."""
    below, at, above = (q.response_tail(2, rate, 1.0, 2.0) for rate in (1 - 1e-5, 1.0, 1 + 1e-5))
    assert below < at < above
    assert at == pytest.approx((below + above) / 2, rel=1e-8)


@given(servers, shares, times)
@settings(deadline=None, max_examples=30)
def test_mean_response_is_the_integral_of_its_tail(c, rho, service):
    """W = ∫P(R > t)dt, by the trapezoid rule to 1 %."""
    rate = rho * c / service
    end = q.response_quantile(c, rate, service, 1 - 1e-6)
    points = [q.response_tail(c, rate, service, end * k / 2000) for k in range(2001)]
    area = (sum(points) - (points[0] + points[-1]) / 2) * end / 2000
    assert area == pytest.approx(q.mean_response(c, rate, service), rel=0.01)


@given(shares, times)
def test_one_server_agrees_with_mm1(rho, service):
    """M/M/c at c = 1 is M/M/1, and Little's law ties its times to its numbers."""
    rate = rho / service
    queue = q.mm1(rate, service)
    assert q.mean_wait(1, rate, service) == pytest.approx(queue.wait)
    assert q.mean_response(1, rate, service) == pytest.approx(queue.response)
    assert queue.in_system == pytest.approx(rate * queue.response)
    assert queue.waiting == pytest.approx(rate * queue.wait)
    assert q.response_quantile(1, rate, service, 0.99) == pytest.approx(-math.log(0.01) * queue.response, rel=1e-6)


@given(st.floats(0, 150), times, st.floats(0, 5), st.floats(0.5, 0.999), st.floats(0.3, 1))
@settings(deadline=None)
def test_servers_for_is_the_smallest_that_will_do(load, service, max_waits, quantile, most):
    """The answer keeps both promises, and one server fewer breaks one."""
    rate, max_wait = load / service, max_waits * service

    def is_enough(c):
        return (
            c > 0
            and rate * service <= most * c
            and q.wait_quantile(c, rate, service, quantile) <= max_wait * (1 + 1e-9) + 1e-12
        )

    c = q.servers_for(rate, service, max_wait, quantile, most)
    assert is_enough(c)
    if c > 1 and is_enough(c - 1):  # only a tie within rounding may look like this
        assert q.wait_tail(c - 1, rate, service, max_wait) == pytest.approx(1 - quantile, rel=1e-6)


def test_overload_is_an_answer():
    """A queue that cannot keep up waits without end; nothing is raised."""
    assert q.erlang_c(2, 2.0) == 1.0
    assert q.mean_wait(2, 3, 1.0) == math.inf
    assert q.wait_tail(2, 3, 1.0, 100) == 1.0
    assert q.wait_quantile(2, 3, 1.0, 0.5) == math.inf
    assert q.response_quantile(2, 3, 1.0, 0.5) == math.inf
    assert q.mm1(2, 1.0).wait == math.inf
    assert q.kingman_wait(2, 3, 1.0, 0.0, 0.0) == math.inf
    assert q.utilisation(2, 3, 1.0) == 1.5


def test_an_idle_queue_never_waits():
    """No arrivals: one server, no wait."""
    assert q.servers_for(0, 1.0, 0.0) == 1
    assert q.mean_wait(1, 0, 1.0) == 0
    assert q.wait_quantile(1, 0, 1.0, 0.99) == 0


@given(servers, shares, times)
def test_kingman_contains_the_exact_cases(c, rho, service):
    """Exponential on both sides gives M/M/c; one server with any service gives Pollaczek-Khinchine."""
    rate = rho * c / service
    assert q.kingman_wait(c, rate, service) == pytest.approx(q.mean_wait(c, rate, service))
    exact = rho * service / (1 - rho) * (1 + 4.0) / 2
    assert q.kingman_wait(1, rho / service, service, 1.0, 4.0) == pytest.approx(exact)


SPECSDM91 = ((1, 18, 36, 72, 108, 144, 216), (64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775, 1702.2))
RAYTRACER = ((1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64), (20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310))


def test_usl_published_parameters():
    """The parameters published for specsdm91 give its peak and its limit."""
    alpha, beta = 0.0277284, 1.04366e-4
    assert q.usl_peak(alpha, beta) == pytest.approx(96.519, abs=5e-4)
    assert q.usl_limit(alpha) == pytest.approx(36.064, abs=5e-4)


def test_usl_fit_of_specsdm91():
    """Fitting the published measurements gives the published parameters to their last digit."""
    fit = q.fit_usl(*SPECSDM91)
    assert fit.alpha == pytest.approx(0.0277284, abs=5e-7)
    assert fit.beta == pytest.approx(1.04366e-4, abs=5e-9)
    assert fit.gamma == pytest.approx(89.9952, abs=5e-4)
    assert fit.held_at_zero == ()


def test_usl_fit_of_raytracer():
    """The first six rows give the published parameters; all eleven want β < 0, so it is held at zero and named."""
    concurrency, throughput = RAYTRACER
    fit = q.fit_usl(concurrency[:6], throughput[:6])
    assert (round(fit.alpha, 5), round(fit.beta, 5), round(fit.gamma, 3)) == (0.02444, 0.00163, 20.856)
    whole = q.fit_usl(concurrency, throughput)
    assert whole.beta == 0
    assert whole.alpha > 0
    assert whole.held_at_zero == ("beta",)


def test_usl_fit_of_superlinear_growth_holds_costs_at_zero():
    """Throughput that grows faster than concurrency yields no negative cost."""
    fit = q.fit_usl([1, 2, 4, 8], [10, 21, 44, 92])
    assert fit.alpha >= 0
    assert fit.beta >= 0
    assert fit.held_at_zero != ()


@given(st.floats(0, 0.99), st.floats(1e-6, 0.1), st.floats(0.1, 1000))
def test_usl_peaks_where_it_says(alpha, beta, gamma):
    """No concurrency beats N*, and below it contention alone is the better bound."""
    peak = q.usl_peak(alpha, beta)
    top = q.usl(peak, alpha, beta, gamma)
    assert top >= q.usl(peak * 1.01, alpha, beta, gamma)
    assert top >= q.usl(peak * 0.99, alpha, beta, gamma)
    assert q.usl(peak + 1, alpha, beta, gamma) <= gamma * min(peak + 1, q.usl_limit(alpha)) * (1 + 1e-9)


def test_usl_without_cost_is_linear():
    """No contention and no coherency: n do n times the work, with no peak and no limit."""
    assert q.usl(7, 0, 0, 2.0) == 14.0
    assert q.usl(0, 0.1, 0.1, 2.0) == 0.0
    assert q.usl_peak(0, 0) == q.usl_limit(0) == math.inf


def test_mean_value_analysis_table():
    """Throughput and response of the published closed network, N = 1..3."""
    rows = q.mean_value_analysis((0.605, 2.1, 1.35), 15, 3)
    assert [round(row.throughput, 5) for row in rows] == [0.05248, 0.10309, 0.15152]
    assert [round(row.response, 4) for row in rows] == [4.0550, 4.4013, 4.7998]


@given(st.lists(st.floats(0.01, 5), min_size=1, max_size=5), st.floats(0, 30), st.integers(1, 60))
@settings(deadline=None)
def test_mean_value_analysis_keeps_its_users(demands, think_time, population):
    """Users queue or think, none is lost; throughput grows and stays below both asymptotes."""
    rows = q.mean_value_analysis(demands, think_time, population)
    for before, row in zip((None, *rows), rows, strict=False):
        assert sum(row.queues) + row.throughput * think_time == pytest.approx(row.population)
        bound = min(1 / max(demands), row.population / (sum(demands) + think_time))
        assert row.throughput <= bound * (1 + 1e-9)
        assert before is None or row.throughput >= before.throughput * (1 - 1e-9)
        assert max(row.utilisations) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: q.erlang_c(0, 1), "servers: 0 is not allowed; give a whole number of at least 1"),
        (lambda: q.erlang_c(2.5, 1), "servers: 2.5"),
        (lambda: q.erlang_c(2, -1), "offered_load: -1"),
        (lambda: q.mean_wait(2, math.nan, 1), "arrival_rate: nan"),
        (lambda: q.mean_wait(2, 1, 0), "service_time: 0 is not allowed; give a finite number above 0"),
        (lambda: q.wait_tail(2, 1, 1, -1), "t: -1"),
        (lambda: q.wait_quantile(2, 1, 1, 1.0), "p: 1.0"),
        (lambda: q.servers_for(1, 1, 1, quantile=99), "quantile: 99"),
        (lambda: q.servers_for(1, 1, 1, max_utilisation=0), "max_utilisation: 0"),
        (lambda: q.servers_for(1e9, 1, 1), "arrival_rate * service_time: 1000000000.0"),
        (lambda: q.kingman_wait(1, 1, 0.1, -1), "arrival_scv: -1"),
        (lambda: q.usl(4, 2, 0, 1), "alpha: 2"),
        (lambda: q.fit_usl([1, 2], [1, 2]), "concurrency: [1, 2] is not allowed; give at least 3 values"),
        (lambda: q.fit_usl([1, 2, 3], [1, 2]), "throughput: [1, 2] is not allowed; give one finite number above 0"),
        (lambda: q.mean_value_analysis((1, -2), 1, 1), "demands[1]: -2"),
        (lambda: q.mean_value_analysis((), 1, 1), "demands: ()"),
        (lambda: q.mean_value_analysis((1,), 1, 0), "population: 0"),
    ],
)
def test_bad_input_names_argument_and_value(call, message):
    """The error starts with the argument's name and the value given."""
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value).startswith(message)
