"""The trade-offs of a cache: rows that follow from the design or from a log, the knee, and what a log without sense is told."""

from __future__ import annotations

import doctest
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from archnb import Design, plan
from archnb.cli import main
from archnb.exceptions import ArchnbError, InputError
from archnb.sim.caching import estimate_cache
from archnb.topics.cache.tradeoffs import find_knee

LIBRARY = {
    "archnb": 1,
    "name": "hymns",
    "requirements": {"load": {"daily_users": "2M", "requests_per_user": "30/day"}, "objectives": {"sing": {"staleness": "2 min"}}},
    "entities": {
        "Hymn": {"fields": {"id": "key", "title": "text(200)", "verses": "text(4000)"}, "rows": "50k"},
        "Singer": {"fields": {"id": "key", "email": "email unique personal"}, "rows": "3M"},
    },
    "access": {
        "sing": {"reads": "Hymn", "by": "id", "limit": 1, "rate": "900/s", "roles": "public"},
        "correct": {"writes": "Hymn", "action": "update", "by": "id", "sets": ["verses"], "rate": "20/s", "roles": "staff"},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def hymns():
    return plan(Design.of(LIBRARY))


def write_log(place: Path, requests: int = 3000) -> Path:
    """A log of reads, a hundred a second, of a thousand hymns, the first ones far more often."""
    chance = np.random.default_rng(4)
    asked = np.minimum(chance.zipf(1.3, requests), 1000)
    lines = [
        f'192.0.2.1 - - [25/Nov/2026:{18 + n // 360000:02}:{n // 6000 % 60:02}:{n // 100 % 60:02} +0000] "GET /hymns/{one} HTTP/1.1" 200 {200 + one}'
        for n, one in enumerate(asked.tolist())
    ]
    place.write_text("\n".join(lines) + "\n")
    return place


def test_rows_follow_from_the_design(hymns):
    """Each row is the closed form at its size and lifetime; what is outdated comes with going around alone."""
    found = hymns.cache_tradeoffs()
    rows = found.frame.to_dict("records")
    first = next(one for one in rows if one["policy"] == "lru" and one["write strategy"] == "write-around")
    want = estimate_cache(900, 50_000, first["entries"], 0.9, "lru", first["lifetime"]).hit_ratio
    assert first["hit ratio"] == pytest.approx(100 * want)
    assert first["reads saved"] == pytest.approx(900 * want)
    for one in rows:
        assert (one["outdated answers"] > 0) == (one["write strategy"] == "write-around")
        assert 0 <= one["hit ratio"] <= 100 and one["p99"] > 0
    assert {"lru", "fifo", "most wanted"} == {one["policy"] for one in rows}
    assert "no policy is best everywhere" in found.views[0].description


def test_a_lifetime_over_the_allowed_age_is_marked(hymns):
    """Ten minutes where two are allowed, and writes go around: the oldest answer is marked."""
    table = hymns.cache_tradeoffs("sing").views[0]
    marked = [row for row in table.rows if getattr(row[10], "tone", "") == "warning"]
    assert marked and all(row[4].text == "10 min" and row[5] == "write-around" for row in marked)


def test_a_log_is_replayed(hymns, tmp_path):
    """All ten policies on the log; Belady misses least, and the advice is for this log."""
    found = hymns.cache_tradeoffs("sing", log=write_log(tmp_path / "access.log"))
    rows = [one for one in found.frame.to_dict("records") if not one["lifetime"] > 0]
    assert len({one["policy"] for one in rows}) == 10
    for size in {one["entries"] for one in rows}:
        best = max((one for one in rows if one["entries"] == size), key=lambda one: one["hit ratio"])
        assert best["policy"] == "belady"
    assert "on this log alone" in found.views[0].description
    assert any(mark.label.startswith("the knee of lru") for mark in found.views[1].marks)


def test_the_command(tmp_path):
    """`archnb cache` prints the table, or its rows as JSON."""
    design = tmp_path / "hymns.yaml"
    design.write_text(json.dumps(LIBRARY))
    shown = CliRunner().invoke(main, ["cache", str(design)])
    assert shown.exit_code == 0 and "Caching of sing" in shown.output
    log = write_log(tmp_path / "access.log", 500)
    rows = json.loads(CliRunner().invoke(main, ["cache", str(design), "--log", str(log), "--json"]).output)
    assert {one["policy"] for one in rows} >= {"lru", "sieve", "arc"}


def test_what_makes_no_sense_is_told(hymns, tmp_path):
    """No such pattern, nothing cached, an empty log."""
    with pytest.raises(ArchnbError, match="did you mean 'sing'"):
        hymns.cache_tradeoffs("sings")
    with pytest.raises(ArchnbError, match="correct is not cached in this plan"):
        hymns.cache_tradeoffs("correct")
    (tmp_path / "a.csv").write_text("url,time\n")
    with pytest.raises(InputError, match="it has no requests"):
        hymns.cache_tradeoffs(log=tmp_path / "a.csv")


def test_the_knee():
    """The farthest above the line between the ends; none where nothing grows."""
    assert find_knee([0, 1, 2, 10], [0, 0.5, 0.8, 1.0]) == 2
    assert find_knee([1, 1], [0.3, 0.3]) == 0


def test_the_page_runs():
    """Every example of docs/caching.md gives what it says."""
    page = Path(__file__).parent.parent / "docs" / "caching.md"
    outcome = doctest.testfile(str(page), module_relative=False)
    assert outcome.attempted > 10
    assert outcome.failed == 0
