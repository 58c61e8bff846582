"""The published back-of-the-envelope figures of the URL shortener, within 5 %, each with its arithmetic.

The source rounds 38 writes a second up to 40 before it goes on, so what follows from the rates is compared per request.
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
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_figure(name: str) -> None:
    """The fact gives the published figure and shows its arithmetic."""
    unit, figure = PUBLISHED[name]
    fact = plan(shortener()).facts[name]
    assert fact.to(unit) == pytest.approx(figure, rel=0.05)
    assert len(fact.why().splitlines()) >= 3


def test_daily_hot_set() -> None:
    """A fifth of a day's reads, each counted as another record: 35 GB at 4 000 reads a second."""
    facts = plan(shortener()).facts
    a_read = facts["cache.daily_hot_set"].to("GB") / facts["load.average_reads"].to("/s")
    assert a_read == pytest.approx(35 / 4_000, rel=0.05)


def test_key_space() -> None:
    """Seven characters of 62 make 3.5 trillion codes, and the arithmetic is shown."""
    fact = plan(shortener()).facts["entities.Link.code.key_space"]
    assert fact.value == pytest.approx(3.5e12, rel=0.05)
    assert "power(62, 7)" in fact.why()
