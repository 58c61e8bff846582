"""Numbers in, numbers out: closed forms and simulations that know no Design.

Rates are per second and times are in seconds unless a docstring says otherwise; only ratios matter, so any one time
unit used throughout is as good. An overloaded system is an answer (`inf`), a number outside its domain a `ValueError`.
"""

from __future__ import annotations


def require(argument: str, value: object, is_allowed: bool, allowed: str) -> None:
    """Raise a ValueError that names the argument, what was given and what is allowed, unless `is_allowed`.

    >>> require("servers", 0, False, "a whole number of at least 1")
    Traceback (most recent call last):
    ValueError: servers: 0 is not allowed; give a whole number of at least 1
    """
    if not is_allowed:
        raise ValueError(f"{argument}: {value!r} is not allowed; give {allowed}")


def require_finite(argument: str, value: float, *, is_zero_allowed: bool = True) -> None:
    """Raise a ValueError unless `value` is a finite number of at least (or, on request, above) zero."""
    if is_zero_allowed:
        require(argument, value, 0 <= value < float("inf"), "a finite number of at least 0")
    else:
        require(argument, value, 0 < value < float("inf"), "a finite number above 0")


def require_share(argument: str, value: float) -> None:
    """Raise a ValueError unless `value` is a share between 0 and 1, both allowed."""
    require(argument, value, 0 <= value <= 1, "a share from 0 to 1 (99.9 % is 0.999)")


def require_count(argument: str, value: int, *, least: int = 1) -> None:
    """Raise a ValueError unless `value` is a whole number of at least `least`."""
    require(argument, value, value >= least and value == int(value), f"a whole number of at least {least}")
