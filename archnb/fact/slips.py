"""The slips of estimates on the back of an envelope: which one explains that two figures of one thing differ.

Figures that are published, or said twice in a design, often differ by a factor that has a name: bits taken for bytes, 1000 for
1024, an average for a peak, a month of 30 days for one of 30.44.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Slip(NamedTuple):
    """A factor by which two figures differ, within a share of itself, and the mistake that makes it."""

    factor: float
    name: str
    within: float = 0.01


SLIPS: tuple[Slip, ...] = (
    Slip(8, "bits taken for bytes"),
    Slip(86_400, "a rate a day taken for one a second"),
    Slip(3_600, "a rate an hour taken for one a second"),
    Slip(60, "a rate a minute taken for one a second"),
    Slip(24, "a rate a day taken for one an hour"),
    Slip(365.25 / 12, "a rate a month taken for one a day", 0.02),
    Slip(365.25, "a rate a year taken for one a day"),
    Slip(7, "a rate a week taken for one a day"),
    Slip(1000, "one prefix (kilo, mega, giga) too many", 0.001),
    Slip(1024, "one binary prefix (Ki, Mi, Gi) too many", 0.001),
    Slip(1.024, "1000 taken for 1024 (kB for KiB)", 0.001),
    Slip(1.024**2, "1000 taken for 1024 twice (MB for MiB)", 0.001),
    Slip(1.024**3, "1000 taken for 1024 three times (GB for GiB)", 0.001),
    Slip(1.024**4, "1000 taken for 1024 four times (TB for TiB)", 0.001),
    Slip(365.25 / 12 * 86_400 / 2.5e6, "a month rounded to 2.5 million seconds", 0.001),
    Slip(365.25 / 12 / 30, "a month of 30 days beside one of 30.44", 0.001),
)


def name_slip(given: float, computed: float, *, peak: float | None = None) -> str:
    """The mistake that explains how one figure of a thing differs from another; '' where none does, or they do not differ.

    peak: how many times the average the peak is, where it may have been taken for the average, or the other way round.

    >>> name_slip(8e9, 1e9), name_slip(43.83, 43.2), name_slip(1e9, 1e9), name_slip(390e9, 341e9)
    ('bits taken for bytes', 'a month of 30 days beside one of 30.44', '', '')
    >>> name_slip(300.0, 100.0, peak=3.0)
    'a peak taken for an average'
    """
    if given <= 0 or computed <= 0 or math.isclose(given, computed, rel_tol=5e-4):
        return ""
    ratio = max(given / computed, computed / given)
    if peak is not None and peak > 1 and math.isclose(ratio, peak, rel_tol=0.02):
        return "a peak taken for an average" if given > computed else "an average taken for a peak"
    found = [one for one in SLIPS if math.isclose(ratio, one.factor, rel_tol=one.within)]
    return min(found, key=lambda one: abs(math.log(ratio / one.factor))).name if found else ""


def judge_figure(published: float, computed: float, *, within: float = 0.05, peak: float | None = None) -> str:
    """Whether a published figure follows from its inputs: '' within a share of what they come to, else what is wrong with it.

    >>> judge_figure(5.0, 4.63), judge_figure(5.0, 4.9)
    ('8 % more than its inputs come to', '')
    >>> judge_figure(390e9, 6 * 56.8e9)
    '14 % more than its inputs come to'
    """
    if computed <= 0 or published <= 0 or abs(computed / published - 1) <= within:
        return ""
    slip = name_slip(published, computed, peak=peak)
    if slip:
        return slip
    ratio = published / computed
    if ratio >= 2 or ratio <= 0.5:
        return f"{max(ratio, 1 / ratio):.3g} times {'more' if ratio > 1 else 'less'} than its inputs come to"
    return f"{abs(ratio - 1) * 100:.0f} % {'more' if ratio > 1 else 'less'} than its inputs come to"


__all__ = ["SLIPS", "Slip", "judge_figure", "name_slip"]
