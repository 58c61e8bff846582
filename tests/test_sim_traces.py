"""Traces in files: each format gives the same trace, memory does not grow with the requests, and bad input is told in words."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from archnb.exceptions import EngineMissing, InputError
from archnb.sim import caching

ROWS = [("/a", 100, 0.0), ("/b", 20, 1.5), ("/a", 100, 2.0), ("/c?page=2", 7, 2.0), ("/b", 20, 9.0)]


def write_csv(place: Path, rows: list[tuple[str, int, float]], header: str = "url,bytes,time") -> Path:
    place.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return place


def write_log(place: Path, lines: list[str]) -> Path:
    place.write_text("\n".join(lines) + "\n")
    return place


def log_line(second: int, path: str, sent: str = "100", *, status: int = 200, method: str = "GET") -> str:
    return (
        f"192.0.2.1 - - [25/Nov/2026:19:30:{second:02} +0000] "
        f'"{method} {path} HTTP/1.1" {status} {sent} "-" "a browser"'
    )


def test_a_table_is_read(tmp_path):
    """Columns are found by their usual names; objects are numbered as they first come."""
    trace = caching.read_trace(write_csv(tmp_path / "requests.csv", ROWS))
    assert np.asarray(trace.ids).tolist() == [0, 1, 0, 2, 1]
    assert np.asarray(trace.sizes).tolist() == [100, 20, 100, 7, 20]
    assert np.asarray(trace.times).tolist() == [0.0, 1.5, 2.0, 2.0, 9.0]
    assert trace.duration == 9.0
    assert caching.replay(trace, 120).misses == 4


def test_formats_give_the_same_trace(tmp_path):
    """A compressed table and a Parquet file hold the same objects as the table."""
    plain = caching.read_trace(write_csv(tmp_path / "a.csv", ROWS))
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    assert caching.read_trace(packed).keys.tolist() == plain.keys.tolist()
    parquet = pytest.importorskip("pyarrow.parquet", reason='no pyarrow: pip install "archnb[parquet]"')
    import pyarrow

    columns = dict(zip(("url", "bytes", "time"), map(list, zip(*ROWS, strict=True)), strict=True))
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    read = caching.read_trace(tmp_path / "a.parquet")
    assert read.keys.tolist() == plain.keys.tolist()
    assert np.asarray(read.times).tolist() == np.asarray(plain.times).tolist()


def test_an_access_log_is_read(tmp_path):
    """Answered reads count; an answer without a body has the size that its object has otherwise."""
    lines = [
        log_line(0, "/books/7", "512"), log_line(1, "/books/7", "-", status=304), log_line(1, "/books/8", "40"),
        log_line(2, "/login", "9", method="POST"), log_line(3, "/gone", "9", status=404), "",
        log_line(5, "/books/7", "0", method="HEAD"),
    ]  # fmt: skip
    trace = caching.read_trace(write_log(tmp_path / "access.log", lines))
    assert np.asarray(trace.ids).tolist() == [0, 0, 1, 0]
    assert np.asarray(trace.sizes).tolist() == [512, 512, 40, 512]
    assert trace.duration == 5.0


def test_columns_may_be_named(tmp_path):
    """Any column can be the object; numbers are known by themselves, times may be dates."""
    rows = [("2026-11-25T19:30:00Z", 7, 1), ("2026-11-25T19:30:10Z", 9, 1), ("2026-11-25T19:31:00Z", 7, 1)]
    place = write_csv(tmp_path / "a.csv", rows, "stamp,item,n")  # type: ignore[arg-type]
    trace = caching.read_trace(place, object="item", time="stamp")
    assert trace.keys.tolist() == [7, 9]
    assert trace.duration == 60.0
    assert trace.sizes is None


def test_a_sample_is_taken_while_reading(tmp_path):
    """A sample holds all requests of its objects, and the same objects as a sample of the whole."""
    rows = [(f"/{n % 500}", 1, float(n)) for n in range(2000)]
    place = write_csv(tmp_path / "a.csv", rows)
    part = caching.read_trace(place, sample=0.2)
    assert sorted(part.keys.tolist()) == sorted(caching.read_trace(place).sample(0.2).keys.tolist())
    assert len(part) == 4 * part.objects
    assert 50 < part.objects < 150


def test_memory_does_not_grow_with_the_requests(tmp_path, monkeypatch):
    """Twenty times the requests over the same objects take no more memory while they are read."""
    monkeypatch.setattr(caching.files, "ROWS", 1000)

    def measure(requests: int) -> int:
        place = write_csv(tmp_path / "a.csv", [(f"/{n % 50}", 1, float(n)) for n in range(requests)])
        tracemalloc.start()
        trace = caching.read_trace(place)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(trace) == requests
        return peak

    measure(2000)
    assert measure(40_000) < 1.5 * measure(2000)


@pytest.mark.parametrize(
    ("header", "rows", "told"),
    [
        ("url,bytes,time", [], "requests.csv: it has no requests; a trace needs at least one."),
        ("page,n", [("/a", 1)], "its columns are 'page', 'n', and none is called 'object'"),
        ("url,bytes,time", [("/a", 1, 5.0), ("/b", 1, 4.0)], "request 2 is at 4.0 s, before the one before it (5.0 s)"),
        ("url,bytes,time", [("/a", -1, 5.0)], "the size of request 1 is -1; sizes are at least 0"),
        ("url,bytes,time", [("/a", "big", 5.0)], "the bytes of request 1 is 'big', which is no number"),
        ("url,bytes,time", [("/a", 1, "noon")], "the time of request 1 is 'noon', which is no time"),
        ("url,bytes,time", [("", 1, 5.0)], "request 1 has no url"),
    ],
)
def test_bad_tables_are_told(tmp_path, header, rows, told):
    """What is wrong, where, and what to do."""
    with pytest.raises(InputError) as caught:
        caching.read_trace(write_csv(tmp_path / "requests.csv", rows, header))
    assert told in str(caught.value)


def test_bad_logs_are_told(tmp_path):
    """A file that is none, a log of nothing, a time that is none, and time that goes back."""
    for lines, told in (
        (["just a text"], "no line is of an access log"),
        ([log_line(0, "/a", method="POST")], "it has no requests"),
        ([log_line(0, "/a").replace("Nov", "Now")], "the time of line 1 is '25/Now/2026:19:30:00 +0000'"),
        ([log_line(0, "/a"), log_line(0, "/b").replace("19:30", "18:30")], "line 2 is 3600 s before one"),
    ):
        with pytest.raises(InputError) as caught:
            caching.read_trace(write_log(tmp_path / "access.log", lines))
        assert told in str(caught.value)
    with pytest.raises(InputError, match="there is no such file"):
        caching.read_trace(tmp_path / "none.csv")
    with pytest.raises(InputError, match="column 'uri' is not known; did you mean 'url'"):
        caching.read_trace(write_csv(tmp_path / "a.csv", ROWS), object="uri")


def test_parquet_without_its_library(tmp_path, monkeypatch):
    """The error says which extra brings it."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(EngineMissing, match=r'pip install "archnb\[parquet\]"'):
        caching.read_trace(tmp_path / "a.parquet")
