"""Limits: how often one caller may call, from how often an average user does, so that nobody honest ever meets one."""

from __future__ import annotations

import math

from archnb.fact import Fact
from archnb.fact.keys.api import CALLS_PER_USER
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.load import DAILY_USERS, PEAK_FACTOR
from archnb.quantity import Quantity, unit
from archnb.topics.topic import Draft


def _round_up(value: float) -> int:
    """The next number that people would choose: 1, 2, 3, 5, 6 or 10 times a power of ten."""
    if value <= 1:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return int(next(step * power for step in (1, 2, 3, 5, 6, 10) if step * power >= value - 1e-9))


def choose_rate_limit(draft: Draft, name: str, is_read: bool) -> tuple[Quantity | None, str, tuple[str, ...]]:
    """A limit for one caller: ten times an average user's day of calls within a minute, but no less than a person's hands can do."""
    floor = 60 if is_read else 10
    calls = find_calls(draft, name)
    if calls is None:
        limit = floor
        return (
            Quantity(limit, limit, unit("/min"), f"{limit}/min"),
            f"{'A person reads' if is_read else 'A person writes'} no faster; nothing more is known of its rate.",
            (),
        )
    fact = draft.facts.define(CALLS_PER_USER.of(name), calls, "/day", "How often an average user of a day calls it.")
    limit = max(floor, _round_up(fact.to("/day") * 10))
    reason = (
        f"An average user calls it {fact.text}; {limit}/min lets ten times that day pass within one minute"
        if limit > floor
        else f"An average user calls it {fact.text}; {limit}/min is more than a person's hands do"
    )
    return Quantity(limit, limit, unit("/min"), f"{limit}/min"), f"{reason}, and stops a runaway program.", (fact.name,)


def find_calls(draft: Draft, name: str) -> Fact | None:
    """Calls of an operation per daily user, from its peak rate, the peak factor and the daily users; None where one is unknown."""
    facts = draft.facts
    rate = facts.get(PATTERN_RATE.of(name))
    if rate is None or facts[DAILY_USERS].base <= 0 or facts[PEAK_FACTOR].base <= 0:
        return None
    return rate / facts[PEAK_FACTOR] / facts[DAILY_USERS]


__all__ = ["choose_rate_limit", "find_calls"]
