"""The event simulation against closed forms, published tables, other simulators, and itself without numba."""

from __future__ import annotations

import doctest
import math
import re
import threading
from concurrent.futures import CancelledError, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path

import pytest

from archnb.sim import queueing
from archnb.sim.network import (
    Arrivals,
    Autoscale,
    Batch,
    Breaker,
    Cache,
    Call,
    Fault,
    Network,
    Parallel,
    RequestClass,
    RetryBudget,
    Service,
    Station,
    UnstableError,
)
from archnb.sim.network_answers import simulate, student_quantile, sweep
from archnb.sim.network_tables import Run, run_seed

# a false alarm once in a thousand intervals: what is tested is that nothing is wrong, with seeds that are always the same
SURE = 0.999


def queue(rate, servers=1, service=None, *, arrivals=None, calls=None, **station) -> Network:
    """One station before which requests of one class queue."""
    one = Station(name="s", servers=servers, service=service or Service.exponential(1.0), **station)
    c = RequestClass(name="c", arrivals=arrivals or Arrivals.poisson(rate), calls=calls or (Call(station="s"),))
    return Network(stations=(one,), classes=(c,))


def test_mm1_and_mmc_are_inside_their_intervals():
    """Wait, response, quantiles, queue and utilisation of M/M/1 and M/M/4."""
    for rate, servers in ((0.7, 1), (3.0, 4)):
        answer = simulate(queue(rate, servers), seconds=4000, seeds=10, steady=True, confidence=SURE)
        s = answer.stations["s"]
        assert queueing.mean_wait(servers, rate, 1.0) in s.wait
        assert queueing.mean_response(servers, rate, 1.0) in answer.classes["c"].mean
        assert rate * queueing.mean_wait(servers, rate, 1.0) in s.queue
        assert rate / servers in s.utilisation
        for p, found in ((0.5, s.p50), (0.95, s.p95), (0.99, s.p99)):
            assert queueing.response_quantile(servers, rate, 1.0, p) in found


def test_finite_queue_refuses_as_the_birth_death_chain_says():
    """M/M/2/5: the share refused is the stationary probability of a full house."""
    a, c, size = 1.8, 2, 5
    weights = [1.0]
    for n in range(1, size + 1):
        weights.append(weights[-1] * a / min(n, c))
    full = weights[-1] / sum(weights)
    answer = simulate(queue(a, c, queue_limit=size - c), seconds=4000, seeds=10, steady=True, confidence=SURE)
    assert full in answer.classes["c"].failures["refused"]
    assert 1 - full in answer.classes["c"].success


@pytest.mark.parametrize(
    "service",
    [
        Service.constant(1.0),
        Service.gamma(mean=1.0, scv=0.5),
        Service.gamma(mean=1.0, scv=2.0),
        Service.lognormal(mean=1.0, scv=2.0),
        Service.hyperexponential(means=(0.5, 3.0), shares=(0.8, 0.2)),
        Service.empirical([0.2, 0.4, 0.9, 2.5]),
    ],
    ids=lambda one: f"{one.kind}-{one.scv:.1f}",
)
def test_mg1_waits_as_pollaczek_and_khinchine_say(service):
    """The mean wait of M/G/1 depends on the first two moments of service only; M/D/1 is among them."""
    answer = simulate(queue(0.6, service=service), seconds=4000, seeds=10, steady=True, confidence=SURE)
    assert queueing.kingman_wait(1, 0.6, 1.0 * service.mean, 1.0, service.scv) in answer.stations["s"].wait


def test_sharing_a_processor_does_not_care_for_the_distribution():
    """M/G/1-PS answers in s/(1 - ρ) on the mean, whatever the service."""
    for service in (Service.constant(1.0), Service.hyperexponential(means=(0.5, 3.0), shares=(0.8, 0.2))):
        answer = simulate(
            queue(0.6, service=service, discipline="sharing"), seconds=4000, seeds=10, steady=True, confidence=SURE
        )
        assert 1 / 0.4 in answer.stations["s"].response
        assert 0.6 in answer.stations["s"].utilisation


def test_tandem_is_jacksons():
    """Two stations in a row and a return through a share: each is M/M/c at its own rate."""
    stations = (
        Station(name="a", servers=2, service=Service.exponential(1.0)),
        Station(name="b", servers=1, service=Service.exponential(0.8)),
    )
    c = RequestClass(
        name="c",
        arrivals=Arrivals.poisson(1.0),
        calls=(Call(station="a"), Call(station="b"), Call(station="a", share=0.3)),
    )
    answer = simulate(Network(stations=stations, classes=(c,)), seconds=4000, seeds=10, steady=True, confidence=SURE)
    assert queueing.mean_wait(2, 1.3, 1.0) in answer.stations["a"].wait
    assert queueing.mean_wait(1, 1.0, 0.8) in answer.stations["b"].wait
    assert 1.3 in answer.stations["a"].arrivals


def test_machine_repair_is_the_closed_network():
    """Eight machines that run 10 on the mean and one repairer: throughput by exact mean value analysis."""
    users = Arrivals.closed(8, think=Service.exponential(10.0))
    answer = simulate(queue(0, arrivals=users), seconds=4000, seeds=10, steady=True, confidence=SURE)
    exact = queueing.mean_value_analysis((1.0,), 10.0, 8)[-1]
    assert exact.throughput in answer.classes["c"].goodput
    assert exact.response in answer.classes["c"].mean


def test_arrivals_keep_their_rates():
    """Bursts, days and clockwork bring their mean rates; a replayed log brings itself, at its times."""
    for arrivals in (
        Arrivals.mmpp(rates=(1.0, 9.0), durations=(9.0, 3.0)),
        Arrivals.diurnal(3.0, swing=0.8, period=100.0),
        Arrivals.renewal(Service.gamma(mean=1 / 3, scv=0.3)),
    ):
        answer = simulate(queue(0, None, arrivals=arrivals), seconds=2000, seeds=10, confidence=SURE)
        assert 3.0 in answer.classes["c"].offered
    wave = simulate(queue(0, None, arrivals=Arrivals.diurnal(50.0, swing=0.8, period=100.0)), seconds=100, seeds=5)
    offered = wave.series.offered["c"]
    assert sum(offered[60:90]) / 30 == pytest.approx(90, rel=0.05)
    assert sum(offered[210:240]) / 30 == pytest.approx(10, rel=0.2)
    log = Arrivals.replayed([1.01, 1.01, 2.5, 9.0])
    answer = simulate(queue(0, None, Service.constant(0.5), arrivals=log), seconds=10, seeds=1)
    assert [round(one / 30) for one in answer.series.offered["c"] if one] == [2, 1, 1]
    assert answer.classes["c"].p50.value == pytest.approx(0.5, rel=0.01)


def metastable(rate, retries=1, is_discarding=False) -> Network:
    """Bronson et al.'s sketch (HotOS 2021): 300/s, one second of patience, ten seconds of standstill."""
    server = Station(name="server", service=Service.exponential(1 / 300), discards_expired=is_discarding)
    c = RequestClass(
        name="c", arrivals=Arrivals.poisson(rate), calls=(Call(station="server", timeout=1.0, retries=retries),)
    )
    return Network(stations=(server,), classes=(c,), faults=(Fault(kind="paused", target="server", start=60, end=70),))


@pytest.mark.needs("numba")
def test_metastable_failure_has_its_boundary():
    """Below C/(1 + retries) = 150/s the server recovers from its pause, above never; without retries, or where expired
    work is thrown away, always (Bronson et al., HotOS 2021; Huang et al., OSDI 2022)."""
    for rate in (100, 120, 140, 160, 200, 240, 280):
        answer = simulate(metastable(rate), seconds=300, seeds=2, measure=(240, 300))
        success, amplification = answer.classes["c"].success.value, answer.stations["server"].amplification.value
        if rate < 150:
            assert (success, answer.collapse.value) == (1.0, 0.0)
            assert amplification == pytest.approx(1.0, abs=0.001)
        else:
            assert (success, answer.collapse.value) == (0.0, 1.0)
            assert amplification == pytest.approx(2.0, abs=0.01)
    for rate in (100, 280):
        for network in (metastable(rate, retries=0), metastable(rate, is_discarding=True)):
            assert simulate(network, seconds=300, seeds=2, measure=(240, 300)).classes["c"].success.value >= 0.999


@pytest.mark.parametrize(
    ("failure", "three", "bucket", "breaker"),
    [
        (0.1, (0.9999, 1.111), (0.994, 1.108), (0.929, 1.027)),
        (0.3, (0.992, 1.417), (0.815, 1.167), (0.707, 1.001)),
        (0.5, (0.9375, 1.875), (0.585, 1.171), (0.502, 1.000)),
    ],
)
def test_retry_policies_do_what_brooker_found(failure, three, bucket, breaker):
    """Success and load of three retries, of a token bucket (0.1 a call, 5 at most, no other limit) and of a breaker on
    retries (10 % since the beginning): a hundred callers with sixty calls each, as in Brooker's "Fixing retries with
    token buckets and circuit breakers" (2022)."""
    policies = (
        (Call(station="s", retries=3), three),
        (Call(station="s", retries=10_000, budget=RetryBudget(per_call=0.1, size=5, instances=100)), bucket),
        (
            Call(
                station="s",
                retries=3,
                breaker=Breaker(threshold=0.1, window=None, least=0, stops="retries", instances=100),
            ),
            breaker,
        ),
    )
    for call, (success, load) in policies:
        network = queue(1000, None, Service.constant(0.01), failure=failure, calls=(call,))
        answer = simulate(network, seconds=6, seeds=4, confidence=SURE)
        assert answer.classes["c"].success.value == pytest.approx(success, abs=0.01)
        assert answer.stations["s"].amplification.value == pytest.approx(load, abs=0.01)


def test_a_held_slot_is_the_limit_of_throughput():
    """Eight slots held for a second each give 8/s; where the caller is asynchronous, all that is asked."""
    for holds, rate in ((True, 8.0), (False, 92.0)):
        api = Station(name="api", servers=8, service=Service.constant(0.001), holds=holds)
        database = Station(name="database", servers=None, service=Service.constant(1.0))
        c = RequestClass(
            name="c", arrivals=Arrivals.poisson(92), calls=(Call(station="api", then=(Call(station="database"),)),)
        )
        answer = simulate(Network(stations=(api, database), classes=(c,)), seconds=30, seeds=2, measure=(3, 30))
        assert answer.stations["database"].throughput.value == pytest.approx(rate, rel=0.04)


def test_branches_are_tried_again_for_themselves():
    """A fan-out to three of which each fails half of the time, three attempts a branch: all three must be answered."""
    parts = tuple(Station(name=f"p{n}", servers=None, service=Service.exponential(0.01), failure=0.5) for n in range(3))
    c = RequestClass(
        name="c",
        arrivals=Arrivals.poisson(200),
        calls=(Parallel(calls=tuple(Call(station=one.name, retries=2, backoff=0.01, jitter="full") for one in parts)),),
    )
    answer = simulate(Network(stations=parts, classes=(c,)), seconds=30, seeds=5, confidence=SURE)
    assert (1 - 0.5**3) ** 3 in answer.classes["c"].success
    for one in parts:
        assert 1 + 0.5 + 0.25 in answer.stations[one.name].amplification


def test_the_slowest_branch_is_waited_for():
    """The maximum of n exponentials is s(1 + 1/2 + … + 1/n) on the mean; an optional and an asynchronous call do not count."""
    parts = tuple(Station(name=f"p{n}", servers=None, service=Service.exponential(0.1)) for n in range(4))
    never = Station(name="never", servers=None, service=Service.constant(9.0))
    fails = Station(name="fails", servers=None, service=Service.constant(0.0), failure=1.0)
    fan = Parallel(calls=tuple(Call(station=one.name) for one in parts))
    calls = (Call(station="never", waits=False), Call(station="fails", required=False), fan)
    c = RequestClass(name="c", arrivals=Arrivals.poisson(50), calls=calls)
    answer = simulate(Network(stations=(*parts, never, fails), classes=(c,)), seconds=60, seeds=5, confidence=SURE)
    assert 0.1 * (1 + 1 / 2 + 1 / 3 + 1 / 4) in answer.classes["c"].mean
    assert answer.classes["c"].success.value == 1.0


def test_disciplines_order_the_queue():
    """The important wait less than the others, by Cobham's formula; LIFO waits as FIFO on the mean, and worse at p99."""
    s = Station(name="s", service=Service.exponential(1.0), discipline="priority")
    classes = tuple(
        RequestClass(name=name, arrivals=Arrivals.poisson(0.4), calls=(Call(station="s", priority=rank),))
        for rank, name in enumerate(("first", "second"))
    )
    answer = simulate(Network(stations=(s,), classes=classes), seconds=4000, seeds=10, steady=True, confidence=SURE)
    assert 1 + 0.8 / (1 - 0.4) in answer.classes["first"].mean
    assert 1 + 0.8 / ((1 - 0.4) * (1 - 0.8)) in answer.classes["second"].mean
    fifo = simulate(queue(0.7), seconds=2000, seeds=10, steady=True)
    lifo = simulate(queue(0.7, discipline="LIFO"), seconds=2000, seeds=10, steady=True, confidence=SURE)
    assert 1 / 0.3 in lifo.classes["c"].mean
    assert lifo.classes["c"].p99.low > fifo.classes["c"].p99.high


def test_batches_carry_more_than_singles():
    """A worker that takes ten at once for the time of one carries ten times the load; none waits longer than it may."""
    batch = Batch(size=10, wait=0.5)
    answer = simulate(queue(6.0, service=Service.constant(1.0), batch=batch), seconds=600, seeds=3, steady=True)
    assert answer.classes["c"].success.value == 1.0
    assert answer.stations["s"].throughput.value == pytest.approx(6.0, rel=0.05)
    assert answer.stations["s"].wait.value < 1.6
    alone = simulate(queue(0.01, service=Service.constant(1.0), batch=batch), seconds=3000, seeds=3)
    assert alone.classes["c"].p50.value == pytest.approx(1.5, rel=0.02)


def test_scaling_follows_the_load_after_its_delay():
    """A spike is answered with more servers, not before they are there."""
    scale = Autoscale(least=2, most=20, aim=0.6, interval=5, delay=30, cooldown=60)
    network = queue(1.0, 2, autoscale=scale)
    spike = replace(network, faults=(Fault(kind="spike", target="c", start=100, value=8.0),))
    answer = simulate(spike, seconds=600, seeds=3)
    queues = answer.series.queue["s"]  # buckets of two seconds
    assert max(queues[50:66]) > 20
    assert sum(queues[250:]) / 50 < 5
    assert answer.collapse.value == 0.0


def test_breaker_spares_a_failing_station():
    """Open, it refuses at once and lets only probes through; when the station is well again, it closes."""
    breaker = Breaker(threshold=0.5, window=5, least=20, open_for=5)
    call = Call(station="s", breaker=breaker)
    network = queue(100, None, Service.constant(0.01), calls=(call,))
    network = replace(network, faults=(Fault(kind="failing", target="s", start=60, end=120, value=1.0),))
    answer = simulate(network, seconds=300, seeds=2, measure=(75, 120))
    assert answer.stations["s"].arrivals.value < 2
    assert answer.classes["c"].failures["breaker open"].value > 0.97
    after = simulate(network, seconds=300, seeds=2, measure=(135, 300))
    assert after.classes["c"].success.value == 1.0


def test_a_cache_spares_calls_until_it_is_emptied():
    """Of 90 % hits a tenth goes on; emptied, all goes on until it has filled."""
    cache = Cache(name="k", hit_ratio=0.9, entries=500)
    store = Station(name="store", servers=None, service=Service.constant(0.01))
    c = RequestClass(name="c", arrivals=Arrivals.poisson(100), calls=(Call(station="store", cache="k"),))
    network = Network(
        stations=(store,), classes=(c,), caches=(cache,), faults=(Fault(kind="cache emptied", target="k", start=100),)
    )
    before = simulate(network, seconds=200, seeds=5, measure=(0, 100), confidence=SURE)
    assert 10 in before.stations["store"].arrivals
    after = simulate(network, seconds=200, seeds=5, measure=(100, 110))
    assert 35 < after.stations["store"].arrivals.value < 95
    assert before.stations["store"].amplification.value == pytest.approx(1.0, rel=0.05)


def test_faults_end_and_what_they_cost():
    """Lost, partly lost, slow, and cut off: who fails how, and that it is over when it is over."""
    call = Call(station="s", timeout=0.5)
    base = queue(100, 4, Service.constant(0.02), calls=(call,))

    def during(fault: Fault) -> object:
        network = replace(base, faults=(fault,))
        after = simulate(network, seconds=120, seeds=2, measure=(96, 120))
        assert after.classes["c"].success.value == 1.0
        return simulate(network, seconds=120, seeds=2, measure=(30, 60))

    lost = during(Fault(kind="lost", target="s", start=30, end=60))
    assert lost.classes["c"].failures["lost"].value > 0.99
    half = during(Fault(kind="lost", target="s", start=30, end=60, value=0.75))  # one of four: 50/s of 100/s
    assert half.stations["s"].throughput.value == pytest.approx(50, rel=0.05)
    slow = during(Fault(kind="slow", target="s", start=30, end=60, value=3.0))
    assert slow.stations["s"].throughput.value == pytest.approx(4 / 0.06, rel=0.05)
    cut = during(Fault(kind="partition", target="s", start=30, end=60))
    assert cut.classes["c"].failures["timeout"].value > 0.98
    paused = during(Fault(kind="paused", target="s", start=30, end=60))
    assert paused.stations["s"].throughput.value < 1
    failing = during(Fault(kind="failing", target="s", start=30, end=60, value=0.25))
    assert failing.classes["c"].failures["error"].value == pytest.approx(0.25, abs=0.03)


def test_deadlines_are_passed_along():
    """Told how long the user waits, a store does nothing for one who has gone, and nobody tries again for him; sent away
    early enough, most that are begun are still in time."""
    api = Station(name="api", servers=50, service=Service.constant(0.001))
    store = Station(name="store", servers=1, service=Service.exponential(0.02))
    call = Call(station="api", then=(Call(station="store", retries=1),))
    c = RequestClass(name="c", arrivals=Arrivals.poisson(80), calls=(call,), deadline=0.3)
    careful = replace(store, discards_expired=True, max_wait=0.1)
    told = simulate(Network(stations=(api, careful), classes=(replace(c, passes_deadline=True),)), seconds=60, seeds=3)
    untold = simulate(Network(stations=(api, store), classes=(c,)), seconds=60, seeds=3)
    assert told.classes["c"].goodput.value > 30
    assert told.stations["store"].expired.value > 10
    assert untold.classes["c"].goodput.value < 0.3 * told.classes["c"].goodput.value
    assert told.classes["c"].p99.value < 0.31


def test_a_pool_of_connections_is_a_station_without_work():
    """A pool of two before a fast database is what is waited for."""
    pool = Station(name="pool", servers=2, queue_limit=100)
    database = Station(name="database", servers=None, service=Service.constant(0.1))
    call = Call(station="pool", then=(Call(station="database"),))
    c = RequestClass(name="c", arrivals=Arrivals.poisson(100), calls=(call,))
    answer = simulate(Network(stations=(pool, database), classes=(c,)), seconds=60, seeds=2)
    assert answer.stations["database"].throughput.value == pytest.approx(20, rel=0.02)
    assert answer.stations["pool"].utilisation.value == pytest.approx(1, rel=0.02)
    assert answer.stations["pool"].peak == 100


def everything() -> Network:
    """A network in which all that the loop can do happens."""
    stations = (
        Station(name="api", servers=12, service=Service.gamma(mean=0.004, scv=0.5), queue_limit=60, discards_expired=True),
        Station(name="pool", servers=6, discipline="priority"),
        Station(name="database", servers=3, service=Service.lognormal(mean=0.02, scv=2.0), discipline="sharing", concurrency=8),
        Station(name="cache", servers=1, service=Service.exponential(0.0005)),
        Station(name="psp", servers=None, service=Service.hyperexponential(means=(0.05, 0.6), shares=(0.9, 0.1)), failure=0.4),
        Station(name="mail", servers=1, service=Service.constant(0.05), batch=Batch(size=5, wait=0.2, per_item=0.001)),
        Station(name="worker", servers=1, service=Service.empirical([0.01, 0.02, 0.09]), discipline="LIFO", holds=False,
                autoscale=Autoscale(least=1, most=4, interval=3, delay=4, cooldown=6)),
    )  # fmt: skip
    read = Call(station="database", cache="k", timeout=0.3, retries=1, budget=RetryBudget(per_success=0.1, rate=1))
    write = Parallel(
        calls=(
            Call(station="psp", timeout=0.4, retries=2, backoff=0.05, jitter="equal", breaker=Breaker(instances=3),
                 budget=RetryBudget(per_call=0.2, instances=3)),
            Call(station="database", share=0.7, service=Service.exponential(0.01)),
        )
    )  # fmt: skip
    later = Call(station="worker", waits=False, retries=1, then=(Call(station="mail", required=False),))
    classes = (
        RequestClass(name="read", arrivals=Arrivals.mmpp(rates=(40, 150), durations=(5, 2)), deadline=1.0, passes_deadline=True,
                     calls=(Call(station="api", then=(Call(station="cache", required=False),
                                                      Call(station="pool", priority=1, then=(read,)))),)),
        RequestClass(name="write", arrivals=Arrivals.diurnal(20, swing=0.5, period=20),
                     calls=(Call(station="api", timeout=1.0, retries=1, then=(Call(station="pool", then=(write,)), later)),)),
        RequestClass(name="staff", arrivals=Arrivals.closed(5, think=Service.exponential(1.0)), deadline=0.2,
                     calls=(Call(station="database"),)),
    )  # fmt: skip
    faults = (
        Fault(kind="slow", target="database", start=4, end=7, value=3.0),
        Fault(kind="lost", target="database", start=8, end=9, value=0.5),
        Fault(kind="lost", target="cache", start=10, end=12),
        Fault(kind="cache emptied", target="k", start=10),
        Fault(kind="partition", target="psp", start=13, end=15, source="pool"),
        Fault(kind="paused", target="database", start=16, end=17),
        Fault(kind="lost", target="api", start=18, end=18.5),
        Fault(kind="failing", target="worker", start=2, end=6, value=0.5),
        Fault(kind="spike", target="write", start=5, end=9, value=3.0),
    )
    return Network(
        stations=stations, classes=classes, caches=(Cache(name="k", hit_ratio=0.6, entries=50),), faults=faults
    )


@pytest.mark.needs("numba")
def test_compiled_and_plain_are_the_same_to_the_bit():
    """One source, with and without numba: every count and every sum is equal."""
    for seed in range(3):
        compiled, plain = run_seed(everything(), 20, seed, True), run_seed(everything(), 20, seed, False)
        assert compiled.events > 10_000
        for one in fields(Run):
            a, b = getattr(compiled, one.name), getattr(plain, one.name)
            for x, y in zip(a, b, strict=True) if one.name == "batches" else [(a, b)]:
                assert (
                    all((m == n).all() for m, n in zip(x[1:], y[1:], strict=True))
                    if one.name == "batches"
                    else ((x == y).all() if hasattr(x, "all") else x == y)
                ), one.name


def test_a_seed_is_a_run():
    """The same seed gives the same answer, another another; the table of all answers is sound in every kind."""
    network = everything()
    assert simulate(network, seconds=5, seeds=[3, 4]) == simulate(network, seconds=5, seeds=[3, 4])
    answer, other = simulate(network, seconds=20, seeds=2), simulate(network, seconds=20, seeds=[7, 8])
    assert answer.events != other.events
    for one in answer.classes.values():
        assert one.p99.value >= one.p95.value >= one.p50.value > 0
        assert one.success.value + sum(kind.value for kind in one.failures.values()) == pytest.approx(1.0)
    assert {kind for one in answer.classes.values() for kind in one.failures} >= {"timeout", "lost", "error"}
    for station in answer.stations.values():
        assert station.utilisation.value <= 1 + 1e-9
        assert station.response.value >= 0


def test_memory_does_not_grow_with_requests():
    """Ten times the requests need no more calls at once: what lived longest is not what came most."""
    short, long = run_seed(queue(3.0, 4), 300, 1), run_seed(queue(3.0, 4), 3000, 1)
    assert long.events > 9 * short.events
    assert long.peak < 4 * short.peak < 200
    assert long.histograms.nbytes == short.histograms.nbytes


def test_littles_law_holds():
    """L = λW in every station, to the rounding of what is still inside: the books are kept twice and agree."""
    answer = simulate(queue(0.8, 1), seconds=3000, seeds=1)
    s = answer.stations["s"]
    assert s.queue.value == pytest.approx(s.throughput.value * s.wait.value, rel=0.05)


def test_answers_say_how_sure_they_are():
    """More seeds, a narrower interval; a precision asked for is reached; one seed has an interval from its own parts."""
    network = queue(0.8)
    few, many = (simulate(network, seconds=500, seeds=n, steady=True).classes["c"].mean for n in (5, 40))
    assert many.half_width < few.half_width
    precise = simulate(network, seconds=2000, seeds=5, steady=True, precision=0.05)
    assert precise.classes["c"].mean.half_width <= 0.05 * precise.classes["c"].mean.value
    assert len(precise.seeds) > 5
    alone = simulate(network, seconds=5000, seeds=1, steady=True, confidence=SURE)
    assert 5.0 in alone.classes["c"].mean


@pytest.mark.parametrize(("freedom", "t"), [(1, 12.7062), (2, 4.3027), (3, 3.1824), (9, 2.2622), (30, 2.0423)])
def test_student_as_in_the_tables(freedom, t):
    """Two-sided 95 % points as printed in every statistics book."""
    assert student_quantile(0.95, freedom) == pytest.approx(t, abs=0.0003)


def test_a_design_on_the_brink_says_how_often_it_falls():
    """Just below the boundary some runs recover and some do not: the answer is a probability with its interval."""
    server = Station(name="server", service=Service.exponential(1 / 30))
    c = RequestClass(name="c", arrivals=Arrivals.poisson(17), calls=(Call(station="server", timeout=0.5, retries=1),))
    answer = simulate(Network(stations=(server,), classes=(c,)), seconds=120, seeds=30)
    assert 0 < answer.collapse.value < 1
    assert 0 < answer.collapse.low < answer.collapse.value < answer.collapse.high < 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Arrivals.poisson(-1), "rate: -1 is not allowed"),
        (lambda: Arrivals.replayed([]), "a trace with at least one arrival"),
        (lambda: Arrivals.replayed([1, 3, 2]), "2 (the 3rd) is before 3"),
        (lambda: Service.exponential(0), "mean: 0 is not allowed"),
        (lambda: Service.exponential(math.nan), "mean: nan is not allowed"),
        (lambda: Service.hyperexponential((1, 2), (0.5, 0.6)), "2 shares that add up to 1"),
        (lambda: Station(name="s", servers=0), "station s: servers: 0 is not allowed"),
        (lambda: Fault(kind="slow", target="s", start=5, end=4, value=2), "time does not go backwards"),
        (lambda: queue(1, calls=(Call(station="t"),)), "there is no 't'; there are s"),
        (lambda: queue(1, calls=(Call(station="s", cache="k"),)), "there is no 'k'"),
        (lambda: simulate(queue(1), seconds=-1), "seconds: -1 is not allowed"),
        (lambda: simulate(queue(1), seconds=10, measure=(8, 3)), "a beginning and a later end"),
        (lambda: simulate(queue(1), seconds=10, seeds=0), "at least one seed"),
        (lambda: Arrivals.closed(0, Service.constant(1)), "users: 0 is not allowed"),
    ],
)  # fmt: skip
def test_bad_input_is_answered_in_words(make, words):
    """What was given, and what is allowed."""
    with pytest.raises(ValueError, match=re.escape(words)):
        make()


def test_no_steady_state_is_an_answer():
    """Which station, and how much of it is wanted; a limited queue and a closed network always have one."""
    with pytest.raises(UnstableError, match=r"no steady state: s is wanted 113 % of the time"):
        simulate(queue(4.52, 4), seconds=10, steady=True)
    with pytest.raises(UnstableError, match="a replayed log, which ends"):
        simulate(queue(0, arrivals=Arrivals.replayed([1.0])), seconds=10, steady=True)
    assert simulate(queue(9, 4, queue_limit=5), seconds=50, seeds=2, steady=True).stations["s"].utilisation.value > 0.95
    assert simulate(queue(4.52, 4), seconds=1000, seeds=2).stations["s"].queue.value > 100


@pytest.mark.needs("simpy")
def test_simpy_says_the_same():
    """Two stations in a row with failures and retries, written in SimPy: the same within both intervals."""
    import random

    import simpy

    def peer(seed: int) -> float:
        rng, env, times = random.Random(seed), simpy.Environment(), []
        places = [simpy.Resource(env, capacity=2) for _ in range(2)]

        def customer():
            began = env.now
            for place in places:
                for attempt in range(3):
                    with place.request() as slot:
                        yield slot
                        yield env.timeout(rng.expovariate(1.0))
                    if rng.random() >= 0.1:
                        break
                    if attempt == 2:
                        return
                    yield env.timeout(rng.uniform(0, 0.5 * 2**attempt))
            times.append(env.now - began)

        def source():
            while True:
                yield env.timeout(rng.expovariate(1.2))
                env.process(customer())

        env.process(source())
        env.run(until=1000)
        return sum(times) / len(times)

    samples = [peer(seed) for seed in range(10)]
    mean = sum(samples) / len(samples)
    deviation = math.sqrt(sum((one - mean) ** 2 for one in samples) / 9)
    stations = tuple(Station(name=name, servers=2, service=Service.exponential(1.0), failure=0.1) for name in "ab")
    calls = tuple(Call(station=name, retries=2, backoff=0.5, jitter="full") for name in "ab")
    ours = simulate(
        Network(stations=stations, classes=(RequestClass(name="c", arrivals=Arrivals.poisson(1.2), calls=calls),)),
        seconds=1000,
        seeds=10,
        confidence=SURE,
    ).classes["c"]
    assert abs(ours.mean.value - mean) < ours.mean.half_width + student_quantile(SURE, 9) * deviation / math.sqrt(10)


@pytest.mark.needs("ciw")
def test_ciw_says_the_same():
    """M/G/2 with gamma service and a limited queue in Ciw: waits and the share refused agree within intervals."""
    import ciw

    waits, refused = [], []
    for seed in range(8):
        ciw.seed(seed)
        network = ciw.create_network(
            arrival_distributions=[ciw.dists.Exponential(rate=1.7)],
            service_distributions=[ciw.dists.Gamma(shape=2.0, scale=0.5)],
            number_of_servers=[2],
            queue_capacities=[4],
        )
        simulation = ciw.Simulation(network)
        simulation.simulate_until_max_time(700)
        records = simulation.get_all_records()
        served = [one for one in records if one.record_type == "service"]
        waits.append(sum(one.waiting_time for one in served) / len(served))
        refused.append(sum(one.record_type == "rejection" for one in records) / len(records))
    ours = simulate(
        queue(1.7, 2, Service.gamma(mean=1.0, scv=0.5), queue_limit=4), seconds=700, seeds=8, confidence=SURE
    )
    for samples, found in ((waits, ours.stations["s"].wait), (refused, ours.classes["c"].failures["refused"])):
        mean = sum(samples) / len(samples)
        deviation = math.sqrt(sum((one - mean) ** 2 for one in samples) / 7)
        assert abs(found.value - mean) < found.half_width + student_quantile(SURE, 7) * deviation / math.sqrt(8)


def test_a_sweep_is_the_same_near_and_far():
    """Here, on threads and on two processes: equal numbers, with progress; cancelled, it says how far it came."""
    networks = {str(rate): queue(rate, 4) for rate in (1.0, 2.0)}
    here = sweep(networks, seconds=50, seeds=2)
    told: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as pool:
        assert sweep(networks, seconds=50, seeds=2, executor=pool, progress=lambda *at: told.append(at)) == here
    assert told[0] == (0, 4)
    assert told[-1] == (4, 4)
    with ProcessPoolExecutor(2) as pool:
        assert sweep(networks, seconds=50, seeds=2, executor=pool) == here
    stop = threading.Event()
    with pytest.raises(CancelledError, match="cancelled with 1 of 4 runs done"):
        sweep(networks, seconds=50, seeds=2, cancel=stop, progress=lambda done, of: done == 1 and stop.set())


def test_the_page_runs():
    """docs/simulation.md shows what comes out."""
    page = Path(__file__).parent.parent / "docs" / "simulation.md"
    outcome = doctest.testfile(str(page), module_relative=False)
    assert outcome.attempted > 15
    assert outcome.failed == 0


@pytest.mark.needs("dask")
@pytest.mark.needs("numba")
def test_a_sweep_on_a_dask_cluster_is_the_same():
    """Two workers of Dask, by its executor."""
    from distributed import Client, LocalCluster

    networks = {str(rate): queue(rate, 4) for rate in (1.0, 2.0)}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        assert sweep(networks, seconds=50, seeds=2, executor=client.get_executor()) == sweep(
            networks, seconds=50, seeds=2
        )
