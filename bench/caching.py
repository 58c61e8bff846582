"""Replays of a cache beside libCacheSim: requests a second of each policy, and the whole curve of LRU beside ten sizes of it.

Ten million requests, Zipf 1.0 over a million objects, room for a tenth of them. Both sides are measured in turn in one run,
as processor time of one thread, the best of several; what is read is the ratio. The trace is numbered once and replayed
often, so numbering has a line of its own. Fewer requests: python bench/caching.py 2000000

Needs the extra `fast`, and libcachesim (GPL: never a dependency) for the ratios: pip install libcachesim==0.3.5
"""

from __future__ import annotations

import importlib.util
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from archnb.sim import caching

OBJECTS, ROOM, REPEATS = 1_000_000, 100_000, 3
# those that libCacheSim has as well, by its names
PEERS = {
    "fifo": "FIFO", "lru": "LRU", "clock": "Clock", "sieve": "Sieve", "lfu": "LFU", "s3-fifo": "S3FIFO", "arc": "ARC",
    "lirs": "LIRS", "w-tinylfu": "WTinyLFU", "belady": "Belady",
}  # fmt: skip


def measure(run: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of one run, and what it gave."""
    start = time.process_time()
    made = run()
    return time.process_time() - start, made


def draw(requests: int) -> np.ndarray:
    """Independent requests, Zipf 1.0."""
    weight = 1 / np.arange(1, OBJECTS + 1)
    drawn = np.searchsorted(np.cumsum(weight) / weight.sum(), np.random.default_rng(1).random(requests))
    return np.minimum(drawn, OBJECTS - 1) + 1


def write(ids: np.ndarray, place: Path) -> None:
    """Write a trace as libCacheSim reads it: 24 bytes a request."""
    records = np.zeros(len(ids), [("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])
    records["id"], records["size"], records["next"] = ids, 1, -1
    order = np.argsort(ids, kind="stable")
    is_same = ids[order][1:] == ids[order][:-1]
    records["next"][order[:-1][is_same]] = order[1:][is_same]
    records.tofile(place)


def main() -> None:
    """Measure and print."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    ids = draw(requests)
    has_peer = importlib.util.find_spec("libcachesim") is not None
    names = ("archnb", "numba", "numpy", *(["libcachesim"] if has_peer else []))
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}; ", end="")
    print(", ".join(f"{name} {version(name)}" for name in names))
    print(
        f"{requests / 1e6:g} M requests, Zipf 1.0 over {OBJECTS:,} objects, room for {ROOM:,}; M requests/s, one thread"
    )
    small = caching.Trace.of(ids[:1000])
    numbering, trace = min((measure(lambda: caching.Trace.of(ids)) for _ in range(2)), key=lambda one: one[0])
    print(f"numbering the objects, once{requests / numbering / 1e6:9.1f}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "trace.oracleGeneral"
        if has_peer:
            write(ids, place)

        def replay_peer(policy: str, room: int) -> float:
            import libcachesim

            kind = libcachesim.TraceType.ORACLE_GENERAL_TRACE
            reader = libcachesim.TraceReader(str(place), kind, libcachesim.ReaderInitParam(ignore_obj_size=True))
            ratio: float = getattr(libcachesim, PEERS[policy])(room).process_trace(reader)[0]
            return ratio

        for policy, peer in PEERS.items():
            caching.replay(small, 10, policy)  # compiled by now
            own, others = [], []
            for _ in range(REPEATS):
                own.append(measure(lambda policy=policy: caching.replay(trace, ROOM, policy).misses))
                if has_peer:
                    others.append(measure(lambda policy=policy: round(replay_peer(policy, ROOM) * requests)))
            best = min(own)[0]
            line = f"{policy:12}{requests / best / 1e6:9.1f}"
            if others:
                other = min(others)[0]
                same = "the same misses" if own[0][1] == others[0][1] else "OTHER MISSES"
                line += f"   {peer:9}{requests / other / 1e6:6.2f}   {other / best:5.1f} times   {same}"
            print(line, flush=True)
        caching.draw_curve(small)
        curve = min(measure(lambda: caching.draw_curve(trace))[0] for _ in range(REPEATS))
        sample = min(measure(lambda: caching.draw_curve(trace, sample=0.1))[0] for _ in range(REPEATS))
        print(f"LRU at every size, exactly {curve:8.2f} s; from a sample of a tenth (SHARDS) {sample:.3f} s")
        if has_peer:
            sizes = [int(one) for one in np.geomspace(1000, OBJECTS, 10)]
            ten = measure(lambda: [replay_peer("lru", size) for size in sizes])[0]
            print(f"LRU at ten sizes, libCacheSim {ten:5.2f} s: {ten / curve:.1f} times")


if __name__ == "__main__":
    main()
