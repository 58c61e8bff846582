"""An outage seen from outside: a probe, the traffic that is missing, and the series that are gone.

A ratio of errors is silent where nothing is answered at all: no request is counted, so none is bad. What has to be asked is
whether a call from outside is answered, and whether as many requests come as must come even in the quietest hour.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from archnb.design.monitoring import Alert, Metric
from archnb.fact import Fact, total
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.load import PEAK_FACTOR
from archnb.fact.keys.monitoring import FALSE_ALARMS, FLOOR_SHARE, QUIET_SHARE, TRAFFIC_FLOOR, TRAFFIC_RATE
from archnb.quantity import number, parse
from archnb.sim.reliability import chance_of_at_most
from archnb.topics.monitoring.metrics import PROBE, REQUESTS
from archnb.topics.topic import Draft

_OUTSIDE = "Nobody gets through. Call it yourself from outside, then go inwards: name service, certificate, balancer, gateway; roll back the last change of these first."
_PROBE = "Start the probe again: while it is gone, nobody sees an outage in front of the service."
# windows over which missing traffic is told, the shortest that the load allows
_WINDOWS = (300.0, 600.0, 900.0, 1800.0)


def propose_outages(
    draft: Draft, metrics: Mapping[str, Metric], window: float
) -> Iterator[tuple[str, Alert, str, tuple[str, ...]]]:
    """The alerts that fire where nothing is served, each with its name, reason and the facts behind it."""
    if PROBE in metrics:
        yield (
            "probe_fails",
            Alert(metric=PROBE, condition="< 1", pending=parse("2 min"), severity="page", runbook=_OUTSIDE),
            "a call from outside fails twice running: what lies in front of the service is seen by nothing else",
            (),
        )
        yield (
            "probe_gone",
            Alert(metric=PROBE, condition="absent", pending=parse("15 min"), severity="ticket", runbook=_PROBE),
            "an alert on a series that is not there is silent, which looks like all being well",
            (),
        )
    if REQUESTS not in metrics:
        return
    yield (
        "requests_gone",
        Alert(metric=REQUESTS, condition="absent", pending=parse("5 min"), severity="page", runbook=_OUTSIDE),
        "what counts the requests is gone: all alerts on their errors are silent now",
        (),
    )
    found = measure_floor(draft)
    if found is None:
        return
    floor, quiet = found
    span = choose_window(quiet, draft.facts[FLOOR_SHARE].base, window, draft.facts[FALSE_ALARMS].base)
    if span is None:
        draft.note(
            "monitoring.alerts.requests_stopped",
            f"left out: in the quietest hour {number(quiet * _WINDOWS[-1])} requests come in half an hour, so none for a while is no sign; the probe watches instead",
        )
        return
    yield (
        "requests_stopped",
        Alert(
            metric=REQUESTS,
            condition=f"falls below {floor.base:.3g}/s",
            long_window=parse(f"{span / 60:g} min"),
            pending=parse("5 min"),
            severity="page",
            runbook=_OUTSIDE,
        ),
        f"{draft.facts[FLOOR_SHARE].text} of what comes in the quietest hour ({number(quiet)}/s); in {span / 60:g} min {number(quiet * span)} requests must come then, so that chance alone stays above it",
        (floor.name,),
    )


def measure_floor(draft: Draft) -> tuple[Fact, float] | None:
    """The requests a second below which nobody gets through, and those of the quietest hour; None where no rate is known."""
    facts = draft.facts
    asked = [name for name in draft.design.access if draft.model.audiences.find_copy(name) is None]
    rates = [rate for name in asked if (rate := facts.get(PATTERN_RATE.of(name))) is not None]
    if not rates:
        return None
    rate = facts.define(
        TRAFFIC_RATE, total(rates) / facts[PEAK_FACTOR], "/s", "all requests of users, on average over the day"
    )
    floor = facts.define(
        TRAFFIC_FLOOR,
        rate * facts[QUIET_SHARE] * facts[FLOOR_SHARE],
        "/s",
        "average × share of the quietest hour × share below which nobody gets through",
    )
    return floor, rate.base * facts[QUIET_SHARE].base


def choose_window(quiet: float, share: float, window: float, allowed: float) -> float | None:
    """The shortest window in seconds over which the quietest hour's traffic does not fall below `share` of itself by chance.

    quiet: requests a second, Poisson. allowed: false alarms in `window` seconds, counted once a span; None where no span will do.

    >>> choose_window(10.0, 0.1, 2592000.0, 0.01), choose_window(0.001, 0.1, 2592000.0, 0.01)
    (300.0, None)
    """
    for span in _WINDOWS:
        mean = quiet * span
        # far above, chance takes no part: P(N ≤ a tenth) < exp(-mean / 2)
        if mean > 500 or chance_of_at_most(math.ceil(share * mean) - 1, mean) * window / span <= allowed:
            return span
    return None


__all__ = ["choose_window", "measure_floor", "propose_outages"]
