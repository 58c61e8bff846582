"""Schedules of jobs as cron writes them: minute, hour, day of the month, month, day of the week."""

from __future__ import annotations

import datetime

# the values that each field may have, in their order: Sunday is 0, and 7 too
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def is_due(schedule: str, moment: datetime.datetime) -> bool:
    """Whether a schedule names a minute. Raises ValueError where it is none of five fields.

    Where both the day of the month and that of the week are restricted, one of them is enough, as POSIX has it for crontab.

    >>> is_due("*/15 3 * * *", datetime.datetime(2026, 11, 25, 3, 30))
    True
    """
    fields = schedule.split()
    if len(fields) != 5:
        raise ValueError(f"{schedule!r} has {len(fields)} fields, not five")
    minute, hour, day, month, weekday = (
        _list(text, low, high) for text, (low, high) in zip(fields, _BOUNDS, strict=True)
    )
    today = (moment.weekday() + 1) % 7
    is_weekday = today in {one % 7 for one in weekday}
    days = [is_weekday if fields[4] != "*" else True, moment.day in day]
    is_day = any((is_weekday, moment.day in day)) if fields[2] != "*" and fields[4] != "*" else all(days)
    return moment.minute in minute and moment.hour in hour and moment.month in month and is_day


def _list(text: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        else:
            start, _, end = span.partition("-")
            first = int(start)
            last = int(end) if end else high if step else first
        if not low <= first <= last <= high:
            raise ValueError(f"{part!r} is not within {low} and {high}")
        found |= set(range(first, last + 1, int(step or 1)))
    return found


__all__ = ["is_due"]
