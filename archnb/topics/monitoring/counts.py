"""Low traffic: where a window holds too few requests for a ratio, the bad ones are counted over a long window.

The threshold is what chance alone does not reach while the promise is kept: the smallest number k of which P(N ≥ k) allows
less than one false alarm in ten SLO windows, N being Poisson with the mean that the promise allows, and never below a handful.
"""

from __future__ import annotations

from collections.abc import Iterator

from archnb.design.monitoring import Alert, Slo
from archnb.fact.keys.monitoring import FALSE_ALARMS, HANDFUL
from archnb.quantity import number, parse
from archnb.sim.reliability import count_beyond_chance
from archnb.topics.topic import Draft

HOUR, DAY = 3600.0, 86400.0
_WINDOWS = {"page": (HOUR, 6 * HOUR, DAY), "ticket": (3 * DAY, 7 * DAY, 14 * DAY)}
LONGEST = max(_WINDOWS["ticket"])
_RUNBOOK = {
    "page": "Few requests come and several failed: call it yourself, read the log of each; look at the last deployment first.",
    "ticket": "Read the log of each bad request; few come, so each says much.",
}


def propose_counts(
    draft: Draft, name: str, slo: Slo, rate: float, window: float, severities: tuple[str, ...]
) -> Iterator[tuple[str, Alert, str]]:
    """The alerts on numbers of bad requests of an SLO at `rate` requests a second, one a severity, with their reasons."""
    assert slo.objective is not None
    allowed = 1 - slo.objective.base
    for severity in severities:
        for span in _WINDOWS[severity]:
            expected, come = allowed * rate * span, rate * span
            errors = threshold(
                expected, round(draft.facts[HANDFUL].base), draft.facts[FALSE_ALARMS].base * span / window
            )
            # a full outage must be told: twice as many come as are needed
            if come >= 2 * errors and span <= window:
                long = f"{span / DAY:g} days" if span > DAY else f"{span / HOUR:g} h"
                yield (
                    f"{name}_count_{f'{span / DAY:g}d' if span >= DAY else f'{span / HOUR:g}h'}",
                    Alert(
                        slo=name, severity=severity, long_window=parse(long), errors=parse(str(errors)),  # type: ignore[arg-type]
                        runbook=_RUNBOOK[severity],
                    ),
                    f"{number(come)} requests come in {long} and {number(expected)} of them may be bad: from {errors} on it is no chance;"
                    f" a full outage is told after {number(errors / rate / 60)} min of the average traffic, and by the probe at once",
                )  # fmt: skip
                break


def threshold(expected: float, handful: int, chance: float) -> int:
    """From how many bad requests on an alert is no chance, where `expected` are as promised; at least a handful.

    >>> threshold(0.3, 5, 0.001), threshold(9.6, 5, 0.001)
    (5, 21)
    """
    return max(handful, count_beyond_chance(expected, min(0.5, chance)))


__all__ = ["LONGEST", "propose_counts", "threshold"]
