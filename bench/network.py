"""The event simulation: how right, how fast, how far. Run with `python bench/network.py` (a few minutes).

Right: for each closed form, in how many of 200 experiments (twenty seeds each) the exact value lies inside the 95 % interval.
Fast: the tandem of five stations in this loop, in a plain C loop (bench/tandem.c, compiled where there is a compiler) and in
SimPy, by turns in one run; processor time, the best of several, so that a busy machine matters less. Far: the same sweep
here, on a process pool and on a Dask cluster of two workers.
"""

from __future__ import annotations

import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from archnb.sim import queueing
from archnb.sim.network import (
    Arrivals,
    Breaker,
    Call,
    Fault,
    Network,
    RequestClass,
    RetryBudget,
    Service,
    Station,
)
from archnb.sim.network_answers import Answer, Estimate, simulate, sweep
from archnb.sim.network_tables import run_seed

EXPERIMENTS, REPLICATIONS = 200, 20
Exact = tuple[str, Callable[[Answer], Estimate], float]


def queue(rate: float, servers: int = 1, service: Service | None = None, **station: object) -> Network:
    """One station and one class."""
    one = Station(name="s", servers=servers, service=service or Service.exponential(1.0), **station)  # type: ignore[arg-type]
    c = RequestClass(name="c", arrivals=Arrivals.poisson(rate), calls=(Call(station="s"),))
    return Network(stations=(one,), classes=(c,))


def list_forms() -> list[tuple[str, Network, list[Exact]]]:
    """The closed forms: a network, and what is known of it exactly."""

    def wait(answer: Answer) -> Estimate:
        return answer.stations["s"].wait

    def p99(answer: Answer) -> Estimate:
        return answer.stations["s"].p99

    def utilisation(answer: Answer) -> Estimate:
        return answer.stations["s"].utilisation

    a, weights = 1.8, [1.0]
    for n in range(1, 6):
        weights.append(weights[-1] * a / min(n, 2))
    hyper = Service.hyperexponential(means=(0.5, 3.0), shares=(0.8, 0.2))
    tandem = Network(
        stations=(
            Station(name="a", servers=2, service=Service.exponential(1.0)),
            Station(name="s", servers=1, service=Service.exponential(0.7)),
        ),
        classes=(RequestClass(name="c", arrivals=Arrivals.poisson(1.0), calls=(Call(station="a"), Call(station="s"))),),
    )
    machines = Network(
        stations=(Station(name="s", service=Service.exponential(1.0)),),
        classes=(
            RequestClass(
                name="c", arrivals=Arrivals.closed(8, think=Service.exponential(10.0)), calls=(Call(station="s"),)
            ),
        ),
    )
    repair = queueing.mean_value_analysis((1.0,), 10.0, 8)[-1]
    return [
        ("M/M/1", queue(0.7), [
            ("wait", wait, queueing.mean_wait(1, 0.7, 1.0)), ("utilisation", utilisation, 0.7),
            ("p99", p99, queueing.response_quantile(1, 0.7, 1.0, 0.99)),
        ]),
        ("M/M/4", queue(3.0, 4), [
            ("wait", wait, queueing.mean_wait(4, 3.0, 1.0)),
            ("p99", p99, queueing.response_quantile(4, 3.0, 1.0, 0.99)),
        ]),
        ("M/M/2/5", queue(a, 2, queue_limit=3), [
            ("refused", lambda one: one.classes["c"].failures["refused"], weights[-1] / sum(weights)),
        ]),
        ("M/D/1", queue(0.7, service=Service.constant(1.0)), [
            ("wait", wait, queueing.kingman_wait(1, 0.7, 1.0, service_scv=0.0)),
        ]),
        ("M/G/1", queue(0.6, service=hyper), [
            ("wait", wait, queueing.kingman_wait(1, 0.6, hyper.mean, service_scv=hyper.scv)),
        ]),
        ("M/G/1-PS", queue(0.6, service=Service.constant(1.0), discipline="sharing"), [
            ("response", lambda one: one.stations["s"].response, 2.5),
        ]),
        ("Jackson's tandem", tandem, [
            ("wait at a", lambda one: one.stations["a"].wait, queueing.mean_wait(2, 1.0, 1.0)),
            ("wait at b", wait, queueing.mean_wait(1, 1.0, 0.7)),
        ]),
        ("machine repair", machines, [
            ("throughput", lambda one: one.classes["c"].goodput, repair.throughput),
            ("response", lambda one: one.classes["c"].mean, repair.response),
        ]),
    ]  # fmt: skip


def show_right() -> None:
    """In how many experiments each exact value is inside its interval."""
    print(
        f"\nRight: inside the 95 % interval in so many of {EXPERIMENTS} experiments of {REPLICATIONS} seeds (at least 93 %)"
    )
    for name, network, known in list_forms():
        inside = dict.fromkeys((what for what, _, _ in known), 0)
        for n in range(EXPERIMENTS):
            seeds = range(n * REPLICATIONS, (n + 1) * REPLICATIONS)
            answer = simulate(network, seconds=8000, seeds=seeds, steady=True)
            for what, find, exact in known:
                inside[what] += exact in find(answer)
        for what, count in inside.items():
            share = count / EXPERIMENTS
            print(f"  {name:17} {what:12} {share:7.1%}{'' if share >= 0.93 else '   BELOW 93 %'}")


def show_published() -> None:
    """The metastable boundary (Bronson et al. 2021) and Brooker's retry policies (2022)."""
    print("\nPublished: one FIFO server of 300/s, patience 1 s, one retry, paused from 60 to 70 s; 240 to 300 s")
    for rate in (100, 120, 140, 160, 200, 240, 280):
        row = []
        for retries, is_discarding in ((1, False), (0, False), (1, True)):
            server = Station(name="s", service=Service.exponential(1 / 300), discards_expired=is_discarding)
            call = Call(station="s", timeout=1.0, retries=retries)
            network = Network(
                stations=(server,),
                classes=(RequestClass(name="c", arrivals=Arrivals.poisson(rate), calls=(call,)),),
                faults=(Fault(kind="paused", target="s", start=60, end=70),),
            )
            answer = simulate(network, seconds=300, seeds=10, measure=(240, 300))
            row.append(
                f"{answer.classes['c'].success.value:.3f} at {answer.stations['s'].amplification.value:.2f} times"
            )
        print(f"  {rate}/s: goodput {row[0]} the load; without retry {row[1]}; expired work discarded {row[2]}")
    print(
        "Published: a hundred callers, sixty calls each: success / load with 3 retries, token bucket, breaker on retries"
    )
    for failure in (0.1, 0.3, 0.5):
        row = []
        for call in (
            Call(station="s", retries=3),
            Call(station="s", retries=10_000, budget=RetryBudget(per_call=0.1, size=5, instances=100)),
            Call(station="s", retries=3,
                 breaker=Breaker(threshold=0.1, window=None, least=0, stops="retries", instances=100)),
        ):  # fmt: skip
            station = Station(name="s", servers=None, service=Service.constant(0.01), failure=failure)
            network = Network(
                stations=(station,), classes=(RequestClass(name="c", arrivals=Arrivals.poisson(1000), calls=(call,)),)
            )
            answer = simulate(network, seconds=6, seeds=20)
            row.append(f"{answer.classes['c'].success.value:.3f} / {answer.stations['s'].amplification.value:.3f}")
        print(f"  failure {failure}: {'   '.join(row)}")


def make_tandem() -> Network:
    """Five stations of four servers, 5 % failures, up to three attempts with back-off and jitter."""
    names = [f"s{n}" for n in range(5)]
    stations = tuple(Station(name=name, servers=4, service=Service.exponential(1.0), failure=0.05) for name in names)
    calls = tuple(Call(station=name, retries=2, backoff=0.5, jitter="full") for name in names)
    return Network(stations=stations, classes=(RequestClass(name="c", arrivals=Arrivals.poisson(3.0), calls=calls),))


def run_simpy(seconds: float, seed: int) -> tuple[int, float]:
    """The tandem in SimPy: customers and processor time."""
    import simpy

    rng, env = random.Random(seed), simpy.Environment()
    places = [simpy.Resource(env, capacity=4) for _ in range(5)]
    done = [0]

    def customer():  # type: ignore[no-untyped-def]
        for place in places:
            for attempt in range(3):
                with place.request() as slot:
                    yield slot
                    yield env.timeout(rng.expovariate(1.0))
                if rng.random() >= 0.05:
                    break
                if attempt < 2:
                    yield env.timeout(rng.uniform(0, 0.5 * 2**attempt))
            else:
                break
        done[0] += 1

    def source():  # type: ignore[no-untyped-def]
        while True:
            yield env.timeout(rng.expovariate(3.0))
            env.process(customer())

    env.process(source())
    began = time.process_time()
    env.run(until=seconds)
    return done[0], time.process_time() - began


def show_fast() -> None:
    """Customers and heap events a second of processor time, by turns."""
    network, ours, theirs, plain = make_tandem(), [], [], []
    began = time.process_time()
    run_seed(network, 10, 0, True)
    print(f"\nFast: compiled or loaded from disk in {time.process_time() - began:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        compiler, program = shutil.which("cc"), Path(folder) / "tandem"
        if compiler is not None:
            source = Path(__file__).parent / "tandem.c"
            subprocess.run([compiler, "-O3", "-o", str(program), str(source), "-lm"], check=True)
        for turn in range(5):
            began = time.process_time()
            run = run_seed(network, 300_000, turn, True)
            spent = time.process_time() - began
            customers = int(run.class_counts[:, 0, 0].sum())
            ours.append((customers / spent, run.events / spent))
            if compiler is not None:
                text = subprocess.run([str(program), "1000000", str(turn)], capture_output=True, text=True, check=True)
                people, events, seconds, _ = text.stdout.split()
                plain.append((int(people) / float(seconds), int(events) / float(seconds)))
            people_simpy, spent = run_simpy(5000, turn)
            theirs.append(people_simpy / spent)
    best, events = max(ours)
    print(f"  this loop      {best / 1e6:6.2f} M customers/s   {events / 1e6:5.1f} M heap events/s (at least 10)")
    if plain:
        best_c, events_c = max(plain)
        print(f"  plain C, -O3   {best_c / 1e6:6.2f} M customers/s   {events_c / 1e6:5.1f} M heap events/s; this loop is "
              f"{events / events_c:.2f} of it (at least 0.5)")  # fmt: skip
    print(
        f"  SimPy          {max(theirs) / 1e3:6.1f} k customers/s; this loop is {best / max(theirs):.0f} times it (at least 50)"
    )
    print(
        "  published: Breakscale's engine 0.38 to 0.43 M customers/s, 2.6 to 2.8 M events/s (Node 20, another machine)"
    )


def show_far() -> None:
    """One sweep here, on two processes and on a Dask cluster of two workers."""
    networks = {f"{rate}/s": queue(rate, 4) for rate in (2.0, 2.8, 3.6)}
    here = sweep(networks, seconds=20_000, seeds=4)
    print("\nFar: a sweep of three networks by four seeds, twelve tasks")
    with ProcessPoolExecutor(2) as pool:
        print(
            f"  process pool of two: {'equal' if sweep(networks, seconds=20_000, seeds=4, executor=pool) == here else 'DIFFERENT'}"
        )
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        print("  no distributed: pip install distributed")
        return
    told: list[int] = []
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        far = sweep(
            networks,
            seconds=20_000,
            seeds=4,
            executor=client.get_executor(),
            progress=lambda done, of: told.append(done),
        )
    print(f"  Dask cluster of two workers: {'equal' if far == here else 'DIFFERENT'}; progress {told[0]} to {told[-1]}")


def main() -> None:
    """Print the versions, and all of it."""
    names = []
    for name in ("archnb", "numba", "numpy", "simpy", "ciw", "distributed"):
        try:
            names.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            names.append(f"no {name}")
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}; {', '.join(names)}")
    parts = {"fast": show_fast, "published": show_published, "far": show_far, "right": show_right}
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
