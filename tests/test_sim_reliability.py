"""Failure arithmetic against the published SLO and retry tables, and against identities that need no table."""

from __future__ import annotations

import doctest
import math
import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archnb.sim import reliability as r

shares = st.floats(0, 1)


def test_examples_in_docstrings_run():
    """Every example printed in a docstring gives what it says."""
    outcome = doctest.testmod(r)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@given(st.lists(shares, min_size=1, max_size=6), st.data())
@settings(deadline=None)
def test_redundant_availability_equals_enumeration(availabilities, data):
    """k of n equals the sum over all up/down combinations with at least k up."""
    required = data.draw(st.integers(1, len(availabilities)))
    total = 0.0
    for states in product((True, False), repeat=len(availabilities)):
        if sum(states) >= required:
            total += math.prod(a if up else 1 - a for a, up in zip(availabilities, states, strict=True))
    assert r.redundant_availability(availabilities, required) == pytest.approx(total, abs=1e-12)


@given(shares, st.integers(1, 8))
def test_serial_and_parallel_are_the_ends_of_k_of_n(availability, parts):
    """All of n is a chain; one of n fails only when all do."""
    assert r.parallel_availability(availability, parts, parts) == pytest.approx(
        r.serial_availability([availability] * parts), abs=1e-12
    )
    assert r.parallel_availability(availability, parts) == pytest.approx(1 - (1 - availability) ** parts, abs=1e-12)


@given(shares, st.integers(1, 6), st.data())
def test_needing_more_parts_never_helps(availability, parts, data):
    """Availability falls as more parts are required and grows with a spare."""
    required = data.draw(st.integers(1, parts))
    here = r.parallel_availability(availability, parts, required)
    assert r.parallel_availability(availability, parts + 1, required) >= here - 1e-12
    assert r.parallel_availability(availability, parts + 1, required + 1) <= here + 1e-12


@pytest.mark.parametrize(("one", "parts"), [(0.995, 1), (0.995, 2), (0.9, 3), (0.99, 12)])
def test_without_shared_causes_twins_fail_independently(one, parts):
    """With β = 0 the model is 1 − (1 − a)ⁿ; with β = 1 a twin is worth nothing."""
    assert r.pool_availability(one, parts, 1, 0.0) == pytest.approx(1 - (1 - one) ** parts)
    assert r.pool_availability(one, parts, 1, 1.0) == pytest.approx(one)
    assert one <= r.pool_availability(one, parts, 1, 0.1) <= 1 - (1 - one) ** parts + 1e-15


def test_shared_causes_reproduce_the_published_agreements():
    """99.5 % for one instance becomes the promised 99.99 % (stateless) and 99.95 % (a database with a standby) for two."""
    assert r.pool_availability(0.995, 2, 1, 0.02) == pytest.approx(0.9999, abs=3e-5)
    assert r.pool_availability(0.995, 2, 1, 0.10) == pytest.approx(0.9995, abs=3e-5)


@given(shares, st.integers(1, 40), st.data())
def test_a_pool_without_shared_causes_is_k_of_n(availability, parts, data):
    """With β = 0 it equals the count of all states, whatever is needed; who needs more than there is, needs all."""
    required = data.draw(st.integers(1, parts))
    expected = r.parallel_availability(availability, parts, required)
    assert r.pool_availability(availability, parts, required, 0.0) == pytest.approx(expected, abs=1e-9)
    assert r.pool_availability(availability, parts, parts + 3, 0.0) == pytest.approx(availability**parts, abs=1e-9)


def test_a_pair_of_which_both_are_needed():
    """Two instances of 99.5 % at more than half of their capacity are 99.0 % together; a third makes them two of three."""
    assert r.pool_availability(0.995, 2, 2, 0.02) == pytest.approx(0.990, abs=2e-4)
    assert r.pool_availability(0.995, 3, 2, 0.02) > 0.9998


@pytest.mark.parametrize(("slo", "minutes"), [(0.99, 432), (0.999, 43.2), (0.9995, 21.6), (0.9999, 4.32)])
def test_downtime_in_thirty_days(slo, minutes):
    """The familiar nines in minutes per 30 days."""
    assert r.downtime(slo, 30 * r.DAY) / 60 == pytest.approx(minutes)
    assert r.error_budget(slo, 30 * r.DAY) == pytest.approx(r.downtime(slo, 30 * r.DAY))


@pytest.mark.parametrize(
    ("days", "factors"), [(30, [14.4, 6, 3, 1]), (28, [13.44, 5.6, 2.8, 0.933]), (7, [3.36, 1.4, 0.7, 0.233])]
)
def test_burn_rate_factors(days, factors):
    """The published factors of the four alerts for 30, 28 and 7 days."""
    alerts = r.burn_rate_alerts(0.999, days * r.DAY)
    assert [round(alert.factor, 3) for alert in alerts] == factors
    assert [alert.is_inside_budget for alert in alerts] == [factor < 1 for factor in factors]


def test_alert_windows_are_the_published_ones():
    """Severity, long and short window and budget share, row by row."""
    minute = 60
    rows = [(w.severity, w.long_window / minute, w.short_window / minute, w.budget_share) for w in r.ALERT_WINDOWS]
    assert rows == [
        ("page", 60, 5, 0.02),
        ("page", 360, 30, 0.05),
        ("ticket", 1440, 120, 0.10),
        ("ticket", 4320, 360, 0.10),
    ]


@pytest.mark.parametrize(("slo", "minutes"), [(0.999, [0.9, 2.2, 4.3, 4.3]), (0.99, [8.6, 21.6, 43.2, 43.2])])
def test_detection_times(slo, minutes):
    """The published minutes to detection in a full outage, and the formula they come from."""
    alerts = r.burn_rate_alerts(slo, 30 * r.DAY)
    assert [round(alert.detection_time / 60, 1) for alert in alerts] == minutes
    for alert in alerts:
        formula = 60 * (alert.long_window / r.HOUR) * alert.factor * (1 - slo)
        assert alert.detection_time / 60 == pytest.approx(formula)


def test_detection_never_comes_below_the_threshold():
    """An error ratio at or under burn × (1 - SLO) is never detected; a half outage takes twice as long as a full."""
    assert r.detection_time(r.HOUR, 14.4, 0.999, error_ratio=0.01) == math.inf
    assert r.detection_time(r.HOUR, 14.4, 0.999, 0.5) == pytest.approx(2 * r.detection_time(r.HOUR, 14.4, 0.999))


def test_trap_of_an_objective_too_low_to_page():
    """Below 93.06 % the 14.4 page cannot fire, just above it can."""
    lowest = r.lowest_slo_for_burn(14.4)
    assert round(lowest, 4) == 0.9306
    assert not r.is_burn_reachable(14.4, lowest - 1e-9)
    assert r.is_burn_reachable(14.4, lowest + 1e-9)
    alerts = r.burn_rate_alerts(0.93, 30 * r.DAY)
    assert [alert.is_reachable for alert in alerts] == [False, True, True, True]
    assert alerts[0].detection_time == math.inf


def test_trap_of_thirty_day_factors_on_seven_days():
    """Reused on a 7-day window the 30-day factors spend 8.6 % to 43 % of the budget before they alert."""
    spent = [
        r.budget_spent(factor, 7 * r.DAY, row.long_window)
        for factor, row in zip((14.4, 6, 3, 1), r.ALERT_WINDOWS, strict=True)
    ]
    assert round(min(spent), 3) == 0.086
    assert round(max(spent), 2) == 0.43


@given(st.floats(0.001, 1), st.floats(1, 90), st.floats(0.001, 1))
def test_factor_spends_exactly_its_share(budget_share, days, part):
    """A factor and the budget it spends undo each other for any window."""
    window = days * r.DAY
    factor = r.burn_rate_factor(budget_share, window, part * window)
    assert r.budget_spent(factor, window, part * window) == pytest.approx(budget_share)


def test_trap_of_low_traffic():
    """A few events in the window: one error alerts. At the guard's rate it takes more errors than promised."""
    assert r.expected_events(0.001, r.HOUR) == pytest.approx(3.6)
    assert r.errors_to_fire(0.001, r.HOUR, 14.4, 0.999) == 1
    rate = r.rate_for_errors(5, r.HOUR, 14.4, 0.999)
    assert r.errors_to_fire(rate, r.HOUR, 14.4, 0.999) == 6
    assert r.errors_to_fire(rate * 0.99, r.HOUR, 14.4, 0.999) == 5


@pytest.mark.parametrize(
    ("failure", "success", "load"), [(0.1, 0.9999, 1.111), (0.3, 0.992, 1.417), (0.5, 0.9375, 1.875)]
)
def test_retry_closed_forms(failure, success, load):
    """Three retries: success 1 - f⁴ and load (1 - f⁴)/(1 - f), as published."""
    assert r.retry_success(failure, 3) == pytest.approx(success, abs=5e-4)
    assert r.retry_amplification(failure, 3) == pytest.approx(load, abs=5e-4)
    assert r.retry_success(failure, 3) == pytest.approx(1 - failure**4)
    assert r.retry_amplification(failure, 3) == pytest.approx((1 - failure**4) / (1 - failure))


@given(shares, st.integers(0, 10))
def test_success_is_tries_times_chance(failure, retries):
    """Successes per request are (1 - f) times tries per request, and tries lie between 1 and r + 1."""
    tries = r.retry_amplification(failure, retries)
    assert 1 <= tries <= retries + 1
    assert r.retry_success(failure, retries) == pytest.approx((1 - failure) * tries, abs=1e-12)


def test_metastable_boundary():
    """300/s with one retry can be trapped from 150/s, the published boundary; without retries only at capacity."""
    assert r.metastable_boundary(300, 1) == 150
    assert r.metastable_boundary(300, 0) == 300


def test_retry_budget_defaults():
    """The default is Finagle's: 20 % plus 10 a second, tokens live 10 s."""
    assert r.RetryBudget() == r.RetryBudget(ratio=0.2, minimum_rate=10.0, ttl=10.0)
    assert r.retry_rate_allowed(1000) == 210
    assert r.retry_burst_allowed(1000) == 2100


@given(shares, st.integers(0, 6), st.floats(1, 1e5))
def test_budget_bounds_amplification(failure, retries, rate):
    """A budget never sends more than its share, never more than plain retries, and pays for it in success."""
    outcome = r.budgeted_retry(failure, retries, rate)
    assert outcome.amplification <= 1.2 + 10 / rate + 1e-12
    assert outcome.amplification <= r.retry_amplification(failure, retries)
    assert outcome.success <= r.retry_success(failure, retries) + 1e-12


def test_backoff_doubles_up_to_the_cap():
    """Ceilings grow by the multiplier and stop at the cap; full jitter halves the expected total, not the worst."""
    jittered = r.backoff_schedule(0.1, 2.0, 6)
    assert jittered.ceilings == pytest.approx((0.1, 0.2, 0.4, 0.8, 1.6, 2.0))
    assert jittered.max_total == pytest.approx(5.1)
    assert jittered.expected_total == pytest.approx(2.55)
    assert r.backoff_schedule(0.1, 2.0, 6, is_jittered=False).expected_total == pytest.approx(5.1)
    assert r.retry_deadline(1.0, jittered) == pytest.approx(12.1)
    assert r.backoff_schedule(0.1, 2.0, 0) == r.Backoff((), 0.0, 0.0)


def test_expected_backoff_is_what_full_jitter_draws():
    """The mean of 20,000 drawn schedules lies within 4 standard errors of the expected total."""
    schedule = r.backoff_schedule(0.1, 2.0, 6)
    chance = random.Random(7)
    draws = 20_000
    mean = sum(sum(chance.uniform(0, ceiling) for ceiling in schedule.ceilings) for _ in range(draws)) / draws
    deviation = math.sqrt(sum(ceiling**2 / 12 for ceiling in schedule.ceilings) / draws)
    assert abs(mean - schedule.expected_total) < 4 * deviation


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: r.serial_availability([0.9, 99.9]),
            "availabilities[1]: 99.9 is not allowed; give a share from 0 to 1",
        ),
        (lambda: r.redundant_availability([0.9], 2), "required: 2 is not allowed; give a count from 1 to 1"),
        (lambda: r.parallel_availability(0.9, 0), "parts: 0"),
        (lambda: r.burn_rate_factor(0.02, r.HOUR, r.DAY), "long_window: 86400.0"),
        (lambda: r.burn_rate_alerts(1, 30 * r.DAY), "slo: 1 is not allowed"),
        (lambda: r.detection_time(r.HOUR, 0, 0.9), "burn: 0"),
        (lambda: r.rate_for_errors(1, 60, 1, 1), "slo: 1"),
        (lambda: r.retry_success(1.5, 3), "failure: 1.5"),
        (lambda: r.retry_amplification(0.5, -1), "retries: -1"),
        (lambda: r.RetryBudget(ttl=0), "ttl: 0"),
        (
            lambda: r.backoff_schedule(1, 0.5, 3),
            "cap: 0.5 is not allowed; give a finite wait of at least the base, 1 s",
        ),
        (lambda: r.backoff_schedule(1, 2, 3, multiplier=0.5), "multiplier: 0.5"),
    ],
)
def test_bad_input_names_argument_and_value(call, message):
    """The error starts with the argument's name and the value given."""
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value).startswith(message)
