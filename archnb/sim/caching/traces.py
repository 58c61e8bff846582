"""A trace: which object each request asked for, how large it was, and when. Objects are numbered 0, 1, 2 … as they first come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from archnb.sim import require
from archnb.sim.compiled import loop

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_REQUESTS = 2**31 - 2
# ids below so many times the number of requests are used as they are: their tables are no larger than the trace
DENSE = 2


@dataclass(frozen=True, eq=False)
class Trace:
    """Requests in order. Arrays may lie on disk (`read_trace`): whoever replays reads them once, from start to end.

    ids: the object of each request, 0..objects-1. keys: what each object is called, as an unsigned 64-bit number.
    sizes: bytes of each request's object, or None. times: seconds of each request, never going back, or None.
    """

    ids: NDArray[np.int32]
    keys: NDArray[np.uint64]
    sizes: NDArray[np.int64] | None = None
    times: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, ids: Any, sizes: Any = None, times: Any = None) -> Trace:
        """Make a trace of whole numbers, one a request; sizes and times are as long, where they are given.

        Raises ValueError where there are no requests, a length differs, a size is below 0 or a time goes back.

        >>> Trace.of([7, 9, 7]).ids.tolist()
        [0, 1, 0]
        """
        asked = np.asarray(ids)
        if asked.size == 0:
            return cls(np.zeros(0, np.int32), np.zeros(0, np.uint64), *_check(0, sizes, times))
        require("ids", asked.dtype.str, asked.ndim == 1 and asked.dtype.kind in "iu", "whole numbers, one a request")
        require("ids", len(asked), len(asked) <= MOST_REQUESTS, f"up to {MOST_REQUESTS:,} requests; sample the others")
        numbering = Numbering()
        numbered = numbering.number(asked.astype(np.uint64, copy=False) if asked.dtype.kind == "u" else _unsign(asked))
        return cls(numbered, numbering.keys, *_check(len(asked), sizes, times))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def objects(self) -> int:
        """How many different objects are asked for."""
        return len(self.keys)

    @property
    def duration(self) -> float:
        """Seconds from the first request to the last; 0 where times are not known."""
        return float(self.times[-1] - self.times[0]) if self.times is not None and len(self) else 0.0

    def sample(self, share: float) -> Trace:
        """The requests for that share of the objects, chosen by a hash of their keys (SHARDS; Waldspurger et al., FAST'15).

        >>> len(Trace.of(range(10_000)).sample(0.1)) in range(900, 1100)
        True
        """
        require("share", share, 0 < share <= 1, "a share above 0, up to 1")
        chosen = mix(self.keys) < np.uint64(min(share * 2.0**64, 2.0**64 - 2048))
        here = chosen[self.ids]
        number = np.cumsum(chosen, dtype=np.int64) - 1
        return Trace(
            number[self.ids[here]].astype(np.int32), self.keys[chosen],
            None if self.sizes is None else np.asarray(self.sizes)[here],
            None if self.times is None else np.asarray(self.times)[here],
        )  # fmt: skip


def _unsign(ids: NDArray[Any]) -> NDArray[np.uint64]:
    """Whole numbers as unsigned ones, different ones as different ones."""
    return np.ascontiguousarray(ids, np.int64).view(np.uint64)


def _check(requests: int, sizes: Any, times: Any) -> tuple[NDArray[np.int64] | None, NDArray[np.float64] | None]:
    made = None
    if sizes is not None:
        made = np.asarray(sizes, np.int64)
        require("sizes", len(made), len(made) == requests, f"one size a request, {requests} of them")
        require("sizes", int(made.min(initial=0)), made.min(initial=0) >= 0, "sizes of at least 0")
    when = None
    if times is not None:
        when = np.asarray(times, np.float64)
        require("times", len(when), len(when) == requests, f"one time a request, {requests} of them")
        check_times(when)
    return made, when


def check_times(times: NDArray[np.float64], before: float = -np.inf, start: int = 0) -> None:
    """Raise ValueError where time goes back, with the request; before: the time of the last request before these."""
    steps = np.diff(times, prepend=before)
    if not (steps >= 0).all():
        at = int(np.argmax(~(steps >= 0)))
        last = before if at == 0 else float(times[at - 1])
        raise ValueError(
            f"times: request {start + at + 1} is at {float(times[at])!r} s, before the one before it ({last!r} s); "
            "sort the requests by time, as an access log of several servers has to be"
        )


def mix(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash of unsigned 64-bit numbers in which every bit matters (splitmix64's finalizer; Stafford's mix 13)."""
    made = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    made = (made ^ (made >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return made ^ (made >> np.uint64(31))


@loop
def _number(hashed: Any, asked: Any, table: Any, keys: Any, count: int, numbered: Any) -> int:
    """Give each key its number, with an open table of numbers + 1; the new count. The table and `keys` have room for all."""
    last = len(table) - 1
    for now in range(len(asked)):
        key = asked[now]
        at = hashed[now] & last
        while table[at] != 0 and keys[table[at] - 1] != key:
            at = (at + 1) & last
        if table[at] == 0:
            keys[count] = key
            count += 1
            table[at] = count
        numbered[now] = table[at] - 1
    return count


class Numbering:
    """Numbers objects 0, 1, 2 … as they come, chunk by chunk: 16 to 32 bytes an object, whatever the number of requests."""

    def __init__(self) -> None:
        self._table = np.zeros(1024, np.int32)
        self._keys = np.empty(512, np.uint64)
        self._count = 0

    @property
    def keys(self) -> NDArray[np.uint64]:
        """The keys by number."""
        return self._keys[: self._count]

    def number(self, asked: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The numbers of the keys of one chunk of requests."""
        numbered = np.empty(len(asked), np.int32)
        # chunks keep the table no larger than twice what it may come to hold
        for start in range(0, len(asked), 1 << 18):
            part = asked[start : start + (1 << 18)]
            self._grow(self._count + len(part))
            hashed = (mix(part) >> np.uint64(1)).astype(np.int64)
            self._count = int(
                _number(hashed, part, self._table, self._keys, self._count, numbered[start : start + (1 << 18)])
            )
        return numbered

    def _grow(self, most: int) -> None:
        if most > len(self._keys):
            keys = np.empty(max(most, 2 * len(self._keys)), np.uint64)
            keys[: self._count] = self.keys
            self._keys = keys
        size = len(self._table)
        while size < 2 * most:
            size *= 2
        if size > len(self._table):
            self._table = np.zeros(size, np.int32)
            known = self.keys.copy()
            hashed = (mix(known) >> np.uint64(1)).astype(np.int64)
            _number(hashed, known, self._table, self._keys, 0, np.empty(len(known), np.int32))
