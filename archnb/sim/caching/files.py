"""Traces in files: CSV, Parquet and the access logs of web servers, read piece by piece, so that ten gigabytes are no trouble.

What is kept of a request is the number of its object, its size and its time, on disk beside other temporary files (up to 20
bytes a request, deleted when the trace is let go of); memory grows with the number of different objects alone, by about 30
bytes each. Objects that are called by texts are known by a 64-bit hash: of ten million objects, two are taken for one in
three of a million traces.
"""

from __future__ import annotations

import contextlib
import datetime
import gzip
import os
import re
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np

from archnb.exceptions import EngineMissing, InputError, Problem, list_names, unknown
from archnb.sim import require
from archnb.sim.caching.traces import MOST_REQUESTS, Numbering, Trace, check_times, mix

if TYPE_CHECKING:
    import pandas

    Piece = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None, np.ndarray[Any, Any] | None]

Format = Literal["csv", "parquet", "log"]
FORMATS: tuple[Format, ...] = ("csv", "parquet", "log")
ROWS = 1 << 18
OBJECT_NAMES = ("object", "key", "id", "obj_id", "object_id", "url", "path", "uri")
SIZE_NAMES = ("size", "bytes", "obj_size", "object_size", "length")
TIME_NAMES = ("time", "timestamp", "ts", "at", "datetime", "date")
# servers write a line when an answer ends, several at once: lines may be so many seconds out of order
LOG_SLACK = 60.0
# host ident user [day/month/year:hour:minute:second zone] "method path protocol" status bytes …
LINE = re.compile(
    rb'\S+ \S+ .*?\[([^\]]{11,40})\] "([A-Z]+) (\S+)[^"]*" (\d{3}) (\d+|-)',
)
READS = (b"GET", b"HEAD")
LOOKED_AT = 1000


def read_trace(
    path: str | os.PathLike[str],
    *,
    format: Format | None = None,
    object: str | None = None,
    size: str | None = None,
    time: str | None = None,
    sample: float = 1.0,
) -> Trace:
    """Read a trace from a file, piece by piece: CSV (.csv, .tsv), Parquet (.parquet), or an access log; .gz too.

    object, size, time: the columns to read; without them the usual names are looked for, and sizes and times may be missing.
    Times are seconds, or dates with times. An access log is in the Common or the Combined Log Format: its object is the path
    with what follows "?", its size the bytes sent, and only answered reads count (GET or HEAD; 200, 203, 206 or 304).
    sample: the share of the objects to read, chosen by a hash (SHARDS); the rest is not kept.

    Raises InputError where there is no such file, column or request, where a value cannot be read, or where time goes back;
    EngineMissing where Parquet needs pyarrow.
    """
    require("sample", sample, 0 < sample <= 1, "a share above 0, up to 1")
    place = Path(path)
    if not place.is_file():
        raise _fault(place, "there is no such file", "give the path of a CSV file, a Parquet file or an access log")
    kind = format or find_format(place)
    require("format", kind, kind in FORMATS, f"one of {', '.join(FORMATS)}")
    wanted = {"object": object, "size": size, "time": time}
    pieces = _read_log(place) if kind == "log" else _read_table(place, kind, wanted)
    with _Spool(has_bodiless=kind == "log") as spool, contextlib.closing(pieces):
        for keys, sizes, times in pieces:
            if sample < 1:
                here = mix(keys) < np.uint64(min(sample * 2.0**64, 2.0**64 - 2048))
                keys, sizes, times = (None if one is None else one[here] for one in (keys, sizes, times))  # type: ignore[assignment]
            try:
                spool.add(keys, sizes, times)
            except ValueError as error:
                raise _fault(place, str(error), "") from None
        if spool.requests == 0:
            raise _fault(place, "it has no requests", "a trace needs at least one")
        return spool.close()


def find_format(place: Path) -> Format:
    """What a file's name says it is; a name that says nothing is an access log's.

    >>> [find_format(Path(name)) for name in ("a.csv.gz", "b.parquet", "access.log.1")]
    ['csv', 'parquet', 'log']
    """
    endings = [one.lower() for one in place.suffixes]
    if ".parquet" in endings or ".pq" in endings:
        return "parquet"
    return "csv" if ".csv" in endings or ".tsv" in endings else "log"


def _fault(place: Path, told: str, next: str) -> InputError:
    return InputError([Problem.of(place.name, told, next)])


class _Spool:
    """What is kept of the requests, on disk while it grows.

    has_bodiless: a size of 0 stands for an answer without a body (304, HEAD), whose object is as large as it is otherwise.
    """

    def __init__(self, *, has_bodiless: bool) -> None:
        self._has_bodiless = has_bodiless
        self._files: dict[str, IO[bytes]] = {}
        self._numbering = Numbering()
        self._last = -np.inf
        self.requests = 0

    def __enter__(self) -> _Spool:
        return self

    def __exit__(self, *_: Any) -> None:
        for file in self._files.values():
            file.close()

    def add(self, keys: Any, sizes: Any, times: Any) -> None:
        if not len(keys):
            return
        require("requests", self.requests + len(keys), self.requests + len(keys) <= MOST_REQUESTS, "fewer; sample them")
        if times is not None:
            check_times(times, self._last, self.requests)
            self._last = float(times[-1])
        if sizes is not None and sizes.min() < 0:
            at = int(np.argmax(sizes < 0))
            raise ValueError(f"the size of request {self.requests + at + 1} is {int(sizes[at])}; sizes are at least 0")
        for name, values, kind in (
            ("ids", self._numbering.number(keys), np.int32), ("sizes", sizes, np.int64), ("times", times, np.float64),
        ):  # fmt: skip
            if values is not None:
                if name not in self._files:
                    self._files[name] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the spool
                self._files[name].write(np.ascontiguousarray(values, kind).tobytes())
        self.requests += len(keys)

    def close(self) -> Trace:
        """The trace; its arrays are files that are there as long as they are."""
        made: dict[str, Any] = {}
        for name, kind in (("ids", np.int32), ("sizes", np.int64), ("times", np.float64)):
            file = self._files.get(name)
            if file is not None:
                if name == "sizes" and self._has_bodiless:
                    self._give_bodies(file, made["ids"])
                file.flush()
                made[name] = np.memmap(file, kind, mode="r", shape=(self.requests,))
        return Trace(made["ids"], self._numbering.keys.copy(), made.get("sizes"), made.get("times"))

    def _give_bodies(self, file: IO[bytes], ids: Any) -> None:
        file.flush()
        sizes = np.memmap(file, np.int64, mode="r+", shape=(self.requests,))
        largest = np.zeros(len(self._numbering.keys), np.int64)
        for start in range(0, self.requests, ROWS):
            np.maximum.at(largest, ids[start : start + ROWS], sizes[start : start + ROWS])
        for start in range(0, self.requests, ROWS):
            part = sizes[start : start + ROWS]
            part[part == 0] = largest[ids[start : start + ROWS]][part == 0]
        sizes.flush()


def hash_texts(texts: Any) -> np.ndarray[Any, Any]:
    """A 64-bit hash of each text; the same text has the same, on every machine."""
    import pandas

    made: np.ndarray[Any, Any] = pandas.util.hash_array(np.asarray(texts, object), categorize=True)
    return made


def _read_table(place: Path, kind: Format, wanted: dict[str, str | None]) -> Generator[Piece, None, None]:
    frames = _read_parquet(place, wanted) if kind == "parquet" else _read_csv(place, wanted)
    start = 0
    for frame, names in frames:
        yield _convert(place, frame, names, start)
        start += len(frame)


def _choose_columns(place: Path, columns: list[str], wanted: dict[str, str | None]) -> dict[str, str]:
    """Which column holds what; the object's must be there, and those that were asked for."""
    names = {}
    for what, usual in (("object", OBJECT_NAMES), ("size", SIZE_NAMES), ("time", TIME_NAMES)):
        asked = wanted[what]
        if asked is not None:
            if asked not in columns:
                raise _fault(place, unknown("column", asked, columns), "")
            names[what] = asked
            continue
        known = {one.strip().lower(): one for one in reversed(columns)}
        found = next((known[one] for one in usual if one in known), None)
        if found is not None:
            names[what] = found
        elif what == "object":
            raise _fault(
                place, f"its columns are {list_names(columns)}, and none is called {list_names(OBJECT_NAMES)}",
                f"say which one names the object that is asked for: object={(columns or ['url'])[0]!r}",
            )  # fmt: skip
    return names


def _read_csv(
    place: Path, wanted: dict[str, str | None]
) -> Generator[tuple[pandas.DataFrame, dict[str, str]], None, None]:
    import pandas

    separator = "\t" if ".tsv" in [one.lower() for one in place.suffixes] else ","
    try:
        head = pandas.read_csv(place, sep=separator, nrows=LOOKED_AT, skipinitialspace=True)
    except pandas.errors.EmptyDataError:
        raise _fault(place, "it is empty", "a trace needs a line of column names and one line a request") from None
    except (pandas.errors.ParserError, UnicodeDecodeError) as error:
        raise _fault(place, f"it is no CSV file: {error}", "") from None
    names = _choose_columns(place, list(head.columns), wanted)
    # what a column holds is decided once, by how it begins, so that no piece is read otherwise than the one before
    kinds: dict[str, Any] = {names["object"]: "int64" if head[names["object"]].dtype.kind in "iu" else str}
    try:
        reader = pandas.read_csv(
            place, sep=separator, usecols=list(names.values()), dtype=kinds, chunksize=ROWS, skipinitialspace=True,
        )  # fmt: skip
        with reader:
            for frame in reader:
                yield frame, names
    except (ValueError, OverflowError) as error:
        raise _fault(place, f"a line cannot be read as the first {LOOKED_AT} are: {error}", "") from None


def _read_parquet(
    place: Path, wanted: dict[str, str | None]
) -> Generator[tuple[pandas.DataFrame, dict[str, str]], None, None]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise EngineMissing.of_extra("A Parquet file is read by", "pyarrow", "parquet") from None
    try:
        file = parquet.ParquetFile(place)
    except ArrowException as error:
        raise _fault(place, f"it is no Parquet file: {error}", "") from None
    with file:
        names = _choose_columns(place, list(file.schema_arrow.names), wanted)
        for batch in file.iter_batches(batch_size=ROWS, columns=list(names.values())):
            yield batch.to_pandas(), names


def _convert(place: Path, frame: pandas.DataFrame, names: dict[str, str], start: int) -> Piece:
    """The numbers of one piece of a table."""
    asked = frame[names["object"]]
    if asked.isna().any():
        raise _fault(place, f"request {start + int(asked.isna().argmax()) + 1} has no {names['object']}", "")
    if asked.dtype.kind in "iu":
        keys = np.ascontiguousarray(asked.to_numpy().astype(np.int64)).view(np.uint64)
    else:
        keys = hash_texts(asked.astype(str).to_numpy())
    sizes = times = None
    if "size" in names:
        sizes = _to_numbers(place, frame[names["size"]], start).astype(np.int64)
    if "time" in names:
        when = frame[names["time"]]
        times = _to_seconds(place, when, start) if when.dtype.kind not in "iuf" else _to_numbers(place, when, start)
    return keys, sizes, times


def _to_numbers(place: Path, values: pandas.Series[Any], start: int) -> np.ndarray[Any, Any]:
    import pandas

    made = pandas.to_numeric(values, errors="coerce").to_numpy(np.float64)
    if not np.isfinite(made).all():
        at = int(np.argmax(~np.isfinite(made)))
        told = f"the {values.name} of request {start + at + 1} is {str(values.iloc[at])!r}, which is no number"
        raise _fault(place, told, "")
    return made


def _to_seconds(place: Path, values: pandas.Series[Any], start: int) -> np.ndarray[Any, Any]:
    import pandas

    made = pandas.to_datetime(values, errors="coerce", utc=True, format="ISO8601")
    if made.isna().any():
        at = int(made.isna().argmax())
        told = f"the {values.name} of request {start + at + 1} is {str(values.iloc[at])!r}, which is no time"
        raise _fault(place, told, "write seconds, or times as 2026-11-25T19:30:00Z")
    since = made - pandas.Timestamp(0, tz="UTC")
    seconds: np.ndarray[Any, Any] = since.dt.total_seconds().to_numpy(np.float64)
    return seconds


def _read_log(place: Path) -> Generator[Piece, None, None]:
    """The reads in an access log; the first lines decide whether it is one."""
    paths: list[bytes] = []
    sizes: list[int] = []
    times: list[float] = []
    last = -np.inf
    looked_at = known = 0
    first: bytes | None = None
    clock: dict[bytes, float] = {}
    opened: Any = gzip.open if place.suffix.lower() == ".gz" else open
    with opened(place, "rb") as file:
        for number, line in enumerate(file, 1):
            found = LINE.match(line)
            if looked_at < LOOKED_AT:
                looked_at += 1
                known += found is not None
                if found is None and first is None and line.strip():
                    first = line[:80]
                if looked_at == LOOKED_AT:
                    _check_log(place, known, first)
            if found is None:
                continue
            moment, method, path, status, sent = found.groups()
            if method not in READS or status not in (b"200", b"203", b"206", b"304"):
                continue
            now = clock.get(moment)
            if now is None:
                if len(clock) > 10_000:
                    clock.clear()
                now = clock[moment] = _read_moment(place, moment, number)
            if now < last:
                if last - now > LOG_SLACK:
                    told = f"line {number} is {last - now:g} s before one that stands above it"
                    raise _fault(place, told, "sort the log by time; those of several servers are merged first")
                now = last
            last = now
            paths.append(path)
            sizes.append(0 if sent == b"-" else int(sent))
            times.append(now)
            if len(paths) == ROWS:
                yield hash_texts([one.decode("utf-8", "replace") for one in paths]), np.array(sizes), np.array(times)
                paths, sizes, times = [], [], []
    if looked_at < LOOKED_AT:
        _check_log(place, known, first)
    if paths:
        yield hash_texts([one.decode("utf-8", "replace") for one in paths]), np.array(sizes), np.array(times)


def _check_log(place: Path, known: int, first: bytes | None) -> None:
    if known == 0 and first is not None:
        raise _fault(
            place, f"no line is of an access log (Common or Combined Log Format); the first is {first.decode('utf-8', 'replace').rstrip()!r}",
            "give format='csv' where it is a table, or a log with lines as: "
            '192.0.2.1 - - [25/Nov/2026:19:30:00 +0000] "GET /books/7 HTTP/1.1" 200 512',
        )  # fmt: skip


def _read_moment(place: Path, moment: bytes, number: int) -> float:
    text = moment.decode("ascii", "replace")
    try:
        return datetime.datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z").timestamp()
    except ValueError:
        told = f"the time of line {number} is {text!r}"
        raise _fault(place, told, "times are written as 25/Nov/2026:19:30:00 +0000") from None
