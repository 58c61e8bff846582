"""Several instances of a part: how busy they are, how long a request waits for one, and how many of them may be away.

An instance is a queue of its own with as many servers as it has cores, and gets its part of the requests by chance
(M/M/c, with Allen and Cunneen's factor where arrivals or times of work vary more or less than exponentially). What a
database has beside its primary waits for its turn: it takes over, and shares no load unless reads may go there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from archnb.design.flow import Component
from archnb.fact import Fact, Key, apply_model, maximum
from archnb.fact.keys.flow import (
    ARRIVAL_VARIATION,
    COMPONENT_AFTER_LOSS,
    COMPONENT_AVAILABLE,
    COMPONENT_BUSY,
    COMPONENT_NEEDED,
    COMPONENT_P_WAIT,
    COMPONENT_RATE,
    COMPONENT_REPLICAS,
    COMPONENT_SERVED,
    COMPONENT_UTILISATION,
    COMPONENT_VARIATION,
    COMPONENT_WAIT,
    KIND_CORES,
    SERVICE_VARIATION,
    SHARED_CAUSE,
)
from archnb.sim.queueing import erlang_c, erlang_c_of
from archnb.sim.reliability import pool_availability
from archnb.topics.topic import Draft

# a chance that nobody will see happen
NEVER = 1e-9


def is_primary_alone(draft: Draft, one: Component) -> bool:
    """Whether one instance of a part does all of its work, the others only standing by: a store whose reads go to no replica."""
    replica = draft.design.patterns.get("read_replica")
    return one.kind == "store" and not (replica is not None and replica.use)


def find_shared(one: Component) -> Key:
    """The assumption of which share of a part's failures takes its twins down as well."""
    return SHARED_CAUSE.of("stateful" if one.kind in ("store", "cache", "queue") else "stateless")


def measure_pool(draft: Draft, name: str, one: Component, up: Fact, work: Sequence[tuple[Fact, Fact]] = ()) -> None:
    """Add how busy a part is, how long a request waits there, how many instances the peak needs, and how available it is.

    work: the rates and times of the different things that it does, where they are known one by one.
    """
    facts, replicas = draft.facts, draft.facts[COMPONENT_REPLICAS.of(name)]
    shared = facts[find_shared(one)]
    busy = facts.get(COMPONENT_BUSY.of(name))
    alone = is_primary_alone(draft, one)
    needed: Fact | float = 1.0
    served: Fact | None = None
    if busy is not None:
        cores = facts[KIND_CORES.of(one.kind or "service")]
        working: Fact | float = 1.0 if alone else replicas
        use = facts.define(
            COMPONENT_UTILISATION.of(name), busy / cores if alone else busy / (replicas * cores), "%",
            "how busy the primary's cores are at the peak; the standby answers nothing" if alone and replicas.base > 1
            else "how busy its cores are at the peak",
        )  # fmt: skip
        if len(work) > 1:
            facts.define(
                COMPONENT_VARIATION.of(name),
                apply_model("variation of a mixture", mixture_variation, "", *(each for pair in work for each in pair), is_vectorised=True),
                "", "each thing that it does takes an exponential time of its own; a few long ones among many short ones make all wait",
            )  # fmt: skip
        _measure_wait(draft, name, busy, working, cores)
        if use.base >= 1 or use.is_uncertain():
            served = facts.define(
                COMPONENT_SERVED.of(name), 1.0 / maximum(use, 1.0), "%",
                "where more arrives than it can do, at most this share is ever answered",
            )  # fmt: skip
        if not alone:
            needed = facts.define(
                COMPONENT_NEEDED.of(name), apply_model("least without overload", least_without_overload, "", busy / cores), "",
                "so many instances must work at the peak, or the others are overloaded",
            )  # fmt: skip
            if replicas.base > 1:
                facts.define(
                    COMPONENT_AFTER_LOSS.of(name), busy / ((replicas - 1) * cores), "%",
                    "how busy those that are left are at the peak while one instance is away",
                )  # fmt: skip
    works = apply_model(
        "P(at least k of n) − β·u", _pool, "%", up, replicas, needed, shared, labels=("1 − u", "n", "k", "β"),
    )  # fmt: skip
    enough = "one is" if isinstance(needed, float) or needed.base <= 1 else "as many as the peak needs are"
    facts.define(
        COMPONENT_AVAILABLE.of(name),
        works if served is None else works * served,
        "%",
        f"{enough} at work; a share of failures takes all of them"
        + ("; what is not served in time is no answer" if served is not None else ""),
    )


def _pool(up: float, parts: float, needed: float, shared: float) -> float:
    """The model over numbers that were said or drawn; a share outside of 0 to 1 is taken as the nearest that makes sense."""
    if parts < 1:
        return 0.0
    return pool_availability(min(1.0, max(0.0, up)), round(parts), max(1, round(needed)), shared)


def least_without_overload(instances: float) -> float:
    """The smallest whole number of instances that is more than the work of so many.

    >>> least_without_overload(1.13), least_without_overload(2.0), least_without_overload(0.0)
    (2.0, 3.0, 1.0)
    """
    return float(math.floor(instances + 1e-9) + 1) if math.isfinite(instances) else math.inf


def _measure_wait(draft: Draft, name: str, busy: Fact, working: Fact | float, cores: Fact) -> None:
    facts, rate = draft.facts, draft.facts[COMPONENT_RATE.of(name)]
    variation = facts.get(COMPONENT_VARIATION.of(name)) or facts[SERVICE_VARIATION.of(name)]
    waiting = facts.define(
        COMPONENT_P_WAIT.of(name),
        apply_model("Erlang C", wait_chance, "%", busy, working, cores, labels=("busy", "instances", "cores"), is_vectorised=True),
        "%", "requests that find all cores of their instance at work", source="Erlang C (M/M/c); Gross et al., Fundamentals of Queueing Theory",
    )  # fmt: skip
    facts.define(
        COMPONENT_WAIT.of(name),
        apply_model(
            "Allen-Cunneen", mean_wait, "s", waiting, busy, working, cores, rate, facts[ARRIVAL_VARIATION], variation,
            labels=("P(wait)", "busy", "instances", "cores", "rate", "ca²", "cs²"), is_vectorised=True,
        ),
        "ms", "how long a request waits for a core on average, those that need not wait included",
        source="Allen-Cunneen; exact for Poisson arrivals and exponential times of work",
    )  # fmt: skip


def mixture_variation(*pairs: Any) -> Any:
    """Variance over squared mean of exponential times taken in turn by their rates: `rate, time, rate, time, …`.

    >>> round(mixture_variation(1.0, 0.5, 7.0, 0.5), 9), round(mixture_variation(99.0, 0.01, 1.0, 1.0), 1)
    (1.0, 50.0)
    """
    rates, times = pairs[0::2], pairs[1::2]
    every = sum(rates)
    mean = sum(r * t for r, t in zip(rates, times, strict=True))
    square = sum(2 * r * t * t for r, t in zip(rates, times, strict=True))
    if getattr(mean, "ndim", 0):
        import numpy

        return numpy.where(mean > 0, square * every / numpy.maximum(mean * mean, 1e-300) - 1, 1.0)
    return square * every / (mean * mean) - 1 if mean > 0 else 1.0


def wait_chance(busy: Any, instances: Any, cores: Any) -> Any:
    """P(wait) at each of some instances that share the work; 1 from the capacity on. Numbers or arrays.

    >>> round(wait_chance(15.0, 10.0, 2.0), 6)
    0.642857
    """
    if not any(getattr(one, "ndim", 0) for one in (busy, instances, cores)):
        chance = erlang_c(max(1, round(cores)), max(0.0, busy / max(1.0, instances)))
        return chance if chance > NEVER else 0.0
    import numpy

    loads, servers = numpy.broadcast_arrays(numpy.maximum(busy / numpy.maximum(instances, 1.0), 0.0), cores)
    made = numpy.empty(loads.shape)
    for count in numpy.unique(servers):
        here = servers == count
        made[here] = erlang_c_of(max(1, round(float(count))), loads[here])
    return numpy.where(made > NEVER, made, 0.0)


def mean_wait(
    waiting: Any, busy: Any, instances: Any, cores: Any, rate: Any, arrival_scv: Any, service_scv: Any
) -> Any:
    """The mean wait in seconds, `inf` from the capacity on: P(wait) × s ÷ (c − a) × (ca² + cs²) ÷ 2. Numbers or arrays.

    >>> round(mean_wait(0.40918, 8.0, 1.0, 10.0, 8.0, 1.0, 1.0), 5)   # s = 1, so in times of work
    0.20459
    """
    values = (waiting, busy, instances, cores, rate, arrival_scv, service_scv)
    if any(getattr(one, "ndim", 0) for one in values):
        import numpy

        with numpy.errstate(divide="ignore", invalid="ignore"):
            room = numpy.maximum(numpy.round(cores), 1.0) - busy / numpy.maximum(instances, 1.0)
            time = numpy.where(numpy.asarray(rate) > 0, busy / rate, 0.0)
            made = waiting * time / room * (arrival_scv + service_scv) / 2
            return numpy.where(room <= 0, numpy.inf, made)
    if rate <= 0 or busy <= 0:
        return 0.0
    room = max(1, round(cores)) - busy / max(1.0, instances)
    return waiting * (busy / rate) / room * (arrival_scv + service_scv) / 2 if room > 0 else math.inf
