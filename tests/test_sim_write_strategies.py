"""Write strategies, stampedes and hot keys: closed forms against drawn events, and where early refresh fails."""

from __future__ import annotations

import pytest

from archnb.sim import caching, compiled


@pytest.mark.parametrize("strategy", caching.STRATEGIES)
@pytest.mark.parametrize(("reads", "writes", "ttl", "flush"), [(5, 0.5, 10, 2), (0.5, 0.2, 3, 1), (20, 0, 5, 0)])
def test_closed_forms_against_events(strategy, reads, writes, ttl, flush):
    """Hit ratio, outdated reads, writes that reach the store and unsaved writes, within 0.02."""
    wanted = caching.estimate_strategy(strategy, reads, writes, ttl, flush)
    drawn = caching.simulate_strategy(strategy, reads, writes, ttl, flush, events=60_000)
    for name in ("hit_ratio", "stale_share", "store_writes", "unsaved_writes"):
        assert getattr(drawn, name) == pytest.approx(getattr(wanted, name), abs=0.02), name


def test_what_each_strategy_gives_up():
    """Only write-around answers with what is outdated, only write-behind may lose writes, and saves some of them."""
    made = {one: caching.estimate_strategy(one, 10, 1, 30, flush=5) for one in caching.STRATEGIES}
    assert made["write-around"].stale_share > 0.9
    assert all(made[one].stale_share == 0 for one in caching.STRATEGIES if one != "write-around")
    assert made["write-behind"].unsaved_writes == 2.5
    assert made["write-behind"].store_writes < 0.2 < made["write-through"].store_writes == 1
    assert made["invalidate"].hit_ratio < made["write-around"].hit_ratio < made["write-through"].hit_ratio


@pytest.mark.parametrize("is_compiled", [pytest.param(True, marks=pytest.mark.needs("numba")), False])
def test_a_stampede_and_what_holds_it(is_compiled, monkeypatch):
    """λδ readers compute a hot entry at once; single flight lets one, early refresh hardly any reader wait."""
    if not is_compiled:
        monkeypatch.setattr(compiled, "has_compiler", lambda: False)
    run = {one: caching.simulate_stampede(100, 10, 0.4, one, events=30_000) for one in caching.PROTECTIONS}
    assert run["none"].computations / run["none"].ends == pytest.approx(caching.estimate_stampede(100, 0.4), rel=0.1)
    assert run["single flight"].most_at_once == 1
    assert run["early refresh"].waited_share < 0.1 * run["single flight"].waited_share


@pytest.mark.parametrize(("rate", "missed"), [(1, 0.67), (10, 0.018)])
def test_early_refresh_fails_for_cold_keys(rate, missed):
    """P(no refresh before expiry) ≈ e^(−λβδ), as published: two of three ends of a cold key find nobody."""
    drawn = caching.simulate_stampede(rate, 60, 0.4, "early refresh", events=400_000 if rate == 10 else 60_000)
    assert drawn.missed_share == pytest.approx(missed, abs=0.06)


def test_copies_of_a_hot_key():
    """A key that is a fourteenth of all reads makes its node twice as busy as the others; a copy on each makes all alike."""
    assert caching.hottest_node_share(10**6, 1.0, 16) == pytest.approx(1 / 16 + 0.0695 * 15 / 16, abs=1e-3)
    assert caching.hottest_node_share(10**6, 1.0, 16, 16) == pytest.approx(1 / 16)
    with pytest.raises(ValueError, match="copies: 5"):
        caching.hottest_node_share(10, 1.0, 4, 5)
