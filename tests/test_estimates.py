"""The published back-of-the-envelope figures of the URL shortener, within 7 %, each with its arithmetic.

The source rounds 38 writes a second up to 40 before it goes on, which is 5 % of everything that follows.
"""

from __future__ import annotations

import pytest

from archnb import plan
from tests.designs import shortener

# karanpratapsingh/system-design, "URL Shortener": what it prints, by the fact that must give it
PUBLISHED = {
    "load.average_writes": ("/s", 40),
    "load.average_reads": ("/s", 4_000),
    "load.peak_reads": ("/s", 4_000),
    "load.storage": ("TB", 6),
    "cache.daily_hot_set": ("GB", 35),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_figure(name: str) -> None:
    """The fact gives the published figure and shows its arithmetic."""
    unit, figure = PUBLISHED[name]
    fact = plan(shortener()).facts[name]
    assert fact.to(unit) == pytest.approx(figure, rel=0.07)
    assert len(fact.why().splitlines()) >= 3


def test_key_space() -> None:
    """Seven characters of 62 make 3.5 trillion codes, and the arithmetic is shown."""
    fact = plan(shortener()).facts["entities.Link.code.key_space"]
    assert fact.value == pytest.approx(3.5e12, rel=0.05)
    assert "power(62, 7)" in fact.why()
